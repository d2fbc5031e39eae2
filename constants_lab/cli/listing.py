"""Formulas as rows: the one place that decides how a listing of formulas looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from constants_lab.cli.output import emit, message, table

if TYPE_CHECKING:
    from constants_lab.db.views import FormulaView

__all__ = ["FIELDS", "pattern_text", "print_formulas", "sign_text"]

FIELDS = (
    "id", "kind", "a", "b", "signs", "prefix", "polynomials", "value", "constant", "lhs", "evidence", "digits",
    "delta", "regime", "rate", "cluster", "job",
)  # fmt: skip
"""The columns of the CSV of formulas; ``labels`` is one more where a formula shown has any."""


def print_formulas(
    found: Iterable[FormulaView], *, as_json: bool, as_csv: bool, title: str | None = None, nothing: str = "no formulas"
) -> None:
    """Print formulas as JSON lines, CSV or a table; ``nothing`` is said on standard error when a table would be empty."""
    if as_json:
        emit((view.as_json() for view in found), FIELDS, as_json=True, as_csv=as_csv)
        return
    found = list(found)
    if as_csv:
        fields = (*FIELDS, "labels") if any(view.labels for view in found) else FIELDS
        rows = (view.as_json() | {"labels": ";".join(view.label_kinds)} for view in found)
        emit(rows, fields, as_json=False, as_csv=True)
        return
    if not found:
        message(nothing)
        return
    signed = [view for view in found if view.kind == "signed"]
    if signed:
        _print_signed(signed, title)
    others = [view for view in found if view.kind != "signed"]
    if others:
        _print_pcfs(others, title)


def _print_table(
    columns: Sequence[str | tuple[str, str]],
    rows: Iterable[Sequence[Any]],
    found: Sequence[FormulaView],
    title: str | None,
) -> None:
    """A table with a row for each formula, and a last column for labels where a formula has any."""
    if any(view.labels for view in found):
        columns = [*columns, "labels"]
        rows = [(*row, ", ".join(view.label_kinds)) for row, view in zip(rows, found, strict=True)]
    table(columns, rows, title)


def _print_pcfs(found: Sequence[FormulaView], title: str | None) -> None:
    _print_table(
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
                view.name or "?",
                view.a,
                view.b,
                short_value(view.value),
                view.evidence,
                view.digits,
                "" if view.delta is None else f"{view.delta:+.4f}",
                view.regime,
            )
            for view in found
        ],
        found,
        title,
    )


def short_value(text: str | None) -> str:
    """The first digits of a decimal number, with its exponent if it has one.

    >>> short_value("3.14159265358979323846"), short_value("-5.4717018016968373e-126")
    ('3.141592653589', '-5.471701e-126')
    """
    if text is None:
        return ""
    figures, e, exponent = text.partition("e")
    return figures[: 14 - len(e + exponent)] + e + exponent


def sign_text(signs: Sequence[int]) -> str:
    """One period of signs as characters.

    >>> sign_text([1, -1])
    '+-'
    """
    return "".join("+" if s > 0 else "-" for s in signs)


def pattern_text(view: FormulaView) -> str:
    """Prefix and channels of a signed fraction on one line, long ones shortened."""
    channels = view.polynomials or []
    shown = channels if len(channels) <= 12 else [*channels[:6], f"… {len(channels) - 8} more …", *channels[-2:]]
    prefix = ", ".join(map(str, view.prefix or []))
    return f"[{prefix}{'; ' if prefix else ''}{', '.join(shown)}]"


def _print_signed(found: Sequence[FormulaView], title: str | None) -> None:
    _print_table(
        [
            ("id", "right"),
            "left-hand side",
            "signs",
            "partial quotients, m = 0, 1, …",
            "evidence",
            ("digits", "right"),
            ("digits/term", "right"),
        ],
        [
            (
                view.id,
                view.name or "?",
                sign_text(view.signs or []),
                pattern_text(view),
                view.evidence,
                view.digits,
                f"{_digits_per_term(view):.2f}",
            )
            for view in found
        ],
        found,
        title,
    )


def _digits_per_term(view: FormulaView) -> float:
    from constants_lab.signed import SignedCF

    return SignedCF(view.signs or [], view.prefix or [], view.polynomials or []).digits_per_term()
