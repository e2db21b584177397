"""What a painting says of how it is painted."""

import cv2
import numpy as np
import pytest

from imgstudio.engine.harmonize.dials import character_of


def smooth(seed=0):
    random = np.random.default_rng(seed).random((12, 16, 3), np.float32)
    return cv2.resize(random, (160, 120), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def strokes(strength):
    y, x = np.mgrid[:120, :160]
    wave = strength * np.sin((x + 0.5 * y) / 1.5)
    return np.clip(0.5 + wave[..., None] * np.ones(3), 0, 1).astype(np.float32)


def test_bolder_strokes_are_a_bolder_painting():
    found = [character_of(strokes(strength)).boldness for strength in (0.01, 0.03, 0.1)]
    assert found == sorted(found)
    assert found[0] < 0.3
    assert found[-1] > 0.9


def test_a_smooth_painting_asks_for_smoothness_and_little_style():
    calm, bold = character_of(smooth()), character_of(strokes(0.3))
    assert calm.smoothness > 0.99
    assert bold.smoothness < 0.01
    assert calm.style < bold.style
    assert calm.tone > bold.tone


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (30, 30)])
def test_any_painting_has_a_character(size):
    found = character_of(np.full((*size, 3), 0.5, np.float32))
    assert found.boldness == 0
    assert found.smoothness == pytest.approx(1)
