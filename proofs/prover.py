"""Provers: from a continued fraction and a claimed value to a certificate, or None.

Every prover only searches; what it finds is written down and decided by :func:`constants_lab.proofs.checker.check`, which
trusts nothing of it.  Provers, in this order: a theorem that is about the fraction itself (arctangent, artanh, Bessel,
periodic), up
to a constant factor; Euler's series, its sum known from a theorem by telescoping; a tail of the fraction that one of these
proves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.euler import EulerForm, with_start
from constants_lab.euler_search import rational_solutions, root_classes
from constants_lab.polynomials import shift
from constants_lab.proofs import checker
from constants_lab.proofs.coboundaries import coboundaries
from constants_lab.proofs.telescoping import Ratio, reduced, telescoped

__all__ = ["certificate", "prove"]

Step = dict[str, Any]

_MOST_HEAD = 4
"""A fraction is tried as the tail of others that begin up to so many places before it."""


def prove(a: fmpz_poly, b: fmpz_poly, constant: str, matrix: list[list[int]]) -> str | None:
    """A certificate, as JSON text, that PCF(a, b) equals the image of ``constant``; None when no prover finds one."""
    for steps in _attempts(a, b):
        text = certificate(a, b, constant, matrix, steps)
        try:
            checker.check(text)
        except checker.Rejected:
            continue
        return text
    return None


def certificate(a: fmpz_poly, b: fmpz_poly, constant: str, matrix: list[list[int]], steps: list[Step]) -> str:
    """The certificate of those steps, with the theorems that they cite."""
    cited = {step["name"] for step in steps if step["rule"] == "theorem"}
    if constant == "pi^2":
        cited.add("zeta(2) = pi^2/6")
    claim = {"a": _poly(a), "b": _poly(b), "constant": constant, "matrix": [[str(k) for k in row] for row in matrix]}
    whole = {
        "format": checker.FORMAT,
        "version": checker.VERSION,
        "claim": claim,
        "steps": steps,
        "theorems": sorted(cited),
    }
    return json.dumps(whole, indent=1)


def _attempts(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    yield from _direct(a, b)
    for s in range(1, _MOST_HEAD + 1):
        for steps in _direct(shift(a, -s), shift(b, -s)):
            yield [*steps, {"rule": "without_head", "fraction": len(steps) - 1, "shift": s}]
    yield from _by_series(a, b)
    yield from _by_coboundary(a, b)


# --- writing


def _poly(p: fmpz_poly) -> list[str]:
    return [str(c) for c in p.coeffs()[::-1]] or ["0"]


def _function(top: fmpq_poly, bottom: fmpq_poly) -> dict[str, list[str]]:
    """top/bottom with integer coefficients."""
    n, d = top.numer() * bottom.denom(), bottom.numer() * top.denom()
    common = n.content().gcd(d.content())
    return {"num": _poly(n // common), "den": _poly(d // common)}


# --- theorems about the fraction itself


def _direct(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    for theorem in _named(a, b):
        yield from _scaled_to(theorem, a, b)


def _scaled_to(theorem: Step, a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    """The theorem, and the constant factor that carries its fraction to the one wanted."""
    try:
        fact = checker.derive(theorem, [], set())
    except checker.Rejected:
        return
    assert isinstance(fact, checker.Continued)
    theirs = fmpz_poly(list(fact.a.top))
    factor = fmpq(a.leading_coefficient(), theirs.leading_coefficient())
    if factor == 1:
        yield [theorem]
    else:
        c = _function(fmpq_poly([factor]), fmpq_poly([1]))
        yield [theorem, {"rule": "equivalent", "fraction": 0, "a": _poly(a), "b": _poly(b), "c": c}]


def _root(q: fmpq) -> Fraction | None:
    """The rational square root of q >= 0."""
    if q < 0:
        return None
    p, d = int(q.p), int(q.q)
    return Fraction(isqrt(p), isqrt(d)) if isqrt(p) ** 2 == p and isqrt(d) ** 2 == d else None


def _by_coboundary(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    """From a theorem about a fraction with the same leading terms."""
    for theorem in _similar(a, b):
        try:
            fact = checker.derive(theorem, [], set())
        except checker.Rejected:
            continue
        assert isinstance(fact, checker.Continued)
        other_a, other_b = (fmpz_poly(list(p.top)) for p in (fact.a, fact.b))
        scale = fmpq(a.leading_coefficient(), other_a.leading_coefficient())
        if scale.q != 1:
            continue
        steps = [theorem]
        if scale != 1:
            other_a, other_b = other_a * scale.p, other_b * scale.p**2
            c = _function(fmpq_poly([scale]), fmpq_poly([1]))
            steps.append({"rule": "equivalent", "fraction": 0, "a": _poly(other_a), "b": _poly(other_b), "c": c})
        for found in coboundaries(a, b, other_a, other_b):
            for start in (0, 1, 2, 5, 10, 20):
                yield [
                    *steps,
                    {
                        "rule": "coboundary",
                        "fraction": len(steps) - 1,
                        "a": _poly(a),
                        "b": _poly(b),
                        "u": [_poly(p) for p in found.u],
                        "factor": {"num": _poly(found.factor[0]), "den": _poly(found.factor[1])},
                        "start": start,
                    },
                ]


def _similar(a: fmpz_poly, b: fmpz_poly) -> Iterator[Step]:
    if a.degree() == 1 and b.degree() == 2:
        y = fmpq(4 * b[2], a[1] ** 2)
        z = _root(abs(y))
        if z:
            yield {"rule": "theorem", "name": "arctangent fraction" if y > 0 else "artanh fraction", "z": str(z)}


def _named(a: fmpz_poly, b: fmpz_poly) -> Iterator[Step]:
    if a.degree() == 0 and b.degree() == 0:
        yield {"rule": "theorem", "name": "periodic fraction", "a": str(a[0]), "b": str(b[0])}
    if a.degree() == 1 and b.degree() == 0:
        c, y = fmpq(a[0], a[1]), fmpq(b[0], a[1] ** 2)
        x = _root(4 * abs(y))
        if x:
            sign = "+" if y > 0 else "-"
            yield {"rule": "theorem", "name": "bessel fraction", "c": str(c), "x": str(x), "sign": sign}
    if a.degree() == 1 and 2 * a[0] == a[1] and b.degree() == 2 and b[0] == 0 and b[1] == 0:
        y = fmpq(4 * b[2], a[1] ** 2)
        z = _root(abs(y))
        if z:
            name = "arctangent fraction" if y > 0 else "artanh fraction"
            yield {"rule": "theorem", "name": name, "z": str(z)}


# --- Euler's series


def _by_series(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    for solution in rational_solutions(a, b, root_classes(b), 40):
        form = with_start(solution)
        if form.start > 30:
            continue
        tail = form.tail()
        ratio = reduced(_moved(tail.f, -1) * tail.h1, _moved(tail.f, 1) * _moved(tail.h2, 1))
        for steps in _sums(ratio):
            yield [*steps, *_euler(form, tail, a, b, len(steps) - 1)]


def _moved(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


def _euler(form: EulerForm, tail: EulerForm, a: fmpz_poly, b: fmpz_poly, series: int) -> list[Step]:
    s = form.start
    one = fmpq_poly([1])
    f = tail.f * tail.f.denom()
    shifted = [p(fmpz_poly([s, 1])) for p in (a, b)]
    steps: list[Step] = [
        {
            "rule": "euler",
            "series": series,
            "a": _poly(shifted[0]),
            "b": _poly(shifted[1]),
            "h1": _function(tail.h1, one),
            "h2": _function(tail.h2, one),
            "f": _poly(f.numer()),
        }
    ]
    if s:
        steps.append({"rule": "tail", "fraction": series + 1, "shift": s})
    return steps


def _sums(ratio: Ratio) -> Iterator[list[Step]]:
    """Steps whose last fact is the sum of the series of that ratio."""
    for theorem in _candidates(ratio):
        fact = checker.derive(theorem, [], set())
        assert isinstance(fact, checker.Series)
        source = reduced(fmpq_poly(list(fact.ratio.top)), fmpq_poly(list(fact.ratio.bottom)))
        if source == ratio:
            yield [theorem]
            continue
        for found in telescoped(ratio, source):
            yield [
                theorem,
                {
                    "rule": "telescope",
                    "series": 0,
                    "shift": found.shift,
                    "ratio": _function(*ratio),
                    "rho": _function(*found.rho),
                    "g": _function(*found.g),
                    "c": str(found.c),
                },
            ]


def _candidates(ratio: Ratio) -> Iterator[Step]:
    """The theorems whose series may be related to one of that ratio, by the limit of the ratio."""
    top, bottom = ratio
    gap = bottom.degree() - top.degree()
    z = top.leading_coefficient() / bottom.leading_coefficient()

    def theorem(name: str, **data: Any) -> Step:
        return {"rule": "theorem", "name": name, **data}

    if gap == 1:
        yield theorem("exponential series", z=str(z))
    if gap != 0:
        return
    if -1 <= z < 1:
        yield theorem("logarithmic series", z=str(z))
    if abs(z) == 1:
        for m in range(2, 8):
            for kind in ("all", "odd") if z > 0 else ("alternating", "beta"):
                yield theorem("zeta series", m=m, kind=kind)
    root = _root(abs(z))
    if root and z < 0:
        yield theorem("arctangent series", z=str(root))
    if root and 0 < z < 1:
        yield theorem("artanh series", z=str(root))
    if 0 < z < 1:
        u = _root(z / (1 - z))
        if u:
            yield theorem("euler arctangent series", z=str(u))
    if z in (fmpq(1, 4), fmpq(1, 2), fmpq(3, 4)):
        yield theorem("squared arcsine series", w=str(z))
    if z == fmpq(-1, 4):
        yield theorem("apery series")
