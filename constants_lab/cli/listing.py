"""Formulas as rows: the one place that decides how a listing of formulas looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from constants_lab.cli.output import emit, message, table

if TYPE_CHECKING:
    from constants_lab.db.views import FormulaView

__all__ = ["FIELDS", "print_formulas"]

FIELDS = (
    "id", "kind", "a", "b", "signs", "prefix", "polynomials", "value", "constant", "lhs", "evidence", "digits",
    "delta", "regime", "rate", "cluster", "job",
)  # fmt: skip


def print_formulas(
    found: Sequence[FormulaView], *, as_json: bool, as_csv: bool, title: str | None = None, nothing: str = "no formulas"
) -> None:
    """Print formulas as JSON lines, CSV or a table; ``nothing`` is said on standard error when a table would be empty."""
    if as_json or as_csv:
        emit((view.as_json() for view in found), FIELDS, as_json=as_json, as_csv=as_csv)
        return
    if not found:
        message(nothing)
        return
    table(
        [
            ("id", "right"),
            "left-hand side",
            "a(n)",
            "b(n)",
            "value",
            "evidence",
            ("digits", "right"),
            ("δ", "right"),
            "regime",
        ],
        [
            (
                view.id,
                view.lhs or "?",
                view.a,
                view.b,
                (view.value or "")[:14],
                view.evidence,
                view.digits,
                "" if view.delta is None else f"{view.delta:+.4f}",
                view.regime,
            )
            for view in found
        ],
        title,
    )
