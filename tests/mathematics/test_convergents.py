"""Convergents by product tree against the plain recurrence with Python's integers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.convergents import convergent_pair, convergent_pairs, matrix_product, step_matrix
from constants_lab.errors import InputError
from constants_lab.polynomials import make_polynomial

LISTS = st.lists(st.one_of(st.integers(-5, 5), st.integers(-(10**25), 10**25)), min_size=1, max_size=4)


def naive(a: list[int], b: list[int], last: int) -> list[tuple[int, int]]:
    """All (p_n, q_n) up to ``last`` by p_n = a(n) p_(n-1) + b(n) p_(n-2)."""

    def at(row: list[int], n: int) -> int:
        return sum(c * n ** (len(row) - 1 - i) for i, c in enumerate(row))

    pairs = [(1, 0), (at(a, 0), 1)]
    for n in range(1, last + 1):
        (p0, q0), (p1, q1) = pairs[-2:]
        pairs.append((at(a, n) * p1 + at(b, n) * p0, at(a, n) * q1 + at(b, n) * q0))
    return pairs[1:]


@settings(max_examples=60)
@given(LISTS, LISTS, st.integers(0, 130))
def test_against_the_recurrence(a: list[int], b: list[int], n: int) -> None:
    p, q = convergent_pair(make_polynomial(a), make_polynomial(b), n)
    assert (int(p), int(q)) == naive(a, b, n)[n]


@settings(max_examples=40)
@given(LISTS, LISTS, st.sets(st.integers(0, 150), min_size=1, max_size=6))
def test_many_depths_at_once(a: list[int], b: list[int], depths: set[int]) -> None:
    expected = naive(a, b, max(depths))
    found = list(convergent_pairs(make_polynomial(a), make_polynomial(b), sorted(depths)))
    assert [(n, int(p), int(q)) for n, p, q in found] == [(n, *expected[n]) for n in sorted(depths)]


@settings(max_examples=40)
@given(LISTS, LISTS, st.integers(-5, 40), st.integers(0, 60), st.integers(0, 60))
def test_products_compose(a: list[int], b: list[int], start: int, first: int, second: int) -> None:
    pa, pb = make_polynomial(a), make_polynomial(b)
    w, x, y, z = matrix_product(pa, pb, start, start + first)
    s, t, u, v = matrix_product(pa, pb, start + first, start + first + second)
    whole = matrix_product(pa, pb, start, start + first + second)
    assert whole == (w * s + x * u, w * t + x * v, y * s + z * u, y * t + z * v)
    # det M(n) = -b(n)
    expected = math.prod(-int(pb(n)) for n in range(start, start + first))
    assert w * z - x * y == expected


def test_a_single_step_and_none() -> None:
    a, b = make_polynomial("3n+1"), make_polynomial("-n^2")
    assert [int(x) for x in step_matrix(a, b, 4)] == [0, -16, 1, 13]
    assert step_matrix(a, b, 4) == matrix_product(a, b, 4, 5)
    assert [int(x) for x in matrix_product(a, b, 7, 7)] == [1, 0, 0, 1]
    assert matrix_product(a, b, 7, 7) == matrix_product(a, b, 7, 3)


def test_negative_and_unordered_depths() -> None:
    a, b = make_polynomial("n+1"), make_polynomial("n")
    with pytest.raises(InputError, match="not -1"):
        convergent_pair(a, b, -1)
    for depths in ([3, 3], [4, 2], [-1, 2]):
        with pytest.raises(InputError, match="increasing"):
            list(convergent_pairs(a, b, depths))
