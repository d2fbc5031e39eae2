"""What Möbius images of small integers do not explain: larger integers, quadratic functions, values related to each other.

A value of 60 digits supports a Möbius relation with integers of about seven digits, or a quadratic one with about four; both
are found by lattice reduction (:mod:`constants_lab.relations`), a fraction of a millisecond each, and are claims like others.
Two values without a name may be Möbius images of each other: that gives neither a name, and is reported as a proposal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from flint import arb, ctx

from constants_lab.catalogue.constant import Constant
from constants_lab.constants import constant
from constants_lab.errors import ConstantsLabError
from constants_lab.expressions import Identity
from constants_lab.identification import identify
from constants_lab.relations import largest_coefficient, rational_relation
from constants_lab.search.images import Matrix, hit_matrices, images_of
from constants_lab.search.name_values import Claim, simplest_first

__all__ = ["Equivalent", "Question", "answers", "equivalents"]

_DIGITS = 58
"""Digits of a value that are trusted."""
_EQUIVALENT_BOUND = 6


@dataclass(frozen=True)
class Question:
    """Is ``value`` a function of degree at most ``degree`` of one of ``constants``?  Without constants: what is it at all?

    ``bound`` is on the integers; None means as large as the digits make significant.
    """

    key: int
    value: str
    constants: tuple[str, ...] = ()
    degree: int = 1
    bound: int | None = None


@dataclass(frozen=True)
class Equivalent:
    """A proposal from 58 digits: the value of ``formula`` is the Möbius map ``matrix`` of the value of ``other``."""

    formula: int
    other: int
    matrix: Matrix


def answers(questions: Sequence[Question], trials: int) -> list[tuple[int, list[Claim]]]:
    """The claims, simplest first, about those values for which there are any.

    ``trials``: the numbers asked about times the constants tried, which the significance of every answer pays for.
    """
    found = []
    for question in questions:
        claims = _related(question, trials) if question.constants else _identified(question, trials)
        if claims:
            found.append((question.key, claims))
    return found


@lru_cache(maxsize=4096)
def _known(name: str) -> Constant | None:
    """The constant; None for an algebraic one, which is a function of itself in many ways,
    and for two of them."""
    try:
        found = constant(name)
    except ConstantsLabError:
        # An identity in two constants has both names.
        return None
    return None if found.irrational == "algebraic" else found


def _related(question: Question, trials: int) -> list[Claim]:
    terms = 2 * question.degree + 2
    most = largest_coefficient(_DIGITS, terms, trials)
    bound = most if question.bound is None else min(most, question.bound)
    claims = []
    for name in question.constants:
        c = _known(name)
        if c is None or bound < 1:
            continue
        try:
            form = rational_relation(
                question.value, c.ball, question.degree, _DIGITS, max_coefficient=bound, trials=trials
            )
        except ConstantsLabError:
            continue
        if form is not None:
            claims.append(Claim(Identity(name, (form.numerator, form.denominator))))
    return simplest_first(claims)


def _identified(question: Question, trials: int) -> list[Claim]:
    try:
        found = identify(question.value, digits=_DIGITS, trials=trials)
    except ConstantsLabError:
        return []
    return simplest_first(Claim(each.identity) for each in found if each.identity is not None)


def equivalents(formulas: Sequence[int], values: Sequence[str]) -> list[Equivalent]:
    """Which of the values are Möbius images of an earlier one, with integers up to 6 and 58 digits in common.

    Every value is related to one other at most, the first that it was found to be an image of.
    """
    from constants_lab.search.kernels.match import make_buckets, match_images

    floats = np.array([float(text) for text in values], dtype=np.float64)
    buckets = make_buckets(floats, np.abs(floats) * 1.2e-16)
    placed: set[int] = set()
    found: list[Equivalent] = []
    for first, text in enumerate(values):
        if first in placed:
            continue
        with ctx.workprec(280):
            y = arb(text)
        images = images_of(y, _EQUIVALENT_BOUND)
        hits = match_images(buckets, images.pairs, images.sizes, images.blurs)
        matrices = sorted(hit_matrices(hits, floats, images), key=lambda hit: (hit[0], sum(map(abs, sum(hit[1], ())))))
        for row, matrix in matrices:
            if row > first and row not in placed and _is_image(values[row], y, matrix):
                placed.add(row)
                found.append(Equivalent(formulas[row], formulas[first], matrix))
    return found


def _is_image(text: str, y: arb, matrix: Matrix) -> bool:
    (p, q), (r, s) = matrix
    with ctx.workprec(280):
        x = arb(text)
        above = p * y + q
        # What an error of y in its 58th digit can do, when terms cancel.
        slack = (abs(above) + (abs(p) + abs(r * x)) * abs(y)) * arb(10) ** -58
        return bool(abs(x * (r * y + s) - above) < slack)
