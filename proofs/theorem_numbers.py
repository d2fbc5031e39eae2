"""The theorems that certificates may cite, in numbers: what mpmath's functions say, and what the series or fraction sums to.

Each has the hypothesis, the ratio of the series (or a, b of the fraction) as a function of n, the closed form, and the sum by
another way than the closed form.  All numeric, at the working precision of mpmath.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mp, mpf

from constants_lab.errors import InputError

__all__ = ["THEOREM_NUMBERS", "TheoremNumbers", "named_number", "same"]

_MOST_TERMS = 12_800
"""Of a fraction: enough for 40 digits, but where parameters make the convergence slow."""


@dataclass(frozen=True)
class TheoremNumbers:
    """A theorem: ``about`` gives a ratio or the pair a, b; ``summed`` a number and a bound on what is left out."""

    admits: Callable[..., bool]
    about: Callable[..., Any]
    closed: Callable[..., Any]
    summed: Callable[..., tuple[Any, Any]]
    series: Callable[..., Any] | None = None
    """For the fraction by a known series: the ratios that it may have, each with the product of its sum and the fraction."""


def same(x: Any, y: Any, digits: int) -> bool:
    """Whether two finite numbers agree to so many digits."""
    return bool(mpmath.isfinite(x) and mpmath.isfinite(y) and abs(x - y) <= mpf(10) ** -digits * max(abs(x), abs(y)))


# --- numbers by their names

_CHARACTERS = {
    -3: [0, 1, -1],
    5: [0, 1, -1, -1, 1],
    8: [0, 1, 0, -1, 0, -1, 0, 1],
    12: [0, 1, 0, 0, 0, -1, 0, -1, 0, 0, 0, 1],
}

_NAMED: dict[str, Callable[..., Any]] = {
    "pi": lambda: +mp.pi,
    "pi^2": lambda: mp.pi**2,
    "e": lambda: +mp.e,
    "e^2": lambda: mp.e**2,
    "phi": lambda: +mp.phi,
    "catalan": lambda: +mp.catalan,
    "exp": mp.exp,
    "log": mp.log,
    "sqrt": mp.sqrt,
    "tan": mp.tan,
    "tanh": mp.tanh,
    "atan": mp.atan,
    "zeta": lambda m: mp.zeta(m),
    "beta": lambda m: _beta(m),
    "besseli_ratio": lambda q, x: mp.besseli(q + 1, x) / mp.besseli(q, x),
    "besselj_ratio": lambda q, x: mp.besselj(q + 1, x) / mp.besselj(q, x),
    "cbrt": mp.cbrt,
    "gauss": lambda: 1 / mp.agm(1, mp.sqrt(2)),
    "lemniscate": lambda: mp.pi / mp.agm(1, mp.sqrt(2)),
    "gompertz": lambda: mp.e * mp.e1(1),
    "mills": lambda x: _mills(x),
    "L": lambda d, m: mp.dirichlet(m, _CHARACTERS[int(d)]),
}


def named_number(name: str) -> Any:
    """A constant by the name that claims use; raises :class:`constants_lab.errors.InputError` for another name."""
    match = re.fullmatch(r"([A-Za-z]+(?:\^2|_ratio)?)(?:\(([-0-9/,]+)\))?", name, re.ASCII)
    function = _NAMED.get(match[1]) if match else None
    if match is None or function is None:
        raise InputError("the constant of the claim has no name that the second check knows")
    parts = (part.partition("/") for part in (match[2] or "").split(",") if part)
    return function(*(mpf(int(top)) / int(bottom or 1) for top, _, bottom in parts))


# --- sums


def _beta(m: Any) -> Any:
    return mp.catalan + 0 if m == 2 else mp.dirichlet(m, [0, 1, 0, -1])


def _exact(x: Any) -> tuple[Any, Any]:
    return x, mpf(0)


def _direct(ratio: Callable[[int], Any]) -> tuple[Any, Any]:
    term = total = mpf(1)
    k = 0
    while abs(term) > mpf(10) ** -(mp.dps + 5) or k < 100:
        k += 1
        term *= ratio(k)
        total += term
    return total, abs(term)


def _powers(m: Any, d: Any, s: Any) -> Any:
    """Σ s^k/(dk+1)^m by values of Hurwitz's zeta function."""
    if s == 1:
        return mp.zeta(m, 1 / d) / d**m
    return (mp.zeta(m, 1 / (2 * d)) - mp.zeta(m, (d + 1) / (2 * d))) / (2 * d) ** m


def _exponent(m: Any) -> int:
    """A whole number, given as a number or as an element of SymPy's field of functions."""
    return int(m.numer.LC if hasattr(m, "numer") else m)


def _differences(d: Any, m: Any) -> Any:
    """Σ (1/(dk+1)^m - 1/(dk+d-1)^m) by values of the digamma function or Hurwitz's zeta function."""
    if m == 1:
        return (mp.digamma((d - 1) / d) - mp.digamma(1 / d)) / d
    return (mp.zeta(m, 1 / d) - mp.zeta(m, (d - 1) / d)) / d**m


def _difference(n: Any, d: Any, m: Any) -> Any:
    e = _exponent(m)
    return 1 / (d * n + 1) ** e - 1 / (d * n + d - 1) ** e


def _closed_powers(m: Any, d: Any, s: Any) -> Any:
    if s == 1:
        return mp.zeta(m) * (1 if d == 1 else 1 - mpf(2) ** -m)
    return _beta(m) if d == 2 else mp.zeta(m) * (1 - mpf(2) ** (1 - m))


def _central_binomial(r: Any) -> Any:
    """By the series, or where that is slow by the integral of ((1-t)^(-1/2) - 1)/t up to 1-r², t = 1-u²."""
    if r * r > mpf(1) / 5:
        return mp.hyp3f2(1, 1, mpf(3) / 2, 2, 2, 1 - r * r)
    return mp.quad(lambda u: 4 / (1 + u), [r, 1]) / (1 - r * r)


def _fraction(a: Callable[[int], Any], b: Callable[[int], Any]) -> tuple[Any, Any]:
    """a(0) + b(1)/(a(1) + ...), from the end; and a bound on the error, from what twice as many terms change."""
    with mpmath.workdps(60):
        least, before, terms = mpf(10) ** -48, mp.inf, 100
        while True:
            tail = a(terms)
            for n in range(terms, 0, -1):
                tail = a(n - 1) + b(n) / tail
            moved = abs(tail - before)
            if moved <= least * abs(tail) or 2 * terms > _MOST_TERMS:
                return tail, 10 * moved + least * abs(tail)
            before, terms = tail, 2 * terms


def _arctangent(y: Any) -> Any:
    """atan(√y)/√y, for y < 0 artanh(√-y)/√-y."""
    return mp.atan(mp.sqrt(y)) / mp.sqrt(y) if y > 0 else mp.atanh(mp.sqrt(-y)) / mp.sqrt(-y)


def _pole(x: Any) -> bool:
    return bool(x <= 0 and x == int(x))


def _laguerre(p: Any, r: Any) -> Any:
    w = ((1 + r) / (1 - r)) ** p
    return p * r * (w + 1) / (w - 1)


def _kummer(q: Any, x: Any, i: Any) -> Any:
    a, c = q + mpf(1) / 2 + i, 2 * q + 1
    return c * mp.hyp1f1(a, c, 2 * x) / mp.hyp1f1(a + 1, c + 1, 2 * x)


def _argument(b: Any, x: Any) -> Any:
    """z of Tricomi's fraction."""
    return x if int(2 * b) % 2 == 0 else x * x / 2


def _tricomi_pair(n: Any, b: Any, x: Any) -> tuple[Any, Any]:
    whole = getattr(b, "denom", None)
    even = b == int(b) if whole is None else whole.LC == 1
    return 2 * n + b + 1 + (x if even else x**2 / 2), -n * (n + b)


def _mills(x: Any) -> Any:
    return mp.sqrt(mp.pi / 2) * mp.exp(x * x / 2) * mp.erfc(x / mp.sqrt(2))


def _by(pair: Callable[..., tuple[Any, Any]]) -> Callable[..., tuple[Any, Any]]:
    """The fraction whose a(n), b(n) are given."""
    return lambda **x: _fraction(lambda n: pair(mpf(n), **x)[0], lambda n: pair(mpf(n), **x)[1])


def _gauss_pair(n: Any, b: Any, c: Any, z: Any) -> tuple[Any, Any]:
    return (1 - 2 * z) * n + c - (b + 1) * z, z * (1 - z) * n * (n + b)


def _quadratic_pair(n: Any, b: Any, y: Any) -> tuple[Any, Any]:
    return 2 * n + b + 1, y * n * (n + b)


def _laguerre_pair(n: Any, p: Any, r: Any) -> tuple[Any, Any]:
    return 2 * n + 1, r**2 * (p**2 - n**2)


def _kummer_pair(n: Any, q: Any, x: Any, i: Any) -> tuple[Any, Any]:
    return n + 2 * q + 1 - 2 * x, x * (2 * n + 2 * q + 1 + 2 * i)


def _bessel(c: Any, x: Any, s: Any) -> Any:
    function = mp.besseli if s == 1 else mp.besselj
    return x / 2 * function(c - 1, x) / function(c, x)


def _larger_root(a: Any, b: Any) -> Any:
    return (a + mp.sign(a) * mp.sqrt(a * a + 4 * b)) / 2


def _irrational(a: Any, b: Any) -> bool:
    d = a * a + 4 * b
    return a == int(a) and b == int(b) != 0 != a and 0 < d <= 10**8 and mp.floor(mp.sqrt(d)) ** 2 != d


THEOREM_NUMBERS = {
    "exponential series": TheoremNumbers(
        lambda z: 0 < abs(z) <= 50, lambda n, z: z / n, lambda z: mp.exp(z), lambda z: _direct(lambda k: z / k)
    ),
    "logarithmic series": TheoremNumbers(
        lambda z: -1 <= z < 1 and z != 0,
        lambda n, z: z * n / (n + 1),
        lambda z: -mp.log1p(-z) / z,
        lambda z: _exact(mp.hyp2f1(1, 1, 2, z)),
    ),
    "odd series": TheoremNumbers(
        lambda y: -1 < y <= 1 and y != 0,
        lambda n, y: -y * (2 * n - 1) / (2 * n + 1),
        _arctangent,
        lambda y: _exact(mp.hyp2f1(mpf(1) / 2, 1, mpf(3) / 2, -y)),
    ),
    "euler arctangent series": TheoremNumbers(
        lambda y: -1 < 2 * y <= 2 * 10**6 and y != 0,
        lambda n, y: y / (1 + y) * 2 * n / (2 * n + 1),
        lambda y: (1 + y) * _arctangent(y),
        lambda y: _exact(mp.hyp2f1(1, 1, mpf(3) / 2, y / (1 + y))),
    ),
    "squared arcsine series": TheoremNumbers(
        lambda w: 4 * w in (1, 2, 3, 4),
        lambda n, w: 2 * w * n**2 / ((n + 1) * (2 * n + 1)),
        lambda w: mp.asin(mp.sqrt(w)) ** 2 / w,
        lambda w: _exact(mp.hyp3f2(1, 1, 1, mpf(3) / 2, 2, w)),
    ),
    "central binomial series": TheoremNumbers(
        lambda r: 0 <= r < 1,
        lambda n, r: (1 - r**2) / 2 * n * (2 * n + 1) / (n + 1) ** 2,
        lambda r: 4 * mp.log(2 / (1 + r)) / (1 - r * r),
        lambda r: _exact(_central_binomial(r)),
    ),
    "zeta series": TheoremNumbers(
        lambda m, d, s: m in range(2, 61) and d in (1, 2) and s in (1, -1),
        lambda n, m, d, s: s * ((d * n - d + 1) / (d * n + 1)) ** _exponent(m),
        _closed_powers,
        lambda m, d, s: _exact(_powers(m, d, s)),
    ),
    "apery series": TheoremNumbers(
        lambda: True,
        lambda n: -(n**3) / ((n + 1) ** 2 * (4 * n + 2)),
        lambda: 4 * mp.zeta(3) / 5,
        lambda: _direct(lambda k: -(mpf(k) ** 3) / ((k + 1) ** 2 * (4 * k + 2))),
    ),
    "gauss series": TheoremNumbers(
        lambda: True,
        lambda n: (2 * n - 3) ** 2 / (4 * n**2),
        lambda: 4 / mp.pi,
        lambda: _exact(mp.hyp2f1(-mpf(1) / 2, -mpf(1) / 2, 1, 1)),
    ),
    "lambert fraction": TheoremNumbers(
        lambda y: -1 < y <= 10**6 and y != 0,
        lambda n, y: (2 * n + 1, y * n**2),
        lambda y: 1 / _arctangent(y),
        lambda y: _fraction(lambda n: mpf(2 * n + 1), lambda n: y * n * n),
    ),
    "bessel fraction": TheoremNumbers(
        lambda c, x, s: 0 < c <= 100 and 0 < x <= 100 and s in (1, -1),
        lambda n, c, x, s: (n + c, s * x**2 / 4 + 0 * n),
        _bessel,
        lambda c, x, s: _fraction(lambda n: n + c, lambda n: s * x * x / 4),
    ),
    "dirichlet series": TheoremNumbers(
        lambda d, m: d in (3, 4, 6) and m in range(1, 21),
        lambda n, d, m: _difference(n, d, m) / _difference(n - 1, d, m),
        lambda d, m: mp.dirichlet(m, [0, 1, *[0] * (int(d) - 3), -1]) / (1 - (d - 1) ** -m),
        lambda d, m: _exact(_differences(d, m) / (1 - (d - 1) ** -m)),
    ),
    "binomial series": TheoremNumbers(
        lambda p, z: any(k * p == int(k * p) for k in (2, 3)) and abs(p) <= 60 and -1 <= z < 1 and (z > -1 or p < 1),
        lambda n, p, z: z * (n - 1 + p) / n,
        lambda p, z: (1 - z) ** -p,
        lambda p, z: _exact(mp.hyp2f1(p, 1, 1, z)),
    ),
    "gauss second series": TheoremNumbers(
        lambda b: 2 * abs(b) == 1,
        lambda n, b: (n - 1 + b) / (2 * n + b),
        lambda b: mp.sqrt(mp.pi) * mp.gamma(b / 2 + 1) / mp.gamma((b + 1) / 2),
        lambda b: _direct(lambda k: (k - 1 + b) / (2 * k + b)),
    ),
    "gauss fraction": TheoremNumbers(
        lambda b, c, z: z != 0 and (2 * z < 1 or (2 * z == 1 and 2 * c > b + 1)) and not _pole(b + 1) and not _pole(c),
        _gauss_pair,
        lambda b, c, z: c / mp.hyp2f1(1, b + 1, c + 1, z),
        _by(_gauss_pair),
        lambda n, b, c, z: [
            (z * (n + b) / (n + c), c),
            (z / (z - 1) * (n + c - b - 1) / (n + c), c * (1 - z)),
        ],
    ),
    "quadratic gauss fraction": TheoremNumbers(
        lambda b, y: y > -1 and y != 0 and not _pole(b + 1),
        _quadratic_pair,
        lambda b, y: (b + 1) / mp.hyp2f1(1, mpf(1) / 2, (b + 3) / 2, -y),
        _by(_quadratic_pair),
        lambda n, b, y: [
            (-y * (2 * n - 1) / (2 * n + b + 1), b + 1),
            (y / (1 + y) * (2 * n + b) / (2 * n + b + 1), (b + 1) * (1 + y)),
        ],
    ),
    "laguerre fraction": TheoremNumbers(
        lambda p, r: any(k * p == int(k * p) for k in (2, 3)) and 0 < r < 1 and 0 < p <= 60,
        _laguerre_pair,
        _laguerre,
        _by(_laguerre_pair),
    ),
    "kummer fraction": TheoremNumbers(
        lambda q, x, i: 0 <= q <= 100 and 0 < abs(x) <= 50 and i == int(i) and abs(i) <= 30 and (2 * q + 1) % 2 != 0,
        _kummer_pair,
        _kummer,
        _by(_kummer_pair),
    ),
    "laplace fraction": TheoremNumbers(
        lambda x: 0 < x <= 8,
        lambda n, x: (x + 0 * n, n),
        lambda x: 1 / _mills(x),
        lambda x: _fraction(lambda n: x, mpf),
    ),
    "tricomi fraction": TheoremNumbers(
        lambda b, x: abs(b) <= 30 and ((b == int(b) and b >= 0 and x == 1) or (int(2 * b) % 2 == 1 and 0 < x <= 8)),
        _tricomi_pair,
        lambda b, x: 1 / mp.hyperu(1, 1 - b, _argument(b, x)),
        _by(_tricomi_pair),
    ),
}
"""By their names in certificates."""
