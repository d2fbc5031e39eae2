"""Exact convergents of polynomial continued fractions by product tree.

With M(n) = [[0, b(n)], [1, a(n)]] the convergents are the right column of
[[1, a(0)], [0, 1]] M(1) ... M(n); a balanced tree keeps the factors of every product of equal size, so the cost
is that of a few multiplications of the final integers (binary splitting; Haible and Papanikolaou, ANTS-III 1998).
All arithmetic is on FLINT integers and exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flint import fmpz, fmpz_poly

from constants_lab.errors import InputError

__all__ = ["Matrix2", "convergent_pair", "convergent_pairs", "matrix_product", "multiply", "step_matrix"]

Matrix2 = tuple[fmpz, fmpz, fmpz, fmpz]
"""A 2 x 2 integer matrix [[w, x], [y, z]] as (w, x, y, z)."""

_LEAF = 24


def step_matrix(a: fmpz_poly, b: fmpz_poly, n: int) -> Matrix2:
    """M(n) = [[0, b(n)], [1, a(n)]]."""
    return fmpz(0), fmpz(b(n)), fmpz(1), fmpz(a(n))


def multiply(left: Matrix2, right: Matrix2) -> Matrix2:
    """The product of two matrices."""
    w, x, y, z = left
    s, t, u, v = right
    return w * s + x * u, w * t + x * v, y * s + z * u, y * t + z * v


def _leaf_product(a: fmpz_poly, b: fmpz_poly, start: int, stop: int) -> Matrix2:
    w, x, y, z = fmpz(1), fmpz(0), fmpz(0), fmpz(1)
    for n in range(start, stop):
        numerator, partial = b(n), a(n)
        w, x = x, w * numerator + x * partial
        y, z = z, y * numerator + z * partial
    return w, x, y, z


def matrix_product(a: fmpz_poly, b: fmpz_poly, start: int, stop: int) -> Matrix2:
    """M(start) M(start+1) ... M(stop-1), exactly; the identity when ``start >= stop``."""
    if stop - start <= _LEAF:
        return _leaf_product(a, b, start, stop)
    middle = (start + stop) // 2
    return multiply(matrix_product(a, b, start, middle), matrix_product(a, b, middle, stop))


def _column(a: fmpz_poly, b: fmpz_poly, start: int, stop: int) -> tuple[fmpz, fmpz]:
    """Right column of M(start) ... M(stop-1): half the work of the whole matrix at every level."""
    if stop - start <= _LEAF:
        _, x, _, z = _leaf_product(a, b, start, stop)
        return x, z
    middle = (start + stop) // 2
    w, x, y, z = matrix_product(a, b, start, middle)
    t, v = _column(a, b, middle, stop)
    return w * t + x * v, y * t + z * v


def convergent_pair(a: fmpz_poly, b: fmpz_poly, n: int) -> tuple[fmpz, fmpz]:
    """(p_n, q_n) of the n-th convergent, not reduced; p_0 = a(0), q_0 = 1.

    >>> from flint import fmpz_poly
    >>> convergent_pair(fmpz_poly([1, 2]), fmpz_poly([0, 0, 1]), 2)
    (24, 19)

    Raises :class:`InputError` for a negative ``n``.
    """
    if n < 0:
        raise InputError(f"a convergent has an index n >= 0, not {n}")
    x, z = _column(a, b, 1, n + 1)
    return x + a(0) * z, z


def convergent_pairs(a: fmpz_poly, b: fmpz_poly, depths: Sequence[int]) -> Iterator[tuple[int, fmpz, fmpz]]:
    """(n, p_n, q_n) for each n of the increasing sequence ``depths``, each product reusing the one before.

    Raises :class:`InputError` when ``depths`` is not strictly increasing or starts below 0.
    """
    done = 0
    w, x, y, z = fmpz(1), fmpz(a(0)), fmpz(0), fmpz(1)
    previous = -1
    for n in depths:
        if n <= previous:
            raise InputError("depths must be increasing integers from 0 on")
        previous = n
        w, x, y, z = multiply((w, x, y, z), matrix_product(a, b, done + 1, n + 1))
        done = n
        yield n, x, z
