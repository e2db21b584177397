"""The colour hints brush: what a gesture says, and what is drawn meanwhile."""

from __future__ import annotations

import numpy as np
import pytest

from imgstudio.app.canvas.tools.base import Circle, Pointer, Swath, ToolState
from imgstudio.app.canvas.tools.colour_hints import ColourHintsTool
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point


class Taker:
    """Remembers what it is told."""

    def __init__(self):
        self.is_open = True
        self.strokes, self.picks, self.places, self.taken = [], [], [], []
        self.entries = self.applied = 0

    def entered(self):
        self.entries += 1
        self.is_open = True

    def add_stroke(self, way, radius, does):
        self.strokes.append((way, radius, does))

    def pick(self, at):
        self.picks.append(at)

    def pointed(self, at, *, held):
        self.places.append((at, held))

    def take_likely(self, index):
        self.taken.append(index)
        return index < 2

    def apply(self):
        self.applied += 1


@pytest.fixture
def tool():
    state = ToolState(document=Document.from_pixels(np.zeros((80, 100, 4), np.uint8)))
    made = ColourHintsTool(state)
    made.taker = Taker()
    return made


def drag(tool, *points, **held):
    tool.press(Pointer(*points[0], **held))
    for point in points[1:]:
        tool.move(Pointer(*point, **held))
    tool.release(Pointer(*points[-1], **held))


def test_a_drag_is_one_stroke_and_touches_no_pixel(tool):
    before = tool.document.history.state
    drag(tool, (10, 10), (20, 12), (20, 12), (30, 20))
    assert tool.taker.strokes == [((Point(10, 10), Point(20, 12), Point(30, 20)), 20.0, "colour")]
    assert tool.document.history.state == before
    assert not tool.is_busy


def test_a_click_is_a_stroke_of_one_place(tool):
    drag(tool, (10, 10))
    assert tool.taker.strokes == [((Point(10, 10),), 20.0, "colour")]


def test_shift_click_draws_a_straight_line_from_the_last_stroke(tool):
    drag(tool, (10, 10), (20, 10))
    drag(tool, (50, 40), shift=True)
    assert tool.taker.strokes[-1][0] == (Point(20, 10), Point(50, 40))
    drag(tool, (50, 70), shift=True)
    assert tool.taker.strokes[-1][0] == (Point(50, 40), Point(50, 70))


def test_a_straight_line_begins_where_it_ends_on_another_document(tool):
    drag(tool, (10, 10))
    tool.state.document = Document.from_pixels(np.zeros((80, 100, 4), np.uint8))
    drag(tool, (50, 40), shift=True)
    assert set(tool.taker.strokes[-1][0]) == {Point(50, 40)}


@pytest.mark.parametrize("held", [{"shift": True}, {"button": "right", "alt": True}])
def test_the_size_is_dragged_and_escape_gives_it_back(tool, held):
    drag(tool, (50, 40), (60, 40), **held)
    assert tool.settings.size == 60
    assert not tool.taker.strokes
    tool.press(Pointer(50, 40, **held))
    tool.move(Pointer(70, 40, **held))
    assert tool.key_press("Escape")
    assert tool.settings.size == 60


def test_the_right_button_alone_is_for_the_menu(tool):
    assert not tool.takes_right
    drag(tool, (50, 40), (60, 40), button="right")
    assert not tool.taker.strokes


@pytest.mark.parametrize("held", [{"alt": True}, {"ctrl": True}])
def test_alt_and_ctrl_pick_a_colour_as_long_as_the_button_is_down(tool, held):
    drag(tool, (50, 40), (60, 44), **held)
    assert tool.taker.picks[0] == Point(50, 40)
    assert tool.taker.picks[-1] == Point(60, 44)
    assert not tool.taker.strokes


def test_x_erases_and_goes_back_to_what_was_painted(tool):
    tool.choose("keep")
    drag(tool, (10, 10))
    assert tool.swap()
    drag(tool, (10, 10))
    assert tool.swap()
    drag(tool, (10, 10))
    assert [stroke[2] for stroke in tool.taker.strokes] == ["keep", "erase", "keep"]


def test_the_eraser_end_of_a_pen_erases(tool):
    drag(tool, (10, 10), eraser=True)
    assert tool.taker.strokes[0][2] == "erase"
    assert tool.settings.does == "colour"


def test_digits_take_likely_colours(tool):
    assert tool.digit(1)
    assert not tool.digit(3)
    assert tool.taker.taken == [0, 2]


def test_a_held_key_keeps_what_is_said_about_another_place(tool):
    tool.hover(Pointer(3, 4))
    tool.hover(Pointer(5, 6, ctrl=True))
    assert tool.taker.places == [(Point(3, 4), False), (Point(5, 6), True)]


def test_escape_drops_the_stroke_under_way_and_enter_applies(tool):
    tool.press(Pointer(10, 10))
    assert not tool.key_press("Return") or not tool.taker.applied
    assert tool.take_back()
    tool.release(Pointer(20, 10))
    assert not tool.taker.strokes
    assert tool.key_press("Return")
    assert tool.taker.applied == 1


def test_the_first_press_without_a_page_opens_it(tool):
    tool.taker.is_open = False
    drag(tool, (10, 10))
    assert tool.taker.entries == 1
    assert len(tool.taker.strokes) == 1


def test_the_outline_has_the_size_and_the_colour_of_the_brush(tool):
    tool.state.foreground = (200, 100, 50)
    tool.hover(Pointer(10, 12))
    assert tool.overlay() == [Circle(Point(10, 12), 20.0, fill=(200, 100, 50))]
    tool.choose("erase")
    assert tool.overlay() == [Circle(Point(10, 12), 20.0)]
    tool.press(Pointer(10, 12))
    assert tool.overlay()[0] == Swath((Point(10, 12),), 40.0, wanted=False)
    tool.cancel()
    tool.leave()
    assert tool.overlay() == []
