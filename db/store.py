"""The store: jobs, what of them is done, and everything they found.

Every change is one transaction and idempotent, so a coordinator may die anywhere and another may repeat what it
did: a unit is either wholly recorded, with its findings, or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from constants_lab.db import jobs
from constants_lab.db.bulk import among, upsert
from constants_lab.db.connection import Session, begin, open_session, upgrade
from constants_lab.db.failures import is_transient, translate
from constants_lab.db.intervals import Interval, gaps
from constants_lab.db.jobs import Contribution, Job, RecordOutcome, SetAside, spec_key
from constants_lab.db.leases import Lease, LeaseState, acquire, leases
from constants_lab.db.levels import add_record, chunks
from constants_lab.db.recording import record_findings, record_identities
from constants_lab.db.records import Finding, IdentityRecord
from constants_lab.db.schema import (
    HEAD,
    LARGEST_ID,
    STATES,
    WIDTH,
    Base,
    FormulaRow,
    JobRow,
    UnitRow,
)
from constants_lab.errors import InputError
from constants_lab.evidence import Evidence

__all__ = ["Store", "StoreInfo", "UpgradeOutcome"]

_T = TypeVar("_T")
_ATTEMPTS = 5


@dataclass(frozen=True)
class StoreInfo:
    """What a database is: its address without password, kind, schema revision, rows by table, size in bytes."""

    url: str
    backend: str
    schema: str
    rows: dict[str, int]
    size: int

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "url": self.url,
            "backend": self.backend,
            "schema": self.schema,
            "size": self.size,
            "rows": self.rows,
        }


@dataclass(frozen=True)
class UpgradeOutcome:
    """The schema revisions before and after an upgrade; equal if there was nothing to do."""

    before: str
    after: str


class Store:
    """An open database.  Safe to share between threads; to be opened anew in another process.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Store.open(f"{folder}/lab.db") as store:
    ...     job = store.create_job("lookup", {"constants": ["pi"]}, total=10**30, version="1")
    ...     outcome = store.record(job.id, 0, 10**29, [], {"candidates": 10**29}, seconds=1.5)
    ...     store.remaining(job.id) == [(10**29, 10**30)]
    True
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def open(
        cls,
        url: str | os.PathLike[str] | None = None,
        *,
        create: bool = True,
        readonly: bool = False,
        timeout: float = 30.0,
    ) -> Store:
        """Open the database at ``url``: a file, an SQLite or a PostgreSQL address.

        Without one, the environment variable ``CONSTANTS_LAB_DB`` decides, and without that the file
        ``constants-lab.db`` of the working folder.  A database that does not exist is created unless ``create``
        is false or ``readonly`` true.  An existing one is never changed: an older or newer schema, another
        program's database or no database at all raise :class:`InputError`; missing rights, a lock kept longer
        than ``timeout`` seconds, or a server out of reach raise :class:`Unavailable`.
        """
        return cls(open_session(url, create, readonly, timeout))

    @classmethod
    def upgrade(cls, url: str | os.PathLike[str] | None = None, *, timeout: float = 30.0) -> UpgradeOutcome:
        """Bring an existing database to the schema of this program, in one transaction.

        Raises as :meth:`open` does; a failure leaves the database as it was, on SQLite too, whose schema changes
        are transactional once the transaction is begun explicitly.
        """
        return UpgradeOutcome(*upgrade(url, timeout))

    @property
    def url(self) -> str:
        """The address, without password: to be shown, not to be opened again."""
        return self._session.location.shown

    def require_room(self, size: int) -> None:
        """See :meth:`constants_lab.db.location.Location.require_room`."""
        self._session.location.require_room(size)

    @property
    def readonly(self) -> bool:
        """Whether every change is refused."""
        return self._session.readonly

    def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        self._session.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database; errors of the driver become sentences."""
        try:
            with begin(self._session.engine, write=False) as connection:
                yield connection
        except DBAPIError as error:
            raise translate(self._session.location, error) from None

    def writing(self, action: Callable[[Connection], _T]) -> _T:
        """Run ``action`` in one writing transaction, again if PostgreSQL chose it as a deadlock's victim."""
        if self.readonly:
            raise InputError(f"the database {self.url} is open for reading only: open it for writing")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with begin(self._session.engine, write=True) as connection:
                    return action(connection)
            except DBAPIError as error:
                if not is_transient(error) or attempt == _ATTEMPTS:
                    raise translate(self._session.location, error) from None
        raise AssertionError("unreachable")

    # Jobs

    def create_job(self, method: str, spec: dict[str, Any], total: int, version: str) -> Job:
        """The job of this method, specification and program version: a new one, or the one that exists.

        ``total`` is the number of candidates, below 10^40.  Raises :class:`InputError` if the existing job has
        another total, that is if its meaning changed under the same version.
        """
        if not 0 <= total < 10**WIDTH:
            raise InputError(f"a search space of {total} candidates cannot be stored: keep it below 10^{WIDTH}")
        if not method or not version or len(version) > 100:
            raise InputError("a job needs a method and a version of 1 to 100 characters: give both")
        key = spec_key(method, spec)
        now = datetime.now(UTC)
        values = {
            "method": method,
            "spec": spec,
            "spec_key": key,
            "version": version,
            "state": "pending",
            "total": total,
            "done": 0,
            "findings": 0,
            "counters": {},
            "seconds": 0.0,
            "created": now,
            "updated": now,
            "error": None,
        }

        def action(connection: Connection) -> Job:
            job = self._found(connection, key, version)
            if job is None:
                connection.execute(upsert(connection, JobRow).on_conflict_do_nothing(), values)
                job = self._found(connection, key, version)
            assert job is not None
            return job

        job = self.writing(action)
        if job.total != total:
            raise InputError(
                f"job {job.id} has the same specification and version but {job.total} candidates instead of "
                f"{total}: give the changed program another version"
            )
        return job

    def find_job(self, method: str, spec: dict[str, Any], version: str) -> Job | None:
        """The job of this method, specification and version, if there is one."""
        with self.reading() as connection:
            return self._found(connection, spec_key(method, spec), version)

    @staticmethod
    def _found(connection: Connection, key: str, version: str) -> Job | None:
        statement = select(JobRow.__table__).where(JobRow.spec_key == key, JobRow.version == version)
        row = connection.execute(statement).first()
        return None if row is None else Job.of(row)

    def job(self, job_id: int) -> Job:
        """The job of that number; raises :class:`InputError` if there is none."""
        with self.reading() as connection:
            row = self._row(connection, job_id)
            return Job.of(row, leases(connection, job_id).get(job_id))

    def jobs(self) -> list[Job]:
        """Every job, oldest first."""
        with self.reading() as connection:
            rows = connection.execute(select(JobRow.__table__).order_by(JobRow.id))
            held = leases(connection)
            return [Job.of(row, held.get(row.id)) for row in rows]

    def set_state(self, job_id: int, state: str, error: str | None = None, *, lease: Lease | None = None) -> bool:
        """Set the state of a job, and the error it ended with, if any; gives whether that was done.

        With ``lease`` it is what a run says of itself, which counts while the lease is held, and overwrites a cancellation
        only to say that there is nothing left to cancel.
        """
        if state not in STATES:
            raise InputError(f"no job state is called {state!r}: use one of {', '.join(STATES)}")

        def action(connection: Connection) -> bool:
            if lease is not None and not lease.held(connection):
                return False
            job = self._lock_job(connection, job_id)
            if lease is not None and job.state == "cancelled" and state != "done":
                return False
            connection.execute(
                update(JobRow).where(JobRow.id == job_id).values(state=state, error=error, updated=datetime.now(UTC))
            )
            return True

        return self.writing(action)

    def restart(self, job_id: int, *, lease: Lease | None = None) -> bool:
        """Forget what of a job is done or set aside, so that it is searched again; its findings stay.

        With ``lease`` only while that is held; gives whether it was done.
        """

        def action(connection: Connection) -> bool:
            if lease is not None and not lease.held(connection):
                return False
            self._lock_job(connection, job_id)
            connection.execute(delete(UnitRow).where(UnitRow.job_id == job_id))
            jobs.forget_set_aside(connection, job_id)
            jobs.forget_contributions(connection, job_id)
            connection.execute(
                update(JobRow)
                .where(JobRow.id == job_id)
                .values(state="pending", done=0, counters={}, seconds=0.0, error=None, updated=datetime.now(UTC))
            )
            return True

        return self.writing(action)

    def _row(self, connection: Connection, job_id: int, lock: bool = False) -> Row[*tuple[Any, ...]]:
        if 0 < job_id <= LARGEST_ID:
            # Two coordinators of one job take turns: the row lock on PostgreSQL is the write lock on SQLite.
            statement = select(JobRow.__table__).where(JobRow.id == job_id)
            row = connection.execute(statement.with_for_update() if lock else statement).first()
            if row is not None:
                return row
        raise InputError(f"there is no job {job_id} in {self.url}: `clab jobs` lists them")

    def _lock_job(self, connection: Connection, job_id: int) -> Job:
        return Job.of(self._row(connection, job_id, lock=True))

    def acquire_lease(
        self,
        job_id: int,
        *,
        patience: float = 30.0,
        say: Callable[[str], None] | None = None,
    ) -> Lease:
        """The right to run a job, which at most one process holds; see :mod:`constants_lab.db.leases`.

        A holder of this machine that does not run any more is replaced at once.  One elsewhere is watched for
        ``patience`` - 5 seconds, which ``say`` tells the user, and replaced if it gives no sign of life; the
        patience must be longer than the period of a :class:`constants_lab.db.leases.Heartbeat` by more than that.
        Raises :class:`InputError` if the job is being run, or there is no such job.
        """
        return acquire(self, job_id, patience=patience, say=say)

    def lease(self, job_id: int) -> LeaseState | None:
        """Who holds the lease of a job, dead or alive."""
        with self.reading() as connection:
            self._row(connection, job_id)
            return leases(connection, job_id).get(job_id)

    # Progress and findings

    def done_intervals(self, job_id: int) -> list[Interval]:
        """The candidates that are done, as merged intervals in increasing order."""
        with self.reading() as connection:
            return jobs.done_intervals(connection, Job.of(self._row(connection, job_id)))

    def remaining(self, job_id: int) -> list[Interval]:
        """The candidates still to search, those set aside included, as intervals in increasing order."""
        with self.reading() as connection:
            job = Job.of(self._row(connection, job_id))
            return gaps(jobs.done_intervals(connection, job), job.total)

    def record(
        self,
        job_id: int,
        start: int,
        stop: int,
        findings: Sequence[Finding],
        counters: dict[str, int],
        seconds: float,
        *,
        worker: str | None = None,
    ) -> RecordOutcome:
        """Record in one transaction that the candidates [start, stop) are done and what was found there.

        A unit inside what is done changes nothing.  One that overlaps it partly adds its findings and its
        interval; ``counters`` and ``seconds`` are added only if the unit is disjoint from what is done, since
        they cannot be divided.

        The outcome's ``new_formulas`` counts new formulas of findings and of their companions; ``new_findings``
        counts the new rows of ``finding``, one for each formula that a candidate met, companions included, so that
        the job's ``findings`` is the number of its rows there.

        What is new is added to the contribution of ``worker``, a name for people: of more than 200 characters the
        first are kept, and characters that cannot be printed become "?".

        Raises :class:`InputError` for an interval outside the job, a finding outside the interval, or a finding
        whose value or matrices are not numbers.
        """
        for finding in findings:
            if not start <= finding.index < stop:
                raise InputError(
                    f"the finding at candidate {finding.index} lies outside the unit {start} to {stop}: "
                    "record it with its own unit"
                )

        def action(connection: Connection) -> RecordOutcome:
            job = self._lock_job(connection, job_id)
            job.require_inside(start, stop)
            added = jobs.add_interval(connection, job_id, start, stop).added
            if added == 0:
                return RecordOutcome(0, 0, already_done=True)
            now = datetime.now(UTC)
            formulas, met = record_findings(connection, job_id, findings, now)
            changes: dict[str, Any] = {
                "done": job.done + added,
                "findings": job.findings + met,
                "updated": now,
            }
            whole = added == stop - start
            if worker is not None:
                jobs.add_contribution(connection, job_id, worker, added, seconds if whole else 0.0, met)
            if whole:
                sums = dict(job.counters)
                for name, number in counters.items():
                    sums[name] = sums.get(name, 0) + number
                changes |= {"counters": sums, "seconds": job.seconds + seconds}
            if job.state == "running" and changes["done"] == job.total:
                # In the same transaction: a coordinator that is killed now leaves no job that seems to run for ever.
                changes["state"] = "done"
            connection.execute(update(JobRow).where(JobRow.id == job_id).values(**changes))
            return RecordOutcome(formulas, met, already_done=False)

        return self.writing(action)

    def contributions(self, job_id: int) -> list[Contribution]:
        """What each worker did for a job, the one with the most candidates first."""
        with self.reading() as connection:
            self._row(connection, job_id)
            return jobs.contributions(connection, job_id)

    def set_aside(self, job_id: int, start: int, stop: int, tries: int, error: str) -> None:
        """Give up the candidates [start, stop) for now, after so many tries, the last of which ended with ``error``.

        They are not done, so :meth:`remaining` still lists them.  If the same interval is set aside already,
        ``tries`` and ``error`` are replaced; candidates that are done are not set aside, and cease to be so once
        they are.  Raises :class:`InputError` for an interval outside the job.
        """

        def action(connection: Connection) -> None:
            self._lock_job(connection, job_id).require_inside(start, stop)
            jobs.set_aside(connection, job_id, start, stop, tries, error, datetime.now(UTC))

        self.writing(action)

    def units_set_aside(self, job_id: int) -> list[SetAside]:
        """The candidates of a job that were given up for now, in increasing order."""
        with self.reading() as connection:
            self._row(connection, job_id)
            return jobs.units_set_aside(connection, job_id)

    def forget_set_aside(self, job_id: int) -> None:
        """Set nothing of a job aside any more, so that all of it is tried anew."""

        def action(connection: Connection) -> None:
            self._lock_job(connection, job_id)
            jobs.forget_set_aside(connection, job_id)

        self.writing(action)

    def add_evidence(self, formula_id: int, identity: int | str | None, evidence: Evidence) -> None:
        """Store a record of evidence, and raise the level of the identity and of the formula if it is stronger.

        ``identity`` is an identifier, a left-hand side, or ``None`` for evidence about the formula itself.  A
        level never falls, except to ``refuted``, where it then stays.  Raises :class:`InputError` if there is
        no such formula or identity.
        """

        def action(connection: Connection) -> None:
            self.lock_formula(connection, formula_id)
            add_record(connection, formula_id, identity, evidence, datetime.now(UTC))

        self.writing(action)

    def add_identities(self, claims: Sequence[tuple[int, IdentityRecord]]) -> int:
        """Store identities of formulas, given as (formula, identity), with their evidence; gives the number of new ones.

        Of an identity that exists the evidence is added only if it is stronger.  A few thousand are one transaction: one
        that fails changes nothing, and leaves those before it stored.  Raises :class:`InputError` for an unknown formula.
        """
        new = 0
        for part in chunks(claims):

            def action(connection: Connection, part: list[tuple[int, IdentityRecord]] = part) -> int:
                wanted = {formula for formula, _ in part}
                found = among(connection, FormulaRow.id, sorted(f for f in wanted if 0 < f <= LARGEST_ID))
                unknown = wanted.difference(connection.scalars(select(FormulaRow.id).where(found)))
                if unknown:
                    raise InputError(
                        f"there is no formula {min(unknown)} in {self.url}, so nothing can be claimed of it: "
                        "`clab formulas` lists them"
                    )
                return record_identities(connection, part, datetime.now(UTC))

            new += self.writing(action)
        return new

    def lock_formula(self, connection: Connection, formula_id: int) -> None:
        """Keep other writers from a formula until the transaction ends; raises :class:`InputError` if there is none."""
        if 0 < formula_id <= LARGEST_ID:
            statement = select(FormulaRow.id).where(FormulaRow.id == formula_id).with_for_update()
            if connection.execute(statement).first() is not None:
                return
        raise InputError(f"there is no formula {formula_id} in {self.url}: `clab formulas` lists them")

    def info(self) -> StoreInfo:
        """Schema revision, rows by table and size of the database."""
        with self.reading() as connection:
            rows = {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in Base.metadata.sorted_tables
            }
            if connection.dialect.name == "sqlite":
                pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
                size = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
            else:
                size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
            return StoreInfo(self.url, connection.dialect.name, HEAD, rows, size)
