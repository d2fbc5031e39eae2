"""Fractions with two conjugate hypergeometric solutions: Euler's family over real quadratic fields."""

from __future__ import annotations

from collections.abc import Iterator

from flint import fmpq_poly, fmpz_poly

from constants_lab.euler_quadratic import quadratic_solution
from constants_lab.euler_search import root_classes
from constants_lab.proofs.steps import Step, conjugate

__all__ = ["conjugate_steps"]

_MOST_DEGREE = 40


def conjugate_steps(a: fmpz_poly, b: fmpz_poly) -> Iterator[list[Step]]:
    """The step whose fact is the value of PCF(a, b), by r(n) = h2(n+1) f(n+1)/f(n) of its Euler form over Q(√d), d > 0."""
    form = quadratic_solution(a, b, root_classes(b), _MOST_DEGREE)
    if form is None:
        return
    d = next((p.radicand for p in (form.h2, form.h1, form.f) if not p.surd.is_zero()), 0)
    if d <= 0:
        return
    x, y = _product(_moved(form.h2.rational, form.h2.surd), _moved(form.f.rational, form.f.surd), d)
    f, g = form.f.rational, form.f.surd
    t, s = _product((x, y), (f, -g), d)
    norm = f * f - g * g * d
    # The solution that grows faster is the one for which t and s have one sign.
    for sign in (1, -1):
        yield [conjugate(a, b, (t, norm), (s * sign, norm), int(d))]


def _moved(p: fmpq_poly, q: fmpq_poly) -> tuple[fmpq_poly, fmpq_poly]:
    line = fmpq_poly([1, 1])
    return p(line), q(line)


def _product(x: tuple[fmpq_poly, fmpq_poly], y: tuple[fmpq_poly, fmpq_poly], d: int) -> tuple[fmpq_poly, fmpq_poly]:
    return x[0] * y[0] + x[1] * y[1] * d, x[0] * y[1] + x[1] * y[0]
