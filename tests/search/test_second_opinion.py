"""Findings of workers that nobody trusts: what is stored is what the coordinator finds itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from constants_lab.db.records import Companion, Finding, LabelRecord
from constants_lab.errors import VerificationFailed
from constants_lab.evidence import Evidence, Level
from constants_lab.pcf import PCF
from constants_lab.search import sieve_boxes
from constants_lab.search.job import JobSpec, load_method
from constants_lab.search.methods import lookup
from constants_lab.search.second_opinion import Forged, check_shape, reconfirm
from constants_lab.search.units import Unit, UnitResult, run_unit

E_DIGITS = (
    "2.7182818284590452353602874713526624977572470936999595749669676277240766303535475945713821785251664274"
    "274663919320030599218174135966290435729003342952605956307381323286279434907632338298807531952510190"
)
JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "box": (
        "lookup",
        {"constants": ["e"], "lhs": 4, "a_degree": 1, "a_range": "-5..5", "b_degree": 1, "b_range": "-5..5"},
    ),
    # These are written in pi and log(2), and sqrt(2) has more than one image for a number.
    "renamed": (
        "lookup",
        {
            "constants": ["2*pi", "1/pi", "log(2)^2", "sqrt(2)"],
            **{"lhs": 10, "a_degree": 1, "a_range": "-5..5", "b_degree": 2, "b_range": "-3..3"},
        },
    ),
    "family": (
        "lookup",
        {"constants": ["pi"], "a": "k*n + l", "b": "m*n^2", "ranges": {"k": "1..6", "l": "0..6", "m": "-5..5"}},
    ),
    "sieve": ("sieve", {"a_degree": 2, "b_degree": 4, "bound": 2}),
    "split": ("sieve", {"a_degree": 2, "b_degree": 4, "bound": 3, "split": True}),
    "sieve of a family": (
        "sieve",
        {"a": "k*(2*n + 1)", "b": "l*n^2 + m*n", "ranges": {"k": "1..3", "l": "-4..4", "m": "-1..1"}, "force": True},
    ),
    "patterns": ("esma", {"constants": ["e", "phi"], "lhs": 1, "period": "1..2"}),
    "patterns of degree 2": ("esma", {"constants": ["e"], "lhs": 1, "lhs_degree": 2, "period": "1"}),
    "classes": ("esma", {"expressions": ["tanh(1)", "e^2"], "det": 3, "period": "1..2"}),
    "digits": ("esma", {"values": [E_DIGITS], "lhs": 1, "period": "1..2"}),
    "pairs": (
        "pairs",
        {"formulas": [["4n+1", "n^2*(2n-1)^2"], ["n", "n"], ["2n+1", "n^2"]], "constants": ["pi", "log(2)", "catalan"]},
    ),
}


@cache
def searched(job: str) -> tuple[str, dict[str, Any], tuple[Finding, ...]]:
    """Method, stored specification and findings of a whole job."""
    method, options = JOBS[job]
    spec = JobSpec.of(method, options)
    result = run_unit(Unit(method, spec.spec.model_dump_json(), 0, spec.space().size))
    return method, spec.as_json(), tuple(map(Finding.model_validate_json, result.findings))


def opened(method: str, spec: dict[str, Any]) -> tuple[Any, Any]:
    """The method and the space of a stored specification."""
    return load_method(method), JobSpec.of(method, spec).space()


def lasting(finding: Finding) -> Any:
    """All of a finding but the seconds that it took."""

    def without_seconds(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_seconds(each) for key, each in value.items() if key != "seconds"}
        return [without_seconds(each) for each in value] if isinstance(value, list) else value

    return without_seconds(finding.model_dump(mode="json"))


def altered(finding: Finding, **update: Any) -> Finding:
    """A copy as it would arrive; keys with two underscores between reach inside, as formula__value does."""
    for key, value in update.items():
        outer, _, inner = key.partition("__")
        part = getattr(finding, outer)
        new = value if not inner else part.model_copy(update={inner: value})
        finding = finding.model_copy(update={outer: new})
    return Finding.model_validate_json(finding.model_dump_json())


@pytest.mark.parametrize("job", JOBS)
def test_the_coordinator_finds_what_an_honest_worker_found(job: str) -> None:
    method, spec, found = searched(job)
    assert found
    for finding in found:
        assert lasting(reconfirm(*opened(method, spec), finding)) == lasting(finding)


NUMBERS: dict[str, Callable[[Finding], Finding]] = {
    "value": lambda finding: altered(finding, formula__value="3.14159"),
    "no value": lambda finding: altered(finding, formula__value=None),
    "proved": lambda finding: claimed(finding, level=Level.PROVED, digits=10**6, significance=1e6, version="9.9"),
    "refuted": lambda finding: claimed(finding, level=Level.REFUTED, digits=0, significance=None, detail="false"),
    "delta": lambda finding: altered(finding, dynamics__delta=2.0, dynamics__regime="factorial"),
    "no dynamics": lambda finding: altered(finding, dynamics=None),
}


def claimed(finding: Finding, **update: Any) -> Finding:
    """With other evidence for every identity, also of companions."""

    def identities(part: Finding | Companion) -> list[Any]:
        return [
            each.model_copy(update={"evidence": each.evidence.model_copy(update=update)}) for each in part.identities
        ]

    companions = [each.model_copy(update={"identities": identities(each)}) for each in finding.companions]
    return altered(finding, identities=identities(finding), companions=companions)


@pytest.mark.parametrize("job", ["box", "split", "patterns", "pairs"])
@pytest.mark.parametrize("forge", NUMBERS.values(), ids=NUMBERS)
def test_numbers_that_a_worker_invents_are_not_stored(job: str, forge: Callable[[Finding], Finding]) -> None:
    method, spec, found = searched(job)
    true = next(f for f in found if f.identities and f.dynamics and (f.companions or job != "patterns"))
    forged = forge(true)
    assert lasting(forged) != lasting(true)
    assert lasting(reconfirm(*opened(method, spec), forged)) == lasting(true)


def stranger(finding: Finding, found: tuple[Finding, ...]) -> Finding:
    """A finding of another formula and another number."""
    return next(
        f
        for f in found
        if f.formula.exact_key != finding.formula.exact_key
        and f.identities
        and f.identities[0].lhs != finding.identities[0].lhs
    )


def related(finding: Finding) -> Companion:
    return Companion(formula=finding.formula, relation="shift", matrix=[["1", "0"], ["0", "1"]])


EVIDENCE = Evidence(level=Level.VERIFIED, method="said so", version="1", digits=1000, seconds=0)
THINGS: dict[str, Callable[[Finding, tuple[Finding, ...]], Finding]] = {
    "the index of another": lambda finding, found: altered(finding, index=stranger(finding, found).index),
    "an index beyond all": lambda finding, found: altered(finding, index=2**70),
    "the formula of another": lambda finding, found: altered(finding, formula=stranger(finding, found).formula),
    "another key": lambda finding, found: altered(finding, formula__exact_key="rho 1 / 1 ; 1"),
    "another class": lambda finding, found: altered(finding, formula__class_key="1 / 1"),
    "the identity of another": lambda finding, found: altered(finding, identities=stranger(finding, found).identities),
    "one identity more": lambda finding, found: altered(
        finding, identities=[*finding.identities, *stranger(finding, found).identities]
    ),
    "another text": lambda finding, found: altered(
        finding, identities=[finding.identities[0].model_copy(update={"lhs": "pi + 1"})]
    ),
    "a label": lambda finding, found: altered(
        finding, labels=[*finding.labels, LabelRecord(kind="known", detail="Euler, 1748")]
    ),
    "a companion": lambda finding, found: altered(finding, companions=[*finding.companions, related(finding)]),
    "evidence of its own": lambda finding, found: altered(finding, evidence=EVIDENCE),
}


@pytest.mark.parametrize("job", ["box", "renamed", "split", "patterns", "pairs"])
@pytest.mark.parametrize("forge", THINGS.values(), ids=THINGS)
def test_things_that_a_worker_invents_are_refused(
    job: str, forge: Callable[[Finding, tuple[Finding, ...]], Finding]
) -> None:
    method, spec, found = searched(job)
    others = (*found, *searched("box" if job == "pairs" else job)[2])
    true = next(f for f in found if f.identities)
    with pytest.raises(Forged, match=r"candidate \d+ is not confirmed"):
        reconfirm(*opened(method, spec), forge(true, others))


def test_a_true_left_hand_side_that_the_search_does_not_try_is_refused() -> None:
    """Chance is paid for the images and constants of the specification, not for others."""
    method, spec, found = searched("renamed")
    finding = next(f for f in found if f.identities[0].constant == "pi")
    assert reconfirm(*opened(method, spec), finding)
    for change in ({"lhs": 1}, {"constants": ["log(2)^2", "sqrt(2)"]}):
        with pytest.raises(Forged):
            reconfirm(*opened(method, spec | change), finding)


@pytest.mark.parametrize(
    "matrix", [[], [["1", "0"]], [["x", "1"], ["0", "1"]], [["0", "0"], ["0", "0"]], [["1" * 5000, "0"], ["0", "1"]]]
)
def test_what_is_no_matrix_is_refused(matrix: list[list[str]]) -> None:
    method, spec, found = searched("box")
    identity = found[0].identities[0].model_copy(update={"matrix": matrix})
    with pytest.raises(Forged):
        reconfirm(*opened(method, spec), altered(found[0], identities=[identity]))


def test_what_a_worker_hides_of_a_formula_is_found() -> None:
    method, spec, found = searched("split")
    true = next(f for f in found if f.identities and f.labels)
    assert lasting(reconfirm(*opened(method, spec), altered(true, identities=[], labels=[]))) == lasting(true)
    method, spec, found = searched("patterns")
    true = next(f for f in found if f.companions)
    assert lasting(reconfirm(*opened(method, spec), altered(true, companions=[]))) == lasting(true)


def test_members_that_the_sieve_drops_are_refused() -> None:
    """A continued fraction of the box whose denominators do not collapse: nothing is claimed of it but that it was found."""
    method, spec, found = searched("sieve")
    space: Any = JobSpec.of(method, spec).space()
    numbers = {finding.index for finding in found}
    index = next(k for k in range(space.size // 3, space.size) if k not in numbers)
    pcf = space.members[index]
    formula = found[0].formula.model_copy(update={"exact_key": pcf.canonical().key, "class_key": pcf.class_key})
    with pytest.raises(Forged):
        reconfirm(*opened(method, spec), Finding(index=index, formula=formula))


@pytest.mark.parametrize("split", [False, True])
def test_members_of_a_sieve_are_decoded_as_they_are_numbered(split: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a box of several chunks, the last one narrower than the others."""
    chunk = 17 if split else 700
    monkeypatch.setattr(sieve_boxes, "_CHUNK", chunk)
    space: Any = JobSpec.of("sieve", {"a_degree": 2, "b_degree": 4, "bound": 3 if split else 2, "split": split}).space()
    assert space.members.b_size > chunk
    assert space.members.b_size % chunk
    survivors = list(space.members.survivors(0, space.size, {}))
    assert len(survivors) > 2
    for survivor in survivors:
        assert space.members[survivor.index] == PCF(survivor.a, survivor.b)


def test_the_message_of_a_refusal_is_fit_for_a_terminal() -> None:
    method, spec, found = searched("box")
    label = LabelRecord(kind="known", detail="\x1b[2J\n" + "long " * 1000)
    with pytest.raises(Forged) as refused:
        reconfirm(*opened(method, spec), altered(found[0], labels=[label]))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400
    assert isinstance(refused.value, VerificationFailed)


# Methods that cannot confirm anew


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Finding]:
    """A method that has no ``reconfirm``: its specification, and a finding without claims."""
    monkeypatch.delattr(lookup, "reconfirm")
    _, spec, found = searched("box")
    return spec, altered(found[0], identities=[])


def test_measurements_pass_with_the_labels_that_name_a_number(measuring: tuple[dict[str, Any], Finding]) -> None:
    spec, finding = measuring
    assert reconfirm(*opened("lookup", spec), finding) == finding
    kept = [LabelRecord(kind="rational", detail="7/3"), LabelRecord(kind="algebraic", detail="root of x^3 - 2")]
    dropped = [LabelRecord(kind="known", detail="Euler"), LabelRecord(kind="family", detail="all of them")]
    assert reconfirm(*opened("lookup", spec), altered(finding, labels=[*dropped, *kept])).labels == kept
    screened = EVIDENCE.model_copy(update={"level": Level.SCREENED})
    assert reconfirm(*opened("lookup", spec), altered(finding, evidence=screened)).evidence == screened


def test_claims_of_a_method_that_cannot_confirm_them_are_refused(measuring: tuple[dict[str, Any], Finding]) -> None:
    spec, finding = measuring
    forged = [
        altered(finding, identities=searched("box")[2][0].identities),
        altered(finding, companions=[related(finding)]),
        altered(finding, evidence=EVIDENCE),
        altered(finding, formula__exact_key="rho 1 / 1 ; 1"),
        altered(finding, formula__class_key=None),
        altered(finding, formula__b="n^2 +"),
        altered(finding, formula__kind="field"),
        altered(finding, index=2**70),
    ]
    for each in forged:
        with pytest.raises(Forged):
            reconfirm(*opened("lookup", spec), each)


@pytest.mark.parametrize(
    "change",
    [
        {"counters": {"candidates": "many"}},
        {"counters": None},
        {"counters": {"candidates": -1}},
        {"counters": {"candidates": 2**70}},
        {"seconds": float("nan")},
        {"seconds": -1.0},
        {"seconds": None},
        {"findings": ("{}",)},
        {"findings": ("not JSON",)},
        {"findings": (None,)},
        {"findings": None},
    ],
    ids=str,
)
def test_what_has_not_the_shape_of_a_result_is_refused(change: dict[str, Any]) -> None:
    honest = UnitResult(0, 10, (), {"candidates": 3}, 0.5, "x")
    check_shape(honest)
    with pytest.raises(Forged):
        check_shape(replace(honest, **change))
    with pytest.raises(Forged):
        check_shape(None)
