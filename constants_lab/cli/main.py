"""Entry point of ``constants-lab`` (``clab``): the commands, and what any error looks like to a user.

Results go to standard output, progress and messages to standard error.  Exit codes: 0 done, 1 a check failed, 2 bad input,
3 a database or cluster is unavailable, 130 interrupted.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Annotated

import typer

from constants_lab import __version__
from constants_lab.cli import (
    cancel,
    certs,
    check,
    cluster,
    clusters,
    constants,
    coverage,
    database,
    export,
    formulas,
    identify,
    jobs,
    prove,
    report,
    resume,
    run,
    scheduler,
    search,
    show,
    unify,
    verify,
    worker,
)
from constants_lab.errors import ConstantsLabError

__all__ = ["app", "main"]

app = typer.Typer(
    name="clab",
    help="Discover formulas for mathematical constants, and say exactly how sure we are of each.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(search.app, name="search")
app.command("run")(run.command)
app.command("jobs")(jobs.command)
app.command("resume")(resume.command)
app.command("cancel")(cancel.command)
app.command("scheduler")(scheduler.command)
app.command("worker")(worker.command)
app.command("certs")(certs.command)
app.command("formulas")(formulas.command)
app.command("export")(export.command)
app.command("show")(show.command)
app.command("identify")(identify.command)
app.command("verify")(verify.command)
app.command("prove")(prove.command)
app.command("check")(check.command)
app.command("unify")(unify.command)
app.command("cluster")(cluster.command)
app.command("clusters")(clusters.command)
app.command("constants")(constants.command)
app.command("coverage")(coverage.command)
app.command("report")(report.command)
app.add_typer(database.app, name="db")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"constants-lab {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def _usage(error: typer.TyperException) -> int:
    """What was wrong with the command line; a group without a command is a question for help, not a mistake."""
    text = error.format_message().strip()
    if text.startswith("Usage:"):
        print(text)
        return 0
    context = getattr(error, "ctx", None)
    where = "clab" if context is None else context.command_path
    return _fail(f"{' '.join(text.split()).rstrip('.')} (see {where} --help).", 2)


def _fail(message: str, code: int) -> int:
    print(f"clab: {message}", file=sys.stderr)
    return code


def _reader_gone() -> int:
    """Nobody reads the output any more (`clab formulas | head`): no error, and nothing to say at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.__stdout__.fileno())  # type: ignore[union-attr]
    os.close(nowhere)
    return 0


def run_command(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; every error becomes one sentence on standard error."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["identify"]:
        # A negative number is no option; a leading space says so to the parser and means nothing to the number.
        given = [f" {each}" if re.match(r"-[\d.]", each) else each for each in given]
    try:
        outcome = app(args=given, prog_name="clab", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        return _usage(error)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted.", 130)
    except ConstantsLabError as error:
        return _fail(f"{error}.", error.exit_code)
    except (BrokenPipeError, SystemExit):
        # Typer turns a broken pipe into SystemExit, and uses that for nothing else here.
        return _reader_gone()
    except OSError as error:
        return _fail(f"the output could not be written ({error.strerror or error}).", 3)
    except MemoryError:
        return _fail("not enough memory: make the search smaller.", 3)
    except Exception as error:
        if os.environ.get("CONSTANTS_LAB_DEBUG"):
            raise
        kind, text = type(error).__name__, " ".join(str(error).split())
        return _fail(f"unexpected {kind} ({text[:200]}): please report it with the output of CONSTANTS_LAB_DEBUG=1.", 1)
    return int(outcome) if isinstance(outcome, int) else 0


def main() -> None:
    """The console script."""
    if sys.stdout is None:
        # Standard output was closed by the shell (`>&-`).
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
        sys.stderr.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    code = run_command()
    if code == 130:
        import signal

        # One more Ctrl-C while the interpreter ends would end the process as killed, with another code.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


if __name__ == "__main__":
    main()
