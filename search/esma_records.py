"""From a recovered pattern to plain records: the signed fraction, its identity, its dynamics, and the PCF it contracts to."""

from __future__ import annotations

import math
from functools import lru_cache
from time import perf_counter

import numpy as np
from flint import arb

from constants_lab.balls import decimal
from constants_lab.channels import PolynomialChannel
from constants_lab.contraction import contract, inverse, multiply
from constants_lab.db.records import Companion, DynamicsRecord, Finding, FormulaRecord, IdentityRecord
from constants_lab.dynamics import measure
from constants_lab.errors import NotConverging
from constants_lab.evidence import Evidence
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.search.pcf_records import dynamics_record, formula_record, identity_record
from constants_lab.search.sources import Source, distinct
from constants_lab.signed import SignedCF
from constants_lab.verification import evidence_for

__all__ = ["finding_of", "signed_dynamics"]

_DEPTH = 200
_DIGITS = 110


def signed_dynamics(cf: SignedCF, quotients: np.ndarray, depth: int = _DEPTH) -> DynamicsRecord | None:
    """Regime and rate from the channels, delta measured at ``depth`` of the fraction's ``quotients`` (float64).

    Polynomial channels: -ln err ~ D n ln n with D = 2 (sum of the degrees)/(number of channels), or r n with r measured when
    all are constant.  delta = ln q_(n+1)/ln q_n, since the error is within a factor of 1/(q_n q_(n+1)); its limit is 1.  None
    with runs or recurrences, whose speed is none of the regimes.  Floats with relative error below 1e-10.
    """
    from constants_lab.search.kernels.scan import log10_denominators

    if not all(isinstance(channel, PolynomialChannel) for channel in cf.channels):
        return None
    depth = min(depth, len(quotients) - 1)
    log_q, log_following = log10_denominators(quotients[: depth + 1], np.array(cf.signs, np.int64))
    delta = log_following / log_q if log_q > 0 else None
    degrees = sum(
        max(channel.polynomial.degree(), 0) for channel in cf.channels if isinstance(channel, PolynomialChannel)
    )
    if degrees:
        growth = 2.0 * degrees / len(cf.channels)
        return DynamicsRecord(regime="factorial", delta=delta, delta_limit=1.0, rate=growth, depth=depth)
    nats = 2.0 * math.log(10) * log_q / depth
    return DynamicsRecord(regime="exponential", delta=delta, delta_limit=1.0, rate=nats, depth=depth)


def _formula(cf: SignedCF, value: str) -> FormulaRecord:
    return FormulaRecord(
        kind="signed",
        exact_key=cf.key,
        class_key=cf.class_key,
        signs=list(cf.signs),
        prefix=list(cf.prefix),
        polynomials=cf.polynomials,
        value=value,
    )


def finding_of(
    index: int,
    source: Source,
    top: tuple[int, ...],
    bottom: tuple[int, ...],
    cf: SignedCF,
    evidence: Evidence,
    quotients: np.ndarray,
    chance_digits: float,
) -> Finding:
    """The finding of a verified pattern, with the polynomial continued fraction it contracts to as a companion."""
    named = source.identity(top, bottom)
    if named is None:
        value = decimal(cf.evaluate(70)[0], 60)
        return Finding(
            index=index, formula=_formula(cf, value), evidence=evidence, dynamics=signed_dynamics(cf, quotients)
        )
    constant, matrix, lhs = named
    # A formula in several constants has a name, and no Identity.
    moebius = len(matrix[0]) == 2 and source.has_one_constant
    ball = _ball_of(constant, tuple(map(tuple, matrix))) if moebius else cf.evaluate(70)[0]
    value = decimal(ball, 60)
    companions = []
    if moebius:
        companion = _companion(cf, constant, matrix, chance_digits)
        if companion is not None:
            companions.append(companion)
    return Finding(
        index=index,
        formula=_formula(cf, value),
        identities=[
            IdentityRecord(
                constant=constant, matrix=[[str(k) for k in row] for row in matrix], lhs=lhs, evidence=evidence
            )
        ],
        dynamics=signed_dynamics(cf, quotients),
        companions=companions,
    )


def _ball_of(constant: str, matrix: tuple[tuple[int, ...], ...]) -> arb:
    return Identity(constant, matrix).ball(70)


def _companion(cf: SignedCF, constant: str, matrix: list[list[int]], chance_digits: float) -> Companion | None:
    """The PCF of the contraction, verified on its own, with the map from its value to that of ``cf``."""
    contraction = contract(cf)
    if contraction is None:
        return None
    (a, b), (c, d) = matrix
    identity = distinct(Identity(constant, multiply(inverse(contraction[1]), ((a, b), (c, d)))))
    record = _verified_pcf(contraction[0], identity, round(chance_digits, 3))
    if record is None:
        return None
    formula, claim, dynamics = record
    return Companion(
        formula=formula,
        identities=[claim],
        dynamics=dynamics,
        relation="contraction",
        matrix=[[str(k) for k in row] for row in contraction[1]],
    )


@lru_cache(maxsize=4096)
def _verified_pcf(
    pcf: PCF, identity: Identity, chance_digits: float
) -> tuple[FormulaRecord, IdentityRecord, DynamicsRecord] | None:
    started = perf_counter()
    try:
        found = pcf.evaluate(_DIGITS + 3)
    except NotConverging:
        return None
    evidence = evidence_for(found, identity, _DIGITS, chance_digits, started)
    if evidence is None:
        return None
    return formula_record(pcf, found), identity_record(identity, evidence), dynamics_record(measure(pcf, value=found))
