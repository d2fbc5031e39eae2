"""Which constant a formula is about, and which rational function of it the formula is.

Implementation overview.  The names and calls of a tree are looked up in the catalogue; when all are one constant the
tree is a form in it (:func:`constants_lab.formula.rational_forms.read_form`).  Otherwise the parts of the tree that are
products or powers are tried, the smallest first, as constants of their own (``4*catalan/pi``): the first that leaves a
form in one constant is taken.  All of this is exact; relations between constants, such as sqrt(2)^2 = 2 or
zeta(2) = pi^2/6, are not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from flint import fmpz_poly

from constants_lab import constants
from constants_lab.errors import InputError, NoEnclosure
from constants_lab.formula.rational_forms import Form, NoSingleSymbol, compose, exponents_gcd, lowest_terms, read_form
from constants_lab.syntax import Binary, Call, Integer, Name, Negate, Node, fold, parse, quoted

__all__ = ["constant_text", "read_constant_form", "standard_form"]

_CANDIDATES = 40
"""Parts of one formula that are tried as constants of their own."""


def constant_text(node: Node) -> str:
    """The tree as text that :func:`constants_lab.constants.constant` reads.

    >>> constant_text(parse("4catalan / pi^(1/2)"))
    '(4*catalan)/(pi^(1/2))'
    """

    def call(item: Call) -> str:
        return f"{item.name}({','.join(constant_text(argument) for argument in item.arguments)})"

    def bracketed(text: str) -> str:
        return text if re.fullmatch(r"\w+(\([^()]*\))?", text) else f"({text})"

    return fold(
        node,
        integer=str,
        name=str,
        call=call,
        negate=lambda text: f"-{bracketed(text)}",
        binary=lambda operator, left, right: f"{bracketed(left)}{operator}{bracketed(right)}",
        power=lambda base, exponent: f"{bracketed(base)}^{bracketed(str(exponent))}",
    )


def read_constant_form(tree: Node, text: str) -> tuple[str, Form]:
    """The constant that ``tree`` is about, and ``tree`` as a form in it, both as :func:`standard_form` leaves them.

    ``text`` is used in messages.  Raises :class:`InputError` when there is no constant, an unknown one, or no single one.

    >>> read_constant_form(parse("1/(2 + 4*catalan/pi)"), "")
    ('4*catalan/pi', (1, x + 2))
    """
    name, form = _read(tree)
    if name is None:
        raise InputError(f"there is no constant in {quoted(text)}: use exactly one, such as pi")
    return standard_form(name, form)


def _read(tree: Node) -> tuple[str | None, Form]:
    try:
        form, name = read_form(tree, _symbol)
    except NoSingleSymbol as refused:
        for part in _products(tree):
            try:
                whole = constants.constant(constant_text(part)).name
                form, name = read_form(_replaced(tree, part, whole), _symbol)
            except (InputError, NoEnclosure):
                continue
            return name, form
        raise refused from None
    return name, form


_ITSELF: Form = (fmpz_poly([0, 1]), fmpz_poly([1]))


def _symbol(node: Name | Call) -> tuple[str, Form]:
    name, form = _base(constant_text(node))
    return name, _ITSELF if form is None else form


def _leaf(node: Name | Call) -> tuple[str, Form]:
    return constants.constant(constant_text(node)).name, _ITSELF


def _products(tree: Node) -> list[Node]:
    """Distinct products, quotients and powers in the tree, the smallest first, with a name or a root in each."""
    found: dict[Node, None] = {}

    def seen(node: Node, worth: bool) -> tuple[Node, bool]:
        if worth and isinstance(node, Binary) and node.operator in "*/^":
            found[node] = None
        return node, worth

    def plain(node: Node, worth: bool) -> tuple[Node, bool]:
        return node, worth

    def exponent_node(exponent: Fraction) -> Node:
        top = Integer(exponent.numerator)
        return top if exponent.denominator == 1 else Binary("/", top, Integer(exponent.denominator))

    # Children are folded before their parents, so the order of discovery already puts every part before its whole.
    fold(
        tree,
        integer=lambda value: plain(Integer(value), False),
        name=lambda name: plain(Name(name), True),
        call=lambda item: plain(item, True),
        negate=lambda item: plain(Negate(item[0]), item[1]),
        binary=lambda sign, x, y: seen(Binary(sign, x[0], y[0]), (x[1] or y[1]) and sign in "*/"),
        power=lambda x, k: seen(Binary("^", x[0], exponent_node(k)), x[1] or k.denominator > 1),
    )
    return list(found)[:_CANDIDATES]


def _replaced(tree: Node, part: Node, name: str) -> Node:
    """The tree with ``Name(name)`` in every place where ``part`` stands."""
    swap: Callable[[Node], Node] = lambda node: Name(name) if node == part else node  # noqa: E731

    def power(base: Node, exponent: Fraction) -> Node:
        top = Integer(exponent.numerator)
        whole = exponent.denominator == 1
        return swap(Binary("^", base, top if whole else Binary("/", top, Integer(exponent.denominator))))

    return fold(
        tree,
        integer=lambda value: Integer(value),
        name=lambda text: Name(text),
        call=lambda item: item,
        negate=lambda item: Negate(item),
        binary=lambda sign, x, y: swap(Binary(sign, x, y)),
        power=power,
    )


def standard_form(name: str, form: Form) -> tuple[str, Form]:
    """The same function of the same constant, written with the constant that identities use for it.

    A multiple or a power of one constant gives way to that constant (``2*pi`` to ``pi``, ``catalan^3`` to ``catalan``);
    after that, where only powers of some c^g occur that has its own row in the catalogue (``e^2``), c^g is taken, for
    the largest g.

    >>> standard_form("2*pi", (fmpz_poly([1, 1]), fmpz_poly([1])))
    ('pi', (2*x + 1, 1))
    >>> standard_form("e", (fmpz_poly([1]), fmpz_poly([3, 0, 1])))
    ('e^2', (1, x + 3))
    """
    name, inner = _base(name)
    if inner is not None:
        form = compose(form, inner)
    common = exponents_gcd(form)
    for g in range(common, 1, -1):
        if common % g == 0 and constants.is_name(f"{name}^{g}"):
            coefficients = (polynomial.coeffs()[::g] for polynomial in form)
            top, bottom = (fmpz_poly(row) for row in coefficients)
            return constants.constant(f"{name}^{g}").name, lowest_terms(top, bottom)
    return name, form


@lru_cache(maxsize=4096)
def _base(name: str) -> tuple[str, Form | None]:
    """A constant's canonical name, or the one constant it is a rational function of, with that function."""
    name = constants.constant(name).name
    try:
        form, base = read_form(parse(name), _leaf)
    except InputError:
        return name, None
    return (name, None) if base is None or base == name else (base, form)
