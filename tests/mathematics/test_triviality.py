"""Inflations and apparent singularities: what is built to have them is seen, and what is seen is there."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
from flint import fmpq, fmpq_poly, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.canonical import canonical_form
from constants_lab.pcf import PCF
from constants_lab.polynomials import integer_roots, parse_polynomial, shift
from constants_lab.reduction import PRIMES, is_nilpotent, says_something
from constants_lab.triviality import apparent_factors, is_inflated, is_void

DATA = Path(__file__).parents[1] / "data"
FORMULAS = [
    PCF(case["a"], case["b"])
    for name in ("known_pcf.json", "dynamics.json")
    for case in json.loads((DATA / name).read_text())["cases"]
    if case["constant"] not in ("none", "rational")
]
APERY = PCF("(2*n + 1)*(17*n^2 + 17*n + 5)", "-n^6")

NONZERO = st.integers(-6, 6).filter(bool)
POLYNOMIALS = st.builds(lambda lead, rest: fmpz_poly([*rest, lead]), NONZERO, st.lists(st.integers(-6, 6), max_size=3))
FACTORS = st.builds(
    lambda lead, rest: fmpz_poly([*rest, lead]), NONZERO, st.lists(st.integers(-6, 6), min_size=1, max_size=2)
)
INFLATIONS = FACTORS.filter(lambda c: all(root < 0 for root, _ in integer_roots(c)))
"""Polynomials without zeros at n >= 0, of degree 1 or 2; some have no rational root."""


# Inflations


@settings(deadline=None)
@given(POLYNOMIALS, POLYNOMIALS, INFLATIONS)
def test_what_is_inflated_is_seen(a: fmpz_poly, b: fmpz_poly, c: fmpz_poly) -> None:
    assert is_inflated(c * a, c * shift(c, -1) * b)


@settings(deadline=None)
@given(POLYNOMIALS, POLYNOMIALS, INFLATIONS, NONZERO)
def test_canonical_forms_are_not_inflated_nor_are_their_multiples(
    a: fmpz_poly, b: fmpz_poly, c: fmpz_poly, u: int
) -> None:
    form = canonical_form(c * a, c * shift(c, -1) * b)
    assert not is_inflated(form.a, form.b)
    assert not is_inflated(u * form.a, u * u * form.b)


@settings(deadline=None)
@given(POLYNOMIALS, POLYNOMIALS)
def test_what_is_called_inflated_has_such_a_factor(a: fmpz_poly, b: fmpz_poly) -> None:
    """b(n) and a(n) a(n-1) have a factor in common, or the degrees could not fall."""
    if is_inflated(a, b):
        assert b.gcd(a * shift(a, -1)).degree() > 0


def test_zeros_that_the_fraction_has_are_no_inflation() -> None:
    """a(3) = 0 and b(3) = b(4) = 0: no factor may be taken out that vanishes at some n >= 0."""
    a, b = parse_polynomial("(n - 3)*(n + 7)"), parse_polynomial("(n - 3)*(n - 4)*(n^2 + 1)")
    assert not is_inflated(a, b)
    assert is_inflated(shift(a, 4), shift(b, 4))


# Apparent singularities


ZERO = [[0, 0], [0, 0]]


def matrix_product(a: fmpz_poly, b: fmpz_poly, r: int, s: int) -> list[list[int]]:
    """M(r) M(r+1) ... M(s) at integers."""
    product = [[1, 0], [0, 1]]
    for n in range(r, s + 1):
        over, under = int(b(n)), int(a(n))
        product = [[y, x * over + y * under] for x, y in product]
    return product


def vanishes_somewhere(a: fmpz_poly, b: fmpz_poly) -> bool:
    """Whether the product of M between two different integer roots of b is 0."""
    roots = sorted({root for root, _ in integer_roots(b)})
    return any(matrix_product(a, b, r, s) == ZERO for r, s in combinations(roots, 2))


SPLIT = st.lists(st.integers(-4, 1), min_size=2, max_size=5, unique=True)
"""Integer roots."""


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=3).filter(any), SPLIT, st.integers(-3, 3).filter(bool))
def test_apparent_singularities_are_what_the_definition_says(rest: list[int], roots: list[int], lead: int) -> None:
    a, b = fmpz_poly(rest), fmpz_poly([lead])
    for root in roots:
        b *= fmpz_poly([-root, 1])
    found = apparent_factors(a, b)
    assert bool(found) == vanishes_somewhere(a, b)
    firsts = [-int(factor[0]) for factor in found]
    assert all(any(matrix_product(a, b, r, s) == ZERO for s in roots if s > r) for r in firsts)
    assert len(set(firsts)) == len(firsts) <= len(roots) // 2
    assert is_void(a, b) == (bool(found) and len(roots) - 2 * len(found) <= 2)


@st.composite
def apparent_pairs(draw: st.DrawFn) -> tuple[fmpz_poly, fmpz_poly, int, int]:
    """a, b and r, k with M(r) ... M(r+k) = 0: the values of b between are chosen, the last so that the product vanishes."""
    r, k = draw(st.integers(-9, 3)), draw(st.integers(2, 5))
    a = draw(POLYNOMIALS)
    values = {r: fmpq(0), r + k: fmpq(0)}
    x, y = fmpq(1), fmpq(a(r))
    for j in range(1, k - 1):
        values[r + j] = fmpq(draw(st.integers(-9, 9)))
        x, y = y, x * values[r + j] + y * a(r + j)
    assume(x != 0)
    values[r + k - 1] = -y * a(r + k - 1) / x
    # Lagrange's interpolation, and something that vanishes at all these points.
    points = sorted(values)
    b, through = fmpq_poly([0]), fmpq_poly([1])
    for n in points:
        term = fmpq_poly([values[n]])
        for m in points:
            if m != n:
                term *= fmpq_poly([fmpq(-m, n - m), fmpq(1, n - m)])
        b += term
        through *= fmpq_poly([-n, 1])
    b += through * draw(st.sampled_from([fmpq_poly([0]), fmpq_poly([1]), fmpq_poly([-2, 3])]))
    assume(b.degree() >= 0)
    u = b.denom()
    return u * a, (u * u * b).numer(), r, k


@settings(deadline=None)
@given(apparent_pairs())
def test_they_are_seen_and_make_the_test_of_nilpotence_pass(
    pair: tuple[fmpz_poly, fmpz_poly, int, int],
) -> None:
    a, b, r, k = pair
    assert matrix_product(a, b, r, r + k) == ZERO
    found = apparent_factors(a, b)
    assert found
    assert is_void(a, b) == (b.degree() - 2 * sum(factor.degree() for factor in found) <= 2)
    assert all(is_nilpotent(a, b, p) for p in PRIMES if says_something(a, b, p))


QUADRATICS = st.tuples(st.integers(-5, 5), st.integers(-5, 5)).map(lambda pair: fmpz_poly([*pair, 1]))


@settings(deadline=None)
@given(QUADRATICS, st.lists(st.integers(-4, 4), min_size=1, max_size=3).filter(any), st.integers(-3, 3))
def test_they_are_seen_at_algebraic_roots(f: fmpz_poly, rest: list[int], more: int) -> None:
    """b = f(n) f(n-2) q(n) with b(r+1) = -a(r) a(r+1) at each root r of f, so that M(r) M(r+1) M(r+2) = 0."""
    a = fmpz_poly(rest)
    assume(f.gcd(shift(f, -1)).degree() == 0)
    assume(f.gcd(shift(f, -2)).degree() == 0)
    middle = fmpq_poly(shift(f, -1))
    outer = fmpq_poly(f) * fmpq_poly(shift(f, -2))
    one, inverse, _ = outer.xgcd(middle)
    assume(one == fmpq_poly([1]))
    q = -fmpq_poly(a) * fmpq_poly(shift(a, -1)) * inverse % middle + more * middle
    b = outer * q
    assume(b.degree() >= 0)
    u = b.denom()
    found = apparent_factors(u * a, (u * u * b).numer())
    assert found
    # Apparent singularities do not depend on where the fraction begins.
    assert len(apparent_factors(shift(u * a, 5), shift((u * u * b).numer(), 5))) == len(found)


def test_the_example_of_an_algebraic_cause() -> None:
    assert is_void(parse_polynomial("n^2 - 4*n - 4"), parse_polynomial("n*(n + 2)*(3*n^2 - 3*n + 2)"))
    # Its factors are at n = -2 and n = 0; moved, the roots stay as far apart.
    a, b = parse_polynomial("n^2 - 4*n - 4"), parse_polynomial("n*(n + 2)*(3*n^2 - 3*n + 2)")
    assert is_void(shift(a, 7), shift(b, 7))
    assert not is_void(a + 1, b)
    assert apparent_factors(a + 1, b) == []


@pytest.mark.parametrize("pcf", [*FORMULAS, APERY], ids=str)
def test_formulas_of_constants_are_neither(pcf: PCF) -> None:
    form = pcf.canonical()
    assert apparent_factors(form.a, form.b) == []
    assert not is_void(form.a, form.b)
    assert not is_inflated(form.a, form.b)
