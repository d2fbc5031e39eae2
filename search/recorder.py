"""The recorder: results on their way into the database, kept while it is away.

A thread of its own writes them, one after the other, so a database that is slow, or has fallen silent, holds up nobody: results
wait here, up to a bound, and are tried again with growing pauses.  Nothing counts before it is committed, so whatever is lost
here is only computed again; and recording is idempotent, so what was written although no answer came does no harm.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import cached_property
from time import monotonic

from constants_lab.db.answers import answers_within
from constants_lab.db.jobs import Job
from constants_lab.db.records import Finding
from constants_lab.db.store import Store
from constants_lab.errors import Unavailable
from constants_lab.search.engine import GivenUp
from constants_lab.search.job import JobSpec, Method, Space, load_method
from constants_lab.search.second_opinion import cross_check, reconfirm
from constants_lab.search.units import Unit, UnitResult

__all__ = ["ANSWER", "Recorder"]

ANSWER = 30.0
"""Seconds of silence after which a database counts as away."""
_PATIENCE = 180.0
"""Seconds after which a database that stays away ends the run."""
_MOST_KEPT = 256
"""Results kept while the database is away; beyond, no new units are begun."""
_MOMENT = 0.5
"""Seconds that a result waits to be written before the run goes on without that."""
_LAST = 5.0
"""Seconds that what is kept has when a run breaks off."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0


class Recorder:
    """Records the results of one run.  ``trusted``: the workers are this machine's own, so findings are not confirmed again.

    ``done``, ``findings`` and ``new_formulas`` say what is recorded by now.  To be closed in the end.
    """

    def __init__(
        self,
        store: Store,
        job: Job,
        *,
        trusted: bool = True,
        say: Callable[[str], None] = lambda _: None,
        patience: float | None = None,
        answer: float | None = None,
    ) -> None:
        self._store, self._job, self._trusted, self._say = store, job, trusted, say
        self._patience = _PATIENCE if patience is None else patience
        self._answer = ANSWER if answer is None else answer
        self._checked: set[tuple[str, str]] = set()
        self.done, self.findings, self.new_formulas = job.done, job.findings, 0
        # What follows is shared with the writing thread, under the lock of `_changed`.
        self._changed = threading.Condition()
        self._kept: deque[Callable[[], None]] = deque()
        self._failure: BaseException | None = None
        self._away_since: float | None = None
        self._asking_since: float | None = None
        self._pause = _FIRST_PAUSE
        self._behind = self._started = self._closed = False
        # A daemon, since not every wait for a disk or a network can be ended.
        self._thread = threading.Thread(target=self._write, name=f"recorder of job {job.id}", daemon=True)

    def add(self, result: UnitResult, worker: str) -> None:
        """Check a result and record it, now or when the database is back.

        Raises :class:`VerificationFailed` when a check fails, pydantic's error for what is no finding, and
        :class:`Unavailable` when the database has stayed away too long.
        """
        found = [Finding.model_validate_json(text) for text in result.findings]
        if not self._trusted:
            method, space = self._searched
            found = [reconfirm(method, space, finding) for finding in found]
        cross_check(found, self._checked)
        self._keep(lambda: self._record(result, found, worker))

    @cached_property
    def _searched(self) -> tuple[Method, Space]:
        spec = JobSpec.of(self._job.method, self._job.spec)
        return load_method(spec.method), spec.space()

    @property
    def behind(self) -> bool:
        """Whether anything is still kept."""
        return bool(self._kept)

    def set_aside(self, outcome: GivenUp[Unit]) -> None:
        """Note a unit that failed every time; the job goes on without it."""
        unit = outcome.unit
        self._say(
            f"candidates {unit.start} to {unit.stop - 1} failed {outcome.tries} times and are set aside: {outcome.error}"
        )
        self._keep(lambda: self._store.set_aside(self._job.id, unit.start, unit.stop, outcome.tries, outcome.error))

    def flush(self, wait: bool = False) -> None:
        """Give what is kept a moment to be recorded; with ``wait``, until that is done or the patience is at its end."""
        with self._changed:
            if wait:
                while not self._changed.wait_for(self._settled, timeout=1.0):
                    self._require_patience()
            elif not self._behind:
                self._behind = not self._changed.wait_for(self._settled, timeout=_MOMENT)
            else:
                self._require_patience()
            if self._failure is not None:
                raise self._failure

    def close(self) -> None:
        """Record nothing more, but what a moment suffices for; a second call does nothing."""
        with self._changed:
            if self._away_since is None:
                self._changed.wait_for(self._settled, timeout=_LAST)
            self._closed = True
            self._kept.clear()
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def _keep(self, writing: Callable[[], None]) -> None:
        if not self._started:
            self._started = True
            self._thread.start()
        with self._changed:
            self._kept.append(writing)
            self._changed.notify_all()
            full = len(self._kept) >= _MOST_KEPT
        self.flush(wait=full)

    def _record(self, result: UnitResult, found: list[Finding], worker: str) -> None:
        outcome = self._store.record(
            self._job.id, result.start, result.stop, found, result.counters, result.seconds, worker=worker
        )
        if not outcome.already_done:
            self.done += result.stop - result.start
        self.findings += outcome.new_findings
        self.new_formulas += outcome.new_formulas

    def _settled(self) -> bool:
        return not self._kept or self._failure is not None

    def _require_patience(self) -> None:
        """Raise :class:`Unavailable` where even the wait for the database never ends (a hung network disk, say)."""
        if self._asking_since is not None and monotonic() - self._asking_since > self._patience + self._answer:
            raise Unavailable(
                f"the database {self._store.url} gives no answer: check it and the way to it, then resume"
            )

    # The writing thread

    def _write(self) -> None:
        try:
            with answers_within(self._answer):
                while (writing := self._next()) is not None:
                    try:
                        writing()
                    except Unavailable as error:
                        self._on_away(error)
                    else:
                        self._on_written()
        except BaseException as error:
            # It belongs to the thread that waits for what is written.
            with self._changed:
                self._failure = error
                self._asking_since = None
                self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        """What is to be written first, after the pause that a database that is away is given; None at the end."""
        with self._changed:
            if self._away_since is not None:
                self._changed.wait_for(lambda: self._closed, timeout=self._pause)
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._changed.wait_for(lambda: self._closed or bool(self._kept))
            if self._closed:
                return None
            self._asking_since = monotonic()
            return self._kept[0]

    def _on_away(self, error: Unavailable) -> None:
        with self._changed:
            began, self._asking_since = self._asking_since, None
            if self._away_since is None:
                self._away_since = began
                news = f"{error}; trying again for {self._patience:.0f} s"
            elif monotonic() - self._away_since > self._patience:
                raise error
            else:
                return
        self._say(news)

    def _on_written(self) -> None:
        with self._changed:
            was_away = self._away_since is not None
            self._away_since, self._asking_since, self._pause = None, None, _FIRST_PAUSE
            if self._kept:
                self._kept.popleft()
            self._behind = self._behind and bool(self._kept)
            self._changed.notify_all()
        if was_away:
            self._say("the database is back: going on")
