"""Continued fractions for the eye: nested LaTeX, a drawing for the terminal, and forms that fit one line.

Implementation overview.  A :class:`PCF` is first turned into its leading terms (:func:`_leading`): the numbers a(0), a(1), ...
and, between them, signs and absolute values of b(1), b(2), ...  Everything drawn is exact.  Where the numbers are too wide
for the space given, fewer levels are drawn, and where not even one level fits, the letters a(0), b(1) stand for
them; the general polynomials, which say all there is, are never shortened.  A fraction that ends (b has a positive
integer root) is drawn without dots once its last term is reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from flint import fmpz_poly

from constants_lab.errors import InputError
from constants_lab.polynomials import first_positive_integer_root, format_polynomial, latex_polynomial

if TYPE_CHECKING:
    from constants_lab.pcf import PCF

__all__ = ["WIDTH", "inline", "latex_pcf", "unicode_pcf", "unicode_polynomial"]

WIDTH = 80
"""Columns that a drawing or a line of text may take."""

_MOST_TERMS = 40
"""No drawing of :data:`WIDTH` columns has more levels; a larger number of terms costs nothing."""

_LATEX_DIGITS = 100
"""Decimal digits that the numbers of one LaTeX formula may have in all."""

_MINUS = "−"
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class _Terms:
    """a(0) + b(1)/(a(1) + ...) as far as it is shown.

    ``heads`` are a(0), a(1), ..., ``links`` the pairs (b(n) is negative, |b(n)|) between them, one fewer; ``following``
    is the sign after the last head (True: minus), None where the fraction ends there.
    """

    heads: tuple[str, ...]
    links: tuple[tuple[bool, str], ...]
    following: bool | None

    @property
    def size(self) -> int:
        """Characters of all numbers."""
        return sum(map(len, self.heads)) + sum(len(text) for _, text in self.links)


def _leading(pcf: PCF, terms: int) -> _Terms:
    """The first ``terms`` levels, fewer if the fraction ends before."""
    if isinstance(terms, bool) or not isinstance(terms, int) or terms < 1:
        raise InputError(f"the number of terms must be an integer of at least 1, not {str(terms)[:20]!r}: give one")
    a, b = pcf.a, pcf.b
    last = first_positive_integer_root(b)
    levels = min(terms, _MOST_TERMS)
    ends = last is not None and last - 1 <= levels
    if ends:
        assert last is not None
        levels = last - 1
    numerators = [b(n) for n in range(1, levels + 2)]
    return _Terms(
        tuple(str(a(n)) for n in range(levels + 1)),
        tuple((bool(x < 0), str(abs(x))) for x in numerators[:-1]),
        None if ends else bool(numerators[-1] < 0),
    )


def _letters(ends_at: int | None) -> _Terms:
    """One level in letters, for numbers that no line can hold."""
    if ends_at == 1:
        return _Terms(("a(0)",), (), None)
    return _Terms(("a(0)", "a(1)"), ((False, "b(1)"),), None if ends_at == 2 else False)


def _fitting(pcf: PCF, terms: int, fits: Callable[[_Terms], bool]) -> _Terms:
    """The most levels up to ``terms`` for which ``fits`` holds; letters if there are none."""
    shown = _leading(pcf, terms)
    while not fits(shown):
        if len(shown.links) <= 1:
            return _letters(first_positive_integer_root(pcf.b))
        shown = _Terms(shown.heads[:-1], shown.links[:-1], shown.links[-1][0])
    return shown


# --- LaTeX -----------------------------------------------------------------------------------------------------


def _signed_latex(p: fmpz_poly) -> tuple[bool, str]:
    negative = bool(p[p.degree()] < 0)
    return negative, latex_polynomial(-p if negative else p)


def _sign(negative: bool, minus: str = "-") -> str:
    return f" {minus} " if negative else " + "


def _opening(head: str, negative: bool, minus: str = "-", gap: str = "") -> str:
    """The first term with the sign after it; a zero is left out, ``gap`` then stands after a minus."""
    if head == "0":
        return minus + gap if negative else ""
    return head + _sign(negative, minus)


def latex_pcf(pcf: PCF, terms: int = 3) -> str:
    r"""LaTeX of the first terms as nested ``\cfrac``, ending in the general term b(n)/a(n) (without dollar signs).

    A negative numerator is written with a minus, and a first term zero is left out.  A fraction that ends has its last
    term in place of the general one, and is followed by its polynomials.  At most ``terms`` levels, fewer where the
    numbers are wide.  Raises :class:`InputError` unless ``terms`` is a positive integer.

    >>> from constants_lab.pcf import PCF
    >>> print(latex_pcf(PCF("2n+1", "n^2"), terms=2))
    1 + \cfrac{1}{3 + \cfrac{4}{5 + \ddots + \cfrac{n^{2}}{2 n + 1 + \ddots}}}
    """
    shown = _fitting(pcf, terms, lambda t: t.size <= _LATEX_DIGITS)
    last = first_positive_integer_root(pcf.b)
    text = shown.heads[-1]
    if shown.following is not None:
        if last is None:
            negative, numerator = _signed_latex(pcf.b)
            denominator = latex_polynomial(pcf.a) + r" + \ddots"
        else:
            negative, numerator = bool(pcf.b(last - 1) < 0), str(abs(pcf.b(last - 1)))
            denominator = str(pcf.a(last - 1))
        text += _sign(shown.following) + r"\ddots" + _sign(negative) + rf"\cfrac{{{numerator}}}{{{denominator}}}"
    for level in range(len(shown.links) - 1, -1, -1):
        negative, numerator = shown.links[level]
        head = shown.heads[level]
        before = head + _sign(negative) if level else _opening(head, negative)
        text = rf"{before}\cfrac{{{numerator}}}{{{text}}}"
    if last is None:
        return text
    return rf"{text} \qquad (a(n) = {latex_polynomial(pcf.a)},\; b(n) = {latex_polynomial(pcf.b)})"


# --- one line --------------------------------------------------------------------------------------------------


def inline(pcf: PCF, terms: int = 3, *, latex: bool = False) -> str:
    r"""The first terms on one line: as text of at most :data:`WIDTH` columns, or as LaTeX in Rogers' notation.

    In Rogers' notation the signs stand low, between the denominators.  Fewer terms are shown where the numbers are wide.
    Raises :class:`InputError` unless ``terms`` is a positive integer.

    >>> from constants_lab.pcf import PCF
    >>> inline(PCF("n^3+(n+1)^3", "-n^6"))
    '1 − 1/(9 − 64/(35 − 729/(91 − …)))'
    >>> print(inline(PCF("2n+1", "n^2"), 2, latex=True))
    1 + \frac{1}{3 +}\,\frac{4}{5 +}\,\cdots
    """
    if latex:
        return _rogers(_fitting(pcf, terms, lambda t: t.size <= _LATEX_DIGITS // 2))
    return _one_line(_fitting(pcf, terms, lambda t: len(_one_line(t)) <= WIDTH))


def _one_line(shown: _Terms) -> str:
    text = ""
    for level, head in enumerate(shown.heads):
        negative = shown.links[level][0] if level < len(shown.links) else shown.following
        head = _typographic(head)
        if negative is None:
            text += head
        else:
            text += head + _sign(negative, _MINUS) if level else _opening(head, negative, _MINUS)
        if level < len(shown.links):
            # Brackets around a last single number would only be noise, but a sign after a stroke needs them.
            alone = level + 2 == len(shown.heads) and shown.following is None
            bare = alone and not shown.heads[level + 1].startswith("-")
            text += shown.links[level][1] + ("/" if bare else "/(")
        elif negative is not None:
            text += "…"
    return text + ")" * text.count("/(")


def _rogers(shown: _Terms) -> str:
    signs = [negative for negative, _ in shown.links] + [shown.following]
    text = shown.heads[0] if signs[0] is None else _opening(shown.heads[0], signs[0])
    fractions = []
    for (_, numerator), head, sign in zip(shown.links, shown.heads[1:], signs[1:], strict=True):
        below = head if sign is None else head + (" -" if sign else " +")
        fractions.append(rf"\frac{{{numerator}}}{{{below}}}")
    if shown.following is not None:
        fractions.append(r"\cdots")
    return text + r"\,".join(fractions)


# --- the terminal ----------------------------------------------------------------------------------------------


def _typographic(number: str) -> str:
    return number.replace("-", _MINUS)


def unicode_polynomial(p: fmpz_poly, variable: str = "n") -> str:
    """A polynomial for reading: raised exponents, no multiplication signs, a true minus (not to be parsed back).

    >>> from constants_lab.polynomials import parse_polynomial
    >>> unicode_polynomial(parse_polynomial("-2n^12 + 3n - 1"))
    '−2n¹² + 3n − 1'
    """
    pieces = format_polynomial(p, variable).replace("*", "").split("^")
    text = pieces[0]
    for piece in pieces[1:]:
        exponent, space, rest = piece.partition(" ")
        text += exponent.translate(_RAISED) + space + rest
    return _typographic(text)


def _drawn(shown: _Terms) -> list[str]:
    """The lines of the drawing, from the innermost term out: each level is put under a bar, the term before it to the left."""
    lines = [_typographic(shown.heads[-1])]
    if shown.following is not None:
        lines[0] += _sign(shown.following, _MINUS) + "⋱"
    for level in range(len(shown.links) - 1, -1, -1):
        negative, numerator = shown.links[level]
        head = _typographic(shown.heads[level])
        before = head + _sign(negative, _MINUS) if level else _opening(head, negative, _MINUS, " ")
        below = max(map(len, lines))
        width = max(len(numerator), below)
        margin = " " * len(before)
        # What stands below is moved as one block, so that what is aligned in it stays aligned.
        inset = margin + " " * ((width - below) // 2)
        lines = [
            margin + " " * ((width - len(numerator)) // 2) + numerator,
            before + "─" * width,
            *(inset + line for line in lines),
        ]
    return lines


def unicode_pcf(pcf: PCF, terms: int = 4) -> str:
    """A drawing of the fraction in several lines of at most :data:`WIDTH` columns, followed by a(n) and b(n).

    ``terms`` bounds the levels; fewer are drawn where the numbers are wide.  Raises :class:`InputError` unless it is a
    positive integer.

    >>> from constants_lab.pcf import PCF
    >>> print(unicode_pcf(PCF("2n+1", "n^2"), terms=2))
            1
    1 + ─────────
              4
        3 + ─────
            5 + ⋱
    <BLANKLINE>
    a(n) = 2n + 1
    b(n) = n²
    """
    shown = _fitting(pcf, terms, lambda t: max(map(len, _drawn(t))) <= WIDTH)
    lines = [*_drawn(shown), ""]
    for name, polynomial in (("a", pcf.a), ("b", pcf.b)):
        lines += wrap(f"{name}(n) = {unicode_polynomial(polynomial)}", WIDTH, subsequent_indent=" " * 7)
    last = first_positive_integer_root(pcf.b)
    if last is not None:
        lines += wrap(f"b({last}) = 0: the fraction ends at a({last - 1})", WIDTH)
    return "\n".join(lines)
