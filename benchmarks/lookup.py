"""Look-up searches: wall time, memory and recall, against a plain Python evaluation of the same box.

    python benchmarks/lookup.py              all workloads, each in a fresh process on one core
    python benchmarks/lookup.py pi           one of them

For every workload: the whole search after imports (space, screening, confirmation, SymPy cross-check, storing in a new SQLite
file), warm and cold (empty Numba cache, so compilation is included); peak memory of the process; known formulas found;
and the time in which plain Python evaluates as many candidates to 32 terms, measured on a sample in the same process.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from time import perf_counter

SAMPLE = 3000

KNOWN_PI = [
    ([3, 3], [-2, 1, 0]), ([2, 3], [1, 2, 0]), ([3, 1], [-2, 1, 0]), ([3, 3], [-2, -1, 1]), ([3, 1], [-2, 3, 0]),
    ([3, 6], [-2, -5, -2]), ([2, 5], [1, 4, 0]), ([3, 3], [-2, -1, 0]), ([3, 3], [-2, 1, 3]), ([3, 4], [-2, -1, 1]),
    ([3, 6], [-2, -3, 2]), ([2, 1], [1, 0, 0]), ([3, 0], [-2, 3, 0]), ([2, 5], [1, 4, 3]), ([3, 1], [-2, 5, 0]),
    ([3, 5], [-2, -3, 0]), ([3, 0], [-2, 5, 0]), ([2, 3], [1, 2, 1]), ([3, 2], [-2, 3, 0]), ([3, 5], [-2, -3, -1]),
    ([3, 5], [-2, -3, 2]), ([3, 4], [-2, -3, -1]), ([3, 2], [-2, -1, 1]), ([3, 5], [-2, -5, -2]),
]  # fmt: skip
"""Published formulas in the box (coefficients highest degree first); the last three are pi/(pi-2), (pi+4)/(pi+2), 2+4/pi."""

KNOWN_E = [
    ([1, 3], [-1, 0]), ([1, 1], [1, 0]), ([1, 4], [-1, -1]), ([1, 2], [1, 2]), ([2, 6], [-4, 0]), ([4, 6], [1]),
    ([1, 3], [1, 3]), ([1, 3], [-1, -1]), ([1, 3], [1, 1]), ([1, 5], [-1, 0]), ([4, 2], [1]), ([1, 5], [-1, -3]),
    ([1, 0], [1, 0]), ([1, 1], [1, 1]), ([1, 2], [-1, 0]), ([1, 4], [-1, 0]),
]  # fmt: skip

PI_BOX = {"a_degree": 1, "a_range": "-13..13", "b_degree": 2, "b_range": "-11..11", "lhs": 20}


def _thirty() -> list[str]:
    from constants_lab.constants import catalogue

    return [c.name for c in catalogue() if c.irrational != "algebraic"][:30]


def workloads() -> dict[str, tuple[dict[str, object], Sequence[tuple[list[int], list[int]]]]]:
    """Name -> (options of the search, known formulas)."""
    return {
        "pi": ({"constants": ["pi"], **PI_BOX}, KNOWN_PI),
        "e": (
            {"constants": ["e"], "a_degree": 1, "a_range": "-20..20", "b_degree": 1, "b_range": "-20..20", "lhs": 20},
            KNOWN_E,
        ),
        "thirty": ({"constants": _thirty(), **PI_BOX}, KNOWN_PI),
        "zeta3": (
            {
                "constants": ["zeta(3)"],
                "a": "(2*n+1)*(C*n*(n+1)+D)",
                "b": "E*n^6",
                "ranges": {"C": "-50..50", "D": "-50..50", "E": "-10..-1"},
                "lhs": 20,
            },
            [([34, 51, 27, 5], [-1] + [0] * 6), ([6, 9, 5, 1], [-1] + [0] * 6)],
        ),
    }


def plain_python(space: object, size: int) -> float:
    """Seconds in which plain Python floats would evaluate ``size`` members to 32 terms (measured on a sample)."""
    draw = random.Random(1)
    members = []
    while len(members) < SAMPLE:
        try:
            pcf = space[draw.randrange(size)]  # type: ignore[index]
        except ValueError:
            continue
        members.append(([int(c) for c in reversed(pcf.a.coeffs())], [int(c) for c in reversed(pcf.b.coeffs())]))
    started = perf_counter()
    for a, b in members:
        x = 0.0
        for n in range(32, 0, -1):
            top = bottom = 0.0
            for c in b:
                top = top * n + c
            for c in a:
                bottom = bottom * n + c
            bottom += x
            x = top / bottom if bottom else 0.0
    return (perf_counter() - started) * size / SAMPLE


def measure(name: str, repeats: int) -> dict[str, object]:
    """Run one workload in this process and return its figures."""
    import sympy  # noqa: F401  (the import is not part of the search)

    import constants_lab.search.images
    import constants_lab.search.methods.lookup
    from constants_lab.db.query import formulas_of_job
    from constants_lab.db.store import Store
    from constants_lab.pcf import PCF
    from constants_lab.search.engine import LocalEngine
    from constants_lab.search.job import JobSpec
    from constants_lab.search.runner import prepare_job, run_job

    options, known = workloads()[name]
    lookup, images = constants_lab.search.methods.lookup, constants_lab.search.images
    times = []
    for _ in range(repeats):
        lookup._evaluated.cache_clear()
        lookup._dynamics.cache_clear()
        images.image_rows.cache_clear()
        with tempfile.TemporaryDirectory() as folder:
            started = perf_counter()
            spec = JobSpec.of("lookup", options)
            with Store.open(Path(folder) / "lab.db") as store:
                job = run_job(store, prepare_job(store, spec).id, LocalEngine())
                times.append(perf_counter() - started)
                found = formulas_of_job(store, job.id)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    keys = {PCF(view.a or "", view.b or "").key for view in found}
    recalled = sum(PCF(a, b).canonical().key in keys for a, b in known)
    space = spec.space()
    return {
        "size": space.size,  # type: ignore[attr-defined]
        "seconds": min(times),
        "first": times[0],
        "peak": peak,
        "formulas": len(found),
        "known": f"{recalled} of {len(known)}",
        "plain": plain_python(space, space.size),  # type: ignore[attr-defined]
    }


def main() -> None:
    """Print one row a workload."""
    if len(sys.argv) > 2 and sys.argv[1] == "--worker":
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
        return
    names = sys.argv[1:] or list(workloads())
    print("| workload | candidates | warm s | cold s | peak MB | formulas | known | plain Python s | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in names:
        figures = {}
        for mode, repeats in (("warm-up", 1), ("warm", 3), ("cold", 1)):
            with tempfile.TemporaryDirectory() as empty:
                environment = dict(os.environ, OMP_NUM_THREADS="1")
                if mode == "cold":
                    environment["NUMBA_CACHE_DIR"] = empty
                command = ["taskset", "-c", "0"] if Path("/usr/bin/taskset").exists() else []
                command += [sys.executable, __file__, "--worker", name, str(repeats)]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                figures[mode] = json.loads(done.stdout)
        warm, cold = figures["warm"], figures["cold"]
        ratio = Fraction(warm["plain"]) / Fraction(warm["seconds"])
        print(
            f"| {name} | {warm['size']:,} | {warm['seconds']:.2f} | {cold['first']:.2f} | {warm['peak']:.0f} "
            f"| {warm['formulas']} | {warm['known']} | {warm['plain']:.0f} | {float(ratio):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
