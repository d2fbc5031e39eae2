"""Creative telescoping: recurrences of sums Σ_k F(n, k) of hypergeometric terms, with their certificates.

F is a product of Gamma functions of αk + βn + γ.  Zeilberger's algorithm (Journal of Symbolic Computation 11 (1991);
Petkovšek, Wilf and Zeilberger, A = B, 1996, chapter 6) looks for a, b and C with

    F(n, k) - a(n) F(n-1, k) - b(n) F(n-2, k) = G(k+1) - G(k),    G(k) = C(n, k) F(n-2, k),

by Gosper's algorithm with a, b unknown.  Its shape, which factors are common and what remains, is found once with n a symbol;
the linear equations are solved at many n and the answers interpolated.  Nothing here is believed:
:func:`constants_lab.proofs.checker.check` multiplies the identity out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from flint import Ordering, fmpq, fmpq_mat, fmpq_poly, fmpz_mpoly, fmpz_mpoly_ctx, nmod_mat, nmod_poly

from constants_lab.proofs.telescoping import Ratio, reduced

__all__ = [
    "PRIME",
    "RING",
    "Both",
    "Hypergeometric",
    "Product",
    "Rows",
    "Telescoper",
    "coefficients_at",
    "in_n",
    "invariant",
    "lowest",
    "rows",
    "telescoper",
]

PRIME = 2**61 - 1
_FIRST = 7
"""Equations are solved at integers n from here on: small ones are often special."""
_MOST_POINTS = 160

Factor = tuple[int, Fraction, Fraction]
"""(α, β, γ), with α = 1 or else α = 0 and β = 1: the linear function αk + βn + γ."""

RING = fmpz_mpoly_ctx.get(("n", "k"), Ordering.lex)
_N, _K = RING.gens()

Both = tuple[fmpz_mpoly, fmpz_mpoly]
"""A rational function of n and k."""

Rows = list[list[str]]
"""A polynomial in n and k in JSON: its coefficients as one in n, highest degree first, each such a list for k."""


@dataclass(frozen=True)
class Product:
    """constant · Π (αk + βn + γ)^e."""

    constant: Fraction = Fraction(1)
    factors: Mapping[Factor, int] = field(default_factory=dict)

    def __mul__(self, other: Product) -> Product:
        found = Counter(self.factors)
        for key, e in other.factors.items():
            found[key] += e
        return Product(self.constant * other.constant, {key: e for key, e in found.items() if e})

    def inverse(self) -> Product:
        """1 / this."""
        return Product(1 / self.constant, {key: -e for key, e in self.factors.items()})

    def moved(self, n: int, k: int) -> Product:
        """This with its variables moved by n and k."""
        return Product(self.constant, {(x, y, z + x * k + y * n): e for (x, y, z), e in self.factors.items()})

    def parts(self) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        """Numerator and denominator over the integers."""
        top, bottom = RING.constant(self.constant.numerator), RING.constant(self.constant.denominator)
        for (x, y, z), e in self.factors.items():
            d = lcm(y.denominator, z.denominator)
            p = _K * (x * d) + _N * int(y * d) + int(z * d)
            if e > 0:
                top, bottom = top * p**e, bottom * d**e
            else:
                top, bottom = top * d**-e, bottom * p**-e
        return top, bottom

    def degree(self) -> int:
        """The degree in k."""
        return sum(e for key, e in self.factors.items() if key[0])


def linear(x: int, y: Fraction | int, z: Fraction | int, e: int = 1) -> Product:
    """(xk + yn + z)^e."""
    lead = Fraction(x or y or z)
    key = (1 if x else 0, Fraction(y) / lead, Fraction(z) / lead)
    return Product(lead**e, {key: e} if x or y else {})


@dataclass(frozen=True)
class Hypergeometric:
    """F(n, k) = z^k Π Γ(αk + βn + γ)^e Π (αk + βn + γ)^e times a polynomial ``weight``, up to a factor of n alone.

    ``gammas`` and ``linears`` hold (α, β, γ, e).
    """

    z: Fraction
    gammas: tuple[tuple[int, int, Fraction, int], ...]
    linears: tuple[tuple[int, int, Fraction, int], ...] = ()
    weight: fmpz_mpoly | None = None

    def moved(self, n: int) -> Hypergeometric:
        """F(n + shift, k)."""
        gammas, linears = (tuple((x, y, z + y * n, e) for x, y, z, e in group) for group in (self.gammas, self.linears))
        return Hypergeometric(self.z, gammas, linears, self.weighed(n))

    def weighed(self, n: int, k: int = 0) -> fmpz_mpoly:
        """The weight, moved by n and k."""
        return RING.constant(1) if self.weight is None else self.weight.compose(_N + n, _K + k)

    def quotients(self) -> tuple[Both, Both]:
        """F(n, k) / F(n-1, k) and F(n, k) / F(n, k-1)."""
        (p, q), (r, s) = self.across().parts(), self.along().parts()
        now = self.weighed(0)
        return lowest(p * now, q * self.weighed(-1)), lowest(r * now, s * self.weighed(0, -1))

    def along(self) -> Product:
        """F(n, k) / F(n, k-1) without the weight."""
        found = Product(self.z)
        for x, y, z, e in self.gammas:
            found *= _quotient(x, y, z, x, e)
        for x, y, z, e in self.linears:
            found = found * linear(x, y, z, e) * linear(x, y, z - x, -e)
        return found

    def across(self) -> Product:
        """F(n, k) / F(n-1, k) without the weight."""
        found = Product()
        for x, y, z, e in self.gammas:
            found *= _quotient(x, y, z, y, e)
        for x, y, z, e in self.linears:
            found = found * linear(x, y, z, e) * linear(x, y, z - y, -e)
        return found


def _quotient(x: int, y: int, z: Fraction, step: int, e: int) -> Product:
    """(Γ(s)/Γ(s - step))^e with s = xk + yn + z."""
    found = Product()
    for j in range(1, step + 1):
        found *= linear(x, y, z - j, e)
    for j in range(-step):
        found *= linear(x, y, z + j, -e)
    return found


@dataclass(frozen=True)
class Telescoper:
    """Σ F(n, k) = a(n) Σ F(n-1, k) + b(n) Σ F(n-2, k), by C as (numerator, denominator)."""

    a: Ratio
    b: Ratio
    certificate: Both


class _Shape:
    """Gosper's equation p(k) x(k+1) - q(k) x(k) = B_2(k) - a B_1(k) - b B_0(k), with C = q x ``scale``."""

    def __init__(self, term: Hypergeometric) -> None:
        across, along = term.across(), term.along()
        before = across.moved(-1, 0)
        quotients = Product(), before, across * before
        common: dict[Factor, int] = {}
        for key in {key for product in quotients for key in product.factors}:
            least = min(product.factors.get(key, 0) for product in quotients)
            if least:
                common[key] = least
        shared = Product(Fraction(1), common)
        ratio = along.moved(-2, 1) * shared.moved(0, 1) * shared.inverse()
        above = {key: e for key, e in ratio.factors.items() if e > 0}
        below = {key: -e for key, e in ratio.factors.items() if e < 0}
        numerator = _dispersed(above, below)
        self.p = Product(ratio.constant, above)
        self.q = Product(Fraction(1), below).moved(0, -1)
        self.scale = shared * numerator.inverse()
        self.right = [product * shared.inverse() * numerator for product in quotients]
        self.weights = [term.weighed(i) for i in (-2, -1, 0)]
        most = max(product.degree() for product in self.right) + int(self.weights[0].degrees()[1])
        left, other = self.p.degree(), self.q.degree()
        self.degree = most - left + 1 if left == other and ratio.constant == 1 else most - max(left, other)


def _dispersed(above: dict[Factor, int], below: dict[Factor, int]) -> Product:
    """c with above(k)/below(k) = p(k)/q(k) c(k+1)/c(k), where p(k) and q(k+h) have no common factor for h >= 0; both become
    p, q."""
    found: Counter[Factor] = Counter()
    for first in list(above):
        for second in list(below):
            h = first[2] - second[2]
            if not first[0] or first[:2] != second[:2] or h < 0 or h.denominator != 1:
                continue
            e = min(above.get(first, 0), below.get(second, 0))
            for place, key in ((above, first), (below, second)):
                place[key] = place.get(key, 0) - e
            for j in range(1, int(h) + 1):
                found[1, first[1], first[2] - j] += e
    for place in (above, below):
        for key in [key for key, e in place.items() if not e]:
            del place[key]
    return Product(Fraction(1), dict(found))


# --- the equation modulo a prime, at one n


def _modular(product: Product, n: int) -> nmod_poly:
    def residue(q: Fraction) -> int:
        return q.numerator * pow(q.denominator, -1, PRIME) % PRIME

    found = nmod_poly([residue(product.constant)], PRIME)
    for (x, y, z), e in product.factors.items():
        found *= nmod_poly([(residue(y) * n + residue(z)) % PRIME, x], PRIME) ** e
    return found


def _residues(shape: _Shape, n: int) -> tuple[int, int] | None:
    """a(n) and b(n) modulo the prime."""
    p, q = _modular(shape.p, n), _modular(shape.q, n)
    power, after, columns = nmod_poly([1], PRIME), nmod_poly([1], PRIME), []
    for _ in range(shape.degree + 1):
        columns.append(p * after - q * power)
        power, after = power * nmod_poly([0, 1], PRIME), after * nmod_poly([1, 1], PRIME)
    for product, weight in zip(shape.right, shape.weights, strict=True):
        columns.append(_modular(product, n) * nmod_poly([int(c) % PRIME for c in coefficients_at(weight, n)], PRIME))
    rows, width = max(column.degree() for column in columns) + 1, len(columns)
    entries = [int(column[i]) for i in range(rows) for column in columns]
    matrix, rank = nmod_mat(rows, width, entries, PRIME).rref()
    if rank != width - 1 or any(int(matrix[i, i]) != 1 for i in range(rank)):
        return None
    # B_2 = -(… + matrix · B_1 + matrix · B_0): the last column depends on the others.
    return int(matrix[width - 2, width - 1]), int(matrix[width - 3, width - 1])


def invariant(term: Hypergeometric, n: int) -> int | None:
    """b(n)/(a(n) a(n-1)) modulo 2^61 - 1, the same for F times any factor that depends on n alone; None without recurrence.

    A large random n makes an accident unlikely.
    """
    shape = _Shape(term)
    if shape.degree < 0:
        return None
    found = [_residues(shape, n), _residues(shape, n - 1)]
    if found[0] is None or found[1] is None or not found[0][0] * found[1][0] % PRIME:
        return None
    return found[0][1] * pow(found[0][0] * found[1][0], -1, PRIME) % PRIME


# --- the equation over the rationals, at many n


def _rational(product: Product, n: int) -> fmpq_poly:
    found = fmpq_poly([_fmpq(product.constant)])
    for (x, y, z), e in product.factors.items():
        found *= fmpq_poly([_fmpq(y * n + z), x]) ** e
    return found


def _fmpq(q: Fraction) -> fmpq:
    return fmpq(q.numerator, q.denominator)


def _values(shape: _Shape, n: int) -> list[fmpq] | None:
    """The coefficients of x, then b and a, at that n."""
    p, q = _rational(shape.p, n), _rational(shape.q, n)
    power, after, columns = fmpq_poly([1]), fmpq_poly([1]), []
    for _ in range(shape.degree + 1):
        columns.append(p * after - q * power)
        power, after = power * fmpq_poly([0, 1]), after * fmpq_poly([1, 1])
    for product, weight in zip(shape.right, shape.weights, strict=True):
        columns.append(_rational(product, n) * fmpq_poly(coefficients_at(weight, n)))
    rows, width = max(column.degree() for column in columns) + 1, len(columns)
    matrix, rank = fmpq_mat(rows, width, [column[i] for i in range(rows) for column in columns]).rref()
    if rank != width - 1 or any(matrix[i, i] != 1 for i in range(rank)):
        return None
    return [matrix[i, width - 1] for i in range(rank)]


def _interpolated(points: list[int], values: list[fmpq]) -> Ratio | None:
    """The rational function of low degree with those values, when there are points to spare."""
    whole, product, newton = fmpq_poly([]), fmpq_poly([1]), list(values)
    for j in range(len(points)):
        whole += product * newton[j]
        product *= fmpq_poly([-points[j], 1])
        for i in range(len(points) - 1, j, -1):
            newton[i] = (newton[i] - newton[j]) / (points[i] - points[j])
    # Half of Euclid's algorithm: whole = top/bottom modulo product.
    before, top, last, bottom = product, whole, fmpq_poly([]), fmpq_poly([1])
    while top.degree() > len(points) // 2:
        quotient = before // top
        before, top = top, before - quotient * top
        last, bottom = bottom, last - quotient * bottom
    if max(top.degree(), 0) + bottom.degree() > len(points) - 4:
        return None
    return reduced(top, bottom)


def telescoper(term: Hypergeometric) -> Telescoper | None:
    """The recurrence of order two of Σ F(n, k) and its certificate; None where there is none."""
    shape = _Shape(term)
    if shape.degree < 0:
        return None
    points: list[int] = []
    values: list[list[fmpq]] = []
    n, wanted = _FIRST, 12
    while wanted <= _MOST_POINTS:
        while len(points) < wanted:
            found = _values(shape, n)
            n += 1
            if found is not None:
                points.append(n - 1)
                values.append(found)
            elif n > 2 * wanted + _FIRST:
                return None
        functions = [_interpolated(points, list(column)) for column in zip(*values, strict=True)]
        if all(f is not None for f in functions):
            return _assembled(shape, [f for f in functions if f is not None])
        wanted *= 2
    return None


def _assembled(shape: _Shape, functions: list[Ratio]) -> Telescoper:
    *x, b, a = functions
    common = fmpq_poly([1])
    for _, below in x:
        common = common * (below // below.gcd(common))
    scaled = [above * (common // below) for above, below in x]
    d = lcm(*(int(p.denom()) for p in (*scaled, common)))
    top, bottom = RING.constant(0), in_n(common * d)
    for i, p in enumerate(scaled):
        top += in_n(p * d) * _K**i
    for product in (shape.q, shape.scale):
        numerator, denominator = product.parts()
        top, bottom = top * numerator, bottom * denominator
    return Telescoper(a, b, lowest(top, bottom * shape.weights[0]))


def lowest(top: fmpz_mpoly, bottom: fmpz_mpoly) -> Both:
    """The quotient in lowest terms."""
    divisor = top.gcd(bottom)
    return top / divisor, bottom / divisor


def coefficients_at(p: fmpz_mpoly, n: int) -> list[int]:
    """The coefficients of p(n, k) as a polynomial in k, lowest degree first."""
    found = [0] * (int(p.degrees()[1]) + 1)
    for (i, j), c in p.to_dict().items():
        found[int(j)] += int(c) * n ** int(i)
    return found


def in_n(p: fmpq_poly) -> fmpz_mpoly:
    """A polynomial with integer coefficients, in the ring of two variables."""
    return RING.from_dict({(i, 0): c.p for i, c in enumerate(p.coeffs()) if c != 0})


def rows(p: fmpz_mpoly) -> Rows:
    """The polynomial as JSON."""
    degree = p.degrees()[0]
    found: list[list[str]] = [[] for _ in range(degree + 1)]
    for (i, j), c in p.to_dict().items():
        row = found[degree - int(i)]
        row.extend(["0"] * (int(j) + 1 - len(row)))
        row[int(j)] = str(c)
    return [row[::-1] for row in found]
