"""The guided filter with colours."""

import numpy as np

from imgstudio.engine.matting_colours import EdgeColours, edge_colours, unmixed
from imgstudio.engine.matting_fit import colour_fit, fitted


def halves(height=60, width=80, at=41):
    """Two colours of the same brightness that meet at column `at`."""
    pixels = np.empty((height, width, 3), np.float32)
    pixels[:, :at], pixels[:, at:] = (0.7, 0.3, 0.3), (0.3, 0.5, 0.6)
    return pixels


def test_a_blurred_outline_moves_to_the_edge_between_colours_of_one_brightness():
    pixels = halves()
    blurred = np.repeat(np.clip((np.arange(80, dtype=np.float32) - 32) / 16, 0, 1)[None], 60, 0)

    found = fitted(colour_fit(blurred, pixels, 8, 1e-4), pixels)

    assert found[30, 40] < 0.4 < 0.6 < found[30, 41]
    assert abs(found[30, 5]) < 0.05
    assert abs(found[30, 75] - 1) < 0.05


def test_where_the_picture_is_flat_the_coverage_is_only_softened():
    coverage = np.zeros((40, 40), np.float32)
    coverage[:, 20:] = 1

    found = fitted(
        colour_fit(coverage, np.full((40, 40, 3), 0.4, np.float32), 3, 1e-4),
        np.full((40, 40, 3), 0.4, np.float32),
    )

    assert np.abs(found[:, :10]).max() < 1e-3
    assert np.abs(found[:, 30:] - 1).max() < 1e-3
    assert found[20, 20] - found[20, 19] < 0.5


def mixed(own=(0.8, 0.2, 0.1), behind=(0.1, 0.8, 0.3)):
    alpha = np.repeat(np.clip((np.arange(300, dtype=np.float32) - 146) / 8, 0, 1)[None], 60, 0)
    share = alpha[..., None]
    return np.asarray(share * np.float32(own) + (1 - share) * np.float32(behind), np.float32), alpha


def test_the_edge_gets_the_objects_own_colour():
    pixels, alpha = mixed()

    own = unmixed(pixels, alpha, edge_colours(pixels, alpha))

    soft = (alpha > 0.05) & (alpha < 1)
    before = np.abs(pixels - np.float32((0.8, 0.2, 0.1)))[soft].mean()
    after = np.abs(own - np.float32((0.8, 0.2, 0.1)))[soft].mean()
    assert after < before / 5


def test_where_all_is_the_objects_its_colours_stay():
    pixels = np.random.default_rng(0).random((20, 30, 3), np.float32)
    alpha = np.ones((20, 30), np.float32)

    own = unmixed(pixels, alpha, edge_colours(pixels, alpha))

    assert np.abs(own - pixels).max() < 1e-5


def test_colours_that_explain_the_picture_are_not_changed():
    pixels, alpha = mixed()
    known = EdgeColours(
        np.broadcast_to(np.float32((0.8, 0.2, 0.1)), pixels.shape),
        np.broadcast_to(np.float32((0.1, 0.8, 0.3)), pixels.shape),
    )

    assert np.abs(unmixed(pixels, alpha, known) - known.own).max() < 1e-5
