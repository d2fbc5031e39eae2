"""Replication: how many machines must agree before the result of a unit counts.

What is compared is :attr:`constants_lab.search.units.UnitResult.digest`, which the coordinator makes of what it was sent: the
indices that screening proposed, and index, key and left-hand sides of every finding.  These are integers and exact texts, equal
on every machine that computes rightly.  A machine can so hide a hit only together with another; it cannot forge one, since
findings are made again by the coordinator (:mod:`constants_lab.search.second_opinion`).

*Adaptive* replication is BOINC's rule (Anderson, "BOINC: a platform for volunteer computing", 2020, section on adaptive
replication): a machine with c >= 10 consecutive valid results is trusted with probability 1 - 1/c, else its unit is computed
once more; an invalid result sets c to 0.  Valid is what another machine agreed with: a result that nobody checked says nothing
of its machine, or trust would feed on itself.  So c grows as the root of the units done, checks get rarer as 1/c, and one that
begins to lie is outvoted after about c lies, for good after one more.  A machine that was outvoted twice gets no more units.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from constants_lab.errors import InputError

__all__ = ["Decision", "Quorum", "Replication", "machine_of", "parse_replication"]

Replication = int | Literal["adaptive"]

_TRUSTED_AFTER = 10
_STRIKES = 2
MAX_COPIES = 9


def parse_replication(text: str) -> Replication:
    """``adaptive`` or a number of machines from 1 to 9; raises :class:`InputError` for anything else.

    >>> parse_replication("2"), parse_replication("adaptive")
    (2, 'adaptive')
    """
    if text == "adaptive":
        return "adaptive"
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_COPIES:
        return int(text)
    raise InputError(f"--replicate {text[:20]!r} is not possible: give a number from 1 to {MAX_COPIES}, or adaptive")


def machine_of(worker: str) -> str:
    """The machine a worker belongs to: its name without the number that ``clab worker`` appends to its processes.

    >>> machine_of("lab-pc#3"), machine_of("tcp://10.0.0.2:4000")
    ('lab-pc', 'tcp://10.0.0.2:4000')
    """
    return worker.rsplit("#", 1)[0]


@dataclass(frozen=True)
class Decision:
    """``accepted``: the digest that won, or None while more votes are needed."""

    accepted: str | None


@dataclass
class _Ballot:
    needed: int
    votes: dict[str, str] = field(default_factory=dict)


class Quorum:
    """Votes on units, and what is known of each machine.  Pure bookkeeping; not thread-safe.

    >>> quorum = Quorum(2)
    >>> quorum.vote((0, 10), "ada", "x").accepted, quorum.vote((0, 10), "bob", "x").accepted
    (None, 'x')
    """

    def __init__(self, replication: Replication, seed: int | None = None) -> None:
        self.replication = replication
        self._random = random.Random(seed)
        self._ballots: dict[tuple[int, int], _Ballot] = {}
        self._valid: Counter[str] = Counter()
        self._strikes: Counter[str] = Counter()
        self.extra = 0
        """Results that were computed beyond the first of each unit."""

    @property
    def banned(self) -> frozenset[str]:
        """The machines that were outvoted twice."""
        return frozenset(machine for machine, strikes in self._strikes.items() if strikes >= _STRIKES)

    def voters(self, unit: tuple[int, int]) -> frozenset[str]:
        """The machines that have voted on a unit still open."""
        ballot = self._ballots.get(unit)
        return frozenset(ballot.votes) if ballot else frozenset()

    def vote(self, unit: tuple[int, int], machine: str, digest: str) -> Decision:
        """Count the result of ``machine``; a second vote of one machine on a unit replaces its first."""
        ballot = self._ballots.get(unit)
        if ballot is None:
            ballot = self._ballots[unit] = _Ballot(self._needed(machine))
        else:
            self.extra += 1
        if machine in self.banned:
            # What it says counts no more; somebody else has to do the unit.
            ballot.needed = max(ballot.needed, 1)
            return Decision(None)
        ballot.votes[machine] = digest
        winner, count = Counter(ballot.votes.values()).most_common(1)[0]
        if len(set(ballot.votes.values())) > 1:
            # One against one decides nothing, whatever was needed before.
            ballot.needed = max(ballot.needed, 2)
        if count < ballot.needed:
            return Decision(None)
        for voter, said in ballot.votes.items():
            if said == winner:
                # Nobody else has seen what was taken on trust.
                self._valid[voter] += count > 1
            else:
                self._valid[voter] = 0
                self._strikes[voter] += 1
        del self._ballots[unit]
        return Decision(winner)

    def _needed(self, machine: str) -> int:
        if self.replication != "adaptive":
            return self.replication
        valid = self._valid[machine]
        if valid >= _TRUSTED_AFTER and self._random.random() < 1 - 1 / valid:
            return 1
        return 2
