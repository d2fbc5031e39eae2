"""Real numbers as users give them, read as balls.

A number comes as a ball, as a decimal string, as an ``mpmath.mpf`` with stated digits, as an exact rational, or as a
function that computes it.  :func:`reader` turns each into a function digits -> ball together with what accuracy it
can reach; balls are rigorous as far as the user's statement of accuracy is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias, Union

import flint

from constants_lab.errors import InputError

if TYPE_CHECKING:
    import mpmath

__all__ = ["BITS_PER_DIGIT", "DEFAULT_DIGITS", "Ball", "Real", "parse_number", "precision", "reader"]

Ball: TypeAlias = Callable[[int], flint.arb]
"""A function from decimal digits to a ball of about that relative accuracy."""

Real: TypeAlias = Union["flint.arb", "mpmath.mpf", str, int, Fraction, "flint.fmpz", "flint.fmpq", Ball]
"""A real number as given: a ball, a number with stated digits, an exact rational, or digits -> ball."""

BITS_PER_DIGIT = math.log2(10)
DEFAULT_DIGITS = 100

_MAX_TEXT = 100_000
_MAX_EXPONENT = 10_000
_NUMBER = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,9}))?")


def parse_number(text: str) -> tuple[flint.arb, int]:
    """A decimal number as a ball that allows one unit in its last place, and its significant digits.

    Sign, leading zeros and an exponent are read; trailing zeros count as digits.  For a zero the decimals are
    counted.  Raises :class:`InputError` for anything else, for NaN and infinity, for more than 100,000
    characters and for exponents over 10,000.

    >>> parse_number("-0.00120e-5")[1]
    3
    """
    text = text.strip()
    if len(text) > _MAX_TEXT:
        raise InputError(f"a number of {len(text)} characters is too long: give at most {_MAX_TEXT}")
    match = _NUMBER.fullmatch(text)
    if match is None:
        shown = text if len(text) <= 40 else text[:37] + "..."
        raise InputError(f"{shown!r} is not a decimal number: write it as 3.14159 or 1.23e-5")
    sign, body, exponent = match.groups()
    power = int(exponent or 0)
    if abs(power) > _MAX_EXPONENT:
        raise InputError(
            f"the exponent {power} is too large: give a number between 1e-{_MAX_EXPONENT} and 1e{_MAX_EXPONENT}"
        )
    whole, _, decimals = body.partition(".")
    figures = (whole + decimals).lstrip("0")
    power -= len(decimals)
    digits = len(figures) or len(decimals)
    with flint.ctx.workprec(int((len(figures) + 5) * BITS_PER_DIGIT) + 40):
        mantissa = flint.fmpz(figures or "0")
        scale = flint.arb(10) ** abs(power)
        middle = flint.arb(-mantissa if sign == "-" else mantissa)
        if power >= 0:
            return middle * scale + flint.arb(0, scale.abs_upper()), digits
        return middle / scale + flint.arb(0, (1 / scale).abs_upper()), digits


def reader(value: Real, digits: int | None) -> tuple[Ball, int | None]:
    """A function digits -> ball for ``value``, and its accuracy in digits (None: any number can be had)."""
    if isinstance(value, flint.arb):
        ball = value
        if not ball.is_finite():
            raise InputError("a value is not finite: give a real number")
        if ball.is_exact():
            return (lambda _: ball), None
        if ball.contains(0):
            return (lambda _: ball), digits or DEFAULT_DIGITS
        return (lambda _: ball), int(ball.rel_accuracy_bits() / BITS_PER_DIGIT)
    if isinstance(value, str):
        ball, given = parse_number(value)
        if digits is None:
            return (lambda _: ball), given
        ball = _trusted(ball.mid(), digits)
        return (lambda _: ball), digits
    if isinstance(value, (bool, float, complex)):
        raise InputError(f"{value!r} carries 16 digits at most: give the number as a decimal string or a ball")
    if isinstance(value, (int, Fraction, flint.fmpz, flint.fmpq)):
        exact = flint.fmpq(value.numerator, value.denominator) if isinstance(value, Fraction) else value
        return (lambda asked: _rational(exact, asked)), None
    triple = getattr(value, "_mpf_", None)
    if triple is not None:
        if digits is None:
            raise InputError("an mpmath number does not know its accuracy: state how many digits are right")
        sign, mantissa, exponent, bits = triple
        if not mantissa and exponent:
            raise InputError("a value is not finite: give a real number")
        with flint.ctx.workprec(max(int(bits), 2)):
            middle = flint.arb((-1) ** sign * int(mantissa)) * flint.arb(2) ** int(exponent)
        ball = _trusted(middle, digits)
        return (lambda _: ball), digits
    if callable(value):
        function = value

        def read(asked: int) -> flint.arb:
            result = function(asked)
            if not isinstance(result, flint.arb) or not result.is_finite():
                raise InputError(f"a function gave {result!r} at {asked} digits: it must give a finite flint.arb")
            return result

        return read, None
    raise InputError(f"{type(value).__name__} is no real number: give a ball, a decimal string or a function")


def _rational(value: int | flint.fmpz | flint.fmpq, digits: int) -> flint.arb:
    with precision(digits):
        return flint.arb(value)


def _trusted(middle: flint.arb, digits: int) -> flint.arb:
    with flint.ctx.workprec(64):
        radius = middle.abs_upper() / flint.arb(10) ** digits
    return flint.arb(middle, radius)


def precision(digits: int) -> AbstractContextManager[object]:
    """A FLINT working precision a little beyond ``digits`` decimals, for a few operations on balls."""
    return flint.ctx.workprec(int((digits + 12) * BITS_PER_DIGIT) + 32)
