"""Which process runs a job: real processes that race, are killed, stand still, and clocks that nobody compares."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from constants_lab.db import Finding, Store
from constants_lab.db.connection import begin, connect
from constants_lab.db.jobs import Contribution
from constants_lab.db.leases import Heartbeat, Lease, Process
from constants_lab.db.location import Location
from constants_lab.db.schema import LARGEST_ID, LeaseRow
from constants_lab.errors import InputError, Unavailable

Maker = Callable[..., Finding]

# Each step waits for a line: opening, taking the lease, giving it back.
_HOLDER = """
import sys
from constants_lab.db import Store
from constants_lab.errors import InputError

with Store.open(sys.argv[1], timeout=20) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        with store.acquire_lease(int(sys.argv[2]), patience=6, say=lambda text: None):
            print("held", flush=True)
            sys.stdin.readline()
    except InputError as error:
        print("refused:", error, flush=True)
"""


class Holder:
    """Another process that takes the lease when told to."""

    def __init__(self, address: str, job: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, address, str(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid
        assert self.read() == "ready"

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def take(self) -> str:
        self.go_on()
        return self.read()


@pytest.fixture
def holder(address: str) -> Iterator[Callable[[int], Holder]]:
    """A maker of other processes, which do not outlive the test."""
    with ExitStack() as stack:

        def make(job: int) -> Holder:
            made = Holder(address, job)
            stack.callback(made.process.communicate)
            stack.callback(made.process.kill)
            return made

        yield make


@pytest.fixture
def job(store: Store) -> int:
    return store.create_job("lookup", {}, 10**30, "1").id


def _alter(store: Store, job: int, **values: object) -> None:
    store.writing(
        lambda connection: connection.execute(update(LeaseRow).where(LeaseRow.job_id == job).values(**values))
    )


def _elsewhere(store: Store, job: int) -> Lease:
    """A lease of this process whose row says that another machine holds it."""
    lease = store.acquire_lease(job)
    _alter(store, job, host="mars")
    return lease


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def _holder_of(store: Store, job: int) -> Process:
    state = store.lease(job)
    assert state is not None
    return state.process


def test_a_lease_is_held_and_given_back(store: Store, job: int) -> None:
    assert store.lease(job) is None
    with store.acquire_lease(job) as lease:
        assert _holder_of(store, job) == Process.current()
        assert lease.beat(1e6, 4)
        state = store.lease(job)
        assert state is not None
        assert (state.beats, state.rate, state.workers, state.alive()) == (1, 1e6, 4, True)
        assert lease.beat(float("inf"))
        with pytest.raises(
            InputError, match=f"^job {job} is being run by process {os.getpid()} on .*jobs {job} --watch"
        ):
            store.acquire_lease(job)
        # The lease of one job is no matter of another.
        store.acquire_lease(store.create_job("lookup", {"x": 1}, 10, "1").id).release()
    assert store.lease(job) is None
    lease.release()
    assert not lease.beat()
    store.acquire_lease(job).release()


def test_threads_of_one_process_exclude_each_other(store: Store, job: int) -> None:
    together, over = threading.Barrier(6), threading.Barrier(6)

    def work(_: int) -> bool:
        together.wait()
        try:
            with store.acquire_lease(job):
                over.wait()
                return True
        except InputError:
            over.wait()
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(6))) == 1
    assert store.lease(job) is None


def test_of_processes_that_race_one_wins(store: Store, job: int, holder: Callable[[int], Holder]) -> None:
    racers = [holder(job) for _ in range(3)]
    for racer in racers:
        racer.go_on()
    said = [racer.read() for racer in racers]
    winner = racers[said.index("held")]
    assert _holder_of(store, job).pid == winner.pid
    said.remove("held")
    assert all(f"is being run by process {winner.pid} on" in text for text in said), said
    winner.go_on()
    winner.process.wait()
    assert store.lease(job) is None


def test_a_killed_holder_of_this_machine_is_replaced_at_once(
    store: Store, job: int, holder: Callable[[int], Holder]
) -> None:
    said: list[str] = []
    victim = holder(job)
    assert victim.take() == "held"
    with pytest.raises(InputError, match=f"process {victim.pid} "):
        store.acquire_lease(job, say=said.append)
    # One that stands still may go on.
    victim.process.send_signal(signal.SIGSTOP)
    with pytest.raises(InputError, match=f"process {victim.pid} "):
        store.acquire_lease(job, say=said.append)
    victim.process.send_signal(signal.SIGKILL)
    # Nobody has asked for the exit code, so the number of the process is still taken.
    os.waitid(os.P_PID, victim.pid, os.WEXITED | os.WNOWAIT)
    with store.acquire_lease(job, say=said.append):
        assert _holder_of(store, job) == Process.current()
    next_victim = holder(job)
    assert next_victim.take() == "held"
    next_victim.process.kill()
    next_victim.process.wait()
    store.acquire_lease(job, say=said.append).release()
    assert said == []


def test_a_reused_process_number_is_not_the_old_process(
    store: Store, job: int, holder: Callable[[int], Holder]
) -> None:
    other = holder(job)
    said: list[str] = []
    store.acquire_lease(job)
    state = store.lease(job)
    assert state is not None
    _alter(store, job, pid=other.pid)
    store.acquire_lease(job, say=said.append)
    _alter(store, job, pid=2**62)
    store.acquire_lease(job, say=said.append).release()
    assert said == []
    # Where the start is not known, the number alone proves nothing.
    process = Process.current()
    assert process.alive()
    assert Process(process.host, process.machine, other.pid, "").alive() is None
    assert Process(process.host, process.machine, other.pid, process.started).alive() is False


def test_a_silent_holder_elsewhere_is_replaced_after_a_while(store: Store, job: int) -> None:
    said: list[str] = []
    lost = threading.Event()
    old = _elsewhere(store, job)
    assert old.beat(5.0, 2)
    new = store.acquire_lease(job, patience=6, say=said.append)
    pid = os.getpid()
    assert said == [f"job {job} is held by host mars, process {pid}: waiting up to 6 s to see whether it is alive"]
    assert not old.beat()
    with Heartbeat(old, seconds=0.01, lost=lost.set):
        assert lost.wait(30)
    old.release()
    state = store.lease(job)
    assert state is not None
    assert (state.beats, state.rate, state.workers) == (0, None, None)
    assert new.beat()


def test_a_machine_of_the_same_name_is_another(store: Store, job: int) -> None:
    said: list[str] = []
    old = store.acquire_lease(job)
    _alter(store, job, machine="another boot", pid=2**22)
    store.acquire_lease(job, patience=6, say=said.append)
    assert len(said) == 1
    assert not old.beat()


def test_a_holder_elsewhere_that_beats_is_left_alone(store: Store, job: int) -> None:
    old = _elsewhere(store, job)

    def say(text: str) -> None:
        assert old.beat()

    with pytest.raises(InputError, match=f"job {job} is being run by process {os.getpid()} on mars"):
        store.acquire_lease(job, patience=60, say=say)
    assert old.beat()


def test_a_holder_that_beats_at_the_last_moment_is_left_alone(address: str, store: Store, job: int) -> None:
    old = _elsewhere(store, job)
    engine = connect(Location.parse(address))
    written = threading.Event()

    def beat() -> None:
        # Not to be seen until it is committed, which is long after the watch; the takeover has to wait for it.
        with begin(engine, write=True) as connection:
            connection.execute(update(LeaseRow).values(beats=LeaseRow.beats + 1))
            written.set()
            time.sleep(3)

    beating = threading.Thread(target=beat)

    def say(text: str) -> None:
        beating.start()
        assert written.wait(30)

    with pytest.raises(InputError, match=f"job {job} is being run by process {os.getpid()} on mars"):
        store.acquire_lease(job, patience=6, say=say)
    beating.join()
    engine.dispose()
    assert old.beat()


def test_a_lease_given_back_while_it_is_watched_is_taken(store: Store, job: int) -> None:
    old = _elsewhere(store, job)
    with store.acquire_lease(job, patience=60, say=lambda text: old.release()):
        assert _holder_of(store, job) == Process.current()


def test_of_two_that_watch_one_wins(store: Store, job: int, holder: Callable[[int], Holder]) -> None:
    _elsewhere(store, job)
    waiting = [holder(job) for _ in range(2)]
    for each in waiting:
        each.go_on()
    said = sorted(each.read() for each in waiting)
    assert said[0] == "held"
    winner = _holder_of(store, job).pid
    assert winner in {each.pid for each in waiting}
    assert said[1].startswith(f"refused: job {job} is being run by process {winner} on ")


def test_what_cannot_be_asked_for(address: str, store: Store, job: int) -> None:
    with pytest.raises(InputError, match="give more than 5 s"):
        store.acquire_lease(job, patience=5)
    for number in (job + 1, 0, 2**70):
        with pytest.raises(InputError, match="there is no job"):
            store.acquire_lease(number)
        with pytest.raises(InputError, match="there is no job"):
            store.lease(number)
    with Store.open(address, readonly=True) as reader, pytest.raises(InputError, match="reading only"):
        reader.acquire_lease(job)
    assert store.lease(job) is None


def test_a_lease_that_could_not_be_given_back_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    said: list[str] = []
    with Store.open(path, timeout=0.1) as store:
        job = store.create_job("lookup", {}, 10, "1").id
        blocker = sqlite3.connect(path, isolation_level=None)
        with store.acquire_lease(job) as lease:
            blocker.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable):
                lease.beat()
        blocker.execute("COMMIT")
        assert store.lease(job) is not None
        store.acquire_lease(job, say=said.append).release()
        lease = store.acquire_lease(job)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            lease.release()
        blocker.close()
        store.acquire_lease(job, say=said.append).release()
    assert said == []


def test_a_heartbeat_tells_what_was_reported(store: Store, job: int) -> None:
    store.record(job, 0, 10**29, [], {}, 1.0)
    assert (store.job(job).host, store.job(job).seconds_left) == (None, None)
    lost = threading.Event()
    with store.acquire_lease(job) as lease, Heartbeat(lease, seconds=0.01, lost=lost.set) as heartbeat:
        heartbeat.report(rate=9e28, workers=7)
        _until(lambda: store.job(job).workers == 7)
        seen = store.jobs()[0]
        assert (seen.host, seen.rate, seen.workers) == (Process.current().host, 9e28, 7)
        assert seen.seconds_left == pytest.approx(10)
        shown = seen.as_json()
        assert {name: shown[name] for name in ("host", "rate", "workers", "seconds_left")} == {
            "host": seen.host,
            "rate": 9e28,
            "workers": 7,
            "seconds_left": seen.seconds_left,
        }
        lease.release()
    heartbeat.stop()
    # Giving it back is no loss.
    assert not lost.is_set()
    gone = store.job(job).as_json()
    assert [gone[name] for name in ("host", "rate", "workers", "seconds_left")] == [None] * 4


def _survives(store: Store, job: int, away: Callable[[], object], back: Callable[[], object]) -> None:
    lost = threading.Event()
    with store.acquire_lease(job) as lease, Heartbeat(lease, seconds=0.02, lost=lost.set):
        _until(lambda: (state := store.lease(job)) is not None and state.beats > 0)
        away()
        for _ in range(3):
            with pytest.raises(Unavailable):
                lease.beat()
        # Many beats long.
        time.sleep(0.3)
        back()
        before = store.lease(job)
        assert before is not None
        _until(lambda: (state := store.lease(job)) is not None and state.beats > before.beats + 1)
    assert not lost.is_set()


def test_a_heartbeat_survives_a_locked_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    blocker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with Store.open(path, timeout=0.05) as store:
        job = store.create_job("lookup", {}, 10, "1").id
        blocker.execute("PRAGMA busy_timeout = 20000")
        _survives(store, job, lambda: blocker.execute("BEGIN IMMEDIATE"), lambda: blocker.execute("COMMIT"))
    blocker.close()


def test_a_heartbeat_survives_a_server_that_refuses(server: Any) -> None:
    name = server.new_database()

    def away() -> None:
        server.run(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    with Store.open(server.address(name)) as store:
        job = store.create_job("lookup", {}, 10, "1").id
        _survives(store, job, away, lambda: server.run(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"))
    server.drop(name)


def test_contributions_are_the_sums_of_what_was_new(store: Store, job: int, finding: Maker) -> None:
    big = 10**25
    store.record(job, 0, big, [finding(1), finding(2)], {}, 2.0, worker="one")
    store.record(job, 0, big, [finding(1), finding(2)], {}, 2.0, worker="two")
    store.record(job, big, 3 * big, [finding(big)], {}, 1.0, worker="two")
    store.record(job, 2 * big, 4 * big, [finding(3 * big)], {}, 8.0, worker="one")
    store.record(job, 9 * big, 9 * big + 1, [], {}, 0.5)
    assert store.contributions(job) == [
        Contribution("one", 2, 2 * big, 2.0, 3),
        Contribution("two", 1, 2 * big, 1.0, 1),
    ]
    assert store.contributions(job)[1].as_json() == {
        "worker": "two", "units": 1, "candidates": 2 * big, "seconds": 1.0, "findings": 1,
    }  # fmt: skip
    with pytest.raises(InputError, match="lies outside the unit"):
        store.record(job, 5 * big, 6 * big, [finding(1)], {}, 1.0, worker="one")
    with pytest.raises(InputError, match="not a decimal number"):
        store.record(job, 5 * big, 6 * big, [finding(5 * big, value="x")], {}, 1.0, worker="three")
    assert [each.worker for each in store.contributions(job)] == ["one", "two"]
    store.record(job, 6 * big, 7 * big, [], {}, 1.0, worker="idle")
    store.restart(job)
    # The findings stay, so who found them does.
    assert store.contributions(job) == [Contribution("one", 0, 0, 0.0, 3), Contribution("two", 0, 0, 0.0, 1)]
    assert sum(each.findings for each in store.contributions(job)) == store.job(job).findings == 4


def test_names_of_workers_are_made_harmless(store: Store, job: int) -> None:
    for number, name in enumerate(("é" * 300, "a\0b\x1b[31m\n\ud800", "", "tls://10.0.0.7:4001")):
        store.record(job, number, number + 1, [], {}, 0.0, worker=name)
    names = {each.worker for each in store.contributions(job)}
    assert names == {"é" * 200, "a?b?[31m??", "?", "tls://10.0.0.7:4001"}


def test_contributions_of_two_writers_add_up(address: str, finding: Maker) -> None:
    units, size = 40, 10
    with Store.open(address) as store:
        job = store.create_job("lookup", {}, units * size, "1").id

    def work(worker: int) -> None:
        with Store.open(address, timeout=20) as own:
            for start in range(0, units * size, size):
                own.record(job, start, start + size, [finding(start)], {}, 0.25, worker=f"worker {start // size % 3}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    with Store.open(address) as store:
        found, now = store.contributions(job), store.job(job)
    assert [each.worker for each in found] == ["worker 0", "worker 1", "worker 2"]
    assert sum(each.units for each in found) == units
    assert sum(each.candidates for each in found) == now.done == units * size
    assert sum(each.findings for each in found) == now.findings == units
    assert sum(each.seconds for each in found) == now.seconds == units / 4


def _aside(store: Store, job: int) -> list[tuple[int, int, int, str]]:
    return [(each.start, each.stop, each.tries, each.error) for each in store.units_set_aside(job)]


def test_units_are_set_aside_and_forgotten(store: Store, job: int) -> None:
    big = 10**25
    store.set_aside(job, big, 2 * big, 3, "KilledWorker")
    store.set_aside(job, 0, 10, 3, "first")
    store.set_aside(job, 0, 10, 4, "second\0 \ud800")
    assert _aside(store, job) == [(0, 10, 4, "second\\0 \\ud800"), (big, 2 * big, 3, "KilledWorker")]
    assert store.units_set_aside(job)[1].as_json()["stop"] == 2 * big
    assert store.remaining(job) == [(0, 10**30)]
    assert store.job(job).done == 0
    store.forget_set_aside(job)
    assert _aside(store, job) == []
    store.set_aside(job, 0, 10, 1, "x" * 100_000)
    assert len(store.units_set_aside(job)[0].error) == 10_000
    store.restart(job)
    assert _aside(store, job) == []
    for start, stop in ((5, 5), (-1, 5), (0, 10**30 + 1)):
        with pytest.raises(InputError, match="does not lie inside"):
            store.set_aside(job, start, stop, 1, "")
    with pytest.raises(InputError, match="there is no job"):
        store.set_aside(job + 1, 0, 1, 1, "")


def test_what_is_done_is_not_set_aside(store: Store, job: int, finding: Maker) -> None:
    for start in (10, 20, 30):
        store.set_aside(job, start, start + 10, 3, "memory")
    store.record(job, 10, 15, [], {}, 0.0)
    assert len(_aside(store, job)) == 3
    # What failed is not recorded, and nothing of it is.
    with pytest.raises(InputError, match="not a decimal number"):
        store.record(job, 15, 25, [finding(16, value="x")], {}, 0.0)
    assert len(_aside(store, job)) == 3
    store.record(job, 15, 25, [], {}, 0.0)
    assert _aside(store, job) == [(20, 30, 3, "memory"), (30, 40, 3, "memory")]
    store.record(job, 0, 40, [], {}, 0.0)
    assert _aside(store, job) == []
    store.set_aside(job, 12, 38, 3, "too late")
    assert _aside(store, job) == []
    store.set_aside(job, 35, 45, 3, "half")
    assert _aside(store, job) == [(35, 45, 3, "half")]


@pytest.mark.parametrize("total", [LARGEST_ID, LARGEST_ID + 1, 10**40 - 1])
def test_intervals_up_to_the_last_candidate(store: Store, total: int) -> None:
    job = store.create_job("lookup", {}, total, "1").id
    store.record(job, total - 5, total, [], {}, 0.0)
    store.record(job, 3, 4, [], {}, 0.0)
    assert store.done_intervals(job) == [(3, 4), (total - 5, total)]
    assert store.remaining(job) == [(0, 3), (4, total - 5)]
