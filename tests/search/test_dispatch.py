"""Units on real schedulers and workers: who may do them, who stands still, who leaves, who lies."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from constants_lab.search.cluster import DaskEngine
from constants_lab.search.dispatch import Dispatch
from constants_lab.search.engine import Completed
from constants_lab.search.replication import Replication

# Workers do not have this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

SCHEDULER = """
import asyncio, sys
from distributed import Scheduler
async def main():
    async with Scheduler(host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0") as scheduler:
        print(scheduler.address, flush=True)
        await scheduler.finished()
asyncio.run(main())
"""
WORKER = """
import asyncio, sys
from distributed import Worker
async def main():
    async with Worker(sys.argv[1], name=sys.argv[2], nthreads=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as worker:
        await worker.finished()
asyncio.run(main())
"""


@dataclass(frozen=True)
class Piece:
    start: int
    stop: int


@dataclass(frozen=True)
class Answer:
    start: int
    stop: int
    digest: str


def quick(piece: Piece) -> Answer:
    time.sleep(0.05)
    return Answer(piece.start, piece.stop, "x")


def slow(piece: Piece) -> Answer:
    time.sleep(1.5)
    return Answer(piece.start, piece.stop, "x")


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[str]] = []
        self.engines: list[DaskEngine] = []
        scheduler = self._begin(SCHEDULER)
        assert scheduler.stdout is not None
        self.address = scheduler.stdout.readline().strip()
        self.said: list[str] = []

    def _begin(self, code: str, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.processes.append(process)
        return process

    def worker(self, name: str) -> subprocess.Popen[str]:
        return self._begin(WORKER, self.address, name)

    def engine(self, workers: int, replication: Replication = 1) -> DaskEngine:
        engine = DaskEngine.at(self.address, replication=replication, say=self.said.append)
        self.engines.append(engine)
        engine.client.wait_for_workers(workers, timeout=30)
        engine._looked = -1e9
        return engine

    def close(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        for engine in self.engines:
            engine.close()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    yield made
    made.close()


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The first true value of ``condition``; fails after some time."""
    limit = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < limit
        time.sleep(0.05)


class Running:
    """A run whose outcomes are gathered in a thread."""

    def __init__(self, engine: DaskEngine, work: Callable[[Piece], Answer], units: Iterator[Piece]) -> None:
        self.drawn = 0
        self.outcomes: list[Any] = []
        self.dispatch: Dispatch[Piece, Answer] = Dispatch(engine, work, self._counted(units))
        engine._dispatch = self.dispatch
        self.thread = threading.Thread(target=self._gather, daemon=True)
        self.thread.start()

    def _counted(self, units: Iterator[Piece]) -> Iterator[Piece]:
        for unit in units:
            self.drawn += 1
            yield unit

    def _gather(self) -> None:
        # A cluster that is shut down at the end of a test is no failure of it.
        with contextlib.suppress(Exception):
            for outcome in self.dispatch.outcomes():
                self.outcomes.append(outcome)


def pieces() -> Iterator[Piece]:
    return (Piece(k, k + 1) for k in itertools.count())


def test_a_worker_that_stands_still_holds_up_no_other(cluster: Cluster) -> None:
    ada, _ = cluster.worker("ada#0"), cluster.worker("bob#0")
    running = Running(cluster.engine(2), quick, pieces())
    until(lambda: len(running.outcomes) >= 20)
    os.kill(ada.pid, signal.SIGSTOP)
    time.sleep(1.0)
    before = len(running.outcomes)
    until(lambda: len(running.outcomes) >= before + 60, 15)
    assert {outcome.worker for outcome in running.outcomes[before + 6 :]} == {"bob#0"}


def test_with_too_few_machines_a_bounded_number_of_units_waits(cluster: Cluster) -> None:
    cluster.worker("ada#0")
    engine = cluster.engine(1, replication=2)
    running = Running(engine, quick, pieces())
    until(lambda: any("another machine" in said for said in cluster.said))
    drawn = running.drawn
    assert drawn <= 6
    time.sleep(1.5)
    assert running.drawn == drawn
    assert running.outcomes == []
    cluster.worker("bob#0")
    until(lambda: len(running.outcomes) >= 10)
    engine.stopped = lambda: True


def test_stopped_while_it_waits_for_machines_a_run_ends(cluster: Cluster) -> None:
    cluster.worker("ada#0")
    engine = cluster.engine(1, replication=2)
    running = Running(engine, quick, itertools.takewhile(lambda _: not engine.stopped(), pieces()))
    until(lambda: any("another machine" in said for said in cluster.said))
    engine.stopped = lambda: True
    running.thread.join(timeout=20)
    assert not running.thread.is_alive()


def test_a_unit_reserved_for_a_machine_that_leaves_goes_to_the_next(cluster: Cluster) -> None:
    ada, _ = cluster.worker("ada#0-1"), cluster.worker("bob#0-1")
    running = Running(cluster.engine(2, replication=2), slow, iter([Piece(0, 1)]))
    until(lambda: running.dispatch._results)
    first = next(iter(next(iter(running.dispatch._results.values())).values())).worker
    other = ada if first.startswith("bob") else cluster.processes[2]
    other.kill()
    other.wait()
    cluster.worker("cyd#0")
    until(lambda: len(running.outcomes) == 1)
    running.thread.join(timeout=20)
    assert not running.thread.is_alive()


def test_workers_whose_names_are_numbers_are_machines_too(cluster: Cluster) -> None:
    cluster.worker("0")
    cluster.worker("1")
    running = Running(cluster.engine(2, replication=2), quick, itertools.islice(pieces(), 5))
    running.thread.join(timeout=30)
    assert not running.thread.is_alive()
    assert len(running.outcomes) == 5


def test_the_result_of_another_unit_is_not_taken(cluster: Cluster) -> None:
    cluster.worker("ada#0")
    cluster.worker("liar#0")

    def work(piece: Piece) -> Answer:
        from distributed import get_worker

        if str(get_worker().name).startswith("liar"):
            return Answer(0, 10**9, "x")
        return quick(piece)

    running = Running(cluster.engine(2), work, itertools.islice(pieces(), 12))
    running.thread.join(timeout=30)
    assert not running.thread.is_alive()
    assert sorted(outcome.result.start for outcome in running.outcomes) == list(range(12))
    assert all(outcome.result.stop == outcome.result.start + 1 for outcome in running.outcomes)
    assert {outcome.worker for outcome in running.outcomes} == {"ada#0"}
    assert any("liar sent the result of another unit" in said for said in cluster.said)


def test_a_refused_result_is_computed_by_another_machine(cluster: Cluster) -> None:
    cluster.worker("ada#0")
    cluster.worker("bob#0")
    engine = cluster.engine(2)
    taken: dict[int, str] = {}
    for outcome in engine.run(quick, itertools.islice(pieces(), 12)):
        assert isinstance(outcome, Completed)
        if outcome.worker == "bob#0":
            engine.refuse(outcome.unit, outcome.worker)
        else:
            taken[outcome.result.start] = outcome.worker
    assert taken == dict.fromkeys(range(12), "ada#0")


def test_two_runs_never_share_a_key(cluster: Cluster) -> None:
    cluster.worker("ada#0")
    engine = cluster.engine(1)
    runs = [Running(engine, quick, itertools.islice(pieces(), 3)) for _ in range(2)]
    assert runs[0].dispatch._name != runs[1].dispatch._name
    for running in runs:
        running.thread.join(timeout=30)
        assert len(running.outcomes) == 3


def test_nobody_else_on_this_machine_may_talk_to_a_local_cluster(tmp_path: Path) -> None:
    engine = DaskEngine.local(1)
    try:
        address = engine._cluster.scheduler_address
        assert address.startswith("tls://127.0.0.1:")
        code = (
            "import sys\nfrom distributed import Client, Security\n"
            "for address, security in ((sys.argv[1].replace('tls', 'tcp'), None), (sys.argv[1], Security.temporary())):\n"
            "    try:\n        Client(address, timeout=4, security=security)\n"
            "    except (OSError, TimeoutError):\n        print('refused')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, address], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
        )
        assert done.stdout.split() == ["refused", "refused"]
        assert [outcome.result for outcome in engine.run(abs, iter([-3]))] == [3]  # type: ignore[union-attr]
    finally:
        engine.close()
