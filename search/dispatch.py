"""One run of units on Dask: what is in flight, who may do it, what came back, and what is submitted again.

Every result is asked for by a message of its own, on the client's event loop, so a worker that does not answer holds up nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from uuid import uuid4

from constants_lab.errors import InputError, Unavailable
from constants_lab.search.engine import TRIES, Completed, GivenUp, WrongVersion, failure_text
from constants_lab.search.replication import machine_of

if TYPE_CHECKING:
    from constants_lab.search.cluster import DaskEngine

__all__ = ["Dispatch", "on_worker"]

Unit = TypeVar("Unit")
Result = TypeVar("Result")

_IN_FLIGHT = 3
"""Units a worker thread has in hand, so that it never waits for the coordinator."""
_POLL = 0.5
_FETCH_SECONDS = 30.0
"""A finished result that does not come within this is asked for again."""


@dataclass
class _InFlight(Generic[Unit]):
    """A unit, its failures, and the addresses of the workers that may do it (None: all)."""

    unit: Unit
    tries: int = 0
    allowed: frozenset[str] | None = None


_State = Literal["here", "failed", "late", "lost", "gone"]


@dataclass(frozen=True)
class _Fetched:
    """What became of a finished future: its result is ``here`` or has ``failed`` (with the exception), it was not delivered in
    time (``late``), it was ``lost`` with its worker, or the scheduler is ``gone``."""

    key: str
    state: _State
    content: Any = None


def on_worker(work: Callable[[Unit], Result], unit: Unit) -> tuple[Result | None, str]:
    """Run on a worker: the result, and why this worker may do no unit of this run ("" if it may)."""
    try:
        return work(unit), ""
    except WrongVersion as error:
        return None, str(error)


class Dispatch(Generic[Unit, Result]):
    """The units of one run; see :meth:`constants_lab.search.engine.Engine.run`."""

    def __init__(self, engine: DaskEngine, work: Callable[[Unit], Result], units: Iterator[Unit]) -> None:
        self._engine, self._work, self._units = engine, work, units
        # Two coordinators may have the same process number, and Dask does a key once for all of them.
        self._name, self._numbers = f"clab-{uuid4().hex}", itertools.count()
        self._in_flight: dict[str, _InFlight[Unit]] = {}
        self._futures: dict[str, Any] = {}
        self._waiting: list[_InFlight[Unit]] = []
        """Units that no worker may do now: those that are there have said what they had to say."""
        self._results: dict[tuple[int, int], dict[str, Completed[Result]]] = {}
        self._arrived: queue.SimpleQueue[_Fetched] = queue.SimpleQueue()
        self._barred: set[str] = set()
        """Machines that get no more units of this run."""
        self._outdated: dict[str, str] = {}
        """Those of them that have another version, and what they said."""
        self._present: frozenset[str] = frozenset()
        self._completed: Any = None
        self._said = ""

    def outcomes(self) -> Iterator[Completed[Result] | GivenUp[Unit]]:
        """Results as they come."""
        self._renew()
        while self._fill():
            for fetched in self._arrivals():
                outcome = self._taken(fetched)
                if outcome is not None:
                    yield outcome

    def refuse(self, unit: Unit, worker: str) -> None:
        """Take no more results of the machine of ``worker``, and have the unit done by another."""
        self._barred.add(machine_of(worker))
        self._waiting.append(_InFlight(unit))

    def _renew(self) -> None:
        from distributed import as_completed

        self._completed = as_completed(loop=self._engine.client.loop)

    # Submitting

    def _fill(self) -> bool:
        """Submit what there is room for; whether anything is in flight or waiting."""
        self._notice_workers()
        waiting, self._waiting = self._waiting, []
        if self._engine.stopped():
            if not self._engine.addresses():
                # Nobody is there to finish what is in flight.
                for key in list(self._in_flight):
                    self._drop(key)
        else:
            for entry in waiting:
                self._submit(entry)
        room = _IN_FLIGHT * self._engine.workers - len(self._in_flight) - len(self._waiting)
        while room > 0:
            unit = next(self._units, None)
            if unit is None:
                break
            self._submit(_InFlight(unit))
            room -= 1
        return bool(self._in_flight or self._waiting)

    def _notice_workers(self) -> None:
        """Units that only workers may do that have left go to others."""
        present = frozenset(self._engine.addresses())
        if present == self._present:
            return
        self._present = present
        for key, entry in list(self._in_flight.items()):
            if entry.allowed is not None and not entry.allowed & present:
                self._drop(key)
                self._waiting.append(entry)

    def _submit(self, entry: _InFlight[Unit]) -> None:
        allowed = self._allowed(entry.unit)
        if allowed is not None and not allowed:
            self._refuse_if_hopeless()
            self._waiting.append(entry)
            return
        entry.allowed = allowed
        key = f"{self._name}-{next(self._numbers)}"
        workers = None if allowed is None else sorted(allowed)
        future = self._engine.client.submit(on_worker, self._work, entry.unit, pure=False, key=key, workers=workers)
        self._in_flight[key], self._futures[key] = entry, future
        self._completed.add(future)

    def _allowed(self, unit: Unit) -> frozenset[str] | None:
        """The addresses that may do a unit; None: all."""
        quorum = self._engine.quorum
        barred: frozenset[str] | set[str] = self._barred
        if quorum is not None:
            barred = barred | quorum.voters(_place(unit)) | quorum.banned
        if not barred:
            return None
        return frozenset(a for a in self._engine.addresses() if machine_of(self._engine.label(a)) not in barred)

    def _refuse_if_hopeless(self) -> None:
        """Raise when every worker has another version: waiting for others would look like work."""
        machines = {machine_of(self._engine.label(address)) for address in self._engine.addresses()}
        if machines and machines <= self._outdated.keys() and not self._in_flight:
            raise InputError(self._outdated[min(machines)])

    # Fetching

    def _arrivals(self) -> list[_Fetched]:
        """What has arrived; nothing after a moment in which nothing did."""
        if not self._in_flight:
            self._say_waiting()
            sleep(_POLL)
            return []
        client, completed = self._engine.client, self._completed
        for future in completed.next_batch(block=False):
            client.loop.add_callback(self._fetch, client, completed, future)
        with completed.thread_condition:
            if self._arrived.empty() and not completed.has_ready():
                completed.thread_condition.wait(timeout=_POLL)
        found: list[_Fetched] = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._arrived.get_nowait())
        if not found and not self._engine.addresses():
            self._say_waiting()
        elif found:
            self._said = ""
        return found

    async def _fetch(self, client: Any, completed: Any, future: Any) -> None:
        self._arrived.put(await self._fetched(client, future))
        with completed.thread_condition:
            completed.thread_condition.notify()

    async def _fetched(self, client: Any, future: Any) -> _Fetched:
        key = future.key
        try:
            if future.status == "error":
                [error] = await client.gather([future], errors="raise", asynchronous=True)
                return _Fetched(key, "failed", error)
        except asyncio.CancelledError:
            return _Fetched(key, "gone")
        except Exception as error:
            return _Fetched(key, "failed", error)
        if future.status != "finished":
            return _Fetched(key, "gone")
        try:
            # Client.gather makes one message of all that are asked for, and the slowest worker then decides for all.
            reply = await asyncio.wait_for(client.scheduler.gather(keys=[key]), _FETCH_SECONDS)
            # A worker may call itself what it likes: who did it is asked of the scheduler.
            holders = await asyncio.wait_for(client.scheduler.who_has(keys=[key]), _FETCH_SECONDS)
        except TimeoutError:
            return _Fetched(key, "late")
        except (Exception, asyncio.CancelledError):
            return _Fetched(key, "gone")
        addresses = list(holders.get(key) or ())
        if reply["status"] != "OK" or not addresses:
            return _Fetched(key, "lost")
        return _Fetched(key, "here", (reply["data"][key], str(addresses[0])))

    def _say_waiting(self) -> None:
        if not self._engine.addresses():
            said = "waiting for workers: start some with `clab worker ADDRESS`"
        else:
            said = "waiting for another machine: those that are there may not do what is left"
        if said != self._said:
            self._said = said
            self._engine.say(said)

    # What came

    def _taken(self, fetched: _Fetched) -> Completed[Result] | GivenUp[Unit] | None:
        entry = self._in_flight.get(fetched.key)
        if entry is None:
            # Of a client that was given up, or given to others meanwhile.
            return None
        match fetched.state:
            case "late":
                # Its worker does not answer: Dask will notice, and have it computed elsewhere.
                self._completed.add(self._futures[fetched.key])
                return None
            case "gone":
                self._recover()
                return None
            case "lost":
                return self._failed(fetched.key, RuntimeError("its result was lost with its worker"))
            case "failed":
                return self._failed(fetched.key, fetched.content)
        self._drop(fetched.key)
        content, address = fetched.content
        worker = self._engine.label(address)
        try:
            result, refusal = content
        except (TypeError, ValueError):
            self._bar(machine_of(worker), f"{machine_of(worker)} sent something else than a result")
            self._submit(entry)
            return None
        if refusal:
            self._outdated[machine_of(worker)] = refusal
            self._bar(machine_of(worker), refusal)
            self._submit(entry)
            return None
        if hasattr(result, "start") and not _same_place(result, entry.unit):
            self._bar(machine_of(worker), f"{machine_of(worker)} sent the result of another unit")
            self._submit(entry)
            return None
        return self._counted(entry, Completed(result, worker, entry.unit))

    def _bar(self, machine: str, reason: str) -> None:
        if machine not in self._barred:
            self._barred.add(machine)
            self._engine.say(f"{reason}; it gets no units of this job")

    def _drop(self, key: str) -> None:
        self._in_flight.pop(key, None)
        future = self._futures.pop(key, None)
        if future is not None:
            with contextlib.suppress(Exception):
                future.release()

    def _failed(self, key: str, error: BaseException) -> GivenUp[Unit] | None:
        """Submit a unit once more, or give it up."""
        from distributed.scheduler import KilledWorker

        entry = self._in_flight[key]
        self._drop(key)
        if isinstance(error, KilledWorker):
            # Dask has tried it on as many workers as it allows (three in all).
            return GivenUp(entry.unit, TRIES, "the workers that tried it died (out of memory, perhaps)")
        entry.tries += 1
        if entry.tries >= TRIES:
            return GivenUp(entry.unit, entry.tries, failure_text(error))
        self._submit(entry)
        return None

    def _recover(self) -> None:
        """The scheduler was lost with all its futures: submit everything in flight again."""
        lost = list(self._in_flight.values())
        self._in_flight.clear()
        self._futures.clear()
        try:
            self._engine.reconnect()
        except Unavailable:
            self._waiting.clear()
            raise
        self._renew()
        self._present = frozenset()
        for entry in lost:
            self._submit(entry)

    def _counted(self, entry: _InFlight[Unit], done: Completed[Result]) -> Completed[Result] | None:
        quorum = self._engine.quorum
        if quorum is None:
            return done
        place, machine = _place(entry.unit), machine_of(done.worker)
        digest = getattr(done.result, "digest", None)
        if digest is None:
            raise InputError("results without a digest cannot be compared: run without --replicate")
        self._results.setdefault(place, {}).setdefault(digest, done)
        decision = quorum.vote(place, machine, digest)
        if decision.accepted is None:
            self._submit(entry)
            return None
        return self._results.pop(place)[decision.accepted]


def _same_place(result: Any, unit: Any) -> bool:
    try:
        return _place(result) == _place(unit)
    except (AttributeError, TypeError, ValueError):
        return False


def _place(unit: Any) -> tuple[int, int]:
    return int(unit.start), int(unit.stop)
