"""Clusters of continued fractions that converge alike: features, their scales, HDBSCAN on them (Shalyt et al., NeurIPS 2024).

Implementation overview.  What is clustered is a class of Möbius-equivalent fractions, since the features are invariants of it;
its members follow.  Regimes never mix.  With ln q^_n ~ d n ln n + c n and -ln|L - p_n/q_n| ~ D n ln n + r n the features
of a class are, each divided by a unit below which a difference says nothing (:class:`Parameters`):

=============  =================  ====================================================================================
feature        what               why in this form
=============  =================  ====================================================================================
rate           ln(1 + rate)       exact by theory; rates of one kind are compared by their quotients
size           d ln N + c         ln q^_N / N without the first terms; well determined, which d and c alone are not (the fit
                                  trades one for the other: 0.05 of d for 0.4 of c), and with the rate it gives delta
growth         d                  a factorial lost or not: a step of a half or one, so a coarse unit
nilpotent      nilpotent          the kind of arithmetic: near 1 for periods, near 0 for e and Bessel functions
speed          (1 + delta) size   what is left of the error's exponent without D ln N, the r above, at the depth at which
               - D ln N           delta was measured: in the factorial regime only, as elsewhere it repeats the rate
=============  =================  ====================================================================================

N is a fixed depth.  Delta itself is a function of these (rate/size - 1, or D/d - 1 in the limit), and fluctuates by 0.01 at
depth 1000.  Factorial fractions without reduction, most of any box, have delta = D/d - 1 whatever their constant: it tells
nothing there.  They are separated exactly by D and d, then by the leading coefficients, which c and r are made of, and their
clusters say how a fraction is built rather than what it equals.

HDBSCAN compares all pairs, so a regime is laid on a grid first, coarsened until few enough points are left.  A cell stands for
min(members, min_size) points, spread inside it: with that many, the distance to the min_size-th neighbour and whether a part
is large enough are what they are for all members.  Everything is sorted by features before it is used, so the order of the
formulas does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FEATURES",
    "REGIMES",
    "UNCLUSTERED",
    "Features",
    "Parameters",
    "Points",
    "centres",
    "cluster",
    "most_common",
    "numbered",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REGIMES = ("finite", "factorial", "exponential", "stretched", "polynomial", "divergent")
UNCLUSTERED = ("finite", "divergent")
"""Regimes that are one cluster each: their members have no dynamics to compare."""
FEATURES = ("rate", "size", "growth", "nilpotent", "speed")
"""The columns of :attr:`Points.coordinates`."""

_MEASURES = ("delta", "rate", "growth", "linear_growth", "nilpotent")
_APART = 1000.0
"""Units between fractions with and without a speed, which one of rational value has not."""


@dataclass(frozen=True)
class Parameters:
    """How a clustering is made; stored with it.

    ``min_size``: classes that make a cluster (at least 2).  ``units``: of :data:`FEATURES`.  ``depth``: the N of the
    features.  ``cell``: edge of the finest grid, in units; ``most_points``: that a regime may have on it.

    Of the refinement (:mod:`constants_lab.refinement`), ``reach``: units within which a class without a name follows a named
    one; ``least_share``: the part of the named classes of a cluster that its constant must have; ``least_named``: the part of
    all its classes that must have a name.
    """

    min_size: int = 5
    units: dict[str, float] = field(
        default_factory=lambda: {"rate": 0.02, "size": 0.05, "growth": 0.25, "nilpotent": 0.125, "speed": 0.1}
    )
    depth: int = 1000
    cell: float = 0.5
    most_points: int = 40_000
    reach: float = 1.0
    least_share: float = 0.95
    least_named: float = 0.1

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


class Columns(Protocol):
    """Fractions in columns of equal length, NaN where a number is missing; a group below 0 is a class of one."""

    @property
    def group(self) -> np.ndarray: ...
    @property
    def regime(self) -> np.ndarray: ...
    @property
    def rate(self) -> np.ndarray: ...
    @property
    def delta(self) -> np.ndarray: ...
    @property
    def growth(self) -> np.ndarray: ...
    @property
    def linear_growth(self) -> np.ndarray: ...
    @property
    def nilpotent(self) -> np.ndarray: ...
    @property
    def depth(self) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Features:
    """What is clustered: the :class:`Columns` as they are measured (see :class:`constants_lab.dynamics.Dynamics`)."""

    group: Ints
    regime: np.ndarray
    rate: Floats
    delta: Floats
    growth: Floats
    linear_growth: Floats
    nilpotent: Floats
    depth: Floats

    @classmethod
    def of(cls, rows: Columns) -> Features:
        """The features of rows that were read from a database."""
        return cls(
            rows.group, rows.regime, rows.rate, rows.delta, rows.growth, rows.linear_growth, rows.nilpotent, rows.depth
        )

    def __len__(self) -> int:
        return len(self.group)


@dataclass(frozen=True, eq=False)
class Points:
    """One point for each class and regime.

    ``point_of``: the point of each formula.  ``regime``: the place of its regime in :data:`REGIMES`, ``coordinates``: its
    :data:`FEATURES` in units, NaN in all where one was not measured; ``weight``: the number of its formulas.
    """

    point_of: Ints
    regime: Ints
    coordinates: Floats
    weight: Ints

    @classmethod
    def of(cls, features: Features, parameters: Parameters) -> Points:
        """The points of formulas, the same in whatever order these come."""
        codes = _codes(features.regime)
        # Formulas of no class get numbers of their own behind all classes.
        alone = features.group < 0
        group = features.group.astype(np.int64)
        first = int(group.max(initial=-1)) + 1
        group[alone] = first + np.arange(np.count_nonzero(alone))
        _, start, point_of = np.unique(group * len(REGIMES) + codes, return_index=True, return_inverse=True)
        order = np.argsort(point_of, kind="stable")
        weight = np.bincount(point_of, minlength=len(start))
        bounds = np.concatenate([[0], np.cumsum(weight)[:-1]]).astype(np.int64)
        coordinates = np.empty((len(start), len(FEATURES)))
        for column, values in enumerate(_scaled(features, codes, parameters)):
            # The least of the members that have one, as that does not depend on their order.
            coordinates[:, column] = np.fmin.reduceat(values[order], bounds) if len(start) else values
        coordinates[np.isnan(coordinates).any(axis=1)] = np.nan
        return cls(point_of.astype(np.int64), codes[start], coordinates, weight)

    def __len__(self) -> int:
        return len(self.regime)


def _codes(regime: np.ndarray) -> Ints:
    codes = np.full(len(regime), -1, dtype=np.int64)
    for number, name in enumerate(REGIMES):
        codes[regime == name] = number
    return codes


def _scaled(features: Features, codes: Ints, parameters: Parameters) -> Iterator[Floats]:
    units, log_depth = parameters.units, float(np.log(parameters.depth))
    size = features.growth * log_depth + features.linear_growth
    yield np.log1p(features.rate) / units["rate"]
    yield size / units["size"]
    yield features.growth / units["growth"]
    yield features.nilpotent / units["nilpotent"]
    # Delta was measured at a depth of its own.
    measured = np.log(features.depth)
    exponent = (1 + features.delta) * (features.growth * measured + features.linear_growth)
    speed = (exponent - features.rate * measured) / units["speed"]
    speed = np.where(np.isnan(speed), _APART, speed)
    yield np.where(codes == REGIMES.index("factorial"), speed, np.where(np.isnan(features.delta), _APART, 0.0))


def cluster(features: Features, parameters: Parameters) -> Ints:
    """The number of the cluster of each formula, from 0 by falling size; -1 for noise, and for what was not measured.

    Formulas that end, and divergent ones, are a cluster each.
    """
    points = Points.of(features, parameters)
    return cluster_points(points, parameters)[points.point_of]


def cluster_points(points: Points, parameters: Parameters) -> Ints:
    """The same for points."""
    numbers = np.full(len(points), -1, dtype=np.int64)
    highest = 0
    for code, regime in enumerate(REGIMES):
        here = np.flatnonzero(points.regime == code)
        if regime in UNCLUSTERED:
            found = np.zeros(len(here), dtype=np.int64)
        else:
            here = here[~np.isnan(points.coordinates[here]).any(axis=1)]
            found = _cluster_regime(points.coordinates[here], parameters)
        numbers[here] = np.where(found >= 0, found + highest, -1)
        highest += int(found.max(initial=-1)) + 1
    return numbered(numbers, points.regime, points.coordinates, points.weight)


def _cluster_regime(coordinates: Floats, parameters: Parameters) -> Ints:
    if len(coordinates) < parameters.min_size:
        return np.full(len(coordinates), -1, dtype=np.int64)
    places, cell_of, cell = _grid(coordinates, parameters)
    copies = np.minimum(np.bincount(cell_of), parameters.min_size)
    sample = np.repeat(places, copies, axis=0)
    rank = np.arange(len(sample)) - np.repeat(np.cumsum(copies) - copies, copies)
    sample += _spread(rank, sample.shape[1]) * cell / 2
    if len(sample) < parameters.min_size:
        return np.full(len(coordinates), -1, dtype=np.int64)
    found = _hdbscan(sample, parameters.min_size)
    # Copies of a cell may end up apart; the largest part has it.
    first = np.cumsum(copies) - copies
    return most_common(found, np.repeat(np.arange(len(copies)), copies), len(first))[cell_of]


def _hdbscan(sample: Floats, min_size: int) -> Ints:
    from sklearn.cluster import HDBSCAN

    model = HDBSCAN(
        min_cluster_size=max(2, min_size), min_samples=min(min_size, len(sample)), allow_single_cluster=False, copy=True
    )
    return model.fit_predict(sample).astype(np.int64)


def _grid(coordinates: Floats, parameters: Parameters) -> tuple[Floats, Ints, float]:
    """The mean of the points in each cell in the order of the cells, the cell of each point, and the edge of a cell."""
    cell = parameters.cell
    while True:
        cells = np.floor(coordinates / cell + 0.5).astype(np.int64)
        _, cell_of, weight = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
        if np.minimum(weight, parameters.min_size).sum() <= parameters.most_points:
            break
        cell *= 1.5
    cell_of = cell_of.reshape(-1)
    # Summed in the order of the coordinates: float addition knows an order.
    order = np.lexsort(coordinates.T[::-1])
    places = np.column_stack([np.bincount(cell_of[order], weights=column[order]) / weight for column in coordinates.T])
    return places, cell_of.astype(np.int64), cell


def _spread(rank: Ints, dimensions: int) -> Floats:
    """Points of [-1/2, 1/2)^dimensions that fill it evenly: the rank-th of a Kronecker sequence."""
    ratio = 2.0
    for _ in range(40):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    steps = ratio ** -np.arange(1, dimensions + 1)
    return np.asarray((0.5 + rank[:, None] * steps) % 1 - 0.5)


def most_common(numbers: Ints, owner: Ints, owners: int) -> Ints:
    """The number that occurs most often for each of the owners 0, 1 ..., the least of equally frequent ones; -1 without any."""
    pairs, counts = np.unique(np.column_stack([owner, numbers]), axis=0, return_counts=True)
    order = np.lexsort([pairs[:, 1], -counts, pairs[:, 0]])
    owned, first = np.unique(pairs[order, 0], return_index=True)
    result = np.full(owners, -1, dtype=np.int64)
    result[owned] = pairs[order, 1][first]
    return result


def numbered(numbers: Ints, regime: Ints, coordinates: Floats, weight: Ints) -> Ints:
    """The same clusters, numbered from 0 by falling weight, then by regime and centre.

    The arrays have one entry for each thing that is in a cluster (or, at -1, in none), as those of :class:`Points`.
    """
    inside = numbers >= 0
    if not inside.any():
        return numbers
    used, dense = np.unique(numbers[inside], return_inverse=True)
    sizes = np.bincount(dense, weights=weight[inside])
    regimes = np.zeros(len(used), dtype=np.int64)
    regimes[dense] = regime[inside]
    middle = np.zeros((len(used), len(FEATURES)))
    for column in range(len(FEATURES)):
        known = np.nan_to_num(coordinates[inside, column])
        lowest, highest = np.full(len(used), np.inf), np.full(len(used), -np.inf)
        np.minimum.at(lowest, dense, known)
        np.maximum.at(highest, dense, known)
        # The middle of the box around a cluster does not depend on the order of its points, as a mean in float64 does.
        middle[:, column] = (lowest + highest) / 2
    order = np.lexsort([*middle.T[::-1], regimes, -sizes])
    place = np.empty(len(used), dtype=np.int64)
    place[order] = np.arange(len(used))
    result = np.full(len(numbers), -1, dtype=np.int64)
    result[inside] = place[dense]
    return result


def centres(numbers: Ints, features: Features) -> list[dict[str, float]]:
    """For each cluster the medians of the measures of its formulas, and ``classes``, the number of its classes.

    A measure that no formula has is left out.
    """
    order = np.argsort(numbers, kind="stable")
    order = order[numbers[order] >= 0]
    found: list[dict[str, float]] = []
    for members in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1) if len(order) else []:
        centre: dict[str, float] = {}
        for name in _MEASURES:
            values = getattr(features, name)[members]
            values = values[np.isfinite(values)]
            if len(values):
                centre[name] = float(np.median(values))
        group = features.group[members]
        centre["classes"] = float(len(np.unique(group[group >= 0])) + np.count_nonzero(group < 0))
        found.append(centre)
    return found
