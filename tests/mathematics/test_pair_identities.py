"""Identities in two constants: their normal form, their values, and the proof by numbers of some that are known."""

from __future__ import annotations

import mpmath
import pytest
from flint import ctx
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.constants import constant
from constants_lab.crosscheck import check_identity
from constants_lab.errors import InputError, VerificationFailed
from constants_lab.expressions import Identity, evaluate
from constants_lab.pair_identities import PairIdentity, identity_in
from constants_lab.pcf import PCF
from constants_lab.verification import verify

ENTRY = st.integers(-40, 40)
ROW = st.tuples(ENTRY, ENTRY, ENTRY)
NAMES = st.sampled_from(
    [
        ("pi", "log(2)"),
        ("log(2)", "L(-3,1)"),
        ("pi^2", "log(2)^2"),
        ("zeta(3)", "sqrt(2)*pi"),
        ("log(2)*pi", "log(3)*pi"),
        ("besseli_ratio(0,2)", "catalan"),
        ("universal_parabolic", "3/(2*pi)"),
        ("log(2)*pi^2", "log(2)"),
        ("pi", "pi^2"),
        ("gamma(1/3)^3/pi", "gamma(1/3)"),
    ]
)


def independent(names: tuple[str, str], rows: tuple[tuple[int, ...], tuple[int, ...]], digits: int) -> mpmath.mpf:
    """The value by mpmath's arithmetic, from the matrix as given."""
    with mpmath.workdps(digits + 15):
        c = [constant(name).value(digits + 10) for name in names]
        top, bottom = (row[0] * c[0] + row[1] * c[1] + row[2] for row in rows)
        return top / bottom


def depends(rows: tuple[tuple[int, ...], tuple[int, ...]]) -> bool:
    (p, q, r), (s, t, u) = rows
    return any((s, t, u)) and (p * t != q * s or p * u != r * s or q * u != r * t)


def close(x: mpmath.mpf, y: mpmath.mpf, digits: int) -> bool:
    with mpmath.workdps(digits + 10):
        return bool(abs(x - y) <= mpmath.mpf(10) ** -digits * max(1, abs(y)))


@settings(max_examples=60, deadline=None)
@given(NAMES, ROW, ROW)
def test_text_ball_and_sympy_say_the_same_as_the_matrix(names: tuple[str, str], top: tuple, bottom: tuple) -> None:
    assume(depends((top, bottom)))
    identity = identity_in(names, (top, bottom))
    expected = independent(names, (top, bottom), 40)
    assert close(identity.value(40), expected, 38)
    with ctx.workprec(200):
        assert evaluate(identity.lhs, 40).overlaps(identity.ball(40))
    with mpmath.workdps(50):
        assert close(mpmath.mpf(str(identity.to_sympy().evalf(45))), expected, 38)


@settings(max_examples=60, deadline=None)
@given(NAMES, ROW, ROW, st.integers(-9, 9).filter(bool), st.integers(1, 9))
def test_equal_functions_are_equal_objects(
    names: tuple[str, str], top: tuple, bottom: tuple, factor: int, multiple: int
) -> None:
    assume(depends((top, bottom)))
    identity = identity_in(names, (top, bottom))
    rows = [[factor * k for k in row] for row in (top, bottom)]
    assert identity_in(names, rows) == identity
    swapped = [[y, x, z] for x, y, z in rows]
    assert identity_in(names[::-1], swapped) == identity
    # c1 = (multiple c1)/multiple
    stretched = [[x, multiple * y, multiple * z] for x, y, z in rows]
    assert identity_in((f"{multiple}*({names[0]})", names[1]), stretched) == identity
    if isinstance(identity, PairIdentity):
        assert hash(PairIdentity(identity.constants, identity.matrix)) == hash(identity)
        # As it comes back from a record.
        assert identity_in(identity.constant, identity.matrix) == identity
    else:
        assert identity_in(identity.constant, identity.matrix) == identity


@settings(max_examples=40, deadline=None)
@given(ROW, ROW, ROW, ROW)
def test_different_functions_are_different_objects(a: tuple, b: tuple, c: tuple, d: tuple) -> None:
    assume(depends((a, b)) and depends((c, d)))
    names = ("catalan", "zeta(3)")
    same = close(independent(names, (a, b), 40), independent(names, (c, d), 40), 30)
    assert (identity_in(names, (a, b)) == identity_in(names, (c, d))) == same


def test_the_normal_form() -> None:
    identity = PairIdentity(("log(2)", "2*pi"), ((0, 0, -12), (-12, -1, 0)))
    assert (identity.constants, identity.matrix) == (("pi", "log(2)"), ((0, 0, 6), (1, 6, 0)))
    assert identity.constant == "pi, log(2)"
    assert identity.coefficients == (0, 0, 6, 1, 6, 0)
    assert identity.height == 6
    assert str(identity) == identity.lhs == "6/(pi + 6*log(2))"


@pytest.mark.parametrize(
    ("names", "rows", "lhs"),
    [
        (("pi^2", "L(-3,2)"), ((0, 0, 1), (-1, -2, -5)), "-1/(pi^2 + 2*L(-3,2) + 5)"),
        (("pi^2", "L(-3,2)"), ((1, 0, 0), (0, 3, 0)), "pi^2/(3*L(-3,2))"),
        (("sqrt(2)*pi", "log(3)"), ((1, 2, 3), (0, 0, 2)), "(2*log(3) + (sqrt(2)*pi) + 3)/2"),
        (("log(2)*pi", "log(3)*pi"), ((1, 0, 0), (5, 7, 0)), "log(2)/(5*log(2) + 7*log(3))"),
    ],
)
def test_the_text(names: tuple[str, str], rows: tuple, lhs: str) -> None:
    assert PairIdentity(names, rows).lhs == lhs


@pytest.mark.parametrize(
    ("names", "rows", "expected"),
    [
        (("pi", "pi^2"), ((0, 1, 0), (1, 0, 2)), Identity("pi", ((1, 0, 0), (0, 1, 2)))),
        (("pi", "log(2)"), ((0, 2, 1), (0, 3, 5)), Identity("log(2)", ((2, 1), (3, 5)))),
        (("log(2)", "log(2)*pi^2"), ((1, -2, 0), (3, 5, 0)), Identity("pi^2", ((-2, 1), (5, 3)))),
        (("pi", "sqrt(2)"), ((1, 0, 0), (1, 1, 0)), Identity("sqrt(2)*pi", ((1, 0), (1, 2)))),
    ],
)
def test_one_constant_is_no_pair(names: tuple[str, str], rows: tuple, expected: Identity) -> None:
    assert identity_in(names, rows) == expected
    with pytest.raises(InputError, match=r"has one constant, .*: use an Identity"):
        PairIdentity(names, rows)


@pytest.mark.parametrize(
    ("names", "rows", "message"),
    [
        (("pi",), ((1, 0, 0), (0, 1, 0)), "needs two names"),
        (("pi", "e", "phi"), ((1, 0, 0), (0, 1, 0)), "needs two names"),
        ("pi, e", ((1, 0, 0), (0, 1, 0)), "needs two names"),
        (("pi", "nothing"), ((1, 0, 0), (0, 1, 0)), "no constant is called 'nothing'"),
        (("pi", "e"), ((1, 0), (0, 1)), "two rows of three integers"),
        (("pi", "e"), ((1, 0, 0), (0, 1, 0.5)), "two rows of three integers"),
        (("pi", "e"), ((1, 0, 0), (0, 0, 0)), "the denominator is zero"),
        (("pi", "e"), ((2, 4, 6), (3, 6, 9)), "rational"),
        (("pi", "2*pi"), ((1, 1, 0), (3, 5, 0)), "rational"),
    ],
)
def test_what_is_no_identity_in_two_constants(names: tuple[str, ...], rows: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        PairIdentity(names, rows)


def test_a_vanishing_denominator_and_a_constant_without_sympy_are_told() -> None:
    with pytest.raises(InputError, match="divides by"):
        # zeta(2) = pi^2/6, which no name says.
        PairIdentity(("zeta(2)", "pi^2"), ((0, 0, 1), (6, -1, 0))).ball(50)
    plain = PairIdentity(("dottie", "pi"), ((1, 0, 0), (0, 1, 1)))
    with pytest.raises(InputError, match="no function for dottie"):
        plain.to_sympy()
    assert close(plain.value(30), independent(("dottie", "pi"), ((1, 0, 0), (0, 1, 1)), 30), 29)


# 1/T = PCF(4n + 1, n^2 (2n - 1)^2), where T = sum of (-1)^k/((k + 1)(2k + 1)) = pi/2 - log(2) by partial fractions; and
# 4/T = PCF(10n^2 + 11n + 4, -4n^2 (2n - 1)^2), where T = sum of 4^-k/((k + 1)(2k + 1)) = 6 log(3) - 8 log(2).
KNOWN = [
    ("4n+1", "n^2*(2n-1)^2", ("pi", "log(2)"), ((0, 0, 2), (1, -2, 0))),
    ("10n^2+11n+4", "-4n^2*(2n-1)^2", ("log(2)", "log(3)"), ((0, 0, 2), (-4, 3, 0))),
]


@pytest.mark.parametrize(("a", "b", "names", "rows"), KNOWN)
def test_known_formulas_are_verified_and_false_ones_are_not(a: str, b: str, names: tuple, rows: tuple) -> None:
    pcf, identity = PCF(a, b), PairIdentity(names, rows)
    record = verify(pcf, identity, 150)
    assert record.digits == 150
    found = check_identity(pcf, identity)
    assert found.lhs_digits == 100
    assert found.value_digits >= 15
    wrong = PairIdentity(names, (rows[0], (rows[1][0], rows[1][1], 1)))
    with pytest.raises(VerificationFailed, match=r"agree on only"):
        verify(pcf, wrong, 100)
    with pytest.raises(VerificationFailed, match=r"PCF\("):
        check_identity(pcf, wrong)


def test_the_height_is_paid_for() -> None:
    pcf, names = PCF(*KNOWN[0][:2]), KNOWN[0][2]
    plain = verify(pcf, PairIdentity(names, KNOWN[0][3]), 100)
    assert plain.significance is not None
    # log10 of 5, 3 and 5.
    assert plain.significance == pytest.approx(100 - 1.875, abs=0.01)
