"""Searching and listing from Python: tables of plain data that are typeset in Jupyter."""

from __future__ import annotations

import pickle
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import constants_lab as lab
from constants_lab.db import Finding, FormulaRecord, Store
from constants_lab.errors import InputError
from constants_lab.expressions import evaluate
from constants_lab.notebook import COLUMNS, Database, Formula, FormulaFrame
from constants_lab.search.engine import LocalEngine
from constants_lab.search.job import JobSpec
from constants_lab.search.runner import Stop, prepare_job, run_job

BOX: dict[str, Any] = {"a_degree": 1, "a_range": "-3..3", "b_degree": 2, "b_range": "-3..3"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook") / "lab.db"


@pytest.fixture(scope="module")
def found(address: Path) -> FormulaFrame:
    return lab.search("lookup", constant=["pi", lab.constant("e")], **BOX, db=address, progress=False)


@pytest.fixture
def database(address: Path, found: FormulaFrame) -> Iterator[Database]:
    with lab.open(address) as opened:
        yield opened


def test_a_search_gives_the_formulas_of_its_job(found: FormulaFrame, database: Database) -> None:
    assert list(found.columns) == list(COLUMNS)
    assert {name: str(kind) for name, kind in found.dtypes.items()} == COLUMNS
    assert set(found.constant) == {"pi", "e"}
    assert set(zip(found.a, found.b, found.lhs, strict=True)) >= {
        ("2*n + 1", "n^2", "4/pi"),
        ("n + 3", "-n", "e"),
        ("3*n", "-2*n^2 + 3*n", "2/(pi + 2)"),
    }
    pd.testing.assert_frame_equal(found, database.formulas(job=int(found.job.iloc[0])))


def test_the_data_of_a_table_are_right(found: FormulaFrame) -> None:
    for row in found.itertuples():
        assert lab.PCF(row.a, row.b).value(15) == pytest.approx(float(row.value), rel=1e-12)
        assert float(evaluate(row.lhs, 30).mid()) == pytest.approx(float(row.value), rel=1e-12)
    assert (found.digits >= 50).all()
    assert set(found.evidence) == {"verified"}


def test_the_same_search_is_not_repeated(
    address: Path, found: FormulaFrame, capfd: pytest.CaptureFixture[str], database: Database
) -> None:
    before = database.jobs()
    repeated = lab.search("lookup", constants=["pi", "e"], **BOX, db=database)
    out, err = capfd.readouterr()
    pd.testing.assert_frame_equal(repeated, found)
    pd.testing.assert_frame_equal(database.jobs(), before)
    assert out == ""
    assert err == f"job 1 was finished before, with {len(found)} formulas (again=True repeats it)\n"


def test_again_searches_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = {"constant": "e", "a": "A*n+B", "b": "C*n", "ranges": {"A": "1", "B": "1..3", "C": "-1..1"}}
    with lab.open(tmp_path / "lab.db", create=True) as database:
        first = lab.search("lookup", **options, db=database)
        second = lab.search("lookup", **options, db=database, again=True)
        assert "searched 9 candidates" in capfd.readouterr().err.splitlines()[-1]
        assert set(first.lhs) == set(second.lhs) >= {"e"}
        assert len(database.jobs()) == 1


def test_typeset(found: FormulaFrame) -> None:
    html = found._repr_html_()
    assert html is not None
    assert html.count("<tr") == len(found) + 1
    brouncker = r"$\displaystyle \frac{4}{\pi} = 1 + \frac{1}{3 +}\,\frac{4}{5 +}\,\frac{9}{7 +}\,\cdots$"
    assert f"<td>{brouncker}</td>" in html
    assert re.search(r"<td>1\.273239544735162686\d\d…</td>", html)
    assert html.count("$") % 2 == 0
    assert f"{len(found)} formulas" in html


def test_selections_are_typeset_too(found: FormulaFrame) -> None:
    selected = found[found.delta > 0].sort_values("delta")[["a", "b", "delta"]]
    assert isinstance(selected, FormulaFrame)
    html = selected._repr_html_() or ""
    assert "\\cdots" in html
    assert "<th>value</th>" not in html
    grouped = found.groupby("constant").agg(best=("delta", "max"))
    assert "best" in (grouped._repr_html_() or "")
    assert "0 formulas" in (found.head(0)._repr_html_() or "")
    assert pickle.loads(pickle.dumps(found)).equals(found)


def test_a_long_table_is_cut_and_says_so(found: FormulaFrame) -> None:
    with pd.option_context("display.max_rows", 5):
        html = found._repr_html_() or ""
    assert html.count("<tr") == 6
    assert f"the first 5 of {len(found)} formulas" in html


def test_columns_of_the_user_and_strange_texts_are_shown_safely(found: FormulaFrame) -> None:
    frame = found.head(2).assign(note=[["<b>", 1], None], formula=["<script>", "x"])
    frame.loc[frame.index[0], "lhs"] = "<img src=x>"
    frame.loc[frame.index[1], "a"] = "not a polynomial <i>"
    html = frame._repr_html_() or ""
    for bad in ("<b>", "<script>", "<img", "<i>"):
        assert bad not in html
    assert "&lt;img src=x&gt;" in html
    harmful = r"$\href{javascript:alert(1)}{x}$"
    assert f"<code>{harmful}</code>" in (frame.assign(constant=harmful)._repr_html_() or "")


def test_filters(database: Database, found: FormulaFrame) -> None:
    pi = database.formulas(constant="pi", min_evidence="verified", sort="delta", descending=True, limit=3)
    assert list(pi.constant) == ["pi"] * 3
    assert list(pi.delta) == sorted(found[found.constant == "pi"].delta, reverse=True)[:3]
    # pi under another name, as an object, in a list, and as a constant whose identities are written in pi
    everything = database.formulas("pi")
    for name in ("PI", lab.constant("pi"), ["pi"], "2*pi"):
        pd.testing.assert_frame_equal(database.formulas(name), everything)
    assert len(database.formulas(["pi", "e"])) == len(found)
    assert len(database.formulas(kind="signed")) == len(database.formulas(min_evidence="proved")) == 0
    assert {name: str(kind) for name, kind in database.formulas(kind="field").dtypes.items()} == COLUMNS


def test_one_formula(database: Database, found: FormulaFrame) -> None:
    # Numbers as NumPy gives them are accepted.
    number = found.loc[(found.a == "2*n + 1") & (found.b == "n^2"), "id"].iloc[0]
    assert isinstance(number, np.integer)
    formula = database.formula(number)
    assert isinstance(formula, Formula)
    assert formula.pcf == lab.PCF("2n+1", "n^2")
    assert formula.identity == lab.Identity.parse("4/pi")
    assert repr(formula) == f"<Formula {number}: 4/pi = PCF(2*n + 1, n^2) (verified)>"
    html = formula._repr_html_()
    assert f"$\\displaystyle \\frac{{4}}{{\\pi}}$ = $\\displaystyle {formula.pcf.latex()}$" in html
    assert "verified, " in html
    records = formula.evidence_records()
    assert list(records.lhs) == ["4/pi"]
    assert (records.digits >= 100).all()
    assert (records.significance >= 20).all()


def test_a_formula_without_fraction_or_name(tmp_path: Path) -> None:
    with lab.open(tmp_path / "lab.db", create=True) as database:
        job = database.store.create_job("other", {"x": 1}, 10, "9")
        record = FormulaRecord(kind="signed", exact_key="k", polynomials=["m"], signs=[1], value="1.25")
        database.store.record(job.id, 0, 10, [Finding(index=0, formula=record)], {}, 0.1)
        frame = database.formulas(min_evidence="screened")
        assert "1.25" in (frame._repr_html_() or "")
        formula = database.formula(1)
        assert formula.identity is None
        assert "1.25" in formula._repr_html_()
        assert formula.signed.quotients(4) == [0, 1, 2, 3]
        assert formula.signed.latex() in formula._repr_html_()
        assert repr(formula) == f"<Formula 1: {formula.signed} (screened)>"
        with pytest.raises(InputError, match="signed"):
            _ = formula.pcf
        # A method this version does not know is shown by its specification.
        assert database.jobs().searched.item() == database.coverage().searched.item() == '{"x": 1}'


def test_a_formula_of_another_kind_is_no_signed_fraction(database: Database) -> None:
    with pytest.raises(InputError, match="'pcf'"):
        _ = database.formula(1).signed


def test_jobs_and_coverage(database: Database, found: FormulaFrame) -> None:
    job = database.jobs().iloc[0]
    assert (job.id, job.method, job.state, job.error) == (1, "lookup", "done", None)
    assert job.done == job.total > 5000
    row = database.coverage().iloc[0]
    assert row.complete
    assert row.version == lab.__version__
    assert "-3..3" in row.searched


def test_an_interrupted_search_says_so_and_is_continued(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    address = tmp_path / "lab.db"
    options = {"constant": "pi", "lhs": 3, "a_degree": 1, "a_range": "-9..9", "b_degree": 3, "b_range": "-7..7"}
    before = signal.getsignal(signal.SIGINT)

    def interrupt() -> None:
        while signal.getsignal(signal.SIGINT) is before:
            time.sleep(0.002)
        signal.raise_signal(signal.SIGINT)

    watcher = threading.Thread(target=interrupt, daemon=True)
    watcher.start()
    lab.search("lookup", **options, db=address, workers=0)
    watcher.join()
    assert re.fullmatch(r"job 1 stopped at [\d,]+ of 9,112,320: the same call continues it\n", capfd.readouterr().err)
    with lab.open(address) as database:
        assert database.jobs().state.item() == "paused"


def test_a_job_begun_elsewhere_is_continued(tmp_path: Path, found: FormulaFrame) -> None:
    spec = JobSpec.of("lookup", {"constants": ["pi", "e"], **BOX})
    with Store.open(tmp_path / "lab.db") as store:
        stop = Stop()
        stop.asked = True
        job = run_job(store, prepare_job(store, spec).id, LocalEngine(), stop=stop)
        assert (job.state, job.done) == ("paused", 0)
    resumed = lab.search("lookup", constants=["pi", "e"], **BOX, db=tmp_path / "lab.db", progress=False)
    assert set(resumed.lhs) == set(found.lhs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"constant": "pie", **BOX}, "pie"),
        ({**BOX}, "lacks 'constants'"),
        ({"constant": 3, **BOX}, "given by its name"),
        ({"constant": "pi", **BOX, "colour": 1}, "no key 'colour'"),
        ({"constant": "pi", **BOX, "a_range": "3..-3"}, "reversed"),
        ({"constant": "pi", **BOX, "a_range": (-3, 3)}, "a-range"),
        ({"constant": "pi", **BOX, "b_degree": 12, "b_range": "-99..99"}, "allow-large"),
    ],
)
def test_a_search_that_cannot_be_made_writes_nothing(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        lab.search("lookup", **options, db=tmp_path / "lab.db")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_bad_questions_get_one_sentence(database: Database, tmp_path: Path) -> None:
    ask: list[tuple[Any, str]] = [
        (lambda: database.formulas(constant="nonsense"), "nonsense"),
        (lambda: database.formulas(min_evidence="certain"), "certain"),
        (lambda: database.formulas(sort="beauty"), "beauty"),
        (lambda: database.formulas(job=99), "99"),
        (lambda: database.formulas(limit=-1), "limit"),
        (lambda: database.formula(10**30), "no formula"),
        (lambda: database.formula(1.5), "column id"),  # type: ignore[arg-type]
        (lambda: lab.open(tmp_path), "folder|directory"),
        (lambda: lab.open(tmp_path / "none.db"), "none.db"),
    ]
    for question, message in ask:
        with pytest.raises(InputError, match=message) as caught:
            question()
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
