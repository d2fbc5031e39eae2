"""Plain data that travels from a worker to the database, validated on arrival.

A finding crosses process and machine borders as JSON-like data; nothing in it is code.  Large integers travel as
decimal strings inside polynomial texts and matrices, so no field is bounded by 64 bits.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from constants_lab.evidence import Evidence

__all__ = [
    "LABEL_KINDS",
    "NUMBER_LABELS",
    "Companion",
    "DynamicsRecord",
    "Finding",
    "FormulaRecord",
    "IdentityRecord",
    "LabelKind",
    "LabelRecord",
]

Kind = Literal["pcf", "signed", "field"]

LabelKind = Literal["rational", "algebraic", "euler", "known", "equivalent", "tail", "inflation", "family"]

LABEL_KINDS: tuple[LabelKind, ...] = get_args(LabelKind)
"""Every kind of label, in the order in which the labels of a formula are shown."""

NUMBER_LABELS: tuple[LabelKind, ...] = ("rational", "algebraic")
"""The kinds that say which number the value is: a formula with such a label has a name."""


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
    blind_delta: float | None = None
    log_denominator: float | None = None
    factorial_reduction: bool | None = None
    growth: float | None = None
    linear_growth: float | None = None
    residual: float | None = None
    nilpotent: float | None = None


class IdentityRecord(_Record):
    """The claim "value = lhs" and what supports it.

    ``constant`` is the catalogue name, ``matrix`` the rows of numerator and denominator (highest power first)
    as decimal strings, ``lhs`` the text that :mod:`constants_lab.expressions` parses.
    """

    constant: str = Field(min_length=1)
    matrix: list[list[str]]
    lhs: str = Field(min_length=1)
    evidence: Evidence


class LabelRecord(_Record):
    """What is known of a formula besides identities; ``detail`` is text for people, of any length.

    =============  =====================================================================
    kind           detail
    =============  =====================================================================
    rational       the number that the value is, such as ``7/3``
    algebraic      the number that the value is, such as ``root of x^3 - 2``
    euler          the series into which the fraction telescopes
    known          the published formula that it is, and where it was published
    equivalent     the known formula with the same class key, and how the two are related
    tail           the formula of which it is a tail
    inflation      the formula of which it is an inflation
    family         the known infinite family that it belongs to
    =============  =====================================================================
    """

    kind: LabelKind
    detail: str = Field(min_length=1)


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

    ``labels`` are added to those that the formula has; the order and repeats do not matter.

    ``companions`` are formulas related to the one found; each is stored as a formula of its own.
    """

    index: int = Field(ge=0)
    formula: FormulaRecord
    identities: list[IdentityRecord] = []
    evidence: Evidence | None = None
    dynamics: DynamicsRecord | None = None
    labels: list[LabelRecord] = []
    companions: list[Companion] = []
