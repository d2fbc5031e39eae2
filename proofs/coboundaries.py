"""Coboundaries: U with M(n) U(n+1) = λ(n) U(n) N(n), which carry the value of one fraction to another.

Taking determinants, b(n) det U(n+1) = λ(n)² b'(n) det U(n); so λ is 1, or b/b' when det U(n+1)/det U(n) is, and these two are
tried.  For given λ the equation is linear in the coefficients of U.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_poly

__all__ = ["Coboundary", "coboundaries"]

_MOST_DEGREE = 3


@dataclass(frozen=True)
class Coboundary:
    """The entries u11, u12, u21, u22 of U, and λ as (numerator, denominator)."""

    u: tuple[fmpz_poly, fmpz_poly, fmpz_poly, fmpz_poly]
    factor: tuple[fmpz_poly, fmpz_poly]


def _moved(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


def coboundaries(a: fmpz_poly, b: fmpz_poly, other_a: fmpz_poly, other_b: fmpz_poly) -> Iterator[Coboundary]:
    """Coboundaries from PCF(other_a, other_b) to PCF(a, b), of low degree."""
    common = b.gcd(other_b)
    factors = [(fmpz_poly([1]), fmpz_poly([1]))]
    if b != other_b:
        factors.append((b // common, other_b // common))
    for factor in factors:
        for degree in range(_MOST_DEGREE + 1):
            u = _solution([fmpq_poly(p) for p in (a, b, other_a, other_b, *factor)], degree)
            if u is not None:
                yield Coboundary(u, factor)
                break


def _solution(given: list[fmpq_poly], degree: int) -> tuple[fmpz_poly, fmpz_poly, fmpz_poly, fmpz_poly] | None:
    """U for the fractions PCF(a, b), PCF(c, d) and λ = top/bottom, with entries of at most that degree."""
    a, b, c, d, top, bottom = given
    size = degree + 1
    zero = fmpq_poly([])
    columns: list[list[fmpq_poly]] = []
    for entry in range(4):
        for i in range(size):
            x = fmpq_poly([0] * i + [1])
            y = _moved(x, 1) * bottom
            x = x * top
            # The four entries of M(n) U(n+1) - λ U(n) N(n), each linear in u11, u12, u21, u22.
            columns.append(
                [
                    [zero, -x * d, y, zero],
                    [-x, -x * c, zero, y],
                    [b * y, zero, a * y, -x * d],
                    [zero, b * y, -x, a * y - x * c],
                ][entry]
            )
    rows = 1 + max(p.degree() for column in columns for p in column)
    entries = [column[j][i] for j in range(4) for i in range(rows) for column in columns]
    matrix, rank = fmpq_mat(4 * rows, len(columns), entries).rref()
    pivots = [next(j for j in range(len(columns)) if matrix[i, j] != 0) for i in range(rank)]
    free = [j for j in range(len(columns)) if j not in pivots]
    if not free:
        return None
    vector = [fmpq(0)] * len(columns)
    vector[free[0]] = fmpq(1)
    for i, j in enumerate(pivots):
        vector[j] = -matrix[i, free[0]]
    scale = fmpz(1)
    for q in vector:
        scale = scale.lcm(q.q)
    parts = [fmpz_poly([(q * scale).p for q in vector[k * size : (k + 1) * size]]) for k in range(4)]
    if (parts[0] * parts[3] - parts[1] * parts[2]).is_zero():
        return None
    return parts[0], parts[1], parts[2], parts[3]
