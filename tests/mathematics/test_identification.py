"""Identification of numbers: right answers with their evidence, silence on noise, and clear refusals."""

from __future__ import annotations

import random
import time
from fractions import Fraction

import flint
import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.constants import catalogue, constant
from constants_lab.errors import InputError
from constants_lab.expressions import Identity, evaluate
from constants_lab.identification import Identification, identify, parse_number


def text_of(formula: str, digits: int) -> str:
    return evaluate(formula, digits + 10).str(digits, radius=False)


def holds(answer: Identification, formula: str, digits: int = 150) -> bool:
    difference = evaluate(f"({answer.lhs}) - ({formula})", digits)
    return bool(difference.contains(0))


def test_apery_fraction() -> None:
    answers = identify("4.9914442354842448120987576729291844065023383864024", ["zeta(3)"])
    assert [answer.lhs for answer in answers] == ["6/zeta(3)"]
    assert answers[0].kind == "identity"
    assert answers[0].constant == "zeta(3)"
    assert answers[0].identity == Identity("zeta(3)", [[0, 6], [1, 0]])
    assert 47 <= answers[0].digits <= 50
    assert answers[0].significance > 45


@given(st.lists(st.integers(-99, 99), min_size=4, max_size=4), st.sampled_from(["pi", "e", "zeta(3)", "log(2)"]))
@settings(max_examples=40, deadline=None)
def test_moebius_value_of_a_constant(entries: list[int], name: str) -> None:
    a, b, g, d = entries
    assume(a * d != b * g)
    identity = Identity(name, [[a, b], [g, d]])
    given_text = identity.ball(70).str(60, radius=False)
    answers = identify(given_text, ["pi", "e", "zeta(3)", "log(2)", "catalan"])
    assert [answer.lhs for answer in answers] == [identity.lhs]


def test_whole_catalogue_finds_one_and_reports_simplest_first() -> None:
    answers = identify(text_of("4/(pi - 2)", 100))
    assert answers[0].lhs == "4/(pi - 2)"
    assert all(holds(answer, "4/(pi - 2)") for answer in answers)
    squares = identify(text_of("pi^2/12", 100))
    assert len({answer.lhs for answer in squares}) == len(squares)
    assert all(holds(answer, "pi^2/12") for answer in squares)
    assert [a.significance for a in squares] == sorted((a.significance for a in squares), reverse=True)


def test_noise_is_not_identified() -> None:
    rng = random.Random(7)
    for digits in (40, 60, 100):
        number = f"{rng.randint(0, 9)}." + "".join(rng.choice("0123456789") for _ in range(digits))
        assert identify(number) == []
        assert identify(number, ["pi", "e"], degree=3) == []


def test_whole_catalogue_is_fast() -> None:
    number = text_of("(3*pi + 1)/(pi - 5)", 100)
    identify(number)  # constants are computed once
    started = time.perf_counter()
    identify(number)
    assert time.perf_counter() - started < 1.0


def test_degree_two() -> None:
    number = text_of("(zeta(3)^2 + 1)/(zeta(3) - 3)", 80)
    assert identify(number, ["zeta(3)"]) == []
    answers = identify(number, ["zeta(3)"], degree=2)
    assert [answer.lhs for answer in answers] == [Identity.parse("(zeta(3)^2 + 1)/(zeta(3) - 3)").lhs]


@pytest.mark.parametrize(
    ("number", "lhs"),
    [
        ("0.33333333333333333333333333333333", "1/3"),
        ("-3.14285714285714285714285714285714285714", "-22/7"),
        ("2.0000000000000000000000000000000000", "2"),
        ("0.0000000000000000000000000000000000", "0"),
    ],
)
def test_rational_number(number: str, lhs: str) -> None:
    answers = identify(number, ["pi"])
    assert [(answer.kind, answer.lhs) for answer in answers] == [("rational", lhs)]


@pytest.mark.parametrize("formula", ["(1 + sqrt(5))/2", "(1 - sqrt(5))/2", "(7 - 3*sqrt(2))/5", "-sqrt(12)"])
def test_quadratic_number(formula: str) -> None:
    answers = identify(text_of(formula, 60), ["pi", "e"])
    assert [answer.kind for answer in answers] == ["algebraic"]
    assert holds(answers[0], formula)


def test_higher_algebraic_number() -> None:
    answers = identify(text_of("2^(1/3) + 1", 80), ["pi"])
    assert [(answer.kind, answer.lhs) for answer in answers] == [("algebraic", "root of x^3 - 3*x^2 + 3*x - 3")]
    quartic = identify(text_of("sqrt(2) + sqrt(3)", 80), [])
    assert [answer.lhs for answer in quartic] == ["root of x^4 - 10*x^2 + 1"]


def test_combination() -> None:
    number = text_of("(2*pi + 3*log(2))/5", 60)
    answers = identify(number, ["pi", "log(2)", "zeta(3)"], together=True)
    assert [(answer.kind, answer.lhs) for answer in answers] == [("combination", "(2*pi + 3*log(2))/5")]
    assert answers[0].constants == ("pi", "log(2)")
    assert answers[0].constant is None
    one = identify(text_of("(2 - pi)/3", 60), ["e", "pi", "log(2)"], together=True)
    assert [(answer.kind, answer.constant) for answer in one] == [("identity", "pi")]
    assert holds(one[0], "(2 - pi)/3")
    assert identify(text_of("pi*e", 80), ["pi", "e", "log(2)"], together=True) == []


def test_combination_with_dependent_constants() -> None:
    number = text_of("log(2) + zeta(2)/7", 80)
    answers = identify(number, ["log(2)", "log(4)", "zeta(2)"], together=True)
    assert answers
    assert all(holds(answer, "log(2) + zeta(2)/7") for answer in answers)


def test_functions_are_confirmed_at_twice_the_digits() -> None:
    def near(digits: int) -> flint.arb:
        with flint.ctx.workdps(digits + 10):
            return constant("pi").ball(digits + 10) / 3 + flint.arb(10) ** -130

    assert identify(near, ["pi"]) == []
    answers = identify(constant("pi").ball, ["pi"])
    assert [(answer.lhs, answer.digits) for answer in answers] == [("pi", 200)]


def test_other_kinds_of_numbers() -> None:
    with mpmath.workdps(60):
        number = 6 / mpmath.zeta(3)
    assert [a.lhs for a in identify(number, ["zeta(3)"], digits=55)] == ["6/zeta(3)"]
    with flint.ctx.workdps(60):
        ball = 6 / flint.arb(3).zeta()
    assert [a.lhs for a in identify(ball, ["zeta(3)"])] == ["6/zeta(3)"]
    assert [a.lhs for a in identify(Fraction(3, 8), ["pi"])] == ["3/8"]
    with pytest.raises(InputError, match="state how many digits"):
        identify(number, ["zeta(3)"])
    with pytest.raises(InputError, match="16 digits"):
        identify(4.99, ["zeta(3)"])  # type: ignore[arg-type]


def test_last_digit_may_be_off_by_one() -> None:
    digits = text_of("6/zeta(3)", 50)
    for last in (-1, 1):
        changed = digits[:-1] + str(int(digits[-1]) + last)
        assert [a.lhs for a in identify(changed, ["zeta(3)"])] == ["6/zeta(3)"]
    wrong = digits[:-4] + str((int(digits[-4]) + 5) % 10) + digits[-3:]
    assert identify(wrong, ["zeta(3)"]) == []


def test_bound_on_coefficients() -> None:
    number = text_of("(31*pi + 7)/13", 60)
    assert identify(number, ["pi"], max_coefficient=30) == []
    assert [a.lhs for a in identify(number, ["pi"], max_coefficient=31)] == ["(31*pi + 7)/13"]


@pytest.mark.parametrize("degree", [1, 2, 5])
def test_too_few_digits_says_how_many(degree: int) -> None:
    with pytest.raises(InputError, match=r"needs \d+ digits of the number but 8 are given") as caught:
        identify("3.1415926", degree=degree)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("start", ["3.14159265358979323846264338328", "1.00001", "9.99999"])
def test_digits_said_to_be_needed_suffice(start: str) -> None:
    with pytest.raises(InputError, match=r"needs \d+ digits") as caught:
        identify(start, ["pi"], max_coefficient=1000)
    needed = int(str(caught.value).split("needs ")[1].split()[0])
    missing = needed - parse_number(start)[1]
    identify(start + "5" * missing, ["pi"], max_coefficient=1000)
    with pytest.raises(InputError):
        identify(start + "5" * (missing - 2), ["pi"], max_coefficient=1000)


@pytest.mark.parametrize("text", ["", "pi", "nan", "inf", "-inf", "1/3", "__import__('os')", "1" * 100_001, "٣.١٤"])
def test_not_a_number(text: str) -> None:
    with pytest.raises(InputError):
        identify(text, ["pi"])


@pytest.mark.parametrize(
    "arguments",
    [
        {"degree": 0},
        {"degree": 99},
        {"max_coefficient": 0},
        {"constants": ["no_such_constant"]},
        {"together": True},
        {"together": True, "constants": ["pi"], "degree": 2},
        {"digits": 0},
    ],
)
def test_impossible_requests(arguments: dict) -> None:
    with pytest.raises(InputError) as caught:
        identify("3.14159265358979323846264338327950288419716939937510582097494459", **arguments)
    assert "\n" not in str(caught.value)


def test_numbers_far_from_one() -> None:
    small = text_of("pi/1000", 60)
    assert "pi/1000" in [answer.lhs for answer in identify(small, ["pi"])]
    tiny = "1.2345678901234567890123456789012345678901234567e-300"
    assert identify(tiny) == []
    assert identify(tiny.replace("e-", "e+")) == []


def test_parse_number_is_offered_here_too() -> None:
    ball, digits = parse_number("-1.50e3")
    assert digits == 3
    assert ball.contains(-1500)
    assert len(catalogue()) >= 60
