"""PCF: a polynomial continued fraction, the central object of the package."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from flint import fmpq, fmpz_poly

from constants_lab.balls import midpoint
from constants_lab.canonical import Canonical, canonical_form, class_key, exact_key
from constants_lab.convergents import convergent_pair
from constants_lab.errors import InputError, NotConverging
from constants_lab.evaluation import Evaluation, evaluate
from constants_lab.polynomials import (
    PolynomialLike,
    coefficients,
    format_polynomial,
    latex_polynomial,
    make_polynomial,
)
from constants_lab.regimes import Asymptotics, asymptotics

if TYPE_CHECKING:
    import mpmath
    from flint import arb

    from constants_lab.dynamics import Dynamics

__all__ = ["PCF"]


class PCF:
    """PCF(a, b) = a(0) + b(1)/(a(1) + b(2)/(a(2) + ...)), for nonzero integer polynomials a, b in n.

    Polynomials are given as text, an integer, a coefficient list (highest degree first) or ``flint.fmpz_poly``.
    Immutable and hashable; equal when a and b are equal as polynomials (:attr:`key` compares values).  Raises
    :class:`InputError` for anything else and for zero polynomials.

    >>> PCF("2n+1", "n^2")
    PCF('2*n + 1', 'n^2')
    >>> PCF([2, 1], [1, 0, 0]).convergent(2)
    24/19
    """

    __slots__ = ("__dict__", "_a", "_b")

    def __init__(self, a: PolynomialLike, b: PolynomialLike) -> None:
        first, second = make_polynomial(a), make_polynomial(b)
        for name, p in (("a", first), ("b", second)):
            if p.is_zero():
                raise InputError(f"the polynomial {name} of a continued fraction must not be zero")
        object.__setattr__(self, "_a", first)
        object.__setattr__(self, "_b", second)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a PCF is immutable: make a new one")

    @property
    def a(self) -> fmpz_poly:
        """The partial denominators (a copy: FLINT's polynomials can be changed in place)."""
        return fmpz_poly(self._a)  # type: ignore[attr-defined]

    @property
    def b(self) -> fmpz_poly:
        """The partial numerators (a copy)."""
        return fmpz_poly(self._b)  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PCF) and self.a == other.a and self.b == other.b

    def __hash__(self) -> int:
        return hash((coefficients(self.a), coefficients(self.b)))

    def __repr__(self) -> str:
        return f"PCF({format_polynomial(self.a)!r}, {format_polynomial(self.b)!r})"

    def __reduce__(self) -> tuple[type[PCF], tuple[tuple[int, ...], tuple[int, ...]]]:
        return PCF, (coefficients(self.a), coefficients(self.b))

    @cached_property
    def asymptotics(self) -> Asymptotics:
        """Regime and rate from the leading terms (theoretical)."""
        return asymptotics(self.a, self.b)

    @cached_property
    def _canonical(self) -> Canonical:
        return canonical_form(self.a, self.b)

    def canonical(self) -> PCF:
        """The equivalent PCF of least degree and content, with a positive leading coefficient in ``a``.

        Its value times :attr:`scale` is the value of this one.

        >>> PCF("(n+1)*(2n+1)", "(n+1)*n^3").canonical()
        PCF('2*n + 1', 'n^2')
        """
        return PCF(self._canonical.a, self._canonical.b)

    @property
    def scale(self) -> fmpq:
        """The nonzero rational s with ``self = s * self.canonical()`` as numbers.

        >>> PCF("-2n-4", "4n").scale
        -2
        """
        return self._canonical.scale

    @cached_property
    def key(self) -> str:
        """The exact key: PCFs that share it are the same number (:mod:`constants_lab.canonical`)."""
        return exact_key(self.a, self.b)

    @cached_property
    def class_key(self) -> str | None:
        """The class key: PCFs that share it are Möbius-equivalent over Q; None for finite fractions."""
        return class_key(self.a, self.b)

    def convergent(self, n: int) -> fmpq:
        """p_n/q_n exactly; p_0/q_0 = a(0).

        Raises :class:`InputError` for n < 0 and :class:`NotConverging` where q_n = 0 (that convergent is undefined).
        """
        p, q = convergent_pair(self.a, self.b, n)
        if q == 0:
            raise NotConverging(f"the convergent with n = {n} is undefined (its denominator is zero): take another n")
        return fmpq(p, q)

    def evaluate(self, digits: int) -> Evaluation:
        """Value, agreeing digits, depth and whether acceleration was needed (numeric); see :meth:`value` for errors."""
        return evaluate(self.a, self.b, digits, self.asymptotics)

    def value(self, digits: int = 50) -> mpmath.mpf:
        """The value to ``digits`` significant digits (numeric, not rigorous), as an ``mpmath.mpf`` carrying them.

        Raises :class:`NotConverging` when the fraction diverges, or when those digits cannot be had.

        >>> import mpmath
        >>> print(mpmath.nstr(PCF("2n+1", "n^2").value(30), 30))
        1.27323954473516268615107010698
        """
        found = self.evaluate(digits)
        if found.digits < digits:
            raise NotConverging(f"only {found.digits} of the {digits} digits could be reached: ask for fewer digits")
        return midpoint(found.value)

    def enclosure(self, digits: int = 100) -> arb:
        """A ball that provably contains the value, of radius < 10^-``digits`` wherever that can be had (rigorous).

        Where convergence is too slow the ball is the best there is; :func:`constants_lab.enclosure.enclose_pcf` also names the
        theorem.  Raises :class:`NoEnclosure`, naming the inequality that failed, for finite and divergent fractions and
        where no theorem applies.

        >>> print(PCF("n^3 + (n+1)^3", "-n^6").enclosure(100).str(30, radius=False))
        0.831907372580707468683126278822
        """
        from constants_lab.enclosure import enclose_pcf

        return enclose_pcf(self.a, self.b, digits, self.asymptotics).ball

    def dynamics(self, depth: int = 1000) -> Dynamics:
        """How the fraction converges, measured at ``depth``; see :mod:`constants_lab.dynamics`."""
        from constants_lab.dynamics import measure

        return measure(self, depth)

    def latex(self) -> str:
        """LaTeX of the general form and the first terms."""
        from constants_lab.display import latex_pcf

        return latex_pcf(self)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __str__(self) -> str:
        return f"PCF({format_polynomial(self.a)}, {format_polynomial(self.b)})"

    def latex_polynomials(self) -> tuple[str, str]:
        """a and b in LaTeX."""
        return latex_polynomial(self.a), latex_polynomial(self.b)
