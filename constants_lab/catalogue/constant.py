"""A constant: a name, and a ball of any number of digits.

Every value is a ball of FLINT's that contains the constant.  The evaluation is repeated at a higher precision
until the radius is as small as promised.  FLINT's precision is one global variable for all threads of a process;
a lock makes evaluations here exclude each other, but no lock here can stop other code from changing it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import mpmath
from flint import arb, ctx
from mpmath.libmp import from_man_exp

from constants_lab.catalogue.families import Status
from constants_lab.errors import InputError, NoEnclosure

__all__ = ["MAX_DIGITS", "Constant"]

MAX_DIGITS = 100_000
"""Decimal digits that may be asked of a constant."""

BITS_PER_DIGIT = 3.3219280948873626

_LOCK = RLock()
_BALLS: dict[str, tuple[int, arb]] = {}
_CACHED_BALLS = 4096


@dataclass(frozen=True, eq=False)
class Constant:
    """A real irrational number with a name; equal and hashed by that name, and pickled as it.

    ``irrational`` is ``"algebraic"``, ``"proved"`` (a proof of irrationality is known) or ``"unknown"`` (none is
    recorded here).  ``oeis`` is the number of the decimal expansion, or None; ``aliases`` are other accepted names.

    >>> from constants_lab.constants import constant
    >>> str(constant("catalan").value(30))[:14]
    '0.915965594177'
    """

    name: str
    latex: str
    description: str
    oeis: str | None
    aliases: tuple[str, ...]
    irrational: Status
    _evaluate: Callable[[], arb] = field(repr=False)
    _sympy: Callable[[Any], Any] | None = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, Constant) else NotImplemented

    def __hash__(self) -> int:
        return hash(("Constant", self.name))

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Callable[[str], Constant], tuple[str]]:
        from constants_lab.constants import constant

        return constant, (self.name,)

    def _repr_latex_(self) -> str:
        return f"${self.latex}$"

    def ball(self, digits: int) -> arb:
        """A ball that contains the constant, of radius at most 10^-digits * max(1, abs(c)).

        The most precise ball so far is kept.  Raises :class:`InputError` unless 1 <= digits <= 100,000, and
        :class:`NoEnclosure` if no precision tried was enough.

        >>> from constants_lab.constants import constant
        >>> constant("pi").ball(20).rad() < 1e-20
        True
        """
        if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MAX_DIGITS:
            raise InputError(f"digits must be an integer from 1 to {MAX_DIGITS}, not {digits!r}: choose one in range")
        with _LOCK:
            done, ball = _BALLS.get(self.name, (0, arb.nan()))
            if done < digits:
                ball = self._enclose(digits)
                if len(_BALLS) >= _CACHED_BALLS:
                    _BALLS.pop(next(iter(_BALLS)))
                _BALLS[self.name] = (digits, ball)
            return ball

    def _enclose(self, digits: int) -> arb:
        goal = int(digits * BITS_PER_DIGIT) + 2
        precision = goal + 30
        for _ in range(16):
            with ctx.workprec(precision):
                ball = self._evaluate()
                if ball.is_finite():
                    # An upper bound for the radius against a lower bound for what is allowed.
                    allowed = arb(10) ** -digits * arb.max(arb(1), ball.abs_lower())
                    if ball.rad() <= allowed:
                        return ball
                    precision += max(32, (goal - ball.rel_one_accuracy_bits()) * 5 // 4)
                else:
                    precision *= 2
        raise NoEnclosure(
            f"no ball of {digits} digits was found for {self.name} up to {precision} bits: ask for fewer digits"
        )

    def value(self, digits: int) -> mpmath.mpf:
        """The centre of a ball of ``digits`` digits (an error of at most twice 10^-digits * max(1, abs(c)))."""
        centre = self.ball(digits).mid()
        mantissa, exponent = centre.man_exp()
        precision = int(digits * BITS_PER_DIGIT) + 16
        return mpmath.mp.make_mpf(from_man_exp(int(mantissa), int(exponent), precision, "n"))

    def sympy(self) -> Any:
        """A SymPy expression for the constant from SymPy's own functions, or None where SymPy has nothing for it.

        >>> from constants_lab.constants import constant
        >>> constant("gauss").sympy()
        sqrt(2)*gamma(1/4)**2/(4*pi**(3/2))
        """
        if self._sympy is None:
            return None
        import sympy

        return self._sympy(sympy)
