"""The tile a filter gets for a given memory."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core.document import Document
from imgstudio.filters.budget import SMALLEST_TILE, TILE, tile_side
from imgstudio.filters.registry import load_filters
from imgstudio.filters.runner import RunSettings, capture


@given(st.integers(1, 1 << 40), st.integers(1, 1 << 40))
def test_more_memory_never_gives_smaller_tiles(first, second):
    small, large = sorted((first, second))
    assert SMALLEST_TILE <= tile_side(small) <= tile_side(large) <= TILE
    assert tile_side(small) % SMALLEST_TILE == 0


def test_no_limit_gives_the_usual_tile():
    assert tile_side(0) == TILE
    assert tile_side(256 << 20) < TILE


def test_a_run_obeys_the_memory_it_is_given():
    document = Document.from_pixels(np.full((8, 8, 4), 255, np.uint8))
    item = load_filters().find("blur")
    job = capture(document, document.active, item, item.params(), RunSettings(memory=64 << 20))
    assert job.tile == tile_side(64 << 20) < TILE
