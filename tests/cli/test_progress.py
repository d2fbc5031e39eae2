"""What ``clab jobs --json`` tells while a job runs, is killed and goes on: exact at every moment."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

COMMAND = (sys.executable, "-m", "constants_lab.cli.main")
BOX = (
    "search", "lookup", "--constant", "e", "--lhs", "4", "--a-degree", "1", "--a-range=-12..12",
    "--b-degree", "2", "--b-range=-20..20",
)  # fmt: skip
TOTAL = (25**2 - 1) // 2 * (41**3 - 1)
UNIT_SECONDS = ("--unit-seconds", "0.1")
PATIENCE = 200.0
"""Seconds; a busy machine is slow to start processes."""


@dataclass(frozen=True)
class Rows:
    """The rows of the only job at one moment: its merged intervals, and how many meetings with a formula."""

    units: tuple[tuple[int, int], ...]
    findings: int

    @property
    def done(self) -> int:
        return sum(stop - start for start, stop in self.units)

    def within(self, other: Rows) -> bool:
        """Whether every candidate done here is done there."""
        return all(any(left <= start and stop <= right for left, right in other.units) for start, stop in self.units)


def rows(path: Path) -> Rows:
    """What the tables hold, read in one transaction and without the program."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        connection.execute("begin")
        units = connection.execute("select start, stop from unit order by start").fetchall()
        (findings,) = connection.execute("select count(*) from finding").fetchone()
    return Rows(tuple((int(start), int(stop)) for start, stop in units), findings)


@dataclass(frozen=True)
class Sample:
    """What the command told, and the rows just before and just after."""

    before: Rows
    told: dict[str, Any]
    after: Rows


def check(samples: list[Sample]) -> None:
    """Every sample is what the tables hold, and nothing that was told is ever taken back."""
    for sample in samples:
        told = sample.told
        assert told["total"] == TOTAL
        assert sample.before.done <= told["done"] <= sample.after.done
        assert sample.before.findings <= told["findings"] <= sample.after.findings
        assert sample.before.within(sample.after)
        if sample.before == sample.after:
            assert (told["done"], told["findings"]) == (sample.after.done, sample.after.findings)
    for name in ("done", "findings"):
        numbers = [sample.told[name] for sample in samples]
        assert numbers == sorted(numbers)


@contextlib.contextmanager
def running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process group of its own, ended by force with the block."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([*COMMAND, *arguments], stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def held(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """The command and its workers do nothing within the block."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_progress_is_exact_throughout(clab_here: Run, tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    samples: list[Sample] = []

    def sample() -> bool:
        if not path.exists() or not (outcome := clab_here("jobs", "--db", str(path), "--json")).objects:
            return False
        # The first time there are no rows to compare with before the job exists.
        before = samples[-1].after if samples else Rows((), 0)
        samples.append(Sample(before, outcome.objects[0], rows(path)))
        return True

    def sampled(process: subprocess.Popen[bytes], until: Callable[[], bool]) -> None:
        """Ask again and again: while the job runs, and while it and its workers are held, when all is exact."""
        limit = time.monotonic() + PATIENCE
        for number in itertools.count():
            if process.poll() is not None:
                return
            assert time.monotonic() < limit, (tmp_path / "log").read_text()
            if number % 4 == 0:
                sample()
            else:
                with held(process):
                    if sample() and sample() and until():
                        return
            # So short that a machine slow in asking still sees the job at many moments.
            time.sleep(0.05)

    def enough() -> bool:
        return len({sample.told["done"] for sample in samples}) > 5 and samples[-1].told["done"] > TOTAL // 4

    with running(tmp_path, *BOX, "--db", str(path), "--workers", "2", *UNIT_SECONDS) as first:
        sampled(first, enough)
        assert first.poll() is None, (tmp_path / "log").read_text()
    killed = len(samples)
    assert samples[-1].told["state"] == "running"
    with running(tmp_path, "resume", "1", "--db", str(path), "--workers", "2", *UNIT_SECONDS) as second:
        sampled(second, lambda: False)
        assert second.returncode == 0, (tmp_path / "log").read_text()
    check(samples)
    seen = {sample.told["done"] for sample in samples}
    exact = {sample.told["done"] for sample in samples if sample.before == sample.after}
    assert len(exact) >= 5
    assert len(seen - {sample.told["done"] for sample in samples[:killed]}) >= 3

    (told,) = clab_here("jobs", "1", "--db", str(path), "--json").objects
    end = rows(path)
    assert end.units == ((0, TOTAL),)
    assert (told["state"], told["done"], told["total"], told["findings"]) == ("done", TOTAL, TOTAL, end.findings)
    assert end.findings > 10
    check([*samples, Sample(samples[-1].after, told, end)])
    shares = told["contributions"]
    assert sum(share["candidates"] for share in shares) == TOTAL
    assert sum(share["findings"] for share in shares) == end.findings
