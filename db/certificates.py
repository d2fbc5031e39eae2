"""Proofs in the database: which claims want one, and storing what the checker accepts.

A certificate gets in through :func:`add_certificate` alone, which has the checker decide and compares what is proved with what
the formula is said to equal; the level ``proved`` of an identity therefore means a certificate that anybody can check again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, case, delete, func, insert, select

from constants_lab import __version__
from constants_lab.db.bulk import among, insert_counted
from constants_lab.db.equivalences import mobius
from constants_lab.db.levels import add_record, chunks
from constants_lab.db.schema import (
    LARGEST_ID,
    CertificateRow,
    EquivalenceRow,
    EvidenceRow,
    FormulaRow,
    IdentityRow,
    digest,
)
from constants_lab.db.selection import simplest
from constants_lab.errors import InputError, VerificationFailed
from constants_lab.evidence import REQUIRED_DIGITS, Evidence, Level, height_cost
from constants_lab.expressions import evaluate
from constants_lab.pair_identities import AnyIdentity, identity_in, says
from constants_lab.pcf import PCF
from constants_lab.proofs import checker
from constants_lab.proofs.claims import states
from constants_lab.signed import SignedCF

if TYPE_CHECKING:
    from constants_lab.db.store import Store

__all__ = [
    "CertificateView",
    "Claim",
    "Relation",
    "Standing",
    "add_certificate",
    "certificates",
    "claims",
    "recheck",
    "related",
    "standing",
]

_SPENT = (
    select(EvidenceRow.digits - EvidenceRow.significance)
    .where(EvidenceRow.identity_id == IdentityRow.id, EvidenceRow.significance.is_not(None))
    .order_by(EvidenceRow.id)
    .limit(1)
    .correlate(IdentityRow)
    .scalar_subquery()
)
"""Digits that the search which found an identity paid for its height and its trials."""

_CLAIM = (
    FormulaRow.id.label("formula"),
    IdentityRow.id.label("identity"),
    FormulaRow.kind,
    FormulaRow.a,
    FormulaRow.b,
    FormulaRow.signs,
    FormulaRow.prefix,
    FormulaRow.polynomials,
    FormulaRow.class_key,
    IdentityRow.constant,
    IdentityRow.matrix,
    IdentityRow.lhs,
    IdentityRow.evidence,
    _SPENT.label("spent"),
)


@dataclass(frozen=True)
class Claim:
    """That the formula of number ``formula`` equals ``lhs``: a row of ``identity`` with what it is about."""

    formula: int
    identity: int
    kind: str
    a: str | None
    b: str | None
    signs: list[int] | None
    prefix: list[int] | None
    polynomials: list[str] | None
    class_key: str | None
    constant: str
    matrix: list[list[str]]
    lhs: str
    evidence: str
    spent: float | None

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> Claim:
        """The claim of a row of ``formula`` joined with ``identity``."""
        return cls(**row._mapping)

    @property
    def fraction(self) -> PCF | SignedCF:
        """The formula itself."""
        if self.kind == "pcf":
            return PCF(self.a or "", self.b or "")
        return SignedCF(self.signs or [], self.prefix or [], self.polynomials or [])

    @property
    def rows(self) -> list[list[int]]:
        """The matrix in integers; raises :class:`InputError` where it holds something else."""
        try:
            return [[int(k) for k in row] for row in self.matrix]
        except (TypeError, ValueError):
            raise InputError(
                f"the integers of formula {self.formula} cannot be read: take the row from a copy of the database"
            ) from None

    @property
    def claimed(self) -> AnyIdentity:
        """What the formula is said to equal, by the integers; raises :class:`InputError` where they make no identity."""
        return identity_in(self.constant, self.rows)

    def require_consistent(self) -> None:
        """Raise :class:`VerificationFailed` where the left-hand side is another number than the integers say, and
        :class:`InputError` where that is not seen at once."""
        identity = self.claimed
        if says(self.lhs, self.constant, self.rows):
            return
        if not evaluate(self.lhs, REQUIRED_DIGITS).overlaps(identity.ball(REQUIRED_DIGITS)):
            raise VerificationFailed(f"{self.lhs} is not what the integers say, which is {identity.lhs}")
        raise InputError(
            f"the integers of formula {self.formula} do not say {self.lhs}: run clab verify {self.formula}"
        )

    @property
    def chance(self) -> float:
        """Digits that chance could have given among all that was tried, without those of the height."""
        if self.spent is None:
            return 0.0
        return max(0.0, self.spent - height_cost(k for row in self.rows for k in row))


@dataclass(frozen=True)
class CertificateView:
    """A stored certificate, ``text`` as the file that is checked; ``lhs`` and ``constant`` are those of its identity."""

    id: int
    formula: int
    identity: int
    lhs: str
    constant: str
    text: str
    sha256: str
    version: str
    theorems: list[str]
    created: datetime

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values, without the text."""
        fields = {name: value for name, value in vars(self).items() if name != "text"}
        return {**fields, "created": self.created.isoformat()}


@dataclass(frozen=True)
class Relation:
    """From which formula a proof was carried over, and the matrix of the map from its value to the value of the other."""

    other: int
    name: str
    matrix: list[list[str]]


@dataclass(frozen=True)
class Standing:
    """How many formulas of a constant stand at each level, each at the best of its identities in that constant."""

    constant: str
    proved: int
    enclosed: int
    verified: int

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


def claims(
    store: Store, *, formula: int | None = None, constants: Sequence[str] = (), levels: Iterable[Level] = ()
) -> list[Claim]:
    """The identities of PCFs and signed fractions, by number of the formula and then the simplest first.

    Of one formula, of the constants and at the levels that are given, or of all.
    """
    statement = _joined().where(FormulaRow.kind.in_(("pcf", "signed")))
    if formula is not None:
        statement = statement.where(FormulaRow.id == max(0, min(formula, LARGEST_ID)))
    if constants:
        statement = statement.where(IdentityRow.constant_digest.in_([digest(name) for name in constants]))
    wanted = [level.value for level in levels]
    if wanted:
        statement = statement.where(IdentityRow.evidence.in_(wanted))
    with store.reading() as connection:
        return [Claim.of(row) for row in connection.execute(statement.order_by(FormulaRow.id, *simplest()))]


def add_certificate(
    store: Store, formula: int, identity: int | str, text: str, relation: Relation | None = None
) -> bool:
    """Have a certificate checked and store it, raising its identity and formula to ``proved``; gives whether it is new.

    ``identity`` is an identifier or a left-hand side.  With ``relation`` it is stored too how the formula is related to the one
    whose proof was carried over.  A certificate that is stored already changes nothing.

    Raises :class:`VerificationFailed` when the checker rejects it or the identity was refuted, and :class:`InputError` when it
    is no certificate, claims anything else than that identity, or there is no such formula or identity.
    """
    started = perf_counter()
    try:
        verdict = checker.check(text)
    except checker.Rejected as error:
        place = f"step {error.step}" if error.step else "the claim"
        raise VerificationFailed(
            f"the certificate for formula {formula} is rejected at {place} ({error}) and is not stored: prove it anew"
        ) from None
    except checker.NotACertificate as error:
        raise InputError(
            f"what was given for formula {formula} is not a certificate ({error}): prove it anew"
        ) from None
    record = Evidence(
        level=Level.PROVED,
        method="certificate, accepted by constants_lab.proofs.checker",
        version=__version__,
        digits=verdict.digits,
        seconds=round(perf_counter() - started, 6),
        detail=f"rests on {', '.join(verdict.theorems) or 'no theorem'}",
    )

    def action(connection: Connection) -> bool:
        store.lock_formula(connection, formula)
        claim = _claim(connection, formula, identity)
        _require_claimed(claim, text)
        now = datetime.now(UTC)
        row = {
            "formula_id": formula,
            "identity_id": claim.identity,
            "text": text,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "version": __version__,
            "theorems": list(verdict.theorems),
            "created": now,
        }
        mine = CertificateRow.identity_id == claim.identity
        newest = connection.execute(
            select(CertificateRow.sha256, CertificateRow.text).where(mine).order_by(CertificateRow.id.desc()).limit(1)
        ).first()
        new = newest is None or tuple(newest) != (row["sha256"], text)
        if new:
            # One of this digest is older than another, or its text was changed.
            connection.execute(delete(CertificateRow).where(mine, CertificateRow.sha256 == row["sha256"]))
            connection.execute(insert(CertificateRow), row)
            add_record(connection, formula, claim.identity, record, now)
        if relation is not None and relation.other != formula:
            related = {
                "formula_id": formula,
                "other_id": relation.other,
                "relation": relation.name,
                "matrix": mobius(relation.matrix, relation.name),
                "created": now,
            }
            insert_counted(connection, EquivalenceRow, [related])
        return new

    return store.writing(action)


def certificates(
    store: Store, formula: int | None = None, *, identities: Sequence[int] | None = None
) -> list[CertificateView]:
    """The newest certificate of each identity: of one formula, of those identities, or of all, by identity."""
    newest = select(func.max(CertificateRow.id)).group_by(CertificateRow.identity_id)
    statement = (
        select(
            CertificateRow.id,
            CertificateRow.formula_id.label("formula"),
            CertificateRow.identity_id.label("identity"),
            IdentityRow.lhs,
            IdentityRow.constant,
            CertificateRow.text,
            CertificateRow.sha256,
            CertificateRow.version,
            CertificateRow.theorems,
            CertificateRow.created,
        )
        .join(IdentityRow, IdentityRow.id == CertificateRow.identity_id)
        .where(CertificateRow.id.in_(newest))
        .order_by(CertificateRow.identity_id)
    )
    if formula is not None:
        statement = statement.where(CertificateRow.formula_id == max(0, min(formula, LARGEST_ID)))
    with store.reading() as connection:
        if identities is None:
            return [CertificateView(**row._mapping) for row in connection.execute(statement)]
        found: list[CertificateView] = []
        for chunk in chunks(sorted(identities)):
            here = statement.where(among(connection, CertificateRow.identity_id, chunk))
            found += [CertificateView(**row._mapping) for row in connection.execute(here)]
        return found


def recheck(certificate: CertificateView, claim: Claim) -> checker.Verdict:
    """What the checker says of a stored certificate.

    Raises :class:`VerificationFailed` where it is no proof of the claim: changed since, not accepted, or of something else.
    """
    if hashlib.sha256(certificate.text.encode()).hexdigest() != certificate.sha256:
        raise VerificationFailed("its text was changed after it was stored")
    try:
        verdict = checker.check(certificate.text)
    except (checker.Rejected, checker.NotACertificate) as error:
        raise VerificationFailed(f"it is not accepted ({error})") from None
    if not states(certificate.text, claim.fraction, claim.constant, claim.rows):
        raise VerificationFailed("it proves something else")
    return verdict


def related(store: Store) -> dict[int, set[int]]:
    """The formulas to which each formula was found to be related, in either direction."""
    found: dict[int, set[int]] = {}
    with store.reading() as connection:
        for one, other in connection.execute(select(EquivalenceRow.formula_id, EquivalenceRow.other_id).distinct()):
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return found


def standing(store: Store, constants: Sequence[str] = ()) -> list[Standing]:
    """How far the formulas of each constant have come, by name of the constant."""
    rank = case({level.value: level.rank for level in Level}, value=IdentityRow.evidence, else_=0)
    best = select(IdentityRow.constant, func.max(rank).label("rank")).group_by(
        IdentityRow.constant, IdentityRow.formula_id
    )
    if constants:
        best = best.where(IdentityRow.constant_digest.in_([digest(name) for name in constants]))
    inner = best.subquery()
    counted = select(inner.c.constant, inner.c.rank, func.count()).group_by(inner.c.constant, inner.c.rank)
    numbers: dict[str, dict[int, int]] = {}
    with store.reading() as connection:
        for name, place, count in connection.execute(counted):
            numbers.setdefault(name, {})[place] = count
    levels = (Level.PROVED, Level.ENCLOSED, Level.VERIFIED)
    # Sorted here, since databases collate texts differently.
    return [Standing(name, *(numbers[name].get(level.rank, 0) for level in levels)) for name in sorted(numbers)]


def _joined() -> Any:
    return select(*_CLAIM).join(FormulaRow, FormulaRow.id == IdentityRow.formula_id)


def _claim(connection: Connection, formula: int, identity: int | str) -> Claim:
    chosen = (
        IdentityRow.lhs_digest == digest(identity)
        if isinstance(identity, str)
        else IdentityRow.id == max(0, min(identity, LARGEST_ID))
    )
    row = connection.execute(_joined().where(IdentityRow.formula_id == formula, chosen)).first()
    if row is None:
        raise InputError(f"formula {formula} has no identity {str(identity)[:80]!r}: `clab show {formula}` lists them")
    return Claim.of(row)


def _require_claimed(claim: Claim, text: str) -> None:
    if claim.evidence == Level.REFUTED:
        raise VerificationFailed(
            f"formula {claim.formula} = {claim.lhs} was refuted, and a certificate proves it: one of the two is wrong, "
            "report both"
        )
    claim.require_consistent()
    if not states(text, claim.fraction, claim.constant, claim.rows):
        raise InputError(
            f"the certificate proves something else than formula {claim.formula} = {claim.lhs}: prove it anew"
        )
