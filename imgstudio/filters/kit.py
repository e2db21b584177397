"""A test kit for authors of filters: the laws that every filter must keep, on a picture of noise and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from imgstudio.core import params as declared
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, from_float
from imgstudio.filters.base import Filter
from imgstudio.filters.runner import RunSettings, capture, result_layer


def check_filter(item: Filter[Any], params: Any = None) -> None:
    """Raise AssertionError, saying which law is broken, unless the filter keeps them all.

    It declares itself whole; nothing outside the selection changes by a bit; alpha stays; a part shows what
    the whole shows there; tiles do not show; 16 bits come out of 16; the same seed gives the same result.
    """
    values = item.params() if params is None else params
    declared.check(values)
    assert declared.from_json(item.params, declared.to_json(values)) == values, "parameters survive JSON"
    assert item.id, "it has an id"
    assert item.name, "it has a name"
    assert item.help.endswith("."), "its help is a sentence"
    _outside_stays(item, values)
    if item.size is None:
        _parts_agree(item, values)
    deep = _result(Document.from_pixels(sample_picture(np.uint16)), item, values)
    assert deep.dtype == np.uint16, "16 bits come out of 16"
    once, again = (_result(Document.from_pixels(sample_picture()), item, values) for _ in range(2))
    assert np.array_equal(once, again), "the same seed gives the same result"


def sample_picture(dtype: Any = np.uint8, *, transparent: bool = False) -> Array:
    """(150, 170, 4) with gradients, edges and grain; with `transparent`, alpha of every value."""
    rng = np.random.default_rng(5)
    rgb = np.add.outer(np.linspace(0, 0.6, 150), np.linspace(0, 0.3, 170))[..., None] * [1, 0.8, 0.6]
    rgb[40:90, 60:120] += [0.2, -0.1, 0.1]
    rgb += 0.05 * rng.standard_normal((150, 170, 1))
    alpha = rng.random((150, 170, 1)) if transparent else np.ones((150, 170, 1))
    return from_float(np.concatenate([rgb, alpha], axis=2).astype(np.float32), dtype)


def _outside_stays(item: Filter[Any], values: Any) -> None:
    if item.size is not None:
        return
    document = Document.from_pixels(sample_picture(transparent=True))
    before, base, box = flatten(document), document.active, Rect(40, 30, 60, 50)
    document.selection.store.write(box, np.full((box.height, box.width, 1), 200, np.uint8))
    document.selection.touched()
    assert base is not None
    result = capture(document, base, item, values).run(Progress())
    document.add_layer(result_layer(result, item.name), document.place_above(base))
    after = flatten(document)
    outside = np.ones(before.shape[:2], bool)
    outside[box.slices()] = False
    assert np.array_equal(before[outside], after[outside]), "nothing outside the selection changes"
    assert np.array_equal(before[..., 3], after[..., 3]), "alpha stays"


def _parts_agree(item: Filter[Any], values: Any) -> None:
    document = Document.from_pixels(sample_picture())
    whole = _result(document, item, values).astype(int)
    box = Rect(53, 47, 41, 38)
    part = _result(document, item, values, region=box).astype(int)[box.slices()]
    assert np.abs(part - whole[box.slices()]).max() <= 1, "a part shows what the whole shows there (margin)"
    tiled = _result(document, item, values, tile=64).astype(int)
    assert np.abs(tiled - whole).max() <= 1, "tiles do not show (margin)"


def _result(
    document: Document, item: Filter[Any], values: Any, *, region: Rect | None = None, tile: int = 512
) -> Array:
    assert document.active is not None
    if item.size is not None:
        from imgstudio.filters.resizing import capture_size

        resized = capture_size(document, item, values).run(Progress())
        pixels = resized.layers[0].pixels
        assert pixels is not None
        return pixels.read(Rect(0, 0, *resized.size))
    job = capture(document, document.active, item, values, RunSettings(region=region))
    job.tile = tile
    return job.run(Progress()).pixels.read(document.bounds)
