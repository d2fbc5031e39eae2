"""Theorems about special functions that certificates may cite, for the checker; this file needs nothing but Python >= 3.11.

The checker reads it when it stands beside ``checker.py``, wherever the two are copied to; without it the checker knows only
its own theorems, and a certificate that cites one of these is rejected.  As there, statements have their sources in
docs/theorems.md, and what a certificate claims by them is compared with numbers that are computed in another way.
"""

from __future__ import annotations

# fmt: off
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from typing import Any

__all__ = ["install"]

C: Any = None
"""The checker's module."""

def install(checker: Any) -> None:
    """Add the theorems, the numbers that they speak of, and names of arctangents, to those of the checker's module."""
    globals()["C"] = checker
    checker.THEOREMS.update({name: checker.Theorem(*parts) for name, parts in _THEOREMS.items()})
    checker._NUMBERS.update(_NUMBERS)
    checker._SQUARES.update(_SQUARES)

# --- numbers, to 60 decimals
def _gauss() -> Fraction:
    """1/agm(1, √2)."""
    x, y = Decimal(1), C._DECIMAL.sqrt(Decimal(2))
    for _ in range(8):
        x, y = C._DECIMAL.divide(C._DECIMAL.add(x, y), Decimal(2)), C._DECIMAL.sqrt(C._DECIMAL.multiply(x, y))
    return 1 / Fraction(x)
def _dirichlet(d: Fraction, m: Fraction) -> Fraction:
    """L(d, 1) = 2 log ε/√d, ε = (t + √d)/2 for the least t; L(-3, 1) = π/√27 (Dirichlet's formula, of class number 1); and
    (1 + 2^(1-m)) L(-3, m) = Σ (-1)^j (1/(3j+1)^m + 1/(3j+2)^m)."""
    if m != 1:
        C._require(d == -3 and m > 1, "the number has no name here")
        half = 1 + Fraction(1, 2 ** int(m))
        terms = C._alternating(lambda j: (Fraction(1, (3 * j + 1) ** int(m)) + Fraction(1, (3 * j + 2) ** int(m))) / half)
        return half * Fraction(terms) / (2 * half - 1)
    root = C._NUMBERS["sqrt"](abs(d))
    return C._NUMBERS["pi"]() / 3 / root if d < 0 else 2 * C._NUMBERS["log"](({5: 1, 8: 2, 12: 4}[int(d)] + root) / 2) / root
_GAMMA = Fraction("0.57721566490153286060651209008240243104215933593992359880576723488486772677766467")
_NUMBERS: dict[str, Callable[..., Fraction]] = {
    "cbrt": lambda q: C._NUMBERS["exp"](C._NUMBERS["log"](q) / 3), "L": _dirichlet,
    "gauss": _gauss, "lemniscate": lambda: C._NUMBERS["pi"]() * _gauss(),
    "gompertz": lambda: C._NUMBERS["exp"](Fraction(1)) * (C._summed(lambda k: Fraction(-k, (k + 1) ** 2)) - _GAMMA),
    "mills": lambda x: (C._NUMBERS["exp"](x * x / 2) * C._NUMBERS["sqrt"](C._NUMBERS["pi"]() / 2)
                        - x * C._summed(lambda k: x * x / (2 * k + 1))),
}

# --- values
def _power(x: Fraction, e: Fraction) -> Any:
    """x^e, x > 0, by √D without a square in D, or the smaller of two such cube roots; reject what is rational."""
    whole, q = e.numerator // e.denominator, e.denominator
    y = x ** (e.numerator - whole * q)
    m = y.numerator * y.denominator ** (q - 1)
    C._require(m <= 10**8, "a root is of too large a number")
    s = next(k for k in range(round(m ** (1 / q)) + 1, 0, -1) if m % k**q == 0)
    m, scale = m // s**q, x**whole * s / y.denominator
    C._require(m > 1, "a root is rational")
    v = 1 if q == 2 else next(k for k in range(isqrt(m), 0, -1) if m % (k * k) == 0)
    u = m // (v * v)
    if v > u:
        return C.Value(f"cbrt({u * u * v})", (0, u * v, 1, 0)).under(scale, 0, 0, 1)
    return C.Value(f"{'sqrt' if q == 2 else 'cbrt'}({m})").under(scale, 0, 0, 1)
_SQUARES = {Fraction(y): (d, Fraction(f)) for y, d, f in (
    ("3", -3, 1), ("1/3", -3, "3/2"), ("-1/5", 5, "5/2"), ("-5/9", 5, 3), ("-4/5", 5, "15/4"), ("-45/49", 5, "14/3"),
    ("-1/2", 8, 2), ("-8/9", 8, 3), ("-1/3", 12, "3/2"), ("-3/4", 12, 2))}
"""y with tan or tanh (j θ) = √±y, θ = π/6 or log ε, ε the unit of Q(√D): the value of the above is f L(D, 1)."""
def _pole(x: Fraction) -> bool:
    return x.denominator == 1 and x <= 0
def _hypergeometric(series: Any, b: Fraction, c: Fraction, z: Fraction) -> Any:
    """2F1(1, b; c; z), c not 0, -1, ..., z < 1, from its own series or, by Pfaff's transformation, that of z/(z-1)."""
    own = series.ratio == (C.N + (b - 1)) * z / (C.N + (c - 1))
    other = (C.N + (c - b - 1)) * (z / (z - 1)) / (C.N + (c - 1))
    C._require(own or series.ratio == other, "the series is not that of the fraction")
    return series.value if own else series.value.under(1, 0, 0, 1 - z)
def _kummer(q: Fraction, x: Fraction, i: Fraction) -> Any:
    """A F/F', by z F'' = (z-c) F' + A F and A F(A+1) = z F' + A F."""
    value, a = C.Value(f"besseli_ratio({q},{abs(x)})").under(1 if x > 0 else -1, 1, 0, 2), q + Fraction(1, 2)
    for _ in range(abs(int(i))):
        e = a - (i < 0)
        m = 2 * x - 2 * q + e, e, 2 * x, e
        value, a = (value.under(*m), a + 1) if i > 0 else (value.under(m[3], -m[1], -m[2], m[0]), e)
    return value.under(0, a, 1, 0)
def _tricomi(b: Fraction, x: Fraction) -> Any:
    s, z = (Fraction(0), x) if b.denominator == 1 else (Fraction(-1, 2), x * x / 2)
    value = C.Value("gompertz") if s == 0 else C.Value(f"mills({x})").under(2, 0, 0, x)
    while s != b:
        value, s = (value.under(-z, 1, 0, s + 1), s + 1) if s < b else (value.under(-s, 1, 0, z), s - 1)
    return value.under(0, 1, 1, 0)
def _difference(d: Fraction, m: Fraction) -> Any:
    """1/(dn+1)^m - 1/(dn+d-1)^m."""
    below, above = (C.N * d + 1) ** int(m), (C.N * d + (d - 1)) ** int(m)
    return (above - below) / (above * below)
def _of_character(d: Fraction, m: Fraction) -> Any:
    if d == 4:
        return C.Value("pi", (1, 0, 0, 4)) if m == 1 else C._zeta(m, Fraction(2), Fraction(-1))
    return C.Value(f"L(-3,{m})").under(1 if d == 3 else 1 + Fraction(1, 2 ** int(m)), 0, 0, 1)
_SINES = {Fraction(1, 4): 36, Fraction(1, 2): 16, Fraction(3, 4): 9, Fraction(1): 4}

# --- theorems: statement, hypothesis about rational parameters, conclusion
_THEOREMS: dict[str, tuple[str, Callable[..., bool], Callable[..., Any]]] = {
    "squared arcsine series": (
        "Σ (k!)²/((3/2)_k (2)_k) w^k = θ²/w, w = sin² θ, for θ = π/6, π/4, π/3, π/2; π² = 6 ζ(2).", lambda w: w in _SINES,
        lambda w: C.Series(C.N * C.N * 2 * w / ((C.N + 1) * (C.N * 2 + 1)), C.Value("zeta(2)").under(6, 0, 0, _SINES[w] * w))),
    "central binomial series": (
        "Σ_{k≥1} C(2k, k) (z/4)^k/k = 2 log(2/(1+r)), z = 1-r², 0 ≤ r < 1: with t(0) = 1 it is 2/z times that.",
        lambda r: 0 <= r < 1, lambda r: C.Series(C.N * (C.N * 2 + 1) * ((1 - r * r) / 2) / (C.N + 1) ** 2,
                                               C._log(2 / (1 + r)).under(4, 0, 0, 1 - r * r))),
    "gauss series": (
        "Σ ((-1/2)_k/k!)² = 4/π.", lambda: True,
        lambda: C.Series((C.N * 2 - 3) ** 2 / (C.N * C.N * 4), C.Value("pi", (0, 4, 1, 0)))),
    "dirichlet series": (
        "Σ (1/(dk+1)^m - 1/(dk+d-1)^m), m = 1, 2, ..., is L(-3, m) for d = 3, β(m) for d = 4, β(1) = π/4, and (1 + 2^-m) L(-3, "
        "m) for d = 6; with t(0) = 1 it is 1/(1 - (d-1)^-m) times that.", lambda d, m: d in (3, 4, 6) and m in range(1, 21),
        lambda d, m: C.Series(_difference(d, m) / _difference(d, m).shift(-1),
                              _of_character(d, m).under(1, 0, 0, 1 - 1 / (d - 1) ** int(m)))),
    "binomial series": (
        "Σ (p)_k/k! z^k = (1-z)^-p for 0 < |z| < 1, and for z = -1, p < 1; p a half or third of an integer, |p| ≤ 60.",
        lambda p, z: p.denominator in (2, 3) and abs(p) <= 60 and (0 < abs(z) < 1 or (z == -1 and p < 1)),
        lambda p, z: C.Series((C.N + (p - 1)) * z / C.N, _power(1 - z, -p))),
    "gauss second series": (
        "Σ (b)_k/(b/2+1)_k 2^-k = √π Γ(b/2+1)/Γ((b+1)/2) is ϖ/2 for b = 1/2, 1/(2G) for b = -1/2, G = ϖ/π.",
        lambda b: abs(b) * 2 == 1, lambda b: C.Series(
            (C.N + (b - 1)) / (C.N * 2 + b),
            C.Value("lemniscate").under(1, 0, 0, 2) if b > 0 else C.Value("gauss").under(0, 1, 2, 0))),
    "gauss fraction": (
        "PCF((1-2z)n + c - (b+1)z, z(1-z)n(n+b)) = c/2F1(1, b+1; c+1; z) for z < 1/2, or z = 1/2, 2c > b+1; z ≠ 0; b+1, c not "
        "0, -1, ...; 2F1 is Σ (b+1)_k/(c+1)_k z^k or Σ (c-b)_k/(c+1)_k w^k/(1-z), w = z/(z-1), where the series converges.",
        lambda series, b, c, z: z != 0 and (2 * z < 1 or (2 * z == 1 and 2 * c > b + 1)) and not _pole(b + 1) and not _pole(c),
        lambda series, b, c, z: C.Continued(C._pcf(C.N * (1 - 2 * z) + (c - (b + 1) * z), C.N * (C.N + b) * (z * (1 - z))),
                                          _hypergeometric(series, b + 1, c + 1, z).under(0, c, 1, 0).finite())),
    "quadratic gauss fraction": (
        "PCF(2n+b+1, y n(n+b)) = (b+1)/2F1(1, 1/2; (b+3)/2; -y) for y > -1, y ≠ 0, b not -1, -2, ...; 2F1 is as above.",
        lambda series, b, y: y > -1 and y != 0 and not _pole(b + 1), lambda series, b, y: C.Continued(
            C._pcf(C.N * 2 + (b + 1), C.N * (C.N + b) * y),
            _hypergeometric(series, Fraction(1, 2), (b + 3) / 2, -y).under(0, b + 1, 1, 0).finite())),
    "laguerre fraction": (
        "PCF(2n+1, r²(p²-n²)) = p r (w+1)/(w-1), w = ((1+r)/(1-r))^p, for 0 < r < 1, and p > 0 as for binomial series.",
        lambda p, r: 0 < r < 1 and 0 < p <= 60 and p.denominator in (2, 3), lambda p, r: C.Continued(
            C._pcf(C.N * 2 + 1, (C.N * C.N - p * p) * (-r * r)), _power((1 + r) / (1 - r), p).under(p * r, p * r, 1, -1))),
    "kummer fraction": (
        "PCF(n + 2q + 1 - 2x, 2x(n+A)), A = q + 1/2 + i, i an integer, q ≥ 0, A no integer, 0 < |x| ≤ 50, is A F/F' for F = "
        "1F1(A; 2q+1; 2x): F'/F = (1 + I_(q+1)(x)/I_q(x))/2 for i = 0, and relations of contiguous functions give the others.",
        lambda q, x, i: 0 <= q <= 100 and (2 * q + 1) % 2 != 0 and i.denominator == 1 and abs(i) <= 30 and 0 < abs(x) <= 50,
        lambda q, x, i: C.Continued(
            C._pcf(C.N + (2 * q + 1 - 2 * x), (C.N + (q + i + Fraction(1, 2))) * (2 * x)), _kummer(q, x, i))),
    "laplace fraction": (
        "PCF(x, n) = 1/M(x) for Mills' ratio M(x) = exp(x²/2) ∫ exp(-t²/2) dt, t > x; 0 < x ≤ 8.", lambda x: 0 < x <= 8,
        lambda x: C.Continued(C._pcf(C._constant(x), C.N), C.Value(f"mills({x})", (0, 1, 1, 0)))),
    "tricomi fraction": (
        "PCF(2n + b + 1 + z, -n(n+b)) = 1/U(b), U(b) = exp(z) z^b Γ(-b, z), b U(b) = 1 - z U(b-1): for b = 0, 1, ..., z = x = "
        "1, U(0) being Gompertz's constant, and for a half b of an odd integer, z = x²/2, 0 < x ≤ 8, U(-1/2) being 2 M(x)/x.",
        lambda b, x: abs(b) <= 30 and ((b.denominator == 1 and b >= 0 and x == 1) or (b.denominator == 2 and 0 < x <= 8)),
        lambda b, x: C.Continued(C._pcf(C.N * 2 + (b + 1 + (x if b.denominator == 1 else x * x / 2)), C.N * (C.N + b) * -1),
                               _tricomi(b, x))),
}
