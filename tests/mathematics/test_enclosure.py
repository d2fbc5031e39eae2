"""Rigorous balls: they hold what they must, hold nothing false, and are refused where no theorem applies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flint import arb, ctx, fmpq, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.enclosure import MAX_DIGITS, enclose_pcf, enclose_signed
from constants_lab.errors import ConstantsLabError, InputError, NoEnclosure, NotConverging
from constants_lab.evidence import Level
from constants_lab.expressions import Identity, evaluate
from constants_lab.pcf import PCF
from constants_lab.polynomials import parse_polynomial
from constants_lab.series_sets import series_tail_set
from constants_lab.signed import SignedCF, convergent_of
from constants_lab.signed_form import expansion_from
from constants_lab.value_sets import TailSet, positive_from, simple_tail_set
from constants_lab.verification import Refuted, enclose

DATA = Path(__file__).parents[1] / "data"
KNOWN = json.loads((DATA / "known_pcf.json").read_text())["cases"]
KNOWN_SIGNED = json.loads((DATA / "known_signed.json").read_text())["cases"]
LHS = "({0}) + 1/10^{1}"

SLOW = [
    ("n^3 + (n+1)^3", "-n^6", "1/zeta(3)"),
    ("n^2 + (n+1)^2", "-n^4", "1/zeta(2)"),
    ("6", "(2n-1)^2", "pi + 3"),
    ("4n^3 + 6n^2 + 4n + 1", "-4n^6", "2/(7*zeta(3))"),
    ("-n^3 - (n+1)^3", "-n^6", "-1/zeta(3)"),
]
"""Convergence by a power of n, or slower."""


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case["lhs"])
@pytest.mark.parametrize("digits", [105, 400])
def test_known_formulas(case: dict, digits: int) -> None:
    pcf = PCF(case["a"], case["b"])
    found = enclose_pcf(pcf.a, pcf.b, digits)
    assert found.digits >= digits
    assert found.ball.rad() < arb(10) ** -digits
    assert found.ball.contains(evaluate(case["lhs"], 2 * digits + 10))
    assert found.theorem
    assert not found.ball.overlaps(evaluate(LHS.format(case["lhs"], 60), 300))


@pytest.mark.parametrize("case", KNOWN_SIGNED, ids=lambda case: case["lhs"])
def test_known_signed_formulas(case: dict) -> None:
    channels = ["+".join(f"({c})*m^{i}" for i, c in enumerate(reversed(p))) for p in case["a_interlaced_polys"]]
    cf = SignedCF(case["sign_period"], case["prefix"], channels)
    lhs = case["lhs"].replace("**", "^").replace("mpf(1)", "1")
    for digits in (105, 1000):
        ball = cf.enclosure(digits)
        assert ball.rad() < arb(10) ** -digits
        assert ball.contains(evaluate(lhs, 2 * digits))
    assert not cf.enclosure(105).overlaps(evaluate(LHS.format(lhs, 60), 300))


@pytest.mark.parametrize(("a", "b", "lhs"), SLOW)
def test_slow_fractions_by_their_series(a: str, b: str, lhs: str) -> None:
    pcf = PCF(a, b)
    found = enclose_pcf(pcf.a, pcf.b, 250)
    assert found.digits >= 250
    assert "series" in found.theorem
    assert found.ball.contains(evaluate(lhs, 600))


@pytest.mark.parametrize(
    ("a", "b", "theorem"),
    [
        ("2n+1", "n^2", "Seidel"),
        ("34n^3+51n^2+27n+5", "-n^6", "Worpitzky"),
        ("2n^2 - n", "-2", "Śleszyński"),
        ("3", "2n-1", "Seidel"),
        ("1", "1", "Seidel"),
        ("3", "-1", "Worpitzky"),
    ],
)
def test_the_theorem_is_named(a: str, b: str, theorem: str) -> None:
    pcf = PCF(a, b)
    found = enclose_pcf(pcf.a, pcf.b, 120)
    assert theorem in found.theorem
    assert theorem in found.method
    assert found.digits >= 120


def test_slower_than_every_power() -> None:
    """The convergents are inverse harmonic numbers, 1/(1 + 1/2 + ... + 1/(n+1))."""
    ball = PCF("2n+1", "-n^2").enclosure(105)
    assert ball.contains(0)
    assert ball.rad() < arb(10) ** -105


@pytest.mark.parametrize("b", ["10^10", "-10^10+1", "10^10-7"])
def test_slow_exponential_convergence(b: str) -> None:
    """x = a + b/x: millions of terms would be needed, and only the series of the tail is narrow enough."""
    a = "1" if b == "10^10" else "2*10^5"
    pcf = PCF(a, b)
    ball = pcf.enclosure(105)
    root = int(pcf.a[0])
    with ctx.workprec(2000):
        assert ball.contains((root + (arb(root) ** 2 + 4 * int(pcf.b[0])).sqrt()) / 2)
    assert ball.rad() < arb(10) ** -105


def test_periodic_and_sign_changed_fractions() -> None:
    assert PCF("1", "1").enclosure(300).contains(evaluate("phi", 700))
    assert PCF("-1", "1").enclosure(300).contains(evaluate("-phi", 700))
    assert PCF("2", "-1").enclosure(100).contains(1)


def test_zeros_and_changes_of_sign_in_front_do_no_harm() -> None:
    """Of a(n) = n - 3 three are not positive and one is zero, and b changes its sign at n = 5/2."""
    for pcf in (PCF("n-3", "1"), PCF("n-2", "2n-5"), PCF("n^2-4", "7-2n"), PCF("n-300", "1")):
        ball = pcf.enclosure(110)
        deep = pcf.convergent(900)
        assert ball.rad() < arb(10) ** -110
        with ctx.workprec(4000):
            assert abs(ball - arb(deep)) < arb(10) ** -109


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ("n+1", "n-3", "ends at n = 3"),
        ("n+1", "n^2-n", "ends at n = 1"),
        ("1", "n^3", "deg b <= 2 deg a"),
        ("n", "-n^2", "4|b(n)| <= a(n)a(n-1)"),
        ("n", "-n^3-1", "4|b(n)| <= a(n)a(n-1)"),
        ("2", "-n-1", "4|b(n)| <= a(n)a(n-1)"),
        ("2n+1", "-n^2-n-1", "4|b(n)| <= a(n)a(n-1)"),
        ("-n-1", "-n-1", "q_n"),
        ("n - 10^30", "1", "only"),
    ],
)
def test_what_has_no_ball_is_refused_by_name(a: str, b: str, reason: str) -> None:
    with pytest.raises(NoEnclosure) as caught:
        PCF(a, b).enclosure(105)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_short_ball_is_honest() -> None:
    """Too slow for the digits asked, and for a series as long as they would need."""
    pcf = PCF("n^3 + (n+1)^3", "-n^6")
    found = enclose_pcf(pcf.a, pcf.b, 20_000)
    assert 5 <= found.digits < 20
    assert found.ball.overlaps(evaluate("1/zeta(3)", 100))
    with pytest.raises(NoEnclosure, match="decimal places"):
        enclose(pcf, Identity.parse("1/zeta(3)"), 20_000)


@pytest.mark.parametrize("digits", [0, -1, True, 2.5, MAX_DIGITS + 1])
def test_digits_are_checked(digits: object) -> None:
    with pytest.raises(InputError):
        PCF("1", "1").enclosure(digits)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        SignedCF([1], [], ["1"]).enclosure(digits)  # type: ignore[arg-type]


# Random fractions

polynomials = st.lists(st.integers(-6, 6), min_size=1, max_size=4).filter(any)


def checked(pcf: PCF, digits: int) -> None:
    """The ball is narrow, consistent at other digits, and holds what numeric evaluation finds."""
    try:
        found = enclose_pcf(pcf.a, pcf.b, digits)
    except NoEnclosure:
        if pcf.asymptotics.regime not in ("divergent", "finite"):
            with pytest.raises(NotConverging):
                pcf.evaluate(digits)
        return
    assert pcf.asymptotics.regime not in ("divergent", "finite")
    assert found.digits >= digits
    assert found.ball.overlaps(enclose_pcf(pcf.a, pcf.b, 2 * digits + 7).ball)
    try:
        numeric = pcf.evaluate(digits)
    except NotConverging:
        return
    with ctx.workprec(8 * digits + 100):
        gap = abs(numeric.value - found.ball).lower()
        assert gap <= (1 + abs(numeric.value)) * arb(10) ** (2 - numeric.digits)


@settings(max_examples=120, deadline=None)
@given(polynomials, polynomials)
def test_random_fractions(a: list[int], b: list[int]) -> None:
    checked(PCF(a, b), 40)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-6, 6), min_size=1, max_size=3), st.integers(1, 3), st.lists(st.integers(-4, 4), max_size=4)
)
def test_random_double_roots(rest: list[int], half: int, change: list[int]) -> None:
    """b near -a(n) a(n-1)/4, where the two solutions of the recurrence have nearly the same size."""
    a = fmpz_poly([*rest, 2 * half])
    product = a * a(fmpz_poly([-1, 1]))
    b = fmpz_poly([-(int(c) // 4) for c in product.coeffs()]) + fmpz_poly(change[: max(0, 2 * len(rest) - 1)])
    assume(b != 0)
    checked(PCF(a, b), 30)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-6, 6), min_size=1, max_size=3), st.integers(1, 9), st.data())
def test_random_polynomial_convergence_of_positive_terms(a: list[int], lead: int, data: st.DataObject) -> None:
    assume(a[0] != 0)
    rest = data.draw(st.lists(st.integers(-5, 5), min_size=2 * len(a), max_size=2 * len(a)))
    checked(PCF(a, [lead, *rest]), 30)


channel_texts = st.tuples(st.integers(-1, 3), st.integers(-3, 6)).map(lambda c: f"{c[0]}*m + {c[1]}")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([1, -1]), min_size=1, max_size=3),
    st.lists(st.integers(-4, 9), max_size=3),
    st.lists(channel_texts, min_size=1, max_size=3),
)
def test_random_signed_patterns(signs: list[int], prefix: list[int], channels: list[str]) -> None:
    cf = SignedCF(signs, prefix, channels)
    try:
        ball = cf.enclosure(60)
    except NoEnclosure:
        return
    assert ball.rad() < arb(10) ** -60
    assert ball.overlaps(cf.enclosure(150))
    p, _, q, _ = convergent_of(cf.quotients(4000), cf.signs)
    assume(q != 0)
    with ctx.workprec(400):
        # Quotients 2 before minus signs alone converge like 1/n.
        assert abs(arb(p) / q - ball).lower() < arb("0.01") * (1 + abs(ball))
    if cf.is_expansion():
        with ctx.workprec(400):
            assert abs(cf.evaluate(60)[0] - ball).lower() < arb(10) ** -59


def test_signed_patterns_whose_rule_starts_late_or_mirrored() -> None:
    regular = SignedCF([1], [], ["2m+1"])
    late = SignedCF([1], [5, -7, 0, 3], ["m - 4", "1"])
    assert expansion_from(late.signs, 4, late.channels) == 4 + 2 * 5
    assert late.enclosure(105).rad() < arb(10) ** -105
    mirror = SignedCF([1], [], ["-2m-1"])
    assert (-mirror.enclosure(105)).overlaps(regular.enclosure(105))
    # a_0 + 1/(-a_1 + 1/(a_2 + ...)) has minus signs once its quotients are made positive.
    mixed = SignedCF([1], [], ["4m+3", "-4m-5"])
    assert mixed.enclosure(105).overlaps(SignedCF([-1], [], ["2m+3"]).enclosure(105))
    runs = SignedCF([-1], [], ["3*m+2", "run(2, m)"])
    assert runs.enclosure(105).overlaps(runs.evaluate(105)[0])


@pytest.mark.parametrize(
    ("signs", "channels"),
    [
        ([-1], ["1"]),
        ([1], ["0", "m"]),
        ([-1, 1], ["1", "m+2"]),
        ([-1], ["run(1, m+1)", "m+2"]),
        ([1], ["recurrence(1, -1, 1)"]),
        ([1], ["run(2, 0)"]),
        ([1], ["run(2, 3-m)", "2"]),
        ([1], ["m/2"]),
    ],
)
def test_signed_patterns_without_a_rule_are_refused(signs: list[int], channels: list[str]) -> None:
    with pytest.raises(NoEnclosure) as caught:
        SignedCF(signs, [], channels).enclosure(105)
    assert "\n" not in str(caught.value)


# The inequalities


@settings(max_examples=100)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=6).filter(lambda c: c[-1] > 0))
def test_positive_from(coefficients: list[int]) -> None:
    p = fmpz_poly(coefficients)
    first = positive_from(p)
    assert first is not None
    assert all(p(n) > 0 for n in range(first, first + 50))
    assert positive_from(-p) is None


def satisfied(a: fmpz_poly, b: fmpz_poly, tails: TailSet, n: int) -> bool:
    """s_n(V(n)) in V(n-1), or two steps of it, in rational arithmetic."""

    def value(bound: tuple[fmpz_poly, fmpz_poly], k: int) -> fmpq:
        return fmpq(bound[0](k), bound[1](k))

    assert tails.high is not None
    ends = [value(tails.low, n), value(tails.high, n)]
    for k in range(n, n - tails.every, -1):
        ends = [fmpq(b(k)) / (fmpq(a(k)) + w) for w in ends]
    before = n - tails.every
    return all(value(tails.low, before) <= w <= value(tails.high, before) for w in ends)


@pytest.mark.parametrize(("a", "b"), [("3n+1", "-n^2+n+7"), ("34n^3+51n^2+27n+5", "-n^6"), ("n-9", "-5")])
def test_simple_tail_sets_are_mapped_into_each_other(a: str, b: str) -> None:
    p, q = parse_polynomial(a), parse_polynomial(b)
    tails = simple_tail_set(p, q)
    assert all(satisfied(p, q, tails, n) for n in range(tails.start + 1, tails.start + 60))


@pytest.mark.parametrize(("a", "b"), [(a, b) for a, b, _ in SLOW if a[0] != "-"] + [("2", "2n^2+1")])
def test_series_tail_sets_are_mapped_into_each_other(a: str, b: str) -> None:
    p, q = parse_polynomial(a), parse_polynomial(b)
    tails = series_tail_set(p, q, 20, 600, 90)
    assert tails is not None
    first = tails.start + tails.every
    assert all(satisfied(p, q, tails, n) for n in [*range(first, first + 40), 10**4, 10**6, 10**9])
    # Too narrow for so short a series.
    assert series_tail_set(p, q, 20, 600, 400) is None


# The level


@pytest.mark.parametrize("digits", [1, 100, 500])
def test_enclosed(digits: int) -> None:
    record = enclose(PCF("2n+1", "n^2"), Identity.parse("4/pi"), digits)
    assert record.level is Level.ENCLOSED
    assert record.digits == max(digits, 100)
    assert "Seidel" in record.method
    with ctx.workprec(2000):
        ball = arb(record.detail)
    assert ball.rad() < arb(10) ** -max(digits, 100)
    assert ball.contains(evaluate("4/pi", 2 * max(digits, 100)))


def test_signed_fractions_are_enclosed_too() -> None:
    cf = SignedCF([1], [], ["4m+2"])
    record = enclose(cf, Identity.parse("(e+1)/(e-1)"), 300)
    assert (record.level, record.digits) == (Level.ENCLOSED, 300)
    with pytest.raises(Refuted):
        enclose(cf, Identity.parse("(e+1)/(e-1) + 1/10^90"), 100)


@pytest.mark.parametrize("places", [10, 60, 99])
@pytest.mark.parametrize(("a", "b"), [("2n+1", "n^2"), ("n^3 + (n+1)^3", "-n^6")])
def test_the_truth_and_a_little_more_is_refuted(a: str, b: str, places: int) -> None:
    name, top = ("pi", 4) if a == "2n+1" else ("zeta(3)", 1)
    false = Identity(name, [[1, top * 10**places], [10**places, 0]])
    with pytest.raises(Refuted, match="outside") as caught:
        enclose(PCF(a, b), false, 110)
    record = caught.value.record
    assert record.level is Level.REFUTED
    assert abs(record.digits - places) <= 1


def test_what_cannot_be_told_from_chance_is_not_enclosed() -> None:
    nudged = Identity("pi", [[1, 4 * 10**300], [10**300, 0]])
    with pytest.raises(NoEnclosure, match="chance"):
        enclose(PCF("2n+1", "n^2"), nudged, 100)
    with pytest.raises(Refuted):
        enclose(PCF("2n+1", "n^2"), nudged, 400)


@pytest.mark.parametrize(("a", "b"), [("n", "-n^2"), ("-n-1", "-n-1"), ("n+1", "n-3"), ("1", "n^3")])
def test_what_has_no_value_is_not_enclosed(a: str, b: str) -> None:
    with pytest.raises(NoEnclosure):
        enclose(PCF(a, b), Identity.parse("4/pi"), 100)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=4, max_size=4))
def test_other_moebius_images_are_refuted(row: list[int]) -> None:
    try:
        identity = Identity("pi", [row[:2], row[2:]])
    except ConstantsLabError:
        return
    assume(identity != Identity.parse("4/pi"))
    with pytest.raises(Refuted):
        enclose(PCF("2n+1", "n^2"), identity, 100)


def test_a_small_value_is_enclosed_by_its_significant_digits() -> None:
    pcf = PCF(f"{10**40}*(2n+1)", f"{10**80}*n^2")
    inverse = Identity("pi", [[0, 4 * 10**40], [1, 0]])
    record = enclose(pcf, inverse, 100)
    assert record.digits == 100
    assert enclose_signed(SignedCF([1], [0, 10**40], ["1"]), 150).ball.rad() < arb(10) ** -150
