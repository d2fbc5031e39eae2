"""Fast tests in 64-bit integers for the members of a sieve that pass for trivial reasons, or not at all.

A member that they drop is dropped rightly; what they leave in doubt (numbers too large for 64 bits, factors of higher degree)
goes to the exact tests of :mod:`constants_lab.triviality`.  Coefficient rows are int64, highest degree first.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from constants_lab.search.kernels.nilpotence import stripped

__all__ = ["diverges", "ended_or_inflated", "inflated", "integer_root", "rational_roots"]

_ROOT_SCAN = 1000
_SAFE = 2.0**62


@njit(cache=True)
def _homogeneous(row, x, u):  # type: ignore[no-untyped-def]
    """row(x / u) u^degree, and whether it (and every step) surely fits in 64 bits."""
    size = 0.0
    value = 0
    power = 1
    bound = 1.0
    for c in row:
        value = value * x + c * power
        size = size * abs(x) + abs(c) * bound
        power *= u
        bound *= abs(u)
    return value, size < _SAFE and bound < _SAFE


@njit(cache=True)
def integer_root(row, sign):  # type: ignore[no-untyped-def]
    """Whether sign * n is surely a root for some n from 1 to 1000."""
    largest = 0
    for j in range(1, len(row)):
        largest = max(largest, abs(row[j]))
    # Cauchy's bound on the roots.
    last = min(_ROOT_SCAN, largest // max(abs(row[0]), 1) + 1)
    if max(largest, abs(row[0])) * len(row) * float(last) ** (len(row) - 1) > _SAFE:
        return False
    for n in range(1, last + 1):
        x = sign * n
        value = np.int64(row[0])
        for j in range(1, len(row)):
            value = value * x + row[j]
        if value == 0:
            return True
    return False


@njit(cache=True)
def rational_roots(row, numerators, denominators):  # type: ignore[no-untyped-def]
    """Writes the rational roots numerator/denominator with small parts (lowest terms, denominator > 0); gives their number.

    Numerators and denominators up to 1000 are found where all numbers fit in 64 bits.
    """
    count = 0
    low = len(row) - 1
    while low > 0 and row[low] == 0:
        low -= 1
    if low < len(row) - 1:
        numerators[count], denominators[count] = 0, 1
        count += 1
    for u in range(1, min(abs(row[0]), _ROOT_SCAN) + 1):
        if row[0] % u:
            continue
        for v in range(1, min(abs(row[low]), _ROOT_SCAN) + 1):
            if row[low] % v:
                continue
            x, y = u, v
            while y:
                x, y = y, x % y
            if x > 1:
                continue
            for sign in (1, -1):
                value, safe = _homogeneous(row, sign * v, u)
                if value == 0 and safe and count < len(numerators):
                    numerators[count], denominators[count] = sign * v, u
                    count += 1
    return count


@njit(cache=True)
def inflated(a, b, numerators, denominators, count):  # type: ignore[no-untyped-def]
    """Whether some c with c | a and c(n) c(n-1) | b is surely there: a linear one, or for deg b = 2 deg a the whole of a.

    The rational roots of a are given.  A root r of c makes r and r + 1 roots of b.
    """
    for k in range(count):
        x, u = numerators[k], denominators[k]
        value, safe = _homogeneous(b, x, u)
        if value == 0 and safe:
            value, safe = _homogeneous(b, x + u, u)
            if value == 0 and safe:
                return True
    d = len(a) - 1
    if d >= 1 and len(b) == 2 * d + 1:
        return _proportional(a, b)
    return False


@njit(cache=True)
def _proportional(a, b):  # type: ignore[no-untyped-def]
    """Whether b is a constant times a(n) a(n-1), decided where all numbers are small."""
    d = len(a) - 1
    largest = 0
    for c in a:
        largest = max(largest, abs(c))
    for c in b:
        largest = max(largest, abs(c))
    if largest > 2000 or d > 4:
        return False
    before = a.copy()
    for i in range(d):
        for j in range(1, d + 1 - i):
            before[j] -= before[j - 1]
    for k in range(2 * d + 1):
        product = 0
        for i in range(max(0, k - d), min(k, d) + 1):
            product += a[i] * before[k - i]
        if product * b[0] != b[k] * a[0] * a[0]:
            return False
    return True


@njit(cache=True)
def diverges(lead_a, lead_b, degree_a, degree_b):  # type: ignore[no-untyped-def]
    """Whether theory says from the leading terms alone that the fraction diverges (leading coefficients below 2^30)."""
    if degree_b < 2 * degree_a:
        return False
    if degree_b == 2 * degree_a:
        return lead_a * lead_a + 4 * lead_b < 0
    return lead_b < 0 or degree_b > 2 * degree_a + 2


@njit(cache=True)
def ended_or_inflated(a_rows, b_rows, rows):  # type: ignore[no-untyped-def]
    """For each of the numbered pairs: 1 if b has a positive integer root, 2 divergent, 3 inflated, 0 if none is seen."""
    out = np.zeros(len(rows), np.uint8)
    numerators = np.empty(32, np.int64)
    denominators = np.empty(32, np.int64)
    for k in range(len(rows)):
        a, b = stripped(a_rows[rows[k]]), stripped(b_rows[rows[k]])
        if integer_root(b, 1):
            out[k] = 1
        elif max(abs(a[0]), abs(b[0])) < 1 << 30 and diverges(a[0], b[0], len(a) - 1, len(b) - 1):
            out[k] = 2
        elif inflated(a, b, numerators, denominators, rational_roots(a, numerators, denominators)):
            out[k] = 3
    return out
