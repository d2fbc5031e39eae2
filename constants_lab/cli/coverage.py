"""``clab coverage``: what "not found" means."""

from __future__ import annotations

from constants_lab.cli.options import AsCsv, AsJson, Database
from constants_lab.cli.output import check_format, emit, message, table


def command(db: Database = None, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Say which spaces were searched, how completely, by which method and version."""
    check_format(as_json, as_csv)
    from constants_lab.db.query import coverage
    from constants_lab.db.store import Store
    from constants_lab.search.job import load_method

    with Store.open(db, create=False) as store:
        rows = coverage(store)
        counters = {job.id: job.counters for job in store.jobs()}
    if as_json or as_csv:
        fields = ("job", "method", "version", "state", "done", "total", "findings", "complete", "spec")
        emit((row.as_json() for row in rows), fields, as_json=as_json, as_csv=as_csv)
        return
    if not rows:
        message("nothing was searched yet in this database.")
        return
    table(
        [("job", "right"), "method", "version", "searched", ("candidates", "right"), ("too slow", "right"), "space"],
        [
            (
                row.job,
                row.method,
                row.version,
                "completely" if row.complete else f"{100 * row.done / row.total:.1f} %",
                f"{row.total:,}",
                f"{counters[row.job].get('slow', 0):,}",
                load_method(row.method).describe(row.spec),
            )
            for row in rows
        ],
    )
