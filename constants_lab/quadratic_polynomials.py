"""Polynomials over a quadratic field: p(n) + q(n) sqrt(D) with p, q over Q."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from constants_lab.polynomials import format_polynomial

__all__ = ["QuadraticPolynomial", "format_rational_polynomial", "quadratic_gcd", "square_root_parts"]


def format_rational_polynomial(p: fmpq_poly, variable: str = "n") -> str:
    """Text of a polynomial with rational coefficients.

    >>> format_rational_polynomial(fmpq_poly([1, fmpq(1, 2)]))
    '(n + 2)/2'
    """
    text = format_polynomial(p.numer(), variable)
    if p.denom() == 1:
        return text
    return f"({text})/{p.denom()}" if " " in text else f"{text}/{p.denom()}"


def square_root_parts(q: fmpq) -> tuple[fmpq, int]:
    """(s, D) with sqrt(q) = s sqrt(D), s > 0 and an integer D; q is not zero.

    Squares of primes below 2^20 are taken out of D, and D is 1 when q is a square.

    >>> square_root_parts(fmpq(8, 9))
    (2/3, 2)
    """
    radicand = q.numer() * q.denom()
    root = fmpz(1)
    rest = fmpz(-1) if radicand < 0 else fmpz(1)
    for prime, exponent in abs(radicand).factor_smooth(20):
        if prime.is_square():
            root *= prime.isqrt() ** exponent
        else:
            root *= prime ** (exponent // 2)
            rest *= prime ** (exponent % 2)
    return fmpq(root, q.denom()), int(rest)


@dataclass(frozen=True)
class QuadraticPolynomial:
    """rational(n) + surd(n) sqrt(radicand), for an integer radicand that is no square.

    Operands must have the same radicand.
    """

    rational: fmpq_poly
    surd: fmpq_poly
    radicand: int

    def __add__(self, other: QuadraticPolynomial) -> QuadraticPolynomial:
        return QuadraticPolynomial(self.rational + other.rational, self.surd + other.surd, self.radicand)

    def __sub__(self, other: QuadraticPolynomial) -> QuadraticPolynomial:
        return QuadraticPolynomial(self.rational - other.rational, self.surd - other.surd, self.radicand)

    def __neg__(self) -> QuadraticPolynomial:
        return QuadraticPolynomial(-self.rational, -self.surd, self.radicand)

    def __mul__(self, other: QuadraticPolynomial | fmpq_poly) -> QuadraticPolynomial:
        if isinstance(other, fmpq_poly):
            return QuadraticPolynomial(self.rational * other, self.surd * other, self.radicand)
        return QuadraticPolynomial(
            self.rational * other.rational + self.radicand * (self.surd * other.surd),
            self.rational * other.surd + self.surd * other.rational,
            self.radicand,
        )

    def __floordiv__(self, other: QuadraticPolynomial) -> QuadraticPolynomial:
        """The quotient, for a divisor of this polynomial."""
        scaled = self * other.conjugate()
        norm = other.norm()
        return QuadraticPolynomial(scaled.rational // norm, scaled.surd // norm, self.radicand)

    def __str__(self) -> str:
        return self.text()

    def text(self, variable: str = "n") -> str:
        """Such as ``n^2 + 1 - (2*n + 1)*sqrt(5)``."""
        if self.surd.is_zero():
            return format_rational_polynomial(self.rational, variable)
        negative = self.surd.leading_coefficient() < 0
        factor = format_rational_polynomial(-self.surd if negative else self.surd, variable)
        root = f"sqrt({self.radicand})"
        product = root if factor == "1" else f"({factor})*{root}" if " " in factor else f"{factor}*{root}"
        if self.rational.is_zero():
            return f"-{product}" if negative else product
        return f"{format_rational_polynomial(self.rational, variable)} {'-' if negative else '+'} {product}"

    def degree(self) -> int:
        """Degree, -1 for zero."""
        return max(self.rational.degree(), self.surd.degree())

    def is_zero(self) -> bool:
        """Whether this is the zero polynomial."""
        return self.degree() < 0

    def conjugate(self) -> QuadraticPolynomial:
        """The image under sqrt(D) -> -sqrt(D)."""
        return QuadraticPolynomial(self.rational, -self.surd, self.radicand)

    def norm(self) -> fmpq_poly:
        """Product with the conjugate, a polynomial over Q."""
        return self.rational * self.rational - self.radicand * (self.surd * self.surd)

    def shift(self, k: int) -> QuadraticPolynomial:
        """The polynomial at n + k."""
        step = fmpq_poly([k, 1])
        return QuadraticPolynomial(self.rational(step), self.surd(step), self.radicand)

    def leading(self) -> QuadraticPolynomial:
        """The leading coefficient, as a constant polynomial; zero for zero."""
        d = max(self.degree(), 0)
        return QuadraticPolynomial(fmpq_poly([self.rational[d]]), fmpq_poly([self.surd[d]]), self.radicand)

    def monic(self) -> QuadraticPolynomial:
        """Divided by the leading coefficient; not for zero."""
        return self // self.leading()

    def rational_gcd(self) -> fmpq_poly:
        """The monic polynomial over Q of highest degree that divides this one."""
        return self.rational.gcd(self.surd)

    def integer_roots(self) -> list[int]:
        """The integers at which this polynomial, not zero, vanishes; increasing."""
        return sorted(int(root) for root, _ in fmpz_poly(self.rational_gcd().numer()).roots())


def quadratic_gcd(f: QuadraticPolynomial, g: QuadraticPolynomial) -> QuadraticPolynomial:
    """The monic greatest common divisor of two polynomials, not both zero (Euclid).

    >>> n, one = fmpq_poly([0, 1]), fmpq_poly([1])
    >>> str(quadratic_gcd(QuadraticPolynomial(n * n - 2, 0 * n, 2), QuadraticPolynomial(n * n, n, 2)))
    'n + sqrt(2)'
    """
    while not g.is_zero():
        divisor = g.monic()
        rest = f
        while rest.degree() >= divisor.degree():
            power = fmpq_poly([0] * (rest.degree() - divisor.degree()) + [1])
            rest -= divisor * (rest.leading() * power)
        f, g = divisor, rest
    return f.monic()
