"""Proofs carried over: tails, equivalent fractions and coboundaries of proved fractions are proved, others are not."""

from __future__ import annotations

import mpmath
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.polynomials import parse_polynomial, shift
from constants_lab.proofs import checker
from constants_lab.proofs.claims import states
from constants_lab.proofs.proving import from_proved, prove_identity
from constants_lab.proofs.relating import growth, image, relation
from constants_lab.signed import SignedCF


def proof(a: str, b: str, lhs: str) -> str:
    identity = Identity.parse(lhs)
    text = prove_identity(PCF(a, b), identity.constant, identity.matrix)
    assert text is not None
    return text


BROUNCKER = ("2*n + 1", "n^2", "4/pi")


@pytest.mark.parametrize(
    ("known", "a", "b", "lhs", "how"),
    [
        (BROUNCKER, "2*n + 3", "(n + 1)^2", "pi/(4 - pi)", "head removed"),
        (BROUNCKER, "2*n - 1", "(n - 1)^2", "-1", None),
        (BROUNCKER, "6*n + 3", "9*n^2", "12/pi", "equivalence"),
        (BROUNCKER, "-2*n - 1", "n^2", "-4/pi", "equivalence"),
        (BROUNCKER, "(2*n + 3)*(n + 1)", "(n + 1)^3*n", "pi/(4 - pi)", "head removed, equivalence"),
        (BROUNCKER, "2*n + 3", "n^2 + 2*n", "4/(pi - 2)", "coboundary"),
        (BROUNCKER, "2*n + 5", "n^2 + 4*n", "8/(3*pi - 8)", "coboundary"),
        (("n + 3", "-n", "e"), "n + 2", "-n + 1", "2", None),
        (("4*n + 6", "1", "(e - 1)/(3 - e)"), "4*n + 2", "1", "(e + 1)/(e - 1)", "a step of its proof"),
        (("4*n + 6", "1", "(e - 1)/(3 - e)"), "4*n - 6", "1", "-(7*e + 19)/(e + 3)", "head added"),
        (
            ("4*n + 2", "1", "(e + 1)/(e - 1)"), "256*n^3 + 960*n^2 + 1144*n + 430", "-16*n^2 - 24*n + 7",
            "(7*e - 7)/(7*e - 19)", "coboundary",
        ),
        (BROUNCKER, "n + 3", "-n", "e", None),
        (BROUNCKER, "2*n + 1", "n^2", "5/pi", None),
        (BROUNCKER, "2*n + 3", "(n + 1)^2", "pi/(5 - pi)", None),
    ],
)  # fmt: skip
def test_relatives(known: tuple[str, str, str], a: str, b: str, lhs: str, how: str | None) -> None:
    given = proof(*known)
    if not any(c.isalpha() for c in lhs):
        assert from_proved(PCF(a, b), "pi", [[1, 0], [0, 1]], given) is None
        return
    identity, target = Identity.parse(lhs), PCF(a, b)
    text = from_proved(target, identity.constant, identity.matrix, given)
    if how is None:
        assert text is None
        return
    assert text is not None
    assert checker.check(text).digits >= 2
    assert states(text, target, identity.constant, identity.matrix)
    assert relation(text, given) == how
    matrix = image(text, given)
    assert matrix is not None
    (p, q), (r, s) = ([int(k) for k in row] for row in matrix)
    with mpmath.workdps(50):
        known_value, value = (Identity.parse(each).value(50) for each in (known[2], lhs))
        assert abs((p * known_value + q) / (r * known_value + s) - value) < 1e-45


def test_a_fraction_on_the_way_may_be_the_source() -> None:
    # Of the certificate for a tail, the step before the tail is nearer.
    given = proof("3*n + 3", "-2*n^2 + n + 3", "(3*pi + 4)/4")
    identity = Identity.parse("8/(3*pi - 8)")
    text = from_proved(PCF("3*n + 6", "-2*n^2 - 3*n + 2"), "pi", identity.matrix, given)
    assert text is not None
    assert len(text) < len(given)


def test_signed_fractions_and_other_shapes_have_no_way() -> None:
    given = proof(*BROUNCKER)
    assert from_proved(SignedCF([1], [], ["2"]), "sqrt(2)", [[1, 1], [0, 1]], given) is None
    assert from_proved(PCF(2, 1), "pi", [[1, 0, 0], [0, 0, 1]], given) is None
    assert prove_identity(PCF(2, 1), "pi", [[1, 0, 0], [0, 0, 1]]) is None


def test_growth_is_that_of_the_leading_terms() -> None:
    assert growth(PCF("2*n + 1", "n^2")) == (0, fmpq(1, 4))
    assert growth(PCF("2", "4*n^2")) == growth(PCF("5", "n^2 + 1"))
    assert growth(PCF("2", "-4*n^2")) != growth(PCF("5", "n^2 + 1"))


@given(
    st.integers(0, 3),
    st.integers(-4, 4).filter(bool),
    st.lists(st.integers(1, 5), min_size=1, max_size=2),
)
@settings(max_examples=30, deadline=None)
def test_tails_and_equivalent_fractions_are_proved(head: int, scale: int, roots: list[int]) -> None:
    """Multiply by a polynomial without zeros at n >= -1 and remove a head: the value is known and must be proved."""
    given = proof("2*n + 1", "n^2", "4/pi")
    a, b = (shift(parse_polynomial(p), head) for p in ("2*n + 1", "n^2"))
    factor = parse_polynomial(str(scale))
    for root in roots:
        factor *= parse_polynomial(f"n + {root + 1}")
    # x -> b(k+1)/(x - a(k)) for each term of the head, then the factor's value at 0.
    matrix = [[0, 4], [1, 0]]
    for k in range(head):
        below = 2 * k + 1
        matrix = [
            [(k + 1) ** 2 * entry for entry in matrix[1]],
            [x - below * y for x, y in zip(matrix[0], matrix[1], strict=True)],
        ]
    first = int(factor(0))
    identity = Identity("pi", [[first * k for k in matrix[0]], matrix[1]])
    target = PCF(a * factor, b * factor * shift(factor, -1))
    text = from_proved(target, identity.constant, identity.matrix, given)
    assert text is not None
    assert states(text, target, identity.constant, identity.matrix)
