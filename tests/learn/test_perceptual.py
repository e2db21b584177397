"""Distances by what a perceptual network sees."""

import pytest
import torch
from torch.nn import functional

from imgstudio.engine.style.statistics import statistics, total_variation
from imgstudio.learn.perceptual import FeatureLoss, FeatureWeights, StyleLoss, feature_distance

pytestmark = pytest.mark.usefixtures("one_thread")


class Bank:
    """Three layers of fixed random filters; counts how often it looks."""

    def __init__(self):
        generator = torch.Generator().manual_seed(2)
        self.filters = [torch.randn(8, 3 if k == 0 else 8, 3, 3, generator=generator) / 4 for k in range(3)]
        self.looks = 0

    def __call__(self, picture):
        self.looks += 1
        layers, values = {}, picture
        for k, weights in enumerate(self.filters):
            values = functional.conv2d(values, weights.to(values.dtype), padding=1).relu()
            layers[str(k)] = values
            values = functional.avg_pool2d(values, 2)
        return layers


@pytest.fixture
def bank():
    return Bank()


def picture(seed, count=1, side=24):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def total(terms):
    return float(sum(terms.values()))


def test_a_picture_has_no_distance_from_itself_and_some_from_another(bank):
    loss = FeatureLoss(bank)

    assert total(loss(picture(1), picture(1))) == 0
    assert total(loss(picture(1), picture(2))) > 0.1


def test_features_of_output_and_truth_are_computed_once_each(bank):
    FeatureLoss(bank)(picture(1), picture(2))
    assert bank.looks == 2

    FeatureLoss(bank, FeatureWeights(features=0, texture=0))(picture(1), picture(2))
    assert bank.looks == 2


def test_texture_does_not_mind_where_things_lie_but_features_do(bank):
    truth = picture(1, side=32)
    terms = FeatureLoss(bank)(truth.flip(3), truth)
    other = FeatureLoss(bank)((truth * 0.2), truth)

    assert terms["texture"] < 0.1 * other["texture"]
    assert terms["features"] > 0.5 * other["features"]


def test_a_net_that_shouts_counts_no_more_than_one_that_whispers(bank):
    quiet = FeatureLoss(lambda seen: {name: layer / 1000 for name, layer in bank(seen).items()})

    assert total(quiet(picture(1), picture(2))) == pytest.approx(
        total(FeatureLoss(bank)(picture(1), picture(2))), rel=1e-3
    )


def test_the_painting_itself_has_its_own_style_and_another_picture_has_not(bank):
    painting = picture(3)
    loss = StyleLoss(bank, painting)

    assert float(loss(painting, painting)["style"]) == pytest.approx(0, abs=1e-6)
    assert float(loss(picture(4) * 0.3, picture(4))["style"]) > 0.5


def test_gradients_lead_a_picture_towards_the_style_and_its_content(bank):
    loss = StyleLoss(bank, picture(3) * 0.5)
    content = picture(5)
    made = content.clone().requires_grad_()
    optimiser = torch.optim.Adam([made], 0.02)
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        value = sum(loss(made, content).values())
        value.backward()
        optimiser.step()
        losses.append(value.item())

    assert losses[-1] < 0.5 * losses[0]


def test_statistics_are_summed_in_float32_under_autocast():
    features = 100 + torch.rand(1, 4, 64, 64, generator=torch.Generator().manual_seed(0))
    exact = statistics(features.double().float())
    with torch.autocast("cpu", torch.bfloat16):
        mixed = statistics(features)

    assert mixed.covariance.dtype == torch.float32
    assert torch.equal(mixed.covariance, exact.covariance)


def test_a_flat_picture_does_not_vary_and_stripes_do():
    stripes = torch.zeros(1, 3, 8, 8)
    stripes[..., ::2] = 1

    assert float(total_variation(torch.full((1, 3, 8, 8), 0.4))) == 0
    assert float(total_variation(stripes)) == pytest.approx(1)


def test_feature_distance_grows_with_the_damage(bank):
    truth = picture(6)
    damage = torch.randn(truth.shape, generator=torch.Generator().manual_seed(7))
    distances = [feature_distance(bank, truth + strength * damage, truth) for strength in (0, 0.05, 0.2)]

    assert distances[0] == 0
    assert distances == sorted(distances)
