"""``clab cluster``: group what a survey measured by its dynamics, name the values, label the groups."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from constants_lab.cli.options import AsJson, Database, Workers
from constants_lab.cli.output import emit, message, table
from constants_lab.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from constants_lab.clustering import Features, Parameters
    from constants_lab.db.clustering import ClusterRecord, SurveyRows
    from constants_lab.db.store import Store
    from constants_lab.refinement import Refined
    from constants_lab.search.naming import Naming

_SHOWN = 20
"""Constants in the summary for people."""


def command(
    db: Database = None,
    job: Annotated[int | None, typer.Option("--job", help="Only what this job met.", show_default=False)] = None,
    min_size: Annotated[
        int, typer.Option("--min-size", min=2, max=1_000_000, help="Classes that make a cluster, at least.")
    ] = 5,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw delta against the rate: FILE.png or FILE.html.", show_default=False
        ),
    ] = None,
    no_names: Annotated[
        bool, typer.Option("--no-names", help="Search for no names; those in the database label the clusters.")
    ] = False,
    anchors: Annotated[
        bool, typer.Option("--anchors/--no-anchors", help="Whether published formulas are looked up for names.")
    ] = True,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Cluster formulas by how they converge, name their values, and label the clusters with constants.

    The clusters replace those that are in the database.
    """
    from constants_lab.cli.cluster_plot import check_picture, draw

    if plot is not None:
        check_picture(plot)
    from constants_lab.clustering import Features, Parameters
    from constants_lab.db.clustering import store_clusters, survey_rows
    from constants_lab.db.store import Store

    started = perf_counter()
    parameters = Parameters(min_size=min_size)
    with Store.open(db, create=False) as store:
        rows = survey_rows(store, job)
        if not len(rows):
            what = f"job {job} met" if job is not None else f"{store.url} has"
            raise InputError(
                f"{what} no continued fraction whose dynamics were measured: begin with `clab search survey`"
            )
        features = Features.of(rows)
        message(f"{len(rows):,} formulas are read in {perf_counter() - started:.0f} s.")
        refined, naming, constants = _clustered(store, rows, features, parameters, no_names, anchors, workers)
        records = _records(rows, features, refined, constants, parameters, job)
        store_clusters(store, records)
        if plot is not None:
            draw(plot, features, refined)
            message(f"{plot} is drawn.")
    outcome = _summary(rows, refined, constants, naming, job, perf_counter() - started)
    if as_json:
        emit([outcome], (), as_json=True, as_csv=False)
    else:
        _print(outcome)


def _clustered(
    store: Store,
    rows: SurveyRows,
    features: Features,
    parameters: Parameters,
    no_names: bool,
    anchors: bool,
    workers: int | None,
) -> tuple[Refined, Naming | None, np.ndarray]:
    """The labelled clusters, what naming did (None without), and the constant of each formula or None."""
    from constants_lab.clustering import cluster
    from constants_lab.refinement import refine
    from constants_lab.search.name_table import Table
    from constants_lab.search.naming import name_members

    before = perf_counter()
    numbers = cluster(features, parameters)
    message(f"{int(numbers.max(initial=-1)) + 1:,} clusters by dynamics alone in {perf_counter() - before:.0f} s.")
    naming = None
    if no_names:
        constants = Table(store, rows).names()
    else:
        try:
            naming = name_members(store, rows, numbers, workers=workers, anchors=anchors, say=message)
        except KeyboardInterrupt:
            message(
                f"interrupted: the names found so far are stored, and `clab cluster --db {shlex.quote(store.url)}` goes on "
                "from there; the clusters are as they were."
            )
            raise typer.Exit(130) from None
        constants = naming.constants
        for failure in naming.failures[:_SHOWN]:
            message(f"formula {failure.formula} agreed with {failure.lhs} and was not verified: {failure.reason}.")
        if len(naming.failures) > _SHOWN:
            message(f"and {len(naming.failures) - _SHOWN:,} more were not verified.")
    return refine(numbers, features, constants, parameters), naming, constants


def _records(
    rows: SurveyRows,
    features: Features,
    refined: Refined,
    constants: np.ndarray,
    parameters: Parameters,
    job: int | None,
) -> list[ClusterRecord]:
    """The clusters in the order of their numbers, then for each regime what is in none."""
    import numpy as np

    from constants_lab.clustering import REGIMES, centres
    from constants_lab.db.clustering import ClusterRecord

    made = parameters.as_json() | {"job": job}
    numbers, labels = refined.numbers.copy(), list(refined.constants)
    for regime in REGIMES:
        left = (refined.numbers < 0) & (rows.regime == regime)
        if left.any():
            numbers[left] = len(labels)
            labels.append(None)
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(len(labels) + 1))
    records = []
    for number, (label, centre) in enumerate(zip(labels, centres(numbers, features), strict=True)):
        members = order[bounds[number] : bounds[number + 1]]
        if label is not None:
            centre["named"] = float(np.count_nonzero(constants[members] == label))
        records.append(
            ClusterRecord(
                regime=str(rows.regime[members[0]]),
                size=len(members),
                noise=number >= len(refined.constants),
                constant=label,
                centre=centre,
                parameters=made,
                members=rows.id[members],
            )
        )
    return records


def _summary(
    rows: SurveyRows,
    refined: Refined,
    constants: np.ndarray,
    naming: Naming | None,
    job: int | None,
    seconds: float,
) -> dict[str, Any]:
    labelled = sum(label is not None for label in refined.constants)
    named = Counter(name for name in constants if name is not None)
    ordered = sorted(named.items(), key=lambda each: (-each[1], each[0]))
    return {
        "job": job,
        "formulas": len(rows),
        "classes": len(set(rows.group.tolist()) - {-1}),
        "clusters": len(refined.constants),
        "labelled": labelled,
        "unlabelled": len(refined.constants) - labelled,
        "noise": int((refined.numbers < 0).sum()),
        "named": sum(named.values()),
        "named_now": 0 if naming is None else sum(naming.found.values()),
        "failures": 0 if naming is None else len(naming.failures),
        "equivalents": 0 if naming is None else len(naming.equivalents),
        "constants": dict(ordered),
        "seconds": round(seconds, 1),
    }


def _print(outcome: dict[str, Any]) -> None:
    print(
        f"clusters: {outcome['clusters']:,} ({outcome['labelled']:,} with a constant, {outcome['unlabelled']:,} without); "
        f"formulas: {outcome['formulas']:,}, of which {outcome['noise']:,} are noise."
    )
    print(
        f"formulas with a verified name: {outcome['named']:,} ({outcome['named_now']:,} of them new); proposals that failed: "
        f"{outcome['failures']:,}; {outcome['seconds']:.0f} s in all."
    )
    constants = list(outcome["constants"].items())
    if constants:
        table(["constant", ("formulas", "right")], [(name, f"{count:,}") for name, count in constants[:_SHOWN]])
    if len(constants) > _SHOWN:
        print(f"and {len(constants) - _SHOWN:,} more constants (--json has all).")
