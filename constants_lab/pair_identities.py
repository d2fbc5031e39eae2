"""Identities "x = (p c1 + q c2 + r)/(s c1 + t c2 + u)" in two constants, and which kind of identity a stored record is.

Implementation overview.  A :class:`PairIdentity` is exact data (two names and an integer matrix in a normal form) and offers
what :class:`constants_lab.expressions.Identity` offers to whoever verifies it: text, balls, a SymPy expression, and the
integers that chance has to be paid for.  What depends on one constant alone is no pair: :func:`identity_in` decides that, so
that every function has one way to be written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd
from operator import index
from typing import Any, TypeAlias

import mpmath
from flint import arb, fmpz_poly

from constants_lab.balls import midpoint
from constants_lab.constants import catalogue, constant
from constants_lab.errors import InputError
from constants_lab.expressions import Identity, evaluate
from constants_lab.formula.constant_forms import constant_text
from constants_lab.formula.rational_forms import form_text
from constants_lab.syntax import Binary, fold, parse, quoted

__all__ = ["AnyIdentity", "PairIdentity", "identity_in"]

Names: TypeAlias = tuple[str, str]
Row: TypeAlias = tuple[int, int, int]

_BETWEEN = ", "


@dataclass(frozen=True)
class PairIdentity:
    """The left-hand side (p c1 + q c2 + r)/(s c1 + t c2 + u): two constants, and the rows (p, q, r) and (s, t, u).

    In the normal form, equal functions of c1 and c2 are equal objects: the constants stand in the order of the catalogue, the
    others behind by name; a rational multiple of a constant gives way to that constant (pi for 2*pi); where r = u = 0, the
    constants have no common factor (log(2) and log(3) for log(2)*pi and log(3)*pi); the gcd of the six integers is 1, and the
    first in the second row that is not zero is positive.

    Raises :class:`InputError` for an unknown constant, for anything but two rows of three integers, for a zero denominator, and
    where the function is rational or depends on one constant only, as pi + pi^2 does.

    >>> PairIdentity(("log(2)", "2*pi"), ((0, 0, -12), (-12, -1, 0)))
    PairIdentity(constants=('pi', 'log(2)'), matrix=((0, 0, 6), (1, 6, 0)))
    >>> PairIdentity(("log(2)", "2*pi"), ((0, 0, -12), (-12, -1, 0))).lhs
    '6/(pi + 6*log(2))'
    """

    constants: tuple[str, str]
    matrix: tuple[Row, Row]

    def __init__(self, constants: Sequence[str], matrix: Sequence[Sequence[int]]) -> None:
        reduced = _reduced(constants, matrix)
        if isinstance(reduced, Identity):
            raise InputError(f"{quoted(reduced.lhs)} has one constant, {reduced.constant}: use an Identity for it")
        object.__setattr__(self, "constants", reduced[0])
        object.__setattr__(self, "matrix", reduced[1])

    @property
    def constant(self) -> str:
        """Both names as one text, as records hold it: ``"pi, log(2)"``."""
        return _BETWEEN.join(self.constants)

    @property
    def lhs(self) -> str:
        """The left-hand side as text that :func:`constants_lab.expressions.evaluate` reads."""
        return _text(self.constants, self.matrix)

    def __str__(self) -> str:
        return self.lhs

    @property
    def coefficients(self) -> tuple[int, ...]:
        """All entries of the matrix, numerator first."""
        return self.matrix[0] + self.matrix[1]

    @property
    def height(self) -> int:
        """The largest absolute value of an entry."""
        return max(map(abs, self.coefficients))

    def ball(self, digits: int) -> arb:
        """The value x as a ball of radius < 10^-digits * max(1, |x|), rigorous as far as those of the constants are.

        Raises :class:`InputError` where the denominator vanishes or cannot be told from zero.
        """
        return evaluate(self.lhs, digits)

    def value(self, digits: int) -> mpmath.mpf:
        """The value rounded to ``digits`` digits: error below 2 * 10^-digits * max(1, |x|), raising as :meth:`ball`."""
        with mpmath.workdps(digits + 1):
            return +midpoint(self.ball(digits))

    def to_sympy(self) -> Any:
        """The left-hand side as a SymPy expression, from SymPy's own functions (imports SymPy).

        Raises :class:`InputError` when SymPy has nothing for one of the constants.
        """
        symbols = []
        for name in self.constants:
            symbol = constant(name).sympy()
            if symbol is None:
                raise InputError(f"SymPy has no function for {name}: use .ball() or .value() instead")
            symbols.append(symbol)
        top, bottom = (row[0] * symbols[0] + row[1] * symbols[1] + row[2] for row in self.matrix)
        return top / bottom


AnyIdentity: TypeAlias = Identity | PairIdentity
"""What may stand on the left of a continued fraction."""


def identity_in(constants: str | Sequence[str], matrix: Sequence[Sequence[int]]) -> AnyIdentity:
    """The identity with these constants and this matrix: an :class:`Identity` wherever one constant suffices.

    ``constants`` are one or two names, or the text of a stored record.  Raises as the constructors of both kinds do.

    >>> identity_in("pi, log(2)", [[0, 0, 6], [1, 6, 0]]).lhs, identity_in("pi", [[0, 4], [1, -2]]).lhs
    ('6/(pi + 6*log(2))', '4/(pi - 2)')
    >>> identity_in(("pi", "pi^3"), [[1, 0, 0], [0, 1, 2]])
    Identity(constant='pi', matrix=((0, 0, 1, 0), (1, 0, 0, 2)))
    """
    given = constants.split(_BETWEEN) if isinstance(constants, str) else constants
    if len(given) == 1:
        return Identity(given[0], matrix)
    reduced = _reduced(given, matrix)
    return reduced if isinstance(reduced, Identity) else PairIdentity(*reduced)


def _reduced(constants: Sequence[str], matrix: Sequence[Sequence[int]]) -> Identity | tuple[Names, tuple[Row, Row]]:
    """The function in its normal form, or as an identity in one constant."""
    if isinstance(constants, str) or len(constants) != 2:
        raise InputError("an identity in two constants needs two names: give them as ('pi', 'log(2)')")
    try:
        rows = [[index(entry) for entry in row] for row in matrix]
    except TypeError:
        rows = []
    if [len(row) for row in rows] != [3, 3]:
        raise InputError("an identity in two constants needs two rows of three integers, as [[0, 0, 6], [1, 6, 0]]")
    (p, q, r), (s, t, u) = rows
    if not any((s, t, u)):
        raise InputError("the denominator is zero: give one that is not")
    if p * t == q * s and p * u == r * s and q * u == r * t:
        raise InputError("the left-hand side is rational whatever the constants are: give one that depends on them")
    names, rows = _ordered(*_of_primitive(constants, rows))
    if r == u == 0 and names[0] != names[1]:
        names, rows = _ordered(*_without_common_factor(names, rows))
    for place in (0, 1):
        if not any(row[1 - place] for row in rows):
            return Identity(names[place], [[row[place], row[2]] for row in rows])
    if _share_a_base(*names):
        return Identity.parse(_text(names, rows))
    shared = gcd(*rows[0], *rows[1])
    if next(k for k in rows[1] if k) < 0:
        shared = -shared
    (p, q, r), (s, t, u) = ([k // shared for k in row] for row in rows)
    return names, ((p, q, r), (s, t, u))


def _of_primitive(names: Sequence[str], rows: list[list[int]]) -> tuple[Names, list[list[int]]]:
    """The same function of the constants that the given ones are rational multiples of."""
    (first, above, below), (second, over, under) = map(_primitive, names)
    return (first, second), [[x * above * under, y * over * below, z * below * under] for x, y, z in rows]


def _ordered(names: Names, rows: list[list[int]]) -> tuple[Names, list[list[int]]]:
    """The same function with the constants in the order of the catalogue, the others behind by name."""
    if _place(names[1]) < _place(names[0]):
        return (names[1], names[0]), [[y, x, z] for x, y, z in rows]
    return names, rows


def _without_common_factor(names: Names, rows: list[list[int]]) -> tuple[Names, list[list[int]]]:
    """A function of c1/c2 as one of numerator and denominator of that quotient, or of the quotient alone.

    The quotient is not rational.  Radicals stand in numerators only, so that a quotient and its inverse give different pairs:
    the shorter text is taken.
    """
    first, second = names
    quotient, above, below = _primitive(f"({first})/({second})")
    inverse, over, under = _primitive(f"({second})/({first})")
    if _simplicity(inverse) < _simplicity(quotient):
        quotient, above, below, rows = inverse, over, under, [[y, x, z] for x, y, z in rows]
    rows = [[x * above, y * below, 0] for x, y, _ in rows]
    tree = parse(quotient)
    if isinstance(tree, Binary) and tree.operator == "/":
        return _of_primitive((constant_text(tree.left), constant_text(tree.right)), rows)
    return (quotient, quotient), [[x, 0, y] for x, y, _ in rows]


def _simplicity(quotient: str) -> tuple[bool, int, str]:
    tree = parse(quotient)
    return isinstance(tree, Binary) and tree.operator == "/", len(quotient), quotient


@lru_cache(maxsize=4096)
def _primitive(given: str) -> tuple[str, int, int]:
    """The constant without its rational factor, and numerator and denominator of that factor."""
    name = constant(given).name

    def arithmetic(operator: str, left: Fraction, right: Fraction) -> Fraction:
        return left * right if operator == "*" else left / right

    factor: Fraction = fold(
        parse(name),
        integer=Fraction,
        name=lambda _: Fraction(1),
        call=lambda _: Fraction(1),
        negate=lambda value: -value,
        binary=arithmetic,
        # Of the normal form of a constant, only what is no power is rational.
        power=lambda base, exponent: Fraction(1),
    )
    if factor == 1:
        return name, 1, 1
    return constant(f"({name})/({factor})").name, factor.numerator, factor.denominator


@lru_cache(maxsize=1)
def _places() -> dict[str, int]:
    return {row.name: place for place, row in enumerate(catalogue())}


def _place(name: str) -> tuple[int, str]:
    places = _places()
    return places.get(name, len(places)), name


@lru_cache(maxsize=4096)
def _share_a_base(first: str, second: str) -> bool:
    """Whether both are rational functions of one constant as their names stand, as pi and pi^2 are."""
    try:
        # Written as a sum, since a product of two constants can be a constant itself.
        Identity.parse(f"({first}) + ({second})")
    except InputError:
        return first == second
    return True


def _text(names: Names, rows: Sequence[Sequence[int]]) -> str:
    """The function as text: a form of degree 2 in which the constants then take the places of x^2 and x."""
    top, bottom = (fmpz_poly(list(row[::-1])) for row in rows)
    written = form_text((top, bottom), "x")
    factors = {"x^2": _factor(names[0]), "x": _factor(names[1])}
    return re.sub(r"x\^2|x", lambda found: factors[found[0]], written)


def _factor(name: str) -> str:
    """The name as it can stand in a product and below a fraction line."""
    return f"({name})" if re.search(r"[*/+-]", re.sub(r"\([^()]*\)", "", name)) else name
