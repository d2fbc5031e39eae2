"""Searches that several tests look at, each done once, and an opinion on values that shares no code with the package."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import pytest

from constants_lab.db.records import Finding
from constants_lab.search.job import JobSpec, load_method

Search = Callable[..., list[Finding]]


@cache
def _searched(options: str) -> tuple[Finding, ...]:
    method = load_method("lookup")
    space = method.space(JobSpec.of("lookup", json.loads(options)).spec)
    screened = method.screen(space, 0, space.size)
    return tuple(found for found in map(method.confirm, screened.candidates) if found is not None)


@pytest.fixture(scope="session")
def search() -> Search:
    """A maker of searches: the findings of a look-up job given by its options, in order."""

    def run(**options: Any) -> list[Finding]:
        return list(_searched(json.dumps(options, sort_keys=True)))

    return run


@pytest.fixture(scope="session")
def known() -> list[dict[str, Any]]:
    """Published formulas: constant, a, b (highest degree first), left-hand side and its value to 50 digits."""
    path = Path(__file__).parents[1] / "data" / "known_pcf.json"
    cases: list[dict[str, Any]] = json.loads(path.read_text())["cases"]
    return cases


@pytest.fixture(scope="session")
def backward() -> Callable[[list[int], list[int], int, int], mpmath.mpf]:
    """The value by backward recurrence in mpmath: coefficients of a and b, number of terms, digits."""

    def evaluate(a: list[int], b: list[int], terms: int, digits: int) -> mpmath.mpf:
        with mpmath.workdps(digits + 20):
            tail = mpmath.mpf(0)
            for n in range(terms, 0, -1):
                tail = mpmath.polyval(b, n) / (mpmath.polyval(a, n) + tail)
            return mpmath.polyval(a, 0) + tail

    return evaluate
