"""How evidence moves the levels of identities and formulas.

The level of an identity is that of its strongest record; the level of a formula is the best of its identities
and of the records about the formula itself.  Levels only rise, with one exception: ``refuted`` overrides
whatever an identity was, and is never overridden.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, insert, select, update

from constants_lab.db.bulk import among
from constants_lab.db.schema import LARGEST_ID, EvidenceRow, FormulaRow, IdentityRow, digest
from constants_lab.errors import InputError
from constants_lab.evidence import Evidence, Level

__all__ = [
    "add_record",
    "chunks",
    "evidence_values",
    "finite",
    "raise_formulas",
    "recompute_formulas",
    "stands_above",
]

_T = TypeVar("_T")
_CHUNK = 5000


def chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Lists of at most 5,000: below the 32,766 parameters of SQLite and the 65,535 of PostgreSQL."""
    everything = list(items)
    for position in range(0, len(everything), _CHUNK):
        yield everything[position : position + _CHUNK]


def finite(number: float | None) -> float | None:
    """The number, or ``None``: SQLite keeps no NaN and JSON knows no infinity, so neither is stored."""
    return number if number is not None and math.isfinite(number) else None


def stands_above(new: Evidence, level: str, digits: int) -> bool:
    """Whether a record is stronger than what a stored level and digit count say.

    ``refuted`` overrides everything once and is never overridden.
    """
    if level == Level.REFUTED:
        return False
    if new.level is Level.REFUTED:
        return True
    return (new.level.rank, new.digits) > (Level(level).rank, digits)


def _lower_levels(level: Level) -> list[str]:
    """The levels that evidence of this level may replace on a formula."""
    return [other.value for other in Level if other.rank < level.rank]


def evidence_values(formula_id: int, identity_id: int | None, evidence: Evidence, now: datetime) -> dict[str, Any]:
    """The columns of one row of the table ``evidence``."""
    return {
        "formula_id": formula_id,
        "identity_id": identity_id,
        "level": evidence.level.value,
        "method": evidence.method,
        "version": evidence.version,
        "digits": evidence.digits,
        "depth": evidence.depth,
        "seconds": evidence.seconds,
        "significance": finite(evidence.significance),
        "accelerated": evidence.accelerated,
        "detail": evidence.detail,
        "created": now,
    }


def raise_formulas(connection: Connection, level: Level, formulas: Iterable[int]) -> None:
    """Set the level of formulas that stand lower; identities refuted later are :func:`recompute_formulas`'s."""
    lower = _lower_levels(level)
    if not lower:
        return
    for chunk in chunks(sorted(formulas)):
        connection.execute(
            update(FormulaRow)
            .where(among(connection, FormulaRow.id, chunk), FormulaRow.evidence.in_(lower))
            .values(evidence=level.value)
        )


def recompute_formulas(connection: Connection, formulas: Iterable[int]) -> None:
    """Set formulas to the best level of their identities and of the evidence given for the formula itself.

    Needed after a refutation, the one event that lowers a level.
    """
    for chunk in chunks(sorted(formulas)):
        best: dict[int, Level] = {}
        own = select(EvidenceRow.formula_id, EvidenceRow.level).where(
            among(connection, EvidenceRow.formula_id, chunk), EvidenceRow.identity_id.is_(None)
        )
        refuted: set[int] = set()
        for formula, text in connection.execute(own):
            if text == Level.REFUTED:
                refuted.add(formula)
            best[formula] = max(best.get(formula, Level.REFUTED), Level(text), key=_rank)
        best.update(dict.fromkeys(refuted, Level.REFUTED))
        claimed = select(IdentityRow.formula_id, IdentityRow.evidence).where(
            among(connection, IdentityRow.formula_id, chunk)
        )
        for formula, text in connection.execute(claimed):
            best[formula] = max(best.get(formula, Level.REFUTED), Level(text), key=_rank)
        rows = [{"key": formula, "level": level.value} for formula, level in sorted(best.items())]
        if rows:
            connection.execute(
                update(FormulaRow).where(FormulaRow.id == bindparam("key")).values(evidence=bindparam("level")),
                rows,
            )


def add_record(
    connection: Connection, formula_id: int, identity: int | str | None, evidence: Evidence, now: datetime
) -> None:
    """Store one record and move the levels it moves; see :meth:`constants_lab.db.store.Store.add_evidence`.

    Raises :class:`InputError` if the formula, locked by the caller, has no such identity.
    """
    identity_id: int | None = None
    lowered = identity is None or evidence.level is Level.REFUTED
    if identity is not None:
        identity_id, level, digits = _identity(connection, formula_id, identity)
        if stands_above(evidence, level, digits):
            # A proof compares few digits, and takes nothing from those that agreed before.
            shown = evidence.digits if evidence.level is Level.REFUTED else max(digits, evidence.digits)
            connection.execute(
                update(IdentityRow)
                .where(IdentityRow.id == identity_id)
                .values(evidence=evidence.level.value, digits=shown)
            )
        lowered |= level == Level.REFUTED
    connection.execute(insert(EvidenceRow), evidence_values(formula_id, identity_id, evidence, now))
    if lowered:
        recompute_formulas(connection, [formula_id])
    else:
        raise_formulas(connection, evidence.level, [formula_id])


def _identity(connection: Connection, formula_id: int, identity: int | str) -> tuple[int, str, int]:
    chosen = (
        IdentityRow.lhs_digest == digest(identity)
        if isinstance(identity, str)
        else IdentityRow.id == max(0, min(identity, LARGEST_ID))
    )
    statement = select(IdentityRow.id, IdentityRow.evidence, IdentityRow.digits).where(
        IdentityRow.formula_id == formula_id, chosen
    )
    row = connection.execute(statement).first()
    if row is None:
        raise InputError(
            f"formula {formula_id} has no identity {str(identity)[:80]!r}: `clab show {formula_id}` lists them"
        )
    return row.id, row.evidence, row.digits


def _rank(level: Level) -> int:
    return level.rank
