"""Bringing a schema to the newest revision, inside a transaction that the caller owns.

Alembic's scripts live in ``versions``; no configuration file is needed.  Alembic is imported only when a
database is created or upgraded: opening one compares its revision with :data:`constants_lab.db.schema.HEAD`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["configuration", "migrate"]


def configuration(connection: Connection | None = None) -> Config:
    """The Alembic configuration of this package, working on ``connection`` if one is given."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run every migration up to ``revision`` on an open transaction; commits nothing itself.

    Both databases change their schema transactionally here (SQLite because the transaction was begun
    explicitly), so a failure leaves the old schema whole.
    """
    from alembic import command

    command.upgrade(configuration(connection), revision)
