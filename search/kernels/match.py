"""Matching many float64 values against all Möbius images of a constant.

Implementation overview.  The values (each with its own error) are put once into buckets by the leading bits of their
absolute value, so that a bucket is a short interval on the logarithmic scale.  The images |u_i / u_j|, where u runs over the
values |alpha c + beta| of all canonical integer pairs, are never stored: they are streamed past the buckets.  Memory is that
of the values, and a further constant costs one more stream.

A hit is a proposal: |image - value| is within the value's error plus the rounding of the image.
"""

from __future__ import annotations

from math import gcd

import numpy as np
from numba import njit

__all__ = ["Buckets", "image_count", "make_buckets", "match_images", "pairs_up_to"]

_SHIFT = 37
"""Bits of a float64 dropped to get the bucket: 2^15 buckets an octave."""
_LOW_EXPONENT, _HIGH_EXPONENT = 1023 - 20, 1023 + 20
_BASE = _LOW_EXPONENT << (52 - _SHIFT)
_COUNT = ((_HIGH_EXPONENT - _LOW_EXPONENT) << (52 - _SHIFT)) + 2


class Buckets:
    """Values sorted by bucket: ``start[k]`` is where bucket k begins in ``value``, ``error`` and ``origin``."""

    def __init__(
        self, start: np.ndarray, value: np.ndarray, error: np.ndarray, origin: np.ndarray, widest: float
    ) -> None:
        self.start, self.value, self.error, self.origin, self.widest = start, value, error, origin, widest


@njit(cache=True, error_model="numpy")
def _bucket(bits):  # type: ignore[no-untyped-def]
    k = (bits >> _SHIFT) - _BASE
    return min(max(k, 0), _COUNT - 2)


@njit(cache=True, error_model="numpy")
def _fill(absolute, bits, errors, start, value, error, origin):  # type: ignore[no-untyped-def]
    for b in bits:
        start[_bucket(b) + 2] += 1
    for k in range(1, start.shape[0]):
        start[k] += start[k - 1]
    widest = 0.0
    for i in range(absolute.shape[0]):
        place = start[_bucket(bits[i]) + 1]
        start[_bucket(bits[i]) + 1] += 1
        value[place] = absolute[i]
        error[place] = errors[i]
        origin[place] = i
        widest = max(widest, errors[i] / absolute[i])
    # |value - image| <= w value means that value lies within w/(1 - w) image of the image.
    return widest / (1.0 - widest) if widest < 1.0 else np.inf


def make_buckets(values: np.ndarray, errors: np.ndarray) -> Buckets:
    """Buckets over |values|; ``errors`` are absolute."""
    absolute = np.abs(values)
    count = len(values)
    start = np.zeros(_COUNT + 1, np.int32)
    value, error = np.empty(count), np.empty(count, np.float32)
    origin = np.empty(count, np.int32)
    widest = _fill(absolute, absolute.view(np.int64), errors, start, value, error, origin)
    return Buckets(start, value, error, origin, float(widest))


def pairs_up_to(bound: int) -> np.ndarray:
    """Integer pairs (x, y) != 0 with |x|, |y| <= bound and first nonzero entry positive, shape (m, 2).

    There are ((2 bound + 1)^2 - 1)/2 of them.
    """
    span = np.arange(-bound, bound + 1, dtype=np.int64)
    x, y = np.meshgrid(np.arange(0, bound + 1, dtype=np.int64), span, indexing="ij")
    pairs = np.stack([x.ravel(), y.ravel()], axis=1)
    return pairs[(pairs[:, 0] > 0) | (pairs[:, 1] > 0)]


def image_count(bound: int) -> int:
    """An upper bound for the number of distinct |(alpha c + beta)/(gamma c + delta)| with coefficients <= bound."""
    return (((2 * bound + 1) ** 2 - 1) // 2) ** 2


@njit(cache=True, error_model="numpy", nogil=True)
def _stream(u, blur, contents, pairs, start, value, error, widest, hits):  # type: ignore[no-untyped-def]
    found = 0
    one = np.empty(1)
    as_bits = one.view(np.int64)
    m = u.shape[0]
    for j in range(m):
        inverse = 1.0 / u[j]
        for i in range(m):
            image = u[i] * inverse
            reach = image * (widest + blur[i] + blur[j])
            one[0] = image - reach
            k = _bucket(as_bits[0])
            one[0] = image + reach
            stop = start[_bucket(as_bits[0]) + 1]
            place = start[k]
            if place == stop:
                continue
            for t in range(place, stop):
                if abs(value[t] - image) <= error[t] + image * (blur[i] + blur[j]):
                    if contents[i] > 1 and contents[j] > 1:
                        x, y = contents[i], contents[j]
                        while y:
                            x, y = y, x % y
                        if x > 1:
                            continue
                    if pairs[i, 0] * pairs[j, 1] == pairs[i, 1] * pairs[j, 0]:
                        continue
                    if found < hits.shape[0]:
                        hits[found, 0] = t
                        hits[found, 1] = i
                        hits[found, 2] = j
                    found += 1
    return found


def match_images(buckets: Buckets, pairs: np.ndarray, images: np.ndarray, blurs: np.ndarray) -> np.ndarray:
    """Hits as rows (index of the value, pair of the numerator, pair of the denominator).

    ``images``: |x c + y| as float64 for every pair, correctly rounded; ``blurs`` their relative errors.  Pairs with a
    common factor or proportional rows are left out.
    """
    contents = np.array([gcd(int(x), int(y)) for x, y in pairs], np.int64)
    hits = np.empty((4096, 3), np.int64)
    while True:
        found = _stream(
            images, blurs, contents, pairs, buckets.start, buckets.value, buckets.error, buckets.widest, hits
        )
        if found <= len(hits):
            break
        hits = np.empty((found, 3), np.int64)
    hits = hits[:found]
    hits[:, 0] = buckets.origin[hits[:, 0]]
    return hits
