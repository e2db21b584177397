"""What is minimised while an object is painted, and what it shall be like."""

import pytest
import torch

from imgstudio.core.jobs import Cancelled, CancelToken
from imgstudio.engine.features import FeatureExtractor
from imgstudio.engine.harmonize.objective import Maps, Objective, Weights, blurred, calmed
from imgstudio.engine.harmonize.targets import consistent, counterparts, independent
from imgstudio.engine.nets.vgg import random_vgg

SIDE = 48
PLAIN = Weights(content=1.0, style=1.0, histogram=1.0, smoothness=0.0, tone=0.2)


def unchecked():
    pass


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def features():
    return FeatureExtractor(random_vgg())


def noise(seed, side=SIDE):
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))


def begun():
    """Soft blobs of strong contrast."""
    return (0.5 + 5 * blurred(noise(0) - 0.5, 2.0)).clamp(0, 1)


def square(low, high):
    mask = torch.zeros(1, 1, SIDE, SIDE)
    mask[..., low:high, low:high] = 1
    return mask


def wanted_of(features, picture, painting, tight):
    own, theirs = (list(features(p).values()) for p in (picture, painting))
    return consistent(own, theirs, painting, (picture, painting), tight, unchecked)


def objective(features, maps=None, weights=PLAIN, check=unchecked):
    picture, painting, tight = begun(), noise(1, 64), square(16, 32)
    with torch.no_grad():
        wanted = wanted_of(features, picture, painting, tight)
    maps = maps or Maps(tight, square(12, 36))
    return Objective(features, picture, picture, wanted, weights, maps, check)


def test_pixels_outside_the_loose_mask_stay(features):
    ground = objective(features)
    for _ in range(8):
        ground.step()
    moved = (ground.picture() - begun()).abs().amax(1)[0].detach()
    loose = square(12, 36)[0, 0] > 0
    assert moved[~loose].max() == 0
    assert moved[loose].max() > 0.02


def test_steps_lower_the_loss(features):
    ground = objective(features)
    losses = [ground.step() for _ in range(20)]
    assert losses[-1] < 0.8 * losses[0]


def test_where_style_is_not_wished_it_moves_nothing(features):
    tight, loose = square(16, 32), square(12, 36)
    ground = objective(features, Maps(tight, loose, style=torch.zeros(1, 1, SIDE, SIDE)))
    for _ in range(3):
        ground.step()
    assert float((ground.picture() - begun()).detach().abs().max()) < 1e-3


def test_a_step_can_be_cancelled(features):
    token = CancelToken()
    ground = objective(features, check=token.check)
    token.cancel()
    with pytest.raises(Cancelled):
        ground.step()


def test_calmed_changes_keep_their_light_and_are_linear():
    one, other = noise(3) - 0.5, noise(4) - 0.5
    assert torch.allclose(calmed(one).mean(1), one.mean(1), atol=1e-5)
    assert torch.allclose(calmed(one + 2 * other), calmed(one) + 2 * calmed(other), atol=1e-5)
    spread = [(part - part.mean(1, keepdim=True)).std() for part in (one, calmed(one))]
    assert spread[1] < 0.4 * spread[0]


def test_a_blur_keeps_what_is_even():
    even = torch.ones(1, 2, 40, 40)
    assert torch.allclose(blurred(even, 2.0)[..., 10:30, 10:30], even[..., 10:30, 10:30], atol=1e-5)


def test_a_piece_of_the_painting_wants_to_be_as_it_is(features):
    painting, tight = noise(5, 64), square(0, SIDE)
    piece = painting[..., 8 : 8 + SIDE, 8 : 8 + SIDE]
    with torch.no_grad():
        own, theirs = (list(features(p).values()) for p in (piece, painting))
        first = independent(own, theirs, (piece, painting), tight, unchecked)
        second = consistent(own, theirs, painting, (piece, painting), tight, unchecked)
    assert -1 in second
    for index, layer in enumerate(own):
        for target in (t[index] for t in (first, second) if index in t):
            apart = target.statistics.mean[0] - layer.mean((2, 3))[0]
            assert float(apart.norm() / layer.mean((2, 3)).norm()) < 0.2


def test_counterparts_are_where_the_painting_shows_the_like(features):
    painting, tight = 0.05 * noise(6, 64) + 0.5, square(8, 40)
    painting[..., 32:] = noise(7, 64)[..., 32:]  # rough on the right
    with torch.no_grad():
        own, theirs = (list(features(p).values()) for p in (noise(8), painting))
        alike = counterparts(own, theirs, tight, unchecked)
    assert alike[:, alike.shape[1] // 2 :].float().mean() > 2 * alike[:, : alike.shape[1] // 2].float().mean()
