"""From a proved fraction to another: the steps that carry its value over, appended to its certificate.

Two ways are tried.  Fractions with the same ratio b(n)/(a(n) a(n-1)) up to a shift of n have tails that are equal up to a
factor: heads are removed from the one, the factor applied, heads added for the other.  Otherwise a coboundary is looked for,
which can exist only where the leading terms of the ratios agree, as both fractions then converge alike.  Everything found is
decided by the checker.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain
from math import gcd

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.canonical import ratio
from constants_lab.pcf import PCF
from constants_lab.polynomials import integer_roots, shift
from constants_lab.proofs import checker, steps
from constants_lab.proofs.coboundaries import Quad, coboundaries, folded, step_matrix
from constants_lab.proofs.facts import derived, fraction_of, value_of
from constants_lab.proofs.steps import Step, certificate
from constants_lab.proofs.telescoping import Ratio
from constants_lab.signed import SignedCF

__all__ = ["from_proved", "growth", "image", "relation"]

_MOST_HEAD = 100
"""Terms of a head that are removed or added."""

_MOST_DEGREE = 8
"""Degree of the entries of a coboundary; between published fractions of Catalan's constant it reaches 7."""

_MOST_TAKEN = 4
"""Steps of the known fraction that one step of a target may stand for."""

_MOST_LATER = 3
"""Places by which the tail of a target is later than the fraction that it is related to."""

_STARTS = (1, 2, 5, 10, 20)
"""From where the denominators of the known fraction may be asked to grow."""


def from_proved(
    target: PCF | SignedCF, constant: str, matrix: Sequence[Sequence[int]], certificate_text: str
) -> str | None:
    """A certificate that ``target`` is the image of ``constant``, from one of another fraction; None when none is found.

    Any fraction that the steps of ``certificate_text``, an accepted certificate, yield on the way may be the source; what
    follows it is left out.
    """
    if isinstance(target, SignedCF) or [len(row) for row in matrix] != [2, 2]:
        return None
    known = derived(certificate_text)
    given, facts = [step for step, _ in known], [fact for _, fact in known]
    rows = [list(row) for row in matrix]
    sources = [(place, source) for place, fact in enumerate(facts) if (source := fraction_of(fact)) is not None]
    ways = [(place, more) for place, source in sources for more in _same_class(source, target, place)]
    ways.sort(key=lambda way: way[0] + len(way[1]))
    others = ((place, more) for place, source in reversed(sources) for more in _by_coboundary(source, target, place))
    for place, more in chain(ways, others):
        if not _yields(more, facts[: place + 1]):
            continue
        text = certificate(target, constant, rows, [*given[: place + 1], *more])
        try:
            checker.check(text)
        except checker.Rejected:
            continue
        return text
    return None


def relation(text: str, certificate_text: str) -> str:
    """How :func:`from_proved` got from one certificate to the other, in a few words such as "head removed, equivalence"."""
    made, given = (json.loads(each)["steps"] for each in (text, certificate_text))
    common = next((i for i, (x, y) in enumerate(zip(made, given, strict=False)) if x != y), min(len(made), len(given)))
    return ", ".join(dict.fromkeys(map(_word, made[common:]))) or "a step of its proof"


def image(text: str, certificate_text: str) -> list[list[str]] | None:
    """The matrix of the Möbius map from the value that one accepted certificate proves to that of the other, in decimal.

    ``text`` is of the image.  None when the two are about different constants.
    """
    (name, (p, q, r, s)), (other, (t, u, v, w)) = (value_of(derived(each)[-1][1]) for each in (text, certificate_text))
    if name != other:
        return None
    entries = p * w - q * v, q * t - p * u, r * w - s * v, s * t - r * u
    common = gcd(*entries) * (-1 if next(k for k in entries if k) < 0 else 1)
    first, second, third, fourth = (str(k // common) for k in entries)
    return [[first, second], [third, fourth]]


def growth(fraction: PCF) -> tuple[int, fmpq]:
    """What the leading terms say of the growth of the denominators: the same for fractions that a coboundary relates.

    Degree and coefficient of b(n)/(a(n) a(n-1)); where b outgrows the square of a, whose leading term then matters less, the
    degree of b and its leading coefficient up to rational squares.
    """
    a, b = fraction.a, fraction.b
    degree = b.degree() - 2 * a.degree()
    if degree <= 0:
        return degree, fmpq(b.leading_coefficient(), a.leading_coefficient() ** 2)
    lead = b.leading_coefficient()
    for prime, exponent in lead.factor():
        lead //= prime ** (exponent - exponent % 2)
    return b.degree(), fmpq(lead)


def _word(step: Step) -> str:
    if step["rule"] == "shift":
        return "head removed" if step["by"] > 0 else "head added"
    if step["rule"] == "coboundary" and all(entry == ["0"] for entry in step["u"][1:3]):
        return "equivalence"
    return str(step["rule"])


def _yields(more: list[Step], facts: list[checker.Fact]) -> bool:
    """Whether the checker derives the steps; far quicker than checking the whole certificate again."""
    found = list(facts)
    try:
        for step in more:
            found.append(checker.derive(step, found, set()))
    except checker.Rejected:
        return False
    return True


# --- fractions of one class


def _distance(source: PCF, target: PCF) -> int | None:
    """k with rho(n + k) of ``source`` equal to rho(n) of ``target``."""
    ours, theirs = ratio(target.a, target.b), ratio(source.a, source.b)
    means = []
    for top, bottom in (theirs, ours):
        p = top * bottom
        d = p.degree()
        means.append(fmpq(-p[d - 1], d * p[d]) if d > 0 else fmpq(0))
    k = means[0] - means[1]
    if k.q != 1 or abs(k.p) > _MOST_HEAD:
        return None
    moved = tuple(shift(p, int(k.p)) for p in theirs)
    return int(k.p) if moved == ours else None


def _same_class(source: PCF, target: PCF, place: int) -> Iterator[list[Step]]:
    k = _distance(source, target)
    if k is None:
        return
    removed, added = max(k, 0), max(-k, 0)
    top, bottom = shift(target.a, added), shift(source.a, removed)
    common = top.gcd(bottom)
    # The factor must have no zero or pole from 0 on, so heads are longer by the last of them.
    last = max((int(root) for p in (top // common, bottom // common) for root, _ in integer_roots(p)), default=-1)
    first = max(last + 1, 0)
    # A tail may be infinite where the fraction is not; the next one is then finite.
    for extra in range(first, first + 3):
        if max(removed, added) + extra <= _MOST_HEAD:
            yield _through_tails(source, target, removed + extra, added + extra, place)


def _through_tails(source: PCF, target: PCF, removed: int, added: int, place: int) -> list[Step]:
    made: list[Step] = []
    if removed:
        made.append(steps.shift(place, removed))
    a, before = shift(target.a, added), shift(source.a, removed)
    if a != before:
        made.append(_equivalent(place + len(made), PCF(a, shift(target.b, added)), a, before))
    if added:
        made.append(steps.shift(place + len(made), -added))
    return made


def _equivalent(place: int, target: PCF, top: fmpz_poly, bottom: fmpz_poly) -> Step:
    """The step to the fraction with c(n) a(n), c(n) c(n-1) b(n), c = top/bottom: a coboundary by a diagonal matrix."""
    common = top.gcd(bottom)
    if bottom.leading_coefficient() < 0:
        common = -common
    top, bottom = top // common, bottom // common
    zero = fmpz_poly([])
    factor = fmpq_poly(shift(top, 1)), fmpq_poly(bottom)
    return steps.coboundary(place, steps.shape(target), (top, zero, zero, bottom), factor)


# --- coboundaries


def _by_coboundary(source: PCF, target: PCF, place: int) -> Iterator[list[Step]]:
    known = step_matrix(fmpq_poly(source.a), fmpq_poly(source.b))
    for taken in range(1, _MOST_TAKEN + 1):
        theirs = folded(known, taken)
        if not _may_be_related(target, source, theirs, taken):
            continue
        # A later tail of the target is compared with earlier denominators of the source, whose weights then cancel less.
        for later in range(_MOST_LATER + 1):
            tail = PCF(shift(target.a, later), shift(target.b, later))
            ours = step_matrix(fmpq_poly(tail.a), fmpq_poly(tail.b))
            back = [steps.shift(place + 1, -later)] if later else []
            for found in coboundaries(ours, theirs, _MOST_DEGREE):
                for bound in _bounds(source):
                    for start in _STARTS:
                        carried = steps.coboundary(
                            place,
                            steps.shape(tail),
                            found.u,
                            found.factor,
                            steps=taken,
                            growth=bound,
                            start=start,
                        )
                        yield [carried, *back]


def _may_be_related(target: PCF, source: PCF, theirs: Quad, taken: int) -> bool:
    """Whether one step of the target and ``taken`` of the source, of the product ``theirs``, have solutions that grow alike."""
    if taken == 1:
        return growth(source) == growth(target)
    trace = theirs[0] + theirs[3]
    determinant = theirs[0] * theirs[3] - theirs[1] * theirs[2]
    degree = determinant.degree() - 2 * trace.degree()
    if trace.is_zero() or degree > 0:
        return False
    return growth(target) == (degree, -determinant.leading_coefficient() / trace.leading_coefficient() ** 2)


def _bounds(fraction: PCF) -> Iterator[Ratio]:
    """Functions r for which q(n) >= r(n) q(n-1) may hold: a where b is positive, else below what the leading terms say."""
    a, b = fmpq_poly(fraction.a), fraction.b
    one = fmpq_poly([1])
    if b.leading_coefficient() > 0:
        yield a, one
        return
    degree, lead = growth(fraction)
    spread = max(0.0, 1 + 4 * float(Fraction(int(lead.p), int(lead.q)))) ** 0.5 if degree == 0 else 1.0
    for part in (0.98, 0.9, 0.7, 0.3):
        t = Fraction((1 + part * spread) / 2).limit_denominator(100)
        yield a * fmpq(t.numerator, t.denominator), one
    # Where the two solutions grow alike, what tells them apart is the next term.
    for twice in range(1, 9) if spread < 0.01 else ():
        yield a * fmpq_poly([2 + twice, 2]), fmpq_poly([4, 4])
