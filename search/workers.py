"""What runs on the machines that work: processes under supervision, and the compiled kernels they need.

Imports distributed, so it is itself imported on use.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import threading
from collections.abc import Callable
from multiprocessing import resource_tracker
from pathlib import Path
from time import monotonic
from typing import Any

import dask
from distributed import Nanny, Security, Worker, WorkerPlugin, rpc
from distributed.comm.addressing import unparse_host_port
from distributed.core import Status

from constants_lab import __version__
from constants_lab.errors import ConstantsLabError, Unavailable
from constants_lab.search.security import reach, refusal

__all__ = [
    "VERSION_KEY",
    "WORKER_SETTINGS",
    "WORKER_TTL",
    "Crew",
    "IgnoreInterrupts",
    "QuietWorker",
    "hush",
    "ready_kernels",
    "stop_on_signals",
    "warm_kernels",
]

VERSION_KEY = "constants-lab"
"""Under this key a scheduler of ours tells its program version, among Dask's metadata."""

WORKER_SETTINGS: dict[str, Any] = {
    # Dask lets the C library give memory back at once; tables of numbers would be mapped anew for every block, at some
    # percent of the time.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    # Looking a hundred times a second at what a kernel does tells nothing.
    "distributed.worker.profile.enabled": False,
}
"""Dask's settings for processes that compute, to be in force while they are begun."""

WORKER_TTL = "90s"
"""A worker that a scheduler of ours has not heard of for so long is taken for lost, and its units go to others."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 2.0
"""Seconds between attempts to reach a scheduler that is away."""
_REACH_SECONDS = 5.0
_START_SECONDS = 300.0
"""A process that has not joined by then is given up and begun anew."""
_LEAVE_SECONDS = 8.0
_SAME_SIGNAL_SECONDS = 1.0
_MOST_FAILURES = 5
"""Starts of a process that may fail in a row while the scheduler is there."""
_COMPILING = "compiling the kernels for this machine (once, about a minute)"
_SLOW_SECONDS = 10.0


class IgnoreInterrupts(WorkerPlugin):
    """Ctrl-C reaches every process of a terminal, and only the coordinator may act on it.

    A plugin, so that workers that replace lost ones get it too.
    """

    name = "constants-lab-ignore-interrupts"
    idempotent = True

    def setup(self, worker: Worker) -> None:
        """Ignore SIGINT in the process of ``worker``, if that has one of its own."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set ``stop`` at the first Ctrl-C or SIGTERM; one more, a second or later, ends this process at once, with code 130.

    Processes begun from here on do not hear Ctrl-C: a terminal sends it to them as well, and they are to end in order.
    """
    loop, asked = asyncio.get_running_loop(), list[float]()

    def heard(*_: object) -> None:
        # Some send every signal twice, to the process and to its group.
        if asked and monotonic() - asked[0] > _SAME_SIGNAL_SECONDS:
            os._exit(130)
        asked.append(monotonic())
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop.set)

    def listen() -> None:
        while True:
            heard(signal.sigwait({signal.SIGINT}))

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, heard)
    if hasattr(signal, "pthread_sigmask"):
        # New threads and processes inherit what is blocked, unlike handlers; somebody has to listen all the same.
        # Multiprocessing unblocks the signal when it starts its tracker, which therefore has to be there before.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        threading.Thread(target=listen, daemon=True).start()


def hush() -> None:
    """Let Dask say nothing in this process: it reports every lost connection with a traceback."""
    for logger in ("distributed", "asyncio", "tornado"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)


class QuietWorker(Worker):
    """A worker that leaves talking to its crew."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        hush()
        super().__init__(*arguments, **options)


class _TellingNanny(Nanny):
    """A nanny that says when it replaces its process."""

    def __init__(self, *arguments: Any, say: Callable[[str], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._say, self._begun = say, False

    async def instantiate(self) -> Status:
        if self._begun:
            self._say("a worker process ended and is replaced")
        self._begun = True
        return await super().instantiate()


class Crew:
    """Worker processes of this machine, kept at work for one scheduler whatever happens to them or to it.

    Each process has a nanny of Dask's, which replaces it when it dies.  When the connection to the scheduler is lost, Dask ends
    process and nanny; here every place then waits for the scheduler to answer and begins both anew.

    ``processes``: how many, each with one thread.  ``memory_limit``: bytes a process, None for no limit.  ``patience``: seconds
    to wait for a scheduler that is away, None for ever.  Names of workers are ``name#...``, unique among all that ever join.
    ``say`` tells the user, and is a function that another process can import.
    """

    def __init__(
        self,
        address: str,
        security: Security | None,
        processes: int,
        *,
        name: str,
        memory_limit: int | None = None,
        patience: float | None = None,
        say: Callable[[str], None],
    ) -> None:
        self._address, self._security, self._processes = address, security, processes
        self._name, self._memory_limit, self._patience, self._say = name, memory_limit, patience, say
        self._asking = asyncio.Lock()
        self._away = False
        self._own_host = ""
        self._nannies: set[Nanny] = set()
        self._working = 0

    async def work(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then leave: units in hand go back to the scheduler.

        Raises :class:`Unavailable` when the scheduler refuses this machine or stays away longer than the patience, when the
        kernels cannot be compiled, and when no process can be kept running.
        """
        hush()
        dask.config.set(WORKER_SETTINGS)
        working, stopped = asyncio.create_task(self._work()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            working.cancel()
            stopped.cancel()
            await asyncio.gather(working, stopped, return_exceptions=True)
            await self._leave()

    async def _work(self) -> None:
        with contextlib.suppress(OSError):
            # A refusal should not be heard only after a minute of compiling.
            await self._ask()
        await ready_kernels(self._say)
        try:
            async with asyncio.TaskGroup() as places:
                for number in range(self._processes):
                    places.create_task(self._place(number))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _place(self, number: int) -> None:
        """Keep one process at work."""
        failures = 0
        while True:
            await self._scheduler_answers()
            try:
                nanny = self._nanny(number)
                await nanny
            except Exception as error:
                sentence = refusal(error, self._address)
                if sentence is not None:
                    raise Unavailable(sentence) from None
                failures += 1
                if failures == _MOST_FAILURES:
                    raise Unavailable(f"no worker process can be kept running here ({_innermost(error)})") from None
            else:
                failures = 0
                await self._at_work(nanny)
            await asyncio.sleep(min(_FIRST_PAUSE * 2**failures, _LONGEST_PAUSE))

    async def _at_work(self, nanny: Nanny) -> None:
        self._working += 1
        if self._working == self._processes:
            self._say(f"joined {self._address} with {_counted(self._processes)}")
        try:
            await nanny.finished()
        finally:
            self._working -= 1

    def _nanny(self, number: int) -> Nanny:
        nanny = _TellingNanny(
            self._address,
            say=self._say,
            # Else the process would listen on every network of this machine.
            host=unparse_host_port(self._own_host),
            nthreads=1,
            # A name that Dask still takes to be present is refused, and after a power cut it does so for a while.
            name=f"{self._name}#{number}-{secrets.token_hex(3)}",
            memory_limit=self._memory_limit or 0,
            security=self._security,
            death_timeout=_START_SECONDS,
            # Its pages are not encrypted.
            dashboard_address="127.0.0.1:0",
            worker_class=QuietWorker,
        )
        self._nannies = {each for each in self._nannies if each.status not in (Status.closed, Status.failed)} | {nanny}
        return nanny

    async def _scheduler_answers(self) -> None:
        """Return when the scheduler is there and of our version; one place at a time asks."""
        async with self._asking:
            began, pause = monotonic(), _FIRST_PAUSE
            while True:
                try:
                    await self._ask()
                except ConstantsLabError:
                    raise
                except Exception as error:
                    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
                    if not self._away:
                        self._say(f"waiting for the scheduler at {self._address} ({reason})")
                    self._away = True
                    if self._patience is not None and monotonic() - began >= self._patience:
                        raise Unavailable(
                            f"no Dask scheduler answered at {self._address} within {self._patience / 60:g} minutes ({reason}): "
                            "check that `clab scheduler` runs there"
                        ) from None
                else:
                    self._away = False
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _ask(self) -> None:
        """Return when the scheduler is there and has our version; a scheduler of another program tells none.

        Raises :class:`Unavailable` when it will not work with us, OSError when it does not answer.
        """
        self._own_host = await asyncio.to_thread(reach, self._address, self._security, _REACH_SECONDS)
        connection = (self._security or Security()).get_connection_args("worker")
        async with asyncio.timeout(2 * _REACH_SECONDS), rpc(self._address, connection_args=connection) as scheduler:
            theirs = await scheduler.get_metadata(keys=[VERSION_KEY], default=None)
        if theirs not in (None, __version__):
            raise Unavailable(
                f"the scheduler at {self._address} has version {theirs} of constants-lab and this machine {__version__}: "
                "install the same version on both"
            )

    async def _leave(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_SECONDS):
                await asyncio.gather(*map(self._close, self._nannies), return_exceptions=True)

    async def _close(self, nanny: Nanny) -> None:
        if nanny.worker_address is not None:
            # Announced like this, the units in hand do not count as having killed a worker.  By name: a nanny may have the
            # address of a process that died as soon as it had begun.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_LEAVE_SECONDS / 4):
                    await nanny.scheduler.unregister(
                        address=nanny.name, expected=True, close=False, stimulus_id="leaving"
                    )
        await nanny.close(timeout=2, reason="leaving")


def _counted(number: int) -> str:
    return "1 process" if number == 1 else f"{number} processes"


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200].rstrip(": ")


_WARMING: tuple[tuple[str, dict[str, Any], int], ...] = (
    (
        "lookup",
        {"constants": ["e"], "lhs": 2, "a_degree": 1, "a_range": "-2..2", "b_degree": 1, "b_range": "-2..2"},
        300,
    ),
    ("lookup", {"constants": ["e"], "lhs": 2, "a": "A*n+1", "b": "B*n", "ranges": {"A": "1..2", "B": "1..2"}}, 4),
    ("esma", {"constants": ["e"], "lhs": 1, "period": "1..2"}, 64),
    ("sieve", {"a_degree": 2, "b_degree": 3, "bound": 5, "force": True}, 500),
    ("sieve", {"a_degree": 2, "b_degree": 4, "bound": 1, "split": True}, 36),
    ("survey", {"a_degree": 1, "b_degree": 1, "bound": 2}, 40),
    ("sieve", {"a": "11*n^2+11*n+A", "b": "B*n^4", "ranges": {"A": "2..4", "B": "-1..1"}}, 9),
)
"""(method, options, candidates) of tiny units that between them call every kernel."""


def warm_kernels(say: Callable[[str], None] = lambda _: None) -> None:
    """Compile every kernel into Numba's cache on disk, where other processes of this machine find it.

    Says so where that will take long.  Raises :class:`Unavailable` when nothing can be compiled or cached here.
    """
    try:
        import numpy as np

        from constants_lab.search.job import JobSpec, method_names
        from constants_lab.search.kernels.patterns import linear_complexity
        from constants_lab.search.kernels.scan import scan
        from constants_lab.search.units import Unit, run_unit

        if not any(Path(scan.stats.cache_path or ".").glob("*.nbi")):
            say(_COMPILING)
            say = lambda _: None  # noqa: E731
        late = threading.Timer(_SLOW_SECONDS, say, [_COMPILING])
        late.daemon = True
        late.start()
        try:
            for method, options, count in _WARMING:
                if method in method_names():
                    run_unit(Unit(method, JobSpec.of(method, options).spec.model_dump_json(), 0, count))
            # Asked only about quotients that grow exponentially.
            linear_complexity(np.arange(16, dtype=np.int64))
        finally:
            late.cancel()
    except ConstantsLabError:
        raise
    except Exception as error:
        raise Unavailable(
            f"the kernels cannot be compiled on this machine ({_innermost(error)}): "
            "if no folder for them can be written, name one with NUMBA_CACHE_DIR"
        ) from None


async def ready_kernels(say: Callable[[str], None]) -> None:
    """The same in a process that ends afterwards, so that this one stays small; cancelling it ends the process.

    ``say`` must be a function that another process can import.
    """
    from distributed.utils import get_mp_context

    context = get_mp_context()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_warm, args=(sender, say), daemon=True)
    process.start()
    sender.close()
    try:
        said = await asyncio.to_thread(_received, receiver)
    finally:
        process.kill()
        process.join()
    if said is not None:
        raise Unavailable(said)


def _warm(sender: Any, say: Callable[[str], None]) -> None:
    try:
        warm_kernels(say)
    except ConstantsLabError as error:
        sender.send(str(error))
    else:
        sender.send(None)


def _received(receiver: Any) -> str | None:
    try:
        text: str | None = receiver.recv()
    except EOFError:
        return "the kernels cannot be compiled on this machine: the process that does so was ended (out of memory, perhaps)"
    return text
