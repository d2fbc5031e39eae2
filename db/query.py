"""Asking the database: listings, one formula in full, and what was searched completely.

A listing is a statement that gives the numbers of its formulas (:mod:`constants_lab.db.selection`), and a few more for each
few thousand of them.  Of each formula the *shown identity* is, among the identities of the constants asked for (all, if
none), the one with the best level, then the lowest height, then the shortest and first left-hand side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, false, func, select, union_all
from sqlalchemy.orm import aliased

from constants_lab.db.bulk import among
from constants_lab.db.jobs import Job
from constants_lab.db.labels import labels_of
from constants_lab.db.levels import chunks
from constants_lab.db.schema import (
    LARGEST_ID,
    ClusterMemberRow,
    DynamicsRow,
    EquivalenceRow,
    EvidenceRow,
    FindingRow,
    FormulaRow,
    IdentityRow,
    JobRow,
)
from constants_lab.db.selection import SORTS, Filters, Selection, shown_identity, simplest
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

__all__ = ["SORTS", "Filters", "count", "coverage", "each_formula", "formula", "formulas", "formulas_of_job"]

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
_MEASURES = tuple(column for column in DynamicsRow.__table__.c if column.name != "formula_id")


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
    regime: str | None = None,
    cluster: int | None = None,
    sort: str | None = None,
    descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[FormulaView]:
    """The formulas that pass every filter, each once.

    ``constant`` is a catalogue name or several; ``min_evidence`` the lowest level of the shown identity (of the
    formula itself if it has none), ``verified`` if not given, which ``evidence`` replaces by an exact level; ``kind``
    is ``pcf``, ``signed`` or ``field``; ``job`` keeps what that job met; ``label`` keeps what has a label of that
    kind, ``regime`` what converges so, ``cluster`` the members of the cluster of that number.  ``sort`` is one of
    :data:`SORTS`, where ``height`` is the size of the integers of the left-hand side and ``value`` compares doubles;
    by default it is ``id``.

    ``unidentified`` keeps polynomial continued fractions whose value has no name: every identity is refuted, the
    formula itself is not, and no label says that the value is a rational or an algebraic number.  Then no identity is
    shown, ``evidence`` is the formula's own level, ``min_evidence`` is ``screened`` if not given, and the greatest
    delta comes first unless ``sort`` is given.

    Raises :class:`InputError` for an unknown level, kind, label, regime, cluster, sort or job, a negative ``limit`` or
    ``offset``, or ``unidentified`` together with a ``constant`` or another ``kind``.
    """
    filters = Filters(
        constant if constant is None or isinstance(constant, str) else tuple(constant),
        min_evidence,
        evidence,
        kind,
        job,
        unidentified,
        label,
        regime,
        cluster,
    )
    return list(each_formula(store, filters, sort=sort, descending=descending, limit=limit, offset=offset))


def each_formula(
    store: Store,
    filters: Filters,
    *,
    sort: str | None = None,
    descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[FormulaView]:
    """The same one by one, for listings that are longer than memory; the database is read meanwhile.

    Raises as :func:`formulas` when the first is asked for.
    """
    if sort is None:
        sort, descending = ("delta", True) if filters.unidentified else ("id", descending)
    if sort not in SORTS:
        raise InputError(f"formulas cannot be sorted by {sort!r}: use one of {', '.join(SORTS)}")
    if offset < 0 or (limit is not None and limit < 0):
        raise InputError("limit and offset must not be negative: give 0 or more")
    selection = Selection(store, filters)
    with store.reading() as connection:
        found = selection.ids(connection, sort, descending, limit, offset)
        for part in chunks(found):
            yield from _views(connection, part, filters)


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
    regime: str | None = None,
    cluster: int | None = None,
) -> int:
    """How many formulas :func:`formulas` would list without a limit."""
    filters = Filters(
        constant if constant is None or isinstance(constant, str) else tuple(constant),
        min_evidence,
        evidence,
        kind,
        job,
        unidentified,
        label,
        regime,
        cluster,
    )
    selection = Selection(store, filters)
    with store.reading() as connection:
        return selection.count(connection)


def formulas_of_job(store: Store, job_id: int, *, min_evidence: str = "verified") -> list[FormulaView]:
    """Every formula a job met, new or stored before, in the order of the candidates; raises as :meth:`Store.job`."""
    filters = Filters(min_evidence=min_evidence, job=job_id)
    selection = Selection(store, filters)
    with store.reading() as connection:
        found = selection.ids_of_job(connection)
        return [view for part in chunks(found) for view in _views(connection, part, filters)]


def formula(store: Store, formula_id: int) -> FormulaView:
    """One formula with all its identities, evidence, convergence, labels, provenance and related formulas.

    Raises :class:`InputError` if there is none of that number.
    """
    with store.reading() as connection:
        rows = _rows(connection, [formula_id], Filters()) if 0 < formula_id <= LARGEST_ID else {}
        if formula_id not in rows:
            raise InputError(f"there is no formula {formula_id} in {store.url}: `clab formulas` lists them")
        identities = connection.execute(
            select(IdentityRow.__table__).where(IdentityRow.formula_id == formula_id).order_by(*simplest())
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
            rows[formula_id],
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


def _views(connection: Connection, ids: list[int], filters: Filters) -> Iterator[FormulaView]:
    """Formulas as they are listed, in the order of their numbers given."""
    rows = _rows(connection, ids, filters)
    labels = labels_of(connection, ids)
    jobs = _first_jobs(connection, ids) if filters.job is None else dict.fromkeys(ids, filters.job)
    for identifier in ids:
        yield _view(rows[identifier], labels.get(identifier, ()), jobs.get(identifier))


def _rows(connection: Connection, ids: list[int], filters: Filters) -> dict[int, Row[*tuple[Any, ...]]]:
    """Formulas with their shown identities, measures and clusters, by number."""
    shown = aliased(IdentityRow)
    own: ColumnElement[str] = FormulaRow.__table__.c.evidence
    best: ColumnElement[bool] = shown.id == shown_identity(FormulaRow.id, filters)
    if filters.unidentified:
        # The identities that such a formula has are refuted and name nothing, and their level is none of its own.
        best = false()
        own = case((own == Level.REFUTED.value, Level.SCREENED.value), else_=own)
    statement = (
        select(
            *_FORMULA,
            shown.constant,
            shown.lhs,
            shown.height,
            func.coalesce(shown.evidence, own).label("level"),
            shown.digits,
            *_MEASURES,
            ClusterMemberRow.cluster_id,
        )
        .select_from(FormulaRow)
        .join(shown, best, isouter=True)
        .join(DynamicsRow, DynamicsRow.formula_id == FormulaRow.id, isouter=True)
        .join(ClusterMemberRow, ClusterMemberRow.formula_id == FormulaRow.id, isouter=True)
        .where(among(connection, FormulaRow.id, ids))
    )
    return {row.id: row for row in connection.execute(statement)}


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
        .join(shown, shown.id == shown_identity(FormulaRow.id, Filters()), isouter=True)
    )
    found = [EquivalenceView.of(row, formula_id) for row in connection.execute(statement)]
    # Sorted here, since databases collate texts differently.
    return tuple(sorted(found, key=lambda view: (view.direction == "from", view.relation, view.id)))


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
        **{column.name: row._mapping[column.name] for column in _MEASURES},
        cluster=row.cluster_id,
        job=job,
        exact_key=row.exact_key,
        class_key=row.class_key,
        height=row.height,
        created=row.created,
        labels=labels,
        identities=identities,
        records=records,
        provenance=provenance,
        equivalences=equivalences,
    )
