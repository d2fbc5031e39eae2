"""The survey: measures a second, whole boxes, clustering; and how measures and plain exact computation agree.

    python benchmarks/survey.py                   every row but the whole box
    python benchmarks/survey.py measures small    some of them
    python benchmarks/survey.py box               the box of the published study (bound 5), to a new SQLite file: minutes

measures  200 continued fractions, random.Random(20241216), six randint(-5, 5) each in the order a2 a1 a0 b2 b1 b0, zero
          polynomials rejected: dynamics at depth 1000 and 60 digits of the value, on one core.  Blind delta is compared with
          Fractions of Python integers and math.gcd at every one.  The reference program takes 1.51 a second.
small     The box of degrees (2, 2), bound 2, by the command, with starting, storing and two workers.
box       The same of bound 5; then the size of the file.
cluster   Clustering and naming of a database given by CONSTANTS_LAB_DB.
"""

from __future__ import annotations

import math
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

Pair = tuple[tuple[int, ...], tuple[int, ...]]

DEPTH = 1000
REPEATS = 5


def workload(count: int = 200) -> list[Pair]:
    """The published continued fractions, without leading zeros."""
    rng = random.Random(20241216)
    found: list[Pair] = []
    while len(found) < count:
        six = [rng.randint(-5, 5) for _ in range(6)]
        if any(six[:3]) and any(six[3:]):
            found.append((_stripped(six[:3]), _stripped(six[3:])))
    return found


def _stripped(row: list[int]) -> tuple[int, ...]:
    return tuple(row[next(i for i, c in enumerate(row) if c) :])


def _log(x: int) -> float:
    excess = max(0, x.bit_length() - 900)
    return math.log(x >> excess) + excess * math.log(2)


def plain_blind_delta(a: tuple[int, ...], b: tuple[int, ...]) -> float | None:
    """Blind delta at :data:`DEPTH` with Python's integers alone; None where it is not defined."""

    def at(p: tuple[int, ...], n: int) -> int:
        value = 0
        for c in p:
            value = value * n + c
        return value

    before_p, p, before_q, q = 1, at(a, 0), 0, 1
    kept = {}
    for n in range(1, 2 * DEPTH + 1):
        first, second = at(a, n), at(b, n)
        before_p, p, before_q, q = p, first * p + second * before_p, q, first * q + second * before_q
        if n in (DEPTH, 2 * DEPTH):
            kept[n] = p, q
    (p, q), (far_p, far_q) = kept[DEPTH], kept[2 * DEPTH]
    if q == 0 or far_q == 0 or p * far_q == far_p * q:
        return None
    reduced = abs(q) // math.gcd(p, q)
    gap = abs(far_p * q - p * far_q)
    return None if reduced == 1 else -(_log(gap) - _log(abs(q)) - _log(abs(far_q))) / _log(reduced) - 1


def measure_measures() -> None:
    """Print the rate, cold and warm, and the largest difference from plain exact computation."""
    from constants_lab.search.measuring import measured

    todo = workload()
    began = perf_counter()
    measured(*todo[0], DEPTH)
    cold = perf_counter() - began
    times = []
    for _ in range(REPEATS):
        began = perf_counter()
        found = [measured(a, b, DEPTH) for a, b in todo]
        times.append(perf_counter() - began)
    worst, compared = 0.0, 0
    for (a, b), each in zip(todo, found, strict=True):
        blind = each.dynamics.blind_delta
        if blind is not None:
            plain = plain_blind_delta(a, b)
            assert plain is not None, (a, b)
            worst, compared = max(worst, abs(blind - plain)), compared + 1
    print(
        f"measures: {len(todo) / min(times):,.0f} PCF/s on one core (median {len(todo) / sorted(times)[REPEATS // 2]:,.0f}); "
        f"first call {cold:.1f} s; {compared} values of delta, largest difference {worst:.1e}"
    )


def measure_box(bound: int) -> None:
    """Print wall time, memory and the size of the file of a box by the command."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "survey.db"
        words = ["search", "survey", "--a-degree", "2", "--b-degree", "2", "--bound", str(bound), "--db", str(path)]
        began = perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "constants_lab.cli.main", *words], capture_output=True, text=True, check=False
        )
        wall = perf_counter() - began
        if done.returncode:
            sys.exit(done.stderr)
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(
            f"box of bound {bound}: {wall:.1f} s, {path.stat().st_size / 1e6:,.0f} MB, largest process {memory:,.0f} MB"
        )
        print(done.stderr.strip())


def measure_cluster() -> None:
    """Print wall time and memory of ``clab cluster`` on a database that is there."""
    if not os.environ.get("CONSTANTS_LAB_DB"):
        sys.exit("name the database of a survey with CONSTANTS_LAB_DB")
    began = perf_counter()
    done = subprocess.run([sys.executable, "-m", "constants_lab.cli.main", "cluster"], check=False)
    if done.returncode:
        sys.exit("clab cluster failed")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"cluster: {perf_counter() - began:.1f} s, largest process {memory:,.0f} MB")


ROWS = {
    "measures": measure_measures,
    "small": lambda: measure_box(2),
    "box": lambda: measure_box(5),
    "cluster": measure_cluster,
}


def main() -> None:
    """Print the rows asked for."""
    names = sys.argv[1:] or ["measures", "small"]
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        sys.exit(f"unknown: {' '.join(unknown)}; give some of {', '.join(ROWS)}")
    for name in names:
        ROWS[name]()


if __name__ == "__main__":
    main()
