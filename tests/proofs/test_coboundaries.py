"""Coboundaries: the matrix found satisfies its identity, between rows of matrix fields and between a fraction and its tail."""

from __future__ import annotations

import pytest
from flint import fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.polynomials import shift
from constants_lab.proofs.coboundaries import Coboundary, coboundaries

X = fmpz_poly([0, 1])
Pair = tuple[fmpz_poly, fmpz_poly]


def holds(found: Coboundary, first: Pair, second: Pair) -> bool:
    """M(n) U(n+1) = λ(n) U(n) N(n), and det U is not zero."""
    (a, b), (c, d) = first, second
    u11, u12, u21, u22 = found.u
    top, bottom = found.factor
    v11, v12, v21, v22 = (shift(p, 1) for p in found.u)
    left = [b * v21, b * v22, v11 + a * v21, v12 + a * v22]
    right = [u12, d * u11 + c * u12, u22, d * u21 + c * u22]
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
    first, second = field_row(name, y), field_row(name, y + 1)
    for one, other in ((first, second), (second, first)):
        found = next(coboundaries(*one, *other))
        assert holds(found, one, other)


POLYNOMIALS = st.lists(st.integers(-5, 5), min_size=1, max_size=4).map(fmpz_poly).filter(lambda p: p != 0)


@settings(deadline=None)
@given(POLYNOMIALS, POLYNOMIALS)
def test_a_fraction_and_its_tail(a: fmpz_poly, b: fmpz_poly) -> None:
    # U = M(n) leads to the tail, with λ = 1; its adjugate leads back, with λ = b(n+1)/b(n).
    whole, tail = (a, b), (shift(a, 1), shift(b, 1))
    for one, other in ((whole, tail), (tail, whole)):
        found = list(coboundaries(*one, *other))
        assert found
        assert all(holds(x, one, other) for x in found)


def test_unrelated_fractions_have_none() -> None:
    assert not list(coboundaries(2 * X + 1, X * X, 34 * X**3 + 51 * X**2 + 27 * X + 5, -(X**6)))
