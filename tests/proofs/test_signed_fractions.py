"""Signed fractions: certificates for known ones and for random tails of them; none for false claims."""

from __future__ import annotations

import json
from math import isqrt
from pathlib import Path

import pytest
from flint import fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.channels import PolynomialChannel
from constants_lab.expressions import Identity
from constants_lab.proofs import checker
from constants_lab.proofs.signed_fractions import period_matrix, prove_signed
from constants_lab.signed import SignedCF

Matrix = list[list[int]]


def known() -> list[tuple[SignedCF, str]]:
    """The collection of known signed fractions with their left-hand sides."""
    path = Path(__file__).parents[1] / "data" / "known_signed.json"
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    found = []
    for case in cases:
        channels = [
            PolynomialChannel(fmpq_poly([int(c) for c in reversed(coefficients)]))
            for coefficients in case["a_interlaced_polys"]
        ]
        lhs = case["lhs"].replace("exp(mpf(1)/2)", "exp(1/2)").replace("**", "^")
        found.append((SignedCF(case["sign_period"], case["prefix"], channels), lhs))
    return found


OTHERS = [
    # Period, constant; runs of 2 between minus signs; long periods; Bessel functions; quadratic irrationals.
    (SignedCF([1], [2], ["1", "2m+2", "1"]), "e"),
    (SignedCF([1], [1], ["6m+2", "1", "1"]), "exp(1/3)"),
    (SignedCF([1], [1], ["2m+1", "1"]), "tan(1)"),
    (SignedCF([1], [0, 1, 1], ["4m+4", "1"]), "tan(1/2)"),
    (SignedCF([-1], [1], ["3", "run(2, 4m+1)", "3", "4m+6"]), "1/(e - 1)"),
    (SignedCF([-1], [7, 2], ["5", "run(2, 2m+1)", "5", "2m+4"]), "2*e + 1"),
    (
        SignedCF(
            [-1],
            [1, 3, 2, 3, 2],
            ["5", "run(2, 3m)", "3", "12m+10", "3", "run(2, 3m+1)", "5", "3m+4", "3", "run(2, 12m+13)", "3", "3m+5"],
        ),
        "e^2/(2*e^2 - 2)",
    ),
    (SignedCF([1, 1, -1], [2, 1], ["4", "2m+2", "1", "4", "1", "2m+2"]), "2/(e - 2)"),
    (SignedCF([1, -1, 1], [4], ["3m+2", "12m+13", "1", "3m+4", "1", "1"]), "-2/(tan(1) - 2)"),
    (SignedCF([1], [], ["m+1"]), "1/besseli_ratio(0,2)"),
    (SignedCF([1], [], ["1"]), "phi"),
    (SignedCF([1], [1], ["2"]), "sqrt(2)"),
    (SignedCF([-1], [3], ["3", "6"]), "sqrt(7)"),
    (SignedCF([1], [2], ["1", "1", "1", "4"]), "sqrt(7)"),
    (SignedCF([-1, 1, 1], [], ["3", "2"]), "(15 + sqrt(435))/14"),
]


def matrix_of(claim: Identity) -> Matrix:
    return [[int(k) for k in row] for row in claim.matrix]


@pytest.mark.parametrize(("cf", "lhs"), known() + OTHERS, ids=str)
def test_known_signed_fractions_are_proved(cf: SignedCF, lhs: str) -> None:
    claim = Identity.parse(lhs)
    text = prove_signed(cf, claim.constant, matrix_of(claim))
    assert text is not None
    verdict = checker.check(text)
    assert verdict.digits >= 30
    assert "tietze" in verdict.theorems


@pytest.mark.parametrize(("cf", "lhs"), known()[::4] + OTHERS, ids=str)
@pytest.mark.parametrize("change", ["another entry", "tiny", "another constant"])
def test_false_claims_are_not_proved(cf: SignedCF, lhs: str, change: str) -> None:
    claim = Identity.parse(lhs)
    (p, q), (r, s) = matrix_of(claim)
    name = claim.constant
    if change == "another constant":
        name = "e" if name != "e" else "exp(1/2)"
    elif change == "tiny":
        # x + 10^-60
        p, q, r, s = p * 10**60 + r, q * 10**60 + s, r * 10**60, s * 10**60
    else:
        p, q = p + r, q + s
    assert prove_signed(cf, name, [[p, q], [r, s]]) is None


@pytest.mark.parametrize(
    "cf",
    [
        SignedCF([1], [], ["m^2+1"]),
        SignedCF([1], [], ["run(1, m+1)", "2"]),
        SignedCF([-1], [], ["run(3, m+1)", "2"]),
        SignedCF([1], [], ["recurrence(1, 2, 1)"]),
        SignedCF([-1], [], ["2"]),
        SignedCF([1], [], ["0"]),
        SignedCF([1], [], ["m", "-m"]),
        SignedCF([1, -1], [], ["1"]),
        SignedCF([1], [], ["1/2"]),
        SignedCF([1], list(range(1, 200)), ["2m+1", "1"]),
    ],
    ids=repr,
)
def test_what_there_is_no_theorem_for_is_not_proved(cf: SignedCF) -> None:
    assert prove_signed(cf, "e", [[1, 0], [0, 1]]) is None


@given(
    st.sampled_from(
        [
            ("exp(1/2)", SignedCF([1], [], ["8m+4"]), (1, 1, 1, -1)),
            ("e", SignedCF([1], [2], ["1", "2m+2", "1"]), (1, 0, 0, 1)),
            ("tan(1)", SignedCF([1], [1], ["2m+1", "1"]), (1, 0, 0, 1)),
            ("sqrt(3)", SignedCF([1], [1], ["1", "2"]), (1, 0, 0, 1)),
            ("e", SignedCF([-1], [], ["3", "run(2, 4m+1)", "3", "4m+6"]), (1, -1, 1, -2)),
        ]
    ),
    st.lists(st.tuples(st.integers(3, 30), st.sampled_from([1, -1])), max_size=4),
)
@settings(max_examples=25, deadline=None)
def test_other_beginnings_are_proved_too(
    case: tuple[str, SignedCF, tuple[int, int, int, int]], before: list[tuple[int, int]]
) -> None:
    """x -> k + s/x for every pair put before: what the whole is worth follows from what the tail is."""
    name, cf, (p, q, r, s) = case
    if any(sign != cf.signs[0] for _, sign in before):
        before = [(k, cf.signs[0]) for k, _ in before]
    for k, sign in reversed(before):
        p, q, r, s = k * p + sign * r, k * q + sign * s, p, q
    longer = SignedCF(cf.signs, [*(k for k, _ in before), *cf.prefix], cf.channels)
    text = prove_signed(longer, name, [[p, q], [r, s]])
    assert text is not None
    assert prove_signed(longer, name, [[p + r, q + s], [r, s]]) is None


@given(
    st.lists(st.sampled_from([1, -1]), min_size=1, max_size=3),
    st.lists(st.integers(2, 9), min_size=1, max_size=4),
)
@settings(max_examples=25, deadline=None)
def test_periodic_fractions_are_proved(signs: list[int], quotients: list[int]) -> None:
    """x = (w x + y)/(z x + v), the root of a quadratic equation that the period is read from."""
    cf = SignedCF(signs, [], [str(k) for k in quotients])
    w, y, z, v = (int(entry[0].p) for entry in period_matrix(cf))
    square = (w - v) ** 2 + 4 * y * z
    if square <= 0 or isqrt(square) ** 2 == square or square > 10**8:
        return
    root = next(k for k in range(isqrt(square), 0, -1) if square % (k * k) == 0)
    text = prove_signed(cf, f"sqrt({square // root**2})", [[root, w - v], [0, 2 * z]])
    assert text is not None


def test_the_shape_of_a_run_is_read_strictly() -> None:
    cf, lhs = OTHERS[4]
    claim = Identity.parse(lhs)
    text = prove_signed(cf, claim.constant, matrix_of(claim))
    assert text is not None
    whole = json.loads(text)
    period = whole["claim"]["fraction"]["period"]
    place = next(i for i, entry in enumerate(period) if len(entry) == 3)
    x, y, run = period[place]
    for length in (["4", "0"], ["4", "-1"], ["-4", "1"], ["0"], [], ["1"]):
        period[place] = [x, y, {"num": length, "den": ["1"]}]
        with pytest.raises(checker.Rejected):
            checker.check(json.dumps(whole))
    for changed in (
        [x, y, {"num": ["4", "1"], "den": ["2"]}],
        [x, "1", run],
        [{"num": ["3"], "den": ["1"]}, y, run],
        [x, y, run, run],
        [x],
    ):
        period[place] = changed
        with pytest.raises((checker.Rejected, checker.NotACertificate)):
            checker.check(json.dumps(whole))
    whole["claim"]["fraction"]["period"] = [[x, y, run]]
    with pytest.raises(checker.NotACertificate):
        checker.check(json.dumps(whole))


def test_a_run_is_only_of_pairs_that_a_power_is_known_of() -> None:
    """The rules agree with the product of the matrices only where Tietze's condition has been asked for."""
    run = {"num": ["1", "0"], "den": ["1"]}
    for x, y in (("3", "-1"), ("2", "1"), ("1", "-1")):
        target = {"head": [], "period": [[{"num": [x], "den": ["1"]}, y, run], [{"num": ["3"], "den": ["1"]}, "1"]]}
        with pytest.raises(checker.Rejected):
            checker.tietze(checker._shape(target))
