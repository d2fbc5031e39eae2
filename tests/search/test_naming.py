"""Names for values: claims from digits, their verification, and a survey named for real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from constants_lab.balls import decimal
from constants_lab.constants import constant
from constants_lab.db.clustering import SurveyRows, survey_rows
from constants_lab.db.query import formula, formulas
from constants_lab.db.records import DynamicsRecord, Finding, FormulaRecord
from constants_lab.db.store import Store
from constants_lab.expressions import Identity
from constants_lab.identification import identify
from constants_lab.known import known_formulas
from constants_lab.pcf import PCF
from constants_lab.search.engine import LocalEngine
from constants_lab.search.job import JobSpec
from constants_lab.search.name_checks import Member, anchors_of, verified
from constants_lab.search.name_relations import Question, answers, equivalents
from constants_lab.search.name_values import Claim, Reach, name_values, quadratic_claims
from constants_lab.search.naming import Limits, Naming, name_members
from constants_lab.search.runner import prepare_job, run_job

NEAR = Reach(far=())
"""All constants with integers up to 20; the favourites with larger ones take some seconds."""

CASES = json.loads((Path(__file__).parents[1] / "data" / "dynamics.json").read_text())["cases"]

LEFT_HAND_SIDES = [
    "4/pi",
    "-7/(3*pi - 20)",
    "e/2",
    "e^2/3",
    "exp(1/2)",
    "(exp(1/2) + 1)/(exp(1/2) - 1)",
    "phi",
    "3*sqrt(2) + 1",
    "5/zeta(2)",
    "2/(2*catalan - 1)",
    "12/(7*zeta(3))",
    "(log(2) + 19)/(17*log(2) - 3)",
    "3 + 2/gauss",
    "lemniscate/2",
    "lemniscate^2/pi + 2",
]


def digits_of(lhs: str, digits: int = 60) -> str:
    return decimal(Identity.parse(lhs).ball(digits + 20), digits)


@pytest.mark.parametrize("sign", [1, -1])
def test_images_of_constants_are_named(sign: int) -> None:
    wanted = [Identity.parse(lhs if sign > 0 else f"-({lhs})") for lhs in LEFT_HAND_SIDES]
    found = name_values([digits_of(identity.lhs) for identity in wanted], NEAR)
    assert [claims[0].identity for claims in found] == wanted


def test_nothing_is_claimed_of_other_numbers() -> None:
    values: list[str | None] = [None, "0", "0.0"]
    with mpmath.workdps(80):
        for lhs in LEFT_HAND_SIDES:
            # A field may hold a near neighbour only with integers that nobody would look at.
            values.append(mpmath.nstr(mpmath.mpf(digits_of(lhs)) + mpmath.mpf(10) ** -40, 60, strip_zeros=False))
        values += [mpmath.nstr(mpmath.mpf(k) / 7, 60, strip_zeros=False) for k in (1, -22, 300)]
        values += [mpmath.nstr(mpmath.sqrt(mpmath.pi + k), 60, strip_zeros=False) for k in range(1, 20)]
    assert name_values(values, NEAR) == [[] for _ in values]


@pytest.mark.parametrize(
    ("value", "simplest", "others"),
    [
        ("pi^2/12", "zeta(2)/2", "pi^2/12"),
        ("pi^2", "pi^2", "6*zeta(2)"),
        ("tanh(1)", "tanh(1)", "(e^2 - 1)/(e^2 + 1)"),
        ("e^2", "e^2", "-(tanh(1) + 1)/(tanh(1) - 1)"),
    ],
)
def test_the_simplest_claim_comes_first_as_in_identification(value: str, simplest: str, others: str) -> None:
    text = digits_of(value)
    claims = [claim.identity.lhs for claim in name_values([text], NEAR)[0]]
    assert claims[0] == simplest == identify(text, max_coefficient=20)[0].lhs
    assert Identity.parse(others).lhs in claims


def test_roots_of_quadratics_are_written_in_the_constant_of_their_field() -> None:
    for polynomial in ((1, -1, -1), (-4, 6, -1), (1, 2, -17), (3, 0, -20), (7, 1, -1)):
        for x in np.roots(polynomial):
            claims = quadratic_claims(polynomial, float(x))
            for claim in claims:
                with mpmath.workdps(40):
                    y = claim.identity.value(35)
                    assert abs(mpmath.polyval(polynomial, y)) < 1e-30
                assert float(y) == pytest.approx(float(x))
    assert quadratic_claims((1, -1, -1), 1.618)[0].identity == Identity.parse("phi")
    # The square root of 29 is no constant of the catalogue.
    assert quadratic_claims((7, 1, -1), 0.3) == []


def test_claims_are_verified_on_the_formula_itself() -> None:
    good = Claim(Identity.parse("4/pi"), "Brouncker")
    worse = Claim(Identity.parse("5/pi"))
    # Inflations of one fraction: values 4/pi, -12/pi and 16/pi.
    members = [
        Member(1, "2*n + 1", "n^2", (good,)),
        Member(2, "-6*n - 3", "9*n^2", (Claim(Identity.parse("-12/pi")),)),
        Member(3, "4*n^2 + 10*n + 4", "4*n^4 + 12*n^3 + 8*n^2", (Claim(Identity.parse("16/pi")),)),
        Member(4, "2*n + 1", "n^2", (worse, good)),
        Member(5, "n", "-n^2", (worse,)),
    ]
    result = verified(members, 15.0)
    assert [(number, record.lhs) for number, record in result.identities] == [
        (1, "4/pi"),
        (2, "-12/pi"),
        (3, "16/pi"),
        (4, "4/pi"),
    ]
    for _, record in result.identities:
        assert record.evidence.digits >= 100
        assert not record.evidence.accelerated
        assert record.evidence.significance is not None
        assert record.evidence.significance < 110 - 15
    assert [record.evidence.detail for _, record in result.identities] == ["Brouncker", "", "", "Brouncker"]
    # The fourth has another name; the fifth diverges.
    assert [(failure.formula, failure.lhs) for failure in result.failures] == [(4, "5/pi"), (5, "5/pi")]
    assert "agree on 0 digits" in result.failures[0].reason


def test_slow_fractions_are_verified_by_acceleration_and_marked() -> None:
    result = verified([Member(1, "2", "n^2", (Claim(Identity.parse("2/(4 - pi)")),))], 15.0)
    assert result.failures == []
    [(_, record)] = result.identities
    assert record.evidence.accelerated
    assert record.evidence.digits >= 50


def test_more_chances_than_digits_allow_verify_nothing() -> None:
    claim = Claim(Identity.parse("4/pi"))
    result = verified([Member(1, "2*n + 1", "n^2", (claim,))], 90.0)
    assert (result.identities, [failure.lhs for failure in result.failures]) == ([], ["4/pi"])


NAMED = {
    "zeta(2)": "zeta(2)",
    "ln3": "log(3)",
    "ln(4/3)": "log(4/3)",
    "pi": "pi",
    "lemniscate^2/pi": "lemniscate^2/pi",
    "Gauss constant": "gauss",
    "zeta(3)": "zeta(3)",
    "zeta(5)": "zeta(5)",
    "Catalan": "catalan",
    "e": "e",
    "e^2": "e^2",
    "tan(1)": "tan(1)",
    "sqrt(e)": "exp(1/2)",
    "C_1 (Bessel)": "besseli_ratio(0,2)",
    "phi": "phi",
    "sqrt2": "sqrt(2)",
}
RELATED = {"tanh(1)": "e^2", "pi^2": "zeta(2)", "sqrt(5)": "phi"}
"""Constants that a value may have for its simplest name, and the one under which the table has it."""


def test_published_formulas_name_their_forms() -> None:
    [(_, claim)] = anchors_of([(7, "4*n + 6", "4*n^4 + 16*n^3 + 24*n^2 + 16*n + 4"), (8, "n^2 + n + 1", "n^3 + 1")])
    assert claim is not None
    assert claim.identity == Identity.parse("2*zeta(2)/(2 - zeta(2))")
    assert any(claim.source.endswith(f"; {known.source}") for known in known_formulas())


def test_larger_integers_and_squares_are_found_with_the_constant_of_the_cluster() -> None:
    linear, square = "(137*pi + 2)/(911*pi - 3001)", "(3*log(2)^2 - 2)/(log(2) + 5)"
    questions = [
        Question(1, digits_of(linear), ("e", "pi")),
        Question(2, digits_of(square), ("log(2)",), 2, 300),
        Question(3, digits_of(square), ("log(2)",), 1),
        Question(4, digits_of("exp(1/2) + 1000000007"), ("e",), 1, 10_000),
        Question(5, digits_of("7/(5*zeta(3) - 40)")),
    ]
    found = answers(questions, 1000)
    assert [(key, [claim.identity.lhs for claim in claims]) for key, claims in found] == [
        (1, [Identity.parse(linear).lhs]),
        (2, [Identity.parse(square).lhs]),
        (5, [Identity.parse("7/(5*zeta(3) - 40)").lhs]),
    ]


def test_values_that_are_images_of_each_other_are_proposed() -> None:
    with mpmath.workdps(80):
        y, z = mpmath.exp(mpmath.sqrt(2)), mpmath.exp(mpmath.sqrt(3))
        x = [y, z, (3 * y - 2) / (y + 6), -1 / y, 5 * y + 1 + mpmath.mpf(10) ** -30, (z - 1) / 5]
        values = [mpmath.nstr(each, 60, strip_zeros=False) for each in x]
    found = equivalents([10, 20, 30, 40, 50, 60], values)
    assert sorted((each.formula, each.other) for each in found) == [(30, 10), (40, 10), (60, 20)]
    with mpmath.workdps(80):
        known = dict(zip((10, 20, 30, 40, 50, 60), x, strict=True))
        for each in found:
            (p, q), (r, s) = each.matrix
            w = known[each.other]
            assert abs((p * w + q) / (r * w + s) - known[each.formula]) < mpmath.mpf(10) ** -50


# --- a survey, named for real -----------------------------------------------------------------------------------------


def surveyed(path: Path, **options: Any) -> Store:
    store = Store.open(path)
    run_job(store, prepare_job(store, JobSpec.of("survey", options)).id, LocalEngine())
    return store


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A survey of a of degree 1 and b of degree 2 with coefficients up to 2, unnamed."""
    path = tmp_path_factory.mktemp("survey") / "lab.db"
    surveyed(path, a_degree=1, b_degree=2, bound=2).close()
    return path


@pytest.fixture
def survey(original: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "lab.db"
    path.write_bytes(original.read_bytes())
    with Store.open(path) as store:
        yield store


def named(store: Store, *, workers: int = 0, **options: Any) -> tuple[SurveyRows, Naming]:
    rows = survey_rows(store)
    numbers = (np.nan_to_num(rows.nilpotent) * 4).astype(np.int64)
    return rows, name_members(store, rows, numbers, workers=workers, reach=NEAR, **options)


def stored(store: Store) -> set[tuple[int, str]]:
    return {(view.id, view.lhs) for view in formulas(store) if view.lhs is not None}


def test_a_survey_is_named_without_anchors(survey: Store) -> None:
    rows, naming = named(survey, anchors=False)
    assert {"pi", "log(2)", "e", "sqrt(2)", "phi"} <= set(naming.found)
    assert naming.failures == []
    assert naming.before == 0
    views = formulas(survey)
    assert len(views) == sum(naming.found.values()) > 100
    by_id = dict(zip(rows.id.tolist(), naming.constants, strict=True))
    for view in views:
        assert view.lhs is not None
        assert view.constant == by_id[view.id]
        assert view.evidence == "verified"
        # The digits that the survey stored, which verification does not look at.
        with mpmath.workdps(70):
            lhs = Identity.parse(view.lhs).value(60)
            assert abs(mpmath.mpf(view.value) - lhs) < abs(lhs) * mpmath.mpf(10) ** -57


def test_members_of_a_class_have_a_name_or_none(survey: Store) -> None:
    rows, naming = named(survey)
    groups = rows.group[[name is not None for name in naming.constants]]
    assert len(groups) > 100
    members = np.isin(rows.group, groups[groups >= 0])
    assert all(name is not None for name in naming.constants[members])


def test_a_published_formula_lends_its_source(survey: Store) -> None:
    named(survey)
    [view] = [v for v in formulas(survey, constant="pi") if (v.a, v.b) == ("2*n + 1", "n^2")]
    whole = formula(survey, view.id)
    [record] = whole.records
    assert "4/pi" in record.detail
    assert any(source in record.detail for source in {known.source for known in known_formulas()})


def test_a_second_run_finds_nothing_to_do(survey: Store) -> None:
    _, first = named(survey)
    before = stored(survey)
    records = survey.info().rows["evidence"]
    _, second = named(survey)
    assert second.found == {}
    assert second.before == sum(first.found.values())
    assert second.asked == first.asked - second.before
    assert list(second.constants) == list(first.constants)
    assert (stored(survey), survey.info().rows["evidence"]) == (before, records)


@pytest.mark.parametrize("word", ["compared with", "is verified", "more closely"])
def test_an_interrupted_run_is_gone_on_with(survey: Store, original: Path, tmp_path: Path, word: str) -> None:
    def stop(text: str) -> None:
        if word in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        named(survey, say=stop)
    half = stored(survey)
    assert (len(half) > 50) == (word == "more closely")
    named(survey)
    path = tmp_path / "whole.db"
    path.write_bytes(original.read_bytes())
    with Store.open(path) as whole:
        named(whole)
        assert half <= stored(survey) == stored(whole)


def test_processes_find_the_same(survey: Store, original: Path, tmp_path: Path) -> None:
    path = tmp_path / "alone.db"
    path.write_bytes(original.read_bytes())
    _, together = named(survey, workers=2)
    with Store.open(path) as alone:
        _, single = named(alone)
        assert stored(survey) == stored(alone)
    assert list(together.constants) == list(single.constants)
    assert set(together.equivalents) == set(single.equivalents)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., tuple[Store, SurveyRows]]]:
    """A maker of surveys of a few fractions given as (a, b), whose values may be given as text."""
    with Store.open(tmp_path / "lab.db") as store:

        def make(*fractions: tuple[str, str], **values: str) -> tuple[Store, SurveyRows]:
            job = store.create_job("survey", {"few": len(fractions)}, len(fractions), "1")
            findings = []
            for index, (a, b) in enumerate(fractions):
                pcf = PCF(a, b)
                record = FormulaRecord(
                    kind="pcf",
                    exact_key=pcf.key,
                    class_key=pcf.class_key,
                    a=a,
                    b=b,
                    value=values.get(f"value{index}") or decimal(pcf.evaluate(70).value, 60),
                )
                dynamics = DynamicsRecord(regime=pcf.asymptotics.regime, depth=1000)
                findings.append(Finding(index=index, formula=record, dynamics=dynamics))
            store.record(job.id, 0, len(fractions), findings, {}, 1.0)
            return store, survey_rows(store)

        yield make


def test_the_table_of_dynamics_is_named(made: Callable[..., tuple[Store, SurveyRows]]) -> None:
    """All of it at once, without published formulas, those of one constant in a cluster; no constant, no name."""
    cases = [case for case in CASES if case.get("limit_50_digits") and case["constant"] != "rational"]
    fractions = [str(PCF(case["a"], case["b"])).removeprefix("PCF(").removesuffix(")").split(", ") for case in cases]
    store, rows = made(*((a, b) for a, b in fractions))
    assert len(rows) == len(cases)
    constants = sorted({case["constant"] for case in cases})
    numbers = np.array([constants.index(case["constant"]) for case in cases])
    naming = name_members(store, rows, numbers, workers=0, anchors=False, reach=NEAR)
    assert naming.failures == []
    for case, found in zip(cases, naming.constants, strict=True):
        wanted = NAMED.get(case["constant"])
        if wanted is not None:
            assert RELATED.get(found, found) == wanted, case
        if case["constant"] == "none":
            assert found is None, case
    assert sum(naming.found.values()) >= 45


def test_a_wrong_value_is_no_identity_but_a_failure(made: Callable[..., tuple[Store, SurveyRows]]) -> None:
    store, rows = made(("2*n + 1", "n^2"), ("n^2 + n + 1", "n^2 + 1"), value1=digits_of("(pi + 1)/3"))
    naming = name_members(store, rows, workers=0, anchors=False, reach=NEAR)
    assert naming.found == {"pi": 1}
    [failure] = naming.failures
    assert (failure.formula, failure.lhs) == (int(rows.id[1]), "(pi + 1)/3")
    assert [view.id for view in formulas(store)] == [int(rows.id[0])]


def test_a_false_neighbour_of_a_constant_is_not_named(made: Callable[..., tuple[Store, SurveyRows]]) -> None:
    with mpmath.workdps(80):
        value = mpmath.nstr(mpmath.mpf(digits_of("4/pi", 70)) + mpmath.mpf(10) ** -40, 60, strip_zeros=False)
    store, rows = made(("2*n + 1", "n^2"), value0=value)
    naming = name_members(store, rows, workers=0, anchors=False, reach=NEAR)
    assert (naming.asked, naming.found, naming.failures) == (1, {}, [])


def test_a_class_shares_its_constant_however_large_the_integers(made: Callable[..., tuple[Store, SurveyRows]]) -> None:
    # The seventh tail of PCF(2n+1, n^2) = 4/pi.
    store, rows = made(("2*n + 1", "n^2"), ("2*n + 15", "n^2 + 14*n + 49"))
    assert rows.group[0] == rows.group[1]
    naming = name_members(store, rows, workers=0, anchors=False, reach=NEAR)
    assert naming.found == {"pi": 2}
    far = next(view for view in formulas(store) if view.id == int(rows.id[1]))
    assert far.lhs is not None
    assert Identity.parse(far.lhs).height > 1000


def test_a_cluster_lends_its_constant(made: Callable[..., tuple[Store, SurveyRows]]) -> None:
    # Not of one class: the second is (2 - pi) times an integer over more of them.
    store, rows = made(("2*n + 1", "n^2"), ("3*n + 1", "-2*n^2 + n"), ("n^2 + n + 1", "n^2 + 1"))
    narrow = Reach(constants=("pi",), bound=1, far=("pi",), far_bound=2)
    assert name_members(store, rows, None, workers=0, anchors=False, reach=narrow).found == {"pi": 1}
    numbers = np.array([0, 1, 0])
    assert name_members(store, rows, numbers, workers=0, anchors=False, reach=narrow).found == {}
    naming = name_members(
        store, rows, np.array([0, 0, 0]), workers=0, anchors=False, reach=narrow, limits=Limits(related=2)
    )
    assert naming.found == {"pi": 1}
    assert naming.before == 1


def test_gauss_and_the_lemniscate_constant_are_found_without_anchors(
    made: Callable[..., tuple[Store, SurveyRows]],
) -> None:
    store, rows = made(("4", "4*n^2 - 4*n + 1"), ("6", "16*n^2 - 16*n - 5"))
    naming = name_members(store, rows, workers=0, anchors=False, reach=NEAR)
    assert naming.found == {"lemniscate^2/pi": 1, "gauss": 1}
    for view in formulas(store):
        assert view.lhs is not None
        assert constant(view.constant or "").name == view.constant


def test_nothing_to_name_is_no_error(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lab.db") as store:
        naming = name_members(store, survey_rows(store))
        assert (naming.asked, naming.found, len(naming.constants)) == (0, {}, 0)


@pytest.mark.slow
def test_a_box_of_degree_two(tmp_path: Path) -> None:
    with surveyed(tmp_path / "lab.db", a_degree=2, b_degree=2, bound=2) as store:
        _, naming = named(store)
        assert {"pi", "log(2)", "e", "sqrt(2)", "phi", "e^2", "exp(1/2)", "gompertz"} <= set(naming.found)
        assert naming.failures == []
        _, again = named(store)
        assert again.found == {}
