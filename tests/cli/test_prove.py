"""``clab prove``, ``check``, ``show`` and ``unify`` on a database that a search left."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from constants_lab import verification
from constants_lab.cli import prove
from constants_lab.db import Store
from constants_lab.db.certificates import certificates
from constants_lab.db.claims import claims
from constants_lab.db.query import formula as load
from constants_lab.db.query import formulas
from constants_lab.errors import NoEnclosure, VerificationFailed
from constants_lab.evidence import Evidence, Level
from constants_lab.expressions import Identity
from tests.cli.findings import filled, pcf, record

Run = Callable[..., Any]


FORMULAS = [
    pcf(1, "2*n + 1", "n^2", "4/pi"),
    pcf(2, "2*n + 3", "n^2 + 2*n", "4/(pi - 2)"),
    pcf(3, "n + 3", "-n", "e"),
    pcf(4, "34*n^3 + 51*n^2 + 27*n + 5", "-n^6", "6/zeta(3) + 1"),
    pcf(5, "n^2 + 7", "3*n^3 + 1", None),
    record("signed", 6, "e", exact_key="s", signs=[1], prefix=[2], polynomials=["1", "2*m + 2", "1"], value="2.7"),
    pcf(7, "2*n + 3", "n^2 + 2*n + 1", "pi/(4 - pi)"),
]
FALSE = 4


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Seven formulas, one of them false, one without a name and one signed."""
    return filled(tmp_path / "lab.db", FORMULAS)


@pytest.fixture(autouse=True)
def no_enclosure(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be proved has no enclosure here, but where a test says otherwise."""

    def enclose(*arguments: object) -> Evidence:
        raise NoEnclosure("the tail has no bound: ask for something else")

    monkeypatch.setattr(verification, "enclose", enclose, raising=False)


def test_one_formula_is_proved_shown_written_and_checked(clab: Run, db: Path) -> None:
    outcome = clab("prove", "1", "--db", str(db), "--out", "cert.json", cwd=db.parent)
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("formula 1: 4/pi: proved (")
    assert "rests on lambert fraction" in outcome.out
    assert outcome.err.strip() == "the certificate of 4/pi is in cert.json: clab check cert.json"
    checked = clab("check", "cert.json", cwd=db.parent)
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.startswith("cert.json: accepted; ")
    assert "rests on lambert fraction" in checked.out
    shown = clab("show", "1", "--db", str(db)).out
    assert "equals     4/pi    (proved, 100 digits)" in shown
    assert "proof      of 4/pi, certificate of version" in shown
    assert "(1) Theorem, lambert fraction: PCF(2n+1," in shown
    assert "So PCF(2n + 1, n²) converges to 4/pi." in shown
    assert "rests on: lambert fraction" in shown
    assert "clab check cert-1.json    (clab prove 1 --out cert-1.json --db " in shown
    (whole,) = clab("show", "1", "--db", str(db), "--json").objects
    assert [each["theorems"] for each in whole["certificates"]] == [["lambert fraction"]]
    assert whole["evidence"] == "proved"


def test_a_proof_is_found_once_and_written_again(clab_here: Run, db: Path) -> None:
    assert clab_here("prove", "3", "--db", str(db)).code == 0
    again = clab_here("prove", "3", "--db", str(db), "--out", "cert.json")
    assert again.code == 0
    assert "proved before, and accepted again" in again.out
    with Store.open(db) as store:
        (stored,) = certificates(store)
        assert Path("cert.json").read_text(encoding="utf-8") == stored.text
        before = store.info().rows
    (row,) = clab_here("prove", "3", "--db", str(db), "--again", "--json").objects
    assert (row["result"], row["theorems"]) == ("proved", ["exponential series"])
    assert "proved as before" in row["message"]
    with Store.open(db) as store:
        assert store.info().rows == before


def test_all_are_tried_and_counted(clab_here: Run, db: Path) -> None:
    outcome = clab_here("prove", "--all", "--db", str(db))
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert [line.split(":")[0] for line in lines[:6]] == [f"formula {k}" for k in (1, 2, 3, 4, 6, 7)]
    assert "no proof found, and no enclosure: the tail has no bound" in lines[FALSE - 1]
    counted = {words[0]: words[1:] for line in lines if (words := line.split()) and words[0] in ("e", "pi", "zeta(3)")}
    assert counted["pi"] == ["3", "0", "0"]
    assert counted["zeta(3)"] == ["0", "0", "1"]
    assert outcome.err.startswith("6 identities tried: ")
    with Store.open(db) as store:
        assert {1, 2, 3, 7} <= {view.id for view in formulas(store, evidence="proved")}
        assert load(store, FALSE).evidence == "verified"
    # What is proved is not tried again; a constant narrows it down.
    again = clab_here("prove", "--all", "--db", str(db), "--constant", "zeta(3)", "--json")
    assert [(row["id"], row["result"]) for row in again.objects] == [(FALSE, "unproved")]
    assert "zeta(3): 0 proved, 0 enclosed, 1 verified" in again.err
    assert len(clab_here("prove", "--all", "--again", "--db", str(db), "--constant", "pi", "--json").objects) == 3


def test_what_has_no_proof_is_enclosed(clab_here: Run, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def enclose(formula: object, identity: Identity, digits: int, chance: float) -> Evidence:
        asked.append((str(formula), identity.lhs, digits, chance))
        return Evidence(level=Level.ENCLOSED, method="Worpitzky", version="1", digits=digits, seconds=0.1)

    monkeypatch.setattr(verification, "enclose", enclose, raising=False)
    outcome = clab_here("prove", str(FALSE), "--db", str(db))
    assert outcome.code == 1
    assert "no proof found; enclosed to 110 digits (Worpitzky)" in outcome.out
    assert asked == [("PCF(34*n^3 + 51*n^2 + 27*n + 5, -n^6)", "(zeta(3) + 6)/zeta(3)", 110, 0.0)]
    assert "enclosed before" in clab_here("prove", str(FALSE), "--db", str(db)).out
    assert len(asked) == 1
    with Store.open(db) as store:
        assert [claim.formula for claim in claims(store, levels=[Level.ENCLOSED])] == [FALSE]


@pytest.mark.parametrize("how", ["raised", "refuted"])
def test_a_false_identity_is_told(clab_here: Run, db: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    def enclose(*arguments: object) -> Evidence:
        error = VerificationFailed("the balls are disjoint: the identity is false")
        if how == "refuted":
            refutation = Evidence(level=Level.REFUTED, method="disjoint balls", version="1", digits=0, seconds=0.1)
            error.record = refutation  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr(verification, "enclose", enclose, raising=False)
    outcome = clab_here("prove", "--all", "--constant", "zeta(3)", "--db", str(db))
    assert outcome.code == 1
    assert "FALSE: " in outcome.out
    assert "1 false." in outcome.err
    with Store.open(db) as store:
        assert load(store, FALSE).evidence == ("verified" if how == "raised" else "refuted")
    if how == "refuted":
        assert "FALSE: it was refuted" in clab_here("prove", str(FALSE), "--db", str(db)).out


def test_a_stored_certificate_that_is_not_accepted_is_told(clab_here: Run, db: Path) -> None:
    assert clab_here("prove", "1", "--db", str(db)).code == 0
    with Store.open(db) as store:
        (stored,) = certificates(store)
        false = stored.text.replace('"pi"', '"e"')
        store.writing(lambda c: c.exec_driver_sql("UPDATE certificate SET text = ?", (false,)))
    outcome = clab_here("prove", "1", "--db", str(db), "--out", "cert.json")
    assert outcome.code == 1
    assert "is no proof of it: its text was changed after it was stored" in outcome.out
    assert not Path("cert.json").exists()
    assert "no proof of this: its text was changed" in clab_here("show", "1", "--db", str(db)).out


def test_an_interrupted_run_keeps_what_it_proved(clab_here: Run, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, tried = prove._attempt, []

    def attempt(*arguments: Any) -> dict[str, Any]:
        tried.append(arguments)
        if len(tried) == 3:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(prove, "_attempt", attempt)
    outcome = clab_here("prove", "--all", "--db", str(db))
    assert outcome.code == 130
    assert "what was proved so far is stored" in outcome.err
    with Store.open(db) as store:
        assert [view.id for view in formulas(store, evidence="proved")] == [1, 2]
    monkeypatch.setattr(prove, "_attempt", whole)
    assert clab_here("prove", "--all", "--db", str(db), "--json").objects[0]["id"] == 3


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "give the number of a formula, or --all"),
        (("1", "--all"), 2, "give the number of a formula, or --all"),
        (("99",), 2, "there is no formula 99"),
        (("-1",), 2, ""),
        ((str(2**70),), 2, "there is no formula"),
        (("5",), 2, "formula 5 has no name yet, so there is nothing to prove"),
        (("1", "--constant", "e"), 2, "formula 1 has no identity in e"),
        (("1", "--constant", "katalan"), 2, "katalan"),
        (("--all", "--out", "x.json"), 2, "--out writes one certificate"),
        (("1", "--out", "no/such/folder/x.json"), 2, "no folder"),
        (("1", "--out", "."), 2, "is a folder"),
    ],
)
def test_bad_input_is_one_sentence(clab_here: Run, db: Path, options: tuple[str, ...], code: int, said: str) -> None:
    outcome = clab_here("prove", *options, "--db", str(db))
    assert (outcome.code, outcome.out) == (code, "")
    assert len(outcome.err.splitlines()) == 1
    assert said in outcome.err
    with Store.open(db) as store:
        assert certificates(store) == []


def test_what_is_not_proved_is_not_written(clab_here: Run, db: Path) -> None:
    outcome = clab_here("prove", str(FALSE), "--db", str(db), "--out", "cert.json")
    assert outcome.code == 1
    assert "no proof found" in outcome.out
    assert list(Path().glob("*.json")) == []


def test_check_tells_rejected_from_what_is_no_certificate(clab_here: Run, db: Path) -> None:
    assert clab_here("prove", "1", "--db", str(db), "--out", "good.json").code == 0
    text = Path("good.json").read_text(encoding="utf-8")
    Path("claim.json").write_text(text.replace('"pi"', '"e"'), encoding="utf-8")
    whole = json.loads(text)
    whole["steps"][0]["y"] = "4"
    Path("step.json").write_text(json.dumps(whole), encoding="utf-8")
    whole["steps"][0]["name"] = "miracle"
    Path("miracle.json").write_text(json.dumps(whole), encoding="utf-8")
    Path("none.json").write_text("{}", encoding="utf-8")
    assert clab_here("check", "good.json", "good.json").code == 0
    rejected = clab_here("check", "claim.json", "good.json")
    assert rejected.code == 1
    assert "claim.json: rejected at the claim: " in rejected.out
    assert "good.json: accepted" in rejected.out
    assert clab_here("check", "step.json").code == 1
    assert "miracle.json: rejected at step 1: " in clab_here("check", "miracle.json").out
    for name in ("none.json", "absent.json", "."):
        outcome = clab_here("check", name)
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.startswith(f"clab: {name} is not a certificate: ")
        assert len(outcome.err.splitlines()) == 1
    assert clab_here("check", "claim.json", "none.json").code == 2
    assert clab_here("check").code == 2


@pytest.mark.parametrize("agrees", [True, False])
def test_check_asks_sympy_too(clab_here: Run, db: Path, monkeypatch: pytest.MonkeyPatch, agrees: bool) -> None:
    asked: list[str] = []

    def cross_check(text: str) -> None:
        asked.append(text)
        if not agrees:
            raise VerificationFailed("the identity of step 1 does not hold")

    symbolic = ModuleType("constants_lab.proofs.symbolic")
    symbolic.cross_check = cross_check  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "constants_lab.proofs.symbolic", symbolic)
    assert clab_here("prove", "1", "--db", str(db), "--out", "good.json").code == 0
    outcome = clab_here("check", "good.json", "--sympy")
    assert asked == [Path("good.json").read_text(encoding="utf-8")]
    assert outcome.code == (0 if agrees else 1)
    assert ("; SymPy agrees" if agrees else "rejected by SymPy: the identity of step 1") in outcome.out
    Path("none.json").write_text("{}", encoding="utf-8")
    assert clab_here("check", "none.json", "--sympy").code == 2
    assert len(asked) == 1


def test_unify_proves_relatives(clab_here: Run, db: Path) -> None:
    nothing = clab_here("unify", "--db", str(db))
    assert (nothing.code, nothing.out) == (0, "")
    assert "no formula here is proved yet" in nothing.err
    assert clab_here("prove", "1", "--db", str(db)).code == 0
    outcome = clab_here("unify", "--db", str(db), "--constant", "pi")
    assert outcome.code == 0, outcome.err
    assert "formula 2: 4/(pi - 2): proved from formula 1 (4/pi): " in outcome.out
    assert "formula 7: pi/(4 - pi): proved from formula 1 (4/pi): " in outcome.out
    assert "2 of 2 identities without a proof are now proved by relation to 1 others." in outcome.err
    with Store.open(db) as store:
        assert [view.id for view in formulas(store, evidence="proved")] == [1, 2, 7]
        (relative,) = load(store, 2).equivalences
        assert relative.id == 1
        assert relative.relation.startswith("proved: ")
        (p, q), (r, s) = ([int(k) for k in row] for row in relative.matrix)
        x, y = (Identity.parse(lhs).value(30) for lhs in ("4/(pi - 2)", "4/pi"))
        assert abs((p * y + q) / (r * y + s) - x) < 1e-12
    assert clab_here("check", "x.json").code == 2
    assert clab_here("prove", "2", "--db", str(db), "--out", "x.json").code == 0
    assert clab_here("check", "x.json").code == 0
    shown = clab_here("show", "2", "--db", str(db)).out
    assert "(proved: " in shown
    assert clab_here("unify", "--db", str(db), "--json").out == ""


def test_unify_goes_on_until_nothing_is_new(clab_here: Run, tmp_path: Path) -> None:
    """Each is related to the one before by a head that is as long as may be, so that the last needs several rounds."""
    path = tmp_path / "chain.db"
    found = [
        pcf(k, f"2*n + {2 * k + 1}", f"n^2 + {2 * k}*n", lhs)
        for k, lhs in enumerate(("4/pi", "4/(pi - 2)", "8/(3*pi - 8)"))
    ]
    with Store.open(path) as store:
        job = store.create_job("lookup", {}, 100, "1")
        store.record(job.id, 0, 10, found, {}, 0.0)
    assert clab_here("prove", "3", "--db", str(path)).code == 0
    rows = clab_here("unify", "--db", str(path), "--json").objects
    assert sorted(row["id"] for row in rows) == [1, 2]
    assert {tuple(row) for row in rows} == {("id", "lhs", "from", "from_lhs", "relation", "matrix")}


def test_prove_all_on_the_database_of_a_search(clab: Run, searched: Any, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    shutil.copy(searched.db, path)
    with Store.open(path) as store:
        number = next(view.id for view in formulas(store) if view.lhs == "4/pi")
    outcome = clab("prove", str(number), "--db", str(path), "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.objects[0]["result"] == "proved"
    listed = clab("formulas", "--evidence", "proved", "--db", str(path), "--json").objects
    assert [(each["id"], each["evidence"]) for each in listed] == [(number, "proved")]
