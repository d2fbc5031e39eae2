"""What formulas are said to equal: the identities of the database, with what they are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from constants_lab.db.schema import LARGEST_ID, EvidenceRow, FormulaRow, IdentityRow, digest
from constants_lab.db.selection import simplest
from constants_lab.errors import InputError, VerificationFailed
from constants_lab.evidence import REQUIRED_DIGITS, Level, height_cost
from constants_lab.expressions import Identity, evaluate
from constants_lab.number_identities import NumberIdentity, identity_of
from constants_lab.pair_identities import AnyIdentity, identity_in
from constants_lab.pcf import PCF
from constants_lab.signed import SignedCF

if TYPE_CHECKING:
    from constants_lab.db.store import Store

__all__ = ["Claim", "claim_of", "claims"]

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
    def claimed(self) -> AnyIdentity | NumberIdentity:
        """What the formula is said to equal, by the integers; raises :class:`InputError` where they make no identity."""
        return (identity_of if self.kind == "signed" else identity_in)(self.constant, self.rows)

    def require_consistent(self) -> None:
        """Raise :class:`VerificationFailed` where the left-hand side is another number than the integers say, and
        :class:`InputError` where it is not the same function of the constant, so that it cannot be told exactly."""
        identity = self.claimed
        if identity.lhs == self.lhs:
            return
        with suppress(InputError):
            if Identity.parse(self.lhs) == identity:
                return
        if not evaluate(self.lhs, REQUIRED_DIGITS).overlaps(identity.ball(REQUIRED_DIGITS)):
            raise VerificationFailed(f"{self.lhs} is not what the integers say, which is {identity.lhs}")
        raise InputError(
            f"whether {self.lhs} is {identity.lhs}, as the integers of formula {self.formula} say, is not decided: write it in "
            "that form"
        )

    @property
    def chance(self) -> float:
        """Digits that chance could have given among all that was tried, without those of the height."""
        if self.spent is None:
            return 0.0
        return max(0.0, self.spent - height_cost(k for row in self.rows for k in row))


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


def _joined() -> Any:
    return select(*_CLAIM).join(FormulaRow, FormulaRow.id == IdentityRow.formula_id)


def claim_of(connection: Connection, formula: int, identity: int | str) -> Claim:
    """The claim of an identity, by its number or its left-hand side; raises :class:`InputError` where there is none."""
    chosen = (
        IdentityRow.lhs_digest == digest(identity)
        if isinstance(identity, str)
        else IdentityRow.id == max(0, min(identity, LARGEST_ID))
    )
    row = connection.execute(_joined().where(IdentityRow.formula_id == formula, chosen)).first()
    if row is None:
        raise InputError(f"formula {formula} has no identity {str(identity)[:80]!r}: `clab show {formula}` lists them")
    return Claim.of(row)
