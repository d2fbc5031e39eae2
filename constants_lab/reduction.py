"""Factorial reduction read off primes: nilpotence of M(1) ... M(p) modulo p, and the growth of p-adic valuations (numeric).

With M(n) = [[0, b(n)], [1, a(n)]] and d = max(deg a, deg b / 2), the unreduced denominators q_n grow like n!^d.  A continued
fraction of a period-like number (pi, zeta values, logarithms) has a common factor of p_n and q_n that grows the same way
(factorial reduction; Raayoni et al., PNAS 121, 2024).  Two signs of it cost little:

* modulo every prime that divides no leading coefficient, M(1) ... M(p) is nilpotent (its p-curvature is; Chudnovsky and
  Chudnovsky 1985, Katz).  Nilpotence alone gives p^1 every 2 p steps;
* the valuation at p of the column (p_n, q_n) grows by d every p steps.

Neither is a proof: a fraction that fails one cannot have full reduction with good reduction at p, one that passes may.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpz, fmpz_poly, nmod, nmod_mat

from constants_lab.convergents import Matrix2, matrix_product, multiply

__all__ = ["PRIMES", "VALUATION_PRIMES", "is_nilpotent", "nilpotent_fraction", "reduction_rate", "says_something"]

PRIMES = (11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)
"""The primes of the nilpotence test."""

VALUATION_PRIMES = PRIMES[:7]
"""The primes of the growth of valuations; for each that does not count the next of :data:`PRIMES` steps in."""


def says_something(a: fmpz_poly, b: fmpz_poly, p: int) -> bool:
    """Whether the prime counts: it divides no leading coefficient."""
    return bool(a.leading_coefficient() % p) and bool(b.leading_coefficient() % p)


def is_nilpotent(a: fmpz_poly, b: fmpz_poly, p: int) -> bool:
    """Whether M(1) ... M(p) is nilpotent modulo the prime p.

    >>> from constants_lab.polynomials import parse_polynomial as P
    >>> [is_nilpotent(P("2n+1"), P("n^2"), p) for p in (11, 13)], is_nilpotent(P("n+1"), P("n"), 11)
    ([True, True], False)
    """
    product = nmod_mat(2, 2, [1, 0, 0, 1], p)
    for n in range(1, p + 1):
        product *= nmod_mat(2, 2, [0, int(b(n) % p), 1, int(a(n) % p)], p)
    return product[0, 0] + product[1, 1] == nmod(0, p) and product.det() == nmod(0, p)


def nilpotent_fraction(a: fmpz_poly, b: fmpz_poly) -> float | None:
    """The fraction of the primes of :data:`PRIMES` that count at which the product is nilpotent; None if none counts."""
    counting = [p for p in PRIMES if says_something(a, b, p)]
    if not counting:
        return None
    return sum(is_nilpotent(a, b, p) for p in counting) / len(counting)


def reduction_rate(
    a: fmpz_poly,
    b: fmpz_poly,
    blocks: tuple[int, int] = (2, 6),
    primes: Sequence[int] | None = None,
    least: float = 0.0,
    apparent: Sequence[fmpz_poly] = (),
) -> float:
    """The least growth of v_p(gcd(p_n, q_n)) from n = blocks[0] p to blocks[1] p, in units of d per p steps (numeric).

    1 is full reduction, 1/2 that of half the factorial.  The least over the ``primes`` that count (by default the first
    seven of :data:`PRIMES` that do); 0.0 if none does.  A prime that stays below ``least`` is looked at again up to n = 10 p,
    since at its boundaries the growth is uneven; if it still does, no more primes are looked at.  What apparent singularities
    (:func:`constants_lab.triviality.apparent_factors`) add to d and to the growth is taken off both.
    """
    twice = max(2 * a.degree(), b.degree()) - 2 * sum(factor.degree() for factor in apparent)
    rate: float | None = None
    counting = [p for p in (PRIMES if primes is None else primes) if says_something(a, b, p)]
    for p in counting[: len(VALUATION_PRIMES) if primes is None else None]:
        if twice <= 0:
            break
        trivial = sum(_roots_modulo(factor, p) for factor in apparent)
        here = _growth(a, b, p, blocks, twice, trivial)
        if here < least:
            here = max(here, _growth(a, b, p, (blocks[0], _FAR), twice, trivial))
        rate = here if rate is None else min(rate, here)
        if rate < least:
            break
    return rate or 0.0


_FAR = 10


def _roots_modulo(factor: fmpz_poly, p: int) -> int:
    return sum(factor(n) % p == 0 for n in range(p))


def _growth(a: fmpz_poly, b: fmpz_poly, p: int, blocks: tuple[int, int], twice: int, trivial: int) -> float:
    near, far = _valuations(a, b, p, blocks)
    return 2 * ((far - near) / (blocks[1] - blocks[0]) - trivial) / twice


def _valuations(a: fmpz_poly, b: fmpz_poly, p: int, blocks: tuple[int, int]) -> tuple[int, int]:
    near = matrix_product(a, b, 1, blocks[0] * p + 1)
    far = multiply(near, matrix_product(a, b, blocks[0] * p + 1, blocks[1] * p + 1))
    return _valuation(_column_gcd(near, a), p), _valuation(_column_gcd(far, a), p)


def _column_gcd(product: Matrix2, a: fmpz_poly) -> fmpz:
    _, x, _, z = product
    return (x + a(0) * z).gcd(z)


def _valuation(x: fmpz, p: int) -> int:
    count = 0
    while x and x % p == 0:
        x //= p
        count += 1
    return count
