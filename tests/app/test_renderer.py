"""What the screen shows is what the exact compositor says, whichever way it was updated."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import ImageCms

from imgstudio.app.canvas.layer_images import ReducedImages, WholeImages
from imgstudio.app.canvas.layer_paint import STEEP, paint_layers, work_of
from imgstudio.app.canvas.renderer import Renderer
from imgstudio.core.blend import BLEND_MODES, composite
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.tiles import TileStore

pytestmark = pytest.mark.usefixtures("qapp")

AREA = Rect(0, 0, 300, 280)
MORE = {"overlay": 0.5, "hard-light": 0.5, "soft-light": 1.9}
"""Levels that these modes add by the slope with which they take over a rounding to 8 bits."""
TAME = [mode for mode in BLEND_MODES if mode not in STEEP]


def noise(seed, *, opaque=False, width=AREA.width, height=AREA.height, depth=np.uint8):
    top = np.iinfo(depth).max
    pixels = np.random.default_rng(seed).integers(0, top + 1, (height, width, 4)).astype(depth)
    if opaque:
        pixels[..., 3] = top
    return pixels


def layer(seed, *, opaque=False, **values):
    made = Layer(f"layer {seed}", TileStore.from_array(noise(seed, opaque=opaque)))
    for name, value in values.items():
        setattr(made, name, value)
    return made


def mask(seed):
    return TileStore.from_array(noise(seed)[..., :1].copy(), fill=255)


def distance(layers, rect=AREA, images=None):
    """Largest difference from the exact compositor, premultiplied, in levels, and how much is over 2.5."""
    exact = composite(layers, rect, np.uint16).astype(np.float64) / 65535
    exact[..., :3] *= exact[..., 3:]
    shown = paint_layers(layers, rect, images or WholeImages())
    difference = np.abs(exact * 255 - shown)
    return difference.max(), (difference > 2.5).mean()


def random_stack(seed, modes=BLEND_MODES):
    """Four layers, one a group of two, with masks, opacities, clipping and offsets."""
    random = np.random.default_rng(seed)

    def one(number):
        made = layer(
            number,
            opaque=bool(random.random() < 0.3),
            opacity=float(random.choice([1.0, 0.7, 0.25])),
            blend=str(random.choice(modes)),
            clip=bool(random.random() < 0.4),
            visible=bool(random.random() < 0.85),
            transform=Transform(e=int(random.integers(-90, 90)), f=int(random.integers(-90, 90))),
        )
        if random.random() < 0.5:
            made.mask = mask(number + 100)
        return made

    group = Layer("group", children=[one(20), one(21)], opacity=0.8, blend=str(random.choice(modes)))
    group.mask = mask(300)
    return [one(10), one(11), group, one(12)]


@pytest.mark.parametrize("mode", BLEND_MODES)
@pytest.mark.parametrize("opaque", [True, False])
def test_every_mode_blends_as_the_exact_compositor_does(mode, opaque):
    for values in ({}, {"opacity": 0.7}, {"mask": mask(3)}, {"clip": True}):
        worst, odd = distance([layer(1, opaque=opaque), layer(2, blend=mode, **values)])
        assert worst <= 2.2 + MORE.get(mode, 0), values
        assert odd < 0.0005


@pytest.mark.parametrize("seed", range(16))
def test_stacks_of_all_modes_match_the_exact_compositor(seed):
    worst, odd = distance(random_stack(seed), Rect(30, 20, 240, 250))
    assert worst <= 4  # each of up to six layers is rounded to 8 bits, most of them well within 2
    assert odd < 0.0005


@pytest.mark.parametrize("seed", range(8))
def test_modes_that_jump_leave_no_more_than_the_roundings_of_straight_and_premultiplied(seed):
    stack = random_stack(seed)
    stack[3].visible, stack[3].blend = True, sorted(STEEP)[seed % len(STEEP)]
    assert distance(stack, Rect(30, 20, 240, 250))[0] <= 1.5


@pytest.mark.parametrize("seed", range(6))
def test_stacks_of_quick_modes_match_the_exact_compositor(seed):
    worst, odd = distance(random_stack(seed, TAME), Rect(30, 20, 240, 250))
    assert worst <= 4
    assert odd < 0.002


def test_a_jumping_mode_in_a_group_is_exact_there_and_follows_a_preview():
    inner = [layer(1, opaque=True), layer(2), layer(3, blend="color-burn")]
    stack = [layer(4, opaque=True), Layer("group", children=inner, opacity=0.5)]
    assert distance(stack)[0] <= 2
    instead = layer(5)
    swapped = [stack[0], Layer("group", children=[inner[0], instead, inner[2]], opacity=0.5)]
    shown = paint_layers(
        stack, AREA, WholeImages(), lambda _, layers: [instead if one is inner[1] else one for one in layers]
    )
    assert np.array_equal(shown, paint_layers(swapped, AREA, WholeImages()))


def test_exact_blending_counts_for_more_work_but_only_where_it_is_done():
    quick = [layer(1), layer(2, blend="multiply")]
    assert work_of(quick) == 2
    assert work_of([*quick, layer(3, blend="hue", visible=False)]) == 2
    assert work_of([*quick, layer(3, blend="hue")]) > 10


def test_a_clipped_layer_never_changes_the_alpha_of_its_base():
    base = layer(3)
    shown = paint_layers([base, layer(4, clip=True, blend="screen")], AREA, WholeImages())
    assert np.array_equal(shown[..., 3], base.pixels.read(AREA)[..., 3])


BENT = Transform.from_corners(
    Rect(0, 0, 512, 512), [Point(40, 20), Point(420, 60), Point(500, 480), Point(-30, 390)]
)


@pytest.mark.parametrize("transform", [Transform(0.8, 0.3, -0.3, 0.8, 60, 10), BENT])
def test_a_resampled_layer_matches_and_follows_later_strokes(transform):
    turned = layer(5, transform=transform)
    images = WholeImages()
    assert distance([layer(6, opaque=True), turned], images=images)[0] <= 2
    turned.pixels.write(Rect(0, 0, 200, 200), np.full((200, 200, 4), 255, np.uint8))
    assert distance([layer(6, opaque=True), turned], images=images)[0] <= 2


def test_a_reduced_stack_is_the_average_of_the_full_one():
    photo = layer(7, opaque=True)
    images = ReducedImages(2)
    whole = paint_layers([photo], Rect(0, 0, 256, 256), WholeImages())
    small = paint_layers([photo], Rect(0, 0, 64, 64), images)
    average = cv2.resize(whole, (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - average).max() <= 1
    photo.pixels.write(Rect(10, 10, 40, 40), np.full((40, 40, 4), 255, np.uint8))
    again = paint_layers([photo], Rect(0, 0, 64, 64), images)
    assert (again[4:11, 4:11] == 255).all()
    assert np.array_equal(again[20:], small[20:])


def document(width=700, height=600, layers=2):
    made = Document.from_pixels(noise(1, opaque=True, width=width, height=height))
    for number in range(1, layers):
        pixels = noise(number + 1, width=width, height=height)
        made.layers.root.append(Layer(f"layer {number}", TileStore.from_array(pixels), opacity=0.6))
    return made


def pixels_of(renderer, level=0, rect=None):
    bounds = renderer.document.bounds
    image = renderer.picture(level, rect or bounds)
    shown = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return shown[: bounds.height >> level, : bounds.width >> level].copy()


def test_updating_dirty_rectangles_gives_what_a_fresh_picture_gives():
    shown = document()
    renderer = Renderer(shown)
    random = np.random.default_rng(5)
    pixels_of(renderer, 2)
    for _ in range(12):
        target = shown.layers.root[int(random.integers(2))]
        spot = Rect(int(random.integers(640)), int(random.integers(540)), 60, 60)
        with shown.editing(target.pixels, "Dab") as edit:
            target.pixels.write(spot, noise(int(random.integers(99)), width=60, height=60))
            edit.touch(spot)
        pixels_of(renderer, int(random.integers(3)), spot)
    shown.history.undo()
    fresh = Renderer(shown)
    for level in range(4):
        assert np.array_equal(pixels_of(renderer, level), pixels_of(fresh, level)), level


def test_only_what_is_seen_is_painted_and_panning_paints_the_rest():
    shown = document(width=1600, height=1300)
    renderer, fresh = Renderer(shown), Renderer(shown)
    whole = pixels_of(fresh)
    seen = Rect(300, 200, 500, 400)
    part = pixels_of(renderer, 0, seen)
    assert np.array_equal(part[seen.slices()], whole[seen.slices()])
    assert not part[700:].any() and not part[:, 900:].any()  # in the same blocks, or further away
    assert renderer.is_right(0, seen) and not renderer.is_right(0, seen.expanded(99))
    random = np.random.default_rng(2)
    for level in (0, 2, 1, 0, 3, 2):
        seen = Rect(int(random.integers(1100)), int(random.integers(900)), 470, 390)
        small = Rect(*(side >> level for side in seen))
        moved = pixels_of(renderer, level, seen)
        assert np.array_equal(moved[small.slices()], pixels_of(fresh, level)[small.slices()])
    assert all(np.array_equal(pixels_of(renderer, level), pixels_of(fresh, level)) for level in range(5))


def test_an_undone_stroke_is_painted_again_where_it_was_and_nowhere_else(qtbot, monkeypatch):
    shown = document(width=1600, height=1300)
    renderer = Renderer(shown)
    pixels_of(renderer)
    target = shown.layers.root[0]
    with shown.editing(target.pixels, "Stroke") as edit:
        for step in range(10):
            spot = Rect(100 + 90 * step, 60 + 90 * step, 100, 100)
            target.pixels.write(spot, noise(step, opaque=True, width=100, height=100))
            edit.touch(spot)
    stroked = pixels_of(renderer)
    painted = []
    paint = renderer._now.pyramid._paint
    monkeypatch.setattr(
        renderer._now.pyramid, "_paint", lambda rect, level: painted.append(rect) or paint(rect, level)
    )
    shown.history.undo()
    undone = pixels_of(renderer)
    assert np.array_equal(undone, pixels_of(Renderer(shown)))
    box = 910 * 910
    assert sum(rect.width * rect.height for rect in painted) < 0.5 * box
    shown.history.redo()
    assert np.array_equal(pixels_of(renderer), stroked)


def counting(renderer, monkeypatch):
    """A list that grows by every rectangle painted from now on."""
    painted, paint = [], renderer._now.pyramid._paint
    monkeypatch.setattr(
        renderer._now.pyramid, "_paint", lambda rect, level: painted.append(rect) or paint(rect, level)
    )
    return painted


def test_undo_and_redo_of_what_was_seen_paint_nothing(monkeypatch):
    shown = document(width=1100, height=900)
    renderer = Renderer(shown)
    pixels_of(renderer)
    shown.history.changed.emit()  # as after any step
    target = shown.layers.root[0]
    states = [pixels_of(renderer)]
    for number in range(3):
        with shown.editing(target.pixels, "Stroke") as edit:
            spot = Rect(200 + 40 * number, 300, 500, 300)
            target.pixels.write(spot, noise(number, opaque=True, width=500, height=300))
            edit.touch(spot)
            pixels_of(renderer)
        states.append(pixels_of(renderer))
    painted = counting(renderer, monkeypatch)
    for wanted in (2, 1, 0):
        shown.history.undo()
        assert np.array_equal(pixels_of(renderer), states[wanted])
    for wanted in (1, 2, 3):
        shown.history.redo()
        assert np.array_equal(pixels_of(renderer), states[wanted])
    for _ in range(3):
        shown.history.undo()
    assert np.array_equal(pixels_of(renderer), states[0])
    assert not painted


@pytest.mark.parametrize("seed", range(6))
def test_blocks_that_come_back_never_show_another_state(seed, monkeypatch):
    """Strokes, undo, redo, opacity, visibility in any order, seen through a window that wanders."""
    monkeypatch.setattr("imgstudio.app.canvas.renderer._AT_ONCE", 1 << 40)  # nothing is shown roughly first
    random = np.random.default_rng(seed)
    shown = document(width=1300, height=1100, layers=3)
    renderer = Renderer(shown)
    seen = Rect(0, 0, 700, 600)

    def stroke(target):
        with shown.editing(target.pixels, "Stroke") as edit:
            for _ in range(2):
                spot = Rect(int(random.integers(1000)), int(random.integers(800)), 200, 200)
                target.pixels.write(spot, noise(int(random.integers(99)), width=200, height=200))
                edit.touch(spot)
                if random.random() < 0.5:
                    pixels_of(renderer, 0, seen)

    for _ in range(40):
        target = shown.layers.root[int(random.integers(3))]
        act = int(random.integers(8))
        if act <= 1:
            stroke(target)
        elif act <= 3 and shown.history.can_undo:
            shown.history.undo()
        elif act == 4 and shown.history.can_redo:
            shown.history.redo()
        elif act == 5:
            shown.set_layer(target, "Opacity", opacity=float(random.choice([0.4, 1.0])))
        elif act == 6:
            shown.set_layer(target, "Hide", visible=not target.visible)
        else:
            seen = Rect(int(random.integers(600)), int(random.integers(500)), 700, 600)
        level = int(random.integers(3))
        small = Rect(*(side >> level for side in seen))
        fresh = pixels_of(Renderer(shown), level)
        assert np.array_equal(pixels_of(renderer, level, seen)[small.slices()], fresh[small.slices()])


def test_no_more_blocks_are_kept_than_allowed(monkeypatch):
    monkeypatch.setattr("imgstudio.app.canvas.kept_blocks.MOST_BLOCKS", 3)
    shown = document(width=1300, height=1100)
    renderer = Renderer(shown)
    pixels_of(renderer)
    for number in range(4):
        shown.set_layer(shown.layers.root[1], "Opacity", opacity=0.1 + 0.2 * number)
        pixels_of(renderer)
    assert len(renderer._now.pyramid._kept) == 3


def test_levels_average_areas_and_odd_sides_are_no_trouble():
    shown = document(width=701, height=333, layers=1)
    level = pixels_of(Renderer(shown), 2)
    expected = cv2.resize(
        shown.layers.root[0].pixels.read(Rect(0, 0, 700, 332)), (175, 83), interpolation=cv2.INTER_AREA
    )[..., [2, 1, 0, 3]]
    assert np.sqrt(((level.astype(float) - expected) ** 2).mean()) < 2


def test_a_preview_looks_exactly_like_the_layer_once_applied():
    shown = document(layers=3)
    above = shown.layers.root[1]
    shown.layers.root[2].clip = True
    result = layer(9, blend="multiply", mask=mask(8))
    renderer = Renderer(shown)
    before = pixels_of(renderer)
    renderer.set_preview(result, above)
    preview, colour = pixels_of(renderer), renderer.colour_at(40.5, 50.5)
    renderer.set_preview(None, None)
    assert np.array_equal(pixels_of(renderer), before)
    shown.add_layer(result, shown.place_above(above))
    assert np.array_equal(pixels_of(renderer), preview)
    assert renderer.colour_at(40.5, 50.5) == colour


def test_a_preview_inside_a_group_is_shown_there():
    shown = document(layers=1)
    inner = layer(2)
    group = Layer("group", children=[inner], opacity=0.5)
    shown.layers.root.append(group)
    renderer = Renderer(shown)
    result = layer(3)
    renderer.set_preview(result, inner)
    preview, colour = pixels_of(renderer), renderer.colour_at(9, 9)
    assert group.children == [inner]
    renderer.set_preview(None, None)
    shown.add_layer(result, shown.place_above(inner))
    assert np.array_equal(pixels_of(renderer), preview)
    assert renderer.colour_at(9, 9) == colour


def test_a_changed_preview_is_painted_again_only_where_it_says(qtbot):
    shown = document()
    renderer = Renderer(shown)
    result = Layer("result", TileStore.from_array(noise(7, width=700, height=600)))
    renderer.set_preview(result, shown.layers.root[1])
    pixels_of(renderer)
    result.pixels.write(Rect(10, 10, 50, 50), np.full((50, 50, 4), 255, np.uint8))
    with qtbot.waitSignal(renderer.damaged) as damage:
        renderer.preview_changed(Rect(10, 10, 50, 50))
    assert damage.args == [Rect(10, 10, 50, 50)]
    assert (pixels_of(renderer)[10:60, 10:60] == 255).all()


def test_a_large_change_is_shown_at_once_and_made_exact_when_idle(qtbot):
    shown = document(width=1600, height=1300, layers=3)
    renderer = Renderer(shown)
    pixels_of(renderer, 2)
    shown.set_layer(shown.layers.root[2], "Opacity", opacity=0.2)
    rough = pixels_of(renderer, 2)
    assert not renderer.is_right(2, shown.bounds)
    qtbot.waitUntil(lambda: renderer.is_right(6, shown.bounds))
    exact = pixels_of(renderer, 2)
    assert np.abs(rough.astype(int) - exact).mean() < 2
    whole = pixels_of(Renderer(shown), 0)
    half = cv2.resize(whole, (800, 650), interpolation=cv2.INTER_AREA)
    assert np.array_equal(exact[:320], cv2.resize(half[:640], (400, 320), interpolation=cv2.INTER_AREA))


def test_blocks_between_two_rough_ones_become_exact_again(qtbot, monkeypatch):
    shown = document(width=1600, height=1300, layers=3)
    shown.layers.root[2].transform = Transform(e=3, f=1)
    renderer = Renderer(shown)
    qtbot.waitUntil(lambda: renderer.is_right(6, shown.bounds))
    exact = pixels_of(renderer, 2)
    monkeypatch.setattr("imgstudio.app.canvas.renderer._AT_ONCE", 0)
    shown.damaged.emit(Rect(0, 0, 10, 10))
    shown.damaged.emit(Rect(1590, 1290, 10, 10))
    assert not np.array_equal(pixels_of(renderer, 2), exact)
    qtbot.waitUntil(lambda: renderer.is_right(6, shown.bounds))
    assert np.array_equal(pixels_of(renderer, 2), exact)


def test_sixteen_bit_documents_are_shown_rounded():
    pixels = noise(4, opaque=True, depth=np.uint16)
    shown = pixels_of(Renderer(Document.from_pixels(pixels)))
    assert np.abs(shown[..., [2, 1, 0, 3]] - pixels / 257).max() <= 0.5


def test_the_picture_as_it_was_and_the_picture_without_a_layer_can_be_compared():
    shown = document(layers=2)
    renderer = Renderer(shown)
    assert not renderer.can_compare
    shown.original = TileStore.from_array(noise(77, opaque=True, width=700, height=600))
    assert renderer.can_compare
    image = renderer.before(0, shown.bounds)
    before = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[:600, :700]
    assert np.array_equal(before[..., [2, 1, 0, 3]], shown.original.read(shown.bounds))
    renderer.compare_with(shown.layers.root[1])
    image = renderer.before(0, shown.bounds)
    before = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[:600, :700]
    assert np.array_equal(before[..., [2, 1, 0, 3]], shown.layers.root[0].pixels.read(shown.bounds))


def test_a_new_size_makes_a_new_picture(qtbot):
    shown = document(layers=1)
    renderer = Renderer(shown)
    pixels_of(renderer)
    with qtbot.waitSignal(renderer.resized):
        shown.do(shown.resizing(350, 400))
    assert pixels_of(renderer).shape == (400, 350, 4)


def test_another_profile_is_converted_to_srgb_and_srgb_is_left_alone():
    shown = document(layers=1)
    renderer = Renderer(shown)
    plain = pixels_of(renderer)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    shown.metadata = replace(shown.metadata, icc=srgb)
    assert np.array_equal(pixels_of(renderer), plain)
    # Its red primary is sRGB's green one and the other way round.
    swapped = srgb.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    shown.metadata = replace(shown.metadata, icc=swapped)
    assert np.abs(pixels_of(renderer)[..., [0, 2, 1, 3]].astype(int) - plain).max() <= 2
    assert renderer.colour_at(3, 3) == tuple(shown.layers.root[0].pixels.read(Rect(3, 3, 1, 1))[0, 0])


def test_a_profile_that_cannot_be_used_is_ignored():
    shown = document(layers=1)
    plain = pixels_of(Renderer(shown))
    for profile in (b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()):
        shown.metadata = replace(shown.metadata, icc=profile)
        assert np.array_equal(pixels_of(Renderer(shown)), plain)


def test_the_colour_under_the_pointer_is_the_straight_colour_of_the_document():
    shown = document(layers=1)
    shown.layers.root[0].pixels.write(Rect(5, 6, 1, 1), np.array([[[10, 20, 30, 90]]], np.uint8))
    renderer = Renderer(shown)
    assert renderer.colour_at(5.9, 6.1) == (10, 20, 30, 90)
    assert renderer.colour_at(-1, -1) == (0, 0, 0, 0)
