"""Opening databases: what is at an address, creating what is missing, refusing what is not ours.

A database is looked at before it is touched (:mod:`constants_lab.db.inspection`).

Creation makes all tables in one transaction under a lock, after looking again: of two processes that create
the same database at once, the second waits and finds it finished; one that is killed leaves an empty database.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from constants_lab.db.failures import connection_failure, translate
from constants_lab.db.inspection import (
    Content,
    look_at_file,
    look_at_server,
    open_files,
    refuse,
    require_writable,
)
from constants_lab.db.location import Location
from constants_lab.db.migrations import create_schema, migrate
from constants_lab.db.schema import APPLICATION_ID, HEAD, REVISIONS, VERSION_TABLE
from constants_lab.errors import InputError

__all__ = ["Session", "begin", "connect", "open_session", "upgrade"]

# One number for everybody who creates or upgrades a schema on a PostgreSQL server.
_ADVISORY_LOCK = APPLICATION_ID

# KiB, taken as they are used.  Digests come in no order, so the index on those of two million formulas should fit.
_CACHE = 128 * 1024
# Pages; a unit of a survey changes tens of thousands, many of which the next unit changes again.
_CHECKPOINT = 32 * 1024


class Session:
    """An opened database: its engine, its address, and whether it may be written."""

    def __init__(self, location: Location, engine: Engine, readonly: bool) -> None:
        self.location = location
        self.engine = engine
        self.readonly = readonly
        self._key = open_files.key(location.path) if location.path else None
        self._closed = False
        open_files.add(self._key)

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self.engine.dispose()
            open_files.remove(self._key)


def open_session(address: str | os.PathLike[str] | None, create: bool, readonly: bool, timeout: float) -> Session:
    """Open the database at an address, creating it when it is missing or empty and ``create`` allows it.

    ``timeout`` is in seconds and bounds the wait for another writer.  Raises :class:`InputError` for an address
    or a database that cannot be used, :class:`Unavailable` where the surroundings refuse (rights, server, lock).
    """
    location = Location.parse(address)
    create = create and not readonly
    if location.dialect == "sqlite":
        with open_files.lock:
            return _open_sqlite(location, create, readonly, timeout)
    return _open_postgresql(location, create, readonly, timeout)


def upgrade(address: str | os.PathLike[str] | None, timeout: float) -> tuple[str, str]:
    """Bring an existing database of ours to :data:`HEAD`; gives the revisions before and after.

    One transaction on both databases: a failure leaves the old schema and data as they were.
    """
    location = Location.parse(address)
    if location.path is not None:
        with open_files.lock:
            content = look_at_file(location.path)
            refuse(location, content, create=False)
            require_writable(location)
    engine = connect(location, readonly=False, create=False, timeout=timeout, foreign_keys=False)
    try:
        if location.path is None:
            _reach(location, engine)
        with begin(engine, write=True) as connection:
            _lock_schema(connection)
            if location.path is None:
                refuse(location, look_at_server(connection), create=False)
            before = _revision(connection)
            if before not in REVISIONS:
                _require_head(location, before)
            if before != HEAD:
                migrate(connection)
                _check_references(location, connection)
        return str(before), HEAD
    except DBAPIError as error:
        raise translate(location, error) from None
    finally:
        engine.dispose()


def _read_json(text: str) -> Any:
    """The value; the text itself where somebody has damaged it, for whoever needs the value to say so of its row."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@contextmanager
def begin(engine: Engine, write: bool) -> Iterator[Connection]:
    """A connection inside a transaction, committed at the end of the ``with`` block.

    A writing transaction takes SQLite's only write lock at once: a transaction that first reads and then
    writes could not be completed after another writer came between, and no waiting would help.  A reading one sees one
    state of the database, which SQLite gives in any case and PostgreSQL when asked.
    """
    with engine.execution_options(constants_lab_write=write).connect() as connection:
        if connection.dialect.name == "postgresql" and not write:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


def _open_sqlite(location: Location, create: bool, readonly: bool, timeout: float) -> Session:
    assert location.path is not None
    content = look_at_file(location.path)
    refuse(location, content, create)
    if not readonly:
        require_writable(location)
    engine = connect(location, readonly, create, timeout)
    try:
        if content is not Content.OURS:
            with begin(engine, write=True) as connection:
                # Somebody else may have created it while we waited for the lock.
                if connection.exec_driver_sql("PRAGMA application_id").scalar_one() != APPLICATION_ID:
                    create_schema(connection)
                    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        with begin(engine, write=False) as connection:
            _require_head(location, _revision(connection))
        if not readonly:
            _write_ahead(engine, timeout)
    except DBAPIError as error:
        engine.dispose()
        raise translate(location, error) from None
    except BaseException:
        engine.dispose()
        raise
    return Session(location, engine, readonly)


def _open_postgresql(location: Location, create: bool, readonly: bool, timeout: float) -> Session:
    engine = connect(location, readonly, create, timeout)
    try:
        try:
            connection = engine.connect()
        except DBAPIError as error:
            if _database_is_missing(location):
                refuse(location, Content.MISSING, create)
                _create_database(location)
            # Where it is not missing any more, another process may just have created it.
            try:
                connection = engine.connect()
            except DBAPIError:
                raise connection_failure(location, error) from None
        with connection:
            content = look_at_server(connection)
            connection.rollback()
            if content is not Content.OURS:
                with connection.begin():
                    # A look takes several statements: only under the lock can no other process be creating it meanwhile.
                    if not readonly:
                        _lock_schema(connection)
                    content = look_at_server(connection)
                    refuse(location, content, create)
                    if content is Content.EMPTY:
                        create_schema(connection)
            _require_head(location, _revision(connection))
    except DBAPIError as error:
        engine.dispose()
        raise translate(location, error) from None
    except BaseException:
        engine.dispose()
        raise
    return Session(location, engine, readonly)


def _reach(location: Location, engine: Engine) -> None:
    try:
        engine.connect().close()
    except DBAPIError as error:
        if _database_is_missing(location):
            refuse(location, Content.MISSING, create=False)
        raise connection_failure(location, error) from None


def _revision(connection: Connection) -> str | None:
    """The schema revision, or ``None`` if the version table is missing or empty."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    row = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).first()
    return None if row is None else str(row[0])


def _require_head(location: Location, revision: str | None) -> None:
    if revision == HEAD:
        return
    if revision is None:
        raise InputError(f"the database {location.shown} has lost its schema version: restore it from a copy")
    if revision in REVISIONS:
        raise InputError(
            f"the database {location.shown} has the older schema {revision} and this program needs {HEAD}: "
            f"run `clab db upgrade {location.option}`"
        )
    raise InputError(
        f"the database {location.shown} has the schema {revision}, newer than the {HEAD} of this program: "
        "install a newer constants-lab"
    )


def _check_references(location: Location, connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise InputError(
            f"the database {location.shown} holds rows that refer to missing ones, so it was left as it was: "
            "restore it from a copy"
        )


def _lock_schema(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _write_ahead(engine: Engine, timeout: float) -> None:
    """Switch the file to a write-ahead log, so that readers never wait for the writer.

    The switch needs a moment without any other connection and SQLite does not wait for it, hence the loop; the
    mode is a convenience and is tried again at every opening, so giving up is no error.
    """
    deadline = time.monotonic() + min(timeout, 2.0)
    while True:
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.fetchone()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                return
        finally:
            raw.close()
        time.sleep(0.01)


def _maintenance(location: Location) -> Engine:
    from constants_lab.db.server import server_engine

    assert location.url is not None
    return server_engine(location.url.set(database="postgres"), isolation_level="AUTOCOMMIT")


def _database_is_missing(location: Location) -> bool:
    """Whether the server answers and says that it has no such database.

    The text of a refusal is in the server's language, so the question is put to its catalogue instead.
    """
    assert location.url is not None
    engine = _maintenance(location)
    try:
        with engine.connect() as connection:
            statement = text("SELECT count(*) FROM pg_database WHERE datname = :name")
            return connection.execute(statement, {"name": location.url.database}).scalar_one() == 0
    except DBAPIError:
        return False
    finally:
        engine.dispose()


def _create_database(location: Location) -> None:
    assert location.url is not None
    engine = _maintenance(location)
    try:
        with engine.connect() as connection:
            name = connection.dialect.identifier_preparer.quote_identifier(str(location.url.database))
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except DBAPIError as error:
        # 42P04 and 23505: another process created it in the meantime.
        if getattr(error.orig, "sqlstate", None) not in ("42P04", "23505"):
            raise translate(location, error) from None
    finally:
        engine.dispose()


def connect(
    location: Location,
    readonly: bool = False,
    create: bool = False,
    timeout: float = 30.0,
    foreign_keys: bool = True,
) -> Engine:
    """An engine for an address, without any look at what is there; to be disposed of by the caller."""
    if location.path is None:
        from constants_lab.db.server import server_engine

        assert location.url is not None
        engine = server_engine(location.url, pool_pre_ping=True)
        return engine.execution_options(postgresql_readonly=True) if readonly else engine

    mode = "ro" if readonly else "rwc" if create else "rw"
    if readonly and not os.access(location.path.parent, os.W_OK):
        log = location.path.with_name(location.path.name + "-wal")
        # Reading through a log needs a shared-memory file beside it; with no log there is nothing to share.
        if not log.exists() or log.stat().st_size == 0:
            mode = "ro&immutable=1"
    address = f"{location.path.as_uri()}?mode={mode}"

    def open_file() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
        return connection

    engine = create_engine("sqlite://", creator=open_file, poolclass=QueuePool, json_deserializer=_read_json)

    # The driver's own transactions leave schema changes outside; ours are begun explicitly.
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("constants_lab_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
