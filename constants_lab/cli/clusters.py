"""``clab clusters``: the clusters that ``clab cluster`` made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from constants_lab.cli.options import AsCsv, AsJson, Constant, Constants, Database, constant_names
from constants_lab.cli.output import check_format, emit, message, table

if TYPE_CHECKING:
    from constants_lab.db.clustering import ClusterView

_MEASURES = ("delta", "rate", "growth", "linear_growth", "nilpotent")
_FIELDS = ("id", "regime", "size", "classes", "noise", "constant", "named", "share", *_MEASURES)


def command(
    constant: Constant = None,
    constants: Constants = None,
    limit: Annotated[int | None, typer.Option("--limit", min=0, help="At most so many.", show_default=False)] = None,
    db: Database = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List clusters with their constants: members, the share of them verified for it, and their median dynamics."""
    check_format(as_json, as_csv)
    names = constant_names(constant, constants)
    from constants_lab.db.clustering import clusters
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        found = clusters(store)
    if not found:
        message("there are no clusters yet: `clab cluster` makes them.")
    rows = [_row(view) for view in found if not names or view.constant in names][:limit]
    if as_json or as_csv:
        emit(rows, _FIELDS, as_json=as_json, as_csv=as_csv)
    elif rows:
        _print(rows)
    elif found and limit != 0:
        message(f"no cluster is labelled with {' or '.join(names)}.")


def _row(view: ClusterView) -> dict[str, Any]:
    centre = view.centre
    named = None if view.constant is None else int(centre.get("named", 0))
    row: dict[str, Any] = {
        "id": view.id,
        "regime": view.regime,
        "size": view.size,
        "classes": int(centre.get("classes", 0)),
        "noise": view.noise,
        "constant": view.constant,
        "named": named,
        "share": None if named is None else named / view.size,
    }
    return row | {name: centre.get(name) for name in _MEASURES}


def _print(rows: list[dict[str, Any]]) -> None:
    headings = [("δ", "right"), ("rate", "right"), ("d", "right"), ("c", "right"), ("nilpotent", "right")]
    table(
        [("id", "right"), "regime", ("size", "right"), "constant", ("verified", "right"), *headings],
        [
            (
                row["id"],
                row["regime"],
                f"{row['size']:,}",
                "(noise)" if row["noise"] else row["constant"],
                "" if row["share"] is None else f"{100 * row['share']:.1f} %",
                *("" if row[name] is None else f"{row[name]:.4f}" for name in _MEASURES),
            )
            for row in rows
        ],
    )
