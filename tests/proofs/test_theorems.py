"""Theorems that certificates cite: true at random parameters, used for no others, and all in the reviewed list."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import pytest

from constants_lab.proofs import checker
from constants_lab.proofs.checker import Continued, Rejected, Series
from constants_lab.proofs.theorem_numbers import THEOREM_NUMBERS

LIST = Path(__file__).parents[2] / "docs" / "theorems.md"
Parameters = dict[str, Fraction]


def below(rng: random.Random, bound: int) -> Fraction:
    """A random rational in (0, bound)."""
    q = rng.randint(2, 30)
    return Fraction(rng.randint(1, bound * q - 1), q)


def square(rng: random.Random, bound: int) -> Fraction:
    """± a square, or a number whose arctangent is known otherwise."""
    known = [y for y in checker._SQUARES if abs(y) < bound]
    return rng.choice([below(rng, bound) ** 2, -(below(rng, 1) ** 2), rng.choice(known)])


def sign(rng: random.Random) -> Fraction:
    return Fraction(rng.choice([1, -1]))


def integers(rng: random.Random) -> Parameters:
    while True:
        a, b = rng.randint(-30, 30), rng.randint(-60, 60)
        if a * b and a * a + 4 * b > 0 and checker.isqrt(a * a + 4 * b) ** 2 != a * a + 4 * b:
            return {"a": Fraction(a), "b": Fraction(b)}


RANDOM: dict[str, Callable[[random.Random], Parameters]] = {
    "exponential series": lambda rng: {"z": below(rng, 20) * sign(rng)},
    "logarithmic series": lambda rng: {"z": rng.choice([below(rng, 1), -below(rng, 1), Fraction(-1)])},
    "odd series": lambda rng: {"y": square(rng, 1)},
    "euler arctangent series": lambda rng: {"y": rng.choice([below(rng, 20) ** 2, Fraction(-1, 3), Fraction(3)])},
    "squared arcsine series": lambda rng: {"w": Fraction(rng.randint(1, 4), 4)},
    "central binomial series": lambda rng: {"r": rng.choice([below(rng, 1), Fraction(0)])},
    "zeta series": lambda rng: {"m": Fraction(rng.randint(2, 60)), "d": Fraction(rng.choice([1, 2])), "s": sign(rng)},
    "apery series": lambda rng: {},
    "gauss series": lambda rng: {},
    "dirichlet series": lambda rng: {"d": Fraction(rng.choice([3, 4, 6])), "m": Fraction(rng.randint(1, 20))},
    "lambert fraction": lambda rng: {"y": square(rng, 1)},
    "bessel fraction": lambda rng: {"c": below(rng, 9), "x": below(rng, 9), "s": sign(rng)},
    "binomial series": lambda rng: {
        "p": Fraction(6 * rng.randint(-3, 3) + 1, rng.choice([2, 3])),
        "z": Fraction(-1, rng.choice([2, 4, 5, 6])),
    },
    "gauss second series": lambda rng: {"b": sign(rng) / 2},
    "gauss fraction": lambda rng: {"b": Fraction(0), "c": Fraction(1), "z": rng.choice([-1, 1]) * below(rng, 1) / 3},
    "quadratic gauss fraction": lambda rng: {"b": Fraction(0), "y": square(rng, 1)},
    "laguerre fraction": lambda rng: {"p": Fraction(rng.choice([1, 2, 4]), 3), "r": Fraction(1, rng.choice([2, 3, 4]))},
    "kummer fraction": lambda rng: {
        "q": Fraction(rng.randint(0, 9), 3),
        "x": below(rng, 4) * sign(rng),
        "i": Fraction(rng.randint(-3, 3)),
    },
    "laplace fraction": lambda rng: {"x": 2 + below(rng, 5)},
    "tricomi fraction": lambda rng: rng.choice(
        [
            {"b": Fraction(rng.randint(0, 9)), "x": Fraction(1)},
            {"b": Fraction(2 * rng.randint(-5, 5) + 1, 2), "x": 1 + below(rng, 4)},
        ]
    ),
}
OF_SERIES = "gauss fraction", "quadratic gauss fraction"
NOT_FOR: list[tuple[str, dict[str, str]]] = [
    ("exponential series", {"z": "0"}),
    ("exponential series", {"z": "51"}),
    ("logarithmic series", {"z": "1"}),
    ("logarithmic series", {"z": "0"}),
    ("logarithmic series", {"z": "-1001/1000"}),
    ("odd series", {"y": "-1"}),
    ("odd series", {"y": "1002001/1000000"}),
    ("odd series", {"y": "1/2"}),
    ("euler arctangent series", {"y": "-1"}),
    ("squared arcsine series", {"w": "1/3"}),
    ("central binomial series", {"r": "1"}),
    ("central binomial series", {"r": "-1/2"}),
    ("zeta series", {"m": "1", "d": "1", "s": "-1"}),
    ("zeta series", {"m": "5/2", "d": "1", "s": "1"}),
    ("zeta series", {"m": "2", "d": "3", "s": "1"}),
    ("dirichlet series", {"d": "5", "m": "1"}),
    ("dirichlet series", {"d": "3", "m": "0"}),
    ("dirichlet series", {"d": "3", "m": "21"}),
    ("dirichlet series", {"d": "6", "m": "3/2"}),
    ("lambert fraction", {"y": "-1"}),
    ("lambert fraction", {"y": "0"}),
    ("bessel fraction", {"c": "0", "x": "1", "s": "1"}),
    ("bessel fraction", {"c": "1", "x": "1", "s": "0"}),
]


def cited(name: str, parameters: dict[str, Any]) -> checker.Fact:
    data = {key: str(x) for key, x in parameters.items()}
    facts: list[checker.Fact] = []
    if name in OF_SERIES and parameters:
        z = parameters.get("z")
        facts = [cited("odd series", {"y": parameters["y"]}) if z is None else cited("logarithmic series", {"z": z})]
        data["series"] = 0
    return checker.derive({"rule": "theorem", "name": name, **data}, facts, set())


def close(x: Any, y: Any, digits: int) -> bool:
    return bool(abs(x - y) <= mpmath.mpf(10) ** -digits * (1 + abs(y)))


def number(q: Fraction) -> Any:
    return mpmath.mpf(q.numerator) / q.denominator


@pytest.mark.parametrize("name", list(checker.THEOREMS))
def test_theorems_are_true_at_random_parameters(name: str) -> None:
    rng, theorem = random.Random(name), THEOREM_NUMBERS[name]
    for _ in range(12):
        parameters = RANDOM[name](rng)
        fact = cited(name, parameters)
        with mpmath.workdps(90):
            numbers = {key: number(q) for key, q in parameters.items()}
            assert theorem.admits(**numbers)
            closed = theorem.closed(**numbers)
            summed, bound = theorem.summed(**numbers)
            assert close(number(fact.value.number()), closed, 50), parameters
            assert close(summed, closed, 40)
            assert bound < mpmath.mpf(10) ** -40 * (1 + abs(closed))
            assert is_what_was_summed(name, fact, numbers)


def is_what_was_summed(name: str, fact: checker.Fact, numbers: dict[str, Any]) -> bool:
    """The ratio, or a and b, of the checker and of the second list are the same at some places."""
    places = range(1, 8)
    about = THEOREM_NUMBERS[name].about
    if isinstance(fact, Series):
        return all(close(number(fact.ratio.at(n)), about(mpmath.mpf(n), **numbers), 60) for n in places)
    assert isinstance(fact, Continued)
    a, b = fact.shape.pair
    for n in places:
        x, y = about(mpmath.mpf(n), **numbers)
        if not close(number(a.at(n)), x, 60) or not close(number(b.at(n - 1)), y, 60):
            return False
    return True


@pytest.mark.parametrize(("name", "parameters"), NOT_FOR)
def test_theorems_are_not_used_for_other_parameters(name: str, parameters: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        cited(name, parameters)


def shape(period: list[list[Any]], head: list[list[str]] | None = None) -> checker.Shape:
    rows = [[{"num": x, "den": y}, sign, *({"num": t, "den": ["1"]} for t in run)] for x, y, sign, *run in period]
    return checker._shape({"head": head or [], "period": rows})


def pcf(a: list[str], b: list[str]) -> checker.Shape:
    return checker._shape({"a": a, "b": b})


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("seidel stern", pcf(["1", "0"], ["1", "0", "0", "0", "0"])),
        ("seidel stern", pcf(["1"], ["1"])),
        ("worpitzky", pcf(["2"], ["-1"])),
        ("worpitzky", pcf(["6", "3"], ["-1", "0", "0"])),
        ("tietze", shape([[["2"], ["1"], "-1"]])),
        ("tietze", shape([[["1", "1", "2"], ["2"], "1"], [["2"], ["1"], "-1"]], [["-5", "-1"]])),
        ("tietze", shape([[["3"], ["1"], "-1"], [["2"], ["1"], "-1", ["1", "0"]]])),
    ],
)
def test_convergence_is_known(name: str, of: checker.Shape) -> None:
    checker._CONVERGENCE[name](of)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("seidel stern", pcf(["1"], ["1", "0", "0", "0"])),
        ("seidel stern", pcf(["1"], ["-1"])),
        ("seidel stern", pcf(["1", "-100"], ["1"])),
        # 1/(n+1)² as a quotient: the sum of the quotients converges, so that the fraction does not.
        ("seidel stern", shape([[["1"], ["1", "2", "1"], "1"]])),
        ("worpitzky", pcf(["1"], ["-1"])),
        ("worpitzky", pcf(["2"], ["-2"])),
        ("worpitzky", pcf(["1", "-100"], ["1"])),
        ("tietze", shape([[["1"], ["1"], "-1"]])),
        ("tietze", shape([[["1", "0"], ["1"], "1"]], [["1", "1"]])),
        ("tietze", shape([[["1", "1"], ["2"], "1"]], [["1", "1"]])),
        ("tietze", shape([[["1"], ["1", "1"], "1"]], [["1", "1"]])),
        ("tietze", shape([[["2"], ["1"], "2"]])),
        ("tietze", shape([[["3"], ["1"], "-1"], [["3"], ["1"], "-1", ["1", "0"]]])),
        ("tietze", shape([[["3"], ["1"], "-1"], [["2"], ["1"], "1", ["1", "0"]]])),
        ("tietze", shape([[["3"], ["1"], "-1"], [["2"], ["1"], "-1", ["1", "-1"]]])),
        ("tietze", shape([[["3"], ["1"], "-1"], [["2"], ["1"], "-1", []]])),
        ("tietze", shape([[["1"], ["1"], "1"]], [["1", "1"], ["0", "1"]])),
    ],
)
def test_convergence_is_not_known_of_others(name: str, of: checker.Shape) -> None:
    with pytest.raises(Rejected):
        checker._CONVERGENCE[name](of)


def test_the_list_has_every_theorem() -> None:
    listed = re.findall(r"^### (.+)$", LIST.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted([*checker.THEOREMS, *checker._CONVERGENCE, "zeta(2) = pi^2/6"])
    assert set(THEOREM_NUMBERS) == set(checker.THEOREMS) == set(RANDOM)
