"""``clab formulas``: query the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from constants_lab.cli.listing import print_formulas
from constants_lab.cli.options import AsCsv, AsJson, Constant, Constants, Database, constant_names
from constants_lab.cli.output import check_format

if TYPE_CHECKING:
    from constants_lab.db.query import Filters

__all__ = ["Cluster", "EvidenceLevel", "Job", "Kind", "Label", "Limit", "Regime", "Sort", "Unidentified", "filters_of"]

EvidenceLevel = Annotated[
    str | None,
    typer.Option(
        "--evidence",
        metavar="LEVEL",
        help="Lowest level shown: screened, verified, enclosed, proved.",
        show_default="verified; screened with --unidentified",
    ),
]
Kind = Annotated[str | None, typer.Option("--kind", help="pcf, signed or field.", show_default=False)]
Job = Annotated[int | None, typer.Option("--job", help="Only what this job met.", show_default=False)]
Unidentified = Annotated[
    bool,
    typer.Option("--unidentified", help="Only PCFs whose value has no name, those of the best delta first."),
]
Label = Annotated[
    str | None,
    typer.Option(
        "--label",
        metavar="KIND",
        help="Only what has such a label: rational, algebraic, euler, known, equivalent, tail, inflation, family.",
        show_default=False,
    ),
]
Regime = Annotated[
    str | None,
    typer.Option(
        "--regime",
        help="Only what converges so: finite, factorial, exponential, stretched, polynomial, divergent.",
        show_default=False,
    ),
]
Cluster = Annotated[
    int | None,
    typer.Option(
        "--cluster", metavar="ID", help="Only members of this cluster (clab clusters lists them).", show_default=False
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(
        "--sort",
        help="id, digits, delta, rate, height or value; -delta for the greatest first.",
        show_default="id; -delta with --unidentified",
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", min=0, help="At most so many.", show_default=False)]


def filters_of(
    constant: list[str] | None,
    constants: list[str] | None,
    evidence: str | None,
    kind: str | None,
    job: int | None,
    unidentified: bool,
    label: str | None,
    regime: str | None,
    cluster: int | None,
) -> Filters:
    """The filters that options ask for; raises :class:`InputError` for an unknown constant."""
    names = constant_names(constant, constants)
    from constants_lab.db.query import Filters

    return Filters(
        constant=tuple(names) or None,
        min_evidence=evidence,
        kind=kind,
        job=job,
        unidentified=unidentified,
        label=label,
        regime=regime,
        cluster=cluster,
    )


def command(
    constant: Constant = None,
    constants: Constants = None,
    evidence: EvidenceLevel = None,
    kind: Kind = None,
    job: Job = None,
    unidentified: Unidentified = False,
    label: Label = None,
    regime: Regime = None,
    cluster: Cluster = None,
    sort: Sort = None,
    limit: Limit = None,
    db: Database = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List formulas, those at least verified by default."""
    check_format(as_json, as_csv)
    filters = filters_of(constant, constants, evidence, kind, job, unidentified, label, regime, cluster)
    from constants_lab.db.query import each_formula
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        found = each_formula(
            store,
            filters,
            sort=None if sort is None else sort.removeprefix("-"),
            descending=sort is not None and sort.startswith("-"),
            limit=limit,
        )
        nothing = "no formula in this database passes these filters: `clab coverage` says what was searched."
        # JSON needs one formula at a time, the other forms all of them.
        print_formulas(found if as_json else list(found), as_json=as_json, as_csv=as_csv, nothing=nothing)
