"""``clab show``: everything the database knows of one formula."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from constants_lab.cli.options import AsJson, Database

if TYPE_CHECKING:
    from constants_lab.db.views import FormulaView


def command(
    formula: Annotated[int, typer.Argument(metavar="ID", help="Its number in clab formulas.")],
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Draw a formula, with its identities, evidence, convergence and provenance."""
    from constants_lab.db.query import formula as load
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        view = load(store, formula)
        where = store.url
    if as_json:
        extra = {
            "identities": [item.as_json() for item in view.identities],
            "records": [record.as_json() for record in view.records],
            "provenance": [finding.as_json() for finding in view.provenance],
        }
        print(json.dumps(view.as_json() | extra, ensure_ascii=False, default=str))
        return
    _print(view, where)


def _print(view: FormulaView, where: str) -> None:
    print(f"formula {view.id}: {view.lhs or 'a number without a name yet'}\n")
    if view.a is not None and view.b is not None:
        from constants_lab.display import unicode_pcf
        from constants_lab.pcf import PCF

        print(unicode_pcf(PCF(view.a, view.b)))
    print(f"\nvalue      {view.value}…")
    for item in view.identities:
        print(f"equals     {item.lhs}    ({item.evidence}, {item.digits} digits)")
    rate = "" if view.rate is None else f", rate {view.rate:.6g}"
    delta = "" if view.delta is None else f", δ = {view.delta:.6f} at n = {view.depth}"
    limit = "" if view.delta_limit is None else f" (limit {view.delta_limit:g})"
    print(f"converges  {view.regime}{rate}{delta}{limit}")
    print("evidence")
    for record in view.records:
        beyond = "" if record.significance is None else f", {record.significance:.0f} beyond chance"
        marked = ", by acceleration" if record.accelerated else ""
        print(
            f"  {record.level}: {record.digits} digits{beyond}{marked}; {record.method}, n = {record.depth}, "
            f"{record.seconds:.3f} s, version {record.version}"
        )
    for finding in view.provenance:
        print(f"found by   job {finding.job} ({finding.method}), candidate {finding.candidate:,}")
    print(f"re-check   clab verify {view.id} --digits 1000 --db {where}")
