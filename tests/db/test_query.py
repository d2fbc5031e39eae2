"""Listings: filters, orders and pages, the same on both databases."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from constants_lab.db import DynamicsRecord, Finding, FormulaView, Store
from constants_lab.db.clustering import ClusterRecord, store_clusters
from constants_lab.db.query import SORTS, count, coverage, formula, formulas, formulas_of_job
from constants_lab.errors import InputError
from constants_lab.evidence import Level

Maker = Callable[..., Finding]
KEYS = [
    "id", "kind", "a", "b", "signs", "prefix", "polynomials", "value", "constant", "lhs", "evidence", "digits",
    "delta", "regime", "rate", "cluster", "job",
]  # fmt: skip


def _fill(store: Store, finding: Maker) -> None:
    """Sixty formulas of every kind, level and constant, some nameless, many equal in what is sorted by."""
    chance = random.Random(11)
    levels = [level.value for level in Level]
    jobs = [store.create_job("lookup", {"number": number}, 1000, "1") for number in range(3)]
    met: dict[int, list[Finding]] = {job.id: [] for job in jobs}
    for index in range(60):
        claims = tuple(
            (
                chance.choice(["pi", "e", "zeta(3)", "Ωmega"]),
                f"lhs {chance.randrange(5)}{chance.choice('aBÄz_-')}",
                chance.choice([1, 2, 3, 10**50]),
                chance.choice(levels),
                chance.choice([50, 100, 1000]),
            )
            for _ in range(chance.choice([0, 1, 1, 2, 4]))
        )
        dynamics = None
        if chance.random() < 0.7:
            dynamics = DynamicsRecord(
                regime=chance.choice(["factorial", "polynomial"]),
                delta=chance.choice([None, -1.0, 0.25, 0.5]),
                rate=chance.choice([None, 1.5, 2.5]),
                depth=100,
            )
        value = chance.choice([None, "-3.5", "0.25", "2e-400", "1e400", "12345678901234567890.5", "0.25000"])
        found = finding(
            index,
            claims=claims,
            dynamics=dynamics,
            value=value,
            kind=chance.choice(["pcf", "signed", "field"]),
        )
        for job in chance.sample(jobs, chance.choice([1, 2])):
            met[job.id].append(found)
    for number, findings in met.items():
        for start in (0, 30):
            part = [found for found in findings if start <= found.index < start + 30]
            store.record(number, start, start + 30, part, {}, 0.0)


@pytest.fixture
def filled(store: Store, finding: Maker) -> Store:
    _fill(store, finding)
    return store


@pytest.fixture
def both(tmp_path: Path, postgresql_address: str, finding: Maker) -> Iterator[tuple[Store, Store]]:
    with Store.open(tmp_path / "twin.db") as one, Store.open(postgresql_address) as two:
        for store in (one, two):
            _fill(store, finding)
            store_clusters(store, [ClusterRecord("factorial", 20, False, None, {}, {}, range(11, 31))])
        yield one, two


def _json(views: list[FormulaView]) -> list[dict[str, Any]]:
    return [view.as_json() for view in views]


def test_both_databases_answer_alike(both: tuple[Store, Store]) -> None:
    one, two = both
    answers = 0
    filters: list[dict[str, Any]] = [
        {"constant": constant, "min_evidence": level, "kind": kind}
        for constant, level, kind in itertools.product((None, ["pi", "Ωmega"]), ("refuted", "verified"), (None, "pcf"))
    ]
    filters += [{"regime": "factorial", "min_evidence": level} for level in ("refuted", "screened", "verified")]
    filters += [{"unidentified": True}, {"cluster": 1, "min_evidence": "screened"}, {"evidence": "screened", "job": 2}]
    for (sort, descending), chosen in itertools.product(itertools.product(SORTS, (False, True)), filters):
        options = {"sort": sort, "descending": descending} | chosen
        first = _json(formulas(one, **options))
        assert first == _json(formulas(two, **options)), options
        assert count(one, **chosen) == count(two, **chosen) == len(first)
        for store in both:
            # Formulas that have what is sorted by, and those that have not, are found in different ways.
            pages = [_json(formulas(store, **options, limit=20, offset=offset)) for offset in (0, 20, 40)]
            assert [row for page in pages for row in page] == first, options
            assert _json(formulas(store, **options, limit=3, offset=5)) == first[5:8], options
        answers += len(first)
    assert answers > 1000
    for job in (1, 2, 3):
        assert _json(formulas_of_job(one, job)) == _json(formulas_of_job(two, job))
        assert _json(formulas(one, job=job)) == _json(formulas(two, job=job))


def test_the_json_of_a_formula(store: Store, finding: Maker) -> None:
    job = store.create_job("esma", {}, 10, "1")
    found = finding(
        1, kind="signed", a=None, b=None, signs=[1, -1], prefix=[0], polynomials=["2*m + 1"],
        dynamics=DynamicsRecord(regime="factorial", delta=0.5),
    )  # fmt: skip
    store.record(job.id, 0, 10, [found], {}, 0.0)
    (view,) = formulas(store)
    row = json.loads(json.dumps(view.as_json()))
    assert list(row) == KEYS
    assert row == {
        "id": view.id, "kind": "signed", "a": None, "b": None, "signs": [1, -1], "prefix": [0],
        "polynomials": ["2*m + 1"], "value": "1.5", "constant": "pi", "lhs": "4/(pi - 2)", "evidence": "verified",
        "digits": 100, "delta": 0.5, "regime": "factorial", "rate": None, "cluster": None, "job": job.id,
    }  # fmt: skip


def test_a_formula_is_listed_once_with_its_best_and_simplest_identity(store: Store, finding: Maker) -> None:
    job = store.create_job("lookup", {}, 10, "1")
    claims = (
        ("pi", "a long form of pi", 3, "verified", 100),
        ("pi", "short pi", 3, "verified", 100),
        ("pi", "pi", 90, "verified", 900),
        ("e", "e proved", 10**9, "proved", 0),
        ("e", "e screened", 1, "screened", 10),
        ("catalan", "G", 1, "refuted", 10),
    )
    store.record(job.id, 0, 10, [finding(1, claims=claims)], {}, 0.0)
    shown = {
        None: ("e proved", "proved"),
        "pi": ("short pi", "verified"),
        "e": ("e proved", "proved"),
    }
    for constant, expected in shown.items():
        (view,) = formulas(store, constant=constant)
        assert (view.lhs, view.evidence) == expected
    assert [view.lhs for view in formulas(store, constant=["pi", "e"])] == ["e proved"]
    assert formulas(store, constant="catalan") == []
    assert [view.lhs for view in formulas(store, constant="catalan", evidence="refuted")] == ["G"]
    assert formulas(store, constant="zeta(3)", min_evidence="refuted") == []
    assert formulas(store, constant=[], min_evidence="refuted") == []
    assert formulas(store, constant="pi", evidence="proved") == []


def test_filters_agree_with_python(filled: Store) -> None:
    everything = [formula(filled, view.id) for view in formulas(filled, min_evidence="refuted")]
    assert len(everything) == 60
    for level in Level:
        expected = [view.id for view in everything if view.evidence == level]
        assert [view.id for view in formulas(filled, evidence=level.value)] == expected
        expected = [view.id for view in everything if Level(view.evidence).rank >= level.rank]
        assert [view.id for view in formulas(filled, min_evidence=level.value)] == expected
        assert count(filled, min_evidence=level.value) == len(expected)
    for kind in ("pcf", "signed", "field"):
        expected = [view.id for view in everything if view.kind == kind]
        assert [view.id for view in formulas(filled, kind=kind, min_evidence="refuted")] == expected
    for job in (1, 2, 3):
        met = {view.id for view in everything if any(each.job == job for each in view.provenance)}
        assert {view.id for view in formulas(filled, job=job, min_evidence="refuted")} == met
        assert {view.job for view in formulas(filled, job=job)} == {job}
    first = {view.id: min(each.job for each in view.provenance) for view in everything}
    assert {view.id: view.job for view in formulas(filled, min_evidence="refuted")} == first
    assert {view.id: view.job for view in everything} == first
    named = {view.id for view in everything if any(each.constant == "pi" for each in view.identities)}
    assert {view.id for view in formulas(filled, constant="pi", min_evidence="refuted")} == named


def test_orders(filled: Store) -> None:
    def column(name: str, **options: Any) -> list[Any]:
        return [getattr(view, name) for view in formulas(filled, min_evidence="refuted", **options)]

    for name in ("digits", "delta", "rate", "height"):
        for descending in (False, True):
            values = column(name, sort=name, descending=descending)
            known = [value for value in values if value is not None]
            assert known == sorted(known, reverse=descending)
            assert values[len(known) :] == [None] * (len(values) - len(known)) != []
    values = [float(value) for value in column("value", sort="value") if value not in (None, "1e400")]
    assert values == sorted(values)
    assert column("id", sort="id", descending=True) == sorted(column("id"), reverse=True)


def test_a_listing_is_a_statement_with_labels_and_jobs(filled: Store) -> None:
    seen: list[str] = []

    def note(*arguments: object) -> None:
        if str(arguments[2]).lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert len(formulas(filled, constant="pi", sort="delta", limit=50)) > 3
        assert len(seen) == 4
        formula(filled, 1)
        assert len(seen) == 10
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_the_formulas_of_a_job_come_in_the_order_of_candidates(store: Store, finding: Maker) -> None:
    job = store.create_job("lookup", {}, 10**30, "1")
    for index in (10**29, 9, 10**20, 10):
        store.record(job.id, index, index + 1, [finding(index)], {}, 0.0)
    firsts = [formula(store, view.id).provenance[0].candidate for view in formulas_of_job(store, job.id)]
    assert firsts == [9, 10, 10**20, 10**29]


def test_coverage_tells_what_was_searched(store: Store, finding: Maker) -> None:
    whole = store.create_job("lookup", {"box": 1}, 10, "1")
    part = store.create_job("lookup", {"box": 2}, 10**30, "1")
    store.create_job("lookup", {"box": 3}, 10, "1")
    store.record(whole.id, 0, 10, [finding(1)], {}, 0.0)
    store.record(part.id, 0, 10**29, [], {}, 0.0)
    rows = [row.as_json() for row in coverage(store)]
    assert [(row["job"], row["complete"], row["done"], row["findings"]) for row in rows] == [
        (whole.id, True, 10, 1),
        (part.id, False, 10**29, 0),
    ]
    assert rows[0]["spec"] == {"box": 1}


def test_bad_questions(filled: Store) -> None:
    for options, message in [
        ({"sort": "beauty"}, "cannot be sorted by"),
        ({"limit": -1}, "must not be negative"),
        ({"offset": -1}, "must not be negative"),
        ({"evidence": "certain"}, "no evidence level"),
        ({"min_evidence": "certain"}, "no evidence level"),
        ({"kind": "poem"}, "no kind of formula"),
        ({"job": 99}, "there is no job 99"),
    ]:
        with pytest.raises(InputError, match=message):
            formulas(filled, **options)  # type: ignore[arg-type]
    assert formulas(filled, limit=0) == []
    assert formulas(filled, limit=10**30, offset=10**30) == []
    assert len(formulas(filled, min_evidence="refuted", offset=50)) == 10
