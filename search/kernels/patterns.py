"""Finding the pattern in a sequence of partial quotients (proposals; recovery and verification decide).

Two detectors, both compiled:

* :func:`quasi_polynomial`: is the sequence, after a prefix, k interlaced polynomials of degree <= d?  That is, does
  (E^k - 1)^(d+1) annihilate it (E the shift)?  Exact in 64-bit integers; a wrong (k, d) fails after one or two terms.
* :func:`linear_complexity`: Berlekamp-Massey modulo the prime 2^31 - 1 (Massey, IEEE Trans. Inf. Theory 15, 1969).  For an
  infinite sequence of integers with an integer recurrence the complexity modulo p is at most the true one (Fatou's lemma); of
  finitely many terms it may be either, so it only decides whether the exact recovery is tried.

The first is the special case of the second whose characteristic polynomial is (x^k - 1)^(d+1).  A C-finite sequence of integers
that grows at most polynomially is of this kind (its characteristic roots are algebraic integers of absolute value <= 1, so
roots of unity by Kronecker's theorem, if the recurrence is minimal over Z: Fatou's lemma); only sequences that grow
exponentially need the second, which is hundreds of times slower.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["PRIME", "collapse_runs", "linear_complexity", "quasi_polynomial", "recurrence_modulo"]

PRIME = 2**31 - 1


@njit(cache=True, error_model="numpy")
def _power(base, exponent, p):  # type: ignore[no-untyped-def]
    result = np.int64(1)
    while exponent:
        if exponent & 1:
            result = result * base % p
        base = base * base % p
        exponent >>= 1
    return result


@njit(cache=True, error_model="numpy")
def _berlekamp_massey(s, p, connection, best, spare):  # type: ignore[no-untyped-def]
    """Shortest linear recurrence of ``s`` modulo p; ``connection`` is filled with 1, c_1, ..., c_L."""
    n = s.shape[0]
    connection[:] = 0
    best[:] = 0
    connection[0] = 1
    best[0] = 1
    length, last_change, inverse = 0, 1, np.int64(1)
    for i in range(n):
        discrepancy = np.int64(0)
        for j in range(length + 1):
            discrepancy = (discrepancy + connection[j] * s[i - j]) % p
        if discrepancy == 0:
            last_change += 1
            continue
        factor = discrepancy * inverse % p
        if 2 * length <= i:
            spare[:] = connection
            for j in range(n - last_change + 1):
                if best[j]:
                    connection[j + last_change] = (connection[j + last_change] - factor * best[j]) % p
            length = i + 1 - length
            best[:] = spare
            inverse = _power(discrepancy, p - 2, p)
            last_change = 1
        else:
            for j in range(n - last_change + 1):
                if best[j]:
                    connection[j + last_change] = (connection[j + last_change] - factor * best[j]) % p
            last_change += 1
    return length


def recurrence_modulo(sequence: np.ndarray, p: int = PRIME) -> np.ndarray:
    """Coefficients c_1, ..., c_L of the shortest s_i = -(c_1 s_(i-1) + ... + c_L s_(i-L)) modulo the prime p < 2^31."""
    reduced = np.ascontiguousarray(sequence % p, dtype=np.int64)
    size = len(reduced) + 2
    connection, best, spare = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    length = _berlekamp_massey(reduced, p, connection, best, spare)
    return connection[1 : length + 1].copy()


def linear_complexity(sequence: np.ndarray, p: int = PRIME) -> int:
    """Length of the shortest linear recurrence of an int64 sequence modulo p.

    >>> linear_complexity(np.array([1, 1, 2, 3, 5, 8, 13, 21, 34, 55]))
    2
    """
    return len(recurrence_modulo(sequence, p))


@njit(cache=True, error_model="numpy")
def _annihilates(s, i, k, order):  # type: ignore[no-untyped-def]
    """Whether the order-th difference with step k, ending at s[i], is zero."""
    total = np.int64(0)
    binomial = np.int64(1)
    for j in range(order + 1):
        total += binomial * s[i - j * k]
        binomial = -binomial * (order - j) // (j + 1)
    return total == 0


@njit(cache=True, error_model="numpy")
def quasi_polynomial(s, max_degree, surplus):  # type: ignore[no-untyped-def]
    """(k, d, start): the least complexity k (d + 1) for which s[start:] is k interlaced polynomials of degree <= d.

    ``start`` is the least such start, in the first quarter (a sequence that merely ends in a long run is no pattern).  At
    least ``surplus`` terms, and a third of those from ``start`` on, must be predicted by those before them.  (0, 0, 0) when
    there is no such pattern.
    """
    n = s.shape[0]
    most = n - surplus
    for complexity in range(1, most + 1):
        for degree in range(max_degree + 1):
            if complexity % (degree + 1):
                continue
            k = complexity // (degree + 1)
            order = degree + 1
            i = n - 1
            while i >= complexity and _annihilates(s, i, k, order):
                i -= 1
            predicted = n - 1 - i
            if predicted < surplus:
                continue
            start = i + 1 - complexity
            if 4 * start <= n and 3 * predicted >= n - start:
                return k, degree, start
    return 0, 0, 0


@njit(cache=True, error_model="numpy")
def collapse_runs(s, value, out):  # type: ignore[no-untyped-def]
    """Write pairs (element, how many ``value`` follow it) for the elements of ``s`` other than ``value``.

    Returns (length written, how many ``value`` come first).  The last run is unfinished and its pair is left out.
    """
    n = s.shape[0]
    i = 0
    while i < n and s[i] == value:
        i += 1
    first = i
    written = 0
    while i < n:
        element = s[i]
        j = i + 1
        while j < n and s[j] == value:
            j += 1
        if j == n:
            break
        out[written] = element
        out[written + 1] = j - i - 1
        written += 2
        i = j
    return written, first
