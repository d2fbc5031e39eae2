"""``clab search sieve`` as a user runs it: what it finds and says, what it refuses, and going on after an interruption."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
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

COMMAND = [sys.executable, "-m", "constants_lab.cli.main"]
SEARCH = ("search", "sieve")
BOX = (*SEARCH, "--a-degree", "2", "--b-degree", "4")
SMALL = (*BOX, "--bound", "3")
FAMILY = (*SEARCH, "--a", "(2*n+1)*(A*n^2+B*n+C)", "--b", "D*n^6")

# Seven blocks, the first of which takes a second or two and the others less.
BLOCKS = (
    *SEARCH, "--a", "A*n^2+B*n+C", "--b", "D*n^4", "--range", "A=1..20,B=0..20,C=0..20,D=-26..26", "--json",
)  # fmt: skip


@pytest.fixture(scope="module")
def small(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    """A database with the box (2, 4) of bound 3, and what the search of it printed."""
    db = str(tmp_path_factory.mktemp("small") / "lab.db")
    outcome = clab(*SMALL, "--db", db, "--json")
    assert outcome.code == 0, outcome.err
    return db, outcome


def test_the_box_is_searched_and_named(small: tuple[str, Any]) -> None:
    _, outcome = small
    found = {(row["a"], row["b"]): row["lhs"] for row in outcome.objects}
    assert found["3*n^2 + 3*n + 1", "-2*n^4"] == "1/(2*catalan)"
    assert found["3*n^2 + 3*n + 1", "-2*n^4 + n^3"] in ("8/pi^2", "4/(3*zeta(2))")
    assert found["2*n^2 + 2*n + 1", "-n^4"] in ("6/pi^2", "1/zeta(2)")
    assert all(row["evidence"] == "verified" for row in outcome.objects if row["lhs"])
    assert "inflated" in outcome.err
    assert re.search(r"\d+ have no name: `clab formulas --unidentified --job 1 ", outcome.err)


def test_the_closing_message_counts_what_is_stored(clab_here: Run, small: tuple[str, Any]) -> None:
    db, outcome = small
    ended = re.search(r"([\d,]+) formulas with a name, ([\d,]+) new in the database", outcome.err)
    assert ended is not None
    named = clab_here("formulas", "--db", db, "--json").objects
    stored = clab_here("formulas", "--evidence", "screened", "--db", db, "--json").objects
    assert [int(number.replace(",", "")) for number in ended.groups()] == [len(named), len(stored)]


def test_every_identity_holds_to_300_digits(clab: Run, small: tuple[str, Any]) -> None:
    db, _ = small
    outcome = clab("verify", "--all", "--digits", "300", "--db", db)
    assert outcome.code == 0
    assert re.search(r"(\d+) identities verified anew, 0 of them false", outcome.err)
    lines = outcome.out.splitlines()
    assert len(lines) >= 7
    assert all("300 digits agree" in line and "SymPy agrees" in line for line in lines)


def test_what_has_no_name_is_listed_and_rational_values_have_a_label(clab_here: Run, small: tuple[str, Any]) -> None:
    db, outcome = small
    unnamed = clab_here("formulas", "--unidentified", "--db", db, "--json").objects
    assert len(unnamed) >= 3
    assert str(len(unnamed)) in re.findall(r"(\d+) have no name", outcome.err)
    assert all(row["lhs"] is None and row["evidence"] == "screened" for row in unnamed)
    assert not {label["kind"] for row in unnamed for label in row.get("labels", [])} & {"rational", "algebraic"}
    rational = clab_here("formulas", "--label", "rational", "--evidence", "screened", "--db", db, "--json").objects
    assert len(rational) >= 15
    assert all(row["lhs"] is None and row["delta"] is None for row in rational)
    stored = clab_here("formulas", "--evidence", "screened", "--db", db, "--json").objects
    named = clab_here("formulas", "--db", db, "--json").objects
    assert len(stored) == len(named) + len(unnamed) + len(rational)


def test_coverage_says_how_complete_a_search_was(clab_here: Run, tmp_path: Path, small: tuple[str, Any]) -> None:
    full = clab_here("coverage", "--db", small[0]).out
    assert "completely" in full
    assert "(full); deg a = 2 in -3..3, deg b = 4 in -3..3" in full
    assert clab_here(*BOX, "--bound", "3", "--split", "--db", "lab.db").code == 0
    assert clab_here(*FAMILY, "--range", "A=1..1,B=1..1,C=1..1,D=-1..-1", "--db", "lab.db").code == 0
    both = clab_here("coverage", "--db", "lab.db").out
    assert "(only b that split over Q); deg a = 2 in -3..3, deg b = 4 in -3..3" in both
    assert "b = D*n^6, A=1..1" in both


def test_a_box_with_b_that_split_has_the_same_formulas_as_the_full_one(clab_here: Run, small: tuple[str, Any]) -> None:
    """Of this box no formula with a name has a b that does not split."""
    outcome = clab_here(*SMALL, "--split", "--json")
    fields = ("a", "b", "lhs", "value")
    full = [[row[field] for field in fields] for row in small[1].objects]
    assert sorted([row[field] for field in fields] for row in outcome.objects) == sorted(full)


@pytest.mark.parametrize(
    ("ranges", "lhs"),
    [
        ("A=17..17,B=17..17,C=5..5,D=-1..-1", "6/zeta(3)"),
        ("A=3..3,B=3..3,C=1..1,D=-1..-1", "8/(7*zeta(3))"),
        ("A=5..5,B=5..5,C=2..2,D=-16..-16", "12/(7*zeta(3))"),
    ],
)
def test_the_formulas_of_zeta_3_are_found_in_their_family(clab_here: Run, ranges: str, lhs: str) -> None:
    outcome = clab_here(*FAMILY, "--range", ranges, "--json")
    assert outcome.code == 0
    (row,) = outcome.objects
    assert (row["constant"], row["lhs"], row["evidence"]) == ("zeta(3)", lhs, "verified")
    assert row["digits"] >= 100
    assert "known" in [label["kind"] for label in row["labels"]]


# Refusals

RANGES = ("--range", "A=1..2,B=1..2,C=1..2,D=1..2")

REFUSED = {
    "a theorem": ((*SEARCH, "--a-degree", "1", "--b-degree", "2", "--bound", "3"), "--force"),
    "a theorem for a family": ((*SEARCH, "--a", "A*n+1", "--b", "n^2", "--range", "A=1..5"), "--force"),
    "only divergent ones": ((*SEARCH, "--a-degree", "0", "--b-degree", "3", "--bound", "3"), "diverge"),
    "no bound": (BOX, "bound"),
    "bound and both ranges": ((*SMALL, "--a-range=1..2", "--b-range=1..2"), "bound"),
    "coefficients too large": ((*BOX, "--a-range=1..2147483648", "--b-range=1..2"), "smaller"),
    "range of a alone": ((*BOX, "--a-range=1..2"), "bound"),
    "degree missing": ((*SEARCH, "--a-degree", "2", "--bound", "3"), "b-degree"),
    "no space": (SEARCH, "box needs"),
    "bound 0": ((*BOX, "--bound", "0"), "bound"),
    "bound below 0": ((*BOX, "--bound", "-3"), "bound"),
    "bound too large": ((*BOX, "--bound", "10001"), "bound"),
    "bound in words": ((*BOX, "--bound", "three"), "integer"),
    "degree over twelve": ((*SEARCH, "--a-degree", "13", "--b-degree", "4", "--bound", "2"), "12"),
    "both shapes": ((*SMALL, *FAMILY[2:], *RANGES), "either"),
    "half a family": ((*SEARCH, "--a", "A*n^2", "--range", "A=1..2"), "both"),
    "symbol without range": ((*FAMILY, "--range", "A=1..2,B=1..2,C=1..2"), "--range D="),
    "split of a family": ((*FAMILY, *RANGES, "--split"), "split is for boxes"),
    "empty range": ((*BOX, "--a-range=", "--b-range=1..2"), "not a range"),
    "leading coefficients all 0": ((*BOX, "--a-range=0..0,1..2,1..2", "--b-range=1..2"), "no continued fraction"),
    "nothing that splits": (
        (*SEARCH, "--a-degree", "2", "--b-degree", "2", "--a-range=1..2", "--b-range=1..1,0..0,1..3", "--split"),
        "no continued fraction",
    ),
    "reversed range": ((*BOX, "--a-range=3..1", "--b-range=1..2"), "reversed"),
    "reversed range of a symbol": ((*SEARCH, "--a", "A*n^2", "--b", "n^4", "--range", "A=2..1"), "reversed"),
    "two ranges for three coefficients": ((*BOX, "--a-range=1..2,1..2", "--b-range=1..2"), "2 ranges"),
    "days of work": ((*SEARCH, "--a-degree", "3", "--b-degree", "6", "--bound", "20"), "hours"),
    "beyond any index": ((*SEARCH, "--a-degree", "3", "--b-degree", "6", "--bound", "500"), "make it smaller"),
    "beyond any index, insisted": (
        (*SEARCH, "--a-degree", "3", "--b-degree", "6", "--bound", "500", "--allow-large"), "make it smaller",
    ),
    "both formats": ((*SMALL, "--json", "--csv"), "exclude"),
}  # fmt: skip


def refused(outcome: Any) -> str:
    """The one sentence of a refusal."""
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("clab: ")
    assert lines[0].endswith(".")
    assert "Traceback" not in lines[0]
    assert "unexpected" not in lines[0]
    return str(lines[0])


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_searched_is_refused_in_one_sentence(clab_here: Run, tmp_path: Path, name: str) -> None:
    arguments, said = REFUSED[name]
    assert said in refused(clab_here(*arguments))
    assert not list(tmp_path.iterdir())


def test_a_space_that_takes_too_long_says_what_can_be_done(clab_here: Run) -> None:
    sentence = refused(clab_here(*REFUSED["days of work"][0]))
    assert "--allow-large" in sentence
    assert "--split" in sentence
    wide = "A=1..9000,B=0..9000,C=0..9000,D=1..9000"
    sentence = refused(clab_here(*SEARCH, "--a", "A*n^2+B*n+C", "--b", "D*n^4", "--range", wide))
    assert "--allow-large" in sentence
    # A family takes no --split.
    assert "--split" not in sentence


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))


@pytest.mark.parametrize(
    "options",
    [
        ("--a-degree", "3", "--b-degree", "6", "--bound", "500", "--split"),
        ("--a-degree", "1", "--b-degree", "3", "--a-range=1..2147483647", "--b-range=-99..99"),
        ("--a-degree", "1", "--b-degree", "3", "--a-range=1..9", "--b-range=-2147483647..2147483647", "--split"),
    ],
    ids=["split", "leading coefficients", "large b that split"],
)
def test_a_huge_space_is_refused_before_time_and_memory_are_spent(tmp_path: Path, options: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [*COMMAND, *SEARCH, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        preexec_fn=limit_memory,
    )
    try:
        _, err = process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        pytest.fail("the size of the space is not known after 15 seconds")
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 2, err
    assert re.fullmatch(r"clab: .*: (make|lower) .*\.\n", err)


# Interruptions


def rows(path: Path) -> Rows:
    """Formulas, identities, labels and findings without their numbers and times."""
    queries = {
        "formula": "select exact_key, a, b, value, evidence from formula",
        "identity": "select f.exact_key, i.lhs, i.evidence, i.digits from identity i join formula f on f.id = i.formula_id",
        "label": "select f.exact_key, l.kind, l.detail from formula_label l join formula f on f.id = l.formula_id",
        "dynamics": "select f.exact_key, d.regime, d.delta, d.rate from dynamics d join formula f on f.id = d.formula_id",
        "finding": "select f.exact_key, g.candidate from finding g join formula f on f.id = g.formula_id",
        "job": "select state, total, done, findings from job",
    }
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in queries.items()}


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
def running(db: Path, workers: int) -> Iterator[subprocess.Popen[str]]:
    """The search in a process group of its own, until its first unit is recorded; ended by force when the test is over."""
    process = subprocess.Popen(
        [*COMMAND, *BLOCKS, "--db", str(db), "--workers", str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    try:
        limit = time.monotonic() + 60
        while done(db) == 0:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < limit
            time.sleep(0.005)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture(scope="module")
def whole(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    db = tmp_path_factory.mktemp("whole") / "lab.db"
    outcome = clab(*BLOCKS, "--db", str(db), "--workers", "0")
    assert outcome.code == 0, outcome.err
    found = rows(db)
    assert len(found["formula"]) > 50
    assert len(found["finding"]) > len(found["formula"])
    return found


def resumed(clab: Run, db: Path, whole: Rows) -> None:
    """Going on ends with the rows of a search that was left alone, and prints the formulas that have names."""
    outcome = clab("resume", "1", "--db", str(db), "--json", "--workers", "0")
    assert outcome.code == 0, outcome.err
    assert "going on after" in outcome.err
    assert rows(db) == whole
    assert {f["lhs"] for f in outcome.objects} - {None} <= {lhs for _, lhs, *_ in whole["identity"]}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
class TestSignals:
    def test_ctrl_c_finishes_the_unit_and_the_job_goes_on(self, clab: Run, tmp_path: Path, whole: Rows) -> None:
        db = tmp_path / "lab.db"
        with running(db, workers=0) as process:
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in err
        assert f"clab resume 1 --db {db}" in err
        assert all(json.loads(line)["job"] == 1 for line in out.splitlines())
        assert rows(db)["job"][0][0] == "paused"
        assert 0 < done(db) < int(whole["job"][0][1])
        resumed(clab, db, whole)

    def test_a_search_on_two_processes_is_killed_and_goes_on(self, clab: Run, tmp_path: Path, whole: Rows) -> None:
        db = tmp_path / "lab.db"
        with running(db, workers=2) as process:
            process.kill()
            process.communicate()
        assert rows(db)["job"][0][0] == "running"
        assert 0 < done(db) < int(whole["job"][0][1])
        resumed(clab, db, whole)
