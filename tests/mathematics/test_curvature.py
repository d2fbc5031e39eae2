"""Primes that exclude Euler forms: never for a member, over whatever field, and by the discriminant of the p-curvature."""

from __future__ import annotations

import pytest
from flint import fmpz_poly, nmod_mat
from hypothesis import assume, given
from hypothesis import strategies as st

from constants_lab.curvature import _discriminant, excludes_euler_forms, excluding_prime
from constants_lab.polynomials import parse_polynomial, shift

POLYNOMIALS = st.lists(st.integers(-6, 6), min_size=1, max_size=5).map(fmpz_poly).filter(lambda p: p != 0)
PRIMES = st.sampled_from([3, 5, 7, 11])


@given(POLYNOMIALS, POLYNOMIALS, PRIMES)
def test_the_discriminant_has_the_values_of_the_products_of_numbers(a: fmpz_poly, b: fmpz_poly, p: int) -> None:
    found = _discriminant(a, b, p)
    for start in range(p):
        product = nmod_mat(2, 2, [1, 0, 0, 1], p)
        for n in range(start, start + p):
            product *= nmod_mat(2, 2, [0, int(b(n) % p), 1, int(a(n) % p)], p)
        trace = product[0, 0] + product[1, 1]
        assert found(start) == trace * trace - 4 * product.det()


@given(POLYNOMIALS, POLYNOMIALS)
def test_members_over_q_are_not_excluded(h1: fmpz_poly, h2: fmpz_poly) -> None:
    a = h1 + shift(h2, 1)
    assume(a != 0)
    assert excluding_prime(a, -h1 * h2) is None


@given(POLYNOMIALS, POLYNOMIALS, st.sampled_from([2, 3, 5, -1, -3, 7]))
def test_members_over_quadratic_fields_are_not_excluded(u: fmpz_poly, w: fmpz_poly, c: int) -> None:
    # h1 = w(n) (u(n) - sqrt c), h2 = w(n-1) (u(n) + sqrt c).
    a, b = w * (u + shift(u, 1)), -w * shift(w, -1) * (u * u - c)
    assume(a != 0 and b != 0)
    assert excluding_prime(a, b) is None


@pytest.mark.parametrize(
    ("a", "b", "prime"),
    [("1", "n", 3), ("4n+6", "1", 3), ("2n^3+3n^2+6n+6", "2-n^6", 3), ("34n^3+51n^2+27n+5", "-n^6", None)],
)
def test_outsiders(a: str, b: str, prime: int | None) -> None:
    assert excluding_prime(parse_polynomial(a), parse_polynomial(b)) == prime


def test_a_prime_that_divides_b_says_nothing() -> None:
    assert not excludes_euler_forms(fmpz_poly([1]), fmpz_poly([0, 3]), 3)
