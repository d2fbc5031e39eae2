"""The second opinion: true identities pass in every regime, false ones do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.constants import catalogue, constant
from constants_lab.crosscheck import check_identity, check_signed
from constants_lab.errors import InputError, NotConverging, VerificationFailed
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.quotients import regular_quotients
from constants_lab.signed import SignedCF

CASES = json.loads((Path(__file__).parents[1] / "data" / "known_pcf.json").read_text())["cases"]

TRUE = [
    # (a, b, left-hand side, digits that the fraction must give)
    ("n+3", "-n", "e", 100),
    ("2n+1", "n^2", "4/pi", 100),
    ("-2n-1", "n^2", "-4/pi", 100),
    ("3n", "-2n^2+3n", "2/(pi+2)", 100),
    ("1", "n+1", "mills(1)/(1-mills(1))", 40),
    ("2", "n^2", "2/(4-pi)", 10),
    ("4", "n^2", "6/(3*pi-8)", 10),
    ("20", "n^2", None, 10),
    ("2", "(2n-1)^2", "(pi+4)/pi", 8),
    ("n^3+(n+1)^3", "-n^6", "1/zeta(3)", 10),
    ("n^2+(n+1)^2", "-n^4", "1/zeta(2)", 8),
]


@pytest.mark.parametrize(("a", "b", "lhs", "digits"), [row for row in TRUE if row[2]], ids=lambda x: str(x))
def test_true_identities(a: str, b: str, lhs: str, digits: int) -> None:
    found = check_identity(PCF(a, b), Identity.parse(lhs))
    assert found.lhs_digits in (None, 100)
    assert found.value_digits >= digits


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["lhs"])
def test_published_formulas(case: dict[str, Any]) -> None:
    pcf, identity = PCF(case["a"], case["b"]), Identity.parse(case["lhs"])
    found = check_identity(pcf, identity)
    assert found.lhs_digits == 100
    assert found.value_digits >= (10 if pcf.asymptotics.regime == "polynomial" else 99)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([row for row in TRUE if row[2]]),
    st.lists(st.integers(-2, 2), min_size=4, max_size=4).filter(any),
)
def test_a_perturbed_matrix_is_refused_in_every_regime(row: tuple[str, str, str, int], change: list[int]) -> None:
    a, b, lhs, _ = row
    true = Identity.parse(lhs)
    entries = [x + y for x, y in zip(true.coefficients, change, strict=True)]
    try:
        false = Identity(true.constant, [entries[:2], entries[2:]])
        false.value(20)
    except InputError:
        return
    if false == true:
        return
    with pytest.raises(VerificationFailed):
        check_identity(PCF(a, b), false)


def test_a_difference_far_out_is_seen() -> None:
    nudged = Identity("pi", [[1, 4 * 10**60], [10**60, 0]])
    with pytest.raises(VerificationFailed, match=r"only (59|60|61) digits"):
        check_identity(PCF("2n+1", "n^2"), nudged)


@pytest.mark.parametrize(("power", "digits"), [("1", 4), ("3", 6)])
def test_powers_that_are_not_whole(power: str, digits: int) -> None:
    """PCF(p, 4n^2) converges like n^(-p/2), so the error has the exponents p/2, p, 3p/2, ... and whole steps below."""
    pcf = PCF(power, "4n^2")
    assert pcf.asymptotics.rate == int(power) / 2
    value = pcf.evaluate(60)
    # A left-hand side of large height stands for the value: pi times a rational near value/pi.
    numerator = int((value.value * 10**40).mid().fmpq().floor())
    identity = Identity("pi", [[1, numerator * 10**20], [0, 10**60]])
    found = check_identity(pcf, identity)
    assert found.value_digits >= digits


def test_cancellation_in_the_left_hand_side_is_no_disagreement() -> None:
    """A matrix of large height whose numerator is small: the digits lost there must not look like a contradiction."""
    # p/q: a convergent of pi's simple continued fraction, so p - q pi is about 1/q.
    p, q = 428224593349304, 136308121570117
    tail = Identity("pi", [[-q, p], [0, 1]])
    assert abs(tail.value(30)) < 10**-13
    with pytest.raises(VerificationFailed, match="mpmath finds only"):
        check_identity(PCF("2n+1", "n^2"), tail)


def test_divergent_and_finite_fractions() -> None:
    identity = Identity("pi", [[0, 4], [1, 0]])
    with pytest.raises(NotConverging, match="diverges"):
        check_identity(PCF("n", "-n^2"), identity)
    with pytest.raises(VerificationFailed):
        check_identity(PCF("n+1", "n-3"), identity)


def test_a_constant_that_sympy_lacks() -> None:
    found = check_identity(PCF("n", "1"), Identity("besseli_ratio(0,2)", [[1, 0], [0, 1]]))
    assert found.value_digits == 100


class TestSigned:
    def test_true_identities_pass(self) -> None:
        for cf, number, matrix, lhs in (
            (SignedCF([1], [2], ["1", "2m+2", "1"]), "e", [[1, 0], [0, 1]], "e"),
            (SignedCF([-1], [3, 4], ["3", "run(2, 4m+3)", "3", "4m+8"]), "e", [[1, 0], [0, 1]], "e"),
            (SignedCF([1], [], ["4m+2"]), "e", [[1, 1], [1, -1]], "(e + 1)/(e - 1)"),
            (SignedCF([1], [], ["2m+1"]), "e", [[1, 0, 1], [1, 0, -1]], "(e^2 + 1)/(e^2 - 1)"),
            (SignedCF([1], [], ["m"]), "besseli_ratio(0,2)", [[1, 0], [0, 1]], "besseli_ratio(0,2)"),
            (SignedCF([1], [2], ["2", "4"]), "sqrt(2)*sqrt(3)", [[1, 0], [0, 1]], "sqrt(2)*sqrt(3)"),
        ):
            assert check_signed(cf, number, matrix, lhs).value_digits >= 98

    def test_small_and_large_numbers_keep_their_digits(self) -> None:
        for whole in (10**20, 10**60):
            matrix = [[0, 1], [1, whole]]
            cf = SignedCF([1], [0, whole + 2], ["1", "2m+2", "1"])
            assert check_signed(cf, "e", matrix, f"1/(e + {whole})").value_digits >= 98

    @pytest.mark.parametrize(
        ("cf", "lhs"),
        [
            (SignedCF([1], [2], ["1", "2m+2", "2"]), "e"),
            (SignedCF([1], [2, *[1, 2, 1, 1, 4, 1, 1, 6, 1, 1, 8, 1, 1, 10, 1, 1, 12, 1, 1, 14, 1]], ["7"]), "e"),
            (SignedCF([-1], [3, 4], ["3", "run(2, 4m+3)", "3", "4m+9"]), "e"),
        ],
    )
    def test_false_ones_do_not(self, cf: SignedCF, lhs: str) -> None:
        with pytest.raises(VerificationFailed, match=r"agree on only \d+ digits of e"):
            check_signed(cf, "e", [[1, 0], [0, 1]], lhs)

    def test_a_constant_that_sympy_lacks_is_compared_with_flint(self) -> None:
        name = next(c.name for c in catalogue() if c.sympy() is None)
        quotients = regular_quotients(constant(name).ball, 150)
        cf = SignedCF([1], quotients[:150], ["1"])
        found = check_signed(cf, name, [[1, 0], [0, 1]], name)
        assert found.lhs_digits is None
        assert found.value_digits == 100
        with pytest.raises(VerificationFailed):
            check_signed(SignedCF([1], quotients[:20], ["1"]), name, [[1, 0], [0, 1]], name)


def test_a_signed_fraction_is_checked_where_sympy_has_no_constant() -> None:
    """FLINT's value of the left-hand side then stands for SymPy's: [2, 6, 10, ...] is coth(1/2), not Khinchin's constant."""
    with pytest.raises(VerificationFailed, match="khinchin"):
        check_signed(SignedCF([1], [], ["4m+2"]), "khinchin", [[1, 0], [0, 1]], "khinchin")
