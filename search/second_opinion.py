"""Second opinions: what a worker claims is looked at again by the coordinator before it is stored.

Every identity is asked of SymPy, and of MPFR or mpmath, once a run.  Findings of workers that are not this machine's own are
only pointers: the coordinator decodes the index, has the method's own ``reconfirm`` look at that candidate, and stores what it
finds itself: formula, value, evidence, dynamics, labels and companions.  A worker can so lose a hit but not forge one; what
claims more than the coordinator finds is :class:`Forged`.

A method without ``reconfirm`` can only report measurements: its formulas get their keys anew, and what claims an identity,
evidence or a related formula is refused.
"""

from __future__ import annotations

from typing import Any

from constants_lab.crosscheck import check_identity, check_signed
from constants_lab.db.records import NUMBER_LABELS, Companion, Finding, FormulaRecord, IdentityRecord
from constants_lab.errors import ConstantsLabError, VerificationFailed
from constants_lab.evidence import Level
from constants_lab.pair_identities import identity_in
from constants_lab.pcf import PCF
from constants_lab.search.job import Method
from constants_lab.search.units import UnitResult
from constants_lab.signed import SignedCF

__all__ = ["Forged", "check_shape", "cross_check", "reconfirm"]


class Forged(VerificationFailed):
    """A worker claims what the coordinator does not find: its machine is broken, or lies."""


def check_shape(result: object) -> None:
    """Raise :class:`Forged` unless a result is what a unit gives: counts, seconds, and findings of its own candidates.

    Start and stop are compared with the unit where results arrive (:mod:`constants_lab.search.dispatch`).
    """
    if not isinstance(result, UnitResult):
        raise Forged("it sent something else than a result")
    counts = result.counters
    shaped = (
        isinstance(counts, dict)
        and all(isinstance(k, str) and type(v) is int and 0 <= v < 2**62 for k, v in counts.items())
        and isinstance(result.seconds, float | int)
        and 0 <= result.seconds < 1e9
        and isinstance(result.findings, tuple)
    )
    if not shaped:
        raise Forged("it sent counts or times that are none")
    for text in result.findings:
        try:
            finding = Finding.model_validate_json(text)
        except ValueError:
            raise Forged("it sent a finding that cannot be read") from None
        if not result.start <= finding.index < result.stop:
            raise Forged(f"it sent a finding at candidate {finding.index}, outside its unit")


def cross_check(findings: list[Finding], checked: set[tuple[str, str]]) -> None:
    """The opinion of SymPy and of MPFR or mpmath on each identity not yet asked for; raises when they disagree with ours."""
    for finding in findings:
        claims = [(finding.formula, finding.identities)]
        claims += [(companion.formula, companion.identities) for companion in finding.companions]
        for formula, identities in claims:
            for identity in identities:
                if (formula.exact_key, identity.lhs) not in checked:
                    _ask(formula, identity)
                    checked.add((formula.exact_key, identity.lhs))


def _ask(formula: FormulaRecord, identity: IdentityRecord) -> None:
    rows = [[int(k) for k in row] for row in identity.matrix]
    if formula.kind == "pcf":
        check_identity(PCF(formula.a or "", formula.b or ""), identity_in(identity.constant, rows))
    elif formula.kind == "signed":
        signed = SignedCF(formula.signs or [], formula.prefix or [], formula.polynomials or [])
        check_signed(signed, identity.constant, rows, identity.lhs)


def reconfirm(method: Method, space: Any, finding: Finding) -> Finding:
    """The coordinator's own version of a finding of ``method`` in ``space``.

    Raises :class:`Forged` when the index does not lead to that formula, or to less than the finding claims: identities, labels,
    companions or a verified pattern that the coordinator does not find itself.
    """
    own = getattr(method, "reconfirm", None)
    try:
        if finding.index >= space.size:
            raise Forged(f"there are only {space.size} candidates")
        ours = _measurement(finding) if own is None else own(space, finding)
        if ours is None:
            raise Forged("it is none")
        beyond = _claims(finding) - _claims(ours) if own is not None else None
        if beyond:
            raise Forged(f"it claims {min(beyond)}")
    except (ConstantsLabError, ValueError, ArithmeticError, LookupError) as error:
        said = "".join(c if c.isprintable() else "?" for c in str(error)[:200])
        raise Forged(f"the finding at candidate {finding.index} is not confirmed by this machine: {said}") from None
    return ours


def _claims(finding: Finding) -> set[str]:
    """What a finding says, one text a claim, without the numbers that were measured."""
    claims = {f"the {label.kind} label {label.detail}" for label in finding.labels}
    if finding.evidence is not None:
        claims.add("a verified pattern")
    parts: list[tuple[str, Finding | Companion]] = [("", finding)]
    parts += [(f"{each.relation} {each.matrix}: ", each) for each in finding.companions]
    for role, part in parts:
        formula = part.formula.model_dump_json(exclude={"value"}, exclude_none=True)
        claims.add(f"{role}{formula}")
        claims |= {f"{each.lhs} ({each.constant}, {each.matrix}) for {formula}" for each in part.identities}
    return claims


def _measurement(finding: Finding) -> Finding:
    """A finding that claims nothing but how its formula converges, with the labels that say which number it is."""
    if finding.identities or finding.companions:
        raise Forged("its search neither names values nor relates formulas")
    if finding.evidence is not None and finding.evidence.level.rank > Level.SCREENED.rank:
        raise Forged(f"its search has nothing that is {finding.evidence.level.value}")
    formula, cf = finding.formula, _rebuilt(finding.formula)
    if (cf.key, cf.class_key) != (formula.exact_key, formula.class_key):
        raise Forged(f"the keys of {cf} are not those of its record")
    return finding.model_copy(update={"labels": [label for label in finding.labels if label.kind in NUMBER_LABELS]})


def _rebuilt(formula: FormulaRecord) -> PCF | SignedCF:
    match formula.kind:
        case "pcf":
            return PCF(formula.a or "", formula.b or "")
        case "signed":
            return SignedCF(formula.signs or [], formula.prefix or [], formula.polynomials or [])
        case _:
            raise Forged(f"a {formula.kind} is no continued fraction")
