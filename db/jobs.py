"""What the store tells of a job, as plain values, and the statements about its units.

Those statements work inside a transaction of the caller, who holds the lock of the job if they write.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    String,
    cast,
    delete,
    insert,
    select,
    type_coerce,
    update,
)

from constants_lab.db.bulk import upsert
from constants_lab.db.intervals import Interval, Union, unite
from constants_lab.db.leases import LeaseState
from constants_lab.db.schema import LARGEST_ID, ContributionRow, SetAsideRow, UnitRow
from constants_lab.errors import InputError

__all__ = [
    "Contribution",
    "Job",
    "RecordOutcome",
    "SetAside",
    "add_contribution",
    "add_interval",
    "canonical",
    "contributions",
    "done_intervals",
    "forget_contributions",
    "forget_set_aside",
    "set_aside",
    "spec_key",
    "units_set_aside",
]

_LONGEST_ERROR = 10_000


@dataclass(frozen=True)
class Job:
    """A search over candidates 0 .. ``total`` - 1, ``done`` of which are recorded.

    ``findings`` counts meetings with a formula, so a formula met twice counts twice; ``counters`` sums what the
    units counted (candidates, divergent, …); ``seconds`` sums the computing time of the units.

    ``host``, ``rate`` (candidates a second) and ``workers`` come from the process that runs the job, with its last
    sign of life; they are ``None`` if none does, and the last two while it has not told.  ``beats`` counts its signs of
    life.  ``alive`` says whether it runs still: ``None`` if that cannot be seen from this machine, or no process is
    supposed to run the job.
    """

    id: int
    method: str
    spec: dict[str, Any]
    state: str
    done: int
    total: int
    findings: int
    version: str
    created: datetime
    updated: datetime
    seconds: float
    counters: dict[str, int]
    error: str | None
    host: str | None = None
    rate: float | None = None
    workers: int | None = None
    beats: int | None = None
    alive: bool | None = None

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]], lease: LeaseState | None = None) -> Job:
        """The job of a row of the table ``job``, run by the holder of ``lease``."""
        alive = lease.alive() if lease is not None else False if row.state == "running" else None
        # What a dead process told last is no rate of anything.
        told = lease if alive is not False else None
        return cls(
            id=row.id,
            method=row.method,
            spec=row.spec,
            state=row.state,
            done=row.done,
            total=row.total,
            findings=row.findings,
            version=row.version,
            created=row.created,
            updated=row.updated,
            seconds=row.seconds,
            counters=row.counters,
            error=row.error,
            host=None if lease is None else lease.process.host,
            rate=None if told is None else told.rate,
            workers=None if told is None else told.workers,
            beats=None if lease is None else lease.beats,
            alive=alive,
        )

    @property
    def complete(self) -> bool:
        """Whether every candidate is recorded."""
        return self.done == self.total

    @property
    def lost(self) -> bool:
        """Whether the process that should be running it is known to be gone: it waits to be resumed."""
        return self.alive is False and self.state in ("pending", "running")

    @property
    def seconds_left(self) -> float | None:
        """How long what is left takes at the present rate; ``None`` without a rate."""
        return (self.total - self.done) / self.rate if self.rate else None

    def require_inside(self, start: int, stop: int) -> None:
        """Raise :class:`InputError` unless [start, stop) are candidates of this job."""
        if not 0 <= start < stop <= self.total:
            raise InputError(
                f"the unit {start} to {stop} does not lie inside the {self.total} candidates of job "
                f"{self.id}: record units of this job only"
            )

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values, ``id, method, state, done, total, findings`` first."""
        return {
            "id": self.id,
            "method": self.method,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "findings": self.findings,
            "version": self.version,
            "spec": self.spec,
            "created": self.created.isoformat(),
            "updated": self.updated.isoformat(),
            "seconds": self.seconds,
            "counters": self.counters,
            "error": self.error,
            "host": self.host,
            "rate": self.rate,
            "workers": self.workers,
            "seconds_left": self.seconds_left,
            "beats": self.beats,
            "alive": self.alive,
        }


@dataclass(frozen=True)
class Contribution:
    """What one worker did for a job: sums over its units that were new, ``findings`` as in :class:`Job`."""

    worker: str
    units: int
    candidates: int
    seconds: float
    findings: int

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class SetAside:
    """Candidates [start, stop) given up for now, after so many ``tries`` of which the last ended with ``error``."""

    start: int
    stop: int
    tries: int
    error: str
    created: datetime

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**vars(self), "created": self.created.isoformat()}


@dataclass(frozen=True)
class RecordOutcome:
    """What recording a unit added, companions included; ``already_done`` means that it was known and nothing changed."""

    new_formulas: int
    new_findings: int
    already_done: bool


def canonical(method: str, spec: dict[str, Any]) -> str:
    """One text for equal specifications: JSON with sorted keys and no spaces.

    Raises :class:`InputError` for what JSON cannot hold, infinities and NaN included.

    >>> canonical("lookup", {"b": 1, "a": [2]})
    '{"method":"lookup","spec":{"a":[2],"b":1}}'
    """
    try:
        return json.dumps({"method": method, "spec": spec}, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        raise InputError(
            "the job's specification must hold only texts, finite numbers, lists and tables: remove what else it holds"
        ) from None


def spec_key(method: str, spec: dict[str, Any]) -> str:
    """The text by which equal jobs are recognised: the SHA-256 of their canonical form in 64 hexadecimal digits."""
    return hashlib.sha256(canonical(method, spec).encode()).hexdigest()


def done_intervals(connection: Connection, job: Job) -> list[Interval]:
    """The candidates of a job that are done, as merged intervals in increasing order."""
    own = UnitRow.job_id == job.id
    # There may be millions of them: the database, where its integers suffice, converts faster than BigIndex would.
    if job.total <= LARGEST_ID:
        numbers = select(cast(UnitRow.start, BigInteger), cast(UnitRow.stop, BigInteger)).where(own)
        return [(start, stop) for start, stop in connection.execute(numbers.order_by(UnitRow.start))]
    texts = select(type_coerce(UnitRow.start, String), type_coerce(UnitRow.stop, String)).where(own)
    return [(int(start), int(stop)) for start, stop in connection.execute(texts.order_by(UnitRow.start))]


def add_interval(connection: Connection, job_id: int, start: int, stop: int) -> Union:
    """Add candidates to those that are done; what now is done leaves those set aside."""
    own = UnitRow.job_id == job_id
    union = unite(_neighbours(connection, job_id, start, stop), start, stop)
    if union.added:
        connection.execute(delete(UnitRow).where(own, UnitRow.start >= union.start, UnitRow.start <= stop))
        connection.execute(insert(UnitRow).values(job_id=job_id, start=union.start, stop=union.stop))
        inside = SetAsideRow.start >= union.start, SetAsideRow.stop <= union.stop
        connection.execute(delete(SetAsideRow).where(SetAsideRow.job_id == job_id, *inside))
    return union


def _neighbours(connection: Connection, job_id: int, start: int, stop: int) -> list[Interval]:
    """The intervals done that overlap or touch [start, stop)."""
    own = UnitRow.job_id == job_id
    # Two statements: SQLite reads every earlier row of the job for one that joins the two conditions with OR.
    # Disjoint intervals in order: only the last one that begins at or before `start` can reach it from below.
    intervals = select(UnitRow.start, UnitRow.stop).where(own)
    below = intervals.where(UnitRow.start <= start).order_by(UnitRow.start.desc()).limit(1)
    inside = intervals.where(UnitRow.start > start, UnitRow.start <= stop)
    rows = [*connection.execute(below), *connection.execute(inside)]
    return [(left, right) for left, right in rows if right >= start]


def set_aside(
    connection: Connection, job_id: int, start: int, stop: int, tries: int, error: str, now: datetime
) -> None:
    """Set candidates aside unless they are done; if they are set aside already, ``tries`` and ``error`` are replaced."""
    if unite(_neighbours(connection, job_id, start, stop), start, stop).added == 0:
        return
    fresh: dict[str, Any] = {"tries": tries, "error": _storable(error)[:_LONGEST_ERROR]}
    row = upsert(connection, SetAsideRow).values(job_id=job_id, start=start, stop=stop, created=now, **fresh)
    key = [SetAsideRow.job_id, SetAsideRow.start, SetAsideRow.stop]
    connection.execute(row.on_conflict_do_update(index_elements=key, set_=fresh))


def units_set_aside(connection: Connection, job_id: int) -> list[SetAside]:
    """The candidates of a job that are set aside, in increasing order."""
    fields = SetAsideRow.start, SetAsideRow.stop, SetAsideRow.tries, SetAsideRow.error, SetAsideRow.created
    statement = select(*fields).where(SetAsideRow.job_id == job_id).order_by(SetAsideRow.start, SetAsideRow.stop)
    return [SetAside(*row) for row in connection.execute(statement)]


def forget_set_aside(connection: Connection, job_id: int) -> None:
    """Set nothing of a job aside any more."""
    connection.execute(delete(SetAsideRow).where(SetAsideRow.job_id == job_id))


def add_contribution(
    connection: Connection, job_id: int, worker: str, candidates: int, seconds: float, findings: int
) -> None:
    """Add one unit to what a worker did; see :class:`Contribution`."""
    name = _worker(worker)
    own: ColumnElement[bool] = (ContributionRow.job_id == job_id) & (ContributionRow.worker == name)
    row = connection.execute(select(ContributionRow.candidates).where(own)).first()
    if row is None:
        new = {"units": 1, "candidates": candidates, "seconds": seconds, "findings": findings}
        connection.execute(insert(ContributionRow).values(job_id=job_id, worker=name, **new))
        return
    connection.execute(
        update(ContributionRow)
        .where(own)
        .values(
            units=ContributionRow.units + 1,
            # Texts cannot be added by the database; the lock of the job keeps others from adding meanwhile.
            candidates=row.candidates + candidates,
            seconds=ContributionRow.seconds + seconds,
            findings=ContributionRow.findings + findings,
        )
    )


def contributions(connection: Connection, job_id: int) -> list[Contribution]:
    """What each worker did for a job, the one with the most candidates first."""
    fields = (
        ContributionRow.worker,
        ContributionRow.units,
        ContributionRow.candidates,
        ContributionRow.seconds,
        ContributionRow.findings,
    )
    found = [Contribution(*row) for row in connection.execute(select(*fields).where(ContributionRow.job_id == job_id))]
    # Sorted here, since databases collate texts differently.
    return sorted(found, key=lambda each: (-each.candidates, -each.findings, each.worker))


def forget_contributions(connection: Connection, job_id: int) -> None:
    """Forget what workers searched; who found what stays, as the findings do."""
    own = ContributionRow.job_id == job_id
    connection.execute(delete(ContributionRow).where(own, ContributionRow.findings == 0))
    connection.execute(update(ContributionRow).where(own).values(units=0, candidates=0, seconds=0.0))


def _worker(name: str) -> str:
    """The name as it is stored: it comes from another machine and is shown in terminals."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)[:200]
    return shown or "?"


def _storable(text: str) -> str:
    """The text without what a database cannot hold: lone surrogates and, on PostgreSQL, NUL."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\0")
