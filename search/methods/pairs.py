"""Pairs: are continued fractions without a name rational functions of two constants, or of degree 2 in one?

Implementation overview.  A *question* is one constant c, and asks for x = P(c)/Q(c) of degree at most 2, or a pair of
constants, and asks for x = (p c1 + q c2 + r)/(s c1 + t c2 + u); both are integer relations of six terms, found by LLL in a
fraction of a millisecond.  Constants that depend on each other are sorted out before (:func:`questions`), so that no relation
among constants passes for a name, and nothing is asked twice.  A candidate is a continued fraction and a *task*, a run of
questions; the simplest answer of one constant, or else of the pairs of each task, is confirmed by the rule of the ladder, which
pays for all questions about all candidates of the search that the fractions come from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from time import perf_counter
from typing import Any, TypeAlias

from flint import arb, ctx, fmpq_mat
from pydantic import BaseModel, ConfigDict, Field, field_validator

from constants_lab.constants import constant
from constants_lab.db.records import DynamicsRecord, Finding
from constants_lab.dynamics import measure, simple_rational
from constants_lab.errors import InputError, NotConverging
from constants_lab.evaluation import Evaluation
from constants_lab.evidence import height_cost
from constants_lab.expressions import Identity
from constants_lab.pair_identities import AnyIdentity, identity_in
from constants_lab.pcf import PCF
from constants_lab.reals import precision
from constants_lab.relations import (
    MAX_TERMS,
    RationalForm,
    algebraic_relation,
    find_relation,
    find_relations,
    largest_coefficient,
    rational_relation,
)
from constants_lab.search.job import ConstantNames, Screened
from constants_lab.search.pcf_records import dynamics_record, formula_record, identity_record
from constants_lab.verification import evidence_for

__all__ = [
    "DEFAULT_CONSTANTS",
    "MAX_FORMULAS",
    "Candidate",
    "Number",
    "PairSpace",
    "Spec",
    "answers",
    "confirm",
    "describe",
    "number_of",
    "questions",
    "reconfirm",
    "screen",
    "space",
]

DEFAULT_CONSTANTS = (
    # Values that hypergeometric series with rational parameters are known to take; these are what a fraction with factorial
    # reduction can be.  Weight 1: logarithms, and pi and logarithms of units over square roots, which are L(d,1).
    "pi", "log(2)", "log(3)", "log(5)", "log(7)", "log(phi)",
    "sqrt(2)*pi", "L(-3,1)", "L(-7,1)", "L(5,1)", "L(8,1)", "L(12,1)",
    # Algebraic coefficients.
    "sqrt(2)", "sqrt(3)", "sqrt(5)", "cbrt(2)", "cbrt(3)",
    # Weight 2: products of the above, L(d,2) and dilogarithms.
    "pi^2", "log(2)*pi", "log(2)^2", "log(3)*pi", "log(3)^2", "log(2)*log(3)", "catalan", "L(-3,2)", "gieseking", "L(-7,2)",
    "L(-8,2)", "polylog(2,1/3)", "polylog(2,1/4)", "polylog(2,-1/2)", "polylog(2,-1/3)",
    # Weights 3 to 5.
    "zeta(3)", "pi^3", "log(2)*pi^2", "log(2)^3", "catalan*pi", "zeta(4)", "L(-4,4)", "zeta(5)",
    # Periods of the elliptic curves with complex multiplication by i and by a cube root of 1, and quotients of two of them.
    "gamma(1/4)", "lemniscate", "gauss", "gamma(1/4)^4/pi^2", "gamma(1/3)", "gamma(1/3)^3/pi", "gamma(1/3)^3/pi^2",
    "cbrt(2)*gamma(1/3)^6/pi^3",
)  # fmt: skip
"""What is tried unless constants are named."""

MAX_FORMULAS = 100_000
_MAX_CONSTANTS = MAX_TERMS - 1

_DIGITS = 200
"""Digits to which values are compared where convergence allows."""
_GUARD = 10
_LARGEST = 10**6
"""Bound on the integers of a left-hand side, where the digits allow it."""
_TASK = 100
"""Questions asked together."""
_QUESTION_SECONDS, _VALUE_SECONDS = 2e-4, 0.05
"""Measured: a question of six terms at 200 digits; the value of a fraction, most for the slow ones."""

Question: TypeAlias = tuple[str, ...]
"""One name, or two."""


class Spec(BaseModel):
    """Which continued fractions, as texts [a, b], and which constants (:data:`DEFAULT_CONSTANTS` if none are named).

    The canonical forms of the fractions are what is asked about.  ``trials`` is the number of candidates of the search that the
    fractions come from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    formulas: list[tuple[str, str]]
    constants: ConstantNames = []
    trials: int = Field(default=1, ge=1)

    @field_validator("formulas", mode="before")
    @classmethod
    def _texts(cls, given: Any) -> Any:
        if not isinstance(given, (list, tuple)) or not given:
            raise InputError('formulas is a list of pairs of texts: write [["2*n + 1", "n^2"]] or such')
        if len(given) > MAX_FORMULAS:
            raise InputError(f"{len(given):,} formulas are too many for one job: give at most {MAX_FORMULAS:,}")
        for each in given:
            if not isinstance(each, (list, tuple)) or [type(part) for part in each] != [str, str]:
                raise InputError(f'{str(each)[:60]} is no formula: write two texts, ["2*n + 1", "n^2"] or such')
        return given


class PairSpace:
    """Every fraction with every task; candidates are numbered 0 .. size - 1, the tasks of a fraction in a row."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.formulas = [_canonical(a, b) for a, b in spec.formulas]
        self.questions = questions(tuple(spec.constants) or DEFAULT_CONSTANTS)
        self.single = tuple(names for names in self.questions if len(names) == 1)
        self.tasks = -(-len(self.questions) // _TASK)
        self.size = len(self.formulas) * self.tasks

    def task(self, index: int) -> tuple[PCF, tuple[Question, ...]]:
        """The fraction and the questions of a candidate."""
        formula, task = divmod(index, self.tasks)
        return self.formulas[formula], self.questions[task * _TASK : (task + 1) * _TASK]

    @property
    def trials(self) -> int:
        """Questions about all candidates of the search before: what the significance of an answer pays for."""
        return max(self.spec.trials, len(self.formulas)) * len(self.questions)

    @property
    def block_size(self) -> int:
        """Candidates that take about a second."""
        return max(1, round(self.size / self.expected_seconds))

    @property
    def expected_seconds(self) -> float:
        """A rough estimate of the time on one core (numeric)."""
        return len(self.formulas) * (_VALUE_SECONDS + len(self.questions) * _QUESTION_SECONDS)


def space(spec: Spec) -> PairSpace:
    """The space of ``spec``; raises :class:`InputError` for formulas that cannot be read and where nothing can be asked."""
    return PairSpace(spec)


@lru_cache(maxsize=2 * MAX_FORMULAS)
def _canonical(a: str, b: str) -> PCF:
    return PCF(a, b).canonical()


# --- what can be asked -----------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def questions(names: tuple[str, ...]) -> tuple[Question, ...]:
    """The constants that squares are asked of, then the pairs (numeric; see below for what is left out).

    A constant spans a space over Q together with 1, and so does a pair.  Of those that span the same one (pi^2 and zeta(2);
    log(2), log(5) and log(2), log(10)) the first is kept, and no pair whose space has less than three dimensions.  Left out
    are, too, algebraic numbers alone and in pairs, as the values asked about are not algebraic; and pairs of which one is a
    rational function of degree at most 2 of the other, for which one constant is asked instead.

    Raises :class:`InputError` when nothing is left, and for more than 49 constants.

    >>> questions(("pi", "sqrt(2)", "pi^2", "zeta(2)", "log(2)"))
    (('pi',), ('pi^2',), ('log(2)',), ('pi', 'sqrt(2)'), ('pi', 'log(2)'), ('sqrt(2)', 'pi^2'), ('sqrt(2)', 'log(2)'), \
('pi^2', 'log(2)'))
    """
    if len(names) > _MAX_CONSTANTS:
        raise InputError(f"{len(names)} constants are too many for pairs: name at most {_MAX_CONSTANTS}")
    spaces = _Spaces(names)
    algebraic = {name for name in names if constant(name).irrational == "algebraic"}
    seen: set[object] = set()
    single: list[str] = []
    for name in names:
        key = spaces.spanned(name)
        if key is not None and key not in seen:
            seen.add(key)
            single.append(name)
    pairs: list[Question] = []
    for first, second in combinations(single, 2):
        key = spaces.spanned(first, second)
        if key is None or key in seen or {first, second} <= algebraic or _function_of_one(first, second):
            continue
        seen.add(key)
        pairs.append((first, second))
    asked = (*((name,) for name in single if name not in algebraic), *pairs)
    if not asked:
        raise InputError("these constants are all algebraic: name at least one that is not, such as pi")
    return asked


class _Spaces:
    """The spaces over Q that 1 and some constants span, from the relations among all of them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.places = {name: place for place, name in enumerate(names)}
        self.width = len(names) + 1
        found = find_relations([*(constant(name).ball for name in names), 1], max_coefficient=1000)
        rows = [k for relation in found for k in relation.coefficients]
        self.relations, _ = fmpq_mat(len(found), self.width, rows).rref() if found else (fmpq_mat(0, self.width), 0)

    def spanned(self, *names: str) -> tuple[object, ...] | None:
        """What tells the space of 1 and ``names`` from all others, or None when these are dependent."""
        vectors = [self._reduced(place) for place in (*(self.places[name] for name in names), self.width - 1)]
        basis, rank = fmpq_mat(len(vectors), self.width, [k for row in vectors for k in row]).rref()
        return tuple(basis.entries()) if rank == len(vectors) else None

    def _reduced(self, place: int) -> list[Any]:
        """The constant of that place in terms of those that no relation gives."""
        vector = [int(k == place) for k in range(self.width)]
        for i in range(self.relations.nrows()):
            row = [self.relations[i, k] for k in range(self.width)]
            if next(k for k, entry in enumerate(row) if entry != 0) == place:
                return [k - entry for k, entry in zip(vector, row, strict=True)]
        return vector


def _function_of_one(first: str, second: str) -> bool:
    """Whether one constant is P/Q of the other with polynomials of degree at most 2 (numeric)."""
    one, two = constant(first).ball, constant(second).ball
    return rational_relation(one, two, 2) is not None or rational_relation(two, one, 2) is not None


# --- asking ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """A proposal: the value of ``pcf`` may be ``identity``, found with so many trials."""

    index: int
    pcf: PCF
    identity: AnyIdentity
    trials: int


@dataclass(frozen=True)
class Number:
    """A value as a ball good to ``digits`` digits, and the bound on the integers of its relations of six terms."""

    value: Evaluation
    ball: arb
    digits: int
    bound: int


def screen(space: PairSpace, start: int, stop: int) -> Screened:
    """The simplest answers of the tasks start..stop-1; one in one constant belongs to the first task of its fraction."""
    counters: dict[str, int] = dict.fromkeys(("valued", "slow", "short", "rational", "algebraic"), 0)
    candidates = []
    for index in range(start, stop):
        pcf, asked = space.task(index)
        # A fraction counts once, however its tasks are cut into units.
        first = index % space.tasks == 0
        number = _number(pcf, space.trials)
        if isinstance(number, str):
            counters[number] += first
            continue
        counters["valued"] += first
        found = _in_one_constant(pcf, space.single, space.trials)
        if found is None:
            found = _simplest(answers(number, [names for names in asked if len(names) == 2], space.trials))
        elif not first:
            # A number that one constant names would be named by many a pair too.
            continue
        if found is not None:
            candidates.append(Candidate(index, pcf, found, space.trials))
    return Screened(candidates, counters | {"candidates": len(candidates)})


@lru_cache(maxsize=64)
def _in_one_constant(pcf: PCF, asked: tuple[Question, ...], trials: int) -> AnyIdentity | None:
    number = _number(pcf, trials)
    return None if isinstance(number, str) else _simplest(answers(number, asked, trials))


def _simplest(found: Iterable[AnyIdentity]) -> AnyIdentity | None:
    return min(found, key=lambda identity: (height_cost(identity.coefficients), identity.lhs), default=None)


@lru_cache(maxsize=64)
def _number(pcf: PCF, trials: int) -> Number | str:
    """The value of a fraction, or why nothing is asked about it, as the name of a counter."""
    try:
        value = pcf.evaluate(_DIGITS + _GUARD)
    except NotConverging:
        return "slow"
    digits = min(value.digits, _DIGITS + _GUARD) - 2
    if value.exact is not None or simple_rational(value.value, digits) is not None:
        return "rational"
    return number_of(value, trials)


def number_of(value: Evaluation, trials: int) -> Number | str:
    """A value as numbers are asked about, or the reason why nothing is: ``short`` of digits, or ``algebraic``."""
    digits = min(value.digits, _DIGITS + _GUARD) - 2
    # Products with constants cost a digit or two.
    bound = min(_LARGEST, largest_coefficient(digits - 3, 6, trials))
    if bound < 1:
        return "short"
    with ctx.workprec(64):
        radius = abs(value.value) * arb(10) ** -digits
    ball = arb(value.value.mid(), radius.abs_upper())
    if algebraic_relation(ball, 4, max_coefficient=bound, trials=trials) is not None:
        return "algebraic"
    return Number(value, ball, digits, bound)


def answers(number: Number, asked: Sequence[Question], trials: int) -> Iterator[AnyIdentity]:
    """What the value is in terms of the constants of each question that has an answer."""
    x, bound = number.ball, number.bound
    for names in asked:
        sources = [constant(name).ball for name in names]
        if len(names) == 1:
            form = rational_relation(x, sources[0], 2, max_coefficient=bound, trials=trials)
            if form is not None:
                yield _in_square(names[0], form) or Identity(names[0], (form.numerator, form.denominator))
            continue
        with precision(number.digits):
            first, second = (ball(number.digits + _GUARD) for ball in sources)
            terms = [x * first, x * second, x, first, second, arb(1)]
        relation = find_relation(terms, max_coefficient=bound, trials=trials)
        if relation is None:
            continue
        bottom, top = relation.coefficients[:3], tuple(-k for k in relation.coefficients[3:])
        # What holds for one of them alone is the answer to another question.
        if any(bottom) and all(top[column] or bottom[column] for column in (0, 1)):
            yield identity_in(names, (top, bottom))


def _in_square(name: str, form: RationalForm) -> Identity | None:
    """The identity in c^2, which may have a simpler name than c, where c has even powers only: pi^2 for sqrt(2)*pi."""
    if len(form.numerator) < 3 or form.numerator[1] or form.denominator[1]:
        return None
    try:
        return Identity(f"({name})^2", (form.numerator[::2], form.denominator[::2]))
    except InputError:
        # The square of an algebraic number may be rational.
        return None


def confirm(candidate: Candidate) -> Finding | None:
    """The fraction with its name, or None when the rule of the ladder is not met.

    The value is compared with a ball of the left-hand side: 100 digits (50 where only acceleration reaches the value) must
    agree, and 20 be left after all questions are paid for (:mod:`constants_lab.verification`).
    """
    started = perf_counter()
    number = _number(candidate.pcf, candidate.trials)
    assert isinstance(number, Number)
    chance = math.log10(candidate.trials)
    evidence = evidence_for(number.value, candidate.identity, _DIGITS, chance, started)
    if evidence is None:
        return None
    return Finding(
        index=candidate.index,
        formula=formula_record(candidate.pcf, number.value),
        identities=[identity_record(candidate.identity, evidence)],
        dynamics=_dynamics(candidate.pcf, number.value),
    )


def reconfirm(space: PairSpace, finding: Finding) -> Finding | None:
    """The finding made anew from its index alone: a task is asked in a moment; None when it has no answer."""
    proposed = screen(space, finding.index, finding.index + 1).candidates
    return confirm(proposed[0]) if proposed else None


@lru_cache(maxsize=64)
def _dynamics(pcf: PCF, value: Evaluation) -> DynamicsRecord:
    return dynamics_record(measure(pcf, value=value))


def describe(spec: dict[str, Any]) -> str:
    """One line that says what a stored specification searches."""
    constants = ", ".join(spec["constants"]) or f"{len(DEFAULT_CONSTANTS)} constants"
    number = len(spec["formulas"])
    return f"squares and pairs of {constants}; {number:,} formula{'' if number == 1 else 's'}"
