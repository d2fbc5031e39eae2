"""``clab report`` on the database of a real search and on small ones made for it."""

from __future__ import annotations

import os
import re
import stat
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from constants_lab.balls import decimal
from constants_lab.db import DynamicsRecord, Finding, FormulaRecord, IdentityRecord, Store
from constants_lab.db.clustering import ClusterRecord, store_clusters
from constants_lab.db.records import LabelRecord
from constants_lab.evidence import Evidence
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF

Run = Callable[..., Any]


def found(index: int, a: str, b: str, lhs: str | None, *, level: str = "verified", **dynamics: Any) -> Finding:
    """A fraction with its real keys and value; ``dynamics`` beyond what it really has."""
    pcf = PCF(a, b)
    value = pcf.evaluate(60).value
    claims = []
    if lhs is not None:
        identity = Identity.parse(lhs)
        evidence = Evidence(level=level, digits=100, method="test", version="1", seconds=0.1)  # type: ignore[arg-type]
        matrix = [[str(k) for k in row] for row in identity.matrix]
        claims = [IdentityRecord(constant=identity.constant, matrix=matrix, lhs=lhs, evidence=evidence)]
    theory = pcf.asymptotics
    return Finding(
        index=index,
        formula=FormulaRecord(
            kind="pcf", exact_key=pcf.key, class_key=pcf.class_key, a=a, b=b, value=decimal(value, 60)
        ),
        identities=claims,
        dynamics=DynamicsRecord(regime=theory.regime, rate=theory.rate, depth=1000, **dynamics),
    )


PI = [("2*n + 1", "n^2", "4/pi"), ("2*n + 3", "n^2 + 2*n", "4/(pi - 2)"), ("2*n + 5", "n^2 + 4*n", "8/(3*pi - 8)")]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A family of pi, a tail of one of its members, a false claim, two nameless fractions, one that is a number, clusters."""
    db = tmp_path / "small.db"
    findings = [found(i, a, b, lhs, delta=-0.2 + i / 100, nilpotent=1.0) for i, (a, b, lhs) in enumerate(PI)]
    findings += [
        found(3, "2*n + 3", "n^2 + 2*n + 1", "pi/(4 - pi)", delta=-0.9, nilpotent=1.0),
        found(4, "n", "n", "4/pi", level="refuted", delta=0.0, nilpotent=0.1),
        found(5, "2*n + 1", "2*n^2", None, delta=-0.5, nilpotent=1.0),
        found(6, "n + 1", "n + 3", None, delta=0.75, nilpotent=0.0, factorial_reduction=False),
        found(7, "1", "1", None, delta=1.0, nilpotent=0.5),
        found(8, "n + 3", "-n", "e", delta=0.1, nilpotent=0.1),
    ]
    findings[7] = findings[7].model_copy(
        update={"labels": [LabelRecord(kind="algebraic", detail="root of x^2 - x - 1")]}
    )
    with Store.open(db) as store:
        job = store.create_job("odd <method>", {"where": "a|b <i>*c*"}, 100, "1")
        store.record(job.id, 0, 50, findings, {}, 1.0)
        ids = range(1, 10)
        clusters = [
            ClusterRecord("exponential", 6, False, "pi", {}, {}, [each for each in ids if each <= 6]),
            ClusterRecord("factorial", 3, True, None, {}, {}, [each for each in ids if each > 6]),
        ]
        store_clusters(store, clusters)
    return db


def section(text: str, title: str) -> str:
    """The part of a Markdown report under a heading."""
    match = re.search(rf"^#+ {re.escape(title)}$\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, title
    return match[1]


def rows(text: str) -> list[list[str]]:
    """The cells of the body of the only table in a text, at the bars that are not escaped."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_the_numbers_of_a_small_database(clab_here: Run, filled: Path) -> None:
    outcome = clab_here("report", "--db", str(filled))
    assert (outcome.code, outcome.err) == (0, "")
    text = outcome.out
    assert text.startswith("# What was found\n\n9 formulas in ")
    regimes = {row[0]: row[1:4] for row in rows(section(text, "How they converge"))}
    assert regimes == {"exponential": ["6", "4", "1"], "factorial": ["3", "1", "0"]}
    assert [row[1:] for row in rows(section(text, "Clusters"))] == [
        ["exponential", "6", "pi", "4"],
        ["factorial", "3", "noise", ""],
    ]
    constants = {row[0]: row[1:] for row in rows(section(text, "Constants"))}
    # A tail is of the class of its fraction; what is refuted does not count.
    assert constants["`pi`"][:3] == ["4", "3", "-0.1800"]
    assert constants["`e`"][:3] == ["1", "1", "+0.1000"]
    assert "log\\(2\\)" not in section(text, "pi")
    assert "Without a formula here: log(2), gauss, lemniscate." in text
    assert "false, first `4/pi` (formula 5)" in section(text, "What failed")


def test_the_family_is_stated_as_a_conjecture(clab_here: Run, filled: Path) -> None:
    text = section(clab_here("report", "--db", str(filled)).out, "Infinite families")
    assert "conjectures" in text
    assert r"$\operatorname{PCF}(2 n + 2 k + 1,\; n^{2} + 2 k n)$ is a Möbius image of `pi`" in text
    assert "guessed from 3 members, tested on 4, of which 4 beyond the data (k = 3, 4, 5, 6, " in text


def test_classes_are_listed_once_with_their_evidence(clab_here: Run, filled: Path) -> None:
    listed = rows(section(clab_here("report", "--db", str(filled)).out, "pi"))
    assert [row[2] for row in listed] == [
        "`PCF(2*n + 1, n^2)`",
        "`PCF(2*n + 3, n^2 + 2*n)`",
        "`PCF(2*n + 5, n^2 + 4*n)`",
    ]
    assert listed[0][:2] == ["1", r"$\frac{4}{\pi}$"]
    assert {row[3] for row in listed} == {"verified, 100 digits"}


def test_open_questions_leave_out_numbers_and_what_delta_says_nothing_of(clab_here: Run, filled: Path) -> None:
    text = clab_here("report", "--db", str(filled)).out
    any_kind = section(
        text, "Whatever their arithmetic, but no factorial fractions without reduction, whose δ says nothing"
    )
    assert [row[0] for row in rows(any_kind)] == ["6"]
    periods = section(text, "With the arithmetic of periods (at least 90 % of the primes)")
    assert [row[0] for row in rows(periods)] == ["6"]


def test_what_comes_from_the_database_is_no_markup(clab_here: Run, filled: Path) -> None:
    text = clab_here("report", "--db", str(filled)).out
    assert r"odd \<method\>" in text
    assert len(rows(section(text, "What was searched"))[0]) == 6
    assert clab_here("report", "--db", str(filled), "--out", "r.html").code == 0
    page = Path("r.html").read_text(encoding="utf-8")
    assert "odd &lt;method&gt;" in page
    assert "a|b &lt;i&gt;*c*" in page


def test_a_page_is_well_formed_and_needs_nothing_else(clab_here: Run, filled: Path) -> None:
    outcome = clab_here("report", "--db", str(filled), "--out", "r.html")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "wrote r.html\n")
    page = Path("r.html").read_text(encoding="utf-8")
    body = page[page.index("<body>") : page.index("</html>")]
    root = ElementTree.fromstring(body)
    assert [each.text for each in root.findall("h2")] == [
        "What was searched",
        "How they converge",
        "Clusters",
        "Constants",
        "Infinite families",
        "Without a name",
        "What failed",
    ]
    assert root.findall(".//{http://www.w3.org/1998/Math/MathML}mfrac")
    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?[^"'\s)]+""", page)
    assert links == []
    assert "<script" not in page


def test_a_chosen_constant_is_listed_in_full_and_alone(clab_here: Run, filled: Path) -> None:
    text = clab_here("report", "--db", str(filled), "--constant", "e", "--constants", "zeta(3)").out
    assert [row[0] for row in rows(section(text, "Constants"))] == ["`e`"]
    assert [row[2] for row in rows(section(text, "e"))] == ["`PCF(n + 3, -n)`"]
    assert "Without a formula here: zeta(3)." in text
    assert "## Without a name" not in text


def test_the_report_of_a_search(clab: Run, searched: Any, tmp_path: Path) -> None:
    """The same numbers as the listing of formulas gives."""
    out = tmp_path / "report.md"
    assert clab("report", "--db", str(searched.db), "--out", str(out)).code == 0
    constants = {row[0].strip("`"): row for row in rows(section(out.read_text(encoding="utf-8"), "Constants"))}
    for name in ("pi", "e"):
        listed = clab("formulas", "--constant", name, "--db", str(searched.db), "--json").objects
        assert constants[name][1] == str(len(listed))
        assert constants[name][3] == f"{max(each['delta'] for each in listed):+.4f}"
    assert stat.S_IMODE(out.stat().st_mode) & 0o444 == 0o444 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--constant", "nonsense"], 2, "nonsense"),
        (["--out", "report.pdf"], 2, "neither .md nor .html"),
        (["--out", "missing/report.md"], 2, "cannot be written"),
        (["--out", "folder.md"], 2, "is a folder"),
        (["--db", "absent.db"], 2, "absent.db"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_no_file(
    clab_here: Run, filled: Path, arguments: list[str], code: int, sentence: str
) -> None:
    Path("folder.md").mkdir()
    before = sorted(Path().rglob("*"))
    given = arguments if "--db" in arguments else [*arguments, "--db", str(filled)]
    outcome = clab_here("report", *given)
    assert (outcome.code, outcome.out) == (code, "")
    assert sentence in outcome.err
    assert outcome.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


def test_an_old_report_stays_when_there_is_nothing_to_report(clab_here: Run) -> None:
    Store.open("empty.db").close()
    Path("r.md").write_text("old, of constants-lab", encoding="utf-8")
    outcome = clab_here("report", "--db", "empty.db", "--out", "r.md")
    assert outcome.code == 2
    assert "holds no formula yet" in outcome.err
    assert Path("r.md").read_text(encoding="utf-8") == "old, of constants-lab"
    assert sorted(each.name for each in Path().iterdir() if not each.name.startswith("empty.db")) == ["r.md"]
