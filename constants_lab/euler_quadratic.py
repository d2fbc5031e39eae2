"""Hypergeometric solutions of u(n) = a(n) u(n-1) + b(n) u(n-2) over quadratic fields, without knowing the field.

Implementation overview.  Let r(n) = u(n)/u(n-1) lie in K(n), K = Q(sqrt D), and not in Q(n).  Its conjugate r' belongs to a
second solution, and by the Casoratian y = 1/(r - r') satisfies, up to a constant factor,

    t(n) + t(n-1) = 2 a(n) y(n),    t(n)^2 + 4 b(n+1) y(n) y(n+1) = kappa,    r = (t + sqrt kappa) / (2 y)

with y, t in Q(n) and a constant kappa in D Q^2.  Eliminating t leaves a linear recurrence of order 3 for y, the symmetric
square (compare Hendriks and van der Put, Galois action on solutions of a difference equation, J. Symb. Comput. 19, 1995).  So
one exact linear system over Q decides all quadratic fields at once.  Two facts keep it small:

* h1 and the conjugate of h2 differ by integer shifts of roots, hence y = Y/X with a polynomial Y and a known
  polynomial X: its multiplicity at x is the number of pairs (root of b at most x, root of b above x) that can be formed
  among the roots of b that differ from x by integers;
* the leading terms of r - r' determine the degree of Y, which often is negative.

The form is read off r in K(n) by Petkovsek's normal form, with greatest common divisors over K.

No larger field has to be searched.  If there are finitely many r, then at most two, and a conjugate of one is one of them.
If there are infinitely many, any two differ by a factor g(n+1)/g(n), and one of them is in Q(n).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.euler_search import RootClass, double_root_spread, rational_square_root
from constants_lab.polynomial_solutions import polynomial_solutions
from constants_lab.polynomials import shift, shift_distance
from constants_lab.quadratic_polynomials import QuadraticPolynomial, quadratic_gcd, square_root_parts

__all__ = ["QuadraticSolution", "quadratic_solution"]


class QuadraticSolution(NamedTuple):
    """h1, h2 and f over one quadratic field, as in :class:`constants_lab.euler_search.RationalSolution`."""

    h1: QuadraticPolynomial
    h2: QuadraticPolynomial
    f: QuadraticPolynomial


def _pairs(c: RootClass, x: int) -> int:
    """Multiplicity of base(n - x) in X."""
    above = c.above(x)
    return min(above, len(c.positions) - above)


def _degree_of_y(a: fmpz_poly, b: fmpz_poly) -> int | None:
    """The degree of y = 1/(r - r') as a rational function, from the leading terms; None when there is no such r."""
    da, db = a.degree(), b.degree()
    if db < 2 * da or db % 2:
        return None
    if db > 2 * da:
        return None if rational_square_root(fmpq(b[db])) is not None else -(db // 2)
    discriminant = fmpq(a[da] * a[da] + 4 * b[db])
    if discriminant != 0:
        return None if rational_square_root(discriminant) is not None else -da
    square = double_root_spread(a, b)
    if square is None:
        return None
    spread = rational_square_root(square)
    if spread is None:
        return 1 - da
    # r and r' have the same leading terms: both are of the one-parameter family of the growing solution.
    return int(spread.numer()) + 1 - da if spread.denom() == 1 and spread > 0 else None


def _step_of_x(classes: Sequence[RootClass]) -> tuple[fmpz_poly, fmpz_poly]:
    """X(n)/X(n-1) as numerator and denominator, whose product divides b."""
    numerator, denominator = fmpz_poly([1]), fmpz_poly([1])
    for c in classes:
        for x in sorted(set(c.positions)):
            change = _pairs(c, x) - _pairs(c, x - 1)
            if change > 0:
                numerator *= shift(c.base, -x) ** change
            else:
                denominator *= shift(c.base, -x) ** -change
    return numerator, denominator


def _symmetric_square(a: fmpz_poly, b: fmpz_poly, up: fmpz_poly, down: fmpz_poly) -> list[fmpz_poly]:
    """Coefficients of Y(n-2), ..., Y(n+1), all moved by 2 so that they stand for Y(n), ..., Y(n+3)."""
    before, below, after = shift(a, -1), shift(b, -1), shift(b, 1)
    coefficients = [
        a * (below // shift(down, -1)) * shift(up, -1) * up,
        before * (a * before + b) * up,
        -a * (b + a * before) * down,
        -before * (after // shift(up, 1)) * shift(down, 1) * down,
    ]
    common = coefficients[0]
    for coefficient in coefficients[1:]:
        common = common.gcd(coefficient)
    return [shift(coefficient // common, 2) for coefficient in coefficients]


def _ratio(a: fmpz_poly, b: fmpz_poly, y: fmpz_poly, classes: Sequence[RootClass]) -> QuadraticPolynomial | None:
    """T + X sqrt(kappa), from Y, where T = X t: so r = (T + X sqrt(kappa)) / (2 Y); None when kappa is a square."""
    up, down = _step_of_x(classes)
    following = (shift(b, 1) // shift(up, 1)) * shift(down, 1) * shift(y, 1)
    double_t = fmpq_poly(a * a * y * down - following * down + b * shift(y, -1) * up)
    t, remainder = divmod(double_t, fmpq_poly(a * down))
    if not remainder.is_zero():
        # T is a polynomial unless there are solutions over Q, too.
        return None
    x = fmpz_poly([1])
    for c in classes:
        for lo, hi in c.gaps:
            for k in range(lo, hi):
                x *= shift(c.base, -k) ** _pairs(c, lo)
    square = t * t + 4 * fmpq_poly(following * y)
    if square.degree() < 2 * x.degree():
        return None
    scale, radicand = square_root_parts(square[2 * x.degree()] / x.leading_coefficient() ** 2)
    if radicand == 1:
        return None
    # This sign makes |r| the larger one when the field is real.
    return QuadraticPolynomial(t, fmpq_poly(x) * (scale if t.leading_coefficient() >= 0 else -scale), radicand)


def _distances(numerator: fmpq_poly, denominator: fmpq_poly) -> list[int]:
    """The k > 0 for which numerator(n) and denominator(n + k) have a common root, increasing."""
    first, second = (p.numer().factor()[1] for p in (numerator, denominator))
    found = {shift_distance(p, q) for p, _ in first for q, _ in second}
    return sorted(-k for k in found if k is not None and k < 0)


def _normal_form(
    numerator: QuadraticPolynomial, denominator: QuadraticPolynomial
) -> tuple[QuadraticPolynomial, QuadraticPolynomial, QuadraticPolynomial]:
    """(A, B, C), C monic, with numerator/denominator = A(n) C(n+1) / (B(n) C(n)), A(n) and B(n+k) coprime for k >= 0."""
    common = quadratic_gcd(numerator, denominator)
    numerator, denominator = numerator // common, denominator // common
    c = QuadraticPolynomial(fmpq_poly([1]), fmpq_poly(), numerator.radicand)
    for k in _distances(numerator.norm(), denominator.norm()):
        shared = quadratic_gcd(numerator, denominator.shift(k))
        numerator, denominator = numerator // shared, denominator // shared.shift(-k)
        for i in range(1, k + 1):
            c = c * shared.shift(-i)
    return numerator, denominator, c


def _primitive(f: QuadraticPolynomial) -> QuadraticPolynomial:
    """f divided by a rational number, so that it has coprime integers."""
    joined = fmpq_poly([*f.rational.coeffs(), *f.surd.coeffs()])
    scale = fmpq(joined.denom(), joined.numer().content())
    return QuadraticPolynomial(f.rational * scale, f.surd * scale, f.radicand)


def _euler_form(b: fmpz_poly, numerator: QuadraticPolynomial, denominator: fmpz_poly) -> QuadraticSolution:
    common = numerator.rational_gcd().gcd(fmpq_poly(denominator))
    radicand = numerator.radicand
    numerator = QuadraticPolynomial(numerator.rational // common, numerator.surd // common, radicand)
    lower = QuadraticPolynomial(fmpq_poly(denominator) // common, fmpq_poly(), radicand)
    top, bottom, f = _normal_form(numerator, lower)
    # By Petkovsek's theorem the bottom is a constant and the top, moved by one, divides b.
    h2 = (top // bottom).shift(-1)
    return QuadraticSolution(QuadraticPolynomial(fmpq_poly(-b), fmpq_poly(), radicand) // h2, h2, _primitive(f))


def quadratic_solution(
    a: fmpz_poly, b: fmpz_poly, classes: Sequence[RootClass], max_degree: int
) -> QuadraticSolution | None:
    """A solution with r in K(n) for a quadratic field K, not in Q(n); a and b are nonzero, with no solution over Q.

    ``classes`` are those of b.  Of r and its conjugate the one that grows faster is taken, where they differ in growth.
    None when there is none with deg Y <= 2 max_degree; see the text of this module for Y, whose degree is at most
    2 deg f plus twice the sum of the distances between roots of b that differ by integers.
    """
    degree_of_y = _degree_of_y(a, b)
    if degree_of_y is None:
        return None
    degree = degree_of_y + sum(c.degree * (hi - lo) * _pairs(c, lo) for c in classes for lo, hi in c.gaps)
    if not 0 <= degree <= 2 * max_degree:
        return None
    for y in polynomial_solutions(_symmetric_square(a, b, *_step_of_x(classes)), degree):
        ratio = _ratio(a, b, y, classes)
        if ratio is not None:
            return _euler_form(b, ratio, 2 * y)
    return None
