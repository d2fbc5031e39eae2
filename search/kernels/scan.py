"""The compiled loop of the ESMA search: left-hand sides times sign patterns, from quotients to detected patterns.

Each pair is expanded to the first length of a ladder; when no pattern shows, to the next, so that long patterns (many
channels) are found and short ones cost little.  Nothing is decided here.
"""

from __future__ import annotations

import math

from numba import njit

from constants_lab.search.kernels.patterns import collapse_runs, quasi_polynomial
from constants_lab.search.kernels.quotients import extract

__all__ = ["GROWN", "HARD", "INTERLACED", "NOTHING", "RUNS", "cylinder_digits", "detect", "log10_denominators", "scan"]

NOTHING, INTERLACED, RUNS, HARD = range(4)

GROWN = 1 << 20
"""A quotient as large in the second half of a sequence is a sign of exponential growth: a random one is, once in 700,000."""

MAX_DEGREE = 3
SURPLUS = 24


@njit(cache=True, error_model="numpy")
def detect(out, signs, buffer):  # type: ignore[no-untyped-def]
    """(kind, k, degree, start, value): interlaced polynomials, or after collapsing runs of ``value``.

    Runs are looked for where they can occur: of 2 when a sign is minus, and of the value most terms have.
    """
    k, degree, start = quasi_polynomial(out, MAX_DEGREE, SURPLUS)
    if k:
        return INTERLACED, k, degree, start, 0
    minus = False
    for s in signs:
        minus = minus or s < 0
    for value in range(2 if minus else 1, 3 if minus else 2):
        count = 0
        for a in out:
            if a == value:
                count += 1
        if 2 * count < out.shape[0]:
            continue
        written, _ = collapse_runs(out, value, buffer)
        if written < SURPLUS + 4:
            continue
        k, degree, start = quasi_polynomial(buffer[:written], MAX_DEGREE, SURPLUS)
        if k and degree > 0:
            return RUNS, k, degree, start, value
    return NOTHING, 0, 0, 0, 0


@njit(cache=True, error_model="numpy")
def scan(terms, matrices, signs, sign_lengths, ladder, first, last, out, buffer, found):  # type: ignore[no-untyped-def]
    """Detect patterns for the pairs first..last-1 of (left-hand side, sign pattern); returns the hits written to ``found``.

    Pair index = left-hand side * sign patterns + sign pattern.  ``matrices``: rows (a, b, k, d) whose image of the constant is
    positive.  A row of ``found`` is (index, kind, k, degree, start, value, length).  HARD: what
    64 bits or the known quotients cannot decide, or what grows exponentially.
    """
    patterns = signs.shape[0]
    hits = 0
    for index in range(first, last):
        which = index % patterns
        matrix = matrices[index // patterns]
        period = signs[which, : sign_lengths[which]]
        for length in ladder:
            count = extract(terms, matrix[0], matrix[1], matrix[2], matrix[3], period, out[:length])
            if count < length:
                found[hits, 0], found[hits, 1], found[hits, 6] = index, HARD, length
                hits += 1
                break
            kind, k, degree, start, value = detect(out[:length], period, buffer)
            if kind != NOTHING:
                found[hits, 0], found[hits, 1], found[hits, 2], found[hits, 3] = index, kind, k, degree
                found[hits, 4], found[hits, 5], found[hits, 6] = start, value, length
                hits += 1
                break
            if length == ladder[-1] and out[length // 2 : length].max() >= GROWN:
                found[hits, 0], found[hits, 1], found[hits, 6] = index, HARD, length
                hits += 1
    return hits


@njit(cache=True, error_model="numpy")
def cylinder_digits(quotients, signs):  # type: ignore[no-untyped-def]
    """log10 of q_n |q_n + s_n q_(n-1)| for the last n: digits that the shared quotients fix (float64, relative 1e-12)."""
    log_q, ratio = 0.0, 1e300
    period = signs.shape[0]
    for n in range(1, quotients.shape[0]):
        ratio = quotients[n] + signs[(n - 1) % period] / ratio
        log_q += math.log10(abs(ratio))
    n = quotients.shape[0] - 1
    return 2.0 * log_q + math.log10(abs(1.0 + signs[n % period] / ratio))


@njit(cache=True, error_model="numpy")
def log10_denominators(quotients, signs):  # type: ignore[no-untyped-def]
    """(log10 q_(n-1), log10 q_n) for the last n (float64, relative 1e-12)."""
    before, log_q, ratio = 0.0, 0.0, 1e300
    period = signs.shape[0]
    for n in range(1, quotients.shape[0]):
        ratio = quotients[n] + signs[(n - 1) % period] / ratio
        before = log_q
        log_q += math.log10(abs(ratio))
    return before, log_q
