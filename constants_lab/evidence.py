"""The ladder of evidence: what is claimed of an identity, and the record that allows the claim.

Implementation overview.  A level is never a matter of opinion: :func:`significance` counts the decimal digits
that agree beyond what chance could give, given how large the integers of the left-hand side are and how many
candidates and left-hand sides were tried.  An identity may carry the level ``verified`` only with a
:class:`Evidence` record whose significance is at least :data:`REQUIRED_SIGNIFICANCE`.  The count is a heuristic
(it treats a wrong value as a random real), so ``verified`` is numeric evidence and not a proof.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from constants_lab.errors import InputError

__all__ = [
    "ACCELERATED_DIGITS",
    "REQUIRED_DIGITS",
    "REQUIRED_SIGNIFICANCE",
    "Evidence",
    "Level",
    "height_cost",
    "significance",
]

REQUIRED_DIGITS = 100
"""Decimal digits that must agree for ``verified``."""

ACCELERATED_DIGITS = 50
"""The same where only convergence acceleration reaches the value; such evidence is marked."""

REQUIRED_SIGNIFICANCE = 20.0
"""Decimal digits that must be left after every chance has been paid for."""


class Level(StrEnum):
    """A rung of the ladder.  ``refuted`` stands outside the order: it is below everything."""

    REFUTED = "refuted"
    SCREENED = "screened"
    VERIFIED = "verified"
    ENCLOSED = "enclosed"
    PROVED = "proved"

    @property
    def rank(self) -> int:
        """Position on the ladder, 0 for ``refuted`` up to 4 for ``proved``.

        >>> Level("verified").rank > Level("screened").rank
        True
        """
        return list(Level).index(self)

    @classmethod
    def parse(cls, text: str) -> Level:
        """The level of that name; raises :class:`InputError` naming the levels."""
        try:
            return cls(text)
        except ValueError:
            names = ", ".join(level.value for level in cls)
            raise InputError(f"no evidence level is called {text!r}: use one of {names}") from None


class Evidence(BaseModel):
    """The record of one run that supports (or refutes) an identity.

    ``digits`` are agreeing decimal digits, ``depth`` is the index of the deepest convergent used, ``seconds``
    is wall time, ``significance`` is the output of :func:`significance`; ``accelerated`` marks a value that
    direct convergents do not reach.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level
    method: str = Field(min_length=1)
    version: str
    digits: int = Field(ge=0)
    depth: int | None = None
    seconds: float = Field(ge=0)
    significance: float | None = None
    accelerated: bool = False
    detail: str = ""


def height_cost(coefficients: Iterable[int]) -> float:
    """Decimal digits that the integers of a left-hand side could buy by chance: sum of log10(2|k| + 1)."""
    return sum(math.log10(2 * abs(k) + 1) for k in coefficients)


def significance(digits: int, coefficients: Iterable[int], trials: int = 1) -> float:
    """Agreeing digits beyond chance: ``digits - sum log10(2|k|+1) - log10(trials)``.

    ``coefficients`` are the integers of the left-hand side; ``trials`` counts candidates times left-hand sides
    tried (a Python integer of any size, at least 1).

    >>> round(significance(100, [0, 4, 1, -2], 10**12), 2)
    85.87
    """
    if trials < 1:
        raise InputError("trials must be at least 1")
    return digits - height_cost(coefficients) - math.log10(trials)
