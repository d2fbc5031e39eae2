"""Dirichlet L-functions of real primitive characters, at positive integers, and what is known of zeta values.

The character of a fundamental discriminant d is the Kronecker symbol (d/n); it has modulus |d|, and its value at -1 is
the sign of d.
"""

from __future__ import annotations

from typing import Any, Literal

import gmpy2
from flint import arb, fmpq, fmpz

__all__ = [
    "is_fundamental",
    "l_irrationality",
    "l_sympy",
    "l_undefined",
    "l_value",
    "zeta_irrationality",
    "zeta_rational",
]


def is_fundamental(d: int) -> bool:
    """Whether d is the discriminant of a quadratic field.

    >>> [d for d in range(-12, 14) if is_fundamental(d)]
    [-11, -8, -7, -4, -3, 5, 8, 12, 13]
    """
    if d in (0, 1):
        return False
    if d % 4 == 1:
        return _squarefree(d)
    return d % 4 == 0 and (d // 4) % 4 in (2, 3) and _squarefree(d // 4)


def _squarefree(n: int) -> bool:
    return all(exponent == 1 for _, exponent in fmpz(abs(n)).factor())


def l_value(d: fmpq, k: fmpq) -> arb:
    """L(chi_d, k) = |d|^-k sum chi(a) zeta(k, a/|d|), or with -digamma for k = 1 (Cohen, Number Theory II, 10.2)."""
    modulus, total = abs(int(d)), arb(0)
    for a in range(1, modulus):
        character = gmpy2.kronecker(int(d), a)
        if character:
            point = arb(fmpq(a, modulus))
            term = -point.digamma() if k == 1 else arb(k).zeta(point)
            total += term if character > 0 else -term
    return total / arb(fmpz(modulus) ** int(k))


def l_sympy(s: Any, d: Any, k: Any) -> Any:
    """The same sum in SymPy's zeta and digamma functions; ``s`` is the SymPy module."""
    modulus = abs(int(d))
    terms = [(gmpy2.kronecker(int(d), a), s.Rational(a, modulus)) for a in range(1, modulus)]
    if k == 1:
        return -sum(c * s.digamma(q) for c, q in terms if c) / modulus
    return sum(c * s.zeta(k, q) for c, q in terms if c) / s.Integer(modulus) ** k


def l_irrationality(a: tuple[fmpq, ...]) -> Literal["proved", "unknown"]:
    """Whether L(chi_d, k), ``a`` = (d, k), is proved irrational."""
    # Same parity: an algebraic multiple of pi^k; k = 1: of pi or of a logarithm of a unit (class number formula).
    even = a[0] > 0
    return "proved" if a[1] == 1 or (int(a[1]) % 2 == 0) == even else "unknown"


def l_undefined(a: tuple[fmpq, ...]) -> str | None:
    """Why L(chi_d, k), ``a`` = (d, k), is not offered; None if it is."""
    if not is_fundamental(int(a[0])):
        return f"{a[0]} is not a fundamental discriminant such as -3, -4, 5, 8 or 12"
    return "only k >= 1 is offered" if a[1] < 1 else None


def zeta_rational(a: tuple[fmpq, ...]) -> str | None:
    """Why zeta(k), ``a`` = (k,), is rational: k is 0, -1, -2, ...; None otherwise."""
    k = a[0]
    if k.q == 1 and k <= 0:
        return f"it is {_negative_zeta(int(-k.p))}"
    return None


def _negative_zeta(n: int) -> str:
    """zeta(-n) = -B_(n+1)/(n+1), and -1/2 at 0."""
    value = fmpq(-1, 2) if n == 0 else -fmpq.bernoulli(n + 1) / (n + 1)
    text = str(value)
    return text if len(text) < 40 else "a Bernoulli number divided by an integer"


def zeta_irrationality(a: tuple[fmpq, ...]) -> Literal["proved", "unknown"]:
    """Whether zeta(k), ``a`` = (k,), is proved irrational: positive even k (Euler), k = 3 (Apery)."""
    k = a[0]
    return "proved" if k.q == 1 and (k == 3 or (k > 0 and int(k) % 2 == 0)) else "unknown"
