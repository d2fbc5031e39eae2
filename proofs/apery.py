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
from math import lcm

from flint import fmpq, fmpq_poly, fmpz_mpoly, fmpz_poly

from constants_lab.polynomials import parse_polynomial
from constants_lab.polynomials import shift as moved
from constants_lab.proofs import checker
from constants_lab.proofs.coboundaries import Coboundary, coboundaries, step_matrix
from constants_lab.proofs.contraction import contraction
from constants_lab.proofs.creative import (
    PRIME,
    RING,
    Both,
    Hypergeometric,
    invariant,
    lowest,
    rows,
    telescoper,
)
from constants_lab.proofs.minimality import at, growths, minimality, two, vanishing
from constants_lab.proofs.steps import Step, coboundary, facts_of, holds, polynomial, shift
from constants_lab.proofs.telescoping import Ratio, reduced

__all__ = ["FAMILIES", "Family", "apery_steps", "carried_steps", "folded_steps", "sum_steps"]

Sums = Callable[[Ratio], Iterator[list[Step]]]
"""Ways to prove the sum of a series of a given ratio: steps whose last fact it is."""

_PLACE = 1234567890123457
"""Fractions and families are compared at this n modulo a prime."""
_MOST_SHIFT = 9
_MOST_CARRIED = 3
_MOST_DEGREE = 6
_H = Fraction(1, 2)


Pair = tuple[fmpz_poly, fmpz_poly]
"""a and b of PCF(a, b)."""


@dataclass(frozen=True)
class Family:
    """F(n, k) = z^k Π Γ(above) / (k! Π Γ(below)), the arguments (α, β, γ) being αk + βn + γ, and times
    2k + βn + γ for a ``factor`` (β, γ).

    Sums over all k >= 0 begin where 1/k! does, so that nothing is left at the boundary there.
    """

    z: Fraction | int
    above: tuple[tuple[int, int, Fraction | int], ...]
    below: tuple[tuple[int, int, Fraction | int], ...]
    factor: tuple[int, Fraction | int] | None = None
    fraction: tuple[str, str] | None = None

    def term(self) -> Hypergeometric:
        """F."""
        gammas = [(x, y, Fraction(z), 1) for x, y, z in self.above]
        gammas += [(x, y, Fraction(z), -1) for x, y, z in (*self.below, (1, 0, 1))]
        linears = ((2, self.factor[0], Fraction(self.factor[1]), 1),) if self.factor else ()
        return Hypergeometric(Fraction(self.z), tuple(gammas), linears)


FAMILIES = (
    # Ball's series for ζ(3), from its first term that is not 0: Apéry's fraction.
    Family(1, ((1, 3, 2), *[(1, 1, 1)] * 5), ((1, 2, 2),) * 5, (3, 2), ("34*n^3 + 51*n^2 + 27*n + 5", "-n^6")),
    # Apéry's for ζ(2), and that of the Franel numbers.
    Family(1, ((1, 1, 1),) * 3, ((1, 2, 2),) * 2, None, ("11*n^2 + 11*n + 3", "n^4")),
    Family(4, ((1, 1, 1),) * 3, ((2, 3, 3),), None, ("7*n^2 + 7*n + 2", "8*n^4")),
    # Zudilin's for ζ(2) and Catalan's constant.
    Family(
        1,
        ((1, 3, 2), *[(1, 1, 1)] * 3),
        ((1, 2, 2),) * 3,
        None,
        ("26*n^3 + 39*n^2 + 21*n + 4", "27*n^6 - 3*n^4"),
    ),
    Family(-1, ((1, 3, 1), (1, 1, 1), *[(1, 1, _H)] * 3), ((1, 2, 1), *[(1, 2, 3 * _H)] * 3), (3, 1)),
    # Catalan's constant.
    Family(-1, ((1, 1, 1), *[(1, 0, _H)] * 2), ((1, 1, 3 * _H),) * 2, None, ("3*n^2 + 3*n + 1", "-2*n^4")),
    Family(-1, ((1, 1, 3), *[(1, 0, 3 * _H)] * 2), ((1, 1, 5 * _H),) * 2, None, ("3*n^2 + 7*n + 3", "-2*n^4 - 4*n^3")),
    # 7 ζ(3): the Domb numbers, and a very-well-poised series.
    Family(1, ((1, 1, 1), *[(1, 0, _H)] * 3), ((1, 1, 3 * _H),) * 3, None, ("10*n^3 + 15*n^2 + 9*n + 2", "-16*n^6")),
    Family(
        1,
        ((1, 1, 3), (1, 1, 1), *[(1, 0, 3 * _H)] * 4),
        ((1, 0, 3), *[(1, 1, 5 * _H)] * 4),
        (1, 3),
        ("4*n^3 + 6*n^2 + 12*n + 5", "-4*n^6"),
    ),
    # Every second convergent of PCF(6n^3 + 9n^2 + 5n + 1, -n^6) = 8/(7 ζ(3)).
    Family(1, ((1, 3, 3), (1, 1, 1), *[(1, 1, 3 * _H)] * 4), ((1, 2, 3), *[(1, 2, 5 * _H)] * 4), (3, 3)),
)


def sum_steps(a: fmpz_poly, b: fmpz_poly, sums: Sums) -> list[Step] | None:
    """Steps whose last fact is the value of PCF(a, b), by sums of hypergeometric terms; ``sums`` proves sums of series."""
    for search in (apery_steps, carried_steps, folded_steps):
        steps = next((steps for steps in search(a, b, sums) if holds(steps)), None)
        if steps is not None:
            return steps
    return None


def folded_steps(a: fmpz_poly, b: fmpz_poly, sums: Sums) -> Iterator[list[Step]]:
    """Steps whose last fact is the value of PCF(a, b), from a family whose fraction has every second of its convergents."""
    for s in (0, 1):
        x, y = moved(a, s), moved(b, s)
        found = contraction(x, y, 2)
        if found is None:
            continue
        target = {"a": polynomial(x), "b": polynomial(y)}
        for known in apery_steps(found.a, found.b, sums):
            step = coboundary(len(known) - 1, target, found.u, found.factor, fold=2, converges="worpitzky")
            yield [*known, step, *([shift(len(known), -s)] if s else [])]


def carried_steps(a: fmpz_poly, b: fmpz_poly, sums: Sums) -> Iterator[list[Step]]:
    """Steps whose last fact is the value of PCF(a, b), by a coboundary from the fraction of a family."""
    limit = fmpq(b.leading_coefficient(), a.leading_coefficient() ** 2)
    for family in FAMILIES:
        if family.fraction is None:
            continue
        x, y = (parse_polynomial(text) for text in family.fraction)
        if (x.degree(), y.degree()) != (a.degree(), b.degree()):
            continue
        if fmpq(y.leading_coefficient(), x.leading_coefficient() ** 2) != limit:
            continue
        for s in range(_MOST_CARRIED):
            c, d = moved(x, s), moved(y, s)
            target, source = (step_matrix(fmpq_poly(p), fmpq_poly(q)) for p, q in ((a, b), (c, d)))
            found = list(coboundaries(target, source, _MOST_DEGREE))
            if not found:
                continue
            known = next(apery_steps(c, d, sums), None)
            if known is not None:
                yield from _carried(a, b, known, c, d, found)
            for term, first in _related(c, d):
                for how in found:
                    steps = _weighted(term, first, how, (a, b), (c, d), sums)
                    if steps is not None:
                        yield steps
                        return


def _carried(
    a: fmpz_poly, b: fmpz_poly, known: list[Step], c: fmpz_poly, d: fmpz_poly, found: list[Coboundary]
) -> Iterator[list[Step]]:
    facts = facts_of(known)
    target = {"a": polynomial(a), "b": polynomial(b)}
    for how in found:
        for growth in growths(c, d):
            for start in (1, 2, 5, 10, 20, 40):
                step = coboundary(len(known) - 1, target, how.u, how.factor, growth=growth, start=start)
                try:
                    checker.derive(step, facts, set())
                except checker.Rejected:
                    continue
                yield [*known, step]
                return


def _weighted(
    term: Hypergeometric, s: int, how: Coboundary, target: Pair, source: Pair, sums: Sums
) -> list[Step] | None:
    """Steps by the sums of u22(n + s) F(n, k) - u21(n + s) b(n + s) F(n-1, k), the solutions that U makes of those of a source.

    These are F(n, k) times a polynomial by factors of F(n, k)/F(n-1, k).
    """
    found = _normalised(term, *(moved(p, s - 1) for p in source))
    if found is None:
        return None
    (top, bottom), one = found[0], fmpq_poly([1])
    b, lower, right = (two((fmpq_poly(moved(p, s)), one))[0] for p in (source[1], how.u[2], how.u[3]))
    weight = right * top - lower * b * bottom
    linears, gens = term.linears, RING.gens()
    for (x, y, z), e in term.across().factors.items():
        d = lcm(y.denominator, z.denominator)
        factor = d * gens[1] + int(y * d) * gens[0] + int(z * d)
        for _ in range(e if x else 0):
            quotient, rest = divmod(weight, factor)
            if not rest.to_dict():
                weight = quotient
            else:
                linears = (*linears, (d, int(y * d), z * d, -1))
    content = RING.constant(0)
    for j in range(int(weight.degrees()[1]) + 1):
        content = content.gcd(RING.from_dict({(i, 0): c for (i, k), c in weight.to_dict().items() if k == j}))
    weight /= content
    signs = {c > 0 for c in weight.coeffs()}
    # Else F might vanish somewhere, and the checker would not believe the quotients.
    if len(signs) != 1 or (0, 0) not in weight.to_dict():
        return None
    return _summed(Hypergeometric(term.z, term.gammas, linears, weight), s, *target, sums)


def apery_steps(a: fmpz_poly, b: fmpz_poly, sums: Sums) -> Iterator[list[Step]]:
    """Steps whose last fact is the value of PCF(a, b), from the families whose fraction it is or is a tail of.

    ``sums`` proves the two series F(0, k) and F(1, k).
    """
    for term, s in _related(a, b):
        steps = _summed(term, s, a, b, sums)
        if steps is not None:
            yield steps
            return


def _summed(term: Hypergeometric, s: int, a: fmpz_poly, b: fmpz_poly, sums: Sums) -> list[Step] | None:
    """Steps for PCF(a, b) when Σ F(n, k), up to a factor of n alone, is minimal for it from n + s on."""
    # In the recurrence a(n), b(n) are those of the fraction at n - 1; it may begin later, where the sums converge.
    x, y = moved(a, s - 1), moved(b, s - 1)
    found = _normalised(term, x, y)
    if found is None:
        return None
    across, along, c = found
    least = minimality(across, x, y) if vanishing(along, c) else None
    if least is None:
        return None
    for facts, first, second in _series(along, sums):
        step = {
            "rule": "recurrence",
            "first": first,
            "second": second,
            "a": polynomial(x),
            "b": polynomial(y),
            "across": _bivariate(*across),
            "along": _bivariate(*along),
            "certificate": _bivariate(*c),
            **least,
        }
        steps = [*facts, step, *([shift(len(facts), -s)] if s else [])]
        if holds(steps):
            return steps
    return None


@cache
def _invariants() -> dict[int, tuple[Hypergeometric, int]]:
    """Families F(n, k) and shifts s, by what F(n + s, k) has in common with its fractions."""
    found = {}
    for family in FAMILIES:
        term = family.term()
        for s in range(-_MOST_SHIFT, _MOST_SHIFT + 1):
            value = invariant(term, _PLACE + s)
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


def _normalised(term: Hypergeometric, a: fmpz_poly, b: fmpz_poly) -> tuple[Both, Both, Both] | None:
    """The quotients of F times the factor of n alone that makes a, b its recurrence, and the certificate."""
    found = telescoper(term)
    if found is None:
        return None
    c = reduced(fmpq_poly(a) * found.a[1], found.a[0])
    before = tuple(p(fmpq_poly([-1, 1])) for p in c)
    left = found.b[0] * c[0] * before[0], found.b[1] * c[1] * before[1]
    if left[0] != fmpq_poly(b) * left[1]:
        return None
    (p, q), (r, s), (t, u) = found.certificate, two(c), two((before[0], before[1]))
    (top, bottom), along = term.quotients()
    return lowest(top * r, bottom * s), along, lowest(p * r * t, q * s * u)


def _series(along: Both, sums: Sums) -> Iterator[tuple[list[Step], int, int]]:
    """Facts about Σ F(0, k) and Σ F(1, k), from one theorem, and their places."""
    zero, one = ([steps for steps in sums(at(along, n)) if holds(steps)] for n in (0, 1))
    for first in zero:
        for second in one:
            if first[0] == second[0]:
                yield [*first, *second[1:]], len(first) - 1, len(first) + len(second) - 2
                return


def _bivariate(top: fmpz_mpoly, bottom: fmpz_mpoly) -> Step:
    """A function with its denominator in factors, of which the checker then sees which ones sums have in common."""
    content, powers = bottom.factor()
    factors = [factor for factor, e in powers for _ in range(int(e))]
    return {"num": rows(top), "den": [rows(RING.constant(content)), *map(rows, factors)]}
