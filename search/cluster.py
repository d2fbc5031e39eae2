"""The Dask engine: a local cluster of processes, or any scheduler by its address.

Dask forgets everything when a scheduler dies, may run a unit twice, and loses workers; so every unit in flight is remembered
(:mod:`constants_lab.search.dispatch`) and submitted again when that happens.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

from constants_lab.errors import Unavailable
from constants_lab.search.dispatch import Dispatch
from constants_lab.search.engine import TRIES, Completed, GivenUp
from constants_lab.search.replication import Quorum, Replication

__all__ = ["DaskEngine"]

Unit = TypeVar("Unit")
Result = TypeVar("Result")

_LOOK_AGAIN = 2.0
"""Seconds for which the list of workers is taken to be what it was."""


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
        self.client, self._connect, self._cluster = client, connect, cluster
        self._patience, self.say = patience, say
        self.stopped: Callable[[], bool] = lambda: False
        self._looked = -1e9
        self._threads: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._dispatch: Dispatch[Any, Any] | None = None
        self.trusted = cluster is not None
        self.quorum = Quorum(replication) if replication != 1 else None

    @classmethod
    def local(cls, workers: int, *, timeout: float = 20.0) -> DaskEngine:
        """A cluster of processes of this machine, on loopback."""
        import dask
        from distributed import Client, LocalCluster, Security

        from constants_lab.search.workers import WORKER_SETTINGS, WORKER_TTL, IgnoreInterrupts

        logging.getLogger("distributed").setLevel(logging.ERROR)
        cluster = client = None
        try:
            settings = {
                **WORKER_SETTINGS,
                "distributed.scheduler.allowed-failures": TRIES - 1,
                # A worker that dies takes the blame for the unit it ran, not for others it would have run next.
                "distributed.scheduler.worker-saturation": 1.0,
                "distributed.scheduler.worker-ttl": WORKER_TTL,
            }
            with _deaf(), dask.config.set(settings):
                # Everybody on this machine can reach its loopback, and whoever may talk to Dask may run programs as its user.
                cluster = LocalCluster(
                    protocol="tls://",
                    security=Security.temporary(),
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
        except TimeoutError as error:
            raise Unavailable(
                f"no Dask scheduler answered at {address} within {timeout:.0f} s ({str(error)[:120]}): check that it runs"
            ) from None
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
        link = getattr(self.client, "dashboard_link", None)
        info = self.client.scheduler_info() if link else {}
        return link if info.get("services", {}).get("dashboard") else None

    def addresses(self) -> dict[str, int]:
        """Address -> threads of the workers, looked up every two seconds."""
        if monotonic() - self._looked > _LOOK_AGAIN or not self._threads:
            info = self.client.scheduler_info(n_workers=-1)
            self._threads = {address: int(worker["nthreads"]) for address, worker in info["workers"].items()}
            self._names |= {address: str(worker["name"]) for address, worker in info["workers"].items()}
            self._looked = monotonic()
        return self._threads

    def label(self, address: str) -> str:
        """The name of a worker as the scheduler has it; where that is a mere number, this machine's or the address."""
        if address not in self._names:
            self._looked = -1e9
            self.addresses()
        name = self._names.get(address, address)
        if not name.isdigit():
            return name
        return address if self._cluster is None else f"{platform.node()}#{name}"

    @property
    def workers(self) -> int:
        """Worker threads at this moment, at least 1."""
        return max(1, sum(self.addresses().values()))

    def run(self, work: Callable[[Unit], Result], units: Iterator[Unit]) -> Iterator[Completed[Result] | GivenUp[Unit]]:
        """See :class:`constants_lab.search.engine.Engine`."""
        dispatch = self._dispatch = Dispatch(self, work, units)
        return dispatch.outcomes()

    def refuse(self, unit: Any, worker: str) -> None:
        """See :class:`constants_lab.search.engine.Engine`."""
        if self._dispatch is not None:
            self._dispatch.refuse(unit, worker)

    def reconnect(self) -> None:
        """A new client to the same address; raises :class:`Unavailable` when none is had within the patience."""
        with contextlib.suppress(Exception):
            self.client.close(timeout=1)
        if self._connect is None:
            raise Unavailable("the local cluster was lost: resume the job")
        self.say("the Dask scheduler was lost: waiting for it to come back")
        deadline = monotonic() + self._patience
        while True:
            try:
                self.client = self._connect(5.0)
            except (OSError, TimeoutError, ValueError):
                if monotonic() > deadline:
                    raise Unavailable(
                        f"the Dask scheduler was lost and did not come back within {self._patience:.0f} s: "
                        "start it anew and resume the job"
                    ) from None
                sleep(1.0)
            else:
                self._looked, self._threads = -1e9, {}
                self.say("the scheduler is back: going on")
                return

    def close(self) -> None:
        """Leave the scheduler; a local cluster is shut down."""
        with contextlib.suppress(Exception):
            if self.client is not None:
                self.client.close(timeout=2)
        with contextlib.suppress(Exception):
            if self._cluster is not None:
                self._cluster.close(timeout=3)
