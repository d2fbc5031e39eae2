"""Continued fractions whose denominators collapse for a trivial reason: exact tests, to keep them out of a search.

The arithmetic of a continued fraction is read off products of M(n) = [[0, b(n)], [1, a(n)]] (:mod:`constants_lab.reduction`).
It says nothing when such a product vanishes as a polynomial identity at a root of b:

* *inflated*: the canonical form has lower degree.  With c | a and c(n) c(n-1) | b, M(n) M(n+1) is 0 where c(n) = 0;
* *void*: roots r and r + k of b with M(r) M(r+1) ... M(r+k) = 0 (k = 1 is an inflation).  The fraction is gauge-equivalent to a
  simpler one.

Both are decided factor by factor over Q, so at algebraic roots too.
"""

from __future__ import annotations

from flint import fmpq_poly, fmpz_poly

from constants_lab.canonical import canonical_form
from constants_lab.polynomials import shift, shift_distance

__all__ = ["is_inflated", "is_void"]


def is_inflated(a: fmpz_poly, b: fmpz_poly) -> bool:
    """Whether the canonical form of PCF(a, b) has a or b of lower degree.

    >>> from constants_lab.polynomials import parse_polynomial as P
    >>> is_inflated(P("(n+1)*(2n+1)"), P("(n+1)*n^3")), is_inflated(P("2n+1"), P("n^2"))
    (True, False)
    """
    form = canonical_form(a, b)
    return form.a.degree() < a.degree() or form.b.degree() < b.degree()


def is_void(a: fmpz_poly, b: fmpz_poly) -> bool:
    """Whether M(r) ... M(r+k) = 0 for roots r, r + k of b (k >= 1, both of one irreducible factor up to shift).

    >>> from constants_lab.polynomials import parse_polynomial as P
    >>> is_void(P("n^2-4n-4"), P("n*(n+2)*(3n^2-3n+2)")), is_void(P("n^3+(n+1)^3"), P("-n^6"))
    (True, False)
    """
    factors = [factor for factor, _ in b.factor()[1]]
    for factor in factors:
        for other in factors:
            # other(n) = factor(n - k): its roots are those of factor moved by k.
            k = shift_distance(other, factor)
            if k is not None and k >= 1 and _vanishes_between(a, b, factor, k):
                return True
    return False


def _vanishes_between(a: fmpz_poly, b: fmpz_poly, factor: fmpz_poly, k: int) -> bool:
    """Whether the row (1, a(r)) M(r+1) ... M(r+k-1) ends in 0 at a root r of ``factor``, b(r + k) being 0 too."""
    modulus = fmpq_poly(factor)
    x, y = fmpq_poly([1]), fmpq_poly(a) % modulus
    for j in range(1, k):
        x, y = y, (x * fmpq_poly(shift(b, j)) + y * fmpq_poly(shift(a, j))) % modulus
    return y.is_zero()
