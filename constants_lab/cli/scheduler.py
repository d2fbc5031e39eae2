"""``clab scheduler``: the meeting point of the machines that work together."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import shlex
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from constants_lab.cli.options import Insecure, TlsDir
from constants_lab.cli.output import message
from constants_lab.errors import Unavailable

if TYPE_CHECKING:
    from distributed import Scheduler, Security

_MOST_DEATHS = 3
"""Workers that may die on a unit before it is given up."""
_DASHBOARD = 8787


def command(
    host: Annotated[
        str | None,
        typer.Option(
            "--host",
            metavar="HOST",
            help="Name or address of this machine to listen on.  [default: every one with TLS, else this machine only]",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any that is free.")] = 8786,
    tls_dir: TlsDir = None,
    insecure: Insecure = False,
    dashboard: Annotated[
        bool, typer.Option("--dashboard/--no-dashboard", help="Dask's web page about the work, for this machine only.")
    ] = True,
) -> None:
    """Be the meeting point: machines join with `clab worker ADDRESS`, jobs with `clab run --scheduler ADDRESS`."""
    from constants_lab.search.security import check_address, security_of

    security = security_of(tls_dir)
    if security is None and not insecure:
        host = host or "127.0.0.1"
    if host is not None:
        host = f"[{host}]" if ":" in host else host
        check_address(f"{'tcp' if security is None else 'tls'}://{host}:{port or 8786}", tls_dir, insecure)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(host, port, security, tls_dir, dashboard))
    message("the scheduler has ended; machines wait for the next one.")


async def _serve(host: str | None, port: int, security: Security | None, tls_dir: Path | None, dashboard: bool) -> None:
    from constants_lab.search.workers import stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop)
    scheduler = await _started(host, port, security, dashboard)
    try:
        _announce(scheduler, tls_dir, dashboard)
        counting = asyncio.create_task(_count(scheduler))
        await stop.wait()
        counting.cancel()
    finally:
        await scheduler.close(reason="asked to")


async def _started(host: str | None, port: int, security: Security | None, dashboard: bool) -> Scheduler:
    import dask
    from distributed import Scheduler

    from constants_lab import __version__
    from constants_lab.search.workers import VERSION_KEY, WORKER_TTL, hush

    hush()
    _allow_many_connections()
    page = dashboard and _has_bokeh()
    page_port = _free_port() if page else 0
    settings: dict[str, Any] = {
        # A worker that dies takes the blame for the unit it ran, not for others it would have run next.
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.scheduler.worker-ttl": WORKER_TTL,
        # Else any page that is open in a browser of this machine may read along.
        "distributed.scheduler.dashboard.bokeh-application.allow_websocket_origin": [
            f"{name}:{page_port}" for name in ("127.0.0.1", "localhost")
        ],
    }
    if not page:
        settings["distributed.scheduler.http.routes"] = []
    try:
        with dask.config.set(settings):
            scheduler = await Scheduler(
                host=host,
                port=port,
                protocol="tcp" if security is None else "tls",
                security=security,
                allowed_failures=_MOST_DEATHS - 1,
                dashboard=page,
                dashboard_address=f"127.0.0.1:{page_port}",
            )
    except (OSError, RuntimeError, ValueError) as error:
        raise Unavailable(_why_not(error, host, port)) from None
    scheduler.set_metadata(keys=[VERSION_KEY], value=__version__)
    # Others cannot reach it, so it is not advertised.
    scheduler.services.pop("dashboard", None)
    return scheduler


def _announce(scheduler: Any, tls_dir: Path | None, dashboard: bool) -> None:
    from constants_lab.search.security import is_loopback, split_address

    address = scheduler.address
    print(address, flush=True)
    needed = "" if tls_dir is None else f" --tls-dir {shlex.quote(str(tls_dir))}"
    if tls_dir is None and not is_loopback(split_address(address)[1]):
        needed = " --insecure"
    message(f"machines join with `clab worker {address}{needed}`,")
    message(f"jobs run there with `clab run JOB.toml --scheduler {address}{needed}`; Ctrl-C ends the scheduler.")
    if dashboard and _has_bokeh():
        message(f"dashboard, for this machine only: http://127.0.0.1:{scheduler.http_server.port}/status")
    elif dashboard:
        message("no dashboard: `pip install bokeh` adds one.")


async def _count(scheduler: Scheduler) -> None:
    """Say how many are there whenever that has changed, and has stayed so for a second."""
    said = before = (0, 0)
    while True:
        await asyncio.sleep(1)
        now = len(scheduler.workers), len(scheduler.host_info)
        if now == before and now != said:
            message(f"worker processes: {now[0]:,}, on machines: {now[1]:,}.")
            said = now
        before = now


def _why_not(error: BaseException, host: str | None, port: int) -> str:
    """One sentence on a scheduler that did not start."""
    while error.__cause__ is not None:
        error = error.__cause__
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return f"port {port} is in use on this machine: end what uses it, or give another with --port"
    if code == errno.EACCES:
        return f"port {port} may not be used by you: give one above 1023 with --port"
    where = f"{host or 'this machine'}, port {port}"
    return f"the scheduler cannot listen on {where} ({' '.join(str(error).split())[:120]}): check --host and --port"


def _free_port() -> int:
    """The usual port of the dashboard, else any that is free."""
    for port in (_DASHBOARD, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    return 0


def _has_bokeh() -> bool:
    try:
        import distributed.dashboard.scheduler  # noqa: F401
    except ImportError:
        return False
    return True


def _allow_many_connections() -> None:
    """Each worker takes a few open files; the usual limit of 1,024 ends at some hundreds."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
