"""How a polynomial continued fraction converges: regime and rate by theory, irrationality measure by exact integers.

With q^_n = q_n / gcd(p_n, q_n) and L the value, the measure at depth n is

    delta = -ln|L - p_n/q_n| / ln q^_n - 1

(Raayoni et al., Nature 590, 2021; Shalyt et al., NeurIPS 2024).  Convergents and gcd are exact; L is the limit, with enough
digits that delta is good to about 1e-9.  The blind measure has the convergent at twice the depth for L, as one that knows no
limit must.  At finite depth delta fluctuates by about 0.01 around its limit, because lcm(1..n) does.

The growth of denominators is ln q^_n ~ d n ln n + c n + e, fitted at four depths.  It is what a change of the first terms, a
Möbius map or an inflation leave alone, as are the regime, the rate and the limit of delta.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from flint import arb, ctx, fmpq, fmpz

from constants_lab.convergents import convergent_pairs
from constants_lab.errors import InputError, NotConverging
from constants_lab.evaluation import Evaluation, evaluate
from constants_lab.reduction import nilpotent_fraction
from constants_lab.regimes import Asymptotics, RegimeName, calm_index

if TYPE_CHECKING:
    from constants_lab.pcf import PCF

__all__ = [
    "LEAST_DEPTH",
    "Dynamics",
    "Errors",
    "Growth",
    "error_digits",
    "fit_growth",
    "log_of",
    "measure",
    "sample_depths",
    "simple_rational",
    "summarise",
]

LEAST_DEPTH = 20
_NEAR_HALF = 0.1
"""A fitted d this near to a half-integer is taken for it."""


@dataclass(frozen=True)
class Dynamics:
    """Measures of convergence; None where a quantity has no meaning or could not be had.

    Theoretical: ``regime``, ``rate``, see :class:`constants_lab.regimes.Asymptotics`.

    From exact integers at ``depth``: ``log_denominator`` = ln q^_n; ``delta``, and ``blind_delta`` with the convergent at twice
    the depth for the value; both None for a rational value.  ``nilpotent``: the fraction of primes at which the product of
    the step matrices is nilpotent (:func:`constants_lab.reduction.nilpotent_fraction`): near 1 for fractions of periods (pi,
    zeta values, logarithms), near 0 for those of e and of Bessel functions.

    Fitted: ``growth`` d and ``linear_growth`` c of ln q^_n ~ d n ln n + c n + e; a d within 0.1 of a half-integer is set to
    it.  ``residual``: the root mean square of what the fit leaves, divided by n.  ``factorial_reduction``: d < 1/4.

    ``delta_limit``: what theory makes of the fitted d: D/d - 1 with D the factorial rate, when d is a half-integer; -1 for
    slower convergence when ln q^_n grows at least like n ln n, or linearly in the polynomial and stretched regimes (that it
    does is read off the fit); None for a rational value too.
    """

    regime: RegimeName
    rate: float | None
    depth: int
    delta: float | None = None
    delta_limit: float | None = None
    log_denominator: float | None = None
    factorial_reduction: bool | None = None
    blind_delta: float | None = None
    growth: float | None = None
    linear_growth: float | None = None
    residual: float | None = None
    nilpotent: float | None = None


@dataclass(frozen=True)
class Growth:
    """The fit ln q^_n ~ d n ln n + c n + e and what it leaves (see :class:`Dynamics`)."""

    d: float
    c: float
    residual: float


@dataclass(frozen=True)
class Errors:
    """ln|L - p_n/q_n| for the value L, and for the convergent at twice the depth; None where not known."""

    true: float | None
    blind: float | None
    rational: bool = False


def sample_depths(depth: int) -> tuple[int, int, int, int]:
    """The depths of the fit: the four quarters.

    >>> sample_depths(1000)
    (250, 500, 750, 1000)
    """
    return depth // 4, depth // 2, 3 * depth // 4, depth


@lru_cache(maxsize=64)
def _projection(depths: tuple[int, ...], with_d: bool) -> list[list[float]]:
    """The least-squares map from values at the depths to the coefficients of n ln n (if wanted), n and 1."""
    import numpy as np

    columns = [[n * math.log(n), float(n), 1.0][0 if with_d else 1 :] for n in depths]
    inverse: list[list[float]] = np.linalg.pinv(np.array(columns)).tolist()
    return inverse


def fit_growth(depths: Sequence[int], logs: Sequence[float]) -> Growth:
    """The growth of ln q^_n from its values at four depths (fitted).

    >>> fit = fit_growth((250, 500, 750, 1000), [2 * n - 3.0 for n in (250, 500, 750, 1000)])
    >>> abs(fit.d) < 1e-9, round(fit.c, 6), fit.residual < 1e-9
    (True, 2.0, True)
    """
    where = tuple(depths)
    d, c, e = (sum(w * y for w, y in zip(row, logs, strict=True)) for row in _projection(where, True))
    nearest = round(2 * d) / 2
    if abs(d - nearest) < _NEAR_HALF:
        d = nearest
        rest = [y - d * n * math.log(n) for n, y in zip(where, logs, strict=True)]
        c, e = (sum(w * y for w, y in zip(row, rest, strict=True)) for row in _projection(where, False))
    left = [(y - d * n * math.log(n) - c * n - e) / n for n, y in zip(where, logs, strict=True)]
    return Growth(d, c, math.sqrt(sum(x * x for x in left) / len(left)))


def summarise(
    theory: Asymptotics, depths: Sequence[int], logs: Sequence[float], errors: Errors, nilpotent: float | None
) -> Dynamics:
    """The dynamics from ln q^_n at the :func:`sample_depths` and the errors at the last of them."""
    depth, log_denominator = depths[-1], logs[-1]
    growth = fit_growth(depths, logs)
    half = 2 * growth.d == round(2 * growth.d)
    limit: float | None = None
    if not errors.rational:
        if theory.regime == "factorial":
            limit = (theory.rate or 0.0) / growth.d - 1 if half and growth.d > 0 else None
        elif growth.d >= 0.25 or (
            theory.regime in ("stretched", "polynomial") and log_denominator > max(0.1 * depth, 1.8 * logs[1])
        ):
            limit = -1.0

    def delta(log_error: float | None) -> float | None:
        if errors.rational or log_error is None or log_denominator <= 0:
            return None
        return -log_error / log_denominator - 1

    return Dynamics(
        theory.regime,
        theory.rate,
        depth,
        delta(errors.true),
        limit,
        log_denominator,
        growth.d < 0.25,
        delta(errors.blind),
        growth.d,
        growth.c,
        growth.residual,
        nilpotent,
    )


_LN2 = math.log(2)


def log_of(n: fmpz) -> float:
    """ln|n| for n != 0 (relative error below 1e-15)."""
    size = abs(n)
    excess = max(0, size.bit_length() - 64)
    return math.log(int(size >> excess)) + excess * _LN2


def simple_rational(x: arb, digits: int) -> fmpq | None:
    """The rational p/q with p q below 10^(digits/2) that ``x`` equals to ``digits`` digits, or None (numeric).

    A real number has such a neighbour by chance with probability about 10^(-digits/2).
    """
    bits = int(digits * 3.33) + 64
    mantissa, exponent = (int(part) for part in x.mid().man_exp())
    excess = max(0, mantissa.bit_length() - bits)
    mantissa, exponent = mantissa >> excess, exponent + excess
    if exponent > bits:
        return None
    numerator, denominator = mantissa << max(exponent, 0), 1 << max(-exponent, 0)
    most, scale = 10 ** (digits // 2), 10**digits
    rest_of, by = numerator, denominator
    p0, p, q0, q = 0, 1, 1, 0
    while by:
        n, rest = divmod(rest_of, by)
        p0, p, q0, q = p, n * p + p0, q, n * q + q0
        if abs(p * q) > most:
            return None
        # |x q - p| is about rest/(by q): the exact comparison is made only where it can succeed.
        if rest * scale < 4 * by * q * (abs(p) + 1) and abs(numerator * q - p * denominator) * scale < denominator * (
            abs(p) + 1
        ):
            return fmpq(p, q)
        rest_of, by = by, rest
    return None


def measure(pcf: PCF, depth: int = 1000, value: Evaluation | None = None) -> Dynamics:
    """The dynamics of ``pcf`` at ``depth`` >= 20; raises :class:`InputError` below.

    ``value`` is an evaluation at hand already; it is used when it has the digits needed (60, and those of the convergent
    at ``depth`` where twice the depth does not stand for the limit).

    >>> from constants_lab.pcf import PCF
    >>> round(measure(PCF("(2n+1)*(17n^2+17n+5)", "-n^6")).delta, 6)
    0.086101
    """
    if depth < LEAST_DEPTH:
        raise InputError(f"the depth must be at least {LEAST_DEPTH}, not {depth}")
    theory = pcf.asymptotics
    if theory.regime == "finite":
        return Dynamics(theory.regime, theory.rate, depth)
    nilpotent = nilpotent_fraction(pcf.a, pcf.b)
    base = Dynamics(theory.regime, theory.rate, depth, nilpotent=nilpotent)
    if theory.regime == "divergent":
        return base
    depths = sample_depths(depth)
    *found, deeper = convergent_pairs(pcf.a, pcf.b, [*depths, 2 * depth])
    if any(q == 0 for _, _, q in found):
        return base
    logs = [log_of(q // p.gcd(q)) for _, p, q in found]
    _, p, q = found[-1]
    # Twice the depth stands for the limit where that costs no digits: never for a power of n, and for
    # -ln err ~ k sqrt(n) when the gain, (sqrt 2 - 1) k sqrt(n), is over 12 digits, nor before the leading terms rule, when
    # both convergents may lie near a wrong limit.
    direct = theory.regime != "polynomial" and theory.terms_for(30) < depth and 2 * calm_index(pcf.a, pcf.b) <= depth
    wanted = 60 if direct else 60 + error_digits(theory, depth)
    blind = _log_distance(p, q, deeper)
    errors = Errors(None, blind)
    try:
        known = value if value is not None and value.digits >= wanted else evaluate(pcf.a, pcf.b, wanted, theory)
        if known.digits >= 40 and simple_rational(known.value, min(known.digits, 60) - 2) is not None:
            errors = Errors(None, None, rational=True)
        else:
            errors = Errors(blind if direct else _log_error(known, p, q), blind)
    except NotConverging:
        pass
    return summarise(theory, depths, logs, errors, nilpotent)


def error_digits(theory: Asymptotics, depth: int) -> int:
    """Decimal digits that the convergent at ``depth`` should have (leading order), where that is at most some hundreds."""
    rate = theory.rate or 0.0
    nats = {"polynomial": rate * math.log(depth), "stretched": rate * math.sqrt(depth)}.get(theory.regime, 0.0)
    return min(1000, int(nats / math.log(10)))


def _log_distance(p: fmpz, q: fmpz, deeper: tuple[int, fmpz, fmpz]) -> float | None:
    """ln|P/Q - p/q|; None when that is zero or not defined."""
    _, P, Q = deeper
    gap = P * q - p * Q
    return None if gap == 0 or Q == 0 else log_of(gap) - log_of(Q) - log_of(q)


def _log_error(known: Evaluation, p: fmpz, q: fmpz) -> float | None:
    """ln|L - p/q| from the value; None when that is not good to nine digits."""
    with ctx.workprec(known.digits * 4 + 64):
        distance = abs(known.value - arb(p) / q).mid()
        if distance.is_zero():
            return None
        log_error = float(distance.log().mid())
    return log_error if known.digits > 10 - log_error / math.log(10) else None
