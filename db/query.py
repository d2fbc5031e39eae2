"""Asking the database: listings, one formula in full, and what was searched completely.

A listing is one SQL statement, and a few more for the labels and the first jobs of what it lists.  Of each formula
the *shown identity* is picked by a window function: among the identities of the constants asked for (all, if none),
the best level, then the lowest height, then the shortest and first left-hand side.  Every order is total, ends in
the formula's number and puts missing values last, so that both databases and all pages of a listing agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, and_, case, false, func, or_, select, union_all
from sqlalchemy.orm import aliased

from constants_lab.db.bulk import among
from constants_lab.db.jobs import Job
from constants_lab.db.labels import labelled, labels_of, nameless
from constants_lab.db.levels import chunks
from constants_lab.db.schema import (
    LARGEST_ID,
    DynamicsRow,
    EquivalenceRow,
    EvidenceRow,
    FindingRow,
    FormulaRow,
    IdentityRow,
    JobRow,
    digest,
)
from constants_lab.db.store import Store
from constants_lab.db.views import (
    CoverageRow,
    EquivalenceView,
    EvidenceView,
    FindingView,
    FormulaView,
    IdentityView,
    LabelView,
)
from constants_lab.errors import InputError
from constants_lab.evidence import Level

__all__ = ["SORTS", "count", "coverage", "formula", "formulas", "formulas_of_job"]

SORTS = ("id", "digits", "delta", "rate", "height", "value")
"""What a listing may be sorted by."""

_FORMULA = (
    FormulaRow.id,
    FormulaRow.kind,
    FormulaRow.exact_key,
    FormulaRow.class_key,
    FormulaRow.a,
    FormulaRow.b,
    FormulaRow.signs,
    FormulaRow.prefix,
    FormulaRow.polynomials,
    FormulaRow.value,
    FormulaRow.created,
)


def formulas(
    store: Store,
    *,
    constant: str | Iterable[str] | None = None,
    min_evidence: str | None = None,
    evidence: str | None = None,
    kind: str | None = None,
    job: int | None = None,
    unidentified: bool = False,
    label: str | None = None,
    sort: str | None = None,
    descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[FormulaView]:
    """The formulas that pass every filter, each once.

    ``constant`` is a catalogue name or several; ``min_evidence`` the lowest level of the shown identity (of the
    formula itself if it has none), ``verified`` if not given, which ``evidence`` replaces by an exact level; ``kind``
    is ``pcf``, ``signed`` or ``field``; ``job`` keeps what that job met; ``label`` keeps what has a label of that
    kind.  ``sort`` is one of :data:`SORTS`, where ``height`` is the size of the integers of the left-hand side and
    ``value`` compares doubles; by default it is ``id``.

    ``unidentified`` keeps polynomial continued fractions whose value has no name: every identity is refuted, the
    formula itself is not, and no label says that the value is a rational or an algebraic number.  Then no identity is
    shown, ``evidence`` is the formula's own level, ``min_evidence`` is ``screened`` if not given, and the greatest
    delta comes first unless ``sort`` is given.

    Raises :class:`InputError` for an unknown level, kind, label, sort or job, a negative ``limit`` or ``offset``, or
    ``unidentified`` together with a ``constant`` or another ``kind``.
    """
    if sort is None:
        sort, descending = ("delta", True) if unidentified else ("id", descending)
    if sort not in SORTS:
        raise InputError(f"formulas cannot be sorted by {sort!r}: use one of {', '.join(SORTS)}")
    if offset < 0 or (limit is not None and limit < 0):
        raise InputError("limit and offset must not be negative: give 0 or more")
    query = _Listing(store, constant, min_evidence, evidence, kind, job, unidentified, label)
    key: dict[str, ColumnElement[Any]] = {
        "digits": query.identity.c.digits,
        "delta": DynamicsRow.__table__.c.delta,
        "rate": DynamicsRow.__table__.c.rate,
        "height": query.identity.c.height,
        "value": FormulaRow.__table__.c.approximation,
    }
    identifier = FormulaRow.id.desc() if descending and sort == "id" else FormulaRow.id
    statement = query.select
    if sort != "id":
        column = key[sort]
        statement = statement.order_by((column.desc() if descending else column.asc()).nulls_last())
    statement = statement.order_by(identifier)
    if limit is not None:
        statement = statement.limit(min(limit, LARGEST_ID))
    elif offset:
        # SQLite has no OFFSET without LIMIT.
        statement = statement.limit(LARGEST_ID)
    if offset:
        statement = statement.offset(min(offset, LARGEST_ID))
    return _run(store, statement, job)


def count(
    store: Store,
    *,
    constant: str | Iterable[str] | None = None,
    min_evidence: str | None = None,
    evidence: str | None = None,
    kind: str | None = None,
    job: int | None = None,
    unidentified: bool = False,
    label: str | None = None,
) -> int:
    """How many formulas :func:`formulas` would list without a limit."""
    query = _Listing(store, constant, min_evidence, evidence, kind, job, unidentified, label)
    with store.reading() as connection:
        inner = query.select.with_only_columns(FormulaRow.id).subquery()
        return connection.execute(select(func.count()).select_from(inner)).scalar_one()


def formulas_of_job(store: Store, job_id: int, *, min_evidence: str = "verified") -> list[FormulaView]:
    """Every formula a job met, new or stored before, in the order of the candidates; raises as :meth:`Store.job`."""
    query = _Listing(store, None, min_evidence, None, None, job_id)
    assert query.met is not None
    return _run(store, query.select.order_by(query.met.c.first, FormulaRow.id), job_id)


def formula(store: Store, formula_id: int) -> FormulaView:
    """One formula with all its identities, evidence, convergence, labels, provenance and related formulas.

    Raises :class:`InputError` if there is none of that number.
    """
    known = 0 < formula_id <= LARGEST_ID
    query = _Listing(store, None, Level.REFUTED.value, None, None, None, only=formula_id if known else 0)
    with store.reading() as connection:
        row = None
        if known:
            row = connection.execute(query.select.where(FormulaRow.id == formula_id)).first()
        if row is None:
            raise InputError(f"there is no formula {formula_id} in {store.url}: `clab formulas` lists them")
        identities = connection.execute(
            select(IdentityRow.__table__).where(IdentityRow.formula_id == formula_id).order_by(*_simplest())
        )
        evidence = connection.execute(
            select(EvidenceRow.__table__).where(EvidenceRow.formula_id == formula_id).order_by(EvidenceRow.id)
        )
        findings = connection.execute(
            select(FindingRow.job_id, FindingRow.candidate, JobRow.method, JobRow.version)
            .join(JobRow, JobRow.id == FindingRow.job_id)
            .where(FindingRow.formula_id == formula_id)
            .order_by(FindingRow.job_id, FindingRow.candidate)
        )
        provenance = tuple(FindingView.of(each) for each in findings)
        return _view(
            row,
            labels=labels_of(connection, [formula_id]).get(formula_id, ()),
            job=provenance[0].job if provenance else None,
            identities=tuple(IdentityView.of(each) for each in identities),
            records=tuple(EvidenceView.of(each) for each in evidence),
            provenance=provenance,
            equivalences=_equivalences(connection, formula_id),
        )


def coverage(store: Store) -> list[CoverageRow]:
    """What was searched, wholly or in part: every job with at least one candidate done, or with none to do."""
    jobs: Sequence[Job] = store.jobs()
    return [CoverageRow.of(job) for job in jobs if job.done > 0 or job.complete]


class _Listing:
    """The statement behind a listing: a formula, its shown identity and its convergence."""

    def __init__(
        self,
        store: Store,
        constant: str | Iterable[str] | None,
        min_evidence: str | None,
        evidence: str | None,
        kind: str | None,
        job: int | None,
        unidentified: bool = False,
        label: str | None = None,
        only: int | None = None,
    ) -> None:
        if kind is not None and kind not in ("pcf", "signed", "field"):
            raise InputError(f"no kind of formula is called {kind!r}: use one of pcf, signed, field")
        if unidentified and constant is not None:
            raise InputError("an unidentified formula belongs to no constant: leave out unidentified or the constants")
        if unidentified and kind not in (None, "pcf"):
            raise InputError(f"unidentified formulas are of the kind pcf: leave out unidentified or the kind {kind}")
        if min_evidence is None:
            min_evidence = Level.SCREENED.value if unidentified else Level.VERIFIED.value
        lowest = Level.parse(min_evidence if evidence is None else evidence)
        allowed = [each.value for each in Level if each.rank >= lowest.rank] if evidence is None else [lowest]
        constants = None if constant is None else [constant] if isinstance(constant, str) else list(constant)

        position = func.row_number().over(partition_by=IdentityRow.formula_id, order_by=_simplest())
        ranked = select(
            IdentityRow.formula_id,
            IdentityRow.id,
            IdentityRow.constant,
            IdentityRow.lhs,
            IdentityRow.height,
            IdentityRow.evidence,
            IdentityRow.digits,
            position.label("position"),
        )
        if constants is not None:
            ranked = ranked.where(IdentityRow.constant_digest.in_([digest(name) for name in constants]))
        if only is not None:
            # Without this every identity of the database would be ranked to show one formula.
            ranked = ranked.where(IdentityRow.formula_id == only)
        if unidentified:
            # Those that are left are refuted, and name nothing.
            ranked = ranked.where(false())
        self.identity = ranked.subquery("shown")
        own: ColumnElement[str] = FormulaRow.__table__.c.evidence
        if unidentified:
            # A level that only refuted identities gave; without them it would be the one it began with.
            own = case((own == Level.REFUTED.value, Level.SCREENED.value), else_=own)
        level = func.coalesce(self.identity.c.evidence, own)
        shown = and_(self.identity.c.formula_id == FormulaRow.id, self.identity.c.position == 1)
        statement = (
            select(
                *_FORMULA,
                self.identity.c.constant,
                self.identity.c.lhs,
                self.identity.c.height,
                level.label("level"),
                self.identity.c.digits,
                DynamicsRow.regime,
                DynamicsRow.delta,
                DynamicsRow.delta_limit,
                DynamicsRow.rate,
                DynamicsRow.depth,
            )
            .select_from(FormulaRow)
            .join(self.identity, shown, isouter=constants is None)
            .join(DynamicsRow, DynamicsRow.formula_id == FormulaRow.id, isouter=True)
        )
        if len(allowed) < len(Level):
            statement = statement.where(
                or_(
                    self.identity.c.evidence.in_(allowed),
                    and_(self.identity.c.evidence.is_(None), own.in_(allowed)),
                )
            )
        if kind is not None:
            statement = statement.where(FormulaRow.kind == kind)
        if unidentified:
            statement = statement.where(FormulaRow.kind == "pcf", *nameless())
        self.met: Subquery | None = None
        if job is not None:
            store.job(job)
            if unidentified:
                # Every formula is looked at, and PostgreSQL takes them for few: a join would group the findings for each.
                here = FindingRow.formula_id == FormulaRow.id, func.coalesce(FindingRow.job_id, 0) == job
                statement = statement.where(select(FindingRow.job_id).where(*here).exists())
            else:
                first = func.min(FindingRow.candidate).label("first")
                met = select(FindingRow.formula_id, first).where(FindingRow.job_id == job)
                self.met = met.group_by(FindingRow.formula_id).subquery("met")
                statement = statement.join(self.met, self.met.c.formula_id == FormulaRow.id)
        if label is not None:
            statement = statement.where(labelled(label))
        self.select: Select[*tuple[Any, ...]] = statement


def _first_jobs(connection: Connection, formulas: Iterable[int]) -> dict[int, int]:
    """The first job that met each formula; in a join, all findings of the database would be grouped for it."""
    found: dict[int, int] = {}
    for chunk in chunks(formulas):
        statement = (
            select(FindingRow.formula_id, func.min(FindingRow.job_id))
            .where(among(connection, FindingRow.formula_id, chunk))
            .group_by(FindingRow.formula_id)
        )
        found.update((formula, job) for formula, job in connection.execute(statement))
    return found


def _simplest() -> tuple[ColumnElement[Any], ...]:
    """The order that puts the identity to be shown first; the digest makes it total on any collation."""
    rank = case({level.value: level.rank for level in Level}, value=IdentityRow.evidence, else_=0)
    return (
        rank.desc(),
        IdentityRow.__table__.c.height,
        func.length(IdentityRow.lhs),
        IdentityRow.__table__.c.lhs_digest,
    )


def _equivalences(connection: Connection, formula_id: int) -> tuple[EquivalenceView, ...]:
    """The relations of a formula, those it was found with first, then by relation and number of the other."""
    at, other = EquivalenceRow.formula_id, EquivalenceRow.other_id
    # Two searches in two indices: asked for both ends at once, the databases would read the whole table.
    ends = union_all(
        *(
            select(there.label("other"), at, EquivalenceRow.relation, EquivalenceRow.matrix).where(here == formula_id)
            for here, there in ((at, other), (other, at))
        )
    ).subquery("ends")
    # One sought name for each row; the window of a listing would rank every identity of the database.
    best = (
        select(IdentityRow.id)
        .where(IdentityRow.formula_id == FormulaRow.id)
        .order_by(*_simplest())
        .limit(1)
        .correlate(FormulaRow)
        .scalar_subquery()
    )
    shown = aliased(IdentityRow)
    statement = (
        select(
            *_FORMULA,
            ends.c.formula_id,
            ends.c.relation,
            ends.c.matrix,
            shown.constant,
            shown.lhs,
            func.coalesce(shown.evidence, FormulaRow.evidence).label("level"),
        )
        .select_from(ends)
        .join(FormulaRow, FormulaRow.id == ends.c.other)
        .join(shown, shown.id == best, isouter=True)
    )
    found = [EquivalenceView.of(row, formula_id) for row in connection.execute(statement)]
    # Sorted here, since databases collate texts differently.
    return tuple(sorted(found, key=lambda view: (view.direction == "from", view.relation, view.id)))


def _run(store: Store, statement: Select[*tuple[Any, ...]], job: int | None) -> list[FormulaView]:
    with store.reading() as connection:
        rows = connection.execute(statement).all()
        ids = [row.id for row in rows]
        labels = labels_of(connection, ids)
        jobs = _first_jobs(connection, ids) if job is None else dict.fromkeys(ids, job)
        return [_view(row, labels.get(row.id, ()), jobs.get(row.id)) for row in rows]


def _view(
    row: Row[*tuple[Any, ...]],
    labels: tuple[LabelView, ...],
    job: int | None,
    identities: tuple[IdentityView, ...] = (),
    records: tuple[EvidenceView, ...] = (),
    provenance: tuple[FindingView, ...] = (),
    equivalences: tuple[EquivalenceView, ...] = (),
) -> FormulaView:
    return FormulaView(
        id=row.id,
        kind=row.kind,
        a=row.a,
        b=row.b,
        signs=row.signs,
        prefix=row.prefix,
        polynomials=row.polynomials,
        value=row.value,
        constant=row.constant,
        lhs=row.lhs,
        evidence=row.level,
        digits=row.digits,
        delta=row.delta,
        regime=row.regime,
        rate=row.rate,
        job=job,
        exact_key=row.exact_key,
        class_key=row.class_key,
        delta_limit=row.delta_limit,
        depth=row.depth,
        height=row.height,
        created=row.created,
        labels=labels,
        identities=identities,
        records=records,
        provenance=provenance,
        equivalences=equivalences,
    )
