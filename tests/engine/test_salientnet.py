"""The network that finds what stands out, and how it takes over a classifier's trunk."""

import numpy as np
import pytest
import torch

from imgstudio.engine.nets.lite0 import Lite0
from imgstudio.engine.nets.salientnet import SalientNet
from imgstudio.engine.salience import salience


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    made = Lite0(10)
    for layer in made.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.2, 0.2)
            layer.running_var.uniform_(0.5, 2)
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.uniform_(-0.2, 0.2)
    return made.eval()


def test_the_trunk_sees_what_the_classifier_sees(classifier):
    net = SalientNet().eval()
    net.start_from(classifier)
    image = torch.rand(1, 3, 64, 96)

    with torch.inference_mode():
        wanted = classifier.stages[:5](classifier.stem(classifier.normalise(image)))
        seen = net.stages[:5](net.stem(net.normalise(image)))

    assert (seen - wanted).abs().max() < 1e-3 * wanted.abs().max()


@pytest.mark.parametrize("shape", [(32, 32), (64, 96), (50, 71)])
def test_any_size_comes_back(shape):
    net = SalientNet().eval()

    with torch.inference_mode():
        assert net(torch.rand(2, 3, *shape)).shape == (2, 1, *shape)


def test_every_size_of_the_decoder_answers():
    net = SalientNet().eval()

    with torch.inference_mode():
        answers = net.answers(torch.rand(1, 3, 64, 64))

    assert [answer.shape[-1] for answer in answers] == [2, 4, 8, 16, 32]


def test_groups_hold_every_weight_once():
    net = SalientNet()
    grouped = [p for group in net.groups() for module in group for p in module.parameters()]

    assert len(grouped) == len({id(p) for p in grouped}) == len(list(net.parameters()))


def test_half_precision_weights_stay_below_five_megabytes():
    assert 2 * sum(p.numel() for p in SalientNet().parameters()) <= 5_000_000


def test_mirrored_looks_agree_with_the_mirrored_picture():
    torch.manual_seed(0)
    net = SalientNet().eval()
    pixels = np.random.default_rng(0).random((40, 70, 3), np.float32)

    ahead = salience(net, pixels, side=64)
    back = salience(net, np.ascontiguousarray(pixels[:, ::-1]), side=64)

    assert ahead.shape == (64, 64)
    assert np.abs(ahead - back[:, ::-1]).max() < 1e-3
