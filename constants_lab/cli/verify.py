"""``clab verify``: compute a stored identity anew, to as many digits as asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from constants_lab.cli.options import AsJson, Database
from constants_lab.cli.output import emit, message
from constants_lab.errors import InputError, NoEnclosure, NotConverging, VerificationFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from constants_lab.crosscheck import CrossCheck
    from constants_lab.db.claims import Claim
    from constants_lab.db.store import Store
    from constants_lab.db.views import FormulaView
    from constants_lab.evidence import Evidence


def command(
    formula: Annotated[int | None, typer.Argument(metavar="ID", help="Its number.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every verified formula in the database.")] = False,
    digits: Annotated[
        int, typer.Option("--digits", min=100, max=100_000, help="Decimal digits; a ball is possible up to 50,000.")
    ] = 1000,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Verify a formula from scratch and store the record: a rigorous ball of the fraction, where there is one.

    Without a ball the digits of two computations are compared, and the reason is printed.  What a ball refutes is stored too.
    Exit code 1 when the identity turns out false, or when a single formula cannot be computed to these digits.
    """
    if (formula is None) != everything:
        raise InputError("give the number of a formula, or --all")
    from constants_lab.db.query import formula as load
    from constants_lab.db.query import formulas
    from constants_lab.db.store import Store

    false = 0
    rows = []
    with Store.open(db, create=False) as store:
        numbers = [formula] if formula is not None else [v.id for v in formulas(store) if v.lhs is not None]
        views = [load(store, number) for number in numbers]
        for view in views:
            for row in _verify(store, view, digits, lenient=everything):
                false += row["result"] == "false"
                rows.append(row)
                if not as_json:
                    print(f"formula {row['id']}: {row['lhs']}: {row['message']}")
    if as_json:
        emit(rows, (), as_json=True, as_csv=False)
    if everything:
        message(f"{len(rows)} identities verified anew, {false} of them false.")
    if false:
        raise typer.Exit(1)


def _verify(store: Store, view: FormulaView, digits: int, *, lenient: bool) -> list[dict[str, object]]:
    from constants_lab.db.claims import claims

    if not view.identities and view.name is not None:
        raise InputError(
            f"formula {view.id} is {view.name}, a number and no identity to verify: see clab show {view.id}"
        )
    if view.kind not in ("pcf", "signed") or not view.identities:
        raise InputError(f"formula {view.id} has no name yet, so there is nothing to verify: see clab show {view.id}")
    rows: list[dict[str, object]] = []
    for claim in claims(store, formula=view.id):
        row: dict[str, object] = {"id": view.id, "lhs": claim.lhs}
        try:
            record, text = _checked(claim, digits)
        except VerificationFailed as error:
            refutation = getattr(error, "record", None)
            if refutation is not None:
                store.add_evidence(view.id, claim.identity, refutation)
            rows.append(row | {"result": "false", "digits": 0, "message": f"FALSE: {error}"})
            continue
        except (NotConverging, InputError) as error:
            if not lenient:
                raise
            result = "unreached" if isinstance(error, NotConverging) else "unread"
            rows.append(row | {"result": result, "digits": 0, "message": str(error)})
            continue
        store.add_evidence(view.id, claim.identity, record)
        row |= {"result": "true", "digits": record.digits, "message": text, "evidence": record.level.value}
        rows.append(row | {"ball": record.detail or None})
    return rows


def _checked(claim: Claim, digits: int) -> tuple[Evidence, str]:
    """The record and what to tell; raises where the two sides disagree, or where that is not seen."""
    from constants_lab.crosscheck import check_identity, check_signed
    from constants_lab.pair_identities import identity_in
    from constants_lab.pcf import PCF
    from constants_lab.verification import enclose, verify, verify_signed

    claim.require_consistent()
    fraction, rows, chance = claim.fraction, claim.rows, claim.chance
    if isinstance(fraction, PCF):
        identity = identity_in(claim.constant, rows)
        return _strongest(
            lambda: enclose(fraction, identity, digits, chance),
            lambda: verify(fraction, identity, digits, chance),
            lambda: check_identity(fraction, identity),
        )
    claimed = claim.claimed
    return _strongest(
        lambda: enclose(fraction, claimed, digits, chance),
        lambda: verify_signed(fraction, claim.lhs, claimed.coefficients, digits, chance),
        lambda: check_signed(fraction, claim.constant, rows, claim.lhs),
    )


def _strongest(
    by_ball: Callable[[], Evidence], by_digits: Callable[[], Evidence], second: Callable[[], CrossCheck]
) -> tuple[Evidence, str]:
    """The record to store, and what to tell: a ball is worth more than digits, which are computed all the same."""
    enclosed: Evidence | None = None
    reason = ""
    try:
        enclosed = by_ball()
    except NoEnclosure as error:
        reason = str(error)
    try:
        numeric = by_digits()
    except (NotConverging, InputError):
        if enclosed is None:
            raise
        numeric = enclosed
    marked = " by acceleration" if numeric.accelerated else ""
    agreed = "mpmath agrees" if second().lhs_digits is None else "SymPy agrees"
    text = f"{numeric.digits} digits agree{marked} (n = {numeric.depth}, {numeric.seconds:.3f} s); {agreed}; "
    if enclosed is None:
        return numeric, f"{text}not enclosed, so the evidence stays numeric: {reason}"
    middle, _, radius = enclosed.detail.strip("[]").partition(" +/- ")
    ball = (
        f"enclosed by {middle[:22]}... +/- {radius}: {enclosed.method} (n = {enclosed.depth}, {enclosed.seconds:.3f} s)"
    )
    return enclosed, text + ball
