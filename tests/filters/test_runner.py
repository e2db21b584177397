"""Running filters: cancel, memory, bad numbers, finish, previews at screen size."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.layers import Layer
from imgstudio.filters.base import Filter, Finish, NoParams, whole_picture
from imgstudio.filters.runner import RunSettings, blend_finish, capture, refinish, result_layer
from imgstudio.filters.source import base_of, capture_source


def make(run, **more):
    return Filter("test", "Test", "Other", "A test.", NoParams, run, **more)


invert = make(lambda image, params, progress: 1 - image.pixels)


def order(document, item, how=None):
    """A job with tiles of 512, so that tests can count them whatever the program's own size is."""
    job = capture(document, document.active, item, NoParams(), how)
    job.tile = 512
    return job


def noise(height=300, width=400, dtype=np.uint8):
    pixels = np.random.default_rng(2).integers(0, 256, (height, width, 4)).astype(dtype)
    pixels[..., 3] = 255
    return Document.from_pixels(pixels)


def test_a_filter_reaches_every_pixel_of_every_tile():
    document = noise()
    out = capture(document, document.active, invert, NoParams()).run(Progress()).pixels.read(document.bounds)
    assert np.array_equal(out[..., :3], 255 - document.active.pixels.read(document.bounds)[..., :3])


def test_cancel_leaves_the_document_as_it_was():
    document, token, calls = noise(1200, 1200), CancelToken(), []

    def run(image, params, progress):
        calls.append(1)
        token.cancel()
        return image.pixels

    before = document.active.pixels.read(document.bounds)
    with pytest.raises(Cancelled):
        capture(document, document.active, make(run), NoParams()).run(Progress(token=token))
    assert len(calls) == 1
    assert np.array_equal(document.active.pixels.read(document.bounds), before)
    assert not document.history.can_undo


@pytest.mark.parametrize("fail_at", [1, 2, 5])
def test_running_out_of_memory_halves_the_tile_and_starts_again(fail_at):
    document, calls = noise(700, 700), []

    def run(image, params, progress):
        calls.append(image.pixels.shape)
        if len(calls) == fail_at:
            raise MemoryError
        return 1 - image.pixels

    out = order(document, make(run)).run(Progress()).pixels.read(document.bounds)
    assert np.array_equal(out[..., :3], 255 - document.active.pixels.read(document.bounds)[..., :3])
    assert max(calls[-1]) <= 256


def test_invalid_numbers_are_never_shown():
    document = noise()

    def run(image, params, progress):
        return np.full_like(image.pixels, np.nan)

    result = capture(document, document.active, make(run), NoParams()).run(Progress())
    assert result.warnings
    assert np.array_equal(result.pixels.read(document.bounds), document.active.pixels.read(document.bounds))


def test_a_network_that_fails_in_half_precision_is_run_again_in_full():
    document, tries = noise(), []

    def run(image, params, progress):
        tries.append(image.precise)
        return 1 - image.pixels if image.precise else np.full_like(image.pixels, 0.5)

    item = make(run, models=("dejpeg",))
    result = order(document, item).run(Progress())
    assert tries == [False, True]
    assert not result.warnings
    before = document.active.pixels.read(document.bounds)[..., :3]
    assert np.array_equal(result.pixels.read(document.bounds)[..., :3], 255 - before)


def test_when_the_fast_device_has_no_room_the_cpu_does_it():
    document, devices = noise(), []

    def run(image, params, progress):
        devices.append(image.device)
        if image.device != "cpu":
            raise MemoryError
        return 1 - image.pixels

    item = make(run, models=("dejpeg",))
    order(document, item, RunSettings(device="auto")).run(Progress())
    assert devices == ["auto"] * 4 + ["cpu"]


def test_strength_is_a_blend_that_needs_no_second_run():
    document, calls = noise(), []

    def run(image, params, progress):
        calls.append(1)
        return 1 - image.pixels

    result = order(document, make(run)).run(Progress())
    half = refinish(result, Finish(strength=0.5)).pixels.read(document.bounds)[..., :3].astype(int)
    assert len(calls) == 1
    assert np.abs(half - 127.5).max() <= 1
    again = refinish(refinish(result, Finish(0.3)), Finish()).pixels.read(document.bounds)
    assert np.array_equal(again, result.pixels.read(document.bounds))


def test_detail_gives_lost_grain_back():
    rng = np.random.default_rng(0)
    before = np.repeat(0.5 + 0.1 * rng.standard_normal((64, 64, 1)).astype(np.float32), 3, axis=2)
    after = np.full_like(before, 0.5)
    kept = blend_finish(before, after, Finish(detail=1.0))
    assert np.corrcoef(kept[..., 0].ravel(), before[..., 0].ravel())[0, 1] > 0.9
    assert np.array_equal(blend_finish(before, after, Finish()), after)


def test_a_filter_over_an_ai_layer_sees_what_it_shows():
    document = noise()
    base = document.active
    first = capture(document, base, invert, NoParams()).run(Progress())
    document.add_layer(result_layer(first, "once"), document.place_above(base))
    second = capture(document, document.active, invert, NoParams()).run(Progress())
    assert np.array_equal(second.pixels.read(document.bounds), base.pixels.read(document.bounds))
    assert base_of(document, document.active) is base


def test_a_moved_layer_is_read_where_it_is_seen():
    document = noise(200, 200)
    layer = document.active
    document.set_layer(layer, "Move", transform=Transform(e=50, f=20))
    source = capture_source(document, layer)
    assert source.region == Rect(50, 20, 150, 180)
    assert np.array_equal(source.read(Rect(60, 30, 10, 10)), layer.pixels.read(Rect(10, 10, 10, 10)))


def test_an_empty_layer_or_a_selection_beside_it_is_refused_in_words():
    document = noise(200, 200)
    empty = Layer("Empty")
    document.add_layer(empty)
    with pytest.raises(UserError, match="nothing to work on"):
        capture(document, empty, invert, NoParams())


def test_a_capture_does_not_see_later_strokes():
    document = noise()
    job = capture(document, document.active, invert, NoParams())
    before = document.active.pixels.read(document.bounds)
    with document.editing(document.active.pixels, "Paint"):
        document.active.pixels.write(Rect(0, 0, 50, 50), np.zeros((50, 50, 4), np.uint8))
    out = job.run(Progress()).pixels.read(document.bounds)
    assert np.array_equal(out[..., :3], 255 - before[..., :3])


def test_a_preview_at_screen_size_looks_like_the_reduced_result():
    document = noise(512, 768)
    result = capture(document, document.active, invert, NoParams(), RunSettings(reduce=4)).run(Progress())
    small = result.pixels.read(Rect(0, 0, 192, 128))[..., :3].astype(int)
    pixels = document.active.pixels.read(document.bounds)[..., :3]
    expected = 255 - pixels.reshape(128, 4, 192, 4, 3).mean((1, 3))
    assert np.abs(small - expected).max() <= 1
    assert result_layer(result, "x").transform.a == 4


def test_the_whole_picture_filter_sees_it_all_at_once():
    document, seen = noise(), []

    def run(image, params, progress):
        seen.append(image.origin)
        return image.pixels

    document.selection.store.write(Rect(10, 10, 20, 20), np.full((20, 20, 1), 255, np.uint8))
    document.selection.touched()
    result = capture(document, document.active, make(run, margin=whole_picture), NoParams()).run(Progress())
    assert seen == [document.bounds]
    assert result.region == Rect(10, 10, 20, 20)


@dataclass(frozen=True, slots=True)
class Seen:
    """What prepare found out."""

    mean: float


def test_prepare_runs_once_and_its_finding_reaches_every_tile():
    document, seen = noise(1100, 1100), []

    def prepare(image, params, progress):
        return Seen(float(image.pixels.mean()))

    def run(image, params, progress):
        seen.append(image.shared)
        return image.pixels

    capture(document, document.active, make(run, prepare=prepare), NoParams()).run(Progress())
    assert len({id(item) for item in seen}) == 1
    assert abs(seen[0].mean - 0.5) < 0.02


def test_prepare_knows_the_whole_picture_however_small_it_sees_it():
    document, seen = noise(600, 2100), []

    def prepare(image, params, progress):
        seen.append((image.pixels.shape, image.whole, image.look(Rect(2000, 500, 100, 100)).shape))

    def run(image, params, progress):
        assert image.whole == document.bounds
        return image.pixels

    capture(document, document.active, make(run, prepare=prepare), NoParams()).run(Progress())
    assert seen == [((200, 700, 3), document.bounds, (100, 100, 3))]


def test_the_recipe_step_repeats_the_run():
    document = noise()
    how = RunSettings(finish=Finish(0.25, 0.5), seed=7)
    result = capture(document, document.active, replace(invert, id="inv"), NoParams(), how).run(Progress())
    step = result.step
    assert (step.filter, step.strength, step.detail, step.seed, step.region) == ("inv", 0.25, 0.5, 7, "all")


def test_a_reduced_run_knows_where_places_of_the_document_lie():
    document, seen = noise(1300, 700), []

    def prepare(image, params, progress):
        seen.append((image.to_document, image.whole))

    def run(image, params, progress):
        seen.append((image.to_document, image.whole))
        return image.pixels

    item = make(run, prepare=prepare)
    for reduce in (1, 3):
        seen.clear()
        order(document, item, RunSettings(reduce=reduce)).run(Progress())
        for to_document, whole in seen:
            corner = to_document.apply(whole.right, whole.bottom)
            assert (corner.x, corner.y) == (pytest.approx(700, abs=2), pytest.approx(1300, abs=2))


def test_what_a_filter_has_to_say_is_told_once():
    document = noise(700, 700)

    def prepare(image, params, progress):
        image.warn("It looks odd")

    def run(image, params, progress):
        image.warn("This part does too")
        return image.pixels

    result = order(document, make(run, prepare=prepare)).run(Progress())
    assert result.warnings == ("It looks odd", "This part does too")


def test_a_result_may_lie_over_the_picture_in_another_mode():
    document = noise()
    item = make(lambda image, params, progress: image.pixels[..., ::-1], blend="luminosity")
    layer = result_layer(order(document, item).run(Progress()), "It")
    assert layer.blend == "luminosity"
    assert result_layer(order(document, invert).run(Progress()), "It").blend == "normal"
