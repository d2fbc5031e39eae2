"""Narrow intervals for the tails of slowly convergent fractions: the asymptotic series of the tail, made rigorous.

Let T(n) = n^top (c_0 + c_1/n + ... + c_k/n^k), with rational c_j near the coefficients of the formal tail
(:func:`constants_lab.acceleration.tail_series`, which only proposes), and l = T - e, u = T + e, e(n) = E n^(top - g).  The
tails are proved to lie in [l(n), u(n)] for every n >= N by inequalities between polynomials (a > 0 throughout,
s_n(w) = b(n)/(a(n) + w)):

* deg b = 2 deg a, b < 0 (g = 0; for a double root, A^2 + 4B = 0, g = 1, or 2 where the error falls slower than every
  power).  s_n increases.  From s_n(l(n)) >= l(n-1), s_n(u(n)) <= u(n-1), u(n) < 0 and a(n) + l(n) > 0 the intervals are
  nested, so there are w_n in [l(n), u(n)] with s_n(w_n) = w_(n-1).  With q the denominators of the fraction behind N,
  q_n + w_n q_(n-1) is the product of the a(j) + w_j, hence q_n/h_n with h_n = (-w_(N+1)) ... (-w_n) is the sum of the
  products of the first sigma_j = (a(j) + w_j)/(-w_j).  The n-th convergent is off w_N by |w_N| h_n/q_n, so the fraction
  converges to w_N if the sum is infinite (Pincherle's criterion), for which sigma_j >= 1 - 1/(j - c), some c < N, is enough;
  it holds for all w_j >= l(j) if it does for l(j).
* deg b = 2 deg a or 2 deg a + 2, b > 0 (g = 0).  All tails are positive limits (Seidel-Stern).  s_n decreases, so two steps
  are taken at once: s_(n-1)(s_n(l(n))) >= l(n-2) and the converse for u, with l > 0, give w_n in [l(n), u(n)] for
  n = N, N + 2, ... with s_(n-1)(s_n(w_n)) = w_(n-2).  Since w_n lies between 0 and infinity, w_N lies between consecutive
  convergents of the fraction behind N, at any depth: it is their limit.

In both cases e(n) shrinks under the map, relative to e(n-1), by a factor 1 - gain/n with gain > 0 (by a constant factor where
convergence is exponential).  That is to absorb what T
fails to satisfy the equation of the tail by, of order n^(top - k) and of rounding; whether it does is found out by exact
arithmetic.  Where the error of the convergents is n^-s, the gain is s + g - 1 (first case) or s; where s = 0, c_0 and c_1 are
multiples of 1/4 and not rounded.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, ctx, fmpz, fmpz_poly

from constants_lab.acceleration import tail_series
from constants_lab.polynomials import shift
from constants_lab.regimes import asymptotics
from constants_lab.value_sets import TailSet, nonnegative_at

__all__ = ["series_tail_set"]

NEGATIVE = "value sets of the tail's asymptotic series, with Pincherle's criterion"
POSITIVE = "value sets of the tail's asymptotic series, with Seidel-Stern (positive terms)"


def series_tail_set(a: fmpz_poly, b: fmpz_poly, order: int, start: int, bits: int) -> TailSet | None:
    """The tail set with a series of ``order`` terms and E of relative size 2^-``bits``, proved from ``start`` on, or None.

    For a with a positive leading coefficient, and deg b = 2 deg a, or deg b = 2 deg a + 2 with B > 0 (None for all others).
    None also where an inequality fails: larger ``start``, ``order`` or fewer ``bits`` may help.
    """
    positive = b[b.degree()] > 0
    double = 2 * a.degree()
    if b.degree() not in ((double, double + 2) if positive else (double,)) or start < 2:
        return None
    scale = bits + 64
    # Coefficients grow like factorials, and those behind depend on all the digits of those before.
    with ctx.workprec(scale + 64 + 8 * order):
        tail = tail_series(a, b, order)
        if tail is None or tail.steps != 1 or len(tail.c) < 3 + tail.top:
            return None
        rounded = [_nearest(c, scale) for c in tail.c]
        size = _nearest(abs(tail.c[0]), scale - bits)
    theory = asymptotics(a, b)
    gap = 0 if positive or theory.regime == "exponential" else 1 if theory.rate else 2
    found = _Bounds(a, b, rounded, tail.top, scale, max(size, fmpz(1)), gap)
    holds = found.positive_terms(start) if positive else found.negative_terms(start)
    if not holds:
        return None
    theorem, every = (POSITIVE, 2) if positive else (NEGATIVE, 1)
    return TailSet(theorem, start, (found.low, found.below), (found.high, found.below), every)


def _nearest(x: arb, scale: int) -> fmpz:
    """An integer near x 2^scale; which one is of no importance to a proof."""
    return fmpz((x.mid() * arb(2) ** scale).floor().mid().unique_fmpz() or 0)


class _Bounds:
    """l(n) = low/below and u(n) = high/below, with below = D n^k."""

    def __init__(
        self,
        a: fmpz_poly,
        b: fmpz_poly,
        coefficients: Sequence[fmpz],
        top: int,
        scale: int,
        width: fmpz,
        gap: int,
    ) -> None:
        self.a, self.b = a, b
        last = len(coefficients) - 1
        series = fmpz_poly(list(reversed(coefficients)))
        allowance = fmpz_poly([0] * (last - gap) + [width])
        self.low, self.high = series - allowance, series + allowance
        self.below = fmpz_poly([0] * (last - top) + [fmpz(1) << scale])

    def negative_terms(self, start: int) -> bool:
        """The inequalities of the first case, for n > start; c = start // 2."""
        first, a, b = start + 1, self.a, self.b
        low, high, below, below_before = self.low, self.high, self.below, shift(self.below, -1)
        c = start // 2
        slow = fmpz_poly([-c, 1]) * a * below + fmpz_poly([-2 * c - 1, 2]) * low
        return (
            nonnegative_at(a, first)
            and _positive(-high, start)
            and _positive(a * below + low, first)
            and nonnegative_at(slow, first)
            and nonnegative_at(b * below * below_before - shift(low, -1) * (a * below + low), first)
            and nonnegative_at(shift(high, -1) * (a * below + high) - b * below * below_before, first)
        )

    def positive_terms(self, start: int) -> bool:
        """The inequalities of the second case, for n >= start + 2."""
        first, a, b = start + 2, self.a, self.b
        below, below_before = self.below, shift(self.below, -2)
        a_before, b_before = shift(a, -1), shift(b, -1)
        if not (_positive(self.low, start) and _positive(a, start + 1) and _positive(b, start + 1)):
            return False

        def image_minus_bound(bound: fmpz_poly) -> fmpz_poly:
            """The sign of s_(n-1)(s_n(bound(n))) - bound(n-2)."""
            moved = a * below + bound
            return b_before * moved * below_before - shift(bound, -2) * (a_before * moved + b * below)

        return nonnegative_at(image_minus_bound(self.low), first) and nonnegative_at(
            -image_minus_bound(self.high), first
        )


def _positive(p: fmpz_poly, n: int) -> bool:
    """Whether p > 0 on [n, oo) is certified."""
    return p(n) > 0 and nonnegative_at(p, n)
