"""Coboundaries: U with T(m) U(m+1) = λ(m) U(m) N(m), which carry the value of one fraction to another.

T and N are products of the matrices [[x, y], [1, 0]] of the two fractions, and U, λ are over Q(m).  A gauge g changes U to
g U and λ to λ g(m+1)/g(m), so U may be taken as a polynomial.  Taking determinants, λ² = det T/det N · det U(m+1)/det U(m).
Hence det T/det N is a rational square times, in every class of irreducible factors that are shifts of each other, an even
number of factors, and but for its sign and a gauge λ is known: it has half as many.  The gauge is chosen so that the poles of
U cancel, which are bounded by the zeros of det T and det N as in Abramov's algorithm (S. A. Abramov, Rational solutions of
linear difference and q-difference equations with polynomial coefficients, Program. Comput. Software 21, 1995; for systems M.
Barkatou, Rational solutions of matrix difference equations, ISSAC 1999).  For given λ the equation is linear in the
coefficients of U.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isqrt

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_mat, fmpz_poly, nmod_mat

from constants_lab.polynomials import shift_distance

__all__ = ["Coboundary", "Quad", "coboundaries", "folded", "product", "step_matrix"]

_PRIME = 2**61 - 1

_MOST_POLES = 24
"""The degree of the gauge that cancels the poles of U, up to which it is used."""

Entries = tuple[fmpz_poly, fmpz_poly, fmpz_poly, fmpz_poly]
"""Those of U, row by row."""

Factor = tuple[fmpq_poly, fmpq_poly]
"""λ as numerator and denominator."""

Quad = tuple[fmpq_poly, fmpq_poly, fmpq_poly, fmpq_poly]
"""The entries of a 2 x 2 matrix of polynomials, row by row."""


@dataclass(frozen=True)
class Coboundary:
    """The entries u11, u12, u21, u22 of U, and λ as (numerator, denominator)."""

    u: Entries
    factor: Factor


def product(x: Quad, y: Quad) -> Quad:
    """The matrix product."""
    a, b, c, d = x
    s, t, u, v = y
    return a * s + b * u, a * t + b * v, c * s + d * u, c * t + d * v


def step_matrix(a: fmpq_poly, b: fmpq_poly) -> Quad:
    """[[a(n), b(n+1)], [1, 0]], the step of PCF(a, b)."""
    return a, _moved(b, 1), fmpq_poly([1]), fmpq_poly([])


def folded(matrix: Quad, k: int) -> Quad:
    """The product of the matrix at k m, ..., k m + k - 1, as a matrix in m."""
    out: Quad = fmpq_poly([1]), fmpq_poly([]), fmpq_poly([]), fmpq_poly([1])
    for i in range(k):
        line = fmpq_poly([i, k])
        w, x, y, z = (p(line) for p in matrix)
        out = product(out, (w, x, y, z))
    return out


def _moved(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


def _determinant(m: Quad) -> fmpq_poly:
    return m[0] * m[3] - m[1] * m[2]


def coboundaries(target: Quad, source: Quad, most: int = 3) -> Iterator[Coboundary]:
    """Coboundaries from the fraction with the step ``source`` to that with the step ``target``, with polynomials U that have no
    common factor, of least degree for either sign of λ.

    All U with entries of degree ≤ most are among those looked for, after multiplication by the polynomial that cancels all
    poles they may have, and for the entry u12, whose degree is by that of a larger, and its neighbours more: between rows of
    the matrix field of ζ(3) the degrees are 3, 6, 0, 3.
    """
    # Common factors of the entries of T or N are factors of λ, which force neither zeros nor poles of U.
    (target, ours), (source, theirs) = _primitive(target), _primitive(source)
    classes = _classes(_determinant(target), _determinant(source))
    root = _rational_root(_determinant(target).leading_coefficient() / _determinant(source).leading_coefficient())
    if classes is None or root is None:
        return
    largest = most + _slope(target)
    simple, poles = _halves(classes), [_poles(c) for c in classes]
    candidates = [(simple, largest)]
    other = _halves([c.cancelled() for c in classes])
    if other != simple:
        candidates.append((other, largest))
    extra = sum(e * c.base.degree() for c, found in zip(classes, poles, strict=True) for e in found.values())
    if 0 < extra <= _MOST_POLES:
        candidates.append((_with_gauge(simple, classes, poles), largest + extra))
    for sign in (root, -root):
        for factor, degree in candidates:
            found = list(_of_least_degree(target, source, (factor[0] * sign, factor[1]), degree))
            for u, (top, bottom) in found:
                yield Coboundary(u, _reduced(top * ours, bottom * theirs))
            if found:
                break


def _primitive(m: Quad) -> tuple[Quad, fmpq_poly]:
    """The matrix without the monic common factor of its entries, and this."""
    common = m[0].gcd(m[1]).gcd(m[2]).gcd(m[3])
    if common.degree() < 1:
        return m, fmpq_poly([1])
    common = common / common.leading_coefficient()
    return (m[0] // common, m[1] // common, m[2] // common, m[3] // common), common


def _reduced(top: fmpq_poly, bottom: fmpq_poly) -> Factor:
    common = top.gcd(bottom)
    return top // common, bottom // common


def _of_least_degree(target: Quad, source: Quad, factor: Factor, largest: int) -> Iterator[tuple[Entries, Factor]]:
    if not _any_solution(target, source, factor, _degrees(target, source, largest)):
        return
    for degree in range(largest + 1):
        found = False
        for u in _solutions(target, source, factor, _degrees(target, source, degree)):
            found = True
            yield _without_content(u, factor)
        if found:
            return


def _without_content(u: Entries, factor: Factor) -> tuple[Entries, Factor]:
    """U without the common factor g of its entries, and the λ that goes with it, λ g(m)/g(m+1)."""
    u11, u12, u21, u22 = u
    common = u11.gcd(u12).gcd(u21).gcd(u22)
    g = fmpq_poly(common)
    whole = u11 // common, u12 // common, u21 // common, u22 // common
    return whole, _reduced(factor[0] * g, factor[1] * _moved(g, 1))


def _slope(m: Quad) -> int:
    """By how much the degree rises from the first entry to the second, and falls to the third: about deg a."""
    return max(0, (m[1].degree() - m[2].degree() + 1) // 2)


def _degrees(target: Quad, source: Quad, degree: int) -> tuple[int, int, int, int]:
    """The degrees of u11, u12, u21, u22 that go together, so that no product in the identity has terms of its own."""
    right, down = _slope(source), _slope(target)
    return degree, degree + right, degree - down, degree + right - down


# --- the candidates for λ


@dataclass(frozen=True)
class _Class:
    """Zeros of det T and det N that are those of an irreducible polynomial moved by integers, increasing, with multiplicity."""

    base: fmpz_poly
    target: tuple[int, ...]
    source: tuple[int, ...]

    @property
    def half(self) -> int:
        """The zeros of λ less its poles."""
        return (len(self.target) - len(self.source)) // 2

    def at(self, position: int) -> fmpq_poly:
        """The monic factor with its zeros there."""
        return _moved(fmpq_poly(self.base), -position) / self.base.leading_coefficient()

    def cancelled(self) -> _Class:
        """Without the zeros that the two determinants share."""
        ours, theirs = Counter(self.target), Counter(self.source)
        return _Class(self.base, tuple(sorted((ours - theirs).elements())), tuple(sorted((theirs - ours).elements())))


def _classes(top: fmpq_poly, bottom: fmpq_poly) -> list[_Class] | None:
    """The classes of the zeros of the two determinants; None when one has an odd number, so that there is no λ."""
    found: list[tuple[fmpz_poly, list[int], list[int]]] = []
    for which, p in enumerate((top, bottom)):
        for factor, exponent in p.numer().factor()[1]:
            for base, *places in found:
                k = shift_distance(factor, base)
                if k is not None:
                    places[which] += [k] * exponent
                    break
            else:
                lists: tuple[list[int], list[int]] = [], []
                lists[which].extend([0] * exponent)
                found.append((factor, *lists))
    if any((len(ours) + len(theirs)) % 2 for _, ours, theirs in found):
        return None
    return [_Class(base, tuple(sorted(ours)), tuple(sorted(theirs))) for base, ours, theirs in found]


def _rational_root(q: fmpq) -> fmpq | None:
    """The square root of q > 0 in Q."""
    if q < 0:
        return None
    p, d = isqrt(int(q.p)), isqrt(int(q.q))
    return fmpq(p, d) if p * p == q.p and d * d == q.q else None


def _halves(classes: Sequence[_Class]) -> Factor:
    """λ with the first zeros of det T of a class as zeros, or the last ones of det N as poles: this leaves U few poles."""
    top, bottom = fmpq_poly([1]), fmpq_poly([1])
    for c in classes:
        for k in c.target[: max(c.half, 0)]:
            top *= c.at(k)
        for k in c.source[len(c.source) + min(c.half, 0) :]:
            bottom *= c.at(k)
    return top, bottom


def _poles(c: _Class) -> dict[int, int]:
    """Bounds for the orders of the poles of U, for the λ of :func:`_halves`.

    By U(m+1) = λ T^-1 U N the order at x exceeds that at x - 1 by that of λ/det T at x - 1 at the most, and by U(m) = λ^-1 T
    U(m+1) N^-1 that at x + 1 by that of 1/(λ det N) at x; far to either side there is no pole.
    """
    taken, lost = c.target[: max(c.half, 0)], c.source[len(c.source) + min(c.half, 0) :]
    rising = c.target[len(taken) :] + lost
    falling = c.source[: len(c.source) - len(lost)] + taken
    places = range(min((*rising, *falling), default=0), max((*rising, *falling), default=0) + 1)
    orders = {x: min(sum(y < x for y in rising), sum(y >= x for y in falling)) for x in places}
    return {x: order for x, order in orders.items() if order}


def _with_gauge(factor: Factor, classes: Sequence[_Class], poles: Sequence[dict[int, int]]) -> Factor:
    """λ g(m+1)/g(m) for the g that cancels the poles."""
    g = fmpq_poly([1])
    for c, orders in zip(classes, poles, strict=True):
        for x, order in orders.items():
            g *= c.at(x) ** order
    return _reduced(factor[0] * _moved(g, 1), factor[1] * g)


# --- the linear equations


def _equations(
    target: Quad, source: Quad, factor: Factor, degrees: tuple[int, int, int, int]
) -> tuple[fmpz_mat, list[tuple[int, int]]]:
    """The linear equations, and for each column of the matrix the entry of U and the power of m that it is for."""
    top, bottom = factor
    unknowns = [(entry, i) for entry in range(4) for i in range(degrees[entry] + 1)]
    columns: list[Quad] = []
    for entry, i in unknowns:
        x = fmpq_poly([0] * i + [1])
        after, now = _moved(x, 1) * bottom, x * top
        a, b, c, d = target
        s, t, u, v = source
        none = fmpq_poly([])
        columns.append(
            [
                (a * after - now * s, -now * t, c * after, none),
                (-now * u, a * after - now * v, none, c * after),
                (b * after, none, d * after - now * s, -now * t),
                (none, b * after, -now * u, d * after - now * v),
            ][entry]
        )
    rows = 1 + max(p.degree() for column in columns for p in column)
    entries = [column[j][i] for j in range(4) for i in range(rows) for column in columns]
    return fmpz_mat(fmpq_mat(4 * rows, len(columns), entries).numer_denom()[0]), unknowns


def _any_solution(target: Quad, source: Quad, factor: Factor, degrees: tuple[int, int, int, int]) -> bool:
    """Whether the equations have a solution modulo a prime; if they have none, there is none."""
    matrix, unknowns = _equations(target, source, factor, degrees)
    return nmod_mat(matrix, _PRIME).rank() < len(unknowns)


def _solutions(target: Quad, source: Quad, factor: Factor, degrees: tuple[int, int, int, int]) -> Iterator[Entries]:
    """U with entries of at most these degrees and a determinant that is not zero, from a basis of the solutions."""
    matrix, unknowns = _equations(target, source, factor, degrees)
    # FLINT puts the basis into the first columns.
    basis, nullity = matrix.nullspace()
    found = []
    for k in range(nullity):
        parts: list[list[fmpz]] = [[], [], [], []]
        for j, (entry, _) in enumerate(unknowns):
            parts[entry].append(basis[j, k])
        u11, u12, u21, u22 = (fmpz_poly(part) for part in parts)
        found.append((u11, u12, u21, u22))
    regular = [u for u in found if u[0] * u[3] != u[1] * u[2]]
    if not regular:
        # The determinant is a quadratic form: if it is not 0 everywhere, it is not 0 at some sum of two.
        sums = [tuple(p + q for p, q in zip(x, y, strict=True)) for x, y in combinations(found, 2)]
        regular = [(p, q, r, s) for p, q, r, s in sums if p * s != q * r][:1]
    for u11, u12, u21, u22 in regular:
        content = u11.content().gcd(u12.content()).gcd(u21.content()).gcd(u22.content())
        yield u11 // content, u12 // content, u21 // content, u22 // content
