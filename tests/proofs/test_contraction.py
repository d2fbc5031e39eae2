"""Contractions: every k-th convergent, and the fractions that are proved by way of them."""

from __future__ import annotations

import pytest
from flint import fmpq, fmpq_poly, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.polynomials import parse_polynomial
from constants_lab.proofs import checker
from constants_lab.proofs.coboundaries import folded, product, step_matrix
from constants_lab.proofs.contraction import contraction
from constants_lab.proofs.prover import _by_contraction, prove
from constants_lab.proofs.steps import certificate

PROVED = [
    ("2", "n^2", "2/(4 - pi)"),
    ("1", "n^2 + 3*n + 2", "(2*pi - 4)/(4 - pi)"),
    ("2", "n^2 + 2*n + 1", "(4 - pi)/(2*pi - 6)"),
    ("1", "n^2 + n", "2/(pi - 2)"),
    ("3", "n^2 + n", "2/(10 - 3*pi)"),
    ("2", "n^2 + 2*n", "4/(3*pi - 8)"),
    ("4", "n^2", "6/(3*pi - 8)"),
    ("1", "n^2 + 3*n", "12/(3*pi - 4)"),
]


def proof(a: str, b: str, claim: Identity) -> str | None:
    matrix = [[int(k) for k in row] for row in claim.matrix]
    return prove(parse_polynomial(a), parse_polynomial(b), claim.constant, matrix)


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED, ids=str)
def test_fractions_of_constant_a_are_proved(a: str, b: str, lhs: str) -> None:
    text = proof(a, b, Identity.parse(lhs))
    assert text is not None
    assert {"seidel stern", "gauss fraction"} & set(checker.check(text).theorems)


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED, ids=str)
def test_they_are_also_proved_by_contraction(a: str, b: str, lhs: str) -> None:
    p, q, claim = parse_polynomial(a), parse_polynomial(b), Identity.parse(lhs)
    matrix = [[int(k) for k in row] for row in claim.matrix]
    texts = (certificate(PCF(p, q), claim.constant, matrix, steps) for steps in _by_contraction(p, q))
    assert "seidel stern" in next(filter(None, map(_theorems, texts)))


def _theorems(text: str) -> tuple[str, ...]:
    try:
        return checker.check(text).theorems
    except checker.Rejected:
        return ()


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED[::3], ids=str)
def test_false_claims_are_not_proved(a: str, b: str, lhs: str) -> None:
    (p, q), (r, s) = Identity.parse(lhs).matrix
    constant = Identity.parse(lhs).constant
    assert proof(a, b, Identity(constant, [[p + r, q + s], [r, s]])) is None
    assert proof(a, b, Identity(constant, [[p * 10**60 + r, q * 10**60 + s], [r * 10**60, s * 10**60]])) is None
    assert proof(a, b, Identity("zeta(3)", [[p, q], [r, s]])) is None


small = st.integers(-5, 5)


@given(
    st.lists(small, min_size=1, max_size=2),
    st.lists(small, min_size=1, max_size=3),
    st.sampled_from([2, 3]),
)
@settings(max_examples=60, deadline=None)
def test_a_contraction_has_every_kth_convergent(p: list[int], q: list[int], k: int) -> None:
    a, b = fmpz_poly(p), fmpz_poly(q)
    found = contraction(a, b, k)
    if found is None:
        assert folded(step_matrix(fmpq_poly(a), fmpq_poly(b)), k)[2] == 0
        return
    u, v, w, x = (fmpq_poly(entry) for entry in found.u)
    ahead = fmpq_poly([1, 1])
    left = product(folded(step_matrix(fmpq_poly(a), fmpq_poly(b)), k), (u(ahead), v(ahead), w(ahead), x(ahead)))
    right = product((u, v, w, x), step_matrix(fmpq_poly(found.a), fmpq_poly(found.b)))
    top, bottom = found.factor
    assert all(f * bottom == g * top for f, g in zip(left, right, strict=True))
    assert w.is_zero()
    if not a.is_zero() and not found.a.is_zero() and all(b(n) != 0 for n in range(1, 40)):
        _agree(PCF(a, b), PCF(found.a, found.b), k, [entry(0) for entry in (u, v, w, x)])


def _agree(whole: PCF, part: PCF, k: int, at: list[fmpq]) -> None:
    """The convergents of numbers k - 1, 2k - 1, ... are the images of those of the contraction."""
    u, v, w, x = at
    if x == 0:
        return
    for n in range(5):
        try:
            inner, outer = part.convergent(n), whole.convergent(k * (n + 1) - 1)
        except (ArithmeticError, ValueError):
            continue
        if w * inner + x != 0:
            assert (u * inner + v) / (w * inner + x) == outer


def test_the_denominator_may_vanish() -> None:
    assert contraction(fmpz_poly([]), fmpz_poly([1]), 2) is None
