"""Constants that are zeros of functions: certified by a sign change at both ends of a small ball.

Every function returns a ball at the current FLINT precision p (``flint.ctx.prec``) that contains the constant; its
radius is near 2^-p but not promised, and may be infinite when p is too low to certify anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flint import arb, arb_poly, ctx, fmpz_poly

from constants_lab.catalogue.balls import two_to_minus

__all__ = ["algebraic_root", "certified_root", "dottie", "komornik_loreti", "laplace_limit", "soldner"]


def certified_root(function: Callable[[arb], arb], low: float, high: float) -> arb:
    """The only zero in [low, high] of a continuous function that is strictly monotone there.

    The zero is approached by the secant method on midpoints, which proves nothing; the ball returned is then
    certified by a sign change at its two ends (intermediate value theorem).  Monotonicity is the caller's claim.
    A non-finite ball is returned when the precision is too low to see the sign change.
    """
    x0, x1 = arb(low), arb(high)
    y0, y1 = function(x0).mid(), function(x1).mid()
    rising = bool(y1 > 0)
    for _ in range(ctx.prec.bit_length() * 2 + 40):
        if y1 == y0 or y1.is_zero():
            break
        x2 = (x1 - y1 * (x1 - x0) / (y1 - y0)).mid()
        if not (arb(low) <= x2 and x2 <= arb(high)):
            # A step outside the bracket is replaced by its middle, from which the method starts again.
            x2 = ((x0 + x1) / 2).mid()
        x0, y0, x1, y1 = x1, y1, x2, function(x2).mid()
    for spare in (4, 16, 48):
        radius = two_to_minus(max(2, ctx.prec - spare))
        # The ends are balls around the exact points x1 -+ radius, so rounding them loses nothing.
        below, above = function(x1 - radius), function(x1 + radius)
        if (below < 0 and above > 0) if rising else (below > 0 and above < 0):
            return arb(x1, radius)
    return arb.nan()


def algebraic_root(coefficients: Sequence[int], low: float, high: float) -> arb:
    """The only zero in [low, high] of an integer polynomial, highest degree first, monotone there."""
    polynomial = arb_poly(fmpz_poly(list(reversed(coefficients))))
    return certified_root(polynomial, low, high)


def dottie() -> arb:
    """The zero of x - cos(x), increasing on [0, 1] since its derivative is 1 + sin(x) >= 1."""
    return certified_root(lambda x: x - x.cos(), 0.5, 1.0)


def laplace_limit() -> arb:
    """The solution of x*exp(s) = 1 + s with s = sqrt(1 + x^2), from Kepler's equation.

    After a logarithm: log(x) + s - log(1 + s) = 0, whose derivative 1/x + x/(1 + s) is positive.
    """

    def equation(x: arb) -> arb:
        s = (1 + x * x).sqrt()
        return x.log() + s - (1 + s).log()

    return certified_root(equation, 0.5, 1.0)


def soldner() -> arb:
    """The zero of the logarithmic integral li(x), x > 1, where its derivative is 1/log(x) > 0."""
    return certified_root(lambda x: x.li(), 1.25, 2.0)


def komornik_loreti() -> arb:
    """The least q > 1 with sum t_k q^-k = 1, t the Thue-Morse sequence (Komornik and Loreti, 1998).

    With x = 1/q the sum is (1/(1-x) - prod (1 - x^(2^j)))/2; it has non-negative coefficients, so it increases.
    """
    return 1 / certified_root(lambda x: (1 / (1 - x) - _thue_morse_product(x)) / 2 - 1, 0.5, 0.6)


def _thue_morse_product(x: arb) -> arb:
    """prod_{j>=0} (1 - x^(2^j)) for 0 < x <= 0.6.

    The product P of the factors left out, from y = x^(2^J) <= 1/4 on, has 1 - P <= y + y^2 + y^4 + ... <= 2y.
    """
    product, power = arb(1), x
    goal = two_to_minus(ctx.prec + 4)
    while not (power < goal):
        product *= 1 - power
        power *= power
        if not power.is_finite():
            return arb.nan()
    return product * arb(1, (2 * power).abs_upper())
