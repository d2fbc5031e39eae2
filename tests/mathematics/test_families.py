"""Families guessed from members: what must be found, with which claims, and what must not."""

from __future__ import annotations

import random

import mpmath
import pytest
import sympy
from flint import fmpq_poly, fmpz_poly

from constants_lab.balls import decimal
from constants_lab.constants import constant
from constants_lab.errors import InputError
from constants_lab.families import LEAST, Family, Member, find_families
from constants_lab.pcf import PCF
from constants_lab.progressions import Points
from constants_lab.relations import moebius_relation


def member(name: str, a: str, b: str) -> Member:
    """The fraction with the matrix that integer relations give."""
    pcf = PCF(a, b)
    value = decimal(pcf.evaluate(200).value, 200)
    found = moebius_relation(value, constant(name).ball(210), 200, max_coefficient=10**30)
    assert found is not None, (name, a, b)
    return Member(pcf, found)


def substituted(text: str, k: int) -> fmpz_poly:
    """What SymPy makes of a text in n and k at that k."""
    n, parameter = sympy.symbols("n k")
    expression = sympy.Poly(sympy.sympify(text.replace("^", "**")).subs(parameter, k), n)
    return fmpz_poly([int(c) for c in reversed(expression.all_coeffs())])


def telescoping(k: int) -> Member:
    """e (k + 1) = sum (n + k)/n! as a continued fraction."""
    pcf = PCF(f"(n+1)*(n+{k})+n+{k + 1}", f"-n*(n+{k + 1})*(n+{k - 1})")
    return Member(pcf, (((k + 1) ** 2, 0), (k + 1, -k)))


def test_the_family_of_four_over_pi_is_found_from_three_members() -> None:
    data = [member("pi", f"2n+{2 * k + 1}", f"n^2+{2 * k}n") for k in range(3)]
    (found,) = find_families("pi", data).found
    assert found.texts() == ("2*n + 2*k + 1", "n^2 + 2*k*n")
    assert found.constant == "pi"
    assert found.lhs is None
    assert (found.members, found.guessed_from, found.tested, found.beyond) == (3, 3, 4, (3, 4, 5, 6))
    assert found.digits >= 100


def test_families_of_e_and_log_2_are_found_among_other_members() -> None:
    data = [member("e", f"n+{c}", f"n+{z}") for c in range(1, 6) for z in range(c + 1)]
    found = find_families("e", data)
    assert any(len(family.classes) >= LEAST for family in found.found)
    assert 0 < found.tested <= found.progressions
    logs = [member("log(2)", str(2 * k + 1), "n^2") for k in range(5)] + [member("log(2)", "6n+3", "-n^2")]
    (family,) = find_families("log(2)", logs).found
    assert family.texts() == ("2*k + 1", "n^2")
    assert (family.members, family.guessed_from, family.beyond) == (5, 3, (5, 6))
    assert family.latex() == ("2 k + 1", "n^{2}", None)


def test_a_left_hand_side_is_a_rational_function_of_k_and_holds_beyond_the_data() -> None:
    """Quadratic in k, with one member that reduces to a form of another shape."""
    (found,) = find_families("e", [telescoping(k) for k in range(1, 8)]).found
    assert found.members == 7
    assert found.lhs is not None
    assert 4 <= found.guessed_from < 7
    assert found.tested == 7 - found.guessed_from + len(found.beyond)
    assert found.beyond == (7, 8)
    assert found.digits >= 50
    for k in (20, 33):
        e = sympy.E
        value = sympy.N(sympy.sympify(found.lhs.replace("^", "**")).subs({"e": e, "k": k}), 40)
        assert abs(value - sympy.Float(mpmath.nstr(found.member(k).value(45), 45), 45)) < 1e-38


def test_a_wrong_matrix_costs_the_left_hand_side_and_not_the_family() -> None:
    """The last matrix is one off, as a mislabelled row would be."""
    good = [telescoping(k) for k in range(1, 8)]
    spoilt = [*good[:-1], Member(good[-1].pcf, ((8**2, 0), (8, -6)))]
    (found,) = find_families("e", spoilt).found
    assert found.lhs is None
    assert found.texts() == find_families("e", good).found[0].texts()


def test_the_texts_say_what_the_members_are() -> None:
    families = [
        *find_families("e", [telescoping(k) for k in range(1, 8)]).found,
        *find_families("log(2)", [member("log(2)", str(2 * k + 1), "n^2") for k in range(4)]).found,
    ]
    assert len(families) == 2
    for family in families:
        for k in (0, 1, 5, 100):
            pcf = family.member(k)
            assert [substituted(text, k) for text in family.texts()] == [pcf.a, pcf.b]


def test_members_of_another_constant_do_not_make_a_family() -> None:
    """PCF(m, n^2) is an image of log(2) for odd m and of pi for even m: told that all are log(2), a guess with step 1 fails."""
    data = [Member(PCF(str(m), "n^2")) for m in range(1, 5)]
    found = find_families("log(2)", data)
    assert found.progressions > 0
    assert found.tested > 0
    assert found.found == ()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param([Member(PCF(f"(2n+1)*{s}", f"{s * s}n^2")) for s in range(1, 7)], id="scalings"),
        pytest.param([Member(PCF(f"2n+{2 * k + 1}", f"(n+{k})^2")) for k in range(6)], id="shifts"),
        pytest.param([Member(PCF(f"(2n+1)*(n+{k})", f"n^2*(n+{k})*(n+{k - 1})")) for k in range(2, 8)], id="inflations"),
    ],
)  # fmt: skip
def test_disguises_of_one_fraction_are_no_family(data: list[Member]) -> None:
    assert len(data) == 6
    assert find_families("pi", data).found == ()


def test_fractions_that_end_are_no_members() -> None:
    data = [Member(PCF(f"2n+{k}", "n^2 - n")) for k in range(1, 8)]
    assert find_families("pi", data) == find_families("pi", [])


def test_the_order_of_the_members_does_not_matter() -> None:
    data = [member("pi", a, b) for a, b in ((f"3n+{k}", "-2n^2+n+3") for k in range(5))]
    data += [member("pi", f"2n+{2 * k + 1}", f"n^2+{2 * k}n") for k in range(3)]
    expected = [str(family) for family in find_families("pi", data).found]
    assert len(expected) == 2
    random.Random(3).shuffle(data)
    assert [str(family) for family in find_families("pi", data).found] == expected


def test_limits_are_kept_and_an_unknown_constant_is_refused() -> None:
    data = [member("pi", f"3n+{k}", "-2n^2+n+3") for k in range(5)]
    data += [member("pi", f"2n+{2 * k + 1}", f"n^2+{2 * k}n") for k in range(3)]
    assert len(find_families("pi", data, most=1).found) == 1
    assert find_families("pi", data, tests=0).found == ()
    with pytest.raises(InputError, match="nonsense"):
        find_families("nonsense", data)


def test_a_member_that_is_no_fraction_is_refused() -> None:
    half = (fmpq_poly([0, 1], 2),)
    halves = Family("pi", half, half, 3, 3, frozenset())
    assert halves.member(-2) == PCF("-1", "-1")
    with pytest.raises(InputError, match="integers"):
        halves.member(1)
    with pytest.raises(InputError, match="zero"):
        halves.member(0)


def test_progressions_are_those_that_a_direct_search_finds() -> None:
    chance = random.Random(8)
    cloud = sorted({tuple(chance.randint(-4, 4) for _ in range(3)) for _ in range(60)})
    known = set(cloud)
    expected = set()
    for x in cloud:
        for y in cloud:
            step = tuple(j - i for i, j in zip(x, y, strict=True))
            before = tuple(i - d for i, d in zip(x, step, strict=True))
            if y <= x or before in known:
                continue
            run = [x]
            while run[-1] in known:
                run.append(tuple(i + d for i, d in zip(run[-1], step, strict=True)))
            if len(run) > LEAST:
                expected.add(tuple(run[:-1]))
    assert {tuple(run) for run in Points(cloud, 1).linear()} == expected
    assert expected


def test_quadratic_progressions_bend_only_in_low_coefficients() -> None:
    low = [(1, 2 * k, k * k) for k in range(5)]
    high = [(k * k, k, 1) for k in range(1, 6)]
    assert Points(low, 0).quadratic() == [low]
    assert Points(high, 0).quadratic() == []
    assert Points([], 0).quadratic() == Points([], 0).linear() == []
