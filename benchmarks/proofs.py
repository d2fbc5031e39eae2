"""Proofs: deciding the Euler family, the coboundary between two rows of a matrix field, and checking certificates.

    python benchmarks/proofs.py                 every row
    python benchmarks/proofs.py euler checker   some of them
    python benchmarks/proofs.py stored a.db b.db    the check of every certificate in databases

"euler" decides random fractions of degrees (2, 4), (3, 6), ..., (6, 12).  Members are built from h1, h2 and f; of every other
one a prime proves that it has no form over any field (constants_lab.curvature), with no search that could share a fault with
the one measured.  "coboundary" relates the rows y = 1 and y = 2 of the matrix field of zeta(3) (Elimelech and others, PNAS 121,
2024).  "checker" checks every certificate that the prover makes for the published formulas of the tests, without the numbers
that the checker keeps from one to the next.

ramanujantools does the first two on the same input, in a process of its own, with 5 s for each; its import is not counted.
All times are processor time, which other programs disturb least; those of ours are the best of three calls for each input,
after a first one.
"""

from __future__ import annotations

import importlib.util
import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

from flint import fmpq_poly, fmpz_poly

DEGREES = (2, 3, 4, 5, 6)
"""Of a; b has twice the degree."""
EACH = 20
"""Members of every degree, and as many others."""
SECONDS = 5.0
"""What ramanujantools has for one fraction."""

DATA = Path(__file__).parent.parent / "tests" / "data"


class Case(NamedTuple):
    """A fraction, how it was made, and whether it is in the Euler family."""

    a: fmpz_poly
    b: fmpz_poly
    kind: str
    member: bool


# --- random fractions ----------------------------------------------------------------------------------------------


def _moved(p: fmpq_poly, k: int) -> fmpq_poly:
    return p(fmpq_poly([k, 1]))


def _nonzero(draw: random.Random, largest: int) -> int:
    return draw.choice([-1, 1]) * draw.randint(1, largest)


def _split(draw: random.Random, degree: int, lead: int = 1) -> fmpq_poly:
    """A product of linear factors, most of them monic."""
    product = fmpq_poly([lead])
    for _ in range(degree):
        product *= fmpq_poly([draw.randint(-5, 5), draw.choice([1, 1, 1, 1, 2, 3])])
    return product


def _any(draw: random.Random, degree: int, largest: int = 9) -> fmpq_poly:
    return fmpq_poly([*(draw.randint(-largest, largest) for _ in range(degree)), _nonzero(draw, largest)])


def _fraction(h1: fmpq_poly, h2: fmpq_poly, f: fmpq_poly) -> tuple[fmpz_poly, fmpz_poly] | None:
    """a and b of the form, scaled to integers; None where f does not divide what it must."""
    a, rest = divmod(_moved(f, -1) * h1 + _moved(f, 1) * _moved(h2, 1), f)
    if rest != 0:
        return None
    scale = a.denom().lcm((h1 * h2).denom())
    return (a * scale).numer(), (-h1 * h2 * scale * scale).numer()


def _plain(draw: random.Random, degree: int) -> tuple[fmpz_poly, fmpz_poly] | None:
    """f = 1."""
    h1, h2 = (_split(draw, degree, _nonzero(draw, 3)) for _ in range(2))
    return _fraction(h1, h2, fmpq_poly([1]))


def _linear(draw: random.Random, degree: int) -> tuple[fmpz_poly, fmpz_poly] | None:
    """f = n - c: it divides when h1(c) = h2(c+1), two ways to write one number as a product."""
    c = draw.randint(-6, 6)
    parts: list[list[int]] = [[1] * degree, [1] * degree]
    for prime in draw.choices((2, 2, 3, 5), k=degree + 1):
        for part in parts:
            part[draw.randrange(degree)] *= prime
    for part in parts:
        for i in range(1, degree):
            if draw.random() < 0.5:
                part[0], part[i] = -part[0], -part[i]
    h1, h2 = fmpq_poly([1]), fmpq_poly([1])
    for v, w in zip(*parts, strict=True):
        h1, h2 = h1 * fmpq_poly([v - c, 1]), h2 * fmpq_poly([w - c - 1, 1])
    return _fraction(h1, h2, fmpq_poly([-c, 1]))


def _interpolated(draw: random.Random, degree: int) -> tuple[fmpz_poly, fmpz_poly] | None:
    """f of degree 2 or 3: h1 is given at its roots, and any multiple of f may be added."""
    roots = draw.sample(range(-8, 9, 2), min(degree, draw.choice([2, 3])))
    h2, f = _split(draw, degree, _nonzero(draw, 3)), fmpq_poly([1])
    for root in roots:
        f *= fmpq_poly([-root, 1])
    h1 = f * _any(draw, degree - len(roots), 4)
    for root in roots:
        others = f // fmpq_poly([-root, 1])
        h1 += others * (-f(root + 1) * h2(root + 1) / f(root - 1) / others(root))
    return _fraction(h1, h2, f)


def _quadratic(draw: random.Random, degree: int) -> tuple[fmpz_poly, fmpz_poly] | None:
    """h1 = w(n) (u(n) - sqrt c), h2 = w(n-1) (u(n) + sqrt c): a form over Q(sqrt c), for most u none over Q."""
    w = _split(draw, draw.randint(0, degree - 1))
    u, c = _any(draw, degree - w.degree(), 4), draw.choice([2, 3, 5, 6, 7, -1, -2, -3])
    scale = (w * _moved(w, -1)).denom()
    a, b = w * u + w * _moved(u, 1), -w * _moved(w, -1) * (u * u - c)
    return (a * scale).numer(), (b * scale * scale).numer()


Maker = Callable[[random.Random, int], tuple[fmpz_poly, fmpz_poly] | None]
MEMBERS: dict[str, tuple[Maker, int]] = {
    "f = 1": (_plain, 8),
    "f linear": (_linear, 5),
    "f of degree 2 or 3": (_interpolated, 4),
    "quadratic field": (_quadratic, 3),
}


def _changed(draw: random.Random, degree: int) -> tuple[fmpz_poly, fmpz_poly] | None:
    """A member with another a, of which the two leading coefficients stay."""
    pair = draw.choice([_plain, _linear, _interpolated])(draw, degree)
    change = fmpz_poly([draw.randint(-3, 3) for _ in range(degree - 1)])
    return None if pair is None or change == 0 else (pair[0] + change, pair[1])


def _unrelated(draw: random.Random, degree: int) -> tuple[fmpz_poly, fmpz_poly] | None:
    """b split over Q, with no relation to a."""
    b = _split(draw, 2 * degree, -1)
    return _any(draw, degree).numer(), b.numer()


def _unsplit(draw: random.Random, degree: int) -> tuple[fmpz_poly, fmpz_poly] | None:
    """Any a and b."""
    return _any(draw, degree).numer(), _any(draw, 2 * degree).numer()


OTHERS: dict[str, tuple[Maker, int]] = {
    "a changed": (_changed, 12),
    "b split, any a": (_unrelated, 5),
    "any": (_unsplit, 3),
}


def _made(kind: str, make: Maker, draw: random.Random, degree: int, member: bool) -> Iterator[Case]:
    """Fractions of one kind, without end."""
    from constants_lab.curvature import excluding_prime

    while True:
        pair = make(draw, degree)
        if pair is None or (pair[0].degree(), pair[1].degree()) != (degree, 2 * degree):
            continue
        if member or excluding_prime(*pair) is not None:
            yield Case(*pair, kind, member)


SEED = 7
MORE_SEEDS = range(100, 120)
"""For ours alone: slow ones are rare."""


def cases(seed: int = SEED) -> list[Case]:
    """The fractions of the row "euler", for one seed always the same."""
    draw = random.Random(seed)
    return [
        case
        for degree in DEGREES
        for kinds, member in ((MEMBERS, True), (OTHERS, False))
        for kind, (make, count) in kinds.items()
        for case in islice(_made(kind, make, draw, degree, member), count)
    ]


# --- ours ----------------------------------------------------------------------------------------------------------


def best(function: Callable[[], Any]) -> tuple[float, Any]:
    """Least seconds of three calls, after a first one, and the result."""
    result = function()
    times = []
    for _ in range(3):
        started = process_time()
        function()
        times.append(process_time() - started)
    return min(times), result


def measure_euler(seed: int = SEED) -> list[tuple[float, bool]]:
    """Seconds and verdict for each case; a form is checked, outside the time."""
    from constants_lab.euler import euler_form

    results = []
    for case in cases(seed):
        seconds, form = best(lambda case=case: euler_form(case.a, case.b))
        if form is not None and not form.check(case.a, case.b):
            sys.exit(f"a wrong form for a = {case.a}, b = {case.b}")
        results.append((seconds, form is not None))
    return results


ROW_DEGREE = 3
"""Of the entries of the matrix between two rows of the field of zeta(3), as ramanujantools writes it."""


def rows() -> tuple[Any, Any]:
    """The steps [[a(x), b(x+1)], [1, 0]] of the rows y = 1 and y = 2: a = f(x, y) - fbar(x+1, y), b = -x^6."""
    from constants_lab.proofs.coboundaries import step_matrix

    x = fmpq_poly([0, 1])

    def row(y: int) -> Any:
        following = x + 1
        f = (x + y) * (x * x + x * y + y * y)
        conjugate = (y - following) * (following * following - following * y + y * y)
        return step_matrix(f - conjugate, -(x**6))

    return row(1), row(2)


def measure_coboundary() -> float:
    """Seconds for a matrix between the rows, which is checked outside the time."""
    from constants_lab.proofs.coboundaries import coboundaries, product

    first, second = rows()
    seconds, found = best(lambda: next(coboundaries(first, second)))
    u11, u12, u21, u22 = (fmpq_poly(p) for p in found.u)
    top, bottom = found.factor
    # T(n) U(n+1) bottom = top U(n) N(n).
    left = product(first, (_moved(u11, 1), _moved(u12, 1), _moved(u21, 1), _moved(u22, 1)))
    right = product((u11, u12, u21, u22), second)
    if any(x * bottom != y * top for x, y in zip(left, right, strict=True)) or u11 * u22 == u12 * u21:
        sys.exit("a wrong coboundary")
    return seconds


def measure_checker() -> list[tuple[float, str]]:
    """Seconds of the check, and the text, of every certificate made for a published formula; the empty text for none."""
    from constants_lab.expressions import Identity
    from constants_lab.proofs.prover import prove

    results = []
    for case in json.loads((DATA / "known_pcf.json").read_text())["cases"]:
        claim = Identity.parse(case["lhs"])
        a, b = (fmpz_poly(case[name][::-1]) for name in ("a", "b"))
        text = prove(a, b, claim.constant, [[int(k) for k in row] for row in claim.matrix])
        results.append((0.0, "") if text is None else (best(lambda text=text: _checked(text))[0], text))
    return results


def _checked(text: str) -> None:
    """Check as a new process does, in which no number is known."""
    from constants_lab.proofs import checker

    checker.number.cache_clear()
    checker.check(text)


def measure_stored(paths: Sequence[str]) -> list[tuple[float, str]]:
    """Seconds of the check, and what is proved, of every certificate in the databases."""
    from constants_lab.db import Store
    from constants_lab.db.certificates import certificates

    results = []
    for path in paths:
        with Store.open(path, create=False) as store:
            for each in certificates(store):
                results.append((best(lambda text=each.text: _checked(text))[0], f"{each.lhs} in {Path(path).name}"))
    return results


# --- ramanujantools ------------------------------------------------------------------------------------------------


class Late(BaseException):
    """The time is over; no Exception, so that nothing in between takes it for its own."""


def _late(*_: Any) -> None:
    raise Late


def _timed(function: Callable[[], bool]) -> tuple[float, str]:
    """Seconds, and "yes", "no", the name of an exception, or "late"."""
    started = process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        verdict = "yes" if function() else "no"
    except Late:
        verdict = "late"
    except Exception as error:
        verdict = type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return process_time() - started, verdict


def solve(row: str) -> None:
    """Print seconds and verdict of ramanujantools for each input of a row, a line of JSON each."""
    import sympy
    from ramanujantools.cmf.known_cmfs import zeta3
    from ramanujantools.solvers import CoboundarySolver, EulerSolver
    from sympy.abc import x, y

    signal.signal(signal.SIGPROF, _late)

    def polynomial(p: fmpz_poly) -> Any:
        return sympy.Poly([int(c) for c in p.coeffs()[::-1]], x)

    if row == "coboundary":
        # Its own form of the field, in which the matrix sought has the least degree.
        one, other = (zeta3().M(x)({y: k}) for k in (1, 2))
        for _ in range(3):
            found = _timed(lambda: CoboundarySolver.find_coboundary(one, other, ROW_DEGREE) is not None)
            print(json.dumps(found), flush=True)
        return
    for case in cases():
        a, b = polynomial(case.a), polynomial(case.b)
        print(json.dumps(_timed(lambda a=a, b=b: bool(EulerSolver.solve_for(a, b)))), flush=True)


def theirs(row: str) -> list[tuple[float, str]]:
    """What ramanujantools does in a process of its own."""
    if importlib.util.find_spec("ramanujantools") is None:
        return []
    done = subprocess.run([sys.executable, __file__, "--solve", row], stdout=subprocess.PIPE, text=True, check=True)
    return [(seconds, verdict) for seconds, verdict in map(json.loads, done.stdout.splitlines())]


# --- tables --------------------------------------------------------------------------------------------------------


def print_euler() -> None:
    """A row for each degree and one for all; a time-out counts as the 5 s it took."""
    made, ours, others = cases(), measure_euler(), theirs("euler")
    print("| degrees | members / others | decided right | slowest ms | mean ms ", end="")
    print("| ramanujantools right | wrong | exception | late | s | ratio |")
    print("|---" * 11 + "|")
    for degrees in (*((d,) for d in DEGREES), DEGREES):
        chosen = [i for i, case in enumerate(made) if case.a.degree() in degrees]
        members = sum(made[i].member for i in chosen)
        right = sum(ours[i][1] == made[i].member for i in chosen)
        times = [ours[i][0] for i in chosen]
        cells = [", ".join(f"({d}, {2 * d})" for d in degrees) if len(degrees) == 1 else "all"]
        cells += [f"{members} / {len(chosen) - members}", f"{right} of {len(chosen)}"]
        cells += [f"{1e3 * max(times):.2f}", f"{1e3 * sum(times) / len(times):.2f}"]
        if others:
            verdicts = Counter(
                "right"
                if v == ("yes" if made[i].member else "no")
                else v
                if v == "late"
                else "wrong"
                if v in ("yes", "no")
                else "failed"
                for i, (_, v) in ((i, others[i]) for i in chosen)
            )
            total = sum(others[i][0] for i in chosen)
            cells += [f"{verdicts[key]}" for key in ("right", "wrong", "failed", "late")]
            cells += [f"{total:.1f}", f"{total / sum(times):,.0f}"]
        print(f"| {' | '.join([*cells, *['–'] * (11 - len(cells))])} |", flush=True)
    more = [(case.member, *result) for s in MORE_SEEDS for case, result in zip(cases(s), measure_euler(s), strict=True)]
    right, times = sum(member == verdict for member, _, verdict in more), sorted(seconds for _, seconds, _ in more)
    print("\n| more of all degrees | decided right | mean ms | 99 of 100 within ms | slowest ms | over 10 ms |")
    print("|---" * 6 + "|")
    cells = [
        f"{len(more):,}",
        f"{right:,}",
        f"{1e3 * sum(times) / len(times):.2f}",
        f"{1e3 * times[len(times) * 99 // 100]:.1f}",
    ]
    print(f"| {' | '.join(cells)} | {1e3 * times[-1]:.0f} | {sum(t > 0.01 for t in times)} |", flush=True)


def print_coboundary() -> None:
    """One row; of ramanujantools the first call, and the best of three, which finds most in SymPy's cache."""
    ours, others = measure_coboundary(), theirs("coboundary")
    print(
        "\n| coboundary, rows of the field of zeta(3) | ms | ramanujantools, first call ms | best of three ms ",
        end="",
    )
    print("| ratio |\n|---|---|---|---|---|")
    cells = ["–"] * 3
    if others and all(verdict == "yes" for _, verdict in others):
        first, least = others[0][0], min(others)[0]
        cells = [f"{1e3 * first:.0f}", f"{1e3 * least:.0f}", f"{first / ours:,.0f}, {least / ours:,.0f}"]
    print(f"| y = 1, 2 | {1e3 * ours:.2f} | {' | '.join(cells)} |", flush=True)


def print_checker() -> None:
    """One row for all certificates."""
    results = measure_checker()
    times = [seconds for seconds, text in results if text]
    print("\n| published formulas | certificates | slowest check ms | mean ms | largest kB |\n|---|---|---|---|---|")
    largest = max(len(text) for _, text in results) / 1e3
    print(
        f"| {len(results)} | {len(times)} | {1e3 * max(times):.1f} | {1e3 * sum(times) / len(times):.1f} | {largest:.1f} |"
    )


ROWS = {"euler": print_euler, "coboundary": print_coboundary, "checker": print_checker}


def print_stored(paths: Sequence[str]) -> None:
    """One row for all databases."""
    results = measure_stored(paths)
    slowest, what = max(results)
    mean = sum(seconds for seconds, _ in results) / len(results)
    print("\n| stored certificates | slowest check ms | which | mean ms | over 50 ms |\n|---|---|---|---|---|")
    late = sum(seconds > 0.05 for seconds, _ in results)
    print(f"| {len(results):,} | {1e3 * slowest:.1f} | {what} | {1e3 * mean:.1f} | {late} |")


def main() -> None:
    """Print the tables asked for."""
    if sys.argv[1:2] == ["--solve"]:
        solve(sys.argv[2])
        return
    if sys.argv[1:2] == ["stored"] and sys.argv[2:]:
        print_stored(sys.argv[2:])
        return
    names = sys.argv[1:] or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        sys.exit(f"unknown: {' '.join(unknown)}; give some of {', '.join(ROWS)}")
    for name in names:
        ROWS[name]()


if __name__ == "__main__":
    main()
