"""Filters in the whole window: what covers the preview, the note with Undo, the tools meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from imgstudio.app.canvas.tools.base import ToolState
from imgstudio.app.controllers.steering import SteeringHand, SteeringOptions, SteeringTool
from imgstudio.core.geometry import Rect
from tests.studio import send_move

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def picture(studio):
    pixels = np.full((60, 80, 4), 120, np.uint8)
    pixels[..., 3] = 255
    return studio.show_pixels(pixels)


def shown_at(studio, x, y):
    image = studio.canvas.grab().toImage()
    ratio = studio.canvas.devicePixelRatioF()
    at = studio.on_screen(x, y)
    colour = image.pixelColor(QPoint(round(at.x() * ratio), round(at.y() * ratio)))
    return colour.red(), colour.green(), colour.blue()


def select(document, rect):
    document.selection.store.write(rect, np.full((rect.height, rect.width, 1), 255, np.uint8))
    document.store_changed(document.selection.store, rect)


def test_the_red_mask_does_not_cover_a_preview_but_comes_back_under_the_brush(studio, picture):
    select(picture, Rect(10, 10, 40, 40))
    studio.tool("mask_brush")
    red, green, _ = shown_at(studio, 30, 30)
    assert red > green + 30
    studio.run("filter.black-and-white")
    preview = studio.context.filter_panel.controller.preview
    studio.wait(lambda: studio.canvas.scene.previews and not preview.is_busy)
    red, green, blue = shown_at(studio, 30, 30)
    assert red == green == blue
    QTest.mousePress(studio.canvas, LEFT, pos=studio.on_screen(20, 20))
    red, green, _ = shown_at(studio, 30, 30)
    assert red > green + 30
    QTest.mouseRelease(studio.canvas, LEFT, pos=studio.on_screen(20, 20))
    red, green, _ = shown_at(studio, 30, 30)
    assert red == green
    studio.context.filter_panel.close_filter()
    red, green, _ = shown_at(studio, 30, 30)
    assert red > green + 30


def test_the_note_after_a_filter_takes_it_back_and_goes_with_the_next_step(studio, picture):
    strip = studio.window.status.jobs
    undo = studio.part("jobs.undo")
    studio.run_filter("hue-saturation", saturation=-50)
    assert strip.text == "Hue and saturation applied"
    assert undo.isVisible()
    studio.click(undo)
    assert len(picture.layers) == 1
    assert not undo.isVisible()
    studio.run_filter("hue-saturation", saturation=-50)
    assert undo.isVisible()
    picture.set_layer(picture.active, "Rename", name="Other")
    assert not undo.isVisible()
    assert len(picture.layers) == 2


def test_no_tool_looks_chosen_while_a_guest_is_in_hand(studio, picture):
    studio.tool("lasso")
    tool = SteeringTool(ToolState(), picture.bounds, lambda stroke: None)
    hand = SteeringHand(studio.context.tools, tool)
    hand.take("more")
    buttons = studio.window.toolbox._buttons
    assert not any(button.isChecked() for button in buttons.values())
    hand.put_down()
    assert [name for name, button in buttons.items() if button.isChecked()] == ["lasso"]
    second = SteeringHand(studio.context.tools, tool)
    second.take("more")
    studio.click("toolbox.brush")
    assert [name for name, button in buttons.items() if button.isChecked()] == ["brush"]
    second.put_down()
    assert [name for name, button in buttons.items() if button.isChecked()] == ["brush"]
    assert tool.id not in studio.context.tools.tools


def test_a_click_on_the_picture_sets_the_grey_point_and_escape_ends_the_eyedropper(studio, picture):
    studio.tool("brush")
    studio.run("filter.white-balance")
    page = studio.context.filter_panel.page
    page.form.editors["method"].set_value("grey point")
    page.form.editors["method"].edited.emit()
    studio.click("grey.pipette")
    assert studio.context.tools.current.id == "pipette"
    studio.drag([(30, 30)])
    assert page.form.value().grey == "#787878"
    assert studio.context.tools.current.id == "brush"
    assert len(picture.history.labels) == 0
    studio.click("grey.pipette")
    studio.press_key(Qt.Key.Key_Escape)
    assert studio.context.tools.current.id == "brush"
    assert studio.context.filter_panel.page is page


def test_actual_size_puts_a_place_in_the_middle(studio):
    pixels = np.full((3000, 4000, 4), 255, np.uint8)
    studio.show_pixels(pixels)
    studio.canvas.actual_size_at(1000, 2000)
    view = studio.canvas.view
    middle = view.to_document(view.window.width / 2, view.window.height / 2)
    assert view.zoom == 1.0
    assert (middle.x, middle.y) == (pytest.approx(1000, abs=1), pytest.approx(2000, abs=1))


def test_a_preview_in_the_place_of_a_layer_hides_that_layer(studio, picture):
    studio.run_filter("levels", output_white=60)
    layer = picture.active
    dark = shown_at(studio, 40, 30)
    page = studio.context.filter_panel.rerun(layer)
    page.finish.set_value(type(page.finish.value())(strength=0.0))
    page.finish_changed.emit(page.finish.value().finish)
    preview = studio.context.filter_panel.controller.preview
    studio.wait(lambda: studio.canvas.scene.previews and not preview.is_busy)
    assert shown_at(studio, 40, 30) == (120, 120, 120)
    studio.context.filter_panel.close_filter()
    assert shown_at(studio, 40, 30) == dark != (120, 120, 120)


def test_what_a_wish_goes_over_is_tinted_while_it_is_painted(studio, picture):
    sent = []
    tool = SteeringTool(ToolState(), picture.bounds, sent.append)
    tool.state.options[tool.id] = SteeringOptions(20.0)
    hand = SteeringHand(studio.context.tools, tool)
    hand.take("less")
    plain = shown_at(studio, 40, 36)
    canvas, place = studio.canvas, studio.on_screen(30, 30)
    QTest.mousePress(canvas, LEFT, pos=place)
    send_move(canvas, studio.on_screen(50, 30), LEFT, Qt.KeyboardModifier.NoModifier)
    tinted = shown_at(studio, 40, 36)
    assert tinted[2] > plain[2] + 20, "beside the line, under the brush"
    assert shown_at(studio, 40, 45) == plain
    QTest.mouseRelease(canvas, LEFT, pos=studio.on_screen(50, 30))
    assert len(sent) == 1
    assert shown_at(studio, 40, 36) == plain
    hand.put_down()
