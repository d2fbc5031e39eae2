"""Labels and formulas without a name, as the listing and the drawing of a formula show them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from constants_lab.cli.listing import FIELDS
from constants_lab.db import DynamicsRecord, Finding, FormulaRecord, IdentityRecord, Store
from constants_lab.db.records import LABEL_KINDS, LabelRecord
from constants_lab.evidence import Evidence, Level

Run = Callable[..., Any]
SERIES = "1/T - 1, T = sum of " + " + ".join(f"1/({k}*n + 1)" for k in range(40))


def _finding(
    index: int, a: str, b: str, value: str, delta: float, labels: list[tuple[str, str]], lhs: str | None = None
) -> Finding:
    seal = Evidence(level=Level.VERIFIED, method="test", version="1", digits=100, seconds=0.0)
    named = [] if lhs is None else [IdentityRecord(constant="pi", matrix=[["4"], ["1"]], lhs=lhs, evidence=seal)]
    return Finding(
        index=index,
        formula=FormulaRecord(kind="pcf", exact_key=f"{a}|{b}", a=a, b=b, value=value),
        identities=named,
        dynamics=DynamicsRecord(regime="factorial", delta=delta, depth=1000),
        labels=[LabelRecord.model_validate({"kind": kind, "detail": detail}) for kind, detail in labels],
    )


@pytest.fixture
def db(tmp_path: Path) -> str:
    """Five formulas: numbered 1 with a name, 2 and 3 without, 4 and 5 whose labels are numbers."""
    path = tmp_path / "labels.db"
    pattern = FormulaRecord(kind="signed", exact_key="s", signs=[1], prefix=[], polynomials=["m + 1"], value="1.43")
    found = [
        _finding(0, "2*n + 1", "n^2", "1.2732", -0.5, [], "4/pi"),
        _finding(1, "n + 2", "n", "2.2887", 0.01, []),
        _finding(2, "n + 1", "n^3", "1.3", 0.08, [("euler", f"{SERIES}\nand so on"), ("known", "a"), ("known", "b")]),
        _finding(3, "n + 3", "-n - 2", "2.0", 1.0, [("rational", "7/3")]),
        _finding(4, "6*n", "n^4", "1.26", 0.9, [("algebraic", "root of x^3 - 2"), ("tail", "of another")]),
    ]
    with Store.open(path) as store:
        job = store.create_job("lookup", {}, 10, "1")
        store.record(job.id, 0, 10, found, {}, 0.0)
        store.record(store.create_job("esma", {}, 10, "1").id, 0, 10, [Finding(index=1, formula=pattern)], {}, 0.0)
    return str(path)


def _ids(outcome: Any) -> list[int]:
    assert outcome.code == 0, outcome.err
    return [row["id"] for row in outcome.objects]


def test_the_unidentified_are_listed_by_delta(clab_here: Run, db: str) -> None:
    assert _ids(clab_here("formulas", "--db", db, "--unidentified", "--json")) == [3, 2]
    assert _ids(clab_here("formulas", "--db", db, "--unidentified", "--limit", "1", "--json")) == [3]
    assert _ids(clab_here("formulas", "--db", db, "--unidentified", "--sort", "id", "--json")) == [2, 3]
    assert _ids(clab_here("formulas", "--db", db, "--unidentified", "--sort", "delta", "--json")) == [2, 3]
    assert _ids(clab_here("formulas", "--db", db, "--unidentified", "--evidence", "verified", "--json")) == []
    # Without it nothing changes: verified formulas, by number.
    assert _ids(clab_here("formulas", "--db", db, "--json")) == [1]
    assert _ids(clab_here("formulas", "--db", db, "--evidence", "screened", "--json")) == [1, 2, 3, 4, 5, 6]


def test_formulas_with_a_label(clab_here: Run, db: str) -> None:
    for label, expected in {"euler": [3], "known": [3], "rational": [4], "tail": [5], "family": []}.items():
        assert _ids(clab_here("formulas", "--db", db, "--label", label, "--evidence", "screened", "--json")) == expected
    assert _ids(clab_here("formulas", "--db", db, "--label", "euler", "--json")) == []
    assert _ids(clab_here("formulas", "--db", db, "--label", "euler", "--unidentified", "--json")) == [3]


def test_json_has_labels_where_there_are_any(clab_here: Run, db: str) -> None:
    rows = clab_here("formulas", "--db", db, "--evidence", "screened", "--json").objects
    assert [list(row) for row in rows] == [
        [*FIELDS, "labels"] if row["id"] in (3, 4, 5) else list(FIELDS) for row in rows
    ]
    assert rows[4]["labels"] == [
        {"kind": "algebraic", "detail": "root of x^3 - 2"},
        {"kind": "tail", "detail": "of another"},
    ]
    # The number of a label is not an expression in a constant, which the left-hand side is.
    assert rows[3]["lhs"] is rows[4]["lhs"] is None
    whole = json.loads(clab_here("show", "5", "--db", db, "--json").out)
    assert {key: whole[key] for key in rows[4]} == rows[4]
    assert json.loads(clab_here("show", "2", "--db", db, "--json").out)["labels"] == []


def test_csv_has_the_kinds(clab_here: Run, db: str) -> None:
    out = clab_here("formulas", "--db", db, "--evidence", "screened", "--csv").out
    header, *rows = csv.reader(io.StringIO(out))
    assert header == [*FIELDS, "labels"]
    assert [row[-1] for row in rows] == ["", "", "euler;known", "rational", "algebraic;tail", ""]
    header, *rows = csv.reader(io.StringIO(clab_here("formulas", "--db", db, "--csv").out))
    assert header == list(FIELDS)
    assert len(rows) == 1


def _cells(out: str) -> list[list[str]]:
    """The cells of a table, of which every row is on one line."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in out.splitlines()]


def test_a_table_has_the_kinds_where_there_are_any(clab_here: Run, db: str) -> None:
    rows = {row[0]: row for row in _cells(clab_here("formulas", "--db", db, "--unidentified").out) if row}
    assert (rows["id"][-1], rows["3"][1], rows["3"][-1]) == ("labels", "?", "euler, known")
    assert (rows["2"][1], rows["2"][-1]) == ("?", "factorial")
    assert "labels" not in clab_here("formulas", "--db", db).out


def test_a_number_stands_in_the_place_of_the_left_hand_side(clab_here: Run, db: str) -> None:
    outcome = clab_here("formulas", "--db", db, "--evidence", "screened", "--kind", "pcf")
    rows = {row[0]: row for row in _cells(outcome.out) if row}
    assert [rows[number][1] for number in "12345"] == ["4/pi", "?", "?", "7/3", "root of x^3 - 2"]
    assert "labels" not in clab_here("formulas", "--db", db, "--evidence", "screened", "--kind", "signed").out


def test_show_prints_a_line_for_each_label(clab_here: Run, db: str) -> None:
    def labels(number: int) -> list[str]:
        return [
            line for line in clab_here("show", str(number), "--db", db).out.splitlines() if line.startswith("label")
        ]

    assert labels(3) == [f"label      euler: {SERIES} and so on", "label      known: a", "label      known: b"]
    assert labels(4) == ["label      rational: 7/3"]
    assert labels(2) == []
    assert clab_here("show", "4", "--db", db).out.startswith("formula 4: 7/3\n")
    assert clab_here("show", "3", "--db", db).out.startswith("formula 3: a number without a name yet\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--label", "beauty"), "no kind of label is called 'beauty': use one of rational, "),
        (("--unidentified", "--constant", "pi"), "leave out unidentified or the constants"),
        (("--unidentified", "--kind", "signed"), "leave out unidentified or the kind signed"),
        (("--unidentified", "--sort", "-beauty"), "cannot be sorted by 'beauty'"),
    ],
)
def test_what_cannot_be_asked(clab_here: Run, db: str, options: tuple[str, ...], message: str) -> None:
    outcome = clab_here("formulas", "--db", db, *options)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert message in outcome.err


def test_help_names_every_kind(clab_here: Run) -> None:
    words = clab_here("formulas", "--help").out.replace(",", " ").replace(".", " ").split()
    assert set(LABEL_KINDS) <= set(words)
