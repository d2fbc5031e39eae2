"""What the steps of a certificate yield, as the checker derives it, in the terms of the rest of the program."""

from __future__ import annotations

import json
from typing import Any

from flint import fmpz_poly

from constants_lab.pcf import PCF
from constants_lab.proofs import checker

__all__ = ["Step", "derived", "fraction_of", "value_of"]

Step = dict[str, Any]


def derived(text: str) -> list[tuple[Step, checker.Fact]]:
    """The steps of an accepted certificate, each with the fact that it yields; raises as the checker does."""
    facts: list[checker.Fact] = []
    steps: list[Step] = json.loads(text)["steps"]
    for step in steps:
        facts.append(checker.derive(step, facts, set()))
    return list(zip(steps, facts, strict=True))


def fraction_of(fact: checker.Fact) -> PCF | None:
    """The polynomial continued fraction that a fact is about; None for a series and for other fractions."""
    if not isinstance(fact, checker.Continued):
        return None
    return PCF(fmpz_poly(list(fact.a.top)), fmpz_poly(list(fact.b.top)))


def value_of(fact: checker.Fact) -> tuple[str, tuple[int, int, int, int]]:
    """The value that a fact states: the name of a constant c and (α, β, γ, δ) for (αc + β)/(γc + δ)."""
    return fact.value.constant, fact.value.matrix
