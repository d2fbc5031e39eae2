"""``clab jobs`` when the process that ran a job is gone, far away or silent, and how a run that failed is told."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from constants_lab.cli import jobs
from constants_lab.db.schema import LeaseRow
from constants_lab.db.store import Store
from constants_lab.search.methods import lookup

Run = Callable[..., Any]

COMMAND = (sys.executable, "-m", "constants_lab.cli.main")
BOX = (
    "search", "lookup", "--constant", "pi", "--lhs", "20", "--a-degree", "1", "--a-range=-36..36",
    "--b-degree", "2", "--b-range=-36..36", "--workers", "0", "--unit-seconds", "0.2",
)  # fmt: skip
SMALL = (
    "search", "lookup", "--constant", "e", "--lhs", "4", "--a-degree", "1", "--a-range=-5..5",
    "--b-degree", "1", "--b-range=-5..5", "--workers", "0",
)  # fmt: skip
SPEC = {"constants": ["e"], "lhs": 4, "a_degree": 1, "a_range": "-5..5", "b_degree": 1, "b_range": "-5..5"}


@contextlib.contextmanager
def running(db: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A search of some minutes, once it has told its rate; ended by force."""
    process = subprocess.Popen([*COMMAND, *BOX, "--db", str(db)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 90
        while not (db.exists() and told(db)):
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.2)
        yield process
    finally:
        process.kill()
        process.wait()


def told(db: Path) -> bool:
    with contextlib.suppress(Exception), Store.open(db, create=False, readonly=True) as store:
        return any(job.rate is not None for job in store.jobs())
    return False


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_job_whose_process_was_killed_is_lost_until_it_is_resumed(clab: Run, tmp_path: Path) -> None:
    db = tmp_path / "lab.db"
    with running(db) as process:
        alive = clab("jobs", "1", "--db", str(db)).out
        assert re.search(r"^running: .* a second on .* left$", alive, re.MULTILINE), alive
        (shown,) = clab("jobs", "--db", str(db), "--json").objects
        assert (shown["state"], shown["alive"]) == ("running", True)
        assert shown["rate"] > 0
        assert shown["seconds_left"] > 0
        watching = subprocess.Popen(
            [*COMMAND, "jobs", "1", "--watch", "--db", str(db)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(3)
        assert watching.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        out, _ = watching.communicate(timeout=30)
        assert watching.returncode == 0
        assert re.search(r"^lost: ", out, re.MULTILINE), out
    one = clab("jobs", "1", "--db", str(db))
    (line,) = [line for line in one.out.splitlines() if line.startswith("lost: ")]
    assert f"`clab resume 1 --db {db}` goes on" in line
    assert "a second" not in line
    assert "left" not in line
    (shown,) = clab("jobs", "1", "--db", str(db), "--json").objects
    assert (shown["state"], shown["alive"], shown["rate"], shown["seconds_left"]) == ("running", False, None, None)
    every = clab("jobs", "--db", str(db))
    assert re.search(r"\b1 +lookup +lost\b", every.out), every.out
    assert f"clab resume 1 --db {db}" in every.err
    clab("cancel", "1", "--db", str(db))
    assert re.search(r"\b1 +lookup +cancelled\b", clab("jobs", "--db", str(db)).out)


@pytest.fixture
def far(tmp_path: Path) -> Iterator[tuple[Store, Any, Path]]:
    """A job that a process of another machine runs, as its row in the table says."""
    db = tmp_path / "lab.db"
    with Store.open(db) as store:
        job = store.create_job("lookup", SPEC, 1000, "1").id
        store.record(job, 0, 100, [], {}, 1.0)
        store.set_state(job, "running")
        lease = store.acquire_lease(job)
        lease.beat(50.0, 3)
        store.writing(lambda c: c.execute(update(LeaseRow).values(host="mars")))
        yield store, lease, db


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the watcher, forty times as fast."""
    for name in ("_REFRESH", "_QUIET", "_GONE"):
        monkeypatch.setattr(jobs, name, getattr(jobs, name) / 40)


@pytest.mark.usefixtures("quick")
def test_a_silent_process_elsewhere_is_lost_in_the_end(clab_here: Run, far: tuple[Store, Any, Path]) -> None:
    _, _, db = far
    shown = clab_here("jobs", "1", "--db", str(db)).out
    assert (
        "running: 100 of 1,000 (10.0 %), 0 findings; 50 a second on mars, 3 workers, as it told last, 18 s left"
        in shown
    )
    ended = clab_here("jobs", "1", "--watch", "--db", str(db)).out
    assert "lost: 100 of 1,000 (10.0 %), 0 findings; no process on mars runs it any more, `clab resume 1" in ended
    assert "a second" not in ended


@pytest.mark.usefixtures("quick")
def test_a_process_elsewhere_that_beats_is_watched_to_its_end(
    clab_here: Run, far: tuple[Store, Any, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, lease, db = far
    lines: list[str] = []
    line = jobs._line
    monkeypatch.setattr(jobs, "_line", lambda *given, **how: lines.append(line(*given, **how)) or lines[-1])

    def beats() -> None:
        for _ in range(60):
            lease.beat(50.0, 3)
            time.sleep(0.05)
        store.set_state(1, "paused")

    beating = threading.Thread(target=beats)
    beating.start()
    ended = clab_here("jobs", "1", "--watch", "--db", str(db)).out
    beating.join()
    assert re.search(r"^paused: 100 of 1,000", ended, re.MULTILINE), ended
    # What it told counts from the first beat that was seen.
    assert "a second" not in lines[0]
    assert sum("; 50 a second on mars, 3 workers, 18 s left" in each for each in lines) > 3
    assert not any("lost" in each for each in lines)


@pytest.mark.parametrize("state", ["done", "paused", "failed", "cancelled"])
def test_watching_a_job_that_has_ended_ends_at_once(clab_here: Run, tmp_path: Path, state: str) -> None:
    db = tmp_path / "lab.db"
    with Store.open(db) as store:
        store.create_job("lookup", SPEC, 1000, "1")
        store.set_state(1, state)
    began = time.monotonic()
    outcome = clab_here("jobs", "1", "--watch", "--db", str(db))
    assert time.monotonic() - began < 20
    assert f"{state}: 0 of 1,000" in outcome.out
    assert clab_here("jobs", "1", "--json", "--db", str(db)).objects[0]["alive"] is None


def test_a_job_with_units_set_aside_fails_with_what_they_said(
    clab_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = tmp_path / "lab.db"

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(lookup, "screen", broken)
        failed = clab_here(*SMALL, "--db", str(db))
    assert failed.code == 1
    (said,) = [line for line in failed.err.splitlines() if line.startswith("job 1 failed")]
    assert re.search(r"candidates 0\.\.\d+; ZeroDivisionError: a bug", said), said
    assert f"`clab resume 1 --db {db}` tries them again." in said
    assert "goes on" not in failed.err
    assert clab_here("resume", "1", "--db", str(db), "--workers", "0").code == 0
    assert clab_here("jobs", "1", "--db", str(db), "--json").objects[0]["state"] == "done"


def test_again_begins_a_finished_job_anew_but_not_one_that_is_run(clab_here: Run, tmp_path: Path) -> None:
    db = tmp_path / "lab.db"
    assert clab_here(*SMALL, "--db", str(db)).code == 0
    again = clab_here(*SMALL, "--db", str(db), "--again")
    assert again.code == 0
    assert "finished already" not in again.err
    assert " 0 new in the database" in again.err
    with Store.open(db) as store:
        total = store.job(1).total
        # The process of this test holds the lease, and runs.
        with store.acquire_lease(1):
            refused = clab_here(*SMALL, "--db", str(db), "--again")
            assert refused.code == 2
            assert "is being run by process" in refused.err
            assert store.job(1).done == total
