"""The value of a polynomial continued fraction to asked digits, cross-checked at two depths (numeric).

Where theory says that a reasonable number of terms suffices, two exact convergents are compared; the digits claimed are
those on which they agree, and the value given is the deeper one.  Otherwise :mod:`constants_lab.acceleration` is used and
the result is marked.  Nothing here is rigorous: two convergents may agree long before a fraction settles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flint import arb, ctx, fmpq, fmpz, fmpz_poly

from constants_lab.acceleration import accelerated_value
from constants_lab.balls import agreeing_digits
from constants_lab.convergents import convergent_pair
from constants_lab.errors import InputError, NotConverging
from constants_lab.regimes import Asymptotics, asymptotics, calm_index

__all__ = ["DIRECT_TERMS", "Evaluation", "evaluate", "finite_value"]

DIRECT_TERMS = 20_000
"""More terms than this and acceleration is tried first."""

MAX_TERMS = 400_000

_PATIENCE = 3
"""Deeper convergents tried without a gain before a fraction is given up."""


@dataclass(frozen=True)
class Evaluation:
    """A value with the digits on which two independent depths agree (significant decimal digits, numeric)."""

    value: arb
    digits: int
    depth: int
    accelerated: bool
    exact: fmpq | None = None

    @property
    def method(self) -> str:
        """What was done, in words, for the record."""
        if self.exact is not None:
            return "exact rational value of a finite continued fraction"
        if self.accelerated:
            return "asymptotic series of the tail at two depths, orders and precisions"
        return "exact convergents at two depths"


def finite_value(a: fmpz_poly, b: fmpz_poly, last: int) -> fmpq:
    """The rational value of a fraction that ends at b(last) = 0.

    Raises :class:`NotConverging` when its last denominator is zero.
    """
    p, q = convergent_pair(a, b, last - 1)
    if q == 0:
        raise NotConverging(f"the continued fraction ends at n = {last} with a division by zero: it has no value")
    return fmpq(p, q)


def _last_defined(a: fmpz_poly, b: fmpz_poly, n: int) -> tuple[int, fmpz, fmpz]:
    """The first convergent from index ``n`` on that is defined; two in a row cannot both have q = 0."""
    p, q = convergent_pair(a, b, n)
    if q == 0:
        n += 1
        p, q = convergent_pair(a, b, n)
    return n, p, q


def _direct(a: fmpz_poly, b: fmpz_poly, digits: int, theory: Asymptotics) -> Evaluation | None:
    # Past twice the index where the leading terms begin to rule, or a pseudo-limit could pass for the value.
    depth = int(theory.terms_for(digits) * 1.02) + 12 + (9 * calm_index(a, b)) // 4
    bits = int((digits + 15) * 3.3219281) + 32
    best: Evaluation | None = None
    misses = 0
    while depth <= MAX_TERMS:
        near, p, q = _last_defined(a, b, depth)
        far, P, Q = _last_defined(a, b, near + max(10, near // 8))
        if q == 0 or Q == 0:
            return best
        with ctx.workprec(bits):
            value = (arb(P) / Q).mid()
            agreed = agreeing_digits(value, arb(p) / q, bits)
            if theory.regime == "polynomial":
                # The error falls by (8/9)^s only, so it is larger than the difference.
                agreed = max(0, agreed - 1 - int(math.log10(9 / min(theory.rate or 0.01, 9))))
            found = Evaluation(value, agreed, far, False)
        if best is None or found.digits > best.digits:
            best, misses = found, 0
        else:
            misses += 1
        if best.digits >= digits or misses == _PATIENCE:
            return best
        depth = far + far // 2
    return best


def evaluate(a: fmpz_poly, b: fmpz_poly, digits: int, theory: Asymptotics | None = None) -> Evaluation:
    """The value of PCF(a, b) to at least ``digits`` significant digits where they can be had.

    Raises :class:`NotConverging` when the fraction diverges by theory, ends in a division by zero, or fewer than 15
    digits can be had; the result may have fewer digits than asked, which ``.digits`` says.
    """
    if digits < 1 or digits > 1_000_000:
        raise InputError(f"ask for between 1 and 1000000 digits, not {digits}")
    theory = theory or asymptotics(a, b)
    if theory.last is not None:
        exact = finite_value(a, b, theory.last)
        with ctx.workprec(int(digits * 3.3219281) + 64):
            return Evaluation((arb(exact.numer()) / exact.denom()).mid(), digits, theory.last, False, exact)
    if theory.regime == "divergent":
        raise NotConverging("the continued fraction diverges: its convergents do not tend to a number")
    best: Evaluation | None = None
    terms = theory.terms_for(digits)
    slow = theory.regime == "polynomial" or (theory.regime == "stretched" and terms > DIRECT_TERMS) or terms > MAX_TERMS
    if slow and b.degree() >= 2 * a.degree():
        found = accelerated_value(a, b, digits)
        if found is not None:
            best = Evaluation(found[0], found[1], found[2], True)
    if (best is None or best.digits < digits) and terms <= MAX_TERMS:
        direct = _direct(a, b, digits, theory)
        if direct is not None and (best is None or direct.digits > best.digits):
            best = direct
    if best is not None and best.digits == 0 and abs(best.value) > arb(10) ** (digits // 2):
        raise NotConverging("the continued fraction has no finite value: its convergents grow without bound")
    if best is None or best.digits < min(15, digits):
        reached = best.digits if best else 0
        raise NotConverging(
            f"the continued fraction converges too slowly: {reached} digits were reached of the {digits} asked"
        )
    return best
