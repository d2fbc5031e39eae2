"""What is set up in the processes of a local Dask cluster.  Imports distributed, so it is itself imported on use."""

from __future__ import annotations

import signal
import threading

from distributed import Worker, WorkerPlugin

__all__ = ["IgnoreInterrupts"]


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
