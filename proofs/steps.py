"""Writing the steps of a certificate, and reading facts back into FLINT.

Steps are the JSON objects that :mod:`constants_lab.proofs.checker` reads; nothing here decides anything.
"""

from __future__ import annotations

import json
from math import isqrt, lcm
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.channels import PolynomialChannel, RunChannel
from constants_lab.errors import InputError
from constants_lab.pcf import PCF
from constants_lab.proofs import checker
from constants_lab.proofs.telescoping import Ratio
from constants_lab.signed import SignedCF

__all__ = [
    "Step",
    "certificate",
    "coboundary",
    "conjugate",
    "facts_of",
    "flint_ratio",
    "function",
    "holds",
    "periodic",
    "polynomial",
    "scaled",
    "shape",
    "shift",
    "theorem",
]

Step = dict[str, Any]

_ONE = {"num": ["1"], "den": ["1"]}


def polynomial(p: fmpz_poly) -> list[str]:
    """The coefficients, those of highest degree first."""
    return [str(c) for c in p.coeffs()[::-1]] or ["0"]


def function(top: fmpq_poly, bottom: fmpq_poly) -> dict[str, list[str]]:
    """top/bottom with coprime integer coefficients."""
    n, d = top.numer() * bottom.denom(), bottom.numer() * top.denom()
    common = n.content().gcd(d.content())
    return {"num": polynomial(n // common), "den": polynomial(d // common)}


def shape(formula: PCF | SignedCF) -> Step:
    """The fraction of a claim: a and b, or head and period of a signed fraction.

    Raises :class:`InputError` for channels other than polynomials and, where all signs are minus, runs of 2.
    """
    if isinstance(formula, PCF):
        return {"a": polynomial(formula.a), "b": polynomial(formula.b)}
    start, signs, k = len(formula.prefix), formula.signs, len(formula.channels)
    size = lcm(k, len(signs))
    period: list[list[Any]] = []
    for r in range(size):
        channel, line = formula.channels[r % k], fmpq_poly([r // k, size // k])
        if isinstance(channel, PolynomialChannel):
            value = function(channel.polynomial(line), fmpq_poly([1]))
            period.append([value, str(signs[(start + r) % len(signs)])])
        elif isinstance(channel, RunChannel) and channel.value == 2 and signs == (-1,):
            period.append([function(fmpq_poly([2]), fmpq_poly([1])), "-1", function(channel.length, fmpq_poly([1]))])
        else:
            raise InputError(
                "certificates are about signed fractions of polynomials, and of runs of 2 if all signs are -"
            )
    head = [[str(q), str(signs[i % len(signs)])] for i, q in enumerate(formula.prefix)]
    return {"head": head, "period": period}


def certificate(formula: PCF | SignedCF, constant: str, matrix: list[list[int]], steps: list[Step]) -> str:
    """The certificate of those steps as JSON text, with the theorems that they cite."""
    cited = {step["name"] for step in steps if step["rule"] == "theorem"}
    cited |= {step["converges"] for step in steps if step.get("converges")}
    if constant == "pi^2":
        cited.add("zeta(2) = pi^2/6")
    rows = [[str(k) for k in row] for row in matrix]
    whole = {
        "format": checker.FORMAT,
        "version": checker.VERSION,
        "claim": {"fraction": shape(formula), "constant": constant, "matrix": rows},
        "steps": steps,
        "theorems": sorted(cited),
    }
    return json.dumps(whole, indent=1)


def theorem(name: str, **data: Any) -> Step:
    """A citation."""
    return {"rule": "theorem", "name": name, **data}


def shift(fraction: int, by: int) -> Step:
    """From a fraction to its tail by > 0 places on, or from a tail back."""
    return {"rule": "shift", "fraction": fraction, "by": by}


def coboundary(
    fraction: int,
    target: Step,
    u: tuple[fmpz_poly, ...],
    factor: Ratio,
    *,
    fold: int = 1,
    steps: int = 1,
    growth: Ratio | None = None,
    start: int = 0,
    converges: str = "",
) -> Step:
    """From a fraction to ``target`` by the matrix ``u``; see the rule of the checker."""
    return {
        "rule": "coboundary",
        "fraction": fraction,
        "target": target,
        "u": [polynomial(p) for p in u],
        "factor": function(*factor),
        "fold": fold,
        "steps": steps,
        "growth": _ONE if growth is None else function(*growth),
        "start": start,
        "converges": converges,
    }


def conjugate(a: fmpz_poly, b: fmpz_poly, t: Ratio, s: Ratio, d: int) -> Step:
    """PCF(a, b) by r = t + s √d; see the rule of the checker."""
    return {
        "rule": "conjugate",
        "a": polynomial(a),
        "b": polynomial(b),
        "t": function(*t),
        "s": function(*s),
        "d": str(d),
    }


def periodic(a: int, b: int) -> Step:
    """PCF(A, B) for numbers with A² + 4B = k² D > 0 no square: the root (A ± k √D)/2 of x² = A x + B of larger absolute value.

    The checker rejects it for others.
    """
    square = a * a + 4 * b
    root = isqrt(max(square, 0))
    k = next((k for k in range(min(root, 10**4), 0, -1) if square % (k * k) == 0), 1)
    one = fmpq_poly([1])
    t, s = fmpq_poly([fmpq(a, 2)]), fmpq_poly([fmpq(k if a > 0 else -k, 2)])
    return conjugate(fmpz_poly([a]), fmpz_poly([b]), (t, one), (s, one), square // (k * k))


def scaled(fraction: int, a: fmpz_poly, b: fmpz_poly, c: fmpq) -> Step:
    """To PCF(a, b) = c PCF(a/c, b/c²)."""
    zero = fmpz_poly([])
    u = fmpz_poly([c.p]), zero, zero, fmpz_poly([c.q])
    return coboundary(fraction, {"a": polynomial(a), "b": polynomial(b)}, u, (fmpq_poly([c]), fmpq_poly([1])))


def facts_of(steps: list[Step]) -> list[checker.Fact]:
    """The facts that steps yield; raises :class:`constants_lab.proofs.checker.Rejected`."""
    facts: list[checker.Fact] = []
    for step in steps:
        facts.append(checker.derive(step, facts, set()))
    return facts


def holds(steps: list[Step]) -> bool:
    """Whether the checker accepts every one of these steps."""
    try:
        facts_of(steps)
    except checker.Rejected:
        return False
    return True


def _polynomial(p: checker.Poly) -> fmpq_poly:
    coefficients = [0] * (max((i for i, _ in p), default=-1) + 1)
    for (i, _), c in p.items():
        coefficients[i] = c
    return fmpq_poly(coefficients)


def flint_ratio(f: checker.Function) -> Ratio:
    """A function of n of the checker as numerator and denominator."""
    return _polynomial(f.top), _polynomial(f.bottom)
