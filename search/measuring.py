"""Dynamics and value of one continued fraction, fast: what the survey asks of a million of them.

The same quantities as :func:`constants_lab.dynamics.measure`, to which it gives way wherever it does not apply.
Denominators and their common factors are exact integers, from leaves multiplied up by Numba.  The error is a sum of the steps
still to come, relative to the next one, in float64: its logarithm is good to about 1e-12, so no convergent at twice the depth
is needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from flint import arb, ctx, fmpq, fmpz, fmpz_poly

from constants_lab.balls import agreeing_digits, decimal
from constants_lab.convergents import Matrix2, convergent_pair, multiply
from constants_lab.dynamics import (
    Dynamics,
    Errors,
    error_digits,
    log_of,
    measure,
    sample_depths,
    simple_rational,
    summarise,
)
from constants_lab.errors import NotConverging
from constants_lab.evaluation import Evaluation, evaluate
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients, format_polynomial
from constants_lab.regimes import Asymptotics, asymptotics, calm_index
from constants_lab.relations import algebraic_relation
from constants_lab.search.kernels.leaves import MAX_ENTRY_BITS, error_series, leaf_products, log_product
from constants_lab.search.kernels.nilpotence import nilpotent_share

__all__ = ["DIGITS", "Measured", "measured", "scaled"]

DIGITS = 60
_LEAF = 25
"""Steps in a leaf: the depth must be a multiple of four times as many, or the slow way is taken."""
_MOST_STEPS = 100_000
_BITS = 320
_LN10 = math.log(10)
_LEAST_DIGITS = 38
"""With fewer digits an integer relation may be an accident."""


@dataclass(frozen=True)
class Measured:
    """The dynamics, the value (None without one), the convergent p/q at the depth in lowest terms, and what number it is.

    ``number``: ("rational", "7/3"), or ("algebraic", "root of ...") for a quadratic number of integers so small that they are
    no accident (numeric), else None.  p/q is None where the depth was not reached.
    """

    dynamics: Dynamics
    value: Evaluation | None
    convergent: fmpq | None = None
    number: tuple[str, str] | None = None


def measured(a: tuple[int, ...], b: tuple[int, ...], depth: int) -> Measured:
    """Dynamics at ``depth`` and value to 60 digits of PCF(a, b), coefficients highest degree first."""
    first, second = fmpz_poly(list(a)[::-1]), fmpz_poly(list(b)[::-1])
    theory = asymptotics(first, second)
    if theory.regime in ("factorial", "exponential", "stretched"):
        quick = _quick(first, second, depth, theory)
        if quick is not None:
            return quick
    return _slow(first, second, depth, theory)


def _slow(a: fmpz_poly, b: fmpz_poly, depth: int, theory: Asymptotics) -> Measured:
    if theory.regime == "divergent":
        nilpotent = nilpotent_share(_row(a), _row(b))
        return Measured(Dynamics(theory.regime, theory.rate, depth, nilpotent=nilpotent), None)
    pcf = PCF(a, b)
    try:
        value: Evaluation | None = evaluate(a, b, DIGITS + error_digits(theory, depth), theory)
    except NotConverging:
        value = None
    number = None if value is None else _number(value)
    dynamics = measure(pcf, depth, value)
    convergent = None
    if dynamics.delta is not None or dynamics.log_denominator is not None:
        p, q = convergent_pair(a, b, depth)
        convergent = fmpq(p, q)
    return Measured(dynamics, value, convergent, number)


def _quick(a: fmpz_poly, b: fmpz_poly, depth: int, theory: Asymptotics) -> Measured | None:
    """By leaves and the error series; None where they do not apply."""
    if depth % (4 * _LEAF) or 2 * calm_index(a, b) > depth:
        return None
    rows = _row(a), _row(b)
    if any(_size(row, depth + 1) >> MAX_ENTRY_BITS for row in rows):
        return None
    depths = sample_depths(depth)
    found = _convergents(rows, a(0), depths)
    if any(q == 0 for _, q, _ in found):
        return None
    logs: list[float] = []
    for p, q, _ in found:
        common = p.gcd(q)
        logs.append(log_of(q // common if common != 1 else q))
    p, q, before = found[-1]
    following = q * a(depth + 1) + before * b(depth + 1)
    if following == 0:
        return None
    ratio = _quotient(following, q)
    total, blind, state = error_series(*rows, depth, ratio, _MOST_STEPS)
    if state != 1 or total == 0.0 or blind == 0.0:
        return None
    step = log_product(rows[1], depth + 1) - log_of(q) - log_of(following)
    errors = Errors(step + math.log(abs(total)), step + math.log(abs(blind)))
    value = _value(found[1], found[-1], errors.true or 0.0, depth)
    if value is None:
        try:
            value = evaluate(a, b, DIGITS, theory)
        except NotConverging:
            return None
    number = _number(value)
    if number is not None and number[0] == "rational":
        errors = Errors(None, None, rational=True)
    dynamics = summarise(theory, depths, logs, errors, nilpotent_share(*rows))
    return Measured(dynamics, value, fmpq(p, q), number)


def _row(polynomial: fmpz_poly) -> np.ndarray:
    return np.array(coefficients(polynomial), dtype=np.int64)


def _size(row: np.ndarray, n: int) -> int:
    """A bound on the absolute values at 0 ... n."""
    total = 0
    for c in row.tolist():
        total = total * n + abs(c)
    return total


def _convergents(
    rows: tuple[np.ndarray, np.ndarray], first: fmpz, depths: tuple[int, ...]
) -> list[tuple[fmpz, fmpz, fmpz]]:
    """(p_n, q_n, q_(n-1)) at equally spaced depths."""
    leaves = leaf_products(*rows, 1, _LEAF, depths[-1] // _LEAF)
    size = leaves.shape[2] * 8
    data = leaves.tobytes()
    entries = [fmpz(int.from_bytes(data[i : i + size], "little", signed=True)) for i in range(0, len(data), size)]
    matrices: list[Matrix2] = [tuple(entries[i : i + 4]) for i in range(0, len(entries), 4)]  # type: ignore[misc]
    quarter = len(matrices) // len(depths)
    found: list[tuple[fmpz, fmpz, fmpz]] = []
    product: Matrix2 | None = None
    for start in range(0, len(matrices), quarter):
        piece = _tree(matrices[start : start + quarter])
        product = piece if product is None else multiply(product, piece)
        _, x, y, z = product
        found.append((x + first * z, z, y))
    return found


def _tree(matrices: list[Matrix2]) -> Matrix2:
    while len(matrices) > 1:
        paired = [multiply(*matrices[i : i + 2]) for i in range(0, len(matrices) - 1, 2)]
        matrices = paired + matrices[len(matrices) - len(matrices) % 2 :]
    return matrices[0]


def _quotient(x: fmpz, y: fmpz) -> float:
    """x / y as a float (relative error below 1e-15)."""
    shift = y.bit_length() - 100
    if shift > 0:
        x, y = x >> shift, y >> shift
    return int(x) / int(y)


def _fraction(p: fmpz, q: fmpz) -> arb:
    """p / q to about 300 bits, from the leading bits of both."""
    shift = min(p.bit_length(), q.bit_length()) - _BITS
    if shift > 0:
        p, q = p >> shift, q >> shift
    with ctx.workprec(_BITS):
        return (arb(p) / arb(q)).mid()


def _value(
    near: tuple[fmpz, fmpz, fmpz], far: tuple[fmpz, fmpz, fmpz], log_error: float, depth: int
) -> Evaluation | None:
    """The value to 60 digits from the convergents at half and at the whole depth, or None if they do not reach so far."""
    p, q, _ = far
    if p == 0:
        return None
    if log_error > log_of(p) - log_of(q) - (DIGITS + 3) * _LN10:
        return None
    value = _fraction(p, q)
    agreed = agreeing_digits(value, _fraction(near[0], near[1]), _BITS - 40)
    return Evaluation(value, agreed, depth, accelerated=False) if agreed >= DIGITS else None


def _number(value: Evaluation) -> tuple[str, str] | None:
    digits = min(value.digits, DIGITS) - 2
    if digits < _LEAST_DIGITS:
        return None
    rational = simple_rational(value.value, digits)
    if rational is not None:
        return "rational", str(rational)
    # Three integers and the error: by chance they have digits/4 digits each.
    found = algebraic_relation(decimal(value.value, digits + 2), 2, digits, max_coefficient=10 ** (digits // 6))
    if found is None or len(found.coefficients) != 3:
        return None
    polynomial = fmpz_poly(list(reversed(found.coefficients)))
    return "algebraic", f"root of {format_polynomial(polynomial, 'x')}"


def scaled(found: Measured, scale: fmpq) -> Measured:
    """The same for the fraction whose convergents are those of ``found`` times ``scale``, a rational other than 0."""
    if scale == 1:
        return found
    value, number = found.value, found.number
    if value is not None:
        with ctx.workprec(_BITS):
            value = replace(value, value=(value.value * arb(scale.p) / arb(scale.q)).mid())
        if number is not None:
            number = _number(value)
    return Measured(_rescaled(found, scale), value, None, number)


def _rescaled(found: Measured, scale: fmpq) -> Dynamics:
    dynamics, old = found.dynamics, found.convergent
    if abs(scale) == 1 or old is None or dynamics.log_denominator is None:
        return dynamics
    p, q, s, t = old.p, old.q, abs(scale.p), scale.q
    gained = math.log(int(t)) - math.log(int(s.gcd(q))) - math.log(int(t.gcd(p)))
    log_denominator = dynamics.log_denominator + gained
    size = math.log(int(s)) - math.log(int(t))

    def moved(delta: float | None) -> float | None:
        if delta is None or log_denominator <= 0:
            return None
        log_error = -(delta + 1) * (dynamics.log_denominator or 0.0)
        return -(log_error + size) / log_denominator - 1

    return replace(
        dynamics,
        log_denominator=log_denominator,
        delta=moved(dynamics.delta),
        blind_delta=moved(dynamics.blind_delta),
    )
