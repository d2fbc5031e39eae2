"""Proofs in the database: storing what the checker accepts.

A certificate gets in through :func:`add_certificate` alone, which has the checker decide and compares what is proved with what
the formula is said to equal; the level ``proved`` of an identity therefore means a certificate that anybody can check again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, case, delete, func, insert, select

from constants_lab import __version__
from constants_lab.db.bulk import among, insert_counted
from constants_lab.db.claims import Claim, claim_of
from constants_lab.db.equivalences import mobius
from constants_lab.db.levels import add_record, chunks
from constants_lab.db.schema import (
    LARGEST_ID,
    CertificateRow,
    EquivalenceRow,
    IdentityRow,
    digest,
)
from constants_lab.errors import InputError, VerificationFailed
from constants_lab.evidence import Evidence, Level
from constants_lab.proofs import checker
from constants_lab.proofs.claims import states

if TYPE_CHECKING:
    from constants_lab.db.store import Store

__all__ = [
    "CertificateView",
    "Relation",
    "Standing",
    "add_certificate",
    "certificates",
    "recheck",
    "related",
    "standing",
    "without_certificate",
]


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

    @property
    def intact(self) -> bool:
        """Whether the text is that of which the digest was stored."""
        return hashlib.sha256(self.text.encode()).hexdigest() == self.sha256

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


def add_certificate(
    store: Store, formula: int, identity: int | str, text: str, relation: Relation | None = None
) -> bool:
    """Have a certificate checked and store it, raising its identity and formula to ``proved``; gives whether it is new.

    ``identity`` is an identifier or a left-hand side.  With ``relation`` it is stored too how the formula is related to the one
    whose proof was carried over.  A certificate that is stored already changes nothing but a level below ``proved``.

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
        claim = claim_of(connection, formula, identity)
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
        if new or claim.evidence != Level.PROVED:
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
    if not certificate.intact:
        raise VerificationFailed("its text was changed after it was stored")
    try:
        verdict = checker.check(certificate.text)
    except (checker.Rejected, checker.NotACertificate) as error:
        raise VerificationFailed(f"it is not accepted ({error})") from None
    if not states(certificate.text, claim.fraction, claim.constant, claim.rows):
        raise VerificationFailed("it proves something else")
    return verdict


def without_certificate(store: Store) -> set[int]:
    """The proved identities whose certificate is missing, was changed, or is of another version of the format."""
    statement = select(IdentityRow.id).where(IdentityRow.evidence == Level.PROVED.value)
    with store.reading() as connection:
        proved = set(connection.scalars(statement))
    # Not all texts at once: there may be many.
    return {
        identity
        for chunk in chunks(sorted(proved))
        for identity in set(chunk)
        - {each.identity for each in certificates(store, identities=chunk) if _is_whole(each)}
    }


def _is_whole(certificate: CertificateView) -> bool:
    try:
        version = json.loads(certificate.text)["version"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
    return certificate.intact and version == checker.VERSION


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
