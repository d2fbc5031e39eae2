"""Each condition of the checker's rules, by steps that break it; most would prove something false without it."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from typing import Any

import pytest

from constants_lab.polynomials import parse_polynomial
from constants_lab.proofs import checker
from constants_lab.proofs.checker import Continued, Series, Value
from constants_lab.proofs.prover import prove
from constants_lab.proofs.steps import facts_of
from constants_lab.proofs.symbolic import Disagreement, cross_check

N = checker.N
ZETA = Series(N * N / ((N + 1) * (N + 1)), Value("zeta(2)"))
LAMBERT = Continued(checker._pcf(N * 2 + 1, N * N), Value("pi").under(0, 4, 1, 0))
ARTANH = Continued(checker._pcf(N * 2 + 1, N * N * Fraction(-1, 4)), Value("log(3)").under(0, 1, 1, 0))


def of(num: list[int], den: list[int] | None = None) -> dict[str, list[str]]:
    """A rational function by integer coefficients."""
    return {"num": [str(c) for c in num], "den": [str(c) for c in den or [1]]}


def rejected(step: dict[str, Any], reason: str, *facts: checker.Fact) -> None:
    with pytest.raises(checker.Rejected, match=reason):
        checker.derive(step, list(facts), set())


TELESCOPE = {"rule": "telescope", "series": 0, "shift": 0, "ratio": of([1, 0, 0], [1, 2, 1]), "c": "1"}


def test_a_sum_whose_boundary_term_stays_is_not_telescoped() -> None:
    # ρ = 1 = 1 + g(k+1) S(k+1) - g(k) for g = (k+1)²/1000, but g(k) s(k) is 1/1000 for ever.
    step = {**TELESCOPE, "rho": of([1]), "g": of([1, 2, 1], [1000])}
    rejected(step, "boundary term", ZETA)


def test_the_telescoped_series_begins_with_1_and_is_what_it_is_said_to_be() -> None:
    assert isinstance(checker.derive({**TELESCOPE, "rho": of([1]), "g": of([0])}, [ZETA], set()), Series)
    rejected({**TELESCOPE, "c": "2", "rho": of([2]), "g": of([0])}, "first term", ZETA)
    rejected({**TELESCOPE, "rho": of([1]), "g": of([1])}, "telescoping identity", ZETA)
    rejected({**TELESCOPE, "rho": of([1, 1]), "g": of([0])}, "related by rho", ZETA)
    rejected({**TELESCOPE, "rho": of([1]), "g": of([1], [1, -5])}, "g may have", ZETA)
    rejected({**TELESCOPE, "rho": of([1], [1, -5]), "g": of([0])}, "rho may have", ZETA)
    rejected({**TELESCOPE, "shift": -1, "rho": of([1]), "g": of([0])}, "related by rho", ZETA)


def test_a_series_with_a_pole_is_not_grouped() -> None:
    alternating = Series((N - 4) * -1 / (N - 3), Value("log(2)"))
    rejected({"rule": "group", "series": 0}, "ratio may have|denominator", alternating)


EULER = {
    "rule": "euler",
    "series": 0,
    "a": ["2", "2", "1"],
    "b": ["-1", "0", "0", "0", "0"],
    "h1": of([1, 0, 0]),
    "h2": of([1, 0, 0]),
    "f": ["1"],
}


def test_eulers_fraction_is_that_of_its_series() -> None:
    assert isinstance(checker.derive(EULER, [ZETA], set()), Continued)
    rejected({**EULER, "b": ["-1", "0", "0", "0", "1"]}, "b is not", ZETA)
    rejected({**EULER, "a": ["2", "2", "2"]}, r"f\(n\) a\(n\) is not", ZETA)
    rejected({**EULER, "f": ["1", "-3"]}, "f may have", ZETA)
    rejected({**EULER, "h2": of([1, -3])}, "h2 may have", ZETA)
    rejected(EULER, "the series is not", Series(N / (N + 1) * -1, Value("log(2)")))
    rejected(EULER, "infinite, or be divided by 0", Series(ZETA.ratio, Value("zeta(2)", (0, 0, 0, 1))))


def test_a_tail_that_is_infinite_is_no_number() -> None:
    one = Continued(LAMBERT.shape, Value("sqrt(2)", (0, 1, 0, 1)))
    rejected({"rule": "shift", "fraction": 0, "by": 1}, "infinite", one)
    rejected({"rule": "shift", "fraction": 0, "by": -1}, "determinant 0", LAMBERT)


COBOUNDARY = {
    "rule": "coboundary",
    "fraction": 0,
    "target": {"a": ["2", "1"], "b": ["1", "0", "0"]},
    "u": [["1"], [], [], ["1"]],
    "factor": of([1]),
    "fold": 1,
    "steps": 1,
    "growth": of([1]),
    "start": 0,
    "converges": "",
}


def test_matrices_that_are_singular_or_do_not_fit_carry_nothing_over() -> None:
    assert isinstance(checker.derive(COBOUNDARY, [LAMBERT], set()), Continued)
    rejected({**COBOUNDARY, "u": [["1", "-3"], [], [], ["1"]]}, "det U may", LAMBERT)
    rejected({**COBOUNDARY, "u": [["1"], ["1"], ["1"], ["1"]]}, "det U is|det U may", LAMBERT)
    rejected({**COBOUNDARY, "factor": of([1, -3])}, "lambda may", LAMBERT)
    rejected({**COBOUNDARY, "factor": of([2])}, "identity", LAMBERT)
    rejected({**COBOUNDARY, "fold": 0}, "no steps", LAMBERT)
    rejected({**COBOUNDARY, "steps": 0}, "no steps", LAMBERT)


def test_what_is_between_the_convergents_that_are_carried_over_needs_a_theorem() -> None:
    twice = {**COBOUNDARY, "fold": 2, "steps": 2}
    rejected(twice, "may not converge", LAMBERT)
    assert isinstance(checker.derive({**twice, "converges": "seidel stern"}, [LAMBERT], set()), Continued)
    rejected({**twice, "converges": "worpitzky"}, "b is not shown", LAMBERT)
    rejected({**twice, "converges": "tietze"}, "a sign, quotient", LAMBERT)
    other = {
        **twice,
        "target": {"a": ["4", "2"], "b": ["-1", "0", "0"]},
        "u": [["2"], [], [], ["1"]],
        "factor": of([4]),
    }
    rejected({**other, "converges": "seidel stern"}, "not positive", ARTANH)


def test_weights_of_two_signs_need_denominators_that_are_known_to_grow() -> None:
    # U is the adjugate of the step, so that the target is the tail; u22 = 2n+1, -u21 b = -(n+1)²/4.
    target = {"a": ["4", "6"], "b": ["-1", "-2", "-1"]}
    step = {
        **COBOUNDARY,
        "target": target,
        "u": [[], ["2", "4", "2"], ["-4"], ["8", "4"]],
        "factor": of([2, 8, 8], [1, 2, 1]),
    }
    assert isinstance(checker.derive({**step, "growth": of([1, 0]), "start": 2}, [ARTANH], set()), Continued)
    rejected({**step, "growth": of([3, 0]), "start": 2}, "growth", ARTANH)
    rejected({**step, "growth": of([-1, 0]), "start": 2}, "growth", ARTANH)
    rejected({**step, "growth": of([1, 0]), "start": 0}, "growth", ARTANH)


def test_weights_that_may_cancel_are_not_taken() -> None:
    # q(n) ≥ q(n-1)/(n+3) holds, and is too little for (n+3) q(n) - q(n-1).
    source = Continued(checker._pcf(N + 3, checker._constant(-1)), Value("besselj_ratio(2,2)").under(0, 1, 1, 0))
    step = {**COBOUNDARY, "target": {"a": ["1", "4"], "b": ["-1"]}, "u": [[], ["1"], ["-1"], ["1", "3"]]}
    assert isinstance(checker.derive({**step, "growth": of([1]), "start": 2}, [source], set()), Continued)
    rejected({**step, "growth": of([1], [1, 3]), "start": 2}, "weights", source)


def test_the_conditions_of_conjugate_solutions() -> None:
    step = {"rule": "conjugate", "a": ["1"], "b": ["1"], "t": of([1], [2]), "s": of([1], [2]), "d": "5"}
    assert isinstance(checker.derive(step, [], set()), Continued)
    rejected({**step, "d": "4"}, "square")
    rejected({**step, "d": "-5"}, "square")
    rejected({**step, "d": "6"}, "no solution")
    rejected({**step, "s": of([-1], [2])}, "product of")
    # r = n - 2 + ... has a norm that vanishes: r = (n-2)(1 + √2) for a = (n-2) 2, b = (n-2)(n-3).
    zero = {"a": ["2", "-4"], "b": ["1", "-5", "6"], "t": of([1, -2]), "s": of([1, -2]), "d": "2"}
    rejected({**step, **zero}, "norm of r")


@pytest.fixture(scope="module")
def catalan() -> tuple[dict[str, Any], list[checker.Fact]]:
    """The step for 1/(2G), and the facts before it."""
    text = prove(parse_polynomial("3*n^2 + 3*n + 1"), parse_polynomial("-2*n^4"), "catalan", [[0, 1], [2, 0]])
    assert text is not None
    steps = json.loads(text)["steps"]
    place = next(i for i, step in enumerate(steps) if step["rule"] == "recurrence")
    return steps[place], facts_of(steps[:place])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bound": of([1])}, "bound"),
        ({"growth": of([9, 0, 0])}, "growth"),
        ({"growth": of([-1, 0, 0])}, "growth"),
        ({"start": 1}, "bound"),
        ({"bound": of([9, 0, 0])}, "tend to 0"),
        ({"a": ["3", "-3", "2"]}, "Zeilberger"),
        ({"b": ["-2", "8", "-12", "8", "-3"]}, "Zeilberger"),
    ],
    ids=str,
)
def test_a_recurrence_without_one_of_its_conditions_is_rejected(
    catalan: tuple[dict[str, Any], list[checker.Fact]], change: dict[str, Any], reason: str
) -> None:
    step, facts = catalan
    assert isinstance(checker.derive(copy.deepcopy(step), facts, set()), Continued)
    rejected({**step, **change}, reason, *facts)


def test_the_sums_of_a_recurrence_are_those_of_its_terms(catalan: tuple[dict[str, Any], list[checker.Fact]]) -> None:
    step, facts = catalan
    rejected({**step, "first": step["second"], "second": step["first"]}, "series are not", *facts)
    doubled = copy.deepcopy(step)
    doubled["along"]["num"] = [[str(2 * int(c)) for c in row] for row in doubled["along"]["num"]]
    rejected(doubled, "Zeilberger|tend to 0", *facts)
    other = [
        Series(f.ratio, f.value._replace(constant="pi")) if i == step["second"] else f for i, f in enumerate(facts)
    ]  # type: ignore[union-attr]
    rejected(step, "linear in one constant", *other)
    first = facts[step["first"]]
    assert isinstance(first, Series)
    nothing = [
        Series(first.ratio, Value(first.value.constant, (0, 0, 0, 1))) if i == step["first"] else f
        for i, f in enumerate(facts)
    ]
    rejected(step, "infinite, or be divided by 0", *nothing)


def test_the_quotients_of_the_terms_fit_and_have_no_poles(catalan: tuple[dict[str, Any], list[checker.Fact]]) -> None:
    step, facts = catalan
    other = copy.deepcopy(step)
    other["across"]["num"] = [[*row, "0"] for row in other["across"]["num"]]
    rejected(other, "do not belong", *facts)
    poles = copy.deepcopy(step)
    for part in ("num", "den"):
        # Times n + 3 - n² on both sides, which vanishes between 2 and 3 only, but whose sign is not seen.
        data = poles["along"][part]
        if part == "den":
            data.append([["-1"], ["1"], ["3"]])
            continue
        rows = [[int(c) for c in row] for row in data]
        width = max(map(len, rows))
        rows = [[0] * (width - len(row)) + row for row in rows]
        out = [[0] * width for _ in range(len(rows) + 2)]
        for shift, factor in ((0, -1), (1, 1), (2, 3)):
            for i, row in enumerate(rows):
                out[i + shift] = [x + factor * y for x, y in zip(out[i + shift], row, strict=True)]
        poles["along"][part] = [[str(c) for c in row] for row in out]
    rejected(poles, "pole", *facts)


# F(n, k) = x^n 2/((k+1)(k+2)), whose sum is 2 x^n; here x = 1, a root of x² = 3x - 2, and the other root is 2.
FLAT = {
    "rule": "recurrence",
    "first": 0,
    "second": 1,
    "a": ["3"],
    "b": ["-2"],
    "across": {"num": [["1"]], "den": []},
    "along": {"num": [["1", "0"]], "den": [[["1", "2"]]]},
    "certificate": {"num": [], "den": []},
    "bound": of([1]),
    "growth": of([2]),
    "start": 2,
}
SUMS = (Series(N / (N + 2), Value("pi")), Series(N / (N + 2), Value("pi", (1, 1, 0, 1))))
# (n - 50)² + 1 has no zero, but its sign is not seen from its coefficients at a small n.
UNSEEN = [["1"], ["-100"], ["2501"]]


def test_a_solution_that_dominates_says_nothing_of_the_fraction() -> None:
    assert isinstance(checker.derive(FLAT, list(SUMS), set()), Continued)
    # PCF(3, -2) is 2, and not 3 - 2, as it were if x = 2 were the smaller root.
    rejected({**FLAT, "across": {"num": [["2"]], "den": []}, "bound": of([2])}, "m/q is not shown", *SUMS)


def test_a_sum_over_k_telescopes_only_between_ends_that_vanish() -> None:
    # 1 - 3 - 1 = -3 times F is a difference, of 6/(k+1), not 0 at k = 0, and of -6k/(k+1), which does not tend to 0.
    step = {**FLAT, "b": ["1"], "growth": of([3])}
    rejected({**step, "certificate": {"num": [["3", "6"]], "den": []}}, r"C\(n, 0\) is not 0", *SUMS)
    rejected({**step, "certificate": {"num": [["-3", "-6", "0"]], "den": []}}, "too slowly", *SUMS)


def test_poles_of_the_quotients_are_looked_for_everywhere() -> None:
    across = {"across": {"num": UNSEEN, "den": [UNSEEN]}, "start": 100}
    rejected({**FLAT, **across}, "there may be a pole", *SUMS)
    along = {"num": [[*row, "0"] for row in UNSEEN], "den": [[[c, str(2 * int(c))] for [c] in UNSEEN]]}
    rejected({**FLAT, "along": along}, "there may be a pole", *SUMS)
    rejected({**FLAT, "certificate": {"num": [], "den": [UNSEEN]}}, "there may be a pole", *SUMS)


def test_both_sums_are_those_of_the_terms_and_linear_in_the_constant() -> None:
    other = Series(N / (N + 3), Value("pi", (1, 1, 0, 1)))
    rejected(FLAT, "the series are not those", other, SUMS[1])
    rejected(FLAT, "the series are not those", SUMS[0], other)
    inverse = Series(N / (N + 2), Value("pi", (1, 0, 1, 1)))
    rejected(FLAT, "linear in one constant", inverse, SUMS[1])
    rejected(FLAT, "linear in one constant", SUMS[0], inverse)
    rejected(FLAT, "linear in one constant", inverse, Series(N / (N + 2), Value("pi", (1, 2, 1, 1))))


def test_the_bound_is_one_of_absolute_values() -> None:
    step = {**FLAT, "a": ["1"], "b": ["2"], "across": {"num": [["-1"]], "den": []}, "growth": of([1])}
    rejected({**step, "bound": of([1], [2])}, "the bound on", *SUMS)


def test_poles_and_zeros_at_the_first_place_count() -> None:
    plain = {**TELESCOPE, "rho": of([1]), "g": of([0])}
    rejected({**plain, "rho": of([1], [1, 0])}, "rho may have", ZETA)
    rejected({**plain, "g": of([1], [1, 0])}, "g may have", ZETA)
    rejected({**plain, "ratio": of([1], [1, -1])}, "the ratio may have", ZETA)
    rejected({**plain, "shift": -1, "ratio": of([1, -2, 1], [1, 0, 0])}, "related by rho", ZETA)
    pole = Series(checker._constant(1) / (N - 1), Value("pi"))
    rejected({**plain, "shift": 1, "ratio": of([1], [1, 0])}, "a pole at 1", pole)
    # 1 - 1 + 1/2 - 1/6 + ...: the first two terms cancel, and nothing begins with 1.
    rejected({"rule": "group", "series": 0}, "the ratio may have", Series(N**0 / N * -1, Value("exp(1)", (0, 1, 1, 0))))


def test_terms_that_grow_are_not_telescoped() -> None:
    growing = Series(N * 2 / (N + 1), Value("pi"))
    rejected({**TELESCOPE, "ratio": of([2, 0], [1, 1]), "rho": of([1]), "g": of([0])}, "terms are not shown", growing)


def test_eulers_fraction_neither_ends_nor_divides_by_0() -> None:
    one = {**EULER, "a": ["2"], "b": ["-1"], "h1": of([1]), "h2": of([1])}
    rejected({**one, "f": ["1", "-3"]}, "f may have", Series((N - 4) / (N - 2), Value("pi")))
    rejected({**one, "f": ["1", "0"]}, "f may have", Series((N - 1) / (N + 1), Value("pi")))
    ends = {**EULER, "f": ["1"], "h1": of([1])}
    third = {**ends, "a": ["1", "-1"], "b": ["-1", "3"], "h2": of([1, -3])}
    rejected(third, "h2 may have", Series(N**0 / (N - 2), Value("pi")))
    first = {**ends, "a": ["1", "1"], "b": ["-1", "1"], "h2": of([1, -1])}
    rejected(first, "h2 may have", Series(N**0 / N, Value("pi")))


def test_only_polynomial_continued_fractions_are_shifted() -> None:
    entry = (checker._constant(3), checker._constant(1), checker._constant(1))
    for shape in (checker.Shape((entry,), (entry,)), checker.Shape((), (entry, entry))):
        rejected({"rule": "shift", "fraction": 0, "by": 1}, "the rule is for polynomial", Continued(shape, Value("pi")))


def test_conjugates_are_irrational_and_solve_both_equations() -> None:
    step = {"rule": "conjugate", "a": ["1"], "b": ["1"], "t": of([1], [2]), "s": of([1]), "d": "5/4"}
    rejected(step, "d is a square")
    # PCF(1, 2) is 2.
    rejected({**step, "b": ["2"], "t": of([1]), "d": "2"}, "r is no solution")
    zero = {"a": ["2", "0"], "b": ["1", "-1", "0"], "t": of([1, 0]), "s": of([1, 0]), "d": "2"}
    rejected({**step, **zero}, "the norm of r")


def test_a_product_of_conjugates_that_converges_is_not_0() -> None:
    # r = n² + 1 + √2: r'/r is 1 - O(n^-2).
    step = {"a": ["2", "-2", "3"], "b": ["-1", "4", "-8", "8", "-2"], "t": of([1, 0, 1]), "s": of([1]), "d": "2"}
    rejected({"rule": "conjugate", **step}, "the product of r'/r")


def test_a_coboundary_is_regular_from_the_first_place_on() -> None:
    # The target has b(1) = 0 and a(0) = 0.
    target = {"a": ["2", "1", "0"], "b": ["1", "-1", "0", "0", "0"]}
    step = {**COBOUNDARY, "target": target, "u": [["1", "0"], [], [], ["1"]], "factor": of([1, 1])}
    rejected(step, "det U may", LAMBERT)
    rejected({**COBOUNDARY, "factor": of([1, 0])}, "lambda may", LAMBERT)
    rejected({**COBOUNDARY, "converges": "by assertion"}, "may not converge", LAMBERT)


# For PCF(3, 1), whose q(n) ≥ 3 q(n-1), x + y N commutes with the step N.
THREE = {**COBOUNDARY, "target": {"a": ["3"], "b": ["1"]}, "growth": of([3]), "start": 2}
BRONZE = Continued(checker._pcf(checker._constant(3), checker._constant(1)), Value("sqrt(13)", (1, 3, 0, 2)))


def commuting(x: int, y: int) -> list[list[str]]:
    return [[str(e)] for e in (x + 3 * y, y, y, x)]


def test_weights_are_compared_with_the_growth_and_have_known_signs() -> None:
    for x, y in ((1, -2), (1, 2), (-1, -2)):
        assert isinstance(checker.derive({**THREE, "u": commuting(x, y)}, [BRONZE], set()), Continued)
    rejected({**THREE, "u": commuting(1, 5)}, "weights of U", BRONZE)
    rejected({**THREE, "u": commuting(-1, -5)}, "weights of U", BRONZE)
    unseen = [[str(k * int(c)) for [c] in UNSEEN] for k in (7, 2, 2, 1)]
    step = {**THREE, "u": unseen, "factor": of([1, -98, 2402], [1, -100, 2501])}
    rejected(step, "weights of U", BRONZE)
    assert isinstance(checker.derive({**step, "start": 60}, [BRONZE], set()), Continued)


def test_a_whole_that_is_infinite_is_no_value() -> None:
    # 1 + 1/y for y = log 1.
    target = {"head": [["1", "1"]], "period": [[of([3]), "1"]]}
    rejected({**THREE, "target": target}, "infinite", Continued(BRONZE.shape, Value("log(1)")))


def with_a_boundary_term(size: int) -> str:
    """It would prove that ζ(2) = ζ(2) - 1/size."""
    theorem = {"rule": "theorem", "name": "zeta series", "m": "2", "d": "1", "s": "1"}
    shifted = {**TELESCOPE, "rho": of([1]), "g": of([1, 2, 1], [size])}
    return json.dumps({
        "format": checker.FORMAT,
        "version": checker.VERSION,
        "claim": {
            "fraction": {"a": EULER["a"], "b": EULER["b"]},
            "constant": "zeta(2)",
            "matrix": [["0", str(size)], [str(size), "-1"]],
        },
        "steps": [theorem, shifted, {**EULER, "series": 1}],
        "theorems": ["zeta series"],
    })  # fmt: skip


@pytest.mark.parametrize("size", [10, 1000, 10**12])
def test_a_whole_certificate_with_a_boundary_term_is_rejected(size: int) -> None:
    with pytest.raises(checker.Rejected, match="the boundary term does not tend to 0") as caught:
        checker.check(with_a_boundary_term(size))
    assert caught.value.step == 2
    # The second check, which knows no such condition, finds another sum.
    with pytest.raises(Disagreement, match="the series has another sum"):
        cross_check(with_a_boundary_term(size))
