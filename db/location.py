"""Where a database is: reading the address a user gives, and showing it without its password."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from constants_lab.errors import InputError

__all__ = ["DEFAULT_URL", "ENVIRONMENT", "Location"]

ENVIRONMENT = "CONSTANTS_LAB_DB"
"""The environment variable read when no address is given."""

DEFAULT_URL = "sqlite:///constants-lab.db"
"""The database when neither an address nor the variable is given: a file in the working folder."""

_SECRET_OPTIONS = ("password", "sslpassword", "passfile", "oauth_client_secret")
_FORMS = "a file such as results.db, sqlite:///results.db, or postgresql://user@host/name"


@dataclass(frozen=True)
class Location:
    """A parsed address.  ``path`` is absolute and set for SQLite, ``url`` for PostgreSQL; ``shown`` is safe to
    print: it never contains a password.
    """

    dialect: Literal["sqlite", "postgresql"]
    shown: str
    path: Path | None = None
    url: URL | None = field(default=None, repr=False)

    @property
    def option(self) -> str:
        """The ``--db`` option to repeat in advice to the user."""
        return f"--db {self.shown}"

    def require_room(self, size: int) -> None:
        """Raise :class:`InputError` when ``size`` bytes more have no room on the disk of an SQLite file.

        Of a server's disk nothing is known.
        """
        if self.path is None or size <= 0:
            return
        folder = self.path.parent
        while not folder.exists():
            folder = folder.parent
        usage = shutil.disk_usage(folder)
        free = usage.free
        # A folder of the system's own has no size at all; that nothing can be written there is said elsewhere.
        if usage.total and size > free:
            raise InputError(
                f"about {size / 1e9:,.1f} GB would be stored and {free / 1e9:,.1f} GB are free at {folder}: "
                "make the search smaller, or name a database on another disk"
            )

    @classmethod
    def parse(cls, address: str | os.PathLike[str] | None) -> Location:
        """Read an address: a path, an SQLite or PostgreSQL URL, or ``None`` for the environment's or the default.

        Raises :class:`InputError` for anything else; the message never repeats an address that could not be
        read, since it may hold a password.

        >>> Location.parse("sqlite:///results.db").path.name
        'results.db'
        >>> Location.parse("postgresql://ann:secret@db.example.org/lab").shown
        'postgresql://ann:***@db.example.org/lab'
        """
        if address is None:
            address = os.environ.get(ENVIRONMENT) or DEFAULT_URL
        text = os.fspath(address)
        if not text.strip():
            raise InputError(f"the database address is empty: give {_FORMS}")
        if "\0" in text:
            raise InputError(f"the database address holds a NUL character: give {_FORMS}")
        scheme, separator, rest = text.partition("://")
        if not separator:
            return cls._file(os.path.expanduser(text), text)
        kind = scheme.lower()
        if kind in ("sqlite", "sqlite+pysqlite"):
            return cls._sqlite(rest)
        if kind in ("postgresql", "postgres", "postgresql+psycopg"):
            return cls._postgresql(rest)
        # A scheme is short and made of letters; anything else before "://" may be part of a secret.
        name = f"{scheme!r}" if scheme.replace("+", "").isalnum() and len(scheme) <= 24 else "this"
        raise InputError(f"databases of the kind {name} are not supported: give {_FORMS}")

    @classmethod
    def _file(cls, path: str, shown: str) -> Location:
        kind = path.split(":", 1)[0].lower() if ":" in path else ""
        if kind in ("sqlite", "postgres", "postgresql"):
            raise InputError(f"the database address lacks its slashes after {kind!r}: give {_FORMS}")
        return cls("sqlite", shown, path=Path(os.path.abspath(path)))

    @classmethod
    def _sqlite(cls, rest: str) -> Location:
        if not rest.startswith("/"):
            if not rest:
                raise InputError("an SQLite database in memory would be lost: give sqlite:///results.db")
            raise InputError(
                "the SQLite address needs three slashes before a path, and knows no host: "
                "give sqlite:///results.db, or sqlite:////home/ann/results.db for a path from the root"
            )
        path = rest[1:]
        if path in ("", ":memory:"):
            raise InputError("an SQLite database in memory would be lost: give sqlite:///results.db")
        if "?" in path:
            raise InputError("options after '?' are not supported for SQLite: give sqlite:///results.db alone")
        return cls._file(path, f"sqlite:///{path}")

    @classmethod
    def _postgresql(cls, rest: str) -> Location:
        try:
            url = make_url(f"postgresql+psycopg://{rest}")
        except (ArgumentError, ValueError):
            raise InputError(
                "the PostgreSQL address cannot be read: give postgresql://user:password@host:port/name, "
                "with special characters of the password written as %XX"
            ) from None
        if not url.database:
            raise InputError("the PostgreSQL address names no database: give postgresql://user@host/name") from None
        if url.port is not None and not 0 < url.port < 65536:
            raise InputError(f"the port {url.port} of the PostgreSQL address must lie between 1 and 65535")
        visible = url.difference_update_query(_SECRET_OPTIONS).set(drivername="postgresql")
        return cls("postgresql", visible.render_as_string(hide_password=True), url=url)
