"""Integer relations: planted ones come back, chance is refused, and every kind of input reads the same."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction

import flint
import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.errors import InputError
from constants_lab.evidence import significance
from constants_lab.relations import (
    algebraic_relation,
    expected_chance_digits,
    find_relation,
    find_relations,
    largest_coefficient,
    moebius_relation,
    parse_number,
    rational_relation,
    required_digits,
)

PRIMES = [p for p in range(2, 80) if all(p % q for q in range(2, p))]
Ball = Callable[[int], flint.arb]


def log(k: int) -> Ball:
    def ball(digits: int) -> flint.arb:
        with flint.ctx.workdps(digits + 5):
            return flint.arb(k).log()

    return ball


def pi(digits: int) -> flint.arb:
    with flint.ctx.workdps(digits + 5):
        return flint.arb.pi()


def combined(function: Callable[..., flint.arb], *balls: Ball) -> Ball:
    """A function of balls, at a precision that leaves the digits asked."""

    def ball(digits: int) -> flint.arb:
        with flint.ctx.workdps(digits + 15):
            return function(*(read(digits + 10) for read in balls))

    return ball


def planted(coefficients: list[int], denominator: int) -> Ball:
    """x with denominator*x = sum of coefficients times the logarithms of the first primes."""
    logs = [log(p) for p in PRIMES[: len(coefficients)]]
    return combined(
        lambda *values: sum((k * v for k, v in zip(coefficients, values, strict=True)), flint.arb(0)) / denominator,
        *logs,
    )


small = st.integers(-40, 40)


@given(st.lists(small, min_size=1, max_size=7), st.integers(1, 40))
@settings(max_examples=80, deadline=None)
def test_planted_relation_is_found_in_normal_form(coefficients: list[int], denominator: int) -> None:
    assume(any(coefficients))
    shared = math.gcd(denominator, *coefficients)
    expected = tuple(k // shared for k in [denominator, *[-k for k in coefficients]])
    values = [planted(coefficients, denominator), *(log(p) for p in PRIMES[: len(coefficients)])]
    relation = find_relation(values)
    assert relation is not None
    assert relation.coefficients == expected
    assert relation.digits == 200  # found at 100, confirmed at twice as many
    assert relation.significance == pytest.approx(significance(200, expected))


@pytest.mark.parametrize("seed", range(6))
def test_same_answers_as_pslq(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(4):
        n = rng.randint(2, 7)
        digits = 100
        hit = rng.random() < 0.7
        row = [rng.randint(-99, 99) for _ in range(n - 1)]
        with mpmath.workdps(digits):
            values = [mpmath.log(p) for p in PRIMES[:n]]
            if hit and any(row):
                values[-1] = mpmath.fsum(k * v for k, v in zip(row, values, strict=False)) / rng.randint(1, 99)
            other = mpmath.pslq(values, maxcoeff=10**4, maxsteps=10**5)
        ours = find_relation(values, digits - 2, max_coefficient=10**4)
        if other is None:
            assert ours is None
        else:
            assert ours is not None
            assert ours.coefficients in (tuple(other), tuple(-k for k in other))


@pytest.mark.parametrize("n", range(1, 21))
def test_independent_numbers_have_no_relation(n: int) -> None:
    assert find_relation([log(p) for p in PRIMES[:n]]) is None
    assert find_relation([log(p) for p in PRIMES[:n]], 200, max_coefficient=1000) is None


@pytest.mark.parametrize("n", [9, 14, 20])
def test_relation_among_many(n: int) -> None:
    row = [(-1) ** i * (i % 7 + 1) for i in range(n - 1)]
    values = [planted(row, 5), *(log(p) for p in PRIMES[: n - 1])]
    relation = find_relation(values, 200)
    assert relation is not None
    assert relation.coefficients == (5, *(-k for k in row))


def test_equal_opposite_and_zero_values() -> None:
    assert find_relation([pi, pi]).coefficients == (1, -1)  # type: ignore[union-attr]
    assert find_relation([pi, combined(lambda x: -x, pi)]).coefficients == (1, 1)  # type: ignore[union-attr]
    zero = combined(lambda a, b: a - 3 * b, log(8), log(2))
    relation = find_relation([pi, zero, log(2)])
    assert relation is not None
    assert relation.coefficients == (0, 1, 0)
    assert find_relation([0]).coefficients == (1,)  # type: ignore[union-attr]
    assert find_relation([pi]) is None
    assert len(find_relations([pi] * 20)) == 19


@pytest.mark.parametrize("power", [-300, -40, 40, 300])
def test_scale_does_not_matter(power: int) -> None:
    scale = Fraction(10) ** power
    factor = flint.fmpq(scale.numerator, scale.denominator)
    values = [combined(lambda x: x * flint.arb(factor), read) for read in (log(6), log(2), log(3))]
    assert find_relation(values).coefficients == (1, -1, -1)  # type: ignore[union-attr]
    assert find_relation(values[:2]) is None


def test_values_of_very_different_size() -> None:
    tiny = combined(lambda x: x / flint.arb(10) ** 150, pi)
    assert find_relation([tiny, log(2), log(3)]) is None
    relation = find_relation([tiny, log(2), log(8)])
    assert relation is not None
    assert relation.coefficients == (0, 3, -1)
    near = combined(lambda x, t: x + t, log(2), tiny)  # agrees with log 2 to 150 digits only
    relation = find_relation([near, log(2)])
    assert relation is None, "the check at twice the digits must tell them apart"
    assert find_relation([near, log(2), tiny]).coefficients == (1, -1, -1)  # type: ignore[union-attr]


def test_agreement_short_of_significance_is_refused() -> None:
    with flint.ctx.workdps(60):
        x = flint.arb.pi() * 3 + flint.arb(10) ** -30
        c = flint.arb.pi()
    assert find_relation([x, c], 50) is None
    relation = find_relation([x, c], 28)
    assert relation is not None
    assert relation.coefficients == (1, -3)
    assert relation.significance == pytest.approx(28 - math.log10(3) - math.log10(7), abs=1.01)
    assert find_relation([x, c], 28, trials=10**8, significance=19.0) is None


def test_all_kinds_of_numbers() -> None:
    with mpmath.workdps(60):
        text = mpmath.nstr(mpmath.pi * 2 / 7, 50)
        number = mpmath.pi * 2 / 7
    with flint.ctx.workdps(70):
        ball = pi(60) * 2 / 7
    for value, digits in ((text, None), (number, 55), (combined(lambda x: 2 * x / 7, pi), None), (ball, None)):
        relation = find_relation([value, pi], digits)
        assert relation is not None
        assert relation.coefficients == (7, -2)
    exact = find_relation([Fraction(22, 7), 1, flint.fmpq(1, 7), flint.fmpz(5)], max_coefficient=1000)
    assert exact is not None
    assert sum(k * v for k, v in zip(exact.coefficients, (22, 7, 1, 35), strict=True)) == 0
    stated = find_relation(["0.5", "0.25"], 60)
    assert stated is not None
    assert stated.coefficients == (1, -2)


@pytest.mark.parametrize("bound", [3, 17, 1000])
def test_bound_on_coefficients_is_kept(bound: int) -> None:
    at = find_relation([planted([bound, 1], 1), log(2), log(3)], max_coefficient=bound)
    assert at is not None
    assert at.coefficients == (1, -bound, -1)
    assert find_relation([planted([bound + 1, 1], 1), log(2), log(3)], max_coefficient=bound) is None


@given(st.integers(1, 30), st.integers(1, 10**12), st.integers(1, 10**9))
def test_digit_counts_agree(n: int, bound: int, trials: int) -> None:
    need = required_digits(n, bound, trials)
    assert need - 1 < expected_chance_digits(n, bound) + math.log10(trials) + 20 <= need
    largest = largest_coefficient(need, n, trials)
    assert largest >= bound - 1 - bound * 1e-9
    if largest:
        assert required_digits(n, largest, trials) <= need + 1


def test_too_few_digits_says_how_many() -> None:
    need = required_digits(4, 1000)
    with pytest.raises(InputError, match=f"needs {need} digits but 20 are given"):
        find_relation(["3.1415926535897932385", pi, log(2), 1], max_coefficient=1000)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [0.5, 1],
        [True, 1],
        [mpmath.mpf(2), 1],
        ["abc", 1],
        [None, 1],
        [flint.arb("nan"), 1],
        [lambda d: 3, 1],
        [pi] * 51,
    ],
)
def test_what_is_no_number_is_refused(values: list) -> None:
    with pytest.raises(InputError) as caught:
        find_relation(values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("arguments", [{"digits": 0}, {"digits": -5}, {"trials": 0}, {"max_coefficient": 0}])
def test_impossible_settings_are_refused(arguments: dict) -> None:
    with pytest.raises(InputError):
        find_relation([pi, 1], **arguments)


@given(st.lists(st.integers(-50, 50), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None)
def test_moebius_matrix_comes_back(entries: list[int]) -> None:
    a, b, g, d = entries
    assume(a * d != b * g)
    x = combined(lambda c: (a * c + b) / (g * c + d), log(2))
    matrix = moebius_relation(x, log(2), 60, max_coefficient=50)
    shared = math.gcd(a, b, g, d) * (1 if (g or d) > 0 else -1)
    assert matrix == ((a // shared, b // shared), (g // shared, d // shared))


def test_algebraic_constants_have_many_relations() -> None:
    def root(k: int) -> Ball:
        return combined(lambda: flint.arb(k).sqrt())

    def golden(digits: int) -> flint.arb:
        with flint.ctx.workdps(digits + 8):
            return (1 + flint.arb(5).sqrt()) / 2

    rng = random.Random(1)
    for c in (root(2), root(3), golden):
        for _ in range(10):
            a, b, g, d = (rng.randint(-30, 30) for _ in range(4))
            if a * d == b * g:
                continue
            x = combined(lambda v, a=a, b=b, g=g, d=d: (a * v + b) / (g * v + d), c)
            matrix = moebius_relation(x, c, 100)
            assert matrix is not None
            (a, b), (g, d) = matrix
            assert a * d != b * g
            with flint.ctx.workdps(80):
                assert ((a * c(90) + b) / (g * c(90) + d) - x(90)).contains(0)
                assert not (g * c(90) + d).contains(0)
    assert moebius_relation(root(3), root(2), 100) is None
    assert moebius_relation(Fraction(3, 7), root(2), 100) is None
    assert moebius_relation(Fraction(3, 7), pi, 100) is None
    assert moebius_relation(root(2), pi, 100) is None
    assert moebius_relation(pi, Fraction(3, 7), 100) is None


def test_rational_relation_is_in_lowest_terms() -> None:
    x = combined(lambda c: (c * c - 3) / (2 * c**3 + 1), pi)
    form = rational_relation(x, pi, 3)
    assert form is not None
    assert (form.numerator, form.denominator) == ((0, 1, 0, -3), (2, 0, 0, 1))
    assert form.significance > 150
    lower = rational_relation(combined(lambda c: 6 / c, pi), pi, 4)
    assert lower is not None
    assert (lower.numerator, lower.denominator) == ((0, 6), (1, 0))
    assert rational_relation(log(2), pi, 4, 120) is None
    with pytest.raises(InputError, match="degree"):
        rational_relation(pi, pi, 0)


@pytest.mark.parametrize(
    ("ball", "expected"),
    [
        (lambda: flint.arb(flint.fmpq(-22, 7)), (7, 22)),
        (lambda: flint.arb(2).sqrt() + flint.arb(3).sqrt(), (1, 0, -10, 0, 1)),
        (lambda: flint.arb(2).root(3), (1, 0, 0, -2)),
        (lambda: (1 - flint.arb(5).sqrt()) / 2, (1, -1, -1)),
        (lambda: flint.arb(0), (1, 0)),
    ],
)
def test_minimal_polynomial(ball: Callable[[], flint.arb], expected: tuple[int, ...]) -> None:
    found = algebraic_relation(combined(ball), 4)
    assert found is not None
    assert found.coefficients == expected


def test_transcendental_number_is_not_algebraic() -> None:
    assert algebraic_relation(pi, 4) is None


@given(st.integers(-(10**40), 10**40), st.integers(-60, 20))
def test_parse_number_keeps_value_and_digits(mantissa: int, exponent: int) -> None:
    assume(mantissa)
    ball, digits = parse_number(f"{mantissa}e{exponent}")
    assert digits == len(str(abs(mantissa)))
    exact = Fraction(mantissa) * Fraction(10) ** exponent
    with flint.ctx.workdps(80):
        difference = ball - flint.arb(flint.fmpq(exact.numerator, exact.denominator))
        assert difference.contains(0)
        assert ball.rad() >= flint.arb(10) ** exponent * 0.999
        assert ball.rad() <= flint.arb(10) ** exponent * 1.001


@pytest.mark.parametrize(
    ("text", "digits"),
    [("3.14", 3), ("+0.00120", 3), ("-.5", 1), ("7.", 1), ("1.23e-5", 3), (" 2.50 ", 3), ("0.000", 3), ("00012", 2)],
)
def test_significant_digits(text: str, digits: int) -> None:
    assert parse_number(text)[1] == digits


@pytest.mark.parametrize(
    "text",
    ["", "-", ".", "nan", "inf", "1e", "0x10", "1_000", "1,5", "٣.14", "3.14 15", "1e99999", "1" * 100_001, "--1"],
)
def test_not_a_number(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_number(text)
    assert len(str(caught.value)) < 200


def test_function_that_ignores_the_digits_is_refused() -> None:
    def stubborn(_: int) -> flint.arb:
        return pi(20)

    with pytest.raises(InputError, match="as many digits as asked"):
        find_relation([stubborn, pi, log(2)])


def test_long_numbers_are_read_quickly() -> None:
    text = pi(20_010).str(20_000, radius=False)
    assert parse_number(text)[1] == 20_000
    assert find_relation([text, pi], max_coefficient=10).coefficients == (1, -1)  # type: ignore[union-attr]
