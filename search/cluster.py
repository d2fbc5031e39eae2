"""The Dask engine: a local cluster of processes, or any scheduler by its address.

Dask forgets everything when a scheduler dies, may run a unit twice, and loses workers; so every unit in flight is remembered
here and submitted again when that happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import platform
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Generic, TypeVar

from constants_lab.errors import ConstantsLabError, InputError, Unavailable
from constants_lab.search.engine import TRIES, Completed, GivenUp, failure_text
from constants_lab.search.replication import Quorum, Replication, machine_of

__all__ = ["DaskEngine"]

Unit = TypeVar("Unit")
Result = TypeVar("Result")

_IN_FLIGHT = 3
"""Units a worker thread has in hand, so that it never waits for the coordinator."""
_LOOK_AGAIN = 2.0
"""Seconds for which the list of workers is taken to be what it was."""
_POLL = 0.5
_FETCH_SECONDS = 30.0
"""A finished result that does not come within this was lost with its worker."""


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


@dataclass
class _InFlight(Generic[Unit]):
    unit: Unit
    tries: int = 0


def on_worker(work: Callable[[Unit], Result], unit: Unit) -> tuple[Result, str]:
    """Run on a worker: the result with the worker's name, which is its machine's with a number where Dask gave the number."""
    from distributed import get_worker

    name = str(get_worker().name)
    return work(unit), f"{platform.node()}#{name}" if name.isdigit() else name


class DaskEngine:
    """Units on a Dask cluster.  ``patience``: seconds that a lost scheduler is waited for before the run is given up.

    With ``replication`` a result counts when so many machines agree (:mod:`constants_lab.search.replication`).
    """

    unit_seconds = 10.0

    def __init__(
        self,
        client: Any,
        connect: Callable[[float], Any] | None = None,
        cluster: Any = None,
        replication: Replication = 1,
        patience: float = 120.0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client, self._connect, self._cluster = client, connect, cluster
        self._patience, self._say = patience, say
        self._seen: tuple[float, dict[str, tuple[str, int]]] = (-1e9, {})
        self.trusted = cluster is not None
        self.quorum = Quorum(replication) if replication != 1 else None

    @classmethod
    def local(cls, workers: int, *, timeout: float = 20.0) -> DaskEngine:
        """A cluster of processes of this machine, on loopback."""
        import dask
        from distributed import Client, LocalCluster

        from constants_lab.search.workers import WORKER_SETTINGS, IgnoreInterrupts

        logging.getLogger("distributed").setLevel(logging.ERROR)
        cluster = client = None
        try:
            settings = {
                **WORKER_SETTINGS,
                "distributed.scheduler.allowed-failures": TRIES - 1,
                # A worker that dies takes the blame for the unit it ran, not for others it would have run next.
                "distributed.scheduler.worker-saturation": 1.0,
            }
            with _deaf(), dask.config.set(settings):
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                )
                client = Client(cluster, timeout=timeout, set_as_default=False)
                client.wait_for_workers(workers, timeout=60)
                client.register_plugin(IgnoreInterrupts())
        except (OSError, TimeoutError, ValueError) as error:
            cls(client, cluster=cluster).close()
            raise Unavailable(f"no local cluster of processes could be started ({str(error)[:120]})") from None
        return cls(client, cluster=cluster)

    @classmethod
    def at(
        cls,
        address: str,
        tls_dir: Path | None = None,
        *,
        insecure: bool = False,
        replication: Replication = 1,
        timeout: float = 20.0,
        patience: float = 120.0,
        say: Callable[[str], None] = lambda _: None,
    ) -> DaskEngine:
        """The workers of a scheduler; any Dask scheduler will do.

        Raises :class:`Unavailable` when it does not answer within ``timeout`` seconds, :class:`InputError` for an address that
        is not allowed and for unusable TLS files.
        """
        from distributed import Client

        from constants_lab.search.security import check_address, reach, security_of

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        check_address(address, tls_dir, insecure)
        security = security_of(tls_dir)
        silence = ""
        try:
            # A refused certificate is told in a sentence here, and not as a lost connection later.
            reach(address, security, timeout)
        except OSError as error:
            silence = str(error)

        def connect(within: float) -> Any:
            return Client(address, timeout=within, set_as_default=False, security=security)

        try:
            client = connect(timeout)
        except (OSError, TimeoutError, ValueError) as error:
            said = (silence or str(error))[:120]
            raise Unavailable(
                f"no Dask scheduler answered at {address} within {timeout:.0f} s ({said}): check that it runs"
            ) from None
        return cls(client, connect, replication=replication, patience=patience, say=say)

    @property
    def dashboard(self) -> str | None:
        """The address of Dask's dashboard, if the scheduler has one."""
        link = getattr(self._client, "dashboard_link", None)
        info = self._client.scheduler_info() if link else {}
        return link if info.get("services", {}).get("dashboard") else None

    def _workers(self) -> dict[str, tuple[str, int]]:
        """Address -> (name, threads) of the workers, looked up every two seconds."""
        looked, known = self._seen
        if monotonic() - looked > _LOOK_AGAIN or not known:
            info = self._client.scheduler_info(n_workers=-1)
            known = {address: (str(w["name"]), int(w["nthreads"])) for address, w in info["workers"].items()}
            self._seen = (monotonic(), known)
        return known

    @property
    def workers(self) -> int:
        """Worker threads at this moment, at least 1."""
        return max(1, sum(threads for _, threads in self._workers().values()))

    def run(self, work: Callable[[Unit], Result], units: Iterator[Unit]) -> Iterator[Completed[Result] | GivenUp[Unit]]:
        """See :class:`constants_lab.search.engine.Engine`."""
        return _Run(self, work, units).outcomes()

    def reconnect(self) -> None:
        """A new client to the same address; raises :class:`Unavailable` when none is had within the patience."""
        with contextlib.suppress(Exception):
            self._client.close(timeout=1)
        if self._connect is None:
            raise Unavailable("the local cluster was lost: resume the job")
        self._say("the Dask scheduler was lost: waiting for it to come back")
        deadline = monotonic() + self._patience
        while True:
            try:
                self._client = self._connect(5.0)
            except (OSError, TimeoutError, ValueError):
                if monotonic() > deadline:
                    raise Unavailable(
                        f"the Dask scheduler was lost and did not come back within {self._patience:.0f} s: "
                        "start it anew and resume the job"
                    ) from None
                sleep(1.0)
            else:
                self._seen = (-1e9, {})
                self._say("the scheduler is back: going on")
                return

    def close(self) -> None:
        """Leave the scheduler; a local cluster is shut down."""
        with contextlib.suppress(Exception):
            if self._client is not None:
                self._client.close(timeout=2)
        with contextlib.suppress(Exception):
            if self._cluster is not None:
                self._cluster.close(timeout=3)


class _Run(Generic[Unit, Result]):
    """One run of an engine: the units in flight and their futures."""

    _numbers = itertools.count()

    def __init__(self, engine: DaskEngine, work: Callable[[Unit], Result], units: Iterator[Unit]) -> None:
        self._engine, self._work, self._units = engine, work, units
        self._in_flight: dict[str, _InFlight[Unit]] = {}
        self._waiting: list[_InFlight[Unit]] = []
        """Units that no worker may do now: those that were asked have said what they had to say."""
        self._results: dict[tuple[int, int], dict[str, Completed[Result]]] = {}
        self._completed: Any = None
        self._asked_for_workers = False

    def outcomes(self) -> Iterator[Completed[Result] | GivenUp[Unit]]:
        self._renew()
        while self._fill():
            ready = self._ready()
            for future, result in zip(ready, self._fetch(ready), strict=True):
                outcome = self._taken(future, result)
                if outcome is not None:
                    yield outcome

    def _renew(self) -> None:
        from distributed import as_completed

        self._completed = as_completed(loop=self._engine._client.loop)

    def _fill(self) -> bool:
        """Submit what there is room for; whether anything is in flight or waiting."""
        room = _IN_FLIGHT * self._engine.workers - len(self._in_flight)
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            self._submit(entry)
        while room > 0:
            unit = next(self._units, None)
            if unit is None:
                break
            self._submit(_InFlight(unit))
            room -= 1
        return bool(self._in_flight or self._waiting)

    def _submit(self, entry: _InFlight[Unit]) -> None:
        allowed = self._allowed(entry.unit)
        if allowed is not None and not allowed:
            self._waiting.append(entry)
            return
        key = f"clab-{os.getpid()}-{next(self._numbers)}"
        future = self._engine._client.submit(on_worker, self._work, entry.unit, pure=False, key=key, workers=allowed)
        self._in_flight[key] = entry
        self._completed.add(future)

    def _allowed(self, unit: Unit) -> list[str] | None:
        """The addresses that may do a unit; None: all."""
        quorum = self._engine.quorum
        if quorum is None:
            return None
        barred = quorum.voters(_place(unit)) | quorum.banned
        if not barred:
            return None
        return [address for address, (name, _) in self._engine._workers().items() if machine_of(name) not in barred]

    def _ready(self) -> list[Any]:
        """All futures that are finished; none after a moment in which none finished."""
        if not self._in_flight:
            self._say_waiting()
            sleep(_POLL)
            return []
        if not self._completed.has_ready():
            if self._engine._workers():
                self._asked_for_workers = False
            else:
                self._say_waiting()
            with self._completed.thread_condition:
                self._completed.thread_condition.wait(timeout=_POLL)
        return self._completed.next_batch(block=False)

    def _fetch(self, futures: list[Any]) -> list[Any]:
        """For each future its result, or the exception that came instead.

        All are asked for at once: Dask then makes few messages of them, and one lost worker holds up the others only once.
        """
        if not futures:
            return []
        client = self._engine._client

        async def fetched(future: Any) -> Any:
            try:
                [result] = await asyncio.wait_for(client.gather([future], asynchronous=True), _FETCH_SECONDS)
            except (Exception, asyncio.CancelledError) as error:
                return error
            return result

        async def all_fetched() -> list[Any]:
            return await asyncio.gather(*map(fetched, futures))

        return client.sync(all_fetched)

    def _say_waiting(self) -> None:
        if not self._asked_for_workers:
            self._asked_for_workers = True
            self._engine._say("waiting for workers: start some with `clab worker ADDRESS`")

    def _recover(self) -> None:
        """The scheduler was lost with all its futures: submit everything in flight again."""
        lost = list(self._in_flight.values())
        self._in_flight.clear()
        self._engine.reconnect()
        self._renew()
        for entry in lost:
            self._submit(entry)

    def _taken(self, future: Any, fetched: Any) -> Completed[Result] | GivenUp[Unit] | None:
        """What becomes of a finished future; ``fetched`` is its result, or the exception that came instead."""
        from distributed.client import FutureCancelledError
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker

        entry = self._in_flight.get(future.key)
        if entry is None:
            # Of a client that was given up.
            return None
        match fetched:
            case TimeoutError() if future.status != "error":
                # Lost with its worker, so it is being computed again; meanwhile others finish.
                self._completed.add(future)
                return None
            case FutureCancelledError() | CommClosedError() | asyncio.CancelledError():
                self._recover()
                return None
            case KilledWorker():
                # Dask has tried it on as many workers as it allows (three in all).
                del self._in_flight[future.key]
                return GivenUp(entry.unit, TRIES, "the workers that tried it died (out of memory, perhaps)")
            case ConstantsLabError():
                raise fetched
            case Exception():
                return self._failed(future, entry, fetched)
        del self._in_flight[future.key]
        future.release()
        result, worker = fetched
        return self._counted(entry, Completed(result, worker))

    def _failed(self, future: Any, entry: _InFlight[Unit], error: Exception) -> GivenUp[Unit] | None:
        """Submit a unit once more, or give it up."""
        del self._in_flight[future.key]
        entry.tries += 1
        if entry.tries >= TRIES:
            return GivenUp(entry.unit, entry.tries, failure_text(error))
        self._submit(entry)
        return None

    def _counted(self, entry: _InFlight[Unit], done: Completed[Result]) -> Completed[Result] | None:
        quorum = self._engine.quorum
        if quorum is None:
            return done
        place, machine = _place(entry.unit), machine_of(done.worker)
        digest = getattr(done.result, "digest", None)
        if digest is None:
            raise InputError("results without a digest cannot be compared: run without --replicate")
        self._results.setdefault(place, {})[digest] = done
        decision = quorum.vote(place, machine, digest)
        if decision.accepted is None:
            self._submit(entry)
            return None
        return self._results.pop(place)[decision.accepted]


def _place(unit: Any) -> tuple[int, int]:
    return int(unit.start), int(unit.stop)
