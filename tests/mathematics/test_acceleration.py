"""Accelerated values against independent ones: the convergents themselves, other formulas, closed forms."""

from __future__ import annotations

import pytest
from flint import arb, ctx, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.acceleration import accelerated_value
from constants_lab.convergents import convergent_pair
from constants_lab.expressions import evaluate as closed_form
from constants_lab.pcf import PCF
from constants_lab.polynomials import first_positive_integer_root

NONZERO = st.integers(-5, 5).filter(bool)
SMALL = st.integers(-5, 5)


@st.composite
def fractions(draw: st.DrawFn, excess: int) -> PCF:
    """A random infinite PCF with deg b = 2 deg a + excess and a positive leading coefficient of b."""
    da = draw(st.integers(0, 2))
    a = fmpz_poly([*draw(st.lists(SMALL, min_size=da, max_size=da)), draw(NONZERO)])
    db = 2 * da + excess
    b = fmpz_poly([*draw(st.lists(SMALL, min_size=db, max_size=db)), draw(st.integers(1, 9))])
    assume(first_positive_integer_root(b) is None)
    return PCF(a, b)


def distance(x: arb, pcf: PCF, n: int) -> arb:
    p, q = convergent_pair(pcf.a, pcf.b, n)
    assume(q != 0)
    with ctx.workprec(2000):
        return abs(x - arb(p) / q) / abs(x)


@settings(max_examples=40, deadline=None)
@given(fractions(0) | fractions(1))
def test_where_the_convergents_can_be_waited_for(pcf: PCF) -> None:
    """Exponential and stretched: the accelerated digits are digits of a deep convergent, for either sign of a."""
    found = accelerated_value(pcf.a, pcf.b, 25)
    assume(found is not None)
    assert found is not None
    value, digits, _ = found
    reach = int(pcf.asymptotics.terms_for(digits + 10)) + 100
    assume(reach < 40_000)
    assert distance(value, pcf, reach) < arb(10) ** (2 - digits)


@settings(max_examples=40, deadline=None)
@given(fractions(2))
def test_polynomial_convergence_approaches_the_value_at_the_rate_of_theory(pcf: PCF) -> None:
    rate = pcf.asymptotics.rate
    assert rate is not None
    # With a rate below a half even n = 16,000 is early, and the observed exponent says nothing yet.
    assume(rate >= 0.9)
    found = accelerated_value(pcf.a, pcf.b, 25)
    # Refused where the convergents pass through infinity so late that they do not approach the value yet.
    assume(found is not None)
    assert found is not None
    assert found[1] >= 25
    assume(abs(found[0]) < 100)
    near, far = distance(found[0], pcf, 4000), distance(found[0], pcf, 16_000)
    observed = float(((near / far).log() / arb(4).log()).mid())
    assert observed == pytest.approx(rate, abs=0.25)


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        ("n^3+(n+1)^3", "-n^6", "1/zeta(3)"),
        ("n^2+(n+1)^2", "-n^4", "1/zeta(2)"),
        ("2", "(2n-1)^2", "4/pi+1"),
        ("-2", "(2n-1)^2", "-4/pi-1"),
        ("2", "n^2", "2/(4-pi)"),
        ("4", "n^2", "6/(3*pi-8)"),
        ("2n+2", "-n^2-n", "1"),
        ("2", "-1", "1"),
        ("1", "10^10", "(1+sqrt(40000000001))/2"),
    ],
)
@pytest.mark.parametrize("digits", [30, 120])
def test_closed_forms(a: str, b: str, value: str, digits: int) -> None:
    pcf = PCF(a, b)
    found = accelerated_value(pcf.a, pcf.b, digits)
    assert found is not None
    assert found[1] >= digits
    expected = closed_form(value, digits + 30)
    with ctx.workprec(4 * digits + 200):
        assert abs(found[0] - expected) < abs(expected) * arb(10) ** -digits


@pytest.mark.parametrize(
    ("a", "b"), [("2n+1", "-n^2"), ("-4n-2", "-4n^2")], ids=["logarithmic", "logarithmic, negative lead"]
)
def test_a_fraction_slower_than_every_power(a: str, b: str) -> None:
    """Euler's fraction of the harmonic series: the convergents are 1/H_n, the value is 0."""
    pcf = PCF(a, b)
    assert pcf.asymptotics.rate == 0
    found = accelerated_value(pcf.a, pcf.b, 40)
    assert found is not None
    assert abs(found[0]) < arb(10) ** -40
    assert found[1] >= 40


def test_a_very_slow_rate_with_large_early_terms() -> None:
    """s = 0.577 and convergents far from their limit at first: the value is found, and the next fraction confirms it."""
    pcf = PCF("-n+5", "3n^4-3n^3+5n^2-5n-3")
    found = accelerated_value(pcf.a, pcf.b, 40)
    assert found is not None
    # value = a(0) + b(1)/(value of the tail that starts at n = 1), which is a PCF of its own.
    tail = PCF(pcf.a(fmpz_poly([1, 1])), pcf.b(fmpz_poly([1, 1])))
    rest = accelerated_value(tail.a, tail.b, 40)
    assert rest is not None
    with ctx.workprec(400):
        assert abs(pcf.a(0) + pcf.b(1) / rest[0] - found[0]) < arb(10) ** -38


@settings(max_examples=25, deadline=None)
@given(fractions(1) | fractions(2), st.integers(1, 3))
def test_a_fraction_agrees_with_its_tail(pcf: PCF, k: int) -> None:
    shifted = fmpz_poly([k, 1])
    tail = PCF(pcf.a(shifted), pcf.b(shifted))
    whole, rest = accelerated_value(pcf.a, pcf.b, 30), accelerated_value(tail.a, tail.b, 30)
    assume(whole is not None and rest is not None)
    assert whole is not None
    assert rest is not None
    with ctx.workprec(400):
        x = rest[0]
        for n in range(k, 0, -1):
            assume(abs(x) > arb(10) ** -6)
            x = pcf.a(n - 1) + pcf.b(n) / x
        assert abs(x - whole[0]) < (1 + abs(x)) * arb(10) ** -15


@pytest.mark.parametrize(("a", "b"), [("n", "-n^2"), ("1", "-n"), ("2n", "-n^2-n"), ("1", "-n^2")])
def test_no_value_where_neither_solution_is_smaller(a: str, b: str) -> None:
    pcf = PCF(a, b)
    assert pcf.asymptotics.regime == "divergent"
    assert accelerated_value(pcf.a, pcf.b, 30) is None
