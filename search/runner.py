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
from constants_lab.db.jobs import Job
from constants_lab.db.leases import Heartbeat, Lease
from constants_lab.db.store import Store
from constants_lab.errors import ConstantsLabError, InputError, Unavailable
from constants_lab.search.engine import Completed, Engine, GivenUp
from constants_lab.search.job import JobSpec, Space
from constants_lab.search.recorder import Recorder
from constants_lab.search.replication import machine_of
from constants_lab.search.units import Unit, UnitResult, Units, run_unit

__all__ = ["Progress", "Stop", "prepare_job", "run_job"]


_MOST_FAILURES = 20
"""Units given up one after the other, with none done between: then it is not the units."""


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

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        """React to signals inside the block; outside the main thread signals are left alone."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return

        def on_signal(number: int, frame: FrameType | None) -> None:
            if self.asked:
                raise KeyboardInterrupt
            self.asked = True

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def prepare_job(store: Store, spec: JobSpec, *, again: bool = False) -> Job:
    """The job of this specification and program version in the database, created if it is new.

    ``again`` forgets what of it is done.  Raises :class:`InputError` for an empty or too large space.
    """
    space = spec.space()
    job = store.create_job(spec.method, spec.as_json(), space.size, __version__)
    if again and (job.done or job.state == "cancelled"):
        store.restart(job.id)
        job = store.job(job.id)
    return job


def run_job(
    store: Store,
    job_id: int,
    engine: Engine | Callable[[float], Engine],
    *,
    stop: Stop | None = None,
    progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Job:
    """Run what remains of a job and return it: ``done``, ``paused`` if it was stopped, ``failed`` with units set aside.

    ``engine`` may be a function of the expected seconds; ``say`` is told what a user should know meanwhile.  Raises
    :class:`VerificationFailed` when the check of a finding fails (the job is then ``failed``), :class:`InputError` for a
    job of another program version or one that another coordinator is running, and :class:`Unavailable` when the database or
    the workers stay away for too long (the job is then ``paused``).
    """
    job = store.job(job_id)
    if job.complete:
        if job.state != "done":
            store.set_state(job_id, "done")
        return store.job(job_id)
    if job.version != __version__:
        raise InputError(
            f"job {job_id} was begun by version {job.version} and this is {__version__}: resume it with that version, "
            "or start the search anew"
        )
    if job.state == "cancelled":
        raise InputError(f"job {job_id} is cancelled: start the search anew with --again")
    spec = JobSpec.of(job.method, job.spec)
    space = spec.space()
    if space.size != job.total:
        raise InputError(f"job {job_id} has {job.total} candidates but its specification gives {space.size}")
    stop = stop or Stop()
    # The wait for a lease can be interrupted at once.
    with store.acquire_lease(job_id, say=say) as lease, stop.listening():
        # Another coordinator may have gone on with it while the lease was waited for.
        job = store.job(job_id)
        if job.complete:
            return job
        share = (job.total - job.done) / max(1, job.total)
        chosen = engine(space.expected_seconds * share) if callable(engine) else engine
        try:
            return _Run(store, job, spec, space, chosen, stop, lease, progress, say).finish()
        finally:
            chosen.close()


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
        progress: Callable[[Progress], None] | None,
        say: Callable[[str], None],
    ) -> None:
        self._store, self._job, self._engine, self._stop, self._lease = store, job, engine, stop, lease
        self._progress, self._say = progress, say
        store.forget_set_aside(job.id)
        self._units = Units(spec, space, store.remaining(job.id), engine.unit_seconds)
        self._recorder = Recorder(store, job, trusted=engine.trusted, say=say)
        self._lost = False
        self._failures = 0
        self._began = self._looked = monotonic()

    def finish(self) -> Job:
        """Run to the end, or until stopped; gives the job as it then is."""
        store, job = self._store, self._job
        store.set_state(job.id, "running")
        heartbeat = Heartbeat(self._lease, lost=self._on_lost)
        heartbeat.start()
        try:
            self._engine.stopped = lambda: self._stop.asked
            units = self._units.until(lambda: self._stop.asked, lambda: self._engine.workers)
            for outcome in self._engine.run(run_unit, units):
                self._take(outcome)
                self._tell(heartbeat)
                self._look()
            self._recorder.flush(wait=True)
        except Unavailable:
            with contextlib.suppress(Unavailable):
                store.set_state(job.id, "paused")
            raise
        except ConstantsLabError as error:
            store.set_state(job.id, "failed", str(error))
            raise
        except BaseException:
            with contextlib.suppress(Unavailable):
                store.set_state(job.id, "paused")
            raise
        finally:
            heartbeat.stop()
        return self._ended()

    def _take(self, outcome: Completed[UnitResult] | GivenUp[Unit]) -> None:
        if isinstance(outcome, Completed):
            self._failures = 0
            self._units.learn(outcome.result)
            self._recorder.add(outcome.result, machine_of(outcome.worker))
        elif isinstance(outcome, GivenUp):
            self._recorder.set_aside(outcome)
            self._failures += 1
            if self._failures == _MOST_FAILURES:
                raise InputError(f"{self._failures} units in a row failed, the last with: {outcome.error}")

    def _tell(self, heartbeat: Heartbeat) -> None:
        done, job = self._recorder.done, self._job
        elapsed = max(monotonic() - self._began, 1e-9)
        rate = (done - job.done) / elapsed
        heartbeat.report(rate=rate, workers=self._engine.workers)
        if self._progress is not None:
            left = (job.total - done) / rate if rate else None
            self._progress(Progress(done, job.total, self._recorder.findings, self._recorder.new_formulas, rate, left))

    def _look(self) -> None:
        """Whether somebody has cancelled the job; asked a few times a second at most."""
        if monotonic() - self._looked > 0.2:
            self._looked = monotonic()
            with contextlib.suppress(Unavailable):
                if self._store.job(self._job.id).state == "cancelled":
                    self._stop.asked = True

    def _on_lost(self) -> None:
        self._lost = True
        self._stop.asked = True
        self._say(f"another coordinator has taken job {self._job.id} over: stopping here")

    def _ended(self) -> Job:
        store, job_id = self._store, self._job.id
        finished = store.job(job_id)
        if self._lost or finished.state not in ("running", "paused"):
            # The state is no longer ours to set: somebody else runs the job, or has cancelled it.
            return finished
        aside = store.units_set_aside(job_id)
        if finished.complete:
            store.set_state(job_id, "done")
        elif aside and not self._stop.asked:
            ranges = ", ".join(f"{unit.start}..{unit.stop - 1}" for unit in aside[:5])
            more = f" and {len(aside) - 5} more" if len(aside) > 5 else ""
            store.set_state(
                job_id, "failed", f"{len(aside)} units failed three times: candidates {ranges}{more}; {aside[0].error}"
            )
        else:
            store.set_state(job_id, "paused")
        return store.job(job_id)
