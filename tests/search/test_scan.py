"""Quotients from the compiled kernels against an extraction written here, from the ball of the image itself."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.constants import constant
from constants_lab.quotients import common_quotients
from constants_lab.recovery import recover_runs
from constants_lab.search.kernels.quotients import as_array, extract, image_quotients
from constants_lab.search.kernels.scan import HARD, INTERLACED, NOTHING, RUNS, cylinder_digits, detect, scan
from constants_lab.search.methods.esma import Candidate, confirm
from constants_lab.search.sources import open_source
from constants_lab.signed import SignedCF, convergent_of

NAMES = ["pi", "e", "euler_gamma", "zeta(3)", "besseli_ratio(0,2)", "tan(1)", "ln(2)", "golden_ratio"]
DIGITS = 1500


def from_the_ball(x: arb, signs: list[int], count: int) -> list[int]:
    """Floors and ceilings of a ball, as long as they are certain."""
    out: list[int] = []
    with ctx.workprec(int(DIGITS * 3.33) + 50):
        while len(out) < count:
            below = x.floor().unique_fmpz()
            if below is None:
                break
            s = signs[len(out) % len(signs)]
            a = int(below) + (s < 0)
            out.append(a)
            rest = (x - a) * s
            if rest.contains(0):
                break
            x = 1 / rest
    return out


def image(name: str, matrix: tuple[int, int, int, int]) -> arb:
    a, b, k, d = matrix
    with ctx.workprec(int(DIGITS * 3.33) + 50):
        c = constant(name).ball(DIGITS)
        return (a * c + b) / (k * c + d)


matrices = st.tuples(*[st.integers(-40, 40)] * 4).filter(lambda m: m[0] * m[3] != m[1] * m[2])
sign_lists = st.lists(st.sampled_from([1, -1]), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), matrices, sign_lists)
def test_quotients_are_those_of_the_ball(name: str, matrix: tuple[int, int, int, int], signs: list[int]) -> None:
    a, b, k, d = matrix
    x = image(name, matrix)
    if x < 0:
        a, b = -a, -b
        x = image(name, (a, b, k, d))
    expected = from_the_ball(x, signs, 120)
    assert len(expected) == 120
    source = open_source("constant", name)
    terms = source.terms(600)
    assert image_quotients(terms, (a, b, k, d), signs, 120) == expected
    out = np.empty(120, np.int64)
    count = extract(as_array(terms), a, b, k, d, np.array(signs), out)
    assert count in (-1, 120)
    if count == 120:
        assert out.tolist() == expected
    assert source.expand((a, b), (k, d), signs, 120).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.integers(1, 9), st.integers(1, 2**39)), min_size=1, max_size=60),
    st.integers(-(2**39), 2**39),
    st.tuples(*[st.integers(-(10**4), 10**4)] * 4),
    sign_lists,
)
def test_64_bits_are_enough_or_are_said_not_to_be(
    tail: list[int], whole: int, matrix: tuple[int, int, int, int], signs: list[int]
) -> None:
    a, b, k, d = matrix
    assume(a * d != b * c_sign(k, d))
    terms = [whole, *tail]
    expected = image_quotients(terms, matrix, signs, 400)
    out = np.empty(400, np.int64)
    count = extract(np.array(terms, np.int64), a, b, k, d, np.array(signs), out)
    if count >= 0:
        assert out[:count].tolist() == expected
    else:
        size = 2**61 // (2**40 + 2)
        assert max(map(abs, (*matrix, *terms))) > min(size, 4)


def c_sign(k: int, d: int) -> int:
    """k, or 1 where the denominator vanishes identically."""
    return k if (k, d) != (0, 0) else 1


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**60), st.integers(1, 20), matrices, sign_lists)
def test_all_numbers_of_a_decimal_have_its_quotients(
    decimal: int, place: int, matrix: tuple[int, int, int, int], signs: list[int]
) -> None:
    """Any number within the digits gives the same certain quotients of its image."""
    unit = 10**58
    terms = common_quotients(decimal - 1, unit, decimal + 1, unit)
    certain = image_quotients(terms, matrix, signs, 200)
    inside = [decimal * 7**30 + (2 * place - 21) * 7**28, unit * 7**30]
    p, q = inside
    exact: list[int] = []
    while q:
        exact.append(p // q)
        p, q = q, p % q
    again = image_quotients([*exact[:-1], exact[-1] - 1, 1, 10**90], matrix, signs, len(certain))
    assert again == certain


def test_detection_of_known_sequences() -> None:
    buffer = np.empty(2002, np.int64)
    plus, minus = np.array([1]), np.array([-1])
    e = np.array(SignedCF([1], [2], ["1", "2m+2", "1"]).quotients(100))
    assert detect(e, plus, buffer) == (INTERLACED, 3, 1, 1, 0)
    runs = np.array(SignedCF([-1], [3, 4], ["3", "run(2, 4*m+3)", "3", "4*m+8"]).quotients(1000))
    kind, k, degree, start, value = detect(runs, minus, buffer)
    assert (kind, value, degree) == (RUNS, 2, 1)
    found = recover_runs(runs.tolist(), [-1], value, (k, degree, start))
    assert found is not None
    assert found.quotients(4000) == SignedCF([-1], [3, 4], ["3", "run(2, 4*m+3)", "3", "4*m+8"]).quotients(4000)


def random_reals(count: int, digits: int) -> list[tuple[str, list[int]]]:
    """Decimals with random digits, and their certain quotients."""
    chance = Random(20231)
    unit = 10**digits
    numbers = (chance.randrange(unit, 10 * unit) for _ in range(count))
    return [(f"{str(x)[0]}.{str(x)[1:]}", common_quotients(x - 1, unit, x + 1, unit)) for x in numbers]


def test_random_reals_have_no_pattern() -> None:
    """Ten thousand of them, each with a random sign period, at as many quotients as their digits make certain.

    Under minus signs alone, the runs of 2 before large quotients may look like a pattern of the length of the sequence; what
    the detector proposes there must not survive.
    """
    chance = Random(5)
    buffer = np.empty(2002, np.int64)
    proposed, lengths = 0, []
    for text, terms in random_reals(10_000, 160):
        signs = tuple(chance.choice([1, -1]) for _ in range(chance.randint(1, 4)))
        out = np.empty(len(terms), np.int64)
        count = extract(as_array(terms), 1, 0, 0, 1, np.array(signs), out)
        if count < 0:
            continue
        lengths.append(count)
        kind, *shape = detect(out[:count], np.array(signs), buffer)
        if kind != NOTHING:
            proposed += 1
            assert set(signs) == {-1}
            source = open_source("value", text)
            pair = Candidate(0, source, (1, 0), (0, 1), signs, kind, tuple(shape), (count, len(terms)), 1)
            assert confirm(pair) is None
    assert proposed < 400
    assert len(lengths) > 9_990
    assert np.mean(lengths) > 100


def test_a_scan_is_its_parts() -> None:
    """Pairs looked at in one go or in pieces, with the same hits."""
    source = open_source("constant", "e")
    terms = source.terms_array(1500)
    matrices = np.array([[1, 0, 0, 1], [1, 1, 1, -1], [2, 1, 1, 2], [1, 0, 0, 2]], np.int64)
    signs = np.array([[1, 0], [-1, 0], [1, -1]], np.int64)
    lengths = np.array([1, 1, 2])
    ladder = np.array([100, 300, 1000])
    out, buffer = np.empty(1000, np.int64), np.empty(2002, np.int64)

    def hits(first: int, last: int) -> list[list[int]]:
        found = np.empty((20, 7), np.int64)
        count = scan(terms, matrices, signs, lengths, ladder, first, last, out, buffer, found)
        return found[:count].tolist()

    whole = hits(0, 12)
    assert [row[0] for row in whole] == list(range(12))
    assert HARD not in {row[1] for row in whole}
    for cut in range(13):
        assert hits(0, cut) + hits(cut, 12) == whole
    # Too few quotients of the number are reported and not taken for the absence of a pattern.
    found = np.empty((20, 7), np.int64)
    count = scan(terms[:30], matrices, signs, lengths, ladder, 0, 12, out, buffer, found)
    assert count == 12
    assert set(found[:12, 1].tolist()) == {HARD}


@settings(max_examples=60, deadline=None)
@given(sign_lists, st.lists(st.integers(2, 10**6), min_size=1, max_size=80), st.integers(-5, 5))
def test_digits_of_a_cylinder(signs: list[int], quotients: list[int], whole: int) -> None:
    quotients = [whole, *quotients]
    _, _, q, tail = convergent_of(quotients, signs)
    exact = abs(q * (q + tail))
    assert cylinder_digits(np.array(quotients, np.float64), np.array(signs)) == pytest.approx(
        float(arb(exact).log() / arb(10).log()), abs=1e-9
    )
