"""The Euler family: members by construction are recognised, known outsiders are not, and the series is the fraction."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from flint import fmpq, fmpq_mat, fmpq_poly, fmpz_poly
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from constants_lab.convergents import convergent_pair
from constants_lab.errors import InputError
from constants_lab.euler import EulerForm, QuadraticEulerForm, euler_form, partial_sum
from constants_lab.euler_search import rational_square_root
from constants_lab.polynomial_solutions import polynomial_solutions
from constants_lab.polynomials import parse_polynomial, shift
from constants_lab.quadratic_polynomials import QuadraticPolynomial, quadratic_gcd, square_root_parts

KNOWN = json.loads((Path(__file__).parents[1] / "data" / "known_pcf.json").read_text())["cases"]

NONZERO = st.integers(-4, 4).filter(bool)
LINEAR = st.builds(lambda lead, root: fmpz_poly([-root, lead]), st.integers(1, 3), st.integers(-5, 5))


@st.composite
def products(draw: st.DrawFn, largest: int = 3) -> fmpz_poly:
    result = fmpz_poly([draw(NONZERO)])
    for factor in draw(st.lists(LINEAR, max_size=largest)):
        result *= factor
    return result


def small_polynomials(degree: int) -> st.SearchStrategy[fmpz_poly]:
    return (
        st.lists(st.integers(-4, 4), min_size=1, max_size=degree + 1).map(fmpz_poly).filter(lambda p: not p.is_zero())
    )


def moved(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


def fraction_of(h1: fmpq_poly, h2: fmpq_poly, f: fmpq_poly) -> tuple[fmpz_poly, fmpz_poly] | None:
    """a and b of the form, scaled to integers, where f divides what it must and a is not zero."""
    a, remainder = divmod(moved(f, -1) * h1 + moved(f, 1) * moved(h2, 1), f)
    if not remainder.is_zero() or a.is_zero():
        return None
    scale = a.denom().lcm(h1.denom()).lcm(h2.denom())
    return (a * scale).numer(), (-h1 * h2 * scale * scale).numer()


def through(points: list[tuple[int, fmpq]]) -> fmpq_poly:
    """The interpolating polynomial."""
    total = fmpq_poly()
    for i, (x, value) in enumerate(points):
        term = fmpq_poly([value])
        for j, (z, _) in enumerate(points):
            if i != j:
                term *= fmpq_poly([-z, 1]) / (x - z)
        total += term
    return total


@given(products(), products())
def test_every_form_with_f_constant_is_found(h1: fmpz_poly, h2: fmpz_poly) -> None:
    a, b = h1 + shift(h2, 1), -h1 * h2
    assume(not a.is_zero())
    form = euler_form(a, b)
    assert isinstance(form, EulerForm)
    assert form.check(a, b)
    assert form.f.degree() == 0


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=3), products(), small_polynomials(2))
def test_every_form_with_a_given_f_is_found(roots: list[int], h2: fmpz_poly, free: fmpz_poly) -> None:
    assume(all(abs(x - y) > 1 for i, x in enumerate(roots) for y in roots[:i]))
    f = fmpq_poly([1])
    for root in roots:
        f *= fmpq_poly([-root, 1])
    # At a root x of f the condition is f(x-1) h1(x) + f(x+1) h2(x+1) = 0.
    h1 = through([(x, -f(x + 1) * h2(x + 1) / f(x - 1)) for x in roots]) + f * fmpq_poly(free)
    assume(not h1.is_zero())
    pair = fraction_of(h1, fmpq_poly(h2), f)
    assume(pair is not None)
    assert pair is not None
    form = euler_form(*pair)
    assert isinstance(form, EulerForm)
    assert form.check(*pair)
    assert form.f.degree() <= len(roots)


@given(products(2), products(2), st.integers(0, 8))
def test_the_series_is_the_fraction(h1: fmpz_poly, h2: fmpz_poly, last: int) -> None:
    a, b = h1 + shift(h2, 1), -h1 * h2
    assume(not a.is_zero())
    form = euler_form(a, b)
    assert isinstance(form, EulerForm)
    tail = form.tail()
    assert tail.check(shift(a, form.start), shift(b, form.start))
    p, q = convergent_pair(shift(a, form.start), shift(b, form.start), last)
    total = partial_sum(tail, last)
    if q == 0:
        assert total == 0
    else:
        value = tail.f(1) * tail.h2(1) / tail.f(0) * (1 / total - 1)
        assert fmpq(p, q) - a(form.start) == value


def test_the_start_is_the_least_one() -> None:
    # f = n: the tail from 1 on; h2 = n - 3: from 3 on, and no earlier.
    form = euler_form(fmpz_poly([3, 1]), fmpz_poly([0, -1]))
    assert isinstance(form, EulerForm)
    assert (form.f, form.h2, form.start) == (fmpq_poly([0, 1]), fmpq_poly([0, 1]), 1)
    h1, h2 = fmpz_poly([1]), fmpz_poly([-3, 1])
    other = euler_form(h1 + shift(h2, 1), -h1 * h2)
    assert isinstance(other, EulerForm)
    assert other.start == 3
    with pytest.raises(InputError):
        partial_sum(other, 2)
    with pytest.raises(InputError):
        partial_sum(other.tail(), -1)


def smallest_degree(a: fmpz_poly, b: fmpz_poly, most: int) -> int | None:
    """Least degree of f over Q, by trying every divisor of b and every leading coefficient."""
    top, last = fmpq(a[a.degree()]), fmpq(b[b.degree()])
    etas = {top, -last / top}
    for square, middle in ((top * top + 4 * last, top / 2), (4 * last, fmpq(0))):
        root = rational_square_root(square)
        if root is not None:
            etas |= {middle + root / 2, middle - root / 2}
    factors = [fmpq_poly(p) / p.leading_coefficient() for p, e in b.factor()[1] for _ in range(e)]
    found = []
    for eta, chosen in product(etas - {fmpq(0)}, product((0, 1), repeat=len(factors))):
        h2 = fmpq_poly([eta])
        for factor, taken in zip(factors, chosen, strict=True):
            h2 *= factor if taken else 1
        h1 = -fmpq_poly(b) // h2
        images: list[fmpq_poly] = []
        for m in range(most + 1):
            power = fmpq_poly([0] * m + [1])
            images.append(power * a - moved(power, -1) * h1 - moved(power, 1) * moved(h2, 1))
            length = max(image.degree() for image in images) + 1
            if length == 0 or fmpq_mat([[p[i] for i in range(length)] for p in images]).rank() <= m:
                found.append(m)
                break
    return min(found, default=None)


@settings(max_examples=150)
@given(small_polynomials(1), st.one_of(small_polynomials(2), st.tuples(LINEAR, LINEAR).map(lambda p: -p[0] * p[1])))
def test_the_decision_over_q_agrees_with_trying_every_divisor(a: fmpz_poly, b: fmpz_poly) -> None:
    form = euler_form(a, b, max_degree=4)
    degree = form.f.degree() if isinstance(form, EulerForm) else None
    assert degree == smallest_degree(a, b, 4)


@given(NONZERO, st.tuples(*[st.integers(-5, 5)] * 4))
@example(2, (-3, 4, -5, 3))
@example(1, (-2, -1, -4, 1))
def test_f_is_as_simple_as_any_combination_of_two_solutions(lead: int, roots: tuple[int, int, int, int]) -> None:
    # Both solutions are of one type, so every combination of them is hypergeometric.
    factors = [fmpz_poly([-root, 1]) for root in roots]
    h1, h2 = lead * factors[0] * factors[1], lead * factors[2] * factors[3]
    a, b = h1 + shift(h2, 1), -h1 * h2
    form = euler_form(a, b)
    assert isinstance(form, EulerForm)
    assert form.check(a, b)
    assert form.f.degree() == 0


@given(
    small_polynomials(3).filter(lambda p: p.degree() > 0),
    st.sampled_from([2, 3, 5, 8, 12, -1, -3, -4]),
)
def test_forms_over_a_quadratic_field(u: fmpz_poly, c: int) -> None:
    # h1 = u - sqrt c, h2 = u + sqrt c.
    a, b = u + shift(u, 1), c - u * u
    form = euler_form(a, b)
    assert form is not None
    assert form.check(a, b)
    if isinstance(form, QuadraticEulerForm):
        assert form.radicand == square_root_parts(fmpq(c))[1]
        assert form.tail().check(shift(a, form.start), shift(b, form.start))
    else:
        assert smallest_degree(a, b, form.f.degree()) is not None


def transformed(a: fmpz_poly, b: fmpz_poly, p: fmpz_poly, q: fmpz_poly) -> tuple[fmpz_poly, fmpz_poly] | None:
    """The recurrence of v(n) = p(n) u(n) + q(n) u(n-1), times polynomials, for a solution u of that of a and b.

    In terms of u(n-1) and u(n-2) v(n) is (p a + q, p b) and v(n-1) is (p(n-1), q(n-1)); all here times b(n-1).
    """
    before_a, before_b = shift(a, -1), shift(b, -1)
    v0 = (p * a + q) * before_b, p * b * before_b
    v1 = shift(p, -1) * before_b, shift(q, -1) * before_b
    v2 = shift(q, -2), shift(p, -2) * before_b - shift(q, -2) * before_a
    determinant = v1[0] * v2[1] - v1[1] * v2[0]
    first, second = v0[0] * v2[1] - v0[1] * v2[0], v1[0] * v0[1] - v1[1] * v0[0]
    if determinant.is_zero() or first.is_zero() or second.is_zero():
        return None
    common = determinant.gcd(first).gcd(second)
    determinant, first, second = determinant // common, first // common, second // common
    return first, second * shift(determinant, -1)


@settings(max_examples=150)
@given(small_polynomials(1), small_polynomials(2), small_polynomials(1), small_polynomials(1))
def test_membership_and_field_survive_a_change_of_the_solution(
    a: fmpz_poly, b: fmpz_poly, p: fmpz_poly, q: fmpz_poly
) -> None:
    pair = transformed(a, b, p, q)
    assume(pair is not None)
    assert pair is not None
    before, after = euler_form(a, b), euler_form(*pair)
    assert type(before) is type(after)
    assert after is None or after.check(*pair)


@given(st.integers(-4, 4).filter(bool), NONZERO, LINEAR, small_polynomials(1), small_polynomials(1))
def test_periodic_fractions_are_members_in_every_disguise(
    a: int, b: int, c: fmpz_poly, p: fmpz_poly, q: fmpz_poly
) -> None:
    # u(n) = t^n with t^2 = a t + b, inflated by c and with another solution.
    pair = transformed(a * c, b * c * shift(c, -1), p, q)
    assume(pair is not None)
    assert pair is not None
    form = euler_form(*pair)
    assert form is not None
    assert form.check(*pair)
    rational = rational_square_root(fmpq(a * a + 4 * b)) is not None
    assert isinstance(form, EulerForm if rational else QuadraticEulerForm)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("34n^3+51n^2+27n+5", "-n^6"),
        ("11n^2+11n+3", "n^4"),
        ("7n^2+7n+2", "8n^4"),
        ("3n^2+3n+1", "-2n^4"),
        ("2n+1", "n^2"),
        ("n^3+(n+1)^3+1", "-n^6+2"),
        ("6n+3", "-n^2"),
        ("4n+6", "1"),
        ("1", "n"),
    ],
)
def test_outsiders(a: str, b: str) -> None:
    assert euler_form(parse_polynomial(a), parse_polynomial(b)) is None


def test_known_formulas() -> None:
    count: dict[str, int] = {}
    for case in KNOWN:
        a, b = (fmpz_poly(case[name][::-1]) for name in ("a", "b"))
        form = euler_form(a, b)
        if form is not None:
            assert isinstance(form, EulerForm)
            assert form.check(a, b)
            count[case["constant"]] = count.get(case["constant"], 0) + 1
    # The two others for pi, (2n+3, n^2+2n) and (2n+5, n^2+4n), are quotients of Gauss's hypergeometric functions.
    assert count == {"e": 9, "pi": 9, "zeta(2)": 3, "zeta(3)": 1}


def test_texts() -> None:
    form = euler_form(parse_polynomial("3n+3"), parse_polynomial("-2n^2-n+1"))
    assert form is not None
    assert form.term_ratio == "(k)/(2*k + 3)"
    assert form.series() == (
        "for the tail n -> n + 1, that is with h1, h2, f moved by 1: PCF - a(0) = f(1) h2(1)/f(0) (1/T - 1), "
        "T = sum over k >= 0 of t(k), t(0) = 1, t(k)/t(k-1) = (k)/(2*k + 3), "
        "where h1(n) = n + 1, h2(n) = 2*n - 1, f(n) = n"
    )
    golden = euler_form(fmpz_poly([1]), fmpz_poly([1]))
    assert golden is not None
    assert golden.term_ratio == "(1/2 - 1/2*sqrt(5))/(1/2 + 1/2*sqrt(5))"
    negative = euler_form(fmpz_poly([-1]), fmpz_poly([1]))
    assert negative is not None
    assert negative.term_ratio == "(-1/2 + 1/2*sqrt(5))/(-1/2 - 1/2*sqrt(5))"


@pytest.mark.parametrize("k", [0, 7, 60, 500])
def test_f_of_high_degree(k: int) -> None:
    a, b = fmpz_poly([k, 1]), fmpz_poly([0, 1])
    form = euler_form(a, b)
    assert isinstance(form, EulerForm)
    assert form.check(a, b)
    assert form.f.degree() == k


def test_the_bound_on_the_degree_of_f() -> None:
    assert euler_form(fmpz_poly([8, 1]), fmpz_poly([0, 1]), max_degree=7) is None
    # Roots of b far apart do not hide a simple f.
    for distance in (30, 10**12):
        h1, h2 = fmpz_poly([0, 1]), fmpz_poly([2 * distance, 2])
        form = euler_form(h1 + shift(h2, 1), -h1 * h2, max_degree=20)
        assert isinstance(form, EulerForm)
        assert (form.h1, form.h2, form.f.degree()) == (fmpq_poly(h1), fmpq_poly(h2), 0)


def test_many_different_linear_factors() -> None:
    factors = [fmpz_poly([k, 13]) for k in range(1, 13)]
    h1, h2 = fmpz_poly([1]), fmpz_poly([2])
    for first, second in zip(factors[:6], factors[6:], strict=True):
        h1, h2 = h1 * first, h2 * second
    a, b = h1 + shift(h2, 1), -h1 * h2
    form = euler_form(a, b)
    assert form is not None
    assert form.check(a, b)
    assert euler_form(a + 1, b) is None


def test_zero_polynomials_are_refused() -> None:
    zero, one = fmpz_poly(), fmpz_poly([1])
    for a, b in ((zero, one), (one, zero)):
        with pytest.raises(InputError):
            euler_form(a, b)


@given(small_polynomials(4), small_polynomials(4))
def test_polynomial_solutions_of_a_recurrence_made_for_two_polynomials(f: fmpz_poly, g: fmpz_poly) -> None:
    columns = [(shift(f, k), shift(g, k)) for k in range(3)]
    minors = [
        columns[(i + 1) % 3][0] * columns[(i + 2) % 3][1] - columns[(i + 2) % 3][0] * columns[(i + 1) % 3][1]
        for i in range(3)
    ]
    assume(any(not minor.is_zero() for minor in minors))
    found = polynomial_solutions(minors, 6)
    assert len(found) == 2
    assert fmpq_mat([[p[i] for i in range(7)] for p in (*found, f, g)]).rank() == 2


@given(st.lists(small_polynomials(2), min_size=6, max_size=6), st.sampled_from([2, -1, 5]))
def test_greatest_common_divisors_over_a_quadratic_field(parts: list[fmpz_poly], radicand: int) -> None:
    x, y, z = (QuadraticPolynomial(fmpq_poly(parts[i]), fmpq_poly(parts[i + 1]), radicand) for i in (0, 2, 4))
    common = quadratic_gcd(x * z, y * z)
    assert ((x * z) // common) * common == x * z
    assert ((y * z) // common) * common == y * z
    assert (common // z.monic()) * z.monic() == common
    assert quadratic_gcd((x * z) // common, (y * z) // common).degree() == 0
