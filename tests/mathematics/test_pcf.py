"""The PCF object: what users give, what they get, and that it cannot change under them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import mpmath
import pytest
from flint import arb, ctx, fmpq, fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from constants_lab.errors import InputError, NotConverging
from constants_lab.expressions import evaluate as closed_form
from constants_lab.identification import identify
from constants_lab.pcf import PCF

CASES = json.loads((Path(__file__).parents[1] / "data" / "known_pcf.json").read_text())["cases"]
LISTS = st.lists(st.integers(-(10**20), 10**20), min_size=1, max_size=5).filter(any)


def described(case: dict[str, Any]) -> str:
    """The case's name, with the digits reached where only acceleration reaches them."""
    pcf = PCF(case["a"], case["b"])
    found = pcf.evaluate(110)
    how = f" accelerated to {found.digits} digits" if found.accelerated else ""
    return f"{pcf} = {case['lhs']}{how}"


@pytest.mark.parametrize("case", CASES, ids=described)
def test_published_formulas_are_identified(case: dict[str, Any]) -> None:
    pcf = PCF(case["a"], case["b"])
    found = pcf.evaluate(110)
    assert found.digits >= 110
    answers = identify(pcf.value(110), [case["constant"]], digits=108)
    expected = closed_form(case["lhs"], 120)
    with ctx.workprec(450):
        assert closed_form(answers[0].lhs, 120).overlaps(expected)
        assert abs(found.value - expected) < abs(expected) * arb(10) ** -108
    assert answers[0].identity is not None
    with mpmath.workdps(60):
        assert abs(pcf.value(50) - mpmath.mpf(case["value50"])) < mpmath.mpf(10) ** -47 * 10


@given(LISTS, LISTS)
def test_all_ways_to_write_it_are_equal(a: list[int], b: list[int]) -> None:
    one = PCF(a, b)
    other = PCF(fmpz_poly(a[::-1]), fmpz_poly(b[::-1]))
    assert one == other == eval(repr(one), {"PCF": PCF}) == pickle.loads(pickle.dumps(one))
    assert len({one, other}) == 1
    assert one.key == other.key


def test_design_examples() -> None:
    assert PCF("n^3+(n+1)^3", "-n^6") == PCF([2, 3, 3, 1], [-1, 0, 0, 0, 0, 0, 0])
    assert PCF("2n+1", "n^2") != PCF("2n+1", "n^2+1")
    assert PCF("2n+1", "n^2") != "PCF(2*n + 1, n^2)"
    assert str(PCF("2n+1", "n^2")) == "PCF(2*n + 1, n^2)"
    assert PCF("-n^2+3", 5).latex_polynomials() == ("-n^{2} + 3", "5")


def test_it_cannot_be_changed() -> None:
    a = fmpz_poly([1, 2])
    pcf = PCF(a, "n^2")
    key, hashed = pcf.key, hash(pcf)
    a[0] = 99
    pcf.a[0] = 77
    pcf.b[0] = 55
    assert pcf == PCF("2n+1", "n^2")
    assert (PCF(pcf.a, pcf.b).key, hash(pcf)) == (key, hashed)
    with pytest.raises(AttributeError, match="immutable"):
        pcf.a = a  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        pcf.extra = 1


@pytest.mark.parametrize(
    ("a", "b"), [("0", "n"), ("n", "0*n"), ([0, 0], [1]), ("n", [1.5]), ("m", "n"), (None, 1), ("n", "sin(n)")]
)
def test_what_is_no_fraction(a: Any, b: Any) -> None:
    with pytest.raises(InputError) as raised:
        PCF(a, b)
    assert "\n" not in str(raised.value)


def test_undefined_convergents_are_skipped_not_the_fraction() -> None:
    # a(0) = 0, a(1) = 0: the first convergent is b(1)/0.
    pcf = PCF("n^2-n", "n+1")
    with pytest.raises(NotConverging, match="n = 1 is undefined"):
        pcf.convergent(1)
    assert pcf.convergent(0) == 0
    assert pcf.convergent(2) == fmpq(4, 3)
    # Zeros of a further out are legitimate too: (n - 2) at n = 2.
    assert PCF("n-2", "1").value(30) is not None


def test_a_zero_of_a_at_the_start() -> None:
    with mpmath.workdps(50):
        assert abs(PCF("3n", "-2n^2+3n").value(45) - 2 / (mpmath.pi + 2)) < mpmath.mpf(10) ** -44


def test_degree_zero() -> None:
    with mpmath.workdps(50):
        assert abs(PCF(1, 1).value(45) - mpmath.phi) < mpmath.mpf(10) ** -44
        assert abs(PCF(-3, 5).value(45) + (3 + mpmath.sqrt(29)) / 2) < mpmath.mpf(10) ** -43


def test_value_does_not_depend_on_mpmaths_precision() -> None:
    with mpmath.workdps(5):
        low = PCF("2n+1", "n^2").value(60)
    with mpmath.workdps(100):
        assert abs(low - 4 / mpmath.pi) < mpmath.mpf(10) ** -59


def test_not_all_digits_can_be_had() -> None:
    with pytest.raises(NotConverging):
        PCF("n", 10**30).value(30)
