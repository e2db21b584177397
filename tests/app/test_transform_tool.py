"""The transform tool, driven by pointer events on a document."""

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from imgstudio.app.canvas.renderer import Renderer
from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Outline, Pointer, ToolState
from imgstudio.app.canvas.tools.transform_frame import Frame, Grip, turned_about
from imgstudio.app.canvas.tools.transform_numbers import TransformOptions, map_to, numbers_of
from imgstudio.core.document import Document
from imgstudio.core.geometry import IDENTITY, Point, Rect, Transform
from imgstudio.core.layers import Layer, Place
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 640, 480
START = Rect(200, 150, 100, 60)


class Hand:
    """A person with a pasted object and the transform tool."""

    def __init__(self, **values):
        pixels = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
        pixels[..., 3] = 255
        self.document = Document.from_pixels(pixels)
        self.layer = self.add("Eagle", START, **values)
        self.said, self.shown = [], []
        self.state = ToolState(self.document, say=self.said.append, options_changed=self.shown.append)
        self.toolbox = Toolbox(self.state)
        self.toolbox.activate("transform")
        self.tool = self.toolbox.current

    def add(self, name, rect, place=None, **values):
        store = TileStore(4)
        colours = np.random.default_rng(2).integers(0, 256, (rect.height, rect.width, 4), np.uint8)
        colours[..., 3] = 255
        store.write(rect, colours)
        layer = Layer(name, store, **values)
        self.document.add_layer(layer, place)
        self.document.history.clear()
        return layer

    @property
    def numbers(self):
        return self.state.options["transform"]

    @property
    def labels(self):
        return self.document.history.labels

    @property
    def box(self):
        return self.layer.transform.bounds_of(self.layer.pixels.content_bounds())

    def corner(self, across, down):
        box = self.layer.pixels.content_bounds()
        return self.layer.transform.apply(
            box.x + box.width * (across + 1) / 2, box.y + box.height * (down + 1) / 2
        )

    def drag(self, *points, release=True, **keys):
        self.tool.press(Pointer(*points[0], **keys))
        for point in points[1:]:
            self.tool.move(Pointer(*point, **keys))
        if release:
            self.tool.release(Pointer(*points[-1], **keys))

    def type(self, **numbers):
        self.tool.options_edited(replace(self.numbers, **numbers))


@pytest.fixture
def hand():
    return Hand()


def test_the_frame_stands_round_what_is_seen(hand):
    items = {item.style: item for item in hand.tool.overlay() if isinstance(item, Outline)}
    assert items["plain"].points == ((200, 150), (300, 150), (300, 210), (200, 210))
    assert items["pivot"].points == ((250, 180),)
    assert len(items["handle"].points) == 8
    assert (hand.numbers.x, hand.numbers.y, hand.numbers.width, hand.numbers.angle) == (200, 150, 100, 0)
    assert hand.said[-1].startswith("Ctrl bends")


def test_dragging_inside_moves_by_whole_pixels(hand):
    hand.drag((250, 180), (261.4, 175.3))
    assert hand.layer.transform == Transform(e=11, f=-5)
    assert hand.labels == ["Transform"]
    hand.document.history.undo()
    assert hand.layer.transform == IDENTITY


def test_a_corner_scales_in_proportion_and_shift_frees_the_shape(hand):
    hand.drag((300, 210), (350, 240))
    assert hand.box == Rect(200, 150, 150, 90)
    assert (hand.numbers.width, hand.numbers.height) == (150, 150)
    hand.drag((350, 240), (400, 190), shift=True)
    assert hand.box == Rect(200, 150, 200, 40)
    assert hand.labels == ["Transform"]


def test_alt_holds_the_middle(hand):
    hand.drag((300, 210), (350, 240), alt=True)
    assert hand.box == Rect(150, 120, 200, 120)
    hand.drag((350, 180), (300, 180), alt=True)
    assert hand.box == Rect(200, 120, 100, 120)


def test_a_side_scales_one_way_and_may_be_dragged_through(hand):
    hand.drag((300, 180), (340, 300))
    assert hand.box == Rect(200, 150, 140, 60)
    hand.drag((340, 180), (150, 180))
    assert hand.box == Rect(150, 150, 50, 60)
    assert hand.numbers.width == -50


def test_unlinked_a_corner_is_free_and_shift_keeps_the_shape(hand):
    hand.type(linked=False)
    assert hand.labels == []
    hand.drag((300, 210), (400, 230))
    assert hand.box == Rect(200, 150, 200, 80)
    hand.drag((400, 230), (500, 270), shift=True)
    assert hand.box == Rect(200, 150, 300, 120)


def test_outside_a_corner_a_drag_turns_round_the_middle(hand):
    hand.drag((312, 222), (250, 260))
    angle = np.degrees(np.arctan2(80, 0) - np.arctan2(42, 62))
    assert hand.numbers.angle == pytest.approx(angle, abs=1e-4)
    middle = hand.layer.transform.apply(250, 180)
    assert middle == pytest.approx((250, 180))


def test_shift_turns_in_steps_that_count_from_upright(hand):
    hand.type(angle=10)
    corner = hand.corner(1, 1)
    out = Point(corner.x + 12, corner.y + 12)
    hand.drag(out, (out.x - 20, out.y + 20), shift=True)
    assert hand.numbers.angle % 15 == pytest.approx(0, abs=1e-4)
    assert hand.numbers.angle > 10


def test_ctrl_bends_one_corner_and_the_others_stay(hand):
    hand.drag((300, 150), (340, 100), ctrl=True)
    assert not hand.layer.transform.is_affine
    assert hand.corner(1, -1) == pytest.approx((340, 100))
    assert hand.corner(-1, -1) == pytest.approx((200, 150))
    assert hand.corner(1, 1) == pytest.approx((300, 210))
    hand.drag((250, 180), (260, 190))
    assert hand.corner(1, -1) == pytest.approx((350, 110))
    assert hand.labels == ["Transform"]


def test_ctrl_and_shift_tilt_the_plane_evenly(hand):
    hand.drag((200, 150), (220, 152), ctrl=True, shift=True)
    assert hand.corner(-1, -1) == pytest.approx((220, 150))
    assert hand.corner(1, -1) == pytest.approx((280, 150))


def test_a_corner_that_cannot_be_there_stays_at_the_last_good_place(hand):
    hand.drag((300, 210), (280, 195), (100, 100), (210, 155), ctrl=True)
    assert hand.corner(1, 1) == pytest.approx((280, 195))
    hand.drag((200, 180), (299.9, 180), shift=True)  # to no width at all
    assert hand.box.width > 1


def test_ctrl_skews_a_side_along_itself(hand):
    hand.drag((250, 150), (280, 120), ctrl=True)
    assert hand.corner(-1, -1) == pytest.approx((230, 150))
    assert hand.corner(1, 1) == pytest.approx((300, 210))
    assert hand.numbers.skew == pytest.approx(-np.degrees(np.arctan(0.5)), abs=1e-4)


def test_arrows_nudge_and_belong_to_the_same_step(hand):
    hand.drag((250, 180), (260, 180), ctrl=True)
    assert hand.tool.key_press("Left")
    assert hand.tool.key_press("Shift+Down")
    assert hand.layer.transform == Transform(e=9, f=10)
    assert hand.labels == ["Transform"]


def test_escape_gives_back_a_drag_and_then_everything(hand):
    hand.drag((250, 180), (300, 180))
    hand.drag((350, 210), (420, 260), release=False)
    assert hand.tool.is_busy
    assert hand.tool.key_press("Escape")
    assert hand.layer.transform == Transform(e=50)
    hand.tool.release(Pointer(420, 260))
    assert hand.layer.transform == Transform(e=50)
    assert hand.tool.key_press("Escape")
    assert hand.layer.transform == IDENTITY
    assert not hand.tool.is_busy
    assert not hand.tool.key_press("Escape")


@pytest.mark.parametrize("end", ["Return", "double click", "another tool", "another layer"])
def test_what_is_applied_is_one_step_and_what_follows_another(hand, end):
    hand.drag((250, 180), (300, 180))
    hand.drag((300, 180), (310, 180))
    if end == "Return":
        assert hand.tool.key_press("Return")
    elif end == "double click":
        hand.tool.press(Pointer(310, 180))
        hand.tool.double_click(Pointer(310, 180))
        hand.tool.release(Pointer(310, 180))
    elif end == "another tool":
        hand.toolbox.activate("brush")
        hand.toolbox.activate("transform")
    else:
        hand.document.active = hand.document.layers.root[0]
        hand.tool.overlay()
        hand.document.active = hand.layer
    assert not hand.tool.is_busy
    assert hand.layer.transform == Transform(e=60)
    hand.drag((310, 180), (320, 180))
    assert hand.labels == ["Transform"] * 2
    hand.document.history.undo()
    assert hand.layer.transform == Transform(e=60)


def test_another_tool_in_the_middle_of_a_drag_takes_only_the_drag_back(hand):
    hand.drag((250, 180), (300, 180))
    hand.drag((300, 180), (310, 180), release=False)
    hand.toolbox.activate("move")
    assert hand.layer.transform == Transform(e=50)
    assert hand.document.held == ()


def test_what_is_dragged_is_told_and_shown_before_it_is_a_step(hand):
    told, damaged = [], []
    hand.document.held_changed.connect(lambda: told.append(hand.document.held))
    hand.document.damaged.connect(damaged.append)
    hand.drag((250, 180), (270, 180), release=False)
    assert told == [(hand.layer,)]
    assert damaged[-1].intersect(Rect(200, 150, 120, 60)) == Rect(200, 150, 120, 60)
    assert hand.labels == []
    hand.tool.release(Pointer(270, 180))
    assert told == [(hand.layer,), ()]


def test_edges_and_the_middle_of_the_picture_catch_and_ctrl_does_not(hand):
    hand.drag((250, 180), (250 + 66, 180 - 147), release=False)
    assert hand.layer.transform == Transform(e=70, f=-150)
    lines = [item.points for item in hand.tool.overlay() if item.style == "snap"]
    assert lines == [((320, 0), (320, HEIGHT)), ((0, 0), (WIDTH, 0))]
    hand.tool.move(Pointer(250 + 66, 180 - 147, ctrl=True))
    assert hand.layer.transform == Transform(e=66, f=-147)
    hand.tool.release(Pointer(250 + 66, 180 - 147, ctrl=True))
    assert not [item for item in hand.tool.overlay() if item.style == "snap"]


def test_the_reach_of_a_line_is_the_same_on_the_screen_at_any_zoom(hand):
    hand.drag((250, 180), (250 + 66, 180), scale=4.0)
    assert hand.layer.transform == Transform(e=66)


def test_edges_of_other_layers_catch_a_move_and_a_handle(hand):
    hand.add("Nest", Rect(420, 300, 50, 50))
    hand.document.active = hand.layer
    hand.drag((250, 180), (250 + 116, 180))
    assert hand.box == Rect(320, 150, 100, 60)
    hand.drag((420, 180), (466, 180))
    assert hand.box == Rect(320, 150, 150, 60)
    hand.drag((470, 210), (470 + 10, 294), shift=True)
    assert hand.box.bottom == 300


def test_handles_keep_their_size_on_the_screen(hand):
    hand.drag((312, 210), (330, 210), scale=0.5)  # six screen pixels off the corner
    assert hand.numbers.width > 100
    hand = Hand()
    hand.drag((312, 210), (330, 260), scale=4.0)  # 48 screen pixels off: neither handle nor turn
    assert hand.layer.transform == IDENTITY
    hand.tool.hover(Pointer(200, 150, scale=0.1))
    assert len(hand.tool.overlay()[-1].points) == 4  # no room for handles of the sides


@pytest.mark.parametrize(
    ("at", "ctrl", "cursor"),
    [
        ((250, 180), False, "move"),
        ((300, 210), False, "scale falling"),
        ((300, 150), False, "scale rising"),
        ((300, 150), True, "cross"),
        ((250, 150), False, "scale vertical"),
        ((250, 150), True, "scale horizontal"),
        ((200, 180), False, "scale horizontal"),
        ((315, 225), False, "turn"),
        ((500, 400), False, "arrow"),
    ],
)
def test_the_cursor_says_what_a_drag_would_do(hand, at, ctrl, cursor):
    hand.tool.hover(Pointer(*at, ctrl=ctrl))
    assert hand.tool.cursor == cursor


def test_numbers_move_scale_and_turn(hand):
    hand.type(x=10.0)
    hand.type(y=20.5)
    assert hand.layer.transform == Transform(e=-190, f=-129.5)
    hand.type(width=200.0)
    assert hand.numbers.height == 200
    assert hand.corner(0, 0) == pytest.approx((60, 50.5))
    hand.type(angle=90.0)
    assert hand.layer.transform[:4] == (0, 2, -2, 0)
    hand.type(skew=20.0)
    assert hand.numbers.skew == pytest.approx(20)
    assert hand.numbers.angle == pytest.approx(90)
    assert hand.labels == ["Transform"]
    hand.type(width=0.0)
    assert hand.numbers.width == pytest.approx(200)


@given(
    st.floats(-170, 170),
    st.sampled_from([-150.0, 40.0, 100.0]),
    st.sampled_from([30.0, 250.0]),
    st.floats(-60, 60),
    st.booleans(),
)
@settings(max_examples=60)
def test_numbers_that_are_typed_are_the_numbers_that_are_shown(angle, width, height, skew, bent):
    to_document = Transform(e=7)
    if bent:
        to_document = Transform.from_corners(
            START, [Point(10, 0), Point(300, 20), Point(250, 200), Point(-20, 180)]
        )
    frame = Frame(START, to_document)
    before = numbers_of(frame, linked=False)
    wanted = replace(before, width=width, height=height, angle=angle, skew=skew)
    made = Frame(START, to_document.then(map_to(frame, before, wanted)))
    found = numbers_of(made, linked=False)
    assert made.middle == pytest.approx(frame.middle, abs=1e-4)
    if width < 0:  # the same shape has two names
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        there = made.to_document.around(*made.local(0, 0))
        assert (there.a, there.b) == pytest.approx((c * width / 100, s * width / 100), abs=1e-4)
    else:
        assert (found.width, found.height) == pytest.approx((width, height), abs=1e-3)
        assert found.angle == pytest.approx(angle, abs=1e-3)
        assert found.skew == pytest.approx(skew, abs=1e-3)


def test_buttons_flip_turn_and_reset(hand):
    do = {button.id: button.run for button in hand.tool.buttons()}
    do["flip_horizontal"]()
    assert hand.layer.transform == Transform(a=-1, e=500)
    assert (hand.numbers.width, hand.numbers.angle) == (-100, 0)
    do["flip_vertical"]()
    do["turn_right"]()
    assert hand.layer.transform.keeps_pixels
    assert hand.box == Rect(220, 130, 60, 100)
    do["turn_left"]()
    assert hand.box == START
    hand.drag((300, 150), (340, 100), ctrl=True)
    do["reset"]()
    assert hand.layer.transform.is_translation
    do["give_back"]()
    assert hand.layer.transform == IDENTITY
    hand.tool.key_press("Left")
    do["apply"]()
    assert not hand.tool.is_busy


def test_a_turned_layer_keeps_its_turned_frame_when_it_is_taken_again(hand):
    hand.type(angle=30.0)
    hand.toolbox.activate("move")
    hand.toolbox.activate("transform")
    assert hand.numbers.angle == pytest.approx(30)
    outline = next(item for item in hand.tool.overlay() if item.style == "plain")
    assert outline.points[1] == pytest.approx(hand.corner(1, -1))


def test_what_is_clipped_to_a_layer_and_what_a_group_holds_goes_along(hand):
    glow = hand.add("Glow", START, clip=True)
    hand.document.active = hand.layer
    hand.drag((300, 150), (340, 100), ctrl=True)
    assert glow.transform.apply(300, 150) == pytest.approx((340, 100))
    group = Layer("Group", hand.document.new_store(), children=[])
    hand.document.add_layer(group)
    one = hand.add("One", Rect(20, 20, 40, 40), Place(group.id, 0))
    two = hand.add(
        "Two", Rect(100, 60, 40, 40), Place(group.id, 1), transform=Transform(2, 0, 0, 2, -100, -60)
    )
    hand.document.active = group
    hand.tool.overlay()
    assert (hand.numbers.x, hand.numbers.y, hand.numbers.width) == (20, 20, 100)
    hand.drag((180, 140), (260, 200))
    assert one.transform.bounds_of(Rect(20, 20, 40, 40)) == Rect(20, 20, 60, 60)
    assert two.transform.bounds_of(Rect(100, 60, 40, 40)) == Rect(140, 80, 120, 120)


def test_a_change_by_others_is_taken_up(hand):
    hand.drag((250, 180), (300, 180))
    hand.document.history.undo()
    hand.tool.overlay()
    assert hand.numbers.x == 200
    assert not hand.tool.is_busy
    hand.drag((250, 180), (260, 180), ctrl=True)
    hand.document.set_layer(hand.layer, "Opacity", opacity=0.5)
    hand.drag((260, 180), (270, 180), ctrl=True)
    assert hand.labels == ["Transform", "Opacity", "Transform"]
    hand.document.remove_layer(hand.layer)
    assert hand.tool.overlay()[0].points[0] == (0, 0)  # the background is active now


def test_undo_of_an_open_transform_gives_it_back(hand):
    hand.drag((250, 180), (300, 180))
    hand.drag((300, 180), (310, 200))
    assert hand.tool.is_busy
    hand.tool.cancel()
    assert hand.layer.transform == IDENTITY
    hand.document.history.redo()
    assert hand.layer.transform == Transform(e=60, f=20)


@pytest.mark.parametrize(
    ("values", "word"),
    [({"locked": True}, "locked"), ({"visible": False}, "hidden"), ({"pixels": TileStore(4)}, "empty")],
)
def test_what_cannot_be_transformed_is_refused_in_words(values, word):
    hand = Hand()
    hand.document.set_layer(hand.layer, "Set", **values)
    hand.said.clear()
    assert hand.tool.overlay() == []
    hand.drag((250, 180), (300, 180))
    assert hand.tool.key_press("Left")
    for button in hand.tool.buttons():
        button.run()
    assert hand.layer.transform == IDENTITY
    assert word in hand.said[0]
    assert hand.labels == ["Set"]


def test_a_small_frame_leaves_room_to_be_moved():
    small = Frame(Rect(0, 0, 12, 12), Transform(e=100, f=100))
    assert small.grip_at(Point(106, 106), 1.0) == Grip("inside")
    assert small.grip_at(Point(117, 117), 1.0) == Grip("corner", 1, 1)
    assert small.grip_at(Point(106, 106), 8.0) == Grip("inside")


def test_quarters_are_turned_exactly():
    assert turned_about(Point(10, 20), 90) == Transform(0, 1, -1, 0, 30, 10)
    assert turned_about(Point(10, 20), -180) == Transform(-1, 0, 0, -1, 20, 40)


def test_the_options_begin_where_nothing_is_changed():
    assert TransformOptions() == numbers_of(Frame(Rect(0, 0, 5, 5), IDENTITY), linked=True)


def test_a_dragged_layer_is_sketched_and_right_when_it_rests(qtbot):
    hand = Hand(transform=Transform(1.2, 0.3, -0.3, 1.2, 10, -40))
    renderer, bounds = Renderer(hand.document), hand.document.bounds

    def shown():
        image = renderer.picture(0, bounds)
        pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
        return pixels[: bounds.height, : bounds.width].astype(int)

    shown()
    middle = hand.corner(0, 0)
    hand.drag(middle, (middle.x + 40, middle.y + 30), release=False, ctrl=True)
    sketch = shown()
    assert not renderer.is_right(0, bounds)
    hand.tool.release(Pointer(middle.x + 40, middle.y + 30, ctrl=True))
    qtbot.waitUntil(lambda: renderer.is_right(0, bounds))
    final, fresh = shown(), Renderer(hand.document)
    image = fresh.picture(0, bounds)
    exact = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    assert np.array_equal(final, exact[: bounds.height, : bounds.width])
    assert np.abs(sketch - final).mean() < 4
    hand.document.history.undo()
    hand.document.history.redo()
    assert np.array_equal(shown(), final)
    renderer.close()
    fresh.close()
