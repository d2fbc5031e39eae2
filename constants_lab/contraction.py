"""From a signed, interlaced continued fraction to the polynomial continued fraction it contracts to.

With L a common multiple of the number of channels and the sign period, the L quotients of round M make the matrix
N(M) = [[A, B], [C, D]] (product of [[a_i, s_i], [1, 0]]), polynomial in M, with det N = +-1, and the tails obey
y_M = N(M) y_(M+1).  Substituting z_M = C(M-1) y_M + D(M-1) and clearing denominators gives

    C(M) z_M = PCF with a = C(M) D(M-1) + C(M-1) A(M),  b = -det N * C(M-2) C(M),

taken from M = 1 on so that C(M-1) > 0 (the L-fold contraction; Lorentzen and Waadeland, section 2.4).  All exact.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd, lcm, log10, sqrt
from typing import NamedTuple

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.channels import PolynomialChannel
from constants_lab.errors import InputError
from constants_lab.pcf import PCF
from constants_lab.signed import SignedCF, convergent_of

__all__ = ["Contraction", "Matrix", "contract", "digits_per_term", "inverse", "multiply"]

Matrix = tuple[tuple[int, int], tuple[int, int]]

MAX_BLOCK = 12
MAX_DEGREE = 4
"""Contractions whose canonical a has a higher degree are not worth a formula of their own."""


class Contraction(NamedTuple):
    """``value of the signed fraction = (alpha v + beta)/(gamma v + delta)`` with v the value of ``pcf``."""

    pcf: PCF
    matrix: Matrix


def multiply(m: Matrix, n: Matrix) -> Matrix:
    """The product of two 2 x 2 integer matrices."""
    (a, b), (c, d) = m
    (e, f), (g, h) = n
    return (a * e + b * g, a * f + b * h), (c * e + d * g, c * f + d * h)


def inverse(m: Matrix) -> Matrix:
    """The adjugate: the inverse as a Möbius map."""
    (a, b), (c, d) = m
    return (d, -b), (-c, a)


Polynomials4 = tuple[fmpq_poly, fmpq_poly, fmpq_poly, fmpq_poly]


def _block(cf: SignedCF, length: int, turn: int) -> Polynomials4:
    """A, B, C, D of the ``length`` quotients that follow the first ``turn`` after the prefix, as polynomials in the round M."""
    k, period, offset = len(cf.channels), len(cf.signs), len(cf.prefix)
    a, b, c, d = fmpq_poly([1]), fmpq_poly([0]), fmpq_poly([0]), fmpq_poly([1])
    for i in range(turn, turn + length):
        channel = cf.channels[i % k]
        assert isinstance(channel, PolynomialChannel)
        q = channel.polynomial(fmpq_poly([i // k, length // k]))
        s = cf.signs[(offset + i) % period]
        a, b, c, d = a * q + b, a * s, c * q + d, c * s
    return a, b, c, d


def _at(p: fmpq_poly, shift: int) -> fmpq_poly:
    return p(fmpq_poly([shift, 1]))


def contract(cf: SignedCF) -> Contraction | None:
    """The canonical PCF of the contraction, or None when a channel is not a polynomial or the result is too large.

    >>> contract(SignedCF([1], [2], ["1", "2m+2", "1"])).pcf
    PCF('4*n + 2', '1')
    """
    if lcm(len(cf.channels), len(cf.signs)) > MAX_BLOCK:
        return None
    found = _contract_tail(cf.tail)
    if found is None or not cf.prefix:
        return found
    p, p_tail, q, q_tail = convergent_of(cf.prefix, cf.signs)
    return Contraction(found.pcf, _reduced(multiply(((int(p), int(p_tail)), (int(q), int(q_tail))), found.matrix)))


@lru_cache(maxsize=4096)
def _contract_tail(cf: SignedCF) -> Contraction | None:
    """The contraction of a fraction without prefix."""
    if not all(isinstance(channel, PolynomialChannel) for channel in cf.channels):
        return None
    length = lcm(len(cf.channels), len(cf.signs))
    # Where the round is cut decides the degrees: the lower that of C, the simpler the result.
    turn, block = min(
        ((t, _block(cf, length, t)) for t in range(length)), key=lambda item: (item[1][2].degree(), item[0])
    )
    a, b, c, d = block
    determinant = int((a * d - b * c)[0].numer())
    # In n = M - 1: the fraction begins with round 1, round 0 joins the head.
    partial = _at(c, 1) * d + c * _at(a, 1)
    numerator = -determinant * _at(c, -1) * _at(c, 1)
    if partial.degree() < 0 or numerator.degree() < 0:
        return None
    clear = int(partial.denom())
    while (numerator * clear * clear).denom() != 1:
        clear *= int((numerator * clear * clear).denom())
    raw = PCF((partial * clear).numer(), (numerator * clear * clear).numer())
    pcf = raw.canonical()
    if pcf.a.degree() > MAX_DEGREE or pcf.asymptotics.last is not None:
        return None
    head_quotients = cf.quotients(turn + length)
    p, p_tail, q, q_tail = convergent_of(head_quotients, cf.signs)
    head: Matrix = (int(p), int(p_tail)), (int(q), int(q_tail))
    # y_1 = (z - D(0))/C(0) with z = raw/(clear * C(1)) and raw = scale * pcf.
    c0, c1, d0 = fmpq(c(0)), fmpq(c(1)), fmpq(d(0))
    if c0 == 0 or c1 == 0:
        return None
    matrix = multiply(head, _integral(raw.scale / clear / c1, -d0, fmpq(0), c0))
    return Contraction(*_earliest(pcf, matrix))


def _earliest(pcf: PCF, matrix: Matrix) -> tuple[PCF, Matrix]:
    """Move the index back while a(0) falls and stays positive, so that fractions with the same tail meet in one formula."""
    a, b = pcf.a, pcf.b
    # Without the fall there would be no end for n^2 + 1, which is positive on all integers.
    while 0 < a(-1) < a(0) and b(0) != 0 and b.degree() <= 2 * a.degree():
        # value = b(0)/(earlier value - a(-1))
        matrix = multiply(matrix, ((0, int(b(0))), (1, -int(a(-1)))))
        a, b = a(fmpz_poly([-1, 1])), b(fmpz_poly([-1, 1]))
    return PCF(a, b), _reduced(matrix)


def _reduced(matrix: Matrix) -> Matrix:
    divisor = gcd(*matrix[0], *matrix[1])
    (w, x), (y, z) = matrix
    return (w // divisor, x // divisor), (y // divisor, z // divisor)


def _integral(a: fmpq, b: fmpq, c: fmpq, d: fmpq) -> Matrix:
    """The same map with coprime integers."""
    common = lcm(*(int(x.denom()) for x in (a, b, c, d)))
    entries = [int((x * common).numer()) for x in (a, b, c, d)]
    divisor = gcd(*entries)
    w, x, y, z = (entry // divisor for entry in entries)
    return (w, x), (y, z)


def digits_per_term(cf: SignedCF, n: int) -> tuple[float, float | None]:
    """Decimal digits that a quotient adds around quotient number ``n``: measured, and from theory for polynomial channels.

    Measured: the growth of 2 log10 q over the last block of L quotients before n, divided by L.  Theory: the block of round M
    multiplies q by the dominant eigenvalue of N(M), (|t| + sqrt(t^2 - 4 det))/2 with t its trace, up to a factor that tends to
    1.  Both numeric.  Raises :class:`InputError` where there are too few quotients before ``n``.

    >>> measured, theory = digits_per_term(SignedCF([1], [], ["1"]), 100)
    >>> round(measured, 5), round(theory, 5)
    (0.41798, 0.41798)
    """
    length = lcm(len(cf.channels), len(cf.signs))
    if n < length + len(cf.prefix):
        raise InputError(f"a rate needs a whole block before the quotient: ask for n >= {length + len(cf.prefix)}")
    quotients = cf.quotients(n + 1)
    before, after = (abs(int(convergent_of(quotients[: stop + 1], cf.signs)[2])) for stop in (n - length, n))
    measured = 2 * (log10(after) - log10(before)) / length if before else 0.0
    if not all(isinstance(channel, PolynomialChannel) for channel in cf.channels):
        return measured, None
    a, b, c, d = _block(cf, length, 0)
    determinant = int((a * d - b * c)[0].numer())
    trace = abs((a + d)(fmpq(2 * (n - len(cf.prefix)) - length, 2 * length)))
    half = float(trace.p) / float(trace.q) / 2
    return measured, 2 * log10(half + sqrt(max(half * half - determinant, 0.0))) / length
