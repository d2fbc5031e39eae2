"""Partial quotients that are certain: the regular continued fraction of a number known as a ball.

Both ends of the ball are expanded by Euclid's algorithm in integers; a quotient is certain as long as both agree.  The
precision is doubled until the asked number of quotients is certain.  Signed expansions follow from the regular one exactly
(:mod:`constants_lab.search.kernels.quotients`), so this is the only place where a ball is cut into quotients.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, ctx

from constants_lab.errors import InputError

__all__ = ["certain_quotients", "common_quotients", "known_quotients", "regular_quotients"]

_MAX_DIGITS = 100_000


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


def known_quotients(ball_of: Callable[[int], arb], count: int) -> list[int]:
    """Certain quotients of the number that ``ball_of(digits)`` encloses: ``count`` or more, or as many as can be had.

    Fewer come back for a rational number, for one that cannot be bounded, and for one whose quotients are so large that
    20 ``count`` + 2,000 digits (100,000 at most) do not make ``count`` of them certain.
    """
    limit = min(_MAX_DIGITS, 20 * count + 2000)
    digits = max(30, int(1.1 * count))
    while True:
        try:
            found = certain_quotients(ball_of(digits))
        except InputError:
            found = []
        if len(found) >= count or digits >= limit:
            return found
        digits = min(2 * digits, limit)


def regular_quotients(ball_of: Callable[[int], arb], count: int) -> list[int]:
    """At least ``count`` certain quotients of the number that ``ball_of(digits)`` encloses.

    Raises :class:`InputError` when :func:`known_quotients` has fewer, as for a rational number.
    """
    found = known_quotients(ball_of, count)
    if len(found) < count:
        raise InputError(
            f"only {len(found)} partial quotients of this number are certain and {count} are needed: it may be rational, or "
            "nearly so"
        )
    return found
