"""What the steps of a certificate yield, as the checker derives it, in the terms of the rest of the program."""

from __future__ import annotations

import json
from fractions import Fraction
from math import gcd, lcm

from constants_lab.pcf import PCF
from constants_lab.proofs import checker
from constants_lab.proofs.steps import Step, flint_ratio

__all__ = ["derived", "fraction_of", "value_of"]


def derived(text: str) -> list[tuple[Step, checker.Fact]]:
    """The steps of an accepted certificate, each with the fact that it yields; raises as the checker does."""
    facts: list[checker.Fact] = []
    steps: list[Step] = json.loads(text)["steps"]
    for step in steps:
        facts.append(checker.derive(step, facts, set()))
    return list(zip(steps, facts, strict=True))


def fraction_of(fact: checker.Fact) -> PCF | None:
    """The polynomial continued fraction, with integer coefficients, that a fact is about; None for any other fact."""
    if not isinstance(fact, checker.Continued) or fact.shape.head or len(fact.shape.period) != 1:
        return None
    first, second = fact.shape.pair
    (a, under_a), (b, under_b) = flint_ratio(first), flint_ratio(second.shift(-1))
    if under_a.degree() > 0 or under_b.degree() > 0:
        return None
    a, b = a / under_a[0], b / under_b[0]
    return PCF(a.numer(), b.numer()) if a.denom() == b.denom() == 1 else None


def value_of(fact: checker.Fact) -> tuple[str, tuple[int, int, int, int]]:
    """The value that a fact states: the name of a constant c and coprime (α, β, γ, δ) for (αc + β)/(γc + δ)."""
    entries = [Fraction(entry) for entry in fact.value.matrix]
    scale = lcm(*(entry.denominator for entry in entries))
    whole = [int(entry * scale) for entry in entries]
    common = gcd(*whole)
    p, q, r, s = (entry // common for entry in whole)
    return fact.value.constant, (p, q, r, s)
