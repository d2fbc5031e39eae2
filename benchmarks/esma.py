"""ESMA searches: wall time and verified pairs, against a plain Python implementation of the same steps.

Run ``python benchmarks/esma.py`` for all workloads, each in a fresh process on one core, or name some of them.

For every workload: the whole search after imports (space, detection, recovery, verification to 1,000 digits, SymPy cross-check,
storing in a new SQLite file), best of three with a warm Numba cache; the part of it that finds and verifies (without
cross-check and storing); peak memory; and the time in which plain Python extracts the same number of quotients from a
1,100-digit number and runs Berlekamp-Massey on them modulo 2^31 - 1, measured on a sample in the same process.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

SAMPLE = 40
PRIME = 2**31 - 1

SMALL = {"lhs": 2, "period": "1..3"}
WORKLOADS: dict[str, dict[str, object]] = {
    "e-100": {"constants": ["e"], **SMALL, "quotients": 100},
    "e-300": {"constants": ["e"], **SMALL, "quotients": 300},
    "e-3-100": {"constants": ["e"], "lhs": 3, "period": "1..2", "quotients": 100},
    "e^2": {"constants": ["e^2"], **SMALL, "quotients": 100},
    "tan(1)": {"constants": ["tan(1)"], **SMALL, "quotients": 100},
    "sqrt(e)": {"constants": ["sqrt(e)"], **SMALL, "quotients": 100},
    "I1(2)/I0(2)": {"constants": ["besseli_ratio(0,2)"], **SMALL, "quotients": 100},
    "J1(2)/J0(2)": {"constants": ["besselj_ratio(0,2)"], **SMALL, "quotients": 100},
    "pi (nothing)": {"constants": ["pi"], **SMALL, "quotients": 100},
}


def _complexity(s: list[int]) -> int:
    """Berlekamp-Massey modulo PRIME, in plain Python."""
    c, b, length, m, d0 = [1], [1], 0, 1, 1
    for i in range(len(s)):
        d = sum(c[j] * s[i - j] for j in range(min(length, len(c) - 1) + 1)) % PRIME
        if d == 0:
            m += 1
            continue
        t = c[:]
        factor = d * pow(d0, -1, PRIME) % PRIME
        c += [0] * (len(b) + m - len(c))
        for j, x in enumerate(b):
            c[j + m] = (c[j + m] - factor * x) % PRIME
        if 2 * length <= i:
            length, b, d0, m = i + 1 - length, t, d, 1
        else:
            m += 1
    return length


def plain_python(pairs: int, quotients: int) -> float:
    """Seconds in which plain Python would extract and test ``pairs`` sequences (measured on a sample)."""
    draw = random.Random(1)
    unit = 10**1100
    started = perf_counter()
    for _ in range(SAMPLE):
        p, q = draw.randrange(unit), unit
        signs = draw.choice([(1,), (-1,), (1, -1), (1, 1, -1)])
        out = []
        for i in range(quotients):
            floor = p // q
            if signs[i % len(signs)] > 0:
                out.append(floor)
                p, q = q, p - floor * q
            else:
                out.append(floor + 1)
                p, q = q, (floor + 1) * q - p
        _complexity(out)
    return (perf_counter() - started) * pairs / SAMPLE


def measure(name: str) -> dict[str, object]:
    """Run one workload in this process and return its figures."""
    import sympy  # noqa: F401  (the import is not part of the search)

    from constants_lab.db.store import Store
    from constants_lab.search.engine import LocalEngine
    from constants_lab.search.job import JobSpec, load_method
    from constants_lab.search.runner import prepare_job, run_job

    options = WORKLOADS[name]
    spec = JobSpec.of("esma", options)
    method = load_method("esma")
    times, finding = [], []
    for _ in range(4):
        with tempfile.TemporaryDirectory() as folder:
            started = perf_counter()
            with Store.open(Path(folder) / "lab.db") as store:
                job = run_job(store, prepare_job(store, spec).id, LocalEngine())
            times.append(perf_counter() - started)
        started = perf_counter()
        space = spec.space()
        screened = method.screen(space, 0, space.size)
        verified = sum(found is not None for found in map(method.confirm, screened.candidates))
        finding.append(perf_counter() - started)
    return {
        "pairs": job.counters["pairs"],
        "seconds": min(times[1:]),
        "finding": min(finding[1:]),
        "verified": verified,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "plain": plain_python(job.counters["pairs"], int(str(options["quotients"]))),
    }


def main() -> None:
    """Print one row a workload."""
    if len(sys.argv) > 2 and sys.argv[1] == "--worker":
        print(json.dumps(measure(sys.argv[2])))
        return
    print("| workload | pairs | verified | find and verify s | whole search s | peak MB | plain Python s | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for name in sys.argv[1:] or list(WORKLOADS):
        command = ["taskset", "-c", "0"] if Path("/usr/bin/taskset").exists() else []
        command += [sys.executable, __file__, "--worker", name]
        done = subprocess.run(
            command, env=dict(os.environ, OMP_NUM_THREADS="1"), capture_output=True, text=True, check=True
        )
        f = json.loads(done.stdout)
        print(
            f"| {name} | {f['pairs']:,} | {f['verified']:,} | {f['finding']:.2f} | {f['seconds']:.2f} | {f['peak']:.0f} "
            f"| {f['plain']:.1f} | {f['plain'] / f['finding']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
