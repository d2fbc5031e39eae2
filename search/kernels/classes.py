"""Which continued fractions of a box are equivalent: the same rho(n) = b(n) / (a(n) a(n-1)).

Of two members with a and a' the second is equivalent to the first when b' = b a'(n) a'(n-1) / (a(n) a(n-1)) is a polynomial of
the box.  That is asked of every a' of the box, at a few points modulo a prime near 2^31: b' is interpolated, its coefficients
are compared with their ranges, and two more points must agree.  What passes is a proposal, for exact arithmetic to accept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

__all__ = ["ClassTables", "class_tables", "members_of"]

_P = 2**31 - 1
_CHECKS = 2


@dataclass(frozen=True)
class ClassTables:
    """For every a of a box, g = a(x) a(x-1) at ``points`` modulo 2^31 - 1, and 1/g; both of shape (number of a, points).

    ``inverse`` gives the coefficients of a polynomial (highest first) from its values at the first points; ``check`` its values
    at the last two from those coefficients.  ``low`` and ``high`` are the ranges of the coefficients of b.
    """

    points: np.ndarray
    g: np.ndarray
    over: np.ndarray
    inverse: np.ndarray
    powers: np.ndarray
    low: np.ndarray
    high: np.ndarray


def class_tables(a: np.ndarray, ranges: tuple[tuple[int, int], ...]) -> ClassTables:
    """The tables for the polynomials ``a`` (rows, highest degree first) and the ranges of the coefficients of b."""
    degree = len(ranges) - 1
    count = degree + 1 + _CHECKS
    first = 1_000_003
    while True:
        points = np.array([first + 1009 * j for j in range(count)], dtype=np.int64)
        g = np.array([[_product_at(row, x) for x in points.tolist()] for row in a.tolist()], dtype=np.int64)
        if (g != 0).all():
            break
        first += 1
    over = np.array([[pow(x, -1, _P) for x in row] for row in g.tolist()], dtype=np.int64)
    powers = [[pow(x, degree - j, _P) for j in range(degree + 1)] for x in points.tolist()]
    low, high = (np.array([r[k] for r in ranges], dtype=np.int64) for k in (0, 1))
    inverse = np.array(_inverse_modulo(powers[: degree + 1]), dtype=np.int64)
    return ClassTables(points, g, over, inverse, np.array(powers, dtype=np.int64), low, high)


def _at(row: list[int], x: int) -> int:
    total = 0
    for c in row:
        total = (total * x + c) % _P
    return total


def _product_at(row: list[int], x: int) -> int:
    return _at(row, x) * _at(row, x - 1) % _P


def _inverse_modulo(matrix: list[list[int]]) -> list[list[int]]:
    from flint import nmod_mat

    size = len(matrix)
    inverse = nmod_mat(size, size, [entry for row in matrix for entry in row], _P).inv()
    return [[int(inverse[i, j]) for j in range(size)] for i in range(size)]


def members_of(tables: ClassTables, a: int, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The class of the pair (row ``a`` of the tables, coefficients ``b``): rows of its members, and their b (one a row).

    Empty when a member with a smaller row exists, so that every class is met once.
    """
    rows, found = _members(
        tables.g, tables.over, tables.inverse, tables.powers, tables.low, tables.high, a, b.astype(np.int64)
    )
    return rows, found


@njit(cache=True)
def _members(g, over, inverse, powers, low, high, a, b):  # type: ignore[no-untyped-def]
    width = len(b)
    points = g.shape[1]
    h = np.empty(points, np.int64)
    for j in range(points):
        value = np.int64(0)
        for k in range(width):
            value = (value + (b[k] % _P) * powers[j, k]) % _P
        h[j] = value * over[a, j] % _P
    rows = np.empty(4, np.int64)
    found = np.empty((4, width), np.int64)
    count = 0
    values = np.empty(points, np.int64)
    row = np.empty(width, np.int64)
    for other in range(g.shape[0]):
        inside = True
        for j in range(width):
            values[j] = h[j] * g[other, j] % _P
        for k in range(width):
            total = np.int64(0)
            for j in range(width):
                total = (total + inverse[k, j] * values[j]) % _P
            if total > _P // 2:
                total -= _P
            if total < low[k] or total > high[k]:
                inside = False
                break
            row[k] = total
        if not inside:
            continue
        for j in range(width, points):
            value = np.int64(0)
            for k in range(width):
                value = (value + (row[k] % _P) * powers[j, k]) % _P
            if value != h[j] * g[other, j] % _P:
                inside = False
                break
        if not inside:
            continue
        if other < a:
            return rows[:0], found[:0]
        if count == len(rows):
            rows = np.concatenate((rows, np.empty(count, np.int64)))
            found = np.concatenate((found, np.empty((count, width), np.int64)))
        rows[count] = other
        found[count] = row
        count += 1
    return rows[:count], found[:count]
