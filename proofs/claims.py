"""What a certificate claims, and whether that is what a formula and its left-hand side say.

The checker decides whether a certificate proves its own claim; that this is the claim in question is decided here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from constants_lab.errors import InputError
from constants_lab.pcf import PCF
from constants_lab.proofs.steps import shape
from constants_lab.signed import SignedCF

__all__ = ["claim", "states"]


def claim(formula: PCF | SignedCF, constant: str, matrix: Sequence[Sequence[int]]) -> dict[str, Any] | None:
    """The JSON of the claim that ``formula`` equals (αc + β)/(γc + δ) for the named constant c and the matrix [[α, β], [γ, δ]].

    None where certificates cannot say it: for channels that are no polynomials, two constants, or a matrix of another shape.
    """
    if [len(row) for row in matrix] != [2, 2]:
        return None
    try:
        fraction = shape(formula)
    except InputError:
        return None
    return {"fraction": fraction, "constant": constant, "matrix": [[str(k) for k in row] for row in matrix]}


def states(text: str, formula: PCF | SignedCF, constant: str, matrix: Sequence[Sequence[int]]) -> bool:
    """Whether the certificate in ``text``, which the checker has accepted, claims exactly that of the formula."""
    wanted = claim(formula, constant, matrix)
    return wanted is not None and json.loads(text)["claim"] == wanted
