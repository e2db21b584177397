"""The critic: patches, limited stretch, groups."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from imgstudio.engine.nets.critic import PatchCritic
from tests.engine.networks import covers_every_parameter_once, seen_distance


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("size", [(8, 8), (37, 53), (64, 40)])
def test_each_patch_gets_a_score(size):
    scores = PatchCritic(16).eval()(torch.rand(2, 3, *size))
    assert scores.shape == (2, 1, size[0] // 8, size[1] // 8)


def test_no_layer_stretches_more_than_its_limit():
    critic = PatchCritic(16).train()
    for _ in range(30):
        critic(torch.rand(1, 3, 16, 16))
    critic.eval()
    for layer in critic.modules():
        if isinstance(layer, nn.Conv2d):
            largest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
            assert float(largest) == pytest.approx(1, abs=0.05)


def test_in_evaluation_it_always_says_the_same():
    critic, image = PatchCritic(16).eval(), torch.rand(1, 3, 32, 32)
    assert torch.equal(critic(image), critic(image))


def test_it_sees_no_further_than_it_says():
    critic = PatchCritic(16).eval()
    # The limits are made from weights at every run: fixed while the numbers change to double.
    for layer in critic.modules():
        if isinstance(layer, nn.Conv2d):
            nn.utils.parametrize.remove_parametrizations(layer, "weight")
    distance = seen_distance(critic, length=160)
    assert critic.reach / 3 < distance <= critic.reach


def test_groups_hold_every_layer_once():
    assert covers_every_parameter_once(PatchCritic(16))


def test_a_saved_critic_comes_back():
    critic, other = PatchCritic(16).eval(), PatchCritic(16).eval()
    other.load_state_dict(critic.state_dict())
    image = torch.rand(1, 3, 16, 16)
    assert torch.equal(critic(image), other(image))


def test_a_critic_that_never_halves_is_refused():
    with pytest.raises(ValueError, match="at least once"):
        PatchCritic(16, 0)
