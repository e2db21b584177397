"""The network that is pointed at things, and how it begins as the one that finds what stands out."""

import pytest
import torch

from imgstudio.engine.nets.clicknet import PLANES, ClickNet
from imgstudio.engine.nets.salientnet import SalientNet
from tests.engine.networks import covers_every_parameter_once


@pytest.fixture(scope="module")
def started():
    torch.manual_seed(0)
    salient = SalientNet().eval()
    net = ClickNet().eval()
    net.start_as(salient)
    return salient, net


def test_it_begins_as_the_other_network_whatever_is_pointed_at(started):
    salient, net = started
    image = torch.rand(1, 3 + PLANES, 64, 96)

    with torch.inference_mode():
        assert torch.equal(net(image), salient(image[:, :3]))


def test_the_guidance_can_learn_from_the_first_step(started):
    _, net = started
    image = torch.rand(1, 3 + PLANES, 64, 64)

    net(image).mean().backward()

    assert all(float(addition.weight.grad.abs().max()) > 0 for addition in net.guide.additions)


def test_what_is_pointed_at_counts_at_every_size_once_it_has_learned():
    torch.manual_seed(0)
    net = ClickNet().eval()
    for addition in net.guide.additions:
        torch.nn.init.normal_(addition.weight)
    image = torch.rand(1, 3 + PLANES, 64, 64)
    other = image.clone()
    other[:, 3:] = 0

    with torch.inference_mode():
        pairs = zip(net.answers(image), net.answers(other), strict=True)
        assert all(float((a - b).abs().max()) > 1e-4 for a, b in pairs)


@pytest.mark.parametrize("shape", [(32, 32), (64, 96), (50, 71)])
def test_any_size_comes_back(shape):
    with torch.inference_mode():
        assert ClickNet().eval()(torch.rand(2, 3 + PLANES, *shape)).shape == (2, 1, *shape)


def test_groups_hold_every_weight_once():
    assert covers_every_parameter_once(ClickNet())


def test_half_precision_weights_stay_below_ten_megabytes():
    assert 2 * sum(p.numel() for p in ClickNet().parameters()) <= 10_000_000
