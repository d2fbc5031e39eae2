"""Intervals that provably hold the tails of a polynomial continued fraction, for all n from some n on.

The tail behind n is t(n) = b(n+1)/(a(n+1) + t(n+1)), the limit of the fraction that starts there.  Throughout, a has a positive
leading coefficient (the sign of a may be changed by an equivalence, which changes the sign of the value), so that beyond some n
both a > 0 and b keep their signs.  With s_n(w) = b(n)/(a(n) + w):

* b > 0 (Seidel 1846, Stern 1848; Perron, Die Lehre von den Kettenbrüchen II, 1957): a fraction of positive terms
  converges if the series of sqrt(a(n) a(n+1)/b(n+1)) diverges, here if deg b <= 2 deg a + 2.  Then t(n) > 0.
* b < 0: let c(n) >= 0, c(n) < a(n) and -b(n) <= c(n-1) (a(n) - c(n)).  Then s_n maps [-c(n), 0] into [-c(n-1), 0] and
  increases, so the approximants s_(n+1) ... s_(n+m)(0) decrease in m and are bounded: they converge, and -c(n) <= t(n) <= 0.
  For c = a/2 this is Worpitzky's theorem 4 |b(n)| <= a(n) a(n-1) (1865, after an equivalence), for c = 1 that of Śleszyński
  (1889) and Pringsheim (1898), |a(n)| >= |b(n)| + 1; in general it is about chain sequences (Wall, Analytic Theory of
  Continued Fractions, 1948).

An inequality between polynomials is certified for all real n >= N by coefficients: those of P(N + x) in x are all >= 0.
Everything is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpz_poly

from constants_lab.errors import NoEnclosure
from constants_lab.polynomials import shift

__all__ = ["TailSet", "nonnegative_at", "positive_from", "simple_tail_set"]

SEIDEL_STERN = "Seidel-Stern (positive terms)"
WORPITZKY = "Worpitzky (4|b(n)| <= a(n)a(n-1))"
PRINGSHEIM = "Śleszyński-Pringsheim (|a(n)| >= |b(n)| + 1)"

_FARTHEST = 2**64


@dataclass(frozen=True)
class TailSet:
    """For n >= ``start`` the fraction behind n converges, and low(n) <= t(n) <= high(n).

    Where ``every`` is 2 only n = start, start + 2, ... are spoken of.  ``low`` and ``high`` are pairs of polynomials, numerator
    and denominator, the latter positive there; for ``high`` None stands for infinity.  ``theorem`` names what proves it.
    """

    theorem: str
    start: int
    low: tuple[fmpz_poly, fmpz_poly]
    high: tuple[fmpz_poly, fmpz_poly] | None
    every: int = 1


def nonnegative_at(p: fmpz_poly, n: int) -> bool:
    """Whether the coefficients of p(n + x) are all >= 0, which proves p >= 0 on [n, oo)."""
    return all(c >= 0 for c in shift(p, n).coeffs())


def positive_from(p: fmpz_poly, *, strictly: bool = True) -> int | None:
    """The least n >= 0 from which on p > 0 (or p >= 0) is certified by the coefficients of p(n + x); None if there is none.

    With a positive leading coefficient there always is one, since the coefficients of p(n + x) tend to infinity with n; it is
    not looked for beyond 2^64, and a larger number is returned then, which proves nothing but is beyond all use.

    >>> positive_from(fmpz_poly([-9, 0, 1])), positive_from(fmpz_poly([-9, 0, 1]), strictly=False)
    (4, 3)
    """
    if p.degree() < 0:
        return None if strictly else 0
    if p[p.degree()] < 0:
        return None

    def holds(n: int) -> bool:
        q = shift(p, n) if n else p
        return all(c >= 0 for c in q.coeffs()) and (not strictly or q[0] > 0)

    if holds(0):
        return 0
    high = 1
    while not holds(high):
        high *= 2
        if high > _FARTHEST:
            return high
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def simple_tail_set(a: fmpz_poly, b: fmpz_poly) -> TailSet:
    """The tail set of one of the classical theorems, for ``a`` with a positive leading coefficient.

    Raises :class:`NoEnclosure` naming the inequality that fails for all large n; where the fraction converges, it is left to
    fail only for polynomial convergence with an error of n^-s, s ≤ 1.
    """
    da, db = a.degree(), b.degree()
    zero, one = fmpz_poly([0]), fmpz_poly([1])
    if b[db] > 0:
        if db > 2 * da + 2:
            raise NoEnclosure(
                f"the fraction diverges: deg b <= 2 deg a + 2 fails ({db} > {2 * da + 2}), so its even and odd convergents "
                "tend to different limits (Stern-Stolz)"
            )
        return TailSet(SEIDEL_STERN, _behind(a, b), (zero, one), None)
    candidates = []
    worpitzky = a * shift(a, -1) + 4 * b
    first = positive_from(worpitzky, strictly=False)
    if first is not None:
        # The set behind n = 0 is [-a(0)/2, 0], so a > 0 is needed one step earlier than the inequality.
        start = max(first - 1, positive_from(a) or 0, 0)
        candidates.append(TailSet(WORPITZKY, max(start, _behind(a, -b)), (-a, fmpz_poly([2])), (zero, one)))
    first = positive_from(a + b - 1, strictly=False)
    if first is not None:
        candidates.append(TailSet(PRINGSHEIM, max(first - 1, _behind(a, -b)), (-one, one), (zero, one)))
    if not candidates:
        raise NoEnclosure("4|b(n)| <= a(n)a(n-1) fails for all large n, and with it Worpitzky's theorem on the tails")
    return min(candidates, key=lambda found: found.start)


def _behind(*positive: fmpz_poly) -> int:
    """The least n >= 0 such that the polynomials are positive at n + 1, n + 2, ..."""
    return max(max((positive_from(p) or 0) - 1 for p in positive), 0)
