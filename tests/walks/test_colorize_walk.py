"""A grey photo gets its colours by a few strokes; they are undone, applied, saved, and come back to be changed."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from imgstudio.core.lab import lab_of
from imgstudio.core.pixels import to_float

Key, Held = Qt.Key, Qt.KeyboardModifier
BALL, GROUND = (60, 50), (130, 95)
SOON = 60


def drawn():
    """A light ball on a darker ground, with some grain."""
    grey = np.full((120, 160), 90, np.uint8)
    cv2.circle(grey, BALL, 32, 170, -1, cv2.LINE_AA)
    grain = np.random.default_rng(3).normal(0, 2, grey.shape)
    return np.clip(grey + grain, 0, 255).astype(np.uint8)


def lab(studio):
    return lab_of(to_float(np.ascontiguousarray(studio.pixels()[..., :3])))


def shown(studio):
    preview = studio.context.filter_panel.controller.preview
    studio.wait(lambda: not preview.is_busy and not studio.program.jobs.handles, seconds=SOON)
    assert not studio.errors, studio.errors[-1]


def paint(studio, at, colour):
    work = studio.context.filter_panel.colorize.work
    work.choose(colour)
    studio.drag([at, (at[0] + 6, at[1])])
    shown(studio)


def apply(studio):
    count = len(studio.document.history.labels)
    studio.click("filter.apply")
    studio.wait(lambda: len(studio.document.history.labels) > count or studio.errors, seconds=SOON)
    assert not studio.errors, studio.errors[-1]


@pytest.fixture
def page(studio, tmp_path):
    """The page for the drawn photo, without the network."""
    Image.fromarray(drawn()).save(tmp_path / "ball.png")
    studio.open(tmp_path / "ball.png")
    studio.press_key(Key.Key_J)
    page = studio.context.filter_panel.page
    page.form.set_value(replace(page.form.value(), automatic=False))
    page.params_changed.emit(page.form.value())
    options = studio.context.tool_state.options
    options["colour_hints"] = replace(options["colour_hints"], size=10.0)
    shown(studio)
    return page


def test_from_a_grey_photo_to_a_saved_coloured_one_and_back(studio, page, tmp_path):
    before = lab(studio)
    paint(studio, BALL, (210, 60, 40))
    paint(studio, GROUND, (40, 90, 200))
    assert len(page.form.editors["hints"].strokes) == 2
    studio.press_key(Key.Key_Z, Held.ControlModifier)
    assert len(page.form.editors["hints"].strokes) == 1
    assert studio.document.history.labels == []
    studio.press_key(Key.Key_Z, Held.ControlModifier | Held.ShiftModifier)
    shown(studio)
    on_screen = studio.canvas.renderer.colour_at(*GROUND)
    apply(studio)
    assert studio.document.history.labels == ["Colorize"]
    assert studio.canvas.renderer.colour_at(*GROUND) == pytest.approx(on_screen, abs=1)

    after = lab(studio)
    assert np.abs(after[..., 0] - before[..., 0]).max() < 0.7  # half a unit, and the rounding to bytes
    ball, ground = after[BALL[1] + 15, BALL[0] - 10], after[100, 20]
    assert ball[1] > 25
    assert ground[2] < -20
    np.testing.assert_allclose(ball[1:], after[BALL[1], BALL[0] + 3][1:], atol=12)

    coloured = studio.pixels()
    studio.save(tmp_path / "ball.ora")
    studio.program.documents.close(studio.document)
    document = studio.open(tmp_path / "ball.ora")
    np.testing.assert_array_equal(studio.pixels(), coloured)

    layer = next(layer for layer in document.layers.all() if layer.recipe is not None)
    document.active = layer
    studio.press_key(Key.Key_J)
    page = studio.context.filter_panel.page
    shown(studio)
    assert len(page.form.editors["hints"].strokes) == 2
    assert page.form.value().automatic is False
    apply(studio)
    np.testing.assert_array_equal(studio.pixels(), coloured)
    assert [item.id for item in document.layers.all()].count(layer.id) == 1
    studio.undo()
    np.testing.assert_array_equal(studio.pixels(), coloured)


def test_cancel_leaves_the_photo_as_it_was(studio, page):
    before = studio.pixels()
    paint(studio, BALL, (210, 60, 40))
    studio.click("filter.cancel")
    studio.settle()
    np.testing.assert_array_equal(studio.pixels(), before)
    assert studio.document.history.labels == []
