"""Möbius images of numbers in float64, as the kernels of :mod:`constants_lab.search.kernels.match` take them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from flint import arb, ctx

from constants_lab.constants import constant
from constants_lab.search.kernels.match import pairs_up_to

__all__ = ["Images", "Matrix", "hit_matrices", "image_rows", "images_of"]

Matrix = tuple[tuple[int, int], tuple[int, int]]
"""((alpha, beta), (gamma, delta)) for (alpha c + beta)/(gamma c + delta)."""

_BITS = 160


class Images(NamedTuple):
    """Integer pairs (x, y), shape (m, 2), with |x c + y| as float64, their relative errors and the signs of x c + y."""

    pairs: np.ndarray
    sizes: np.ndarray
    blurs: np.ndarray
    signs: np.ndarray


@lru_cache(maxsize=64)
def image_rows(name: str, bound: int) -> Images:
    """The images of the constant of that name with |x|, |y| <= ``bound``."""
    return images_of(constant(name).ball(40), bound)


def images_of(c: arb, bound: int) -> Images:
    """The images of ``c``, a ball of at least 40 digits, with |x|, |y| <= ``bound``."""
    pairs = pairs_up_to(bound)
    with ctx.workprec(_BITS):
        exact = [c * int(x) + int(y) for x, y in pairs]
        values = np.array([float(v.mid()) for v in exact])
    return Images(pairs, np.abs(values), np.full(len(pairs), 4e-16), np.sign(values))


def hit_matrices(hits: np.ndarray, values: np.ndarray, images: Images) -> Iterator[tuple[int, Matrix]]:
    """The index of the value and the matrix of each hit of ``match_images``, of the sign that the value has."""
    pairs, signs = images.pairs, images.signs
    for value, i, j in hits:
        flip = 1 if values[value] * signs[i] * signs[j] > 0 else -1
        top = (flip * int(pairs[i, 0]), flip * int(pairs[i, 1]))
        yield int(value), (top, (int(pairs[j, 0]), int(pairs[j, 1])))
