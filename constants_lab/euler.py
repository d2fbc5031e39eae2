"""The Euler family: continued fractions that are series in disguise.

PCF(a, b) is in the family when b(n) = -h1(n) h2(n) and f(n) a(n) = f(n-1) h1(n) + f(n+1) h2(n+1) for polynomials h1, h2
and f != 0; equivalently, when u(n) = a(n) u(n-1) + b(n) u(n-2) has a solution with u(n)/u(n-1) = h2(n+1) f(n+1)/f(n), a
hypergeometric one.  Reduction of order then turns the fraction into a series (Euler 1748, for f = 1): with f(k) != 0 for
k >= 0, h2(k) != 0 for k >= 1 and

    T_N = sum over k = 0..N of f(0) f(1) / (f(k) f(k+1)) prod over i = 1..k of h1(i)/h2(i+1)

the convergents are p_N/q_N = a(0) + f(1) h2(1)/f(0) (1/T_N - 1), exactly.  The two conditions can always be reached by leaving
out the first terms of the fraction.

Everything here is exact.  The search is in :mod:`constants_lab.euler_search` (over Q) and
:mod:`constants_lab.euler_quadratic`.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.errors import InputError
from constants_lab.euler_quadratic import quadratic_solution
from constants_lab.euler_search import RationalSolution, rational_solutions, root_classes
from constants_lab.polynomials import format_polynomial, integer_roots
from constants_lab.quadratic_polynomials import QuadraticPolynomial, format_rational_polynomial

__all__ = [
    "MAX_F_DEGREE",
    "EulerForm",
    "QuadraticEulerForm",
    "euler_form",
    "partial_sum",
    "value_of_divergent",
    "with_start",
]

MAX_F_DEGREE = 500
"""Up to this degree of f :func:`euler_form` looks, unless told otherwise."""


def _shift(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


def _start(roots_of_f: list[int], roots_of_h2: list[int]) -> int:
    return max([0, *(root + 1 for root in roots_of_f), *roots_of_h2])


def _quotient_text(above: fmpq_poly, below: fmpq_poly) -> str:
    common = above.gcd(below)
    above, below = above // common, below // common
    scale = fmpq(below.denom(), above.denom())
    numerator, denominator = above.numer() * scale.numer(), below.numer() * scale.denom()
    content = numerator.content().gcd(denominator.content())
    if denominator.leading_coefficient() < 0:
        content = -content
    return f"({format_polynomial(numerator // content, 'k')})/({format_polynomial(denominator // content, 'k')})"


def _series(h1: str, h2: str, f: str, ratio: str, start: int) -> str:
    tail = "" if start == 0 else f"for the tail n -> n + {start}, that is with h1, h2, f moved by {start}: "
    return (
        f"{tail}PCF - a(0) = f(1) h2(1)/f(0) (1/T - 1), T = sum over k >= 0 of t(k), t(0) = 1, "
        f"t(k)/t(k-1) = {ratio}, where h1(n) = {h1}, h2(n) = {h2}, f(n) = {f}"
    )


@dataclass(frozen=True)
class EulerForm:
    """h1, h2 and f over Q, and the least start from which the series is defined.

    ``start`` is the least s >= 0 with f(k) != 0 for k >= s and h2(k) != 0 for k >= s + 1: the series belongs to the tail
    n -> n + s of the fraction, to all of it when s = 0.
    """

    h1: fmpq_poly
    h2: fmpq_poly
    f: fmpq_poly
    start: int

    @property
    def term_ratio(self) -> str:
        """t(k)/t(k-1) = f(k-1) h1(k)/(f(k+1) h2(k+1)) in lowest terms, as text in k; for the tail when ``start`` > 0.

        >>> euler_form(fmpz_poly([1]), fmpz_poly([0, 0, 1])).term_ratio
        '(-k)/(k + 1)'
        """
        form = self.tail()
        above = _shift(form.f, -1) * form.h1
        below = _shift(form.f, 1) * _shift(form.h2, 1)
        return _quotient_text(above, below)

    def check(self, a: fmpz_poly, b: fmpz_poly) -> bool:
        """Whether both identities hold for a and b, f is not zero and ``start`` is right; exact."""
        return (
            not self.f.is_zero()
            and self.h1 * self.h2 == -fmpq_poly(b)
            and self.f * a == _shift(self.f, -1) * self.h1 + _shift(self.f, 1) * _shift(self.h2, 1)
            and self.start == _start(_natural_roots(self.f), _natural_roots(self.h2))
        )

    def tail(self) -> EulerForm:
        """The form of the tail a(n + start), b(n + start), which has start 0."""
        s = self.start
        return EulerForm(_shift(self.h1, s), _shift(self.h2, s), _shift(self.f, s), 0)

    def series(self) -> str:
        """The series in one line of text."""
        h1, h2, f = (format_rational_polynomial(p) for p in (self.h1, self.h2, self.f))
        return _series(h1, h2, f, self.term_ratio, self.start)


@dataclass(frozen=True)
class QuadraticEulerForm:
    """The same over Q(sqrt D), where D = :attr:`radicand`, for a fraction that has no form over Q.

    The image under sqrt D -> -sqrt D is a form too.
    """

    h1: QuadraticPolynomial
    h2: QuadraticPolynomial
    f: QuadraticPolynomial
    start: int

    @property
    def radicand(self) -> int:
        """D, an integer that is no square and no multiple of the square of a prime below 2^20."""
        return self.h2.radicand

    @property
    def term_ratio(self) -> str:
        """t(k)/t(k-1) of the series as text in k, not reduced."""
        form = self.tail()
        above = form.f.shift(-1) * form.h1
        below = form.f.shift(1) * form.h2.shift(1)
        return f"({above.text('k')})/({below.text('k')})"

    def check(self, a: fmpz_poly, b: fmpz_poly) -> bool:
        """Whether both identities hold for a and b, f is not zero and ``start`` is right; exact."""
        product = self.h1 * self.h2
        sides = self.f * fmpq_poly(a) - self.f.shift(-1) * self.h1 - self.f.shift(1) * self.h2.shift(1)
        return (
            not self.f.is_zero()
            and product.surd.is_zero()
            and product.rational == -fmpq_poly(b)
            and sides.is_zero()
            and self.start == _start(self.f.integer_roots(), self.h2.integer_roots())
        )

    def tail(self) -> QuadraticEulerForm:
        """The form of the tail a(n + start), b(n + start), which has start 0."""
        s = self.start
        return QuadraticEulerForm(self.h1.shift(s), self.h2.shift(s), self.f.shift(s), 0)

    def series(self) -> str:
        """The series in one line of text."""
        return _series(self.h1.text(), self.h2.text(), self.f.text(), self.term_ratio, self.start)


def _natural_roots(p: fmpq_poly) -> list[int]:
    """The integer roots >= 0."""
    coefficients = [c for c in p.coeffs() if c != 0]
    if all(c > 0 for c in coefficients) or all(c < 0 for c in coefficients):
        # No sign changes, no positive roots: this spares the factorization of large f.
        return [0] if p[0] == 0 else []
    return [root for root, _ in integer_roots(p.numer()) if root >= 0]


def with_start(solution: RationalSolution) -> EulerForm:
    """The form that a solution is, with the start from which its series is defined."""
    h1, h2, f = solution.h1, solution.h2, fmpq_poly(solution.f)
    return EulerForm(h1, h2, f, _start(_natural_roots(f), _natural_roots(h2)))


def _simplicity(form: EulerForm) -> tuple[object, ...]:
    """No tail, then the solution that grows (its series converges); the rest makes the order total."""
    lead = form.h2.leading_coefficient()
    return form.start, -form.h2.degree(), -abs(lead), -lead, list(form.h2.coeffs()), list(form.f.coeffs())


def euler_form(a: fmpz_poly, b: fmpz_poly, max_degree: int = MAX_F_DEGREE) -> EulerForm | QuadraticEulerForm | None:
    """A form over Q with the simplest f there is, else one over a quadratic field, else None.

    None proves that PCF(a, b) has no form over Q with deg f <= max_degree and, unless it has one with a larger f, none
    over a quadratic field with deg Y <= 2 max_degree, where Y is the polynomial of :mod:`constants_lab.euler_quadratic`:
    deg Y is at most 2 deg f plus twice the sum of the distances between those roots of b that differ by integers.  Apart
    from these bounds it proves that there is none over any field, the complex numbers included: what has a form has one over
    Q or a quadratic field.  The bounds matter for large coefficients only: PCF(n + k, n) has a form, with deg f = k.

    Among forms over Q with f of the same degree those with the least ``start`` come first, then those with the larger h2.
    The time grows with the number of ways to distribute the roots of b, taken modulo integers, to h1 and h2.

    >>> form = euler_form(fmpz_poly([1, 3]), fmpz_poly([0, 1, -2]))
    >>> form.term_ratio, form.start
    ('(k)/(2*k + 1)', 0)
    >>> print(form.series().partition("where ")[2])
    h1(n) = n, h2(n) = 2*n - 1, f(n) = 1
    >>> euler_form(fmpz_poly([5, 27, 51, 34]), fmpz_poly([0, 0, 0, 0, 0, 0, -1])) is None
    True

    Raises :class:`InputError` when a or b is zero.
    """
    if a.is_zero() or b.is_zero():
        raise InputError("the polynomials a and b of a continued fraction must not be zero")
    classes = root_classes(b)
    solutions = list(rational_solutions(a, b, classes, max_degree))
    if solutions:
        degree = min(solution.f.degree() for solution in solutions)
        return min((with_start(solution) for solution in solutions if solution.f.degree() == degree), key=_simplicity)
    quadratic = quadratic_solution(a, b, classes, max_degree)
    if quadratic is None:
        return None
    return QuadraticEulerForm(*quadratic, _start(quadratic.f.integer_roots(), quadratic.h2.integer_roots()))


def partial_sum(form: EulerForm, last: int) -> fmpq:
    """T_N for N = ``last``: then a(0) + f(1) h2(1)/f(0) (1/T_N - 1) is the convergent p_N/q_N (undefined for T_N = 0).

    Raises :class:`InputError` for a negative ``last``, and when the form has ``start`` > 0 (take its tail).
    """
    if last < 0:
        raise InputError(f"a partial sum has an index N >= 0, not {last}")
    if form.start > 0:
        raise InputError("the series is defined from a later term on: take the partial sum of form.tail()")
    total, product = fmpq(0), fmpq(1)
    for k in range(last + 1):
        if k > 0:
            product *= form.h1(k) / form.h2(k + 1)
        total += form.f(0) * form.f(1) / (form.f(k) * form.f(k + 1)) * product
    return total


def value_of_divergent(form: EulerForm, a: fmpz_poly, b: fmpz_poly) -> fmpq | None:
    """The rational value of PCF(a, b) where its series T of Euler tends to infinity; None where that is not seen.

    With 1/T -> 0 the tail from ``start`` on has the value a(0) - f(1) h2(1)/f(0) (all moved by ``start``), exactly.  T does so
    when its term ratio tends to a limit of absolute value above 1 or to infinity, or to 1 with terms ~ k^-s, s <= 1.  None also
    where the fraction is then infinite.

    >>> a, b = fmpz_poly([1, 2, 3]), fmpz_poly([0, 0, 0, 0, -2])
    >>> value_of_divergent(euler_form(a, b), a, b)
    0
    """
    tail = form.tail()
    above = _shift(tail.f, -1) * tail.h1
    below = _shift(tail.f, 1) * _shift(tail.h2, 1)
    if not _grows(above, below):
        return None
    s = form.start
    value = fmpq(a(s)) - tail.f(1) * tail.h2(1) / tail.f(0)
    for n in range(s, 0, -1):
        if value == 0:
            return None
        value = a(n - 1) + b(n) / value
    return value


def _grows(above: fmpq_poly, below: fmpq_poly) -> bool:
    """Whether terms with the ratio above(k)/below(k) have sums that tend to infinity."""
    d = below.degree()
    if above.degree() != d:
        return above.degree() > d
    limit = above.leading_coefficient() / below.leading_coefficient()
    if limit != 1:
        return limit > 1 or limit < -1
    # The ratio is 1 - s/k + ...
    return d == 0 or (below[d - 1] - above[d - 1]) / below[d] <= 1
