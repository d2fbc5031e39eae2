"""Continued fractions from sums Σ_k F(n, k): certificates for recurrences like Apéry's.

The sums m(n) of a family of hypergeometric terms satisfy a three-term recurrence, and are its minimal solution; by Pincherle's
theorem m(1)/m(0) is then a continued fraction.  Apéry's for ζ(3) comes from Ball's very-well-poised series, that for ζ(2) from
a 3F2(1), those for Catalan's constant from well-poised series at -1 (Zudilin, Electronic Journal of Combinatorics 10 (2003),
R14; Bailey, Generalized Hypergeometric Series, 1935, chapters 2 and 7).  F times a factor of n alone gives the same fraction up
to equivalence, so a fraction is looked up by b(n)/(a(n) a(n-1)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from flint import fmpq, fmpq_poly, fmpz_mpoly, fmpz_poly

from constants_lab.polynomials import shift as moved
from constants_lab.proofs.creative import (
    PRIME,
    RING,
    Hypergeometric,
    Product,
    Telescoper,
    in_n,
    invariant,
    telescoper,
    terms,
)
from constants_lab.proofs.checker import Rejected
from constants_lab.proofs.steps import Step, facts_of, function, polynomial, shift
from constants_lab.proofs.telescoping import Ratio, reduced

__all__ = ["FAMILIES", "Family", "apery_steps"]

Sums = Callable[[Ratio], Iterator[list[Step]]]
"""Ways to prove the sum of a series of a given ratio: steps whose last fact it is."""

_PLACE = 1234567890123457
"""Fractions and families are compared at this n modulo a prime."""
_MOST_SHIFT = 4
_MOST_START = 60
_H = Fraction(1, 2)


@dataclass(frozen=True)
class Family:
    """F(n, k) = z^k Π Γ(above) / (k! Π Γ(below)), the arguments (α, β, γ) being αk + βn + γ, times (2k + βn + γ) for ``factor``.

    Sums over all k >= 0 begin where 1/k! does, so that nothing is left at the boundary there.
    """

    z: Fraction | int
    above: tuple[tuple[int, int, Fraction | int], ...]
    below: tuple[tuple[int, int, Fraction | int], ...]
    factor: tuple[int, Fraction | int] | None = None

    def term(self) -> Hypergeometric:
        """F."""
        gammas = [(x, y, Fraction(z), 1) for x, y, z in self.above]
        gammas += [(x, y, Fraction(z), -1) for x, y, z in (*self.below, (1, 0, 1))]
        linears = ((2, self.factor[0], Fraction(self.factor[1]), 1),) if self.factor else ()
        return Hypergeometric(Fraction(self.z), tuple(gammas), linears)


FAMILIES = (
    # Ball's series for ζ(3), from its first term that is not 0: Apéry's fraction.
    Family(1, ((1, 3, 2), *[(1, 1, 1)] * 5), ((1, 2, 2),) * 5, (3, 2)),
    # Apéry's for ζ(2), and that of the Franel numbers.
    Family(1, ((1, 1, 1),) * 3, ((1, 2, 2),) * 2),
    Family(4, ((1, 1, 1),) * 3, ((2, 3, 3),)),
    # Catalan's constant.
    Family(-1, ((1, 1, 1), *[(1, 0, _H)] * 2), ((1, 1, 3 * _H),) * 2),
    Family(-1, ((1, 1, 3), *[(1, 0, 3 * _H)] * 2), ((1, 1, 5 * _H),) * 2),
    # 7 ζ(3): the Domb numbers, and two very-well-poised series.
    Family(1, ((1, 1, 1), *[(1, 0, _H)] * 3), ((1, 1, 3 * _H),) * 3),
    Family(1, (*[(1, 1, 1)] * 2, *[(1, 0, _H)] * 4), ((1, 0, 1), *[(1, 1, 3 * _H)] * 4), (1, 1)),
    Family(1, ((1, 1, 3), (1, 1, 1), *[(1, 0, 3 * _H)] * 4), ((1, 0, 3), *[(1, 1, 5 * _H)] * 4), (1, 3)),
)


def apery_steps(a: fmpz_poly, b: fmpz_poly, sums: Sums) -> Iterator[list[Step]]:
    """Steps whose last fact is the value of PCF(a, b), from the families whose fraction it is or is a tail of.

    ``sums`` proves the two series F(0, k) and F(1, k).
    """
    for term, s in _related(a, b):
        # In the recurrence a(n), b(n) are those of the fraction at n - 1; it may begin later, where the sums converge.
        x, y = moved(a, s - 1), moved(b, s - 1)
        found = _normalised(term, x, y)
        if found is None:
            continue
        across, along, c = found
        if not _vanishing(along, c):
            continue
        least = _minimality(across, x, y)
        if least is None:
            return
        for facts, first, second in _series(along, sums):
            step = {
                "rule": "recurrence",
                "first": first,
                "second": second,
                "a": polynomial(x),
                "b": polynomial(y),
                "across": _bivariate(*across),
                "along": _bivariate(*along.parts()),
                "certificate": _bivariate(*c),
                **least,
            }
            back = [shift(len(facts), -s)] if s else []
            yield [*facts, step, *back]


@cache
def _invariants() -> dict[int, tuple[Hypergeometric, int]]:
    """Families F(n, k) and shifts s, by what F(n + s, k) has in common with its fractions."""
    found = {}
    for family in FAMILIES:
        term = family.term()
        across, along = term.across(), term.along()
        for s in range(-_MOST_SHIFT, _MOST_SHIFT + 1):
            value = invariant(across, along, _PLACE + s)
            if value is not None:
                found[value] = term, s
    return found


def _related(a: fmpz_poly, b: fmpz_poly) -> Iterator[tuple[Hypergeometric, int]]:
    """Terms F and s >= 0 with a(n + s - 1), b(n + s - 1) the recurrence of F times a factor of n alone."""
    below = int(a(_PLACE - 1)) * int(a(_PLACE - 2)) % PRIME
    if not below:
        return
    match = _invariants().get(int(b(_PLACE - 1)) * pow(below, -1, PRIME) % PRIME)
    if match is not None:
        term, s = match
        for first in range(max(0, -s), max(0, -s) + _MOST_SHIFT):
            yield term.moved(s + first), first


Both = tuple[fmpz_mpoly, fmpz_mpoly]
"""A rational function of n and k."""


def _normalised(term: Hypergeometric, a: fmpz_poly, b: fmpz_poly) -> tuple[Both, Product, Both] | None:
    """The quotients of F times the factor of n alone that makes a, b its recurrence, and the certificate."""
    across, along = term.across(), term.along()
    found = telescoper(across, along)
    if found is None:
        return None
    c = reduced(fmpq_poly(a) * found.a[1], found.a[0])
    before = tuple(p(fmpq_poly([-1, 1])) for p in c)
    left = found.b[0] * c[0] * before[0], found.b[1] * c[1] * before[1]
    if left[0] != fmpq_poly(b) * left[1]:
        return None
    numerators = [_two(c), _two(before)]  # type: ignore[arg-type]
    top, bottom = across.parts()
    whole = _lowest(top * numerators[0][0], bottom * numerators[0][1])
    (p, q), (r, s), (t, u) = found.certificate, *numerators
    return whole, along, _lowest(p * r * t, q * s * u)


def _two(f: Ratio) -> Both:
    """A function of n as one of n and k, with integer coefficients."""
    d = int(f[0].denom()) * int(f[1].denom())
    return in_n(f[0] * d), in_n(f[1] * d)


def _lowest(top: fmpz_mpoly, bottom: fmpz_mpoly) -> Both:
    divisor = top.gcd(bottom)
    return top / divisor, bottom / divisor


def _series(along: Product, sums: Sums) -> Iterator[tuple[list[Step], int, int]]:
    """Facts about Σ F(0, k) and Σ F(1, k), from one theorem, and their places."""
    zero, one = ([steps for steps in sums(_at(along, n)) if _holds(steps)] for n in (0, 1))
    for first in zero:
        for second in one:
            if first[0] == second[0]:
                yield [*first, *second[1:]], len(first) - 1, len(first) + len(second) - 2
                return


def _holds(steps: list[Step]) -> bool:
    try:
        facts_of(steps)
    except Rejected:
        return False
    return True


def _at(product: Product, n: int) -> Ratio:
    top, bottom = (_one(p, n) for p in product.parts())
    return reduced(top, bottom)


def _one(p: fmpz_mpoly, n: int) -> fmpq_poly:
    """p(n, k) as a polynomial in k."""
    found = fmpq_poly([])
    for (i, j), c in p.to_dict().items():
        found += fmpq_poly([0] * int(j) + [c * n ** int(i)])
    return found


# --- that the sums are the minimal solution


def _vanishing(along: Product, certificate: Both) -> bool:
    """Whether Σ F(0, k) converges absolutely and C(2, k) F(0, k) tends to 0; later n are left to the checker."""
    top, bottom = _at(along, 0)
    gap, z = bottom.degree() - top.degree(), abs(top.leading_coefficient())
    if gap or z != 1:
        return gap > 0 or (gap == 0 and z < 1)
    sigma = bottom[bottom.degree() - 1] - top[top.degree() - 1] / top.leading_coefficient()
    degrees = [_one(p, 2).degree() for p in certificate]
    return bool(sigma > max(1, degrees[0] - degrees[1]))


def _minimality(across: Both, a: fmpz_poly, b: fmpz_poly) -> Step | None:
    """Bounds μ(n) >= |F(n, k)/F(n-1, k)| and r(n) <= q(n)/q(n-1) from some n on, with a product of μ/r that is 0."""
    for bound in _bounds(across, a):
        first = _first(lambda n, bound=bound: _bounded(across, bound, n))
        if first is None:
            continue
        for growth in _growths(a, b):
            if not _smaller(bound, growth):
                continue
            start = _first(lambda n, growth=growth: _grows(a, b, growth, n), first)
            if start is not None:
                return {"bound": function(*bound), "growth": function(*growth), "start": start}
    return None


def _first(holds: Callable[[int], bool], least: int = 2) -> int | None:
    """The first n at which something holds that, once it does, goes on to hold."""
    if not holds(_MOST_START):
        return None
    return next(n for n in range(least, _MOST_START + 1) if holds(n))


def _bounds(across: Both, a: fmpz_poly) -> Iterator[Ratio]:
    """The quotient at k = 0, its limit for k -> ∞, and multiples of the power of n that a(n) grows like."""
    top, bottom = across
    rows = []
    for p in across:
        row: dict[int, fmpq_poly] = {}
        for (i, j), c in p.to_dict().items():
            row[int(j)] = row.get(int(j), fmpq_poly([])) + fmpq_poly([0] * int(i) + [c])
        rows.append(row)
    for j, other in ((0, 0), (max(rows[0]), max(rows[1]))):
        if j in rows[0] and other in rows[1] and (j == 0 or j == other):
            above, below = reduced(rows[0][j], rows[1][other])
            yield (above if above.leading_coefficient() > 0 else -above), below
    size = fmpq(abs(a.leading_coefficient()))
    for e in range(1, 8):
        yield fmpq_poly([0] * a.degree() + [size / 2**e]), fmpq_poly([1])


def _growths(a: fmpz_poly, b: fmpz_poly) -> Iterator[Ratio]:
    """θ a(n), which can go on by the recurrence when (1 - θ) θ a(n) a(n-1) + b(n) >= 0."""
    one = fmpq_poly([1])
    if b.leading_coefficient() > 0:
        yield fmpq_poly(a), one
        return
    for theta in (fmpq(1, 2), fmpq(3, 5), fmpq(2, 3), fmpq(3, 4), fmpq(4, 5), fmpq(9, 10), fmpq(19, 20)):
        yield fmpq_poly(a) * theta, one


def _smaller(bound: Ratio, growth: Ratio) -> bool:
    """Whether μ/r tends to less than 1, or to 1 in such a way that the product is 0."""
    top, bottom = bound[0] * growth[1], bound[1] * growth[0]
    gap, ratio = bottom.degree() - top.degree(), top.leading_coefficient() / bottom.leading_coefficient()
    if gap or abs(ratio) != 1:
        return gap > 0 or (gap == 0 and abs(ratio) < 1)
    d = top.degree() - 1
    return bool(bottom[d] / bottom.leading_coefficient() > top[d] / top.leading_coefficient())


def _bounded(across: Both, bound: Ratio, n: int) -> bool:
    (top, bottom), (p, q) = across, _two(bound)
    return all(_nonnegative(p * bottom + sign * top * q, bottom * q, n) for sign in (1, -1))


def _nonnegative(top: fmpz_mpoly, bottom: fmpz_mpoly, n: int) -> bool:
    """Whether all coefficients of top and bottom at n + x have one sign, and bottom does not vanish."""
    x, k = RING.gens()
    above, below = (p.compose(x + n, k) for p in (top, bottom))
    sign = 1 if below.leading_coefficient() > 0 else -1
    positive = all(c * sign > 0 for c in below.coeffs()) and below.to_dict().get((0, 0), 0) != 0
    return positive and all(c * sign > 0 for c in above.coeffs())


def _grows(a: fmpz_poly, b: fmpz_poly, growth: Ratio, start: int) -> bool:
    """Whether q(start) >= r(start) q(start - 1) > 0 and this goes on by the recurrence."""
    before, now = fmpq(0), fmpq(1)
    for n in range(2, start + 1):
        before, now = now, a(n) * now + b(n) * before
    r = growth[0]
    at = growth[0](start) / growth[1](start)
    if now * before <= 0 or now / before < at or at <= 0:
        return False
    earlier = tuple(p(fmpq_poly([-1, 1])) for p in growth)
    if b.leading_coefficient() > 0:
        top, bottom = fmpq_poly(a) * growth[1] - r, growth[1]
    else:
        top = (fmpq_poly(a) * growth[1] - r) * earlier[0] + fmpq_poly(b) * growth[1] * earlier[1]
        bottom = growth[1] * earlier[1]
    return _nonnegative(*_two((top, bottom)), start + 1)


# --- writing


def _bivariate(top: fmpz_mpoly, bottom: fmpz_mpoly) -> Step:
    return {"num": terms(top), "den": terms(bottom)}
