"""``clab run``: the job in a TOML file."""

from __future__ import annotations

from pathlib import Path
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
    job: Annotated[Path, typer.Argument(metavar="JOB.toml", help="The job file.")],
    again: Annotated[bool, typer.Option("--again", help="Search anew although the job is finished.")] = False,
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
    """Run the job in a TOML file: a line method = "lookup", and the options of that search as keys."""
    check_format(as_json, as_csv)
    from constants_lab.cli.where import Where
    from constants_lab.cli.working import begin
    from constants_lab.search.job import JobSpec

    where = Where(workers, scheduler, tls_dir, insecure, replicate, unit_seconds)
    spec = JobSpec.from_toml(job)
    begin(spec, db, again=again, as_json=as_json, as_csv=as_csv, where=where)
