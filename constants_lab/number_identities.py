"""Identities "x = N(c)/D(c)" in a number c that is itself a formula in several constants, such as phi + sqrt(2).

Searches for signed continued fractions take any number.  What they find of a rational function of one constant is an
:class:`constants_lab.expressions.Identity`; of other numbers it is a :class:`NumberIdentity`, which has what is needed to
verify it: text, balls, and the integers that chance has to be paid for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, fmpz_poly

from constants_lab.errors import InputError
from constants_lab.expressions import evaluate
from constants_lab.formula.rational_forms import form_text, integer_rows, lowest_terms
from constants_lab.pair_identities import AnyIdentity, identity_in

__all__ = ["NumberIdentity", "identity_of"]


@dataclass(frozen=True)
class NumberIdentity:
    """The left-hand side N(c)/D(c): a number c, and the coefficients of N and D, highest power first.

    N/D is kept as it is given: searches give it in lowest terms.

    Raises :class:`InputError` for a number that cannot be read, rows that are not two of the same length, entries that are not
    integers, D = 0, and N/D rational.

    >>> NumberIdentity("pi + e", [[0, -8], [-2, 4]]).lhs
    '8/(2*(pi + e) - 4)'
    """

    constant: str
    matrix: tuple[tuple[int, ...], ...]

    def __init__(self, constant: str, matrix: Sequence[Sequence[int]]) -> None:
        rows = integer_rows(matrix)
        evaluate(constant, 20)
        top, bottom = lowest_terms(*(fmpz_poly(row[::-1]) for row in rows))
        if max(top.degree(), bottom.degree()) < 1:
            raise InputError(f"the left-hand side is rational whatever {constant} is: give one that depends on it")
        object.__setattr__(self, "constant", constant)
        object.__setattr__(self, "matrix", tuple(map(tuple, rows)))

    @property
    def lhs(self) -> str:
        """The left-hand side as text that :func:`constants_lab.expressions.evaluate` reads."""
        top, bottom = (fmpz_poly(list(row[::-1])) for row in self.matrix)
        return form_text((top, bottom), self.constant)

    @property
    def coefficients(self) -> tuple[int, ...]:
        """All entries of the matrix, numerator first."""
        return self.matrix[0] + self.matrix[1]

    def ball(self, digits: int) -> arb:
        """The value x as a ball of radius < 10^-digits * max(1, |x|), rigorous as far as those of the constants are.

        Raises :class:`InputError` where the denominator vanishes or cannot be told from zero.
        """
        return evaluate(self.lhs, digits)


def identity_of(number: str, matrix: Sequence[Sequence[int]]) -> AnyIdentity | NumberIdentity:
    """What a stored record claims of a signed fraction, raising :class:`InputError` as the constructors do.

    >>> identity_of("pi", [[0, 4], [1, -2]]).lhs, identity_of("phi + sqrt(2)", [[1, 1], [0, 1]]).lhs
    ('4/(pi - 2)', '(phi + sqrt(2)) + 1')
    """
    try:
        return identity_in(number, matrix)
    except InputError:
        return NumberIdentity(number, matrix)
