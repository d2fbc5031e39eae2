"""``clab verify`` and rigorous balls: shown, stored, refuting, and missing for a reason."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flint import arb, ctx

from constants_lab.cli.verify import _strongest
from constants_lab.crosscheck import CrossCheck
from constants_lab.errors import NoEnclosure
from constants_lab.evidence import Evidence, Level
from constants_lab.expressions import evaluate

Run = Callable[..., Any]


@pytest.fixture
def copy(searched: Any, tmp_path: Path) -> Path:
    """The searched database, to be changed."""
    path = tmp_path / "copy.db"
    shutil.copy(searched.db, path)
    return path


def test_verify_shows_and_stores_a_rigorous_ball(clab_here: Run, copy: Path) -> None:
    outcome = clab_here("verify", "--all", "--digits", "110", "--db", str(copy), "--json")
    assert outcome.code == 0
    for row in outcome.objects:
        assert row["evidence"] == "enclosed", row["message"]
        with ctx.workdps(150):
            ball = arb(row["ball"])
        assert ball.rad() < arb(10) ** -110
        assert ball.contains(evaluate(row["lhs"], 300))
    text = clab_here("verify", "1", "--db", str(copy)).out
    assert re.search(r"1000 digits agree.*enclosed by \S+ \+/- \S+e-10\d\d: ball by \S+", text)
    shown = clab_here("show", "1", "--db", str(copy))
    assert "(enclosed, 1000 digits)" in shown.out
    # What is enclosed is listed with what is verified.
    assert len(clab_here("formulas", "--db", str(copy), "--json").objects) >= len(outcome.objects)


def test_what_a_ball_excludes_is_refuted_for_good(clab_here: Run, copy: Path) -> None:
    (before,) = clab_here("show", "1", "--db", str(copy), "--json").objects
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE formula SET a = '2*n + 77', b = '5' WHERE id = 1")
    connection.close()
    outcome = clab_here("verify", "1", "--db", str(copy))
    assert outcome.code == 1
    assert "FALSE" in outcome.out
    assert "outside the ball" in outcome.out
    (shown,) = clab_here("show", "1", "--db", str(copy), "--json").objects
    assert shown["records"][-1]["level"] == "refuted"
    assert len(shown["records"]) == len(before["records"]) + len(outcome.out.splitlines())


def test_without_a_ball_the_reason_is_told() -> None:
    numeric = Evidence(level=Level.VERIFIED, method="two depths", version="1", digits=120, depth=9, seconds=0.5)
    agrees = CrossCheck(lhs_digits=50, value_digits=50)

    def refused() -> Evidence:
        raise NoEnclosure("4|b(n)| <= a(n)a(n-1) fails for all large n")

    record, text = _strongest(refused, lambda: numeric, lambda: agrees)
    assert record is numeric
    assert "stays numeric: 4|b(n)| <= a(n)a(n-1) fails" in text
