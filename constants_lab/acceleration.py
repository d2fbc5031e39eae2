"""Values of slowly converging continued fractions through the asymptotic series of their tails (numeric).

Implementation overview.  The tail t(n) = b(n+1)/(a(n+1) + b(n+2)/(a(n+2) + ...)) satisfies

    t(n) (a(n+1) + t(n+1)) = b(n+1),          value = (p_n + t(n) p_(n-1)) / (q_n + t(n) q_(n-1)).

It has a formal solution t(n) = n^e (c_0 + c_1 n^-h + c_2 n^-2h + ...) with h = 1 or 1/2 whose coefficients follow one after
the other (Birkhoff's formal series; as "modified approximants" in Lorentzen and Waadeland, section 5.1).  Truncated at its
smallest term at a moderate n it gives the tail to hundreds of digits, where the convergents themselves give a handful.

What is exact: p_n and q_n.  What is heuristic: that the truncated series is as good as its smallest term says, and that
the convergents approach the value it gives (checked at two depths).  Each value is computed at both depths with different
orders and precisions, and the claim is what the two agree on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb, ctx, fmpz, fmpz_poly

from constants_lab.balls import agreeing_digits
from constants_lab.convergents import Matrix2, matrix_product, multiply
from constants_lab.polynomials import shift
from constants_lab.regimes import asymptotics, calm_index

__all__ = ["accelerated_value", "tail_series"]


_MAX_DEPTH = 400_000
"""A fraction whose leading terms rule only beyond is not attempted."""


@dataclass(frozen=True)
class _Tail:
    """t(n) ~ sum of c[j] n^((top - j)/steps)."""

    top: int
    steps: int
    c: list[arb]

    def at(self, n: int) -> arb:
        """The sum up to its smallest terms.

        Coefficients that vanish by symmetry come out as rounding noise, so the terms are judged in groups.
        """
        x = arb(n) if self.steps == 1 else arb(n).sqrt()
        total, power = arb(0), x**self.top
        least: arb | None = None
        width = 4 * self.steps
        for start in range(0, len(self.c), width):
            part, largest = arb(0), arb(0)
            for coefficient in self.c[start : start + width]:
                term = (coefficient * power).mid()
                part += term
                largest = largest.max(abs(term))
                power /= x
            if least is not None and largest > least * 1000:
                break
            least = largest if least is None else least.min(largest)
            total += part
        return total.mid()


class _Equation:
    """Coefficients of t(n) t(n+1) + a(n+1) t(n) - b(n+1), order by order, while the c_j become known."""

    def __init__(self, a: fmpz_poly, b: fmpz_poly, top: int, steps: int, order: int) -> None:
        self.a, self.b = shift(a, 1), shift(b, 1)
        self.top, self.steps, self.order = top, steps, order
        self.c: list[arb] = []
        self.moved = [arb(0)] * (order + 2)

    def push(self, value: arb) -> None:
        """Fix the next coefficient and add what it contributes to t(n+1)."""
        j = len(self.c)
        self.c.append(value)
        self.moved[j] += value
        # Binomial coefficients of the exponent (top - j)/steps, each from the one before.
        term, numerator, denominator = value, self.top - j, self.steps
        for m in range(j + self.steps, self.order + 2, self.steps):
            term = term * numerator / denominator
            self.moved[m] = (self.moved[m] + term).mid()
            numerator -= self.steps
            denominator += self.steps

    def a_term(self, drop: int) -> fmpz:
        """Coefficient of a(n+1) at ``drop`` half or whole steps below t's leading exponent."""
        exponent = self.top - drop
        return self.a[exponent // self.steps] if exponent >= 0 and exponent % self.steps == 0 else fmpz(0)

    def residual(self, m: int) -> arb:
        """The coefficient m steps below the leading one, unknown c_j taken as zero."""
        known = len(self.c)
        total = arb(0)
        for i in range(min(m + 1, known)):
            total += self.c[i] * self.moved[m - i]
            partial = self.a_term(m - i)
            if partial != 0:
                total += self.c[i] * partial
        exponent = 2 * self.top - m
        if exponent >= 0 and exponent % self.steps == 0:
            total -= self.b[exponent // self.steps]
        return total.mid()


def _continue(equation: _Equation, first: int, delay: int, slope: Callable[[int], arb]) -> _Tail | None:
    """Solve order after order: c_(m - delay) = -residual(m)/slope(m)."""
    for m in range(first, equation.order + 1):
        divisor = slope(m)
        if divisor == 0:
            return None
        equation.push((-equation.residual(m) / divisor).mid())
        assert len(equation.c) == m - delay + 1
    return _Tail(equation.top, equation.steps, equation.c)


def tail_series(a: fmpz_poly, b: fmpz_poly, order: int) -> _Tail | None:
    """The tail up to ``order`` steps at the current FLINT precision, or None (numeric; deg b >= 2 deg a).

    Of the two formal solutions it is the smaller one: with h the smaller solution of the recurrence (Pincherle's
    theorem) p_n - value q_n is a multiple of h_n, hence t(n) = -h_n/h_(n-1).  None where the roots
    or exponents are complex, so that neither is smaller.
    """
    da, db = a.degree(), b.degree()
    A, B = a[da], b[db]
    sign = 1 if A > 0 else -1
    if db > 2 * da:
        if B < 0:
            return None
        steps = 1 if db % 2 == 0 else 2
        equation = _Equation(a, b, db // 2 if steps == 1 else db, steps, order)
        c0 = sign * arb(B).sqrt()
        equation.push(c0)
        return _continue(equation, 1, 0, lambda m: 2 * c0)
    discriminant = A * A + 4 * B
    if discriminant == 0:
        return _double_root_tail(a, b, order)
    if discriminant < 0:
        return None
    equation = _Equation(a, b, da, 1, order)
    # 2B/(A + sqrt ...) and not (-A + sqrt ...)/2, which would lose digits where B is small beside A.
    c0 = 2 * arb(B) / (A + sign * arb(discriminant).sqrt())
    equation.push(c0)
    return _continue(equation, 1, 0, lambda m: 2 * c0 + A)


def _double_root_tail(a: fmpz_poly, b: fmpz_poly, order: int) -> _Tail | None:
    d = a.degree()
    c0 = -arb(a[d]) / 2
    # Both solutions start with c0; the smaller one has its next term of the other sign.
    sign = 1 if a[d] > 0 else -1
    whole = _Equation(a, b, d, 1, 2)
    whole.push(c0)
    first_order = whole.residual(1)
    if first_order != 0:
        equation = _Equation(a, b, 2 * d, 2, order)
        equation.push(c0)
        square = -equation.residual(2)
        if not square > 0:
            return None
        c1 = sign * square.sqrt()
        equation.push(c1)
        return _continue(equation, 3, 1, lambda m: 2 * c1)
    linear = (2 * d - 1) * c0 + whole.a_term(1)
    discriminant = linear * linear - 4 * whole.residual(2)
    if discriminant < 0:
        return None
    # Exponents that coincide leave one power series, which is the smaller solution: the other has a logarithm.
    root = discriminant.sqrt() if discriminant > 0 else arb(0)
    equation = _Equation(a, b, d, 1, order)
    equation.push(c0)
    equation.push((-linear + sign * root) / 2)
    base = equation.moved[1] + equation.c[1] + equation.a_term(1)
    return _continue(equation, 3, 1, lambda m: base + c0 * (d - m + 1))


def _head(a: fmpz_poly, b: fmpz_poly, n: int) -> Matrix2:
    """(p_(n-1), p_n, q_(n-1), q_n)."""
    w, x, y, z = matrix_product(a, b, 1, n + 1)
    return w + a(0) * y, x + a(0) * z, y, z


def _through(head: Matrix2, tail: arb) -> arb | None:
    before_p, p, before_q, q = head
    denominator = q + tail * before_q
    return None if denominator.contains(0) else ((p + tail * before_p) / denominator).mid()


def accelerated_value(a: fmpz_poly, b: fmpz_poly, digits: int) -> tuple[arb, int, int] | None:
    """(value, agreeing decimal digits, depth) of a slowly converging PCF, or None when no formal tail fits (numeric).

    The digits are those common to two computations at different depths, orders and precisions; the effort is
    doubled twice before fewer than ``digits`` are accepted.  For ``deg b >= 2 deg a``.
    """
    best: tuple[arb, int, int] | None = None
    for effort in (digits, 2 * digits, 4 * digits):
        found = _attempt(a, b, effort)
        if found is not None and (best is None or found[1] > best[1]):
            best = found
        if best is not None and best[1] >= digits:
            break
        if found is None:
            break
    return best


def _attempt(a: fmpz_poly, b: fmpz_poly, effort: int) -> tuple[arb, int, int] | None:
    steps = 2 if asymptotics(a, b).regime == "stretched" else 1
    # A deep start needs few coefficients, and those cost more: their number enters squared.
    depth, order = 150 + 18 * effort, (6 + effort // 3) * steps
    # The series speaks of large n: not before the leading terms rule.
    depth += 2 * calm_index(a, b)
    if depth > _MAX_DEPTH:
        return None
    bits = effort * 6 + 200
    # Even like the first depth: where convergents alternate, those of one parity are to be compared.
    far_depth = 2 * (depth * 3 // 4)
    with ctx.workprec(bits):
        near_head = _head(a, b, depth)
        near = tail_series(a, b, order)
        check = None if near is None else _through(near_head, near.at(depth))
    if check is None:
        return None
    with ctx.workprec(bits + bits // 4):
        far_head = multiply(near_head, matrix_product(a, b, depth + 1, far_depth + 1))
        far = tail_series(a, b, order + order // 4)
        value = None if far is None else _through(far_head, far.at(far_depth))
        if value is None or not _is_approached(value, near_head, far_head):
            return None
        return value, agreeing_digits(value, check, bits), far_depth


def _is_approached(value: arb, near: Matrix2, far: Matrix2) -> bool:
    """Whether the convergents come nearer to ``value``, as they must: a safeguard against a wrong tail."""
    if near[3] == 0 or far[3] == 0:
        return False
    near_gap, far_gap = abs(arb(near[1]) / near[3] - value), abs(arb(far[1]) / far[3] - value)
    return near_gap < abs(value) * arb(2) ** (-60) or far_gap < near_gap
