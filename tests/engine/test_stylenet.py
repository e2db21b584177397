"""The painting network: any size, many styles in one, tiles by given statistics."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from imgstudio.engine.nets.anystyle import AnyStyle, appearance
from imgstudio.engine.nets.newstyle import NewStyle
from imgstudio.engine.nets.stylenet import StyledNorm, StyleNet, StyleTable
from tests.engine.networks import covers_every_parameter_once, seen_distance


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def many_styles(count: int) -> StyleNet:
    """With styles that differ, as after training."""
    network = StyleNet(count, width=16, blocks=1).eval()
    vectors = network.styles.vectors
    nn.init.uniform_(vectors, 0.5, 1.5)
    with torch.no_grad():
        vectors[:, ::2] -= 1
    nn.init.normal_(network.last.weight, std=0.1)
    return network.requires_grad_(requires_grad=False)


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (37, 53), (32, 32)])
def test_any_size_is_painted(size):
    painted = StyleNet(2, width=16, blocks=1)(torch.rand(1, 3, *size))
    assert painted.shape == (1, 3, *size)
    assert 0 <= float(painted.detach().min()) <= float(painted.detach().max()) <= 1


def test_styles_differ_and_each_picture_has_its_own():
    network = many_styles(2)
    image = torch.rand(1, 3, 24, 24)
    both = network(image.repeat(2, 1, 1, 1), network.vector(torch.eye(2)))
    assert not torch.allclose(both[0], both[1], atol=1e-2)
    assert torch.allclose(both[1:], network(image, network.styles.vectors[1:]), atol=1e-5)


def test_without_a_style_all_take_part_alike():
    network = many_styles(4)
    image = torch.rand(2, 3, 16, 16)
    assert torch.allclose(network(image), network(image, network.vector(torch.full((2, 4), 0.25))), atol=1e-6)


def test_statistics_of_the_whole_make_tiles_fit():
    network = many_styles(1).double()
    image = torch.rand(1, 3, 20, 128, dtype=torch.double)
    image[..., 64:] *= 0.3
    whole = network(image)
    start = 40
    tile = network(image[..., start:], statistics=network.statistics(image))
    kept = slice(network.overlap, None)
    assert torch.allclose(whole[..., start:][..., kept], tile[..., kept])
    assert not torch.allclose(whole[..., start:], network(image[..., start:]))


def test_it_sees_no_further_than_it_says_once_the_statistics_are_given():
    network = many_styles(1)
    statistics = network.statistics(torch.rand(1, 3, 32, 32))
    distance = seen_distance(
        network,
        length=160,
        height=16,
        run=lambda image: network(image, statistics=[s.double() for s in statistics]),
    )
    assert network.reach / 2 < distance <= network.reach


def test_a_new_style_starts_as_the_mean_of_those_learned():
    learned, fresh = many_styles(3), StyleNet(1, width=16, blocks=1).eval()
    fresh.start_from(learned)
    image = torch.rand(1, 3, 20, 20)
    assert torch.allclose(fresh(image), learned(image), atol=1e-5)


def test_another_width_is_no_start():
    with pytest.raises(RuntimeError):
        StyleNet(1, width=32, blocks=1).start_from(StyleNet(1, width=16, blocks=1))


def test_groups_hold_every_layer_once_and_styles_come_last():
    network = StyleNet(2, width=16, blocks=2)
    assert covers_every_parameter_once(network)
    assert [type(module) for module in network.groups()[-1]] == [StyleTable]


def test_planes_come_to_the_mean_and_deviation_of_the_style():
    norm, seen = StyledNorm(3), torch.rand(2, 3, 9, 11) * 4 + 1
    scale, shift = torch.rand(2, 3) + 0.5, torch.randn(2, 3)
    normal, measured = norm(seen, torch.stack((scale, shift)), None)

    assert torch.allclose(normal.mean((2, 3)), shift, atol=1e-4)
    assert torch.allclose(normal.std((2, 3), correction=0), scale, atol=1e-3)
    assert torch.allclose(measured[0], seen.mean((2, 3)), atol=1e-4)
    assert torch.allclose(measured[1], seen.var((2, 3), correction=0), atol=1e-3)
    again, _ = norm(seen, torch.stack((scale, shift)), measured)
    assert torch.allclose(again, normal, atol=1e-4)


def test_half_precision_gives_the_same_picture_but_for_rounding():
    network = many_styles(1)
    image = torch.rand(1, 3, 32, 32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = network(image)
    assert rounded.dtype == torch.float32
    assert (rounded - network(image)).abs().mean() < 0.02


def test_a_new_style_is_put_on_the_trunk_it_was_learned_on():
    trunk, learned = many_styles(3), StyleNet(1, width=16, blocks=1)
    learned.start_from(trunk)
    nn.init.normal_(learned.styles.vectors)
    nn.init.normal_(learned.first.paint.weight, std=0.2)
    kept = NewStyle(base="style", base_sha256="0" * 64, width=16, blocks=1)
    kept.take(learned)
    image = torch.rand(1, 3, 20, 24)

    assert torch.equal(kept.put_on(trunk)(image), learned.eval()(image))
    assert sum(tensor.numel() for tensor in kept.state_dict().values()) < 0.3 * sum(
        tensor.numel() for tensor in learned.state_dict().values()
    )


def test_any_style_paints_as_its_painter_with_what_its_predictor_says():
    network = AnyStyle(2, seen=6, inner=4, width=16, blocks=1).eval()
    nn.init.normal_(network.predictor.spread.weight)
    nn.init.normal_(network.painter.last.weight, std=0.1)
    layers = {"a": torch.rand(2, 1, 8, 8), "b": torch.rand(2, 2, 4, 4)}
    seen = appearance(layers)
    image = torch.rand(1, 3, 16, 16)
    one, other = (network(image, vector[None]) for vector in network.predictor(seen))

    assert seen.shape == (2, 6)
    assert torch.allclose(seen[:, 0], layers["a"].mean((1, 2, 3)))
    assert not torch.allclose(one, other, atol=1e-3)
