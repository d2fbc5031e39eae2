"""A second opinion on a verified identity, sharing no code with FLINT: SymPy for the left-hand side, mpmath for the fraction.

The left-hand side is rebuilt as a SymPy expression and evaluated by SymPy.  The continued fraction is evaluated by backward
recurrence in mpmath floats; where it converges too slowly for that, its convergents at n = 16, 32, 64, ... are
extrapolated (Romberg's scheme with the exponents s, s+1, s+2, ... of the error, s from theory).  Numeric throughout.  A
disagreement means that one of two libraries, or this program, is wrong: nothing built on it may be stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import mpmath

from constants_lab.constants import constant
from constants_lab.errors import VerificationFailed
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients

__all__ = ["CrossCheck", "check_identity"]

_DIRECT_TERMS = 6000


@dataclass(frozen=True)
class CrossCheck:
    """What agreed: ``lhs_digits`` between SymPy and FLINT, ``value_digits`` between the fraction and SymPy.

    ``lhs_digits`` is None for a constant that SymPy has no expression for; FLINT's left-hand side then stands for it.
    """

    lhs_digits: int | None
    value_digits: int


def _lhs(identity: Identity, digits: int) -> mpmath.mpf | None:
    """SymPy's value of the left-hand side, or None for a constant that SymPy cannot express."""
    if constant(identity.constant).sympy() is None:
        return None
    import sympy

    value = sympy.N(identity.to_sympy(), digits + 10)
    with mpmath.workdps(digits + 10):
        return mpmath.mpf(str(value))


def _horner(p: tuple[int, ...], n: int) -> int:
    value = 0
    for c in p:
        value = value * n + c
    return value


def _backward(a: tuple[int, ...], b: tuple[int, ...], depth: int) -> mpmath.mpf:
    tail = mpmath.mpf(_horner(a, depth))
    for n in range(depth - 1, -1, -1):
        if tail == 0:
            tail = mpmath.mpf(10) ** (-2 * mpmath.mp.dps)
        tail = _horner(a, n) + _horner(b, n + 1) / tail
    return tail


def _extrapolated(a: tuple[int, ...], b: tuple[int, ...], exponent: float) -> mpmath.mpf:
    row = [_backward(a, b, 16 * 2**k) for k in range(8)]
    for level in range(1, len(row)):
        factor = mpmath.mpf(2) ** (mpmath.mpf(exponent) + level - 1)
        row = [(factor * y - x) / (factor - 1) for x, y in pairwise(row)]
    return row[-1]


def _agreed(x: mpmath.mpf, y: mpmath.mpf) -> int:
    gap = abs(x - y)
    size = max(abs(x), abs(y))
    if gap == 0:
        return mpmath.mp.dps
    return max(0, int(mpmath.floor(-mpmath.log10(gap / size)))) if size else mpmath.mp.dps


def _value(pcf: PCF, digits: int) -> tuple[mpmath.mpf, int]:
    """The value and how many of its digits this method can be trusted for."""
    a, b = coefficients(pcf.a), coefficients(pcf.b)
    theory = pcf.asymptotics
    terms = theory.terms_for(digits + 5)
    if terms <= _DIRECT_TERMS:
        return _backward(a, b, int(terms) + 30), digits
    if theory.regime == "polynomial":
        return _extrapolated(a, b, theory.rate or 1.0), 10
    reach = digits
    while reach > 5 and theory.terms_for(reach + 3) > _DIRECT_TERMS:
        reach = reach * 3 // 4
    return _backward(a, b, min(int(theory.terms_for(reach + 3)), _DIRECT_TERMS) + 30), reach - 2


def check_identity(pcf: PCF, identity: Identity, digits: int = 100) -> CrossCheck:
    """Compare PCF, SymPy's left-hand side and FLINT's left-hand side to ``digits`` digits.

    Raises :class:`VerificationFailed`, naming the formula, when any two disagree.
    """
    ours = identity.value(digits + 10)
    theirs = _lhs(identity, digits)
    with mpmath.workdps(digits + 10):
        lhs_digits = None
        if theirs is not None:
            lhs_digits = min(_agreed(theirs, ours), digits)
            if lhs_digits < digits - 2:
                raise VerificationFailed(
                    f"SymPy and FLINT agree on only {lhs_digits} digits of {identity.lhs}: do not trust {pcf} = "
                    f"{identity.lhs}, and report it"
                )
        value, trusted = _value(pcf, digits)
        value_digits = min(_agreed(value, ours if theirs is None else theirs), digits)
        if value_digits < trusted - 3:
            raise VerificationFailed(
                f"mpmath finds only {value_digits} digits of {identity.lhs} in {pcf}: do not trust this formula, and "
                "report it"
            )
    return CrossCheck(lhs_digits, value_digits)
