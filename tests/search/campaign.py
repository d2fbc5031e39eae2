"""A campaign of failures: a job on a scheduler, workers and a database of its own, whose processes are killed at random moments.

Everything is started as a user starts it, with ``clab``, and killed with SIGKILL; whatever was killed is started again.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

CLAB = (sys.executable, "-m", "constants_lab.cli.main")

ROWS = {
    "formula": "select exact_key, a, b, signs, prefix, polynomials, value, evidence from formula",
    "identity": "select f.exact_key, i.lhs, i.evidence, i.digits from identity i join formula f on f.id = i.formula_id",
    "finding": "select f.exact_key, g.candidate from finding g join formula f on f.id = g.formula_id",
    "label": "select f.exact_key, l.kind, l.detail from formula_label l join formula f on f.id = l.formula_id",
    "dynamics": "select f.exact_key, d.regime, d.delta, d.rate, d.depth from dynamics d join formula f on f.id = d.formula_id",
    "job": "select state, total, done, findings from job",
}


def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What a database holds, without numbers of rows and times."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return {
                name: sorted((tuple(map(repr, row)) for row in connection.execute(text(query))), key=repr)
                for name, query in ROWS.items()
            }
    finally:
        engine.dispose()


def job_done(url: str) -> tuple[int, str] | None:
    """Candidates done and the state of the only job; None while there is none, or the database is away."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            row = connection.execute(text("select done, state from job")).first()
            return None if row is None else (int(row[0]), str(row[1]))
    except DBAPIError:
        return None
    finally:
        engine.dispose()


@dataclass
class Campaign:
    """The processes of one campaign.  ``job``: the arguments after ``clab``; ``restart_database`` kills and starts a server."""

    folder: Path
    job: tuple[str, ...]
    url: str
    port: int
    restart_database: Callable[[], None] | None = None
    seed: int = 1
    kills: int = 0
    said: list[str] = field(default_factory=list)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self, name: str) -> None:
        """Start one of ``scheduler``, ``worker`` and ``coordinator``."""
        arguments = {
            "scheduler": ("scheduler", "--port", str(self.port), "--no-dashboard"),
            "worker": ("worker", self.address, "--workers", "2"),
            "coordinator": (*self.job, "--db", self.url, "--scheduler", self.address, "--unit-seconds", "0.3"),
        }[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [*CLAB, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """SIGKILL: a worker's supervisor with its processes, or one of them alone; else the process."""
        self.kills += 1
        if name == "database":
            assert self.restart_database is not None
            self.restart_database()
            return
        process = self._running[name]
        chance = random.Random(f"{self.seed} {self.kills}")
        if name == "worker" and chance.random() < 0.6:
            with contextlib.suppress(psutil.Error):
                children = psutil.Process(process.pid).children(recursive=True)
                if children:
                    chance.choice(children).kill()
                    return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.start(name)

    def run(self, most_kills: int, seconds: float, pause: tuple[float, float] = (0.2, 2.5)) -> None:
        """Kill at random moments until the job is done; at most so many times, then let it finish."""
        chance = random.Random(self.seed)
        victims = ["scheduler", "worker", "worker", "coordinator", "coordinator"]
        victims += ["database"] if self.restart_database else []
        limit = time.monotonic() + seconds
        for name in ("scheduler", "worker", "coordinator"):
            self.start(name)
        begun = self.kills
        next_kill = time.monotonic() + chance.uniform(*pause)
        while time.monotonic() < limit:
            now = job_done(self.url)
            if now is not None and now[1] == "done":
                return
            if self._running["coordinator"].poll() is not None:
                # It gave up, as it should when it was told so; a user would resume.
                self.start("coordinator")
            if time.monotonic() > next_kill and self.kills - begun < most_kills and now is not None:
                self.kill(chance.choice(victims))
                next_kill = time.monotonic() + chance.uniform(*pause)
            time.sleep(0.1)
        raise AssertionError(f"the job was not done in {seconds:.0f} s: {job_done(self.url)}\n{self.logs()}")

    def logs(self) -> str:
        """The ends of what the processes said."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            parts.append(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}")
        return "\n".join(parts)

    def stop(self) -> None:
        """End every process."""
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def campaign(*arguments: Any, **options: Any) -> Iterator[Campaign]:
    """A campaign whose processes are gone at the end of the block."""
    made = Campaign(*arguments, **options)
    try:
        yield made
    finally:
        made.stop()
