"""The notebook's way in: a database as tables that are typeset, and searches with a progress bar.

A :class:`FormulaFrame` is a pandas DataFrame of plain data; only its HTML form, which Jupyter asks for, shows the formulas in
LaTeX.  Numbers in it are numeric unless their evidence says more (:mod:`constants_lab.evidence`).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields
from html import escape
from operator import index
from time import monotonic
from types import TracebackType
from typing import Any, TypeVar

import pandas as pd

from constants_lab.constants import Constant, constant
from constants_lab.db import query
from constants_lab.db.store import Store
from constants_lab.db.views import FormulaView
from constants_lab.display import inline
from constants_lab.errors import ConstantsLabError, InputError
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.polynomials import latex_polynomial, make_polynomial
from constants_lab.search.engine import choose_engine
from constants_lab.search.job import JobSpec, load_method
from constants_lab.search.runner import Progress, prepare_job, run_job
from constants_lab.signed import SignedCF

__all__ = ["COLUMNS", "Database", "Formula", "FormulaFrame", "open", "search"]

COLUMNS = {
    "id": "int64",
    "a": "str",
    "b": "str",
    "value": "str",
    "constant": "str",
    "lhs": "str",
    "evidence": "str",
    "digits": "Int64",
    "delta": "float64",
    "regime": "str",
    "rate": "float64",
    "job": "Int64",
}
"""The columns of a :class:`FormulaFrame` and their types; the fields are those of the JSON of a formula."""

_SHOWN_DIGITS = 20
_T = TypeVar("_T")

Names = str | Constant | Iterable[str | Constant]
"""One constant or several, by name or as objects."""


def _missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _read(make: Callable[..., _T], *texts: Any) -> _T | None:
    """What ``make`` reads from the texts; None if one is missing or is not understood."""
    if any(map(_missing, texts)):
        return None
    try:
        return make(*texts)
    except InputError:
        return None


def _math(latex: str) -> str:
    return f"$\\displaystyle {escape(latex)}$"


def _typeset(row: dict[Hashable, Any]) -> str:
    """An HTML cell: left-hand side = continued fraction, as far as the row has them and they can be read."""
    fraction, identity = _read(PCF, row.get("a"), row.get("b")), _read(Identity.parse, row.get("lhs"))
    right = "" if fraction is None else inline(fraction, 3, latex=True)
    if identity is not None:
        return _math(identity.latex() + (f" = {right}" if right else ""))
    left = _cell(row.get("lhs"))
    return " = ".join(part for part in (left, right and _math(right)) if part)


def _typeset_polynomial(text: Any) -> str:
    p = _read(make_polynomial, text)
    return _cell(text) if p is None else _math(latex_polynomial(p))


def _cell(value: Any) -> str:
    text = "" if _missing(value) else f"{value:.4g}" if isinstance(value, float) else escape(str(value))
    # MathJax leaves <code> alone: only what was read as a formula is typeset, not whatever text a database holds.
    return f"<code>{text}</code>" if "$" in text or "\\" in text else text


def _short(value: Any) -> str:
    """The first digits of a long decimal."""
    text = _cell(value)
    return text if len(text) <= _SHOWN_DIGITS + 3 else text[: _SHOWN_DIGITS + 2] + "…"


class FormulaFrame(pd.DataFrame):  # type: ignore[misc]
    """Formulas as rows with the columns :data:`COLUMNS`, as text and numbers; in Jupyter the formulas are typeset.

    Selections of rows or columns are frames of the same kind.
    """

    @property
    def _constructor(self) -> type[FormulaFrame]:
        return FormulaFrame

    @classmethod
    def of(cls, views: Sequence[FormulaView]) -> FormulaFrame:
        """The frame of what a query gave, in its order."""
        columns = {
            name: pd.Series([getattr(view, name) for view in views], dtype=kind) for name, kind in COLUMNS.items()
        }
        return cls(columns)

    def _repr_html_(self) -> str | None:
        """HTML with LaTeX between dollar signs; a frame without formulas in it is shown as pandas does."""
        if not {"a", "b"} <= set(self.columns) or not self.columns.is_unique:
            return super()._repr_html_()
        shown = pd.DataFrame(self.head(pd.get_option("display.max_rows") or len(self)))
        show = {"a": _typeset_polynomial, "b": _typeset_polynomial, "value": _short}
        cells = {
            f"{name}(n)" if name in ("a", "b") else escape(str(name)): list(map(show.get(name, _cell), shown[name]))
            for name in shown.columns
            if name != "lhs"
        }
        table = pd.DataFrame(cells)
        place = 1 if table.columns[0] == "id" else 0
        table.insert(place, "formula", list(map(_typeset, shown.to_dict("records"))), allow_duplicates=True)
        with pd.option_context("display.max_colwidth", None):
            html = table.to_html(escape=False, index=False, border=0)
        count = f"{len(self)} formula{'' if len(self) == 1 else 's'}"
        note = count if len(shown) == len(self) else f"the first {len(shown)} of {count}"
        return f"{html}<p>{note}</p>"


class Formula(FormulaView):
    """One formula with everything the database knows of it; the fields are those of :class:`FormulaView`.

    ``identities``, ``records`` (of evidence) and ``provenance`` are filled.
    """

    @classmethod
    def of(cls, view: FormulaView) -> Formula:
        """The same formula, with what a notebook can do with it."""
        return cls(**{field.name: getattr(view, field.name) for field in fields(view)})

    @property
    def pcf(self) -> PCF:
        """The continued fraction; raises :class:`InputError` for formulas of another kind."""
        if self.a is None or self.b is None:
            raise InputError(f"formula {self.id} is no polynomial continued fraction: it is of the kind {self.kind!r}")
        return PCF(self.a, self.b)

    @property
    def signed(self) -> SignedCF:
        """The signed continued fraction; raises :class:`InputError` for formulas of another kind."""
        if self.kind != "signed" or not self.polynomials or not self.signs:
            raise InputError(f"formula {self.id} is no signed continued fraction: it is of the kind {self.kind!r}")
        return SignedCF(self.signs, self.prefix or [], self.polynomials)

    @property
    def identity(self) -> Identity | None:
        """The shown left-hand side; None where the value has no name, or one with more than one constant in it."""
        return _read(Identity.parse, self.lhs)

    @property
    def _fraction(self) -> PCF | SignedCF | None:
        if self.kind == "signed":
            return _read(SignedCF, self.signs, self.prefix or [], self.polynomials)
        return _read(PCF, self.a, self.b)

    def evidence_records(self) -> pd.DataFrame:
        """Every run behind the levels of the identities, oldest first: what was run, by which version, how deep."""
        names = {each.id: each.lhs for each in self.identities}
        rows = [{"lhs": names.get(record.identity or 0), **vars(record)} for record in self.records]
        columns = ["lhs", "level", "method", "version", "digits", "depth", "seconds"]
        return pd.DataFrame(rows, columns=[*columns, "significance", "accelerated", "detail", "created"])

    def __repr__(self) -> str:
        fraction = f"PCF({self.a}, {self.b})" if self.a is not None else str(self._fraction or "")
        sides = [self.lhs, fraction]
        return f"<Formula {self.id}: {' = '.join(side for side in sides if side)} ({self.evidence})>"

    def _repr_html_(self) -> str:
        sides = [self.identity, self._fraction]
        facts = {
            "value": self.value,
            "evidence": self.evidence + (f", {self.digits} digits" if self.digits is not None else ""),
            "regime": self.regime,
            "rate": self.rate,
            "delta": None if self.delta is None else f"{self.delta:.6f} at depth {self.depth}",
            "found by": ", ".join(f"job {f.job} ({f.method} {f.version})" for f in self.provenance),
        }
        rows = "".join(
            f"<tr><th>{name}</th><td style='text-align: left'>{_cell(str(fact))}</td></tr>"
            for name, fact in facts.items()
            if fact not in (None, "")
        )
        formula = " = ".join(_math(side.latex()) for side in sides if side is not None)
        return f"<p>Formula {self.id}</p><p>{formula}</p><table>{rows}</table>"


def _names(given: Names) -> list[str]:
    chosen = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    return [item.name if isinstance(item, Constant) else constant(item).name for item in chosen]


def _stored_names(given: Names) -> list[str]:
    """Also the constants that identities in the given ones are written in: pi for 2*pi."""
    names = _names(given)
    return list(dict.fromkeys([*names, *(Identity(name, [[1, 0], [0, 1]]).constant for name in names)]))


def _searched(method: str, spec: dict[str, Any]) -> str:
    try:
        return load_method(method).describe(spec)
    except (ConstantsLabError, KeyError, TypeError):
        # A job of another version may have another method or another specification.
        return json.dumps(spec)


class Database:
    """An open database of formulas; close it, or use it in a ``with`` block.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, open(f"{folder}/lab.db", create=True) as database:
    ...     len(database.formulas(constant="pi"))
    0
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def url(self) -> str:
        """The address, without password."""
        return self.store.url

    def formulas(
        self,
        constant: Names | None = None,
        min_evidence: str = "verified",
        *,
        evidence: str | None = None,
        kind: str | None = None,
        job: int | None = None,
        sort: str = "id",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> FormulaFrame:
        """The formulas that pass every filter, as a table; the filters are those of :func:`constants_lab.db.query.formulas`.

        Raises :class:`InputError` for an unknown constant, level, kind, job or sort, or a negative limit.
        """
        views = query.formulas(
            self.store,
            constant=None if constant is None else _stored_names(constant),
            min_evidence=min_evidence,
            evidence=evidence,
            kind=kind,
            job=job,
            sort=sort,
            descending=descending,
            limit=limit,
            offset=offset,
        )
        return FormulaFrame.of(views)

    def formula(self, number: int) -> Formula:
        """One formula by its ``id``, in full; raises :class:`InputError` if there is none."""
        try:
            identifier = index(number)
        except TypeError:
            raise InputError(f"a formula is asked for by the number in the column id, not by {number!r}") from None
        return Formula.of(query.formula(self.store, identifier))

    def jobs(self) -> pd.DataFrame:
        """The searches, a row each; ``done`` and ``total`` count candidates, ``seconds`` is computing time."""
        columns = ["id", "method", "state", "done", "total", "findings", "seconds", "version", "created", "error"]
        rows = [{**vars(job), "searched": _searched(job.method, job.spec)} for job in self.store.jobs()]
        return pd.DataFrame(rows, columns=[*columns, "searched"])

    def coverage(self) -> pd.DataFrame:
        """What was searched, wholly (``complete``) or in part, by which version: the meaning of "not found"."""
        columns = ["job", "method", "version", "complete", "done", "total", "findings", "searched"]
        rows = [{**row.as_json(), "searched": _searched(row.method, row.spec)} for row in query.coverage(self.store)]
        return pd.DataFrame(rows, columns=columns)

    def close(self) -> None:
        """Close all connections; the database cannot be used afterwards."""
        self.store.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Database({self.url!r})"


def open(url: str | os.PathLike[str] | None = None, *, create: bool = False, readonly: bool = False) -> Database:
    """The database at ``url`` (see :meth:`Store.open`): a file or an SQLite or PostgreSQL address.

    One that does not exist is refused unless ``create`` is true (:func:`search` creates its own).  Raises
    :class:`InputError` for what is no database of this program, :class:`Unavailable` for one out of reach.
    """
    return Database(Store.open(url, create=create, readonly=readonly))


class _Bar:
    """A progress bar of text: replaced in place in Jupyter, on one line of a terminal, silent elsewhere."""

    _CELLS = 20

    def __init__(self, title: str) -> None:
        self._title, self._shown_at, self._display = title, 0.0, None
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        self._jupyter = hasattr(shell, "kernel")
        self._terminal = not self._jupyter and sys.stderr.isatty()

    def __call__(self, moment: Progress) -> None:
        """Show a moment of the run, at most ten times a second; the last one always."""
        now = monotonic()
        if now - self._shown_at < 0.1 and moment.done < moment.total:
            return
        self._shown_at = now
        full = self._CELLS * moment.done // max(1, moment.total)
        bar = "█" * full + "░" * (self._CELLS - full)
        left = "" if moment.seconds_left is None else f", {moment.seconds_left:.0f} s left"
        self._show(
            f"{self._title} {bar} {moment.done:,} of {moment.total:,} candidates, "
            f"{moment.findings:,} findings, {moment.rate:,.0f}/s{left}"
        )

    def _show(self, line: str) -> None:
        if self._jupyter:
            from IPython.display import display

            content = {"text/plain": line, "text/html": f"<pre>{escape(line)}</pre>"}
            if self._display is None:
                self._display = display(content, raw=True, display_id=True)
            else:
                self._display.update(content, raw=True)
        elif self._terminal:
            # A line that wraps could not be written over; the rest of a longer one before it is cleared.
            print(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K", end="", file=sys.stderr, flush=True)

    def end(self, line: str) -> None:
        """The last word, under the bar in a terminal and in its place in Jupyter."""
        if self._terminal and self._shown_at:
            print(file=sys.stderr)
        if self._jupyter:
            self._show(line)
        else:
            print(line, file=sys.stderr)


def search(
    method: str = "lookup",
    /,
    *,
    db: str | os.PathLike[str] | Database | None = None,
    progress: bool = True,
    workers: int | None = None,
    scheduler: str | None = None,
    again: bool = False,
    **options: Any,
) -> FormulaFrame:
    """Run a search, store what it finds in ``db``, and give back the verified formulas of that job.

    ``options`` are those of the method; ``constant`` and ``constants`` take one name or several.  A finished search of the
    same options and program version is not repeated unless ``again``; one that was interrupted is continued.  ``workers``
    is the number of local processes (0: this one), ``scheduler`` the address of a Dask scheduler.  Raises
    :class:`InputError` for options that cannot be used, before anything is written.
    """
    chosen = [_names(options.pop(key)) for key in ("constant", "constants") if options.get(key) is not None]
    if chosen:
        options["constants"] = [name for names in chosen for name in names]
    spec = JobSpec.of(method, options)
    spec.space()
    database = db if isinstance(db, Database) else open(db, create=True)
    try:
        job = prepare_job(database.store, spec, again=again)
        bar = _Bar(method) if progress else None
        known = job.complete
        job = run_job(database.store, job.id, lambda seconds: choose_engine(seconds, workers, scheduler), progress=bar)
        found = database.formulas(job=job.id)
        if bar is not None:
            if known:
                told = f"job {job.id} was finished before, with {len(found)} formulas (again=True repeats it)"
            elif job.complete:
                told = f"job {job.id} searched {job.total:,} candidates and met {len(found)} verified formulas"
            else:
                told = f"job {job.id} stopped at {job.done:,} of {job.total:,}: the same call continues it"
            bar.end(told)
        return found
    finally:
        if database is not db:
            database.close()
