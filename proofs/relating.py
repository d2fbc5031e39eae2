"""From a proved fraction to another: the steps that carry its value over, appended to its certificate.

Two ways are tried.  Fractions with the same ratio b(n)/(a(n) a(n-1)) up to a shift of n have tails that are equal up to a
factor: heads are removed from the one, the factor applied, heads added for the other.  Otherwise a coboundary is looked for,
which can exist only where the leading terms of the ratios agree, as both fractions then converge alike.  Everything found is
decided by the checker.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from math import gcd

from flint import fmpq, fmpz_poly

from constants_lab.canonical import ratio
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients, integer_roots, shift
from constants_lab.proofs import checker
from constants_lab.proofs.coboundaries import coboundaries
from constants_lab.proofs.facts import Step, derived, fraction_of, value_of
from constants_lab.proofs.prover import certificate
from constants_lab.signed import SignedCF

__all__ = ["from_proved", "growth", "image", "relation"]

_MOST_HEAD = 100
"""Terms of a head that are removed or added."""

_MOST_DEGREE = 8
"""Degree of the entries of a coboundary; between published fractions of Catalan's constant it reaches 7."""

_STARTS = (0, 1, 2, 5, 10, 20)
"""From where the signs that a coboundary needs are asked for."""

_WORDS = {"without_head": "head removed", "tail": "head added", "equivalent": "equivalence"}


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
    steps = [step for step, _ in known]
    rows = [list(row) for row in matrix]
    sources = [(place, source) for place, (_, fact) in enumerate(known) if (source := fraction_of(fact)) is not None]
    ways = [(place, more) for place, source in sources for more in _same_class(source, target, place)]
    ways.sort(key=lambda way: way[0] + len(way[1]))
    others = ((place, more) for place, source in reversed(sources) for more in _by_coboundary(source, target, place))
    for place, more in chain(ways, others):
        text = certificate(target.a, target.b, constant, rows, [*steps[: place + 1], *more])
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
    rules = dict.fromkeys(_WORDS.get(step["rule"], step["rule"]) for step in made[common:])
    return ", ".join(rules) or "a step of its proof"


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
    steps: list[Step] = []
    if removed:
        steps.append({"rule": "without_head", "fraction": place, "shift": removed})
    a, b = (shift(p, added) for p in (target.a, target.b))
    before = shift(source.a, removed)
    if a != before:
        steps.append(_equivalent(place + len(steps), a, b, a, before))
    if added:
        steps.append({"rule": "tail", "fraction": place + len(steps), "shift": added})
    return steps


def _equivalent(place: int, a: fmpz_poly, b: fmpz_poly, top: fmpz_poly, bottom: fmpz_poly) -> Step:
    """The step to PCF(a, b) by the factor top/bottom."""
    common = top.gcd(bottom)
    factor = {"num": _poly(top // common), "den": _poly(bottom // common)}
    return {"rule": "equivalent", "fraction": place, "a": _poly(a), "b": _poly(b), "c": factor}


def _poly(p: fmpz_poly) -> list[str]:
    return [str(c) for c in coefficients(p)] or ["0"]


# --- coboundaries


def _by_coboundary(source: PCF, target: PCF, place: int) -> Iterator[list[Step]]:
    for scale in _scales(source, target):
        p, q = int(scale.p), int(scale.q)
        a, b = target.a * q, target.b * q**2
        known_a, known_b = source.a * p, source.b * p**2
        steps: list[Step] = []
        if p != 1:
            steps.append(_equivalent(place, known_a, known_b, fmpz_poly([p]), fmpz_poly([1])))
        back: list[Step] = []
        if q != 1:
            back.append(_equivalent(place + len(steps) + 1, target.a, target.b, fmpz_poly([1]), fmpz_poly([q])))
        for found in coboundaries(a, b, known_a, known_b, _MOST_DEGREE):
            for start in _STARTS:
                carried: Step = {
                    "rule": "coboundary",
                    "fraction": place + len(steps),
                    "a": _poly(a),
                    "b": _poly(b),
                    "u": [_poly(entry) for entry in found.u],
                    "factor": {"num": _poly(found.factor[0]), "den": _poly(found.factor[1])},
                    "start": start,
                }
                yield [*steps, carried, *back]


def _scales(source: PCF, target: PCF) -> list[fmpq]:
    """The constant factors that make the leading terms of the source those of the target."""
    if growth(source) != growth(target):
        return []
    if target.b.degree() <= 2 * target.a.degree():
        equal = source.a.degree() == target.a.degree()
        return [fmpq(target.a.leading_coefficient(), source.a.leading_coefficient())] if equal else []
    square = fmpq(target.b.leading_coefficient(), source.b.leading_coefficient())
    root = fmpq(square.p.isqrt(), square.q.isqrt())
    return [root, -root]
