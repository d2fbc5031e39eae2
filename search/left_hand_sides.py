"""Left-hand sides of a number c, numbered: rational functions of bounded integers, or classes of bounded determinant.

A left-hand side is a pair of rows, numerator and denominator, each a nonzero integer polynomial in c with its first nonzero
coefficient positive; with coprime contents and no common factor, different pairs are different numbers up to sign (for c not
algebraic of low degree).  An index is decoded by arithmetic; indices that are no left-hand side are passed over.

For degree 1, left multiplication by a matrix of determinant 1 changes only the first partial quotients (of every sign pattern;
one of determinant -1 does so only where the product of -s_i over the sign period is -1, as for the regular fraction).  ``det``
therefore enumerates one left-hand side a class under SL2(Z): x = (+-a c + b)/d with a d <= det, 0 <= b < d, gcd(a, b, d) = 1,
moved by an integer to x > 0; twice D prod(1 + 1/p) of them for determinant D.
"""

from __future__ import annotations

from math import gcd

import numpy as np
from flint import arb, ctx, fmpz_poly

from constants_lab.errors import InputError

__all__ = ["LeftHandSides"]

_SIGN_BITS = 2000


class LeftHandSides:
    """Those with integers <= ``lhs`` and degree ``degree``; or the classes up to determinant ``det``."""

    def __init__(self, lhs: int, degree: int = 1, det: int | None = None) -> None:
        self.lhs, self.degree, self.det = lhs, degree, det
        if det is not None:
            shapes = [(s * a, d) for d in range(1, det + 1) for a in range(1, det // d + 1) for s in (1, -1)]
            self._shapes = np.array(shapes, np.int64)
            self._ends = np.cumsum(self._shapes[:, 1])
            self.size = int(self._ends[-1])
            return
        self._base = 2 * lhs + 1
        self._rows = (self._base ** (degree + 1) - 1) // 2
        self.size = self._rows**2

    def _decode(self, numbers: np.ndarray) -> np.ndarray:
        """Rows number 0, 1, ... as coefficients, highest power first: first nonzero one positive."""
        raw = numbers + self._rows + 1
        rows = np.empty((len(numbers), self.degree + 1), np.int64)
        for position in range(self.degree, -1, -1):
            rows[:, position] = raw % self._base - self.lhs
            raw //= self._base
        return rows

    def matrices(self, first: int, last: int, c: arb) -> tuple[np.ndarray, np.ndarray]:
        """(matrices (a, b, k, d) with a positive image of c, their indices) of the indices first..last-1; degree 1 only.

        ``c``: a ball small enough to tell the sign of every a c + b.
        """
        ids = np.arange(first, last, dtype=np.int64)
        if self.det is not None:
            which = np.searchsorted(self._ends, ids, side="right")
            shape = self._shapes[which]
            b = ids - (self._ends[which] - shape[:, 1])
            rows = np.stack([shape[:, 0], b, np.zeros_like(b), shape[:, 1]], axis=1)
            good = np.gcd(np.gcd(rows[:, 0], rows[:, 1]), rows[:, 3]) == 1
            rows, ids = rows[good], ids[good]
            # x + t is in the class of x for an integer t, -x need not be.
            below = np.floor((rows[:, 0] * float(c.mid()) + rows[:, 1]) / rows[:, 3]).astype(np.int64)
            rows[:, 1] -= np.minimum(below, 0) * rows[:, 3]
            return rows, ids
        rows = np.concatenate([self._decode(ids // self._rows), self._decode(ids % self._rows)], axis=1)
        determinant = rows[:, 0] * rows[:, 3] - rows[:, 1] * rows[:, 2]
        good = (determinant != 0) & (np.gcd.reduce(rows, axis=1) == 1)
        rows, ids = rows[good], ids[good]
        negative = _negative(rows[:, 0], rows[:, 1], c) != _negative(rows[:, 2], rows[:, 3], c)
        rows[negative, :2] *= -1
        return rows, ids

    def rational_form(self, index: int) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """Numerator and denominator number ``index``, or None when they share a factor or are proportional."""
        if self.det is not None:
            raise InputError("classes of a determinant are matrices")
        top, bottom = (
            tuple(int(x) for x in self._decode(np.array([number], np.int64))[0]) for number in divmod(index, self._rows)
        )
        if gcd(*top, *bottom) != 1:
            return None
        p, q = fmpz_poly(list(reversed(top))), fmpz_poly(list(reversed(bottom)))
        if max(p.degree(), q.degree()) < 1 or p.gcd(q).degree() > 0:
            return None
        return top, bottom


def _negative(a: np.ndarray, b: np.ndarray, c: arb) -> np.ndarray:
    """Whether a c + b < 0: in floating point where rounding cannot matter, exactly elsewhere."""
    nearest = float(c.mid())
    with np.errstate(invalid="ignore", over="ignore"):
        value = a * nearest + b
        clear = np.isfinite(value) & (np.abs(value) > 1e-9 * (np.abs(a * nearest) + np.abs(b)))
    negative = value < 0
    with ctx.workprec(_SIGN_BITS):
        for i in np.flatnonzero(~clear):
            negative[i] = int(a[i]) * c + int(b[i]) < 0
    return negative
