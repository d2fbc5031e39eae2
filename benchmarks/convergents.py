"""Exact convergents of Apéry's fraction for zeta(3) against bare product trees on gmpy2 and FLINT integers, in one run.

Run ``python benchmarks/convergents.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import gmpy2
from flint import fmpz, fmpz_poly

from constants_lab.convergents import convergent_pair

N = 10_000


def bare_tree(number: Callable[[int], Any], start: int, stop: int) -> tuple[Any, Any, Any, Any]:
    """M(start) ... M(stop-1) by halving, one matrix a leaf."""
    if stop - start == 1:
        n = number(start)
        return number(0), -(n**6), number(1), 34 * n**3 + 51 * n**2 + 27 * n + 5
    middle = (start + stop) // 2
    w, x, y, z = bare_tree(number, start, middle)
    s, t, u, v = bare_tree(number, middle, stop)
    return w * s + x * u, w * t + x * v, y * s + z * u, y * t + z * v


def best(action: Callable[[], object], repeats: int = 7) -> float:
    """Least wall time of several runs."""
    times = []
    for _ in range(repeats):
        started = perf_counter()
        action()
        times.append(perf_counter() - started)
    return min(times)


def main() -> None:
    """Print milliseconds and ratios."""
    a, b = fmpz_poly([5, 27, 51, 34]), fmpz_poly([0] * 6 + [-1])
    ours = best(lambda: convergent_pair(a, b, N))
    print(f"| p_n/q_n of Apéry's zeta(3), n = {N} | ms | ours / it |")
    print("|---|---|---|")
    print(f"| constants_lab.convergents | {1000 * ours:.1f} | 1 |")
    for name, number in (("bare product tree, gmpy2", gmpy2.mpz), ("bare product tree, FLINT", fmpz)):
        bare = best(lambda number=number: bare_tree(number, 1, N + 1))  # type: ignore[misc]
        print(f"| {name} | {1000 * bare:.1f} | {ours / bare:.2f} |")


if __name__ == "__main__":
    main()
