"""Continued fractions whose denominators collapse for a trivial reason: exact tests, to keep them out of a search.

The arithmetic of a continued fraction is read off products of M(n) = [[0, b(n)], [1, a(n)]] (:mod:`constants_lab.reduction`).
It says nothing when such a product vanishes as a polynomial identity at a root of b:

* *inflated*: the canonical form has lower degree.  With c | a and c(n) c(n-1) | b, M(n) M(n+1) is 0 where c(n) = 0;
* *apparent singularities*: roots r and r + k of b with M(r) M(r+1) ... M(r+k) = 0 (k = 1 is an inflation).  They add to the
  degrees and to the common factor of p_n and q_n alike, one for each root modulo p, and say nothing of the value: some
  published fractions have them.  Where the rest of b has degree 2 at most, the fraction is *void*: nothing of degrees beyond
  the theorems of Gauss and Kummer remains.

All is decided factor by factor over Q, so at algebraic roots too.
"""

from __future__ import annotations

from flint import fmpq_poly, fmpz_poly

from constants_lab.canonical import canonical_form
from constants_lab.polynomials import shift, shift_distance

__all__ = ["FARTHEST", "apparent_factors", "is_inflated", "is_void"]

FARTHEST = 300
"""Greatest distance k at which two roots of b are looked at together: the work grows with its square."""


def is_inflated(a: fmpz_poly, b: fmpz_poly) -> bool:
    """Whether the canonical form of PCF(a, b) has a or b of lower degree.

    >>> from constants_lab.polynomials import parse_polynomial as P
    >>> is_inflated(P("(n+1)*(2n+1)"), P("(n+1)*n^3")), is_inflated(P("2n+1"), P("n^2"))
    (True, False)
    """
    form = canonical_form(a, b)
    return form.a.degree() < a.degree() or form.b.degree() < b.degree()


def apparent_factors(a: fmpz_poly, b: fmpz_poly) -> list[fmpz_poly]:
    """For each pair of apparent singularities the irreducible factor g of b with the first root; g(n - k) is there too.

    Every factor of b (multiplicities apart) is in one pair at most; nearer ones are paired first.  Roots more than
    :data:`FARTHEST` apart are not compared.

    >>> from constants_lab.polynomials import parse_polynomial as P
    >>> apparent_factors(P("n^2-4n-4"), P("n*(n+2)*(3n^2-3n+2)"))
    [x + 2]
    """
    factors = [factor for factor, _ in b.factor()[1]]
    pairs = []
    for i, factor in enumerate(factors):
        for j, other in enumerate(factors):
            # other(n) = factor(n - k): its roots are those of factor moved by k.
            k = shift_distance(other, factor)
            if k is not None and 1 <= k <= FARTHEST:
                pairs.append((k, i, j))
    found: list[fmpz_poly] = []
    used: set[int] = set()
    for k, i, j in sorted(pairs):
        if not {i, j} & used and _vanishes_between(a, b, factors[i], k):
            used |= {i, j}
            found.append(factors[i])
    return found


def is_void(a: fmpz_poly, b: fmpz_poly) -> bool:
    """Whether apparent singularities are all of b but for degree 2.

    >>> from constants_lab.polynomials import parse_polynomial as P
    >>> is_void(P("n^2-4n-4"), P("n*(n+2)*(3n^2-3n+2)")), is_void(P("n^3+(n+1)^3"), P("-n^6"))
    (True, False)
    """
    pairs = apparent_factors(a, b)
    return bool(pairs) and b.degree() - 2 * sum(factor.degree() for factor in pairs) <= 2


def _vanishes_between(a: fmpz_poly, b: fmpz_poly, factor: fmpz_poly, k: int) -> bool:
    """Whether the row (1, a(r)) M(r+1) ... M(r+k-1) ends in 0 at a root r of ``factor``, b(r + k) being 0 too."""
    modulus = fmpq_poly(factor)
    x, y = fmpq_poly([1]), fmpq_poly(a) % modulus
    for j in range(1, k):
        x, y = y, (x * fmpq_poly(shift(b, j)) + y * fmpq_poly(shift(a, j))) % modulus
    return y.is_zero()
