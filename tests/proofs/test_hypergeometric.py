"""Theorems about fractions of degrees (<= 1, <= 2): true at random parameters, refused outside them, and found."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from mpmath import mp, mpf

from constants_lab.expressions import Identity
from constants_lab.polynomials import parse_polynomial
from constants_lab.proofs import checker
from constants_lab.proofs.checker import Continued, Rejected, Series, Value
from constants_lab.proofs.prover import prove

PROVED = [
    ("2*n + 1", "3*n^2", "1/L(-3,1)"),
    ("5*n + 11", "-4*n^2 - 10*n + 6", "(6*L(-3,1) + 9)/(2*L(-3,1))"),
    ("3*n + 2", "4*n^2 - 2*n", "1/L(5,1)"),
    ("6*n + 3", "-5*n^2", "1/L(5,1)"),
    ("1", "n", "1/mills(1)"),
    ("4*n + 8", "-4*n^2 - 10*n - 6", "(6*mills(1) - 6)/(4*mills(1) - 3)"),
    ("2*n + 2", "-n^2", "1/gompertz"),
    ("2*n + 8", "-n^2 - 6*n - 5", "(5*gompertz + 20)/(6*gompertz)"),
    ("n - 4", "4*n - 2", "2*besseli_ratio(0,2) - 2"),
    ("n + 11", "-4*n - 10", "(7*besseli_ratio(0,2) - 6)/(7*besseli_ratio(0,2) - 5)"),
    ("2", "4*n^2 + 2*n", "2/(lemniscate - 2)"),
    ("4*n + 1", "-2*n^2 + n", "2/lemniscate"),
    ("6*n + 4", "-8*n^2 - 6*n + 2", "(lemniscate + 4)/(lemniscate + 1)"),
    ("4*n + 7", "-2*n^2 - 5*n", "-10*gauss/(2*gauss - 3)"),
    ("1", "4*n^2 + 2*n", "1/(sqrt(2) - 1)"),
    ("2", "9*n^2 + 3*n", "1/(cbrt(2) - 1)"),
    ("10*n + 5", "-9*n^2 + 1", "(cbrt(2) + 2)/(2 - cbrt(2))"),
    ("6*n + 9", "-n^2 - 2*n", "2/(3 - 4*log(2))"),
    ("10*n + 5", "-9*n^2", "3/log(2)"),
]


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED, ids=lambda text: str(text))
def test_fractions_of_the_theorems_are_proved(a: str, b: str, lhs: str) -> None:
    claim = Identity.parse(lhs)
    matrix = [[int(k) for k in row] for row in claim.matrix]
    text = prove(parse_polynomial(a), parse_polynomial(b), claim.constant, matrix)
    assert text is not None
    assert checker.check(text).digits >= 3
    matrix[0][1] += 1
    assert prove(parse_polynomial(a), parse_polynomial(b), claim.constant, matrix) is None


def _number(x: Fraction) -> Any:
    return mpf(x.numerator) / x.denominator


def _below(rng: random.Random, least: int, most: int) -> Fraction:
    q = rng.randint(2, 9)
    return Fraction(rng.randint(least * q + 1, most * q - 1), q)


def _half(rng: random.Random) -> Fraction:
    return Fraction(2 * rng.randint(-5, 5) + 1, 2)


def _gauss(b: Any, c: Any, z: Any) -> Any:
    return c * mpmath.hyp2f1(0, b, c, z) / mpmath.hyp2f1(1, b + 1, c + 1, z)


def _kummer(q: Any, x: Any, i: Any) -> Any:
    a, c = q + mpf(1) / 2 + i, 2 * q + 1
    return c * mpmath.hyp1f1(a, c, 2 * x) / mpmath.hyp1f1(a + 1, c + 1, 2 * x)


def _laguerre(p: Any, r: Any) -> Any:
    w = ((1 + r) / (1 - r)) ** p
    return p * r * (w + 1) / (w - 1)


def _arctangent(y: Any) -> Any:
    root = mpmath.sqrt(y)
    return mpmath.re(mpmath.atan(root) / root)


def _tricomi(b: Any, x: Any) -> Any:
    return 1 / mpmath.hyperu(1, 1 - b, x if b == int(b) else x * x / 2)


def _second(b: Any) -> Any:
    return mpmath.sqrt(mp.pi) * mpmath.gamma(b / 2 + 1) / mpmath.gamma((b + 1) / 2)


SQUARES = [*checker._SQUARES, Fraction(1, 4), Fraction(-1, 4), Fraction(-4, 9)]


def _mills(x: Any) -> Any:
    return mpmath.sqrt(mp.pi / 2) * mpmath.exp(x * x / 2) * mpmath.erfc(x / mpmath.sqrt(2))


CLOSED: dict[str, tuple[Callable[[random.Random], dict[str, Fraction]], Callable[..., Any]]] = {
    "binomial series": (
        lambda rng: {"p": Fraction(rng.choice([-5, -2, -1, 1, 4]), rng.choice([3])), "z": _below(rng, -1, 1)},
        lambda p, z: (1 - z) ** -p,
    ),
    "odd series": (lambda rng: {"y": rng.choice([y for y in SQUARES if y < 1])}, _arctangent),
    "euler arctangent series": (
        lambda rng: {"y": rng.choice([y for y in SQUARES if 2 * y > -1])},
        lambda y: (1 + y) * _arctangent(y),
    ),
    "lambert fraction": (lambda rng: {"y": rng.choice(SQUARES)}, lambda y: 1 / _arctangent(y)),
    "gauss second series": (lambda rng: {"b": Fraction(rng.choice([1, -1]), 2)}, _second),
    "laguerre fraction": (
        lambda rng: {"p": Fraction(rng.choice([1, 2, 4, 5]), 3), "r": Fraction(3, rng.choice([4, 5]))},
        _laguerre,
    ),
    "kummer fraction": (
        lambda rng: {
            "q": Fraction(rng.randint(0, 8), rng.choice([1, 3])),
            "x": rng.choice([-1, 1]) * _below(rng, 0, 3),
            "i": Fraction(rng.randint(-4, 4)),
        },
        _kummer,
    ),
    "laplace fraction": (lambda rng: {"x": _below(rng, 0, 8)}, lambda x: 1 / _mills(x)),
    "tricomi fraction": (
        lambda rng: rng.choice(
            [{"b": Fraction(rng.randint(0, 9)), "x": Fraction(1)}, {"b": _half(rng), "x": _below(rng, 0, 4)}]
        ),
        _tricomi,
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_conclusions_agree_with_the_functions_to_50_digits(name: str) -> None:
    rng = random.Random(name)
    drawn, closed = CLOSED[name]
    done = 0
    with mp.workdps(80):
        while done < 8:
            parameters = drawn(rng)
            theorem = checker.THEOREMS[name]
            assert theorem.hypothesis(**parameters)
            try:
                value = theorem.conclusion(**parameters).value.number()
            except Rejected:  # The value is rational.
                continue
            done += 1
            expected = closed(**{key: _number(x) for key, x in parameters.items()})
            assert abs(_number(value) - expected) < mpf(10) ** -50 * max(1, abs(expected)), parameters


def _limit(fact: Continued, depth: int) -> Any:
    """The fraction, from ``depth`` places on."""
    a, b = fact.shape.pair
    value = _number(a.at(depth))
    for n in range(depth - 1, -1, -1):
        value = _number(a.at(n)) + _number(b.at(n)) / value
    return value


@pytest.mark.parametrize("name", ["lambert fraction", "laguerre fraction", "kummer fraction"])
def test_fractions_converge_to_the_conclusions(name: str) -> None:
    rng = random.Random(name)
    with mp.workdps(80):
        for _ in range(4):
            parameters = CLOSED[name][0](rng)
            try:
                fact = checker.THEOREMS[name].conclusion(**parameters)
            except Rejected:
                continue
            assert abs(_limit(fact, 1200) - _number(fact.value.number())) < mpf(10) ** -40, parameters


def _fact(ratio: checker.Function) -> Series:
    return Series(ratio, Value("pi"))


@pytest.mark.parametrize("form", [0, 1])
def test_gauss_fractions_converge_to_the_quotient_of_their_series(form: int) -> None:
    rng = random.Random(form)
    n = checker.N
    with mp.workdps(80):
        for _ in range(6):
            b, c = _below(rng, 0, 3), _below(rng, 0, 4)
            z = rng.choice([Fraction(-1, 3), Fraction(1, 4), Fraction(-3, 4), Fraction(2, 5)])
            w = z / (z - 1)
            ratio = ((n + b) * z / (n + c), (n + (c - b - 1)) * w / (n + c))[form]
            theorem = checker.THEOREMS["gauss fraction"]
            assert theorem.hypothesis(_fact(ratio), b, c, z)
            fact = theorem.conclusion(_fact(ratio), b, c, z)
            # The value is the fact's Möbius map at the sum of the series, which stands here for pi.
            total = mpmath.hyp2f1(1, *map(_number, ((b + 1, c + 1, z), (c - b, c + 1, w))[form]))
            p, q, r, s = map(_number, fact.value.matrix)
            assert abs((p * total + q) / (r * total + s) - _gauss(*map(_number, (b, c, z)))) < mpf(10) ** -50
            assert abs(_limit(fact, 1000) - _gauss(*map(_number, (b, c, z)))) < mpf(10) ** -50


@pytest.mark.parametrize("y", [Fraction(1, 3), Fraction(-2, 5), Fraction(4, 5)])
def test_the_quadratic_fraction_converges_to_its_quotient(y: Fraction) -> None:
    n = checker.N
    with mp.workdps(80):
        for b in (Fraction(1, 2), Fraction(3), Fraction(-1, 3)):
            fact = checker.THEOREMS["quadratic gauss fraction"].conclusion(
                _fact((n * 2 - 1) * -y / (n * 2 + (b + 1))), b, y
            )
            expected = _number(b + 1) / mpmath.hyp2f1(1, mpf(1) / 2, _number((b + 3) / 2), _number(-y))
            assert abs(_limit(fact, 1000) - expected) < mpf(10) ** -50


def test_at_one_half_the_fraction_of_gauss_has_a_positive_a() -> None:
    hypothesis = checker.THEOREMS["gauss fraction"].hypothesis
    series = _fact(checker.N)
    half = Fraction(1, 2)
    assert hypothesis(series, half, Fraction(1), half)
    assert not hypothesis(series, half, Fraction(3, 4), half)
    assert not hypothesis(series, half, Fraction(5), Fraction(2, 3))
    assert not hypothesis(series, Fraction(-1), Fraction(5), half)
    assert not hypothesis(series, half, Fraction(-2), Fraction(1, 4))
    with pytest.raises(Rejected):
        checker.THEOREMS["gauss fraction"].conclusion(series, half, Fraction(1), half)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("binomial series", {"p": "1/2", "z": "1"}),
        ("binomial series", {"p": "3/2", "z": "-1"}),
        ("binomial series", {"p": "1/5", "z": "1/2"}),
        ("odd series", {"y": "-1"}),
        ("odd series", {"y": "3"}),
        ("euler arctangent series", {"y": "-1/2"}),
        ("lambert fraction", {"y": "-1"}),
        ("lambert fraction", {"y": "2"}),
        ("gauss second series", {"b": "3/2"}),
        ("laguerre fraction", {"p": "1/3", "r": "1"}),
        ("kummer fraction", {"q": "1/2", "x": "1", "i": "0"}),
        ("kummer fraction", {"q": "0", "x": "0", "i": "0"}),
        ("laplace fraction", {"x": "0"}),
        ("tricomi fraction", {"b": "-1", "x": "1"}),
        ("tricomi fraction", {"b": "0", "x": "2"}),
        ("tricomi fraction", {"b": "1/3", "x": "1"}),
    ],
)
def test_theorems_are_for_no_other_parameters(name: str, data: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        checker.derive({"rule": "theorem", "name": name, **data}, [], set())


def test_a_theorem_about_a_series_wants_the_number_of_a_series() -> None:
    fraction = checker.derive({"rule": "theorem", "name": "laplace fraction", "x": "1"}, [], set())
    step = {"rule": "theorem", "name": "quadratic gauss fraction", "series": 0, "b": "0", "y": "1"}
    with pytest.raises(Rejected, match="another kind"):
        checker.derive(step, [fraction], set())
    with pytest.raises(checker.NotACertificate):
        checker.derive({**step, "series": "0"}, [fraction], set())
