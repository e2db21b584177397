"""U-Nets: any encoder, any size, in groups, seeing as far as they say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from imgstudio.engine.manifest import save_model
from imgstudio.engine.nets.encoders import ENCODERS
from imgstudio.engine.nets.lite0 import SameConv
from imgstudio.engine.nets.small_unet import SmallUNet, WholeView
from imgstudio.engine.nets.unet import Attention, UNet, levels_of
from imgstudio.engine.nets.upsampling import ShuffleUp, icnr
from imgstudio.engine.registry import ModelRegistry
from tests.engine.networks import covers_every_parameter_once, is_flat_in_cells, seen_distance


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def without_whole_view(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, WholeView):
            nn.init.zeros_(module.mix.weight)
    return network


@pytest.mark.parametrize("encoder", list(ENCODERS))
def test_a_unet_finds_where_its_encoder_halves_the_size(encoder):
    with torch.device("meta"):  # shapes only
        levels = levels_of(ENCODERS[encoder].build())
    assert [level.step for level in levels] == [1, 2, 4, 8, 16, 32][: len(levels)]
    assert len(levels) == (5 if encoder == "small" else 6)
    assert levels[0].planes == 3


@pytest.mark.parametrize("encoder", ["small", "lite0", "resnet18"])
@pytest.mark.parametrize("size", [(37, 53), (1, 1), (64, 33)])
def test_a_unet_takes_any_size(encoder, size):
    answers = UNet(encoder, 5).eval()(torch.rand(1, 3, *size))
    assert answers.shape == (1, 5, *size)
    assert answers.dtype == torch.float32


@pytest.mark.parametrize("encoder", ["small", "lite0", "resnet18"])
@pytest.mark.parametrize("size", [(37, 53), (1, 1), (64, 33)])
def test_a_unet_that_answers_at_half_the_size_takes_any_size(encoder, size):
    network = UNet(encoder, 5, full_size=False).eval()
    assert network.tail is None
    assert network(torch.rand(1, 3, *size)).shape == (1, 5, *size)
    assert covers_every_parameter_once(network)


@pytest.mark.parametrize("size", [(37, 53), (1, 1), (64, 33)])
def test_a_small_unet_takes_any_size(size):
    assert SmallUNet(12).eval()(torch.rand(2, 3, *size)).shape == (2, 12, *size)


@pytest.mark.parametrize("encoder", list(ENCODERS))
def test_groups_hold_every_layer_of_a_unet_once(encoder):
    with torch.device("meta"):
        network = UNet(encoder, 2, self_attention=True)
    assert covers_every_parameter_once(network)
    assert [bool(group) for group in network.groups()] == [True, True, True]


def test_groups_hold_every_layer_of_a_small_unet_once():
    assert covers_every_parameter_once(SmallUNet(2, width=0.5))


@pytest.mark.parametrize("full_size", [False, True])
@pytest.mark.parametrize("encoder", ["small", "lite0", "resnet18"])
def test_a_unet_sees_no_further_than_it_says(encoder, full_size):
    network = without_whole_view(UNet(encoder, 2, full_size=full_size))
    distance = seen_distance(network, length=2 * network.reach + 96, height=8)
    assert network.reach / 4 < distance <= network.reach


def test_a_small_unet_sees_no_further_than_it_says():
    network = without_whole_view(SmallUNet(2))
    distance = seen_distance(network, length=448, height=16)
    assert network.reach / 2 < distance <= network.reach


def test_a_small_unet_looks_at_the_whole_picture_too():
    network = SmallUNet(2)
    assert network.is_global
    assert seen_distance(network, length=448, height=16) > network.reach


def test_moving_a_picture_by_the_multiple_moves_the_answer():
    network = without_whole_view(SmallUNet(2)).double().eval()
    image = torch.rand(1, 3, 32, 2 * network.reach + 128, dtype=torch.double)
    with torch.no_grad():
        whole, part = network(image), network(image[..., network.multiple_of :])
    inner = network.reach + network.multiple_of
    assert torch.allclose(whole[..., inner:], part[..., network.reach :])


@pytest.mark.parametrize("blur", [False, True])
def test_doubling_starts_without_a_checkerboard(blur):
    features = torch.rand(1, 8, 12, 12)
    larger = ShuffleUp(8, 4, blur=False)(features)
    assert is_flat_in_cells(larger, 2)
    blurred = ShuffleUp(8, 4, blur=blur)
    flat = blurred(features.new_ones(1, 8, 12, 12))
    assert torch.allclose(flat, flat[:, :, :1, :1].expand_as(flat), atol=1e-6)


def test_icnr_refuses_filters_that_fill_no_cells():
    with pytest.raises(ValueError, match="cells"):
        icnr(torch.empty(6, 3, 3, 3), 2)


def test_icnr_lets_different_planes_differ():
    weight = icnr(torch.empty(8, 3, 1, 1), 2)
    assert not torch.equal(weight[0], weight[4])


def test_attention_adds_nothing_at_the_start_and_something_later():
    attention = Attention(32)
    features = torch.rand(1, 32, 6, 7)
    assert torch.equal(attention(features), features)
    nn.init.ones_(attention.strength)
    assert not torch.allclose(attention(features), features)


def test_a_range_holds_whatever_the_weights_are():
    network = UNet("small", 1, y_range=(-2, 5)).eval()
    nn.init.normal_(network.head.weight, std=100)
    answers = network(torch.rand(1, 3, 32, 32)).detach()
    assert -2 <= float(answers.min()) < 0 < float(answers.max()) <= 5


def test_a_net_that_adds_its_input_starts_near_it():
    network = UNet("small", 3, adds_input=True).eval()
    image = torch.rand(1, 3, 40, 40)
    assert float((network(image) - image).detach().abs().max()) < 0.05


@pytest.mark.parametrize("residual_last", [False, True])
@pytest.mark.parametrize("input_cross", [False, True])
def test_the_last_block_is_a_choice(residual_last, input_cross):
    network = UNet("small", 2, residual_last=residual_last, input_cross=input_cross).eval()
    assert network(torch.rand(1, 3, 20, 20)).shape == (1, 2, 20, 20)
    assert (network.tail.pair is not None, network.tail.mix is not None) == (residual_last, input_cross)


def test_widths_are_one_for_each_doubling():
    assert UNet("small", 2, widths=[32, 16, 16, 16]).widths == (32, 16, 16, 16)
    with pytest.raises(ValueError, match="4 times"):
        UNet("small", 2, widths=[32, 16])


def test_an_unknown_encoder_is_refused():
    with pytest.raises(ValueError, match="no encoder 'vit'"):
        UNet("vit", 2)


def test_a_net_in_bfloat16_answers_in_float32():
    image = torch.rand(1, 3, 32, 32)
    for network in (SmallUNet(3), UNet("small", 3, self_attention=True)):
        with torch.autocast("cpu", torch.bfloat16):
            assert network(image).dtype == torch.float32


def test_a_small_unet_learns_where_red_is():
    network = SmallUNet(2, width=0.5)
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2)
    image = torch.rand(4, 3, 32, 32)
    image[:, 0, :, 16:] *= 0.2
    truth = torch.zeros(4, 32, 32, dtype=torch.long)
    truth[:, :, :16] = 1
    losses = []
    for _ in range(12):
        loss = nn.functional.cross_entropy(network(image), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_saved_unets_come_back_from_the_registry(tmp_path):
    settings = {"encoder": "small", "classes_or_planes": 3, "y_range": [0, 1], "widths": [32, 32, 16, 16]}
    network = UNet(**settings).eval()
    save_model(
        tmp_path / "mine",
        network,
        id="mine",
        name="Mine",
        task="x",
        architecture="unet",
        hyperparameters=settings,
    )
    image = torch.rand(1, 3, 24, 24)
    loaded = ModelRegistry(tmp_path).load("mine")
    assert torch.allclose(loaded(image), network(image).detach(), atol=1e-5)


def test_convolutions_of_single_planes_learn_in_float32_beside_bfloat16():
    torch.manual_seed(0)
    layer = SameConv(32, 32, 3, stride=2, groups=32)
    features = torch.randn(1, 32, 9, 9)
    exact = layer(features)
    with torch.autocast("cpu", torch.bfloat16):
        learning = layer(features.bfloat16())
        with torch.no_grad():
            used = layer(features)
    assert (learning.dtype, used.dtype) == (torch.float32, torch.bfloat16)
    assert torch.allclose(learning, exact, atol=0.03)
    learning.sum().backward()
    assert layer.weight.grad.dtype == torch.float32
