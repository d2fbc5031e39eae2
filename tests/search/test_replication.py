"""Quorums: what counts when machines disagree, and what adaptive replication costs."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from statistics import mean, median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.db.records import Finding
from constants_lab.errors import InputError
from constants_lab.search.job import JobSpec
from constants_lab.search.replication import Quorum, machine_of, parse_replication
from constants_lab.search.units import Unit, UnitResult, run_unit

SPEC = JobSpec.of(
    "lookup",
    {"constants": ["e"], "lhs": 4, "a_degree": 1, "a_range": "-5..5", "b_degree": 1, "b_range": "-5..5"},
)
UNIT = Unit("lookup", SPEC.spec.model_dump_json(), 0, SPEC.space().size)


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


def decided(quorum: Quorum, number: int, said: str) -> str:
    """What counts in the end when "pc" says that of a unit, and all others tell the truth."""
    unit = number, number + 1
    accepted = quorum.vote(unit, "pc", said).accepted
    others = iter(range(9))
    while accepted is None:
        accepted = quorum.vote(unit, f"other{next(others)}", "right").accepted
    return accepted


def test_a_machine_that_begins_to_lie_late_is_found_out_soon() -> None:
    """Trust is earned by what others have checked: after 1000 honest units some 45 results in a row were."""
    extra, wrong = [], []
    for seed in range(60):
        quorum = Quorum("adaptive", seed)
        for number in range(1000):
            assert decided(quorum, number, "right") == "right"
        extra.append(quorum.extra / 1000)
        number, lies = 1000, 0
        while "pc" not in quorum.banned:
            lies += decided(quorum, number, "wrong") == "wrong"
            number += 1
        wrong.append(lies)
    assert 0.03 < mean(extra) < 0.06
    assert 15 < median(wrong) < 60
    assert max(wrong) < 600


def test_what_was_taken_on_trust_earns_no_trust() -> None:
    """Checks get rarer with the root of the units, so four times the units take twice the checks."""
    quorum, checks = Quorum("adaptive", 3), []
    for number in range(16_000):
        decided(quorum, number, "right")
        if number + 1 in (4000, 16_000):
            checks.append(quorum.extra)
    assert 1.7 < checks[1] / checks[0] < 2.3


# What is compared


@pytest.fixture(scope="module")
def honest() -> UnitResult:
    result = run_unit(UNIT)
    assert len(result.findings) > 2
    return result


def changed(result: UnitResult, number: int, **update: Any) -> UnitResult:
    """The result with another finding number ``number``."""
    findings = list(result.findings)
    findings[number] = Finding.model_validate_json(findings[number]).model_copy(update=update).model_dump_json()
    return replace(result, findings=tuple(findings))


def test_two_honest_results_are_equal_whatever_was_measured(honest: UnitResult) -> None:
    again = run_unit(UNIT)
    assert again.digest == honest.digest
    finding = Finding.model_validate_json(honest.findings[0])
    assert finding.dynamics is not None
    assert finding.dynamics.delta is not None
    other_place = finding.dynamics.model_copy(update={"delta": finding.dynamics.delta + 1e-15})
    assert changed(honest, 0, dynamics=other_place).digest == honest.digest
    assert replace(honest, seconds=honest.seconds + 1, findings=honest.findings[::-1]).digest == honest.digest


def test_results_that_say_something_else_are_not_equal(honest: UnitResult) -> None:
    first = Finding.model_validate_json(honest.findings[0])
    gist = json.dumps([first.index, first.formula.exact_key, sorted(identity.lhs for identity in first.identities)])
    others = [
        replace(honest, findings=()),
        replace(honest, findings=honest.findings[1:]),
        replace(honest, findings=(gist, *honest.findings[1:])),
        replace(honest, findings=("no finding", *honest.findings[1:])),
        replace(honest, stop=10**9),
        replace(honest, start=1),
        replace(honest, screened=run_unit(replace(UNIT, stop=UNIT.stop - 1)).screened),
        changed(honest, 0, index=first.index + 1),
        changed(honest, 0, identities=[]),
        changed(honest, 0, formula=first.formula.model_copy(update={"exact_key": "rho 1 / 1 ; 1"})),
    ]
    digests = {other.digest for other in others}
    assert len(digests) == len(others)
    assert honest.digest not in digests


def test_the_unit_and_its_search_are_part_of_what_is_compared() -> None:
    units = [replace(UNIT, stop=20), replace(UNIT, start=1, stop=20), replace(UNIT, start=1, stop=21)]
    other = SPEC.spec.model_copy(update={"lhs": 3})
    units.append(replace(units[0], spec=other.model_dump_json()))
    results = [run_unit(unit) for unit in units]
    assert not any(result.findings for result in results)
    assert len({result.screened for result in results}) == len({result.digest for result in results}) == 4


def test_a_result_without_its_hits_does_not_pass_for_one_that_has_them(honest: UnitResult) -> None:
    """A machine that screens rightly, and so knows the hash of the indices, and sends no findings."""
    quorum, place = Quorum(2), (honest.start, honest.stop)
    stripped = replace(honest, findings=())
    assert quorum.vote(place, "ada", honest.digest).accepted is None
    assert quorum.vote(place, "liar", stripped.digest).accepted is None
    assert quorum.vote(place, "bob", run_unit(UNIT).digest).accepted == honest.digest


# Options


@pytest.mark.parametrize("text", ["0", "10", "-1", "1.5", "adaptiv", "", "２"])
def test_other_numbers_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InputError, match="adaptive"):
        parse_replication(text)


def test_the_processes_of_one_machine_are_one_voter() -> None:
    assert machine_of("pc#1-a") == machine_of("pc#2-b") != machine_of("pc2#1-a")
