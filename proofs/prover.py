"""Provers: from a continued fraction and a claimed value to a certificate, or None.

Every prover only searches; what it finds is written down and decided by :func:`constants_lab.proofs.checker.check`, which
trusts nothing of it.  Provers, in this order: a theorem that is about the fraction itself (arctangent, artanh, Bessel,
periodic), up
to a constant factor; Euler's series, its sum known from a theorem by telescoping; a tail of the fraction that one of these
proves; its contraction to every second or third convergent; sums of hypergeometric terms in two variables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.euler import EulerForm, with_start
from constants_lab.euler_search import rational_solutions, root_classes
from constants_lab.pcf import PCF
from constants_lab.polynomials import shift as moved
from constants_lab.proofs import checker
from constants_lab.proofs.apery import sum_steps
from constants_lab.proofs.base_fractions import base_fractions, carried
from constants_lab.proofs.coboundaries import coboundaries, step_matrix
from constants_lab.proofs.conjugates import conjugate_steps
from constants_lab.proofs.contraction import contraction
from constants_lab.proofs.hypergeometric import (
    contiguous_theorems,
    rational_root,
    series_fractions,
    series_theorems,
)
from constants_lab.proofs.steps import (
    Step,
    certificate,
    coboundary,
    facts_of,
    flint_ratio,
    function,
    periodic,
    polynomial,
    scaled,
    shape,
    shift,
    theorem,
)
from constants_lab.proofs.telescoping import Ratio, reduced, telescoped

__all__ = ["prove"]

_MOST_HEAD = 6
"""A fraction is tried as the tail of others that begin up to so many places before it, and the other way about."""

_MOST_DEGREE = 6
"""Of the a of a contraction."""


def prove(a: fmpz_poly, b: fmpz_poly, constant: str, matrix: list[list[int]]) -> str | None:
    """A certificate, as JSON text, that PCF(a, b) equals the image of ``constant``; None when no prover finds one."""
    formula = PCF(a, b)
    for steps in _attempts(a, b):
        text = certificate(formula, constant, matrix, steps)
        try:
            checker.check(text)
        except checker.Rejected:
            continue
        return text
    return None


def _attempts(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    yield from _shifted(_direct, a, b)
    yield from _by_series(a, b)
    yield from _by_coboundary(a, b)
    yield from _shifted(conjugate_steps, a, b)
    yield from _shifted(_of_series, a, b)
    yield from _by_contraction(a, b)
    found = sum_steps(a, b, _sums)
    if found is not None:
        yield found


def _shifted(
    search: Callable[[fmpz_poly, fmpz_poly], Iterator[list[Step]]], a: fmpz_poly, b: fmpz_poly
) -> Iterator[list[Step]]:
    """What is found for the fraction, for fractions that it is a tail of, and for its tails."""
    yield from search(a, b)
    for s in range(1, _MOST_HEAD + 1):
        for by in (s, -s):
            for steps in search(moved(a, -by), moved(b, -by)):
                yield [*steps, shift(len(steps) - 1, by)]


def _by_contraction(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    """From the fraction that has every second or third convergent."""
    if min(a.leading_coefficient(), b.leading_coefficient()) <= 0 or b.degree() > 2 * a.degree() + 2:
        return
    for k in (2, 3):
        found = contraction(a, b, k)
        if found is None or found.a.degree() > _MOST_DEGREE:
            continue
        for steps in chain(_direct(found.a, found.b), _by_series(found.a, found.b), _by_coboundary(found.a, found.b)):
            last = len(steps) - 1
            yield [*steps, coboundary(last, shape(PCF(a, b)), found.u, found.factor, fold=k, converges="seidel stern")]


# --- theorems about the fraction itself


def _direct(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    for cited in _named(a, b):
        yield from _scaled_to([cited], a, b)


def _of_series(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    """Gauss's theorem about the fraction, its value from the sum of a series."""
    for steps in series_fractions(a, b, _sums):
        yield from _scaled_to(steps, a, b)


def _known(steps: list[Step]) -> tuple[fmpq_poly, fmpq_poly] | None:
    """a and b of the fraction of a theorem; None where it says nothing."""
    try:
        fact = facts_of(steps)[-1]
    except checker.Rejected:
        return None
    assert isinstance(fact, checker.Continued)
    x, y = fact.shape.pair
    (a, over), (b, under) = flint_ratio(x), flint_ratio(y.shift(-1))
    return a / over[0], b / under[0]


def _scaled_to(steps: list[Step], a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    """The theorem that ends the steps, and the constant factor that carries its fraction to the one wanted."""
    known = _known(steps)
    if known is not None:
        c = a.leading_coefficient() / known[0].leading_coefficient()
        yield [*steps, scaled(len(steps) - 1, a, b, c)]


def _by_coboundary(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    """From a theorem about a fraction with solutions that grow alike."""
    for cited in base_fractions(a, b):
        yield from carried(cited, a, b)
    for cited in _similar(a, b):
        known = _known([cited])
        if known is None:
            continue
        c = a.leading_coefficient() / known[0].leading_coefficient()
        x, y = known[0] * c, known[1] * c * c
        if x.denom() != 1 or y.denom() != 1:
            continue
        steps = [cited, scaled(0, x.numer(), y.numer(), c)]
        for found in coboundaries(step_matrix(fmpq_poly(a), fmpq_poly(b)), step_matrix(x, y)):
            for growth in _growths(x, y):
                for start in (1, 2, 5, 10, 20):
                    target = shape(PCF(a, b))
                    yield [
                        *steps,
                        coboundary(1, target, found.u, found.factor, growth=(growth, fmpq_poly([1])), start=start),
                    ]


def _growths(a: fmpq_poly, b: fmpq_poly) -> Iterator[fmpq_poly]:
    """r with q(n) >= r(n) q(n-1) for large n, as far as the terms of highest degree tell, for the denominators of PCF(a, b)."""
    yield a
    root = rational_root(a[1] ** 2 + 4 * b[2])
    if a.degree() == 1 and root:
        lead = (a[1] + fmpq(root.numerator, root.denominator)) / 2
        most = (a[0] * lead + b[1] - (a[1] - lead) * lead) / (2 * lead - a[1])
        for less in (fmpq(0), fmpq(1, 4), fmpq(1)):
            yield fmpq_poly([most - less, lead])


def _similar(a: fmpz_poly, b: fmpz_poly) -> Iterator[Step]:
    if a.degree() == 1 and b.degree() == 2:
        yield theorem("lambert fraction", y=str(fmpq(4 * b[2], a[1] ** 2)))
    yield from contiguous_theorems(a, b)


def _named(a: fmpz_poly, b: fmpz_poly) -> Iterator[Step]:
    if a.degree() == 0 and b.degree() == 0:
        yield periodic(int(a[0]), int(b[0]))
    if a.degree() == 1 and b.degree() == 0:
        c, y = fmpq(a[0], a[1]), fmpq(b[0], a[1] ** 2)
        x = rational_root(4 * abs(y))
        if x:
            yield theorem("bessel fraction", c=str(c), x=str(x), s="1" if y > 0 else "-1")
    if a.degree() == 1 and 2 * a[0] == a[1] and b.degree() == 2 and b[0] == 0 and b[1] == 0:
        yield from _similar(a, b)
    if b.degree() == 1 or (b.degree() == 2 and b[0] == 0):
        yield from contiguous_theorems(a, b)


# --- Euler's series


def _by_series(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    for solution in rational_solutions(a, b, root_classes(b), 40):
        form = with_start(solution)
        if form.start > 30:
            continue
        tail = form.tail()
        ratio = reduced(_moved(tail.f, -1) * tail.h1, _moved(tail.f, 1) * _moved(tail.h2, 1))
        for steps in _sums(ratio):
            yield [*steps, *_euler(form, tail, a, b, len(steps) - 1)]


def _moved(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


def _euler(form: EulerForm, tail: EulerForm, a: fmpz_poly, b: fmpz_poly, series: int) -> list[Step]:
    s = form.start
    one = fmpq_poly([1])
    f = tail.f * tail.f.denom()
    steps: list[Step] = [
        {
            "rule": "euler",
            "series": series,
            "a": polynomial(moved(a, s)),
            "b": polynomial(moved(b, s)),
            "h1": function(tail.h1, one),
            "h2": function(tail.h2, one),
            "f": polynomial(f.numer()),
        }
    ]
    return [*steps, shift(series + 1, -s)] if s else steps


def _sums(ratio: Ratio) -> Iterator[list[Step]]:
    """Steps whose last fact is the sum of the series of that ratio."""
    for steps in _candidates(ratio):
        try:
            fact = facts_of(steps)[-1]
        except checker.Rejected:
            continue
        assert isinstance(fact, checker.Series)
        source = reduced(*flint_ratio(fact.ratio))
        if source == ratio:
            yield steps
            continue
        for found in telescoped(ratio, source):
            yield [
                *steps,
                {
                    "rule": "telescope",
                    "series": len(steps) - 1,
                    "shift": found.shift,
                    "ratio": function(*ratio),
                    "rho": function(*found.rho),
                    "g": function(*found.g),
                    "c": str(found.c),
                },
            ]


def _candidates(ratio: Ratio) -> Iterator[list[Step]]:
    """Known series that may be related to one of that ratio, by the limit of the ratio."""
    for cited in _cited(ratio):
        yield [cited]
    if ratio[0].degree() == ratio[1].degree() and ratio[0].leading_coefficient() == ratio[1].leading_coefficient():
        for cited in theorem("logarithmic series", z="-1"), theorem("odd series", y="1"):
            yield [cited, {"rule": "group", "series": 0}]


def _cited(ratio: Ratio) -> Iterator[Step]:
    """The theorems whose series may be related to one of that ratio, by the limit of the ratio."""
    top, bottom = ratio
    gap = bottom.degree() - top.degree()
    z = top.leading_coefficient() / bottom.leading_coefficient()

    if gap == 1:
        yield theorem("exponential series", z=str(z))
    if gap != 0:
        return
    if -1 <= z < 1:
        yield theorem("logarithmic series", z=str(z))
    if z == 1:
        yield theorem("gauss series")
    if abs(z) == 1:
        for m in range(2, 8):
            for d in ("1", "2"):
                yield theorem("zeta series", m=str(m), d=d, s=str(z))
    if z == 1:
        for e in (3, 4, 6):
            # Zeros of the terms' denominators have that denominator themselves.
            if any(f.degree() == 1 and f[1] == e for f, _ in bottom.numer().factor()[1]):
                for m in range(1, 8):
                    yield theorem("dirichlet series", d=str(e), m=str(m))
    if z in (fmpq(1, 4), fmpq(1, 2), fmpq(3, 4), fmpq(1)):
        yield theorem("squared arcsine series", w=str(z))
    r = rational_root(1 - z) if 0 < z <= 1 else None
    if r is not None:
        yield theorem("central binomial series", r=str(r))
    if z == fmpq(-1, 4):
        yield theorem("apery series")
    yield from series_theorems(ratio)
