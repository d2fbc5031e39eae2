"""``clab search survey`` as a user runs it: what it stores and says, what it refuses, and going on after a SIGKILL."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Rows = dict[str, list[tuple[Any, ...]]]

BOX = ("search", "survey", "--a-degree", "1", "--b-degree", "2", "--bound", "2")


def rows(path: Path) -> Rows:
    """What is stored, without row numbers and times."""
    queries = {
        "formula": "select exact_key, class_key, a, b, value, evidence from formula",
        "label": "select f.exact_key, l.kind, l.detail from formula_label l join formula f on f.id = l.formula_id",
        "dynamics": "select f.exact_key, d.regime, d.delta, d.delta_limit, d.rate, d.growth, d.linear_growth, d.nilpotent "
        "from dynamics d join formula f on f.id = d.formula_id",
        "finding": "select f.exact_key, g.candidate from finding g join formula f on f.id = g.formula_id",
        "job": "select state, total, done, findings from job",
    }
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in queries.items()}


@pytest.fixture(scope="module")
def whole(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    db = tmp_path_factory.mktemp("survey") / "lab.db"
    outcome = clab(*BOX, "--db", str(db), "--workers", "0")
    assert outcome.code == 0, outcome.err
    return db, outcome


def test_the_whole_box_is_stored_and_told(whole: tuple[Path, Any]) -> None:
    db, outcome = whole
    assert outcome.out == ""
    assert "2,976 continued fractions measured, in " in outcome.err
    assert "clab cluster --db" in outcome.err
    found = rows(db)
    # Members that are the same number by the same rho are one formula.
    assert 2_900 < len(found["formula"]) <= len(found["finding"]) <= 2_976
    assert len(found["dynamics"]) == len(found["formula"])
    assert all(evidence == "screened" for *_, evidence in found["formula"])
    convergent = [row for row in found["dynamics"] if row[1] in ("factorial", "exponential", "stretched", "polynomial")]
    assert len(convergent) > 1_300
    valued = {row[0] for row in found["formula"] if row[4] is not None}
    assert sum(row[0] in valued for row in convergent) > 0.98 * len(convergent)


def test_a_finished_survey_is_not_measured_again(clab: Run, whole: tuple[Path, Any]) -> None:
    db, _ = whole
    outcome = clab(*BOX, "--db", str(db))
    assert outcome.code == 0
    assert "finished already" in outcome.err


def test_killed_in_the_middle_it_goes_on_to_the_same_rows(clab: Run, whole: tuple[Path, Any], tmp_path: Path) -> None:
    db = tmp_path / "lab.db"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "constants_lab.cli.main",
            *BOX,
            "--db",
            str(db),
            "--workers",
            "2",
            "--unit-seconds",
            "1",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        limit = time.monotonic() + 90
        while True:
            assert time.monotonic() < limit
            assert process.poll() is None
            with (
                contextlib.suppress(sqlite3.Error),
                contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as it,
            ):
                found = it.execute("select done, total from job").fetchone()
                if found and 0 < int(found[0]) < int(found[1]):
                    break
            time.sleep(0.01)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    before = clab("jobs", "--db", str(db), "--json").objects[0]
    assert 0 < before["done"] < before["total"]
    outcome = clab("resume", "1", "--db", str(db), "--workers", "0")
    assert outcome.code == 0, outcome.err
    assert rows(db) == rows(whole[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--a-degree", "2", "--b-degree", "2"), "give either a bound"),
        (("--a-degree", "2", "--bound", "2"), "b-degree"),
        (("--a-degree", "2", "--b-degree", "2", "--bound", "40"), "hours on one core"),
        (("--a-degree", "2", "--b-degree", "2", "--bound", "2", "--depth", "7"), "depth"),
        (("--a-degree", "99", "--b-degree", "2", "--bound", "2"), "a-degree"),
        (("--a-degree", "1", "--b-degree", "1", "--a-range", "2..1", "--b-range", "1..1"), "reversed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_bad_input_is_a_sentence_and_leaves_no_file(
    clab_here: Run, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    outcome = clab_here("search", "survey", *options, "--db", "new.db")
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "new.db").exists()


def test_a_box_that_has_no_room_on_the_disk_is_refused_with_the_estimate(
    clab_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free._replace(free=3_000_000))
    outcome = clab_here("search", "survey", "--a-degree", "2", "--b-degree", "2", "--bound", "2", "--db", "new.db")
    assert outcome.code == 2
    assert "GB would be stored and 0.0 GB are free" in outcome.err
    assert not (tmp_path / "new.db").exists()


def test_the_specification_is_that_of_a_job_file(clab_here: Run, tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text('method = "survey"\na-degree = 0\nb-degree = 1\nbound = 2\n', encoding="utf-8")
    outcome = clab_here("run", "job.toml", "--db", "lab.db", "--json")
    assert outcome.code == 0, outcome.err
    assert "96 continued fractions measured" in outcome.err
    jobs = [json.loads(line) for line in clab_here("jobs", "--db", "lab.db", "--json").out.splitlines()]
    assert jobs[0]["method"] == "survey"
    assert jobs[0]["state"] == "done"
