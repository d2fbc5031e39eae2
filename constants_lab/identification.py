"""What a number is: rational, algebraic, or a formula in constants of the catalogue.

Implementation overview.  The number is first tested for being rational or algebraic of degree at most 4.  Then each
constant c is tried for x = P(c)/Q(c) (:func:`constants_lab.relations.rational_relation`), or all of them at once for a
linear combination.  The number of constants tried is charged to the significance of every answer, so a longer list
needs more digits to say the same.  Constants are first computed to the few dozen digits that the search needs; only
hits are computed to all digits of x, and to twice as many where x is a function.  Answers are numeric evidence, not
proofs, and an empty list means that nothing within the bounds was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import flint

from constants_lab.constants import Constant, catalogue, constant
from constants_lab.errors import InputError
from constants_lab.expressions import Identity
from constants_lab.reals import BITS_PER_DIGIT, DEFAULT_DIGITS, Ball, Real, parse_number, reader
from constants_lab.relations import (
    MAX_DEGREE,
    MAX_TERMS,
    Relation,
    algebraic_relation,
    bound_text,
    find_relations,
    rational_relation,
    required_digits,
)

__all__ = ["Identification", "Kind", "identify", "parse_number"]

Kind: TypeAlias = Literal["rational", "algebraic", "identity", "combination"]

_ALGEBRAIC_DEGREE = 4
_DEFAULT_BOUND = 1000
# Digits of x beyond these change no answer, and some constants take minutes for more.
_ENOUGH_DIGITS = 1000
# Square factors up to here are taken out of a discriminant; larger ones only make the text longer.
_TRIAL_DIVISION = 10_000


@dataclass(frozen=True, slots=True)
class Identification:
    """One answer to "what is x?", numeric.

    ``lhs`` is its text: a rational number, a formula in constants that :mod:`constants_lab.expressions` reads
    (always for "rational", "identity" and "combination", and for quadratic irrationals), or the polynomial x is a
    root of.  ``digits`` are those to which it was confirmed, ``significance`` what is left of them after chance;
    ``coefficients`` the integers paid for; ``constants`` the catalogue names in it; ``identity`` is set where
    there is exactly one.
    """

    kind: Kind
    lhs: str
    digits: int
    significance: float
    coefficients: tuple[int, ...]
    constants: tuple[str, ...] = ()
    identity: Identity | None = None

    @property
    def constant(self) -> str | None:
        """The catalogue name if there is exactly one, else None."""
        return self.constants[0] if len(self.constants) == 1 else None


@dataclass(frozen=True, slots=True)
class _Question:
    """x as given, with the digits, coefficient bound and number of trials shared by every test."""

    x: flint.arb | Ball
    digits: int
    bound: int | None
    trials: int

    def bound_for(self, terms: int) -> int | None:
        """The bound of the user; the default where the digits allow it; else None: as far as the digits go."""
        if self.bound is not None:
            return self.bound
        return _DEFAULT_BOUND if required_digits(terms, _DEFAULT_BOUND, self.trials) <= self.digits else None

    def accepts(self, coefficients: Sequence[int]) -> bool:
        return max(map(abs, coefficients)) <= (self.bound or _DEFAULT_BOUND)


def identify(
    x: Real,
    constants: Sequence[str] | None = None,
    *,
    degree: int = 1,
    max_coefficient: int | None = None,
    digits: int | None = None,
    together: bool = False,
    trials: int = 1,
) -> list[Identification]:
    """Formulas for ``x``, the most significant (hence simplest) first; empty if none was found.

    ``x`` is a decimal string, trusted but for one unit in its last place; an ``mpmath.mpf`` with ``digits``; a
    ``flint.arb``; an exact rational; or a function digits -> ball, tested at ``digits`` (100) and twice as many.
    ``constants`` are names, the whole catalogue by default.  For each c, x = P(c)/Q(c) with integer
    polynomials of degree up to ``degree`` is looked for; with ``together``, one linear combination of all constants
    and 1 instead.  ``max_coefficient`` bounds the integers: 1000 by default, or as many as the digits make significant.
    ``trials`` is the number of numbers that are asked about, of which x is one: it is charged to the significance too.
    At most 1000 digits of a given number are used.

    Raises :class:`InputError` for what is no number, an unknown constant, or a number with too few digits.

    >>> identify("4.9914442354842448120987576729291844065023383864024", ["zeta(3)"])[0].lhs
    '6/zeta(3)'
    >>> [answer.lhs for answer in identify("-0.142857142857142857142857142857", ["pi"])]
    ['-1/7']
    """
    if not 1 <= degree <= MAX_DEGREE:
        raise InputError(f"degree {degree} is not possible: give one from 1 to {MAX_DEGREE}")
    if max_coefficient is not None and max_coefficient < 1:
        raise InputError(f"max_coefficient {max_coefficient} is not possible: give a bound of at least 1")
    chosen = _chosen(constants)
    if together and constants is None:
        raise InputError("a combination of the whole catalogue is not possible: name the constants to combine")
    if together and degree != 1:
        raise InputError("a combination is linear: leave the degree out, or leave out together")
    if together and len(chosen) > MAX_TERMS - 2:
        raise InputError(f"{len(chosen)} constants are too many to combine: name at most {MAX_TERMS - 2}")
    terms = len(chosen) + 2 if together else 2 * degree + 2
    if trials < 1:
        raise InputError("trials must be at least 1")
    attempts = trials if together else trials * max(1, len(chosen))
    question = _question(x, digits, terms, max_coefficient, attempts)

    answers = _algebraic(question)
    if not any(answer.kind == "rational" for answer in answers):
        if together:
            answers += _combination(question, chosen)
        else:
            for item in chosen:
                answers += _in_one_constant(question, item, degree)
    unique: dict[str, Identification] = {}
    for answer in sorted(answers, key=lambda a: (-a.significance, len(a.lhs), a.lhs)):
        unique.setdefault(answer.lhs, answer)
    return list(unique.values())


def _chosen(names: Sequence[str] | None) -> list[Constant]:
    if names is None:
        return list(catalogue())
    if isinstance(names, str):
        names = [names]
    items = [constant(name) for name in names]
    return list({item.name: item for item in items}.values())


def _question(x: Real, digits: int | None, terms: int, bound: int | None, trials: int) -> _Question:
    """Reads x once, and refuses it if its digits cannot support an answer."""
    need = required_digits(terms, bound or 1, trials)
    read, accuracy = reader(x, digits)
    value: flint.arb | Ball
    if accuracy is None:
        given = usable = digits or max(DEFAULT_DIGITS, need)
        value = lru_cache(maxsize=8)(read)
    else:
        value = read(accuracy)
        usable = _decimals(value) if digits is None else min(digits, _decimals(value))
        if value.contains(0):
            # "1e-40" has one digit, however many decimals it fixes.
            usable = min(usable, accuracy)
        given = usable if value.contains(0) else max(accuracy, usable)
    if usable < need:
        about = f"with coefficients up to {bound_text(bound)}" if bound else "with even the smallest coefficients"
        tried = f"tried for {trials} constants" if trials > 1 else "tried for one constant"
        raise InputError(
            f"a relation of {terms} terms {about}, {tried}, needs {need + given - usable} digits of the number but "
            f"{max(given, 0)} are given: give more digits, fewer constants or smaller bounds"
        )
    return _Question(value, min(usable, digits or _ENOUGH_DIGITS), bound, trials)


def _decimals(ball: flint.arb) -> int:
    """Accurate digits of a ball; of one around zero, its decimals."""
    if not ball.contains(0):
        return int(ball.rel_accuracy_bits() / BITS_PER_DIGIT)
    radius, power = ball.abs_upper().man_exp()
    return int(-(int(power) + radius.bit_length()) / BITS_PER_DIGIT)


def _in_one_constant(question: _Question, item: Constant, degree: int) -> list[Identification]:
    form = rational_relation(
        question.x,
        item.ball,
        degree,
        question.digits,
        max_coefficient=question.bound_for(2 * degree + 2),
        trials=question.trials,
    )
    if form is None or not question.accepts(form.numerator + form.denominator):
        return []
    identity = Identity(item.name, (form.numerator, form.denominator))
    return [_named("identity", identity, form.numerator + form.denominator, form.digits, form.significance)]


def _named(
    kind: Kind, identity: Identity, coefficients: tuple[int, ...], digits: int, significance: float
) -> Identification:
    return Identification(kind, identity.lhs, digits, significance, coefficients, (identity.constant,), identity)


def _algebraic(question: _Question) -> list[Identification]:
    """x as a rational number or a root of a polynomial of the highest degree up to 4 that the digits support."""
    for degree in range(_ALGEBRAIC_DEGREE, 0, -1):
        bound = question.bound_for(degree + 1)
        if required_digits(degree + 1, bound or 1, question.trials) <= question.digits:
            break
    else:
        return []
    found = algebraic_relation(question.x, degree, question.digits, max_coefficient=bound, trials=question.trials)
    if found is None or not question.accepts(found.coefficients):
        return []
    ints = found.coefficients
    if len(ints) == 2:
        lhs = str(flint.fmpq(-ints[1], ints[0]))
        return [Identification("rational", lhs, found.digits, found.significance, ints)]
    if len(ints) == 3:
        identity = _quadratic(question, found)
        return [_named("algebraic", identity, ints, found.digits, found.significance)]
    text = _linear_text(ints, [*(f"x^{k}" for k in range(len(ints) - 1, 1, -1)), "x", ""])
    return [Identification("algebraic", f"root of {text}", found.digits, found.significance, ints)]


def _quadratic(question: _Question, found: Relation) -> Identity:
    """The root x = (-b ± s√d)/(2a) of a quadratic, as a form in the constant sqrt(d)."""
    a, b, c = found.coefficients
    outside, inside = 1, 1
    for prime, power in flint.fmpz(b * b - 4 * a * c).factor(trial_limit=_TRIAL_DIVISION):
        outside *= int(prime) ** (power // 2)
        inside *= int(prime) ** (power % 2)
    middle = question.x if isinstance(question.x, flint.arb) else question.x(question.digits)
    # The larger root is the one with +, as a > 0: compare x with the middle between the two.
    sign = 1 if 2 * a * middle + b > 0 else -1
    return Identity(f"sqrt({inside})", ((sign * outside, -b), (0, 2 * a)))


def _combination(question: _Question, items: Sequence[Constant]) -> list[Identification]:
    """x = (sum of a_i c_i + b)/k; relations among the constants alone are passed over."""
    values: list[Real] = [question.x, *(item.ball for item in items), 1]
    answers = []
    for relation in find_relations(
        values, question.digits, max_coefficient=question.bound_for(len(values)), trials=question.trials
    ):
        k, *rest = relation.coefficients
        if k == 0 or not question.accepts(relation.coefficients):
            continue
        ints = [-a for a in rest]  # k > 0: the first coefficient of a relation is positive
        used = [(item.name, a) for item, a in zip(items, ints, strict=False) if a]
        if len(used) == 1:
            identity = Identity(used[0][0], ((used[0][1], ints[-1]), (0, k)))
            answers.append(_named("identity", identity, relation.coefficients, relation.digits, relation.significance))
        elif used:
            text = _linear_text(ints, [*(item.name for item in items), ""])
            if k > 1:
                text = f"({text})/{k}"
            names = tuple(name for name, _ in used)
            answers.append(
                Identification(
                    "combination", text, relation.digits, relation.significance, relation.coefficients, names
                )
            )
    return answers


def _linear_text(coefficients: Sequence[int], names: Sequence[str]) -> str:
    """Sum of coefficient*name as text; the empty name stands for 1.

    >>> _linear_text([2, 0, -1, 3], ["pi", "e", "catalan", ""])
    '2*pi - catalan + 3'
    """
    text = ""
    for k, name in zip(coefficients, names, strict=True):
        if not k:
            continue
        size = str(abs(k)) if not name else name if abs(k) == 1 else f"{abs(k)}*{name}"
        if not text:
            text = f"-{size}" if k < 0 else size
        else:
            text += f" - {size}" if k < 0 else f" + {size}"
    return text or "0"
