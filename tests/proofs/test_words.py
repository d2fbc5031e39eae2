"""Proofs in words: every step says what it uses and what follows, and the last what is claimed."""

from __future__ import annotations

import json

import pytest

from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.proofs import checker, words
from constants_lab.proofs.proving import prove_identity
from constants_lab.proofs.words import explain, statement

CASES = [
    ("2*n + 3", "n^2 + 2*n", "4/(pi - 2)"),
    ("3*n + 3", "-2*n^2 + n + 3", "(3*pi + 4)/4"),
    ("2*n^3 + 3*n^2 + 3*n + 1", "-n^6", "1/zeta(3)"),
    ("4*n + 6", "1", "(e - 1)/(3 - e)"),
    ("n + 3", "-n", "e"),
    ("2*n^2 + 2*n + 1", "-n^4", "6/pi^2"),
    ("1", "1", "phi"),
]


def certificate(a: str, b: str, lhs: str) -> str:
    identity = Identity.parse(lhs)
    text = prove_identity(PCF(a, b), identity.constant, identity.matrix)
    assert text is not None
    return text


@pytest.mark.parametrize(("a", "b", "lhs"), CASES, ids=lambda text: str(text))
def test_each_step_is_said_and_the_last_is_the_claim(a: str, b: str, lhs: str) -> None:
    text = certificate(a, b, lhs)
    steps = json.loads(text)["steps"]
    lines = explain(text)
    heads = [line for line in lines if line.startswith("(")]
    assert [line.split(" ", 1)[0] for line in heads] == [f"({k})" for k in range(1, len(steps) + 1)]
    assert sum(line.strip().startswith("So ") and "converges to" in line for line in lines) == len(steps)
    theorems = ", ".join(checker.check(text).theorems)
    assert lines[-1] == f"rests on: {theorems or 'no theorem but those of the rules'}"
    # No rule is shown as mere data.
    assert not any('": ' in line or (line.endswith(":") and " = [" in line) for line in lines)


def test_polynomials_and_references_are_readable() -> None:
    lines = "\n".join(explain(certificate("2*n + 3", "n^2 + 2*n", "4/(pi - 2)")))
    assert "(1) Theorem, lambert fraction: PCF(2n+1, y n²) is √y/atan √y for 0 < y ≤ 10^6" in lines
    assert "Here y = 1." in lines
    assert "So PCF(2n + 1, n²) converges to 4/pi." in lines
    assert (
        "Coboundary: let T(n) be the matrix [[a(n), b(n+1)], [1, 0]] of PCF(2n + 3, n² + 2n), and N(n) the matrix"
        in lines
    )
    assert "T(n) U(n+1) = λ(n) U(n) N(n) for U(n) = [[" in lines
    assert "q(n) ≥ r(n) q(n−1) > 0 for n ≥ 1, r(n) = 2n + 1" in lines
    assert "So PCF(2n + 3, n² + 2n) converges to 4/(pi - 2)." in lines


def test_theorems_are_stated() -> None:
    assert statement("apery series").startswith("ζ(3) = 5/2 Σ")
    assert "Tietze 1911" in statement("tietze")
    assert statement("zeta(2) = pi^2/6") == "zeta(2) = pi^2/6"
    assert statement("check") != ""


@pytest.mark.parametrize("rule", ["telescope", "group", "euler", "shift", "conjugate", "coboundary", "recurrence"])
def test_data_of_another_shape_are_shown_as_they_are(rule: str) -> None:
    assert words._said({"rule": rule, "strange": [1, "x"]}) == [f"{rule}:", 'strange = [1, "x"]']


def test_a_rule_without_words_is_shown_with_its_data() -> None:
    assert words._said({"rule": "miracle", "a": ["1"]}) == ["miracle:", 'a = ["1"]']


def test_a_signed_fraction_and_the_theorem_on_its_convergence_are_said() -> None:
    target = {
        "head": [["2", "1"]],
        "period": [
            [{"num": ["2", "1"], "den": ["1"]}, "-1"],
            [{"num": ["2"], "den": ["1"]}, "-1", {"num": ["4", "3"], "den": ["1"]}],
        ],
    }
    step = {
        "rule": "coboundary", "fraction": 0, "target": target, "u": [["1"], ["1", "0"], ["0"], ["1"]],
        "factor": {"num": ["1"], "den": ["1"]}, "fold": 1, "steps": 2, "growth": {"num": ["1"], "den": ["1"]}, "start": 0,
        "converges": "tietze",
    }  # fmt: skip
    said = "\n".join(words._said(step))
    assert "with x, s = 2, +; then 2m + 1, −; 2, − (4m + 3 times) for m = 0, 1, …" in said
    assert "the product of 2 matrices [[a(n), b(n+1)], [1, 0]] each of" in said
    assert "carried through the head" in said
    assert "(tietze): x_0 + s_0/(x_1 + s_1/(x_2 + ...)) converges if" in said


def test_a_recurrence_in_two_variables_is_written_out() -> None:
    function = {"num": [["-2"], ["-4", "0"], ["-2", "0", "0"]], "den": [[["1", "1"]], [["1", "-1"]]]}
    step = {
        "rule": "recurrence", "a": ["34", "-51", "27", "-5"], "b": ["-1", "3", "-3", "1"], "across": function,
        "along": function, "certificate": function, "first": 0, "second": 1, "growth": {"num": ["1", "0"], "den": ["1"]},
        "bound": {"num": ["1"], "den": ["1"]}, "start": 2,
    }  # fmt: skip
    said = "\n".join(words._said(step))
    assert "F(n, k)/F(n−1, k) = −2(n + k)²/((k + 1)(k − 1))" in said
    assert "a(n) = 34n³ − 51n² + 27n − 5" in said
    assert "(1) and (2)" in said


def test_what_is_rejected_is_not_explained() -> None:
    text = certificate("n + 3", "-n", "e")
    with pytest.raises(checker.Rejected):
        explain(text.replace('"constant": "e"', '"constant": "pi"'))
    with pytest.raises(checker.NotACertificate):
        explain("{}")
