"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from constants_lab.errors import InputError, Unavailable

__all__ = ["check_place", "replacing"]


def check_place(out: Path, what: str) -> None:
    """Raise :class:`InputError` unless a file of that name can be made; ``what`` it is is said in the message."""
    if os.path.isdir(out):
        raise InputError(f"{out} is a folder: give the name of a file in it")
    made = _begun(out, what)
    made.unlink(missing_ok=True)


@contextmanager
def replacing(out: Path, what: str) -> Iterator[Path]:
    """The path of a new file that takes the name ``out`` when the block has ended well; else what was there stays.

    Raises as :func:`check_place`, before anything is computed, and :class:`Unavailable` when the disk refuses what is written.
    """
    if os.path.isdir(out):
        raise InputError(f"{out} is a folder: give the name of a file in it")
    made = _begun(out, what)
    try:
        yield made
        with open(made, "rb+") as file:
            os.fsync(file.fileno())
        # What mkstemp makes is for its owner alone; this is as readable as other new files.
        mask = os.umask(0)
        os.umask(mask)
        made.chmod(0o666 & ~mask)
        made.replace(out)
    except OSError as error:
        raise Unavailable(
            f"the {what} {out} cannot be written ({error.strerror or error}): make room, or choose another place"
        ) from None
    finally:
        made.unlink(missing_ok=True)


def _begun(out: Path, what: str) -> Path:
    if not os.path.isdir(out.parent):
        raise InputError(
            f"the {what} {out} cannot be written: there is no folder {out.parent}, create it or give another name"
        )
    try:
        number, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=out.suffix, dir=out.parent)
    except OSError as error:
        raise InputError(
            f"the {what} {out} cannot be written ({error.strerror or error}): choose another place"
        ) from None
    os.close(number)
    return Path(name)
