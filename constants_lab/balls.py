"""Between FLINT's balls and decimal digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flint import arb, ctx

if TYPE_CHECKING:
    import mpmath

__all__ = ["agreeing_digits", "decimal", "midpoint"]


def midpoint(x: arb) -> mpmath.mpf:
    """The midpoint of a ball as an ``mpmath.mpf``, exactly, whatever mpmath's working precision is."""
    import mpmath

    mantissa, exponent = x.mid().man_exp()
    return mpmath.mp.make_mpf(mpmath.libmp.from_man_exp(int(mantissa), int(exponent)))


def decimal(x: arb, digits: int) -> str:
    """The midpoint of a ball with ``digits`` significant decimal digits, rounded to nearest; no trailing zeros cut.

    >>> decimal(arb(1) / 8, 5)
    '0.12500'
    """
    import mpmath

    with mpmath.workdps(digits + 10):
        text = mpmath.nstr(midpoint(x), digits, strip_zeros=False, min_fixed=-30, max_fixed=digits + 1)
    return str(text).removesuffix(".")


def agreeing_digits(x: arb, y: arb, bits: int) -> int:
    """Significant decimal digits on which the midpoints of two balls agree.

    Equal midpoints agree on all the digits that ``bits`` can hold.  Of numbers that look like zero (below 2^-(bits/4), and
    as small as their difference) the decimal places are counted instead.
    """
    most = int(bits * 0.30103)
    with ctx.workprec(bits + 64):
        gap = abs(x.mid() - y.mid())
        size = abs(x.mid())
    if gap.is_zero():
        return most
    with ctx.workprec(64):
        zero = gap * 1000 >= size and size < arb(2) ** (-bits // 4)
        ratio = gap if zero or size.is_zero() else gap / size
        return max(0, min(most, int(float((-ratio.log() / arb(10).log()).mid()))))
