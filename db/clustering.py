"""Clusters of formulas by their dynamics: reading what is clustered in columns, and keeping one clustering.

A survey has millions of formulas, so they are read through a plain cursor into arrays, page by page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from constants_lab.db.bulk import among
from constants_lab.db.levels import chunks, finite
from constants_lab.db.schema import ClusterMemberRow, ClusterRow, FormulaRow
from constants_lab.errors import InputError

if TYPE_CHECKING:
    from constants_lab.db.store import Store

__all__ = ["ClusterRecord", "ClusterView", "SurveyRows", "clusters", "store_clusters", "survey_rows"]

_PAGE = 50_000
# Rows read at once: few enough for the caches of a processor.
_READ = 2_000
_STREAMED = {"stream_results": True, "max_row_buffer": _READ}
_NO_CLASS = bytes(16)
_NUMBERS = ("rate", "delta", "delta_limit", "growth", "linear_growth", "nilpotent", "depth")
_POWER = re.compile(r"n(?:\^(\d+))?")


@dataclass(frozen=True, eq=False)
class SurveyRows:
    """Polynomial continued fractions with dynamics, one array a column, by rising ``id``.

    ``group``: a number for each class of Möbius-equivalent fractions, counted from 0 in the order of their first members; -1
    for a fraction that ends, which has no class.  ``factorial_reduction``: 1, 0, or -1 where it is not known.  ``regime`` is
    text.  ``approximation`` is the value in float64.  Floats are NaN where there is none.
    """

    id: np.ndarray
    group: np.ndarray
    regime: np.ndarray
    rate: np.ndarray
    delta: np.ndarray
    delta_limit: np.ndarray
    growth: np.ndarray
    linear_growth: np.ndarray
    nilpotent: np.ndarray
    depth: np.ndarray
    factorial_reduction: np.ndarray
    approximation: np.ndarray
    degree_a: np.ndarray
    degree_b: np.ndarray
    store: Store = field(repr=False)

    def __len__(self) -> int:
        return len(self.id)

    def values(self, ids: Sequence[int] | np.ndarray) -> list[str | None]:
        """The values of formulas, 60 digits as decimal text, in the order asked for; ``None`` where there is none."""
        wanted = [int(each) for each in ids]
        found: dict[int, str | None] = {}
        with self.store.reading() as connection:
            for chunk in chunks(sorted(set(wanted))):
                statement = select(FormulaRow.id, FormulaRow.value).where(among(connection, FormulaRow.id, chunk))
                found.update((identifier, value) for identifier, value in connection.execute(statement))
        return [found.get(each) for each in wanted]


@dataclass(frozen=True, eq=False)
class ClusterRecord:
    """A cluster to be stored: ``members`` are the numbers of its formulas, ``centre`` its mean features by name.

    With ``noise`` it holds what belongs to no cluster of the regime.  ``parameters`` say how the clustering was made.
    """

    regime: str
    size: int
    noise: bool
    constant: str | None
    centre: dict[str, float]
    parameters: dict[str, Any]
    members: np.ndarray | Sequence[int]


@dataclass(frozen=True)
class ClusterView:
    """A stored cluster; ``id`` is its place in the clustering, from 1."""

    id: int
    regime: str
    size: int
    noise: bool
    constant: str | None
    centre: dict[str, float]
    parameters: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


def survey_rows(store: Store, job: int | None = None) -> SurveyRows:
    """Every polynomial continued fraction with dynamics, or those that a job met.

    Raises :class:`InputError` for an unknown job.
    """
    if job is not None:
        store.job(job)
    columns: dict[str, list[np.ndarray]] = {}
    degrees: dict[str, int] = {}
    with store.reading() as connection:
        for page in _pages(connection, job):
            identifier, digests, regime, a, b, approximation, reduction, *numbers = zip(*page, strict=True)
            arrays = {
                "id": np.array(identifier, dtype=np.int64),
                "digest": np.frombuffer(b"".join([key or _NO_CLASS for key in digests]), dtype=np.uint64),
                "regime": np.array(regime, dtype="U11"),
                "approximation": np.array(approximation, dtype=np.float64),
                "factorial_reduction": np.array([-1 if each is None else each for each in reduction], dtype=np.int8),
                "degree_a": np.array([_degree(text, degrees) for text in a], dtype=np.int16),
                "degree_b": np.array([_degree(text, degrees) for text in b], dtype=np.int16),
            }
            arrays |= {name: np.array(each, dtype=np.float64) for name, each in zip(_NUMBERS, numbers, strict=True)}
            for name, array in arrays.items():
                columns.setdefault(name, []).append(array)
    joined = _joined(columns)
    return SurveyRows(store=store, group=_groups(joined.pop("digest").reshape(-1, 2)), **joined)


def store_clusters(store: Store, clusters: Sequence[ClusterRecord]) -> None:
    """Replace the clustering that is there, in one transaction; cluster i of the sequence gets the number i + 1.

    Raises :class:`InputError` for a formula in two clusters, for a size that is not that of the members, and for
    members that the database does not have; then the old clustering stays.
    """
    members = np.concatenate([np.asarray(each.members, dtype=np.int64) for each in clusters] or [np.empty(0, np.int64)])
    sizes = [len(each.members) for each in clusters]
    if sizes != [each.size for each in clusters]:
        raise InputError("the size of a cluster is not the number of its members: cluster anew")
    if len(np.unique(members)) < len(members):
        raise InputError("a formula belongs to two clusters: cluster anew")
    order = np.argsort(members)
    numbers = np.repeat(np.arange(1, len(clusters) + 1), sizes)
    now = datetime.now(UTC)
    rows = [
        {
            "id": number,
            "regime": each.regime,
            "size": each.size,
            "noise": each.noise,
            "constant": each.constant,
            "centre": {name: finite(float(value)) for name, value in each.centre.items()},
            "parameters": each.parameters,
            "created": now,
        }
        for number, each in enumerate(clusters, 1)
    ]

    def action(connection: Connection) -> None:
        unknown = np.setdiff1d(members, _all_formulas(connection), assume_unique=True)
        if len(unknown):
            raise InputError(
                f"{len(unknown):,} of the formulas clustered are not in {store.url}: cluster what is there"
            )
        connection.execute(delete(ClusterMemberRow))
        connection.execute(delete(ClusterRow))
        if rows:
            connection.execute(insert(ClusterRow), rows)
        for start in range(0, len(members), _PAGE):
            part = order[start : start + _PAGE]
            _insert_members(connection, members[part].tolist(), numbers[part].tolist())

    store.writing(action)


def clusters(store: Store) -> list[ClusterView]:
    """The clusters that are stored, by number."""
    columns = [ClusterRow.__table__.c[name] for name in ClusterView.__dataclass_fields__]
    with store.reading() as connection:
        return [ClusterView(*row) for row in connection.execute(select(*columns).order_by(ClusterRow.id))]


def _pages(connection: Connection, job: int | None) -> Iterator[Sequence[Any]]:
    """Rows with the columns id, class digest, regime, a, b, approximation, factorial reduction and the numbers."""
    numbers = ", ".join(f"d.{name}" for name in _NUMBERS)
    met = (
        "" if job is None else f" AND EXISTS (SELECT 1 FROM finding g WHERE g.formula_id = f.id AND g.job_id = {job:d})"
    )
    statement = (
        "SELECT f.id, f.class_digest, d.regime, f.a, f.b, f.approximation, d.factorial_reduction, "
        f"{numbers} FROM dynamics d JOIN formula f ON f.id = d.formula_id WHERE f.kind = 'pcf'{met} ORDER BY d.formula_id"
    )
    result = connection.exec_driver_sql(statement, execution_options=_STREAMED)
    yield from result.partitions(_READ)


def _joined(columns: dict[str, list[np.ndarray]]) -> dict[str, np.ndarray]:
    kinds = {
        "id": "i8",
        "digest": "u8",
        "regime": "U11",
        "factorial_reduction": "i1",
        "degree_a": "i2",
        "degree_b": "i2",
    }
    names = ("id", "digest", "regime", *_NUMBERS, "factorial_reduction", "approximation", "degree_a", "degree_b")
    # Each list is let go as soon as it is joined, so that there are never two copies of everything.
    return {name: np.concatenate(columns.pop(name, [np.empty(0, kinds.get(name, "f8"))])) for name in names}


def _groups(digests: np.ndarray) -> np.ndarray:
    """Numbers for the different rows of two, from 0 in the order in which they first occur; -1 for zeros."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    ordered = digests[order]
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(begins) - 1
    # The order of equal rows is kept, so the first of each is its first occurrence.
    firsts = order[begins]
    firsts = np.where((digests[firsts] == 0).all(axis=1), -1, firsts)
    number = np.empty(len(firsts), dtype=np.int64)
    number[np.argsort(firsts)] = np.arange(len(firsts)) - np.count_nonzero(firsts < 0)
    return number[place]


def _degree(text: str, known: dict[str, int]) -> int:
    """The degree of a polynomial in n, from its text."""
    degree = known.get(text)
    if degree is None:
        degree = known[text] = max((int(power or 1) for power in _POWER.findall(text)), default=0)
    return degree


def _all_formulas(connection: Connection) -> np.ndarray:
    result = connection.exec_driver_sql("SELECT id FROM formula", execution_options=_STREAMED)
    pages = [np.array([row[0] for row in page], dtype=np.int64) for page in result.partitions(_READ)]
    return np.concatenate([np.empty(0, np.int64), *pages])


def _insert_members(connection: Connection, formulas: list[int], numbers: list[int]) -> None:
    into = "INSERT INTO cluster_member (formula_id, cluster_id)"
    if connection.dialect.name == "postgresql":
        statement = f"{into} SELECT * FROM unnest(%s::bigint[], %s::bigint[])"
        connection.exec_driver_sql(statement, (formulas, numbers))
    else:
        connection.exec_driver_sql(f"{into} VALUES (?, ?)", list(zip(formulas, numbers, strict=True)))
