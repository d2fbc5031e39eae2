"""``clab worker``: let this machine work for a scheduler."""

from __future__ import annotations

import asyncio
import os
import platform
from typing import Annotated

import typer

from constants_lab.cli.options import Insecure, TlsDir
from constants_lab.cli.output import message
from constants_lab.errors import InputError

_LEAST_MEMORY = 1 << 28
"""Bytes.  An idle process that has loaded the kernels takes about 200 MB."""


def command(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="What `clab scheduler` printed: tls://HOST:8786.")],
    tls_dir: TlsDir = None,
    insecure: Insecure = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, max=1024, help="Processes.  [default: the number of cores]", show_default=False
        ),
    ] = None,
    memory_limit: Annotated[
        str,
        typer.Option(
            "--memory-limit", metavar="SIZE", help="Of a process, as 4GiB; none for no limit; auto for its share."
        ),
    ] = "auto",
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Of this machine, for the record.  [default: its host name]"),
    ] = None,
    patience: Annotated[
        float | None,
        typer.Option(
            "--patience",
            metavar="MINUTES",
            min=0,
            help="How long to wait for a scheduler that is away.  [default: for ever]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Let this machine work for a scheduler, until Ctrl-C; it waits for a scheduler that is not there yet, or gone."""
    from constants_lab.search.security import check_address, security_of

    check_address(address, tls_dir, insecure)
    security = security_of(tls_dir)
    processes = workers or os.cpu_count() or 1
    limit = _bytes(memory_limit, processes)
    machine = name or platform.node() or "machine"
    if not machine.isprintable() or len(machine) > 100:
        raise InputError(f"{machine[:40]!r} cannot name a machine: use up to 100 printable characters")
    from constants_lab.search.workers import Crew, stop_on_signals

    async def work() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        seconds = None if patience is None else 60 * patience
        crew = Crew(address, security, processes, name=machine, memory_limit=limit, patience=seconds, say=message)
        await crew.work(stop)

    asyncio.run(work())
    message(f"left {address}.")


def _bytes(text: str, processes: int) -> int | None:
    """The memory of a process in bytes; None for no limit."""
    from dask.utils import parse_bytes
    from distributed.system import MEMORY_LIMIT

    match text.strip().lower():
        case "auto":
            return int(MEMORY_LIMIT / processes)
        case "none":
            return None
    try:
        limit = int(parse_bytes(text))
    except (ValueError, OverflowError):
        raise InputError(f"--memory-limit {text[:20]!r} is no size: write for instance 4GiB, auto or none") from None
    if limit < _LEAST_MEMORY:
        raise InputError(f"--memory-limit {text[:20]} is too small for a process: give at least 256MiB")
    return min(limit, int(MEMORY_LIMIT))
