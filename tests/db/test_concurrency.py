"""Real processes on one database: written at once, created at once, killed in the middle."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from constants_lab.db import Store
from constants_lab.db.query import formulas_of_job

# Records the units [k, k + size) of a job whose index modulo `of` is `part`; every candidate divisible by 5 is a
# finding, and formulas repeat, so that writers meet on the same rows in different orders.
_WRITER = """
import random, sys
from constants_lab.db import Finding, FormulaRecord, IdentityRecord, Store
from constants_lab.evidence import Evidence

address, job, total, size, part, of, seed = sys.argv[1], *map(int, sys.argv[2:])
seal = Evidence(level="verified", method="test", version="1", digits=100, seconds=0)

def found(index):
    key = f"formula {index % 500}"
    return Finding(
        index=index,
        formula=FormulaRecord(kind="pcf", exact_key=key, a="n", b="1", value="1.25"),
        identities=[IdentityRecord(constant="pi", matrix=[["1"], [str(index % 500)]], lhs=f"pi/{index % 500}",
                                   evidence=seal)],
    )

with Store.open(address) as store:
    starts = [k for k in range(0, total, size) if (k // size) % of == part]
    random.Random(seed).shuffle(starts)
    print("ready", flush=True)
    for k in starts:
        findings = [found(i) for i in range(k, min(total, k + size)) if i % 5 == 0]
        random.Random(seed + k).shuffle(findings)
        store.record(job, k, min(total, k + size), findings, {"candidates": min(total, k + size) - k}, 0.0)
"""


def _start(address: str, *numbers: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, address, *map(str, numbers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _finish(*writers: subprocess.Popen[str]) -> None:
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors


def _check_complete(store: Store, job: int, total: int) -> None:
    now = store.job(job)
    assert store.remaining(job) == []
    assert store.done_intervals(job) == [(0, total)]
    assert (now.done, now.counters) == (total, {"candidates": total})
    assert now.findings == len(range(0, total, 5))
    rows = store.info().rows
    distinct = len({index % 500 for index in range(0, total, 5)})
    assert (rows["finding"], rows["formula"]) == (now.findings, distinct)
    assert (rows["identity"], rows["evidence"]) == (distinct, distinct)
    assert len(formulas_of_job(store, job)) == distinct


def test_two_writers_of_the_same_job(address: str) -> None:
    total = 3000
    with Store.open(address) as store:
        job = store.create_job("lookup", {}, total, "1").id
        # One takes the even units, one all of them, so half is recorded twice.
        _finish(_start(address, job, total, 50, 0, 2, 1), _start(address, job, total, 50, 0, 1, 2))
        _check_complete(store, job, total)


def test_two_jobs_that_meet_the_same_formulas(address: str) -> None:
    total = 2000
    with Store.open(address) as store:
        one = store.create_job("lookup", {"x": 1}, total, "1").id
        two = store.create_job("lookup", {"x": 2}, total, "1").id
        _finish(_start(address, one, total, 200, 0, 1, 1), _start(address, two, total, 200, 0, 1, 2))
        for job in (one, two):
            assert store.remaining(job) == []
            assert store.job(job).findings == 400
        assert store.info().rows["formula"] == 100
        assert store.info().rows["evidence"] == 100


def test_a_killed_writer_leaves_whole_units_only(address: str) -> None:
    total, size = 60_000, 50
    chance = random.Random(5)
    with Store.open(address) as store:
        job = store.create_job("lookup", {}, total, "1").id
        for attempt in range(2):
            writer = _start(address, job, total, size, 0, 1, attempt)
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.05, 0.2))
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
            assert writer.returncode == -signal.SIGKILL
            now = store.job(job)
            done = store.done_intervals(job)
            assert all(start % size == 0 and stop % size == 0 for start, stop in done)
            assert now.done == sum(stop - start for start, stop in done)
            assert now.counters.get("candidates", 0) == now.done
            assert now.findings == now.done // 5 == store.info().rows["finding"]
            rows = store.info().rows
            assert rows["formula"] == rows["identity"] == rows["evidence"]
        assert 0 < store.job(job).done < total, "the writer was killed too early or too late to tell anything"
        _finish(_start(address, job, total, 3000, 0, 1, 9))
        assert store.remaining(job) == []
        assert store.job(job).findings == total // 5


_CREATOR = """
import sys, time
from constants_lab.db import Store
print("ready", flush=True)
sys.stdin.readline()
with Store.open(sys.argv[1]) as store:
    job = store.create_job("lookup", {"same": True}, 10, "1")
    store.create_job("lookup", {"own": sys.argv[2]}, 10, "1")
    print(job.id)
"""


def _create_at_once(address: str, processes: int) -> None:
    creators = [
        subprocess.Popen(
            [sys.executable, "-c", _CREATOR, address, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    for creator in creators:
        assert creator.stdout is not None
        assert creator.stdout.readline() == "ready\n"
    for creator in creators:
        assert creator.stdin is not None
        creator.stdin.write("\n")
        creator.stdin.flush()
    numbers = set()
    for creator in creators:
        output, errors = creator.communicate(timeout=60)
        assert creator.returncode == 0, errors
        numbers.add(output.strip())
    assert len(numbers) == 1
    with Store.open(address, create=False) as store:
        assert len(store.jobs()) == processes + 1


def test_processes_that_create_a_database_at_once(address: str) -> None:
    _create_at_once(address, 3)


def test_processes_that_create_a_server_database_at_once(server: Any) -> None:
    server.drop("raced_lab")
    try:
        _create_at_once(server.address("raced_lab"), 3)
    finally:
        server.drop("raced_lab")


def test_a_creator_killed_half_way_leaves_a_usable_place(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    # The transaction is open and the tables are made when the process kills itself.
    script = (
        "import os, signal, sys\n"
        "from constants_lab.db.connection import begin, connect\n"
        "from constants_lab.db.location import Location\n"
        "from constants_lab.db.migrations import migrate\n"
        "with begin(connect(Location.parse(sys.argv[1]), create=True), write=True) as connection:\n"
        "    migrate(connection)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert run.returncode == -signal.SIGKILL
    with Store.open(path) as store:
        assert store.jobs() == []


def test_reading_goes_on_during_a_write(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    with Store.open(path, timeout=5) as store:
        job = store.create_job("lookup", {}, 10_000, "1").id
        writer = _start(str(path), job, 10_000, 100, 0, 1, 1)
        seen = []
        while writer.poll() is None:
            now = store.job(job)
            assert now.findings == now.done // 5
            seen.append(now.done)
        _finish(writer)
        assert seen == sorted(seen)
        _check_complete(store, job, 10_000)
