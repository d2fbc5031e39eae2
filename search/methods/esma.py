"""ESMA: left-hand sides of a number whose signed continued fraction has a pattern.

Implementation overview (Elimelech et al., ICML 2023, with exact arithmetic throughout).  A *pair* is a left-hand side
(alpha c + beta)/(gamma c + delta) and a primitive sign period.  Its partial quotients follow exactly from the certain regular
quotients of c (:mod:`constants_lab.search.kernels.quotients`); a detector proposes a pattern on the first of them, with the
length growing when none shows (:mod:`constants_lab.search.kernels.scan`).  :func:`confirm` recovers prefix and channels
exactly, with hold-out terms, and expands both the recovered fraction and the left-hand side until the shared quotients fix
1,000 digits: two numbers with the same first quotients lie in one cylinder whose width is known.

Left-hand sides are in a normal form in which different indices are different numbers (up to sign; the positive one is taken).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np
from flint import fmpz_poly
from pydantic import BaseModel, ConfigDict, Field, model_validator

from constants_lab import __version__
from constants_lab.channels import PolynomialChannel, RunChannel
from constants_lab.db.records import Finding
from constants_lab.errors import InputError
from constants_lab.evidence import REQUIRED_DIGITS, REQUIRED_SIGNIFICANCE, Evidence, Level, significance
from constants_lab.recovery import recover_interlaced, recover_recurrence, recover_runs
from constants_lab.search.esma_records import finding_of
from constants_lab.search.job import ConstantNames, Screened
from constants_lab.search.left_hand_sides import LeftHandSides
from constants_lab.search.sources import MIN_QUOTIENTS, Source, open_source
from constants_lab.signed import SignedCF

__all__ = ["Candidate", "EsmaSpace", "Spec", "confirm", "describe", "name_candidate", "reconfirm", "screen", "space"]

MAX_LHS = 10_000
MAX_PERIOD = 16
MAX_QUOTIENTS = 20_000
VERIFIED_DIGITS = 1000
"""Decimal digits that the shared quotients must fix, where the number is known to so many."""

_FIRST_LENGTH = 100
_MOST_CHECKED = 300_000
"""Quotients after which a verification is given up: a number near a rational has runs of 2 without end in sight."""
_FIRST_CHECK = 800
"""Quotients compared first in a verification; a little over 1,000 digits for most patterns."""
_MAX_SIZE = 10**15


class Spec(BaseModel):
    """What to search.  ``constants``: catalogue names; ``expressions``: formulas; ``values``: decimal digits.

    ``lhs`` bounds the integers of left-hand sides of degree ``lhs_degree`` in the number; ``det`` instead enumerates the
    classes x = (a c + b)/d of determinant a d <= det.  ``period``: lengths of the sign period; ``quotients``: greatest length
    in which a pattern is looked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    constants: ConstantNames = []
    expressions: list[str] = []
    values: list[str] = []
    lhs: int = Field(default=2, ge=1, le=MAX_LHS)
    lhs_degree: int = Field(default=1, ge=1, le=4)
    det: int | None = Field(default=None, ge=1, le=MAX_LHS)
    period: str = "1..3"
    quotients: int = Field(default=1000, ge=_FIRST_LENGTH, le=MAX_QUOTIENTS)
    allow_large: bool = False

    @model_validator(mode="after")
    def _something_to_search(self) -> Spec:
        if not (self.constants or self.expressions or self.values):
            raise InputError("no number is given: name a constant, an expression or a value")
        if self.det is not None and self.lhs_degree != 1:
            raise InputError("classes of a determinant have degree 1: leave lhs-degree out, or det")
        self.periods()
        return self

    def periods(self) -> range:
        """The lengths of sign periods; raises :class:`InputError` for an unusable range."""
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:\.\.\s*(\d{1,6})\s*)?", self.period)
        if not match:
            raise InputError(f"{self.period[:40]!r} is not a range of sign periods: write for instance 1..3")
        low, high = int(match[1]), int(match[2] or match[1])
        if low < 1:
            raise InputError("a sign period has at least one sign: begin the range at 1")
        if low > high:
            raise InputError(f"the range {self.period} is empty because it is reversed: write {high}..{low}")
        if high > MAX_PERIOD:
            raise InputError(f"sign periods have at most {MAX_PERIOD} signs, not {high}: make the range smaller")
        return range(low, high + 1)


def primitive_signs(lengths: Sequence[int]) -> list[tuple[int, ...]]:
    """All sign sequences of these lengths that are no repetition of a shorter one.

    >>> primitive_signs([1, 2])
    [(1,), (-1,), (1, -1), (-1, 1)]
    """
    return [
        signs
        for p in lengths
        for signs in itertools.product((1, -1), repeat=p)
        if all(p % k or signs != signs[:k] * (p // k) for k in range(1, p))
    ]


class EsmaSpace:
    """Pairs (number, left-hand side, sign period), numbered with the sign period fastest."""

    block_size = 1 << 10

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.sources: list[Source] = [
            *(open_source("constant", name) for name in spec.constants),
            *(open_source("expression", text) for text in spec.expressions),
            *(open_source("value", text) for text in spec.values),
        ]
        lengths = spec.periods()
        # Counted before it is listed: 16 signs have 65,536 patterns, which is fine; the left-hand sides may not be.
        self.signs = primitive_signs(lengths)
        self.left_hand_sides = LeftHandSides(spec.lhs, spec.lhs_degree, spec.det)
        self.size = len(self.sources) * self.left_hand_sides.size * len(self.signs)
        if self.size > _MAX_SIZE and not spec.allow_large:
            raise InputError(
                f"the search has {self.size:.3e} pairs, over {_MAX_SIZE:.0e}: make it smaller, or say --allow-large"
            )
        if self.size >= 2**62:
            raise InputError(f"the search has {self.size:.3e} pairs, more than an index can number: make it smaller")

    def __len__(self) -> int:
        return self.size

    @property
    def expected_seconds(self) -> float:
        """A rough estimate of the time on one core (numeric, generous)."""
        each = 3e-4 if self.spec.lhs_degree == 1 else 3e-3
        return self.size * each

    @cached_property
    def ladder(self) -> list[int]:
        """Lengths tried one after the other."""
        lengths = [_FIRST_LENGTH]
        while lengths[-1] < self.spec.quotients:
            lengths.append(min(3 * lengths[-1], self.spec.quotients))
        return lengths

    @cached_property
    def sign_table(self) -> tuple[np.ndarray, np.ndarray]:
        """The sign patterns as rows of equal width, and their lengths."""
        width = max(map(len, self.signs))
        table = np.zeros((len(self.signs), width), np.int64)
        for row, signs in zip(table, self.signs, strict=True):
            row[: len(signs)] = signs
        return table, np.array([len(signs) for signs in self.signs], np.int64)


def space(spec: Spec) -> EsmaSpace:
    """The space of ``spec``; raises :class:`InputError` for empty, reversed or too large ones."""
    return EsmaSpace(spec)


@dataclass(frozen=True)
class Candidate:
    """A pair with a proposed pattern: ``kind`` and ``shape`` are what the detector said at ``length`` quotients."""

    index: int
    source: Source
    numerator: tuple[int, ...]
    denominator: tuple[int, ...]
    signs: tuple[int, ...]
    kind: int
    shape: tuple[int, ...]
    ladder: tuple[int, ...]
    trials: int


def screen(space: EsmaSpace, start: int, stop: int) -> Screened:
    """Proposals among the pairs start..stop-1; no claim is made of any of them."""
    each = space.left_hand_sides.size * len(space.signs)
    candidates: list[Candidate] = []
    pairs = 0
    while start < stop:
        which, offset = divmod(start, each)
        end = min(stop, (which + 1) * each)
        found, looked_at = _screen_source(space, space.sources[which], which * each, offset, offset + end - start)
        candidates += found
        pairs += looked_at
        start = end
    return Screened(candidates, {"pairs": pairs, "candidates": len(candidates)})


def _screen_source(space: EsmaSpace, source: Source, base: int, start: int, stop: int) -> tuple[list[Candidate], int]:
    from constants_lab.search.kernels.scan import HARD, NOTHING, detect, scan

    patterns = len(space.signs)
    first, last = start // patterns, -(-stop // patterns)
    table, lengths = space.sign_table
    longest = space.ladder[-1]
    buffer = np.empty(2 * longest + 2, np.int64)
    # A short value may have fewer certain quotients than the first length.
    ladder = space.ladder if source.limit is None else [min(n, source.limit) for n in space.ladder]
    rungs = np.array(sorted(set(ladder)), np.int64)
    found: list[Candidate] = []
    looked_at = 0

    def propose(index: int, top: tuple[int, ...], bottom: tuple[int, ...], hit: np.ndarray | None, length: int) -> None:
        kind, shape = (0, (0, 0, 0, 0)) if hit is None else (int(hit[1]), tuple(int(x) for x in hit[2:6]))
        rest = tuple(int(n) for n in rungs if n >= length)
        found.append(
            Candidate(base + index, source, top, bottom, space.signs[index % patterns], kind, shape, rest, space.size)
        )

    if space.spec.lhs_degree == 1:
        rows, ids = space.left_hand_sides.matrices(first, last, source.ball(60))
        out = np.empty(longest, np.int64)
        terms = source.terms_array(int(1.3 * longest) + 200)
        # Numbers that are no left-hand sides are not in ``ids``; of the first and last one, only some sign patterns are wanted.
        begin, end = 0, len(ids) * patterns
        if end and ids[0] == first:
            begin = start - first * patterns
        if end and ids[-1] == last - 1:
            end -= last * patterns - stop
        hits = np.empty((max(0, end - begin), 7), np.int64)
        count = scan(terms, rows, table, lengths, rungs, begin, end, out, buffer, hits)
        for hit in hits[:count]:
            position, sign = divmod(int(hit[0]), patterns)
            a, b, k, d = (int(x) for x in rows[position])
            hard = hit[1] == HARD
            propose(int(ids[position]) * patterns + sign, (a, b), (k, d), None if hard else hit, int(hit[6]))
        return found, len(hits)
    for index, group in itertools.groupby(range(start, stop), key=lambda i: i // patterns):
        side = space.left_hand_sides.rational_form(index)
        if side is None:
            continue
        top, bottom = source.positive(*side)
        for pair in group:
            looked_at += 1
            signs = np.array(space.signs[pair % patterns], np.int64)
            for length in rungs:
                quotients = source.expand(top, bottom, space.signs[pair % patterns], int(length))
                if len(quotients) < MIN_QUOTIENTS // 2:
                    # A rational left-hand side, as c^2 of c = sqrt(2).
                    break
                array = _small(quotients)
                if array is None:
                    propose(pair, top, bottom, None, int(length))
                    break
                kind, *shape = detect(array, signs, buffer)
                if kind != NOTHING:
                    propose(pair, top, bottom, np.array([pair, kind, *shape, length]), int(length))
                    break
    return found, looked_at


def _small(quotients: np.ndarray) -> np.ndarray | None:
    """As int64 where no difference of order 4 can overflow, else None.

    Larger quotients in the first quarter can only belong to the prefix, and are cut to 2^58.
    """
    prefix = len(quotients) // 4
    rest = quotients[prefix:]
    if len(rest) and max(rest.max(), -rest.min()) >= 2**58:
        return None
    return np.concatenate([np.clip(quotients[:prefix], -(2**58), 2**58), rest]).astype(np.int64)


def _recovered(candidate: Candidate) -> Iterator[SignedCF]:
    """Fractions that fit the first quotients, for one length after the other."""
    from constants_lab.search.kernels.scan import GROWN, INTERLACED, NOTHING, RUNS, detect

    first = True
    for length in candidate.ladder:
        quotients = candidate.source.expand(candidate.numerator, candidate.denominator, candidate.signs, length)
        array = _small(quotients)
        kind, shape = candidate.kind, candidate.shape
        if not first or kind == NOTHING:
            if array is None:
                kind = NOTHING
            else:
                buffer = np.empty(2 * len(array) + 2, np.int64)
                kind, *rest = detect(array, np.array(candidate.signs, np.int64), buffer)
                shape = (int(rest[0]), int(rest[1]), int(rest[2]), int(rest[3]))
        first = False
        k, degree, start, value = shape
        made: SignedCF | None = None
        if kind == INTERLACED:
            made = recover_interlaced(quotients.tolist(), candidate.signs, k, degree, start)
        elif kind == RUNS:
            made = recover_runs(quotients.tolist(), candidate.signs, value, (k, degree, start))
        elif len(quotients) and quotients[len(quotients) // 2 :].max() >= GROWN:
            made = _exponential(quotients[:_FIRST_LENGTH].tolist(), candidate.signs)
        if made is not None:
            yield made


def _exponential(quotients: Sequence[int], signs: tuple[int, ...]) -> SignedCF | None:
    """A pattern with channels that grow exponentially, if the linear complexity says that there is one.

    Berlekamp-Massey modulo 2^31 - 1 decides whether the costly exact recovery is tried: the complexity after a prefix must be
    well below half the length.
    """
    from constants_lab.search.kernels.patterns import PRIME, linear_complexity

    skip = len(quotients) // 4
    residues = np.array([q % PRIME for q in quotients[skip:]], np.int64)
    if linear_complexity(residues) > 0.4 * len(residues):
        return None
    return recover_recurrence(quotients, signs)


def _determining(cf: SignedCF) -> int:
    """The number of quotients that determine the pattern: the prefix, and as many rounds as its channels have parameters."""
    rounds = 1
    for channel in cf.channels:
        if isinstance(channel, PolynomialChannel):
            rounds = max(rounds, channel.polynomial.degree() + 1)
        elif isinstance(channel, RunChannel):
            rounds = max(rounds, channel.length.degree() + 1)
        else:
            rounds = max(rounds, 2 * len(channel.coefficients))
    lengths = (
        channel.count(m) if isinstance(channel, RunChannel) else 1 for m in range(rounds) for channel in cf.channels
    )
    return len(cf.prefix) + sum(lengths)


def _verified(candidate: Candidate, cf: SignedCF) -> tuple[int, np.ndarray, float] | None:
    """(digits to which the left-hand side follows ``cf``, the quotients compared, the digits that it was fitted to).

    None at the first difference, or when too many quotients would be needed.
    """
    from constants_lab.search.kernels.scan import cylinder_digits

    signs = np.array(candidate.signs, np.int64)
    length = max(2 * candidate.ladder[0] + 200, _FIRST_CHECK)
    while True:
        quotients = candidate.source.expand(candidate.numerator, candidate.denominator, candidate.signs, length)
        expected = cf.quotient_array(len(quotients))
        if expected is None:
            try:
                expected = np.array(cf.quotients(len(quotients)), dtype=object)
            except InputError:
                return None
        if not np.array_equal(expected, quotients):
            return None
        # Only their logarithms are wanted; a quotient beyond the range of a double counts as 2^1000.
        sizes = (quotients if quotients.dtype == np.int64 else np.minimum(quotients, 2**1000)).astype(np.float64)
        digits = int(cylinder_digits(sizes, signs)) - 1
        if digits >= VERIFIED_DIGITS or len(quotients) < length:
            fitted = sizes[: _determining(cf)]
            return digits, sizes, cylinder_digits(fitted, signs) if len(fitted) else 0.0
        if length >= _MOST_CHECKED:
            return None
        grown = int(length * min(4.0, 1.1 * VERIFIED_DIGITS / max(digits, 1) + 0.1)) + 10
        length = min(grown, _MOST_CHECKED)


def confirm(candidate: Candidate) -> Finding | None:
    """The pair as a verified formula, or None when no pattern survives.

    The pattern must give the same quotients as the left-hand side until these fix 1,000 digits (of a value given in decimals:
    as many as it has, at least 100), and 20 digits must be left beyond chance and beyond those that the first quotients, from
    which the pattern was made, have by themselves.
    """
    started = perf_counter()
    for cf in _recovered(candidate):
        outcome = _verified(candidate, cf)
        if outcome is None:
            continue
        digits, quotients, fitted = outcome
        beyond = significance(digits, (*candidate.numerator, *candidate.denominator), candidate.trials) - fitted
        if digits < REQUIRED_DIGITS or beyond < REQUIRED_SIGNIFICANCE or not cf.expands_forever():
            continue
        evidence = Evidence(
            level=Level.VERIFIED,
            method="equal partial quotients of the pattern and of the left-hand side, certain from a ball",
            version=__version__,
            digits=digits,
            depth=len(quotients),
            seconds=round(perf_counter() - started, 6),
            significance=round(beyond, 2),
        )
        return finding_of(
            candidate.index,
            candidate.source,
            candidate.numerator,
            candidate.denominator,
            cf,
            evidence,
            quotients,
            math.log10(candidate.trials),
        )
    return None


def reconfirm(space: EsmaSpace, finding: Finding) -> Finding | None:
    """The finding made anew from its index alone: one pair is screened in a moment; None when it has no pattern."""
    proposed = screen(space, finding.index, finding.index + 1).candidates
    return confirm(proposed[0]) if proposed else None


def describe(spec: dict[str, Any]) -> str:
    """One line that says what a stored specification searches."""
    numbers = ", ".join([*spec["constants"], *spec["expressions"], *(f"{v[:12]}…" for v in spec["values"])])
    sides = f"determinant <= {spec['det']}" if spec.get("det") else f"|coefficients| <= {spec['lhs']}"
    degree = "" if spec["lhs_degree"] == 1 else f", degree {spec['lhs_degree']}"
    return f"{numbers} ({sides}{degree}); sign periods {spec['period']}, up to {spec['quotients']} quotients"


def name_candidate(spec: dict[str, Any], index: int) -> str:
    """The left-hand side of candidate number ``index`` of a stored specification, in words, for a number without a name.

    Raises :class:`InputError` for an index that is no left-hand side.
    """
    from constants_lab.formula.rational_forms import form_text

    opened = space(Spec.model_validate(spec))
    which, rest = divmod(index, opened.left_hand_sides.size * len(opened.signs))
    if not 0 <= which < len(opened.sources):
        raise InputError(f"there is no candidate {index} in this search")
    source, side = opened.sources[which], rest // len(opened.signs)
    if opened.spec.lhs_degree == 1:
        rows, _ = opened.left_hand_sides.matrices(side, side + 1, source.ball(60))
        form = None if not len(rows) else (tuple(map(int, rows[0, :2])), tuple(map(int, rows[0, 2:])))
    else:
        form = opened.left_hand_sides.rational_form(side)
        form = None if form is None else source.positive(*form)
    if form is None:
        raise InputError(f"candidate {index} of this search is no left-hand side")
    top, bottom = (fmpz_poly(list(reversed(row))) for row in form)
    return (
        f"{form_text((top, bottom), 'x')} for x = {source.text if len(source.text) <= 24 else source.text[:20] + '…'}"
    )
