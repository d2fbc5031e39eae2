"""Options that several commands share, with one spelling and one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from constants_lab.errors import InputError

__all__ = [
    "AsCsv",
    "AsJson",
    "Constant",
    "Constants",
    "Database",
    "Insecure",
    "Replicate",
    "Scheduler",
    "TlsDir",
    "UnitSeconds",
    "Workers",
    "constant_names",
    "split_list",
]

Database = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL",
        help="Database: a file, sqlite:///FILE or postgresql://…  [default: $CONSTANTS_LAB_DB or constants-lab.db]",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values with a header.")]
Constant = Annotated[
    list[str] | None,
    typer.Option("--constant", metavar="NAME", help="A constant; may be repeated.", show_default=False),
]
Constants = Annotated[
    list[str] | None,
    typer.Option("--constants", metavar="LIST", help="Several constants, with commas between.", show_default=False),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=0, max=1024, help="Local worker processes; 0 works in this process.", show_default=False
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Address of a running Dask scheduler.", show_default=False),
]

TlsDir = Annotated[
    Path | None,
    typer.Option(
        "--tls-dir", metavar="DIR", help="Certificates for tls:// addresses, made by clab certs.", show_default=False
    ),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Allow tcp:// to other machines: unencrypted, open to everybody who can reach it."),
]
Replicate = Annotated[
    str | None,
    typer.Option(
        "--replicate",
        metavar="K|adaptive",
        help="Machines that must agree on each unit of work: a number, or adaptive (few once a machine has earned trust).",
        show_default=False,
    ),
]
UnitSeconds = Annotated[
    float | None,
    typer.Option(
        "--unit-seconds",
        min=0.1,
        max=3600,
        help="Aim at units of work so long: shorter loses less when machines come and go.  [default: 10; alone: 1]",
        show_default=False,
    ),
]


def split_list(text: str) -> list[str]:
    """The parts of a list at commas outside brackets.

    >>> split_list("pi, besseli_ratio(0,2)")
    ['pi', 'besseli_ratio(0,2)']
    """
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0:
            parts.append(current)
            current = ""
        else:
            current += character
    parts.append(current)
    return [part.strip() for part in parts if part.strip()]


def constant_names(one: list[str] | None, many: list[str] | None, *, needed: bool = False) -> list[str]:
    """The normalised names of ``--constant`` and ``--constants``, without repeats.

    Raises :class:`InputError` for an unknown constant, and when ``needed`` and none is given.
    """
    from constants_lab.constants import constant

    names = [*(one or []), *(name for text in many or [] for name in split_list(text))]
    if needed and not names:
        raise InputError("no constant is given: add --constant NAME (clab constants lists them)")
    return list(dict.fromkeys(constant(name).name for name in names))
