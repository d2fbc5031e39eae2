"""The table of families: each row says what the function is, where it lives, and how it is evaluated.

Where a value is marked as proved irrational, the theorem is: Lindemann-Weierstrass (elementary functions, W),
Siegel-Shidlovskii (Bessel quotients, 0F1), Schneider (agm), Chudnovsky (Gamma), Apery (zeta(3)).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gmpy2
from flint import acb, arb, fmpq

from constants_lab.catalogue.dirichlet import (
    l_irrationality,
    l_sympy,
    l_undefined,
    l_value,
    zeta_irrationality,
    zeta_rational,
)
from constants_lab.catalogue.families import Arguments, Family, Status

__all__ = ["FAMILIES", "FAMILY_ALIASES"]

HEIGHT = 10_000
"""Usual bound on the arguments of elementary functions."""
INDEX = 1_000
"""Usual bound on indices, and on the arguments of special functions."""


def _perfect_power(q: fmpq, k: int) -> bool:
    return q > 0 and all(gmpy2.iroot(gmpy2.mpz(int(part)), k)[1] for part in (q.p, q.q))


def _whole(q: fmpq) -> bool:
    return bool(q.q == 1)


def _is_pole(q: fmpq) -> bool:
    return _whole(q) and q <= 0


def _never(_: Arguments) -> str | None:
    return None


def _proved(_: Arguments) -> Status:
    return "proved"


def _unknown(_: Arguments) -> Status:
    return "unknown"


# --- values ------------------------------------------------------------------------------------------------------


def _bessel_ratio(nu: fmpq, x: fmpq, sign: int) -> arb:
    """x/2 times a quotient of regularised 0F1, which holds for every nu and both signs of x (DLMF 10.16.9, 10.39.9)."""
    z = arb(sign * x * x / 4)
    upper = z.hypgeom_0f1(arb(nu + 2), regularized=True)
    return arb(x / 2) * upper / z.hypgeom_0f1(arb(nu + 1), regularized=True)


def _mills(x: fmpq) -> arb:
    return (arb.pi() / 2).sqrt() * arb(x * x / 2).exp() * (arb(x) / arb(2).sqrt()).erfc()


def _agm_sympy(s: Any, a: Any, b: Any) -> Any:
    return s.pi * (a + b) / (4 * s.elliptic_k(((a - b) / (a + b)) ** 2))


# --- where values do not exist, are rational, or are known to be irrational ----------------------------------------


def _if(condition: object, reason: str) -> str | None:
    return reason if condition else None


def _gamma_status(a: Arguments) -> Status:
    # Gamma(1/2) = sqrt(pi); Gamma(1/3) and Gamma(1/4) with pi: Chudnovsky, 1976; sixths reduce to thirds.
    return "proved" if a[0].q in (2, 3, 4, 6) else "unknown"


def _polygamma_undefined(a: Arguments) -> str | None:
    if a[0] < 0:
        return "its order must be at least 0"
    return _if(_is_pole(a[1]), "there is a pole at 0, -1, -2, ...")


def _polylog_undefined(a: Arguments) -> str | None:
    if a[0] < 1:
        return "only orders of at least 1 are offered"
    return _if(a[1] > 1 or (a[1] == 1 and a[0] == 1), "it is real only up to 1, with a pole for order 1")


def _polylog_status(a: Arguments) -> Status:
    if a[0] == 1:
        return "proved"
    return zeta_irrationality(a[:1]) if abs(a[1]) == 1 else "unknown"


def _zero(a: Arguments) -> str | None:
    return _if(a[-1] == 0, "the argument is 0")


def _family(
    name: str,
    parameters: str,
    description: str,
    tex: Callable[..., str],
    value: Callable[..., arb],
    sympy: Callable[..., Any] | None,
    *,
    bound: tuple[int, ...] | int = INDEX,
    whole: str = "",
    undefined: Callable[[Arguments], str | None] = _never,
    rational: Callable[[Arguments], str | None] = _zero,
    status: Callable[[Arguments], Status] = _proved,
) -> Family:
    names = tuple(parameters.split(","))
    bounds = bound if isinstance(bound, tuple) else (bound,) * len(names)
    return Family(
        name,
        names,
        description,
        tex,
        value,
        sympy,
        bounds,
        tuple(parameter in whole.split(",") for parameter in names),
        undefined,
        rational,
        status,
    )


def _operator(command: str) -> Callable[..., str]:
    return lambda *q: rf"{command}\left({', '.join(q)}\right)"


def _elementary(name: str, description: str, value: Callable[[arb], arb], bound: int = INDEX) -> Family:
    """A function that is rational at 0 and transcendental at every other rational (Lindemann-Weierstrass)."""
    return _family(
        name,
        "q",
        description,
        _operator(rf"\{name}"),
        lambda q: value(arb(q)),
        lambda s, q: getattr(s, name)(q),
        bound=bound,
    )


_ROWS = (
    _family(
        "zeta",
        "k",
        "Riemann's zeta function, sum n^-k and its continuation",
        _operator(r"\zeta"),
        lambda k: arb(k).zeta(),
        lambda s, k: s.zeta(k),
        undefined=lambda a: _if(a[0] == 1, "there is a pole at 1"),
        rational=zeta_rational,
        status=zeta_irrationality,
    ),
    _family(
        "L",
        "d,k",
        "Dirichlet L-function of the Kronecker symbol (d/n), d a fundamental discriminant: sum (d/n) n^-k",
        lambda d, k: rf"L(\chi_{{{d}}}, {k})",
        l_value,
        l_sympy,
        whole="d,k",
        undefined=l_undefined,
        rational=_never,
        status=l_irrationality,
    ),
    _family(
        "hurwitz",
        "k,q",
        "Hurwitz's zeta function, sum (n + q)^-k over n >= 0",
        lambda k, q: rf"\zeta\left({k}, {q}\right)",
        lambda k, q: arb(k).zeta(arb(q)),
        lambda s, k, q: s.zeta(k, q),
        whole="k",
        undefined=lambda a: _if(a[0] < 2 or a[1] <= 0, "only k >= 2 and q > 0 are offered"),
        rational=_never,
        status=lambda a: "proved" if a[1].q in (1, 2) and zeta_irrationality(a[:1]) == "proved" else "unknown",
    ),
    _family(
        "polylog",
        "k,q",
        "polylogarithm, sum q^n n^-k",
        lambda k, q: rf"\operatorname{{Li}}_{{{k}}}\left({q}\right)",
        lambda k, q: -(1 - arb(q)).log() if k == 1 else arb(q).polylog(arb(k)),
        lambda s, k, q: -s.log(1 - q) if k == 1 else s.polylog(k, q),
        whole="k",
        undefined=_polylog_undefined,
        status=_polylog_status,
    ),
    _family(
        "polygamma",
        "m,q",
        "derivative of order m of the digamma function, so that m = 0 is digamma",
        lambda m, q: rf"\psi^{{({m})}}\left({q}\right)",
        lambda m, q: arb(q).digamma() if m == 0 else acb(q).polygamma(acb(m)).real,
        lambda s, m, q: s.polygamma(m, q),
        bound=(200, HEIGHT),
        whole="m",
        undefined=_polygamma_undefined,
        rational=_never,
        status=_unknown,
    ),
    _family(
        "stieltjes",
        "n",
        "Stieltjes constant gamma_n in the Laurent series of zeta at 1",
        lambda n: rf"\gamma_{{{n}}}",
        lambda n: acb.stieltjes(int(n)).real,
        lambda s, n: s.stieltjes(n),
        whole="n",
        undefined=lambda a: _if(a[0] < 0, "its index must be at least 0"),
        rational=_never,
        status=_unknown,
    ),
    _family(
        "log",
        "q",
        "natural logarithm",
        _operator(r"\log"),
        lambda q: arb(q).log(),
        lambda s, q: s.log(q),
        bound=10**12,
        undefined=lambda a: _if(a[0] <= 0, "the argument must be positive"),
        rational=lambda a: _if(a[0] == 1, "it is 0"),
    ),
    _family(
        "exp",
        "q",
        "exponential function",
        lambda q: f"e^{{{q}}}",
        lambda q: arb(q).exp(),
        lambda s, q: s.exp(q),
        bound=HEIGHT,
    ),
    _family(
        "sqrt",
        "q",
        "square root",
        lambda q: rf"\sqrt{{{q}}}",
        lambda q: arb(q).sqrt(),
        lambda s, q: s.sqrt(q),
        bound=10**12,
        undefined=lambda a: _if(a[0] < 0, "the argument must be positive"),
        rational=lambda a: _if(a[0] == 0 or _perfect_power(a[0], 2), "the argument is a square"),
        status=lambda a: "algebraic",
    ),
    _family(
        "cbrt",
        "q",
        "cube root",
        lambda q: rf"\sqrt[3]{{{q}}}",
        lambda q: arb(q).root(3),
        lambda s, q: s.cbrt(q),
        bound=10**12,
        undefined=lambda a: _if(a[0] < 0, "the argument must be positive"),
        rational=lambda a: _if(a[0] == 0 or _perfect_power(a[0], 3), "the argument is a cube"),
        status=lambda a: "algebraic",
    ),
    _family(
        "gamma",
        "q",
        "Euler's Gamma function",
        _operator(r"\Gamma"),
        lambda q: arb.gamma_fmpq(q),
        lambda s, q: s.gamma(q),
        undefined=lambda a: _if(_is_pole(a[0]), "there is a pole at 0, -1, -2, ..."),
        rational=lambda a: _if(_whole(a[0]), "it is a factorial"),
        status=_gamma_status,
    ),
    _elementary("sin", "sine", arb.sin, HEIGHT),
    _elementary("cos", "cosine", arb.cos, HEIGHT),
    _elementary("tan", "tangent", arb.tan, HEIGHT),
    _elementary("sinh", "hyperbolic sine", arb.sinh, HEIGHT),
    _elementary("cosh", "hyperbolic cosine", arb.cosh, HEIGHT),
    _elementary("tanh", "hyperbolic tangent", arb.tanh, HEIGHT),
    _family(
        "atan",
        "q",
        "inverse tangent",
        _operator(r"\arctan"),
        lambda q: arb(q).atan(),
        lambda s, q: s.atan(q),
        bound=10**12,
    ),
    _family(
        "atanh",
        "q",
        "inverse hyperbolic tangent",
        _operator(r"\operatorname{artanh}"),
        lambda q: arb(q).atanh(),
        lambda s, q: s.atanh(q),
        bound=10**12,
        undefined=lambda a: _if(abs(a[0]) >= 1, "the argument must lie between -1 and 1"),
    ),
    _family(
        "lambertw",
        "q",
        "Lambert's function: the solution w >= -1 of w*exp(w) = q",
        _operator("W"),
        lambda q: arb(q).lambertw(),
        lambda s, q: s.LambertW(q),
        # -1/e is irrational, so comparing with a rational just below it never decides wrongly at this height.
        undefined=lambda a: _if(arb(a[0]) < -1 / arb.const_e(), "the argument must be at least -1/e"),
    ),
    _family(
        "erf",
        "q",
        "error function, 2/sqrt(pi) int_0^q exp(-t^2) dt",
        _operator(r"\operatorname{erf}"),
        lambda q: arb(q).erf(),
        lambda s, q: s.erf(q),
        bound=100,
        status=_unknown,
    ),
    _family(
        "erfc",
        "q",
        "complementary error function, 1 - erf(q)",
        _operator(r"\operatorname{erfc}"),
        lambda q: arb(q).erfc(),
        lambda s, q: s.erfc(q),
        bound=100,
        status=_unknown,
    ),
    _family(
        "mills",
        "x",
        "Mills' ratio of the normal law, sqrt(pi/2) exp(x^2/2) erfc(x/sqrt(2)) = int_0^oo exp(-xt - t^2/2) dt",
        _operator(r"\operatorname{Mills}"),
        _mills,
        lambda s, x: s.sqrt(s.pi / 2) * s.exp(x**2 / 2) * s.erfc(x / s.sqrt(2)),
        bound=100,
        rational=_never,
        status=lambda a: "proved" if a[0] == 0 else "unknown",
    ),
    _family(
        "ei",
        "q",
        "exponential integral, principal value of int_-oo^q exp(t)/t dt",
        _operator(r"\operatorname{Ei}"),
        lambda q: arb(q).ei(),
        lambda s, q: s.Ei(q),
        undefined=lambda a: _if(a[0] == 0, "there is a pole at 0"),
        rational=_never,
        status=_unknown,
    ),
    _family(
        "besseli_ratio",
        "nu,x",
        "quotient I_{nu+1}(x)/I_nu(x) of modified Bessel functions",
        lambda nu, x: rf"\frac{{I_{{{nu}+1}}({x})}}{{I_{{{nu}}}({x})}}",
        lambda nu, x: _bessel_ratio(nu, x, 1),
        lambda s, nu, x: s.besseli(nu + 1, x) / s.besseli(nu, x),
    ),
    _family(
        "besselj_ratio",
        "nu,x",
        "quotient J_{nu+1}(x)/J_nu(x) of Bessel functions",
        lambda nu, x: rf"\frac{{J_{{{nu}+1}}({x})}}{{J_{{{nu}}}({x})}}",
        lambda nu, x: _bessel_ratio(nu, x, -1),
        lambda s, nu, x: s.besselj(nu + 1, x) / s.besselj(nu, x),
    ),
    _family(
        "hyp0f1",
        "a,x",
        "hypergeometric function 0F1(;a;x) = sum x^n/((a)_n n!)",
        lambda a, x: rf"{{}}_0F_1\left(; {a}; {x}\right)",
        lambda a, x: arb(x).hypgeom_0f1(arb(a)),
        lambda s, a, x: s.hyper([], [a], x),
        undefined=lambda a: _if(_is_pole(a[0]), "a must not be 0, -1, -2, ..."),
    ),
    _family(
        "agm",
        "a,b",
        "arithmetic-geometric mean of two positive numbers",
        _operator(r"\operatorname{agm}"),
        lambda a, b: arb(a).agm(arb(b)),
        _agm_sympy,
        bound=HEIGHT,
        undefined=lambda a: _if(min(a) <= 0, "both numbers must be positive"),
        rational=lambda a: _if(a[0] == a[1], "both numbers are equal"),
    ),
)

FAMILIES: dict[str, Family] = {family.name: family for family in _ROWS}
"""Every family by name, in the order in which they are listed to users."""

FAMILY_ALIASES: dict[str, str] = {"ln": "log", "arctan": "atan", "artanh": "atanh", "psi": "polygamma", "w": "lambertw"}
"""Other names, in lower case."""
