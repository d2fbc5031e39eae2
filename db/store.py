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

from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from constants_lab.db.bulk import upsert
from constants_lab.db.connection import Session, begin, open_session, upgrade
from constants_lab.db.failures import is_transient, translate
from constants_lab.db.intervals import Interval, gaps, unite
from constants_lab.db.jobs import Job, RecordOutcome, spec_key
from constants_lab.db.levels import add_record
from constants_lab.db.recording import record_findings
from constants_lab.db.records import Finding
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

    def _writing(self, action: Callable[[Connection], _T]) -> _T:
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

        job = self._writing(action)
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
            return self._job(connection, job_id, lock=False)

    def jobs(self) -> list[Job]:
        """Every job, oldest first."""
        with self.reading() as connection:
            rows = connection.execute(select(JobRow.__table__).order_by(JobRow.id))
            return [Job.of(row) for row in rows]

    def set_state(self, job_id: int, state: str, error: str | None = None) -> None:
        """Set the state of a job, and the error it ended with, if any."""
        if state not in STATES:
            raise InputError(f"no job state is called {state!r}: use one of {', '.join(STATES)}")

        def action(connection: Connection) -> None:
            self._job(connection, job_id, lock=True)
            connection.execute(
                update(JobRow).where(JobRow.id == job_id).values(state=state, error=error, updated=datetime.now(UTC))
            )

        self._writing(action)

    def restart(self, job_id: int) -> None:
        """Forget what of a job is done, so that it is searched again; its findings stay."""

        def action(connection: Connection) -> None:
            self._job(connection, job_id, lock=True)
            connection.execute(delete(UnitRow).where(UnitRow.job_id == job_id))
            connection.execute(
                update(JobRow)
                .where(JobRow.id == job_id)
                .values(state="pending", done=0, counters={}, seconds=0.0, error=None, updated=datetime.now(UTC))
            )

        self._writing(action)

    def _job(self, connection: Connection, job_id: int, lock: bool) -> Job:
        if 0 < job_id <= LARGEST_ID:
            # Two coordinators of one job take turns: the row lock on PostgreSQL is the write lock on SQLite.
            statement = select(JobRow.__table__).where(JobRow.id == job_id)
            row = connection.execute(statement.with_for_update() if lock else statement).first()
            if row is not None:
                return Job.of(row)
        raise InputError(f"there is no job {job_id} in {self.url}: `clab jobs` lists them")

    # Progress and findings

    def done_intervals(self, job_id: int) -> list[Interval]:
        """The candidates that are done, as merged intervals in increasing order."""
        with self.reading() as connection:
            self._job(connection, job_id, lock=False)
            statement = select(UnitRow.start, UnitRow.stop).where(UnitRow.job_id == job_id)
            return [(start, stop) for start, stop in connection.execute(statement.order_by(UnitRow.start))]

    def remaining(self, job_id: int) -> list[Interval]:
        """The candidates still to search, as intervals in increasing order."""
        return gaps(self.done_intervals(job_id), self.job(job_id).total)

    def record(
        self,
        job_id: int,
        start: int,
        stop: int,
        findings: Sequence[Finding],
        counters: dict[str, int],
        seconds: float,
    ) -> RecordOutcome:
        """Record in one transaction that the candidates [start, stop) are done and what was found there.

        A unit inside what is done changes nothing.  One that overlaps it partly adds its findings and its
        interval; ``counters`` and ``seconds`` are added only if the unit is disjoint from what is done, since
        they cannot be divided.

        The outcome's ``new_formulas`` counts new formulas of findings and of their companions; ``new_findings``
        counts the new rows of ``finding``, one for each formula that a candidate met, companions included, so that
        the job's ``findings`` is the number of its rows there.

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
            job = self._job(connection, job_id, lock=True)
            if not 0 <= start < stop <= job.total:
                raise InputError(
                    f"the unit {start} to {stop} does not lie inside the {job.total} candidates of job "
                    f"{job_id}: record units of this job only"
                )
            added = self._unite(connection, job_id, start, stop)
            if added == 0:
                return RecordOutcome(0, 0, already_done=True)
            now = datetime.now(UTC)
            formulas, met = record_findings(connection, job_id, findings, now)
            changes: dict[str, Any] = {
                "done": job.done + added,
                "findings": job.findings + met,
                "updated": now,
            }
            if added == stop - start:
                sums = dict(job.counters)
                for name, number in counters.items():
                    sums[name] = sums.get(name, 0) + number
                changes |= {"counters": sums, "seconds": job.seconds + seconds}
            connection.execute(update(JobRow).where(JobRow.id == job_id).values(**changes))
            return RecordOutcome(formulas, met, already_done=False)

        return self._writing(action)

    @staticmethod
    def _unite(connection: Connection, job_id: int, start: int, stop: int) -> int:
        """Merge an interval with its neighbours; gives how many candidates are new."""
        own = UnitRow.job_id == job_id
        # Disjoint intervals in order: only the last one that begins at or before `start` can reach it from below.
        below = select(func.max(UnitRow.start)).where(own, UnitRow.start <= start).scalar_subquery()
        near = select(UnitRow.start, UnitRow.stop).where(
            own, UnitRow.start <= stop, (UnitRow.start >= start) | (UnitRow.start == below)
        )
        neighbours = [(left, right) for left, right in connection.execute(near) if right >= start]
        union = unite(neighbours, start, stop)
        if union.added:
            if neighbours:
                connection.execute(delete(UnitRow).where(own, UnitRow.start >= union.start, UnitRow.start <= stop))
            connection.execute(insert(UnitRow).values(job_id=job_id, start=union.start, stop=union.stop))
        return union.added

    def add_evidence(self, formula_id: int, identity: int | str | None, evidence: Evidence) -> None:
        """Store a record of evidence, and raise the level of the identity and of the formula if it is stronger.

        ``identity`` is an identifier, a left-hand side, or ``None`` for evidence about the formula itself.  A
        level never falls, except to ``refuted``, where it then stays.  Raises :class:`InputError` if there is
        no such formula or identity.
        """

        def action(connection: Connection) -> None:
            self._lock_formula(connection, formula_id)
            add_record(connection, formula_id, identity, evidence, datetime.now(UTC))

        self._writing(action)

    def _lock_formula(self, connection: Connection, formula_id: int) -> None:
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
