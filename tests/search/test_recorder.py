"""Results on their way into a database that falls silent, comes back, or has no room: nothing is lost, and nobody hangs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from constants_lab.db.store import Store
from constants_lab.errors import Unavailable
from constants_lab.search import recorder, runner, units
from constants_lab.search.engine import Completed, LocalEngine
from constants_lab.search.job import JobSpec
from constants_lab.search.methods import lookup
from constants_lab.search.recorder import Recorder
from constants_lab.search.runner import prepare_job, run_job
from constants_lab.search.units import UnitResult
from tests.db.conftest import Server, server  # noqa: F401
from tests.db.proxy import Proxy

SPEC = JobSpec.of(
    "lookup",
    {"constants": ["e"], "lhs": 4, "a_degree": 1, "a_range": "-7..7", "b_degree": 1, "b_range": "-7..7"},
)


@pytest.fixture
def small_units(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(lookup.LookupSpace, "block_size", property(lambda space: 700))
    units._opened.cache_clear()
    yield
    units._opened.cache_clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of silence is too much, and a few are the end."""
    for module in (recorder, runner):
        monkeypatch.setattr(module, "ANSWER", 1.0)
    monkeypatch.setattr(recorder, "_PATIENCE", 6.0)


class Watched(LocalEngine):
    """An engine of short units that calls ``before`` with their number before each."""

    unit_seconds = 0.001

    def __init__(self, before: Callable[[int], None]) -> None:
        super().__init__()
        self.before, self.worked = before, 0

    def run(self, work: Any, given: Iterator[Any]) -> Iterator[Any]:
        for unit in given:
            self.before(self.worked)
            self.worked += 1
            yield Completed(work(unit), "test", unit)


@pytest.fixture
def way(server: Server) -> Iterator[tuple[Proxy, str, str]]:  # noqa: F811
    """A proxy, the address of an empty database through it, and the same past it."""
    name = server.new_database()
    with Proxy(server.folder) as proxy:
        yield proxy, proxy.address(name), server.address(name)
    server.drop(name)


def counted(store: Store) -> dict[str, int]:
    rows = store.info().rows
    return {name: rows[name] for name in ("job", "unit", "formula", "identity", "finding", "evidence", "dynamics")}


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, int]:
    with Store.open(tmp_path / "whole.db") as store:
        run_job(store, prepare_job(store, SPEC).id, LocalEngine())
        return counted(store)


@pytest.mark.usefixtures("small_units", "impatient")
def test_work_goes_on_while_the_database_is_silent(way: tuple[Proxy, str, str], expected: dict[str, int]) -> None:
    proxy, address, _ = way
    said: list[str] = []
    recorded: list[int] = []

    def before(number: int) -> None:
        if number == 3:
            recorded.append(store.job(job).done)
            proxy.stop()
        if 3 <= number < 9:
            time.sleep(0.5)
        if number == 9:
            proxy.go_on()

    with Store.open(address) as store:
        job = prepare_job(store, SPEC).id
        engine = Watched(before)
        began = time.monotonic()
        ended = run_job(store, job, engine, say=said.append)
        assert ended.state == "done"
        assert engine.worked > 10
        assert counted(store) == expected
    assert time.monotonic() - began < 60
    assert recorded[0] > 0
    assert any("trying again" in line for line in said), said
    assert any("the database is back" in line for line in said), said


@pytest.mark.usefixtures("small_units", "impatient")
def test_a_database_that_stays_silent_pauses_the_run(way: tuple[Proxy, str, str], expected: dict[str, int]) -> None:
    proxy, address, direct = way
    engine = Watched(lambda number: proxy.stop() if number == 3 else None)
    with Store.open(address) as store:
        job = prepare_job(store, SPEC).id
        began = time.monotonic()
        with pytest.raises(Unavailable, match="check"):
            run_job(store, job, engine)
        assert time.monotonic() - began < 60
    # The work that was possible was done, and is done again.
    assert engine.worked > 3
    proxy.go_on()
    with Store.open(direct) as store:
        assert 0 < store.job(job).done < store.job(job).total
        assert run_job(store, job, LocalEngine()).state == "done"
        assert counted(store) == expected


def test_what_cannot_be_recorded_ends_the_run_where_results_come_in(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lab.db") as store:
        job = prepare_job(store, SPEC)
        made = Recorder(store, job)
        made.add(UnitResult(0, 10, (), {}, 0.1), "test")
        assert (made.done, made.behind) == (10, False)
        with pytest.raises(Exception, match="does not lie inside"):
            made.add(UnitResult(0, job.total + 1, (), {}, 0.1), "test")
        with pytest.raises(Exception, match="does not lie inside"):
            made.flush(wait=True)
        made.close()
        made.close()
        assert store.job(job.id).done == 10


def test_a_locked_file_holds_up_nobody(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    said: list[str] = []
    with (
        Store.open(path, timeout=0.2) as store,
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        job = prepare_job(store, SPEC)
        made = Recorder(store, job, say=said.append)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for start in range(0, 1000, 10):
            made.add(UnitResult(start, start + 10, (), {}, 0.1), "test")
        # Only the first one was waited for.
        assert time.monotonic() - began < 5
        assert (made.done, made.behind) == (0, True)
        other.execute("COMMIT")
        made.flush(wait=True)
        assert made.done == store.job(job.id).done == 1000
        made.close()
    assert [line for line in said if "locked" in line] != []
    assert said[-1] == "the database is back: going on"


# A full disk

_SEARCH = (
    "search", "lookup", "--constant", "e", "--constants", "pi", "--lhs", "8", "--a-degree", "1", "--a-range=-9..9",
    "--b-degree", "2", "--b-range=-9..9", "--workers", "0", "--unit-seconds", "0.1",
)  # fmt: skip

# Opens the database first, so that there is room for its tables; then files may grow by so many bytes more.
_LIMITED = """
import os, resource, sys
from constants_lab.cli.main import run_command
from constants_lab.db.store import Store
from constants_lab.search import recorder

path, more, arguments = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
recorder._PATIENCE = 2.0
Store.open(path).close()
if more:
    most = os.path.getsize(path) + more
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
sys.exit(run_command([*arguments, "--db", path]))
"""


def limited(path: Path, more: int, *arguments: str) -> list[str]:
    return [sys.executable, "-c", _LIMITED, str(path), str(more), *arguments]


def check_whole_units(path: Path) -> None:
    """What is there is sound, and what the job says of itself is what the rows say."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        (done, findings) = connection.execute("SELECT done, findings FROM job").fetchone()
        units_done = [(int(start), int(stop)) for start, stop in connection.execute("SELECT start, stop FROM unit")]
        found = connection.execute("SELECT candidate FROM finding").fetchall()
    assert int(done) == sum(stop - start for start, stop in units_done)
    assert findings == len(found) > 0
    assert all(any(start <= int(candidate) < stop for start, stop in units_done) for (candidate,) in found)


@pytest.fixture(scope="module")
def plenty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    path = tmp_path_factory.mktemp("plenty") / "lab.db"
    ran = subprocess.run(limited(path, 0, *_SEARCH), capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    with Store.open(path) as store:
        return counted(store)


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_file_that_may_not_grow_pauses_the_job(tmp_path: Path, plenty: dict[str, int]) -> None:
    path = tmp_path / "lab.db"
    ran = subprocess.run(limited(path, 70_000, *_SEARCH), capture_output=True, text=True, timeout=120)
    assert ran.returncode == 3, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "the disk" in ran.stderr
    check_whole_units(path)
    again = subprocess.run(
        limited(path, 0, "resume", "1", "--workers", "0"), capture_output=True, text=True, timeout=120
    )
    assert again.returncode == 0, again.stderr
    with Store.open(path) as store:
        assert store.job(1).state == "done"
        assert counted(store) == plenty


# Mounts a disk of its own, which nobody else sees, and fills it up to 220 kB; after the search there is room again.
_FULL = """
import os, shutil, subprocess, sys
from constants_lab.cli.main import run_command
from constants_lab.db.store import Store
from constants_lab.search import recorder

disk, half, whole, arguments = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], check=True)
path, filler = os.path.join(disk, "lab.db"), os.path.join(disk, "filler")
recorder._PATIENCE = 2.0
Store.open(path).close()
with open(filler, "wb") as file:
    file.write(bytes(shutil.disk_usage(disk).free - 220_000))
code = run_command([*arguments, "--db", path])
shutil.copytree(disk, half, ignore=shutil.ignore_patterns("filler"))
os.remove(filler)
if code != 3:
    sys.exit(f"the search ended with {code}")
code = run_command(["resume", "1", "--workers", "0", "--db", path])
shutil.copy(path, whole)
sys.exit(code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces of Linux")
def test_a_full_disk_pauses_the_job_until_there_is_room(tmp_path: Path, plenty: dict[str, int]) -> None:
    disk, half, whole = tmp_path / "disk", tmp_path / "half", tmp_path / "whole.db"
    disk.mkdir()
    namespace = ["unshare", "--map-root-user", "--mount"]
    possible = subprocess.run([*namespace, "mount", "-t", "tmpfs", "none", str(disk)], capture_output=True, text=True)
    if possible.returncode:
        pytest.skip(f"the kernel forbids namespaces: {possible.stderr.strip()}")
    command = [*namespace, sys.executable, "-c", _FULL, str(disk), str(half), str(whole), *_SEARCH]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "the disk is full: free some space and resume" in ran.stderr
    check_whole_units(half / "lab.db")
    with Store.open(whole) as store:
        assert store.job(1).state == "done"
        assert counted(store) == plenty
