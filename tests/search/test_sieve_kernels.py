"""The kernels of the sieve against exact polynomials and against the definition, written out with numpy."""

from __future__ import annotations

from math import gcd, prod
from random import Random

import numpy as np
import pytest
from flint import fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab import reduction
from constants_lab.polynomials import first_positive_integer_root, integer_roots, shift
from constants_lab.regimes import asymptotics
from constants_lab.search.kernels.genuine import diverges, ended_or_inflated, inflated, integer_root, rational_roots
from constants_lab.search.kernels.nilpotence import (
    NO_ROOT,
    PRIMES,
    first_failure,
    nilpotent_members,
    residue_index,
    root_table,
    value_table,
    values_modulo,
)
from constants_lab.search.kernels.residues import class_lists, mark, targets
from constants_lab.search.kernels.splitting import split_rows
from constants_lab.search.kernels.valuations import QUICK_PRIMES, column_valuation, may_reduce
from constants_lab.triviality import is_inflated

ALL = np.array(PRIMES, np.int64)
QUICK = np.array(QUICK_PRIMES, np.int64)


def row_of(p: fmpz_poly, width: int = 0) -> list[int]:
    """Coefficients, highest degree first, with leading zeros up to ``width``."""
    row = [int(c) for c in reversed(p.coeffs())]
    return [0] * (width - len(row)) + row


def polynomial(row: np.ndarray | list[int]) -> fmpz_poly:
    return fmpz_poly([int(c) for c in row][::-1])


def array(p: fmpz_poly) -> np.ndarray:
    return np.array(row_of(p), np.int64)


# Random pairs of many kinds


def random_polynomial(rng: Random, degree: int, size: int) -> fmpz_poly:
    """Coefficients up to ``size``, or a product of small factors, most of them linear."""
    if rng.random() < 0.5:
        return fmpz_poly([rng.randint(-size, size) for _ in range(degree + 1)])
    p = fmpz_poly([rng.choice([-3, -2, -1, 1, 2, 3])])
    while p.degree() < degree:
        factor = [rng.randint(-6, 6), rng.choice([1, 1, 2, 3, -2])]
        p *= fmpz_poly([*factor, 1] if rng.random() < 0.2 and p.degree() + 2 <= degree else factor)
    return p


def random_pair(rng: Random, degree_a: int, degree_b: int, size: int) -> tuple[fmpz_poly, fmpz_poly]:
    """Some pairs are inflated, and some are antisymmetric, so that many are nilpotent at every prime."""
    kind = rng.random()
    if kind < 0.3:
        c = random_polynomial(rng, rng.randint(0, 2), 4)
        a = c * random_polynomial(rng, max(degree_a - 2, 0), 5)
        return a, c * shift(c, -1) * random_polynomial(rng, max(degree_b - 4, 0), 5)
    if kind < 0.5:
        u, v = rng.randint(-9, 9), rng.randint(-9, 9)
        return fmpz_poly([1, 2]) * fmpz_poly([v, u, u]), fmpz_poly([0] * 6 + [rng.choice([1, -1, -16])])
    return random_polynomial(rng, degree_a, size), random_polynomial(rng, degree_b, size)


Pairs = list[tuple[fmpz_poly, fmpz_poly]]


def table_of(pairs: Pairs, which: int, zeros: int) -> np.ndarray:
    width = max(max(pair[which].degree() for pair in pairs) + 1, 1) + zeros
    return np.array([row_of(pair[which], width) for pair in pairs], np.int64)


def batches(seed: int, count: int) -> list[tuple[Pairs, np.ndarray, np.ndarray]]:
    """Pairs with their coefficient tables, whose rows begin with zeros as often as not."""
    rng = Random(seed)
    found = []
    for number in range(count):
        high = number % 2
        degree_a, degree_b = rng.randint(0, 12 if high else 3), rng.randint(0, 24 if high else 6)
        size = rng.choice([3, 10, 100, 2**17, 2**31, 2**50])
        pairs = [random_pair(rng, degree_a, degree_b, size) for _ in range(40)]
        pairs = [(a, b) for a, b in pairs if all(abs(int(c)) <= 2**50 for c in [*a.coeffs(), *b.coeffs()])]
        zeros = rng.randint(0, 2)
        found.append((pairs, table_of(pairs, 0, zeros), table_of(pairs, 1, zeros)))
    return found


def failing(a: fmpz_poly, b: fmpz_poly) -> list[int]:
    return [p for p in PRIMES if reduction.says_something(a, b, p) and not reduction.is_nilpotent(a, b, p)]


def test_the_primes_are_those_of_the_exact_test() -> None:
    assert PRIMES == reduction.PRIMES
    assert set(QUICK_PRIMES) <= set(reduction.VALUATION_PRIMES)


def test_nilpotence_is_that_of_the_exact_test() -> None:
    passed = tested = 0
    for pairs, a_rows, b_rows in batches(1, 40):
        members = nilpotent_members(a_rows, b_rows)
        assert list(members) == sorted(set(members.tolist()))
        inside = set(members.tolist())
        for i, (a, b) in enumerate(pairs):
            if a.is_zero() or b.is_zero():
                assert i not in inside
                continue
            bad = failing(a, b)
            assert (i in inside) == (not bad), (a, b, bad)
            assert first_failure(a_rows[i], b_rows[i], ALL) == (bad[0] if bad else 0)
            passed += not bad
            tested += 1
    assert passed > 200
    assert tested > 2 * passed


def test_tables_change_nothing() -> None:
    """The same pairs in rows of low degree, where tables are used, and of a degree for which there are none."""
    rng = Random(2)
    pairs = [random_pair(rng, 2, 4, 30) for _ in range(20_000)]
    pairs = [(a, b) for a, b in pairs if 0 <= a.degree() <= 3 and 0 <= b.degree() <= 4]
    a_rows, b_rows = table_of(pairs, 0, 0), table_of(pairs, 1, 0)
    with_tables = nilpotent_members(a_rows, b_rows)
    wide = np.zeros((len(pairs), 12), np.int64)
    wide[:, -b_rows.shape[1] :] = b_rows
    assert np.array_equal(nilpotent_members(a_rows, wide), with_tables)
    large = a_rows.copy()
    # Residues of other sizes: beyond the coefficients for which residues are tabulated.
    large += np.where(large != 0, prod(PRIMES[:8]), 0)
    some = np.arange(len(pairs)) % 50 == 0
    for i in np.flatnonzero(some):
        expected = not failing(polynomial(large[i]), polynomial(b_rows[i]))
        assert (len(nilpotent_members(large[i : i + 1], b_rows[i : i + 1])) == 1) == expected
    assert len(with_tables) > 1000


def test_one_prime_is_enough_to_fail() -> None:
    """PCF((p - 2) n, (p - 1) n^2): the roots of t^2 = (p - 2) t + p - 1 are one modulo p, and apart modulo the other primes."""
    for zeros in (0, 1):
        a_rows = np.array([[0] * zeros + [p - 2, 0] for p in PRIMES])
        b_rows = np.array([[0] * zeros + [p - 1, 0, 0] for p in PRIMES])
        assert [first_failure(a, b, ALL) for a, b in zip(a_rows, b_rows, strict=True)] == list(PRIMES)
        assert len(nilpotent_members(a_rows, b_rows)) == 0
        assert len(nilpotent_members(np.array([[0] * zeros + [6, 0]]), np.array([[0] * zeros + [7, 0, 0]]))) == 1


def test_nothing_comes_of_nothing() -> None:
    assert len(nilpotent_members(np.empty((0, 3), np.int64), np.empty((0, 5), np.int64))) == 0
    assert len(nilpotent_members(np.zeros((4, 3), np.int64), np.ones((4, 5), np.int64))) == 0


@pytest.mark.parametrize(("p", "degree"), [(11, 2), (13, 1), (11, 0)])
def test_tables_hold_values_and_first_roots(p: int, degree: int) -> None:
    table, roots = value_table(p, degree), root_table(p, degree)
    assert table.shape == (p ** (degree + 1), p + 1)
    rng = Random(p)
    for _ in range(200):
        row = np.array([rng.randint(-(10**12), 10**12) for _ in range(degree + 1)], np.int64)
        index = residue_index(row, p)
        values = [int(polynomial(row)(n)) % p for n in range(p)]
        assert table[index, :p].tolist() == values
        assert table[index, p] == roots[index] == (values.index(0) if 0 in values else NO_ROOT)
        out = np.empty(p + 1, np.uint8)
        values_modulo(row, p, out)
        assert np.array_equal(out, table[index])


# Residue classes


def passing_classes(a: list[int], p: int, degree_b: int) -> set[int]:
    """The classes of b with a leading coefficient for which M(1) ... M(p) squares to 0 modulo p: all of them are tried."""
    index = np.arange(p ** (degree_b + 1))
    digits = [index // p ** (degree_b - j) % p for j in range(degree_b + 1)]
    x, y, z, w = (np.full(len(index), k) for k in (1, 0, 0, 1))
    for n in range(1, p + 1):
        under = sum(c * n ** (len(a) - 1 - j) for j, c in enumerate(a)) % p
        over = np.zeros_like(index)
        for digit in digits:
            over = (over * n + digit) % p
        x, y, z, w = y, (x * over + y * under) % p, w, (z * over + w * under) % p
    square = (x * x + y * z) % p + (x * y + y * w) % p + (z * x + w * z) % p + (z * y + w * w) % p
    return set(index[(square == 0) & (digits[0] != 0)].tolist())


@pytest.mark.parametrize(
    ("p", "degree_a", "degree_b"), [(11, 1, 2), (11, 2, 2), (11, 2, 3), (11, 0, 2), (11, 3, 1), (13, 2, 2), (17, 1, 2)]
)
def test_targets_are_the_classes_that_pass(p: int, degree_a: int, degree_b: int) -> None:
    lists = class_lists(p, degree_a, degree_b)
    assert (lists.prime, lists.degree_a, lists.degree_b) == (p, degree_a, degree_b)
    assert len(lists.starts) == p ** max(degree_a - 1, 0) + 1
    out = np.empty(p ** (degree_b + 1), np.int64)
    bits = np.zeros(len(out) // 64 + 1, np.uint64)
    rng = Random(p)
    for _ in range(25):
        a = [rng.choice([c for c in range(-40, 40) if c % p]), *(rng.randint(-999, 999) for _ in range(degree_a))]
        count = targets(np.array(a, np.int64), p, lists.starts, lists.digits, out)
        found = set(out[:count].tolist())
        assert len(found) == count
        assert found == passing_classes(a, p, degree_b), a
        mark(out, count, bits)
        marked = {c for c in range(len(out)) if int(bits[c >> 6]) >> (c & 63) & 1}
        assert marked == found


# Fast tests that only drop what deserves it

COEFFICIENTS = st.one_of(st.integers(-9, 9), st.integers(-5000, 5000), st.integers(-(2**62), 2**62))
ROWS = st.lists(COEFFICIENTS, min_size=1, max_size=14).filter(lambda row: row[0] != 0)
SMALL_FACTORS = st.builds(lambda u, v: fmpz_poly([v, u]), st.integers(1, 9), st.integers(-30, 30))


def product_of(factors: list[fmpz_poly]) -> fmpz_poly:
    return prod(factors, start=fmpz_poly([1]))


@settings(deadline=None)
@given(ROWS, st.sampled_from([1, -1]))
def test_an_integer_root_is_one(row: list[int], sign: int) -> None:
    p = polynomial(row)
    if integer_root(np.array(row, np.int64), sign):
        assert any(root * sign >= 1 for root, _ in integer_roots(p))


@settings(deadline=None)
@given(st.lists(SMALL_FACTORS, min_size=1, max_size=3), st.sampled_from([1, -1]))
def test_small_integer_roots_are_seen(factors: list[fmpz_poly], sign: int) -> None:
    p = product_of(factors)
    flipped = p if sign == 1 else p(fmpz_poly([0, -1]))
    assert integer_root(array(p), sign) == (first_positive_integer_root(flipped) is not None)


def roots_by_kernel(row: np.ndarray) -> list[tuple[int, int]]:
    numerators, denominators = np.zeros(32, np.int64), np.zeros(32, np.int64)
    count = rational_roots(row, numerators, denominators)
    return [(int(x), int(u)) for x, u in zip(numerators[:count], denominators[:count], strict=True)]


def roots_by_flint(p: fmpz_poly) -> list[tuple[int, int]]:
    linear = [factor for factor, _ in p.factor()[1] if factor.degree() == 1]
    return sorted((-int(factor[0]), int(factor[1])) for factor in linear)


@settings(deadline=None)
@given(ROWS)
def test_rational_roots_are_roots(row: list[int]) -> None:
    found = roots_by_kernel(np.array(row, np.int64))
    assert len(found) == len(set(found))
    assert set(found) <= set(roots_by_flint(polynomial(row)))


@settings(deadline=None)
@given(st.lists(SMALL_FACTORS, min_size=1, max_size=4), st.integers(0, 2), st.integers(-3, 3).filter(bool))
def test_small_rational_roots_are_all_seen(factors: list[fmpz_poly], zeros: int, content: int) -> None:
    p = content * product_of(factors) * fmpz_poly([0] * zeros + [1])
    if max(abs(int(p.leading_coefficient())), abs(int(p[zeros]))) <= 1000:
        assert sorted(roots_by_kernel(array(p))) == roots_by_flint(p)


@settings(deadline=None)
@given(
    st.integers(-(2**29), 2**29).filter(bool),
    st.integers(-(2**29), 2**29).filter(bool),
    st.integers(0, 4),
    st.integers(0, 12),
)
def test_leading_terms_decide_divergence(lead_a: int, lead_b: int, degree_a: int, degree_b: int) -> None:
    a, b = fmpz_poly([0] * degree_a + [lead_a]), fmpz_poly([0] * degree_b + [lead_b])
    expected = asymptotics(a, b).regime == "divergent"
    # Equal roots are decided by more than leading terms.
    if degree_b != 2 * degree_a or lead_a**2 + 4 * lead_b != 0:
        assert diverges(lead_a, lead_b, degree_a, degree_b) == expected
    else:
        assert not diverges(lead_a, lead_b, degree_a, degree_b)


def has_inflation(a: fmpz_poly, b: fmpz_poly) -> bool:
    """Whether some c of degree >= 1 has c | a and c(n) c(n-1) | b, tried for products of factors of a."""
    divisors = [fmpz_poly([1])]
    for factor, exponent in a.factor()[1]:
        divisors = [d * factor**k for d in divisors for k in range(exponent + 1)]
    return any(c.degree() > 0 and (b % (c * shift(c, -1))).is_zero() for c in divisors)


def test_nothing_is_dropped_falsely() -> None:
    """1: a positive integer root.  2: divergent (or finite, which goes first).  3: inflated, maybe by a c with c(n) = 0."""
    seen = [0, 0, 0, 0]
    for pairs, a_rows, b_rows in batches(3, 60):
        rows = np.array([i for i, (a, b) in enumerate(pairs) if not a.is_zero() and not b.is_zero()], np.int64)
        for i, verdict in zip(rows, ended_or_inflated(a_rows, b_rows, rows), strict=True):
            a, b = pairs[i]
            regime = asymptotics(a, b).regime
            seen[verdict] += 1
            if verdict == 1:
                assert regime == "finite"
            elif verdict == 2:
                assert regime in ("divergent", "finite")
            elif verdict == 3:
                assert has_inflation(a, b)
                # A c that vanishes at some n >= 0 makes n + 1 a root of b.
                assert is_inflated(a, b) or regime == "finite"
    assert min(seen) > 50


VANISHING = [2**40, 2**50, 0, 0, 0, 0, 0, 0, 0]
"""A polynomial whose value at 16 is no more than 0 modulo 2^64."""


@pytest.mark.parametrize("row", [VANISHING, [*VANISHING[:-1], 2**62], [2**32, 2**34, *[0] * 20, 2**60]])
def test_what_vanishes_modulo_a_power_of_two_is_no_root(row: list[int]) -> None:
    b = np.array(row, np.int64)
    assert not integer_root(b, 1)
    assert set(roots_by_kernel(b)) <= set(roots_by_flint(polynomial(row)))
    assert not inflated(np.array([1, -16, 1]), b, np.array([16]), np.array([1]), 1)


def test_products_that_vanish_modulo_a_power_of_two_prove_no_inflation() -> None:
    nothing = np.empty(0, np.int64)
    assert not inflated(np.array([2**32, 0]), np.array([3, 5, 7]), nothing, nothing, 0)
    # A multiple of (2 n + 3) (2 n + 1).
    assert inflated(np.array([2, 3]), np.array([20, 40, 15]), nothing, nothing, 0)


# Polynomials that split


def splits(p: fmpz_poly) -> bool:
    return all(factor.degree() == 1 for factor, _ in p.factor()[1])


@pytest.mark.parametrize(
    "ranges",
    [
        [(-3, 3)] * 4,
        [(-6, 6)] * 3,
        [(1, 4), (-7, 2), (-5, 5)],
        [(-4, -1), (0, 9), (-3, 6), (0, 2)],
        [(2, 2), (-9, 9), (3, 9), (1, 30)],
        [(0, 3), (-2, 2), (-2, 2), (-2, 2), (0, 0)],
        [(-2, 2), (5, 6)],
        [(-3, 5)],
        [(0, 0), (-3, 3)],
        [(7, 7), (1, 1), (1, 1)],
    ],
)
def test_split_rows_are_those_that_flint_factors(ranges: list[tuple[int, int]]) -> None:
    lows, highs = (np.array(side, np.int64) for side in zip(*ranges, strict=True))
    grid = np.stack(np.meshgrid(*[np.arange(x, y + 1) for x, y in ranges], indexing="ij"), -1).reshape(-1, len(ranges))
    expected = [
        row
        for row in grid.tolist()
        if row[0] and splits(polynomial(row)) and first_positive_integer_root(polynomial(row)) is None
    ]
    assert split_rows(lows, highs).tolist() == sorted(expected)


# Valuations


def test_valuations_are_those_of_the_gcd() -> None:
    seen: set[int] = set()
    for number, (pairs, _, _) in enumerate(batches(5, 12)):
        p, blocks = QUICK_PRIMES[number % 3], 1 + number % 4
        most = max(k for k in range(30) if p**k < 2**30)
        for a, b in pairs:
            if a.is_zero() or b.is_zero():
                continue
            x0, x1, y0, y1 = 1, int(a(0)), 0, 1
            for n in range(1, blocks * p + 1):
                x0, x1, y0, y1 = x1, int(a(n)) * x1 + int(b(n)) * x0, y1, int(a(n)) * y1 + int(b(n)) * y0
            common = gcd(x1, y1)
            expected = next((k for k in range(most) if common % p ** (k + 1)), most)
            assert column_valuation(array(a), array(b), p, blocks) == expected
            seen.add(expected)
    assert len(seen) > 5


def test_the_first_look_at_valuations() -> None:
    """Leading zeros do not matter, nor primes that divide a leading coefficient."""
    b = np.array([0, 0, -1, 0, 0, 0, 0, 0, 0])
    assert may_reduce(np.array([0, 34, 51, 27, 5]), b, QUICK, 6)
    assert not may_reduce(np.array([0, 34, 51, 27, 6]), b, QUICK, 6)
    assert not may_reduce(np.array([1, 1]), np.array([1, 0]), QUICK, 2)
    assert may_reduce(np.array([11 * 13 * 17, 1]), np.array([1, 0]), QUICK, 2)
    # p^3 at n = 3 p is enough for d = 2.
    assert may_reduce(np.array([2, 0, 0]), np.array([3, -4, 4, -1, 0]), QUICK, 4)
    assert not may_reduce(np.array([2, 0, 0]), np.array([3, -4, 4, -1, 0]), QUICK, 5)
