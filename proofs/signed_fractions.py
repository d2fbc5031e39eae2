"""Signed fractions with linear and constant channels: certificates by a coboundary from a fraction of a cited theorem.

The product T(m) of the matrices [[x, s], [1, 0]] over a period of the signed fraction has determinant 1 or -1.  If the number
is an image of that of PCF(n+c, ±x²/4) under a rational Möbius map, T(m) U = λ U N(m), N the product of as many steps of that
fraction as there are linear channels, for a matrix U of rational numbers (Raney, "On continued fractions and finite automata",
Math. Ann. 206 (1973): the carrying over of a Möbius map is a finite automaton; it is back in its state after a period).  So
the traces agree up to λ, and their two leading terms give the fraction.

Where all channels are constant, T is similar to the companion matrix of its characteristic polynomial, the matrix of a
periodic fraction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import lcm

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from constants_lab.channels import PolynomialChannel, RunChannel
from constants_lab.errors import InputError
from constants_lab.proofs import checker
from constants_lab.proofs.coboundaries import Quad, coboundaries, folded, product, step_matrix
from constants_lab.proofs.steps import Step, certificate, coboundary, periodic, scaled, shape, shift, theorem
from constants_lab.signed import SignedCF

__all__ = ["prove_signed"]

_MOST_SHIFT = 30
"""The fraction of a theorem is followed so many places from its beginning at the most."""

_STARTS = (5, 40, 300)
"""From where on the weights of a coboundary are bounded: the last is past all that the formulas searched need."""

_ONE, _ZERO = fmpq_poly([1]), fmpq_poly([])


def prove_signed(cf: SignedCF, constant: str, matrix: list[list[int]]) -> str | None:
    """A certificate, as JSON text, that the signed fraction equals the image of ``constant``; None when none is found."""
    try:
        target = shape(cf)
    except InputError:
        return None
    for steps in _attempts(cf, target, constant):
        text = certificate(cf, constant, matrix, steps)
        try:
            checker.check(text)
        except checker.NotACertificate:
            # Longer than certificates may be.
            return None
        except checker.Rejected as error:
            if error.step == 0:
                # The steps prove another value than the one claimed.
                return None
            continue
        return text
    return None


def _attempts(cf: SignedCF, target: Step, constant: str) -> Iterator[list[Step]]:
    period = period_matrix(cf)
    trace = period[0] + period[3]
    yield from _by_periodic(period, target) if trace.degree() < 1 else _by_bessel(period, target, constant)


def period_matrix(cf: SignedCF) -> Quad:
    """The product of [[x, s], [1, 0]] over one period of quotients and signs after the prefix, as a matrix in m."""
    signs, channels, start = cf.signs, cf.channels, len(cf.prefix)
    size, k = lcm(len(signs), len(channels)), len(channels)
    out: Quad = _ONE, _ZERO, _ZERO, _ONE
    for r in range(size):
        channel, line = channels[r % k], fmpq_poly([r // k, size // k])
        w, x, y, z = out
        if isinstance(channel, RunChannel):
            t = channel.length(line)
            out = product(out, (t + 1, -t, t, 1 - t))
        else:
            assert isinstance(channel, PolynomialChannel)
            q, s = channel.polynomial(line), signs[(start + r) % len(signs)]
            out = w * q + x, w * s, y * q + z, y * s
    return out


# --- linear channels


def _by_bessel(period: Quad, target: Step, constant: str) -> Iterator[list[Step]]:
    """From PCF(n+c, ±x²/4): N(m) has the trace (2/x)^s (s m + o + c) ... (s m + o + c + s - 1) up to terms of a degree less by
    2, when N(m) begins at n = s m + o and its determinant is made 1 or -1."""
    trace = period[0] + period[3]
    s = trace.degree()
    lead = _power_root(abs(trace[s]), s)
    if lead is None:
        return
    x = fmpq(2 * s) / lead
    place = trace[s - 1] / trace[s] - fmpq(s - 1, 2)
    determinant = (period[0] * period[3] - period[1] * period[2])[0]
    c = _parameter(constant)
    by = place - c
    if by.q == 1 and abs(by.p) <= _MOST_SHIFT:
        for sign in (1, -1) if s % 2 == 0 else (1 if determinant < 0 else -1,):
            yield from _from_bessel(period, target, s, c, x, sign, int(by.p))


def _power_root(q: fmpq, k: int) -> fmpq | None:
    """The k-th root of a positive rational number, if it is rational."""
    roots = [int(part.root(k)) for part in (q.p, q.q)]
    return fmpq(*roots) if all(root**k == part for root, part in zip(roots, (q.p, q.q), strict=True)) else None


def _parameter(constant: str) -> fmpq:
    """The c of Bessel's fraction for a constant: 1/2 for exponentials and tangents."""
    call = re.fullmatch(r"bessel[ij]_ratio\((-?\d+)(?:/(\d+))?,.*\)", constant)
    return fmpq(1, 2) if call is None else fmpq(int(call[1]), int(call[2] or 1)) + 1


def _from_bessel(period: Quad, target: Step, s: int, c: fmpq, x: fmpq, sign: int, by: int) -> Iterator[list[Step]]:
    half = x / 2
    k = fmpq(int(half.q.lcm(c.q)))
    a = fmpz_poly([(c * k).p, k.p])
    b = fmpz_poly([((half * k) ** 2).p * sign])
    steps = [theorem("bessel fraction", c=str(c), x=str(x), s=str(sign)), scaled(0, a, b, k)]
    if by:
        steps.append(shift(1, by))
        a = a(fmpz_poly([by, 1]))
    source = folded(step_matrix(fmpq_poly(a), fmpq_poly(b)), s)
    # q(n)/q(n-1) is a(n) + b/(q(n-1)/q(n-2)), which is more than a(n), or than a(n) - k/2 from some n on.
    growth = fmpq_poly(a) if sign > 0 else fmpq_poly(a) - k / 2
    for found in coboundaries(period, source, 0):
        for start in _STARTS:
            last = coboundary(
                len(steps) - 1,
                target,
                found.u,
                found.factor,
                steps=s,
                growth=(growth, _ONE),
                start=start,
                converges="tietze",
            )
            yield [*steps, last]


# --- constant channels


def _by_periodic(period: Quad, target: Step) -> Iterator[list[Step]]:
    """From PCF(t, -d): with the k-th power N of its matrix, T U = ±U N for U = [[1, (T11 ∓ N11)/N21], [0, T21/N21]]."""
    trace, determinant = (period[0] + period[3])[0], (period[0] * period[3] - period[1] * period[2])[0]
    for k, t, d in _unit_roots(abs(int(trace.p)), int(determinant.p)):
        power = folded(step_matrix(fmpq_poly([t]), fmpq_poly([-d])), k)
        sign = 1 if trace > 0 else -1
        scale = int(power[2][0].p)
        u = (scale, int((period[0][0] * sign - power[0][0]).p), 0, int(period[2][0].p) * sign)
        a, b, c, e = (fmpz_poly([entry]) for entry in u)
        yield [
            periodic(t, -d),
            coboundary(0, target, (a, b, c, e), (fmpq_poly([sign]), _ONE), steps=k, converges="tietze"),
        ]


def _unit_roots(trace: int, determinant: int) -> Iterator[tuple[int, int, int]]:
    """(k, t, d), t ≥ 1: a matrix of trace t and determinant d = ±1 has a k-th power of that trace > 0 and determinant; k = 1
    comes last, and is there in any case."""
    for k in range(2 * trace.bit_length(), 0, -1):
        near = int(fmpz(trace).root(k))
        for d in (1, -1):
            for t in {near, near + 1} - {0} if d**k == determinant else ():
                before, now = 2, t
                for _ in range(k - 1):
                    before, now = now, t * now - d * before
                if now == trace:
                    yield k, t, d
