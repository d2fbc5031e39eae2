"""How evidence moves levels: up by stronger records, down by a refutation alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from constants_lab.db import Finding, FormulaView, Store
from constants_lab.db.query import formula, formulas
from constants_lab.errors import InputError
from constants_lab.evidence import Evidence

Make = Callable[..., Evidence]


@pytest.fixture
def number(store: Store, finding: Callable[..., Finding]) -> int:
    job = store.create_job("lookup", {}, 10, "1")
    claims = (("pi", "4/(pi - 2)", 4, "verified", 100), ("e", "e/7", 7, "screened", 30))
    store.record(job.id, 0, 10, [finding(1, claims=claims)], {}, 0.0)
    return formulas(store)[0].id


def _levels(view: FormulaView) -> dict[str, tuple[str, int]]:
    return {each.lhs: (each.evidence, each.digits) for each in view.identities}


def test_stronger_evidence_raises_and_weaker_does_not(store: Store, number: int, evidence: Make) -> None:
    store.add_evidence(number, "4/(pi - 2)", evidence("enclosed", 250))
    store.add_evidence(number, "4/(pi - 2)", evidence("verified", 900))
    view = formula(store, number)
    assert _levels(view) == {"4/(pi - 2)": ("enclosed", 250), "e/7": ("screened", 30)}
    assert (view.evidence, view.digits, view.lhs) == ("enclosed", 250, "4/(pi - 2)")
    assert [each.level for each in view.records] == ["verified", "screened", "enclosed", "verified"]


def test_the_formula_is_as_good_as_its_best_identity(store: Store, number: int, evidence: Make) -> None:
    other = next(each.id for each in formula(store, number).identities if each.constant == "e")
    store.add_evidence(number, other, evidence("proved", 0))
    assert formulas(store, evidence="proved")[0].lhs == "e/7"
    assert formulas(store, constant="pi")[0].evidence == "verified"


def test_a_refutation_is_final(store: Store, number: int, evidence: Make) -> None:
    store.add_evidence(number, "4/(pi - 2)", evidence("refuted", 40))
    assert formulas(store) == []
    assert formula(store, number).evidence == "screened"
    store.add_evidence(number, "4/(pi - 2)", evidence("proved", 1000))
    assert _levels(formula(store, number))["4/(pi - 2)"] == ("refuted", 40)
    assert formula(store, number).evidence == "screened"
    store.add_evidence(number, "e/7", evidence("refuted", 40))
    assert formulas(store, min_evidence="screened") == []
    assert [each.id for each in formulas(store, evidence="refuted")] == [number]


def test_a_search_cannot_revive_what_was_refuted(
    store: Store, number: int, evidence: Make, finding: Callable[..., Finding]
) -> None:
    store.add_evidence(number, "4/(pi - 2)", evidence("refuted", 40))
    job = store.create_job("lookup", {"again": 1}, 10, "1")
    store.record(job.id, 0, 10, [finding(1)], {}, 0.0)
    assert _levels(formula(store, number))["4/(pi - 2)"] == ("refuted", 40)
    assert formulas(store) == []


def test_a_search_adds_stronger_evidence_only(store: Store, number: int, finding: Callable[..., Finding]) -> None:
    job = store.create_job("lookup", {"again": 1}, 10, "1")
    stronger = (("pi", "4/(pi - 2)", 4, "verified", 300),)
    weaker = (("e", "e/7", 7, "screened", 20),)
    store.record(job.id, 0, 5, [finding(1, claims=stronger)], {}, 0.0)
    store.record(job.id, 5, 10, [finding(6, "key 1", claims=weaker)], {}, 0.0)
    view = formula(store, number)
    assert _levels(view) == {"4/(pi - 2)": ("verified", 300), "e/7": ("screened", 30)}
    assert len(view.records) == 3


def test_evidence_about_the_formula_itself(store: Store, number: int, evidence: Make) -> None:
    store.add_evidence(number, None, evidence("enclosed", 500))
    view = formula(store, number)
    assert view.records[-1].identity is None
    assert _levels(view)["4/(pi - 2)"] == ("verified", 100)


def test_unknown_formulas_and_identities(store: Store, number: int, evidence: Make) -> None:
    for wrong in (number + 1, 0, -3, 10**30):
        with pytest.raises(InputError, match=f"there is no formula {wrong} in .*`clab formulas` lists them"):
            store.add_evidence(wrong, None, evidence())
        with pytest.raises(InputError, match="there is no formula"):
            formula(store, wrong)
    for identity in ("pi/3", 999, 10**30):
        with pytest.raises(InputError, match="has no identity"):
            store.add_evidence(number, identity, evidence())
    assert len(formula(store, number).records) == 2
