"""Tools driven by pointer events on a document, without any widget."""

from dataclasses import replace

import numpy as np
import pytest

from imgstudio.app.canvas.tools import Toolbox, brush_keys
from imgstudio.app.canvas.tools.base import Circle, Pointer, Shade, ToolState
from imgstudio.core import params
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect, Transform
from imgstudio.core.layers import Layer, Place
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 320, 240


class Hand:
    """Acts on a toolbox like a person with a mouse."""

    def __init__(self, dtype=np.uint8):
        pixels = np.full((HEIGHT, WIDTH, 4), np.iinfo(dtype).max, dtype)
        self.document = Document.from_pixels(pixels)
        self.said = []
        self.state = ToolState(document=self.document, say=self.said.append)
        self.toolbox = Toolbox(self.state)

    def take(self, tool_id, **options):
        self.toolbox.activate(tool_id)
        if options:
            self.state.options[tool_id] = replace(self.state.options[tool_id], **options)
        return self.toolbox.current

    def drag(self, *points, release=True, **keys):
        """Press at the first point, go through the others, let go at the last."""
        tool = self.toolbox.current
        tool.press(Pointer(*points[0], **keys))
        for point in points[1:]:
            tool.move(Pointer(*point, **keys))
        if release:
            tool.release(Pointer(*points[-1], **keys))

    def click(self, x, y, **keys):
        self.drag((x, y), **keys)

    def picture(self):
        return self.document.layers.root[0].pixels.read(self.document.bounds)

    def selected(self):
        return self.document.selection.read(self.document.bounds)

    def labels(self):
        return self.document.history.labels

    def add(self, name, rect, colour=(255, 0, 0, 255), **attributes):
        store = TileStore(4, self.document.dtype)
        store.write(rect, np.full((rect.height, rect.width, 4), colour, self.document.dtype))
        layer = Layer(name, store, **attributes)
        self.document.add_layer(layer)
        self.document.history.clear()
        return layer


@pytest.fixture
def hand():
    return Hand()


DRAGS = {
    "move": [(50, 50), (60, 70)],
    "rectangle": [(10, 10), (60, 50)],
    "ellipse": [(10, 10), (60, 50)],
    "lasso": [(10, 10), (60, 10), (60, 50), (10, 50)],
    "mask_brush": [(50, 50), (80, 60), (100, 90)],
    "brush": [(50, 50), (80, 60), (100, 90)],
    "eraser": [(50, 50), (80, 60), (100, 90)],
}


@pytest.mark.parametrize("tool_id", DRAGS)
def test_a_drag_is_one_undo_step_that_undo_takes_back(hand, tool_id):
    before, transform = hand.picture(), hand.document.active.transform
    hand.take(tool_id)
    hand.drag(*DRAGS[tool_id])
    assert len(hand.labels()) == 1
    assert not hand.toolbox.current.is_busy
    hand.document.history.undo()
    assert (hand.picture() == before).all()
    assert hand.document.selection.is_empty
    assert hand.document.active.transform == transform


@pytest.mark.parametrize("end", ["cancel", "Escape", "another tool"])
@pytest.mark.parametrize("tool_id", DRAGS)
def test_a_cancelled_drag_leaves_no_trace(hand, tool_id, end):
    before, transform = hand.picture(), hand.document.active.transform
    tool = hand.take(tool_id)
    hand.drag(*DRAGS[tool_id], release=False)
    assert tool.is_busy
    if end == "cancel":
        tool.cancel()
    elif end == "Escape":
        assert tool.key_press("Escape")
    else:
        hand.take("zoom")
    tool.release(Pointer(90, 90))
    assert not tool.is_busy
    assert hand.labels() == []
    assert (hand.picture() == before).all()
    assert hand.document.selection.is_empty
    assert hand.document.active.transform == transform


@pytest.mark.parametrize(
    "tool_id",
    [*DRAGS, "crop", "polygon", "magnetic", "wand", "quick_select", "fill", "eyedropper", "hand", "zoom"],
)
def test_no_tool_minds_that_no_picture_is_open(tool_id):
    toolbox = Toolbox(ToolState())
    toolbox.activate(tool_id)
    tool = toolbox.current
    tool.hover(Pointer(3, 3))
    tool.press(Pointer(5, 5))
    tool.move(Pointer(9, 9))
    tool.release(Pointer(9, 9))
    tool.double_click(Pointer(9, 9))
    tool.key_press("Return")
    tool.key_press("Left")
    tool.overlay()
    tool.leave()


def test_every_tool_says_what_it_is_and_has_its_own_key():
    tools = Toolbox(ToolState()).tools
    assert list(tools) == [
        *("move", "transform", "crop", "rectangle", "ellipse", "lasso", "polygon", "magnetic", "wand"),
        *("quick_select", "ai_select", "mask_brush", "brush", "eraser", "fill"),
        *("label_superpixels", "label_accept", "label_objects", "colour_hints"),
        *("eyedropper", "hand", "zoom"),
    ]
    assert all(tool.name and tool.help and tool.icon.startswith("mdi6.") for tool in tools.values())
    assert len({tool.key for tool in tools.values()}) == len(tools)


def test_the_options_of_every_tool_can_be_shown_as_a_form_and_kept():
    state = ToolState()
    for tool_id in Toolbox(state).tools:
        options = state.options.get(tool_id)
        if options is not None:
            params.check(options)
            assert params.from_json(type(options), params.to_json(options)) == options


def test_taking_another_tool_is_announced_once(hand):
    heard = []
    hand.toolbox.changed.connect(lambda: heard.append(hand.toolbox.current.id))
    hand.take("brush")
    hand.take("brush")
    assert heard == ["brush"]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_brush_paints_the_foreground_colour(dtype):
    hand = Hand(dtype)
    hand.state.foreground = (255, 0, 51)
    hand.take("brush", size=20.0, hardness=1.0)
    hand.drag((50, 50), (80, 50))
    assert (hand.picture()[50, 65] == np.array([255, 0, 51, 255]) * (np.iinfo(dtype).max // 255)).all()
    assert (hand.picture()[80, 65] == np.iinfo(dtype).max).all()


def test_painting_stays_inside_the_selection(hand):
    hand.take("rectangle")
    hand.drag((40, 40), (60, 60))
    before = hand.picture()
    hand.take("brush", size=60.0)
    hand.drag((30, 50), (90, 50))
    changed = (hand.picture() != before).any(-1)
    assert changed[50, 50]
    assert changed.sum() == 400


def test_the_brush_paints_a_moved_layer_in_its_own_place(hand):
    layer = hand.add("Sticker", Rect(0, 0, 50, 50), transform=Transform(e=100, f=60))
    hand.take("brush", size=10.0, hardness=1.0)
    hand.click(120, 80)
    assert layer.pixels.read(Rect(20, 20, 1, 1))[0, 0].tolist() == [0, 0, 0, 255]


def test_the_eraser_makes_transparent(hand):
    hand.take("eraser", size=20.0, hardness=1.0)
    hand.drag((50, 50), (80, 50))
    assert hand.picture()[50, 60].tolist() == [255, 255, 255, 0]


def test_on_a_mask_the_eraser_hides_and_the_brush_shows_and_x_swaps_them(hand):
    layer = hand.document.active
    hand.document.set_layer(layer, "Add mask", mask=TileStore(1, fill=255))
    hand.state.target = "mask"
    before = hand.picture()
    hand.take("eraser", size=20.0, hardness=1.0)
    hand.click(50, 50)
    assert layer.mask.read(Rect(50, 50, 1, 1)).item() == 0
    hand.take("brush", size=20.0, hardness=1.0)
    hand.click(50, 50)
    assert layer.mask.read(Rect(50, 50, 1, 1)).item() == 255
    hand.state.erasing = True
    hand.click(50, 50)
    assert layer.mask.read(Rect(50, 50, 1, 1)).item() == 0
    assert (hand.picture() == before).all()


def test_the_mask_brush_paints_the_selection_and_right_or_x_erases(hand):
    hand.take("mask_brush", size=30.0, hardness=1.0)
    hand.drag((50, 50), (100, 50))
    assert hand.selected()[50, 75] == 255
    hand.drag((75, 50), (76, 50), button="right")
    assert hand.selected()[50, 75] == 0
    assert hand.selected()[50, 50] == 255
    hand.state.erasing = True
    hand.take("mask_brush", size=60.0)
    hand.drag((50, 50), (100, 50))
    assert hand.document.selection.is_empty
    assert len(hand.labels()) == 3


def test_the_eraser_end_of_a_pen_erases_with_the_brush(hand):
    hand.take("brush", size=20.0, hardness=1.0)
    hand.click(50, 50, eraser=True)
    assert hand.picture()[50, 50, 3] == 0


@pytest.mark.parametrize(
    ("attributes", "hint"),
    [
        ({"locked": True}, "locked"),
        ({"visible": False}, "hidden"),
        ({"children": []}, "group"),
        ({"transform": Transform(a=2.0)}, "Apply transform first"),
        ({"transform": Transform(e=0.5)}, "Apply transform first"),
    ],
)
@pytest.mark.parametrize("tool_id", ["brush", "eraser", "fill"])
def test_a_layer_that_cannot_be_painted_on_says_why(hand, attributes, hint, tool_id):
    layer = hand.add("Sticker", Rect(0, 0, 50, 50), **attributes)
    before = layer.pixels.snapshot()
    hand.take(tool_id)
    hand.drag((20, 20), (30, 30))
    assert hand.labels() == []
    assert layer.pixels.snapshot().shares_all_with(before)
    assert any(hint in message for message in hand.said)


def test_a_layer_in_a_hidden_group_counts_as_hidden(hand):
    hand.add("Group", Rect(0, 0, 1, 1), children=[], visible=False)
    group = hand.document.active
    inside = Layer("Inside", hand.document.new_store())
    hand.document.add_layer(inside, Place(group.id, 0))
    hand.document.history.clear()
    hand.take("brush")
    hand.drag((20, 20), (30, 30))
    assert hand.labels() == []
    assert "hidden" in hand.said[-1]


def test_a_mask_that_is_not_there_is_asked_for(hand):
    hand.state.target = "mask"
    hand.take("brush")
    hand.click(20, 20)
    assert "no mask" in hand.said[-1]


def test_shift_click_draws_a_straight_line_from_the_last_stroke(hand):
    hand.take("brush", size=6.0, hardness=1.0)
    hand.click(20, 20)
    hand.click(120, 20, shift=True)
    assert (hand.picture()[20, 20:120, 0] == 0).all()
    assert len(hand.labels()) == 2


@pytest.mark.parametrize("keys", [{"shift": True}, {"alt": True, "button": "right"}])
def test_dragging_with_a_key_changes_the_size_and_paints_nothing(hand, keys):
    told = []
    hand.state.options_changed = told.append
    hand.take("brush", size=20.0)
    hand.drag((50, 50), (60, 50), (75, 50), **keys)
    assert hand.state.options["brush"].size == 70.0
    assert hand.labels() == []
    assert told[-1] == "brush"
    hand.drag((50, 50), (-9000, 50), **keys)
    assert hand.state.options["brush"].size == 1.0


def test_each_brush_keeps_its_own_size(hand):
    hand.take("brush", size=20.0)
    hand.take("eraser")
    brush_keys.change_size(hand.toolbox, 1.2)
    assert hand.state.options["brush"].size == 20.0
    assert hand.state.options["eraser"].size == 36.0


def test_size_keys_always_change_the_size_and_stay_in_range(hand):
    hand.take("brush", size=1.0)
    brush_keys.change_size(hand.toolbox, 1.1)
    assert hand.state.options["brush"].size == 2.0
    for _ in range(3):
        brush_keys.change_size(hand.toolbox, 1 / 1.1)
    assert hand.state.options["brush"].size == 1.0
    for _ in range(20):
        brush_keys.change_size(hand.toolbox, 2)
    assert hand.state.options["brush"].size == 2000.0


def test_hardness_and_opacity_keys(hand):
    hand.take("brush", hardness=0.95)
    brush_keys.change_hardness(hand.toolbox, 0.1)
    brush_keys.set_opacity(hand.toolbox, brush_keys.opacity_of_digit(3))
    assert (hand.state.options["brush"].hardness, hand.state.options["brush"].opacity) == (1.0, 0.3)
    hand.take("move")
    brush_keys.change_size(hand.toolbox, 2)
    assert hand.state.options["brush"].size == 30.0


def test_alt_click_picks_a_colour_with_the_brush(hand):
    hand.add("Sticker", Rect(0, 0, 50, 50), (10, 20, 30, 255))
    hand.take("brush")
    hand.click(20, 20, alt=True)
    assert hand.state.foreground == (10, 20, 30)
    assert hand.labels() == []


def test_the_brush_outline_has_the_true_size(hand):
    tool = hand.take("brush", size=40.0, hardness=0.5)
    assert tool.overlay() == []
    tool.hover(Pointer(33, 44))
    assert tool.overlay() == [Circle(Point(33, 44), 20.0, 10.0)]


def test_symmetry_mirrors_about_the_middle_of_the_picture(hand):
    hand.take("brush", size=11.0, mirror="both")
    hand.drag((40, 50), (70, 66))
    picture = hand.picture().astype(int)
    assert (picture[50, 40] != 255).any()
    assert np.abs(picture - picture[:, ::-1]).max() <= 1
    assert np.abs(picture - picture[::-1]).max() <= 1


def test_fill_pours_over_what_is_similar_and_only_there(hand):
    hand.add("Sticker", Rect(20, 20, 50, 50), (10, 20, 30, 255))
    hand.state.foreground = (0, 255, 0)
    hand.take("fill", smooth=False)
    hand.click(40, 40)
    layer = hand.document.active
    assert (layer.pixels.read(Rect(20, 20, 50, 50)) == (0, 255, 0, 255)).all()
    assert layer.pixels.content_bounds() == Rect(20, 20, 50, 50)
    assert hand.labels() == ["Fill"]


def test_fill_stays_inside_the_selection(hand):
    hand.take("rectangle")
    hand.drag((40, 40), (60, 60))
    hand.state.foreground = (9, 9, 9)
    for area in ("similar", "everything"):
        hand.take("fill", area=area)
        hand.click(50, 50)
        assert (hand.picture()[..., 0] == 9).sum() == 400
        hand.document.history.undo()


def test_the_eyedropper_takes_front_and_back_colours(hand):
    hand.add("Sticker", Rect(0, 0, 50, 50), (10, 20, 30, 255))
    hand.take("eyedropper")
    hand.click(20, 20)
    hand.click(100, 100, alt=True)
    assert hand.state.foreground == (10, 20, 30)
    assert hand.state.background == (255, 255, 255)
    hand.take("eyedropper", sample="3 x 3")
    hand.click(50.5, 20)
    assert hand.state.foreground == (173, 177, 180)
    hand.take("eyedropper", all_layers=False)
    hand.click(200, 200)
    assert "no colour" in hand.said[-1]


def test_the_hand_pans_by_screen_pixels_and_zoom_works_at_the_pointer(hand):
    pans, zooms = [], []
    hand.state.pan_by = lambda dx, dy: pans.append((dx, dy))
    hand.state.zoom_at = lambda factor, event: zooms.append((round(factor, 3), event.point))
    hand.take("hand")
    tool = hand.toolbox.current
    tool.press(Pointer(10, 10, scale=2))
    tool.move(Pointer(15, 7, scale=2))
    assert pans == [(10, -6)]
    hand.take("zoom")
    hand.click(30, 40)
    hand.click(30, 40, alt=True)
    assert zooms == [(2.0, Point(30, 40)), (0.5, Point(30, 40))]
    zooms.clear()
    hand.drag((30, 40), (80, 40))
    assert zooms[0] == (round(1.01**50, 3), Point(30, 40))


def test_a_drag_with_the_crop_tool_shades_the_rest_and_enter_crops(hand):
    tool = hand.take("crop")
    hand.drag((20, 30), (120, 90))
    assert tool.overlay()[0] == Shade(Rect(20, 30, 100, 60))
    assert hand.labels() == []
    assert tool.key_press("Return")
    assert hand.document.bounds == Rect(0, 0, 100, 60)
    assert len(hand.labels()) == 1
    assert not tool.is_busy


@pytest.mark.parametrize(
    ("start", "end"), [((40, 60), (240, 80)), ((200, 20), (180, 220)), ((240, 80), (40, 60))]
)
def test_a_line_drawn_with_ctrl_becomes_level_or_upright(hand, start, end):
    tool = hand.take("crop")
    hand.drag(start, (100, 100), release=False, ctrl=True)
    assert len(tool.overlay()) == 1
    tool.move(Pointer(*end, ctrl=True))
    tool.release(Pointer(*end, ctrl=True))
    assert hand.labels() == ["Straighten"]
    transform = hand.document.active.transform
    one, other = transform.apply(*start), transform.apply(*end)
    assert min(abs(one.x - other.x), abs(one.y - other.y)) < 1e-6
    assert not tool.is_busy


def test_a_line_given_up_or_only_clicked_turns_nothing(hand):
    tool = hand.take("crop")
    hand.drag((40, 60), (240, 80), release=False, ctrl=True)
    assert tool.key_press("Escape")
    tool.release(Pointer(240, 80))
    hand.click(40, 60, ctrl=True)
    assert hand.labels() == []


def test_a_double_click_inside_the_box_crops(hand):
    tool = hand.take("crop")
    hand.drag((20, 30), (120, 90))
    hand.click(60, 60)
    tool.press(Pointer(60, 60))
    tool.double_click(Pointer(60, 60))
    tool.release(Pointer(60, 60))
    assert hand.document.bounds == Rect(0, 0, 100, 60)
    assert tool.box is None


def test_escape_drops_the_crop_box(hand):
    tool = hand.take("crop")
    hand.drag((20, 30), (120, 90))
    assert tool.key_press("Escape")
    assert tool.overlay() == []
    assert hand.document.bounds == Rect(0, 0, WIDTH, HEIGHT)
    assert not tool.key_press("Return")


def test_the_crop_box_is_adjusted_by_its_handles_and_moved_by_its_inside(hand):
    tool = hand.take("crop")
    hand.drag((20, 30), (120, 90))
    hand.drag((120, 60), (150, 70))
    assert tool.box == Rect(20, 30, 130, 60)
    hand.drag((20, 30), (10, 10))
    assert tool.box == Rect(10, 10, 140, 80)
    hand.drag((80, 50), (90, 45))
    assert tool.box == Rect(20, 5, 140, 80)
    hand.drag((80, 50), (9000, 9000))
    assert tool.box == Rect(WIDTH - 140, HEIGHT - 80, 140, 80)
    hand.click(5, 5)
    assert tool.box == Rect(WIDTH - 140, HEIGHT - 80, 140, 80)


@pytest.mark.parametrize("end", [(200, 130), (90, 230), (-50, 500), (900, 10), (40, 0)])
@pytest.mark.parametrize(
    ("ratio", "shape"), [("1:1", 1), ("3:2", 1.5), ("16:9", 16 / 9), ("original", 4 / 3)]
)
def test_the_crop_box_keeps_its_ratio_inside_the_picture(hand, end, ratio, shape):
    tool = hand.take("crop", ratio=ratio)
    hand.drag((50, 60), end)
    box = tool.box
    assert box.intersect(hand.document.bounds) == box
    sides = sorted((box.width, box.height))
    assert abs(sides[1] - sides[0] * shape) <= shape + 0.5
    hand.drag((box.right, box.y + box.height / 2), (box.right - 12, 0))
    sides = sorted((tool.box.width, tool.box.height))
    assert abs(sides[1] - sides[0] * shape) <= shape + 0.5
