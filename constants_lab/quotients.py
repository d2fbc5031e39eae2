"""Partial quotients that are certain: the regular continued fraction of a number known as a ball.

Both ends of the ball are expanded by Euclid's algorithm in integers; a quotient is certain as long as both agree.  The
precision is doubled until the asked number of quotients is certain.  Signed expansions follow from the regular one exactly
(:mod:`constants_lab.search.kernels.quotients`), so this is the only place where a ball is cut into quotients.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, ctx

from constants_lab.errors import InputError

__all__ = ["certain_quotients", "common_quotients", "regular_quotients"]

_MAX_DIGITS = 200_000


def common_quotients(p: int, q: int, r: int, s: int) -> list[int]:
    """The quotients shared by all numbers between p/q and r/s (q, s > 0).

    >>> common_quotients(314159265358979, 10**14, 314159265358980, 10**14)[:5]
    [3, 7, 15, 1, 292]
    """
    out: list[int] = []
    while q and s:
        a, b = p // q, r // s
        if a != b:
            break
        out.append(a)
        p, q, r, s = q, p - a * q, s, r - a * s
    # An end that is itself the number p/q just exhausted leaves the last quotient open to a neighbour's view.
    if out and (q == 0 or s == 0):
        out.pop()
    return out


def certain_quotients(ball: arb) -> list[int]:
    """The regular quotients common to all numbers of the ball."""
    with ctx.workprec(64):
        if not ball.is_finite():
            raise InputError("this number could not be bounded: give more digits")
    middle, radius = ball.mid(), ball.rad()
    (m, e), (r, f) = (tuple(map(int, x.man_exp())) for x in (middle, radius))
    low = min(e, f, 0)
    centre, spread = m << (e - low), r << (f - low)
    unit = 1 << -low
    return common_quotients(centre - spread, unit, centre + spread, unit)


def regular_quotients(ball_of: Callable[[int], arb], count: int) -> list[int]:
    """At least ``count`` certain quotients of the number that ``ball_of(digits)`` encloses.

    Raises :class:`InputError` when doubling the digits up to 200,000 does not give them, as for a rational number.
    """
    digits = max(30, int(1.1 * count))
    known = -1
    while digits <= _MAX_DIGITS:
        found = certain_quotients(ball_of(digits))
        if len(found) >= count:
            return found
        if len(found) == known:
            break
        known = len(found)
        digits *= 2
    raise InputError(f"only {max(known, 0)} partial quotients of this number are certain: it may be rational")
