"""Engines: how units of work become results.  One method, ``run``: units in, results out as they come.

An engine holds a bounded number of units in flight and asks for the next only when one is done, so a job of any number of
units costs constant memory.  Workers never see the database.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from constants_lab.errors import Unavailable

__all__ = ["DaskEngine", "Engine", "LocalEngine", "choose_engine"]

Unit = TypeVar("Unit")
Result = TypeVar("Result")

IN_PROCESS_SECONDS = 5.0
"""Jobs estimated shorter run in this process: a cluster takes longer to start."""

_IN_FLIGHT = 3
"""Units a worker thread has in hand, so that it never waits for the coordinator."""


class Engine(Protocol):
    """Where work is done."""

    unit_seconds: float

    @property
    def workers(self) -> int:
        """Units that can be worked on at the same time."""
        ...

    def run(self, work: Callable[[Unit], Result], units: Iterator[Unit]) -> Iterator[Result]:
        """Results of ``work`` on each unit, in any order; stops asking for units when the iterator is exhausted."""
        ...

    def close(self) -> None:
        """Free what the engine holds."""
        ...


class LocalEngine:
    """In this process, one unit after the other."""

    workers = 1
    unit_seconds = 1.0

    def run(self, work: Callable[[Unit], Result], units: Iterator[Unit]) -> Iterator[Result]:
        """See :class:`Engine`."""
        for unit in units:
            yield work(unit)

    def close(self) -> None:
        """Nothing to free."""


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """No interrupts inside the block; processes begun there inherit that (see :mod:`constants_lab.search.workers`).

    A Ctrl-C in that second is lost.  To hear it here and not in the new processes, which share the terminal, the signal would
    have to be ignored in them before Python starts, and only a disposition that we have too is inherited.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class DaskEngine:
    """A Dask cluster: a local one of processes, or any scheduler by its address.

    Raises :class:`Unavailable` when the scheduler does not answer within ``timeout`` seconds.
    """

    unit_seconds = 10.0

    def __init__(self, address: str | None = None, workers: int | None = None, timeout: float = 20.0) -> None:
        from distributed import Client, LocalCluster

        from constants_lab.search.workers import IgnoreInterrupts

        logging.getLogger("distributed").setLevel(logging.ERROR)
        self._cluster: Any = None
        try:
            if address is None:
                count = workers or os.cpu_count() or 1
                with _deaf():
                    self._cluster = LocalCluster(
                        n_workers=count,
                        threads_per_worker=1,
                        processes=True,
                        host="127.0.0.1",
                        dashboard_address=None,
                        silence_logs=logging.CRITICAL,
                    )
                    self._client = Client(self._cluster, timeout=timeout, set_as_default=False)
                    self._client.wait_for_workers(count, timeout=60)
                    self._client.register_plugin(IgnoreInterrupts())
            else:
                self._client = Client(address, timeout=timeout, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            self.close()
            where = address or "a local cluster"
            raise Unavailable(
                f"no Dask scheduler answered at {where} within {timeout:.0f} s ({str(error)[:120]}): check that it runs"
            ) from None

    @property
    def workers(self) -> int:
        """Worker threads at this moment, at least 1."""
        return max(1, sum(self._client.nthreads().values()))

    def run(self, work: Callable[[Unit], Result], units: Iterator[Unit]) -> Iterator[Result]:
        """See :class:`Engine`; raises :class:`Unavailable` when the cluster is lost."""
        from distributed import as_completed
        from distributed.client import FutureCancelledError
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker

        completed = as_completed(loop=self._client.loop)
        waiting = 0

        def fill() -> int:
            added = 0
            while waiting + added < _IN_FLIGHT * self.workers:
                unit = next(units, None)
                if unit is None:
                    break
                completed.add(self._client.submit(work, unit, pure=False))
                added += 1
            return added

        waiting += fill()
        while waiting:
            future = next(completed)
            waiting -= 1
            try:
                result = future.result()
            except KilledWorker:
                raise Unavailable(
                    "several workers died on the same unit of work: look at their memory, then resume the job"
                ) from None
            except (FutureCancelledError, CommClosedError):
                raise Unavailable("the Dask scheduler was lost: start it anew and resume the job") from None
            future.release()
            yield result
            waiting += fill()

    def close(self) -> None:
        """Leave the scheduler; a local cluster is shut down."""
        with contextlib.suppress(Exception):
            if hasattr(self, "_client"):
                self._client.close(timeout=2)
        with contextlib.suppress(Exception):
            if self._cluster is not None:
                self._cluster.close(timeout=3)


def choose_engine(expected_seconds: float, workers: int | None = None, scheduler: str | None = None) -> Engine:
    """The engine for a job: a given scheduler, else this process for short jobs, else a local cluster.

    ``workers`` fixes the number of local processes; 0 means this process.
    """
    if scheduler is not None:
        return DaskEngine(scheduler)
    cores = os.cpu_count() or 1
    if workers == 0 or (workers is None and (expected_seconds < IN_PROCESS_SECONDS or cores == 1)):
        return LocalEngine()
    return DaskEngine(None, workers or cores)
