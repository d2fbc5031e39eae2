"""The database: jobs, findings, formulas and the evidence for them, on SQLite or PostgreSQL."""

from __future__ import annotations

from constants_lab.db.jobs import Job, RecordOutcome
from constants_lab.db.records import Companion, DynamicsRecord, Finding, FormulaRecord, IdentityRecord
from constants_lab.db.store import Store, StoreInfo, UpgradeOutcome
from constants_lab.db.views import CoverageRow, EquivalenceView, EvidenceView, FindingView, FormulaView, IdentityView

__all__ = [
    "Companion",
    "CoverageRow",
    "DynamicsRecord",
    "EquivalenceView",
    "EvidenceView",
    "Finding",
    "FindingView",
    "FormulaRecord",
    "FormulaView",
    "IdentityRecord",
    "IdentityView",
    "Job",
    "RecordOutcome",
    "Store",
    "StoreInfo",
    "UpgradeOutcome",
]
