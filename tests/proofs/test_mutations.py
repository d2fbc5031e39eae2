"""Changed certificates of every kind: what is no proof is rejected, quickly and without a traceback."""

from __future__ import annotations

import copy
import json
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from constants_lab.proofs import checker
from constants_lab.proofs.symbolic import cross_check

COPIES = 320
SECONDS = 2
KINDS = [
    "exponential series",
    "logarithmic series",
    "odd series",
    "euler arctangent series",
    "squared arcsine series",
    "central binomial series",
    "zeta series",
    "apery series",
    "gauss series",
    "binomial series",
    "gauss second series",
    "dirichlet series",
    "gauss fraction",
    "quadratic gauss fraction",
    "laguerre fraction",
    "kummer fraction",
    "laplace fraction",
    "tricomi fraction",
    "lambert fraction",
    "bessel fraction",
    "telescope",
    "group",
    "euler",
    "shift",
    "conjugate",
    "coboundary",
    "recurrence",
    "seidel stern",
    "worpitzky",
    "tietze",
]
WRONG: list[Any] = [
    True,
    False,
    None,
    1.0,
    float("nan"),
    float("inf"),
    {},
    [],
    "",
    "+1",
    "٣",
    "1e5",
    " 1",
    "0x1",
    "1/0",
    "9" * 401,
    10**30,
    -1,
    401,
]
"""No number of a certificate may be one of these; a few are allowed somewhere (0 steps on, an empty polynomial)."""

Place = tuple[Any, Any]
"""A container and a key."""
Mutation = Callable[[Any, random.Random], None]


class TooSlow(BaseException):
    """Not an Exception, so that nothing swallows it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop what takes longer, measured in processor time."""

    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def accepted(text: str) -> bool:
    """Whether the checker accepts, in bounded time and with no errors but its own."""
    with time_limit(SECONDS):
        try:
            checker.check(text)
        except (checker.Rejected, checker.NotACertificate):
            return False
    return True


# --- mutations


def places(node: Any) -> Iterator[Place]:
    """All places below a node."""
    for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, key
        yield from places(node[key])


def pick(data: Any, rng: random.Random, wanted: Callable[[Any], bool]) -> Place:
    """A random place with a value of that kind."""
    return rng.choice([place for place in places(data) if wanted(place[0][place[1]])])


def is_number(x: Any) -> bool:
    return isinstance(x, str) and x.lstrip("-").replace("/", "").isdigit()


def is_index(x: Any) -> bool:
    return type(x) is int


def near(data: Any, rng: random.Random) -> None:
    container, key = pick(data, rng, is_number)
    top, slash, bottom = container[key].partition("/")
    container[key] = f"{int(top) + rng.choice([1, -1, 2])}{slash}{bottom}"


def sign(data: Any, rng: random.Random) -> None:
    container, key = pick(data, rng, is_number)
    container[key] = container[key][1:] if container[key].startswith("-") else "-" + container[key]


def huge(data: Any, rng: random.Random) -> None:
    container, key = pick(data, rng, is_number)
    changed = rng.choice(["1", "-1", "9"]) + "0" * rng.choice([30, 200, 398, 399, 400, 5000])
    top, slash, bottom = container[key].partition("/")
    parts = [changed, f"{top}/{changed.lstrip('-')}", f"{changed}/{bottom or 3}"]
    container[key] = rng.choice(parts if slash else [changed, changed, parts[1]])


def index(data: Any, rng: random.Random) -> None:
    container, key = pick(data, rng, is_index)
    container[key] = rng.choice([container[key] + 1, container[key] - 1, 0, 400, -400, 401, 10**9, 10**4000])


def wrong(data: Any, rng: random.Random) -> None:
    container, key = rng.choice(list(places(data)))
    container[key] = rng.choice(WRONG)


def degree(data: Any, rng: random.Random) -> None:
    """Another coefficient in front or behind, or one less, or many."""
    container, key = pick(data, rng, lambda x: isinstance(x, list) and all(map(is_number, x)))
    old = container[key]
    container[key] = rng.choice([["1", *old], [*old, "1"], old[1:], old[:-1], [*old[::-1]], ["0"] * 58 + old, old * 70])


def swap(data: Any, rng: random.Random) -> None:
    """Two values of a kind in each other's place."""
    kind = rng.choice([is_number, lambda x: isinstance(x, list), lambda x: isinstance(x, dict)])
    one, other = copy.deepcopy([pick(data, rng, kind)[0] for _ in range(2)]), pick(data, rng, kind)
    container, key = other
    source = rng.choice([place for place in places(one) if kind(place[0][place[1]])] or [other])
    container[key] = copy.deepcopy(source[0][source[1]])


def steps(data: Any, rng: random.Random) -> None:
    """Steps dropped, doubled, turned round, or far too many."""
    old = data["steps"]
    i = rng.randrange(len(old))
    data["steps"] = rng.choice([
        old[:i] + old[i + 1 :],
        old[: i + 1] + old[i:],
        old[::-1],
        old[i:] + old[:i],
        old * 100,
        [],
        old + old[:1],
    ])  # fmt: skip


def keys(data: Any, rng: random.Random) -> None:
    """A key lost, renamed, or unknown."""
    node = rng.choice([data, *(c[k] for c, k in places(data) if isinstance(c[k], dict))])
    key = rng.choice(list(node)) if node else "x"
    value = node.get(key)
    change = rng.randrange(3)
    if change < 2:
        node.pop(key, None)
    if change > 0:
        node[rng.choice(["x", "rule", "name", "converges", "ж", ""])] = value


def names(data: Any, rng: random.Random) -> None:
    container, key = pick(data, rng, lambda x: isinstance(x, str) and not is_number(x))
    others = [*checker.THEOREMS, "telescope", "euler", "shift", "theorem", "pi", "e", "zeta(3)", "log(2)", "tietze", ""]
    container[key] = rng.choice(
        [*others, "seidel stern", "__class__", "pi\ud800", "x" * 100_000, "exp(1)", "sqrt(4)", "log(1)"]
    )


def constant(data: Any, rng: random.Random) -> None:
    data["claim"]["constant"] = rng.choice(
        ["e", "pi", "pi^2", "zeta(2)", "zeta(3)", "catalan", "log(2)", "phi", "exp(2)"]
    )


def matrix(data: Any, rng: random.Random) -> None:
    m = data["claim"]["matrix"]
    i, j = rng.randrange(2), rng.randrange(2)
    m[i][j] = str(int(m[i][j]) + rng.choice([1, -1, 10**12, -2 * int(m[i][j]) or 1]))
    if rng.random() < 0.3:
        data["claim"]["matrix"] = [*zip(*m, strict=True)] if rng.random() < 0.5 else m[::-1]


TREE: list[Mutation] = [near, near, sign, huge, index, wrong, wrong, degree, swap, steps, keys, names, constant, matrix]


def as_text(text: str, rng: random.Random) -> str:
    """A change of the text itself."""
    at = rng.randrange(len(text))
    number = next(i for i in [*range(at, len(text)), *range(at)] if text[i].isdigit())
    key = text.index('"', rng.randrange(len(text) - 200))
    return rng.choice([
        text[:at],
        text[:at] + text[at + 1 :],
        text[:at] + rng.choice('{}[]",:-09x\x00\ud800é') + text[at:],
        text.replace('"steps"', '"steps": [], "steps"', 1),
        text.replace('"constant"', '"constant": "pi", "constant"', 1),
        text[:number] + "٣" + text[number + 1 :],
        text.replace('"version": 2', '"version": ' + rng.choice(["2.0", "true", "2e0", "1", "2" * 5000, "NaN"]), 1),
        text[:key] + "[" * 100_000 + text[key:],
        text[:key] + '{"a":' * 3000 + text[key:],
        text + text,
        text + " " * 1_000_001,
    ])  # fmt: skip


def mutants(text: str, rng: random.Random) -> Iterator[str]:
    whole = json.loads(text)
    for _ in range(COPIES):
        if rng.random() < 0.15:
            yield as_text(text, rng)
            continue
        changed = copy.deepcopy(whole)
        for _ in range(rng.choice([1, 1, 1, 2])):
            try:
                rng.choice(TREE)(changed, rng)
            except (IndexError, KeyError, TypeError, AttributeError, ValueError):
                continue  # An earlier change took away what this one is about.
        yield json.dumps(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_changed_certificates_are_no_proofs(kind: str, samples: dict[str, str]) -> None:
    """What is accepted says the same, or another thing that SymPy and mpmath find to be proved and true."""
    text = samples[kind]
    assert accepted(text)
    claim, unlike = json.loads(text)["claim"], 0
    for changed in mutants(text, random.Random(kind)):
        if not accepted(changed):
            continue
        if json.loads(changed)["claim"] != claim or unlike < 2:
            unlike += 1
            cross_check(changed)
        assert unlike < 12


def test_every_kind_is_there(samples: dict[str, str]) -> None:
    wanted = {*checker.THEOREMS, *checker._RULES, *checker._CONVERGENCE}
    assert wanted == set(KINDS) == set(samples)
    for kind, text in samples.items():
        used = json.loads(text)
        assert kind in used["theorems"] or kind in {step["rule"] for step in used["steps"]}
