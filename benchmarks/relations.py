"""Integer relations: ours against mpmath's PSLQ and PARI's lindep, on the same numbers in one run.

Run ``python benchmarks/relations.py``.  A *miss* is n logarithms of primes, which have no relation (the costly
case); a *hit* replaces the last one by a small combination of the others.  Times are the best of several rounds, in
milliseconds, for values already computed (PSLQ takes mpf, lindep a PARI vector, ours balls); no coefficient
bound is given, so each must use all digits.  ``bound`` is ours again with coefficients bounded by 1000.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

import flint
import mpmath

from constants_lab.relations import Relation, find_relation

CASES = ((4, 50), (4, 100), (5, 100), (8, 100), (12, 300), (20, 500))
PSLQ_LIMIT = 12
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)


def best(function: Callable[[], Any], rounds: int = 7, seconds: float = 1.5) -> tuple[float, Any]:
    """Least milliseconds of a call over rounds of about 10 ms, within a time limit, and the last result."""
    least = float("inf")
    started = time.perf_counter()
    result = function()
    once = time.perf_counter() - started
    count = max(1, int(0.01 / max(once, 1e-7)))
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(count):
            result = function()
        least = min(least, (time.perf_counter() - begin) / count)
        if time.perf_counter() - started > seconds:
            break
    return least * 1e3, result


def expressions(n: int, hit: bool) -> list[dict[int, int]]:
    """Each value as {prime: coefficient}: a linear combination of logarithms."""
    values = [{p: 1} for p in PRIMES[:n]]
    if hit:
        values[-1] = {p: (-1) ** i * (2 * i + 3) for i, p in enumerate(PRIMES[: n - 1])}
    return values


def balls(n: int, digits: int, hit: bool) -> list[flint.arb]:
    """The values as balls of a little more than ``digits`` digits."""
    with flint.ctx.workdps(digits + 8):
        return [sum((k * flint.arb(p).log() for p, k in value.items()), flint.arb(0)) for value in expressions(n, hit)]


def floats(n: int, digits: int, hit: bool) -> list[mpmath.mpf]:
    """The same values for mpmath, at its working precision of ``digits``."""
    mpmath.mp.dps = digits
    return [mpmath.fsum(k * mpmath.log(p) for p, k in value.items()) for value in expressions(n, hit)]


def normal(row: list[int] | None) -> tuple[int, ...] | None:
    """A relation with its first nonzero coefficient positive."""
    if row is None:
        return None
    first = next((k for k in row if k), 1)
    return tuple(k if first > 0 else -k for k in row)


def pari_vector(pari: Any, n: int, digits: int, hit: bool) -> Any:
    """The same values as a PARI vector."""
    pari.set_real_precision(digits + 8)
    sums = ["+".join(f"({k})*log({p})" for p, k in value.items()) for value in expressions(n, hit)]
    return pari("[" + ",".join(sums) + "]")


def main() -> None:
    """Prints the table."""
    try:
        pari = importlib.import_module("cypari").pari
    except ImportError:
        pari = None
    print(
        f"{'terms':>5} {'digits':>6} {'case':>5} {'pslq ms':>9} {'lindep ms':>9} {'ours ms':>9} {'bound ms':>9}"
        f" {'pslq/ours':>9} {'ours/lindep':>11}  same"
    )
    for n, digits in CASES:
        for hit in (False, True):
            given = balls(n, digits, hit)
            ours, relation = best(lambda given=given, digits=digits: find_relation(given, digits))
            bounded, _ = best(lambda given=given, digits=digits: find_relation(given, digits, max_coefficient=1000))
            slow = lind = None
            same = "-"
            if n <= PSLQ_LIMIT:
                numbers = floats(n, digits, hit)
                slow, row = best(lambda numbers=numbers: mpmath.pslq(numbers, maxcoeff=10**6, maxsteps=10**6), 3)
                found = relation.coefficients if isinstance(relation, Relation) else None
                same = "yes" if normal(row) == found else f"NO: {row} and {found}"
            if pari is not None:
                vector = pari_vector(pari, n, digits, hit)
                lind, _ = best(vector.lindep)
            print(
                f"{n:5} {digits:6} {'hit' if hit else 'miss':>5} {show(slow)} {show(lind)} {show(ours)}"
                f" {show(bounded)} {show(slow and slow / ours)} {show(lind and ours / lind, 11)}  {same}"
            )


def show(number: float | None, width: int = 9) -> str:
    """A number for the table, or a dash where nothing was measured."""
    return f"{'-':>{width}}" if number is None else f"{number:{width}.4g}"


if __name__ == "__main__":
    main()
