"""From a proposal to the levels ``verified`` and ``enclosed``: a value, or a ball of it, against a ball of the left-hand side.

Used by every search when it confirms, and by ``clab verify`` later, so that the words have one meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from flint import arb

from constants_lab import __version__
from constants_lab.balls import agreeing_digits
from constants_lab.enclosure import enclose_pcf, enclose_signed
from constants_lab.errors import NoEnclosure, NotConverging, VerificationFailed
from constants_lab.evaluation import Evaluation
from constants_lab.evidence import (
    ACCELERATED_DIGITS,
    REQUIRED_DIGITS,
    REQUIRED_SIGNIFICANCE,
    Evidence,
    Level,
    significance,
)
from constants_lab.expressions import MAX_VALUE_DIGITS, evaluate
from constants_lab.number_identities import NumberIdentity
from constants_lab.pair_identities import AnyIdentity
from constants_lab.pcf import PCF
from constants_lab.signed import SignedCF

__all__ = ["Refuted", "agreement", "enclose", "evidence_for", "verify", "verify_signed"]

_GUARD = 3
"""Digits that rounding at the last places may cost."""

_SHOWN = 10_000
"""Decimal places of a ball that a record keeps; beyond them its radius is larger, and still rigorous."""


class Refuted(VerificationFailed):
    """Rigorous balls of the two sides are disjoint: the identity is false, and ``record`` is the evidence of that."""

    def __init__(self, message: str, record: Evidence) -> None:
        super().__init__(message)
        self.record = record


def _zeros(ball: arb) -> int:
    """Decimal places that a small number begins with: balls are good to places, and digits are counted from behind them."""
    mantissa, exponent = ball.mid().man_exp()
    return max(0, -int(exponent) - int(mantissa).bit_length()) * 302 // 1000


def _whole_digits(ball: arb) -> int:
    """Decimal digits before the point, at least as many as there are."""
    mantissa, exponent = ball.mid().man_exp()
    return max(0, int(exponent) + int(mantissa).bit_length()) * 302 // 1000 + 1


def agreement(found: Evaluation, identity: AnyIdentity, digits: int) -> int:
    """Significant digits, at most those of ``found``, on which a value and a left-hand side agree (numeric)."""
    lhs = identity.ball(digits + 10 + _zeros(found.value))
    return min(found.digits, agreeing_digits(found.value, lhs, int((digits + 10) * 3.33)))


def evidence_for(
    found: Evaluation, identity: AnyIdentity, digits: int, chance_digits: float, started: float
) -> Evidence | None:
    """The record that PCF value and left-hand side agree, or None when the rule of the ladder is not met.

    ``chance_digits``: log10 of the candidates times left-hand sides tried.  At least 100 digits must agree (50 where only
    acceleration reaches the value), and 20 be left beyond chance.
    """
    agreed = min(digits, agreement(found, identity, digits))
    needed = ACCELERATED_DIGITS if found.accelerated else REQUIRED_DIGITS
    beyond = significance(agreed, identity.coefficients) - chance_digits
    if agreed < needed or beyond < REQUIRED_SIGNIFICANCE:
        return None
    return Evidence(
        level=Level.VERIFIED,
        method=found.method,
        version=__version__,
        digits=agreed,
        depth=found.depth,
        seconds=round(perf_counter() - started, 6),
        significance=round(beyond, 2),
        accelerated=found.accelerated,
    )


def verify(pcf: PCF, identity: AnyIdentity, digits: int, chance_digits: float = 0.0) -> Evidence:
    """Verify "value of ``pcf`` = left-hand side" at ``digits`` digits and return the record.

    Raises :class:`VerificationFailed` when they disagree, and :class:`NotConverging` when the digits cannot be had.
    """
    started = perf_counter()
    wanted = max(digits, REQUIRED_DIGITS)
    found = pcf.evaluate(wanted + _GUARD)
    agreed = agreement(found, identity, wanted + _GUARD)
    if agreed < min(found.digits, wanted) - _GUARD:
        raise VerificationFailed(
            f"{pcf} and {identity.lhs} agree on only {agreed} of {min(found.digits, wanted)} digits: the identity is false"
        )
    record = evidence_for(found, identity, wanted, chance_digits, started)
    if record is None or record.digits < wanted:
        raise NotConverging(f"only {agreed} of the {wanted} digits of {pcf} could be reached: ask for fewer digits")
    return record


def verify_signed(
    cf: SignedCF, lhs: str, coefficients: Sequence[int], digits: int, chance_digits: float = 0.0
) -> Evidence:
    """Verify "value of ``cf`` = ``lhs``" at ``digits`` digits and return the record.

    The value lies between two convergents (:meth:`SignedCF.evaluate`), the left-hand side, a formula in constants whose
    integers are ``coefficients``, in a ball.  Raises :class:`VerificationFailed` when they disagree,
    :class:`NotConverging` when the digits cannot be had or are too few to count, and :class:`InputError` for a fraction that is
    not an expansion.
    """
    started = perf_counter()
    wanted = max(digits, REQUIRED_DIGITS)
    places = wanted + _GUARD + _zeros(evaluate(lhs, wanted))
    found, depth = cf.evaluate(places)
    agreed = min(wanted, agreeing_digits(found, evaluate(lhs, places + _GUARD), int(places * 3.33)))
    if agreed < wanted - _GUARD:
        raise VerificationFailed(f"{cf} and {lhs} agree on only {agreed} of {wanted} digits: the identity is false")
    beyond = significance(agreed, coefficients) - chance_digits
    if agreed < wanted or beyond < REQUIRED_SIGNIFICANCE:
        raise NotConverging(f"{agreed} digits of {lhs} are too few to tell it from chance: ask for more digits")
    return Evidence(
        level=Level.VERIFIED,
        method="value between two convergents of the signed fraction, against a ball of the left-hand side",
        version=__version__,
        digits=agreed,
        depth=depth,
        seconds=round(perf_counter() - started, 6),
        significance=round(beyond, 2),
    )


def enclose(
    fraction: PCF | SignedCF,
    identity: AnyIdentity | NumberIdentity,
    digits: int,
    chance_digits: float = 0.0,
) -> Evidence:
    """Show that a rigorous ball of the fraction contains the left-hand side, and return the record (level ``enclosed``).

    The ball has a radius below 10^-``digits`` (at least 100) by a theorem that :attr:`Evidence.method` names;
    :attr:`Evidence.detail` is the ball, in a form that ``flint.arb`` reads.  The left-hand side is computed to twice the
    digits, and lies inside.  This does not prove that the two are equal: as for :func:`verify`, at least 20 digits must be
    left beyond chance.

    Raises :class:`Refuted` where the balls are disjoint, and :class:`NoEnclosure` where there is no such ball, with
    the reason.
    """
    started = perf_counter()
    wanted = max(digits, REQUIRED_DIGITS)
    lhs = identity.lhs
    places = wanted + _zeros(evaluate(lhs, wanted))
    if 2 * places > MAX_VALUE_DIGITS:
        raise NoEnclosure(f"left-hand sides are known to {MAX_VALUE_DIGITS} digits only, and twice {places} are needed")
    if isinstance(fraction, PCF):
        found = enclose_pcf(fraction.a, fraction.b, places, fraction.asymptotics)
    else:
        found = enclose_signed(fraction, places)
    value = evaluate(lhs, 2 * places)
    beyond = significance(wanted, identity.coefficients) - chance_digits

    def record(level: Level, agreed: int) -> Evidence:
        return Evidence(
            level=level,
            method=found.method,
            version=__version__,
            digits=agreed,
            depth=found.depth,
            seconds=round(perf_counter() - started, 6),
            significance=round(beyond, 2) if level is Level.ENCLOSED else None,
            detail=found.ball.str(min(places, _SHOWN) + 10 + _whole_digits(found.ball)),
        )

    if not found.ball.overlaps(value):
        agreed = agreeing_digits(found.ball, value, int(places * 3.33))
        raise Refuted(
            f"{lhs} lies outside the ball that contains {fraction}: the identity is false",
            record(Level.REFUTED, min(agreed, wanted)),
        )
    if found.digits < places:
        raise NoEnclosure(f"only {found.digits} of {places} decimal places can be enclosed: {found.method}")
    if not found.ball.contains(value):
        raise NoEnclosure(f"{lhs} lies on the edge of the ball, neither inside nor outside: ask for more digits")
    if beyond < REQUIRED_SIGNIFICANCE:
        raise NoEnclosure(f"{wanted} digits of {lhs} are too few to tell it from chance: ask for more digits")
    return record(Level.ENCLOSED, wanted)
