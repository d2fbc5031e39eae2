"""Coboundaries: U with T(m) U(m+1) = λ(m) U(m) N(m), which carry the value of one fraction to another.

T and N are products of the matrices [[x, y], [1, 0]] of the two fractions.  Taking determinants, λ² = det T/det N · det
U(m+1)/det U(m): so det T/det N is a square up to factors that are shifts of each other, and λ is sought as its root, or as a
constant or the whole quotient where these factors cancel.  For given λ the equation is linear in the coefficients of U.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_poly

__all__ = ["Coboundary", "Quad", "coboundaries", "folded", "product", "step_matrix"]

Quad = tuple[fmpq_poly, fmpq_poly, fmpq_poly, fmpq_poly]
"""The entries of a 2 x 2 matrix of polynomials, row by row."""


@dataclass(frozen=True)
class Coboundary:
    """The entries u11, u12, u21, u22 of U, and λ as (numerator, denominator)."""

    u: tuple[fmpz_poly, fmpz_poly, fmpz_poly, fmpz_poly]
    factor: tuple[fmpq_poly, fmpq_poly]


def product(x: Quad, y: Quad) -> Quad:
    """The matrix product."""
    a, b, c, d = x
    s, t, u, v = y
    return a * s + b * u, a * t + b * v, c * s + d * u, c * t + d * v


def step_matrix(a: fmpq_poly, b: fmpq_poly) -> Quad:
    """[[a(n), b(n+1)], [1, 0]], the step of PCF(a, b)."""
    return a, _moved(b, 1), fmpq_poly([1]), fmpq_poly([])


def folded(matrix: Quad, k: int) -> Quad:
    """The product of the matrix at k m, ..., k m + k - 1, as a matrix in m."""
    out: Quad = fmpq_poly([1]), fmpq_poly([]), fmpq_poly([]), fmpq_poly([1])
    for i in range(k):
        line = fmpq_poly([i, k])
        w, x, y, z = (p(line) for p in matrix)
        out = product(out, (w, x, y, z))
    return out


def _moved(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


def _determinant(m: Quad) -> fmpq_poly:
    return m[0] * m[3] - m[1] * m[2]


def coboundaries(target: Quad, source: Quad, most: int = 3) -> Iterator[Coboundary]:
    """Coboundaries from the fraction with the step ``source`` to that with the step ``target``, entries of degree ≤ most."""
    for factor in _factors(_determinant(target), _determinant(source)):
        for degree in range(most + 1):
            found = False
            for u in _solutions(target, source, factor, degree):
                found = True
                yield Coboundary(u, factor)
            if found:
                break


def _factors(top: fmpq_poly, bottom: fmpq_poly) -> Iterator[tuple[fmpq_poly, fmpq_poly]]:
    """The λ that are tried."""
    common = top.gcd(bottom)
    top, bottom = top // common, bottom // common
    c = top.leading_coefficient() / bottom.leading_coefficient()
    p, q = isqrt(abs(int(c.p))), isqrt(int(c.q))
    if c < 0 or p * p != c.p or q * q != c.q:
        return
    top, bottom = top / top.leading_coefficient(), bottom / bottom.leading_coefficient()
    one = fmpq_poly([1])
    forms = []
    if top.degree() == bottom.degree():
        forms += [(one, one)] + ([(top, bottom)] if top != bottom else [])
    roots = _square_root(top), _square_root(bottom)
    if top != bottom and roots[0] is not None and roots[1] is not None:
        forms.append((roots[0], roots[1]))
    for x, y in forms:
        for sign in (1, -1):
            yield x * fmpq(sign * p, q), y


def _square_root(p: fmpq_poly) -> fmpq_poly | None:
    """The monic square root of a monic polynomial."""
    out = fmpq_poly([1])
    for factor, exponent in p.numer().factor()[1]:
        if exponent % 2:
            return None
        out *= fmpq_poly(factor) ** (exponent // 2)
    return out / out.leading_coefficient()


def _solutions(
    target: Quad, source: Quad, factor: tuple[fmpq_poly, fmpq_poly], degree: int
) -> Iterator[tuple[fmpz_poly, fmpz_poly, fmpz_poly, fmpz_poly]]:
    """U with entries of at most that degree and a determinant that is not zero, from a basis of the solutions."""
    top, bottom = factor
    size = degree + 1
    zero = fmpq_poly([])
    columns: list[list[fmpq_poly]] = []
    for entry in range(4):
        for i in range(size):
            x = fmpq_poly([0] * i + [1])
            after: list[fmpq_poly] = [zero] * 4
            now: list[fmpq_poly] = [zero] * 4
            after[entry], now[entry] = _moved(x, 1) * bottom, x * top
            left = product(target, (after[0], after[1], after[2], after[3]))
            right = product((now[0], now[1], now[2], now[3]), source)
            columns.append([p - q for p, q in zip(left, right, strict=True)])
    rows = 1 + max(p.degree() for column in columns for p in column)
    entries = [column[j][i] for j in range(4) for i in range(rows) for column in columns]
    matrix, rank = fmpq_mat(4 * rows, len(columns), entries).rref()
    pivots = [next(j for j in range(len(columns)) if matrix[i, j] != 0) for i in range(rank)]
    for free in (j for j in range(len(columns)) if j not in pivots):
        vector = [fmpq(0)] * len(columns)
        vector[free] = fmpq(1)
        for i, j in enumerate(pivots):
            vector[j] = -matrix[i, free]
        scale = fmpz(1)
        for q in vector:
            scale = scale.lcm(q.q)
        parts = [fmpz_poly([(q * scale).p for q in vector[k * size : (k + 1) * size]]) for k in range(4)]
        if not (parts[0] * parts[3] - parts[1] * parts[2]).is_zero():
            yield parts[0], parts[1], parts[2], parts[3]
