"""The table of named constants: what each is, how it is written, and how it is evaluated as a ball.

A row is either an :class:`Entry`, with its own evaluation, or a :class:`Member`, a value of one of the families of
:mod:`constants_lab.catalogue.family_table` that deserves a row of its own.  ``oeis`` is the number of the decimal expansion in
the On-Line Encyclopedia of Integer Sequences.  Definitions follow S. Finch, "Mathematical Constants" (2003).
"""

from __future__ import annotations

from constants_lab.catalogue.analytic import ANALYTIC
from constants_lab.catalogue.classical import ALGEBRAIC, CLASSICAL
from constants_lab.catalogue.rows import Entry, Member

__all__ = ["TABLE", "Entry", "Member"]

TABLE: tuple[Entry | Member, ...] = (*CLASSICAL, *ANALYTIC, *ALGEBRAIC)
"""Every row, the best known constants first."""
