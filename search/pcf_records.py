"""From objects of the mathematics to the plain records that are stored; shared by the searches."""

from __future__ import annotations

from constants_lab.balls import decimal
from constants_lab.db.records import DynamicsRecord, FormulaRecord, IdentityRecord
from constants_lab.dynamics import Dynamics
from constants_lab.evaluation import Evaluation
from constants_lab.evidence import Evidence
from constants_lab.pair_identities import AnyIdentity
from constants_lab.pcf import PCF
from constants_lab.polynomials import format_polynomial

__all__ = ["dynamics_record", "formula_record", "identity_record"]


def formula_record(pcf: PCF, found: Evaluation) -> FormulaRecord:
    """The record of a canonical PCF with 60 digits of its value."""
    return FormulaRecord(
        kind="pcf",
        exact_key=pcf.key,
        class_key=pcf.class_key,
        a=format_polynomial(pcf.a),
        b=format_polynomial(pcf.b),
        value=decimal(found.value, 60),
    )


def identity_record(identity: AnyIdentity, evidence: Evidence) -> IdentityRecord:
    """The record of "value = left-hand side" with what supports it."""
    return IdentityRecord(
        constant=identity.constant,
        matrix=[[str(k) for k in row] for row in identity.matrix],
        lhs=identity.lhs,
        evidence=evidence,
    )


def dynamics_record(found: Dynamics) -> DynamicsRecord:
    """The dynamics as they are stored."""
    return DynamicsRecord(**vars(found))
