"""The tree of a formula, and how to evaluate one in any ring.

:func:`constants_lab.syntax.parse` makes the trees.  They are immutable and hashable; their depth is bounded by
the parser, and nothing here recurses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias, TypeVar, cast

from constants_lab.errors import InputError

__all__ = [
    "Binary",
    "Call",
    "Integer",
    "Name",
    "Negate",
    "Node",
    "Operator",
    "exponent_of",
    "fold",
    "names",
]

Operator: TypeAlias = Literal["+", "-", "*", "/", "^"]


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer literal.  Negative only as the exponent of a power."""

    value: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name: a variable or a constant, as the evaluator decides."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function applied to one or more arguments: ``zeta(3)``, ``besseli_ratio(0, 2)``."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negate:
    """Minus the operand.  (A unary plus leaves no trace in the tree.)"""

    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """``left operator right``.

    For ``^`` the right side is an exponent in normal form: ``Integer(k)``, or
    ``Binary("/", Integer(p), Integer(q))`` in lowest terms with q > 1; :func:`exponent_of` reads it.
    """

    operator: Operator
    left: Node
    right: Node


Node: TypeAlias = Integer | Name | Call | Negate | Binary

T = TypeVar("T")


def exponent_of(node: Node) -> Fraction:
    """The exponent at the right of a ``^``; raises :class:`InputError` for a node in another form.

    >>> from constants_lab.syntax import parse
    >>> exponent_of(parse("n^(-2/4)").right)
    Fraction(-1, 2)
    """
    match node:
        case Integer(value):
            return Fraction(value)
        case Binary("/", Integer(numerator), Integer(denominator)) if denominator != 0:
            return Fraction(numerator, denominator)
    raise InputError("an exponent must be an integer or a fraction of two integers: write it so")


def names(node: Node) -> set[str]:
    """The names in a tree, without those of functions.

    >>> from constants_lab.syntax import parse
    >>> sorted(names(parse("a*n + zeta(k)")))
    ['a', 'k', 'n']
    """
    found: set[str] = set()
    pending = [node]
    while pending:
        item = pending.pop()
        match item:
            case Name(name):
                found.add(name)
            case Call(_, arguments):
                pending.extend(arguments)
            case Negate(operand):
                pending.append(operand)
            case Binary(_, left, right):
                pending.extend((left, right))
    return found


def fold(
    node: Node,
    *,
    integer: Callable[[int], T],
    name: Callable[[str], T],
    call: Callable[[Call], T],
    negate: Callable[[T], T],
    binary: Callable[[Literal["+", "-", "*", "/"], T, T], T],
    power: Callable[[T, Fraction], T],
) -> T:
    """Evaluate a tree in any ring, children first, without recursion.

    ``binary`` gets ``+ - * /``; ``power`` gets the base, evaluated, and the exponent as a fraction.  ``call`` gets
    the whole :class:`Call` with its arguments as trees: it says what they may be, and may fold them in turn.

    >>> from operator import neg
    >>> from constants_lab.syntax import parse
    >>> def refuse(*_):
    ...     raise InputError("only + here")
    >>> fold(parse("1 + 2 - -n"), integer=int, name={"n": 4}.get, call=refuse, negate=neg, power=refuse,
    ...      binary=lambda sign, x, y: x + y if sign == "+" else x - y)
    7
    """
    done: list[T] = []
    pending: list[tuple[Node, bool]] = [(node, False)]
    while pending:
        item, children_done = pending.pop()
        match item:
            case Integer(value):
                done.append(integer(value))
            case Name(text):
                done.append(name(text))
            case Call():
                done.append(call(item))
            case Negate(operand):
                if children_done:
                    done.append(negate(done.pop()))
                else:
                    pending += [(item, True), (operand, False)]
            case Binary("^", base, exponent):
                if children_done:
                    done.append(power(done.pop(), exponent_of(exponent)))
                else:
                    pending += [(item, True), (base, False)]
            case Binary(operator, left, right):
                if children_done:
                    second = done.pop()
                    first = done.pop()
                    done.append(binary(cast(Literal["+", "-", "*", "/"], operator), first, second))
                else:
                    pending += [(item, True), (right, False), (left, False)]
    return done[0]
