"""The runner: it takes a job through an engine, checks what comes back, and records it unit by unit.

The database is the only memory: what is done is read from it at the start, and a unit counts when its transaction is
committed together with its findings.  A run may therefore be killed at any moment and repeated; it ends with the same rows.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic, perf_counter
from types import FrameType
from typing import Any

from constants_lab import __version__
from constants_lab.crosscheck import check_identity, check_signed
from constants_lab.db.jobs import Job
from constants_lab.db.records import Finding, FormulaRecord, IdentityRecord
from constants_lab.db.store import Store
from constants_lab.errors import ConstantsLabError, InputError, Unavailable
from constants_lab.pair_identities import identity_in
from constants_lab.pcf import PCF
from constants_lab.search.engine import Engine
from constants_lab.search.job import JobSpec, Space, load_method
from constants_lab.signed import SignedCF

__all__ = ["Progress", "Stop", "Unit", "UnitResult", "prepare_job", "run_job", "run_unit"]


@dataclass(frozen=True)
class Unit:
    """Candidates start..stop-1 of a job; all that a worker needs, as plain data."""

    method: str
    spec: str
    start: int
    stop: int


@dataclass(frozen=True)
class UnitResult:
    """What a worker sends back: findings as JSON text (validated again on arrival), counters, seconds."""

    start: int
    stop: int
    findings: tuple[str, ...]
    counters: dict[str, int]
    seconds: float


@dataclass(frozen=True)
class Progress:
    """A moment of a run.  ``rate`` is candidates a second in this run, ``seconds_left`` None while unknown."""

    done: int
    total: int
    findings: int
    new_formulas: int
    rate: float
    seconds_left: float | None


@lru_cache(maxsize=8)
def _opened(method: str, spec: str) -> tuple[Any, Any]:
    module = load_method(method)
    return module, module.space(module.Spec.model_validate_json(spec))


def run_unit(unit: Unit) -> UnitResult:
    """Screen and confirm one unit; runs on a worker and touches nothing but its argument."""
    started = perf_counter()
    module, space = _opened(unit.method, unit.spec)
    screened = module.screen(space, unit.start, unit.stop)
    findings = [found for found in map(module.confirm, screened.candidates) if found is not None]
    return UnitResult(
        unit.start,
        unit.stop,
        tuple(found.model_dump_json() for found in findings),
        {**screened.counters, "confirmed": len(findings)},
        perf_counter() - started,
    )


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


class _Units:
    """Cuts what remains of a job into units of about ``seconds`` each, learning the rate as results come in."""

    def __init__(self, spec: JobSpec, space: Space, remaining: list[tuple[int, int]], seconds: float) -> None:
        self._method, self._spec = spec.method, spec.spec.model_dump_json()
        self._block = max(1, space.block_size)
        self._remaining, self._seconds = remaining, seconds
        self._size = self._block

    def learn(self, result: UnitResult) -> None:
        """Adapt the size of the units to come; by at most a factor of four at a time."""
        rate = (result.stop - result.start) / max(result.seconds, 1e-3)
        wanted = min(max(rate * self._seconds, self._size / 4), self._size * 4)
        self._size = max(self._block, int(wanted) // self._block * self._block)

    def until(self, stop: Stop) -> Iterator[Unit]:
        for begin, end in self._remaining:
            while begin < end and not stop.asked:
                middle = min(begin + self._size, end)
                yield Unit(self._method, self._spec, begin, middle)
                begin = middle


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
) -> Job:
    """Run what remains of a job and return it: ``done``, or ``paused`` if it was stopped before.

    ``engine`` may be a function of the expected seconds.  Raises :class:`VerificationFailed` when the cross-check of a
    finding fails (the job is then ``failed``), and :class:`InputError` for a job of another program version.
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
    share = (job.total - job.done) / max(1, job.total)
    with stop.listening():
        chosen = engine(space.expected_seconds * share) if callable(engine) else engine
        try:
            return _run(store, job, spec, space, chosen, stop, progress)
        finally:
            chosen.close()


def _run(
    store: Store,
    job: Job,
    spec: JobSpec,
    space: Space,
    engine: Engine,
    stop: Stop,
    progress: Callable[[Progress], None] | None,
) -> Job:
    units = _Units(spec, space, store.remaining(job.id), engine.unit_seconds)
    store.set_state(job.id, "running")
    done, findings, new_formulas = job.done, job.findings, 0
    began, checked = monotonic(), set[tuple[str, str]]()
    try:
        for result in engine.run(run_unit, units.until(stop)):
            units.learn(result)
            found = [Finding.model_validate_json(text) for text in result.findings]
            _cross_check(found, checked)
            outcome = store.record(job.id, result.start, result.stop, found, result.counters, result.seconds)
            done += result.stop - result.start
            findings += outcome.new_findings
            new_formulas += outcome.new_formulas
            if progress is not None:
                elapsed = max(monotonic() - began, 1e-9)
                rate = (done - job.done) / elapsed
                left = (job.total - done) / rate if rate else None
                progress(Progress(done, job.total, findings, new_formulas, rate, left))
            if store.job(job.id).state == "cancelled":
                stop.asked = True
    except Unavailable:
        store.set_state(job.id, "paused")
        raise
    except ConstantsLabError as error:
        store.set_state(job.id, "failed", str(error))
        raise
    except BaseException:
        store.set_state(job.id, "paused")
        raise
    finished = store.job(job.id)
    if finished.complete or finished.state == "running":
        # Somebody may have cancelled the job meanwhile; that stays.
        store.set_state(job.id, "done" if finished.complete else "paused")
    return store.job(job.id)


def _cross_check(findings: list[Finding], checked: set[tuple[str, str]]) -> None:
    """SymPy's and mpmath's opinion on each identity not yet asked for; raises when they disagree with ours."""
    for finding in findings:
        claims = [(finding.formula, finding.identities)]
        claims += [(companion.formula, companion.identities) for companion in finding.companions]
        for formula, identities in claims:
            for identity in identities:
                if (formula.exact_key, identity.lhs) not in checked:
                    _ask(formula, identity)
                    checked.add((formula.exact_key, identity.lhs))


def _ask(formula: FormulaRecord, identity: IdentityRecord) -> None:
    rows = [[int(k) for k in row] for row in identity.matrix]
    if formula.kind == "pcf":
        check_identity(PCF(formula.a or "", formula.b or ""), identity_in(identity.constant, rows))
    elif formula.kind == "signed":
        signed = SignedCF(formula.signs or [], formula.prefix or [], formula.polynomials or [])
        check_signed(signed, identity.constant, rows, identity.lhs)
