"""Units of work: cut from what remains of a job, screened and confirmed on a worker, sent back as plain data."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from time import perf_counter
from typing import Any

from constants_lab import __version__
from constants_lab.db.records import Finding
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

    ``screened`` is a hash of the unit and of the indices that screening proposed.
    """

    start: int
    stop: int
    findings: tuple[str, ...]
    counters: dict[str, int]
    seconds: float
    screened: str = ""

    @property
    def digest(self) -> str:
        """What the results of two machines are compared by: equal texts are equal answers about the same unit.

        It covers start and stop, ``screened``, and of every finding its index, exact key and left-hand sides, but no measured
        number, as floats may differ in a last place.  It is made of what arrived, so no result can carry the digest of another.
        Findings that cannot be read count as the text they are.
        """
        return _hash([self.start, self.stop, self.screened, sorted(map(_gist, self.findings))])


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
        _hash([unit.method, unit.spec, unit.start, unit.stop, sorted(int(each.index) for each in screened.candidates)]),
    )


def _hash(content: list[Any]) -> str:
    return sha256(json.dumps(content).encode()).hexdigest()


def _gist(text: str) -> str:
    """What a finding says is where, without what was measured of it."""
    try:
        # Read as it will be when it is recorded, or two meanings of one text could pass for the same.
        found = Finding.model_validate_json(text)
    except ValueError:
        return json.dumps([text])
    return json.dumps([found.index, found.formula.exact_key, sorted(identity.lhs for identity in found.identities)])


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
