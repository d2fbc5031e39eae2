"""What queries give back: frozen values that know their JSON form and nothing of the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from constants_lab.db.jobs import Job
from constants_lab.db.records import NUMBER_LABELS

__all__ = [
    "CoverageRow",
    "EquivalenceView",
    "EvidenceView",
    "FindingView",
    "FormulaView",
    "IdentityView",
    "LabelView",
]


@dataclass(frozen=True)
class IdentityView:
    """The claim that a formula equals ``lhs``; ``matrix`` holds decimal texts, ``height`` is in digits."""

    id: int
    constant: str
    lhs: str
    matrix: list[list[str]]
    evidence: str
    digits: int
    height: float

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> IdentityView:
        """The view of a row of the table ``identity``."""
        return cls(row.id, row.constant, row.lhs, row.matrix, row.evidence, row.digits, row.height)

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class LabelView:
    """What is known of a formula besides identities; see :class:`constants_lab.db.records.LabelRecord`."""

    kind: str
    detail: str

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class EvidenceView:
    """One run behind a level; ``identity`` is null for evidence about the formula itself."""

    id: int
    identity: int | None
    level: str
    method: str
    version: str
    digits: int
    depth: int | None
    seconds: float
    significance: float | None
    accelerated: bool
    detail: str
    created: datetime

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> EvidenceView:
        """The view of a row of the table ``evidence``."""
        return cls(
            row.id,
            row.identity_id,
            row.level,
            row.method,
            row.version,
            row.digits,
            row.depth,
            row.seconds,
            row.significance,
            row.accelerated,
            row.detail,
            row.created,
        )

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**vars(self), "created": self.created.isoformat()}


@dataclass(frozen=True)
class FindingView:
    """That a job of this method and program version met the formula at ``candidate``."""

    job: int
    candidate: int
    method: str
    version: str

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> FindingView:
        """The view of a row of ``finding`` joined with ``job``."""
        return cls(row.job_id, row.candidate, row.method, row.version)

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class EquivalenceView:
    """That the value of a formula and the value of another, whose number is ``id``, are related.

    ``matrix`` [[α, β], [γ, δ]] holds decimal texts.  With x the value of the formula that was asked for and y that
    of the other, ``direction`` "to" means x = (αy + β)/(γy + δ) and "from" means y = (αx + β)/(γx + δ).  The
    other fields describe the other formula as a listing would: ``lhs`` is that of its shown identity and
    ``evidence`` the level of that, or the formula's own level where it has no name.
    """

    id: int
    relation: str
    matrix: list[list[str]]
    direction: str
    kind: str
    a: str | None
    b: str | None
    signs: list[int] | None
    prefix: list[int] | None
    polynomials: list[str] | None
    value: str | None
    constant: str | None
    lhs: str | None
    evidence: str

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]], formula_id: int) -> EquivalenceView:
        """The view, from the formula of that number, of a row of ``equivalence`` joined with the other formula."""
        return cls(
            id=row.id,
            relation=row.relation,
            matrix=row.matrix,
            direction="to" if row.formula_id == formula_id else "from",
            kind=row.kind,
            a=row.a,
            b=row.b,
            signs=row.signs,
            prefix=row.prefix,
            polynomials=row.polynomials,
            value=row.value,
            constant=row.constant,
            lhs=row.lhs,
            evidence=row.level,
        )

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class FormulaView:
    """A formula with the identity chosen to be shown.

    ``evidence`` and ``digits`` are those of that identity; a formula without a name has its own level and no
    digits.  ``job`` is the first job that met it, or the job asked for.  ``labels`` are in the order of
    :data:`constants_lab.db.records.LABEL_KINDS`, then of their details.  ``depth`` and the measures of convergence are
    those of :class:`constants_lab.dynamics.Dynamics`.  ``identities``, ``records`` (of
    evidence), ``provenance`` and ``equivalences`` are filled by :func:`constants_lab.db.query.formula` alone.
    """

    id: int
    kind: str
    a: str | None
    b: str | None
    signs: list[int] | None
    prefix: list[int] | None
    polynomials: list[str] | None
    value: str | None
    constant: str | None
    lhs: str | None
    evidence: str
    digits: int | None
    delta: float | None
    regime: str | None
    rate: float | None
    job: int | None
    exact_key: str
    class_key: str | None
    delta_limit: float | None
    depth: int | None
    height: float | None
    created: datetime
    cluster: int | None = None
    blind_delta: float | None = None
    log_denominator: float | None = None
    factorial_reduction: bool | None = None
    growth: float | None = None
    linear_growth: float | None = None
    residual: float | None = None
    nilpotent: float | None = None
    labels: tuple[LabelView, ...] = ()
    identities: tuple[IdentityView, ...] = ()
    records: tuple[EvidenceView, ...] = ()
    provenance: tuple[FindingView, ...] = ()
    equivalences: tuple[EquivalenceView, ...] = ()

    @property
    def name(self) -> str | None:
        """What the value is called: the shown left-hand side, or else the number that a label says it is."""
        numbers = (label.detail for label in self.labels if label.kind in NUMBER_LABELS)
        return self.lhs or next(numbers, None)

    @property
    def label_kinds(self) -> tuple[str, ...]:
        """The kinds of the labels, each once."""
        return tuple(dict.fromkeys(label.kind for label in self.labels))

    def as_json(self) -> dict[str, Any]:
        """The public JSON of a formula: always the same keys in the same order, null where not applicable.

        A formula that has labels has one key more, the last: ``labels``, a list of objects with the keys ``kind``
        and ``detail``.
        """
        row = {
            "id": self.id,
            "kind": self.kind,
            "a": self.a,
            "b": self.b,
            "signs": self.signs,
            "prefix": self.prefix,
            "polynomials": self.polynomials,
            "value": self.value,
            "constant": self.constant,
            "lhs": self.lhs,
            "evidence": self.evidence,
            "digits": self.digits,
            "delta": self.delta,
            "regime": self.regime,
            "rate": self.rate,
            "cluster": self.cluster,
            "job": self.job,
        }
        if self.labels:
            row["labels"] = [label.as_json() for label in self.labels]
        return row


@dataclass(frozen=True)
class CoverageRow:
    """How much of one space one version of the program has searched: what "not found" means."""

    job: int
    method: str
    version: str
    state: str
    done: int
    total: int
    findings: int
    spec: dict[str, Any]

    @classmethod
    def of(cls, job: Job) -> CoverageRow:
        """The coverage of a job."""
        return cls(job.id, job.method, job.version, job.state, job.done, job.total, job.findings, job.spec)

    @property
    def complete(self) -> bool:
        """Whether the whole space was searched."""
        return self.done == self.total

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values, with ``complete`` added."""
        return {**vars(self), "complete": self.complete}
