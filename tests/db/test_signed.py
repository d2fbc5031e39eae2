"""Signed fractions and formulas without a name in listings: every digit kept, the same on both databases."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from constants_lab.db import DynamicsRecord, Finding, FormulaRecord, Store
from constants_lab.db.query import SORTS, count, formula, formulas
from constants_lab.evidence import Evidence, Level

Maker = Callable[..., Finding]
SIGNED: list[dict[str, Any]] = [
    {"signs": [1], "prefix": [], "polynomials": ["1"]},
    {"signs": [1, -1, -1], "prefix": [-3, 0, 10**100], "polynomials": ["4*m + 2", "run(2, 4*m + 3)"]},
    {"signs": [-1] * 40, "prefix": list(range(200)), "polynomials": [f"{10**30 + k}*m^2 - {k}" for k in range(300)]},
    {"signs": [1], "prefix": [2], "polynomials": ['"quoted", \\ and Ω ≥ 1', "a\ttab", "m" * 20_000]},
]


def _fill_signed(store: Store, finding: Maker) -> int:
    chance = random.Random(5)
    job = store.create_job("esma", {}, 1000, "1")
    found = []
    for index in range(40):
        claims = () if index % 2 else (("e", f"e/{index % 3}", 2, chance.choice(["screened", "verified"]), 100),)
        dynamics = DynamicsRecord(regime="factorial", delta=chance.choice([None, 0.5, 1.0]), rate=1.0, depth=9)
        fields: dict[str, Any] = {"kind": "signed", "a": None, "b": None, "value": f"0.{chance.randrange(10**20)}"}
        found.append(
            finding(index, claims=claims, dynamics=dynamics if index % 3 else None, **fields, **SIGNED[index % 4])
        )
    found.extend(finding(index) for index in range(40, 45))
    store.record(job.id, 0, 50, found, {}, 0.0)
    return job.id


def test_signed_formulas_keep_every_digit(store: Store, finding: Maker) -> None:
    _fill_signed(store, finding)
    listed = formulas(store, kind="signed", min_evidence="screened")
    assert len(listed) == 40
    for view in listed:
        fields = SIGNED[(int(view.exact_key.removeprefix("key "))) % 4]
        assert {name: getattr(view, name) for name in fields} == fields
        row = json.loads(json.dumps(view.as_json()))
        assert {name: row[name] for name in fields} == fields
        assert (row["kind"], row["a"], row["b"]) == ("signed", None, None)
        assert formula(store, view.id).as_json() == view.as_json()


def test_both_databases_list_signed_formulas_alike(tmp_path: Path, postgresql_address: str, finding: Maker) -> None:
    with Store.open(tmp_path / "twin.db") as one, Store.open(postgresql_address) as two:
        job = _fill_signed(one, finding)
        assert _fill_signed(two, finding) == job
        for sort in SORTS:
            for descending in (False, True):
                options: dict[str, Any] = {
                    "sort": sort, "descending": descending, "kind": "signed", "min_evidence": "screened", "job": job,
                }  # fmt: skip
                first = [json.dumps(view.as_json()) for view in formulas(one, **options)]
                assert first == [json.dumps(view.as_json()) for view in formulas(two, **options)]
                assert len(first) == 40
        values = [
            float(view.value or "") for view in formulas(one, kind="signed", min_evidence="screened", sort="value")
        ]
        assert values == sorted(values)


def test_formulas_without_a_name_are_shown_on_request(
    store: Store, finding: Maker, evidence: Callable[..., Evidence]
) -> None:
    _fill_signed(store, finding)
    nameless = [view for view in formulas(store, min_evidence="screened") if view.lhs is None]
    assert len(nameless) == 20
    for view in nameless:
        row = view.as_json()
        assert (row["constant"], row["lhs"], row["evidence"], row["digits"]) == (None, None, "screened", None)
    assert all(view.lhs is not None and view.evidence != "screened" for view in formulas(store))
    number = {level: count(store, min_evidence=level) for level in ("refuted", "screened", "verified", "enclosed")}
    assert number["refuted"] == number["screened"] == 45
    assert 5 < number["verified"] < 25
    assert number["enclosed"] == 0
    assert count(store, evidence="screened", kind="signed") == 45 - number["verified"]
    assert formulas(store, constant="e", min_evidence="refuted") == [
        view for view in formulas(store, kind="signed", min_evidence="refuted") if view.lhs is not None
    ]
    store.add_evidence(nameless[0].id, None, evidence("enclosed", 300))
    (raised,) = formulas(store, min_evidence="enclosed")
    assert (raised.id, raised.evidence, raised.lhs, raised.digits) == (nameless[0].id, "enclosed", None, None)
    assert count(store, min_evidence="verified") == number["verified"] + 1


def test_evidence_of_a_formula_without_a_name(address: str) -> None:
    """A verified pattern of a number without a name is listed as verified, once, and keeps its record."""
    record = Evidence(level=Level.VERIFIED, method="equal quotients", version="1", digits=400, seconds=0.1)
    pattern = FormulaRecord(kind="signed", exact_key="s", signs=[1], prefix=[0], polynomials=["m + 1"], value="0.69")
    found = Finding(index=3, formula=pattern, evidence=record)
    with Store.open(address) as store:
        job = store.create_job("esma", {}, 10, "1")
        store.record(job.id, 0, 5, [found], {}, 0.1)
        other = store.create_job("esma", {"again": True}, 10, "1")
        store.record(other.id, 0, 5, [found], {}, 0.1)
        (view,) = formulas(store)
        assert (view.evidence, view.lhs, view.polynomials) == ("verified", None, ["m + 1"])
        assert [r.digits for r in formula(store, view.id).records] == [400]
