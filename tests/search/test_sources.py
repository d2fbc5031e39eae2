"""The numbers that are searched: their quotients, names, and what is refused."""

from __future__ import annotations

import pickle

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.errors import InputError
from constants_lab.expressions import Identity, evaluate
from constants_lab.search.sources import Source, distinct, open_source


def digits_of_e(count: int) -> str:
    with mpmath.workdps(count + 10):
        return mpmath.nstr(mpmath.e, count, strip_zeros=False)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("constant", "katalan", "catalan"),
        ("expression", "foo(3)", "foo"),
        ("expression", "(e", "bracket"),
        ("expression", "1/3", "rational"),
        ("expression", "e - e + 5", "rational"),
        ("expression", "1/(pi - pi)", "zero"),
        ("expression", "sqrt(2)^2", "rational"),
        ("value", "abc", "decimal number"),
        ("value", "", "decimal number"),
        ("value", "0.5", "quotients"),
        ("value", "nan", "decimal number"),
        ("value", "0." + "3" * 400, "quotients"),
    ],
)
def test_what_is_no_source(kind: str, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_source(kind, text)  # type: ignore[arg-type]


def test_too_few_digits_are_counted() -> None:
    with pytest.raises(InputError, match=r"only 23 partial quotients .* from its 20 digits: give about 115 digits"):
        open_source("value", digits_of_e(20))
    needed = 115
    while True:
        try:
            source = open_source("value", digits_of_e(needed))
            break
        except InputError as error:
            needed = int(str(error).split("give about ")[1].split()[0])
    # Following the advice ends at once.
    assert needed <= 130
    assert source.limit is not None
    assert source.limit >= 60


def test_a_decimal_gives_only_what_is_certain() -> None:
    source = open_source("value", digits_of_e(150))
    exact = open_source("constant", "e").terms(200)
    assert source.terms(10**6) == exact[: source.limit]
    quotients = source.expand((1, 1), (1, -1), (1,), 500)
    assert quotients.tolist() == [4 * m + 2 for m in range(len(quotients))]
    assert 30 < len(quotients) < 100


@pytest.mark.parametrize(
    "text", ["10^30 + (e + 1)/(e - 1)", "e^1000", "-e", "1/3 + pi/10^200", "sqrt(2)*sqrt(3)", "e*pi"]
)
def test_formulas_of_any_size_are_expanded(text: str) -> None:
    source = open_source("expression", text)
    for signs in ((1,), (-1,), (1, -1)):
        top, bottom = source.positive((1, 2), (2, 1))
        quotients = [int(a) for a in source.expand(top, bottom, signs, 60)]
        assert len(quotients) == 60
        with mpmath.workdps(400):
            value = mpmath.mpf(quotients[59])
            for i in range(58, -1, -1):
                value = quotients[i] + signs[i % len(signs)] / value
            lhs = f"(({top[0]})*({text}) + ({top[1]}))/(({bottom[0]})*({text}) + ({bottom[1]}))"
            mantissa, exponent = evaluate(lhs, 350).mid().man_exp()
            # Under minus signs, 60 quotients may be runs of 2, which say little.
            close = mpmath.mpf(10) ** (-1 if -1 in signs else -20)
            assert abs(value - mpmath.ldexp(int(mantissa), int(exponent))) < close


def test_a_rational_left_hand_side_has_no_quotients_to_speak_of() -> None:
    source = open_source("constant", "sqrt(2)")
    assert len(source.expand((1, 0, 1), (0, 0, 1), (1,), 100)) < 3
    assert len(source.expand((1, 0, 0), (1, 0, -2), (1,), 100)) == 0


def test_a_decimal_that_makes_a_denominator_vanish() -> None:
    with mpmath.workdps(210):
        source = open_source("value", mpmath.nstr(mpmath.sqrt(2), 200))
    assert len(source.expand((1, 0, 0), (1, 0, -2), (1,), 100)) == 0
    assert len(source.expand((1, 0, 0), (0, 0, 1), (1,), 100)) < 3


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["e", "(e + 1)/(e - 1)", "1/(2*e)", "pi^2 + 1", "e + pi", "sqrt(2)*sqrt(3)", "e/pi", "pi/2"]),
    st.lists(st.integers(-5, 5), min_size=2, max_size=2),
    st.lists(st.integers(-5, 5), min_size=2, max_size=2),
)
def test_names_parse_back_to_the_number(text: str, top: list[int], bottom: list[int]) -> None:
    if top[0] * bottom[1] == top[1] * bottom[0]:
        return
    source = open_source("expression", text)
    named = source.identity(top, bottom)
    assert named is not None
    _, matrix, lhs = named
    assert len(matrix) == 2
    with mpmath.workdps(60):
        mantissa, exponent = source.ball(60).mid().man_exp()
        c = mpmath.ldexp(int(mantissa), int(exponent))
        mantissa, exponent = evaluate(lhs, 50).mid().man_exp()
        expected = (top[0] * c + top[1]) / (bottom[0] * c + bottom[1])
        assert mpmath.almosteq(mpmath.ldexp(int(mantissa), int(exponent)), expected, mpmath.mpf(10) ** -45)


@given(
    st.sampled_from([("sqrt(2)", mpmath.sqrt(2)), ("phi", (1 + mpmath.sqrt(5)) / 2), ("sqrt(7)", mpmath.sqrt(7))]),
    st.tuples(*[st.integers(-6, 6)] * 4).filter(lambda m: m[0] * m[3] != m[1] * m[2]),
    st.tuples(*[st.integers(-6, 6)] * 4).filter(lambda m: m[0] * m[3] != m[1] * m[2]),
)
@settings(deadline=None)
def test_equal_images_of_a_quadratic_irrational_have_one_name(
    number: tuple[str, mpmath.mpf], m: tuple[int, ...], n: tuple[int, ...]
) -> None:
    name = number[0]
    one, two = (Identity(name, [x[:2], x[2:]]) for x in (m, n))
    with mpmath.workdps(60):
        x, y = one.value(50), two.value(50)
        equal = mpmath.almosteq(x, y, mpmath.mpf(10) ** -40)
        assert (distinct(one) == distinct(two)) == equal
        assert mpmath.almosteq(distinct(one).value(50), x, mpmath.mpf(10) ** -40)
    assert distinct(one).matrix[1][0] == 0


def test_other_constants_keep_their_names() -> None:
    for name in ("e", "pi", "catalan", "zeta(3)", "cbrt(2)"):
        try:
            identity = Identity(name, [[2, 1], [1, -3]])
        except InputError:
            continue
        assert distinct(identity) == identity


def test_sources_travel() -> None:
    source = open_source("expression", "e + pi")
    source.terms(50)
    again = pickle.loads(pickle.dumps(source))
    assert again == source
    assert again == Source("expression", "e + pi")
    assert again.terms(50)[:50] == source.terms(50)[:50]
