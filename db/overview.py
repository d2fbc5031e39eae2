"""What a database holds, in numbers and best examples: the questions of the report.

Every question is a few statements that count and rank inside the database, so that millions of formulas cost no memory here.
A formula counts for a constant when an identity of it with that constant is at least verified.  Its *class* is that of its
class key; a formula without one, such as a signed fraction, is a class of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, null, or_, select

from constants_lab.db.bulk import among
from constants_lab.db.labels import nameless
from constants_lab.db.records import NUMBER_LABELS
from constants_lab.db.schema import (
    ClusterMemberRow,
    ClusterRow,
    DynamicsRow,
    FormulaRow,
    IdentityRow,
    LabelRow,
    SetAsideRow,
    digest,
)
from constants_lab.db.store import Store
from constants_lab.evidence import Level

__all__ = [
    "ClusterCount",
    "ConstantCount",
    "Failures",
    "Named",
    "RegimeCount",
    "clusters",
    "constants",
    "curiosities",
    "failures",
    "members",
    "named",
    "regimes",
]

_REGIMES = ("factorial", "exponential", "stretched", "polynomial", "finite", "divergent")
"""The fastest first."""

_GOOD = [level.value for level in Level if level.rank >= Level.VERIFIED.rank]
_IDENTITY = ("lhs", "evidence", "digits")
_FIRST_PAGE = 2_000


@dataclass(frozen=True)
class RegimeCount:
    """Formulas of a regime ("" for those that were not measured): all, those with a verified identity, those that are a
    rational or algebraic number, and the greatest delta."""

    regime: str
    formulas: int
    named: int
    numbers: int
    best_delta: float | None


@dataclass(frozen=True)
class Named:
    """A formula as a report shows it, with its simplest identity; ``lhs``, ``evidence`` and ``digits`` are None without one."""

    id: int
    kind: str
    a: str | None
    b: str | None
    signs: list[int] | None
    prefix: list[int] | None
    polynomials: list[str] | None
    value: str | None
    lhs: str | None
    evidence: str | None
    digits: int | None
    regime: str | None
    delta: float | None
    rate: float | None


@dataclass(frozen=True)
class ConstantCount:
    """Formulas and classes of a constant, those of the greatest delta and of the greatest rate in the fastest regime."""

    constant: str
    formulas: int
    classes: int
    best: Named | None
    fastest: Named | None


@dataclass(frozen=True)
class ClusterCount:
    """A cluster, and how many of its members have a verified identity with the constant it is labelled with."""

    id: int
    regime: str
    size: int
    noise: bool
    constant: str | None
    verified: int


@dataclass(frozen=True)
class Failures:
    """What went wrong or stayed open.

    ``set_aside``: (job, candidates, an error) of each job that gave candidates up for now.  ``refuted``: how many identities
    are refuted, and (formula, left-hand side) of the first.  ``without_value``: convergent fractions whose value is not known
    to 60 digits, by regime.
    """

    set_aside: list[tuple[int, int, str]]
    refuted: int
    refuted_first: list[tuple[int, str]]
    without_value: dict[str, int]


def regimes(store: Store) -> list[RegimeCount]:
    """The formulas by regime, the fastest first; empty for a database without formulas."""
    with store.reading() as connection:
        regime = DynamicsRow.__table__.c.regime
        rows = connection.execute(select(regime, func.count(), func.max(DynamicsRow.delta)).group_by(regime))
        counted = {name: (count, best) for name, count, best in rows}
        total = connection.execute(select(func.count()).select_from(FormulaRow)).scalar_one()
        measured = sum(count for count, _ in counted.values())
        if total > measured:
            counted[""] = (total - measured, None)
        named = _by_regime(connection, IdentityRow, IdentityRow.evidence.in_(_GOOD))
        numbers = _by_regime(connection, LabelRow, LabelRow.kind.in_(NUMBER_LABELS))
    order = sorted(counted, key=lambda name: (_REGIMES.index(name) if name in _REGIMES else len(_REGIMES), name))
    return [RegimeCount(x, counted[x][0], named.get(x, 0), numbers.get(x, 0), counted[x][1]) for x in order]


def _by_regime(connection: Connection, table: Any, condition: ColumnElement[bool]) -> dict[str, int]:
    statement = (
        select(DynamicsRow.regime, func.count(func.distinct(table.formula_id)))
        .select_from(table)
        .join(DynamicsRow, DynamicsRow.formula_id == table.formula_id, isouter=True)
        .where(condition)
        .group_by(DynamicsRow.regime)
    )
    return {row[0] or "": row[1] for row in connection.execute(statement)}


def clusters(store: Store) -> list[ClusterCount]:
    """The clusters by number."""
    agree = and_(IdentityRow.formula_id == ClusterMemberRow.formula_id, IdentityRow.constant == ClusterRow.constant)
    verified = (
        select(ClusterRow.id, func.count(func.distinct(IdentityRow.formula_id)))
        .join(ClusterMemberRow, ClusterMemberRow.cluster_id == ClusterRow.id)
        .join(IdentityRow, agree)
        .where(IdentityRow.evidence.in_(_GOOD))
        .group_by(ClusterRow.id)
    )
    kept = (ClusterRow.id, ClusterRow.regime, ClusterRow.size, ClusterRow.noise, ClusterRow.constant)
    with store.reading() as connection:
        counts = {row[0]: row[1] for row in connection.execute(verified)}
        rows = connection.execute(select(*kept).order_by(ClusterRow.id))
        return [ClusterCount(*row, verified=counts.get(row[0], 0)) for row in rows]


def constants(store: Store, names: Iterable[str] | None = None) -> list[ConstantCount]:
    """The constants that have formulas, or those of ``names`` that do, by number of formulas."""
    chosen = None if names is None else [digest(name) for name in names]
    statement = (
        select(IdentityRow.constant, func.count(func.distinct(FormulaRow.id)), func.count(func.distinct(_class())))
        .join(FormulaRow, FormulaRow.id == IdentityRow.formula_id)
        .where(IdentityRow.evidence.in_(_GOOD))
        .group_by(IdentityRow.constant)
    )
    if chosen is not None:
        statement = statement.where(IdentityRow.constant_digest.in_(chosen))
    with store.reading() as connection:
        counts = sorted(
            ((row[0], row[1], row[2]) for row in connection.execute(statement)), key=lambda row: (-row[1], row[0])
        )
        return [ConstantCount(*row, *_extremes(connection, row[0])) for row in counts]


def _extremes(connection: Connection, constant: str) -> tuple[Named | None, Named | None]:
    delta, rate = DynamicsRow.__table__.c.delta, DynamicsRow.__table__.c.rate
    speed = case({name: place for place, name in enumerate(_REGIMES)}, value=DynamicsRow.regime, else_=len(_REGIMES))
    orders = ((delta, (delta.desc(),)), (rate, (speed, rate.desc())))
    found = []
    for needed, order in orders:
        statement = _of_constant(constant).where(needed.is_not(None)).order_by(*order, *_simplest()).limit(1)
        row = connection.execute(statement).first()
        found.append(None if row is None else _named(row))
    return found[0], found[1]


def named(store: Store, constant: str, limit: int) -> list[Named]:
    """Formulas of a constant, one of each class, those with the simplest left-hand sides first."""
    place = func.row_number().over(partition_by=_class(), order_by=_simplest()).label("place")
    ranked = (
        _of_constant(constant)
        .add_columns(place, IdentityRow.height, func.length(IdentityRow.lhs).label("size"))
        .subquery()
    )
    statement = (
        select(*(ranked.c[name] for name in Named.__dataclass_fields__))
        .where(ranked.c.place == 1)
        .order_by(ranked.c.height, ranked.c.size, ranked.c.id)
        .limit(limit)
    )
    with store.reading() as connection:
        return [_named(row) for row in connection.execute(statement)]


def members(store: Store, constant: str, limit: int) -> list[tuple[str, str, list[list[str]]]]:
    """(a, b, matrix) of polynomial continued fractions of a constant, those with the simplest left-hand sides first."""
    statement = (
        select(FormulaRow.a, FormulaRow.b, IdentityRow.matrix)
        .join(IdentityRow, IdentityRow.formula_id == FormulaRow.id)
        .where(
            FormulaRow.kind == "pcf",
            FormulaRow.class_digest.is_not(None),
            IdentityRow.constant_digest == digest(constant),
            IdentityRow.evidence.in_(_GOOD),
        )
        .order_by(*_simplest())
        .limit(limit)
    )
    with store.reading() as connection:
        return [(row[0] or "", row[1] or "", row[2]) for row in connection.execute(statement)]


def curiosities(store: Store, limit: int, *, nilpotent: float | None = None) -> list[Named]:
    """Fractions whose value has no name, one of each class, those of the greatest delta first.

    With ``nilpotent`` those with at least that fraction of primes; without, those whose delta says something: all but the
    ones of the factorial regime that keep their factorials.
    """
    dynamics = DynamicsRow.__table__.c
    wanted: ColumnElement[bool] = (
        or_(dynamics.regime != "factorial", dynamics.factorial_reduction.is_(True))
        if nilpotent is None
        else dynamics.nilpotent >= nilpotent
    )
    found: dict[Any, Named] = {}
    start, size = 0, _FIRST_PAGE
    with store.reading() as connection:
        while len(found) < limit:
            # Whether a formula has a name costs three searches, so only the first of this order are asked.
            page = (
                select(dynamics.formula_id)
                .where(wanted, dynamics.delta.is_not(None))
                .order_by(dynamics.delta.desc(), dynamics.formula_id)
                .limit(size)
                .offset(start)
            )
            ids = list(connection.execute(page).scalars())
            found |= {key: view for key, view in _unnamed(connection, ids, limit) if key not in found}
            if len(ids) < size:
                break
            start, size = start + size, 10 * size
    return list(found.values())[:limit]


def _unnamed(connection: Connection, ids: Sequence[int], limit: int) -> list[tuple[Any, Named]]:
    """Those of the formulas that have no name, with their class, in the order given until there are enough classes."""
    found: list[tuple[Any, Named]] = []
    keys: set[Any] = set()
    for position in range(0, len(ids), _FIRST_PAGE):
        part = list(ids[position : position + _FIRST_PAGE])
        statement = (
            _shown(None, None, None)
            .add_columns(_class().label("class_of"))
            .where(among(connection, FormulaRow.id, part), FormulaRow.kind == "pcf", *nameless())
        )
        rows = {row.id: row for row in connection.execute(statement)}
        for identifier in part:
            row = rows.get(identifier)
            if row is not None and row.class_of not in keys:
                keys.add(row.class_of)
                found.append((row.class_of, _named(row)))
        if len(keys) >= limit:
            break
    return found


def failures(store: Store, limit: int = 20) -> Failures:
    """What was given up, refuted or not computed."""
    refuted = IdentityRow.evidence == Level.REFUTED.value
    with store.reading() as connection:
        aside: dict[int, tuple[int, str]] = {}
        for row in connection.execute(select(SetAsideRow.__table__).order_by(SetAsideRow.job_id, SetAsideRow.start)):
            count, error = aside.get(row.job_id, (0, row.error))
            aside[row.job_id] = count + row.stop - row.start, error
        total = connection.execute(select(func.count()).select_from(IdentityRow).where(refuted)).scalar_one()
        first = connection.execute(
            select(IdentityRow.formula_id, IdentityRow.lhs)
            .where(refuted)
            .order_by(IdentityRow.formula_id, IdentityRow.id)
            .limit(limit)
        ).all()
        missing = connection.execute(
            select(DynamicsRow.regime, func.count())
            .join(FormulaRow, FormulaRow.id == DynamicsRow.formula_id)
            .where(FormulaRow.value.is_(None), DynamicsRow.regime.not_in(("finite", "divergent")))
            .group_by(DynamicsRow.regime)
        ).all()
    return Failures(
        [(job, count, error) for job, (count, error) in aside.items()],
        total,
        [(row[0], row[1]) for row in first],
        dict(sorted((row[0], row[1]) for row in missing)),
    )


def _class() -> ColumnElement[Any]:
    return func.coalesce(FormulaRow.class_digest, FormulaRow.exact_digest)


def _simplest() -> tuple[ColumnElement[Any], ...]:
    """Simple left-hand sides first; total, ending in numbers."""
    identity = IdentityRow.__table__.c
    return identity.height, func.length(identity.lhs), identity.formula_id, identity.id


def _shown(lhs: Any, evidence: Any, digits: Any) -> Select[Any]:
    """The columns of :class:`Named`, in its order."""
    identity = [
        (null() if each is None else each).label(name)
        for each, name in zip((lhs, evidence, digits), _IDENTITY, strict=True)
    ]
    formula = [FormulaRow.__table__.c[name] for name in list(Named.__dataclass_fields__)[:8]]
    return (
        select(*formula, *identity, DynamicsRow.regime, DynamicsRow.delta, DynamicsRow.rate)
        .select_from(FormulaRow)
        .join(DynamicsRow, DynamicsRow.formula_id == FormulaRow.id, isouter=True)
    )


def _of_constant(constant: str) -> Select[Any]:
    return (
        _shown(IdentityRow.lhs, IdentityRow.evidence, IdentityRow.digits)
        .join(IdentityRow, IdentityRow.formula_id == FormulaRow.id)
        .where(IdentityRow.constant_digest == digest(constant), IdentityRow.evidence.in_(_GOOD))
    )


def _named(row: Row[Any]) -> Named:
    return Named(*(getattr(row, name) for name in Named.__dataclass_fields__))
