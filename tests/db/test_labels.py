"""Labels: added and never doubled, read with their formulas, and what a value without a name is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, text

from constants_lab.db import DynamicsRecord, Finding, FormulaView, RecordOutcome, Store
from constants_lab.db.connection import begin, connect
from constants_lab.db.location import Location
from constants_lab.db.migrations import migrate
from constants_lab.db.query import count, formula, formulas, formulas_of_job
from constants_lab.db.records import LABEL_KINDS, NUMBER_LABELS, LabelRecord
from constants_lab.db.schema import APPLICATION_ID, FormulaRow
from constants_lab.errors import InputError
from constants_lab.evidence import Evidence, Level

Maker = Callable[..., Finding]
Pairs = list[tuple[str, str]]
SERIES = "PCF − a(0) = 1/T − 1, T = Σ " + " + ".join(f"({k}n + 1)/(n^{k})" for k in range(40))


@pytest.fixture
def labelled(finding: Maker) -> Maker:
    """A maker of nameless formulas with labels given as (kind, detail)."""

    def make(index: int, *labels: tuple[str, str], key: str | None = None, **more: Any) -> Finding:
        found = finding(index, key, **({"claims": ()} | more))
        return found.model_copy(
            update={"labels": [LabelRecord.model_validate({"kind": k, "detail": d}) for k, d in labels]}
        )

    return make


def _pairs(view: FormulaView) -> Pairs:
    return [(label.kind, label.detail) for label in view.labels]


def _by_key(store: Store) -> dict[str, FormulaView]:
    return {view.exact_key: view for view in formulas(store, min_evidence="refuted")}


def _job(store: Store, name: str = "", total: int = 100) -> int:
    return store.create_job("lookup", {"name": name}, total, "1").id


def test_labels_are_read_wherever_a_formula_is(store: Store, labelled: Maker) -> None:
    job = _job(store)
    found = [
        labelled(1, ("known", "equals 6/zeta(3): Apéry 1979"), ("euler", SERIES), ("known", "ünd again, ≤ 1")),
        labelled(2),
        labelled(3, ("rational", "7/3")),
    ]
    store.record(job, 0, 10, found, {}, 0.0)
    expected: dict[str, Pairs] = {
        "key 1": [("euler", SERIES), ("known", "equals 6/zeta(3): Apéry 1979"), ("known", "ünd again, ≤ 1")],
        "key 2": [],
        "key 3": [("rational", "7/3")],
    }
    assert {key: _pairs(view) for key, view in _by_key(store).items()} == expected
    assert [_pairs(view) for view in formulas_of_job(store, job, min_evidence="screened")] == list(expected.values())
    for key, view in _by_key(store).items():
        whole = formula(store, view.id)
        assert _pairs(whole) == expected[key]
        row = json.loads(json.dumps(whole.as_json()))
        assert row == view.as_json()
        assert row.get("labels", []) == [{"kind": kind, "detail": detail} for kind, detail in expected[key]]
    views = _by_key(store)
    assert list(views["key 3"].as_json())[-1] == "labels"
    assert "labels" not in views["key 2"].as_json()
    assert [views[key].name for key in expected] == [None, None, "7/3"]
    assert views["key 1"].label_kinds == ("euler", "known")


def test_a_shown_identity_comes_before_a_number(store: Store, labelled: Maker) -> None:
    claims = (("phi", "phi", 1, "verified", 100),)
    labels = (("algebraic", "root of x^2 - x - 1"),)
    store.record(_job(store), 0, 10, [labelled(1, *labels, claims=claims), labelled(2, *labels)], {}, 0.0)
    assert [view.name for view in formulas(store, min_evidence="screened")] == ["phi", "root of x^2 - x - 1"]


def test_nothing_is_stored_twice(store: Store, labelled: Maker) -> None:
    job = _job(store)
    unit = [
        labelled(1, ("tail", "of b"), ("tail", "of a"), ("tail", "of b"), key="same"),
        labelled(2, ("tail", "of a"), ("family", "of a"), key="same"),
        labelled(3, ("tail", "of a")),
    ]
    assert store.record(job, 0, 10, unit, {}, 0.0) == RecordOutcome(2, 3, already_done=False)
    expected = [("tail", "of a"), ("tail", "of b"), ("family", "of a")]
    assert _pairs(_by_key(store)["same"]) == expected
    before = store.info().rows
    assert before["formula_label"] == 4
    assert store.record(job, 0, 10, unit, {}, 0.0).already_done
    store.restart(job)
    store.record(job, 0, 10, unit, {}, 0.0)
    assert store.info().rows == before
    # Another search knows more of the same formula, and nothing of what was known is lost.
    store.record(
        _job(store, "other"), 0, 10, [labelled(5, ("euler", "T"), key="same"), labelled(6, key="same")], {}, 0.0
    )
    assert _pairs(_by_key(store)["same"]) == [("euler", "T"), *expected]
    assert store.info().rows["formula_label"] == 5


def test_details_have_no_bound(store: Store, labelled: Maker) -> None:
    chance = random.Random(3)
    details = ["".join(chance.choices("0123456789*+n^é", k=100_000)) for _ in range(2)]
    store.record(_job(store), 0, 10, [labelled(1, *(("euler", detail) for detail in details))], {}, 0.0)
    assert _pairs(_by_key(store)["key 1"]) == [("euler", detail) for detail in sorted(details)]


def test_labels_leave_with_their_formula(store: Store, labelled: Maker) -> None:
    store.record(_job(store), 0, 10, [labelled(1, ("tail", "of a")), labelled(2, ("tail", "of a"))], {}, 0.0)
    engine = connect(Location.parse(store.url))
    with begin(engine, write=True) as connection:
        connection.execute(delete(FormulaRow).where(FormulaRow.exact_key == "key 1"))
    engine.dispose()
    assert store.info().rows["formula_label"] == 1
    assert _pairs(_by_key(store)["key 2"]) == [("tail", "of a")]


def test_a_label_of_a_later_version_is_shown_last(store: Store, labelled: Maker) -> None:
    store.record(_job(store), 0, 10, [labelled(1, ("known", "a"), ("family", "b"))], {}, 0.0)
    engine = connect(Location.parse(store.url))
    with begin(engine, write=True) as connection:
        connection.execute(text("UPDATE formula_label SET kind = 'beauty' WHERE kind = 'known'"))
    engine.dispose()
    assert _pairs(_by_key(store)["key 1"]) == [("family", "b"), ("beauty", "a")]


def test_a_finding_travels_with_its_labels_as_text(labelled: Maker) -> None:
    found = labelled(3, ("euler", SERIES), ("rational", "7/3"))
    assert Finding.model_validate_json(found.model_dump_json()) == found
    plain = found.model_dump()
    for wrong in ({"kind": "beauty", "detail": "x"}, {"kind": "tail", "detail": ""}, {"kind": "tail"}):
        with pytest.raises(ValueError, match="labels"):
            Finding.model_validate(plain | {"labels": [wrong]})
    del plain["labels"]
    assert Finding.model_validate(plain).labels == []


def test_the_filter_by_label(store: Store, labelled: Maker) -> None:
    chance = random.Random(4)
    found = []
    for index in range(60):
        labels = [
            (kind, f"detail {chance.randrange(3)}") for kind in chance.choices(LABEL_KINDS[:-1], k=chance.randrange(4))
        ]
        claims = (("pi", "4/(pi - 2)", 4, "verified", 100),) if index % 2 else ()
        found.append(labelled(index, *labels, claims=claims))
    store.record(_job(store), 0, 100, found, {}, 0.0)
    kinds = {each.formula.exact_key: {label.kind for label in each.labels} for each in found}
    for kind in LABEL_KINDS:
        expected = [key for key, having in kinds.items() if kind in having]
        assert bool(expected) == (kind != LABEL_KINDS[-1])
        listed = formulas(store, label=kind, min_evidence="screened")
        assert [view.exact_key for view in listed] == expected
        assert count(store, label=kind, min_evidence="screened") == len(expected)
        verified = [view.exact_key for view in listed if view.lhs is not None]
        assert [view.exact_key for view in formulas(store, label=kind)] == verified
        assert count(store, label=kind, constant="pi") == len(verified)


# What has no name


@pytest.fixture
def mixed(store: Store, labelled: Maker, evidence: Callable[..., Evidence]) -> Store:
    """Formulas with and without a name, each with its reason as the key, and another delta each."""

    def pi(level: str, lhs: str = "4/(pi - 2)") -> tuple[str, str, int, str, int]:
        return ("pi", lhs, 4, level, 100)

    def delta(value: float | None) -> DynamicsRecord:
        return DynamicsRecord(regime="exponential", delta=value, depth=1000)

    found = [
        labelled(1, key="bare"),
        labelled(2, key="measured", dynamics=delta(-0.5)),
        labelled(3, ("euler", "T"), ("known", "of 1979"), key="labelled", dynamics=delta(0.08)),
        labelled(4, ("rational", "7/3"), ("euler", "T"), key="rational", dynamics=delta(0.9)),
        labelled(5, ("algebraic", "root of x^3 - 2"), key="algebraic", dynamics=delta(0.8)),
        labelled(6, key="screened name", claims=(pi("screened"),), dynamics=delta(0.7)),
        labelled(7, key="verified name", claims=(pi("verified"),), dynamics=delta(0.6)),
        labelled(8, key="refuted name", claims=(pi("refuted"),), dynamics=delta(0.01)),
        labelled(9, key="one name stands", claims=(pi("refuted"), pi("verified", "pi")), dynamics=delta(0.5)),
        labelled(10, key="name refuted later", claims=(pi("verified"),), dynamics=delta(0.02)),
        labelled(11, key="own evidence", claims=(pi("refuted"),), dynamics=delta(0.02)),
        labelled(12, key="refuted itself", dynamics=delta(0.4)),
        labelled(13, key="both refuted", claims=(pi("refuted"),), dynamics=delta(0.3)),
        labelled(14, key="pattern", kind="signed", a=None, b=None, signs=[1], polynomials=["m"], dynamics=delta(0.2)),
        labelled(15, key="no delta", dynamics=delta(None)),
    ]  # fmt: skip
    store.record(_job(store), 0, 50, found, {}, 0.0)
    ids = {key: view.id for key, view in _by_key(store).items()}
    store.add_evidence(ids["name refuted later"], "4/(pi - 2)", evidence("refuted", 10))
    store.add_evidence(ids["own evidence"], None, evidence("verified", 200))
    for key in ("refuted itself", "both refuted"):
        store.add_evidence(ids[key], None, evidence("refuted", 10))
    return store


NAMELESS = ["labelled", "name refuted later", "own evidence", "refuted name", "measured", "bare", "no delta"]


def test_the_unidentified_come_with_the_best_delta_first(mixed: Store) -> None:
    listed = formulas(mixed, unidentified=True)
    # Equal deltas are ordered by number, and so are those without one.
    assert [view.exact_key for view in listed] == NAMELESS
    assert [view.delta for view in listed] == [0.08, 0.02, 0.02, 0.01, -0.5, None, None]
    assert count(mixed, unidentified=True) == len(NAMELESS)
    # A name that was refuted is none, and the level is that of the formula itself.
    assert {(view.lhs, view.constant, view.digits, view.name) for view in listed} == {(None, None, None, None)}
    assert {view.exact_key: view.evidence for view in listed} == dict.fromkeys(NAMELESS, "screened") | {
        "own evidence": "verified"
    }
    assert [_pairs(view) for view in listed[:2]] == [[("euler", "T"), ("known", "of 1979")], []]


def test_the_unidentified_and_other_filters(mixed: Store, labelled: Maker) -> None:
    again = labelled(7, key="bare")

    def keys(**options: Any) -> list[str]:
        found = [view.exact_key for view in formulas(mixed, unidentified=True, **options)]
        filters = {
            name: value for name, value in options.items() if name not in ("sort", "descending", "limit", "offset")
        }
        if "limit" not in options:
            assert count(mixed, unidentified=True, **filters) == len(found)
        return found

    assert keys(min_evidence="verified") == keys(evidence="verified") == ["own evidence"]
    assert keys(evidence="refuted") == []
    assert keys(min_evidence="refuted") == keys(kind="pcf") == keys(job=1) == NAMELESS
    assert keys(label="euler") == ["labelled"]
    assert keys(label=NUMBER_LABELS[0]) == []
    other = _job(mixed, "other")
    assert keys(job=other) == []
    mixed.record(other, 0, 10, [again], {}, 0.0)
    assert keys(job=other) == ["bare"]
    assert [(view.exact_key, view.job) for view in formulas(mixed, unidentified=True, job=other)] == [("bare", other)]
    assert dict.fromkeys(view.job for view in formulas(mixed, unidentified=True)) == {1: None}
    by_number = ["bare", "measured", "labelled", "refuted name", "name refuted later", "own evidence", "no delta"]
    assert keys(sort="id") == by_number
    assert keys(sort="id", descending=True) == by_number[::-1]
    assert keys(sort="delta")[:2] == ["measured", "refuted name"]
    assert keys(limit=2, offset=1) == NAMELESS[1:3]
    # What is not asked for stays as it is.
    assert [view.id for view in formulas(mixed)] == sorted(view.id for view in formulas(mixed))
    assert {view.exact_key for view in formulas(mixed)} == {"verified name", "one name stands"}


def test_labels_in_bad_questions(mixed: Store) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"label": "beauty"}, f"no kind of label is called 'beauty': use one of {', '.join(LABEL_KINDS)}"),
        ({"unidentified": True, "constant": "pi"}, "leave out unidentified or the constants"),
        ({"unidentified": True, "constant": []}, "leave out unidentified or the constants"),
        ({"unidentified": True, "kind": "signed"}, "leave out unidentified or the kind signed"),
        ({"unidentified": True, "min_evidence": "certain"}, "no evidence level"),
        ({"unidentified": True, "job": 99}, "there is no job 99"),
    ]
    for options, message in cases:
        for question in (formulas, count):
            with pytest.raises(InputError, match=message):
                question(mixed, **options)


def test_a_name_found_later_ends_the_search_for_it(mixed: Store, finding: Maker) -> None:
    mixed.record(_job(mixed, "later"), 0, 10, [finding(1, "labelled"), finding(2, "refuted name")], {}, 0.0)
    # An identity that was refuted stays refuted, whoever claims it again.
    assert [view.exact_key for view in formulas(mixed, unidentified=True)] == NAMELESS[1:]


# Older databases, other writers, many rows


def test_a_database_with_formulas_gains_the_table(address: str, labelled: Maker) -> None:
    moment = "2026-01-01 00:00:00"
    engine = connect(Location.parse(address), create=True)
    with begin(engine, write=True) as connection:
        migrate(connection, "0003")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        for statement in (
            "INSERT INTO job (spec_key, method, spec, version, state, total, done, findings, counters, seconds, created,"
            f" updated) VALUES ('k', 'esma', '{{}}', '0', 'running', '100', '0', 1, '{{}}', 0, '{moment}', '{moment}')",
            "INSERT INTO formula (kind, exact_key, exact_digest, a, b, evidence, created)"
            f" VALUES ('pcf', 'old', 'old', 'n', '1', 'verified', '{moment}')",
            "INSERT INTO formula (kind, exact_key, exact_digest, a, b, evidence, created)"
            f" VALUES ('pcf', 'older', 'older', 'n', '2', 'screened', '{moment}')",
            "INSERT INTO identity (formula_id, constant, constant_digest, matrix, lhs, lhs_digest, height, evidence,"
            f" digits, created) VALUES (1, 'pi', 'd', '[]', 'pi', 'd', 1, 'verified', 100, '{moment}')",
            "INSERT INTO finding (job_id, candidate, formula_id) VALUES (1, '5', 1)",
            "INSERT INTO equivalence (formula_id, other_id, relation, matrix, created)"
            f' VALUES (1, 2, \'shift\', \'[["1", "0"], ["0", "1"]]\', \'{moment}\')',
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    with pytest.raises(InputError, match=r"older schema 0003 .* run `clab db upgrade --db "):
        Store.open(address)
    assert Store.upgrade(address).before == "0003"
    with Store.open(address) as store:
        rows = store.info().rows
        assert rows == {
            "job": 1, "unit": 0, "finding": 1, "formula": 2, "identity": 1, "evidence": 0, "dynamics": 0,
            "equivalence": 1, "formula_label": 0, "lease": 0, "contribution": 0, "set_aside": 0,
            "cluster": 0, "cluster_member": 0, "certificate": 0,
        }  # fmt: skip
        old = formula(store, 1)
        assert (old.lhs, old.labels, old.provenance[0].candidate) == ("pi", (), 5)
        assert [relative.id for relative in old.equivalences] == [2]
        assert [view.id for view in formulas(store, unidentified=True)] == [2]
        store.record(1, 10, 20, [labelled(11, ("tail", "of a"))], {}, 0.0)
        assert _pairs(_by_key(store)["key 11"]) == [("tail", "of a")]


def test_two_jobs_that_meet_the_same_labels(address: str, labelled: Maker) -> None:
    size, units = 60, 6
    with Store.open(address) as store:
        jobs = [_job(store, name, size * units) for name in "xy"]

    def search(job: int) -> None:
        chance = random.Random(job)
        with Store.open(address, timeout=20) as own:
            for start in range(0, size * units, size):
                found = [
                    labelled(index, ("tail", f"of {index % 7}"), ("family", "of all"), key=f"key {index % 90}")
                    for index in range(start, start + size)
                ]
                chance.shuffle(found)
                own.record(job, start, start + size, found, {}, 0.0)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(search, jobs))
    expected = {(f"key {index % 90}", f"of {index % 7}") for index in range(size * units)}
    with Store.open(address) as store:
        views = _by_key(store)
        assert {(key, label.detail) for key, view in views.items() for label in view.labels} == expected | {
            (f"key {number}", "of all") for number in range(90)
        }
        assert store.info().rows["formula_label"] == len(expected) + 90


def _statements(action: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(seen)


def test_labels_cost_no_statement_each(store: Store, labelled: Maker) -> None:
    job = _job(store, total=10**6)
    plain = [labelled(index) for index in range(2000)]
    full = [labelled(index, ("euler", SERIES), ("known", f"of {index}")) for index in range(2000, 4000)]
    before = _statements(lambda: store.record(job, 0, 2000, plain, {}, 0.0))
    assert _statements(lambda: store.record(job, 2000, 4000, full, {}, 0.0)) - before < 10
    assert store.info().rows["formula_label"] == 4000
    assert _statements(lambda: formulas(store, unidentified=True)) < 6
    assert len(formulas(store, unidentified=True)) == 4000
    assert {len(view.labels) for view in formulas(store, min_evidence="screened", offset=1990, limit=20)} == {0, 2}


def test_the_levels_of_the_unidentified_are_all_but_refuted(mixed: Store) -> None:
    """The sum over exact levels is the whole: nothing is listed at a level that cannot be asked for."""
    by_level = {level: count(mixed, unidentified=True, evidence=level.value) for level in Level}
    assert by_level.pop(Level.REFUTED) == 0
    assert sum(by_level.values()) == len(NAMELESS)
