"""``clab jobs``: every job and how far it is; one job in full, or live."""

from __future__ import annotations

import shlex
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from constants_lab.cli.options import AsCsv, AsJson, Database
from constants_lab.cli.output import check_format, emit, message, table
from constants_lab.errors import InputError, Unavailable

if TYPE_CHECKING:
    from constants_lab.db.jobs import Job
    from constants_lab.db.store import Store

_FIELDS = ("id", "method", "state", "done", "total", "findings", "version", "seconds", "spec")
_REFRESH = 1.0
_QUIET, _GONE = 12.0, 30.0
"""Seconds without a sign of life of a process elsewhere, after which its rate means nothing, and it counts as gone."""


def command(
    job: Annotated[int | None, typer.Argument(metavar="JOB", help="One job in full.", show_default=False)] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show the job live until it ends; Ctrl-C leaves.")] = False,
    db: Database = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the jobs in the database: state, progress, rate, findings, time left; with JOB also who found what.

    A job is "lost" when the process that ran it is gone: clab resume goes on with it.
    """
    check_format(as_json, as_csv)
    if watch and job is None:
        raise InputError("--watch shows one job: give its number")
    from constants_lab.db.store import Store

    with Store.open(db, create=False, readonly=watch) as store:
        if watch and job is not None:
            _watch(store, job, as_json=as_json)
        elif job is not None and not as_csv:
            _one(store, store.job(job), as_json=as_json)
        else:
            _all(store, store.jobs() if job is None else [store.job(job)], as_json=as_json, as_csv=as_csv)


def _all(store: Store, found: list[Job], *, as_json: bool, as_csv: bool) -> None:
    from constants_lab.search.job import load_method

    if as_json or as_csv:
        emit((job.as_json() for job in found), _FIELDS, as_json=as_json, as_csv=as_csv)
        return
    if not found:
        message("no jobs yet: `clab search lookup --help` shows how to begin one.")
        return
    columns: list[str | tuple[str, str]] = [
        "method",
        "state",
        ("done", "right"),
        ("total", "right"),
        ("findings", "right"),
    ]
    table(
        [("id", "right"), *columns, ("per second", "right"), ("left", "right"), "searches"],
        [
            (
                j.id,
                j.method,
                _state(j),
                f"{j.done:,}",
                f"{j.total:,}",
                j.findings,
                "" if j.rate is None else f"{j.rate:,.0f}",
                duration(j.seconds_left),
                load_method(j.method).describe(j.spec),
            )
            for j in found
        ],
    )
    for job in found:
        if job.lost:
            message(f"job {job.id} is lost: {_gone(store, job)}.")


def _state(job: Job) -> str:
    return "lost" if job.lost else job.state


def _gone(store: Store, job: Job) -> str:
    where = "" if job.host is None else f" on {job.host}"
    return f"no process{where} runs it any more, `clab resume {job.id} --db {shlex.quote(store.url)}` goes on"


def duration(seconds: float | None) -> str:
    """A time in the unit that suits it.

    >>> duration(42.4), duration(3 * 3600), duration(None)
    ('42 s', '3.0 h', '')
    """
    if seconds is None:
        return ""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _line(store: Store, job: Job, *, watched: bool = False) -> str:
    share = 100 * job.done / job.total if job.total else 100.0
    text = f"{_state(job)}: {job.done:,} of {job.total:,} ({share:.1f} %), {job.findings:,} findings"
    if job.lost:
        return f"{text}; {_gone(store, job)}"
    if job.rate is not None:
        workers = "" if job.workers is None else f", {job.workers} workers"
        # From here it cannot be seen whether that is so still.
        told = "" if watched or job.alive else ", as it told last"
        text += f"; {job.rate:,.0f} a second on {job.host}{workers}{told}"
    if job.seconds_left is not None:
        text += f", {duration(job.seconds_left)} left"
    return text


def _one(store: Store, job: Job, *, as_json: bool) -> None:
    from constants_lab.search.job import load_method

    shares = store.contributions(job.id)
    aside = store.units_set_aside(job.id)
    if as_json:
        extra = {
            "contributions": [dict(vars(share)) for share in shares],
            "set_aside": [{"start": u.start, "stop": u.stop, "tries": u.tries, "error": u.error} for u in aside],
        }
        emit([job.as_json() | extra], (), as_json=True, as_csv=False)
        return
    print(f"job {job.id}: {job.method}; {load_method(job.method).describe(job.spec)}")
    print(_line(store, job))
    if job.error:
        print(f"error: {job.error}")
    for unit in aside:
        print(f"set aside: candidates {unit.start} to {unit.stop - 1}, tried {unit.tries} times; {unit.error}")
    if shares:
        columns: list[str | tuple[str, str]] = [
            "machine",
            ("units", "right"),
            ("candidates", "right"),
            ("seconds", "right"),
            ("findings", "right"),
        ]
        rows = [(s.worker, s.units, f"{s.candidates:,}", f"{s.seconds:,.1f}", s.findings) for s in shares]
        table(columns, rows)


class _Pulse:
    """Whether a process that cannot be seen from here still runs a job: its beats, timed by the clock of this machine."""

    def __init__(self) -> None:
        self._beat: tuple[str | None, int | None] | None = None
        self._moved = False
        self._quiet = 0.0
        self._looked = time.monotonic()

    def feel(self, job: Job) -> Job:
        """The job as just read, without a rate that nothing stands behind."""
        before, self._looked = self._looked, time.monotonic()
        beat = job.host, job.beats
        if beat != self._beat:
            self._moved = self._beat is not None
            self._beat, self._quiet = beat, 0.0
        else:
            # Where this process or the database stood still, the other may have beaten unseen.
            self._quiet += min(self._looked - before, 2 * _REFRESH)
        if job.alive is not None or job.host is None or (self._moved and self._quiet < _QUIET):
            return job
        return replace(job, rate=None, workers=None, alive=False if self._quiet > _GONE else None)


def _watch(store: Store, number: int, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.live import Live

    from constants_lab.db.answers import answers_within

    pulse = _Pulse()
    job = pulse.feel(store.job(number))
    with Live("", console=Console(stderr=True), transient=True, auto_refresh=False) as live, answers_within(_QUIET):
        while job.state in ("running", "pending") and not job.lost:
            live.update(_line(store, job, watched=True), refresh=True)
            try:
                time.sleep(_REFRESH)
            except KeyboardInterrupt:
                break
            try:
                job = pulse.feel(store.job(number))
            except Unavailable as away:
                live.update(str(away), refresh=True)
    _one(store, job, as_json=as_json)
