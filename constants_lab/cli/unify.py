"""``clab unify``: carry proofs from proved formulas to others that are related to them."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any

from constants_lab.cli.options import AsJson, Constant, Constants, Database, constant_names
from constants_lab.cli.output import message
from constants_lab.errors import InputError, VerificationFailed
from constants_lab.evidence import Level

if TYPE_CHECKING:
    from constants_lab.db.certificates import CertificateView
    from constants_lab.db.claims import Claim
    from constants_lab.db.store import Store

    _Proved = tuple[Claim, str]

_MOST_SOURCES = 30
"""Proved formulas from which a proof of one other is tried in each round."""


def command(
    constant: Constant = None,
    constants: Constants = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Prove formulas by relating them to proved ones (tails, equivalent fractions, coboundaries), until nothing is new."""
    names = constant_names(constant, constants)
    from constants_lab.db.certificates import certificates
    from constants_lab.db.claims import claims
    from constants_lab.db.store import Store

    with Store.open(db, create=False) as store:
        proved = {claim.identity: claim for claim in claims(store, constants=names, levels=[Level.PROVED])}
        pending = claims(store, constants=names, levels=[Level.VERIFIED, Level.ENCLOSED])
        known = [
            (proved[each.identity], each.text)
            for each in certificates(store, identities=list(proved))
            if _is_proof(each, proved[each.identity])
        ]
        # Those whose certificate is lost, too: perhaps they were proved by a relation.
        held = {claim.identity for claim, _ in known}
        pending += [claim for claim in proved.values() if claim.identity not in held]
        count = 0
        try:
            for row in _unified(store, known, pending):
                count += 1
                _print(row, as_json)
        except KeyboardInterrupt:
            message("what was related so far is stored: run the same command again to go on.")
            raise
    if not known:
        message("no formula here is proved yet, so nothing can be related to one: run clab prove --all first.")
    else:
        message(
            f"{count} of {len(pending)} identities without a proof are now proved by relation to {len(known)} others."
        )


def _is_proof(certificate: CertificateView, claim: Claim) -> bool:
    """Whether a proof may be carried over from it; says so where not."""
    from constants_lab.db.certificates import recheck

    try:
        recheck(certificate, claim)
    except (VerificationFailed, InputError) as error:
        message(f"the certificate of formula {claim.formula} is no proof of it ({error}) and is looked for anew")
        return False
    return True


def _print(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(row, ensure_ascii=False), flush=True)
    else:
        text = f"formula {row['id']}: {row['lhs']}: proved from formula {row['from']} ({row['from_lhs']}): {row['relation']}"
        print(text, flush=True)


def _unified(store: Store, proved: list[_Proved], pending: list[Claim]) -> Iterator[dict[str, Any]]:
    """Prove and store what can be, a row for each; a round begins with what the one before it proved."""
    from constants_lab.db.certificates import related
    from constants_lab.proofs.proving import from_proved

    relatives = related(store)
    while proved:
        sources = _Sources(proved, relatives)
        fresh: list[_Proved] = []
        rest: list[Claim] = []
        for target in pending:
            for source, certificate in sources.near(target):
                text = from_proved(target.fraction, target.constant, target.rows, certificate)
                if text is not None and (row := _stored(store, target, text, source, certificate)) is not None:
                    yield row
                    fresh.append((target, text))
                    break
            else:
                rest.append(target)
        proved, pending = fresh, rest


class _Sources:
    """Proved formulas, by what another must have in common with them to be related."""

    def __init__(self, proved: Iterable[_Proved], relatives: Mapping[int, Set[int]]) -> None:
        self._relatives = relatives
        self._by_number: dict[int, list[_Proved]] = {}
        self._by_class: dict[Hashable, list[_Proved]] = {}
        self._alike: dict[Hashable, dict[str | int, _Proved]] = {}
        for source, certificate in proved:
            own, alike = _traits(source)
            self._by_number.setdefault(source.formula, []).append((source, certificate))
            self._by_class.setdefault(own, []).append((source, certificate))
            # One of each class is enough.
            self._alike.setdefault(alike, {}).setdefault(source.class_key or source.formula, (source, certificate))

    def near(self, target: Claim) -> list[_Proved]:
        """Those to which one may be related: those that a search found to be, of its class, and that converge alike."""
        own, alike = _traits(target)
        numbers = sorted(self._relatives.get(target.formula, ()))
        found = [each for number in numbers for each in self._by_number.get(number, ())]
        found += [] if target.class_key is None else self._by_class.get(own, ())
        others = self._alike.get(alike, {}).items()
        return [*found, *(each for key, each in others if key != target.class_key)][:_MOST_SOURCES]


def _traits(claim: Claim) -> tuple[Hashable, Hashable]:
    """What formulas of one class, and formulas that converge alike, have in common, both with related constants."""
    from constants_lab.kinship import kin
    from constants_lab.pcf import PCF
    from constants_lab.proofs.relating import growth

    constant, fraction = kin(claim.constant), claim.fraction
    # FLINT's numbers are compared as texts, which have one form.
    alike = str(growth(fraction)) if isinstance(fraction, PCF) else claim.kind
    return (constant, claim.class_key), (constant, alike)


def _stored(store: Store, target: Claim, text: str, source: Claim, certificate: str) -> dict[str, Any] | None:
    """Store a proof and give its row; say so, and give None, where the database does not take it."""
    from constants_lab.db.certificates import Relation, add_certificate
    from constants_lab.proofs.relating import image, relation

    how = relation(text, certificate)
    matrix = image(text, certificate)
    related = None if matrix is None else Relation(source.formula, f"proved: {how}", matrix)
    try:
        add_certificate(store, target.formula, target.identity, text, related)
    except (VerificationFailed, InputError) as error:
        message(f"formula {target.formula} is left as it is: {error}")
        return None
    return {
        "id": target.formula,
        "lhs": target.lhs,
        "from": source.formula,
        "from_lhs": source.lhs,
        "relation": how,
        "matrix": matrix,
    }
