"""Engines: how units of work become results.  One method, ``run``: units in, outcomes out as they come.

An engine holds a bounded number of units in flight and asks for the next only when one is done, so a job of any number of
units costs constant memory.  A unit that fails is tried again, three times in all, and then given up with what it said; only
errors that would meet every unit end a run.  Workers never see the database.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from constants_lab.errors import ConstantsLabError

__all__ = ["TRIES", "Completed", "Engine", "GivenUp", "LocalEngine", "choose_engine"]

Unit = TypeVar("Unit")
Result = TypeVar("Result")

IN_PROCESS_SECONDS = 5.0
"""Jobs estimated shorter run in this process: a cluster takes longer to start."""

TRIES = 3
"""Times a unit is tried before it is given up."""


@dataclass(frozen=True)
class Completed(Generic[Result]):
    """A result, and the name of the worker it came from."""

    result: Result
    worker: str


@dataclass(frozen=True)
class GivenUp(Generic[Unit]):
    """A unit that failed every time, and what the last failure was."""

    unit: Unit
    tries: int
    error: str


class Engine(Protocol):
    """Where work is done.  ``trusted``: whether its workers are this machine's own."""

    unit_seconds: float
    trusted: bool

    @property
    def workers(self) -> int:
        """Units that can be worked on at the same time."""
        ...

    def run(self, work: Callable[[Unit], Result], units: Iterator[Unit]) -> Iterator[Completed[Result] | GivenUp[Unit]]:
        """Outcomes of ``work`` on each unit, in any order; stops asking for units when the iterator is exhausted.

        Raises the :class:`ConstantsLabError` that ``work`` raises, and :class:`Unavailable` when the workers are lost.
        """
        ...

    def close(self) -> None:
        """Free what the engine holds."""
        ...


def failure_text(error: BaseException) -> str:
    """What a failure said, in one line.

    >>> failure_text(ValueError("no such\\nnumber"))
    'ValueError: no such number'
    """
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500].rstrip(": ")


class LocalEngine:
    """In this process, one unit after the other."""

    workers = 1
    unit_seconds = 1.0
    trusted = True

    def run(self, work: Callable[[Unit], Result], units: Iterator[Unit]) -> Iterator[Completed[Result] | GivenUp[Unit]]:
        """See :class:`Engine`."""
        name = platform.node()
        for unit in units:
            yield _tried(work, unit, name)

    def close(self) -> None:
        """Nothing to free."""


def _tried(work: Callable[[Unit], Result], unit: Unit, name: str) -> Completed[Result] | GivenUp[Unit]:
    said = ""
    for _ in range(TRIES):
        try:
            return Completed(work(unit), name)
        except ConstantsLabError:
            raise
        except Exception as error:
            said = failure_text(error)
    return GivenUp(unit, TRIES, said)


def choose_engine(expected_seconds: float, workers: int | None = None, scheduler: str | None = None) -> Engine:
    """The engine for a job: a given scheduler, else this process for short jobs, else a local cluster.

    ``workers`` fixes the number of local processes; 0 means this process.
    """
    if scheduler is not None:
        from constants_lab.search.cluster import DaskEngine

        return DaskEngine.at(scheduler)
    cores = os.cpu_count() or 1
    if workers == 0 or (workers is None and (expected_seconds < IN_PROCESS_SECONDS or cores == 1)):
        return LocalEngine()
    from constants_lab.search.cluster import DaskEngine

    return DaskEngine.local(workers or cores)
