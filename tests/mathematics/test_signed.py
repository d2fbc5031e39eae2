"""Signed fractions: quotients, convergents, enclosures, keys."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.errors import InputError, NotConverging
from constants_lab.signed import SignedCF, convergent_of

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data" / "known_signed.json").read_text())[
    "cases"
]

signs_lists = st.lists(st.sampled_from([1, -1]), min_size=1, max_size=5)


def horner(text: list[str], m: int) -> int:
    value = 0
    for c in text:
        value = value * m + int(c)
    return value


def from_below(quotients: list[int], signs: list[int] | tuple[int, ...]) -> Fraction:
    """The finite fraction, from its end."""
    value = Fraction(quotients[-1])
    for i in range(len(quotients) - 2, -1, -1):
        value = quotients[i] + signs[i % len(signs)] / value
    return value


@st.composite
def expansions(draw: st.DrawFn) -> SignedCF:
    signs = draw(signs_lists)
    prefix = draw(st.lists(st.integers(2, 40), max_size=4))
    channels = draw(
        st.lists(
            st.one_of(
                st.tuples(st.integers(2, 9), st.integers(0, 9)).map(lambda p: f"{p[1]}*m + {p[0]}"),
                st.tuples(st.integers(2, 9), st.integers(0, 3)).map(lambda p: f"{p[1]}*m^2 + {p[0]}"),
            ),
            min_size=1,
            max_size=4,
        )
    )
    return SignedCF(signs, [draw(st.integers(-5, 5)), *prefix], [*channels, "3"])


@given(signs_lists, st.lists(st.integers(2, 30), min_size=1, max_size=60))
def test_convergents_are_the_finite_fractions(signs: list[int], quotients: list[int]) -> None:
    p, p_tail, q, q_tail = convergent_of(quotients, signs)
    assert Fraction(int(p), int(q)) == from_below(quotients, signs)
    s = signs[(len(quotients) - 1) % len(signs)]
    if len(quotients) > 1:
        assert Fraction(int(p_tail), int(q_tail)) == from_below(quotients[:-1], signs)
    assert abs(p * q_tail - q * p_tail) == 1
    assert (s > 0) == (q_tail >= 0) or q_tail == 0


@settings(max_examples=40)
@given(expansions(), st.integers(5, 60))
def test_the_value_is_within_its_bound(cf: SignedCF, digits: int) -> None:
    value, count = cf.evaluate(digits)
    far = cf.quotients(2 * count + 40)
    exact = from_below(far, cf.signs)
    mantissa, exponent = value.man_exp()
    found = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    assert abs(found - exact) < Fraction(1, 10**digits)


@pytest.mark.parametrize("whole", [0, 7, 10**40, -(10**40)])
def test_large_numbers_keep_their_decimals(whole: int) -> None:
    value, _ = SignedCF([1], [whole], ["m + 1"]).evaluate(30)
    fraction, _ = SignedCF([1], [0], ["m + 1"]).evaluate(40)
    mantissa, exponent = value.man_exp()
    part = Fraction(int(mantissa)) * Fraction(2) ** int(exponent) - whole
    mantissa, exponent = fraction.man_exp()
    assert abs(part - Fraction(int(mantissa)) * Fraction(2) ** int(exponent)) < Fraction(1, 10**30)


@settings(max_examples=60)
@given(
    st.lists(st.integers(-3, 10**20), max_size=3),
    st.lists(
        st.sampled_from(["m", "3", "m^2/2 + m/2", "run(2, m)", "run(1, 3)", "2^50*m", "recurrence(1, 2, 3)"]),
        min_size=1,
    ),
    st.integers(0, 60),
)
def test_the_quick_way_gives_the_same_quotients(prefix: list[int], channels: list[str], count: int) -> None:
    if all(channel.startswith("run") for channel in channels):
        channels = [*channels, "m"]
    cf = SignedCF([1], prefix, channels)
    slow = list(islice(cf, count))
    assert cf.quotients(count) == slow
    quick = cf.quotient_array(count)
    assert quick is None or quick.tolist() == slow


def test_endless_runs_cost_only_what_is_asked() -> None:
    enormous = SignedCF([1], [1], ["run(2, 10^13*m + 10^13)", "3"])
    assert enormous.quotients(5) == [1, 2, 2, 2, 2]
    assert list(islice(enormous, 4)) == [1, 2, 2, 2]
    assert SignedCF([1], [], ["run(5, 10^15)"]).quotients(3) == [5, 5, 5]
    assert SignedCF([1], [], ["run(5, 10^15)", "recurrence(1, 2, 1)"]).quotients(3) == [5, 5, 5]


def test_runs_that_end_have_no_more_quotients() -> None:
    with pytest.raises(InputError, match="too short"):
        SignedCF([1], [1], ["run(2, 0)"]).quotients(3)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["lhs"])
def test_known_fractions_have_their_terms_and_value(case: dict[str, Any]) -> None:
    channels = [" + ".join(f"({c})*m^{len(p) - 1 - i}" for i, c in enumerate(p)) for p in case["a_interlaced_polys"]]
    cf = SignedCF(case["sign_period"], case["prefix"], channels)
    assert cf.quotients(len(case["first_terms"])) == case["first_terms"]
    with mpmath.workdps(220):
        c = {"e": mpmath.e, "e^2": mpmath.e**2, "sqrt(e)": mpmath.sqrt(mpmath.e)}[case["constant"]]
        text = case["lhs"].replace("exp(mpf(1)/2)", "c").replace("e**2", "c").replace("*e", "*c")
        top, bottom = (
            sum(
                int(part) * (c if i == 0 else 1) for i, part in enumerate(half.strip("()").replace("*c+(", " ").split())
            )
            for half in text.replace(")/(", "/").split("/")
        )
        assert mpmath.almosteq(cf.value(210), top / bottom, 10**-200)


@pytest.mark.parametrize("signs", [[], [0], [2], [1, 0]])
def test_signs_are_plus_and_minus_one(signs: list[int]) -> None:
    with pytest.raises(InputError, match="signs"):
        SignedCF(signs, [], ["1"])


def test_without_channels_there_is_no_fraction() -> None:
    with pytest.raises(InputError, match="channel"):
        SignedCF([1], [1, 2], [])


def test_what_is_no_expansion_has_no_value() -> None:
    for cf in (SignedCF([-1], [], ["1"]), SignedCF([1], [3], ["m"]), SignedCF([1], [], ["10 - m"])):
        assert not cf.is_expansion()
        with pytest.raises(InputError, match="expansion"):
            cf.value(30)


def test_twos_and_minus_signs_converge_too_slowly() -> None:
    with pytest.raises(NotConverging, match="quotients"):
        SignedCF([-1], [], ["2"]).evaluate(100)


@given(signs_lists, st.integers(1, 4))
def test_signs_are_primitive(signs: list[int], times: int) -> None:
    once, more = SignedCF(signs, [1], ["m + 2"]), SignedCF(signs * times, [1], ["m + 2"])
    assert once == more
    assert hash(once) == hash(more)
    assert once.key == more.key
    period = len(once.signs)
    assert all(once.signs != once.signs[:k] * (period // k) for k in range(1, period) if period % k == 0)


@given(signs_lists, st.integers(0, 3), st.integers(0, 6))
def test_equal_sequences_have_equal_keys(signs: list[int], absorbed: int, rotation: int) -> None:
    """Rounds moved into the prefix, and channels rotated, change nothing of the sequence."""
    texts = ["2*m + 3", "7", "m^2 + 4"]
    plain = SignedCF(signs, [5], texts)
    start = 3 * absorbed + rotation
    longer = plain.quotients(1 + start)
    moved = [
        texts[(start + j) % 3].replace("m", f"(m + {(start + j) // 3})") if "m" in texts[(start + j) % 3] else "7"
        for j in range(3)
    ]
    other = SignedCF(signs, longer, moved)
    assert other.quotients(60) == plain.quotients(60)
    assert other.key == plain.key


def test_twice_the_channels_have_the_same_key() -> None:
    once, twice = SignedCF([1], [3], ["2*m + 1", "4"]), SignedCF([1], [3], ["4*m + 1", "4", "4*m + 3", "4"])
    assert once.quotients(40) == twice.quotients(40)
    assert once.key == twice.key


@given(st.sampled_from(CASES), st.integers(2, 9))
def test_the_class_forgets_the_prefix(case: dict[str, Any], first: int) -> None:
    channels = ["4*m + 6", "3"]
    period = len(case["sign_period"])
    one = SignedCF(case["sign_period"], [1] * 0, channels)
    other = SignedCF(case["sign_period"], [first] * period, channels)
    assert one.class_key == other.class_key
    assert one.key != other.key


def test_latex_and_text() -> None:
    cf = SignedCF([1, -1], [2], ["1", "2m+2"])
    assert cf.latex() == r"\left[2; \overline{1, 2 m + 2}\right]_{m\ge 0}_{(+-)}"
    assert str(cf) == "[2, 1, 2, 1, 4, 1, 6, …] with signs +-"
    assert eval(repr(cf), {"SignedCF": SignedCF}) == cf
    with pytest.raises(AttributeError, match="immutable"):
        cf.prefix = ()  # type: ignore[misc]


def test_e_to_many_digits() -> None:
    value, _ = SignedCF([1], [2], ["1", "2m+2", "1"]).evaluate(5000)
    mantissa, exponent = value.man_exp()
    with mpmath.workdps(5010):
        assert abs(mpmath.ldexp(int(mantissa), int(exponent)) - mpmath.e) < mpmath.mpf(10) ** -5000
