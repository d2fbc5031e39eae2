"""How a polynomial continued fraction converges: regime and rate by theory, irrationality measure by exact integers.

With q^_n = q_n / gcd(p_n, q_n) and L the value, the measure at depth n is

    delta = -ln|L - p_n/q_n| / ln q^_n - 1

(Raayoni et al., Nature 590, 2021; Shalyt et al., NeurIPS 2024).  Convergents and gcd are exact; L is a deeper convergent or
an accelerated value, with enough digits that delta is good to about 1e-9.  At finite depth delta fluctuates by about 0.01
around its limit, because lcm(1..n) does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flint import arb, ctx, fmpq, fmpz

from constants_lab.convergents import convergent_pairs
from constants_lab.errors import InputError, NotConverging
from constants_lab.evaluation import Evaluation, evaluate
from constants_lab.regimes import Asymptotics, RegimeName

if TYPE_CHECKING:
    from constants_lab.pcf import PCF

__all__ = ["Dynamics", "measure", "simple_rational"]


@dataclass(frozen=True)
class Dynamics:
    """Measures of convergence; None where a quantity has no meaning or could not be had.

    ``regime``, ``rate``: theoretical, see :class:`constants_lab.regimes.Asymptotics`.  ``delta``: at ``depth``, None for a
    rational value.  ``delta_limit``: its limit where theory gives one: -1 in the polynomial and stretched regimes when
    ln q^_n grows at least linearly (that it does is judged from depths n/2 and n); None for a rational value too.
    ``log_denominator``: ln q^_depth.  ``factorial_reduction``: whether ln q^_n grows like n and not like n ln n, judged from
    depths n/2 and n (numeric).
    """

    regime: RegimeName
    rate: float | None
    depth: int
    delta: float | None = None
    delta_limit: float | None = None
    log_denominator: float | None = None
    factorial_reduction: bool | None = None


def _log(n: fmpz) -> float:
    with ctx.workprec(80):
        return float(arb(abs(n)).log().mid())


def simple_rational(x: arb, digits: int) -> fmpq | None:
    """The rational p/q with p q below 10^(digits/2) that ``x`` equals to ``digits`` digits, or None (numeric).

    A real number has such a neighbour by chance with probability about 10^(-digits/2).
    """
    with ctx.workprec(int(digits * 3.33) + 64):
        tail = x.mid()
        rows = fmpz(1), fmpz(0), fmpz(0), fmpz(1)
        for _ in range(digits * 3):
            n = tail.mid().fmpq().floor()
            p0, p1, q0, q1 = rows
            rows = n * p0 + p1, p0, n * q0 + q1, q0
            p, q = rows[0], rows[2]
            if abs(p * q) > 10 ** (digits // 2):
                return None
            if abs(x.mid() * q - p) < arb(10) ** (-digits) * (abs(p) + 1):
                return fmpq(p, q)
            tail = 1 / (tail - n)
    return None


def _reduces(near: tuple[int, float], far: tuple[int, float]) -> bool:
    """Whether ln q^ = d n ln n + c n has d below a quarter, from two depths."""
    (m, small), (n, large) = near, far
    return (large / n - small / m) / math.log(n / m) < 0.25


def measure(pcf: PCF, depth: int = 1000, value: Evaluation | None = None) -> Dynamics:
    """The dynamics of ``pcf`` at ``depth`` >= 20; raises :class:`InputError` below.

    ``value`` is an evaluation at hand already; it is used when it has the digits needed (60, and those of the convergent
    at ``depth`` where twice the depth does not stand for the limit).

    >>> from constants_lab.pcf import PCF
    >>> round(measure(PCF("(2n+1)*(17n^2+17n+5)", "-n^6")).delta, 6)
    0.086101
    """
    if depth < 20:
        raise InputError(f"the depth must be at least 20, not {depth}")
    theory = pcf.asymptotics
    base = Dynamics(theory.regime, theory.rate, depth)
    if theory.regime in ("finite", "divergent"):
        return base
    # Twice the depth stands for the limit where that costs no digits: never for a power of n, and for
    # -ln err ~ k sqrt(n) when the gain, (sqrt 2 - 1) k sqrt(n), is over 12 digits.
    direct = theory.regime != "polynomial" and theory.terms_for(30) < depth
    depths = [depth // 2, depth, 2 * depth] if direct else [depth // 2, depth]
    found = list(convergent_pairs(pcf.a, pcf.b, depths))
    (_, p, q), (_, half_p, half_q) = found[1], found[0]
    if q == 0 or half_q == 0:
        return base
    reduced = abs(q) // p.gcd(q)
    log_denominator = _log(reduced)
    # Theory needs that ln q^ grows at least linearly; that it does is read off two depths.
    near, far = _log(abs(half_q) // half_p.gcd(half_q)), log_denominator
    reduction = _reduces((depth // 2, near), (depth, far))
    grows = far > 0.1 * depth and far > 1.8 * near
    limit = -1.0 if theory.regime in ("stretched", "polynomial") and grows else None
    delta = None
    wanted = 60 if direct else 60 + _error_digits(theory, depth)
    try:
        known = value if value is not None and value.digits >= wanted else evaluate(pcf.a, pcf.b, wanted, theory)
        if simple_rational(known.value, min(known.digits, 60) - 2) is not None:
            limit = None
        else:
            log_error = _log_error(known, p, q, found[2] if direct else None)
            if log_error is not None and log_denominator > 0:
                delta = -log_error / log_denominator - 1
    except NotConverging:
        pass
    return Dynamics(theory.regime, theory.rate, depth, delta, limit, log_denominator, reduction)


def _error_digits(theory: Asymptotics, depth: int) -> int:
    """Decimal digits that the convergent at ``depth`` should have (leading order), where that is at most some hundreds."""
    rate = theory.rate or 0.0
    nats = {"polynomial": rate * math.log(depth), "stretched": rate * math.sqrt(depth)}.get(theory.regime, 0.0)
    return min(1000, int(nats / math.log(10)))


def _log_error(known: Evaluation, p: fmpz, q: fmpz, deeper: tuple[int, fmpz, fmpz] | None) -> float | None:
    """ln|L - p/q|, from a deeper convergent or the known value; None when that is not good to nine digits."""
    if deeper is not None:
        _, P, Q = deeper
        gap = P * q - p * Q
        return None if gap == 0 or Q == 0 else _log(gap) - _log(Q) - _log(q)
    with ctx.workprec(known.digits * 4 + 64):
        distance = abs(known.value - arb(p) / q).mid()
        if distance.is_zero():
            return None
        log_error = float(distance.log().mid())
    return log_error if known.digits > 10 - log_error / math.log(10) else None
