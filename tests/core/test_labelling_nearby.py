"""What is looked for only where it matters is the same as looked for everywhere."""

import cv2
import numpy as np
import pytest

from imgstudio.core.labelling import nearby
from imgstudio.core.labelling.between import Between
from imgstudio.core.labels import UNSEEN

SHAPE = (90, 130)
SEEDS = range(6)


@pytest.fixture(autouse=True)
def small_cells(monkeypatch):
    monkeypatch.setattr(nearby, "_CELL", 16)


def scattered(seed, share=0.03, size=3):
    """Blots of a few pixels."""
    noise = np.random.default_rng(seed).random(SHAPE) < share
    return cv2.dilate(noise.astype(np.uint8), np.ones((size, size), np.uint8)) > 0


def regions(seed, values=4):
    """Values in coarse regions with ragged borders."""
    noise = np.random.default_rng(seed)
    coarse = cv2.resize(noise.random((5, 7), np.float32), SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    ragged = coarse + 0.15 * noise.random(SHAPE, np.float32)
    return (np.clip(ragged, 0, 0.99) * values).astype(np.uint8)


def away_from(places):
    return cv2.distanceTransform((~places).astype(np.uint8), cv2.DIST_L2, 5)


def steps(down, across):
    """Length of the shortest way in the steps that OpenCV measures with."""
    long, short = np.maximum(down, across), np.minimum(down, across)
    return np.where(
        2 * short <= long,
        long - 2 * short + 2.1969 * short,
        2.1969 * (long - short) + 1.4 * (2 * short - long),
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("reach", [1.0, 2.5, 4.5])
def test_near_is_near_across_cells(seed, reach):
    places = scattered(seed, 0.004, 1 + seed)
    assert (nearby.near(places, reach) == (away_from(places) <= reach)).all()


def test_nothing_is_near_nothing():
    assert not nearby.near(np.zeros(SHAPE, bool), 3).any()
    assert nearby.near(np.ones(SHAPE, bool), 3).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_spread_comes_from_a_nearest_place(seed):
    wanted = scattered(seed, 0.02, 5)
    rows, columns = np.indices(SHAPE).astype(np.int32)
    taken = nearby.spread([rows, columns], ~wanted, wanted, nearby.largest_extent(wanted))
    assert (taken[0][~wanted] == rows[~wanted]).all()
    assert not wanted[taken[0], taken[1]].any()
    far = steps(abs(taken[0] - rows), abs(taken[1] - columns))
    np.testing.assert_allclose(far[wanted], away_from(~wanted)[wanted], atol=1e-3)


@pytest.mark.parametrize("least", [2, 9, 30, 200, 5000])
@pytest.mark.parametrize("seed", SEEDS)
def test_small_parts_are_those_of_the_whole_picture(seed, least):
    mask = regions(seed)
    mask[scattered(seed, 0.01)] = UNSEEN
    wanted = np.zeros(SHAPE, bool)
    for value in np.unique(mask[mask != UNSEEN]):
        _, parts, stats, _ = cv2.connectedComponentsWithStats(
            (mask == value).astype(np.uint8), connectivity=8
        )
        is_small = stats[:, cv2.CC_STAT_AREA] < least
        is_small[0] = False
        wanted |= is_small[parts]
    found = nearby.small_parts(mask, least, unless=UNSEEN)
    assert (found == wanted).all()


def mixed(first, last, share):
    """Shape-based interpolation over the whole picture."""
    best, out = np.full(SHAPE, -np.inf, np.float32), np.zeros(SHAPE, np.uint8)
    for value in np.union1d(first, last):
        signed = []
        for inside in (first == value, last == value):
            longest = np.float32(sum(SHAPE))
            if inside.all() or not inside.any():
                signed.append(np.full(SHAPE, longest if inside.all() else -longest))
            else:
                signed.append(away_from(~inside) - away_from(inside))
        near = (1 - share) * signed[0] + share * signed[1]
        out[near > best] = value
        best = np.maximum(best, near)
    return out


@pytest.mark.parametrize("seed", SEEDS)
def test_what_lies_between_is_what_the_whole_pictures_say(seed):
    first = regions(seed)
    last = np.roll(first, (4, 7), (0, 1))
    last[scattered(seed, 0.002)] = 9
    between = Between(first, last)
    for share in (0.0, 0.2, 0.5, 0.9, 1.0):
        assert (between.at(share) == mixed(first, last, share)).all()
    assert (between.at(0.0) == first).all()
    assert (between.at(1.0) == last).all()


def test_one_value_against_another_and_the_same_twice():
    one, other = np.full(SHAPE, 1, np.uint8), np.full(SHAPE, 2, np.uint8)
    assert (Between(one, one).at(0.5) == 1).all()
    assert (Between(one, other).at(0.2) == 1).all()
    assert (Between(one, other).at(0.8) == 2).all()


def test_every_value_is_found():
    mask = regions(1)
    mask[70, 3], mask[0, 0] = UNSEEN, 200
    assert nearby.values_in(mask) == np.unique(mask).tolist()


class GivenUp(Exception):
    """Nobody wants the work any more."""


@pytest.mark.parametrize("asked", [1, 3])
@pytest.mark.parametrize(
    "work",
    [
        lambda mask, check: nearby.near(mask == 1, 3, check),
        lambda mask, check: nearby.small_parts(mask, 9, unless=UNSEEN, check=check),
        lambda mask, check: nearby.spread([mask], mask != 1, mask == 1, 20, check),
        lambda mask, check: Between(mask, np.roll(mask, 5, 1)).at(0.5, check),
    ],
)
def test_work_ends_when_it_is_given_up(work, asked):
    left = [asked]

    def check():
        left[0] -= 1
        if not left[0]:
            raise GivenUp

    with pytest.raises(GivenUp):
        work(regions(2, 6), check)
