"""Running a job from the command line: the progress bar, the interruption, and what is said at the end."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from constants_lab.cli.listing import print_formulas
from constants_lab.cli.output import message

if TYPE_CHECKING:
    from constants_lab.db.jobs import Job
    from constants_lab.db.store import Store
    from constants_lab.search.engine import Engine
    from constants_lab.search.job import JobSpec
    from constants_lab.search.runner import Progress

__all__ = ["work_and_print"]


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[Progress], None] | None]:
    """A live bar on standard error when that is a terminal: rate, done of total, findings, time left."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[text]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True, refresh_per_second=8) as bar:
        task = bar.add_task(label, total=1.0, text="starting")

        def update(now: Progress) -> None:
            left = "" if now.seconds_left is None else f", {now.seconds_left:.0f} s left"
            text = f"{now.done:,} of {now.total:,}, {now.rate:,.0f}/s, {now.findings} findings{left}"
            bar.update(task, completed=now.done / now.total, text=text)

        yield update


def _ended(job: Job, new: int, found: int) -> str:
    order = ("valued", "finite", "divergent", "slow")
    parts = [f"{job.counters[name]:,} {name}" for name in order if job.counters.get(name)]
    classes = f" ({', '.join(parts)})" if parts else ""
    return f"job {job.id}: {job.total:,} candidates{classes}, {found} formulas, {new} of them new, {job.seconds:.1f} s of work."


def work_and_print(
    store: Store,
    job: Job,
    *,
    as_json: bool,
    as_csv: bool,
    workers: int | None = None,
    engine: Engine | None = None,
) -> None:
    """Run what remains of ``job``, then print every formula it has.

    A finished job is printed at once.  Interrupted, it says how to go on and leaves with code 130.
    """
    from constants_lab.db.query import formulas_of_job
    from constants_lab.search.engine import choose_engine
    from constants_lab.search.runner import run_job

    new = 0
    if job.complete:
        message(f"job {job.id} is finished already: printing its formulas (--again searches anew).")
    else:
        if job.done:
            message(f"job {job.id}: going on after {job.done:,} of {job.total:,} candidates.")
        counted = [0]
        with progress_bar(f"job {job.id}") as show:

            def on_progress(now: Progress) -> None:
                counted[0] = now.new_formulas
                if show is not None:
                    show(now)

            try:
                job = run_job(
                    store, job.id, engine or (lambda seconds: choose_engine(seconds, workers)), progress=on_progress
                )
            except KeyboardInterrupt:
                job = store.job(job.id)
                if not job.complete:
                    message(f"interrupted: `clab resume {job.id} --db {shlex.quote(store.url)}` goes on.")
                    raise typer.Exit(130) from None
        new = counted[0]
    found = formulas_of_job(store, job.id)
    print_formulas(found, as_json=as_json, as_csv=as_csv, nothing="no formula was found.")
    if job.state == "cancelled":
        message(f"job {job.id} was cancelled after {job.done:,} of {job.total:,} candidates; its formulas stay.")
        raise typer.Exit(130)
    if not job.complete:
        message(
            f"stopped after {job.done:,} of {job.total:,} candidates: `clab resume {job.id} --db {shlex.quote(store.url)}` "
            "goes on."
        )
        raise typer.Exit(130)
    message(_ended(job, new, len(found)))


def begin(
    spec: JobSpec,
    db: str | None,
    *,
    again: bool,
    as_json: bool,
    as_csv: bool,
    workers: int | None,
    scheduler: str | None,
) -> None:
    """Open the database, create or find the job of ``spec``, run and print it."""
    from constants_lab.db.store import Store
    from constants_lab.search.engine import DaskEngine
    from constants_lab.search.runner import prepare_job

    # Everything that can be wrong with the job or the scheduler is found before a database is created.
    spec.space()
    engine = None if scheduler is None else DaskEngine(scheduler)
    with Store.open(db) as store:
        job = prepare_job(store, spec, again=again)
        work_and_print(store, job, as_json=as_json, as_csv=as_csv, workers=workers, engine=engine)
