"""Identities in numbers that are formulas in several constants."""

from __future__ import annotations

import pytest

from constants_lab.errors import InputError
from constants_lab.expressions import Identity, evaluate
from constants_lab.number_identities import NumberIdentity, identity_of


@pytest.mark.parametrize("number", ["phi + sqrt(2) - sqrt(5)/2", "pi + e", "(pi + e)^2 - log(2)"])
@pytest.mark.parametrize("rows", [[[0, 4], [1, -2]], [[2, 1], [0, 3]], [[1, 0, 2], [0, 1, 3]]])
def test_text_and_ball_are_the_function_of_the_number(number: str, rows: list[list[int]]) -> None:
    identity = identity_of(number, rows)
    assert isinstance(identity, NumberIdentity)
    assert identity.coefficients == (*rows[0], *rows[1])
    c = evaluate(number, 80)
    top, bottom = (sum(k * c**e for e, k in enumerate(row[::-1])) for row in rows)
    assert identity.ball(60).overlaps(top / bottom)
    assert evaluate(identity.lhs, 60).overlaps(top / bottom)


def test_a_function_of_one_constant_is_an_identity() -> None:
    assert identity_of("pi", [[0, 4], [1, -2]]) == Identity.parse("4/(pi - 2)")
    assert isinstance(identity_of("e*pi", [[1, 1], [0, 1]]), Identity)


@pytest.mark.parametrize(
    ("number", "rows"),
    [
        ("pi + e", [[1, 1], [0, 0]]),
        ("pi + e", [[2, 4], [1, 2]]),
        ("pi + e", [[1, 1], [1]]),
        ("pi + e", [[1, 1]]),
        ("pi + e", [["1", 1], [0, 1]]),
        ("pi + f", [[1, 1], [0, 1]]),
        ("", [[1, 1], [0, 1]]),
        ("pi + ", [[1, 1], [0, 1]]),
    ],
)
def test_what_makes_no_identity_is_refused(number: str, rows: list[list[int]]) -> None:
    with pytest.raises(InputError):
        identity_of(number, rows)
