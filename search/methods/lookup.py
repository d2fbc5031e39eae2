"""Look-up search: which continued fractions of a space are Möbius images of the given constants?

Implementation overview (Raayoni et al., Nature 590, 2021, turned round).  The fractions are evaluated once, in float64, each
with its own error estimate; the images (alpha c + beta)/(gamma c + delta) of every constant are then streamed past them.  A
match within the error is a *candidate*: a proposal that costs nothing to be wrong.  :func:`confirm` decides with exact
convergents, Arb balls and the significance rule of the ladder, and reports the canonical form of the fraction.

Fractions that end (b has a positive integer root) or diverge are counted, not evaluated.  Of a and -a a symmetric box has only
one.  An inflated fraction (a -> c(n) a, b -> c(n) c(n-1) b) is evaluated, since its image may have small integers where that of
the canonical one has not; both are reported as the one canonical formula, found by its exact key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq, fmpq_mat
from pydantic import BaseModel, ConfigDict, Field, model_validator

from constants_lab.db.records import DynamicsRecord, Finding, IdentityRecord
from constants_lab.dynamics import measure
from constants_lab.errors import InputError, NotConverging
from constants_lab.evaluation import DIRECT_TERMS, Evaluation
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients
from constants_lab.search.job import ConstantNames, Screened
from constants_lab.search.pcf_records import dynamics_record, formula_record, identity_record
from constants_lab.search.space import (
    MAX_BOX_DEGREE,
    MAX_SIZE,
    Block,
    PCFBox,
    PCFFamily,
    coefficient_ranges,
    parse_range,
)
from constants_lab.verification import agreement, evidence_for

if TYPE_CHECKING:
    from constants_lab.search.images import Images, Matrix

__all__ = ["Candidate", "LookupSpace", "Spec", "confirm", "reconfirm", "screen", "space"]

MAX_LHS = 100
"""Largest bound on the coefficients of left-hand sides: 4 10^8 images a constant."""

_DIGITS = 110
"""Digits asked of a confirmation; REQUIRED_DIGITS must remain."""
_QUICK_DIGITS = 28


class Spec(BaseModel):
    """What to search: either a box (degrees and ranges) or a family (formulas a, b and ranges of their symbols).

    ``lhs`` bounds the absolute values of alpha, beta, gamma, delta.  A range of a box holds for every coefficient; a list
    gives one range a coefficient, highest degree first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    constants: ConstantNames = Field(min_length=1)
    lhs: int = Field(default=20, ge=1, le=MAX_LHS, strict=True)
    a_degree: int | None = Field(default=None, ge=0, le=MAX_BOX_DEGREE)
    a_range: str | list[str] | None = None
    b_degree: int | None = Field(default=None, ge=0, le=MAX_BOX_DEGREE)
    b_range: str | list[str] | None = None
    a: str | None = None
    b: str | None = None
    ranges: dict[str, str] = {}
    allow_large: bool = False

    @model_validator(mode="after")
    def _one_shape(self) -> Spec:
        box = [self.a_degree, self.a_range, self.b_degree, self.b_range]
        family = [self.a, self.b]
        if any(x is not None for x in box) and (any(x is not None for x in family) or self.ranges):
            raise InputError("give either degrees with ranges (a box) or formulas a and b with --range (a family)")
        if any(x is not None for x in family) or self.ranges:
            if None in family:
                raise InputError("a family needs both formulas: give a and b")
        elif None in box:
            raise InputError("a box needs a-degree, a-range, b-degree and b-range (or give formulas a and b)")
        return self


class LookupSpace:
    """The members of a box or family together with the images they are matched against."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.members: PCFBox | PCFFamily
        if spec.a is not None and spec.b is not None:
            self.members = PCFFamily(spec.a, spec.b, {k: parse_range(v) for k, v in spec.ranges.items()})
        else:
            self.members = PCFBox(
                coefficient_ranges("a", spec.a_degree or 0, spec.a_range or ""),
                coefficient_ranges("b", spec.b_degree or 0, spec.b_range or ""),
            )
        self.size = self.members.size
        if self.size > MAX_SIZE and not spec.allow_large:
            raise InputError(
                f"the box has {self.size:.3e} candidates, over {MAX_SIZE:.0e}: make it smaller, or say --allow-large"
            )
        if self.size >= 2**62:
            raise InputError(f"the box has {self.size:.3e} candidates, more than an index can number: make it smaller")

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> PCF:
        return self.members[index]

    @property
    def images(self) -> int:
        """Left-hand sides tried for every candidate (an upper bound)."""
        pairs = ((2 * self.spec.lhs + 1) ** 2 - 1) // 2
        return pairs * pairs * len(self.spec.constants)

    @property
    def trials(self) -> int:
        """Candidates times left-hand sides: what the significance of a match pays for."""
        return self.size * self.images

    @property
    def block_size(self) -> int:
        """Candidates evaluated before the images are streamed past them: more where there are many images."""
        return 1 << 19 if self.images <= 5_000_000 else 1 << 22

    @property
    def expected_seconds(self) -> float:
        """A rough estimate of the time on one core, for the choice of engine (numeric, generous)."""
        return self.size / 4e6 + math.ceil(self.size / self.block_size) * self.images / 8e6


def space(spec: Spec) -> LookupSpace:
    """The space of ``spec``; raises :class:`InputError` for empty, reversed or too large ones."""
    return LookupSpace(spec)


@dataclass(frozen=True)
class Candidate:
    """A proposal: PCF(a, b) may be one of the images of ``constant`` given by ``matrices`` (simplest first)."""

    index: int
    a: tuple[int, ...]
    b: tuple[int, ...]
    constant: str
    matrices: tuple[Matrix, ...]
    trials: int


def screen(space: LookupSpace, start: int, stop: int) -> Screened:
    """Proposals among the members start..stop-1, found in float64; no claim is made of any of them."""
    from constants_lab.search.images import image_rows
    from constants_lab.search.kernels.evaluate import CLASSES, evaluate_block
    from constants_lab.search.kernels.match import make_buckets, match_images

    counts = np.zeros(len(CLASSES), np.int64)
    candidates: list[Candidate] = []
    for block in space.members.blocks(start, stop, space.block_size):
        values, errors, where, block_counts = evaluate_block(block.a, block.b, block.paired)
        counts += block_counts
        if len(values) == 0:
            continue
        buckets = make_buckets(values, errors)
        for name in space.spec.constants:
            images = image_rows(name, space.spec.lhs)
            hits = match_images(buckets, images.pairs, images.sizes, images.blurs)
            candidates.extend(_proposals(space, block, values, where, name, images, hits))
        # Before the next block is evaluated, or two would be in memory.
        del values, errors, where, buckets
    counters = {name: int(count) for name, count in zip(CLASSES, counts, strict=True)}
    return Screened(candidates, counters | {"candidates": len(candidates)})


def _proposals(
    space: LookupSpace,
    block: Block,
    values: np.ndarray,
    where: np.ndarray,
    name: str,
    images: Images,
    hits: np.ndarray,
) -> Iterator[Candidate]:
    from constants_lab.search.images import hit_matrices

    grouped: dict[int, list[Matrix]] = {}
    for value, matrix in hit_matrices(hits, values, images):
        grouped.setdefault(value, []).append(matrix)
    for value, matrices in grouped.items():
        position = int(where[value])
        a_row, b_row = divmod(position, len(block.b)) if not block.paired else (position, position)
        matrices.sort(key=lambda m: (sum(map(abs, m[0] + m[1])), m))
        yield Candidate(
            block.index(position),
            tuple(int(c) for c in block.a[a_row]),
            tuple(int(c) for c in block.b[b_row]),
            name,
            tuple(matrices),
            space.trials,
        )


@lru_cache(maxsize=4096)
def _evaluated(pcf: PCF, digits: int) -> Evaluation | None:
    try:
        return pcf.evaluate(digits)
    except NotConverging:
        return None


@lru_cache(maxsize=4096)
def _dynamics(pcf: PCF, value: Evaluation) -> DynamicsRecord:
    return dynamics_record(measure(pcf, value=value))


def _scaled(matrix: Matrix, scale: fmpq) -> list[list[int]]:
    """The matrix of value/scale when ``matrix`` is that of value."""
    p, q = int(scale.numer()), int(scale.denom())
    return [[q * k for k in matrix[0]], [p * k for k in matrix[1]]]


def confirm(candidate: Candidate) -> Finding | None:
    """The candidate as a verified formula in canonical form, or None when it is not one.

    A value from two depths is compared with a ball of the left-hand side: 100 digits (50 where only acceleration reaches
    the value, which the evidence says) must agree, and 20 be left beyond chance.
    """
    started = perf_counter()
    pcf = PCF(candidate.a, candidate.b)
    # Acceleration costs nearly the same for few digits as for many.
    slow = pcf.asymptotics.terms_for(_QUICK_DIGITS) > DIRECT_TERMS
    quick = _evaluated(pcf, _DIGITS if slow else _QUICK_DIGITS)
    if quick is None or quick.exact is not None:
        return None
    form = pcf.canonical()
    for matrix in candidate.matrices:
        rough = Identity(candidate.constant, matrix)
        if agreement(quick, rough, _QUICK_DIGITS) < min(_QUICK_DIGITS, quick.digits) - 3:
            continue
        full = quick if slow and form == pcf else _evaluated(form, _DIGITS)
        if full is None:
            return None
        identity = Identity(candidate.constant, _scaled(matrix, pcf.scale))
        evidence = evidence_for(full, identity, _DIGITS, math.log10(candidate.trials), started)
        if evidence is not None:
            return Finding(
                index=candidate.index,
                formula=formula_record(form, full),
                identities=[identity_record(identity, evidence)],
                dynamics=_dynamics(form, full),
            )
    return None


def reconfirm(space: LookupSpace, finding: Finding) -> Finding | None:
    """The finding made anew from its index and its left-hand side alone; None when the search does not try that image."""
    if len(finding.identities) != 1:
        return None
    pcf = space[finding.index]
    for name in space.spec.constants:
        matrix = _image_of(name, finding.identities[0], pcf.scale)
        if matrix is None or max(map(abs, matrix[0] + matrix[1])) > space.spec.lhs:
            continue
        a, b = coefficients(pcf.a), coefficients(pcf.b)
        found = confirm(Candidate(finding.index, a, b, name, (matrix,), space.trials))
        if found is not None:
            return found
    return None


def _image_of(name: str, claim: IdentityRecord, scale: fmpq) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The integers of ``scale`` times the claimed left-hand side as an image of the constant ``name``, if it is one.

    The claim may be written in another constant, as 2*pi is in pi: with the numerator P and the denominator Q of ``name`` in
    that one, the rows of an image are combinations of P and Q.
    """
    named = Identity(name, ((1, 0), (0, 1)))
    if claim.constant != named.constant or [len(row) for row in claim.matrix] != [len(row) for row in named.matrix]:
        return None
    width = len(named.matrix[0])
    base = fmpq_mat(2, width, [*named.matrix[0], *named.matrix[1]])
    claimed = fmpq_mat(2, width, [int(k) for row in claim.matrix for k in row])
    image = claimed * base.transpose() * (base * base.transpose()).inv()
    if image * base != claimed:
        return None
    whole, _ = image.numer_denom()
    p, q = int(scale.numer()), int(scale.denom())
    entries = [factor * int(k) for factor, k in zip((p, p, q, q), whole.entries(), strict=True)]
    shared = math.gcd(*entries)
    if shared == 0:
        return None
    alpha, beta, gamma, delta = (k // shared for k in entries)
    return (alpha, beta), (gamma, delta)


def describe(spec: dict[str, Any]) -> str:
    """One line that says what a stored specification searches."""
    constants = ", ".join(spec["constants"])
    if spec.get("a"):
        where = f"a = {spec['a']}, b = {spec['b']}, " + ", ".join(f"{k}={v}" for k, v in spec["ranges"].items())
    else:
        where = f"deg a <= {spec['a_degree']} in {spec['a_range']}, deg b <= {spec['b_degree']} in {spec['b_range']}"
    return f"{constants} (|coefficients| <= {spec['lhs']}); {where}"
