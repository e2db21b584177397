import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from imgstudio.core.blend import BLEND_MODES, composite, flatten, render_layer
from imgstudio.core.blendmodes import blended
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.lab import lab_of, recoloured
from imgstudio.core.layers import Layer
from imgstudio.core.tiles import TileStore

BOX = Rect(0, 0, 24, 20)
seeds = st.integers(0, 2**32 - 1)
depths = st.sampled_from([np.uint8, np.uint16])
modes = st.sampled_from(BLEND_MODES)
transforms = st.sampled_from(
    [
        Transform(),
        Transform(e=3, f=-2),
        Transform(0, 1, -1, 0, 20, 1),
        Transform(0.9, 0.3, -0.3, 0.9, 4.5, 1.25),
        Transform(0.3, 0, 0, 0.6),
    ]
)


def noise(seed, dtype=np.uint8, rect=BOX, *, opaque=False):
    """Random straight RGBA with many fully transparent and fully opaque pixels."""
    random = np.random.default_rng(seed)
    top = np.iinfo(dtype).max
    pixels = random.integers(0, top + 1, (rect.height, rect.width, 4), dtype)
    ends = random.integers(0, 3, (rect.height, rect.width))
    pixels[..., 3][ends == 0] = 0
    pixels[..., 3][ends == 1] = top
    if opaque:
        pixels[..., 3] = top
    return pixels


def layer(seed, dtype=np.uint8, *, opaque=False, **values):
    return Layer("L", TileStore.from_array(noise(seed, dtype, opaque=opaque)), **values)


def mask(pixels):
    return TileStore.from_array(pixels[..., None].astype(np.uint8), fill=255)


def random_stack(seed, dtype, transform):
    random = np.random.default_rng(seed)
    layers = []
    for index in range(4):
        made = layer(
            seed + index,
            dtype,
            blend=BLEND_MODES[random.integers(len(BLEND_MODES))],
            opacity=float(random.random()),
        )
        made.clip = bool(random.integers(2))
        if random.integers(2):
            made.mask = mask(random.integers(0, 256, (20, 24)))
        if random.integers(2):
            made.transform = transform
        layers.append(made)
    group = Layer(
        "G", children=layers[:2], blend="multiply", opacity=0.7, mask=mask(random.integers(0, 256, (20, 24)))
    )
    return [layer(seed + 9, dtype), group, *layers[2:]]


@given(seeds, depths, modes)
@settings(max_examples=40, deadline=None)
def test_one_layer_over_nothing_is_a_copy_in_every_mode(seed, dtype, mode):
    single = layer(seed, dtype, blend=mode)
    assert np.array_equal(composite([single], BOX, dtype), noise(seed, dtype))
    in_a_group = Layer("G", children=[single])
    assert np.array_equal(composite([in_a_group], BOX, dtype), noise(seed, dtype))


@given(seeds, depths)
@settings(max_examples=20, deadline=None)
def test_an_opaque_normal_layer_is_all_that_shows(seed, dtype):
    above = layer(seed + 1, dtype, opaque=True)
    expected = noise(seed + 1, dtype, opaque=True)
    assert np.array_equal(composite([layer(seed, dtype), above], BOX, dtype), expected)
    above.mask = mask(np.full((20, 24), 255))  # the same through the arithmetic
    assert np.array_equal(composite([layer(seed, dtype), above], BOX, dtype), expected)


@given(seeds, depths, modes, st.sampled_from(["hidden", "opacity", "mask"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_does_not_show_changes_no_bit(seed, dtype, mode, how, clip):
    below = random_stack(seed, dtype, Transform(e=2))
    expected = composite(below, BOX, dtype)
    ghost = layer(seed + 50, dtype, blend=mode, clip=clip)
    ghost.visible = how != "hidden"
    ghost.opacity = 0.0 if how == "opacity" else 1.0
    ghost.mask = mask(np.zeros((20, 24))) if how == "mask" else None
    assert np.array_equal(composite([*below, ghost], BOX, dtype), expected)


@given(seeds, depths, modes)
@settings(max_examples=40, deadline=None)
def test_a_masked_layer_changes_nothing_where_its_mask_is_zero(seed, dtype, mode):
    below = random_stack(seed, dtype, Transform())
    coverage = np.random.default_rng(seed).integers(0, 2, (20, 24)) * 255
    above = layer(seed + 5, dtype, blend=mode, mask=mask(coverage))
    outside = coverage == 0
    before, after = composite(below, BOX, dtype), composite([*below, above], BOX, dtype)
    assert np.array_equal(after[outside], before[outside])


@given(seeds, depths, modes, st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_clipped_layer_keeps_alpha_and_what_it_does_not_cover(seed, dtype, mode, opacity):
    base, clipped = layer(seed, dtype), layer(seed + 1, dtype, blend=mode, opacity=opacity, clip=True)
    before, after = composite([base], BOX, dtype), composite([base, clipped], BOX, dtype)
    uncovered = noise(seed + 1, dtype)[..., 3] == 0
    assert np.array_equal(after[..., 3], before[..., 3])
    assert np.array_equal(after[uncovered], before[uncovered])


def test_a_hidden_base_hides_what_is_clipped_to_it():
    base = layer(1, visible=False)
    assert not composite([base, layer(2, clip=True)], BOX, np.uint8).any()


@given(seeds, depths, transforms, st.integers(0, 15), st.integers(0, 15), st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_a_crop_equals_the_whole(seed, dtype, transform, x, y, size):
    stack = random_stack(seed, dtype, transform)
    whole, part = Rect(-8, -8, 48, 48), Rect(x - 8, y - 8, size, size)
    expected = composite(stack, whole, dtype)[part.translated(8, 8).slices()]
    assert np.array_equal(composite(stack, part, dtype), expected)


def test_a_crop_equals_the_whole_across_blocks():
    picture = Rect(0, 0, 700, 600)
    moved = Layer(
        "R", TileStore.from_array(noise(3, rect=picture)), transform=Transform(0.8, 0.2, -0.2, 0.8, 100.5, 7)
    )
    stack = [Layer("B", TileStore.from_array(noise(4, rect=picture))), moved]
    part = Rect(490, 500, 50, 40)
    assert np.array_equal(
        composite(stack, part, np.uint8), composite(stack, picture, np.uint8)[part.slices()]
    )


@given(
    seeds,
    st.sampled_from(
        [Transform(0, 1, -1, 0, 20, 0), Transform(-1, 0, 0, -1, 24, 20), Transform(-1, 0, 0, 1, 24, 0)]
    ),
)
@settings(max_examples=9, deadline=None)
def test_quarter_turns_and_mirrors_move_whole_pixels(seed, transform):
    shown = render_layer(
        Layer("L", TileStore.from_array(noise(seed)), transform=transform), Rect(0, 0, 24, 24), np.uint8
    )
    for y, x in ((0, 0), (3, 7), (19, 23)):
        at = transform.apply(x + 0.5, y + 0.5)
        assert np.array_equal(shown[int(at.y), int(at.x)], noise(seed)[y, x])


def test_shrinking_averages_area():
    checks = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    pixels = np.dstack([checks] * 3 + [np.full_like(checks, 255)])
    small = Layer("L", TileStore.from_array(pixels), transform=Transform(0.25, 0, 0, 0.25))
    inner = render_layer(small, Rect(2, 2, 12, 12), np.uint8)
    assert np.abs(inner[..., :3].astype(int) - 127).max() <= 2
    assert inner[..., 3].min() == 255


def test_turning_does_not_darken_edges():
    white = np.full((40, 40, 4), 255, np.uint8)
    turned = Layer("L", TileStore.from_array(white), transform=Transform(0.8, 0.6, -0.6, 0.8, 20, -4))
    shown = render_layer(turned, Rect(-20, -20, 80, 90), np.uint8)
    assert ((shown[..., 3] > 0) & (shown[..., 3] < 255)).any()
    assert (shown[..., :3][shown[..., 3] > 0] >= 254).all()


def test_pixels_that_a_transform_shows_lie_in_the_layers_bounds():
    moved = Layer(
        "L",
        TileStore.from_array(np.full((256, 256, 4), 255, np.uint8)),
        transform=Transform(3.3, 0.2, 0.1, 3.7, 5.5, 3),
    )
    around = moved.bounds().expanded(30)
    shown = render_layer(moved, around, np.uint8)[..., 3]
    shown[moved.bounds().translated(-around.x, -around.y).slices()] = 0
    assert not shown.any()


def test_a_group_is_isolated_from_what_lies_below():
    base, child = layer(1, opaque=True), layer(2, opaque=True, blend="difference")
    assert np.array_equal(
        composite([base, Layer("G", children=[child])], BOX, np.uint8), noise(2, opaque=True)
    )


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("multiply", [51, 0, 255]), ("screen", [179, 128, 255]), ("overlay", [102, 1, 255]), ("darken", [102, 0, 255]),
        ("lighten", [128, 128, 255]), ("color-dodge", [205, 0, 255]), ("color-burn", [0, 0, 255]),
        ("hard-light", [103, 1, 255]), ("soft-light", [102, 0, 255]), ("difference", [26, 128, 0]),
        ("plus", [230, 128, 255]), ("normal", [128, 128, 255]),
    ],
)  # fmt: skip
def test_separable_modes_follow_the_standard(mode, expected):
    below = np.array([[[102, 0, 255, 255]]], np.uint8)
    above = np.array([[[128, 128, 255, 255]]], np.uint8)
    stack = [Layer("B", TileStore.from_array(below)), Layer("A", TileStore.from_array(above), blend=mode)]
    shown = composite(stack, Rect(0, 0, 1, 1), np.uint8)[0, 0].astype(int)
    assert np.abs(shown[:3] - expected).max() <= 1, shown
    assert shown[3] == 255


@given(seeds, st.sampled_from(["hue", "saturation", "color", "luminosity"]))
@settings(max_examples=20, deadline=None)
def test_non_separable_modes_take_the_lightness_they_promise(seed, mode):
    random = np.random.default_rng(seed)
    backdrop, source = random.random((2, 3, 8, 8), np.float32)
    out = blended(mode, backdrop, source)
    weights = np.array([0.3, 0.59, 0.11])
    giver = source if mode == "luminosity" else backdrop
    assert np.allclose(np.tensordot(weights, out, 1), np.tensordot(weights, giver, 1), atol=1e-5)
    assert out.min() >= 0 and out.max() <= 1


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_colour_of_lab_keeps_lightness_and_takes_the_colour_that_can_be_shown(seed):
    backdrop, source = np.random.default_rng(seed).random((2, 3, 16, 16), np.float32)
    backdrop[:, 0] *= 0.03  # nearly black, where little can be shown
    out = blended("color-lab", backdrop, source)
    below, above, mixed = (
        lab_of(np.ascontiguousarray(planes.transpose(1, 2, 0))) for planes in (backdrop, source, out)
    )
    assert np.abs(mixed[..., 0] - below[..., 0]).max() < 0.05
    wanted = lab_of(recoloured(below[..., 0], above[..., 1:]))
    off = np.abs(wanted - mixed).max(2)
    can_be_shown = np.abs(wanted - above)[..., 1:].max(2) < 0.01
    assert can_be_shown.sum() > 50
    assert off[can_be_shown].max() < 0.5
    assert off.mean() < 0.02
    assert off.max() < 1, "at the edge of what can be shown tables may end a step earlier: nobody sees it"
    assert out.min() >= 0 and out.max() <= 1


def test_colour_of_lab_gives_a_grey_picture_its_colours_back():
    pixels = np.random.default_rng(1).random((3, 40, 50), np.float32)
    lightness = lab_of(np.ascontiguousarray(pixels.transpose(1, 2, 0)))[..., 0]
    grey = recoloured(lightness, np.zeros((40, 50, 2), np.float32)).transpose(2, 0, 1)
    assert np.abs(blended("color-lab", grey, pixels) - pixels).max() < 2e-3
    assert np.abs(blended("color-lab", pixels, grey) - grey).max() < 2e-3


@given(seeds, modes)
@settings(max_examples=32, deadline=None)
def test_partly_transparent_blending_follows_the_formula(seed, mode):
    random = np.random.default_rng(seed)
    cb, cs = random.random((2, 3, 1, 1), np.float32)
    ab, as_ = (float(v) for v in random.random(2, np.float32) * 0.8 + 0.1)
    stack = [
        Layer("B", TileStore.from_array(np.rint(np.append(cb.ravel(), ab) * 65535).astype(np.uint16).reshape(1, 1, 4))),
        Layer("A", TileStore.from_array(np.rint(np.append(cs.ravel(), as_) * 65535).astype(np.uint16).reshape(1, 1, 4)), blend=mode),
    ]  # fmt: skip
    if mode == "plus":
        alpha = min(1, as_ + ab)
        colour = np.minimum(as_ * cs + ab * cb, 1) / alpha
    else:
        alpha = as_ + ab * (1 - as_)
        colour = (as_ * (1 - ab) * cs + as_ * ab * blended(mode, cb, cs) + (1 - as_) * ab * cb) / alpha
    shown = composite(stack, Rect(0, 0, 1, 1), np.uint16)[0, 0] / 65535
    assert np.allclose(shown, np.append(np.minimum(colour, 1).ravel(), alpha), atol=1e-3)


def test_flatten_reads_the_documents_box():
    document = Document.from_pixels(noise(7, np.uint16))
    assert np.array_equal(flatten(document), noise(7, np.uint16))
    assert flatten(document, Rect(2, 3, 4, 5)).shape == (5, 4, 4)
