"""Check a certificate that a continued fraction equals a number.  This file needs nothing but Python >= 3.11.

    python checker.py certificate.json ...        exit code 0: accepted, 1: rejected, 2: not a certificate

The claim is that a fraction x_0 + y_0/(x_1 + y_1/(x_2 + ...)) converges to (αc + β)/(γc + δ) for a named constant c: PCF(a,
b), with x_n = a(n), y_n = b(n+1), or one whose pairs x, y are a head and then, for m = 0, 1, ..., the values of a period of
functions.  Every step names a rule or a theorem and its data and yields a fact: that a *series* or a *fraction* converges to
a Möbius image of a constant.  The last fact must be the claim.  Each rule is a function whose docstring is its mathematical
statement; everything is recomputed and nothing believed but the theorems that a certificate cites.  At the end fraction and
number are compared numerically, with integers and fractions, against theorems cited for what they do not say.
"""

from __future__ import annotations

# fmt: off
import json
import re
import sys
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache, cached_property, reduce
from importlib.util import module_from_spec, spec_from_file_location
from itertools import accumulate, chain, count, islice, pairwise, product, takewhile
from math import isqrt
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["FORMAT", "THEOREMS", "VERSION", "NotACertificate", "Rejected", "Verdict", "check", "check_file", "derive"]
FORMAT, VERSION, TINY, _SPENT = "constants-lab certificate", 2, Fraction(1, 10**60), [0]
MAX_BYTES, MAX_STEPS, MAX_DEGREE, MAX_DIGITS, MAX_INDEX, MAX_WORK = 1_000_000, 60, 60, 400, 400, 2_000_000
_WHOLE = rf"-?(0|[1-9][0-9]{{0,{MAX_DIGITS - 1}}})"
Matrix = tuple[Any, Any, Any, Any]
Poly = dict[tuple[int, int], int]
"""{(i, j): c}, the sum of c n^i k^j, without zero coefficients; {} is zero."""
class NotACertificate(ValueError):
    """The text is not of the form of a certificate."""
class Rejected(Exception):
    """A step, or the claim, does not hold; ``step`` is its number from 1, or 0 for the claim."""
    step = 0
def _require(holds: bool, reason: str, error: type[Exception] = Rejected) -> None:
    if not holds:
        raise error(reason)
def _spend(work: int) -> None:
    """Count work, in units of about a microsecond, and reject a certificate that asks for too much."""
    _SPENT[0] += work
    _require(_SPENT[0] <= MAX_WORK, "the certificate asks for too much work")
def _metered(q: Fraction) -> Fraction:
    _spend((q.numerator.bit_length() + q.denominator.bit_length()) ** 2 // 300_000)
    return q
# --- polynomials and rational functions in n and k over Q
def _sum(p: Poly, q: Poly) -> Poly: return {e: c for e in p.keys() | q.keys() if (c := p.get(e, 0) + q.get(e, 0))}
def _times(p: Poly, q: Poly) -> Poly:
    """By one product of integers, unless terms are few: at k = 2^(8 size), n = k^width, where coefficients do not overlap."""
    if min(len(p), len(q)) < 4:
        out = Poly()
        for ((i, j), x), ((s, t), y) in product(p.items(), q.items()):
            out[i + s, j + t] = out.get((i + s, j + t), 0) + x * y
        _spend(3 + len(out) * (1 + max(map(int.bit_length, out.values()), default=0) ** 2 // 4_000_000))
        return {e: c for e, c in out.items() if c}
    width, high = (1 + sum(max(e[i] for e in f) for f in (p, q)) for i in (1, 0))
    bits = sum(max(map(abs, f.values())).bit_length() for f in (p, q)) + min(len(p), len(q)).bit_length()
    _spend(3 + width * high + 8 * (cells := (size := 1 + (2 + bits) // 8) * width * high) * isqrt(8 * cells) // 50_000)
    half, places = 1 << 8 * size - 1, [divmod(e, width) for e in range(width * high)]
    offset = int.from_bytes(half.to_bytes(size, "little") * len(places), "little")
    packed = (b"".join((f.get(e, 0) + half).to_bytes(size, "little") for e in places) for f in (p, q))
    x, y = (int.from_bytes(part, "little") - offset for part in packed)
    digits = (x * y + offset).to_bytes(size * len(places), "little")
    found = (int.from_bytes(digits[i : i + size], "little") - half for i in range(0, len(digits), size))
    return {e: c for e, c in zip(places, found, strict=True) if c}
def _line(slope: int, start: int) -> Poly: return {e: c for e, c in (((1, 0), slope), ((0, 0), start)) if c}
def _put(p: Poly, x: Poly, y: Poly) -> Poly:
    most = (max((e[i] for e in p), default=0) for i in (0, 1))
    xs, ys = (list(accumulate([f] * e, _times, initial=_line(0, 1))) for f, e in zip((x, y), most, strict=True))
    return reduce(_sum, (_times(_times(xs[i], ys[j]), _line(0, c)) for (i, j), c in p.items()), Poly())
def _moved(p: Poly, n: int, k: int = 0) -> Poly:
    """p with its variables moved by n and k, by Horner's scheme, first that in k; each time the indices change places."""
    for s in (k, n) if n or k else ():
        moved, rows, high = Poly(), {i for i, _ in p}, max((j for _, j in p), default=0)
        _spend(len(rows) * high**2 * (2000 + max(map(abs, p.values()), default=0).bit_length() + 13 * high) // 40_000)
        for i in rows:
            row = [p.get((i, j), 0) for j in range(high, -1, -1)]
            for j in range(high + 1):
                *row, moved[j, i] = accumulate(row, lambda x, y: x * s + y)  # noqa: B023
        p = {e: c for e, c in moved.items() if c}
    return p
def _sign(p: Poly, n: int, k: int = 0) -> int:
    """1 or -1 if p has that sign at all integers ≥ n, k, for p(n + x, k + y) has a constant term and no other sign; else 0."""
    moved = _moved(p, n, k)
    return 0 if (0, 0) not in moved else 1 if min(moved.values()) > 0 else -1 if max(moved.values()) < 0 else 0
class Function:
    """A rational function of n and k over Q, its denominator in factors; two are equal when they are so over a common one."""
    def __init__(self, top: Poly, *factors: Poly) -> None:
        _spend(5 + len(factors) // 10)
        self.top, self.factors = top, [f for f in factors if f != {(0, 0): 1}]
    @cached_property
    def bottom(self) -> Poly: return reduce(_times, self.factors, _line(0, 1))
    def __add__(self, other: Function | Fraction | int) -> Function:
        f = _constant(other)
        more, less = _without(f.factors, self.factors), _without(self.factors, f.factors)
        return Function(_sum(reduce(_times, more, self.top), reduce(_times, less, f.top)), *self.factors, *more)
    def __mul__(self, other: Function | Fraction | int) -> Function:
        return Function(_times(self.top, (f := _constant(other)).top), *self.factors, *f.factors)
    def __sub__(self, other: Function | Fraction | int) -> Function: return self + _constant(other) * -1
    def __truediv__(self, other: Function | Fraction | int) -> Function:
        f = _constant(other)
        _require(bool(f.top), "a division by zero")
        return self * Function(f.bottom, f.top)
    def __pow__(self, e: int) -> Function: return reduce(Function.__mul__, [self] * e, _constant(1))
    def __eq__(self, other: object) -> bool: return isinstance(other, Function) and not (self - other).top
    def put(self, x: Poly, y: Poly | None = None) -> Function:
        top, *factors = (_put(p, x, {} if y is None else y) for p in (self.top, *self.factors))
        _require(all(factors), "a denominator vanishes")
        return Function(top, *factors)
    def shift(self, n: int, k: int = 0) -> Function: return Function(*(_moved(p, n, k) for p in (self.top, *self.factors)))
    def at(self, n: int) -> Fraction:
        top, bottom = (sum(c * n**i for (i, _), c in p.items()) for p in (self.top, self.bottom))
        _require(bottom != 0, f"a pole at {n}")
        return Fraction(top, bottom)
    def regular(self, first: int, what: str, zeros: bool = False) -> None:
        """Reject unless it is shown that there is no pole, or unless ``zeros`` zero, at an integer n ≥ first."""
        for p in (self.bottom,) if zeros else (self.bottom, self.top):
            end = next((n for n in (first, 8, 64, 512, 4096) if n >= first and _sign(p, n)), None)
            _spend(len(p) * ((end or first) - first) * (1 + max(p, default=(0, 0))[0] // 50))
            shown = end is not None and all(sum(c * n**i for (i, _), c in p.items()) for n in range(first, end))
            _require(shown, f"{what} may have a zero or pole")
    def sign(self, n: int, k: int = 0) -> int: return _sign(self.top, n, k) * _sign(self.bottom, n, k)
    def nonnegative(self, n: int) -> bool:
        """Whether this is known to be ≥ 0, and to have no pole, at all integers ≥ n and k ≥ 0."""
        below = _sign(self.bottom, n)
        return below != 0 and all(c * below > 0 for c in _moved(self.top, n).values())
def _without(x: list[Poly], y: list[Poly]) -> list[Poly]:
    _spend(len(x) * (1 + len(y) // 10))
    left = list(y)
    return [f for f in x if f not in left or left.remove(f)]  # type: ignore[func-returns-value]
def _constant(q: Function | Fraction | int) -> Function:
    return q if isinstance(q, Function) else Function(_line(0, Fraction(q).numerator), _line(0, Fraction(q).denominator))
N = Function(_line(1, 0))
Univariate = Function  # How the data of a rule are read: as a rational function of n,
Bivariate = Function  # or of n and k,
Polynomial = Function  # or a polynomial in n with integer coefficients.
def _product(x: Matrix, y: Matrix) -> Matrix:
    (a, b, c, d), (s, t, u, v) = x, y
    return a * s + b * u, a * t + b * v, c * s + d * u, c * t + d * v
class Value(NamedTuple):
    """(αc + β)/(γc + δ) for the constant named c, as the matrix (α, β, γ, δ)."""
    constant: str
    matrix: Matrix = (1, 0, 0, 1)
    def under(self, *outer: Fraction | int) -> Value:
        """The image under another Möbius map, scaled, for a root without it in the denominator; reject a constant map."""
        _require(outer[0] * outer[3] != outer[1] * outer[2], "a Möbius map has determinant 0")
        m = w, x, y, z = _product((outer[0], outer[1], outer[2], outer[3]), self.matrix)
        if y and self.constant.startswith("sqrt("):
            m = w * z - x * y, x * z - w * y * (d := _rational(self.constant[5:-1])), 0, z * z - y * y * d
        w, x, y, z = (_metered(Fraction(e)) / next(filter(None, m)) for e in m)
        return Value(self.constant, (w, x, y, z))
    def finite(self) -> Value:
        self.number()
        return self
    def number(self) -> Fraction:
        c, (alpha, beta, gamma, delta) = number(self.constant), self.matrix
        bottom = gamma * c + delta
        _require(abs(bottom) > abs(gamma) * max(1, abs(c)) * TINY, "a number may be infinite, or be divided by 0")
        return (alpha * c + beta) / bottom
class Series(NamedTuple):
    """Σ t(k), k ≥ 0, with t(0) = 1 and t(k)/t(k-1) = ratio(k) for k ≥ 1, converges to ``value``."""
    ratio: Function
    value: Value
class Shape(NamedTuple):
    """x_0 + y_0/(x_1 + y_1/(x_2 + ...)), the pairs (x, y) being those of a head and then, for m = 0, 1, ..., of a period, each
    t(m) times for its (x, y, t): t is 1, or x = 2, y = -1, so that the product of the matrices is as below."""
    head: tuple[tuple[Function, Function, Function], ...]
    period: tuple[tuple[Function, Function, Function], ...]
    @property
    def pair(self) -> tuple[Function, Function]:
        """a(n) and b(n+1) of PCF(a, b); reject other fractions."""
        _require(not self.head and len(self.period) == 1, "the rule is for polynomial continued fractions")
        return self.period[0][:2]
    def folded(self, k: int) -> Matrix:
        """The product of [[x, y], [1, 0]] over k periods, those of numbers k m, ..., k m + k - 1, as functions of m."""
        pairs = ([f.put(_line(k, i)) for f in entry] for i in range(k) for entry in self.period)
        return reduce(_product, ((x + t - 1, y * t, t, t * -1 + 1) for x, y, t in pairs))
def _pcf(a: Function, b: Function) -> Shape: return Shape((), ((a, b.shift(1), _constant(1)),))
class Continued(NamedTuple):
    """A continued fraction converges to ``value``: so do its convergents, those of denominator 0 left out."""
    shape: Shape
    value: Value
Fact = Series | Continued
# --- reading
def _wanted(holds: bool, what: str, x: Any = None) -> Any:
    _require(holds, f"{what} is wanted", NotACertificate)
    return x
def _integer(x: Any) -> int:
    whole = isinstance(x, str) and re.fullmatch(_WHOLE, x) is not None
    return int(_wanted(whole, f"an integer of at most {MAX_DIGITS} digits, as text,", x))
def _index(x: Any, most: int = MAX_INDEX, least: int = 0) -> int:
    return int(_wanted(type(x) is int and least <= x <= most, f"a whole number from {least} to {most}", x))
def _rational(x: Any) -> Fraction:
    top, slash, bottom = _text(x).partition("/")
    q = _integer(bottom) if slash else 1
    return Fraction(_integer(top), _wanted(q > 0, "a positive denominator", q))
def _text(x: Any) -> str: return str(_wanted(isinstance(x, str), "a text", x))
def _list(x: Any, least: int, most: int) -> list[Any]:
    return list(_wanted(isinstance(x, list) and least <= len(x) <= most, f"a list of {least} to {most} entries", x))
def _object(x: Any, keys: set[str]) -> dict[str, Any]:
    return dict(_wanted(isinstance(x, dict) and set(x) == keys, f"an object of the keys {', '.join(sorted(keys))}", x))
def _poly(x: Any, k: bool = False) -> Poly:
    """A polynomial in n as its coefficients, those of highest degree first, which are such lists in k if there is a k."""
    rows = [_list(row, 0, MAX_DEGREE + 1) if k else [row] for row in _list(x, 0, MAX_DEGREE + 1)]
    terms = (((i, j), _integer(e)) for i, row in enumerate(reversed(rows)) for j, e in enumerate(reversed(row)))
    return {e: c for e, c in terms if c}
def _quotient(x: Any, k: bool = False) -> Function:
    """A rational function of n, {"num": ..., "den": ...}, or of n and k, where "den" is the list of its factors."""
    parts = _object(x, {"num", "den"})
    factors = [_poly(factor, k) for factor in (_list(parts["den"], 0, MAX_DEGREE) if k else [parts["den"]])]
    _require(all(factors), "a division by zero")
    return Function(_poly(parts["num"], k), *factors)
def _shape(x: Any) -> Shape:
    """A fraction, {"a": a, "b": b}, or {"head": [[x, y], ...], "period": [[x, y] or [x, y, t], ...]}, x, t functions there."""
    if isinstance(x, dict) and "a" in x:
        return _pcf(*(Function(_poly(_object(x, {"a", "b"})[key])) for key in "ab"))
    head, period = (_list(_object(x, {"head", "period"})[key], int(key == "period"), 120) for key in ("head", "period"))
    one, entries = _constant(1), [_list(entry, 2, 2 + (len(period) > 1)) for entry in period]
    pairs = [(_constant(_rational(v)), _constant(_rational(w)), one) for v, w in (_list(pair, 2, 2) for pair in head)]
    rounds = [(_quotient(v), _constant(_rational(w)), _quotient(t[0]) if t else one) for v, w, *t in entries]
    return Shape(tuple(pairs), tuple(rounds))
# --- numbers
_DECIMAL = Context(prec=100)
def _rounded(x: Fraction) -> Fraction: return Fraction(round(x * 10**80), 10**80)
def _decimal(q: Fraction) -> Decimal: return _DECIMAL.divide(Decimal(q.numerator), Decimal(q.denominator))
def _summed(ratio: Callable[[int], Fraction]) -> Fraction:
    """Σ t(k), t(0) = 1, t(k) = t(k-1) ratio(k), where |ratio(k)| ≤ 0.9 from k = 500 on."""
    terms = accumulate(count(1), lambda t, k: _rounded(t * ratio(k)), initial=Fraction(1))
    return sum(takewhile(bool, islice(terms, 3000)), Fraction(0))
def _alternating(a: Callable[[int], Fraction]) -> Fraction:
    """Σ (-1)^k a(k) for the moments a(k) of a positive measure on [0, 1], a(0) = 1, with an error below 2/(3+√8)^100 (Cohen,
    Rodriguez Villegas and Zagier, Experimental Mathematics 9, 2000, Algorithm 1)."""
    n, d = 100, reduce(lambda t, _: (t[1], 6 * t[1] - t[0]), range(99), (1, 3))[1]
    b, c, total = Fraction(-1), Fraction(-d), Fraction(0)
    for k in range(n):
        c = b - c
        total += c * _rounded(a(k))
        b = b * (k + n) * (k - n) / (Fraction(2 * k + 1, 2) * (k + 1))
    return _rounded(total / d)
def _arctangent(q: Fraction) -> Fraction:
    """Euler's series for 0 < q ≤ 1, beyond it atan q = π/2 - atan 1/q."""
    if q > 1:
        return 2 * _arctangent(Fraction(1)) - _arctangent(1 / q)
    z = q * q / (1 + q * q)
    return z / q * _summed(lambda k: z * Fraction(2 * k, 2 * k + 1))
def _bessel(c: Fraction, z: Fraction) -> Fraction:
    """0F1(; c+1; z)/0F1(; c; z)."""
    top, bottom = (_summed(lambda k, e=e: z / (k * (e + k - 1))) for e in (c + 1, c))  # type: ignore[misc]
    _require(abs(bottom) > Fraction(1, 10**15), "the argument is too near to a zero of a Bessel function")
    return top / bottom
_NUMBERS: dict[str, Callable[..., Fraction]] = {
    "pi": lambda: 4 * _arctangent(Fraction(1)), "atan": _arctangent, "tan": lambda q: q * _bessel(Fraction(1, 2), -q * q / 4),
    "log": lambda q: Fraction(_decimal(q).ln(_DECIMAL)), "exp": lambda q: Fraction(_decimal(q).exp(_DECIMAL)),
    "sqrt": lambda q: Fraction(_decimal(q).sqrt(_DECIMAL)), "catalan": lambda: _NUMBERS["beta"](2),
    "zeta": lambda m: _alternating(lambda k: Fraction(1, (k + 1) ** int(m))) / (1 - Fraction(2, 2 ** int(m))),
    "beta": lambda m: _alternating(lambda k: Fraction(1, (2 * k + 1) ** int(m))),
    "besseli_ratio": lambda q, x: x / (2 * (q + 1)) * _bessel(q + 1, x * x / 4),
    "besselj_ratio": lambda q, x: x / (2 * (q + 1)) * _bessel(q + 1, -x * x / 4)}
@cache
def number(name: str) -> Fraction:
    """A constant that a theorem speaks of, by its name, to 60 digits, or decimals where it is small."""
    kind, _, parameters = name.rstrip(")").partition("(")
    return _NUMBERS[kind](*(Fraction(x) for x in parameters.split(",") if x))
_SAME: dict[str, tuple[str, Matrix]] = {"e": ("exp(1)", (1, 0, 0, 1)), "e^2": ("exp(2)", (1, 0, 0, 1)),
                                        "phi": ("sqrt(5)", (1, 1, 0, 2)), "pi^2": ("zeta(2)", (6, 0, 0, 1))}
"""Constants that are Möbius images of others, by definition, or as ζ(2) = π²/6 by Euler's theorem."""
# --- theorems that may be cited
def _log(q: Fraction) -> Value:
    """log q for q ≠ 1, by the logarithm of a number > 1 that is no power."""
    x, sign = (q, 1) if q > 1 else (1 / q, -1)
    roots = ((k, Fraction(*(round(e**(1 / k)) for e in x.as_integer_ratio()))) for k in range(50 * (x.numerator < 1e15), 1, -1))
    k, root = next(((k, root) for k, root in roots if root**k == x), (1, x))
    return Value(f"log({root})", (k * sign, 0, 0, 1))
def _atan(z: Fraction) -> Value: return Value("pi", (1, 0, 0, 4)) if z == 1 else Value(f"atan({z})")
def _zeta(m: Fraction, d: Fraction, s: Fraction) -> Value:
    if (d, s) == (Fraction(2), Fraction(-1)):
        return Value("catalan" if m == 2 else f"beta({m})")
    return Value(f"zeta({m})").under(1 if d == s else 1 - Fraction(1 if d == 2 else 2, 2 ** int(m)), 0, 0, 1)
def _bessel_value(c: Fraction, x: Fraction, s: Fraction) -> Value:
    if c != Fraction(1, 2):
        return Value(f"bessel{'i' if s > 0 else 'j'}_ratio({c - 1},{x})", (0, 1, 1, 0))
    return Value(f"exp({2 * x})", (1, 1, 1, -1)) if s > 0 else Value(f"tan({x})", (0, 1, 1, 0))
def _arctangent_root(y: Fraction) -> Value:
    """atan(√y)/√y, or artanh(√-y)/√-y for y < 0."""
    z = Fraction(isqrt(abs(y.numerator)), isqrt(y.denominator))
    if z * z == abs(y):
        return _atan(z).under(1, 0, 0, z) if y > 0 else _log((1 + z) / (1 - z)).under(1, 0, 0, 2 * z)
    _require(y in _SQUARES, "no name of this arctangent is known")
    return Value(f"L({_SQUARES[y][0]},1)").under(_SQUARES[y][1], 0, 0, 1)
_SQUARES: dict[Fraction, tuple[int, Fraction]] = {}
class Theorem(NamedTuple):
    statement: str  # docs/theorems.md names the sources
    hypothesis: Callable[..., bool]  # about rational parameters
    conclusion: Callable[..., Fact]
THEOREMS = {
    "exponential series": Theorem(
        "Σ z^k/k! = exp z; it is used for 0 < |z| ≤ 50, for z < 0 the value being named 1/exp -z.", lambda z: 0 < abs(z) <= 50,
        lambda z: Series(_constant(z) / N, Value(f"exp({abs(z)})", (1, 0, 0, 1) if z > 0 else (0, 1, 1, 0)))),
    "logarithmic series": Theorem(
        "Σ z^k/(k+1) = -log(1-z)/z for -1 ≤ z < 1, z ≠ 0.", lambda z: -1 <= z < 1 and z != 0,
        lambda z: Series(N * z / (N + 1), _log(1 - z).under(-1 / z, 0, 0, 1))),
    "odd series": Theorem(
        "Σ (-y)^k/(2k+1) = atan(√y)/√y for 0 < y ≤ 1, artanh(√-y)/√-y for -1 < y < 0: √±y is rational, or this is f L(D, 1).",
        lambda y: -1 < y <= 1 and y != 0, lambda y: Series((N * 2 - 1) * -y / (N * 2 + 1), _arctangent_root(y))),
    "euler arctangent series": Theorem(
        "Σ k!/(3/2)_k (y/(1+y))^k is 1 + y times the value of the odd series for y; it is used for -1/2 < y ≤ 10^6, y ≠ 0.",
        lambda y: -1 < 2 * y <= 2 * 10**6 and y != 0,
        lambda y: Series(N * 2 * (y / (1 + y)) / (N * 2 + 1), _arctangent_root(y).under(1 + y, 0, 0, 1))),
    "zeta series": Theorem(
        "Σ s^k/(dk+1)^m, m ≥ 2, is ζ(m) for d = s = 1, (1-2^-m) ζ(m) for d = 2, s = 1, (1-2^(1-m)) ζ(m) for d = 1, s = -1, "
        "β(m) for d = 2, s = -1; β(2) = G.", lambda m, d, s: m in range(2, 61) and d in (1, 2) and s in (1, -1),
        lambda m, d, s: Series((((N - 1) * d + 1) / (N * d + 1)) ** int(m) * s, _zeta(m, d, s))),
    "apery series": Theorem("ζ(3) = 5/2 Σ_{n≥1} (-1)^(n-1)/(n³ C(2n, n)): with t(0) = 1 the sum is 4ζ(3)/5.", lambda: True,
        lambda: Series(N**3 * -1 / ((N + 1) ** 2 * (N * 4 + 2)), Value("zeta(3)", (4, 0, 0, 5)))),
    "lambert fraction": Theorem(
        "PCF(2n+1, y n²) is √y/atan √y for 0 < y ≤ 10^6 and √-y/artanh √-y for -1 < y < 0, by names as in the odd series.",
        lambda y: -1 < y <= 10**6 and y != 0,
        lambda y: Continued(_pcf(N * 2 + 1, N * N * y), _arctangent_root(y).under(0, 1, 1, 0))),
    "bessel fraction": Theorem(
        "PCF(n+c, s x²/4) = (x/2) I_(c-1)(x)/I_c(x) for s = 1, with J for s = -1, 0 < c, x ≤ 100; (x/2) (exp 2x + 1)/(exp 2x - "
        "1) and (x/2) cot x for c = 1/2.", lambda c, x, s: 0 < c <= 100 and 0 < x <= 100 and s in (1, -1),
        lambda c, x, s: Continued(_pcf(N + c, _constant(x * x / 4 * s)), _bessel_value(c, x, s).under(x / 2, 0, 0, 1)))}
def seidel_stern(shape: Shape) -> None:
    """PCF(a, b) converges if a(n), b(n) > 0 from some n on and deg b ≤ 2 deg a + 2, for Σ √(a(n) a(n+1)/b(n+1)) = ∞ then
    (Seidel 1846, Stern 1848; Perron, Die Lehre von den Kettenbrüchen II, 1957).  Signs are looked for from n = 50 on."""
    a, b = shape.pair
    holds = a.sign(50) == b.sign(50) == 1 and max(b.top) <= (2 * max(a.top)[0] + 2, 0) and max(*a.bottom, *b.bottom) == (0, 0)
    _require(holds, "the elements are not positive polynomials, or deg b > 2 deg a + 2")
def worpitzky(shape: Shape) -> None:
    """PCF(a, b) converges, if not to infinity, when |b(n)| ≤ a(n) a(n-1)/4 from some n on (Worpitzky 1865; Lorentzen and
    Waadeland, Continued Fractions 1, 2008).  It is looked for from n = 49 on."""
    a, b = (f.shift(49) for f in shape.pair)
    _require(a.sign(0) != 0 and all((a.shift(1) * a - b * k).nonnegative(0) for k in (4, -4)), "b is not shown to be small")
def tietze(shape: Shape) -> None:
    """x_0 + s_0/(x_1 + s_1/(x_2 + ...)) converges if s_i = ±1 and the x_i, i ≥ 1, are integers with x_i ≥ 1, x_i + s_i ≥ 1
    (Tietze 1911; Perron, Die Lehre von den Kettenbrüchen I, 1954)."""
    for i, (x, y, t) in enumerate(shape.head + shape.period):
        sign, first = y.at(0) if y == _constant(y.at(0)) else 0, int(i == 0 and not shape.head)
        points = range(1 + max({(0, 0), *x.top, *t.top})[0])
        whole = all(max(f.bottom) == (0, 0) and f.at(m).denominator == 1 for f in (x, t) for m in points)
        once = t == _constant(1) or (bool(t.top) and t.nonnegative(0) and x == _constant(2) and sign == -1)
        large = (i == 0 and bool(shape.head)) or (x - (1 if sign == 1 else 2)).nonnegative(first)
        _require(sign in (1, -1) and whole and once and large, "a sign, quotient or number of pairs (2, -1) is not allowed")
# --- rules: facts from facts
def _decay(ratio: Function) -> Fraction | None:
    """σ with |t(k)| ~ C k^-σ where |ratio| tends to 1; None where it tends to less; reject others."""
    x, y = (max(p, default=(0, 0))[0] for p in (ratio.top, ratio.bottom))
    c, d = ratio.top.get((x, 0), 0), ratio.bottom.get((y, 0), 0)
    _require(x < y or (x == y and abs(c) <= abs(d)), "terms are not shown to tend to 0")
    second = Fraction(ratio.bottom.get((y - 1, 0), 0), d) - Fraction(ratio.top.get((x - 1, 0), 0), c or 1)
    return second if x == y and abs(c) == abs(d) else None
def telescope(series: Series, shift: int, ratio: Univariate, rho: Univariate, g: Univariate, c: Fraction) -> Fact:
    """Let S be the ratio of s, t(k) = ρ(k) s(k+m), ρ(k) = c + g(k+1) S(k+m+1) - g(k).  Then Σ t(k) = c Σ s(k+m) - g(0) s(m).
    For ρ(k) S(k+m) = R(k) ρ(k-1) makes R the ratio of t, ρ(0) s(m) = 1 its first term 1, and the sum to N telescopes up to
    g(N) s(N+m), which tends to 0: S tends to less than 1 in absolute value, or s(k) ~ k^-σ with σ > deg g.  ρ, g have no
    poles at k ≥ 0, R none at k ≥ 1."""
    for f, first, what in ((rho, 0, "rho"), (g, 0, "g"), (ratio, 1, "the ratio")):
        f.regular(first, what, zeros=True)
    moved, sigma = series.ratio.shift(shift), _decay(series.ratio)
    _require(shift >= 0 and rho * moved == ratio * rho.shift(-1), "the two series are not related by rho")
    _require(rho == g.shift(1) * moved.shift(1) - g + c, "the telescoping identity does not hold")
    _require(sigma is None or not g.top or max(g.top)[0] - max(g.bottom)[0] < sigma, "the boundary term does not tend to 0")
    ratios = map(series.ratio.at, range(1, shift + 1))
    terms = list(accumulate(ratios, lambda x, y: _metered(x * y), initial=Fraction(1)))
    _require(rho.at(0) * terms[-1] == 1, "the first term is not 1")
    return Series(ratio, series.value.under(c, -c * sum(terms[:-1]) - g.at(0) * terms[-1], 0, 1))
def group(series: Series) -> Fact:
    """Σ t(k) = Σ (t(2k) + t(2k+1)), with t(2k) + t(2k+1) = t(2k) (1 + S(2k+1)) for the ratio S of t, without poles at k ≥ 1."""
    pair, even = series.ratio.put(_line(2, 1)) + 1, series.ratio.put(_line(2, 0)) * series.ratio.put(_line(2, -1))
    ratio = even * pair / pair.shift(-1)
    ratio.regular(1, "the ratio", zeros=True)
    return Series(ratio, series.value.under(1, 0, 0, pair.at(0)))
def euler(series: Series, a: Polynomial, b: Polynomial, h1: Univariate, h2: Univariate, f: Polynomial) -> Fact:
    """If b = -h1 h2, f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1), f(k) ≠ 0 (k ≥ 0) and h2(k) ≠ 0 (k ≥ 1), the convergents of
    PCF(a, b) are a(0) + w (1/T_N - 1), w = f(1) h2(1)/f(0), T_N the partial sums of the series of ratio h1(k) f(k-1)/(h2(k+1)
    f(k+1)) (Euler 1748; by induction on N).  So the fraction converges to the image of the sum, when that is not 0."""
    f.regular(0, "f")
    h2.regular(1, "h2")
    _require(b == h1 * h2 * -1, "b is not -h1 h2")
    _require(f * a == f.shift(-1) * h1 + f.shift(1) * h2.shift(1), "f(n) a(n) is not f(n-1) h1(n) + f(n+1) h2(n+1)")
    _require(series.ratio == (h1 * f.shift(-1)) / (h2.shift(1) * f.shift(1)), "the series is not that of the fraction")
    series.value.under(0, 1, 1, 0).finite()
    w = f.at(1) * h2.at(1) / f.at(0)
    return Continued(_pcf(a, b), series.value.under(a.at(0) - w, w, 1, 0))
def shift(fraction: Continued, by: int) -> Fact:
    """PCF(a, b) converges to x if and only if its tail PCF(a(n+s), b(n+s)) converges to y, x being the image of y under the
    maps y -> a(k) + b(k+1)/y, k = s-1, ..., 0, when b(k) ≠ 0 for 1 ≤ k ≤ s and both are finite: from PCF(a, b) to the tail
    for s = ``by`` > 0, from the tail to PCF(a, b) for s = -``by`` > 0."""
    x, y = (f.shift(min(by, 0)) for f in fraction.shape.pair)
    p, q, r, s = Fraction(1), Fraction(0), Fraction(0), Fraction(1)
    for k in range(abs(by)):
        p, q, r, s = map(_metered, _product((p, q, r, s), (x.at(k), y.at(k), 1, 0)))
    value = fraction.value.under(*((p, q, r, s) if by < 0 else (s, -q, -r, p))).finite()
    return Continued(_pcf(x.shift(max(by, 0)), y.shift(max(by, 0) - 1)), value)
def conjugate(a: Polynomial, b: Polynomial, t: Univariate, s: Univariate, d: Fraction) -> Fact:
    """Let r = t + s √d, r' = t - s √d, d > 0 an integer and no square, solve r(n) r(n-1) = a(n) r(n-1) + b(n), t² - d s² be
    without zeros or poles at n ≥ 0, s/t > 0 from some n on and like n^-1, 1 or n.  By induction p(n) - x q(n) = r'(0)...r'(n)
    and p(n) - x' q(n) = r(0)...r(n) for x = a(0) - r'(0), x' = a(0) - r(0).  The product of r'/r is 0: PCF(a, b) = x."""
    _require(d > 0 and d.denominator == 1 and isqrt(int(d)) ** 2 != d, "d is a square")
    before, other, y = t.shift(-1), s.shift(-1), s / t
    _require(t * before + s * other * d == a * before + b and t * other + s * before == a * other, "r is no solution")
    (t * t - s * s * d).regular(0, "the norm of r")
    _require(y.sign(50) == 1 and abs(max(y.top)[0] - max(y.bottom)[0]) <= 1, "the product of r'/r is not shown to be 0")
    return Continued(_pcf(a, b), Value(f"sqrt({d})").under(s.at(0), a.at(0) - t.at(0), 0, 1))
def _growing(a: Function, b: Function, r: Function, first: int, start: int) -> None:
    """Reject unless q(n) ≥ r(n) q(n-1) > 0, up to a common sign, is proved for all n ≥ start, where q(first) = 1, q(first-1)
    = 0 and q(n) = a(n) q(n-1) + b(n) q(n-2): by induction, as q(n)/q(n-1) = a(n) + b(n) q(n-2)/q(n-1)."""
    before, now = Fraction(0), Fraction(1)
    for n in range(first + 1, start + 1):
        before, now = now, _metered(a.at(n) * now + b.at(n) * before)
    held = now * before > 0 and now / before >= r.at(start) and r.sign(start) == 1
    sign = b.sign(start + 1)
    step = a - r if sign == 1 else (a - r) * r.shift(-1) + b
    _require(held and sign != 0 and step.nonnegative(start + 1), "the growth of the denominators is not shown")
def coboundary(fraction: Continued, target: Shape, u: Matrix, factor: Univariate, fold: int, steps: int,
               growth: Univariate, start: int, converges: str) -> Fact:
    """Let T(m), N(m) be the products of ``fold`` periods of [[x, y], [1, 0]] of the target after its head, and of ``steps``
    of those of PCF(a, b) = y, T(m) U(m+1) = λ(m) U(m) N(m), det U and λ without zeros or poles at m ≥ 0.  Then what follows
    the head of the target converges to the image of y under U(0), when the whole is finite.
    For T(0)...T(m-1) ~ U(0) N(0)...N(m-1) U(m)^-1, so the convergents of the target at the ends of these products are images
    under U(0) of (v p(j) + w p(j-1))/(v q(j) + w q(j-1)), v = u22(m), w = -u21(m) b(j+1), j = steps m - 1.  These tend to y if
    v or w is 0, or if v > 0 and q(j) ≥ r(j) q(j-1) > 0 and w ≥ 0 or v r + w ≥ -w/1000, for then they are means, of bounded
    weights, of two convergents, or if v r + w > 0 and |b(n)| ≤ 0.9 r(n) r(n-1), for then the weights grow like powers of n
    at most, and the differences of the convergents fall like 0.9^n.  That the others between converge is cited."""
    _require(fold > 0 and steps > 0, "no steps are taken")
    (u[0] * u[3] - u[1] * u[2]).regular(0, "det U")
    factor.regular(0, "lambda")
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
        small = (growth * growth.shift(-1) * Fraction(9, 10) + b.shift(-1) * e for e in (1, -1))
        mean = mean or ((v * r + w).sign(start + 1) == 1 and all(f.nonnegative(start + 1) for f in small))
        _require(sign != 0 and mean, "the weights of U are not shown to be bounded")
    _require(converges in _CONVERGENCE or (not converges and fold * len(target.period) == 1), "the target may not converge")
    _CONVERGENCE.get(converges, lambda _: None)(target)
    value = fraction.value.under(*(f.at(0) for f in u))
    for x, y, _ in reversed(target.head):
        value = value.under(x.at(0), y.at(0), 1, 0)
    return Continued(target, value.finite())
def recurrence(first: Series, second: Series, a: Polynomial, b: Polynomial, across: Bivariate, along: Bivariate,
               certificate: Bivariate, bound: Univariate, growth: Univariate, start: int) -> Fact:
    """Let F(0, 0) = 1, F(n, k)/F(n-1, k) = X(n, k), F(n, k)/F(n, k-1) = K(n, k), and for n ≥ 2 (Zeilberger 1990), divided by
    F(n-2, k), F(n, k) - a(n) F(n-1, k) - b(n) F(n-2, k) = G(n, k+1) - G(n, k), G(n, k) = C(n, k) F(n-2, k), C(n, 0) = 0.
    If G(n, k) -> 0 for k -> ∞, m(n) = Σ F(n, k) solves m(n) = a(n) m(n-1) + b(n) m(n-2).  So do q, q(0) = 0, q(1) = 1, and
    the numerators p of PCF(a(n+1), b(n+1)), for which m(n) = m(0) p(n) + (m(1) - a(1) m(0)) q(n); if m(n)/q(n) -> 0 and m(0)
    ≠ 0 it converges to a(1) - m(1)/m(0) (Pincherle 1894).  For n ≥ start |X(n, k)| ≤ μ(n), q(n) ≥ r(n) q(n-1), and the
    product of the μ/r is 0."""
    _require(all((_sign(across.bottom, 1), _sign(along.bottom, 0, 1), _sign(certificate.bottom, 2))), "there may be a pole")
    before, zero, one = across.shift(-1), along.put({}, _line(1, 0)), along.put(_line(0, 1), _line(1, 0))
    _require(across * along.shift(-1) == along * across.shift(0, -1), "the two quotients of F do not belong together")
    rest = certificate.shift(0, 1) * along.shift(-2, 1) - certificate
    _require((across - a) * before - b == rest, "the Zeilberger identity does not hold")
    _require(all(j for _, j in certificate.top), "C(n, 0) is not 0")
    _vanishing(along, certificate)
    _require(first.ratio == zero and second.ratio == one, "the series are not those of F(0, k) and F(1, k)")
    bounded = start >= 2 and (bound - across).nonnegative(start) and (bound + across).nonnegative(start)
    _require(bounded, "the bound on F(n, k)/F(n-1, k) is not shown")
    _growing(a, b, growth, 1, start)
    _require((sigma := _decay(bound / growth)) is None or sigma > 0, "m/q is not shown to tend to 0")
    (p, q, c, d), (s, t, e, f) = first.value.matrix, second.value.matrix
    _require(c == e == 0 and first.value.constant == second.value.constant, "the sums are not linear in one constant")
    first.value.under(0, 1, 1, 0).finite()
    x = across.put(_line(0, 1)).at(0)
    value = Value(first.value.constant).under(x * d * s, x * d * t, f * p, f * q).under(-1, a.at(1), 0, 1)
    return Continued(_pcf(a.shift(1), b.shift(1)), value)
def _vanishing(along: Function, certificate: Function) -> None:
    """Reject unless, for n ≥ 0, Σ F(n, k) converges absolutely and C(n+2, k) F(n, k) -> 0 for k -> ∞: |K| tends to less than
    1, or F(n, k) ~ k^-σ(n) with σ(n) > 1 and σ(n) > deg C."""
    x, y, s, t = ([Function({(i, 0): c for (i, e), c in p.items() if e == j})
                   for j in range(max((j for _, j in p), default=0), -1, -1)]
                  for f in (along, certificate) for p in (f.top, f.bottom))
    _require(y[0].sign(0) != 0 and t[0].sign(2) != 0 and len(x) <= len(y), "the terms are not shown to tend to 0")
    if len(x) == len(y) and not (y[0] - x[0]).sign(0) == (y[0] + x[0]).sign(0) == y[0].sign(0):
        _require(len(x) > 1 and (x[0] == y[0] or x[0] == y[0] * -1), "the terms are not shown to tend to 0")
        _require((y[1] / y[0] - x[1] / x[0] - max(1, len(s) - len(t))).sign(0) == 1, "the terms tend to 0 too slowly")
_RULES: dict[str, Any] = {f.__name__: f for f in (telescope, group, euler, shift, conjugate, coboundary, recurrence)}
_CONVERGENCE: dict[str, Callable[[Shape], None]] = {"seidel stern": seidel_stern, "worpitzky": worpitzky, "tietze": tietze}
# --- the whole
_READ: dict[str, Callable[[Any], Any]] = {
    "int": lambda x: _index(x, MAX_INDEX, -MAX_INDEX), "str": _text, "Fraction": _rational, "Shape": _shape,
    "Polynomial": lambda x: Function(_poly(x)), "Univariate": _quotient, "Bivariate": lambda x: _quotient(x, True),
    "Matrix": lambda x: tuple(Function(_poly(e)) for e in _list(x, 4, 4))}
"""How the data of a rule are read, by the types of its parameters; those of other types are facts."""
class Verdict(NamedTuple):
    """The theorems that an accepted proof rests on, and the digits to which the claim was compared."""
    theorems: tuple[str, ...]
    digits: int
def derive(step: object, facts: list[Fact], cited: set[str], spent: int = 0) -> Fact:
    """The fact that a step yields from the facts before it; theorems that it cites are added; ``spent`` is work before it."""
    _SPENT[0] = spent
    data = dict(step) if isinstance(step, dict) else {}
    rule = _text(data.pop("rule", None))
    if rule == "theorem":
        name = _text(data.pop("name", None))
        _require(name in THEOREMS, f"no theorem is called {name[:40]!r} here (some are in special_functions.py)")
        cited.add(name)
        theorem = THEOREMS[name]
        read: dict[str, Any] = _object(data, set(theorem.hypothesis.__code__.co_varnames))
        read = {key: facts[_index(x, len(facts) - 1)] if key == "series" else _rational(x) for key, x in read.items()}
        _require("series" not in read or isinstance(read["series"], Series), "a fact is of another kind")
        _require(theorem.hypothesis(**read), "the theorem is not for these parameters")
        return theorem.conclusion(**read)
    _require(rule in _RULES, f"no rule is called {rule[:40]!r} here")
    kinds = {key: kind for key, kind in _RULES[rule].__annotations__.items() if key != "return"}
    read = {key: _READ.get(kinds[key], _index)(x) for key, x in _object(data, set(kinds)).items()}
    for key in (key for key in read if kinds[key] not in _READ):
        read[key] = facts[_index(read[key], len(facts) - 1)]
        _require(type(read[key]).__name__ == kinds[key], "a fact is of another kind")
    cited.update({read["converges"]} if read.get("converges") else ())
    return _RULES[rule](**read)
def _compared(claim: Continued) -> int:
    """The digits to which the 384th convergent, or what Wynn's algorithm makes of slow ones, agrees with the number claimed."""
    (p, p0, q, q0), kept = (Fraction(1), Fraction(0), Fraction(0), Fraction(1)), list[Fraction]()
    rounds = ((x.at(m), y.at(m)) for m in count() for x, y, t in claim.shape.period for _ in range(int(t.at(m))))
    pairs = chain(((x.at(0), y.at(0)) for x, y, _ in claim.shape.head), rounds)
    for n, (x, y) in enumerate(islice(pairs, 400)):
        p, p0, q, q0 = _metered(x * p + p0), y * p, x * q + q0, y * q
        _require(y != 0, f"b vanishes at {n + 1}: the fraction ends")
        if n - 1 >= 6 << len(kept) and q * q0 != 0:
            kept.append(_rounded(p / q + p0 / q0) / 2)
    _require(len(kept) == 7, "the convergents are not defined")
    value, below, limits = claim.value.number(), [Fraction(0)] * 7, kept
    while len(limits) > 1 and all(x != y for x, y in pairwise(limits)):
        below, limits = limits, [c + 1 / (y - x) for c, (x, y) in zip(below[1:], pairwise(limits), strict=False)]
    raw, best, moved = (abs(x - y) / max(abs(value), Fraction(1, 10**6)) for x, y in
                        ((kept[-1], value), (limits[-1], value), (kept[-1], kept[-2])))
    digits = next(d for d in range(60) if (raw if moved * 10**30 < 1 else min(raw, best)) * 10 ** (d + 1) >= 1 or d == 55)
    # What the last 192 terms moved is about the error before them, and the error now is a few times that at the most.
    enough = digits >= (30 if moved * 10**30 < 1 else 3) and raw <= 20 * moved + Fraction(1, 10**50)
    _require(enough, f"fraction and claimed number agree to {digits} digits only")
    return digits
def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(_wanted(len(dict(pairs)) == len(pairs), "an object without a key twice", pairs))
def check(text: str) -> Verdict:
    """Check a certificate; raises :class:`Rejected` if it proves nothing, :class:`NotACertificate` if it is none."""
    _SPENT[0] = 0
    _wanted(len(text) <= MAX_BYTES, f"a text of at most {MAX_BYTES:,} characters")
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise NotACertificate(f"not JSON: {str(error)[:100]}") from None
    whole = _object(data, {"format", "version", "claim", "steps", "theorems"})
    _wanted(whole["format"] == FORMAT and _index(whole["version"], 9**9) == VERSION, f"a {FORMAT} of version {VERSION}")
    claim = _object(whole["claim"], {"fraction", "constant", "matrix"})
    name = _text(claim["constant"])
    matrix = [_integer(e) for row in _list(claim["matrix"], 2, 2) for e in _list(row, 2, 2)]
    known = {f"tanh({x})": (f"exp({2 * x})", (1, -1, 1, 1)) for x in [_rational(name[5:-1])]} if name[:5] == "tanh(" else _SAME
    wanted = Continued(_shape(claim["fraction"]), Value(*known.get(name, (name, (1, 0, 0, 1)))).under(*matrix))
    _wanted(all(max(f.bottom) == (0, 0) for entry in wanted.shape.period for f in entry), "a fraction of polynomials")
    facts, cited = list[Fact](), {"zeta(2) = pi^2/6"} if name == "pi^2" else set[str]()
    for place, step in enumerate(_list(whole["steps"], 1, MAX_STEPS), 1):
        try:
            facts.append(derive(step, facts, cited, _SPENT[0]))
        except Rejected as error:
            error.step = place
            raise
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
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for path in paths:
        try:
            verdict = check_file(path)
            print(f"{path}: accepted; {verdict.digits} digits agree; rests on {', '.join(verdict.theorems)}")
        except Rejected as error:
            codes.append(1)
            print(f"{path}: rejected at {f'step {error.step}' if error.step else 'the claim'}: {error}")
        except NotACertificate as error:
            print(f"{path}: not a certificate: {error}")
            codes.append(2)
    return max(codes)
_MORE = Path(__file__).with_name("special_functions.py")  # Its theorems are added, when that file stands beside this one.
if _MORE.exists() and (_found := spec_from_file_location("special_functions", _MORE)) and _found.loader:
    _found.loader.exec_module(_module := module_from_spec(_found))
    _module.install(sys.modules[__name__])
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
