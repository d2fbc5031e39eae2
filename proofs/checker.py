"""Check a certificate that a continued fraction equals a number.  This file needs nothing but Python >= 3.11.

    python checker.py certificate.json ...        exit code 0: accepted, 1: rejected, 2: not a certificate

The claim is that a fraction converges to (αc + β)/(γc + δ) for a named constant c: a polynomial one, PCF(a, b) = a(0) +
b(1)/(a(1) + b(2)/(a(2) + ...)), or a signed one, x_0 + s_0/(x_1 + s_1/(x_2 + ...)) with periodic signs s and quotients that
are a prefix followed, round after round m = 0, 1, ..., by the values of polynomials.  Every step names a rule or a theorem
and its data and yields a fact: that a *series* or a *fraction* converges to a Möbius image of a constant.  The last fact must
be the claim.  Each rule is a function whose docstring is its mathematical statement; everything is recomputed here and
nothing believed but the theorems that a certificate cites.  At the end fraction and number are compared in exact arithmetic,
which catches a theorem cited for what it does not say.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import accumulate, chain, count, islice
from math import gcd, isqrt, lcm
from operator import mul
from typing import Any

__all__ = ["FORMAT", "VERSION", "NotACertificate", "Rejected", "Verdict", "check", "check_file", "derive"]

FORMAT, VERSION = "constants-lab certificate", 1
MAX_BYTES, MAX_STEPS, MAX_TERMS, MAX_DEGREE, MAX_DIGITS, MAX_INDEX, MAX_ROOT = 1_000_000, 60, 500, 60, 400, 400, 20_000
TERMS, TINY = 400, Fraction(1, 10**60)

Matrix = tuple[Any, Any, Any, Any]
Poly = dict[tuple[int, int], int]
"""{(i, j): c}, the sum of c n^i k^j, without zero coefficients; {} is zero."""


class NotACertificate(ValueError):
    """The text is not of the form of a certificate."""


class Rejected(Exception):
    """A step, or the claim, does not hold; ``step`` is its number from 1, or 0 for the claim."""

    def __init__(self, reason: str, step: int = 0) -> None:
        super().__init__(reason)
        self.step = step


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise Rejected(reason)


# --- polynomials and rational functions in n and k over Q


def _sum(p: Poly, q: Poly) -> Poly:
    return {e: c for e in p.keys() | q.keys() if (c := p.get(e, 0) + q.get(e, 0))}


def _times(p: Poly, q: Poly) -> Poly:
    if len(p) * len(q) > 1000:
        width, high = 1 + max(j for _, j in p) + max(j for _, j in q), 1 + max(p)[0] + max(q)[0]
        if len(p) * len(q) > 8 * width * high:
            return _times_packed(p, q, width, width * high)
    out: Poly = {}
    for (i, j), x in p.items():
        for (s, t), y in q.items():
            out[i + s, j + t] = out.get((i + s, j + t), 0) + x * y
    return {e: c for e, c in out.items() if c}


def _times_packed(p: Poly, q: Poly, width: int, whole: int) -> Poly:
    """The product, by one of integers: the values at k = 2^(8 size), n = k^width, where coefficients do not overlap."""
    bound = min(len(p), len(q)) * max(map(abs, p.values())) * max(map(abs, q.values()))
    size = bound.bit_length() // 8 + 1

    def packed(f: Poly) -> int:
        parts = bytearray(size * whole), bytearray(size * whole)
        for (i, j), c in f.items():
            at = size * (i * width + j)
            parts[c < 0][at : at + size] = abs(c).to_bytes(size, "little")
        return int.from_bytes(parts[0], "little") - int.from_bytes(parts[1], "little")

    half = 1 << (8 * size - 1)
    # With a half added to each coefficient none is negative.
    value = packed(p) * packed(q) + int.from_bytes(half.to_bytes(size, "little") * whole, "little")
    read = value.to_bytes(size * whole, "little")
    digits = (int.from_bytes(read[i : i + size], "little") - half for i in range(0, len(read), size))
    return {divmod(i, width): c for i, c in enumerate(digits) if c}


def _line(slope: int, start: int, k: bool = False) -> Poly:
    """slope n + start, or slope k + start."""
    return {e: c for e, c in (((not k, k), slope), ((0, 0), start)) if c}


def _put(p: Poly, x: Poly, y: Poly) -> Poly:
    """p(x, y) for polynomials x, y, by Horner's scheme in both."""
    out: Poly = {}
    for i in range(max((i for i, _ in p), default=-1), -1, -1):
        row: Poly = {}
        for j in range(max((j for s, j in p if s == i), default=-1), -1, -1):
            row = _sum(_times(row, y), _line(0, p.get((i, j), 0)))
        out = _sum(_times(out, x), row)
    return out


def _moved(p: Poly, n: int, k: int = 0) -> Poly:
    return _put(p, _line(1, n), _line(1, k, k=True)) if n or k else p


def _sign(p: Poly, n: int, k: int = 0) -> int:
    """1 or -1 if p has that sign at all integers ≥ n, k, for p(n + x, k + y) has a constant term and no other sign; else 0."""
    moved = _moved(p, n, k)
    signs = {c > 0 for c in moved.values()}
    return 0 if (0, 0) not in moved or len(signs) != 1 else 1 if signs == {True} else -1


class Function:
    """A rational function of n and k over Q."""

    def __init__(self, top: Poly, bottom: Poly | None = None) -> None:
        self.top, self.bottom = top, _line(0, 1) if bottom is None else bottom

    def __add__(self, other: Function | Fraction | int) -> Function:
        f = _constant(other)
        if self.bottom == f.bottom:
            return Function(_sum(self.top, f.top), self.bottom)
        return Function(_sum(_times(self.top, f.bottom), _times(f.top, self.bottom)), _times(self.bottom, f.bottom))

    def __mul__(self, other: Function | Fraction | int) -> Function:
        f = _constant(other)
        return Function(_times(self.top, f.top), _times(self.bottom, f.bottom))

    def __sub__(self, other: Function | Fraction | int) -> Function:
        return self + _constant(other) * -1

    def __truediv__(self, other: Function | Fraction | int) -> Function:
        f = _constant(other)
        _require(bool(f.top), "a division by zero")
        return self * Function(f.bottom, f.top)

    def __pow__(self, e: int) -> Function:
        return reduce(Function.__mul__, [self] * e, _constant(1))

    def __eq__(self, other: object) -> bool:
        """Equality as rational functions, by cross multiplication."""
        return isinstance(other, Function) and _times(self.top, other.bottom) == _times(other.top, self.bottom)

    def put(self, x: Poly, y: Poly | None = None) -> Function:
        """f(x, y); reject a denominator that becomes zero."""
        top, bottom = (_put(p, x, {} if y is None else y) for p in (self.top, self.bottom))
        _require(bool(bottom), "a denominator vanishes")
        return Function(top, bottom)

    def shift(self, n: int, k: int = 0) -> Function:
        """f(n + shift, k + shift)."""
        return Function(_moved(self.top, n, k), _moved(self.bottom, n, k))

    def at(self, n: int) -> Fraction:
        """The value at an integer; reject a pole."""
        top, bottom = (sum(c * n**i for (i, _), c in p.items()) for p in (self.top, self.bottom))
        _require(bottom != 0, f"a pole at {n}")
        return Fraction(top, bottom)

    def regular(self, first: int, what: str, zeros: bool = False) -> None:
        """Reject a pole, or unless ``zeros`` a zero, at an integer n ≥ first: up to Cauchy's bound on roots each n is tried."""
        for p in (self.bottom,) if zeros else (self.bottom, self.top):
            _require(bool(p), f"{what} is zero")
            if _sign(p, first) == 0:
                c = [p.get((i, 0), 0) for i in range(max(p)[0], -1, -1)]
                bound = 2 + max(map(abs, c[1:]), default=0) // abs(c[0])
                _require(bound <= MAX_ROOT, f"zeros and poles of {what} may be as large as {bound}: too far to look")
                for n in range(first, bound + 1):
                    _require(reduce(lambda x, y: x * n + y, c) != 0, f"{what} has a zero or pole at {n}")

    def sign(self, n: int, k: int = 0) -> int:
        """1 or -1 when this is known to have that sign at all integers ≥ n, k; else 0."""
        return _sign(self.top, n, k) * _sign(self.bottom, n, k)

    def nonnegative(self, n: int, k: int = 0) -> bool:
        """Whether this is known to be ≥ 0, and to have no pole, at all integers ≥ n, k."""
        below = _sign(self.bottom, n, k)
        return below != 0 and all(c * below > 0 for c in _moved(self.top, n, k).values())


def _constant(q: Function | Fraction | int) -> Function:
    q = q if isinstance(q, Function) else Fraction(q)
    return q if isinstance(q, Function) else Function(_line(0, q.numerator), _line(0, q.denominator))


N = Function(_line(1, 0))
Univariate = Function
Bivariate = Function
Polynomial = Function
Shift = int
"""What the data of a rule is read as: rational functions of n, of n and k, and polynomials in n with integer coefficients."""

# --- facts


def _product(x: Matrix, y: Matrix) -> Matrix:
    (a, b, c, d), (s, t, u, v) = x, y
    return a * s + b * u, a * t + b * v, c * s + d * u, c * t + d * v


def _map(*entries: Fraction | int) -> Matrix:
    """The Möbius map of a rational matrix in coprime integers, the first nonzero one positive; reject one that is constant."""
    d = lcm(*(Fraction(e).denominator for e in entries))
    m = [int(e * d) for e in entries]
    _require(m[0] * m[3] != m[1] * m[2], "a Möbius map has determinant 0")
    common = gcd(*m) * (-1 if next(x for x in m if x) < 0 else 1)
    return m[0] // common, m[1] // common, m[2] // common, m[3] // common


@dataclass(frozen=True)
class Value:
    """(αc + β)/(γc + δ) for the constant named c, as the matrix (α, β, γ, δ)."""

    constant: str
    matrix: Matrix = (1, 0, 0, 1)

    def under(self, *outer: Fraction | int) -> Value:
        """The image of this value under another Möbius map."""
        return Value(self.constant, _map(*_product(_map(*outer), self.matrix)))

    def number(self) -> tuple[Fraction, Fraction]:
        """Its value and a bound on the error; reject one that is not known to be finite."""
        c, (alpha, beta, gamma, delta) = number(self.constant), self.matrix
        bottom = gamma * c + delta
        _require(abs(bottom) > 2 * abs(gamma) * TINY, "a number may be infinite, or be divided by 0")
        value = (alpha * c + beta) / bottom
        return value, 2 * (abs(alpha) + abs(value * gamma)) * TINY / abs(bottom)

    def nonzero(self) -> None:
        """Reject a value that may be 0."""
        self.under(0, 1, 1, 0).number()


@dataclass(frozen=True)
class Series:
    """Σ t(k), k ≥ 0, with t(0) = 1 and t(k)/t(k-1) = ratio(k) for k ≥ 1, converges to ``value``."""

    ratio: Function
    value: Value


Pair = tuple[Function, Function]


@dataclass(frozen=True)
class Shape:
    """x_0 + y_0/(x_1 + y_1/(x_2 + ...)), the pairs (x, y) being those of a head and then, for m = 0, 1, ..., of a period."""

    head: tuple[Pair, ...]
    period: tuple[Pair, ...]

    @property
    def pair(self) -> Pair:
        """a(n) and b(n+1) of PCF(a, b); reject other fractions."""
        _require(not self.head and len(self.period) == 1, "the rule is for polynomial continued fractions")
        return self.period[0]

    def folded(self, k: int) -> Matrix:
        """The product of [[x, y], [1, 0]] over k periods, those of numbers k m, ..., k m + k - 1, as functions of m."""
        pairs = ((x.put(_line(k, i)), y.put(_line(k, i))) for i in range(k) for x, y in self.period)
        return reduce(_product, ((x, y, _constant(1), _constant(0)) for x, y in pairs))

    def elements(self) -> Iterator[tuple[Fraction, Fraction]]:
        """The pairs in order."""
        rounds = ((x.at(m), y.at(m)) for m in count() for x, y in self.period)
        return chain(((x.at(0), y.at(0)) for x, y in self.head), rounds)


def _pcf(a: Function, b: Function) -> Shape:
    return Shape((), ((a, b.shift(1)),))


@dataclass(frozen=True)
class Continued:
    """A continued fraction converges to ``value``: so do its convergents, those of denominator 0 left out."""

    shape: Shape
    value: Value


Fact = Series | Continued

# --- reading

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)


def _integer(x: object) -> int:
    if not isinstance(x, str) or len(x) > MAX_DIGITS or not _INTEGER.fullmatch(x):
        raise NotACertificate(f"not an integer in decimal: {str(x)[:40]}")
    return int(x)


def _index(x: object, most: int = MAX_INDEX, least: int = 0) -> int:
    if isinstance(x, bool) or not isinstance(x, int) or not least <= x <= most:
        raise NotACertificate(f"not a whole number from {least} to {most}: {str(x)[:40]}")
    return x


def _rational(x: object) -> Fraction:
    top, slash, bottom = x.partition("/") if isinstance(x, str) else ("", "", "")
    q = _integer(bottom) if slash else 1
    if q < 1:
        raise NotACertificate(f"not a rational number: {str(x)[:40]}")
    return Fraction(_integer(top), q)


def _text(x: object) -> str:
    if not isinstance(x, str):
        raise NotACertificate(f"not a text: {str(x)[:40]}")
    return x


def _list(x: object, least: int, most: int) -> list[Any]:
    if not isinstance(x, list) or not least <= len(x) <= most:
        raise NotACertificate(f"not a list of {least} to {most} entries: {str(x)[:40]}")
    return x


def _object(x: object, keys: set[str]) -> dict[str, Any]:
    if not isinstance(x, dict) or set(x) != keys:
        raise NotACertificate(f"not an object with exactly the keys {', '.join(sorted(keys))}")
    return x


def _polynomial(x: object) -> Function:
    """A polynomial in n, as its coefficients, those of highest degree first."""
    return Function({(i, 0): c for i, e in enumerate(reversed(_list(x, 1, MAX_DEGREE + 1))) if (c := _integer(e))})


def _bivariate(x: object) -> Function:
    """A rational function of n and k, {"num": ..., "den": ...}, each a list of terms [c, i, j], c n^i k^j."""
    parts = []
    for terms in map(_object(x, {"num", "den"}).get, ("num", "den")):
        read = [_list(term, 3, 3) for term in _list(terms, 0, MAX_TERMS)]
        p = {(_index(i, MAX_DEGREE), _index(j, MAX_DEGREE)): _integer(c) for c, i, j in read}
        if len(p) < len(read) or not all(p.values()):
            raise NotACertificate("a term is 0 or occurs twice")
        parts.append(p)
    return Function(parts[0]) / Function(parts[1])


def _univariate(x: object) -> Function:
    """A rational function of n, {"num": ..., "den": ...}, two polynomials."""
    parts = _object(x, {"num", "den"})
    return _polynomial(parts["num"]) / _polynomial(parts["den"])


def _shape(x: object) -> Shape:
    """A fraction, {"a": ..., "b": ...}, or {"signs": [1 or -1, ...], "prefix": [integers], "channels": [functions of m]}."""
    if isinstance(x, dict) and "a" in x:
        parts = _object(x, {"a", "b"})
        return _pcf(_polynomial(parts["a"]), _polynomial(parts["b"]))
    parts = _object(x, {"signs", "prefix", "channels"})
    signs = [_index(s, 1, -1) or _index(None) for s in _list(parts["signs"], 1, 60)]
    prefix = [_integer(q) for q in _list(parts["prefix"], 0, 60)]
    channels = [_univariate(c) for c in _list(parts["channels"], 1, 60)]
    size, k, start = lcm(len(signs), len(channels)), len(channels), len(prefix)
    _index(size, 60)
    after = [_constant(signs[i % len(signs)]) for i in range(start + size)]
    quotients = [channels[r % k].put(_line(size // k, r // k)) for r in range(size)]
    pairs = list(zip([_constant(q) for q in prefix] + quotients, after, strict=True))
    return Shape(tuple(pairs[:start]), tuple(pairs[start:]))


# --- numbers, to 60 decimals


def _rounded(x: Fraction) -> Fraction:
    return Fraction(round(x * 10**80), 10**80)


def _summed(ratio: Callable[[int], Fraction]) -> Fraction:
    """Σ t(k), t(0) = 1, t(k) = t(k-1) ratio(k), where |ratio(k)| ≤ 0.9 from k = 500 on."""
    term = total = Fraction(1)
    for k in islice(count(1), 3000):
        term = _rounded(term * ratio(k))
        total += term
        if not term:
            break
    return total


def _alternating(a: Callable[[int], Fraction]) -> Fraction:
    """Σ (-1)^k a(k) for the moments a(k) of a positive measure on [0, 1], a(0) = 1, with an error below 2/(3+√8)^100.

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
    return _rounded(total / d)


def _arctangent(q: Fraction) -> Fraction:
    """Euler's series for 0 < q ≤ 1, beyond it atan q = π/2 - atan 1/q."""
    if q > 1:
        return 2 * _arctangent(Fraction(1)) - _arctangent(1 / q)
    z = q * q / (1 + q * q)
    return z / q * _summed(lambda k: z * Fraction(2 * k, 2 * k + 1))


def _bessel(c: Fraction, z: Fraction) -> Fraction:
    """0F1(; c; z)."""
    return _summed(lambda k: z / (k * (c + k - 1)))


_CALL = re.compile(r"([a-z_]+)\(([^()]*)\)", re.ASCII)


def number(name: str) -> Fraction:
    """A constant by its name, to 10^-60."""
    match = _CALL.fullmatch({"pi": "atan(1)", "catalan": "beta(2)"}.get(name, name[:80]))
    parts = [_rational(part) for part in match[2].split(",")] if match else []
    if match is None or any(abs(x) > 1000 or x.denominator > 10_000 for x in parts):
        raise Rejected(f"no constant is called {name[:40]!r} here")
    q, m = parts[0], parts[0].numerator
    match match[1], len(parts):
        case "exp", 1 if abs(q) <= 50:
            return _summed(lambda k: q / k)
        case "log", 1 if Fraction(1, 20) <= q <= 20 and q != 1:
            z = (q - 1) / (q + 1)
            return 2 * z * _summed(lambda k: z * z * Fraction(2 * k - 1, 2 * k + 1))
        case "atan", 1 if q > 0:
            return _arctangent(q) * (4 if name == "pi" else 1)
        case "sqrt", 1 if q > 0 and q.denominator == 1:
            return Fraction(isqrt(m * 10**160), 10**80)
        case "zeta", 1 if q.denominator == 1 and 2 <= q <= 60:
            return _alternating(lambda k: Fraction(1, (k + 1) ** m)) / (1 - Fraction(2, 2**m))
        case "beta", 1 if q.denominator == 1 and 2 <= q <= 60:
            return _alternating(lambda k: Fraction(1, (2 * k + 1) ** m))
        case "tan", 1 if 0 < abs(q) <= 50:
            return q * _bessel(Fraction(3, 2), -q * q / 4) / _bessel(Fraction(1, 2), -q * q / 4)
        case (("besseli_ratio" | "besselj_ratio"), 2) if q > -1 and 0 < parts[1] <= 100:
            x = parts[1]
            z = x * x / 4 * (1 if match[1] == "besseli_ratio" else -1)
            return x / (2 * (q + 1)) * _bessel(q + 2, z) / _bessel(q + 1, z)
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


def _log(q: Fraction) -> Value:
    """log q, named by the number above 1."""
    return Value(f"log({q})") if q > 1 else Value(f"log({1 / q})", (-1, 0, 0, 1))


def _atan(z: Fraction) -> Value:
    return Value("pi", (1, 0, 0, 4)) if z == 1 else Value(f"atan({z})")


def exponential_series(z: Fraction) -> Fact:
    """Σ z^k/k! = exp z; for z < 0 it is named 1/exp(-z)."""
    _require(0 < abs(z) <= 50, f"the theorem is used for 0 < |z| ≤ 50, not {z}")
    return Series(_constant(z) / N, Value(f"exp({abs(z)})", (1, 0, 0, 1) if z > 0 else (0, 1, 1, 0)))


def logarithmic_series(z: Fraction) -> Fact:
    """Σ z^k/(k+1) = -log(1-z)/z for -1 ≤ z < 1, z ≠ 0 (by Abel's theorem at z = -1)."""
    _require(-1 <= z < 1 and z != 0, f"the theorem is not for {z}")
    return Series(N * z / (N + 1), _log(1 - z).under(-1 / z, 0, 0, 1))


def arctangent_series(z: Fraction) -> Fact:
    """Σ (-z²)^k/(2k+1) = atan(z)/z for 0 < z ≤ 1 (by Abel's theorem at z = 1), atan 1 = π/4."""
    _require(0 < z <= 1, f"the theorem is not for {z}")
    return Series(_ODD * (-z * z), _atan(z).under(1 / z, 0, 0, 1))


def artanh_series(z: Fraction) -> Fact:
    """Σ z^(2k)/(2k+1) = artanh(z)/z = log((1+z)/(1-z))/(2z) for 0 < z < 1."""
    _require(0 < z < 1, f"the theorem is not for {z}")
    return Series(_ODD * (z * z), _log((1 + z) / (1 - z)).under(1 / (2 * z), 0, 0, 1))


_ODD = (N * 2 - 1) / (N * 2 + 1)


def euler_arctangent_series(z: Fraction) -> Fact:
    """Σ k!/(3/2)_k w^k = (1+z²) atan(z)/z for z > 0, w = z²/(1+z²) (Euler 1755: 2F1(1, 1; 3/2; w) = arcsin √w / √(w(1-w)))."""
    _require(0 < z <= 1000, f"the theorem is used for 0 < z ≤ 1000, not {z}")
    return Series(N * 2 * (z * z / (1 + z * z)) / (N * 2 + 1), _atan(z).under((1 + z * z) / z, 0, 0, 1))


def squared_arcsine_series(w: Fraction) -> Fact:
    """Σ (k!)²/((3/2)_k (2)_k) w^k = θ²/w, w = sin² θ, for θ = π/6, π/4, π/3, π/2; π² = 6 ζ(2) (Borwein and Borwein, Pi and
    the AGM, 1987)."""
    parts = {Fraction(1, 4): 36, Fraction(1, 2): 16, Fraction(3, 4): 9, Fraction(1): 4}
    _require(w in parts, f"the theorem is not for {w}")
    return Series(N * N * 2 * w / ((N + 1) * (N * 2 + 1)), Value("zeta(2)").under(Fraction(6, parts[w]) / w, 0, 0, 1))


def zeta_series(m: int, kind: str) -> Fact:
    """For m ≥ 2, Σ 1/(k+1)^m = ζ(m); Σ 1/(2k+1)^m = (1-2^-m) ζ(m); Σ (-1)^k/(k+1)^m = (1-2^(1-m)) ζ(m); Σ (-1)^k/(2k+1)^m =
    β(m), β(2) = G; of the kinds all, odd, alternating, beta."""
    _require(2 <= m <= 60 and kind in ("all", "odd", "alternating", "beta"), "the theorem is not for these data")
    ratio = (_ODD if kind in ("odd", "beta") else N / (N + 1)) ** m * (-1 if kind in ("alternating", "beta") else 1)
    factor = {"odd": 1 - Fraction(1, 2**m), "alternating": 1 - Fraction(2, 2**m)}.get(kind, 1)
    name = f"zeta({m})" if kind != "beta" else "catalan" if m == 2 else f"beta({m})"
    return Series(ratio, Value(name).under(factor, 0, 0, 1))


def apery_series() -> Fact:
    """ζ(3) = 5/2 Σ_{n≥1} (-1)^(n-1)/(n³ C(2n, n)) (Markov 1890; van der Poorten 1979): with t(0) = 1 the sum is 4ζ(3)/5."""
    return Series(N**3 * -1 / ((N + 1) ** 2 * (N * 4 + 2)), Value("zeta(3)", (4, 0, 0, 5)))


def arctangent_fraction(z: Fraction) -> Fact:
    """PCF(2n+1, z² n²) = z/atan z for z > 0 (Lambert 1770, Gauss 1812; Wall, Continued Fractions, 1948, section 90)."""
    _require(0 < z <= 1000, f"the theorem is used for 0 < z ≤ 1000, not {z}")
    return Continued(_pcf(N * 2 + 1, N * N * (z * z)), _atan(z).under(0, z, 1, 0))


def artanh_fraction(z: Fraction) -> Fact:
    """PCF(2n+1, -z² n²) = z/artanh z = 2z/log((1+z)/(1-z)) for 0 < z < 1 (Gauss 1812; Wall 1948, section 90)."""
    _require(0 < z < 1, f"the theorem is not for {z}")
    return Continued(_pcf(N * 2 + 1, N * N * (-z * z)), _log((1 + z) / (1 - z)).under(0, 2 * z, 1, 0))


def bessel_fraction(c: Fraction, x: Fraction, sign: int) -> Fact:
    """PCF(n+c, ±x²/4) = (x/2) I_(c-1)(x)/I_c(x), with J for the sign -, for c, x > 0 (Wall 1948, section 91; DLMF 10.10,
    10.33).  For c = 1/2 that is (x/2) coth x = (x/2) (exp 2x + 1)/(exp 2x - 1), and (x/2) cot x."""
    _require(
        0 < c <= 100 and 0 < x <= 100 and sign in (1, 0), "the theorem is used for 0 < c, x ≤ 100, sign 1 or 0 (minus)"
    )
    if c == Fraction(1, 2):
        value = Value(f"exp({2 * x})", (1, 1, 1, -1)) if sign else Value(f"tan({x})", (0, 1, 1, 0))
    else:
        value = Value(f"bessel{'i' if sign else 'j'}_ratio({c - 1},{x})", (0, 1, 1, 0))
    return Continued(_pcf(N + c, _constant(x * x / 4 * (1 if sign else -1))), value.under(x / 2, 0, 0, 1))


def periodic_fraction(a: Fraction, b: Fraction) -> Fact:
    """PCF(A, B), integers other than 0 with A² + 4B = s² D > 0, is the root (A ± s √D)/2 of x² = A x + B of larger absolute
    value."""
    square = int(a * a + 4 * b)
    _require(a * b != 0 and (a * b).denominator == a.denominator == 1, "the theorem is for integers other than 0")
    _require(0 < square <= 10**8 and isqrt(square) ** 2 != square, "A² + 4B is to be positive, no square, at most 10^8")
    s = next(k for k in range(isqrt(square), 0, -1) if square % (k * k) == 0)
    value = Value(f"sqrt({square // (s * s)})").under(s if a > 0 else -s, a, 0, 2)
    return Continued(_pcf(_constant(a), _constant(b)), value)


def seidel_stern(shape: Shape) -> None:
    """PCF(a, b) converges if a(n), b(n) > 0 from some n on and deg b ≤ 2 deg a + 2, for Σ √(a(n) a(n+1)/b(n+1)) = ∞ then
    (Seidel 1846, Stern 1848; Perron, Die Lehre von den Kettenbrüchen II, 1957, section 14)."""
    a, b = shape.pair
    _require(a.sign(50) == b.sign(50) == 1, "the theorem is for positive elements")
    _require(max(b.top) <= (2 * max(a.top)[0] + 2, 0), "the degree of b is more than 2 deg a + 2")


def tietze(shape: Shape) -> None:
    """x_0 + s_0/(x_1 + s_1/(x_2 + ...)) converges if s_i = ±1 and the x_i, i ≥ 1, are integers with x_i ≥ 1, x_i + s_i ≥ 1
    (Tietze 1911; Perron, Die Lehre von den Kettenbrüchen I, 1954, section 37)."""
    for i, (x, y) in enumerate(shape.head + shape.period):
        degree, first = max(x.top, default=(0, 0))[0], int(i == 0 and not shape.head)
        _require(y == _constant(1) or y == _constant(-1), "a sign is not 1 or -1")
        whole = max(x.bottom) == (0, 0) and all(x.at(m).denominator == 1 for m in range(degree + 1))
        _require(whole, "a quotient is not an integer")
        least = 1 if y == _constant(1) else 2
        _require((i == 0 and bool(shape.head)) or (x - least).nonnegative(first), "a quotient is too small")


def worpitzky(shape: Shape) -> None:
    """PCF(a, b) converges, if not to infinity then to a number, if |b(n)| ≤ a(n) a(n-1)/4 from some n on (Worpitzky 1865;
    Lorentzen and Waadeland, Continued Fractions I, 2008, section 3.2)."""
    a, b = shape.pair
    fourth, b = a.shift(50) * a.shift(49), b.shift(49) * 4
    _require(a.sign(49) != 0 and all((fourth - b * k).nonnegative(0) for k in (1, -1)), "b is not shown to be small")


# --- rules: facts from facts


def _decay(ratio: Function) -> Fraction | None:
    """σ with |t(k)| ~ C k^-σ where |ratio| tends to 1; None where it tends to less; reject others."""
    x, y = (max(p, default=(0, 0))[0] for p in (ratio.top, ratio.bottom))
    c, d = ratio.top.get((x, 0), 0), ratio.bottom.get((y, 0), 0)
    _require(x < y or (x == y and abs(c) <= abs(d)), "terms are not shown to tend to 0")
    if x < y or abs(c) < abs(d):
        return None
    return Fraction(ratio.bottom.get((y - 1, 0), 0), d) - Fraction(ratio.top.get((x - 1, 0), 0), c)


def telescope(series: Series, shift: int, ratio: Univariate, rho: Univariate, g: Univariate, c: Fraction) -> Fact:
    """Let Σ s(k) have the ratio S, and t(k) = ρ(k) s(k+m), ρ(k) = c + g(k+1) S(k+m+1) - g(k).  Then Σ t(k) = c Σ s(k+m) -
    g(0) s(m).

    For ρ(k) S(k+m) = R(k) ρ(k-1) makes R the ratio of t, ρ(0) s(m) = 1 its first term 1, and the sum to N telescopes up to
    g(N) s(N+m), which tends to 0: S tends to less than 1 in absolute value, or s(k) ~ k^-σ with σ > deg g.  ρ, g have no
    poles at k ≥ 0, R none at k ≥ 1.
    """
    rho.regular(0, "rho", zeros=True)
    g.regular(0, "g", zeros=True)
    ratio.regular(1, "the ratio", zeros=True)
    moved, sigma = series.ratio.shift(shift), _decay(series.ratio)
    _require(rho * moved == ratio * rho.shift(-1), "the two series are not related by rho")
    _require(rho == g.shift(1) * moved.shift(1) - g + c, "the telescoping identity does not hold")
    vanishes = sigma is None or not g.top or max(g.top)[0] - max(g.bottom)[0] < sigma
    _require(vanishes, "the boundary term does not tend to 0")
    terms = list(accumulate((series.ratio.at(k) for k in range(1, shift + 1)), mul, initial=Fraction(1)))
    _require(rho.at(0) * terms[-1] == 1, "the first term is not 1")
    return Series(ratio, series.value.under(c, -c * sum(terms[:-1]) - g.at(0) * terms[-1], 0, 1))


def euler(series: Series, a: Polynomial, b: Polynomial, h1: Univariate, h2: Univariate, f: Polynomial) -> Fact:
    """If b = -h1 h2, f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1), f(k) ≠ 0 (k ≥ 0) and h2(k) ≠ 0 (k ≥ 1), the convergents of
    PCF(a, b) are a(0) + w (1/T_N - 1), w = f(1) h2(1)/f(0), T_N the partial sums of the series of ratio h1(k) f(k-1)/(h2(k+1)
    f(k+1)) (Euler 1748; by induction on N).  So the fraction converges to the image of the sum, when that is not 0.
    """
    f.regular(0, "f")
    h2.regular(1, "h2")
    _require(b == h1 * h2 * -1, "b is not -h1 h2")
    _require(f * a == f.shift(-1) * h1 + f.shift(1) * h2.shift(1), "f(n) a(n) is not f(n-1) h1(n) + f(n+1) h2(n+1)")
    ratio = (h1 * f.shift(-1)) / (h2.shift(1) * f.shift(1))
    _require(series.ratio == ratio, "the series is not that of the fraction")
    series.value.nonzero()
    w = f.at(1) * h2.at(1) / f.at(0)
    return Continued(_pcf(a, b), series.value.under(a.at(0) - w, w, 1, 0))


def shift(fraction: Continued, by: Shift) -> Fact:
    """PCF(a, b) converges to x if and only if its tail PCF(a(n+s), b(n+s)) converges to y, x being the image of y under the
    maps y -> a(k) + b(k+1)/y, k = s-1, ..., 0, when b(k) ≠ 0 for 1 ≤ k ≤ s and both are finite: from PCF(a, b) to the tail
    for s = ``by`` > 0, from the tail to PCF(a, b) for s = -``by`` > 0."""
    x, y = (f.shift(min(by, 0)) for f in fraction.shape.pair)
    maps = [(x.at(k), y.at(k), Fraction(1), Fraction(0)) for k in range(abs(by))]
    p, q, r, s = reduce(_product, maps, (Fraction(1), Fraction(0), Fraction(0), Fraction(1)))
    value = fraction.value.under(*((p, q, r, s) if by < 0 else (s, -q, -r, p)))
    value.number()
    return Continued(Shape((), ((x.shift(max(by, 0)), y.shift(max(by, 0))),)), value)


def _growing(a: Function, b: Function, r: Function, first: int, start: int) -> None:
    """Reject unless q(n) ≥ r(n) q(n-1) > 0, up to a common sign, is proved for all n ≥ start, where q(first) = 1, q(first-1)
    = 0 and q(n) = a(n) q(n-1) + b(n) q(n-2): by induction, as q(n)/q(n-1) = a(n) + b(n) q(n-2)/q(n-1)."""
    before, now = Fraction(0), Fraction(1)
    for n in range(first + 1, start + 1):
        before, now = now, a.at(n) * now + b.at(n) * before
    held = now * before > 0 and now / before >= r.at(start) and r.sign(start) == 1
    sign = b.sign(start + 1)
    step = a - r if sign == 1 else (a - r) * r.shift(-1) + b
    _require(held and sign != 0 and step.nonnegative(start + 1), "the growth of the denominators is not shown")


def coboundary(
    fraction: Continued, target: Shape, u: Matrix, factor: Univariate, fold: int, steps: int, growth: Univariate, start: int,
    converges: str,
) -> Fact:  # fmt: skip
    """Let T(m), N(m) be the products of ``fold`` periods of [[x, y], [1, 0]] of the target after its head, and of ``steps``
    of those of PCF(a, b) = y, T(m) U(m+1) = λ(m) U(m) N(m), det U and λ without zeros or poles at m ≥ 0.  Then what follows
    the head of the target converges to the image of y under U(0), when the whole is finite.

    For T(0)...T(m-1) ~ U(0) N(0)...N(m-1) U(m)^-1, so the convergents of the target at the ends of these products are images
    under U(0) of (v p(j) + w p(j-1))/(v q(j) + w q(j-1)), v = u22(m), w = -u21(m) b(j+1), j = steps m - 1.  These tend to y if
    v or w is 0, or if v > 0 and q(j) ≥ r(j) q(j-1) > 0 and w ≥ 0 or v r + w ≥ -w/1000, for then they are means, of bounded
    weights, of two convergents.  If there are others between, that the target converges follows from a theorem.
    """
    (u[0] * u[3] - u[1] * u[2]).regular(0, "det U")
    factor.regular(0, "lambda")
    _require(fold > 0 and steps > 0, "no steps are taken")
    left = _product(target.folded(fold), tuple(f.shift(1) for f in u))
    right = _product(u, fraction.shape.folded(steps))
    _require(all(x == y * factor for x, y in zip(left, right, strict=True)), "the coboundary identity does not hold")
    (a, b), j = fraction.shape.pair, _line(steps, -1)
    v, w = u[3], u[2] * b.put(j) * -1
    if v.top and w.top:
        _growing(a, b.shift(-1), growth, 0, start)
        sign, r = v.sign(start + 1), growth.put(j)
        v, w = v * sign, w * sign
        mean = w.nonnegative(start + 1) or ((v * r + w) * 1000 + w).nonnegative(start + 1)
        _require(sign != 0 and mean, "the weights of U are not shown to be bounded")
    _require(converges in _CONVERGENCE or fold * len(target.period) == 1, "it is not shown that the target converges")
    if converges:
        _CONVERGENCE[converges](target)
    value = fraction.value.under(*(f.at(0) for f in u))
    for x, y in reversed(target.head):
        value = value.under(x.at(0), y.at(0), 1, 0)
    value.number()
    return Continued(target, value)


def recurrence(
    first: Series, second: Series, a: Polynomial, b: Polynomial, across: Bivariate, along: Bivariate, certificate: Bivariate,
    bound: Univariate, growth: Univariate, start: int,
) -> Fact:  # fmt: skip
    """Let F(0, 0) = 1, F(n, k)/F(n-1, k) = X(n, k), F(n, k)/F(n, k-1) = K(n, k), and for n ≥ 2 (Zeilberger 1990), divided by
    F(n-2, k), F(n, k) - a(n) F(n-1, k) - b(n) F(n-2, k) = G(n, k+1) - G(n, k), G(n, k) = C(n, k) F(n-2, k), C(n, 0) = 0.

    If G(n, k) -> 0 for k -> ∞, m(n) = Σ F(n, k) solves m(n) = a(n) m(n-1) + b(n) m(n-2).  So do q, q(0) = 0, q(1) = 1, and
    the numerators p of PCF(a(n+1), b(n+1)), for which m(n) = m(0) p(n) + (m(1) - a(1) m(0)) q(n); if m(n)/q(n) -> 0 and m(0)
    ≠ 0 it converges to a(1) - m(1)/m(0) (Pincherle 1894).  For n ≥ start |X(n, k)| ≤ μ(n), q(n) ≥ r(n) q(n-1), and the
    product of the μ/r is 0.
    """
    for f, n, k in ((across, 1, 0), (along, 0, 1), (certificate, 2, 0)):
        _require(_sign(f.bottom, n, k) != 0, "a function may have a pole")
    before, zero, one = across.shift(-1), along.put({}, _line(1, 0)), along.put(_line(0, 1), _line(1, 0))
    _require(across * along.shift(-1) == along * across.shift(0, -1), "the two quotients of F do not belong together")
    rest = certificate.shift(0, 1) * along.shift(-2, 1) - certificate
    _require(across * before - a * before - b == rest, "the Zeilberger identity does not hold")
    _require(all(j for _, j in certificate.top), "C(n, 0) is not 0")
    _vanishing(along, certificate)
    _require(first.ratio == zero and second.ratio == one, "the series are not those of F(0, k) and F(1, k)")
    bounded = start >= 2 and (bound - across).nonnegative(start) and (bound + across).nonnegative(start)
    _require(bounded, "the bound on F(n, k)/F(n-1, k) is not shown")
    _growing(a, b, growth, 1, start)
    sigma = _decay(bound / growth)
    _require(sigma is None or sigma > 0, "m/q is not shown to tend to 0")
    (p, q, c, d), (s, t, e, f) = first.value.matrix, second.value.matrix
    _require(c == e == 0 and first.value.constant == second.value.constant, "the sums are not linear in one constant")
    first.value.nonzero()
    x = across.put(_line(0, 1)).at(0)
    value = Value(first.value.constant).under(x * d * s, x * d * t, f * p, f * q).under(-1, a.at(1), 0, 1)
    return Continued(_pcf(a.shift(1), b.shift(1)), value)


def _vanishing(along: Function, certificate: Function) -> None:
    """Reject unless, for n ≥ 0, Σ F(n, k) converges absolutely and C(n+2, k) F(n, k) -> 0 for k -> ∞: |K| tends to less than
    1, or F(n, k) ~ k^-σ(n) with σ(n) > 1 and σ(n) > deg C."""
    x, y, s, t = (
        [Function({(i, 0): c for (i, e), c in p.items() if e == j}) for j in range(max(j for _, j in p), -1, -1)]
        for f in (along, certificate)
        for p in (f.top, f.bottom)
    )
    _require(y[0].sign(0) != 0 and t[0].sign(2) != 0 and len(x) <= len(y), "the terms are not shown to tend to 0")
    if len(x) == len(y) and not (y[0] - x[0]).sign(0) == (y[0] + x[0]).sign(0) == y[0].sign(0):
        _require(len(x) > 1 and (x[0] == y[0] or x[0] == y[0] * -1), "the terms are not shown to tend to 0")
        sigma = y[1] / y[0] - x[1] / x[0]
        _require((sigma - max(1, len(s) - len(t))).sign(0) == 1, "the terms tend to 0 too slowly")


_THEOREMS: dict[str, Callable[..., Fact]] = {
    function.__name__.replace("_", " "): function
    for function in (
        exponential_series, logarithmic_series, arctangent_series, artanh_series, euler_arctangent_series,
        squared_arcsine_series, zeta_series, apery_series, arctangent_fraction, artanh_fraction, bessel_fraction,
        periodic_fraction,
    )
}  # fmt: skip
_RULES: dict[str, Callable[..., Fact]] = {f.__name__: f for f in (telescope, euler, shift, coboundary, recurrence)}
_CONVERGENCE: dict[str, Callable[[Shape], None]] = {
    "seidel stern": seidel_stern,
    "tietze": tietze,
    "worpitzky": worpitzky,
}

# --- the whole

_READ: dict[str, Callable[[Any], Any]] = {
    "int": _index, "Shift": lambda x: _index(x, MAX_INDEX, -MAX_INDEX), "str": _text, "Fraction": _rational,
    "Polynomial": _polynomial, "Univariate": _univariate, "Bivariate": _bivariate, "Shape": _shape,
    "Matrix": lambda x: tuple(_polynomial(e) for e in _list(x, 4, 4)),
}  # fmt: skip
"""How the data of a rule are read, by the types of its parameters."""


@dataclass(frozen=True)
class Verdict:
    """The theorems that an accepted proof rests on, and the digits to which the claim was compared."""

    theorems: tuple[str, ...]
    digits: int


def derive(step: object, facts: list[Fact], cited: set[str]) -> Fact:
    """The fact that a step yields from the facts before it; theorems that it cites are added to ``cited``."""
    data = dict(step) if isinstance(step, dict) else {}
    rule, name = _text(data.pop("rule", None)), _text(data.pop("name", ""))
    function = _THEOREMS.get(name) if rule == "theorem" else _RULES.get(rule) if not name else None
    if function is None:
        raise Rejected(f"no rule or theorem is called {(name or rule)[:40]!r} here")
    kinds = {key: kind for key, kind in function.__annotations__.items() if key != "return"}
    read: dict[str, Any] = {}
    for key, x in _object(data, set(kinds)).items():
        if kinds[key] in ("Series", "Continued"):
            read[key] = facts[_index(x, len(facts) - 1)] if facts else None
            _require(type(read[key]).__name__ == kinds[key], f"fact {str(x)[:10]} is of another kind")
        else:
            read[key] = _READ[kinds[key]](x)
    cited.update(theorem for theorem in (name, read.get("converges")) if theorem)
    return function(**read)


def _compared(claim: Continued) -> int:
    """Compare the 400th convergent with the claimed number: the digits on which they agree, which must be those it has."""
    (p, p0, q, q0), kept = (Fraction(1), Fraction(0), Fraction(0), Fraction(1)), list[Fraction]()
    for n, (x, y) in enumerate(islice(claim.shape.elements(), TERMS + 2)):
        p, p0, q, q0 = x * p + p0, y * p, x * q + q0, y * q
        _require(y != 0, f"b vanishes at {n + 1}: the fraction ends")
        if n in (TERMS // 2, TERMS // 2 + 1, TERMS, TERMS + 1) and q:
            kept.append(_rounded(p / q))
    _require(len(kept) > 2, "the convergents are not defined")
    value, error = claim.value.number()
    size = max(abs(value), Fraction(1, 10**6))
    gap, moved = (abs(kept[-1] - value) + error) / size, abs(kept[-1] - kept[0]) / size
    digits = next(d for d in range(60) if gap * 10 ** (d + 1) >= 1 or d == 55)
    # What the last 200 terms moved is about the error before them, and the error now is a few times that at the most.
    enough = digits >= (30 if moved * 10**20 < 1 else 2) and gap <= 20 * moved + Fraction(1, 10**50)
    _require(enough, f"fraction and claimed number agree to {digits} digits only")
    return digits


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise NotACertificate("a key occurs twice")
    return dict(pairs)


def check(text: str) -> Verdict:
    """Check a certificate; raises :class:`Rejected` when it proves nothing, :class:`NotACertificate` when it is none."""
    try:
        data = json.loads(text, object_pairs_hook=_unique) if len(text) <= MAX_BYTES else None
    except (ValueError, RecursionError) as error:
        raise NotACertificate(f"not JSON: {str(error)[:100]}") from None
    whole = _object(data, {"format", "version", "claim", "steps", "theorems"})
    if whole["format"] != FORMAT or whole["version"] is not VERSION:
        raise NotACertificate(f"not a {FORMAT} of version {VERSION}")
    claim = _object(whole["claim"], {"fraction", "constant", "matrix"})
    name = _text(claim["constant"])
    matrix = [_integer(e) for row in _list(claim["matrix"], 2, 2) for e in _list(row, 2, 2)]
    inner, same = _SAME.get(name, (name, (1, 0, 0, 1)))
    wanted = Continued(_shape(claim["fraction"]), Value(inner, same).under(*matrix))
    facts, cited = list[Fact](), {"zeta(2) = pi^2/6"} if name == "pi^2" else set[str]()
    for place, step in enumerate(_list(whole["steps"], 1, MAX_STEPS), 1):
        try:
            facts.append(derive(step, facts, cited))
        except Rejected as error:
            raise Rejected(str(error), place) from None
    _require(facts[-1] == wanted, "the last step is not what is claimed")
    _require(whole["theorems"] == sorted(cited), "the theorems listed are not those that the steps rest on")
    return Verdict(tuple(sorted(cited)), _compared(wanted))


def check_file(path: str) -> Verdict:
    """Check the certificate in a file; raises as :func:`check`."""
    try:
        with open(path, encoding="utf-8") as file:
            return check(file.read(MAX_BYTES + 1))
    except (OSError, UnicodeDecodeError) as error:
        raise NotACertificate(f"cannot be read: {error}") from None


def main(paths: list[str]) -> int:
    """Check files and say what came out."""
    codes = [0 if paths else 2]
    for path in paths or ["name files: checker.py certificate.json ..."]:
        try:
            verdict = check_file(path)
            print(f"{path}: accepted; {verdict.digits} digits agree; rests on {', '.join(verdict.theorems)}")
        except Rejected as error:
            print(f"{path}: rejected at {f'step {error.step}' if error.step else 'the claim'}: {error}")
            codes.append(1)
        except NotACertificate as error:
            print(f"{path}: not a certificate: {error}")
            codes.append(2)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
