"""Values to asked digits: what is claimed holds, and what has no value says so."""

from __future__ import annotations

import mpmath
import pytest
from flint import arb, ctx
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.errors import InputError, NotConverging
from constants_lab.evaluation import evaluate, finite_value
from constants_lab.expressions import evaluate as closed_form
from constants_lab.pcf import PCF
from constants_lab.polynomials import make_polynomial, shift

NONZERO = st.integers(-6, 6).filter(bool)


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        ("n+3", "-n", "e"),
        ("2n+1", "n^2", "4/pi"),
        ("-2n-1", "n^2", "-4/pi"),
        ("3n", "-2n^2+3n", "2/(pi+2)"),
        ("6n+3", "-n^2", "2/log(2)"),
        ("1", "1", "phi"),
        ("(2n+1)*(17n^2+17n+5)", "-n^6", "6/zeta(3)"),
        ("n", "1", "besseli_ratio(0,2)"),
        ("n^3+(n+1)^3", "-n^6", "1/zeta(3)"),
    ],
)
@pytest.mark.parametrize("digits", [1, 20, 300])
def test_known_values(a: str, b: str, value: str, digits: int) -> None:
    found = PCF(a, b).evaluate(digits)
    assert found.digits >= digits
    expected = closed_form(value, found.digits + 20)
    with ctx.workprec(found.digits * 4 + 100):
        assert abs(found.value - expected) < abs(expected) * arb(10) ** (1 - found.digits)


def test_a_thousand_digits_of_a_factorial_one() -> None:
    x = PCF("n+3", "-n").value(3000)
    with mpmath.workdps(3010):
        assert abs(x - mpmath.e) < mpmath.mpf(10) ** -2998


@settings(max_examples=60)
@given(NONZERO, st.integers(-5, 5), NONZERO, st.integers(-5, 5), st.integers(1, 40))
def test_inflation_by_a_constant_scales_the_value(a1: int, a0: int, b1: int, b0: int, c: int) -> None:
    plain = PCF([a1, a0], [b1, b0])
    assume(plain.asymptotics.regime != "finite")
    big = PCF([c * a1, c * a0], [c * c * b1, c * c * b0])
    try:
        x = plain.value(40)
    except NotConverging:
        with pytest.raises(NotConverging):
            big.value(40)
        return
    with mpmath.workdps(60):
        assert abs(big.value(40) - c * x) <= abs(c * x) * mpmath.mpf(10) ** -39 + mpmath.mpf(10) ** -39


@settings(max_examples=50)
@given(
    st.lists(st.integers(-4, 4), min_size=1, max_size=3).filter(lambda r: r[0] != 0),
    st.lists(st.integers(-4, 4), min_size=1, max_size=3).filter(lambda r: r[0] != 0),
    st.sampled_from(["2", "-3", "n+1", "-n-2", "2n+1", "n^2+1"]),
)
def test_value_is_scale_times_the_canonical_value(a: list[int], b: list[int], c: str) -> None:
    factor = make_polynomial(c)
    pcf = PCF(factor * make_polynomial(a), factor * shift(factor, -1) * make_polynomial(b))
    try:
        x = pcf.value(25)
    except NotConverging:
        with pytest.raises(NotConverging):
            pcf.canonical().value(25)
        return
    with mpmath.workdps(40):
        s = mpmath.mpf(int(pcf.scale.numer())) / int(pcf.scale.denom())
        y = s * pcf.canonical().value(25)
        assert abs(x - y) <= (abs(x) + 1) * mpmath.mpf(10) ** -23


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [("1", "2", 2), ("5", "-6", 3), ("2", "-1", 1), ("3n+1", "-2n^2", 0), ("2n+1", "-n^2", 0), ("2n+2", "-n^2-n", 1)],
)
def test_rational_and_zero_values(a: str, b: str, value: int) -> None:
    assert abs(PCF(a, b).value(40) - value) < mpmath.mpf(10) ** -39


@pytest.mark.parametrize(
    ("a", "b", "value"), [("n+1", "n-3", "-1/5"), ("n^2+1", "(n-1)*(n-5)", "1"), ("n+1", "2-n", "3/2")]
)
def test_finite_fractions_are_exact(a: str, b: str, value: str) -> None:
    found = PCF(a, b).evaluate(50)
    assert str(found.exact) == value
    assert not found.accelerated
    assert "exact" in found.method


def test_a_finite_fraction_that_ends_in_a_division_by_zero() -> None:
    # 1 + 1/0
    pcf = PCF("1-n", "2-n")
    assert pcf.asymptotics.last == 2
    with pytest.raises(NotConverging, match="division by zero"):
        finite_value(pcf.a, pcf.b, 2)
    with pytest.raises(NotConverging, match="division by zero"):
        pcf.value(20)


@pytest.mark.parametrize(("a", "b"), [("n", "-n^2"), ("1", "n^3"), ("1", "-n"), ("1", "-1")])
def test_divergent_fractions_have_no_value(a: str, b: str) -> None:
    with pytest.raises(NotConverging, match="diverges"):
        PCF(a, b).value(20)


@pytest.mark.parametrize(("a", "b"), [("3n+7", "-2*(n+2)*(n+3)"), ("-n-1", "-n-1"), ("n+1", "-n-1")])
def test_convergents_that_tend_to_infinity(a: str, b: str) -> None:
    """Their denominators follow the smaller solution of the recurrence."""
    pcf = PCF(a, b)
    assert abs(pcf.convergent(200)) > 10**6
    with pytest.raises(NotConverging, match="without bound"):
        pcf.value(20)
    assert pcf.dynamics(100).delta is None


def test_too_slow_says_what_was_reached() -> None:
    with pytest.raises(NotConverging, match="too slowly"):
        PCF("n", 10**30).value(50)


def test_a_small_value_is_not_taken_for_zero() -> None:
    """1.57e-20 with twenty zeros in front: its digits are counted from the first that is not zero."""
    found = PCF("n", f"{10**40}*(n-1)^2+1").evaluate(50)
    deeper = PCF("n", f"{10**40}*(n-1)^2+1").evaluate(110)
    with ctx.workprec(1000):
        assert abs(found.value - deeper.value) < abs(deeper.value) * arb(10) ** (1 - found.digits)
    assert found.digits >= 50


@pytest.mark.parametrize("digits", [0, -3, 10**7])
def test_impossible_numbers_of_digits(digits: int) -> None:
    with pytest.raises(InputError, match="digits"):
        PCF("2n+1", "n^2").evaluate(digits)


def test_the_method_says_how() -> None:
    direct = PCF("2n+1", "n^2").evaluate(30)
    slow = PCF("n^3+(n+1)^3", "-n^6").evaluate(30)
    assert (direct.accelerated, slow.accelerated) == (False, True)
    assert direct.method != slow.method
    assert evaluate(PCF("2n+1", "n^2").a, PCF("2n+1", "n^2").b, 30) == direct


@pytest.mark.parametrize(("k", "b"), [(5000, 1), (3000, 7), (400, 1)])
def test_a_pseudo_limit_is_no_value(k: int, b: int) -> None:
    """Up to n = 2k the convergents of PCF(n - k, b) stay near another number, to hundreds of digits."""
    pcf = PCF([1, -k], [b])
    found = pcf.evaluate(60)
    p, q = pcf.convergent(40 * k // 10).p, pcf.convergent(40 * k // 10).q
    with ctx.workprec(400):
        assert abs(found.value - arb(p) / q) < abs(found.value) * arb(10) ** -55
