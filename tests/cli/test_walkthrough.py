"""The two machines of docs/many-machines.md: exactly the commands that a reader copies, and what the page says they print.

They are run in namespaces of their own (network, mounts, processes), where the names and addresses of the page are free, and
which take everything that was started with them when they end.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "many-machines.md"
HEADING = "## Try it on one PC\n"
SECONDS = 600
"""After which the commands are killed; a machine that compiles the kernels first takes minutes."""


@functools.cache
def section() -> str:
    """The text of the walk-through."""
    return PAGE.read_text(encoding="utf-8").split(HEADING, 1)[1].split("\n## ", 1)[0]


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language in the walk-through, word for word."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", section(), re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def apart(folder: Path, script: str, *, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a script with ``bash -e`` in a folder, as root of new namespaces; killed with all that it started after so long."""
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    # `ip` keeps its names below /run.
    begin = 'mount -t tmpfs none /run && exec bash -e "$1"'
    (folder / "script.sh").write_text(script, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CONSTANTS_LAB")}
    # Where `ip` is found by root alone, too.
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    return subprocess.run(
        ["timeout", "--signal=KILL", str(seconds), *unshare, "bash", "-c", begin, "bash", "script.sh"],
        cwd=folder, env=kept | {"PATH": path}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def forbidden(folder: Path) -> str:
    """Why two machines cannot be had here; empty where they can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces need Linux"
    try:
        tried = apart(folder, blocks("bash")[0], seconds=30)
    except FileNotFoundError as error:
        return f"there is no `{error.filename}` here"
    said = (tried.stderr.strip().splitlines() or ["killed"])[-1]
    if tried.returncode == 0:
        return ""
    # What is wrong with the page itself must fail.
    reasons = (
        "not permitted",
        "permission denied",
        "not supported",
        "not found",
        "no such file",
        "no space left",
        "unknown device type",
    )
    assert any(reason in said.lower() for reason in reasons), tried.stderr
    return f"network namespaces are not allowed here: {said[:200]}"


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The outcome of all commands of the walk-through, one after the other."""
    folder = tmp_path_factory.mktemp("walk")
    reason = forbidden(folder)
    if reason:
        pytest.skip(reason)
    done = apart(folder, "".join(blocks("bash")), seconds=SECONDS)
    logs = "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in sorted(folder.glob("*.log")))
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}\n{logs}"
    for log in ("ada.log", "bob.log"):
        assert (folder / log).read_text().rstrip().endswith("left tls://10.77.0.1:8786."), logs
    assert "Traceback" not in done.stderr + logs
    return done


def job(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What `clab jobs 1 --json` printed, the last line."""
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_page_has_commands_and_what_they_print() -> None:
    assert len(blocks("bash")) == 4
    assert len(blocks("")) == 1


def test_two_machines_did_the_job(walked: subprocess.CompletedProcess[str]) -> None:
    found = job(walked)
    assert found["state"] == "done"
    assert found["done"] == found["total"] == (25**2 - 1) // 2 * (25**3 - 1)
    assert found["set_aside"] == []
    shares = {share["worker"]: share for share in found["contributions"]}
    assert set(shares) == {"ada", "bob"}
    assert sum(share["candidates"] for share in shares.values()) == found["total"]
    assert sum(share["findings"] for share in shares.values()) == found["findings"] == 5


def test_they_found_the_formulas(walked: subprocess.CompletedProcess[str]) -> None:
    rows = [re.split(r"\s{2,}", line.strip())[1:4] for line in walked.stdout.splitlines() if "verified" in line]
    assert rows == [
        ["1/(e - 1)", "n", "n"],
        ["e - 1", "n + 1", "n + 1"],
        ["e/(e - 1)", "n + 2", "-n"],
        ["e", "n + 3", "-n"],
        ["(e + 1)/(e - 1)", "4*n + 2", "1"],
    ]


def test_the_page_says_what_they_print(walked: subprocess.CompletedProcess[str]) -> None:
    """Line by line in order, where spaces count as one and ``…`` stands for anything."""
    (told,) = blocks("")
    # A line that begins with a space inside braces goes on with the one before it.
    lines = told.replace(",\n ", ", ").splitlines()
    ended = [line for line in walked.stderr.splitlines() if line.startswith("job 1: ")]
    *table, last = (line for line in walked.stdout.splitlines() if line.strip() and not set(line.strip()) <= {"─"})
    printed = [*table[1:], *ended, last]
    assert table[0] == "certs"
    assert len(lines) == len(printed) == 8
    for line, real in zip(lines, printed, strict=True):
        pattern = ".*".join(re.escape(" ".join(part.split())) for part in line.split("…"))
        assert re.fullmatch(pattern.replace(r"\ ", " "), " ".join(real.split())), (line, real)
