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


def same(x: Any, y: Any, digits: int) -> bool:
    """Whether two finite numbers agree to so many digits."""
    return bool(mpmath.isfinite(x) and mpmath.isfinite(y) and abs(x - y) <= mpf(10) ** -digits * max(abs(x), abs(y)))


# --- numbers by their names

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
}


def named_number(name: str) -> Any:
    """A constant by the name that claims use; raises :class:`constants_lab.errors.InputError` for another name."""
    match = re.fullmatch(r"([a-z]+(?:\^2|_ratio)?)(?:\(([-0-9/,]+)\))?", name, re.ASCII)
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


def _odd(z: Any, s: Any) -> Any:
    return mp.atanh(z) if s == 1 else mp.atan(z)


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
        lambda z, s: 0 < z <= 1 and s in (1, -1) and (z, s) != (1, 1),
        lambda n, z, s: s * z**2 * (2 * n - 1) / (2 * n + 1),
        lambda z, s: _odd(z, s) / z,
        lambda z, s: _exact(mp.hyp2f1(mpf(1) / 2, 1, mpf(3) / 2, s * z * z)),
    ),
    "euler arctangent series": TheoremNumbers(
        lambda z: 0 < z <= 1000,
        lambda n, z: z**2 / (1 + z**2) * 2 * n / (2 * n + 1),
        lambda z: (1 + z * z) * mp.atan(z) / z,
        lambda z: _exact(mp.hyp2f1(1, 1, mpf(3) / 2, z * z / (1 + z * z))),
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
        lambda n, m, d, s: s * ((d * n - d + 1) / (d * n + 1)) ** int(m.numer.LC),
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
        lambda z, s: (s == 1 and 0 < z <= 1000) or (s == -1 and 0 < z < 1),
        lambda n, z, s: (2 * n + 1, s * z**2 * n**2),
        lambda z, s: z / _odd(z, -s),
        lambda z, s: _fraction(lambda n: mpf(2 * n + 1), lambda n: s * z * z * n * n),
    ),
    "bessel fraction": TheoremNumbers(
        lambda c, x, s: 0 < c <= 100 and 0 < x <= 100 and s in (1, -1),
        lambda n, c, x, s: (n + c, s * x**2 / 4 + 0 * n),
        _bessel,
        lambda c, x, s: _fraction(lambda n: n + c, lambda n: s * x * x / 4),
    ),
    "periodic fraction": TheoremNumbers(
        _irrational,
        lambda n, a, b: (a + 0 * n, b + 0 * n),
        _larger_root,
        lambda a, b: _fraction(lambda n: a, lambda n: b),
    ),
}
"""By their names in certificates."""
