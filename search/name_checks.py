"""From claims to verified identities: every formula is looked at by itself, on a worker.

Equivalent fractions (equal canonical forms) have values that differ by a rational factor, so the value of the canonical form
is computed once, to more than 100 digits (50 where only acceleration reaches it); each member's own value is that times its
own factor, and is compared with a ball of the member's own left-hand side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import perf_counter

from flint import arb, ctx, fmpq, fmpz_poly

from constants_lab.canonical import canonical_form
from constants_lab.db.records import IdentityRecord
from constants_lab.errors import ConstantsLabError
from constants_lab.evaluation import Evaluation, evaluate
from constants_lab.expressions import Identity
from constants_lab.known import relation_to_known
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients, parse_polynomial
from constants_lab.search.name_values import Claim
from constants_lab.search.pcf_records import identity_record
from constants_lab.verification import agreement, evidence_for

__all__ = ["Failure", "Member", "Verified", "anchors_of", "verified"]

_DIGITS = 110
"""Digits asked of a value; REQUIRED_DIGITS must remain."""
_BITS = 480


@dataclass(frozen=True)
class Member:
    """A stored formula PCF(a, b), polynomials as text, and the claims about its value, simplest first."""

    formula: int
    a: str
    b: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Failure:
    """A claim that agreed with the stored digits of a formula and was not verified, and why."""

    formula: int
    lhs: str
    reason: str


@dataclass
class Verified:
    """What came of the claims about some formulas: at most one identity each, the simplest that was verified."""

    identities: list[tuple[int, IdentityRecord]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def verified(members: Sequence[Member], chance_digits: float) -> Verified:
    """Check the claims about each member; members of one class are best given together.

    ``chance_digits``: log10 of the values times left-hand sides tried.
    """
    result = Verified()
    for member in members:
        started = perf_counter()
        found, scale, problem = _value(member.a, member.b)
        if found is None:
            result.failures += [Failure(member.formula, claim.identity.lhs, problem) for claim in member.claims[:1]]
            continue
        own = _times(found, scale)
        for claim in member.claims:
            identity = claim.identity
            evidence = evidence_for(own, identity, _DIGITS, chance_digits, started)
            if evidence is not None:
                if claim.informed:
                    evidence = evidence.model_copy(update={"detail": claim.source})
                result.identities.append((member.formula, identity_record(identity, evidence)))
                break
            agreed = agreement(own, identity, _DIGITS)
            reason = f"value and left-hand side agree on {agreed} digits; the value has {own.digits}"
            result.failures.append(Failure(member.formula, identity.lhs, reason))
    return result


@lru_cache(maxsize=8192)
def _polynomial(text: str) -> fmpz_poly:
    return parse_polynomial(text)


def _value(a: str, b: str) -> tuple[Evaluation | None, fmpq, str]:
    """The value of the canonical form, the factor that carries it to that of PCF(a, b), and what went wrong without it."""
    form = canonical_form(_polynomial(a), _polynomial(b))
    found, problem = _evaluated(coefficients(form.a), coefficients(form.b))
    return found, form.scale, problem


@lru_cache(maxsize=4096)
def _evaluated(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[Evaluation | None, str]:
    try:
        return evaluate(fmpz_poly(list(a)[::-1]), fmpz_poly(list(b)[::-1]), _DIGITS), ""
    except ConstantsLabError as error:
        return None, str(error)


def _times(found: Evaluation, scale: fmpq) -> Evaluation:
    if scale == 1:
        return found
    with ctx.workprec(_BITS):
        return replace(found, value=(found.value * arb(scale.p) / arb(scale.q)).mid())


def anchors_of(fractions: Sequence[tuple[int, str, str]]) -> list[tuple[int, Claim | None]]:
    """Those of the fractions (key, a, b) that are forms of a published one, with what its source says of their value.

    The claim is None where the value of the published formula is not a rational function of one constant.
    """
    found: list[tuple[int, Claim | None]] = []
    for key, a, b in fractions:
        related = relation_to_known(PCF(_polynomial(a), _polynomial(b)))
        if related is not None:
            found.append((key, _anchor(related.lhs, f"{related.detail}; {related.formula.source}")))
    return found


def _anchor(lhs: str | None, source: str) -> Claim | None:
    try:
        return None if lhs is None else Claim(Identity.parse(lhs), source)
    except ConstantsLabError:
        return None
