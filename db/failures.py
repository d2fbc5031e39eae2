"""Turning what a database driver raises into one sentence for the user.

Drivers quote addresses, statements and, through their connection objects, passwords; none of that is passed on.
SQLite is judged by its result code (sqlite.org/rescode.html), PostgreSQL by its SQLSTATE (PostgreSQL manual,
appendix A), never by the wording, which may be translated.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError

from constants_lab.db.location import Location
from constants_lab.errors import ConstantsLabError, InputError, Unavailable

__all__ = ["connection_failure", "is_transient", "translate"]

_SQLITE = {
    sqlite3.SQLITE_BUSY: "is locked by another program: wait until it is done and try again",
    sqlite3.SQLITE_LOCKED: "is locked by another program: wait until it is done and try again",
    sqlite3.SQLITE_READONLY: "cannot be written: change its permissions or give another path",
    sqlite3.SQLITE_PERM: "cannot be used for lack of permission: change its permissions or give another path",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened or created there: check the permissions or give another path",
    sqlite3.SQLITE_FULL: "cannot grow because the disk is full: free some space and resume",
    sqlite3.SQLITE_IOERR: "cannot be read or written because the disk reports an error: check the disk",
}

_POSTGRESQL = {
    "42501": "does not grant this user the rights needed: ask its owner to GRANT them",
    "25006": "only accepts reading: connect to the primary server",
    "53100": "cannot grow because the server's disk is full: free some space and resume",
    "55P03": "is locked by another program: wait until it is done and try again",
    "57014": "cancelled the statement because it took too long: raise the server's statement_timeout",
}


def is_transient(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed at once if run again (deadlock or serialisation, PostgreSQL)."""
    return getattr(error.orig, "sqlstate", None) in ("40P01", "40001")


def translate(location: Location, error: DBAPIError) -> Exception:
    """The error to raise instead; a broken constraint is a fault of the program and is given back as it is."""
    if isinstance(error, IntegrityError):
        return error
    if location.dialect == "sqlite":
        return _sqlite(location, error)
    return _postgresql(location, error)


def _sqlite(location: Location, error: DBAPIError) -> ConstantsLabError:
    code = getattr(error.orig, "sqlite_errorcode", None)
    # The low byte is the primary code; the rest tells variants apart.
    primary = None if code is None else code & 0xFF
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return InputError(f"the database {location.shown} is damaged or not an SQLite database: restore it from a copy")
    if primary in _SQLITE:
        return Unavailable(f"the database {location.shown} {_SQLITE[primary]}")
    return Unavailable(
        f"the database {location.shown} does not work as expected ({error.orig}): "
        "restore it from a copy or start a new one"
    )


def _postgresql(location: Location, error: DBAPIError) -> ConstantsLabError:
    state = getattr(error.orig, "sqlstate", None)
    if type(error.orig).__name__ == "NoAnswer":
        return Unavailable(
            f"the database {location.shown} gives no answer: check the server and the way to it, then resume"
        )
    if state is None or state.startswith("08") or state in ("57P01", "57P02", "57P03", "25P03"):
        return Unavailable(
            f"the connection to the database {location.shown} was lost: check that the server runs, then resume"
        )
    if state.startswith("28"):
        return InputError(f"the server of {location.shown} refuses this user or password: correct them in the address")
    if state.startswith("22"):
        return InputError(
            f"the database {location.shown} cannot hold one of the values ({_sentence(error)}): correct it"
        )
    if state in _POSTGRESQL:
        return Unavailable(f"the database {location.shown} {_POSTGRESQL[state]}")
    return Unavailable(
        f"the database {location.shown} does not work as expected ({_sentence(error)}): "
        "restore it from a copy or start a new one"
    )


def _sentence(error: DBAPIError) -> str:
    diagnosis: Any = getattr(error.orig, "diag", None)
    message = getattr(diagnosis, "message_primary", None)
    return str(message) if message else type(error.orig).__name__


def connection_failure(location: Location, error: DBAPIError) -> ConstantsLabError:
    """Why no connection came about: the server is out of reach, or it refuses us.

    A failed attempt carries no SQLSTATE; libpq only tells whether a password was needed or used, and whether the
    server itself spoke (its messages begin with a severity).
    """
    assert location.url is not None
    original: Any = error.orig
    if getattr(original, "sqlstate", None) is None and type(original).__name__ == "ProgrammingError":
        return InputError(
            f"the address {location.shown} has an option that PostgreSQL does not know: "
            "keep only libpq's options after '?'"
        )
    attempt = getattr(original, "pgconn", None)
    if attempt is not None and attempt.needs_password:
        return InputError(
            f"the server of {location.shown} asks for a password: put it in the address, in PGPASSWORD or in ~/.pgpass"
        )
    said = bytes(attempt.error_message).decode("utf-8", "replace") if attempt is not None else ""
    if any(phrase in said for phrase in ("starting up", "shutting down", "too many", "connection slots")):
        return Unavailable(f"the server of {location.shown} takes no connections at the moment: try again later")
    if attempt is not None and attempt.used_password and "FATAL" in said:
        return InputError(f"the server of {location.shown} refuses this user or password: correct them in the address")
    if "FATAL" in said:
        return InputError(
            f"the server of {location.shown} refuses this user: correct the user in the address, "
            "or ask its administrator for access"
        )
    host = location.url.host or location.url.query.get("host") or "the local socket"
    return Unavailable(
        f"no PostgreSQL server answers at {host} (port {location.url.port or 5432}): "
        "check the host and port, and that the server runs"
    )
