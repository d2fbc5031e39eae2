"""Where a job is worked on: the options about workers, schedulers and certificates, taken together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from constants_lab.cli.output import message
from constants_lab.errors import InputError

if TYPE_CHECKING:
    from constants_lab.search.engine import Engine

__all__ = ["Where"]


@dataclass(frozen=True)
class Where:
    """The options of the command line as they were given; None where one was not."""

    workers: int | None = None
    scheduler: str | None = None
    tls_dir: Path | None = None
    insecure: bool = False
    replicate: str | None = None
    unit_seconds: float | None = None

    def check(self) -> None:
        """Find what is wrong with the options, and whether the scheduler answers, before anything is changed.

        Raises :class:`InputError` and :class:`Unavailable`.
        """
        from constants_lab.search.replication import parse_replication

        if self.scheduler is None:
            if self.replicate is not None or self.tls_dir is not None:
                raise InputError("--replicate and --tls-dir are for other machines: add --scheduler ADDRESS")
            return
        if self.workers is not None:
            raise InputError("--workers is the number of processes on this machine: leave it out, or --scheduler")
        if self.replicate is not None:
            parse_replication(self.replicate)
        self.engine(0.0).close()

    def engine(self, expected_seconds: float) -> Engine:
        """The engine for a job of about so many seconds on one core."""
        from constants_lab.search.engine import choose_engine
        from constants_lab.search.replication import parse_replication

        engine: Engine
        if self.scheduler is None:
            engine = choose_engine(expected_seconds, self.workers)
        else:
            from constants_lab.search.cluster import DaskEngine

            engine = DaskEngine.at(
                self.scheduler,
                self.tls_dir,
                insecure=self.insecure,
                replication=1 if self.replicate is None else parse_replication(self.replicate),
                say=message,
            )
        if self.unit_seconds is not None:
            engine.unit_seconds = self.unit_seconds
        return engine
