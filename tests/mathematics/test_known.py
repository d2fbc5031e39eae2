"""The table of published formulas and the families: every left-hand side to 50 digits, every relation exact."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from fractions import Fraction
from math import lcm
from pathlib import Path

import mpmath
import pytest
from flint import fmpq, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab import expressions
from constants_lab.balls import agreeing_digits
from constants_lab.errors import NotConverging
from constants_lab.expressions import Identity
from constants_lab.known import KnownFormula, Relationship, known_formulas, relation_to_known
from constants_lab.pcf import PCF
from constants_lab.polynomials import integer_roots, shift
from constants_lab.verification import agreement

DATA = Path(__file__).parents[1] / "data"
TABLE = known_formulas()
ENTRIES = st.sampled_from(TABLE)
NONZERO = st.integers(-5, 5).filter(bool)
FACTORS = st.builds(lambda lead, rest: fmpz_poly([*rest, lead]), NONZERO, st.lists(st.integers(-4, 4), max_size=2))
# Factors c that may be put in: no zeros at n >= 0.
INFLATIONS = FACTORS.filter(lambda c: all(root < 0 for root, _ in integer_roots(c)))


def inflated(a: fmpz_poly, b: fmpz_poly, c: fmpz_poly) -> PCF:
    return PCF(c * a, c * shift(c, -1) * b)


def tail(pcf: PCF, k: int) -> PCF:
    return PCF(shift(pcf.a, k), shift(pcf.b, k))


def related(pcf: PCF) -> Relationship:
    found = relation_to_known(pcf)
    assert found is not None
    return found


def agrees(pcf: PCF, lhs: str, digits: int = 50) -> bool:
    # Guard digits: values near 1000 lose three, and fractions of a class may cancel against a head.
    return agreeing_digits(pcf.evaluate(digits + 10).value, expressions.evaluate(lhs, digits + 20), 400) >= digits


def moebius(matrix: tuple[int, int, int, int] | None, value: fmpq) -> fmpq:
    assert matrix is not None
    p, q, r, s = matrix
    return (p * value + q) / (r * value + s)


# --- the table -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", TABLE, ids=str)
def test_every_entry_holds_to_50_digits(formula: KnownFormula) -> None:
    identity = Identity.parse(formula.lhs)
    assert identity.constant == formula.constant
    assert agreement(formula.pcf.evaluate(55), identity, 55) >= 50


def test_every_entry_is_there_once_and_has_a_source() -> None:
    assert len(TABLE) > 100
    assert len({formula.pcf.key for formula in TABLE}) == len(TABLE)
    for formula in TABLE:
        assert any(mark.isdigit() for mark in formula.source), formula
        assert formula.pcf.class_key is not None


@pytest.mark.parametrize(("name", "field"), [("known_pcf", "lhs"), ("dynamics", "constant")])
def test_the_formulas_of_the_shared_cases_are_known(name: str, field: str) -> None:
    cases = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    named = [case for case in cases if case[field] not in ("none", "rational")]
    assert len(named) >= 33
    for case in named:
        assert related(PCF(case["a"], case["b"])).kind == "known", case


# --- relations -----------------------------------------------------------------------------------------------------


@given(ENTRIES)
def test_an_entry_is_known(formula: KnownFormula) -> None:
    found = related(formula.pcf)
    assert (found.kind, found.formula, found.matrix, found.lhs) == ("known", formula, (1, 0, 0, 1), formula.lhs)


@given(ENTRIES, INFLATIONS)
def test_inflations_are_recognised(formula: KnownFormula, c: fmpz_poly) -> None:
    pcf = inflated(formula.pcf.a, formula.pcf.b, c)
    found = related(pcf)
    # Some entries are rational multiples of each other, and equal numbers come first.
    assert found.kind == ("known" if pcf.key in {entry.pcf.key for entry in TABLE} else "inflation")
    assert found.matrix is not None
    assert found.matrix[1:3] == (0, 0)
    if found.formula == formula:
        assert fmpq(found.matrix[0], found.matrix[3]) == fmpq(c(0))


@settings(max_examples=40, deadline=None)
@given(ENTRIES, st.integers(1, 5), INFLATIONS)
def test_tails_are_recognised_with_their_values(formula: KnownFormula, k: int, c: fmpz_poly) -> None:
    pcf = tail(formula.pcf, k)
    pcf = inflated(pcf.a, pcf.b, c)
    found = related(pcf)
    assert found.kind in ("known", "inflation", "tail", "extension")
    if found.lhs is None:
        assert found.matrix is not None
        assert max(map(abs, found.matrix)) > 10**12
    else:
        assert agrees(pcf, found.lhs)


@settings(max_examples=60)
@given(ENTRIES, st.integers(-4, 4), INFLATIONS)
def test_the_matrix_carries_convergents_to_convergents(formula: KnownFormula, k: int, c: fmpz_poly) -> None:
    """The m-th convergent of the one is the map of the (m + k)-th of the other, exactly."""
    pcf = tail(formula.pcf, k)
    pcf = inflated(pcf.a, pcf.b, c)
    assume(pcf.class_key is not None)
    found = related(pcf)
    assume(found.formula == formula)
    # A fraction of constants, in canonical form, is its own tail: there the offset is 0.
    least = formula.pcf.canonical()
    offset = 0 if least.a.degree() == least.b.degree() == 0 else k
    compared = 0
    for m in range(14, 18):
        # An undefined convergent on either side is skipped; of two in a row at least one is defined.
        with suppress(NotConverging, ZeroDivisionError):
            assert pcf.convergent(m) == moebius(found.matrix, formula.pcf.convergent(m + offset))
            compared += 1
    assert compared


@pytest.mark.parametrize(
    ("a", "b", "kind", "lhs"),
    [
        ("2n+1", "n^2", "known", "4/pi"),
        ("(n+1)*(2n+1)", "(n+1)*n^3", "known", "4/pi"),
        ("-4n-2", "4n^2", "inflation", "-8/pi"),
        ("34n^3+153n^2+231n+117", "-(n+1)^6", "tail", "zeta(3)/(5*zeta(3) - 6)"),
        ("11n^2-11n+3", "(n-1)^4", None, ""),
        ("34n^3-51n^2+27n-5", "-(n-1)^6", None, ""),
        ("n", "n+3", None, ""),
        ("n-2", "n-2/1", None, ""),
        ("n-6", "1", "extension", None),
        ("3n^2+3n+1", "n^6+1", None, ""),
    ],
)
def test_examples(a: str, b: str, kind: str | None, lhs: str | None) -> None:
    found = relation_to_known(PCF(a, b))
    assert (found.kind if found else None) == kind
    if found and lhs is not None:
        assert found.lhs == lhs


def test_a_far_tail_is_recognised_but_not_multiplied_out() -> None:
    found = related(tail(PCF("2n+1", "n^2"), 10**9))
    assert (found.kind, found.matrix, found.lhs) == ("tail", None, None)
    assert str(10**9) in found.detail


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=4), st.lists(st.integers(-9, 9), min_size=6, max_size=6))
def test_a_random_fraction_is_not_known(a: list[int], b: list[int]) -> None:
    """b is not a power up to a factor, nor does it share the few forms in the table."""
    numerator = fmpz_poly([*b, 7]) * fmpz_poly([1, 0, 1])
    assert relation_to_known(PCF(fmpz_poly([*a, 5]), numerator)) is None


def test_a_finite_fraction_is_not_known() -> None:
    assert relation_to_known(PCF("2n+1", "(n-3)^2")) is None


# --- families ------------------------------------------------------------------------------------------------------

POSITIVE = st.fractions(Fraction(1, 4), 6, max_denominator=4)
SIGNED = st.builds(lambda x, sign: sign * x, POSITIVE, st.sampled_from([1, -1]))
BELOW_ONE = st.fractions(Fraction(1, 10), Fraction(9, 10), max_denominator=10)
Row = list[Fraction | int]


def rational(a: Row, b: Row) -> PCF:
    """PCF(a, b) for rational coefficients, highest degree first, with the denominators multiplied out."""
    d = lcm(*(Fraction(x).denominator for x in (*a, *b)))
    return PCF([int(d * x) for x in a], [int(d * d * x) for x in b])


FAMILIES = {
    "square root": st.builds(lambda x, y: ([x], [y]), POSITIVE, POSITIVE),
    "Mills' ratio": st.builds(lambda x: ([x], [1, 0]), POSITIVE),
    "quotient of 0F1": st.builds(lambda c, z: ([1, c], [z]), SIGNED, SIGNED),
    "exponential": st.builds(lambda c, z: ([1, c - z], [z, 0]), st.integers(1, 6), SIGNED),
    "Gamma": st.builds(lambda x, m: ([2 * x], [4, -4, 1 - m * m]), POSITIVE, POSITIVE.filter(lambda m: m % 2 != 1)),
    "digamma": st.builds(lambda x, j: ([x], [1, j, 0]), POSITIVE, st.sampled_from([0, 1])),
    "arctan": st.builds(lambda x: ([2, 1], [x * x, 0, 0]), POSITIVE),
    "logarithm": st.builds(lambda x: ([2, 1], [-x * x, 0, 0]), BELOW_ONE),
    "power": st.builds(
        lambda x, m: ([2, 1], [-x * x, 0, x * x * m * m]), BELOW_ONE, POSITIVE.filter(lambda m: m.denominator > 1)
    ),
    "exponential integral": st.builds(lambda z: ([2, 1 + z], [-1, 0, 0]), POSITIVE),
    "trigamma": st.builds(lambda x: ([2 * x, x], [1, 0, 0, 0, 0]), POSITIVE),
    "zeta(3, x)": st.builds(lambda x: ([2, 3, 3 + 4 * x * (x + 1), 1 + 2 * x * (x + 1)], [-1] + [0] * 6), POSITIVE),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_members_of_families_have_the_value_that_is_claimed(name: str) -> None:
    @settings(max_examples=12, deadline=None)
    @given(FAMILIES[name], st.integers(0, 2), st.sampled_from([1, 2, -3]))
    def check(rows: tuple[Row, Row], k: int, factor: int) -> None:
        pcf = tail(rational(*rows), k)
        pcf = inflated(pcf.a, pcf.b, fmpz_poly([factor]))
        assume(pcf.class_key is not None)
        found = related(pcf)
        # Poles of Gamma, and arguments beyond what the parser takes, leave the value without a text.
        if found.lhs is None:
            assert not found.formula.lhs or found.matrix is None or max(map(abs, found.matrix)) > 10**12
        else:
            assert agrees(pcf, found.lhs, 30)

    check()


@pytest.mark.parametrize("k", range(1, 7))
def test_sums_of_powers(k: int) -> None:
    alternating = PCF(f"5*((n+1)^{k} - n^{k})", f"25*n^{2 * k}")
    assert agrees(alternating, str(related(alternating).lhs))
    if k > 1:
        plain = PCF(f"n^{k} + (n+1)^{k}", f"-n^{2 * k}")
        assert related(plain).lhs == f"1/zeta({k})"
        assert agrees(plain, f"1/zeta({k})")


@settings(max_examples=25, deadline=None)
@given(SIGNED, SIGNED, st.fractions(-2, Fraction(2, 5), max_denominator=5).filter(bool))
def test_quotients_of_2f1_against_mpmath(B: Fraction, c: Fraction, z: Fraction) -> None:
    pcf = rational([1 - 2 * z, c - (B + 1) * z], [z * (1 - z), z * (1 - z) * B, 0])
    assume(pcf.class_key is not None and not (c.denominator == 1 and c <= 0))
    found = related(pcf)
    described = re.match(r"quotient of 2F1 \((\S+) over 2F1\(1, (\S+); (\S+); (\S+)\)\)", found.detail)
    if described is None:
        assert found.lhs is not None
        assert agrees(pcf, found.lhs, 30)
        return
    with mpmath.workdps(40):
        top, upper, lower, argument = (
            mpmath.mpf(x.numerator) / x.denominator for x in map(Fraction, described.groups())
        )
        value = top / mpmath.hyp2f1(1, upper, lower, argument)
        assert mpmath.almosteq(found.formula.pcf.value(30), value, mpmath.mpf(10) ** -25)


@pytest.mark.parametrize(
    ("a", "b", "family", "lhs"),
    [
        ("5n+1", "3", "quotient of 0F1", None),
        ("6n+3", "-4", "quotient of 0F1", "2/tan(2/3)"),
        ("7", "5", "square root", "(sqrt(69) + 7)/2"),
        ("5", "-6", "square root", "(5 + 1)/2"),
        ("n+7", "2n", "exponential function", None),
        ("22", "(2n-1)^2", "quotient of Gamma values", None),
        ("2n+1", "4n^2", "arctan", "2/atan(2)"),
        ("3n+9", "-2n^2+9n", "quotient of 2F1", None),
        ("n^6+(n+1)^6", "-n^12", "sum of powers", "1/zeta(6)"),
    ],
)
def test_examples_of_families(a: str, b: str, family: str, lhs: str | None) -> None:
    found = related(PCF(a, b))
    assert found.kind == "family"
    assert found.detail.startswith(family)
    assert any(mark.isdigit() for mark in found.formula.source)
    if lhs is not None:
        assert found.lhs == lhs


@pytest.mark.parametrize(("a", "b"), [("2", "-5"), ("n", "-n^2"), ("2n+1", "-n^2"), ("1", "-n^2"), ("2n+1", "-3n^2")])
def test_divergent_fractions_belong_to_no_family(a: str, b: str) -> None:
    assert relation_to_known(PCF(a, b)) is None
