"""A second opinion on a certificate, by SymPy and mpmath.

Nothing is shared with :mod:`constants_lab.proofs.checker` but the format of certificates.  The identities of the rules are
written down anew and verified in SymPy's field Q(n, k); the series and fractions of the theorems are summed by mpmath and
compared with mpmath's functions.  Every fact has its number, to some hundred digits, and the last one is compared with the
claim.  What series converge to is computed without the proof.  Inequalities (bounds on weights, growth of denominators) are the
checker's affair: what they are for, that the fraction has the limit claimed, is seen in the numbers, less well where it is
slow.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import chain, count, islice, repeat
from typing import Any

import mpmath
from sympy import Poly
from sympy.polys.domains import ZZ
from sympy.polys.fields import field

from constants_lab.errors import InputError, VerificationFailed
from constants_lab.proofs.series_numbers import Diverges, summed
from constants_lab.proofs.theorem_numbers import THEOREM_NUMBERS, named_number, same

__all__ = ["Disagreement", "cross_check"]

_DIGITS = 120
_AGREED = 40
"""Numbers are computed to the first and compared to the second."""
_LOOKED_AT = range(50, 300)
"""Where the hypotheses of theorems on convergence are tried."""

_FIELD, _N, _K = field("n,k", ZZ)
_RING = _FIELD.ring

Function = Any
"""An element of Q(n, k), in lowest terms."""
Matrix = tuple[Any, Any, Any, Any]


class Disagreement(VerificationFailed):
    """The second check finds that a step, or the claim, does not hold."""


@dataclass(frozen=True)
class _Shape:
    """The pairs (x, y) of x_0 + y_0/(x_1 + y_1/(x_2 + ...)): a head, and a period as functions of its number.

    Each pair of a period has the number t of times that it stands there.
    """

    head: list[tuple[Function, Function]]
    period: list[tuple[Function, Function, Function]]

    def steps(self, times: int) -> Matrix:
        """The product of the matrices of ``times`` periods, as a function of their number."""
        entries = ([_put(f, times * _N + i) for f in entry] for i in range(times) for entry in self.period)
        return reduce(_product, (_power(*entry) for entry in entries))

    def elements(self) -> Iterator[tuple[Any, Any]]:
        """The numbers x_i, y_i."""
        rounds = (
            pair
            for m in count()
            for x, y, t in self.period
            for pair in repeat((_number(x, m), _number(y, m)), int(_number(t, m)))
        )
        return chain(((_number(x, 0), _number(y, 0)) for x, y in self.head), rounds)


def _power(x: Function, y: Function, t: Function) -> Matrix:
    """[[x, y], [1, 0]]^t, where t is 1, or x = 2 and y = -1: that matrix less 1 has square 0."""
    if t == 1:
        return x, y, _FIELD(1), _FIELD(0)
    _require(x == 2 and y == -1, "another pair than (2, -1) is repeated")
    return 1 + t, -t, t, 1 - t


@dataclass(frozen=True)
class _Fact:
    """A series of a given ratio, or a fraction, and its number."""

    about: Function | _Shape
    value: Any


def cross_check(text: str) -> list[str]:
    """What the second check finds of every step of a certificate, a line for each.

    Numeric where the checker is exact: values are compared to 40 digits.  Raises :class:`Disagreement` when an identity, a
    theorem or the claim does not hold, and :class:`constants_lab.errors.InputError` for a text that is no certificate.
    """
    with mpmath.workdps(_DIGITS):
        try:
            whole = json.loads(text)
            return _checked(whole["claim"], whole["steps"])
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            if isinstance(error, VerificationFailed):
                raise
            raise InputError("this is not a certificate that can be read: see what clab check says of it") from None
        except ZeroDivisionError:
            raise Disagreement("a function of the certificate has a pole where it is needed") from None


def _checked(claim: dict[str, Any], steps: list[dict[str, Any]]) -> list[str]:
    facts: list[_Fact] = []
    lines = []
    for place, step in enumerate(steps, 1):
        data = dict(step)
        rule = data.pop("rule")
        try:
            if rule == "theorem":
                fact = _cited(facts, data)
                rule = step["name"]
            else:
                fact = _RULES[rule](facts, data)
        except Disagreement as error:
            raise Disagreement(f"step {place}, {rule}: {error}") from None
        facts.append(fact)
        lines.append(f"step {place}, {rule}: holds; the value is {mpmath.nstr(fact.value, 20)}")
    _agrees(claim, facts[-1])
    return lines


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise Disagreement(reason)


def _agrees(claim: dict[str, Any], last: _Fact) -> None:
    (p, q), (r, s) = [[int(e) for e in row] for row in claim["matrix"]]
    c = named_number(claim["constant"])
    _require(last.about == _shape(claim["fraction"]), "the last step is about another fraction than the claim")
    _require(p * s != q * r, "the claim does not depend on the constant")
    claimed = (p * c + q) / (r * c + s)
    _require(same(last.value, claimed, _AGREED), "the last step gives another number than the claim")
    before, now = _convergents(last.about, 200)
    slack = 100 * abs(now - before) + mpmath.mpf(10) ** -_AGREED * (1 + abs(claimed))
    _require(abs(now - claimed) <= slack, "the convergents of the fraction do not tend to the claimed number")


def _convergents(shape: _Shape, last: int) -> tuple[Any, Any]:
    """Two convergents, of which the second is the later one by as many places again."""
    found, p, q = [], (mpmath.mpf(1), mpmath.mpf(0)), (mpmath.mpf(0), mpmath.mpf(1))
    for i, (x, y) in enumerate(islice(shape.elements(), 2 * last), 1):
        p, q = (x * p[0] + p[1], y * p[0]), (x * q[0] + q[1], y * q[0])
        if i in (last, 2 * last):
            found.append(p[0] / q[0])
    return found[0], found[1]


# --- reading


def _polynomial(coefficients: list[str]) -> Function:
    top = len(coefficients) - 1
    return _FIELD(_RING.from_dict({(top - i, 0): ZZ(int(c)) for i, c in enumerate(coefficients) if int(c)}))


def _in_both(rows: list[list[str]]) -> Function:
    return sum((_put(_polynomial(row), _K) * _N**i for i, row in enumerate(reversed(rows))), _FIELD(0))


def _quotient(x: dict[str, Any]) -> Function:
    return _polynomial(x["num"]) / _polynomial(x["den"])


def _bivariate(x: dict[str, Any]) -> Function:
    return reduce(lambda f, factor: f / _in_both(factor), x["den"], _in_both(x["num"]))


def _rational(text: str) -> Function:
    top, _, bottom = text.partition("/")
    return _FIELD(int(top)) / int(bottom or 1)


def _shape(x: dict[str, Any]) -> _Shape:
    if "a" in x:
        return _pcf(_polynomial(x["a"]), _polynomial(x["b"]))
    head = [(_rational(v), _rational(w)) for v, w in x["head"]]
    return _Shape(head, [(_quotient(v), _rational(w), _quotient(*t) if t else _FIELD(1)) for v, w, *t in x["period"]])


def _pcf(a: Function, b: Function) -> _Shape:
    return _Shape([], [(a, _put(b, _N + 1), _FIELD(1))])


# --- functions


def _put(f: Function, n: Function, k: Function = _K) -> Function:
    """f(n, k) for polynomials n, k."""
    values = [(_RING.gens[0], _FIELD(n).numer), (_RING.gens[1], _FIELD(k).numer)]
    return _FIELD(f.numer.compose(values)) / _FIELD(f.denom.compose(values))


def _number(f: Function, n: int) -> Any:
    """f(n, 0)."""
    top, bottom = (sum(int(c) * n**i for (i, j), c in p.terms() if not j) for p in (f.numer, f.denom))
    return mpmath.mpf(top) / bottom


def _product(x: Matrix, y: Matrix) -> Matrix:
    return (
        x[0] * y[0] + x[1] * y[2], x[0] * y[1] + x[1] * y[3], x[2] * y[0] + x[3] * y[2], x[2] * y[1] + x[3] * y[3],
    )  # fmt: skip


def _free(p: Any, first: int, what: str) -> None:
    """Demand that the polynomial has no integer zero from ``first`` on, by its rational roots."""
    _require(bool(p), f"{what} is zero")
    roots = Poly(p.as_expr(), _RING.symbols[0]).ground_roots()
    _require(not any(r.is_integer and r >= first for r in roots), f"{what} has a zero or a pole")


# --- theorems


def _cited(facts: list[_Fact], data: dict[str, Any]) -> _Fact:
    name = data.pop("name")
    _require(name in THEOREM_NUMBERS, f"the second check knows no theorem called {name!r}")
    theorem = THEOREM_NUMBERS[name]
    about_series = theorem.series
    source = facts[data.pop("series")] if about_series else None
    parameters = {key: _rational(x) for key, x in data.items()}
    numbers = {key: _number(x, 0) for key, x in parameters.items()}
    _require(theorem.admits(**numbers), "the theorem is not for these parameters")
    summed, bound = theorem.summed(**numbers)
    closed = theorem.closed(**numbers)
    _require(bound <= abs(closed) / 1000, "the fraction of the theorem converges too slowly to be compared")
    slack = bound + mpmath.mpf(10) ** -_AGREED * abs(closed)
    _require(abs(summed - closed) <= slack, "the theorem gives another number than its series or fraction has")
    about = theorem.about(_N, **parameters)
    if about_series is not None and source is not None:
        forms = [(ratio, whole) for ratio, whole in about_series(_N, **parameters) if source.about == ratio]
        _require(bool(forms), "the series is not that of the fraction")
        _require(same(source.value * closed, _number(forms[0][1], 0), _AGREED), "the series has another sum")
    return _Fact(_pcf(*about) if isinstance(about, tuple) else about, closed)


def _converges(name: str, shape: _Shape) -> None:
    """Try the hypothesis of a theorem on convergence at many places."""
    if name == "tietze":
        for i, (x, y) in enumerate(islice(shape.elements(), _LOOKED_AT.stop)):
            whole = x == int(x) and y in (1, -1)
            _require(whole and (i == 0 or (x >= 1 and x + y >= 1)), f"Tietze's theorem is not for the element {i}")
        return
    _require(not shape.head and len(shape.period) == 1, f"the theorem {name!r} is for polynomial fractions")
    a, b, _ = shape.period[0]
    numbers = [(_number(a, i), _number(b, i), _number(a, i + 1)) for i in _LOOKED_AT]
    if name == "seidel stern":
        degrees = [f.numer.degree() - f.denom.degree() for f in (a, b)]
        held = all(x > 0 and y > 0 for x, y, _ in numbers) and degrees[1] <= 2 * degrees[0] + 2
    else:
        held = name == "worpitzky" and all(4 * abs(y) <= x * z for x, y, z in numbers)
    _require(held, f"the hypothesis of the theorem {name!r} does not hold")


# --- rules


def _sum_of(ratio: Function, value: Any) -> Any:
    """The value, which the series of that ratio must have when it is summed without the proof."""
    try:
        found, error = summed(ratio)
    except Diverges:
        raise Disagreement("the series does not converge") from None
    slack = 10 * error + mpmath.mpf(10) ** -_AGREED * (1 + abs(found))
    _require(abs(found - value) <= slack, "the series has another sum")
    return value


def _telescope(facts: list[_Fact], x: dict[str, Any]) -> _Fact:
    source, m = facts[x["series"]], int(x["shift"])
    ratio, rho, g, c = _quotient(x["ratio"]), _quotient(x["rho"]), _quotient(x["g"]), _rational(x["c"])
    for f, from_, what in ((ratio, 1, "the ratio"), (rho, 0, "rho"), (g, 0, "g")):
        _free(f.denom, from_, what)
    s = source.about
    _require(rho / _put(rho, _N - 1) == ratio / _put(s, _N + m), "the terms are not rho times those of the series")
    _require(rho - c + g == _put(g, _N + 1) * _put(s, _N + m + 1), "the terms do not telescope")
    terms = [mpmath.mpf(1)]
    for k in range(1, m + 1):
        terms.append(terms[-1] * _number(s, k))
    _require(same(_number(rho, 0) * terms[m], mpmath.mpf(1), _AGREED), "the first term is not 1")
    value = _number(c, 0) * (source.value - mpmath.fsum(terms[:m])) - _number(g, 0) * terms[m]
    return _Fact(ratio, _sum_of(ratio, value))


def _group(facts: list[_Fact], x: dict[str, Any]) -> _Fact:
    source = facts[x["series"]]
    s, first = source.about, 1 + _number(source.about, 1)
    ratio = _put(s, 2 * _N) * _put(s, 2 * _N - 1) * (1 + _put(s, 2 * _N + 1)) / (1 + _put(s, 2 * _N - 1))
    _free(ratio.denom, 1, "the ratio")
    return _Fact(ratio, _sum_of(ratio, source.value / first))


def _euler(facts: list[_Fact], x: dict[str, Any]) -> _Fact:
    source = facts[x["series"]]
    a, b, f = (_polynomial(x[key]) for key in ("a", "b", "f"))
    h1, h2 = _quotient(x["h1"]), _quotient(x["h2"])
    _free(f.numer, 0, "f")
    _free(h2.numer, 1, "h2")
    _free(h2.denom, 1, "h2")
    before, after, h = _put(f, _N - 1), _put(f, _N + 1), _put(h2, _N + 1)
    _require(h1 * h2 + b == 0, "b is not -h1 h2")
    _require(before * h1 + after * h - f * a == 0, "f(n) a(n) is not f(n-1) h1(n) + f(n+1) h2(n+1)")
    _require(source.about * h * after == h1 * before, "the series is not that of the fraction")
    w = _number(after * h / f, 0)
    return _Fact(_pcf(a, b), _number(a, 0) + w / source.value - w)


def _shift(facts: list[_Fact], x: dict[str, Any]) -> _Fact:
    source, by = facts[x["fraction"]], int(x["by"])
    _require(len(source.about.period) == 1 and not source.about.head, "the rule is for polynomial fractions")
    moved = [(_put(a, _N + by), _put(b, _N + by), t) for a, b, t in source.about.period]
    value = source.value
    if by >= 0:
        for a, b in islice(source.about.elements(), by):
            value = b / (value - a)
    else:
        for a, b in reversed(list(islice(_Shape([], moved).elements(), -by))):
            value = a + b / value
    return _Fact(_Shape([], moved), value)


def _conjugate(facts: list[_Fact], x: dict[str, Any]) -> _Fact:
    a, b, t, s, d = _polynomial(x["a"]), _polynomial(x["b"]), _quotient(x["t"]), _quotient(x["s"]), int(x["d"])
    _require(d > 0 and math.isqrt(d) ** 2 != d, "d is a square")
    u, v = _put(t, _N - 1), _put(s, _N - 1)
    # r(n) = a(n) + b(n)/r(n-1), with 1/(u + v √d) = (u - v √d)/(u² - d v²).
    norm = u**2 - d * v**2
    _require((t - a) * norm == b * u and s * norm == -b * v, "r does not solve the recurrence")
    _free((t**2 - d * s**2).numer, 0, "the norm of r")
    _free((t**2 - d * s**2).denom, 0, "the norm of r")
    return _Fact(_pcf(a, b), _number(a, 0) - _number(t, 0) + _number(s, 0) * mpmath.sqrt(d))


def _coboundary(facts: list[_Fact], x: dict[str, Any]) -> _Fact:
    source, target = facts[x["fraction"]], _shape(x["target"])
    u, factor = tuple(_polynomial(e) for e in x["u"]), _quotient(x["factor"])
    _free((u[0] * u[3] - u[1] * u[2]).numer, 0, "the determinant of U")
    _free(factor.numer, 0, "the factor")
    _free(factor.denom, 0, "the factor")
    left = _product(target.steps(x["fold"]), tuple(_put(e, _N + 1) for e in u))
    right = _product(u, source.about.steps(x["steps"]))
    holds = all(p - factor * q == 0 for p, q in zip(left, right, strict=True))
    _require(holds, "the matrices of the two fractions are not related by U")
    if x["converges"] or x["fold"] * len(target.period) > 1:
        _converges(x["converges"], target)
    p, q, r, s = (_number(e, 0) for e in u)
    value = (p * source.value + q) / (r * source.value + s)
    for a, b in reversed(target.head):
        value = _number(a, 0) + _number(b, 0) / value
    return _Fact(target, value)


def _recurrence(facts: list[_Fact], x: dict[str, Any]) -> _Fact:
    first, second = facts[x["first"]], facts[x["second"]]
    a, b = _polynomial(x["a"]), _polynomial(x["b"])
    across, along, c = (_bivariate(x[key]) for key in ("across", "along", "certificate"))
    _require(
        across * _put(along, _N - 1) == along * _put(across, _N, _K - 1), "the two quotients of F do not fit together"
    )
    # All is divided by F(n-2, k).
    terms = across * _put(across, _N - 1) - a * _put(across, _N - 1) - b
    telescoped = _put(c, _N, _K + 1) * _put(along, _N - 2, _K + 1) - c
    _require(terms - telescoped == 0, "the Zeilberger identity does not hold")
    _require(not _put(c, _N, _FIELD(0)), "something is left at the boundary")
    zero, one = _put(along, _FIELD(0), _N), _put(along, _FIELD(1), _N)
    _require(first.about == zero and second.about == one, "the series are not those of F(0, k) and F(1, k)")
    value = _number(a, 1) - _number(across, 1) * second.value / first.value
    return _Fact(_pcf(_put(a, _N + 1), _put(b, _N + 1)), value)


_RULES: dict[str, Callable[[list[_Fact], dict[str, Any]], _Fact]] = {
    "telescope": _telescope,
    "group": _group,
    "euler": _euler,
    "shift": _shift,
    "conjugate": _conjugate,
    "coboundary": _coboundary,
    "recurrence": _recurrence,
}
