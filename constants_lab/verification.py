"""From a proposal to the level ``verified``: a value against a ball of the left-hand side.

Used by every search when it confirms, and by ``clab verify`` later, so that the word has one meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from constants_lab import __version__
from constants_lab.balls import agreeing_digits
from constants_lab.errors import NotConverging, VerificationFailed
from constants_lab.evaluation import Evaluation
from constants_lab.evidence import (
    ACCELERATED_DIGITS,
    REQUIRED_DIGITS,
    REQUIRED_SIGNIFICANCE,
    Evidence,
    Level,
    significance,
)
from constants_lab.expressions import evaluate
from constants_lab.pair_identities import AnyIdentity
from constants_lab.pcf import PCF
from constants_lab.signed import SignedCF

__all__ = ["agreement", "evidence_for", "verify", "verify_signed"]

_GUARD = 3
"""Digits that rounding at the last places may cost."""


def agreement(found: Evaluation, identity: AnyIdentity, digits: int) -> int:
    """Significant digits, at most those of ``found``, on which a value and a left-hand side agree (numeric)."""
    # The ball is good to decimal places; a small value needs more of them for its significant digits.
    mantissa, exponent = found.value.mid().man_exp()
    zeros = max(0, -int(exponent) - mantissa.bit_length()) * 302 // 1000
    lhs = identity.ball(digits + 10 + zeros)
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
    # Balls are good to decimal places; a small value needs more of them for its significant digits.
    mantissa, exponent = evaluate(lhs, wanted).mid().man_exp()
    places = wanted + _GUARD + max(0, -int(exponent) - int(mantissa).bit_length()) * 302 // 1000
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
