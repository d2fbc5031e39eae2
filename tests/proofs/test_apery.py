"""Sums of hypergeometric terms: recurrences, their certificates and the fractions proved by them."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from functools import cache

import pytest
from flint import arb, ctx, fmpq_poly, fmpz_mpoly
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.expressions import Identity
from constants_lab.polynomials import parse_polynomial
from constants_lab.proofs import checker
from constants_lab.proofs.apery import FAMILIES, Family
from constants_lab.proofs.creative import RING, Hypergeometric, Telescoper, invariant, telescoper
from constants_lab.proofs.prover import prove
from tests.proofs.conftest import proof

PROVED = [
    ("34*n^3 + 51*n^2 + 27*n + 5", "-n^6", "6/zeta(3)"),
    ("11*n^2 + 11*n + 3", "n^4", "5/zeta(2)"),
    ("7*n^2 + 7*n + 2", "8*n^4", "4/zeta(2)"),
    ("3*n^2 + 3*n + 1", "-2*n^4", "1/(2*catalan)"),
    ("3*n^2 + 7*n + 3", "-2*n^4 - 4*n^3", "2/(2*catalan - 1)"),
    ("10*n^3 + 15*n^2 + 9*n + 2", "-16*n^6", "12/(7*zeta(3))"),
    ("4*n^3 + 6*n^2 + 12*n + 5", "-4*n^6", "2/(7*zeta(3) - 8)"),
    ("3*n^2 + 9*n + 7", "-2*n^4 - 6*n^3 - 6*n^2 - 2*n", "1/(2 - 2*catalan)"),
    ("3*n^2 + 11*n + 5", "-2*n^4 - 10*n^3 - 8*n^2", "16/(6*catalan - 1)"),
    ("6*n^3 + 9*n^2 + 5*n + 1", "-n^6", "8/(7*zeta(3))"),
    ("26*n^3 + 39*n^2 + 21*n + 4", "27*n^6 - 3*n^4", "42/pi^2"),
    (
        "3520*n^6 + 5632*n^5 + 2064*n^4 - 384*n^3 - 156*n^2 + 16*n + 7",
        "102400*n^12 - 286720*n^11 + 139264*n^10 + 260096*n^9 - 279040*n^8 + 7680*n^7 + 94720*n^6 - 43392*n^5 + 6032*n^4",
        "13/(2*catalan)",
    ),
    ("3*n^2 + 3*n + 1", "-2*n^4 - 2*n^3", "2/(2*catalan - 1)"),
    ("3*n^2 + 3*n + 1", "-2*n^4 - 4*n^3", "24/(18*catalan - 11)"),
]


@cache
@pytest.mark.parametrize(("a", "b", "lhs"), PROVED, ids=lambda text: str(text))
def test_fractions_from_sums_are_proved(a: str, b: str, lhs: str) -> None:
    text = proof(a, b, lhs)
    assert text is not None
    assert any(step["rule"] == "recurrence" for step in json.loads(text)["steps"])
    assert checker.check(text).digits >= 10


def test_tails_and_multiples_are_proved_too() -> None:
    assert proof(
        "34*n^3 + 153*n^2 + 231*n + 117", "-n^6 - 6*n^5 - 15*n^4 - 20*n^3 - 15*n^2 - 6*n - 1", "zeta(3)/(5*zeta(3) - 6)"
    )
    assert proof("22*n^2 + 22*n + 6", "4*n^4", "10/zeta(2)")


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED[1:6:4], ids=lambda text: str(text))
def test_another_value_is_not_proved(a: str, b: str, lhs: str) -> None:
    claim = Identity.parse(lhs)
    matrix = [[int(k) for k in row] for row in claim.matrix]
    matrix[0][0] += matrix[1][0]
    matrix[0][1] += matrix[1][1]
    assert prove(parse_polynomial(a), parse_polynomial(b), claim.constant, matrix) is None


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED[3:6], ids=lambda text: str(text))
def test_a_changed_certificate_is_rejected(a: str, b: str, lhs: str) -> None:
    text = proof(a, b, lhs)
    assert text is not None
    whole = json.loads(text)
    step = next(step for step in whole["steps"] if step["rule"] == "recurrence")
    for name in ("across", "along", "certificate"):
        for row in [row for part in (step[name]["num"], *step[name]["den"]) for row in part]:
            for place, kept in enumerate(row):
                row[place] = str(int(kept) + 1)
                with pytest.raises(checker.Rejected):
                    checker.check(json.dumps(whole))
                row[place] = kept


def test_huge_polynomials_end_in_time() -> None:
    text = proof(*PROVED[3])
    assert text is not None
    whole = json.loads(text)
    step = next(step for step in whole["steps"] if step["rule"] == "recurrence")
    sparse = [["9" * 390, *["0"] * 59, "1"], *[[]] * 59, ["1"]]
    for name in ("across", "along", "certificate"):
        for factors in ([sparse], [sparse] * 60):
            step[name] = {"num": sparse, "den": factors}
            with pytest.raises(checker.Rejected):
                checker.check(json.dumps(whole))


def at(p: fmpz_mpoly, n: int, k: int) -> Fraction:
    return Fraction(int(p(n, k)))


def quotient(parts: tuple[fmpz_mpoly, fmpz_mpoly], n: int, k: int) -> Fraction:
    return at(parts[0], n, k) / at(parts[1], n, k)


def ratio(f: tuple[fmpq_poly, fmpq_poly], n: int) -> Fraction:
    q = f[0](n) / f[1](n)
    return Fraction(int(q.p), int(q.q))


def identity_holds(term: Hypergeometric, found: Telescoper, n: int, k: int) -> bool:
    """Zeilberger's identity, divided by F(n-2, k), in rational numbers."""
    across, along = term.quotients()
    now, before = quotient(across, n, k), quotient(across, n - 1, k)
    left = now * before - ratio(found.a, n) * before - ratio(found.b, n)
    c = found.certificate
    return left == quotient(c, n, k + 1) * quotient(along, n - 2, k + 1) - quotient(c, n, k)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family.fraction))
def test_the_families_have_recurrences(family: Family) -> None:
    term = family.term()
    found = telescoper(term)
    assert found is not None
    assert all(identity_holds(term, found, n, k) for n in (3, 8, 29) for k in (0, 1, 7, 40))
    assert all(at(found.certificate[0], n, 0) == 0 for n in (2, 5, 9))


@settings(max_examples=30, deadline=None)
@given(
    upper=st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(1, 6)), min_size=3, max_size=3),
    lower=st.lists(st.integers(1, 6), min_size=2, max_size=2),
)
def test_recurrences_of_random_sums_are_identities(upper: list[tuple[int, int]], lower: list[int]) -> None:
    gammas = [(1, y, Fraction(z, 2), 1) for y, z in upper] + [(1, 1, Fraction(z, 2), -1) for z in lower]
    term = Hypergeometric(Fraction(-1), (*gammas, (1, 0, Fraction(1), -1)))
    found = telescoper(term)
    if found is not None:
        points = [(n, k) for n in (11, 23, 50) for k in (2, 5)]
        assert all(identity_holds(term, found, n, k) for n, k in points)


def test_a_factor_of_n_alone_changes_the_fraction_to_an_equivalent_one() -> None:
    base = ((1, 1, Fraction(1), 3), (1, 0, Fraction(1), -1), (1, 2, Fraction(2), -2))
    terms = [Hypergeometric(Fraction(1), base), Hypergeometric(Fraction(1), (*base, (0, 2, Fraction(3), 1)))]
    values = {invariant(term, 10**9 + 7) for term in terms}
    assert len(values) == 1
    assert None not in values


def test_sums_agree_with_the_recurrence_in_sixty_digits() -> None:
    # The Domb numbers' sums at n = 60, 61, 62: terms fall like k^-(n + 3), so beyond k = 3000 they are far below 10^-60.
    term = next(family for family in FAMILIES if family.fraction and family.fraction[1] == "-16*n^6").term()
    found = telescoper(term)
    assert found is not None
    across, along = term.quotients()
    with ctx.workprec(400):
        sums = []
        for n in (60, 61, 62):
            total, now = arb(0), arb(1)
            for k in range(1, 3000):
                total += now
                q = quotient(along, n, k)
                now *= arb(q.numerator) / q.denominator
            sums.append(total)
        scale = [arb(1)]
        for n in (61, 62):
            q = quotient(across, n, 0)
            scale.append(scale[-1] * q.numerator / q.denominator)
        values = [x * y for x, y in zip(sums, scale, strict=True)]
        a, b = (ratio(f, 62) for f in (found.a, found.b))
        error = values[2] - values[1] * a.numerator / a.denominator - values[0] * b.numerator / b.denominator
        assert abs(error) < abs(values[2]) * arb(10) ** -60


def test_no_recurrence_of_order_two() -> None:
    assert telescoper(HIGHER) is None


HIGHER = Hypergeometric(
    Fraction(1, 3),
    (*[(1, 1, Fraction(1), 1)] * 3, *[(1, 2, Fraction(2), -1)] * 3, (1, 0, Fraction(1), -1)),
)


@given(st.integers(0, 400), st.integers(0, 10**9))
@settings(max_examples=20, deadline=None)
def test_large_polynomials_are_multiplied_rightly(bits: int, seed: int) -> None:
    # What one certificate may ask for is counted from its beginning.
    checker._SPENT[0] = 0
    rng = random.Random(seed)
    p, q = (
        {(i, j): c for i in range(12) for j in range(9) if (c := rng.randint(-(2**bits), 2**bits))} for _ in range(2)
    )
    product = RING.from_dict(p) * RING.from_dict(q)
    assert checker._times(p, q) == {(int(i), int(j)): int(c) for (i, j), c in product.to_dict().items()}
