"""``clab cluster`` and ``clab clusters`` as a user runs them: labels, pictures, interruptions, and what is refused."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from constants_lab.db.store import Store
from constants_lab.kinship import kin

Run = Callable[..., Any]

BOX = ("search", "survey", "--a-degree", "1", "--a-range=0..2", "--b-degree", "2", "--b-range=-2..2")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def surveyed(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small box, measured and not yet clustered."""
    db = tmp_path_factory.mktemp("surveyed") / "lab.db"
    outcome = clab(*BOX, "--db", str(db), "--json")
    assert outcome.code == 0, outcome.err
    return db


@pytest.fixture
def fresh(surveyed: Path, tmp_path: Path) -> str:
    """A copy of it that a test may change."""
    return str(shutil.copy(surveyed, tmp_path / "lab.db"))


@pytest.fixture(scope="module")
def clustered(clab: Run, surveyed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    """The same, clustered with names, and what was printed."""
    db = str(shutil.copy(surveyed, tmp_path_factory.mktemp("clustered") / "lab.db"))
    outcome = clab("cluster", "--db", db, "--json")
    assert outcome.code == 0, outcome.err
    return db, outcome


def members(db: str) -> dict[int, int]:
    """The cluster of each formula."""
    with sqlite3.connect(db) as connection:
        return dict(connection.execute("SELECT formula_id, cluster_id FROM cluster_member"))


def refused(outcome: Any, code: int = 2) -> str:
    """The one sentence of a refusal."""
    assert outcome.code == code, outcome
    assert outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("clab: ")
    assert line.endswith(".")
    assert "unexpected" not in line
    return line


def test_the_summary_counts_what_is_stored(clab_here: Run, clustered: tuple[str, Any]) -> None:
    db, outcome = clustered
    (summary,) = outcome.objects
    rows = clab_here("clusters", "--db", db, "--json").objects
    real = [row for row in rows if not row["noise"]]
    assert summary["clusters"] == len(real)
    assert summary["labelled"] == sum(row["constant"] is not None for row in real) > 5
    assert summary["unlabelled"] == len(real) - summary["labelled"]
    assert summary["noise"] == sum(row["size"] for row in rows if row["noise"])
    assert summary["formulas"] == sum(row["size"] for row in rows) == len(members(db))
    assert Counter(members(db).values()) == {row["id"]: row["size"] for row in rows}
    assert summary["named"] == summary["named_now"] == sum(summary["constants"].values())
    assert {"pi", "e", "log(2)", "sqrt(2)", "phi"} <= set(summary["constants"])


def test_every_verified_formula_is_in_a_cluster_of_its_constant(clab_here: Run, clustered: tuple[str, Any]) -> None:
    db, _ = clustered
    labels = {row["id"]: row["constant"] for row in clab_here("clusters", "--db", db, "--json").objects}
    where = members(db)
    found = clab_here("formulas", "--db", db, "--json").objects
    assert len(found) > 50
    for row in found:
        label = labels[where[row["id"]]]
        assert label is not None
        assert kin(label) == kin(row["constant"])
    same = sum(labels[where[row["id"]]] == row["constant"] for row in found)
    assert same >= 0.95 * len(found)


def test_the_share_of_verified_members_is_what_it_says(clab_here: Run, clustered: tuple[str, Any]) -> None:
    db, _ = clustered
    where = members(db)
    verified = Counter(
        (where[row["id"]], row["constant"]) for row in clab_here("formulas", "--db", db, "--json").objects
    )
    labelled = [row for row in clab_here("clusters", "--db", db, "--json").objects if row["constant"] is not None]
    for row in labelled:
        assert row["named"] == verified[row["id"], row["constant"]] > 0
        assert row["share"] == pytest.approx(row["named"] / row["size"])
    assert any(row["named"] < row["size"] for row in labelled)


def test_finite_and_divergent_are_one_cluster_each(clab_here: Run, clustered: tuple[str, Any]) -> None:
    db, _ = clustered
    regimes = Counter(row["regime"] for row in clab_here("clusters", "--db", db, "--json").objects)
    assert regimes["finite"] == regimes["divergent"] == 1
    assert regimes["factorial"] > 1 < regimes["exponential"]


def test_again_is_the_same_and_names_nothing_twice(clab_here: Run, clustered: tuple[str, Any]) -> None:
    db, outcome = clustered
    before = members(db), clab_here("clusters", "--db", db, "--json").objects
    again = clab_here("cluster", "--db", db, "--json", "--workers", "0")
    assert again.code == 0
    kept = {"formulas", "clusters", "labelled", "unlabelled", "noise", "named", "constants"}
    assert {key: again.objects[0][key] for key in kept} == {key: outcome.objects[0][key] for key in kept}
    assert again.objects[0]["named_now"] == 0
    assert (members(db), clab_here("clusters", "--db", db, "--json").objects) == before


def test_without_names_the_clusters_have_none(clab_here: Run, fresh: str) -> None:
    outcome = clab_here("cluster", "--db", fresh, "--no-names")
    assert outcome.code == 0
    assert re.search(r"clusters: [\d,]+ \(0 with a constant, ", outcome.out)
    assert "clusters by dynamics alone" in outcome.err
    assert {row["constant"] for row in clab_here("clusters", "--db", fresh, "--json").objects} == {None}


def test_larger_clusters_are_fewer(clab_here: Run, fresh: str) -> None:
    counts = []
    for size in ("2", "12"):
        (summary,) = clab_here("cluster", "--db", fresh, "--no-names", "--min-size", size, "--json").objects
        counts.append(summary["clusters"])
        rows = clab_here("clusters", "--db", fresh, "--json").objects
        assert all(row["noise"] or row["classes"] >= int(size) for row in rows if row["regime"] == "exponential")
    assert counts[0] > counts[1]


def test_one_job_alone(clab_here: Run, fresh: str) -> None:
    more = clab_here("search", "survey", "--a-degree", "0", "--b-degree", "0", "--bound", "6", "--db", fresh, "--json")
    assert more.code == 0, more.err
    (summary,) = clab_here("cluster", "--db", fresh, "--no-names", "--job", "2", "--json").objects
    with sqlite3.connect(fresh) as connection:
        met = {row[0] for row in connection.execute("SELECT formula_id FROM finding WHERE job_id = 2")}
    assert set(members(fresh)) == met
    assert summary["formulas"] == len(met) > 0
    assert summary["job"] == 2


def test_the_listing_filters_and_prints(clab_here: Run, clustered: tuple[str, Any]) -> None:
    db, _ = clustered
    printed = clab_here("clusters", "--db", db)
    assert printed.code == 0
    assert "(noise)" in printed.out
    assert "exponential" in printed.out
    only = clab_here("clusters", "--db", db, "--constant", "pi", "--json").objects
    assert {row["constant"] for row in only} == {"pi"}
    assert len(clab_here("clusters", "--db", db, "--json", "--limit", "3").objects) == 3
    rows = list(csv.DictReader(io.StringIO(clab_here("clusters", "--db", db, "--csv").out)))
    objects = clab_here("clusters", "--db", db, "--json").objects
    assert [int(row["size"]) for row in rows] == [row["size"] for row in objects]
    assert list(rows[0]) == list(objects[0])
    none = clab_here("clusters", "--db", db, "--constant", "khinchin")
    assert (none.code, none.out) == (0, "")
    assert "khinchin" in none.err


def test_no_clusters_yet(clab_here: Run, fresh: str) -> None:
    outcome = clab_here("clusters", "--db", fresh)
    assert (outcome.code, outcome.out) == (0, "")
    assert "`clab cluster`" in outcome.err


# --- pictures ---------------------------------------------------------------------------------------------------


def test_a_png(clab_here: Run, clustered: tuple[str, Any], tmp_path: Path) -> None:
    db, _ = clustered
    picture = tmp_path / "out.PNG"
    picture.write_text("old")
    outcome = clab_here("cluster", "--db", db, "--no-names", "--plot", str(picture))
    assert outcome.code == 0, outcome.err
    assert picture.read_bytes()[:8] == PNG
    assert [path.name for path in tmp_path.iterdir()] == ["out.PNG"]


def test_a_page_loads_nothing_from_elsewhere(clab_here: Run, clustered: tuple[str, Any], tmp_path: Path) -> None:
    db, _ = clustered
    page = tmp_path / "out.html"
    outcome = clab_here("cluster", "--db", db, "--no-names", "--plot", str(page))
    assert outcome.code == 0, outcome.err
    text = page.read_text(encoding="utf-8")
    # What the library itself may load is in strings of its code; a page that asks for it has a tag with an address.
    assert not re.findall(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*["']?(?:https?:)?//""", text)
    assert "<script" in text
    assert "Bokeh" in text
    assert "Clusters by dynamics" in text
    assert "constant" in text
    assert page.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("out.pdf", ".png or .html"),
        ("out", ".png or .html"),
        ("missing/out.png", "missing/out.png"),
        ("folder.png", "folder"),
        (f"{'x' * 300}.png", "cannot be written"),
    ],
)
def test_pictures_that_cannot_be_written_are_refused_first(clab_here: Run, fresh: str, name: str, word: str) -> None:
    Path("folder.png").mkdir()
    outcome = clab_here("cluster", "--db", fresh, "--no-names", "--plot", name)
    assert word in refused(outcome)
    assert members(fresh) == {}


# --- bad input --------------------------------------------------------------------------------------------------


def test_nothing_to_cluster(clab_here: Run, tmp_path: Path) -> None:
    assert "no-such.db" in refused(clab_here("cluster", "--db", "no-such.db"))
    assert not Path("no-such.db").exists()
    empty = tmp_path / "empty.db"
    empty.touch()
    assert "empty" in refused(clab_here("cluster", "--db", str(empty)))
    assert "empty" in refused(clab_here("clusters", "--db", str(empty)))
    unused = str(tmp_path / "unused.db")
    Store.open(unused).close()
    assert "clab search survey" in refused(clab_here("cluster", "--db", unused))
    without = str(tmp_path / "without.db")
    nothing = (
        "search",
        "lookup",
        "--constant",
        "pi",
        "--a-degree",
        "0",
        "--a-range=1..2",
        "--b-degree",
        "0",
        "--b-range=1..2",
    )
    assert clab_here(*nothing, "--db", without).code == 0
    assert "job 1" in refused(clab_here("cluster", "--db", without, "--job", "1"))


def test_unknown_jobs_and_senseless_numbers(clab_here: Run, fresh: str) -> None:
    assert "77" in refused(clab_here("cluster", "--db", fresh, "--job", "77"))
    assert refused(clab_here("cluster", "--db", fresh, "--job", "9" * 30))
    assert refused(clab_here("cluster", "--db", fresh, "--min-size", "1"))
    assert refused(clab_here("cluster", "--db", fresh, "--workers", "-1"))
    assert refused(clab_here("clusters", "--db", fresh, "--json", "--csv"))
    assert "pi" in refused(clab_here("clusters", "--db", fresh, "--constant", "pii"))


SLOW_VERIFYING = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from constants_lab.cli.main import main
from constants_lab.search import naming
whole = naming.verified
def slow(*arguments, **more):
    time.sleep(2)
    return whole(*arguments, **more)
naming.verified = slow
sys.argv[0] = "clab"
main()
"""


def test_interrupted_while_naming_it_keeps_the_names_and_goes_on(
    clab_here: Run, fresh: str, clustered: tuple[str, Any]
) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CONSTANTS_LAB")}
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_VERIFYING, "cluster", "--db", fresh, "--workers", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if "each is verified" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert "goes on" in err
    assert members(fresh) == {}
    again = clab_here("cluster", "--db", fresh, "--json", "--workers", "0")
    assert again.code == 0
    _, outcome = clustered
    assert again.objects[0]["constants"] == outcome.objects[0]["constants"]
