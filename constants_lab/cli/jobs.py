"""``clab jobs``: every job and how far it is."""

from __future__ import annotations

from constants_lab.cli.options import AsCsv, AsJson, Database
from constants_lab.cli.output import check_format, emit, message, table


def command(db: Database = None, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the jobs in the database."""
    check_format(as_json, as_csv)
    from constants_lab.db.store import Store
    from constants_lab.search.job import load_method

    with Store.open(db, create=False) as store:
        found = store.jobs()
    if as_json or as_csv:
        fields = ("id", "method", "state", "done", "total", "findings", "version", "seconds", "spec")
        emit((job.as_json() for job in found), fields, as_json=as_json, as_csv=as_csv)
        return
    if not found:
        message("no jobs yet: `clab search lookup --help` shows how to begin one.")
        return
    table(
        [("id", "right"), "method", "state", ("done", "right"), ("total", "right"), ("findings", "right"), "searches"],
        [
            (j.id, j.method, j.state, f"{j.done:,}", f"{j.total:,}", j.findings, load_method(j.method).describe(j.spec))
            for j in found
        ],
    )
