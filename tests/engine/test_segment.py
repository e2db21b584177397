"""Class maps of whole pictures: sizes, tiles, mirrored pictures, what the description says."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core.jobs import Progress
from imgstudio.engine import segment
from imgstudio.engine.edges import applied, fitted, taps
from imgstudio.engine.manifest import ModelManifest
from imgstudio.engine.segment import ClassFacts, Segmenter, SizeRule, class_colours, facts_of

CPU = torch.device("cpu")


class Brightness(torch.nn.Module):
    """Class 1 is bright; one class more for every pixel to the right of a bright one."""

    multiple_of, overlap = 8, 16

    def forward(self, image):
        assert image.shape[2] % 8 == image.shape[3] % 8 == 0
        grey = 20 * (image.mean(1) - 0.5)
        shifted = torch.nn.functional.pad(grey, (1, 0))[..., :-1]
        return torch.stack((-grey, grey, shifted * 0.5), 1)


FACTS = ClassFacts(("dark", "bright", "right"), class_colours(3))


def picture(height=70, width=90):
    return np.random.default_rng(0).random((height, width, 3), np.float32)


def segmenter(**facts):
    return Segmenter(Brightness(), ClassFacts(FACTS.names, FACTS.colours, **facts), CPU, torch.float32)


def test_shares_are_of_the_pictures_size_and_sum_to_one():
    shares = segmenter().shares(picture(), Progress())
    assert shares.shape == (70, 90, 3)
    assert np.allclose(shares.sum(2), 1, atol=1e-5)


def test_tiles_give_what_the_whole_gives(monkeypatch):
    whole = segmenter().shares(picture(), Progress())
    monkeypatch.setattr(segment, "TILE", 32)
    assert np.allclose(segmenter().shares(picture(), Progress()), whole, atol=1e-5)


def test_the_mirrored_picture_makes_the_answer_symmetric():
    once = segmenter(mirrored=True)
    image = picture(16, 24)
    straight = once.shares(image, Progress(), mirrored=True)
    turned = once.shares(image[:, ::-1].copy(), Progress(), mirrored=True)
    assert np.allclose(straight, turned[:, ::-1], atol=1e-5)


def test_a_predictor_answers_about_the_picture_that_was_set():
    once = segmenter()
    image = np.zeros((20, 30, 3), np.float32)
    image[5:10, 5:10] = 1
    once.set_image(image, Progress())
    assert once.labels[7, 7] == 1
    assert once.labels[15, 15] == 0
    assert once.predict([0, 1, 2])[3, 3] == pytest.approx(1, abs=1e-5)


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_pictures_are_seen_as_they_are_unless_much_larger_than_those_of_the_training(width, height):
    seen = SizeRule(480).seen(width, height)
    if max(width, height) <= 600:
        assert seen == (width, height)
    else:
        assert max(seen) == 480
    assert SizeRule().seen(width, height) == (width, height)
    assert max(SizeRule(480).seen(width, height, 512)) == 512


def test_the_card_brings_back_the_facts():
    facts = ClassFacts(("a", "b"), ((1, 2, 3), (4, 5, 6)), SizeRule(320), mirrored=True)
    manifest = ModelManifest("m", "M", "segment", "x", classes=facts.names, card={"segment": facts.to_card()})
    assert facts_of(manifest) == facts
    assert len(set(facts_of(ModelManifest("m", "M", "segment", "x", classes=tuple("abcdefgh"))).colours)) == 8


def test_edges_follow_the_picture_when_asked():
    brightness = np.zeros((40, 40), np.float32)
    brightness[:, 20:] = 1
    blurred = np.clip((np.arange(40, dtype=np.float32) - 14) / 12, 0, 1)
    maps = np.repeat(blurred[None], 40, 0)[..., None]
    places = taps(0, 40, 40, 40)
    plain = applied(fitted(maps, brightness, 0), brightness, places, places)
    assert np.allclose(plain, maps)
    sharp = applied(fitted(maps, brightness, 4), brightness, places, places)[20, :, 0]
    assert sharp[20] - sharp[19] > 3 * (blurred[20] - blurred[19])


def test_parts_of_the_large_picture_agree_with_the_whole():
    random = np.random.default_rng(1)
    fit = fitted(random.random((20, 30, 2), np.float32), random.random((20, 30), np.float32), 2)
    bright = random.random((77, 101), np.float32)
    whole = applied(fit, bright, taps(0, 77, 77, 20), taps(0, 101, 101, 30))
    part = applied(fit, bright[13:40, 50:90], taps(13, 40, 77, 20), taps(50, 90, 101, 30))
    assert np.array_equal(part, whole[13:40, 50:90])
