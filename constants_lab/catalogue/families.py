"""Families of constants: functions at rational arguments, such as ``zeta(3)`` or ``besseli_ratio(0,2)``.

A :class:`Family` knows where it is defined, where its values are rational (those are refused: they are no
constants to search for), how to evaluate itself as a ball at the current FLINT precision, and how to write itself
in LaTeX and in SymPy.  SymPy is passed in by the caller, so that it is never imported here; its expressions use
SymPy's own functions and share no code with FLINT.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from flint import arb, fmpq

from constants_lab.errors import InputError

__all__ = [
    "Arguments",
    "Family",
    "Status",
    "spell",
]

Arguments = tuple[fmpq, ...]
Status = Literal["algebraic", "proved", "unknown"]
"""``algebraic``: an irrational algebraic number; ``proved``: proved irrational; ``unknown``: no proof recorded here."""


@dataclass(frozen=True)
class Family:
    """A function of rational arguments.

    ``bounds`` limits the absolute value of numerator and denominator of each argument; ``whole`` says which
    arguments must be integers.  ``undefined`` returns why there is no real value, or None; ``rational`` returns
    the reason why the value is rational, or None, and is asked only where the function is defined.
    ``value`` gives a ball that contains the value, at the current FLINT precision.
    """

    name: str
    parameters: tuple[str, ...]
    description: str
    tex: Callable[..., str]
    value: Callable[..., arb]
    sympy: Callable[..., Any] | None
    bounds: tuple[int, ...]
    whole: tuple[bool, ...]
    undefined: Callable[[Arguments], str | None]
    rational: Callable[[Arguments], str | None]
    status: Callable[[Arguments], Status]

    @property
    def signature(self) -> str:
        """The family as it is written, for instance ``besseli_ratio(nu,x)``."""
        return f"{self.name}({','.join(self.parameters)})"

    def latex(self, arguments: Arguments) -> str:
        """LaTeX of the value at these arguments, without dollar signs."""
        return self.tex(*(_tex_rational(q) for q in arguments))

    def check(self, arguments: Arguments) -> None:
        """Raise :class:`InputError` unless the value exists and is not known to be rational."""
        self.check_defined(arguments)
        reason = self.rational(arguments)
        if reason:
            raise InputError(f"{spell(self.name, arguments)} is rational ({reason}): choose an irrational constant")

    def check_defined(self, arguments: Arguments) -> None:
        """Raise :class:`InputError` unless the arguments are in bounds and the value exists."""
        text = spell(self.name, arguments)
        if len(arguments) != len(self.parameters):
            raise InputError(
                f"{self.name} takes {len(self.parameters)} argument{'s' * (len(self.parameters) > 1)}, "
                f"not {len(arguments)}: write {self.signature}"
            )
        for q, parameter, bound, whole in zip(arguments, self.parameters, self.bounds, self.whole, strict=True):
            if max(abs(int(q.p)), int(q.q)) > bound:
                raise InputError(
                    f"{parameter} in {self.signature} is too large: keep numerator and denominator up to {bound}"
                )
            if whole and q.q != 1:
                raise InputError(f"{parameter} in {self.signature} must be an integer, not {q}: give an integer")
        reason = self.undefined(arguments)
        if reason:
            raise InputError(f"{text} has no real value, since {reason}: choose another argument")


def spell(name: str, arguments: Arguments) -> str:
    """The one spelling of a call, used as the name of the constant.

    >>> spell("log", (fmpq(6, 4),))
    'log(3/2)'
    """
    return f"{name}({','.join(map(str, arguments))})"


def _tex_rational(q: fmpq) -> str:
    sign = "-" if q < 0 else ""
    return str(q) if q.q == 1 else rf"{sign}\frac{{{abs(int(q.p))}}}{{{q.q}}}"
