"""Labels, written and read in a few statements for any number of formulas; and which values have no name.

A label is a remark for people about the formula itself, such as that its value is rational, or that it telescopes
into a series.  Labels are only ever added: two findings that meet one formula leave the union of theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, select

from constants_lab.db.bulk import among, insert_counted
from constants_lab.db.levels import chunks
from constants_lab.db.records import LABEL_KINDS, NUMBER_LABELS, LabelRecord
from constants_lab.db.schema import EvidenceRow, FormulaRow, IdentityRow, LabelRow, digest
from constants_lab.db.views import LabelView
from constants_lab.errors import InputError
from constants_lab.evidence import Level

__all__ = ["labelled", "labels_of", "nameless", "record_labels"]

_RANK: Mapping[str, int] = {kind: rank for rank, kind in enumerate(LABEL_KINDS)}


def record_labels(connection: Connection, labels: Iterable[tuple[int, LabelRecord]], now: datetime) -> None:
    """Store labels given as (formula, label); those that exist are left alone."""
    wanted = {(formula, label.kind, digest(label.detail)): label for formula, label in labels}
    stored: set[tuple[int, str, bytes]] = set()
    for chunk in chunks(sorted({formula for formula, _, _ in wanted})):
        statement = select(LabelRow.formula_id, LabelRow.kind, LabelRow.detail_digest).where(
            among(connection, LabelRow.formula_id, chunk)
        )
        stored.update((formula, kind, detail) for formula, kind, detail in connection.execute(statement))
    # In one order for every writer, so that two of them who add the same rows wait and do not lock each other out.
    rows = [
        {
            "formula_id": key[0],
            "kind": key[1],
            "detail": label.detail,
            "detail_digest": key[2],
            "created": now,
        }
        for key, label in sorted(wanted.items(), key=lambda item: item[0])
        if key not in stored
    ]
    insert_counted(connection, LabelRow, rows)


def labels_of(connection: Connection, formulas: Iterable[int]) -> dict[int, tuple[LabelView, ...]]:
    """The labels of those of the formulas that have any, in the order of the kinds and then of the details."""
    found: defaultdict[int, list[LabelView]] = defaultdict(list)
    for chunk in chunks(formulas):
        statement = select(LabelRow.formula_id, LabelRow.kind, LabelRow.detail).where(
            among(connection, LabelRow.formula_id, chunk)
        )
        for formula, kind, detail in connection.execute(statement):
            found[formula].append(LabelView(kind, detail))
    # Sorted here, since databases collate texts differently.
    return {formula: tuple(sorted(views, key=_order)) for formula, views in found.items()}


def labelled(kind: str) -> ColumnElement[bool]:
    """That a formula has a label of that kind; raises :class:`InputError` for an unknown kind."""
    if kind not in LABEL_KINDS:
        raise InputError(f"no kind of label is called {kind!r}: use one of {', '.join(LABEL_KINDS)}")
    return FormulaRow.id.in_(select(LabelRow.formula_id).where(LabelRow.kind == kind))


def nameless() -> tuple[ColumnElement[bool], ...]:
    """That a formula is not refuted, and has neither an identity that stands nor a label that is a number."""
    refuted = Level.REFUTED.value
    return (
        ~exists().where(IdentityRow.formula_id == FormulaRow.id, IdentityRow.evidence != refuted),
        ~exists().where(LabelRow.formula_id == FormulaRow.id, LabelRow.kind.in_(NUMBER_LABELS)),
        # The level of the formula does not tell whether it is refuted itself, or only what was claimed of it.
        ~exists().where(
            EvidenceRow.formula_id == FormulaRow.id,
            # In a form that no index serves, so that the index on formulas is taken.
            func.coalesce(EvidenceRow.identity_id, 0) == 0,
            EvidenceRow.level == refuted,
        ),
    )


def _order(view: LabelView) -> tuple[int, str, str]:
    # The kinds may grow without a new schema, so another version may have stored one that is not known here.
    return _RANK.get(view.kind, len(_RANK)), view.kind, view.detail
