"""A rough selection is fitted to what it is laid over, by the colours inside and outside."""

import cv2
import numpy as np
import pytest

from imgstudio.core import selecting
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.colour_refine import CELLS, refine_selection


def star_document(width=420, height=320, dtype=np.uint8):
    """An orange star on blue, with grain; and where it is."""
    angles = np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2, 0.2, 0.42) * height
    corners = np.stack([width / 2 + reach * np.sin(angles), height / 2 - reach * np.cos(angles)], 1)
    truth = np.zeros((height, width), np.uint8)
    cv2.fillPoly(truth, [np.rint(corners).astype(np.int32)], 255)
    rgb = np.where(truth[..., None] > 0, (220, 140, 50), (60, 80, 150))
    rgb = np.clip(rgb + np.random.default_rng(2).normal(0, 12, rgb.shape), 0, 255).astype(np.uint8)
    pixels = np.dstack((rgb, np.full(truth.shape, 255, np.uint8)))
    return Document.from_pixels(pixels if dtype == np.uint8 else pixels.astype(np.uint16) * 257), truth


def select(document, coverage):
    selecting.combine(document, coverage, document.bounds, "new")


def overlap(document, truth):
    found = document.selection.read(document.bounds) > 127
    return (found & (truth > 0)).sum() / (found | (truth > 0)).sum()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_rough_outline_becomes_the_true_one_in_one_step(dtype):
    document, truth = star_document(dtype=dtype)
    rough = cv2.dilate(truth, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25)))
    select(document, rough)
    before, steps = overlap(document, truth), len(document.history.labels)

    refine_selection(document, 30, Progress())

    assert overlap(document, truth) > 0.96 > before
    assert len(document.history.labels) == steps + 1
    document.history.undo()
    assert (document.selection.read(document.bounds) == rough).all()


def test_a_large_picture_is_compared_small_and_its_edge_found_at_full_size():
    document, truth = star_document(1500, 1150)
    assert truth.size > 4 * CELLS
    select(document, cv2.dilate(truth, np.ones((61, 61), np.uint8)))

    refine_selection(document, 80, Progress())

    assert overlap(document, truth) > 0.98


def test_the_outline_moves_no_farther_than_it_may():
    document, truth = star_document()
    rough = np.zeros_like(truth)
    rough[60:260, 110:310] = 255
    select(document, rough)

    refine_selection(document, 10, Progress())

    found = document.selection.read(document.bounds)
    near = cv2.dilate(rough, np.ones((27, 27), np.uint8)) != cv2.erode(rough, np.ones((27, 27), np.uint8))
    assert (found[~near] == rough[~near]).all()


def test_a_plain_picture_is_no_trouble():
    document = Document.from_pixels(np.full((120, 160, 4), 255, np.uint8))
    rough = np.zeros((120, 160), np.uint8)
    rough[30:90, 40:120] = 255
    select(document, rough)

    refine_selection(document, 8, Progress())

    assert not document.selection.is_empty


@pytest.mark.parametrize("value", [0, 255])
def test_all_or_nothing_selected_is_refused_with_what_to_do(value):
    document, truth = star_document()
    select(document, np.full_like(truth, value))

    with pytest.raises(UserError) as refused:
        refine_selection(document, 10, Progress())

    assert refused.value.what_to_do


def test_it_can_be_stopped_and_leaves_all_as_it_was():
    document, truth = star_document()
    select(document, truth)
    token = CancelToken()

    def stop_late(fraction, message):
        if fraction > 0.4:
            token.cancel()

    with pytest.raises(Cancelled):
        refine_selection(document, 10, Progress(stop_late, token))

    assert (document.selection.read(document.bounds) == truth).all()


def test_a_selection_at_the_corner_of_the_picture_is_refined_too():
    document, truth = star_document()
    rough = np.zeros_like(truth)
    rough[:40, :50] = 255
    select(document, rough)

    refine_selection(document, 5, Progress())

    assert document.selection.bounds().intersect(Rect(0, 0, 60, 50)) == document.selection.bounds()
