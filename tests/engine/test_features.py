"""Looking through a network: layers computed once, comparable between networks, always something to look through."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from imgstudio.engine.features import RANDOM_NAME, FeatureExtractor, before_downsampling, perceptual_net
from imgstudio.engine.manifest import save_model
from imgstudio.engine.nets.resnet import ResNet
from imgstudio.engine.nets.vgg import Vgg, random_vgg
from imgstudio.engine.registry import ModelRegistry

SMALL = {"widths": [8, 16], "convolutions": [2, 1]}


@pytest.fixture
def network() -> Vgg:
    torch.manual_seed(0)
    return Vgg(**SMALL).eval().requires_grad_(requires_grad=False)


def put(root, model_id, **fields):
    save_model(
        root / model_id,
        Vgg(**SMALL),
        id=model_id,
        name=model_id.title(),
        task="perceptual",
        architecture="vgg",
        hyperparameters=SMALL,
        **fields,
    )


def test_the_layers_before_each_down_sampling_are_taken_by_default(network):
    assert before_downsampling(network) == ("relu1_2", "relu2_1")
    assert FeatureExtractor(network).layers == ("relu1_2", "relu2_1")


def test_branches_and_layers_used_twice_are_understood():
    residual = ResNet("resnet18").eval()
    layers = before_downsampling(residual)
    assert layers == (
        "network.relu",
        "network.layer1.1.relu",
        "network.layer2.1.relu",
        "network.layer3.1.relu",
        "network.layer4.1.relu",
    )
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        found = FeatureExtractor(residual, ["network.layer1.1.relu"])(image)["network.layer1.1.relu"]
        inner = residual.network
        expected = inner.layer1(inner.maxpool(inner.relu(inner.bn1(inner.conv1(residual.normalise(image))))))
    assert torch.allclose(found / found.mean(), expected / expected.mean(), atol=1e-4)


def test_features_are_those_of_the_layers_but_for_one_factor(network):
    image = torch.rand(2, 3, 20, 24)
    found = FeatureExtractor(network, ["conv1_2", "relu2_1"])(image)
    assert list(found) == ["conv1_2", "relu2_1"]
    factor = found["relu2_1"] / network(image).clamp_min(1e-9)
    assert torch.allclose(found["relu2_1"], network(image) * factor.max(), atol=1e-5)
    assert found["conv1_2"].min() < 0  # as it was before the ReLU


def test_layers_are_about_1_whatever_the_network(network):
    for module in network:
        if isinstance(module, nn.Conv2d):
            module.weight.mul_(50)
    for values in FeatureExtractor(network)(torch.rand(1, 3, 64, 64)).values():
        assert 0.1 < float(values.square().mean().sqrt()) < 10


def test_nothing_after_the_last_wanted_layer_is_computed(network):
    ran = []
    network.conv2_1.register_forward_pre_hook(lambda module, inputs: ran.append(module))
    extractor = FeatureExtractor(network, ["relu1_2", "conv1_1"])
    ran.clear()
    assert list(extractor(torch.rand(1, 3, 16, 16))) == ["relu1_2", "conv1_1"]
    assert ran == []


def test_gradients_reach_the_picture_and_not_the_network(network):
    image = torch.rand(1, 3, 16, 16, requires_grad=True)
    sum(values.square().mean() for values in FeatureExtractor(network)(image).values()).backward()
    assert float(image.grad.abs().sum()) > 0
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_network_itself_is_left_alone_and_its_weights_are_shared(network):
    before = network(torch.ones(1, 3, 8, 8))
    extractor = FeatureExtractor(network)
    assert torch.equal(network(torch.ones(1, 3, 8, 8)), before)
    assert all(not module._forward_hooks for module in network.modules())
    shared = {tensor.data_ptr() for tensor in extractor._network.parameters()}
    assert shared == {tensor.data_ptr() for tensor in network.parameters()}


def test_threads_do_not_see_each_others_pictures(network):
    extractor = FeatureExtractor(network)
    images = [torch.rand(1, 3, 32, 32) for _ in range(4)]
    expected = [extractor(image)["relu2_1"] for image in images]
    right = []

    def look(index: int) -> None:
        found = [extractor(images[index])["relu2_1"] for _ in range(15)]
        right.append(all(torch.allclose(values, expected[index], atol=1e-5) for values in found))

    threads = [threading.Thread(target=look, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 4


def test_unknown_layers_are_refused(network):
    with pytest.raises(ValueError, match="no layers relu9_9"):
        FeatureExtractor(network, ["relu9_9"])


def test_without_any_model_there_is_a_random_net_and_always_the_same(tmp_path):
    extractor, name = perceptual_net(ModelRegistry(tmp_path))
    again, _ = perceptual_net(None)
    assert name == RANDOM_NAME
    image = torch.rand(1, 3, 32, 32)
    for one, other in zip(extractor(image).values(), again(image).values(), strict=True):
        assert torch.equal(one, other)


def test_the_best_installed_net_is_taken_and_an_altered_one_passed_over(tmp_path, caplog):
    put(tmp_path, "aaa")
    assert perceptual_net(ModelRegistry(tmp_path))[1] == "Aaa"
    put(tmp_path, "perceptual-vgg16")
    assert perceptual_net(ModelRegistry(tmp_path))[1] == "Perceptual-Vgg16"
    put(tmp_path, "perceptual-vgg16-imagenet")
    assert perceptual_net(ModelRegistry(tmp_path))[1] == "Perceptual-Vgg16-Imagenet"
    weights = tmp_path / "perceptual-vgg16-imagenet" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    assert perceptual_net(ModelRegistry(tmp_path))[1] == "Perceptual-Vgg16"
    assert "altered" in caplog.text
    caplog.clear()


def test_the_random_net_tells_textures_apart():
    """Grams of two halves of a texture are nearer to each other than to those of another texture."""
    extractor, _ = perceptual_net(None)
    down, across = torch.meshgrid(torch.arange(64.0), torch.arange(128.0), indexing="ij")
    generator = torch.Generator().manual_seed(3)
    speckle = torch.rand(64, 128, generator=generator)
    textures = [(across / 3).sin() / 2 + 0.5, (down / 3).sin() / 2 + 0.5, speckle, (speckle > 0.9).float()]

    def grams(texture):
        found = []
        for values in extractor(texture.expand(1, 3, -1, -1)).values():
            flat = values.flatten(2)[0]
            flat = flat - flat.mean(1, keepdim=True)
            found.append((flat @ flat.T / flat.shape[1]).flatten())
        return torch.cat(found)

    left = [grams(texture[:, :64]) for texture in textures]
    right = [grams(texture[:, 64:]) for texture in textures]
    for index, gram in enumerate(left):
        distances = torch.stack([(gram - other).square().sum() for other in right])
        assert int(distances.argmin()) == index


def test_most_first_filters_of_the_random_net_are_blind_to_flat_colour():
    sums = random_vgg().conv1_1.weight.sum((2, 3)).abs().amax(1)
    assert int((sums < 1e-5).sum()) == 2 * len(sums) // 3


def test_the_random_net_has_orthogonal_filters():
    weight = random_vgg().conv2_1.weight.flatten(1)
    assert torch.allclose(weight @ weight.T, 2 * torch.eye(len(weight)), atol=1e-4)
