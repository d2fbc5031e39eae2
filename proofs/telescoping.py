"""Hypergeometric series from known ones: the certificate that Σ t(k) = c Σ s(k+m) + a rational number.

Two series whose ratios differ by integer shifts of factors have terms t(k) = ρ(k) s(k+m) with a rational function ρ.  If
ρ(k) = c + g(k+1) S(k+m+1) - g(k) for a rational g, the sum telescopes (Gosper's algorithm with an unknown constant;
Petkovšek, Wilf
and Zeilberger, A = B, 1996, chapter 5).  g is sought by linear algebra: its denominator among the shifted ones of ρ, its
numerator by undetermined coefficients.  All exact; what is found is checked by :mod:`constants_lab.proofs.checker`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz_poly

from constants_lab.polynomials import integer_roots, shift_distance

__all__ = ["Ratio", "Telescoped", "reduced", "telescoped"]

_MOST_SHIFT = 6
_SPREAD = 2
_EXCESS = 4
"""The degree of g is sought up to one less than this."""

Ratio = tuple[fmpq_poly, fmpq_poly]
"""Numerator and denominator of a rational function of k, coprime."""


@dataclass(frozen=True)
class Telescoped:
    """Σ t(k) = c Σ s(k+shift) - g(0) s(shift), with t(k) = rho(k) s(k+shift)."""

    shift: int
    rho: Ratio
    g: Ratio
    c: fmpq


def reduced(top: fmpq_poly, bottom: fmpq_poly) -> Ratio:
    """The quotient in lowest terms with a monic denominator."""
    common = top.gcd(bottom)
    top, bottom = top // common, bottom // common
    lead = bottom.leading_coefficient()
    return top / lead, bottom / lead


def _moved(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


def _factors(p: fmpq_poly) -> list[tuple[fmpz_poly, int]]:
    return [(factor, exponent) for factor, exponent in p.numer().factor()[1]]


def _similarity(target: Ratio, source: Ratio) -> Ratio | None:
    """ρ up to a constant factor, with ρ(k)/ρ(k-1) = target/source; None where there is none."""
    top, bottom = reduced(target[0] * source[1], target[1] * source[0])
    if top.degree() != bottom.degree() or top.leading_coefficient() != bottom.leading_coefficient():
        return None
    above = [f for f, e in _factors(top) for _ in range(e)]
    below = [f for f, e in _factors(bottom) for _ in range(e)]
    rho_top, rho_bottom = fmpq_poly([1]), fmpq_poly([1])
    for f in above:
        related = [(place, shift_distance(h, f)) for place, h in enumerate(below)]
        position, distance = next(((place, d) for place, d in related if d is not None), (None, None))
        if position is None or distance is None:
            return None
        below.pop(position)
        base = fmpq_poly(f)
        # below(n) = f(n - distance)
        j = -distance
        for i in range(1, j + 1):
            rho_bottom *= _moved(base, i)
        for i in range(0, j, -1):
            rho_top *= _moved(base, i)
    return None if below else reduced(rho_top, rho_bottom)


def _pole_free(p: fmpq_poly, first: int) -> bool:
    """Whether p has no zero at the integers from ``first`` to beyond its roots."""
    return all(root < first for root, _ in integer_roots(p.numer()))


def telescoped(target: Ratio, source: Ratio) -> Iterator[Telescoped]:
    """The ways in which the series of ratio ``target`` comes from that of ratio ``source`` (both for k >= 1, first terms 1)."""
    for m in range(_MOST_SHIFT + 1):
        moved = _moved(source[0], m), _moved(source[1], m)
        rho = _similarity(target, moved)
        if rho is None:
            return
        if not _pole_free(rho[1], 0) or rho[0](0) == 0:
            continue
        term = fmpq(1)
        for k in range(1, m + 1):
            term *= source[0](k) / source[1](k)
        if term == 0:
            return
        scale = rho[1](0) / (rho[0](0) * term)
        rho = rho[0] * scale, rho[1]
        found = _solved(rho, moved)
        if found is not None:
            c, g = found
            if _pole_free(g[1], 0):
                yield Telescoped(m, rho, g, c)


def _solved(rho: Ratio, moved: Ratio) -> tuple[fmpq, Ratio] | None:
    """c and g with rho(k) = c + g(k+1) moved(k+1) - g(k)."""
    p, q = _moved(moved[0], 1), _moved(moved[1], 1)
    near = rho[1].gcd(_moved(rho[1], -1))
    spread = fmpq_poly([1])
    for i in range(-_SPREAD, _SPREAD + 1):
        part = _moved(rho[1], i)
        spread = spread * (part // part.gcd(spread))
    for denominator in (near, rho[1], spread):
        after = _moved(denominator, 1)
        # rho = c + y(k+1) p/(after q) - y(k)/denominator, over the common denominator.
        common = rho[1] * denominator * after * q
        columns = [common]
        for i in range(denominator.degree() + _EXCESS):
            power = fmpq_poly([0] * i + [1])
            columns.append(_moved(power, 1) * p * (common // (after * q)) - power * (common // denominator))
        solution = _linear(columns, rho[0] * (common // rho[1]))
        if solution is not None and solution[0] != 0:
            y = fmpq_poly(solution[1:])
            return solution[0], (reduced(y, denominator) if not y.is_zero() else (y, fmpq_poly([1])))
    return None


def _linear(columns: list[fmpq_poly], right: fmpq_poly) -> list[fmpq] | None:
    """Coefficients x with Σ x_i columns_i = right, the free ones 0; None when there are none."""
    rows = max(p.degree() for p in (*columns, right)) + 1
    entries = [[p[i] for p in columns] + [right[i]] for i in range(rows)]
    matrix, rank = fmpq_mat(rows, len(columns) + 1, [e for row in entries for e in row]).rref()
    solution = [fmpq(0)] * len(columns)
    for i in range(rank):
        pivot = next(j for j in range(len(columns) + 1) if matrix[i, j] != 0)
        if pivot == len(columns):
            return None
        solution[pivot] = matrix[i, len(columns)]
    return solution
