"""Every key and every gesture that the product promises, pressed over the picture."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QWidget

Key, Held = Qt.Key, Qt.KeyboardModifier
NONE, SHIFT, CTRL, ALT = Held.NoModifier, Held.ShiftModifier, Held.ControlModifier, Held.AltModifier


@pytest.fixture
def at(studio):
    """A picture on the screen with a second layer, and short names for what is asked about it."""
    pixels = np.random.default_rng(5).integers(0, 256, (100, 150, 4), np.uint8)
    pixels[..., 3] = 255
    document = studio.show_pixels(pixels)
    studio.run("layer.duplicate")
    studio.focus_canvas()
    return SimpleNamespace(
        studio=studio, document=document, canvas=studio.canvas, state=studio.context.tool_state, pixels=pixels
    )


def press(at, key, held=NONE):
    QTest.keyClick(at.canvas, key, held)
    at.studio.settle()


def options(at):
    return at.state.options[at.studio.context.tools.current.id]


TOOLS = {
    "brush": (Key.Key_B, NONE),
    "eraser": (Key.Key_E, NONE),
    "move": (Key.Key_V, NONE),
    "transform": (Key.Key_T, CTRL),
    "crop": (Key.Key_C, NONE),
    "rectangle": (Key.Key_M, NONE),
    "ellipse": (Key.Key_M, SHIFT),
    "lasso": (Key.Key_L, NONE),
    "polygon": (Key.Key_L, SHIFT),
    "magnetic": (Key.Key_N, NONE),
    "wand": (Key.Key_W, NONE),
    "quick_select": (Key.Key_W, SHIFT),
    "ai_select": (Key.Key_A, NONE),
    "mask_brush": (Key.Key_K, NONE),
    "fill": (Key.Key_G, NONE),
    "colour_hints": (Key.Key_J, NONE),
    "eyedropper": (Key.Key_I, NONE),
    "hand": (Key.Key_H, NONE),
    "zoom": (Key.Key_Z, NONE),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_letter_takes_its_tool_in_hand(at, tool):
    at.studio.tool("hand" if tool == "move" else "move")
    press(at, *TOOLS[tool])
    assert at.studio.context.tools.current.id == tool


def test_no_tool_is_without_a_tested_key(at):
    tools = at.studio.context.tools.tools
    assert {name for name, tool in tools.items() if "pixels" in tool.works_on} == set(TOOLS)


@pytest.mark.parametrize(
    ("key", "held", "option", "sign"),
    [
        (Key.Key_BracketRight, NONE, "size", 1),
        (Key.Key_BracketLeft, NONE, "size", -1),
        (Key.Key_BracketRight, SHIFT, "hardness", 1),
        (Key.Key_BracketLeft, SHIFT, "hardness", -1),
        (Key.Key_3, NONE, "opacity", -1),
    ],
)
def test_brackets_and_digits_change_the_brush(at, key, held, option, sign):
    at.studio.tool("brush")
    before = getattr(options(at), option)
    press(at, key, held)
    assert np.sign(getattr(options(at), option) - before) == sign
    if option == "opacity":
        assert options(at).opacity == pytest.approx(0.3)


def test_each_tool_remembers_its_own_size(at):
    at.studio.tool("brush")
    size = options(at).size
    at.studio.tool("eraser")
    press(at, Key.Key_BracketRight)
    at.studio.tool("brush")
    assert options(at).size == size


def swaps_colours(at):
    at.state.foreground, at.state.background = (1, 2, 3), (4, 5, 6)
    yield
    assert (at.state.foreground, at.state.background) == ((4, 5, 6), (1, 2, 3))


def brings_black_and_white_back(at):
    at.state.foreground = (9, 9, 9)
    yield
    assert (at.state.foreground, at.state.background) == ((0, 0, 0), (255, 255, 255))


def swaps_paint_and_erase_on_the_mask(at):
    at.studio.tool("mask_brush")
    yield
    assert at.state.erasing


def fits_the_picture(at):
    at.studio.run("view.actual")
    yield
    assert at.canvas.view.zoom != 1.0


def shows_every_pixel(at):
    yield
    assert at.canvas.view.zoom == 1.0


def takes_the_mask_brush(at):
    yield
    assert at.canvas.toolbox.current.shows_mask or at.canvas.overlay_visible


def shows_the_overlay(at):
    before = at.canvas.overlay_visible
    yield
    assert at.canvas.overlay_visible != before
    at.studio.run("view.overlay")


def deselects(at):
    at.studio.run("select.all")
    yield
    assert at.document.selection.is_empty


def inverts_the_selection(at):
    at.studio.tool("rectangle")
    at.studio.drag([(10, 10), (50, 50)])
    yield
    assert at.document.selection.read(at.document.bounds)[30, 30] == 0
    assert at.document.selection.read(at.document.bounds)[70, 70] == 255


def selects_everything(at):
    yield
    assert at.document.selection.bounds() == at.document.bounds


def duplicates_the_layer(at):
    yield
    assert len(at.document.layers) == 3


def merges_down(at):
    yield
    assert len(at.document.layers) == 1


def undoes(at):
    yield
    assert len(at.document.layers) == 1


def redoes(at):
    at.studio.undo()
    yield
    assert len(at.document.layers) == 2


def hides_the_panels(at):
    yield
    assert at.studio.window.panels_hidden
    assert not at.studio.part("layers.list").isVisible()


def fills_the_screen(at):
    yield
    assert at.studio.window.isFullScreen()
    at.studio.run("view.full_screen")


def compares_beside_a_line(at):
    yield
    assert at.canvas.compare_mode == "split"
    at.studio.run("view.split")


def opens_the_palette(at):
    yield
    palette = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "palette" and w.isVisible())
    palette.close()


def takes_the_handles(at):
    at.studio.tool("hand")
    yield
    assert at.studio.context.tools.current.id == "transform"


def makes_the_brush_precise(at):
    before = at.canvas.is_precise
    yield
    assert at.canvas.is_precise != before
    QTest.keyClick(at.canvas, Key.Key_CapsLock)


def cuts_pixels_out(at):
    at.studio.run("select.all")
    yield
    assert at.document.active.pixels.content_bounds().is_empty


DEEDS = [
    (swaps_colours, Key.Key_X, NONE),
    (brings_black_and_white_back, Key.Key_D, NONE),
    (swaps_paint_and_erase_on_the_mask, Key.Key_X, NONE),
    (fits_the_picture, Key.Key_0, CTRL),
    (shows_every_pixel, Key.Key_1, CTRL),
    (takes_the_mask_brush, Key.Key_Q, NONE),
    (shows_the_overlay, Key.Key_Backslash, NONE),
    (deselects, Key.Key_D, CTRL),
    (inverts_the_selection, Key.Key_I, CTRL | SHIFT),
    (selects_everything, Key.Key_A, CTRL),
    (duplicates_the_layer, Key.Key_J, CTRL),
    (merges_down, Key.Key_E, CTRL),
    (undoes, Key.Key_Z, CTRL),
    (redoes, Key.Key_Z, CTRL | SHIFT),
    (redoes, Key.Key_Y, CTRL),
    (hides_the_panels, Key.Key_Tab, NONE),
    (fills_the_screen, Key.Key_F, NONE),
    (compares_beside_a_line, Key.Key_QuoteLeft, SHIFT),
    (opens_the_palette, Key.Key_K, CTRL),
    (takes_the_handles, Key.Key_T, CTRL),
    (makes_the_brush_precise, Key.Key_CapsLock, NONE),
    (cuts_pixels_out, Key.Key_Delete, NONE),
]


@pytest.mark.parametrize(
    ("deed", "key", "held"), DEEDS, ids=[f"{k.name.removeprefix('Key_')}-{d.__name__}" for d, k, _ in DEEDS]
)
def test_a_key_does_its_deed(at, deed, key, held):
    script = deed(at)
    next(script)
    at.studio.focus_canvas()
    press(at, key, held)
    with pytest.raises(StopIteration):
        next(script)
    assert not at.studio.errors


def test_backquote_shows_the_original_as_long_as_it_is_held(at):
    QTest.keyPress(at.canvas, Key.Key_QuoteLeft)
    at.studio.wait(lambda: at.canvas.scene.mode == "original" or at.canvas.compare_mode == "original")
    QTest.keyRelease(at.canvas, Key.Key_QuoteLeft)
    at.studio.wait(lambda: at.canvas.compare_mode == "off" and at.canvas.scene.mode == "off")


def place(at):
    """Where the picture's corner is on the screen."""
    return at.canvas.view.to_screen(0, 0)


def test_space_pans_alone_and_in_the_middle_of_a_stroke(at):
    at.studio.tool("brush")
    before = place(at)
    QTest.keyPress(at.canvas, Key.Key_Space)
    at.studio.drag([(40, 40), (60, 40)])
    QTest.keyRelease(at.canvas, Key.Key_Space)
    assert place(at).x > before.x
    np.testing.assert_array_equal(at.studio.pixels(), at.pixels)

    steps, before = at.document.history.position, place(at)
    start = at.studio.on_screen(30, 30)
    QTest.mousePress(at.canvas, Qt.MouseButton.LeftButton, NONE, start)
    QTest.mouseMove(at.canvas, start + QPoint(10, 0))
    QTest.keyPress(at.canvas, Key.Key_Space)
    QTest.mouseMove(at.canvas, start + QPoint(60, 0))
    QTest.keyRelease(at.canvas, Key.Key_Space)
    QTest.mouseMove(at.canvas, start + QPoint(80, 0))
    QTest.mouseRelease(at.canvas, Qt.MouseButton.LeftButton, NONE, start + QPoint(80, 0))
    assert place(at).x > before.x
    assert at.document.history.position == steps + 1, "it is one stroke all the same"


def test_the_middle_button_pans(at):
    before = place(at)
    at.studio.drag([(40, 40), (60, 50)], button=Qt.MouseButton.MiddleButton)
    assert place(at).x > before.x
    assert place(at).y > before.y


@pytest.mark.parametrize("held", [NONE, CTRL])
def test_the_wheel_zooms_at_the_pointer(at, held):
    where = at.studio.on_screen(30, 20)
    zoom = at.canvas.view.zoom
    down = QPoint(0, 120)
    event = QWheelEvent(
        QPointF(where),
        QPointF(at.canvas.mapToGlobal(where)),
        QPoint(),
        down,
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,  # noqa: FBT003
    )
    QGuiApplication.sendEvent(at.canvas, event)
    assert at.canvas.view.zoom > zoom
    now = at.studio.on_screen(30, 20)
    assert (now - where).manhattanLength() <= 2


@pytest.mark.parametrize(
    ("button", "held"), [(Qt.MouseButton.LeftButton, SHIFT), (Qt.MouseButton.RightButton, ALT)]
)
def test_a_drag_with_a_key_changes_the_size_and_paints_nothing(at, button, held):
    at.studio.tool("brush")
    size, steps = options(at).size, at.document.history.position
    at.studio.drag([(40, 40), (70, 40)], button=button, held=held)
    assert options(at).size > size
    assert at.document.history.position == steps


def test_a_shift_click_draws_a_straight_line_from_the_last_stroke(at):
    at.state.foreground = (255, 0, 255)
    at.studio.brush([(20, 20), (22, 20)], radius=4, tool="brush")
    QTest.mouseClick(at.canvas, Qt.MouseButton.LeftButton, SHIFT, at.studio.on_screen(120, 80))
    assert tuple(at.studio.pixels()[50, 71, :3]) == (255, 0, 255)


@pytest.mark.parametrize("held", [ALT, CTRL])
def test_a_click_with_alt_or_ctrl_picks_the_colour(at, held):
    at.studio.tool("brush")
    QTest.mouseClick(at.canvas, Qt.MouseButton.LeftButton, held, at.studio.on_screen(30.5, 40.5))
    assert at.state.foreground == tuple(at.pixels[40, 30, :3])


def test_shift_adds_alt_subtracts_and_both_intersect(at):
    at.studio.tool("rectangle")
    chosen = at.document.selection
    at.studio.drag([(10, 10), (50, 50)])
    at.studio.drag([(60, 10), (90, 50)], held=SHIFT)
    assert chosen.bounds() == (10, 10, 80, 40)
    at.studio.drag([(10, 10), (30, 50)], held=ALT)
    assert chosen.bounds() == (30, 10, 60, 40)
    at.studio.drag([(40, 20), (100, 60)], held=SHIFT | ALT)
    assert chosen.bounds() == (40, 20, 50, 30)


def stops(root):
    """What Tab visits in a part of the window, in its order."""
    found, widget = [], root.nextInFocusChain()
    while widget is not root:
        wants = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        is_inner = isinstance(widget.parentWidget(), QAbstractSpinBox)
        if wants and not is_inner and root.isAncestorOf(widget) and widget.isVisible() and widget.isEnabled():
            found.append(widget)
        widget = widget.nextInFocusChain()
    return found


@pytest.mark.parametrize("filter_id", ["levels", "hue-saturation", "dejpeg", "diffusion-fill"])
def test_tab_goes_through_a_filter_from_top_to_bottom(at, filter_id):
    at.studio.window.resize(1280, 1200)  # high enough that nothing is scrolled out of sight
    at.studio.run(f"filter.{filter_id}")
    at.studio.wait(lambda: at.studio.part("filter.apply").isVisible())
    page = at.studio.context.filter_panel.page
    at.studio.wait(lambda: not page.area.verticalScrollBar().isVisible())
    heights = [widget.mapTo(page, QPoint()).y() + widget.height() / 2 for widget in stops(page)]
    assert len(heights) > 5
    assert all(later >= earlier - 8 for earlier, later in pairwise(heights)), heights
    assert [widget.objectName() for widget in stops(page)][-1] in ("filter.cancel", "filter.apply")


def test_tab_in_a_panel_moves_the_focus_and_hides_no_panel(at):
    at.studio.run("filter.levels")
    at.studio.wait(lambda: at.studio.part("filter.apply").isVisible())
    first = stops(at.studio.context.filter_panel.page)[0]
    first.setFocus()
    QTest.keyClick(first, Key.Key_Tab)
    assert not at.studio.window.panels_hidden
    focus = QApplication.focusWidget()
    assert isinstance(focus, QWidget)
    assert focus is not first
