"""One continued fraction in float64, however it converges: direct recurrence, or the asymptotic series of its tail.

The series is that of :mod:`constants_lab.acceleration` with a dozen terms.  Of its two formal solutions the one that
belongs to the fraction is the smaller in the sense of Pincherle's theorem (the tail is minus the ratio of consecutive
values of the minimal solution; Lorentzen and Waadeland, section 4.2): at a double root the one with the smaller relative
second coefficient, otherwise the one with the sign of a.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["scalar_value"]

_ORDER = 26
_NEAR, _FAR = 48, 80
_MAX_STEPS = 4000


@njit(cache=True, error_model="numpy")
def _horner(row, n):  # type: ignore[no-untyped-def]
    value = 0.0
    for c in row:
        value = value * n + c
    return value


@njit(cache=True, error_model="numpy")
def _next_argument(row, degree):  # type: ignore[no-untyped-def]
    """Coefficients of p(n + 1), lowest power first (Horner's scheme in n + 1)."""
    width = row.shape[0]
    out = np.zeros(degree + 1)
    out[0] = row[width - 1 - degree]
    for k in range(degree - 1, -1, -1):
        for m in range(degree, 0, -1):
            out[m] += out[m - 1]
        out[0] += row[width - 1 - k]
    return out


@njit(cache=True, error_model="numpy")
def _at_power(p, exponent, steps):  # type: ignore[no-untyped-def]
    """Coefficient of n^(exponent/steps)."""
    if exponent < 0 or exponent % steps or exponent // steps >= p.shape[0]:
        return 0.0
    return p[exponent // steps]


@njit(cache=True, error_model="numpy")
def _push(c, moved, j, value, top, steps):  # type: ignore[no-untyped-def]
    """Fix c[j] and add what it gives to the coefficients of t(n + 1)."""
    c[j] = value
    moved[j] += value
    exponent = (top - j) / steps
    binomial = 1.0
    i = 0
    while j + (i + 1) * steps < moved.shape[0]:
        binomial *= (exponent - i) / (i + 1)
        i += 1
        moved[j + i * steps] += value * binomial


@njit(cache=True, error_model="numpy")
def _residual(c, known, moved, a, b, m, top, steps):  # type: ignore[no-untyped-def]
    total = -_at_power(b, 2 * top - m, steps)
    for i in range(min(m + 1, known)):
        total += c[i] * (moved[m - i] + _at_power(a, top - (m - i), steps))
    return total


@njit(cache=True, error_model="numpy")
def _series(row_a, da, row_b, db, c):  # type: ignore[no-untyped-def]
    """Fill ``c``; returns (top, steps, kind): kind 0 solved, 1 divergent, 2 no power series."""
    a, b = _next_argument(row_a, da), _next_argument(row_b, db)
    A, B = a[da], b[db]
    moved = np.zeros(c.shape[0] + 3)
    if db > 2 * da:
        steps = 1 if db % 2 == 0 else 2
        top = db // 2 if steps == 1 else db
        c0 = math.sqrt(B) if A > 0 else -math.sqrt(B)
        _push(c, moved, 0, c0, top, steps)
        for m in range(1, c.shape[0]):
            _push(c, moved, m, -_residual(c, m, moved, a, b, m, top, steps) / (2.0 * c0), top, steps)
        return top, steps, 0
    c0 = -A / 2.0
    _push(c, moved, 0, c0, da, 1)
    first = _residual(c, 1, moved, a, b, 1, da, 1)
    if abs(first) > 1e-9 * abs(A * A):
        moved[:] = 0.0
        top = 2 * da
        _push(c, moved, 0, c0, top, 2)
        square = -_residual(c, 1, moved, a, b, 2, top, 2)
        if square < 0.0:
            return top, 2, 1
        c1 = math.sqrt(square) if A > 0 else -math.sqrt(square)
        _push(c, moved, 1, c1, top, 2)
        for m in range(3, c.shape[0] + 1):
            _push(c, moved, m - 1, -_residual(c, m - 1, moved, a, b, m, top, 2) / (2.0 * c1), top, 2)
        return top, 2, 0
    a1 = _at_power(a, da - 1, 1)
    linear = (2 * da - 1) * c0 + a1
    discriminant = linear * linear - 4.0 * _residual(c, 1, moved, a, b, 2, da, 1)
    if discriminant < -1e-9 * linear * linear:
        return da, 1, 1
    root = math.sqrt(max(discriminant, 0.0))
    c1 = (-linear + root) / 2.0 if A > 0 else (-linear - root) / 2.0
    _push(c, moved, 1, c1, da, 1)
    base = moved[1] + c1 + a1
    for m in range(3, c.shape[0] + 1):
        slope = base + c0 * (da - m + 1)
        if abs(slope) < 1e-9 * abs(c0):
            return da, 1, 2
        _push(c, moved, m - 1, -_residual(c, m - 1, moved, a, b, m, da, 1) / slope, da, 1)
    return da, 1, 0


@njit(cache=True, error_model="numpy")
def _tail_at(c, top, steps, n):  # type: ignore[no-untyped-def]
    """The series at n, cut after its smallest group of terms."""
    x = float(n) if steps == 1 else math.sqrt(float(n))
    power = x**top
    total = 0.0
    least = np.inf
    width = 2 * steps
    for start in range(0, c.shape[0], width):
        part, largest = 0.0, 0.0
        for j in range(start, min(start + width, c.shape[0])):
            term = c[j] * power
            part += term
            largest = max(largest, abs(term))
            power /= x
        if largest > 10.0 * least:
            break
        least = min(least, largest)
        total += part
    return total


@njit(cache=True, error_model="numpy")
def _by_series(row_a, da, row_b, db):  # type: ignore[no-untyped-def]
    c = np.zeros(_ORDER if db > 2 * da and db % 2 == 0 else 2 * _ORDER)
    top, steps, kind = _series(row_a, da, row_b, db, c)
    if kind == 1:
        return 0.0, -1.0
    if kind == 2:
        return 0.0, np.inf
    p, q, P, Q = 1.0, 0.0, _horner(row_a, 0.0), 1.0
    near = 0.0
    for n in range(1, _FAR + 1):
        a, b = _horner(row_a, float(n)), _horner(row_b, float(n))
        p, P = P, a * P + b * p
        q, Q = Q, a * Q + b * q
        if n % 8 == 0:
            scale = 1.0 / (abs(P) + abs(Q) + 1e-290)
            p, q, P, Q = p * scale, q * scale, P * scale, Q * scale
        if n == _NEAR:
            t = _tail_at(c, top, steps, n)
            near = (P + t * p) / (Q + t * q)
    t = _tail_at(c, top, steps, _FAR)
    far = (P + t * p) / (Q + t * q)
    return far, abs(far - near)


@njit(cache=True, error_model="numpy")
def _by_recurrence(row_a, row_b, factor, least):  # type: ignore[no-untyped-def]
    """Convergents until the change over eight steps times ``factor`` is at rounding level, twice running after ``least``."""
    p, q, P, Q = 1.0, 0.0, _horner(row_a, 0.0), 1.0
    x = P
    error = np.inf
    quiet = 0
    for n in range(1, _MAX_STEPS + 1):
        a, b = _horner(row_a, float(n)), _horner(row_b, float(n))
        p, P = P, a * P + b * p
        q, Q = Q, a * Q + b * q
        if n % 8 == 0:
            scale = 1.0 / (abs(P) + abs(Q) + 1e-290)
            p, q, P, Q = p * scale, q * scale, P * scale, Q * scale
            if Q == 0.0:
                continue
            y = P / Q
            change = abs(y - x)
            error = change * factor if change < 0.01 * abs(y) else np.inf
            x = y
            quiet = quiet + 1 if error <= 1e-14 * abs(y) else 0
            if quiet >= 2 and n > least:
                break
    return x, error


@njit(cache=True, error_model="numpy")
def scalar_value(row_a, da, row_b, db, least):  # type: ignore[no-untyped-def]
    """(value, absolute error estimate) of PCF(row_a, row_b), rows highest degree first, degrees da and db.

    Numeric; direct recurrences go beyond ``least`` steps.
    An infinite error says that nothing reliable came out, an error of -1 that the fraction diverges.
    """
    A = float(row_a[row_a.shape[0] - 1 - da])
    B = float(row_b[row_b.shape[0] - 1 - db])
    if db < 2 * da:
        return _by_recurrence(row_a, row_b, 0.1, least)
    if db == 2 * da and A * A + 4.0 * B > 0.0:
        larger = (abs(A) + math.sqrt(A * A + 4.0 * B)) / 2.0
        ratio = (abs(B) / (larger * larger)) ** 8
        return _by_recurrence(row_a, row_b, ratio / (1.0 - ratio) if ratio < 0.9999 else 1e4, least)
    return _by_series(row_a, da, row_b, db)
