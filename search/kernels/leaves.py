"""Exact products of a few dozen step matrices in multi-word integers, and error series in float64.

:func:`leaf_products` does the leaves of a product tree: M(n) = [[0, b(n)], [1, a(n)]] multiplied up in words of 30 bits, where
FLINT would spend its time on a thousand small objects.  :func:`error_series` sums what is missing at a convergent.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["MAX_ENTRY_BITS", "error_series", "leaf_products", "log_product"]

_WORD = 30
MAX_ENTRY_BITS = 29
"""|a(n)| and |b(n)| must be below 2^29 for every step, so that a product gains less than one word at every step."""


@njit(cache=True)
def _at(p, n):  # type: ignore[no-untyped-def]
    total = np.int64(0)
    for c in p:
        total = total * n + c
    return total


@njit(cache=True)
def _step(x, w, length, a, b, out):  # type: ignore[no-untyped-def]
    """out = x a + w b for numbers of ``length`` words, the last of them signed; gives the length of the result."""
    mask = (np.int64(1) << _WORD) - 1
    carry = np.int64(0)
    for i in range(length):
        carry += x[i] * a + w[i] * b
        out[i] = carry & mask
        carry >>= _WORD
    # The last word keeps the sign.
    out[length] = carry
    return length + 1


@njit(cache=True)
def leaf_products(a, b, start, leaf, count):  # type: ignore[no-untyped-def]
    """Products of ``leaf`` matrices each, from M(start) on: ``count`` x 4 signed integers of the bytes of int64 words.

    ``a`` and ``b`` are int64 coefficients, highest degree first, with values of at most :data:`MAX_ENTRY_BITS` bits at all
    steps.  The result has shape (count, 4, words), little endian two's complement, in the order w, x, y, z of
    [[w, x], [y, z]].
    """
    length = leaf + 2
    words = (length * _WORD) // 64 + 2
    result = np.zeros((count, 4, words), np.int64)
    rows = np.zeros((2, 3, length + 1), np.int64)
    for position in range(count):
        rows[:] = 0
        rows[0, 0, 0] = 1
        rows[1, 1, 0] = 1
        old, new, free = 0, 1, 2
        used = 1
        for k in range(leaf):
            n = start + position * leaf + k
            value_a, value_b = _at(a, n), _at(b, n)
            for row in range(2):
                _step(rows[row, new], rows[row, old], used, value_a, value_b, rows[row, free])
                # The column that stays behind must have the same number of words.
                top = rows[row, new, used - 1]
                rows[row, new, used] = top >> _WORD
                rows[row, new, used - 1] = top & ((np.int64(1) << _WORD) - 1)
            used += 1
            old, new, free = new, free, old
        for row in range(2):
            _pack(rows[row, old], used, result[position, 2 * row])
            _pack(rows[row, new], used, result[position, 2 * row + 1])
    return result


@njit(cache=True)
def _pack(limbs, used, out):  # type: ignore[no-untyped-def]
    """Words of 30 bits, the last signed, as 64-bit words in two's complement."""
    words = len(out)
    sign = np.int64(-1) if limbs[used - 1] < 0 else np.int64(0)
    place, shift = 0, 0
    current = np.uint64(0)
    for i in range(used + 8):
        limb = limbs[i] if i < used else sign
        # Sign bits beyond the last word are those of its two's complement.
        piece = np.uint64(limb & ((np.int64(1) << _WORD) - 1))
        current |= piece << np.uint64(shift)
        shift += _WORD
        if shift >= 64:
            if place < words:
                out[place] = np.int64(current)
            place += 1
            shift -= 64
            current = piece >> np.uint64(_WORD - shift)
        if place >= words:
            break
    while place < words:
        out[place] = sign
        place += 1


@njit(cache=True)
def log_product(b, stop):  # type: ignore[no-untyped-def]
    """Sum of ln|b(n)| for n = 1 ... stop (float64, relative error about 1e-14)."""
    total = 0.0
    for n in range(1, stop + 1):
        total += math.log(abs(float(_at(b, n))))
    return total


@njit(cache=True)
def _value(p, x):  # type: ignore[no-untyped-def]
    total = 0.0
    for c in p:
        total = total * x + c
    return total


@njit(cache=True)
def error_series(a, b, n, ratio, limit):  # type: ignore[no-untyped-def]
    """(S, B, state): what is missing at the n-th convergent, in units of its next step (float64).

    With D(k) = p(k+1)/q(k+1) - p(k)/q(k), S = (value - p(n)/q(n)) / D(n) and B the same with p(2n)/q(2n) for the value, summed
    from D(k)/D(k-1) = -b(k+1) / (u(k+1) u(k)), u(k) = q(k)/q(k-1); ``ratio`` is u(n+1).  ``state`` is 1 when S has
    settled to about 1e-13 within ``limit`` terms, else 0, and -1 when a denominator vanished.
    """
    total, blind, term = 1.0, 1.0, 1.0
    u = ratio
    settled = False
    for k in range(n + 1, n + 1 + limit):
        x = float(k + 1)
        partial, numerator = _value(a, x), _value(b, x)
        if u == 0.0:
            return total, blind, -1
        following = partial + numerator / u
        if following == 0.0 or not math.isfinite(following):
            return total, blind, -1
        quotient = -numerator / (following * u)
        term *= quotient
        total += term
        if k < 2 * n:
            blind += term
        u = following
        size = abs(quotient)
        settled = size < 1.0 and abs(term) * size <= 1e-14 * abs(total) * (1.0 - size)
        if settled and k >= 2 * n - 1:
            break
        if abs(term) < 1e-300:
            settled = True
            break
    return total, blind, 1 if settled else 0
