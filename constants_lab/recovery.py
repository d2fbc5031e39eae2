"""Recovering a signed continued fraction from partial quotients: prefix, channels, and a test on terms never used.

Implementation overview.  A detector has proposed that, from ``start`` on, the sequence is k interlaced polynomials of degree
<= d (perhaps after runs of one value were collapsed), or that it obeys a linear recurrence.  Here the polynomials are fitted
exactly on the first d + 1 values of each channel and must meet every other value: the terms that were not used in the fit are
the hold-out, and there must be at least ``HOLD_OUT`` of them, one in every channel.  One wrong quotient anywhere makes the
recovery refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from flint import fmpq_poly, fmpz_mat

from constants_lab.channels import Channel, PolynomialChannel, RecurrenceChannel, RunChannel, interpolate, newton
from constants_lab.errors import InputError
from constants_lab.signed import SignedCF

__all__ = ["HOLD_OUT", "recover_interlaced", "recover_recurrence", "recover_runs"]

HOLD_OUT = 20
"""Terms that must be predicted and are not used in a fit."""

_MAX_RECURRENCE = 12


def _fit(values: Sequence[int], k: int, degree: int) -> list[fmpq_poly] | None:
    """k interlaced polynomials through ``values``, or None."""
    # Every channel is tested: one that is only fitted would hide a wrong quotient.
    if len(values) - k * (degree + 1) < max(HOLD_OUT, k) or not _is_annihilated(values, k, degree + 1):
        return None
    fitted = [newton(values[j : j + k * (degree + 1) : k]) for j in range(k)]
    # Neither quotients nor run lengths can go to minus infinity: such a channel cannot be the whole truth.
    return None if any(p.degree() > 0 and p[p.degree()] < 0 for p in fitted) else fitted


def _is_annihilated(values: Sequence[int], k: int, order: int) -> bool:
    """Whether every difference of this order with step k vanishes: each value is met by the polynomial of its channel."""
    row = list(values)
    for _ in range(order):
        row = [y - x for x, y in zip(row, row[k:], strict=False)]
    return not any(row)


def recover_interlaced(
    quotients: Sequence[int], signs: Sequence[int], k: int, degree: int, start: int
) -> SignedCF | None:
    """The fraction with prefix quotients[:start] and k polynomial channels, or None if a term disagrees.

    >>> recover_interlaced([3] + [4*m + 6 for m in range(30)], [1], 1, 1, 1)
    SignedCF([1], [3], ['4*m + 6'])
    """
    fitted = _fit(quotients[start:], k, degree)
    if fitted is None or (all(p == fmpq_poly([2]) for p in fitted) and all(s < 0 for s in signs)):
        # 2 - 1/(2 - ...) = 1: no irrational number ends so, but every one has long runs of 2 before a large quotient.
        return None
    return SignedCF(signs, quotients[:start], [PolynomialChannel(p) for p in fitted])


def recover_runs(
    quotients: Sequence[int], signs: Sequence[int], value: int, pairs: tuple[int, int, int]
) -> SignedCF | None:
    """The fraction in which runs of ``value`` grow; ``pairs`` is (k, degree, start) of the collapsed sequence.

    The collapsed sequence lists each other element with the number of ``value`` after it, so k and start are even.
    """
    k, degree, start = pairs
    collapsed, lead = _collapse(quotients, value)
    if start % 2:
        start += 1
    if k % 2:
        k *= 2
    fitted = _fit(collapsed[start:], k, degree)
    if fitted is None or all(p.degree() <= 0 for p in fitted[1::2]):
        return None
    prefix = [value] * lead
    for single, count in zip(collapsed[:start:2], collapsed[1:start:2], strict=True):
        prefix += [single] + [value] * count
    channels: list[Channel] = []
    for element, length in zip(fitted[::2], fitted[1::2], strict=True):
        channels.append(PolynomialChannel(element))
        if length.degree() > 0:
            channels.append(RunChannel(value, length))
        else:
            channels += [PolynomialChannel(fmpq_poly([value]))] * (
                int(length(0).numer()) if length.degree() == 0 else 0
            )
    made = SignedCF(signs, prefix, channels)
    try:
        return made if made.quotients(len(quotients)) == list(quotients) else None
    except InputError:
        # A length that is negative in a round not seen yet.
        return None


def _collapse(quotients: Sequence[int], value: int) -> tuple[list[int], int]:
    lead = 0
    while lead < len(quotients) and quotients[lead] == value:
        lead += 1
    out: list[int] = []
    for a in quotients[lead:]:
        if a == value:
            out[-1] += 1
        else:
            out += [a, 0]
    return out[:-2], lead


def recover_recurrence(quotients: Sequence[int], signs: Sequence[int], most_channels: int = 6) -> SignedCF | None:
    """The fraction whose channels are short C-finite sequences, some of them growing exponentially, or None.

    Tries k = 1, 2, ... channels, each with the least prefix of up to a quarter of the terms; a channel's recurrence has
    order at most 12, is solved from its first terms over Z and must predict all the others, :data:`HOLD_OUT` in all.  Of the
    k that work, the one with the least sum of orders is taken: interlaced 3^m and 2m+1 rather than one sequence of order 6.
    """
    found: list[tuple[int, int, int, list[Channel]]] = []
    for k in range(1, most_channels + 1):
        for start in range(len(quotients) // 4):
            channels = _channels(quotients[start:], k)
            if channels is not None:
                found.append((sum(map(_order, channels)), k, start, channels))
                break
    if not found:
        return None
    _, _, start, channels = min(found, key=lambda item: item[:2])
    return SignedCF(signs, quotients[:start], channels)


def _channels(values: Sequence[int], k: int) -> list[Channel] | None:
    channels: list[Channel] = []
    for j in range(k):
        channel = _short_recurrence(values[j::k])
        if channel is None:
            return None
        channels.append(channel)
    # A recurrence of order r is fitted to 2 r terms.
    used = sum(_order(c) * (2 if isinstance(c, RecurrenceChannel) else 1) for c in channels)
    return channels if len(values) - used >= HOLD_OUT else None


def _order(channel: Channel) -> int:
    """The length of the linear recurrence that the values obey."""
    if isinstance(channel, RecurrenceChannel):
        return len(channel.coefficients)
    return max(channel.polynomial.degree(), 0) + 1 if isinstance(channel, PolynomialChannel) else 1


def _short_recurrence(values: Sequence[int]) -> Channel | None:
    """A polynomial of degree <= 2 or the shortest integer recurrence (leading coefficient 1) that gives ``values``."""
    for degree in range(3):
        if len(values) > degree + 2:
            polynomial = interpolate(values, degree)
            if polynomial is not None:
                return PolynomialChannel(polynomial)
    for order in range(1, min(_MAX_RECURRENCE, len(values) // 3) + 1):
        matrix = fmpz_mat([[values[i + order - 1 - j] for j in range(order)] for i in range(order)])
        if matrix.det() == 0:
            continue
        right = fmpz_mat([[values[i + order]] for i in range(order)])
        solution = matrix.solve(right)
        if any(solution[i, 0].q != 1 for i in range(order)):
            continue
        if solution[order - 1, 0] == 0:
            # A vanishing last coefficient would hide a prefix in the initial values.
            continue
        channel = RecurrenceChannel(tuple(int(solution[i, 0].p) for i in range(order)), tuple(values[:order]))
        if list(islice(channel.sequence(), len(values))) == list(values):
            return channel
    return None
