"""Integer relations between real numbers, and the forms made from them.

Implementation overview.  :func:`find_relation` looks for integers with sum k_i x_i = 0 by LLL reduction of the
lattice described in :mod:`constants_lab.lattice`, which says what of it is exact and what is heuristic.  A relation
counts only when the digits exceed by 20 what chance gives to integers of its size, and, where the values can be
computed to any precision, when it holds again at twice the digits.  :func:`rational_relation`,
:func:`moebius_relation` and :func:`algebraic_relation` read relations among products of powers as x = P(c)/Q(c) and
as P(x) = 0.
All results are numeric evidence and not proofs; None means "none within the bound was found".

>>> def root(k):
...     def ball(digits):
...         with flint.ctx.workdps(digits + 5):
...             return flint.arb(k).sqrt()
...     return ball
>>> find_relation([root(8), root(2), 1]).coefficients
(1, -2, 0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import flint

from constants_lab.errors import InputError
from constants_lab.evidence import REQUIRED_SIGNIFICANCE
from constants_lab.evidence import significance as digits_beyond_chance
from constants_lab.lattice import MAX_DIGITS, Relation, Search, search
from constants_lab.reals import DEFAULT_DIGITS, Ball, Real, parse_number, precision, reader

__all__ = [
    "MAX_DEGREE",
    "MAX_TERMS",
    "RationalForm",
    "Real",
    "Relation",
    "algebraic_relation",
    "bound_text",
    "expected_chance_digits",
    "find_relation",
    "find_relations",
    "largest_coefficient",
    "moebius_relation",
    "parse_number",
    "rational_relation",
    "required_digits",
]

MAX_TERMS = 50
MAX_DEGREE = 12


@dataclass(frozen=True, slots=True)
class RationalForm:
    """x = P(c)/Q(c): integer polynomials in lowest terms, highest power first, rows of equal length.

    The leading coefficient of Q is positive; ``digits`` and ``significance`` as in :class:`Relation`.
    """

    numerator: tuple[int, ...]
    denominator: tuple[int, ...]
    digits: int
    significance: float


def expected_chance_digits(n: int, max_coefficient: int) -> float:
    """Digits to which some combination of ``n`` random reals vanishes by chance: n log10(2K + 1).

    >>> round(expected_chance_digits(4, 1000), 3)
    13.205
    """
    if n < 1 or max_coefficient < 1:
        raise InputError("the number of terms and the bound on coefficients must be at least 1")
    return n * math.log10(2 * max_coefficient + 1)


def required_digits(
    n: int, max_coefficient: int, trials: int = 1, *, significance: float = REQUIRED_SIGNIFICANCE
) -> int:
    """Digits that make any relation among ``n`` numbers with coefficients up to the bound significant.

    ``trials`` is the number of such searches made; raises :class:`InputError` where a count is below 1.

    >>> required_digits(4, 1000)
    34
    """
    if trials < 1:
        raise InputError("trials must be at least 1")
    return math.ceil(expected_chance_digits(n, max_coefficient) + math.log10(trials) + significance)


def bound_text(bound: int) -> str:
    """A bound on coefficients for a message, where thousands of digits would not help.

    >>> bound_text(1000), bound_text(10**400)
    ('1000', '10^400')
    """
    return str(bound) if bound < 10**12 else f"10^{round(math.log10(bound))}"


def largest_coefficient(digits: int, n: int, trials: int = 1, *, significance: float = REQUIRED_SIGNIFICANCE) -> int:
    """The largest bound K with ``required_digits(n, K, trials) <= digits``; 0 if there is none.

    >>> largest_coefficient(34, 4), largest_coefficient(10, 4)
    (1580, 0)
    """
    room = (digits - significance - math.log10(trials)) / n
    if room <= 0:
        return 0
    if room > 300:
        # 10**room overflows a float: the integer part is taken exactly, the bound loses less than one digit.
        return int(10 ** int(room)) // 2
    return int((10.0**room - 1) / 2 * (1 + 1e-12))


def find_relation(
    values: Sequence[Real],
    digits: int | None = None,
    *,
    max_coefficient: int | None = None,
    significance: float = REQUIRED_SIGNIFICANCE,
    trials: int = 1,
) -> Relation | None:
    """The shortest integer relation found among ``values``, or None (numeric; see the module's overview).

    ``values`` may mix balls, ``mpmath.mpf`` and decimal strings (``digits`` states how many significant digits
    to trust; a string alone is trusted but for one unit in its last place), exact rationals, and functions
    digits -> ball; a ball of radius zero is taken for the exact number it is.  Where every value can be had to
    any precision, the relation is confirmed at twice the digits.  ``max_coefficient`` None means whatever the
    digits allow.  A value equal to zero gives the relation that takes it alone.

    Raises :class:`InputError` for what is no real number, and where the digits cannot make every relation within
    the bound significant.

    >>> def log(k):
    ...     def ball(digits):
    ...         with flint.ctx.workdps(digits + 5):
    ...             return flint.arb(k).log()
    ...     return ball
    >>> find_relation([log(12), log(2), log(3)]).coefficients
    (1, -2, -1)
    >>> find_relation([log(2), log(3), log(5)]) is None
    True
    """
    found = _find(values, digits, max_coefficient, significance, trials, every=False)
    return found[0] if found else None


def find_relations(
    values: Sequence[Real],
    digits: int | None = None,
    *,
    max_coefficient: int | None = None,
    significance: float = REQUIRED_SIGNIFICANCE,
    trials: int = 1,
) -> tuple[Relation, ...]:
    """Independent relations among ``values``, shortest first: the vectors of the reduced basis that count.

    Arguments and errors as :func:`find_relation`.  There are several where the values span a smaller space, as
    1, √2, 2, √8 do.
    """
    return tuple(_find(values, digits, max_coefficient, significance, trials, every=True))


def rational_relation(
    x: Real,
    c: Real,
    degree: int = 1,
    digits: int | None = None,
    *,
    max_coefficient: int | None = 1000,
    significance: float = REQUIRED_SIGNIFICANCE,
    trials: int = 1,
) -> RationalForm | None:
    """Polynomials of degree at most ``degree`` with x = P(c)/Q(c), not a constant, or None (numeric).

    Looks for relations among x c^d, …, x, c^d, …, 1.  If c is algebraic of low degree, or if P/Q has a lower
    degree, there are several; some say nothing about x (Q(c) = 0).  Each is brought to lowest terms, proved to have
    Q(c) ≠ 0 by balls, and the simplest is returned.  Errors as :func:`find_relation`.

    >>> form = rational_relation("1.7519383938841", lambda d: flint.arb.pi(), 1, significance=5, max_coefficient=9)
    >>> form.numerator, form.denominator  # 4/(pi - 2) = 3.5038...
    ((0, 2), (1, -2))
    """
    if not 1 <= degree <= MAX_DEGREE:
        raise InputError(f"degree {degree} is not possible: give one from 1 to {MAX_DEGREE}")
    (read_x, read_c), refinable, wanted = _prepare(
        [x, c], digits, 2 * degree + 2, max_coefficient, significance, trials
    )

    def evaluate(asked: int) -> list[flint.arb]:
        ball_x, ball_c = read_x(asked), read_c(asked + 10)
        with precision(asked):
            powers = [ball_c**i for i in range(degree, 0, -1)]
            return [ball_x * power for power in powers] + [ball_x, *powers, flint.arb(1)]

    best: RationalForm | None = None
    for relation in search(
        Search(evaluate, wanted, refinable, max_coefficient, significance, trials, True), 2 * degree + 2
    ):
        ints = relation.coefficients
        top = flint.fmpz_poly([-k for k in reversed(ints[degree + 1 :])])
        bottom = flint.fmpz_poly(list(reversed(ints[: degree + 1])))
        if not _excludes_zero(bottom, read_c, relation.digits):
            continue
        shared = top.gcd(bottom)
        if bottom.leading_coefficient() < 0:
            shared = -shared
        top, bottom = top // shared, bottom // shared
        if max(top.degree(), bottom.degree()) < 1:
            continue  # x is rational: true for every c, so it says nothing about c
        size = max(top.degree(), bottom.degree()) + 1
        rows = [tuple(int(poly[i]) for i in reversed(range(size))) for poly in (top, bottom)]
        left = digits_beyond_chance(relation.digits, rows[0] + rows[1], trials)
        if best is None or left > best.significance:
            best = RationalForm(rows[0], rows[1], relation.digits, left)
    return best


def moebius_relation(
    x: Real,
    c: Real,
    digits: int | None = None,
    *,
    max_coefficient: int | None = 1000,
    significance: float = REQUIRED_SIGNIFICANCE,
    trials: int = 1,
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The matrix ((α, β), (γ, δ)), αδ - βγ ≠ 0, with x = (αc + β)/(γc + δ), or None (numeric).

    :func:`rational_relation` of degree 1; the same arguments and errors.

    >>> def pi(digits):
    ...     with flint.ctx.workdps(digits + 5):
    ...         return flint.arb.pi()
    >>> moebius_relation("3.50387678776821", pi, significance=7, max_coefficient=9)
    ((0, 4), (1, -2))
    """
    form = rational_relation(x, c, 1, digits, max_coefficient=max_coefficient, significance=significance, trials=trials)
    if form is None:
        return None
    (alpha, beta), (gamma, delta) = form.numerator, form.denominator
    return (alpha, beta), (gamma, delta)


def algebraic_relation(
    x: Real,
    degree: int,
    digits: int | None = None,
    *,
    max_coefficient: int | None = 1000,
    significance: float = REQUIRED_SIGNIFICANCE,
    trials: int = 1,
) -> Relation | None:
    """The irreducible integer polynomial of degree at most ``degree`` that x seems to be a root of, or None.

    ``coefficients`` of the result are highest power first and of the polynomial's true degree: two of them say
    that x is rational.  Numeric; errors as :func:`find_relation`.

    >>> algebraic_relation("1.4142135623730950488016887242096980785696718753769", 3).coefficients
    (1, 0, -2)
    """
    if not 1 <= degree <= MAX_DEGREE:
        raise InputError(f"degree {degree} is not possible: give one from 1 to {MAX_DEGREE}")
    (read,), refinable, wanted = _prepare([x], digits, degree + 1, max_coefficient, significance, trials)

    def evaluate(asked: int) -> list[flint.arb]:
        ball = read(asked)
        with precision(asked):
            return [ball**i for i in range(degree, 0, -1)] + [flint.arb(1)]

    if _is_zero(read, wanted):
        cost = digits_beyond_chance(wanted, [1, 0], trials)
        return Relation((1, 0), wanted, cost) if cost >= significance else None
    for relation in search(
        Search(evaluate, wanted, refinable, max_coefficient, significance, trials, False), degree + 1
    ):
        for factor, _ in flint.fmpz_poly(list(reversed(relation.coefficients))).factor()[1]:
            if factor.degree() >= 1 and not _excludes_zero(factor, read, relation.digits):
                ints = tuple(int(factor[i]) for i in reversed(range(factor.degree() + 1)))
                ints = ints if ints[0] > 0 else tuple(-k for k in ints)
                return Relation(ints, relation.digits, digits_beyond_chance(relation.digits, ints, trials))
    return None


def _find(
    values: Sequence[Real],
    digits: int | None,
    bound: int | None,
    threshold: float,
    trials: int,
    every: bool,
) -> list[Relation]:
    n = len(values)
    if not 1 <= n <= MAX_TERMS:
        raise InputError(f"a relation among {n} numbers is not possible here: give 1 to {MAX_TERMS} of them")
    readers, refinable, wanted = _prepare(values, digits, n, bound, threshold, trials)

    def evaluate(asked: int) -> list[flint.arb]:
        return [read(asked) for read in readers]

    return search(Search(evaluate, wanted, refinable, bound, threshold, trials, every), n)


def _prepare(
    values: Sequence[Real], digits: int | None, n: int, bound: int | None, threshold: float, trials: int
) -> tuple[list[Ball], bool, int]:
    """Readers of the values, whether all reach any precision, and the digits to work with."""
    if digits is not None and not 1 <= digits <= MAX_DIGITS:
        raise InputError(f"{digits} digits are not possible: give a number from 1 to {MAX_DIGITS}")
    need = required_digits(n, 1 if bound is None else bound, trials, significance=threshold)
    readers: list[Ball] = []
    known: list[int] = []
    for value in values:
        read, accuracy = reader(value, digits)
        readers.append(read)
        if accuracy is not None:
            known.append(accuracy)
    wanted = digits or (min(known) if known else max(DEFAULT_DIGITS, need))
    wanted = min([wanted, *known])
    if wanted < need:
        raise InputError(
            f"a relation of {n} terms with coefficients up to {bound_text(bound or 1)} needs {need} digits but "
            f"{wanted} are given: give more digits or a smaller bound on the coefficients"
        )
    return readers, not known, wanted


def _excludes_zero(poly: flint.fmpz_poly, read: Ball, digits: int) -> bool:
    """Whether the ball of poly(x), at the digits of a relation, proves poly(x) ≠ 0."""
    ball = read(digits)
    with precision(digits):
        return not poly(ball).contains(0)


def _is_zero(read: Ball, digits: int) -> bool:
    return bool(read(digits).contains(0))
