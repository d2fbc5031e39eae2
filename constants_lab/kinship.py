"""Which constants are algebraically related: pi and zeta(2), e and sqrt(e), Gauss's constant and gamma(1/4)^2/pi^(3/2).

Implementation overview.  A name is rewritten as a product of powers of generators by identities that hold up to an algebraic
factor (zeta(2k) and L(d,k) of the right parity are powers of pi, gamma(q) follows reflection and duplication, logarithms are
made primitive).  Two constants are related if their exponents are proportional; so Gauss's constant and the lemniscate
constant, whose quotient is pi, are not.  Quotients of Bessel functions of neighbouring orders are linear fractions of each
other.  That different generators have nothing to do with each other is assumed: it is proved for few (gamma(1/4) and pi),
conjectured for most.  Algebraic numbers, all of which are related strictly speaking, are told apart by the radical: sqrt(5) and
phi are related, sqrt(2) and sqrt(3) are not.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import gcd, isqrt, lcm

from constants_lab.catalogue.monomials import Monomial, monomial_of, primitive_log, rational_of
from constants_lab.constants import constant
from constants_lab.syntax import Call, Name, Node, parse

__all__ = ["kin"]

_POWERS: dict[str, dict[int | str, Fraction]] = {
    "gauss": {"gamma(1/4)": Fraction(2), "pi": Fraction(-3, 2)},
    "lemniscate": {"gamma(1/4)": Fraction(2), "pi": Fraction(-1, 2)},
    "gieseking": {"L(-3,2)": Fraction(1)},
    "L(5,1)": {"log(phi)": Fraction(1)},
    "phi": {5: Fraction(1, 2)},
}
"""Up to an algebraic factor, but phi, which is a generator of its field."""

_ALGEBRAIC_IN = {"sinh": "e", "cosh": "e", "tanh": "e", "exp": "e", "cos": "sin(1)", "tan": "sin(1)", "sin": "sin(1)"}
"""Families whose values at rational arguments are algebraic functions of one number."""


@lru_cache(maxsize=4096)
def kin(name: str) -> str:
    """A text that algebraically related constants have in common and others have not.

    ``name`` is a constant, or several with commas between, as identities in two constants name them.
    Raises :class:`InputError` for an unknown constant.

    >>> kin("pi^2") == kin("zeta(2)") == kin("L(-4,3)"), kin("exp(1/2)"), kin("tanh(1)"), kin("gauss"), kin("phi")
    (True, 'e', 'e', 'gamma(1/4)^4*pi^-3', 'sqrt(5)')
    """
    parts = _parts(name)
    if len(parts) > 1:
        return ", ".join(sorted({kin(part) for part in parts}))
    found = _monomial(parse(constant(name).name))
    atoms = found.atoms
    bessel = _bessel(atoms)
    if bessel is not None:
        return bessel
    if not atoms:
        return str(Monomial.make(1, {key: power % 1 for key, power in found.powers}))
    if len(atoms) == 1:
        return _generator(atoms[0][0])
    scale = Fraction(lcm(*(power.denominator for _, power in atoms)), gcd(*(power.numerator for _, power in atoms)))
    if atoms[0][1] < 0:
        scale = -scale
    return "*".join(atom if power * scale == 1 else f"{atom}^{power * scale}" for atom, power in atoms)


def _parts(name: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for character in name:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [part.strip() for part in [*parts, current]]


def _monomial(node: Node) -> Monomial:
    return monomial_of(node, _atom, lambda _: True)


def _atom(node: Node) -> Monomial:
    if isinstance(node, Name):
        return _named(node.name)
    assert isinstance(node, Call)
    if node.name in ("sqrt", "cbrt"):
        return _monomial(node.arguments[0]).power(Fraction(1, 2 if node.name == "sqrt" else 3))
    arguments = [rational_of(argument) for argument in node.arguments]
    rationals = [q for q in arguments if q is not None]
    if len(rationals) < len(arguments):
        # log(phi): the only calls that take a constant are names of the catalogue as a whole.
        inner = node.arguments[0]
        return _named(f"{node.name}({inner.name})" if isinstance(inner, Name) else node.name)
    return _family(node.name, rationals)


def _named(name: str) -> Monomial:
    return Monomial.make(1, _POWERS[name]) if name in _POWERS else Monomial.atom(name)


def _family(family: str, arguments: list[Fraction]) -> Monomial:
    first = arguments[0]
    text = f"{family}({','.join(map(str, arguments))})"
    if family == "exp":
        return Monomial.atom("e").power(first) if max(abs(first.numerator), first.denominator) < 1000 else _named(text)
    if family == "log":
        return Monomial.atom(f"log({primitive_log(first)[1]})")
    if family == "atanh":
        return Monomial.atom(f"log({primitive_log((1 + first) / (1 - first))[1]})")
    if family == "zeta" and first % 2 == 0:
        return Monomial.atom("pi").power(first)
    if family == "L" and arguments[1] % 2 == (first < 0):
        # L(d,k) is an algebraic number times pi^k where k is even for d > 0 and odd for d < 0.
        return Monomial.atom("pi").power(arguments[1])
    return _gamma(first) if family == "gamma" else _named(text)


def _gamma(q: Fraction) -> Monomial:
    q %= 1
    if q == Fraction(1, 2):
        return Monomial.atom("pi").power(Fraction(1, 2))
    if q > Fraction(1, 2):
        return Monomial.atom("pi").times(_gamma(1 - q).power(Fraction(-1)))
    if q == Fraction(1, 6):
        return Monomial.make(1, {"gamma(1/3)": Fraction(2), "pi": Fraction(-1, 2)})
    return Monomial.atom(f"gamma({q})")


def _generator(atom: str) -> str:
    family, _, arguments = atom.partition("(")
    if family == "erfc":
        return f"erf({arguments}"
    return _ALGEBRAIC_IN.get(family, atom) if arguments else atom


def _bessel(atoms: tuple[tuple[str, Fraction], ...]) -> str | None:
    """The kin of hyp0f1(a,z)/hyp0f1(a+1,z), which is that of the quotient for a + 1, and elementary for half-integers a."""
    calls = [(parse(atom), power) for atom, power in atoms]
    shapes = [
        (call.name, [rational_of(argument) or Fraction(0) for argument in call.arguments], power)
        for call, power in calls
        if isinstance(call, Call)
    ]
    match shapes:
        case [("besseli_ratio" | "besselj_ratio" as name, [order, x], _)] if len(atoms) == 1:
            a, z = order + 1, x * x / (4 if name == "besseli_ratio" else -4)
        case [("hyp0f1", [one, z], power), ("hyp0f1", [other, same], opposite)] if (
            len(atoms) == 2 and z == same and power == -opposite and abs(one - other) == 1
        ):
            a = one
        case _:
            return None
    root = _square_root(abs(4 * z))
    if a % 1 == Fraction(1, 2) and root is not None:
        # The argument x = sqrt(4z) is rational: tanh(x) or tan(x).
        return "e" if z > 0 else "sin(1)"
    return f"hyp0f1({a % 1 + 1},{z})/hyp0f1({a % 1 + 2},{z})"


def _square_root(q: Fraction) -> Fraction | None:
    root = Fraction(isqrt(q.numerator), isqrt(q.denominator))
    return root if root * root == q else None
