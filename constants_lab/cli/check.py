"""``clab check``: check certificates of proofs, files that anybody may have made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from constants_lab.cli.output import message


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Certificates, as clab prove --out writes them.")
    ],
    sympy: Annotated[bool, typer.Option("--sympy", help="Verify every identity a second time, with SymPy.")] = False,
) -> None:
    """Check certificates with the independent checker, proofs/checker.py.

    Exit code 0 when all are accepted, 1 when one is rejected, 2 when a file is missing or not a certificate.
    """
    worst = max(_checked(path, sympy) for path in files)
    if worst:
        raise typer.Exit(worst)


def _checked(path: Path, sympy: bool) -> int:
    """Say what the checker says of one file, and give its exit code."""
    from constants_lab.errors import VerificationFailed
    from constants_lab.proofs.checker import NotACertificate, Rejected, check

    try:
        text = _text(path)
        verdict = check(text)
        if sympy:
            from constants_lab.proofs.symbolic import cross_check

            # SymPy shares no code with the checker.
            cross_check(text)
    except Rejected as error:
        print(f"{path}: rejected at {f'step {error.step}' if error.step else 'the claim'}: {error}")
        return 1
    except VerificationFailed as error:
        print(f"{path}: rejected by SymPy: {error}")
        return 1
    except NotACertificate as error:
        message(f"clab: {path} is not a certificate: {error}.")
        return 2
    also = "; SymPy agrees" if sympy else ""
    rests = ", ".join(verdict.theorems) or "no theorem"
    print(f"{path}: accepted; {verdict.digits} digits compared{also}; rests on {rests}")
    return 0


def _text(path: Path) -> str:
    """What is in the file; raises :class:`constants_lab.proofs.checker.NotACertificate`."""
    from constants_lab.proofs.checker import MAX_BYTES, NotACertificate

    try:
        # Reading a pipe may take for ever.
        if path.exists() and not path.is_file():
            raise NotACertificate("it is no file")
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotACertificate(f"it cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise NotACertificate("it is not text in UTF-8") from None
    if len(text) > MAX_BYTES:
        raise NotACertificate(f"it has more than {MAX_BYTES:,} characters")
    return text
