"""The schema grows by revisions: they lead to the models, and no database is changed without being asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from constants_lab.db import Finding, Store
from constants_lab.db.clustering import survey_rows
from constants_lab.db.connection import begin, connect
from constants_lab.db.location import Location
from constants_lab.db.migrations import configuration, migrate
from constants_lab.db.query import formula as formula_in_full
from constants_lab.db.query import formulas
from constants_lab.db.records import LabelRecord
from constants_lab.db.schema import APPLICATION_ID, HEAD, REVISIONS, VERSION_TABLE, Base
from constants_lab.errors import InputError


def _make(address: str, revision: str) -> None:
    """A database of ours at an older revision, as an older program would have left it."""
    engine = connect(Location.parse(address), create=True)
    with begin(engine, write=True) as connection:
        migrate(connection, revision)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    engine.dispose()


def _differences(address: str) -> list[object]:
    engine = connect(Location.parse(address))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": VERSION_TABLE, "compare_type": True, "target_metadata": Base.metadata},
        )
        found: list[object] = compare_metadata(context, Base.metadata)
    engine.dispose()
    return found


def test_the_known_revisions_are_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    assert tuple(reversed([each.revision for each in scripts.walk_revisions()])) == REVISIONS
    assert scripts.get_current_head() == HEAD


def test_a_new_database_equals_the_models(address: str) -> None:
    Store.open(address).close()
    assert _differences(address) == []


def test_every_step_up_ends_at_the_models(address: str) -> None:
    _make(address, REVISIONS[0])
    assert _differences(address) != []
    for revision in REVISIONS[1:]:
        engine = connect(Location.parse(address))
        with begin(engine, write=True) as connection:
            migrate(connection, revision)
        engine.dispose()
    assert _differences(address) == []


def test_an_older_schema_is_refused_and_upgraded_on_request(address: str, finding: Callable[..., Finding]) -> None:
    _make(address, "0001")
    insert = (
        "INSERT INTO job (id, method, spec, spec_key, version, state, total, done, findings, counters, seconds,"
        " created, updated) VALUES (1, 'lookup', '{}', 'k', '0', 'running', '100', '0', 0, '{}', 0,"
        " '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
    )
    engine = connect(Location.parse(address))
    with begin(engine, write=True) as connection:
        connection.execute(text(insert))
    engine.dispose()
    with pytest.raises(InputError, match=r"older schema 0001 .* run `clab db upgrade --db "):
        Store.open(address)
    outcome = Store.upgrade(address)
    assert (outcome.before, outcome.after) == ("0001", HEAD)
    with Store.open(address) as store:
        assert store.job(1).total == 100
        store.record(1, 0, 10, [finding(1)], {}, 0.0)
        assert len(formulas(store)) == 1
        assert store.info().schema == HEAD
    assert _differences(address) == []
    again = Store.upgrade(address)
    assert (again.before, again.after) == (HEAD, HEAD)


def test_leases_and_contributions_come_to_old_rows(address: str, finding: Callable[..., Finding]) -> None:
    _make(address, "0004")
    moment = "2026-01-01 00:00:00"
    engine = connect(Location.parse(address))
    with begin(engine, write=True) as connection:
        for statement in (
            "INSERT INTO job (id, method, spec, spec_key, version, state, total, done, findings, counters, seconds, created,"
            f" updated) VALUES (1, 'lookup', '{{}}', 'k', '1', 'paused', '{100:040d}', '{10:040d}', 0,"
            f" '{{\"candidates\": 10}}', 2.5, '{moment}', '{moment}')",
            f"INSERT INTO unit (job_id, start, stop) VALUES (1, '{0:040d}', '{10:040d}')",
        ):
            connection.exec_driver_sql(statement)
        tables = [table.name for table in Base.metadata.sorted_tables if inspect(connection).has_table(table.name)]
        before = {name: list(connection.execute(text(f"SELECT * FROM {name}"))) for name in tables}
    assert len(tables) == 9
    assert Store.upgrade(address).before == "0004"
    with begin(engine, write=False) as connection:
        assert {name: list(connection.execute(text(f"SELECT * FROM {name}"))) for name in tables} == before
    engine.dispose()
    with Store.open(address) as store:
        job = store.job(1)
        assert (job.done, job.findings, job.counters, job.host) == (10, 0, {"candidates": 10}, None)
        assert (store.remaining(1), store.contributions(1), store.units_set_aside(1)) == ([(10, 100)], [], [])
        with store.acquire_lease(1) as lease:
            assert lease.beat()
            store.set_aside(1, 10, 20, 3, "memory")
            store.record(1, 10, 30, [finding(11)], {}, 0.5, worker="one")
        assert [each.candidates for each in store.contributions(1)] == [20]
        assert store.units_set_aside(1) == []
    assert _differences(address) == []


def test_old_digests_and_candidates_are_converted(address: str, finding: Callable[..., Finding]) -> None:
    _make(address, "0005")
    moment = "2026-01-01 00:00:00"
    candidates = [0, 5, 10**18, 2**63 - 1, 2**63, 10**30, 10**40 - 1]

    def old(content: str) -> str:
        return hashlib.sha256(content.encode()).hexdigest()

    engine = connect(Location.parse(address))
    with begin(engine, write=True) as connection:
        formula = (
            "INSERT INTO formula (id, kind, exact_key, exact_digest, class_key, class_digest, a, b, value, approximation,"
            f" evidence, created) VALUES (:id, 'pcf', :key, :digest, :group, :group_digest, '2*n + 1', 'n^2', '1.5', 1.5,"
            f" :level, '{moment}')"
        )
        rows = [
            (7, "key 1", "class ρ", "verified"),
            (8, "κ", None, "screened"),
            (9, "k" * 10_000, "class ρ", "screened"),
        ]
        for identifier, key, group, level in rows:
            digests = {"digest": old(key), "group_digest": None if group is None else old(group)}
            connection.execute(text(formula), {"id": identifier, "key": key, "group": group, "level": level} | digests)
        for statement, values in (
            (
                "INSERT INTO job (id, method, spec, spec_key, version, state, total, done, findings, counters, seconds,"
                f" created, updated) VALUES (1, 'lookup', '{{}}', :key, '1', 'paused', '{10**40 - 1:040d}', '{0:040d}', 7,"
                f" '{{}}', 2.5, '{moment}', '{moment}')",
                [{"key": old('{"method":"lookup","spec":{}}')}],
            ),
            (
                "INSERT INTO finding (job_id, candidate, formula_id) VALUES (1, :candidate, 7)",
                [{"candidate": f"{candidate:040d}"} for candidate in candidates],
            ),
            (
                "INSERT INTO identity (id, formula_id, constant, constant_digest, matrix, lhs, lhs_digest, height, evidence,"
                ' digits, created) VALUES (1, 7, \'pi\', :constant, \'[["0", "4"], ["1", "-2"]]\', \'4/(pi - 2)\', :lhs,'
                f" 1.0, 'verified', 100, '{moment}')",
                [{"constant": old("pi"), "lhs": old("4/(pi - 2)")}],
            ),
            (
                "INSERT INTO formula_label (id, formula_id, kind, detail, detail_digest, created)"
                f" VALUES (3, 8, 'rational', '7/3', :detail, '{moment}')",
                [{"detail": old("7/3")}],
            ),
            ("INSERT INTO dynamics (formula_id, regime, delta, depth) VALUES (7, 'factorial', 0.5, 1000)", [{}]),
        ):
            connection.execute(text(statement), values)
    engine.dispose()
    Store.upgrade(address)
    assert _differences(address) == []
    with Store.open(address) as store:
        view = formula_in_full(store, 7)
        assert [each.candidate for each in view.provenance] == candidates
        assert (view.lhs, view.delta, view.depth, view.growth, view.cluster) == ("4/(pi - 2)", 0.5, 1000, None, None)
        assert [view.id for view in formulas(store, constant="pi")] == [7]
        assert [each.detail for each in formula_in_full(store, 8).labels] == ["7/3"]
        rows = survey_rows(store)
        assert rows.id.tolist() == [7]
        # What is found again is recognised by its digest, and nothing is doubled.
        assert store.create_job("lookup", {}, 10**40 - 1, "1").id == 1
        counted = store.info().rows
        again = finding(5, class_key="class ρ", key="key 1")
        labelled = finding(6, claims=(), key="κ")
        labelled = labelled.model_copy(update={"labels": [LabelRecord(kind="rational", detail="7/3")]})
        store.record(1, 0, 10, [again, labelled, finding(7, claims=(), key="k" * 10_000)], {}, 0.0)
        changed = {name: rows - counted[name] for name, rows in store.info().rows.items() if rows != counted[name]}
        assert changed == {"finding": 2, "unit": 1}


def test_a_failing_upgrade_leaves_everything(address: str) -> None:
    _make(address, "0001")
    engine = connect(Location.parse(address))
    with begin(engine, write=True) as connection:
        # The index of the second revision cannot be created, after its table was.
        connection.execute(text("CREATE INDEX ix_dynamics_regime ON job (method)"))
    engine.dispose()
    with pytest.raises(Exception, match="does not work as expected"):
        Store.upgrade(address)
    engine = connect(Location.parse(address))
    with engine.connect() as connection:
        assert not inspect(connection).has_table("dynamics")
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one() == "0001"
    engine.dispose()


def test_a_newer_schema_is_refused(address: str) -> None:
    Store.open(address).close()
    engine = connect(Location.parse(address))
    with begin(engine, write=True) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()
    for action in (Store.open, Store.upgrade):
        with pytest.raises(InputError, match=r"schema 9999, newer than .* install a newer constants-lab"):
            action(address)


def test_upgrading_nothing_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no database"):
        Store.upgrade(tmp_path / "absent.db")
    assert list(tmp_path.iterdir()) == []
