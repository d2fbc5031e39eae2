"""The ladder of evidence: order of its levels, and the arithmetic of chance."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from constants_lab.errors import InputError
from constants_lab.evidence import Evidence, Level, height_cost, significance

INTEGERS = st.lists(st.integers(-(10**40), 10**40), max_size=8)


def test_levels_are_ordered() -> None:
    names = ["refuted", "screened", "verified", "enclosed", "proved"]
    assert [Level.parse(name).rank for name in names] == [0, 1, 2, 3, 4]


def test_an_unknown_level_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'sure'.*screened, verified"):
        Level.parse("sure")


@given(INTEGERS)
def test_cost_is_the_digits_of_all_choices(coefficients: list[int]) -> None:
    """With |k| <= K there are 2K + 1 integers: the cost is log10 of the number of left-hand sides as high as this."""
    choices = math.prod(2 * abs(k) + 1 for k in coefficients)
    assert height_cost(coefficients) == pytest.approx(math.log10(choices), abs=1e-9)


@given(st.integers(0, 10_000), INTEGERS, st.integers(1, 10**400))
def test_significance_pays_for_everything(digits: int, coefficients: list[int], trials: int) -> None:
    found = significance(digits, coefficients, trials)
    assert found == pytest.approx(digits - height_cost(coefficients) - math.log10(trials), abs=1e-9)
    assert found <= digits
    assert significance(digits, [*coefficients, 7], trials) == pytest.approx(found - math.log10(15), abs=1e-9)
    assert significance(digits, coefficients, trials * 1000) == pytest.approx(found - 3, abs=1e-9)


def test_by_hand() -> None:
    # 4/(pi - 2): 0, 4, 1, -2 cost log10(1 * 9 * 3 * 5)
    assert significance(100, [0, 4, 1, -2]) == pytest.approx(100 - math.log10(135))


@pytest.mark.parametrize("trials", [0, -5])
def test_trials_must_be_positive(trials: int) -> None:
    with pytest.raises(InputError, match="trials"):
        significance(100, [1], trials)


def test_a_record_is_frozen_and_checked() -> None:
    fields = {"level": "verified", "method": "m", "version": "0", "digits": 100, "seconds": 0.5}
    record = Evidence.model_validate(fields)
    assert record.level is Level.VERIFIED
    assert Evidence.model_validate_json(record.model_dump_json()) == record
    with pytest.raises(ValidationError):
        record.digits = 7
    for wrong in ({"digits": -1}, {"seconds": -1.0}, {"method": ""}, {"level": "sure"}, {"extra": 1}):
        with pytest.raises(ValidationError):
            Evidence.model_validate({**fields, **wrong})
