"""Sums of series from the ratio of their terms alone."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest
from sympy.polys.domains import ZZ
from sympy.polys.fields import field

from constants_lab.proofs.series_numbers import Diverges, summed

_, N, K = field("n,k", ZZ)
PI, LOG = mpmath.pi, mpmath.log


@pytest.mark.parametrize(
    ("ratio", "value", "digits"),
    [
        (1 / N, mpmath.e, 100),
        (N / (N + 1) / 2, lambda: 2 * LOG(2), 100),
        (9 * N / (10 * (N + 1)), lambda: LOG(10) * 10 / 9, 100),
        (-(N**3) / ((N + 1) ** 2 * (4 * N + 2)), lambda: 4 * mpmath.zeta(3) / 5, 100),
        (-N / (N + 1), lambda: LOG(2), 30),
        (-((2 * N - 1) ** 2) / (2 * N + 1) ** 2, lambda: mpmath.catalan, 30),
        ((N / (N + 1)) ** 2, lambda: mpmath.zeta(2), 18),
        ((N / (N + 1)) ** 3, lambda: mpmath.zeta(3), 18),
        (((2 * N - 3) / (2 * N)) ** 2, lambda: 4 / PI, 18),
        ((2 * N - 1) ** 2 / (2 * N * (2 * N + 2)), lambda: 4 / PI, 15),
        ((N - 5) / N, lambda: mpmath.mpf(0), 100),
        (N * 0, lambda: mpmath.mpf(1), 100),
    ],
    ids=lambda x: None if callable(x) else str(x),
)
def test_sums_and_their_errors(ratio: Any, value: Any, digits: int) -> None:
    with mpmath.workdps(120):
        true = value() if callable(value) else +value
        found, error = summed(ratio)
        assert abs(found - true) <= 10 * error + mpmath.mpf(10) ** -100
        assert error < mpmath.mpf(10) ** -digits


@pytest.mark.parametrize("ratio", [2 * N / (N + 1), N / (N + 1), -(N + 1) / N, N, -(N**2), (N + 1) / N], ids=str)
def test_divergence_is_seen(ratio: Any) -> None:
    with mpmath.workdps(60), pytest.raises(Diverges):
        summed(ratio)
