"""The look-up search: it finds what is known, reports nothing false and nothing twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath
import pytest

from constants_lab.db.records import Finding
from constants_lab.errors import InputError
from constants_lab.expressions import Identity, evaluate
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients
from constants_lab.search.job import JobSpec, load_method

Search = Callable[..., list[Finding]]
Backward = Callable[[list[int], list[int], int, int], mpmath.mpf]

PI = {
    "constants": ["pi"], "lhs": 12, "a_degree": 1, "a_range": "-6..6", "b_degree": 2, "b_range": "-5..5",
}  # fmt: skip
E = {
    "constants": ["e"], "lhs": 12, "a_degree": 1, "a_range": "-6..6", "b_degree": 1, "b_range": "-6..6",
}  # fmt: skip
ZETA3 = {
    "constants": ["zeta(3)"], "lhs": 20, "a": "(A*n+B)*(C*n*(n+1)+D)", "b": "E*n^6",
    "ranges": {"A": "1..2", "B": "-2..2", "C": "-17..17", "D": "-5..5", "E": "-2..1"},
}  # fmt: skip


def keys(findings: list[Finding]) -> dict[str, str]:
    """Exact key -> left-hand side of the first meeting."""
    table: dict[str, str] = {}
    for found in findings:
        for identity in found.identities:
            table.setdefault(f"{found.formula.exact_key} {identity.constant}", identity.lhs)
    return table


def pcf_of(found: Finding) -> PCF:
    assert found.formula.a is not None
    assert found.formula.b is not None
    return PCF(found.formula.a, found.formula.b)


def in_ranges(row: list[int], width: int, bound: int) -> bool:
    return len(row) <= width and all(abs(c) <= bound for c in row)


@pytest.mark.parametrize(("options", "bounds"), [(PI, (2, 6, 3, 5)), (E, (2, 6, 2, 6))], ids=["pi", "e"])
def test_published_formulas_of_the_box_are_found(
    search: Search, known: list[dict[str, Any]], options: dict[str, Any], bounds: tuple[int, int, int, int]
) -> None:
    findings = keys(search(**options))
    name = options["constants"][0]
    inside = 0
    for case in known:
        if case["constant"] != name or not (
            in_ranges(case["a"], bounds[0], bounds[1]) and in_ranges(case["b"], bounds[2], bounds[3])
        ):
            continue
        form = PCF(case["a"], case["b"]).canonical()
        key = f"{form.key} {name}"
        assert key in findings, case
        scale = PCF(case["a"], case["b"]).scale
        value = (
            mpmath.mpf(int(scale.numer())) / int(scale.denom()) * mpmath.mpf(Identity.parse(findings[key]).value(40))
        )
        assert abs(value / mpmath.mpf(case["value50"]) - 1) < mpmath.mpf(10) ** -14
        inside += 1
    assert inside >= 6


@pytest.mark.parametrize("options", [PI, E, ZETA3], ids=["pi", "e", "zeta(3)"])
def test_no_formula_is_false(search: Search, backward: Backward, options: dict[str, Any]) -> None:
    """Each is computed again by another method: 300 digits, or what its slow convergence allows, between brackets."""
    findings = {found.formula.exact_key: found for found in search(**options)}
    assert findings
    for found in findings.values():
        pcf = pcf_of(found)
        assert pcf.canonical() == pcf
        a, b = list(coefficients(pcf.a)), list(coefficients(pcf.b))
        terms = pcf.asymptotics.terms_for(300)
        for identity in found.identities:
            with mpmath.workdps(330):
                lhs = Identity.parse(identity.lhs).value(310)
                if terms < 5000:
                    gap = abs(backward(a, b, int(terms * 1.1) + 60, 310) / lhs - 1)
                    assert gap < mpmath.mpf(10) ** -300, (pcf, identity.lhs)
                else:
                    # The convergents of slow ones come nearer as theory says, at every doubling.
                    gaps = [abs(backward(a, b, n, 60) - lhs) for n in (200, 400, 800, 1600)]
                    assert gaps == sorted(gaps, reverse=True)
                    assert gaps[-1] < gaps[0] / 1.3, (pcf, identity.lhs)


@pytest.mark.parametrize("options", [PI, E, ZETA3], ids=["pi", "e", "zeta(3)"])
def test_no_formula_has_two_names_or_two_keys(search: Search, options: dict[str, Any]) -> None:
    names: dict[str, set[str]] = {}
    forms: dict[str, str] = {}
    indices = set()
    for found in search(**options):
        assert found.index not in indices
        indices.add(found.index)
        names.setdefault(found.formula.exact_key, set()).update(i.lhs for i in found.identities)
        form = f"{found.formula.a} | {found.formula.b}"
        assert forms.setdefault(form, found.formula.exact_key) == found.formula.exact_key
    assert len(set(forms.values())) == len(forms)
    assert all(len(lhs) == 1 for lhs in names.values())


@pytest.mark.parametrize("options", [PI, E, ZETA3], ids=["pi", "e", "zeta(3)"])
def test_findings_carry_the_evidence_that_the_ladder_asks(search: Search, options: dict[str, Any]) -> None:
    space = load_method("lookup").space(JobSpec.of("lookup", options).spec)
    for found in search(**options):
        assert 0 <= found.index < space.size
        assert found.formula.value is not None
        assert found.dynamics is not None
        assert found.dynamics.regime == pcf_of(found).asymptotics.regime
        for identity in found.identities:
            evidence = identity.evidence
            assert evidence.level == "verified"
            assert evidence.digits >= (50 if evidence.accelerated else 100)
            rows = [[int(k) for k in row] for row in identity.matrix]
            assert identity.lhs == Identity(identity.constant, rows).lhs
            cost = sum(math.log10(2 * abs(k) + 1) for row in rows for k in row) + math.log10(space.trials)
            assert evidence.significance is not None
            assert evidence.significance == pytest.approx(evidence.digits - cost, abs=0.02)
            assert evidence.significance >= 20
            with mpmath.workdps(70):
                gap = abs(mpmath.mpf(found.formula.value) / Identity.parse(identity.lhs).value(65) - 1)
                assert gap < mpmath.mpf(10) ** -(min(evidence.digits, 59) - 1)


def test_the_three_slow_formulas_that_fixed_depth_misses_are_found(search: Search) -> None:
    options = {"constants": ["pi"], "lhs": 20, "a_degree": 1, "a_range": "-13..13", "b_degree": 2}
    near = keys(search(**options, b_range=["-2..2", "-11..11", "-11..11"]))
    values = {evaluate(lhs, 30).mid().str(15, radius=False) for lhs in near.values()}
    for lhs in ("pi/(pi - 2)", "(pi + 4)/(pi + 2)", "2 + 4/pi"):
        assert evaluate(lhs, 30).mid().str(15, radius=False) in values, lhs


def test_the_family_of_zeta_3_holds_its_two_formulas(search: Search) -> None:
    names = set(keys(search(**ZETA3)).values())
    assert {"6/zeta(3)", "8/(7*zeta(3))", "1/zeta(3)"} <= names


def test_two_constants_at_once_give_the_union(search: Search) -> None:
    box = {"lhs": 6, "a_degree": 1, "a_range": "-5..5", "b_degree": 2, "b_range": "-4..4"}
    both = keys(search(constants=["pi", "e"], **box))
    single = keys(search(constants=["pi"], **box)) | keys(search(constants=["e"], **box))
    assert both == single
    assert {key.rsplit(" ", 1)[1] for key in both} == {"pi", "e"}


@pytest.mark.parametrize("name", ["khinchin", "glaisher", "euler_gamma", "pi^3*catalan", "zeta(7)*log(5)"])
def test_constants_without_formulas_in_the_box_give_none(search: Search, name: str) -> None:
    assert not search(**(PI | {"constants": [name], "lhs": 20}))


def test_a_box_is_cut_into_units_without_loss(search: Search) -> None:
    method = load_method("lookup")
    space = method.space(JobSpec.of("lookup", PI).spec)
    whole = method.screen(space, 0, space.size)
    cuts = sorted({0, 1, 17, 1330, 1331, 12_345, 54_321, space.size - 1, space.size})
    found, counters = [], dict.fromkeys(whole.counters, 0)
    for start, stop in pairwise(cuts):
        part = method.screen(space, start, stop)
        assert all(start <= candidate.index < stop for candidate in part.candidates)
        found += part.candidates
        for name, number in part.counters.items():
            counters[name] += number
    assert {(c.index, c.constant, c.matrices[0]) for c in found} == {
        (c.index, c.constant, c.matrices[0]) for c in whole.candidates
    }
    assert counters == whole.counters
    assert sum(v for k, v in counters.items() if k != "candidates") == space.size


def test_a_candidate_without_truth_is_not_confirmed() -> None:
    method = load_method("lookup")
    space = method.space(JobSpec.of("lookup", PI).spec)
    found = method.screen(space, 0, space.size).candidates
    refused = 0
    for candidate in found[:20]:
        (w, x), (y, z) = candidate.matrices[0]
        wrong = type(candidate)(
            candidate.index, candidate.a, candidate.b, candidate.constant, (((w, x + 1), (y, z)),), candidate.trials
        )
        refused += method.confirm(wrong) is None
    assert refused == len(found[:20]) > 5


def test_agreement_that_chance_could_give_is_refused() -> None:
    """The digits needed grow with the trials paid for: after 10^60 of them 110 digits hold, after 10^85 they do not."""
    method = load_method("lookup")
    space = method.space(JobSpec.of("lookup", PI).spec)
    candidate = method.screen(space, 0, space.size).candidates[0]
    for trials, confirmed in ((1, True), (10**60, True), (10**95, False)):
        other = type(candidate)(
            candidate.index, candidate.a, candidate.b, candidate.constant, candidate.matrices, trials
        )
        assert (method.confirm(other) is not None) == confirmed


@pytest.mark.parametrize(
    ("a", "b"), [([3, 3], [-2, 1, 1]), ([1, 1], [-1, 0, 1]), ([2, 1], [-1, 0, 0]), ([1, 1], [-5, 1, 1]), ([1], [1])]
)
def test_rational_divergent_and_finite_fractions_are_no_findings(a: list[int], b: list[int]) -> None:
    ranges = {"a_degree": len(a) - 1, "b_degree": len(b) - 1}
    options = {
        "constants": ["pi", "e"], "lhs": 20, **ranges,
        "a_range": [f"{c}..{c}" for c in a], "b_range": [f"{c}..{c}" for c in b],
    }  # fmt: skip
    method = load_method("lookup")
    space = method.space(JobSpec.of("lookup", options).spec)
    assert space.size == 1
    screened = method.screen(space, 0, 1)
    assert [f for f in map(method.confirm, screened.candidates) if f is not None] == []


# Specifications


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"constants": []}, "constants"),
        ({"constants": ["pie"]}, "pi"),
        ({"constants": ["zeta(1)"]}, "zeta"),
        ({"constants": ["2/3"]}, "."),
        ({"lhs": 0}, "lhs"),
        ({"lhs": 101}, "lhs"),
        ({"lhs": "many"}, "lhs"),
        ({"a_degree": -1}, "a-degree"),
        ({"a_degree": 13}, "a-degree"),
        ({"b_degree": 1.5}, "b-degree"),
        ({"a_range": "3..1"}, "reversed"),
        ({"a_range": "0..0"}, "not zero"),
        ({"b_range": ["1..2"]}, "1 ranges but degree 2"),
        ({"a": "n"}, "either"),
        ({"ranges": {"A": "1..2"}}, "either"),
        ({"b_range": None}, "b-range"),
        ({"depth": 5}, "no key"),
        ({"b_degree": 12, "b_range": "-99..99"}, "allow-large"),
        ({"b_degree": 12, "b_range": "-99..99", "allow_large": True}, "more than an index"),
    ],
)
def test_specifications_that_cannot_be_used_get_one_sentence(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        JobSpec.of("lookup", PI | change).space()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_large_spaces_are_accepted_when_asked_for() -> None:
    options = PI | {"b_degree": 6, "b_range": "-99..99", "allow_large": True}
    space = JobSpec.of("lookup", options).space()
    assert space.size > 10**15
    method = load_method("lookup")
    screened = method.screen(space, space.size - 5000, space.size)
    assert sum(v for k, v in screened.counters.items() if k != "candidates") == 5000


def test_options_are_spelt_with_hyphens_or_underscores() -> None:
    first = JobSpec.of("lookup", PI)
    second = JobSpec.of("lookup", {key.replace("_", "-"): value for key, value in PI.items()})
    assert first == second
    assert JobSpec.of("lookup", first.as_json()) == first


def test_constants_are_named_once_however_they_are_spelt() -> None:
    assert JobSpec.of("lookup", PI | {"constants": ["pi", " pi", "zeta( 3 )", "zeta(3)"]}).as_json()["constants"] == [
        "pi",
        "zeta(3)",
    ]


def test_an_unknown_method_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(InputError, match="lookup"):
        JobSpec.of("look-up", PI)
