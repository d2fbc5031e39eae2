"""Drawings and LaTeX of continued fractions: snapshots, and what holds of every fraction."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.display import WIDTH, inline, latex_pcf, unicode_pcf, unicode_polynomial
from constants_lab.errors import InputError
from constants_lab.pcf import PCF
from constants_lab.polynomials import first_positive_integer_root, latex_polynomial, parse_polynomial

BROUNCKER = """\
            1
1 + ─────────────────
              4
    3 + ─────────────
                9
        5 + ─────────
                 16
            7 + ─────
                9 + ⋱

a(n) = 2n + 1
b(n) = n²"""

ZETA = """\
           1
1 − ───────────────
            64
    9 − ───────────
              729
        35 − ──────
             91 − ⋱

a(n) = 2n³ + 3n² + 3n + 1
b(n) = −n⁶"""

ZERO_FIRST = """\
      1
─────────────
        2
3 − ─────────
          9
    6 − ─────
        9 − ⋱"""

ENDING = """\
        3
2 − ─────────
          2
    2 − ─────
            1
        2 − ─
            2

a(n) = 2
b(n) = n − 4
b(4) = 0: the fraction ends at a(3)"""


def coefficient_lists(largest: int) -> st.SearchStrategy[list[int]]:
    numbers = st.lists(st.integers(-largest, largest), min_size=1, max_size=7)
    return numbers.filter(any)


def fractions(largest: int = 10**30) -> st.SearchStrategy[PCF]:
    bounds = st.sampled_from([3, 50, largest])
    return bounds.flatmap(lambda k: st.builds(PCF, coefficient_lists(k), coefficient_lists(k)))


def test_drawing_with_positive_terms() -> None:
    assert unicode_pcf(PCF("2n+1", "n^2")) == BROUNCKER


def test_drawing_with_negative_numerators() -> None:
    assert unicode_pcf(PCF("n^3+(n+1)^3", "-n^6"), terms=3) == ZETA


def test_drawing_of_a_fraction_that_ends() -> None:
    assert unicode_pcf(PCF("2", "n-4"), terms=9) == ENDING
    assert "⋱" in unicode_pcf(PCF("2", "n-4"), terms=2)
    assert unicode_pcf(PCF("5", "n-1")).splitlines()[0] == "5"


def test_a_first_term_zero_is_left_out() -> None:
    assert unicode_pcf(PCF("3n", "-2n^2+3n"), terms=3).startswith(ZERO_FIRST)
    assert unicode_pcf(PCF("n", "-n-1"), terms=1).splitlines()[:3] == ["    2", "− ─────", "  1 − ⋱"]
    assert unicode_pcf(PCF("n-1", "1"), terms=1).splitlines()[2] == "     0 + ⋱"


def test_numbers_too_wide_for_a_line_are_letters() -> None:
    lines = unicode_pcf(PCF([1, 10**200], [1, 0])).splitlines()
    assert lines[:3] == ["         b(1)", "a(0) + ────────", "       a(1) + ⋱"]
    assert "".join(line.strip() for line in lines[4:-1]) == f"a(n) = n + {10**200}"


@settings(max_examples=150, deadline=None)
@given(fractions(), st.integers(1, 60))
def test_drawings_keep_to_the_width_and_are_aligned(pcf: PCF, terms: int) -> None:
    lines = unicode_pcf(pcf, terms).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert not any(line != line.rstrip() for line in lines)
    drawing = lines[: lines.index("")]
    bars = [line for line in drawing if "─" in line]
    assert len(drawing) == 2 * len(bars) + 1
    assert len(bars) <= terms
    # The inner bars lie under the outer ones.
    ends = [len(bar) for bar in bars]
    assert ends == sorted(ends, reverse=True)
    last = first_positive_integer_root(pcf.b)
    if last is None or last - 1 > len(bars):
        assert drawing[-1].endswith("⋱")
    else:
        assert "⋱" not in drawing[-1]
        assert len(bars) == last - 1


def evaluated(text: str) -> Fraction:
    """The value of a one-line form without dots, by Python's own arithmetic."""
    tokens = text.replace("−", "-")
    digits = "".join(f"Fraction({part})" if part.isdigit() else part for part in _split(tokens))
    return Fraction(eval(digits, {"Fraction": Fraction}))


def _split(text: str) -> list[str]:
    parts: list[str] = []
    for character in text:
        if character.isdigit() and parts and parts[-1].isdigit():
            parts[-1] += character
        else:
            parts.append(character)
    return parts


@settings(max_examples=100, deadline=None)
@given(coefficient_lists(9), st.integers(-9, 9).filter(bool), st.integers(2, 5))
def test_one_line_of_a_fraction_that_ends_has_its_value(a: list[int], factor: int, last: int) -> None:
    pcf = PCF(a, [factor, -factor * last])
    text = inline(pcf, 8)
    if "a(0)" in text:
        return
    if "…" in text:
        assert len(text) > WIDTH // 2
        return
    tail: Fraction | None = Fraction(int(pcf.a(last - 1)))
    for n in range(last - 1, 0, -1):
        if tail == 0:
            with pytest.raises(ZeroDivisionError):
                evaluated(text)
            return
        tail = int(pcf.a(n - 1)) + Fraction(int(pcf.b(n))) / tail
    assert evaluated(text) == tail


def test_one_line_forms() -> None:
    assert inline(PCF("n^3+(n+1)^3", "-n^6"), 2) == "1 − 1/(9 − 64/(35 − …))"
    assert inline(PCF("3n", "-2n^2+3n"), 1) == "1/(3 − …)"
    assert inline(PCF("n", "-n-1"), 1) == "−2/(1 − …)"
    assert inline(PCF("-7", "n-2")) == "−7 − 1/(−7)"
    assert inline(PCF("3n", "-2n^2+3n"), 2, latex=True) == r"\frac{1}{3 -}\,\frac{2}{6 -}\,\cdots"
    assert inline(PCF("5", "n-1"), latex=True) == "5"


@settings(max_examples=100, deadline=None)
@given(fractions(10**12), st.integers(1, 60))
def test_one_line_forms_keep_to_the_width(pcf: PCF, terms: int) -> None:
    assert len(inline(pcf, terms)) <= WIDTH
    assert inline(pcf, terms).count("(") == inline(pcf, terms).count(")")


def test_latex() -> None:
    assert latex_pcf(PCF("n^3+(n+1)^3", "-n^6"), terms=1) == (
        r"1 - \cfrac{1}{9 - \ddots - \cfrac{n^{6}}{2 n^{3} + 3 n^{2} + 3 n + 1 + \ddots}}"
    )
    assert latex_pcf(PCF("3n", "-2n^2+3n"), terms=2).startswith(r"\cfrac{1}{3 - \cfrac{2}{6 - \ddots")
    assert latex_pcf(PCF("n", "-n-1"), terms=1).startswith(r"-\cfrac{2}{1 - \ddots")
    assert latex_pcf(PCF("2", "n-3")) == r"2 - \cfrac{2}{2 - \cfrac{1}{2}} \qquad (a(n) = 2,\; b(n) = n - 3)"
    # The last term of a longer fraction that ends stands where the general one would.
    assert latex_pcf(PCF("2n+1", "n-9"), terms=1).startswith(r"1 - \cfrac{8}{3 - \ddots - \cfrac{1}{17}} \qquad")


def test_a_fraction_typesets_itself() -> None:
    pcf = PCF("2n+1", "n^2")
    assert pcf.latex() == latex_pcf(pcf)
    assert pcf._repr_latex_() == f"$\\displaystyle {latex_pcf(pcf)}$"


@settings(max_examples=100, deadline=None)
@given(fractions(), st.integers(1, 60))
def test_latex_is_balanced_and_complete(pcf: PCF, terms: int) -> None:
    text = latex_pcf(pcf, terms)
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert "+ -" not in text
    assert latex_polynomial(pcf.a) in text
    assert 1 <= text.count(r"\cfrac") <= terms + 1 or first_positive_integer_root(pcf.b) == 1


def test_polynomials_for_reading() -> None:
    assert unicode_polynomial(parse_polynomial("-n^10 + 2n - 3")) == "−n¹⁰ + 2n − 3"
    assert unicode_polynomial(parse_polynomial("7")) == "7"
    assert unicode_polynomial(parse_polynomial("n^2 - 1"), "m") == "m² − 1"


@pytest.mark.parametrize("terms", [0, -1, True, 2.5, "3", None])
@pytest.mark.parametrize("draw", [inline, latex_pcf, unicode_pcf])
def test_a_number_of_terms_that_is_none_is_refused(draw: object, terms: object) -> None:
    with pytest.raises(InputError, match="number of terms"):
        draw(PCF("n", "1"), terms)  # type: ignore[operator]


def test_a_great_number_of_terms_costs_nothing() -> None:
    pcf = PCF("1", "1")
    assert unicode_pcf(pcf, 10**9) == unicode_pcf(pcf, 50)
    assert latex_pcf(pcf, 10**9).count(r"\cfrac") <= 60
