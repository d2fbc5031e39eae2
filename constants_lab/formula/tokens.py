"""The first gate of the safe parser: text becomes tokens, and whatever is not part of a formula is refused.

Every refusal is an :class:`constants_lab.errors.InputError` of one sentence that names what is not allowed.
"""

from __future__ import annotations

import keyword
import re
from typing import Literal, NamedTuple

from constants_lab.errors import InputError

__all__ = ["MAX_DIGITS", "MAX_LENGTH", "MAX_NODES", "Token", "quoted", "refusal", "tokens_of"]

MAX_LENGTH = 2000
"""Characters in a text."""
MAX_DIGITS = 400
"""Decimal digits of an integer."""
MAX_NODES = 1000
"""Parts (integers, names, operators, brackets, commas) of a text."""


def quoted(text: str) -> str:
    """``text`` in quotes, as ASCII and at most 60 characters long, for use in a message.

    >>> quoted("2n+1")
    "'2n+1'"
    >>> len(quoted("1+" * 5000)) <= 60
    True
    """
    whole = ascii(text[:60])
    if len(text) <= 60 and len(whole) <= 60:
        return whole
    cut = 50
    while len(ascii(text[:cut])) > 57:
        cut -= 5
    return ascii(text[:cut]) + "..."


class Token(NamedTuple):
    """A piece of a formula; ``position`` is that of its first character, counted from 1."""

    kind: Literal["integer", "name", "operator", "open", "close", "comma", "end"]
    text: str
    position: int


# A float comes before an integer, so that "2e5" is one (refused) token, while "2e" and "2e^2" multiply by e.
_SCANNER = re.compile(
    r"""(?P<space>[ \t]+)
      | (?P<prefixed>0[xXoObB](?=[0-9a-fA-F_]|\b)\w*)
      | (?P<underscore>\d+_\w*)
      | (?P<complex>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[jJ]\b)
      | (?P<float>\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
      | (?P<integer>\d+)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<forbidden>//|:=|==|!=|<=|>=|<<|>>|->|\*\*\*+)
      | (?P<operator>\*\*|[-+*/^])
      | (?P<open>\()
      | (?P<close>\))
      | (?P<comma>,)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

_REFUSED = {
    "prefixed": "hexadecimal, octal and binary numbers are not allowed: write it in decimal",
    "underscore": "underscores inside numbers are not allowed: write the digits alone",
    "complex": "complex numbers are not allowed: write a real formula",
    "float": "floats are not allowed: write a fraction such as 1/2 (or 2*e + 5 if that is meant)",
}

_REFUSED_SIGNS = {
    "//": "whole-number division // is not allowed: write /",
    ":=": "assignment is not allowed: write a formula",
    "->": "arrows are not allowed: write a formula",
    "==": "comparison is not allowed: write one side only",
    "!=": "comparison is not allowed: write one side only",
    "<=": "comparison is not allowed: write one side only",
    ">=": "comparison is not allowed: write one side only",
    "<": "comparison is not allowed: write one side only",
    ">": "comparison is not allowed: write one side only",
    "=": "an equals sign is not allowed: write one side only",
    "<<": "shifts are not allowed: write a product with a power of 2",
    ">>": "shifts are not allowed: write a quotient by a power of 2",
    ".": "attribute access with a dot is not allowed: write a plain formula",
    "'": "strings are not allowed: write a plain formula",
    '"': "strings are not allowed: write a plain formula",
    "`": "backquotes are not allowed: write a plain formula",
    "[": "square brackets (lists, subscripts) are not allowed: use round brackets",
    "]": "square brackets (lists, subscripts) are not allowed: use round brackets",
    "{": "curly brackets (sets, dictionaries) are not allowed: use round brackets",
    "}": "curly brackets (sets, dictionaries) are not allowed: use round brackets",
    "!": "factorials are not allowed: write gamma(n+1) or the number itself",
    "%": "remainders with % are not allowed: write an exact formula",
    "@": "the operator @ is not allowed: use + - * / ^",
    "&": "the operator & is not allowed: use + - * / ^",
    "|": "the operator | is not allowed: use + - * / ^",
    "~": "the operator ~ is not allowed: use + - * / ^",
    ":": "colons are not allowed: write a plain formula",
    ";": "semicolons are not allowed: give one formula at a time",
    "#": "comments are not allowed: write the formula alone",
}


def _check_characters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise InputError(f"the formula {quoted(text)} has {len(text)} characters, more than {MAX_LENGTH}: shorten it")
    if not text.strip():
        raise InputError("the formula is empty: write one such as 4/(pi - 2)")
    for position, character in enumerate(text, 1):
        code = ord(character)
        if code > 126:
            raise InputError(
                f"cannot read {quoted(text)}: the character {character!a} at position {position} is not ASCII, "
                "though it may look so: retype it, with names such as pi for symbols"
            )
        if code < 32 and character != "\t":
            kind = "line break" if character in "\n\r" else "control character"
            raise InputError(
                f"cannot read {quoted(text)}: there is a {kind} at position {position}: write the formula on one line"
            )


def refusal(text: str, position: int, reason: str) -> InputError:
    """The error that says why ``text`` is refused and where."""
    return InputError(f"cannot read {quoted(text)}: at position {position}, {reason}")


def tokens_of(text: str) -> list[Token]:
    """The tokens of a formula, in order; raises :class:`InputError` for text that cannot be part of one."""
    _check_characters(text)
    tokens: list[Token] = []
    for match in _SCANNER.finditer(text):
        kind, piece, position = str(match.lastgroup), match.group(), match.start() + 1
        if kind == "space":
            continue
        if kind in _REFUSED:
            raise refusal(text, position, _REFUSED[kind])
        if kind in ("forbidden", "other"):
            default = f"{piece[:5]} is not allowed: use + - * / ^ and round brackets"
            raise refusal(text, position, _REFUSED_SIGNS.get(piece, default))
        if kind == "integer" and len(piece) > MAX_DIGITS:
            reason = f"an integer has {len(piece)} digits, more than {MAX_DIGITS}: use a smaller one"
            raise refusal(text, position, reason)
        if kind == "name":
            if keyword.iskeyword(piece):
                raise refusal(text, position, f"the Python word {piece} is not allowed: write a plain formula")
            if piece.startswith("_"):
                reason = f"the name {piece[:20]} begins with an underscore, which is not allowed: rename it"
                raise refusal(text, position, reason)
        tokens.append(Token(kind, piece, position))  # type: ignore[arg-type]
    if len(tokens) > MAX_NODES:
        raise InputError(f"the formula {quoted(text)} has more than {MAX_NODES} parts: write a shorter one")
    return tokens
