"""Certificates of every kind: each rule, each theorem."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from math import lcm

import pytest
from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.polynomials import parse_polynomial
from constants_lab.proofs import checker
from constants_lab.proofs.prover import prove
from constants_lab.proofs.steps import (
    Step,
    certificate,
    coboundary,
    facts_of,
    flint_ratio,
    function,
    periodic,
    polynomial,
    scaled,
    theorem,
)

ONE = fmpz_poly([1])
SERIES = {
    "logarithmic series": {"z": "-1/2"},
    "odd series": {"y": "1/4"},
    "euler arctangent series": {"y": "1"},
    "squared arcsine series": {"w": "1/4"},
    "central binomial series": {"r": "1/2"},
    "zeta series": {"m": "2", "d": "2", "s": "-1"},
    "apery series": {},
    "dirichlet series": {"d": "3", "m": "2"},
    "gauss second series": {"b": "1/2"},
}
"""Theorems on series that begin with 1, and parameters."""
FRACTIONS = {
    "lambert fraction": {"y": "-1/4"},
    "bessel fraction": {"c": "1", "x": "2", "s": "1"},
    "laguerre fraction": {"p": "1/3", "r": "3/5"},
    "kummer fraction": {"q": "0", "x": "1", "i": "1"},
    "laplace fraction": {"x": "1"},
    "tricomi fraction": {"b": "1/2", "x": "1"},
}
PROVED = {
    "exponential series": ("n + 3", "-n", "e"),
    "binomial series": ("6*n + 3", "-8*n^2 + 4*n", "1/(sqrt(2) - 1)"),
    "gauss fraction": ("2", "4*n^2 + 2*n", "2/(lemniscate - 2)"),
    "quadratic gauss fraction": ("4*n + 1", "-2*n^2 + n", "2/lemniscate"),
    "telescope": ("3*n^2 + 11*n + 9", "-2*n^4 - 7*n^3 - 4*n^2 + 4*n", "8/(3*zeta(2) - 4)"),
    "euler": ("n^3 + (n + 1)^3", "-n^6", "1/zeta(3)"),
    "shift": ("3*n + 3", "-2*n^2 + n + 3", "1 + 3*pi/4"),
    "conjugate": ("2*n - 4", "-n^2 + 5*n - 5", "(1 - 2*phi)/phi"),
    "coboundary": ("2*n + 3", "n^2 + 2*n", "4/(pi - 2)"),
    "recurrence": ("3*n^2 + 3*n + 1", "-2*n^4", "1/(2*catalan)"),
}
"""Formulas whose proofs use a rule."""


def proof(a: str, b: str, lhs: str) -> str | None:
    """The prover's certificate that PCF(a, b) is the left-hand side, if it finds one."""
    claim = Identity.parse(lhs)
    matrix = [[int(k) for k in row] for row in claim.matrix]
    return prove(parse_polynomial(a), parse_polynomial(b), claim.constant, matrix)


def proved(a: str, b: str, lhs: str) -> str:
    """The same, of what is known to have one."""
    text = proof(a, b, lhs)
    assert text is not None
    return text


def of_steps(steps: list[Step]) -> str:
    """The certificate that says what the last step does."""
    fact = facts_of(steps)[-1]
    assert isinstance(fact, checker.Continued)
    entries = [Fraction(e) for e in fact.value.matrix]
    common = lcm(*(e.denominator for e in entries))
    p, q, r, s = (int(e * common) for e in entries)
    last = steps[-1]
    shape = last["target"] if last["rule"] == "coboundary" else {key: last[key] for key in "ab"}
    whole = json.loads(certificate(PCF(ONE, ONE), fact.value.constant, [[p, q], [r, s]], steps))
    whole["claim"]["fraction"] = shape
    return json.dumps(whole)


def summed(steps: list[Step]) -> str:
    """The certificate for Euler's fraction of a series, with f = 1."""
    series = facts_of(steps)[-1]
    assert isinstance(series, checker.Series)
    top, bottom = (p.numer() for p in map(fmpq_poly, _whole(*flint_ratio(series.ratio))))
    h1, h2, one = fmpq_poly(top), fmpq_poly(bottom)(fmpq_poly([-1, 1])), fmpq_poly([1])
    a, b = (h1 + fmpq_poly(bottom)).numer(), (-h1 * h2).numer()
    step = {"rule": "euler", "series": len(steps) - 1, "a": polynomial(a), "b": polynomial(b), "f": ["1"]}
    return of_steps([*steps, {**step, "h1": function(h1, one), "h2": function(h2, one)}])


def _whole(top: fmpq_poly, bottom: fmpq_poly) -> tuple[fmpz_poly, fmpz_poly]:
    common = top.gcd(bottom)
    top, bottom = top // common, bottom // common
    scale = fmpq(top.denom() * bottom.denom())
    return (top * scale).numer(), (bottom * scale).numer()


def folded(a: str, b: str, target: Step, converges: str) -> str:
    """PCF(a, b) with constant a, b, two steps at a time."""
    one = fmpq_poly([1])
    u = ONE, fmpz_poly([]), fmpz_poly([]), ONE
    fold = 1 if "period" in target else 2
    step = coboundary(0, target, u, (one, one), fold=fold, steps=2, converges=converges)
    return of_steps([periodic(int(a), int(b)), step])


def constant(q: str) -> Step:
    """A function that is an integer."""
    return {"num": [q], "den": ["1"]}


def certificates() -> Iterator[tuple[str, str]]:
    """Names of rules and theorems, and certificates that use them."""
    for name, formula in PROVED.items():
        yield name, proved(*formula)
    for name, data in SERIES.items():
        yield name, summed([theorem(name, **data)])
    # The tail from the second term on.
    tail = {
        "rho": constant("4"),
        "g": constant("0"),
        "ratio": {"num": ["4", "-4", "1"], "den": ["4", "8", "4"]},
        "c": "4",
    }
    yield "gauss series", summed([theorem("gauss series"), {"rule": "telescope", "series": 0, "shift": 1, **tail}])
    yield "group", summed([theorem("logarithmic series", z="-1"), {"rule": "group", "series": 0}])
    for name, data in FRACTIONS.items():
        cited = theorem(name, **data)
        (fact,) = facts_of([cited])
        assert isinstance(fact, checker.Continued)
        x, y = (f[0] / f[1][0] for f in map(flint_ratio, fact.shape.pair))
        c = fmpq(lcm(int(x.denom()), int(y.denom())))
        a, b = (x * c).numer(), (y * c * c)(fmpq_poly([-1, 1])).numer()
        yield name, of_steps([cited, scaled(0, a, b, c)])
    one = constant("1")
    yield "tietze", folded("1", "1", {"head": [["3", "1"]], "period": [[one, "1"], [one, "1"]]}, "tietze")
    yield "seidel stern", folded("1", "1", {"a": ["1"], "b": ["1"]}, "seidel stern")
    yield "worpitzky", folded("4", "1", {"a": ["4"], "b": ["1"]}, "worpitzky")


@pytest.fixture(scope="session")
def samples() -> dict[str, str]:
    """Certificates by what they are samples of."""
    return dict(certificates())
