"""What a report asks, against counts made in Python from what was recorded, on both databases."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable

import pytest

from constants_lab.db import DynamicsRecord, Finding, Store
from constants_lab.db import overview as asked
from constants_lab.db.clustering import ClusterRecord, store_clusters
from constants_lab.db.records import LabelRecord
from constants_lab.evidence import Level

Maker = Callable[..., Finding]
CONSTANTS = ("pi", "e", "Ωmega", "pi, log(2)")
REGIMES = ("factorial", "exponential", "polynomial", "divergent", "finite")


@pytest.fixture
def filled(store: Store, finding: Maker) -> list[Finding]:
    """Two hundred formulas of every level, regime and constant; formula i + 1 is that of finding i."""
    chance = random.Random(5)
    found = []
    for index in range(200):
        claims = tuple(
            (
                name,
                f"lhs {name} {chance.randrange(9)}",
                chance.choice([1, 2, 10**40]),
                chance.choice([x.value for x in Level]),
                100,
            )
            for name in chance.sample(CONSTANTS, chance.choice([0, 0, 1, 2]))
        )
        regime = chance.choice(REGIMES)
        quiet = regime in ("divergent", "finite")
        made = finding(
            index,
            claims=claims,
            value=chance.choice([None, "1.25"]),
            class_key=None if regime == "finite" else f"class {chance.randrange(60)}",
            dynamics=DynamicsRecord(
                regime=regime,
                delta=None if quiet else chance.randrange(-1000, 1000) / 1000,
                rate=None if quiet else chance.random(),
                nilpotent=chance.random(),
                factorial_reduction=chance.choice([None, False, True]),
                depth=100,
            ),
        )
        labels = [LabelRecord(kind="rational", detail="7/3")] if chance.random() < 0.2 else []
        found.append(made.model_copy(update={"labels": labels}))
    job = store.create_job("survey", {}, 200, "1")
    store.record(job.id, 0, 200, found, {}, 1.0)
    return found


def good(made: Finding, constant: str | None = None) -> bool:
    """Whether it has an identity at least verified, with that constant if one is given."""
    return any(
        claim.evidence.level.rank >= Level.VERIFIED.rank and constant in (None, claim.constant)
        for claim in made.identities
    )


def class_of(number: int, made: Finding) -> object:
    return made.formula.class_key or number


def test_regimes(store: Store, filled: list[Finding]) -> None:
    counted = asked.regimes(store)
    assert [each.regime for each in counted] == ["factorial", "exponential", "polynomial", "finite", "divergent"]
    assert sum(each.formulas for each in counted) == 200
    for each in counted:
        here = [made for made in filled if made.dynamics is not None and made.dynamics.regime == each.regime]
        deltas = [made.dynamics.delta for made in here if made.dynamics is not None and made.dynamics.delta is not None]
        assert (each.formulas, each.named, each.numbers, each.best_delta) == (
            len(here),
            sum(map(good, here)),
            sum(bool(made.labels) for made in here),
            max(deltas, default=None),
        )


def test_constants(store: Store, filled: list[Finding]) -> None:
    counted = asked.constants(store)
    assert {each.constant for each in counted} == set(CONSTANTS)
    for each in counted:
        here = {i: made for i, made in enumerate(filled, 1) if good(made, each.constant)}
        assert each.formulas == len(here)
        assert each.classes == len({class_of(*item) for item in here.items()})
        measured = {i: made.dynamics for i, made in here.items() if made.dynamics and made.dynamics.delta is not None}
        assert each.best is not None
        assert each.best.delta == max(dynamics.delta or -9 for dynamics in measured.values())
        assert each.fastest is not None
        fastest = min(measured.values(), key=lambda d: (REGIMES.index(d.regime), -(d.rate or 0)))
        assert (each.fastest.regime, each.fastest.rate) == (fastest.regime, fastest.rate)
    assert [each.constant for each in asked.constants(store, ["e", "catalan"])] == ["e"]


def test_a_class_is_shown_by_its_simplest_formula(store: Store, filled: list[Finding]) -> None:
    shown = asked.named(store, "pi", 1000)
    here = {i: made for i, made in enumerate(filled, 1) if good(made, "pi")}
    classes = [class_of(each.id, filled[each.id - 1]) for each in shown]
    assert Counter(classes) == Counter({class_of(*item) for item in here.items()})
    sizes: defaultdict[object, list[int]] = defaultdict(list)
    for number, made in here.items():
        sizes[class_of(number, made)] += [int(x.matrix[0][1]) for x in made.identities if x.constant == "pi"]
    for each, key in zip(shown, classes, strict=True):
        own = next(x for x in filled[each.id - 1].identities if x.constant == "pi")
        assert int(own.matrix[0][1]) == min(sizes[key])
    assert asked.named(store, "pi", 3) == shown[:3]
    assert len(asked.members(store, "pi", 1000)) == sum(made.formula.class_key is not None for made in here.values())


@pytest.mark.parametrize("nilpotent", [None, 0.4])
def test_curiosities(
    store: Store, filled: list[Finding], nilpotent: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same whether one page is enough or many are needed."""
    wanted: dict[object, float] = {}
    for number, made in enumerate(filled, 1):
        dynamics = made.dynamics
        nameless = not made.labels and all(x.evidence.level is Level.REFUTED for x in made.identities)
        if dynamics is None or dynamics.delta is None or not nameless:
            continue
        if nilpotent is None:
            fits = dynamics.regime != "factorial" or dynamics.factorial_reduction is True
        else:
            fits = (dynamics.nilpotent or 0) >= nilpotent
        if fits:
            key = class_of(number, made)
            wanted[key] = max(wanted.get(key, -9.0), dynamics.delta)
    expected = sorted(wanted.values(), reverse=True)
    assert len(expected) > 8
    for page in (2000, 3):
        monkeypatch.setattr(asked, "_FIRST_PAGE", page)
        assert [each.delta for each in asked.curiosities(store, 1000, nilpotent=nilpotent)] == expected
        assert [each.delta for each in asked.curiosities(store, 5, nilpotent=nilpotent)] == expected[:5]


def test_failures(store: Store, filled: list[Finding]) -> None:
    refuted = [
        (number, claim.lhs)
        for number, made in enumerate(filled, 1)
        for claim in made.identities
        if claim.evidence.level is Level.REFUTED
    ]
    missing = Counter(
        made.dynamics.regime for made in filled if made.dynamics is not None and made.formula.value is None
    )
    later = store.create_job("survey", {"bound": 5}, 1000, "1")
    store.set_aside(later.id, 5, 9, 2, "the worker died")
    store.set_aside(later.id, 20, 21, 3, "it took too long")
    found = asked.failures(store, 4)
    assert found.set_aside == [(later.id, 5, "the worker died")]
    assert found.refuted == len(refuted)
    assert [number for number, _ in found.refuted_first] == [number for number, _ in refuted[:4]]
    assert found.without_value == {x: missing[x] for x in ("exponential", "factorial", "polynomial")}


def test_clusters_and_an_empty_database(store: Store, filled: list[Finding]) -> None:
    with_pi = [i for i, made in enumerate(filled, 1) if good(made, "pi")]
    records = [
        ClusterRecord("factorial", 150, False, "pi", {}, {}, range(1, 151)),
        ClusterRecord("factorial", 50, True, None, {}, {}, range(151, 201)),
    ]
    store_clusters(store, records)
    first, second = asked.clusters(store)
    assert (first.id, first.size, first.constant, first.verified) == (1, 150, "pi", sum(i <= 150 for i in with_pi))
    assert (second.id, second.noise, second.constant, second.verified) == (2, True, None, 0)


def test_an_empty_database(store: Store) -> None:
    assert asked.regimes(store) == []
    assert asked.constants(store) == []
    assert asked.clusters(store) == []
    assert asked.curiosities(store, 3) == []
    assert asked.failures(store) == asked.Failures([], 0, [], {})
