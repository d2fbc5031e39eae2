"""Naming the values of a survey: seconds by step, memory, and names found with and without published formulas.

Run ``python benchmarks/naming.py`` for a survey made on the spot (``--bound``, 2 by default), or ``--db FILE`` for one that
exists: it is copied, and stays as it is.  ``--screen`` matches as many values as the box of bound 5 has, 770,000, with all
constants, and looks up nothing else.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np


def peak() -> str:
    """Largest memory of this process so far."""
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"


def screen(threads: int) -> None:
    """Match the values of a box in float64; the digits behind them are made up, so that only the true survive by luck."""
    from constants_lab.search.kernels.evaluate import evaluate_block
    from constants_lab.search.name_values import Reach, screened
    from constants_lab.search.space import PCFBox, coefficient_ranges

    box = PCFBox(coefficient_ranges("a", 2, "-5..5"), coefficient_ranges("b", 2, "-5..5"))
    values = np.concatenate([evaluate_block(x.a, x.b, x.paired)[0] for x in box.blocks(0, box.size, 1 << 18)])
    started = perf_counter()
    found = screened(
        values, lambda rows: [repr(float(values[row])) + "7" * 40 for row in rows], Reach(), threads=threads
    )
    print(
        f"{len(values):,} values against all constants: {perf_counter() - started:.1f} s, {len(found)} claims, {peak()}"
    )


def name(database: Path, workers: int | None, anchors: bool) -> None:
    """Name a copy of a survey and print what came of it."""
    from constants_lab.db.clustering import survey_rows
    from constants_lab.db.store import Store
    from constants_lab.search.naming import name_members

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        shutil.copy(database, copy)
        with Store.open(copy) as store:
            rows = survey_rows(store)
            # Clusters as coarse as can be: by the share of primes with nilpotent products.
            numbers = (np.nan_to_num(rows.nilpotent) * 16).astype(np.int64)
            started = perf_counter()
            naming = name_members(store, rows, numbers, workers=workers, anchors=anchors)
            seconds = perf_counter() - started
    steps = ", ".join(f"{step} {took:.1f}" for step, took in naming.seconds.items())
    print(
        f"{len(rows):,} formulas, {naming.asked:,} asked, anchors {'yes' if anchors else 'no'}: {seconds:.1f} s, {peak()}"
    )
    print(f"  seconds: {steps}")
    print(
        f"  {sum(naming.found.values()):,} named, {len(naming.failures)} failures, {len(naming.equivalents)} equivalents"
    )
    print("  " + ", ".join(f"{constant} {count}" for constant, count in naming.found.most_common(15)))


def survey(bound: int, path: Path) -> None:
    """A survey of degrees up to 2."""
    from constants_lab.db.store import Store
    from constants_lab.search.engine import choose_engine
    from constants_lab.search.job import JobSpec
    from constants_lab.search.runner import prepare_job, run_job

    spec = JobSpec.of("survey", {"a_degree": 2, "b_degree": 2, "bound": bound})
    engine = choose_engine(spec.space().expected_seconds)
    with Store.open(path) as store:
        run_job(store, prepare_job(store, spec).id, engine)
    engine.close()


def main() -> None:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bound", type=int, default=2)
    parser.add_argument("--db", type=Path)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--screen", action="store_true")
    options = parser.parse_args()
    if options.screen:
        screen(options.workers or 2)
        return
    with tempfile.TemporaryDirectory() as folder:
        database = options.db
        if database is None:
            database = Path(folder) / "survey.db"
            survey(options.bound, database)
        for anchors in (False, True):
            name(database, options.workers, anchors)


if __name__ == "__main__":
    main()
