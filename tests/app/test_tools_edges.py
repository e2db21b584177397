"""The magnetic lasso and the quick-select brush, driven by pointer events."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Circle, Outline, Pointer, ToolState
from imgstudio.core import selecting
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.layers import Layer
from imgstudio.core.tiles import TileStore

CENTRE, AXES, TURN = (260, 200), (150, 90), 25


def egg(dtype=np.uint8):
    """(h, w, 4): a light ellipse on dark ground, with grain; and its mask."""
    truth = np.zeros((400, 520), np.uint8)
    cv2.ellipse(truth, CENTRE, AXES, TURN, 0, 360, 255, -1)
    rgb = np.where(truth[..., None] > 0, (210, 170, 100), (60, 80, 70))
    rgb = np.clip(rgb + np.random.default_rng(4).normal(0, 8, rgb.shape), 0, 255).astype(np.uint8)
    pixels = np.dstack((rgb, np.full(truth.shape, 255, np.uint8)))
    return (pixels if dtype == np.uint8 else pixels.astype(np.uint16) * 257), truth


def rim(count=90, off=0.0):
    """Places along the egg's edge, by a hand that is not quite steady."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    x, y = (AXES[0] + off) * np.cos(angles), (AXES[1] + off) * np.sin(angles)
    c, s = np.cos(np.deg2rad(TURN)), np.sin(np.deg2rad(TURN))
    shaken = np.random.default_rng(7).normal(0, 2.5, (count, 2))
    return (np.stack([CENTRE[0] + x * c - y * s, CENTRE[1] + x * s + y * c], 1) + shaken).tolist()


class Hand:
    """A person with a picture and a tool."""

    def __init__(self, tool_id, document=None, **options):
        pixels, self.truth = egg()
        self.document = document or Document.from_pixels(pixels)
        self.said = []
        self.state = ToolState(self.document, say=self.said.append)
        self.toolbox = Toolbox(self.state)
        self.toolbox.activate(tool_id)
        self.tool = self.toolbox.current
        self.state.options[tool_id] = replace(self.tool.options, **options)

    @property
    def labels(self):
        return self.document.history.labels

    @property
    def selected(self):
        return self.document.selection.read(self.document.bounds)

    def overlap(self, truth=None):
        found, wanted = self.selected > 127, (self.truth if truth is None else truth) > 127
        return (found & wanted).sum() / (found | wanted).sum()

    def follow(self, points, **keys):
        """Click at the first place, and go along the others."""
        self.tool.press(Pointer(*points[0], **keys))
        self.tool.release(Pointer(*points[0], **keys))
        for point in points[1:]:
            self.tool.hover(Pointer(*point))

    def stroke(self, *points, **keys):
        self.tool.press(Pointer(*points[0], **keys))
        for point in points[1:]:
            self.tool.move(Pointer(*point, **keys))
        self.tool.release(Pointer(*points[-1], **keys))

    def anchors(self):
        return next(len(item.points) for item in self.tool.overlay() if item.style == "handle")


def select_box(document, rect):
    selecting.combine(document, np.full((rect.height, rect.width), 255, np.uint8), rect, "new")
    document.history.clear()


@pytest.mark.parametrize("ending", ["Return", "double click", "click at the start"])
def test_a_shaky_way_round_selects_what_has_the_edge(ending):
    hand = Hand("magnetic")
    points = rim()
    hand.follow(points)

    if ending == "Return":
        assert hand.tool.key_press("Return")
    else:
        end = Pointer(*points[0])
        hand.tool.press(end)
        if ending == "double click":
            hand.tool.double_click(end)

    assert hand.overlap() > 0.98
    assert hand.labels == ["Magnetic lasso"]
    assert not hand.tool.is_busy
    assert hand.tool.overlay() == []


def test_anchors_are_set_where_the_line_stays_and_where_one_clicks():
    by_itself, by_hand = (Hand("magnetic", spacing=spacing) for spacing in (40, 1000))
    points = rim()[:22]
    by_itself.follow(points)
    by_hand.follow(points)
    assert by_itself.anchors() > 2
    assert by_hand.anchors() == 1

    by_hand.tool.press(Pointer(*points[-1]))

    assert by_hand.anchors() == 2


def test_backspace_and_undo_take_the_last_anchor_back_until_none_is_left():
    hand = Hand("magnetic", spacing=1000)
    for number, point in enumerate(rim()[:41]):
        hand.tool.hover(Pointer(*point))
        if number % 10 == 0:
            hand.tool.press(Pointer(*point))
    assert hand.anchors() == 5

    assert hand.tool.key_press("Backspace")
    assert hand.tool.take_back()
    assert hand.anchors() == 3

    for _ in range(3):
        hand.tool.key_press("Backspace")
    assert not hand.tool.is_busy
    assert not hand.tool.take_back()
    assert hand.labels == []


def test_escape_drops_the_line():
    hand = Hand("magnetic")
    hand.follow(rim()[:40])
    assert hand.tool.key_press("Escape")
    assert not hand.tool.is_busy
    assert hand.labels == []
    assert not hand.tool.key_press("Escape")


def test_ctrl_draws_straight():
    hand = Hand("magnetic")
    corners = [(30.0, 30.0), (470.0, 40.0), (480.0, 380.0)]
    for corner in corners:
        hand.tool.hover(Pointer(*corner, ctrl=True))
        hand.tool.press(Pointer(*corner, ctrl=True))
    hand.tool.hover(Pointer(40.0, 370.0, ctrl=True))
    hand.tool.press(Pointer(40.0, 370.0, ctrl=True))

    lines = [item for item in hand.tool.overlay() if item.style == "ants"]

    assert [tuple(point) for point in dict.fromkeys(lines[0].points)] == [*corners, (40.0, 370.0)]


@pytest.mark.parametrize(("keys", "part"), [({"shift": True}, 1.0), ({"alt": True}, 0.0)])
def test_keys_at_the_first_click_decide_how_it_joins(keys, part):
    hand = Hand("magnetic")
    select_box(hand.document, Rect(0, 0, 520, 200))
    hand.follow(rim(), **keys)
    hand.tool.key_press("Return")
    inside = cv2.erode(hand.truth, np.ones((15, 15), np.uint8)) > 0
    assert (hand.selected[inside] > 127).mean() == part
    assert hand.selected[5, 5] == 255


def test_what_encloses_nothing_selects_nothing_and_says_so():
    hand = Hand("magnetic")
    hand.tool.press(Pointer(100, 100))
    hand.tool.key_press("Return")
    assert hand.labels == []
    assert "before you close" in hand.said[-1]


def test_it_begins_inside_the_picture_and_may_go_outside():
    hand = Hand("magnetic")
    hand.tool.press(Pointer(-5, 10))
    assert not hand.tool.is_busy
    assert hand.said[-1] == "Begin inside the picture"

    hand.follow([(10.0, 10.0), (900.0, -50.0), (900.0, 700.0), (-60.0, 500.0)])
    hand.tool.press(Pointer(-60.0, 500.0))
    hand.tool.key_press("Return")
    assert hand.labels == ["Magnetic lasso"]


def test_a_jump_beyond_the_window_is_followed():
    pixels = np.full((900, 2400, 4), 255, np.uint8)
    pixels[450:, :, :3] = 40
    hand = Hand("magnetic", Document.from_pixels(pixels))
    hand.follow([(20.0, 450.0), (1900.0, 452.0)])

    line = next(item for item in hand.tool.overlay() if isinstance(item, Outline) and item.style == "ants")

    assert np.abs(np.array(line.points)[:, 1] - 450).max() < 4
    assert line.points[-1].x > 1880


@pytest.mark.parametrize("tool", ["magnetic", "quick_select"])
def test_a_document_without_layers_and_a_grey_one_are_no_trouble(tool):
    for document in (Document(64, 48), Document.from_pixels(np.full((48, 64, 4), 128, np.uint16))):
        hand = Hand(tool, document)
        hand.stroke((10, 10), (40, 20), (30, 40))
        hand.tool.hover(Pointer(30, 40))
        hand.tool.key_press("Return")
        assert document.selection.bounds().intersect(document.bounds) == document.selection.bounds()


def test_without_a_document_nothing_happens():
    for tool_id in ("magnetic", "quick_select"):
        toolbox = Toolbox(ToolState())
        toolbox.activate(tool_id)
        tool = toolbox.current
        tool.press(Pointer(3, 3))
        tool.move(Pointer(5, 5))
        tool.release(Pointer(5, 5))
        assert not tool.is_busy
        assert tool.overlay() == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_stroke_over_part_of_something_selects_it_in_one_step(dtype):
    hand = Hand("quick_select", Document.from_pixels(egg(dtype)[0]))

    hand.stroke((200, 180), (260, 200), (310, 215))

    assert hand.overlap() > 0.95
    assert hand.labels == ["Quick select"]
    hand.document.history.undo()
    assert hand.document.selection.is_empty


def test_what_a_stroke_takes_is_shown_while_it_is_drawn():
    hand = Hand("quick_select")
    hand.tool.press(Pointer(200, 180))
    hand.tool.move(Pointer(300, 210))
    assert hand.overlap() > 0.8
    assert hand.labels == []


def test_escape_gives_back_what_the_stroke_took():
    hand = Hand("quick_select")
    select_box(hand.document, Rect(0, 0, 20, 20))
    hand.tool.press(Pointer(200, 180))
    hand.tool.move(Pointer(300, 210))

    assert hand.tool.key_press("Escape")

    assert hand.document.selection.bounds() == Rect(0, 0, 20, 20)
    assert hand.labels == []


@pytest.mark.parametrize("keys", [{"alt": True}, {"button": "right"}, {"eraser": True}])
def test_alt_the_right_button_and_the_eraser_take_away(keys):
    hand = Hand("quick_select")
    selecting.select_all(hand.document)

    hand.stroke((200, 180), (260, 200), (310, 215), **keys)

    assert hand.overlap(255 - hand.truth) > 0.97
    assert hand.labels == ["Select all", "Quick select"]


def test_taking_away_from_nothing_says_why_it_does_nothing():
    hand = Hand("quick_select", mode="subtract")
    hand.stroke((200, 180), (260, 200))
    assert hand.labels == []
    assert "nothing to take away" in hand.said[-1]


def test_a_long_stroke_goes_on_beyond_the_window_it_began_in():
    pixels = np.full((300, 3000, 4), 255, np.uint8)
    pixels[..., :3] = (60, 80, 70)
    pixels[100:200, :, :3] = (210, 170, 100)
    hand = Hand("quick_select", Document.from_pixels(pixels))

    hand.stroke(*((x, 150) for x in range(40, 2960, 40)))

    band = np.zeros((300, 3000), np.uint8)
    band[100:200] = 255
    assert hand.overlap(band) > 0.97
    assert len(hand.labels) == 1


def test_the_active_layer_alone_is_looked_at_where_that_is_wanted():
    pixels, truth = egg()
    document = Document.from_pixels(np.full_like(pixels, 200))
    above = Layer("Egg", TileStore.from_array(pixels))
    document.add_layer(above)
    document.active = document.layers.root[0]
    merged, alone = Hand("quick_select", document), Hand("quick_select", document, all_layers=False)

    merged.stroke((200, 180), (260, 200), (310, 215))
    assert merged.overlap(truth) > 0.95
    document.history.undo()
    alone.stroke((200, 180), (260, 200), (310, 215))

    assert alone.overlap(truth) < 0.8


def test_strokes_outside_the_picture_take_nothing():
    hand = Hand("quick_select")
    hand.stroke((-900, -900), (-950, -900))
    assert hand.document.selection.is_empty
    assert hand.labels == []


def test_the_brush_has_its_size_on_the_screen():
    hand = Hand("quick_select", size=50)
    for scale in (0.25, 1.0, 2.0):
        hand.tool.hover(Pointer(100, 100, scale=scale))
        circle = hand.tool.overlay()[0]
        assert isinstance(circle, Circle)
        assert circle.radius == 25 / scale


def test_the_fine_edge_lies_closer_than_the_patches():
    rough, fine = (Hand("quick_select", edges=edges) for edges in (False, True))
    for hand in (rough, fine):
        hand.stroke((200, 180), (260, 200), (310, 215))
    away = [np.abs(hand.selected.astype(int) - hand.truth).mean() for hand in (rough, fine)]
    assert away[1] < away[0]
