"""Which formulas pass the filters of a listing, in its order: statements that give numbers of formulas and nothing else.

A database may hold millions of formulas and a listing shows twenty, so each statement goes through the rows of one table
in the order of an index, asks of each whether it passes, and stops at the limit.  That table is chosen here, and what is
asked of others is asked in EXISTS, which leaves the databases little choice: without statistics SQLite chooses badly.

Every order is total, ends in the formula's number and puts missing values last, so that both databases and all pages of a
listing agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from constants_lab.db.labels import labelled, nameless
from constants_lab.db.schema import (
    LARGEST_ID,
    ClusterMemberRow,
    ClusterRow,
    DynamicsRow,
    FindingRow,
    FormulaRow,
    IdentityRow,
    digest,
)
from constants_lab.db.store import Store
from constants_lab.errors import InputError
from constants_lab.evidence import Level
from constants_lab.regimes import RegimeName

__all__ = ["SORTS", "Filters", "Selection", "shown_identity", "simplest"]

SORTS = ("id", "digits", "delta", "rate", "height", "value")
"""What a listing may be sorted by."""

_FEW = 50_000
"""Findings of a job that are rather listed than looked for."""


@dataclass(frozen=True)
class Filters:
    """What a listing shows; see :func:`constants_lab.db.query.formulas` for the meaning."""

    constant: str | Sequence[str] | None = None
    min_evidence: str | None = None
    evidence: str | None = None
    kind: str | None = None
    job: int | None = None
    unidentified: bool = False
    label: str | None = None
    regime: str | None = None
    cluster: int | None = None

    @property
    def digests(self) -> list[bytes] | None:
        """Those of the constants asked for; ``None`` for all."""
        if self.constant is None:
            return None
        return [digest(name) for name in ([self.constant] if isinstance(self.constant, str) else self.constant)]


class Selection:
    """The formulas of a store that pass; raises :class:`InputError` for filters that make no sense."""

    def __init__(self, store: Store, filters: Filters) -> None:
        _check(store, filters)
        self.filters = filters
        few = filters.job is not None and store.job(filters.job).findings <= _FEW
        minimum = filters.min_evidence
        if minimum is None:
            minimum = Level.SCREENED.value if filters.unidentified else Level.VERIFIED.value
        lowest = Level.parse(minimum if filters.evidence is None else filters.evidence)
        self._rare = filters.constant is not None or filters.label is not None or lowest.rank > Level.SCREENED.rank
        self._conditions = [*_level_conditions(filters, lowest)]
        if filters.kind is not None:
            self._conditions.append(FormulaRow.kind == filters.kind)
        if filters.unidentified:
            self._conditions += [FormulaRow.kind == "pcf", *nameless()]
        if filters.label is not None:
            self._conditions.append(labelled(filters.label))
        if filters.job is not None:
            if few:
                met = select(FindingRow.formula_id).where(FindingRow.job_id == filters.job)
                self._conditions.append(FormulaRow.id.in_(met))
            else:
                # In a form that no index on jobs serves, so that the index on formulas is taken.
                here = func.coalesce(FindingRow.job_id, 0) == filters.job
                self._conditions.append(exists().where(FindingRow.formula_id == FormulaRow.id, here))

    def count(self, connection: Connection) -> int:
        """How many there are."""
        inner = self._passing(self._driver()).subquery()
        return connection.execute(select(func.count()).select_from(inner)).scalar_one()

    def ids(
        self,
        connection: Connection,
        sort: str = "id",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[int]:
        """Their numbers, in order."""
        driver = self._driver()
        if sort != "id" and limit is not None and driver is not ClusterMemberRow.formula_id and not self._rare:
            return self._by_column(connection, sort, descending, limit, offset)
        statement = self._passing(driver)
        if sort == "id":
            statement = statement.order_by(driver.desc() if descending else driver)
        else:
            key, statement = self._key(sort, driver, statement)
            statement = statement.order_by((key.desc() if descending else key.asc()).nulls_last(), driver)
        return list(connection.scalars(_paged(statement, limit, offset)))

    def ids_of_job(self, connection: Connection) -> list[int]:
        """Their numbers in the order of the first candidates of the job of the filters that met them."""
        first = func.min(FindingRow.candidate).label("first")
        met = select(FindingRow.formula_id, first).where(FindingRow.job_id == self.filters.job)
        grouped = met.group_by(FindingRow.formula_id).subquery("met")
        statement = select(FormulaRow.id).join(grouped, grouped.c.formula_id == FormulaRow.id).where(*self._conditions)
        return list(connection.scalars(statement.order_by(grouped.c.first, FormulaRow.id)))

    def _driver(self) -> InstrumentedAttribute[int]:
        """The column of formulas in the table to go through."""
        if self.filters.cluster is not None:
            return ClusterMemberRow.formula_id
        if self._rare or self.filters.regime is None:
            return FormulaRow.id
        return DynamicsRow.formula_id

    def _passing(self, driver: InstrumentedAttribute[int]) -> Select[int]:
        statement = select(driver)
        if driver is FormulaRow.id:
            statement = statement.where(*self._conditions)
        elif self._conditions:
            statement = statement.where(exists().where(FormulaRow.id == driver, *self._conditions))
        if driver is ClusterMemberRow.formula_id:
            statement = statement.where(ClusterMemberRow.cluster_id == self.filters.cluster)
        if self.filters.regime is not None:
            here = DynamicsRow.regime == self.filters.regime
            statement = statement.where(
                here if driver is DynamicsRow.formula_id else exists().where(DynamicsRow.formula_id == driver, here)
            )
        return statement

    def _key(
        self, sort: str, driver: InstrumentedAttribute[int], statement: Select[int]
    ) -> tuple[InstrumentedAttribute[Any], Select[int]]:
        """What to sort by, and the statement with the table it is in."""
        if sort == "value":
            formula = aliased(FormulaRow)
            return formula.approximation, statement.join(formula, formula.id == driver)
        if sort in ("delta", "rate"):
            measures = aliased(DynamicsRow)
            joined = statement.join(measures, measures.formula_id == driver, isouter=True)
            return (measures.delta if sort == "delta" else measures.rate), joined
        shown = aliased(IdentityRow)
        best = shown_identity(driver, self.filters)
        joined = statement.join(shown, shown.id == best, isouter=True)
        return (shown.digits if sort == "digits" else shown.height), joined

    def _by_column(self, connection: Connection, sort: str, descending: bool, limit: int, offset: int) -> list[int]:
        """Through the formulas that have what is sorted by, in the order of its index; the others follow by number."""
        driver = self._driver()
        key: InstrumentedAttribute[Any]
        if sort in ("delta", "rate"):
            key = getattr(DynamicsRow, sort)
            # In a form that the index on regimes does not serve, as it is not in this order.
            here = (
                () if self.filters.regime is None else (func.coalesce(DynamicsRow.regime, "") == self.filters.regime,)
            )
            passing = exists().where(FormulaRow.id == DynamicsRow.formula_id, *self._conditions)
            having = select(DynamicsRow.formula_id).where(key.is_not(None), passing, *here)
            ordered = having.order_by(key.desc() if descending else key, DynamicsRow.formula_id)
            with_key = exists().where(DynamicsRow.formula_id == driver, key.is_not(None))
            none = key.is_(None) if driver is DynamicsRow.formula_id else ~with_key
        elif sort == "value":
            key = FormulaRow.approximation
            having = self._passing(FormulaRow.id).where(key.is_not(None))
            ordered = having.order_by(key.desc() if descending else key, FormulaRow.id)
            none = exists().where(FormulaRow.id == driver, key.is_(None))
            none = key.is_(None) if driver is FormulaRow.id else none
        else:
            named = FormulaRow.id.in_(select(IdentityRow.formula_id))
            having = self._passing(FormulaRow.id).where(named)
            key, ordered = self._key(sort, FormulaRow.id, having)
            ordered = ordered.order_by(key.desc() if descending else key, FormulaRow.id)
            none = ~exists().where(IdentityRow.formula_id == driver)
        found = list(connection.scalars(_paged(ordered, limit, offset)))
        if len(found) == limit:
            return found
        before = offset + len(found)
        if not found and offset:
            before = connection.execute(select(func.count()).select_from(having.subquery())).scalar_one()
        rest = self._passing(driver).where(none).order_by(driver)
        return found + list(connection.scalars(_paged(rest, limit - len(found), max(0, offset - before))))


def simplest() -> tuple[ColumnElement[Any], ...]:
    """The order that puts the identity to be shown first; the digest makes it total on any collation."""
    rank = case({level.value: level.rank for level in Level}, value=IdentityRow.evidence, else_=0)
    return (
        rank.desc(),
        IdentityRow.__table__.c.height,
        func.length(IdentityRow.lhs),
        IdentityRow.__table__.c.lhs_digest,
    )


def shown_identity(formula: InstrumentedAttribute[int], filters: Filters) -> Any:
    """The number of the identity of a formula that is shown, of the constants asked for."""
    own = select(IdentityRow.id).where(IdentityRow.formula_id == formula).correlate_except(IdentityRow)
    if filters.digests is not None:
        own = own.where(_of_constants(filters.digests))
    return own.order_by(*simplest()).limit(1).scalar_subquery()


def _of_constants(digests: list[bytes]) -> ColumnElement[bool]:
    """That an identity of a given formula is of one of the constants, in a form that leads to no index on constants."""
    return func.coalesce(IdentityRow.constant_digest, IdentityRow.lhs_digest).in_(digests)


def _paged(statement: Select[int], limit: int | None, offset: int) -> Select[int]:
    if limit is not None:
        statement = statement.limit(min(limit, LARGEST_ID))
    elif offset:
        # SQLite has no OFFSET without LIMIT.
        statement = statement.limit(LARGEST_ID)
    return statement.offset(min(offset, LARGEST_ID)) if offset else statement


def _check(store: Store, filters: Filters) -> None:
    kind, regime = filters.kind, filters.regime
    if kind is not None and kind not in ("pcf", "signed", "field"):
        raise InputError(f"no kind of formula is called {kind!r}: use one of pcf, signed, field")
    if filters.unidentified and filters.constant is not None:
        raise InputError("an unidentified formula belongs to no constant: leave out unidentified or the constants")
    if filters.unidentified and kind not in (None, "pcf"):
        raise InputError(f"unidentified formulas are of the kind pcf: leave out unidentified or the kind {kind}")
    if regime is not None and regime not in get_args(RegimeName):
        raise InputError(f"no regime is called {regime!r}: use one of {', '.join(get_args(RegimeName))}")
    if filters.cluster is not None:
        _require_cluster(store, filters.cluster)


def _require_cluster(store: Store, cluster: int) -> None:
    if 0 < cluster <= LARGEST_ID:
        with store.reading() as connection:
            if connection.execute(select(ClusterRow.id).where(ClusterRow.id == cluster)).first() is not None:
                return
    raise InputError(f"there is no cluster {cluster} in {store.url}: `clab clusters` lists them")


def _level_conditions(filters: Filters, lowest: Level) -> list[ColumnElement[bool]]:
    """That the shown identity, or the formula itself where none is shown, has one of the levels asked for."""
    above = [each.value for each in Level if each.rank > lowest.rank]
    allowed = [lowest.value] if filters.evidence is not None else [lowest.value, *above]
    own: ColumnElement[str] = FormulaRow.__table__.c.evidence
    if filters.unidentified:
        # A level that only refuted identities gave; without them it would be the one it began with.
        own = case((own == Level.REFUTED.value, Level.SCREENED.value), else_=own)
        return [own.in_(allowed)]
    conditions: list[ColumnElement[bool]] = []
    if lowest.rank > Level.SCREENED.rank:
        # A formula stands as high as its identities.
        conditions += [own != literal_column("'screened'"), own.in_([lowest.value, *above])]
    named = exists().where(IdentityRow.formula_id == FormulaRow.id)
    if filters.digests is not None:
        listed = select(IdentityRow.formula_id).where(IdentityRow.constant_digest.in_(filters.digests))
        conditions.append(FormulaRow.id.in_(listed.where(IdentityRow.evidence.in_(allowed))))
        named = named.where(_of_constants(filters.digests))
    elif len(allowed) < len(Level):
        conditions.append(or_(named.where(IdentityRow.evidence.in_(allowed)), and_(~named, own.in_(allowed))))
    if filters.evidence is not None and above:
        conditions.append(~named.where(IdentityRow.evidence.in_(above)))
    return conditions
