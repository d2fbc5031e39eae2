"""Several machines as processes of this one: they meet over TLS, refuse strangers, and survive each other's ends."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import Client, LocalCluster, Security
from distributed.scheduler import KilledWorker

from constants_lab.search.security import security_of

Run = Callable[..., Any]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

_PATIENCE = 60
"""Seconds; a busy machine is slow to start processes."""


class Machine:
    """A `clab` command that runs until it is ended, in a process group of its own as a shell starts it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "constants_lab.cli.main", *arguments],
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def says(self, text: str, times: int = 1) -> None:
        """Wait until it has said something so often."""
        limit = time.monotonic() + _PATIENCE
        while self.err.count(text) < times:
            assert self.process.poll() is None, self.err
            assert time.monotonic() < limit, self.err
            time.sleep(0.05)

    def children(self) -> list[psutil.Process]:
        """Its worker processes."""
        everyone = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in everyone if "spawn_main" in " ".join(child.cmdline())]

    def end(self, number: int = signal.SIGINT) -> int:
        """End it as a terminal does, which signals the whole group; its exit code."""
        os.killpg(self.process.pid, number)
        return self.process.wait(_PATIENCE)

    def gone(self) -> bool:
        """Whether every process of the group has ended, now or within seconds."""
        limit = time.monotonic() + 15
        while time.monotonic() < limit:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.05)
        return False


Start = Callable[..., Machine]


@contextlib.contextmanager
def starting(folder: Path) -> Iterator[Start]:
    """A starter of machines, all of which are ended by force in the end."""
    machines: list[Machine] = []

    def start(*arguments: str) -> Machine:
        own = folder / f"machine-{len(machines)}"
        own.mkdir()
        machines.append(Machine(own, *arguments))
        return machines[-1]

    try:
        yield start
    finally:
        for machine in machines:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(machine.process.pid, signal.SIGKILL)
            machine.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with starting(tmp_path) as starter:
        yield starter


@pytest.fixture(scope="module")
def certs(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "certs"
    outcome = clab("certs", str(folder))
    assert outcome.code == 0, outcome.err
    assert outcome.out == f"{folder}\n"
    assert "ca-key.pem" in outcome.err
    return folder


@pytest.fixture(scope="module")
def foreign(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of somebody else."""
    folder = tmp_path_factory.mktemp("foreign") / "certs"
    assert clab("certs", str(folder)).code == 0
    return folder


def scheduler(start: Start, *options: str) -> tuple[Machine, str]:
    """A scheduler on loopback, and its address."""
    machine = start("scheduler", "--host", "127.0.0.1", "--no-dashboard", *options)
    machine.says("jobs run there")
    return machine, machine.out.strip()


@pytest.fixture(scope="module")
def meeting(certs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler over TLS, for tests that leave it as it is."""
    with starting(tmp_path_factory.mktemp("meeting")) as starter:
        yield scheduler(starter, "--port", "0", "--tls-dir", str(certs))[1]


def client(address: str, tls_dir: Path | None = None) -> Client:
    return Client(address, security=security_of(tls_dir), timeout=20, set_as_default=False)


def refused(outcome: Any, code: int) -> str:
    assert outcome.code == code, outcome
    assert outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("clab: ")
    assert line.endswith(".")
    return str(line)


class TestStrangers:
    def test_a_worker_of_another_authority_is_told_once(self, clab: Run, meeting: str, foreign: Path) -> None:
        said = refused(clab("worker", meeting, "--tls-dir", str(foreign)), 3)
        assert meeting in said
        assert "ca.pem" in said

    def test_a_worker_with_a_certificate_of_another_authority(
        self, clab: Run, meeting: str, certs: Path, foreign: Path, tmp_path: Path
    ) -> None:
        mixed = tmp_path / "mixed"
        shutil.copytree(foreign, mixed)
        shutil.copy(certs / "ca.pem", mixed)
        assert "node.pem was not signed" in refused(clab("worker", meeting, "--tls-dir", str(mixed)), 2)

    def test_clients_without_the_right_certificate_get_nothing(self, meeting: str, certs: Path, foreign: Path) -> None:
        port = int(meeting.rsplit(":", 1)[1])
        context = ssl.create_default_context(cafile=certs / "ca.pem")
        context.check_hostname = False
        with (
            pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"),
            socket.create_connection(("127.0.0.1", port), 20) as plain,
            context.wrap_socket(plain) as encrypted,
        ):
            encrypted.recv(1)
        mixed = Security(
            require_encryption=True,
            tls_ca_file=str(certs / "ca.pem"),
            tls_client_cert=str(foreign / "node.pem"),
            tls_client_key=str(foreign / "node-key.pem"),
        )
        for security in (security_of(foreign), mixed):
            with pytest.raises(OSError):  # noqa: PT011
                Client(meeting, security=security, timeout=2, set_as_default=False)
        with pytest.raises(OSError):  # noqa: PT011
            Client(meeting.replace("tls://", "tcp://"), timeout=1, set_as_default=False)
        # It is none the worse for that.
        with client(meeting, certs) as ours:
            assert ours.scheduler_info()["address"] == meeting

    def test_another_version_is_refused(self, clab: Run) -> None:
        options = {"protocol": "tcp", "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
        with LocalCluster(n_workers=0, processes=False, **options) as it:
            it.scheduler.set_metadata(keys=["constants-lab"], value="0.0.0")
            said = refused(clab("worker", it.scheduler_address), 3)
        assert "version 0.0.0" in said

    def test_nobody_there_and_no_patience(self, clab: Run) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        outcome = clab("worker", address, "--patience", "0", "--workers", "1")
        assert outcome.code == 3
        waiting, said = outcome.err.splitlines()[-2:]
        assert waiting.startswith(f"waiting for the scheduler at {address}")
        assert said.startswith("clab: no Dask scheduler answered")


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("worker", "tcp://192.0.2.7:8786"), "--insecure"),
            (("worker", "tls://192.0.2.7:8786"), "--tls-dir"),
            (("worker", "lab:8786"), "tls://HOST:PORT"),
            (("worker", "tcp://127.0.0.1:8786", "--memory-limit", "much"), "4GiB"),
            (("worker", "tcp://127.0.0.1:8786", "--memory-limit", "1"), "too small"),
            (("worker", "tcp://127.0.0.1:8786", "--name", "a\nb"), "name a machine"),
            (("worker", "tcp://127.0.0.1:8786", "--workers", "0"), "workers"),
            (("worker", "tls://127.0.0.1:8786", "--tls-dir", "nowhere"), "no folder nowhere"),
            (("worker",), "ADDRESS"),
            (("scheduler", "--host", "0.0.0.0"), "--insecure"),
            (("scheduler", "--host", "192.0.2.7"), "--insecure"),
            (("scheduler", "--host", "a/b", "--insecure"), "no address"),
            (("scheduler", "--tls-dir", "nowhere"), "no folder nowhere"),
            (("scheduler", "--port", "99999"), "port"),
            (("certs", "c", "--days", "0"), "days"),
            (("certs", "c", "--node", "lab2"), "no folder c"),
        ],
    )
    def test_one_sentence_and_nothing_written(
        self, clab_here: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
    ) -> None:
        assert said in refused(clab_here(*arguments), 2)
        assert list(tmp_path.iterdir()) == []

    def test_certificates_are_not_overwritten(self, clab_here: Run, tmp_path: Path) -> None:
        assert clab_here("certs", "c").code == 0
        before = {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()}
        refused(clab_here("certs", "c"), 2)
        assert {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()} == before
        assert clab_here("certs", "c", "--node", "lab2").code == 0
        refused(clab_here("certs", "c", "--node", "lab2"), 2)

    def test_a_port_in_use(self, clab: Run) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
            assert f"port {port} is in use" in refused(clab("scheduler", "--port", port, "--no-dashboard"), 3)


def suspicion(key: str, dask_scheduler: Any = None) -> tuple[str, int]:
    """Runs on the scheduler: the state of a task, and how many workers it is said to have killed."""
    task = dask_scheduler.tasks.get(key)
    return ("", 0) if task is None else (task.state, task.suspicious)


def test_machines_meet_over_tls_and_leave_in_order(start: Start, certs: Path, tmp_path: Path) -> None:
    meeting, address = scheduler(start, "--port", "0", "--tls-dir", str(certs))
    assert address.startswith("tls://127.0.0.1:")
    assert f"clab worker {address} --tls-dir {certs}" in meeting.err
    worker = start("worker", address, "--tls-dir", str(certs), "--workers", "1", "--name", "lab-pc")
    worker.says(f"joined {address} with 1 process")
    with client(address, certs) as ours:
        assert ours.submit(pow, 2, 10).result(timeout=_PATIENCE) == 1024
        (known,) = ours.scheduler_info(n_workers=-1)["workers"].values()
        assert known["name"].rsplit("#", 1)[0] == "lab-pc"

        # What ends three processes is given up; others are served by the one that replaces them.
        with pytest.raises(KilledWorker):
            ours.submit(os._exit, 1, pure=False).result(timeout=_PATIENCE)
        worker.says("a worker process ended and is replaced", 3)
        assert ours.submit(pow, 3, 3).result(timeout=_PATIENCE) == 27

        # Work in hand is given back, and not blamed for the end of the process.
        slow = ours.submit(time.sleep, 100, key="slow")
        limit = time.monotonic() + _PATIENCE
        while ours.run_on_scheduler(suspicion, "slow") != ("processing", 0):
            assert time.monotonic() < limit
            time.sleep(0.05)
        assert worker.end() == 0
        assert worker.gone()
        while ours.run_on_scheduler(suspicion, "slow")[0] == "processing":
            assert time.monotonic() < limit
            time.sleep(0.05)
        assert ours.run_on_scheduler(suspicion, "slow")[1] == 0
        slow.cancel()
    assert worker.err.splitlines()[-1] == f"left {address}."
    assert "Traceback" not in worker.err
    assert meeting.end(signal.SIGTERM) == 0
    assert "Traceback" not in meeting.err
    assert meeting.gone()


def test_a_machine_outlives_its_scheduler(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    worker = start("worker", address, "--workers", "1")
    worker.says(f"waiting for the scheduler at {address}")
    first, printed = scheduler(start, "--port", str(port))
    assert printed == address
    worker.says("joined")
    # Without TLS, nothing may listen where another machine could reach it.
    for process in (first.process, worker.process, *worker.children()):
        listens = [c for c in psutil.Process(process.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert {c.laddr.ip for c in listens} <= {"127.0.0.1", "::1"}
        assert listens
    first.process.kill()
    worker.says("waiting for the scheduler", 2)
    second, _ = scheduler(start, "--port", str(port))
    worker.says("joined", 2)
    with client(address) as ours:
        assert ours.submit(pow, 2, 10).result(timeout=_PATIENCE) == 1024
    assert second.end() == 0
    worker.says("waiting for the scheduler", 3)
    assert worker.end(signal.SIGTERM) == 0
    assert worker.gone()
    assert [line.split()[0] for line in worker.err.splitlines()] == [
        "waiting", "joined", "waiting", "joined", "waiting", "left",
    ]  # fmt: skip


@pytest.mark.slow
def test_one_warming_up_compiles_every_kernel(tmp_path: Path) -> None:
    """In an empty cache, one file at least appears for each compiled function that is not only inlined."""
    code = "from constants_lab.search.workers import warm_kernels; warm_kernels(print)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert done.stdout.count("compiling the kernels") == 1
    kernels = Path(__file__).parents[2] / "search" / "kernels"
    wanted = set()
    for path in kernels.glob("*.py"):
        lines = path.read_text().splitlines()
        for decorator, definition in itertools.pairwise(lines):
            if decorator.startswith("@njit(cache=True") and "inline" not in decorator:
                wanted.add(f"{path.stem}.{definition.split('(')[0].removeprefix('def ')}")
    assert len(wanted) > 50
    assert wanted <= {path.name.split("-")[0] for path in tmp_path.rglob("*.nbi")}
