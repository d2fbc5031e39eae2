"""From quotients to a pattern: what is recovered, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.channels import RecurrenceChannel
from constants_lab.recovery import recover_interlaced, recover_recurrence, recover_runs
from constants_lab.signed import SignedCF

polynomials = st.one_of(
    st.integers(1, 9).map(str),
    st.tuples(st.integers(1, 20), st.integers(0, 30)).map(lambda p: f"{p[0]}*m + {p[1]}"),
    st.tuples(st.integers(1, 5), st.integers(0, 9), st.integers(1, 9)).map(lambda p: f"{p[0]}*m^2 + {p[1]}*m + {p[2]}"),
    st.integers(1, 9).map(lambda c: f"(m^2 + m)/2 + {c}"),
    st.integers(1, 9).map(lambda c: f"(m^3 - m)/6 + {c}"),
)
DEGREE = 3


@st.composite
def patterns(draw: st.DrawFn) -> tuple[SignedCF, int, int, int]:
    """(fraction, number of quotients, k, start) with at least 20 terms beyond the fit."""
    prefix = draw(st.lists(st.integers(0, 99), max_size=8))
    channels = draw(st.lists(polynomials, min_size=1, max_size=8))
    cf = SignedCF([1], prefix, channels)
    needed = len(prefix) + len(channels) * (DEGREE + 1) + 20
    return cf, draw(st.integers(needed, needed + 60)), len(channels), len(prefix)


@given(patterns())
def test_patterns_are_recovered(made: tuple[SignedCF, int, int, int]) -> None:
    cf, count, k, start = made
    found = recover_interlaced(cf.quotients(count), cf.signs, k, DEGREE, start)
    assert found is not None
    assert found.quotients(count + 100) == cf.quotients(count + 100)


@given(patterns(), st.data())
def test_one_wrong_quotient_is_refused(made: tuple[SignedCF, int, int, int], data: st.DataObject) -> None:
    cf, count, k, start = made
    quotients = cf.quotients(count)
    quotients[data.draw(st.integers(start, count - 1))] += data.draw(st.sampled_from([-3, -1, 1, 2, 10**25]))
    assert recover_interlaced(quotients, cf.signs, k, DEGREE, start) is None


def test_every_channel_is_tested() -> None:
    """Of 26 channels with two values each, one holds the wrong quotient; it would fit for want of a third value."""
    quotients = [x for m in range(60) for x in (4 * m + 2, 1)]
    quotients[26] += 1
    for count in range(72, 79):
        assert recover_interlaced(quotients[:count], [1], 26, 1, 0) is None
        assert recover_interlaced(quotients[25 : 25 + count], [1], 26, 1, 0) is None
    assert recover_interlaced(quotients[27:80], [1], 2, 1, 0) is not None


@given(patterns())
def test_too_few_terms_are_refused(made: tuple[SignedCF, int, int, int]) -> None:
    cf, _, k, start = made
    count = start + k * (DEGREE + 1) + 19
    assert recover_interlaced(cf.quotients(count), cf.signs, k, DEGREE, start) is None


def test_quotients_that_would_become_negative_are_refused() -> None:
    assert recover_interlaced([200 - m for m in range(60)], [1], 1, 1, 0) is None
    falling = SignedCF([-1], [], ["7", "run(2, 40 - m)"]).quotients(800)
    assert recover_runs(falling, [-1], 2, (2, 1, 0)) is None


def test_twos_under_minus_signs_are_no_pattern() -> None:
    assert recover_interlaced([7, 3] + [2] * 98, [-1], 1, 0, 2) is None
    assert recover_interlaced([7, 3] + [2] * 98, [-1, -1], 2, 0, 2) is None
    assert recover_interlaced([7, 3] + [2] * 98, [1], 1, 0, 2) == SignedCF([1], [7, 3], ["2"])


E_MINUS = SignedCF([-1], [3, 4], ["3", "run(2, 4*m + 3)", "3", "4*m + 8"])


def test_the_runs_of_e_are_recovered() -> None:
    """All signs minus: 3, 4, 3, 2, 2, 2, 3, 8, 3, 2, 2, 2, 2, 2, 2, 2, 3, 12, ..."""
    quotients = E_MINUS.quotients(900)
    assert quotients[:17] == [3, 4, 3, 2, 2, 2, 3, 8, 3, 2, 2, 2, 2, 2, 2, 2, 3]
    found = recover_runs(quotients, [-1], 2, (6, 1, 4))
    assert found is not None
    assert found.quotients(5000) == E_MINUS.quotients(5000)


@settings(max_examples=40)
@given(st.integers(2, 899), st.sampled_from([-1, 1, 3, 10**20]))
def test_one_wrong_quotient_among_runs_is_refused(place: int, change: int) -> None:
    quotients = E_MINUS.quotients(900)
    quotients[place] += change
    found = recover_runs(quotients, [-1], 2, (6, 1, 4))
    # The last quotients belong to an unfinished pair; a change there is met by the comparison with the whole.
    assert found is None or (place < 4 and found.quotients(900) == quotients)


def geometric(count: int) -> list[int]:
    return [5, *(x for m in range(count) for x in (3**m, 2 * m + 1))][:count]


def test_interlaced_powers_and_a_polynomial() -> None:
    found = recover_recurrence(geometric(100), [1])
    assert found is not None
    assert (found.prefix, found.polynomials) == ((5,), ["recurrence(1, 3, 1)", "2*m + 1"])
    assert found.quotients(150) == geometric(150)


@given(st.integers(25, 99), st.sampled_from([-1, 1, 5]))
@settings(max_examples=25, deadline=None)
def test_a_wrong_quotient_is_refused_by_recurrences_too(place: int, change: int) -> None:
    quotients = geometric(100)
    quotients[place] += change
    assert recover_recurrence(quotients, [1]) is None


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-3, 4), min_size=1, max_size=4), st.lists(st.integers(1, 50), min_size=4, max_size=4))
def test_recurrences_over_the_integers_are_found(coefficients: list[int], initial: list[int]) -> None:
    assume(coefficients[-1] != 0)
    channel = RecurrenceChannel(tuple(coefficients), tuple(initial[: len(coefficients)]))
    values = SignedCF([1], [], [channel]).quotients(100)
    found = recover_recurrence(values, [1])
    assert found is not None
    assert found.quotients(200) == SignedCF([1], [], [channel]).quotients(200)


def test_random_quotients_have_no_recurrence() -> None:
    from random import Random

    chance = Random(11)
    for _ in range(5):
        assert recover_recurrence([chance.randrange(1, 10**9) for _ in range(100)], [1]) is None


@pytest.mark.parametrize("lead", [0, 1, 5])
def test_runs_after_a_lead_of_the_same_value(lead: int) -> None:
    quotients = SignedCF([-1], [2] * lead, ["5", "run(2, m + 1)"]).quotients(1500)
    found = recover_runs(quotients, [-1], 2, (2, 1, 0))
    assert found is not None
    assert found.quotients(3000) == SignedCF([-1], [2] * lead, ["5", "run(2, m + 1)"]).quotients(3000)
