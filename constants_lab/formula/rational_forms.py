"""Rational functions over Q of one symbol: read from a tree, brought to lowest terms, written as text and LaTeX.

A form is a pair (numerator, denominator) of ``flint.fmpz_poly`` with denominator not zero.  In lowest terms the two
have no common factor, the gcd of all their coefficients is 1, and the leading coefficient of the denominator is
positive; that makes the pair unique.  Everything here is exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import gcd
from operator import index
from typing import TypeAlias

from flint import fmpz_poly

from constants_lab.errors import InputError
from constants_lab.syntax import Call, Name, Node, fold

__all__ = [
    "MAX_FORM_DEGREE",
    "Form",
    "compose",
    "exponents_gcd",
    "form_latex",
    "form_text",
    "integer_rows",
    "lowest_terms",
    "read_form",
]

Form: TypeAlias = tuple[fmpz_poly, fmpz_poly]

MAX_FORM_DEGREE = 200
"""Highest degree, of numerator or denominator, that a form read from text may have."""


class NoSingleSymbol(InputError):
    """The formula is no rational function of one symbol, as its names and calls stand."""


def integer_rows(matrix: Sequence[Sequence[int]]) -> list[list[int]]:
    """The two rows of a matrix, numerator first; raises :class:`InputError` unless they are integers and of one length >= 2."""
    try:
        rows = [[index(entry) for entry in row] for row in matrix]
    except TypeError:
        raise InputError("an identity needs a matrix of integers: give two rows such as [[0, 4], [1, -2]]") from None
    if len(rows) != 2 or len(rows[0]) != len(rows[1]) or len(rows[0]) < 2:
        raise InputError("an identity needs two rows of the same length, at least 2: give [[0, 4], [1, -2]] or such")
    return rows


def lowest_terms(numerator: fmpz_poly, denominator: fmpz_poly) -> Form:
    """The unique form equal to numerator/denominator; raises :class:`InputError` if the denominator is zero.

    >>> lowest_terms(fmpz_poly([-2, 0, 2]), fmpz_poly([4, -4]))
    ((-1)*x + (-1), 2)
    """
    if denominator.is_zero():
        raise InputError("the denominator is zero: give one that is not")
    common = numerator.gcd(denominator)
    if denominator.leading_coefficient() < 0:
        common = -common
    return numerator // common, denominator // common


def compose(outer: Form, inner: Form) -> Form:
    """The form outer(inner(x)), in lowest terms; raises :class:`InputError` if its denominator vanishes.

    >>> compose((fmpz_poly([0, 1]), fmpz_poly([1, 1])), (fmpz_poly([1]), fmpz_poly([0, 1])))
    (1, x + 1)
    """
    top, bottom = inner
    degree = max(outer[0].degree(), outer[1].degree())
    _check_degree(degree * max(top.degree(), bottom.degree()))

    def homogeneous(polynomial: fmpz_poly) -> fmpz_poly:
        total = fmpz_poly([])
        for k, coefficient in enumerate(polynomial.coeffs()):
            total += coefficient * top**k * bottom ** (degree - k)
        return total

    return lowest_terms(homogeneous(outer[0]), homogeneous(outer[1]))


def read_form(node: Node, symbol: Callable[[Name | Call], tuple[str, Form]]) -> tuple[Form, str | None]:
    """The form that a tree denotes, and the one symbol in it (None when there is none).

    ``symbol`` gives, for a name or a call, the symbol it depends on and the form that it is in that symbol, or raises.
    Raises :class:`NoSingleSymbol` when two different symbols occur and at a fractional power, :class:`InputError` at
    a division by zero and above :data:`MAX_FORM_DEGREE`.
    """
    found: list[str] = []

    def atom(item: Name | Call) -> Form:
        name, form = symbol(item)
        if name not in found:
            found.append(name)
        if len(found) > 1:
            raise NoSingleSymbol(f"the formula has two constants, {found[0]} and {found[1]}: use exactly one")
        return form

    def binary(operator: str, left: Form, right: Form) -> Form:
        (a, b), (c, d) = left, right
        if operator == "/":
            if c.is_zero():
                raise InputError("the formula divides by zero: remove that division")
            operator, c, d = "*", d, c
        _check_degree(max(a.degree(), b.degree()) + max(c.degree(), d.degree()))
        if operator == "*":
            return lowest_terms(a * c, b * d)
        return lowest_terms(a * d + b * c if operator == "+" else a * d - b * c, b * d)

    def power(base: Form, exponent: Fraction) -> Form:
        numerator, denominator = base
        if exponent.denominator != 1:
            raise NoSingleSymbol(
                f"the power {exponent} is not an integer: use a named constant such as sqrt(2) instead"
            )
        if exponent < 0:
            if numerator.is_zero():
                raise InputError("the formula divides by zero: remove that division")
            numerator, denominator = denominator, numerator
        k = abs(exponent.numerator)
        _check_degree(k * max(numerator.degree(), denominator.degree()))
        return lowest_terms(numerator**k, denominator**k)

    form = fold(
        node,
        integer=lambda value: (fmpz_poly([value]), fmpz_poly([1])),
        name=lambda name: atom(Name(name)),
        call=atom,
        negate=lambda operand: (-operand[0], operand[1]),
        binary=binary,
        power=power,
    )
    return form, found[0] if found else None


def _check_degree(degree: int) -> None:
    if degree > MAX_FORM_DEGREE:
        raise InputError(f"the formula may reach degree {degree}, more than {MAX_FORM_DEGREE}: use smaller exponents")


_Terms: TypeAlias = list[tuple[int, int]]  # (coefficient, power), coefficients not zero


def _terms(polynomial: fmpz_poly) -> _Terms:
    """Terms by falling power, except that the first positive one comes to the front: 11 - 4x, not -4x + 11."""
    terms = [(int(c), k) for k, c in enumerate(polynomial.coeffs()) if c != 0][::-1]
    positive = next((i for i, (c, _) in enumerate(terms) if c > 0), 0)
    return [terms[positive], *terms[:positive], *terms[positive + 1 :]] if terms else []


def _arranged(form: Form) -> tuple[str, _Terms, _Terms]:
    """A sign to put in front, and the terms of numerator and denominator, none of the two beginning with minus.

    The numerator gets a positive leading coefficient where the denominator can then do without a minus in front.
    """
    numerator, denominator = form
    if numerator.leading_coefficient() < 0:
        numerator, denominator = -numerator, -denominator
    if all(c <= 0 for c in denominator.coeffs()):
        numerator, denominator = -numerator, -denominator
        if all(c <= 0 for c in numerator.coeffs()):
            return "-" * (not numerator.is_zero()), _terms(-numerator), _terms(denominator)
    return "", _terms(numerator), _terms(denominator)


def _sum(terms: _Terms, term: Callable[[int, int], str]) -> str:
    pieces = [("-" if c < 0 else "+", term(abs(c), k)) for c, k in terms]
    return pieces[0][1] + "".join(f" {sign} {piece}" for sign, piece in pieces[1:]) if pieces else "0"


def form_text(form: Form, symbol: str) -> str:
    """The form as text that the parser reads back, without a minus in front where there is another way.

    >>> form_text((fmpz_poly([4]), fmpz_poly([-2, 1])), "pi")
    '4/(pi - 2)'
    >>> form_text((fmpz_poly([5, -2]), fmpz_poly([-11, 4])), "e")
    '(2*e - 5)/(11 - 4*e)'
    >>> form_text((fmpz_poly([0, -3]), fmpz_poly([1])), "e^2")
    '-3*e^2'
    >>> form_text((fmpz_poly([1, 1]), fmpz_poly([0, 5])), "4*catalan/pi")
    '((4*catalan/pi) + 1)/(5*(4*catalan/pi))'
    """
    simple = re.fullmatch(r"\w+(\([^()]*\))?", symbol) is not None
    base = symbol if simple else f"({symbol})"
    # A power keeps its meaning as a factor (3*e^2); products and quotients need their brackets there.
    alone = base if re.search(r"[*/+-]", re.sub(r"\([^()]*\)", "", symbol)) else symbol

    def term(coefficient: int, power: int) -> str:
        if power == 0:
            return str(coefficient)
        factor = alone if power == 1 else f"{base}^{power}"
        return factor if coefficient == 1 else f"{coefficient}*{factor}"

    sign, numerator, denominator = _arranged(form)
    top, bottom = _sum(numerator, term), _sum(denominator, term)
    if bottom == "1":
        return f"{sign}({top})" if sign and len(numerator) > 1 else sign + top
    if len(numerator) > 1:
        top = f"({top})"
    if len(denominator) > 1 or (denominator[0][1] > 0 and denominator[0][0] != 1):
        bottom = f"({bottom})"
    return f"{sign}{top}/{bottom}"


def form_latex(form: Form, symbol: str) -> str:
    r"""The form as LaTeX, where ``symbol`` is already LaTeX.

    >>> print(form_latex((fmpz_poly([4]), fmpz_poly([-2, 1])), r"\pi"))
    \frac{4}{\pi - 2}
    """
    compound = any(mark in symbol for mark in (r"\frac", "^", "/", " "))
    base = rf"\left({symbol}\right)" if compound else symbol

    def term(coefficient: int, power: int) -> str:
        if power == 0:
            return str(coefficient)
        factor = symbol if power == 1 else f"{base}^{{{power}}}"
        return factor if coefficient == 1 else f"{coefficient} {factor}"

    sign, numerator, denominator = _arranged(form)
    top, bottom = _sum(numerator, term), _sum(denominator, term)
    if bottom == "1":
        return rf"{sign}\left({top}\right)" if sign and len(numerator) > 1 else sign + top
    return rf"{sign}\frac{{{top}}}{{{bottom}}}"


def exponents_gcd(form: Form) -> int:
    """The largest g such that the form is a form in the g-th power of its symbol; 0 for a constant.

    >>> exponents_gcd((fmpz_poly([1, 0, 0, 0, 5]), fmpz_poly([0, 0, 1])))
    2
    """
    common = 0
    for polynomial in form:
        for power, coefficient in enumerate(polynomial.coeffs()):
            if coefficient != 0:
                common = gcd(common, power)
    return common
