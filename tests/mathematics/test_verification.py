"""What it takes to be verified, and that nothing less passes."""

from __future__ import annotations

from time import perf_counter

import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.errors import ConstantsLabError, NotConverging, VerificationFailed
from constants_lab.evidence import Level, significance
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.verification import agreement, evidence_for, verify

BROUNCKER = PCF("2n+1", "n^2")
FOUR_OVER_PI = Identity("pi", [[0, 4], [1, 0]])
APERY_SLOW = PCF("n^3+(n+1)^3", "-n^6")


def nudged(places: int) -> Identity:
    """4/pi + 10^-places, exactly."""
    return Identity("pi", [[1, 4 * 10**places], [10**places, 0]])


@pytest.mark.parametrize("digits", [1, 100, 500])
def test_a_true_identity(digits: int) -> None:
    record = verify(BROUNCKER, FOUR_OVER_PI, digits)
    assert record.level is Level.VERIFIED
    assert record.digits == max(digits, 100)
    assert not record.accelerated
    assert record.significance == pytest.approx(significance(record.digits, [0, 4, 1, 0]), abs=0.01)


def test_acceleration_is_marked() -> None:
    record = verify(APERY_SLOW, Identity("zeta(3)", [[0, 1], [1, 0]]), 100)
    assert record.accelerated
    assert "series" in record.method


@pytest.mark.parametrize("places", [10, 60, 90])
def test_the_truth_and_a_little_more_is_refused(places: int) -> None:
    with pytest.raises(VerificationFailed, match=rf"agree on only ({places - 1}|{places}|{places + 1}) of"):
        verify(BROUNCKER, nudged(places), 100)


def test_the_nudge_is_seen_at_any_depth() -> None:
    with pytest.raises(VerificationFailed, match="false"):
        verify(BROUNCKER, nudged(300), 400)
    # At fewer digits than the nudge it cannot be seen, but the height of the left-hand side pays for it.
    with pytest.raises(NotConverging):
        verify(BROUNCKER, nudged(300), 100)


@settings(max_examples=40)
@given(st.lists(st.integers(-9, 9), min_size=4, max_size=4))
def test_other_moebius_images_are_refused(row: list[int]) -> None:
    try:
        identity = Identity("pi", [row[:2], row[2:]])
    except ConstantsLabError:
        return
    if identity == FOUR_OVER_PI:
        return
    with pytest.raises(VerificationFailed):
        verify(BROUNCKER, identity, 100)


def test_another_constant_is_refused() -> None:
    with pytest.raises(VerificationFailed):
        verify(BROUNCKER, Identity("zeta(3)", [[0, 4], [1, 0]]), 100)


def test_chance_is_paid_for() -> None:
    started = perf_counter()
    found = BROUNCKER.evaluate(103)
    room = 100 - 20 - significance(0, [0, 4, 1, 0]) * -1
    assert evidence_for(found, FOUR_OVER_PI, 100, room - 0.01, started) is not None
    assert evidence_for(found, FOUR_OVER_PI, 100, room + 0.01, started) is None


def test_fewer_digits_than_the_ladder_asks_are_no_evidence() -> None:
    started = perf_counter()
    few = BROUNCKER.evaluate(40)
    assert few.digits < 100
    assert evidence_for(few, FOUR_OVER_PI, 100, 0.0, started) is None
    slow = APERY_SLOW.evaluate(30)
    needed = Identity("zeta(3)", [[0, 1], [1, 0]])
    record = evidence_for(slow, needed, 60, 0.0, started)
    assert (record is None) == (slow.digits < 50)


def test_agreement_counts_significant_digits() -> None:
    found = BROUNCKER.evaluate(100)
    assert agreement(found, FOUR_OVER_PI, 100) >= 100
    assert agreement(found, nudged(40), 100) in (39, 40)


def test_a_small_value_is_verified_by_its_significant_digits() -> None:
    """pi/2 * 10^-20: forty decimal places would hold only twenty of its digits."""
    pcf = PCF("n", f"{10**40}*(n-1)^2+1")
    small = Identity("pi", [[1, 0], [0, 2 * 10**20]])
    scaled = pcf.evaluate(103)
    digits = agreement(scaled, small, 103)
    # Whether this is the value or only near it, the digits counted must be those of the true relative difference.
    with ctx.workprec(1500):
        gap = abs(scaled.value - small.ball(300)) / abs(scaled.value)
        true_digits = float((-gap.log() / arb(10).log()).mid())
    assert abs(digits - min(true_digits, scaled.digits)) <= 1


@pytest.mark.parametrize(("a", "b"), [("n", "-n^2"), ("-n-1", "-n-1"), ("n", str(10**30))])
def test_what_has_no_value_is_not_verified(a: str, b: str) -> None:
    with pytest.raises(NotConverging):
        verify(PCF(a, b), FOUR_OVER_PI, 100)


def test_a_rational_value_equals_no_left_hand_side() -> None:
    with pytest.raises(VerificationFailed):
        verify(PCF("n+1", "n-3"), FOUR_OVER_PI, 100)
    with pytest.raises(VerificationFailed):
        verify(PCF("1", "2"), FOUR_OVER_PI, 100)
