"""Sets of whole numbers kept as disjoint half-open intervals [start, stop) that do not touch.

All arithmetic is on Python integers, so nothing here is bounded by 64 bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Interval", "Union", "gaps", "length", "unite"]

Interval = tuple[int, int]
"""[start, stop) with start < stop."""


@dataclass(frozen=True)
class Union:
    """What adding an interval does to a set.

    ``start`` and ``stop`` bound the interval that replaces every neighbour it overlaps or touches; ``added``
    is how many numbers are new: 0 means nothing changes, ``stop - start`` of the new interval means that it was
    disjoint from the set.
    """

    start: int
    stop: int
    added: int


def unite(neighbours: Iterable[Interval], start: int, stop: int) -> Union:
    """Add [start, stop) to the disjoint intervals that overlap or touch it (others are ignored).

    Raises ``ValueError`` for an empty interval.

    >>> unite([(0, 5), (8, 10), (20, 30)], 5, 9)
    Union(start=0, stop=10, added=3)
    """
    if start >= stop:
        raise ValueError("an interval must hold at least one number")
    low, high, covered = start, stop, 0
    for left, right in neighbours:
        if right < start or left > stop:
            continue
        covered += max(0, min(right, stop) - max(left, start))
        low, high = min(low, left), max(high, right)
    return Union(low, high, (stop - start) - covered)


def gaps(done: Iterable[Interval], total: int) -> list[Interval]:
    """What is missing of [0, total), given disjoint intervals in increasing order.

    >>> gaps([(0, 2), (5, 7)], 10)
    [(2, 5), (7, 10)]
    """
    missing: list[Interval] = []
    position = 0
    for start, stop in done:
        if start >= total:
            break
        if start > position:
            missing.append((position, start))
        position = max(position, stop)
    if position < total:
        missing.append((position, total))
    return missing


def length(intervals: Iterable[Interval]) -> int:
    """How many numbers disjoint intervals hold.

    >>> length([(0, 2), (5, 7)])
    4
    """
    return sum(stop - start for start, stop in intervals)
