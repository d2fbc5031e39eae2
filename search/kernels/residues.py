"""The sieve over residue classes: only lifts of classes that pass are ever looked at.

Whether M(1) ... M(p) is nilpotent depends on the coefficients modulo p alone, and does not change under a -> u a, b -> u^2 b
nor under n -> n + s.  Together these bring a to 1 n^d + 0 n^(d-1) + ..., so for each prime there are p^(d-1) *representatives*;
of each we keep the residue classes of b that pass with it (some 8 % of them).  The classes of b that pass with any given a are
the images of one such list under b -> u^2 b(n + s).

The b of a box are kept sorted by their class modulo the first prime, each with its class modulo the later ones.  For an a, the
classes of the first list are gone through, only the b in them are seen, and each is one bit in the table of the second prime.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from constants_lab.search.kernels.nilpotence import NO_ROOT, nilpotent_values, value_table, values_modulo

__all__ = ["ClassLists", "class_lists", "mark", "targets"]


@dataclass(frozen=True)
class ClassLists:
    """For a prime, the classes of b that pass with each representative of a.

    ``digits``: their coefficients modulo p, one row each; those of representative r are rows ``starts[r]`` to
    ``starts[r + 1]``, where r is the number with the digits a_(d-2) ... a_0 to the base p.
    """

    prime: int
    degree_a: int
    degree_b: int
    starts: np.ndarray
    digits: np.ndarray


@njit(cache=True)
def _passing(p, degree_a, table_b, count_b, first_b):  # type: ignore[no-untyped-def]
    representatives = p ** max(degree_a - 1, 0)
    starts = np.zeros(representatives + 1, np.int64)
    # About one class in eleven passes; the list grows when that is exceeded.
    found = np.empty(max(1024, representatives * count_b // 8), np.uint32)
    row = np.zeros(degree_a + 1, np.int64)
    values = np.empty(p + 1, np.uint8)
    count = 0
    for r in range(representatives):
        row[0] = 1
        index = r
        for position in range(degree_a, 1, -1):
            row[position] = index % p
            index //= p
        values_modulo(row, p, values)
        for index in range(first_b, count_b):
            line = table_b[index]
            if line[p] != NO_ROOT and nilpotent_values(values, line, line[p], p):
                if count == len(found):
                    larger = np.empty(2 * count, np.uint32)
                    larger[:count] = found
                    found = larger
                found[count] = index
                count += 1
        starts[r + 1] = count
    return starts, found[:count]


@njit(cache=True)
def _digits(indices, p, degree):  # type: ignore[no-untyped-def]
    out = np.empty((len(indices), degree + 1), np.uint8)
    for i in range(len(indices)):
        index = indices[i]
        for position in range(degree, -1, -1):
            out[i, position] = index % p
            index //= p
    return out


def class_lists(p: int, degree_a: int, degree_b: int) -> ClassLists:
    """The lists of a prime; p^(degree_a + degree_b) tests.  Leading coefficients divisible by p are left out.

    ``degree_a`` must be below p.
    """
    count = p ** (degree_b + 1)
    starts, indices = _passing(p, degree_a, value_table(p, degree_b), count, p**degree_b)
    return ClassLists(p, degree_a, degree_b, starts, _digits(indices, p, degree_b))


@njit(cache=True)
def _power(base, exponent, p):  # type: ignore[no-untyped-def]
    result = 1
    for _ in range(exponent):
        result = result * base % p
    return result


@njit(cache=True)
def _representative(a, p):  # type: ignore[no-untyped-def]
    """The number r of the representative of a, its leading coefficient A and s, with a(n) = A rep(n + s) modulo p."""
    d = len(a) - 1
    lead = a[0] % p
    if d == 0:
        return 0, lead, 0
    unit = _power(lead, p - 2, p)
    s = a[1] % p * unit % p * _power(d % p, p - 2, p) % p
    row = np.empty(d + 1, np.int64)
    for j in range(d + 1):
        row[j] = a[j] % p * unit % p
    _shift(row, p - s if s else 0, p)
    r = 0
    for j in range(2, d + 1):
        r = r * p + row[j]
    return r, lead, s


@njit(cache=True)
def _shift(row, s, p):  # type: ignore[no-untyped-def]
    """row(n) -> row(n + s) modulo p, in place (Horner's scheme)."""
    d = len(row) - 1
    for i in range(d):
        for j in range(1, d + 1 - i):
            row[j] = (row[j] + s * row[j - 1]) % p


@njit(cache=True)
def _map(degree, lead, s, p):  # type: ignore[no-untyped-def]
    """The matrix of b -> lead^2 b(n + s) on coefficients, with rows for the new ones."""
    matrix = np.zeros((degree + 1, degree + 1), np.int64)
    for j in range(degree + 1):
        row = np.zeros(degree + 1, np.int64)
        row[j] = lead * lead % p
        _shift(row, s, p)
        matrix[:, j] = row
    return matrix


@njit(cache=True)
def targets(a, p, starts, digits, out):  # type: ignore[no-untyped-def]
    """Writes the classes (as numbers to the base p) of b that pass with ``a`` to ``out`` and gives their number.

    The leading coefficient of ``a`` must not be divisible by p.
    """
    r, lead, s = _representative(a, p)
    degree = digits.shape[1] - 1
    matrix = _map(degree, lead, s, p)
    # Lists of representatives are by far longer than p, and most of the time goes into this product.
    count = 0
    inverse = ((1 << 40) + p - 1) // p
    for i in range(starts[r], starts[r + 1]):
        index = 0
        for row in range(degree + 1):
            total = 0
            for column in range(row + 1):
                total += matrix[row, column] * digits[i, column]
            index = index * p + (total - ((total * inverse) >> 40) * p)
        out[count] = index
        count += 1
    return count


@njit(cache=True)
def mark(classes, count, bits):  # type: ignore[no-untyped-def]
    """Clears the bit table (uint64 words) and sets the bits of the first ``count`` classes."""
    bits[:] = 0
    for i in range(count):
        index = classes[i]
        bits[index >> 6] |= np.uint64(1) << np.uint64(index & 63)
