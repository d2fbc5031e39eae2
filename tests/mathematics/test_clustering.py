"""Clusters by dynamics, and their refinement by constants: what belongs together, what must not, and the order of the rows."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from constants_lab.clustering import REGIMES, Features, Parameters, Points, centres, cluster
from constants_lab.constants import catalogue
from constants_lab.dynamics import measure
from constants_lab.errors import InputError
from constants_lab.kinship import kin
from constants_lab.pcf import PCF
from constants_lab.refinement import Refined, refine

Row = tuple[int, str, float, float, float, float, float]

NAN = float("nan")
CASES = json.loads((Path(__file__).parents[1] / "data" / "dynamics.json").read_text())["cases"]


def features(rows: list[Row]) -> Features:
    """Rows of (class, regime, rate, delta, growth, linear growth, nilpotent)."""
    group, regime, *numbers = zip(*rows, strict=True)
    columns = (np.array(column, dtype=float) for column in numbers)
    return Features(np.array(group), np.array(regime), *columns, np.full(len(rows), 1000.0))


def lump(
    first: int, count: int, regime: str, rate: float, d: float, c: float, nilpotent: float, width: float = 0.004
) -> list[Row]:
    """Classes of two formulas each, around one place, with the delta that goes with it."""
    noise = np.random.default_rng(first).uniform(-width, width, count)
    size = d * np.log(1000) + c
    delta = (rate * (np.log(1000) if regime == "factorial" else 1.0)) / size - 1
    return [
        (first + k, regime, rate, delta + noise[k] / 10 + e, d, c + noise[k], nilpotent)
        for k in range(count)
        for e in (0.0, 0.001)
    ]


def reordered(given: Features, order: np.ndarray) -> Features:
    """The same formulas in another order; classes get other numbers."""
    moved = {each.name: getattr(given, each.name)[order] for each in fields(given)}
    return Features(**(moved | {"group": np.where(moved["group"] < 0, -1, 10_000 - moved["group"])}))


def test_the_depth_of_a_measure_is_not_a_feature() -> None:
    """D = 2, d = 1, c = 0 and r = 1 at depths of 100 and of 1,000: delta differs, the dynamics do not."""
    shallow, deep = ((2 * np.log(n) + 1) / np.log(n) - 1 for n in (100, 1000))
    given = features([(0, "factorial", 2.0, shallow, 1.0, 0.0, 0.0), (1, "factorial", 2.0, deep, 1.0, 0.0, 0.0)])
    points = Points.of(replace(given, depth=np.array([100.0, 1000.0])), Parameters())
    assert points.coordinates[0] == pytest.approx(points.coordinates[1], abs=1e-9)


PI = lump(0, 20, "exponential", 1.7627, 0.0, 2.2258, 1.0)
LOG = lump(100, 12, "exponential", 2.6339, 0.0, 3.0090, 1.0)
BESSEL = lump(200, 30, "factorial", 2.0, 1.0, -1.0, 0.0)
OTHER = lump(300, 25, "factorial", 2.0, 2.0, -1.3, 0.0)


def test_lumps_are_clusters_by_falling_size() -> None:
    given = features(PI + LOG + BESSEL + OTHER)
    numbers = cluster(given, Parameters())
    sizes = [len(part) for part in (PI, LOG, BESSEL, OTHER)]
    found = np.split(numbers, np.cumsum(sizes)[:-1])
    assert [set(part.tolist()) for part in found] == [{2}, {3}, {0}, {1}]


def test_what_is_alone_is_noise() -> None:
    alone: list[Row] = [(900 + k, "exponential", 0.5 * k + 0.1, 0.1 * k, 0.5, 20.0 + 3 * k, 0.5) for k in range(4)]
    numbers = cluster(features(PI + LOG + alone), Parameters())
    assert (numbers[-4:] == -1).all()
    assert (numbers[:-4] >= 0).all()


def test_regimes_never_mix_and_the_last_two_are_one_cluster_each() -> None:
    given = features(
        lump(0, 20, "polynomial", 2.0, 0.0, 1.0, 1.0)
        + lump(100, 20, "polynomial", 1.0, 1.0, 1.0, 0.5)
        + lump(200, 20, "stretched", 2.0, 0.0, 1.0, 1.0)
        + lump(300, 20, "stretched", 1.0, 1.0, 1.0, 0.5)
        + [(-1, "finite", NAN, NAN, NAN, NAN, NAN)] * 7
        + [(400 + k, "divergent", NAN, NAN, NAN, NAN, k / 3) for k in range(3)]
    )
    numbers = cluster(given, Parameters())
    by_regime = {regime: set(numbers[given.regime == regime].tolist()) for regime in REGIMES}
    assert len(by_regime["finite"]) == len(by_regime["divergent"]) == 1
    assert len(by_regime["polynomial"]) == len(by_regime["stretched"]) == 2
    assert sum(map(len, by_regime.values())) == len(set().union(*by_regime.values()))


def test_members_of_a_class_are_together_and_what_was_not_measured_is_noise() -> None:
    given = features(
        [*PI, *LOG, (0, "exponential", 1.7627, NAN, NAN, NAN, NAN), (999, "exponential", 1.0, NAN, NAN, NAN, NAN)]
    )
    numbers = cluster(given, Parameters())
    assert numbers[-1] == -1
    assert numbers[-2] == numbers[0] >= 0
    assert (numbers[:-2:2] == numbers[1:-2:2]).all()


def test_the_order_of_the_formulas_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    scattered: list[Row] = [
        (1000 + k, "factorial", float(k % 3 + 1), *map(float, rng.normal([0, 1, -1], 0.3)), float(k % 2))
        for k in range(300)
    ]
    given = features(PI + LOG + BESSEL + OTHER + scattered)
    names = np.array([None if k % 3 else ("pi", "e", "log(2)", "zeta(2)")[k // 40 % 4] for k in range(len(given))])
    numbers = cluster(given, Parameters())
    refined = refine(numbers, given, names)
    assert len(set(numbers.tolist())) > 4
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(given))
        moved = reordered(given, order)
        again = cluster(moved, Parameters())
        assert (again == numbers[order]).all()
        same = refine(again, moved, names[order])
        assert (same.numbers == refined.numbers[order]).all()
        assert same.constants == refined.constants


def test_a_coarser_grid_keeps_what_is_far_apart() -> None:
    given = features(PI + LOG + BESSEL + OTHER)
    fine = cluster(given, Parameters())
    assert (cluster(given, Parameters(most_points=25)) == fine).all()


def test_few_formulas_or_none() -> None:
    empty = features(PI)
    empty = replace(empty, **{each.name: getattr(empty, each.name)[:0] for each in fields(empty)})
    assert cluster(empty, Parameters()).tolist() == []
    assert refine(np.empty(0, np.int64), empty, []).constants == []
    assert cluster(features(PI[:6]), Parameters()).tolist() == [-1] * 6
    assert centres(np.array([-1] * 6), features(PI[:6])) == []


def test_centres_are_medians_of_what_is_known() -> None:
    rows: list[Row] = [(k, "exponential", 1.0, (NAN, 0.2, 0.4, 0.9)[k], 0.5, float(k), NAN) for k in range(4)]
    (centre,) = centres(np.zeros(4, np.int64), features(rows))
    assert centre == {"delta": 0.4, "rate": 1.0, "growth": 0.5, "linear_growth": 1.5, "classes": 4.0}


# --- refinement -------------------------------------------------------------------------------------------------


def unrelated(given: Features, refined: Refined, names: list[str | None]) -> list[int]:
    """Clusters with members of two kins."""
    kins: dict[int, set[str]] = {}
    for number, name in zip(refined.numbers.tolist(), names, strict=True):
        if name is not None:
            kins.setdefault(number, set()).add(kin(name))
    return [number for number, found in kins.items() if len(found) > 1]


def test_a_cluster_of_one_constant_is_labelled_and_stays_whole() -> None:
    given = features(PI + LOG)
    names = ["pi"] * 10 + [None] * (len(PI) - 10) + [None] * len(LOG)
    refined = refine(cluster(given, Parameters()), given, names)
    assert refined.constants == ["pi", None]
    assert (refined.numbers == [0] * len(PI) + [1] * len(LOG)).all()


def test_a_cluster_of_two_constants_is_cut_where_a_feature_separates_them() -> None:
    given = features(PI + LOG)
    names: list[str | None] = ["pi", None] * (len(PI) // 2) + ["log(3)", None] * (len(LOG) // 2)
    refined = refine(np.zeros(len(given), np.int64), given, names)
    assert refined.constants == ["pi", "log(3)"]
    assert (refined.numbers == [0] * len(PI) + [1] * len(LOG)).all()


def test_what_no_feature_separates_is_split_by_the_constant_and_the_rest_has_no_label() -> None:
    given = features(lump(0, 40, "factorial", 2.0, 1.0, -1.0, 0.0, width=1e-9))
    names: list[str | None] = [None] * 80
    names[0:8] = ["e"] * 8
    names[8:14] = ["besseli_ratio(0,2)"] * 6
    refined = refine(np.zeros(80, np.int64), given, names)
    assert refined.constants == [None, "e", "besseli_ratio(0,2)"]
    assert refined.numbers.tolist() == [1] * 8 + [2] * 6 + [0] * 66


def test_members_without_a_name_follow_the_nearest() -> None:
    """Two constants at two sides of a lump without gaps."""
    c = np.linspace(-1.0, -0.9, 60)
    rows: list[Row] = [(k, "factorial", 2.0, 1.0, 1.0, float(c[k]), 0.0) for k in range(60)]
    names: list[str | None] = [None] * 60
    names[0:10], names[50:60] = ["e"] * 10, ["tan(1)"] * 10
    refined = refine(np.zeros(60, np.int64), features(rows), names)
    number = {name: refined.constants.index(name) for name in ("e", "tan(1)")}
    assert (refined.numbers[:25] == number["e"]).all()
    assert (refined.numbers[35:] == number["tan(1)"]).all()


def test_related_constants_are_told_apart_where_neither_prevails() -> None:
    given = features(PI)
    equal: list[str | None] = ["pi"] * 20 + ["zeta(2)"] * 20
    numbers = np.zeros(40, np.int64)
    assert sorted(map(str, refine(numbers, given, equal).constants)) == ["pi", "zeta(2)"]
    few: list[str | None] = ["pi"] * 38 + ["zeta(2)"] * 2
    assert refine(numbers, given, few).constants == ["pi"]
    assert sorted(map(str, refine(numbers, given, few, Parameters(least_share=0.99)).constants)) == ["pi", "zeta(2)"]


def test_names_too_few_do_not_speak_for_a_cluster() -> None:
    given = features(lump(0, 200, "factorial", 2.0, 2.0, -1.3, 0.0))
    names: list[str | None] = [None] * 400
    names[0:4] = ["e"] * 4
    refined = refine(np.zeros(400, np.int64), given, names)
    assert refined.constants == [None, "e"]
    assert (refined.numbers == 1).sum() == 4


def test_noise_with_a_name_has_a_cluster_for_its_constant_and_regime() -> None:
    given = features(
        [*PI, (900, "exponential", 0.3, 0.1, 0.0, 9.0, 1.0), (901, "exponential", 9.0, 0.1, 0.0, 9.0, 1.0)]
    )
    numbers = np.array([0] * 40 + [-1, -1])
    refined = refine(numbers, given, ["pi"] * 40 + ["catalan", "catalan"])
    assert refined.constants == ["pi", "catalan"]
    assert refined.numbers[-2:].tolist() == [1, 1]


def test_a_member_of_another_kin_than_its_class_is_taken_out() -> None:
    given = features(PI)
    names: list[str | None] = ["pi"] * 40
    names[7] = "zeta(3)"
    refined = refine(np.zeros(40, np.int64), given, names)
    assert refined.constants == ["pi", "zeta(3)"]
    assert np.flatnonzero(refined.numbers == 1).tolist() == [7]


def test_formulas_that_end_or_diverge_get_no_label() -> None:
    given = features([(-1, "finite", NAN, NAN, NAN, NAN, NAN)] * 3 + [(1, "divergent", NAN, NAN, NAN, NAN, 0.0)] * 2)
    refined = refine(cluster(given, Parameters()), given, ["pi"] * 5)
    assert refined.constants == [None, None]


def test_no_cluster_mixes_kins_whatever_the_names() -> None:
    rng = np.random.default_rng(11)
    given = features(PI + LOG + BESSEL + OTHER)
    pool = ["pi", "zeta(2)", "e", "exp(1/2)", "log(2)", "sqrt(2)", "phi", "pi, log(2)", None, None, None]
    for _ in range(20):
        names = [pool[k] for k in rng.integers(0, len(pool), len(given))]
        numbers = rng.integers(-1, 4, len(given)) if rng.random() < 0.5 else cluster(given, Parameters())
        # A cluster has the members of one regime, and whole classes.
        codes = np.array([REGIMES.index(regime) for regime in given.regime])
        numbers = np.where(numbers < 0, -1, numbers * len(REGIMES) + codes)
        numbers[1::2] = numbers[::2]
        refined = refine(numbers, given, names)
        assert unrelated(given, refined, names) == []
        for number, name in zip(refined.numbers.tolist(), names, strict=True):
            assert name is None or (number >= 0 and kin(refined.constants[number] or "") == kin(name))


def test_the_name_of_no_constant_is_refused() -> None:
    with pytest.raises(InputError, match="no constant is called"):
        refine(np.zeros(len(PI), np.int64), features(PI), ["piii"] * len(PI))


def test_measured_fractions_get_the_constants_they_have() -> None:
    """Real dynamics: every fraction of a published table ends in a cluster with its constant, and none mixes."""
    spelled = {"ln2": "log(2)", "ln3": "log(3)", "ln(4/3)": "log(4/3)"}
    rows: list[Row] = []
    names: list[str | None] = []
    for number, case in enumerate(CASES):
        name = spelled.get(case["constant"], case["constant"])
        try:
            kin(name)
        except InputError:
            continue
        found = measure(PCF(case["a"], case["b"]), 400)
        values = (found.rate, found.delta, found.growth, found.linear_growth, found.nilpotent)
        rows.append((number, found.regime, *(NAN if each is None else float(each) for each in values)))
        names.append(name)
    assert len(rows) > 20
    given = features(rows)
    refined = refine(cluster(given, Parameters(min_size=2)), given, names, Parameters(min_size=2))
    assert unrelated(given, refined, names) == []
    labelled = [refined.constants[number] for number in refined.numbers.tolist()]
    compared = [
        (a, b)
        for a, b, regime in zip(labelled, names, given.regime, strict=True)
        if regime not in ("finite", "divergent")
    ]
    assert all(a is not None and kin(a) == kin(b or "") for a, b in compared)


# --- kinship ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "related",
    [
        ("pi", "pi^2", "zeta(2)", "zeta(4)", "sqrt(pi)", "L(-3,1)", "L(-4,3)", "L(5,2)", "sqrt(3)*pi", "gamma(1/2)"),
        ("e", "e^2", "exp(1/2)", "tanh(1)", "cosh(2)", "besseli_ratio(1/2,3)", "sqrt(2)*e"),
        ("sin(1)", "cos(2)", "tan(1/2)", "besselj_ratio(-1/2,1)"),
        ("log(2)", "log(4)", "log(1/2)", "atanh(1/3)"),
        ("phi", "sqrt(5)", "sqrt(1/5)"),
        ("lemniscate", "gamma(1/4)^4/pi"),
        ("gauss", "gamma(1/4)^4/pi^3"),
        ("gamma(2/3)", "pi/gamma(1/3)"),
        ("besseli_ratio(0,2)", "besseli_ratio(1,2)", "hyp0f1(1,1)/hyp0f1(2,1)", "hyp0f1(3,1)/hyp0f1(2,1)"),
        ("erf(1)", "erfc(1)"),
        ("pi, log(2)", "log(2), pi"),
        ("gieseking", "L(-3,2)"),
    ],
)  # fmt: skip
def test_related_constants(related: tuple[str, ...]) -> None:
    assert len({kin(name) for name in related}) == 1


def test_unrelated_constants() -> None:
    names = (
        "pi", "e", "log(2)", "log(3)", "log(3/2)", "catalan", "zeta(3)", "zeta(5)", "sqrt(2)", "sqrt(3)", "phi", "cbrt(2)",
        "gauss", "lemniscate", "gamma(1/4)", "gamma(3/4)", "gamma(1/3)", "sin(1)", "erf(1)", "besseli_ratio(0,2)",
        "besselj_ratio(0,2)",
        "besseli_ratio(0,1)", "gelfond", "pi, log(2)", "pi*log(2)", "L(-3,2)", "log(phi)", "hyp0f1(1,1)",
    )  # fmt: skip
    for one, other in itertools.combinations(names, 2):
        assert kin(one) != kin(other)


def test_every_constant_of_the_catalogue_has_a_kin_that_says_what_it_is() -> None:
    kins = {constant.name: kin(constant.name) for constant in catalogue()}
    assert all(re.fullmatch(r"[\w()/,^*+\-]+", text) for text in kins.values())
    assert len(set(kins.values())) > 80
