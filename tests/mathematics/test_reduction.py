"""The two signs of factorial reduction: against their definitions, and on published formulas of both kinds."""

from __future__ import annotations

import json
from math import gcd, prod
from pathlib import Path
from typing import Any

import pytest
from flint import fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.known import known_formulas
from constants_lab.pcf import PCF
from constants_lab.polynomials import parse_polynomial, shift
from constants_lab.reduction import (
    PRIMES,
    VALUATION_PRIMES,
    is_nilpotent,
    nilpotent_fraction,
    reduction_rate,
    says_something,
)
from constants_lab.triviality import apparent_factors

DATA = Path(__file__).parents[1] / "data"
KNOWN = json.loads((DATA / "known_pcf.json").read_text())["cases"]
DYNAMICS = json.loads((DATA / "dynamics.json").read_text())["cases"]

COEFFICIENTS = st.one_of(st.integers(-9, 9), st.integers(-(10**5), 10**5), st.integers(-(2**90), 2**90))


def polynomials(degree: int) -> st.SearchStrategy[fmpz_poly]:
    lists = st.lists(COEFFICIENTS, min_size=1, max_size=degree + 1)
    return lists.map(fmpz_poly).filter(lambda p: not p.is_zero())


LINEAR = st.builds(lambda u, v: fmpz_poly([v, u]), st.integers(1, 3), st.integers(-9, 9))
SPLIT = st.lists(LINEAR, min_size=1, max_size=6).map(lambda factors: prod(factors[1:], start=factors[0]))
"""Products of linear factors: these have roots modulo primes, so that some pass."""

A, B = polynomials(5), st.one_of(polynomials(8), SPLIT)


def product_by_hand(a: fmpz_poly, b: fmpz_poly, p: int) -> tuple[int, int, int, int]:
    """M(1) ... M(p) modulo p, row by row, in Python's integers."""
    x, y, z, w = 1, 0, 0, 1
    for n in range(1, p + 1):
        over, under = int(b(n)), int(a(n))
        x, y, z, w = y % p, (x * over + y * under) % p, w % p, (z * over + w * under) % p
    return x, y, z, w


def square_is_zero(a: fmpz_poly, b: fmpz_poly, p: int) -> bool:
    x, y, z, w = product_by_hand(a, b, p)
    return not any(c % p for c in (x * x + y * z, x * y + y * w, z * x + w * z, z * y + w * w))


@settings(deadline=None)
@given(A, B, st.sampled_from(PRIMES))
def test_nilpotent_means_that_the_square_of_the_product_is_zero(a: fmpz_poly, b: fmpz_poly, p: int) -> None:
    assert is_nilpotent(a, b, p) == square_is_zero(a, b, p)


@settings(deadline=None)
@given(A, B, st.sampled_from(PRIMES), st.integers(-50, 50), st.integers(-99, 99))
def test_nilpotence_is_kept_by_shifts_and_scaling(a: fmpz_poly, b: fmpz_poly, p: int, s: int, u: int) -> None:
    before = is_nilpotent(a, b, p)
    assert is_nilpotent(shift(a, s), shift(b, s), p) == before
    if u % p:
        assert is_nilpotent(u * a, u * u * b, p) == before


@settings(deadline=None)
@given(A, SPLIT, st.sampled_from(PRIMES))
def test_only_residues_count(a: fmpz_poly, b: fmpz_poly, p: int) -> None:
    moved = fmpz_poly([c + p * k for k, c in enumerate(a.coeffs())]), fmpz_poly([c - p * 5 for c in b.coeffs()])
    assert is_nilpotent(a, b, p) == is_nilpotent(*moved, p)


def test_primes_that_divide_a_leading_coefficient_say_nothing() -> None:
    a, b = parse_polynomial("22*n + 1"), parse_polynomial("-13*n^2 + 11")
    assert [p for p in PRIMES if not says_something(a, b, p)] == [11, 13]
    everything = fmpz_poly([1, prod(PRIMES)])
    assert nilpotent_fraction(everything, b) is None
    assert nilpotent_fraction(b, everything) is None
    assert reduction_rate(everything, b) == 0.0


# Published formulas


def distinct(cases: list[dict[str, Any]]) -> list[PCF]:
    return list(dict.fromkeys(PCF(case["a"], case["b"]).canonical() for case in cases))


IRREGULAR = ("e", "e^2", "sqrt(e)", "tan(1)", "tanh(1)", "C_1 (Bessel)", "Bessel ratio", "Mills ratio at 2",
             "sqrt(pi*e/2)*erfc(1/sqrt2)")  # fmt: skip
"""Constants of the tables that are values of functions with an irregular singularity."""

PERIODS = [
    pcf
    for pcf in distinct(
        [case for case in KNOWN if case["constant"] not in IRREGULAR]
        + [case for case in DYNAMICS if case.get("factorial_reduction")]
    )
    if max(pcf.a.degree(), pcf.b.degree()) > 0
]
"""Fractions of period-like numbers; those with constant a and b, whose products are powers of one matrix, are left out."""

OTHERS = distinct([case for case in KNOWN + DYNAMICS if case["constant"] in IRREGULAR])


def test_the_tables_have_enough_of_both_kinds() -> None:
    assert len(PERIODS) == 43
    assert len(OTHERS) == 31
    assert sum(pcf.a.degree() >= 2 or pcf.b.degree() >= 3 for pcf in PERIODS) == 15


@pytest.mark.parametrize("pcf", PERIODS, ids=str)
def test_formulas_of_periods_show_both_signs(pcf: PCF) -> None:
    failing = [p for p in PRIMES if says_something(pcf.a, pcf.b, p) and not is_nilpotent(pcf.a, pcf.b, p)]
    assert failing == []
    assert nilpotent_fraction(pcf.a, pcf.b) == 1.0
    assert reduction_rate(pcf.a, pcf.b) >= 0.9


@pytest.mark.parametrize("pcf", OTHERS, ids=str)
def test_formulas_of_e_and_bessel_functions_pass_at_no_prime(pcf: PCF) -> None:
    assert pcf.a.degree() <= 1
    assert pcf.b.degree() <= 2
    assert [p for p in PRIMES if is_nilpotent(pcf.a, pcf.b, p)] == []
    assert reduction_rate(pcf.a, pcf.b) < 0.3


@pytest.mark.parametrize(
    ("a", "b", "rate"),
    [
        ("(2*n + 1)*(17*n^2 + 17*n + 5)", "-n^6", 1.0),
        ("11*n^2 + 11*n + 3", "n^4", 1.0),
        ("2*n + 1", "n^2", 1.0),
        # Nilpotent at every prime, yet only half of the factorial is lost.
        ("2*n^2", "n*(3*n - 1)*(n^2 - n + 1)", 0.5),
    ],
)
def test_rates_of_full_and_of_half_reduction(a: str, b: str, rate: float) -> None:
    pair = parse_polynomial(a), parse_polynomial(b)
    assert nilpotent_fraction(*pair) == 1.0
    assert reduction_rate(*pair) == rate


def test_what_apparent_singularities_add_is_taken_off() -> None:
    """Zudilin's fraction for Catalan's constant: b has a factor that vanishes modulo some primes and not modulo others."""
    (pcf,) = (f.pcf.canonical() for f in known_formulas() if (f.pcf.a.degree(), f.pcf.b.degree()) == (6, 12))
    apparent = apparent_factors(pcf.a, pcf.b)
    assert [factor.degree() for factor in apparent] == [2]
    assert nilpotent_fraction(pcf.a, pcf.b) == 1.0
    assert reduction_rate(pcf.a, pcf.b) == pytest.approx(2 / 3)
    assert reduction_rate(pcf.a, pcf.b, apparent=apparent) == 1.0


# The rate against its definition


def valuations(a: fmpz_poly, b: fmpz_poly, p: int, depths: tuple[int, int]) -> list[int]:
    """v_p(gcd(p_n, q_n)) at n = depth * p by the recurrence; 0 where both are 0."""
    found = []
    x0, x1, y0, y1 = 1, int(a(0)), 0, 1
    for n in range(1, depths[1] * p + 1):
        over, under = int(b(n)), int(a(n))
        x0, x1, y0, y1 = x1, under * x1 + over * x0, y1, under * y1 + over * y0
        if n in (depths[0] * p, depths[1] * p):
            common, count = gcd(x1, y1), 0
            while common and common % p == 0:
                common //= p
                count += 1
            found.append(count)
    return found


SMALL = st.lists(st.integers(-9, 9), min_size=1, max_size=4).map(fmpz_poly).filter(lambda p: not p.is_zero())


def growth(a: fmpz_poly, b: fmpz_poly, p: int, depths: tuple[int, int], apparent: list[fmpz_poly]) -> float:
    """The growth every p steps in units of d, less what apparent singularities add to both."""
    near, far = valuations(a, b, p, depths)
    d = max(a.degree(), b.degree() / 2) - sum(g.degree() for g in apparent)
    roots = sum(int(g(n)) % p == 0 for g in apparent for n in range(p))
    return ((far - near) / (depths[1] - depths[0]) - roots) / d


@settings(deadline=None, max_examples=60)
@given(SMALL, st.one_of(SMALL, SPLIT), st.sampled_from([(1, 2), (1, 4), (2, 6)]), st.sampled_from([0, 0, 1, 2]))
def test_the_rate_is_the_growth_of_valuations(a: fmpz_poly, b: fmpz_poly, blocks: tuple[int, int], degree: int) -> None:
    apparent = [fmpz_poly([29, -48, 20][: degree + 1])] if degree else []
    expected = []
    for p in (11, 13, 17):
        if max(a.degree(), b.degree() / 2) > degree and says_something(a, b, p):
            here = growth(a, b, p, blocks, apparent)
            # What shrinks is below every bound, and looked at again.
            expected.append(here if here >= 0 else max(here, growth(a, b, p, (blocks[0], 10), apparent)))
            if expected[-1] < 0:
                break
    found = reduction_rate(a, b, blocks, (11, 13, 17), apparent=apparent)
    assert found == pytest.approx(min(expected, default=0.0), abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(SMALL, SPLIT, st.floats(0.1, 1.0))
def test_a_bound_decides_at_every_prime(a: fmpz_poly, b: fmpz_poly, least: float) -> None:
    """Each prime must reach it, up to n = 6 p or, when that falls short, up to n = 10 p."""
    primes = [p for p in (11, 13, 17) if a.degree() + b.degree() > 0 and says_something(a, b, p)]
    reached = [max(growth(a, b, p, (2, 6), []), growth(a, b, p, (2, 10), [])) >= least for p in primes]
    assert (reduction_rate(a, b, primes=(11, 13, 17), least=least) >= least) == (bool(primes) and all(reached))
    whole = reduction_rate(a, b)
    if whole >= least:
        assert reduction_rate(a, b, least=least) == whole


def test_the_primes_are_primes_beyond_the_small_ones() -> None:
    sieve = [p for p in range(11, PRIMES[-1] + 1) if all(p % k for k in range(2, p))]
    assert list(PRIMES) == sieve
    assert list(VALUATION_PRIMES) == sieve[: len(VALUATION_PRIMES)]
