"""``clab prove``: look for proofs of stored identities, and store the certificates that the checker accepts."""

from __future__ import annotations

import json
from collections import Counter
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from constants_lab.cli.files import check_place, replacing
from constants_lab.cli.options import AsJson, Constant, Constants, Database, constant_names
from constants_lab.cli.output import message, table
from constants_lab.errors import InputError, NoEnclosure, NotConverging, VerificationFailed
from constants_lab.evidence import REQUIRED_SIGNIFICANCE, Level, height_cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constants_lab.db.claims import Claim
    from constants_lab.db.store import Store
    from constants_lab.evidence import Evidence

_DIGITS = 110
"""Digits asked of an enclosure, as its ball must be smaller than 10^-100; more where so many could be chance."""

_FILE = ("certificate", "constants-lab certificate")
"""What ``--out`` writes, and what stands in every one."""


def command(
    formula: Annotated[int | None, typer.Argument(metavar="ID", help="Its number.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every verified formula that is not proved.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the certificate.", show_default=False)
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Prove what is proved already anew.")] = False,
    constant: Constant = None,
    constants: Constants = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Prove formulas: find certificates, have them checked and store them; enclose what has no proof.

    Exit code 1 when something stored turns out false, or when no proof of a single formula is found.
    """
    if (formula is None) != everything:
        raise InputError("give the number of a formula, or --all")
    if out is not None:
        if everything:
            raise InputError("--out writes one certificate: give the number of a formula instead of --all")
        check_place(out, *_FILE)
    names = constant_names(constant, constants)
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        if formula is not None:
            results = _one(store, formula, names, again, out, as_json)
        else:
            results = _all(store, names, again, as_json)
    if "false" in results or (formula is not None and "proved" not in results):
        raise typer.Exit(1)


def _one(store: Store, formula: int, names: list[str], again: bool, out: Path | None, as_json: bool) -> list[str]:
    from constants_lab.db.certificates import certificates
    from constants_lab.db.claims import claims

    found = claims(store, formula=formula, constants=names)
    if not found:
        raise InputError(_nothing(store, formula, names))
    results = []
    for claim in found:
        row = _attempt(store, claim, again)
        results.append(row["result"])
        _print(row, as_json)
    proved = [claim.identity for claim, result in zip(found, results, strict=True) if result == "proved"]
    if out is not None and proved:
        (chosen,) = certificates(store, identities=proved[:1])
        with replacing(out, *_FILE) as path:
            path.write_text(chosen.text, encoding="utf-8")
        message(f"the certificate of {chosen.lhs} is in {out}: clab check {out}")
    return results


def _nothing(store: Store, formula: int, names: Sequence[str]) -> str:
    """Why there is nothing to prove; raises :class:`InputError` where there is no such formula."""
    from constants_lab.db.query import formula as load

    view = load(store, formula)
    if view.identities and names:
        return f"formula {formula} has no identity in {' or '.join(names)}: see clab show {formula}"
    if view.name is not None:
        return f"formula {formula} is {view.name}, a number and no identity to prove: see clab show {formula}"
    return f"formula {formula} has no name yet, so there is nothing to prove: see clab show {formula}"


def _all(store: Store, names: list[str], again: bool, as_json: bool) -> list[str]:
    from constants_lab.db.certificates import without_certificate
    from constants_lab.db.claims import claims

    lost = set() if again else without_certificate(store)
    tried = {Level.VERIFIED, Level.ENCLOSED}
    everyone = claims(store, constants=names, levels=[*tried, Level.PROVED])
    wanted = [claim for claim in everyone if again or claim.evidence in tried or claim.identity in lost]
    results: list[str] = []
    try:
        for claim in wanted:
            try:
                row = _attempt(store, claim, again or claim.identity in lost)
            except (InputError, VerificationFailed) as error:
                row = {"id": claim.formula, "lhs": claim.lhs, "constant": claim.constant, "theorems": []}
                row |= {"result": "not tried", "message": f"not tried: {error}"}
            results.append(row["result"])
            _print(row, as_json)
    except KeyboardInterrupt:
        message("what was proved so far is stored: run the same command again to go on.")
        raise
    _print_standing(store, names, as_json)
    counted = Counter(results)
    left = f", {counted['not tried']} not tried" if counted["not tried"] else ""
    message(
        f"{len(results)} identities tried: {counted['proved']} proved, {counted['enclosed']} of the others enclosed, "
        f"{counted['unproved']} neither, {counted['false']} false{left}."
    )
    return results


def _print(row: dict[str, Any], as_json: bool) -> None:
    text = json.dumps(row, ensure_ascii=False) if as_json else f"formula {row['id']}: {row['lhs']}: {row['message']}"
    # As they come, also into a file: the next may take a while.
    print(text, flush=True)


def _print_standing(store: Store, names: list[str], as_json: bool) -> None:
    from constants_lab.db.certificates import standing

    rows = standing(store, names)
    if as_json:
        for row in rows:
            message(f"{row.constant}: {row.proved} proved, {row.enclosed} enclosed, {row.verified} verified")
    elif rows:
        headings = [("proved", "right"), ("enclosed", "right"), ("verified", "right")]
        table(["constant", *headings], [(row.constant, row.proved, row.enclosed, row.verified) for row in rows])


def _attempt(store: Store, claim: Claim, again: bool) -> dict[str, Any]:
    """Prove or else enclose one identity, store what comes out, and say it in a row of the listing."""
    from constants_lab.db.certificates import add_certificate
    from constants_lab.proofs.proving import prove_identity

    row: dict[str, Any] = {"id": claim.formula, "lhs": claim.lhs, "constant": claim.constant}
    if claim.evidence == Level.REFUTED:
        return row | {"result": "false", "theorems": [], "message": "FALSE: it was refuted"}
    try:
        claim.require_consistent()
    except VerificationFailed as error:
        return row | {"result": "false", "theorems": [], "message": f"FALSE: {error}"}
    started = perf_counter()
    if claim.evidence == Level.PROVED and not again:
        return row | _stored(store, claim)
    text = prove_identity(claim.fraction, claim.constant, claim.rows)
    if text is not None:
        new = add_certificate(store, claim.formula, claim.identity, text)
        theorems = json.loads(text)["theorems"]
        took = f"{perf_counter() - started:.3f} s"
        how = "proved" if new else "proved as before"
        return row | {"result": "proved", "theorems": theorems, "message": f"{how} ({took}); {_rests(theorems)}"}
    return row | {"theorems": []} | _enclosed(store, claim, again)


def _rests(theorems: Sequence[str]) -> str:
    return f"rests on {', '.join(theorems) or 'no theorem'}"


def _stored(store: Store, claim: Claim) -> dict[str, Any]:
    """What the checker says of the certificate that is stored."""
    from constants_lab.db.certificates import certificates, recheck

    for certificate in certificates(store, identities=[claim.identity]):
        try:
            theorems = list(recheck(certificate, claim).theorems)
        except VerificationFailed as error:
            text = f"the certificate stored by version {certificate.version} is no proof of it: {error}; try --again"
            return {"result": "unproved", "theorems": [], "message": text}
        text = f"proved before, and accepted again; {_rests(theorems)}"
        return {"result": "proved", "theorems": theorems, "message": text}
    return {"result": "unproved", "theorems": [], "message": "its certificate is missing; try --again"}


def _enclosed(store: Store, claim: Claim, again: bool) -> dict[str, Any]:
    """What is left where there is no proof: a rigorous ball around the value."""
    if claim.evidence == Level.PROVED:
        return {
            "result": "unproved",
            "message": "no proof is found now, and what was stored before stays: try clab unify",
        }
    if claim.evidence == Level.ENCLOSED and not again:
        return {"result": "enclosed", "message": "no proof found; enclosed before"}
    try:
        record = _enclosure(claim)
    except (NoEnclosure, NotConverging, InputError) as error:
        return {"result": "unproved", "message": f"no proof found, and no enclosure: {error}"}
    except VerificationFailed as error:
        refutation: Evidence | None = getattr(error, "record", None)
        if refutation is not None:
            store.add_evidence(claim.formula, claim.identity, refutation)
        return {"result": "false", "message": f"FALSE: {error}"}
    store.add_evidence(claim.formula, claim.identity, record)
    return {"result": "enclosed", "message": f"no proof found; enclosed to {record.digits} digits ({record.method})"}


def _enclosure(claim: Claim) -> Evidence:
    """The record of a rigorous ball around the fraction that holds the left-hand side.

    Raises :class:`NoEnclosure` where there is none, and :class:`VerificationFailed` where the left-hand side lies outside.
    """
    from constants_lab.verification import enclose

    identity = claim.claimed
    beyond = ceil(REQUIRED_SIGNIFICANCE + claim.chance + height_cost(identity.coefficients)) + 1
    return enclose(claim.fraction, identity, max(_DIGITS, beyond), claim.chance)
