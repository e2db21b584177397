"""The blend without a network: an object takes the colours, the rim and the texture of a painting."""

import cv2
import numpy as np
import pytest

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.harmonize.grain import residual, texture_for
from imgstudio.engine.harmonize.instant import instant
from imgstudio.engine.harmonize.masks import tight_and_loose
from tests.engine.harmonize.scenes import disc, pasted, strokes, waves

SIZE = (180, 220)
BLUE, ORANGE = (0.2, 0.35, 0.7), (0.8, 0.5, 0.2)


@pytest.fixture
def scene():
    painting = np.clip(waves(*SIZE, BLUE) + strokes(*SIZE, 0.05), 0, 1).astype(np.float32)
    mask = disc(*SIZE, 45)
    return pasted(waves(*SIZE, ORANGE), painting, mask), painting, mask


def lab(pixels):
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab)


def test_nothing_changes_outside_the_feather(scene):
    composite, painting, mask = scene
    made = instant(composite, painting, mask)
    outside = tight_and_loose(mask).feather == 0
    np.testing.assert_array_equal(made[outside], composite[outside])
    assert np.isfinite(made).all()
    assert 0 <= made.min() <= made.max() <= 1


def test_the_object_takes_the_paintings_colours_and_keeps_its_light_and_dark(scene):
    composite, painting, mask = scene
    made, inside = instant(composite, painting, mask, grain=False), mask == 1
    there = lab(painting)[inside].mean(0)[1:]
    before, after = (np.linalg.norm(lab(p)[inside].mean(0)[1:] - there) for p in (composite, made))
    assert after < 0.3 * before
    likeness = np.corrcoef(lab(composite)[inside][:, 0], lab(made)[inside][:, 0])[0, 1]
    assert likeness > 0.7


def test_the_texture_has_the_strength_and_the_direction_of_the_paintings(scene):
    composite, painting, mask = scene
    plain, rough = (instant(composite, painting, mask, grain=grain) for grain in (False, True))
    inside = cv2.erode(mask, np.ones((9, 9))) == 1
    there, without, with_it = (residual(lab(p), 2.0)[..., 0] for p in (painting, plain, rough))
    assert without[inside].std() < 0.3 * there[inside].std()
    assert 0.6 < with_it[inside].std() / there[inside].std() < 1.4

    def along(plane):
        across, down = (
            np.diff(plane, axis=axis)[:-1, :-1] if axis else np.diff(plane, axis=0) for axis in (1, 0)
        )
        height, width = min(across.shape[0], down.shape[0]), min(across.shape[1], down.shape[1])
        part = inside[:height, :width]
        return np.abs(down[:height, :width][part]).mean() / np.abs(across[:height, :width][part]).mean()

    assert along(there) > 1.5
    assert along(with_it) > 1.5


def test_strength_is_the_share_of_the_change(scene):
    composite, painting, mask = scene
    whole, half = (instant(composite, painting, mask, strength=strength) for strength in (1.0, 0.5))
    np.testing.assert_allclose(half, (composite + whole) / 2, atol=1e-5)
    np.testing.assert_array_equal(instant(composite, painting, mask, strength=0.0), composite)


def test_the_same_input_gives_the_same_picture(scene):
    np.testing.assert_array_equal(instant(*scene), instant(*scene))


@pytest.mark.parametrize(
    "background", [np.zeros((40, 50, 3)), np.ones((40, 50, 3)), np.full((40, 50, 3), 0.5)]
)
@pytest.mark.parametrize("kind", ["nothing", "one pixel", "everything", "faint", "two", "border"])
def test_odd_objects_and_flat_paintings(background, kind):
    mask = np.zeros((40, 50), np.float32)
    places = {
        "one pixel": np.s_[20, 20],
        "everything": np.s_[:],
        "faint": np.s_[10:20, 10:20],
        "two": np.s_[::30, ::30],
        "border": np.s_[-9:, :12],
    }
    if kind in places:
        mask[places[kind]] = 0.2 if kind == "faint" else 1
    background = background.astype(np.float32)
    composite = pasted(waves(40, 50, ORANGE), background, mask)
    made = instant(composite, background, mask)
    assert np.isfinite(made).all()
    if kind == "nothing":
        np.testing.assert_array_equal(made, composite)


def test_it_can_be_cancelled(scene):
    token = CancelToken()
    seen = []

    def stop(fraction, message):
        seen.append(fraction)
        if fraction > 0.5:
            token.cancel()

    with pytest.raises(Cancelled):
        instant(*scene, progress=Progress(stop, token))
    assert seen[-1] < 0.7


def test_a_signature_is_no_texture():
    painting = np.full((120, 120, 3), (60, 0, 0), np.float32)
    painting[..., 0] += 40 * strokes(120, 120, 0.03)[..., 0]
    painting[10:40:6, 10:40] -= 30
    calm = np.full((60, 60, 3), (60, 0, 0), np.float32)
    texture = texture_for(painting, calm, (5, 5), np.ones((60, 60), np.float32), Progress())
    assert np.abs(texture[..., 0]).max() < 12
