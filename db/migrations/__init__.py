"""Bringing a schema to the newest revision, inside a transaction that the caller owns.

Alembic's scripts live in ``versions``; no configuration file is needed.  Alembic is imported only when a database is
upgraded: a new one is created from the models and marked with the newest revision (that both ways give the same schema is
tested), and opening one compares its revision with :data:`constants_lab.db.schema.HEAD`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table

from constants_lab.db.schema import HEAD, VERSION_TABLE, Base

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["configuration", "create_schema", "migrate"]


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


def create_schema(connection: Connection) -> None:
    """Create every table in an empty database at the newest revision; commits nothing itself."""
    Base.metadata.create_all(connection, checkfirst=False)
    version = Table(
        VERSION_TABLE,
        MetaData(),
        Column("version_num", String(32), nullable=False),
        PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
    )
    version.create(connection)
    connection.execute(version.insert().values(version_num=HEAD))
