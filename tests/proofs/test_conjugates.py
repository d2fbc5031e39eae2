"""Fractions whose two solutions are conjugate over a real quadratic field."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.polynomials import parse_polynomial
from constants_lab.proofs import checker
from constants_lab.proofs.prover import prove
from constants_lab.proofs.steps import certificate, periodic

PROVED = [
    ("2*n - 10", "-n^2 + 11*n + 1", "(2 - phi)/(2*phi + 1)"),
    ("2*n - 6", "-n^2 + 7*n - 11", "(1 - 3*phi)/phi"),
    ("2*n - 4", "-n^2 + 5*n - 5", "(1 - 2*phi)/phi"),
    ("2*n - 8", "-n^2 + 9*n - 9", "-3/(phi + 1)"),
    ("2*n - 8", "-n^2 + 9*n + 11", "(phi + 3)/(2*phi + 1)"),
]


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED, ids=str)
def test_fractions_with_irrational_factors_are_proved(a: str, b: str, lhs: str) -> None:
    pcf = PCF(a, b)
    claim = Identity.parse(lhs)
    matrix = [[int(k) for k in row] for row in claim.matrix]
    text = prove(pcf.a, pcf.b, claim.constant, matrix)
    assert text is not None
    assert checker.check(text).theorems == ()
    assert any(step["rule"] == "conjugate" for step in json.loads(text)["steps"])
    conjugate = Identity(
        claim.constant, [[-matrix[0][0], matrix[0][0] + matrix[0][1]], [-matrix[1][0], sum(matrix[1])]]
    )
    assert prove(pcf.a, pcf.b, conjugate.constant, [[int(k) for k in row] for row in conjugate.matrix]) is None


@given(st.integers(-40, 40).filter(bool), st.integers(-40, 40).filter(bool))
@settings(max_examples=60, deadline=None)
def test_constant_fractions_are_the_larger_root(a: int, b: int) -> None:
    step = periodic(a, b)
    square = a * a + 4 * b
    try:
        fact = checker.derive(step, [], set())
    except checker.Rejected:
        assert square <= 0 or round(square**0.5) ** 2 == square
        return
    assert isinstance(fact, checker.Continued)
    x = float(fact.value.number())
    assert abs(x * x - a * x - b) < 1e-9 * (1 + x * x)
    assert abs(x) > abs(a - x)


def test_a_wrong_root_is_rejected() -> None:
    step = periodic(1, 1)
    step["s"] = {"num": ["-1"], "den": ["2"]}
    formula = PCF(parse_polynomial("1"), parse_polynomial("1"))
    with pytest.raises(checker.Rejected):
        checker.check(certificate(formula, "phi", [[-1, 1], [0, 1]], [step]))
