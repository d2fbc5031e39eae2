"""Rigorous balls: time to enclose, beside the numeric evaluation of the same fraction to the same digits.

Run ``python benchmarks/enclosures.py``.  Every call starts from the polynomials; the certificate of the tails is made anew.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from constants_lab.enclosure import enclose_pcf, enclose_signed
from constants_lab.pcf import PCF
from constants_lab.signed import SignedCF

FRACTIONS = (
    ("6/ζ(3), Apéry", "34n^3+51n^2+27n+5", "-n^6", 1000, "3"),
    ("4/π", "2n+1", "n^2", 1000, ""),
    ("e", "n+3", "-n", 1000, ""),
    ("1/ζ(3), slow", "n^3+(n+1)^3", "-n^6", 105, ""),
    ("1/ζ(3), slow", "n^3+(n+1)^3", "-n^6", 1000, ""),
    ("π + 3, slow", "6", "(2n-1)^2", 105, ""),
    ("2/(7ζ(3)), slower than every power", "4n^3+6n^2+4n+1", "-4n^6", 105, ""),
)


def best(action: Callable[[], object], repeats: int = 7) -> float:
    """Least wall time of several runs, in milliseconds."""
    times = []
    for _ in range(repeats):
        started = perf_counter()
        action()
        times.append(perf_counter() - started)
    return 1000 * min(times)


def main() -> None:
    """Print a row for every fraction."""
    print("| fraction | digits | terms | ball ms | must reach ms | numeric ms |")
    print("|---|---|---|---|---|---|")
    for name, a, b, digits, target in FRACTIONS:
        pcf = PCF(a, b)
        found = enclose_pcf(pcf.a, pcf.b, digits)
        assert found.digits >= digits
        ball = best(lambda pcf=pcf, digits=digits: enclose_pcf(pcf.a, pcf.b, digits))  # type: ignore[misc]
        numeric = best(lambda pcf=pcf, digits=digits: pcf.evaluate(digits), 3)  # type: ignore[misc]
        print(f"| {name} | {digits} | {found.depth} | {ball:.2f} | {target} | {numeric:.2f} |")
    cf = SignedCF([1], [2], ["1", "2m+2", "1"])
    signed = enclose_signed(cf, 1000)
    ball, numeric = best(lambda: enclose_signed(cf, 1000)), best(lambda: cf.evaluate(1000))
    print(f"| e, signed | 1000 | {signed.depth} | {ball:.2f} | | {numeric:.2f} |")


if __name__ == "__main__":
    main()
