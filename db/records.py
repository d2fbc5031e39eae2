"""Plain data that travels from a worker to the database, validated on arrival.

A finding crosses process and machine borders as JSON-like data; nothing in it is code.  Large integers travel as
decimal strings inside polynomial texts and matrices, so no field is bounded by 64 bits.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from constants_lab.evidence import Evidence

__all__ = ["Companion", "DynamicsRecord", "Finding", "FormulaRecord", "IdentityRecord"]

Kind = Literal["pcf", "signed", "field"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FormulaRecord(_Record):
    """A formula without any claim about its value.

    ``a`` and ``b`` are polynomials in ``n`` as text; ``polynomials`` (in ``m``), ``signs`` and ``prefix`` belong
    to signed fractions.  ``value`` is a decimal string of 60 significant digits (numeric).
    """

    kind: Kind
    exact_key: str = Field(min_length=1)
    class_key: str | None = None
    a: str | None = None
    b: str | None = None
    signs: list[int] | None = None
    prefix: list[int] | None = None
    polynomials: list[str] | None = None
    value: str | None = None


class DynamicsRecord(_Record):
    """How a formula converges; see :mod:`constants_lab.dynamics` for the definitions."""

    regime: str
    delta: float | None = None
    delta_limit: float | None = None
    rate: float | None = None
    depth: int | None = None


class IdentityRecord(_Record):
    """The claim "value = lhs" and what supports it.

    ``constant`` is the catalogue name, ``matrix`` the rows of numerator and denominator (highest power first)
    as decimal strings, ``lhs`` the text that :mod:`constants_lab.expressions` parses.
    """

    constant: str = Field(min_length=1)
    matrix: list[list[str]]
    lhs: str = Field(min_length=1)
    evidence: Evidence


class Companion(_Record):
    """Another formula that a search met together with the one it found, and how their values are related.

    ``relation`` names the relation (such as ``contraction``).  ``matrix`` is [[α, β], [γ, δ]] in decimal strings,
    with determinant other than 0: the value of the finding's formula is (αy + β)/(γy + δ), where y is the value of
    this one.  The store checks it when the finding is recorded.
    """

    formula: FormulaRecord
    identities: list[IdentityRecord] = []
    dynamics: DynamicsRecord | None = None
    relation: str = Field(min_length=1, max_length=64)
    matrix: list[list[str]]


class Finding(_Record):
    """What a search found at one index of its space; without identities the value has no name yet.

    ``evidence`` is about the formula itself, for one whose pattern is verified though its value has no name.

    ``companions`` are formulas related to the one found; each is stored as a formula of its own.
    """

    index: int = Field(ge=0)
    formula: FormulaRecord
    identities: list[IdentityRecord] = []
    evidence: Evidence | None = None
    dynamics: DynamicsRecord | None = None
    companions: list[Companion] = []
