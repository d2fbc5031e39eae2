"""SignedCF: a signed, interlaced continued fraction, what the analysis of partial quotients finds.

x = a_0 + s_0/(a_1 + s_1/(a_2 + ...)) with signs s_i = signs[i mod p] and quotients a = prefix followed, round after round
m = 0, 1, 2, ..., by the values of the channels (Elimelech et al., "Automated search for conjectures on mathematical constants
using analysis of integer sequences", ICML 2023).  Expansions of a number obey: a_i >= 1 for i >= 1, and a_i >= 2 where
s_i = -1, because a_i is then a ceiling of a number > 1; every tail is >= 1.  Such fractions are semiregular and converge
(Tietze 1911; Perron, Die Lehre von den Kettenbrüchen), with q_n >= 1 and q_n + s_n q_(n-1) >= 1 by induction, and

    |x - p_n/q_n| <= 1/(q_n |q_n + s_n q_(n-1)|)

since the tail runs through [1, oo] (the two ends of a cylinder).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice, repeat
from typing import TYPE_CHECKING

from flint import arb, ctx, fmpq, fmpq_poly, fmpz

from constants_lab.balls import midpoint
from constants_lab.channels import Channel, PolynomialChannel, RecurrenceChannel, RunChannel, parse_channel
from constants_lab.errors import InputError, NotConverging
from constants_lab.signed_form import class_text, expands_forever, shortest_form

if TYPE_CHECKING:
    import mpmath
    import numpy as np

__all__ = ["SignedCF", "convergent_of"]

_LEAF = 24
_MAX_TERMS = 2_000_000


def _product(a: Sequence[int], s: Sequence[int], start: int, stop: int) -> tuple[fmpz, fmpz, fmpz, fmpz]:
    """Product of [[a_i, s_i], [1, 0]] for start <= i < stop."""
    if stop - start <= _LEAF:
        w, x, y, z = fmpz(1), fmpz(0), fmpz(0), fmpz(1)
        for i in range(start, stop):
            w, x = w * a[i] + x, w * s[i]
            y, z = y * a[i] + z, y * s[i]
        return w, x, y, z
    middle = (start + stop) // 2
    w, x, y, z = _product(a, s, start, middle)
    e, f, g, h = _product(a, s, middle, stop)
    return w * e + x * g, w * f + x * h, y * e + z * g, y * f + z * h


def convergent_of(quotients: Sequence[int], signs: Sequence[int]) -> tuple[fmpz, fmpz, fmpz, fmpz]:
    """(p_n, s_n p_(n-1), q_n, s_n q_(n-1)) for n = len(quotients) - 1, exactly, by product tree."""
    s = [signs[i % len(signs)] for i in range(len(quotients))]
    return _product(quotients, s, 0, len(quotients))


def _integer_values(p: fmpq_poly, m: np.ndarray) -> np.ndarray | None:
    """p(m) as int64, or None where it is not an integer or Horner's scheme could pass 2^53."""
    import numpy as np

    numerator = [int(c) for c in p.numer().coeffs()]
    if len(numerator) <= 1 and p.denom() == 1:
        constant = numerator[0] if numerator else 0
        return np.full(len(m), constant) if abs(constant) < 2**53 else None
    bound = sum(abs(c) * float(m[-1] + 1) ** i for i, c in enumerate(numerator))
    if bound >= 2**53:
        return None
    total = np.zeros(len(m), np.int64)
    for c in reversed(numerator):
        total = total * m + c
    denominator = int(p.denom())
    if denominator == 1:
        return total
    return None if (total % denominator).any() else total // denominator


class SignedCF:
    """The signed fraction with these signs (one period), prefix and channels (text in ``m``, or channel objects).

    Immutable and hashable.  The representation is made canonical: signs to their primitive period; with polynomial channels,
    the fewest channels and the shortest prefix (:mod:`constants_lab.signed_form`), so that equal sequences with equal signs are
    equal objects.  Raises :class:`InputError` for signs other than 1 and -1, or without channels.

    >>> e = SignedCF([1], [2], ["1", "2m+2", "1"])
    >>> e.quotients(8)
    [2, 1, 2, 1, 1, 4, 1, 1]
    >>> SignedCF([-1, 1], [], ["2", "2m+1"])
    SignedCF([-1, 1], [], ['2', '2*m + 1'])
    """

    __slots__ = ("__dict__", "_channels", "_prefix", "_signs")

    def __init__(self, signs: Sequence[int], prefix: Sequence[int], channels: Sequence[str | Channel]) -> None:
        period = tuple(int(s) for s in signs)
        if not period or any(s not in (1, -1) for s in period):
            raise InputError("signs are a list of 1 and -1, one period of them")
        if not channels:
            raise InputError("a signed continued fraction needs at least one channel")
        for k in range(1, len(period)):
            if len(period) % k == 0 and period == period[:k] * (len(period) // k):
                period = period[:k]
                break
        made = tuple(parse_channel(c) if isinstance(c, str) else c for c in channels)
        shortest, fewest = shortest_form([int(a) for a in prefix], made)
        object.__setattr__(self, "_signs", period)
        object.__setattr__(self, "_prefix", shortest)
        object.__setattr__(self, "_channels", fewest)

    @property
    def tail(self) -> SignedCF:
        """The fraction that follows the prefix."""
        turn = len(self.prefix) % len(self.signs)
        made = object.__new__(SignedCF)
        object.__setattr__(made, "_signs", self.signs[turn:] + self.signs[:turn])
        object.__setattr__(made, "_prefix", ())
        object.__setattr__(made, "_channels", self.channels)
        return made

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a SignedCF is immutable: make a new one")

    @property
    def signs(self) -> tuple[int, ...]:
        """One primitive period of the signs."""
        return self._signs  # type: ignore[attr-defined]

    @property
    def prefix(self) -> tuple[int, ...]:
        """Quotients before the pattern begins."""
        return self._prefix  # type: ignore[attr-defined]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The interlaced channels."""
        return self._channels  # type: ignore[attr-defined]

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return tuple(str(channel) for channel in self.channels)

    @property
    def polynomials(self) -> list[str]:
        """The channels as text."""
        return list(self._texts)

    @cached_property
    def key(self) -> str:
        """The exact key: equal keys mean equal numbers."""
        return f"signed {','.join(map(str, self.signs))} ; {','.join(map(str, self.prefix))} ; {' | '.join(self.polynomials)}"

    @cached_property
    def class_key(self) -> str:
        """The same for all fractions that have a tail in common, which are related by integer Möbius maps of determinant +-1.

        With runs or recurrences, for which no normal form is known here, fractions with a common tail may have different keys.
        """
        return class_text(self.signs, len(self.prefix), self.channels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SignedCF) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"SignedCF({list(self.signs)}, {list(self.prefix)}, {self.polynomials})"

    def __reduce__(self) -> tuple[type[SignedCF], tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]]:
        return SignedCF, (self.signs, self.prefix, tuple(self.polynomials))

    def __iter__(self) -> Iterator[int]:
        """All quotients, without end."""
        yield from self.prefix
        streams = [c.sequence() if not isinstance(c, (PolynomialChannel, RunChannel)) else None for c in self.channels]
        m = 0
        while True:
            for channel, stream in zip(self.channels, streams, strict=True):
                if isinstance(channel, RunChannel):
                    yield from repeat(channel.value, channel.count(m))
                elif stream is None:
                    yield from channel.values(m)
                else:
                    yield next(stream)
            m += 1

    def quotients(self, count: int) -> list[int]:
        """The first ``count`` partial quotients; raises :class:`InputError` where a channel is not an integer."""
        if not 0 <= count <= _MAX_TERMS:
            raise InputError(f"ask for between 0 and {_MAX_TERMS} quotients, not {count}")
        if all(isinstance(c, RunChannel) for c in self.channels):
            return self._only_runs(count)
        quick = self.quotient_array(count)
        return list(islice(self, count)) if quick is None else [int(a) for a in quick]

    def quotient_array(self, count: int) -> np.ndarray | None:
        """The same as an int64 array, or None where a channel is a recurrence or values could pass 2^53."""
        import numpy as np

        if (
            any(isinstance(c, RecurrenceChannel) for c in self.channels)
            or max(map(abs, self.prefix), default=0) >= 2**53
        ):
            return None
        k = len(self.channels)
        singles = sum(isinstance(c, PolynomialChannel) for c in self.channels)
        rounds = np.arange(max(count - len(self.prefix), 0) // singles + 2 if singles else count + 2)
        values = np.empty((len(rounds), k), np.int64)
        lengths = np.ones((len(rounds), k), np.int64) if singles < k else None
        for j, channel in enumerate(self.channels):
            if isinstance(channel, RunChannel):
                values[:, j] = channel.value
                length = _integer_values(channel.length, rounds)
                if length is None or (length < 0).any() or lengths is None:
                    return None
                lengths[:, j] = length
            elif isinstance(channel, PolynomialChannel):
                value = _integer_values(channel.polynomial, rounds)
                if value is None:
                    return None
                values[:, j] = value
        body = values.ravel()
        if lengths is not None:
            # Only as many rounds as are needed, or quadratically growing runs would fill the memory.
            flat = np.minimum(lengths.ravel(), count)
            needed = int(np.searchsorted(np.cumsum(flat), count)) + 1
            body = np.repeat(body[:needed], flat[:needed])
        return np.concatenate([np.array(self.prefix, np.int64), body])[:count]

    def _only_runs(self, count: int) -> list[int]:
        """Runs alone may all be empty for ever; then there are no more quotients to give."""
        out = list(self.prefix)
        for m in range(count + 2):
            for channel in self.channels:
                assert isinstance(channel, RunChannel)
                out.extend([channel.value] * min(channel.count(m), count))
            if len(out) >= count:
                return out[:count]
        raise InputError("the runs of this fraction are too short to give that many quotients")

    def convergent(self, n: int) -> fmpq:
        """p_n/q_n exactly; p_0/q_0 = a_0.  Raises :class:`NotConverging` where q_n = 0."""
        if n < 0:
            raise InputError(f"a convergent has an index n >= 0, not {n}")
        p, _, q, _ = convergent_of(self.quotients(n + 1), self.signs)
        if q == 0:
            raise NotConverging(f"the convergent with n = {n} is undefined (its denominator is zero): take another n")
        return fmpq(p, q)

    def expands_forever(self) -> bool:
        """Whether all quotients obey the rule of an expansion, for ever (:func:`constants_lab.signed_form.expands_forever`)."""
        return expands_forever(self.signs, len(self.prefix), self.channels)

    def is_expansion(self, count: int = 200) -> bool:
        """Whether the first ``count`` quotients obey the rule of an expansion (see the module's text)."""
        a = self.quotients(count)
        period = len(self.signs)
        return all(a[i] >= (2 if self.signs[i % period] < 0 else 1) for i in range(1, count))

    def evaluate(self, digits: int) -> tuple[arb, int]:
        """(value, number of quotients): the error is below 10^-digits if the fraction is an expansion throughout.

        Raises :class:`InputError` when the quotients used break the rule of an expansion, and :class:`NotConverging` when
        more than 2,000,000 quotients would be needed.
        """
        count = max(16, digits // 2)
        bits = int(digits * 3.3219281) + 32
        while count <= _MAX_TERMS:
            a = self.quotients(count)
            period = len(self.signs)
            if any(a[i] < (2 if self.signs[i % period] < 0 else 1) for i in range(1, count)):
                raise InputError(
                    "the quotients of this fraction are not those of an expansion (a_i >= 1, and >= 2 before a minus)"
                )
            p, p_tail, q, q_tail = convergent_of(a, self.signs)
            other = q + q_tail
            if q != 0 and other != 0 and (abs(q) * abs(other)).bit_length() > bits + 8:
                whole = max(0, abs(p).bit_length() - abs(q).bit_length())
                with ctx.workprec(bits + 64 + whole):
                    near, far = arb(p) / q, arb(p + p_tail) / other
                    return ((near + far) / 2).mid(), count
            count *= 2
        raise NotConverging(f"{digits} digits would need more than {_MAX_TERMS} quotients: ask for fewer digits")

    def enclosure(self, digits: int = 100) -> arb:
        """A ball of radius < 10^-``digits`` that provably contains the value (rigorous).

        Raises :class:`NoEnclosure`, naming the inequality that failed, where the quotients are not those of an expansion from
        some index on; :func:`constants_lab.enclosure.enclose_signed` also names the theorem.

        >>> print(SignedCF([1], [], ["4m+2"]).enclosure(100).str(30, radius=False))
        2.16395341373865284877000401022
        """
        from constants_lab.enclosure import enclose_signed

        return enclose_signed(self, digits).ball

    def digits_per_term(self, count: int = 100) -> float:
        """Decimal digits that a quotient adds, the mean over the first ``count`` (measured, relative error below 1e-9).

        >>> round(SignedCF([1], [], ["1"]).digits_per_term(), 2)
        0.42
        """
        log_q, ratio = 0.0, math.inf
        for n, a in enumerate(self.quotients(count + 1)[1:]):
            ratio = a + self.signs[n % len(self.signs)] / ratio
            log_q += math.log10(abs(ratio)) if ratio else 0.0
        return 2 * log_q / count

    def value(self, digits: int = 50) -> mpmath.mpf:
        """The value to ``digits`` decimal places, as an ``mpmath.mpf``; errors as :meth:`evaluate`.

        >>> import mpmath
        >>> print(mpmath.nstr(SignedCF([1], [], ["4m+2"]).value(30), 25))
        2.163953413738652848770004
        """
        return midpoint(self.evaluate(digits)[0])

    def latex(self) -> str:
        """LaTeX: prefix and channels in the bracket notation, with the signs when they are not all +."""
        head = ", ".join(map(str, self.prefix))
        body = ", ".join(channel.latex() for channel in self.channels)
        inside = f"{head}; " if head else ""
        signs = "".join("+" if s > 0 else "-" for s in self.signs)
        marked = "" if self.signs == (1,) else rf"_{{({signs})}}"
        return rf"\left[{inside}\overline{{{body}}}\right]_{{m\ge 0}}{marked}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __str__(self) -> str:
        first = ", ".join(map(str, self.quotients(min(10, len(self.prefix) + 2 * len(self.channels) + 2))))
        signs = "" if self.signs == (1,) else " with signs " + "".join("+" if s > 0 else "-" for s in self.signs)
        return f"[{first}, …]{signs}"
