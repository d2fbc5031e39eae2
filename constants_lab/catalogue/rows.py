"""The two kinds of rows of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from constants_lab.catalogue.families import Status

__all__ = ["Entry", "Member", "member"]


@dataclass(frozen=True)
class Entry:
    """A constant by name; ``evaluate`` gives a ball at the current FLINT precision, ``sympy`` takes that module."""

    name: str
    latex: str
    description: str
    oeis: str | None
    status: Status
    evaluate: Callable[[], arb]
    sympy: Callable[[Any], Any] | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """The value of a family at the given arguments."""

    family: str
    arguments: tuple[fmpq, ...]
    oeis: str | None
    aliases: tuple[str, ...] = ()


def member(family: str, arguments: tuple[int | fmpq, ...], oeis: str | None, *aliases: str) -> Member:
    """A member with integer or rational arguments."""
    return Member(family, tuple(map(fmpq, arguments)), oeis, aliases)
