"""All polynomial solutions of a linear recurrence with polynomial coefficients.

Implementation overview.  In the basis of falling factorials n^(j) = n (n-1) ... (n-j+1) the difference operator is
Delta n^(j) = j n^(j-1), and a polynomial q multiplies by its Newton expansion at j, q(n) n^(j) = sum over l of
(Delta^l q)(j)/l! n^(j+l).  So the recurrence becomes a banded matrix whose entries are polynomials in j, and solving it
for degree m costs O(m (degree + order)) operations (Abramov, Bronstein and Petkovsek, On polynomial solutions of linear
operator equations, ISSAC 1995).  The topmost band is the indicial polynomial: its roots are the only possible degrees.
The matrix is first solved modulo a prime: what has no solution there has none, and rarely is there one by accident.
Everything is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_mat, fmpz_poly, nmod, nmod_mat, nmod_poly

from constants_lab.polynomials import integer_roots, shift

__all__ = ["polynomial_solutions"]

_PRIME = 2**61 - 1


def _bands(coefficients: Sequence[fmpz_poly]) -> dict[int, fmpz_poly]:
    """{i: E_i} such that the recurrence maps n^(j) to the sum of E_i(j) n^(j+i)."""
    bands: dict[int, fmpz_poly] = {}
    falling = fmpz_poly([1])
    for i in range(len(coefficients)):
        # y(n+l) = (1 + Delta)^l y(n): this is the coefficient of Delta^i.
        difference = sum((comb(k, i) * coefficients[k] for k in range(i + 1, len(coefficients))), coefficients[i])
        newton = shift(difference, -i)
        order = 0
        while not newton.is_zero():
            bands[order - i] = bands.get(order - i, fmpz_poly()) + falling * newton
            order += 1
            newton = (shift(newton, 1) - newton) // order
        falling *= fmpz_poly([-i, 1])
    return {i: band for i, band in bands.items() if not band.is_zero()}


def _descend(bands: dict[int, Any], start: int, roots: Sequence[int], one: Any) -> tuple[list[Any], list[Any]]:
    """Coefficients of n^(start) + ... in the falling basis, and what must vanish for it to be a solution.

    The coefficients at other roots of the indicial polynomial are free, and zero here.  ``one`` is that of the field; raises
    ZeroDivisionError where the indicial polynomial has more roots in the field than ``roots``.
    """
    top = max(bands)
    lower = [(i, band) for i, band in bands.items() if i < top]
    zero = one - one
    values = [zero] * start + [one]
    obligations = dict.fromkeys(roots, zero)
    for j in range(start - 1, -1, -1):
        total = sum((band(j + top - i) * values[j + top - i] for i, band in lower if j + top - i <= start), zero)
        if j in obligations:
            obligations[j] = total
        else:
            # Also where the total is zero: modulo a prime it may be so by accident.
            values[j] = -total / bands[top](j)
    rest = [
        sum((band(k - i) * values[k - i] for i, band in bands.items() if 0 <= k - i <= start), zero) for k in range(top)
    ]
    return values, [*obligations.values(), *rest]


def _modulo(bands: dict[int, fmpz_poly], roots: Sequence[int], p: int) -> tuple[int, list[int]] | None:
    """The dimension of the solutions modulo p and the roots at which they do not all vanish; None where p does not serve.

    There is no greater dimension over Q: a basis of integer vectors can be chosen that stays independent modulo p.
    """
    reduced = {i: nmod_poly([int(c % p) for c in band.coeffs()], p) for i, band in bands.items()}
    try:
        columns = [_descend(reduced, root, roots, nmod(1, p))[1] for root in roots]
    except ZeroDivisionError:
        return None
    rows = [[int(x) for x in row] for row in zip(*columns, strict=True)]
    matrix, rank = nmod_mat(len(rows), len(roots), [x for row in rows for x in row], p).rref()
    pivots = [next(j for j in range(len(roots)) if int(matrix[i, j])) for i in range(rank)]
    free = [j for j in range(len(roots)) if j not in pivots]
    used = {*free, *(pivots[i] for i in range(rank) if any(int(matrix[i, j]) for j in free))}
    return len(free), [roots[j] for j in sorted(used)]


def _null_space(columns: Sequence[Sequence[fmpq]]) -> list[list[fmpz]]:
    """Basis of the vectors x with sum x_i columns[i] = 0."""
    if len(columns) == 1:
        return [] if any(x != 0 for x in columns[0]) else [[fmpz(1)]]
    rows = [list(row) for row in zip(*columns, strict=True)] or [[fmpq(0)] * len(columns)]
    matrix, _ = fmpq_mat(rows).numer_denom()
    # FLINT puts the basis into the first columns.
    basis, nullity = fmpz_mat(matrix).nullspace()
    return [[basis[i, k] for i in range(len(columns))] for k in range(nullity)]


def _from_falling(values: Sequence[fmpq]) -> fmpz_poly:
    """The primitive polynomial with positive leading coefficient along sum values[j] n^(j), which is not zero."""
    scaled = fmpq_poly(list(values)).numer()
    p = fmpz_poly()
    for j in range(scaled.degree(), -1, -1):
        p = p * fmpz_poly([-j, 1]) + scaled[j]
    return p // (p.content() if p.leading_coefficient() > 0 else -p.content())


def polynomial_solutions(coefficients: Sequence[fmpz_poly], max_degree: int) -> list[fmpz_poly]:
    """Basis of the polynomials y of degree <= max_degree with sum over i of coefficients[i](n) y(n+i) = 0.

    At least one coefficient must be nonzero.  The basis vectors are primitive, have a positive leading coefficient and
    come with increasing degrees; at most ``len(coefficients) - 1`` exist.  Degrees of some hundreds are practical.

    >>> n = fmpz_poly([0, 1])
    >>> [str(y) for y in polynomial_solutions([n + 2, -n], 5)]
    ['x^2 + x']
    >>> [str(y) for y in polynomial_solutions([fmpz_poly([1]), fmpz_poly([-2]), fmpz_poly([1])], 5)]
    ['1', 'x']
    """
    bands = _bands(coefficients)
    roots = [root for root, _ in integer_roots(bands[max(bands)]) if 0 <= root <= max_degree]
    if not roots:
        return []
    dimension, used = _modulo(bands, roots, _PRIME) or (None, roots)
    found = _exact(bands, roots, used)
    if dimension is not None and len(found) < dimension:
        # Rare: the solutions modulo the prime are not those of the rational numbers.
        found = _exact(bands, roots, roots)
    return sorted(found, key=lambda y: y.degree())


def _exact(bands: dict[int, fmpz_poly], roots: Sequence[int], used: Sequence[int]) -> list[fmpz_poly]:
    """Basis of the solutions that vanish at the roots that are not ``used``."""
    if not used:
        return []
    descents = [_descend(bands, root, roots, fmpq(1)) for root in used]
    found = []
    for weights in _null_space([obligations for _, obligations in descents]):
        total = fmpq_poly()
        for weight, (values, _) in zip(weights, descents, strict=True):
            total += fmpq_poly(values) * weight
        found.append(_from_falling(total.coeffs()))
    return found
