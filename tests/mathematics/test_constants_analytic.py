"""Constants of analysis and number theory against a second computation without FLINT.

``SECOND`` says for each name how it is computed again (mpmath is pure Python over gmpy2; other rows use exact
integers) and the leading digits published for it.  A row of the catalogue without a second computation fails.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import gmpy2
import pytest
from mpmath import mp, mpf

from constants_lab.catalogue.analytic import ANALYTIC
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


def _zeta_prime_2() -> mpf:
    return mp.zeta(2, derivative=1)


def _kepler_bouwkamp() -> mpf:
    split = 40
    total = sum(mp.log(mp.cos(mp.pi / n)) for n in range(3, split + 1))
    for k in range(1, 60):
        weight = mpf(2) ** (2 * k - 1) * (4**k - 1) * abs(mp.bernoulli(2 * k)) / (k * mp.factorial(2 * k))
        total -= weight * mp.pi ** (2 * k) * mp.zeta(2 * k, split + 1)
    return mp.exp(total)


def _alladi_grinstead() -> mpf:
    split = 40
    total = sum(mp.log(mpf(n) / (n - 1)) / n for n in range(2, split + 1))
    total += sum(mp.zeta(k + 1, split + 1) / k for k in range(1, 85))
    return mp.exp(total - 1)


def _erdos_borwein() -> mpf:
    divisors = [0] * 461
    for d in range(1, 461):
        for multiple in range(d, 461, d):
            divisors[multiple] += 1
    return _ratio(sum(divisors[n] << (460 - n) for n in range(1, 461)), 1 << 460)


def _reciprocal_fibonacci() -> mpf:
    total, a, b = Fraction(0), 1, 1
    for _ in range(640):
        total += Fraction(1, a)
        a, b = b, a + b
    return _ratio(total.numerator, total.denominator)


def _fibonacci_factorial() -> mpf:
    """The limit of F_1...F_n * 5^(n/2) / phi^(n(n+1)/2)."""
    n, product, a, b = 320, 1, 1, 1
    for _ in range(n):
        product *= a
        a, b = b, a + b
    return product * mpf(5) ** (n // 2) / ((1 + mp.sqrt(5)) / 2) ** (n * (n + 1) // 2)


def _cahen() -> mpf:
    """The sum of 1/s_k over even k, by Sylvester's sequence."""
    s, total = 2, mpf(0)
    for k in range(12):
        total += (k % 2 == 0) / mpf(s)
        s = s * s - s + 1
    return total


def _golomb_dickman() -> mpf:
    return mp.quad(lambda t: mp.exp(-t - mp.e1(t)), [0, 0.5, 2, 8, 30, 90, 260])


def _is_prime(n: int) -> bool:
    return bool(gmpy2.is_prime(n))


@cache
def _prime_zeta(k: int) -> mpf:
    """sum p^-k over primes p > 97."""
    total = mpf(0)
    for m in range(1, 2 * WORK // k + 2):
        mu = _moebius(m)
        if mu:
            tail = mp.zeta(k * m)
            for p in filter(_is_prime, range(98)):
                tail *= 1 - mpf(p) ** (-k * m)
            total += mpf(mu) / m * mp.log(tail)
    return total


def _moebius(n: int) -> int:
    result = 1
    for p in range(2, n + 1):
        if n % p == 0:
            n //= p
            if n % p == 0:
                return 0
            result = -result
    return result


def _prime_product(numerator: list[int], denominator: list[int], start: int = 2) -> mpf:
    """prod f(1/p) over primes p >= start, from the Taylor series of log f and the prime zeta function."""

    def logarithm(c: list[int]) -> list[Fraction]:
        series = [Fraction(0)]
        for n in range(1, 75):
            known = Fraction(c[n] * n) if n < len(c) else Fraction(0)
            known -= sum(c[j] * series[n - j] * (n - j) for j in range(1, min(n, len(c))))
            series.append(known / n)
        return series

    def at(c: list[int], p: int) -> mpf:
        return sum(mpf(a) / mpf(p) ** k for k, a in enumerate(c))

    result = mpf(1)
    for p in filter(_is_prime, range(start, 98)):
        result *= at(numerator, p) / at(denominator, p)
    logs = zip(logarithm(numerator), logarithm(denominator), strict=True)
    exponent = sum(
        mpf((a - b).numerator) / (a - b).denominator * _prime_zeta(k) for k, (a, b) in enumerate(logs) if k > 1
    )
    return result * mp.exp(exponent)


def _landau_ramanujan() -> mpf:
    """(pi/4) prod (1 - p^-2)^(1/2) over primes p = 1 mod 4: the other half of the primes than FLINT's formula."""

    def tail(s: int, m: int) -> mpf:
        n = s * m
        value = mp.zeta(n) if m % 2 == 0 else (mp.zeta(n, 0.25) - mp.zeta(n, 0.75)) / mpf(4) ** n
        for p in filter(_is_prime, range(98)):
            character = int(gmpy2.kronecker(-4, p)) if m % 2 else 1
            value *= 1 - character * mpf(p) ** -n
        return value

    logarithm = mp.log(mp.pi / 4)
    for p in filter(_is_prime, range(98)):
        if p % 4 == 1:
            logarithm += mp.log(1 - mpf(p) ** -2) / 2
    for k in range(1, 35):
        with_character = sum(
            mpf(_moebius(m)) / m * mp.log(tail(2 * k, m)) for m in range(1, WORK // k + 2) if _moebius(m)
        )
        logarithm -= (_prime_zeta(2 * k) + with_character) / 4 / k
    return mp.exp(logarithm)


def _binary(bit: Callable[[int], bool]) -> mpf:
    return _ratio(sum(bool(bit(n)) << (440 - n) for n in range(1, 441)), 1 << 440)


def _decimals(text: str) -> mpf:
    return _ratio(int(text[:WORK]), 10**WORK)


def _folds(n: int) -> bool:
    while n % 2 == 0:
        n //= 2
    return n % 4 == 1


def _rabbit() -> mpf:
    """The continued fraction [0; 2^0, 2^1, 2^1, 2^2, 2^3, 2^5, ...] with Fibonacci exponents."""
    exponents = [0, 1]
    while len(exponents) < 18:
        exponents.append(exponents[-1] + exponents[-2])
    value = Fraction(0)
    for exponent in reversed(exponents):
        value = 1 / (2**exponent + value)
    return _ratio(value.numerator, value.denominator)


def _komornik_loreti() -> mpf:
    ones = [k for k in range(1, 540) if k.bit_count() % 2]
    return mp.findroot(lambda q: sum(q**-k for k in ones) - 1, mpf("1.787"))


Row = tuple[str, Callable[[], mpf], str]

SECOND: dict[str, Row] = {
    "gauss": (
        "Gamma(1/4)^2/(2 pi)^(3/2), mpmath",
        lambda: mp.gamma(mpf(1) / 4) ** 2 / (2 * mp.pi) ** 1.5,
        "0.83462684167407318628",
    ),
    "lemniscate": ("mpmath beta(1/4, 1/2)/2", lambda: mp.beta(mpf(1) / 4, mpf(1) / 2) / 2, "2.62205755429211981046"),
    "weierstrass": (
        "mpmath agm",
        lambda: mpf(2) ** 1.25 * mp.sqrt(mp.pi) * mp.exp(mp.pi / 8) * mp.agm(1, mp.sqrt(2)) / (2 * mp.pi) ** 1.5,
        "0.47494937998792065033",
    ),
    "universal_parabolic": ("mpmath asinh", lambda: mp.asinh(1) + mp.sqrt(2), "2.29558714939263807403"),
    "gieseking": (
        "integral of log(2 cos(x/2)) over [0, 2 pi/3], mpmath quad",
        lambda: mp.quad(lambda x: mp.log(2 * mp.cos(x / 2)), [0, mp.pi / 3, 2 * mp.pi / 3]),
        "1.01494160640965362502",
    ),
    "gompertz": (
        "its integral, mpmath quad",
        lambda: mp.quad(lambda x: mp.exp(-x) / (1 + x), [0, 1, 4, 15, 50, 130, 310]),
        "0.59634736232319407434",
    ),
    "glaisher": ("mpmath glaisher", lambda: +mp.glaisher, "1.28242712910062263687"),
    "khinchin": ("mpmath khinchin", lambda: +mp.khinchin, "2.68545200106530644530"),
    "levy": ("mpmath", lambda: mp.exp(mp.pi**2 / (12 * mp.log(2))), "3.27582291872181115978"),
    "porter": (
        "mpmath zeta'(2)",
        lambda: 6 * mp.log(2) / mp.pi**2 * (3 * mp.log(2) + 4 * mp.euler - 24 / mp.pi**2 * _zeta_prime_2() - 2) - 0.5,
        "1.46707807943397547289",
    ),
    "stieltjes(1)": ("mpmath stieltjes", lambda: mp.stieltjes(1), "-0.07281584548367672486"),
    "lambertw(1)": ("mpmath lambertw", lambda: mp.lambertw(1), "0.56714329040978387299"),
    "dottie": ("mpmath findroot", lambda: mp.findroot(lambda x: mp.cos(x) - x, 0.739), "0.73908513321516064165"),
    "laplace_limit": (
        "mpmath findroot on Kepler's condition",
        lambda: mp.findroot(lambda x: x * mp.exp(mp.sqrt(1 + x * x)) - 1 - mp.sqrt(1 + x * x), 0.6627),
        "0.66274341934918158097",
    ),
    "soldner": ("mpmath findroot of li", lambda: mp.findroot(mp.li, 1.4513), "1.45136923488338105028"),
    "sophomore_dream": (
        "integral of x^-x, mpmath quad",
        lambda: mp.quad(lambda x: x**-x, [0, 1]),
        "1.29128599706266354040",
    ),
    "sophomore_dream_alternating": (
        "integral of x^x, mpmath quad",
        lambda: mp.quad(lambda x: x**x, [0, 1]),
        "0.78343051071213440705",
    ),
    "fransen_robinson": (
        "its integral, mpmath quad",
        lambda: mp.quad(mp.rgamma, [0, 5, 12, 30, 60, 90]),
        "2.80777024202851936522",
    ),
    "mrb": (
        "its series, accelerated",
        lambda: _alternating(lambda k: 1 - mp.root(k + 1, k + 1)),
        "0.18785964246206712024",
    ),
    "kepler_bouwkamp": (
        "Taylor series of log cos with Bernoulli numbers, mpmath",
        _kepler_bouwkamp,
        "0.11494204485329620070",
    ),
    "alladi_grinstead": (
        "sum of log(n/(n-1))/n with a Hurwitz tail, mpmath",
        _alladi_grinstead,
        "0.80939402054063913071",
    ),
    "erdos_borwein": ("sum of divisor counts over 2^n, in integers", _erdos_borwein, "1.60669515241529176378"),
    "reciprocal_fibonacci": ("partial sum in exact fractions", _reciprocal_fibonacci, "3.35988566624317755317"),
    "fibonacci_factorial": ("quotient of F_1...F_n by its growth", _fibonacci_factorial, "1.22674201072035324441"),
    "cahen": ("the positive Egyptian fraction 1/2 + 1/7 + 1/1807...", _cahen, "0.64341054628833802618"),
    "niven": (
        "its series, mpmath zeta",
        lambda: 1 + sum(1 - 1 / mp.zeta(k) for k in range(2, 440)),
        "1.70521114010536776428",
    ),
    "golomb_dickman": ("its integral, mpmath quad", _golomb_dickman, "0.62432998854355087099"),
    "meissel_mertens": ("mpmath mertens", lambda: +mp.mertens, "0.26149721284764278375"),
    "twin_prime": (
        "Taylor series of the factor with the prime zeta function",
        lambda: _prime_product([1, -2], [1, -2, 1], 3),
        "0.66016181584686957392",
    ),
    "artin": (
        "Taylor series of the factor with the prime zeta function",
        lambda: _prime_product([1, -1, -1], [1, -1]),
        "0.37395581361920228805",
    ),
    "stephens": (
        "Taylor series of the factor with the prime zeta function",
        lambda: _prime_product([1, 0, -1, -1], [1, 0, 0, -1]),
        "0.57595996889294543964",
    ),
    "feller_tornier": (
        "Taylor series of the factor with the prime zeta function",
        lambda: (1 + _prime_product([1, 0, -2], [1])) / 2,
        "0.66131704946962233528",
    ),
    "carefree": (
        "Taylor series of the factor with the prime zeta function",
        lambda: _prime_product([1, 0, -2, 1], [1]),
        "0.42824950567709444021",
    ),
    "landau_ramanujan": ("product over the primes 1 mod 4, mpmath", _landau_ramanujan, "0.76422365358922066299"),
    "champernowne": ("its decimals", lambda: _decimals("".join(map(str, range(1, 100)))), "0.12345678910111213141"),
    "copeland_erdos": (
        "its decimals",
        lambda: _decimals("".join(str(n) for n in range(500) if _is_prime(n))),
        "0.23571113171923293137",
    ),
    "liouville": (
        "its decimals",
        lambda: _decimals("".join("1" if n in (1, 2, 6, 24, 120) else "0" for n in range(1, WORK + 1))),
        "0.11000100000000000000",
    ),
    "thue_morse": (
        "1/2 - (1/4) prod (1 - 2^-2^k)",
        lambda: mpf(1) / 2 - mp.fprod(1 - mpf(2) ** -(2**k) for k in range(10)) / 4,
        "0.41245403364010759778",
    ),
    "rabbit": ("its continued fraction", _rabbit, "0.70980344286129131464"),
    "prime_constant": ("its binary digits, gmpy2 is_prime", lambda: _binary(_is_prime), "0.41468250985111166024"),
    "paper_folding": ("its binary digits", lambda: _binary(_folds), "0.85073618820186726036"),
    "komornik_loreti": ("mpmath findroot on the Thue-Morse expansion of 1", _komornik_loreti, "1.78723165018296593301"),
}

ROWS = ANALYTIC


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
        assert not agrees(constant("mrb"), SECOND["mrb"][1]() + mpf(10) ** -98)
        assert not agrees(constant("catalan"), SECOND["gauss"][1]())
