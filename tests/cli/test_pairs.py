"""``clab search sieve --pairs``: two jobs in a row, what they leave, and going on after an interruption."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from constants_lab.cli.main import run_command
from constants_lab.search import units
from constants_lab.search.engine import LocalEngine
from constants_lab.search.methods import pairs

Run = Callable[..., Any]
Rows = dict[str, list[tuple[Any, ...]]]

# PCF = A + A (1/T - 1), T = sum of A^-k/((k+1)(2k+1)) = 2 sqrt(A) artanh(1/sqrt(A)) + A log(1 - 1/A), so that A = 4 gives
# logarithms of 2 and 3 and so does A = 9; of A between them T has a root in it.
FAMILY = (
    "search", "sieve", "--a", "n*(2n-1) + A*(n+1)*(2n+1)", "--b=-A*n^2*(2n-1)^2", "--range", "A=2..9", "--workers", "0",
)  # fmt: skip
WITH_PAIRS = (*FAMILY, "--pairs", "--constants", "log(2), log(3)", "--constants", "pi")
NAMED = {"2/(3*log(3) - 4*log(2))", "3/(10*log(2) - 6*log(3))"}


def rows(path: Path) -> Rows:
    """Formulas, identities and findings without their numbers and times."""
    queries = {
        "formula": "select exact_key, a, b, value, evidence from formula",
        "identity": "select f.exact_key, i.constant, i.matrix, i.lhs, i.evidence, i.digits "
        "from identity i join formula f on f.id = i.formula_id",
        "finding": "select f.exact_key, g.job_id, g.candidate from finding g join formula f on f.id = g.formula_id",
        "job": "select method, state, total, done, findings, counters from job",
    }
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {name: sorted(connection.execute(query).fetchall()) for name, query in queries.items()}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database after both jobs."""
    path = tmp_path_factory.mktemp("pairs") / "lab.db"
    assert run_command([*WITH_PAIRS, "--db", str(path)]) == 0
    return path


@pytest.fixture
def copy(done: Path, tmp_path: Path) -> Path:
    path = tmp_path / "copy.db"
    shutil.copy(done, path)
    return path


def test_both_jobs_run_and_what_is_named_is_printed(clab_here: Run, tmp_path: Path) -> None:
    db = str(tmp_path / "lab.db")
    outcome = clab_here(*WITH_PAIRS, "--db", db, "--json")
    assert outcome.code == 0, outcome.err
    assert {row["lhs"] for row in outcome.objects} == NAMED
    assert {row["constant"] for row in outcome.objects} == {"log(2), log(3)"}
    assert {(row["evidence"], row["digits"]) for row in outcome.objects} == {("verified", 200)}
    ended = outcome.err.splitlines()
    assert ended[0].startswith("job 1: 8 candidates")
    assert ended[1].startswith("job 2: 8 candidates (8 valued); 2 formulas with a name, 0 new in the database")
    assert ended[2].startswith("6 have no name: `clab formulas --unidentified --job 1 ")


def test_identities_belong_to_the_formulas_of_the_sieve(clab_here: Run, copy: Path) -> None:
    found = rows(copy)
    assert len(found["formula"]) == 8
    assert [(method, state) for method, state, *_ in found["job"]] == [("pairs", "done"), ("sieve", "done")]
    jobs = clab_here("jobs", "--db", str(copy), "--json").objects
    assert len(jobs[1]["spec"]["formulas"]) == 8
    assert jobs[1]["spec"]["constants"] == ["log(2)", "log(3)", "pi"]
    assert jobs[1]["spec"]["trials"] == jobs[0]["total"] == 8
    assert "squares and pairs of log(2), log(3), pi; 8 formulas" in clab_here("jobs", "--db", str(copy)).out
    assert len(clab_here("formulas", "--unidentified", "--db", str(copy), "--json").objects) == 6


def test_a_pair_is_shown_and_verified_anew(clab_here: Run, copy: Path) -> None:
    for row in clab_here("formulas", "--db", str(copy), "--json").objects:
        shown = clab_here("show", str(row["id"]), "--db", str(copy)).out
        assert f"equals     {row['lhs']}    (verified, 200 digits)" in shown
        assert "job 1 (sieve)" in shown
        assert "job 2 (pairs)" in shown
        outcome = clab_here("verify", str(row["id"]), "--digits", "400", "--db", str(copy), "--json")
        assert outcome.code == 0, outcome.err
        assert [(r["lhs"], r["result"], r["digits"]) for r in outcome.objects] == [(row["lhs"], "true", 400)]
        records = clab_here("show", str(row["id"]), "--db", str(copy), "--json").objects[0]["records"]
        first, second = (record["digits"] - record["significance"] for record in records)
        assert second == pytest.approx(first, abs=0.02)


@pytest.mark.parametrize(
    "change",
    ["lhs = '2/(3*log(3) - 4*log(2) + 1)'", """matrix = '[["0", "0", "2"], ["3", "-4", "0"]]'"""],
)
def test_a_false_pair_is_told(clab_here: Run, copy: Path, change: str) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute(f"UPDATE identity SET {change} WHERE lhs = '2/(3*log(3) - 4*log(2))'")
    connection.close()
    outcome = clab_here("verify", "--all", "--digits", "100", "--db", str(copy), "--json")
    assert outcome.code == 1
    assert sorted(row["result"] for row in outcome.objects) == ["false", "true"]


def test_the_same_command_again_changes_nothing(clab_here: Run, copy: Path) -> None:
    before = rows(copy)
    outcome = clab_here(*WITH_PAIRS, "--db", str(copy), "--json")
    assert outcome.code == 0
    assert {row["lhs"] for row in outcome.objects} == NAMED
    assert "job 2 is finished already" in outcome.err
    assert rows(copy) == before
    again = clab_here(*WITH_PAIRS, "--db", str(copy), "--json", "--again")
    assert again.code == 0
    assert rows(copy) == before


def test_other_constants_are_another_job(clab_here: Run, copy: Path) -> None:
    outcome = clab_here(*FAMILY, "--pairs", "--constants", "catalan,zeta(3)", "--db", str(copy), "--json")
    assert outcome.code == 0
    jobs = clab_here("jobs", "--db", str(copy), "--json").objects
    assert [job["method"] for job in jobs] == ["sieve", "pairs", "pairs"]
    # Those that have a name already are not asked about.
    assert len(jobs[2]["spec"]["formulas"]) == 6
    assert jobs[2]["findings"] == 0


@pytest.mark.parametrize("resume", [("resume", "2"), WITH_PAIRS])
def test_an_interrupted_second_job_goes_on(
    clab_here: Run, tmp_path: Path, done: Path, resume: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off in its fifth unit; both commands end with the rows of a run that was left alone."""
    path = tmp_path / "lab.db"
    true, asked = pairs.screen, []

    def interrupted(space: pairs.PairSpace, start: int, stop: int) -> Any:
        asked.append(start)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return true(space, start, stop)

    with monkeypatch.context() as patch:
        patch.setattr(pairs.PairSpace, "block_size", property(lambda space: 1))
        patch.setattr(LocalEngine, "unit_seconds", 1e-5)
        patch.setattr(pairs, "screen", interrupted)
        units._opened.cache_clear()
        outcome = clab_here(*WITH_PAIRS, "--db", str(path), "--json")
    assert (outcome.code, outcome.out) == (130, "")
    assert f"interrupted: `clab resume 2 --db {path}` goes on." in outcome.err
    jobs = clab_here("jobs", "--db", str(path), "--json").objects
    assert [(job["state"], job["done"]) for job in jobs] == [("done", 8), ("paused", 4)]
    outcome = clab_here(*resume, "--db", str(path), "--json")
    assert outcome.code == 0, outcome.err
    assert "job 2: going on after 4 of 8 candidates" in outcome.err
    assert {row["lhs"] for row in outcome.objects} == NAMED
    assert rows(path) == rows(done)


def test_an_interrupted_first_job_goes_on(clab_here: Run, tmp_path: Path, done: Path, copy: Path) -> None:
    """The second job is begun when the first one is complete, not before."""
    with sqlite3.connect(copy) as connection:
        for table in ("finding", "identity", "evidence", "dynamics", "formula_label", "formula"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM unit")
        connection.execute("DELETE FROM job WHERE id = 2")
        connection.execute("UPDATE job SET state = 'paused', done = ?, findings = ?, counters = '{}'", (f"{0:040d}", 0))
    connection.close()
    outcome = clab_here(*WITH_PAIRS, "--db", str(copy), "--json")
    assert outcome.code == 0, outcome.err
    assert rows(copy) == rows(done)


def test_nothing_without_a_name_needs_no_second_job(clab_here: Run, tmp_path: Path) -> None:
    db = str(tmp_path / "lab.db")
    apery = ("search", "sieve", "--a", "A*n^2 + A*n + 3", "--b", "n^4", "--range", "A=11")
    outcome = clab_here(*apery, "--pairs", "--constants", "pi", "--db", db, "--json", "--workers", "0")
    assert outcome.code == 0, outcome.err
    assert [row["lhs"] for row in outcome.objects] == ["5/zeta(2)"]
    assert "nothing without a name" in outcome.err
    assert len(clab_here("jobs", "--db", db, "--json").objects) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--constants", "pi"), "add --pairs"),
        (("--pairs", "--constants", "pie"), "no constant is called 'pie'"),
        (("--pairs", "--constants", "sqrt(2),phi"), "all algebraic"),
        (("--pairs", "--constants", ",".join(f"log({k})" for k in range(2, 60))), "at most 49"),
    ],
)
def test_what_cannot_be_asked(clab_here: Run, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    db = tmp_path / "lab.db"
    outcome = clab_here(*FAMILY, *options, "--db", str(db))
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert message in outcome.err
    assert not db.exists()


def test_a_job_file_asks_about_given_formulas(clab_here: Run, tmp_path: Path) -> None:
    job = tmp_path / "pairs.toml"
    job.write_text('method = "pairs"\nformulas = [["4n+1", "n^2*(2n-1)^2"]]\nconstants = ["pi", "log(2)"]\n')
    outcome = clab_here("run", str(job), "--db", str(tmp_path / "lab.db"), "--json")
    assert outcome.code == 0, outcome.err
    assert [row["lhs"] for row in outcome.objects] == ["2/(pi - 2*log(2))"]
    assert outcome.objects[0]["delta"] == pytest.approx(-0.9925, abs=1e-3)
