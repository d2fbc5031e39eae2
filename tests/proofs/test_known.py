"""Every published formula of the test data is proved, and what is proved agrees with an enclosure to 500 digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.proofs import checker
from constants_lab.proofs.proving import prove_identity
from constants_lab.signed import SignedCF

DATA = Path(__file__).parent.parent / "data"


def cases(name: str) -> list[dict[str, Any]]:
    return list(json.loads((DATA / name).read_text(encoding="utf-8"))["cases"])


def signed(case: dict[str, Any]) -> SignedCF:
    channels = ["+".join(f"({c})*m^{i}" for i, c in enumerate(reversed(p))) for p in case["a_interlaced_polys"]]
    return SignedCF(case["sign_period"], case["prefix"], channels)


def proved(formula: PCF | SignedCF, lhs: str) -> None:
    claim = Identity.parse(lhs)
    matrix = [[int(k) for k in row] for row in claim.matrix]
    text = prove_identity(formula, claim.constant, matrix)
    assert text is not None
    assert checker.check(text).theorems
    ball = formula.enclosure(500)
    assert ball.overlaps(claim.ball(510))
    assert ball.rad() < 1e-300
    # One more at the 60th decimal is another number, for both.
    far = [[matrix[0][i] * 10**60 + matrix[1][i] for i in (0, 1)], [k * 10**60 for k in matrix[1]]]
    assert not ball.overlaps(Identity(claim.constant, far).ball(510))
    assert prove_identity(formula, claim.constant, far) is None


@pytest.mark.parametrize("case", cases("known_pcf.json"), ids=lambda case: f"{case['a']}, {case['b']}")
def test_a_published_fraction_is_proved(case: dict[str, Any]) -> None:
    proved(PCF(case["a"], case["b"]), case["lhs"])


@pytest.mark.parametrize("case", cases("known_signed.json"), ids=lambda case: case["lhs"])
def test_a_published_signed_fraction_is_proved(case: dict[str, Any]) -> None:
    proved(signed(case), case["lhs"].replace("mpf(1)/2", "1/2"))
