"""Certificates in the database: nothing gets in but what the checker accepts and what the identity says."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable

import pytest

from constants_lab.db import Finding, Store
from constants_lab.db.certificates import Relation, add_certificate, certificates, related, standing
from constants_lab.db.claims import claims
from constants_lab.db.query import formula as load
from constants_lab.db.query import formulas
from constants_lab.errors import InputError, VerificationFailed
from constants_lab.evidence import Evidence, Level
from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.proofs.proving import prove_identity

KNOWN = {
    1: ("2*n + 1", "n^2", "4/pi"),
    2: ("2*n + 3", "n^2 + 2*n", "4/(pi - 2)"),
    3: ("n + 3", "-n", "e"),
    4: ("2*n + 1", "n^2", "4/(pi - 2)"),
}


def proof(number: int) -> str:
    a, b, lhs = KNOWN[number]
    identity = Identity.parse(lhs)
    text = prove_identity(PCF(a, b), identity.constant, identity.matrix)
    assert text is not None
    return text


@pytest.fixture
def filled(store: Store, finding: Callable[..., Finding]) -> Store:
    """Formulas numbered as in KNOWN; what the fourth is said to equal is false."""
    job = store.create_job("lookup", {}, 100, "1")
    found = []
    for number, (a, b, lhs) in KNOWN.items():
        identity = Identity.parse(lhs)
        made = finding(number, f"key {number}", a=a, b=b)
        claim = made.identities[0].model_copy(
            update={
                "constant": identity.constant,
                "lhs": lhs,
                "matrix": [[str(k) for k in row] for row in identity.matrix],
            }
        )
        found.append(made.model_copy(update={"identities": [claim]}))
    store.record(job.id, 0, 10, found, {}, 0.0)
    return store


def untouched(store: Store) -> bool:
    rows = store.info().rows
    return (rows["certificate"], rows["evidence"], rows["equivalence"]) == (0, 4, 0) and all(
        view.evidence == "verified" for view in formulas(store)
    )


def test_a_certificate_raises_identity_and_formula(filled: Store) -> None:
    text = proof(1)
    assert add_certificate(filled, 1, "4/pi", text)
    view = load(filled, 1)
    assert (view.evidence, view.digits) == ("proved", 100)
    record = view.records[-1]
    assert (record.level, record.method) == ("proved", "certificate, accepted by constants_lab.proofs.checker")
    assert record.detail == "rests on lambert fraction"
    assert record.identity == view.identities[0].id
    (stored,) = certificates(filled, 1)
    assert (stored.text, stored.lhs, stored.theorems) == (text, "4/pi", ["lambert fraction"])
    assert stored.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert [each.id for each in formulas(filled, evidence="proved")] == [1]
    assert [(row.constant, row.proved, row.verified) for row in standing(filled)] == [("e", 0, 1), ("pi", 1, 2)]
    assert [claim.formula for claim in claims(filled, levels=[Level.PROVED])] == [1]
    assert [claim.formula for claim in claims(filled, constants=["pi"], levels=[Level.VERIFIED])] == [2, 4]


def test_a_claim_knows_what_the_search_paid(
    store: Store, finding: Callable[..., Finding], evidence: Callable[..., Evidence]
) -> None:
    job = store.create_job("lookup", {}, 100, "1")
    made = finding(1)
    paid = evidence("verified", 100, significance=90.0)
    claimed = made.identities[0].model_copy(update={"evidence": paid})
    store.record(job.id, 0, 10, [made.model_copy(update={"identities": [claimed]}), finding(2, "key 2")], {}, 0.0)
    store.add_evidence(1, "4/(pi - 2)", evidence("verified", 200, significance=199.0))
    first, second = claims(store)
    assert first.spent == 10.0
    assert first.chance == pytest.approx(10 - math.log10(9 * 3 * 5))
    assert (second.spent, second.chance) == (None, 0.0)


def test_the_same_certificate_again_changes_nothing(filled: Store) -> None:
    identity = load(filled, 1).identities[0].id
    assert add_certificate(filled, 1, identity, proof(1))
    before = filled.info().rows
    assert not add_certificate(filled, 1, "4/pi", proof(1))
    assert filled.info().rows == before


def test_another_proof_is_kept_beside_the_first(filled: Store) -> None:
    text = proof(1)
    again = json.dumps(json.loads(text))
    assert text != again
    assert add_certificate(filled, 1, "4/pi", text)
    assert add_certificate(filled, 1, "4/pi", again)
    assert [each.text for each in certificates(filled)] == [again]
    assert filled.info().rows["certificate"] == 2


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_proof_of_something_else_is_not_stored(filled: Store, number: int) -> None:
    with pytest.raises(InputError, match=f"proves something else than formula {number} = "):
        add_certificate(filled, number, KNOWN[number][2], proof(1))
    assert untouched(filled)


def test_a_false_claim_is_not_stored(filled: Store) -> None:
    whole = json.loads(proof(1))
    identity = Identity.parse(KNOWN[4][2])
    whole["claim"]["matrix"] = [[str(k) for k in row] for row in identity.matrix]
    with pytest.raises(VerificationFailed, match=r"formula 4 is rejected at the claim .* is not stored"):
        add_certificate(filled, 4, KNOWN[4][2], json.dumps(whole))
    assert untouched(filled)


def test_no_certificate_is_refused(filled: Store) -> None:
    for text in ("", "{}", "[1]", proof(1)[:-5]):
        with pytest.raises(InputError, match="is not a certificate"):
            add_certificate(filled, 1, "4/pi", text)
    assert untouched(filled)


def test_unknown_formulas_and_identities_are_refused(filled: Store) -> None:
    text = proof(1)
    with pytest.raises(InputError, match="there is no formula 77"):
        add_certificate(filled, 77, "4/pi", text)
    for identity in ("5/pi", 4, 2**70, -1):
        with pytest.raises(InputError, match="formula 1 has no identity"):
            add_certificate(filled, 1, identity, text)
    assert untouched(filled)


def test_what_was_refuted_is_not_proved(filled: Store) -> None:
    refuted = Evidence(level=Level.REFUTED, method="test", version="1", digits=0, seconds=0.0)
    filled.add_evidence(1, "4/pi", refuted)
    with pytest.raises(VerificationFailed, match="one of the two is wrong"):
        add_certificate(filled, 1, "4/pi", proof(1))
    assert certificates(filled) == []
    assert load(filled, 1).evidence == "refuted"


@pytest.mark.parametrize(
    ("lhs", "matrix", "error", "message"),
    [
        (
            "4/pi + 0",
            [["0", "5"], ["1", "0"]],
            VerificationFailed,
            r"4/pi \+ 0 is not what the integers say, which is 5/pi",
        ),
        (
            "4/pi + 1/10^200",
            [["0", "4"], ["1", "0"]],
            InputError,
            r"whether 4/pi \+ 1/10\^200 is 4/pi, as the integers of formula 1 say, is not decided",
        ),
    ],
)
def test_an_identity_whose_integers_say_something_else_is_not_proved(
    store: Store,
    finding: Callable[..., Finding],
    lhs: str,
    matrix: list[list[str]],
    error: type[Exception],
    message: str,
) -> None:
    job = store.create_job("lookup", {}, 100, "1")
    made = finding(1, claims=(("pi", lhs, 4, "verified", 100),))
    claim = made.identities[0].model_copy(update={"matrix": matrix})
    store.record(job.id, 0, 10, [made.model_copy(update={"identities": [claim]})], {}, 0.0)
    with pytest.raises(error, match=message):
        add_certificate(store, 1, lhs, proof(1))
    assert load(store, 1).evidence == "verified"


def test_a_relation_is_stored_with_the_proof(filled: Store) -> None:
    add_certificate(filled, 1, "4/pi", proof(1))
    relation = Relation(1, "proved: coboundary", [["0", "4"], ["-2", "4"]])
    assert add_certificate(filled, 2, "4/(pi - 2)", proof(2), relation)
    assert not add_certificate(filled, 2, "4/(pi - 2)", proof(2), relation)
    (view,) = load(filled, 2).equivalences
    assert (view.id, view.relation, view.matrix, view.direction) == (1, relation.name, relation.matrix, "to")
    assert filled.info().rows["equivalence"] == 1
    assert related(filled) == {1: {2}, 2: {1}}
    with pytest.raises(InputError, match="determinant 0"):
        add_certificate(filled, 3, "e", proof(3), Relation(1, "proved: nothing", [["1", "1"], ["1", "1"]]))
    assert load(filled, 3).evidence == "verified"


def test_certificates_of_many_identities_are_found(filled: Store) -> None:
    add_certificate(filled, 1, "4/pi", proof(1))
    add_certificate(filled, 3, "e", proof(3))
    numbers = [load(filled, number).identities[0].id for number in (1, 2, 3)]
    assert [each.formula for each in certificates(filled, identities=numbers)] == [1, 3]
    assert [each.formula for each in certificates(filled, identities=[])] == []
