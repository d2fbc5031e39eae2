"""What the checker asks for before it believes that something converges, grows or tends to 0, one condition at a time."""

from __future__ import annotations

from fractions import Fraction

import pytest

from constants_lab.proofs import checker
from constants_lab.proofs.checker import Function, Shape

N = checker.N
K = Function({(0, 1): 1})
ONE = checker._constant(1)
HALF = Fraction(1, 2)


def q(x: int | Fraction) -> Function:
    return checker._constant(x)


def period(
    *entries: tuple[Function | int, Function | int] | tuple[Function | int, Function | int, Function | int],
) -> Shape:
    """A fraction without a head, by its (x, y) or (x, y, t)."""
    made = [tuple(f if isinstance(f, Function) else q(f) for f in (*entry, 1)[:3]) for entry in entries]
    return Shape((), tuple((x, y, t) for x, y, t in made))


@pytest.mark.parametrize(
    ("a", "b", "holds"),
    [
        (q(1), N * N, True),
        (N + 1, N**4, True),
        (q(1), N**3, False),
        (N * -1 - 1, N, False),
        (N + 1, N * -1 - 1, False),
        (N * -1 - 1, N * -1 - 1, False),
        (ONE / (N + 1) ** 2, ONE, False),
    ],
)
def test_seidel_and_stern_need_positive_polynomials_of_small_degree(a: Function, b: Function, holds: bool) -> None:
    shape = Shape((), ((a, b, ONE),))
    if holds:
        checker.seidel_stern(shape)
    else:
        with pytest.raises(checker.Rejected, match="the elements are not positive polynomials"):
            checker.seidel_stern(shape)


@pytest.mark.parametrize(
    ("a", "b", "holds"),
    [
        (2, 1, True),
        (2, -1, True),
        (-2, 1, True),
        (1, 1, False),
        (1, -1, False),
        (0, 0, False),
    ],
)
def test_worpitzky_needs_partial_numerators_that_are_small(a: int, b: int, holds: bool) -> None:
    if holds:
        checker.worpitzky(period((a, b)))
    else:
        with pytest.raises(checker.Rejected, match="b is not shown to be small"):
            checker.worpitzky(period((a, b)))


def test_tietze_admits_integers_that_are_large_enough() -> None:
    checker.tietze(period((N, 1)))
    checker.tietze(period((N + 1, -1)))
    checker.tietze(period((3, 1), (2, -1, N)))
    checker.tietze(period((N * (N + 1) * HALF + 1, 1)))
    checker.tietze(Shape(((q(-5), q(1), ONE), (q(1), q(1), ONE)), period((2, -1)).period))


@pytest.mark.parametrize(
    "shape",
    [
        period((N + 3, 2)),
        period((N + 3, N + 1)),
        period(((N + 2) * HALF, 1)),
        period(((N * N + N + 12) / (N + 1), 1)),  # integers at 0, 1, 2 and 3, but not at 4
        period((0, 1)),
        period((1, -1)),
        period((3, 1), (0, 1)),
        period((3, 1), (N, 1)),
        period((3, 1), (3, -1, N + 1)),
        period((3, 1), (2, 1, N + 1)),
        period((3, 1), (2, -1, 0)),
        period((3, 1), (2, -1, N - 1)),
        period((3, 1), (2, -1, (N + 1) * HALF)),
        Shape(((q(3), q(1), ONE),), period((0, 1)).period),
        Shape(((q(3), q(1), ONE), (q(0), q(1), ONE)), period((1, 1)).period),
    ],
)
def test_tietze_admits_no_others(shape: Shape) -> None:
    with pytest.raises(checker.Rejected, match="a sign, quotient or number of pairs"):
        checker.tietze(shape)


def test_terms_decay_like_a_power_or_faster() -> None:
    assert checker._decay(N / (N + 3)) == 3
    assert checker._decay(N * -1 / (N + 3)) == 3
    assert checker._decay(N / (N * 2 + 3)) is None
    assert checker._decay(ONE / N) is None
    for ratio in (N * 2 / (N + 1), N * -2 / (N + 1), N * N / (N * 2 + 1), N * N / (N + 1)):
        with pytest.raises(checker.Rejected, match="terms are not shown to tend to 0"):
            checker._decay(ratio)


@pytest.mark.parametrize(
    ("along", "certificate"),
    [
        (K / (K * 2 + 2), ONE),
        (K / (K * -2 - 2), ONE),
        (ONE / (K + 1), K**5),
        (K / (K + 3), K * K),
        (K * -1 / (K + 3), K * K),
        (K * (N + 1) / (K * (N * 2 + 3) + 1), K**5),
    ],
)
def test_terms_that_vanish(along: Function, certificate: Function) -> None:
    checker._vanishing(along, certificate)


@pytest.mark.parametrize(
    ("along", "certificate", "reason"),
    [
        (ONE / (K * (N - 3) + 1), ONE, "not shown to tend"),  # all terms are 1 for n = 3
        (ONE / (K + 1), ONE / (K * (N - 3) + 1), "not shown to tend"),
        (K * K / (K + 1), ONE, "not shown to tend"),
        (ONE, ONE, "not shown to tend"),
        (K * 2 / (K + 9), ONE, "not shown to tend"),
        (K * -2 / (K + 9), ONE, "not shown to tend"),
        (K * (N + 1) / (K * 2 + 9), ONE, "not shown to tend"),
        (K / (K + 1), ONE, "too slowly"),
        (K / (K + 3), K**3, "too slowly"),
        (K * -1 / (K + 3), K**3, "too slowly"),
        (K / (K + N), ONE, "too slowly"),
    ],
)
def test_terms_that_may_not_vanish(along: Function, certificate: Function, reason: str) -> None:
    with pytest.raises(checker.Rejected, match=reason):
        checker._vanishing(along, certificate)


INDEFINITE = N * 5 - N * N - 5  # -1, 1, 1, -1 at n = 1, 2, 3, 4


@pytest.mark.parametrize(
    ("a", "b", "growth", "start", "holds"),
    [
        (q(1), q(1), q(1), 1, True),
        (q(1), q(1), q(1), 0, False),  # q(-1) = 0
        (N, q(1), q(2), 2, True),
        (N, q(1), q(2), 1, False),  # q(1) = q(0)
        (q(1), q(1), q(-1), 1, False),
        (q(1), q(1), q(Fraction(3, 2)), 2, False),  # q(3)/q(2) = 3/2, q(4)/q(3) = 5/3, but this is not how it is shown
        (q(3), q(-2), q(2), 1, True),
        (q(1), q(-1), q(HALF), 1, False),  # 1, 1, 0, -1
        (ONE - INDEFINITE, INDEFINITE, q(1), 1, False),  # 1, 2, 1
    ],
)
def test_denominators_grow_when_it_is_shown_by_induction(
    a: Function, b: Function, growth: Function, start: int, holds: bool
) -> None:
    if holds:
        checker._growing(a, b, growth, 0, start)
    else:
        with pytest.raises(checker.Rejected, match="the growth of the denominators is not shown"):
            checker._growing(a, b, growth, 0, start)


def test_functions_have_no_values_at_poles_and_no_known_sign_beyond_them() -> None:
    with pytest.raises(checker.Rejected, match="a denominator vanishes"):
        (ONE / N).put({})
    with pytest.raises(checker.Rejected, match="a pole at 0"):
        (ONE / N).at(0)
    with pytest.raises(checker.Rejected, match="a division by zero"):
        ONE / q(0)
    assert not Function({}, (N - 3).top).nonnegative(0)
    assert Function({}, (N + 3).top).nonnegative(0)
