"""Masks of a pasted object, and its rim freed of the old background."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core.pixels import Floats
from imgstudio.engine.harmonize.masks import blurred, decontaminated, own_colours, tight_and_loose


def disc(height: int, width: int, radius: float, softness: float = 1.0) -> Floats:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot(columns - width / 2, rows - height / 2) - radius
    return np.clip(0.5 - away / softness, 0, 1).astype(np.float32)


def object_and_old_background(height: int, width: int) -> tuple[Floats, Floats]:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    waves = [
        0.6 + 0.3 * np.sin(columns / 23),
        0.35 + 0.2 * np.cos(rows / 31),
        0.2 + 0.1 * np.sin(columns / 40),
    ]
    back = [0.2 + 0.1 * np.cos(columns / 50), 0.5 + 0.3 * np.sin(rows / 41), np.full_like(rows, 0.9)]
    return np.stack(waves, -1).astype(np.float32), np.stack(back, -1).astype(np.float32)


def test_the_feather_is_1_on_the_object_and_0_where_the_loose_mask_is():
    mask = disc(350, 700, 90)
    masks = tight_and_loose(mask)
    assert masks.feather[mask == 1].min() == 1
    assert masks.feather[masks.loose == 0].max() == 0
    assert masks.loose[mask >= 0.5].min() == 1
    assert (np.diff(masks.feather[175, 350:]) <= 1e-6).all()


def test_radii_grow_with_the_picture():
    small, large = (tight_and_loose(disc(side, side, side / 5)).loose.mean() for side in (300, 900))
    assert small == pytest.approx(large, rel=0.03)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_an_object_that_is_nowhere_or_everywhere_or_faint(value: float):
    masks = tight_and_loose(np.full((20, 30), value, np.float32))
    assert all(np.isfinite(part).all() for part in masks)
    assert masks.feather.max() == (value > 0)


def test_one_pixel_is_an_object():
    mask = np.zeros((40, 40), np.float32)
    mask[20, 20] = 1
    masks = tight_and_loose(mask)
    assert masks.feather[20, 20] == 1
    assert 0 < masks.tight.sum() <= 1 + 1e-5


@pytest.mark.parametrize("background", [(0, 0, 0), (1, 1, 1), (0, 1, 0)])
def test_a_rim_on_another_background_has_less_than_half_the_error(background: tuple[int, int, int]):
    front, _ = object_and_old_background(120, 160)
    alpha = disc(120, 160, 40, softness=6)
    # Photographed before that background, put on a grey one: what shines through is wrong by a known amount.
    seen = alpha[..., None] * front + (1 - alpha[..., None]) * np.array(background, np.float32)
    rim = (alpha > 0) & (alpha < 1)
    error = np.abs((decontaminated(seen, alpha) - front) * alpha[..., None])[rim].mean()
    untreated = np.abs((seen - front) * alpha[..., None])[rim].mean()
    assert error < 0.25 * untreated


def test_an_old_background_with_colours_of_its_own_is_taken_away_too():
    front, back = object_and_old_background(120, 160)
    alpha = disc(120, 160, 40, softness=8)
    seen = alpha[..., None] * front + (1 - alpha[..., None]) * back
    rim = (alpha > 0.02) & (alpha < 1)
    clean = decontaminated(seen, alpha)
    assert np.abs(clean - front)[rim].mean() < 0.3 * np.abs(seen - front)[rim].mean()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 10_000))
def test_pixels_that_are_wholly_the_objects_never_change(height: int, width: int, seed: int):
    random = np.random.default_rng(seed)
    pixels = random.random((height, width, 3), np.float32)
    alpha = np.clip(random.normal(0.5, 0.6, (height, width)), 0, 1).astype(np.float32)
    clean = decontaminated(pixels, alpha)
    assert np.isfinite(clean).all()
    assert 0 <= clean.min() <= clean.max() <= 1
    np.testing.assert_array_equal(clean[alpha == 1], pixels[alpha == 1])


def test_a_cut_out_without_a_rim_stays_as_it_is():
    pixels = np.random.default_rng(0).random((9, 9, 3), np.float32)
    np.testing.assert_array_equal(decontaminated(pixels, np.ones((9, 9), np.float32)), pixels)
    np.testing.assert_array_equal(decontaminated(pixels, np.zeros((9, 9), np.float32)), pixels)


@pytest.mark.parametrize("side", [120, 1400])
def test_what_an_object_covers_is_taken_out_of_its_colours(side: int):
    front, back = object_and_old_background(side, side)
    alpha = disc(side, side, side / 3, softness=8)
    composite = back + alpha[..., None] * (front - back)
    own = own_colours(composite, back, alpha)
    seen = alpha > 0.02
    assert np.abs(own - front)[seen].max() < 0.15
    assert np.abs(own - front)[alpha >= 0.76].max() < 1e-4


def test_a_wide_blur_is_that_of_the_whole_size():
    pixels = np.random.default_rng(0).random((200, 240, 3), np.float32)
    exact = cv2.GaussianBlur(pixels, (0, 0), 13)
    assert np.abs(blurred(pixels, 13) - exact).max() < 0.015
    assert np.abs(blurred(pixels, 2) - cv2.GaussianBlur(pixels, (0, 0), 2)).max() == 0
