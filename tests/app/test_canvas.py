"""The canvas under a person's hands: what reaches the tool, what moves the view, what is painted."""

from math import pi

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QInputDevice, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.canvas.compare import Split
from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Tool, ToolState
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect, Size
from imgstudio.core.layers import Layer
from imgstudio.core.selecting import combine
from imgstudio.core.settings import Settings
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 320, 240
LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton


class Recorder(Tool):
    """A tool that writes down what it was told."""

    id = "recorder"
    cursor = "cross"

    def __init__(self, state):
        super().__init__(state)
        self.told = []

    def press(self, event):
        self.told.append(("press", event))

    def move(self, event):
        self.told.append(("move", event))

    def release(self, event):
        self.told.append(("release", event))

    def hover(self, event):
        self.told.append(("hover", event))

    def double_click(self, event):
        self.told.append(("double", event))

    def cancel(self):
        self.told.append(("cancel", None))

    def key_press(self, key):
        self.told.append(("key", key))
        return key == "Return"

    @property
    def words(self):
        return [word for word, _ in self.told if word != "hover"]


def picture(width=WIDTH, height=HEIGHT, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    return pixels


@pytest.fixture
def canvas(qtbot):
    state = ToolState()
    made = Canvas(state, Toolbox(state), Settings())
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    qtbot.waitExposed(made)
    made.set_document(Document.from_pixels(picture()))
    yield made
    made.set_document(None)
    made.close()


@pytest.fixture
def tool(canvas):
    canvas.toolbox.tools["recorder"] = Recorder(canvas.toolbox.state)
    canvas.toolbox.activate("recorder")
    canvas.toolbox.current.told.clear()
    return canvas.toolbox.current


def spot(canvas, x, y):
    """Widget position of a document position."""
    at = canvas.view.to_screen(x, y)
    return QPoint(round(at.x / canvas.flow.ratio), round(at.y / canvas.flow.ratio))


def drag(canvas, *places, button=LEFT, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.mousePress(canvas, button, modifiers, places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, button, modifiers, places[-1])


def pixels(canvas):
    """What a repaint of all of it shows."""
    return array_of(canvas.grab())


def on_screen(canvas):
    """What the repaints so far have put on the screen."""
    return array_of(canvas.screen().grabWindow(canvas.winId()))


def flush(canvas):
    """Paint what waits to be painted."""
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.UpdateRequest))


def array_of(pixmap):
    shown = pixmap.toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    return (
        np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), shown.width(), 4)[..., :3].copy()
    )


def wheel(canvas, at, steps, modifiers=Qt.KeyboardModifier.NoModifier):
    inverted = False
    event = QWheelEvent(
        QPointF(at), canvas.mapToGlobal(QPointF(at)), QPoint(), QPoint(0, round(120 * steps)),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, inverted,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def test_a_brush_stroke_with_the_mouse_is_one_undo_step(canvas):
    document = canvas.document
    before = document.active.pixels.read(document.bounds)
    canvas.toolbox.activate("brush")
    drag(canvas, spot(canvas, 100, 100), spot(canvas, 140, 110), spot(canvas, 160, 120))
    assert document.history.position == 1
    assert not np.array_equal(document.active.pixels.read(document.bounds), before)
    document.history.undo()
    assert np.array_equal(document.active.pixels.read(document.bounds), before)


def test_at_one_hundred_per_cent_every_pixel_of_the_picture_is_a_pixel_of_the_screen(canvas):
    assert canvas.view.zoom == 1.0
    left, top = canvas.view.origin
    shown = pixels(canvas)[top : top + HEIGHT, left : left + WIDTH]
    assert np.array_equal(shown, picture()[..., :3])


def test_what_was_repainted_in_parts_equals_what_is_painted_at_once(canvas):
    document = canvas.document
    for zoom in (0.4, 1.0, 1.6, 3.0):
        canvas.zoom_to(zoom)
        flush(canvas)
        for x in (20, 130, 290):
            with document.editing(document.active.pixels, "Dab") as edit:
                document.active.pixels.write(Rect(x, 60, 25, 31), picture(25, 31, seed=x))
                edit.touch(Rect(x, 60, 25, 31))
            flush(canvas)
        assert np.array_equal(on_screen(canvas), pixels(canvas))


def test_the_wheel_zooms_at_the_cursor_and_with_the_setting_scrolls(canvas):
    canvas.zoom_to(2.0)
    at = QPoint(150, 120)
    before = canvas.view.to_document(150, 120)
    wheel(canvas, at, 1)
    assert canvas.view.zoom > 2
    assert canvas.view.to_document(150, 120) == pytest.approx(before, abs=0.5)
    canvas.settings.set("wheel_action", "scroll")
    zoom, top = canvas.view.zoom, canvas.view.top
    wheel(canvas, at, 1)
    assert canvas.view.zoom == zoom and canvas.view.top > top
    wheel(canvas, at, -1, Qt.KeyboardModifier.ControlModifier)
    assert canvas.view.zoom < zoom


def test_small_touchpad_steps_add_up_to_a_notch(canvas):
    canvas.zoom_to(2.0)
    for _ in range(10):
        wheel(canvas, QPoint(200, 150), 0.1)
    many = canvas.view.zoom
    canvas.zoom_to(2.0)
    wheel(canvas, QPoint(200, 150), 1)
    assert many == pytest.approx(canvas.view.zoom)


def test_zooming_is_announced(canvas, qtbot):
    with qtbot.waitSignal(canvas.zoom_changed) as signal:
        canvas.zoom_in()
    assert signal.args == [1.5]
    with qtbot.waitSignal(canvas.zoom_changed):
        canvas.fit()
    canvas.actual_size()
    assert canvas.view.zoom == 1.0
    canvas.zoom_out()
    assert canvas.view.zoom < 1


def test_the_middle_button_pans_and_the_tool_hears_nothing_of_it(canvas, tool):
    canvas.zoom_to(4.0)
    left, top = canvas.view.left, canvas.view.top
    drag(canvas, QPoint(100, 100), QPoint(120, 90), button=MIDDLE)
    assert (canvas.view.left, canvas.view.top) == (left + 20, top - 10)
    assert tool.words == []


def test_space_pans_in_the_middle_of_a_stroke_which_then_goes_on(canvas, tool):
    canvas.zoom_to(4.0)
    canvas.setFocus()
    QTest.mousePress(canvas, LEFT, pos=QPoint(100, 100))
    QTest.mouseMove(canvas, QPoint(110, 100))
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    assert canvas.cursor().shape() == Qt.CursorShape.ClosedHandCursor
    before = canvas.view.left
    QTest.mouseMove(canvas, QPoint(150, 100))
    assert canvas.view.left == before + 40
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    QTest.mouseMove(canvas, QPoint(154, 100))
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(154, 100))
    assert tool.words == ["press", "move", "move", "release"]
    moves = [event.x for word, event in tool.told if word == "move"]
    assert moves[1] == pytest.approx(moves[0] + 1)


def test_a_right_click_opens_the_menu_and_a_right_drag_in_mask_mode_goes_to_the_tool(canvas, tool, qtbot):
    with qtbot.waitSignal(canvas.context_menu) as menu:
        QTest.mouseClick(canvas, RIGHT, pos=QPoint(90, 80))
    assert menu.args == [QPoint(90, 80)]
    assert tool.words == []
    canvas.toolbox.state.target = "mask"
    with qtbot.assertNotEmitted(canvas.context_menu):
        drag(canvas, QPoint(90, 80), QPoint(95, 95), QPoint(99, 99), button=RIGHT)
    assert tool.words == ["press", "move", "move", "release"]
    assert {event.button for word, event in tool.told if word != "hover"} == {"right"}


def test_a_right_drag_outside_mask_mode_is_for_nobody(canvas, tool, qtbot):
    with qtbot.assertNotEmitted(canvas.context_menu):
        drag(canvas, QPoint(90, 80), QPoint(140, 95), button=RIGHT)
    assert tool.words == []


def test_escape_takes_the_drag_back_and_the_rest_of_it_is_ignored(canvas, tool):
    canvas.setFocus()
    QTest.mousePress(canvas, LEFT, pos=QPoint(100, 100))
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseMove(canvas, QPoint(120, 100))
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(120, 100))
    assert tool.words == ["press", "cancel"]


def test_keys_reach_the_tool_with_their_modifiers_and_arrows_it_does_not_want_scroll(canvas, tool):
    canvas.setFocus()
    canvas.zoom_to(4.0)
    left = canvas.view.left
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    QTest.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert [key for word, key in tool.told if word == "key"] == ["Return", "Shift+Left"]
    assert canvas.view.left == left
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    assert canvas.view.left > left


def test_modifiers_and_a_double_click_reach_the_tool(canvas, tool):
    shift_alt = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier
    QTest.mousePress(canvas, LEFT, shift_alt, QPoint(100, 100))
    QTest.mouseRelease(canvas, LEFT, shift_alt, QPoint(100, 100))
    event = tool.told[0][1]
    assert event.shift and event.alt and not event.ctrl
    tool.told.clear()
    QTest.mouseDClick(canvas, LEFT, pos=QPoint(50, 50))
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(50, 50))
    assert tool.words[-3:] == ["press", "double", "release"]


def test_a_pen_brings_pressure_and_its_eraser(canvas, tool):
    pen = QPointingDevice(
        "pen", 1, QInputDevice.DeviceType.Stylus, QPointingDevice.PointerType.Eraser,
        QInputDevice.Capability.Position | QInputDevice.Capability.Pressure, 1, 3,
    )  # fmt: skip
    at = QPointF(spot(canvas, 50, 60))
    for kind, pressure in ((QEvent.Type.TabletPress, 0.25), (QEvent.Type.TabletRelease, 0.0)):
        held = LEFT if kind == QEvent.Type.TabletPress else Qt.MouseButton.NoButton
        event = QTabletEvent(
            kind, pen, at, canvas.mapToGlobal(at), pressure, 0, 0, 0, 0, 0,
            Qt.KeyboardModifier.NoModifier, LEFT, held,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)
        assert event.isAccepted()
    assert tool.words == ["press", "release"]
    press = tool.told[0][1]
    assert press.pressure == pytest.approx(0.25, abs=0.01) and press.eraser
    assert (press.x, press.y) == pytest.approx((50, 60), abs=1)


def test_the_position_under_the_pointer_is_told_until_it_leaves(canvas, qtbot):
    with qtbot.waitSignal(canvas.pointer_moved) as moved:
        QTest.mouseMove(canvas, spot(canvas, 30, 40))
    assert moved.args == pytest.approx([30, 40], abs=1)
    with qtbot.waitSignal(canvas.pointer_moved) as left:
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert left.args == [-1.0, -1.0]


def test_a_brush_hides_the_cursor_and_draws_its_size_at_any_zoom(canvas):
    canvas.toolbox.activate("brush")
    for zoom in (1.0, 3.0):
        canvas.zoom_to(zoom)
        plain = pixels(canvas)
        QTest.mouseMove(canvas, QPoint(round(190 + zoom), 150))
        assert canvas.cursor().shape() == Qt.CursorShape.BlankCursor
        drawn = np.argwhere((pixels(canvas) != plain).any(-1))
        width = drawn[:, 1].max() - drawn[:, 1].min() + 1
        assert width == pytest.approx(canvas.toolbox.current.options.size * zoom, abs=4)
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
        assert np.array_equal(pixels(canvas), plain)


def test_a_moving_brush_leaves_no_trace_of_its_outline(canvas):
    canvas.toolbox.activate("brush")
    flush(canvas)
    for place in (QPoint(120, 110), QPoint(180, 150), QPoint(240, 160)):
        QTest.mouseMove(canvas, place)
        flush(canvas)
        assert np.array_equal(on_screen(canvas), pixels(canvas))


def test_holding_shows_the_picture_as_it_was_opened(canvas):
    original = picture(seed=9)
    canvas.document.original = TileStore.from_array(original)
    canvas.setFocus()
    left, top = canvas.view.origin
    now = pixels(canvas)
    canvas.hold_original(held=True)
    shown = pixels(canvas)[top : top + HEIGHT, left : left + WIDTH]
    assert np.array_equal(shown[100:, 100:], original[100:, 100:, :3])
    canvas.hold_original(held=False)
    assert np.array_equal(pixels(canvas), now)


def test_the_split_line_shows_both_pictures_and_can_be_dragged_and_turned(canvas, tool):
    original = picture(seed=9)
    canvas.document.original = TileStore.from_array(original)
    canvas.set_compare("split")
    left, top = canvas.view.origin
    shown = pixels(canvas)[top : top + HEIGHT, left : left + WIDTH]
    assert np.array_equal(shown[:60, :100], original[:60, :100, :3])
    assert np.array_equal(shown[:60, -100:], picture()[:60, -100:, :3])
    drag(canvas, QPoint(200, 150), QPoint(240, 150))
    assert canvas.scene.split.x == pytest.approx(0.6)
    drag(canvas, QPoint(240, 10), QPoint(350, 40), QPoint(390, 150))
    assert abs(np.sin(canvas.scene.split.angle)) < 0.1
    assert tool.words == []
    drag(canvas, QPoint(60, 60), QPoint(70, 70))
    assert tool.words == ["press", "move", "release"]
    canvas.set_compare("off")


def test_an_ai_layer_can_be_compared_with_the_document_without_it(canvas):
    document = canvas.document
    over = Layer("Result", TileStore.from_array(picture(seed=4)), clip=True)
    document.add_layer(over)
    canvas.compare_layer(over)
    canvas.set_compare("original")
    left, top = canvas.view.origin
    shown = pixels(canvas)[top : top + HEIGHT, left : left + WIDTH]
    assert np.array_equal(shown[100:, 100:], picture()[100:, 100:, :3])
    canvas.set_compare("off")
    shown = pixels(canvas)[top : top + HEIGHT, left : left + WIDTH]
    assert np.array_equal(shown, picture(seed=4)[..., :3])


def test_the_red_mask_covers_what_is_selected_and_follows_changes(canvas):
    document = canvas.document
    canvas.set_overlay_visible(True)
    plain = pixels(canvas)
    combine(document, np.full((50, 60), 255, np.uint8), Rect(40, 30, 60, 50), "new")
    left, top = canvas.view.origin
    changed = (pixels(canvas) != plain).any(-1)[top:, left:]
    assert changed[30:80, 40:100].mean() > 0.99
    changed[30:80, 40:100] = False
    assert not changed.any()
    flush(canvas)
    combine(document, np.full((20, 20), 255, np.uint8), Rect(200, 150, 20, 20), "add")
    flush(canvas)
    changed = (on_screen(canvas) != plain).any(-1)[top:, left:]
    assert changed[150:170, 200:220].mean() > 0.99
    combine(document, np.full((20, 20), 255, np.uint8), Rect(200, 150, 20, 20), "subtract")
    combine(document, np.full((50, 60), 255, np.uint8), Rect(40, 30, 60, 50), "subtract")
    assert np.array_equal(pixels(canvas), plain)


def test_ants_march_round_a_selection_and_only_while_there_is_one(canvas, qtbot):
    document = canvas.document
    plain = pixels(canvas)
    combine(document, np.full((50, 60), 255, np.uint8), Rect(40, 30, 60, 50), "new")
    with qtbot.waitSignal(canvas.scene.selection.marched):
        pass
    left, top = canvas.view.origin
    changed = np.argwhere((pixels(canvas) != plain).any(-1))
    assert abs(changed.min(0) - [top + 30, left + 40]).max() <= 2
    assert abs(changed.max(0) - [top + 80, left + 100]).max() <= 2
    combine(document, np.full((50, 60), 255, np.uint8), Rect(40, 30, 60, 50), "subtract")
    qtbot.waitUntil(lambda: np.array_equal(pixels(canvas), plain))
    with qtbot.assertNotEmitted(canvas.scene.selection.marched, wait=300):
        pass


def test_transparency_shows_a_neutral_checkerboard_in_both_themes(canvas):
    canvas.set_document(Document(WIDTH, HEIGHT))
    left, top = canvas.view.origin
    for theme in ("dark", "light"):
        canvas.settings.set("theme", theme)
        shown = pixels(canvas)[top : top + HEIGHT, left : left + WIDTH].reshape(-1, 3)
        assert (shown.max(1) == shown.min(1)).all()
        assert len(np.unique(shown[:, 0])) == 2


def test_the_surround_follows_the_settings(canvas):
    canvas.settings.set("canvas_surround", "black")
    assert pixels(canvas)[2, 2].tolist() == [0, 0, 0]
    canvas.settings.set("canvas_surround", "white")
    assert pixels(canvas)[2, 2].tolist() == [255, 255, 255]


def test_the_pixel_grid_is_drawn_from_eight_hundred_per_cent(canvas):
    flat = np.full((HEIGHT, WIDTH, 4), 200, np.uint8)
    flat[..., 3] = 255
    canvas.set_document(Document.from_pixels(flat))
    canvas.zoom_to(7.0)
    assert len(np.unique(pixels(canvas))) == 1
    canvas.zoom_to(8.0)
    row = pixels(canvas)[151, :, 0]
    lines = np.flatnonzero(row != 200)
    assert set(np.diff(lines)) == {8}


def test_another_size_of_the_document_is_fitted(canvas):
    document = canvas.document
    document.do(document.resizing(1000, 900))
    assert canvas.view.document == Size(1000, 900)
    assert canvas.visible_rect() == Rect(0, 0, 1000, 900)


def test_without_a_document_nothing_is_shown_and_nothing_fails(canvas, tool):
    canvas.set_document(None)
    drag(canvas, QPoint(50, 50), QPoint(60, 60))
    wheel(canvas, QPoint(50, 50), 1)
    canvas.set_compare("split")
    assert len(np.unique(pixels(canvas))) == 1
    assert tool.words == ["cancel"] or tool.words == []


def test_the_halves_of_the_split_are_where_its_labels_say():
    window = Size(400, 300)
    upright = Split()
    assert upright.before_polygon(window).boundingRect().right() == pytest.approx(200)
    assert upright.part_at(Point(200, 150), window, 1) == "middle"
    assert upright.part_at(Point(203, 100), window, 1) == "line"
    assert upright.part_at(Point(198, 5), window, 1) == "end"
    assert upright.part_at(Point(230, 5), window, 1) is None
    turned = upright.turned(Point(200, 0), Point(400, 150), window)
    assert turned.angle == pytest.approx(pi)
    assert Split(angle=pi / 2 + 0.05).snapped().angle == pytest.approx(pi / 2)
    assert Split(angle=pi / 2 + 0.2).snapped().angle == pi / 2 + 0.2
    assert upright.moved(-1e6, 0, window).x > 0


def test_each_document_is_seen_again_as_it_was_left(canvas):
    first, second = canvas.document, Document.from_pixels(picture(50, 40))
    canvas.zoom_to(3.0)
    canvas.view.pan_by(-37, 12)
    place = canvas.view.place
    canvas.set_document(second)
    assert canvas.view.place != place
    canvas.set_document(first)
    assert canvas.view.place == place


def test_taking_another_tool_in_a_drag_leaves_the_rest_of_it_to_nobody(canvas, tool):
    canvas.toolbox.activate("hand")
    QTest.mousePress(canvas, LEFT, pos=QPoint(100, 100))
    canvas.toolbox.activate("recorder")
    QTest.mouseMove(canvas, QPoint(120, 100))
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(120, 100))
    assert "move" not in tool.words and "release" not in tool.words


def test_the_hand_and_the_zoom_tool_move_the_view(canvas):
    canvas.zoom_to(4.0)
    canvas.toolbox.activate("hand")
    left = canvas.view.left
    drag(canvas, QPoint(100, 100), QPoint(130, 100), QPoint(150, 100))
    assert canvas.view.left == pytest.approx(left + 50, abs=1)
    canvas.toolbox.activate("zoom")
    before = canvas.view.to_document(150, 120)
    QTest.mouseClick(canvas, LEFT, pos=QPoint(150, 120))
    assert canvas.view.zoom == 8.0
    assert canvas.view.to_document(150, 120) == pytest.approx(before, abs=0.2)
