"""The polynomial continued fraction of a signed one: the same number, exactly."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.contraction import contract, digits_per_term, inverse, multiply
from constants_lab.errors import InputError, NotConverging
from constants_lab.pcf import PCF
from constants_lab.signed import SignedCF

channels = st.one_of(
    st.integers(2, 6).map(str),
    st.tuples(st.integers(1, 8), st.integers(2, 9)).map(lambda p: f"{p[0]}*m + {p[1]}"),
    st.tuples(st.integers(1, 3), st.integers(-2, 3), st.integers(4, 9)).map(
        lambda p: f"{p[0]}*m^2 + {p[1]}*m + {p[2]}"
    ),
    st.integers(2, 5).map(lambda c: f"(m^2 + m)/2 + {c}"),
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from([1, -1]), min_size=1, max_size=3),
    st.lists(st.integers(2, 9), max_size=4),
    st.lists(channels, min_size=1, max_size=3),
)
def test_the_map_takes_one_value_to_the_other(signs: list[int], prefix: list[int], texts: list[str]) -> None:
    cf = SignedCF(signs, prefix, texts)
    # All twos and minus signs make 1, and no irrational number.
    assume(set(cf.polynomials) != {"2"})
    contraction = contract(cf)
    if contraction is None:
        return
    (a, b), (c, d) = contraction.matrix
    assert a * d != b * c
    with mpmath.workdps(90):
        try:
            y = contraction.pcf.value(80)
        except NotConverging:
            assert all(p.isdigit() for p in cf.polynomials)
            return
        assert mpmath.almosteq((a * y + b) / (c * y + d), cf.value(80), mpmath.mpf(10) ** -65)


@pytest.mark.parametrize("text", ["m^2 + 1", "m^2 - m + 1", "3*m^2 + 2*m + 7", "m^4 + 1", "m^2 - 3*m + 4"])
def test_an_even_polynomial_has_a_first_index(text: str) -> None:
    """Such a(n) stay positive for n -> -oo: going back must end."""
    contraction = contract(SignedCF([1], [], [text]))
    assert contraction is not None
    (a, b), (c, d) = contraction.matrix
    with mpmath.workdps(60):
        y = contraction.pcf.value(50)
        assert mpmath.almosteq((a * y + b) / (c * y + d), SignedCF([1], [], [text]).value(50), mpmath.mpf(10) ** -45)


def test_fractions_with_the_same_tail_meet_in_one() -> None:
    found = {
        contract(cf).pcf  # type: ignore[union-attr]
        for cf in (
            SignedCF([1], [2], ["1", "2m+2", "1"]),
            SignedCF([1], [1], ["1", "2m+2", "1"]),
            SignedCF([1], [], ["4m+2"]),
            SignedCF([1], [1], ["4m+2"]),
            SignedCF([1], [3], ["4m+6"]),
            SignedCF([1, -1], [2], ["1", "4m+6"]),
        )
    }
    assert found == {PCF("4n+2", "1")}


def test_what_has_no_contraction() -> None:
    assert contract(SignedCF([-1], [], ["3", "run(2, m)"])) is None
    assert contract(SignedCF([1], [], ["recurrence(1, 3, 1)"])) is None
    assert contract(SignedCF([1], [], ["m + 1"] * 12 + ["m + 2"])) is None


matrices = st.tuples(*[st.tuples(st.integers(-9, 9), st.integers(-9, 9))] * 2)


@given(matrices, matrices, st.fractions(-9, 9))
def test_products_are_compositions(m: object, n: object, x: Fraction) -> None:
    def apply(matrix: object, value: Fraction) -> Fraction:
        (a, b), (c, d) = matrix  # type: ignore[misc]
        assume(c * value + d != 0)
        return (a * value + b) / Fraction(c * value + d)

    assert apply(multiply(m, n), x) == apply(m, apply(n, x))  # type: ignore[arg-type]
    (a, b), (c, d) = m  # type: ignore[misc]
    assume(a * d != b * c)
    assert apply(inverse(m), apply(m, x)) == x  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("signs", "texts"),
    [
        ([1], ["4*m + 2"]),
        ([1], ["1", "2*m + 2", "1"]),
        ([1, -1, -1], ["3", "1", "2*m + 4"]),
        ([-1, 1], ["2", "2*m + 5"]),
        ([1], ["1", "2"]),
        ([-1], ["3"]),
        ([1, -1], ["2", "4"]),
        ([1], ["m^2 + 1", "3"]),
    ],
)
def test_digits_a_term_are_as_theory_says(signs: list[int], texts: list[str]) -> None:
    measured, theory = digits_per_term(SignedCF(signs, [1, 5], texts), 600)
    assert theory is not None
    assert measured == pytest.approx(theory, rel=2e-3)


def test_digits_a_term_of_runs_are_only_measured() -> None:
    cf = SignedCF([-1], [1], ["3", "run(2, m)"])
    measured, theory = digits_per_term(cf, 300)
    assert theory is None
    assert measured > 0
    with pytest.raises(InputError, match="n >="):
        digits_per_term(SignedCF([1], [1, 2, 3], ["m", "m"]), 4)
