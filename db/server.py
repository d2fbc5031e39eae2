"""Connections to a PostgreSQL server that notice when nobody answers any more.

Three things may happen to a server, and each is noticed by something else:

* its machine is gone, or the way to it: the system's TCP gives up after :data:`GONE` seconds, on either side;
* it stands still, or a proxy between swallows what it says, while TCP is content: the silence that is waited for is bounded
  (:mod:`constants_lab.db.answers`);
* it has lost us and does not know: a transaction in which nothing happens for :data:`IDLE` seconds is ended by the server, so
  that its locks do not outlive us.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, event

from constants_lab.db.answers import longest_silence

__all__ = ["GONE", "IDLE", "NoAnswer", "server_engine"]

GONE = 20
IDLE = 60

_NETWORK = {
    "connect_timeout": 10,
    "keepalives_idle": GONE // 2,
    "keepalives_interval": GONE // 4,
    "keepalives_count": 2,
    "tcp_user_timeout": GONE * 1000,
}
"""Options of libpq, of which those in the address are left as they are."""

_SESSION = (
    f"SELECT set_config('idle_in_transaction_session_timeout', '{IDLE}s', false), "
    f"set_config('tcp_keepalives_idle', '{GONE // 2}', false), set_config('tcp_keepalives_interval', '{GONE // 4}', false), "
    f"set_config('tcp_keepalives_count', '2', false), set_config('tcp_user_timeout', '{GONE}s', false)"
)


class NoAnswer(psycopg.OperationalError):
    """The server was silent for longer than was to be waited."""


class _Connection(psycopg.Connection[Any]):
    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        """The one place where a connection waits for its server."""
        seconds = longest_silence()
        if seconds is None:
            return super().wait(gen, *arguments, **options)
        try:
            return super().wait(_bounded(gen, seconds), *arguments, **options)
        except NoAnswer:
            # What may still come is no answer to the next question.
            self.close()
            raise


def _bounded(gen: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
    """The same conversation, ended when the socket is not ready for so many seconds; the driver looks ten times a second."""
    heard = monotonic()
    ready = None
    while True:
        try:
            state = next(gen) if ready is None else gen.send(ready)
        except StopIteration as end:
            return end.value
        ready = yield state
        if ready:
            heard = monotonic()
        elif monotonic() - heard > seconds:
            raise NoAnswer(f"no answer for {seconds:.0f} s")


def server_engine(url: URL, **options: Any) -> Engine:
    """An engine for a server, whose connections behave as said above; ``options`` are SQLAlchemy's."""
    arguments = {name: value for name, value in _NETWORK.items() if name not in url.query}
    engine = create_engine(url, connect_args=arguments, **options)

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Any, record: Any, positional: Any, named: Any) -> Any:
        connection = _Connection.connect(*positional, **named)
        # Something between us and the server may not know these; they are a precaution.
        with suppress(psycopg.Error):
            before, connection.autocommit = connection.autocommit, True
            connection.execute(_SESSION)
            connection.autocommit = before
        return connection

    return engine
