"""Matching: every planted image is found, nothing outside its error is reported."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constants_lab.constants import constant
from constants_lab.search.kernels.match import image_count, make_buckets, match_images, pairs_up_to

NAMES = ("pi", "e", "zeta(3)", "catalan", "euler_gamma", "golden_ratio", "log(2)", "besseli_ratio(0,2)")
BLUR = 4e-16


def images_of(name: str, bound: int) -> tuple[np.ndarray, np.ndarray]:
    """Canonical pairs and x c + y, rounded from 40 digits."""
    pairs = pairs_up_to(bound)
    c = constant(name).ball(40)
    return pairs, np.array([float((c * int(x) + int(y)).mid()) for x, y in pairs])


@pytest.mark.parametrize("bound", [1, 2, 3, 7, 20])
def test_pairs_are_half_of_the_grid(bound: int) -> None:
    pairs = pairs_up_to(bound)
    assert len(pairs) == ((2 * bound + 1) ** 2 - 1) // 2
    assert image_count(bound) == len(pairs) ** 2
    both = {(int(x), int(y)) for x, y in pairs} | {(-int(x), -int(y)) for x, y in pairs}
    span = range(-bound, bound + 1)
    assert both == {(x, y) for x in span for y in span} - {(0, 0)}


def found_by(
    name: str, bound: int, values: np.ndarray, errors: np.ndarray
) -> tuple[set[tuple[int, int, int]], np.ndarray]:
    pairs, images = images_of(name, bound)
    hits = match_images(make_buckets(values, errors), pairs, np.abs(images), np.full(len(pairs), BLUR))
    return {(int(t), int(i), int(j)) for t, i, j in hits}, images


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), bound=st.integers(2, 9), seed=st.integers(0, 10**6))
def test_planted_images_are_found_among_random_values(name: str, bound: int, seed: int) -> None:
    pairs, images = images_of(name, bound)
    chooser = np.random.default_rng(seed)
    count = 200
    i, j = chooser.integers(0, len(pairs), count), chooser.integers(0, len(pairs), count)
    contents = np.array([math.gcd(int(x), int(y)) for x, y in pairs])
    proper = (pairs[i, 0] * pairs[j, 1] != pairs[i, 1] * pairs[j, 0]) & (np.gcd(contents[i], contents[j]) == 1)
    i, j = i[proper], j[proper]
    sign = chooser.choice([-1.0, 1.0], len(i))
    scale = 10.0 ** chooser.uniform(-13, -8, len(i))
    planted = sign * images[i] / images[j]
    # Off by up to nine tenths of the error that is claimed.
    planted += planted * scale * chooser.uniform(-0.9, 0.9, len(i))
    noise = chooser.normal(0, 3, 400)
    values = np.concatenate([planted, noise])
    errors = np.abs(values) * np.concatenate([scale, np.full(400, 1e-13)])
    order = chooser.permutation(len(values))
    back = np.argsort(order)
    hits, _ = found_by(name, bound, values[order], errors[order])
    for k in range(len(i)):
        assert (int(back[k]), int(i[k]), int(j[k])) in hits


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(NAMES), bound=st.integers(2, 8), seed=st.integers(0, 10**6), width=st.integers(3, 9))
def test_hits_are_exactly_the_images_within_the_error(name: str, bound: int, seed: int, width: int) -> None:
    chooser = np.random.default_rng(seed)
    values = chooser.normal(0, 4, 60)
    errors = np.abs(values) * 10.0**-width
    hits, images = found_by(name, bound, values, errors)
    pairs = pairs_up_to(bound)
    quotients = np.abs(images)[:, None] / np.abs(images)[None, :]
    expected, doubtful = set(), set()
    for t, (value, error) in enumerate(zip(np.abs(values), errors, strict=True)):
        gap = np.abs(quotients - value)
        # float32 errors and the rounding of images decide the border; leave it out.
        inside, border = gap < error * 0.999, gap < error * 1.001 + 1e-14 * quotients
        for i, j in zip(*np.nonzero(border), strict=True):
            (w, x), (y, z) = pairs[i], pairs[j]
            if w * z == x * y or math.gcd(int(w), int(x), int(y), int(z)) > 1:
                continue
            (expected if inside[i, j] else doubtful).add((t, int(i), int(j)))
    assert expected <= hits <= expected | doubtful


def test_more_hits_than_the_first_buffer_holds_are_all_kept() -> None:
    pairs, images = images_of("pi", 12)
    values = np.array([1.0, -2.0])
    errors = np.array([0.2, 0.3])
    hits = match_images(make_buckets(values, errors), pairs, np.abs(images), np.full(len(pairs), BLUR))
    quotients = np.abs(images)[:, None] / np.abs(images)[None, :]
    proper = pairs[:, None, 0] * pairs[None, :, 1] != pairs[:, None, 1] * pairs[None, :, 0]
    contents = np.gcd(pairs[:, 0], pairs[:, 1])
    proper &= np.gcd(contents[:, None], contents[None, :]) == 1
    wanted = sum(int((proper & (np.abs(quotients - abs(v)) <= e)).sum()) for v, e in zip(values, errors, strict=True))
    assert wanted > 4096
    assert abs(len(hits) - wanted) <= 2
    assert len({tuple(row) for row in hits.tolist()}) == len(hits)


@pytest.mark.parametrize("value", [1e-30, 1e-13, 2.0**-40, 1e12, 2.0**40, 1e30])
def test_values_beyond_the_buckets_do_no_harm(value: float) -> None:
    pairs, images = images_of("e", 5)
    values = np.array([value, -images[7] / images[11], value * 3])
    hits = match_images(make_buckets(values, np.abs(values) * 1e-12), pairs, np.abs(images), np.full(len(pairs), BLUR))
    assert [1, 7, 11] in hits.tolist()
    assert {row[0] for row in hits.tolist()} == {1}


def test_no_values_give_no_hits() -> None:
    pairs, images = images_of("e", 3)
    hits = match_images(make_buckets(np.empty(0), np.empty(0)), pairs, np.abs(images), np.full(len(pairs), BLUR))
    assert hits.shape == (0, 3)
