"""Engines: how units of work become results.  One method, ``run``: units in, outcomes out as they come.

An engine holds a bounded number of units in flight and asks for the next only when one is done, so a job of any number of
units costs constant memory.  A unit that fails is tried again, three times in all, and then given up with what it said.
Workers never see the database.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from constants_lab.errors import InputError

__all__ = ["TRIES", "Completed", "Engine", "GivenUp", "LocalEngine", "WrongVersion", "choose_engine"]

Unit = TypeVar("Unit")
Result = TypeVar("Result")

IN_PROCESS_SECONDS = 5.0
"""Jobs estimated shorter run in this process: a cluster takes longer to start."""

TRIES = 3
"""Times a unit is tried before it is given up."""


class WrongVersion(InputError):
    """A worker has another version of this program than the coordinator: it can do no unit of this run."""


@dataclass(frozen=True)
class Completed(Generic[Result]):
    """A result, the name of the worker it came from, and the unit that was asked for."""

    result: Result
    worker: str
    unit: object = None


@dataclass(frozen=True)
class GivenUp(Generic[Unit]):
    """A unit that failed every time, and what the last failure was."""

    unit: Unit
    tries: int
    error: str


class Engine(Protocol):
    """Where work is done.

    ``trusted``: whether its workers are this machine's own.  ``stopped``: set by the runner; while it is true nothing new is
    begun.
    """

    unit_seconds: float
    trusted: bool
    stopped: Callable[[], bool]

    @property
    def workers(self) -> int:
        """Units that can be worked on at the same time."""
        ...

    def run(self, work: Callable[[Unit], Result], units: Iterator[Unit]) -> Iterator[Completed[Result] | GivenUp[Unit]]:
        """Outcomes of ``work`` on each unit, in any order; stops asking for units when the iterator is exhausted.

        Raises :class:`Unavailable` when the workers are lost, and :class:`InputError` when all have another version.
        """
        ...

    def refuse(self, unit: object, worker: str) -> None:
        """Take no more results of that worker's machine, and have the unit done by another; for workers not trusted."""
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

    def __init__(self) -> None:
        self.stopped: Callable[[], bool] = lambda: False

    def run(self, work: Callable[[Unit], Result], units: Iterator[Unit]) -> Iterator[Completed[Result] | GivenUp[Unit]]:
        """See :class:`Engine`."""
        name = platform.node()
        for unit in units:
            yield _tried(work, unit, name)

    def refuse(self, unit: object, worker: str) -> None:
        """This process is trusted, so nothing of it is ever refused."""
        raise AssertionError(f"{worker} is trusted")

    def close(self) -> None:
        """Nothing to free."""


def _tried(work: Callable[[Unit], Result], unit: Unit, name: str) -> Completed[Result] | GivenUp[Unit]:
    said = ""
    for _ in range(TRIES):
        try:
            return Completed(work(unit), name, unit)
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
