"""From values of 60 digits to claims about them: which are Möbius images of a constant of the catalogue?

Implementation overview.  All values are matched at once, in float64, with the images (alpha c + beta)/(gamma c + delta) of
every constant (:mod:`constants_lab.search.kernels.match`).  Among a million values one image in about 10^9 meets one by
chance; every hit is compared with the digits of the value, so that none of these is left at 55 digits.  What is left is a
*claim*: nothing is said of the fraction that the value came from before :mod:`constants_lab.search.name_checks` looks at it.

A value may be an image of several constants (6 zeta(2) = pi^2, (e^2 - 1)/(e^2 + 1) = tanh(1)).  The simplest identity is the
one that :func:`constants_lab.identification.identify` puts first: least :func:`constants_lab.evidence.height_cost`, then the
shortest text, then the first in alphabetical order; constants of the catalogue come before others.  So "2/zeta(2)" is not
called "12/pi^2", and a power is called by its own name: e^2 and exp(1/2) are no images of e.

Numbers of a quadratic field are images of its generator in many ways; they are written x = (p c + q)/r.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from flint import arb, ctx, fmpz

from constants_lab.constants import catalogue, constant, is_name
from constants_lab.evidence import height_cost
from constants_lab.expressions import Identity
from constants_lab.relations import algebraic_relation
from constants_lab.search.images import Images, Matrix, hit_matrices, image_rows

__all__ = ["FAVOURITES", "PRODUCTS", "Claim", "Reach", "name_values", "quadratic_claims", "screened", "simplest_first"]

FAVOURITES = ("pi", "e", "log(2)", "log(3)", "zeta(2)", "zeta(3)", "catalan", "gauss", "lemniscate")
"""Constants that are looked for with larger integers: the subject of most published fractions."""

PRODUCTS = (
    "lemniscate^2/pi",
    "sqrt(2)*pi",
    "sqrt(2)*log(2)",
    "gamma(1/3)^3/pi",
    *("log(3/2)", "log(4/3)", "log(5/3)", "atan(1/2)", "atan(1/3)"),
    *("exp(1/3)", "exp(2/3)", "exp(3/2)", "exp(3)", "exp(4)", "tan(1/2)", "tan(2)"),
)
"""Constants without a row of their own that fractions of small coefficients are about, too."""

_CHECKED = 55
"""Digits that a hit must have in common with the value, of which 60 are known."""
_VALUE_ERROR = 1.2e-16
"""Relative error of a value rounded to float64."""
_QUADRATIC = {"phi": 5, "sqrt(2)": 2, "sqrt(3)": 3, "sqrt(5)": 5}


@dataclass(frozen=True)
class Claim:
    """That a value equals ``identity``; ``source`` is where that was published, if it was found by looking there."""

    identity: Identity
    source: str = ""

    @cached_property
    def order(self) -> tuple[bool, float, int, str]:
        """What claims are sorted by, the simplest first."""
        identity, lhs = self.identity, self.identity.lhs
        return not is_name(identity.constant), round(height_cost(identity.coefficients), 9), len(lhs), lhs

    @property
    def informed(self) -> bool:
        """Whether it comes with a source."""
        return bool(self.source)


@dataclass(frozen=True)
class Reach:
    """Which images are tried: integers up to ``bound`` for all ``constants``, up to ``far_bound`` for those in ``far``."""

    constants: tuple[str, ...] = (*(each.name for each in catalogue()), *PRODUCTS)
    bound: int = 20
    far: tuple[str, ...] = FAVOURITES
    far_bound: int = 60

    def bounds(self) -> Iterator[tuple[str, int]]:
        """Each constant with its bound."""
        for name in self.constants:
            yield name, self.far_bound if name in self.far else self.bound

    @property
    def images(self) -> int:
        """Left-hand sides tried for every value."""
        return sum((((2 * bound + 1) ** 2 - 1) // 2) ** 2 for _, bound in self.bounds())


def name_values(values: Sequence[str | None], reach: Reach | None = None, *, threads: int = 1) -> list[list[Claim]]:
    """The claims about each value, a decimal text of 60 digits, simplest first; none for a value that is None.

    >>> value = "1.27323954473516268615107010698011489627567716592365158998134"
    >>> [claim.identity.lhs for claim in name_values([value], Reach(("pi", "e"), far=()))[0]]
    ['4/pi']
    """
    floats = np.array([math.nan if text is None else float(text) for text in values], dtype=np.float64)
    found = screened(floats, lambda rows: [values[row] for row in rows], reach or Reach(), threads=threads)
    return [found.get(row, []) for row in range(len(values))]


def screened(
    floats: np.ndarray,
    digits: Callable[[Sequence[int]], Sequence[str | None]],
    reach: Reach,
    *,
    threads: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> dict[int, list[Claim]]:
    """Row -> claims, simplest first, for those rows of ``floats`` that have any; ``digits`` gives the texts of rows.

    Values of 0, infinite ones and NaN have none.  The texts are asked for once, for the rows that may have a name.
    """
    rows = np.flatnonzero(np.isfinite(floats) & (floats != 0))
    sizes, where = np.unique(np.abs(floats[rows]), return_inverse=True)
    if len(sizes) == 0:
        return {}
    proposals = _proposals(sizes, reach, threads, say)
    hit = np.zeros(len(sizes), dtype=bool)
    hit[list(proposals)] = True
    chosen = np.flatnonzero(hit[where])
    texts = digits([int(row) for row in rows[chosen]])
    found: dict[int, list[Claim]] = {}
    for position, text in zip(chosen.tolist(), texts, strict=True):
        if text is not None:
            claims = _checked(text, proposals[int(where[position])])
            if claims:
                found[int(rows[position])] = claims
    return found


def _proposals(
    sizes: np.ndarray, reach: Reach, threads: int, say: Callable[[str], None]
) -> dict[int, list[tuple[str, Matrix]]]:
    """Index of an absolute value -> constants and matrices that give it in float64."""
    from constants_lab.search.kernels.match import make_buckets, match_images

    buckets = make_buckets(sizes, sizes * _VALUE_ERROR)
    found: dict[int, list[tuple[str, Matrix]]] = {}

    def match(images: Images) -> np.ndarray:
        return match_images(buckets, images.pairs, images.sizes, images.blurs)

    # FLINT's precision is one for all threads, so the images are made before there are any.
    prepared = [(name, image_rows(name, bound)) for name, bound in reach.bounds()]
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for (name, images), hits in zip(prepared, pool.map(match, [each for _, each in prepared]), strict=True):
            once: set[int] = set()
            for value, matrix in hit_matrices(hits, sizes, images):
                if name not in _QUADRATIC or value not in once:
                    found.setdefault(value, []).append((name, matrix))
                once.add(value)
            if len(once):
                say(f"{name}: {len(once):,} values look like an image of it")
    return found


def _checked(text: str, proposals: Iterable[tuple[str, Matrix]]) -> list[Claim]:
    claims: list[Claim] = []
    field = False
    for name, matrix in proposals:
        signed = matrix if text[0] != "-" else ((-matrix[0][0], -matrix[0][1]), matrix[1])
        if not _agrees(text, name, signed):
            continue
        if name in _QUADRATIC:
            field = True
        else:
            claims.append(Claim(_identity(name, signed)))
    if field:
        found = algebraic_relation(text, 2, _CHECKED, max_coefficient=None)
        if found is not None and len(found.coefficients) == 3:
            claims += quadratic_claims(found.coefficients, float(text))
    return simplest_first(claims)


_identity = lru_cache(maxsize=1 << 16)(Identity)


def simplest_first(claims: Iterable[Claim]) -> list[Claim]:
    """The claims, each identity once, in the order of the module's overview; those with a source stand for their like."""
    best: dict[Identity, Claim] = {}
    for claim in claims:
        known = best.get(claim.identity)
        if known is None or (claim.informed and not known.informed):
            best[claim.identity] = claim
    return list(best.values()) if len(best) < 2 else sorted(best.values(), key=lambda claim: claim.order)


@lru_cache(maxsize=256)
def _ball(name: str) -> arb:
    return constant(name).ball(90)


def _agrees(text: str, name: str, matrix: Matrix) -> bool:
    """Whether value and image agree to 55 significant digits."""
    (p, q), (r, s) = matrix
    with ctx.workprec(280):
        c, x = _ball(name), arb(text)
        above, below = p * c + q, r * c + s
        return bool(abs(x * below - above) * arb(10) ** _CHECKED < abs(above))


def quadratic_claims(polynomial: Sequence[int], x: float) -> list[Claim]:
    """x, a root of the irreducible a x^2 + b x + c given highest power first, in constants of the catalogue, simplest first.

    >>> [claim.identity.lhs for claim in quadratic_claims((1, -1, -1), 1.618)]
    ['phi', '(sqrt(5) + 1)/2']
    """
    a, b, c = (-k for k in polynomial) if polynomial[0] < 0 else polynomial
    outside, inside = 1, 1
    for prime, power in fmpz(b * b - 4 * a * c).factor():
        outside *= int(prime) ** (power // 2)
        inside *= int(prime) ** (power % 2)
    # The larger root is the one with +: compare x with the middle between the two.
    p, q, r = (outside if 2 * a * x + b > 0 else -outside), -b, 2 * a
    claims: list[Claim] = []
    for name, square in _QUADRATIC.items():
        if square == inside and name == "phi":
            claims.append(Claim(Identity(name, ((2 * p, q - p), (0, r)))))
        elif square == inside:
            claims.append(Claim(Identity(name, ((p, q), (0, r)))))
    return simplest_first(claims)
