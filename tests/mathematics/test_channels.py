"""Channels: their values, their text, and what they refuse."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import islice

import pytest
from flint import fmpq, fmpq_poly
from hypothesis import given
from hypothesis import strategies as st

from constants_lab.channels import (
    PolynomialChannel,
    RecurrenceChannel,
    RunChannel,
    interpolate,
    newton,
    parse_channel,
)
from constants_lab.errors import InputError
from constants_lab.signed import SignedCF

coefficient_lists = st.lists(st.fractions(-50, 50, max_denominator=6), min_size=1, max_size=5)


def polynomial(coefficients: list[Fraction]) -> fmpq_poly:
    return fmpq_poly([fmpq(c.numerator, c.denominator) for c in coefficients])


def at(coefficients: list[Fraction], m: int) -> Fraction:
    return sum((c * m**i for i, c in enumerate(coefficients)), Fraction(0))


@given(coefficient_lists)
def test_a_polynomial_channel_is_its_text(coefficients: list[Fraction]) -> None:
    channel = PolynomialChannel(polynomial(coefficients))
    again = parse_channel(str(channel))
    assert again == channel
    assert hash(again) == hash(channel)
    for m in range(6):
        value = at(coefficients, m)
        if value.denominator == 1:
            assert channel.values(m) == [value]
        else:
            with pytest.raises(InputError, match="not an integer"):
                channel.values(m)


@given(st.integers(-9, 9), coefficient_lists)
def test_a_run_is_its_text(value: int, coefficients: list[Fraction]) -> None:
    channel = RunChannel(value, polynomial(coefficients))
    assert parse_channel(str(channel)) == channel
    for m in range(5):
        length = at(coefficients, m)
        if length.denominator == 1 and length >= 0:
            assert channel.values(m) == [value] * int(length)
        else:
            with pytest.raises(InputError, match="length"):
                channel.values(m)


@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-99, 99)), min_size=1, max_size=5))
def test_a_recurrence_is_its_text_and_obeys_itself(pairs: list[tuple[int, int]]) -> None:
    coefficients, initial = (tuple(column) for column in zip(*pairs, strict=True))
    channel = RecurrenceChannel(coefficients, initial)
    assert parse_channel(str(channel)) == channel
    r, values = len(coefficients), list(islice(channel.sequence(), 20))
    assert tuple(values[:r]) == initial
    for m in range(20 - r):
        assert values[m + r] == sum(c * values[m + r - 1 - i] for i, c in enumerate(coefficients))
        assert channel.values(m) == [values[m]]


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=6))
def test_newton_meets_every_value(values: list[int]) -> None:
    p = newton(values)
    assert p.degree() < len(values)
    assert [p(m) for m in range(len(values))] == values


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.integers(5, 15), st.data())
def test_interpolation_refuses_one_wrong_value(coefficients: list[int], count: int, data: st.DataObject) -> None:
    values = [sum(c * m**i for i, c in enumerate(coefficients)) for m in range(count)]
    degree = len(coefficients) - 1
    assert interpolate(values, degree) == fmpq_poly(coefficients)
    values[data.draw(st.integers(0, count - 1))] += data.draw(st.sampled_from([-7, -1, 1, 10**30]))
    if count > degree + 1:
        assert interpolate(values, degree) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing|empty"),
        ("n", "'m'"),
        ("m^-1", "exponent"),
        ("m^51", "exponent"),
        ("(m^50)^50", "degree"),
        ("1/m", "divide"),
        ("m/0", "divide"),
        ("sin(m)", "no place"),
        ("run(2, 3) + 1", "no place"),
        ("run(2)", "run"),
        ("run(m, 2)", "integers"),
        ("run(1, 2, 3)", "run"),
        ("recurrence(2, 1, 1)", "order"),
        ("recurrence(0)", "order"),
        ("recurrence(-1, 1, 1)", "order"),
        ("recurrence(1, m, 1)", "integers"),
        ("__import__('os')", "cannot read"),
    ],
)
def test_what_is_no_channel(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_channel(text)


def test_a_fraction_with_every_kind_of_channel_travels() -> None:
    cf = SignedCF([1], [3], ["(m^2 + m)/2 + 1", "run(2, m)", "recurrence(2, 1, 1, 1, 1)"])
    assert pickle.loads(pickle.dumps(cf)) == cf
    assert cf.quotients(12) == [3, 1, 1, 2, 2, 1, 4, 2, 2, 2, 7, 2]
