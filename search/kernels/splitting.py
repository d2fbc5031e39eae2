"""All polynomials in a box that are products of linear factors over Q, built from their factors.

The content, the leading coefficients u and the constant terms v of the factors u n + v multiply to the first and the last
nonzero coefficient, which the box bounds, so there are few products to multiply out.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["split_rows"]


@njit(cache=True)
def _linear_factors(largest_lead, largest_end):  # type: ignore[no-untyped-def]
    """Primitive u n + v, u <= largest_lead, 0 < |v| <= largest_end, without positive integer root; shape (count, 2)."""
    out = np.empty((largest_lead * 2 * largest_end, 2), np.int64)
    count = 0
    for u in range(1, largest_lead + 1):
        for v in range(-largest_end, largest_end + 1):
            x, y = u, abs(v)
            while y:
                x, y = y, x % y
            if v != 0 and x == 1 and not (u == 1 and v < 0):
                out[count, 0], out[count, 1] = u, v
                count += 1
    return out[:count]


@njit(cache=True)
def _products(degree, lows, highs):  # type: ignore[no-untyped-def]
    """The rows in the box that are k n^(width - 1 - degree) times a product of ``degree`` linear factors; k any integer."""
    width = len(lows)
    largest_lead = max(abs(lows[0]), abs(highs[0]))
    largest_end = max(abs(lows[degree]), abs(highs[degree]))
    factors = _linear_factors(largest_lead, largest_end)
    out = np.empty((1024, width), np.int64)
    count = 0
    # The factor chosen at each depth, and the product of those above it with its first and last coefficient.
    choice = np.zeros(degree + 1, np.int64)
    product = np.zeros((degree + 1, width), np.int64)
    product[0, 0] = 1
    leads = np.ones(degree + 1, np.int64)
    ends = np.ones(degree + 1, np.int64)
    depth = 0
    while depth >= 0:
        if depth == degree:
            limit = min(largest_lead // leads[depth], largest_end // ends[depth])
            for k in range(-limit, limit + 1):
                inside = k != 0
                for j in range(width):
                    c = k * product[depth, j]
                    if c < lows[j] or c > highs[j]:
                        inside = False
                        break
                if inside:
                    if count == len(out):
                        more = np.empty((2 * count, width), np.int64)
                        more[:count] = out
                        out = more
                    for j in range(width):
                        out[count, j] = k * product[depth, j]
                    count += 1
        elif choice[depth] < len(factors):
            u, v = factors[choice[depth], 0], factors[choice[depth], 1]
            # Factors come in the order of u: from here on all are too large.
            if leads[depth] * u <= largest_lead:
                if ends[depth] * abs(v) > largest_end:
                    choice[depth] += 1
                    continue
                product[depth + 1, 0] = product[depth, 0] * u
                for j in range(1, width):
                    product[depth + 1, j] = product[depth, j] * u + product[depth, j - 1] * v
                leads[depth + 1] = leads[depth] * u
                ends[depth + 1] = ends[depth] * abs(v)
                # In increasing order, so that every product comes once.
                choice[depth + 1] = choice[depth]
                depth += 1
                continue
        depth -= 1
        if depth >= 0:
            choice[depth] += 1
    return out[:count]


def split_rows(lows: np.ndarray, highs: np.ndarray) -> np.ndarray:
    """The rows (int64, highest degree first, sorted) of polynomials of full degree that split over Q, lows <= row <= highs.

    Those with a positive integer root are left out: they end the continued fraction.

    >>> split_rows(np.array([1, -1, -1]), np.array([1, 1, 1])).tolist()
    [[1, 0, 0], [1, 1, 0]]
    """
    width = len(lows)
    parts = []
    for zeros in range(width):
        if all(low <= 0 <= high for low, high in zip(lows[width - zeros :], highs[width - zeros :], strict=True)):
            parts.append(_products(width - 1 - zeros, lows.astype(np.int64), highs.astype(np.int64)))
    rows = np.concatenate(parts)
    return rows[np.lexsort(rows.T[::-1])]
