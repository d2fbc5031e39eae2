"""Names for the values of a survey: which constant is each formula about, verified one formula at a time.

Implementation overview.

1. Values that are rational, or have a verified identity already, are left alone, so that a run may be stopped at any moment
   and started again.  A value labelled as a root of a quadratic is written in the constant of its field, if there is one.
2. All others are matched with the images of every constant of the catalogue (:mod:`constants_lab.search.name_values`) and,
   unless the caller leaves these *anchors* out, with published formulas (:mod:`constants_lab.known`).
3. Every claim is verified on the formula's canonical form, to 100 digits (50 where only acceleration gives them), by
   workers (:mod:`constants_lab.search.name_checks`) and stored as soon as it is.  Claims that agreed with the 60 stored
   digits and then failed are returned.
4. Of the Möbius classes that have no name yet, those that look like periods are asked what they are without further ado, and
   those in a cluster that has a constant whether they are a function of it, with larger integers or of degree 2.
5. Equivalent formulas are Möbius images of each other, so a class with one name has names for all its members; their integers
   may be large.
6. Values of one cluster that still have no name are compared with each other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import numpy as np

from constants_lab.constants import catalogue
from constants_lab.db.records import IdentityRecord
from constants_lab.db.store import Store
from constants_lab.search.engine import Engine, GivenUp, choose_engine
from constants_lab.search.name_checks import Failure, Member, anchors_of, verified
from constants_lab.search.name_relations import Equivalent, Question, answers, equivalents
from constants_lab.search.name_table import Rows, Table
from constants_lab.search.name_values import Claim, Reach, quadratic_claims, screened, simplest_first

__all__ = ["Limits", "Naming", "name_members"]

_BATCH = 4000
"""Identities stored in one transaction."""
_UNIT = 250
"""Formulas that a worker checks at a time: some seconds where all of them converge slowly."""
_ANCHOR_UNIT = 4000
_SECONDS_A_VALUE = 2e-4
"""Rough time that naming takes for each value that has no name yet."""
_PERIOD = 0.9
"""Fractions for whose step matrices so many primes are nilpotent are asked what they are in full."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Limits:
    """How far the second pass goes.

    ``related``: classes without a name that are asked whether they are a function of the constants of their cluster, and that
    are compared with each other; the clusters with the fewest of them come first.  ``periods``: classes that look like
    periods and are asked what they are.  ``bound`` and ``square_bound``: integers of linear and of quadratic relations with
    the most frequent ``constants`` of a cluster.
    """

    related: int = 20_000
    periods: int = 10_000
    bound: int = 10_000
    square_bound: int = 300
    constants: int = 3


@dataclass
class Naming:
    """What came of it.

    ``found``: formulas named now, by constant; ``before``: formulas that had a name; ``asked``: values that had none.
    ``constants``: for every row the constant of its simplest verified identity, or None.  ``failures``: claims that agreed
    with 55 stored digits and were not verified.  ``equivalents``: see :class:`Equivalent`.  ``seconds`` by step.
    """

    constants: np.ndarray
    asked: int = 0
    before: int = 0
    found: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    equivalents: list[Equivalent] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def name_members(
    store: Store,
    rows: Rows,
    numbers: np.ndarray | None = None,
    *,
    workers: int | None = None,
    anchors: bool = True,
    say: Callable[[str], None] = lambda _: None,
    reach: Reach | None = None,
    limits: Limits | None = None,
) -> Naming:
    """Find and store verified identities for the formulas of ``rows``.

    ``numbers``: the cluster of each row, negative for none; without them the steps that compare within clusters are left out.
    ``workers``: processes, 0 for this one alone; by default as many as there are cores, or none for a small survey.
    ``anchors``: whether published formulas are looked up too.  ``say`` is told what is going on.

    What is verified is stored in batches of some thousands, also when the run is interrupted.
    """
    run = _Run(store, rows, numbers, say, reach or Reach(), limits or Limits())
    run.engine = choose_engine(run.naming.asked * _SECONDS_A_VALUE, workers)
    try:
        run.first_pass(anchors)
        run.second_pass()
    finally:
        run.engine.close()
    return run.naming


class _Run:
    """The state of one run: which rows have a name, which are asked, and where the work is done."""

    engine: Engine

    def __init__(
        self,
        store: Store,
        rows: Rows,
        numbers: np.ndarray | None,
        say: Callable[[str], None],
        reach: Reach,
        limits: Limits,
    ) -> None:
        self.store, self.rows, self.numbers = store, rows, numbers
        self.say, self.reach, self.limits = say, reach, limits
        self._started = perf_counter()
        self.table = Table(store, rows)
        self.naming = Naming(self.table.names())
        self.named = np.array([name is not None for name in self.naming.constants], dtype=bool)
        self.naming.before = int(np.count_nonzero(self.named))
        self.quadratic, rational = self.table.number_labels()
        finite = np.isfinite(rows.approximation) & (rows.approximation != 0)
        self.open = finite & ~rational & ~self.named
        self.naming.asked = int(np.count_nonzero(self.open))
        self.chance = math.log10(max(1, self.naming.asked) * reach.images)
        self._lap("reading")

    def _unnamed(self) -> np.ndarray:
        """The rows still without a name that have a value to be named, rising, without numbers of a quadratic field."""
        unnamed = self.open & ~self.named
        unnamed[list(self.quadratic)] = False
        return np.flatnonzero(unnamed)

    def _lap(self, step: str) -> None:
        now = perf_counter()
        self.naming.seconds[step] = self.naming.seconds.get(step, 0.0) + now - self._started
        self._started = now

    # The two passes

    def first_pass(self, anchors: bool) -> None:
        """Catalogue and published formulas."""
        asked = self._unnamed()
        self.say(f"{len(asked):,} values without a name are compared with {len(self.reach.constants)} constants")
        threads = self.engine.workers
        found = screened(
            self.rows.approximation[asked],
            lambda rows: self.table.values(asked[list(rows)]),
            self.reach,
            threads=threads,
        )
        claims = {int(asked[position]): each for position, each in found.items()}
        for row, polynomial in self.quadratic.items():
            if self.open[row]:
                claims[row] = quadratic_claims(polynomial, float(self.rows.approximation[row]))
        self._lap("catalogue")
        if anchors:
            for row, claim in self._anchors(asked):
                claims[row] = simplest_first([*claims.get(row, ()), claim])
            self._lap("published formulas")
        self._verify(claims)

    def second_pass(self) -> None:
        """Periods, constants of clusters, members of classes with a name, values among themselves."""
        heads = self._nameless_heads()
        claims: dict[int, list[Claim]] = {}
        periods = [row for row in heads.tolist() if self.rows.nilpotent[row] >= _PERIOD][: self.limits.periods]
        self._ask(claims, [(row, (), 1, None) for row in periods])
        self._lap("periods")
        self._ask(claims, self._cluster_questions(heads[[row not in claims for row in heads.tolist()]]))
        self._lap("clusters")
        self._verify(claims)
        self._name_classes()
        if self.numbers is not None:
            for members in self._open_clusters(self._nameless_heads()):
                texts = self.table.values(members)
                known = [(int(self.rows.id[r]), t) for r, t in zip(members, texts, strict=True) if t is not None]
                self.naming.equivalents += equivalents([each[0] for each in known], [each[1] for each in known])
            self._lap("equivalents")

    def _name_classes(self) -> None:
        """Every member of a class with a name is a Möbius image of the constant."""
        named = np.flatnonzero(self.named & (self.rows.group >= 0))
        constants: dict[int, str] = {}
        for row in named.tolist():
            constants.setdefault(int(self.rows.group[row]), self.naming.constants[row])
        unnamed = self._unnamed()
        members = unnamed[np.isin(self.rows.group[unnamed], list(constants))]
        questions = [(row, (constants[int(self.rows.group[row])],), 1, None) for row in members.tolist()]
        claims: dict[int, list[Claim]] = {}
        self._ask(claims, questions)
        left = [(row, names, 2, None) for row, names, _, _ in questions if row not in claims]
        self._ask(claims, left)
        self._lap("classes")
        self._verify(claims)

    def _anchors(self, asked: np.ndarray) -> Iterator[tuple[int, Claim]]:
        """Claims about the rows of those classes of which the first is a form of a published formula."""
        heads = asked[np.unique(self.rows.group[asked], return_index=True)[1]]
        self.say(f"{len(heads):,} classes are looked up among published formulas")
        published = self.rows.group[[row for row, _ in self._published(heads)]]
        for row, claim in self._published(asked[np.isin(self.rows.group[asked], published)]):
            if claim is not None:
                yield row, claim

    def _published(self, rows: np.ndarray) -> Iterator[tuple[int, Claim | None]]:
        for found in self._each(anchors_of, self.table.texts(rows.tolist()), _ANCHOR_UNIT):
            yield from found

    def _nameless_heads(self) -> np.ndarray:
        """The first unnamed row of each class in which no row has a name."""
        unnamed = self._unnamed()
        named = np.unique(self.rows.group[self.named])
        unnamed = unnamed[~np.isin(self.rows.group[unnamed], named)]
        return np.sort(unnamed[np.unique(self.rows.group[unnamed], return_index=True)[1]])

    def _open_clusters(self, heads: np.ndarray) -> Iterator[np.ndarray]:
        """The heads in each cluster, the smallest clusters first, as many as the limits allow."""
        assert self.numbers is not None
        where = self.numbers[heads]
        numbers, counts = np.unique(where[where >= 0], return_counts=True)
        left = self.limits.related
        for number, count in sorted(
            zip(numbers.tolist(), counts.tolist(), strict=True), key=lambda each: (each[1], each[0])
        ):
            left -= count
            if left < 0:
                self.say("clusters with many values without a name are not searched any further")
                return
            yield heads[where == number]

    def _cluster_questions(self, heads: np.ndarray) -> list[tuple[int, tuple[str, ...], int, int | None]]:
        if self.numbers is None:
            return []
        named = np.flatnonzero(self.named & (self.numbers >= 0))
        present: dict[int, Counter[str]] = {}
        for row in named.tolist():
            present.setdefault(int(self.numbers[row]), Counter())[self.naming.constants[row]] += 1
        questions: list[tuple[int, tuple[str, ...], int, int | None]] = []
        with_constant = heads[np.isin(self.numbers[heads], list(present))]
        for members in self._open_clusters(with_constant):
            counted = present[int(self.numbers[members[0]])].items()
            names = tuple(name for name, _ in sorted(counted, key=lambda each: (-each[1], each[0])))
            for degree, bound in ((1, self.limits.bound), (2, self.limits.square_bound)):
                questions += [(row, names[: self.limits.constants], degree, bound) for row in members.tolist()]
        return questions

    # Work

    def _ask(
        self, claims: dict[int, list[Claim]], wanted: Sequence[tuple[int, tuple[str, ...], int, int | None]]
    ) -> None:
        """Put the questions (row, constants, degree, bound) to the workers, and their answers to the claims."""
        if not wanted:
            return
        self.say(f"{len(wanted):,} values are examined more closely")
        trials = sum(len(names) or len(catalogue()) for _, names, _, _ in wanted)
        texts = self.table.values([row for row, _, _, _ in wanted])
        questions = (
            Question(row, text, names, degree, bound)
            for (row, names, degree, bound), text in zip(wanted, texts, strict=True)
            if text is not None
        )
        for found in self._each(partial(answers, trials=trials), questions, _UNIT):
            for row, each in found:
                claims[row] = simplest_first([*claims.get(row, ()), *each])

    def _verify(self, claims: dict[int, list[Claim]]) -> None:
        """Verify and store; the members of a class go to a worker together."""
        wanted = sorted((row for row in claims if claims[row]), key=lambda row: (int(self.rows.group[row]), row))
        if not wanted:
            return
        self.say(f"{len(wanted):,} formulas have a claim to a name: each is verified")
        members = (Member(int(self.rows.id[row]), a, b, tuple(claims[row])) for row, a, b in self.table.texts(wanted))
        ready: list[tuple[int, IdentityRecord]] = []
        try:
            for result in self._each(partial(verified, chance_digits=self.chance), members, _UNIT):
                ready += result.identities
                self.naming.failures += result.failures
                if len(ready) >= _BATCH:
                    self._store(ready)
        finally:
            self._store(ready)
            self._lap("verification")

    def _store(self, ready: list[tuple[int, IdentityRecord]]) -> None:
        """Store the identities that are ready, and take them off the list."""
        if not ready:
            return
        self.store.add_identities(ready)
        for formula, record in ready:
            row = self.table.row(formula)
            assert row is not None
            self.naming.constants[row] = record.constant
            self.named[row] = True
            self.naming.found[record.constant] += 1
        ready.clear()

    def _each(self, work: Callable[[list[Item]], Result], items: Iterable[Item], size: int) -> Iterator[Result]:
        """What the workers make of the items, so many at a time."""
        for outcome in self.engine.run(work, _parts(items, size)):
            if isinstance(outcome, GivenUp):
                self._lost(outcome)
            else:
                yield outcome.result

    def _lost(self, outcome: GivenUp[Any]) -> None:
        """A unit that failed every time: its formulas stay without a name."""
        members = [each for each in outcome.unit if isinstance(each, Member)]
        reason = f"it could not be checked ({outcome.error})"
        self.naming.failures += [Failure(each.formula, each.claims[0].identity.lhs, reason) for each in members]
        if not members:
            self.say(f"{len(outcome.unit):,} values could not be examined: {outcome.error}")


def _parts(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    part: list[Item] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
