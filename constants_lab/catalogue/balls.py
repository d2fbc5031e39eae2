"""Exact powers of two and the one way in which a remainder is added to a ball."""

from __future__ import annotations

from flint import arb

__all__ = ["two_to_minus", "widened"]


def two_to_minus(bits: int) -> arb:
    """2^-bits, exactly."""
    return arb((1, -bits))


def widened(value: arb, bound: arb) -> arb:
    """``value`` with its radius enlarged by at least ``bound``, an upper bound for what was left out of a sum.

    >>> widened(arb(1), two_to_minus(10)).contains(1 - 2**-10)
    True
    """
    return value + arb(0, bound.abs_upper())
