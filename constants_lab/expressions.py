"""Formulas with constants in them: their values as balls, and identities "x = (rational function of one constant)".

Implementation overview.  Text is read by :mod:`constants_lab.syntax`, which runs nothing.  :func:`evaluate` walks the
tree in ball arithmetic and starts again at a higher precision until the ball is small enough; every value is
therefore rigorous as far as the values of the constants are (:mod:`constants_lab.constants`).  An :class:`Identity`
is exact data (a catalogue name and an integer matrix in a normal form), so that equal identities are equal objects;
it is written as text that :meth:`Identity.parse` and :func:`evaluate` read back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import mpmath
from flint import arb, ctx, fmpz_poly

from constants_lab import constants
from constants_lab.errors import InputError
from constants_lab.formula.constant_forms import constant_text, read_constant_form, standard_form
from constants_lab.formula.rational_forms import Form, form_latex, form_text, integer_rows, lowest_terms
from constants_lab.syntax import Call, Name, Node, fold, parse, quoted

__all__ = ["MAX_VALUE_BITS", "MAX_VALUE_DIGITS", "Identity", "evaluate"]

MAX_VALUE_DIGITS = 100_000
"""Most decimal digits that a value may be asked for."""

MAX_VALUE_BITS = 1_000_000
"""Bits before the binary point that a value may have, so that it can be written down."""


class _Undecided(Exception):
    """At this precision the value cannot be bounded; the text says what a user should hear if none suffices."""


def evaluate(formula: str | Node, digits: int) -> arb:
    """The value x of a formula, as a ball of radius < 10^-digits * max(1, |x|) (rigorous).

    Names and calls are those that :func:`constants_lab.constants.constant` knows; a call that is rational (sqrt(4)) is
    refused there.

    Raises :class:`InputError` for a formula that cannot be read, an unknown name, a division by zero (or by something
    that cannot be told from zero), the root of a negative number, a value above 2^:data:`MAX_VALUE_BITS`, and digits
    outside 1..:data:`MAX_VALUE_DIGITS`.

    >>> evaluate("4/(pi - 2)", 30).str(20, radius=False)
    '3.5038767877682173224'
    """
    tree = parse(formula) if isinstance(formula, str) else formula
    described = quoted(formula) if isinstance(formula, str) else "the formula"
    return _refine(lambda _: _ball(tree), digits, described)


def _refine(compute: Callable[[int], arb], digits: int, described: str) -> arb:
    """``compute`` at growing precision until the radius is < 10^-digits * max(1, |x|)."""
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MAX_VALUE_DIGITS:
        raise InputError(f"digits must be an integer from 1 to {MAX_VALUE_DIGITS}, not {str(digits)[:20]}")
    prec = digits * 3322 // 1000 + 40
    # Integers of the longest kind a formula may hold cancel some 2,700 bits against a constant; beyond that a
    # difference that still contains zero is taken for zero.
    limit = 4 * prec + 4096
    while True:
        with ctx.workprec(prec):
            problem = "its value could not be bounded"
            try:
                value = compute(prec)
            except _Undecided as undecided:
                problem = str(undecided)
            else:
                if value.is_finite() and value.abs_lower() > arb(2) ** MAX_VALUE_BITS:
                    raise InputError(f"the value of {described} is above 2^{MAX_VALUE_BITS}: use smaller numbers")
                if value.is_finite() and value.rad() * arb(10) ** digits < arb.max(arb(1), value.abs_lower()):
                    return value
        if prec >= limit:
            raise InputError(f"cannot evaluate {described} to {digits} digits: {problem}")
        prec = min(2 * prec, limit)


def _ball(tree: Node) -> arb:
    def named(node: Name | Call) -> arb:
        return constants.named_value(constant_text(node))

    def binary(operator: str, left: arb, right: arb) -> arb:
        if operator == "+":
            return left + right
        if operator == "-":
            return left - right
        return left * right if operator == "*" else left / _not_zero(right)

    def power(base: arb, exponent: Fraction) -> arb:
        if exponent < 0:
            base = 1 / _not_zero(base)
        k, root = abs(exponent.numerator), exponent.denominator
        if root > 1:
            if base < 0:
                raise InputError("the formula takes a root of a negative number: only real values are computed")
            if not base.is_zero() and not base > 0:
                raise _Undecided("it takes a root of what cannot be told from zero, so rewrite it")
            base = base.root(root)
        return base**k

    return fold(
        tree,
        integer=arb,
        name=lambda name: named(Name(name)),
        call=named,
        negate=lambda x: -x,
        binary=binary,
        power=power,
    )


def _not_zero(divisor: arb) -> arb:
    if divisor.is_zero():
        raise InputError("the formula divides by zero: remove that division")
    if divisor.contains(0):
        raise _Undecided("it divides by what cannot be told from zero, so rewrite it")
    return divisor


@dataclass(frozen=True)
class Identity:
    """The left-hand side N(c)/D(c): a constant c, and the coefficients of N and D, highest power first.

    For two columns, ``[[a, b], [g, d]]`` means (a*c + b)/(g*c + d).  The matrix is put in a normal form, so that
    equality of identities is equality of rational functions in c: N and D have no common factor, the gcd of all
    entries is 1, the first entry of the second row that is not zero is positive, no column in front is zero in both
    rows, and the constant is the one that :func:`constants_lab.formula.constant_forms.standard_form` chooses (pi for 2*pi, e^2
    where only even powers of e occur).

    Raises :class:`InputError` for an unknown constant, rows that are not two of the same length >= 2, entries that
    are not integers, D = 0, and N/D rational (for two columns: determinant zero).

    >>> Identity("pi", [[0, -8], [-2, 4]]).matrix
    ((0, 4), (1, -2))
    >>> Identity("pi", [[0, -8], [-2, 4]]) == Identity.parse("4/(pi - 2)")
    True
    """

    constant: str
    matrix: tuple[tuple[int, ...], ...]

    def __init__(self, constant: str, matrix: Sequence[Sequence[int]]) -> None:
        top, bottom = (fmpz_poly(row[::-1]) for row in integer_rows(matrix))
        self._normalise(constant, lowest_terms(top, bottom))

    def _normalise(self, name: str, form: Form) -> None:
        name, (top, bottom) = standard_form(name, form)
        width = max(top.degree(), bottom.degree()) + 1
        if width < 2:
            raise InputError(f"the left-hand side is rational whatever {name} is: give one that depends on {name}")
        rows = tuple(tuple(int(p[k]) for k in range(width - 1, -1, -1)) for p in (top, bottom))
        object.__setattr__(self, "constant", name)
        object.__setattr__(self, "matrix", rows)

    @classmethod
    def parse(cls, text: str) -> Identity:
        """The identity whose left-hand side is ``text``: a rational function over Q of exactly one constant.

        >>> Identity.parse("(zeta(3)^2 + 1)/(zeta(3) - 3)").matrix
        ((1, 0, 1), (0, 1, -3))

        Raises :class:`InputError` when the text cannot be read, is no such function, or is rational.
        """
        name, form = read_constant_form(parse(text), text)
        identity = cls.__new__(cls)
        identity._normalise(name, form)
        return identity

    @cached_property
    def _form(self) -> Form:
        top, bottom = self.matrix
        return fmpz_poly(list(top[::-1])), fmpz_poly(list(bottom[::-1]))

    @property
    def lhs(self) -> str:
        """The left-hand side as text, which :meth:`parse` reads back to an equal identity: ``"4/(pi - 2)"``."""
        return form_text(self._form, self.constant)

    def __str__(self) -> str:
        return self.lhs

    def __reduce__(self) -> tuple[Any, ...]:
        # FLINT's types, which the cache holds, do not travel between processes.
        return Identity, (self.constant, self.matrix)

    def latex(self) -> str:
        r"""The left-hand side as LaTeX, for example ``\frac{4}{\pi - 2}``."""
        return form_latex(self._form, constants.constant(self.constant).latex)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    @property
    def degree(self) -> int:
        """The larger of the degrees of numerator and denominator; 1 for a Möbius transformation of the constant."""
        return len(self.matrix[0]) - 1

    @property
    def coefficients(self) -> tuple[int, ...]:
        """All entries of the matrix, numerator first."""
        return self.matrix[0] + self.matrix[1]

    @property
    def height(self) -> int:
        """The largest absolute value of an entry."""
        return max(map(abs, self.coefficients))

    def apply(self, value: Any) -> Any:
        """N(value)/D(value) in the arithmetic of ``value`` (Fraction, mpf, arb, SymPy expression …), by Horner's rule.

        >>> Identity("pi", [[0, 4], [1, -2]]).apply(Fraction(22, 7))
        Fraction(7, 2)

        Raises ZeroDivisionError, or what that arithmetic does instead, where D(value) = 0.
        """
        if isinstance(value, int):
            value = Fraction(value)
        top, bottom = 0 * value, 0 * value
        for numerator, denominator in zip(*self.matrix, strict=True):
            top, bottom = top * value + numerator, bottom * value + denominator
        return top / bottom

    def inverse(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The matrix of c in terms of x = (a*c + b)/(g*c + d), in the same normal form.

        >>> Identity("pi", [[0, 4], [1, -2]]).inverse()
        ((2, 4), (1, 0))

        Raises :class:`InputError` when the degree is above 1: there is then no unique inverse.
        """
        if self.degree != 1:
            raise InputError(f"{quoted(self.lhs)} has degree {self.degree}: only degree 1 can be inverted")
        (a, b), (g, d) = self.matrix
        sign = -1 if -g < 0 or (g == 0 and a < 0) else 1
        return (sign * d, -sign * b), (-sign * g, sign * a)

    def to_sympy(self) -> Any:
        """The left-hand side as a SymPy expression, from SymPy's own functions (imports SymPy).

        Raises :class:`InputError` when SymPy has nothing for the constant.
        """
        symbol = constants.constant(self.constant).sympy()
        if symbol is None:
            raise InputError(f"SymPy has no function for {self.constant}: use .ball() or .value() instead")
        top, bottom = (sum(entry * symbol**k for k, entry in enumerate(reversed(row)) if entry) for row in self.matrix)
        return top / bottom

    def ball(self, digits: int) -> arb:
        """The value x as a ball of radius < 10^-digits * max(1, |x|), rigorous as far as the constant's is.

        Raises :class:`InputError` where the denominator vanishes or cannot be told from zero.
        """
        source = constants.constant(self.constant)
        numerator, denominator = (row for row in self.matrix)

        def horner(row: tuple[int, ...], c: arb) -> arb:
            total = arb(0)
            for entry in row:
                total = total * c + entry
            return total

        def compute(prec: int) -> arb:
            c = source.ball(prec * 301 // 1000 + 1)
            return horner(numerator, c) / _not_zero(horner(denominator, c))

        return _refine(compute, digits, quoted(self.lhs))

    def value(self, digits: int) -> mpmath.mpf:
        """The value rounded to ``digits`` digits: error below 2 * 10^-digits * max(1, |x|), raising as :meth:`ball`."""
        mantissa, exponent = self.ball(digits).mid().man_exp()
        with mpmath.workdps(digits + 1):
            return mpmath.mpf((int(mantissa), int(exponent)))
