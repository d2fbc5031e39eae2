"""Integer polynomials in one variable: parse, print, shift, roots.

Polynomials are ``flint.fmpz_poly``; coefficient lists that users see are highest degree first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from fractions import Fraction
from operator import index

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from constants_lab.errors import InputError
from constants_lab.syntax import Call, Node, fold, parse

__all__ = [
    "MAX_DEGREE",
    "PolynomialLike",
    "coefficients",
    "evaluate_rational",
    "first_positive_integer_root",
    "format_polynomial",
    "integer_roots",
    "latex_polynomial",
    "make_polynomial",
    "parse_polynomial",
    "shift",
    "shift_distance",
]

PolynomialLike = str | int | Sequence[int] | fmpz_poly
"""What a user may give for a polynomial: text, an integer, coefficients highest degree first, or FLINT's type."""

MAX_DEGREE = 200
"""Highest degree accepted from text, so that a short text cannot ask for a huge expansion."""


def shift(p: fmpz_poly, k: int) -> fmpz_poly:
    """p(n + k).

    >>> format_polynomial(shift(parse_polynomial("n^2"), -1))
    'n^2 - 2*n + 1'
    """
    return p(fmpz_poly([k, 1]))


def coefficients(p: fmpz_poly) -> tuple[int, ...]:
    """Coefficients of ``p``, highest degree first; ``(0,)`` for the zero polynomial."""
    return tuple(int(c) for c in reversed(p.coeffs())) or (0,)


def _evaluate_tree(node: Node, variable: str) -> fmpq_poly:
    def name(symbol: str) -> fmpq_poly:
        if symbol != variable:
            raise InputError(f"{symbol!r} is not known here: write the polynomial in the variable {variable!r}")
        return fmpq_poly([0, 1])

    def call(node: Call) -> fmpq_poly:
        raise InputError(f"{node.name!r} is a function, which a polynomial cannot contain: use + - * ^ and {variable}")

    def binary(operator: str, left: fmpq_poly, right: fmpq_poly) -> fmpq_poly:
        if operator == "+":
            return left + right
        if operator == "-":
            return left - right
        if operator == "*":
            if left.degree() + right.degree() > MAX_DEGREE:
                raise InputError(f"the degree is over {MAX_DEGREE}: use a polynomial of lower degree")
            return left * right
        if right.degree() > 0:
            raise InputError("a polynomial cannot be divided by another: divide by integers only")
        if right.degree() < 0:
            raise InputError("a polynomial is divided by zero: remove the division")
        return left / right[0]

    def power(base: fmpq_poly, exponent: Fraction) -> fmpq_poly:
        if exponent.denominator != 1 or exponent < 0:
            raise InputError("exponents in a polynomial must be integers >= 0")
        if max(base.degree(), 0) * exponent.numerator > MAX_DEGREE:
            raise InputError(f"the degree is over {MAX_DEGREE}: use a polynomial of lower degree")
        return base**exponent.numerator

    return fold(
        node,
        integer=lambda value: fmpq_poly([value]),
        name=name,
        call=call,
        negate=lambda operand: -operand,
        binary=binary,
        power=power,
    )


def parse_polynomial(text: str, variable: str = "n") -> fmpz_poly:
    """The integer polynomial written in ``text``; powers as ``^`` or ``**``.

    >>> coefficients(parse_polynomial("n^3 + (n+1)^3"))
    (2, 3, 3, 1)

    Raises :class:`InputError` for anything but a polynomial in ``variable`` with integer coefficients.
    """
    p = _evaluate_tree(parse(text), variable)
    if p.denom() != 1:
        raise InputError(f"{text[:60]!r} has coefficients that are not integers: multiply the fraction out")
    return p.numer()


def make_polynomial(value: PolynomialLike, variable: str = "n") -> fmpz_poly:
    """A polynomial from text, an integer, a coefficient list (highest degree first) or an ``fmpz_poly``.

    Raises :class:`InputError` when it is none of these or a coefficient is not an integer.
    """
    if isinstance(value, fmpz_poly):
        # FLINT's polynomials can be changed in place, and whoever gave this one may do so.
        return fmpz_poly(value)
    if isinstance(value, str):
        return parse_polynomial(value, variable)
    unordered = isinstance(value, bytes | bytearray | Mapping | Set)
    entries: list[object] = list(value) if isinstance(value, Iterable) and not unordered else [value]
    try:
        if not entries or any(isinstance(c, bool) for c in entries):
            raise TypeError
        return fmpz_poly([fmpz(index(c)) for c in reversed(entries)])  # type: ignore[arg-type]
    except TypeError:
        raise InputError(
            "a polynomial is a text such as '2*n+1', an integer, or a list of integers, highest degree first"
        ) from None


def _terms(p: fmpz_poly) -> list[tuple[int, int]]:
    top = p.degree()
    return [(c, top - i) for i, c in enumerate(coefficients(p)) if c]


def _join(p: fmpz_poly, power: str, times: str, variable: str) -> str:
    pieces: list[str] = []
    for c, k in _terms(p):
        monomial = "" if k == 0 else variable if k == 1 else power.format(variable=variable, k=k)
        magnitude = str(abs(c)) if k == 0 or abs(c) != 1 else ""
        body = magnitude + (times if magnitude and monomial else "") + monomial
        sign = "-" if c < 0 else "+"
        pieces.append(f"{sign} {body}" if pieces else ("-" if c < 0 else "") + body)
    return " ".join(pieces) or "0"


def format_polynomial(p: fmpz_poly, variable: str = "n") -> str:
    """Text that :func:`parse_polynomial` reads back.

    >>> format_polynomial(parse_polynomial("-n^6+3n"))
    '-n^6 + 3*n'
    """
    return _join(p, "{variable}^{k}", "*", variable)


def latex_polynomial(p: fmpz_poly, variable: str = "n") -> str:
    """The same polynomial in LaTeX.

    >>> latex_polynomial(parse_polynomial("2n^12-1"))
    '2 n^{12} - 1'
    """
    return _join(p, "{variable}^{{{k}}}", " ", variable)


def integer_roots(p: fmpz_poly) -> list[tuple[int, int]]:
    """The integer roots with multiplicity, increasing; empty for constants (also for zero)."""
    if p.degree() <= 0:
        return []
    return sorted((int(root), int(multiplicity)) for root, multiplicity in p.roots())


def first_positive_integer_root(p: fmpz_poly) -> int | None:
    """The smallest integer n >= 1 with p(n) = 0, or None.

    >>> first_positive_integer_root(parse_polynomial("n^2 - 5n + 6"))
    2
    """
    if p.is_zero():
        return 1
    return next((root for root, _ in integer_roots(p) if root >= 1), None)


def shift_distance(f: fmpz_poly, g: fmpz_poly) -> int | None:
    """The integer k with f(n) = g(n - k), or None; ``f`` and ``g`` of equal degree >= 1.

    The roots of ``f`` are those of ``g`` moved by ``k``; the two leading coefficients determine ``k``.
    """
    d = f.degree()
    if d != g.degree() or d < 1 or f[d] != g[d]:
        return None
    distance = fmpq(g[d - 1] - f[d - 1], d * f[d])
    if distance.denom() != 1:
        return None
    k = int(distance.numer())
    return k if shift(g, -k) == f else None


def evaluate_rational(p: fmpz_poly, n: int | fmpq) -> fmpq:
    """p(n) for a rational ``n``, exactly."""
    return fmpq_poly(p)(fmpq(n))
