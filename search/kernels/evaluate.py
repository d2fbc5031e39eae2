"""Float64 values of many continued fractions at once, each with its own error estimate (proposals only).

Implementation overview.  A rectangle of candidates (rows of a) x (rows of b) is walked in strips: one a against
``LANES`` consecutive b that share their leading term, so that the depth needed is known beforehand and the inner loop is
the same two multiplications and one addition for every lane, which the compiler turns into vector instructions.  The
values of all b at n = 1, 2, ... are tabulated once per strip and used for every a.  What a strip leaves unsettled goes to
:mod:`constants_lab.search.kernels.tails`.

Every candidate ends in one class: a value, or finite, divergent, slow.  The error attached to a value is the
last observed change times the geometric factor of theory, plus an allowance for rounding.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from constants_lab.search.kernels.tails import scalar_value

__all__ = ["CLASSES", "DIVERGENT", "FINITE", "SLOW", "VALUED", "evaluate_block", "prepare_rows"]

VALUED, FINITE, DIVERGENT, SLOW = range(4)
CLASSES = ("valued", "finite", "divergent", "slow")

LANES = 128
DEPTH = 160
"""Deepest strip; beyond, a candidate is evaluated on its own."""
FLOOR = 2e-12
"""Relative error allowed for the rounding of a well-behaved recurrence."""
TOLERANCE = 1e-8
"""A value with a larger relative error is called slow."""
_MARGIN = 50.0
"""How much slower than its asymptotic rate a fraction may still converge at the depth of a strip."""
_ROOT_SCAN = 4096
_CALM = 3
"""Turning points up to here cost no more digits than FLOOR allows for."""
_PATIENCE = 2
"""No convergence is believed before this many times the step from which the leading terms rule."""
_STEP_ERROR = 1e-15
"""Relative rounding error of one step of the recurrence, generously."""


@njit(cache=True, error_model="numpy")
def _polynomial(row: np.ndarray, n: float) -> float:
    value = 0.0
    for c in row:
        value = value * n + c
    return value


@njit(cache=True, error_model="numpy")
def _least_root(row, degree):  # type: ignore[no-untyped-def]
    """The least integer root >= 1 of a polynomial, or 0; of degree above 1 only those below _ROOT_SCAN are seen."""
    width = row.shape[0]
    lead = row[width - 1 - degree]
    if degree == 1:
        root = -row[width - 1] // lead
        return root if root >= 1 and root * lead == -row[width - 1] else 0
    largest = 0
    for k in range(width - degree, width):
        largest = max(largest, abs(row[k]))
    # Cauchy's bound on the roots.
    for n in range(1, min(_ROOT_SCAN, 2 + largest // abs(lead))):
        value, size, exact = 0.0, 0.0, 0
        for c in row:
            value = value * n + c
            size = size * n + abs(c)
            exact = exact * n + c
        # 64 bits may wrap to zero, but then the float is not near zero as well.
        if exact == 0 and abs(value) <= 1e-12 * size:
            return n
    return 0


@njit(cache=True, error_model="numpy")
def _prepare(rows, degree, last):  # type: ignore[no-untyped-def]
    width = rows.shape[1]
    for i in range(rows.shape[0]):
        lead = 0
        while lead < width and rows[i, lead] == 0:
            lead += 1
        degree[i] = width - 1 - lead
        last[i] = _least_root(rows[i], degree[i]) if degree[i] > 0 else 0


def prepare_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(degree, least positive integer root or 0) of each row; the zero polynomial has degree -1."""
    degree, last = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    _prepare(rows, degree, last)
    return degree, last


@njit(cache=True, error_model="numpy")
def _plan(da, lead_a, db, lead_b, spread):  # type: ignore[no-untyped-def]
    """(class or VALUED, depth, geometric factor per step) for the leading terms; depth 0 means evaluate one by one."""
    if db < 2 * da:
        growth = 2 * da - db
        linear = 2 * math.log(abs(lead_a)) - math.log(abs(lead_b)) - growth
        n = 4.0
        while growth * n * math.log(n) + linear * n < 34.0 and n < DEPTH:
            n += 1.0
        return VALUED, int(n + spread + 2.0), 0.1
    if db == 2 * da:
        discriminant = lead_a * lead_a + 4.0 * lead_b
        if discriminant < 0.0:
            return DIVERGENT, 0, 0.0
        if discriminant == 0.0:
            return VALUED, 0, 0.0
        larger = (abs(lead_a) + math.sqrt(discriminant)) / 2.0
        ratio = abs(lead_b) / (larger * larger)
        depth = 33.0 / -math.log(ratio) + spread + 4.0 if ratio < 0.9999 else 1e9
        return VALUED, (int(depth) if depth <= DEPTH else 0), ratio
    if lead_b < 0.0 or db > 2 * da + 2:
        return DIVERGENT, 0, 0.0
    return VALUED, 0, 0.0


@njit(cache=True, error_model="numpy")
def _turning_point(row, degree):  # type: ignore[no-untyped-def]
    """The last n <= DEPTH before which a has the wrong sign or moves towards zero: from there its leading term rules."""
    sign = 1.0 if row[row.shape[0] - 1 - degree] > 0 else -1.0
    before = sign * _polynomial(row, 0.0)
    turn = 0
    for n in range(1, DEPTH + 1):
        value = sign * _polynomial(row, float(n))
        if value <= 0.0 or value < before:
            turn = n
        before = value
    return turn


@njit(cache=True, error_model="numpy")
def _calm_from(row_a, row_b, turn):  # type: ignore[no-untyped-def]
    """Where the fraction begins to converge as its leading terms say: past the turning point and past the steps with
    a^2 + 4 b < 0, in which the convergents oscillate; DEPTH when that is nowhere before."""
    if turn <= _CALM:
        return turn
    for n in range(turn + 1, DEPTH):
        a, b = _polynomial(row_a, float(n)), _polynomial(row_b, float(n))
        if a * a + 4.0 * b >= 0.0:
            return n
    return DEPTH


@njit(cache=True, error_model="numpy")
def _rounding(a_values, b_values, calm, top, tails):  # type: ignore[no-untyped-def]
    """Relative rounding error to allow for in a value; ``a_values[n]``, ``b_values[n]`` for n <= ``top``.

    Before ``calm``, numerators p_n and denominators q_n may grow nearly parallel, and what rounding takes from their
    difference counts when later terms bring it out.  At step n a relative error of q_n is multiplied by |h| / |h + t| with
    h = q_n / q_(n-1) and the tail t, where value = (p_n + t p_(n-1)) / (q_n + t q_(n-1)); and likewise for p_n.  The tails
    come from ``top``, far enough out to tell t from -h.  ``tails`` is a buffer for calm + 2 of them.
    """
    a, b = a_values[top], b_values[top]
    square = a * a + 4.0 * b
    t = 0.0
    if square > 0.0:
        root = math.sqrt(square)
        t = 2.0 * b / (a + root if a > 0.0 else a - root)
    for n in range(top, 0, -1):
        if n < calm + 2:
            tails[n] = t
        t = b_values[n] / (a_values[n] + t)
    total = 0.0
    h, g = np.inf, a_values[0]
    for n in range(1, calm + 2):
        a, b, t = a_values[n], b_values[n], abs(tails[n])
        h, g = a + b / h, a + b / g
        # An infinite quotient or tail leaves nothing to cancel.
        if not math.isinf(t):
            if not math.isinf(h):
                total += max(abs(h), t) / abs(h + tails[n])
            if not math.isinf(g):
                total += max(abs(g), t) / abs(g + tails[n])
    return FLOOR + _STEP_ERROR * total


@njit(cache=True, error_model="numpy")
def _tail_start(calm, depth):  # type: ignore[no-untyped-def]
    """Where :func:`_rounding` begins: tails good to 1e-8 tell every loss that TOLERANCE admits (``depth`` gives 1e-14)."""
    return min(DEPTH, calm + 2 + (6 * depth) // 10) if depth > 0 else DEPTH


@njit(cache=True, error_model="numpy")
def _pole_error(x, a0):  # type: ignore[no-untyped-def]
    """What rounding a(0) and the tail costs where they cancel (x small) or where the denominators do (x large)."""
    return _STEP_ERROR * (abs(a0) + x * x / (1.0 + abs(a0)))


@njit(cache=True, error_model="numpy")
def _strip(a_row, b_table, lanes, depth, check, p, q, P, Q, x_check):  # type: ignore[no-untyped-def]
    """Convergents at ``check`` and ``depth`` for one a and ``lanes`` b; x_check and P/Q are filled."""
    a0 = a_row[0]
    for j in range(lanes):
        p[j] = 1.0
        q[j] = 0.0
        P[j] = a0
        Q[j] = 1.0
    n = 1
    while n <= depth:
        a1 = a_row[n]
        b1 = b_table[n]
        if n + 1 <= depth and n != check:
            a2 = a_row[n + 1]
            b2 = b_table[n + 1]
            for j in range(lanes):
                s = a1 * P[j] + b1[j] * p[j]
                t = a1 * Q[j] + b1[j] * q[j]
                P[j], p[j] = a2 * s + b2[j] * P[j], s
                Q[j], q[j] = a2 * t + b2[j] * Q[j], t
            n += 2
        else:
            for j in range(lanes):
                s = a1 * P[j] + b1[j] * p[j]
                t = a1 * Q[j] + b1[j] * q[j]
                p[j], P[j] = P[j], s
                q[j], Q[j] = Q[j], t
            n += 1
        if n == check + 1:
            for j in range(lanes):
                x_check[j] = P[j] / Q[j]
        if n % 8 <= 1:
            for j in range(lanes):
                scale = 1.0 / (abs(P[j]) + abs(Q[j]) + 1e-290)
                p[j] *= scale
                q[j] *= scale
                P[j] *= scale
                Q[j] *= scale


@njit(cache=True, error_model="numpy")
def _rectangle(a, b, da, db, last, values, errors, where, counts):  # type: ignore[no-untyped-def]
    na, nb = a.shape[0], b.shape[0]
    a_table = np.empty((na, DEPTH + 1))
    spread, turns = np.zeros(na), np.zeros(na, np.int64)
    for i in range(na):
        for n in range(DEPTH + 1):
            a_table[i, n] = _polynomial(a[i], float(n))
        if da[i] >= 0:
            turns[i] = _turning_point(a[i], da[i])
        roots = -a[i, -da[i]] / float(a[i, -1 - da[i]]) if da[i] > 0 else 0.0
        spread[i] = min(60.0, max(abs(roots), 2.0 * turns[i]))
    b_table = np.empty((DEPTH + 1, LANES))
    p, q, P, Q = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    x_check, tails = np.empty(LANES), np.empty(DEPTH + 2)
    found = 0
    start = 0
    while start < nb:
        stop = start + 1
        lead_column = b.shape[1] - 1 - db[start]
        while stop < nb and stop - start < LANES and db[stop] == db[start]:
            if db[start] >= 0 and b[stop, lead_column] != b[start, lead_column]:
                break
            stop += 1
        lanes = stop - start
        if db[start] < 0:
            start = stop
            continue
        lead_b = float(b[start, lead_column])
        filled = 0
        for i in range(na):
            if da[i] < 0:
                continue
            lead_a = float(a[i, a.shape[1] - 1 - da[i]])
            kind, depth, ratio = _plan(da[i], lead_a, db[start], lead_b, spread[i])
            if kind == DIVERGENT:
                for k in range(start, stop):
                    counts[FINITE if last[k] > 0 else DIVERGENT] += 1
                continue
            strip = 0 < depth <= DEPTH
            gap = max(2, depth // 10)
            if strip:
                while filled < depth:
                    filled += 1
                    for j in range(lanes):
                        b_table[filled, j] = _polynomial(b[start + j], float(filled))
                _strip(a_table[i], b_table, lanes, depth, depth - gap, p, q, P, Q, x_check)
                factor = ratio**gap
                factor = factor / (1.0 - factor)
            for j in range(lanes):
                k = start + j
                if last[k] > 0:
                    counts[FINITE] += 1
                    continue
                calm = _calm_from(a[i], b[k], turns[i])
                settled = False
                if strip and depth >= _PATIENCE * calm:
                    x = P[j] / Q[j]
                    change = abs(x - x_check[j])
                    if change * max(_MARGIN * factor, 1e-2) <= FLOOR * abs(x) and change < 0.01 * abs(x):
                        error = 0.0
                        settled = True
                if not settled:
                    x, error = scalar_value(a[i], da[i], b[k], db[k], _PATIENCE * calm)
                    if error < 0.0:
                        counts[DIVERGENT] += 1
                        continue
                rounding = FLOOR
                if _PATIENCE * calm > DEPTH:
                    rounding = np.inf
                elif calm > _CALM:
                    top = _tail_start(calm, depth if strip else 0)
                    while filled < top:
                        filled += 1
                        for lane in range(lanes):
                            b_table[filled, lane] = _polynomial(b[start + lane], float(filled))
                    rounding = _rounding(a_table[i], b_table[:, j], calm, top, tails)
                error += rounding * abs(x) + _pole_error(x, a_table[i, 0])
                if not error <= TOLERANCE * abs(x) < np.inf:
                    counts[SLOW] += 1
                    continue
                counts[VALUED] += 1
                values[found] = x
                errors[found] = error
                where[found] = i * nb + k
                found += 1
        start = stop
    return found


@njit(cache=True, error_model="numpy")
def _pairs(a, b, da, db, last, values, errors, where, counts):  # type: ignore[no-untyped-def]
    a_values, b_values, tails = np.empty(DEPTH + 1), np.empty(DEPTH + 1), np.empty(DEPTH + 2)
    found = 0
    for k in range(a.shape[0]):
        if da[k] < 0 or db[k] < 0:
            continue
        lead_a = float(a[k, a.shape[1] - 1 - da[k]])
        lead_b = float(b[k, b.shape[1] - 1 - db[k]])
        if last[k] > 0:
            counts[FINITE] += 1
            continue
        kind, depth, _ = _plan(da[k], lead_a, db[k], lead_b, 0.0)
        if kind == DIVERGENT:
            counts[DIVERGENT] += 1
            continue
        calm = _calm_from(a[k], b[k], _turning_point(a[k], da[k]))
        x, error = scalar_value(a[k], da[k], b[k], db[k], _PATIENCE * calm)
        if error < 0.0:
            counts[DIVERGENT] += 1
            continue
        rounding = FLOOR
        if _PATIENCE * calm > DEPTH:
            rounding = np.inf
        elif calm > _CALM:
            top = _tail_start(calm, depth)
            for n in range(top + 1):
                a_values[n], b_values[n] = _polynomial(a[k], float(n)), _polynomial(b[k], float(n))
            rounding = _rounding(a_values, b_values, calm, top, tails)
        error += rounding * abs(x) + _pole_error(x, _polynomial(a[k], 0.0))
        if not error <= TOLERANCE * abs(x) < np.inf:
            counts[SLOW] += 1
            continue
        counts[VALUED] += 1
        values[found] = x
        errors[found] = error
        where[found] = k
        found += 1
    return found


def evaluate_block(a: np.ndarray, b: np.ndarray, paired: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(values, absolute errors, positions in the block, counts per class) of the candidates of a block.

    ``a``, ``b``: int64 coefficient rows, highest degree first.  ``paired``: row k of a with row k of b, else all pairs
    with position = (row of a) * len(b) + (row of b).  Values are float64 proposals.
    """
    total = len(a) if paired else len(a) * len(b)
    values, errors = np.empty(total), np.empty(total, np.float32)
    where = np.empty(total, np.int64)
    counts = np.zeros(len(CLASSES), np.int64)
    da, _ = prepare_rows(a)
    db, last = prepare_rows(b)
    work = _pairs if paired else _rectangle
    found = work(a, b, da, db, last, values, errors, where, counts)
    return values[:found], errors[:found], where[:found], counts
