"""The sieve: the test of one continued fraction, whole boxes and a family, against the published test by exact integers.

    python benchmarks/sieve.py                 every row but the largest box, each in a fresh process
    python benchmarks/sieve.py test box-4      some of them
    python benchmarks/sieve.py --large         the largest box too (about an hour and 1 GB)
    python benchmarks/sieve.py --recall        known formulas that pass, and what stage two separates (docs/sieve.md)

Tests of single fractions are made on random PCFs of degrees (2, 4) with coefficients up to 10; "published" is an own version,
in plain Python integers, of the test by factorial reduction (Raayoni et al., PNAS 121, 2024), and where ramanujantools is
installed its fit of reduced denominators is timed too.  Boxes are sifted to the survivors of stage two on one core, and
confirming these (value, names, labels) is timed on its own.  The family goes through the whole runner: a local cluster of two
workers, the SymPy cross-check, and a new SQLite file.  Every name found is verified anew to 500 digits, outside the times.
"Cold" has an empty Numba cache, so compilation is included.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

PAIRS = 4_000_000
SAMPLE = 1_500
SYMBOLIC_SAMPLE = 10
"""Random PCFs given to the nilpotence test, to the published one, and to ramanujantools."""

DEPTH, BURST, SETTLED = 1_400, 200, 0.1
"""Of the published test: greatest depth, steps between two looks at the gcd, change that counts as settled."""
SYMBOLIC_DEPTH = 200
"""Of the fit by ramanujantools, which takes minutes for some fractions beyond."""

COUNTED = tuple("void equivalent half candidates confirmed named unnamed rational true refuted unreached".split())  # noqa: SIM905
"""What is told of a space: counters of the job, formulas by name, names by their verification."""

FAMILY = {"a": "(2*n+1)*(A*n^2+B*n+C)", "b": "D*n^6"}
DATA = Path(__file__).parent.parent / "tests" / "data"


@dataclass(frozen=True)
class Workload:
    """A space, a small one that compiles the same kernels, and the workers of a local cluster (0: screen and confirm here)."""

    options: dict[str, Any]
    warm_up: dict[str, Any]
    workers: int = 0
    repeats: int = 1
    cold: bool = True


def _box(bound: int) -> dict[str, Any]:
    return {"a_degree": 2, "b_degree": 4, "bound": bound, "allow_large": True}


def _family(largest: int, lead: int) -> dict[str, Any]:
    return FAMILY | {"ranges": {**dict.fromkeys("ABC", f"1..{largest}"), "D": f"-{lead}..{lead}"}}


WORKLOADS = {
    "box-4": Workload(_box(4), _box(4), repeats=3),
    "box-10": Workload(_box(10), _box(5)),
    "box-20": Workload(_box(20), _box(5), cold=False),
    "family": Workload(_family(50, 130), _family(5, 20), workers=2),
}
TESTS = ("test", "published", "ramanujantools")
LARGE = ("box-20",)


# --- tests of single continued fractions ---------------------------------------------------------------------------


def random_pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficient rows (int64, highest degree first) of a of degree 2 and b of degree 4, uniform in -10..10."""
    draw = np.random.default_rng(1)
    a, b = (draw.integers(-10, 11, (count, width)) for width in (3, 5))
    for rows in (a, b):
        rows[:, 0] = draw.integers(1, 11, count) * draw.choice([-1, 1], count)
    return a, b


def has_factorial_reduction(a: list[int], b: list[int], depth: int = DEPTH) -> bool:
    """Whether ln gcd(p_n, q_n) = d ln n! + c n with d = deg a and c settling, looked at every :data:`BURST` steps (numeric).

    The idea of the published test: exact p_n, q_n by their recurrence, and their gcd.  It passes when c changes by less than
    :data:`SETTLED` from one look to the next, and fails at ``depth``, or once c changes by more than it did before.
    """
    degree = len(a) - 1
    p, p_before, q, q_before = a[-1], 1, 1, 0
    excess: list[float] = []
    for n in range(1, depth + 1):
        above, below = 0, 0
        for c in b:
            above = above * n + c
        for c in a:
            below = below * n + c
        p, p_before = below * p + above * p_before, p
        q, q_before = below * q + above * q_before, q
        if n % BURST:
            continue
        common = math.gcd(p, q)
        if common == 0:
            return False
        excess.append((math.log(common) - degree * math.lgamma(n + 1)) / n)
        changes = [abs(y - x) for x, y in pairwise(excess[-3:])]
        if changes and changes[-1] < SETTLED:
            return True
        if len(changes) == 2 and changes[1] > changes[0]:
            return False
    return False


def _clear_caches() -> None:
    """Forget tables of residue classes, so that every repetition makes them anew."""
    from constants_lab.search import sieve_boxes
    from constants_lab.search.kernels import nilpotence

    for cached in (nilpotence._table, nilpotence.root_table, sieve_boxes._prepare, sieve_boxes._lists):
        cached.cache_clear()


def measure_nilpotence(repeats: int) -> dict[str, Any]:
    """The test of stage one on :data:`PAIRS` pairs, its tables included."""
    from constants_lab.search.kernels.nilpotence import nilpotent_members

    a, b = random_pairs(PAIRS)
    times = []
    for _ in range(repeats):
        _clear_caches()
        started = perf_counter()
        kept = nilpotent_members(a, b)
        times.append(perf_counter() - started)
    sample = int(np.count_nonzero(kept < SAMPLE))
    return {"pairs": PAIRS, "first": times[0], "seconds": min(times), "kept": len(kept), "of sample": sample}


def measure_published(repeats: int) -> dict[str, Any]:
    """The published test on the first :data:`SAMPLE` of the same pairs."""
    a, b = (rows[:SAMPLE].tolist() for rows in random_pairs(PAIRS))
    times = []
    for _ in range(repeats):
        started = perf_counter()
        kept = sum(has_factorial_reduction(x, y) for x, y in zip(a, b, strict=True))
        times.append(perf_counter() - started)
    return {"pairs": SAMPLE, "first": times[0], "seconds": min(times), "kept": kept, "of sample": kept}


def measure_ramanujantools(repeats: int) -> dict[str, Any]:
    """Its fit of ln of the reduced denominators against n; it gives a slope, no verdict."""
    import sympy
    from ramanujantools.pcf import PCF

    a, b = (rows[:SYMBOLIC_SAMPLE].tolist() for rows in random_pairs(PAIRS))
    n = sympy.Symbol("n")
    pairs = [tuple(sympy.Poly(row, n).as_expr() for row in pair) for pair in zip(a, b, strict=True)]
    started = perf_counter()
    for x, y in pairs:
        PCF(x, y).M().gcd_slope(SYMBOLIC_DEPTH)
    seconds = perf_counter() - started
    return {"pairs": len(pairs), "first": seconds, "seconds": seconds, "kept": None, "of sample": None}


# --- whole spaces --------------------------------------------------------------------------------------------------


def _screened(store: Any, job: Any, spec: Any, repeats: int) -> dict[str, Any]:
    """Screen a whole space in this process, then confirm and record what is left."""
    from constants_lab.search.job import load_method

    method = load_method("sieve")
    times = []
    for _ in range(repeats):
        _clear_caches()
        started = perf_counter()
        space = spec.space()
        screened = method.screen(space, 0, space.size)
        times.append(perf_counter() - started)
    peak = _peak()
    started = perf_counter()
    findings = [found for found in map(method.confirm, screened.candidates) if found is not None]
    confirming = perf_counter() - started
    store.record(job.id, 0, space.size, findings, screened.counters | {"confirmed": len(findings)}, sum(times))
    return {"first": times[0], "seconds": min(times), "confirming": confirming, "peak": peak}


def _searched(store: Any, job: Any, workers: int) -> dict[str, Any]:
    """The whole search of a space by the runner on a local cluster, whose start is included."""
    from constants_lab.search.engine import DaskEngine
    from constants_lab.search.runner import run_job

    started = perf_counter()
    run_job(store, job.id, lambda expected: DaskEngine(None, workers))
    seconds = perf_counter() - started
    return {"first": seconds, "seconds": seconds, "confirming": None, "peak": _peak()}


def _peak() -> float:
    """MB of this process or the largest child that has ended, whichever is more."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def _named(store: Any) -> dict[str, int]:
    """How many formulas have a name, none, or a rational value, as ``clab formulas`` counts them."""
    from constants_lab.db.query import count

    total, rational = (count(store, min_evidence="screened", label=label) for label in (None, "rational"))
    unnamed = count(store, unidentified=True)
    return {"named": total - rational - unnamed, "unnamed": unnamed, "rational": rational}


def _verified(store: Any) -> dict[str, int]:
    """Every name verified anew to 500 digits: true, refuted, or not reached."""
    from constants_lab.db.query import formula, formulas
    from constants_lab.errors import NotConverging, VerificationFailed
    from constants_lab.expressions import Identity
    from constants_lab.pcf import PCF
    from constants_lab.verification import verify

    results: Counter[str] = Counter()
    for view in formulas(store):
        for item in formula(store, view.id).identities:
            try:
                verify(PCF(view.a or "", view.b or ""), Identity.parse(item.lhs), 500)
                results["true"] += 1
            except VerificationFailed:
                results["refuted"] += 1
            except NotConverging:
                results["unreached"] += 1
    return results


def measure_space(name: str, mode: str) -> dict[str, Any]:
    """Run one workload in this process and return its figures; names are verified anew in the warm run alone."""
    import sympy  # noqa: F401  (the import is not part of the search)

    import constants_lab.search.methods.sieve  # noqa: F401
    from constants_lab.db.store import Store
    from constants_lab.search.job import JobSpec
    from constants_lab.search.runner import prepare_job

    workload = WORKLOADS[name]
    spec = JobSpec.of("sieve", workload.warm_up if mode == "warm-up" else workload.options)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "lab.db") as store:
        job = prepare_job(store, spec)
        if workload.workers:
            figures = _searched(store, job, workload.workers)
        else:
            figures = _screened(store, job, spec, workload.repeats if mode == "warm" else 1)
        figures |= {"size": job.total, **store.job(job.id).counters, **_named(store)}
        return figures | (_verified(store) if mode == "warm" else {})


# --- what passes and what does not ---------------------------------------------------------------------------------


def known_fractions() -> Iterator[tuple[str, Any]]:
    """Constant and canonical PCF of every published formula of the tests and of the table of known ones, each once."""
    from constants_lab.known import known_formulas
    from constants_lab.pcf import PCF

    seen = set()
    cases = [c for name in ("known_pcf", "dynamics") for c in json.loads((DATA / f"{name}.json").read_text())["cases"]]
    found = [(case["constant"], PCF([int(c) for c in case["a"]], [int(c) for c in case["b"]])) for case in cases]
    for constant, pcf in found + [(formula.constant, formula.pcf) for formula in known_formulas()]:
        form = pcf.canonical()
        if form.key not in seen:
            seen.add(form.key)
            yield constant, form


def print_known() -> None:
    """A row for each constant and regime: how many primes pass, growth of valuations, verdict of both stages."""
    from constants_lab.reduction import nilpotent_fraction
    from constants_lab.search.methods.sieve import FULL_REDUCTION
    from constants_lab.triviality import is_void

    rows: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for constant, pcf in known_fractions():
        share = 0.0 if is_void(pcf.a, pcf.b) else nilpotent_fraction(pcf.a, pcf.b) or 0.0
        rows[constant, pcf.asymptotics.regime].append((share, _rate(pcf.a, pcf.b)))
    print("\n| constant | regime | formulas | share of primes that pass | rate | pass both stages |")
    print("|---|---|---|---|---|---|")
    for (constant, regime), found in sorted(rows.items(), key=lambda item: (-max(item[1])[0], item[0])):
        shares, rates = zip(*found, strict=True)
        passing = sum(share == 1.0 and rate >= FULL_REDUCTION for share, rate in found)
        cells = constant, regime, len(found), _span(shares), _span(rates), f"{passing} of {len(found)}"
        print(f"| {' | '.join(map(str, cells))} |")


def _rate(a: Any, b: Any) -> float:
    """The rate by which stage two decides; below the bound the least over all primes, not that of the first to fail."""
    from constants_lab.reduction import reduction_rate
    from constants_lab.search.methods.sieve import FULL_REDUCTION
    from constants_lab.triviality import apparent_factors

    apparent = apparent_factors(a, b)
    rate = reduction_rate(a, b, least=FULL_REDUCTION, apparent=apparent)
    return rate if rate >= FULL_REDUCTION else min(rate, reduction_rate(a, b, apparent=apparent))


def _span(values: Iterable[float]) -> str:
    low, high = (f"{x:.3g}" for x in (min(values, default=math.nan), max(values, default=math.nan)))
    return low if low == high else f"{low} to {high}"


RECALL_SPACES: dict[str, dict[str, Any]] = {
    "(1, 4), bound 5": {"a_degree": 1, "b_degree": 4, "bound": 5},
    "(2, 3), bound 5": {"a_degree": 2, "b_degree": 3, "bound": 5},
    "(2, 4), bound 4": _box(4),
    "(2, 4), bound 10": _box(10),
    "(3, 5), bound 2": {"a_degree": 3, "b_degree": 5, "bound": 2},
    "(3, 6), bound 3, b split": {"a_degree": 3, "b_degree": 6, "bound": 3, "split": True},
    "(2n+1)(An²+Bn+C), Dn⁶": _family(8, 60),
}


def print_separation() -> None:
    """A row for each space: what passes stage one, and how rates and quick valuations divide what is genuine of it."""
    print("\n| space | pass stage one | trivial | genuine | rate < 0.6 | 0.6 to 0.7 | 0.7 to 0.8 | ≥ 0.8 ", end="")
    print("| v/d, rate ≥ 0.7 | v/d, rate < 0.7 | of these pass the quick test |")
    print("|---" * 11 + "|")
    for title, options in RECALL_SPACES.items():
        trivial, genuine = _separated(options)
        bins = Counter(sum(rate >= edge for edge in (0.6, 0.7, 0.8)) for rate, _, _ in genuine)
        full = [v for rate, v, _ in genuine if rate >= 0.7]
        others = [v for rate, v, _ in genuine if rate < 0.7]
        let = sum(quick for rate, _, quick in genuine if rate < 0.7)
        cells = [title, len(genuine) + trivial, trivial, len(genuine), *(bins[k] for k in range(4))]
        cells += [_span(full) if full else "–", _span(others) if others else "–", let]
        print(f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else str(cell) for cell in cells)} |", flush=True)


def _separated(options: dict[str, Any]) -> tuple[int, list[tuple[float, float, bool]]]:
    """How many survivors of stage one are trivial; of the others the rate, least valuation at 3p over d, quick verdict."""
    from flint import fmpz_poly

    from constants_lab.pcf import PCF
    from constants_lab.search.job import JobSpec
    from constants_lab.search.kernels.valuations import QUICK_PRIMES, column_valuation, may_reduce
    from constants_lab.triviality import apparent_factors, is_inflated, is_void

    space: Any = JobSpec.of("sieve", options).space()
    trivial, genuine = 0, []
    for survivor in space.members.survivors(0, space.size, {}):
        a, b = (fmpz_poly(list(row[::-1])) for row in (survivor.a, survivor.b))
        if PCF(a, b).asymptotics.regime in ("finite", "divergent") or is_inflated(a, b) or is_void(a, b):
            trivial += 1
            continue
        x, y = (np.array(row, np.int64) for row in (survivor.a, survivor.b))
        valuations = [column_valuation(x, y, p, 3) for p in QUICK_PRIMES if x[0] % p and y[0] % p]
        twice = max(2 * a.degree(), b.degree()) - 2 * sum(factor.degree() for factor in apparent_factors(a, b))
        quick = bool(may_reduce(x, y, np.array(QUICK_PRIMES, np.int64), twice))
        genuine.append((_rate(a, b), 2 * min(valuations) / twice if valuations and twice > 0 else math.nan, quick))
    return trivial, genuine


# --- fresh processes and tables ------------------------------------------------------------------------------------


def _worker(name: str, mode: str) -> dict[str, Any]:
    measures: dict[str, Callable[[int], dict[str, Any]]] = {
        "test": measure_nilpotence,
        "published": measure_published,
        "ramanujantools": measure_ramanujantools,
    }
    return measures[name](3 if mode == "warm" and name == "test" else 1) if name in TESTS else measure_space(name, mode)


def _fresh(name: str, mode: str) -> dict[str, Any]:
    """The figures of a workload in a new process: on one core, unless it has workers of its own."""
    pinned = Path("/usr/bin/taskset").exists() and not (name in WORKLOADS and WORKLOADS[name].workers)
    with tempfile.TemporaryDirectory() as empty:
        environment = dict(os.environ, OMP_NUM_THREADS="1")
        if mode == "cold":
            environment["NUMBA_CACHE_DIR"] = empty
        command = ["taskset", "-c", "0"] if pinned else []
        command += [sys.executable, __file__, "--worker", name, mode]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)


def print_tests(names: Iterable[str]) -> None:
    """A row for each test; the ratio is time a PCF over that of the nilpotence test."""
    print("| test | PCFs | warm s | cold s | million PCF/s | µs a PCF | ratio | kept | kept of the first 1,500 |")
    print("|---|---|---|---|---|---|---|---|---|")
    unit = None
    for name in names:
        if name == "test":
            _fresh(name, "warm-up")
        warm = _fresh(name, "warm")
        cold = f"{_fresh(name, 'cold')['first']:.2f}" if name == "test" else "–"
        each = warm["seconds"] / warm["pairs"]
        unit = each if name == "test" else unit
        ratio = "–" if unit is None else f"{each / unit:,.0f}"
        kept, sample = (
            "–" if warm[key] is None else f"{warm[key]:,} ({warm[key] / size:.3%})"
            for key, size in (("kept", warm["pairs"]), ("of sample", SAMPLE))
        )
        print(
            f"| {name} | {warm['pairs']:,} | {warm['seconds']:.2f} | {cold} | {1e-6 / each:.3g} | {1e6 * each:.3g} "
            f"| {ratio} | {kept} | {sample} |",
            flush=True,
        )


def print_spaces(names: Iterable[str]) -> None:
    """A row for each space; "sift" is stages one and two, for the family the whole search."""
    print(
        "\n| space | candidates | sift s | cold s | confirm s | peak MB | void | equivalent | half | survivors ", end=""
    )
    print("| confirmed | named | unnamed | rational | true at 500 digits | refuted | not reached |")
    print("|---" * 17 + "|")
    for name in names:
        _fresh(name, "warm-up")
        warm = _fresh(name, "warm")
        cold = f"{_fresh(name, 'cold')['first']:.1f}" if WORKLOADS[name].cold else "–"
        confirming = "–" if warm["confirming"] is None else f"{warm['confirming']:.1f}"
        counts = [warm.get(key, 0) for key in COUNTED]
        cells = [name, f"{warm['size']:,}", f"{warm['seconds']:.1f}", cold, confirming, f"{warm['peak']:.0f}"]
        print(f"| {' | '.join([*cells, *(f'{count:,}' for count in counts)])} |", flush=True)


def main() -> None:
    """Print the tables asked for."""
    if sys.argv[1:2] == ["--worker"]:
        print(json.dumps(_worker(*sys.argv[2:4])))
        return
    options = {word for word in sys.argv[1:] if word.startswith("--")}
    names = [word for word in sys.argv[1:] if not word.startswith("--")]
    unknown = [*(options - {"--large", "--recall"}), *(name for name in names if name not in (*TESTS, *WORKLOADS))]
    if unknown:
        sys.exit(f"unknown: {' '.join(unknown)}; give some of {', '.join([*TESTS, *WORKLOADS])}, --large or --recall")
    if "--recall" in options:
        print_known()
        print_separation()
        return
    installed = importlib.util.find_spec("ramanujantools") is not None
    if not names:
        names = [name for name in TESTS if installed or name != "ramanujantools"]
        names += [name for name in WORKLOADS if name not in LARGE or "--large" in options]
    elif "ramanujantools" in names and not installed:
        sys.exit("ramanujantools is not installed here: pip install ramanujantools, or leave the row out")
    tests, spaces = [n for n in TESTS if n in names], [n for n in WORKLOADS if n in names]
    if tests:
        print_tests(tests)
    if spaces:
        print_spaces(spaces)


if __name__ == "__main__":
    main()
