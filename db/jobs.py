"""What the store tells of a job: plain values, detached from the database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from constants_lab.db.schema import digest
from constants_lab.errors import InputError

__all__ = ["Job", "RecordOutcome", "canonical", "spec_key"]


@dataclass(frozen=True)
class Job:
    """A search over candidates 0 .. ``total`` - 1, ``done`` of which are recorded.

    ``findings`` counts meetings with a formula, so a formula met twice counts twice; ``counters`` sums what the
    units counted (candidates, divergent, …); ``seconds`` sums the computing time of the units.
    """

    id: int
    method: str
    spec: dict[str, Any]
    state: str
    done: int
    total: int
    findings: int
    version: str
    created: datetime
    updated: datetime
    seconds: float
    counters: dict[str, int]
    error: str | None

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> Job:
        """The job of a row of the table ``job``."""
        return cls(
            id=row.id,
            method=row.method,
            spec=row.spec,
            state=row.state,
            done=row.done,
            total=row.total,
            findings=row.findings,
            version=row.version,
            created=row.created,
            updated=row.updated,
            seconds=row.seconds,
            counters=row.counters,
            error=row.error,
        )

    @property
    def complete(self) -> bool:
        """Whether every candidate is recorded."""
        return self.done == self.total

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values, ``id, method, state, done, total, findings`` first."""
        return {
            "id": self.id,
            "method": self.method,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "findings": self.findings,
            "version": self.version,
            "spec": self.spec,
            "created": self.created.isoformat(),
            "updated": self.updated.isoformat(),
            "seconds": self.seconds,
            "counters": self.counters,
            "error": self.error,
        }


@dataclass(frozen=True)
class RecordOutcome:
    """What recording a unit added, companions included; ``already_done`` means that it was known and nothing changed."""

    new_formulas: int
    new_findings: int
    already_done: bool


def canonical(method: str, spec: dict[str, Any]) -> str:
    """One text for equal specifications: JSON with sorted keys and no spaces.

    Raises :class:`InputError` for what JSON cannot hold, infinities and NaN included.

    >>> canonical("lookup", {"b": 1, "a": [2]})
    '{"method":"lookup","spec":{"a":[2],"b":1}}'
    """
    try:
        return json.dumps({"method": method, "spec": spec}, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        raise InputError(
            "the job's specification must hold only texts, finite numbers, lists and tables: remove what else it holds"
        ) from None


def spec_key(method: str, spec: dict[str, Any]) -> str:
    """The digest by which equal jobs are recognised."""
    return digest(canonical(method, spec))
