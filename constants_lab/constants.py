"""The catalogue of constants: names, LaTeX, and balls of any number of digits.

Implementation overview.  A name is resolved in three steps: the catalogue with its aliases
(:mod:`constants_lab.catalogue`), a family at rational arguments (:mod:`constants_lab.catalogue.family_table`), a product of
rational powers of these (:mod:`constants_lab.catalogue.monomials`).  Every constant has one name however it was typed, and
rational numbers are refused.  That a catalogue or family value is irrational is a matter of rules; for a product
of several constants it is, besides the rules, a numeric test (see :func:`constant`).

Measured on one core: 1000 digits take at most 0.5 s for every catalogue entry but ``kepler_bouwkamp``, ``mrb`` and
``fransen_robinson`` (1 to 3 s) and ``golomb_dickman`` (minutes; 100 digits take 0.1 s).
"""

from __future__ import annotations

import difflib
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

from flint import arb, ctx, fmpq

from constants_lab.catalogue import TABLE, Member
from constants_lab.catalogue.constant import MAX_DIGITS, Constant
from constants_lab.catalogue.families import Arguments, Family, Status, spell
from constants_lab.catalogue.family_table import FAMILIES, FAMILY_ALIASES
from constants_lab.catalogue.monomials import MAX_FACTOR, MAX_POWER, Monomial, monomial_of, primitive_log, rational_of
from constants_lab.errors import InputError
from constants_lab.syntax import Call, Name, Node, parse, quoted

__all__ = [
    "MAX_DIGITS",
    "Constant",
    "catalogue",
    "constant",
    "families",
    "family_value",
    "is_family",
    "is_name",
    "named_value",
]

# --- the catalogue ---------------------------------------------------------------------------------------------


def _from_family(
    family: Family, arguments: Arguments, oeis: str | None = None, aliases: tuple[str, ...] = ()
) -> Constant:
    text = spell(family.name, arguments)
    builder = family.sympy
    return Constant(
        name=text,
        latex=family.latex(arguments),
        description=f"{text}: {family.description}.",
        oeis=oeis,
        aliases=aliases,
        irrational=family.status(arguments),
        _evaluate=lambda: family.value(*arguments),
        _sympy=None if builder is None else lambda s: builder(s, *(s.Rational(int(q.p), int(q.q)) for q in arguments)),
    )


def _rows() -> dict[str, Constant]:
    rows = {}
    for row in TABLE:
        if isinstance(row, Member):
            made = _from_family(FAMILIES[row.family], row.arguments, row.oeis, row.aliases)
        else:
            made = Constant(
                row.name, row.latex, row.description, row.oeis, row.aliases, row.status, row.evaluate, row.sympy
            )
        rows[made.name] = made
    return rows


_CATALOGUE = _rows()
_EXACT = {text: row for row in _CATALOGUE.values() for text in (row.name, *row.aliases)}
_FOLDED = {text.lower(): row for text, row in _EXACT.items()}
"""Catalogue rows by lower-case name; no two rows share one (a test)."""


def catalogue() -> tuple[Constant, ...]:
    """The named constants, the best known first."""
    return tuple(_CATALOGUE.values())


def families() -> tuple[Family, ...]:
    """The parametrised families, each with ``name``, ``signature`` and ``description``."""
    return tuple(FAMILIES.values())


def is_name(text: str) -> bool:
    """Whether ``text`` is a catalogue name or an alias of one (upper and lower case alike)."""
    return text.isascii() and _tidy(text).lower() in _FOLDED


def is_family(text: str) -> bool:
    """Whether ``text`` is the name of a family (upper and lower case alike)."""
    return _family_of(text) is not None


def named_value(name: str, precision: int | None = None) -> arb:
    """A ball that contains the constant of that name (see :func:`constant`).

    It is computed at ``precision`` bits, or at the current FLINT precision, and its radius is what comes out.
    """
    found = constant(name)
    with ctx.workprec(precision or ctx.prec):
        return found._evaluate()


def family_value(name: str, arguments: tuple[fmpq, ...], precision: int | None = None) -> arb:
    """A ball that contains the value of a family, computed as by :func:`named_value`; it may be rational here.

    Raises :class:`InputError` for an unknown family, and for arguments where the value does not exist.

    >>> family_value("zeta", (fmpq(3),)).contains(fmpq(1202, 1000))
    False
    """
    family = _family_of(name)
    if family is None:
        raise InputError(f"no family is called {quoted(name)}{_nearest(name)}")
    family.check_defined(arguments)
    with ctx.workprec(precision or ctx.prec):
        return family.value(*arguments)


def _family_of(name: str) -> Family | None:
    folded = name.lower() if name.isascii() else ""
    return FAMILIES.get(name) or FAMILIES.get(FAMILY_ALIASES.get(folded, folded)) or FAMILIES.get(folded.upper())


def _tidy(text: str) -> str:
    """The text without blanks around signs and brackets, and with ``^`` for ``**``."""
    return re.sub(r"\s*([^\w\s])\s*", r"\1", text.strip()).replace("**", "^")


def _nearest(name: str) -> str:
    known = {**{key: row.name for key, row in _FOLDED.items()}, **{f.name.lower(): f.signature for f in families()}}
    close = difflib.get_close_matches(name.lower()[:100], known, n=1, cutoff=0.6)
    return f" (did you mean {known[close[0]]}?)" if close else ": list the names with `clab constants`"


# --- resolving a name ------------------------------------------------------------------------------------------


def constant(name: str) -> Constant:
    """The constant of that name.

    Accepted are catalogue names and aliases (``pi``, ``G`` and ``catalan``, ``gamma`` for ``euler_gamma``; upper
    and lower case alike), families at rational arguments (``zeta( 3 )``, ``log(6/4)``), and products of rational
    powers of these (``gamma(1/4)^4/pi``).  The name of the result is the one normal spelling.

    Raises :class:`InputError` for unknown names (suggesting the nearest), where there is no real value, and for
    rational numbers.  A product of several constants is taken to be rational when it agrees to 60 and then to 500
    digits with a fraction of at most 15 digits above and below; that test is numeric.

    >>> constant("log(6/4)").name, constant("exp(1/2)").name, constant("2*pi*pi").name
    ('log(3/2)', 'exp(1/2)', '2*pi^2')
    """
    if not isinstance(name, str):
        raise InputError(f"a constant is given by its name, not by {type(name).__name__}: write one such as 'pi'")
    return _constant(name)


@lru_cache(maxsize=4096)
def _constant(text: str) -> Constant:
    if text.isascii() and len(text) <= 200:
        tidy = _tidy(text)
        row = _EXACT.get(tidy) or _FOLDED.get(tidy.lower())
        if row is not None:
            return row
    return _of_node(parse(text))


def _of_node(node: Node) -> Constant:
    if isinstance(node, Name):
        return _of_name(node.name)
    if isinstance(node, Call):
        arguments = tuple(rational_of(argument) for argument in node.arguments)
        if None not in arguments:
            return _of_family(node.name, tuple(fmpq(q.numerator, q.denominator) for q in arguments if q is not None))
    return _of_monomial(_monomial(node))


def _of_name(name: str) -> Constant:
    row = _EXACT.get(name) or _FOLDED.get(name.lower())
    if row is not None:
        return row
    family = _family_of(name)
    if family is not None:
        raise InputError(f"{quoted(name)} is a family and needs arguments: write {family.signature}")
    raise InputError(f"no constant is called {quoted(name)}{_nearest(name)}")


def _of_family(name: str, arguments: Arguments) -> Constant:
    family = _family_of(name)
    if family is None:
        raise InputError(f"no family is called {quoted(name)}{_nearest(name)}")
    family.check(arguments)
    if family.name in ("hurwitz", "polylog") and arguments[1] == 1:
        return _of_family("zeta", arguments[:1])
    row = _EXACT.get(spell(family.name, arguments))
    return row or _from_family(family, arguments)


# --- products of powers ----------------------------------------------------------------------------------------


def _monomial(node: Node) -> Monomial:
    return monomial_of(node, _atom, lambda name: bool(constant(name).ball(20) > 0))


def _atom(node: Node) -> Monomial:
    """The monomial of a name or a call: roots and exponentials become powers, logarithms are made primitive."""
    if isinstance(node, Call):
        family = _family_of(node.name)
        if family is not None and family.name in ("sqrt", "cbrt") and len(node.arguments) == 1:
            root = Fraction(1, 2 if family.name == "sqrt" else 3)
            base = _monomial(node.arguments[0])
            if any(not constant(name).ball(20) > 0 for name, _ in base.atoms):
                raise InputError(f"{family.name} of a product with negative factors is not offered: square it first")
            return base.power(root)
        arguments = [rational_of(argument) for argument in node.arguments]
        rationals = [q for q in arguments if q is not None]
        if len(rationals) < len(arguments):
            return _of_irrational_call(node, family)
        if family is not None and len(rationals) == 1:
            q = rationals[0]
            if family.name in ("exp", "log"):
                family.check((fmpq(q.numerator, q.denominator),))
            if family.name == "exp" and max(abs(q.numerator), q.denominator) <= MAX_POWER:
                return Monomial.atom("e").power(q)
            if family.name == "exp":
                return Monomial.atom(f"exp({q})")
            if family.name == "log":
                multiple, argument = primitive_log(q)
                found = Monomial.atom(f"log({argument})")
                return found if multiple == 1 else Monomial.rational(Fraction(multiple)).times(found)
    found_constant = _of_node(node)
    shape = parse(found_constant.name)
    if isinstance(shape, Name) or (isinstance(shape, Call) and shape.name not in ("sqrt", "cbrt", "exp")):
        return Monomial.atom(found_constant.name)
    return _monomial(shape)


def _of_irrational_call(node: Call, family: Family | None) -> Monomial:
    """log(phi), exp(pi): a call of a name that the catalogue knows as a whole."""
    if len(node.arguments) == 1 and isinstance(node.arguments[0], Name) and family is not None:
        row = _EXACT.get(f"{family.name}({_of_name(node.arguments[0].name).name})")
        if row is not None:
            return Monomial.atom(row.name)
    if family is None:
        raise InputError(f"no family is called {quoted(node.name)}{_nearest(node.name)}")
    raise InputError(f"{family.signature} takes rational arguments only: write for instance {family.name}(1/3)")


def _of_monomial(monomial: Monomial) -> Constant:
    if monomial.is_rational:
        raise InputError(f"the product is rational ({_shortened(monomial.coefficient)}): choose an irrational constant")
    factor = monomial.coefficient
    if max(abs(factor.numerator), factor.denominator, *(r for r, _ in monomial.radicals), 1) > MAX_FACTOR:
        raise InputError("the rational factor has more than 12 digits: leave it out or make it smaller")
    text = str(monomial)
    row = _EXACT.get(text)
    if row is not None:
        return row
    if factor == 1 and len(monomial.powers) == 1 and monomial.atoms and monomial.atoms[0][1] == 1:
        return _of_node(parse(text))
    lone_radical = factor == 1 and not monomial.atoms and len(monomial.radicals) == 1
    lone_exponential = factor == 1 and not monomial.radicals and [name for name, _ in monomial.atoms] == ["e"]
    if lone_radical and monomial.radicals[0][1] in (Fraction(1, 2), Fraction(1, 3)):
        return _of_node(parse(text))
    if lone_exponential:
        power = monomial.atoms[0][1]
        return _of_family("exp", (fmpq(power.numerator, power.denominator),))
    made = _derived(text, monomial)
    if made.irrational == "unknown":
        _refuse_rational(made)
    return made


def _shortened(q: Fraction) -> str:
    text = str(q)
    return text if len(text) <= 40 else f"about {float(q):.6g}" if abs(q.numerator) < 10**300 else "a large number"


_MERELY_IRRATIONAL = ("zeta(3)", "erdos_borwein", "reciprocal_fibonacci", "copeland_erdos", "prime_constant")
"""Proved irrational but not transcendental, so that a power might be rational for all that is known."""


def _derived(text: str, monomial: Monomial) -> Constant:
    parts = [(constant(name), exponent) for name, exponent in monomial.atoms]
    status: Status = "unknown"
    if not parts:
        status = "algebraic"
    elif len(parts) == 1 and parts[0][0].irrational == "proved" and parts[0][0].name not in _MERELY_IRRATIONAL:
        status = "proved"

    def evaluate() -> arb:
        value = arb(fmpq(monomial.coefficient.numerator, monomial.coefficient.denominator))
        for radicand, exponent in monomial.radicals:
            value *= arb(radicand).root(exponent.denominator) ** exponent.numerator
        for part, exponent in parts:
            base = part._evaluate()
            if exponent.denominator > 1:
                base = base.root(exponent.denominator)
            value *= base**exponent.numerator
        return value

    def rebuild(s: Any) -> Any:
        factors = [s.Rational(monomial.coefficient.numerator, monomial.coefficient.denominator)]
        factors += [s.Integer(r) ** s.Rational(x.numerator, x.denominator) for r, x in monomial.radicals]
        for part, exponent in parts:
            base = part.sympy()
            factors.append(base ** s.Rational(exponent.numerator, exponent.denominator))
        return s.Mul(*factors)

    def power(base: int | str, exponent: Fraction) -> str:
        shown = str(base) if isinstance(base, int) else constant(base).latex
        if exponent == 1:
            return shown
        if exponent == Fraction(1, 2):
            return rf"\sqrt{{{shown}}}"
        if not re.fullmatch(r"\\?[A-Za-z]+(_\{?\w+\}?)?|\\[A-Za-z]+\\left\(.*\\right\)", shown):
            shown = rf"\left({shown}\right)"
        return f"{shown}^{{{exponent}}}"

    return Constant(
        name=text,
        latex=monomial.write(power, r"\,", lambda above, below: rf"\frac{{{above}}}{{{below}}}"),
        description=f"{text}: a product of powers of constants.",
        oeis=None,
        aliases=(),
        irrational=status,
        _evaluate=evaluate,
        _sympy=None if any(part._sympy is None for part, _ in parts) else rebuild,
    )


def _refuse_rational(made: Constant) -> None:
    """Raise when the value agrees with a small fraction, first to 60 and then to 500 digits."""
    for digits in (60, 500):
        ball = made.ball(digits)
        centre, radius = _exactly(ball.mid()), _exactly(ball.rad())
        guess = centre.limit_denominator(10**15)
        # A tiny value is no zero: a product of non-zero constants never is.
        if guess == 0 or abs(guess.numerator) > 10**15 or abs(centre - guess) > radius:
            return
    raise InputError(f"{made.name} is rational to 500 digits ({guess}): choose an irrational constant")


def _exactly(x: arb) -> Fraction:
    """An exact ball as a fraction: comparing with it does not depend on FLINT's precision."""
    mantissa, exponent = x.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
