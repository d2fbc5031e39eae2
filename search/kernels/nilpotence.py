"""Nilpotence modulo primes: the arithmetic test behind the sieve, one continued fraction after the other.

With M(n) = [[0, b(n)], [1, a(n)]] the product M(1) ... M(p) modulo p decides how the denominators of the convergents grow:
where it is nilpotent (trace and determinant 0) for every prime, they lose a factorial (the p-curvature of a G-operator is
nilpotent: Chudnovsky and Chudnovsky, "Applications of Padé approximations to the Grothendieck conjecture", 1985; heuristic in
this use).

The determinant is 0 when b has a root r modulo p.  Then M(r) has rank one and, the trace being cyclic, the product is nilpotent
when the row (1, a(r)) M(r+1) ... M(r+p-1) ends in 0: p - 1 steps of a three-term recurrence on small integers.

Coefficient rows are int64, highest degree first.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

__all__ = [
    "NO_ROOT",
    "PRIMES",
    "TABLE_LIMIT",
    "first_failure",
    "nilpotent_members",
    "nilpotent_share",
    "nilpotent_values",
    "residue_index",
    "root_table",
    "stripped",
    "value_table",
    "values_modulo",
]

PRIMES = (11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)
"""The primes of the test.  One that divides a leading coefficient says nothing and is passed over."""

NO_ROOT = 255
TABLE_LIMIT = 2_500_000
"""Residue classes of one polynomial whose values are tabulated."""

_LARGEST = PRIMES[-1]
_PRIME_ROW = np.array(PRIMES, dtype=np.int64)
_SHIFT = 40


@njit(cache=True, inline="always")
def _reduced(x, p, inverse):  # type: ignore[no-untyped-def]
    """x mod p for 0 <= x < 2^26, with inverse = ceil(2^40 / p)."""
    return x - ((x * inverse) >> _SHIFT) * p


@njit(cache=True)
def _inverse(p):  # type: ignore[no-untyped-def]
    return ((1 << _SHIFT) + p - 1) // p


@njit(cache=True)
def residue_index(row, p):  # type: ignore[no-untyped-def]
    """The residue class of a coefficient row, its digits to the base p read as one number."""
    index = 0
    for c in row:
        index = index * p + c % p
    return index


@njit(cache=True)
def values_modulo(row, p, out):  # type: ignore[no-untyped-def]
    """Writes the values at n = 0 .. p-1 modulo p into ``out``, and the first root (or NO_ROOT) into out[p]."""
    inverse = _inverse(p)
    # The values build up in place, one coefficient after the other, so that each is reduced only once.
    first = row[0] % p
    for n in range(p):
        out[n] = first
    for j in range(1, len(row)):
        c = row[j] % p
        for n in range(p):
            out[n] = _reduced(np.int64(out[n]) * n + c, p, inverse)
    out[p] = NO_ROOT
    for n in range(p):
        if out[n] == 0:
            out[p] = n
            break


@njit(cache=True)
def value_table(p, degree):  # type: ignore[no-untyped-def]
    """The row of :func:`values_modulo` of every residue class of polynomials of that degree, shape (p^(degree+1), p + 1)."""
    size = p ** (degree + 1)
    out = np.empty((size, p + 1), np.uint8)
    row = np.zeros(degree + 1, np.int64)
    for index in range(size):
        values_modulo(row, p, out[index])
        position = degree
        while position >= 0:
            row[position] += 1
            if row[position] < p:
                break
            row[position] = 0
            position -= 1
    return out


@njit(cache=True, inline="always")
def _trace_vanishes(values_a, from_a, values_b, from_b, root, p, inverse):  # type: ignore[no-untyped-def]
    """The test from values a(n), b(n) modulo p at n = 0 .. p-1, which begin at from_a and from_b of flat arrays."""
    # A step multiplies the entries by 2 p at most; they are reduced before they can pass 2^26.
    steps = 4 if p <= 13 else 2
    x = np.int64(1)
    y = np.int64(values_a[from_a + root])
    n = root
    since = 0
    for _ in range(p - 1):
        n += 1
        n -= p * (n == p)
        x, y = y, x * values_b[np.uint64(from_b + n)] + y * values_a[np.uint64(from_a + n)]
        since += 1
        if since == steps:
            since = 0
            x = _reduced(x, p, inverse)
            y = _reduced(y, p, inverse)
    return _reduced(y, p, inverse) == 0


@njit(cache=True)
def nilpotent_values(values_a, values_b, root, p):  # type: ignore[no-untyped-def]
    """Whether the product is nilpotent, from values a(n), b(n) modulo p at n = 0 .. p-1 and a root of b."""
    return _trace_vanishes(values_a, 0, values_b, 0, root, p, _inverse(p))


@njit(cache=True)
def stripped(row):  # type: ignore[no-untyped-def]
    """The row without leading zeros; empty for the zero polynomial."""
    first = 0
    while first < len(row) and row[first] == 0:
        first += 1
    return row[first:]


@njit(cache=True)
def first_failure(a, b, primes):  # type: ignore[no-untyped-def]
    """The first prime at which the test fails, or 0; primes that divide a leading coefficient are passed over.

    Rows may begin with zeros but must not be zero.
    """
    a, b = stripped(a), stripped(b)
    values_a = np.empty(_LARGEST + 1, np.uint8)
    values_b = np.empty(_LARGEST + 1, np.uint8)
    for p in primes:
        if a[0] % p == 0 or b[0] % p == 0:
            continue
        values_modulo(b, p, values_b)
        if values_b[p] == NO_ROOT:
            return p
        values_modulo(a, p, values_a)
        if not nilpotent_values(values_a, values_b, values_b[p], p):
            return p
    return 0


@njit(cache=True)
def _passed(a, b, primes):  # type: ignore[no-untyped-def]
    """How many primes pass the test, and how many count; rows without leading zeros."""
    values_a = np.empty(_LARGEST + 1, np.uint8)
    values_b = np.empty(_LARGEST + 1, np.uint8)
    passed, counting = 0, 0
    for p in primes:
        if a[0] % p == 0 or b[0] % p == 0:
            continue
        counting += 1
        values_modulo(b, p, values_b)
        if values_b[p] == NO_ROOT:
            continue
        values_modulo(a, p, values_a)
        if nilpotent_values(values_a, values_b, values_b[p], p):
            passed += 1
    return passed, counting


def nilpotent_share(a: np.ndarray, b: np.ndarray) -> float | None:
    """The fraction of the primes that count at which the product is nilpotent; None if none counts.

    As :func:`constants_lab.reduction.nilpotent_fraction`, from coefficient rows.
    """
    passed, counting = _passed(stripped(a), stripped(b), _PRIME_ROW)
    return passed / counting if counting else None


@njit(cache=True, inline="always")
def _class(rows, i, p, residues, limit):  # type: ignore[no-untyped-def]
    """The residue class of row i, from the residues of small coefficients c at c + limit."""
    index = np.uint64(0)
    for j in range(rows.shape[1]):
        # Unsigned, or every access would first be looked at for a negative index.
        index = index * np.uint64(p) + residues[np.uint64(rows[i, j] + limit)]
    return index


@njit(cache=True)
def _tabulated(a, b, p, table_a, table_b, residues, limit, rows):  # type: ignore[no-untyped-def]
    """Moves the numbers of the pairs that pass at p to the front of ``rows`` and gives how many they are.

    ``residues``: c modulo p at c + limit, since a division would cost more than all else here.
    """
    inverse = _inverse(p)
    width = np.uint64(p + 1)
    left = 0
    for i in rows:
        from_a = _class(a, i, p, residues, limit) * width
        from_b = _class(b, i, p, residues, limit) * width
        root = table_b[from_b + np.uint64(p)]
        passes = residues[a[i, 0] + limit] == 0 or residues[b[i, 0] + limit] == 0
        if not passes and root != NO_ROOT:
            passes = _trace_vanishes(table_a, np.int64(from_a), table_b, np.int64(from_b), root, p, inverse)
        # Written in any case: a jump that cannot be foreseen costs more.
        rows[left] = i
        left += passes
    return left


@njit(cache=True)
def _rooted(a, b, p, roots, residues, limit, rows):  # type: ignore[no-untyped-def]
    """As :func:`_tabulated`, for the determinant alone: ``roots`` of each residue class of b."""
    left = 0
    for i in rows:
        rows[left] = i
        left += (
            (roots[_class(b, i, p, residues, limit)] != NO_ROOT)
            | (residues[a[i, 0] + limit] == 0)
            | (residues[b[i, 0] + limit] == 0)
        )
    return left


@njit(cache=True)
def _nonzero(a, b):  # type: ignore[no-untyped-def]
    """The numbers of the pairs of which neither row is zero."""
    out = np.empty(len(a), np.int64)
    count = 0
    for i in range(len(a)):
        if (a[i, 0] != 0 or a[i].any()) and (b[i, 0] != 0 or b[i].any()):
            out[count] = i
            count += 1
    return out[:count]


@njit(cache=True)
def _limit(rows):  # type: ignore[no-untyped-def]
    low = high = 0
    for c in rows.ravel():
        low = min(low, c)
        high = max(high, c)
    return max(-low, high)


@njit(cache=True)
def _by_values(a, b, primes, done, rows):  # type: ignore[no-untyped-def]
    """The same for several primes at once, without tables; the first ``done`` only for rows that begin with a zero."""
    left = 0
    for i in rows:
        if first_failure(a[i], b[i], primes[0 if a[i, 0] == 0 or b[i, 0] == 0 else done :]) == 0:
            rows[left] = i
            left += 1
    return left


_TABULATED = 2
_SMALL = 1 << 16
_STRIP = 1 << 13


def nilpotent_members(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The numbers of the pairs (row of a, row of b) that pass at every prime, increasing.

    Rows may begin with zeros; a zero row does not pass.  Where coefficients and degrees are small the values modulo the first
    two primes come from tables.
    """
    degrees = a.shape[1] - 1, b.shape[1] - 1
    tabulated = [p for p in PRIMES[:_TABULATED] if p ** (max(degrees) + 1) <= TABLE_LIMIT]
    primes = np.array(PRIMES, np.int64)
    found = []
    # In strips, so that coefficients and the rows left over by one prime are still in the cache for the next.
    for start in range(0, len(a), _STRIP):
        part_a, part_b = a[start : start + _STRIP], b[start : start + _STRIP]
        limit = max(_limit(part_a), _limit(part_b))
        small = tabulated if limit <= _SMALL else []
        rows = _nonzero(part_a, part_b)
        for p in small:
            roots = root_table(p, degrees[1])
            rows = rows[: _rooted(part_a, part_b, p, roots, _residues(p, limit), limit, rows)]
        for p in small:
            tables = _table(p, degrees[0]), _table(p, degrees[1])
            rows = rows[: _tabulated(part_a, part_b, p, *tables, _residues(p, limit), limit, rows)]
        found.append(start + rows[: _by_values(part_a, part_b, primes, len(small), rows)])
    return np.concatenate(found) if found else np.empty(0, np.int64)


@lru_cache(maxsize=64)
def _residues(p: int, limit: int) -> np.ndarray:
    """c modulo p at c + limit."""
    return (np.arange(-limit, limit + 1) % p).astype(np.uint64)


@lru_cache(maxsize=8)
def _table(p: int, degree: int) -> np.ndarray:
    return value_table(p, degree).ravel()


@lru_cache(maxsize=8)
def root_table(p: int, degree: int) -> np.ndarray:
    """The first root (or NO_ROOT) of every residue class of polynomials of that degree, uint8."""
    return _table(p, degree)[p :: p + 1].copy()
