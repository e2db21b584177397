"""Painting in a style: tiles agree with the whole because the statistics are frozen."""

import cv2
import numpy as np
import pytest
import torch

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.device import OutOfMemory
from imgstudio.engine.nets.stylenet import StyleNet
from imgstudio.engine.style import stylist as stylists
from imgstudio.engine.style.stylist import Stylist, within


@pytest.fixture(scope="module")
def stylist():
    torch.manual_seed(1)
    network = StyleNet(1, width=8, blocks=1).eval()
    torch.nn.init.normal_(network.last.weight, std=0.2)
    return Stylist(network, torch.device("cpu"), precise=True)


def photo(height=150, width=186):
    """Dark at the left, bright and busy at the right: parts alone would have other statistics."""
    random = np.random.default_rng(3)
    ramp = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    return np.clip(ramp + 0.3 * ramp * random.standard_normal((height, width, 3)), 0, 1).astype(np.float32)


def test_tiles_equal_the_whole(stylist, monkeypatch):
    whole = stylist.paint(photo(), Progress())
    seen = stylist.seen_in(photo())
    monkeypatch.setattr(Stylist, "seen_in", lambda self, view: seen)
    monkeypatch.setattr(stylists, "WHOLE", 0)
    tiled = stylist.paint(photo(), Progress(), tile=64)

    assert whole.shape == photo().shape
    assert np.ptp(whole) > 0.2, "the network does something"
    assert np.abs(whole - tiled).max() < 1e-4


def test_tiles_with_their_own_statistics_would_not(stylist):
    whole = stylist.paint(photo(), Progress())
    half = stylist.paint(photo()[:, :64], Progress())

    assert np.abs(whole[:, :32] - half[:, :32]).max() > 0.02


def test_a_large_picture_has_no_seams_and_looks_like_the_exact_one(stylist, monkeypatch):
    smooth = cv2.GaussianBlur(photo(), (0, 0), 3)
    exact = stylist.paint(smooth, Progress())
    monkeypatch.setattr(stylists, "WHOLE", 9000)
    frozen, tiled = (stylist.paint(smooth, Progress(), tile=tile) for tile in (512, 64))

    assert np.abs(frozen - tiled).max() < 1e-4
    assert np.abs(exact - frozen).mean() < 0.1


def test_a_picture_that_does_not_fit_at_once_is_painted_in_tiles(stylist, monkeypatch):
    network, sizes = stylist.network, []

    def limited(self, window, seen=None):
        sizes.append(window.shape)
        if seen is None:
            raise OutOfMemory
        return painted(self, window, seen)

    painted = Stylist.painted
    monkeypatch.setattr(Stylist, "painted", limited)

    assert stylist.paint(photo(), Progress(), tile=96).shape == photo().shape
    assert len(sizes) == 5 and network.training is False


def test_painting_can_be_cancelled_between_layers(stylist):
    class Late(CancelToken):
        """Cancelled at the third look."""

        __slots__ = ("looks",)

        def check(self):
            self.looks = getattr(self, "looks", 0) + 1
            if self.looks == 3:
                self.cancel()
            super().check()

    token = Late()
    with pytest.raises(Cancelled):
        stylist.paint(photo(), Progress(token=token))
    assert token.looks == 3
    assert not any(module._forward_pre_hooks for module in stylist.network.modules())


def test_painting_can_be_cancelled(stylist):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        stylist.paint(photo(), Progress(token=token))


def test_a_view_keeps_the_mean_and_is_never_larger():
    small = within(photo(), photo().size // 3 // 4)

    assert small.shape == (75, 93, 3)
    assert small.mean() == pytest.approx(photo().mean(), abs=0.01)
    assert within(photo(), 10**6).shape == photo().shape
