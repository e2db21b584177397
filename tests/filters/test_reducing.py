"""The whole picture, read small."""

import numpy as np
import pytest

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.filters.reducing import reduced


def test_bands_read_the_whole_picture_once():
    picture = np.random.default_rng(0).random((90, 130, 3)).astype(np.float32)
    seen = []

    def look(box):
        seen.append(box)
        return picture[box.slices()]

    small = reduced(look, Rect(0, 0, 130, 90), 65, Progress())

    assert small.shape == (45, 65, 3)
    assert small.mean() == pytest.approx(picture.mean(), abs=1e-3)
    assert sum(box.width * box.height for box in seen) == 130 * 90
