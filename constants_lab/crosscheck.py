"""A second opinion on a verified identity, sharing no code with FLINT: SymPy for the left-hand side, MPFR for the fraction.

The left-hand side is rebuilt as a SymPy expression and evaluated by SymPy.  The continued fraction is evaluated by backward
recurrence in MPFR's floats; where it converges too slowly for that, its convergents at n = 16, 32, ..., 1024 are
extrapolated (Romberg's scheme with the exponents i s + j of the error, s from theory).  Two depths, or two steps of the
scheme, say how many digits that gives, and so many must agree with the left-hand side.  Numeric throughout.  A
disagreement means that one of two libraries, or this program, is wrong: nothing built on it may be stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import gmpy2
import mpmath

from constants_lab.balls import midpoint
from constants_lab.constants import constant
from constants_lab.errors import InputError, NotConverging, VerificationFailed
from constants_lab.expressions import evaluate
from constants_lab.pair_identities import AnyIdentity
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients
from constants_lab.signed import SignedCF
from constants_lab.syntax import Call, fold, parse

__all__ = ["CrossCheck", "check_identity", "check_signed"]

_DIRECT_TERMS = 6000


@dataclass(frozen=True)
class CrossCheck:
    """What agreed: ``lhs_digits`` between SymPy and FLINT, ``value_digits`` between the fraction and SymPy.

    ``lhs_digits`` is None for a constant that SymPy has no expression for; FLINT's left-hand side then stands for it.
    """

    lhs_digits: int | None
    value_digits: int


def _lhs(identity: AnyIdentity, digits: int) -> mpmath.mpf | None:
    """SymPy's value of the left-hand side, or None for a constant that SymPy cannot express."""
    import sympy

    try:
        expression = identity.to_sympy()
    except InputError:
        return None
    value = sympy.N(expression, digits)
    with mpmath.workdps(digits):
        return mpmath.mpf(str(value))


def _horner(p: tuple[int, ...], n: int) -> int:
    value = 0
    for c in p:
        value = value * n + c
    return value


def _backward(a: tuple[int, ...], b: tuple[int, ...], depth: int) -> mpmath.mpf:
    """The convergent at ``depth``, from the inside outwards, at mpmath's working precision."""
    with gmpy2.context(precision=mpmath.mp.prec):
        tiny = gmpy2.exp2(-2 * mpmath.mp.prec)
        tail = gmpy2.mpfr(_horner(a, depth))
        for n in range(depth - 1, -1, -1):
            tail = _horner(a, n) + _horner(b, n + 1) / (tail or tiny)
        mantissa, exponent = tail.as_mantissa_exp()
    return mpmath.mp.make_mpf(mpmath.libmp.from_man_exp(int(mantissa), int(exponent)))


def _extrapolated(a: tuple[int, ...], b: tuple[int, ...], s: float) -> tuple[mpmath.mpf, int]:
    """The value and the digits on which the last two steps of Romberg's scheme agree."""
    row = [_backward(a, b, 16 * 2**k) for k in range(7)]
    # The error r of the solutions' ratio enters as r/(1 + k r): all multiples of s, with whole steps below each.
    exponents = sorted({i * mpmath.mpf(s) + j for i in range(1, 8) for j in range(8)})
    before = row[-1]
    for exponent in exponents[:6]:
        before = row[-1]
        factor = 2**exponent
        row = [(factor * y - x) / (factor - 1) for x, y in pairwise(row)]
    return row[-1], _agreed(row[-1], before)


def _agreed(x: mpmath.mpf, y: mpmath.mpf) -> int:
    gap = abs(x - y)
    size = max(abs(x), abs(y))
    if gap == 0:
        return mpmath.mp.dps
    return max(0, int(mpmath.floor(-mpmath.log10(gap / size)))) if size else mpmath.mp.dps


def _last_turn(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """The last n up to 4,000 at which a changes sign or turns back, or a^2 + 4 b changes sign; 5,000 if there may be more."""
    if min(a) >= 0 and min(b) >= 0:
        return 0
    square = [0] * max(2 * len(a) - 1, len(b))
    for i, x in enumerate(reversed(a)):
        for j, y in enumerate(reversed(a)):
            square[i + j] += x * y
    for i, y in enumerate(reversed(b)):
        square[i] += 4 * y
    while square and square[-1] == 0:
        square.pop()
    # Cauchy's bound on the real roots of both; a turns back before its last root's double at the latest.
    bounds = [1 + max(map(abs, p[1:]), default=0) // abs(p[0]) for p in (a, tuple(reversed(square))) if p]
    end = max(bounds, default=0) + 2
    last, before = 0, None
    for n in range(min(end, 4000) + 1):
        x, y = _horner(a, n), _horner(b, n)
        now = (x > 0, x * x + 4 * y > 0)
        if before is not None and (now != before[0] or abs(x) < before[1]):
            last = n
        before = now, abs(x)
    return last if end <= 4000 else 5000 if last > 1000 else last


def _value(pcf: PCF, digits: int) -> tuple[mpmath.mpf, int]:
    """The value and how many of its digits two depths agree on."""
    a, b = coefficients(pcf.a), coefficients(pcf.b)
    theory = pcf.asymptotics
    if theory.regime == "divergent":
        raise NotConverging(f"{pcf} diverges, so it equals no number: leave it out")
    # Both depths could lie on a pseudo-limit before the leading terms rule; then there is no opinion to give.
    start = 2 * _last_turn(a, b)
    if start > _DIRECT_TERMS:
        return mpmath.mpf(0), 0
    terms = theory.terms_for(digits + 5)
    if terms > _DIRECT_TERMS and theory.regime == "polynomial" and theory.rate:
        return _extrapolated(a, b, theory.rate)
    depth = int(min(terms, _DIRECT_TERMS)) + 30 + start
    value = _backward(a, b, depth + depth // 8)
    return value, min(_agreed(value, _backward(a, b, depth)), digits)


def check_identity(pcf: PCF, identity: AnyIdentity, digits: int = 100) -> CrossCheck:
    """Compare PCF, SymPy's left-hand side and FLINT's left-hand side to ``digits`` digits.

    Raises :class:`VerificationFailed`, naming the formula, when any two disagree, and :class:`NotConverging` for a
    divergent fraction.
    """
    # Numerator and denominator may each be small by cancellation, up to about 1/height.
    working = digits + 10 + 2 * len(str(identity.height))
    ours = identity.value(working)
    theirs = _lhs(identity, working)
    with mpmath.workdps(working):
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


def _call_text(node: Call) -> str:
    from constants_lab.formula.constant_forms import constant_text

    return constant_text(node)


@lru_cache(maxsize=256)
def _sympy_number(formula: str, digits: int) -> mpmath.mpf | None:
    """SymPy's value of a constant or of a formula in constants, or None where it cannot express one of them."""
    import sympy

    missing: list[str] = []

    def atom(name: str) -> Any:
        expression = constant(name).sympy()
        if expression is None:
            missing.append(name)
            return sympy.Integer(1)
        return expression

    def binary(operator: str, left: Any, right: Any) -> Any:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
        return left / right

    def power(base: Any, exponent: Fraction) -> Any:
        return base ** sympy.Rational(exponent.numerator, exponent.denominator)

    expression = fold(
        parse(formula),
        integer=sympy.Integer,
        name=atom,
        call=lambda node: atom(_call_text(node)),
        negate=lambda value: -value,
        binary=binary,
        power=power,
    )
    if missing:
        return None
    with mpmath.workdps(digits):
        return mpmath.mpf(str(sympy.N(expression, digits)))


def _signed_value(cf: SignedCF, digits: int) -> mpmath.mpf:
    """A convergent with relative error below 10^-digits, by the recurrence of p_n and q_n in Python integers."""
    signs, period, limit = cf.signs, len(cf.signs), 10**digits
    count = max(16, digits // 3)
    while True:
        p, before_p, q, before_q = 1, 0, 0, 1
        for i, a in enumerate(cf.quotients(count)):
            s = signs[(i - 1) % period] if i else 1
            p, before_p = a * p + s * before_p, p
            q, before_q = a * q + s * before_q, q
        if abs(p * (q + signs[(count - 1) % period] * before_q)) > limit:
            return mpmath.mpf(p) / q
        count *= 2


def check_signed(cf: SignedCF, number: str, matrix: Sequence[Sequence[int]], lhs: str, digits: int = 100) -> CrossCheck:
    """Compare a signed fraction, evaluated by mpmath, with its left-hand side, the constant in it evaluated by SymPy.

    ``number`` is the name (or formula) that the rows of ``matrix`` are polynomials in; where SymPy cannot express it, FLINT's
    value of ``lhs`` stands for SymPy's.  Raises :class:`VerificationFailed`,
    naming the formula, when they disagree.
    """
    working = digits + 10 + 2 * len(str(max(abs(k) for row in matrix for k in row))) * len(matrix[0])
    c = _sympy_number(number, working)
    with mpmath.workdps(working):
        value = _signed_value(cf, digits + 5)
        if c is None:
            theirs = midpoint(evaluate(lhs, working))
        else:
            top, bottom = (mpmath.polyval([mpmath.mpf(k) for k in row], c) for row in matrix)
            theirs = top / bottom
        agreed = min(_agreed(value, theirs), digits)
    if agreed < digits - 2:
        raise VerificationFailed(
            f"the left-hand side and mpmath agree on only {agreed} digits of {lhs} = the signed fraction {cf}: do not "
            "trust this formula, and report it"
        )
    return CrossCheck(None if c is None else agreed, agreed)
