"""The pattern detectors against naive definitions in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.search.kernels.patterns import (
    PRIME,
    collapse_runs,
    linear_complexity,
    quasi_polynomial,
    recurrence_modulo,
)

SURPLUS = 24


def solvable(rows: list[list[Fraction]]) -> bool:
    """Whether the linear system of these augmented rows has a solution."""
    rows = [row[:] for row in rows]
    width = len(rows[0]) - 1 if rows else 0
    done = 0
    for column in range(width):
        pivot = next((i for i in range(done, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        for i in range(done + 1, len(rows)):
            factor = rows[i][column] / rows[done][column]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[done], strict=True)]
        done += 1
    return not any(row[-1] and not any(row[:-1]) for row in rows)


def naive_complexity(s: list[int]) -> int:
    """The least L with s_i = c_1 s_(i-1) + ... + c_L s_(i-L) for all i >= L, over the rationals."""
    for length in range(len(s)):
        rows = [[Fraction(s[i - j]) for j in range(1, length + 1)] + [Fraction(s[i])] for i in range(length, len(s))]
        if solvable(rows):
            return length
    return len(s)


@settings(deadline=None)
@given(st.lists(st.integers(-3, 6), min_size=1, max_size=13))
def test_linear_complexity_is_that_over_the_rationals(s: list[int]) -> None:
    assert linear_complexity(np.array(s)) == naive_complexity(s)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=8),
    st.lists(st.integers(-99, 99), min_size=8, max_size=8),
    st.integers(20, 80),
)
def test_a_recurrence_is_found_and_predicts(coefficients: list[int], initial: list[int], count: int) -> None:
    s = initial[: len(coefficients)]
    while len(s) < count:
        s.append(sum(c * x for c, x in zip(coefficients, reversed(s), strict=False)) % PRIME)
    found = recurrence_modulo(np.array(s))
    assert len(found) <= len(coefficients)
    for i in range(len(found), count):
        assert (s[i] + sum(int(c) * s[i - 1 - j] for j, c in enumerate(found))) % PRIME == 0


def test_random_sequences_have_half_their_length() -> None:
    generator = np.random.default_rng(7)
    for n in (50, 101, 200):
        assert abs(linear_complexity(generator.integers(0, PRIME, n)) - n / 2) <= 2


def naive_pattern(s: list[int], max_degree: int, surplus: int) -> tuple[int, int, int]:
    n = len(s)
    for complexity in range(1, n - surplus + 1):
        for degree in range(max_degree + 1):
            if complexity % (degree + 1):
                continue
            k = complexity // (degree + 1)
            wrong = [
                i
                for i in range(complexity, n)
                if sum((-1) ** j * comb(degree + 1, j) * s[i - j * k] for j in range(degree + 2))
            ]
            last = max(wrong, default=complexity - 1)
            predicted, start = n - 1 - last, last + 1 - complexity
            if predicted >= surplus and 4 * start <= n and 3 * predicted >= n - start:
                return k, degree, start
    return 0, 0, 0


@st.composite
def noisy_patterns(draw: st.DrawFn) -> tuple[list[int], int, int, int]:
    """(sequence, k, degree, length of the prefix)."""
    k, degree = draw(st.integers(1, 7)), draw(st.integers(0, 3))
    prefix = draw(st.lists(st.integers(-99, 99), max_size=12))
    polynomials = [draw(st.lists(st.integers(-50, 50), min_size=degree + 1, max_size=degree + 1)) for _ in range(k)]
    body = [sum(c * m**i for i, c in enumerate(p)) for m in range(100 // k + 2) for p in polynomials]
    return (prefix + body)[:100], k, degree, len(prefix)


@settings(deadline=None)
@given(noisy_patterns())
def test_interlaced_polynomials_are_seen(made: tuple[list[int], int, int, int]) -> None:
    s, k, degree, prefix = made
    found = quasi_polynomial(np.array(s), 3, SURPLUS)
    assert found == naive_pattern(s, 3, SURPLUS)
    assert found[0] >= 1
    assert found[0] * (found[1] + 1) <= k * (degree + 1)
    assert found[2] <= prefix


@settings(deadline=None, max_examples=40)
@given(noisy_patterns(), st.integers(26, 99), st.sampled_from([-1, 1, 1000]))
def test_one_wrong_term_after_the_first_quarter_hides_it(
    made: tuple[list[int], int, int, int], place: int, change: int
) -> None:
    s = made[0]
    s[place] += change
    k, degree, start = quasi_polynomial(np.array(s), 3, SURPLUS)
    assert (k, degree, start) == naive_pattern(s, 3, SURPLUS)
    if k:
        # The wrong term can only be one of those that the pattern is made from.
        assert start + k * (degree + 1) > place


@pytest.mark.parametrize("size", [2**55, 2**58 - 1])
def test_large_terms_do_not_overflow(size: int) -> None:
    chance = Random(3)
    s = [chance.choice([-size, size, size - 1]) for _ in range(100)]
    assert quasi_polynomial(np.array(s, np.int64), 3, SURPLUS) == naive_pattern(s, 3, SURPLUS) == (0, 0, 0)
    steady = [size - m for m in range(100)]
    assert quasi_polynomial(np.array(steady, np.int64), 3, SURPLUS) == (1, 1, 0)


@given(st.lists(st.integers(1, 4), max_size=60), st.integers(1, 3))
def test_collapsing_runs_loses_nothing_but_the_end(s: list[int], value: int) -> None:
    out = np.empty(2 * len(s) + 2, np.int64)
    written, first = collapse_runs(np.array(s, np.int64), value, out)
    again = [value] * first
    for element, count in out[:written].reshape(-1, 2):
        assert element != value
        again += [int(element)] + [value] * int(count)
    assert again == s[: len(again)]
    # What is left out is one element with the run that the sequence breaks off in.
    rest = s[len(again) :]
    assert rest == [] or (rest[0] != value and set(rest[1:]) <= {value})
