"""``clab cancel``: give a job up."""

from __future__ import annotations

from typing import Annotated

import typer

from constants_lab.cli.options import Database
from constants_lab.cli.output import message
from constants_lab.errors import InputError


def command(
    job: Annotated[int, typer.Argument(metavar="JOB", help="Its number in clab jobs.")],
    db: Database = None,
) -> None:
    """Mark an unfinished job as cancelled; what it found stays."""
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        if store.job(job).complete:
            raise InputError(f"job {job} is finished: there is nothing to cancel")
        store.set_state(job, "cancelled")
        message(f"job {job} is cancelled; its formulas stay.")
