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
from constants_lab.cli.where import Where

if TYPE_CHECKING:
    from constants_lab.db.jobs import Job
    from constants_lab.db.store import Store
    from constants_lab.search.engine import Engine
    from constants_lab.search.job import JobSpec
    from constants_lab.search.runner import Progress

__all__ = ["begin", "begin_with_pairs", "work_and_print"]


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


_CLASSES = {
    "valued": "valued",
    "factorial": "factorial",
    "exponential": "exponential",
    "stretched": "stretched",
    "polynomial": "polynomial",
    "finite": "finite",
    "divergent": "divergent",
    "slow": "slow",
    "inflated": "inflated",
    "void": "void",
    "equivalent": "equivalent to another",
    "half": "without full reduction",
}
"""Counters that are told at the end of a search, in this order: what became of the candidates."""


def _ended(job: Job, new: int, found: int) -> str:
    """What a finished job did, in a sentence."""
    parts = [f"{job.counters[name]:,} {said}" for name, said in _CLASSES.items() if job.counters.get(name)]
    classes = f" ({', '.join(parts)})" if parts else ""
    return (
        f"job {job.id}: {job.total:,} candidates{classes}; {found:,} formulas with a name, {new:,} new in the database; "
        f"{job.seconds:.1f} s of work."
    )


def work_and_print(
    store: Store,
    job: Job,
    *,
    as_json: bool,
    as_csv: bool,
    where: Where,
    again: bool = False,
) -> None:
    """Run what remains of ``job``, or with ``again`` all of it, then print every formula it has.

    A finished job is printed at once.  Interrupted, it says how to go on and leaves with code 130; with code 1 if units of it
    were set aside.
    """
    job, new = _worked(store, job, where.engine, again=again)
    _print_job(store, job, new, as_json=as_json, as_csv=as_csv)


def _worked(store: Store, job: Job, engine: Callable[[float], Engine], *, again: bool) -> tuple[Job, int]:
    """Run what remains of a job: how far it is then, and the number of new formulas."""
    from constants_lab.search.runner import run_job

    new = 0
    if job.complete and not again:
        message(f"job {job.id} is finished already: printing its formulas (--again searches anew).")
        if job.state != "done":
            job = run_job(store, job.id, engine, say=message)
    else:
        if job.done and not again:
            message(f"job {job.id}: going on after {job.done:,} of {job.total:,} candidates.")
        counted = [0]
        with progress_bar(f"job {job.id}") as show:

            def on_progress(now: Progress) -> None:
                counted[0] = now.new_formulas
                if show is not None:
                    show(now)

            try:
                job = run_job(store, job.id, engine, again=again, progress=on_progress, say=message)
            except KeyboardInterrupt:
                job = store.job(job.id)
                if again or not job.complete:
                    message(f"interrupted: {_resume(store, job)} goes on.")
                    raise typer.Exit(130) from None
        new = counted[0]
    return job, new


def _resume(store: Store, job: Job) -> str:
    return f"`clab resume {job.id} --db {shlex.quote(store.url)}`"


def _print_job(store: Store, job: Job, new: int, *, as_json: bool, as_csv: bool) -> None:
    """Print the formulas of a job, and say how it ended; leaves with code 130 where it has not, 1 where it failed."""
    from constants_lab.db.query import formulas_of_job

    survey = job.method == "survey"
    # A survey stores everything it meets, a million formulas and more: they are listed on request only.
    found = [] if survey and not (as_json or as_csv) else formulas_of_job(store, job.id)
    if not survey or found:
        print_formulas(found, as_json=as_json, as_csv=as_csv, nothing="no formula was found.")
    if job.state == "cancelled":
        message(f"job {job.id} was cancelled after {job.done:,} of {job.total:,} candidates; its formulas stay.")
        raise typer.Exit(130)
    if job.state == "failed":
        message(
            f"job {job.id} failed after {job.done:,} of {job.total:,} candidates: {job.error}: "
            f"{_resume(store, job)} tries them again."
        )
        raise typer.Exit(1)
    if job.state == "running":
        message(f"job {job.id} is another coordinator's now: `clab jobs {job.id} --watch` shows it.")
        raise typer.Exit(130)
    if not job.complete:
        message(f"stopped after {job.done:,} of {job.total:,} candidates: {_resume(store, job)} goes on.")
        raise typer.Exit(130)
    if survey:
        message(_surveyed(store, job, new))
    else:
        message(_ended(job, new, len(found)))
        _say_unnamed(store, job)


def _surveyed(store: Store, job: Job, new: int) -> str:
    """The same of a survey."""
    measured = job.counters.get("candidates", 0)
    parts = [f"{job.counters[name]:,} {said}" for name, said in _CLASSES.items() if job.counters.get(name)]
    return (
        f"job {job.id}: {measured:,} continued fractions measured, in {job.counters.get('classes', 0):,} classes "
        f"({', '.join(parts)}); {new:,} new in the database; {job.seconds:.1f} s of work.\n"
        f"`clab cluster --db {shlex.quote(store.url)}` groups and names them."
    )


def _say_unnamed(store: Store, job: Job) -> None:
    from constants_lab.db.query import count

    unnamed = count(store, job=job.id, unidentified=True)
    if unnamed:
        message(
            f"{unnamed:,} have no name: `clab formulas --unidentified --job {job.id} --db {shlex.quote(store.url)}`"
        )


def begin(
    spec: JobSpec,
    db: str | None,
    *,
    again: bool,
    as_json: bool,
    as_csv: bool,
    where: Where,
) -> None:
    """Open the database, create or find the job of ``spec``, run and print it."""
    from constants_lab.db.location import Location
    from constants_lab.db.store import Store
    from constants_lab.search.runner import prepare_job

    # Everything that can be wrong with the job or the scheduler is found before a database is created.
    space = spec.space()
    location = Location.parse(db)
    if location.path is not None and not location.path.exists():
        location.require_room(getattr(space, "stored_bytes", 0))
    where.check()
    with Store.open(db) as store:
        job = prepare_job(store, spec)
        work_and_print(store, job, as_json=as_json, as_csv=as_csv, where=where, again=again)


def begin_with_pairs(
    spec: JobSpec,
    constants: list[str],
    db: str | None,
    *,
    again: bool,
    as_json: bool,
    as_csv: bool,
    where: Where,
) -> None:
    """The same, but what has no name in the end is asked about pairs of ``constants`` in a second job, before the printing.

    Interrupted in either job, both the job and the whole can be gone on with.
    """
    from constants_lab.db.query import formulas_of_job
    from constants_lab.db.store import Store
    from constants_lab.search.methods.pairs import DEFAULT_CONSTANTS, questions
    from constants_lab.search.runner import prepare_job

    # Everything that can be wrong with the jobs or the scheduler is found before a database is created.
    spec.space()
    questions(tuple(constants) or DEFAULT_CONSTANTS)
    where.check()
    with Store.open(db) as store:
        first, new = _worked(store, prepare_job(store, spec), where.engine, again=again)
        second = _pairs_spec(store, first, constants) if first.complete else None
        if second is None:
            _print_job(store, first, new, as_json=as_json, as_csv=as_csv)
            message("there is nothing without a name, so no pairs of constants were tried.")
            return
        message(_ended(first, new, len(formulas_of_job(store, first.id))))
        job, new = _worked(store, prepare_job(store, second), where.engine, again=again)
        if not job.complete:
            _print_job(store, job, new, as_json=as_json, as_csv=as_csv)
        found = formulas_of_job(store, first.id)
        print_formulas(found, as_json=as_json, as_csv=as_csv, nothing="no formula was found.")
        message(_ended(job, new, len(formulas_of_job(store, job.id))))
        _say_unnamed(store, first)


def _pairs_spec(store: Store, job: Job, constants: list[str]) -> JobSpec | None:
    """The job that asks about what ``job`` left without a name; None if it left nothing.

    An earlier one is taken up if it asks about all of these: names that it found are not asked about again, and it may still
    have questions about them.
    """
    from constants_lab import __version__
    from constants_lab.db.query import formulas
    from constants_lab.evidence import Level
    from constants_lab.search.job import JobSpec

    unnamed = [(view.a, view.b) for view in formulas(store, job=job.id, unidentified=True, sort="id")]
    met = {(view.a, view.b) for view in formulas(store, job=job.id, min_evidence=Level.REFUTED.value)}
    spec = JobSpec.of("pairs", {"formulas": unnamed, "constants": constants, "trials": job.total}) if unnamed else None
    for earlier in reversed(store.jobs()):
        if earlier.method == "pairs" and earlier.version == __version__:
            asked = {(a, b) for a, b in earlier.spec["formulas"]}
            same = earlier.spec["constants"] == constants and earlier.spec["trials"] == job.total
            if same and met >= asked >= set(unnamed):
                return JobSpec.of("pairs", earlier.spec)
    return spec
