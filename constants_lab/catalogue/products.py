"""Constants given by infinite products: over the integers, and over the primes through zeta values.

Every function returns a ball at the current FLINT precision p (``flint.ctx.prec``) that contains the constant; its
radius is near 2^-p but not promised, and may be infinite when p is too low to certify anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt

from flint import arb, ctx, fmpq, fmpz

from constants_lab.catalogue.balls import two_to_minus, widened
from constants_lab.catalogue.digits import primes_up_to

__all__ = [
    "artin",
    "carefree",
    "euler_product",
    "feller_tornier",
    "kepler_bouwkamp",
    "landau_ramanujan",
    "meissel_mertens",
    "stephens",
    "twin_prime",
]


def kepler_bouwkamp() -> arb:
    """prod_{n>=3} cos(pi/n).

    For n > N, log cos(pi/n) = -sum_k (4^k - 1) zeta(2k) n^(-2k) / k; summing over n > N the k-th term is at most
    2 (4^k/k) N^(1-2k), so the terms after K add at most 4 N (2/N)^(2K+2), with N = 16.
    """
    split = 16
    total = arb(0)
    for n in range(3, split + 1):
        total += arb.cos_pi_fmpq(fmpq(1, n)).log()
    last = ctx.prec // 6 + 4
    for k in range(1, last + 1):
        tail = arb(2 * k).zeta(split + 1)
        total -= (fmpz(4) ** k - 1) * arb(2 * k).zeta() * tail / k
    return widened(total, 4 * split * arb(2) ** (-3 * (2 * last + 2))).exp()


def landau_ramanujan() -> arb:
    """2^(-1/2) prod_{s = 2, 4, 8, ...} [(1 - 2^-s) zeta(s)/beta(s)]^(1/(2s)) (Flajolet and Vardi, 1996).

    The bracket is prod_{p = 3 mod 4} (1 + p^-s)/(1 - p^-s), whose logarithm lies in [0, 4*3^-s]; hence the
    logarithm of all factors from s on lies in [0, 4*3^-s] too.
    """
    logarithm, s = arb(0), 2
    while 1.58 * s <= ctx.prec + 8:
        beta = (arb(s).zeta(arb(fmpq(1, 4))) - arb(s).zeta(arb(fmpq(3, 4)))) / arb(4) ** s
        logarithm += ((1 - two_to_minus(s)) * arb(s).zeta() / beta).log() / (2 * s)
        s *= 2
    return arb(2).rsqrt() * widened(logarithm, 4 / arb(fmpz(3) ** s)).exp()


# --- products over the primes ------------------------------------------------------------------------------------


def euler_product(numerator: Sequence[int], denominator: Sequence[int]) -> arb:
    """prod_p f(1/p) over all primes, f = numerator/denominator with f(x) = 1 + O(x^2).

    The polynomials are given lowest degree first, with constant term 1, and f(1/p) must be positive.  Write
    log f(x) = -sum_d t_d x^d/d.  Primes up to P are multiplied out; for the others, Moebius inversion gives

        log prod_{p>P} f(1/p) = -sum_{n>=2} (1/n) (sum_{d|n} mu(n/d) t_d) log zeta_P(n),

    zeta_P(n) = zeta(n) prod_{p<=P} (1 - p^-n) (Cohen, "High precision computation of Hardy-Littlewood
    constants").  For the bound of the tail see the source of the sum.
    """
    primes = _small_primes()
    growth = 1 + max(abs(c) for c in (*numerator, *denominator))
    size = len(numerator) + len(denominator)
    body = arb(1)
    for p in primes:
        body *= _at_inverse(numerator, p) / _at_inverse(denominator, p)

    def power_sums(count: int) -> list[int]:
        upper, lower = _newton(numerator, count), _newton(denominator, count)
        return [a - b for a, b in zip(upper, lower, strict=True)]

    return body * _prime_tail(primes, power_sums, size, growth).exp()


def _small_primes() -> list[int]:
    return primes_up_to(100 + isqrt(8 * ctx.prec))


def _at_inverse(coefficients: Sequence[int], p: int) -> arb:
    return arb(fmpq(sum(c * p ** (len(coefficients) - 1 - k) for k, c in enumerate(coefficients)), 1)) / arb(
        fmpz(p) ** (len(coefficients) - 1)
    )


def _newton(coefficients: Sequence[int], count: int) -> list[int]:
    """Power sums s_0..s_count of the alpha_i in prod (1 - alpha_i x) = sum c_k x^k (Newton's identities)."""
    degree = len(coefficients) - 1
    sums = [degree]
    for d in range(1, count + 1):
        total = -d * coefficients[d] if d <= degree else 0
        total -= sum(coefficients[k] * sums[d - k] for k in range(1, min(d - 1, degree) + 1))
        sums.append(total)
    return sums


def _prime_tail(primes: list[int], power_sums: Callable[[int], list[int]], size: int, growth: int) -> arb:
    """-sum_{n>=2} (1/n) (sum_{d|n} mu(n/d) t_d) log zeta_P(n), for |t_d| <= size*growth^d and 2*growth <= P.

    log zeta_P(n) <= 2 sum_{k>P} k^-n <= 2 P^(1-n), and the inner sum over n is at most size*growth^n, so the terms
    after K add at most 4 P size (growth/P)^(K+1).
    """
    top = primes[-1]
    ratio = arb(growth) / top
    last = 2
    while not (4 * top * size * ratio ** (last + 1) < two_to_minus(ctx.prec)):
        last += 1 + last // 64
    sums = power_sums(last)
    moebius = _moebius(last)
    total = arb(0)
    inverse = [arb(1) / p for p in primes]
    powers = list(inverse)
    for n in range(2, last + 1):
        powers = [a * b for a, b in zip(powers, inverse, strict=True)]
        weight = sum(moebius[n // d] * sums[d] for d in range(1, n + 1) if n % d == 0 and moebius[n // d])
        if weight:
            zeta = arb(n).zeta()
            for power in powers:
                zeta *= 1 - power
            total -= arb(fmpq(weight, n)) * zeta.log()
    return widened(total, 4 * top * size * ratio ** (last + 1))


def _moebius(count: int) -> list[int]:
    """mu(0..count), with mu(0) = 0."""
    values = [1] * (count + 1)
    values[0] = 0
    for p in primes_up_to(count):
        for multiple in range(p, count + 1, p):
            values[multiple] = -values[multiple]
        for multiple in range(p * p, count + 1, p * p):
            values[multiple] = 0
    return values


def twin_prime() -> arb:
    """prod_{p>2} (1 - 1/(p-1)^2) = prod_{p>2} (1 - 2x)/(1 - x)^2 with x = 1/p (Hardy and Littlewood).

    The factor of p = 2 would be 0, so it is kept out of the product and of the sum over larger primes alike.
    """
    primes = _small_primes()
    body = arb(1)
    for p in primes[1:]:
        body *= 1 - arb(fmpq(1, (p - 1) ** 2))
    return body * _prime_tail(primes, lambda count: [0, *(2**d - 2 for d in range(1, count + 1))], 3, 2).exp()


def artin() -> arb:
    """prod_p (1 - 1/(p(p-1))) = prod_p (1 - x - x^2)/(1 - x)."""
    return euler_product([1, -1, -1], [1, -1])


def stephens() -> arb:
    """prod_p (1 - p/(p^3 - 1)) = prod_p (1 - x^2 - x^3)/(1 - x^3)."""
    return euler_product([1, 0, -1, -1], [1, 0, 0, -1])


def feller_tornier() -> arb:
    """1/2 + (1/2) prod_p (1 - 2/p^2)."""
    return (1 + euler_product([1, 0, -2], [1])) / 2


def carefree() -> arb:
    """prod_p (1 - (2p - 1)/p^3), the density of coprime pairs (a, b) with a squarefree."""
    return euler_product([1, 0, -2, 1], [1])


def meissel_mertens() -> arb:
    """lim (sum_{p<=n} 1/p - log log n) = gamma + sum_p (log(1 - 1/p) + 1/p) (Mertens' second theorem)."""
    primes = _small_primes()
    body = arb.const_euler()
    for p in primes:
        body += (1 - arb(fmpq(1, p))).log() + arb(fmpq(1, p))
    return body + _prime_tail(primes, lambda count: [0, 0, *([1] * (count - 1))], 1, 1)
