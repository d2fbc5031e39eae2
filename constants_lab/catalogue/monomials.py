"""Products of rational powers of constants, such as ``gamma(1/4)^4/pi``, in one normal form.

A :class:`Monomial` is a sign and a map from primes (as ``int``) and atoms (names of constants, as ``str``) to
rational exponents, so the rational factor and all radicals are unique by unique factorisation, and ``sqrt(2)^2``
or ``pi/pi`` are seen to be rational.  Relations between different atoms are not known here: ``zeta(2)/pi^2`` stays
a product of two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from flint import fmpz

from constants_lab.errors import InputError
from constants_lab.syntax import Name, Node, fold

__all__ = ["MAX_FACTOR", "MAX_POWER", "Monomial", "monomial_of", "primitive_log", "rational_of"]

MAX_FACTOR = 10**12
"""Bound on the integers of a rational factor or of a radicand."""
MAX_POWER = 1000
"""Bound on numerator and denominator of the exponents of atoms and radicals."""


@dataclass(frozen=True)
class Monomial:
    """sign * prod key^exponent; exponents are never 0, and ``sign`` is 1 or -1."""

    sign: int
    powers: tuple[tuple[int | str, Fraction], ...]

    @classmethod
    def make(cls, sign: int, powers: Mapping[int | str, Fraction]) -> Monomial:
        """The monomial with these powers, primes first and then atoms in alphabetical order."""
        kept = [(key, exponent) for key, exponent in powers.items() if exponent]
        for _, exponent in kept:
            if max(abs(exponent.numerator), exponent.denominator) > MAX_POWER:
                raise InputError(f"an exponent is larger than {MAX_POWER}: use a smaller power")
        kept.sort(key=lambda item: (isinstance(item[0], str), item[0] if isinstance(item[0], int) else 0, str(item[0])))
        return cls(sign, tuple(kept))

    @classmethod
    def rational(cls, value: Fraction) -> Monomial:
        """A rational number other than 0, factored into primes."""
        if value == 0:
            raise InputError("a factor is 0, so the product is rational or undefined: leave it out")
        if max(abs(value.numerator), value.denominator) > MAX_FACTOR:
            raise InputError(f"a rational factor has an integer above {MAX_FACTOR}: use smaller numbers")
        powers: dict[int | str, Fraction] = {}
        for part, direction in ((abs(value.numerator), 1), (value.denominator, -1)):
            for prime, exponent in fmpz(part).factor():
                powers[int(prime)] = Fraction(direction * int(exponent))
        return cls.make(1 if value > 0 else -1, powers)

    @classmethod
    def atom(cls, name: str) -> Monomial:
        """The constant of that name, to the power 1."""
        return cls(1, ((name, Fraction(1)),))

    def times(self, other: Monomial) -> Monomial:
        """The product."""
        powers = dict(self.powers)
        for key, exponent in other.powers:
            powers[key] = powers.get(key, Fraction(0)) + exponent
        return Monomial.make(self.sign * other.sign, powers)

    def power(self, exponent: Fraction) -> Monomial:
        """The real power; raises :class:`InputError` for a fractional power of a negative sign."""
        if exponent.denominator > 1 and self.sign < 0:
            raise InputError("a fractional power of a negative number is not real: change the sign")
        sign = self.sign if exponent.numerator % 2 else 1
        return Monomial.make(sign, {key: old * exponent for key, old in self.powers})

    @property
    def atoms(self) -> tuple[tuple[str, Fraction], ...]:
        """The constants among the factors, with their exponents."""
        return tuple((key, exponent) for key, exponent in self.powers if isinstance(key, str))

    @property
    def coefficient(self) -> Fraction:
        """The rational factor; what is left of each prime has an exponent in (0, 1)."""
        value = Fraction(self.sign)
        for key, exponent in self.powers:
            if isinstance(key, int):
                value *= Fraction(key) ** (exponent.numerator // exponent.denominator)
        return value

    @property
    def radicals(self) -> tuple[tuple[int, Fraction], ...]:
        """Integers under a root with their exponents in (0, 1), those of equal exponent multiplied together."""
        grouped: dict[Fraction, int] = {}
        for key, exponent in self.powers:
            rest = exponent - exponent.numerator // exponent.denominator
            if isinstance(key, int) and rest:
                grouped[rest] = grouped.get(rest, 1) * key
        return tuple((radicand, exponent) for exponent, radicand in sorted(grouped.items()))

    @property
    def is_rational(self) -> bool:
        """Whether no atom and no radical is left."""
        return all(isinstance(key, int) and exponent.denominator == 1 for key, exponent in self.powers)

    def write(
        self, power: Callable[[int | str, Fraction], str], product: str, quotient: Callable[[str, str], str]
    ) -> str:
        """The product as text: ``power`` writes a factor, ``product`` joins, ``quotient`` puts over a line."""
        factor = self.coefficient
        above = [power(radicand, exponent) for radicand, exponent in self.radicals]
        above += [power(name, exponent) for name, exponent in self.atoms if exponent > 0]
        below = [power(name, -exponent) for name, exponent in self.atoms if exponent < 0]
        if abs(factor.numerator) != 1 or not above:
            above.insert(0, str(abs(factor.numerator)))
        if factor.denominator != 1:
            below.insert(0, str(factor.denominator))
        text = product.join(above)
        if below:
            text = quotient(text, product.join(below))
        return f"-{text}" if factor < 0 else text

    def __str__(self) -> str:
        """The normal form as text that :func:`constants_lab.syntax.parse` reads back."""

        def quotient(above: str, below: str) -> str:
            return f"{above}/({below})" if "*" in below else f"{above}/{below}"

        return self.write(_power_text, "*", quotient)


def _power_text(base: int | str, exponent: Fraction) -> str:
    if base == "e" and exponent.denominator > 1:
        return f"exp({exponent})"
    if exponent == 1:
        return str(base)
    if exponent == Fraction(1, 2):
        return f"sqrt({base})"
    if exponent == Fraction(1, 3) and isinstance(base, int):
        return f"cbrt({base})"
    return f"{base}^{exponent}" if exponent.denominator == 1 else f"{base}^({exponent})"


def rational_of(node: Node) -> Fraction | None:
    """The value of a tree of integers, exactly; None where a name or a function occurs.

    Raises :class:`InputError` for a division by zero and for a fractional power.
    """

    def refuse(_: object) -> Fraction:
        raise _NotRational

    def power(x: Fraction, exponent: Fraction) -> Fraction:
        if exponent.denominator != 1:
            raise _NotRational
        if x == 0 and exponent < 0:
            raise InputError("the formula divides by zero: change the denominator")
        return x**exponent.numerator

    try:
        return fold(
            node, integer=Fraction, name=refuse, call=refuse, negate=lambda x: -x, binary=_arithmetic, power=power
        )
    except _NotRational:
        return None


class _NotRational(Exception):
    pass


def _arithmetic(sign: str, x: Fraction, y: Fraction) -> Fraction:
    if sign == "/":
        if y == 0:
            raise InputError("the formula divides by zero: change the denominator")
        return x / y
    return x + y if sign == "+" else x - y if sign == "-" else x * y


def monomial_of(
    node: Node,
    atom: Callable[[Node], Monomial],
    positive: Callable[[str], bool],
) -> Monomial:
    """The monomial of a tree of products, quotients and powers; ``atom`` resolves names and calls.

    ``positive`` says whether an atom is positive: only of such may a fractional power be taken.  Raises
    :class:`InputError` for sums of constants and for whatever ``atom`` refuses.
    """

    def integer(value: int) -> _Value:
        return Fraction(value)

    def binary(sign: str, x: _Value, y: _Value) -> _Value:
        if isinstance(x, Fraction) and isinstance(y, Fraction):
            return _arithmetic(sign, x, y)
        if sign in "+-":
            raise InputError("a constant is a product of powers, not a sum: name the irrational part alone")
        return _lift(x).times(_lift(y) if sign == "*" else _lift(y).power(Fraction(-1)))

    def power(x: _Value, exponent: Fraction) -> _Value:
        if isinstance(x, Fraction) and exponent.denominator == 1 and (x or exponent > 0):
            return x**exponent.numerator
        base = _lift(x)
        if exponent.denominator > 1:
            for name, _ in base.atoms:
                if not positive(name):
                    raise InputError(f"{name} is negative, so its fractional power is not real: use another power")
        return base.power(exponent)

    def negate(x: _Value) -> _Value:
        return -x if isinstance(x, Fraction) else Monomial(-x.sign, x.powers)

    result: _Value = fold(
        node,
        integer=integer,
        name=lambda name: atom(Name(name)),
        call=atom,
        negate=negate,
        binary=binary,
        power=power,
    )
    return _lift(result)


_Value = Fraction | Monomial


def _lift(value: _Value) -> Monomial:
    return Monomial.rational(value) if isinstance(value, Fraction) else value


def primitive_log(q: Fraction) -> tuple[int, Fraction]:
    """(k, r) with q = r^k, r > 1 not a perfect power: then log(q) = k*log(r), for q > 0 other than 1.

    >>> primitive_log(Fraction(4, 9))
    (-2, Fraction(3, 2))
    """
    exponents = [(int(p), int(k)) for p, k in fmpz(q.numerator).factor()]
    exponents += [(int(p), -int(k)) for p, k in fmpz(q.denominator).factor()]
    common = gcd(*(k for _, k in exponents))
    root = Fraction(1)
    for prime, k in exponents:
        root *= Fraction(prime) ** (k // common)
    return (common, root) if root > 1 else (-common, 1 / root)
