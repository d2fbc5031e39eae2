"""Writing that the values of formulas are related: one statement for a whole unit.

A relation is stored in the direction in which it was found, from the formula of the finding to its companion; the
inverse map needs no row of its own.  The database does not check the relation itself, which is the claim of the
search that found it; it checks that the matrix is a Möbius map at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from constants_lab.db.bulk import insert_counted
from constants_lab.db.records import Companion
from constants_lab.db.schema import EquivalenceRow
from constants_lab.errors import InputError

__all__ = ["mobius", "record_equivalences"]

_INTEGER = re.compile(r"[+-]?[0-9]+")


def record_equivalences(connection: Connection, relations: Iterable[tuple[int, int, Companion]], now: datetime) -> None:
    """Store relations given as (formula, formula of the companion, companion); those that exist are left alone.

    A formula that is its own companion gives no row.  Raises :class:`InputError` for a matrix that
    :func:`mobius` refuses.
    """
    rows: dict[tuple[int, int, str], dict[str, Any]] = {}
    for formula, other, companion in relations:
        matrix = mobius(companion.matrix, companion.relation)
        if formula != other:
            rows.setdefault(
                (formula, other, companion.relation),
                {
                    "formula_id": formula,
                    "other_id": other,
                    "relation": companion.relation,
                    "matrix": matrix,
                    "created": now,
                },
            )
    # In one order for every writer, so that two of them who add the same rows wait and do not lock each other out.
    insert_counted(connection, EquivalenceRow, [rows[key] for key in sorted(rows)])


def mobius(matrix: list[list[str]], relation: str) -> list[list[str]]:
    """The same 2 x 2 matrix with its integers in the shortest decimal form.

    Raises :class:`InputError` for another shape, for what is not an integer, or for determinant 0.

    >>> mobius([["+1", "-0"], ["007", "2"]], "contraction")
    [['1', '0'], ['7', '2']]
    """
    entries = [entry for row in matrix for entry in row]
    if [len(row) for row in matrix] != [2, 2] or not all(_INTEGER.fullmatch(entry) for entry in entries):
        raise InputError(
            f"the matrix of the relation {relation!r} must hold two rows of two integers in decimal: correct it"
        )
    # FLINT alone reads and writes integers of any length; Python stops at 4,300 digits.
    from flint import fmpz

    a, b, c, d = (fmpz(entry.removeprefix("+")) for entry in entries)
    if a * d == b * c:
        raise InputError(
            f"the matrix of the relation {relation!r} has determinant 0 and relates no values: give an invertible one"
        )
    return [[str(a), str(b)], [str(c), str(d)]]
