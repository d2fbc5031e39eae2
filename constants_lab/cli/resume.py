"""``clab resume``: go on with a job."""

from __future__ import annotations

from typing import Annotated

import typer

from constants_lab.cli.options import (
    AsCsv,
    AsJson,
    Database,
    Insecure,
    Replicate,
    Scheduler,
    TlsDir,
    UnitSeconds,
    Workers,
)
from constants_lab.cli.output import check_format


def command(
    job: Annotated[int, typer.Argument(metavar="JOB", help="Its number in clab jobs.")],
    db: Database = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    tls_dir: TlsDir = None,
    insecure: Insecure = False,
    replicate: Replicate = None,
    unit_seconds: UnitSeconds = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Go on with a job where it stopped; a finished one prints its formulas."""
    check_format(as_json, as_csv)
    from constants_lab.cli.where import Where
    from constants_lab.cli.working import work_and_print
    from constants_lab.db.store import Store

    where = Where(workers, scheduler, tls_dir, insecure, replicate, unit_seconds)
    where.check()
    with Store.open(db, create=False) as store:
        work_and_print(store, store.job(job), as_json=as_json, as_csv=as_csv, where=where)
