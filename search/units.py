"""Units of work: cut from what remains of a job, screened and confirmed on a worker, sent back as plain data."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from time import perf_counter
from typing import Any

from constants_lab import __version__
from constants_lab.search.engine import WrongVersion
from constants_lab.search.job import JobSpec, Space, load_method

__all__ = ["Unit", "UnitResult", "Units", "run_unit"]


@dataclass(frozen=True)
class Unit:
    """Candidates start..stop-1 of a job; all that a worker needs, as plain data."""

    method: str
    spec: str
    start: int
    stop: int
    version: str = __version__


_LEAST_SHARE = 20
"""At the end of a job units become shorter, down to this fraction of their length before."""


@dataclass(frozen=True)
class UnitResult:
    """What a worker sends back: findings as JSON text (validated again on arrival), counters, seconds.

    ``digest`` is of the indices that screening proposed, by which the results of two machines are compared.
    """

    start: int
    stop: int
    findings: tuple[str, ...]
    counters: dict[str, int]
    seconds: float
    digest: str = ""


@lru_cache(maxsize=8)
def _opened(method: str, spec: str) -> tuple[Any, Any]:
    module = load_method(method)
    return module, module.space(module.Spec.model_validate_json(spec))


def run_unit(unit: Unit) -> UnitResult:
    """Screen and confirm one unit; runs on a worker and touches nothing but its argument.

    Raises :class:`WrongVersion` on a worker of another version than the coordinator's.
    """
    if unit.version != __version__:
        raise WrongVersion(
            f"a worker ({platform.node()}) has version {__version__} of constants-lab and this is {unit.version}: "
            "install the same version on both"
        )
    started = perf_counter()
    module, space = _opened(unit.method, unit.spec)
    screened = module.screen(space, unit.start, unit.stop)
    findings = [found for found in map(module.confirm, screened.candidates) if found is not None]
    return UnitResult(
        unit.start,
        unit.stop,
        tuple(found.model_dump_json() for found in findings),
        {**screened.counters, "confirmed": len(findings)},
        perf_counter() - started,
        _digest(candidate.index for candidate in screened.candidates),
    )


def _digest(indices: Iterable[int]) -> str:
    return sha256(",".join(map(str, sorted(indices))).encode()).hexdigest()


class Units:
    """Cuts what remains of a job into units of about ``seconds`` each, learning the rate as results come in."""

    def __init__(self, spec: JobSpec, space: Space, remaining: list[tuple[int, int]], seconds: float) -> None:
        self._method, self._spec = spec.method, spec.spec.model_dump_json()
        self._block = max(1, space.block_size)
        self._remaining, self._seconds = remaining, seconds
        self._left = sum(end - begin for begin, end in remaining)
        self._size = self._block

    def learn(self, result: UnitResult) -> None:
        """Adapt the size of the units to come; by at most a factor of four at a time."""
        rate = (result.stop - result.start) / max(result.seconds, 1e-3)
        wanted = min(max(rate * self._seconds, self._size / 4), self._size * 4)
        self._size = max(self._block, int(wanted) // self._block * self._block)

    def until(self, stopped: Callable[[], bool], workers: Callable[[], int] = lambda: 1) -> Iterator[Unit]:
        """The units, until ``stopped()``; the last ones are shorter, so that the workers end at about the same time."""
        for begin, end in self._remaining:
            while begin < end and not stopped():
                middle = min(begin + self._next_size(workers()), end)
                yield Unit(self._method, self._spec, begin, middle)
                self._left -= middle - begin
                begin = middle

    def _next_size(self, workers: int) -> int:
        share = max(self._left // (2 * workers), self._size // _LEAST_SHARE)
        return max(self._block, min(self._size, share) // self._block * self._block)
