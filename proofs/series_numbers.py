"""Sums of hypergeometric series, in numbers, from nothing but the ratio of their terms.

Used by the second check of certificates: it sums what a rule says to have a known sum, whatever the rule is.  Numeric, at the
working precision of mpmath, with estimates of the error that are not proved.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import mpmath
from mpmath import mpf

__all__ = ["Diverges", "summed"]

_MOST = 4096
_ALTERNATING = 60
_HALVINGS = 7


class Diverges(ArithmeticError):
    """The terms do not tend to 0 as the sum needs it."""


def summed(ratio: Any) -> tuple[Any, Any]:
    """Σ t(k), k ≥ 0, with t(0) = 1, t(k) = t(k-1) ratio(k), and an estimate of the error (numeric).

    ``ratio`` is a SymPy element of Q(n, k) without k.  Where it tends to less than 1 in absolute value the series is summed as
    it stands, to 4096 terms; where it tends to -1 by the algorithm of Cohen, Rodriguez Villegas and Zagier (2000); where it
    tends to 1, so that t(k) ~ C k^-σ, by Richardson's extrapolation of partial sums.  Raises :class:`Diverges` for σ ≤ 1, and
    where the limit is greater than 1.
    """
    top, bottom = (
        {i: mpf(int(c)) for (i, _), c in p.terms()} for p in (ratio.numer, ratio.denom)
    )  # by the exponents of n
    if not top:
        return mpf(1), mpf(0)
    x, y = max(top), max(bottom)
    limit = mpf(0) if x < y else top[x] / bottom[y] if x == y else mpmath.inf
    if abs(limit) > 1:
        raise Diverges
    terms = _terms(top, bottom)
    if abs(limit) < 1:
        rest = abs(terms[-1]) / (1 - abs(limit)) * 10
        return mpmath.fsum(terms), rest + mpmath.eps * max(map(abs, terms))
    sigma = bottom.get(y - 1, mpf(0)) / bottom[y] - top.get(x - 1, mpf(0)) / top[x]
    if limit < 0:
        if sigma <= 0:
            raise Diverges
        absolute = [abs(t) * (1 if t * (-1) ** k > 0 else -1) for k, t in enumerate(terms)]
        # The first terms may have any signs.
        first = next((k for k in range(len(terms)) if all(a * absolute[-1] > 0 for a in absolute[k : k + 200])), 0)
        found = [
            mpmath.fsum(terms[:first]) + (-1) ** first * _alternating(absolute[first:], n)
            for n in (_ALTERNATING, _ALTERNATING - 20)
        ]
        return found[0], 10 * abs(found[0] - found[1])
    if sigma <= 1:
        raise Diverges
    return _extrapolated(terms, sigma)


def _terms(top: dict[int, Any], bottom: dict[int, Any]) -> list[Any]:
    found = [mpf(1)]
    for k in range(1, _MOST):
        up, down = (mpmath.fsum(c * k**i for i, c in p.items()) for p in (top, bottom))
        found.append(found[-1] * up / down)
        if abs(found[-1]) < mpmath.eps**2 * abs(found[0]) and k > 100:
            break
    return found


def _alternating(a: list[Any], n: int) -> Any:
    """Σ (-1)^k a(k) from the first n terms."""
    d = (3 + mpmath.sqrt(8)) ** n
    d = (d + 1 / d) / 2
    b, c, total = mpf(-1), -d, mpf(0)
    for k in range(n):
        c = b - c
        total += c * a[k]
        b = b * (k + n) * (k - n) / ((k + mpf(1) / 2) * (k + 1))
    return total / d


def _extrapolated(terms: list[Any], sigma: Any) -> tuple[Any, Any]:
    """By the partial sums to 4096, 2048, ... terms, whose errors are N^(1-σ) times a series in 1/N."""
    sums = [mpmath.fsum(terms[: _MOST >> j]) for j in range(_HALVINGS - 1, -1, -1)]
    for j in range(_HALVINGS - 1):
        factor = mpf(2) ** (sigma - 1 + j)
        before, sums = sums, [(factor * y - x) / (factor - 1) for x, y in pairwise(sums)]
    return sums[0], 10 * abs(sums[0] - before[-1])
