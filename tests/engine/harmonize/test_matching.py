"""Patches of an object find those of a painting that they are like; fields become consistent."""

import pytest
import torch

from imgstudio.core.jobs import Cancelled, CancelToken
from imgstudio.engine.harmonize import matching
from imgstudio.engine.harmonize.matching import Field, matched, refined, used


def unchecked():
    pass


def layer(*size, seed=0):
    return torch.randn(1, *size, generator=torch.Generator().manual_seed(seed))


def everywhere(size):
    return torch.ones(size, dtype=torch.bool)


def test_a_part_of_the_painting_finds_itself():
    painting = layer(12, 20, 24)
    part = painting[..., 5:13, 7:17]
    field = matched(part, painting, everywhere((8, 10)), unchecked)
    rows, columns = field.found // 24, field.found % 24
    y, x = field.places // 10, field.places % 10
    inner = (y > 0) & (y < 7) & (x > 0) & (x < 9)  # patches at the rim see what is beyond
    assert torch.equal(rows[inner], y[inner] + 5)
    assert torch.equal(columns[inner], x[inner] + 7)


def test_many_channels_are_compared_in_few_components():
    painting = layer(90, 16, 16)
    field = matched(painting, painting, everywhere((16, 16)), unchecked)
    assert (field.found == field.places).float().mean() > 0.95


def test_blocks_change_nothing(monkeypatch):
    own, painting = layer(6, 12, 12, seed=1), layer(6, 15, 15, seed=2)
    whole = matched(own, painting, everywhere((12, 12)), unchecked).found
    monkeypatch.setattr(matching, "BLOCK", 500)
    assert torch.equal(matched(own, painting, everywhere((12, 12)), unchecked).found, whole)


def test_only_wanted_places_are_matched():
    wanted = torch.zeros(8, 8, dtype=torch.bool)
    wanted[2, 3:5] = True
    field = matched(layer(4, 8, 8), layer(4, 9, 9, seed=1), wanted, unchecked)
    assert field.places.tolist() == [19, 20]
    nothing = matched(layer(4, 8, 8), layer(4, 9, 9, seed=1), wanted & False, unchecked)
    assert len(nothing.found) == 0


def test_of_equal_patches_the_one_of_the_same_colour_is_taken():
    painting = layer(4, 6, 6).repeat(1, 1, 1, 3)
    own, wanted = painting[..., 6:12], torch.zeros(6, 6, dtype=torch.bool)
    wanted[2:4, 2:4] = True
    theirs = torch.zeros(1, 3, 6, 18)
    theirs[..., 12:] = 0.6
    field = matched(own, painting, wanted, unchecked, colours=(torch.full((1, 3, 6, 6), 0.6), theirs))
    assert (field.found % 18 >= 12).all()


def test_a_stray_match_follows_its_neighbours():
    painting = layer(8, 16, 16)
    places = torch.arange(36)
    found = (places // 6 + 4) * 16 + places % 6 + 5
    stray = found.clone()
    stray[14] = 3
    made = refined(Field((6, 6), (16, 16), places, stray), painting, unchecked)
    assert torch.equal(made.found, found)


def test_each_patch_of_the_painting_counts_once():
    field = Field((1, 3), (9, 9), torch.arange(3), torch.tensor([40, 40, 40]))
    taken = used(field)
    assert taken.shape == (1, 1, 9, 9)
    assert taken.sum() == 9
    assert taken[0, 0, 3:6, 3:6].sum() == 9


def test_matching_can_be_cancelled():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        matched(layer(4, 8, 8), layer(4, 8, 8), everywhere((8, 8)), token.check)
