"""From the fraction of a theorem to others with solutions of the same growth, by coboundaries.

Fractions that a coboundary relates have the same limit of b(n)/(a(n) a(n-1)), times a power of n.  For each such limit there
are few base fractions: PCF(A, B) for the leading coefficients A, B, where the quotients of the denominators tend to a root of
x² = Ax + B that is not rational; Bessel's, PCF(n+c, y).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.pcf import PCF
from constants_lab.proofs import checker
from constants_lab.proofs.coboundaries import Coboundary, coboundaries, step_matrix
from constants_lab.proofs.hypergeometric import rational_root
from constants_lab.proofs.steps import Step, coboundary, facts_of, flint_ratio, periodic, scaled, shape, shift, theorem
from constants_lab.proofs.telescoping import Ratio

__all__ = ["base_fractions", "carried"]

_STARTS = (1, 2, 5, 10, 20, 50)
"""From where the denominators of the known fraction may be asked to grow."""

_MOST_LATER = 2
"""Places by which the tail of a target is later than the fraction that it is related to."""


def _stated(step: Step) -> tuple[fmpq_poly, fmpq_poly] | None:
    """a and b of the fraction of a theorem; None where it says nothing."""
    try:
        (fact,) = facts_of([step])
    except checker.Rejected:
        return None
    assert isinstance(fact, checker.Continued)
    x, y = fact.shape.pair
    (a, over), (b, under) = flint_ratio(x), flint_ratio(y.shift(-1))
    return a / over[0], b / under[0]


def base_fractions(a: fmpz_poly, b: fmpz_poly) -> Iterator[Step]:
    """The theorems about fractions that a coboundary may carry to PCF(a, b), by the leading terms."""
    gap = 2 * a.degree() - b.degree()
    lead, other = a.leading_coefficient(), b.leading_coefficient()
    if gap == 0:
        yield periodic(int(lead), int(other))
    if gap == 2 and a.degree() > 0:
        y = fmpq(other, lead * lead)
        x = rational_root(4 * abs(y))
        if x:
            for c in _indices(a, b):
                yield theorem("bessel fraction", c=str(c), x=str(x), s="1" if y > 0 else "-1")


def _indices(a: fmpz_poly, b: fmpz_poly) -> tuple[fmpq, fmpq]:
    """The c of Bessel's fractions, of 0 < c ≤ 1.

    u(n)/u(n-1) is about a(n) for one solution of the recurrence and -b(n+1)/a(n+1) for another.  The quotient of the two is
    n^2 (1 + θ/n + ...), up to a constant; for PCF(n+c, y), θ = 2c + 1, and coboundaries change θ by integers.
    """
    d, e = a.degree(), b.degree()
    second, other = fmpq(a[d - 1], a[d]), fmpq(b[e - 1], b[e]) if e else fmpq(0)
    # Coefficients of a(n) a(n+1) / b(n+1) after the leading one.
    c = (2 * second + d - other - e - 1) / 2
    first = c - (c.p // c.q)
    half = fmpq(1, 2)
    return (first, first + half) if 0 < first <= half else (first or fmpq(1), (first or fmpq(1)) - half)


def carried(cited: Step, a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    """Steps that begin with the theorem and end with the value of PCF(a, b), and that the checker derives."""
    known = _stated(cited)
    if known is None:
        return
    c = a.leading_coefficient() / known[0].leading_coefficient() if a.degree() == known[0].degree() else fmpq(1)
    x, y = known[0] * c, known[1] * c * c
    k = fmpq(int(x.denom().lcm(y.denom())))
    x, y, c = x * k, y * k * k, c * k
    steps = [cited, scaled(0, x.numer(), y.numer(), c)]
    try:
        facts = facts_of(steps)
    except checker.Rejected:
        return
    for later in range(_MOST_LATER + 1):
        line = fmpz_poly([later, 1])
        tail = PCF(a(line), b(line))
        found = list(coboundaries(step_matrix(fmpq_poly(tail.a), fmpq_poly(tail.b)), step_matrix(x, y)))
        if not found:
            return
        back = [shift(2, -later)] if later else []
        for last in _last_steps(shape(tail), found, x, y):
            try:
                checker.derive(last, facts, set())
            except checker.Rejected:
                continue
            yield [*steps, last, *back]
            break


def _last_steps(target: Step, found: list[Coboundary], x: fmpq_poly, y: fmpq_poly) -> Iterator[Step]:
    for how in (*found, *_combined(found, y)):
        for growth in _growths(x, y):
            for start in _STARTS:
                yield coboundary(1, target, how.u, how.factor, growth=growth, start=start)


def _combined(found: list[Coboundary], b: fmpq_poly) -> Iterator[Coboundary]:
    """Sums of two solutions for which both weights, u22 and -u21 b(n), are positive in the end.

    Solutions for the same λ differ by matrices that commute with the steps of the known fraction.
    """
    for one, other in combinations(found, 2):
        if one.factor != other.factor:
            continue
        (v, w), (s, t) = ((fmpq_poly(how.u[3]), -fmpq_poly(how.u[2]) * b) for how in (one, other))
        degree = max(p.degree() for p in (v, w, s, t))
        (p, q), (r, e) = ((g[degree], h[degree]) for g, h in ((v, w), (s, t)))
        if p * e == q * r:
            continue
        # (e - r) (p, q) + (p - q) (r, e) is proportional to (1, 1).
        k, other_k = fmpq(e - r), fmpq(p - q)
        scale = int(k.q.lcm(other_k.q))
        first, second = (int((f * scale).p) for f in (k, other_k))
        u = tuple(g * first + h * second for g, h in zip(one.u, other.u, strict=True))
        if u[0] * u[3] != u[1] * u[2]:
            yield Coboundary((u[0], u[1], u[2], u[3]), one.factor)


def _growths(a: fmpq_poly, b: fmpq_poly) -> Iterator[Ratio]:
    """Functions r for which q(n) ≥ r(n) q(n-1) may hold for the denominators q of PCF(a, b)."""
    one = fmpq_poly([1])
    if b.leading_coefficient() > 0:
        yield a, one
        return
    gap = 2 * a.degree() - b.degree()
    square = 1 + 4 * float(Fraction(str(b.leading_coefficient() / a.leading_coefficient() ** 2))) if gap == 0 else 1.0
    for part in (0.98, 0.9, 0.7, 0.3):
        t = Fraction((1 + part * max(square, 0.0) ** 0.5) / 2).limit_denominator(1000)
        yield a * fmpq(t.numerator, t.denominator), one
