"""Canonical form of a polynomial continued fraction, and the two keys that decide "the same formula".

Two PCFs with a -> c(n) a, b -> c(n) c(n-1) b for a rational function c without zeros or poles at n >= 0 have the same
convergents up to the factor c(0); the ratio rho(n) = b(n) / (a(n) a(n-1)) is unchanged (equivalence transformation:
Lorentzen and Waadeland, Continued Fractions, 2nd ed., section 2.3).  The canonical form is the pair of integer
polynomials of least degree with the same rho, found from rho alone, so that equivalent PCFs have equal forms:

* write a = z a+ where z collects the factors n - k with k >= 0.  They are zeros that the fraction really has and
  no equivalence can move them (c would vanish there); everything below is done with a+.
* rho+ = b / (a+(n) a+(n-1)) = N/D in lowest terms.  Irreducible factors of D are sorted into chains under integer
  shifts.  A factor whose root is r must divide a(n) or a(n-1), that is the new a has the root r or r - 1.  Going
  through the negative roots of a chain upwards and taking r where nothing serves yet needs the fewest factors, with the
  smallest numbers.  A root >= 0 is not taken (the integer roots of D are <= 0, so r - 1 does); of roots >= 1, which are no
  integers, r - 1 is taken, going down.
* the content follows: the least positive integer s for which the content of D divides s^2 times that of N.

The result has a positive leading coefficient in a.  Everything here is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flint import fmpq, fmpz, fmpz_poly

from constants_lab.polynomials import (
    coefficients,
    first_positive_integer_root,
    integer_roots,
    shift,
    shift_distance,
)

__all__ = ["Canonical", "canonical_form", "class_key", "exact_key", "ratio"]


class Canonical(NamedTuple):
    """``PCF(a, b) = scale * PCF(canonical a, canonical b)`` with ``scale`` = c(0), a nonzero rational."""

    a: fmpz_poly
    b: fmpz_poly
    scale: fmpq


def _lowest_terms(numerator: fmpz_poly, denominator: fmpz_poly) -> tuple[fmpz_poly, fmpz_poly]:
    common = numerator.gcd(denominator)
    numerator, denominator = numerator // common, denominator // common
    return (-numerator, -denominator) if denominator.leading_coefficient() < 0 else (numerator, denominator)


def ratio(a: fmpz_poly, b: fmpz_poly) -> tuple[fmpz_poly, fmpz_poly]:
    """Numerator and denominator of rho(n) = b(n) / (a(n) a(n-1)), coprime over Z, denominator with positive lead."""
    return _lowest_terms(b, a * shift(a, -1))


def _chains(p: fmpz_poly) -> tuple[fmpz, list[tuple[fmpz_poly, dict[int, int]]]]:
    """Content of ``p``, and its irreducible factors as (g, {k: exponent of g(n - k)})."""
    content, factors = p.factor()
    chains: list[tuple[fmpz_poly, dict[int, int]]] = []
    for factor, exponent in factors:
        for base, exponents in chains:
            distance = shift_distance(factor, base)
            if distance is not None:
                exponents[distance] = exponents.get(distance, 0) + exponent
                break
        else:
            chains.append((factor, {0: exponent}))
    return content, chains


def _least_cover(denominator: fmpz_poly) -> fmpz_poly:
    """The primitive polynomial A of least degree whose A(n) A(n-1) is divisible by the primitive part given."""
    _, chains = _chains(denominator)
    cover = fmpz_poly([1])
    for base, wanted in chains:
        d = base.degree()
        # The mean root of base(n - k) is origin + k.
        origin = fmpq(-base[d - 1], d * base[d])
        for k, exponent in _cover_chain(wanted, lambda k, origin=origin: origin + k).items():  # type: ignore[misc]
            cover *= shift(base, -k) ** exponent
    return cover


def _cover_chain(wanted: dict[int, int], root: Callable[[int], fmpq]) -> dict[int, int]:
    """The fewest factors {k: exponent} with chosen[k] + chosen[k-1] >= wanted[k] for every k; see the module's text."""
    chosen: dict[int, int] = {}
    for k in sorted(wanted, reverse=True):
        if root(k) >= 1:
            missing = wanted[k] - chosen.get(k, 0)
            if missing > 0:
                chosen[k - 1] = chosen.get(k - 1, 0) + missing
    # The factor with its root in [0, 1) is never added: what it would serve is left to the last one below zero.
    last = {k - 1: wanted[k] - chosen.get(k, 0) for k in wanted if 0 <= root(k) < 1}
    for k in sorted({*(k for k in wanted if root(k) < 0), *last}):
        missing = max(wanted.get(k, 0) - chosen.get(k - 1, 0), last.get(k, 0))
        if missing > 0:
            chosen[k] = missing
    return chosen


def _square_cover(n: fmpz) -> fmpz:
    """The least s > 0 with n | s^2."""
    s = fmpz(1)
    for prime, exponent in n.factor():
        s *= prime ** ((exponent + 1) // 2)
    return s


def _zero_part(a: fmpz_poly) -> fmpz_poly:
    z = fmpz_poly([1])
    for root, multiplicity in integer_roots(a):
        if root >= 0:
            z *= fmpz_poly([-root, 1]) ** multiplicity
    return z


def canonical_form(a: fmpz_poly, b: fmpz_poly) -> Canonical:
    """The canonical pair and the factor that carries its value to that of PCF(a, b); neither may be zero.

    >>> from constants_lab.polynomials import parse_polynomial as P
    >>> form = canonical_form(P("(n+2)*(2n+1)*(-3)"), P("9*(n+2)*(n+1)*n^2"))
    >>> [str(x) for x in form]
    ['2*x + 1', 'x^2', '-6']
    """
    z = _zero_part(a)
    plus = a // z
    numerator, denominator = _lowest_terms(b, plus * shift(plus, -1))
    cover = _least_cover(denominator)
    s = _square_cover(denominator.content())
    new_plus = cover * s
    new_b = numerator * new_plus * shift(new_plus, -1) // denominator
    return Canonical(z * new_plus, new_b, fmpq(plus(0), new_plus(0)))


def _text(p: fmpz_poly) -> str:
    return ",".join(map(str, coefficients(p)))


def exact_key(a: fmpz_poly, b: fmpz_poly) -> str:
    """A text that two PCFs share only when they are the same number (as formal continued fractions).

    With a(n) != 0 for n >= 0 and b(n) != 0 for n >= 1 it holds rho in lowest terms and a(0); otherwise the
    canonical pair and its scale.
    """
    if _zero_part(a).degree() == 0 and first_positive_integer_root(b) is None:
        numerator, denominator = ratio(a, b)
        return f"rho {_text(numerator)} / {_text(denominator)} ; {a(0)}"
    form = canonical_form(a, b)
    return f"pcf {_text(form.a)} ; {_text(form.b)} ; {form.scale}"


def class_key(a: fmpz_poly, b: fmpz_poly) -> str | None:
    """rho up to integer shift, or None when b has a positive integer root (the fraction is finite).

    Equal keys mean that the values are related by a Möbius map over Q: far out the two fractions have the same
    tails up to a factor, and all heads are invertible because b(n) != 0 for n >= 1.
    """
    if first_positive_integer_root(b) is not None:
        return None
    numerator, denominator = ratio(a, b)
    product = numerator * denominator
    degree = product.degree()
    if degree > 0:
        mean = fmpq(-product[degree - 1], degree * product[degree])
        k = int(mean.floor())
        numerator, denominator = shift(numerator, k), shift(denominator, k)
    return f"{_text(numerator)} / {_text(denominator)}"
