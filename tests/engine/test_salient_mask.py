"""The mask that scripts ask for, with the bundled network on a photo."""

import numpy as np
import pytest
from skimage.data import astronaut

from imgstudio.core.errors import UserError
from imgstudio.engine.segment import salient_mask


@pytest.fixture(scope="module")
def photo():
    return astronaut()


def test_a_person_stands_out_and_the_wall_does_not(photo):
    mask = salient_mask(photo)

    assert mask.shape == (512, 512)
    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1
    assert mask[60:150, 190:260].min() > 0.9, "the face"
    assert mask[330:480, 140:260].mean() > 0.9, "the suit"
    assert mask[20:60, 320:380].max() < 0.1, "the wall"


def test_a_large_picture_has_the_mask_of_the_small_one(photo):
    large = np.repeat(np.repeat(photo, 3, 0), 3, 1)

    small, found = salient_mask(photo), salient_mask(large)

    assert found.shape == (1536, 1536)
    assert np.abs(found[1::3, 1::3] - small).mean() < 0.03


def test_grey_and_tiny_pictures_are_no_trouble():
    assert salient_mask(np.full((40, 60, 3), 128, np.uint8)).max() < 0.5
    assert salient_mask(np.zeros((1, 1, 3), np.uint8)).shape == (1, 1)
    assert salient_mask(np.zeros((3, 700, 3), np.uint8)).shape == (3, 700)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3)),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused_in_words(pixels):
    with pytest.raises(UserError, match="bytes"):
        salient_mask(pixels)
