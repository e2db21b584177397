"""An object over a painting: scaled, turned and put in perspective by mouse and by numbers, saved and undone."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from imgstudio.app.controllers.placing import place_pixels
from imgstudio.core.geometry import Transform

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def painting():
    rows, columns = np.mgrid[:300, :400]
    pixels = np.dstack(
        [rows * 255 // 300, columns * 255 // 400, (rows + columns) % 256, np.full_like(rows, 255)]
    )
    return pixels.astype(np.uint8)


def eagle():
    pixels = np.zeros((80, 120, 4), np.uint8)
    pixels[10:70, 10:110] = (200, 120, 40, 255)
    pixels[10:70, 10:40] = (20, 40, 220, 255)
    return pixels


def corner(layer, across, down):
    box = layer.pixels.content_bounds()
    at = layer.transform.apply(box.x + box.width * (across + 1) / 2, box.y + box.height * (down + 1) / 2)
    return at.x, at.y


def test_an_object_is_fitted_into_a_painting_by_hand(studio, tmp_path):
    document = studio.show_pixels(painting())
    layer = place_pixels(document, eagle(), "Eagle")
    before = studio.pixels()
    studio.press_key(Qt.Key.Key_T, CTRL)
    assert studio.context.tools.current.id == "transform"

    x, y = corner(layer, 1, 1)
    studio.drag([(x, y), (x + 50, y + 30)])
    assert layer.transform.a == layer.transform.d == pytest.approx(1.5, abs=0.02)
    field = studio.part("tool_options.transform")
    studio.type_number(field.editors["angle"], "20")
    assert studio.context.tool_state.options["transform"].angle == pytest.approx(20)
    studio.drag([corner(layer, 0, 0), (230, 120)], held=CTRL)
    x, y = corner(layer, 1, -1)
    studio.drag([(x, y), (x - 20, y + 25)], held=CTRL)
    assert not layer.transform.is_affine
    assert corner(layer, 1, -1) == pytest.approx((x - 20, y + 25), abs=1)
    studio.click("tool_options.flip_horizontal")
    assert document.history.labels == ["Paste", "Transform"]
    look = studio.pixels()
    studio.press_key(Qt.Key.Key_Return)

    studio.save(tmp_path / "eagle.ora")
    studio.undo()
    np.testing.assert_array_equal(studio.pixels(), before)
    studio.redo()
    np.testing.assert_array_equal(studio.pixels(), look)
    studio.program.documents.close(document)
    again = studio.open(tmp_path / "eagle.ora")
    np.testing.assert_array_equal(studio.pixels(), look)
    assert again.layers.root[1].transform == layer.transform
    pixels = again.layers.root[1].pixels
    np.testing.assert_array_equal(pixels.read(pixels.content_bounds()), eagle()[10:70, 10:110])


def test_escape_gives_everything_back_and_keys_nudge(studio):
    document = studio.show_pixels(painting())
    layer = place_pixels(document, eagle(), "Eagle")
    start = layer.transform
    studio.run("edit.transform")
    studio.press_key(Qt.Key.Key_Left, SHIFT)
    studio.press_key(Qt.Key.Key_Down)
    assert layer.transform == start.then(Transform(e=-10, f=1))
    x, y = corner(layer, -1, -1)
    studio.drag([(x - 14, y - 14), (x - 14, y + 60)])
    assert layer.transform.b != 0
    studio.press_key(Qt.Key.Key_Escape)
    assert layer.transform == start
    assert document.history.labels == ["Paste", "Transform"]
    assert document.history.position == 1
    studio.run("layer.flip_vertical")
    assert layer.transform.d == -1
    studio.run("layer.turn_right")
    assert layer.transform.keeps_pixels
