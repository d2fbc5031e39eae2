"""``clab identify``: name a number."""

from __future__ import annotations

from typing import Annotated

import typer

from constants_lab.cli.options import AsCsv, AsJson, Constant, Constants, constant_names
from constants_lab.cli.output import check_format, emit, message, table


def command(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Decimal digits, as many as you have.")],
    constant: Constant = None,
    constants: Constants = None,
    degree: Annotated[int, typer.Option("--degree", help="Degree of numerator and denominator in the constant.")] = 1,
    bound: Annotated[
        int | None, typer.Option("--bound", min=1, help="Bound on the integers of the relation.", show_default=False)
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="Also one linear relation with all the constants at once.")
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Find what a number is: (αc+β)/(γc+δ) for constants c, by default of the whole catalogue.

    Example: clab identify 3.5038767877682173224078194030229078 --constant pi
    """
    check_format(as_json, as_csv)
    names = constant_names(constant, constants)
    from constants_lab.identification import identify

    found = identify(number, names or None, degree=degree, max_coefficient=bound, together=together)
    rows = [
        {
            "kind": item.kind,
            "lhs": item.lhs,
            "constant": item.constant,
            "digits": item.digits,
            "significance": round(item.significance, 1),
        }
        for item in found
    ]
    if as_json or as_csv:
        emit(rows, ("kind", "lhs", "constant", "digits", "significance"), as_json=as_json, as_csv=as_csv)
        return
    if not rows:
        message("no relation beyond chance was found; more digits, other constants or a higher --degree may help.")
        return
    table(
        ["number", "kind", ("digits that agree", "right"), ("digits beyond chance", "right")],
        [(row["lhs"], row["kind"], row["digits"], row["significance"]) for row in rows],
    )
