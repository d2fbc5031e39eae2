"""Inserting many rows at once, those that exist left alone, at the full speed of either database.

The statement is the same INSERT … ON CONFLICT on both; what differs is how the rows reach it.  SQLite is given row
after row.  psycopg would need a round trip for each, so PostgreSQL is handed all rows as one JSON parameter that
``json_populate_recordset`` unfolds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    Table,
    TypeDecorator,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

__all__ = ["among", "insert_counted", "insert_many", "upsert"]

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
) -> list[Row[*tuple[Any, ...]]]:
    """Insert rows that all have the same keys, those that exist left alone; gives ``returning`` of those written."""
    if not rows:
        return []
    if connection.dialect.name != "postgresql":
        statement = upsert(connection, model).on_conflict_do_nothing().returning(*returning)
        return list(connection.execute(statement, list(rows)))
    written: list[Row[*tuple[Any, ...]]] = []
    statement, pages = _unfolding(connection, model, rows, list(rows[0]))
    for page in pages:
        written.extend(connection.execute(statement.on_conflict_do_nothing().returning(*returning), page))
    return written


def insert_counted(
    connection: Connection,
    model: type[Any],
    rows: Sequence[dict[str, Any]],
    conflict: Callable[[Any], Any] = lambda statement: statement.on_conflict_do_nothing(),
) -> int:
    """Insert rows that all have the same keys; gives the number written.  The fastest way, as nothing else comes back.

    ``conflict`` adds the ON CONFLICT clause to the statement; without it rows that exist are left alone.
    """
    if not rows:
        return 0
    # Most formulas have null in a third of their columns, where it need not be said for each.
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    if connection.dialect.name != "postgresql":
        statement = conflict(upsert(connection, model).values({name: bindparam(name) for name in names}))
        compiled = statement.compile(connection.engine)
        # SQLAlchemy would take twice the time of the database to make the parameters of each row.
        columns = [_column(connection, _table(model).c[name].type, name, rows) for name in compiled.positiontup]
        return connection.exec_driver_sql(compiled.string, list(zip(*columns, strict=True))).rowcount
    statement, pages = _unfolding(connection, model, rows, names)
    counted = {"preserve_rowcount": True}
    return sum(connection.execute(conflict(statement), page, execution_options=counted).rowcount for page in pages)


def _column(connection: Connection, kind: TypeEngine[Any], name: str, rows: Sequence[dict[str, Any]]) -> list[Any]:
    """What the driver of SQLite is given for one column of all rows."""
    values = [row[name] for row in rows]
    process = (
        None
        if isinstance(kind, LargeBinary)
        else kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    )
    return values if process is None else list(map(process, values))


def _unfolding(
    connection: Connection, model: type[Any], rows: Sequence[dict[str, Any]], names: list[str]
) -> tuple[Any, Iterator[dict[str, Any]]]:
    """On PostgreSQL, the INSERT of rows from a JSON parameter, and the parameters page by page."""
    table = _table(model)
    # The table's own row type gives every column its type; identifiers not named keep their default.
    unfolded = func.json_populate_recordset(
        literal_column(f"NULL::{table.name}"), bindparam("rows", type_=JSON)
    ).table_valued(*names, name="fresh")
    source = select(*(unfolded.c[name] for name in names))
    converters = _converters(connection, table, names)
    pages = (
        {
            "rows": [
                {name: row[name] for name in names} | {name: convert(row[name]) for name, convert in converters.items()}
                for row in rows[position : position + _PAGE]
            ]
        }
        for position in range(0, len(rows), _PAGE)
    )
    return upsert(connection, model).from_select(names, source), pages


def among(connection: Connection, column: InstrumentedAttribute[Any], values: list[Any]) -> ColumnElement[bool]:
    """That a column has one of many values: ``IN``, on PostgreSQL of the elements of one array parameter."""
    if connection.dialect.name != "postgresql":
        return column.in_(values)
    # As a table: `= ANY` compares each row of a young table with each element, as no statistics say how many it has.
    return column.in_(select(func.unnest(cast(values, postgresql.ARRAY(column.type)))))


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
        elif isinstance(kind, LargeBinary):
            found[name] = _hexadecimal
    return found


def _hexadecimal(value: bytes | None) -> str | None:
    return None if value is None else f"\\x{value.hex()}"


def _bound(kind: TypeDecorator[Any], connection: Connection, value: Any) -> Any:
    bound = kind.process_bind_param(value, connection.dialect)
    return bound.isoformat() if isinstance(bound, datetime) else bound
