"""A PostgreSQL server that stops answering, and what a transaction sees while others write."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, text

from constants_lab.db import Store
from constants_lab.db.answers import answers_within
from constants_lab.db.connection import connect
from constants_lab.db.location import Location
from constants_lab.db.schema import UnitRow
from constants_lab.errors import Unavailable

from .proxy import Proxy


@pytest.fixture
def proxy(server: Any) -> Iterator[Proxy]:
    with Proxy(server.folder) as made:
        yield made


@pytest.fixture
def database(server: Any) -> Iterator[str]:
    name = server.new_database()
    yield name
    server.drop(name)


def test_a_server_that_falls_silent_is_given_up_and_asked_anew(server: Any, proxy: Proxy, database: str) -> None:
    with Store.open(proxy.address(database)) as store:
        job = store.create_job("lookup", {}, 1000, "1").id
        store.record(job, 0, 10, [], {}, 1.0)
        proxy.stop()
        with answers_within(0.5), pytest.raises(Unavailable, match="check that the server runs"):
            store.record(job, 10, 20, [], {}, 1.0)
        proxy.go_on()
        with answers_within(5):
            store.record(job, 10, 20, [], {}, 1.0)
            assert store.job(job).done == 20


def test_what_a_silent_server_was_asked_in_a_transaction_is_undone(server: Any, proxy: Proxy, database: str) -> None:
    with Store.open(proxy.address(database)) as store, Store.open(server.address(database)) as other:
        job = store.create_job("lookup", {}, 1000, "1").id

        def action(connection: Any) -> None:
            connection.execute(text("UPDATE job SET done = '1'"))
            proxy.stop()
            connection.execute(text("UPDATE job SET done = '2'"))

        with answers_within(0.5), pytest.raises(Unavailable, match="gives no answer: check the server"):
            store.writing(action)
        # The connection was closed, which reaches the server with everything else; its locks are gone then.
        proxy.go_on()
        with answers_within(10):
            other.record(job, 0, 10, [], {}, 1.0)
        assert other.job(job).done == 10


def test_without_a_limit_a_slow_answer_is_waited_for(proxy: Proxy, database: str) -> None:
    with Store.open(proxy.address(database)) as store:
        timer = threading.Timer(1.0, proxy.go_on)
        proxy.stop()
        timer.start()
        with answers_within(0.2), answers_within(None):
            assert store.jobs() == []
        timer.join()


def test_a_long_answer_that_comes_in_pieces_is_no_silence(server: Any, database: str) -> None:
    engine = connect(Location.parse(server.address(database)))
    slowly = text("SELECT repeat('x', 100000), pg_sleep(0.02) FROM generate_series(1, 60)")
    with answers_within(0.6), engine.connect() as connection:
        began = time.monotonic()
        assert len(connection.execute(slowly).all()) == 60
        assert time.monotonic() - began > 0.6
    engine.dispose()


def test_connections_end_by_themselves_when_the_other_side_is_gone(proxy: Proxy, database: str) -> None:
    engine = connect(Location.parse(proxy.address(database)))
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        told = raw.info.get_parameters()
        assert {name: told[name] for name in ("keepalives_idle", "tcp_user_timeout", "connect_timeout")} == {
            "keepalives_idle": "10",
            "tcp_user_timeout": "20000",
            "connect_timeout": "2",
        }
        # The server's own limit: a transaction of ours that stands still keeps no locks for ever.
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "1min"
    engine.dispose()
    engine = connect(Location.parse(proxy.address(database) + "&tcp_user_timeout=7000"))
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw.info.get_parameters()["tcp_user_timeout"] == "7000"
    engine.dispose()


def test_reading_sees_one_state_of_the_database(store: Store) -> None:
    job = store.create_job("lookup", {}, 1000, "1").id
    counted = select(func.count()).select_from(UnitRow)
    with store.reading() as connection:
        assert connection.execute(counted).scalar_one() == 0
        store.record(job, 0, 10, [], {}, 1.0)
        assert connection.execute(counted).scalar_one() == 0
    with store.reading() as connection:
        assert connection.execute(counted).scalar_one() == 1


def test_reading_writes_nothing_on_a_server(server: Any, database: str) -> None:
    with Store.open(server.address(database)) as store:
        store.create_job("lookup", {}, 10, "1")
        with pytest.raises(Unavailable, match="only accepts reading"), store.reading() as connection:
            connection.execute(text("UPDATE job SET done = '5'"))
        # The next one to write on the same connection may.
        store.set_state(1, "running")
        assert store.job(1).done == 0
