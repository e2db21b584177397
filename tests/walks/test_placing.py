"""Pixels and files that come in, and pictures that are cut, turned and resized: all of it can be taken back."""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest


def page():
    pixels = np.random.default_rng(3).integers(0, 256, (90, 140, 4), np.uint8)
    pixels[..., 3] = 255
    return pixels


def box_of(layer):
    """Where the layer has pixels, in the document."""
    return layer.transform.bounds_of(layer.pixels.content_bounds())


def drop(studio, path):
    """Drag a file over the picture and let it go there, as the window system tells it."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place = studio.canvas.mapTo(studio.window, studio.canvas.rect().center())
    told = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(place, Qt.DropAction.CopyAction, *told)
    QGuiApplication.sendEvent(studio.window, enter)
    assert enter.isAccepted()
    QGuiApplication.sendEvent(studio.window, QDropEvent(QPointF(place), Qt.DropAction.CopyAction, *told))


def test_pixels_come_and_go_by_clipboard_and_by_file(studio, tmp_path):
    document = studio.show_pixels(page())
    studio.tool("rectangle")
    studio.drag([(20, 10), (60, 50)])
    studio.press_key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    studio.press_key(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    pasted = document.active
    np.testing.assert_array_equal(studio.pixels(), page())
    assert box_of(pasted) == (20, 10, 40, 40)
    np.testing.assert_array_equal(pasted.pixels.read(pasted.pixels.content_bounds()), page()[10:50, 20:60])

    foreign = QImage(30, 20, QImage.Format.Format_RGB32)
    foreign.fill(0xFF3366)
    QGuiApplication.clipboard().setImage(foreign)
    studio.run("edit.paste")
    assert box_of(document.active) == (55, 35, 30, 20)
    assert tuple(studio.pixels()[45, 70]) == (0xFF, 0x33, 0x66, 255)

    cv2.imwrite(str(tmp_path / "drop.png"), np.full((10, 20, 3), (0, 250, 0), np.uint8))
    drop(studio, tmp_path / "drop.png")
    studio.wait(lambda: document.active.name == "drop")
    studio.settle()
    assert box_of(document.active) == (60, 40, 20, 10)
    document.history.go_to(0)
    np.testing.assert_array_equal(studio.pixels(), page())


def test_a_picture_is_cropped_turned_and_resized_and_comes_back_whole(studio):
    document = studio.show_pixels(page())
    studio.run("layer.duplicate")
    looks = [studio.pixels()]
    studio.tool("crop")
    studio.drag([(30, 20), (130, 80)])
    studio.press_key(Qt.Key.Key_Return)
    assert document.bounds == (0, 0, 100, 60)
    np.testing.assert_array_equal(studio.pixels(), looks[-1][20:80, 30:130])
    looks.append(studio.pixels())

    studio.run("image.turn_right")
    np.testing.assert_array_equal(studio.pixels(), np.rot90(looks[-1], -1))
    looks.append(studio.pixels())

    studio.answers.form_answer = lambda size: type(size)(30, 50)
    studio.run("image.resize")
    assert studio.pixels().shape == (50, 30, 4)
    looks.append(studio.pixels())

    for look in reversed(looks[:-1]):
        studio.undo()
        np.testing.assert_array_equal(studio.pixels(), look)
    for look in looks[1:]:
        studio.redo()
        np.testing.assert_array_equal(studio.pixels(), look)


def test_a_right_click_on_the_picture_opens_a_menu_and_a_right_drag_with_the_mask_brush_erases(studio):
    document = studio.show_pixels(page())
    menu = studio.part("canvas.menu")
    QTest.mouseClick(studio.canvas, Qt.MouseButton.RightButton, pos=studio.on_screen(40, 40))
    studio.wait(menu.isVisible)
    chosen = next(action for action in menu.actions() if action.objectName() == "view.split")
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(chosen).center())
    assert studio.canvas.compare_mode == "split"
    studio.run("view.split")
    studio.run("select.all")
    assert not menu.isVisible()
    studio.tool("mask_brush")
    studio.drag([(40, 40), (80, 40)], button=Qt.MouseButton.RightButton)
    assert not menu.isVisible()
    assert document.selection.read(document.bounds)[40, 60] == 0
