"""Contractions: the fraction that has every k-th convergent of another (Perron, Die Lehre von den Kettenbrüchen II, section 1).

With F(m) the product of the matrices [[a(n), b(n+1)], [1, 0]] for n = k m, ..., k m + k - 1, tails y(m) = F(m) y(m+1).  For
Z(m) = F21(m) (F21(m-1) y(m) + F22(m-1)) this is Z(m) = A(m) + B(m+1)/Z(m+1), A(m) = F21(m-1) F11(m) + F21(m) F22(m-1), B(m+1)
= -F21(m-1) F21(m+1) det F(m).  So F(m) U(m+1) = λ(m) U(m) [[A(m), B(m+1)], [1, 0]] for the matrix U of y as an image of Z; its
lower left entry is 0, so that convergents go to convergents.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq_poly, fmpz, fmpz_poly

from constants_lab.proofs.coboundaries import folded, step_matrix
from constants_lab.proofs.telescoping import Ratio

__all__ = ["Contraction", "contraction"]


@dataclass(frozen=True)
class Contraction:
    """PCF(a, b) whose convergents are the images, under the entries u11, u12, u21, u22 of U(0), of every k-th of another."""

    a: fmpz_poly
    b: fmpz_poly
    u: tuple[fmpz_poly, fmpz_poly, fmpz_poly, fmpz_poly]
    factor: Ratio
    """λ."""


def contraction(a: fmpz_poly, b: fmpz_poly, k: int) -> Contraction | None:
    """The contraction of PCF(a, b) to every k-th convergent, k ≥ 2; None if the denominator F21 is zero.

    >>> even = contraction(fmpz_poly([2]), fmpz_poly([0, 0, 1]), 2)
    >>> even.a, even.b
    (8*x^2 + 4*x + 5, (-16)*x^4 + 16*x^3 + (-4)*x^2)
    """
    f11, _, f21, f22 = f = folded(step_matrix(fmpq_poly(a), fmpq_poly(b)), k)
    if f21.is_zero():
        return None
    before, after = (fmpq_poly([shift, 1]) for shift in (-1, 1))
    determinant = f[0] * f[3] - f[1] * f[2]
    whole = f21(before) * f11 + f21 * f22(before)
    above = -f21(before) * f21(after) * determinant
    g = _common(whole.numer().content(), above.numer().content())
    first, second = (whole / g).numer(), (above(before) / (g * g)).numer()
    u = fmpz_poly([g]), -(f21 * f22(before)).numer(), fmpz_poly([]), (f21 * f21(before)).numer()
    return Contraction(first, second, u, (fmpq_poly([g]), f21(before)))


def _common(p: fmpz, q: fmpz) -> int:
    """The largest g with g | p and g² | q."""
    g = 1
    for prime, _ in p.gcd(q).factor():
        while p % (g * prime) == 0 and q % (g * prime) ** 2 == 0:
            g *= int(prime)
    return g
