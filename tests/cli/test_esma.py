"""``clab search esma`` and what follows from it: listings, show, verify, interruption, refusals."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath
import pytest

import constants_lab as lab
from constants_lab.expressions import evaluate

Run = Callable[..., Any]
Rows = dict[str, list[tuple[Any, ...]]]


def digits_of(quotients: list[int], digits: int) -> str:
    with mpmath.workdps(digits + 10):
        value = mpmath.mpf(quotients[-1])
        for a in reversed(quotients[:-1]):
            value = a + 1 / value
        return mpmath.nstr(value, digits, strip_zeros=False)


E_SEARCH = ("search", "esma", "--constant", "e", "--lhs", "2", "--period", "1..3", "--json")
NAMELESS = digits_of([3, *(x for m in range(80) for x in (1, 4 * m + 1))], 130)
FIELDS = [
    "id", "kind", "a", "b", "signs", "prefix", "polynomials", "value", "constant", "lhs", "evidence", "digits",
    "delta", "regime", "rate", "cluster", "job",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    db = tmp_path_factory.mktemp("esma") / "e.db"
    outcome = clab(*E_SEARCH, "--db", f"sqlite:///{db}")
    assert outcome.code == 0, outcome.err
    return db, outcome


def signed(outcome: Any) -> list[dict[str, Any]]:
    return [row for row in outcome.objects if row["kind"] == "signed"]


class TestSearch:
    def test_e_has_at_least_a_thousand_pairs(self, whole: tuple[Path, Any]) -> None:
        rows = signed(whole[1])
        assert all(list(row) == FIELDS for row in rows)
        pairs = {(row["lhs"], tuple(row["signs"])): row for row in rows}
        assert len(pairs) == len(rows) >= 1000
        assert len({row["value"] for row in rows}) == 112
        plain = pairs["e", (1,)]
        assert (plain["prefix"], plain["polynomials"]) == ([2], ["1", "2*m + 2", "1"])
        assert plain["regime"] == "factorial"
        assert ("1/(e - 1)", (1,)) in pairs
        assert pairs["(e + 1)/(e - 1)", (1,)]["polynomials"] == ["4*m + 2"]
        assert {row["evidence"] for row in rows} == {"verified"}
        assert min(row["digits"] for row in rows) >= 1000
        assert {row["constant"] for row in rows} == {"e"}

    def test_left_hand_sides_parse_back_to_the_value(self, whole: tuple[Path, Any]) -> None:
        for row in signed(whole[1])[::25]:
            mantissa, exponent = evaluate(row["lhs"], 65).mid().man_exp()
            with mpmath.workdps(65):
                assert mpmath.nstr(mpmath.ldexp(int(mantissa), int(exponent)), 50)[:45] == row["value"][:45]

    def test_nothing_is_stored_twice(self, whole: tuple[Path, Any]) -> None:
        with contextlib.closing(sqlite3.connect(whole[0])) as connection:
            twice = connection.execute("select value, signs, count(*) from formula where kind = 'signed' group by 1, 2")
            assert {row[2] for row in twice} == {1}

    def test_the_same_search_prints_the_same(self, whole: tuple[Path, Any], clab: Run) -> None:
        again = clab(*E_SEARCH, "--db", str(whole[0]))
        assert again.code == 0
        assert "finished already" in again.err
        assert again.objects == whole[1].objects

    def test_another_search_meets_the_same_formulas(self, whole: tuple[Path, Any], clab: Run, tmp_path: Path) -> None:
        db = tmp_path / "copy.db"
        db.write_bytes(whole[0].read_bytes())
        outcome = clab("search", "esma", "--expression", "2*e", "--lhs", "1", "--db", str(db), "--json")
        assert outcome.code == 0, outcome.err
        known = {row["id"] for row in whole[1].objects}
        assert len(outcome.objects) > 100
        assert {row["id"] for row in outcome.objects} <= known

    def test_no_pattern_is_said(self, clab: Run, tmp_path: Path) -> None:
        outcome = clab("search", "esma", "--constants", "pi,catalan", "--lhs", "1", "--db", str(tmp_path / "pi.db"))
        assert outcome.code == 0
        assert outcome.out == ""
        assert "no formula was found" in outcome.err

    def test_a_number_without_a_name(self, clab: Run, tmp_path: Path) -> None:
        db = tmp_path / "value.db"
        options = ("search", "esma", "--value", NAMELESS, "--lhs", "1", "--period", "1", "--db", str(db))
        outcome = clab(*options, "--json")
        assert outcome.code == 0, outcome.err
        (plain,) = [row for row in outcome.objects if row["prefix"] == [3] and row["signs"] == [1]]
        assert plain["polynomials"] == ["1", "4*m + 1"]
        assert (plain["lhs"], plain["constant"], plain["evidence"]) == (None, None, "verified")
        table = clab(*options)
        assert "[3; 1, 4*m + 1]" in table.out
        shown = clab("show", str(plain["id"]), "--db", str(db))
        assert shown.code == 0, shown.err
        assert f"x for x = {NAMELESS[:20]}…" in shown.out
        assert "verified: 1" in shown.out
        assert "re-check" not in shown.out
        refused = clab("verify", str(plain["id"]), "--db", str(db))
        assert (refused.code, refused.out) == (2, "")
        assert "no name" in refused.err
        assert clab("verify", "--all", "--db", str(db)).code == 0
        with lab.open(db) as database:
            formula = database.formula(plain["id"])
            assert formula.identity is None
            assert formula.signed.quotients(5) == [3, 1, 1, 1, 5]

    def test_several_numbers_and_csv(self, clab: Run, tmp_path: Path) -> None:
        outcome = clab(
            "search", "esma", "--constants", "e,tan(1)", "--expression", "phi + sqrt(2) - sqrt(5)/2", "--lhs", "1",
            "--period", "1", "--csv", "--db", str(tmp_path / "lab.db"),
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        header, *lines = outcome.out.splitlines()
        assert header.split(",") == FIELDS
        for name in ("e", "tan(1)", "phi + sqrt(2) - sqrt(5)/2"):
            assert any(f",{name}," in line for line in lines)


class TestShow:
    def shown(self, clab: Run, whole: tuple[Path, Any], **wanted: Any) -> Any:
        row = next(r for r in whole[1].objects if all(r[key] == value for key, value in wanted.items()))
        return row, clab("show", str(row["id"]), "--db", str(whole[0]))

    def test_a_polynomial_pattern(self, clab: Run, whole: tuple[Path, Any]) -> None:
        row, outcome = self.shown(clab, whole, lhs="e", signs=[1, -1, -1])
        assert outcome.code == 0, outcome.err
        for text in (
            *row["polynomials"],
            "a₀ + s₀/(a₁",
            "signs      + − −",
            "prefix     2",
            "digits a term measured",
            "from theory",
        ):
            assert text in outcome.out
        first = next(line for line in outcome.out.splitlines() if line.startswith("a  ")).split(None, 1)[1]
        cf = lab.SignedCF([1, -1, -1], row["prefix"], row["polynomials"])
        assert first == ", ".join(map(str, cf.quotients(16))) + ", …"
        assert f"clab verify {row['id']}" in outcome.out
        measured, theory = (float(part) for part in _numbers(outcome.out, "speed"))
        assert measured == pytest.approx(theory, rel=0.02)

    def test_a_pattern_of_runs(self, clab: Run, whole: tuple[Path, Any]) -> None:
        _, outcome = self.shown(clab, whole, lhs="e", signs=[-1])
        assert "run(2, 4*m + 3)" in outcome.out
        assert "from theory" not in outcome.out

    def test_relatives(self, clab: Run, whole: tuple[Path, Any]) -> None:
        row, outcome = self.shown(clab, whole, lhs="e", signs=[1])
        pcf = next(r for r in whole[1].objects if r["kind"] == "pcf" and r["a"] == "4*n + 2")
        assert f"y = formula {pcf['id']}" in outcome.out
        assert "PCF(4*n + 2, 1)" in outcome.out
        back = clab("show", str(pcf["id"]), "--db", str(whole[0])).out
        assert "more: clab show" in back
        assert len(back.splitlines()) < 60
        found = json.loads(clab("show", str(row["id"]), "--db", str(whole[0]), "--json").out)
        assert [relative["id"] for relative in found["equivalences"]] == [pcf["id"]]
        (a, b), (c, d) = ([int(k) for k in line] for line in found["equivalences"][0]["matrix"])
        with mpmath.workdps(60):
            y = mpmath.mpf(pcf["value"])
            assert mpmath.almosteq((a * y + b) / (c * y + d), mpmath.mpf(row["value"]), mpmath.mpf(10) ** -50)

    def test_the_notebook_has_it_too(self, whole: tuple[Path, Any]) -> None:
        with lab.open(whole[0]) as database:
            row = next(r for r in signed(whole[1]) if r["lhs"] == "e" and r["signs"] == [1])
            formula = database.formula(row["id"])
            assert formula.signed == lab.SignedCF([1], [2], ["1", "2m+2", "1"])
            assert formula.signed.latex() in formula._repr_html_()
            assert len(database.formulas(kind="signed")) == len(signed(whole[1]))


def _numbers(text: str, label: str) -> Iterator[str]:
    line = next(line for line in text.splitlines() if line.startswith(label))
    return (word for word in line.replace(",", " ").split() if "." in word)


class TestVerify:
    @pytest.mark.parametrize(("lhs", "signs"), [("e", [1]), ("e", [-1]), ("(e + 2)/(2*e + 1)", [1, -1, 1])])
    def test_to_more_digits(self, clab: Run, whole: tuple[Path, Any], lhs: str, signs: list[int]) -> None:
        row = next(r for r in signed(whole[1]) if r["lhs"] == lhs and r["signs"] == signs)
        outcome = clab("verify", str(row["id"]), "--digits", "3000", "--db", str(whole[0]), "--json")
        assert outcome.code == 0, outcome.err
        (result,) = outcome.objects
        assert (result["result"], result["digits"]) == ("true", 3000)
        assert "SymPy agrees" in result["message"]
        shown = json.loads(clab("show", str(row["id"]), "--db", str(whole[0]), "--json").out)
        assert max(record["digits"] for record in shown["records"]) == 3000

    def test_what_is_false_is_said(self, clab: Run, whole: tuple[Path, Any], tmp_path: Path) -> None:
        db = tmp_path / "wrong.db"
        db.write_bytes(whole[0].read_bytes())
        row = next(r for r in signed(whole[1]) if r["lhs"] == "e" and r["signs"] == [1])
        with contextlib.closing(sqlite3.connect(db)) as connection, connection:
            connection.execute("update formula set prefix = '[2, 1, 3]' where id = ?", (row["id"],))
        outcome = clab("verify", str(row["id"]), "--db", str(db))
        assert outcome.code == 1
        assert "FALSE" in outcome.out
        assert "Traceback" not in outcome.err

    def test_two_constants_and_other_names(self, clab: Run, tmp_path: Path) -> None:
        db = str(tmp_path / "lab.db")
        names = ("--expression", "phi + sqrt(2) - sqrt(5)/2", "--constant", "besseli_ratio(0,2)", "--constant", "e^2")
        found = clab("search", "esma", *names, "--lhs", "1", "--period", "1..2", "--db", db, "--json")
        assert found.code == 0, found.err
        outcome = clab("verify", "--all", "--digits", "200", "--db", db, "--json")
        assert outcome.code == 0, outcome.err
        assert {row["result"] for row in outcome.objects} == {"true"}
        assert {row["id"] for row in outcome.objects} == {row["id"] for row in found.objects}


# Several units, of about a second each.
LONG = ("search", "esma", "--constant", "e", "--lhs", "3", "--period", "1..2", "--json", "--workers", "0")


def rows(path: Path) -> Rows:
    """Formulas, identities, findings and relations without their numbers and times."""
    queries = {
        "formula": "select exact_key, signs, prefix, polynomials, value, evidence from formula",
        "identity": "select f.exact_key, i.lhs, i.evidence, i.digits from identity i join formula f on f.id = i.formula_id",
        "finding": "select f.exact_key, g.candidate from finding g join formula f on f.id = g.formula_id",
        "relation": "select f.exact_key, g.exact_key, e.relation, e.matrix from equivalence e "
        "join formula f on f.id = e.formula_id join formula g on g.id = e.other_id",
        "job": "select state, total, done, findings from job",
    }
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in queries.items()}


def done(path: Path) -> int:
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as it,
    ):
        found = it.execute("select done from job").fetchone()
        return int(found[0]) if found else 0
    return 0


@contextlib.contextmanager
def running(db: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "constants_lab.cli.main", *LONG, "--db", str(db)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        limit = time.monotonic() + 60
        while done(db) == 0:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < limit
            time.sleep(0.01)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_search_goes_on_to_the_same_rows(
    clab: Run, tmp_path: Path, long_search: Rows, how: signal.Signals
) -> None:
    db = tmp_path / "lab.db"
    with running(db) as process:
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "clab resume 1" in err
    assert 0 < done(db) < int(long_search["job"][0][1])
    outcome = clab("resume", "1", "--db", str(db), "--json", "--workers", "0")
    assert outcome.code == 0, outcome.err
    assert "going on after" in outcome.err
    assert rows(db) == long_search


@pytest.fixture(scope="module")
def long_search(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    db = tmp_path_factory.mktemp("long") / "lab.db"
    outcome = clab(*LONG, "--db", str(db))
    assert outcome.code == 0, outcome.err
    return rows(db)


E_20 = "2.7182818284590452354"
REFUSED = {
    "no number": ((), "no number"),
    "unknown constant": (("--constant", "katalan"), "catalan"),
    "unknown family": (("--expression", "foo(3)"), "foo"),
    "rational constant": (("--constant", "zeta(-1)"), "zeta"),
    "rational expression": (("--expression", "22/7"), "rational"),
    "rational in disguise": (("--expression", "sqrt(2)*sqrt(2)"), "rational"),
    "unreadable expression": (("--expression", "(e"), "bracket"),
    "code": (("--expression", "__import__('os').system('x')"), "cannot read"),
    "period from zero": (("--constant", "e", "--period", "0..3"), "begin the range at 1"),
    "reversed period": (("--constant", "e", "--period", "5..2"), "2..5"),
    "too long a period": (("--constant", "e", "--period", "1..17"), "16"),
    "no period": (("--constant", "e", "--period", ""), "range"),
    "too large a bound": (("--constant", "e", "--lhs", "10001"), "10000"),
    "no bound": (("--constant", "e", "--lhs", "0"), "lhs"),
    "too large a space": (("--constant", "e", "--lhs", "10000"), "--allow-large"),
    "few digits": (("--value", E_20), "only 23 partial quotients"),
    "no digits": (("--value", "two"), "decimal number"),
    "rational value": (("--value", "0." + "3" * 300), "partial quotients"),
    "few quotients": (("--constant", "e", "--quotients", "10"), "quotients"),
    "two shapes": (("--constant", "e", "--det", "3", "--lhs-degree", "2"), "degree 1"),
    "two formats": (("--constant", "e", "--json", "--csv"), "--csv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_one_sentence_and_stores_nothing(clab_here: Run, name: str, tmp_path: Path) -> None:
    options, said = REFUSED[name]
    outcome = clab_here("search", "esma", *options, "--db", "never.db")
    assert (outcome.code, outcome.out) == (2, "")
    (line,) = outcome.err.splitlines()
    assert line.startswith("clab: ")
    assert line.endswith((".", "?"))
    assert said in line
    assert "unexpected" not in line
    assert len(line) < 400
    assert not any(tmp_path.iterdir())
