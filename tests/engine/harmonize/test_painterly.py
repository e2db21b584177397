"""An object painted like the painting below it: what changes, what never does, steering, going back, bad input."""

import numpy as np
import pytest
import torch

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.device import OutOfMemory
from imgstudio.engine.features import FeatureExtractor
from imgstudio.engine.harmonize import painterly
from imgstudio.engine.harmonize.dials import PainterlySettings
from imgstudio.engine.harmonize.masks import tight_and_loose
from imgstudio.engine.harmonize.painterly import Harmonizer
from imgstudio.engine.nets.vgg import random_vgg

CPU = torch.device("cpu")
SIZE = (96, 120)


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def features():
    return FeatureExtractor(random_vgg())


def painting(size=SIZE):
    """Slanting strokes of ochre and brown with grain."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[: size[0], : size[1]]
    wave = 0.5 + 0.5 * np.sin((x + 0.7 * y) / 1.8)[..., None]
    made = wave * np.array([0.75, 0.6, 0.3]) + (1 - wave) * np.array([0.35, 0.22, 0.1])
    return np.clip(made + 0.04 * random.standard_normal((*size, 3)), 0, 1).astype(np.float32)


def pasted(ground, box=(slice(30, 66), slice(40, 84))):
    """A smooth blue ball on it, and its mask."""
    y, x = np.mgrid[: ground.shape[0], : ground.shape[1]]
    middle = [(part.start + part.stop - 1) / 2 for part in box]
    half = [max(1, part.stop - part.start) / 2 for part in box]
    away = np.hypot((y - middle[0]) / half[0], (x - middle[1]) / half[1])
    mask = (away <= 1).astype(np.float32)
    ball = np.clip(1.1 - away, 0, 1)[..., None] * np.array([0.2, 0.35, 0.95])
    share = mask[..., None]
    return (ground * (1 - share) + ball * share).astype(np.float32), mask


def harmonizer(features, composite, ground, mask, progress=None, **settings):
    values = {"side": 64, "steps": 3} | settings
    chosen = PainterlySettings(**values)
    return Harmonizer(features, composite, ground, mask, chosen, CPU, progress or Progress())


def last(run):
    return list(run.steps())[-1]


@pytest.fixture(scope="module")
def scene():
    ground = painting()
    return (*pasted(ground), ground)


@pytest.fixture(scope="module")
def finished(features, scene):
    composite, mask, ground = scene
    return last(harmonizer(features, composite, ground, mask, steps=8)).pixels


def test_nothing_changes_where_the_feather_is_0(finished, scene):
    composite, mask, _ = scene
    outside = tight_and_loose(mask).feather == 0
    assert outside.mean() > 0.3
    assert np.array_equal(finished[outside], composite[outside])


def test_the_object_takes_the_colours_and_the_grain_of_the_painting(finished, scene):
    composite, mask, ground = scene
    inside = mask > 0
    before, after = (np.abs(p[inside].mean(0) - ground.mean((0, 1))).sum() for p in (composite, finished))
    assert after < 0.6 * before

    def grain(picture):
        return float(np.abs(np.diff(picture, axis=1))[inside[:, 1:] & inside[:, :-1]].mean())

    assert grain(composite) < 0.3 * grain(ground)
    assert grain(finished) > 0.6 * grain(ground)


def test_the_light_side_of_the_object_stays_light(finished, scene):
    composite, _, _ = scene
    rim, middle = (slice(44, 52), slice(42, 48)), (slice(44, 52), slice(58, 66))
    assert composite[middle].mean() > composite[rim].mean()
    assert finished[middle].mean() > finished[rim].mean()


def test_the_same_seed_makes_the_same_picture(features, scene):
    composite, mask, ground = scene
    one, other = (last(harmonizer(features, composite, ground, mask, seed=5)).pixels for _ in range(2))
    assert np.array_equal(one, other)


def test_steps_count_up_to_the_total_and_are_of_the_size_of_the_composition(features, scene):
    composite, mask, ground = scene
    run = harmonizer(features, composite, ground, mask)
    steps = list(run.steps())
    numbers = [step.step for step in steps]
    assert numbers == sorted(numbers)
    assert numbers[-1] == run.total
    for step in steps:
        assert step.pixels.shape == composite.shape
        assert step.pixels.dtype == np.float32
        assert 0 <= step.pixels.min() <= step.pixels.max() <= 1


def test_it_can_be_cancelled_between_two_steps(features, scene):
    composite, mask, ground = scene
    token = CancelToken()
    run = harmonizer(features, composite, ground, mask, Progress(token=token))
    steps = run.steps()
    next(steps)
    token.cancel()
    with pytest.raises(Cancelled):
        list(steps)


def test_it_is_cancelled_inside_a_step(scene):
    composite, mask, ground = scene
    token, real = CancelToken(), FeatureExtractor(random_vgg())
    calls = []

    def counted(image):
        calls.append(1)
        if len(calls) == 4:
            token.cancel()
        return real(image)

    with pytest.raises(Cancelled):
        list(harmonizer(counted, composite, ground, mask, Progress(token=token)).steps())
    assert len(calls) == 4


def test_protected_places_keep_the_object(features, scene):
    composite, mask, ground = scene
    run = harmonizer(features, composite, ground, mask)
    coverage = np.zeros(SIZE, np.float32)
    coverage[:48] = 1
    run.wishes.protect(coverage)
    made = last(run).pixels
    assert np.array_equal(made[:48], composite[:48])
    assert not np.array_equal(made[50:60, 55:65], composite[50:60, 55:65])


def test_a_colour_pulls_the_places_that_were_brushed(features, scene):
    composite, mask, ground = scene
    run = harmonizer(features, composite, ground, mask, steps=10, texture=0.0)
    coverage = np.zeros(SIZE, np.float32)
    coverage[:, 62:] = 1
    steps = run.steps()
    next(steps)
    run.wishes.pull_to((0.1, 0.8, 0.2), coverage)
    run.change()
    made = list(steps)[-1].pixels
    left, right = made[44:52, 50:58], made[44:52, 68:76]
    assert right[..., 1].mean() - right[..., 0].mean() > 0.3 + left[..., 1].mean() - left[..., 0].mean()


def test_less_style_stays_nearer_to_what_it_began_with(features, scene):
    composite, mask, ground = scene

    def moved(wish):
        run = harmonizer(features, composite, ground, mask, steps=8, texture=0.0)
        getattr(run.wishes, wish)(np.ones(SIZE, np.float32))
        steps = list(run.steps())
        return float(np.abs(steps[-1].pixels - composite)[mask > 0].mean())

    assert moved("less") < moved("more")


def test_it_goes_on_from_an_earlier_picture(features, scene):
    composite, mask, ground = scene
    run = harmonizer(features, composite, ground, mask)
    steps = run.steps()
    first = next(steps)
    next(steps)
    run.restart_from(first.pixels, first.step)
    following = next(steps)
    assert first.step < following.step <= run.total
    assert list(steps)[-1].step == run.total


def test_a_wish_after_the_last_step_is_answered(features, scene):
    composite, mask, ground = scene
    run = harmonizer(features, composite, ground, mask)
    steps = run.steps()
    step = next(steps)
    while step.step < run.total:
        step = next(steps)
    coverage = np.ones(SIZE, np.float32)
    run.wishes.protect(coverage)
    run.change()
    answered = list(steps)[-1]
    assert np.array_equal(answered.pixels, composite)


def test_without_memory_for_a_size_it_ends_at_the_one_before_and_says_so(features, scene, monkeypatch):
    composite, mask, ground = scene
    real = painterly.Objective

    def small_only(features, content, *rest):
        if max(content.shape[2:]) > 60:
            raise OutOfMemory("no")
        return real(features, content, *rest)

    monkeypatch.setattr(painterly, "Objective", small_only)
    step = last(harmonizer(features, composite, ground, mask))
    assert "memory" in step.note
    assert not np.array_equal(step.pixels, composite)


def test_a_time_limit_ends_with_a_finished_picture(features, scene):
    composite, mask, ground = scene
    run = harmonizer(features, composite, ground, mask, steps=500, seconds=0.2)
    step = last(run)
    assert step.step == run.total
    assert not np.array_equal(step.pixels, composite)


def test_without_an_object_the_picture_is_as_before(features):
    ground = painting()
    step = last(harmonizer(features, ground, ground, np.zeros(SIZE, np.float32)))
    assert np.array_equal(step.pixels, ground)
    assert step.note


@pytest.mark.parametrize(
    "box",
    [
        (slice(48, 49), slice(60, 61)),
        (slice(-20, 30), slice(-30, 20)),
        (slice(-60, 160), slice(-60, 190)),
    ],
    ids=["one pixel", "partly outside", "larger than the painting"],
)
def test_odd_objects_are_painted(features, box):
    ground = painting()
    composite, mask = pasted(ground, box)
    step = last(harmonizer(features, composite, ground, mask, steps=2))
    outside = tight_and_loose(mask).feather == 0
    assert np.isfinite(step.pixels).all()
    assert np.array_equal(step.pixels[outside], composite[outside])


def test_a_flat_background_gives_a_flat_object(features):
    ground = np.full((*SIZE, 3), 0.6, np.float32)
    composite, mask = pasted(ground)
    made = last(harmonizer(features, composite, ground, mask)).pixels
    assert np.isfinite(made).all()
    assert np.abs(made[mask > 0] - 0.6).mean() < np.abs(composite[mask > 0] - 0.6).mean()


def test_several_objects_are_painted_at_once(features):
    ground = painting()
    one, first = pasted(ground, (slice(10, 34), slice(10, 34)))
    composite, second = pasted(one, (slice(60, 84), slice(80, 104)))
    made = last(harmonizer(features, composite, ground, np.maximum(first, second))).pixels
    for mask in (first, second):
        assert np.abs(made - composite)[mask > 0].mean() > 0.05


def test_a_large_composition_gets_the_grain_of_its_painting(features, monkeypatch):
    monkeypatch.setattr("imgstudio.engine.harmonize.finish.VOTING", 64)
    random = np.random.default_rng(3)
    ground = np.clip(painting((192, 240)) + 0.1 * random.standard_normal((192, 240, 1)), 0, 1).astype(
        np.float32
    )
    composite, mask = pasted(ground, (slice(60, 132), slice(80, 168)))
    made = last(harmonizer(features, composite, ground, mask)).pixels
    inner = (slice(80, 112), slice(108, 140))

    def grain(picture):
        return float(np.abs(np.diff(picture[inner], axis=1)).mean())

    assert grain(composite) < 0.2 * grain(ground)
    assert 0.5 * grain(ground) < grain(made) < 1.5 * grain(ground)
