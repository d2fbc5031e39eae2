"""p-adic valuations of convergents in 64-bit integers: a first look at factorial reduction for many continued fractions.

The exact measure is :func:`constants_lab.reduction.reduction_rate`; this one sees valuations up to a fixed power of the prime,
at one depth, and is there to reject what passes stage one for free (families antisymmetric under n -> -1 - n do: their trace
is 0).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from constants_lab.search.kernels.nilpotence import stripped

__all__ = ["QUICK_PRIMES", "column_valuation", "may_reduce"]

QUICK_PRIMES = (11, 13, 17)
_BLOCKS = 3
_MODULUS_BITS = 30


@njit(cache=True)
def column_valuation(a, b, p, blocks):  # type: ignore[no-untyped-def]
    """v_p of gcd(p_n, q_n) at n = blocks p, at most the K with p^K just below 2^30."""
    modulus = p
    most = 1
    while modulus * p < 1 << _MODULUS_BITS:
        modulus *= p
        most += 1
    residues_a = np.empty(len(a), np.int64)
    for j in range(len(a)):
        residues_a[j] = a[j] % modulus
    residues_b = np.empty(len(b), np.int64)
    for j in range(len(b)):
        residues_b[j] = b[j] % modulus
    x0, x1, y0, y1 = 1, residues_a[-1], 0, 1
    for n in range(1, blocks * p + 1):
        value_a = residues_a[0]
        for j in range(1, len(a)):
            value_a = (value_a * n + residues_a[j]) % modulus
        value_b = residues_b[0]
        for j in range(1, len(b)):
            value_b = (value_b * n + residues_b[j]) % modulus
        x0, x1 = x1, (value_b * x0 + value_a * x1) % modulus
        y0, y1 = y1, (value_b * y0 + value_a * y1) % modulus
    count = 0
    while count < most and x1 % p == 0 and y1 % p == 0:
        if x1 == 0 and y1 == 0:
            return most
        x1 //= p
        y1 //= p
        count += 1
    return count


@njit(cache=True)
def may_reduce(a, b, primes, twice):  # type: ignore[no-untyped-def]
    """Whether the valuation at n = 3 p is at least 3/4 of ``twice`` = 2 d (5 at most) at each prime that counts.

    d = max(deg a, deg b / 2), less what apparent singularities add.  Full reduction gives about 2 d there (3 d of a factorial,
    less d of denominators) and half of it about d.
    """
    a, b = stripped(a), stripped(b)
    enough = min(3 * twice, 20)
    for p in primes:  # noqa: SIM110
        if a[0] % p and b[0] % p and 4 * column_valuation(a, b, p, _BLOCKS) < enough:
            return False
    return True
