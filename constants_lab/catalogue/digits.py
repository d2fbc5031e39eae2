"""Constants given by their digits: exact integers, and one unit in the last place for the rest.

Every function returns a ball at the current FLINT precision p (``flint.ctx.prec``) that contains the constant; its
radius is near 2^-p but not promised, and may be infinite when p is too low to certify anything.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt

import gmpy2
from flint import arb, ctx, fmpz

from constants_lab.catalogue.balls import two_to_minus, widened

__all__ = [
    "binary_number",
    "champernowne",
    "copeland_erdos",
    "liouville",
    "paper_folding",
    "primes_up_to",
    "rabbit_bits",
    "thue_morse",
]


def binary_number(bit: Callable[[int], list[int]]) -> arb:
    """sum b_k 2^-k, k >= 1, where ``bit(n)`` lists the k <= n with b_k = 1; the rest is at most 2^-n."""
    count = ctx.prec + 8
    mantissa = 0
    for k in bit(count):
        mantissa |= 1 << (count - k)
    return widened(arb(fmpz(mantissa)) * two_to_minus(count), two_to_minus(count))


def thue_morse_bits(count: int) -> list[int]:
    """The k <= count whose binary expansion has an odd number of ones."""
    return [k for k in range(1, count + 1) if k.bit_count() & 1]


def thue_morse() -> arb:
    """The Prouhet-Thue-Morse constant sum t_k 2^-(k+1), t_0 = 0, k >= 0."""
    return binary_number(thue_morse_bits) / 2


def rabbit_bits(count: int) -> list[int]:
    """floor(k*phi) <= count, the places of the ones in the rabbit sequence; exact: phi*k = (k + sqrt(5k^2))/2."""
    places, k = [], 1
    while (place := (k + isqrt(5 * k * k)) // 2) <= count:
        places.append(place)
        k += 1
    return places


def primes_up_to(count: int) -> list[int]:
    """All primes p <= count, by the sieve of Eratosthenes."""
    sieve = bytearray([1]) * (count + 1)
    sieve[:2] = b"\0\0"[: count + 1]
    for p in range(2, isqrt(count) + 1):
        if sieve[p]:
            sieve[p * p :: p] = bytes(len(range(p * p, count + 1, p)))
    return [p for p in range(2, count + 1) if sieve[p]]


def _decimal_number(text: str) -> arb:
    """0.text...: the digits not given add at most 10^-len(text)."""
    scale = arb(fmpz(10) ** len(text))
    return widened(arb(fmpz(int(gmpy2.mpz(text)))) / scale, 1 / scale)


def _decimals() -> int:
    return int(ctx.prec * 0.30103) + 4


def champernowne() -> arb:
    """0.123456789101112...: the decimals of the positive integers in a row."""
    pieces, length, n = [], 0, 1
    while length < _decimals():
        pieces.append(str(n))
        length += len(pieces[-1])
        n += 1
    return _decimal_number("".join(pieces))


def copeland_erdos() -> arb:
    """0.2357111317...: the decimals of the primes in a row (each has at least one)."""
    return _decimal_number("".join(map(str, primes_up_to(8 * _decimals() + 20)))[: _decimals()])


def liouville() -> arb:
    """sum 10^-(k!); the terms after 10^-(N!) add at most 2*10^-((N+1)!)."""
    total, factorial, k = arb(0), 1, 1
    while factorial <= _decimals():
        total += 1 / arb(fmpz(10) ** factorial)
        k += 1
        factorial *= k
    # N + 1 = k: 10^-(k!) would not be representable for large k!, and is below 10^-decimals in any case.
    return widened(total, 2 / arb(fmpz(10) ** _decimals()))


def paper_folding() -> arb:
    """sum_{k>=0} 2^-(2^k) / (1 - 2^-(2^(k+2))): terms from k = K on add at most 4*2^-(2^K)."""
    total, power = arb(0), 1
    while power <= ctx.prec + 4:
        total += two_to_minus(power) / (1 - two_to_minus(4 * power))
        power *= 2
    return widened(total, 4 * two_to_minus(ctx.prec + 4))
