"""Every family at three points or more against mpmath, which shares no code with FLINT, to 100 digits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import gmpy2
import pytest
from flint import ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from constants_lab.constants import catalogue, constant, families, family_value
from constants_lab.errors import InputError

DIGITS = 100
WORK = 130


def l_by_euler_product(d: mpf, k: mpf) -> mpf:
    """sum over residues of digamma or Hurwitz zeta values, or for large k the product over primes."""
    modulus = abs(int(d))
    if k >= 40:
        primes = [p for p in range(2, 1200) if gmpy2.is_prime(p)]
        return mp.fprod(1 / (1 - int(gmpy2.kronecker(int(d), p)) / mpf(p) ** k) for p in primes)
    residues = [(int(gmpy2.kronecker(int(d), a)), mpf(a) / modulus) for a in range(1, modulus)]
    if k == 1:
        return -sum(c * mp.digamma(q) for c, q in residues) / modulus
    return sum(c * mp.zeta(k, q) for c, q in residues) / mpf(modulus) ** k


def mills_by_integral(x: mpf) -> mpf:
    return mp.quad(lambda t: mp.exp(-x * t - t * t / 2), [0, 1, 2, 4, 8, 16, 32])


def bessel_quotient(bessel: Callable[[mpf, mpf], mpf]) -> Callable[[mpf, mpf], mpf]:
    def quotient(nu: mpf, x: mpf) -> mpf:
        # For x < 0 the quotient is odd, while the functions themselves may be complex.
        return mp.sign(x) * bessel(nu + 1, abs(x)) / bessel(nu, abs(x))

    return quotient


SAMPLES: dict[str, tuple[str, Callable[..., mpf], list[str]]] = {
    "zeta": ("mpmath zeta", mp.zeta, ["2", "3", "1/2", "-5/2", "100", "31"]),
    "L": ("mpmath Hurwitz zeta, or the Euler product", l_by_euler_product,
          ["-3 1", "-4 2", "5 1", "8 2", "12 3", "-23 4", "-7 50", "28 41"]),
    "hurwitz": ("mpmath Hurwitz zeta", mp.zeta, ["2 1/3", "3 1/4", "7 5/2"]),
    "polylog": ("mpmath polylog", mp.polylog, ["2 1/2", "3 -1", "1 1/3", "5 -7/3"]),
    "polygamma": ("mpmath polygamma", mp.polygamma, ["0 1/3", "1 1/4", "2 -5/2", "7 3"]),
    "stieltjes": ("mpmath stieltjes", mp.stieltjes, ["0", "2", "3"]),
    "log": ("mpmath", mp.log, ["2", "3/2", "1/1000", "123456789"]),
    "exp": ("mpmath", mp.exp, ["1/2", "-3", "100", "22/7"]),
    "sqrt": ("mpmath", mp.sqrt, ["2", "8", "3/7"]),
    "cbrt": ("mpmath", mp.cbrt, ["2", "9", "5/8"]),
    "gamma": ("mpmath", mp.gamma, ["1/3", "-1/2", "17/5", "1/24"]),
    "sin": ("mpmath", mp.sin, ["1", "-22/7", "1000"]),
    "cos": ("mpmath", mp.cos, ["1", "-22/7", "1000"]),
    "tan": ("mpmath", mp.tan, ["1", "-22/7", "1000"]),
    "sinh": ("mpmath", mp.sinh, ["1", "-1/3", "50"]),
    "cosh": ("mpmath", mp.cosh, ["1", "-1/3", "50"]),
    "tanh": ("mpmath", mp.tanh, ["1", "-1/3", "50"]),
    "atan": ("mpmath", mp.atan, ["1", "1/239", "-1000"]),
    "atanh": ("mpmath", mp.atanh, ["1/2", "-1/7", "999/1000"]),
    "lambertw": ("mpmath", mp.lambertw, ["1", "-1/3", "1000"]),
    "erf": ("mpmath", mp.erf, ["1", "-1/2", "3"]),
    "erfc": ("mpmath", mp.erfc, ["1", "-1/2", "3"]),
    "mills": ("its integral, mpmath quad", mills_by_integral, ["1", "2", "0", "1/3"]),
    "ei": ("mpmath", mp.ei, ["1", "-1", "7/2"]),
    "besseli_ratio": ("mpmath besseli", bessel_quotient(mp.besseli), ["0 2", "1/3 2/3", "-1 3", "5/2 -1", "10 1/2"]),
    "besselj_ratio": ("mpmath besselj", bessel_quotient(mp.besselj), ["0 2", "1/3 2/3", "-2 3", "1/2 -1", "0 40"]),
    "hyp0f1": ("mpmath", mp.hyp0f1, ["1 1", "1/2 -3", "-5/3 7"]),
    "agm": ("mpmath", mp.agm, ["1 2", "3/7 5", "10000 1"]),
}  # fmt: skip


def _arguments(text: str) -> tuple[fmpq, ...]:
    return tuple(fmpq(f.numerator, f.denominator) for f in map(Fraction, text.split()))


def test_every_family_has_samples() -> None:
    assert {family.name for family in families()} == set(SAMPLES)
    assert all(len(points) >= 3 for _, _, points in SAMPLES.values())


@pytest.mark.parametrize(("name", "point"), [(name, point) for name, row in SAMPLES.items() for point in row[2]])
def test_value_against_mpmath(name: str, point: str) -> None:
    method, function, _ = SAMPLES[name]
    made = constant(f"{name}({point.replace(' ', ',')})")
    with mp.workdps(WORK):
        # mpmath may pick up rounding in the argument of an exponentially large value: WORK leaves 30 digits for it.
        other = mp.re(function(*(mpf(int(q.p)) / int(q.q) for q in _arguments(point))))
        error = abs(made.value(DIGITS + 10) - other)
        assert error <= mpf(10) ** -DIGITS * max(1, abs(other)), f"{made} disagrees with {method}"


@given(
    st.fractions(min_value=-9, max_value=9, max_denominator=50),
    st.fractions(max_denominator=20, min_value=1, max_value=30),
)
@settings(max_examples=40, deadline=None)
def test_bessel_quotients_satisfy_their_recurrences(nu: Fraction, x: Fraction) -> None:
    """1/r_nu(x) = r_(nu+1)(x) + 2(nu+1)/x for I, and 2(nu+1)/x - r_(nu+1)(x) for J (DLMF 10.29.1, 10.6.1)."""
    order, point = fmpq(nu.numerator, nu.denominator), fmpq(x.numerator, x.denominator)
    linear = 2 * (order + 1) / point
    with ctx.workprec(200):
        upper_i, lower_i = (family_value("besseli_ratio", (k, point)) for k in (order + 1, order))
        upper_j, lower_j = (family_value("besselj_ratio", (k, point)) for k in (order + 1, order))
        assert (1 / lower_i).overlaps(upper_i + linear)
        assert (1 / lower_j).overlaps(linear - upper_j)


@given(st.integers(min_value=-60, max_value=60))
@settings(max_examples=60, deadline=None)
def test_l_functions_exist_for_fundamental_discriminants_only(d: int) -> None:
    """A discriminant is fundamental when it is not f^2 times a smaller discriminant."""
    discriminant = d % 4 in (0, 1)
    smaller = any(d % (f * f) == 0 and (d // (f * f)) % 4 in (0, 1) for f in range(2, 9))
    square = d >= 0 and gmpy2.is_square(d)
    if discriminant and not smaller and not square:
        assert constant(f"L({d},2)").ball(20) > 0
    else:
        with pytest.raises(InputError, match="fundamental discriminant"):
            constant(f"L({d},2)")


SYMPY_SAMPLES = [f"{name}({row[2][0].replace(' ', ',')})" for name, row in SAMPLES.items()]


@pytest.mark.parametrize(
    "name", sorted({*SYMPY_SAMPLES, *(row.name for row in catalogue()), "gamma(1/4)^4/pi", "sqrt(6)*pi"})
)
def test_sympy_expression_has_the_same_value(name: str) -> None:
    made = constant(name)
    expression = made.sympy()
    if expression is None:
        return
    with mp.workdps(60):
        other = mpf(str(expression.evalf(50)))
        assert abs(made.value(50) - other) < mpf(10) ** -45 * max(1, abs(other))


def test_most_entries_have_a_sympy_expression() -> None:
    assert sum(row.sympy() is not None for row in catalogue()) >= 70
