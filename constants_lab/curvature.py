"""Reduction modulo primes: a proof that a continued fraction is not in the Euler family, over any field.

Let b = -h1 h2 and f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1) over a number field (a form over the complex numbers gives one
over a number field: the conditions are algebraic), and let p be an odd prime that does not divide b.  Let O be the local ring
at a prime above p.  Up to units h1 = c g1 and h2 = g2/c, where g1, g2 and, after a scaling, f have coefficients in O and are
not zero modulo the prime (Gauss); c is a unit, since otherwise the identity times c or 1/c gives f(n+1) g2(n+1) = 0 or
f(n-1) g1(n) = 0 there.  So the form can be reduced.  With r(n) = h2(n+1) f(n+1)/f(n) the matrix C(n) = [[0, 1], [b(n), a(n)]]
maps (1, r(n-1)) to r(n-1) (1, r(n)); hence

    C(n+p-1) ... C(n)  has the eigenvalue  h2(n) h2(n+1) ... h2(n+p-1),

because f(n+p) = f(n).  It is a polynomial, so the discriminant T^2 - 4 D of the characteristic polynomial X^2 - T X + D is the
square of a polynomial over some finite field, and over the field of p elements a constant times a square.  A prime for which it
is not is a proof, found without any search.  There is none where the product is nilpotent, as for Apery's fractions; for those
only the complete search of :func:`constants_lab.euler.euler_form` decides.

The product is the p-curvature of the recurrence (compare van der Put and Singer, Galois Theory of Difference Equations, 1997,
chapter 5).
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpz_poly, nmod_poly

__all__ = ["excludes_euler_forms", "excluding_prime"]

_PRIMES = (3, 5, 7, 11, 13, 17, 19, 23)


def _discriminant(a: fmpz_poly, b: fmpz_poly, p: int) -> nmod_poly:
    """T(n)^2 - 4 D(n) modulo p."""
    step = nmod_poly([0, 1], p)
    x, y, z, w = (nmod_poly([k], p) for k in (1, 0, 0, 1))
    determinant = nmod_poly([1], p)
    below, above = (nmod_poly([int(c % p) for c in q.coeffs()], p) for q in (a, b))
    for k in range(p):
        here, term = below(step + k), above(step + k)
        # C(n+k) from the left: the second row becomes the first.
        x, y, z, w = z, w, term * x + here * z, term * y + here * w
        determinant *= -term
    return (x + w) ** 2 - 4 * determinant


def excludes_euler_forms(a: fmpz_poly, b: fmpz_poly, p: int) -> bool:
    """Whether the odd prime p proves that PCF(a, b) has no Euler form over any field of characteristic 0; exact.

    False proves nothing.  Takes O(p) products of polynomials of degree up to p max(deg a, deg b).

    >>> excludes_euler_forms(fmpz_poly([1]), fmpz_poly([0, 1]), 3), excludes_euler_forms(fmpz_poly([1]), fmpz_poly([1]), 3)
    (True, False)
    """
    if all(c % p == 0 for c in b.coeffs()):
        return False
    discriminant = _discriminant(a, b, p)
    return not discriminant.is_zero() and any(exponent % 2 for _, exponent in discriminant.factor()[1])


def excluding_prime(a: fmpz_poly, b: fmpz_poly, primes: Sequence[int] = _PRIMES) -> int | None:
    """The first of these odd primes that proves that PCF(a, b) has no Euler form; None when none of them does.

    >>> excluding_prime(fmpz_poly([6, 6, 3, 2]), fmpz_poly([2, 0, 0, 0, 0, 0, -1]))
    3
    """
    return next((p for p in primes if excludes_euler_forms(a, b, p)), None)
