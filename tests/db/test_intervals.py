"""Merged intervals against the plainest model: a set of numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constants_lab.db.intervals import gaps, length, unite

_units = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 15)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=25,
)


@given(_units)
def test_uniting_agrees_with_a_set(units: list[tuple[int, int]]) -> None:
    done: list[tuple[int, int]] = []
    model: set[int] = set()
    for start, stop in units:
        union = unite(done, start, stop)
        fresh = set(range(start, stop)) - model
        model |= fresh
        assert union.added == len(fresh)
        kept = [each for each in done if each[1] < union.start or each[0] > union.stop]
        done = sorted([*kept, (union.start, union.stop)])
        assert {i for left, right in done for i in range(left, right)} == model
        assert length(done) == len(model)
        assert all(left[1] < right[0] for left, right in pairwise(done))


@given(_units, st.integers(0, 80))
def test_gaps_are_the_complement(units: list[tuple[int, int]], total: int) -> None:
    done: list[tuple[int, int]] = []
    for start, stop in units:
        union = unite(done, start, stop)
        kept = [each for each in done if each[1] < union.start or each[0] > union.stop]
        done = sorted([*kept, (union.start, union.stop)])
    missing = gaps(done, total)
    model = set(range(total)) - {i for left, right in done for i in range(left, right)}
    assert {i for left, right in missing for i in range(left, right)} == model
    assert all(left < right for left, right in missing)
    assert missing == sorted(missing)


def test_numbers_have_no_bound() -> None:
    big = 10**30
    assert unite([(0, big)], big, 2 * big).added == big
    assert gaps([(1, big)], big + 1) == [(0, 1), (big, big + 1)]


def test_an_empty_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        unite([], 3, 3)
