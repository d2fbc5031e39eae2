"""Constants of analysis and number theory: integrals, series, products over primes, digit constructions."""

from __future__ import annotations

from functools import partial

from flint import arb, fmpq

from constants_lab.catalogue import digits, products, roots, series
from constants_lab.catalogue.dirichlet import l_value
from constants_lab.catalogue.rows import Entry, Member, member

__all__ = ["ANALYTIC"]


def _gauss() -> arb:
    return 1 / arb(2).sqrt().agm()


def _gieseking() -> arb:
    return arb(27).sqrt() / 4 * l_value(fmpq(-3), fmpq(2))


def _porter() -> arb:
    """(6 log(2)/pi^2)(3 log(2) + 4 gamma - (24/pi^2) zeta'(2) - 2) - 1/2.

    zeta'(2) = (pi^2/6)(gamma + log(2 pi) - 12 log A), A being Glaisher's constant.
    """
    log2, gamma, square = arb.const_log2(), arb.const_euler(), arb.pi() ** 2
    derivative = square / 6 * (gamma + (2 * arb.pi()).log() - 12 * arb.const_glaisher().log())
    return 6 * log2 / square * (3 * log2 + 4 * gamma - 24 * derivative / square - 2) - arb(fmpq(1, 2))


ANALYTIC: tuple[Entry | Member, ...] = (
    # Elliptic.
    Entry(
        "gauss",
        r"\frac{1}{\operatorname{agm}(1,\sqrt2)}",
        "Gauss's constant, 1/agm(1, sqrt(2)) = lemniscate/pi = 0.8346...",
        "A014549",
        "proved",
        _gauss,
        lambda s: s.gamma(s.Rational(1, 4)) ** 2 / (2 * s.pi) ** s.Rational(3, 2),
        ("gauss_constant",),
    ),
    Entry(
        "lemniscate",
        r"\varpi",
        "Lemniscate constant, half the length of the lemniscate of unit radius: pi/agm(1, sqrt(2)) = 2.622...",
        "A062539",
        "proved",
        lambda: arb.pi() * _gauss(),
        lambda s: s.gamma(s.Rational(1, 4)) ** 2 / (2 * s.sqrt(2 * s.pi)),
        ("varpi",),
    ),
    Entry(
        "weierstrass",
        r"\sigma(1\mid1,i)/2",
        "Weierstrass constant, 2^(5/4) sqrt(pi) exp(pi/8)/gamma(1/4)^2.",
        "A094692",
        "proved",
        lambda: arb(32).root(4) * arb.pi().sqrt() * (arb.pi() / 8).exp() / arb.gamma_fmpq(fmpq(1, 4)) ** 2,
        lambda s: 2 ** s.Rational(5, 4) * s.sqrt(s.pi) * s.exp(s.pi / 8) / s.gamma(s.Rational(1, 4)) ** 2,
    ),
    Entry(
        "universal_parabolic",
        r"\log(1+\sqrt2)+\sqrt2",
        "Universal parabolic constant: arc cut off by the latus rectum of a parabola, over its focal parameter.",
        "A103710",
        "proved",
        lambda: (1 + arb(2).sqrt()).log() + arb(2).sqrt(),
        lambda s: s.log(1 + s.sqrt(2)) + s.sqrt(2),
    ),
    Entry(
        "gieseking",
        r"\tfrac{3\sqrt3}{4}L(\chi_{-3},2)",
        "Gieseking's constant, the largest volume of a hyperbolic tetrahedron: 3 sqrt(3)/4 times L(-3,2).",
        "A143298",
        "unknown",
        _gieseking,
        lambda s: (9 - s.polygamma(1, s.Rational(2, 3)) + s.polygamma(1, s.Rational(4, 3))) / (4 * s.sqrt(3)),
    ),
    # Analysis and continued fractions.
    Entry(
        "gompertz",
        r"\delta",
        "Euler-Gompertz constant, integral of exp(-x)/(1 + x) over x > 0 = e E_1(1).",
        "A073003",
        "unknown",
        series.gompertz,
        lambda s: s.E * s.expint(1, 1),
        ("euler_gompertz",),
    ),
    Entry(
        "glaisher",
        "A",
        "Glaisher-Kinkelin constant, exp(1/12 - zeta'(-1)).",
        "A074962",
        "unknown",
        arb.const_glaisher,
        None,
        ("glaisher_kinkelin",),
    ),
    Entry(
        "khinchin",
        "K_0",
        "Khinchin's constant, the geometric mean of the partial quotients of almost every real number.",
        "A002210",
        "unknown",
        arb.const_khinchin,
        None,
        ("khintchine",),
    ),
    Entry(
        "levy",
        r"e^{\pi^2/(12\log2)}",
        "Levy's constant, the growth of the denominators of convergents of almost every real number.",
        "A086702",
        "unknown",
        lambda: (arb.pi() ** 2 / (12 * arb.const_log2())).exp(),
        lambda s: s.exp(s.pi**2 / (12 * s.log(2))),
        ("khinchin_levy",),
    ),
    Entry(
        "porter",
        "C_P",
        "Porter's constant in the mean number of steps of Euclid's algorithm.",
        "A086237",
        "unknown",
        _porter,
    ),
    member("stieltjes", (1,), "A082633"),
    member("lambertw", (1,), "A030178", "omega"),
    Entry(
        "dottie",
        "d",
        "Dottie number, the solution of cos(x) = x.",
        "A003957",
        "proved",
        roots.dottie,
    ),
    Entry(
        "laplace_limit",
        r"\lambda_L",
        "Laplace limit of Kepler's equation: x exp(sqrt(1 + x^2)) = 1 + sqrt(1 + x^2).",
        "A033259",
        "proved",
        roots.laplace_limit,
    ),
    Entry(
        "soldner",
        r"\mu",
        "Ramanujan-Soldner constant, the zero of the logarithmic integral li.",
        "A070769",
        "unknown",
        roots.soldner,
        None,
        ("ramanujan_soldner",),
    ),
    Entry(
        "sophomore_dream",
        r"\int_0^1x^{-x}\,dx",
        "Sophomore's dream, sum of n^-n = integral of x^-x over 0 < x < 1.",
        "A073009",
        "unknown",
        partial(series.self_power_sum, 1),
    ),
    Entry(
        "sophomore_dream_alternating",
        r"\int_0^1x^{x}\,dx",
        "Alternating sophomore's dream, integral of x^x over 0 < x < 1.",
        "A083648",
        "unknown",
        partial(series.self_power_sum, -1),
    ),
    Entry(
        "fransen_robinson",
        r"\int_0^\infty\frac{dx}{\Gamma(x)}",
        "Fransen-Robinson constant, integral of 1/Gamma(x) over x > 0.",
        "A058655",
        "unknown",
        series.fransen_robinson,
    ),
    Entry(
        "mrb",
        r"\sum_{n\ge1}(-1)^n(n^{1/n}-1)",
        "MRB constant, sum of (-1)^n (n^(1/n) - 1).",
        "A037077",
        "unknown",
        series.mrb,
    ),
    Entry(
        "kepler_bouwkamp",
        r"\prod_{n\ge3}\cos\frac{\pi}{n}",
        "Kepler-Bouwkamp constant, product of cos(pi/n) over n >= 3.",
        "A085365",
        "unknown",
        products.kepler_bouwkamp,
        None,
        ("polygon_inscribing",),
    ),
    Entry(
        "alladi_grinstead",
        r"e^{c-1}",
        "Alladi-Grinstead constant, exp(c - 1) with c the sum of (zeta(k+1) - 1)/k.",
        "A085291",
        "unknown",
        series.alladi_grinstead,
    ),
    Entry(
        "erdos_borwein",
        r"\sum_{n\ge1}\frac{1}{2^n-1}",
        "Erdos-Borwein constant, sum of 1/(2^n - 1).",
        "A065442",
        "proved",
        series.erdos_borwein,
    ),
    Entry(
        "reciprocal_fibonacci",
        r"\psi",
        "Sum of the reciprocals of the Fibonacci numbers.",
        "A079586",
        "proved",
        series.reciprocal_fibonacci,
    ),
    Entry(
        "fibonacci_factorial",
        "C_F",
        "Fibonacci factorial constant, product of 1 - (-1/phi^2)^k.",
        "A062073",
        "proved",
        series.fibonacci_factorial,
    ),
    Entry(
        "cahen",
        "C",
        "Cahen's constant, alternating sum of 1/(s_k - 1) over Sylvester's sequence.",
        "A118227",
        "proved",
        series.cahen,
    ),
    Entry(
        "niven",
        "C_N",
        "Niven's constant, the mean largest exponent in factorisations.",
        "A033150",
        "unknown",
        series.niven,
    ),
    Entry(
        "golomb_dickman",
        r"\lambda",
        "Golomb-Dickman constant, the mean relative length of the longest cycle of a permutation.",
        "A084945",
        "unknown",
        series.golomb_dickman,
    ),
    # Primes.
    Entry(
        "meissel_mertens",
        "M",
        "Meissel-Mertens constant, limit of sum 1/p over primes p <= n minus log(log(n)).",
        "A077761",
        "unknown",
        products.meissel_mertens,
        None,
        ("mertens",),
    ),
    Entry(
        "twin_prime",
        "C_2",
        "Twin prime constant, product of 1 - 1/(p-1)^2 over odd primes.",
        "A005597",
        "unknown",
        products.twin_prime,
    ),
    Entry(
        "artin",
        r"C_{\mathrm{Artin}}",
        "Artin's constant, product of 1 - 1/(p(p-1)) over primes.",
        "A005596",
        "unknown",
        products.artin,
    ),
    Entry(
        "stephens",
        "C_S",
        "Stephens' constant, product of 1 - p/(p^3-1) over primes.",
        "A065478",
        "unknown",
        products.stephens,
    ),
    Entry(
        "feller_tornier",
        r"C_{\mathrm{FT}}",
        "Feller-Tornier constant, the density of integers with an even number of prime powers beyond the first.",
        "A065493",
        "unknown",
        products.feller_tornier,
    ),
    Entry(
        "carefree",
        r"\prod_p\left(1-\frac{2p-1}{p^3}\right)",
        "Carefree constant, the density of coprime pairs of which the first is squarefree.",
        "A065464",
        "unknown",
        products.carefree,
    ),
    Entry(
        "landau_ramanujan",
        "K",
        "Landau-Ramanujan constant in the density of sums of two squares.",
        "A064533",
        "unknown",
        products.landau_ramanujan,
    ),
    # Numbers given by their digits.
    Entry(
        "champernowne",
        "C_{10}",
        "Champernowne's constant 0.123456789101112...",
        "A033307",
        "proved",
        digits.champernowne,
    ),
    Entry(
        "copeland_erdos",
        r"C_{\mathrm{CE}}",
        "Copeland-Erdos constant 0.2357111317...",
        "A033308",
        "proved",
        digits.copeland_erdos,
    ),
    Entry(
        "liouville", "L", "Liouville's constant, sum of 10^-(n!) over n >= 1.", "A012245", "proved", digits.liouville
    ),
    Entry(
        "thue_morse",
        r"\tau",
        "Prouhet-Thue-Morse constant, whose binary digits are the parities of the binary digit sums of 0, 1, 2, ...",
        "A014571",
        "proved",
        digits.thue_morse,
        None,
        ("prouhet_thue_morse",),
    ),
    Entry(
        "rabbit",
        "R",
        "Rabbit constant, sum of 2^-floor(k phi) over k >= 1.",
        "A014565",
        "proved",
        partial(digits.binary_number, digits.rabbit_bits),
    ),
    Entry(
        "prime_constant",
        r"\rho_{\mathrm{prime}}",
        "Prime constant, sum of 2^-p over primes.",
        "A051006",
        "proved",
        partial(digits.binary_number, digits.primes_up_to),
    ),
    Entry(
        "paper_folding",
        r"P_{\mathrm{fold}}",
        "Paper-folding constant, whose binary digits are the folds of a strip.",
        "A143347",
        "proved",
        digits.paper_folding,
    ),
    Entry(
        "komornik_loreti",
        "q",
        "Komornik-Loreti constant, the least base with a unique expansion of 1.",
        "A055060",
        "proved",
        roots.komornik_loreti,
    ),
)
