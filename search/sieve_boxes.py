"""Boxes of the sieve: continued fractions of exact degrees, numbered so that the b of a part can be prepared once.

The b of a box are cut into *chunks*; a candidate's number is (chunk, a, b within the chunk).  For a chunk the worthwhile b are
listed once a worker and sorted by residue class, then every a of a unit is sifted through that list.  Primes that divide the
leading coefficient of an a say nothing, so a are taken in groups that share their leading coefficient.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from constants_lab.errors import InputError
from constants_lab.pcf import PCF
from constants_lab.search.kernels.nilpotence import PRIMES, TABLE_LIMIT, root_table
from constants_lab.search.kernels.residues import ClassLists, class_lists
from constants_lab.search.kernels.sift import classes_of, rooted_rows, sift
from constants_lab.search.kernels.splitting import split_rows
from constants_lab.search.space import MAX_COEFFICIENT, Range

__all__ = ["COUNTED", "SieveBox", "Survivor"]

COUNTED = ("near", "divergent", "inflated", "finite")

_CHUNK = 1 << 27
"""Most b that are prepared together."""
_MOST_TESTS = 30_000_000
"""Residue classes (a representative of a, b) that are tested to make the lists of a prime."""
_MOST_TABLE_BYTES = 300_000_000
_MOST_LEVELS = 3
_SHARE = 0.085
"""Share of the b of a box that have a root modulo every prime (measured for degree 4; for estimates)."""

_PASSING = 0.13
"""Share of those that pass modulo one prime."""
_PAIR_SECONDS, _LOOK_SECONDS, _CLASS_SECONDS, _TEST_SECONDS = 1.5e-7, 1.5e-9, 2e-8, 5e-8
"""Costs of testing a pair, looking it up in a table of classes, mapping a class, and testing a class for a list."""

_UNIT = 1 << 24


@dataclass(frozen=True)
class Survivor:
    """A candidate that passes modulo every prime; coefficients highest degree first."""

    index: int
    a: tuple[int, ...]
    b: tuple[int, ...]


@dataclass(frozen=True)
class _Polynomials:
    """Rows of exact degree, numbered in mixed radix: the leading coefficients ``low``..``high`` but 0, the others by ranges."""

    low: int
    high: int
    ranges: tuple[Range, ...]

    @classmethod
    def of(cls, ranges: Sequence[Range], *, positive: bool) -> _Polynomials:
        low, high = ranges[0]
        return cls(max(low, 1) if positive else low, high, tuple(ranges[1:]))

    @property
    def lows(self) -> np.ndarray:
        return np.array([low for low, _ in self.ranges], np.int64)

    @property
    def sizes(self) -> np.ndarray:
        return np.array([high - low + 1 for low, high in self.ranges], np.int64)

    @property
    def each(self) -> int:
        """Members with the same leading coefficient."""
        return math.prod(high - low + 1 for low, high in self.ranges)

    @property
    def size(self) -> int:
        leads = max(0, self.high - self.low + 1) - (self.low <= 0 <= self.high)
        return leads * self.each

    def leads(self, numbers: np.ndarray) -> np.ndarray:
        """The leading coefficients of these numbers among them."""
        leads = self.low + numbers
        return leads + (leads >= 0) if self.low <= 0 <= self.high else leads

    def rows(self, start: int, stop: int) -> np.ndarray:
        raw = np.arange(start, stop, dtype=np.int64)
        rows = np.empty((stop - start, len(self.ranges) + 1), np.int64)
        for position in range(len(self.ranges), 0, -1):
            low, high = self.ranges[position - 1]
            rows[:, position] = raw % (high - low + 1) + low
            raw //= high - low + 1
        rows[:, 0] = self.leads(raw)
        return rows


@dataclass(frozen=True)
class _Prepared:
    """The worthwhile b of a chunk for given primes, sorted by class modulo the first of them.

    ``finite``: the numbers of those left out because they end the fraction.
    """

    numbers: np.ndarray
    rows: np.ndarray
    begins: np.ndarray
    classes: tuple[np.ndarray, ...]
    lists: tuple[ClassLists, ...]
    finite: np.ndarray

    def part(self, first: int, last: int) -> _Prepared:
        """Those with numbers first..last-1."""
        inside = (self.numbers >= first) & (self.numbers < last)
        before = np.concatenate([[0], np.cumsum(inside)])
        return _Prepared(
            self.numbers[inside],
            self.rows[inside],
            before[self.begins],
            tuple(each[inside] for each in self.classes) if self.lists else self.classes,
            self.lists,
            self.finite[(self.finite >= first) & (self.finite < last)],
        )


class SieveBox:
    """All PCFs of exact degrees with coefficients in ranges (one a coefficient, highest degree first).

    Of a and -a one is a member where the ranges of a are symmetric.  ``split`` keeps the b that split over Q, which are then
    listed instead of numbered.
    """

    def __init__(self, a: Sequence[Range], b: Sequence[Range], split: bool = False, allow_large: bool = False) -> None:
        if max(abs(end) for low_high in (*a, *b) for end in low_high) >= MAX_COEFFICIENT:
            raise InputError(f"the coefficients of a box must stay below {MAX_COEFFICIENT}: make the ranges smaller")
        if split and not allow_large:
            _refuse_slow_split(b)
        symmetric = all(low == -high for low, high in a)
        self.a = _Polynomials.of(a, positive=symmetric)
        self.b = _Polynomials.of(b, positive=False)
        self.ranges = tuple(a), tuple(b)
        self.split = split
        self._listed = _split(tuple(b)) if split else None
        self.b_size = self.b.size if self._listed is None else len(self._listed)
        self.size = self.a.size * self.b_size
        if self.size == 0:
            raise InputError("the box holds no continued fraction of these degrees: widen the ranges")
        self.width = min(self.b_size, _CHUNK)
        self.pairs = self.a.size * self.b_size * (1.0 if split else _SHARE)
        self.levels, self._row_seconds = self._plan(len(a) - 1, len(b) - 1)

    def _plan(self, degree_a: int, degree_b: int) -> tuple[int, float]:
        """How many primes get lists of classes, and the seconds a row of a then takes (estimates; numeric)."""
        kept = self.width * (1.0 if self.split else _SHARE)
        rows = self.a.size * -(-self.b_size // self.width)
        best = 0, kept * _PAIR_SECONDS
        for levels in range(1, _MOST_LEVELS + 1):
            primes = PRIMES[:levels]
            if not _affordable(primes[-1], degree_a, degree_b):
                break
            tests = sum(p ** (degree_a + degree_b) for p in primes)
            lists = sum(0.09 * p ** (degree_b + 1) * _CLASS_SECONDS for p in primes)
            looked_at = sum(kept * _PASSING**k * _LOOK_SECONDS for k in range(1, levels))
            row = lists + looked_at + kept * _PASSING**levels * _PAIR_SECONDS + tests * _TEST_SECONDS / rows
            if row < best[1]:
                best = levels, row
        return best

    def __len__(self) -> int:
        return self.size

    @property
    def block_size(self) -> int:
        """Whole rows of b, at least some ten million candidates."""
        return self.width * max(1, _UNIT // self.width)

    @property
    def expected_seconds(self) -> float:
        """A rough estimate of the time on one core (numeric)."""
        rows = self.a.size * -(-self.b_size // self.width)
        return 1 + self.b_size * 2e-7 + rows * (self._row_seconds + 2e-5)

    @property
    def expected_bytes(self) -> float:
        """A rough estimate of the memory of a worker for lists (numeric)."""
        kept = self.width * (1.0 if self.split else _SHARE)
        return kept * (8 * len(self.ranges[1]) + 4 * max(1, self.levels) + 24)

    def __getitem__(self, index: int) -> PCF:
        chunk, width, rest = self._range_of(index)
        i, j = divmod(rest, width)
        number = chunk * self.width + j
        b = self.b.rows(number, number + 1)[0] if self._listed is None else self._listed[number]
        return PCF(self.a.rows(i, i + 1)[0].tolist(), b.tolist())

    def _range_of(self, index: int) -> tuple[int, int, int]:
        """Chunk, its width, and what remains of ``index`` in it."""
        chunk, rest = divmod(index, self.a.size * self.width)
        return chunk, min(self.width, self.b_size - chunk * self.width), rest

    def survivors(self, start: int, stop: int, counters: dict[str, int]) -> Iterator[Survivor]:
        """The candidates start..stop-1 that pass; adds to ``counters`` (:data:`COUNTED`)."""
        while start < stop:
            chunk, width, rest = self._range_of(start)
            i, j = divmod(rest, width)
            if j or stop - start < width:
                rows, first, last = 1, j, min(width, j + stop - start)
            else:
                lead = i // self.a.each
                rows = min((stop - start) // width, (lead + 1) * self.a.each - i)
                first, last = 0, width
            yield from self._sifted(chunk, width, i, i + rows, first, last, counters)
            start += rows * width if last - first == width else last - first

    def _sifted(
        self, chunk: int, width: int, i: int, end: int, first: int, last: int, counters: dict[str, int]
    ) -> Iterator[Survivor]:
        """Survivors among the a rows i..end-1 of one leading coefficient, with b numbers first..last-1 of the chunk."""
        a_rows = self.a.rows(i, end)
        primes = tuple(p for p in PRIMES if int(a_rows[0, 0]) % p)
        counts = np.zeros(3, np.int64)
        ready = self._prepared(chunk, width, primes)
        if last - first < width:
            ready = ready.part(first, last)
        found = sift(
            a_rows,
            ready.rows,
            ready.begins,
            np.array(primes, np.int64),
            len(ready.lists),
            tuple(each.starts for each in ready.lists) or (np.zeros(1, np.int64),),
            tuple(each.digits for each in ready.lists) or (np.zeros((1, 1), np.uint8),),
            ready.classes,
            counts,
        )
        for name, count in zip(COUNTED, counts, strict=False):
            counters[name] = counters.get(name, 0) + int(count)
        counters["finite"] = counters.get("finite", 0) + len(ready.finite) * (end - i)
        base = chunk * self.a.size * self.width
        for row, position in found:
            yield Survivor(
                base + (i + int(row)) * width + int(ready.numbers[position]),
                tuple(int(c) for c in a_rows[row]),
                tuple(int(c) for c in ready.rows[position]),
            )

    def _prepared(self, chunk: int, width: int, primes: tuple[int, ...]) -> _Prepared:
        start = chunk * self.width
        return _prepare(self.b, self.split, self.ranges, start, start + width, primes, self.levels)


@lru_cache(maxsize=2)
def _prepare(
    b: _Polynomials,
    split: bool,
    ranges: tuple[tuple[Range, ...], tuple[Range, ...]],
    start: int,
    stop: int,
    primes: tuple[int, ...],
    levels: int,
) -> _Prepared:
    degree_a, degree_b = len(ranges[0]) - 1, len(ranges[1]) - 1
    finite = np.empty(0, np.int32)
    if split:
        rows = _split(ranges[1])[start:stop].astype(np.int32)
        numbers = np.arange(len(rows), dtype=np.int32)
    else:
        tabulated = [p for p in primes[:4] if p ** (degree_b + 1) <= TABLE_LIMIT]
        tables = [root_table(p, degree_b) for p in tabulated]
        first = start // b.each
        numbers, rows, finite = rooted_rows(
            start - first * b.each,
            stop - first * b.each,
            b.leads(np.arange(first, -(-stop // b.each))),
            b.lows,
            b.sizes,
            np.array(primes, np.int64),
            np.concatenate([*tables, np.empty(0, np.uint8)]),
            len(tabulated),
        )
    # The primes that count for an a may be larger than those that the plan reckoned with.
    while levels and not _affordable(primes[levels - 1], degree_a, degree_b, leeway=2):
        levels -= 1
    if not levels:
        return _Prepared(numbers, rows, np.zeros(1, np.int64), (np.empty(0, np.int32),), (), finite)
    lists = tuple(_lists(p, degree_a, degree_b) for p in primes[:levels])
    classes = [classes_of(rows, p) for p in primes[:levels]]
    # Rows without a class come last.
    keys = np.where(classes[0] < 0, np.iinfo(np.int32).max, classes[0])
    order = np.argsort(keys, kind="stable")
    begins = np.searchsorted(keys[order], np.arange(primes[0] ** (degree_b + 1) + 1))
    return _Prepared(
        numbers[order],
        rows[order],
        begins.astype(np.int64),
        tuple(each[order] for each in classes),
        lists,
        finite,
    )


def _affordable(p: int, degree_a: int, degree_b: int, leeway: int = 1) -> bool:
    """Whether time and memory allow the lists of classes of a prime."""
    tests = p ** (max(degree_a - 1, 0) + degree_b + 1)
    return tests <= leeway * _MOST_TESTS and p ** (degree_b + 1) * (p + 1) <= leeway * _MOST_TABLE_BYTES


def _refuse_slow_split(b: Sequence[Range]) -> None:
    degree = len(b) - 1
    products = 1.0
    for ends in (b[0], max(b[1:], key=lambda ends: max(map(abs, ends)), default=b[0])):
        # The integers up to a bound that are ordered products of so many factors, about.
        bound = max(2, *map(abs, ends))
        products *= bound * max(math.log(bound), 1.0) ** max(degree - 1, 0) / math.factorial(max(degree - 1, 0))
    seconds = 1.3e-6 * products * 2**degree / math.factorial(degree)
    if seconds > _MOST_SPLIT_SECONDS:
        raise InputError(
            f"listing the b that split over Q would take about {seconds:,.0f} s before the search begins: "
            "lower the bound, or say --allow-large"
        )


_MOST_SPLIT_SECONDS = 120.0


@lru_cache(maxsize=6)
def _lists(p: int, degree_a: int, degree_b: int) -> ClassLists:
    return class_lists(p, degree_a, degree_b)


@lru_cache(maxsize=2)
def _split(ranges: tuple[Range, ...]) -> np.ndarray:
    return split_rows(np.array([low for low, _ in ranges]), np.array([high for _, high in ranges]))
