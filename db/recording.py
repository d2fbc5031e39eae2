"""Writing findings in bulk: a few statements for a whole unit, whatever its size.

Each function works inside a transaction of the caller and is idempotent: what is already stored is left alone or
strengthened, never doubled or weakened.  Rows that exist are looked up first and only the others inserted, so
that PostgreSQL's identifiers do not jump; the insertion still says ``ON CONFLICT DO NOTHING``, because another
writer may come between.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from constants_lab.db.bulk import among, insert_counted, insert_many
from constants_lab.db.equivalences import record_equivalences
from constants_lab.db.labels import record_labels
from constants_lab.db.levels import (
    chunks,
    evidence_values,
    finite,
    raise_formulas,
    recompute_formulas,
    stands_above,
)
from constants_lab.db.records import Companion, DynamicsRecord, Finding, FormulaRecord, IdentityRecord
from constants_lab.db.schema import (
    DynamicsRow,
    EvidenceRow,
    FindingRow,
    FormulaRow,
    IdentityRow,
    digest,
)
from constants_lab.errors import InputError
from constants_lab.evidence import Evidence, Level, height_cost

__all__ = ["record_findings", "record_identities"]


_IdentityKey = tuple[int, bytes]


def record_findings(connection: Connection, job_id: int, findings: Sequence[Finding], now: datetime) -> tuple[int, int]:
    """Store findings with their formulas, identities, evidence, dynamics, labels and companions.

    A companion is stored as a formula that was met at the same candidate, and its relation to the formula of the
    finding as an equivalence.  Gives the numbers of new formulas and of new meetings, the rows of ``finding``;
    both count the companions.

    Evidence for an identity that exists is added only if it is stronger: a higher level, or more digits at the same
    level.  A refuted identity stays refuted.  Raises :class:`InputError` for values and matrices that are not numbers.
    """
    if not findings:
        return 0, 0
    met: list[tuple[int, Finding | Companion]] = []
    for finding in findings:
        met.append((finding.index, finding))
        if finding.companions:
            met.extend((finding.index, companion) for companion in finding.companions)
    formulas: dict[bytes, FormulaRecord] = {}
    keys: list[bytes] = []
    for _, found in met:
        key = digest(found.formula.exact_key)
        keys.append(key)
        formulas.setdefault(key, found.formula)
    ids, new_formulas = _formulas(connection, formulas, now)
    rows = [
        {"job_id": job_id, "candidate": index, "formula_id": ids[key]}
        for (index, _), key in zip(met, keys, strict=True)
    ]
    new_findings = insert_counted(connection, FindingRow, rows)
    record_identities(connection, [(ids[k], i) for (_, f), k in zip(met, keys, strict=True) for i in f.identities], now)
    record_labels(connection, [(ids[digest(f.formula.exact_key)], label) for f in findings for label in f.labels], now)
    _own_evidence(connection, {ids[digest(f.formula.exact_key)]: f.evidence for f in findings if f.evidence}, now)
    measured: dict[int, DynamicsRecord] = {}
    relations: list[tuple[int, int, Companion]] = []
    formula = 0
    for (_, found), key in zip(met, keys, strict=True):
        if isinstance(found, Companion):
            relations.append((formula, ids[key], found))
        else:
            # The companions of a finding follow it in the list.
            formula = ids[key]
        record, known = found.dynamics, measured.get(ids[key])
        if record and (known is None or (record.depth or 0) > (known.depth or 0)):
            measured[ids[key]] = record
    _dynamics(connection, measured)
    record_equivalences(connection, relations, now)
    return new_formulas, new_findings


def _formulas(
    connection: Connection, formulas: Mapping[bytes, FormulaRecord], now: datetime
) -> tuple[dict[bytes, int], int]:
    ids = _formula_ids(connection, formulas)
    rows = [
        {
            "kind": record.kind,
            "exact_key": record.exact_key,
            "exact_digest": key,
            "class_key": record.class_key,
            "class_digest": None if record.class_key is None else digest(record.class_key),
            "a": record.a,
            "b": record.b,
            "signs": record.signs,
            "prefix": record.prefix,
            "polynomials": record.polynomials,
            "value": record.value,
            "approximation": _approximation(record.value),
            "evidence": Level.SCREENED.value,
            "created": now,
        }
        for key, record in formulas.items()
        if key not in ids
    ]
    new = insert_counted(connection, FormulaRow, rows)
    # Those of another writer that came between are among them.
    ids.update(_formula_ids(connection, [key for key in formulas if key not in ids]))
    return ids, new


def _formula_ids(connection: Connection, keys: Iterable[bytes]) -> dict[bytes, int]:
    ids: dict[bytes, int] = {}
    for chunk in chunks(keys):
        statement = select(FormulaRow.exact_digest, FormulaRow.id).where(
            among(connection, FormulaRow.exact_digest, chunk)
        )
        ids.update((key, identifier) for key, identifier in connection.execute(statement))
    return ids


def record_identities(connection: Connection, claims: Iterable[tuple[int, IdentityRecord]], now: datetime) -> int:
    """Store identities given as (formula, identity) with their evidence; gives the number of new ones.

    Of one that exists the evidence is added only if it is stronger.  The formulas must exist.
    """
    best: dict[_IdentityKey, IdentityRecord] = {}
    for formula_id, record in claims:
        key = (formula_id, digest(record.lhs))
        known = best.get(key)
        if known is None or stands_above(record.evidence, known.evidence.level, known.evidence.digits):
            best[key] = record
    stored = _stored_identities(connection, best)
    rows = [
        {
            "formula_id": key[0],
            "constant": record.constant,
            "constant_digest": digest(record.constant),
            "matrix": record.matrix,
            "lhs": record.lhs,
            "lhs_digest": key[1],
            "height": _height(record),
            "evidence": record.evidence.level.value,
            "digits": record.evidence.digits,
            "created": now,
        }
        for key, record in best.items()
        if key not in stored
    ]
    columns = (IdentityRow.formula_id, IdentityRow.lhs_digest, IdentityRow.id)
    new = {(row[0], row[1]): row[2] for row in insert_many(connection, IdentityRow, rows, columns)}
    lost = [key for key in best if key not in stored and key not in new]
    stored.update(_stored_identities(connection, lost))

    supports: list[dict[str, Any]] = []
    raised: list[dict[str, Any]] = []
    touched: dict[Level, set[int]] = {}
    refuted: set[int] = set()
    for key, record in best.items():
        evidence = record.evidence
        if key in new:
            identity = new[key]
        else:
            identity, level, digits = stored[key]
            if not stands_above(evidence, level, digits):
                continue
            raised.append({"key": identity, "level": evidence.level.value, "number": evidence.digits})
            if evidence.level is Level.REFUTED:
                refuted.add(key[0])
        supports.append(evidence_values(key[0], identity, evidence, now))
        touched.setdefault(evidence.level, set()).add(key[0])
    if raised:
        connection.execute(
            update(IdentityRow)
            .where(IdentityRow.id == bindparam("key"))
            .values(evidence=bindparam("level"), digits=bindparam("number")),
            raised,
        )
    insert_counted(connection, EvidenceRow, supports)
    for level, formulas in touched.items():
        raise_formulas(connection, level, formulas)
    refuted |= touched.get(Level.REFUTED, set())
    if refuted:
        recompute_formulas(connection, refuted)
    return len(new)


def _own_evidence(connection: Connection, records: Mapping[int, Evidence], now: datetime) -> None:
    """Evidence for formulas as such, where it is stronger than what they have."""
    levels: dict[int, str] = {}
    for chunk in chunks(sorted(records)):
        statement = select(FormulaRow.id, FormulaRow.evidence).where(among(connection, FormulaRow.id, chunk))
        levels.update((identifier, level) for identifier, level in connection.execute(statement))
    stronger = {i: e for i, e in records.items() if stands_above(e, levels[i], e.digits)}
    rows = [evidence_values(identifier, None, evidence, now) for identifier, evidence in stronger.items()]
    insert_counted(connection, EvidenceRow, rows)
    for level in {evidence.level for evidence in stronger.values()}:
        raise_formulas(connection, level, [i for i, e in stronger.items() if e.level is level])


def _stored_identities(
    connection: Connection, keys: Iterable[_IdentityKey]
) -> dict[_IdentityKey, tuple[int, str, int]]:
    stored: dict[_IdentityKey, tuple[int, str, int]] = {}
    wanted = set(keys)
    for chunk in chunks(sorted({formula for formula, _ in wanted})):
        statement = select(
            IdentityRow.formula_id,
            IdentityRow.lhs_digest,
            IdentityRow.id,
            IdentityRow.evidence,
            IdentityRow.digits,
        ).where(among(connection, IdentityRow.formula_id, chunk))
        for formula, lhs, identity, level, digits in connection.execute(statement):
            if (formula, lhs) in wanted:
                stored[formula, lhs] = (identity, level, digits)
    return stored


def _dynamics(connection: Connection, records: Mapping[int, DynamicsRecord]) -> None:
    rows = [{"formula_id": formula, **_measures(record)} for formula, record in records.items()]
    insert_counted(connection, DynamicsRow, rows, _keep_the_deepest)


def _measures(record: DynamicsRecord) -> dict[str, Any]:
    """The fields, without numbers that are not finite."""
    fields = vars(record)
    numbers = [value for value in fields.values() if isinstance(value, float)]
    if math.isfinite(sum(numbers)):
        # They nearly always are, and one question is faster than ten.
        return fields
    return {name: finite(value) if isinstance(value, float) else value for name, value in fields.items()}


def _keep_the_deepest(statement: Any) -> Any:
    fresh, stored = statement.excluded, DynamicsRow.depth
    return statement.on_conflict_do_update(
        index_elements=[DynamicsRow.formula_id],
        set_={name: fresh[name] for name in DynamicsRecord.model_fields},
        where=(fresh.depth > stored) | (stored.is_(None) & fresh.depth.is_not(None)),
    )


def _approximation(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return finite(float(value))
    except ValueError:
        raise InputError(f"the value {value[:40]!r} of a formula is not a decimal number: correct it") from None


def _height(record: IdentityRecord) -> float:
    try:
        return height_cost(int(entry) for row in record.matrix for entry in row)
    except ValueError:
        raise InputError(
            f"the matrix of the identity {record.lhs[:60]!r} must hold integers in decimal: correct it"
        ) from None
