"""How results are printed: tables for people, JSON lines and CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from constants_lab.errors import InputError

__all__ = ["emit", "message", "table"]


def message(text: str) -> None:
    """One line for the person, on standard error."""
    print(text, file=sys.stderr)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)


def emit(rows: Iterable[Mapping[str, Any]], fields: Sequence[str], *, as_json: bool, as_csv: bool) -> None:
    """Print rows as JSON lines or CSV; ``fields`` is the CSV header.  Raises :class:`InputError` if both are asked."""
    check_format(as_json, as_csv)
    if as_json:
        for row in rows:
            print(json.dumps(dict(row), ensure_ascii=False, default=str))
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(fields)
        for row in rows:
            writer.writerow([_cell(row[field]) for field in fields])


def check_format(as_json: bool, as_csv: bool) -> None:
    """Refuse ``--json`` together with ``--csv`` before any work is done."""
    if as_json and as_csv:
        raise InputError("--json and --csv exclude each other: give one of them")


def table(columns: Sequence[str | tuple[str, str]], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """A table for the terminal; a column is a heading, or (heading, "right")."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        heading, justify = column if isinstance(column, tuple) else (column, "left")
        made.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        made.add_row(*(Text(_cell(value)) for value in row))
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=160)
    console.print(made)
