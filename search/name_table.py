"""What naming reads of the database: texts of fractions, labels that say which number a value is, names that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from sqlalchemy import select

from constants_lab.db.bulk import among
from constants_lab.db.levels import chunks
from constants_lab.db.records import NUMBER_LABELS
from constants_lab.db.schema import FormulaRow, IdentityRow, LabelRow
from constants_lab.db.store import Store
from constants_lab.evidence import Level
from constants_lab.polynomials import coefficients, parse_polynomial

__all__ = ["Rows", "Table"]


class Rows(Protocol):
    """Formulas in columns, by rising ``id``: what is read of :class:`constants_lab.db.clustering.SurveyRows`."""

    @property
    def id(self) -> np.ndarray:
        """Numbers of formulas."""
        ...

    @property
    def group(self) -> np.ndarray:
        """A number for each class of Möbius-equivalent fractions, negative for those that end."""
        ...

    @property
    def nilpotent(self) -> np.ndarray:
        """See :class:`constants_lab.dynamics.Dynamics`; NaN where not known."""
        ...

    @property
    def approximation(self) -> np.ndarray:
        """Values in float64; NaN where there is none."""
        ...

    def values(self, ids: Sequence[int] | np.ndarray) -> list[str | None]:
        """Values as texts of 60 digits, by the numbers of formulas."""
        ...


class Table:
    """The rows of a survey by their position, with what the database knows of them besides."""

    def __init__(self, store: Store, rows: Rows) -> None:
        self._store, self._rows = store, rows

    def row(self, formula: int) -> int | None:
        """Where the formula of that number stands, or None."""
        ids = self._rows.id
        position = int(np.searchsorted(ids, formula))
        return position if position < len(ids) and ids[position] == formula else None

    def values(self, rows: Sequence[int] | np.ndarray) -> list[str | None]:
        """The values of rows as text."""
        return self._rows.values(self._rows.id[np.asarray(rows, dtype=np.int64)])

    def texts(self, rows: Iterable[int]) -> Iterator[tuple[int, str, str]]:
        """(row, a, b) for each of the rows, in their order."""
        for part in chunks(rows):
            ids = [int(self._rows.id[row]) for row in part]
            with self._store.reading() as connection:
                statement = select(FormulaRow.id, FormulaRow.a, FormulaRow.b)
                wanted = statement.where(among(connection, FormulaRow.id, ids))
                found = {identifier: (a, b) for identifier, a, b in connection.execute(wanted)}
            for row, formula in zip(part, ids, strict=True):
                a, b = found.get(formula, (None, None))
                if a is not None and b is not None:
                    yield row, a, b

    def number_labels(self) -> tuple[dict[int, tuple[int, ...]], np.ndarray]:
        """Row -> quadratic polynomial, highest power first, of the rows so labelled; and which rows are rational."""
        quadratic: dict[int, tuple[int, ...]] = {}
        rational = np.zeros(len(self._rows.id), dtype=bool)
        wanted = select(LabelRow.formula_id, LabelRow.kind, LabelRow.detail).where(LabelRow.kind.in_(NUMBER_LABELS))
        with self._store.reading() as connection:
            for formula, kind, detail in connection.execute(wanted):
                row = self.row(formula)
                if row is None:
                    continue
                if kind == "rational":
                    rational[row] = True
                else:
                    polynomial = coefficients(parse_polynomial(detail.removeprefix("root of "), "x"))
                    if len(polynomial) == 3:
                        quadratic[row] = polynomial
        return quadratic, rational

    def names(self) -> np.ndarray:
        """For every row the constant of its simplest identity that is verified or better, or None."""
        names = np.full(len(self._rows.id), None, dtype=object)
        levels = [level.value for level in Level if level.rank >= Level.VERIFIED.rank]
        wanted = select(IdentityRow.formula_id, IdentityRow.constant).where(IdentityRow.evidence.in_(levels))
        with self._store.reading() as connection:
            # The simplest comes last and stays.
            for formula, constant in connection.execute(wanted.order_by(IdentityRow.height.desc(), IdentityRow.id)):
                row = self.row(formula)
                if row is not None:
                    names[row] = constant
        return names
