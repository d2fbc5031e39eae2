"""That the sums Σ_k F(n, k) converge and are the minimal solution of their recurrence.

By Pincherle's theorem (1894) m(1)/m(0) is then the continued fraction.  m(n) is bounded by the product of bounds μ on
F(n, k)/F(n-1, k), the denominators q(n) of the fraction from below by that of r(n) <= q(n)/q(n-1); what is needed of μ and r
are inequalities between polynomials for all n from some place on, shown by coefficients of one sign after a shift.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from flint import fmpq, fmpq_poly, fmpz_mpoly, fmpz_poly

from constants_lab.proofs.creative import RING, Both, coefficients_at, in_n
from constants_lab.proofs.steps import Step, function
from constants_lab.proofs.telescoping import Ratio, reduced

__all__ = ["at", "growths", "minimality", "two", "vanishing"]

_MOST_START = 60


def two(f: Ratio) -> Both:
    """A function of n as one of n and k, with integer coefficients."""
    d = int(f[0].denom()) * int(f[1].denom())
    return in_n(f[0] * d), in_n(f[1] * d)


def at(f: Both, n: int) -> Ratio:
    """f(n, k) as a function of k."""
    top, bottom = (fmpq_poly(coefficients_at(p, n)) for p in f)
    return reduced(top, bottom)


def vanishing(along: Both, certificate: Both) -> bool:
    """Whether Σ F(0, k) converges absolutely and C(2, k) F(0, k) tends to 0; later n are left to the checker."""
    top, bottom = at(along, 0)
    gap, z = bottom.degree() - top.degree(), abs(top.leading_coefficient())
    if gap or z != 1:
        return gap > 0 or (gap == 0 and z < 1)
    sigma = bottom[bottom.degree() - 1] - top[top.degree() - 1] / top.leading_coefficient()
    above, below = at(certificate, 2)
    return bool(sigma > max(1, above.degree() - below.degree()))


def minimality(across: Both, a: fmpz_poly, b: fmpz_poly) -> Step | None:
    """Bounds μ(n) >= |F(n, k)/F(n-1, k)| and r(n) <= q(n)/q(n-1) from some n on, with a product of μ/r that is 0."""
    for bound in _bounds(across, a):
        first = _first(partial(_bounded, across, bound))
        if first is None:
            continue
        for growth in growths(a, b):
            if not _smaller(bound, growth):
                continue
            start = _first(partial(_grows, a, b, growth), first)
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


def growths(a: fmpz_poly, b: fmpz_poly) -> Iterator[Ratio]:
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
    (top, bottom), (p, q) = across, two(bound)
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
    return _nonnegative(*two((top, bottom)), start + 1)
