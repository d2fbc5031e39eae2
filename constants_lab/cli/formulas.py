"""``clab formulas``: query the database."""

from __future__ import annotations

from typing import Annotated

import typer

from constants_lab.cli.listing import print_formulas
from constants_lab.cli.options import AsCsv, AsJson, Constant, Constants, Database, constant_names
from constants_lab.cli.output import check_format


def command(
    constant: Constant = None,
    constants: Constants = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            "--evidence",
            metavar="LEVEL",
            help="Lowest level shown: screened, verified, enclosed, proved.",
            show_default="verified; screened with --unidentified",
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="pcf, signed or field.", show_default=False)] = None,
    job: Annotated[int | None, typer.Option("--job", help="Only what this job met.", show_default=False)] = None,
    unidentified: Annotated[
        bool,
        typer.Option("--unidentified", help="Only PCFs whose value has no name, those of the best delta first."),
    ] = False,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="KIND",
            help="Only what has such a label: rational, algebraic, euler, known, equivalent, tail, inflation, family.",
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            help="id, digits, delta, rate, height or value; -delta for the greatest first.",
            show_default="id; -delta with --unidentified",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=0, help="At most so many.", show_default=False)] = None,
    db: Database = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List formulas, those at least verified by default."""
    check_format(as_json, as_csv)
    names = constant_names(constant, constants)
    from constants_lab.db.query import formulas
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        found = formulas(
            store,
            constant=names or None,
            min_evidence=evidence,
            kind=kind,
            job=job,
            unidentified=unidentified,
            label=label,
            sort=None if sort is None else sort.removeprefix("-"),
            descending=sort is not None and sort.startswith("-"),
            limit=limit,
        )
    nothing = "no formula in this database passes these filters: `clab coverage` says what was searched."
    print_formulas(found, as_json=as_json, as_csv=as_csv, nothing=nothing)
