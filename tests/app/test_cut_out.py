"""What the window does with a result that cuts: a mask on the layer, as one undo step."""

import numpy as np

from imgstudio.app.controllers.filter_commit import Order, commit, preview_of
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.filters.base import Filter, Finish, NoParams
from imgstudio.filters.runner import RunSettings, capture


def left_half(image, params, progress):
    columns = np.arange(image.origin.x, image.origin.right) < 32
    kept = np.broadcast_to(columns[None, :, None], (*image.pixels.shape[:2], 1))
    return np.concatenate([image.pixels, kept], axis=2).astype(np.float32)


CUT = Filter("half", "Left half", "Cut out", "Keep the left.", NoParams, left_half, cuts=lambda params: True)


def test_a_cut_becomes_a_mask_with_its_strength():
    document = Document.from_pixels(np.full((40, 64, 4), 255, np.uint8))
    layer = document.active
    how = RunSettings(finish=Finish(strength=0.5))
    result = capture(document, layer, CUT, NoParams(), how).run(Progress())
    order = Order(document, layer, CUT)
    shown = preview_of(order, result).pixels.read(Rect(0, 0, 64, 40))[..., 3]
    assert not shown[:, :32].any()
    assert (abs(shown[:, 32:].astype(int) - 128) <= 1).all()

    assert commit(order, result) is None
    assert list(document.layers) == [layer]
    mask = layer.mask.read(Rect(0, 0, 64, 40))[..., 0]
    assert (mask[:, :32] == 255).all()
    assert (abs(mask[:, 32:].astype(int) - 127) <= 1).all()
    document.history.undo()
    assert layer.mask is None
