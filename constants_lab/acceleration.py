"""Values of slowly converging continued fractions through the asymptotic series of their tails (numeric).

Implementation overview.  The tail t(n) = b(n+1)/(a(n+1) + b(n+2)/(a(n+2) + ...)) satisfies

    t(n) (a(n+1) + t(n+1)) = b(n+1),          value = (p_n + t(n) p_(n-1)) / (q_n + t(n) q_(n-1)).

It has a formal solution t(n) = n^e (c_0 + c_1 n^-h + c_2 n^-2h + ...) with h = 1 or 1/2 whose coefficients follow one after
the other (Birkhoff's formal series; as "modified approximants" in Lorentzen and Waadeland, section 5.1).  Truncated at its
smallest term at a moderate n it gives the tail to hundreds of digits, where the convergents themselves give a handful.

What is exact: p_n and q_n.  What is heuristic: that the truncated series is as good as its smallest term says, and which
of the two formal solutions belongs to the fraction.  Hence each value is computed at two depths with different orders and
precisions, the claim is what both agree on, and the solution is kept only when the convergents approach its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx, fmpz, fmpz_poly

from constants_lab.balls import agreeing_digits
from constants_lab.convergents import Matrix2, matrix_product
from constants_lab.polynomials import shift
from constants_lab.regimes import asymptotics

__all__ = ["accelerated_value", "tail_series"]


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


def _binomials(top: Fraction, order: int, steps: int, j: int) -> Iterator[tuple[int, arb]]:
    """(m, binomial(exponent of term j, i)) for m = j + i steps <= order, i >= 1."""
    exponent = top - Fraction(j, steps)
    value = arb(1)
    i = 0
    while j + (i + 1) * steps <= order:
        factor = (exponent - i) / (i + 1)
        value = value * factor.numerator / factor.denominator
        i += 1
        yield j + i * steps, value


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
        for m, binomial in _binomials(Fraction(self.top, self.steps), self.order + 1, self.steps, j):
            self.moved[m] = (self.moved[m] + value * binomial).mid()

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


def tail_series(a: fmpz_poly, b: fmpz_poly, order: int) -> list[_Tail]:
    """Both formal tails up to ``order`` steps at the current FLINT precision (numeric; deg b >= 2 deg a).

    A solution that is not a pure power series (logarithms occur) is left out.
    """
    da, db = a.degree(), b.degree()
    A, B = a[da], b[db]
    tails: list[_Tail | None] = []
    if db > 2 * da:
        steps = 1 if db % 2 == 0 else 2
        top = db // 2 if steps == 1 else db
        for sign in (1, -1):
            equation = _Equation(a, b, top, steps, order)
            c0 = sign * arb(B).sqrt()
            equation.push(c0)
            tails.append(_continue(equation, 1, 0, lambda m, c0=c0: 2 * c0))  # type: ignore[misc]
    elif A * A + 4 * B != 0:
        for sign in (1, -1):
            equation = _Equation(a, b, da, 1, order)
            c0 = (-arb(A) + sign * arb(A * A + 4 * B).sqrt()) / 2
            equation.push(c0)
            tails.append(_continue(equation, 1, 0, lambda m, c0=c0: 2 * c0 + A))  # type: ignore[misc]
    else:
        tails = _double_root_tails(a, b, order)
    return [tail for tail in tails if tail is not None]


def _double_root_tails(a: fmpz_poly, b: fmpz_poly, order: int) -> list[_Tail | None]:
    d = a.degree()
    tails: list[_Tail | None] = []
    c0 = -arb(a[d]) / 2
    whole = _Equation(a, b, d, 1, 2)
    whole.push(c0)
    first_order = whole.residual(1)
    if first_order != 0:
        for sign in (1, -1):
            equation = _Equation(a, b, 2 * d, 2, order)
            equation.push(c0)
            c1 = sign * (-equation.residual(2)).sqrt()
            equation.push(c1)
            tails.append(_continue(equation, 3, 1, lambda m, c1=c1: 2 * c1))  # type: ignore[misc]
        return tails
    linear = (2 * d - 1) * c0 + whole.a_term(1)
    constant = whole.residual(2)
    discriminant = linear * linear - 4 * constant
    for sign in (1, -1):
        equation = _Equation(a, b, d, 1, order)
        equation.push(c0)
        c1 = (-linear + sign * discriminant.sqrt()) / 2
        equation.push(c1)
        base = equation.moved[1] + c1 + equation.a_term(1)
        tails.append(_continue(equation, 3, 1, lambda m, base=base: base + c0 * (d - m + 1)))  # type: ignore[misc]
    return tails


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
    depth, order = 200 + 30 * effort, (10 + 2 * effort // 5) * steps
    bits = effort * 6 + 200
    with ctx.workprec(bits):
        near_head = _head(a, b, depth)
        near = [tail.at(depth) for tail in tail_series(a, b, order)]
        checks = [_through(near_head, tail) for tail in near]
    far_depth = depth + depth // 2
    best: tuple[arb, int, int] | None = None
    with ctx.workprec(bits + bits // 4):
        far_head = _head(a, b, far_depth)
        far = [tail.at(far_depth) for tail in tail_series(a, b, order + order // 4)]
        for check, tail in zip(checks, far, strict=False):
            value = _through(far_head, tail)
            if value is None or check is None or not _is_approached(value, near_head, far_head):
                continue
            agreed = agreeing_digits(value, check, bits)
            if best is None or agreed > best[1]:
                best = value, agreed, far_depth
    return best


def _is_approached(value: arb, near: Matrix2, far: Matrix2) -> bool:
    """Whether the convergents come nearer to ``value``; a foreign solution of the tail equation keeps its distance."""
    if near[3] == 0 or far[3] == 0:
        return False
    near_gap, far_gap = abs(arb(near[1]) / near[3] - value), abs(arb(far[1]) / far[3] - value)
    return near_gap < abs(value) * arb(2) ** (-60) or far_gap * 10 < near_gap * 9.5
