"""Families of the sieve: continued fractions given by formulas with symbols, each tested on its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from constants_lab.pcf import PCF
from constants_lab.search.kernels.genuine import ended_or_inflated
from constants_lab.search.kernels.nilpotence import nilpotent_members
from constants_lab.search.sieve_boxes import Survivor
from constants_lab.search.space import PCFFamily, Range

__all__ = ["SieveFamily"]


class SieveFamily:
    """The members of a :class:`constants_lab.search.space.PCFFamily`, for the sieve."""

    block_size = 1 << 16
    expected_bytes = 1e8

    def __init__(self, a: str, b: str, ranges: dict[str, Range]) -> None:
        self.members = PCFFamily(a, b, ranges)
        self.size = self.members.size
        self.degrees = self.members.degrees

    @property
    def expected_seconds(self) -> float:
        """A rough estimate of the time on one core (numeric)."""
        return 1 + self.size * 4e-7

    def __getitem__(self, index: int) -> PCF:
        return self.members[index]

    def survivors(self, start: int, stop: int, counters: dict[str, int]) -> Iterator[Survivor]:
        """The candidates start..stop-1 that pass modulo every prime; ``counters`` as for boxes."""
        for block in self.members.blocks(start, stop, self.block_size):
            rows = nilpotent_members(block.a, block.b)
            verdicts = ended_or_inflated(block.a, block.b, rows)
            for name, verdict in (("finite", 1), ("divergent", 2), ("inflated", 3)):
                counters[name] = counters.get(name, 0) + int(np.count_nonzero(verdicts == verdict))
            counters["near"] = counters.get("near", 0) + len(rows)
            for row in rows[verdicts == 0]:
                a, b = (tuple(int(c) for c in table[row]) for table in (block.a, block.b))
                yield Survivor(block.index(int(row)), a, b)
