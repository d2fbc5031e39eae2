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
    from constants_lab.db.store import Store
    from constants_lab.db.views import FormulaView, IdentityView
    from constants_lab.evidence import Evidence
    from constants_lab.pair_identities import AnyIdentity


def command(
    formula: Annotated[int | None, typer.Argument(metavar="ID", help="Its number.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every verified formula in the database.")] = False,
    digits: Annotated[int, typer.Option("--digits", min=100, max=100_000, help="Decimal digits.")] = 1000,
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
    if not view.identities and view.name is not None:
        raise InputError(
            f"formula {view.id} is {view.name}, a number and no identity to verify: see clab show {view.id}"
        )
    if view.kind not in ("pcf", "signed") or not view.identities:
        raise InputError(f"formula {view.id} has no name yet, so there is nothing to verify: see clab show {view.id}")
    check = _verify_pcf if view.kind == "pcf" else _verify_signed
    rows: list[dict[str, object]] = []
    for item in view.identities:
        row: dict[str, object] = {"id": view.id, "lhs": item.lhs}
        try:
            record, text = check(view, item, digits, _chance_digits(view, item))
        except VerificationFailed as error:
            refutation = getattr(error, "record", None)
            if refutation is not None:
                store.add_evidence(view.id, item.id, refutation)
            rows.append(row | {"result": "false", "digits": 0, "message": f"FALSE: {error}"})
            continue
        except NotConverging as error:
            if not lenient:
                raise
            rows.append(row | {"result": "unreached", "digits": 0, "message": str(error)})
            continue
        store.add_evidence(view.id, item.id, record)
        row |= {"result": "true", "digits": record.digits, "message": text, "evidence": record.level.value}
        rows.append(row | {"ball": record.detail or None})
    return rows


def _chance_digits(view: FormulaView, item: IdentityView) -> float:
    """What the search that found the identity paid for its trials, from its record; the height is charged anew."""
    from constants_lab.evidence import height_cost

    spent = [r.digits - r.significance for r in view.records if r.identity == item.id and r.significance is not None]
    return max(0.0, spent[0] - height_cost(int(k) for row in item.matrix for k in row)) if spent else 0.0


def _integers(view: FormulaView, item: IdentityView) -> list[list[int]]:
    try:
        return [[int(k) for k in row] for row in item.matrix]
    except (TypeError, ValueError):
        raise InputError(
            f"the integers of formula {view.id} cannot be read: take the row from a copy of the database"
        ) from None


def _identity(view: FormulaView, item: IdentityView) -> AnyIdentity:
    """What the integers say; raises :class:`VerificationFailed` where the left-hand side is another number."""
    from constants_lab.expressions import evaluate
    from constants_lab.pair_identities import identity_in

    identity = identity_in(item.constant, _integers(view, item))
    if not evaluate(item.lhs, 100).overlaps(identity.ball(100)):
        raise VerificationFailed(f"{item.lhs} is not what its integers say, which is {identity.lhs}")
    return identity


def _verify_pcf(view: FormulaView, item: IdentityView, digits: int, chance: float) -> tuple[Evidence, str]:
    from constants_lab.crosscheck import check_identity
    from constants_lab.pcf import PCF
    from constants_lab.verification import enclose, verify

    pcf = PCF(view.a or "", view.b or "")
    identity = _identity(view, item)
    return _strongest(
        lambda: enclose(pcf, identity, digits, chance),
        lambda: verify(pcf, identity, digits, chance),
        lambda: check_identity(pcf, identity),
    )


def _verify_signed(view: FormulaView, item: IdentityView, digits: int, chance: float) -> tuple[Evidence, str]:
    from constants_lab.crosscheck import check_signed
    from constants_lab.signed import SignedCF
    from constants_lab.verification import enclose, verify_signed

    cf = SignedCF(view.signs or [], view.prefix or [], view.polynomials or [])
    identity = _identity(view, item)
    rows = _integers(view, item)
    return _strongest(
        lambda: enclose(cf, identity, digits, chance),
        lambda: verify_signed(cf, item.lhs, rows[0] + rows[1], digits, chance),
        lambda: check_signed(cf, item.constant, rows, item.lhs),
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
