"""How a polynomial continued fraction converges, read off its leading terms.

Implementation overview.  With A, B the leading coefficients of a, b and d_a, d_b their degrees, the recurrence
x(n+1) = a x(n) + b x(n-1) has two solutions whose ratio is the error of the convergents (Perron; Poincaré; Birkhoff):

* d_b < 2 d_a: factorial, -ln err ~ D n ln n with D = 2 d_a - d_b;
* d_b = 2 d_a: the roots of t^2 = A t + B decide.  Different absolute values: exponential.  Complex: divergent.
  Equal (A^2 + 4B = 0): write -4 b(n)/(a(n) a(n-1)) = 1 + e1/n + e2/n^2 + ...; e1 < 0 is stretched with
  -ln err ~ 4 sqrt(-e1 n), e1 > 0 divergent, and for e1 = 0 the error is ~ n^-s with s = sqrt(1 - 4 e2) when that is real;
* d_b > 2 d_a: the roots are +-sqrt(B) n^(d_b/2); they separate only through a.  d_b = 2 d_a + 1: stretched,
  -ln err ~ (2|A|/sqrt B) sqrt(n).  d_b = 2 d_a + 2: polynomial, s = |A|/sqrt(B).  Beyond, or B < 0: divergent.

A positive integer root of b ends the fraction: ``finite``.  The decisions are made with exact rational numbers; rates are
floats with relative error below 1e-14.  What is said of an infinite fraction is the generic case: should its
denominators q_n happen to follow the smaller solution, the convergents tend to infinity instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from flint import fmpq, fmpz_poly

from constants_lab.polynomials import first_positive_integer_root, shift

__all__ = ["Asymptotics", "RegimeName", "asymptotics", "calm_index"]

RegimeName = Literal["finite", "factorial", "exponential", "stretched", "polynomial", "divergent"]


@dataclass(frozen=True)
class Asymptotics:
    """The regime and its leading rate (theoretical).

    ``rate``: D of -ln err ~ D n ln n (factorial); nats per step (exponential); k of -ln err ~ k sqrt(n) (stretched);
    s of err ~ n^-s (polynomial; 0 means slower than every power); None when finite or divergent.
    ``linear_rate`` is r of -ln err ~ D n ln n + r n (factorial and exponential), ``last`` the n >= 1 with b(n) = 0.
    """

    regime: RegimeName
    rate: float | None = None
    linear_rate: float = 0.0
    last: int | None = None

    def terms_for(self, digits: float) -> float:
        """Number of terms after which the error should be below 10^-digits (theoretical, leading order).

        ``inf`` when the fraction diverges or converges slower than every power.
        """
        nats = digits * math.log(10)
        match self.regime:
            case "finite":
                return float(self.last or 1)
            case "factorial":
                return _factorial_terms(nats, self.rate or 1.0, self.linear_rate)
            case "exponential" if self.linear_rate:
                return nats / self.linear_rate
            case "stretched" if self.rate:
                return min(nats / self.rate, 1e150) ** 2
            case "polynomial" if self.rate and nats / self.rate < 600:
                return math.exp(nats / self.rate)
        return math.inf


def _factorial_terms(nats: float, growth: float, linear: float) -> float:
    low, high = 1.0, 8.0
    while growth * high * math.log(high) + linear * high < nats:
        high *= 2
    if high > 2.0**50:
        # Floats are then too far apart to be halved down to a term; nobody counts terms of that order.
        return high
    while high - low > 0.5:
        middle = (low + high) / 2
        if growth * middle * math.log(middle) + linear * middle < nats:
            low = middle
        else:
            high = middle
    return high


def _root(q: fmpq) -> float:
    """The square root of q >= 0, for numerators and denominators of any size (inf above the floats)."""
    numerator, denominator = int(q.numer()), int(q.denom())
    # Half the excess length is taken out first, so that the quotient of huge integers stays a float.
    half = (numerator.bit_length() - denominator.bit_length()) // 2
    scaled = fmpq(numerator, denominator << 2 * half) if half >= 0 else fmpq(numerator << -2 * half, denominator)
    try:
        return math.ldexp(math.sqrt(int(scaled.numer()) / int(scaled.denom())), half)
    except OverflowError:
        return math.inf


def _log(n: int) -> float:
    return math.log(abs(n))


def _exponential_rate(A: int, B: int) -> float:
    """ln|t1/t2| for the real roots of t^2 = A t + B, from integers of any size.

    With x = (|t1| - |t2|)^2 / (4 |B|) this is 2 asinh(sqrt x), which loses no digits however close the roots are.
    """
    separation = fmpq(A * A, 4 * B) if B > 0 else fmpq(A * A + 4 * B, -4 * B)
    if separation > 2**200:
        return 2 * _log(A) - _log(B)
    return 2 * math.asinh(_root(separation))


def _double_root(a: fmpz_poly, b: fmpz_poly) -> Asymptotics:
    denominator = a * shift(a, -1)
    rest = -4 * b - denominator
    degree = denominator.degree()
    lead = denominator[degree]
    e1 = fmpq(rest[degree - 1], lead) if degree >= 1 else fmpq(0)
    if e1 > 0:
        return Asymptotics("divergent")
    if e1 < 0:
        return Asymptotics("stretched", rate=4 * _root(-e1))
    e2 = fmpq(rest[degree - 2], lead) if degree >= 2 else fmpq(0)
    square = 1 - 4 * e2
    if square < 0:
        return Asymptotics("divergent")
    return Asymptotics("polynomial", rate=_root(square))


def asymptotics(a: fmpz_poly, b: fmpz_poly) -> Asymptotics:
    """The regime of PCF(a, b); neither polynomial may be zero.

    >>> from constants_lab.polynomials import parse_polynomial as P
    >>> asymptotics(P("n^3+(n+1)^3"), P("-n^6"))
    Asymptotics(regime='polynomial', rate=2.0, linear_rate=0.0, last=None)
    """
    last = first_positive_integer_root(b)
    if last is not None:
        return Asymptotics("finite", last=last)
    da, db = a.degree(), b.degree()
    A, B = int(a[da]), int(b[db])
    if db < 2 * da:
        growth = 2 * da - db
        return Asymptotics("factorial", rate=float(growth), linear_rate=2 * _log(A) - _log(B) - growth)
    if db == 2 * da:
        discriminant = A * A + 4 * B
        if discriminant < 0:
            return Asymptotics("divergent")
        if discriminant == 0:
            return _double_root(a, b)
        rate = _exponential_rate(A, B)
        return Asymptotics("exponential", rate=rate, linear_rate=rate)
    if B < 0 or db > 2 * da + 2:
        return Asymptotics("divergent")
    ratio = _root(fmpq(A * A, B))
    if db == 2 * da + 1:
        return Asymptotics("stretched", rate=2 * ratio)
    return Asymptotics("polynomial", rate=ratio)


def _positive_roots_end(p: fmpz_poly) -> int:
    """An integer beyond every positive root of ``p`` (Fujiwara's bound), 0 when no coefficient has the other sign."""
    d = p.degree()
    lead = p[d]
    bound = 0.0
    for i in range(1, d + 1):
        c = p[d - i]
        if c != 0 and (c > 0) != (lead > 0):
            size = (_log(int(c)) - _log(int(lead))) / i
            bound = max(bound, math.exp(min(size, 40.0)))
    return math.ceil(2 * bound)


def calm_index(a: fmpz_poly, b: fmpz_poly) -> int:
    """An index from which the leading terms rule: a keeps its sign and grows, and a^2 + 4 b its sign.

    Before it, convergents may stay near a wrong limit for a long time: a(n) = n - k, b = 1 does so up to n = 2 k.
    """
    index = _positive_roots_end(a)
    slope = a.derivative()
    if slope.degree() >= 0:
        index = max(index, _positive_roots_end(slope))
    discriminant = a * a + 4 * b
    return max(index, _positive_roots_end(discriminant)) if discriminant.degree() >= 0 else index
