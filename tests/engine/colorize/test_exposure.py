"""Lightness as the network sees it."""

import numpy as np
import pytest

from imgstudio.engine.colorize.exposure import seen_lightness


def texture(low, high):
    rows, columns = np.indices((120, 160))
    waves = (np.sin(rows / 11) * np.cos(columns / 13) + 1) / 2
    return (low + (high - low) * waves).astype(np.float32)


def test_a_well_exposed_picture_stays_as_it_is():
    light = texture(5, 90)
    assert np.array_equal(seen_lightness(light), light)


@pytest.mark.parametrize(("low", "high"), [(0, 12), (2, 30), (1, 44)])
def test_a_dark_one_is_seen_as_if_it_were_not(low, high):
    seen = seen_lightness(texture(low, high))
    assert seen.max() > 80
    assert seen.min() < 10
    assert seen.max() <= 100


def test_brightening_keeps_what_is_darker_darker():
    light = texture(0, 60)
    seen = seen_lightness(light)
    order = np.argsort(light.ravel(), kind="stable")
    assert (np.diff(seen.ravel()[order]) >= 0).all()


def test_a_pale_print_gets_contrast_but_not_without_end():
    light = texture(62, 80)
    seen = seen_lightness(light)
    assert 1.5 < np.ptp(seen) / np.ptp(light) <= 2.2
    assert np.ptp(seen_lightness(texture(84.0, 84.5))) <= 1.01


def test_there_is_no_jump_from_one_kind_to_the_other():
    for limit in (75, 45):
        below, above = (seen_lightness(texture(2, level)) for level in (limit - 0.05, limit + 0.05))
        assert np.abs(above - below).max() < 0.7


def test_two_tones_become_greys():
    dots = np.where(
        np.random.default_rng(0).random((200, 300)) < texture(0, 1).repeat(2, 0).repeat(2, 1)[:200, :300],
        100,
        0,
    )
    seen = seen_lightness(dots.astype(np.float32))
    assert ((seen > 10) & (seen < 90)).mean() > 0.5


@pytest.mark.parametrize("level", [0, 20, 100])
def test_one_tone_stays(level):
    light = np.full((30, 40), level, np.float32)
    assert np.array_equal(seen_lightness(light), light)
