"""Between balls and decimal digits."""

from __future__ import annotations

import mpmath
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from constants_lab.balls import agreeing_digits, decimal, midpoint


def ball(text: str) -> arb:
    with ctx.workprec(1200):
        return arb(text).mid()


@given(st.integers(-(10**60), 10**60), st.integers(-300, 300))
def test_the_midpoint_is_exact(mantissa: int, exponent: int) -> None:
    with ctx.workprec(400):
        x = arb(mantissa) * arb(2) ** exponent
    with mpmath.workdps(3):
        found = midpoint(x)
    with mpmath.workdps(400):
        assert found == mpmath.ldexp(mpmath.mpf(mantissa), exponent)


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [
        ("0.125", 5, "0.12500"),
        ("-2.5", 3, "-2.50"),
        ("3.14159265358979", 5, "3.1416"),
        ("12345", 5, "12345"),
        ("0.000001234", 4, "0.000001234"),
        ("0", 4, "0.0"),
    ],
)
def test_decimal(x: str, digits: int, text: str) -> None:
    assert decimal(ball(x), digits) == text


@given(st.integers(2, 200), st.integers(-60, 60), st.booleans())
def test_digits_that_agree(digits: int, size: int, negative: bool) -> None:
    """x and x (1 + 10^-d) agree on d digits, whatever their size."""
    with ctx.workprec(1200):
        x = arb.pi() * arb(10) ** size * (-1 if negative else 1)
        y = x * (1 + arb(10) ** -digits)
    assert abs(agreeing_digits(x, y, 1000) - digits) <= 1
    assert abs(agreeing_digits(y, x, 1000) - digits) <= 1


def test_equal_and_different_numbers() -> None:
    assert agreeing_digits(ball("1.5"), ball("1.5"), 100) == 30
    assert agreeing_digits(ball("1.5"), ball("-1.5"), 100) == 0
    assert agreeing_digits(ball("1.5"), ball("1e30"), 100) == 0
    assert agreeing_digits(ball("1e30"), ball("1.5"), 100) == 0


def test_small_numbers_are_not_zero() -> None:
    """1e-20 and 3e-20 agree on no digit, though on twenty decimal places."""
    assert agreeing_digits(ball("1e-20"), ball("3e-20"), 400) == 0
    assert agreeing_digits(ball("1e-20"), ball("1.01e-20"), 400) == 2


def test_zeros_agree_on_decimal_places() -> None:
    assert agreeing_digits(ball("1e-80"), ball("-3e-70"), 400) == 69
    assert agreeing_digits(ball("0"), ball("1e-70"), 400) in (69, 70)
    assert agreeing_digits(ball("0"), ball("0"), 400) == 120


def test_the_digits_are_bounded_by_the_precision() -> None:
    assert agreeing_digits(ball("1"), ball("1") + arb(2) ** -50, 20) == 6
