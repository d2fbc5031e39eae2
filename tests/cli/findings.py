"""Databases of formulas that no search has found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from constants_lab.db import Finding, FormulaRecord, IdentityRecord, Store
from constants_lab.evidence import Evidence, Level
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF


def record(kind: str, number: int, lhs: str | None, **fields: Any) -> Finding:
    """A finding whose identity, if it has a name, is verified."""
    evidence = Evidence(level=Level.VERIFIED, method="test", version="1", digits=100, seconds=0.0)
    claimed = []
    if lhs is not None:
        identity = Identity.parse(lhs)
        matrix = [[str(k) for k in row] for row in identity.matrix]
        claimed.append(IdentityRecord(constant=identity.constant, matrix=matrix, lhs=lhs, evidence=evidence))
    return Finding(index=number, formula=FormulaRecord(kind=kind, **fields), identities=claimed)  # type: ignore[arg-type]


def pcf(number: int, a: str, b: str, lhs: str | None) -> Finding:
    made = PCF(a, b)
    return record("pcf", number, lhs, exact_key=made.key, class_key=made.class_key, a=a, b=b, value="1.5")


def filled(path: Path, findings: Sequence[Finding]) -> Path:
    """A new database with these, each at the number that it was given."""
    with Store.open(path) as store:
        job = store.create_job("lookup", {}, 100, "1")
        store.record(job.id, 0, 10, findings, {}, 0.0)
    return path
