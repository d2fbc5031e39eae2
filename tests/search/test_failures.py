"""Units that fail, workers that die, machines of another version or of bad faith: the job goes on and loses nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from constants_lab import __version__
from constants_lab.db.records import Finding
from constants_lab.db.store import Store
from constants_lab.errors import InputError, VerificationFailed
from constants_lab.search.cluster import DaskEngine
from constants_lab.search.engine import Completed, GivenUp, LocalEngine
from constants_lab.search.job import JobSpec
from constants_lab.search.methods import lookup
from constants_lab.search.runner import prepare_job, run_job
from constants_lab.search.second_opinion import reconfirm
from constants_lab.search.units import Unit, UnitResult, run_unit

CLAB = (sys.executable, "-m", "constants_lab.cli.main")
SPEC = JobSpec.of(
    "lookup",
    {"constants": ["e"], "lhs": 4, "a_degree": 1, "a_range": "-5..5", "b_degree": 1, "b_range": "-5..5"},
)
# Functions of this module reach the workers as they are; there is no such module there.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@dataclass(frozen=True)
class Piece:
    """A unit of work for the tests of engines."""

    start: int
    stop: int


def pieces(count: int) -> Iterator[Piece]:
    return (Piece(k, k + 1) for k in range(count))


def dies_at_three(piece: Piece) -> int:
    if piece.start == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return piece.start


def fails_at_three(piece: Piece) -> int:
    if piece.start == 3:
        raise ValueError("three is too much")
    return piece.start


def outcomes(engine: Any, work: Callable[[Piece], int], count: int) -> tuple[list[int], list[GivenUp[Piece]]]:
    done, given_up = [], []
    for outcome in engine.run(work, pieces(count)):
        if isinstance(outcome, Completed):
            done.append(outcome.result)
        else:
            given_up.append(outcome)
    return sorted(done), given_up


def test_a_unit_that_kills_its_workers_is_given_up_and_the_others_are_done() -> None:
    # One worker, so that nothing that is done waits on one that dies.
    engine = DaskEngine.local(1)
    try:
        done, given_up = outcomes(engine, dies_at_three, 12)
    finally:
        engine.close()
    assert done == [0, 1, 2, *range(4, 12)]
    assert [(g.unit, g.tries) for g in given_up] == [(Piece(3, 4), 3)]
    assert "died" in given_up[0].error


@pytest.mark.parametrize("make", [LocalEngine, lambda: DaskEngine.local(1)], ids=["here", "cluster"])
def test_a_unit_that_fails_three_times_is_given_up_with_what_it_said(make: Callable[[], Any]) -> None:
    engine = make()
    try:
        done, given_up = outcomes(engine, fails_at_three, 6)
    finally:
        engine.close()
    assert done == [0, 1, 2, 4, 5]
    assert [(g.unit, g.tries, g.error) for g in given_up] == [(Piece(3, 4), 3, "ValueError: three is too much")]


def test_a_poisoned_unit_is_set_aside_reported_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true = lookup.screen
    monkeypatch.setattr(lookup.LookupSpace, "block_size", property(lambda space: 500))

    def poisoned(space: lookup.LookupSpace, start: int, stop: int) -> Any:
        if start <= 700 < stop:
            raise ZeroDivisionError("a bug")
        return true(space, start, stop)

    class Small(LocalEngine):
        unit_seconds = 0.001

    said: list[str] = []
    with Store.open(tmp_path / "lab.db") as store:
        job_id = prepare_job(store, SPEC).id
        with monkeypatch.context() as patch:
            patch.setattr(lookup, "screen", poisoned)
            job = run_job(store, job_id, Small(), say=said.append)
        assert job.state == "failed"
        (aside,) = store.units_set_aside(job_id)
        assert aside.start <= 700 < aside.stop
        assert job.done == job.total - (aside.stop - aside.start)
        assert str(aside.start) in (job.error or "")
        assert "ZeroDivisionError: a bug" in (job.error or "")
        assert any("set aside" in line for line in said)
        job = run_job(store, job_id, LocalEngine())
        assert (job.state, job.done, job.error) == ("done", job.total, None)
        assert store.units_set_aside(job_id) == []


def test_a_worker_of_another_version_is_refused_with_both_versions() -> None:
    unit = Unit("lookup", SPEC.spec.model_dump_json(), 0, 10, version="9.9.9")
    with pytest.raises(InputError, match=rf"{__version__}.*9\.9\.9"):
        run_unit(unit)


def found() -> list[Finding]:
    result: UnitResult = run_unit(Unit("lookup", SPEC.spec.model_dump_json(), 0, SPEC.space().size))
    return [Finding.model_validate_json(text) for text in result.findings]


def test_a_forged_finding_is_not_confirmed() -> None:
    true = next(f for f in found() if f.identities)
    reconfirm(lookup, SPEC.space(), true)
    identity = true.identities[0]
    (w, x), (y, z) = identity.matrix
    forged = [
        true.model_copy(update={"formula": true.formula.model_copy(update={"exact_key": "rho 1 / 1 ; 1"})}),
        true.model_copy(update={"formula": true.formula.model_copy(update={"b": f"{true.formula.b} + 7"})}),
        true.model_copy(
            update={"identities": [identity.model_copy(update={"matrix": [[w, str(int(x) + 1)], [y, z]]})]}
        ),
        true.model_copy(update={"identities": [identity.model_copy(update={"lhs": "e + 1"})]}),
    ]
    for finding in forged:
        with pytest.raises(VerificationFailed):
            reconfirm(lookup, SPEC.space(), finding)


# Machines

HIDES_CANDIDATES = """
import constants_lab.search.methods.lookup as lookup
true = lookup.screen
def lying(space, start, stop):
    screened = true(space, start, stop)
    return type(screened)([], screened.counters)
lookup.screen = lying
"""
HIDES_FINDINGS = """
import constants_lab.search.methods.lookup as lookup
lookup.confirm = lambda candidate: None
"""
INVENTS_NUMBERS = """
import constants_lab.search.methods.lookup as lookup
true = lookup.confirm
def lying(candidate):
    found = true(candidate)
    if found is None:
        return None
    text = found.model_dump_json().replace('"level":"verified"', '"level":"proved"').replace('"digits":', '"digits":999')
    lie = type(found).model_validate_json(text)
    return lie.model_copy(update={"formula": lie.formula.model_copy(update={"value": "3.14159"}), "dynamics": None})
lookup.confirm = lying
"""


@contextlib.contextmanager
def started(log: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*CLAB, *arguments], stdout=out, stderr=out, start_new_session=True, env=os.environ | environment
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize(
    ("liar", "outvoted"),
    [
        pytest.param(HIDES_CANDIDATES, True, id="hides candidates", marks=pytest.mark.slow),
        pytest.param(HIDES_FINDINGS, True, id="hides findings"),
        pytest.param(INVENTS_NUMBERS, False, id="invents numbers"),
    ],
)
def test_a_machine_that_lies_among_two_that_do_not_changes_nothing(liar: str, outvoted: bool, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    (tmp_path / "liar").mkdir()
    (tmp_path / "liar" / "sitecustomize.py").write_text(liar)
    job = (
        "search", "lookup", "--constant", "e", "--lhs", "4", "--a-degree", "1", "--a-range=-9..9",
        "--b-degree", "2", "--b-range=-9..9", "--unit-seconds", "0.2",
    )  # fmt: skip
    with contextlib.ExitStack() as stack:
        stack.enter_context(started(tmp_path / "scheduler.log", "scheduler", "--port", str(port), "--no-dashboard"))
        for name in ("ada", "bob", "liar"):
            environment = {"PYTHONPATH": str(tmp_path / "liar")} if name == "liar" else {}
            worker = ("worker", address, "--workers", "1", "--name", name)
            stack.enter_context(started(tmp_path / f"{name}.log", *worker, **environment))
        deadline = time.monotonic() + 60
        while not all("joined" in (tmp_path / f"{name}.log").read_text() for name in ("ada", "bob", "liar")):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        url = f"sqlite:///{tmp_path}/lab.db"
        ran = subprocess.run(
            [*CLAB, *job, "--db", url, "--scheduler", address, "--replicate", "2", "--json"],
            capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
    alone = subprocess.run(
        [*CLAB, *job, "--db", f"sqlite:///{tmp_path}/alone.db", "--workers", "0", "--json"],
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    shown = [[json.loads(line) for line in text.splitlines()] for text in (ran.stdout, alone.stdout)]
    columns = ("a", "b", "lhs", "value", "evidence", "digits", "delta", "regime")
    keys = [{tuple(row[column] for column in columns) for row in rows} for rows in shown]
    assert keys[0] == keys[1] != set()
    with Store.open(url, create=False) as store:
        # Where there is nothing to hide, and in what is not stored, the liar is as good as the others.
        finders = {share.worker for share in store.contributions(1) if share.findings}
    assert finders
    assert finders <= ({"ada", "bob"} if outvoted else {"ada", "bob", "liar"})
