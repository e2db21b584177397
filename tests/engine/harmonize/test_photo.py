"""An object brought to a photo: colours, noise, sharpness, a shadow."""

import dataclasses

import cv2
import numpy as np
import pytest
import torch
from skimage.data import astronaut

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.pixels import to_linear, to_srgb
from imgstudio.engine.harmonize.detail import as_noisy, as_sharp, blur_of, grain, noise_of
from imgstudio.engine.harmonize.photo import MODEL, PhotoSettings, harmonized_photo, trust
from imgstudio.engine.harmonize.shadow import shadow_of
from imgstudio.engine.nets.harmonizenet import COUNT, Answer
from imgstudio.engine.registry import ModelRegistry
from tests.engine.harmonize.scenes import disc, pasted, waves

SIZE = (150, 170)
ONLY_COLOURS = PhotoSettings(noise=0, sharpness=0)
NOTHING = PhotoSettings(colour=0, exposure=0, contrast=0, noise=0, sharpness=0)


class Opinion(torch.nn.Module):
    """Says the same of every object."""

    def __init__(self, gain, numbers=0.2):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))
        self.gain, self.numbers = gain, numbers

    def forward(self, statistics):
        each = torch.zeros(3, len(statistics), COUNT)
        each[..., :3] = self.numbers
        errors = torch.tensor([[self.gain - 3.0, -3.0]]).expand(len(statistics), 2)
        return Answer(each.mean(0), errors, each)


@pytest.fixture
def scene():
    photo = waves(*SIZE, (0.3, 0.4, 0.65))
    mask = disc(*SIZE, 35, softness=3)
    return pasted(waves(*SIZE, (0.7, 0.5, 0.3)), photo, mask), photo, mask


def squares(height, width):
    rows, columns = np.mgrid[:height, :width]
    board = ((rows // 16 + columns // 16) % 2).astype(np.float32) * 0.6 + 0.2
    return np.repeat(board[..., None], 3, 2).astype(np.float32)


def test_nothing_changes_where_the_object_is_not(scene):
    composite, _, mask = scene
    made = harmonized_photo(*scene, PhotoSettings())
    np.testing.assert_array_equal(made[mask == 0], composite[mask == 0])
    assert np.abs(made - composite)[mask == 1].mean() > 0.005


def test_amounts_of_nothing_change_nothing(scene):
    np.testing.assert_allclose(harmonized_photo(*scene, NOTHING), scene[0], atol=2e-5)


def test_amounts_grow_smoothly(scene):
    composite, _, mask = scene
    amounts = [
        dataclasses.replace(ONLY_COLOURS, colour=a, exposure=a, contrast=a) for a in (0, 0.25, 0.5, 0.75, 1)
    ]
    away = [np.abs(harmonized_photo(*scene, a) - composite)[mask == 1].mean() for a in amounts]
    assert (np.diff(away) > 0).all()
    assert np.diff(away).max() < 2 * np.diff(away).min()


def test_the_rim_keeps_what_shines_through(scene):
    """Where half of the photo is seen, half of the object's change is."""
    composite, photo, mask = scene
    made = harmonized_photo(*scene, ONLY_COLOURS)
    own = waves(*SIZE, (0.7, 0.5, 0.3))
    change = (made - composite)[mask == 1].mean(0)
    rim = (mask > 0.4) & (mask < 0.6)
    np.testing.assert_allclose((made - composite)[rim].mean(0), 0.5 * change, atol=0.02)
    assert own.shape == photo.shape


@pytest.mark.parametrize(
    ("gain", "other", "share"), [(-0.1, 1.0, 0.0), (0.5, 1.0, 0.85), (0.5, -1.0, 0.0), (0.15, 1.0, 0.425)]
)
def test_an_unsure_network_is_not_believed(gain, other, share):
    numbers = np.zeros((2, COUNT), np.float32)
    numbers[:, 0] = 0.3, 0.3 * other
    assert trust(gain, numbers) == pytest.approx(share)


def test_a_sure_network_changes_what_statistics_say(scene):
    plain = harmonized_photo(*scene, ONLY_COLOURS)
    sure = harmonized_photo(*scene, ONLY_COLOURS, network=Opinion(0.5))
    unsure = harmonized_photo(*scene, ONLY_COLOURS, network=Opinion(-0.5))
    inside = scene[2] == 1
    assert sure[inside].mean() > plain[inside].mean() + 0.02
    np.testing.assert_allclose(unsure, plain, atol=1e-6)


def test_a_network_gone_mad_is_not_believed(scene):
    plain = harmonized_photo(*scene, ONLY_COLOURS)
    mad = harmonized_photo(*scene, ONLY_COLOURS, network=Opinion(0.5, numbers=float("nan")))
    np.testing.assert_array_equal(mad, plain)


def test_it_can_be_cancelled(scene):
    token = CancelToken()
    with pytest.raises(Cancelled):
        harmonized_photo(*scene, PhotoSettings(), Progress(lambda fraction, _: token.cancel(), token))


@pytest.mark.parametrize("kind", ["nothing", "one pixel", "everything", "faint", "border"])
@pytest.mark.parametrize("light", [0.0, 0.5, 1.0])
def test_odd_objects_and_flat_photos(kind, light):
    mask = np.zeros((40, 50), np.float32)
    places = {
        "one pixel": np.s_[20, 20],
        "everything": np.s_[:],
        "faint": np.s_[9:30, 9:30],
        "border": np.s_[-9:, :9],
    }
    if kind in places:
        mask[places[kind]] = 0.1 if kind == "faint" else 1
    photo = np.full((40, 50, 3), light, np.float32)
    composite = pasted(waves(40, 50, (0.6, 0.5, 0.4)), photo, mask)
    made = harmonized_photo(composite, photo, mask, PhotoSettings(shadow=0.5))
    assert np.isfinite(made).all()
    assert 0 <= made.min() <= made.max() <= 1


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_blur_is_measured(sigma):
    soft = cv2.GaussianBlur(squares(128, 128), (0, 0), sigma)
    assert blur_of(soft, np.ones((128, 128), np.float32)) == pytest.approx(sigma, rel=0.1, abs=0.3)


def test_nothing_is_said_of_what_has_no_edges():
    assert blur_of(np.full((64, 64, 3), 0.4, np.float32), np.ones((64, 64), np.float32)) is None


def test_a_sharp_object_in_a_soft_photo_becomes_as_soft():
    photo = cv2.GaussianBlur(squares(*SIZE), (0, 0), 2.5)
    mask = disc(*SIZE, 45)
    settings = dataclasses.replace(NOTHING, sharpness=1)
    made = harmonized_photo(pasted(squares(*SIZE)[::-1], photo, mask), photo, mask, settings)
    inside = cv2.erode(mask, np.ones((9, 9)))
    assert blur_of(made, inside) == pytest.approx(blur_of(photo, np.ones(SIZE, np.float32)), rel=0.2)


def test_a_soft_object_gets_sharper_and_never_by_much():
    soft = cv2.GaussianBlur(squares(64, 64), (0, 0), 2)
    made = as_sharp(soft, 2.0, 1.0, 1.0)
    everywhere = np.ones((64, 64), np.float32)
    before, after = blur_of(soft, everywhere), blur_of(made, everywhere)
    assert before is not None and after is not None and after < before
    assert np.abs(made - soft).max() < 0.3


@pytest.mark.parametrize(("fine", "coarse"), [(0.02, 0.0), (0.01, 0.03), (0.0, 0.02)])
def test_noise_is_measured_and_given_to_who_lacks_it(fine, coarse):
    random = np.random.default_rng(0)
    shape = (160, 160)
    clean, everywhere = np.full((*shape, 3), 0.5, np.float32), np.ones(shape, np.float32)
    noisy = (clean + np.stack([grain(shape, fine, coarse, random) for _ in range(3)], -1)).astype(np.float32)
    own, wanted = noise_of(clean, everywhere), noise_of(noisy, everywhere)
    assert own is not None and wanted is not None
    given = noise_of(as_noisy(clean, own, wanted, 1.0), everywhere)
    np.testing.assert_allclose(given, wanted, rtol=0.15)


def test_too_much_noise_is_smoothed_away():
    random = np.random.default_rng(0)
    everywhere = np.ones((100, 100), np.float32)
    noisy = (0.5 + random.normal(0, 0.04, (100, 100, 3))).astype(np.float32)
    quiet = (0.5 + random.normal(0, 0.01, (100, 100, 3))).astype(np.float32)
    own, wanted = noise_of(noisy, everywhere), noise_of(quiet, everywhere)
    assert own is not None and wanted is not None
    after = noise_of(as_noisy(noisy, own, wanted, 1.0), everywhere)
    assert after is not None and after.fine < 0.6 * own.fine


def test_a_shadow_falls_at_the_feet_to_its_side_and_softens():
    mask = np.zeros((120, 160), np.float32)
    mask[20:80, 70:90] = 1
    right, left = (shadow_of(mask, direction=direction, length=1.0) for direction in (50, -50))
    columns = np.arange(160)
    assert (right.sum(0) * columns).sum() / right.sum() > 85
    assert (left.sum(0) * columns).sum() / left.sum() < 75
    assert right[:70].max() < 0.05
    assert right[81].max() > right[92].max() > 0
    assert 0 <= right.min() <= right.max() <= 1


def test_a_shadow_darkens_the_ground_and_not_the_object(scene):
    composite, _, mask = scene
    made = harmonized_photo(*scene, dataclasses.replace(NOTHING, shadow=0.8))
    assert (made <= composite + 2e-5).all()
    np.testing.assert_allclose(made[mask == 1], composite[mask == 1], atol=2e-5)
    assert (composite - made).max() > 0.1
    assert (made[:40] == composite[:40]).all()


@pytest.mark.parametrize("cast", [(1.35, 1.0, 0.7), (0.7, 1.0, 1.4), (0.6, 0.6, 0.6)])
def test_the_bundled_network_takes_back_a_cast(cast):
    photo = cv2.resize(astronaut(), (192, 192), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    mask = disc(192, 192, 45, softness=2)
    cast_over = to_srgb(to_linear(photo) * np.array(cast, np.float32)).clip(0, 1)
    composite = pasted(cast_over, photo, mask)
    network = ModelRegistry.of_user().load(MODEL)
    made = harmonized_photo(composite, photo, mask, ONLY_COLOURS, network=network)
    before, after = (np.sqrt(((p - photo)[mask == 1] ** 2).mean()) for p in (composite, made))
    assert after < 0.85 * before
