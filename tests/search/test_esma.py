"""The ESMA search from its specification to findings, against an evaluation that shares no code with the package."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from math import gcd
from pathlib import Path
from random import Random
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.db.records import Finding
from constants_lab.errors import InputError
from constants_lab.expressions import evaluate
from constants_lab.search.job import JobSpec
from constants_lab.search.methods import esma
from constants_lab.search.units import Unit, run_unit
from constants_lab.signed import SignedCF

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data" / "known_signed.json").read_text())[
    "cases"
]
E_OPTIONS: dict[str, Any] = {"constants": ["e"], "lhs": 2, "period": "1..3"}


@cache
def _found(options: str) -> tuple[Finding, ...]:
    space = esma.space(esma.Spec.model_validate_json(options))
    screened = esma.screen(space, 0, space.size)
    return tuple(finding for finding in map(esma.confirm, screened.candidates) if finding is not None)


def search(**options: Any) -> tuple[Finding, ...]:
    return _found(json.dumps(options, sort_keys=True))


def sequence(finding: Finding, count: int) -> list[int]:
    """The quotients of a record, from its text alone: channels in m, runs and recurrences."""
    out = list(finding.formula.prefix or [])
    m = 0
    while len(out) < count:
        for text in finding.formula.polynomials or []:
            run = re.fullmatch(r"run\((-?\d+), (.*)\)", text)
            if run:
                out += [int(run[1])] * number(run[2], m)
            else:
                out.append(number(text, m))
        m += 1
    return out[:count]


def number(text: str, m: int) -> int:
    assert re.fullmatch(r"[0-9m+*^()/ -]+", text)
    value = eval(text.replace("^", "**").replace("/", "//"), {"m": m})
    assert isinstance(value, int)
    return value


def value_of(finding: Finding, digits: int) -> mpmath.mpf:
    """p_n/q_n by the plain recurrence, with n doubled until two agree."""
    signs, count, before = finding.formula.signs or [], 64, None
    while True:
        quotients = sequence(finding, count)
        p, q, before_p, before_q = quotients[0], 1, 1, 0
        for i in range(1, count):
            s = signs[(i - 1) % len(signs)]
            p, before_p = quotients[i] * p + s * before_p, p
            q, before_q = quotients[i] * q + s * before_q, q
        value = mpmath.mpf(p) / q
        if before is not None and mpmath.almosteq(value, before, mpmath.mpf(10) ** -digits):
            return value
        before, count = value, 2 * count


VALUES: dict[str, Callable[[], Any]] = {"e": lambda: +mpmath.e, "e^2": lambda: mpmath.e**2}


def check(finding: Finding, digits: int = 1000) -> None:
    """The left-hand side, read with Python's own arithmetic, is the value of the fraction."""
    (claim,) = finding.identities
    with mpmath.workdps(digits + 15):
        lhs = eval(claim.lhs.replace("^", "**"), {"e": +mpmath.e})
        assert lhs > 0
        assert abs(value_of(finding, digits + 5) / lhs - 1) < mpmath.mpf(10) ** -digits, claim.lhs
        assert mpmath.nstr(lhs, 50)[:40] == (finding.formula.value or "")[:40]


def pairs(findings: tuple[Finding, ...]) -> set[tuple[str, tuple[int, ...]]]:
    return {(f.identities[0].lhs, tuple(f.formula.signs or [])) for f in findings}


def test_e_has_a_pattern_in_nearly_all_pairs() -> None:
    found = search(**E_OPTIONS)
    assert len(pairs(found)) == len(found) >= 1000
    assert len({lhs for lhs, _ in pairs(found)}) == 112
    by_pair = {(f.identities[0].lhs, tuple(f.formula.signs or [])): f for f in found}
    assert sequence(by_pair["e", (1,)], 9) == [2, 1, 2, 1, 1, 4, 1, 1, 6]
    assert sequence(by_pair["1/(e - 1)", (1,)], 9) == [0, 1, 1, 2, 1, 1, 4, 1, 1]
    assert sequence(by_pair["(e + 1)/(e - 1)", (1,)], 5) == [2, 6, 10, 14, 18]
    assert sequence(by_pair["e", (-1,)], 17) == [3, 4, 3, 2, 2, 2, 3, 8, 3, 2, 2, 2, 2, 2, 2, 2, 3]
    assert all(f.identities[0].evidence.digits >= 1000 for f in found)
    assert all((f.identities[0].evidence.significance or 0) >= 20 for f in found)


def test_a_sample_is_true_to_a_thousand_digits() -> None:
    for finding in Random(42).sample(search(**E_OPTIONS), 110):
        check(finding)


@pytest.mark.slow
def test_all_are_true_to_a_thousand_digits() -> None:
    for finding in search(**E_OPTIONS):
        check(finding)


def test_left_hand_sides_are_bounded_and_distinct() -> None:
    values = {f.formula.value for f in search(**E_OPTIONS)}
    assert len(values) == 112
    for finding in search(**E_OPTIONS):
        entries = [int(k) for row in finding.identities[0].matrix for k in row]
        assert max(map(abs, entries)) <= 2
        assert gcd(*entries) == 1


def test_companions_are_polynomial_fractions_of_the_same_number() -> None:
    with_one = [f for f in search(**E_OPTIONS) if f.companions]
    assert len(with_one) > 300
    for finding in Random(1).sample(with_one, 40):
        (companion,) = finding.companions
        (a, b), (c, d) = ([int(k) for k in row] for row in companion.matrix)
        with mpmath.workdps(60):
            y = mpmath.mpf(companion.formula.value or "")
            assert mpmath.almosteq((a * y + b) / (c * y + d), mpmath.mpf(finding.formula.value or ""), 1e-40)
            lhs = eval(companion.identities[0].lhs.replace("^", "**"), {"e": +mpmath.e})
            assert mpmath.almosteq(lhs, y, mpmath.mpf(10) ** -50)


def integers(text: str) -> list[int]:
    """The four integers of a left-hand side such as (2*e+(2))/(1*e+(-1))."""
    return [int(k) for k in re.findall(r"\(?(-?\d+)(?=\*|\))", text.replace("(mpf(1)/2)", "").replace("**2", ""))]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['constant']}: {c['lhs']} {c['sign_period']}")
def test_known_fractions_are_found(case: dict[str, Any]) -> None:
    """By the smallest search that has them in it."""
    coefficients = integers(case["lhs"])
    assert len(coefficients) == 4
    signs = case["sign_period"]
    found = search(constants=[case["constant"]], lhs=max(map(abs, coefficients)), period=str(len(signs)))
    (hit,) = [f for f in found if f.formula.signs == signs and sequence(f, 12) == case["first_terms"]]
    with mpmath.workdps(60):
        c = {"e": mpmath.e, "e^2": mpmath.e**2, "sqrt(e)": mpmath.sqrt(mpmath.e)}[case["constant"]]
        a, b, k, d = coefficients
        assert mpmath.almosteq(
            mpmath.mpf(hit.formula.value or ""), abs((a * c + b) / (k * c + d)), mpmath.mpf(10) ** -50
        )
        mantissa, exponent = evaluate(hit.identities[0].lhs, 60).mid().man_exp()
        assert mpmath.almosteq(mpmath.ldexp(int(mantissa), int(exponent)), mpmath.mpf(hit.formula.value or ""), 1e-50)
    assert hit.formula.prefix == case["prefix"]
    assert len(hit.formula.polynomials or []) == len(case["a_interlaced_polys"])
    for m in range(4):
        expected = [int(mpmath.polyval([int(c) for c in p], m)) for p in case["a_interlaced_polys"]]
        assert [number(text, m) for text in hit.formula.polynomials or []] == expected


@pytest.mark.parametrize("k", range(2, 21))
def test_hyperbolic_cotangents(k: int) -> None:
    """coth(1/k) = [k; 3k, 5k, 7k, ...] (Lambert)."""
    found = search(constants=[f"tanh(1/{k})"], lhs=1, period="1")
    value = f"{mpmath.coth(mpmath.mpf(1) / k)}"
    (hit,) = [f for f in found if f.formula.signs == [1] and (f.formula.value or "").startswith(value[:12])]
    assert sequence(hit, 5) == [k, 3 * k, 5 * k, 7 * k, 9 * k]


@pytest.mark.parametrize("name", ["pi", "zeta(3)", "euler_gamma", "catalan"])
def test_nothing_is_found_where_no_pattern_is_known(name: str) -> None:
    assert search(constants=[name], lhs=2, period="1..3") == ()


@pytest.mark.parametrize("name", ["e^2", "tan(1)", "besseli_ratio(0,2)", "besselj_ratio(0,2)"])
def test_other_constants_with_patterns(name: str) -> None:
    found = search(constants=[name], lhs=1, period="1..2")
    assert len(found) >= 12
    assert all(f.identities[0].constant == name for f in found)


UNITS = [
    {"constants": ["e"], "expressions": ["e + pi"], "lhs": 1, "period": "1..3"},
    {"constants": ["e"], "lhs": 1, "lhs_degree": 2, "period": "1", "quotients": 100},
]


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(UNITS), st.data())
def test_units_cut_anywhere_give_the_same_findings(options: dict[str, Any], data: st.DataObject) -> None:
    space = esma.space(esma.Spec.model_validate(options))
    cuts = sorted({0, space.size, *data.draw(st.lists(st.integers(0, space.size), max_size=6))})
    found, looked_at = [], 0
    for start, stop in pairwise(cuts):
        screened = esma.screen(space, start, stop)
        assert all(start <= c.index < stop for c in screened.candidates)
        found += [f.index for f in map(esma.confirm, screened.candidates) if f is not None]
        looked_at += screened.counters["pairs"]
    assert found == [f.index for f in search(**options)]
    assert looked_at == esma.screen(space, 0, space.size).counters["pairs"]


def test_a_long_sign_period_is_cut_into_units() -> None:
    """A unit may be smaller than the sign patterns of one left-hand side."""
    space = esma.space(esma.Spec(constants=["e"], lhs=1, period="9"))
    assert len(space.signs) == 2**9 - 2**3
    start = 3 * len(space.signs) + 100
    screened = esma.screen(space, start, start + 50)
    assert screened.counters["pairs"] == 50
    found = [f for f in map(esma.confirm, screened.candidates) if f is not None]
    assert found
    for finding in found[:3]:
        assert len(finding.formula.signs or []) == 9
        check(finding, 300)


def test_candidates_and_units_travel() -> None:
    space = esma.space(esma.Spec(constants=["e"], lhs=1, period="1"))
    for candidate in esma.screen(space, 0, space.size).candidates:
        there = pickle.loads(pickle.dumps(candidate))
        assert there == candidate
        one, other = esma.confirm(there), esma.confirm(candidate)
        assert (one and one.formula) == (other and other.formula)
    spec = JobSpec.of("esma", {"constants": ["e"], "lhs": 1, "period": "1"})
    unit = pickle.loads(pickle.dumps(Unit("esma", spec.spec.model_dump_json(), 0, space.size)))
    result = run_unit(unit)
    assert [Finding.model_validate_json(text).formula for text in result.findings] == [
        f.formula for f in search(constants=["e"], lhs=1, period="1")
    ]


@pytest.mark.parametrize(("name", "value"), [("sqrt(2)", 2**0.5), ("phi", (1 + 5**0.5) / 2), ("sqrt(7)", 7**0.5)])
def test_quadratic_irrationals_have_one_name_a_number(name: str, value: float) -> None:
    found = search(constants=[name], lhs=2, period="1..2")
    names: dict[str, set[str]] = {}
    for finding in found:
        names.setdefault((finding.formula.value or "")[:30], set()).add(finding.identities[0].lhs)
        for companion in finding.companions:
            names.setdefault((companion.formula.value or "")[:30], set()).add(companion.identities[0].lhs)
        assert all(text.isdigit() for text in finding.formula.polynomials or [])
    assert all(len(lhs) == 1 for lhs in names.values())
    plain = next(f for f in found if f.identities[0].lhs == name and f.formula.signs == [1])
    assert mpmath.almosteq(float(plain.formula.value or ""), value)


def test_rational_images_of_algebraic_numbers_are_passed_over() -> None:
    found = search(constants=["sqrt(2)"], lhs=1, lhs_degree=2, period="1")
    assert found
    assert {f.identities[0].lhs for f in found} >= {"sqrt(2)", "sqrt(2) + 1"}


def test_degree_two_finds_what_degree_one_of_the_square_does() -> None:
    found = search(constants=["e"], lhs=1, lhs_degree=2, period="1")
    assert "(e^2 + 1)/(e^2 - 1)" in {f.identities[0].lhs for f in found}
    for finding in found:
        check(finding, 200)


def test_classes_of_determinants() -> None:
    found = search(constants=["e"], det=4, period="1")
    shapes = [f.identities[0].matrix for f in found]
    assert [["1", "0"], ["0", "1"]] in shapes
    assert len(found) == len(pairs(found))
    # psi(1) + psi(2) + psi(3) + psi(4) classes for each sign of the determinant, each with a pattern.
    assert len([f for f in found if f.formula.signs == [1]]) == 2 * (1 + 3 + 4 + 6)
    for finding in found:
        check(finding, 300)


def digits_of(quotients: list[int], digits: int, signs: tuple[int, ...] = (1,)) -> str:
    with mpmath.workdps(digits + 10):
        value = mpmath.mpf(quotients[-1])
        for i in range(len(quotients) - 2, -1, -1):
            value = quotients[i] + signs[i % len(signs)] / value
        return mpmath.nstr(value, digits, strip_zeros=False)


def test_interlaced_powers_are_found_from_digits() -> None:
    quotients = [5, *(x for m in range(60) for x in (3**m, 2 * m + 1))]
    (hit,) = [f for f in search(values=[digits_of(quotients, 400)], lhs=1, period="1") if f.formula.prefix == [5]]
    assert hit.formula.polynomials == ["recurrence(1, 3, 1)", "2*m + 1"]
    assert hit.identities == []
    assert hit.evidence is not None
    assert hit.evidence.digits >= 350


def test_a_number_without_a_name_keeps_its_evidence() -> None:
    found = search(values=[digits_of([3, *(x for m in range(80) for x in (1, 4 * m + 1))], 130)], lhs=1, period="1..2")
    assert len(found) >= 12
    for finding in found:
        assert finding.identities == []
        assert finding.evidence is not None
        assert 100 <= finding.evidence.digits <= 131
        assert (finding.evidence.significance or 0) >= 20
    spec = json.loads(esma.Spec(values=[digits_of([3, *[1, 2] * 200], 130)], lhs=1, period="1..2").model_dump_json())
    names = {esma.name_candidate(spec, finding.index).split(" for ")[0] for finding in found}
    assert {"x", "1/x", "(x + 1)/x"} <= names
    with pytest.raises(InputError, match="no candidate"):
        esma.name_candidate(spec, 10**9)


@settings(max_examples=15, deadline=None)
@given(st.integers(8, 55), st.sampled_from([-1, 1, 50]))
def test_digits_of_a_broken_pattern_give_nothing(place: int, change: int) -> None:
    quotients = [3, *(x for m in range(80) for x in (1, 4 * m + 2))]
    quotients[place] = max(1, quotients[place] + change) if quotients[place] + change != quotients[place] else 7
    if quotients[place] == [3, *(x for m in range(80) for x in (1, 4 * m + 2))][place]:
        return
    found = search(values=[digits_of(quotients, 140)], lhs=1, period="1")
    for finding in found:
        # Only a pattern that begins after the wrong quotient may be seen.
        if finding.formula.signs == [1]:
            assert len(finding.formula.prefix or []) >= place - 6


def test_a_decreasing_pattern_is_not_believed() -> None:
    quotients = [*range(120, 0, -1), *([7, 3, 19] * 20)]
    assert search(values=[digits_of(quotients, 250)], lhs=1, period="1") == ()
    minus = SignedCF([-1], [], ["9", "run(2, 50 - m)"]).quotients(1300)
    assert search(values=[digits_of(minus, 115, (-1,))], lhs=1, period="1..2") == ()


@pytest.mark.parametrize("text", ["1 - pi/10^20", "1/3 + pi/10^200", "e^1000"])
def test_numbers_near_a_rational_end(text: str) -> None:
    assert search(expressions=[text], lhs=1, period="1..2") == ()


def test_a_huge_quotient_in_the_prefix_hides_nothing() -> None:
    found = search(expressions=["10^30 + (e + 1)/(e - 1)"], lhs=1, period="1")
    assert any(sequence(f, 4) == [10**30 + 2, 6, 10, 14] for f in found)


def test_two_constants_in_one_number() -> None:
    text = "phi + sqrt(2) - sqrt(5)/2"
    found = search(expressions=[text], lhs=1, period="1")
    plain = next(f for f in found if f.formula.signs == [1] and sequence(f, 5) == [1, 1, 10, 1, 1])
    (claim,) = plain.identities
    assert (claim.constant, claim.lhs) == (text, f"({text})")
    mantissa, exponent = evaluate(claim.lhs, 60).mid().man_exp()
    with mpmath.workdps(60):
        assert mpmath.almosteq(mpmath.ldexp(int(mantissa), int(exponent)), value_of(plain, 50), mpmath.mpf(10) ** -45)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "no number is given"),
        ({"constants": ["katalan"]}, "catalan"),
        ({"constants": ["e"], "period": "0..3"}, "begin the range at 1"),
        ({"constants": ["e"], "period": "5..2"}, "reversed"),
        ({"constants": ["e"], "period": "1..17"}, "16 signs"),
        ({"constants": ["e"], "period": "x"}, "range"),
        ({"constants": ["e"], "period": "-1"}, "range"),
        ({"constants": ["e"], "lhs": 0}, "lhs"),
        ({"constants": ["e"], "lhs": 10_001}, "lhs"),
        ({"constants": ["e"], "lhs": 2.5}, "lhs"),
        ({"constants": ["e"], "lhs_degree": 0}, "lhs-degree"),
        ({"constants": ["e"], "lhs_degree": 5}, "lhs-degree"),
        ({"constants": ["e"], "det": 0}, "det"),
        ({"constants": ["e"], "det": 5, "lhs_degree": 2}, "degree 1"),
        ({"constants": ["e"], "quotients": 50}, "quotients"),
        ({"constants": ["e"], "quotients": 10**6}, "quotients"),
        ({"constants": ["e"], "colour": "red"}, "no key"),
        ({"constants": ["e"], "lhs": 10_000, "lhs_degree": 2}, "allow-large"),
        ({"constants": ["e"], "lhs": 10_000, "lhs_degree": 4, "allow_large": True}, "smaller"),
    ],
)
def test_bad_specifications(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as refusal:
        JobSpec.of("esma", options).space()
    assert "\n" not in str(refusal.value)


def test_the_largest_accepted_spaces_open_quickly() -> None:
    space = esma.space(esma.Spec(constants=["e"], lhs=10_000, period="1..4", allow_large=True))
    assert space.size == len(space.signs) * (20_001**2 // 2) ** 2
    for start in (0, space.size // 2, space.size - 40):
        assert 0 <= esma.screen(space, start, start + 40).counters["pairs"] <= 40
    primitive: dict[int, int] = {}
    for p in range(1, 17):
        primitive[p] = 2**p - sum(primitive[d] for d in range(1, p) if p % d == 0)
    assert len(esma.space(esma.Spec(constants=["e"], lhs=1, period="1..16")).signs) == sum(primitive.values())


@pytest.mark.parametrize("p", range(1, 13))
def test_primitive_signs_are_counted_by_necklaces(p: int) -> None:
    """Sum over the divisors d of p of the primitive patterns of length d is 2^p."""
    assert sum(len(esma.primitive_signs([d])) for d in range(1, p + 1) if p % d == 0) == 2**p
    assert len(set(esma.primitive_signs(range(1, p + 1)))) == len(esma.primitive_signs(range(1, p + 1)))


def test_description() -> None:
    spec = json.loads(esma.Spec(constants=["e"], expressions=["e + pi"], lhs=3).model_dump_json())
    assert esma.describe(spec) == "e, e + pi (|coefficients| <= 3); sign periods 1..3, up to 1000 quotients"
