"""The safe parser: text that a user typed becomes a small immutable tree, or one sentence saying why not.

Implementation overview.  Three gates, each of which can only refuse:

1. the text is cut into tokens (integers, names, ``+ - * / ^ **``, brackets, commas) and walked once from left
   to right.  Everything else that Python knows is refused here, by name, and so are texts that are too long or
   nested too deeply.  After this gate the text is a well-formed formula;
2. ``^`` is rewritten as ``**``, an explicit ``*`` is put between an integer and what follows it, and
   :mod:`ast` parses the rewritten text (it never runs it); any node outside a short white list is refused;
3. the tree is rebuilt from the leaves up, checking exponents, depth, and a bound on the size of the numbers
   and degrees that evaluating it exactly can produce.

Grammar.  Precedence and associativity are those of Python, with ``^`` meaning ``**``: ``-n^2`` is ``-(n^2)``.
An exponent is an integer (``n^3``, ``n^-3``, ``n^(-3)``) or a quotient of integers in brackets (``n^(1/2)``),
never a power itself.  An integer directly before a name or a bracket multiplies it: ``2n+1``, ``3(n+1)``,
``2pi``, and ``n^2(n+1)`` is ``n^2*(n+1)``.  Where that has two readings (``1/2n``, ``n^2n``, ``2e+5``) the text is
refused.  A name before a bracket is a function call: ``zeta(3)``.

Nothing here knows what a name means; that is left to whoever evaluates the tree
(:func:`constants_lab.formula.tree.fold`, also importable from here).
"""

from __future__ import annotations

import ast
from fractions import Fraction

from constants_lab.errors import InputError
from constants_lab.formula.tokens import MAX_DIGITS, MAX_LENGTH, MAX_NODES, Token, quoted, refusal, tokens_of
from constants_lab.formula.tree import (
    Binary,
    Call,
    Integer,
    Name,
    Negate,
    Node,
    Operator,
    exponent_of,
    fold,
    names,
)

__all__ = [
    "MAX_BRACKETS",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_EXPONENT",
    "MAX_LENGTH",
    "MAX_NODES",
    "MAX_SIZE",
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
    "parse",
    "quoted",
]

MAX_BRACKETS = 50
"""Brackets open at one time."""
MAX_EXPONENT = 1000
"""Absolute value of an exponent, and of numerator and denominator of a fractional one."""
MAX_DEPTH = 200
"""Levels of the tree; a sum of k terms without brackets has k levels."""
MAX_SIZE = 10_000
"""Bound on the bits of an integer, and on the degree of a polynomial, that exact evaluation can reach."""


def parse(text: str) -> Node:
    """The tree of a formula; raises :class:`InputError` with one sentence for anything else.

    >>> parse("2n^2 - 1")
    Binary(operator='-', left=Binary(operator='*', left=Integer(value=2), right=Binary(operator='^', \
left=Name(name='n'), right=Integer(value=2))), right=Integer(value=1))
    >>> parse("zeta(3)")
    Call(name='zeta', arguments=(Integer(value=3),))
    >>> parse("n.__class__")
    Traceback (most recent call last):
        ...
    constants_lab.errors.InputError: cannot read 'n.__class__': at position 2, attribute access with a dot is not \
allowed: write a plain formula
    """
    if not isinstance(text, str):
        raise InputError(f"a formula must be text, not {type(text).__name__}: put it in quotes")
    rewritten = _rewrite(tokens_of(text), text)
    try:
        tree = ast.parse(rewritten, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"cannot read {quoted(text)}: it is not a formula, write one such as 4/(pi - 2)") from None
    return _build(tree, text)


def _rewrite(tokens: list[Token], text: str) -> str:
    """The formula in Python's notation, after checking that operands and operators alternate as they should.

    The only shapes that let Python's parser nest deeply without brackets are runs of signs and towers of powers;
    both are refused here, so its recursion is bounded by the brackets.
    """
    output: list[str] = []
    brackets: list[tuple[bool, Token]] = []  # (opens the arguments of a call?, token)
    expecting_operand = True
    signs = 0
    previous = Token("end", "", 0)
    for index, token in enumerate([*tokens, Token("end", "", len(text) + 1)]):
        kind, piece, position = token
        if expecting_operand:
            if kind == "operator" and piece in "+-":
                signs += 1
                if signs > 10:
                    raise refusal(text, position, "there are more than 10 signs in a row: write one")
                output.append(piece)
                continue
            signs = 0
            if kind not in ("integer", "name", "open"):
                raise refusal(text, position, _missing_operand(token, previous))
            if kind == "name" and previous.kind == "operator" and previous.text in ("^", "**"):
                raise refusal(text, position, f"the exponent {piece[:20]} is not a number: write an integer")
        elif kind in ("integer", "name", "open"):
            reason = _juxtaposed(tokens, index)
            if reason:
                raise refusal(text, position, reason)
            if previous.kind == "integer":
                output.append("*")
        if kind == "open":
            brackets.append((previous.kind == "name" and not expecting_operand, token))
            if len(brackets) > MAX_BRACKETS:
                raise refusal(text, position, f"brackets are more than {MAX_BRACKETS} deep: write it with fewer")
        elif kind == "close":
            if not brackets:
                raise refusal(text, position, "there is a closing bracket too many: remove it")
            brackets.pop()
        elif kind == "comma" and not (brackets and brackets[-1][0]):
            raise refusal(text, position, "a comma outside the arguments of a function is not allowed: remove it")
        elif kind == "end" and brackets:
            raise refusal(text, brackets[-1][1].position, "a bracket is never closed: close it")
        elif kind == "operator" and piece in ("^", "**") and _ends_exponent(tokens, index):
            raise refusal(text, position, "an exponent that is itself a power is not allowed: write the number out")
        # A zero in front would be an error in Python (it once meant octal); here the digits are decimal.
        output.append(str(int(piece)) if kind == "integer" else "**" if piece == "^" else piece)
        expecting_operand = kind in ("operator", "open", "comma")
        previous = token
    return " ".join(output)


def _missing_operand(token: Token, previous: Token) -> str:
    if token.kind == "end":
        return "the formula stops too early: a number or a name must follow"
    if previous.kind == "open" and token.kind == "close":
        return "the brackets are empty: put a number or a name between them"
    return f"a number or a name was expected before {token.text}: add it"


def _juxtaposed(tokens: list[Token], index: int) -> str:
    """Why token ``index`` may not follow its predecessor without an operator; empty if it may."""
    previous, token = tokens[index - 1], tokens[index]
    if previous.kind == "name" and token.kind == "open":
        return ""
    if previous.kind == "integer" and token.kind != "integer":
        before = index - 2
        while before >= 0 and tokens[before].text in ("+", "-"):
            before -= 1
        operator = tokens[before].text if before >= 0 else ""
        both = f"{previous.text[:10]}{token.text[:10]}"
        # "1/-2n" is as ambiguous as "1/2n"; "1 - 2n" is not, for there the signs follow an operand.
        if operator == "/":
            return f"/{both} has two readings: write brackets and * to say which"
        if operator in ("^", "**") and token.kind == "name":
            return f"the exponent {both} has two readings: write brackets and * to say which"
        return ""
    return f"an operator is missing between {previous.text[:10]} and {token.text[:10]}: write * for a product"


def _ends_exponent(tokens: list[Token], index: int) -> bool:
    """Whether the operand that ends just before token ``index`` is the exponent of a power."""
    start = index - 1
    if tokens[start].kind == "close":
        depth = 0
        while True:
            depth += {"close": 1, "open": -1}.get(tokens[start].kind, 0)
            if depth == 0:
                break
            start -= 1
        if start > 0 and tokens[start - 1].kind == "name":
            start -= 1
    start -= 1
    while start >= 0 and tokens[start].text in ("+", "-"):
        start -= 1
    return start >= 0 and tokens[start].text in ("^", "**")


_OPERATORS: dict[type[ast.operator], Operator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "^",
}


def _build(tree: ast.expr, text: str) -> Node:
    """Our tree from Python's, children first, with an explicit stack so that depth costs no recursion."""
    done: list[tuple[Node, int, int]] = []  # (node, depth, bound on bits and degree)
    pending: list[tuple[ast.expr, bool]] = [(tree, False)]
    while pending:
        item, children_done = pending.pop()
        children = _children(item, text)
        if children and not children_done:
            pending.append((item, True))
            pending.extend((child, False) for child in reversed(children))
            continue
        cut = len(done) - len(children)
        parts = done[cut:]
        del done[cut:]
        depth = 1 + max((part[1] for part in parts), default=0)
        if depth > MAX_DEPTH:
            raise InputError(f"the formula {quoted(text)} has more than {MAX_DEPTH} levels: shorten it")
        node, size = _assemble(item, parts, text)
        if size > MAX_SIZE:
            raise InputError(
                f"a number in {quoted(text)} could pass 2^{MAX_SIZE}, or a degree {MAX_SIZE}: use smaller exponents"
            )
        done.append((node, depth, size))
    return done[0][0]


def _children(item: ast.expr, text: str) -> list[ast.expr]:
    match item:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Call(args=arguments, keywords=[]):
            return list(arguments)
        case ast.Constant() | ast.Name():
            return []
    raise InputError(f"cannot read {quoted(text)}: {type(item).__name__} is not allowed, write a plain formula")


def _assemble(item: ast.expr, parts: list[tuple[Node, int, int]], text: str) -> tuple[Node, int]:
    nodes = [part[0] for part in parts]
    sizes = [part[2] for part in parts]
    match item:
        case ast.Constant(value=value) if type(value) is int:
            return Integer(value), max(1, value.bit_length())
        case ast.Name(id=name):
            return Name(name), 1
        case ast.Call(func=ast.Name(id=name)):
            return Call(name, tuple(nodes)), max(sizes)
        case ast.UnaryOp(op=ast.UAdd()):
            return nodes[0], sizes[0]
        case ast.UnaryOp(op=ast.USub()):
            return Negate(nodes[0]), sizes[0]
        case ast.BinOp(op=ast.Pow()):
            exponent = _exponent(nodes[1], text)
            normal: Node = Integer(exponent.numerator)
            if exponent.denominator > 1:
                normal = Binary("/", normal, Integer(exponent.denominator))
            return Binary("^", nodes[0], normal), sizes[0] * max(1, abs(exponent.numerator))
        case ast.BinOp(op=operator) if type(operator) in _OPERATORS:
            sign = _OPERATORS[type(operator)]
            # Sums of fractions meet over the product of their denominators, so sizes add for every operator.
            return Binary(sign, nodes[0], nodes[1]), sum(sizes) + (sign in "+-")
    raise InputError(f"cannot read {quoted(text)}: {type(item).__name__} is not allowed, write a plain formula")


def _exponent(node: Node, text: str) -> Fraction:
    match node:
        case Binary("/", top, bottom):
            numerator, denominator = _signed(top), _signed(bottom)
        case Negate(Binary("/", top, bottom)):
            numerator, denominator = _signed(top), _signed(bottom)
            numerator = None if numerator is None else -numerator
        case _:
            numerator, denominator = _signed(node), 1
    if numerator is None or denominator is None:
        raise InputError(f"an exponent in {quoted(text)} is not a number: write an integer or a fraction such as (1/2)")
    if denominator == 0:
        raise InputError(f"an exponent in {quoted(text)} divides by zero: write another fraction")
    value = Fraction(numerator, denominator)
    if abs(value.numerator) > MAX_EXPONENT or value.denominator > MAX_EXPONENT:
        raise InputError(f"an exponent in {quoted(text)} is larger than {MAX_EXPONENT}: use a smaller one")
    return value


def _signed(node: Node) -> int | None:
    sign = 1
    while isinstance(node, Negate):
        sign, node = -sign, node.operand
    return sign * node.value if isinstance(node, Integer) else None
