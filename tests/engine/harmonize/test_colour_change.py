"""The few numbers that tell how colours change, and the network that gives them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.engine.harmonize import baseline, colour_change, surroundings
from imgstudio.engine.harmonize.colour_change import COUNT, change_of, no_change, saturation_mix
from imgstudio.engine.nets import harmonizenet
from imgstudio.engine.nets.harmonizenet import HarmonizeNet, changed
from tests.engine.harmonize.scenes import waves

seeds = st.integers(0, 10_000)


def random_change(seed, size=0.3):
    random = np.random.default_rng(seed)
    return change_of(random.normal(0, size, COUNT).astype(np.float32), float(random.uniform(0.1, 0.9)))


def test_the_network_and_the_program_speak_of_the_same_numbers():
    for name in ("KNOTS", "STEPS", "TOP", "COUNT"):
        assert getattr(harmonizenet, name) == getattr(colour_change, name)
    assert harmonizenet.STATISTICS == baseline.NUMBERS
    assert len(harmonizenet.LIMITS) == COUNT


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_tensors_and_pixels_change_alike(seed):
    change, pixels = random_change(seed), np.random.default_rng(seed).random((8, 9, 3), np.float32)
    numbers = torch.from_numpy(change.numbers())[None]
    tensor = changed(torch.from_numpy(pixels.reshape(1, -1, 3)), numbers, torch.tensor([change.brightness]))
    np.testing.assert_allclose(
        tensor[0].clamp(0, 1).numpy().reshape(8, 9, 3), change.applied(pixels), atol=1e-4
    )


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_numbers_tell_the_whole_change(seed):
    change = random_change(seed)
    again = change_of(change.numbers(), change.brightness)
    np.testing.assert_array_equal(again.mix, change.mix)
    np.testing.assert_array_equal(again.tables(), change.tables())


def test_no_change_and_no_amounts_leave_pixels_alone():
    pixels = np.random.default_rng(0).random((20, 20, 3), np.float32)
    for change in (no_change(0.4), random_change(1).scaled(exposure=0, colour=0, contrast=0)):
        np.testing.assert_allclose(change.applied(pixels), pixels, atol=1e-5)


def test_curves_rise_whatever_the_numbers():
    assert all(np.diff(random_change(seed, 1.5).tables()).min() > 0 for seed in range(20))


def test_amounts_change_their_own_part():
    pixels = waves(30, 30, (0.5, 0.4, 0.3))
    numbers = np.full(COUNT, 0.1, np.float32)
    numbers[:3] = 0.4, 0.2, 0.0
    change = change_of(numbers, 0.4)
    mean = pixels.mean()
    lighter = change.scaled(colour=0, contrast=0).applied(pixels)
    ratio = lighter / pixels
    assert np.abs(lighter.mean() - mean) > 0.005
    assert ratio.std((0, 1)).max() < 0.05
    coloured = change.scaled(exposure=0, contrast=0).applied(pixels)
    assert np.abs(np.diff(coloured.mean((0, 1)) / pixels.mean((0, 1)))).max() > 0.02


def test_saturation_leaves_grey_alone():
    grey = np.full((4, 4, 3), 0.37, np.float32)
    change = colour_change.ColourChange(
        np.zeros(3, np.float32), saturation_mix(0.8), np.zeros((3, colour_change.KNOTS), np.float32), 0.37
    )
    np.testing.assert_allclose(change.applied(grey), grey, atol=1e-4)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="3 gains"):
        colour_change.ColourChange(
            np.zeros(2, np.float32), np.zeros((3, 3), np.float32), np.zeros((3, 6), np.float32), 0.5
        )


def test_a_new_network_changes_nothing_of_what_statistics_say():
    torch.manual_seed(0)
    network = HarmonizeNet().eval()
    with torch.no_grad():
        answer = network(torch.rand(2, baseline.NUMBERS))
    assert answer.numbers.shape == (2, COUNT)
    assert not answer.each.any()
    assert answer.errors.shape == (2, 2)


def test_a_network_learns_to_take_back_a_cast():
    torch.manual_seed(0)
    network = HarmonizeNet(width=32)
    statistics = torch.rand(2, baseline.NUMBERS)
    colours = torch.rand(2, 200, 3) * 0.6 + 0.2
    cast = torch.zeros(2, COUNT)
    cast[0, :3], cast[1, :3] = torch.tensor([0.3, 0.0, -0.3]), torch.tensor([-0.3, 0.0, 0.3])
    brightness = torch.tensor([0.5, 0.5])
    spoiled = changed(colours, cast, brightness).detach()
    losses = []
    for _ in range(30):
        loss = (changed(spoiled, network(statistics).numbers, brightness) - colours).square().mean()
        network.zero_grad()
        loss.backward()
        with torch.no_grad():
            for part in network.parameters():
                if part.grad is not None:
                    part.sub_(3e-3 * part.grad.sign())
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_a_network_knows_what_is_usual():
    network = HarmonizeNet().eval()
    usual = torch.rand(50, baseline.NUMBERS) * 3 + 1
    network.normalise(usual)
    known = (usual - network.mean) / network.deviation
    assert known.mean().abs() < 1e-4
    assert abs(float(known.std()) - 1) < 0.05


def test_shares_are_those_of_the_sorted_values():
    values = np.random.default_rng(0).random(20_000, np.float32)
    found = surroundings.weighted_shares(values, np.ones_like(values), surroundings.SHARES)
    np.testing.assert_allclose(found, np.quantile(values, surroundings.SHARES), atol=0.004)


def test_statistics_go_towards_the_surroundings_but_not_all_the_way():
    photo = waves(96, 96, (0.3, 0.4, 0.6))
    mask = np.zeros((96, 96), np.float32)
    mask[30:60, 30:60] = 1
    composite = np.where(mask[..., None] > 0, waves(96, 96, (0.6, 0.4, 0.3)), photo)
    found = baseline.measured(composite, mask)
    assert found is not None
    made = found.change().applied(composite)[mask > 0].mean(0)
    own, there = composite[mask > 0].mean(0), photo.mean((0, 1))
    assert own[0] > made[0] > there[0]
    assert own[2] < made[2] < there[2]


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_nothing_can_be_said_of_no_object_or_no_surroundings(fill):
    assert baseline.measured(waves(40, 40, (0.5, 0.5, 0.5)), np.full((40, 40), fill, np.float32)) is None
