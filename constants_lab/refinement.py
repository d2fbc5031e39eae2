"""Splitting and labelling clusters by the constants their members were verified for.

Implementation overview.  A cluster that holds constants of different kin (:func:`constants_lab.kinship.kin`) is cut along one
feature after another, at gaps, a cut being kept only if it separates constants; what no feature separates is split by the
constant itself.  Pieces that hold no name, and members without one of what was split by the constant, follow the nearest named
member of the cluster within reach, if none of another constant is as near; the others remain as a rest without a label.  Then
the same is done inside each piece for related constants, where none has the share that a label needs.  Where names are too
few to speak for a cluster, those that have one are taken out of it.

So no cluster holds members verified for two unrelated constants, exactly: in the end every formula whose constant is of another
kin than the label is taken out.  What has a name but is in no cluster is put into one for each constant and regime, whose
members have the constant in common and need not converge alike.  Clusters made here may be smaller than ``min_size``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from constants_lab.clustering import (
    FEATURES,
    UNCLUSTERED,
    Features,
    Floats,
    Ints,
    Parameters,
    Points,
    most_common,
    numbered,
)
from constants_lab.kinship import kin

__all__ = ["Refined", "refine"]

_CUTS = (
    ("rate", 0.5),
    ("growth", 1.0),
    ("nilpotent", 0.75),
    ("size", 2.0),
    ("speed", 2.0),
    ("rate", 0.001),
    ("size", 0.5),
    ("speed", 0.5),
    ("nilpotent", 0.25),
    ("size", 0.1),
    ("speed", 0.1),
)
"""Features and the gaps at which they are cut, in units, one after the other."""

_NEIGHBOURS = 8
_AS_NEAR = 0.25
"""Of the reach: names nearer to each other than that, seen from a member without one, are no guide to it."""


@dataclass(frozen=True, eq=False)
class Refined:
    """The number of each formula's cluster (-1 for none), and the constant of each cluster, None without a label."""

    numbers: Ints
    constants: list[str | None]


@dataclass(eq=False)
class _Names:
    """Codes of points: the constant (:attr:`texts`) and its kin, -1 for a point without a name."""

    texts: list[str]
    kin_of_text: Ints
    constant: Ints
    kin: Ints


def refine(
    numbers: Ints,
    features: Features,
    constants: Sequence[str | None] | np.ndarray,
    parameters: Parameters | None = None,
) -> Refined:
    """Split and label the clusters of :func:`constants_lab.clustering.cluster`.

    ``constants`` has the name of the constant that each formula was verified for, or None.  The result does not depend on the
    order of the formulas.  Raises :class:`InputError` for the name of no constant.
    """
    chosen = parameters or Parameters()
    points = Points.of(features, chosen)
    texts = sorted({name for name in constants if name is not None})
    place = {name: code for code, name in enumerate(texts)}
    own = np.array([-1 if name is None else place[name] for name in constants], dtype=np.int64)
    kins = sorted({kin(name) for name in texts})
    kin_of_text = np.array([kins.index(kin(name)) for name in texts], dtype=np.int64)
    # No label in the regimes that are not compared.
    own[np.isin(features.regime, UNCLUSTERED)] = -1

    named = np.flatnonzero(own >= 0)
    constant = most_common(own[named], points.point_of[named], len(points))
    names = _Names(texts, kin_of_text, constant, _looked_up(kin_of_text, constant))
    of_points = np.full(len(points), -1, dtype=np.int64)
    of_points[points.point_of] = numbers
    refined, labels = _refined_points(of_points, points, names, chosen)

    result = refined[points.point_of]
    label = _looked_up(np.array(labels, dtype=np.int64), result)
    strangers = (own >= 0) & (_looked_up(kin_of_text, own) != _looked_up(kin_of_text, label))
    if strangers.any():
        codes = points.regime[points.point_of[strangers]]
        kinds, index = np.unique(np.column_stack([codes, own[strangers]]), axis=0, return_inverse=True)
        result[strangers] = len(labels) + index.reshape(-1)
        labels += kinds[:, 1].tolist()
    ordered = numbered(
        result, points.regime[points.point_of], points.coordinates[points.point_of], np.ones(len(result), np.int64)
    )
    final: list[str | None] = [None] * (int(ordered.max(initial=-1)) + 1)
    inside, first = np.unique(ordered, return_index=True)
    for number, formula in zip(inside.tolist(), first.tolist(), strict=True):
        if number >= 0 and labels[result[formula]] >= 0:
            final[number] = texts[labels[result[formula]]]
    return Refined(ordered, final)


def _looked_up(table: Ints, codes: Ints) -> Ints:
    """The table at the codes, -1 where the code is."""
    return np.append(table, -1)[codes]


def _refined_points(numbers: Ints, points: Points, names: _Names, parameters: Parameters) -> tuple[Ints, list[int]]:
    """New numbers of points, and the constant (or -1) of each number."""
    result = np.full(len(numbers), -1, dtype=np.int64)
    labels: list[int] = []
    order = np.argsort(numbers, kind="stable")
    order = order[numbers[order] >= 0]
    for members in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
        # Members are put in the order of their features, which knows nothing of the order of the formulas.
        members = members[np.lexsort([names.constant[members], *points.coordinates[members].T[::-1]])]
        if (names.constant[members] < 0).all():
            result[members] = len(labels)
            labels.append(-1)
            continue
        for piece, label in _parts(members, points.coordinates, names, parameters):
            if label >= 0 or len(piece) >= parameters.min_size:
                result[piece] = len(labels)
                labels.append(label)
    return result, labels


def _parts(members: Ints, coordinates: Floats, names: _Names, parameters: Parameters) -> Iterator[tuple[Ints, int]]:
    """The parts of a cluster that has names, each with its constant; the rest comes last, with -1."""
    pieces: list[Ints] = []
    for piece in _divided(members, names.kin, coordinates):
        counts = np.bincount(names.constant[piece][names.constant[piece] >= 0])
        if counts.max() < parameters.least_share * counts.sum():
            pieces += _divided(piece, names.constant, coordinates)
        else:
            pieces.append(piece)
    labels = [int(np.bincount(names.constant[p][names.constant[p] >= 0]).argmax()) for p in pieces]
    few = parameters.least_named
    pieces = [p if _share_named(p, names) >= few else p[names.constant[p] >= 0] for p in pieces]
    loose = members[~np.isin(members, np.concatenate(pieces))]
    follow = _followed(loose, pieces, labels, coordinates, names, parameters.reach)
    for number, label in enumerate(labels):
        whole = np.concatenate([pieces[number], loose[follow == number]])
        if _share_named(whole, names) < few:
            follow[follow == number] = -1
            whole = pieces[number]
        yield whole, label
    rest = loose[follow < 0]
    if len(rest):
        yield rest, -1


def _share_named(members: Ints, names: _Names) -> float:
    return float(np.mean(names.constant[members] >= 0))


def _divided(members: Ints, key: Ints, coordinates: Floats) -> list[Ints]:
    """Pieces with one value of ``key`` each among their named members; what holds no name is left out."""
    done: list[Ints] = []
    pending = [(members, 0)]
    while pending:
        piece, step = pending.pop()
        present = _present(key[piece])
        if len(present) < 2:
            done.append(piece)
            continue
        cut, step = _useful_cut(piece, present, key, coordinates, step)
        # Last come first, so that the pieces are in the order of their features.
        pending += [(part, step) for part in reversed(cut) if (key[part] >= 0).any()]
        if not cut:
            done += [piece[key[piece] == each] for each in present]
    return done


def _present(keys: Ints) -> Ints:
    return np.unique(keys[keys >= 0])


def _useful_cut(piece: Ints, present: Ints, key: Ints, coordinates: Floats, step: int) -> tuple[list[Ints], int]:
    """The parts of the first cut from ``step`` on that separates keys, and the step after it; no part if none does."""
    for later in range(step, len(_CUTS)):
        feature, gap = _CUTS[later]
        values = coordinates[piece, FEATURES.index(feature)]
        order = np.argsort(values, kind="stable")
        parts = np.split(piece[order], np.flatnonzero(np.diff(values[order]) > gap) + 1)
        if any(0 < len(_present(key[part])) < len(present) for part in parts):
            return parts, later + 1
    return [], len(_CUTS)


def _followed(
    loose: Ints, pieces: list[Ints], labels: list[int], coordinates: Floats, names: _Names, reach: float
) -> Ints:
    """For each loose member the number of the piece it follows, or -1."""
    from sklearn.neighbors import KDTree

    follow = np.full(len(loose), -1, dtype=np.int64)
    leaders = [piece[names.constant[piece] >= 0] for piece in pieces]
    owner = np.repeat(np.arange(len(pieces)), [len(each) for each in leaders])
    guides = np.concatenate(leaders)
    if not len(loose):
        return follow
    # One guide for each place and kin, lest many equal ones hide another.
    kins = _looked_up(names.kin_of_text, np.array(labels, dtype=np.int64))
    _, first = np.unique(np.column_stack([coordinates[guides].round(3), kins[owner]]), axis=0, return_index=True)
    guides, owner = guides[first], owner[first]
    nearest = min(_NEIGHBOURS, len(guides))
    places, of_place = np.unique(coordinates[loose], axis=0, return_inverse=True)
    distance, index = KDTree(coordinates[guides]).query(places, k=nearest)
    found = kins[owner[index]]
    as_near = distance <= distance[:, :1] + _AS_NEAR * reach
    clear = (~as_near | (found == found[:, :1])).all(axis=1) & (distance[:, 0] <= reach)
    return np.where(clear, owner[index[:, 0]], -1)[of_place.reshape(-1)]
