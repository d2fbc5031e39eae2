"""The lattice behind integer relations: values as integers, reduced in stages, candidates tested exactly.

Implementation overview.  For reals x_1, …, x_n we look for integers k_i, not all zero, with Σ k_i x_i = 0.

* *Lattice.*  All values are scaled by one power of two so that the worst error is at most one unit, and rounded
  to integers X_i.  The rows (e_i | X_i) span a lattice in Z^(n+1); a relation is a vector (k | Σ k_i X_i) whose
  last entry is no larger than the rounding (at most 2 Σ|k_i| units), so it is far shorter than anything else.
* *Why the first vector.*  LLL with δ = 0.99, η = 0.51 gives ‖b_1‖ ≤ 1.17^(n-1) λ_1 (Lenstra, Lenstra, Lovász,
  "Factoring polynomials with rational coefficients", 1982, Prop. 1.11).  Vectors that are not relations have
  length about 10^(D/n) for D digits, so with enough digits b_1 can only be a relation.
* *How many digits enter the lattice.*  Only n·log10(2K+1) and a margin, for coefficients up to K; half of them
  are reduced first (the transformation carries over, so a miss costs nothing more), which finds small relations at
  a quarter of the price.  All other digits serve to test a candidate.
* *What is exact.*  After rounding everything is integer arithmetic, and the test |Σ k_i X_i| ≤ 2 Σ|k_i| is a
  rigorous consequence of the balls: a relation whose test fails is false.
* *What is heuristic.*  That a passed test means a relation.  It counts only if the digits exceed by ``significance``
  (20) what chance gives, :func:`constants_lab.evidence.significance`, and, when the values can be computed to more
  digits, if it holds again at twice as many.  That *no* relation is reported is not a proof of independence.

PSLQ (Ferguson, Bailey, Arno, "Analysis of PSLQ", Math. Comp. 68, 1999) solves the same problem by a different
reduction; in arbitrary precision arithmetic it is slower by two orders of magnitude at 100 digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import flint

from constants_lab.errors import InputError
from constants_lab.evidence import significance as digits_beyond_chance
from constants_lab.reals import BITS_PER_DIGIT

__all__ = ["MAX_DIGITS", "Evaluate", "Relation", "Search", "search"]

Evaluate: TypeAlias = Callable[[int], list[flint.arb]]
"""All values of one search, as balls of about the digits asked."""

MAX_DIGITS = 1_000_000

# Digits asked beyond those needed, so that a factor of ten lost in a product or a radius does not matter.
_GUARD = 6
# Below this many bits a reduction is so cheap that a stage before it cannot pay.
_STAGED_BITS = 160


@dataclass(frozen=True, slots=True)
class Relation:
    """Integers with Σ k_i x_i = 0 as far as computed (numeric evidence, not a proof).

    ``coefficients`` have greatest common divisor 1 and a positive first nonzero entry; ``digits`` is the number
    of decimal digits, relative to the smallest value involved, to which the sum was last seen to vanish;
    ``significance`` is what remains of them after paying for the coefficients and the trials.
    """

    coefficients: tuple[int, ...]
    digits: int
    significance: float


@dataclass(slots=True)
class Search:
    """What one search asks: see :func:`constants_lab.relations.find_relation` for the fields.

    ``refinable`` says that ``evaluate`` reaches any precision; ``every`` asks for all relations of the reduced
    basis instead of the first.
    """

    evaluate: Evaluate
    digits: int
    refinable: bool
    bound: int | None
    threshold: float
    trials: int
    every: bool = False


class _Sample:
    """Values as integers: |x_i / 2^unit - X_i| <= 2 for every i.

    ``tops`` are log10 max(1, |X_i|); ``zeros`` the indices of balls that may be zero; ``have`` the digits to
    which the smallest of the others is known.
    """

    __slots__ = ("have", "ints", "tops", "zero_digits", "zeros")

    def __init__(self, balls: Sequence[flint.arb], digits: int) -> None:
        parts: list[tuple[flint.fmpz, int]] = []
        self.zeros: list[int] = []
        worst: int | None = None
        worst_zero: int | None = None
        smallest: int | None = None
        largest: int | None = None
        for i, ball in enumerate(balls):
            mantissa, power = ball.mid().man_exp()
            exponent = int(power)
            parts.append((mantissa, exponent))
            size = exponent + mantissa.bit_length()
            radius, power = ball.rad().man_exp()
            reach = int(power) + radius.bit_length() if radius else None
            if not mantissa or (reach is not None and size <= reach):
                self.zeros.append(i)
                if reach is not None and (worst_zero is None or reach > worst_zero):
                    worst_zero = reach
                continue
            if reach is not None and (worst is None or reach > worst):
                worst = reach
            smallest = size if smallest is None or size < smallest else smallest
            largest = size if largest is None or size > largest else largest
        floor = 0 if smallest is None else smallest
        unit = floor - 3 - math.ceil(digits * BITS_PER_DIGIT)
        if worst is not None and worst > unit:
            unit = worst
        self.have = max(0, math.floor((floor - 1 - unit) / BITS_PER_DIGIT))
        self.zero_digits = digits
        if worst_zero is not None:
            scale = 0 if largest is None else largest
            self.zero_digits = max(0, min(digits, math.floor((scale - worst_zero) / BITS_PER_DIGIT)))
        self.ints = [m << (e - unit) if e >= unit else m >> (unit - e) for m, e in parts]
        self.tops = [math.log10(abs(int(x)) or 1) for x in self.ints]

    def vanishes(self, row: Sequence[flint.fmpz]) -> bool:
        """Whether the sum of k_i x_i may be zero: false proves that it is not."""
        total = flint.fmpz(0)
        height = flint.fmpz(0)
        for k, x in zip(row, self.ints, strict=True):
            if k:
                total += k * x
                height += abs(k)
        return bool(abs(total) <= 2 * height)

    def digits(self, row: Sequence[flint.fmpz], cap: int) -> int:
        """Digits to which the sum is seen, relative to the smallest term involved."""
        return min(cap, math.floor(min(top for k, top in zip(row, self.tops, strict=True) if k)))


def search(query: Search, n: int) -> list[Relation]:
    """The relations among the ``n`` values that count, shortest first; at most one unless ``query.every``."""
    paid = query.threshold + math.log10(query.trials)
    per_term = math.log10(3) if query.bound is None else math.log10(2 * query.bound + 1)
    if query.bound is None:
        per_term = max(per_term, (query.digits - paid) / n)
    # LLL returns vectors within 1.03^n of the shortest in practice; a ball of that radius in n dimensions holds
    # about (2.07 * 1.03^n)^n times as many points as the box of coefficients.
    wide = math.ceil(n * per_term + n * (0.32 + 0.013 * n)) + 2
    screening = min(query.digits, wide + math.ceil(query.threshold))
    sample = _take(query, screening)
    found: list[Relation] = []
    for i in sample.zeros:
        left = digits_beyond_chance(sample.zero_digits, [1], query.trials)
        if left >= query.threshold:
            found.append(Relation(tuple(int(j == i) for j in range(n)), sample.zero_digits, left))
            if not query.every:
                return found
    active = [i for i in range(n) if i not in sample.zeros] if sample.zeros else list(range(n))
    active = _comparable(active, sample, query.bound)
    if len(active) < 2:
        return found
    confirmed: dict[int, _Sample] = {screening: sample}
    for rows in _reduced([sample.ints[i] for i in active], math.ceil(wide * BITS_PER_DIGIT), not query.every):
        for short, total in rows:
            if abs(total) > 2 * sum(map(abs, short)):
                continue
            if query.bound is not None and max(map(abs, short)) > query.bound:
                continue
            row = [flint.fmpz(0)] * n
            for i, k in zip(active, short, strict=True):
                row[i] = k
            relation = _confirm(query, row, confirmed)
            if relation is None:
                continue
            found.append(relation)
            if not query.every:
                return found
    return sorted(found, key=lambda r: sum(k * k for k in r.coefficients))


def _take(query: Search, digits: int) -> _Sample:
    """Values to ``digits`` relative to the smallest: asks for more where sizes differ or where one may be zero."""
    asked = digits + _GUARD
    sample = _Sample(query.evaluate(asked), digits)
    if not query.refinable:
        return sample
    settled: list[int] = []
    while sample.have < digits or sample.zeros != settled:
        if sample.have < digits:
            more = asked + digits - sample.have + _GUARD
        else:
            # A ball around zero is zero or a tiny number: it counts as zero if twice the digits do not tell.
            settled = sample.zeros
            more = 2 * asked
        if more > MAX_DIGITS:
            raise InputError(f"the numbers cannot be told apart with {MAX_DIGITS} digits: give numbers of similar size")
        finer = _Sample(query.evaluate(more), digits)
        if sample.have < digits and finer.have <= sample.have and finer.zeros == sample.zeros:
            raise InputError(
                f"a function gives no more than {finer.have} digits, relative to the smallest number, when asked for "
                f"{more}: it must give as many digits as asked"
            )
        asked, sample = more, finer
    return sample


def _comparable(active: list[int], sample: _Sample, bound: int | None) -> list[int]:
    """Drops values too large to be cancelled by ``bound`` times all the smaller ones."""
    if bound is None:
        return active
    order = sorted(active, key=lambda i: sample.tops[i])
    reach = math.log10(bound) + math.log10(max(1, len(order)))
    while len(order) > 1 and sample.tops[order[-1]] > sample.tops[order[-2]] + reach + 0.01:
        order.pop()
    return sorted(order)


def _reduced(ints: list[flint.fmpz], bits: int, staged: bool) -> Iterator[list[tuple[list[flint.fmpz], flint.fmpz]]]:
    """Reduced bases, as rows k with their sums of k_i X_i, of the lattice cut to ``bits`` of the smallest value.

    With ``staged`` the basis for half the bits comes first, and is the starting point of the full one.
    """
    n = len(ints)
    width = n + 1
    last = max(0, min(abs(x).bit_length() for x in ints) - bits)
    shifts = [last + bits // 2, last] if staged and bits >= _STAGED_BITS else [last]
    column = flint.fmpz_mat(width, 1, [*ints, 0])
    sums = ints
    entries = [flint.fmpz(0)] * (n * width)
    entries[:: width + 1] = [flint.fmpz(1)] * n
    for shift in shifts:
        # Sums are cut after they are formed: closer than sums of cut values, and only the choice of candidates
        # depends on it.
        entries[n::width] = [total >> shift for total in sums]
        basis = flint.fmpz_mat(n, width, entries).lll()
        sums = (basis * column).entries()
        entries = basis.entries()
        yield [(entries[i * width : i * width + n], sums[i]) for i in range(n)]


def _confirm(query: Search, row: list[flint.fmpz], samples: dict[int, _Sample]) -> Relation | None:
    """The relation if it holds, and counts, at all digits given, and holds at twice as many if they can be had."""
    shared = math.gcd(*(int(k) for k in row))
    if next(k for k in row if k) < 0:
        shared = -shared
    coefficients = tuple(int(k) // shared for k in row)
    digits = 0
    for level in (query.digits, 2 * query.digits) if query.refinable else (query.digits,):
        sample = samples.get(level)
        if sample is None:
            sample = samples[level] = _take(query, level)
        if not sample.vanishes(row):
            return None
        digits = sample.digits(row, level)
        left = digits_beyond_chance(digits, coefficients, query.trials)
        if left < query.threshold:
            return None
    return Relation(coefficients, digits, left)
