"""Sieve: which continued fractions of a space have the arithmetic of periods, whatever constant they may be?

Implementation overview.  No constant is named.  Stage one asks for nilpotence modulo the primes 11 ... 71
(:mod:`constants_lab.reduction`), for boxes as a sieve over residue classes (:mod:`constants_lab.search.kernels.residues`).
What passes for a trivial reason (finite, inflated, void, equivalent to another member) is taken out by exact tests; stage two
asks for the growth of p-adic valuations that full factorial reduction has.  :func:`confirm` computes the value and the true
growth of the denominators, names the value by integer relations with the whole catalogue, and says what else is known: the
series of the Euler family, and published formulas.  What has no name is stored all the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpz_poly
from pydantic import BaseModel, ConfigDict, Field, model_validator

from constants_lab.balls import decimal
from constants_lab.constants import catalogue
from constants_lab.db.records import Finding, IdentityRecord, LabelRecord
from constants_lab.dynamics import measure, simple_rational
from constants_lab.errors import InputError, NotConverging, VerificationFailed
from constants_lab.euler import EulerForm, QuadraticEulerForm, euler_form, value_of_divergent
from constants_lab.evaluation import Evaluation
from constants_lab.evidence import REQUIRED_SIGNIFICANCE, significance
from constants_lab.expressions import Identity
from constants_lab.identification import identify
from constants_lab.known import Relationship, relation_to_known
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients
from constants_lab.reduction import reduction_rate
from constants_lab.search.job import Screened
from constants_lab.search.pcf_records import dynamics_record, formula_record, identity_record
from constants_lab.search.space import MAX_BOX_DEGREE, Range, coefficient_ranges, parse_range
from constants_lab.triviality import apparent_factors, is_inflated, is_void
from constants_lab.verification import agreement, evidence_for

__all__ = ["FULL_REDUCTION", "Candidate", "Spec", "confirm", "describe", "reconfirm", "screen", "space"]

FULL_REDUCTION = 0.7
"""Least growth of valuations, in units of the full one.  Measured: half reduction gives 0.5, full reduction 0.75 and more
(docs/sieve.md)."""

MAX_BOUND = 10_000
_DIGITS = 110
_MAX_HOURS = 24.0
_MAX_BYTES = 4e9


class Spec(BaseModel):
    """What to search: a box (exact degrees; a bound for all coefficients, or ranges) or a family (a, b, ranges of symbols).

    A range of a box holds for every coefficient; a list gives one a coefficient, highest degree first.  ``split`` keeps the b
    that split over Q.  ``force`` allows degrees for which theorems say all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    a_degree: int | None = Field(default=None, ge=0, le=MAX_BOX_DEGREE, strict=True)
    b_degree: int | None = Field(default=None, ge=0, le=MAX_BOX_DEGREE, strict=True)
    bound: int | None = Field(default=None, ge=1, le=MAX_BOUND, strict=True)
    a_range: str | list[str] | None = None
    b_range: str | list[str] | None = None
    a: str | None = None
    b: str | None = None
    ranges: dict[str, str] = {}
    split: bool = False
    force: bool = False
    allow_large: bool = False

    @model_validator(mode="after")
    def _one_shape(self) -> Spec:
        box = (self.a_degree, self.b_degree, self.bound, self.a_range, self.b_range)
        if self.a is not None or self.b is not None or self.ranges:
            if any(x is not None for x in box):
                raise InputError("give either degrees with a bound (a box) or formulas a and b with --range (a family)")
            if self.a is None or self.b is None:
                raise InputError("a family needs both formulas: give a and b")
            if self.split:
                raise InputError("split is for boxes: a family has the b that its formula says")
        elif self.a_degree is None or self.b_degree is None:
            raise InputError("a box needs a-degree and b-degree (or give formulas a and b)")
        elif self.bound is None and (self.a_range is None or self.b_range is None):
            raise InputError("a box needs a bound for its coefficients, or a-range and b-range")
        elif self.bound is not None and self.a_range is not None and self.b_range is not None:
            raise InputError("a bound and both ranges say the same twice: leave the bound out, or one of the ranges")
        return self

    def box_ranges(self, which: str) -> list[Range]:
        """The ranges of the coefficients of a or b, highest degree first."""
        degree = self.a_degree if which == "a" else self.b_degree
        given = self.a_range if which == "a" else self.b_range
        assert degree is not None
        if given is None:
            assert self.bound is not None
            return [(-self.bound, self.bound)] * (degree + 1)
        return coefficient_ranges(which, degree, given)


class SieveSpace:
    """The members of a box or family; candidates are numbered 0 .. size - 1."""

    def __init__(self, spec: Spec) -> None:
        # Numba is slow to import, and listing jobs needs none of it.
        from constants_lab.search.sieve_boxes import SieveBox
        from constants_lab.search.sieve_families import SieveFamily

        self.spec = spec
        self.ranges: tuple[tuple[Range, ...], tuple[Range, ...]] | None = None
        self.members: SieveBox | SieveFamily
        if spec.a is not None and spec.b is not None:
            self.members = SieveFamily(spec.a, spec.b, {k: parse_range(v) for k, v in spec.ranges.items()})
            degrees = self.members.degrees
        else:
            degrees = spec.a_degree or 0, spec.b_degree or 0
            _refuse_degrees(spec, degrees)
            self.members = SieveBox(spec.box_ranges("a"), spec.box_ranges("b"), spec.split, spec.allow_large)
            self.ranges = self.members.ranges
        _refuse_degrees(spec, degrees)
        self.size = self.members.size
        if self.size >= 2**62:
            raise InputError(
                f"the space has {self.size:.3e} candidates, more than an index can number: make it smaller"
            )
        hours, gigabytes = self.expected_seconds / 3600, self.members.expected_bytes / 1e9
        if not spec.allow_large and (hours > _MAX_HOURS or self.members.expected_bytes > _MAX_BYTES):
            otherwise = "" if spec.split or spec.a is not None else "try --split, "
            raise InputError(
                f"{self.size:.2e} candidates would take about {hours:,.0f} hours on one core and {gigabytes:.1f} GB in each "
                f"worker: make the space smaller, {otherwise}or say --allow-large"
            )

    @property
    def block_size(self) -> int:
        """Candidates best screened together."""
        return self.members.block_size

    @property
    def expected_seconds(self) -> float:
        """A rough estimate of the time on one core (numeric)."""
        return self.members.expected_seconds

    @property
    def trials(self) -> int:
        """Candidates: an upper bound of the numbers that are compared with the catalogue."""
        return self.size


def _refuse_degrees(spec: Spec, degrees: tuple[int, int]) -> None:
    if degrees[1] > 2 * degrees[0] + 2 and spec.a is None:
        raise InputError(
            f"continued fractions of degrees {degrees} all diverge: take a degree of b up to {2 * degrees[0] + 2}"
        )
    if degrees[0] <= 1 and degrees[1] <= 2 and not spec.force:
        raise InputError(
            f"continued fractions of degrees {degrees} are quotients of hypergeometric functions (Gauss, Kummer) by theorem, "
            "so there is nothing to discover: take larger degrees, or say --force"
        )


def space(spec: Spec) -> SieveSpace:
    """The space of ``spec``; raises :class:`InputError` for empty, too large or pointless ones."""
    return SieveSpace(spec)


@dataclass(frozen=True)
class Candidate:
    """A survivor of stages one and two: PCF(a, b) with the growth of valuations; coefficients highest degree first."""

    index: int
    a: tuple[int, ...]
    b: tuple[int, ...]
    rate: float
    trials: int


def screen(space: SieveSpace, start: int, stop: int) -> Screened:
    """The candidates among start..stop-1 that pass stages one and two."""
    from constants_lab.search.kernels.valuations import QUICK_PRIMES, may_reduce

    counters: dict[str, int] = dict.fromkeys(("finite", "divergent", "inflated", "void", "equivalent", "half"), 0)
    quick = np.array(QUICK_PRIMES, np.int64)
    candidates = []
    for survivor in space.members.survivors(start, stop, counters):
        a, b = fmpz_poly(list(survivor.a[::-1])), fmpz_poly(list(survivor.b[::-1]))
        apparent = apparent_factors(a, b)
        twice = max(2 * a.degree(), b.degree()) - 2 * sum(factor.degree() for factor in apparent)
        # The quickest test first: families may be full of members that pass stage one for nothing.
        if not may_reduce(np.array(survivor.a, np.int64), np.array(survivor.b, np.int64), quick, twice):
            counters["half"] += 1
            continue
        reason = _trivial(space, a, b)
        if reason is not None:
            counters[reason] += 1
            continue
        rate = reduction_rate(a, b, least=FULL_REDUCTION, apparent=apparent)
        if rate < FULL_REDUCTION:
            counters["half"] += 1
            continue
        candidates.append(Candidate(survivor.index, survivor.a, survivor.b, rate, space.trials))
    return Screened(candidates, counters | {"candidates": len(candidates)})


def _trivial(space: SieveSpace, a: fmpz_poly, b: fmpz_poly) -> str | None:
    """Why a member passes stage one for nothing, or need not be looked at; None for genuine ones."""
    pcf = PCF(a, b)
    regime = pcf.asymptotics.regime
    if regime in ("finite", "divergent"):
        return regime
    if is_inflated(a, b):
        return "inflated"
    form = pcf.canonical()
    if form != pcf and space.ranges is not None and _inside(form, space.ranges):
        return "equivalent"
    return "void" if is_void(a, b) else None


def _inside(pcf: PCF, ranges: tuple[tuple[Range, ...], tuple[Range, ...]]) -> bool:
    return all(
        low <= c <= high
        for p, of_p in zip((pcf.a, pcf.b), ranges, strict=True)
        for c, (low, high) in zip(coefficients(p), of_p, strict=True)
    )


def confirm(candidate: Candidate) -> Finding | None:
    """The survivor with its value, dynamics, names and labels; None when it has no value or its denominators do not collapse.

    A value from two depths, 110 digits where they can be had, is compared with Möbius images of every constant of the
    catalogue, and every hit with a ball of the left-hand side; the rule of the ladder decides
    (:mod:`constants_lab.verification`).
    """
    pcf = PCF(candidate.a, candidate.b).canonical()
    found = _examined(pcf, candidate.trials)
    return None if found is None else found.model_copy(update={"index": candidate.index})


def reconfirm(space: SieveSpace, finding: Finding) -> Finding | None:
    """The finding made anew from its index alone; None when that leads to another formula, or to one that stage two drops."""
    pcf = space.members[finding.index]
    if pcf.canonical().key != finding.formula.exact_key or _trivial(space, pcf.a, pcf.b) is not None:
        return None
    rate = reduction_rate(pcf.a, pcf.b, least=FULL_REDUCTION, apparent=apparent_factors(pcf.a, pcf.b))
    if rate < FULL_REDUCTION:
        return None
    return confirm(Candidate(finding.index, coefficients(pcf.a), coefficients(pcf.b), rate, space.trials))


@lru_cache(maxsize=1024)
def _examined(pcf: PCF, trials: int) -> Finding | None:
    started = perf_counter()
    try:
        value = pcf.evaluate(_DIGITS)
    except NotConverging:
        return None
    dynamics = measure(pcf, value=value)
    if dynamics.factorial_reduction is False:
        return None
    form = euler_form(pcf.a, pcf.b)
    labels = [] if form is None else [LabelRecord(kind="euler", detail=form.series())]
    rational = _rational(pcf, value, form, trials)
    record = formula_record(pcf, value)
    identities: list[IdentityRecord] = []
    if rational is not None:
        labels.insert(0, rational)
        if rational.detail == "0":
            # The digits of a convergent that tends to 0 mean nothing.
            record = record.model_copy(update={"value": "0"})
    else:
        identities, named = _names(value, trials, started)
        labels += named
    known = relation_to_known(pcf)
    if known is not None:
        labels.append(_known(known))
        if not identities and rational is None:
            identities = _value_of_known(pcf, value, known, trials, started)
    return Finding(index=0, formula=record, identities=identities, dynamics=dynamics_record(dynamics), labels=labels)


def _rational(
    pcf: PCF, value: Evaluation, form: EulerForm | QuadraticEulerForm | None, trials: int
) -> LabelRecord | None:
    """The rational number that the value is: exactly where a series of Euler diverges, else by its digits, beyond chance."""
    exact = value_of_divergent(form, pcf.a, pcf.b) if isinstance(form, EulerForm) else None
    if exact is not None:
        return LabelRecord(kind="rational", detail=str(exact))
    digits = min(value.digits, _DIGITS) - 2
    found = simple_rational(value.value, digits)
    if found is None and value.value.mid() < arb(10) ** -digits and value.value.mid() > -(arb(10) ** -digits):
        found = fmpq(0)
    if found is None:
        return None
    beyond = significance(digits, (int(found.numer()), int(found.denom())), trials)
    return LabelRecord(kind="rational", detail=str(found)) if beyond >= REQUIRED_SIGNIFICANCE else None


def _names(value: Evaluation, trials: int, started: float) -> tuple[list[IdentityRecord], list[LabelRecord]]:
    digits = min(value.digits, _DIGITS)
    try:
        answers = identify(decimal(value.value, digits), trials=trials)
    except InputError:
        # Too few digits to tell a name from chance.
        return [], []
    algebraic = [answer for answer in answers if answer.kind == "algebraic"]
    if algebraic:
        answers = algebraic
    labels = [LabelRecord(kind="algebraic", detail=answer.lhs) for answer in algebraic]
    verified = _verified([a.identity for a in answers if a.identity is not None], value, trials, started)
    # All names of one irrational number are images of each other: the simplest, which comes first, says it all.
    return verified[:1], labels


def _known(known: Relationship) -> LabelRecord:
    kind = "equivalent" if known.kind == "extension" else known.kind
    return LabelRecord(kind=kind, detail=f"{known.detail} ({known.formula.source})")


def _value_of_known(
    pcf: PCF, value: Evaluation, known: Relationship, trials: int, started: float
) -> list[IdentityRecord]:
    """The value as the known formula says it; raises :class:`VerificationFailed` when the digits say otherwise."""
    if known.lhs is None:
        return []
    try:
        identity = Identity.parse(known.lhs)
        agreed = agreement(value, identity, value.digits)
    except InputError:
        # Not a function of one constant.
        return []
    if agreed < value.digits - 5:
        raise VerificationFailed(f"{pcf} is not {known.lhs}, as the known formula {known.formula} would have it")
    return _verified([identity], value, trials, started)


def _verified(claims: list[Identity], value: Evaluation, trials: int, started: float) -> list[IdentityRecord]:
    chance = math.log10(trials * len(catalogue()))
    records = []
    for identity in claims:
        evidence = evidence_for(value, identity, _DIGITS, chance, started)
        if evidence is not None:
            records.append(identity_record(identity, evidence))
    return records


def describe(spec: dict[str, Any]) -> str:
    """One line that says what a stored specification searches."""
    if spec.get("a"):
        ranges = ", ".join(f"{k}={v}" for k, v in spec["ranges"].items())
        return f"factorial reduction; a = {spec['a']}, b = {spec['b']}, {ranges}"
    kind = "only b that split over Q" if spec["split"] else "full"
    where = [f"deg {x} = {spec[f'{x}_degree']} in {_range_text(spec, x)}" for x in ("a", "b")]
    return f"factorial reduction ({kind}); {', '.join(where)}"


def _range_text(spec: dict[str, Any], which: str) -> str:
    given = spec[f"{which}_range"]
    return f"-{spec['bound']}..{spec['bound']}" if given is None else str(given)
