"""``clab search``: one sub-command a search method."""

from __future__ import annotations

from typing import Annotated

import typer

from constants_lab.cli.options import (
    AsCsv,
    AsJson,
    Constant,
    Constants,
    Database,
    Insecure,
    Replicate,
    Scheduler,
    TlsDir,
    UnitSeconds,
    Workers,
    constant_names,
    split_list,
)
from constants_lab.cli.output import check_format
from constants_lab.errors import InputError

app = typer.Typer(help="Search for formulas.", no_args_is_help=True, rich_markup_mode=None)


Bound = Annotated[int | None, typer.Option("--bound", help="Bound on all coefficients of the box.", show_default=False)]
ARange = Annotated[
    str | None,
    typer.Option(
        "--a-range",
        metavar="LOW..HIGH",
        help="Instead, range of every coefficient of a; or one for each, highest degree first, with commas.",
        show_default=False,
    ),
]
BRange = Annotated[
    str | None,
    typer.Option("--b-range", metavar="LOW..HIGH", help="The same for the coefficients of b.", show_default=False),
]
SymbolRanges = Annotated[
    list[str] | None,
    typer.Option("--range", metavar="A=LOW..HIGH", help="Range of a symbol; may be repeated.", show_default=False),
]


@app.callback()
def _group() -> None:
    """Search for formulas."""


def _symbol_ranges(given: list[str] | None) -> dict[str, str]:
    ranges: dict[str, str] = {}
    for text in given or []:
        for part in split_list(text):
            symbol, equals, values = part.partition("=")
            symbol = symbol.strip()
            if not equals or not symbol.isidentifier() or not symbol.isascii():
                raise InputError(f"{part[:40]!r} is not a range of a symbol: write for instance --range A=1..5")
            if symbol in ranges:
                raise InputError(f"the symbol {symbol!r} has two ranges: give one")
            ranges[symbol] = values.strip()
    return ranges


def _box_ranges(text: str | None) -> str | list[str] | None:
    if text is None:
        return None
    parts = split_list(text)
    return text if len(parts) <= 1 else parts


@app.command("lookup")
def lookup(
    constant: Constant = None,
    constants: Constants = None,
    a_degree: Annotated[int | None, typer.Option("--a-degree", help="Largest degree of a.", show_default=False)] = None,
    a_range: Annotated[
        str | None,
        typer.Option(
            "--a-range",
            metavar="LOW..HIGH",
            help="Range of every coefficient of a; or one for each, highest degree first, with commas.",
            show_default=False,
        ),
    ] = None,
    b_degree: Annotated[int | None, typer.Option("--b-degree", help="Largest degree of b.", show_default=False)] = None,
    b_range: BRange = None,
    lhs: Annotated[int, typer.Option("--lhs", help="Bound on the integers of left-hand sides (αc+β)/(γc+δ).")] = 20,
    a: Annotated[
        str | None, typer.Option("--a", metavar="FORMULA", help="a in n and symbols: a family.", show_default=False)
    ] = None,
    b: Annotated[
        str | None, typer.Option("--b", metavar="FORMULA", help="b in n and symbols.", show_default=False)
    ] = None,
    ranges: SymbolRanges = None,
    allow_large: Annotated[bool, typer.Option("--allow-large", help="Accept more than 10^15 candidates.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Search anew although the job is finished.")] = False,
    db: Database = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    tls_dir: TlsDir = None,
    insecure: Insecure = False,
    replicate: Replicate = None,
    unit_seconds: UnitSeconds = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Look continued fractions of a box or family up among the Möbius images of constants.

    Example: clab search lookup --constant pi --a-degree 1 --a-range=-13..13 --b-degree 2 --b-range=-11..11
    """
    check_format(as_json, as_csv)
    from constants_lab.cli.where import Where
    from constants_lab.cli.working import begin
    from constants_lab.search.job import JobSpec

    where = Where(workers, scheduler, tls_dir, insecure, replicate, unit_seconds)
    spec = JobSpec.of(
        "lookup",
        {
            "constants": constant_names(constant, constants, needed=True),
            "lhs": lhs,
            "a_degree": a_degree,
            "a_range": _box_ranges(a_range),
            "b_degree": b_degree,
            "b_range": _box_ranges(b_range),
            "a": a,
            "b": b,
            "ranges": _symbol_ranges(ranges),
            "allow_large": allow_large,
        },
    )
    begin(spec, db, again=again, as_json=as_json, as_csv=as_csv, where=where)


@app.command("esma")
def esma(
    constant: Constant = None,
    constants: Constants = None,
    expression: Annotated[
        list[str] | None,
        typer.Option("--expression", metavar="FORMULA", help="A formula; may be repeated.", show_default=False),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option("--value", metavar="DIGITS", help="A decimal number, at least 115 digits.", show_default=False),
    ] = None,
    lhs: Annotated[int, typer.Option("--lhs", help="Bound on the integers of left-hand sides.")] = 2,
    lhs_degree: Annotated[int, typer.Option("--lhs-degree", help="Degree of left-hand sides in the number.")] = 1,
    det: Annotated[
        int | None,
        typer.Option("--det", help="Instead: one left-hand side a class of determinant <= this.", show_default=False),
    ] = None,
    period: Annotated[str, typer.Option("--period", metavar="LOW..HIGH", help="Lengths of the sign period.")] = "1..3",
    quotients: Annotated[
        int, typer.Option("--quotients", help="Greatest number of quotients in which a pattern is looked for.")
    ] = 1000,
    allow_large: Annotated[bool, typer.Option("--allow-large", help="Accept more than 10^15 pairs.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Search anew although the job is finished.")] = False,
    db: Database = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    tls_dir: TlsDir = None,
    insecure: Insecure = False,
    replicate: Replicate = None,
    unit_seconds: UnitSeconds = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Find left-hand sides whose signed continued fraction has a pattern in its partial quotients.

    Example: clab search esma --constant e --lhs 2 --period 1..3
    """
    check_format(as_json, as_csv)
    from constants_lab.cli.where import Where
    from constants_lab.cli.working import begin
    from constants_lab.search.job import JobSpec

    where = Where(workers, scheduler, tls_dir, insecure, replicate, unit_seconds)
    spec = JobSpec.of(
        "esma",
        {
            "constants": constant_names(constant, constants),
            "expressions": expression or [],
            "values": value or [],
            "lhs": lhs,
            "lhs_degree": lhs_degree,
            "det": det,
            "period": period,
            "quotients": quotients,
            "allow_large": allow_large,
        },
    )
    begin(spec, db, again=again, as_json=as_json, as_csv=as_csv, where=where)


@app.command("sieve")
def sieve(
    a_degree: Annotated[int | None, typer.Option("--a-degree", help="Degree of a.", show_default=False)] = None,
    b_degree: Annotated[int | None, typer.Option("--b-degree", help="Degree of b.", show_default=False)] = None,
    bound: Bound = None,
    a_range: ARange = None,
    b_range: BRange = None,
    a: Annotated[
        str | None, typer.Option("--a", metavar="FORMULA", help="a in n and symbols: a family.", show_default=False)
    ] = None,
    b: Annotated[
        str | None, typer.Option("--b", metavar="FORMULA", help="b in n and symbols.", show_default=False)
    ] = None,
    ranges: SymbolRanges = None,
    split: Annotated[
        bool, typer.Option("--split", help="Only b that are products of linear factors: far larger boxes.")
    ] = False,
    pairs: Annotated[
        bool,
        typer.Option(
            "--pairs", help="Then look for the unnamed among squares and pairs of constants, as a second job."
        ),
    ] = False,
    constants: Annotated[
        list[str] | None,
        typer.Option("--constants", metavar="LIST", help="The constants that --pairs tries.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Search degrees for which theorems say all.")] = False,
    allow_large: Annotated[bool, typer.Option("--allow-large", help="Accept days of work or much memory.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Search anew although the job is finished.")] = False,
    db: Database = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    tls_dir: TlsDir = None,
    insecure: Insecure = False,
    replicate: Replicate = None,
    unit_seconds: UnitSeconds = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Find continued fractions whose denominators lose a factorial, whatever constant they converge to, and name them.

    Example: clab search sieve --a-degree 2 --b-degree 4 --bound 4
    """
    check_format(as_json, as_csv)
    if constants and not pairs:
        raise InputError("without --pairs every constant is tried: add --pairs, or leave out --constants")
    from constants_lab.cli.where import Where
    from constants_lab.cli.working import begin, begin_with_pairs
    from constants_lab.search.job import JobSpec

    where = Where(workers, scheduler, tls_dir, insecure, replicate, unit_seconds)
    spec = JobSpec.of(
        "sieve",
        {
            "a_degree": a_degree,
            "b_degree": b_degree,
            "bound": bound,
            "a_range": _box_ranges(a_range),
            "b_range": _box_ranges(b_range),
            "a": a,
            "b": b,
            "ranges": _symbol_ranges(ranges),
            "split": split,
            "force": force,
            "allow_large": allow_large,
        },
    )
    if not pairs:
        begin(spec, db, again=again, as_json=as_json, as_csv=as_csv, where=where)
        return
    names = constant_names(None, constants)
    begin_with_pairs(spec, names, db, again=again, as_json=as_json, as_csv=as_csv, where=where)


@app.command("survey")
def survey(
    a_degree: Annotated[int | None, typer.Option("--a-degree", help="Largest degree of a.", show_default=False)] = None,
    b_degree: Annotated[int | None, typer.Option("--b-degree", help="Largest degree of b.", show_default=False)] = None,
    bound: Bound = None,
    a_range: ARange = None,
    b_range: BRange = None,
    depth: Annotated[int, typer.Option("--depth", help="Depth of the measures, a multiple of 100.")] = 1000,
    allow_large: Annotated[bool, typer.Option("--allow-large", help="Accept days of work.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Measure anew although the job is finished.")] = False,
    db: Database = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    tls_dir: TlsDir = None,
    insecure: Insecure = False,
    replicate: Replicate = None,
    unit_seconds: UnitSeconds = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Measure how every continued fraction of a box converges; `clab cluster` then groups and names them.

    Example: clab search survey --a-degree 2 --b-degree 2 --bound 2
    """
    check_format(as_json, as_csv)
    from constants_lab.cli.where import Where
    from constants_lab.cli.working import begin
    from constants_lab.search.job import JobSpec

    where = Where(workers, scheduler, tls_dir, insecure, replicate, unit_seconds)
    spec = JobSpec.of(
        "survey",
        {
            "a_degree": a_degree,
            "b_degree": b_degree,
            "bound": bound,
            "a_range": _box_ranges(a_range),
            "b_range": _box_ranges(b_range),
            "depth": depth,
            "allow_large": allow_large,
        },
    )
    begin(spec, db, again=again, as_json=as_json, as_csv=as_csv, where=where)
