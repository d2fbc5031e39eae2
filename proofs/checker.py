"""Check a certificate that a polynomial continued fraction equals a number.  This file needs nothing but Python >= 3.11.

    python checker.py certificate.json ...        exit code 0: accepted, 1: rejected, 2: not a certificate

The claim is that PCF(a, b) = a(0) + b(1)/(a(1) + b(2)/(a(2) + ...)) converges to (αc + β)/(γc + δ) for a named constant c.
Every step names a rule and its data and yields a fact: that a *series* Σ t(k), k ≥ 0, with t(0) = 1 and t(k)/t(k-1) = R(k)
converges to a
value, or that a *fraction* PCF(a, b) does; a value is a Möbius image of a constant.  The last fact must be the claim.  Each
rule is a function whose docstring is its mathematical statement; everything is recomputed here and nothing believed but the
theorems that a certificate cites.  At the end fraction and number are compared in exact arithmetic, which catches a theorem
cited for what it does not say.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd, isqrt
from typing import Any

__all__ = ["FORMAT", "VERSION", "NotACertificate", "Rejected", "Verdict", "check", "check_file", "derive"]

FORMAT, VERSION = "constants-lab certificate", 1
MAX_BYTES, MAX_STEPS, MAX_DEGREE, MAX_DIGITS, MAX_SHIFT, MAX_ROOT = 1_000_000, 60, 60, 400, 400, 20_000
TERMS, PLACES = 400, 70

Matrix = tuple[int, int, int, int]
Interval = tuple[Fraction, Fraction]


class NotACertificate(ValueError):
    """The text is not of the form of a certificate."""


class Rejected(Exception):
    """A step, or the claim, does not hold; ``step`` is its number from 1, or 0 for the claim."""

    def __init__(self, reason: str, step: int = 0) -> None:
        super().__init__(reason)
        self.step = step


# --- polynomials, rational functions, Möbius maps

Poly = tuple[int, ...]
"""Integer coefficients, lowest degree first, no trailing zeros; () is zero."""


def _trim(c: list[int]) -> Poly:
    while c and c[-1] == 0:
        c.pop()
    return tuple(c)


def _sum(p: Poly, q: Poly) -> Poly:
    short, long = sorted((p, q), key=len)
    return _trim([x + (short[i] if i < len(short) else 0) for i, x in enumerate(long)])


def _times(p: Poly, q: Poly) -> Poly:
    out = [0] * max(0, len(p) + len(q) - 1)
    for i, x in enumerate(p):
        for j, y in enumerate(q):
            out[i + j] += x * y
    return _trim(out)


def _at(p: Poly, n: int) -> int:
    return reduce(lambda total, c: total * n + c, reversed(p), 0)


def _moved(p: Poly, k: int) -> Poly:
    """p(n + k)."""
    out: Poly = ()
    for c in reversed(p):
        out = _sum(_times(out, (k, 1)), _trim([c]))
    return out


class Function:
    """A rational function of n over Q; two are equal when they are so after cross multiplication."""

    def __init__(self, top: Poly, bottom: Poly = (1,)) -> None:
        self.top, self.bottom = top, bottom

    def __add__(self, other: Function) -> Function:
        if self.bottom == other.bottom:
            return Function(_sum(self.top, other.top), self.bottom)
        top = _sum(_times(self.top, other.bottom), _times(other.top, self.bottom))
        return Function(top, _times(self.bottom, other.bottom))

    def __mul__(self, other: Function | Fraction | int) -> Function:
        if not isinstance(other, Function):
            other = _constant(other)
        return Function(_times(self.top, other.top), _times(self.bottom, other.bottom))

    def __neg__(self) -> Function:
        return self * -1

    def __sub__(self, other: Function) -> Function:
        return self + -other

    def __pow__(self, k: int) -> Function:
        return reduce(Function.__mul__, [self] * k, Function((1,)))

    def over(self, other: Function) -> Function:
        """The quotient; reject division by zero."""
        if not other.top:
            raise Rejected("a division by zero")
        return self * Function(other.bottom, other.top)

    def same(self, other: Function) -> bool:
        """Equality as rational functions."""
        return _times(self.top, other.bottom) == _times(other.top, self.bottom)

    def shift(self, k: int) -> Function:
        """f(n + k)."""
        return Function(_moved(self.top, k), _moved(self.bottom, k))

    def at(self, n: int) -> Fraction:
        """The value at an integer; reject a pole."""
        below = _at(self.bottom, n)
        if below == 0:
            raise Rejected(f"a pole at {n}")
        return Fraction(_at(self.top, n), below)

    def regular(self, first: int, what: str, zeros: bool = False) -> None:
        """Reject a pole, or unless ``zeros`` a zero, at an integer n ≥ first: up to Cauchy's bound on roots each n is tried."""
        for p in (self.bottom,) if zeros else (self.bottom, self.top):
            if not p:
                raise Rejected(f"{what} is zero")
            bound = 2 + max((abs(c) for c in p[:-1]), default=0) // abs(p[-1])
            if bound > MAX_ROOT:
                raise Rejected(f"the zeros and poles of {what} may be as large as {bound}: more than is looked at")
            for n in range(first, bound + 1):
                if _at(p, n) == 0:
                    raise Rejected(f"{what} has a zero or pole at {n}")

    def positive(self, first: int) -> bool:
        """Whether this is a polynomial p with p(first) > 0 and no negative coefficient in p(n + first): so p(n) > 0 from
        there."""
        moved = self.shift(first).top
        return len(self.bottom) == 1 and self.bottom[0] > 0 and bool(moved) and min(moved) >= 0 and moved[0] > 0


def _constant(q: Fraction | int) -> Function:
    q = Fraction(q)
    return Function(_trim([q.numerator]), (q.denominator,))


N = Function((0, 1))
"""The function n."""


def _product(x: Matrix, y: Matrix) -> Matrix:
    a, b, c, d = x
    s, t, u, v = y
    return a * s + b * u, a * t + b * v, c * s + d * u, c * t + d * v


def _primitive(m: Matrix) -> Matrix:
    """The same map with coprime entries, the first nonzero of them positive; reject a map that is constant."""
    if m[0] * m[3] == m[1] * m[2]:
        raise Rejected("a Möbius map has determinant 0")
    common = gcd(*m) * (-1 if next(x for x in m if x) < 0 else 1)
    return m[0] // common, m[1] // common, m[2] // common, m[3] // common


def _map(*entries: Fraction | int) -> Matrix:
    """The Möbius map of a rational matrix, in integers."""
    d = reduce(lambda x, y: x * y, (Fraction(e).denominator for e in entries), 1)
    w, x, y, z = (int(e * d) for e in entries)
    return _primitive((w, x, y, z))


@dataclass(frozen=True)
class Value:
    """(αc + β)/(γc + δ) for the constant named c, as the matrix (α, β, γ, δ)."""

    constant: str
    matrix: Matrix = (1, 0, 0, 1)

    def under(self, *outer: Fraction | int) -> Value:
        """The image of this value under another Möbius map."""
        return Value(self.constant, _primitive(_product(_map(*outer), self.matrix)))

    def interval(self) -> Interval:
        """An interval around it; reject one that is not known to be finite."""
        low, high = number(self.constant)
        alpha, beta, gamma, delta = self.matrix
        top = sorted((alpha * low + beta, alpha * high + beta))
        bottom = sorted((gamma * low + delta, gamma * high + delta))
        return _divided((top[0], top[1]), (bottom[0], bottom[1]))


@dataclass(frozen=True)
class Series:
    """Σ t(k), t(0) = 1, t(k)/t(k-1) = ratio(k) for k ≥ 1, converges to ``value``."""

    ratio: Function
    value: Value


@dataclass(frozen=True)
class Continued:
    """PCF(a, b) converges to ``value``."""

    a: Function
    b: Function
    value: Value


Fact = Series | Continued

# --- reading

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)


def _integer(x: object) -> int:
    if not isinstance(x, str) or len(x) > MAX_DIGITS or not _INTEGER.fullmatch(x):
        raise NotACertificate(f"not an integer in decimal: {str(x)[:40]}")
    return int(x)


def _small(x: object, most: int) -> int:
    if isinstance(x, bool) or not isinstance(x, int) or not 0 <= x <= most:
        raise NotACertificate(f"not a whole number from 0 to {most}: {str(x)[:40]}")
    return x


def _rational(x: object) -> Fraction:
    top, slash, bottom = x.partition("/") if isinstance(x, str) else ("", "", "")
    q = _integer(bottom) if slash else 1
    if q < 1:
        raise NotACertificate(f"not a rational number: {str(x)[:40]}")
    return Fraction(_integer(top), q)


def _list(x: object, least: int, most: int) -> list[Any]:
    if not isinstance(x, list) or not least <= len(x) <= most:
        raise NotACertificate(f"not a list of {least} to {most} entries: {str(x)[:40]}")
    return x


def _object(x: object, keys: set[str]) -> dict[str, Any]:
    if not isinstance(x, dict) or set(x) != keys:
        raise NotACertificate(f"not an object with exactly the keys {', '.join(sorted(keys))}")
    return x


def _poly(x: object) -> Function:
    """A polynomial: a list of coefficients, highest degree first."""
    return Function(_trim([_integer(c) for c in reversed(_list(x, 1, MAX_DEGREE + 1))]))


def _function(x: object) -> Function:
    """A rational function {"num": ..., "den": ...} of two polynomials."""
    parts = _object(x, {"num", "den"})
    bottom = _poly(parts["den"]).top
    if not bottom:
        raise NotACertificate("a rational function has the denominator 0")
    return Function(_poly(parts["num"]).top, bottom)


def _matrix(x: object) -> Matrix:
    (w, y), (u, v) = ([_integer(e) for e in _list(row, 2, 2)] for row in _list(x, 2, 2))
    return w, y, u, v


def _fact(x: object, facts: list[Fact], kind: type) -> Any:
    found = facts[_small(x, len(facts) - 1)] if facts else None
    if not isinstance(found, kind):
        raise Rejected(f"fact {str(x)[:10]} is of another kind")
    return found


# --- numbers: intervals of rationals

_UNIT = 10**PLACES


def _outward(low: Fraction, high: Fraction) -> Interval:
    return Fraction((low * _UNIT).__floor__(), _UNIT), Fraction((high * _UNIT).__ceil__(), _UNIT)


def _scaled(x: Interval, q: Fraction | int) -> Interval:
    return (x[0] * q, x[1] * q) if q >= 0 else (x[1] * q, x[0] * q)


def _divided(x: Interval, y: Interval) -> Interval:
    if y[0] <= 0 <= y[1]:
        raise Rejected("a number may be 0 and cannot be divided by")
    ends = [a / b for a in x for b in y]
    return _outward(min(ends), max(ends))


def _summed(ratio: Callable[[int], Fraction], rho: Fraction, start: int = 1) -> Interval:
    """Σ t(k), t(0) = 1, t(k) = t(k-1) ratio(k), where |ratio(k)| ≤ rho < 1 from k = start on."""
    term, low, high, k = (Fraction(1), Fraction(1)), Fraction(1), Fraction(1), 0
    while k < start or max(map(abs, term)) > Fraction(1, _UNIT):
        k += 1
        term = _outward(*_scaled(term, ratio(k)))
        low, high = low + term[0], high + term[1]
    rest = max(map(abs, term)) * rho / (1 - rho)
    return low - rest, high + rest


def _alternating(a: Callable[[int], Fraction]) -> Interval:
    """Σ (-1)^k a(k) for the moments a(k) of a positive measure on [0, 1], a(0) = 1: error below 2/d, d = ((3+√8)^n +
    (3-√8)^n)/2.

    Cohen, Rodriguez Villegas and Zagier, Experimental Mathematics 9 (2000), Proposition 1.
    """
    n, before, d = 100, 1, 3
    for _ in range(n - 1):
        before, d = d, 6 * d - before
    b, c, total = Fraction(-1), Fraction(-d), Fraction(0)
    for k in range(n):
        c = b - c
        total += c * a(k)
        b = b * (k + n) * (k - n) / (Fraction(2 * k + 1, 2) * (k + 1))
    return _outward((total - 2) / d, (total + 2) / d)


def _arctangent(q: Fraction) -> Interval:
    """Euler's series for 0 < q ≤ 1, beyond it atan q = π/2 - atan 1/q."""
    if q > 1:
        quarter, rest = _arctangent(Fraction(1)), _arctangent(1 / q)
        return 2 * quarter[0] - rest[1], 2 * quarter[1] - rest[0]
    z = q * q / (1 + q * q)
    return _scaled(_summed(lambda k: z * Fraction(2 * k, 2 * k + 1), z), z / q)


def _bessel(c: Fraction, z: Fraction) -> Interval:
    """0F1(; c; z)."""
    return _summed(lambda k: z / (k * (c + k - 1)), Fraction(1, 2), 2 * (abs(z) + abs(c)).__ceil__() + 2)


def _logarithm(q: Fraction) -> Interval:
    z = (q - 1) / (q + 1)
    return _scaled(_summed(lambda k: z * z * Fraction(2 * k - 1, 2 * k + 1), z * z), 2 * z)


_CALL = re.compile(r"([a-z_]+)\(([^()]*)\)", re.ASCII)


def number(name: str) -> Interval:
    """An interval around a constant, by its name."""
    if name == "pi":
        return _scaled(_arctangent(Fraction(1)), 4)
    match = _CALL.fullmatch("beta(2)" if name == "catalan" else name[:80])
    parts = [_rational(part) for part in match[2].split(",")] if match else []
    if match is None or any(abs(x) > 1000 or x.denominator > 10_000 for x in parts):
        raise Rejected(f"no constant is called {name[:40]!r} here")
    q, m = parts[0], parts[0].numerator
    match match[1], len(parts):
        case "exp", 1 if abs(q) <= 50:
            return _summed(lambda k: q / k, Fraction(1, 2), 2 * abs(q).__ceil__() + 1)
        case "log", 1 if Fraction(1, 20) <= q <= 20 and q != 1:
            return _logarithm(q)
        case "atan", 1 if q > 0:
            return _arctangent(q)
        case "sqrt", 1 if q > 0 and q.denominator == 1:
            root = isqrt(m * _UNIT * _UNIT)
            return Fraction(root, _UNIT), Fraction(root + 1, _UNIT)
        case "zeta", 1 if q.denominator == 1 and 2 <= q <= 60:
            return _scaled(_alternating(lambda k: Fraction(1, (k + 1) ** m)), 1 / (1 - Fraction(2, 2**m)))
        case "beta", 1 if q.denominator == 1 and 2 <= q <= 60:
            return _alternating(lambda k: Fraction(1, (2 * k + 1) ** m))
        case "tan", 1 if 0 < abs(q) <= 50:
            return _scaled(_divided(_bessel(Fraction(3, 2), -q * q / 4), _bessel(Fraction(1, 2), -q * q / 4)), q)
        case (("besseli_ratio" | "besselj_ratio"), 2) if q > -1 and 0 < parts[1] <= 100:
            x = parts[1]
            z = x * x / 4 * (1 if match[1] == "besseli_ratio" else -1)
            return _scaled(_divided(_bessel(q + 2, z), _bessel(q + 1, z)), x / (2 * (q + 1)))
    raise Rejected(f"no constant is called {name[:40]!r} here")


_SAME: dict[str, tuple[str, Matrix]] = {
    "e": ("exp(1)", (1, 0, 0, 1)),
    "e^2": ("exp(2)", (1, 0, 0, 1)),
    "tanh(1)": ("exp(2)", (1, -1, 1, 1)),
    "phi": ("sqrt(5)", (1, 1, 0, 2)),
    "pi^2": ("zeta(2)", (6, 0, 0, 1)),
}
"""Constants that are Möbius images of others, by definition, or as ζ(2) = π²/6 by Euler's theorem."""

# --- theorems that may be cited; the docstrings are the statements


def _parameter(x: object, low: Fraction | int, high: Fraction | int, closed: bool = False) -> Fraction:
    """A rational number other than 0 between two bounds, or equal to the upper one if that is ``closed``."""
    q = _rational(x)
    if q == 0 or not (low < q < high or (closed and q == high)) or q.denominator > 10_000:
        raise Rejected(f"the theorem is not for {q}")
    return q


def _log_value(q: Fraction) -> Value:
    """log q as a value, named by the number above 1."""
    return Value(f"log({q})") if q > 1 else Value(f"log({1 / q})", (-1, 0, 0, 1))


def _atan_value(z: Fraction) -> Value:
    return Value("pi", (1, 0, 0, 4)) if z == 1 else Value(f"atan({z})")


def exponential_series(z: object) -> Fact:
    """Σ z^k/k! = exp z; for z < 0 it is named 1/exp(-z)."""
    q = _parameter(z, -50, 50)
    return Series(_constant(q).over(N), Value(f"exp({abs(q)})", (1, 0, 0, 1) if q > 0 else (0, 1, 1, 0)))


def logarithmic_series(z: object) -> Fact:
    """Σ z^k/(k+1) = -log(1-z)/z for -1 ≤ z < 1, z ≠ 0 (by Abel's theorem at z = -1)."""
    q = _rational(z)
    if q == 0 or not -1 <= q < 1:
        raise Rejected(f"the theorem is not for {q}")
    return Series((N * q).over(N.shift(1)), _log_value(1 - q).under(-1 / q, 0, 0, 1))


def arctangent_series(z: object) -> Fact:
    """Σ (-z²)^k/(2k+1) = atan(z)/z for 0 < z ≤ 1 (by Abel's theorem at z = 1), atan 1 = π/4."""
    q = _parameter(z, 0, 1, closed=True)
    return Series(_odd() * (-q * q), _atan_value(q).under(1 / q, 0, 0, 1))


def artanh_series(z: object) -> Fact:
    """Σ z^(2k)/(2k+1) = artanh(z)/z = log((1+z)/(1-z))/(2z) for 0 < z < 1."""
    q = _parameter(z, 0, 1)
    return Series(_odd() * (q * q), _log_value((1 + q) / (1 - q)).under(1 / (2 * q), 0, 0, 1))


def euler_arctangent_series(z: object) -> Fact:
    """Σ k!/(3/2)_k w^k = (1+z²) atan(z)/z for z > 0, w = z²/(1+z²) (Euler 1755: 2F1(1, 1; 3/2; w) = arcsin √w / √(w(1-w)))."""
    q = _parameter(z, 0, 1000)
    return Series(
        (N * 2).over(N * 2 + _constant(1)) * (q * q / (1 + q * q)), _atan_value(q).under((1 + q * q) / q, 0, 0, 1)
    )


def squared_arcsine_series(w: object) -> Fact:
    """Σ (k!)²/((3/2)_k (2)_k) w^k = θ²/w, w = sin² θ, for θ = π/6, π/4, π/3; π² = 6 ζ(2) (Borwein and Borwein, Pi and the
    AGM, 1987)."""
    q = _rational(w)
    angles = {Fraction(1, 4): Fraction(1, 36), Fraction(1, 2): Fraction(1, 16), Fraction(3, 4): Fraction(1, 9)}
    if q not in angles:
        raise Rejected(f"the theorem is not for {q}")
    return Series(
        (N * N * 2).over((N.shift(1)) * (N * 2 + _constant(1))) * q, Value("zeta(2)").under(6 * angles[q] / q, 0, 0, 1)
    )


def zeta_series(m: object, kind: object) -> Fact:
    """For m ≥ 2, Σ 1/(k+1)^m = ζ(m); Σ 1/(2k+1)^m = (1-2^-m) ζ(m); Σ (-1)^k/(k+1)^m = (1-2^(1-m)) ζ(m); Σ (-1)^k/(2k+1)^m =
    β(m)."""
    s = _small(m, 60)
    if s < 2 or kind not in ("all", "odd", "alternating", "beta"):
        raise Rejected("a zeta series has m >= 2 and is one of all, odd, alternating, beta")
    sign, step = -1 if kind in ("alternating", "beta") else 1, _odd() if kind in ("odd", "beta") else N.over(N.shift(1))
    factor = {
        "all": Fraction(1),
        "odd": 1 - Fraction(1, 2**s),
        "alternating": 1 - Fraction(2, 2**s),
        "beta": Fraction(1),
    }[kind]
    name = ("catalan" if s == 2 else f"beta({s})") if kind == "beta" else f"zeta({s})"
    return Series(step**s * sign, Value(name).under(factor, 0, 0, 1))


def _odd() -> Function:
    return Function((-1, 2), (1, 2))


def apery_series() -> Fact:
    """ζ(3) = 5/2 Σ_{n≥1} (-1)^(n-1)/(n³ C(2n, n)) (Markov 1890; van der Poorten 1979): with t(0) = 1 the sum is 4ζ(3)/5."""
    return Series(-(N**3).over(N.shift(1) ** 2 * (N * 4 + _constant(2))), Value("zeta(3)", (4, 0, 0, 5)))


def arctangent_fraction(z: object) -> Fact:
    """PCF(2n+1, z² n²) = z/atan z for z > 0 (Lambert 1770, Gauss 1812; Wall, Continued Fractions, 1948, section 90)."""
    q = _parameter(z, 0, 1000)
    return _integral(N * 2 + _constant(1), N * N * (q * q), _atan_value(q).under(0, q, 1, 0))


def artanh_fraction(z: object) -> Fact:
    """PCF(2n+1, -z² n²) = z/artanh z = 2z/log((1+z)/(1-z)) for 0 < z < 1 (Gauss 1812; Wall 1948, section 90)."""
    q = _parameter(z, 0, 1)
    return _integral(N * 2 + _constant(1), -(N * N) * (q * q), _log_value((1 + q) / (1 - q)).under(0, 2 * q, 1, 0))


def bessel_fraction(c: object, x: object, sign: object) -> Fact:
    """PCF(n+c, ±x²/4) = (x/2) I_(c-1)(x)/I_c(x), with J for the sign -, for c, x > 0 (Wall 1948, section 91; DLMF 10.10,
    10.33).

    For c = 1/2 that is (x/2) coth x = (x/2) (exp 2x + 1)/(exp 2x - 1), and (x/2) cot x.
    """
    s, q = _parameter(c, 0, 100), _parameter(x, 0, 100)
    if sign not in ("+", "-"):
        raise Rejected("the sign is + or -")
    if s == Fraction(1, 2):
        value = Value(f"exp({2 * q})", (1, 1, 1, -1)) if sign == "+" else Value(f"tan({q})", (0, 1, 1, 0))
    else:
        value = Value(f"bessel{'i' if sign == '+' else 'j'}_ratio({s - 1},{q})", (0, 1, 1, 0))
    return _integral(N + _constant(s), _constant(q * q / 4 * (1 if sign == "+" else -1)), value.under(q / 2, 0, 0, 1))


def _integral(a: Function, b: Function, value: Value) -> Continued:
    """The equivalent fraction with integer elements: with c constant, PCF(c a, c² b) = c PCF(a, b)."""
    c = a.bottom[0] * b.bottom[0]
    a, b = a * c, b * (c * c)
    whole = [Function(tuple(x // p.bottom[0] for x in p.top)) for p in (a, b)]
    return Continued(whole[0], whole[1], value.under(c, 0, 0, 1))


def periodic_fraction(a: object, b: object) -> Fact:
    """PCF(A, B), constants other than 0 with A² + 4B = s² D > 0, is the root (A ± s √D)/2 of x² = A x + B of larger absolute
    value."""
    first, second = _integer(a), _integer(b)
    square = first * first + 4 * second
    if first == 0 or second == 0 or not 0 < square <= 10**8 or isqrt(square) ** 2 == square:
        raise Rejected("the theorem is for A, B other than 0 with A² + 4B > 0, no square and at most 10^8")
    s = next(k for k in range(isqrt(square), 0, -1) if square % (k * k) == 0)
    value = Value(f"sqrt({square // (s * s)})").under(s if first > 0 else -s, first, 0, 2)
    return Continued(_constant(first), _constant(second), value)


# --- rules: facts from facts


def _decay(ratio: Function) -> Fraction | None:
    """σ with |t(k)| ~ C k^-σ where |ratio| tends to 1; None where it tends to less."""
    top, bottom = ratio.top, ratio.bottom
    if len(top) < len(bottom) or (len(top) == len(bottom) and abs(top[-1]) < abs(bottom[-1])):
        return None
    if len(top) > len(bottom) or abs(top[-1]) > abs(bottom[-1]):
        raise Rejected("the terms of the series do not tend to 0")
    second = [Fraction(p[-2], p[-1]) if len(p) > 1 else Fraction(0) for p in (top, bottom)]
    return second[1] - second[0]


def telescope(
    facts: list[Fact], series: object, shift: object, ratio: object, rho: object, g: object, c: object
) -> Fact:
    """Let Σ s(k) have the ratio S, and t(k) = ρ(k) s(k+m), ρ(k) = c + g(k+1) S(k+m+1) - g(k).  Then Σ t(k) = c Σ s(k+m) -
    g(0) s(m).

    For ρ(k) S(k+m) = R(k) ρ(k-1) makes R the ratio of t, ρ(0) s(m) = 1 its first term 1, and the sum to N telescopes up to
    g(N) s(N+m), which tends to 0: S tends to less than 1 in absolute value, or s(k) ~ k^-σ with σ > deg g.  ρ, g have no
    poles at k ≥ 0.
    """
    source, m = _fact(series, facts, Series), _small(shift, MAX_SHIFT)
    new, of, boundary, q = _function(ratio), _function(rho), _function(g), _rational(c)
    of.regular(0, "rho", zeros=True)
    boundary.regular(0, "g", zeros=True)
    new.regular(1, "the ratio", zeros=True)
    moved = source.ratio.shift(m)
    if not (of * moved).same(new * of.shift(-1)):
        raise Rejected("the two series are not related by rho")
    if not of.same(_constant(q) + boundary.shift(1) * moved.shift(1) - boundary):
        raise Rejected("the telescoping identity does not hold")
    sigma = _decay(source.ratio)
    if sigma is not None and boundary.top and len(boundary.top) - len(boundary.bottom) >= sigma:
        raise Rejected("the boundary term does not tend to 0")
    term, head = Fraction(1), Fraction(0)
    for k in range(1, m + 1):
        head, term = head + term, term * source.ratio.at(k)
    if of.at(0) * term != 1:
        raise Rejected("the first term is not 1")
    return Series(new, source.value.under(q, -q * head - boundary.at(0) * term, 0, 1))


def euler(facts: list[Fact], series: object, a: object, b: object, h1: object, h2: object, f: object) -> Fact:
    """If b = -h1 h2, f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1), f(k) ≠ 0 (k ≥ 0) and h2(k) ≠ 0 (k ≥ 1), the convergents of
    PCF(a, b) are
    a(0) + f(1) h2(1)/f(0) (1/T_N - 1), T_N the partial sums of the series of ratio h1(k) f(k-1)/(h2(k+1) f(k+1)) (Euler 1748).

    So the fraction converges to the image of the sum, when that is not 0.  Induction on N proves the formula.
    """
    source = _fact(series, facts, Series)
    first, second, x, y, weight = _poly(a), _poly(b), _function(h1), _function(h2), _poly(f)
    if not second.same(-(x * y)):
        raise Rejected("b is not -h1 h2")
    weight.regular(0, "f")
    y.regular(1, "h2")
    if not (weight * first).same(weight.shift(-1) * x + weight.shift(1) * y.shift(1)):
        raise Rejected("f(n) a(n) is not f(n-1) h1(n) + f(n+1) h2(n+1)")
    if not source.ratio.same((x * weight.shift(-1)).over(y.shift(1) * weight.shift(1))):
        raise Rejected("the series is not that of the fraction")
    low, high = source.value.interval()
    if low <= 0 <= high:
        raise Rejected("the sum of the series may be 0")
    w = weight.at(1) * y.at(1) / weight.at(0)
    return Continued(first, second, source.value.under(first.at(0) - w, w, 1, 0))


def tail(facts: list[Fact], fraction: object, shift: object) -> Fact:
    """If PCF(a(n+s), b(n+s)) converges to y and b(k) ≠ 0 for 1 ≤ k ≤ s, then PCF(a, b) converges to the image of y under the
    maps y -> a(k) + b(k+1)/y for k = s-1, ..., 0, when that is finite."""
    source, s = _fact(fraction, facts, Continued), _small(shift, MAX_SHIFT)
    a, b, value = source.a.shift(-s), source.b.shift(-s), source.value
    for k in range(s - 1, -1, -1):
        # The matrix has determinant -b(k+1), and one of determinant 0 is rejected.
        value = value.under(a.at(k), b.at(k + 1), 1, 0)
    value.interval()
    return Continued(a, b, value)


def without_head(facts: list[Fact], fraction: object, shift: object) -> Fact:
    """If PCF(a, b) converges to x and b(k) ≠ 0 for 1 ≤ k ≤ s, then PCF(a(n+s), b(n+s)) converges to the image of x under the
    maps x -> b(k+1)/(x - a(k)) for k = 0, ..., s-1, when that is finite: its convergents are images of those of PCF(a, b)."""
    source, s = _fact(fraction, facts, Continued), _small(shift, MAX_SHIFT)
    value = source.value
    for k in range(s):
        value = value.under(0, source.b.at(k + 1), 1, -source.a.at(k))
    value.interval()
    return Continued(source.a.shift(s), source.b.shift(s), value)


def equivalent(facts: list[Fact], fraction: object, a: object, b: object, c: object) -> Fact:
    """PCF(c a, c(n) c(n-1) b) = c(0) PCF(a, b) for a rational function c without zeros or poles at n ≥ 0."""
    source, new_a, new_b, factor = _fact(fraction, facts, Continued), _poly(a), _poly(b), _function(c)
    factor.regular(0, "c")
    if not new_a.same(source.a * factor) or not new_b.same(source.b * factor * factor.shift(-1)):
        raise Rejected("the fractions are not equivalent by c")
    return Continued(new_a, new_b, source.value.under(factor.at(0), 0, 0, 1))


def coboundary(
    facts: list[Fact], fraction: object, a: object, b: object, u: object, factor: object, start: object
) -> Fact:
    """Let M(n) U(n+1) = λ(n) U(n) N(n), M and N the matrices [[0, b], [1, a]] of PCF(a, b) and of a fraction PCF(a', b') = y,
    with det U and λ without zeros or poles at n ≥ 1.  Then PCF(a, b) - a(0) converges to the image of y - a'(0) under U(1).

    For M(1)...M(N) = λ U(1) N(1)...N(N) U(N+1)^-1, so that its convergents are the images under U(1) of quotients of the sums
    -u12 p'(N-1) + u11 p'(N) and -u12 q'(N-1) + u11 q'(N); the weights -u12, u11 at N+1 and a', b' keep their signs from
    ``start`` on, q'(N-1) and q'(N) have one sign from there, so these are means of two convergents that tend to y - a'(0).
    """
    source, new_a, new_b, scale = _fact(fraction, facts, Continued), _poly(a), _poly(b), _function(factor)
    u11, u12, u21, u22 = (_poly(x) for x in _list(u, 4, 4))
    first = _small(start, MAX_SHIFT)
    (u11 * u22 - u12 * u21).regular(1, "det U")
    scale.regular(1, "lambda")
    v11, v12, v21, v22 = (x.shift(1) for x in (u11, u12, u21, u22))
    left = new_b * v21, new_b * v22, v11 + new_a * v21, v12 + new_a * v22
    right = u12, u11 * source.b + u12 * source.a, u22, u21 * source.b + u22 * source.a
    if not all(x.same(y * scale) for x, y in zip(left, right, strict=True)):
        raise Rejected("the coboundary identity does not hold")
    before, now = Fraction(0), Fraction(1)
    for n in range(1, first + 2):
        before, now = now, source.a.at(n) * now + source.b.at(n) * before
    if before * now <= 0 or not (source.a.positive(first) and source.b.positive(first)):
        raise Rejected("the known fraction does not have denominators of one sign from there on")
    weights = [w for w in (-u12, u11) if w.top]
    if not any(all((w * k).positive(first + 1) for w in weights) for k in (1, -1)):
        raise Rejected("the first row of U does not keep its signs")
    image = source.value.under(1, -source.a.at(0), 0, 1).under(*(x.at(1) for x in (u11, u12, u21, u22)))
    value = image.under(1, new_a.at(0), 0, 1)
    value.interval()
    return Continued(new_a, new_b, value)


_THEOREMS: dict[str, Callable[..., Fact]] = {
    function.__name__.replace("_", " "): function
    for function in (
        exponential_series, logarithmic_series, arctangent_series, artanh_series, euler_arctangent_series,
        squared_arcsine_series, zeta_series, apery_series, arctangent_fraction, artanh_fraction, bessel_fraction,
        periodic_fraction,
    )
}  # fmt: skip
_RULES: dict[str, Callable[..., Fact]] = {
    function.__name__: function for function in (telescope, euler, tail, without_head, equivalent, coboundary)
}

# --- the whole


@dataclass(frozen=True)
class Verdict:
    """The theorems that an accepted proof rests on, and the digits to which the claim was compared."""

    theorems: tuple[str, ...]
    digits: int


def derive(step: object, facts: list[Fact], cited: set[str]) -> Fact:
    """The fact that a step yields from the facts before it; a theorem that it cites is added to ``cited``."""
    data = dict(step) if isinstance(step, dict) else {}
    rule = data.pop("rule", None)
    name = data.pop("name", None) if rule == "theorem" else None
    function = (_THEOREMS if rule == "theorem" else _RULES).get(str(name if rule == "theorem" else rule))
    if function is None:
        raise Rejected(f"no rule or theorem is called {str(name or rule)[:40]!r} here")
    wanted = set(function.__code__.co_varnames[: function.__code__.co_argcount])
    if name is not None:
        cited.add(str(name))
        return function(**_object(data, wanted))
    return function(facts, **_object(data, wanted - {"facts"}))


def _compared(claim: Continued) -> int:
    """Compare the 400th convergent with the claimed number: the digits on which they agree, which must be those it has."""
    p0, p, q0, q, kept = 1, _at(claim.a.top, 0), 0, 1, list[Fraction]()
    for n in range(1, TERMS + 2):
        x, y = _at(claim.a.top, n), _at(claim.b.top, n)
        if y == 0:
            raise Rejected(f"b vanishes at {n}: the fraction ends")
        p0, p, q0, q = p, x * p + y * p0, q, x * q + y * q0
        if n in (TERMS // 2, TERMS // 2 + 1, TERMS, TERMS + 1) and q:
            # Rounded to 80 places: the exact quotients would only be slow.
            kept.append(Fraction(p * 10**80 // q, 10**80))
    low, high = claim.value.interval()
    if len(kept) < 2:
        raise Rejected("the convergents are not defined")
    size = max(abs(low), abs(high), Fraction(1, 10**6))
    gap, moved = max(abs(kept[-1] - low), abs(kept[-1] - high)) / size, abs(kept[-1] - kept[0]) / size
    digits = next(d for d in range(PLACES) if gap * 10 ** (d + 1) >= 1 or d == PLACES - 10)
    # What the last 200 terms moved is about the error before them, and the error now is a few times that at the most.
    if digits < (30 if moved * 10**20 < 1 else 2) or gap > 20 * moved + Fraction(1, 10 ** (PLACES - 12)):
        raise Rejected(f"fraction and claimed number agree to {digits} digits only")
    return digits


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise NotACertificate("a key occurs twice")
    return dict(pairs)


def check(text: str) -> Verdict:
    """Check a certificate; raises :class:`Rejected` when it proves nothing, :class:`NotACertificate` when it is none."""
    if len(text) > MAX_BYTES:
        raise NotACertificate("the text is too long")
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise NotACertificate(f"not JSON: {str(error)[:100]}") from None
    whole = _object(data, {"format", "version", "claim", "steps", "theorems"})
    if whole["format"] != FORMAT or whole["version"] is not VERSION:
        raise NotACertificate(f"not a {FORMAT} of version {VERSION}")
    claim = _object(whole["claim"], {"a", "b", "constant", "matrix"})
    a, b, matrix, name = _poly(claim["a"]), _poly(claim["b"]), _matrix(claim["matrix"]), claim["constant"]
    if not isinstance(name, str):
        raise NotACertificate("the constant has no name")
    inner, same = _SAME.get(name, (name, (1, 0, 0, 1)))
    wanted = Value(inner, _primitive(_product(matrix, same)))
    facts, cited = list[Fact](), {"zeta(2) = pi^2/6"} if name == "pi^2" else set[str]()
    for place, step in enumerate(_list(whole["steps"], 1, MAX_STEPS), 1):
        try:
            facts.append(derive(step, facts, cited))
        except Rejected as error:
            raise Rejected(str(error), place) from None
    last = facts[-1]
    if not isinstance(last, Continued) or not last.a.same(a) or not last.b.same(b) or last.value != wanted:
        raise Rejected("the last step is not what is claimed")
    last = Continued(a, b, wanted)
    if whole["theorems"] != sorted(cited):
        raise Rejected("the theorems listed are not those that the steps rest on")
    return Verdict(tuple(sorted(cited)), _compared(last))


def check_file(path: str) -> Verdict:
    """Check the certificate in a file; raises as :func:`check`."""
    try:
        with open(path, encoding="utf-8") as file:
            return check(file.read(MAX_BYTES + 1))
    except (OSError, UnicodeDecodeError) as error:
        raise NotACertificate(f"cannot be read: {error}") from None


def main(paths: list[str]) -> int:
    """Check files and say what came out."""
    worst = 0 if paths else 2
    for path in paths or ["usage: checker.py certificate.json ..."]:
        try:
            verdict = check_file(path)
        except Rejected as error:
            print(f"{path}: rejected at {f'step {error.step}' if error.step else 'the claim'}: {error}")
            worst = max(worst, 1)
        except NotACertificate as error:
            print(f"{path}: not a certificate: {error}")
            worst = 2
        else:
            print(
                f"{path}: accepted; {verdict.digits} digits compared; rests on {', '.join(verdict.theorems) or 'nothing'}"
            )
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
