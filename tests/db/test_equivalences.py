"""Formulas found together with related ones: both stored, the relation told from either end, nothing twice."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, event, select, text

from constants_lab.db import DynamicsRecord, Finding, IdentityRecord, RecordOutcome, Store
from constants_lab.db.connection import begin, connect
from constants_lab.db.equivalences import mobius
from constants_lab.db.location import Location
from constants_lab.db.migrations import migrate
from constants_lab.db.query import formula, formulas, formulas_of_job
from constants_lab.db.records import Companion, FormulaRecord
from constants_lab.db.schema import APPLICATION_ID, EquivalenceRow, FormulaRow
from constants_lab.errors import InputError
from constants_lab.evidence import Evidence

Maker = Callable[..., Finding]
MATRIX = [["2", "-1"], ["0", "3"]]
# Only the shape matters to the database; no mathematics is claimed here.
PATTERN = {"kind": "signed", "a": None, "b": None, "signs": [1, -1], "prefix": [0, 1], "polynomials": ["4*m + 2"]}


@pytest.fixture
def related(finding: Maker, evidence: Callable[..., Evidence]) -> Maker:
    """A maker of nameless signed formulas whose companion is a named polynomial continued fraction."""

    def make(
        index: int,
        key: str | None = None,
        companion: str | None = None,
        relation: str = "contraction",
        matrix: list[list[str]] | None = None,
        level: str = "verified",
    ) -> Finding:
        contracted = Companion(
            formula=FormulaRecord(
                kind="pcf", exact_key=companion or f"pcf {index}", a="4*n + 2", b="-1", value="0.5463"
            ),
            identities=[
                IdentityRecord(
                    constant="pi", matrix=[["0", "4"], ["1", "-2"]], lhs="4/(pi - 2)", evidence=evidence(level, 120)
                )
            ],
            dynamics=DynamicsRecord(regime="factorial", delta=1.0, depth=500),
            relation=relation,
            matrix=matrix or MATRIX,
        )
        found = finding(index, key or f"signed {index}", claims=(), **PATTERN)
        return found.model_copy(update={"companions": [contracted]})

    return make


def _equivalences(store: Store) -> list[tuple[int, int, str]]:
    with store.reading() as connection:
        rows = select(EquivalenceRow.formula_id, EquivalenceRow.other_id, EquivalenceRow.relation)
        return sorted((row.formula_id, row.other_id, row.relation) for row in connection.execute(rows))


def _by_key(store: Store) -> dict[str, int]:
    return {view.exact_key: view.id for view in formulas(store, min_evidence="refuted")}


def test_a_companion_is_a_formula_of_its_own(store: Store, related: Maker) -> None:
    job = store.create_job("esma", {}, 100, "1")
    assert store.record(job.id, 0, 10, [related(3), related(7)], {}, 0.0) == RecordOutcome(4, 4, already_done=False)
    rows = store.info().rows
    assert {name: rows[name] for name in ("formula", "finding", "identity", "evidence", "dynamics", "equivalence")} == {
        "formula": 4, "finding": 4, "identity": 2, "evidence": 2, "dynamics": 2, "equivalence": 2,
    }  # fmt: skip
    assert store.job(job.id).findings == rows["finding"]
    ids = _by_key(store)
    named = formula(store, ids["pcf 7"])
    assert (named.kind, named.a, named.b, named.lhs, named.evidence, named.digits) == (
        "pcf", "4*n + 2", "-1", "4/(pi - 2)", "verified", 120,
    )  # fmt: skip
    assert (named.regime, named.delta, named.depth, named.job) == ("factorial", 1.0, 500, job.id)
    assert [(met.job, met.candidate) for met in named.provenance] == [(job.id, 7)]
    assert [view.exact_key for view in formulas_of_job(store, job.id, min_evidence="screened")] == [
        "signed 3", "pcf 3", "signed 7", "pcf 7",
    ]  # fmt: skip


def test_a_relation_is_told_from_both_ends(store: Store, related: Maker) -> None:
    job = store.create_job("esma", {}, 100, "1")
    store.record(job.id, 0, 10, [related(3), related(7)], {}, 0.0)
    ids = _by_key(store)
    (forth,) = formula(store, ids["signed 7"]).equivalences
    assert json.loads(json.dumps(forth.as_json())) == {
        "id": ids["pcf 7"], "relation": "contraction", "matrix": MATRIX, "direction": "to", "kind": "pcf",
        "a": "4*n + 2", "b": "-1", "signs": None, "prefix": None, "polynomials": None, "value": "0.5463",
        "constant": "pi", "lhs": "4/(pi - 2)", "evidence": "verified",
    }  # fmt: skip
    (back,) = formula(store, ids["pcf 7"]).equivalences
    assert json.loads(json.dumps(back.as_json())) == {
        "id": ids["signed 7"], "relation": "contraction", "matrix": MATRIX, "direction": "from", "kind": "signed",
        "a": None, "b": None, "signs": [1, -1], "prefix": [0, 1], "polynomials": ["4*m + 2"], "value": "1.5",
        "constant": None, "lhs": None, "evidence": "screened",
    }  # fmt: skip
    assert "equivalences" not in formula(store, ids["pcf 7"]).as_json()
    assert all(view.equivalences == () for view in formulas(store))


def test_the_best_identity_names_the_other_formula(store: Store, related: Maker, evidence: Any) -> None:
    job = store.create_job("esma", {}, 100, "1")
    store.record(job.id, 0, 10, [related(3)], {}, 0.0)
    ids = _by_key(store)
    claims = [("e", "a long form of e", 1, "enclosed"), ("e", "e", 1, "enclosed"), ("e", "7*e", 10**9, "screened")]
    named = [
        IdentityRecord(constant=c, matrix=[[str(k), "0"], ["0", "1"]], lhs=lhs, evidence=evidence(level, 100))
        for c, lhs, k, level in claims
    ]
    again = related(12)
    (companion,) = again.companions
    same = companion.model_copy(update={"identities": named, "formula": related(3).companions[0].formula})
    store.record(job.id, 10, 20, [again.model_copy(update={"companions": [same]})], {}, 0.0)
    for start in ("signed 3", "signed 12"):
        (view,) = formula(store, _by_key(store)[start]).equivalences
        assert (view.id, view.constant, view.lhs, view.evidence) == (ids["pcf 3"], "e", "e", "enclosed")
    store.add_evidence(ids["pcf 3"], "e", evidence("refuted", 10))
    (view,) = formula(store, ids["signed 3"]).equivalences
    assert (view.lhs, view.evidence) == ("a long form of e", "enclosed")


def test_nothing_is_stored_twice(store: Store, related: Maker) -> None:
    one = store.create_job("esma", {"x": 1}, 100, "1")
    two = store.create_job("esma", {"x": 2}, 100, "1")
    unit = [related(3), related(3), related(5, "signed 3", "pcf 3"), related(6, "signed 6", "pcf 3")]
    assert store.record(one.id, 0, 10, unit, {}, 0.0) == RecordOutcome(3, 6, already_done=False)
    before = store.info().rows
    assert (before["formula"], before["finding"], before["equivalence"]) == (3, 6, 2)
    assert store.record(one.id, 0, 10, unit, {}, 0.0).already_done
    store.restart(one.id)
    assert store.record(one.id, 0, 10, unit, {}, 0.0) == RecordOutcome(0, 0, already_done=False)
    assert store.info().rows == before
    assert store.record(two.id, 0, 10, [related(3, matrix=[["1", "0"], ["0", "1"]])], {}, 0.0) == RecordOutcome(
        0, 2, already_done=False
    )
    for job, number in ((one, 6), (two, 2)):
        assert store.job(job.id).findings == number
    ids = _by_key(store)
    # What was known first stays; the identity and its evidence are known too.
    (view,) = formula(store, ids["signed 3"]).equivalences
    assert view.matrix == MATRIX
    assert store.info().rows == before | {"job": 2, "unit": 2, "finding": 8}
    assert sorted((met.job, met.candidate) for met in formula(store, ids["pcf 3"]).provenance) == [
        (one.id, 3), (one.id, 5), (one.id, 6), (two.id, 3),
    ]  # fmt: skip


def test_several_relations_in_a_total_order(store: Store, related: Maker) -> None:
    job = store.create_job("esma", {}, 100, "1")
    unit = [
        related(1, "x", "y", "shift"),
        related(2, "x", "y", "Contraction"),
        related(3, "x", "z", "Contraction"),
        related(4, "y", "x", "extension"),
        related(5, "z", "z", "identity"),
    ]
    store.record(job.id, 0, 10, unit, {}, 0.0)
    ids = _by_key(store)
    x, y, z = ids["x"], ids["y"], ids["z"]
    assert [(view.direction, view.relation, view.id) for view in formula(store, x).equivalences] == [
        ("to", "Contraction", y), ("to", "Contraction", z), ("to", "shift", y), ("from", "extension", y),
    ]  # fmt: skip
    # A formula is not related to itself, but it was met.
    assert [(view.direction, view.relation, view.id) for view in formula(store, z).equivalences] == [
        ("from", "Contraction", x)
    ]
    assert [met.candidate for met in formula(store, z).provenance] == [3, 5]


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([["1", "2"]], "two rows of two integers"),
        ([["1", "2"], ["3"]], "two rows of two integers"),
        ([["1", "2"], ["3", "4"], ["5", "6"]], "two rows of two integers"),
        ([["1", "2"], ["3", "4.0"]], "two rows of two integers"),
        ([["1", "2"], ["3", "1_0"]], "two rows of two integers"),
        ([["1", "2"], ["3", "٤"]], "two rows of two integers"),
        ([["1", "2"], ["3", ""]], "two rows of two integers"),
        ([["2", "4"], ["3", "6"]], "determinant 0"),
    ],
)
def test_a_bad_matrix_leaves_nothing_of_its_unit(
    store: Store, related: Maker, matrix: list[list[str]], message: str
) -> None:
    job = store.create_job("esma", {}, 100, "1")
    with pytest.raises(InputError, match=f"matrix of the relation 'contraction' .*{message}.*: "):
        store.record(job.id, 0, 10, [related(1), related(2, matrix=matrix)], {}, 0.0)
    assert store.remaining(job.id) == [(0, 100)]
    assert {name for name, rows in store.info().rows.items() if rows} == {"job"}


_entries = st.lists(st.integers(-(10**30), 10**30), min_size=4, max_size=4)


@given(entries=_entries, at=st.fractions())
def test_the_normal_matrix_is_the_same_map(entries: list[int], at: Fraction) -> None:
    a, b, c, d = entries
    padded = [[f"{a:+040d}", f"{b:040d}"], [f"{c:d}", f"{d:+d}"]]
    if a * d == b * c:
        with pytest.raises(InputError, match="determinant 0"):
            mobius(padded, "shift")
        return
    (e, f), (g, h) = [[int(entry) for entry in row] for row in mobius(padded, "shift")]
    assert mobius([[str(e), str(f)], [str(g), str(h)]], "shift") == [[str(e), str(f)], [str(g), str(h)]]
    if c * at + d != 0:
        assert (a * at + b) / (c * at + d) == (e * at + f) / (g * at + h)


def test_matrices_have_no_bound(store: Store, related: Maker) -> None:
    job = store.create_job("esma", {}, 100, "1")
    long = "9" * 6000
    store.record(job.id, 0, 10, [related(1, matrix=[[long, "1"], ["1", f"-{long}"]])], {}, 0.0)
    (view,) = formula(store, _by_key(store)["pcf 1"]).equivalences
    assert view.matrix == [[long, "1"], ["1", f"-{long}"]]


def test_relations_leave_with_their_formulas(store: Store, related: Maker) -> None:
    job = store.create_job("esma", {}, 100, "1")
    store.record(job.id, 0, 10, [related(1, "x", "y"), related(2, "z", "x"), related(3, "y", "z")], {}, 0.0)
    ids = _by_key(store)
    assert len(_equivalences(store)) == 3
    engine = connect(Location.parse(store.url))
    with begin(engine, write=True) as connection:
        connection.execute(delete(FormulaRow).where(FormulaRow.id == ids["x"]))
    engine.dispose()
    assert _equivalences(store) == [(ids["y"], ids["z"], "contraction")]


def test_a_database_with_formulas_gains_the_table(address: str, finding: Maker, related: Maker) -> None:
    engine = connect(Location.parse(address), create=True)
    with begin(engine, write=True) as connection:
        migrate(connection, "0002")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        moment = "2026-01-01 00:00:00"
        connection.execute(
            text(
                "INSERT INTO job (id, method, spec, spec_key, version, state, total, done, findings, counters, seconds,"
                f" created, updated) VALUES (1, 'esma', '{{}}', 'k', '0', 'running', '100', '0', 0, '{{}}', 0,"
                f" '{moment}', '{moment}')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO formula (id, kind, exact_key, exact_digest, a, b, evidence, created)"
                f" VALUES (1, 'pcf', 'old', 'old', 'n', '1', 'verified', '{moment}')"
            )
        )
    engine.dispose()
    Store.upgrade(address)
    with Store.open(address) as store:
        assert formula(store, 1).equivalences == ()
        assert store.job(1).total == 100
        engine = connect(Location.parse(address))
        with begin(engine, write=True) as connection:
            # PostgreSQL's counters know nothing of identifiers that were given by hand.
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT setval(pg_get_serial_sequence('formula', 'id'), 1)"))
        engine.dispose()
        store.record(1, 0, 10, [related(1)], {}, 0.0)
        assert len(formula(store, _by_key(store)["signed 1"]).equivalences) == 1


def test_two_jobs_that_meet_the_same_relations(address: str, related: Maker) -> None:
    size, units = 60, 8
    with Store.open(address) as store:
        jobs = [store.create_job("esma", {"x": x}, size * units, "1").id for x in range(2)]

    def search(job: int) -> None:
        chance = random.Random(job)
        with Store.open(address, timeout=20) as own:
            for unit in range(units):
                start = unit * size
                found = [
                    related(index, f"signed {index % 90}", f"pcf {index % 40}") for index in range(start, start + size)
                ]
                chance.shuffle(found)
                own.record(job, start, start + size, found, {}, 0.0)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(search, jobs))
    pairs = {(index % 90, index % 40) for index in range(size * units)}
    with Store.open(address) as store:
        ids = _by_key(store)
        assert len(ids) == 90 + 40
        assert _equivalences(store) == sorted((ids[f"signed {x}"], ids[f"pcf {y}"], "contraction") for x, y in pairs)
        assert [store.job(job).findings for job in jobs] == [2 * size * units] * 2
        assert store.info().rows["finding"] == 4 * size * units


def _statements(store: Store, job: int, start: int, found: list[Finding]) -> int:
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        store.record(job, start, start + 2000, found, {}, 0.0)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert any("equivalence" in each for each in seen) == any(each.companions for each in found)
    return len(seen)


def test_companions_cost_no_statement_each(store: Store, related: Maker, finding: Maker) -> None:
    job = store.create_job("esma", {}, 10**6, "1")
    assert _statements(store, job.id, 0, [finding(index) for index in range(2000)]) < 25
    assert _statements(store, job.id, 2000, [related(index) for index in range(2000, 4000)]) < 35
    assert store.info().rows["equivalence"] == 2000


def test_a_relation_is_found_without_reading_the_table(store: Store, related: Maker) -> None:
    job = store.create_job("esma", {}, 10**6, "1")
    store.record(job.id, 0, 3000, [related(index) for index in range(3000)], {}, 0.0)
    seen: list[tuple[str, Any]] = []

    def note(*arguments: Any) -> None:
        if "equivalence" in arguments[2]:
            seen.append((arguments[2], arguments[3]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        formula(store, _by_key(store)["pcf 2999"])
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    ((statement, parameters),) = seen
    engine = connect(Location.parse(store.url))
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        else:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = " / ".join(str(value) for row in plan for value in row)
    engine.dispose()
    for scan in ("Seq Scan", "SCAN equivalence", "SCAN formula", "SCAN identity"):
        assert scan not in steps, steps
    assert "ix_equivalence_other_id" in steps


def test_findings_travel_with_their_companions_as_text(related: Maker) -> None:
    found = related(3)
    assert Finding.model_validate_json(found.model_dump_json()) == found
    plain = found.model_dump()
    del plain["companions"]
    assert Finding.model_validate(plain).companions == []
    for wrong in ("", "r" * 65):
        with pytest.raises(ValueError, match="relation"):
            Companion.model_validate(plain | {"relation": wrong, "matrix": MATRIX})
