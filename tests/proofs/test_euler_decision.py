"""The Euler family decided, and proved where the series has a known sum."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from math import factorial, prod
from typing import NamedTuple

import pytest
from flint import fmpq_poly, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.curvature import excluding_prime
from constants_lab.euler import euler_form
from constants_lab.expressions import Identity
from constants_lab.polynomials import shift
from constants_lab.proofs import checker
from constants_lab.proofs.prover import prove

NONZERO = st.integers(-4, 4).filter(bool)
LINEAR = st.builds(lambda lead, root: fmpq_poly([-root, lead]), st.sampled_from([1, 1, 1, 2, 3]), st.integers(-6, 6))
FACTOR = st.one_of(LINEAR, st.builds(lambda p, q: fmpq_poly([q, p, 1]), st.integers(-3, 3), st.integers(-5, 5)))


@st.composite
def split(draw: st.DrawFn, most: int = 4) -> fmpq_poly:
    result = fmpq_poly([draw(NONZERO)])
    for factor in draw(st.lists(FACTOR, max_size=most)):
        result *= factor
    return result


def moved(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


@st.composite
def members(draw: st.DrawFn) -> tuple[fmpz_poly, fmpz_poly]:
    """a and b of a form with given h2 and roots of f, which give h1 at these roots: any multiple of f may be added."""
    roots = draw(st.lists(st.integers(-4, 4).map(lambda k: 2 * k), max_size=3, unique=True))
    h2, f = draw(split()), fmpq_poly([1])
    for root in roots:
        f *= fmpq_poly([-root, 1])
    h1 = f * draw(split(3))
    for root in roots:
        others = f // fmpq_poly([-root, 1])
        h1 += others * (-f(root + 1) * h2(root + 1) / f(root - 1) / others(root))
    a, rest = divmod(moved(f, -1) * h1 + moved(f, 1) * moved(h2, 1), f)
    assert rest == 0
    assume(a != 0 and h1 != 0)
    scale = a.denom().lcm((h1 * h2).denom())
    return (a * scale).numer(), (-h1 * h2 * scale * scale).numer()


def polynomials(degree: int) -> st.SearchStrategy[fmpz_poly]:
    return st.lists(st.integers(-5, 5), min_size=1, max_size=degree + 1).map(fmpz_poly).filter(lambda p: p != 0)


@settings(max_examples=150, deadline=None)
@given(members())
def test_members_are_decided_to_be(pair: tuple[fmpz_poly, fmpz_poly]) -> None:
    form = euler_form(*pair)
    assert form is not None
    assert form.check(*pair)
    assert excluding_prime(*pair) is None


@settings(max_examples=150, deadline=None)
@given(polynomials(4), polynomials(8))
def test_others_are_decided_not_to_be(a: fmpz_poly, b: fmpz_poly) -> None:
    assume(excluding_prime(a, b) is not None)
    assert euler_form(a, b) is None


@settings(max_examples=150, deadline=None)
@given(members(), polynomials(2))
def test_members_changed_are_decided_not_to_be(pair: tuple[fmpz_poly, fmpz_poly], change: fmpz_poly) -> None:
    a, b = pair[0] + change, pair[1]
    assume(a != 0 and excluding_prime(a, b) is not None)
    assert euler_form(a, b) is None


class Sum(NamedTuple):
    """A series of terms t(k), k >= 0, with t(k)/t(k-1) = above(k)/below(k), and its sum as (p c + q)/(r c + s)."""

    constant: str
    matrix: tuple[int, int, int, int]
    term: Callable[[int], Fraction]
    above: list[int]
    below: list[int]


# All of them fast enough for the numeric check of a certificate: none with terms of order 1/k.
SUMS = {
    "exponential": Sum("e", (1, 0, 0, 1), lambda k: Fraction(1, factorial(k)), [1], [0, 1]),
    "exponential at -1": Sum("e", (0, 1, 1, 0), lambda k: Fraction((-1) ** k, factorial(k)), [-1], [0, 1]),
    "logarithm": Sum("log(2)", (1, 0, 0, 1), lambda k: Fraction(1, (k + 1) * 2 ** (k + 1)), [0, 1], [2, 2]),
    "arctangent": Sum(
        "pi", (1, 0, 0, 2), lambda k: Fraction(factorial(k), prod(range(1, 2 * k + 2, 2))), [0, 1], [1, 2]
    ),
    "zeta(2)": Sum("zeta(2)", (1, 0, 0, 1), lambda k: Fraction(1, (k + 1) ** 2), [0, 0, 1], [1, 2, 1]),
    "zeta(3)": Sum("zeta(3)", (1, 0, 0, 1), lambda k: Fraction(1, (k + 1) ** 3), [0, 0, 0, 1], [1, 3, 3, 1]),
    "Catalan": Sum("catalan", (1, 0, 0, 1), lambda k: Fraction((-1) ** k, (2 * k + 1) ** 2), [-1, 4, -4], [1, 4, 4]),
}


def continued(series: Sum, start: int, scale: int) -> tuple[fmpz_poly, fmpz_poly, str]:
    """The fraction of Euler's form h1 = above, h2(n+1) = below for the terms from ``start`` on, and its value.

    With T the sum of t(k + start)/t(start) the value is h1(0) + h2(1)/T, here times ``scale``.
    """
    above, below = (shift(fmpz_poly(p), start) for p in (series.above, series.below))
    a, b = (above + below) * scale, -above * shift(below, -1) * scale**2
    p, q, r, s = series.matrix
    # The sum without its first terms, over t(start).
    left = sum((series.term(k) for k in range(start)), Fraction(0))
    x, y = p - left * r, q - left * s
    first, factor = Fraction(int(above(0)) * scale), Fraction(int(below(0)) * scale) * series.term(start)
    top = first * x + factor * r, first * y + factor * s
    whole = 1
    for number in (*top, x, y):
        whole *= number.denominator
    c = series.constant
    return a, b, f"({top[0] * whole}*{c} + ({top[1] * whole}))/({x * whole}*{c} + ({y * whole}))"


@pytest.mark.parametrize("name", SUMS)
@settings(max_examples=8, deadline=None)
@given(start=st.integers(1, 6), scale=st.integers(-3, 3).filter(bool))
def test_members_with_a_known_sum_are_proved(name: str, start: int, scale: int) -> None:
    a, b, value = continued(SUMS[name], start, scale)
    claim = Identity.parse(value)
    matrix = [[int(k) for k in row] for row in claim.matrix]
    text = prove(a, b, claim.constant, matrix)
    assert text is not None
    assert checker.check(text).digits >= 2
    certificate = json.loads(text)
    certificate["claim"]["matrix"] = [[str(x + y) for x, y in zip(*matrix, strict=True)], [str(k) for k in matrix[1]]]
    with pytest.raises(checker.Rejected):
        checker.check(json.dumps(certificate))
