"""Clusters: columns read for them, one clustering kept, and identities added to formulas that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sqlalchemy import delete, func, select

from constants_lab.db import DynamicsRecord, Finding, FormulaRecord, IdentityRecord, Store
from constants_lab.db.clustering import ClusterRecord, clusters, store_clusters, survey_rows
from constants_lab.db.query import count, formula, formulas
from constants_lab.db.schema import ClusterMemberRow, FormulaRow
from constants_lab.errors import InputError
from constants_lab.evidence import Evidence

Maker = Callable[..., Finding]
MEASURES = {
    "delta": -0.25,
    "delta_limit": -0.3,
    "rate": 1.5,
    "depth": 1000,
    "blind_delta": -0.26,
    "log_denominator": 2000.5,
    "factorial_reduction": True,
    "growth": 0.0,
    "linear_growth": 2.0,
    "residual": 1e-3,
    "nilpotent": 0.75,
}


def _surveyed(
    index: int, a: str, b: str, regime: str, group: str | None, value: str | None, **measures: object
) -> Finding:
    formula = FormulaRecord(kind="pcf", exact_key=f"{a} | {b}", class_key=group, a=a, b=b, value=value)
    return Finding(index=index, formula=formula, dynamics=DynamicsRecord.model_validate({"regime": regime} | measures))


@pytest.fixture
def survey(store: Store, finding: Maker) -> Store:
    """Six fractions in two jobs, one without measures and a signed one that are no part of a survey."""
    found = [
        _surveyed(0, "2*n^2 - n + 1", "-n^4", "polynomial", "x", "3.25", **MEASURES),
        _surveyed(1, "-2*n^2 + n - 1", "-n^4", "polynomial", "x", "-3.25", delta=None, factorial_reduction=False),
        _surveyed(2, "n + 1", "-5", "factorial", "y", "1e-500", rate=2.0),
        _surveyed(3, "7", "n - 3", "finite", None, "7.5"),
        _surveyed(4, "1", "n", "stretched", "z", "12345678901234567890.123", nilpotent=0.0),
        finding(5),
        finding(6, kind="signed", dynamics=DynamicsRecord(regime="exponential")),
    ]
    job = store.create_job("survey", {}, 10, "1")
    store.record(job.id, 0, 10, found, {}, 0.0)
    other = store.create_job("survey", {"again": 1}, 10, "1")
    store.record(other.id, 0, 10, [_surveyed(1, "n", "n^2 + 1", "divergent", "w", None), found[2]], {}, 0.0)
    return store


def _ids(store: Store) -> dict[tuple[str | None, str | None], int]:
    return {(view.a, view.b): view.id for view in formulas(store, min_evidence="refuted")}


def _same(found: np.ndarray, expected: Sequence[float]) -> bool:
    return np.array_equal(found, np.array(expected), equal_nan=found.dtype.kind == "f")


def test_the_columns_of_a_survey(survey: Store) -> None:
    rows = survey_rows(survey)
    nan = float("nan")
    assert len(rows) == 6
    assert (np.diff(rows.id) > 0).all()
    assert rows.regime.tolist() == ["polynomial", "polynomial", "factorial", "finite", "stretched", "divergent"]
    assert rows.group.tolist() == [0, 0, 1, -1, 2, 3]
    assert rows.factorial_reduction.tolist() == [1, 0, -1, -1, -1, -1]
    assert rows.degree_a.tolist() == [2, 2, 1, 0, 0, 1]
    assert rows.degree_b.tolist() == [4, 4, 0, 1, 1, 2]
    assert _same(rows.rate, [1.5, nan, 2.0, nan, nan, nan])
    for name in ("delta", "delta_limit", "growth", "linear_growth"):
        assert _same(getattr(rows, name), [float(str(MEASURES[name])), *[nan] * 5])
    assert _same(rows.nilpotent, [0.75, nan, nan, nan, 0.0, nan])
    assert _same(rows.approximation, [3.25, -3.25, 0.0, 7.5, 12345678901234567890.123, nan])
    assert rows.values(rows.id[[4, 5, 0, 4]]) == ["12345678901234567890.123", None, "3.25", "12345678901234567890.123"]


def test_the_columns_of_one_job(survey: Store) -> None:
    rows = survey_rows(survey, job=2)
    assert rows.regime.tolist() == ["factorial", "divergent"]
    assert rows.group.tolist() == [0, 1]
    with pytest.raises(InputError, match="there is no job 3"):
        survey_rows(survey, job=3)


def test_a_database_without_a_survey_has_empty_columns(store: Store) -> None:
    rows = survey_rows(store)
    assert len(rows) == 0
    assert rows.values([]) == []
    assert (rows.regime == "factorial").sum() == 0
    assert clusters(store) == []


def test_all_measures_are_stored_and_shown(survey: Store) -> None:
    view = formula(survey, _ids(survey)["2*n^2 - n + 1", "-n^4"])
    assert {name: getattr(view, name) for name in MEASURES} == MEASURES
    assert view.factorial_reduction is True


def test_a_deeper_measurement_replaces_all_of_the_shallower(store: Store) -> None:
    job = store.create_job("survey", {}, 10, "1")
    shallow = {**MEASURES, "depth": 500}
    deep = dict.fromkeys(MEASURES) | {"depth": 1000, "growth": 1.0}
    for index, measures in enumerate((shallow, deep, shallow)):
        store.record(job.id, index, index + 1, [_surveyed(index, "n", "1", "factorial", "x", "1.5", **measures)], {}, 0)
    view = formula(store, 1)
    assert {name: getattr(view, name) for name in MEASURES} == deep


def _record(members: Sequence[int], constant: str | None = None, noise: bool = False, **more: object) -> ClusterRecord:
    values = {"centre": {"delta": 0.5, "rate": float("nan")}, "parameters": {"least": 5}} | more
    return ClusterRecord("factorial", len(members), noise, constant, members=members, **values)  # type: ignore[arg-type]


def test_a_clustering_replaces_the_one_before(survey: Store) -> None:
    a, b, c, d = survey_rows(survey).id[:4].tolist()
    store_clusters(survey, [_record([a, c], "pi"), _record(np.array([b])), _record([d], noise=True)])
    first = clusters(survey)
    assert [(each.id, each.size, each.constant, each.noise) for each in first] == [
        (1, 2, "pi", False),
        (2, 1, None, False),
        (3, 1, None, True),
    ]
    assert first[0].centre == {"delta": 0.5, "rate": None}
    assert first[0].parameters == {"least": 5}
    assert [view.id for view in formulas(survey, cluster=1, min_evidence="screened")] == [a, c]
    store_clusters(survey, [_record([d]), _record([c, b])])
    assert [each.size for each in clusters(survey)] == [1, 2]
    assert [view.id for view in formulas(survey, cluster=2, min_evidence="screened")] == [b, c]
    assert [view.cluster for view in formulas(survey, min_evidence="screened") if view.id in (a, b, c, d)] == [
        None,
        2,
        2,
        1,
    ]
    assert formula(survey, d).as_json()["cluster"] == 1
    store_clusters(survey, [])
    assert clusters(survey) == []
    assert formula(survey, d).cluster is None


def test_a_wrong_clustering_changes_nothing(survey: Store) -> None:
    a, b = survey_rows(survey).id[:2].tolist()
    store_clusters(survey, [_record([a])])
    before = clusters(survey)
    for wrong, message in [
        ([_record([a]), _record([b, a])], "belongs to two clusters"),
        ([_record([a, b, 10**6, 10**6 + 1])], "2 of the formulas clustered are not in"),
        ([ClusterRecord("finite", 3, False, None, {}, {}, [a])], "the size of a cluster"),
    ]:
        with pytest.raises(InputError, match=message):
            store_clusters(survey, wrong)
        assert clusters(survey) == before
        assert [view.id for view in formulas(survey, cluster=1, min_evidence="screened")] == [a]


def test_a_large_clustering_is_stored_in_pages(store: Store) -> None:
    job = store.create_job("survey", {}, 60_000, "1")
    found = [_surveyed(index, f"n + {index}", "1", "factorial", None, None) for index in range(60_000)]
    store.record(job.id, 0, 60_000, found, {}, 0.0)
    ids = survey_rows(store).id
    store_clusters(store, [_record(ids[0::2]), _record(ids[1::2])])
    with store.reading() as connection:
        statement = select(ClusterMemberRow.cluster_id, func.count()).group_by(ClusterMemberRow.cluster_id)
        assert sorted(map(tuple, connection.execute(statement))) == [(1, 30_000), (2, 30_000)]
        odd = select(func.count()).where(ClusterMemberRow.cluster_id == 2, ClusterMemberRow.formula_id % 2 == 0)
        assert connection.execute(odd).scalar_one() in (0, 30_000)
    assert len(store_values := survey_rows(store).values(ids)) == 60_000
    assert set(store_values) == {None}
    # A job of so many findings is asked of each formula.
    assert count(store, job=job.id, cluster=2, min_evidence="screened") == 30_000
    assert [view.id for view in formulas(store, job=job.id, min_evidence="screened", limit=2)] == ids[:2].tolist()


def test_a_formula_leaves_its_cluster_with_its_row(survey: Store) -> None:
    a, b = survey_rows(survey).id[:2].tolist()
    store_clusters(survey, [_record([a, b])])
    survey.writing(lambda connection: connection.execute(delete(FormulaRow).where(FormulaRow.id == a)))
    assert [view.id for view in formulas(survey, cluster=1, min_evidence="screened")] == [b]


def _claim(evidence: Callable[..., Evidence], lhs: str, level: str = "verified", digits: int = 60) -> IdentityRecord:
    return IdentityRecord(constant="pi", matrix=[["1", "0"], ["0", "1"]], lhs=lhs, evidence=evidence(level, digits))


def test_identities_are_added_to_formulas_that_are_there(survey: Store, evidence: Callable[..., Evidence]) -> None:
    a, b, c = survey_rows(survey).id[:3].tolist()
    new = survey.add_identities(
        [(a, _claim(evidence, "pi")), (b, _claim(evidence, "-pi")), (a, _claim(evidence, "pi", digits=50))]
    )
    assert new == 2
    assert [(view.id, view.lhs, view.digits) for view in formulas(survey, constant="pi") if view.id in (a, b)] == [
        (a, "pi", 60),
        (b, "-pi", 60),
    ]
    assert survey.add_identities([(a, _claim(evidence, "pi", digits=100)), (c, _claim(evidence, "2/pi"))]) == 1
    assert [(each.level, each.digits) for each in formula(survey, a).records] == [("verified", 60), ("verified", 100)]
    assert survey.add_identities([]) == 0


def test_nothing_is_claimed_of_unknown_formulas(survey: Store, evidence: Callable[..., Evidence]) -> None:
    a = int(survey_rows(survey).id[0])
    for unknown in (0, -1, 10**6, 10**30):
        with pytest.raises(InputError, match=f"there is no formula {unknown} in"):
            survey.add_identities([(a, _claim(evidence, "pi")), (unknown, _claim(evidence, "pi"))])
    assert formula(survey, a).identities == ()


def test_a_few_thousand_identities_are_one_transaction(survey: Store, evidence: Callable[..., Evidence]) -> None:
    a = int(survey_rows(survey).id[0])
    claims = [(a, _claim(evidence, f"pi + {number}")) for number in range(12_000)]
    with pytest.raises(InputError):
        survey.add_identities([*claims, (10**6, _claim(evidence, "pi"))])
    kept = len(formula(survey, a).identities)
    assert kept == 10_000
    assert survey.add_identities(claims) == 2_000


def test_filters_by_regime_and_cluster(survey: Store) -> None:
    rows = survey_rows(survey)
    store_clusters(survey, [_record(rows.id[:3])])
    assert count(survey, regime="polynomial", min_evidence="screened") == 2
    assert count(survey, regime="factorial", cluster=1, min_evidence="screened") == 1
    assert count(survey, regime="finite", cluster=1, min_evidence="screened") == 0
    assert count(survey, cluster=1, unidentified=True) == 3
    with pytest.raises(InputError, match="no regime is called 'fast'"):
        formulas(survey, regime="fast")
    for unknown in (0, 2, -1, 10**30):
        with pytest.raises(InputError, match=f"there is no cluster {unknown} in .*`clab clusters` lists them"):
            formulas(survey, cluster=unknown)
