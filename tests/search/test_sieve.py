"""The sieve: what has full factorial reduction is found, named if it has a name, and what passes for nothing is not kept."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from pathlib import Path
from random import Random
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import fmpz_poly

from constants_lab.db import query
from constants_lab.db.records import Finding
from constants_lab.db.store import Store
from constants_lab.dynamics import measure
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients
from constants_lab.reduction import PRIMES, is_nilpotent, reduction_rate, says_something
from constants_lab.search.engine import Completed, LocalEngine
from constants_lab.search.job import JobSpec
from constants_lab.search.kernels.nilpotence import nilpotent_members
from constants_lab.search.kernels.valuations import QUICK_PRIMES, may_reduce
from constants_lab.search.methods import sieve
from constants_lab.search.runner import Stop, prepare_job, run_job
from constants_lab.search.sieve_boxes import SieveBox
from constants_lab.triviality import apparent_factors, is_inflated, is_void

Backward = Callable[[list[int], list[int], int, int], mpmath.mpf]
Rows = dict[str, list[tuple[Any, ...]]]
Ranges = list[tuple[int, int]]

DATA = Path(__file__).parents[1] / "data"
KNOWN = json.loads((DATA / "known_pcf.json").read_text())["cases"]
DYNAMICS = json.loads((DATA / "dynamics.json").read_text())["cases"]
TABLE = KNOWN + [case for case in DYNAMICS if case.get("factorial_reduction")]
LARGE = list(dict.fromkeys(PCF(case["a"], case["b"]).canonical() for case in TABLE))
LARGE = [pcf for pcf in LARGE if pcf.a.degree() >= 2 or pcf.b.degree() >= 3]
"""Published formulas with factorial reduction, of the degrees that no theorem covers."""

BOX = {"a_degree": 2, "b_degree": 4, "bound": 3}
QUICK = np.array(QUICK_PRIMES, np.int64)


def space_of(**options: Any) -> sieve.SieveSpace:
    return sieve.space(JobSpec.of("sieve", options).spec)  # type: ignore[arg-type]


def texts(ranges: Ranges) -> list[str]:
    return [f"{low}..{high}" for low, high in ranges]


def box_of(a: Ranges, b: Ranges, **more: Any) -> sieve.SieveSpace:
    return space_of(a_degree=len(a) - 1, b_degree=len(b) - 1, a_range=texts(a), b_range=texts(b), **more)


def point(p: fmpz_poly) -> Ranges:
    return [(c, c) for c in coefficients(p)]


def screened(space: sieve.SieveSpace) -> list[sieve.Candidate]:
    return sieve.screen(space, 0, space.size).candidates


def names(found: Finding | None) -> list[str]:
    return [] if found is None else [identity.lhs for identity in found.identities]


def close(lhs: str, value: mpmath.mpf) -> bool:
    """Whether a left-hand side is a number to 45 digits."""
    with mpmath.workdps(60):
        return bool(abs(Identity.parse(lhs).value(55) / value - 1) < mpmath.mpf(10) ** -45)


# Recall


@pytest.mark.parametrize("pcf", LARGE, ids=str)
def test_published_formulas_pass_both_stages(pcf: PCF) -> None:
    a, b = pcf.a, pcf.b
    assert all(is_nilpotent(a, b, p) for p in PRIMES if says_something(a, b, p))
    assert reduction_rate(a, b) >= sieve.FULL_REDUCTION
    assert may_reduce(np.array(coefficients(a)), np.array(coefficients(b)), QUICK, max(2 * a.degree(), b.degree()))
    rows = coefficients(a), coefficients(b)
    family = space_of(a=f"A*({pcf.a})".replace("x", "n"), b=f"({pcf.b})*A".replace("x", "n"), ranges={"A": "1..1"})
    for space in (box_of(point(a), point(b)), family):
        assert space.size == 1
        assert [(c.index, c.a, c.b) for c in screened(space)] == [(0, *rows)]
    # All their b split over Q.
    assert [(c.a, c.b) for c in screened(box_of(point(a), point(b), split=True))] == [rows]


@pytest.mark.parametrize("case", [case for case in KNOWN if PCF(case["a"], case["b"]).canonical() in LARGE], ids=str)
def test_published_formulas_get_their_names(case: dict[str, Any]) -> None:
    pcf = PCF(case["a"], case["b"])
    (candidate,) = screened(box_of(point(pcf.a), point(pcf.b)))
    found = sieve.confirm(candidate)
    assert found is not None
    assert found.identities
    with mpmath.workdps(60):
        value = mpmath.mpf(case["value50"]) * int(pcf.scale.denom()) / int(pcf.scale.numer())
        assert all(close(lhs, value) for lhs in names(found))
    assert all(identity.evidence.level == "verified" for identity in found.identities)


def test_formulas_of_e_and_bessel_functions_do_not_pass() -> None:
    tried = 0
    for case in KNOWN + DYNAMICS:
        if case["constant"].startswith(("e", "tan", "C_1", "Bessel", "sqrt(e)", "Mills")):
            a, b = PCF(case["a"], case["b"]).a, PCF(case["a"], case["b"]).b
            assert screened(box_of(point(a), point(b), force=True)) == []
            tried += 1
    assert tried > 30


# What passes for nothing


def rate_of(pcf: PCF) -> float:
    return reduction_rate(pcf.a, pcf.b, least=sieve.FULL_REDUCTION, apparent=apparent_factors(pcf.a, pcf.b))


def antisymmetric_pairs() -> list[tuple[fmpz_poly, fmpz_poly]]:
    """10,000 pairs with a(-1-n) = -a(n) of degree 3 and b(-n) = b(n) of degree 6 with the root 0, formulas of zeta(3) too."""
    n, rng = fmpz_poly([0, 1]), Random(6)
    grid = product(range(1, 18), range(-6, 7), [*range(-16, 0), *range(1, 17)])
    found = [((2 * n + 1) * (k * (n * n + n) + c), d * n**6) for k, c, d in grid]
    while len(found) < 10_000:
        a = (2 * n + 1) * (rng.randint(1, 40) * (n * n + n) + rng.randint(-40, 40)) * rng.randint(1, 3)
        (u, v), (w, z) = [(rng.randint(1, 5), rng.randint(-9, 9)) for _ in range(2)]
        squares = (u * u * n * n - v * v) if rng.random() < 0.7 else u * n * n + v
        found.append((a, rng.choice([-1, 1]) * rng.randint(1, 60) * n * n * squares * (w * w * n * n - z * z)))
    return found


def test_antisymmetric_families_pass_stage_one_for_free_and_stage_two_only_if_true() -> None:
    pairs = antisymmetric_pairs()
    assert len(pairs) == 10_000
    a_rows = np.array([coefficients(a) for a, _ in pairs], np.int64)
    b_rows = np.array([coefficients(b) for _, b in pairs], np.int64)
    assert len(nilpotent_members(a_rows, b_rows)) == len(pairs)
    space = space_of(a="A*n^3", b="n^6", ranges={"A": "1..2"})
    left, rejected = set(), []
    for (a, b), a_row, b_row in zip(pairs, a_rows, b_rows, strict=True):
        if sieve._trivial(space, a, b) is None:
            if may_reduce(a_row, b_row, QUICK, 6) and rate_of(PCF(a, b)) >= sieve.FULL_REDUCTION:
                left.add(PCF(a, b).canonical())
            else:
                rejected.append(PCF(a, b))
    assert {PCF("(2*n+1)*(17*n^2+17*n+5)", "-n^6"), PCF("(2*n+1)*(n^2+n+1)", "-n^6")} & left
    assert {PCF("(2*n+1)*(3*n^2+3*n+1)", "-n^6"), PCF("(2*n+1)*(5*n^2+5*n+2)", "-16*n^6")} <= left
    assert len(left) < 12
    assert all(measure(pcf).factorial_reduction for pcf in left)
    assert len(rejected) > 5000
    assert not any(measure(pcf, depth=200).factorial_reduction for pcf in rejected[::100])


# The whole against its definition


def inside(pcf: PCF, a: Ranges, b: Ranges) -> bool:
    rows = zip((coefficients(pcf.a), coefficients(pcf.b)), (a, b), strict=True)
    return all(
        len(row) == len(of_row) and all(x <= c <= y for c, (x, y) in zip(row, of_row, strict=True))
        for row, of_row in rows
    )


def belongs(pcf: PCF, a: Ranges, b: Ranges) -> bool:
    """Whether a member of the box should be kept, by the exact tests alone."""
    if not all(is_nilpotent(pcf.a, pcf.b, p) for p in PRIMES if says_something(pcf.a, pcf.b, p)):
        return False
    if pcf.asymptotics.regime in ("finite", "divergent") or is_inflated(pcf.a, pcf.b) or is_void(pcf.a, pcf.b):
        return False
    form = pcf.canonical()
    if form != pcf and inside(form, a, b):
        return False
    return rate_of(pcf) >= sieve.FULL_REDUCTION


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([(2, 3), (0, 3), (1, 3)], [(-2, -1), (-4, 3), (-3, 2), (-1, 2), (0, 0)]),
        ([(3, 6), (3, 6), (1, 2)], [(-8, -2), (-4, 0), (0, 0), (0, 0), (0, 0)]),
        ([(-2, 2), (-2, 2)], [(-1, 2), (-2, 2), (-1, 1)]),
    ],
)
def test_the_candidates_are_those_of_the_definition(a: Ranges, b: Ranges) -> None:
    space = box_of(a, b, force=True)
    expected = set()
    rows = [[row for row in product(*[range(x, y + 1) for x, y in ranges]) if row[0]] for ranges in (a, b)]
    if all(x == -y for x, y in a):
        rows[0] = [row for row in rows[0] if row[0] > 0]
    for a_row, b_row in product(*rows):
        if belongs(PCF(list(a_row), list(b_row)), a, b):
            expected.add((a_row, b_row))
    assert space.size == len(rows[0]) * len(rows[1])
    whole = sieve.screen(space, 0, space.size)
    assert {(c.a, c.b) for c in whole.candidates} == expected
    assert len(expected) >= 3
    assert whole.counters["candidates"] == len(expected)
    cuts = sorted({0, 1, space.size // 7, space.size // 3, space.size - 5, space.size})
    parts = [c for start, stop in pairwise(cuts) for c in sieve.screen(space, start, stop).candidates]
    assert parts == whole.candidates


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ("(n+1)*(3*n^2+3*n+1)", "-2*(n+1)*n^5", "inflated"),
        ("(n^2+n+1)*(3*n^2+3*n+1)", "-2*(n^2+n+1)*(n^2-n+1)*n^4", "inflated"),
        ("n^2-4*n-4", "n*(n+2)*(3*n^2-3*n+2)", "void"),
        ("2*n^2", "n*(3*n-1)*(n^2-n+1)", "half"),
        ("(2*n+1)*(4*n^2+4*n+5)", "-n^6", "half"),
        ("2*n^2+2*n+1", "-2*n^4", "divergent"),
    ],
)
def test_what_is_dropped_is_dropped_for_its_reason(a: str, b: str, reason: str) -> None:
    pcf = PCF(a, b)
    dropped = sieve.screen(box_of(point(pcf.a), point(pcf.b)), 0, 1)
    assert dropped.candidates == []
    reasons = ("finite", "divergent", "inflated", "void", "equivalent", "half")
    assert {name: dropped.counters[name] for name in reasons} == {name: int(name == reason) for name in reasons}


def test_of_equivalent_members_the_canonical_one_is_kept() -> None:
    """PCF(6n^2+6n+2, -8n^4) is twice PCF(3n^2+3n+1, -2n^4)."""
    both = box_of([(3, 6), (3, 6), (1, 2)], [(-8, -2)] + [(0, 0)] * 4)
    whole = sieve.screen(both, 0, both.size)
    assert whole.counters["equivalent"] >= 1
    kept = {(c.a, c.b[0]) for c in whole.candidates}
    assert ((3, 3, 1), -2) in kept
    assert ((6, 6, 2), -8) not in kept
    (double,) = screened(box_of([(6, 6), (6, 6), (2, 2)], [(-8, -8)] + [(0, 0)] * 4))
    found = sieve.confirm(double)
    assert found is not None
    assert (found.formula.a, found.formula.b) == ("3*n^2 + 3*n + 1", "-2*n^4")
    assert names(found) == ["1/(2*catalan)"]


def test_a_candidate_whose_denominators_do_not_collapse_is_not_confirmed() -> None:
    half = sieve.Candidate(0, (2, 0, 0), (3, -4, 4, -1, 0), 0.5, 1)
    assert sieve.confirm(half) is None
    divergent = sieve.Candidate(0, (1, 0), (-1, 0, 0), 1.0, 1)
    assert sieve.confirm(divergent) is None


# A box from end to end


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    space = space_of(**BOX)
    found = [sieve.confirm(candidate) for candidate in screened(space)]
    assert None not in found
    return [each for each in found if each is not None]


def pcf_of(found: Finding) -> PCF:
    return PCF(found.formula.a or "", found.formula.b or "")


def test_the_box_has_the_formula_of_catalan_and_that_of_zeta_2(findings: list[Finding]) -> None:
    table = {pcf_of(found): names(found) for found in findings}
    assert table[PCF("3*n^2+3*n+1", "-2*n^4")] == ["1/(2*catalan)"]
    with mpmath.workdps(60):
        assert [close(lhs, 8 / mpmath.pi**2) for lhs in table[PCF("3*n^2+3*n+1", "-2*n^4+n^3")]] == [True]
        assert [close(lhs, 6 / mpmath.pi**2) for lhs in table[PCF("n^2+(n+1)^2", "-n^4")]] == [True]
    assert len(table) == len(findings) == len({found.index for found in findings})
    assert all(pcf.canonical() == pcf for pcf in table)


def test_no_identity_is_false(findings: list[Finding], backward: Backward) -> None:
    """Each is computed again by the backward recurrence, to 300 digits or as far as slow convergence allows."""
    checked = 0
    for found in findings:
        pcf = pcf_of(found)
        a, b = list(coefficients(pcf.a)), list(coefficients(pcf.b))
        terms = pcf.asymptotics.terms_for(300)
        for lhs in names(found):
            checked += 1
            with mpmath.workdps(330):
                value = Identity.parse(lhs).value(310)
                if terms < 5000:
                    gap = abs(backward(a, b, int(terms * 1.1) + 60, 310) / value - 1)
                    assert gap < mpmath.mpf(10) ** -300, (pcf, lhs)
                else:
                    gaps = [abs(backward(a, b, n, 60) - value) for n in (200, 400, 800, 1600)]
                    assert gaps == sorted(gaps, reverse=True)
                    assert gaps[-1] < gaps[0] / 1.3, (pcf, lhs)
    assert checked >= 7


def test_rational_values_have_the_label_and_are_what_it_says(findings: list[Finding], backward: Backward) -> None:
    rational = [(found, label.detail) for found in findings for label in found.labels if label.kind == "rational"]
    assert len(rational) >= 15
    for found, detail in rational:
        pcf = pcf_of(found)
        assert names(found) == []
        assert found.formula.value is not None
        assert (found.formula.value == "0") == (detail == "0")
        p, _, q = detail.partition("/")
        with mpmath.workdps(70):
            value = backward(list(coefficients(pcf.a)), list(coefficients(pcf.b)), 400, 70)
            assert abs(value - mpmath.mpf(p) / int(q or 1)) < mpmath.mpf(10) ** -60


# Jobs


def rows_of(path: Path) -> Rows:
    """What a job leaves behind, without row numbers, times and order of arrival."""
    queries = {
        "formula": "select exact_key, class_key, a, b, value, evidence from formula",
        "identity": "select f.exact_key, i.lhs, i.evidence, i.digits from identity i join formula f on f.id = i.formula_id",
        "label": "select f.exact_key, l.kind, l.detail from formula_label l join formula f on f.id = l.formula_id",
        "finding": "select f.exact_key, g.candidate from finding g join formula f on f.id = g.formula_id",
        "unit": "select start, stop from unit",
        "job": "select state, total, done, findings from job",
    }
    with sqlite3.connect(path) as connection:
        return {name: sorted(connection.execute(query).fetchall()) for name, query in queries.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sieve") / "lab.db"
    with Store.open(path) as store:
        job = run_job(store, prepare_job(store, JobSpec.of("sieve", BOX)).id, LocalEngine())
        assert job.complete
    return path


def test_a_job_stores_what_the_method_finds(whole: Path, findings: list[Finding]) -> None:
    with Store.open(whole) as store:
        (job,) = store.jobs()
        assert job.counters["confirmed"] == job.findings == len(findings)
        unnamed = query.formulas(store, unidentified=True)
        nothing = [pcf_of(f) for f in findings if not f.identities and not any(x.kind == "rational" for x in f.labels)]
        assert len(nothing) >= 3
        assert {PCF(view.a or "", view.b or "") for view in unnamed} == set(nothing)
        deltas = [view.delta for view in unnamed if view.delta is not None]
        assert deltas == sorted(deltas, reverse=True)
        assert query.count(store, unidentified=True) == len(nothing)
        labelled = query.formulas(store, label="rational", min_evidence="screened")
        assert len(labelled) == sum(any(x.kind == "rational" for x in f.labels) for f in findings)


def test_a_job_stopped_again_and_again_ends_with_the_same_rows(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units end in the middle of rows of the box here."""
    monkeypatch.setattr(SieveBox, "block_size", property(lambda box: 100_003))

    class Stopping(LocalEngine):
        unit_seconds = 0.001

        def run(self, work: Any, units: Any) -> Iterator[Any]:
            for unit in units:
                stop.asked = True
                yield Completed(work(unit), "test")

    path, runs = tmp_path / "lab.db", 0
    with Store.open(path) as store:
        job = prepare_job(store, JobSpec.of("sieve", BOX))
        while not job.complete:
            stop = Stop()
            job = run_job(store, job.id, Stopping(), stop=stop)
            runs += 1
    assert runs == -(-job.total // 100_003)
    assert rows_of(path) == rows_of(whole)


# Specifications


def test_large_and_pointless_spaces_are_accepted_when_asked_for() -> None:
    assert space_of(a_degree=3, b_degree=6, bound=20, allow_large=True).size == 20 * 41**3 * 40 * 41**6
    assert space_of(a_degree=1, b_degree=2, bound=2, force=True).size == 2 * 5 * 4 * 25
