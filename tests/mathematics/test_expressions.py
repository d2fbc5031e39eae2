"""Values of formulas, and identities: normal form, text, values, refusals."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from flint import arb, ctx, fmpz_poly
from hypothesis import assume, given
from hypothesis import strategies as st

from constants_lab.constants import catalogue
from constants_lab.errors import InputError
from constants_lab.expressions import Identity, evaluate
from constants_lab.formula.rational_forms import form_latex, lowest_terms

# Formula in our notation, and an independent value by mpmath.
FORMULAS = [
    ("4/(pi - 2)", lambda: 4 / (mpmath.pi - 2)),
    ("(zeta(3)+1)/catalan", lambda: (mpmath.zeta(3) + 1) / mpmath.catalan),
    ("besseli_ratio(0,2)", lambda: mpmath.besseli(1, 2) / mpmath.besseli(0, 2)),
    ("sqrt(2)*log(3)", lambda: mpmath.sqrt(2) * mpmath.log(3)),
    ("exp(1/2)", lambda: mpmath.exp(mpmath.mpf(1) / 2)),
    ("e^2", lambda: mpmath.exp(2)),
    ("2pi - e^-3", lambda: 2 * mpmath.pi - mpmath.exp(-3)),
    ("pi^(2/3)", lambda: mpmath.cbrt(mpmath.pi**2)),
    ("(pi-4)^3", lambda: (mpmath.pi - 4) ** 3),
    ("-2^-1*-(-pi)^(-2)", lambda: 1 / (2 * mpmath.pi**2)),
    ("pi^900*e", lambda: mpmath.pi**900 * mpmath.e),
    ("pi^-900", lambda: mpmath.pi**-900),
    ("7/4", lambda: mpmath.mpf(7) / 4),
    ("0^2 + 0*pi", lambda: mpmath.mpf(0)),
]


@pytest.mark.parametrize("digits", [1, 15, 120, 1000])
@pytest.mark.parametrize(("text", "reference"), FORMULAS, ids=[text for text, _ in FORMULAS])
def test_value_agrees_with_mpmath(text: str, reference: Callable[[], mpmath.mpf], digits: int) -> None:
    ball = evaluate(text, digits)
    with mpmath.workdps(digits + 30):
        expected = +reference()
        mantissa, exponent = ball.mid().man_exp()
        difference = abs(mpmath.mpf((int(mantissa), int(exponent))) - expected)
        assert difference < mpmath.mpf(10) ** -digits * max(1, abs(expected))
        shown = mpmath.nstr(expected, digits + 25)
    with ctx.workprec(digits * 4 + 100):
        assert ball.rad() * arb(10) ** digits < arb.max(arb(1), ball.abs_lower())
        assert ball.overlaps(arb(shown) * arb(1, arb(10) ** -(digits + 20)))


@pytest.mark.parametrize("known", [25, 28, 30, 31, 32, 45, 200, 350])
def test_cancellation_is_overcome(known: int) -> None:
    with mpmath.workdps(2 * known + 60):
        whole = int(mpmath.floor(mpmath.pi * mpmath.mpf(10) ** known))
        expected = 1 / (mpmath.pi - mpmath.mpf(whole) / mpmath.mpf(10) ** known)
        ball = evaluate(f"1/(pi - {whole}/10^{known})", 20)
        mantissa, exponent = ball.mid().man_exp()
        assert abs(mpmath.mpf((int(mantissa), int(exponent))) / expected - 1) < mpmath.mpf(10) ** -20
        assert Identity("pi", [[0, 10**known], [10**known, -whole]]).ball(20).overlaps(ball)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("1/0", "zero"),
        ("1/(pi - pi)", "told from zero"),
        ("(e - e)^-1", "told from zero"),
        ("0^-1", "zero"),
        ("(-2)^(1/2)", "negative"),
        ("(2 - pi)^(1/3)", "negative"),
        ("(pi - pi)^(1/2)", "told from zero"),
        ("zeta(pi)", "rational"),
        ("zeta(zeta(3))", "rational"),
        ("zeta(1/0)", "zero"),
        ("zeta(0^-1)", "zero"),
        ("sqrt(4)", "rational"),
        ("exp(" + "9" * 400 + ")", "too large"),
        ("exp(10^4)^500", "above"),
        ("os + 1", "os"),
        ("system(2)", "system"),
        ("__import__('os').system('x')", "underscore"),
        ("9**9**9", "exponent"),
        ("\u03c0/4", "ASCII"),
    ],
)
def test_formulas_that_have_no_value(text: str, word: str) -> None:
    with pytest.raises(InputError) as refused:
        evaluate(text, 30)
    assert word in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("digits", [0, -5, 10**9, True, 2.5])
def test_digits_are_bounded(digits: Any) -> None:
    with pytest.raises(InputError, match="digits must be an integer from 1"):
        evaluate("pi", digits)
    with pytest.raises(InputError, match="digits must be an integer from 1"):
        Identity("pi", [[1, 0], [0, 1]]).ball(digits)


LHS = [
    ("pi", [[0, 4], [1, -2]], "4/(pi - 2)"),
    ("pi", [[1, 0], [0, 4]], "pi/4"),
    ("e", [[2, -5], [-4, 11]], "(2*e - 5)/(11 - 4*e)"),
    ("zeta(3)", [[0, 8], [7, 0]], "8/(7*zeta(3))"),
    ("zeta(3)", [[0, 6], [1, 0]], "6/zeta(3)"),
    ("pi", [[-1, 4], [0, 1]], "4 - pi"),
    ("pi", [[-1, 0], [0, 4]], "-pi/4"),
    ("pi", [[0, -4], [1, -2]], "4/(2 - pi)"),
    ("pi", [[-2, -5], [0, 3]], "-(2*pi + 5)/3"),
    ("pi", [[-2, -5], [0, 1]], "-(2*pi + 5)"),
    ("pi", [[-2, 5], [3, 0]], "(5 - 2*pi)/(3*pi)"),
    ("pi", [[1, 0], [0, 1]], "pi"),
    ("pi", [[0, 1], [1, 0]], "1/pi"),
    ("zeta(3)", [[1, 0, 1], [0, 1, -3]], "(zeta(3)^2 + 1)/(zeta(3) - 3)"),
    ("besseli_ratio(0,2)", [[0, 1], [1, 0]], "1/besseli_ratio(0,2)"),
    ("catalan", [[-1, 3, 0], [0, 0, 1]], "3*catalan - catalan^2"),
    ("e^2", [[1, 1], [3, 0]], "(e^2 + 1)/(3*e^2)"),
    ("sqrt(pi)", [[0, 2], [1, 0]], "2/sqrt(pi)"),
    ("log(phi)", [[0, 2], [5, 0]], "2/(5*log(phi))"),
]


@pytest.mark.parametrize(("name", "matrix", "text"), LHS, ids=[text for *_, text in LHS])
def test_left_hand_sides_read_well(name: str, matrix: list[list[int]], text: str) -> None:
    identity = Identity(name, matrix)
    assert identity.lhs == text == str(identity)
    assert Identity.parse(text) == identity


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("4/(pi-2)", "-8/(4 - 2pi)"),
        ("1/(1 + 1/(1 + pi))", "(pi + 1)/(pi + 2)"),
        ("(pi^2 - 4)/(pi - 2)", "pi + 2"),
        ("(pi/2)^-1", "2/pi"),
        ("pi - pi + 3pi", "3*pi"),
        ("besseli_ratio(0, 4/2)", "besseli_ratio(0,2)"),
        ("zeta(3)/zeta(1+2)*zeta(6/2)", "zeta(3)"),
        ("2/3*(e+1)", "(2e + 2)/3"),
        ("G", "catalan"),
        ("apery + 1", "zeta(3) + 1"),
        ("exp(2) + e^4", "e^2*(1 + e^2)"),
        ("1/pi^(1/2)", "1/sqrt(pi)"),
        ("exp(pi) + 1", "gelfond + 1"),
        ("2 - 3*(4*catalan/pi)", "2 - 3*(4catalan/pi)"),
    ],
)
def test_equal_functions_are_equal_objects(text: str, same: str) -> None:
    first, second = Identity.parse(text), Identity.parse(same)
    assert first == second
    assert hash(first) == hash(second)
    assert first.lhs == second.lhs


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("3/4", "no constant"),
        ("pi - pi + 1", "rational"),
        ("(2pi + 2)/(pi + 1)", "rational"),
        ("pi + e", "two constants"),
        ("zeta(3) + zeta(5)", "two constants"),
        ("pi/e + e/catalan", "two constants"),
        ("1/(pi - pi)", "zero"),
        ("(pi - pi)^-2", "zero"),
        ("(pi + 1)^(1/2)", "power"),
        ("n + 1", "n"),
        ("(pi + 1)^999", "degree"),
        ("pi^150*pi^150", "degree"),
        ("((pi+1)^200+1)^4", "degree"),
        ("n.__class__", "attribute"),
        ("(" * 10_000 + "pi" + ")" * 10_000, "characters"),
        ("1" * 1_000_000, "characters"),
        ("p\u0456", "ASCII"),
    ],
)
def test_texts_that_are_no_identity(text: str, word: str) -> None:
    Identity.parse("pi")
    start = time.perf_counter()
    with pytest.raises(InputError) as refused:
        Identity.parse(text)
    assert time.perf_counter() - start < 0.1
    assert word in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "matrix",
    [
        [[2, 4], [1, 2]],
        [[0, 0], [1, 2]],
        [[1, 2], [0, 0]],
        [[0, 0], [0, 0]],
        [[0, 3], [0, 4]],
        [[1, 0, -1], [2, 0, -2]],
        [[1], [2]],
        [[1, 2]],
        [[1, 2], [3]],
        [[1, 2], [3, 4], [5, 6]],
        [[1.5, 2], [3, 4]],
        [["1", 2], [3, 4]],
        [1, 2],
        7,
    ],
)
def test_matrices_that_are_refused(matrix: Any) -> None:
    with pytest.raises(InputError):
        Identity("pi", matrix)


def test_unknown_constant_is_refused() -> None:
    with pytest.raises(InputError, match="pii"):
        Identity("pii", [[1, 0], [0, 1]])


def test_the_constant_is_the_one_that_stands_alone() -> None:
    assert Identity("2*pi", [[1, 1], [0, 1]]) == Identity("pi", [[2, 1], [0, 1]])
    assert Identity("1/catalan", [[1, 1], [0, 1]]) == Identity("catalan", [[1, 1], [1, 0]])
    assert Identity("e", [[1, 0, 0], [0, 0, 1]]) == Identity("e^2", [[1, 0], [0, 1]])
    assert Identity("exp(2)", [[1, 0], [0, 1]]).constant == "e^2"
    # No row of the catalogue is catalan^2.
    plain = Identity("catalan", [[1, 0, 0], [0, 0, 1]])
    assert (plain.constant, plain.degree) == ("catalan", 2)
    assert plain == Identity("catalan^2", [[1, 0], [0, 1]])
    with pytest.raises(InputError, match="rational"):
        Identity("sqrt(4)", [[1, 0], [0, 1]])


@pytest.mark.parametrize("matrix", [[[1, 0], [0, 1]], [[2, -3], [4, 5]], [[0, 1], [-1, 7]], [[1, 0, -3], [0, 2, 0]]])
def test_every_constant_of_the_catalogue_can_be_written_and_read(matrix: list[list[int]]) -> None:
    for constant in catalogue():
        identity = Identity(constant.name, matrix)
        assert Identity.parse(identity.lhs) == identity, constant.name
        if identity.degree == 1 and constant.name not in ("pi^2", "pi^3", "e^2"):
            assert identity.constant == constant.name


@pytest.mark.parametrize("name", ["4*catalan/pi", "gamma(1/4)^4/pi", "sqrt(2)*pi", "pi^(1/3)", "e*pi", "log(2)/log(3)"])
@pytest.mark.parametrize("matrix", [[[1, 0], [0, 1]], [[2, -3], [4, 5]], [[0, -3], [1, 0]], [[3, 0, 1], [0, 1, 0]]])
def test_products_of_constants(name: str, matrix: list[list[int]]) -> None:
    identity = Identity(name, matrix)
    assert identity.constant == name
    assert Identity.parse(identity.lhs) == identity
    assert evaluate(identity.lhs, 60).overlaps(identity.ball(60))
    assert identity.latex()


@pytest.mark.parametrize(
    "text", ["4/(pi - 2)", "(zeta(3)^2 + 1)/(zeta(3) - 3)", "8/(7*sqrt(2) - 1)", "3 - besseli_ratio(0,2)"]
)
def test_sympy_agrees(text: str) -> None:
    identity = Identity.parse(text)
    computed = identity.to_sympy().evalf(60)
    with mpmath.workdps(60):
        assert abs(mpmath.mpf(str(computed)) - identity.value(60)) < mpmath.mpf(10) ** -57


def test_a_constant_unknown_to_sympy_is_said_to_be() -> None:
    with pytest.raises(InputError, match="SymPy has no function"):
        Identity.parse("1/golomb_dickman").to_sympy()


def test_properties() -> None:
    identity = Identity("e", [[6, -15], [-12, 33]])
    assert identity.matrix == ((-2, 5), (4, -11))
    assert identity.coefficients == (-2, 5, 4, -11)
    assert identity.height == 11
    assert identity.degree == 1
    assert identity == pickle.loads(pickle.dumps(identity))
    assert hash(identity) == hash(pickle.loads(pickle.dumps(identity)))
    assert identity.apply(3) == Fraction(-1, 1)
    with pytest.raises(AttributeError):
        identity.constant = "pi"  # type: ignore[misc]
    with pytest.raises(InputError, match="degree 2"):
        Identity.parse("catalan^2 + catalan").inverse()


def test_latex() -> None:
    assert Identity.parse("4/(pi-2)").latex() == r"\frac{4}{\pi - 2}"
    assert Identity.parse("-pi/4")._repr_latex_() == r"$-\frac{\pi}{4}$"
    assert Identity.parse("3pi - 1").latex() == r"3 \pi - 1"
    form = lowest_terms(fmpz_poly([1, 0, -2]), fmpz_poly([0, 1]))
    assert form_latex(form, "e^{2}") == r"\frac{1 - 2 \left(e^{2}\right)^{2}}{e^{2}}"


def test_value_is_rounded_to_the_digits_asked() -> None:
    value = Identity.parse("4/(pi-2)").value(50)
    with mpmath.workdps(80):
        assert abs(value - 4 / (mpmath.pi - 2)) < mpmath.mpf(10) ** -49
        assert abs(value - 4 / (mpmath.pi - 2)) > mpmath.mpf(10) ** -60


MPMATH = {
    "pi": lambda: +mpmath.pi,
    "e": lambda: +mpmath.e,
    "catalan": lambda: +mpmath.catalan,
    "zeta(3)": lambda: mpmath.zeta(3),
    "sqrt(2)": lambda: mpmath.sqrt(2),
    "besseli_ratio(0,2)": lambda: mpmath.besseli(1, 2) / mpmath.besseli(0, 2),
}
constant_names = st.sampled_from(sorted(MPMATH))
entries = st.integers(-30, 30) | st.integers(-(10**40), 10**40)


@st.composite
def identities(draw: st.DrawFn, columns: st.SearchStrategy[int]) -> Identity:
    width = draw(columns)
    row = st.lists(entries, min_size=width, max_size=width)
    try:
        return Identity(draw(constant_names), [draw(row), draw(row)])
    except InputError:
        assume(False)
        raise


@given(identities(st.integers(2, 5)))
def test_text_round_trip(identity: Identity) -> None:
    again = Identity.parse(identity.lhs)
    assert again == identity
    assert again.matrix == identity.matrix
    assert not identity.lhs.startswith("-") or all(c <= 0 for c in identity.matrix[0])


@given(identities(st.integers(2, 5)), st.integers(-9, 9).filter(bool))
def test_normal_form(identity: Identity, factor: int) -> None:
    scaled = [[factor * entry for entry in row] for row in identity.matrix]
    padded = [[0, 0, *row] for row in scaled]
    assert Identity(identity.constant, scaled) == identity
    assert Identity(identity.constant, padded) == identity
    assert next(entry for entry in identity.matrix[1] if entry) > 0
    # A common factor (2c + factor) of numerator and denominator leaves no trace.
    common = fmpz_poly([factor, 2])
    rows = [[int(c) for c in (fmpz_poly(list(row[::-1])) * common).coeffs()] for row in identity.matrix]
    width = max(map(len, rows))
    rows = [(row + [0] * (width - len(row)))[::-1] for row in rows]
    assert Identity(identity.constant, rows) == identity


@given(identities(st.integers(2, 4)), st.sampled_from([20, 100]))
def test_values_agree(identity: Identity, digits: int) -> None:
    try:
        ball = identity.ball(digits)
    except InputError as refused:
        # sqrt(2) is algebraic, so a denominator may vanish there.
        assert identity.constant == "sqrt(2)"
        assert "zero" in str(refused)  # noqa: PT017
        return
    assert evaluate(identity.lhs, digits).overlaps(ball)
    with mpmath.workdps(digits + 150):
        # What is a function of e^2 alone is written in e^2.
        base, _, power = identity.constant.partition("^")
        expected = identity.apply(MPMATH[base]() ** int(power or 1))
        tolerance = mpmath.mpf(10) ** -digits * max(1, abs(expected))
        assert abs(identity.value(digits) - expected) < 2 * tolerance


@given(identities(st.just(2)), st.fractions())
def test_inverse(identity: Identity, point: Fraction) -> None:
    (a, b), (c, d) = identity.inverse()
    try:
        image = identity.apply(point)
        assert (a * image + b) / (c * image + d) == point
    except ZeroDivisionError:
        (_, _), (g, h) = identity.matrix
        assert g * point + h == 0
    assert next(entry for entry in (c, d) if entry) > 0


def test_import_is_light() -> None:
    heavy = ("sympy", "numba", "pandas", "dask", "sqlalchemy")
    code = f"import sys, constants_lab.expressions; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert result.stdout.strip() == "[]"
