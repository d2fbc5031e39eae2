"""Canonical form and keys: inflations leave them alone, and equal keys mean equal (or equivalent) numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.canonical import canonical_form, class_key, exact_key, ratio
from constants_lab.convergents import convergent_pair, matrix_product
from constants_lab.pcf import PCF
from constants_lab.polynomials import first_positive_integer_root, integer_roots, parse_polynomial, shift

NONZERO = st.integers(-6, 6).filter(bool)
FACTORS = st.builds(lambda lead, rest: fmpz_poly([*rest, lead]), NONZERO, st.lists(st.integers(-6, 6), max_size=2))
POLYNOMIALS = st.lists(FACTORS, min_size=1, max_size=2).map(lambda fs: fs[0] * fs[1] if len(fs) > 1 else fs[0])


def has_root_from(p: fmpz_poly, start: int) -> bool:
    return any(root >= start for root, _ in integer_roots(p))


# c without zeros at n >= 0: products of a constant (any sign) and factors that are free of such roots.
INFLATIONS = POLYNOMIALS.filter(lambda c: not has_root_from(c, 0))


def values(a: fmpz_poly, b: fmpz_poly, last: int) -> list[Fraction | None]:
    """The convergents 0..last, None where undefined."""
    found = []
    for n in range(last + 1):
        p, q = convergent_pair(a, b, n)
        found.append(Fraction(int(p), int(q)) if q != 0 else None)
    return found


def times(scale: fmpq, row: list[Fraction | None]) -> list[Fraction | None]:
    factor = Fraction(int(scale.numer()), int(scale.denom()))
    return [None if x is None else factor * x for x in row]


@given(POLYNOMIALS, POLYNOMIALS)
def test_the_canonical_form_has_the_same_convergents_times_its_scale(a: fmpz_poly, b: fmpz_poly) -> None:
    form = canonical_form(a, b)
    assert form.a.leading_coefficient() > 0
    assert form.scale != 0
    assert values(a, b, 7) == times(form.scale, values(form.a, form.b, 7))


@given(POLYNOMIALS, POLYNOMIALS)
def test_the_canonical_form_is_its_own(a: fmpz_poly, b: fmpz_poly) -> None:
    form = canonical_form(a, b)
    again = canonical_form(form.a, form.b)
    assert (again.a, again.b, again.scale) == (form.a, form.b, fmpq(1))


@given(POLYNOMIALS, POLYNOMIALS, INFLATIONS)
def test_polynomial_inflation(a: fmpz_poly, b: fmpz_poly, c: fmpz_poly) -> None:
    big_a, big_b = c * a, c * shift(c, -1) * b
    small, big = canonical_form(a, b), canonical_form(big_a, big_b)
    assert (big.a, big.b) == (small.a, small.b)
    assert big.scale == small.scale * fmpq(c(0))
    assert class_key(big_a, big_b) == class_key(a, b)
    assert (exact_key(big_a, big_b) == exact_key(a, b)) == (c(0) == 1)


@given(POLYNOMIALS, POLYNOMIALS, INFLATIONS, INFLATIONS)
def test_rational_inflation(a: fmpz_poly, b: fmpz_poly, top: fmpz_poly, bottom: fmpz_poly) -> None:
    """Both are inflations of one pair by top and by bottom, so each is the other times c = top/bottom."""
    one = top * a, top * shift(top, -1) * b
    other = bottom * a, bottom * shift(bottom, -1) * b
    x, y = canonical_form(*one), canonical_form(*other)
    assert (x.a, x.b) == (y.a, y.b)
    assert x.scale * fmpq(bottom(0)) == y.scale * fmpq(top(0))
    assert (exact_key(*one) == exact_key(*other)) == (top(0) == bottom(0))


@given(POLYNOMIALS, POLYNOMIALS)
def test_changing_the_sign(a: fmpz_poly, b: fmpz_poly) -> None:
    assert canonical_form(-a, b)[:2] == canonical_form(a, b)[:2]
    assert canonical_form(-a, b).scale == -canonical_form(a, b).scale
    assert exact_key(-a, b) != exact_key(a, b)
    assert class_key(-a, b) == class_key(a, b)


@given(POLYNOMIALS, POLYNOMIALS, st.integers(1, 6))
def test_tails_keep_the_class(a: fmpz_poly, b: fmpz_poly, k: int) -> None:
    assume(first_positive_integer_root(b) is None)
    assert class_key(shift(a, k), shift(b, k)) == class_key(a, b)


@given(POLYNOMIALS, POLYNOMIALS)
def test_a_finite_fraction_has_no_class(a: fmpz_poly, b: fmpz_poly) -> None:
    assert (class_key(a, b) is None) == (first_positive_integer_root(b) is not None)


@given(POLYNOMIALS, POLYNOMIALS)
def test_rho_is_what_it_says(a: fmpz_poly, b: fmpz_poly) -> None:
    numerator, denominator = ratio(a, b)
    assert numerator.gcd(denominator) == fmpz_poly([1])
    assert denominator.leading_coefficient() > 0
    assert numerator * a * shift(a, -1) == denominator * b


def test_equal_exact_keys_in_a_box_mean_equal_convergents() -> None:
    """Every pair of a small box, a with zeros and b with roots included: no two different fractions share a key."""
    by_key: dict[str, list[Fraction | None]] = {}
    for a1, a0, b2, b1, b0 in product(range(-2, 3), range(-2, 3), range(-1, 2), range(-2, 3), range(-2, 3)):
        a, b = fmpz_poly([a0, a1]), fmpz_poly([b0, b1, b2])
        if a.is_zero() or b.is_zero():
            continue
        row = values(a, b, 6)
        assert by_key.setdefault(exact_key(a, b), row) == row


def test_equal_class_keys_in_a_box_mean_equal_tails() -> None:
    """Members of a class have, after some shift, tails with the same convergents up to one rational factor."""
    by_key: dict[str, tuple[fmpz_poly, fmpz_poly]] = {}
    compared = 0
    for a1, a0, b2, b1, b0 in product(range(-2, 3), range(-3, 4), range(-1, 2), range(-3, 4), range(-3, 4)):
        a, b = fmpz_poly([a0, a1]), fmpz_poly([b0, b1, b2])
        if a.is_zero() or b.is_zero() or first_positive_integer_root(b) is not None:
            continue
        key = class_key(a, b)
        assert key is not None
        if key not in by_key:
            by_key[key] = a, b
            continue
        other = by_key[key]
        start = 12
        row = normalised(a, b, start)
        assert any(row == normalised(*other, start + k) for k in range(-8, 9))
        compared += 1
    assert compared > 500


def normalised(a: fmpz_poly, b: fmpz_poly, start: int) -> list[Fraction | None]:
    """Convergents of the tail from ``start`` on, divided by a(start)."""
    a, b = shift(a, start), shift(b, start)
    return times(fmpq(1, a(0)), values(a, b, 4))


def test_zeros_of_a_are_kept_apart() -> None:
    """PCF(n, 1) and PCF(2n, 4) share rho and a(0) = 0 but differ by the factor 2."""
    one, two = PCF("n", "1"), PCF("2n", "4")
    assert ratio(one.a, one.b) == ratio(two.a, two.b)
    assert one.canonical() == two.canonical()
    assert one.key != two.key
    assert (one.scale, two.scale) == (fmpq(1), fmpq(2))
    assert two.convergent(9) == 2 * one.convergent(9)
    assert one.class_key == two.class_key


def test_a_zero_that_an_equivalence_cannot_move_stays() -> None:
    # c(n) = n - 3 vanishes at n = 3: the two fractions are different numbers.
    plain, touched = PCF("2n+1", "n^2"), PCF("(n-3)*(2n+1)", "(n-3)*(n-4)*n^2")
    assert plain.key != touched.key
    assert touched.canonical().a(3) == 0


def test_finite_fractions_share_a_key_only_when_equal() -> None:
    # b(2) = 0 ends both at n = 1, and a(0) tells them apart although rho is the same.
    one, two = PCF("n+1", "n-2"), PCF("2n+2", "4n-8")
    assert one.canonical() == two.canonical()
    assert one.key != two.key
    assert two.value(20) == 2 * one.value(20)


@pytest.mark.parametrize(
    ("a", "b", "canonical_a", "canonical_b"),
    [
        ("(n+2)*(2n+1)*(-3)", "9*(n+2)*(n+1)*n^2", "2n+1", "n^2"),
        ("4n+2", "4n^2", "2n+1", "n^2"),
        ("12n+6", "4", "6n+3", "1"),
        ("6", "12", "3", "3"),
        ("n^2+3n+2", "(n+1)^3*n", "n+2", "(n+1)^2"),
        ("-5", "25n", "1", "n"),
    ],
)
def test_examples(a: str, b: str, canonical_a: str, canonical_b: str) -> None:
    form = PCF(a, b).canonical()
    assert (form.a, form.b) == (parse_polynomial(canonical_a), parse_polynomial(canonical_b))


def test_huge_coefficients() -> None:
    c = 10**60 + 7
    big = canonical_form(parse_polynomial("2n+1") * c, parse_polynomial("n^2") * (c * c))
    assert (big.a, big.b, big.scale) == (parse_polynomial("2n+1"), parse_polynomial("n^2"), fmpq(c))


@settings(max_examples=25)
@given(POLYNOMIALS, POLYNOMIALS)
def test_a_head_is_a_moebius_map_with_nonzero_determinant(a: fmpz_poly, b: fmpz_poly) -> None:
    assume(first_positive_integer_root(b) is None)
    w, x, y, z = matrix_product(a, b, 1, 12)
    assert w * z - x * y != 0


@pytest.mark.parametrize(("a", "b"), [("n+1", "n"), ("n+3", "2n+4"), ("n+2", "n+1"), ("2n+1", "2n^2+n"), ("n+3", "-n")])
def test_a_fraction_that_is_small_already_stays(a: str, b: str) -> None:
    """Of the forms of least degree the one with the smallest numbers, not a shifted one."""
    assert PCF(a, b).canonical() == PCF(a, b)
