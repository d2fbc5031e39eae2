"""Interrupting a search from outside, as a terminal, a full disk or a power cut do, and going on with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Rows = dict[str, list[tuple[Any, ...]]]

# Several units of about a second each.
BOX = (
    "search", "lookup", "--constant", "e", "--lhs", "6", "--a-degree", "1", "--a-range=-13..13",
    "--b-degree", "2", "--b-range=-14..14", "--json",
)  # fmt: skip


def rows(path: Path) -> Rows:
    """Formulas, identities and findings without their numbers and times."""
    queries = {
        "formula": "select exact_key, a, b, value, evidence from formula",
        "identity": "select f.exact_key, i.lhs, i.evidence, i.digits from identity i join formula f on f.id = i.formula_id",
        "finding": "select f.exact_key, g.candidate from finding g join formula f on f.id = g.formula_id",
        "job": "select state, total, done, findings from job",
    }
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {name: sorted(connection.execute(query).fetchall()) for name, query in queries.items()}


def done(path: Path) -> int:
    """Candidates recorded so far; 0 while there is no database."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as it,
    ):
        found = it.execute("select done from job").fetchone()
        return int(found[0]) if found else 0
    return 0


@contextlib.contextmanager
def running(db: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A search in a process group of its own, as a shell starts it; ended by force when the test is over."""
    process = subprocess.Popen(
        [sys.executable, "-m", "constants_lab.cli.main", *BOX, "--db", str(db), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for_work(process: subprocess.Popen[str], db: Path) -> None:
    """Until the first unit is recorded."""
    limit = time.monotonic() + 60
    while done(db) == 0:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.01)


def group_is_gone(group: int, seconds: float = 15) -> bool:
    """Whether every process of the group ends within some seconds."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def whole(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    db = tmp_path_factory.mktemp("whole") / "lab.db"
    outcome = clab(*BOX, "--db", str(db), "--workers", "0")
    assert outcome.code == 0, outcome.err
    found = rows(db)
    assert len(found["formula"]) == len(outcome.objects) >= 10
    return found


def resumed(clab: Run, db: Path, whole: Rows) -> None:
    """Going on ends with the rows, and prints the formulas, of a search that was left alone."""
    outcome = clab("resume", "1", "--db", str(db), "--json", "--workers", "0")
    assert outcome.code == 0, outcome.err
    assert "going on after" in outcome.err
    assert rows(db) == whole
    assert {(f["a"], f["b"], f["value"]) for f in outcome.objects} == {(a, b, v) for _, a, b, v, _ in whole["formula"]}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
class TestSignals:
    def test_ctrl_c_finishes_the_unit_and_says_how_to_go_on(self, clab: Run, tmp_path: Path, whole: Rows) -> None:
        db = tmp_path / "lab.db"
        with running(db, "--workers", "0") as process:
            wait_for_work(process, db)
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in err
        assert f"clab resume 1 --db {db}" in err
        assert all(json.loads(line)["job"] == 1 for line in out.splitlines())
        assert rows(db)["job"][0][0] == "paused"
        assert 0 < done(db) < int(whole["job"][0][1])
        resumed(clab, db, whole)

    def test_the_same_search_goes_on_too(self, clab: Run, tmp_path: Path, whole: Rows) -> None:
        db = tmp_path / "lab.db"
        with running(db, "--workers", "0") as process:
            wait_for_work(process, db)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        assert process.returncode == 130
        outcome = clab(*BOX, "--db", str(db), "--workers", "0")
        assert outcome.code == 0
        assert "going on after" in outcome.err
        assert rows(db) == whole

    def test_a_killed_search_goes_on(self, clab: Run, tmp_path: Path, whole: Rows) -> None:
        db = tmp_path / "lab.db"
        with running(db, "--workers", "0") as process:
            wait_for_work(process, db)
            process.kill()
            process.communicate()
        before = done(db)
        assert rows(db)["job"][0][0] == "running"
        assert before < int(whole["job"][0][1])
        resumed(clab, db, whole)

    def test_a_second_ctrl_c_stops_at_once(self, tmp_path: Path) -> None:
        db = tmp_path / "lab.db"
        with running(db, "--workers", "0") as process:
            wait_for_work(process, db)
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert out == ""
        assert "Traceback" not in err
        assert f"clab resume 1 --db {db}" in err
        assert rows(db)["job"][0][0] == "paused"

    def test_ctrl_c_stops_a_cluster_of_processes(self, clab: Run, tmp_path: Path, whole: Rows) -> None:
        db = tmp_path / "lab.db"
        with running(db, "--workers", "2") as process:
            wait_for_work(process, db)
            # A terminal sends it to the workers as well.
            os.killpg(process.pid, signal.SIGINT)
            _, err = process.communicate(timeout=60)
            assert process.returncode == 130
            assert [line for line in err.splitlines() if "clab resume 1" not in line] == []
            assert group_is_gone(process.pid)
        assert rows(db)["job"][0][0] == "paused"
        resumed(clab, db, whole)

    def test_ctrl_c_while_the_cluster_starts_leaves_nothing_running(self, tmp_path: Path) -> None:
        db = tmp_path / "lab.db"
        with running(db, "--workers", "2") as process:
            limit = time.monotonic() + 30
            while not db.exists() and time.monotonic() < limit:
                time.sleep(0.01)
            end = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < end:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGINT)
                time.sleep(0.4)
            _, err = process.communicate(timeout=60)
            assert process.returncode == 130
            assert "Traceback" not in err
            assert group_is_gone(process.pid)
