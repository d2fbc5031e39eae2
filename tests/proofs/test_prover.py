"""Certificates: known formulas are proved and accepted, false claims and changed certificates are not."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from math import lcm
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.expressions import Identity
from constants_lab.pcf import PCF
from constants_lab.polynomials import parse_polynomial
from constants_lab.proofs import checker
from constants_lab.proofs.prover import prove
from tests.proofs.conftest import proof

PROVED = [
    ("n + 3", "-n", "e"),
    ("n + 1", "n", "1/(e - 2)"),
    ("4*n + 6", "1", "(e - 1)/(3 - e)"),
    ("n + 3", "n + 1", "(2*e - 5)/(11 - 4*e)"),
    ("n + 5", "-n", "e/(2*(3 - e))"),
    ("2*n + 1", "n^2", "4/pi"),
    ("2*n + 3", "n^2 + 2*n", "4/(pi - 2)"),
    ("2*n + 5", "n^2 + 4*n", "8/(3*pi - 8)"),
    ("3*n + 1", "-2*n^2 + n", "2/pi"),
    ("3*n + 3", "-2*n^2 + n + 3", "1 + 3*pi/4"),
    ("3*n + 4", "-2*n^2 - n + 1", "pi/(4 - pi)"),
    ("3*n^2 + 3*n + 1", "-2*n^4 + 3*n^3", "8/(2 + 3*zeta(2))"),
    ("3*n^2 + 11*n + 9", "-2*n^4 - 7*n^3 - 4*n^2 + 4*n", "8/(3*zeta(2) - 4)"),
    ("2*n^2 + 2*n + 1", "-n^4", "6/pi^2"),
    ("n^3 + (n + 1)^3", "-n^6", "1/zeta(3)"),
    ("2*n^3 + 3*n^2 + 11*n + 5", "-n^6", "1/(zeta(3) - 1)"),
    ("6*n + 3", "-n^2", "2/log(2)"),
    ("4*n^2 + 2*n + 1", "-4*n^4 + 4*n^3 - n^2", "1/(2*log(2))"),
    ("8*n^2 + 4*n + 5", "-16*n^4 + 16*n^3 - 4*n^2", "4/(4 - pi)"),
    ("2*n + 1", "1", "1/tanh(1)"),
    ("n + 1", "1", "1/besseli_ratio(0,2)"),
    ("1", "1", "phi"),
]


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED, ids=lambda text: str(text))
def test_known_formulas_are_proved(a: str, b: str, lhs: str) -> None:
    text = proof(a, b, lhs)
    assert text is not None
    assert checker.check(text).digits >= 2


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED[::3], ids=lambda text: str(text))
@pytest.mark.parametrize("change", ["1", "-1", "other constant"])
def test_false_claims_are_not_proved(a: str, b: str, lhs: str, change: str) -> None:
    claim = Identity.parse(lhs)
    matrix = [[int(k) for k in row] for row in claim.matrix]
    name = claim.constant
    if change == "other constant":
        name = "e" if name != "e" else "pi"
    else:
        matrix[0][1] += int(change) * (1 + matrix[1][1])
        matrix[0][0] += matrix[1][0]
    assert prove(parse_polynomial(a), parse_polynomial(b), name, matrix) is None


def numbers(node: Any) -> list[tuple[Any, Any]]:
    """Where a certificate holds integers as text: (container, key)."""
    found: list[tuple[Any, Any]] = []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if isinstance(value, str) and value.lstrip("-").isdigit():
            found.append((node, key))
        else:
            found += numbers(value)
    return found


@pytest.mark.parametrize(("a", "b", "lhs"), PROVED[::2], ids=lambda text: str(text))
def test_changed_certificates_are_rejected(a: str, b: str, lhs: str) -> None:
    text = proof(a, b, lhs)
    assert text is not None
    rng = random.Random(7)
    whole = json.loads(text)
    accepted: list[str] = []
    for _ in range(60):
        changed = copy.deepcopy(whole)
        container, key = rng.choice(numbers(changed))
        container[key] = str(int(container[key]) + rng.choice([1, -1, 10**30]))
        try:
            checker.check(json.dumps(changed))
        except (checker.Rejected, checker.NotACertificate):
            continue
        accepted.append(json.dumps(changed["claim"]))
    # What is accepted may differ in a redundant way, but never in what it says of the fraction.
    for claim in accepted:
        said = json.loads(claim)
        pcf = PCF(*([int(c) for c in said["fraction"][name]] for name in "ab"))
        identity = Identity(said["constant"], [[int(k) for k in row] for row in said["matrix"]])
        assert pcf == PCF(a, b)
        assert identity == Identity.parse(lhs)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"format": 1}', "[" * 100_000, '{"a": 1, "a": 2}', "9" * 2_000_000, '"' + "x" * 10],
    ids=lambda text: text[:12] or "empty",
)
def test_what_is_no_certificate_is_told_so(text: str) -> None:
    with pytest.raises(checker.NotACertificate):
        checker.check(text)


@given(st.integers(1, 6), st.integers(-6, 6), st.integers(1, 6), st.integers(-6, 6))
@settings(max_examples=30, deadline=None)
def test_what_is_proved_is_true(p: int, q: int, r: int, s: int) -> None:
    """Fractions whose series is exponential: b = -h1 h2 and a = h1 + h2(n+1) with linear h2 and constant h1."""
    h1, h2 = fmpz_poly([s or 1]), fmpz_poly([q, p])
    a, b = h1 + h2(fmpz_poly([1, 1])), -h1 * h2
    if any(h2(n) == 0 for n in range(1, 8)):
        return
    text = prove(a, b, "e", [[r, q], [p, s]])
    if text is not None:
        value = PCF(a, b).evaluate(40).value
        assert abs(value - Identity("e", [[r, q], [p, s]]).ball(50)) < 1e-30


def test_the_file_alone_checks_a_certificate(tmp_path: Path) -> None:
    text = proof("3*n + 1", "-2*n^2 + n", "2/pi")
    assert text is not None
    (tmp_path / "checker.py").write_text(Path(checker.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "certificate.json").write_text(text, encoding="utf-8")
    (tmp_path / "false.json").write_text(text.replace('"pi"', '"e"'), encoding="utf-8")
    codes = [
        subprocess.run([sys.executable, "-I", "checker.py", name], cwd=tmp_path, capture_output=True).returncode
        for name in ("certificate.json", "false.json", "nothing.json")
    ]
    assert codes == [0, 1, 2]


def test_theorems_on_special_functions_are_read_when_their_file_stands_beside(tmp_path: Path) -> None:
    text = proof("1", "n", "1/mills(1)")
    assert text is not None
    here = Path(checker.__file__)
    (tmp_path / "checker.py").write_text(here.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "certificate.json").write_text(text, encoding="utf-8")

    def checked() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "checker.py", "certificate.json"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    alone = checked()
    assert alone.returncode == 1
    assert "special_functions.py" in alone.stdout
    beside = here.with_name("special_functions.py")
    (tmp_path / beside.name).write_text(beside.read_text(encoding="utf-8"), encoding="utf-8")
    assert checked().returncode == 0


def test_the_checker_can_be_read_in_one_sitting() -> None:
    assert Path(checker.__file__).read_text(encoding="utf-8").count("\n") <= 600


@pytest.mark.parametrize(
    ("e", "m", "lhs"), [(3, 1, "L(-3,1)"), (6, 1, "L(-3,1)"), (3, 2, "L(-3,2)"), (6, 3, "L(-3,3)"), (4, 2, "catalan")]
)
def test_values_of_the_digamma_function_at_rational_numbers_and_the_like(e: int, m: int, lhs: str) -> None:
    """The fraction that Euler makes of the terms 1/(ek+1)^m - 1/(ek+e-1)^m."""
    n = fmpz_poly([0, 1])
    p, q = (e * n + 1) ** m, (e * n + e - 1) ** m
    h, f = (p * q)(n - 1), q - p
    # t(k)/t(k-1) = h1(k)/h2(k+1)
    h1, h2 = h * f, (p * q)(n - 1) * f(n - 2)
    a, b = h1 + h2(n + 1), -h1 * h2
    claim = Identity.parse(lhs)
    first = 1 - fmpq(1, (e - 1) ** m)
    scale = 1 + fmpq(1, 2**m) if e == 6 else 1
    total = scale / first  # Σ t(k) = total L
    w, start = fmpq(h2(1)), fmpq(a(0))
    # The value is start + w (1/(total L) - 1).
    top = [(start - w) * total, w]
    bottom = [total, fmpq(0)]
    common = lcm(*(int(x.q) for x in (*top, *bottom)))
    text = prove(a, b, claim.constant, [[int((x * common).p) for x in row] for row in (top, bottom)])
    assert text is not None
    assert checker.check(text).theorems == ("dirichlet series",)
