"""``clab report``: what a database holds, as a document in Markdown or HTML that needs nothing else to be read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from constants_lab.cli.files import replacing
from constants_lab.cli.listing import short_value
from constants_lab.cli.options import Constant, Constants, Database, constant_names
from constants_lab.cli.output import message
from constants_lab.errors import InputError

if TYPE_CHECKING:
    from constants_lab.db.overview import ConstantCount, Named
    from constants_lab.db.store import Store
    from constants_lab.families import Families, Family

_IN_FULL = ("pi", "log(2)", "gauss", "lemniscate")
"""Constants whose classes are all listed, whatever else is in the database."""

_CLASSES = 200
_CLUSTERS = 100
_SHOWN = 3
_CURIOSITIES = 20
_PERIOD = 0.9
_MEMBERS = 2_500
"""Formulas of a constant that are looked at for families, the simplest left-hand sides first: time grows with the square."""

_FAMILIES = 8
_CONSTANTS_WITH_FAMILIES = 150


def command(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the report there: .md for Markdown, .html for a page.  [default: Markdown on standard output]",
            show_default=False,
        ),
    ] = None,
    constant: Constant = None,
    constants: Constants = None,
    db: Database = None,
) -> None:
    """Report what was searched and found: regimes, clusters, constants, infinite families, open questions, failures.

    With constants, only these are reported on, and all their classes are listed.
    """
    page = False if out is None else _is_page(out)
    names = constant_names(constant, constants)
    if out is None:
        sys.stdout.write(_render(_collect(db, names), page=False))
        return
    with replacing(out, "report", "constants-lab") as target:
        target.write_text(_render(_collect(db, names), page), encoding="utf-8")
    message(f"wrote {out}")


def _is_page(out: Path) -> bool:
    suffix = out.suffix.lower()
    if suffix not in (".md", ".html"):
        raise InputError(f"{out} is neither .md nor .html: name the file report.md or report.html")
    return suffix == ".html"


# --- what is reported ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Section:
    """A constant with the formulas shown in full and those that are only listed, and its families."""

    count: ConstantCount
    shown: Sequence[Named]
    listed: Sequence[Named]
    families: Families | None

    @property
    def in_full(self) -> bool:
        """Whether the classes are listed."""
        return bool(self.listed)

    @property
    def cut(self) -> bool:
        """Whether the list is shorter than the number of classes."""
        return self.in_full and len(self.listed) < self.count.classes


def _collect(db: str | None, names: Sequence[str]) -> dict[str, Any]:
    from constants_lab import __version__
    from constants_lab.db import overview
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        regimes = overview.regimes(store)
        if not regimes:
            raise InputError(f"the database {store.url} holds no formula yet: fill it with clab search")
        counts = overview.constants(store, names or None)
        clusters = sorted(overview.clusters(store), key=lambda each: (-each.size, each.id))
        found = {each.constant for each in counts}
        sections = [
            _section(store, each, in_full=bool(names), families=i < _CONSTANTS_WITH_FAMILIES)
            for i, each in enumerate(counts)
        ]
        return {
            "version": __version__,
            "where": store.url,
            "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "jobs": [(job, _described(job.method, job.spec)) for job in store.jobs()],
            "regimes": regimes,
            "formulas": sum(each.formulas for each in regimes),
            "clusters": clusters[:_CLUSTERS],
            "more_clusters": clusters[_CLUSTERS:],
            "constants": sections,
            "missing": [name for name in names or _IN_FULL if name not in found],
            "families": [(each, family) for each in sections if each.families for family in each.families.found],
            "without_families": len(counts) - sum(each.families is not None for each in sections),
            "looked_at": _MEMBERS,
            "cap": _CLASSES,
            "curious": [] if names else overview.curiosities(store, _CURIOSITIES),
            "periods": [] if names else overview.curiosities(store, _CURIOSITIES, nilpotent=_PERIOD),
            "period": _PERIOD,
            "chosen": list(names),
            "failures": overview.failures(store),
        }


def _section(store: Store, count: ConstantCount, *, in_full: bool, families: bool) -> _Section:
    from constants_lab.db import overview

    listed = in_full or count.constant in _IN_FULL
    found = overview.named(store, count.constant, _CLASSES if listed else _SHOWN)
    searched = _families(store, count.constant) if families else None
    return _Section(count, found[:_SHOWN], found if listed else [], searched)


def _families(store: Store, constant: str) -> Families | None:
    """The families of a constant; None for what has no families here, such as pairs of constants."""
    from constants_lab.constants import constant as look_up
    from constants_lab.db import overview
    from constants_lab.families import LEAST, Matrix, Member, find_families
    from constants_lab.pcf import PCF
    from constants_lab.polynomials import parse_polynomial

    def moebius(rows: list[list[str]]) -> Matrix | None:
        if len(rows) != 2 or any(len(row) != 2 for row in rows):
            return None
        (p, q), (r, s) = rows
        return (int(p), int(q)), (int(r), int(s))

    # The polynomials of a box are few, and each occurs in many formulas.
    read = lru_cache(maxsize=None)(parse_polynomial)
    members = [
        Member(PCF(read(a), read(b)), matrix)
        for a, b, rows in overview.members(store, constant, _MEMBERS)
        if (matrix := moebius(rows)) is not None
    ]
    if len(members) < LEAST:
        return None
    try:
        look_up(constant)
    except InputError:
        # Another version of the program may have had constants that are not known here.
        return None
    return find_families(constant, members, most=_FAMILIES)


def _described(method: str, spec: dict[str, Any]) -> str:
    from constants_lab.search.job import load_method

    # A job of another version may have keys that are not known here.
    with suppress(InputError, KeyError, TypeError, AttributeError, ValueError):
        return load_method(method).describe(spec)
    return ", ".join(f"{key} = {value}" for key, value in spec.items() if value is not None)


# --- how it is written --------------------------------------------------------------------------------------------------


class _Markdown:
    """Formulas between dollar signs; nothing in plain text is markup."""

    def math(self, latex: str) -> Any:
        # A bar would end the cell of a table.
        return f"${latex}$".replace("|", r"\vert ")

    def code(self, text: str) -> Any:
        return f"`{_one_line(text)}`".replace("|", r"\|")

    def line(self, text: object) -> str:
        return "".join(f"\\{c}" if c in "\\`*_[]<>|#$" else c for c in _one_line(text))


class _Page:
    """Formulas as MathML, which browsers draw without scripts."""

    def math(self, latex: str) -> Any:
        from latex2mathml.converter import convert
        from markupsafe import Markup

        return Markup(convert(latex))

    def code(self, text: str) -> Any:
        from markupsafe import Markup

        return Markup("<code>{}</code>").format(_one_line(text))

    def line(self, text: object) -> str:
        return _one_line(text)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _pattern(view: Named) -> str:
    from constants_lab.cli.listing import sign_text

    prefix = ", ".join(map(str, view.prefix or []))
    return f"[{prefix}{'; ' if prefix else ''}{', '.join(view.polynomials or [])}], signs {sign_text(view.signs or [])}"


class _Formulas:
    """How formulas are written by one of the two above."""

    def __init__(self, writer: _Markdown | _Page) -> None:
        self.math, self.code = writer.math, writer.code

    def lhs(self, view: Named) -> Any:
        """The left-hand side; as it is typed where it is about two constants."""
        from constants_lab.expressions import Identity

        if view.lhs is None:
            return "?"
        with suppress(InputError):
            return self.math(Identity.parse(view.lhs).latex())
        return self.code(view.lhs)

    def terms(self, view: Named) -> Any:
        """The continued fraction with its first terms, or the pattern of a signed one."""
        from constants_lab.display import latex_pcf
        from constants_lab.pcf import PCF

        if view.a is None or view.b is None:
            return self.code(_pattern(view))
        return self.math(latex_pcf(PCF(view.a, view.b), 3))

    def polynomials(self, view: Named) -> Any:
        """The continued fraction as its two polynomials, or the pattern of a signed one."""
        if view.a is None or view.b is None:
            return self.code(_pattern(view))
        return self.code(f"PCF({view.a}, {view.b})")

    def family(self, family: Family) -> Any:
        """The family in general form, with its value where that is known."""
        a, b, lhs = family.latex()
        right = rf"\operatorname{{PCF}}({a},\; {b})"
        return self.math(right if lhs is None else f"{lhs} = {right}")


def _render(report: dict[str, Any], page: bool) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("constants_lab.cli", "templates"),
        autoescape=page,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    writer = _Page() if page else _Markdown()
    formulas = _Formulas(writer)
    filters: dict[str, Callable[..., Any]] = {
        "line": writer.line,
        "code": writer.code,
        "lhs": formulas.lhs,
        "terms": formulas.terms,
        "polynomials": formulas.polynomials,
        "family": formulas.family,
        "number": lambda count: f"{count:,}",
        "delta": lambda x: "" if x is None else f"{x:+.4f}",
        "rate": lambda x: "" if x is None else f"{x:.4g}",
        "short": short_value,
        "plural": lambda count, noun, many=None: f"{count:,} {noun if count == 1 else many or noun + 's'}",
    }
    environment.filters.update(filters)
    return environment.get_template("report.html.j2" if page else "report.md.j2").render(**report)
