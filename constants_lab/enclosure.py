"""Rigorous balls for the values of continued fractions.

Implementation overview.  For a PCF with tails t(n) = b(n+1)/(a(n+1) + ...), for every n

    value = (p_n + t(n) p_(n-1)) / (q_n + t(n) q_(n-1)),

where p and q are exact integers (product tree) and nothing is asked of the terms up to n: zeros and changes of sign there do no
harm.  A theorem with an inequality proved for all n >= N (:mod:`constants_lab.value_sets`) says that the fraction behind n >= N
converges, and puts t(n) into an interval; its image under the exact Möbius map holds the value, wherever the
denominator keeps its sign on the interval.  Where convergence is slow the interval is made narrow instead of n large
(:mod:`constants_lab.series_sets`).

For signed fractions: see :func:`enclose_signed`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flint import arb, ctx, fmpz, fmpz_poly

from constants_lab.convergents import Matrix2, matrix_product, multiply
from constants_lab.errors import InputError, NoEnclosure
from constants_lab.regimes import Asymptotics, asymptotics, calm_index
from constants_lab.series_sets import series_tail_set
from constants_lab.signed_form import expansion_from
from constants_lab.value_sets import TailSet, simple_tail_set

if TYPE_CHECKING:
    from constants_lab.signed import SignedCF

__all__ = ["MAX_DIGITS", "Enclosure", "enclose_pcf", "enclose_signed"]

MAX_DIGITS = 1_000_000

_MAX_TERMS = 400_000
_SHORT_TERMS = 20_000
"""Terms spent on the ball of a fraction that cannot reach the digits asked."""

_MAX_SERIES_START = 100_000
_MAX_SIGNED_TERMS = 2_000_000

TIETZE = "Tietze (semiregular: a_n >= 1, and >= 2 before a minus)"


@dataclass(frozen=True)
class Enclosure:
    """A ball that contains the value, the theorem it rests on, and where it was applied.

    The theorem's inequality is proved for all indices > ``start``; the terms up to ``depth`` were multiplied exactly.
    """

    ball: arb
    theorem: str
    start: int
    depth: int

    @property
    def digits(self) -> int:
        """Decimal places that the radius leaves: the largest d >= 0 with radius < 10^-d (within one)."""
        radius = self.ball.rad()
        if radius.is_zero():
            return MAX_DIGITS
        with ctx.workprec(64):
            return max(0, math.floor(float((-radius.log() / arb(10).log()).mid()) - 1e-9))

    @property
    def method(self) -> str:
        """What was done, in words, for the record."""
        if self.start == 0:
            return f"ball by {self.theorem}, proved for all n >= 1"
        return f"ball by {self.theorem}, proved for all n > {self.start}"


def _check_digits(digits: int) -> None:
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MAX_DIGITS:
        raise InputError(f"ask for between 1 and {MAX_DIGITS} digits, not {str(digits)[:20]}")


def enclose_pcf(a: fmpz_poly, b: fmpz_poly, digits: int, theory: Asymptotics | None = None) -> Enclosure:
    """A ball around the value of PCF(a, b), of radius < 10^-``digits`` wherever that can be had (rigorous).

    Where convergence is too slow for it (by a power of n, and the narrow intervals cannot be proved; or more than 400,000
    terms) the ball is the best that some 20,000 terms give, and :attr:`Enclosure.digits` says how good it is.  Raises
    :class:`NoEnclosure` for finite and divergent fractions, where no theorem applies, and where the value seems infinite.
    """
    _check_digits(digits)
    theory = theory or asymptotics(a, b)
    if theory.last is not None:
        raise NoEnclosure(
            f"the fraction ends at n = {theory.last}, since b({theory.last}) = 0: it is a rational number and no limit"
        )
    negated = a[a.degree()] < 0
    if negated:
        a = -a
    if theory.regime == "divergent" and b[b.degree()] < 0:
        raise NoEnclosure(
            "the fraction diverges: 4|b(n)| <= a(n)a(n-1) fails for all large n so far that its convergents oscillate"
        )
    slow = theory.regime == "polynomial"
    found: Enclosure | None = None
    if slow or (theory.regime == "exponential" and theory.terms_for(digits) > _SHORT_TERMS):
        found = _by_series(a, b, digits)
    if found is None:
        found = _short(a, b, digits) if slow else _by_depth(a, b, digits, theory)
    return Enclosure(found.ball.neg(exact=True), found.theorem, found.start, found.depth) if negated else found


def _image(head: Matrix2, tails: TailSet, n: int, digits: int) -> arb | None:
    """The image of the tail set at n under the map of the head, or None if the map may be infinite on it."""
    before_p, p, before_q, q = head
    ends: list[tuple[fmpz, fmpz]] = []
    for bound in (tails.low, tails.high):
        if bound is None:
            ends.append((before_p, before_q))
        elif bound[0].degree() < 0:
            ends.append((p, q))
        else:
            top, below = bound[0](n), bound[1](n)
            ends.append((p * below + top * before_p, q * below + top * before_q))
    return _between(ends[0], ends[1], digits)


def _between(left: tuple[fmpz, fmpz], right: tuple[fmpz, fmpz], digits: int) -> arb | None:
    """The hull of two fractions whose denominators have the same sign; None if they have not."""
    if left[1] == 0 or right[1] == 0 or (left[1] > 0) != (right[1] > 0):
        return None
    whole = max(0, abs(left[0]).bit_length() - abs(left[1]).bit_length())
    with ctx.workprec(int(digits * 3.3219281) + whole + 48):
        return (arb(left[0]) / left[1]).union(arb(right[0]) / right[1])


def _is_within(ball: arb, digits: int) -> bool:
    with ctx.workprec(64):
        return bool(ball.rad() * arb(10) ** digits < 1)


def _head(a: fmpz_poly, b: fmpz_poly, n: int) -> Matrix2:
    """(p_(n-1), p_n, q_(n-1), q_n)."""
    w, x, y, z = matrix_product(a, b, 1, n + 1)
    first = a(0)
    return w + first * y, x + first * z, y, z


def _by_depth(a: fmpz_poly, b: fmpz_poly, digits: int, theory: Asymptotics) -> Enclosure:
    """Deeper and deeper heads before the tail set of a classical theorem."""
    tails = simple_tail_set(a, b)
    needed = theory.terms_for(digits + 1)
    if tails.start + 20 > _MAX_TERMS:
        raise NoEnclosure(
            f"{tails.theorem} is proved for n > {tails.start} only, and no more than {_MAX_TERMS} terms are multiplied"
        )
    limit = _MAX_TERMS if needed < _MAX_TERMS else tails.start + _SHORT_TERMS
    n = min(limit, max(int(needed * 1.01) + 4 if needed < limit else limit, tails.start + 2))
    head = _head(a, b, n)
    best: Enclosure | None = None
    unbounded = 0
    while True:
        ball = _image(head, tails, n, digits)
        if ball is None:
            unbounded += 1
        else:
            best = Enclosure(ball, tails.theorem, tails.start, n)
            if _is_within(ball, digits):
                return best
        if n >= limit or unbounded > 5:
            break
        further = min(limit, n + n // 4 + 16)
        head = multiply(head, matrix_product(a, b, n + 1, further + 1))
        n = further
    if best is None:
        raise NoEnclosure(
            f"q_n + t q_(n-1) != 0 could not be shown for the tails t behind n = {n}: the convergents may grow without bound"
        )
    return best


def _by_series(a: fmpz_poly, b: fmpz_poly, digits: int) -> Enclosure | None:
    """One head of moderate depth before a narrow set, or None if no such set could be proved."""
    calm = calm_index(a, b)
    guard = 8
    for attempt in range(6):
        places = digits + guard
        # As many terms as digits wanted make the last ones of the series small enough; few, because they enter squared.
        # The series speaks of large n only: its terms grow like powers of the index where the leading terms begin to rule.
        start = (150 + 18 * places) * (2 + attempt) // 2 + (calm << attempt + 1)
        if start > _MAX_SERIES_START:
            return None
        order = 8 + places // 3 + max(a.degree(), b.degree())
        tails = series_tail_set(a, b, order, start, int(places * 3.3219281) + 8)
        if tails is None:
            continue
        ball = _image(_head(a, b, start), tails, start, digits)
        if ball is not None and _is_within(ball, digits):
            return Enclosure(ball, tails.theorem, start, start)
        # The map of the head widens the interval by an unknown factor, which the first ball tells.
        guard = 2 * guard if ball is None else guard + 2 + max(0, digits - Enclosure(ball, "", 0, 0).digits)
    return None


def _short(a: fmpz_poly, b: fmpz_poly, digits: int) -> Enclosure:
    """What convergents themselves give of a slow fraction."""
    tails = simple_tail_set(a, b)
    n = max(_SHORT_TERMS, 2 * tails.start)
    if n > _MAX_TERMS:
        raise NoEnclosure(
            f"{tails.theorem} is proved for n > {tails.start} only, and no more than {_MAX_TERMS} terms are multiplied"
        )
    ball = _image(_head(a, b, n), tails, n, digits)
    if ball is None:
        raise NoEnclosure(
            f"q_n + t q_(n-1) != 0 could not be shown for the tails t behind n = {n}: the convergents may grow without bound"
        )
    return Enclosure(ball, tails.theorem, tails.start, n)


def enclose_signed(cf: SignedCF, digits: int) -> Enclosure:
    """A ball of radius < 10^-``digits`` around the value of a signed fraction (rigorous).

    From some index N on let a_n >= 1, and a_n >= 2 where a minus follows (semiregular).  With D_n = q_n + s_n q_(n-1), for
    the fraction behind N, q_(n+1) = (a_(n+1) - 1) q_n + D_n and D_(n+1) = (a_(n+1) + s_(n+1) - 1) q_n + D_n are >= 1 by
    induction.  The maps a_n + s_n/t take [1, oo] into itself, so the value lies between p_n/q_n (t = oo) and
    (p_n + s_n p_(n-1))/D_n (t = 1), which are 1/(q_n D_n) apart.  D never falls, and grows beyond bounds unless
    a_n + s_n = 1 from some n on; then q_n does.  So the fraction converges (Tietze 1911; Perron, Die Lehre von den
    Kettenbrüchen I, 1954).  Quotients before N are multiplied exactly, whatever they are; where negative quotients
    stand for ever, an equivalence makes them positive and changes the signs next to them.

    Raises :class:`NoEnclosure` where the quotients break the rule for ever, or that cannot be decided; where more than
    2,000,000 quotients would be needed; and where the value seems infinite.
    """
    from constants_lab.signed import convergent_of

    _check_digits(digits)
    start = expansion_from(cf.signs, len(cf.prefix), cf.channels)
    count = max(16, digits // 2, start + 8)
    unbounded = 0
    while count <= _MAX_SIGNED_TERMS:
        *quotients, following = cf.quotients(count + 1)
        p, p_tail, q, q_tail = convergent_of(quotients, cf.signs)
        if following < 0:
            p_tail, q_tail = -p_tail, -q_tail
        ball = _between((p, q), (p + p_tail, q + q_tail), digits)
        if ball is not None and _is_within(ball, digits):
            return Enclosure(ball, TIETZE, start, count - 1)
        unbounded += ball is None
        if unbounded > 4:
            raise NoEnclosure(f"q_n != 0 could not be shown behind n = {count}: the convergents may grow without bound")
        count *= 2
    raise NoEnclosure(f"{digits} digits would need more than {_MAX_SIGNED_TERMS} quotients: ask for fewer digits")
