"""A certificate in words: each step with the identity it uses and what follows from it, for a mathematician to read.

What follows from a step is what :mod:`constants_lab.proofs.checker` derives from it, and the statement of a theorem is the text
that the checker has of it.  A rule without words here is shown with its data as they stand.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from functools import reduce
from operator import mul
from typing import Any

from flint import Ordering, fmpz, fmpz_mpoly, fmpz_mpoly_ctx, fmpz_poly

from constants_lab.display import unicode_polynomial
from constants_lab.errors import InputError
from constants_lab.expressions import Identity
from constants_lab.formula.rational_forms import form_text
from constants_lab.proofs import checker
from constants_lab.proofs.facts import value_of
from constants_lab.proofs.steps import Step, flint_ratio

__all__ = ["explain", "statement"]


def explain(text: str) -> list[str]:
    """The proof in a certificate that the checker has accepted, one or a few lines for each step, and the theorems it cites.

    Raises as :func:`constants_lab.proofs.checker.check` for a text that is no certificate.
    """
    checker.check(text)
    whole = json.loads(text)
    lines: list[str] = []
    facts: list[checker.Fact] = []
    for place, step in enumerate(whole["steps"], 1):
        facts.append(checker.derive(step, facts, set()))
        first, *more = _said(step)
        lines.append(f"({place}) {first}")
        lines += [f"    {line}" for line in [*more, f"So {_fact(facts[-1], step)}."]]
    theorems = whole["theorems"]
    lines.append(f"rests on: {', '.join(theorems) or 'no theorem but those of the rules'}")
    return lines


def statement(theorem: str) -> str:
    """What the checker says that a theorem states; the name itself where it says no more."""
    if theorem in checker.THEOREMS:
        return checker.THEOREMS[theorem].statement
    function = getattr(checker, theorem.replace(" ", "_"), None)
    text = inspect.getdoc(function) if inspect.isfunction(function) else None
    return " ".join((text or theorem).split())


def _said(step: Step) -> list[str]:
    words = _WORDS.get(str(step.get("rule")))
    if words is not None:
        try:
            return words(step)
        except (KeyError, TypeError, ValueError, IndexError):
            # Data of another shape than these words were written for.
            pass
    return _plain(step)


def _plain(step: Step) -> list[str]:
    return [f"{step.get('rule')}:", *(f"{key} = {json.dumps(value)}" for key, value in step.items() if key != "rule")]


# --- facts


def _fact(fact: checker.Fact, step: Step) -> str:
    value = _value(*value_of(fact))
    if isinstance(fact, checker.Series):
        ratio = _ratio_text(fact.ratio, "k")
        return f"Σ t(k) over k ≥ 0, with t(0) = 1 and t(k)/t(k−1) = {ratio}, converges to {value}"
    if not fact.shape.head and len(fact.shape.period) == 1:
        a, b = fact.shape.pair
        return f"PCF({_ratio_text(a)}, {_ratio_text(b.shift(-1))}) converges to {value}"
    return f"{_shape(step['target']) if 'target' in step else 'the fraction'} converges to {value}"


def _ratio_text(function: checker.Function, variable: str = "n") -> str:
    """A function of the checker in one variable."""
    top, bottom = flint_ratio(function)
    above, below = top.numer() * bottom.denom(), bottom.numer() * top.denom()
    if below.degree() == 0 and below[0] == 1:
        return unicode_polynomial(above, variable)
    return _quotient(above, below, variable)


def _value(constant: str, matrix: Sequence[int]) -> str:
    p, q, r, s = matrix
    try:
        return Identity(constant, [[p, q], [r, s]]).lhs
    except InputError:
        # A name that the checker knows and the catalogue does not.
        return form_text((fmpz_poly([q, p]), fmpz_poly([s, r])), constant)


def _pcf(a: fmpz_poly, b: fmpz_poly) -> str:
    return f"PCF({unicode_polynomial(a)}, {unicode_polynomial(b)})"


def _of(place: int) -> str:
    """How a fact is referred to, from its place counted from 0."""
    return f"({place + 1})"


# --- polynomials and rational functions


def _polynomial(data: Sequence[str]) -> fmpz_poly:
    return fmpz_poly([fmpz(c) for c in reversed(data)])


def _poly(data: Sequence[str], variable: str = "n") -> str:
    return unicode_polynomial(_polynomial(data), variable)


def _function(data: dict[str, Any], variable: str = "n") -> str:
    return _quotient(_polynomial(data["num"]), _polynomial(data["den"]), variable)


def _quotient(top: fmpz_poly, bottom: fmpz_poly, variable: str) -> str:
    """top/bottom in lowest terms, in factors where there are several."""
    common = top.gcd(bottom)
    if bottom.leading_coefficient() < 0:
        common = -common
    top, bottom = top // common, bottom // common
    above, below = _product(top, variable), _product(bottom, variable)
    if bottom.is_one():
        return above
    if len([c for c in top.coeffs() if c != 0]) > 1 and not _is_product(top):
        above = f"({above})"
    # What follows the stroke is in brackets unless it is one number, symbol or power.
    content, factors = bottom.factor()
    whole = not factors or (content == 1 and len(factors) == 1 and (_is_product(bottom) or below == variable))
    return f"{above}/{below}" if whole else f"{above}/({below})"


def _is_product(p: fmpz_poly) -> bool:
    content, factors = p.factor()
    return (abs(int(content)) != 1) + len(factors) > 1 or (len(factors) == 1 and factors[0][1] > 1)


def _product(p: fmpz_poly, variable: str) -> str:
    if not _is_product(p):
        return unicode_polynomial(p, variable)
    content, factors = p.factor()
    text = {1: "", -1: "−"}.get(int(content), str(content).replace("-", "−"))
    ordered = sorted(factors, key=lambda pair: (pair[0].degree(), [abs(int(c)) for c in pair[0].coeffs()[::-1]]))
    for factor, exponent in ordered:
        body = unicode_polynomial(factor, variable)
        body = body if factor == fmpz_poly([0, 1]) else f"({body})"
        text += body + ("" if exponent == 1 else str(exponent).translate(_RAISED))
    return text


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


_PLANE = fmpz_mpoly_ctx.get(("n", "k"), Ordering.degrevlex)


def _bivariate(data: dict[str, Any]) -> str:
    """A rational function of n and k in lowest terms and in factors."""
    above, below = _plane(data["num"]), reduce(mul, map(_plane, data["den"]), _PLANE.constant(1))
    common = above.gcd(below)
    above, below = above / common, below / common
    if below.leading_coefficient() < 0:
        above, below = -above, -below
    upper, lower = _factors(above), _factors(below)
    if lower == "1":
        return upper
    return f"{upper}/{lower if _is_single(below) else f'({lower})'}"


def _plane(rows: Sequence[Sequence[str]]) -> fmpz_mpoly:
    """A polynomial, from rows of coefficients in k for each power of n."""
    terms: dict[tuple[int, ...], int | fmpz] = {
        (len(rows) - 1 - i, len(row) - 1 - j): fmpz(c)
        for i, row in enumerate(rows)
        for j, c in enumerate(row)
        if c != "0"
    }
    return _PLANE.from_dict(terms)


def _factors(p: fmpz_mpoly) -> str:
    """A polynomial in n and k as a product, with every sum in brackets."""
    if p.is_zero():
        return "0"
    content, factors = p.factor()
    text = {1: "", -1: "−"}.get(int(content), str(content).replace("-", "−"))
    for factor, exponent in sorted(factors, key=lambda pair: (len(pair[0]), str(pair[0]))):
        body = _sum(factor) if len(factor) == 1 else f"({_sum(factor)})"
        text += body + ("" if exponent == 1 else str(exponent).translate(_RAISED))
    return text or "1"


def _is_single(p: fmpz_mpoly) -> bool:
    """Whether the product is one number or one factor, which needs no brackets below a stroke."""
    content, factors = p.factor()
    return not factors or (content == 1 and len(factors) == 1)


def _sum(p: fmpz_mpoly) -> str:
    """A polynomial in n and k, the highest degree first."""
    text = ""
    for (i, j), c in sorted(p.to_dict().items(), key=lambda term: (-sum(term[0]), -term[0][0])):
        powers = "".join(name + ("" if e == 1 else str(e).translate(_RAISED)) for name, e in (("n", i), ("k", j)) if e)
        sign = " − " if c < 0 else " + "
        text += (sign if text else sign.strip(" +")) + ("" if abs(c) == 1 and powers else str(abs(c))) + powers
    return text


# --- the rules


def _theorem(step: Step) -> list[str]:
    given = ", ".join(f"{key} = {value}" for key, value in step.items() if key not in ("rule", "name"))
    return [f"Theorem, {step['name']}: {statement(step['name'])}", *([f"Here {given}."] if given else [])]


def _telescope(step: Step) -> list[str]:
    m, c = step["shift"], str(step["c"]).replace("-", "−")
    moved, last = (f"k+{m}", f"N+{m}") if m else ("k", "N")
    lines = [
        f"Telescoping the series s of {_of(step['series'])}, S(k) = s(k)/s(k−1): with ρ(k) = {_function(step['rho'], 'k')} the "
        f"terms t(k) = ρ(k) s({moved}) have the ratio {_function(step['ratio'], 'k')}.",
    ]
    if not any(_polynomial(step["g"]["num"]).coeffs()):
        return [*lines, f"As ρ(k) is constant, Σ t(k) = {c} Σ s({moved})."]
    return [
        *lines,
        f"For g(k) = {_function(step['g'], 'k')}, ρ(k) = {c} + g(k+1) S(k+{m + 1}) − g(k).",
        f"So the sum telescopes up to g(N) s({last}), which tends to 0: Σ t(k) = {c} Σ s({moved}) − g(0) s({m}).",
    ]


def _euler(step: Step) -> list[str]:
    h1, h2 = _function(step["h1"]), _function(step["h2"])
    return [
        f"Euler's continued fraction for the series of {_of(step['series'])}, with h₁(n) = {h1}, h₂(n) = {h2}, "
        f"f(n) = {_poly(step['f'])}:",
        f"b(n) = −h₁(n) h₂(n) = {_poly(step['b'])} and f(n) a(n) = f(n−1) h₁(n) + f(n+1) h₂(n+1) for a(n) = "
        f"{_poly(step['a'])},",
        "so the convergents are a(0) + f(1) h₂(1)/f(0) (1/T − 1) for the partial sums T.",
    ]


def _shift(step: Step) -> list[str]:
    by = step["by"]
    if by < 0:
        return [
            f"The fraction of {_of(step['fraction'])} is the tail of another, from its place {-by} on; the value y of a tail "
            f"gives that of the one before it as a(k) + b(k+1)/y for k = { ({-1: '', -2: '1, '}.get(by, f'{-by - 1}, …, ')) }0."
        ]
    again = "for k = 0" + {1: "", 2: ", 1"}.get(by, f", …, {by - 1}")
    return [
        f"From the fraction of {_of(step['fraction'])} the first {'term is' if by == 1 else f'{by} terms are'} removed: its "
        f"value x becomes b(k+1)/(x − a(k)) {again}."
    ]


def _coboundary(step: Step) -> list[str]:
    u11, u12, u21, u22 = (_poly(entry) for entry in step["u"])
    if u12 == u21 == "0" and step["fold"] == step["steps"] == 1:
        factor = _quotient(_polynomial(step["u"][0]), _polynomial(step["u"][3]), "n")
        return [
            f"Equivalence: in the fraction of {_of(step['fraction'])} a(n) is multiplied by c(n) = {factor} and b(n) by "
            "c(n) c(n−1), the value by c(0).",
        ]
    fold, taken = step["fold"], step["steps"]
    step_of_pcf = "[[a(n), b(n+1)], [1, 0]]"
    if "a" in step["target"]:
        ours = f"{_of_many(fold, step_of_pcf)} of {_shape(step['target'])}"
    else:
        periods = "one period" if fold == 1 else f"{fold} periods"
        ours = f"the product of the matrices [[x, s], [1, 0]] over {periods} of {_shape(step['target'])}"
    theirs = f"{_of_many(taken, step_of_pcf)} of the fraction of {_of(step['fraction'])}"
    lines = [
        f"Coboundary: let T(n) be {ours}, and N(n) {theirs}. Then",
        f"T(n) U(n+1) = λ(n) U(n) N(n) for U(n) = [[{u11}, {u12}], [{u21}, {u22}]] and λ(n) = {_function(step['factor'])},",
        "so the value is the image of the known one under the Möbius map of U(0)" + _after_head(step["target"]) + ".",
    ]
    if u21 != "0":
        lines.append(
            "Both have the same limit as the denominators of the known fraction grow: q(n) ≥ r(n) q(n−1) > 0 for "
            f"n ≥ {step['start']}, r(n) = {_function(step['growth'])}."
        )
    if step["converges"]:
        lines.append(
            f"That all convergents tend to it is a theorem ({step['converges']}): {statement(step['converges'])}"
        )
    return lines


def _of_many(number: int, matrix: str) -> str:
    return f"the matrix {matrix}" if number == 1 else f"the product of {number} matrices {matrix} each"


def _after_head(target: Step) -> str:
    return ", carried through the head" if target.get("head") else ""


def _shape(target: Step) -> str:
    """The fraction that a step is about, from its data."""
    if "a" in target:
        return _pcf(_polynomial(target["a"]), _polynomial(target["b"]))
    head = [f"{_number(x)}, {_sign(y)}" for x, y in target["head"]]
    period = [
        f"{_function(x, 'm')}, {_sign(y)}" + "".join(f" ({_function(t, 'm')} times)" for t in times)
        for x, y, *times in target["period"]
    ]
    before = f"{'; '.join(head)}; then " if head else ""
    return f"the fraction x₀ + s₀/(x₁ + s₁/(x₂ + …)) with x, s = {before}{'; '.join(period)} for m = 0, 1, …"


def _number(text: str) -> str:
    return text.replace("-", "−")


def _sign(text: str) -> str:
    return {"1": "+", "-1": "−"}.get(text, _number(text))


def _group(step: Step) -> list[str]:
    return [f"In the series of {_of(step['series'])} two terms each are added up, t(2k) + t(2k+1)."]


def _conjugate(step: Step) -> list[str]:
    root = f"√{step['d']}"
    return [
        f"Two conjugate solutions: r(n) = {_function(step['t'])} + {_function(step['s'])} {root} satisfies",
        f"r(n) r(n−1) = a(n) r(n−1) + b(n) for a(n) = {_poly(step['a'])}, b(n) = {_poly(step['b'])};",
        f"so does r′, with −{root}.",
        "By induction p(n) − x q(n) = r′(0) ⋯ r′(n) for x = a(0) − r′(0), and likewise with r and x′ = a(0) − r(0);",
        "the product of all r′/r is 0, so p/q tends to x.",
    ]


def _recurrence(step: Step) -> list[str]:
    return [
        f"Zeilberger's method: let F(0, 0) = 1, F(n, k)/F(n−1, k) = {_bivariate(step['across'])} and F(n, k)/F(n, k−1) = "
        f"{_bivariate(step['along'])}.",
        f"For a(n) = {_poly(step['a'])} and b(n) = {_poly(step['b'])}, F(n, k) − a(n) F(n−1, k) − b(n) F(n−2, k) = G(n, k+1) − "
        f"G(n, k) with G(n, k) = F(n−2, k) · {_bivariate(step['certificate'])};",
        "summed over k, m(n) = Σ F(n, k) satisfies m(n) = a(n) m(n−1) + b(n) m(n−2) for n ≥ 2.",
        f"It is the minimal solution: |F(n, k)/F(n−1, k)| ≤ {_function(step['bound'])} from n = {step['start']} on, while the "
        f"denominators satisfy q(n) ≥ {_function(step['growth'])} q(n−1), and the product of the quotients of the two is 0.",
        f"The sums m(0) and m(1) are known from {_of(step['first'])} and {_of(step['second'])}, and by Pincherle's theorem "
        "PCF(a(n+1), b(n+1)) = a(1) − m(1)/m(0).",
    ]


_WORDS: dict[str, Callable[[Step], list[str]]] = {
    "theorem": _theorem,
    "telescope": _telescope,
    "group": _group,
    "conjugate": _conjugate,
    "euler": _euler,
    "shift": _shift,
    "coboundary": _coboundary,
    "recurrence": _recurrence,
}
