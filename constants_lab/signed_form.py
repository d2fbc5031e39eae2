"""Canonical form of a signed, interlaced pattern with polynomial channels, and the class it belongs to.

A sequence of partial quotients can be written in several ways: with a multiple of the least number of channels, with part of
the pattern in the prefix, and so with the channels rotated.  The canonical form has the least number of channels and the
shortest prefix; equal sequences have equal forms.  The class forgets the prefix: it is the pattern from some index on, with the
round m counted so that the leading channel has its mean root in [-1, 0).  All exact.

Patterns with runs or recurrences are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor, lcm

from flint import fmpq, fmpq_poly

from constants_lab.channels import Channel, PolynomialChannel, RecurrenceChannel, RunChannel
from constants_lab.errors import NoEnclosure
from constants_lab.value_sets import positive_from

__all__ = ["class_text", "expands_forever", "expansion_from", "shortest_form"]

_MOST_ROUNDS = 1_000_000


def _shifted(p: fmpq_poly, h: int | fmpq) -> fmpq_poly:
    if p.degree() <= 0 or h == 0:
        return p
    return p + p[1] * h if p.degree() == 1 else p(fmpq_poly([h, 1]))


def _polynomials(channels: Sequence[Channel]) -> list[fmpq_poly] | None:
    found = [channel.polynomial for channel in channels if isinstance(channel, PolynomialChannel)]
    return found if len(found) == len(channels) else None


def _least_period(polynomials: list[fmpq_poly]) -> list[fmpq_poly]:
    """The fewest channels that interlace to the same sequence.

    With k = t k', the t channels j, j + k', ... are one, Q_j, exactly if P_(j + i k')(m) = P_j(m + i/t); then
    Q_j(m) = P_j(m/t).
    """
    k = len(polynomials)
    for fewer in range(1, k):
        if k % fewer:
            continue
        t = k // fewer
        if all(
            polynomials[j + i * fewer] == _shifted(polynomials[j], fmpq(i, t))
            for i in range(1, t)
            for j in range(fewer)
        ):
            return [p(fmpq_poly([0, fmpq(1, t)])) for p in polynomials[:fewer]]
    return polynomials


def shortest_form(prefix: Sequence[int], channels: Sequence[Channel]) -> tuple[tuple[int, ...], tuple[Channel, ...]]:
    """Prefix and channels of the canonical form.

    >>> from constants_lab.channels import parse_channel
    >>> prefix, channels = shortest_form([2, 1, 2, 1], [parse_channel(c) for c in ("1", "2m+4", "1")])
    >>> prefix, [str(c) for c in channels]
    ((2,), ['1', '2*m + 2', '1'])
    """
    polynomials = _polynomials(channels)
    if polynomials is None:
        return tuple(prefix), tuple(channels)
    fewest = _least_period(polynomials)
    if fewest is polynomials and not (prefix and polynomials[-1](-1) == prefix[-1]):
        return tuple(prefix), tuple(channels)
    polynomials = fewest
    rest = list(prefix)
    while rest and polynomials[-1](-1) == rest[-1]:
        polynomials = [_shifted(polynomials[-1], -1), *polynomials[:-1]]
        rest.pop()
    return tuple(rest), tuple(PolynomialChannel(p) for p in polynomials)


def _rank(p: fmpq_poly) -> tuple[int, fmpq]:
    degree = p.degree()
    return degree, p[degree] if degree >= 0 else fmpq(0)


def class_text(signs: Sequence[int], prefix_length: int, channels: Sequence[Channel]) -> str:
    """A text that is the same for all tails of the pattern, and only for patterns with a common tail.

    The first channel is one of greatest degree and leading coefficient; of the possible choices the text that sorts first.
    """
    polynomials = _polynomials(channels)
    if polynomials is None:
        return _written(signs, prefix_length, [str(channel) for channel in channels])
    k = len(polynomials)
    ranks = [_rank(p) for p in polynomials]
    top = max(ranks)
    moved: dict[int, list[tuple[int, ...]]] = {}

    def coefficients(h: int) -> list[tuple[int, ...]]:
        """Of all channels at m + h, once for each h: there may be a hundred channels, and as many choices."""
        if h not in moved:
            shifted = [_shifted(p, h) for p in polynomials]
            moved[h] = [(int(p.denom()), *(int(c) for c in p.numer().coeffs())) for p in shifted]
        return moved[h]

    choices = []
    for r in range(k):
        if ranks[r] != top:
            continue
        leading = polynomials[r]
        h = 0
        d = leading.degree()
        if d > 0:
            mean = -leading[d - 1] / (d * leading[d])
            h = floor(Fraction(int(mean.numer()), int(mean.denom()))) + 1
        turned = coefficients(h)[r:] + coefficients(h + 1)[:r]
        # Where nothing grows, a round is as good as another: the signs may begin at any of their phases.
        rounds = [h] if d > 0 else range(len(signs))
        choices += [(_turned(signs, prefix_length + r + i * k), turned) for i in rounds]
    phase, chosen = min(choices)
    return _written(phase, 0, [f"{','.join(map(str, c[1:]))}" + (f"/{c[0]}" if c[0] != 1 else "") for c in chosen])


def _turned(signs: Sequence[int], start: int) -> list[int]:
    turn = start % len(signs)
    return [*signs[turn:], *signs[:turn]]


def _written(signs: Sequence[int], start: int, channels: Sequence[str]) -> str:
    return f"signed {','.join(map(str, _turned(signs, start)))} ; {' | '.join(channels)}"


def expands_forever(signs: Sequence[int], prefix_length: int, channels: Sequence[Channel]) -> bool:
    """Whether every quotient of the pattern after a_0 obeys a_i >= 1, and a_i >= 2 where s_i is a minus, in all rounds (exact).

    False also where that cannot be decided: a recurrence with a negative coefficient, or a polynomial whose last root is
    beyond 100,000.
    """
    k, period = len(channels), len(signs)
    fixed = all(isinstance(channel, (PolynomialChannel, RecurrenceChannel)) for channel in channels)
    phases: dict[int, list[int]] = {}
    for j, channel in enumerate(channels):
        # A run moves what follows it, so with runs every sign may meet every channel.
        phase = (prefix_length + j) % period if fixed else -1
        if phase not in phases:
            met = [signs[(phase + m * k) % period] for m in range(period)] if fixed else signs
            phases[phase] = [2 if sign < 0 else 1 for sign in met]
        bounds = phases[phase]
        least = max(bounds)
        # a_0 may be anything.
        first = 1 if prefix_length == 0 and j == 0 else 0
        match channel:
            case PolynomialChannel(p):
                holds = _at_least(p, bounds if fixed else [least], first)
            case RunChannel(value, length):
                holds = value >= least and _at_least(length, [0], 0)
            case RecurrenceChannel(coefficients, initial):
                holds = min(coefficients) >= 0 and sum(coefficients) >= 1 and min(initial) >= least
        if not holds:
            return False
    return True


def _at_least(p: fmpq_poly, bounds: Sequence[int], first: int) -> bool:
    """p(m) >= bounds[m mod their number] for every m >= first; bounds are at most 2."""
    if p.degree() <= 0:
        return p(0) >= max(bounds)
    if p[p.degree()] < 0:
        return False
    # Beyond this no root of p - 2 is left (Cauchy's bound).
    lead = p[p.degree()]
    last = 2 + max(int(abs(p[i] - (2 if i == 0 else 0)) / lead) for i in range(p.degree()))
    return last <= 100_000 and all(p(m) >= bounds[m % len(bounds)] for m in range(first, last + 1))


def expansion_from(signs: Sequence[int], prefix_length: int, channels: Sequence[Channel]) -> int:
    """An index N such that all quotients from a_N on obey |a_n| >= 1, and |a_n| >= 2 before a minus (exact).

    "Before a minus" is meant after the equivalence that makes these quotients positive: s_n sgn(a_n) sgn(a_(n+1)) = -1.
    Raises :class:`NoEnclosure`, naming the inequality, where there is none or that is not decided (a recurrence with a
    negative coefficient).

    >>> from constants_lab.channels import parse_channel
    >>> expansion_from([1], 0, [parse_channel("m - 5"), parse_channel("1")])
    12
    """
    runs = any(isinstance(channel, RunChannel) for channel in channels)
    turned = [_sign(channel) for channel in channels]
    rounds = 0
    for j, channel in enumerate(channels):
        if runs:
            # A run moves what follows it, so every sign may meet every channel.
            least = 2 if min(signs) < 0 or min(turned) < 0 else 1
        else:
            least = 2 if min(_met(signs, prefix_length, turned, j)) < 0 else 1
        first = _round_from(channel, turned[j], least)
        if first is None:
            before = " before a minus" if least == 2 else ""
            raise NoEnclosure(
                f"|a_n| >= {least}{before} fails, or is not decided, for all large n of the channel {channel}"
            )
        rounds = max(rounds, first)
    if rounds > _MOST_ROUNDS:
        raise NoEnclosure(
            f"the quotients obey |a_n| >= 1, and |a_n| >= 2 before a minus, only after {rounds} rounds: too late"
        )
    if not runs:
        return prefix_length + len(channels) * rounds
    if all(isinstance(channel, RunChannel) and channel.length.degree() < 0 for channel in channels):
        raise NoEnclosure("all runs have length 0: the fraction is finite, so it is a rational number and no limit")
    lengths = [
        channel.count(m) if isinstance(channel, RunChannel) else 1 for m in range(rounds) for channel in channels
    ]
    return prefix_length + sum(lengths)


def _sign(channel: Channel) -> int:
    """The sign of the quotients of a channel in late rounds."""
    match channel:
        case PolynomialChannel(p):
            return -1 if p.degree() >= 0 and p[p.degree()] < 0 else 1
        case RunChannel(value, _):
            return -1 if value < 0 else 1
    return 1


def _met(signs: Sequence[int], prefix_length: int, turned: Sequence[int], j: int) -> list[int]:
    """The signs behind channel j in all rounds, after the equivalence; without runs."""
    k = len(turned)
    flip = turned[j] * turned[(j + 1) % k]
    return [signs[(prefix_length + i) % len(signs)] * flip for i in range(j, lcm(k, len(signs)), k)]


def _round_from(channel: Channel, sign: int, least: int) -> int | None:
    """A round from which on the quotients times ``sign`` are integers >= ``least``, or None."""
    match channel:
        case PolynomialChannel(p):
            return positive_from((sign * p - least).numer(), strictly=False) if _is_integer_valued(p) else None
        case RunChannel(value, length):
            regular = positive_from(length.numer(), strictly=False) if _is_integer_valued(length) else None
            if regular is None or regular > _MOST_ROUNDS or any(length(m) < 0 for m in range(regular)):
                return None
            return 0 if sign * value >= least else None
        case RecurrenceChannel(coefficients, initial):
            return 0 if min(coefficients) >= 0 and sum(coefficients) >= 1 and min(initial) >= least else None
    return None


def _is_integer_valued(p: fmpq_poly) -> bool:
    """Whether p(m) is an integer for every integer m: it is if it is for degree + 1 in a row."""
    return p.denom() == 1 or all(p(m).denom() == 1 for m in range(p.degree() + 1))
