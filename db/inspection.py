"""Looking at what an address holds before anything is touched, and refusing what cannot be used.

The first 100 bytes of an SQLite file (the header, sqlite.org "Database File Format" section 1.3) already tell
whether it is a database and whose, so a refused file is not even opened for writing.  On PostgreSQL the presence
of our version table tells.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from enum import Enum
from pathlib import Path

from sqlalchemy import Connection, inspect

from constants_lab.db.location import Location
from constants_lab.db.schema import APPLICATION_ID, VERSION_TABLE
from constants_lab.errors import InputError, Unavailable

__all__ = ["SQLITE", "Content", "look_at_file", "look_at_server", "open_files", "refuse", "require_writable"]

SQLITE = b"SQLite format 3\0"
"""How every SQLite database begins that holds something."""


class Content(Enum):
    """What is found at an address."""

    MISSING = "missing"
    EMPTY = "empty"
    OURS = "ours"
    FOREIGN = "foreign"
    UNREADABLE = "unreadable"


class _OpenFiles:
    """The SQLite files this process has open, by device and inode.

    Closing any descriptor of a file drops all POSIX locks the process holds on it (sqlite.org "How To Corrupt",
    section 2.2), so the header of a file that is already open here must not be read by ourselves.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._count: Counter[tuple[int, int]] = Counter()

    @staticmethod
    def key(path: Path) -> tuple[int, int] | None:
        try:
            status = path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def holds(self, path: Path) -> bool:
        return self._count[self.key(path) or (-1, -1)] > 0

    def add(self, key: tuple[int, int] | None) -> None:
        if key is not None:
            self._count[key] += 1

    def remove(self, key: tuple[int, int] | None) -> None:
        with self.lock:
            if key is not None:
                self._count[key] -= 1


open_files = _OpenFiles()


def look_at_file(path: Path) -> Content:
    """What an SQLite file holds, without changing it; the caller holds the lock of :class:`_OpenFiles`."""
    if not path.exists():
        return Content.MISSING
    if open_files.holds(path):
        return Content.OURS
    if not path.is_file():
        return Content.UNREADABLE
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise Unavailable(
            f"the database {path} cannot be read ({error.strerror}): ask for the right to read it"
        ) from None
    if not header:
        return Content.EMPTY
    if len(header) < 100 or not header.startswith(SQLITE):
        return Content.UNREADABLE
    owner = int.from_bytes(header[68:72], "big")
    if owner == APPLICATION_ID:
        return Content.OURS
    # Ours are marked before they are switched to a write-ahead log, so an unmarked one with a log is not ours;
    # without a log, another process may be committing our mark right now, and SQLite's lock must be asked.
    if owner != 0 or header[18] == 2 or header[19] == 2:
        return Content.FOREIGN
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)
        try:
            if connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
                return Content.OURS
            empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise Unavailable(f"the database {path} cannot be read ({error}): try again later") from None
    except sqlite3.DatabaseError:
        return Content.UNREADABLE
    return Content.EMPTY if empty else Content.FOREIGN


def look_at_server(connection: Connection) -> Content:
    """What the schema of a PostgreSQL connection holds."""
    inspector = inspect(connection)
    if inspector.has_table(VERSION_TABLE):
        return Content.OURS
    if inspector.get_table_names() or inspector.get_view_names():
        return Content.FOREIGN
    return Content.EMPTY


def refuse(location: Location, content: Content, create: bool) -> None:
    """Raise the error that fits, unless the content is ours or may become so."""
    shown, path = location.shown, location.path
    if path is not None and path.is_dir():
        raise InputError(f"{shown} is a folder: give the path of a database file")
    if path is not None and not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} of the database does not exist: create it first")
    if content is Content.MISSING and not create:
        raise InputError(f"there is no database {shown}: check the address, or run a search to create one")
    if content is Content.EMPTY and not create:
        raise InputError(f"the database {shown} is empty: check the address, or run a search to fill it")
    if content is Content.UNREADABLE:
        raise InputError(f"{shown} is not an SQLite database: give another path")
    if content is Content.FOREIGN:
        raise InputError(f"the database {shown} belongs to another program: give another address")


def require_writable(location: Location) -> None:
    """Raise :class:`Unavailable` if the file, or its folder, cannot be written."""
    assert location.path is not None
    target = location.path if location.path.exists() else location.path.parent
    # The log lies beside the file, so the folder must be writable too.
    for place in (target, location.path.parent):
        if not os.access(place, os.W_OK):
            raise Unavailable(
                f"the database {location.shown} cannot be written because {place} is protected: "
                "change its permissions or give another path"
            )
