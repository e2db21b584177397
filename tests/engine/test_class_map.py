"""The likeliest class of every pixel, and how unsure a network is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.class_map import class_map
from imgstudio.engine.segment import ClassFacts, SizeRule


class Brightness(nn.Module):
    """Two classes: dark, and bright; surer the farther from grey."""

    multiple_of, overlap = 8, 16

    def forward(self, pixels):
        bright = 8 * (pixels.mean(1, keepdim=True) - 0.5)
        return torch.cat([-bright, bright], 1)


class OneModel:
    """A registry that holds one network."""

    def __init__(self, longest=0):
        facts = ClassFacts(("dark", "bright"), ((0, 0, 0), (255, 255, 255)), SizeRule(longest))
        self._manifest = SimpleNamespace(classes=facts.names, card={"segment": facts.to_card()})

    def manifest(self, model_id):
        return self._manifest

    def load(self, model_id, device):
        return Brightness().to(device).eval()


def ramp(height=40, width=120):
    """Dark on the left, bright on the right."""
    return np.repeat(np.linspace(0, 1, width, dtype=np.float32)[None, :, None], height, 0).repeat(3, 2)


@pytest.mark.usefixtures("one_thread")
def test_each_pixel_gets_its_likeliest_class_and_the_border_is_unsure():
    found = class_map(OneModel(), "m", ramp(), Progress(), "cpu")
    assert found.indices.shape == found.unsure.shape == (40, 120)
    assert (found.indices[:, :55] == 0).all()
    assert (found.indices[:, 65:] == 1).all()
    assert found.unsure[:, 60].min() > 200
    assert found.unsure[:, [2, 117]].max() < 30


@pytest.mark.usefixtures("one_thread")
def test_a_large_picture_is_seen_small_and_answered_at_its_size():
    found = class_map(OneModel(longest=60), "m", ramp(80, 240), Progress(), "cpu")
    assert found.indices.shape == (80, 240)
    assert (found.indices[:, :105] == 0).all()
    assert (found.indices[:, 135:] == 1).all()


@pytest.mark.usefixtures("one_thread")
def test_strips_of_a_picture_are_what_the_whole_is(monkeypatch):
    whole = class_map(OneModel(), "m", ramp(), Progress(), "cpu")
    monkeypatch.setattr("imgstudio.engine.class_map.STRIP", 700)
    parts = class_map(OneModel(), "m", ramp(), Progress(), "cpu")
    np.testing.assert_array_equal(whole.indices, parts.indices)
    np.testing.assert_array_equal(whole.unsure, parts.unsure)


@pytest.mark.usefixtures("one_thread")
def test_it_can_be_cancelled():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        class_map(OneModel(), "m", ramp(), Progress(token=token), "cpu")
