"""Every constant of the catalogue against a second computation that shares no code with FLINT.

``SECOND`` says for each name how it is computed again (mpmath is pure Python over gmpy2; other rows use exact
integers) and the leading digits published for it.  A catalogue row without a second computation fails.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import count
from math import factorial, isqrt

import gmpy2
import pytest
from mpmath import mp, mpf

from constants_lab.constants import Constant, catalogue, constant

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


def _zeta_prime_2() -> mpf:
    return mp.zeta(2, derivative=1)


def _l_function(d: int, k: int) -> mpf:
    return sum(int(gmpy2.kronecker(d, a)) * mp.zeta(k, mpf(a) / abs(d)) for a in range(1, abs(d))) / mpf(abs(d)) ** k


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


def test_every_entry_has_a_second_computation() -> None:
    assert {row.name for row in catalogue()} == set(SECOND)


def agrees(row: Constant, other: mpf, digits: int = DIGITS) -> bool:
    """Whether |ball - other| <= 3 * 10^-digits * max(1, |other|), in mpmath."""
    centre = row.value(digits + 10)
    return bool(abs(centre - other) <= 3 * mpf(10) ** -digits * max(1, abs(other)))


@pytest.mark.parametrize("row", catalogue(), ids=str)
def test_entry_against_its_second_computation(row: Constant) -> None:
    method, compute, start = SECOND[row.name]
    with mp.workdps(WORK):
        other = compute()
        assert mp.nstr(other, 40, strip_zeros=False).startswith(start), f"{row.name} by {method}"
        assert agrees(row, other), f"{row.name} disagrees with {method}"


def test_the_comparison_notices_a_wrong_digit() -> None:
    with mp.workdps(WORK):
        assert not agrees(constant("pi"), mp.pi + mpf(10) ** -98)
        assert not agrees(constant("catalan"), SECOND["gauss"][1]())


def test_integer_square_root_is_what_the_table_says() -> None:
    with mp.workdps(WORK):
        assert _integer_root(2, 2) == _ratio(isqrt(2 * 10 ** (2 * WORK)), 10**WORK)
