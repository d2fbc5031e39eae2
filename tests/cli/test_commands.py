"""What each command prints: JSON with exact keys, CSV, text, exit codes; and that listings agree with each other."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import pytest

from constants_lab import __version__
from constants_lab.expressions import evaluate
from constants_lab.pcf import PCF

Run = Callable[..., Any]

FORMULA = [
    "id", "kind", "a", "b", "signs", "prefix", "polynomials", "value", "constant", "lhs", "evidence", "digits",
    "delta", "regime", "rate", "cluster", "job",
]  # fmt: skip
JOB = ["id", "method", "state", "done", "total", "findings"]


@pytest.fixture
def copy(searched: Any, tmp_path: Path) -> Path:
    """The searched database, to be changed."""
    path = tmp_path / "copy.db"
    shutil.copy(searched.db, path)
    return path


def test_a_search_prints_json_of_formulas(searched: Any) -> None:
    found = searched.outcome.objects
    assert len(found) > 40
    for each in found:
        assert list(each) == FORMULA
        assert each["kind"] == "pcf"
        assert each["signs"] is each["prefix"] is each["polynomials"] is each["cluster"] is None
        assert each["constant"] in ("pi", "e")
        assert each["evidence"] == "verified"
        assert each["digits"] >= 100
        assert each["job"] == 1
        assert isinstance(each["delta"], float)
        assert each["regime"] in ("factorial", "exponential", "stretched", "polynomial")
        assert len(each["value"].lstrip("-0.").replace(".", "")) in (59, 60)
        with mpmath.workdps(70):
            lhs = mpmath.mpf(evaluate(each["lhs"], 70).mid().str(68, radius=False))
            assert abs(mpmath.mpf(each["value"]) / lhs - 1) < mpmath.mpf(10) ** -58
        assert abs(float(PCF(each["a"], each["b"]).value(15)) - float(each["value"])) < 1e-12 * abs(
            float(each["value"])
        )
    assert len({each["id"] for each in found}) == len({(each["a"], each["b"]) for each in found}) == len(found)
    # What it says to the person is not mixed with the results.
    assert f"{len(found)} formulas" in searched.outcome.err
    assert "candidates" in searched.outcome.err


def test_formulas_lists_what_the_search_printed(clab_here: Run, searched: Any) -> None:
    listed = clab_here("formulas", "--db", str(searched.db), "--json").objects
    assert sorted(listed, key=lambda f: f["id"]) == sorted(searched.outcome.objects, key=lambda f: f["id"])
    of_pi = clab_here(
        "formulas", "--db", str(searched.db), "--constant", "pi", "--evidence", "verified", "--json"
    ).objects
    assert of_pi == [f for f in listed if f["constant"] == "pi"]
    both = clab_here("formulas", "--db", str(searched.db), "--constants", "pi, e", "--constant", "catalan", "--json")
    assert both.objects == listed
    assert clab_here("formulas", "--db", str(searched.db), "--evidence", "proved", "--json").out == ""
    assert clab_here("formulas", "--db", str(searched.db), "--kind", "signed", "--json").out == ""
    assert clab_here("formulas", "--db", str(searched.db), "--job", "1", "--kind", "pcf", "--json").objects == listed


@pytest.mark.parametrize("key", ["id", "digits", "delta", "rate", "value"])
def test_formulas_are_sorted_and_limited(clab_here: Run, searched: Any, key: str) -> None:
    rows = clab_here("formulas", "--db", str(searched.db), "--sort", key, "--json").objects
    values = [float(row[key]) for row in rows if row[key] is not None]
    assert values == sorted(values)
    rows = clab_here("formulas", "--db", str(searched.db), "--sort", f"-{key}", "--limit", "5", "--json").objects
    assert [float(row[key]) for row in rows] == sorted(values, reverse=True)[:5]
    assert clab_here("formulas", "--db", str(searched.db), "--limit", "0", "--json").out == ""


def test_an_empty_listing_is_said_to_the_person(clab_here: Run, searched: Any) -> None:
    outcome = clab_here("formulas", "--db", str(searched.db), "--constant", "catalan")
    assert outcome.code == 0
    assert outcome.out == ""
    assert "clab coverage" in outcome.err


def test_csv_holds_what_json_holds(clab_here: Run, searched: Any) -> None:
    text = clab_here("formulas", "--db", str(searched.db), "--csv").out
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == FORMULA
    expected = clab_here("formulas", "--db", str(searched.db), "--json").objects
    assert [[("" if v is None else str(v)) for v in each.values()] for each in expected] == rows[1:]


def test_tables_show_every_row(clab_here: Run, searched: Any) -> None:
    outcome = clab_here("formulas", "--db", str(searched.db))
    assert outcome.code == 0
    for each in searched.outcome.objects:
        assert each["lhs"] in outcome.out.replace("\n", " ")


def test_jobs_and_coverage_say_what_was_searched(clab_here: Run, searched: Any) -> None:
    (job,) = clab_here("jobs", "--db", str(searched.db), "--json").objects
    assert list(job)[: len(JOB)] == JOB
    assert (job["id"], job["method"], job["state"]) == (1, "lookup", "done")
    assert job["done"] == job["total"] == (11 * 11 - 1) // 2 * (9**3 - 1)
    assert job["findings"] >= len(searched.outcome.objects)
    assert job["version"] == __version__
    (row,) = clab_here("coverage", "--db", str(searched.db), "--json").objects
    assert row["complete"] is True
    assert row["spec"]["constants"] == ["pi", "e"]
    assert row["spec"]["lhs"] == 8
    assert {"job", "method", "version", "done", "total"} <= set(row)
    assert "completely" in clab_here("coverage", "--db", str(searched.db)).out
    header = clab_here("jobs", "--db", str(searched.db), "--csv").out.splitlines()[0]
    assert header.split(",")[: len(JOB)] == JOB


def test_show_draws_a_formula_and_gives_its_whole_record(clab_here: Run, searched: Any) -> None:
    first = searched.outcome.objects[0]
    outcome = clab_here("show", str(first["id"]), "--db", str(searched.db))
    assert outcome.code == 0
    for part in (first["lhs"], first["value"], first["regime"], "verified", "job 1", __version__, "clab verify"):
        assert part in outcome.out
    whole = json.loads(clab_here("show", str(first["id"]), "--db", str(searched.db), "--json").out)
    assert {key: whole[key] for key in FORMULA} == first
    assert list(whole)[: len(FORMULA)] == FORMULA
    (identity,) = whole["identities"]
    assert identity["lhs"] == first["lhs"]
    assert whole["records"][0]["level"] == "verified"
    assert whole["records"][0]["significance"] >= 20
    assert whole["provenance"][0]["job"] == 1


def test_db_info_counts_rows(clab_here: Run, searched: Any) -> None:
    info = json.loads(clab_here("db", "info", "--db", str(searched.db), "--json").out)
    assert info["rows"]["formula"] == len(searched.outcome.objects)
    assert info["rows"]["job"] == 1
    assert info["backend"] == "sqlite"
    text = clab_here("db", "info", "--db", str(searched.db)).out
    assert info["schema"] in text
    assert "formula" in text


def test_db_upgrade_of_a_current_database_changes_nothing(clab_here: Run, copy: Path) -> None:
    before = clab_here("formulas", "--db", str(copy), "--json").out
    outcome = clab_here("db", "upgrade", "--db", str(copy))
    assert outcome.code == 0
    assert "nothing to do" in outcome.err
    assert clab_here("formulas", "--db", str(copy), "--json").out == before


# Jobs


def test_a_finished_job_is_printed_again_without_searching(clab_here: Run, copy: Path, box: Any, searched: Any) -> None:
    outcome = clab_here("search", "lookup", *box, "--db", str(copy), "--json")
    assert outcome.code == 0
    assert outcome.objects == searched.outcome.objects
    assert "finished already" in outcome.err
    outcome = clab_here("resume", "1", "--db", str(copy), "--json")
    assert outcome.code == 0
    assert outcome.objects == searched.outcome.objects
    assert "finished already" in outcome.err
    assert len(clab_here("jobs", "--db", str(copy), "--json").objects) == 1


def test_again_searches_anew_and_finds_the_same(clab_here: Run, copy: Path, box: Any, searched: Any) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute("DELETE FROM formula WHERE id = 1")
        connection.execute("DELETE FROM finding WHERE formula_id = 1")
    connection.close()
    outcome = clab_here("search", "lookup", *box, "--db", str(copy), "--json", "--again")
    assert outcome.code == 0
    assert "finished already" not in outcome.err
    assert {(f["a"], f["b"], f["lhs"]) for f in outcome.objects} == {
        (f["a"], f["b"], f["lhs"]) for f in searched.outcome.objects
    }


def test_the_same_formulas_found_by_another_job_are_stored_once(clab_here: Run, copy: Path, searched: Any) -> None:
    outcome = clab_here(
        "search", "lookup", "--constant", "e", "--lhs", "8", "--a-degree", "1", "--a-range=-3..3",
        "--b-degree", "1", "--b-range=-4..4", "--db", str(copy), "--json",
    )  # fmt: skip
    assert outcome.code == 0
    known = {(f["a"], f["b"]): f for f in searched.outcome.objects}
    assert len(outcome.objects) > 5
    for found in outcome.objects:
        # Its number and value are those of the first job; so is the job that is shown, unless it is asked for.
        assert known[found["a"], found["b"]]["id"] == found["id"]
        assert found["job"] == 2
    assert len(clab_here("formulas", "--db", str(copy), "--json").objects) == len(known)


def test_a_job_file_is_the_same_job_as_its_options(clab_here: Run, tmp_path: Path, copy: Path, searched: Any) -> None:
    (tmp_path / "job.toml").write_text(
        'method = "lookup"\nconstants = ["pi", "e"]\nlhs = 8\na-degree = 1\na-range = "-5..5"\nb-degree = 2\n'
        'b_range = "-4..4"\n'
    )
    outcome = clab_here("run", "job.toml", "--db", str(copy), "--json")
    assert outcome.code == 0
    assert "finished already" in outcome.err
    assert outcome.objects == searched.outcome.objects


def test_a_family_is_searched_by_formulas(clab_here: Run) -> None:
    outcome = clab_here(
        "search", "lookup", "--constant", "zeta(3)", "--a", "(A*n+B)*(C*n*(n+1)+D)", "--b", "E*n^6", "--range", "A=1..2",
        "--range", "B=1..1,C=1..17", "--range", "D=1..5", "--range", "E=-1", "--json",
    )  # fmt: skip
    assert outcome.code == 0
    names = [f["lhs"] for f in outcome.objects]
    assert {"6/zeta(3)", "8/(7*zeta(3))"} <= set(names)
    (apery,) = [f for f in outcome.objects if f["lhs"] == "6/zeta(3)"]
    assert apery["a"] == "34*n^3 + 51*n^2 + 27*n + 5"
    assert apery["b"] == "-n^6"
    assert abs(apery["delta"] - 0.0861) < 0.001


def test_the_environment_names_the_database(clab: Run, searched: Any, tmp_path: Path) -> None:
    outcome = clab("formulas", "--json", cwd=tmp_path, CONSTANTS_LAB_DB=f"sqlite:///{searched.db}")
    assert outcome.objects == clab("formulas", "--json", "--db", str(searched.db), cwd=tmp_path).objects
    assert not list(tmp_path.iterdir())


def test_a_cancelled_job_stays_cancelled_until_begun_again(clab_here: Run, copy: Path, box: Any) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE job SET state = 'paused', done = ?", (f"{1000:040d}",))
        connection.execute("UPDATE unit SET stop = ?", (f"{1000:040d}",))
    connection.close()
    outcome = clab_here("cancel", "1", "--db", str(copy))
    assert (outcome.code, outcome.out) == (0, "")
    assert "cancelled" in outcome.err
    for command in (("resume", "1"), ("search", "lookup", *box)):
        outcome = clab_here(*command, "--db", str(copy), "--json")
        assert outcome.code == 2
        assert "--again" in outcome.err
    (row,) = clab_here("coverage", "--db", str(copy), "--json").objects
    assert row["complete"] is False
    assert clab_here("search", "lookup", *box, "--db", str(copy), "--json", "--again").code == 0
    assert clab_here("jobs", "--db", str(copy), "--json").objects[0]["state"] == "done"


# Verification


def test_verify_computes_an_identity_anew_and_stores_the_record(clab_here: Run, copy: Path) -> None:
    outcome = clab_here("verify", "1", "--digits", "300", "--db", str(copy), "--json")
    assert outcome.code == 0
    (row,) = outcome.objects
    assert row["result"] == "true"
    assert row["digits"] == 300
    shown = clab_here("show", "1", "--db", str(copy), "--json").objects[0]
    assert shown["digits"] == 300
    assert len(shown["records"]) == 2


def test_verifying_again_gives_the_same_significance(clab_here: Run, copy: Path) -> None:
    """What chance could give is paid for once, however often an identity is verified."""
    for _ in range(3):
        assert clab_here("verify", "1", "--digits", "300", "--db", str(copy)).code == 0
    records = clab_here("show", "1", "--db", str(copy), "--json").objects[0]["records"]
    first, *later = [record["digits"] - record["significance"] for record in records]
    assert len(later) == 3
    assert later == pytest.approx([first] * 3, abs=0.02)


def test_verify_all_says_so_when_something_stored_is_false(clab_here: Run, copy: Path) -> None:
    outcome = clab_here("verify", "--all", "--digits", "120", "--db", str(copy), "--json")
    assert outcome.code == 0
    assert {row["result"] for row in outcome.objects} == {"true"}
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE identity SET lhs = 'pi + 7' WHERE formula_id = 3")
    connection.close()
    outcome = clab_here("verify", "--all", "--digits", "120", "--db", str(copy), "--json")
    assert outcome.code == 1
    assert [row["id"] for row in outcome.objects if row["result"] == "false"] == [3]
    assert clab_here("verify", "3", "--db", str(copy)).code == 1
    assert clab_here("verify", "4", "--db", str(copy)).code == 0


# Numbers


def test_a_number_is_identified(clab: Run, tmp_path: Path) -> None:
    number = "4.9914442354842448120987576729291844065023383864024"
    outcome = clab("identify", number, "--constants", "zeta(3)", "--json", cwd=tmp_path)
    assert outcome.code == 0
    (row,) = outcome.objects
    assert list(row) == ["kind", "lhs", "constant", "digits", "significance"]
    assert (row["lhs"], row["constant"]) == ("6/zeta(3)", "zeta(3)")
    assert row["digits"] >= 48
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dashes", [(), ("--",)])
def test_a_negative_number_is_identified(clab_here: Run, dashes: tuple[str, ...]) -> None:
    number = "-3.1415926535897932384626433832795028841971693993751"
    outcome = clab_here("identify", "--constant", "pi", "--json", *dashes, number)
    assert [row["lhs"] for row in outcome.objects] == ["-pi"]
    outcome = clab_here("identify", *dashes, number)
    assert outcome.code == 0
    assert "-pi" in outcome.out


def test_a_number_without_a_name_is_not_given_one(clab_here: Run) -> None:
    outcome = clab_here("identify", "0.57391882710394857203948572039485720394857273645", "--constant", "pi", "--json")
    assert (outcome.code, outcome.out) == (0, "")
    outcome = clab_here("identify", "0.57391882710394857203948572039485720394857273645", "--constant", "pi")
    assert (outcome.code, outcome.out) == (0, "")
    assert "no relation" in outcome.err


def test_the_constants_are_listed(clab_here: Run) -> None:
    rows = clab_here("constants", "--json").objects
    assert len(rows) >= 60
    assert all(list(row) == ["name", "value", "oeis", "latex", "description"] for row in rows)
    (pi,) = [row for row in rows if row["name"] == "pi"]
    assert pi["value"].startswith("3.1415926535897932384626433832")
    few = clab_here("constants", "catalan", "--json").objects
    assert "catalan" in [row["name"] for row in few]
    assert len(few) < len(rows)
    outcome = clab_here("constants", "no such thing")
    assert outcome.code == 0
    assert "no such thing" in outcome.err


# The program as a whole


def test_help_and_version_are_answers(clab: Run) -> None:
    for arguments in ((), ("--help",), ("-h",), ("search",), ("search", "lookup", "--help"), ("db",)):
        outcome = clab(*arguments)
        assert outcome.code == 0
        assert outcome.out.startswith("Usage: ")
        assert outcome.err == ""
    assert clab("--version").out == f"constants-lab {__version__}\n"


@pytest.mark.parametrize("arguments", [("constants", "--json"), ("constants",), ("formulas", "--json")])
def test_a_reader_that_goes_away_is_no_error(searched: Any, arguments: tuple[str, ...]) -> None:
    import sys

    extra = ("--db", str(searched.db)) if arguments[0] == "formulas" else ()
    process = subprocess.Popen(
        [sys.executable, "-m", "constants_lab.cli.main", *arguments, *extra],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


def test_an_unforeseen_error_is_one_sentence_too(clab_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import constants_lab.identification

    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(constants_lab.identification, "identify", broken)
    outcome = clab_here("identify", "3.1415926535897932384626433832795")
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "RuntimeError" in outcome.err
    assert "CONSTANTS_LAB_DEBUG" in outcome.err
