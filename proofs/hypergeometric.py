"""Fractions of degrees (<= 1, <= 2) by the theorems of Gauss, Kummer, Laplace and Tricomi: which of them to cite.

PCF(a, b) with a = (1-2z)n + c - (A+B+1)z, b = z(1-z)(n+A)(n+B), up to a constant factor, is a quotient of contiguous 2F1(A, B;
c; z) (NIST Digital Library of Mathematical Functions, 15.7).  Where A = 0 one of the two functions is 1 and the other the sum
of a series; a fraction with a whole A > 0 is a tail of one with A = 0, and one with A < 0 ends.  The other cases rest on a few
fractions of each class of parameters that differ by whole numbers, which coboundaries carry to the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import isqrt

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.proofs.steps import Step, theorem
from constants_lab.proofs.telescoping import Ratio, reduced

__all__ = ["contiguous_theorems", "rational_root", "series_fractions", "series_theorems"]

Sums = Callable[[Ratio], Iterator[list[Step]]]
"""Steps whose last fact is the sum of the series of a ratio."""


def rational_root(q: fmpq) -> Fraction | None:
    """The rational square root of q >= 0."""
    if q < 0:
        return None
    p, d = int(q.p), int(q.q)
    return Fraction(isqrt(p), isqrt(d)) if isqrt(p) ** 2 == p and isqrt(d) ** 2 == d else None


def _shifts(b: fmpz_poly) -> tuple[fmpq, fmpq] | None:
    """A and B, rational, with b proportional to (n + A)(n + B)."""
    root = rational_root(fmpq(b[1] ** 2 - 4 * b[0] * b[2]))
    if root is None:
        return None
    r = fmpq(root.numerator, root.denominator)
    return (b[1] - r) / (2 * b[2]), (b[1] + r) / (2 * b[2])


def _whole(q: fmpq) -> bool:
    return bool(q.q == 1)


def _part(q: fmpq) -> fmpq:
    return q - q.floor()


def series_fractions(a: fmpz_poly, b: fmpz_poly, sums: Sums) -> Iterator[list[Step]]:
    """Steps to a constant multiple of PCF(a, b), b(0) = 0, from the sum of a series."""
    if b.degree() != 2 or b[0] != 0 or a.degree() > 1:
        return
    other, lead = fmpq(b[1], b[2]), fmpq(b[2])
    if a.degree() == 1 and fmpq(2 * a[0], a[1]) == other + 1:
        y = 4 * lead / a[1] ** 2
        for ratio in _quadratic(other, y):
            for steps in sums(ratio):
                data = {"series": len(steps) - 1, "b": str(other), "y": str(y)}
                yield [*steps, theorem("quadratic gauss fraction", **data)]
    root = rational_root(fmpq(a[1] ** 2 + 4 * lead))
    if root:
        scale = fmpq(root.numerator, root.denominator) * (-1 if a.leading_coefficient() < 0 else 1)
        z = (1 - a[1] / scale) / 2
        c = a[0] / scale + (other + 1) * z
        if z == 1:
            return
        for ratio in _gauss(other, c, z):
            for steps in sums(ratio):
                data = {"series": len(steps) - 1, "b": str(other), "c": str(c), "z": str(z)}
                yield [*steps, theorem("gauss fraction", **data)]


def _linear(scale: fmpq, x: fmpq, y: fmpq) -> Ratio:
    """scale (k + x)/(k + y)."""
    return reduced(fmpq_poly([scale * x, scale]), fmpq_poly([y, 1]))


def _quadratic(other: fmpq, y: fmpq) -> Iterator[Ratio]:
    if abs(y) < 1 or y == 1:
        yield _linear(-y, fmpq(-1, 2), (other + 1) / 2)
    if 2 * y > -1:
        yield _linear(y / (1 + y), other / 2, (other + 1) / 2)


def _gauss(other: fmpq, c: fmpq, z: fmpq) -> Iterator[Ratio]:
    if abs(z) < 1:
        yield _linear(z, other, c)
    w = z / (z - 1)
    if abs(w) < 1 or w == -1:
        yield _linear(w, c - other - 1, c)


def contiguous_theorems(a: fmpz_poly, b: fmpz_poly) -> Iterator[Step]:
    """Theorems about fractions whose parameters may differ from those of PCF(a, b) by whole numbers."""
    if a.degree() == 0 and b.degree() == 1:
        root = rational_root(fmpq(b[1]))
        if root:
            yield theorem("laplace fraction", x=str(abs(fmpq(a[0])) / fmpq(root.numerator, root.denominator)))
    if a.degree() != 1:
        return
    if b.degree() == 1:
        x, start = fmpq(b[1], 2 * a[1] ** 2), fmpq(b[0], b[1])
        q = (fmpq(a[0], a[1]) + 2 * x - 1) / 2
        if q >= 0 and _whole(start - q - fmpq(1, 2)):
            yield theorem("kummer fraction", q=str(q), x=str(x), i=str(start - q - fmpq(1, 2)))
    shifts = _shifts(b) if b.degree() == 2 else None
    if shifts is None:
        return
    y, parts = fmpq(4 * b[2], a[1] ** 2), sorted(map(_part, shifts))
    if y == -1:
        z = fmpq(2 * a[0], a[1]) - sum(shifts, fmpq(1))
        argument = rational_root(2 * z) if parts == [0, fmpq(1, 2)] else z
        if parts[0] == 0 and argument and 0 in shifts:
            yield theorem("tricomi fraction", b=str(sum(shifts, fmpq(0))), x=str(argument))
    r = rational_root(-y)
    if r and sum(parts) == 1 and parts[0].q in (2, 3):
        for part in parts:
            yield theorem("laguerre fraction", p=str(part), r=str(r))


def series_theorems(ratio: Ratio) -> Iterator[Step]:
    """Theorems whose series may be related to one of that ratio, whose limit is not 0."""
    top, bottom = ratio
    z = top.leading_coefficient() / bottom.leading_coefficient()
    if not -1 <= z < 1:
        return
    roots = {int(f[1]) for p in (top, bottom) for f, _ in p.numer().factor()[1] if f.degree() == 1}
    for q in (2, 3):
        if any(r % q == 0 for r in roots):
            for j in range(1, q):
                yield theorem("binomial series", p=str(fmpq(j, q)), z=str(z))
                yield theorem("binomial series", p=str(fmpq(j, q) - 1), z=str(z))
    if z != 0:
        yield theorem("odd series", y=str(-z))
        yield theorem("euler arctangent series", y=str(z / (1 - z)))
    if z == fmpq(1, 2):
        yield theorem("gauss second series", b="1/2")
        yield theorem("gauss second series", b="-1/2")
