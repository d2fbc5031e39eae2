"""Published continued fractions, and whether a given one is among them: "this is not new".

Implementation overview.  A table (``known_formulas.toml``) holds single formulas, :data:`_FAMILIES` the classical families
with rational parameters.  A fraction is compared with a formula in three exact steps: equal exact keys are the same number;
equal class keys mean rho(n) of the one is rho(n + k) of the other for one integer k, which is found; then the two have a tail
in common up to a rational factor, and carrying it back through both heads gives the one value as a Möbius map of the other.
A family only proposes a formula, from the canonical form of the fraction; the same three steps decide.  What rests on the
sources, or on digits where the table says so, are the left-hand sides.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from math import factorial, gcd, isqrt
from typing import Literal, NamedTuple

from flint import fmpq, fmpq_poly, fmpz_poly

from constants_lab.canonical import ratio
from constants_lab.errors import InputError
from constants_lab.expressions import Identity, evaluate
from constants_lab.pcf import PCF
from constants_lab.polynomials import format_polynomial, integer_roots, shift, shift_distance

__all__ = ["KnownFormula", "Relationship", "RelationshipKind", "known_formulas", "relation_to_known"]

RelationshipKind = Literal["known", "inflation", "tail", "extension", "family"]

_FARTHEST = 100
"""Longest head that is multiplied out: beyond it the Möbius map has hundreds of digits and tells nobody anything."""

_LARGEST = 10**12
"""Largest entry of a Möbius map that is written out in words."""


@dataclass(frozen=True)
class KnownFormula:
    """A published formula ``lhs = PCF(a, b)``.

    ``a`` and ``b`` are polynomials in n; ``lhs`` is a text for :func:`constants_lab.expressions.evaluate`, empty where that
    cannot express the value (some members of families); ``constant`` is the constant in it, or the name of a function where
    there are several; ``source`` says where it was published.
    """

    a: str
    b: str
    lhs: str
    constant: str
    source: str

    @cached_property
    def pcf(self) -> PCF:
        """The continued fraction."""
        return PCF(self.a, self.b)

    def __str__(self) -> str:
        return f"{self.lhs} = PCF({self.a}, {self.b})" if self.lhs else f"PCF({self.a}, {self.b})"


@dataclass(frozen=True)
class Relationship:
    """How a fraction x is related to the known formula y = PCF(a, b); exact.

    ``kind``: ``known`` (the same number: equal exact keys), ``inflation`` (x is y times a rational number), ``tail`` (x is
    PCF(a(n+k), b(n+k)) with k > 0, times a rational number), ``extension`` (y is such a tail of x), ``family`` (one of these,
    and y is a member of a classical family).  ``detail`` says it in words.  ``matrix`` is (p, q, r, s), integers without a
    common factor, with x = (p y + q)/(r y + s), the first of r, s that is not 0 positive; None where the common tail begins
    beyond n = 100.
    """

    kind: RelationshipKind
    formula: KnownFormula
    detail: str
    matrix: tuple[int, int, int, int] | None = None

    @property
    def lhs(self) -> str | None:
        """The value of x as text for :func:`constants_lab.expressions.evaluate`; None where it cannot be written (shortly)."""
        if self.matrix is None or not self.formula.lhs or max(map(abs, self.matrix)) > _LARGEST:
            return None
        p, q, r, s = self.matrix
        if (p, q, r, s) == (1, 0, 0, 1):
            return self.formula.lhs
        text = f"({p}*({self.formula.lhs}) + {q})/({r}*({self.formula.lhs}) + {s})"
        with suppress(InputError):
            return Identity.parse(text).lhs
        return text


@lru_cache(maxsize=1)
def known_formulas() -> tuple[KnownFormula, ...]:
    """The table of single formulas, read on first use."""
    table = tomllib.loads(files("constants_lab").joinpath("known_formulas.toml").read_text(encoding="utf-8"))
    return tuple(KnownFormula(**{**row, "source": table["sources"][row["source"]]}) for row in table["formula"])


@lru_cache(maxsize=1)
def _by_class() -> dict[str | None, list[KnownFormula]]:
    index: dict[str | None, list[KnownFormula]] = {}
    for formula in known_formulas():
        index.setdefault(formula.pcf.class_key, []).append(formula)
    return index


def relation_to_known(pcf: PCF) -> Relationship | None:
    """The nearest known formula of which ``pcf`` is a form, or None.

    The table comes before the families, and in it equal numbers before inflations, these before the rest.  None does not
    mean that the fraction is new: only that neither table nor families hold a fraction with a common tail.

    >>> found = relation_to_known(PCF("4n+6", "4*(n+1)^4"))
    >>> found.kind, found.detail
    ('tail', '2 times the tail n -> n + 1 of 2/zeta(2) = PCF(2*n + 1, n^4)')
    >>> found.lhs
    '2*zeta(2)/(2 - zeta(2))'
    """
    if pcf.class_key is None:
        return None
    in_table = [_relationship(pcf, formula) for formula in _by_class().get(pcf.class_key, ())]
    if in_table:
        return min(in_table, key=_distance)
    for family, formula in _memberships(pcf):
        if formula.pcf.class_key == pcf.class_key:
            found = _relationship(pcf, formula)
            return Relationship("family", formula, f"{family}; {found.detail}", found.matrix)
    return None


def _distance(found: Relationship) -> tuple[int, bool, int]:
    order = ("known", "inflation", "tail", "extension")
    return order.index(found.kind), found.matrix is None, max(map(abs, found.matrix or (0,)))


# --- comparing two fractions of one class --------------------------------------------------------------------------


def _offset(pcf: PCF, other: PCF) -> int:
    """The k with rho(n) of ``pcf`` equal to rho(n + k) of ``other``, whose class keys are equal; 0 where every k serves."""
    (n1, d1), (n2, d2) = ratio(pcf.a, pcf.b), ratio(other.a, other.b)
    if (n1 * d1).degree() < 1:
        return 0
    distance = shift_distance(n1 * d1, n2 * d2)
    assert distance is not None, "equal class keys mean equal ratios up to a shift"
    return -distance


def _head(pcf: PCF, stop: int) -> tuple[int, int, int, int]:
    """The Möbius map from the tail a(stop) + b(stop+1)/... to the whole fraction."""
    a, b = pcf.a, pcf.b
    p, q, r, s = 1, 0, 0, 1
    for n in range(stop):
        top, below = int(a(n)), int(b(n + 1))
        p, q, r, s = p * top + q, p * below, r * top + s, r * below
    return p, q, r, s


def _moebius(pcf: PCF, other: PCF, k: int) -> tuple[int, int, int, int] | None:
    """The matrix that carries the value of ``other`` to that of ``pcf``, where rho(n) = rho_other(n + k)."""
    a, b = pcf.a, shift(other.a, k)
    start = max(0, -k, *(root + 1 for p in (a, b) for root, _ in integer_roots(p)))
    if max(start, start + k) > _FARTHEST:
        return None
    # Behind the zeros of both, the tails are in the ratio of their first terms.
    up, down = int(a(start)), int(b(start))
    p, q, r, s = _head(pcf, start)
    t, u, v, w = _head(other, start + k)
    p, q, r, s = p * up, q * down, r * up, s * down
    entries = (p * w - q * v, q * t - p * u, r * w - s * v, s * t - r * u)
    common = gcd(*entries)
    if (entries[2] or entries[3]) < 0:
        common = -common
    return (entries[0] // common, entries[1] // common, entries[2] // common, entries[3] // common)


def _relationship(pcf: PCF, formula: KnownFormula) -> Relationship:
    other = formula.pcf
    if pcf.key == other.key:
        return Relationship("known", formula, f"the same number as {formula}", (1, 0, 0, 1))
    k = _offset(pcf, other)
    matrix = _moebius(pcf, other, k)
    longer, shorter = (other, pcf) if k >= 0 else (pcf, other)
    # Where b(n) != 0 for n >= 1, the poles of rho give the zeros of a, so that equal rho mean equal canonical forms.
    factor = shorter.scale / PCF(shift(longer.a, abs(k)), shift(longer.b, abs(k))).scale
    if k < 0:
        return Relationship("extension", formula, f"its tail n -> n + {-k} is {1 / factor} times {formula}", matrix)
    if k == 0:
        return Relationship("inflation", formula, f"{factor} times {formula}", matrix)
    times = "" if factor == 1 else f"{factor} times "
    return Relationship("tail", formula, f"{times}the tail n -> n + {k} of {formula}", matrix)


# --- families ------------------------------------------------------------------------------------------------------
#
# Each function is given canonical a and b and the roots of b (all rational, increasing, repeated as they occur).  From a
# formula, stated in its docstring up to an equivalence, it makes the member a(n + shift), b(n + shift) with its left-hand side.


class _Member(NamedTuple):
    """A proposal; ``function`` describes the value where ``lhs`` cannot."""

    shift: int
    lhs: str
    function: str = ""


def _root(q: fmpq) -> fmpq | None:
    """The square root of a rational number if it is rational."""
    root = fmpq(isqrt(abs(int(q.p))), isqrt(int(q.q)))
    return root if root**2 == q else None


def _square_root(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """x = a + b/x, for constants."""
    square = fmpq(a[0] ** 2 + 4 * b[0])
    return _Member(0, f"({a[0]} + {_root(square) or f'sqrt({square})'})/2") if square > 0 else None


def _bessel(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member:
    """PCF(n + c, z) = c 0F1(; c; z)/0F1(; c+1; z): a quotient of Bessel functions, and tan or tanh for c = 1/2."""
    c, root = fmpq(a[0], a[1]), _root(abs(fmpq(b[0])))
    k = max(0, 1 - int(c.ceil()))
    c, z = c + k, fmpq(b[0], a[1] ** 2)
    if c == fmpq(1, 2) and root is not None:
        return _Member(k, f"{root}/{'tanh' if z > 0 else 'tan'}({2 * root / a[1]})")
    return _Member(k, f"{a[1] * c}*hyp0f1({c},{z})/hyp0f1({c + 1},{z})")


def _exponential(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """PCF(n + c - z, z n) = c/1F1(1; c+1; z): what is left of the exponential series, for a positive integer c."""
    z = fmpq(b[1], a[1] ** 2)
    c = fmpq(a[0], a[1]) + z + roots[0]
    if roots[0].q != 1 or c.q != 1 or not 1 <= c <= 20:
        return None
    terms = [z**j / factorial(j) for j in range(int(c.p))]
    return _Member(int(roots[0].p), f"{a[1] * z * terms[-1]}/(exp({z}) - ({sum(terms, fmpq(0))}))")


def _mills(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """PCF(x, n) = sqrt(2/pi) exp(-x^2/2)/erfc(x/sqrt(2)) for x > 0: the reciprocal of Mills' ratio."""
    s = _root(fmpq(b[1]))
    return _Member(int(roots[0].p), f"{s}/mills({a[0] / s})") if s is not None and roots[0].q == 1 else None


def _gamma_quotient(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """PCF(2x, (2n-1)^2 - m^2) = x + 4 G(x+m+3) G(x-m+3)/(G(x+m+1) G(x-m+1)) for x > 0, with G(y) = Gamma(y/4)."""
    s, total, m = _root(fmpq(b[2])), sum(roots, fmpq(0)), roots[1] - roots[0]
    if s is None or total.q != 1 or total.p % 2 == 0:
        return None
    x = a[0] / s
    g, h, i, j = ((x + sign * m + k) / 4 for k in (3, 1) for sign in (1, -1))
    lhs = f"{s / 2}*({x} + 4*gamma({g})*gamma({h})/(gamma({i})*gamma({j})))"
    return _Member(int(total.p - 1) // 2, lhs)


def _digamma(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """1/PCF(x, n^2) and 1/PCF(x, n(n+1)): the integrals of exp(-x t)/cosh(t) and exp(-x t)/cosh(t)^2 over t > 0, x > 0."""
    s, k = _root(fmpq(b[2])), roots[1]
    if s is None or k.q != 1 or k - roots[0] not in (0, 1):
        return None
    x = a[0] / s
    if k == roots[0]:
        return _Member(int(k.p), f"{2 * s}/(polygamma(0,{(x + 3) / 4}) - polygamma(0,{(x + 1) / 4}))")
    return _Member(int(k.p), f"{s}/(1 - {x / 2}*(polygamma(0,{x / 4 + 1}) - polygamma(0,{(x + 2) / 4})))")


def _elementary(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """PCF(2n+1, x^2 n^2) = x/arctan(x); PCF(2n+1, x^2 (m^2 - n^2)) = x m (r^m + 1)/(r^m - 1) with r = (1+x)/(1-x), 0 < x < 1.

    For m = 0 the latter is 2 x/log(r).
    """
    half, centre, m = fmpq(a[1], 2), (roots[0] + roots[1]) / 2, (roots[1] - roots[0]) / 2
    x, k = _root(abs(b[2] / half**2)), int(centre.p)
    if x is None or centre.q != 1 or a(k) != half:
        return None
    if b[2] > 0:
        return _Member(k, f"{half * x}/atan({x})") if m == 0 else None
    if x >= 1:
        return None
    r = (1 + x) / (1 - x)
    power = f"({r})^({m})"
    return _Member(k, f"{half * x * m}*({power} + 1)/({power} - 1)" if m else f"{a[1] * x}/log({r})")


def _exponential_integral(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """PCF(2n+1+z, -n^2) = exp(-z)/E1(z) for z > 0."""
    k, half = int(roots[0].p), fmpq(a[1], 2)
    z = a(k) / half - 1
    if b[2] != -(half**2) or roots[0].q != 1 or roots[0] != roots[1] or z <= 0:
        return None
    return _Member(k, f"-{half}*exp({-z})/ei({-z})")


def _hypergeometric(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """PCF((1-2z) n + c - (B+1) z, z (1-z) n (n+B)) = c/2F1(1, B+1; c+1; z) for z < 1/2."""
    root, whole = _root(fmpq(a[1] ** 2 + 4 * b[2])), [r for r in roots if r.q == 1]
    if not root or not whole:
        return None
    z, B = (1 - a[1] / root) / 2, 2 * whole[-1] - roots[0] - roots[1]
    c = a(int(whole[-1].p)) / root + (B + 1) * z
    if c.q == 1 and c <= 0:
        return None
    return _Member(int(whole[-1].p), "", f"{root * c} over 2F1(1, {B + 1}; {c + 1}; {z})")


def _reciprocal_powers(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """PCF(n^k + (n+1)^k, -n^(2k)) = 1/zeta(k) for k > 1; PCF((n+1)^k - n^k, n^(2k)) = 1/(1 - 1/2^k + 1/3^k - ...)."""
    k, lead = len(roots) // 2, b.leading_coefficient()
    u = _root(abs(fmpq(lead)))
    if len(roots) % 2 or roots[0] != roots[-1] or roots[0].q != 1 or u is None:
        return None
    n = fmpq_poly([0, 1])
    start, alternating = int(roots[0].p), lead > 0
    if fmpq_poly(shift(a, start)) != u * ((n + 1) ** k + (-1 if alternating else 1) * n**k):
        return None
    if k == 1:
        return _Member(start, f"{u}/log(2)") if alternating else None
    eta = 1 - fmpq(2, 2**k) if alternating else 1
    return _Member(start, f"{u / eta}/zeta({k})")


def _shifted_powers(a: fmpz_poly, b: fmpz_poly, roots: list[fmpq]) -> _Member | None:
    """PCF((2n+1) x, n^4) = 2/psi'((x+1)/2), x > 0; PCF(n^3 + (n+1)^3 + 2x(x+1)(2n+1), -n^6) = 1/zeta(3, x+1), x >= -1/2."""
    k, lead = int(roots[0].p), fmpq(b.leading_coefficient())
    s = _root(abs(lead))
    if s is None or roots[0] != roots[-1] or roots[0].q != 1 or (lead < 0) != (len(roots) == 6):
        return None
    rest = fmpq_poly(shift(a, k)) / s - (fmpq_poly([1, 3, 3, 2]) if lead < 0 else 0)
    if rest != rest[0] * fmpq_poly([1, 2]):
        return None
    if lead > 0:
        return _Member(k, f"{2 * s}/polygamma(1,{(rest[0] + 1) / 2})")
    w = _root(1 + 2 * rest[0])
    return _Member(k, f"{s}/hurwitz(3,{(w + 1) / 2})") if w is not None else None


class _Family(NamedTuple):
    """A row: ``degrees`` of a and b (None: any); ``function`` stands for the constant where the value holds several."""

    degrees: tuple[int, int] | None
    name: str
    function: str
    source: str
    member: Callable[[fmpz_poly, fmpz_poly, list[fmpq]], _Member | None]


_HANDBOOK = "folklore; Cuyt et al. 2008, Handbook of Continued Fractions for Special Functions"
_NOTEBOOKS = "Ramanujan; Berndt 1989, Ramanujan's Notebooks II, ch. 12"
_FAMILIES = (
    _Family((0, 0), "square root", "sqrt", _HANDBOOK, _square_root),
    _Family((0, 1), "Mills' ratio", "mills", "Laplace 1805, Traité de mécanique céleste IV, livre X", _mills),
    _Family((1, 0), "quotient of 0F1", "hyp0f1", _HANDBOOK, _bessel),
    _Family((1, 1), "exponential function", "exp", _HANDBOOK, _exponential),
    _Family(
        None, "sum of powers", "zeta", "Euler 1748, Introductio in analysin infinitorum I, ch. 18", _reciprocal_powers
    ),
    _Family((0, 2), "quotient of Gamma values", "gamma", f"{_NOTEBOOKS}, entry 25", _gamma_quotient),
    _Family((0, 2), "digamma function", "polygamma", "Stieltjes 1890, Quart. J. Math. 24, 370–382", _digamma),
    _Family(
        (1, 2), "arctan, logarithm or power", "log", "Gauss 1813, Comm. Soc. Reg. Sci. Gottingensis Rec. 2", _elementary
    ),
    _Family(
        (1, 2), "exponential integral", "ei", "Laguerre 1879, Bull. Soc. Math. France 7, 72–81", _exponential_integral
    ),
    _Family((1, 2), "quotient of 2F1", "2F1", "Gauss 1813; Nörlund 1911, Acta Math. 34, 1–108", _hypergeometric),
    _Family((1, 4), "trigamma function", "polygamma", _NOTEBOOKS, _shifted_powers),
    _Family((3, 6), "Hurwitz zeta function", "hurwitz", _NOTEBOOKS, _shifted_powers),
)


def _memberships(pcf: PCF) -> Iterator[tuple[str, KnownFormula]]:
    """The members of families that ``pcf`` may be a form of, each with a name for the family."""
    a, b = pcf.canonical().a, pcf.canonical().b
    factors = b.factor()[1]
    if any(factor.degree() > 1 for factor, _ in factors):
        return
    roots = sorted(fmpq(-factor[0], factor[1]) for factor, multiplicity in factors for _ in range(multiplicity))
    for family in _FAMILIES:
        fits = family.degrees == (a.degree(), b.degree()) or (family.degrees is None and roots)
        member = family.member(a, b, roots) if fits else None
        if member is None:
            continue
        first, second = (format_polynomial(shift(p, member.shift)) for p in (a, b))
        name = f"{family.name} ({member.function})" if member.function else family.name
        yield name, KnownFormula(first, second, *_readable(member.lhs, family.function), family.source)


def _readable(lhs: str, function: str) -> tuple[str, str]:
    """``lhs`` if it can be evaluated, else an empty text; and the one constant in it, else ``function``."""
    with suppress(InputError):
        identity = Identity.parse(lhs)
        return identity.lhs, identity.constant
    with suppress(InputError):
        evaluate(lhs, 15)
        return lhs, function
    return "", function
