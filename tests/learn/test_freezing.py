"""Layer groups: who learns, and how fast."""

import pytest
import torch
from torch import nn

from imgstudio.learn.freezing import LayerGroups
from imgstudio.learn.optimisers import make_optimiser, set_rates
from imgstudio.learn.plan import Optimiser
from tests.learn.tiny_task import phase, small_net


def layers(network=None):
    network = network or small_net()
    return LayerGroups(network, [[layer] for layer in network])


def test_the_spread_gives_geometric_rates_over_the_groups_that_learn():
    assert layers().factors(phase(spread=0.01)) == pytest.approx([0.01, 0.1, 1])
    assert layers().factors(phase(spread=0.01, frozen=1)) == pytest.approx([0.01, 0.01, 1])
    assert layers().factors(phase(spread=0.01, frozen=2)) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("kind", ["adam", "adamw", "muon", "sgd", "rmsprop"])
def test_rates_and_momenta_reach_the_optimiser(kind):
    found = layers()
    optimiser = make_optimiser(Optimiser(kind), found)
    set_rates(optimiser, 0.5, 0.8, found.factors(phase(spread=0.01)))

    rates = {group["layer_group"]: group["lr"] for group in optimiser.param_groups}
    momenta = {
        group["betas"][0] if "betas" in group else group["momentum"] for group in optimiser.param_groups
    }
    assert rates == pytest.approx({0: 0.005, 1: 0.05, 2: 0.5})
    assert momenta == {0.8}


def test_biases_and_norms_do_not_decay():
    groups = make_optimiser(Optimiser("adamw", weight_decay=0.1), layers()).param_groups

    assert all((group["weight_decay"] > 0) == (p.ndim > 1) for group in groups for p in group["params"])


def test_what_could_not_learn_before_never_does():
    network = small_net()
    network[1][0].bias.requires_grad = False
    found = layers(network)
    found.freeze(phase(frozen=1))
    found.release()

    assert not network[1][0].bias.requires_grad
    assert all(p.requires_grad for name, p in network.named_parameters() if name != "1.0.bias")


def test_a_layer_that_stands_in_two_groups_belongs_to_the_first():
    shared = nn.Linear(2, 2)
    network = nn.Sequential(shared, nn.Linear(2, 2), shared)
    found = LayerGroups(network, [[network[0]], [network[1], network[2]]])

    assert [len(members) for members in found.members] == [2, 2]


def test_resting_norms_are_in_evaluation_mode_while_the_rest_trains():
    found = layers()
    found.set_modes(phase(frozen=1, frozen_norms=True))
    network = found.network

    assert not network[0][1].training
    assert network[1][2].training
    statistics = network[0][1].running_mean.clone()
    network(torch.randn(2, 3, 4, 4))
    assert torch.equal(statistics, network[0][1].running_mean)
    found.set_modes(phase(frozen=1))
    assert network[0][1].training
