"""Spaces: an index, a block and a list of all coefficients describe the same continued fractions."""

from __future__ import annotations

import itertools
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.errors import InputError
from constants_lab.pcf import PCF
from constants_lab.polynomials import coefficients, make_polynomial
from constants_lab.search.space import Block, PCFBox, PCFFamily, parse_range

Coefficients = tuple[int, ...]
Pair = tuple[Coefficients, Coefficients]

symmetric = st.integers(0, 3).map(lambda r: (-r, r))
anywhere = st.tuples(st.integers(-4, 4), st.integers(0, 3)).map(lambda t: (t[0], t[0] + t[1]))


def trimmed(row: list[int] | Coefficients) -> Coefficients:
    """Coefficients without leading zeros."""
    values = [int(c) for c in row]
    while len(values) > 1 and values[0] == 0:
        values.pop(0)
    return tuple(values)


def pair(pcf: PCF) -> Pair:
    return coefficients(pcf.a), coefficients(pcf.b)


def members(block: Block) -> list[tuple[int, Pair]]:
    """(index, coefficients) of every candidate of a block, in its own order."""
    count = len(block.a) if block.paired else len(block.a) * len(block.b)
    found = []
    for k in range(count):
        i, j = (k, k) if block.paired else divmod(k, len(block.b))
        found.append((block.index(k), (trimmed(block.a[i]), trimmed(block.b[j]))))
    return found


def nonzero(ranges: list[tuple[int, int]]) -> list[Coefficients]:
    """Every nonzero polynomial of the ranges, by plain enumeration."""
    spans = [range(low, high + 1) for low, high in ranges]
    return [trimmed(row) for row in itertools.product(*spans) if any(row)]


def negated(row: Coefficients) -> Coefficients:
    return tuple(-c for c in row)


@st.composite
def boxes(draw: st.DrawFn) -> PCFBox:
    a = draw(st.lists(st.one_of(symmetric, anywhere), min_size=1, max_size=3))
    b = draw(st.lists(st.one_of(symmetric, anywhere), min_size=1, max_size=3))
    try:
        return PCFBox(a, b)
    except InputError:
        # Only a box without any nonzero polynomial is refused.
        assert not (nonzero(a) and nonzero(b))
        return PCFBox([(1, 2)], [(-1, 1)])


@settings(max_examples=120, deadline=None)
@given(box=boxes(), data=st.data())
def test_blocks_of_a_box_agree_with_its_members(box: PCFBox, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, box.size))
    stop = data.draw(st.integers(start, min(box.size, start + 400)))
    limit = data.draw(st.integers(1, 60))
    found: dict[int, Pair] = {}
    for block in box.blocks(start, stop, limit):
        for index, coefficients_ in members(block):
            assert index not in found
            found[index] = coefficients_
    assert sorted(found) == list(range(start, stop))
    for index, coefficients_ in found.items():
        assert pair(box[index]) == coefficients_


@settings(max_examples=80, deadline=None)
@given(box=boxes(), limit=st.integers(1, 50))
def test_blocks_stay_within_their_limit(box: PCFBox, limit: int) -> None:
    for block in box.blocks(0, min(box.size, 500), limit):
        assert 0 < len(block.a) * len(block.b) <= limit


@settings(max_examples=100, deadline=None)
@given(
    a=st.lists(anywhere, min_size=1, max_size=3),
    b=st.lists(st.one_of(symmetric, anywhere), min_size=1, max_size=2),
)
def test_a_box_holds_every_fraction_once(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    first, second = nonzero(a), nonzero(b)
    if not first or not second or len(first) * len(second) > 3000:
        return
    box = PCFBox(a, b)
    found = [pair(box[k]) for k in range(box.size)]
    assert len(set(found)) == len(found) == len(box)
    if all(low == -high for low, high in a):
        # Half of them: a or -a, the opposite value.
        assert len(found) * 2 == len(first) * len(second)
        both = set(found) | {(negated(x), y) for x, y in found}
        assert both == set(itertools.product(first, second))
    else:
        assert set(found) == set(itertools.product(first, second))


@settings(max_examples=40, deadline=None)
@given(
    a=st.lists(symmetric, min_size=1, max_size=3).filter(lambda r: any(high for _, high in r)),
    b=st.lists(symmetric, min_size=1, max_size=2).filter(lambda r: any(high for _, high in r)),
)
def test_no_member_of_a_symmetric_box_is_another_up_to_sign(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    box = PCFBox(a, b)
    assert box.size == (prod(2 * h + 1 for _, h in a) - 1) // 2 * (prod(2 * h + 1 for _, h in b) - 1)
    seen: set[Pair] = set()
    for k in range(min(box.size, 2000)):
        x, y = pair(box[k])
        assert x[0] > 0
        assert (x, y) not in seen
        assert (negated(x), y) not in seen
        seen.add((x, y))


@pytest.mark.parametrize("index", [-1, 12 * 6, 10**30])
def test_an_index_outside_a_box_is_refused(index: int) -> None:
    box = PCFBox([(-2, 2), (-2, 2)], [(-3, 3)])
    assert box.size == 72
    with pytest.raises(IndexError, match="outside"):
        box[index]


def test_a_box_of_twelve_thousand_million_members_decodes_its_ends() -> None:
    box = PCFBox([(-9, 9)] * 3, [(-9, 9)] * 5)
    assert box.size == (19**3 - 1) // 2 * (19**5 - 1)
    assert pair(box[0]) == ((1,), (-9, -9, -9, -9, -9))
    assert pair(box[box.size - 1]) == ((9, 9, 9), (9, 9, 9, 9, 9))


@pytest.mark.parametrize("ranges", [([(0, 0)], [(1, 2)]), ([(1, 2)], [(0, 0), (0, 0)])])
def test_a_box_of_zero_polynomials_is_refused(ranges: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> None:
    with pytest.raises(InputError, match="not zero"):
        PCFBox(*ranges)


# Families

FAMILIES = [
    ("(A*n+B)*(C*n*(n+1)+D)", "E*n^6", ("A", "B", "C", "D", "E")),
    ("A*n + B", "C*n^2 - A*n", ("A", "B", "C")),
    ("2n + x", "-(n+y)*(n-y)^2", ("x", "y")),
    ("n^3+(n+1)^3", "-s*n^6", ("s",)),
]


@settings(max_examples=80, deadline=None)
@given(choice=st.sampled_from(FAMILIES), data=st.data())
def test_blocks_of_a_family_agree_with_its_members(
    choice: tuple[str, str, tuple[str, ...]], data: st.DataObject
) -> None:
    a, b, symbols = choice
    ranges = {s: data.draw(st.tuples(st.integers(1, 3), st.integers(3, 4)), label=s) for s in symbols}
    family = PCFFamily(a, b, ranges)
    assert len(family) == prod(high - low + 1 for low, high in ranges.values())
    start = data.draw(st.integers(0, family.size - 1))
    stop = data.draw(st.integers(start, min(family.size, start + 100)))
    limit = data.draw(st.integers(1, 40))
    found = [m for block in family.blocks(start, stop, limit) for m in members(block)]
    assert [index for index, _ in found] == list(range(start, stop))
    for index, coefficients_ in found:
        assert pair(family[index]) == coefficients_


@settings(max_examples=60, deadline=None)
@given(values=st.tuples(*[st.integers(-5, 5).filter(bool)] * 5))
def test_a_family_of_one_member_is_its_formula(values: tuple[int, ...]) -> None:
    a, b, symbols = FAMILIES[0]
    family = PCFFamily(a, b, {s: (v, v) for s, v in zip(symbols, values, strict=True)})
    assert family.size == 1
    for symbol, value in zip(symbols, values, strict=True):
        a, b = a.replace(symbol, f"({value})"), b.replace(symbol, f"({value})")
    assert family[0].a == make_polynomial(a)
    assert family[0].b == make_polynomial(b)


def test_a_family_runs_through_every_choice_of_its_symbols() -> None:
    family = PCFFamily("A*n + B", "C*n^2", {"A": (1, 2), "B": (-1, 1), "C": (-2, -1)})
    found = {pair(family[k]) for k in range(len(family))}
    assert found == {((a, b), (c, 0, 0)) for a in (1, 2) for b in (-1, 0, 1) for c in (-2, -1)}


@pytest.mark.parametrize(
    ("a", "b", "ranges", "said"),
    [
        ("A*n", "n^2", {}, "'A' has no range"),
        ("n", "n^2", {"A": (1, 2)}, "'A' has a range but is in neither"),
        ("n", "n^2", {"n": (1, 2)}, "takes no range"),
        ("A*n", "n^2/2", {"A": (1, 2)}, "not integers"),
        ("A/n", "n^2", {"A": (1, 2)}, "nonzero integers only"),
        ("A/(1-1)", "n^2", {"A": (1, 2)}, "nonzero integers only"),
        ("zeta(3)*n", "n^2", {}, "a function"),
        ("n - n", "n^2", {}, "zero for every choice"),
        ("n", "A - A", {"A": (1, 2)}, "zero for every choice"),
        ("n^99", "n", {}, "exponents"),
        ("n^-1", "n", {}, "exponents"),
        ("A^20*n", "n", {"A": (1, 1000)}, "2\\^53"),
        ("n", "(A+B+C+D+E+F+n)^48", dict.fromkeys("ABCDEF", (0, 1)), "terms"),
        ("n", "(A+B+C+D+E+F+n)^24*(A-B+C-D+E-F+n)^24", dict.fromkeys("ABCDEF", (0, 1)), "terms"),
        ("n^40", "n^48", {}, "degree"),
    ],
)
def test_families_that_cannot_be_searched_are_refused(
    a: str, b: str, ranges: dict[str, tuple[int, int]], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        PCFFamily(a, b, ranges)


# Ranges


@given(low=st.integers(-(2**31), 2**31), high=st.integers(-(2**31), 2**31))
def test_a_range_is_read_or_refused_as_reversed(low: int, high: int) -> None:
    if low <= high:
        assert parse_range(f"{low}..{high}") == (low, high)
        assert parse_range(f"  {low} .. {high} ") == (low, high)
    else:
        with pytest.raises(InputError, match=f"write {high}..{low}"):
            parse_range(f"{low}..{high}")


@given(value=st.integers(-(2**31), 2**31))
def test_one_integer_is_a_range(value: int) -> None:
    assert parse_range(str(value)) == (value, value)


@pytest.mark.parametrize(
    "text",
    ["", " ", "..", "1..", "..2", "1...2", "1.5..2", "a..b", "1-2", "1..2..3", "1e3..2e3", "0x1..0x2", "1..2\n3", "--1..2",
     "x" * 10_000, "1" * 50, "²..³", "1\x00..2"],
)  # fmt: skip
def test_what_is_no_range_gets_a_short_sentence(text: str) -> None:
    with pytest.raises(InputError, match="not a range") as caught:
        parse_range(text)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["0..2147483649", f"-{10**30}..{10**30}", str(10**20)])
def test_ranges_beyond_the_coefficient_bound_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="too large"):
        parse_range(text)


@pytest.mark.parametrize("text", ["١..٢", "1..２"])
def test_digits_of_other_scripts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a range"):
        parse_range(text)
