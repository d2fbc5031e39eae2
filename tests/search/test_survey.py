"""The survey: measures against plain exact computation, classes against brute force, every member of a box once."""

from __future__ import annotations

import importlib.util
import json
import random
from collections import Counter
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.canonical import ratio
from constants_lab.convergents import convergent_pair, matrix_product
from constants_lab.dynamics import measure
from constants_lab.errors import InputError, VerificationFailed
from constants_lab.pcf import PCF
from constants_lab.polynomials import first_positive_integer_root
from constants_lab.reduction import nilpotent_fraction
from constants_lab.search.job import JobSpec
from constants_lab.search.kernels.leaves import leaf_products
from constants_lab.search.kernels.nilpotence import nilpotent_share
from constants_lab.search.measuring import measured
from constants_lab.search.methods import survey

CASES = json.loads((Path(__file__).parents[1] / "data" / "dynamics.json").read_text())["cases"]
BLIND = {((2,), (1, 0, 0)), ((4,), (1, 0, 0))}
"""Rows whose reference took the convergent at 2000 for the limit."""


def row(polynomial: fmpz_poly) -> np.ndarray:
    return np.array([int(c) for c in polynomial.coeffs()[::-1]], dtype=np.int64)


def benchmark() -> Any:
    """The benchmark of the survey, which has the published workload and a computation that shares no code with ours."""
    spec = importlib.util.spec_from_file_location(
        "survey_benchmark", Path(__file__).parents[2] / "benchmarks" / "survey.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


polynomials = st.lists(st.integers(-9, 9), min_size=1, max_size=4).filter(lambda c: c[0] != 0)


@given(polynomials, polynomials, st.integers(1, 2000), st.integers(1, 40), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_leaves_are_exact_products(a: list[int], b: list[int], start: int, leaf: int, count: int) -> None:
    first, second = fmpz_poly(a[::-1]), fmpz_poly(b[::-1])
    end = start + leaf * count
    if max(abs(int(p(n))) for p in (first, second) for n in (start, end)) >= 2**28:
        return
    found = leaf_products(row(first), row(second), start, leaf, count)
    for k in range(count):
        exact = matrix_product(first, second, start + k * leaf, start + (k + 1) * leaf)
        assert tuple(int.from_bytes(entry.tobytes(), "little", signed=True) for entry in found[k]) == exact


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['a']} {case['b']}")
def test_the_table_of_known_dynamics(case: dict[str, Any]) -> None:
    a, b = tuple(case["a"]), tuple(case["b"])
    found = measured(a, b, 1000) if case["conv_type"] != "finite" else None
    if found is None:
        assert first_positive_integer_root(fmpz_poly(list(b)[::-1])) is not None
        return
    assert found.dynamics.regime == {"stretched_exp": "stretched"}.get(case["conv_type"], case["conv_type"])
    wanted = case.get("delta_n1000")
    if wanted is None or (a, b) in BLIND:
        assert (found.dynamics.delta is None) == (wanted is None)
    else:
        assert found.dynamics.delta == pytest.approx(wanted, abs=1e-6)
    if case.get("limit_50_digits") and found.value is not None:
        with ctx.workprec(300):
            assert abs(found.value.value - arb(case["limit_50_digits"])) < arb(10) ** -48 * (1 + abs(found.value.value))
    if case.get("qred_d") is not None and found.dynamics.growth == round(2 * found.dynamics.growth) / 2:
        assert found.dynamics.growth == pytest.approx(case["qred_d"], abs=0.3)


def test_blind_delta_on_the_published_workload() -> None:
    compared, reference = 0, benchmark()
    for a, b in reference.workload(60):
        found = measured(a, b, 1000).dynamics
        if found.regime in ("finite", "divergent") or found.blind_delta is None:
            continue
        assert found.blind_delta == pytest.approx(reference.plain_blind_delta(a, b), abs=1e-9)
        compared += 1
    assert compared >= 45


@given(polynomials, polynomials)
@settings(max_examples=60, deadline=None)
def test_the_fast_measure_is_the_plain_one(a: list[int], b: list[int]) -> None:
    pcf = PCF(a, b)
    if pcf.asymptotics.regime == "finite":
        return
    fast, plain = vars(measured(tuple(a), tuple(b), 200).dynamics), vars(measure(pcf, 200))
    for name, value in plain.items():
        if isinstance(value, float) and name not in ("delta", "blind_delta"):
            assert fast[name] == pytest.approx(value, abs=1e-9, rel=1e-9), name
        elif isinstance(value, float) and fast[name] is not None:
            assert fast[name] == pytest.approx(value, abs=1e-8), name
        elif name not in ("delta", "blind_delta", "delta_limit"):
            assert fast[name] == value, name


@given(polynomials, polynomials)
@settings(max_examples=100, deadline=None)
def test_the_share_of_nilpotent_primes_is_that_of_the_plain_test(a: list[int], b: list[int]) -> None:
    first, second = fmpz_poly(a[::-1]), fmpz_poly(b[::-1])
    assert nilpotent_share(row(first), row(second)) == nilpotent_fraction(first, second)


def box_of(spec: dict[str, Any]) -> tuple[survey.SurveySpace, list[survey.Candidate]]:
    space = JobSpec.of("survey", spec).space()
    assert isinstance(space, survey.SurveySpace)
    return space, survey.screen(space, 0, space.size).candidates


@pytest.mark.parametrize(
    "spec",
    [
        {"a_degree": 1, "b_degree": 2, "bound": 2},
        {"a_degree": 2, "b_degree": 2, "bound": 1},
        {"a_degree": 1, "b_degree": 1, "a_range": "-2..4", "b_range": ["0..3", "-6..6"]},
        {"a_degree": 0, "b_degree": 2, "bound": 4},
    ],
    ids=str,
)
def test_every_member_is_met_once_and_classes_are_those_of_rho(spec: dict[str, Any]) -> None:
    space, candidates = box_of(spec)
    ranges = [[range(low, high + 1) for low, high in r] for r in (space.members.a_ranges, space.members.b_ranges)]
    members = {(a, b) for a in product(*ranges[0]) for b in product(*ranges[1]) if any(a) and any(b)}
    assert Counter((c.a, c.b) for c in candidates) == dict.fromkeys(members, 1)
    assert len(members) == space.formulas
    by_rho: dict[str, set[int]] = {}
    by_index: dict[int, set[str]] = {}
    for c in candidates:
        rho = str(ratio(fmpz_poly(list(c.a)[::-1]), fmpz_poly(list(c.b)[::-1])))
        by_rho.setdefault(rho, set()).add(c.index)
        by_index.setdefault(c.index, set()).add(rho)
    assert all(len(found) == 1 for found in (*by_rho.values(), *by_index.values()))


def test_members_have_their_own_value_and_dynamics() -> None:
    _, candidates = box_of({"a_degree": 1, "b_degree": 2, "bound": 3})
    rng = random.Random(5)
    scaled = [c for c in candidates if c.a not in (c.first[0], tuple(-x for x in c.first[0]))]
    for candidate in rng.sample(scaled, 40) + rng.sample(candidates, 40):
        finding = survey.confirm(candidate)
        pcf = PCF(list(candidate.a), list(candidate.b))
        assert finding.formula.exact_key == pcf.key
        assert finding.formula.class_key == pcf.class_key
        assert PCF(finding.formula.a or "", finding.formula.b or "") == pcf
        if pcf.asymptotics.regime == "finite":
            continue
        plain = measure(pcf)
        assert finding.dynamics is not None
        assert finding.dynamics.regime == plain.regime
        if plain.delta is not None:
            assert finding.dynamics.delta == pytest.approx(plain.delta, abs=1e-8)
        if finding.formula.value not in (None, "0"):
            with ctx.workprec(250):
                value = pcf.evaluate(60).value
                assert abs(arb(finding.formula.value) - value) <= abs(value) * arb(10) ** -59


def test_what_another_machine_sends_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "_MEASURED_AGAIN", 1)
    space, candidates = box_of({"a_degree": 1, "b_degree": 2, "bound": 2})
    inflated = [c for c in candidates if c.a not in (c.first[0], tuple(-x for x in c.first[0]))]
    assert inflated
    for candidate in [*random.Random(3).sample(candidates, 60), *inflated]:
        honest = survey.confirm(candidate)
        assert survey.reconfirm(space, honest) is not None
        formula, dynamics = honest.formula, honest.dynamics
        assert dynamics is not None
        other = next(c for c in candidates if c.index != candidate.index)
        lies = [
            honest.model_copy(update={"index": other.index}),
            honest.model_copy(update={"formula": formula.model_copy(update={"exact_key": "rho 77 / 99 ; 1"})}),
            honest.model_copy(update={"formula": formula.model_copy(update={"a": "0"})}),
            honest.model_copy(update={"formula": formula.model_copy(update={"value": "3.14159"})}),
            honest.model_copy(update={"dynamics": dynamics.model_copy(update={"regime": "nonsense"})}),
            honest.model_copy(update={"dynamics": dynamics.model_copy(update={"rate": 77.0})}),
        ]
        assert [survey.reconfirm(space, lie) for lie in lies] == [None] * len(lies)


def test_what_is_not_equivalent_is_not_taken_for_it() -> None:
    """Proposals are made modulo a prime; a wrong one would be found out."""
    with pytest.raises(VerificationFailed):
        survey.confirm(survey.Candidate(0, (2, 2), (4, 0, 1), ((1, 1), (1, 0, 0)), 1000))


def test_finite_members_have_their_rational_value() -> None:
    _, candidates = box_of({"a_degree": 1, "b_degree": 1, "bound": 3})
    finite = [c for c in candidates if first_positive_integer_root(fmpz_poly(list(c.b)[::-1])) is not None]
    assert finite
    for candidate in finite:
        finding = survey.confirm(candidate)
        last = first_positive_integer_root(fmpz_poly(list(candidate.b)[::-1])) or 0
        p, q = convergent_pair(fmpz_poly(list(candidate.a)[::-1]), fmpz_poly(list(candidate.b)[::-1]), last - 1)
        if q == 0:
            assert finding.formula.value is None
            continue
        assert [label.kind for label in finding.labels] == ["rational"]
        assert Fraction(finding.labels[0].detail) == Fraction(int(p), int(q))


def test_rational_and_quadratic_limits_are_told() -> None:
    assert measured((1,), (2,), 1000).number == ("rational", "2")
    assert measured((1,), (2,), 1000).dynamics.delta is None
    assert measured((3,), (-1,), 1000).number == ("algebraic", "root of x^2 - 3*x + 1")
    assert measured((12, 6), (-4, 0, 1), 1000).number == ("algebraic", "root of x^2 - 6*x + 1")
    assert measured((2, 1), (1, 0, 0), 1000).number is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"a_degree": 2, "b_degree": 2}, "give either a bound"),
        ({"a_degree": 2, "b_degree": 2, "bound": 2, "a_range": "-1..1"}, "give either a bound"),
        ({"a_degree": 2, "b_degree": 2, "bound": 30}, "hours on one core"),
        ({"a_degree": 2, "b_degree": 2, "bound": 0}, "bound"),
        ({"a_degree": 2, "b_degree": 2, "bound": 2, "depth": 150}, "depth"),
        ({"a_degree": 1, "b_degree": 1, "a_range": "0..0", "b_range": "1..1"}, "no continued fraction"),
        ({"a_degree": 1, "b_degree": 1, "a_range": "1..3", "b_range": "2000000000..2000000003"}, "bounded by"),
        ({"a_degree": 1, "b_degree": 1, "a_range": "3..1", "b_range": "1..1"}, "reversed"),
    ],
    ids=str,
)
def test_bad_boxes_are_refused_in_a_sentence(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        JobSpec.of("survey", options).space()
