"""Inserting many rows at once, those that exist left alone, at the full speed of either database.

The statement is the same INSERT … ON CONFLICT … RETURNING on both; what differs is how the rows reach it.  SQLite
takes pages of about a thousand VALUES.  psycopg spends most of its time parsing such long statements (three
times slower in all), so PostgreSQL is handed all rows as one JSON parameter that
``json_populate_recordset`` unfolds.  What is returned also counts the new rows: psycopg's own count over many
executions is no count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Row,
    Table,
    TypeDecorator,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

__all__ = ["among", "insert_many", "upsert"]

_PAGE = 20_000


def upsert(connection: Connection, model: type[Any]) -> Any:
    """The dialect's own INSERT for a model, which knows ON CONFLICT; both spell it the same way."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(_table(model))


def insert_many(
    connection: Connection,
    model: type[Any],
    rows: Sequence[dict[str, Any]],
    returning: Sequence[InstrumentedAttribute[Any]],
    conflict: Callable[[Any], Any] | None = None,
) -> list[Row[*tuple[Any, ...]]]:
    """Insert rows that all have the same keys; gives the columns ``returning`` of those written.

    ``conflict`` adds the ON CONFLICT clause to the statement; without it rows that exist are left alone.
    """
    if not rows:
        return []
    resolve = conflict or (lambda statement: statement.on_conflict_do_nothing())
    if connection.dialect.name != "postgresql":
        statement = resolve(upsert(connection, model)).returning(*returning)
        return list(connection.execute(statement, list(rows)))
    table = _table(model)
    names = list(rows[0])
    # The table's own row type gives every column its type; identifiers not named keep their default.
    unfolded = func.json_populate_recordset(
        literal_column(f"NULL::{table.name}"), bindparam("rows", type_=JSON)
    ).table_valued(*names, name="fresh")
    source = select(*(unfolded.c[name] for name in names))
    statement = resolve(upsert(connection, model).from_select(names, source)).returning(*returning)
    converters = _converters(connection, table, names)
    written: list[Row[*tuple[Any, ...]]] = []
    for position in range(0, len(rows), _PAGE):
        page = [
            row | {name: convert(row[name]) for name, convert in converters.items()}
            for row in rows[position : position + _PAGE]
        ]
        written.extend(connection.execute(statement, {"rows": page}))
    return written


def among(connection: Connection, column: InstrumentedAttribute[Any], values: list[Any]) -> ColumnElement[bool]:
    """That a column has one of many values: ``IN``, or on PostgreSQL ``= ANY`` of one array parameter."""
    if connection.dialect.name != "postgresql":
        return column.in_(values)
    return column == any_(cast(values, postgresql.ARRAY(column.type)))


def _table(model: type[Any]) -> Table:
    table: Table = model.__table__
    return table


def _converters(connection: Connection, table: Table, names: Sequence[str]) -> dict[str, Callable[[Any], Any]]:
    """What turns the values of some columns into those that the database understands in JSON."""
    found: dict[str, Callable[[Any], Any]] = {}
    for name in names:
        kind = table.c[name].type
        if isinstance(kind, TypeDecorator):
            found[name] = partial(_bound, kind, connection)
    return found


def _bound(kind: TypeDecorator[Any], connection: Connection, value: Any) -> Any:
    bound = kind.process_bind_param(value, connection.dialect)
    return bound.isoformat() if isinstance(bound, datetime) else bound
