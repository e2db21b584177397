"""The membrane that closes the step at an object's rim."""

import cv2
import numpy as np
import pytest
from scipy.sparse import lil_matrix
from scipy.sparse.linalg import spsolve

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.harmonize.gradients import membrane
from tests.engine.harmonize.scenes import disc


def solved(wanted, weights, inside, reach):
    """The same equation by a direct solver."""
    places = np.argwhere(inside > 0)
    number = {tuple(place): index for index, place in enumerate(places)}
    system = lil_matrix((len(places), len(places)))
    given = np.zeros(len(places))
    for (row, column), index in number.items():
        system[index, index] = 1 / reach**2 + weights[row, column]
        given[index] = weights[row, column] * wanted[row, column]
        for neighbour in ((row, column + 1), (row, column - 1), (row + 1, column), (row - 1, column)):
            if neighbour in number:
                system[index, index] += 1
                system[index, number[neighbour]] -= 1
    out = np.zeros_like(wanted)
    out[tuple(places.T)] = spsolve(system.tocsr(), given)
    return out


@pytest.fixture
def rim():
    inside = (disc(60, 70, 24) > 0.5).astype(np.float32)
    ring = inside - cv2.erode(inside, np.ones((3, 3), np.uint8))
    rows, columns = np.mgrid[:60, :70].astype(np.float32)
    wanted = np.sin(columns / 15) + 0.5 * np.cos(rows / 11)
    return inside, ring, wanted.astype(np.float32)


@pytest.mark.parametrize("reach", [5.0, 15.0])
def test_it_solves_the_screened_equation(rim, reach):
    inside, ring, wanted = rim
    weights = 4 * ring * (np.arange(70) > 25)
    exact = solved(wanted, weights, inside, reach)
    made = membrane(wanted[..., None], weights.astype(np.float32), inside, reach)[..., 0]
    assert np.abs(made - exact)[inside > 0].mean() < 0.02 * np.abs(wanted).max()


def test_the_correction_dies_away_inside(rim):
    inside, ring, _ = rim
    made = membrane(np.ones((60, 70, 1), np.float32), 4 * ring, inside, 4.0)[..., 0]
    assert made[ring > 0].mean() > 0.8
    assert abs(made[30, 35]) < 0.05
    assert not made[inside == 0].any()


def test_a_step_that_nobody_holds_is_left_open(rim):
    inside, ring, wanted = rim
    assert not membrane(wanted[..., None], 0 * ring, inside, 8.0).any()


def test_it_can_be_cancelled(rim):
    inside, ring, wanted = rim
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        membrane(wanted[..., None], ring, inside, 8.0, Progress(token=token))
