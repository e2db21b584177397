import hypothesis.strategies as st
import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings

from imgstudio.core import operations as ops
from imgstudio.core.blend import BLEND_MODES, flatten, render_layer
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.imagefile import JpegInfo
from imgstudio.core.imageformats import xmp
from imgstudio.core.layers import Layer
from imgstudio.core.recipe import Recipe, RecipeStep
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 40, 30
AREA = Rect(-30, -30, 110, 110)


def noise(seed, width=WIDTH, height=HEIGHT, dtype=np.uint8, *, opaque=False):
    pixels = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, (height, width, 4), dtype)
    if opaque:
        pixels[..., 3] = np.iinfo(dtype).max
    return pixels


def mask_of(seed, rect):
    store = TileStore(1, fill=255)
    random = np.random.default_rng(seed)
    store.write(rect, random.integers(0, 256, (rect.height, rect.width, 1), np.uint8))
    return store


def sample(dtype=np.uint8):
    """A document with one of everything; "B" is its second layer."""
    document = Document.from_pixels(noise(1, dtype=dtype, opaque=True))
    background = document.layers.root[0]
    background.jpeg = JpegInfo(np.ones((8, 8), np.uint16), None, (1, 1), (0, 0), 90)
    b = Layer("B", TileStore.from_array(noise(2, 20, 20, dtype), 5, -4), blend="screen", opacity=0.8)
    b.mask, b.transform = mask_of(3, Rect(6, 0, 9, 9)), Transform(e=3, f=2)
    clip = Layer("Clip", TileStore.from_array(noise(4, dtype=dtype)), clip=True, opacity=0.5)
    clip.recipe = Recipe((RecipeStep("style", models={"m": "0"}),))
    turned = Layer(
        "Turned",
        TileStore.from_array(noise(5, 12, 12, dtype)),
        transform=Transform(0.8, 0.6, -0.6, 0.8, 20, 5),
    )
    turned.mask = mask_of(6, Rect(2, 2, 5, 5))
    group = Layer(
        "G", document.new_store(), children=[turned], mask=mask_of(7, Rect(18, 6, 12, 12)), opacity=0.9
    )
    hidden = Layer("Hidden", TileStore.from_array(noise(8, dtype=dtype)), visible=False)
    document.layers.root += [b, clip, group, hidden]
    document.selection.store.write(
        Rect(4, 3, 20, 15), np.random.default_rng(9).integers(1, 256, (15, 20, 1), np.uint8)
    )
    document.selection.touched()
    document.original = background.pixels.copy()
    document.active = b
    return document


def layer(document, name):
    return next(item for item in document.layers.all() if item.name == name)


def fingerprint(document):
    """Everything about a document that an undo has to bring back."""

    def pixels_of(store):
        return None if store is None else (str(store.dtype), store.read(AREA).tobytes())

    layers = [
        (
            item.id, item.name, item.visible, item.opacity, item.blend, item.clip, item.transform, item.jpeg is None,
            item.recipe, item.mask_enabled, pixels_of(item.pixels), pixels_of(item.mask),
            None if item.children is None else [child.id for child in item.children],
        )
        for item in document.layers.all()
    ]  # fmt: skip
    top = [item.id for item in document.layers.root]
    meta = (document.metadata.icc, document.metadata.xmp)
    selection = (pixels_of(document.selection.store), document.selection.bounds())
    return document.bounds, document.dtype, layers, top, meta, selection, pixels_of(document.original)


ADOBE = imagecodecs.cms_profile("adobergb")
OPERATIONS = {
    "crop": lambda d: ops.crop(d, Rect(3, -2, 25, 20)),
    "crop and delete": lambda d: ops.crop(d, Rect(3, 4, 25, 20), delete_outside=True),
    "smaller image": lambda d: ops.resize_image(d, 17, 11),
    "larger image": lambda d: ops.resize_image(d, 61, 47),
    "canvas": lambda d: ops.resize_canvas(d, 50, 20, anchor=(0, 1)),
    "rotate 90": lambda d: ops.rotate(d, 90),
    "rotate 180": lambda d: ops.rotate(d, 180),
    "rotate 270": lambda d: ops.rotate(d, 270),
    "flip across": lambda d: ops.flip(d, horizontal=True),
    "flip down": lambda d: ops.flip(d, horizontal=False),
    "straighten": lambda d: ops.straighten(d, 7.5),
    "flatten": ops.flatten_image,
    "merge visible": ops.merge_visible,
    "merge down": lambda d: ops.merge_down(d, layer(d, "B")),
    "merge clip": lambda d: ops.merge_down(d, layer(d, "Clip")),
    "duplicate": lambda d: ops.duplicate_layer(d, layer(d, "G")),
    "group": lambda d: ops.group_layers(d, [layer(d, "B"), layer(d, "G")]),
    "ungroup": lambda d: ops.ungroup(d, layer(d, "G")),
    "paste": lambda d: ops.layer_from_pixels(d, noise(10, 9, 9)),
    "clear": lambda d: ops.clear_selection_pixels(d, layer(d, "B")),
    "clear turned": lambda d: ops.clear_selection_pixels(d, layer(d, "Turned")),
    "cut": lambda d: ops.cut_pixels(d, layer(d, "Clip")),
    "fill": lambda d: ops.fill_selection(d, layer(d, "B"), (10, 200, 30, 128)),
    "add mask": lambda d: ops.add_layer_mask(d, layer(d, "Turned"), from_selection=True),
    "apply mask": lambda d: ops.apply_mask(d, layer(d, "B")),
    "delete mask": lambda d: ops.delete_mask(d, layer(d, "B")),
    "mask to selection": lambda d: ops.mask_to_selection(d, layer(d, "Turned")),
    "assign": lambda d: ops.assign_profile(d, ADOBE),
    "convert": lambda d: ops.convert_to_profile(d, ADOBE),
    "depth": lambda d: ops.convert_depth(d, np.uint16 if d.dtype == np.uint8 else np.uint8),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_one_step_that_can_be_undone_and_redone_exactly(name, dtype):
    document = sample(dtype)
    before = fingerprint(document)
    OPERATIONS[name](document)
    after = fingerprint(document)
    assert document.history.position == 1
    assert after != before
    assert all(item.pixels.dtype == document.dtype for item in document.layers.all())
    document.history.undo()
    assert fingerprint(document) == before
    document.history.redo()
    assert fingerprint(document) == after


@pytest.mark.parametrize(
    "name", ["flatten", "merge visible", "merge down", "merge clip", "duplicate", "apply mask"]
)
def test_merging_keeps_the_look(name):
    document = sample()
    for item in document.layers.root:
        item.blend = "normal"
    expected = flatten(document).astype(int)
    if name == "duplicate":
        layer(document, "G").opacity = 1.0
        layer(document, "G").visible = False
        expected = flatten(document).astype(int)
    OPERATIONS[name](document)
    assert np.abs(flatten(document).astype(int) - expected).max() <= (2 if name.startswith("merge") else 1)


def test_a_crop_shows_the_same_part():
    document = sample()
    expected = flatten(document, Rect(3, 4, 25, 20))
    ops.crop(document, Rect(3, 4, 25, 20))
    assert np.array_equal(flatten(document), expected)
    assert layer(document, "Background").pixels.content_bounds() == Rect(0, 0, WIDTH, HEIGHT)


def test_a_deleting_crop_forgets_what_lies_outside():
    document = sample()
    expected = flatten(document, Rect(3, 4, 25, 20))
    ops.crop(document, Rect(3, 4, 25, 20), delete_outside=True)
    assert np.array_equal(flatten(document), expected)
    assert layer(document, "Background").pixels.content_bounds() == Rect(3, 4, 25, 20)


@pytest.mark.parametrize(("degrees", "times"), [(90, 1), (180, 2), (270, 3)])
def test_a_turn_moves_whole_pixels(degrees, times):
    document = sample()
    layer(document, "G").visible = False
    expected = np.rot90(flatten(document), -times)
    ops.rotate(document, degrees)
    assert np.array_equal(flatten(document), expected)


def test_four_turns_and_two_flips_change_nothing():
    document = sample()
    before = [item.pixels.read(AREA) for item in document.layers.all()], flatten(document)
    for _ in range(4):
        ops.rotate(document, 90)
    for horizontal in (True, True, False, False):
        ops.flip(document, horizontal=horizontal)
    after = [item.pixels.read(AREA) for item in document.layers.all()], flatten(document)
    assert all(np.array_equal(a, b) for a, b in zip(before[0], after[0], strict=True))
    assert np.abs(before[1].astype(int) - after[1]).max() <= 1


@pytest.mark.parametrize("size", [(20, 15), (13, 9), (80, 60), (41, 30), (1, 1)])
def test_a_resized_background_stays_opaque_to_the_border(size):
    document = Document.from_pixels(noise(1, opaque=True))
    ops.resize_image(document, *size)
    shown = flatten(document)
    assert shown.shape == (size[1], size[0], 4)
    assert shown[..., 3].min() == 255


def test_halving_averages_colour_by_alpha():
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, ::2] = (200, 100, 50, 255)
    pixels[:, 1::2, :3] = 255  # hidden white must not bleed
    document = Document.from_pixels(pixels)
    ops.resize_image(document, 4, 4)
    inner = flatten(document)[1:3, 1:3]
    assert np.abs(inner[..., :3].astype(int) - (200, 100, 50)).max() <= 2
    assert np.abs(inner[..., 3].astype(int) - 128).max() <= 2


def test_resizing_keeps_a_smooth_picture():
    y, x = np.mgrid[0:300, 0:400].astype(np.float32)
    ramp = np.dstack([x / 400 * 255, y / 300 * 255, np.full_like(x, 90), np.full_like(x, 255)])
    document = Document.from_pixels(np.rint(ramp).astype(np.uint8))
    ops.resize_image(document, 133, 100)
    y, x = np.mgrid[0:100, 0:133].astype(np.float32)
    expected = np.dstack([(x + 0.5) / 133 * 255 - 0.3, (y + 0.5) / 100 * 255 - 0.4])
    assert np.abs(flatten(document)[2:-2, 2:-2, :2] - expected[2:-2, 2:-2]).max() <= 1.2


def test_straightening_leaves_no_empty_corner():
    document = Document.from_pixels(noise(1, 200, 120, opaque=True))
    ops.straighten(document, 10)
    assert flatten(document)[..., 3].min() >= 250
    assert 0.6 < document.bounds.width / 200 < 0.9


@given(st.integers(0, 2**32 - 1), st.sampled_from(BLEND_MODES))
@settings(max_examples=20, deadline=None)
def test_merging_a_clipped_layer_into_its_base_keeps_the_look(seed, mode):
    document = Document.from_pixels(noise(seed, opaque=True))
    base = Layer("Base", TileStore.from_array(noise(seed + 1)), blend="multiply", opacity=0.7)
    document.layers.root += [base, Layer("C", TileStore.from_array(noise(seed + 2)), clip=True, blend=mode)]
    expected = flatten(document).astype(int)
    ops.merge_down(document, document.layers.root[2])
    assert [item.name for item in document.layers.root] == ["Background", "Base"]
    assert np.abs(flatten(document).astype(int) - expected).max() <= 1


def test_what_ai_did_is_remembered_when_layers_are_merged():
    document = sample()
    ops.flatten_image(document)
    assert [step.filter for step in Recipe.from_json(xmp.recipe_of(document.metadata.xmp)).steps] == ["style"]


def test_hidden_layers_survive_merge_visible():
    document = sample()
    ops.merge_visible(document)
    assert [item.name for item in document.layers.root] == ["Merged", "Hidden"]


def test_a_group_takes_clipped_layers_along():
    document = sample()
    group = ops.group_layers(document, [layer(document, "B")])
    assert [item.name for item in group.children] == ["B", "Clip"]
    assert [item.name for item in document.layers.root] == ["Background", "Group", "G", "Hidden"]


def test_clearing_fades_alpha_by_the_selection_and_nothing_else():
    document = sample()
    b = layer(document, "B")
    before, box = b.pixels.read(AREA), document.selection.bounds().translated(-3, -2)
    ops.clear_selection_pixels(document, b)
    after = b.pixels.read(AREA)
    outside = np.ones(after.shape[:2], bool)
    outside[box.translated(30, 30).slices()] = False
    assert np.array_equal(after[outside], before[outside])
    assert np.array_equal(after[..., :3], before[..., :3])
    assert (after[..., 3] <= before[..., 3]).all() and (after[..., 3] < before[..., 3]).any()


def test_filling_without_a_selection_covers_the_picture():
    document = Document.from_pixels(noise(1))
    ops.fill_selection(document, document.layers.root[0], (1, 2, 3, 255))
    assert (flatten(document) == (1, 2, 3, 255)).all()


def test_a_mask_from_the_selection_hides_the_rest():
    document = sample()
    background = layer(document, "Background")
    ops.add_layer_mask(document, background, from_selection=True)
    alpha = render_layer(background, document.bounds, np.uint8)[..., 3]
    assert np.array_equal(alpha, document.selection.read(document.bounds))


def test_mask_to_selection_brings_the_mask_back():
    document = sample()
    background = layer(document, "Background")
    expected = document.selection.read(document.bounds)
    ops.add_layer_mask(document, background, from_selection=True)
    document.selection.store.clear()
    ops.mask_to_selection(document, background)
    assert np.array_equal(document.selection.read(document.bounds), expected)


def test_copying_takes_what_is_selected():
    document = sample()
    pixels, rect = ops.copy_pixels(document, layer(document, "Background"))
    assert rect == document.selection.bounds()
    assert np.array_equal(pixels[..., 3], document.selection.read(rect))
    assert np.array_equal(ops.copy_merged(document), flatten(document, rect))


def test_converting_there_and_back_keeps_the_colours():
    grays = np.linspace(2000, 63000, 40 * 30).astype(np.uint16).reshape(30, 40)
    document = Document.from_pixels(np.dstack([grays, grays // 2, grays // 3, np.full_like(grays, 65535)]))
    before = flatten(document)
    ops.convert_to_profile(document, ADOBE)
    assert np.abs(flatten(document).astype(int) - before).max() > 1000
    ops.convert_to_profile(document, None)
    assert np.abs(flatten(document).astype(int) - before).max() <= 2
    assert document.metadata.icc is None


def test_depth_there_and_back_is_exact():
    document = sample()
    before = flatten(document)
    ops.convert_depth(document, np.uint16)
    assert np.array_equal(flatten(document)[..., 3] // 257, before[..., 3])
    ops.convert_depth(document, np.uint8)
    assert np.array_equal(flatten(document), before)


@pytest.mark.parametrize(
    "refused",
    [
        lambda d: ops.crop(d, Rect(0, 0, 0, 5)),
        lambda d: ops.resize_image(d, 200_000, 5),
        lambda d: ops.clear_selection_pixels(d, layer(d, "G")),
        lambda d: ops.merge_down(d, layer(d, "Background")),
        lambda d: ops.merge_down(d, layer(d, "Hidden")),
        lambda d: ops.group_layers(d, [layer(d, "B"), layer(d, "Turned")]),
        lambda d: ops.mask_to_selection(d, layer(d, "Background")),
        lambda d: ops.assign_profile(d, b"not a profile"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(refused):
    document = sample()
    before = fingerprint(document)
    with pytest.raises(UserError):
        refused(document)
    assert fingerprint(document) == before
    assert document.history.position == 0


HINT = (10.0, 4.0, 3.0, 200.0, 60.0, 40.0)


def with_hint():
    document = Document.from_pixels(noise(1, opaque=True))
    painted = Layer("Colours", TileStore.from_array(noise(2, opaque=True)))
    painted.recipe = Recipe((RecipeStep("colorize", params={"hints": [list(HINT)], "vivid": 0.5}),))
    document.layers.root.append(painted)
    return document, painted


def hint_of(painted):
    """Where the hint of its recipe lies in the document now."""
    recipe = painted.recipe.moved(painted.transform)
    (hint,) = recipe.steps[0].params["hints"]
    return pytest.approx(tuple(hint), abs=1e-6)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda d: ops.rotate(d, 90), (HEIGHT - 4, 10, 3)),
        (lambda d: ops.rotate(d, 180), (WIDTH - 10, HEIGHT - 4, 3)),
        (lambda d: ops.flip(d, horizontal=True), (WIDTH - 10, 4, 3)),
        (lambda d: ops.resize_image(d, 2 * WIDTH, 2 * HEIGHT), (20, 8, 6)),
        (lambda d: ops.crop(d, Rect(5, 2, 20, 20)), (5, 2, 3)),
    ],
)
def test_colour_hints_of_a_recipe_go_with_the_picture(change, expected):
    document, painted = with_hint()
    change(document)

    assert hint_of(painted) == (*expected, *HINT[3:])

    document.history.undo()
    assert hint_of(painted) == HINT


def test_recipes_without_hints_stay_what_they_are_when_the_picture_is_turned():
    document = sample()
    ops.rotate(document, 90)
    assert layer(document, "Clip").recipe == Recipe((RecipeStep("style", models={"m": "0"}),))


def test_a_compact_recipe_says_the_same_in_much_less_room():
    hints = [[float(n), 2.0, 3.0, 10.0, 20.0, 30.0] for n in range(50)]
    recipe = Recipe((RecipeStep("colorize", params={"hints": hints}),))
    compact = recipe.to_json(compact=True)
    assert Recipe.from_json(compact) == recipe
    assert len(compact) < len(recipe.to_json()) / 2
