"""Integer polynomials: text there and back, exact values, shifts and roots."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from constants_lab.errors import InputError
from constants_lab.polynomials import (
    coefficients,
    evaluate_rational,
    first_positive_integer_root,
    format_polynomial,
    integer_roots,
    latex_polynomial,
    make_polynomial,
    parse_polynomial,
    shift,
    shift_distance,
)

# Beyond 64 bits on purpose.
INTEGERS = st.one_of(st.integers(-9, 9), st.integers(-(10**30), 10**30))
LISTS = st.lists(INTEGERS, min_size=1, max_size=7)


def horner(ascending_last: list[int], n: int) -> int:
    value = 0
    for c in ascending_last:
        value = value * n + c
    return value


@given(LISTS, st.integers(-50, 50))
def test_a_list_is_read_highest_degree_first(row: list[int], n: int) -> None:
    assert int(make_polynomial(row)(n)) == horner(row, n)


@given(LISTS)
def test_text_is_read_back(row: list[int]) -> None:
    p = make_polynomial(row)
    assert parse_polynomial(format_polynomial(p)) == p
    assert make_polynomial(format_polynomial(p, "m"), "m") == p
    assert make_polynomial(list(coefficients(p))) == p


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n^3+(n+1)^3", (2, 3, 3, 1)),
        ("-n^6", (-1, 0, 0, 0, 0, 0, 0)),
        ("(2n+1)*(17n^2+17n+5)", (34, 51, 27, 5)),
        ("-(n - 1)**2", (-1, 2, -1)),
        ("n*(n+1)/2*2", (1, 1, 0)),
        ("0*n", (0,)),
        ("7", (7,)),
        (str(10**40), (10**40,)),
    ],
)
def test_text_that_users_write(text: str, expected: tuple[int, ...]) -> None:
    assert coefficients(parse_polynomial(text)) == expected


@pytest.mark.parametrize(
    ("row", "text", "latex"),
    [
        ([0], "0", "0"),
        ([-1], "-1", "-1"),
        ([1, 0], "n", "n"),
        ([-1, 0], "-n", "-n"),
        ([-1, 1], "-n + 1", "-n + 1"),
        ([3, 0, -2], "3*n^2 - 2", "3 n^{2} - 2"),
        ([1] + [0] * 10, "n^10", "n^{10}"),
    ],
)
def test_how_it_is_printed(row: list[int], text: str, latex: str) -> None:
    assert format_polynomial(make_polynomial(row)) == text
    assert latex_polynomial(make_polynomial(row)) == latex


@pytest.mark.parametrize(
    "value",
    ["", "x+1", "n^-1", "n^(1/2)", "n/2", "1/n", "n/0", "sin(n)", "1.5*n", "n^201", "9**9**9", "(n+10^900)^200"],
)
def test_text_that_is_no_integer_polynomial(value: str) -> None:
    with pytest.raises(InputError):
        make_polynomial(value)


@pytest.mark.parametrize("value", [[], [1, 2.0], [True, 1], None, 1.5, [None], b"12", {1: 2}, ["1"], [[1]]])
def test_objects_that_are_no_polynomial(value: object) -> None:
    with pytest.raises(InputError, match="polynomial is a text"):
        make_polynomial(value)  # type: ignore[arg-type]


def test_a_flint_polynomial_is_copied() -> None:
    given_by_user = fmpz_poly([1, 2])
    made = make_polynomial(given_by_user)
    given_by_user[0] = 99
    assert coefficients(made) == (2, 1)


@given(LISTS, st.integers(-30, 30), st.integers(-30, 30))
def test_shift(row: list[int], k: int, n: int) -> None:
    p = make_polynomial(row)
    assert shift(p, k)(n) == p(n + k)
    assert shift(shift(p, k), -k) == p


@given(LISTS, st.integers(-30, 30))
def test_shift_distance_is_found(row: list[int], k: int) -> None:
    p = make_polynomial(row)
    expected = k if p.degree() >= 1 else None
    assert shift_distance(shift(p, -k), p) == expected


@pytest.mark.parametrize(
    ("f", "g"), [("2n+1", "2n+2"), ("n^2+1", "n^2+2"), ("n", "2n"), ("n", "n^2"), ("n^2", "n^2+1")]
)
def test_shift_distance_where_there_is_none(f: str, g: str) -> None:
    assert shift_distance(parse_polynomial(f), parse_polynomial(g)) is None


@given(st.lists(st.integers(-12, 12), max_size=4), st.sampled_from(["1", "2n+1", "-3", "n^2+1", "3n-2"]))
def test_integer_roots_are_all_and_only_those(roots: list[int], rest: str) -> None:
    p = parse_polynomial(rest)
    for root in roots:
        p *= fmpz_poly([-root, 1])
    assert integer_roots(p) == sorted((r, roots.count(r)) for r in set(roots))
    assert first_positive_integer_root(p) == min((r for r in roots if r >= 1), default=None)


def test_roots_of_constants() -> None:
    assert integer_roots(fmpz_poly([5])) == []
    assert first_positive_integer_root(fmpz_poly([5])) is None
    assert first_positive_integer_root(fmpz_poly([])) == 1


@given(LISTS, st.fractions(max_denominator=50, min_value=-20, max_value=20))
def test_rational_values(row: list[int], x: Fraction) -> None:
    expected = Fraction(0)
    for c in row:
        expected = expected * x + c
    value = evaluate_rational(make_polynomial(row), fmpq(x.numerator, x.denominator))
    assert (int(value.numer()), int(value.denom())) == (expected.numerator, expected.denominator)
