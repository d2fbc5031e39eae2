"""The tables: what a job searched, what it found, what is claimed of it and what supports the claim.

Three conventions hold in every table.

*Integers without bound.*  A space may hold 10^30 candidates, beyond any 64-bit column, and SQLite has no exact
decimal type.  Indices and sizes are therefore text of :data:`WIDTH` digits padded with zeros
(:class:`BigIndex`): the order of the texts is the order of the numbers on both databases, whatever the
collation.  The candidates of findings are too many for that and are :class:`Candidate`.  Coefficients are text inside JSON.

*Unique long texts.*  A PostgreSQL B-tree refuses an entry above about 2.7 kB, and the exact key of a formula
with large coefficients is longer.  Every text that must be unique or looked up is accompanied by the first 16 bytes
of its SHA-256, and the index stands on this digest.

*Millions of rows.*  A survey fills ``formula``, ``dynamics`` and ``finding`` with millions of rows, so these have no index
that no query uses.

*No meaning in the order of rows.*  Every order shown to a user is total and ends in an identifier.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine, UserDefinedType

from constants_lab.errors import InputError

__all__ = [
    "APPLICATION_ID",
    "HEAD",
    "LARGEST_ID",
    "REVISIONS",
    "STATES",
    "VERSION_TABLE",
    "WIDTH",
    "Base",
    "BigIndex",
    "Candidate",
    "CertificateRow",
    "ClusterMemberRow",
    "ClusterRow",
    "ContributionRow",
    "DynamicsRow",
    "EquivalenceRow",
    "EvidenceRow",
    "FindingRow",
    "FormulaRow",
    "IdentityRow",
    "JobRow",
    "LabelRow",
    "LeaseRow",
    "Moment",
    "SetAsideRow",
    "UnitRow",
    "digest",
]

APPLICATION_ID = 0x636C6162
"""``PRAGMA application_id`` of our SQLite files: the letters ``clab``."""

VERSION_TABLE = "constants_lab_version"
"""Where the schema revision is kept; its presence marks a PostgreSQL database as ours."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every schema revision, oldest first.  Known here so that opening a database need not import Alembic."""

HEAD = REVISIONS[-1]
"""The revision this program reads and writes."""

LARGEST_ID = 2**63 - 1
"""The largest identifier of a row; a larger number given by a user names no row."""

STATES = ("pending", "running", "paused", "done", "cancelled", "failed")
"""The states of a job."""

WIDTH = 40
"""Digits of a :class:`BigIndex`; numbers up to 10^40 - 1."""


def digest(content: str) -> bytes:
    """The first 16 bytes of the SHA-256 of a text in UTF-8.

    >>> digest("").hex()
    'e3b0c44298fc1c149afbf4c8996fb924'
    """
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()[:16]


class BigIndex(TypeDecorator[int]):
    """A non-negative integer below 10^40, kept as zero-padded text so that it sorts as a number."""

    impl = String(WIDTH)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """The padded text; raises :class:`InputError` outside 0 .. 10^40 - 1."""
        if value is None:
            return None
        if not 0 <= value < 10**WIDTH:
            raise InputError(f"an index or size must lie between 0 and 10^{WIDTH} - 1: choose a smaller search space")
        return f"{value:0{WIDTH}d}"

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """The integer behind the padded text."""
        return None if value is None else int(value)


class _Untyped(UserDefinedType[Any]):
    """A column of SQLite that keeps integers and texts as they are."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The declaration; what is declared otherwise converts digits in a text to a number."""
        return "BLOB"


class Candidate(TypeDecorator[int]):
    """A non-negative integer below 10^40 that takes few bytes when it is small.

    On SQLite an integer, or above 63 bits a text of :data:`WIDTH` digits: integers sort before texts there, so the order is
    that of the numbers.  On PostgreSQL a numeric.
    """

    impl = Numeric(WIDTH, 0)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of the column."""
        return dialect.type_descriptor(_Untyped() if dialect.name == "sqlite" else Numeric(WIDTH, 0))

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | str | None:
        """What is stored; raises :class:`InputError` outside 0 .. 10^40 - 1."""
        padded = _BIG_INDEX.process_bind_param(value, dialect)
        return padded if dialect.name == "sqlite" and value is not None and value > LARGEST_ID else value

    def process_result_value(self, value: int | str | Decimal | None, dialect: Dialect) -> int | None:
        """The integer."""
        return None if value is None else int(value)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets the zone, so it is put back when the value is read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The same moment expressed in UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_BIG_INDEX = BigIndex()
_Digest = LargeBinary(16).with_variant(LargeBinary(), "postgresql")
# SQLite counts rows by itself only in a column declared exactly INTEGER.
_Identifier = BigInteger().with_variant(Integer(), "sqlite")
_Json = JSON(none_as_null=True)


class Base(DeclarativeBase):
    """Root of the models; constraints are named, since a migration can only alter what has a name."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class JobRow(Base):
    """One search over one space by one version of the program.

    ``spec_key`` is the digest of the canonical JSON of method and specification.  ``done``, ``findings``,
    ``counters`` and ``seconds`` are sums over the units, changed only together with them.
    """

    __tablename__ = "job"
    __table_args__ = (UniqueConstraint("spec_key", "version"),)

    id: Mapped[int] = mapped_column(_Identifier, primary_key=True)
    method: Mapped[str] = mapped_column(Text)
    spec: Mapped[dict[str, Any]] = mapped_column(JSON)
    spec_key: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(16), index=True)
    total: Mapped[int] = mapped_column(BigIndex)
    done: Mapped[int] = mapped_column(BigIndex)
    findings: Mapped[int] = mapped_column(BigInteger)
    counters: Mapped[dict[str, int]] = mapped_column(JSON)
    seconds: Mapped[float] = mapped_column(Double)
    created: Mapped[datetime] = mapped_column(Moment)
    updated: Mapped[datetime] = mapped_column(Moment)
    error: Mapped[str | None] = mapped_column(Text)


class UnitRow(Base):
    """A maximal interval [start, stop) of candidates that are done.

    The rows of a job are disjoint and do not touch: neighbours merge in the transaction that adds them, so a
    job finished in order keeps one row however many units it had.
    """

    __tablename__ = "unit"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(BigIndex, primary_key=True)
    stop: Mapped[int] = mapped_column(BigIndex)


class SetAsideRow(Base):
    """An interval [start, stop) of candidates given up for now, after ``tries`` attempts that ended with ``error``.

    Its candidates are not done; the row goes when they are.
    """

    __tablename__ = "set_aside"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(BigIndex, primary_key=True)
    stop: Mapped[int] = mapped_column(BigIndex, primary_key=True)
    tries: Mapped[int] = mapped_column(Integer)
    error: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(Moment)


class ContributionRow(Base):
    """What one worker did for a job: sums over the units of it that were new when they were recorded."""

    __tablename__ = "contribution"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    # Short enough for an index without a digest.
    worker: Mapped[str] = mapped_column(String(200), primary_key=True)
    units: Mapped[int] = mapped_column(BigInteger)
    candidates: Mapped[int] = mapped_column(BigIndex)
    seconds: Mapped[float] = mapped_column(Double)
    findings: Mapped[int] = mapped_column(BigInteger)


class LeaseRow(Base):
    """Which process runs a job; see :mod:`constants_lab.db.leases`.

    ``owner`` is a random token.  ``machine`` tells machines of one name apart and ``started`` processes of one
    number.  ``beats`` counts the signs of life; ``rate`` (candidates a second) and ``workers`` came with the last.
    """

    __tablename__ = "lease"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    host: Mapped[str] = mapped_column(Text)
    machine: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(BigInteger)
    started: Mapped[str] = mapped_column(Text)
    beats: Mapped[int] = mapped_column(BigInteger)
    rate: Mapped[float | None] = mapped_column(Double)
    workers: Mapped[int | None] = mapped_column(Integer)
    began: Mapped[datetime] = mapped_column(Moment)


_ABOVE_SCREENED = text("evidence <> 'screened'")


class FormulaRow(Base):
    """A formula, once.  ``evidence`` is the best level among its identities and its own evidence.

    ``value`` is a decimal text; ``approximation`` is the nearest double, for sorting alone.
    """

    __tablename__ = "formula"
    __table_args__ = (
        UniqueConstraint("exact_digest"),
        # Nearly all formulas of a survey are screened and no more; a listing wants the others.
        Index("ix_formula_evidence", "id", "evidence", sqlite_where=_ABOVE_SCREENED, postgresql_where=_ABOVE_SCREENED),
    )

    id: Mapped[int] = mapped_column(_Identifier, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    exact_key: Mapped[str] = mapped_column(Text)
    exact_digest: Mapped[bytes] = mapped_column(_Digest)
    class_key: Mapped[str | None] = mapped_column(Text)
    class_digest: Mapped[bytes | None] = mapped_column(_Digest)
    a: Mapped[str | None] = mapped_column(Text)
    b: Mapped[str | None] = mapped_column(Text)
    signs: Mapped[list[int] | None] = mapped_column(_Json)
    prefix: Mapped[list[int] | None] = mapped_column(_Json)
    polynomials: Mapped[list[str] | None] = mapped_column(_Json)
    value: Mapped[str | None] = mapped_column(Text)
    approximation: Mapped[float | None] = mapped_column(Double)
    evidence: Mapped[str] = mapped_column(String(16))
    created: Mapped[datetime] = mapped_column(Moment)


class FindingRow(Base):
    """That a job met a formula at an index of its space: complete provenance, one row for each meeting."""

    __tablename__ = "finding"
    # The table is its primary key.
    __table_args__ = ({"sqlite_with_rowid": False},)

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    candidate: Mapped[int] = mapped_column(Candidate, primary_key=True)
    formula_id: Mapped[int] = mapped_column(ForeignKey("formula.id", ondelete="CASCADE"), primary_key=True, index=True)


class IdentityRow(Base):
    """The claim that a formula equals ``lhs``, an expression in ``constant``.

    ``height`` is :func:`constants_lab.evidence.height_cost` of the matrix: the smaller, the simpler.
    ``evidence`` and ``digits`` are the best its evidence gives.
    """

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("formula_id", "lhs_digest"),)

    id: Mapped[int] = mapped_column(_Identifier, primary_key=True)
    formula_id: Mapped[int] = mapped_column(ForeignKey("formula.id", ondelete="CASCADE"))
    constant: Mapped[str] = mapped_column(Text)
    constant_digest: Mapped[bytes] = mapped_column(_Digest, index=True)
    matrix: Mapped[list[list[str]]] = mapped_column(JSON)
    lhs: Mapped[str] = mapped_column(Text)
    lhs_digest: Mapped[bytes] = mapped_column(_Digest)
    height: Mapped[float] = mapped_column(Double)
    evidence: Mapped[str] = mapped_column(String(16), index=True)
    digits: Mapped[int] = mapped_column(Integer)
    created: Mapped[datetime] = mapped_column(Moment)


class EvidenceRow(Base):
    """One run that supports or refutes: of an identity, or, where ``identity_id`` is null, of a formula."""

    __tablename__ = "evidence"
    __table_args__ = (Index(None, "formula_id"), Index(None, "identity_id"))

    id: Mapped[int] = mapped_column(_Identifier, primary_key=True)
    formula_id: Mapped[int] = mapped_column(ForeignKey("formula.id", ondelete="CASCADE"))
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    level: Mapped[str] = mapped_column(String(16))
    method: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    digits: Mapped[int] = mapped_column(Integer)
    depth: Mapped[int | None] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Double)
    significance: Mapped[float | None] = mapped_column(Double)
    accelerated: Mapped[bool]
    detail: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(Moment)


class CertificateRow(Base):
    """The proof of an identity, as the text of a file that :mod:`constants_lab.proofs.checker` accepted when it was stored.

    ``sha256`` is that of the text in hexadecimal, as ``sha256sum`` prints it for the file; ``theorems`` are those that it
    cites.  An identity may have several proofs.
    """

    __tablename__ = "certificate"
    __table_args__ = (UniqueConstraint("identity_id", "sha256"), Index(None, "formula_id"))

    id: Mapped[int] = mapped_column(_Identifier, primary_key=True)
    formula_id: Mapped[int] = mapped_column(ForeignKey("formula.id", ondelete="CASCADE"))
    identity_id: Mapped[int] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(Text)
    theorems: Mapped[list[str]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(Moment)


class DynamicsRow(Base):
    """How a formula converges, at most one row each; the deepest measurement is kept.

    The columns are the fields of :class:`constants_lab.dynamics.Dynamics`.
    """

    __tablename__ = "dynamics"
    # Formulas are listed by delta or rate, often those of one regime, which then need not be looked up.
    __table_args__ = (Index(None, "delta", "regime"), Index(None, "rate", "regime"))

    formula_id: Mapped[int] = mapped_column(ForeignKey("formula.id", ondelete="CASCADE"), primary_key=True)
    regime: Mapped[str] = mapped_column(String(32), index=True)
    delta: Mapped[float | None] = mapped_column(Double)
    delta_limit: Mapped[float | None] = mapped_column(Double)
    rate: Mapped[float | None] = mapped_column(Double)
    depth: Mapped[int | None] = mapped_column(BigInteger)
    blind_delta: Mapped[float | None] = mapped_column(Double)
    log_denominator: Mapped[float | None] = mapped_column(Double)
    factorial_reduction: Mapped[bool | None]
    growth: Mapped[float | None] = mapped_column(Double)
    linear_growth: Mapped[float | None] = mapped_column(Double)
    residual: Mapped[float | None] = mapped_column(Double)
    nilpotent: Mapped[float | None] = mapped_column(Double)


class ClusterRow(Base):
    """A group of formulas with like dynamics; one clustering at a time is kept.

    ``size`` is the number of its members.  With ``noise`` it holds the formulas of a regime that belong nowhere.
    ``constant`` is what the cluster is labelled with, ``centre`` the mean features and ``parameters`` how it was made.
    """

    __tablename__ = "cluster"

    id: Mapped[int] = mapped_column(_Identifier, primary_key=True)
    regime: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(BigInteger)
    noise: Mapped[bool]
    constant: Mapped[str | None] = mapped_column(Text)
    centre: Mapped[dict[str, float]] = mapped_column(JSON)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(Moment)


class ClusterMemberRow(Base):
    """To which cluster a formula belongs; at most one."""

    __tablename__ = "cluster_member"

    formula_id: Mapped[int] = mapped_column(ForeignKey("formula.id", ondelete="CASCADE"), primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id", ondelete="CASCADE"), index=True)


class EquivalenceRow(Base):
    """That the value of one formula is a Möbius map, of integers, of the value of another.

    ``matrix`` is applied to the value of ``other_id`` and gives the value of ``formula_id``.  ``relation`` says how
    the formulas are related; two formulas may be related in several ways, in each of them once.
    """

    __tablename__ = "equivalence"
    __table_args__ = (Index(None, "other_id"),)

    formula_id: Mapped[int] = mapped_column(ForeignKey("formula.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("formula.id", ondelete="CASCADE"), primary_key=True)
    relation: Mapped[str] = mapped_column(String(64), primary_key=True)
    matrix: Mapped[list[list[str]]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(Moment)


class LabelRow(Base):
    """What is known of a formula besides identities; see :class:`constants_lab.db.records.LabelRecord`.

    A formula may have several labels of a kind, each detail once.
    """

    __tablename__ = "formula_label"
    __table_args__ = (UniqueConstraint("formula_id", "kind", "detail_digest"),)

    id: Mapped[int] = mapped_column(_Identifier, primary_key=True)
    formula_id: Mapped[int] = mapped_column(ForeignKey("formula.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16), index=True)
    detail: Mapped[str] = mapped_column(Text)
    detail_digest: Mapped[bytes] = mapped_column(_Digest)
    created: Mapped[datetime] = mapped_column(Moment)
