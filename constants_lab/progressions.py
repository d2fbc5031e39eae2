"""Progressions among integer points: linear ones, and quadratic ones of a certain shape.

A point holds the coefficients of two polynomials in n, each highest degree first.  A progression is a sequence of points whose
coefficients are polynomials of degree at most 2 in the position.

Implementation overview.  Arithmetic progressions are found with a linear hash of the points into 64 bits, under which they
stay progressions; every hit is compared exactly.  In a quadratic one only coefficients of n^i at least two below the leading
term may be quadratic, as they are when the parameter enters like n: the others then form an arithmetic progression of
four points at least, which is found first.  Where very many points share those others the quadratic search is cut short;
the linear one keeps the longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

__all__ = ["LEAST_LINEAR", "LEAST_QUADRATIC", "Point", "Points", "add", "subtract"]

Point: TypeAlias = tuple[int, ...]

LEAST_LINEAR = 3
"""Fewest points of an arithmetic progression: two determine it."""

LEAST_QUADRATIC = 4
"""Fewest points of a quadratic progression: three determine it."""

_SALT = 0x9E3779B97F4A7C15
_MOST_RUNS = 5_000
_MOST_TRIPLES = 300_000
_MOST_IN_GROUPS = 5_000


def add(x: Point, y: Point) -> Point:
    """The sum of two points."""
    return tuple(i + j for i, j in zip(x, y, strict=True))


def subtract(x: Point, y: Point) -> Point:
    """The difference of two points."""
    return tuple(i - j for i, j in zip(x, y, strict=True))


class Points:
    """A set of points of one length, of which the first ``split`` coordinates belong to the first polynomial.

    >>> points = Points([(1, 0, 0), (1, 2, 1), (1, 4, 4), (1, 6, 9), (1, 8, 9)], split=0)
    >>> points.quadratic()
    [[(1, 0, 0), (1, 2, 1), (1, 4, 4), (1, 6, 9)]]
    """

    def __init__(self, points: Iterable[Point], split: int) -> None:
        self.known = set(points)
        self.split = split
        self._sorted = sorted(self.known)

    def run(self, start: Point, step: Point, bend: Point) -> list[Point]:
        """The points start, start + step, ... where the step grows by ``bend`` each time, as far as they are in the set."""
        found = [start]
        while (following := add(found[-1], step)) in self.known:
            found.append(following)
            step = add(step, bend)
        return found

    def linear(self) -> list[list[Point]]:
        """Maximal arithmetic progressions of at least three points; of very many the longest."""
        if len(self._sorted) < LEAST_LINEAR:
            return []
        hits = sorted((-length, i, j) for length, i, j in _Hashed(self._sorted).maximal())
        runs = []
        for _, i, j in hits[:_MOST_RUNS]:
            step = subtract(self._sorted[j], self._sorted[i])
            runs.append(self.run(self._sorted[i], step, (0,) * len(self._sorted[0])))
        return [run for run in runs if len(run) >= LEAST_LINEAR]

    def quadratic(self) -> list[list[Point]]:
        """Maximal progressions of at least four points with a constant second difference other than zero."""
        by_rest: dict[Point, list[Point]] = {}
        for point in self._sorted:
            by_rest.setdefault(self._rest(point), []).append(point)
        rests = sorted(by_rest)
        runs: dict[frozenset[Point], list[Point]] = {}
        work = 0
        for i, j in _Hashed(rests).fours() if rests else ():
            third = add(rests[j], subtract(rests[j], rests[i]))
            groups = [by_rest.get(rest, []) for rest in (rests[i], rests[j], third)]
            size = len(groups[0]) * len(groups[1]) * len(groups[2])
            if size > _MOST_IN_GROUPS:
                continue
            work += size
            for x, y, z in _triples(*groups):
                step = subtract(y, x)
                bend = subtract(subtract(z, y), step)
                # The next point is looked up before anything else, as it mostly is not there.
                if add(z, add(subtract(z, y), bend)) not in self.known or not any(bend):
                    continue
                if subtract(x, subtract(step, bend)) not in self.known:
                    run = self.run(x, step, bend)
                    runs.setdefault(frozenset(run), run)
            if work > _MOST_TRIPLES or len(runs) > _MOST_RUNS:
                break
        return list(runs.values())

    def _rest(self, point: Point) -> Point:
        """The coefficients that are at most linear in k: of each polynomial the first two."""
        kept: list[int] = []
        for row in (point[: self.split], point[self.split :]):
            lead = next((i for i, c in enumerate(row) if c), 0)
            kept += [c if i < lead + 2 else 0 for i, c in enumerate(row)]
        return tuple(kept)


def _triples(first: list[Point], second: list[Point], third: list[Point]) -> Iterator[tuple[Point, Point, Point]]:
    return ((x, y, z) for x in first for y in second if y != x for z in third if z not in (x, y))


class _Hashed:
    """Arithmetic progressions among points, by a linear map to integers modulo 2^64: a hit is to be compared exactly."""

    def __init__(self, points: Sequence[Point]) -> None:
        # A power of a fixed odd number mixes the coordinates.
        weights = [pow(_SALT, i + 1, 1 << 64) for i in range(len(points[0]))]
        codes = [sum(w * x for w, x in zip(weights, point, strict=True)) % (1 << 64) for point in points]
        self.hashes = np.array(codes, dtype=np.uint64)
        self.table = np.sort(self.hashes)

    def present(self, wanted: np.ndarray) -> np.ndarray:
        """Which of the hashes are those of points."""
        place = np.minimum(np.searchsorted(self.table, wanted), len(self.table) - 1)
        return self.table[place] == wanted

    def maximal(self) -> Iterator[tuple[int, int, int]]:
        """(length, i, j) of those of at least three points that begin with points i < j and cannot be continued backwards."""
        for i, start in enumerate(self.hashes):
            steps = self.hashes[i + 1 :] - start
            going = np.flatnonzero(self.present(start + steps + steps))
            going = going[~self.present(start - steps[going])]
            where, length = start + steps[going] + steps[going], LEAST_LINEAR
            while len(going):
                following = where + steps[going]
                goes_on = self.present(following)
                yield from ((length, i, i + 1 + int(j)) for j in going[~goes_on])
                going, where, length = going[goes_on], following[goes_on], length + 1

    def fours(self) -> Iterator[tuple[int, int]]:
        """(i, j) with i <= j that begin a progression of four points; all points may be the same."""
        for i, start in enumerate(self.hashes):
            steps = self.hashes[i:] - start
            going = np.flatnonzero(self.present(start + steps + steps))
            third = start + steps[going] + steps[going]
            yield from ((i, i + int(j)) for j in going[self.present(third + steps[going])])
