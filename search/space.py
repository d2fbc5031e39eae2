"""Spaces of continued fractions as arithmetic: an index is decoded into coefficients, nothing is ever listed.

A space has a size and turns any slice [start, stop) into coefficient tables, so a unit of work is two integers and
a job of 10^12 candidates costs nothing to describe.  Two shapes:

* :class:`PCFBox`: every coefficient of a and b runs through its own range, index = (index of a) * |b| + (index of b);
* :class:`PCFFamily`: a and b are formulas in n and bounded symbols, index = mixed radix number of the symbols.

In a box that is symmetric under a -> -a only the a with a positive first coefficient are members (the other half has
the opposite values); the zero polynomials are not members.  These exclusions are part of the decoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb, prod

import numpy as np
from flint import Ordering, fmpq_mpoly_ctx

from constants_lab.errors import InputError
from constants_lab.pcf import PCF
from constants_lab.syntax import Call, fold, names, parse

__all__ = [
    "MAX_BOX_DEGREE",
    "MAX_COEFFICIENT",
    "MAX_SIZE",
    "Block",
    "PCFBox",
    "PCFFamily",
    "Range",
    "coefficient_ranges",
    "parse_range",
]

MAX_SIZE = 10**15
"""Larger spaces are refused unless the user insists."""

MAX_BOX_DEGREE = 12
MAX_COEFFICIENT = 2**31
"""Bound on the absolute value of a coefficient: kernels hold coefficients in 64-bit integers."""

Range = tuple[int, int]
"""Both ends included."""

MAX_FAMILY_DEGREE = 2 * MAX_BOX_DEGREE
_MAX_TERMS = 20_000
"""Terms that multiplying a formula out may give: brackets to high powers would not fit in memory."""

_RANGE = re.compile(r"\s*([+-]?[0-9]{1,40})\s*\.\.\s*([+-]?[0-9]{1,40})\s*")


def parse_range(text: str) -> Range:
    """Both ends of a range written ``-13..13`` (or one integer).

    Raises :class:`InputError` when it is not two integers, is reversed, or passes the coefficient bound.

    >>> parse_range("-13..13")
    (-13, 13)
    """
    shown = " ".join(str(text).split())[:40]
    match = _RANGE.fullmatch(str(text))
    if match:
        low, high = int(match[1]), int(match[2])
    elif re.fullmatch(r"\s*[+-]?[0-9]{1,40}\s*", str(text)):
        low = high = int(text)
    else:
        raise InputError(f"{shown!r} is not a range: write two integers with two dots between, such as -13..13")
    if low > high:
        raise InputError(f"the range {shown} is empty because it is reversed: write {high}..{low}")
    if max(abs(low), abs(high)) > MAX_COEFFICIENT:
        raise InputError(f"the range {shown} is too large: coefficients are bounded by {MAX_COEFFICIENT}")
    return low, high


def coefficient_ranges(which: str, degree: int, given: str | Sequence[str]) -> list[Range]:
    """The ranges of the coefficients of ``which`` (a or b), highest degree first: one text for all, or one for each.

    Raises :class:`InputError` as :func:`parse_range` does, and for a wrong number of ranges.
    """
    if isinstance(given, str):
        return [parse_range(given)] * (degree + 1)
    if len(given) != degree + 1:
        raise InputError(
            f"{which}-range has {len(given)} ranges but degree {degree} has {degree + 1} coefficients: "
            "give one range for all, or one for each"
        )
    return [parse_range(text) for text in given]


@dataclass(frozen=True)
class Block:
    """Coefficient tables (int64, highest degree first) of consecutive candidates.

    ``paired`` False: the candidates are all pairs, candidate k = (a row k // len(b), b row k % len(b)), and their
    indices are ``base + (row of a) * stride + (row of b)``.  ``paired`` True: row k of a goes with row k of b, index
    ``base + k``.
    """

    a: np.ndarray
    b: np.ndarray
    base: int
    stride: int
    paired: bool

    def index(self, k: int) -> int:
        """The index in the space of the k-th candidate of the block."""
        if self.paired:
            return self.base + k
        return self.base + (k // len(self.b)) * self.stride + k % len(self.b)


class _Polynomials:
    """Nonzero polynomials with coefficients in given ranges, indexed; half of them when signs are identified."""

    def __init__(self, ranges: Sequence[Range], identify_signs: bool) -> None:
        self.ranges = tuple(ranges)
        self._sizes = [high - low + 1 for low, high in self.ranges]
        total = prod(self._sizes)
        self.symmetric = all(low == -high for low, high in self.ranges)
        zero = 0
        for (low, high), size in zip(self.ranges, self._sizes, strict=True):
            zero = -1 if zero < 0 or not low <= 0 <= high else zero * size - low
        self._zero = zero
        self._half = identify_signs and self.symmetric
        self.size = (total - 1) // 2 if self._half else total - (zero >= 0)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Coefficients of the members start..stop-1, shape (stop - start, degree + 1)."""
        raw = np.arange(start, stop, dtype=np.int64)
        if self._half:
            raw += self._zero + 1
        elif self._zero >= 0:
            raw += raw >= self._zero
        rows = np.empty((stop - start, len(self.ranges)), dtype=np.int64)
        for position in range(len(self.ranges) - 1, -1, -1):
            rows[:, position] = raw % self._sizes[position] + self.ranges[position][0]
            raw //= self._sizes[position]
        return rows


class PCFBox:
    """All PCFs whose coefficients lie in given ranges (one a coefficient, highest degree first)."""

    def __init__(self, a: Sequence[Range], b: Sequence[Range]) -> None:
        self.a_ranges, self.b_ranges = tuple(a), tuple(b)
        self._a = _Polynomials(a, identify_signs=True)
        self._b = _Polynomials(b, identify_signs=False)
        self.size = self._a.size * self._b.size
        if self.size == 0:
            raise InputError("the box holds no continued fraction: a and b must have a coefficient that is not zero")

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> PCF:
        if not 0 <= index < self.size:
            raise IndexError(f"index {index} is outside the {self.size} candidates")
        i, j = divmod(index, self._b.size)
        a, b = self._a.rows(i, i + 1)[0], self._b.rows(j, j + 1)[0]
        return PCF([int(c) for c in a], [int(c) for c in b])

    @property
    def width(self) -> int:
        """How many b there are: the candidates of one a."""
        return self._b.size

    def a_rows(self) -> np.ndarray:
        """The coefficients of every a, in the order of the candidates."""
        return self._a.rows(0, self._a.size)

    def blocks(self, start: int, stop: int, limit: int) -> Iterator[Block]:
        """The candidates start..stop-1 as rectangles of about ``limit`` candidates at most."""
        width = self._b.size
        while start < stop:
            i, j = divmod(start, width)
            if j == 0 and stop - start >= width and width <= limit:
                rows = min((stop - start) // width, max(1, limit // width))
                count = rows * width
                b_rows = self._b.rows(0, width)
            else:
                rows = 1
                count = min(stop - start, width - j, limit)
                b_rows = self._b.rows(j, j + count)
            yield Block(self._a.rows(i, i + rows), b_rows, start, width, paired=False)
            start += count


class PCFFamily:
    """PCFs given by formulas for a and b in ``n`` and symbols, every symbol running through a range.

    Raises :class:`InputError` for a symbol without a range, a range without a symbol, a formula that is not a
    polynomial with integer coefficients, or coefficients that could pass 64 bits.
    """

    def __init__(self, a: str, b: str, ranges: dict[str, Range]) -> None:
        used = names(parse(a)) | names(parse(b))
        for symbol in sorted(used - {"n"} - set(ranges)):
            raise InputError(f"the symbol {symbol!r} has no range: add --range {symbol}=LOW..HIGH")
        for symbol in sorted(set(ranges) - used):
            raise InputError(f"the symbol {symbol!r} has a range but is in neither formula: remove the range")
        if "n" in ranges:
            raise InputError("n is the index of the continued fraction and takes no range: name the symbol otherwise")
        self.symbols = tuple(ranges)
        self.ranges = tuple(ranges[symbol] for symbol in self.symbols)
        self._sizes = [high - low + 1 for low, high in self.ranges]
        self.size = prod(self._sizes)
        self._a = _Coefficients(a, "a", self.symbols, self.ranges)
        self._b = _Coefficients(b, "b", self.symbols, self.ranges)

    def __len__(self) -> int:
        return self.size

    @property
    def degrees(self) -> tuple[int, int]:
        """The degrees of a and b for most members (some leading coefficients may vanish)."""
        return self._a.degree, self._b.degree

    def _parameters(self, start: int, stop: int) -> np.ndarray:
        raw = np.arange(start, stop, dtype=np.int64)
        rows = np.empty((stop - start, len(self.ranges)), dtype=np.int64)
        for position in range(len(self.ranges) - 1, -1, -1):
            rows[:, position] = raw % self._sizes[position] + self.ranges[position][0]
            raw //= self._sizes[position]
        return rows

    def __getitem__(self, index: int) -> PCF:
        if not 0 <= index < self.size:
            raise IndexError(f"index {index} is outside the {self.size} candidates")
        parameters = self._parameters(index, index + 1)
        return PCF([int(c) for c in self._a.at(parameters)[0]], [int(c) for c in self._b.at(parameters)[0]])

    def blocks(self, start: int, stop: int, limit: int) -> Iterator[Block]:
        """The candidates start..stop-1 in blocks of at most ``limit``, each a paired with its b."""
        for low in range(start, stop, limit):
            high = min(low + limit, stop)
            parameters = self._parameters(low, high)
            yield Block(self._a.at(parameters), self._b.at(parameters), low, 0, paired=True)


class _Coefficients:
    """The coefficients of n in a formula, as integer polynomials in the symbols, compiled to monomial tables."""

    def __init__(self, text: str, which: str, symbols: tuple[str, ...], ranges: Sequence[Range]) -> None:
        ring = fmpq_mpoly_ctx.get(("n", *symbols), Ordering.lex)
        generators = dict(zip(("n", *symbols), ring.gens(), strict=True))

        def refuse_call(node: Call) -> object:
            raise InputError(f"{node.name!r} is a function, which the formula of {which} cannot contain")

        def bounded(terms: int) -> None:
            if terms > _MAX_TERMS:
                raise InputError(f"the formula of {which} has over {_MAX_TERMS} terms when multiplied out: simplify it")

        def binary(operator: str, left, right):  # type: ignore[no-untyped-def]
            if operator == "+":
                return left + right
            if operator == "-":
                return left - right
            if operator == "*":
                bounded(len(left) * len(right))
                return left * right
            if not right.is_constant() or right == 0:
                raise InputError(f"in the formula of {which}, divide by nonzero integers only")
            return left / right.leading_coefficient()

        def power(base, exponent):  # type: ignore[no-untyped-def]
            if exponent.denominator != 1 or not 0 <= exponent <= 4 * MAX_BOX_DEGREE:
                raise InputError(f"exponents in the formula of {which} must be integers from 0 to {4 * MAX_BOX_DEGREE}")
            bounded(comb(max(len(base), 1) + exponent.numerator - 1, exponent.numerator))
            return base**exponent.numerator

        tree = fold(
            parse(text),
            integer=lambda value: ring.constant(value),
            name=lambda symbol: generators[symbol],
            call=refuse_call,
            negate=lambda value: -value,
            binary=binary,
            power=power,
        )
        terms = [(tuple(int(e) for e in exponents), value) for exponents, value in tree.to_dict().items()]
        if not terms:
            raise InputError(f"the formula of {which} is zero for every choice of the symbols")
        self.degree = max(exponents[0] for exponents, _ in terms)
        if self.degree > MAX_FAMILY_DEGREE:
            raise InputError(f"the formula of {which} has degree {self.degree}, over {MAX_FAMILY_DEGREE}: lower it")
        self._terms: list[tuple[int, tuple[int, ...], int]] = []
        bounds = [0] * (self.degree + 1)
        for exponents, value in terms:
            if value.denom() != 1:
                raise InputError(f"the formula of {which} has coefficients that are not integers: multiply it out")
            self._terms.append((self.degree - exponents[0], exponents[1:], int(value.numer())))
            bounds[self.degree - exponents[0]] += abs(int(value.numer())) * prod(
                max(abs(low), abs(high)) ** e for (low, high), e in zip(ranges, exponents[1:], strict=True)
            )
        if max(bounds) >= 2**53:
            raise InputError(f"coefficients of {which} could pass 2^53 in these ranges: make the ranges smaller")

    def at(self, parameters: np.ndarray) -> np.ndarray:
        rows = np.zeros((len(parameters), self.degree + 1), dtype=np.int64)
        for column, exponents, value in self._terms:
            term = np.full(len(parameters), value, dtype=np.int64)
            for position, exponent in enumerate(exponents):
                if exponent:
                    term *= parameters[:, position] ** exponent
            rows[:, column] += term
        return rows
