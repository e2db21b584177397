"""Colours spread along likeness: exact where they are known, held by edges, and quick."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.colorize import propagation
from imgstudio.engine.colorize.multigrid import ENDS
from imgstudio.engine.colorize.propagation import FADING, Propagation, links_of

RED, BLUE = (60, 40), (20, -70)


def noise(seed, height=48, width=70, spread=4.0):
    """Lightness of a bright half and a dark half, with grain."""
    random = np.random.default_rng(seed)
    lightness = np.full((height, width), 70, np.float32)
    lightness[:, width // 2 :] = 30
    return lightness + random.normal(0, spread, lightness.shape).astype(np.float32)


def marks(shape, *spots):
    """Squares of 4 pixels at (y, x) of a colour."""
    known, ab = np.zeros(shape, np.bool_), np.zeros((*shape, 2), np.float32)
    for y, x, colour in spots:
        known[y : y + 4, x : x + 4] = True
        ab[y : y + 4, x : x + 4] = colour
    return known, ab


def exactly(lightness, known, ab, guess, trust):
    """The same equations, solved directly."""
    numbers = np.arange(lightness.size).reshape(lightness.shape)
    rows, columns, values = [], [], []
    for link, (here, there) in zip(links_of(lightness), ENDS, strict=True):
        one, other, weight = numbers[here].ravel(), numbers[there].ravel(), link.ravel().astype(np.float64)
        rows += [one, other, one, other]
        columns += [one, other, other, one]
        values += [weight, weight, -weight, -weight]
    matrix = coo_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(lightness.size,) * 2
    ).tolil()
    matrix.setdiag(matrix.diagonal() + trust.ravel())
    right = trust[..., None] * guess
    flat = known.ravel()
    free = np.flatnonzero(~flat)
    matrix = matrix.tocsr()
    wanted = right.reshape(-1, 2)[free] - matrix[free][:, np.flatnonzero(flat)] @ ab.reshape(-1, 2)[flat]
    found = ab.reshape(-1, 2).astype(np.float64)
    found[free] = spsolve(matrix[free][:, free].tocsc(), wanted)
    return found.reshape(ab.shape)


@pytest.mark.parametrize("size", [(48, 70), (33, 33), (17, 61)])
def test_the_result_is_that_of_the_equations(size, monkeypatch):
    monkeypatch.setattr(propagation, "PRECISE", (1e-4, 1e-3))
    lightness = noise(1, *size)
    known, ab = marks(size, (3, 4, RED), (10, size[1] - 9, BLUE))
    random = np.random.default_rng(2)
    guess = random.normal(0, 20, ab.shape).astype(np.float32)
    trust = (random.random(size) ** 8 * 0.01).astype(np.float32)
    found = Propagation(lightness).solve(known, ab, guess, trust)
    assert np.abs(found - exactly(lightness, known, ab, guess, trust)).max() < 0.1
    found = Propagation(lightness).solve(known, ab)
    fading = np.full(size, FADING)
    assert np.abs(found - exactly(lightness, known, ab, np.zeros_like(guess), fading)).max() < 0.3


def test_colours_stop_at_edges_and_fill_what_is_alike():
    lightness = noise(2)
    known, ab = marks(lightness.shape, (20, 8, RED), (5, 60, BLUE))
    found = Propagation(lightness).solve(known, ab)
    assert np.abs(found[:, :30] - RED).max() < 10
    assert np.abs(found[:, 40:] - BLUE).max() < 10


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None)
def test_what_is_known_is_exact_and_nothing_goes_beyond_what_is_asked(seed):
    random = np.random.default_rng(seed)
    shape = tuple(int(side) for side in random.integers(1, 60, 2))
    lightness = (random.random(shape) * 100).astype(np.float32)
    known = random.random(shape) < random.random() * 0.2
    ab = np.where(known[..., None], random.normal(0, 40, (*shape, 2)), 0).astype(np.float32)
    found = Propagation(lightness).solve(known, ab)
    assert np.array_equal(found[known], ab[known])
    assert np.isfinite(found).all()
    assert found.max() <= ab.max() + 1 and found.min() >= ab.min() - 1


def test_one_hint_colours_what_is_like_it():
    lightness = np.full((40, 50), 60, np.float32)
    found = Propagation(lightness).solve(*marks((40, 50), (18, 20, RED)))
    assert np.abs(found - RED).max() < 1


def test_without_hints_and_trust_there_is_no_colour():
    lightness = noise(3)
    known, ab = marks(lightness.shape)
    ties = Propagation(lightness)
    assert not ties.solve(known, ab).any()
    assert not ties.solve(known, ab, ab + 9, np.zeros(lightness.shape, np.float32)).any()


def test_a_trusted_guess_gives_way_near_a_hint_only():
    lightness = np.full((60, 60), 60, np.float32)
    known, ab = marks((60, 60), (28, 28, RED))
    guess = np.full(ab.shape, BLUE, np.float32)
    ties = Propagation(lightness)
    trust = ties.ties() / 10**2
    found = ties.solve(known, ab, guess, trust)
    assert np.abs(found[30, 30] - RED).max() == 0
    assert np.abs(found[2, 2] - BLUE).max() < 3
    along = found[30, 32:, 0]
    assert (np.diff(along) < 0.01).all()


def test_a_guess_near_the_result_takes_fewer_steps(monkeypatch):
    steps = []
    once = propagation.solved
    monkeypatch.setattr(propagation, "solved", lambda *given: steps.append(once(*given)))
    lightness = noise(4, 96, 128)
    known, ab = marks(lightness.shape, (20, 8, RED), (5, 100, BLUE), (70, 30, BLUE))
    ties = Propagation(lightness)
    trust = ties.ties() / 30_000**2
    found = ties.solve(known, ab, np.full(ab.shape, RED, np.float32), trust)
    again = ties.solve(known, ab, found, trust)
    assert steps[1] < steps[0]
    assert np.abs(found - again).max() < 2


def test_places_that_are_cut_off_stay_stable():
    lightness = np.kron(np.indices((9, 12)).sum(0) % 2 * 100, np.ones((7, 7))).astype(np.float32)
    found = Propagation(lightness).solve(*marks(lightness.shape, (30, 40, RED)))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 61


def test_it_can_be_cancelled():
    token = CancelToken()
    token.cancel()
    lightness = noise(5)
    with pytest.raises(Cancelled):
        Propagation(lightness).solve(*marks(lightness.shape, (20, 8, RED)), progress=Progress(token=token))
