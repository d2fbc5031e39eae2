"""The runner: it takes a job through an engine, checks what comes back, and records it unit by unit.

The database is the only memory: what is done is read from it at the start, and a unit counts when its transaction is
committed together with its findings.  A run may therefore be killed at any moment and repeated; it ends with the same rows.
A lease keeps two coordinators from doing the same job at once; should they do so all the same, the rows are the same too.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import FrameType

from constants_lab import __version__
from constants_lab.db.answers import answers_within
from constants_lab.db.jobs import Job
from constants_lab.db.leases import Heartbeat, Lease
from constants_lab.db.store import Store
from constants_lab.errors import ConstantsLabError, InputError, Unavailable
from constants_lab.search.engine import Completed, Engine, GivenUp
from constants_lab.search.job import JobSpec, Space
from constants_lab.search.recorder import ANSWER, Recorder
from constants_lab.search.replication import machine_of
from constants_lab.search.second_opinion import Forged, check_shape
from constants_lab.search.units import Unit, UnitResult, Units, run_unit

__all__ = ["Progress", "Stop", "prepare_job", "run_job"]


_MOST_FAILURES = 20
"""Units given up one after the other, with none done between: then it is not the units."""
_SAME_SIGNAL = 0.05
"""Seconds within which a signal is the same one again: some send it to a process and to its group."""
_LOOK = 0.3
"""Seconds between two looks whether the job is cancelled."""
_RESTART = 600.0
"""Seconds that a server may take, without a word, to forget a large job."""


@dataclass(frozen=True)
class Progress:
    """A moment of a run.  ``rate`` is candidates a second in this run, ``seconds_left`` None while unknown."""

    done: int
    total: int
    findings: int
    new_formulas: int
    rate: float
    seconds_left: float | None


class Stop:
    """Set by the first Ctrl-C (or SIGTERM): no new units are begun; the second one interrupts at once."""

    def __init__(self) -> None:
        self.asked = False
        self._heard = 0.0

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        """React to signals inside the block; outside the main thread signals are left alone."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return

        def on_signal(number: int, frame: FrameType | None) -> None:
            now = monotonic()
            if self.asked and now - self._heard > _SAME_SIGNAL:
                raise KeyboardInterrupt
            self.asked, self._heard = True, now

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def prepare_job(store: Store, spec: JobSpec, *, again: bool = False) -> Job:
    """The job of this specification and program version in the database, created if it is new.

    ``again`` forgets what of it is done, as in :func:`run_job`, before there is a run.  Raises :class:`InputError` for an empty
    or too large space, one whose rows the disk has no room for, and with ``again`` for a job that is being run.
    """
    space = spec.space()
    if store.find_job(spec.method, spec.as_json(), __version__) is None:
        store.require_room(getattr(space, "stored_bytes", 0))
    job = store.create_job(spec.method, spec.as_json(), space.size, __version__)
    if again and (job.done or job.state == "cancelled"):
        with store.acquire_lease(job.id) as lease, Heartbeat(lease):
            _forget(store, lease)
        job = store.job(job.id)
    return job


def _forget(store: Store, lease: Lease) -> None:
    with answers_within(_RESTART):
        if not store.restart(lease.job_id, lease=lease):
            raise InputError(f"job {lease.job_id} was taken over by another coordinator: `clab jobs` shows it")


def run_job(
    store: Store,
    job_id: int,
    engine: Engine | Callable[[float], Engine],
    *,
    again: bool = False,
    stop: Stop | None = None,
    progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Job:
    """Run what remains of a job and return it: ``done``, ``paused`` if it was stopped, ``failed`` with units set aside.

    ``again`` first forgets what is done, also of a cancelled job.  Nothing of a job is changed but by the holder of its lease,
    so a job that was taken over meanwhile is returned as the other coordinator has it.

    ``engine`` may be a function of the expected seconds; ``say`` is told what a user should know meanwhile.  Raises
    :class:`VerificationFailed` when the check of a finding fails (the job is then ``failed``), :class:`InputError` for a
    job of another program version or one that another coordinator is running, and :class:`Unavailable` when the database or
    the workers stay away for too long (the job is then ``paused``).
    """
    job = store.job(job_id)
    if job.complete and not again:
        return job if job.state == "done" else _completed(store, job_id, say)
    if job.version != __version__:
        raise InputError(
            f"job {job_id} was begun by version {job.version} and this is {__version__}: resume it with that version, "
            "or start the search anew"
        )
    if job.state == "cancelled" and not again:
        raise InputError(f"job {job_id} is cancelled: start the search anew with --again")
    spec = JobSpec.of(job.method, job.spec)
    space = spec.space()
    if space.size != job.total:
        raise InputError(f"job {job_id} has {job.total} candidates but its specification gives {space.size}")
    stop = stop or Stop()

    lost = threading.Event()

    def on_lost() -> None:
        stop.asked = True
        if not lost.is_set():
            lost.set()
            say(f"another coordinator has taken job {job_id} over: stopping here")

    # The wait for a lease can be interrupted at once.
    with (
        answers_within(ANSWER),
        store.acquire_lease(job_id, say=say) as lease,
        stop.listening(),
        Heartbeat(lease, lost=on_lost) as heartbeat,
    ):
        if again:
            _forget(store, lease)
        # Another coordinator may have gone on with it while the lease was waited for.
        job = store.job(job_id)
        if job.complete:
            store.set_state(job_id, "done", lease=lease)
            return store.job(job_id)
        share = (job.total - job.done) / max(1, job.total)
        # A cluster may take a minute to start; the lease is kept alive meanwhile.
        chosen = engine(space.expected_seconds * share) if callable(engine) else engine
        try:
            if not store.set_state(job_id, "running", lease=lease):
                left = store.job(job_id)
                if left.state != "cancelled":
                    on_lost()
                return left
            return _Run(store, job, spec, space, chosen, stop, lease, heartbeat, progress, say).finish()
        finally:
            chosen.close()


def _completed(store: Store, job_id: int, say: Callable[[str], None]) -> Job:
    """A job whose last run ended after the last unit and before it could say so."""
    with answers_within(ANSWER), store.acquire_lease(job_id, say=say) as lease:
        store.set_state(job_id, "done", lease=lease)
    return store.job(job_id)


class _Run:
    """One run of a job."""

    def __init__(
        self,
        store: Store,
        job: Job,
        spec: JobSpec,
        space: Space,
        engine: Engine,
        stop: Stop,
        lease: Lease,
        heartbeat: Heartbeat,
        progress: Callable[[Progress], None] | None,
        say: Callable[[str], None],
    ) -> None:
        self._store, self._job, self._engine, self._stop, self._lease = store, job, engine, stop, lease
        self._spec, self._space, self._heartbeat = spec, space, heartbeat
        self._progress, self._say = progress, say
        self._recorder = Recorder(store, job, trusted=engine.trusted, say=say)
        self._failures = 0
        self._began = monotonic()
        self._over = threading.Event()

    def finish(self) -> Job:
        """Run to the end, or until stopped; gives the job as it then is."""
        try:
            self._work()
        except Unavailable:
            self._leave("paused")
            raise
        except ConstantsLabError as error:
            self._leave("failed", str(error))
            raise
        except BaseException:
            self._leave("paused")
            raise
        return self._ended()

    def _work(self) -> None:
        store, job = self._store, self._job
        store.forget_set_aside(job.id)
        remaining = store.remaining(job.id)
        self._units = Units(self._spec, self._space, remaining, self._engine.unit_seconds)
        # A daemon, and not in the way of the work: the database may take its time to answer.
        looking = threading.Thread(target=self._look, name=f"look at job {job.id}", daemon=True)
        looking.start()
        try:
            self._engine.stopped = lambda: self._stop.asked
            units = self._units.until(lambda: self._stop.asked, lambda: self._engine.workers)
            for outcome in self._engine.run(run_unit, units):
                self._take(outcome)
                self._tell()
            behind = self._recorder.behind
            self._recorder.flush(wait=True)
            if behind:
                self._tell()
        finally:
            self._over.set()
            self._recorder.close()
            looking.join(timeout=1.0)

    def _take(self, outcome: Completed[UnitResult] | GivenUp[Unit]) -> None:
        if isinstance(outcome, Completed):
            machine = machine_of(outcome.worker)
            try:
                if not self._engine.trusted:
                    check_shape(outcome.result)
                self._recorder.add(outcome.result, machine)
            except Forged as error:
                if self._engine.trusted:
                    raise
                self._say(f"{machine}: {error}; it gets no more units of this job")
                self._engine.refuse(outcome.unit, outcome.worker)
                return
            self._failures = 0
            self._units.learn(outcome.result)
        elif isinstance(outcome, GivenUp):
            self._recorder.set_aside(outcome)
            self._failures += 1
            if self._failures == _MOST_FAILURES:
                raise InputError(f"{self._failures} units in a row failed, the last with: {outcome.error}")

    def _tell(self) -> None:
        done, job = self._recorder.done, self._job
        elapsed = max(monotonic() - self._began, 1e-9)
        rate = (done - job.done) / elapsed
        self._heartbeat.report(rate=rate, workers=self._engine.workers)
        if self._progress is not None:
            left = (job.total - done) / rate if rate else None
            self._progress(Progress(done, job.total, self._recorder.findings, self._recorder.new_formulas, rate, left))

    def _look(self) -> None:
        """Look again and again whether somebody has cancelled the job, until the run is over."""
        with answers_within(ANSWER):
            while not self._over.wait(_LOOK):
                # The store may be closed while a look that takes long goes on.
                with contextlib.suppress(Exception):
                    if self._store.job(self._job.id).state == "cancelled":
                        self._stop.asked = True
                        return

    def _leave(self, state: str, error: str | None = None) -> None:
        """Say in the database how the run broke off, if it is there and the job still ours."""
        with contextlib.suppress(Unavailable):
            self._store.set_state(self._job.id, state, error, lease=self._lease)

    def _ended(self) -> Job:
        store, job_id, lease = self._store, self._job.id, self._lease
        aside = store.units_set_aside(job_id)
        if store.job(job_id).complete:
            store.set_state(job_id, "done", lease=lease)
        elif aside and not self._stop.asked:
            ranges = ", ".join(f"{unit.start}..{unit.stop - 1}" for unit in aside[:5])
            more = f" and {len(aside) - 5} more" if len(aside) > 5 else ""
            failed = f"{len(aside)} units failed three times: candidates {ranges}{more}; {aside[0].error}"
            store.set_state(job_id, "failed", failed, lease=lease)
        else:
            store.set_state(job_id, "paused", lease=lease)
        return store.job(job_id)
