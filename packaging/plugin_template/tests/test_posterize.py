"""The laws every filter keeps, and what this one does."""

import numpy as np
from imgstudio_posterize import FILTER, PosterizeParams

from imgstudio.filters.direct import run
from imgstudio.filters.kit import check_filter


def test_it_keeps_the_laws() -> None:
    check_filter(FILTER, PosterizeParams(levels=4))


def test_it_uses_as_many_levels_as_asked() -> None:
    ramp = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], 3, axis=2)
    assert len(np.unique(run(FILTER, ramp, PosterizeParams(levels=4)))) == 4
