"""The recorder: results on their way into the database, kept while it is away.

A database that cannot be reached for a while does not stop the workers: results wait here, up to a bound, and are tried again
with growing pauses.  Nothing counts before it is committed, so whatever is lost here is only computed again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic, sleep

from constants_lab.db.jobs import Job
from constants_lab.db.records import Finding
from constants_lab.db.store import Store
from constants_lab.errors import Unavailable
from constants_lab.search.engine import GivenUp
from constants_lab.search.second_opinion import cross_check, reconfirm
from constants_lab.search.units import Unit, UnitResult

__all__ = ["Recorder"]

_MOST_KEPT = 256
"""Results kept while the database is away; beyond, no new units are begun."""
_PATIENCE = 180.0
"""Seconds after which a database that stays away ends the run."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0


class Recorder:
    """Records the results of one run.  ``trusted``: the workers are this machine's own, so findings are not confirmed again.

    ``done``, ``findings`` and ``new_formulas`` say what is recorded by now.
    """

    def __init__(
        self,
        store: Store,
        job: Job,
        *,
        trusted: bool = True,
        say: Callable[[str], None] = lambda _: None,
        patience: float = _PATIENCE,
    ) -> None:
        self._store, self._job_id, self._trusted, self._say, self._patience = store, job.id, trusted, say, patience
        self._kept: deque[tuple[UnitResult, list[Finding], str]] = deque()
        self._aside: deque[GivenUp[Unit]] = deque()
        self._checked: set[tuple[str, str]] = set()
        self._away_since: float | None = None
        self._try_again = 0.0
        self._pause = _FIRST_PAUSE
        self.done, self.findings, self.new_formulas = job.done, job.findings, 0

    def add(self, result: UnitResult, worker: str) -> None:
        """Check a result and record it, now or when the database is back.

        Raises :class:`VerificationFailed` when a check fails, pydantic's error for what is no finding, and
        :class:`Unavailable` when the database has stayed away too long.
        """
        found = [Finding.model_validate_json(text) for text in result.findings]
        if not self._trusted:
            for finding in found:
                reconfirm(finding)
        cross_check(found, self._checked)
        self._kept.append((result, found, worker))
        self.flush(wait=len(self._kept) >= _MOST_KEPT)

    def set_aside(self, outcome: GivenUp[Unit]) -> None:
        """Note a unit that failed every time; the job goes on without it."""
        unit = outcome.unit
        self._say(
            f"candidates {unit.start} to {unit.stop - 1} failed {outcome.tries} times and are set aside: {outcome.error}"
        )
        self._aside.append(outcome)
        self.flush()

    def flush(self, wait: bool = False) -> None:
        """Record what is kept; with ``wait``, until that is done or the patience is at its end."""
        while self._kept or self._aside:
            if monotonic() < self._try_again:
                if not wait:
                    return
                sleep(max(0.0, self._try_again - monotonic()))
            try:
                self._record_first()
            except Unavailable as error:
                self._on_away(error)
            else:
                self._on_back()

    def _record_first(self) -> None:
        if self._kept:
            result, found, worker = self._kept[0]
            outcome = self._store.record(
                self._job_id, result.start, result.stop, found, result.counters, result.seconds, worker=worker
            )
            self._kept.popleft()
            if not outcome.already_done:
                self.done += result.stop - result.start
            self.findings += outcome.new_findings
            self.new_formulas += outcome.new_formulas
        else:
            given_up = self._aside[0]
            unit = given_up.unit
            self._store.set_aside(self._job_id, unit.start, unit.stop, given_up.tries, given_up.error)
            self._aside.popleft()

    def _on_away(self, error: Unavailable) -> None:
        now = monotonic()
        if self._away_since is None:
            self._away_since = now
            self._say(f"{error}; trying again for {self._patience:.0f} s")
        elif now - self._away_since > self._patience:
            raise error
        self._try_again = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _on_back(self) -> None:
        if self._away_since is not None:
            self._say("the database is back: going on")
        self._away_since, self._pause, self._try_again = None, _FIRST_PAUSE, 0.0
