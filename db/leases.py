"""Leases: of all the processes on all the machines that could run a job, one does.

The row of a job in the table ``lease`` names the process that runs it.  That process counts a number up every few
seconds, its *beats*; whoever else wants the job must first be sure that it is gone:

* a process of this machine is looked up, so one that was killed is replaced at once;
* of a process elsewhere only the beats are seen.  They are watched with a monotonic clock of the watcher, and no two
  clocks are ever compared, since clocks differ between machines and jump.

A lease changes hands by one statement that names the owner and the beats last seen, so of two that find the same
silent holder one wins, and a holder that beats at the last moment keeps it.

A lease saves work; the truth of the results does not rest on it.  A holder may be cut off for so long that it is taken
for dead, and then both record the same units, which changes nothing.  It learns of its loss with its next beat.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, delete, select, update

from constants_lab.db.answers import answers_within
from constants_lab.db.bulk import upsert
from constants_lab.db.levels import finite
from constants_lab.db.schema import LeaseRow
from constants_lab.errors import ConstantsLabError, InputError, Unavailable

if TYPE_CHECKING:
    from constants_lab.db.store import Store

__all__ = ["Heartbeat", "Lease", "LeaseState", "Process", "acquire", "leases"]

_MARGIN = 5.0
"""Seconds of an acquirer's patience that are kept for everything but watching."""

_STEP = 1.0
"""Seconds between two looks at the beats of a holder, at most."""

_ANSWER = 10.0
"""Seconds that a beat waits for a silent server: short enough for another one before the lease changes hands."""

# The leases this process holds, by owner.  A row of this process that is not among them was left behind by a run whose
# release did not reach the database.
_held: set[str] = set()


@dataclass(frozen=True)
class Process:
    """A process, told apart from all others that were or are.

    ``machine`` is empty where the system offers nothing better than the name of the host; ``started`` is good for
    comparisons on one machine only.
    """

    host: str
    machine: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> Process:
        """This process."""
        pid = os.getpid()
        return cls(socket.gethostname(), _machine(), pid, _start_of(pid) or "")

    def alive(self) -> bool | None:
        """Whether it still runs, or ``None`` where that cannot be seen from here."""
        here = Process.current()
        if (self.host, self.machine) != (here.host, here.machine):
            return None
        started = _start_of(self.pid)
        if started is None:
            return False
        # Without both times it may be another process of the same number.
        return started == self.started if started and self.started else None


@lru_cache(maxsize=1)
def _machine() -> str:
    """The boot of the kernel and the family of process numbers: containers of equal names differ in the second."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _start_of(pid: int) -> str | None:
    """When a process of this machine began, ``None`` if it does not run, empty if that cannot be told.

    On Linux in ticks since the boot, which no change of the clock touches (proc_pid_stat(5), fields 3 and 22).
    """
    if not Path("/proc/self/stat").exists():
        return _start_elsewhere(pid)
    try:
        # The name of the program stands in parentheses and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        # Either there is no such process, or the system hides those of other users.
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return None
        except OSError:
            pass
        return ""
    # A zombie is dead and only waits for its parent to notice.
    return None if fields[0] in (b"Z", b"X") else fields[19].decode()


def _start_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except (psutil.NoSuchProcess, OverflowError, ValueError):
        return None
    except psutil.Error:
        return ""


@dataclass(frozen=True)
class LeaseState:
    """Who runs a job, as last written: ``rate`` in candidates a second, ``None`` where not known."""

    job_id: int
    owner: str
    process: Process
    beats: int
    rate: float | None
    workers: int | None
    began: datetime

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> LeaseState:
        """The state in a row of the table ``lease``."""
        process = Process(row.host, row.machine, row.pid, row.started)
        return cls(row.job_id, row.owner, process, row.beats, row.rate, row.workers, row.began)

    def alive(self) -> bool | None:
        """Whether the holder still runs the job, or ``None`` where that cannot be seen from here."""
        if self.process == Process.current():
            return self.owner in _held
        return self.process.alive()

    def sign(self) -> tuple[str, int]:
        """What changes whenever the holder beats or another takes over."""
        return self.owner, self.beats


def leases(connection: Connection, job_id: int | None = None) -> dict[int, LeaseState]:
    """The leases by job, or only that of one job."""
    statement = select(LeaseRow.__table__)
    if job_id is not None:
        statement = statement.where(LeaseRow.job_id == job_id)
    return {row.job_id: LeaseState.of(row) for row in connection.execute(statement)}


class Lease:
    """The right of this process to run a job, until it is released or lost.  Safe to share between threads.

    As a context manager it is released at the end.
    """

    def __init__(self, store: Store, job_id: int, owner: str) -> None:
        self.job_id = job_id
        self._store = store
        self._owner = owner

    @property
    def released(self) -> bool:
        """Whether this process gave it back."""
        return self._owner not in _held

    def beat(self, rate: float | None = None, workers: int | None = None) -> bool:
        """Show that this process runs, with its rate in candidates a second and its number of workers.

        Gives false if the lease was released or somebody else has it.  Raises :class:`Unavailable` where the
        database cannot be asked.
        """
        if self.released:
            return False
        beaten = (
            update(LeaseRow)
            .where(LeaseRow.job_id == self.job_id, LeaseRow.owner == self._owner)
            .values(beats=LeaseRow.beats + 1, rate=finite(rate), workers=workers)
        )
        return self._store.writing(lambda connection: connection.execute(beaten).rowcount) == 1

    def held(self, connection: Connection) -> bool:
        """Whether it is ours still; if so, nobody can take it over before the transaction of ``connection`` ends."""
        if self.released:
            return False
        own = select(LeaseRow.job_id).where(LeaseRow.job_id == self.job_id, LeaseRow.owner == self._owner)
        return connection.execute(own.with_for_update()).first() is not None

    def release(self) -> None:
        """Give the lease back; nothing happens if it was given back before, or is somebody else's by now.

        Raises :class:`Unavailable` where the database cannot be asked: the row stays then, and the next one who
        wants the job finds out that nobody holds it.
        """
        if self.released:
            return
        _held.discard(self._owner)
        own = delete(LeaseRow).where(LeaseRow.job_id == self.job_id, LeaseRow.owner == self._owner)
        self._store.writing(lambda connection: connection.execute(own))

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What ended the run is worth more to the user than a row left behind.
        with suppress(Unavailable):
            self.release()


def acquire(
    store: Store,
    job_id: int,
    *,
    patience: float = 30.0,
    say: Callable[[str], None] | None = None,
) -> Lease:
    """Take the lease of a job; see :meth:`constants_lab.db.store.Store.acquire_lease`."""
    if not patience > _MARGIN:
        raise InputError(f"a patience of {patience:g} s is too short to see whether a job is run: give more than 5 s")
    store.job(job_id)
    owner = secrets.token_hex(16)
    # Before the row can be seen, so that no other thread takes it for one left behind.
    _held.add(owner)
    try:
        _take(store, job_id, owner, patience, say)
    except BaseException:
        _held.discard(owner)
        raise
    return Lease(store, job_id, owner)


def _take(store: Store, job_id: int, owner: str, patience: float, say: Callable[[str], None] | None) -> None:
    seen = store.lease(job_id)
    while True:
        alive = None if seen is None else seen.alive()
        if seen is not None and alive is None:
            if say is not None:
                say(
                    f"job {job_id} is held by host {seen.process.host}, process {seen.process.pid}: "
                    f"waiting up to {patience:g} s to see whether it is alive"
                )
            later = _watch(store, seen, patience - _MARGIN)
            alive = later is not None and later.sign() != seen.sign()
            seen = later
        if seen is not None and alive:
            raise _refusal(seen)
        if _write(store, job_id, owner, seen):
            return
        # Somebody was faster, or the holder beat at the last moment.
        seen = store.lease(job_id)
        if seen is not None:
            raise _refusal(seen)


def _watch(store: Store, seen: LeaseState, seconds: float) -> LeaseState | None:
    """The lease as soon as it changes (``None`` if it is gone), or the same if it does not for so many seconds."""
    step = min(_STEP, seconds / 4)
    quiet = 0.0
    while quiet < seconds:
        before = monotonic()
        sleep(step)
        now = store.lease(seen.job_id)
        if now is None or now.sign() != seen.sign():
            return now
        # Where this process or the database stood still, the holder may have done so too.
        quiet += min(monotonic() - before, 2 * step)
    return seen


def _write(store: Store, job_id: int, owner: str, seen: LeaseState | None) -> bool:
    """Make the lease ours if it still is as it was seen."""
    here = Process.current()
    values = {
        "owner": owner,
        "host": here.host,
        "machine": here.machine,
        "pid": here.pid,
        "started": here.started,
        "beats": 0,
        "rate": None,
        "workers": None,
        "began": datetime.now(UTC),
    }

    def action(connection: Connection) -> bool:
        if seen is None:
            new = upsert(connection, LeaseRow).values(job_id=job_id, **values).on_conflict_do_nothing()
            return connection.execute(new.returning(LeaseRow.job_id)).first() is not None
        same = LeaseRow.job_id == job_id, LeaseRow.owner == seen.owner, LeaseRow.beats == seen.beats
        return connection.execute(update(LeaseRow).where(*same).values(**values)).rowcount == 1

    return store.writing(action)


def _refusal(state: LeaseState) -> InputError:
    job, process = state.job_id, state.process
    return InputError(
        f"job {job} is being run by process {process.pid} on {process.host}: `clab jobs {job} --watch` shows it"
    )


class Heartbeat:
    """Beats a lease every ``seconds`` from a thread of its own, on a connection of its own.

    What was last reported goes with each beat.  While the database is away it tries on.  ``lost`` is called in that
    thread, once, when somebody else has the lease.
    """

    def __init__(self, lease: Lease, *, seconds: float = 5.0, lost: Callable[[], None] | None = None) -> None:
        self._report: tuple[float | None, int | None] = None, None
        self._lease = lease
        self._seconds = seconds
        self._lost = lost
        self._ended = threading.Event()
        # A daemon, since an answer of a database that has gone away may never come.
        self._thread = threading.Thread(target=self._run, name=f"heartbeat of job {lease.job_id}", daemon=True)

    def start(self) -> None:
        """Begin to beat; to be called once."""
        self._thread.start()

    def report(self, rate: float | None = None, workers: int | None = None) -> None:
        """What the beats to come tell: candidates a second, and how many workers there are."""
        self._report = rate, workers

    def stop(self) -> None:
        """Beat no more; a second call does nothing.  The lease is kept."""
        self._ended.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=10.0)

    def __enter__(self) -> Heartbeat:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                with answers_within(_ANSWER):
                    held = self._lease.beat(*self._report)
            except ConstantsLabError:
                # The run itself meets the same trouble and tells of it.
                continue
            if not held:
                if self._lost is not None and not self._lease.released:
                    self._lost()
                return
