"""Constants given by series and integrals, with the bound for the part left out stated by each function.

Every function returns a ball at the current FLINT precision p (``flint.ctx.prec``) that contains the constant; its
radius is near 2^-p but not promised, and may be infinite when p is too low to certify anything.
"""

from __future__ import annotations

from math import isqrt

from flint import acb, arb, ctx, fmpz

from constants_lab.catalogue.balls import two_to_minus, widened

__all__ = [
    "alladi_grinstead",
    "cahen",
    "erdos_borwein",
    "fibonacci_factorial",
    "fransen_robinson",
    "golomb_dickman",
    "gompertz",
    "mrb",
    "niven",
    "reciprocal_fibonacci",
    "self_power_sum",
]


def self_power_sum(sign: int) -> arb:
    """sum_{n>=1} sign^(n+1) n^-n; the terms after N add at most 2 (N+1)^-(N+1)."""
    total, n = arb(0), 1
    while True:
        term = 1 / arb(fmpz(n) ** n)
        total += term if sign > 0 or n % 2 else -term
        if term < two_to_minus(ctx.prec + 4):
            return widened(total, term)
        n += 1


def erdos_borwein() -> arb:
    """sum 1/(2^n - 1) = sum 2^-(n^2) (2^n+1)/(2^n-1); the factor is at most 3, so the rest is below 4*2^-((N+1)^2)."""
    last = isqrt(ctx.prec + 8) + 1
    total = arb(0)
    for n in range(1, last + 1):
        total += two_to_minus(n * n) * (arb(fmpz(2) ** n + 1) / arb(fmpz(2) ** n - 1))
    return widened(total, 4 * two_to_minus((last + 1) ** 2))


def reciprocal_fibonacci() -> arb:
    """sum 1/F_n; since F_(n+1) >= (3/2) F_n for n >= 3, the terms after N add at most 3/F_(N+1)."""
    total, now, after = arb(0), fmpz(1), fmpz(1)
    while now.bit_length() <= ctx.prec + 4:
        total += 1 / arb(now)
        now, after = after, now + after
    return widened(total, 3 / arb(now))


def fibonacci_factorial() -> arb:
    """prod_{k>=1} (1 - (-1/phi^2)^k); with y = phi^-2 < 0.4 the rest R has |R - 1| <= 4 y^(N+1)."""
    ratio = -(((1 - arb(5).sqrt()) / 2) ** 2)
    product, power = arb(1), ratio
    while not (abs(power) < two_to_minus(ctx.prec + 4)):
        product *= 1 - power
        power *= ratio
        if not power.is_finite():
            return arb.nan()
    return product * arb(1, (4 * power).abs_upper())


def cahen() -> arb:
    """sum (-1)^k/(s_k - 1), s_0 = 2, s_(k+1) = s_k^2 - s_k + 1: alternating, so the rest is below the next term."""
    total, s, sign = arb(0), fmpz(2), 1
    while s.bit_length() <= ctx.prec + 4:
        total += sign / arb(s - 1)
        s, sign = s * s - s + 1, -sign
    return widened(total, 1 / arb(s - 1))


def niven() -> arb:
    """1 + sum_{k>=2} (1 - 1/zeta(k)); the terms after K add at most 2^(2-K), for 1 - 1/zeta(k) < 2^(2-k)."""
    last = ctx.prec + 6
    total = arb(1)
    for k in range(2, last + 1):
        total += 1 - 1 / arb(k).zeta()
    return widened(total, two_to_minus(last - 2))


def alladi_grinstead() -> arb:
    """exp(c - 1), c = sum_{k>=1} (zeta(k+1) - 1)/k; the terms after K add at most 2^(1-K)."""
    last = ctx.prec + 6
    total = arb(0)
    for k in range(1, last + 1):
        total += (arb(k + 1).zeta() - 1) / k
    return (widened(total, two_to_minus(last - 1)) - 1).exp()


def gompertz() -> arb:
    """int_0^oo exp(-x)/(1+x) dx = e*E_1(1)."""
    return arb.const_e() * arb(1).expint(1)


def fransen_robinson() -> arb:
    """int_0^oo dx/Gamma(x), cut at T: since Gamma(x+1) = x*Gamma(x), the rest is at most 2/Gamma(T), T >= 2."""
    end = 4
    goal = two_to_minus(ctx.prec + 4)
    while not (arb(end).rgamma() < goal):
        end += max(1, end // 8)
    body = acb.integral(lambda x, _: x.rgamma(), 0, end).real
    return widened(body, 2 * arb(end).rgamma())


def golomb_dickman() -> arb:
    """int_0^oo exp(-t - E_1(t)) dt; the part after T is at most exp(-T).

    On [0, 1] the integrand is written t*exp(gamma - t - Ein(t)) with the entire function Ein(t) =
    t*2F2(1, 1; 2, 2; -t), which removes the logarithm at 0; from 1 on E_1 is analytic in Re t > 0.  Over a wide
    ball both are enclosed by the value at the centre and a bound on the derivative, which is far tighter than
    their direct evaluation: |E_1'(t)| = exp(-Re t)/|t| and |Ein'(t)| = |int_0^1 exp(-st) ds| <= max(1, exp(-Re t)).
    """
    gamma = arb.const_euler()

    def near(t: acb, _: bool) -> acb:
        centre = t.mid()
        reach = (t - centre).abs_upper() * (1 + (-t.real).exp().abs_upper())
        ein = centre * (-centre).hypgeom([1, 1], [2, 2])
        return t * (gamma - t - ein - _disc(reach)).exp()

    def far(t: acb, _: bool) -> acb:
        if not t.real > 0:
            return acb(arb.nan(), arb.nan())
        centre = t.mid()
        slope = (-t.real).exp().abs_upper() / t.abs_lower()
        return (-t - centre.expint(1) - _disc((t - centre).abs_upper() * slope)).exp()

    end = int(ctx.prec * 0.694) + 4
    body = acb.integral(near, 0, 1).real + acb.integral(far, 1, end).real
    return widened(body, arb(-end).exp())


def _disc(radius: arb) -> acb:
    """A square around 0 that contains the disc of that radius."""
    side = arb(0, radius.abs_upper())
    return acb(side, side)


def mrb() -> arb:
    """sum_{n>=1} (-1)^n (n^(1/n) - 1) = 1/2 - int_0^oo Re(z^(1/z))/cosh(pi t) dt, z = 1/2 + it.

    This is the residue theorem for f(z)/sin(pi z) to the right of the line Re z = 1/2, with f(z) = z^(1/z) - 1
    (bounded there).  For t >= 1, |z^(1/z)| <= exp(|log z|/|z|) < 6, so the part after T is below 4*exp(-pi T).
    """

    def integrand(t: acb, analytic: bool) -> acb:
        z = acb(0, 1) * t + acb(arb("0.5"))
        return z.pow(1 / z, analytic) * (arb.pi() * t).sech()

    end = int(ctx.prec * 0.2207) + 3
    body = acb.integral(integrand, 0, end).real
    return widened(arb("0.5") - body, 4 * (-arb.pi() * end).exp())
