"""Bad input: one sentence on standard error, the right exit code, nothing printed and nothing written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

SEARCH = ("search", "lookup")
A = ("--a-degree", "1", "--a-range=-3..3")
B = ("--b-degree", "2", "--b-range=-3..3")
FAMILY = ("search", "lookup", "--constant", "pi")


def refused(outcome: Any, code: int = 2) -> str:
    """The one sentence of a refusal."""
    assert outcome.code == code, outcome
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    assert "unexpected" not in outcome.err.replace("unexpected extra argument", "")
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("clab: ")
    assert lines[0].endswith(".")
    assert len(lines[0]) < 500
    return lines[0]


def search(*options: str) -> tuple[str, ...]:
    return (*SEARCH, *options)


SPACES = {
    "no constant": (search(*A, *B), "no constant"),
    "unknown constant": (search("--constant", "katalan", *A, *B), "catalan"),
    "unknown among several": (search("--constants", "pi,eulergamma", *A, *B), "euler_gamma"),
    "rational constant": (search("--constant", "zeta(1)", *A, *B), "zeta"),
    "empty constant": (search("--constant", "", *A, *B), "empty"),
    "code as constant": (search("--constant", "__import__('os').system('x')", *A, *B), ""),
    "no ranges": (search("--constant", "pi"), "box needs"),
    "no range of b": (search("--constant", "pi", *A, "--b-degree", "2"), "b-range"),
    "reversed range": (search("--constant", "pi", "--a-degree", "1", "--a-range=3..1", *B), "reversed"),
    "empty range": (search("--constant", "pi", "--a-degree", "1", "--a-range=", *B), "not a range"),
    "commas alone": (search("--constant", "pi", "--a-degree", "1", "--a-range=,", *B), "not a range"),
    "words": (search("--constant", "pi", "--a-degree", "1", "--a-range=a..b", *B), "not a range"),
    "floats": (search("--constant", "pi", "--a-degree", "1", "--a-range=1.5..2.5", *B), "not a range"),
    "other digits": (search("--constant", "pi", "--a-degree", "1", "--a-range=١..٢", *B), "not a range"),
    "zero range": (search("--constant", "pi", "--a-degree", "1", "--a-range=0..0", *B), "not zero"),
    "too few ranges": (search("--constant", "pi", *A, "--b-degree", "2", "--b-range=1..2,3..4"), "2 ranges"),
    "astronomic range": (search("--constant", "pi", "--a-degree", "1", f"--a-range=-{10**30}..{10**30}", *B), "large"),
    "astronomic box": (search("--constant", "pi", *A, "--b-degree", "9", "--b-range=-99..99"), "--allow-large"),
    "beyond any index": (
        search("--constant", "pi", *A, "--b-degree", "12", "--b-range=-99..99", "--allow-large"), "smaller",
    ),
    "degree below zero": (search("--constant", "pi", "--a-degree", "-1", "--a-range=-3..3", *B), "degree"),
    "degree over twelve": (search("--constant", "pi", "--a-degree", "13", "--a-range=-3..3", *B), "12"),
    "degree in words": (search("--constant", "pi", "--a-degree", "one", "--a-range=-3..3", *B), "integer"),
    "lhs zero": (search("--constant", "pi", "--lhs", "0", *A, *B), "lhs"),
    "lhs over hundred": (search("--constant", "pi", "--lhs", "101", *A, *B), "100"),
    "box and family": (search("--constant", "pi", *A, *B, "--a", "n", "--b", "n"), "either"),
    "half a family": ((*FAMILY, "--a", "n"), "both"),
    "symbol without range": ((*FAMILY, "--a", "A*n", "--b", "n^2"), "--range A="),
    "range without symbol": ((*FAMILY, "--a", "n", "--b", "n^2", "--range", "A=1..2"), "neither"),
    "range of n": ((*FAMILY, "--a", "n", "--b", "n^2", "--range", "n=1..2"), "index"),
    "no symbol": ((*FAMILY, "--a", "A*n", "--b", "n^2", "--range", "1..2"), "--range A=1..5"),
    "two ranges of a symbol": ((*FAMILY, "--a", "A*n", "--b", "n", "--range", "A=1..2,A=3..4"), "two ranges"),
    "reversed range of a symbol": ((*FAMILY, "--a", "A*n", "--b", "n", "--range", "A=2..1"), "reversed"),
    "symbol of another script": ((*FAMILY, "--a", "А*n", "--b", "n", "--range", "А=1..2"), ""),
    "both formats": (search("--constant", "pi", *A, *B, "--json", "--csv"), "exclude"),
    "unknown option": (search("--constnat", "pi", *A, *B), "--constant"),
    "unknown command": (("serach",), "No such command"),
    "workers below zero": (search("--constant", "pi", *A, *B, "--workers", "-1"), "workers"),
}  # fmt: skip

HOSTILE = {
    "code": "__import__('os').system('touch broken')",
    "attribute": "n.__class__",
    "subscript": "n[0]",
    "lambda": "(lambda: n)()",
    "string": "'n'*9",
    "tower": "9**9**9",
    "tower of symbols": "n^n",
    "long exponent": "n^99999999999",
    "big number": "9" * 5000,
    "nested": "(" * 10_000 + "n" + ")" * 10_000,
    "megabyte": "n+" * 50_000 + "n",
    "unknown function": "sin(n)",
    "known function": "zeta(3)*n",
    "float": "1.5*n",
    "exponent float": "1e3*n",
    "complex": "1j*n",
    "comparison": "n<3",
    "walrus": "(n:=3)",
    "empty": "",
    "blank": "   ",
    "newline": "n\n+1",
    "nul": "n\0",
    "look-alike": "ո+1",
    "fullwidth": "ｎ+1",
    "superscript": "n²",
    "dangling": "n+",
    "division": "1/n",
    "halves": "n/2",
    "by zero": "n/0",
    "zero": "n-n",
    "negative power": "n^-2",
    "high degree": "n^40",
    "exploding": "(A+B+C+D+E+F+n)^48",
    "huge value": "(A*10^30)*n",
}


@pytest.mark.parametrize("name", SPACES)
def test_a_space_that_cannot_be_searched_is_refused(clab_here: Run, tmp_path: Path, name: str) -> None:
    arguments, said = SPACES[name]
    assert said in refused(clab_here(*arguments))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("where", ["--a", "--b"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_formula_is_refused(clab_here: Run, tmp_path: Path, name: str, where: str) -> None:
    other = "--b" if where == "--a" else "--a"
    ranges = [f"--range={symbol}=0..1" for symbol in "ABCDEF" if symbol in HOSTILE[name]]
    refused(clab_here(*FAMILY, where, HOSTILE[name], other, "n+1", *ranges))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["unknown constant", "reversed range", "astronomic box", "unknown option"])
def test_the_process_itself_refuses_in_one_sentence(clab: Run, tmp_path: Path, name: str) -> None:
    arguments, said = SPACES[name]
    assert said in refused(clab(*arguments, cwd=tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["code", "nested", "megabyte"])
def test_the_process_itself_refuses_hostile_formulas(clab: Run, tmp_path: Path, name: str) -> None:
    refused(clab(*FAMILY, "--a", HOSTILE[name], "--b", "n", cwd=tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("3.14", "--constant", "pi"), "23 digits"),
        (("3.14159265358979323846",), "digits"),
        (("3.141592653589793238462", "--constant", "pi", "--degree", "4"), "digits"),
        (("3.1415926535897932384626433832795028841971", "--constant", "pi", "--bound", str(10**9)), "digits"),
        (("abc",), "not a decimal number"),
        (("",), "not a decimal number"),
        (("nan",), "not a decimal number"),
        (("inf",), "not a decimal number"),
        (("1_000.5",), "not a decimal number"),
        (("__import__('os')",), "not a decimal number"),
        (("-", "--constant", "pi"), "not a decimal number"),
        (("1e999999999999", "--constant", "pi"), ""),
        (("3.1415926535897932384626433832795", "--constant", "pie"), "pi"),
        (("3.1415926535897932384626433832795", "--degree", "0"), "degree"),
        (("3.1415926535897932384626433832795", "--degree", "99"), "degree"),
        (("3.1415926535897932384626433832795", "--bound", "0"), "bound"),
        (("3.1415926535897932384626433832795", "--together"), "name the constants"),
        ((), "NUMBER"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_identified_is_refused(clab_here: Run, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(clab_here("identify", *arguments))


# Job files

GOOD = 'method = "lookup"\nconstants = ["pi"]\na-degree = 1\na-range = "-3..3"\nb-degree = 2\nb-range = "-3..3"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "depth = 3\n", "depth"),
        (GOOD + "[table]\nx = 1\n", "table"),
        (GOOD.replace("a-degree = 1\n", ""), "a-degree"),
        (GOOD.replace('constants = ["pi"]\n', ""), "constants"),
        (GOOD.replace('"pi"', ""), "constants"),
        (GOOD.replace('"pi"', '"pie"'), "pi"),
        (GOOD.replace('"pi"', "3"), "constants"),
        (GOOD.replace('method = "lookup"\n', ""), "method"),
        (GOOD.replace("lookup", "guess"), "lookup"),
        (GOOD.replace('"lookup"', "3"), "method"),
        (GOOD.replace("-3..3", "3..-3"), "reversed"),
        (GOOD.replace("a-degree = 1", "a-degree = 1.5"), "a-degree"),
        (GOOD.replace("a-degree = 1", "a-degree = 1979-05-27"), "a-degree"),
        (GOOD.replace('a-range = "-3..3"', "a-range = 3"), "a-range"),
        (GOOD + "a-degree = 2\n", "TOML"),
        ("a = [[[[", "TOML"),
        ("a = " + "[" * 100_000, "TOML"),
        ("", "method"),
    ],
)
def test_a_job_file_that_cannot_be_run_is_refused(clab_here: Run, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "job.toml"
    file.write_text(text)
    assert said in refused(clab_here("run", "job.toml"))
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("kind", ["missing", "folder", "bytes", "huge"])
def test_a_job_file_that_cannot_be_read_is_refused(clab_here: Run, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "job.toml"
    if kind == "folder":
        file.mkdir()
    elif kind == "bytes":
        file.write_bytes(b"\xff\xfe\x00method")
    elif kind == "huge":
        file.write_text("#" * 2_000_000)
    refused(clab_here("run", "job.toml"))
    assert not list(tmp_path.glob("*.db*"))


# Databases

JOB = search("--constant", "pi", *A, *B)


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x INTEGER)")
    connection.close()


@pytest.mark.parametrize("command", [JOB, ("jobs",), ("formulas",), ("show", "1"), ("coverage",), ("db", "info")])
@pytest.mark.parametrize("kind", ["folder", "text", "foreign", "no folder", "address"])
def test_a_database_that_is_none_of_ours_is_refused(
    clab_here: Run, tmp_path: Path, command: tuple[str, ...], kind: str
) -> None:
    path = tmp_path / "lab.db"
    said = {"folder": "folder", "text": "not an SQLite", "foreign": "another program"}.get(kind, "")
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("a letter to a friend\n" * 20)
    elif kind == "foreign":
        foreign(path)
    elif kind == "no folder":
        path = tmp_path / "nowhere" / "lab.db"
    before = path.read_bytes() if path.is_file() else None
    address = "mysql://me:secret@host/lab" if kind == "address" else str(path)
    sentence = refused(clab_here(*command, "--db", address))
    assert said in sentence
    assert "secret" not in sentence
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize("command", [("jobs",), ("formulas",), ("show", "1"), ("coverage",), ("verify", "1"),
                                     ("resume", "1"), ("cancel", "1"), ("db", "info"), ("db", "upgrade")])  # fmt: skip
def test_only_a_search_creates_a_database(clab_here: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "no database" in refused(clab_here(*command))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("revision", ["0001", "9999"])
def test_a_database_of_another_schema_is_refused(clab_here: Run, tmp_path: Path, searched: Any, revision: str) -> None:
    path = tmp_path / "lab.db"
    path.write_bytes(searched.db.read_bytes())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE constants_lab_version SET version_num = ?", (revision,))
    connection.close()
    for command in (JOB, ("formulas",)):
        sentence = refused(clab_here(*command, "--db", str(path)))
        assert ("clab db upgrade" in sentence) == (revision == "0001")
        assert ("newer" in sentence) == (revision == "9999")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_database_that_cannot_be_written_is_unavailable(clab_here: Run, tmp_path: Path, searched: Any) -> None:
    if os.geteuid() == 0:
        # Root may write anything; a file system that refuses even root stands for the missing right.
        assert refused(clab_here(*JOB, "--db", "/proc/lab.db"), code=3)
        return
    path = tmp_path / "lab.db"
    path.write_bytes(searched.db.read_bytes())
    path.chmod(0o444)
    assert "written" in refused(clab_here(*JOB, "--db", str(path)), code=3)


def test_a_server_that_is_not_there_is_unavailable(clab_here: Run, tmp_path: Path) -> None:
    address = "postgresql://me:secret@127.0.0.1:9/lab"
    assert "secret" not in refused(clab_here(*JOB, "--db", address), code=3)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "0"), "no formula 0"),
        (("show", str(10**30)), "no formula"),
        (("show", "one"), "ID"),
        (("verify",), "--all"),
        (("verify", "1", "--all"), "--all"),
        (("verify", "1", "--digits", "99"), "100"),
        (("verify", "99999"), "no formula"),
        (("resume", "7"), "no job 7"),
        (("cancel", "7"), "no job 7"),
        (("cancel", "1"), "finished"),
        (("formulas", "--job", "7"), "no job 7"),
        (("formulas", "--sort", "beauty"), "sorted"),
        (("formulas", "--evidence", "sure"), "proved"),
        (("formulas", "--kind", "sum"), "signed"),
        (("formulas", "--limit", "-1"), "limit"),
        (("formulas", "--constant", "pie"), "pi"),
        (("formulas", "--json", "--csv"), "exclude"),
        (("jobs", "--json", "--csv"), "exclude"),
        (("coverage", "--json", "--csv"), "exclude"),
        (("resume", "1", "--json", "--csv"), "exclude"),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    clab_here: Run, searched: Any, arguments: tuple[str, ...], said: str
) -> None:
    assert said in refused(clab_here(*arguments, "--db", str(searched.db)))
