"""What a filter of objects sees, and how its result finds the object again."""

from dataclasses import replace

import numpy as np
import pytest

from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.operations import crop, group_layers
from imgstudio.core.pixels import to_float
from imgstudio.core.recipe import Recipe, RecipeStep
from imgstudio.core.tiles import TileStore
from imgstudio.filters.objects import (
    OBJECT,
    capture_object,
    has_moved,
    made_of,
    object_of,
    results_of,
    seen_object,
    seen_reduced,
    with_margin,
)
from tests.filters.composites import CENTRE, RADIUS, composition, disc, placed, waves


def result_of(document, item, name="Harmonize"):
    """A layer such as a filter of objects adds."""
    step = RecipeStep("harmonize", region=OBJECT, made_of=made_of(item))
    layer = Layer(name, TileStore.from_array(disc()), recipe=Recipe((step,)))
    document.add_layer(layer, document.place_above(item, free=True))
    return layer


def seen(document, layer):
    source = capture_object(document, layer)
    return source, seen_object(source, source.region)


def test_it_sees_the_object_over_its_backdrop_and_where_it_is():
    document, ball = composition()
    source, image = seen(document, ball)
    assert source.region == with_margin(Rect(79, 39, 42, 42), document.bounds, 0.25)
    whole = to_float(flatten(document))[source.region.slices()][..., :3]
    np.testing.assert_allclose(image.pixels, whole, atol=1 / 255)
    np.testing.assert_array_equal(image.backdrop, to_float(waves())[source.region.slices()][..., :3])
    np.testing.assert_array_equal(image.look(document.bounds), to_float(waves())[..., :3])
    y, x = CENTRE[1] - source.region.y, CENTRE[0] - source.region.x
    assert image.mask[y, x] == 1
    assert image.mask[y, x + RADIUS + 2] == 0


def test_masks_opacity_and_the_selection_make_the_object_smaller():
    document, ball = composition()
    mask = TileStore(1, fill=255)
    mask.write(Rect(0, 0, RADIUS, 2 * RADIUS), np.zeros((2 * RADIUS, RADIUS, 1), np.uint8))
    document.set_layer(ball, "Mask", mask=mask, opacity=0.5)
    source, image = seen(document, ball)
    assert source.region.x == max(0, CENTRE[0] - 64)
    assert image.mask.max() == pytest.approx(0.5, abs=0.01)
    y, x = CENTRE[1] - source.region.y, CENTRE[0] - source.region.x
    assert image.mask[y, x - 5] == 0 < image.mask[y, x + 5]
    document.selection.store.write(Rect(0, 0, 160, 60), np.full((60, 160, 1), 255, np.uint8))
    document.selection.touched()
    _, image = seen(document, ball)
    assert image.mask[y + 5, x + 5] == 0 < image.mask[y - 5, x + 5]


def test_faint_coverage_is_not_the_objects():
    pixels = waves()
    document = Document.from_pixels(pixels)
    pixels[..., 3] = 8
    pixels[40:80, 60:100, 3] = 255
    layer = placed(document, pixels, 0, 0)
    source, image = seen(document, layer)
    assert source.region == with_margin(Rect(60, 40, 40, 40), document.bounds, 0.25)
    assert np.count_nonzero(image.mask) == 1600


def test_a_group_and_what_is_clipped_work_as_one_object():
    document, ball = composition()
    other = placed(document, disc(), 10, 10, "other")
    tint = Layer("tint", TileStore.from_array(waves()), clip=True)
    document.add_layer(tint, document.place_above(ball))
    group = group_layers(document, [ball, other])
    source, image = seen(document, group)
    assert len(source.below) == 1
    assert image.mask[20 - source.region.y + 10, 20 - source.region.x + 10] == 1
    assert image.mask[CENTRE[1] - source.region.y, CENTRE[0] - source.region.x] == 1
    np.testing.assert_allclose(
        image.pixels, to_float(flatten(document))[source.region.slices()][..., :3], atol=1 / 255
    )


def test_inside_a_group_everything_below_is_the_backdrop():
    document, ball = composition()
    lower = placed(document, disc(), 80, 40, "lower")
    document.move_layer(lower, replace(document.layers.place_of(lower), index=1))
    group = group_layers(document, [lower, ball])
    placed(document, disc(), 90, 50, "above all")
    assert ball in group.children
    _, image = seen(document, ball)
    hidden = Document.from_pixels(waves())
    placed(hidden, disc(), 80, 40)
    source = capture_object(document, ball)
    np.testing.assert_allclose(
        image.backdrop, to_float(flatten(hidden))[source.region.slices()][..., :3], atol=1 / 255
    )


def test_a_reduced_look_shows_the_same_scene():
    document, ball = composition(480, 640, (320, 240), 80)
    source = capture_object(document, ball)
    small = seen_reduced(source, 0.25)
    assert small.pixels.shape[0] == pytest.approx(source.region.height / 4, abs=1)
    assert small.whole == (0, 0, 160, 120)
    assert small.mask[60 - small.origin.y, 80 - small.origin.x] == 1
    assert small.look(small.whole).shape == (120, 160, 3)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            lambda d, b: d.set_layer(b, "", pixels=TileStore.from_array(np.zeros((9, 9, 4), np.uint8))),
            "transparent",
        ),
        (lambda d, b: d.set_layer(b, "", transform=Transform(e=900.0)), "outside"),
        (lambda d, b: d.set_layer(b, "", visible=False), "hidden"),
    ],
)
def test_where_there_is_no_object_it_says_so(change, what):
    document, ball = composition()
    change(document, ball)
    with pytest.raises(UserError, match=what):
        capture_object(document, ball)


def test_an_object_partly_outside_is_what_is_inside():
    document, ball = composition(centre=(155, 110))
    source, image = seen(document, ball)
    assert source.region.intersect(document.bounds) == source.region
    assert image.mask[-1, -1] == 1


def test_a_result_finds_its_object_and_knows_when_that_has_moved():
    document, ball = composition()
    result = result_of(document, ball)
    assert object_of(document, result) is ball
    assert results_of(document, ball) == [result]
    assert not has_moved(document, result)
    document.set_layer(ball, "Move", transform=Transform(e=5.0, f=3.0))
    assert has_moved(document, result)
    document.history.undo()
    assert not has_moved(document, result)


def test_a_crop_moves_both_and_nothing_has_moved():
    document, ball = composition()
    result = result_of(document, ball)
    crop(document, Rect(20, 10, 120, 100))
    assert not has_moved(document, result)


def test_a_turn_in_place_is_a_move_too():
    document, ball = composition()
    result = result_of(document, ball)
    at = ball.transform
    document.set_layer(ball, "Flip", transform=Transform(a=-1.0, e=2.0 * RADIUS).then(at))
    box = ball.pixels.content_bounds()
    assert ball.transform.bounds_of(box) == at.bounds_of(box)
    assert has_moved(document, result)


def test_later_results_lie_above_earlier_ones_and_a_lost_object_is_sought_below():
    document, ball = composition()
    first, second = result_of(document, ball, "one"), result_of(document, ball, "two")
    assert document.layers.root[1:] == [ball, first, second]
    copy = ball.duplicate()
    document.add_layer(copy, document.layers.place_of(ball))
    document.remove_layer(ball)
    assert object_of(document, second) is copy
    document.remove_layer(copy)
    document.remove_layer(document.layers.root[0])
    with pytest.raises(UserError, match="gone"):
        object_of(document, second)


def test_the_recipe_survives_its_file():
    document, ball = composition()
    step = result_of(document, ball).recipe.steps[-1]
    assert Recipe.from_json(Recipe((step,)).to_json()).steps[-1] == step
    assert "made_of" not in Recipe((RecipeStep("blur"),)).to_json()
