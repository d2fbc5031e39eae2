"""From a formula and its left-hand side to a certificate: what the database and the command line ask for."""

from __future__ import annotations

from collections.abc import Sequence

from constants_lab.pcf import PCF
from constants_lab.proofs.prover import prove
from constants_lab.proofs.relating import from_proved
from constants_lab.proofs.signed_fractions import prove_signed
from constants_lab.signed import SignedCF

__all__ = ["from_proved", "prove_identity"]


def prove_identity(formula: PCF | SignedCF, constant: str, matrix: Sequence[Sequence[int]]) -> str | None:
    """A certificate that ``formula`` equals the image of ``constant`` under ``matrix``, accepted by the checker.

    ``matrix`` is [[α, β], [γ, δ]].  None when no prover finds a proof, and for what certificates cannot claim: two constants,
    or a rational function of a higher degree.
    """
    if [len(row) for row in matrix] != [2, 2]:
        return None
    rows = [list(row) for row in matrix]
    if isinstance(formula, SignedCF):
        return prove_signed(formula, constant, rows)
    return prove(formula.a, formula.b, constant, rows)
