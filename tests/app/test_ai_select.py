"""AI select: what a pointer says, what is shown, what Enter selects, and how the work in the background behaves."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.ai_select_prompt import Box, Click, Prompt, Scribble
from imgstudio.app.canvas.tools.base import Pointer, Spot, ToolState
from imgstudio.app.controllers.ai_sight import Seen, Sight, SubjectJob, found_in, seen_picture
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.jobs import Cancelled, Progress
from imgstudio.core.snapshot import freeze
from tests.app.fake_networks import FakeNetworks

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
BLUE, RED, GREEN = Rect(10, 10, 30, 40), Rect(60, 20, 25, 25), Rect(60, 60, 30, 15)
IN_BLUE, IN_RED, IN_GREEN = (20, 20), (70, 30), (70, 65)


def painted(dtype=np.uint8):
    """Three boxes on white."""
    pixels = np.full((90, 120, 4), 255, np.uint8)
    for rect, colour in ((BLUE, (20, 40, 200)), (RED, (200, 30, 40)), (GREEN, (40, 160, 60))):
        pixels[rect.slices()] = (*colour, 255)
    return pixels if dtype == np.uint8 else pixels.astype(np.uint16) * np.uint16(257)


def covered(*rects):
    mask = np.zeros((90, 120), bool)
    for rect in rects:
        mask[rect.slices()] = True
    return mask


class Finder:
    """Remembers what the tool wants."""

    def __init__(self):
        self.asked_for = []
        self.accepted_for = []
        self.has = False

    def entered(self): ...

    def left(self): ...

    def asked(self, document, prompt):
        self.asked_for.append(prompt)

    def cleared(self, document):
        self.has = False

    def accepted(self, document):
        self.accepted_for.append(document)

    def subject(self, document):
        self.has = True

    def has_found(self, document):
        return self.has


@pytest.fixture
def tool():
    """The tool alone, over a picture of 120 x 90."""
    toolbox = Toolbox(ToolState(document=Document.from_pixels(painted())))
    toolbox.activate("ai_select")
    toolbox.current.finder = Finder()
    return toolbox.current


def gesture(tool, *points, button="left", **keys):
    tool.press(Pointer(*points[0], button=button, **keys))
    for point in points[1:]:
        tool.move(Pointer(*point, button=button, **keys))
    tool.release(Pointer(*points[-1], button=button, **keys))


@pytest.mark.parametrize(
    ("keys", "wanted"), [({}, True), ({"shift": True}, False), ({"button": "right"}, False)]
)
def test_a_press_that_does_not_move_is_a_place_that_belongs_or_does_not(tool, keys, wanted):
    gesture(tool, (20.5, 30.5), **keys)
    assert tool.prompt.steps == (Click(Point(20.5, 30.5), wanted),)
    assert tool.finder.asked_for == [tool.prompt]
    assert Spot(Point(20.5, 30.5), wanted) in tool.overlay()


def test_a_press_outside_of_the_picture_says_nothing(tool):
    gesture(tool, (-4, 30))
    assert tool.prompt == Prompt()
    assert not tool.finder.asked_for


def test_a_drag_is_a_box_inside_the_picture_whatever_its_direction(tool):
    gesture(tool, (50, 40), (30, 100), (-10, 95))
    assert tool.prompt.steps == (Box(Point(0, 40), Point(50, 90)),)


def test_alt_drag_draws_a_stroke_and_the_other_way_round(tool):
    gesture(tool, (10, 10), (20, 20), (30, 20), alt=True)
    tool.options_edited(replace(tool.options, drag="scribble", size=12.0))
    gesture(tool, (40, 40), (60, 40))
    gesture(tool, (40, 50), (60, 70), alt=True)
    kinds = [type(step) for step in tool.prompt.steps]
    assert kinds == [Scribble, Scribble, Box]
    assert tool.prompt.strokes[0] == ([(10, 10), (20, 20), (30, 20), (30, 20)], 20.0, True)
    assert tool.prompt.strokes[1][1:] == (6.0, True)


def test_a_drag_with_the_right_button_is_a_stroke_over_what_does_not_belong(tool):
    gesture(tool, (10, 10), (40, 40), button="right")
    assert [step.wanted for step in tool.prompt.steps] == [False]
    assert isinstance(tool.prompt.steps[0], Scribble)


def test_a_later_box_takes_the_place_of_the_one_before(tool):
    gesture(tool, (10, 10), (40, 40))
    gesture(tool, (60, 20), (85, 45))
    assert tool.prompt.box == (60, 20, 85, 45)
    tool.key_press("Backspace")
    assert tool.prompt.box == (10, 10, 40, 40)


def test_nothing_is_looked_for_while_ctrl_is_held(tool):
    gesture(tool, (20, 20), ctrl=True)
    gesture(tool, (70, 30), ctrl=True)
    assert not tool.finder.asked_for
    tool.control_released()
    assert [len(prompt.steps) for prompt in tool.finder.asked_for] == [2]
    tool.control_released()
    assert len(tool.finder.asked_for) == 1


def test_backspace_takes_the_last_place_back_and_escape_all(tool):
    gesture(tool, (20, 20))
    gesture(tool, (70, 30), shift=True)
    assert tool.key_press("Backspace")
    assert tool.prompt.clicks == [(20, 20, True)]
    assert tool.finder.asked_for[-1] == tool.prompt
    assert tool.key_press("Escape")
    assert tool.prompt == Prompt()
    assert not tool.key_press("Backspace")


def test_places_stay_with_their_document(tool):
    gesture(tool, (20, 20))
    first = tool.document
    tool.state.document = Document.from_pixels(painted())
    assert tool.prompt == Prompt()
    tool.state.document = first
    assert tool.prompt.clicks == [(20, 20, True)]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_picture_is_seen_as_bytes_with_grey_where_it_is_transparent(dtype):
    pixels = painted(dtype)
    pixels[:45, :, 3] = 0
    document = Document.from_pixels(pixels)
    seen = seen_picture(freeze(document), Progress())
    assert seen.dtype == np.uint8
    assert (seen[:45] == 128).all()
    assert (seen[45:] == painted()[45:, :, :3]).all()


def test_a_picture_of_one_pixel_is_seen():
    document = Document.from_pixels(np.array([[[10, 20, 30, 255]]], np.uint8))
    assert seen_picture(freeze(document), Progress()).tolist() == [[[10, 20, 30]]]


def test_a_question_about_another_picture_is_not_answered():
    sight = Sight(FakeNetworks())
    sight.look(Seen(1, 0), painted()[..., :3], Progress())
    with pytest.raises(Cancelled):
        sight.find(Seen(1, 1), Prompt(), None, Progress())


def test_where_nothing_stands_out_that_is_said():
    sight = Sight(FakeNetworks())
    sight.look(Seen(1, 0), np.full((8, 8, 3), 255, np.uint8), Progress())
    with pytest.raises(UserError, match="Nothing stands out"):
        SubjectJob(sight, Seen(1, 0)).run(Progress())


def test_what_is_found_covers_nothing_outside_of_its_box():
    found = found_in(Rect(3, 4, 2, 1), np.array([[255, 0]], np.uint8))
    assert found.coverage.content_bounds() == Rect(3, 4, 1, 1)


def test_the_tool_and_what_works_for_it_bring_no_tensors():
    code = "import sys, imgstudio.app.__main__, imgstudio.app.controllers.ai_select; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def ai(studio):
    """A window with the tool in hand, whose networks are fakes."""
    work, before = studio.window.ai_select, studio.window.ai_select.sight
    work.sight = Sight(FakeNetworks())
    studio.show_pixels(painted())
    studio.tool("ai_select")
    studio.wait(lambda: work.sight.seen is not None and not work.is_busy)
    yield work
    work.sight.networks.open.set()
    if studio.context.tools.current.id == "ai_select":
        studio.context.tools.current.clear()
    work.sight = before


def click(studio, at, button=LEFT, held=NONE):
    QTest.mouseMove(studio.canvas, studio.on_screen(*at))
    QTest.mouseClick(studio.canvas, button, held, studio.on_screen(*at))


def found(studio, work):
    studio.wait(lambda: not work.is_busy)


def selected(studio):
    return studio.document.selection.read(studio.document.bounds) > 127


def blueness(studio, at):
    """How blue the screen is at a place of the picture, above how red."""
    image, ratio = studio.canvas.grab().toImage(), studio.canvas.devicePixelRatioF()
    place = studio.on_screen(*at)
    colour = image.pixelColor(QPoint(round(place.x() * ratio), round(place.y() * ratio)))
    return colour.blue() - colour.red()


def test_a_click_shows_what_it_found_and_enter_selects_it_in_one_step(studio, ai):
    before = blueness(studio, (64, 38))
    click(studio, IN_RED)
    found(studio, ai)
    assert studio.document.selection.is_empty
    assert blueness(studio, (64, 38)) > before + 40
    studio.press_key(Qt.Key.Key_Return)
    assert (selected(studio) == covered(RED)).all()
    assert len(studio.document.history.labels) == 1
    assert blueness(studio, (64, 38)) == before
    studio.undo()
    assert studio.document.selection.is_empty


def test_a_right_click_corrects_and_opens_no_menu(studio, ai):
    menus = []
    studio.canvas.context_menu.connect(menus.append)
    click(studio, IN_RED)
    click(studio, IN_BLUE)
    click(studio, IN_RED, RIGHT)
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Return)
    studio.canvas.context_menu.disconnect(menus.append)
    assert (selected(studio) == covered(BLUE)).all()
    assert not menus


def test_ctrl_clicks_are_answered_together_when_the_key_comes_up(studio, ai):
    click(studio, IN_RED, held=CTRL)
    click(studio, IN_BLUE, held=CTRL)
    assert not ai.sight.networks.asked
    studio.focus_canvas()
    QTest.keyRelease(studio.canvas, Qt.Key.Key_Control)
    found(studio, ai)
    assert [len(clicks) for clicks, *_ in ai.sight.networks.asked] == [2]


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [("add", (BLUE, RED)), ("subtract", (BLUE,)), ("intersect", ()), ("new", (RED,))],
)
def test_the_mode_says_how_it_joins_the_selection(studio, ai, mode, wanted):
    click(studio, IN_BLUE)
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Return)
    tool = studio.context.tools.current
    tool.options_edited(replace(tool.options, mode=mode))
    click(studio, IN_RED)
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Return)
    assert (selected(studio) == covered(*wanted)).all()
    tool.options_edited(type(tool.options)())


@pytest.mark.parametrize(("mode", "outlined"), [("new", RED), ("add", BLUE)])
def test_the_outline_is_that_of_what_will_be_selected_where_it_replaces_the_selection(
    studio, ai, mode, outlined
):
    click(studio, IN_BLUE)
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Return)
    tool = studio.context.tools.current
    tool.options_edited(replace(tool.options, mode=mode))
    click(studio, IN_RED)
    found(studio, ai)
    canvas = studio.canvas
    assert canvas.scene.selection.box(canvas.view) == canvas.view.screen_rect(outlined, 3)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.scene.selection.box(canvas.view) == canvas.view.screen_rect(BLUE, 3)
    tool.options_edited(type(tool.options)())


def test_from_the_selection_begins_with_it_and_replaces_it(studio, ai):
    click(studio, IN_BLUE)
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Return)
    tool = studio.context.tools.current
    tool.options_edited(replace(tool.options, refine=True))
    click(studio, IN_RED)
    click(studio, IN_BLUE, held=SHIFT)
    found(studio, ai)
    assert (ai.sight.networks.asked[-1][3] == covered(BLUE) * np.uint8(255)).all()
    studio.press_key(Qt.Key.Key_Return)
    assert (selected(studio) == covered(RED)).all()
    tool.options_edited(type(tool.options)())


def test_undo_takes_places_back_before_it_takes_steps_back(studio, ai):
    click(studio, IN_BLUE)
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Return)
    click(studio, IN_RED)
    click(studio, IN_GREEN)
    studio.undo()
    tool = studio.context.tools.current
    assert [(round(x), round(y)) for x, y, _ in tool.prompt.clicks] == [IN_RED]
    studio.undo()
    assert (selected(studio) == covered(BLUE)).all()
    studio.undo()
    assert studio.document.selection.is_empty


def test_the_subject_is_a_start_that_clicks_correct(studio, ai):
    studio.click("tool_options.subject")
    found(studio, ai)
    click(studio, IN_BLUE)
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Backspace)
    found(studio, ai)
    click(studio, IN_GREEN)
    found(studio, ai)
    studio.click("tool_options.apply")
    assert (selected(studio) == covered(RED, GREEN)).all()


def test_the_newest_question_wins_and_late_answers_are_dropped(studio, ai):
    networks = ai.sight.networks
    networks.open.clear()
    click(studio, IN_BLUE)
    studio.wait(lambda: len(networks.asked) == 1)
    QTest.keyClick(studio.canvas, Qt.Key.Key_Escape)
    click(studio, IN_RED)
    networks.open.set()
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Return)
    assert (selected(studio) == covered(RED)).all()


def test_enter_before_the_answer_selects_it_when_it_comes(studio, ai):
    ai.sight.networks.open.clear()
    click(studio, IN_BLUE)
    studio.focus_canvas()
    QTest.keyClick(studio.canvas, Qt.Key.Key_Return)
    assert studio.document.selection.is_empty
    ai.sight.networks.open.set()
    studio.wait(lambda: not studio.document.selection.is_empty)
    assert (selected(studio) == covered(BLUE)).all()


def test_another_tool_accepts_what_was_found(studio, ai):
    click(studio, IN_BLUE)
    found(studio, ai)
    studio.tool("hand")
    assert (selected(studio) == covered(BLUE)).all()
    assert not studio.context.tools.tools["ai_select"].prompt.steps


def test_another_tool_before_the_answer_loses_nothing(studio, ai):
    ai.sight.networks.open.clear()
    click(studio, IN_BLUE)
    studio.tool("hand")
    ai.sight.networks.open.set()
    studio.wait(lambda: not studio.document.selection.is_empty)
    assert (selected(studio) == covered(BLUE)).all()


def test_another_document_keeps_the_places_of_the_first(studio, ai):
    first = studio.document
    click(studio, IN_BLUE)
    found(studio, ai)
    studio.show_pixels(painted()[:, ::-1].copy())
    assert not studio.context.tools.current.prompt.steps
    studio.program.documents.show(first)
    studio.wait(lambda: ai.sight.seen is not None and not ai.is_busy)
    studio.press_key(Qt.Key.Key_Return)
    assert (selected(studio) == covered(BLUE)).all()


def test_a_changed_picture_is_looked_at_anew(studio, ai):
    networks, layer = ai.sight.networks, studio.document.active
    click(studio, IN_BLUE)
    found(studio, ai)
    with studio.document.editing(layer.pixels, "Paint") as edit:
        edit.store.write(GREEN, np.full((GREEN.height, GREEN.width, 4), (20, 40, 200, 255), np.uint8))
        edit.touch(GREEN)
    studio.wait(lambda: len(networks.pictures) == 2 and not ai.is_busy)
    studio.press_key(Qt.Key.Key_Return)
    assert (selected(studio) == covered(BLUE, GREEN)).all()


def test_places_of_a_cropped_picture_are_forgotten(studio, ai):
    click(studio, IN_BLUE)
    found(studio, ai)
    studio.document.do(studio.document.resizing(60, 60))
    studio.wait(lambda: not ai.is_busy)
    assert not studio.context.tools.current.prompt.steps
    assert not studio.context.tools.current.is_busy


def test_a_failure_is_told_in_words_and_not_repeated(studio, ai):
    ai.sight.networks.failure = "The network is tired"
    click(studio, IN_BLUE)
    found(studio, ai)
    assert [error.what for error in studio.errors] == ["The network is tired"]
    assert len(ai.sight.networks.asked) == 1
    studio.press_key(Qt.Key.Key_Return)
    assert len(studio.context.tools.current.prompt.steps) == 1
    studio.errors.clear()


def test_where_nothing_is_found_the_selection_stays(studio, ai):
    click(studio, IN_BLUE)
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Return)
    click(studio, IN_RED, RIGHT)
    found(studio, ai)
    studio.press_key(Qt.Key.Key_Return)
    assert (selected(studio) == covered(BLUE)).all()
    assert len(studio.document.history.labels) == 1


def test_networks_never_work_on_the_window_s_thread(studio, ai):
    click(studio, IN_BLUE)
    found(studio, ai)
    assert threading.main_thread() not in ai.sight.networks.threads


def test_a_closed_document_frees_the_picture(studio, ai):
    studio.program.documents.close(studio.document)
    assert ai.sight.seen is None
