"""The second check: it agrees with what is proved, and disagrees with what is not."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath
import pytest
from flint import fmpz_poly

from constants_lab.errors import InputError
from constants_lab.expressions import Identity
from constants_lab.proofs.prover import prove
from constants_lab.proofs.signed_fractions import prove_signed
from constants_lab.proofs.symbolic import Disagreement, cross_check
from constants_lab.proofs.theorem_numbers import THEOREM_NUMBERS, named_number
from constants_lab.signed import SignedCF

KNOWN = json.loads((Path(__file__).parents[1] / "data" / "known_pcf.json").read_text(encoding="utf-8"))["cases"]


def of_known(case: dict[str, Any]) -> str | None:
    claim = Identity.parse(case["lhs"])
    a, b = (fmpz_poly(case[key][::-1]) for key in "ab")
    return prove(a, b, claim.constant, [[int(k) for k in row] for row in claim.matrix])


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case["lhs"])
def test_it_agrees_on_known_formulas(case: dict[str, Any]) -> None:
    text = of_known(case)
    if text is None:
        pytest.skip("no prover is known for it")
    begun = time.process_time()
    lines = cross_check(text)
    assert time.process_time() - begun < 3
    assert len(lines) == len(json.loads(text)["steps"])
    assert all(line.startswith(f"step {i}, ") and ": holds" in line for i, line in enumerate(lines, 1))
    assert case["value50"][:12] in lines[-1]


@pytest.mark.parametrize(
    ("cf", "lhs"),
    [
        (SignedCF([1], [2], ["1", "2m+2", "1"]), "e"),
        (SignedCF([1], [1], ["2m+1", "1"]), "tan(1)"),
        (SignedCF([1], [0], ["4m+2"]), "(e - 1)/(e + 1)"),
        (SignedCF([-1], [1], ["3", "run(2, 4m+1)", "3", "4m+6"]), "1/(e - 1)"),
    ],
    ids=str,
)
def test_it_agrees_on_signed_fractions(cf: SignedCF, lhs: str) -> None:
    claim = Identity.parse(lhs)
    text = prove_signed(cf, claim.constant, [[int(k) for k in row] for row in claim.matrix])
    assert text is not None
    assert cross_check(text)


def test_it_agrees_on_every_kind(samples: dict[str, str]) -> None:
    for text in samples.values():
        assert cross_check(text)


BROKEN: list[tuple[str, list[Any], Any]] = [
    ("telescope", [1, "rho", "num", 0], "7"),
    ("telescope", [1, "g", "num", 0], "7"),
    ("telescope", [1, "c"], "1/7"),
    ("euler", [-1, "h1", "num", 0], "5"),
    ("euler", [-1, "a", 0], "5"),
    ("shift", [-1, "by"], -2),
    ("coboundary", [-1, "u", 0, -1], "7"),
    ("coboundary", [-1, "factor", "num", 0], "7"),
    ("recurrence", [-1, "a", 0], "4"),
    ("recurrence", [-1, "across", "num", 0, 0], "5"),
    ("recurrence", [-1, "certificate", "num", 0, 0], "5"),
    ("group", [0, "z"], "-1/2"),
    ("apery series", [-1, "b", 0], "5"),
    ("bessel fraction", [0, "x"], "3"),
    ("conjugate", [0, "d"], "2"),
    ("odd series", [0, "y"], "3"),
    ("tietze", [1, "target", "period", 1, 1], "-1"),
    ("worpitzky", [1, "steps"], 1),
]


@pytest.mark.parametrize(("kind", "place", "value"), BROKEN, ids=str)
def test_it_disagrees_with_broken_steps(kind: str, place: list[Any], value: Any, samples: dict[str, str]) -> None:
    whole = json.loads(samples[kind])
    node = whole["steps"]
    for key in place[:-1]:
        node = node[key]
    assert node[place[-1]] != value
    node[place[-1]] = value
    with pytest.raises(Disagreement, match=r"^(step \d+, [a-z ]+: |the )"):
        cross_check(json.dumps(whole))


def test_it_disagrees_with_false_claims(samples: dict[str, str]) -> None:
    for text in samples.values():
        whole = json.loads(text)
        changes: list[tuple[str, Any]] = [("constant", "e" if whole["claim"]["constant"] != "e" else "pi")]
        (p, q), bottom = whole["claim"]["matrix"]
        changes += [("matrix", [[p, str(int(q) + 10**9)], bottom]), ("matrix", [["1", "1"], ["1", "1"]])]
        changes += [("fraction", {"a": ["2", "1"], "b": ["7"]})]
        for key, value in changes:
            changed = copy.deepcopy(whole)
            changed["claim"][key] = value
            with pytest.raises(Disagreement):
                cross_check(json.dumps(changed))


def test_it_disagrees_with_false_theorems(samples: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed form that is wrong in the 30th digit is found out, whatever the proof does with it."""
    for name, theorem in THEOREM_NUMBERS.items():
        false = replace(theorem, closed=lambda closed=theorem.closed, **x: closed(**x) * (1 + mpmath.mpf(10) ** -30))
        with monkeypatch.context() as patched:
            patched.setitem(THEOREM_NUMBERS, name, false)
            with pytest.raises(Disagreement, match=r"the theorem gives another number|the series has another sum"):
                cross_check(samples[name])


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"claim": {}, "steps": [1]}', "[" * 100_000])
def test_what_is_no_certificate_is_told_so(text: str) -> None:
    with pytest.raises(InputError, match="not a certificate"):
        cross_check(text)


def test_names_of_constants() -> None:
    assert abs(named_number("besseli_ratio(0,2)") - 0.697774657964) < 1e-10
    assert abs(named_number("log(3/2)") - 0.405465108108) < 1e-10
    assert abs(named_number("beta(3)") - 0.968946146259) < 1e-10
    with pytest.raises(InputError):
        named_number("__import__(1)")
