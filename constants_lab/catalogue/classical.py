"""Classical constants, values of elementary and special functions, algebraic numbers."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from constants_lab.catalogue.roots import algebraic_root
from constants_lab.catalogue.rows import Entry, Member, member

__all__ = ["ALGEBRAIC", "CLASSICAL"]


def _phi() -> arb:
    return (1 + arb(5).sqrt()) / 2


def _algebraic(
    name: str, latex: str, words: str, oeis: str, coefficients: list[int], low: float, high: float, index: int
) -> Entry:
    """A zero of an integer polynomial, monotone on [low, high]; ``index`` counts its real zeros from the least."""

    def rebuild(s: Any) -> Any:
        return s.rootof(s.Poly(coefficients, s.Symbol("x")).as_expr(), index)

    def evaluate() -> arb:
        return algebraic_root(coefficients, low, high)

    return Entry(name, latex, words, oeis, "algebraic", evaluate, rebuild)


_F = fmpq

CLASSICAL: tuple[Entry | Member, ...] = (
    # The classical ones.
    Entry(
        "pi",
        r"\pi",
        "Circumference of a circle divided by its diameter.",
        "A000796",
        "proved",
        arb.pi,
        lambda s: s.pi,
        ("archimedes",),
    ),
    Entry(
        "e",
        "e",
        "Base of the natural logarithm, sum of 1/n!.",
        "A001113",
        "proved",
        arb.const_e,
        lambda s: s.E,
        ("exp(1)", "euler_number", "napier"),
    ),
    Entry(
        "phi",
        r"\varphi",
        "Golden ratio, (1 + sqrt(5))/2.",
        "A001622",
        "algebraic",
        _phi,
        lambda s: s.GoldenRatio,
        ("golden", "golden_ratio"),
    ),
    Entry(
        "euler_gamma",
        r"\gamma",
        "Euler's constant, limit of 1 + 1/2 + ... + 1/n - log(n).",
        "A001620",
        "unknown",
        arb.const_euler,
        lambda s: s.EulerGamma,
        ("gamma", "euler_mascheroni", "stieltjes(0)"),
    ),
    Entry(
        "catalan",
        "G",
        "Catalan's constant, L(-4,2) = 1 - 1/3^2 + 1/5^2 - 1/7^2 + ...",
        "A006752",
        "unknown",
        arb.const_catalan,
        lambda s: s.Catalan,
        ("G", "L(-4,2)"),
    ),
    member("zeta", (2,), "A013661", "basel"),
    member("zeta", (3,), "A002117", "apery"),
    *(member("zeta", (k,), f"A{number:06}") for k, number in zip(range(4, 12), range(13662, 13670), strict=True)),
    member("log", (2,), "A002162"),
    member("log", (3,), "A002391"),
    member("log", (5,), "A016628"),
    member("log", (7,), "A016630"),
    member("log", (10,), "A002392"),
    Entry(
        "log(phi)",
        r"\log\varphi",
        "Natural logarithm of the golden ratio.",
        "A002390",
        "proved",
        lambda: _phi().log(),
        lambda s: s.log(s.GoldenRatio),
    ),
    member("sqrt", (2,), "A002193", "pythagoras"),
    member("sqrt", (3,), "A002194"),
    member("sqrt", (5,), "A002163"),
    member("cbrt", (2,), "A002580", "delian"),
    member("cbrt", (3,), "A002581"),
    Entry("pi^2", r"\pi^2", "Square of pi.", "A002388", "proved", lambda: arb.pi() ** 2, lambda s: s.pi**2),
    Entry("pi^3", r"\pi^3", "Cube of pi.", "A091925", "proved", lambda: arb.pi() ** 3, lambda s: s.pi**3),
    Entry(
        "sqrt(pi)",
        r"\sqrt{\pi}",
        "Square root of pi.",
        "A002161",
        "proved",
        lambda: arb.pi().sqrt(),
        lambda s: s.sqrt(s.pi),
        ("gamma(1/2)",),
    ),
    Entry("e^2", "e^2", "Square of e.", "A072334", "proved", lambda: arb(2).exp(), lambda s: s.E**2, ("exp(2)",)),
    member("exp", (_F(1, 2),), "A019774", "sqrt(e)"),
    Entry(
        "gelfond",
        r"e^{\pi}",
        "Gelfond's constant, e to the power pi.",
        "A039661",
        "proved",
        lambda: arb.pi().exp(),
        lambda s: s.exp(s.pi),
        ("e^pi", "exp(pi)"),
    ),
    Entry(
        "gelfond_schneider",
        r"2^{\sqrt{2}}",
        "Gelfond-Schneider constant, 2 to the power sqrt(2).",
        "A007507",
        "proved",
        lambda: arb(2) ** arb(2).sqrt(),
        lambda s: 2 ** s.sqrt(2),
        ("2^sqrt(2)",),
    ),
    # Trigonometric, hyperbolic and Bessel values; Gamma values; L-values.
    member("sin", (1,), "A049469"),
    member("cos", (1,), "A049470"),
    member("tan", (1,), "A049471"),
    member("sinh", (1,), "A073742"),
    member("cosh", (1,), "A073743"),
    member("tanh", (1,), "A073744"),
    member("besseli_ratio", (0, 2), "A052119"),
    member("besselj_ratio", (0, 2), None),
    member("erf", (1,), "A099286"),
    member("erfc", (1,), "A099287"),
    member("mills", (1,), "A108088", "sqrt(pi*e/2)*erfc(1/sqrt(2))"),
    member("gamma", (_F(1, 3),), "A073005"),
    member("gamma", (_F(1, 4),), "A068466"),
    member("gamma", (_F(1, 5),), "A175380"),
    member("gamma", (_F(1, 6),), "A175379"),
    member("gamma", (_F(2, 3),), "A073006"),
    member("gamma", (_F(3, 4),), "A068465"),
    member("L", (-3, 1), "A073010"),
    member("L", (-3, 2), "A086724"),
    member("L", (-4, 3), "A153071"),
    member("L", (-4, 4), "A175572"),
    member("L", (-8, 2), None),
    member("L", (5, 1), "A086466"),
)

ALGEBRAIC: tuple[Entry | Member, ...] = (
    # Algebraic numbers.
    _algebraic(
        "plastic", r"\rho", "Plastic number, the real zero of x^3 - x - 1.", "A060006", [1, 0, -1, -1], 1.0, 2.0, 0
    ),
    _algebraic(
        "tribonacci",
        r"t",
        "Tribonacci constant, the real zero of x^3 - x^2 - x - 1.",
        "A058265",
        [1, -1, -1, -1],
        1.5,
        2.0,
        0,
    ),
    _algebraic(
        "supergolden",
        r"\psi_{\mathrm{sg}}",
        "Supergolden ratio, the real zero of x^3 - x^2 - 1.",
        "A092526",
        [1, -1, 0, -1],
        1.0,
        2.0,
        0,
    ),
    _algebraic(
        "wallis", r"w", "Wallis's constant, the real zero of x^3 - 2x - 5.", "A007493", [1, 0, -2, -5], 2.0, 3.0, 0
    ),
    _algebraic(
        "lehmer",
        r"\tau_L",
        "Lehmer's number, the least known Salem number.",
        "A073011",
        [1, 1, 0, -1, -1, -1, -1, -1, 0, 1, 1],
        1.125,
        1.25,
        1,
    ),
)
