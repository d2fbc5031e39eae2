"""Boxes and families of the sieve: the survivors are those of the plain test of each member, however the space is cut."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
import pytest
from flint import fmpz_poly

from constants_lab.errors import InputError
from constants_lab.polynomials import first_positive_integer_root
from constants_lab.reduction import PRIMES, is_nilpotent, says_something
from constants_lab.regimes import asymptotics
from constants_lab.search import sieve_boxes
from constants_lab.search.kernels.genuine import ended_or_inflated
from constants_lab.search.kernels.nilpotence import nilpotent_members
from constants_lab.search.sieve_boxes import COUNTED, SieveBox, Survivor
from constants_lab.search.sieve_families import SieveFamily
from constants_lab.search.space import Range
from constants_lab.triviality import is_inflated

Ranges = list[Range]
Pair = tuple[tuple[int, ...], tuple[int, ...]]


def grid(ranges: Ranges) -> np.ndarray:
    """All coefficient rows of exact degree, the last coefficient changing first."""
    axes = [np.arange(low, high + 1) for low, high in ranges]
    rows = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(ranges))
    return rows[rows[:, 0] != 0]


def members(a: Ranges, b: Ranges, split: bool) -> tuple[np.ndarray, np.ndarray]:
    """The rows of a and of b that a box has."""
    a_rows, b_rows = grid(a), grid(b)
    if all(low == -high for low, high in a):
        a_rows = a_rows[a_rows[:, 0] > 0]
    if split:
        b_rows = b_rows[[splits_for_ever(row) for row in b_rows]]
    return a_rows, b_rows


def splits_for_ever(row: np.ndarray) -> bool:
    """Whether b is a product of linear factors over Q that does not end the fraction."""
    b = fmpz_poly([int(c) for c in row[::-1]])
    return all(factor.degree() == 1 for factor, _ in b.factor()[1]) and first_positive_integer_root(b) is None


def plain(a_rows: np.ndarray, b_rows: np.ndarray) -> set[Pair]:
    """What is left of all pairs after the test of each, by the same filters."""
    found: set[Pair] = set()
    step = max(1, 500_000 // max(1, len(b_rows)))
    for start in range(0, len(a_rows), step):
        part = a_rows[start : start + step]
        a, b = np.repeat(part, len(b_rows), 0), np.tile(b_rows, (len(part), 1))
        rows = nilpotent_members(a, b)
        for i in rows[ended_or_inflated(a, b, rows) == 0]:
            found.add((tuple(a[i].tolist()), tuple(b[i].tolist())))
    return found


def sifted(box: SieveBox, cuts: list[int]) -> list[Survivor]:
    """The survivors of the units between ``cuts``, each of which has only its own."""
    found: list[Survivor] = []
    for start, stop in pairwise(cuts):
        part = list(box.survivors(start, stop, {}))
        assert all(start <= survivor.index < stop for survivor in part)
        found += part
    assert len({survivor.index for survivor in found}) == len(found)
    assert len(pairs(found)) == len(found)
    return found


def pairs(found: list[Survivor]) -> set[Pair]:
    return {(survivor.a, survivor.b) for survivor in found}


def random_ranges(rng: Random, width: int, most: int, symmetric: bool) -> Ranges:
    """Ranges of at most ``most`` + 1 values; when not symmetric, some lie far from 0, so that primes divide coefficients."""
    if symmetric:
        bound = rng.randint(1, max(1, most // 2))
        return [(-bound, bound)] * width
    lows = [rng.choice([-1, 0, -most // 2, rng.randint(-40, 40)]) for _ in range(width)]
    return [(low, low + rng.randint(0, most)) for low in lows]


def random_box(rng: Random, degrees: tuple[int, int], largest: int) -> tuple[Ranges, Ranges]:
    while True:
        most = 3 if sum(degrees) > 5 else 6
        a = random_ranges(rng, degrees[0] + 1, most, rng.random() < 0.3)
        b = random_ranges(rng, degrees[1] + 1, most, rng.random() < 0.2)
        if rng.random() < 0.5:
            # Roots at 0: more that passes.
            b[1:] = [*b[1:-2], (0, 0), (0, 0)][-degrees[1] :] if degrees[1] else []
        size = len(grid(a)) * len(grid(b))
        if 0 < size <= largest:
            return a, b


DEGREES = [
    (1, 2),
    (2, 4),
    (2, 3),
    (3, 2),
    (1, 4),
    (0, 3),
    (0, 2),
    (1, 3),
    (2, 2),
    (3, 3),
    (0, 0),
    (2, 1),
    (3, 6),
    (1, 0),
]


def levels_for(degrees: tuple[int, int]) -> range:
    """Numbers of primes with lists of classes whose lists are made in a moment."""
    return range(4 if sum(degrees) <= 4 else 3 if sum(degrees) <= 5 else 2 if sum(degrees) <= 6 else 1)


@pytest.mark.parametrize("split", [False, True], ids=["full", "split"])
@pytest.mark.parametrize("degrees", DEGREES, ids=str)
def test_the_sieve_leaves_what_the_plain_test_leaves(degrees: tuple[int, int], split: bool) -> None:
    rng = Random(f"{degrees} {split}")
    tried = 0
    while tried < 3:
        a, b = random_box(rng, degrees, 150_000)
        a_rows, b_rows = members(a, b, split)
        if not len(b_rows):
            continue
        box = SieveBox(a, b, split)
        assert len(box) == box.size == len(a_rows) * len(b_rows)
        expected = plain(a_rows, b_rows)
        cuts = sorted({0, box.size, *(rng.randint(0, box.size) for _ in range(3))})
        numbered: list[dict[int, Pair]] = []
        for levels in levels_for(degrees):
            box.levels = levels
            found = sifted(box, cuts)
            assert pairs(found) == expected, (a, b, levels)
            numbered.append({survivor.index: (survivor.a, survivor.b) for survivor in found})
        assert all(table == numbered[0] for table in numbered)
        tried += 1


@pytest.mark.parametrize("split", [False, True], ids=["full", "split"])
@pytest.mark.parametrize("degrees", [(1, 2), (2, 4), (2, 3), (0, 3)], ids=str)
def test_chunks_change_nothing(degrees: tuple[int, int], split: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(f"{degrees} {split}")
    ranges: dict[tuple[int, int], tuple[Ranges, Ranges]] = {
        (1, 2): ([(-3, 3)] * 2, [(-6, 6)] * 3),
        (2, 4): ([(1, 3), (-2, 2), (1, 1)], [(-2, 2), (-3, 3), (-2, 2), (0, 1), (0, 0)]),
        (2, 3): ([(1, 3), (-2, 2), (1, 2)], [(-3, 3), (-3, 3), (-2, 2), (0, 0)]),
        (0, 3): ([(-9, 9)], [(-3, 3), (-3, 3), (-2, 2), (0, 0)]),
    }
    a, b = ranges[degrees]
    monkeypatch.setattr(sieve_boxes, "_CHUNK", 7 if split else 100)
    box = SieveBox(a, b, split)
    assert 2 * box.width < box.b_size
    expected = plain(*members(a, b, split))
    for levels in (0, 2):
        box.levels = levels
        whole = sifted(box, [0, box.size])
        assert pairs(whole) == expected
        for _ in range(3):
            cuts = sorted({0, box.size, *(rng.randint(0, box.size) for _ in range(6))})
            assert sorted(sifted(box, cuts), key=lambda each: each.index) == sorted(whole, key=lambda each: each.index)


@pytest.mark.parametrize("levels", range(4))
def test_leading_coefficients_that_primes_divide_are_no_obstacle(levels: int) -> None:
    """Also those that the first primes divide, whose lists say nothing of them."""
    a, b = [(9, 14), (-3, 3)], [(-27, 27), (-2, 2), (0, 0)]
    expected = plain(*members(a, b, False))
    assert {11, 13, 22, 26, -11, -13} <= {b_row[0] for _, b_row in expected}
    assert {11, 13} <= {a_row[0] for a_row, _ in expected}
    box = SieveBox(a, b)
    box.levels = levels
    assert pairs(sifted(box, [0, box.size])) == expected


@pytest.mark.parametrize("levels", range(4))
def test_one_prime_is_enough_to_fail(levels: int) -> None:
    """PCF((p - 2) n, (p - 1) n^2) fails at p alone: the roots of t^2 = (p - 2) t + p - 1 are one modulo p."""
    for u in (7, *(p - 1 for p in PRIMES)):
        box = SieveBox([(u - 1, u - 1), (0, 0)], [(u, u), (0, 0), (0, 0)])
        box.levels = levels
        assert len(sifted(box, [0, 1])) == (u == 7)


def test_an_index_stands_for_the_same_candidate_in_every_unit() -> None:
    box = SieveBox([(-3, 3)] * 2, [(-4, 4)] * 3)
    found = sifted(box, [0, box.size])
    assert len(found) > 100
    for survivor in found[::7]:
        assert list(box.survivors(survivor.index, survivor.index + 1, {})) == [survivor]
    missing = sorted(set(range(box.size)) - {survivor.index for survivor in found})
    for index in missing[::500]:
        assert list(box.survivors(index, index + 1, {})) == []


def test_numbers_count_rows_of_b_within_rows_of_a() -> None:
    """In a box of one chunk the number is (row of a) * (number of b) + (row of b), both in the order of their coefficients."""
    a, b = [(-2, 2), (-1, 1), (-1, 1)], [(-2, 3), (-1, 1), (0, 1), (0, 0), (0, 0)]
    a_rows, b_rows = members(a, b, False)
    for survivor in sifted(box := SieveBox(a, b), [0, box.size]):
        i, j = divmod(survivor.index, len(b_rows))
        assert (survivor.a, survivor.b) == (tuple(a_rows[i].tolist()), tuple(b_rows[j].tolist()))


def test_counters_add_up() -> None:
    box = SieveBox([(-2, 2)] * 3, [(-2, 2)] * 5)
    whole: dict[str, int] = {}
    survivors = len(list(box.survivors(0, box.size, whole)))
    assert set(whole) == set(COUNTED)
    assert whole["near"] >= whole["divergent"] + whole["inflated"] + survivors
    assert min(whole.values()) > 0
    for step in (7 * box.width, 1234):
        parts: dict[str, int] = {}
        for start in range(0, box.size, step):
            list(box.survivors(start, min(box.size, start + step), parts))
        assert parts == whole


def test_a_box_that_is_symmetric_has_one_of_a_and_minus_a() -> None:
    assert SieveBox([(-3, 3)] * 2, [(1, 1)] * 3).size == 3 * 7
    assert SieveBox([(-3, 3), (-3, 2)], [(1, 1)] * 3).size == 6 * 6
    assert SieveBox([(-3, 2), (-3, 3)], [(-1, 1)] * 3).size == 5 * 7 * 2 * 9


@pytest.mark.parametrize("split", [False, True], ids=["full", "split"])
@pytest.mark.parametrize(
    ("a", "b"), [([(0, 0), (1, 2)], [(1, 2)] * 3), ([(1, 1)], [(0, 0), (1, 1)]), ([(-1, 1)] * 2, [(0, 0)] * 3)]
)
def test_a_box_without_members_is_refused(a: Ranges, b: Ranges, split: bool) -> None:
    with pytest.raises(InputError, match="no continued fraction"):
        SieveBox(a, b, split)


def test_a_box_in_which_no_b_splits_is_refused() -> None:
    with pytest.raises(InputError, match="no continued fraction"):
        SieveBox([(1, 2)], [(1, 1), (0, 0), (1, 3)], split=True)


@pytest.mark.parametrize(
    ("lead_a", "lead_b"),
    [(u - 1, u) for u in (2**20 - 1, 2**30 - 1, 2**31 - 1)] + [(2**30 + 2, -(2**30) - 1), (2 - 2**30, 2**30 - 1)],
)
def test_coefficients_up_to_the_bound_are_taken_as_they_are(lead_a: int, lead_b: int) -> None:
    """PCF(A n, B n^2) passes: no prime of the test divides the distance of the roots of t^2 = A t + B, a power of 2."""
    a, b = [(lead_a, lead_a), (0, 0)], [(lead_b, lead_b), (0, 0), (0, 0)]
    assert plain(*members(a, b, False)) == {((lead_a, 0), (lead_b, 0, 0))}
    assert pairs(sifted(SieveBox(a, b), [0, 1])) == {((lead_a, 0), (lead_b, 0, 0))}


@pytest.mark.parametrize("c", [2**31, -(2**31)])
def test_larger_coefficients_are_refused(c: int) -> None:
    for a, b in [([(c, c)] * 2, [(1, 2)] * 3), ([(1, 2)] * 2, [(min(c, 1), max(c, 1)), (1, 2), (1, 2)])]:
        with pytest.raises(InputError, match="coefficients"):
            SieveBox(a, b)


@pytest.mark.parametrize("content", [1, 7, 30])
def test_b_with_a_content_split_too(content: int) -> None:
    """b = content (2 n + 1) (n + 3) n and its neighbours."""
    a, b = (
        [(3, 3), (1, 5), (1, 2)],
        [(2 * content, 2 * content), (7 * content - 1, 7 * content + 1), (3 * content,) * 2, (0, 0)],
    )
    a_rows, b_rows = members(a, b, True)
    assert [2 * content, 7 * content, 3 * content, 0] in b_rows.tolist()
    assert pairs(sifted(SieveBox(a, b, split=True), [0, len(a_rows) * len(b_rows)])) == plain(a_rows, b_rows)


# Families


def passes(a: fmpz_poly, b: fmpz_poly) -> bool:
    return all(is_nilpotent(a, b, p) for p in PRIMES if says_something(a, b, p))


def test_a_family_is_tested_member_by_member() -> None:
    """Leading coefficients may vanish in a family, whole polynomials too, and coefficients may be large."""
    ranges = {"A": (-1, 3), "B": (-2, 3), "C": (0, 2), "D": (-2, 2)}
    for a, b in [
        ("(2*n+1)*(A*n^2+B*n+C)", "D*n^6"),
        ("A*n^2+B*n+C", "D*n^4+C*n^3"),
        ("(A*n+B)*1000003", "(D*n^2+C*n)*1000006000009"),
    ]:
        family = SieveFamily(a, b, ranges)
        assert family.size == 5 * 6 * 3 * 5
        counters: dict[str, int] = {}
        found = {each.index: each for each in family.survivors(0, family.size, counters)}
        assert sum(counters[name] for name in COUNTED if name != "near") + len(found) == counters["near"]
        nilpotent = set()
        for index in range(family.size):
            block = next(family.members.blocks(index, index + 1, 1))
            a_row, b_row = tuple(block.a[0].tolist()), tuple(block.b[0].tolist())
            p, q = fmpz_poly(list(a_row[::-1])), fmpz_poly(list(b_row[::-1]))
            if p.is_zero() or q.is_zero() or not passes(p, q):
                continue
            nilpotent.add(index)
            if index in found:
                assert (found[index].a, found[index].b) == (a_row, b_row)
            else:
                assert asymptotics(p, q).regime in ("finite", "divergent") or is_inflated(p, q)
        assert set(found) <= nilpotent
        assert len(nilpotent) == counters["near"] >= len(found) > 0
        cuts = [0, 1, 77, 300, family.size]
        assert [e for start, stop in pairwise(cuts) for e in family.survivors(start, stop, {})] == list(found.values())


# Inflations


def random_rows(rng: np.random.Generator, count: int, degree: int, size: int) -> np.ndarray:
    rows = rng.integers(-size, size + 1, (count, degree + 1))
    rows[rows[:, 0] == 0, 0] = 1
    return rows


def times(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Products of polynomials, row by row."""
    out = np.zeros((len(x), x.shape[1] + y.shape[1] - 1), np.int64)
    for j in range(y.shape[1]):
        out[:, j : j + x.shape[1]] += x * y[:, j : j + 1]
    return out


def moved_back(rows: np.ndarray) -> np.ndarray:
    """p(n - 1) for each row, of degree 2 at most."""
    binomials = np.array([[1, -2, 1], [0, 1, -1], [0, 0, 1]])
    width = rows.shape[1]
    return np.asarray(rows @ binomials[-width:, -width:])


def polynomial(row: np.ndarray) -> fmpz_poly:
    return fmpz_poly([int(c) for c in row[::-1]])


def test_no_inflation_survives() -> None:
    """Of 100,002 pairs c a', c(n) c(n-1) b', c linear or quadratic, the fast tests drop nearly all, the exact one the rest."""
    rng = np.random.default_rng(7)
    shapes = [(c, a, b) for c in (1, 2) for a in range(4 - c) for b in range(7 - 2 * c)]
    total = passed = left = 0
    for degree_c, degree_a, degree_b in shapes:
        c = random_rows(rng, 100_002 // len(shapes), degree_c, 4)
        a_rows = times(c, random_rows(rng, len(c), degree_a, 4))
        b_rows = times(times(c, moved_back(c)), random_rows(rng, len(c), degree_b, 4))
        members = nilpotent_members(a_rows, b_rows)
        for i in members[ended_or_inflated(a_rows, b_rows, members) == 0]:
            a, b = polynomial(a_rows[i]), polynomial(b_rows[i])
            assert is_inflated(a, b) or asymptotics(a, b).regime in ("finite", "divergent"), (a, b)
            left += 1
        total += len(c)
        passed += len(members)
    assert total == 100_002
    assert passed > total // 2
    assert left < total // 100
