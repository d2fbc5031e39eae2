"""``clab export``: formulas with their dynamics as a table in a file, for other programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from constants_lab.cli.files import replacing
from constants_lab.cli.formulas import (
    Cluster,
    EvidenceLevel,
    Job,
    Kind,
    Label,
    Limit,
    Regime,
    Sort,
    Unidentified,
    filters_of,
)
from constants_lab.cli.listing import FIELDS
from constants_lab.cli.options import Constant, Constants, Database
from constants_lab.cli.output import message
from constants_lab.errors import InputError

if TYPE_CHECKING:
    from constants_lab.db.views import FormulaView

MEASURES = (
    "delta_limit", "depth", "blind_delta", "log_denominator", "factorial_reduction", "growth", "linear_growth", "residual",
    "nilpotent",
)  # fmt: skip
COLUMNS = (*FIELDS, "labels", *MEASURES)
"""The columns of every file."""

_INTEGERS = {"id", "digits", "cluster", "job", "depth"}
_LISTS = {"signs", "prefix", "polynomials", "labels"}
_TEXTS = {"kind", "a", "b", "value", "constant", "lhs", "evidence", "regime"}
_BATCH = 20_000


def command(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write: a name that ends in .parquet or .csv.")
    ],
    constant: Constant = None,
    constants: Constants = None,
    evidence: EvidenceLevel = None,
    kind: Kind = None,
    job: Job = None,
    unidentified: Unidentified = False,
    label: Label = None,
    regime: Regime = None,
    cluster: Cluster = None,
    sort: Sort = None,
    limit: Limit = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
    db: Database = None,
) -> None:
    """Write formulas with their dynamics to a Parquet or CSV file; the filters are those of clab formulas."""
    write = _FORMATS.get(out.suffix.lower())
    if write is None:
        raise InputError(f"files of the kind {out.name!r} cannot be written: give a name that ends in .parquet or .csv")
    _check_free(out, force)
    filters = filters_of(constant, constants, evidence, kind, job, unidentified, label, regime, cluster)
    from constants_lab.db.query import each_formula
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store, replacing(out, "table") as part, open(part, "wb") as file:
        found = each_formula(
            store,
            filters,
            sort=None if sort is None else sort.removeprefix("-"),
            descending=sort is not None and sort.startswith("-"),
            limit=limit,
        )
        written = write(file, map(_row, found))
        # Somebody may have made one meanwhile.
        _check_free(out, force)
    if written:
        message(f"{out}: {written:,} formulas.")
    else:
        reason = "none were asked for" if limit == 0 else "no formula passes these filters"
        message(f"{out} has no rows: {reason} (--evidence screened adds those not verified).")


def _row(view: FormulaView) -> dict[str, Any]:
    measures = {name: getattr(view, name) for name in MEASURES}
    return {**view.as_json(), "labels": list(view.label_kinds), **measures}


def _write_csv(file: BinaryIO, rows: Iterator[dict[str, Any]]) -> int:
    import io

    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    written = 0
    for row in rows:
        # As `clab formulas --csv` writes them.
        row["labels"] = ";".join(row["labels"])
        cells = (row[name] for name in COLUMNS)
        writer.writerow([json.dumps(each, ensure_ascii=False) if isinstance(each, list) else each for each in cells])
        written += 1
    text.flush()
    text.detach()
    return written


def _write_parquet(file: BinaryIO, rows: Iterator[dict[str, Any]]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def kind_of(name: str) -> Any:
        if name in _INTEGERS:
            return pa.int64()
        if name in _LISTS:
            # Partial quotients have no bound, so they are decimal texts.
            return pa.list_(pa.int64() if name == "signs" else pa.string())
        if name in _TEXTS:
            return pa.string()
        return pa.bool_() if name == "factorial_reduction" else pa.float64()

    schema = pa.schema([(name, kind_of(name)) for name in COLUMNS])
    written = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _BATCH)):
            for row in batch:
                if row["prefix"] is not None:
                    row["prefix"] = list(map(str, row["prefix"]))
            columns = [pa.array([row[field.name] for row in batch], type=field.type) for field in schema]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            written += len(batch)
    return written


_FORMATS: dict[str, Callable[[BinaryIO, Iterator[dict[str, Any]]], int]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}


def _check_free(out: Path, force: bool) -> None:
    if out.is_dir():
        raise InputError(f"{out} is a folder: give the name of a file in it")
    if out.exists() and not force:
        raise InputError(f"there is a file {out} already: give another name, or --force to replace it")
