"""Coboundaries: the matrix found satisfies its identity, between rows of matrix fields and between a fraction and its tail."""

from __future__ import annotations

import pytest
from flint import fmpq_poly, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.polynomials import parse_polynomial, shift
from constants_lab.proofs import checker
from constants_lab.proofs.base_fractions import base_fractions, carried
from constants_lab.proofs.coboundaries import Coboundary, Quad, coboundaries, folded, product, step_matrix
from constants_lab.proofs.prover import prove

X = fmpz_poly([0, 1])
Pair = tuple[fmpz_poly, fmpz_poly]


def step(pair: Pair) -> Quad:
    return step_matrix(fmpq_poly(pair[0]), fmpq_poly(pair[1]))


def holds(found: Coboundary, target: Quad, source: Quad) -> bool:
    """T(n) U(n+1) = λ(n) U(n) N(n), and det U is not zero."""
    u11, u12, u21, u22 = (fmpq_poly(p) for p in found.u)
    v11, v12, v21, v22 = (fmpq_poly(shift(p, 1)) for p in found.u)
    top, bottom = found.factor
    left, right = product(target, (v11, v12, v21, v22)), product((u11, u12, u21, u22), source)
    return u11 * u22 != u12 * u21 and all(x * bottom == y * top for x, y in zip(left, right, strict=True))


def field_row(name: str, y: int) -> Pair:
    """a = f(x, y) - fbar(x+1, y) and b of a conservative matrix field."""
    x, after = X, X + 1
    match name:
        case "log(2)":
            return 2 * (x + y) - (y - after), -2 * x * x
        case "zeta(2)":
            return 2 * x * x + 2 * x * y + y * y + (2 * after * after - 2 * after * y + y * y), -4 * x**4
        case _:
            conjugate = (y - after) * (after * after - after * y + y * y)
            return (x + y) * (x * x + x * y + y * y) - conjugate, -(x**6)


@pytest.mark.parametrize("name", ["log(2)", "zeta(2)", "zeta(3)"])
@pytest.mark.parametrize("y", [1, 2, 5])
def test_rows_of_a_matrix_field(name: str, y: int) -> None:
    first, second = step(field_row(name, y)), step(field_row(name, y + 1))
    for one, other in ((first, second), (second, first)):
        found = next(coboundaries(one, other))
        assert holds(found, one, other)


POLYNOMIALS = st.lists(st.integers(-5, 5), min_size=1, max_size=4).map(fmpz_poly).filter(lambda p: p != 0)


@settings(deadline=None)
@given(POLYNOMIALS, POLYNOMIALS)
def test_a_fraction_and_its_tail(a: fmpz_poly, b: fmpz_poly) -> None:
    # U = T(n) leads to the tail, with λ = 1; its adjugate leads back, with λ the quotient of the determinants.
    whole, tail = step((a, b)), step((shift(a, 1), shift(b, 1)))
    for one, other in ((whole, tail), (tail, whole)):
        found = list(coboundaries(one, other))
        assert found
        assert all(holds(x, one, other) for x in found)


def test_folded_fractions() -> None:
    one, other = (folded(step(field_row("zeta(2)", y)), 2) for y in (1, 2))
    assert holds(next(coboundaries(one, other)), one, other)


def test_unrelated_fractions_have_none() -> None:
    apery = 34 * X**3 + 51 * X**2 + 27 * X + 5, -(X**6)
    assert not list(coboundaries(step((2 * X + 1, X * X)), step(apery)))
    assert not list(coboundaries(step(field_row("zeta(3)", 1)), step(apery)))


@pytest.mark.parametrize(
    ("a", "b", "base"),
    [
        ("n + 2", "n^2 + 3*n", ("1", "1")),
        ("2*n + 6", "n^2 + 5*n + 4", ("2", "1")),
        ("4*n + 2", "4*n^2 - 9", ("4", "4")),
        ("4*n + 12", "-2*n^2 - 10*n", ("4", "-2")),
        ("12*n + 6", "-4*n^2 + 9", ("12", "-4")),
    ],
)
def test_half_of_the_factors(a: str, b: str, base: tuple[str, str]) -> None:
    # det T/det N has two factors that are shifts of each other, and λ one of them.
    one = step((parse_polynomial(a), parse_polynomial(b)))
    other = step((parse_polynomial(base[0]), parse_polynomial(base[1])))
    for target, source in ((one, other), (other, one)):
        found = list(coboundaries(target, source))
        assert found
        assert all(holds(x, target, source) for x in found)


def rational(u: Quad) -> bool:
    return u[0] * u[3] != u[1] * u[2]


ENTRIES = st.lists(st.integers(-3, 3), min_size=1, max_size=2).map(fmpq_poly)
FACTORS = st.lists(st.integers(-4, 4), max_size=2)


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(ENTRIES, ENTRIES, ENTRIES, ENTRIES).filter(rational),
    st.lists(st.integers(-3, 3), min_size=2, max_size=2).map(fmpq_poly).filter(lambda p: p != 0),
    FACTORS,
)
def test_every_matrix_and_factor_is_found(u: Quad, a: fmpq_poly, roots: list[int]) -> None:
    # T = λ U(m) N(m) adj U(m+1) / det U(m+1), times the denominator, is related to N whatever U and λ are.
    source = step_matrix(a, fmpq_poly([0, 1]))
    w, x, y, z = (p(fmpq_poly([1, 1])) for p in u)
    factor = fmpq_poly([1])
    for root in roots:
        factor *= fmpq_poly([-root, 1])
    target = product(product(u, source), (z * factor, -x * factor, -y * factor, w * factor))
    # Of U only what it is up to a rational factor can be asked for, which may be one of high degree.
    found = list(coboundaries(target, source, 14))
    assert found
    assert all(holds(x, target, source) for x in found)
    for how in found:
        common = how.u[0].gcd(how.u[1]).gcd(how.u[2]).gcd(how.u[3])
        assert common == 1


def test_an_odd_number_of_factors_has_none() -> None:
    assert not list(coboundaries(step((X + 2, X)), step((fmpz_poly([1]), fmpz_poly([1])))))
    assert not list(coboundaries(step((X + 2, 2 * X * X)), step((X + 2, X * X))))


@pytest.mark.parametrize(
    ("a", "b", "constant", "matrix"),
    [
        ("n + 2", "n^2 + 3*n", "phi", [[-6, 0], [1, -5]]),
        ("2*n + 3", "4*n^2 + 8*n - 5", "phi", [[-10, -5], [1, -7]]),
        ("8*n + 12", "4*n^2 + 8*n - 5", "phi", [[-10, -15], [4, -9]]),
        ("4*n + 12", "-2*n^2 - 10*n - 8", "sqrt(2)", [[0, -8], [3, -5]]),
        ("12*n - 6", "-4*n^2 + 8*n + 5", "sqrt(2)", [[3, 3], [1, -3]]),
    ],
)
def test_fractions_related_to_periodic_ones_are_proved(a: str, b: str, constant: str, matrix: list[list[int]]) -> None:
    text = prove(parse_polynomial(a), parse_polynomial(b), constant, matrix)
    assert text is not None
    checker.check(text)
    matrix[0][1] += 1
    assert prove(parse_polynomial(a), parse_polynomial(b), constant, matrix) is None


@pytest.mark.parametrize(
    ("a", "b", "index"),
    [("(n+1)*(3*n+1)", "n*(n+1)", "1/3"), ("(2*n+1)*(4*n+3)", "4*n^2 - 1", "3/4"), ("3*n + 2", "1", "2/3")],
)
def test_the_index_of_a_related_bessel_fraction(a: str, b: str, index: str) -> None:
    cited = next(base_fractions(parse_polynomial(a), parse_polynomial(b)))
    assert cited["c"] == index
    assert next(carried(cited, parse_polynomial(a), parse_polynomial(b)), None) is not None
