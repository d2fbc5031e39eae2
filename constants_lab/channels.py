"""Channels: the interlaced parts of a pattern of partial quotients, each a function of m = 0, 1, 2, ...

A channel is one of

* :class:`PolynomialChannel`: one quotient a round, an integer-valued polynomial in m, written ``4*m + 2``;
* :class:`RunChannel`: in round m the same value several times, as often as a polynomial in m says, ``run(2, 4*m + 3)``;
* :class:`RecurrenceChannel`: one quotient a round, a C-finite sequence u(m+r) = c_1 u(m+r-1) + ... + c_r u(m), written
  ``recurrence(r, c_1, ..., c_r, u_0, ..., u_(r-1))``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise

from flint import fmpq_poly

from constants_lab.errors import InputError
from constants_lab.syntax import Call, Integer, Negate, Node, fold, parse

__all__ = ["Channel", "PolynomialChannel", "RecurrenceChannel", "RunChannel", "interpolate", "newton", "parse_channel"]


_MAX_DEGREE = 100


def _text(p: fmpq_poly) -> str:
    if p.degree() <= 0 and p.denom() == 1:
        return str(p[0])
    return _cached_text(_coefficients(p))


@lru_cache(maxsize=4096)
def _cached_text(coefficients: tuple[int, ...]) -> str:
    from constants_lab.polynomials import format_polynomial

    p = fmpq_poly(list(coefficients[1:]), coefficients[0])
    whole = format_polynomial(p.numer(), "m")
    return whole if p.denom() == 1 else f"({whole})/{p.denom()}"


def _latex(p: fmpq_poly) -> str:
    from constants_lab.polynomials import latex_polynomial

    whole = latex_polynomial(p.numer(), "m")
    return whole if p.denom() == 1 else rf"\frac{{{whole}}}{{{p.denom()}}}"


def _coefficients(p: fmpq_poly) -> tuple[int, ...]:
    return (int(p.denom()), *(int(c) for c in p.numer().coeffs()))


@dataclass(frozen=True, eq=False)
class PolynomialChannel:
    """One quotient a round: the polynomial's value at m."""

    polynomial: fmpq_poly

    def values(self, m: int) -> list[int]:
        """The quotients of round ``m``; raises :class:`InputError` where the polynomial is not an integer."""
        value = self.polynomial(m)
        if value.denom() != 1:
            raise InputError(f"the channel {self} is not an integer at m = {m}: give an integer-valued polynomial")
        return [int(value.numer())]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PolynomialChannel) and self.polynomial == other.polynomial

    def __hash__(self) -> int:
        return hash(_coefficients(self.polynomial))

    @cached_property
    def _written(self) -> str:
        return _text(self.polynomial)

    def __str__(self) -> str:
        return self._written

    def latex(self) -> str:
        """LaTeX of the polynomial in m."""
        return _latex(self.polynomial)


@dataclass(frozen=True, eq=False)
class RunChannel:
    """``value`` repeated ``length(m)`` times in round m."""

    value: int
    length: fmpq_poly

    def count(self, m: int) -> int:
        """The number of quotients of round ``m``; raises :class:`InputError` where the length is no integer >= 0."""
        count = self.length(m)
        if count.denom() != 1 or count < 0:
            raise InputError(f"the channel {self} has no length at m = {m}: give a polynomial with values >= 0")
        return int(count.numer())

    def values(self, m: int) -> list[int]:
        """The quotients of round ``m``; raises as :meth:`count`."""
        return [self.value] * self.count(m)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunChannel) and (self.value, self.length) == (other.value, other.length)

    def __hash__(self) -> int:
        return hash((self.value, _coefficients(self.length)))

    def __str__(self) -> str:
        return f"run({self.value}, {_text(self.length)})"

    def latex(self) -> str:
        """LaTeX: the value with its number of repetitions below a brace."""
        return rf"\underbrace{{{self.value},\ldots,{self.value}}}_{{{_latex(self.length)}}}"


@dataclass(frozen=True)
class RecurrenceChannel:
    """One quotient a round: u(m+r) = sum of coefficients[i] u(m+r-1-i), from ``initial`` = u(0), ..., u(r-1)."""

    coefficients: tuple[int, ...]
    initial: tuple[int, ...]

    def sequence(self) -> Iterator[int]:
        """u(0), u(1), ... without end."""
        window = list(self.initial)
        while True:
            yield window[0]
            window.append(sum(c * u for c, u in zip(self.coefficients, reversed(window), strict=True)))
            del window[0]

    def values(self, m: int) -> list[int]:
        """The quotient of round ``m``."""
        for i, value in enumerate(self.sequence()):
            if i == m:
                return [value]
        raise AssertionError("unreachable")

    def __str__(self) -> str:
        return f"recurrence({', '.join(map(str, (len(self.coefficients), *self.coefficients, *self.initial)))})"

    def latex(self) -> str:
        """LaTeX: the recurrence with its initial values."""
        if len(self.coefficients) == 1:
            return rf"{self.initial[0]}\cdot {self.coefficients[0]}^{{m}}"
        terms = " + ".join(f"{c}\\,u_{{m-{i}}}" for i, c in enumerate(self.coefficients, 1) if c).replace("+ -", "- ")
        return rf"u_m\;(u_m = {terms};\ {', '.join(map(str, self.initial))})"


Channel = PolynomialChannel | RunChannel | RecurrenceChannel


def newton(values: Sequence[int]) -> fmpq_poly:
    """The polynomial of degree < len(values) through them at m = 0, 1, ... (Newton's forward differences).

    >>> str(newton([1, 3, 6]))
    '1/2*x^2 + 3/2*x + 1'
    """
    differences, row = [], list(values)
    while any(row):
        differences.append(row[0])
        row = [y - x for x, y in pairwise(row)]
    total, basis = fmpq_poly(differences[:2]), fmpq_poly([0, 1])
    for i, difference in enumerate(differences[2:], 2):
        basis = basis * fmpq_poly([1 - i, 1]) / i
        total += basis * difference
    return total


def interpolate(values: Sequence[int], degree: int) -> fmpq_poly | None:
    """The polynomial of degree <= ``degree`` through values[0..degree] if it meets all the others, else None.

    >>> str(interpolate([1, 3, 6, 10, 15], 2))
    '1/2*x^2 + 3/2*x + 1'
    """
    row = list(values)
    for _ in range(degree + 1):
        row = [y - x for x, y in pairwise(row)]
    return None if any(row) else newton(values[: degree + 1])


def _polynomial(node: Node) -> fmpq_poly:
    def name(symbol: str) -> fmpq_poly:
        if symbol != "m":
            raise InputError(f"{symbol!r} is not known here: write the channel in the variable 'm'")
        return fmpq_poly([0, 1])

    def call(inner: Call) -> fmpq_poly:
        raise InputError(f"{inner.name!r} has no place inside a channel: use + - * / ^ and m")

    def binary(operator: str, left: fmpq_poly, right: fmpq_poly) -> fmpq_poly:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
        if right.degree() != 0:
            raise InputError("in a channel, divide by nonzero integers only")
        return left / right[0]

    def power(base: fmpq_poly, exponent: Fraction) -> fmpq_poly:
        if exponent.denominator != 1 or not 0 <= exponent <= 50:
            raise InputError("exponents in a channel must be integers from 0 to 50")
        if base.degree() * exponent.numerator > _MAX_DEGREE:
            raise InputError(f"the degree of a channel is at most {_MAX_DEGREE}: give a polynomial of lower degree")
        return base**exponent.numerator

    return fold(
        node, integer=lambda k: fmpq_poly([k]), name=name, call=call, negate=lambda p: -p, binary=binary, power=power
    )


def _integer(node: Node) -> int:
    match node:
        case Integer(value):
            return value
        case Negate(Integer(value)):
            return -value
    raise InputError("a recurrence is written with integers only: recurrence(order, coefficients, initial values)")


@lru_cache(maxsize=4096)
def parse_channel(text: str) -> Channel:
    """The channel written in ``text``; raises :class:`InputError` for anything else.

    >>> str(parse_channel("run(2, 4m+3)"))
    'run(2, 4*m + 3)'
    """
    node = parse(text)
    if isinstance(node, Call) and node.name == "run":
        if len(node.arguments) != 2:
            raise InputError("a run is written run(value, length), such as run(2, 4*m+3)")
        return RunChannel(_integer(node.arguments[0]), _polynomial(node.arguments[1]))
    if isinstance(node, Call) and node.name == "recurrence":
        order, *rest = [_integer(argument) for argument in node.arguments]
        if order < 1 or len(rest) != 2 * order:
            raise InputError("a recurrence of order r has r coefficients and r initial values after r")
        return RecurrenceChannel(tuple(rest[:order]), tuple(rest[order:]))
    return PolynomialChannel(_polynomial(node))
