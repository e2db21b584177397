"""The last touch: grain, outlines, sizes."""

import cv2
import numpy as np
import pytest

from imgstudio.engine.harmonize.finish import enlarged, grained, quiet, with_grain
from imgstudio.engine.harmonize.palette import to_lab
from imgstudio.engine.harmonize.patchwork import Patchwork


def noise(*size, seed=0):
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


def test_a_smooth_picture_gets_the_grain_of_its_model():
    model = 0.5 + 0.05 * noise(60, 60, 3)
    made = grained(np.full((60, 60, 3), 0.5, np.float32), model)
    assert (made - 0.5).std() == pytest.approx((model - 0.5).std(), rel=0.15)


def test_a_picture_with_too_much_grain_loses_some():
    rough = 0.5 + 0.1 * noise(60, 60, 3)
    made = grained(rough, np.full((60, 60, 3), 0.5, np.float32))
    assert (made - 0.5).std() < 0.7 * (rough - 0.5).std()


def test_colours_are_quieted_and_light_is_not():
    speckled = np.clip(0.5 + 0.15 * noise(40, 40, 3), 0, 1)
    before, after = to_lab(speckled), to_lab(quiet(speckled, np.full((40, 40, 3), 0.5, np.float32)))
    assert after[..., 1:].std() < 0.5 * before[..., 1:].std()
    assert after[..., 0].std() > 0.8 * before[..., 0].std()


def test_edges_come_back_when_a_picture_is_enlarged():
    guide = np.zeros((80, 80, 3), np.float32)
    guide[:, 41:] = 1
    small = cv2.resize(0.2 + 0.5 * guide, (20, 20), interpolation=cv2.INTER_AREA)
    plain = cv2.resize(small, (80, 80), interpolation=cv2.INTER_CUBIC)
    made = enlarged(small, guide, (80, 80))
    wanted = 0.2 + 0.5 * guide
    assert np.abs(made - wanted).mean() < 0.6 * np.abs(plain - wanted).mean()


def test_grain_too_fine_for_the_patchwork_comes_from_the_same_places():
    painting = np.clip(0.5 + 0.1 * noise(80, 80, 1).repeat(3, 2), 0, 1)
    y, x = np.mgrid[:20, :20]
    work = Patchwork(y, x, np.zeros((20, 20), np.float32))
    small = cv2.resize(painting, (20, 20), interpolation=cv2.INTER_AREA)
    made = cv2.resize(small, (80, 80), interpolation=cv2.INTER_CUBIC)
    with_grain(made, work, painting, (20, 20), 1.0, lambda: None)
    assert np.allclose(made, painting, atol=1e-4)
