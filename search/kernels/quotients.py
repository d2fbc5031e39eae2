"""Partial quotients of Möbius images of a constant, exactly, from the regular continued fraction of the constant.

Implementation overview (Gosper's algorithm, HAKMEM item 101, with signs).  Let c = [t_0; t_1, t_2, ...] with quotients that are
certain.  The image x = (alpha c + beta)/(gamma c + delta) is held as (a t + b)/(k t + d) for the unread tail t > 1, so x lies
strictly between (a + b)/(k + d) and a/k as soon as k and k + d have the same sign.  When both ends give the same floor, the
next quotient is certain: the floor if the sign is +, the floor plus 1 if it is - (x is irrational, so its ceiling).  Otherwise
another quotient of c is read.  The determinant never changes, so all numbers stay within a few words; the compiled code
works in 64 bits and gives up, long before they could overflow, for the Python integers of :func:`image_quotients`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

__all__ = ["as_array", "extract", "image_quotients"]


@njit(cache=True, error_model="numpy")
def extract(terms, a, b, k, d, signs, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with quotients of (a c + b)/(k c + d) and return how many are certain; -1 if 64 bits are too few.

    ``terms``: quotients t_0, t_1, ... of c (int64); ``signs``: one period of +1/-1; the image must be positive.
    """
    period = signs.shape[0]
    count = 0
    read = 0
    limit = 1 << 61
    while count < out.shape[0]:
        e = k + d
        certain = read > 0 and ((k > 0 and e > 0) or (k < 0 and e < 0))
        if certain:
            # floor of both ends; the interval is open, so an upper end that is an integer belongs to the floor below.
            f, g = a // k, (a + b) // e
            low = min(f, g)
            if f > g:
                certain = a <= (low + 1) * k if k > 0 else a >= (low + 1) * k
            elif g > f:
                certain = a + b <= (low + 1) * e if e > 0 else a + b >= (low + 1) * e
        if certain:
            if signs[count % period] > 0:
                out[count] = low
                a, b, k, d = k, d, a - low * k, b - low * d
            else:
                out[count] = low + 1
                a, b, k, d = k, d, (low + 1) * k - a, (low + 1) * d - b
            count += 1
            continue
        if read == terms.shape[0]:
            break
        t = terms[read]
        size = max(max(abs(a), abs(b)), max(abs(k), abs(d)))
        if size > limit // (abs(t) + 2):
            return -1
        a, b = a * t + b, a
        k, d = k * t + d, k
        read += 1
    return count


def image_quotients(
    terms: Sequence[int], matrix: tuple[int, int, int, int], signs: Sequence[int], length: int
) -> list[int]:
    """The same in Python integers of any size: at most ``length`` certain quotients of the image.

    >>> image_quotients([2, 1, 2, 1, 1, 4, 1, 1, 6, 1, 1, 8], (1, 1, 1, -1), [1], 4)
    [2, 6, 10, 14]
    """
    a, b, k, d = matrix
    out: list[int] = []
    stream = iter(terms)
    fresh = True
    while len(out) < length:
        e = k + d
        if not fresh and k * e > 0:
            low = min(a // k, (a + b) // e)
            if a * k <= (low + 1) * k * k and (a + b) * e <= (low + 1) * e * e:
                if signs[len(out) % len(signs)] > 0:
                    out.append(low)
                    a, b, k, d = k, d, a - low * k, b - low * d
                else:
                    out.append(low + 1)
                    a, b, k, d = k, d, (low + 1) * k - a, (low + 1) * d - b
                continue
        t = next(stream, None)
        if t is None:
            break
        fresh = False
        a, b, k, d = a * t + b, a, k * t + d, k
    return out


def as_array(terms: Sequence[int]) -> np.ndarray:
    """The leading quotients that fit 40 bits, as int64."""
    kept = []
    for t in terms:
        if abs(t) >= 1 << 40:
            break
        kept.append(t)
    return np.array(kept, np.int64)
