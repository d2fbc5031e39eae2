"""Survey: measure every continued fraction of a box by how it converges (Shalyt et al., NeurIPS 2024).

Equivalent members (the same rho(n) = b(n)/(a(n) a(n-1))) have values and convergents that differ by a rational factor, so one
of each class is measured and all are stored: at the index of the first, each with the dynamics and the value of its own.
Nothing is claimed of the values; ``clab cluster`` names them.

Members that end (b has a positive integer root) get their rational value, the divergent ones none.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from flint import arb, ctx, fmpq, fmpz_poly
from pydantic import BaseModel, ConfigDict, Field, model_validator

from constants_lab.balls import decimal
from constants_lab.canonical import class_key, exact_key
from constants_lab.db.records import Finding, FormulaRecord, LabelRecord
from constants_lab.dynamics import Dynamics
from constants_lab.errors import InputError, NotConverging, VerificationFailed
from constants_lab.evaluation import finite_value
from constants_lab.pcf import PCF
from constants_lab.polynomials import first_positive_integer_root, format_polynomial, shift
from constants_lab.regimes import asymptotics
from constants_lab.search.job import Screened
from constants_lab.search.measuring import DIGITS, measured, scaled
from constants_lab.search.pcf_records import dynamics_record
from constants_lab.search.space import MAX_BOX_DEGREE, PCFBox, coefficient_ranges

__all__ = ["Candidate", "Spec", "SurveySpace", "confirm", "describe", "reconfirm", "screen", "space"]

Coefficients = tuple[int, ...]

_SECONDS_A_MEMBER = 0.6e-3
_BYTES_A_FORMULA = 500
_MEASURED_AGAIN = 50
_MOST_HOURS = 24.0
MAX_COEFFICIENT = 10**8
"""Bound on the coefficients: equivalent members are found by their residues modulo 2^31 - 1."""
_MOST_ROWS = 20_000
"""Polynomials a in a box: each is compared with every other."""


class Spec(BaseModel):
    """The box: degrees, and a bound on all coefficients or ranges; ``depth`` is that of the measures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a_degree: int = Field(ge=0, le=MAX_BOX_DEGREE)
    b_degree: int = Field(ge=0, le=MAX_BOX_DEGREE)
    bound: int | None = Field(default=None, ge=1, le=10_000)
    a_range: str | list[str] | None = None
    b_range: str | list[str] | None = None
    depth: int = Field(default=1000, ge=100, le=20_000, multiple_of=100)
    allow_large: bool = False

    @model_validator(mode="after")
    def _one_shape(self) -> Spec:
        given = [each is not None for each in (self.a_range, self.b_range)]
        if any(given) if self.bound is not None else not all(given):
            raise InputError("give either a bound on all coefficients, or a-range and b-range")
        return self


class SurveySpace:
    """The members of a box, up to the sign of a where its ranges are symmetric."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        text = f"-{spec.bound}..{spec.bound}"
        a = coefficient_ranges("a", spec.a_degree, text if spec.a_range is None else spec.a_range)
        b = coefficient_ranges("b", spec.b_degree, text if spec.b_range is None else spec.b_range)
        if max(abs(end) for ends in (*a, *b) for end in ends) > MAX_COEFFICIENT:
            raise InputError(
                f"the coefficients of a survey are bounded by {MAX_COEFFICIENT:,}: make the ranges smaller"
            )
        self.members = PCFBox(a, b)
        self.size = self.members.size
        self.both_signs = all(low == -high for low, high in a)
        hours = self.expected_seconds / 3600
        rows = self.size // self.members.width
        if (hours > _MOST_HOURS or rows > _MOST_ROWS) and not spec.allow_large:
            raise InputError(
                f"the box has {self.formulas:.3e} continued fractions: about {hours:,.0f} hours on one core and "
                f"{self.stored_bytes / 1e9:,.0f} GB; make it smaller, or say --allow-large"
            )

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> PCF:
        return self.members[index]

    @property
    def formulas(self) -> int:
        """Members, both signs of a counted."""
        return self.size * (2 if self.both_signs else 1)

    @property
    def stored_bytes(self) -> int:
        """A rough size of what is stored."""
        return self.formulas * _BYTES_A_FORMULA

    @property
    def expected_seconds(self) -> float:
        """A rough time on one core (numeric)."""
        return self.size * _SECONDS_A_MEMBER * self.spec.depth / 1000

    @property
    def block_size(self) -> int:
        """Members of the smallest unit."""
        return 64

    @cached_property
    def tables(self) -> Any:
        """What equivalent members are found with."""
        from constants_lab.search.kernels.classes import class_tables

        return class_tables(self.members.a_rows(), self.members.b_ranges)


def space(spec: Spec) -> SurveySpace:
    """The space of ``spec``; raises :class:`InputError` for empty, reversed or too large ones."""
    return SurveySpace(spec)


@dataclass(frozen=True)
class Candidate:
    """One member (a, b) of a class, and the member ``first`` that is measured for all of it."""

    index: int
    a: Coefficients
    b: Coefficients
    first: tuple[Coefficients, Coefficients]
    depth: int


def screen(space: SurveySpace, start: int, stop: int) -> Screened:
    """The members of the classes whose first member is among start..stop-1."""
    from constants_lab.search.kernels.classes import members_of

    candidates: list[Candidate] = []
    counters: Counter[str] = Counter()
    a_rows = space.members.a_rows()
    width = space.members.width
    for block in space.members.blocks(start, stop, 1 << 16):
        for position in range(len(block.a) * len(block.b)):
            index = block.index(position)
            row, column = index // width, position % len(block.b)
            rows, others = members_of(space.tables, row, block.b[column])
            if len(rows) == 0:
                continue
            counters["classes"] += 1
            signs = (1, -1) if space.both_signs else (1,)
            pairs = [
                (tuple((sign * a_rows[r]).tolist()), tuple(b.tolist()))
                for r, b in zip(rows.tolist(), others, strict=True)
                for sign in signs
            ]
            infinite = [pair for pair in pairs if first_positive_integer_root(_polynomial(pair[1])) is None]
            first = infinite[0] if infinite else pairs[0]
            counters["finite"] += len(pairs) - len(infinite)
            counters[asymptotics(*map(_polynomial, first)).regime] += len(infinite)
            candidates += [Candidate(index, a, b, first, space.spec.depth) for a, b in pairs]
    return Screened(candidates, {**counters, "candidates": len(candidates)})


def _polynomial(row: Coefficients) -> fmpz_poly:
    return fmpz_poly(list(row)[::-1])


_measured = lru_cache(maxsize=8)(measured)


def confirm(candidate: Candidate) -> Finding:
    """The member with its dynamics, its value to 60 digits where it has one, and what number that is if it is a simple one."""
    a, b = _polynomial(candidate.a), _polynomial(candidate.b)
    label: tuple[str, str] | None = None
    value: str | None = None
    last = first_positive_integer_root(b)
    if last is not None:
        dynamics = Dynamics("finite", None, candidate.depth)
        try:
            exact = finite_value(a, b, last)
        except NotConverging:
            pass
        else:
            label, value = ("rational", str(exact)), _digits(exact)
    else:
        found = scaled(_measured(*candidate.first, candidate.depth), _factor(candidate, a, b))
        dynamics, label = found.dynamics, found.number
        if label is not None and label[0] == "rational":
            value = _digits(fmpq(*map(int, label[1].split("/"))))
        elif found.value is not None and found.value.digits >= DIGITS:
            value = decimal(found.value.value, DIGITS)
    return Finding(
        index=candidate.index,
        formula=FormulaRecord(
            kind="pcf",
            exact_key=exact_key(a, b),
            class_key=class_key(a, b),
            a=format_polynomial(a),
            b=format_polynomial(b),
            value=value,
        ),
        dynamics=dynamics_record(dynamics),
        labels=[] if label is None else [LabelRecord(kind=label[0], detail=label[1])],  # type: ignore[arg-type]
    )


def reconfirm(space: SurveySpace, finding: Finding) -> Finding | None:
    """The finding, if it can be of its candidate; one in fifty is measured anew, as the coordinator cannot do all of them.

    Nothing is claimed of a survey's measures, and ``clab cluster`` verifies what it names; ``--replicate`` has every unit
    measured twice.  None for what is of another class, has other keys, or differs when it is measured.
    """
    text = finding.formula.a, finding.formula.b
    for candidate in screen(space, finding.index, finding.index + 1).candidates:
        a, b = _polynomial(candidate.a), _polynomial(candidate.b)
        if (format_polynomial(a), format_polynomial(b)) == text:
            break
    else:
        return None
    if (finding.formula.exact_key, finding.formula.class_key) != (exact_key(a, b), class_key(a, b)):
        return None
    if finding.identities or finding.evidence or finding.companions:
        return None
    if random.random() * _MEASURED_AGAIN >= 1:
        return finding
    ours = confirm(candidate)
    return ours if _alike(ours, finding) else None


def _alike(ours: Finding, theirs: Finding) -> bool:
    if ours.labels != theirs.labels or (ours.formula.value or "")[:50] != (theirs.formula.value or "")[:50]:
        return False
    mine, other = (finding.dynamics.model_dump() if finding.dynamics else {} for finding in (ours, theirs))
    return mine.keys() == other.keys() and all(_near(mine[key], other[key]) for key in mine)


def _near(x: object, y: object) -> bool:
    if isinstance(x, float) and isinstance(y, float):
        return math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-8)
    return x == y


def _digits(number: fmpq) -> str:
    if number == 0:
        return "0"
    with ctx.workprec(320):
        return decimal(arb(number.p) / arb(number.q), DIGITS)


def _factor(candidate: Candidate, a: fmpz_poly, b: fmpz_poly) -> fmpq:
    """c(0), where c = a / a_first carries the class's first member to this one."""
    first_a, first_b = map(_polynomial, candidate.first)
    if a == first_a:
        return fmpq(1)
    if a == -first_a:
        return fmpq(-1)
    # Proposed modulo a prime, decided here.
    if b * first_a * shift(first_a, -1) != first_b * a * shift(a, -1):
        raise VerificationFailed(f"PCF({a}, {b}) was taken for equivalent to PCF({first_a}, {first_b}): report it")
    # A common zero at 0 cancels, as neither c(0) nor 1/c(0) vanishes where no b(n) does.
    common = a.gcd(first_a)
    return fmpq((a // common)(0), (first_a // common)(0))


def describe(spec: dict[str, Any]) -> str:
    """One line that says what a stored specification surveys."""
    where = [f"deg {x} <= {spec[f'{x}_degree']} in {_range_text(spec, x)}" for x in ("a", "b")]
    return f"dynamics at depth {spec['depth']}; {', '.join(where)}"


def _range_text(spec: dict[str, Any], which: str) -> str:
    given = spec[f"{which}_range"]
    return f"-{spec['bound']}..{spec['bound']}" if given is None else str(given)
