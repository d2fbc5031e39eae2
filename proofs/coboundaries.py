"""Coboundaries: U with T(m) U(m+1) = λ(m) U(m) N(m), which carry the value of one fraction to another.

T and N are products of the matrices [[x, y], [1, 0]] of the two fractions.  Taking determinants, λ² = det T/det N · det
U(m+1)/det U(m): so det T/det N is a square up to factors that are shifts of each other, and λ is sought as its root, or as a
constant or the whole quotient where these factors cancel.  For given λ the equation is linear in the coefficients of U.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_mat, fmpz_poly, nmod_mat

from constants_lab.polynomials import shift_distance

__all__ = ["Coboundary", "Quad", "coboundaries", "folded", "product", "step_matrix"]

_PRIME = 2**61 - 1

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
    """Coboundaries from the fraction with the step ``source`` to that with the step ``target``, for each λ of least degree.

    All with entries of degree ≤ most are among those looked for, and for the entry u12, whose degree is by that of a larger,
    and its neighbours more: between rows of the matrix field of ζ(3) the degrees are 3, 6, 0, 3.
    """
    largest = most + _slope(target)
    for factor in _factors(_determinant(target), _determinant(source)):
        if not _any_solution(target, source, factor, _degrees(target, source, largest)):
            continue
        for degree in range(largest + 1):
            found = False
            for u in _solutions(target, source, factor, _degrees(target, source, degree)):
                found = True
                yield Coboundary(u, factor)
            if found:
                break


def _slope(m: Quad) -> int:
    """By how much the degree rises from the first entry to the second, and falls to the third: about deg a."""
    return max(0, (m[1].degree() - m[2].degree() + 1) // 2)


def _degrees(target: Quad, source: Quad, degree: int) -> tuple[int, int, int, int]:
    """The degrees of u11, u12, u21, u22 that go together, so that no product in the identity has terms of its own."""
    right, down = _slope(source), _slope(target)
    return degree, degree + right, degree - down, degree + right - down


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
    elif top.degree() != bottom.degree():
        forms += [(x, y) for x in _roots_up_to_shifts(top) for y in _roots_up_to_shifts(bottom)]
    for x, y in forms:
        for sign in (1, -1):
            yield x * fmpq(sign * p, q), y


def _roots_up_to_shifts(p: fmpq_poly) -> list[fmpq_poly]:
    """Monic r with p = r(n)² g(n+1)/g(n) for a rational g: of every chain of shifted factors the first half, or the last."""
    chains: list[tuple[fmpz_poly, list[int]]] = []
    for factor, exponent in p.numer().factor()[1]:
        for base, distances in chains:
            distance = shift_distance(factor, base)
            if distance is not None:
                distances += [distance] * exponent
                break
        else:
            chains.append((factor, [0] * exponent))
    if any(len(distances) % 2 for _, distances in chains):
        return []
    roots = []
    for last in (False, True):
        out = fmpq_poly([1])
        for base, distances in chains:
            half = len(distances) // 2
            for distance in sorted(distances)[half if last else 0 :][:half]:
                out *= fmpq_poly(base(fmpz_poly([-distance, 1])))
        roots.append(out / out.leading_coefficient())
    return roots


def _square_root(p: fmpq_poly) -> fmpq_poly | None:
    """The monic square root of a monic polynomial."""
    out = fmpq_poly([1])
    for factor, exponent in p.numer().factor()[1]:
        if exponent % 2:
            return None
        out *= fmpq_poly(factor) ** (exponent // 2)
    return out / out.leading_coefficient()


def _equations(
    target: Quad, source: Quad, factor: tuple[fmpq_poly, fmpq_poly], degrees: tuple[int, int, int, int]
) -> tuple[fmpz_mat, list[tuple[int, int]]]:
    """The linear equations, and for each column of the matrix the entry of U and the power of m that it is for."""
    top, bottom = factor
    unknowns = [(entry, i) for entry in range(4) for i in range(degrees[entry] + 1)]
    columns: list[Quad] = []
    for entry, i in unknowns:
        x = fmpq_poly([0] * i + [1])
        after, now = _moved(x, 1) * bottom, x * top
        a, b, c, d = target
        s, t, u, v = source
        none = fmpq_poly([])
        columns.append(
            [
                (a * after - now * s, -now * t, c * after, none),
                (-now * u, a * after - now * v, none, c * after),
                (b * after, none, d * after - now * s, -now * t),
                (none, b * after, -now * u, d * after - now * v),
            ][entry]
        )
    rows = 1 + max(p.degree() for column in columns for p in column)
    entries = [column[j][i] for j in range(4) for i in range(rows) for column in columns]
    return fmpz_mat(fmpq_mat(4 * rows, len(columns), entries).numer_denom()[0]), unknowns


def _any_solution(
    target: Quad, source: Quad, factor: tuple[fmpq_poly, fmpq_poly], degrees: tuple[int, int, int, int]
) -> bool:
    """Whether the equations have a solution modulo a prime; if they have none, there is none."""
    matrix, unknowns = _equations(target, source, factor, degrees)
    return nmod_mat(matrix, _PRIME).rank() < len(unknowns)


def _solutions(
    target: Quad, source: Quad, factor: tuple[fmpq_poly, fmpq_poly], degrees: tuple[int, int, int, int]
) -> Iterator[tuple[fmpz_poly, fmpz_poly, fmpz_poly, fmpz_poly]]:
    """U with entries of at most these degrees and a determinant that is not zero, from a basis of the solutions."""
    matrix, unknowns = _equations(target, source, factor, degrees)
    # FLINT puts the basis into the first columns.
    basis, nullity = matrix.nullspace()
    for k in range(nullity):
        parts: list[list[fmpz]] = [[], [], [], []]
        for j, (entry, _) in enumerate(unknowns):
            parts[entry].append(basis[j, k])
        u11, u12, u21, u22 = (fmpz_poly(part) for part in parts)
        if u11 * u22 != u12 * u21:
            content = u11.content().gcd(u12.content()).gcd(u21.content()).gcd(u22.content())
            yield u11 // content, u12 // content, u21 // content, u22 // content
