"""``clab show``: everything the database knows of one formula."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from contextlib import suppress
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from constants_lab.cli.options import AsJson, Database

if TYPE_CHECKING:
    from constants_lab.db.certificates import CertificateView
    from constants_lab.db.claims import Claim
    from constants_lab.db.store import Store
    from constants_lab.db.views import EquivalenceView, FormulaView


def command(
    formula: Annotated[int, typer.Argument(metavar="ID", help="Its number in clab formulas.")],
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Draw a formula, with its identities, labels, evidence, convergence, relatives and provenance."""
    from constants_lab.db.certificates import certificates
    from constants_lab.db.claims import claims
    from constants_lab.db.query import formula as load
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        view = load(store, formula)
        proofs = certificates(store, view.id)
        claimed = {claim.identity: claim for claim in claims(store, formula=view.id)}
        where = store.url
        found_as = [] if view.identities or as_json else _candidates(store, view)
    if as_json:
        extra = {
            "labels": [label.as_json() for label in view.labels],
            "identities": [item.as_json() for item in view.identities],
            "records": [record.as_json() for record in view.records],
            "provenance": [finding.as_json() for finding in view.provenance],
            "equivalences": [relative.as_json() for relative in view.equivalences],
            "certificates": [proof.as_json() for proof in proofs],
        }
        print(json.dumps(view.as_json() | extra, ensure_ascii=False, default=str))
        return
    _print(view, where, found_as, [(proof, claimed[proof.identity]) for proof in proofs])


def _candidates(store: Store, view: FormulaView) -> list[str]:
    """What a number without a name was when it was found, in the words of the search."""
    from constants_lab.errors import InputError
    from constants_lab.search.job import load_method

    found = []
    for finding in view.provenance:
        name = getattr(load_method(finding.method), "name_candidate", None)
        if name is not None:
            # A job of another version may number its candidates differently.
            with suppress(InputError, ValueError):
                found.append(name(store.job(finding.job).spec, finding.candidate))
    return found


def _print(
    view: FormulaView, where: str, found_as: Sequence[str], proofs: Sequence[tuple[CertificateView, Claim]]
) -> None:
    print(f"formula {view.id}: {view.name or 'a number without a name yet'}\n")
    if view.a is not None and view.b is not None:
        from constants_lab.display import unicode_pcf
        from constants_lab.pcf import PCF

        print(unicode_pcf(PCF(view.a, view.b)))
    elif view.kind == "signed":
        _print_signed(view)
    print(f"\nvalue      {'none' if view.value is None else f'{view.value}…'}")
    for text in found_as:
        print(f"equals     {text}")
    for item in view.identities:
        print(f"equals     {item.lhs}    ({item.evidence}, {item.digits} digits)")
    for label in view.labels:
        # A detail is free text; here it has one line.
        print(f"label      {label.kind}: {' '.join(label.detail.split())}")
    rate = "" if view.rate is None else f", rate {view.rate:.6g}"
    delta = "" if view.delta is None else f", δ = {view.delta:.6f} at n = {view.depth}"
    limit = "" if view.delta_limit is None else f" (limit {view.delta_limit:g})"
    print(f"converges  {view.regime}{rate}{delta}{limit}")
    _print_growth(view)
    if view.cluster is not None:
        print(f"cluster    {view.cluster}: clab formulas --cluster {view.cluster} lists its members")
    if view.kind == "signed":
        _print_rates(view)
    _print_some("related", [_relative(relative) for relative in view.equivalences], view)
    compared = ": the number it was compared with has no name" if view.kind == "signed" else ""
    print("evidence" if view.records else f"evidence   none is stored{compared}")
    for record in view.records:
        beyond = "" if record.significance is None else f", {record.significance:.0f} beyond chance"
        marked = ", by acceleration" if record.accelerated else ""
        depth = "" if record.depth is None else f", n = {record.depth}"
        print(
            f"  {record.level}: {record.digits} digits{beyond}{marked}; {record.method}{depth}, "
            f"{record.seconds:.3f} s, version {record.version}"
        )
    found_by = [f"job {item.job} ({item.method}), candidate {item.candidate:,}" for item in view.provenance]
    _print_some("found by", found_by, view)
    for proof, claim in proofs:
        _print_proof(proof, claim)
    if view.identities:
        print(f"re-check   clab verify {view.id} --digits 1000 --db {shlex.quote(where)}")
    if proofs:
        file = f"cert-{view.id}.json"
        print(f"{'':10} clab check {file}    (clab prove {view.id} --out {file} --db {shlex.quote(where)})")


def _print_proof(proof: CertificateView, claim: Claim) -> None:
    from constants_lab.db.certificates import recheck
    from constants_lab.errors import InputError, VerificationFailed
    from constants_lab.proofs.words import explain

    print(f"proof      of {proof.lhs}, certificate of version {proof.version}, sha256 {proof.sha256[:16]}…")
    try:
        recheck(proof, claim)
        lines = explain(proof.text)
    except (VerificationFailed, InputError) as error:
        lines = [f"no proof of this: {error}; run clab prove {claim.formula} --again"]
    for line in lines:
        text = line.lstrip()
        indent = "  " if text == line else "      "
        print(fill(text, 118, initial_indent=indent, subsequent_indent="      "))


def _print_growth(view: FormulaView) -> None:
    """The measures that only a survey makes."""
    if view.blind_delta is not None:
        print(f"           δ = {view.blind_delta:.6f} where the convergent at twice the depth stands for the limit")
    if view.growth is not None and view.linear_growth is not None:
        reduced = "with" if view.factorial_reduction else "without"
        residual = "" if view.residual is None else f", residual {view.residual:.2g}"
        print(
            f"grows      ln of the reduced denominators like {view.growth:.4g} n ln n {view.linear_growth:+.6g} n "
            f"({reduced} factorial reduction; fitted{residual})"
        )
    if view.nilpotent is not None:
        print(
            f"primes     {view.nilpotent:.0%} of those tested have a nilpotent product of steps (near 100% for periods)"
        )


_MOST_SHOWN = 6
_FIRST = 16
_RATE_AT = 200


def _print_some(label: str, lines: Sequence[str], view: FormulaView) -> None:
    """The first lines; one formula may be met by thousands of candidates."""
    for line in lines[:_MOST_SHOWN]:
        print(f"{label:10} {line}")
    if len(lines) > _MOST_SHOWN:
        print(f"{'':10} and {len(lines) - _MOST_SHOWN:,} more: clab show {view.id} --json")


def _print_signed(view: FormulaView) -> None:
    from constants_lab.signed import SignedCF

    signs = view.signs or []
    written = " ".join("+" if s > 0 else "−" for s in signs)
    if signs == [1]:
        print("a₀ + 1/(a₁ + 1/(a₂ + …))\n")
    else:
        print("a₀ + s₀/(a₁ + s₁/(a₂ + …))\n")
        print(f"signs      {written}, again and again")
    if view.prefix:
        print(f"prefix     {', '.join(map(str, view.prefix))}")
    channels = view.polynomials or []
    width = max(map(len, channels), default=0)
    for position, channel in enumerate(channels):
        print(
            f"{'then' if position == 0 else '':10} {channel:{width}}"
            + ("   for m = 0, 1, 2, …" if position == 0 else "")
        )
    first = SignedCF(signs, view.prefix or [], channels).quotients(_FIRST)
    print(f"a          {', '.join(map(str, first))}, …")


def _print_rates(view: FormulaView) -> None:
    """Digits a term: a fraction's own measure of speed, as its terms may be larger and larger."""
    from math import lcm

    from constants_lab.contraction import digits_per_term
    from constants_lab.signed import SignedCF

    cf = SignedCF(view.signs or [], view.prefix or [], view.polynomials or [])
    n = max(_RATE_AT, len(cf.prefix) + 4 * lcm(len(cf.channels), len(cf.signs)))
    measured, theory = digits_per_term(cf, n)
    expected = "" if theory is None else f", {theory:.4f} from theory"
    print(f"speed      {measured:.4f} digits a term measured around n = {n}{expected}")


def _relative(relative: EquivalenceView) -> str:
    from flint import fmpz, fmpz_poly

    from constants_lab.formula.rational_forms import form_text

    top, bottom = (fmpz_poly([fmpz(row[1]), fmpz(row[0])]) for row in relative.matrix)
    map_text = form_text((top, bottom), "y")
    x, y = ("this", f"formula {relative.id}") if relative.direction == "to" else (f"formula {relative.id}", "this")
    name = "" if relative.lhs is None else f"{relative.lhs} = "
    what = (
        f"PCF({relative.a}, {relative.b})" if relative.kind == "pcf" else f"[… {', '.join(relative.polynomials or [])}]"
    )
    return f"{x} is {map_text} for y = {y}; formula {relative.id}: {name}{what} ({relative.relation})"
