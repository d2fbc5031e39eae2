"""Who may change a job: the coordinator that holds its lease, from before its engine starts until it has said how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from constants_lab.db.schema import LeaseRow
from constants_lab.db.store import Store
from constants_lab.errors import InputError
from constants_lab.search import units
from constants_lab.search.engine import Completed, LocalEngine
from constants_lab.search.job import JobSpec
from constants_lab.search.methods import lookup
from constants_lab.search.runner import prepare_job, run_job

SPEC = JobSpec.of(
    "lookup",
    {"constants": ["e"], "lhs": 4, "a_degree": 1, "a_range": "-5..5", "b_degree": 1, "b_range": "-5..5"},
)


@pytest.fixture(autouse=True)
def small_units(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(lookup.LookupSpace, "block_size", property(lambda space: 300))
    units._opened.cache_clear()
    yield
    units._opened.cache_clear()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "lab.db") as opened:
        yield opened


@pytest.fixture
def job(store: Store) -> int:
    return prepare_job(store, SPEC).id


class Counting(LocalEngine):
    """An engine that counts its units and calls ``before`` with their number before each."""

    unit_seconds = 0.001

    def __init__(self, before: Callable[[int], None] = lambda number: None) -> None:
        super().__init__()
        self.before, self.worked, self.closed = before, 0, False

    def run(self, work: Any, given: Iterator[Any]) -> Iterator[Any]:
        for unit in given:
            self.before(self.worked)
            self.worked += 1
            yield Completed(work(unit), "test", unit)

    def close(self) -> None:
        self.closed = True


class Lost(Exception):
    """What a test raises to break a run off."""


def take_over(store: Store, job: int) -> None:
    """As another coordinator does that has seen no beats for long enough."""
    store.writing(lambda c: c.execute(update(LeaseRow).where(LeaseRow.job_id == job).values(owner="b", host="mars")))


def state(store: Store, job: int) -> tuple[str, int]:
    now = store.job(job)
    return now.state, now.done


def test_a_job_that_is_being_run_is_not_begun_again(store: Store, job: int) -> None:
    store.record(job, 0, 500, [], {}, 1.0)
    store.set_state(job, "running")
    engine = Counting()
    with store.acquire_lease(job):
        with pytest.raises(InputError, match="is being run"):
            prepare_job(store, SPEC, again=True)
        with pytest.raises(InputError, match="is being run"):
            run_job(store, job, engine, again=True)
        assert state(store, job) == ("running", 500)
    assert engine.worked == 0


@pytest.mark.parametrize("before", ["done", "cancelled", "half"])
def test_a_job_that_nobody_runs_is_begun_again(store: Store, job: int, before: str) -> None:
    total = store.job(job).total
    first = run_job(store, job, LocalEngine())
    if before != "done":
        store.restart(job)
        store.record(job, 0, 500, [], {}, 1.0)
    if before == "cancelled":
        store.set_state(job, "cancelled")
    engine = Counting()
    again = run_job(store, job, engine, again=True)
    assert (again.state, again.done, again.findings) == ("done", total, first.findings)
    # Nothing of what was done before was left out.
    assert sum(share.candidates for share in store.contributions(job)) == total
    assert store.lease(job) is None


def test_the_lease_is_kept_alive_while_the_engine_starts(store: Store, job: int) -> None:
    def slow(seconds: float) -> LocalEngine:
        limit = time.monotonic() + 60
        while (lease := store.lease(job)) is None or lease.beats < 1:
            assert time.monotonic() < limit
            time.sleep(0.05)
        return LocalEngine()

    assert run_job(store, job, slow).state == "done"


def test_a_job_cancelled_while_the_engine_starts_stays_cancelled(store: Store, job: int) -> None:
    engine = Counting()

    def start(seconds: float) -> Counting:
        store.set_state(job, "cancelled")
        return engine

    assert run_job(store, job, start).state == "cancelled"
    assert state(store, job) == ("cancelled", 0)
    assert (engine.worked, engine.closed) == (0, True)
    assert store.lease(job) is None


def test_a_job_taken_over_while_the_engine_starts_is_left_to_the_other(store: Store, job: int) -> None:
    engine = Counting()

    def start(seconds: float) -> Counting:
        take_over(store, job)
        store.set_state(job, "paused", "what the other says")
        return engine

    said: list[str] = []
    assert run_job(store, job, start, say=said.append).error == "what the other says"
    assert said == [f"another coordinator has taken job {job} over: stopping here"]
    assert (engine.worked, engine.closed) == (0, True)
    left = store.lease(job)
    assert left is not None
    assert left.owner == "b"


@pytest.mark.parametrize("ends", ["breaks off", "fails", "finishes"])
def test_a_run_that_lost_its_lease_does_not_say_how_it_ended(store: Store, job: int, ends: str) -> None:
    def before(number: int) -> None:
        if number == 2:
            take_over(store, job)
            store.set_state(job, "running", "of the other")
            if ends != "finishes":
                raise Lost if ends == "breaks off" else InputError("no more")

    if ends == "finishes":
        assert run_job(store, job, Counting(before)).error == "of the other"
    else:
        with pytest.raises((Lost, InputError)):
            run_job(store, job, Counting(before))
    assert store.job(job).error == "of the other"
    # The last unit itself makes a job done, whoever records it.
    assert store.job(job).state == ("done" if ends == "finishes" else "running")
    assert store.job(job).done > 0


@pytest.mark.parametrize("error", [Lost, KeyboardInterrupt, InputError("no more")])
def test_a_cancelled_job_that_breaks_off_stays_cancelled(store: Store, job: int, error: Any) -> None:
    def before(number: int) -> None:
        if number == 2:
            store.set_state(job, "cancelled")
            raise error

    with pytest.raises((Lost, KeyboardInterrupt, InputError)):
        run_job(store, job, Counting(before))
    assert store.job(job).state == "cancelled"


def test_a_running_job_notices_that_it_is_cancelled(store: Store, job: int) -> None:
    cancelled = threading.Event()

    def before(number: int) -> None:
        if number == 2:
            store.set_state(job, "cancelled")
            cancelled.set()
        if cancelled.is_set():
            time.sleep(0.3)

    engine = Counting(before)
    ended = run_job(store, job, engine)
    assert ended.state == "cancelled"
    assert 0 < ended.done < ended.total
    assert engine.worked < 10


def test_a_job_killed_between_its_last_unit_and_its_end_is_done(store: Store, job: int) -> None:
    store.record(job, 0, store.job(job).total, [], {}, 1.0)
    store.set_state(job, "running")
    assert store.job(job).lost
    engine = Counting()
    assert run_job(store, job, engine).state == "done"
    assert engine.worked == 0
    assert not store.job(job).lost
