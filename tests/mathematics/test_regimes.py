"""Regimes and rates by theory, against what exact convergents really do."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from flint import arb, ctx, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from constants_lab.convergents import convergent_pairs
from constants_lab.pcf import PCF
from constants_lab.polynomials import first_positive_integer_root, shift
from constants_lab.regimes import asymptotics


def polynomials(degree: int, lead: st.SearchStrategy[int]) -> st.SearchStrategy[fmpz_poly]:
    return st.builds(
        lambda top, rest: fmpz_poly([*rest, top]), lead, st.lists(st.integers(-3, 3), min_size=degree, max_size=degree)
    )


NONZERO = st.integers(-4, 4).filter(bool)


def gaps(a: fmpz_poly, b: fmpz_poly, depths: list[int]) -> list[float]:
    """-ln of the distance of neighbours among ``depths``, on the projective line.

    The distance |p Q - P q| / (max(|p|, |q|) max(|P|, |Q|)) also measures convergence to infinity, which happens
    where the denominators follow the smaller solution.
    """
    rows = list(convergent_pairs(a, b, depths))
    found = []
    for (p, q), (P, Q) in pairwise([(p, q) for _, p, q in rows]):
        with ctx.workprec(80):
            gap = abs(P * q - p * Q)
            sizes = arb(max(abs(p), abs(q))).log() + arb(max(abs(P), abs(Q))).log()
            found.append(float((sizes - arb(gap).log()).mid()) if gap != 0 else math.inf)
    return found


@settings(max_examples=60)
@given(st.data())
def test_factorial(data: st.DataObject) -> None:
    da = data.draw(st.integers(1, 2))
    db = data.draw(st.integers(0, 2 * da - 1))
    a, b = data.draw(polynomials(da, NONZERO)), data.draw(polynomials(db, NONZERO))
    assume(first_positive_integer_root(b) is None)
    found = asymptotics(a, b)
    assert (found.regime, found.rate) == ("factorial", 2 * da - db)
    # The two leading terms, D n ln n + r n, leave O(ln n).
    assert found.rate is not None
    n = 600
    (nats,) = gaps(a, b, [n, n + 60])
    assume(nats < math.inf)
    assert abs(nats - (found.rate * n * math.log(n) + found.linear_rate * n)) < 25 * math.log(n)


@settings(max_examples=80)
@given(st.data())
def test_exponential_or_divergent(data: st.DataObject) -> None:
    da = data.draw(st.integers(0, 2))
    a, b = data.draw(polynomials(da, NONZERO)), data.draw(polynomials(2 * da, NONZERO))
    assume(first_positive_integer_root(b) is None)
    found = asymptotics(a, b)
    A, B = int(a[da]), int(b[2 * da])
    if A * A + 4 * B > 0:
        assert found.regime == "exponential"
        assert found.rate is not None
        roots = sorted((abs(A + s * math.sqrt(A * A + 4 * B)) for s in (1, -1)), reverse=True)
        assert found.rate == pytest.approx(math.log(roots[0] / roots[1]), rel=1e-12)
        near, far = 500, 1000
        first, second = gaps(a, b, [near, near + 500, far + 500])
        assume(max(first, second) < math.inf)
        assert (second - first) / 500 == pytest.approx(found.rate, abs=0.05)
    elif A * A + 4 * B < 0:
        assert found.regime == "divergent"
        assert wanders(a, b)


@settings(max_examples=60)
@given(st.data())
def test_more_b_than_a(data: st.DataObject) -> None:
    da = data.draw(st.integers(0, 2))
    excess = data.draw(st.integers(1, 4))
    a, b = data.draw(polynomials(da, NONZERO)), data.draw(polynomials(2 * da + excess, NONZERO))
    assume(first_positive_integer_root(b) is None)
    found = asymptotics(a, b)
    A, B = int(a[da]), int(b[2 * da + excess])
    if B < 0 or excess > 2:
        assert (found.regime, found.rate) == ("divergent", None)
    elif excess == 1:
        assert found.regime == "stretched"
        assert found.rate == pytest.approx(2 * abs(A) / math.sqrt(B), rel=1e-13)
    else:
        assert found.regime == "polynomial"
        assert found.rate == pytest.approx(abs(A) / math.sqrt(B), rel=1e-13)


def wanders(a: fmpz_poly, b: fmpz_poly) -> bool:
    """Whether the largest step among neighbours, on the projective line, is hardly smaller late than early.

    Not exactly: convergents rotate by the argument of the roots, and where that is a rational part of a turn a window
    sees only a few places of the circle, which drift like ln n.  Convergence would add hundreds of nats.
    """
    early, late = (min(gaps(a, b, list(range(n, n + 60)))) for n in (200, 2000))
    return late < early + 8


@settings(max_examples=100)
@given(st.data())
def test_double_root(data: st.DataObject) -> None:
    """A^2 + 4B = 0: the next orders decide, seen in the exact convergents at n = 500 and 2000."""
    da = data.draw(st.integers(1, 2))
    half = data.draw(st.integers(-2, 2).filter(bool))
    a = data.draw(polynomials(da, st.just(2 * half)))
    # Half of the cases have e1 = 0: b is then -a(n) a(n-1)/4 in its two leading orders.
    if data.draw(st.booleans()):
        product = a * shift(a, -1)
        assume(int(product[2 * da - 1]) % 4 == 0)
        rest = data.draw(st.lists(st.integers(-4, 4), min_size=2 * da - 1, max_size=2 * da - 1))
        b = fmpz_poly([*rest, -int(product[2 * da - 1]) // 4, -half * half])
    else:
        b = data.draw(polynomials(2 * da, st.just(-half * half)))
    assume(first_positive_integer_root(b) is None)
    found = asymptotics(a, b)
    if found.regime == "divergent":
        # Periodic in ln n or sqrt(n), so some octave has a large step; stretched convergence would leave 50 nats at least.
        assert min(gaps(a, b, [300 * 2**k for k in range(5)])) < 14
        return
    assert found.rate is not None
    n = 500
    near, far = gaps(a, b, [n, 2 * n, 4 * n])
    assume(max(near, far) < math.inf)
    if found.regime == "stretched":
        expected = found.rate * (math.sqrt(2 * n) - math.sqrt(n))
        assert far - near == pytest.approx(expected, rel=0.15, abs=2)
    else:
        assert found.regime == "polynomial"
        if found.rate >= 0.5:
            assert (far - near) / math.log(2) == pytest.approx(found.rate, rel=0.1, abs=0.25)


@pytest.mark.parametrize(
    ("a", "b", "regime", "rate"),
    [
        ("n^3+(n+1)^3", "-n^6", "polynomial", 2.0),
        ("2", "-1", "polynomial", 1.0),
        ("2n+1", "-n^2", "polynomial", 0.0),
        ("n", "n^4", "polynomial", 1.0),
        ("1", "n", "stretched", 2.0),
        ("n", "-n^2", "divergent", None),
        ("1", "-1", "divergent", None),
        ("1", "n^3", "divergent", None),
        ("n", "-n^3", "divergent", None),
        ("2n", "-n^2-n", "divergent", None),
        ("n+1", "n-5", "finite", None),
        ("n+1", "1", "factorial", 2.0),
        ("1", "1", "exponential", 2 * math.log((1 + math.sqrt(5)) / 2)),
    ],
)
def test_examples(a: str, b: str, regime: str, rate: float | None) -> None:
    found = PCF(a, b).asymptotics
    assert found.regime == regime
    assert found.rate == (rate if rate is None else pytest.approx(rate, rel=1e-14, abs=1e-300))


@pytest.mark.parametrize(
    ("a", "b", "rate"),
    [
        ("1", str(10**40), 1e-20),
        ("10^200", "1", 2 * 200 * math.log(10)),
        ("10^400", "1", 2 * 400 * math.log(10)),
        ("1", f"{10**350}*{10**350}", 1e-350),
        ("2*10^30", f"{1 - 10**30}*{1 + 10**30}", 2e-30),
        ("10^200*n", "n^4", 1e200),
        ("10^200*n", "n^3", 2e200),
        ("n", f"{10**170}*{10**170}*n^4", 1e-170),
    ],
)
def test_coefficients_beyond_the_floats(a: str, b: str, rate: float) -> None:
    found = PCF(a, b).asymptotics
    assert found.rate == pytest.approx(rate, rel=1e-13, abs=0)
    assert found.terms_for(50) >= 0


def test_the_first_root_ends_a_finite_fraction() -> None:
    assert PCF("n+1", "(n-7)*(n-3)*(n+1)").asymptotics.last == 3


@pytest.mark.parametrize(("a", "b"), [("n+3", "-n"), ("2n+1", "n^2"), ("1", "n+1"), ("10", "n^2"), ("3n+1", "-2n^2+n")])
@pytest.mark.parametrize("digits", [8, 12])
def test_terms_for_is_about_right(a: str, b: str, digits: int) -> None:
    pcf = PCF(a, b)
    terms = int(pcf.asymptotics.terms_for(digits))
    (nats,) = gaps(pcf.a, pcf.b, [terms + 1, 2 * terms + 2])
    assert digits - 4 <= nats / math.log(10) <= digits + 12


def test_no_number_of_terms_suffices() -> None:
    for a, b in [("1", "-1"), ("2n+1", "-n^2"), ("n", "1000000*n^4")]:
        assert PCF(a, b).asymptotics.terms_for(50) == math.inf


def test_a_number_of_terms_beyond_floats_is_no_endless_search() -> None:
    for b in ("10^30*n", "10^400*n + 1"):
        assert PCF("n", b).asymptotics.terms_for(50) > 1e15
