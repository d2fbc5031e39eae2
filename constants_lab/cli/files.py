"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from constants_lab.errors import InputError, Unavailable

__all__ = ["check_place", "replacing"]


def check_place(out: Path, what: str, mark: str | None = None) -> None:
    """Raise :class:`InputError` unless a file of that name can be made; ``what`` it is is said in the message.

    What is no file, and the files of an SQLite database, are never written over; with ``mark``, neither is a file that does not
    have it among its first 2,000 bytes, as all that the command writes have.
    """
    with _begun(_target(out, what, mark), out, what):
        pass


@contextmanager
def replacing(out: Path, what: str, mark: str | None = None) -> Iterator[Path]:
    """The path of a new file that takes the name ``out`` when the block has ended well; else what was there stays.

    Where ``out`` is a link, it is the file that it leads to.  Raises as :func:`check_place`, before anything is computed, and
    :class:`Unavailable` when the disk refuses what is written.
    """
    target = _target(out, what, mark)
    with _begun(target, out, what) as made:
        try:
            yield made
            with open(made, "rb+") as file:
                os.fsync(file.fileno())
            # So far it is for its owner alone; this is as readable as other new files.
            mask = os.umask(0)
            os.umask(mask)
            made.chmod(0o666 & ~mask)
            made.replace(target)
        except OSError as error:
            raise Unavailable(
                f"the {what} {out} cannot be written ({error.strerror or error}): make room, or choose another place"
            ) from None


def _target(out: Path, what: str, mark: str | None) -> Path:
    """The file that is meant, behind links; raises :class:`InputError` where there is something that must stay."""
    target = Path(os.path.realpath(out))
    if os.path.isdir(target):
        raise InputError(f"{out} is a folder: give the name of a file in it")
    if os.path.exists(target) and not os.path.isfile(target):
        raise InputError(f"{out} is no file that could be replaced: give another name")
    main = target.with_name(target.name.removesuffix("-wal").removesuffix("-shm").removesuffix("-journal"))
    if _is_database(target) or (main != target and _is_database(main)):
        raise InputError(f"{out} belongs to a database, which would be lost: give another name")
    filled = os.path.exists(target) and os.path.getsize(target) > 0
    if mark is not None and filled and mark.encode() not in _beginning(target, 2000):
        raise InputError(f"there is a file {out} already, which is no {what}: give another name, or remove it first")
    return target


def _is_database(path: Path) -> bool:
    from constants_lab.db.inspection import SQLITE

    return _beginning(path, len(SQLITE)) == SQLITE


def _beginning(path: Path, size: int) -> bytes:
    with suppress(OSError), open(path, "rb") as file:
        return file.read(size)
    return b""


@contextmanager
def _begun(target: Path, out: Path, what: str) -> Iterator[Path]:
    """A new hidden file beside the one that is meant, which is gone at the end, also where Ctrl-C comes at once."""
    if not os.path.isdir(target.parent):
        raise InputError(
            f"the {what} {out} cannot be written: there is no folder {out.parent}, create it or give another name"
        )
    made = target.parent / f".{target.name}.{secrets.token_hex(4)}{target.suffix}"
    try:
        try:
            os.close(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise InputError(
                f"the {what} {out} cannot be written ({error.strerror or error}): choose another place"
            ) from None
        yield made
    finally:
        # A name that the disk refuses was refused before.
        with suppress(OSError):
            made.unlink()
