"""Sources: the numbers whose images are searched, as certain partial quotients and as names.

A source is a catalogue constant, a formula, or decimal digits that a user has.  The first two give any number of quotients; a
decimal gives those common to all numbers within one unit of its last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from flint import arb, ctx, fmpq_poly, fmpz_poly

from constants_lab.constants import constant
from constants_lab.errors import InputError
from constants_lab.evidence import REQUIRED_DIGITS
from constants_lab.expressions import Identity, evaluate
from constants_lab.formula.rational_forms import form_text
from constants_lab.quotients import certain_quotients, known_quotients
from constants_lab.reals import parse_number
from constants_lab.relations import algebraic_relation

__all__ = ["MIN_QUOTIENTS", "Source", "distinct", "open_source"]

MIN_QUOTIENTS = 40
"""Fewer certain quotients than this cannot show a pattern beyond chance."""

_MIN_DIGITS = REQUIRED_DIGITS + 15
"""The last quotients that the digits of a number begin are not certain, and left-hand sides cost some more."""

Kind = Literal["constant", "expression", "value"]


@dataclass(frozen=True)
class Source:
    """A number: ``kind`` and the text that names it; ``limit`` is the number of certain quotients of a decimal, else None."""

    kind: Kind
    text: str
    limit: int | None = None

    def ball(self, digits: int) -> arb:
        """A ball of radius < 10^-digits (a decimal has the radius of its digits)."""
        if self.kind == "constant":
            return constant(self.text).ball(digits)
        if self.kind == "expression":
            return evaluate(self.text, digits)
        return parse_number(self.text)[0]

    def terms(self, count: int) -> list[int]:
        """At least ``count`` certain regular quotients, or as many as can be had (of a decimal: all it has)."""
        return _terms(self, count)

    def terms_array(self, count: int) -> np.ndarray:
        """The same as int64, cut before the first beyond 40 bits."""
        return _terms_array(self, len(self.terms(count)))

    def positive(self, top: Sequence[int], bottom: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The same left-hand side with its sign changed if its value is negative."""
        value = _rational(self, tuple(top), tuple(bottom), 30)
        return (tuple(-k for k in top) if value < 0 else tuple(top)), tuple(bottom)

    def expand(self, top: Sequence[int], bottom: Sequence[int], signs: Sequence[int], length: int) -> np.ndarray:
        """The first ``length`` signed quotients of a positive left-hand side, or as many as are certain.

        These are fewer for a decimal, for a left-hand side that is rational or infinite (then at most a few), and for a number
        whose quotients are too large (:func:`constants_lab.quotients.known_quotients`).  An int64 array, or an array of Python
        integers where some quotient or intermediate number is too large.
        """
        from constants_lab.search.kernels.quotients import as_array, extract, image_quotients

        linear = len(top) == 2
        a, b, k, d = (*top, *bottom) if linear else (1, 0, 0, 1)
        period = np.array(signs, np.int64)
        out = np.empty(length, np.int64)
        # Runs of 2 under minus signs use up few quotients of the number, so it is not known beforehand how many are needed.
        want = min(int(1.2 * length) + 40, 640)
        while True:
            terms = self.terms(want) if linear else _form_terms(self, tuple(top), tuple(bottom), want)
            short = _terms_array(self, len(terms)) if linear else as_array(terms)
            count = extract(short, a, b, k, d, period, out)
            if count == length:
                return out
            exhausted = len(terms) < want
            if count < 0 or len(short) < len(terms) or exhausted:
                quotients = image_quotients(terms, (a, b, k, d), signs, length)
                if len(quotients) == length or exhausted:
                    return np.array(quotients, dtype=object)
            want = max(2 * want, len(terms) + 1)

    @property
    def has_one_constant(self) -> bool:
        """Whether the number is a rational function of one catalogue constant."""
        return self.kind != "value" and _named(self) is not None

    def identity(self, top: Sequence[int], bottom: Sequence[int]) -> tuple[str, list[list[int]], str] | None:
        """(constant, matrix, text) of a left-hand side, or None for a decimal, which has no name."""
        if self.kind == "value":
            return None
        base = _named(self)
        if base is None:
            return self.text, [list(top), list(bottom)], form_text(_form(top, bottom), self.text)
        p, q = (fmpz_poly(list(reversed(row))) for row in base.matrix)
        rows = [_composed(row, p, q) for row in (top, bottom)]
        width = max(len(row) for row in rows)
        made = distinct(Identity(base.constant, [[0] * (width - len(row)) + row for row in rows]))
        return made.constant, [list(row) for row in made.matrix], made.lhs


def distinct(identity: Identity) -> Identity:
    """The same number in a form that is its only one: for a quadratic irrational c, (a c + b)/d; else unchanged.

    Rational functions of an algebraic number may be equal as numbers and different as functions.
    """
    minimal = _quadratic(identity.constant)
    if minimal is None:
        return identity
    p = fmpq_poly(list(minimal))
    top, bottom = (fmpq_poly(list(reversed(row))) % p for row in identity.matrix)
    # The conjugate of c is -p_1/p_2 - c; a denominator times its conjugate is rational.
    conjugate = bottom(fmpq_poly([-p[1] / p[2], -1]))
    value = (top * conjugate % p) / (bottom * conjugate % p)[0]
    whole = value.numer()
    return Identity(identity.constant, [[int(whole[1]), int(whole[0])], [0, int(value.denom())]])


@lru_cache(maxsize=256)
def _quadratic(name: str) -> tuple[int, ...] | None:
    """The minimal polynomial, lowest coefficient first, of a constant that is a quadratic irrational (numeric)."""
    relation = algebraic_relation(constant(name).ball, 2, max_coefficient=10**6)
    return None if relation is None or len(relation.coefficients) != 3 else tuple(reversed(relation.coefficients))


def _form(top: Sequence[int], bottom: Sequence[int]) -> tuple[fmpz_poly, fmpz_poly]:
    return fmpz_poly(list(reversed(top))), fmpz_poly(list(reversed(bottom)))


def _composed(row: Sequence[int], p: fmpz_poly, q: fmpz_poly) -> list[int]:
    """Coefficients, highest first, of sum row_i p^i q^(degree - i)."""
    degree = len(row) - 1
    total = fmpz_poly([0])
    for i, k in enumerate(reversed(row)):
        total += k * p**i * q ** (degree - i)
    return [int(c) for c in reversed(total.coeffs())] or [0]


@lru_cache(maxsize=256)
def _named(source: Source) -> Identity | None:
    """The source as a rational function of one catalogue constant, or None when it is a mixture."""
    if source.kind == "constant":
        return Identity(source.text, [[1, 0], [0, 1]])
    try:
        return Identity.parse(source.text)
    except InputError:
        return None


_KNOWN: dict[Source, list[int]] = {}
_ASKED: dict[Source, int] = {}


def _terms(source: Source, count: int) -> list[int]:
    if _ASKED.get(source, 0) < count:
        asked = max(count, 600)
        decimals = source.kind == "value"
        _KNOWN[source] = certain_quotients(source.ball(1)) if decimals else known_quotients(source.ball, asked)
        _ASKED[source] = 2**62 if decimals else max(asked, len(_KNOWN[source]))
    return _KNOWN[source]


def _rational(source: Source, top: tuple[int, ...], bottom: tuple[int, ...], digits: int) -> arb:
    height = max(map(abs, (*top, *bottom)))
    extra = len(top) * (len(str(height)) + 2) + 10
    with ctx.workprec(int((digits + 2 * extra) * 3.33) + 64):
        c = source.ball(digits + 2 * extra)
        values = []
        for row in (top, bottom):
            value = arb(0)
            for k in row:
                value = value * c + k
            values.append(value)
        return values[0] / values[1]


@lru_cache(maxsize=64)
def _terms_array(source: Source, count: int) -> np.ndarray:
    from constants_lab.search.kernels.quotients import as_array

    return as_array(_KNOWN[source][:count])


@lru_cache(maxsize=64)
def _form_terms(source: Source, top: tuple[int, ...], bottom: tuple[int, ...], count: int) -> list[int]:
    if source.limit is not None:
        try:
            return certain_quotients(_rational(source, top, bottom, 10 * source.limit))
        except InputError:
            # The digits do not tell the denominator from zero.
            return []
    return known_quotients(lambda digits: _rational(source, top, bottom, digits), count)


def open_source(kind: Kind, text: str) -> Source:
    """The source of that name.

    Raises :class:`InputError` for an unknown name, a formula that cannot be read, a rational number, or digits of which too
    few quotients are certain (the message says how many).
    """
    if kind == "constant":
        return Source(kind, constant(text).name)
    if kind == "expression":
        source = Source(kind, text.strip())
        _refuse_rational(source)
        return source
    ball, digits = parse_number(text)
    found = certain_quotients(ball)
    if len(found) < MIN_QUOTIENTS or digits < _MIN_DIGITS:
        needed = max(_MIN_DIGITS, int(digits * (MIN_QUOTIENTS + 3) / max(len(found), 1)) + 1)
        raise InputError(
            f"only {len(found)} partial quotients of this number are certain from its {digits} digits: give about {needed} "
            f"digits, since a pattern must show in {MIN_QUOTIENTS} quotients and hold to {REQUIRED_DIGITS} digits"
        )
    return Source(kind, text.strip(), len(found))


def _refuse_rational(source: Source) -> None:
    # What is wrong with the formula itself is said here.
    source.ball(30)
    if len(known_quotients(source.ball, 40)) < 40:
        raise InputError(
            f"{source.text[:60]!r} is rational (or cannot be told from a rational number): give an irrational one"
        )
