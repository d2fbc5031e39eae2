"""``clab db``: look after the database."""

from __future__ import annotations

import json

import typer

from constants_lab.cli.options import AsJson, Database
from constants_lab.cli.output import message

app = typer.Typer(help="Look after the database.", no_args_is_help=True, rich_markup_mode=None)


@app.command("info")
def info(db: Database = None, as_json: AsJson = False) -> None:
    """Print where the database is, its schema, its size and its rows by table."""
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        found = store.info()
    if as_json:
        print(json.dumps(found.as_json()))
        return
    print(f"{found.url}: {found.backend}, schema {found.schema}, {found.size:,} bytes")
    for name, rows in found.rows.items():
        print(f"  {name:16} {rows:>12,} rows")


@app.command("upgrade")
def upgrade(db: Database = None) -> None:
    """Bring an older database to the schema of this version."""
    from constants_lab.db.store import Store

    outcome = Store.upgrade(db)
    if outcome.before == outcome.after:
        message(f"the schema is {outcome.after} already: nothing to do.")
    else:
        message(f"upgraded from schema {outcome.before} to {outcome.after}.")
