"""Jobs and the recording of units: nothing twice, nothing lost, numbers without bound."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from constants_lab.db import DynamicsRecord, Finding, RecordOutcome, Store
from constants_lab.db.query import formula, formulas
from constants_lab.errors import InputError

Maker = Callable[..., Finding]


def test_a_job_is_created_once(store: Store) -> None:
    spec = {"constants": ["pi"], "range": [-(10**25), 10**25]}
    job = store.create_job("lookup", spec, 10**30, "1.0")
    again = store.create_job("lookup", {"range": [-(10**25), 10**25], "constants": ["pi"]}, 10**30, "1.0")
    assert again == job
    assert job.spec == spec
    assert job.state == "pending"
    assert store.find_job("lookup", spec, "1.0") == job
    assert store.find_job("lookup", spec, "1.1") is None
    assert store.find_job("sieve", spec, "1.0") is None
    other = store.create_job("lookup", spec, 10**30, "1.1")
    assert [each.id for each in store.jobs()] == [job.id, other.id]
    assert list(job.as_json())[:6] == ["id", "method", "state", "done", "total", "findings"]


def test_a_job_that_changed_its_size_is_refused(store: Store) -> None:
    store.create_job("lookup", {}, 10, "1")
    with pytest.raises(InputError, match="another version"):
        store.create_job("lookup", {}, 11, "1")


@pytest.mark.parametrize("number", [7, 0, -1, 10**30])
def test_an_unknown_job_is_named(store: Store, number: int) -> None:
    with pytest.raises(InputError, match=f"there is no job {number} in .*`clab jobs` lists them"):
        store.job(number)
    with pytest.raises(InputError, match="there is no job"):
        store.set_state(number, "done")
    with pytest.raises(InputError, match="there is no job"):
        store.remaining(number)


def test_states(store: Store) -> None:
    job = store.create_job("lookup", {}, 10, "1")
    store.set_state(job.id, "failed", "the disk is full")
    assert (store.job(job.id).state, store.job(job.id).error) == ("failed", "the disk is full")
    store.set_state(job.id, "running")
    assert (store.job(job.id).state, store.job(job.id).error) == ("running", None)
    with pytest.raises(InputError, match="no job state"):
        store.set_state(job.id, "sleeping")


def test_specifications_must_be_plain(store: Store) -> None:
    for bad in ({"x": float("nan")}, {"x": object()}):
        with pytest.raises(InputError, match="specification"):
            store.create_job("lookup", bad, 10, "1")
    assert store.jobs() == []


def test_a_unit_twice_changes_nothing(store: Store, finding: Maker) -> None:
    job = store.create_job("lookup", {}, 100, "1")
    found = [finding(3, dynamics=DynamicsRecord(regime="factorial", depth=10)), finding(7)]
    first = store.record(job.id, 0, 10, found, {"candidates": 10, "finite": 2}, 1.5)
    assert first == RecordOutcome(2, 2, already_done=False)
    before = (store.job(job.id), store.info().rows)
    assert store.record(job.id, 0, 10, found, {"candidates": 10, "finite": 2}, 1.5) == RecordOutcome(0, 0, True)
    assert store.record(job.id, 2, 5, [found[0]], {"candidates": 3}, 9.0).already_done
    assert (store.job(job.id), store.info().rows) == before
    assert before[0].counters == {"candidates": 10, "finite": 2}
    assert before[0].seconds == 1.5
    assert before[1] == {
        "job": 1,
        "unit": 1,
        "finding": 2,
        "formula": 2,
        "identity": 2,
        "evidence": 2,
        "dynamics": 1,
        "equivalence": 0,
        "formula_label": 0,
        "lease": 0,
        "contribution": 0,
        "set_aside": 0,
        "cluster": 0,
        "cluster_member": 0,
        "certificate": 0,
    }


def test_counters_are_summed_over_units_that_are_new(store: Store, finding: Maker) -> None:
    job = store.create_job("lookup", {}, 100, "1")
    store.record(job.id, 0, 10, [], {"candidates": 10}, 1.0)
    store.record(job.id, 10, 30, [finding(12)], {"candidates": 20, "slow": 1}, 2.0)
    outcome = store.record(job.id, 25, 40, [finding(26), finding(33)], {"candidates": 15}, 4.0)
    assert outcome == RecordOutcome(2, 2, already_done=False)
    now = store.job(job.id)
    assert (now.done, now.findings, now.counters, now.seconds) == (40, 3, {"candidates": 30, "slow": 1}, 3.0)
    assert store.done_intervals(job.id) == [(0, 40)]
    assert store.remaining(job.id) == [(40, 100)]


def test_a_formula_met_by_two_jobs_is_stored_once(store: Store, finding: Maker) -> None:
    one = store.create_job("lookup", {"x": 1}, 100, "1")
    two = store.create_job("lookup", {"x": 2}, 100, "1")
    store.record(one.id, 0, 100, [finding(1, "same"), finding(2, "same")], {}, 0.0)
    assert store.record(two.id, 0, 100, [finding(5, "same")], {}, 0.0) == RecordOutcome(0, 1, already_done=False)
    rows = store.info().rows
    assert (rows["formula"], rows["finding"], rows["identity"], rows["evidence"]) == (1, 3, 1, 1)
    (listed,) = formulas(store)
    met = [(each.job, each.candidate) for each in formula(store, listed.id).provenance]
    assert met == [(one.id, 1), (one.id, 2), (two.id, 5)]


def test_the_deepest_measurement_of_convergence_is_kept(store: Store, finding: Maker) -> None:
    job = store.create_job("lookup", {}, 100, "1")
    for index, (depth, delta) in enumerate([(100, 0.1), (1000, 0.2), (500, float("nan"))]):
        measured = DynamicsRecord(regime="exponential", delta=delta, rate=float("inf"), depth=depth)
        store.record(job.id, index, index + 1, [finding(index, "same", dynamics=measured)], {}, 0.0)
    (listed,) = formulas(store)
    assert (listed.delta, listed.rate, listed.depth, listed.regime) == (0.2, None, 1000, "exponential")


def test_numbers_and_texts_have_no_bound(store: Store, finding: Maker) -> None:
    total = 10**30
    job = store.create_job("lookup", {}, total, "1")
    key = "k" * 100_000
    random_key = "".join(random.Random(1).choices("0123456789*+n^", k=50_000))
    lhs = "+".join(random.Random(2).choices("0123456789", k=20_000))
    claim = (("pi", lhs, 10**400, "verified", 100),)
    found = [finding(total - 5, key, claim), finding(total - 4, random_key, claim, class_key=random_key)]
    store.record(job.id, total - 10, total, found, {"candidates": 10**29}, 0.0)
    store.record(job.id, 9, 10, [finding(9)], {"candidates": 10**29}, 0.0)
    store.record(job.id, 10, 100, [], {}, 0.0)
    assert store.done_intervals(job.id) == [(9, 100), (total - 10, total)]
    assert store.remaining(job.id) == [(0, 9), (100, total - 10)]
    assert store.job(job.id).done == 101
    assert store.job(job.id).counters == {"candidates": 2 * 10**29}
    full = formula(store, formulas(store)[0].id)
    assert full.exact_key == key
    assert full.identities[0].matrix[0][1] == str(10**400)
    assert full.provenance[0].candidate == total - 5


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (6, 5), (95, 101), (10**41, 10**41 + 1)])
def test_units_outside_the_job_are_refused(store: Store, start: int, stop: int) -> None:
    job = store.create_job("lookup", {}, 100, "1")
    with pytest.raises(InputError, match="does not lie inside"):
        store.record(job.id, start, stop, [], {}, 0.0)
    assert store.job(job.id).done == 0


def test_a_finding_outside_its_unit_is_refused(store: Store, finding: Maker) -> None:
    job = store.create_job("lookup", {}, 100, "1")
    with pytest.raises(InputError, match="outside the unit"):
        store.record(job.id, 0, 10, [finding(10)], {}, 0.0)
    assert store.info().rows["formula"] == 0


def test_a_bad_finding_leaves_nothing_of_its_unit(store: Store, finding: Maker) -> None:
    job = store.create_job("lookup", {}, 100, "1")
    good, bad = finding(1), finding(2, value="one and a half")
    with pytest.raises(InputError, match="not a decimal number"):
        store.record(job.id, 0, 10, [good, bad], {"candidates": 10}, 1.0)
    assert store.remaining(job.id) == [(0, 100)]
    assert store.info().rows["formula"] == 0


def test_restarting_keeps_the_findings(store: Store, finding: Maker) -> None:
    job = store.create_job("lookup", {}, 10, "1")
    store.record(job.id, 0, 10, [finding(1)], {"candidates": 10}, 1.0)
    store.set_state(job.id, "done")
    store.restart(job.id)
    now = store.job(job.id)
    assert (now.state, now.done, now.counters, now.findings) == ("pending", 0, {}, 1)
    assert store.record(job.id, 0, 10, [finding(1)], {"candidates": 10}, 1.0) == RecordOutcome(0, 0, False)
    assert store.job(job.id).findings == 1
    assert store.info().rows["evidence"] == 1


_units = st.lists(
    st.tuples(st.integers(0, 39), st.integers(1, 12)).map(lambda pair: (pair[0], min(40, sum(pair)))),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(units=_units, tag=st.uuids())
def test_progress_agrees_with_a_set(store: Store, units: list[tuple[int, int]], tag: object) -> None:
    scale = 10**25
    job = store.create_job("lookup", {"tag": str(tag)}, 40 * scale, "1")
    if job.done:
        store.restart(job.id)
    model: set[int] = set()
    for start, stop in units:
        fresh = set(range(start, stop)) - model
        model |= fresh
        assert store.record(job.id, start * scale, stop * scale, [], {}, 0.0).already_done == (not fresh)
    assert store.job(job.id).done == len(model) * scale
    intervals = store.done_intervals(job.id)
    assert {i for left, right in intervals for i in range(left // scale, right // scale)} == model
    assert all(left[1] < right[0] for left, right in pairwise(intervals))
    missing = {i for left, right in store.remaining(job.id) for i in range(left // scale, right // scale)}
    assert missing == set(range(40)) - model


def test_a_large_unit_takes_few_statements(store: Store, finding: Maker) -> None:
    job = store.create_job("lookup", {}, 10**6, "1")
    found = [finding(index) for index in range(6000)]
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        outcome = store.record(job.id, 0, 6000, found, {}, 0.0)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert outcome.new_formulas == 6000
    # 6,000 findings for five tables in pages of about a thousand rows: far fewer statements than rows.
    assert 5 <= len(seen) < 60
