"""Maps of the plane, and layers that are shown through them."""

import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given, settings

from imgstudio.core import operations as ops
from imgstudio.core.blend import composite, flatten, render_layer
from imgstudio.core.document import Document
from imgstudio.core.geometry import IDENTITY, NEAREST, Point, Rect, Transform
from imgstudio.core.layers import Layer, Place
from imgstudio.core.masking import coverage_in_layer
from imgstudio.core.tiles import TileStore
from imgstudio.core.transforming import Held, shown_bounds, shown_box

BOX = Rect(10, 20, 100, 60)
FLOOR = (Point(60, 10), Point(140, 14), Point(230, 160), Point(-20, 140))
offsets = st.floats(-14, 14)
"""Corners of BOX moved farther than this may make a shape with a dent, which no map shows."""
linear = st.floats(-2, 2)


def corners(rect):
    return [(rect.x, rect.y), (rect.right, rect.y), (rect.right, rect.bottom), (rect.x, rect.bottom)]


def tilted(moves):
    """The map of BOX to itself with each corner moved."""
    places = [Point(x + dx, y + dy) for (x, y), (dx, dy) in zip(corners(BOX), moves, strict=True)]
    return Transform.from_corners(BOX, places), places


def picture(width=200, height=150, seed=1):
    """Smooth colours with a round hole."""
    small = np.random.default_rng(seed).integers(0, 256, (12, 16, 4), np.uint8)
    pixels = np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255)
    rows, columns = np.mgrid[:height, :width]
    pixels[..., 3] = np.where(np.hypot(rows - height / 2, columns - width / 2) < 20, 0, 255)
    return pixels


def photo(transform, **values):
    return Layer("Photo", TileStore.from_array(picture()), transform=transform, **values)


@given(st.lists(st.tuples(offsets, offsets), min_size=4, max_size=4))
@settings(max_examples=60)
def test_a_map_made_of_corners_takes_each_of_them_there_and_back(moves):
    made, places = tilted(moves)
    back = made.inverted()
    for corner, place in zip(corners(BOX), places, strict=True):
        assert made.apply(*corner) == pytest.approx(place, abs=1e-6)
        assert back.apply(*place) == pytest.approx(corner, abs=1e-6)
    assert max(made.nearness(*corner) for corner in corners(BOX)) == pytest.approx(1)


@given(
    st.lists(st.tuples(offsets, offsets), min_size=4, max_size=4),
    linear,
    linear,
    st.floats(0, 1),
    st.floats(0, 1),
)
@settings(max_examples=60)
def test_maps_are_joined_in_order_and_look_affine_from_close_by(moves, b, c, u, v):
    made, _ = tilted(moves)
    after = Transform(1.5, b, c, 3.5, 7, -3)
    assume(not after.is_flat)
    x, y = BOX.x + u * BOX.width, BOX.y + v * BOX.height
    assert made.then(after).apply(x, y) == pytest.approx(after.apply(*made.apply(x, y)), abs=1e-6)
    undone = made.then(after).then(after.inverted()).then(made.inverted())
    assert undone.apply(x, y) == pytest.approx((x, y), abs=1e-4)
    near = made.around(x, y)
    assert near.is_affine
    assert near.apply(x + 1e-4, y) == pytest.approx(made.apply(x + 1e-4, y), abs=1e-5)


def test_a_parallelogram_needs_no_perspective():
    made = Transform.from_corners(BOX, [Point(0, 0), Point(200, 30), Point(220, 130), Point(20, 100)])
    assert made.is_affine
    assert made == pytest.approx(Transform(2, 0.3, 1 / 3, 100 / 60, -20 - 20 / 3, -3 - 100 / 3))


@pytest.mark.parametrize(
    "places",
    [
        [(0, 0), (100, 0), (20, 20), (0, 100)],  # the third corner is inside
        [(0, 0), (100, 100), (100, 0), (0, 100)],  # a bow tie
        [(0, 0), (50, 0), (100, 0), (150, 0)],  # a line
        [(5, 5), (5, 5), (5, 5), (5, 5)],
        [(0, 0), (100, 0), (100, 100), (99.999, 0.5)],  # as good as on the horizon
    ],
)
def test_corners_that_make_no_shape_are_refused(places):
    with pytest.raises(ValueError, match="corners"):
        Transform.from_corners(BOX, [Point(*place) for place in places])


def test_what_is_beyond_the_horizon_is_not_shown_and_boxes_stay_finite():
    floor = Transform.from_corners(BOX, FLOOR)
    everything = floor.bounds_of(Rect(-5000, -5000, 10000, 10000))
    assert floor.bounds_of(BOX) == Rect(-20, 10, 250, 150)
    assert everything.intersect(floor.bounds_of(BOX)) == floor.bounds_of(BOX)
    assert max(map(abs, everything)) < 1 << 27
    assert floor.reach_of(BOX).intersect(floor.bounds_of(BOX)) == floor.bounds_of(BOX)
    behind = next(y for y in range(0, 5000, 10) if floor.nearness(60, y) < 0)
    assert floor.outline_of(Rect(60, behind, 10, 10)) == ()
    assert floor.bounds_of(Rect(60, behind, 10, 10)).is_empty
    edge = [floor.inverted().apply(*point) for point in floor.outline_of(Rect(0, 0, 120, 5000))]
    assert min(floor.nearness(*point) for point in edge) == pytest.approx(NEAREST)


def test_a_crop_of_a_picture_in_perspective_is_the_same_to_the_bit():
    layer = photo(Transform.from_corners(Rect(0, 0, 200, 150), [Point(4 * x, 3 * y) for x, y in FLOOR]))
    whole = render_layer(layer, Rect(-80, 0, 1000, 500), np.uint16)
    random = np.random.default_rng(0)
    for _ in range(6):
        x, y, width, height = (
            int(random.integers(*ends)) for ends in ((0, 700), (0, 400), (1, 200), (1, 90))
        )
        part = Rect(x, y, width, height)
        assert np.array_equal(render_layer(layer, part, np.uint16), whole[part.translated(80, 0).slices()])


@pytest.mark.parametrize("scale", [0.2, 1, 3])
def test_perspective_is_an_average_where_it_shrinks_and_smooth_where_it_grows(scale):
    places = [Point(50 + scale * x, 40 + scale * y) for x, y in FLOOR]
    made = Transform.from_corners(Rect(0, 0, 200, 150), places)
    box = made.bounds_of(Rect(0, 0, 200, 150)).expanded(4)
    shown = render_layer(photo(made), box, np.uint8).astype(np.float32)
    many = 6
    to_fine = made.then(Transform(many, 0, 0, many, -box.x * many, -box.y * many))
    a, b, c, d, e, f, g, h, i = Transform(e=0.5, f=0.5).then(to_fine).then(Transform(e=-0.5, f=-0.5))
    straight = picture().astype(np.float32)
    straight[..., :3] *= straight[..., 3:] / 255
    fine = cv2.warpPerspective(
        straight, np.array([[a, c, e], [b, d, f], [g, h, i]]), (box.width * many, box.height * many)
    )
    wanted = cv2.resize(fine, (box.width, box.height), interpolation=cv2.INTER_AREA)
    shown[..., :3] *= shown[..., 3:] / 255
    assert np.abs(shown - wanted).mean() < 1.0
    assert np.percentile(np.abs(shown - wanted), 99) < 25


def test_hidden_colour_does_not_bleed_into_a_picture_in_perspective():
    pixels = np.full((100, 100, 4), 255, np.uint8)
    pixels[:, 50:] = (255, 0, 0, 0)
    made = Transform.from_corners(
        Rect(0, 0, 100, 100), [Point(10, 5), Point(90, 20), Point(80, 95), Point(5, 70)]
    )
    shown = render_layer(
        Layer("L", TileStore.from_array(pixels), transform=made), Rect(0, 0, 100, 100), np.uint8
    )
    seen = shown[shown[..., 3] > 8]
    assert seen[:, 1:3].min() >= 250


def test_a_mask_and_a_clipped_layer_follow_into_perspective():
    made = Transform.from_corners(Rect(0, 0, 200, 150), [Point(4 * x, 3 * y) for x, y in FLOOR])
    mask = TileStore(1)
    mask.write(Rect(0, 0, 60, 150), np.full((150, 60, 1), 255, np.uint8))
    base, above = photo(made, mask=mask), photo(made, clip=True, blend="multiply")
    area = Rect(0, 0, 900, 480)
    alone, both = composite([base], area, np.uint8), composite([base, above], area, np.uint8)
    assert np.array_equal(alone[..., 3], both[..., 3])
    assert (
        0 < (alone[..., 3] > 0).mean() < 0.5 * (render_layer(photo(made), area, np.uint8)[..., 3] > 0).mean()
    )
    assert (both[..., :3][alone[..., 3] > 0] < alone[..., :3][alone[..., 3] > 0]).any()


def test_the_selection_goes_into_a_layer_in_perspective_and_back():
    made = Transform.from_corners(Rect(0, 0, 200, 150), [Point(3 * x + 80, 3 * y) for x, y in FLOOR])
    document = Document.from_pixels(np.full((500, 900, 4), 255, np.uint8))
    layer = photo(made)
    document.add_layer(layer)
    chosen = Rect(250, 150, 200, 120)
    document.selection.store.write(chosen, np.full((120, 200, 1), 255, np.uint8))
    document.selection.touched()
    inside = coverage_in_layer(document.selection.store, layer, Rect(0, 0, 200, 150))
    middle = made.inverted().apply(350, 210)
    assert inside[int(middle.y), int(middle.x)] == 255
    assert inside[0, 0] == inside[-1, -1] == 0
    ops.add_layer_mask(document, layer, from_selection=True)
    ops.mask_to_selection(document, layer)
    again = document.selection.read(document.bounds) > 127
    wanted = np.zeros_like(again)
    wanted[chosen.slices()] = True
    assert (again & wanted).sum() > 0.95 * (again | wanted).sum()


def bent_document():
    document = Document.from_pixels(picture(300, 200, seed=3))
    layer = photo(Transform.from_corners(Rect(0, 0, 200, 150), [Point(x + 60, y + 10) for x, y in FLOOR]))
    document.layers.root.append(layer)
    document.active = layer
    return document, layer


def test_turning_the_picture_turns_what_is_in_perspective():
    document, _ = bent_document()
    before = flatten(document).astype(int)
    ops.rotate(document, 90)
    assert np.abs(flatten(document) - np.rot90(before, -1)).mean() < 0.5
    ops.rotate(document, 270)
    assert np.abs(flatten(document) - before).mean() < 1e-3
    ops.flip(document, horizontal=True)
    assert np.abs(flatten(document) - before[:, ::-1]).mean() < 0.5


def test_cropping_and_resizing_take_along_what_is_in_perspective():
    document, layer = bent_document()
    before = flatten(document).astype(int)
    ops.crop(document, Rect(40, 20, 200, 120))
    assert np.abs(flatten(document) - before[20:140, 40:240]).mean() < 0.5
    document.history.undo()
    ops.resize_image(document, 150, 100)
    small = cv2.resize(before.astype(np.float32), (150, 100), interpolation=cv2.INTER_AREA)
    assert np.abs(flatten(document) - small).mean() < 3
    document.history.undo()
    ops.crop(document, Rect(40, 20, 200, 120), delete_outside=True)
    assert np.abs(flatten(document) - before[20:140, 40:240]).mean() < 0.5
    assert not layer.transform.is_affine


def test_held_layers_are_shown_elsewhere_and_given_back_without_a_step():
    document, layer = bent_document()
    start, damaged, told = layer.transform, [], []
    document.damaged.connect(damaged.append)
    document.held_changed.connect(lambda: told.append(document.held))
    held = Held(document, layer)
    held.begin_drag()
    held.put(Transform(e=10, f=5))
    assert layer.transform.apply(30, 40) == pytest.approx(start.then(Transform(e=10, f=5)).apply(30, 40))
    held.put(IDENTITY)
    held.end_drag()
    held.end_drag()
    assert layer.transform == start
    assert document.history.labels == []
    assert damaged
    assert told == [(layer,), ()]


def test_a_run_of_kept_changes_is_one_step_from_the_start():
    document, layer = bent_document()
    start, held = layer.transform, Held(document, layer)
    held.keep(Transform(e=10), "Transform")
    held.keep(Transform(e=10, f=20), "Transform", merge=True)
    assert document.history.labels == ["Transform"]
    assert layer.transform.apply(0, 0) == pytest.approx(start.then(Transform(e=10, f=20)).apply(0, 0))
    document.history.undo()
    assert layer.transform == start


def test_what_is_seen_heeds_alpha_and_mask():
    pixels = np.zeros((100, 300, 4), np.uint8)
    pixels[20:60, 30:280, 3] = 9
    layer = Layer("L", TileStore.from_array(pixels), transform=Transform(2, 0, 0, 2, 5, 0))
    assert shown_box(layer) == Rect(30, 20, 250, 40)
    layer.mask = TileStore(1, fill=255)
    layer.mask.write(Rect(0, 0, 300, 30), np.zeros((30, 300, 1), np.uint8))
    assert shown_box(layer) == Rect(30, 30, 250, 30)
    assert shown_bounds(Layer("G", children=[layer])) == Rect(65, 60, 500, 60)
    layer.mask_enabled = False
    assert shown_bounds(layer) == Rect(65, 40, 500, 80)
    layer.pixels = TileStore(4)
    assert shown_bounds(layer).is_empty


def odd_document():
    """A layer of odd size beside the middle, with one clipped to it, in a masked group."""
    document = Document.from_pixels(picture(300, 200, seed=3))
    store = TileStore(4)
    store.write(Rect(40, 30, 81, 52), picture(81, 52, seed=4))
    base = Layer("Base", store)
    glow = Layer("Glow", base.pixels.copy(), clip=True, blend="screen")
    mask = TileStore(1, fill=255)
    mask.write(Rect(40, 30, 20, 20), np.zeros((20, 20, 1), np.uint8))
    group = Layer("Group", document.new_store(), children=[base, glow], mask=mask)
    document.layers.root.append(group)
    return document, group, base


@pytest.mark.parametrize("horizontal", [True, False])
def test_a_layer_is_flipped_in_its_place_to_the_bit(horizontal):
    document, group, base = odd_document()
    before, box = flatten(document), Rect(40, 30, 81, 52).slices()
    alone = render_layer(group, document.bounds, np.uint8)
    ops.flip_layer(document, group, horizontal=horizontal)
    flipped = render_layer(group, document.bounds, np.uint8)
    assert np.array_equal(flipped[box], alone[box][:, ::-1] if horizontal else alone[box][::-1])
    assert base.transform.keeps_pixels
    ops.flip_layer(document, group, horizontal=horizontal)
    assert np.array_equal(flatten(document), before)
    assert len(document.history.labels) == 2
    document.history.go_to(0)
    assert base.transform == IDENTITY


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_layer_is_turned_round_its_middle_to_the_bit(degrees):
    document, _, base = odd_document()
    before = render_layer(base, Rect(40, 30, 81, 52), np.uint8)
    ops.turn_layer(document, base, degrees)
    box = shown_bounds(base)
    assert np.array_equal(render_layer(base, box, np.uint8), np.rot90(before, -degrees // 90))
    assert abs(box.x + box.width / 2 - 80.5) <= 1
    assert abs(box.y + box.height / 2 - 56) <= 1
    assert document.layers.place_of(base) == Place(document.layers.root[1].id, 0)


def test_the_mask_of_a_group_is_bent_with_it():
    document, group, _ = odd_document()
    mask, alone = group.mask, render_layer(group, document.bounds, np.uint8)
    held = Held(document, group)
    box, start = held.frame
    assert (box, start) == (Rect(40, 30, 81, 52), IDENTITY)
    bend = Transform.from_corners(box, [Point(45, 35), Point(150, 20), Point(140, 110), Point(30, 90)])
    held.keep(bend, "Transform")
    assert not group.children[0].transform.is_affine
    hole = bend.apply(48, 38)
    assert group.mask.read(Rect(int(hole.x), int(hole.y), 1, 1)).item() == 0
    document.history.undo()
    assert group.mask is mask
    assert np.array_equal(render_layer(group, document.bounds, np.uint8), alone)


def test_an_applied_transform_looks_the_same_and_can_be_painted_on():
    document, layer = bent_document()
    layer.mask = TileStore(1, fill=255)
    layer.mask.write(Rect(100, 0, 100, 60), np.zeros((60, 100, 1), np.uint8))
    start, before = layer.transform, flatten(document).astype(int)
    ops.apply_transform(document, layer)
    assert layer.transform == IDENTITY
    assert np.abs(flatten(document) - before).mean() < 0.5
    assert document.history.labels == ["Apply transform"]
    document.history.undo()
    assert layer.transform == start
    assert np.array_equal(flatten(document), before)
