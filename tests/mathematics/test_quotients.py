"""Partial quotients that a ball makes certain."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from constants_lab.constants import constant
from constants_lab.errors import InputError
from constants_lab.expressions import evaluate
from constants_lab.quotients import certain_quotients, common_quotients, known_quotients, regular_quotients
from constants_lab.reals import parse_number


def expanded(x: Fraction, count: int) -> list[int]:
    out: list[int] = []
    while len(out) < count:
        out.append(x.numerator // x.denominator)
        x -= out[-1]
        if x == 0:
            break
        x = 1 / x
    return out


rationals = st.fractions(-1000, 1000, max_denominator=10**9)


@given(rationals, rationals, st.lists(st.fractions(0, 1, max_denominator=10**6), min_size=1, max_size=5))
def test_every_number_between_has_the_common_quotients(x: Fraction, y: Fraction, places: list[Fraction]) -> None:
    low, high = sorted((x, y))
    common = common_quotients(low.numerator, low.denominator, high.numerator, high.denominator)
    for place in places:
        between = low + place * (high - low)
        if low < between < high:
            assert expanded(between, len(common)) == common


@given(st.fractions(-100, 100, max_denominator=10**6), st.integers(6, 60))
def test_a_decimal_is_taken_within_one_unit_of_its_last_place(x: Fraction, places: int) -> None:
    """Rounded or cut, the digits belong to a number that has every quotient called certain."""
    unit = Fraction(1, 10**places)
    for kept in (round(x / unit), x // unit):
        sign, body = "-" if kept < 0 else "", str(abs(kept)).rjust(places + 1, "0")
        ball, _ = parse_number(f"{sign}{body[:-places]}.{body[-places:]}")
        certain = certain_quotients(ball)
        inside = x + unit / 7**9
        if abs(inside - kept * unit) < unit:
            assert expanded(inside, len(certain)) == certain


@pytest.mark.parametrize("name", ["pi", "e", "euler_gamma", "besseli_ratio(0,2)"])
def test_more_digits_only_add_quotients(name: str) -> None:
    exact = constant(name).ball(1000)
    with ctx.workprec(4000):
        # A constant may be known to more digits than were asked for; these balls are no better than they say.
        balls = [exact + arb(0, arb(10) ** -digits) for digits in (20, 50, 100, 300)]
    lists = [certain_quotients(ball) for ball in balls]
    for fewer, more in pairwise(lists):
        assert more[: len(fewer)] == fewer
        assert len(more) > len(fewer) >= 10


@pytest.mark.parametrize(
    "formula", ["e", "-e", "e - 3", "10^30 + e", "e/10^30", "e^1000", "1/3 + pi/10^200", "1 - pi/10^20"]
)
def test_irrational_numbers_have_as_many_as_asked(formula: str) -> None:
    found = regular_quotients(lambda digits: evaluate(formula, digits), 50)
    assert len(found) >= 50
    exact = evaluate(formula, 2000)
    mantissa, exponent = exact.mid().man_exp()
    assert expanded(Fraction(int(mantissa)) * Fraction(2) ** int(exponent), 50) == found[:50]


@pytest.mark.parametrize("formula", ["1/3", "4", "22/7", "0", "e - e", "sqrt(2)*sqrt(2)"])
def test_rational_numbers_are_noticed(formula: str) -> None:
    with pytest.raises(InputError, match="may be rational"):
        regular_quotients(lambda digits: evaluate(formula, digits), 40)


def test_a_number_that_cannot_be_bounded_has_no_quotients() -> None:
    assert known_quotients(lambda digits: arb("nan"), 5) == []
    with pytest.raises(InputError, match="bounded"):
        certain_quotients(arb("inf"))


def test_precision_is_left_alone() -> None:
    before = ctx.prec
    regular_quotients(constant("pi").ball, 100)
    assert ctx.prec == before
