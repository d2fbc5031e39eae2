"""The command line as a user runs it (a process) and, where many cases are tried, inside this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from constants_lab.cli.main import run_command

COMMAND = [sys.executable, "-m", "constants_lab.cli.main"]


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code and the two streams."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON objects of standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Outcome]


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CONSTANTS_LAB")}
    return kept | {"COLUMNS": "200"}


@pytest.fixture(scope="session")
def clab() -> Run:
    """Run ``clab`` with arguments as its own process."""

    def run(*arguments: str, cwd: Path | None = None, **more: str) -> Outcome:
        done = subprocess.run(
            [*COMMAND, *arguments], capture_output=True, text=True, timeout=120, cwd=cwd, env=environment() | more
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def clab_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The same inside this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for key in list(os.environ):
        if key.startswith("CONSTANTS_LAB"):
            monkeypatch.delenv(key)

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run_command(list(arguments))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run


BOX = (
    "--constant", "pi", "--constants", "e", "--lhs", "8", "--a-degree", "1", "--a-range=-5..5",
    "--b-degree", "2", "--b-range=-4..4",
)  # fmt: skip


@dataclass(frozen=True)
class Searched:
    """A finished search in a database."""

    db: Path
    outcome: Outcome


@pytest.fixture(scope="session")
def searched(clab: Run, tmp_path_factory: pytest.TempPathFactory) -> Searched:
    db = tmp_path_factory.mktemp("searched") / "lab.db"
    outcome = clab("search", "lookup", *BOX, "--db", str(db), "--json")
    assert outcome.code == 0, outcome.err
    return Searched(db, outcome)


@pytest.fixture(scope="session")
def box() -> tuple[str, ...]:
    """The options of the search in ``searched``."""
    return BOX
