"""Left-hand sides by number: each number once, none left out."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import gcd

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.constants import constant
from constants_lab.errors import InputError
from constants_lab.search.left_hand_sides import LeftHandSides

PI = constant("pi").ball(60)


def all_of(sides: LeftHandSides, c: arb = PI) -> np.ndarray:
    return sides.matrices(0, sides.size, c)[0]


@pytest.mark.parametrize(("lhs", "number"), [(1, 12), (2, 112), (3, 504)])
def test_every_number_up_to_sign_once(lhs: int, number: int) -> None:
    rows = all_of(LeftHandSides(lhs))
    span = range(-lhs, lhs + 1)
    wanted = {
        min(m, tuple(-x for x in m), (-m[0], -m[1], m[2], m[3]), (m[0], m[1], -m[2], -m[3]))
        for m in product(span, repeat=4)
        if m[0] * m[3] != m[1] * m[2] and gcd(*m) == 1
    }
    assert len(rows) == len(wanted) == number
    with mpmath.workdps(40):
        values = {mpmath.nstr((int(a) * mpmath.pi + int(b)) / (int(k) * mpmath.pi + int(d)), 30) for a, b, k, d in rows}
    assert len(values) == number
    assert not any(value.startswith("-") for value in values)


@settings(deadline=None)
@given(st.integers(1, 4), st.data())
def test_pieces_are_the_whole(lhs: int, data: st.DataObject) -> None:
    sides = LeftHandSides(lhs)
    whole, ids = sides.matrices(0, sides.size, PI)
    cut = data.draw(st.integers(0, sides.size))
    first, second = sides.matrices(0, cut, PI), sides.matrices(cut, sides.size, PI)
    assert np.array_equal(np.concatenate([first[0], second[0]]), whole)
    assert np.array_equal(np.concatenate([first[1], second[1]]), ids)


def psi(d: int) -> int:
    """D times the product of 1 + 1/p over the primes p that divide D."""
    value = Fraction(d)
    for p in range(2, d + 1):
        if d % p == 0 and all(p % q for q in range(2, p)):
            value *= 1 + Fraction(1, p)
    return int(value)


def test_classes_of_a_determinant() -> None:
    """psi(D) classes with positive and as many with negative determinant, each once, each positive."""
    det = 30
    rows = all_of(LeftHandSides(1, 1, det))
    by_determinant = {sign: [0] * (det + 1) for sign in (1, -1)}
    classes = set()
    for a, b, k, d in rows.tolist():
        assert k == 0
        assert a * float(PI.mid()) + b > 0
        by_determinant[1 if a > 0 else -1][abs(a) * d] += 1
        classes.add((a, b % d, d))
    for counts in by_determinant.values():
        assert counts[1:] == [psi(d) for d in range(1, det + 1)]
    assert len(classes) == len(rows)


@given(st.tuples(*[st.integers(-6, 6)] * 4).filter(lambda m: m[0] * m[3] != m[1] * m[2] and gcd(*m) == 1))
def test_every_matrix_has_its_class(matrix: tuple[int, int, int, int]) -> None:
    """Row operations of determinant 1 bring a matrix to one of the listed forms."""
    a, b, c, d = matrix
    while c:
        q = a // c
        a, b, c, d = c, d, -(a - q * c), -(b - q * d)
    if d < 0:
        a, b, d = -a, -b, -d
    rows = all_of(LeftHandSides(1, 1, abs(a) * d)).tolist()
    assert (a, b % d, d) in {(x, y % z, z) for x, y, _, z in rows}


def test_signs_are_right_where_rounding_would_not_tell() -> None:
    with ctx.workprec(400):
        near = arb(1) - constant("pi").ball(100) / arb(10) ** 20
    rows = all_of(LeftHandSides(2), near)
    with ctx.workprec(400):
        for a, b, k, d in rows.tolist():
            assert (a * near + b) / (k * near + d) > 0


@pytest.mark.parametrize("size", [10**400, 10**20])
def test_a_constant_of_any_size(size: int) -> None:
    with ctx.workprec(3000):
        c = constant("e").ball(500) * size
        for a, b, k, d in all_of(LeftHandSides(2), c).tolist():
            assert (a * c + b) / (k * c + d) > 0


def test_rational_functions_of_degree_two() -> None:
    sides = LeftHandSides(1, 2)
    forms = [form for form in map(sides.rational_form, range(sides.size)) if form is not None]
    assert len(set(forms)) == len(forms)
    with mpmath.workdps(40):
        values = {
            mpmath.nstr(abs(mpmath.polyval(list(p), mpmath.pi) / mpmath.polyval(list(q), mpmath.pi)), 30)
            for p, q in forms
        }
        assert len(values) == len(forms)
        # (c^2 - 1)/(c + 1) is c - 1, which has a number of its own.
        assert ((1, 0, -1), (0, 1, 1)) not in forms
        assert ((0, 1, -1), (0, 0, 1)) in forms
        every = set()
        for p, q in product(product((-1, 0, 1), repeat=3), repeat=2):
            if any(p[:2]) or any(q[:2]):
                top, bottom = mpmath.polyval(list(p), mpmath.pi), mpmath.polyval(list(q), mpmath.pi)
                if any(q) and any(p):
                    every.add(mpmath.nstr(abs(top / bottom), 30))
    every.discard("1.0")
    assert every == values


def test_classes_are_matrices() -> None:
    with pytest.raises(InputError, match="matrices"):
        LeftHandSides(1, 1, 5).rational_form(0)
