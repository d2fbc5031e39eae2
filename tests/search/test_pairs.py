"""Pairs: what is asked, what is found in fractions whose series are known, what is not, and the job as a whole."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flint import arb, ctx, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.constants import constant
from constants_lab.db.records import Finding
from constants_lab.db.store import Store
from constants_lab.errors import InputError
from constants_lab.evaluation import Evaluation
from constants_lab.pair_identities import identity_in
from constants_lab.polynomials import format_polynomial
from constants_lab.search import units
from constants_lab.search.engine import Completed, LocalEngine
from constants_lab.search.job import JobSpec
from constants_lab.search.methods import pairs
from constants_lab.search.methods.pairs import DEFAULT_CONSTANTS, Number, PairSpace, Spec, answers, number_of, questions
from constants_lab.search.runner import prepare_job, run_job

SMALL = ["pi", "log(2)", "log(3)", "L(-3,1)", "sqrt(2)"]


def euler(h1: list[int], h2: list[int]) -> tuple[str, str]:
    """The fraction with a(0) + h2(1) (1/T - 1) for T = sum of prod h1(i)/h2(i + 1) (Euler 1748); constant term first."""
    one, two = fmpz_poly(h1), fmpz_poly(h2)
    return format_polynomial(one + two(fmpz_poly([1, 1]))), format_polynomial(-one * two)


def findings(spec: Spec) -> tuple[list[Finding], dict[str, int]]:
    space = PairSpace(spec)
    screened = pairs.screen(space, 0, space.size)
    found = [pairs.confirm(candidate) for candidate in screened.candidates]
    return [each for each in found if each is not None], screened.counters


# Sums by partial fractions.  T is followed by the fraction's value in T.
SERIES = [
    # T = sum of (-1)^k/((k+1)(2k+1)) = pi/2 - log(2); 1/T.
    (([0, 1, -2], [0, -1, 2]), "2/(pi - 2*log(2))"),
    # T = sum of 1/((k+1)(4k+1)) = pi/6 + log(2); 1/T.
    (([0, -3, 4], [0, -3, 4]), "6/(pi + 6*log(2))"),
    # T = sum of 4^-k/((k+1)(2k+1)) = 6 log(3) - 8 log(2); 4/T, of which the canonical form has the half.
    (([0, -1, 2], [0, -4, 8]), "2/(3*log(3) - 4*log(2))"),
    # T = sum of 1/((k+1)(3k+1)) = pi/(4 sqrt(3)) + 3 log(3)/4, and L(-3,1) = pi/(3 sqrt(3)); 1/T.
    (([0, -2, 3], [0, -2, 3]), "4/(3*log(3) + 3*L(-3,1))"),
    # T = sum of 2^-k/(k+1)^2 = 2 Li_2(1/2) = pi^2/6 - log(2)^2; 2/T.
    (([0, 0, 1], [0, 0, 2]), "12/(pi^2 - 6*log(2)^2)"),
    # T = sum of 9/((4k+1)^2 (4k+3)^2) = 9 pi (pi - 2)/32; 9 + 9/T.
    (([9, -96, 352, -512, 256], [9, -96, 352, -512, 256]), "(9*pi^2 - 18*pi + 32)/(pi^2 - 2*pi)"),
    # T = sum of (-1)^k/((k+1)^2 (2k+1)) = pi - 2 log(2) - pi^2/12 has three; not one pair.
    (([0, 0, 1, -2], [0, 0, -1, 2]), None),
]


@pytest.mark.parametrize(("series", "lhs"), SERIES)
def test_fractions_with_known_series_are_named(series: tuple[list[int], list[int]], lhs: str | None) -> None:
    spec = Spec(formulas=[euler(*series)], constants=[*SMALL, "pi^2", "log(2)^2"], trials=10**9)
    found, counters = findings(spec)
    assert [record.lhs for each in found for record in each.identities] == [] if lhs is None else [lhs]
    assert counters == {"valued": 1, "slow": 0, "short": 0, "rational": 0, "algebraic": 0, "candidates": len(found)}
    for each in found:
        (record,) = each.identities
        assert record.evidence.digits == 200
        assert record.evidence.significance is not None
        # 200 digits less what the integers and 10^9 times some questions cost.
        assert 160 < record.evidence.significance < 191
        assert identity_in(record.constant, [[int(k) for k in row] for row in record.matrix]).lhs == lhs
        assert each.dynamics is not None


def test_the_default_constants_find_them_too_and_nothing_else() -> None:
    found, _ = findings(Spec(formulas=[euler(*SERIES[0][0])]))
    assert [record.lhs for each in found for record in each.identities] == [SERIES[0][1]]


def test_a_formula_is_found_in_its_canonical_form() -> None:
    """Inflated by n + 2 and by -3; the value is that of the canonical fraction."""
    plain, _ = findings(Spec(formulas=[("4n+1", "n^2*(2n-1)^2")], constants=SMALL))
    other, _ = findings(Spec(formulas=[("-3(n+2)*(4n+1)", "9(n+2)*(n+1)*n^2*(2n-1)^2")], constants=SMALL))
    assert other[0].formula == plain[0].formula
    assert [r.lhs for r in other[0].identities] == [r.lhs for r in plain[0].identities] == ["2/(pi - 2*log(2))"]


@pytest.mark.parametrize(
    ("a", "b", "counter"),
    [
        ("n+1", "n^2-9", "rational"),
        ("2n+3", "-n^2-2n", "rational"),
        ("1", "1", "algebraic"),
        ("4", "2", "algebraic"),
        ("1", "-n^2-1", "slow"),
        ("n^3+n+1", "n^2+5", None),
    ],
)
def test_what_is_rational_or_algebraic_or_has_no_value_is_not_asked_about(a: str, b: str, counter: str | None) -> None:
    found, counters = findings(Spec(formulas=[(a, b)], constants=SMALL))
    assert found == []
    assert {name for name, count in counters.items() if count} == {counter or "valued"}


def test_all_trials_are_paid_for() -> None:
    """200 digits cannot tell a relation from chance when there were 10^180 candidates."""
    formulas = [("4n+1", "n^2*(2n-1)^2")]
    assert findings(Spec(formulas=formulas, constants=SMALL, trials=10**150))[0]
    found, counters = findings(Spec(formulas=formulas, constants=SMALL, trials=10**190))
    assert (found, counters["short"]) == ([], 1)
    space = PairSpace(Spec(formulas=formulas * 7, constants=SMALL, trials=5))
    assert space.trials == 7 * len(questions(tuple(SMALL)))


def test_random_numbers_have_no_answers() -> None:
    generator = random.Random(20240229)
    asked = questions((*SMALL, "pi^2", "catalan", "zeta(3)"))
    for digits in (208, 110, 60):
        for _ in range(10):
            number = _number(Fraction(generator.getrandbits(800), 2**795), digits)
            assert list(answers(number, asked, 1)) == []


def _number(x: Fraction | arb, digits: int, trials: int = 1) -> Number:
    with ctx.workprec(1200):
        value = arb(x.numerator) / x.denominator if isinstance(x, Fraction) else x
        number = number_of(Evaluation(value.mid(), digits, 100, False), trials)
    assert isinstance(number, Number)
    return number


ENTRY = st.integers(-200, 200)
ROW = st.tuples(ENTRY, ENTRY, ENTRY)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(questions((*SMALL, "pi^2", "catalan", "zeta(5)"))), ROW, ROW)
def test_what_is_planted_is_found(names: tuple[str, ...], top: tuple, bottom: tuple) -> None:
    (p, q, r), (s, t, u) = top, bottom
    assume(any(bottom) and (p * t != q * s or p * u != r * s or q * u != r * t))
    with ctx.workprec(1200):
        c = [constant(name).ball(320) for name in names]
        c = c if len(names) == 2 else [c[0] ** 2, c[0]]
        value = (p * c[0] + q * c[1] + r) / (s * c[0] + t * c[1] + u)
    assume(len(names) == 2 or p * s or q * t)
    number = number_of(Evaluation(value.mid(), 210, 100, False), 10**9)
    assume(not isinstance(number, str))
    assert isinstance(number, Number)
    found = list(answers(number, [names], 10**9))
    if len(names) == 1:
        assert [identity.lhs for identity in found] == [identity_in(names, (top, bottom)).lhs]
    elif (p or s) and (q or t):
        assert found == [identity_in(names, (top, bottom))]
    else:
        # It depends on one of the two, which is another question.
        assert found == []


# What is asked


def test_dependent_constants_are_not_paired() -> None:
    asked = questions(("log(2)", "log(5)", "log(10)", "pi^2", "zeta(2)", "log(4/5)"))
    assert asked == (
        ("log(2)",), ("log(5)",), ("log(10)",), ("pi^2",), ("log(4/5)",),
        ("log(2)", "log(5)"), ("log(2)", "pi^2"), ("log(5)", "pi^2"), ("log(10)", "pi^2"), ("pi^2", "log(4/5)"),
    )  # fmt: skip


def test_one_constant_is_asked_for_functions_of_it() -> None:
    """sinh(1) is one of degree 2 in e (but none in e^2), and sqrt(8) of degree 1 in sqrt(2)."""
    asked = questions(("e", "sinh(1)", "e^2", "sqrt(2)", "sqrt(3)", "sqrt(8)", "1/e"))
    assert [names for names in asked if len(names) == 2] == [
        ("e", "sqrt(2)"), ("e", "sqrt(3)"), ("sinh(1)", "e^2"), ("sinh(1)", "sqrt(2)"), ("sinh(1)", "sqrt(3)"),
        ("e^2", "sqrt(2)"), ("e^2", "sqrt(3)"), ("sqrt(2)", "1/e"), ("sqrt(3)", "1/e"),
    ]  # fmt: skip
    assert [names for names in asked if len(names) == 1] == [("e",), ("sinh(1)",), ("e^2",), ("1/e",)]


def test_the_default_constants_are_spelled_as_they_are_named_and_independent() -> None:
    assert [constant(name).name for name in DEFAULT_CONSTANTS] == list(DEFAULT_CONSTANTS)
    asked = questions(DEFAULT_CONSTANTS)
    transcendental = [name for name in DEFAULT_CONSTANTS if constant(name).irrational != "algebraic"]
    assert [names for names in asked if len(names) == 1] == [(name,) for name in transcendental]
    assert len(set(asked)) == len(asked) > 1000
    assert ("pi", "pi^2") not in asked
    assert ("pi", "log(2)") in asked


def test_what_cannot_be_asked() -> None:
    with pytest.raises(InputError, match="all algebraic"):
        questions(("sqrt(2)", "phi"))
    with pytest.raises(InputError, match="at most 49"):
        questions(tuple(f"log({p})" for p in range(2, 60)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "lacks 'formulas'"),
        ({"formulas": []}, "list of pairs of texts"),
        ({"formulas": [["4n+1"]]}, "is no formula"),
        ({"formulas": [["4n+1", 3]]}, "is no formula"),
        ({"formulas": [["n", "n"]] * 100_001}, "100,001 formulas are too many"),
        ({"formulas": [["n", "n"]], "constants": ["pie"]}, "no constant is called 'pie'"),
        ({"formulas": [["n", "n"]], "trials": 0}, "trials"),
        ({"formulas": [["n", "n"]], "digits": 5}, "no key 'digits'"),
    ],
)
def test_specifications_that_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        JobSpec.of("pairs", options)


def test_a_formula_that_cannot_be_read_is_refused_with_the_space() -> None:
    with pytest.raises(InputError, match="'m'"):
        JobSpec.of("pairs", {"formulas": [["n", "n"], ["m", "n"]]}).space()


def test_a_specification_in_one_line() -> None:
    spec = JobSpec.of("pairs", {"formulas": [["n", "n"]], "constants": ["pi", "G"]}).as_json()
    assert pairs.describe(spec) == "squares and pairs of pi, catalan; 1 formula"
    spec = JobSpec.of("pairs", {"formulas": [["n", "n"]] * 2}).as_json()
    assert pairs.describe(spec) == f"squares and pairs of {len(DEFAULT_CONSTANTS)} constants; 2 formulas"


# The job

FORMULAS = [("4n+1", "n^2*(2n-1)^2"), ("1", "1"), euler(*SERIES[5][0]), ("n^3+n+1", "n^2+5"), euler(*SERIES[2][0])]
SPEC = JobSpec.of("pairs", {"formulas": FORMULAS, "constants": SMALL, "trials": 1000})


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three questions a task, and one task the least unit."""
    monkeypatch.setattr(pairs, "_TASK", 3)
    monkeypatch.setattr(PairSpace, "block_size", property(lambda space: 1))
    units._opened.cache_clear()
    yield
    units._opened.cache_clear()


@pytest.mark.usefixtures("small_tasks")
def test_candidates_are_fractions_with_tasks() -> None:
    space = SPEC.space()
    assert isinstance(space, PairSpace)
    assert space.tasks == -(-len(space.questions) // 3) > 2
    assert space.size == len(FORMULAS) * space.tasks
    for formula in range(len(FORMULAS)):
        tasks = [space.task(formula * space.tasks + task) for task in range(space.tasks)]
        assert {pcf for pcf, _ in tasks} == {space.formulas[formula]}
        assert [names for _, asked in tasks for names in asked] == list(space.questions)


@pytest.mark.usefixtures("small_tasks")
def test_units_do_not_matter() -> None:
    space = SPEC.space()
    assert isinstance(space, PairSpace)
    whole = pairs.screen(space, 0, space.size)
    assert [each.identity.lhs for each in whole.candidates] == [
        "2/(pi - 2*log(2))",
        "(9*pi^2 - 18*pi + 32)/(pi^2 - 2*pi)",
        "2/(3*log(3) - 4*log(2))",
    ]
    parts = [pairs.screen(space, index, index + 1) for index in reversed(range(space.size))]
    assert sorted((each for part in parts for each in part.candidates), key=lambda c: c.index) == whole.candidates
    assert {name: sum(part.counters[name] for part in parts) for name in whole.counters} == whole.counters


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What a job leaves behind, without row numbers and times."""
    queries = {
        "formula": "select exact_key, class_key, a, b, value, evidence from formula",
        "identity": "select f.exact_key, i.constant, i.matrix, i.lhs, i.evidence, i.digits, i.height "
        "from identity i join formula f on f.id = i.formula_id",
        "finding": "select f.exact_key, g.candidate from finding g join formula f on f.id = g.formula_id",
        "evidence": "select f.exact_key, e.level, e.digits, e.significance "
        "from evidence e join formula f on f.id = e.formula_id",
        "unit": "select start, stop from unit",
        "job": "select state, total, done, findings, counters from job",
    }
    with sqlite3.connect(path) as connection:
        return {name: sorted(connection.execute(query).fetchall()) for name, query in queries.items()}


class Failing(LocalEngine):
    """An engine that is interrupted after some units."""

    unit_seconds = 0.0001

    def __init__(self, after: int) -> None:
        self.after = after

    def run(self, work: Any, units: Iterator[Any]) -> Iterator[Any]:
        for done, unit in enumerate(units):
            if done == self.after:
                raise KeyboardInterrupt
            yield Completed(work(unit), "test")


@pytest.mark.usefixtures("small_tasks")
def test_a_job_that_is_broken_off_again_and_again_ends_with_the_same_rows(tmp_path: Path) -> None:
    with Store.open(tmp_path / "whole.db") as store:
        job = run_job(store, prepare_job(store, SPEC).id, LocalEngine())
        assert (job.state, job.findings) == ("done", 3)
    runs = 0
    with Store.open(tmp_path / "lab.db") as store:
        job = prepare_job(store, SPEC)
        while not job.complete:
            runs += 1
            try:
                job = run_job(store, job.id, Failing(2))
            except KeyboardInterrupt:
                job = store.job(job.id)
                assert job.state == "paused"
    assert runs > 3
    assert rows(tmp_path / "lab.db") == rows(tmp_path / "whole.db")
