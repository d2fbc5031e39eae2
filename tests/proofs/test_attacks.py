"""Certificates written to deceive: of false claims, and of claims that cost too much to look at."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest
from flint import fmpq_poly, fmpz_poly

from constants_lab.proofs import checker
from constants_lab.proofs.checker import NotACertificate, Rejected
from constants_lab.proofs.coboundaries import folded, product, step_matrix
from constants_lab.proofs.steps import Step, function, periodic, polynomial, theorem

SECONDS = 4
"""Of processor time, on a machine that may be busy."""
ONE = {"num": ["1"], "den": ["1"]}
LAMBERT: Step = {"a": ["2", "1"], "b": ["1", "0", "0"]}
LOG_HALF = theorem("logarithmic series", z="1/2")


def certificate(fraction: Step, constant: str, matrix: list[list[int]], steps: list[Step]) -> str:
    cited = {step["name"] for step in steps if step["rule"] == "theorem"}
    cited |= {step["converges"] for step in steps if step.get("converges")}
    return json.dumps({
        "format": checker.FORMAT,
        "version": checker.VERSION,
        "claim": {"fraction": fraction, "constant": constant, "matrix": [[str(e) for e in row] for row in matrix]},
        "steps": steps,
        "theorems": sorted(cited),
    })  # fmt: skip


def carried(target: Step, u: list[list[str]], factor: Step, **data: Any) -> Step:
    same = {"fraction": 0, "fold": 1, "steps": 1, "growth": ONE, "start": 0, "converges": ""}
    return {"rule": "coboundary", "target": target, "u": u, "factor": factor, **same, **data}


IDENTITY = [["1"], [], [], ["1"]]


def test_a_divergent_fraction_does_not_converge() -> None:
    """x_n = 2(n+2)/((n+1)²(n+3)): Σ x_n < ∞, every second convergent tends to 2/log 2 and the others to something else."""
    n, zero = fmpq_poly([0, 1]), fmpq_poly([])
    top, bottom = 2 * (n + 2), (n + 1) ** 2 * (n + 3)
    pair = folded((top, bottom, bottom, zero), 2)
    known = folded(step_matrix(fmpq_poly([1]), n**2), 2)
    u = ((2 * n + 2) ** 2, 2 * n * (2 * n + 2) ** 2 - 4 * n * (2 * n + 2), zero, 2 * (2 * n + 1) ** 2)
    v = tuple(p(n + 1) for p in u)
    left, right = product(pair, (v[0], v[1], v[2], v[3])), product(u, known)
    assert all(x * right[0] == y * left[0] for x, y in zip(left, right, strict=True))
    factor = function(left[0], right[0] * bottom(2 * n) * bottom(2 * n + 1))
    target = {"head": [], "period": [[function(top, bottom), "1"]]}
    euler: Step = {"rule": "euler", "series": 0, "a": ["1"], "b": ["1", "0", "0"], "f": ["1"]}
    steps = [
        theorem("logarithmic series", z="-1"),
        {**euler, "h1": {"num": ["-1", "0"], "den": ["1"]}, "h2": {"num": ["1", "0"], "den": ["1"]}},
        carried(
            target,
            [polynomial(p.numer()) for p in u],
            factor,
            fraction=1,
            fold=2,
            steps=2,
            converges="seidel stern",
        ),
    ]
    facts: list[checker.Fact] = []
    for step in steps[:2]:
        facts.append(checker.derive(step, facts, set()))
    with pytest.raises(Rejected, match="not positive polynomials"):
        checker.derive(steps[2], facts, set())
    with pytest.raises(NotACertificate, match="a fraction of polynomials"):
        checker.check(certificate(target, "log(2)", [[0, 4], [2, 0]], steps))


def test_a_claim_is_defined_everywhere() -> None:
    """2n + 1 times (n - 1000)/(n - 1000) is no number at n = 1000, where nothing is computed."""
    for top, bottom, accepted in (("2 1", "1", True), ("4 2", "2", True), ("2 -1999 -1000", "1 -1000", False)):
        element = {"num": top.split(), "den": bottom.split()}
        claim = {"head": [], "period": [[element, "1"]]}
        coth = theorem("bessel fraction", c="1/2", x="1", s="1")
        step = carried(claim, [["2"], [], [], ["1"]], {"num": ["2"], "den": ["1"]})
        text = certificate(claim, "e^2", [[1, 1], [1, -1]], [coth, step])
        if accepted:
            assert checker.check(text).digits
            continue
        with pytest.raises(NotACertificate, match="a fraction of polynomials"):
            checker.check(text)


def test_an_unknown_theorem_on_convergence_is_not_cited() -> None:
    cited = theorem("lambert fraction", y="1")
    with pytest.raises(Rejected):
        checker.check(
            certificate(LAMBERT, "pi", [[0, 4], [1, 0]], [cited, carried(LAMBERT, IDENTITY, ONE, converges="no")])
        )


def test_pairs_are_repeated_only_where_that_is_a_power() -> None:
    """[[x + t - 1, y t], [t, 1 - t]] is a power of [[x, y], [1, 0]] for x = 2, y = -1 alone."""
    twice = {"num": ["2"], "den": ["1"]}
    target = {"head": [], "period": [[ONE, "1", twice], [ONE, "1"]]}
    step = carried(target, IDENTITY, ONE, steps=3, converges="tietze")
    with pytest.raises(Rejected):
        checker.check(certificate(target, "sqrt(5)", [[1, 1], [0, 2]], [periodic(1, 1), step]))


def numbers(count: int, digits: int) -> list[str]:
    rng = random.Random(count)
    return [str(rng.randrange(10 ** (digits - 1), 10**digits)) for _ in range(count)]


def expensive() -> dict[str, list[Step]]:
    """Steps that ask for far more work than their length suggests."""
    long, cited = numbers(61, 399), theorem("lambert fraction", y="1")
    wide = {"a": long, "b": long}
    dense = {part: [numbers(61, 12) for _ in range(61)] for part in ("num", "den")}
    dense["den"] = [dense["den"]]
    data = {"across": dense, "along": dense, "certificate": dense, "bound": ONE, "growth": ONE, "start": 2}
    factors = {"num": [["1"]], "den": [[["1"], [str(i)]] for i in range(1, 60)]}
    many = {"across": factors, "along": factors, "certificate": factors, "bound": ONE, "growth": ONE, "start": 2}
    far = {part: ["1" + "0" * 390, "-409" + "0" * 391, *numbers(59, 389)] for part in ("num", "den")}
    n = fmpz_poly([0, 1])
    h = fmpz_poly([int(c) for c in numbers(15, 190)])(n * n)
    scaled = {"a": polynomial(h), "b": polynomial(h * h(n - 1))}
    factor = function(fmpq_poly(h(n + 1)), fmpq_poly([1]))
    return {
        "many periods at once": [cited, carried(wide, IDENTITY, ONE, fold=400, steps=400)],
        "some wide periods": [cited, carried(wide, IDENTITY, ONE, fold=20)],
        "long bivariate functions": [
            LOG_HALF,
            {"rule": "recurrence", "first": 0, "second": 0, "a": ["1"], "b": ["1"], **data},
        ],
        "many small denominators": [
            cited,
            carried({"head": [], "period": [[{"num": ["1"], "den": ["2"]}, "1"]] * 120}, IDENTITY, ONE, fold=400),
        ],
        "zeros over many denominators": [
            cited,
            carried({"head": [], "period": [[{"num": [], "den": ["2"]}, "1"]] * 120}, IDENTITY, ONE, fold=400),
        ],
        "many factors": [
            LOG_HALF,
            {"rule": "recurrence", "first": 0, "second": 0, "a": ["1"], "b": ["1"], **many},
        ],
        "series grouped again and again": [LOG_HALF, *({"rule": "group", "series": i} for i in range(50))],
        "zeros far away": [
            LOG_HALF,
            {"rule": "telescope", "series": 0, "shift": 0, "ratio": far, "rho": far, "g": far, "c": "1"},
        ],
        "many long shifts": [
            periodic(1, 1),
            carried(scaled, [polynomial(h), [], [], ["1"]], factor),
            *({"rule": "shift", "fraction": 1 + i, "by": -400} for i in range(50)),
        ],
    }


@pytest.mark.parametrize("kind", list(expensive()))
def test_work_is_bounded(kind: str) -> None:
    begun = time.process_time()
    with pytest.raises((Rejected, NotACertificate)):
        checker.check(certificate(LAMBERT, "pi", [[0, 4], [1, 0]], expensive()[kind]))
    assert time.process_time() - begun < SECONDS
    # And what was spent on one certificate is not missed by the next.
    assert checker.check(certificate(LAMBERT, "pi", [[0, 4], [1, 0]], [theorem("lambert fraction", y="1")])).digits


@pytest.mark.parametrize(
    "step",
    [
        theorem("logarithmic series", z="1/" + "1" + "0" * 398),
        theorem("logarithmic series", z="-1/" + "9" * 399),
        theorem("central binomial series", r="1/" + "1" + "0" * 398),
        theorem("binomial series", p="1/2", z="1/" + "1" + "0" * 398),
        theorem("odd series", y="1/" + "1" + "0" * 398),
        theorem("euler arctangent series", y="1/" + "1" + "0" * 398),
        theorem("exponential series", z="1/" + "1" + "0" * 398),
        theorem("gauss fraction", b="1/" + "1" + "0" * 398, c="1/" + "1" + "0" * 398, z="1/" + "1" + "0" * 398),
        theorem("lambert fraction", y="1/" + "1" + "0" * 398),
        theorem("bessel fraction", c="1/" + "1" + "0" * 398, x="1/" + "1" + "0" * 398, s="1"),
    ],
    ids=lambda step: step["name"],
)
def test_long_parameters_are_read_or_refused(step: Step) -> None:
    begun = time.process_time()
    with pytest.raises((Rejected, NotACertificate)):
        checker.check(certificate(LAMBERT, "pi", [[0, 4], [1, 0]], [step]))
    assert time.process_time() - begun < SECONDS
