"""Several hosts on one machine: network namespaces joined by a bridge, whose cables can be pulled; and a crowd of workers."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from constants_lab.db.store import Store
from constants_lab.errors import InputError
from constants_lab.search.certificates import make_certificates

CLAB = (sys.executable, "-m", "constants_lab.cli.main")
PORT = 8786
HOSTS = {"hub": "10.213.77.1", "ada": "10.213.77.2", "bob": "10.213.77.3"}
"""The scheduler's and coordinator's host, and those of two workers."""
ADDRESS = f"tls://{HOSTS['hub']}:{PORT}"
JOB = (
    "search", "lookup", "--constant", "e", "--lhs", "6", "--a-degree", "1", "--a-range=-9..9",
    "--b-degree", "2", "--b-range=-30..30", "--json",
)  # fmt: skip
SMALL_JOB = (
    "search", "lookup", "--constant", "e", "--lhs", "2", "--a-degree", "1", "--a-range=-2..2",
    "--b-degree", "1", "--b-range=-2..2",
)  # fmt: skip


def campaign() -> Any:
    """The neighbouring module, which says what the rows of a database are; tests are no package."""
    spec = importlib.util.spec_from_file_location("campaign_for_hosts", Path(__file__).with_name("test_campaign.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=20)


class Network:
    """Hosts on one switch, each in a namespace named after this process; the machine's own network is left alone."""

    def __init__(self) -> None:
        self._made: list[str] = []

    def space(self, host: str) -> str:
        return f"clab-{os.getpid()}-{host}"

    def build(self) -> None:
        _remove_leftovers()
        switch = self._add("switch")
        ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        ip("-n", switch, "link", "set", "bridge", "up")
        for host, address in HOSTS.items():
            space = self._add(host)
            ip("-n", switch, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("-n", switch, "link", "set", host, "master", "bridge")
            ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                ip("-n", space, "link", "set", device, "up")
            self.plug(host)

    def _add(self, host: str) -> str:
        space = self.space(host)
        ip("netns", "add", space)
        self._made.append(space)
        return space

    def unplug(self, host: str) -> None:
        """Pull the cable of a host, at the switch."""
        ip("-n", self.space("switch"), "link", "set", host, "down")

    def plug(self, host: str) -> None:
        ip("-n", self.space("switch"), "link", "set", host, "up")

    def on(self, host: str, *command: str) -> list[str]:
        """A command as it is run on a host."""
        return ["ip", "netns", "exec", self.space(host), *command]

    def remove(self) -> None:
        while self._made:
            subprocess.run(["ip", "netns", "del", self._made.pop()], check=False, capture_output=True, timeout=20)


def _remove_leftovers() -> None:
    """Namespaces of test runs that were killed."""
    listed = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True, timeout=20).stdout
    for space in (line.split()[0] for line in listed.splitlines() if line.startswith("clab-")):
        pid = space.split("-")[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            ip("netns", "del", space)


@functools.cache
def forbidden() -> str:
    """Why this machine cannot have namespaces; empty where it can."""
    if not sys.platform.startswith("linux") or shutil.which("ip") is None:
        return "network namespaces need Linux and its `ip` command"
    network = Network()
    try:
        network.build()
    except subprocess.CalledProcessError as error:
        return f"`{' '.join(error.cmd)}` is not allowed here: {error.stderr.strip()[:200]}"
    finally:
        network.remove()
    return ""


@pytest.fixture
def network() -> Iterator[Network]:
    if forbidden():
        pytest.skip(forbidden())
    made = Network()
    try:
        made.build()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certs") / "certs"
    subprocess.run([*CLAB, "certs", str(folder)], check=True, capture_output=True, timeout=60)
    return folder


@contextlib.contextmanager
def started(log: Path, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the background, killed at the end of the block with all its own."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(what: Callable[[], bool], seconds: float, *logs: Path) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        said = "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in logs if log.exists())
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s\n{said}"
        time.sleep(0.1)


WORKS_AGAIN = """
import sys, time
from pathlib import Path
from distributed import Client, get_worker
from constants_lab.search.security import security_of

address, folder, machine, seconds = sys.argv[1:]
deadline = time.monotonic() + float(seconds)
with Client(address, security=security_of(Path(folder)), timeout=20) as client:
    while time.monotonic() < deadline:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        own = [at for at, worker in workers.items() if str(worker["name"]).startswith(machine + "#")]
        if own:
            asked = client.submit(lambda: str(get_worker().name), workers=own, allow_other_workers=False, pure=False)
            try:
                print(asked.result(timeout=5))
                break
            except Exception as error:
                print(type(error).__name__, error, file=sys.stderr)
        time.sleep(0.5)
"""
"""Prints the name of a worker of a machine when one of them has done something."""


@pytest.mark.parametrize(
    "seconds", [8, pytest.param(30, marks=pytest.mark.slow), pytest.param(60, marks=pytest.mark.slow)]
)
def test_a_machine_that_is_cut_off_for_a_while_loses_nothing_and_comes_back(
    network: Network, certs: Path, tmp_path: Path, seconds: int
) -> None:
    neighbour = campaign()
    expected = neighbour.undisturbed(tmp_path, JOB)
    path = tmp_path / "cut.db"
    logs = {name: tmp_path / f"{name}.log" for name in ("scheduler", "coordinator", "ada", "bob")}
    tls = ("--tls-dir", str(certs))
    with contextlib.ExitStack() as stack:

        def start(name: str, host: str, *words: str) -> subprocess.Popen[bytes]:
            return stack.enter_context(started(logs[name], network.on(host, *CLAB, *words)))

        start("scheduler", "hub", "scheduler", "--host", HOSTS["hub"], "--no-dashboard", *tls)
        for name in ("ada", "bob"):
            start(name, name, "worker", ADDRESS, "--workers", "1", "--name", name, *tls)
        wait_for(lambda: all("joined" in logs[name].read_text() for name in ("ada", "bob")), 120, *logs.values())
        job = (*JOB, "--db", str(path), "--scheduler", ADDRESS, "--unit-seconds", "0.5", *tls)
        coordinator = start("coordinator", "hub", *job)
        wait_for(lambda: {"ada", "bob"} <= contributors(path), 60, *logs.values())
        network.unplug("ada")
        assert (neighbour.job_done(f"sqlite:///{path}") or (0, ""))[1] == "running"
        time.sleep(seconds)
        network.plug("ada")
        wait_for(lambda: coordinator.poll() is not None, 200, *logs.values())
        assert coordinator.returncode == 0, logs["coordinator"].read_text()
        back = subprocess.run(
            network.on("hub", sys.executable, "-c", WORKS_AGAIN, ADDRESS, str(certs), "ada", "90"),
            capture_output=True, text=True, timeout=150,
        )  # fmt: skip
        assert back.stdout.startswith("ada#"), back.stderr + logs["ada"].read_text()
    assert neighbour.rows(f"sqlite:///{path}") == expected
    assert contributors(path) == {"ada", "bob"}


def contributors(path: Path) -> set[str]:
    """The machines that have done something of the only job so far."""
    if not path.exists():
        return set()
    # At the beginning it is empty.
    with contextlib.suppress(InputError), Store.open(path, create=False) as store:
        return {share.worker for job in store.jobs() for share in store.contributions(job.id)}
    return set()


NO_CERTIFICATE = """
import socket, ssl, sys

context = ssl.create_default_context(cafile=sys.argv[2])
context.check_hostname = False
with socket.create_connection((sys.argv[1], int(sys.argv[3])), timeout=20) as plain:
    try:
        with context.wrap_socket(plain) as encrypted:
            print("heard", len(encrypted.recv(1)))
    except ssl.SSLError as error:
        print("refused", error.reason)
"""


def test_strangers_on_the_network_are_refused(network: Network, certs: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    make_certificates(foreign, 30)
    scheduler, worker = tmp_path / "scheduler.log", tmp_path / "worker.log"

    def on_ada(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(network.on("ada", *command), capture_output=True, text=True, timeout=120)

    def client(address: str, *options: str) -> subprocess.CompletedProcess[str]:
        return on_ada(*CLAB, *SMALL_JOB, "--db", str(tmp_path / "lab.db"), "--scheduler", address, *options)

    tls = ("--tls-dir", str(certs))
    serve = network.on("hub", *CLAB, "scheduler", "--host", HOSTS["hub"], "--no-dashboard", *tls)
    with started(scheduler, serve):
        wait_for(lambda: ADDRESS in scheduler.read_text(), 60, scheduler)
        plain = f"tcp://{HOSTS['hub']}:{PORT}"
        for tried in (
            client(ADDRESS, "--tls-dir", str(foreign)),
            on_ada(*CLAB, "worker", ADDRESS, "--workers", "1", "--tls-dir", str(foreign)),
            client(plain, "--insecure"),
            on_ada(*CLAB, "worker", plain, "--workers", "1", "--insecure", "--patience", "0.02"),
        ):
            assert tried.returncode == 3, tried.stdout + tried.stderr
            assert "Traceback" not in tried.stderr
            assert "tls" in tried.stderr.lower() or "certificate" in tried.stderr
        for tried in (client(ADDRESS), on_ada(*CLAB, "worker", ADDRESS)):
            assert tried.returncode == 2
            assert "--tls-dir" in tried.stderr
        bare = on_ada(sys.executable, "-c", NO_CERTIFICATE, HOSTS["hub"], str(certs / "ca.pem"), str(PORT))
        assert bare.stdout.startswith("refused"), bare.stdout + bare.stderr
        assert "worker processes" not in scheduler.read_text()
        # The same from the same place with a pair of the authority.
        join = network.on("ada", *CLAB, "worker", ADDRESS, "--workers", "1", *tls)
        with started(worker, join):
            wait_for(lambda: "worker processes: 1" in scheduler.read_text(), 120, scheduler, worker)
            done = client(ADDRESS, *tls)
            assert done.returncode == 0, done.stderr


CROWD = """
import asyncio, logging, sys
from distributed import Worker

async def main(address, count):
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    options = dict(nthreads=1, memory_limit=0, dashboard_address="127.0.0.1:0", host="127.0.0.1")
    crowd = [Worker(address, **options) for _ in range(count)]
    await asyncio.gather(*crowd)
    await asyncio.gather(*(worker.finished() for worker in crowd))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""

MANY_UNITS = """
import json, sys, time
import psutil
from constants_lab.search.cluster import DaskEngine
from constants_lab.search.engine import Completed

def work(unit):
    return unit

address, workers, first, last = sys.argv[1], *map(int, sys.argv[2:])
engine = DaskEngine.at(address)
deadline = time.monotonic() + 120
while engine.workers < workers and time.monotonic() < deadline:
    time.sleep(0.2)
joined, times, done, resident = engine.workers, bytearray(last), 0, {}
machines = set()
for outcome in engine.run(work, iter(range(last))):
    assert isinstance(outcome, Completed), outcome
    times[outcome.result] += 1
    machines.add(outcome.worker)
    done += 1
    if done in (first, last):
        resident[done] = psutil.Process().memory_info().rss
engine.close()
print(json.dumps({"joined": joined, "used": len(machines), "once": times.count(1), "mb": [n >> 20 for n in resident.values()]}))
"""


@pytest.mark.parametrize(
    ("workers", "units"), [(60, 4_000), pytest.param(200, 20_000, marks=pytest.mark.slow)], ids=["sixty", "two hundred"]
)
def test_many_workers_and_units_cost_the_coordinator_no_memory(tmp_path: Path, workers: int, units: int) -> None:
    scheduler, crowd = tmp_path / "scheduler.log", tmp_path / "crowd.log"
    with contextlib.ExitStack() as stack:
        stack.enter_context(started(scheduler, [*CLAB, "scheduler", "--port", "0", "--no-dashboard"]))
        wait_for(lambda: "tcp://" in scheduler.read_text(), 60, scheduler)
        address = next(line for line in scheduler.read_text().splitlines() if line.startswith("tcp://"))
        for _ in range(4):
            stack.enter_context(started(crowd, [sys.executable, "-c", CROWD, address, str(workers // 4)]))
        ran = subprocess.run(
            [sys.executable, "-c", MANY_UNITS, address, str(workers), str(units // 10), str(units)],
            capture_output=True, text=True, timeout=500,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr + crowd.read_text()[-2000:]
    seen = json.loads(ran.stdout)
    assert seen["joined"] == workers
    assert seen["once"] == units
    assert seen["used"] > workers // 2
    early, late = seen["mb"]
    assert late <= early + 50, seen
