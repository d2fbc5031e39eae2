"""Quorums: what counts when machines disagree, and what adaptive replication costs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.errors import InputError
from constants_lab.search.replication import Quorum, machine_of, parse_replication


@given(st.integers(2, 4), st.integers(0, 10**6), st.integers(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_minority_never_decides(copies: int, seed: int, liars: int) -> None:
    """Machines that lie each in their own way, fewer than the copies asked for, get no wrong digest accepted."""
    chance = random.Random(seed)
    honest = [f"honest{k}" for k in range(copies + 1)]
    lying = [f"liar{k}" for k in range(liars)]
    quorum = Quorum(copies, seed)
    for number in range(20):
        unit = number, number + 1
        accepted = None
        while accepted is None:
            barred = quorum.voters(unit) | quorum.banned
            machine = chance.choice([m for m in honest + lying if m not in barred])
            accepted = quorum.vote(unit, machine, "right" if machine in honest else f"{machine} {number}").accepted
        assert accepted == "right"
        assert not quorum.voters(unit)
    assert not quorum.banned & set(honest)


def test_a_machine_that_is_outvoted_twice_is_barred() -> None:
    quorum = Quorum(2)
    for number in range(2):
        assert "liar" not in quorum.banned
        unit = number, number + 1
        assert quorum.vote(unit, "liar", "wrong").accepted is None
        assert quorum.vote(unit, "ada", "right").accepted is None
        assert quorum.voters(unit) == {"liar", "ada"}
        assert quorum.vote(unit, "bob", "right").accepted == "right"
    assert quorum.banned == {"liar"}
    # What it says counts no more, not even as one of two that agree.
    assert quorum.vote((9, 10), "liar", "wrong").accepted is None
    assert quorum.vote((9, 10), "ada", "wrong").accepted is None
    assert quorum.vote((9, 10), "bob", "wrong").accepted == "wrong"


@pytest.mark.parametrize("liars", [0, 1])
def test_adaptive_replication_costs_a_tenth_at_most(liars: int) -> None:
    chance = random.Random(7)
    machines = [f"pc{k}" for k in range(10)]
    quorum = Quorum("adaptive", 7)
    units, wrong = 5000, 0
    for number in range(units):
        unit = number, number + 1
        accepted = None
        while accepted is None:
            barred = quorum.voters(unit) | quorum.banned
            machine = chance.choice([m for m in machines if m not in barred])
            lies = liars and machine == "pc3" and chance.random() < 0.2
            accepted = quorum.vote(unit, machine, "wrong" if lies else "right").accepted
        wrong += accepted == "wrong"
    assert quorum.extra / units < 0.1
    # A machine that begins to lie is found out before it has earned trust.
    assert wrong <= 2
    assert quorum.banned == ({"pc3"} if liars else set())


@pytest.mark.parametrize("text", ["0", "10", "-1", "1.5", "adaptiv", "", "２"])
def test_other_numbers_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InputError, match="adaptive"):
        parse_replication(text)


def test_the_processes_of_one_machine_are_one_voter() -> None:
    assert machine_of("pc#1-a") == machine_of("pc#2-b") != machine_of("pc2#1-a")
