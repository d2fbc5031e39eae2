"""Classical and algebraic constants against a second computation that shares no code with FLINT.

``SECOND`` says for each name how it is computed again (mpmath is pure Python over gmpy2; other rows use exact
integers) and the leading digits published for it.  A row of the catalogue without a second computation fails.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import count
from math import factorial

import gmpy2
import pytest
from mpmath import mp, mpf

from constants_lab.catalogue.classical import ALGEBRAIC, CLASSICAL
from constants_lab.catalogue.families import spell
from constants_lab.catalogue.rows import Member
from constants_lab.constants import Constant, constant

DIGITS = 100
WORK = 130


def _ratio(numerator: int, denominator: int) -> mpf:
    return mpf(numerator) / denominator


def _alternating(term: Callable[[int], mpf]) -> mpf:
    """sum (-1)^k term(k), k >= 0, by the first algorithm of Cohen, Rodriguez Villegas and Zagier."""
    n = int(1.31 * WORK) + 10
    d = (3 + mp.sqrt(8)) ** n
    d = (d + 1 / d) / 2
    b, c, total = mpf(-1), -d, mpf(0)
    for k in range(n):
        c = b - c
        total += c * term(k)
        b = b * (k + n) * (k - n) / ((k + mpf(1) / 2) * (k + 1))
    return total / d


def _machin() -> mpf:
    """16 atan(1/5) - 4 atan(1/239) in integers."""
    scale = 10 ** (WORK + 10)

    def arctan(x: int) -> int:
        total, power = 0, scale // x
        for k in count():
            if not power:
                return total
            total += (-1) ** k * (power // (2 * k + 1))
            power //= x * x
        raise AssertionError

    return _ratio(16 * arctan(5) - 4 * arctan(239), scale)


def _e() -> mpf:
    scale = factorial(100)
    return _ratio(sum(scale // factorial(k) for k in range(101)), scale)


def _zeta(k: int) -> mpf:
    return _alternating(lambda n: mpf(n + 1) ** -k) / (1 - mpf(2) ** (1 - k))


def _l_function(d: int, k: int) -> mpf:
    return sum(int(gmpy2.kronecker(d, a)) * mp.zeta(k, mpf(a) / abs(d)) for a in range(1, abs(d))) / mpf(abs(d)) ** k


def _root(polynomial: list[int], start: str) -> mpf:
    return mp.findroot(lambda x: mp.polyval(polynomial, x), mpf(start))


def _cardano(p: Fraction, q: Fraction, shift: Fraction) -> mpf:
    """The real zero of y^3 + p y + q (one real zero), moved by ``shift``."""
    half, third = -mpf(q.numerator) / q.denominator / 2, mpf(p.numerator) / p.denominator / 3
    root = mp.sqrt(half**2 + third**3)
    return (
        mp.cbrt(half + root)
        + mp.sign(half - root) * mp.cbrt(abs(half - root))
        + mpf(shift.numerator) / shift.denominator
    )


def _fibonacci_quotient() -> mpf:
    a, b = 1, 1
    for _ in range(400):
        a, b = b, a + b
    return _ratio(b, a)


def _integer_root(radicand: int, k: int) -> mpf:
    return _ratio(int(gmpy2.iroot(gmpy2.mpz(radicand) * gmpy2.mpz(10) ** (k * WORK), k)[0]), 10**WORK)


Row = tuple[str, Callable[[], mpf], str]

SECOND: dict[str, Row] = {
    "pi": ("Machin's formula in integers", _machin, "3.14159265358979323846"),
    "e": ("sum of 1/n! in integers", _e, "2.71828182845904523536"),
    "phi": ("quotient of Fibonacci numbers", _fibonacci_quotient, "1.61803398874989484820"),
    "euler_gamma": ("mpmath euler", lambda: +mp.euler, "0.57721566490153286060"),
    "catalan": (
        "alternating series 1 - 1/9 + 1/25 - ..., accelerated",
        lambda: _alternating(lambda k: mpf(2 * k + 1) ** -2),
        "0.91596559417721901505",
    ),
    **{
        f"zeta({k})": ("alternating zeta series, accelerated", lambda k=k: _zeta(k), start)
        for k, start in [
            (2, "1.64493406684822643647"),
            (3, "1.20205690315959428539"),
            (4, "1.08232323371113819151"),
            (5, "1.03692775514336992633"),
            (6, "1.01734306198444913971"),
            (7, "1.00834927738192282683"),
            (8, "1.00407735619794433937"),
            (9, "1.00200839282608221441"),
            (10, "1.00099457512781808533"),
            (11, "1.00049418860411946455"),
        ]
    },
    **{
        f"log({k})": ("mpmath log", lambda k=k: mp.log(k), start)
        for k, start in [
            (2, "0.69314718055994530941"),
            (3, "1.09861228866810969139"),
            (5, "1.60943791243410037460"),
            (7, "1.94591014905531330510"),
            (10, "2.30258509299404568401"),
        ]
    },
    "log(phi)": ("mpmath asinh(1/2)", lambda: mp.asinh(mpf(1) / 2), "0.48121182505960344749"),
    "sqrt(2)": ("integer square root", lambda: _integer_root(2, 2), "1.41421356237309504880"),
    "sqrt(3)": ("integer square root", lambda: _integer_root(3, 2), "1.73205080756887729352"),
    "sqrt(5)": ("integer square root", lambda: _integer_root(5, 2), "2.23606797749978969640"),
    "cbrt(2)": ("integer cube root", lambda: _integer_root(2, 3), "1.25992104989487316476"),
    "cbrt(3)": ("integer cube root", lambda: _integer_root(3, 3), "1.44224957030740838232"),
    "pi^2": ("Machin's formula, squared", lambda: _machin() ** 2, "9.86960440108935861883"),
    "pi^3": ("Machin's formula, cubed", lambda: _machin() ** 3, "31.0062766802998201754"),
    "sqrt(pi)": ("Machin's formula, mpmath sqrt", lambda: mp.sqrt(_machin()), "1.77245385090551602729"),
    "e^2": ("sum of 1/n! in integers, squared", lambda: _e() ** 2, "7.38905609893065022723"),
    "exp(1/2)": ("sum of 1/n! in integers, mpmath sqrt", lambda: mp.sqrt(_e()), "1.64872127070012814684"),
    "gelfond": ("mpmath power", lambda: mp.e**mp.pi, "23.1406926327792690057"),
    "gelfond_schneider": ("mpmath power", lambda: mpf(2) ** mp.sqrt(2), "2.66514414269022518865"),
    "sin(1)": ("mpmath", lambda: mp.sin(1), "0.84147098480789650665"),
    "cos(1)": ("mpmath", lambda: mp.cos(1), "0.54030230586813971740"),
    "tan(1)": ("mpmath", lambda: mp.tan(1), "1.55740772465490223050"),
    "sinh(1)": ("mpmath", lambda: mp.sinh(1), "1.17520119364380145688"),
    "cosh(1)": ("mpmath", lambda: mp.cosh(1), "1.54308063481524377847"),
    "tanh(1)": ("mpmath", lambda: mp.tanh(1), "0.76159415595576488811"),
    "besseli_ratio(0,2)": ("mpmath besseli", lambda: mp.besseli(1, 2) / mp.besseli(0, 2), "0.69777465796400798200"),
    "besselj_ratio(0,2)": ("mpmath besselj", lambda: mp.besselj(1, 2) / mp.besselj(0, 2), "2.57592"),
    "erf(1)": ("mpmath", lambda: mp.erf(1), "0.84270079294971486934"),
    "erfc(1)": ("mpmath", lambda: mp.erfc(1), "0.15729920705028513065"),
    "mills(1)": (
        "integral of exp(-t - t^2/2), mpmath quad",
        lambda: mp.quad(lambda t: mp.exp(-t - t * t / 2), [0, 2, 5, 10, 25]),
        "0.65567954241879847154",
    ),
    **{
        f"gamma({p}/{q})": ("mpmath gamma", lambda p=p, q=q: mp.gamma(mpf(p) / q), start)
        for p, q, start in [
            (1, 3, "2.67893853470774763365"),
            (1, 4, "3.62560990822190831193"),
            (1, 5, "4.59084371199880305320"),
            (1, 6, "5.56631600178023520425"),
            (2, 3, "1.35411793942640041694"),
            (3, 4, "1.22541670246517764512"),
        ]
    },
    "L(-3,1)": ("pi/(3 sqrt(3)), mpmath", lambda: mp.pi / (3 * mp.sqrt(3)), "0.60459978807807261686"),
    "L(-3,2)": ("Hurwitz zeta of mpmath", lambda: _l_function(-3, 2), "0.78130241289648629"),
    "L(-4,3)": ("pi^3/32", lambda: _machin() ** 3 / 32, "0.96894614625936938048"),
    "L(-4,4)": (
        "alternating series, accelerated",
        lambda: _alternating(lambda k: mpf(2 * k + 1) ** -4),
        "0.98894455174110533610",
    ),
    "L(-8,2)": ("Hurwitz zeta of mpmath", lambda: _l_function(-8, 2), "1.0647341710"),
    "L(5,1)": ("2 log(phi)/sqrt(5)", lambda: 2 * mp.asinh(mpf(1) / 2) / mp.sqrt(5), "0.43040894096400403888"),
    "plastic": (
        "Cardano's formula",
        lambda: _cardano(Fraction(-1), Fraction(-1), Fraction(0)),
        "1.32471795724474602596",
    ),
    "tribonacci": (
        "Cardano's formula",
        lambda: _cardano(Fraction(-4, 3), Fraction(-38, 27), Fraction(1, 3)),
        "1.83928675521416113255",
    ),
    "supergolden": (
        "Cardano's formula",
        lambda: _cardano(Fraction(-1, 3), Fraction(-29, 27), Fraction(1, 3)),
        "1.46557123187676802665",
    ),
    "wallis": (
        "Cardano's formula",
        lambda: _cardano(Fraction(-2), Fraction(-5), Fraction(0)),
        "2.09455148154232659148",
    ),
    "lehmer": (
        "mpmath findroot",
        lambda: _root([1, 1, 0, -1, -1, -1, -1, -1, 0, 1, 1], "1.17628"),
        "1.17628081825991750654",
    ),
}

ROWS = CLASSICAL + ALGEBRAIC


def names() -> list[str]:
    return [spell(row.family, row.arguments) if isinstance(row, Member) else row.name for row in ROWS]


def test_every_entry_has_a_second_computation() -> None:
    assert set(names()) == set(SECOND)


def agrees(row: Constant, other: mpf, digits: int = DIGITS) -> bool:
    """Whether |ball - other| <= 3 * 10^-digits * max(1, |other|), in mpmath."""
    centre = row.value(digits + 10)
    return bool(abs(centre - other) <= 3 * mpf(10) ** -digits * max(1, abs(other)))


@pytest.mark.parametrize("name", names())
def test_entry_against_its_second_computation(name: str) -> None:
    method, compute, start = SECOND[name]
    with mp.workdps(WORK):
        other = compute()
        assert mp.nstr(other, 40, strip_zeros=False).startswith(start), f"{name} by {method}"
        assert agrees(constant(name), other), f"{name} disagrees with {method}"


def test_the_comparison_notices_a_wrong_digit() -> None:
    with mp.workdps(WORK):
        assert not agrees(constant("pi"), mp.pi + mpf(10) ** -98)
        assert not agrees(constant("gauss"), SECOND["catalan"][1]())
