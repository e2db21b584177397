"""Pictures made again of patches of a painting."""

import cv2
import numpy as np
import pytest

from imgstudio.core.jobs import Cancelled, CancelToken
from imgstudio.engine.harmonize.patchwork import patchwork_of, taken, voted


def unchecked():
    pass


def noise(*size, seed=0):
    return np.random.default_rng(seed).random(size, dtype=np.float32)


@pytest.fixture(scope="module")
def painting():
    """Soft blobs of any colour, as natural pictures have them."""
    soft = cv2.GaussianBlur(noise(60, 72, 3), (0, 0), 1.5)
    return (soft - soft.min()) / np.ptp(soft)


def test_a_piece_of_the_painting_is_found_where_it_is_from(painting):
    piece = painting[13:45, 21:60]
    wanted = np.ones(piece.shape[:2], bool)
    work = patchwork_of(piece, painting, wanted, unchecked)
    inner = (slice(4, -4), slice(4, -4))
    y, x = np.mgrid[: piece.shape[0], : piece.shape[1]]
    right = (work.rows == y + 13) & (work.columns == x + 21)
    assert right[inner].mean() > 0.98
    assert work.apart[inner].mean() < 1e-3
    assert np.abs(voted(work, painting, wanted, unchecked) - piece)[inner].mean() < 0.01
    assert np.abs(taken(work, painting) - piece)[inner].mean() < 0.01


def test_a_strange_picture_is_remade_in_the_colours_of_the_painting():
    painting = np.zeros((40, 40, 3), np.float32)
    painting[:, 20:] = (0.8, 0.5, 0.2)
    picture = noise(24, 24, 3, seed=2)
    wanted = np.ones((24, 24), bool)
    made = voted(patchwork_of(picture, painting, wanted, unchecked), painting, wanted, unchecked)
    share = made[..., 0] / 0.8
    assert np.allclose(made, share[..., None] * np.array([0.8, 0.5, 0.2]), atol=1e-3)


def test_the_same_seed_finds_the_same(painting):
    picture, wanted = noise(30, 30, 3, seed=4), np.ones((30, 30), bool)
    one, other = (patchwork_of(picture, painting, wanted, unchecked, seed=7) for _ in range(2))
    assert np.array_equal(one.rows, other.rows)
    assert np.array_equal(one.columns, other.columns)


def test_nothing_wanted_is_nothing_searched(painting):
    work = patchwork_of(noise(20, 20, 3), painting, np.zeros((20, 20), bool), unchecked)
    assert work.apart.max() == 0


def test_places_lie_in_the_painting(painting):
    small = painting[:9, :11]
    work = patchwork_of(noise(30, 40, 3, seed=5), small, np.ones((30, 40), bool), unchecked)
    assert work.rows.min() >= 0
    assert work.rows.max() < 9
    assert work.columns.max() < 11


def test_it_can_be_cancelled(painting):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        patchwork_of(noise(20, 20, 3), painting, np.ones((20, 20), bool), token.check)
