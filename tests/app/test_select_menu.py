"""The Select menu in a window: picked colours, a refined outline, the subject, the selection in hand."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt

from imgstudio.app.controllers import document_edits
from imgstudio.core import selecting
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect

SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


def flag(height=120, width=180):
    """Red, white and blue, upright."""
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[:, :60, :3], pixels[:, 120:, :3] = (200, 40, 40), (40, 60, 200)
    return pixels


def select_box(document, *rect):
    box = Rect(*rect)
    selecting.combine(document, np.full((box.height, box.width), 255, np.uint8), box, "new")
    document.history.clear()


def selected(document):
    return document.selection.read(document.bounds)


def colour_shown(studio, x):
    """On the screen, away from the signs of picked colours."""
    return studio.canvas.grab().toImage().pixelColor(studio.on_screen(x, 20))


def parts(document):
    """Mean coverage of the three stripes."""
    return [float(part.mean()) for part in np.array_split(selected(document), 3, 1)]


@pytest.fixture
def picking(studio):
    """A person who picks colours of the flag."""
    studio.show_pixels(flag())
    studio.tool("rectangle")
    studio.run("select.colour_range")
    studio.settle()
    return studio


def pick(studio, x, held=Qt.KeyboardModifier.NoModifier):
    studio.drag([(x, 60), (x, 60)], held=held)


def test_clicked_colours_become_the_selection_at_enter(picking):
    pick(picking, 30)
    pick(picking, 150, SHIFT)
    picking.press_key(Qt.Key.Key_Return)

    assert parts(picking.document) == [255, 0, 255]
    assert picking.document.history.labels == ["Colour range"]
    assert picking.context.tools.current.id == "rectangle"
    assert "colour_range" not in picking.context.tools.tools


def test_a_click_alone_begins_anew_and_alt_leaves_out(picking):
    pick(picking, 30)
    pick(picking, 90)
    pick(picking, 150, ALT)
    picking.press_key(Qt.Key.Key_Return)
    assert parts(picking.document) == [0, 255, 0]


def test_what_would_be_selected_is_shown_before_anything_is(picking):
    pick(picking, 30)
    picking.wait(lambda: colour_shown(picking, 150).blue() < 100)

    assert colour_shown(picking, 30).red() == 200
    assert picking.document.history.labels == []

    picking.press_key(Qt.Key.Key_Escape)
    assert colour_shown(picking, 150).blue() == 200


def test_escape_ends_it_with_nothing_selected(picking):
    pick(picking, 30)
    picking.press_key(Qt.Key.Key_Escape)
    assert picking.document.history.labels == []
    assert picking.context.tools.current.id == "rectangle"


def test_backspace_and_undo_take_the_last_colour_back(picking):
    pick(picking, 30)
    pick(picking, 90, SHIFT)
    pick(picking, 150, SHIFT)
    picking.press_key(Qt.Key.Key_Backspace)
    picking.undo()
    picking.press_key(Qt.Key.Key_Return)
    assert parts(picking.document) == [255, 0, 0]


def test_enter_without_a_colour_says_what_to_do(picking):
    picking.press_key(Qt.Key.Key_Return)
    assert picking.context.tools.current.id == "colour_range"
    assert picking.document.history.labels == []


def test_the_buttons_of_the_bar_do_what_the_keys_do(picking):
    pick(picking, 30)
    pick(picking, 90, SHIFT)
    picking.click("tool_options.take_back")
    picking.click("tool_options.apply")
    picking.settle()
    assert parts(picking.document) == [255, 0, 0]


def test_another_tool_ends_the_picking(picking):
    pick(picking, 30)
    picking.tool("lasso")
    assert picking.context.tools.current.id == "lasso"
    assert "colour_range" not in picking.context.tools.tools
    assert picking.document.history.labels == []


def test_another_document_ends_the_picking(picking):
    first = picking.document
    picking.show_pixels(flag())
    assert "colour_range" not in picking.context.tools.tools
    assert first.history.labels == []


def test_a_changed_picture_is_looked_at_anew(picking):
    layer = picking.document.active
    with picking.document.editing(layer.pixels, "Paint") as edit:
        edit.store.write(picking.document.bounds, np.ascontiguousarray(flag()[:, ::-1]))
        edit.touch(picking.document.bounds)
    picking.settle()
    pick(picking, 30)
    picking.press_key(Qt.Key.Key_Return)
    assert parts(picking.document) == [255, 0, 0]


@pytest.mark.parametrize("channel", ["red", "blue"])
def test_a_channel_becomes_the_selection(studio, channel):
    document = studio.show_pixels(flag())
    studio.run(f"select.by_{channel}")
    studio.settle()
    assert parts(document) == {"red": [200, 255, 40], "blue": [40, 255, 200]}[channel]
    assert document.history.labels == [f"Select by {channel}"]


def test_a_rough_selection_is_refined_on_a_worker_in_one_step(studio):
    document = studio.show_pixels(flag())
    select_box(document, 4, 8, 66, 100)
    studio.answers.form_answer = lambda params: replace(params, reach=20)
    studio.run("select.refine")
    assert studio.context.edits.is_busy(document)
    studio.settle()

    assert document.history.labels == ["Refine with colours"]
    assert selected(document)[30:90, 62:].max() < 128
    assert selected(document)[30:90, 10:58].min() > 127
    studio.undo()
    assert document.selection.bounds() == Rect(4, 8, 66, 100)


def test_a_refinement_that_is_not_wanted_does_nothing(studio):
    document = studio.show_pixels(flag())
    select_box(document, 4, 8, 66, 100)
    studio.run("select.refine")
    studio.settle()
    assert document.history.labels == []


def test_nothing_to_tell_apart_is_told(studio):
    document = studio.show_pixels(flag())
    selecting.select_all(document)
    studio.answers.form_answer = lambda params: params
    studio.run("select.refine")
    studio.settle()
    assert studio.errors.pop().what == "There is nothing to tell apart"


def test_refine_and_transform_need_a_selection(studio):
    studio.show_pixels(flag())
    assert not studio.context.actions.is_enabled("select.refine")
    assert not studio.context.actions.is_enabled("select.transform")


def test_the_subject_becomes_the_selection_in_one_step(studio):
    truth = np.zeros((240, 320), np.uint8)
    cv2.ellipse(truth, (160, 120), (60, 80), 0, 0, 360, 255, -1)
    pixels = np.full((240, 320, 4), 255, np.uint8)
    pixels[..., :3] = np.where(truth[..., None] > 0, (220, 60, 40), (120, 150, 130))
    document = studio.show_pixels(pixels)

    studio.run("select.subject")
    studio.wait(lambda: not studio.program.jobs.handles, seconds=120)

    found = selected(document) > 127
    assert (found & (truth > 0)).sum() / (found | (truth > 0)).sum() > 0.8
    assert document.history.labels == ["Select subject"]


def test_where_nothing_is_shown_there_is_no_subject(studio):
    document = studio.show_pixels(flag())
    document.set_layer(document.active, "Hide", visible=False)
    studio.run("select.subject")
    studio.settle()
    assert studio.errors.pop().what == "Nothing is shown"


def test_a_selection_is_dragged_and_scaled_in_one_step(studio):
    document = studio.show_pixels(flag())
    select_box(document, 20, 20, 40, 40)
    before = studio.pixels()
    studio.tool("lasso")
    studio.run("select.transform")

    studio.drag([(40, 40), (80, 50)])
    studio.drag([(100, 70), (140, 110)])
    studio.press_key(Qt.Key.Key_Return)

    inside = np.zeros_like(selected(document))
    inside[30:110, 60:140] = 255
    assert ((selected(document) > 127) == (inside > 0)).mean() > 0.995
    assert document.history.labels == ["Transform selection"]
    assert (studio.pixels() == before).all()
    assert studio.context.tools.current.id == "lasso"
    studio.undo()
    assert document.selection.bounds() == Rect(20, 20, 40, 40)


def test_escape_gives_the_selection_back(studio):
    document = studio.show_pixels(flag())
    select_box(document, 20, 20, 40, 40)
    studio.run("select.transform")
    studio.drag([(40, 40), (90, 60)])
    studio.press_key(Qt.Key.Key_Escape)

    assert document.selection.bounds() == Rect(20, 20, 40, 40)
    assert "transform_selection" not in studio.context.tools.tools


def test_undo_while_the_selection_is_in_hand_goes_one_step_back(studio):
    document = studio.show_pixels(flag())
    select_box(document, 20, 20, 40, 40)
    studio.run("select.transform")
    studio.drag([(40, 40), (90, 60)])
    studio.undo()
    assert document.selection.bounds() == Rect(20, 20, 40, 40)
    assert studio.context.tools.current.id == "transform_selection"

    studio.drag([(40, 40), (60, 40)])
    studio.click("tool_options.apply")
    assert document.selection.bounds() == Rect(40, 20, 40, 40)


def test_a_selection_turned_there_and_back_is_as_sharp_as_before(studio):
    document = studio.show_pixels(flag())
    select_box(document, 60, 40, 50, 30)
    studio.run("select.transform")
    for _ in range(4):
        studio.click("tool_options.turn_right")
    studio.click("tool_options.apply")
    assert document.selection.bounds() == Rect(60, 40, 50, 30)
    assert set(np.unique(selected(document))) == {0, 255}


def test_a_selection_dragged_out_of_the_picture_is_gone(studio):
    document = studio.show_pixels(flag())
    select_box(document, 20, 20, 40, 40)
    studio.run("select.transform")
    studio.drag([(40, 40), (400, 300)])
    assert document.selection.is_empty
    studio.press_key(Qt.Key.Key_Return)
    studio.undo()
    assert document.selection.bounds() == Rect(20, 20, 40, 40)


def test_the_wand_looks_at_a_large_picture_on_a_worker(studio, monkeypatch):
    monkeypatch.setattr(document_edits, "AT_ONCE_BYTES", 0)
    document = studio.show_pixels(flag())
    studio.tool("wand")

    studio.drag([(30, 60), (30, 60)])
    assert studio.context.edits.is_busy(document)
    studio.drag([(150, 60), (150, 60)], held=SHIFT)
    studio.settle()

    assert parts(document)[0] > 250
    assert parts(document)[2] > 250
    assert document.history.labels == ["Magic wand", "Magic wand"]


def test_the_size_keys_change_the_quick_select_brush(studio):
    studio.show_pixels(flag())
    studio.tool("quick_select")
    before = studio.context.tools.current.options.size
    studio.run("brush.larger")
    assert studio.context.tools.current.options.size > before
    for _ in range(60):
        studio.run("brush.smaller")
    assert studio.context.tools.current.options.size == 1


def test_a_document_without_layers_can_be_asked_for_colours(studio):
    studio.program.documents.add(Document(60, 40))
    studio.run("select.colour_range")
    studio.settle()
    studio.drag([(30, 20), (30, 20)])
    assert studio.context.tools.current.id == "colour_range"
    studio.press_key(Qt.Key.Key_Escape)
