"""Hypergeometric solutions over Q of u(n) = a(n) u(n-1) + b(n) u(n-2), with the simplest polynomial f.

Implementation overview.  By Petkovsek's theorem (J. Symb. Comput. 14, 1992) the ratio u(n)/u(n-1) of a hypergeometric
solution is h2(n+1) f(n+1)/f(n) with polynomials f and h2, h2 dividing b; h1 = -b/h2 then satisfies
f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1).  The search is complete, and small, for three reasons:

* leading terms leave at most two pairs of leading coefficients (eta1, eta2) of h1, h2 for given degrees;
* moving a root of h2 down by an integer, to another root of b, divides f by linear factors, so of all h2 with the same
  number of roots in each class of roots modulo integers ("type") the one with the largest roots has all solutions: a b
  whose irreducible factors differ by shifts has few types, not 2^(deg b) divisors;
* for given leading coefficients the degree of f is the sum of the roots of h2 minus one of at most two rational
  numbers ("exponents"), the same for all types; few types pass.

What passes is decided by exact linear algebra, and the roots of h2 are then moved down as far as f allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from math import lcm
from typing import NamedTuple

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from constants_lab.polynomial_solutions import polynomial_solutions
from constants_lab.polynomials import shift, shift_distance

__all__ = [
    "Growth",
    "RationalSolution",
    "RootClass",
    "double_root_spread",
    "rational_solutions",
    "rational_square_root",
    "root_classes",
]


class RationalSolution(NamedTuple):
    """h1, h2 and f with b(n) = -h1(n) h2(n) and f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1)."""

    h1: fmpq_poly
    h2: fmpq_poly
    f: fmpz_poly


@dataclass(frozen=True)
class RootClass:
    """The factors base(n - k) of b, for k in ``positions`` (falling, repeated by multiplicity); base is irreducible over Q."""

    base: fmpz_poly
    positions: tuple[int, ...]

    @property
    def degree(self) -> int:
        """Degree of one factor."""
        return self.base.degree()

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """The pairs of neighbouring different positions, rising."""
        return list(pairwise(sorted(set(self.positions))))

    def above(self, x: int) -> int:
        """How many positions are greater than x."""
        return sum(k > x for k in self.positions)

    def root_sum(self, positions: Sequence[int]) -> fmpq:
        """Sum of the roots of the factors at these positions."""
        d = self.degree
        return fmpq(-self.base[d - 1], self.base[d]) * len(positions) + d * sum(positions)

    def product(self, positions: Sequence[int]) -> fmpz_poly:
        """Product of the factors at these positions."""
        result = fmpz_poly([1])
        for k in positions:
            result *= shift(self.base, -k)
        return result


def root_classes(b: fmpz_poly) -> list[RootClass]:
    """The irreducible factors of b, those that differ by an integer shift together.

    >>> [(str(c.base), c.positions) for c in root_classes(fmpz_poly([0, 0, 2, 2]))]
    [('x + 1', (1, 1, 0))]
    """
    bases: list[tuple[fmpz_poly, list[int]]] = []
    for factor, exponent in b.factor()[1]:
        for base, positions in bases:
            distance = shift_distance(factor, base)
            if distance is not None:
                positions.extend([distance] * exponent)
                break
        else:
            bases.append((factor, [0] * exponent))
    return [RootClass(base, tuple(sorted(positions, reverse=True))) for base, positions in bases]


class Growth(NamedTuple):
    """Leading coefficients of h1 and h2, degree of h2, and the x for which deg f = (sum of the roots of h2) - x."""

    eta1: fmpq
    eta2: fmpq
    degree2: int
    exponents: tuple[fmpq, ...]


def rational_square_root(q: fmpq) -> fmpq | None:
    """The square root >= 0 of q when it is rational."""
    numerator, denominator = q.numer(), q.denom()
    if numerator < 0 or not numerator.is_square() or not denominator.is_square():
        return None
    return fmpq(numerator.isqrt(), denominator.isqrt())


def _coefficient(p: fmpz_poly, k: int) -> fmpz:
    return p[k] if k >= 0 else fmpz(0)


def _root_sum(b: fmpz_poly) -> fmpq:
    degree = b.degree()
    return fmpq(-_coefficient(b, degree - 1), b[degree])


def double_root_spread(a: fmpz_poly, b: fmpz_poly) -> fmpq | None:
    """s^2, where two solutions have a ratio that grows like n^s, for deg b = 2 deg a and A^2 + 4B = 0.

    None when no solution is hypergeometric, because the ratio grows like the exponential of the square root of n.
    """
    d = a.degree()
    eta = fmpq(a[d]) / 2
    roots = _root_sum(b)
    if _coefficient(a, d - 1) + eta * (roots - d) != 0:
        return None
    pairs = fmpq(_coefficient(b, 2 * d - 2), b[2 * d])
    constant = _coefficient(a, d - 2) / eta - pairs - fmpq(d * (d - 1), 2)
    return (roots + d - 1) ** 2 + 4 * constant


def _double_root_growth(a: fmpz_poly, b: fmpz_poly) -> list[Growth]:
    d = a.degree()
    square = double_root_spread(a, b)
    spread = None if square is None else rational_square_root(square)
    if spread is None:
        return []
    middle = _root_sum(b) + d - 1
    eta = fmpq(a[d]) / 2
    return [Growth(eta, eta, d, tuple(sorted({(middle - spread) / 2, (middle + spread) / 2})))]


def _equal_degrees(a: fmpz_poly, b: fmpz_poly, eta: fmpq, other: fmpq) -> list[Growth]:
    """Both orders of two different leading coefficients, deg h1 = deg h2."""
    d = b.degree() // 2
    below = _coefficient(a, d - 1)
    roots = _root_sum(b)
    return [
        Growth(eta1, eta2, d, ((below + eta1 * roots - eta2 * d) / (eta1 - eta2),))
        for eta1, eta2 in ((eta, other), (other, eta))
    ]


def _unequal_degrees(a: fmpz_poly, b: fmpz_poly) -> list[Growth]:
    """deg h1 != deg h2: the larger one has the leading term of a."""
    d, small = a.degree(), b.degree() - a.degree()
    big_eta = fmpq(a[d])
    small_eta = -fmpq(b[b.degree()]) / big_eta
    below = (_coefficient(a, d - 1) - (small_eta if small == d - 1 else 0)) / big_eta
    return [
        Growth(small_eta, big_eta, d, (d - below,)),
        Growth(big_eta, small_eta, small, (_root_sum(b) + below,)),
    ]


def _growths(a: fmpz_poly, b: fmpz_poly) -> list[Growth]:
    """What the leading terms leave over Q."""
    da, db = a.degree(), b.degree()
    A, B = fmpq(a[da]), fmpq(b[db])
    if db > 2 * da:
        eta = rational_square_root(B) if db % 2 == 0 else None
        return [] if eta is None else _equal_degrees(a, b, eta, -eta)
    if db < 2 * da:
        return _unequal_degrees(a, b) if db >= da else []
    difference = rational_square_root(A * A + 4 * B)
    if difference is None:
        return []
    if difference == 0:
        return _double_root_growth(a, b)
    return _equal_degrees(a, b, (A + difference) / 2, (A - difference) / 2)


Type = tuple[int, ...]
"""For each class the number of its factors that h2 has."""


def _types(classes: Sequence[RootClass], degree: int, scale: int) -> list[tuple[Type, int]]:
    """All types of the given degree, each with ``scale`` times the largest sum of the roots of h2.

    ``scale`` is a multiple of the leading coefficients of the bases, so that these are integers.
    """
    room = sum(c.degree * len(c.positions) for c in classes)
    partial: list[tuple[Type, int, int]] = [((), degree, 0)]
    for c in classes:
        room -= c.degree * len(c.positions)
        sums = [
            (j, j * c.degree, int((scale * c.root_sum(c.positions[:j])).numer())) for j in range(len(c.positions) + 1)
        ]
        partial = [
            ((*counts, j), missing - size, total + part)
            for counts, missing, total in partial
            for j, size, part in sums
            if size <= missing <= size + room
        ]
    return [(counts, total) for counts, _, total in partial]


def _candidates(growth: Growth, types: Sequence[tuple[Type, int]], scale: int) -> Iterator[tuple[Type, list[int]]]:
    """The types for which f may be a polynomial, each with the possible degrees for the largest roots of h2."""
    scaled = [scale * x for x in growth.exponents]
    exponents = [int(x.numer()) for x in scaled if x.denom() == 1]
    for counts, total in types:
        degrees = [(total - x) // scale for x in exponents if total >= x and (total - x) % scale == 0]
        if degrees:
            yield counts, degrees


Choice = list[tuple[int, ...]]
"""For each class the positions of the factors of h2."""


def _lower_choices(classes: Sequence[RootClass], counts: Type, drops: range) -> Iterator[Choice]:
    """The choices of one type whose root sum is below the largest by a number in ``drops``, smaller sums first."""
    options = [
        [(c, chosen) for chosen in sorted(set(combinations(c.positions, j)))]
        for c, j in zip(classes, counts, strict=True)
    ]
    tops = sum(c.degree * sum(c.positions[:j]) for c, j in zip(classes, counts, strict=True))
    bottoms = sum(c.degree * sum(c.positions[len(c.positions) - j :]) for c, j in zip(classes, counts, strict=True))
    found: list[tuple[int, Choice]] = []
    if tops - bottoms < drops.start:
        return iter(())
    for picks in product(*options):
        drop = tops - sum(c.degree * sum(chosen) for c, chosen in picks)
        if drop in drops:
            found.append((drop, [chosen for _, chosen in picks]))
    return (choice for _, choice in sorted(found, key=lambda entry: -entry[0]))


def _divisors(
    b: fmpz_poly, classes: Sequence[RootClass], choice: Choice, growth: Growth
) -> tuple[fmpq_poly, fmpq_poly]:
    h2 = fmpz_poly([1])
    for c, chosen in zip(classes, choice, strict=True):
        h2 *= c.product(chosen)
    scaled = fmpq_poly(h2) * (growth.eta2 / h2.leading_coefficient())
    return fmpq_poly(-b) // scaled, scaled


def _polynomials(a: fmpz_poly, h1: fmpq_poly, h2: fmpq_poly, max_degree: int) -> list[fmpz_poly]:
    """Basis of the solutions f."""
    denominator = h1.denom().lcm(h2.denom())
    shifted = [shift((h * denominator).numer(), k) for h, k in ((h1, 1), (h2, 2))]
    return polynomial_solutions([-shifted[0], shift(a, 1) * denominator, -shifted[1]], max_degree)


def _least_multiplicity(f: fmpz_poly, factors: Iterator[fmpz_poly], most: int) -> int:
    """The least multiplicity in f of any of the factors, or ``most`` if that is less."""
    for factor in factors:
        rest, multiplicity = f, 0
        while multiplicity < most:
            quotient, remainder = divmod(rest, factor)
            if not remainder.is_zero():
                most = multiplicity
            rest, multiplicity = quotient, multiplicity + 1
    return most


def _lowest_positions(c: RootClass, count: int, f: fmpz_poly) -> tuple[tuple[int, ...], fmpz_poly]:
    """The least positions to which the ``count`` largest can be moved, and the factor that f loses by it.

    Moving a root from hi down to lo divides f by its factors at lo, ..., hi - 1.  So for neighbouring positions lo < hi as
    many roots may cross the gap as the least multiplicity in f of the factors there; the others must stay at hi or above.
    Serving the strictest of these demands first, each with the least position that will do, gives the least sum.
    """
    top = c.positions[:count]
    floors = [c.positions[-1]] * count
    for lo, hi in c.gaps:
        above = min(count, c.above(lo))
        crossing = 0
        if (hi - lo) * c.degree <= f.degree():
            crossing = _least_multiplicity(f, (shift(c.base, -x) for x in range(lo, hi)), above)
        floors[: above - crossing] = [hi] * (above - crossing)
    free = list(c.positions)
    chosen = []
    for floor in floors:
        position = min(k for k in free if k >= floor)
        free.remove(position)
        chosen.append(position)
    lost = fmpz_poly([1])
    for lo, hi in c.gaps:
        crossed = sum(k > lo for k in top) - sum(k > lo for k in chosen)
        if crossed > 0:
            for x in range(lo, hi):
                lost *= shift(c.base, -x) ** crossed
    return tuple(sorted(chosen, reverse=True)), lost


def _pencil(classes: Sequence[RootClass], f: fmpz_poly, g: fmpz_poly) -> list[fmpz_poly]:
    """f, g, and those g - c f of which more roots of h2 can cross some gap than of most; deg f < deg g.

    Of all combinations only these can become simpler than f and g.
    """
    common = f.gcd(g)
    first, second = fmpq_poly(f // common), fmpq_poly(g // common)
    ratios: list[fmpq] = [fmpq(0)]
    for c in classes:
        for lo, hi in c.gaps:
            if (hi - lo) * c.degree > g.degree():
                continue
            ratio = _common_ratio(first, second, _weakest([shift(c.base, -x) for x in range(lo, hi)], common))
            if ratio is not None and ratio not in ratios:
                ratios.append(ratio)
    return [f, *(g * ratio.denom() - f * ratio.numer() for ratio in ratios)]


def _weakest(factors: Sequence[fmpz_poly], common: fmpz_poly) -> list[fmpz_poly]:
    """The factors of least multiplicity in ``common``: each of them must gain for one root more to cross."""
    if common.degree() == 0:
        return list(factors)
    multiplicities = [_least_multiplicity(common, iter([factor]), common.degree()) for factor in factors]
    return [factor for factor, m in zip(factors, multiplicities, strict=True) if m == min(multiplicities)]


def _common_ratio(first: fmpq_poly, second: fmpq_poly, factors: Sequence[fmpz_poly]) -> fmpq | None:
    """c where second - c first is divisible by all the factors, which are irreducible, and first by none."""
    found: fmpq | None = None
    for factor in factors:
        modulus = fmpq_poly(factor)
        left = first % modulus
        if left.is_zero():
            return None
        right = second % modulus
        ratio = right[left.degree()] / left.leading_coefficient()
        if right != left * ratio or ratio != (ratio if found is None else found):
            return None
        found = ratio
    return found


def _simplified(
    b: fmpz_poly, classes: Sequence[RootClass], counts: Type, growth: Growth, f: fmpz_poly
) -> RationalSolution:
    choice = []
    for c, count in zip(classes, counts, strict=True):
        positions, lost = _lowest_positions(c, count, f)
        f = f // lost
        choice.append(positions)
    content = f.content() if f.leading_coefficient() > 0 else -f.content()
    return RationalSolution(*_divisors(b, classes, choice, growth), f // content)


def _of_type(
    a: fmpz_poly,
    b: fmpz_poly,
    classes: Sequence[RootClass],
    counts: Type,
    growth: Growth,
    degrees: Sequence[int],
    limit: int,
) -> Iterator[RationalSolution]:
    """Solutions of one type, where ``degrees`` are the possible degrees of f for the largest roots of h2."""
    if min(degrees) <= limit:
        top = [c.positions[:j] for c, j in zip(classes, counts, strict=True)]
        basis = _polynomials(a, *_divisors(b, classes, top, growth), limit)
        for f in _pencil(classes, *basis) if len(basis) == 2 else basis:
            yield _simplified(b, classes, counts, growth, f)
    if max(degrees) > limit and any(c.gaps for c in classes):
        # The largest roots ask for too large an f; lower ones may not.
        for choice in _lower_choices(
            classes, counts, range(min(d for d in degrees if d > limit) - limit, max(degrees) + 1)
        ):
            h1, h2 = _divisors(b, classes, choice, growth)
            found = _polynomials(a, h1, h2, limit)
            yield from (RationalSolution(h1, h2, f) for f in found)
            if found:
                return


def rational_solutions(
    a: fmpz_poly, b: fmpz_poly, classes: Sequence[RootClass], max_degree: int
) -> Iterator[RationalSolution]:
    """Solutions over Q with deg f <= max_degree, at least one if there is any; a and b are nonzero.

    ``classes`` are those of b.  A few for each type that has a solution, with the lowest f among them.
    """
    scale = lcm(*(int(c.base.leading_coefficient()) for c in classes))
    types: dict[int, list[tuple[Type, int]]] = {}
    for growth in _growths(a, b):
        degree = growth.degree2
        if degree not in types:
            types[degree] = _types(classes, degree, scale)
        for counts, degrees in _candidates(growth, types[degree], scale):
            yield from _of_type(a, b, classes, counts, growth, degrees, max_degree)
