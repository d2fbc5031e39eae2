"""How long an answer of a database server is waited for.

A question that takes long is no trouble for a person at the terminal, but a coordinator must not stand still because its
server does.  It bounds the silence of the server for the block in which it asks; nothing else is bounded, and an SQLite file,
which has a time limit for locks of its own, never is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["answers_within", "longest_silence"]

_longest: ContextVar[float | None] = ContextVar("seconds of silence that are waited for", default=None)


@contextmanager
def answers_within(seconds: float | None) -> Iterator[None]:
    """In this thread and block, a server that is silent for so many seconds (``None``: for ever) counts as lost.

    Every question then raises :class:`Unavailable`, and its connection is given up.  Connecting has its own limit.
    """
    token = _longest.set(seconds)
    try:
        yield
    finally:
        _longest.reset(token)


def longest_silence() -> float | None:
    """The seconds for this thread at this moment."""
    return _longest.get()
