"""Polynomials in n whose coefficients are polynomials in a parameter k: their values at an integer k, and how they are written.

Such a polynomial is the sequence of coefficients of 1, n, n^2, ..., each a ``flint.fmpq_poly`` in k.  Everything here is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq_poly, fmpz, fmpz_poly

from constants_lab.errors import InputError
from constants_lab.formula.rational_forms import form_latex, form_text, lowest_terms

__all__ = ["fraction_text", "polynomial_text", "value_at"]


def value_at(rows: Sequence[fmpq_poly], k: int) -> fmpz_poly:
    """The polynomial in n at that k; raises :class:`InputError` where a coefficient is no integer."""
    polynomial = fmpq_poly([row(k) for row in rows])
    if polynomial.denom() != 1:
        raise InputError(f"the polynomial with k = {k} has coefficients that are not integers: take another k")
    return polynomial.numer()


def polynomial_text(rows: Sequence[fmpq_poly], latex: bool = False) -> str:
    """The polynomial as text, highest power of n first, over a common denominator.

    >>> polynomial_text([fmpq_poly([1, 2]), fmpq_poly([3])]), polynomial_text([fmpq_poly([0, 0, 1], 2)])
    ('3*n + 2*k + 1', '(k^2)/2')
    """
    common = fmpz(1)
    for row in rows:
        common = common.lcm(row.denom())
    terms = [
        (int((row[j] * common).p), i, j)
        for i, row in reversed(list(enumerate(rows)))
        for j in range(row.degree(), -1, -1)
        if row[j] != 0
    ]
    times, power = (" ", "{x}^{{{i}}}") if latex else ("*", "{x}^{i}")
    pieces: list[str] = []
    for c, i, j in terms:
        factors = [x if e == 1 else power.format(x=x, i=e) for x, e in (("k", j), ("n", i)) if e]
        size = [str(abs(c))] if abs(c) != 1 or not factors else []
        sign = ("-" if c < 0 else "") if not pieces else (" - " if c < 0 else " + ")
        pieces.append(sign + times.join([*size, *factors]))
    text = "".join(pieces) or "0"
    if common == 1:
        return text
    return rf"\frac{{{text}}}{{{common}}}" if latex else f"({text})/{common}"


def fraction_text(matrix: Sequence[fmpz_poly], name: str, latex: bool = False) -> str:
    """(p c + q)/(r c + s) for four polynomials in k and a constant c, whose ``name`` is text or LaTeX.

    >>> fraction_text([fmpz_poly([0, 1]), fmpz_poly([-1, -1]), fmpz_poly([]), fmpz_poly([1, 2])], "pi")
    '(k*pi - (k + 1))/(2*k + 1)'
    """
    p, q, r, s = matrix
    if all(each.degree() <= 0 for each in matrix):
        form = lowest_terms(fmpz_poly([q[0], p[0]]), fmpz_poly([s[0], r[0]]))
        return form_latex(form, name) if latex else form_text(form, name)
    top, bottom = (_linear_text(x, y, name, latex) for x, y in ((p, q), (r, s)))
    if bottom == "1":
        return top
    return rf"\frac{{{top}}}{{{bottom}}}" if latex else f"({top})/({bottom})"


def _linear_text(p: fmpz_poly, q: fmpz_poly, name: str, latex: bool) -> str:
    """p c + q."""

    def text(row: fmpz_poly) -> str:
        written = polynomial_text([fmpq_poly(row)], latex)
        return f"({written})" if " + " in written or " - " in written else written

    if p.is_zero():
        return polynomial_text([fmpq_poly(q)], latex)
    if p == fmpz_poly([1]) or p == fmpz_poly([-1]):
        first = ("-" if p[0] < 0 else "") + name
    else:
        first = text(p) + (" " if latex else "*") + name
    if q.is_zero():
        return first
    return f"{first} - {text(-q)}" if q.leading_coefficient() < 0 else f"{first} + {text(q)}"
