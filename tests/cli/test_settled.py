"""A job whose coordinator is killed between its last unit and its end."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from constants_lab.db.store import Store

Run = Callable[..., Any]

BOX = (
    "search", "lookup", "--constant", "e", "--lhs", "1", "--a-degree", "1", "--a-range=-2..2",
    "--b-degree", "1", "--b-range=-2..2",
)  # fmt: skip


@pytest.mark.parametrize("state", ["running", "paused"])
@pytest.mark.parametrize("again", [BOX, ("resume", "1")], ids=["search", "resume"])
def test_a_complete_job_is_done_when_it_is_asked_for_again(
    clab_here: Run, tmp_path: Path, again: tuple[str, ...], state: str
) -> None:
    path = tmp_path / "lab.db"
    assert clab_here(*BOX, "--db", str(path)).code == 0
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update job set state = ?", (state,))
    outcome = clab_here(*again, "--db", str(path), "--json")
    assert outcome.code == 0, outcome.err
    assert "finished already" in outcome.err
    assert len(outcome.objects) == 3
    assert clab_here("jobs", "--db", str(path), "--json").objects[0]["state"] == "done"


def test_the_last_unit_makes_a_running_job_done(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lab.db") as store:
        job = store.create_job("lookup", {}, 20, "1")
        store.set_state(job.id, "running")
        store.record(job.id, 10, 20, [], {}, 0.0)
        assert store.job(job.id).state == "running"
        store.record(job.id, 5, 12, [], {}, 0.0)
        assert store.job(job.id).state == "running"
        store.record(job.id, 0, 5, [], {}, 0.0)
        assert store.job(job.id).state == "done"
