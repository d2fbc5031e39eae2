"""Infinite families: fractions PCF(a(n; k), b(n; k)), k = 0, 1, 2, ..., guessed from members of one constant and tested.

Implementation overview.  The members are brought to canonical form, and their coefficients taken as points of a lattice.
Points in arithmetic progression (at least three) propose coefficients linear in k; progressions whose second difference
is constant, and falls on coefficients of n^i at least two below the leading one, propose quadratic ones (four points at least).
The further points of a progression are tests, and so are members that nobody has measured: they are evaluated, and must
equal the left-hand side to 50 digits where that is a rational function of k too (read off the matrices of the members,
exactly), or else be some Möbius image of the constant (integer relations, hence numeric).

The guess itself proves nothing: a family is a conjecture, and says how many members it was guessed from and tested on.

What is one fraction in disguise is left out: members must have class keys of their own, and of two families the
second must hold at least :data:`LEAST` classes that the first does not.  Of parallel families one is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from flint import arb, ctx, fmpq, fmpq_poly, fmpz, fmpz_mat, fmpz_poly

from constants_lab.balls import agreeing_digits, decimal
from constants_lab.constants import constant as constant_named
from constants_lab.dynamics import simple_rational
from constants_lab.errors import InputError, NotConverging
from constants_lab.evaluation import Evaluation
from constants_lab.parametric import fraction_text, polynomial_text, value_at
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients, first_positive_integer_root
from constants_lab.progressions import LEAST_LINEAR, LEAST_QUADRATIC, Point, Points, subtract
from constants_lab.reals import Ball
from constants_lab.relations import largest_coefficient, moebius_relation

__all__ = ["LEAST", "Families", "Family", "Matrix", "Member", "find_families"]

Matrix: TypeAlias = tuple[tuple[int, int], tuple[int, int]]

LEAST = 3
"""Fewest members in the data, all of classes of their own."""

_TESTS = 4
"""Fewest members not used for the guess, of which at least two beyond the data."""

_NEW = 2
_FARTHEST = 6
"""Members beyond the data are looked for so far: some may be finite, or rational, or slow."""

_DIGITS_KNOWN = 60
_LEAST_KNOWN = 50
_DIGITS_RELATION = 110
_LEAST_RELATION = 70


@dataclass(frozen=True)
class Member:
    """A polynomial continued fraction whose value is (α c + β)/(γ c + δ) in the constant c, for ``matrix`` [[α, β], [γ, δ]].

    Without a matrix the value is only known to be some such form.
    """

    pcf: PCF
    matrix: Matrix | None = None


@dataclass(frozen=True)
class Family:
    """PCF(a, b) for k = 0, 1, 2, ...: a conjecture, except for the members in the data.

    ``a`` and ``b`` are coefficients of 1, n, n^2, ..., each a polynomial in k, ``matrix`` four polynomials in k that give
    the value as (α c + β)/(γ c + δ) in the constant c, or None: then only that it is some such form.  ``members`` is the number
    of members in the data (k = 0 ... members - 1), ``guessed_from`` how many of them fixed the polynomials.  ``beyond`` are
    the k outside the data that were evaluated, ``digits`` the fewest digits to which one of these agreed.
    """

    constant: str
    a: tuple[fmpq_poly, ...]
    b: tuple[fmpq_poly, ...]
    members: int
    guessed_from: int
    classes: frozenset[str]
    matrix: tuple[fmpz_poly, ...] | None = None
    beyond: tuple[int, ...] = ()
    digits: int = 0

    @property
    def tested(self) -> int:
        """Members that were not used for the guess, in the data and beyond."""
        return self.members - self.guessed_from + len(self.beyond)

    def member(self, k: int) -> PCF:
        """The fraction of that k; raises :class:`InputError` where a or b vanishes or is not integral."""
        return PCF(*(value_at(rows, k) for rows in (self.a, self.b)))

    def texts(self) -> tuple[str, str]:
        """a and b as polynomials in n and k: ``("2*n + 2*k + 1", "n^2 + 2*k*n")``."""
        return polynomial_text(self.a), polynomial_text(self.b)

    @cached_property
    def lhs(self) -> str | None:
        """The value as a text in k and the constant, or None."""
        return None if self.matrix is None else fraction_text(self.matrix, self.constant)

    def latex(self) -> tuple[str, str, str | None]:
        """a, b and the value (None without one) in LaTeX."""
        name = constant_named(self.constant).latex
        lhs = None if self.matrix is None else fraction_text(self.matrix, name, latex=True)
        return polynomial_text(self.a, latex=True), polynomial_text(self.b, latex=True), lhs

    def __str__(self) -> str:
        left = f"a Möbius image of {self.constant}" if self.lhs is None else self.lhs
        return f"PCF({', '.join(self.texts())}) = {left} for k = 0, 1, 2, ..."


@dataclass(frozen=True)
class Families:
    """The families found; how many progressions there were to look at, and how many of them were tested by evaluation."""

    found: tuple[Family, ...]
    progressions: int
    tested: int


def find_families(constant: str, members: Iterable[Member], *, most: int = 10, tests: int = 60) -> Families:
    """At most ``most`` families among members, all of them of the one catalogue ``constant``.

    ``tests`` bounds the number of guesses that are tested by evaluation.  Raises :class:`InputError` for an unknown constant.

    >>> data = [("2n+1", "n^2", (0, 4, 1, 0)), ("2n+3", "n^2+2n", (0, 4, 1, -2)), ("2n+5", "n^2+4n", (0, 8, 3, -8))]
    >>> found = find_families("pi", [Member(PCF(a, b), ((p, q), (r, s))) for a, b, (p, q, r, s) in data]).found
    >>> print(found[0])
    PCF(2*n + 2*k + 1, n^2 + 2*k*n) = a Möbius image of pi for k = 0, 1, 2, ...
    >>> found[0].guessed_from, found[0].tested
    (3, 4)
    """
    data = _Data(members)
    points = Points(data.known, data.split)
    runs = [*points.linear(), *points.quadratic()]
    guesses = sorted((_guess(constant, data, run) for run in runs), key=_preference)
    guesses = [each for each in guesses if len(each.classes) >= LEAST and 2 * len(each.classes) > each.members]
    found: list[Family] = []
    covered: set[str] = set()
    shown: set[tuple[Point, ...]] = set()
    tested = 0
    ball = constant_named(constant).ball
    for guess in guesses:
        if len(found) >= most or tested >= tests:
            break
        if len(guess.classes - covered) < LEAST or _parallel(guess) in shown:
            continue
        tested += 1
        for direction in sorted((guess, _reversed(guess)), key=_preference):
            family = _confirmed(direction, data.matrices(direction), ball)
            if family is not None:
                found.append(family)
                covered |= guess.classes
                shown.add(_parallel(guess))
                break
    return Families(tuple(found), len(guesses), tested)


# --- the data as points ---------------------------------------------------------------------------------------------


class _Data:
    """Members as points, in lexicographic order: coefficients of a, then of b, highest first, padded to one length.

    They are canonical forms, and longer forms that reduce to these by a factor that is no constant.
    """

    def __init__(self, members: Iterable[Member]) -> None:
        rows: dict[tuple[Point, Point], tuple[str, Matrix | None]] = {}
        for member in members:
            form = member.pcf.canonical()
            key = form.class_key
            if key is None:
                continue
            matrix = None if member.matrix is None else _unscaled(member.matrix, member.pcf.scale)
            pairs = [(form, matrix)]
            # In a family single members may happen to have a canonical form that does not fit in with the others.
            if form.a * member.pcf.a.leading_coefficient() != member.pcf.a * form.a.leading_coefficient():
                pairs.append(_with_sign(member))
            for pcf, its_matrix in pairs:
                pair = coefficients(pcf.a), coefficients(pcf.b)
                if rows.get(pair, ("", None))[1] is None:
                    rows[pair] = key, its_matrix
        self.split = max((len(a) for a, _ in rows), default=1)
        self.width = self.split + max((len(b) for _, b in rows), default=1)
        self.known = {self.point(a, b): each for (a, b), each in rows.items()}

    def point(self, a: Point, b: Point) -> Point:
        """The point of a fraction with these coefficients."""
        return (0,) * (self.split - len(a)) + a + (0,) * (self.width - self.split - len(b)) + b

    def matrices(self, family: Family) -> list[Matrix]:
        """The matrices of the members k = 0, 1, ... of a family, or none if one has none."""
        members = (family.member(k) for k in range(family.members))
        found = [self.known[self.point(coefficients(each.a), coefficients(each.b))][1] for each in members]
        return [] if None in found else [matrix for matrix in found if matrix is not None]


def _with_sign(member: Member) -> tuple[PCF, Matrix | None]:
    """The member, or its negative, with a positive leading coefficient of a."""
    a = member.pcf.a
    if a.leading_coefficient() > 0:
        return member.pcf, member.matrix
    return PCF(-a, member.pcf.b), None if member.matrix is None else _unscaled(member.matrix, fmpq(-1))


def _unscaled(matrix: Matrix, scale: fmpq) -> Matrix:
    """The matrix of value/scale."""
    (p, q), (r, s) = matrix
    up, down = int(scale.p), int(scale.q)
    return (p * down, q * down), (r * up, s * up)


# --- guesses --------------------------------------------------------------------------------------------------------


def _guess(constant: str, data: _Data, run: Sequence[Point]) -> Family:
    first, second, third = run[:3]
    bend = subtract(subtract(third, second), subtract(second, first))
    # c(k) = c(0) + k (c(1) - c(0)) + k (k - 1)/2 bend.
    rows = [fmpq_poly([x, fmpq(y - x) - fmpq(w, 2), fmpq(w, 2)]) for x, y, w in zip(first, second, bend, strict=True)]
    classes = frozenset(data.known[point][0] for point in run)
    used = LEAST_QUADRATIC if any(bend) else LEAST_LINEAR
    a, b = rows[: data.split], rows[data.split :]
    return Family(constant, _trimmed(a), _trimmed(b), len(run), used, classes)


def _trimmed(rows: Sequence[fmpq_poly]) -> tuple[fmpq_poly, ...]:
    """Lowest power of n first, without leading zeros."""
    kept = list(rows)
    while len(kept) > 1 and kept[0].degree() < 0:
        del kept[0]
    return tuple(reversed(kept))


def _reversed(family: Family) -> Family:
    """The same members counted from the other end."""
    turned = fmpq_poly([family.members - 1, -1])
    a, b = (tuple(row(turned) for row in rows) for rows in (family.a, family.b))
    return replace(family, a=a, b=b)


def _preference(family: Family) -> tuple[int, int, int, str]:
    """Many classes first, then few minus signs, then short texts."""
    text = " ".join(family.texts())
    return -len(family.classes), text.count("-"), len(text), text


def _parallel(family: Family) -> tuple[Point, ...]:
    """What parallel families share: leading coefficients at k = 0 and, up to its sign, what k adds to the others."""
    lead = tuple(int(rows[-1](0).p) for rows in (family.a, family.b))
    direction = tuple(int((2 * row[i]).p) for rows in (family.a, family.b) for row in rows for i in (1, 2))
    return lead, max(direction, tuple(-x for x in direction))


def _with_matrix(family: Family, known: Sequence[Matrix]) -> Family:
    """The family with the matrix of its value as polynomials in k of least degree, guessed from as few members as possible."""
    for degree in range(3):
        for used in range(degree + 2, len(known)):
            fitted = _interpolated(known[:used], degree)
            if fitted is not None:
                if all(_proportional([p(k) for p in fitted], matrix) for k, matrix in enumerate(known)):
                    return replace(family, matrix=fitted, guessed_from=max(used, family.guessed_from))
                break
    return family


def _interpolated(known: Sequence[Matrix], degree: int) -> tuple[fmpz_poly, ...] | None:
    """Four polynomials whose values at k = 0, 1, ... are the matrices up to factors, if exactly one choice does."""
    equations: list[list[int]] = []
    for k, matrix in enumerate(known):
        entries = [*matrix[0], *matrix[1]]
        pivot = next(i for i, x in enumerate(entries) if x)
        powers = [k**i for i in range(degree + 1)]
        for other in range(4):
            if other != pivot:
                row = [0] * (4 * (degree + 1))
                for i, power in enumerate(powers):
                    row[other * (degree + 1) + i] = entries[pivot] * power
                    row[pivot * (degree + 1) + i] = -entries[other] * power
                equations.append(row)
    space, dimension = fmpz_mat(equations).nullspace()
    if dimension != 1:
        return None
    vector = [space[i, 0] for i in range(4 * (degree + 1))]
    common = fmpz(0)
    for x in vector:
        common = common.gcd(x)
    rows = [fmpz_poly([x // common for x in vector[i : i + degree + 1]]) for i in range(0, len(vector), degree + 1)]
    return tuple(rows)


def _proportional(entries: Sequence[fmpz], matrix: Matrix) -> bool:
    other = [*matrix[0], *matrix[1]]
    return any(entries) and all(
        entries[i] * other[j] == entries[j] * other[i] for i in range(4) for j in range(i + 1, 4)
    )


# --- tests beyond the data ------------------------------------------------------------------------------------------


def _confirmed(family: Family, known: Sequence[Matrix], ball: Ball) -> Family | None:
    """The family with what was evaluated beyond the data, or None if a member is no image of the constant.

    A left-hand side that fails is dropped; then the members must be some image.
    """
    with_matrix = _with_matrix(family, known)
    if with_matrix.matrix is not None:
        tested = _beyond(with_matrix, ball, _DIGITS_KNOWN)
        if tested is not None:
            return tested
    # The integers of a relation grow with k: 4 of them, as large as those known and half as large again.
    size = max((len(str(abs(x))) for matrix in known for row in matrix for x in row), default=0)
    return _beyond(family, ball, _DIGITS_RELATION + 6 * size)


def _beyond(family: Family, ball: Ball, asked: int) -> Family | None:
    wanted = max(_NEW, _TESTS - (family.members - family.guessed_from))
    c = ball(asked + 10)
    passed: list[int] = []
    least = asked
    for k in range(family.members, family.members + wanted + _FARTHEST):
        found = _evaluated(family, k, asked)
        if found is None:
            continue
        digits = _agreement(family, k, found, c, asked)
        if digits is None:
            continue
        if digits == 0:
            return None
        passed.append(k)
        least = min(least, digits)
        if len(passed) == wanted:
            return replace(family, beyond=tuple(passed), digits=least)
    return None


def _evaluated(family: Family, k: int, asked: int) -> Evaluation | None:
    """The value of a member that is infinite and irrational, or None."""
    try:
        pcf = family.member(k)
        if first_positive_integer_root(pcf.b) is not None:
            return None
        found = pcf.evaluate(asked)
    except (InputError, NotConverging):
        return None
    return None if simple_rational(found.value, min(found.digits, 60)) is not None else found


def _agreement(family: Family, k: int, found: Evaluation, c: arb, asked: int) -> int | None:
    """Digits to which the value is what the family says, 0 if it is not; None where there are too few to tell."""
    if family.matrix is None:
        digits = min(found.digits, asked)
        if digits < _LEAST_RELATION:
            return None
        most = largest_coefficient(digits - 1, 4)
        relation = moebius_relation(decimal(found.value, digits), c, digits, max_coefficient=most)
        return 0 if relation is None else digits
    if found.digits < _LEAST_KNOWN:
        return None
    bits = 4 * asked
    with ctx.workprec(bits):
        p, q, r, s = (polynomial(k) for polynomial in family.matrix)
        bottom = r * c + s
        if bottom.contains(0):
            return None
        digits = agreeing_digits(found.value, (p * c + q) / bottom, bits)
    digits = min(digits, found.digits, asked)
    return digits if digits >= _LEAST_KNOWN else 0
