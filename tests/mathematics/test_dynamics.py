"""Dynamics against a table of 70 fractions that was computed by other means."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import mpmath
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from constants_lab.convergents import convergent_pair
from constants_lab.dynamics import measure, simple_rational
from constants_lab.errors import InputError
from constants_lab.pcf import PCF

CASES = json.loads((Path(__file__).parents[1] / "data" / "dynamics.json").read_text())["cases"]
REGIMES = {"stretched_exp": "stretched"}

BLIND = {PCF("2", "n^2"), PCF("4", "n^2")}
"""Rows whose reference took L = p_2000/q_2000 and not the limit.

The reference does so wherever it had no closed form; these two were given one (by a later identification) after delta had
been computed.  Both converge like a power of n, so that the convergent at 2000 is no stand-in for the limit.
"""


def named(case: dict[str, Any]) -> str:
    return str(PCF(case["a"], case["b"]))


def select(*regimes: str) -> list[dict[str, Any]]:
    return [case for case in CASES if case["conv_type"] in regimes]


CONVERGENT = select("factorial", "exponential", "stretched_exp", "polynomial")


def test_the_table_is_whole() -> None:
    assert len(CASES) == 70
    assert len(CONVERGENT) == 66


@pytest.mark.parametrize("case", CASES, ids=named)
def test_regime_and_rate(case: dict[str, Any]) -> None:
    found = PCF(case["a"], case["b"]).asymptotics
    assert found.regime == REGIMES.get(case["conv_type"], case["conv_type"])
    if found.regime == "factorial":
        assert found.rate == case["rate"]
    elif case.get("rate") is None:
        assert found.rate is None
    else:
        assert found.rate == pytest.approx(case["rate"], rel=1e-9)


@pytest.mark.parametrize("case", [c for c in CASES if c.get("limit_50_digits")], ids=named)
def test_limit(case: dict[str, Any]) -> None:
    with mpmath.workdps(60):
        expected = mpmath.mpf(case["limit_50_digits"])
        value = PCF(case["a"], case["b"]).value(50)
        assert abs(value - expected) < abs(expected) * mpmath.mpf(10) ** -48


@pytest.mark.parametrize("case", [c for c in CONVERGENT if "delta_n1000" in c], ids=named)
def test_delta_at_1000(case: dict[str, Any]) -> None:
    pcf = PCF(case["a"], case["b"])
    delta = pcf.dynamics(1000).delta
    assert delta is not None
    if pcf in BLIND:
        assert abs(delta - case["delta_n1000"]) > 1e-5
        delta = blind_delta(pcf)
    assert delta == pytest.approx(case["delta_n1000"], abs=1e-7)


def blind_delta(pcf: PCF) -> float:
    (p, q), (P, Q) = (convergent_pair(pcf.a, pcf.b, n) for n in (1000, 2000))
    with ctx.workprec(100):
        log_error = arb(abs(P * q - p * Q)).log() - arb(abs(q)).log() - arb(abs(Q)).log()
        return float((-log_error / arb(abs(q) // p.gcd(q)).log() - 1).mid())


@pytest.mark.parametrize("case", [c for c in CONVERGENT if "delta_n1000" not in c], ids=named)
def test_a_rational_limit_has_no_delta(case: dict[str, Any]) -> None:
    assert PCF(case["a"], case["b"]).dynamics(1000).delta is None


@pytest.mark.parametrize("case", CONVERGENT, ids=named)
def test_denominators(case: dict[str, Any]) -> None:
    found = PCF(case["a"], case["b"]).dynamics(1000)
    if "factorial_reduction" in case:
        assert found.factorial_reduction == case["factorial_reduction"]
    if "log_q_reduced_1000" in case:
        assert found.log_denominator == pytest.approx(case["log_q_reduced_1000"], abs=1e-5)


@pytest.mark.parametrize("case", select("finite", "divergent"), ids=named)
def test_finite_and_divergent_have_nothing_to_measure(case: dict[str, Any]) -> None:
    found = PCF(case["a"], case["b"]).dynamics(1000)
    assert (found.delta, found.delta_limit, found.log_denominator, found.factorial_reduction) == (None,) * 4


@pytest.mark.parametrize(
    ("a", "b", "limit"),
    [("n^3+(n+1)^3", "-n^6", -1.0), ("1", "n", -1.0), ("2n+1", "n^2", None), ("2", "-1", None), ("2n+1", "-n^2", None)],
)
def test_the_limit_of_delta(a: str, b: str, limit: float | None) -> None:
    """-1 where the denominators outgrow the error; a rational value (1 and 0 in the last two rows) has none."""
    assert PCF(a, b).dynamics(200).delta_limit == limit


@pytest.mark.parametrize(
    ("a", "b"), [("4", "n^2"), ("10", "n^2"), ("20", "n^2"), ("60", "n^2"), ("1", "n"), ("2", "n")]
)
@pytest.mark.parametrize("depth", [100, 1000])
def test_delta_of_quick_powers_is_against_the_limit(a: str, b: str, depth: int) -> None:
    """However fast a power of n is, the convergent at twice the depth must not stand for the limit."""
    pcf = PCF(a, b)
    found = pcf.dynamics(depth)
    p, q = convergent_pair(pcf.a, pcf.b, depth)
    value = pcf.evaluate(400).value
    with ctx.workprec(1500):
        log_error = abs(value - arb(p) / q).log()
        expected = float((-log_error / arb(abs(q) // p.gcd(q)).log() - 1).mid())
    assert found.delta == pytest.approx(expected, abs=1e-9)


def test_inflation_and_tails_keep_delta() -> None:
    plain = PCF("2n+1", "n^2").dynamics(500).delta
    assert plain == pytest.approx(PCF("10n+5", "25n^2").dynamics(500).delta or 0, abs=0.01)
    assert plain == pytest.approx(PCF("2n+3", "(n+1)^2").dynamics(500).delta or 0, abs=0.02)


def test_a_value_at_hand_gives_the_same() -> None:
    for a, b in [("2n+1", "n^2"), ("n^3+(n+1)^3", "-n^6"), ("20", "n^2")]:
        pcf = PCF(a, b)
        assert measure(pcf, 300, pcf.evaluate(60)) == measure(pcf, 300)


@pytest.mark.parametrize("depth", [-1, 0, 19])
def test_too_small_a_depth(depth: int) -> None:
    with pytest.raises(InputError, match="at least 20"):
        PCF("2n+1", "n^2").dynamics(depth)


@given(st.fractions(min_value=-1000, max_value=1000, max_denominator=1000))
def test_simple_rationals_are_seen(x: Any) -> None:
    with ctx.workprec(300):
        ball = (arb(x.numerator) / x.denominator).mid()
    assert simple_rational(ball, 58) == fmpq(x.numerator, x.denominator)


@pytest.mark.parametrize("digits", [20, 58])
def test_irrational_numbers_are_not_simple(digits: int) -> None:
    with ctx.workprec(400):
        numbers = [arb.pi(), arb(2).sqrt(), arb(1).exp(), arb.pi() / 10**9, -arb.pi() * 10**9]
        assert [simple_rational(x.mid(), digits) for x in numbers] == [None] * 5


def test_known_irrationality_measures() -> None:
    """Apery's fraction for zeta(3) and the golden section, whose limits are 0.080529 and 1."""
    assert PCF("(2n+1)*(17n^2+17n+5)", "-n^6").dynamics(4000).delta == pytest.approx(0.080529, abs=0.01)
    assert PCF("1", "1").dynamics(4000).delta == pytest.approx(1, abs=0.001)
    assert math.isclose(PCF("1", "1").dynamics(20).rate or 0, 2 * math.log((1 + 5**0.5) / 2))


@pytest.mark.parametrize(("a", "b"), [("n - 2500", "-2000"), ("n - 3000", "1"), ("n - 1200", "1")])
def test_before_a_late_turning_point_delta_is_against_the_value(a: str, b: str) -> None:
    pcf = PCF(a, b)
    found = measure(pcf)
    value = pcf.evaluate(60).value
    p, q = convergent_pair(pcf.a, pcf.b, 1000)
    with ctx.workprec(400):
        log_error = float(abs(value - arb(p) / q).log().mid())
    assert found.delta == pytest.approx(-log_error / found.log_denominator - 1, abs=1e-6)
    assert found.delta < -0.99
