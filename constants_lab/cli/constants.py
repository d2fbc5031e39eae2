"""``clab constants``: the catalogue."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from constants_lab.cli.options import AsCsv, AsJson
from constants_lab.cli.output import check_format, emit, message, table


def command(
    text: Annotated[
        str | None, typer.Argument(help="Only constants whose name or description contains this.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the constants by name, and the families that take arguments."""
    check_format(as_json, as_csv)
    from constants_lab.balls import decimal
    from constants_lab.constants import catalogue, families

    wanted = (text or "").lower()
    rows: list[dict[str, Any]] = [
        {
            "name": c.name,
            "value": decimal(c.ball(40), 30),
            "oeis": c.oeis,
            "latex": c.latex,
            "description": c.description,
        }
        for c in catalogue()
        if wanted in c.name.lower() or wanted in c.description.lower()
    ]
    if as_json or as_csv:
        emit(rows, ("name", "value", "oeis", "latex", "description"), as_json=as_json, as_csv=as_csv)
        return
    if rows:
        table(
            ["name", "value", "OEIS", "what it is"],
            [(r["name"], r["value"], r["oeis"], r["description"]) for r in rows],
        )
    else:
        message(f"no constant in the catalogue matches {wanted[:40]!r}.")
    kinds = [f for f in families() if wanted in f.signature.lower() or wanted in f.description.lower()]
    if kinds:
        table(["family", "what it is"], [(f.signature, f.description) for f in kinds])
