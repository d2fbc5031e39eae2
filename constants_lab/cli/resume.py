"""``clab resume``: go on with a job."""

from __future__ import annotations

from typing import Annotated

import typer

from constants_lab.cli.options import AsCsv, AsJson, Database, Scheduler, Workers
from constants_lab.cli.output import check_format


def command(
    job: Annotated[int, typer.Argument(metavar="JOB", help="Its number in clab jobs.")],
    db: Database = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Go on with a job where it stopped; a finished one prints its formulas."""
    check_format(as_json, as_csv)
    from constants_lab.cli.working import work_and_print
    from constants_lab.db.store import Store
    from constants_lab.search.engine import DaskEngine

    engine = None if scheduler is None else DaskEngine(scheduler)
    with Store.open(db, create=False) as store:
        work_and_print(store, store.job(job), as_json=as_json, as_csv=as_csv, workers=workers, engine=engine)
