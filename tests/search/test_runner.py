"""The runner: whatever interrupts a job, going on with it ends with the rows of an uninterrupted run."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from constants_lab.db.records import Finding
from constants_lab.db.store import Store
from constants_lab.errors import InputError, Unavailable, VerificationFailed
from constants_lab.search import runner, units
from constants_lab.search.cluster import DaskEngine
from constants_lab.search.engine import Completed, LocalEngine, choose_engine
from constants_lab.search.job import JobSpec
from constants_lab.search.methods import lookup
from constants_lab.search.runner import Progress, Stop, prepare_job, run_job
from constants_lab.search.units import Unit, UnitResult, run_unit

Rows = dict[str, list[tuple[Any, ...]]]

SPEC = JobSpec.of(
    "lookup",
    {"constants": ["pi", "e"], "lhs": 8, "a_degree": 1, "a_range": "-4..4", "b_degree": 2, "b_range": "-4..4"},
)
BLOCK = 700


@pytest.fixture(autouse=True)
def small_units(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Units of a few hundred candidates, so that a job of a second has many of them."""
    monkeypatch.setattr(lookup.LookupSpace, "block_size", property(lambda space: BLOCK))
    units._opened.cache_clear()
    yield
    units._opened.cache_clear()


def rows(path: Path) -> Rows:
    """What a job leaves behind, without row numbers, times and order of arrival."""
    queries = {
        "formula": "select exact_key, class_key, a, b, value, evidence from formula",
        "identity": "select f.exact_key, i.constant, i.matrix, i.lhs, i.evidence, i.digits "
        "from identity i join formula f on f.id = i.formula_id",
        "finding": "select f.exact_key, g.candidate from finding g join formula f on f.id = g.formula_id",
        "dynamics": "select f.exact_key, d.regime, d.delta, d.rate from dynamics d join formula f on f.id = d.formula_id",
        "evidence": "select f.exact_key, e.level, e.digits, e.depth from evidence e join formula f on f.id = e.formula_id",
        "unit": "select start, stop from unit",
        "job": "select state, total, done, findings from job",
    }
    with sqlite3.connect(path) as connection:
        return {name: sorted(connection.execute(query).fetchall()) for name, query in queries.items()}


class Faulty(LocalEngine):
    """An engine that calls ``fault`` before every unit after the first ``after``."""

    unit_seconds = 0.001

    def __init__(self, after: int, fault: Callable[[], None]) -> None:
        self.after, self.fault, self.worked, self.closed = after, fault, 0, False

    def run(  # type: ignore[override]
        self, work: Callable[[Unit], UnitResult], units: Iterator[Unit]
    ) -> Iterator[Completed[UnitResult]]:
        for unit in units:
            if self.worked >= self.after:
                self.fault()
            self.worked += 1
            yield Completed(work(unit), "test")

    def close(self) -> None:
        self.closed = True


class Lost(Exception):
    """What a test raises to break a run off."""


def lose() -> None:
    raise Lost


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    path = tmp_path_factory.mktemp("whole") / "lab.db"
    with Store.open(path) as store:
        job = run_job(store, prepare_job(store, SPEC).id, LocalEngine())
        assert job.state == "done"
        assert job.complete
    found = rows(path)
    assert len(found["formula"]) > 20
    assert found["unit"] == [(f"{0:040d}", f"{job.total:040d}")]
    return found


def test_a_job_records_what_became_of_every_candidate(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lab.db") as store:
        seen: list[Progress] = []
        job = run_job(store, prepare_job(store, SPEC).id, LocalEngine(), progress=seen.append)
    counters = job.counters
    classes = ("valued", "finite", "divergent", "slow")
    assert sum(counters[name] for name in classes) == job.total
    assert counters["confirmed"] == job.findings
    assert counters["candidates"] >= counters["confirmed"] > 0
    assert job.seconds > 0
    assert [now.done for now in seen] == sorted(now.done for now in seen)
    assert seen[-1].done == seen[-1].total == job.total
    assert seen[-1].findings == job.findings
    assert seen[-1].seconds_left == 0
    assert all(now.rate > 0 for now in seen)


@pytest.mark.parametrize("after", [0, 1, 2, 5, 9])
def test_a_stopped_job_goes_on_to_the_same_rows(tmp_path: Path, whole: Rows, after: int) -> None:
    path = tmp_path / "lab.db"
    with Store.open(path) as store:
        job_id = prepare_job(store, SPEC).id
        stop = Stop()
        engine = Faulty(after, lambda: setattr(stop, "asked", True))
        job = run_job(store, job_id, engine, stop=stop)
        assert job.state == "paused"
        assert not job.complete
        assert engine.worked == after + 1
        assert engine.closed
        job = run_job(store, job_id, LocalEngine())
        assert job.state == "done"
    assert rows(path) == whole


def test_a_job_stopped_at_every_unit_ends_with_the_same_rows(tmp_path: Path, whole: Rows) -> None:
    path = tmp_path / "lab.db"
    runs = 0
    with Store.open(path) as store:
        job = prepare_job(store, SPEC)
        while not job.complete:
            stop = Stop()
            job = run_job(store, job.id, Faulty(0, lambda stop=stop: setattr(stop, "asked", True)), stop=stop)
            runs += 1
    assert runs > 10
    assert rows(path) == whole


@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize("fault", [Lost, KeyboardInterrupt, MemoryError])
def test_a_job_broken_off_is_paused_and_goes_on(
    tmp_path: Path, whole: Rows, after: int, fault: type[BaseException]
) -> None:
    path = tmp_path / "lab.db"

    def fail() -> None:
        raise fault

    with Store.open(path) as store:
        job_id = prepare_job(store, SPEC).id
        engine = Faulty(after, fail)
        with pytest.raises(fault):
            run_job(store, job_id, engine)
        assert engine.closed
        assert store.job(job_id).state == "paused"
        assert (store.job(job_id).done > 0) == (after > 0)
        run_job(store, job_id, LocalEngine())
    assert rows(path) == whole


def test_units_in_any_order_and_twice_give_the_same_rows(tmp_path: Path, whole: Rows) -> None:
    class Shuffled(LocalEngine):
        def run(self, work: Any, units: Iterator[Any]) -> Iterator[Any]:
            every = list(units)
            for unit in every[::-2] + every[::2] + every[1::2]:
                yield Completed(work(unit), "test")

    path = tmp_path / "lab.db"
    with Store.open(path) as store:
        job = run_job(store, prepare_job(store, SPEC).id, Shuffled())
        assert job.state == "done"
        assert job.done == job.total
    assert rows(path) == whole


def test_the_second_interrupt_stops_at_once(tmp_path: Path) -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        # At once it would be the same interrupt, sent to the process and to its group.
        signal.raise_signal(signal.SIGINT)
        time.sleep(2 * runner._SAME_SIGNAL)
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Store.open(tmp_path / "lab.db") as store:
        job_id = prepare_job(store, SPEC).id
        with pytest.raises(KeyboardInterrupt):
            run_job(store, job_id, Faulty(2, twice))
        assert store.job(job_id).state == "paused"
        assert 0 < store.job(job_id).done < store.job(job_id).total
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_lets_the_unit_finish(tmp_path: Path, whole: Rows, number: signal.Signals) -> None:
    path = tmp_path / "lab.db"
    with Store.open(path) as store:
        job_id = prepare_job(store, SPEC).id
        job = run_job(store, job_id, Faulty(1, lambda: signal.raise_signal(number)))
        assert job.state == "paused"
        assert job.done > 0
        run_job(store, job_id, LocalEngine())
    assert rows(path) == whole


def test_signals_are_left_alone_outside_the_main_thread(tmp_path: Path) -> None:
    states: list[str] = []

    def work() -> None:
        with Store.open(tmp_path / "lab.db") as store:
            states.append(run_job(store, prepare_job(store, SPEC).id, LocalEngine()).state)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert states == ["done"]


def test_a_finished_job_is_not_searched_again_unless_asked(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lab.db") as store:
        first = run_job(store, prepare_job(store, SPEC).id, LocalEngine())
        same = prepare_job(store, SPEC)
        assert same.id == first.id
        assert same.complete
        engine = Faulty(0, lose)
        assert run_job(store, same.id, engine).state == "done"
        assert engine.worked == 0
        again = prepare_job(store, SPEC, again=True)
        assert again.id == first.id
        assert again.done == 0
        with pytest.raises(Lost):
            run_job(store, again.id, engine)
        assert run_job(store, again.id, LocalEngine()).findings == first.findings


def test_a_wrong_finding_fails_the_job_and_names_the_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true = lookup.confirm
    path = tmp_path / "lab.db"

    def wrong(candidate: lookup.Candidate) -> Finding | None:
        found = true(candidate)
        if found is None or found.identities[0].constant != "e":
            return found
        identity = found.identities[0]
        (w, x), (y, z) = identity.matrix
        moved = identity.model_copy(update={"matrix": [[w, str(int(x) + 1)], [y, z]]})
        return found.model_copy(update={"identities": [moved]})

    with Store.open(path) as store:
        job_id = prepare_job(store, SPEC).id
        with monkeypatch.context() as patch:
            patch.setattr(lookup, "confirm", wrong)
            with pytest.raises(VerificationFailed, match=r"PCF\(.*n") as caught:
                run_job(store, job_id, LocalEngine())
        job = store.job(job_id)
        assert job.state == "failed"
        assert job.error == str(caught.value)
        # The unit with the wrong finding left nothing.
        done = job.done
    stored = rows(path)
    assert all(int(candidate) < done for _, candidate in stored["finding"])
    assert not any(constant == "e" for _, constant, *_ in stored["identity"])
    with Store.open(path) as store:
        job = run_job(store, job_id, LocalEngine())
        assert job.state == "done"
        assert job.error is None


def test_a_job_of_another_version_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path / "lab.db") as store:
        monkeypatch.setattr(runner, "__version__", "0.0.1")
        old = prepare_job(store, SPEC)
        monkeypatch.undo()
        with pytest.raises(InputError, match=r"version 0\.0\.1"):
            run_job(store, old.id, LocalEngine())
        assert prepare_job(store, SPEC).id != old.id


def test_a_cancelled_job_is_not_continued_but_may_be_begun_again(tmp_path: Path, whole: Rows) -> None:
    path = tmp_path / "lab.db"
    with Store.open(path) as store:
        job_id = prepare_job(store, SPEC).id
        with pytest.raises(Lost):
            run_job(store, job_id, Faulty(2, lose))
        store.set_state(job_id, "cancelled")
        with pytest.raises(InputError, match="--again"):
            run_job(store, job_id, LocalEngine())
        assert store.job(job_id).state == "cancelled"
        job = run_job(store, prepare_job(store, SPEC, again=True).id, LocalEngine())
        assert job.state == "done"
    assert rows(path) == whole


def test_a_job_cancelled_before_its_first_unit_may_be_begun_again(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lab.db") as store:
        job_id = prepare_job(store, SPEC).id
        store.set_state(job_id, "cancelled")
        assert run_job(store, prepare_job(store, SPEC, again=True).id, LocalEngine()).state == "done"


def test_a_unit_needs_nothing_but_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSTANTS_LAB_DB", "sqlite:////nowhere/lab.db")
    result = run_unit(Unit("lookup", SPEC.spec.model_dump_json(), 5000, 9000))
    assert (result.start, result.stop) == (5000, 9000)
    found = [Finding.model_validate_json(text) for text in result.findings]
    assert all(5000 <= each.index < 9000 for each in found)
    assert result.counters["confirmed"] == len(found)


# Engines


def test_a_short_job_runs_in_this_process_and_a_named_scheduler_is_used() -> None:
    assert isinstance(choose_engine(0.1), LocalEngine)
    assert isinstance(choose_engine(1e6, workers=0), LocalEngine)
    with pytest.raises(Unavailable, match=r"tcp://127\.0\.0\.1:9"):
        DaskEngine.at("tcp://127.0.0.1:9", timeout=1.0)
    with pytest.raises(InputError, match="address"):
        DaskEngine.at("no such address", timeout=1.0)


def test_a_cluster_of_two_processes_gives_the_same_rows(tmp_path: Path, whole: Rows) -> None:
    """Stopped after some units and continued on the same kind of cluster."""
    path = tmp_path / "lab.db"
    with Store.open(path) as store:
        job_id = prepare_job(store, SPEC).id
        stop = Stop()
        engine = DaskEngine.local(2)
        engine.unit_seconds = 0.001
        assert engine.workers == 2
        job = run_job(store, job_id, engine, stop=stop, progress=lambda now: setattr(stop, "asked", True))
        # Only what was in hand is finished after the stop.
        assert job.state == "paused"
        assert 0 < job.done < job.total
        engine = DaskEngine.local(2)
        engine.unit_seconds = 0.001
        job = run_job(store, job_id, engine)
        assert job.state == "done"
    assert rows(path) == whole


def test_a_run_in_which_nothing_works_ends_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0

    def broken(*_: Any) -> Any:
        nonlocal tried
        tried += 1
        raise ValueError("a part is missing")

    monkeypatch.setattr(lookup, "screen", broken)
    with Store.open(tmp_path / "lab.db") as store:
        job_id = prepare_job(store, SPEC).id
        with pytest.raises(InputError, match=r"20 units in a row failed.*a part is missing"):
            run_job(store, job_id, LocalEngine())
        assert tried == 60
        assert store.job(job_id).state == "failed"
        assert store.job(job_id).done == 0


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_units_cover_the_job_and_end_with_short_ones(workers: int) -> None:
    space = SPEC.space()
    cut = units.Units(SPEC, space, [(0, 60_000), (61_000, 140_001)], seconds=10)
    cut._size = 10 * BLOCK
    made = list(cut.until(lambda: False, lambda: workers))
    assert [unit.start for unit in made] == [0, *(unit.stop if unit.stop != 60_000 else 61_000 for unit in made[:-1])]
    assert made[-1].stop == 140_001
    lengths = [unit.stop - unit.start for unit in made]
    assert max(lengths) <= 10 * BLOCK
    assert all(length <= BLOCK for length in lengths[-2 * min(workers, 10) :])
