"""The crappify designer: every degradation keeps its word, and a mix is a value."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core.errors import UserError
from imgstudio.core.pixels import luma, to_float
from imgstudio.learn.degrade.stack import (
    Degradation,
    Step,
    degradation_from_json,
    degrader_named,
    degraders,
    preview,
    step,
)

IDS = [item.id for item in degraders()]


def photo(height=56, width=72):
    rng = np.random.default_rng(3)
    smooth = np.add.outer(np.linspace(20, 180, height), np.linspace(0, 60, width))[..., None] * [1, 0.8, 0.6]
    return np.clip(smooth + rng.normal(0, 6, (height, width, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("degrader_id", IDS)
def test_a_degradation_changes_a_picture_and_keeps_its_size_range_and_input(degrader_id):
    clean = to_float(photo())
    before = clean.copy()
    item = degrader_named(degrader_id)
    spoiled = item.run(clean, item.params(), np.random.default_rng(1))
    assert np.array_equal(clean, before), "the input is left alone"
    assert spoiled.shape == clean.shape
    assert spoiled.dtype == np.float32
    assert spoiled.min() >= 0
    assert spoiled.max() <= 1
    assert not np.array_equal(spoiled, clean)


@pytest.mark.parametrize("degrader_id", IDS)
@settings(max_examples=4, deadline=None)
@given(height=st.integers(1, 20), width=st.integers(1, 20), seed=st.integers(0, 99))
def test_a_degradation_takes_any_size_and_says_the_same_for_the_same_seed(degrader_id, height, width, seed):
    clean = np.random.default_rng(seed).random((height, width, 3), np.float32)
    mix = Degradation((step(degrader_id),))
    once, again = (mix.applied(clean, np.random.default_rng(seed)) for _ in range(2))
    assert once.shape == clean.shape
    assert np.array_equal(once, again)


def test_a_mix_survives_json():
    mix = Degradation(
        (step("noise", 0.5, least=3.0, kind="grain"), step("jpeg", least=20), step("text", words="©"))
    )
    assert degradation_from_json(mix.to_json()) == mix


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", '[{"degrader": "jpeg"}]', '[{"degrader": "rust", "chance": 1, "params": {}}]',
     '[{"degrader": "jpeg", "chance": 2, "params": {}}]', '[{"degrader": "jpeg", "chance": 1, "params": {"least": 0}}]'],
)  # fmt: skip
def test_a_mix_that_makes_no_sense_is_refused_in_plain_words(text):
    with pytest.raises(UserError):
        degradation_from_json(text)


def test_parameters_of_another_degradation_are_refused():
    with pytest.raises(TypeError):
        Step("jpeg", degrader_named("blur").params())


@given(chance=st.floats(0, 1), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_the_chance_of_one_step_does_not_change_what_the_next_one_does(chance, seed):
    clean = to_float(photo(16, 16))
    alone = Degradation((step("grey", 0.0), step("noise", kind="even")))
    both = Degradation((step("grey", chance, least=100.0, most=100.0), step("noise", kind="even")))
    first, second = (mix.applied(clean, np.random.default_rng(seed)) for mix in (alone, both))
    assert np.allclose(first, second, atol=1e-6), "full colour is no change, so only the noise is seen"


def test_a_step_happens_about_as_often_as_its_chance_says():
    mix = Degradation((step("grey", 0.3),))
    clean = to_float(photo(4, 4))
    happened = [not np.array_equal(mix.applied(clean, np.random.default_rng(i)), clean) for i in range(300)]
    assert 0.2 < np.mean(happened) < 0.4


def test_a_preview_shows_each_picture_spoiled_and_is_the_same_again():
    pictures = [photo(), photo(40, 30)]
    mix = Degradation((step("noise"), step("jpeg")))
    shown, again = preview(pictures, mix, 5), preview(pictures, mix, 5)
    assert [p.shape for p in shown] == [p.shape for p in pictures]
    assert all(p.dtype == np.uint8 for p in shown)
    assert all(np.array_equal(a, b) for a, b in zip(shown, again, strict=True))
    assert not np.array_equal(preview(pictures, mix, 6)[0], shown[0])


def test_an_empty_mix_is_the_picture_itself():
    assert np.array_equal(preview([photo()], Degradation())[0], photo())


def test_grey_takes_all_colour_away_and_leaves_brightness():
    clean = to_float(photo())
    spoiled = Degradation((step("grey"),)).applied(clean, np.random.default_rng(0))
    assert np.allclose(spoiled, luma(clean)[..., None], atol=1e-5)


def test_colour_noise_leaves_brightness_calmer_than_even_noise_does():
    flat = np.full((64, 64, 3), 0.5, np.float32)
    spread = {
        kind: luma(
            Degradation((step("noise", least=10.0, most=10.0, kind=kind),)).applied(
                flat, np.random.default_rng(0)
            )
        ).std()
        for kind in ("colour", "even")
    }
    assert spread["colour"] < 0.6 * spread["even"]


def test_a_palette_has_few_colours():
    mix = Degradation((step("palette", least=8, most=8),))
    spoiled = preview([photo()], mix)[0]
    assert len(np.unique(spoiled.reshape(-1, 3), axis=0)) <= 8


def test_the_designer_needs_no_torch():
    code = "import sys, imgstudio.learn.degrade.stack as s; s.degraders(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
