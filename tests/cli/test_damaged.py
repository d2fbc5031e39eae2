"""``clab prove``, ``check``, ``show``, ``unify`` and ``verify`` where somebody changed rows or files by hand."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flint import arb, ctx

from constants_lab.db import Store
from constants_lab.db import certificates as certificates_module
from constants_lab.db.certificates import certificates
from constants_lab.db.query import formula as load
from constants_lab.expressions import evaluate
from tests.cli.findings import filled, pcf

Run = Callable[..., Any]


FORMULAS = [
    pcf(1, "2*n + 1", "n^2", "4/pi"),
    pcf(2, "n + 3", "-n", "e"),
    pcf(3, "2*n + 3", "n^2 + 2*n + 1", "pi/(4 - pi)"),
    pcf(4, "10", "1", "5 + sqrt(26)"),
    pcf(5, "4*n^3 + 6*n^2 + 4*n + 1", "-4*n^6", "2/(7*zeta(3))"),
]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return filled(tmp_path / "lab.db", FORMULAS)


def change(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.close()


# --- files


@pytest.mark.parametrize("name", ["lab.db", "link.db", "folder/../lab.db", "lab.db-wal", "lab.db-shm"])
def test_a_database_is_not_written_over(clab_here: Run, db: Path, name: str) -> None:
    Path("folder").mkdir()
    Path("link.db").symlink_to(db)
    Path("link.csv").symlink_to(name)
    before = db.read_bytes()
    for command in (("prove", "1", "--out", name), ("export", "--out", "link.csv", "--force")):
        outcome = clab_here(*command, "--db", str(db))
        assert outcome.code == 2, outcome
        assert len(outcome.err.splitlines()) == 1
    assert db.read_bytes()[:16] == before[:16]
    assert Path("link.db").is_symlink()
    assert clab_here("formulas", "--db", str(db), "--json").code == 0


def test_links_are_followed_and_special_files_left_alone(clab_here: Run, db: Path) -> None:
    Path("link.json").symlink_to("real.json")
    assert clab_here("prove", "1", "--db", str(db), "--out", "link.json").code == 0
    assert Path("link.json").is_symlink()
    assert clab_here("check", "real.json").code == 0
    os.mkfifo("pipe")
    outcome = clab_here("prove", "1", "--db", str(db), "--out", "pipe")
    assert (outcome.code, "pipe is no file" in outcome.err) == (2, True)
    checked = clab_here("check", "pipe")
    assert (checked.code, "pipe is not a certificate" in checked.err) == (2, True)
    Path("long.json").write_text(" " * 1_000_001)
    assert "more than" in clab_here("check", "long.json").err


# --- rows


def test_an_enclosure_is_of_what_the_integers_say(clab_here: Run, db: Path) -> None:
    """A text with 170 digits of freedom is no left-hand side of a formula whose integers say e."""
    scale = 10**170
    quotient = evaluate("2/(7*zeta(3))", 200) / evaluate("e", 200)
    with ctx.workdps(220):
        nearest = (quotient * scale).mid().str(200, radius=False).split(".")[0]
    said = f"{nearest}*e/{scale}"
    change(
        db,
        "UPDATE identity SET lhs = ?, constant = 'e', matrix = ? WHERE formula_id = 5",
        said,
        '[["1","0"],["0","1"]]',
    )
    outcome = clab_here("prove", "5", "--db", str(db))
    assert outcome.code == 1
    assert "FALSE" in outcome.out
    with Store.open(db) as store:
        assert load(store, 5).evidence == "verified"
    verified = clab_here("verify", "5", "--db", str(db))
    assert (verified.code, "FALSE" in verified.out) == (1, True)


def test_a_left_hand_side_may_be_written_in_another_way(clab_here: Run, db: Path) -> None:
    assert clab_here("prove", "4", "--db", str(db)).code == 0


@pytest.mark.parametrize("matrix", ['[["x","4"],["1","0"]]', "[]", '[["0","0"],["0","0"]]', '[["0","4"],["1","2"]]'])
def test_one_bad_row_does_not_stop_the_others(clab_here: Run, db: Path, matrix: str) -> None:
    change(db, "UPDATE identity SET matrix = ? WHERE formula_id = 1", matrix)
    outcome = clab_here("prove", "--all", "--db", str(db))
    assert "unexpected" not in outcome.err
    assert "formula 1: 4/pi: " in outcome.out
    assert "formula 3: " in outcome.out
    with Store.open(db) as store:
        assert load(store, 1).evidence == "verified"
        assert {load(store, k).evidence for k in (2, 3, 4)} == {"proved"}
    alone = clab_here("prove", "1", "--db", str(db))
    assert alone.code in (1, 2)
    assert "unexpected" not in alone.err
    assert clab_here("verify", "1", "--db", str(db)).code in (1, 2)


def test_a_formula_without_polynomials_is_named(clab_here: Run, db: Path) -> None:
    change(db, "UPDATE formula SET a = '' WHERE id = 1")
    outcome = clab_here("prove", "--all", "--db", str(db))
    assert outcome.code == 0
    assert "formula 1: 4/pi: not tried" in outcome.out
    assert "1 not tried" in outcome.err


# --- certificates


def stored(path: Path, formula: int) -> str:
    with Store.open(path) as store:
        return certificates(store, formula)[0].text


@pytest.mark.parametrize("honest", [True, False])
@pytest.mark.parametrize("kind", ["another", "garbage"])
def test_a_changed_certificate_is_told_and_can_be_made_anew(clab_here: Run, db: Path, kind: str, honest: bool) -> None:
    for number in ("1", "2"):
        assert clab_here("prove", number, "--db", str(db)).code == 0
    text = stored(db, 2) if kind == "another" else "garbage"
    change(db, "UPDATE certificate SET text = ? WHERE formula_id = 1", text)
    if honest:
        sha = hashlib.sha256(text.encode()).hexdigest()
        change(db, "UPDATE certificate SET sha256 = ? WHERE formula_id = 1", sha)
    outcome = clab_here("prove", "1", "--db", str(db), "--out", "c.json")
    assert outcome.code == 1
    assert "is no proof of it" in outcome.out
    assert not Path("c.json").exists()
    shown = clab_here("show", "1", "--db", str(db)).out
    assert "no proof of this" in shown
    assert "converges to e" not in shown
    unified = clab_here("unify", "--db", str(db))
    assert unified.code == 0
    assert "unexpected" not in unified.err
    assert clab_here("prove", "1", "--again", "--db", str(db)).code == 0
    repaired = clab_here("prove", "1", "--db", str(db), "--out", "c.json")
    assert (repaired.code, "accepted again" in repaired.out) == (0, True)
    assert clab_here("check", "c.json").code == 0


# --- balls


@pytest.mark.parametrize("number", ["1", "2", "4"])
@pytest.mark.parametrize("digits", [110, 1000, 1500])
def test_a_ball_is_as_small_as_was_asked(clab_here: Run, db: Path, number: str, digits: int) -> None:
    (row,) = clab_here("verify", number, "--digits", str(digits), "--db", str(db), "--json").objects
    with ctx.workdps(digits + 50):
        ball = arb(row["ball"])
        assert ball.rad() < arb(10) ** -digits
        assert ball.contains(evaluate(row["lhs"], digits + 40))


def test_a_level_that_was_lowered_is_raised_again(clab_here: Run, db: Path) -> None:
    assert clab_here("prove", "1", "--db", str(db)).code == 0
    for table in ("identity", "formula"):
        change(db, f"UPDATE {table} SET evidence = 'verified' WHERE rowid = 1")
    outcome = clab_here("prove", "--all", "--constant", "pi", "--db", str(db), "--json")
    assert [row["result"] for row in outcome.objects] == ["proved"] * 2
    with Store.open(db) as store:
        assert load(store, 1).evidence == "proved"
        assert len(certificates(store, 1)) == 1


def test_a_long_name_is_no_certificate(clab_here: Run, db: Path) -> None:
    assert clab_here("prove", "1", "--db", str(db), "--out", "c.json").code == 0
    outcome = clab_here("check", "x" * 300, "c.json")
    assert outcome.code == 2
    assert "it cannot be read" in outcome.err
    assert "c.json: accepted" in outcome.out


def test_a_row_that_another_process_refutes_is_left_out(
    clab_here: Run, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = certificates_module.add_certificate

    def refuted(store: Store, formula: int, *arguments: Any) -> bool:
        if formula == 1:
            change(db, "UPDATE identity SET evidence = 'refuted' WHERE formula_id = 1")
        return whole(store, formula, *arguments)

    monkeypatch.setattr(certificates_module, "add_certificate", refuted)
    outcome = clab_here("prove", "--all", "--db", str(db))
    assert "formula 1: 4/pi: not tried: formula 1 = 4/pi was refuted" in outcome.out
    assert "formula 2: e: proved" in outcome.out


@pytest.mark.parametrize("how", ["old", "changed", "missing"])
def test_lost_certificates_are_made_anew_with_all_others(clab_here: Run, db: Path, how: str) -> None:
    assert clab_here("prove", "--all", "--db", str(db)).code == 0
    statement = "UPDATE certificate SET text = ?, sha256 = ? WHERE formula_id = 1"
    old = stored(db, 1).replace('"version": 2', '"version": 1')
    if how == "missing":
        change(db, "DELETE FROM certificate WHERE formula_id = 1")
    else:
        change(db, statement, old, hashlib.sha256(old.encode()).hexdigest() if how == "old" else "0" * 64)
    outcome = clab_here("prove", "--all", "--db", str(db), "--json")
    assert [row["id"] for row in outcome.objects if row["result"] == "proved"] == [1]
    assert "accepted again" in clab_here("prove", "1", "--db", str(db)).out


@pytest.mark.parametrize("matrix", ["nonsense", "", "3", '"x"', "[1, 2]", "null"])
def test_a_matrix_that_is_no_json_is_told(clab_here: Run, db: Path, matrix: str) -> None:
    change(db, "UPDATE identity SET matrix = ? WHERE formula_id = 1", matrix)
    for command in (
        ("show", "1"),
        ("prove", "1"),
        ("verify", "1"),
        ("formulas",),
        ("prove", "--all"),
        ("verify", "--all"),
    ):
        outcome = clab_here(*command, "--db", str(db))
        assert "unexpected" not in outcome.err, (command, outcome)
        assert len(outcome.err.splitlines()) <= 1
    with Store.open(db) as store:
        assert load(store, 2).evidence == "proved"


@pytest.mark.parametrize("name", ["notes.md", "tool.py"])
def test_files_of_others_are_not_replaced(clab_here: Run, db: Path, name: str) -> None:
    Path(name).write_text("precious")
    commands = [("prove", "1", "--out", name), ("export", "--out", "table.csv")]
    commands += [("report", "--out", name)] if name == "notes.md" else []
    Path("table.csv").write_text("precious")
    for command in commands:
        outcome = clab_here(*command, "--db", str(db))
        assert (outcome.code, "there is a file" in outcome.err) == (2, True)
    assert Path(name).read_text() == Path("table.csv").read_text() == "precious"
    for _ in range(2):
        assert clab_here("prove", "1", "--db", str(db), "--out", "c.json").code == 0
        assert clab_here("report", "--db", str(db), "--out", "r.md").code == 0
        assert clab_here("report", "--db", str(db), "--out", "r.html").code == 0


def test_a_lost_proof_by_relation_is_found_again(clab_here: Run, db: Path) -> None:
    """What only unify proves, only unify makes anew."""
    assert clab_here("prove", "1", "--db", str(db)).code == 0
    assert clab_here("unify", "--db", str(db), "--json").objects[0]["id"] == 3
    with Store.open(db) as store:
        assert load(store, 3).evidence == "proved"
    change(db, "DELETE FROM certificate WHERE formula_id = 3")
    assert [row["id"] for row in clab_here("unify", "--db", str(db), "--json").objects] == [3]
    assert "accepted again" in clab_here("prove", "3", "--db", str(db)).out
