"""Boxes through the sieve: the b worth looking at, and for every a those of them that pass.

A polynomial b that has no root modulo some prime passes with no a at all, so the b of a box are listed once, without them and
without those that end the fraction.  Then :func:`sift` goes through the a.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from constants_lab.search.kernels.genuine import diverges, inflated, integer_root, rational_roots
from constants_lab.search.kernels.nilpotence import NO_ROOT, nilpotent_values, residue_index, values_modulo
from constants_lab.search.kernels.residues import mark, targets

__all__ = ["classes_of", "rooted_rows", "sift"]


@njit(cache=True)
def _decoded(index, lows, sizes, row):  # type: ignore[no-untyped-def]
    for position in range(len(sizes) - 1, -1, -1):
        row[position] = lows[position] + index % sizes[position]
        index //= sizes[position]


@njit(cache=True)
def _part_classes(lows, sizes, p, weight):  # type: ignore[no-untyped-def]
    """For each value of some neighbouring coefficients, their digits to the base p as one number times ``weight``."""
    total = 1
    for size in sizes:
        total *= size
    out = np.empty(total, np.int64)
    row = np.empty(len(sizes), np.int64)
    for index in range(total):
        _decoded(index, lows, sizes, row)
        out[index] = residue_index(row, p) * weight
    return out


@njit(cache=True)
def _middle(sizes):  # type: ignore[no-untyped-def]
    """Where to cut the coefficients in two so that both parts take few values; the inner one, a loop, rather more."""
    best = 0
    least = np.inf
    for middle in range(len(sizes) + 1):
        outer = 1.0
        for size in sizes[:middle]:
            outer *= size
        inner = 1.0
        for size in sizes[middle:]:
            inner *= size
        if max(outer, inner / 8) < least:
            best = middle
            least = max(outer, inner / 8)
    return best


@njit(cache=True)
def _may_pass(row, primes, begin, values):  # type: ignore[no-untyped-def]
    for k in range(begin, len(primes)):
        p = primes[k]
        if row[0] % p:
            values_modulo(row, p, values)
            if values[p] == NO_ROOT:
                return False
    return True


@njit(cache=True)
def rooted_rows(start, stop, leads, lows, sizes, primes, roots, tabulated):  # type: ignore[no-untyped-def]
    """The members start..stop-1 of a box of b (numbers and rows) with roots modulo all ``primes`` that count for them.

    A member's number is that of its leading coefficient among ``leads`` and of the others, which begin at ``lows`` and take
    ``sizes`` values, in mixed radix.  ``roots``: first roots of the residue classes modulo the first ``tabulated`` primes, one
    table after the other.  Members with a positive integer root are left out; their numbers come third.  Numbers given begin
    with 0 at ``start``.
    """
    width = len(sizes) + 1
    middle = _middle(sizes)
    inner = 1
    for size in sizes[middle:]:
        inner *= size
    outer = 1
    for size in sizes[:middle]:
        outer *= size
    low_classes = np.empty((tabulated, inner), np.int64)
    high_classes = np.empty((tabulated, outer), np.int64)
    begins = np.zeros(tabulated + 1, np.int64)
    for k in range(tabulated):
        p = primes[k]
        low_classes[k] = _part_classes(lows[middle:], sizes[middle:], p, 1)
        high_classes[k] = _part_classes(lows[:middle], sizes[:middle], p, p ** (len(sizes) - middle))
        begins[k + 1] = begins[k] + p**width
    rows = np.empty((1024, width), np.int32)
    numbers = np.empty(1024, np.int32)
    finite = np.empty(1024, np.int32)
    finites = 0
    row = np.empty(width, np.int64)
    values = np.empty(128, np.uint8)
    count = 0
    index = start
    while index < stop:
        block = index // inner
        lead = leads[block // outer]
        high = block % outer
        end = min(stop, (block + 1) * inner)
        offsets = np.full(tabulated, -1, np.int64)
        for k in range(tabulated):
            p = primes[k]
            if lead % p:
                offsets[k] = begins[k] + lead % p * p ** (width - 1) + high_classes[k, high]
        for low in range(index - block * inner, end - block * inner):
            passes = True
            for k in range(tabulated):
                if offsets[k] >= 0 and roots[offsets[k] + low_classes[k, low]] == NO_ROOT:
                    passes = False
                    break
            if not passes:
                continue
            row[0] = lead
            _decoded(high, lows[:middle], sizes[:middle], row[1 : middle + 1])
            _decoded(low, lows[middle:], sizes[middle:], row[middle + 1 :])
            if integer_root(row, 1):
                if finites == len(finite):
                    longer = np.empty(2 * finites, np.int32)
                    longer[:finites] = finite
                    finite = longer
                finite[finites] = block * inner + low - start
                finites += 1
                continue
            # A root at an integer is one modulo every prime.
            if row[width - 1] != 0 and not integer_root(row, -1) and not _may_pass(row, primes, tabulated, values):
                continue
            if count == len(numbers):
                more = np.empty(2 * count, np.int32)
                more[:count] = numbers
                numbers = more
                wider = np.empty((2 * count, width), np.int32)
                wider[:count] = rows
                rows = wider
            numbers[count] = block * inner + low - start
            rows[count] = row
            count += 1
        index = end
    return numbers[:count].copy(), rows[:count].copy(), finite[:finites].copy()


@njit(cache=True)
def classes_of(rows, p):  # type: ignore[no-untyped-def]
    """The residue class modulo p of every row, -1 where p divides the leading coefficient."""
    out = np.empty(len(rows), np.int32)
    for i in range(len(rows)):
        out[i] = residue_index(rows[i], p) if rows[i, 0] % p else -1
    return out


@njit(cache=True)
def _fails(values_a, b, values_b, primes, begin):  # type: ignore[no-untyped-def]
    for k in range(begin, len(primes)):
        p = primes[k]
        if b[0] % p:
            values_modulo(b, p, values_b)
            if values_b[p] == NO_ROOT or not nilpotent_values(values_a[k], values_b, values_b[p], p):
                return True
    return False


@njit(cache=True)
def sift(a_rows, b_rows, begins, primes, levels, starts, digits, classes, counters):  # type: ignore[no-untyped-def]
    """The pairs that pass at every prime: (row of a, row of b), shape (count, 2).

    No prime divides the leading coefficient of an a.  ``b_rows`` are sorted by class modulo primes[0]: those of class c are
    rows begins[c] to begins[c + 1], those without a class come after all.  The first ``levels`` primes have lists of classes
    (:func:`constants_lab.search.kernels.residues.class_lists`): ``starts[k]``, ``digits[k]``; ``classes[k]`` are the classes of
    all b.  Without levels every pair is tested.

    Counts pairs in ``counters``: 0 that pass the levels, 1 of those divergent, 2 those that pass but are inflated.
    """
    found = np.empty((1024, 2), np.int64)
    count = 0
    degree_a, degree_b = a_rows.shape[1] - 1, b_rows.shape[1] - 1
    longest = 1
    words = 1
    for k in range(levels):
        for r in range(len(starts[k]) - 1):
            longest = max(longest, starts[k][r + 1] - starts[k][r])
        words = max(words, primes[k] ** (degree_b + 1) // 64 + 1)
    wanted = np.empty(longest, np.int64)
    bits = np.zeros((max(levels, 1), words), np.uint64)
    values_a = np.empty((len(primes), 128), np.uint8)
    values_b = np.empty(128, np.uint8)
    numerators = np.empty(16, np.int64)
    denominators = np.empty(16, np.int64)
    span = np.empty((longest + 1, 2), np.int64)
    for i in range(len(a_rows)):
        a = a_rows[i]
        roots = rational_roots(a, numerators, denominators)
        for k in range(len(primes)):
            values_modulo(a, primes[k], values_a[k])
        for k in range(1, levels):
            mark(wanted, targets(a, primes[k], starts[k], digits[k], wanted), bits[k])
        span[0, 0] = begins[-1] if levels else 0
        span[0, 1] = len(b_rows)
        spans = 1
        if levels:
            for j in range(targets(a, primes[0], starts[0], digits[0], wanted)):
                if begins[wanted[j]] < begins[wanted[j] + 1]:
                    span[spans, 0] = begins[wanted[j]]
                    span[spans, 1] = begins[wanted[j] + 1]
                    spans += 1
        for j in range(spans):
            for m in range(span[j, 0], span[j, 1]):
                passes = True
                for k in range(1, levels):
                    c = classes[k][m]
                    if c >= 0 and (bits[k, c >> 6] >> np.uint64(c & 63)) & np.uint64(1) == 0:
                        passes = False
                        break
                if not passes:
                    continue
                counters[0] += 1
                b = b_rows[m]
                if diverges(a[0], np.int64(b[0]), degree_a, degree_b):
                    counters[1] += 1
                    continue
                # A member without a class modulo the first prime was let through by it.
                if _fails(values_a, b, values_b, primes, levels):
                    continue
                if inflated(a, b, numerators, denominators, roots):
                    counters[2] += 1
                    continue
                if count == len(found):
                    more = np.empty((2 * count, 2), np.int64)
                    more[:count] = found
                    found = more
                found[count, 0] = i
                found[count, 1] = m
                count += 1
    return found[:count].copy()
