"""Second opinions: what a worker claims is looked at again by the coordinator before it is stored.

Every identity is asked of SymPy and mpmath once a run.  Findings of workers that are not this machine's own are confirmed from
the formula alone: keys are computed anew and every identity is verified to 100 digits, so that a worker can lose a hit but not
forge one.
"""

from __future__ import annotations

from constants_lab.crosscheck import check_identity, check_signed
from constants_lab.db.records import Companion, Finding, FormulaRecord, IdentityRecord
from constants_lab.errors import ConstantsLabError, VerificationFailed
from constants_lab.pair_identities import identity_in
from constants_lab.pcf import PCF
from constants_lab.signed import SignedCF
from constants_lab.verification import verify, verify_signed

__all__ = ["cross_check", "reconfirm"]


def cross_check(findings: list[Finding], checked: set[tuple[str, str]]) -> None:
    """SymPy's and mpmath's opinion on each identity not yet asked for; raises when they disagree with ours."""
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


def reconfirm(finding: Finding) -> None:
    """Raise :class:`VerificationFailed` unless keys and identities of a finding are what they are said to be."""
    parts: list[Finding | Companion] = [finding, *finding.companions]
    for part in parts:
        try:
            _reconfirm(part)
        except VerificationFailed:
            raise
        except ConstantsLabError as error:
            raise VerificationFailed(f"a finding at candidate {finding.index} cannot be confirmed: {error}") from None


_DIGITS = 100


def _reconfirm(part: Finding | Companion) -> None:
    formula = part.formula
    cf = _rebuilt(formula)
    if cf.key != formula.exact_key or cf.class_key != formula.class_key:
        raise VerificationFailed(f"the keys of {cf} are not those of its record")
    for identity in part.identities:
        rows = [[int(k) for k in row] for row in identity.matrix]
        if isinstance(cf, PCF):
            claim = identity_in(identity.constant, rows)
            if claim.lhs != identity.lhs:
                raise VerificationFailed(
                    f"the left-hand side {identity.lhs[:80]} is not {claim.lhs[:80]} of its matrix"
                )
            verify(cf, claim, min(identity.evidence.digits, _DIGITS))
        else:
            verify_signed(cf, identity.lhs, rows[0] + rows[1], _DIGITS)


def _rebuilt(formula: FormulaRecord) -> PCF | SignedCF:
    if formula.kind == "pcf":
        return PCF(formula.a or "", formula.b or "")
    return SignedCF(formula.signs or [], formula.prefix or [], formula.polynomials or [])
