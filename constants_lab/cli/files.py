"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from constants_lab.errors import InputError, Unavailable

__all__ = ["check_place", "replacing"]


def check_place(out: Path, what: str) -> None:
    """Raise :class:`InputError` unless a file of that name can be made; ``what`` it is is said in the message."""
    if os.path.isdir(out):
        raise InputError(f"{out} is a folder: give the name of a file in it")
    made = _hidden(out)
    try:
        _begin(made, out, what)
    finally:
        # A name that the disk refuses was refused before.
        with suppress(OSError):
            made.unlink()


@contextmanager
def replacing(out: Path, what: str) -> Iterator[Path]:
    """The path of a new file that takes the name ``out`` when the block has ended well; else what was there stays.

    Raises as :func:`check_place`, before anything is computed, and :class:`Unavailable` when the disk refuses what is written.
    """
    if os.path.isdir(out):
        raise InputError(f"{out} is a folder: give the name of a file in it")
    made = _hidden(out)
    try:
        # Ctrl-C may come at any moment from here on, and what was begun is taken away again.
        _begin(made, out, what)
        yield made
        with open(made, "rb+") as file:
            os.fsync(file.fileno())
        # So far it is for its owner alone; this is as readable as other new files.
        mask = os.umask(0)
        os.umask(mask)
        made.chmod(0o666 & ~mask)
        made.replace(out)
    except OSError as error:
        raise Unavailable(
            f"the {what} {out} cannot be written ({error.strerror or error}): make room, or choose another place"
        ) from None
    finally:
        # A name that the disk refuses was refused before.
        with suppress(OSError):
            made.unlink()


def _hidden(out: Path) -> Path:
    return out.parent / f".{out.name}.{secrets.token_hex(4)}{out.suffix}"


def _begin(made: Path, out: Path, what: str) -> None:
    if not os.path.isdir(out.parent):
        raise InputError(
            f"the {what} {out} cannot be written: there is no folder {out.parent}, create it or give another name"
        )
    try:
        os.close(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise InputError(
            f"the {what} {out} cannot be written ({error.strerror or error}): choose another place"
        ) from None
