"""Check a certificate that a polynomial continued fraction equals a number.  This file needs nothing but Python >= 3.11.

    python checker.py certificate.json ...        exit code 0: accepted, 1: rejected, 2: not a certificate

A certificate is a JSON object: "format", "version", "claim", "steps", "theorems".  The claim is that PCF(a, b) converges to
(αc + β)/(γc + δ), where c is a named constant.  Every step names a rule and its data and yields a fact; facts are

* a *series*: Σ t(k) over k ≥ 0 with t(0) = 1 and t(k)/t(k-1) = R(k), a rational function, converges to a given value;
* a *fraction*: PCF(a, b) = a(0) + b(1)/(a(1) + b(2)/(a(2) + ...)) converges to a given value;

and a value is a Möbius image of a constant.  The last fact must be the claim.  Each rule is a function below whose docstring is its
mathematical statement; nothing is believed that is not recomputed here, except the theorems that a rule names.  At the end the
fraction is compared with the number in exact arithmetic, which catches a theorem cited for what it does not say.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, isqrt
from typing import Any

__all__ = ["FORMAT", "VERSION", "NotACertificate", "Rejected", "Verdict", "check", "check_file"]

FORMAT, VERSION = "constants-lab certificate", 1

MAX_BYTES, MAX_STEPS, MAX_DEGREE, MAX_DIGITS, MAX_SHIFT, MAX_ROOT = 1_000_000, 60, 60, 400, 400, 20_000
TERMS = 400

Poly = tuple[int, ...]
"""Integer coefficients, lowest degree first, no trailing zeros; () is zero."""
Matrix = tuple[int, int, int, int]


class NotACertificate(ValueError):
    """The text is not of the form of a certificate."""


class Rejected(Exception):
    """A step, or the claim, does not hold; ``step`` is its number from 1, or 0 for the claim."""

    def __init__(self, reason: str, step: int = 0) -> None:
        super().__init__(reason)
        self.step = step


@dataclass(frozen=True)
class Value:
    """(αc + β)/(γc + δ) for the constant named c, as the matrix (α, β, γ, δ)."""

    constant: str
    matrix: Matrix

    def then(self, outer: Matrix) -> Value:
        """The image of this value under another Möbius map."""
        return Value(self.constant, _primitive(_times(outer, self.matrix)))


@dataclass(frozen=True)
class Series:
    """Σ t(k), t(0) = 1, t(k)/t(k-1) = numerator(k)/denominator(k) for k ≥ 1, converges to ``value``."""

    numerator: Poly
    denominator: Poly
    value: Value


@dataclass(frozen=True)
class Continued:
    """PCF(a, b) converges to ``value``."""

    a: Poly
    b: Poly
    value: Value


@dataclass(frozen=True)
class Verdict:
    """The theorems that an accepted proof rests on, and the digits to which the claim was compared."""

    theorems: tuple[str, ...]
    digits: int


# --- polynomials and matrices ---------------------------------------------------------------------------------------


def _trim(c: list[int]) -> Poly:
    while c and c[-1] == 0:
        c.pop()
    return tuple(c)


def _add(p: Poly, q: Poly) -> Poly:
    n = max(len(p), len(q))
    return _trim([(p[i] if i < len(p) else 0) + (q[i] if i < len(q) else 0) for i in range(n)])


def _scale(p: Poly, k: int) -> Poly:
    return _trim([k * c for c in p])


def _sub(p: Poly, q: Poly) -> Poly:
    return _add(p, _scale(q, -1))


def _mul(*factors: Poly) -> Poly:
    product: Poly = (1,)
    for q in factors:
        out = [0] * max(0, len(product) + len(q) - 1)
        for i, x in enumerate(product):
            for j, y in enumerate(q):
                out[i + j] += x * y
        product = _trim(out)
    return product


def _pow(p: Poly, k: int) -> Poly:
    return _mul(*[p] * k)


def _at(p: Poly, n: int) -> int:
    total = 0
    for c in reversed(p):
        total = total * n + c
    return total


def _shift(p: Poly, k: int) -> Poly:
    """p(n + k)."""
    out: Poly = ()
    for c in reversed(p):
        out = _add(_mul(out, (k, 1)), (c,) if c else ())
    return out


def _nonzero_from(p: Poly, first: int, what: str) -> None:
    """Reject unless p(n) ≠ 0 for every integer n ≥ first: beyond Cauchy's bound there is no root, up to it each n is tried."""
    if not p:
        raise Rejected(f"{what} is zero")
    lead = abs(p[-1])
    bound = 1 + max((abs(c) for c in p[:-1]), default=0) // lead + 1
    if bound > MAX_ROOT:
        raise Rejected(f"the roots of {what} may be as large as {bound}: more than is looked at")
    for n in range(first, bound + 1):
        if _at(p, n) == 0:
            raise Rejected(f"{what} vanishes at {n}")


def _positive_from(p: Poly, first: int) -> bool:
    """Whether every coefficient of p(n + first) is ≥ 0 and one is > 0, so that p(n) ≥ 0 for n ≥ first, and > 0 beyond it."""
    moved = _shift(p, first)
    return bool(moved) and all(c >= 0 for c in moved) and moved[0] > 0


def _times(x: Matrix, y: Matrix) -> Matrix:
    return (
        x[0] * y[0] + x[1] * y[2],
        x[0] * y[1] + x[1] * y[3],
        x[2] * y[0] + x[3] * y[2],
        x[2] * y[1] + x[3] * y[3],
    )


def _primitive(m: Matrix) -> Matrix:
    """The same map with coprime entries, the first nonzero of them positive; reject a map that is constant."""
    if m[0] * m[3] == m[1] * m[2]:
        raise Rejected("a Möbius map has determinant 0")
    common = gcd(*m)
    if next(x for x in m if x) < 0:
        common = -common
    return m[0] // common, m[1] // common, m[2] // common, m[3] // common


def _linear(factor: Fraction, constant: Fraction = Fraction(0)) -> Matrix:
    """x -> factor x + constant."""
    d = factor.denominator * constant.denominator
    return int(factor * d), int(constant * d), 0, d


# --- reading --------------------------------------------------------------------------------------------------------

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")


def _integer(x: object) -> int:
    if not isinstance(x, str) or len(x) > MAX_DIGITS or not _INTEGER.fullmatch(x):
        raise NotACertificate(f"not an integer in decimal: {str(x)[:40]}")
    return int(x)


def _small(x: object, most: int) -> int:
    if isinstance(x, bool) or not isinstance(x, int) or not 0 <= x <= most:
        raise NotACertificate(f"not a whole number from 0 to {most}: {str(x)[:40]}")
    return x


def _rational(x: object) -> Fraction:
    if not isinstance(x, str) or x.count("/") > 1:
        raise NotACertificate(f"not a rational number: {str(x)[:40]}")
    top, _, bottom = x.partition("/")
    q = _integer(bottom) if bottom else 1
    if q < 1:
        raise NotACertificate(f"not a rational number: {x[:40]}")
    return Fraction(_integer(top), q)


def _poly(x: object) -> Poly:
    if not isinstance(x, list) or not 1 <= len(x) <= MAX_DEGREE + 1:
        raise NotACertificate(f"not a polynomial: {str(x)[:40]}")
    return _trim([_integer(c) for c in reversed(x)])


def _function(x: object) -> tuple[Poly, Poly]:
    """A rational function {"num": ..., "den": ...}."""
    parts = _object(x, {"num", "den"})
    top, bottom = _poly(parts["num"]), _poly(parts["den"])
    if not bottom:
        raise NotACertificate("a rational function has the denominator 0")
    return top, bottom


def _matrix(x: object) -> Matrix:
    if not isinstance(x, list) or len(x) != 2 or not all(isinstance(row, list) and len(row) == 2 for row in x):
        raise NotACertificate("not a matrix of two rows of two integers")
    return _integer(x[0][0]), _integer(x[0][1]), _integer(x[1][0]), _integer(x[1][1])


def _object(x: object, keys: set[str]) -> dict[str, Any]:
    if not isinstance(x, dict) or set(x) != keys:
        raise NotACertificate(f"expected an object with exactly the keys {', '.join(sorted(keys))}")
    return x


def _series(x: object, facts: list[Series | Continued]) -> Series:
    fact = facts[_small(x, len(facts) - 1)] if facts else None
    if not isinstance(fact, Series):
        raise Rejected(f"fact {x} is no series")
    return fact


def _continued(x: object, facts: list[Series | Continued]) -> Continued:
    fact = facts[_small(x, len(facts) - 1)] if facts else None
    if not isinstance(fact, Continued):
        raise Rejected(f"fact {x} is no continued fraction")
    return fact


# --- numbers: intervals of rationals ----------------------------------------------------------------------------------

Interval = tuple[Fraction, Fraction]
PLACES = 70
_UNIT = 10**PLACES


def _outward(low: Fraction, high: Fraction) -> Interval:
    return Fraction((low * _UNIT).__floor__(), _UNIT), Fraction((high * _UNIT).__ceil__(), _UNIT)


def _product(x: Interval, y: Interval) -> Interval:
    ends = [a * b for a in x for b in y]
    return min(ends), max(ends)


def _exact(q: Fraction | int) -> Interval:
    return Fraction(q), Fraction(q)


def _summed(ratio: Any, rho: Fraction, start: int = 1) -> Interval:
    """Σ t(k), t(0) = 1, t(k) = t(k-1) ratio(k), where |ratio(k)| ≤ rho < 1 from k = start on."""
    term, total, k = _exact(1), _exact(1), 0
    while k < start or max(map(abs, term)) > Fraction(1, _UNIT):
        k += 1
        term = _outward(*_product(term, _exact(ratio(k))))
        total = total[0] + term[0], total[1] + term[1]
    rest = max(map(abs, term)) * rho / (1 - rho)
    return total[0] - rest, total[1] + rest


def _alternating(a: Any) -> Interval:
    """Σ (-1)^k a(k) for the moments a(k) of a positive measure on [0, 1], a(0) ≤ 1: error at most 2 (3 + √8)^-n.

    Cohen, Rodriguez Villegas, Zagier, Convergence acceleration of alternating series, Experimental Math. 9 (2000), Prop. 1.
    """
    n = 100
    d = [1, 3]
    for _ in range(n - 1):
        d.append(6 * d[-1] - d[-2])
    b, c, total = Fraction(-1), Fraction(-d[n]), Fraction(0)
    for k in range(n):
        c = b - c
        total += c * a(k)
        b = b * (k + n) * (k - n) / (Fraction(2 * k + 1, 2) * (k + 1))
    return _outward(total / d[n] - Fraction(2, d[n]), total / d[n] + Fraction(2, d[n]))


def _exp(q: Fraction) -> Interval:
    return _summed(lambda k: q / k, Fraction(1, 2), 2 * abs(q).__ceil__() + 1)


def _atan(q: Fraction) -> Interval:
    """Euler's series, for 0 < q ≤ 1; else by atan q = π/2 - atan 1/q."""
    if q > 1:
        quarter, rest = _atan(Fraction(1)), _atan(1 / q)
        return 2 * quarter[0] - rest[1], 2 * quarter[1] - rest[0]
    z = q * q / (1 + q * q)
    return _outward(*_product(_exact(q / (1 + q * q)), _summed(lambda k: z * Fraction(2 * k, 2 * k + 1), z)))


def _log(q: Fraction) -> Interval:
    z = (q - 1) / (q + 1)
    return _outward(*_product(_exact(2 * z), _summed(lambda k: z * z * Fraction(2 * k - 1, 2 * k + 1), z * z)))


def _bessel(c: Fraction, z: Fraction) -> Interval:
    """0F1(; c; z)."""
    return _summed(lambda k: z / (k * (c + k - 1)), Fraction(1, 2), 2 * (abs(z) + abs(c)).__ceil__() + 2)


def _quotient(x: Interval, y: Interval) -> Interval:
    if y[0] <= 0 <= y[1]:
        raise Rejected("a number is too near to 0 to divide by it")
    return _outward(*_product(x, (1 / y[1], 1 / y[0])))


_CALL = re.compile(r"([a-z_]+)\(([^()]*)\)")


def number(name: str) -> Interval:
    """An interval around a constant, by its name."""
    if name == "pi":
        quarter = _atan(Fraction(1))
        return 4 * quarter[0], 4 * quarter[1]
    if name == "catalan":
        return _alternating(lambda k: Fraction(1, (2 * k + 1) ** 2))
    match = _CALL.fullmatch(name)
    if match is None or len(match[2]) > 60:
        raise Rejected(f"no constant is called {name[:40]!r} here")
    arguments = [_rational(part) for part in match[2].split(",")]
    q = arguments[0]
    if any(abs(x.numerator) > 10_000 or x.denominator > 10_000 or abs(x) > 1000 for x in arguments):
        raise Rejected(f"the arguments of {name[:40]!r} are too large")
    match match[1], len(arguments):
        case "exp", 1 if abs(q) <= 50:
            return _exp(q)
        case "log", 1 if Fraction(1, 20) <= q <= 20 and q != 1:
            return _log(q)
        case "atan", 1 if q > 0:
            return _atan(q)
        case "sqrt", 1 if q > 0 and q.denominator == 1:
            root = isqrt(q.numerator * _UNIT * _UNIT)
            return Fraction(root, _UNIT), Fraction(root + 1, _UNIT)
        case "zeta", 1 if q.denominator == 1 and 2 <= q <= 60:
            m = q.numerator
            eta = _alternating(lambda k: Fraction(1, (k + 1) ** m))
            return _quotient(eta, _exact(1 - Fraction(2) ** (1 - m)))
        case "beta", 1 if q.denominator == 1 and 2 <= q <= 60:
            return _alternating(lambda k: Fraction(1, (2 * k + 1) ** q.numerator))
        case "tan", 1 if 0 < abs(q) <= 50:
            z = -q * q / 4
            return _quotient(_product(_exact(q), _bessel(Fraction(3, 2), z)), _bessel(Fraction(1, 2), z))
        case ("besseli_ratio" | "besselj_ratio"), 2 if q > -1 and 0 < arguments[1] <= 100:
            x = arguments[1]
            z = x * x / 4 if match[1] == "besseli_ratio" else -x * x / 4
            over = _product(_exact(x / (2 * (q + 1))), _bessel(q + 2, z))
            return _quotient(over, _bessel(q + 1, z))
    raise Rejected(f"no constant is called {name[:40]!r} here")


_SAME: dict[str, tuple[str, Matrix]] = {
    "e": ("exp(1)", (1, 0, 0, 1)),
    "e^2": ("exp(2)", (1, 0, 0, 1)),
    "pi^2": ("zeta(2)", (6, 0, 0, 1)),
    "tanh(1)": ("exp(2)", (1, -1, 1, 1)),
    "phi": ("sqrt(5)", (1, 1, 0, 2)),
}
"""Constants that are Möbius images of others, by definition or (ζ(2) = π²/6) by Euler's theorem."""


def image(value: Value, m: Matrix) -> Interval:
    """An interval around the image of a value under a further Möbius map."""
    alpha, beta, gamma, delta = _times(m, value.matrix)
    c = number(value.constant)
    top = _product(_exact(alpha), c)
    bottom = _product(_exact(gamma), c)
    return _quotient((top[0] + beta, top[1] + beta), (bottom[0] + delta, bottom[1] + delta))


# --- theorems: series and fractions that are cited ---------------------------------------------------------------------


def _parameter(step: dict[str, Any]) -> Fraction:
    q = _rational(step["z"])
    if q == 0 or abs(q.numerator) > 10_000 or q.denominator > 10_000:
        raise Rejected("the parameter is 0 or too large")
    return q


def _named(function: str, q: Fraction) -> str:
    return f"{function}({q})"


def _exponential(step: dict[str, Any]) -> Series:
    """Σ z^k/k! = exp z."""
    z = _parameter(step)
    return Series((z.numerator,), (0, z.denominator), Value(_named("exp", z), (1, 0, 0, 1)))


def _logarithm(step: dict[str, Any]) -> Series:
    """Σ z^k/(k+1) = -log(1-z)/z for -1 ≤ z < 1, z ≠ 0 (Abel at z = -1); named by the log of a number above 1."""
    z = _parameter(step)
    if not -1 <= z < 1:
        raise Rejected("the logarithmic series needs -1 <= z < 1")
    q = 1 - z
    value = Value(_named("log", q), _linear(-1 / z)) if q > 1 else Value(_named("log", 1 / q), _linear(1 / z))
    return Series((0, z.numerator), (z.denominator, z.denominator), value)


def _arctangent(step: dict[str, Any]) -> Series:
    """Σ (-z²)^k/(2k+1) = atan(z)/z for 0 < z ≤ 1 (Abel at z = 1); atan 1 = π/4."""
    z = _parameter(step)
    if not 0 < z <= 1:
        raise Rejected("the series of the arctangent needs 0 < z <= 1")
    y = z * z
    return Series(
        _scale((-1, 2), -y.numerator), _scale((1, 2), y.denominator), _atan_value(z).then(_linear(1 / z))
    )


def _atan_value(z: Fraction) -> Value:
    return Value("pi", (1, 0, 0, 4)) if z == 1 else Value(_named("atan", z), (1, 0, 0, 1))


def _area_tangent(step: dict[str, Any]) -> Series:
    """Σ z^(2k)/(2k+1) = artanh(z)/z = log((1+z)/(1-z))/(2z) for 0 < z < 1."""
    z = _parameter(step)
    if not 0 < z < 1:
        raise Rejected("the series of artanh needs 0 < z < 1")
    y = z * z
    value = Value(_named("log", (1 + z) / (1 - z)), _linear(1 / (2 * z)))
    return Series(_scale((-1, 2), y.numerator), _scale((1, 2), y.denominator), value)


def _euler_arctangent(step: dict[str, Any]) -> Series:
    """Σ k!/(3/2)_k w^k = (1+z²) atan(z)/z with w = z²/(1+z²), z > 0 (Euler; 2F1(1, 1; 3/2; w) = arcsin(√w)/√(w(1-w)))."""
    z = _parameter(step)
    if z <= 0:
        raise Rejected("Euler's series of the arctangent needs z > 0")
    w = z * z / (1 + z * z)
    return Series(
        (0, 2 * w.numerator), _scale((1, 2), w.denominator), _atan_value(z).then(_linear((1 + z * z) / z))
    )


_ARCSINES = {Fraction(1, 4): Fraction(1, 36), Fraction(1, 2): Fraction(1, 16), Fraction(3, 4): Fraction(1, 9)}
"""sin²θ -> (θ/π)²."""


def _arcsine_squared(step: dict[str, Any]) -> Series:
    """Σ 2^(2k+1) (k!)² w^k / ((k+1) (2k+1)!)/2 = θ²/w for w = sin²θ in {1/4, 1/2, 3/4}; π² = 6 ζ(2) (Borwein, Borwein 1987)."""
    w = _parameter(step)
    if w not in _ARCSINES:
        raise Rejected("the squared arcsine is used at 1/4, 1/2 and 3/4 only")
    y = 2 * w
    value = Value("zeta(2)", _linear(6 * _ARCSINES[w] / w))
    return Series(
        (0, 0, y.numerator), _scale((1, 3, 2), y.denominator), value
    )


def _zeta_values(step: dict[str, Any]) -> Series:
    """For m = 2 ... 60: Σ 1/(k+1)^m = ζ(m), Σ 1/(2k+1)^m = (1 - 2^-m) ζ(m), Σ (-1)^k/(k+1)^m = (1 - 2^(1-m)) ζ(m)."""
    m, kind = _small(step["m"], 60), step["kind"]
    if m < 2:
        raise Rejected("zeta(m) needs m >= 2")
    zeta = _named("zeta", Fraction(m))
    if kind == "all":
        return Series(_pow((0, 1), m), _pow((1, 1), m), Value(zeta, (1, 0, 0, 1)))
    if kind == "odd":
        return Series(_pow((-1, 2), m), _pow((1, 2), m), Value(zeta, _linear(1 - Fraction(1, 2**m))))
    if kind == "alternating":
        return Series(_scale(_pow((0, 1), m), -1), _pow((1, 1), m), Value(zeta, _linear(1 - Fraction(2, 2**m))))
    raise NotACertificate("the kind of a zeta series is all, odd or alternating")


def _beta_values(step: dict[str, Any]) -> Series:
    """For m = 2 ... 60: Σ (-1)^k/(2k+1)^m = β(m); β(2) is Catalan's constant."""
    m = _small(step["m"], 60)
    if m < 2:
        raise Rejected("beta(m) is used for m >= 2")
    name = "catalan" if m == 2 else _named("beta", Fraction(m))
    return Series(_scale(_pow((-1, 2), m), -1), _pow((1, 2), m), Value(name, (1, 0, 0, 1)))


def _apery_series(step: dict[str, Any]) -> Series:
    """ζ(3) = 5/2 Σ_{n≥1} (-1)^(n-1)/(n³ C(2n, n)) (Markov 1890; van der Poorten 1979), with t(0) = 1: the sum is 4ζ(3)/5."""
    return Series(_scale((0, 0, 0, 1), -1), _scale(_mul(_pow((1, 1), 2), (1, 2)), 2), Value("zeta(3)", (4, 0, 0, 5)))


def _lambert(step: dict[str, Any]) -> Continued:
    """PCF(2n+1, z² n²) = z/atan z for z > 0 (Lambert 1761; Gauss 1812; Wall 1948, §90)."""
    z = _parameter(step)
    if z <= 0:
        raise Rejected("the fraction of the arctangent needs z > 0")
    inverse = Value(_atan_value(z).constant, _primitive(_times((0, 1, 1, 0), _atan_value(z).matrix)))
    return _cleared((1, 2), (0, 0, 1), z * z, inverse.then(_linear(z)))


def _lambert_area(step: dict[str, Any]) -> Continued:
    """PCF(2n+1, -z² n²) = z/artanh z = 2z/log((1+z)/(1-z)) for 0 < z < 1 (Gauss 1812; Wall 1948, §90)."""
    z = _parameter(step)
    if not 0 < z < 1:
        raise Rejected("the fraction of artanh needs 0 < z < 1")
    value = Value(_named("log", (1 + z) / (1 - z)), _primitive((0, 2 * z.numerator, z.denominator, 0)))
    return _cleared((1, 2), (0, 0, 1), -z * z, value)


def _cleared(a: Poly, b: Poly, factor: Fraction, value: Value) -> Continued:
    """The fraction with b times ``factor``, its elements made integers by the equivalence with c = denominator."""
    d = factor.denominator
    return Continued(_scale(a, d), _scale(b, factor.numerator * d), value.then(_linear(Fraction(d))))


def _bessel_fraction(step: dict[str, Any]) -> Continued:
    """PCF(n+c, ±x²/4) = (x/2) I_(c-1)(x)/I_c(x), or with J for the sign -, for c > 0, x > 0 (Wall 1948, §91; DLMF 10.10, 10.33).

    For c = 1/2 these are (x/2) coth x = (x/2) (exp(2x) + 1)/(exp(2x) - 1) and (x/2) cot x.
    """
    c, x, sign = _rational(step["c"]), _parameter(step), step["sign"]
    if c <= 0 or x <= 0 or sign not in ("+", "-") or c.denominator > 100 or c > 100:
        raise Rejected("the fraction of Bessel functions needs c > 0, x > 0 and a sign")
    if c == Fraction(1, 2):
        name = _named("exp", 2 * x) if sign == "+" else _named("tan", x)
        value = Value(name, (1, 1, 1, -1) if sign == "+" else (0, 1, 1, 0))
    else:
        name = f"bessel{'i' if sign == '+' else 'j'}_ratio({c - 1},{x})"
        value = Value(name, (0, 1, 1, 0))
    y = x * x / 4 if sign == "+" else -x * x / 4
    # c(n) = d: d (n + c) and d² y are integers.
    d = c.denominator * y.denominator
    scaled = y * d * d
    return Continued((int(c * d), d), (int(scaled),), value.then(_linear(x / 2 * d)))


def _periodic(step: dict[str, Any]) -> Continued:
    """PCF(A, B) with constant A, B, A² + 4B = s² D > 0, A ≠ 0, B ≠ 0, is the root of x² = A x + B of larger absolute value."""
    a, b = _integer(step["a"]), _integer(step["b"])
    square = a * a + 4 * b
    if a == 0 or b == 0 or square <= 0 or square > 10**12:
        raise Rejected("a periodic fraction needs A, B other than 0 and A² + 4B > 0")
    s = next(k for k in range(isqrt(square), 0, -1) if square % (k * k) == 0) if square <= 10**8 else 1
    if isqrt(square) ** 2 == square:
        raise Rejected("the value of this periodic fraction is rational")
    sign = 1 if a > 0 else -1
    return Continued((a,), (b,), Value(_named("sqrt", Fraction(square // (s * s))), _primitive((sign * s, a, 0, 2))))


# --- rules: facts from facts ---------------------------------------------------------------------------------------------


def _decay(series: Series) -> Fraction | None:
    """σ with |t(k)| ~ C k^-σ where the ratio tends to ±1; None where it tends to less than 1 in absolute value."""
    top, bottom = series.numerator, series.denominator
    if len(top) < len(bottom):
        return None
    if len(top) > len(bottom) or abs(top[-1]) > abs(bottom[-1]):
        raise Rejected("the terms of the series do not tend to 0")
    if abs(top[-1]) < abs(bottom[-1]):
        return None
    before = [p[-2] if len(p) > 1 else 0 for p in (top, bottom)]
    return Fraction(before[1], bottom[-1]) - Fraction(before[0], top[-1])


def _telescope(step: dict[str, Any], facts: list[Series | Continued]) -> Series:
    """From Σ s(k) with ratio S and shift m: if t(k) = ρ(k) s(k+m) and ρ(k) = c + g(k+1) S(k+m+1) - g(k), then
    Σ t(k) = c Σ s(k+m) - g(0) s(m), because g(N) s(N+m) tends to 0.

    ρ and g are rational functions without poles at k ≥ 0, ρ(0) s(m) = 1, and ρ(k) S(k+m) = R(k) ρ(k-1) makes t(k) a series of
    ratio R.  g(N) s(N+m) tends to 0 when S tends to less than 1 in absolute value, else when deg g < σ for s(k) ~ k^-σ.
    """
    source = _series(step["series"], facts)
    m = _small(step["shift"], MAX_SHIFT)
    (top, bottom), (rho, rho_den), (g, g_den) = (_function(step[key]) for key in ("ratio", "rho", "g"))
    c = _rational(step["c"])
    for poles, what in ((rho_den, "the denominator of rho"), (g_den, "the denominator of g"), (_shift(bottom, 1), "a term's ratio")):
        _nonzero_from(poles, 0, what)
    s_top, s_bottom = _shift(source.numerator, m), _shift(source.denominator, m)
    if _mul(rho, _shift(rho_den, -1), s_top, bottom) != _mul(_shift(rho, -1), rho_den, s_bottom, top):
        raise Rejected("the two series are not related by rho")
    left = _mul(rho, (c.denominator,), g_den, _shift(g_den, 1), _shift(s_bottom, 1))
    right = _add(
        _mul((c.numerator,), rho_den, g_den, _shift(g_den, 1), _shift(s_bottom, 1)),
        _mul(
            (c.denominator,),
            rho_den,
            _sub(
                _mul(_shift(g, 1), _shift(s_top, 1), g_den),
                _mul(g, _shift(g_den, 1), _shift(s_bottom, 1)),
            ),
        ),
    )
    if left != right:
        raise Rejected("the telescoping identity does not hold")
    sigma = _decay(source)
    if sigma is not None and g and Fraction(len(g) - len(g_den)) >= sigma:
        raise Rejected("the boundary term does not tend to 0")
    term, head = Fraction(1), Fraction(0)
    for k in range(1, m + 1):
        head += term
        term *= Fraction(_at(source.numerator, k), _at(source.denominator, k))
    if term * Fraction(_at(rho, 0), _at(rho_den, 0)) != 1:
        raise Rejected("the first term is not 1")
    # c = 0 would make the sum rational, which is no Möbius image of the constant.
    rest = -c * head - term * Fraction(_at(g, 0), _at(g_den, 0))
    return Series(top, bottom, source.value.then(_linear(c, rest)))


def _euler(step: dict[str, Any], facts: list[Series | Continued]) -> Continued:
    """b = -h1 h2 and f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1) with f(k) ≠ 0 (k ≥ 0), h2(k) ≠ 0 (k ≥ 1): the N-th convergent of
    PCF(a, b) is a(0) + f(1) h2(1)/f(0) (1/T_N - 1), T_N the partial sum of ratio h1(k) f(k-1) / (h2(k+1) f(k+1)) (Euler 1748).

    Hence the fraction converges with the series, to its image, when the sum is not 0 (seen from an interval around it).
    """
    series = _series(step["series"], facts)
    a, b, h1, h2, f = (_poly(step[key]) for key in ("a", "b", "h1", "h2", "f"))
    d1, d2 = (_rational(step[key]) for key in ("scale1", "scale2"))
    if not b or _mul(b, (d1.denominator * d2.denominator,)) != _scale(_mul(h1, h2), -d1.numerator * d2.numerator):
        raise Rejected("b is not -h1 h2")
    _nonzero_from(f, 0, "f")
    _nonzero_from(_shift(h2, 1), 0, "h2")
    left = _mul(f, a, (d1.denominator * d2.denominator,))
    first = _scale(_mul(_shift(f, -1), h1), d1.numerator * d2.denominator)
    second = _scale(_mul(_shift(f, 1), _shift(h2, 1)), d2.numerator * d1.denominator)
    if left != _add(first, second):
        raise Rejected("f(n) a(n) is not f(n-1) h1(n) + f(n+1) h2(n+1)")
    top = _scale(_mul(h1, _shift(f, -1)), d1.numerator * d2.denominator)
    bottom = _scale(_mul(_shift(h2, 1), _shift(f, 1)), d2.numerator * d1.denominator)
    if _mul(top, series.denominator) != _mul(bottom, series.numerator):
        raise Rejected("the series is not that of the fraction")
    low, high = image(series.value, (1, 0, 0, 1))
    if low <= 0 <= high:
        raise Rejected("the sum of the series may be 0")
    w = d2 * Fraction(_at(f, 1) * _at(h2, 1), _at(f, 0))
    start = Fraction(_at(a, 0)) - w
    d = w.denominator * start.denominator
    return Continued(a, b, series.value.then((int(start * d), int(w * d), d, 0)))


def _tail(step: dict[str, Any], facts: list[Series | Continued]) -> Continued:
    """If PCF(a(n+s), b(n+s)) converges to y and b(k) ≠ 0 for 1 ≤ k ≤ s, then PCF(a, b) converges to the image of y under the head
    (p(s-1) y + b(s) p(s-2)) / (q(s-1) y + b(s) q(s-2)), when that is not infinite."""
    source, s = _continued(step["fraction"], facts), _small(step["shift"], MAX_SHIFT)
    a, b = _shift(source.a, -s), _shift(source.b, -s)
    m: Matrix = (1, 0, 0, 1)
    for k in range(s):
        if _at(b, k + 1) == 0:
            raise Rejected(f"b vanishes at {k + 1}")
        # a(k) + b(k+1)/y
        m = _primitive(_times(m, (_at(a, k), _at(b, k + 1), 1, 0)))
    value = source.value.then(m)
    image(value, (1, 0, 0, 1))
    return Continued(a, b, value)


def _equivalent(step: dict[str, Any], facts: list[Series | Continued]) -> Continued:
    """PCF(c a, c(n) c(n-1) b) = c(0) PCF(a, b) for a rational function c without zeros or poles at n ≥ 0."""
    source = _continued(step["fraction"], facts)
    a, b = _poly(step["a"]), _poly(step["b"])
    top, bottom = _function(step["c"])
    _nonzero_from(top, 0, "c")
    _nonzero_from(bottom, 0, "the denominator of c")
    if _mul(a, bottom) != _mul(source.a, top):
        raise Rejected("a is not c times that of the fraction")
    if _mul(b, bottom, _shift(bottom, -1)) != _mul(source.b, top, _shift(top, -1)):
        raise Rejected("b is not c(n) c(n-1) times that of the fraction")
    return Continued(a, b, source.value.then(_linear(Fraction(_at(top, 0), _at(bottom, 0)))))


def _coboundary(step: dict[str, Any], facts: list[Series | Continued]) -> Continued:
    """M(n) U(n+1) = λ(n) U(n) N(n), with N of a fraction that converges and M(n) = [[0, b(n)], [1, a(n)]]: PCF(a, b) converges too,
    to a(0) + U(1)(y - a'(0)) for the value y of the other.

    det U(n) ≠ 0 and λ(n) ≠ 0 for n ≥ 1, where both have no poles.  The other fraction has a', b' > 0 from some index on, where
    its q(n) then have one sign if they have one at that index, and the entries -u12, u11 of U one sign: so the convergents
    of PCF(a, b) - a(0) are images under U(1) of means, with positive weights, of two consecutive convergents of the other.
    """
    source = _continued(step["fraction"], facts)
    a, b = _poly(step["a"]), _poly(step["b"])
    u = [_poly(x) for x in _list(step["u"], 4)]
    top, bottom = _function(step["lambda"])
    start = _small(step["from"], MAX_SHIFT)
    for p, what in ((_sub(_mul(u[0], u[3]), _mul(u[1], u[2])), "det U"), (top, "lambda"), (bottom, "lambda's denominator")):
        _nonzero_from(p, 1, what)
    v = [_shift(x, 1) for x in u]
    left = [_mul(b, v[2]), _mul(b, v[3]), _add(v[0], _mul(a, v[2])), _add(v[1], _mul(a, v[3]))]
    right = [u[1], _add(_mul(u[0], source.b), _mul(u[1], source.a)), u[3], _add(_mul(u[2], source.b), _mul(u[3], source.a))]
    if any(_mul(x, bottom) != _mul(y, top) for x, y in zip(left, right, strict=True)):
        raise Rejected("the coboundary identity does not hold")
    if not (_positive_from(source.a, start) and _positive_from(source.b, start)):
        raise Rejected("the known fraction is not positive from there on")
    before, now = 0, 1
    for n in range(1, start + 2):
        before, now = now, _at(source.a, n) * now + _at(source.b, n) * before
    if before * now <= 0:
        raise Rejected("the denominators of the known fraction do not have one sign from there on")
    signs = [_scale(u[1], -1), u[0]]
    if not any(all(not p or _positive_from(_scale(p, k), start + 1) for p in signs) and any(signs) for k in (1, -1)):
        raise Rejected("the first row of U does not keep its signs")
    first = _at(a, 0)
    w = [_at(p, 1) for p in u]
    m = _primitive(_times((1, first, 0, 1), _times((w[0], w[1], w[2], w[3]), (1, -_at(source.a, 0), 0, 1))))
    # The column order of M puts the value of p/q - a(0) as first over second entry.
    value = source.value.then(m)
    image(value, (1, 0, 0, 1))
    return Continued(a, b, value)


def _list(x: object, length: int) -> list[Any]:
    if not isinstance(x, list) or len(x) != length:
        raise NotACertificate(f"expected a list of {length} entries")
    return x


_THEOREMS: dict[str, tuple[Any, set[str]]] = {
    "exponential series": (_exponential, {"z"}),
    "logarithmic series": (_logarithm, {"z"}),
    "arctangent series": (_arctangent, {"z"}),
    "artanh series": (_area_tangent, {"z"}),
    "Euler's arctangent series": (_euler_arctangent, {"z"}),
    "squared arcsine": (_arcsine_squared, {"z"}),
    "zeta series": (_zeta_values, {"m", "kind"}),
    "beta series": (_beta_values, {"m"}),
    "Apery's series": (_apery_series, set()),
    "arctangent fraction": (_lambert, {"z"}),
    "artanh fraction": (_lambert_area, {"z"}),
    "Bessel fraction": (_bessel_fraction, {"c", "z", "sign"}),
    "periodic fraction": (_periodic, {"a", "b"}),
}
"""What may be cited, with its parameters; the docstrings are the statements."""

_RULES: dict[str, tuple[Any, set[str]]] = {
    "telescope": (_telescope, {"series", "shift", "ratio", "rho", "g", "c"}),
    "euler": (_euler, {"series", "a", "b", "h1", "h2", "f", "scale1", "scale2"}),
    "tail": (_tail, {"fraction", "shift"}),
    "equivalent": (_equivalent, {"fraction", "a", "b", "c"}),
    "coboundary": (_coboundary, {"fraction", "a", "b", "u", "lambda", "from"}),
}


# --- the whole ---------------------------------------------------------------------------------------------------------------


def _compared(claim: Continued) -> int:
    """The digits to which the 400th convergent agrees with the claimed number; reject unless they are as many as it has."""
    p0, p, q0, q = 1, _at(claim.a, 0), 0, 1
    kept: list[Fraction] = []
    for n in range(1, TERMS + 2):
        x, y = _at(claim.a, n), _at(claim.b, n)
        if y == 0:
            raise Rejected(f"b vanishes at {n}: the fraction ends")
        p0, p, q0, q = p, x * p + y * p0, q, x * q + y * q0
        if n in (TERMS // 2, TERMS // 2 + 1, TERMS, TERMS + 1) and q:
            kept.append(Fraction(p, q))
    low, high = image(claim.value, (1, 0, 0, 1))
    if len(kept) < 2:
        raise Rejected("the convergents are not defined")
    near, far = kept[0], kept[-1]
    size = max(abs(low), abs(high), Fraction(1, 1000))
    gap = max(abs(far - low), abs(far - high)) / size
    # What the last 200 terms changed is about the error before them; the error now is at most a few times that.
    moved = abs(far - near) / size
    digits = 0
    while digits < PLACES - 10 and gap * 10 ** (digits + 1) < 1:
        digits += 1
    if gap > 20 * moved + Fraction(1, 10 ** (PLACES - 12)):
        raise Rejected(f"the fraction and the claimed number agree to {digits} digits only")
    needed = 30 if moved * 10**20 < 1 else 2
    if digits < needed:
        raise Rejected(f"the fraction and the claimed number agree to {digits} digits only, of {needed} needed")
    return digits


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotACertificate("a key occurs twice")
    return found


def check(text: str) -> Verdict:
    """Check a certificate; raises :class:`Rejected` when it proves nothing, :class:`NotACertificate` when it is none."""
    if len(text) > MAX_BYTES:
        raise NotACertificate("the text is too long")
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise NotACertificate(f"not JSON: {str(error)[:100]}") from None
    whole = _object(data, {"format", "version", "claim", "steps", "theorems"})
    if whole["format"] != FORMAT or whole["version"] != VERSION or isinstance(whole["version"], bool):
        raise NotACertificate(f"not a {FORMAT} of version {VERSION}")
    claim = _object(whole["claim"], {"a", "b", "constant", "matrix"})
    a, b, matrix, constant = _poly(claim["a"]), _poly(claim["b"]), _matrix(claim["matrix"]), claim["constant"]
    if not isinstance(constant, str) or len(constant) > 100:
        raise NotACertificate("the constant has no name")
    steps, facts, cited = whole["steps"], list[Series | Continued](), set[str]()
    if not isinstance(steps, list) or not 1 <= len(steps) <= MAX_STEPS:
        raise NotACertificate(f"a certificate has between 1 and {MAX_STEPS} steps")
    for place, step in enumerate(steps, 1):
        try:
            facts.append(_fact(step, facts, cited))
        except Rejected as error:
            raise Rejected(str(error), place) from None
    last, name = facts[-1], constant
    m = _primitive(matrix)
    if name in _SAME:
        name, inner = _SAME[name]
        m = _primitive(_times(m, inner))
        cited |= {"zeta(2) = pi^2/6"} if constant == "pi^2" else set()
    if not isinstance(last, Continued) or (last.a, last.b) != (a, b):
        raise Rejected("the last step is not about the fraction of the claim")
    if (last.value.constant, _primitive(last.value.matrix)) != (name, m):
        raise Rejected("the last step gives another value than the claim")
    if whole["theorems"] != sorted(cited):
        raise Rejected("the theorems listed are not those that the steps rest on")
    return Verdict(tuple(sorted(cited)), _compared(last))


def _fact(step: object, facts: list[Series | Continued], cited: set[str]) -> Series | Continued:
    if not isinstance(step, dict) or not isinstance(step.get("rule"), str):
        raise NotACertificate("a step has no rule")
    data = {key: value for key, value in step.items() if key != "rule"}
    if step["rule"] == "theorem":
        name = data.pop("name", None)
        if not isinstance(name, str) or name not in _THEOREMS:
            raise Rejected(f"no theorem is called {str(name)[:40]!r} here")
        rule, keys = _THEOREMS[name]
        cited.add(name)
        fact: Series | Continued = rule(_object(data, keys))
        return fact
    if step["rule"] not in _RULES:
        raise Rejected(f"no rule is called {step['rule'][:40]!r}")
    rule, keys = _RULES[step["rule"]]
    fact = rule(_object(data, keys), facts)
    return fact


def check_file(path: str) -> Verdict:
    """Check the certificate in a file; raises as :func:`check`."""
    try:
        with open(path, encoding="utf-8") as file:
            return check(file.read(MAX_BYTES + 1))
    except (OSError, UnicodeDecodeError) as error:
        raise NotACertificate(f"cannot be read: {error}") from None


def main(arguments: list[str]) -> int:
    """Check files and say what came out."""
    worst = 0
    for path in arguments:
        try:
            verdict = check_file(path)
        except Rejected as error:
            print(f"{path}: rejected at {f'step {error.step}' if error.step else 'the claim'}: {error}")
            worst = max(worst, 1)
        except NotACertificate as error:
            print(f"{path}: not a certificate: {error}")
            worst = 2
        else:
            print(f"{path}: accepted; rests on: {', '.join(verdict.theorems) or 'nothing'}; {verdict.digits} digits compared")
    if not arguments:
        print("usage: checker.py certificate.json ...")
        worst = 2
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
