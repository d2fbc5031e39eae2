"""The safe parser: what it reads, what it refuses, and how fast it refuses."""

from __future__ import annotations

import contextlib
import re
import time
from fractions import Fraction
from operator import neg

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.errors import InputError
from constants_lab.syntax import (
    Binary,
    Call,
    Integer,
    Name,
    Negate,
    exponent_of,
    fold,
    names,
    parse,
    quoted,
)

POINT = {"n": Fraction(7, 3), "e": Fraction(-5, 2), "pi": Fraction(22, 7)}


def rational(text: str) -> Fraction:
    """Value of a formula over Q with the names of POINT."""

    def binary(sign: str, x: Fraction, y: Fraction) -> Fraction:
        return {"+": x.__add__, "-": x.__sub__, "*": x.__mul__, "/": x.__truediv__}[sign](y)

    def call(node: Call) -> Fraction:
        raise AssertionError(node)

    return fold(
        parse(text),
        integer=Fraction,
        name=POINT.__getitem__,
        call=call,
        negate=neg,
        binary=binary,
        power=lambda base, exponent: base ** int(exponent),
    )


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2n+1", "2*n + 1"),
        ("3(n+1)", "3*(n+1)"),
        ("2pi", "2*pi"),
        ("2e^2", "2*(e^2)"),
        ("2e", "2*e"),
        ("2e + 5", "2*e+5"),
        ("n^2(n+1)", "(n^2)*(n+1)"),
        ("1 - 2n", "1 - (2*n)"),
        ("1/(2n)", "1/(2*n)"),
        ("n^-3", "1/n^3"),
        ("n**(-3)", "1/n^3"),
        ("-n^2", "-(n^2)"),
        ("2^3", "8"),
        ("1-2-3", "(1-2)-3"),
        ("8/4/2", "(8/4)/2"),
        ("--n", "n"),
        ("+n - -1", "n+1"),
        ("007", "7"),
        ("\t( ( n ) )  ", "n"),
    ],
)
def test_notation(text: str, same: str) -> None:
    assert rational(text) == rational(same)


def test_precedence_is_that_of_python() -> None:
    n = POINT["n"]
    assert rational("-n^2*3/5 - 2*n^-1") == -(n**2) * 3 / 5 - 2 * n**-1


def test_tree() -> None:
    assert parse("besseli_ratio(0, -2)") == Call("besseli_ratio", (Integer(0), Negate(Integer(2))))
    assert parse("2^(1/2)") == Binary("^", Integer(2), Binary("/", Integer(1), Integer(2)))
    assert parse("n^-4") == Binary("^", Name("n"), Integer(-4))
    assert hash(parse("n^2+1")) == hash(parse("n ** 2 + 1"))
    assert names(parse("a*n + zeta(k) - a^2")) == {"a", "n", "k"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n^(-2/4)", Fraction(-1, 2)),
        ("n^(6/-3)", Fraction(-2)),
        ("n^-(3/5)", Fraction(-3, 5)),
        ("n^1000", Fraction(1000)),
    ],
)
def test_exponents_have_one_form(text: str, value: Fraction) -> None:
    tree = parse(text)
    assert isinstance(tree, Binary)
    assert exponent_of(tree.right) == value


# (text, a word its message must contain)
HOSTILE = [
    ("", "empty"),
    ("  \t ", "empty"),
    ("__import__('os').system('x')", "underscore"),
    ("n.__class__", "attribute"),
    ("n .real", "attribute"),
    ("().__class__", "attribute"),
    ("9**9**9", "exponent"),
    ("9^9^9", "exponent"),
    ("9^(9)^9", "exponent"),
    ("9^-9^9", "exponent"),
    ("9^(9^9)", "exponent"),
    ("(((9^999)^999)^999)^999", "2^10000"),
    ("(9^999)^9", "could pass"),
    ("(n+1)^900*(n^9)^900", "could pass"),
    ("n^n", "exponent"),
    ("n^-n", "exponent"),
    ("n^(n)", "exponent"),
    ("2^(1+1)", "exponent"),
    ("n^1001", "1000"),
    ("n^(1/1001)", "1000"),
    ("n^(1/0)", "zero"),
    ("(" * 10_000 + "1" + ")" * 10_000, "characters"),
    ("(" * 400 + "1" + ")" * 400, "brackets"),
    ("f(" * 300 + "1" + ")" * 300, "brackets"),
    ("-" * 5000 + "1", "characters"),
    ("-" * 900 + "1", "signs"),
    ("-" * 1900 + "1", "1000 parts"),
    ("1+" * 999 + "1", "1000 parts"),
    ("1+" * 499 + "1", "levels"),
    ("1-" * 400 + "1", "levels"),
    ("n " * 900, "operator"),
    ("2^" * 400 + "2", "exponent"),
    ("1" * 1_000_000, "characters"),
    ("9" * 401, "400"),
    ("1+1\n+1", "line break"),
    ("1\r", "line break"),
    ("1\x00", "control"),
    ("1\x1b[2J", "control"),
    ("\u03c0", "ASCII"),
    ("4/(\u0440i-2)", "position 4"),
    ("\uff11+1", "ASCII"),
    ("1\u00a0+1", "ASCII"),
    ("\u202e1+n", "ASCII"),
    ("n\u00b2", "ASCII"),
    ("\ud800", "ASCII"),
    ("1.5", "floats"),
    (".5", "floats"),
    ("1.", "floats"),
    ("1e5", "floats"),
    ("1E-5", "floats"),
    ("2e+5", "floats"),
    ("3j", "complex"),
    ("1.5J", "complex"),
    ("1_000", "underscores"),
    ("0x1F", "hexadecimal"),
    ("0b101", "binary"),
    ("0o17", "octal"),
    ("'n'", "strings"),
    ('f"{n}"', "strings"),
    ("n[0]", "square"),
    ("[n]", "square"),
    ("{n}", "curly"),
    ("lambda n: n", "lambda"),
    ("n if n else 1", "if"),
    ("n for n in n", "for"),
    ("not n", "not"),
    ("n and 1", "and"),
    ("True", "True"),
    ("await n", "await"),
    ("n == 1", "comparison"),
    ("n < 1", "comparison"),
    ("n = 1", "equals"),
    ("(n := 1)", "assignment"),
    ("*n", "expected"),
    ("f(*n)", "expected"),
    ("f(**n)", "expected"),
    ("f(k=1)", "equals"),
    ("n // 2", "//"),
    ("n % 2", "%"),
    ("n @ n", "@"),
    ("~n", "~"),
    ("n | 1", "|"),
    ("n!", "factorials"),
    ("n; n", "semicolons"),
    ("n # 1", "comments"),
    ("n \\ 1", "not allowed"),
    ("1 ? n", "not allowed"),
    ("n***2", "not allowed"),
    ("1, 2", "comma"),
    ("(1, 2)", "comma"),
    ("f()", "empty"),
    ("f(1,)", "expected"),
    ("()", "empty"),
    ("(n", "closed"),
    ("n)", "closing"),
    ("n +", "stops"),
    ("* n", "expected"),
    ("2 3", "operator"),
    ("n 2", "operator"),
    ("(n)(n)", "operator"),
    ("(n)n", "operator"),
    ("f(1)(2)", "operator"),
    ("1/2n", "two readings"),
    ("1/2(n+1)", "two readings"),
    ("1/-2n", "two readings"),
    ("n^2n", "two readings"),
]


@pytest.mark.parametrize(("text", "word"), HOSTILE, ids=[ascii(text[:20]) for text, _ in HOSTILE])
def test_refused_in_one_short_sentence(text: str, word: str) -> None:
    start = time.perf_counter()
    with pytest.raises(InputError) as refused:
        parse(text)
    assert time.perf_counter() - start < 0.1
    message = str(refused.value)
    assert word in message
    assert message.isascii()
    assert "\n" not in message
    assert len(message) < 260


def test_text_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(InputError, match="must be text, not int"):
        parse(3)  # type: ignore[arg-type]


def test_the_longest_chains_that_are_read_can_be_used() -> None:
    chain = "n" + "+n" * 199
    tree = parse(chain)
    assert rational(chain) == 200 * POINT["n"]
    assert hash(tree) == hash(parse(chain))
    assert tree == parse(chain)
    assert "Name" in repr(tree)


def test_quoted_is_short_ascii() -> None:
    assert quoted("2n+1") == "'2n+1'"
    for text in ("x" * 61, "\u03c0" * 20, "\U0001f600" * 40, "\\" * 59, "'" * 60):
        assert quoted(text).isascii()
        assert len(quoted(text)) <= 60


small = st.integers(0, 50).map(str)
atoms = small | st.sampled_from(sorted(POINT))
formulas = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", " - ", "*", " / "]), inner).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        st.tuples(atoms, st.integers(-3, 3)).map(lambda pair: f"{pair[0]}**{pair[1]}"),
    ),
    max_leaves=12,
)


@given(formulas)
def test_same_value_as_python(text: str) -> None:
    # The formulas are built above from digits, three names and operators, so Python itself can be the judge.
    python = re.sub(r"\d+", r"Fraction(\g<0>)", text)
    try:
        expected = eval(python, {"__builtins__": {}}, {"Fraction": Fraction, **POINT})
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            rational(text)
        return
    assert rational(text) == expected


@settings(max_examples=300)
@given(st.text(st.sampled_from("0123456789nef_()[].,+-*/^ '\"=<:!jxE\n\x00\u03c0"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        hash(parse(text))
