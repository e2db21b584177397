"""Pixels that are optimised towards a style: statistics, tiles, wishes, going back, cancelling."""

import numpy as np
import pytest
import torch

from imgstudio.core.jobs import Cancelled, Progress
from imgstudio.engine.device import OutOfMemory
from imgstudio.engine.features import FeatureExtractor
from imgstudio.engine.nets.vgg import random_vgg
from imgstudio.engine.style import optimise, windows
from imgstudio.engine.style.ground import Ground, StylePicture, StyleSettings
from imgstudio.engine.style.optimise import Painter, sizes_of
from imgstudio.engine.style.statistics import statistics, sums_of
from imgstudio.engine.style.windows import tiles_of
from imgstudio.engine.style.wishes import Wishes

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def features():
    return FeatureExtractor(random_vgg())


def picture(height, width, seed=0):
    """Stripes of one colour over another, with grain."""
    random = np.random.default_rng(seed)
    low, high = random.random((2, 3))
    y, x = np.mgrid[:height, :width]
    wave = 0.5 + 0.5 * np.sin((x * np.cos(seed) + y * np.sin(seed)) / (3 + 2 * seed))
    grain = 0.05 * random.standard_normal((height, width, 3))
    return np.clip(low + (high - low) * wave[..., None] + grain, 0, 1).astype(np.float32)


def painter(features, photo, styles, progress=None, **settings):
    values = {"side": 64, "steps": 6} | settings
    return Painter(features, photo, styles, StyleSettings(**values), CPU, progress or Progress())


def last(made):
    return list(made.steps())[-1]


def distance(features, made, style):
    """Of the statistics of a picture from those of a style."""
    tensors = [torch.from_numpy(p).permute(2, 0, 1)[None] for p in (made, style)]
    one, other = (features(tensor) for tensor in tensors)
    apart = 0.0
    for name in one:
        a, b = statistics(one[name]), statistics(other[name])
        apart += float((a.covariance - b.covariance).square().sum() / b.covariance.square().sum())
    return apart


def test_sums_of_parts_are_those_of_the_whole():
    features = torch.randn(2, 5, 8, 12)
    whole = sums_of(features).statistics()
    parts = sums_of(features[..., :5]).plus(sums_of(features[..., 5:])).statistics()
    plain = statistics(features)
    for one, other, third in zip(whole, parts, plain, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
        assert torch.allclose(one, third, atol=1e-5)


def test_places_that_do_not_count_leave_no_trace():
    features = torch.randn(1, 4, 6, 6)
    places = torch.zeros(1, 1, 6, 6)
    places[..., :3] = 1
    counted = sums_of(features, places).statistics()
    alone = statistics(features[..., :3])
    assert torch.allclose(counted.mean, alone.mean, atol=1e-5)
    assert torch.allclose(counted.covariance, alone.covariance, atol=1e-5)


def test_the_style_comes_nearer_and_the_photo_stays_recognisable(features):
    photo, style = picture(64, 64, 1), picture(80, 60, 4)
    made = last(painter(features, photo, [StylePicture(style)], steps=12)).pixels
    assert made.shape == photo.shape
    assert distance(features, made, style) < 0.5 * distance(features, photo, style)
    plain = last(painter(features, photo, [StylePicture(style)], steps=12, content=50.0)).pixels
    assert np.abs(plain - photo).mean() < np.abs(made - photo).mean()


def test_the_same_seed_makes_the_same_picture(features):
    photo, style = picture(48, 64, 1), picture(60, 60, 2)
    one, again, other = (
        last(painter(features, photo, [StylePicture(style)], from_noise=True, steps=3, seed=seed)).pixels
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("size", [(64, 64), (200, 90), (700, 500), (1000, 1300)])
def test_tiles_cover_a_picture_once(size):
    hits = np.zeros(size, int)
    for tile in tiles_of(size):
        hits[tile.kept[2:]] += 1
        assert (tile.seen[2].start % 16, tile.seen[3].start % 16) == (0, 0)
        assert tile.size == hits[tile.kept[2:]].shape
    assert (hits == 1).all()


def test_tiles_change_neither_loss_nor_gradient(features):
    """Features that see no further than the context are the same in a tile as in the whole."""
    photo, now, style = picture(192, 224, 1), picture(192, 224, 2), StylePicture(picture(96, 96, 3))
    grounds = []
    for tile in (640, 96):
        ground = Ground(
            features, photo, now, [style], StyleSettings(), Wishes((192, 224)), CPU, Progress(), tile=tile
        )
        grounds.append((ground.objective(), ground.x.grad.clone(), len(ground._tiles)))
    (loss, gradient, one), (tiled_loss, tiled_gradient, many) = grounds
    assert (one, many) == (1, 6)
    assert tiled_loss == pytest.approx(loss, rel=0.02)
    apart = float((gradient - tiled_gradient).norm() / gradient.norm())
    assert apart < 0.05


def test_two_styles_stay_in_their_places(features):
    photo = picture(96, 96, 1)
    left = np.zeros((96, 96), np.float32)
    left[:, :48] = 1
    styles = [
        StylePicture(picture(96, 96, 4), 0.5, left),
        StylePicture(picture(96, 96, 6), 0.5, 1 - left),
    ]
    made = last(painter(features, photo, styles, side=96, steps=12)).pixels
    halves = made[:, :48], made[:, 48:]
    for own, other, half in ((0, 1, halves[0]), (1, 0, halves[1])):
        near, far = (distance(features, half, styles[index].pixels[:, :48]) for index in (own, other))
        assert near < far


def test_protected_places_are_the_photo_and_pulled_ones_take_the_colour(features):
    photo, style = picture(64, 64, 1), picture(64, 64, 4)
    making = painter(features, photo, [StylePicture(style)], steps=8)
    corner = np.zeros((64, 64), np.float32)
    corner[:24, :24] = 1
    making.wishes.protect(corner)
    making.wishes.pull_to((1.0, 0.0, 0.0), corner[::-1, ::-1])
    making.change()
    made = last(making).pixels
    assert np.array_equal(made[:24, :24], photo[:24, :24])
    assert made[-20:, -20:].mean((0, 1))[0] > 0.7
    assert made[-20:, -20:].mean((0, 1))[1] < 0.35


def test_less_style_changes_less_and_release_frees_again(features):
    photo, style = picture(64, 64, 1), picture(64, 64, 4)
    left = np.zeros((64, 64), np.float32)
    left[:, :32] = 1
    making = painter(features, photo, [StylePicture(style)], steps=8)
    making.wishes.less(left)
    making.wishes.more(1 - left)
    made = last(making).pixels
    change = np.abs(made - photo).mean(2)
    assert change[:, :28].mean() < 0.8 * change[:, 36:].mean()
    making.wishes.release(np.ones((64, 64), np.float32))
    assert np.allclose(making.wishes.style, 1)
    assert np.allclose(making.wishes.content, 1)


def test_a_style_asked_for_by_brush_is_alone_there():
    wishes = Wishes((4, 4))
    everywhere, corner = np.ones((4, 4), np.float32), np.zeros((4, 4), np.float32)
    corner[0, 0] = 1
    wishes.place(0, everywhere)
    wishes.place(1, corner)
    assert wishes.places[0][0, 0] == 0
    assert wishes.places[1][0, 0] == 1
    assert wishes.places[0][2, 2] == 1


def test_it_goes_on_from_a_picture_that_was_shown(features):
    photo, style = picture(150, 150, 1), picture(64, 64, 4)
    making = painter(features, photo, [StylePicture(style)], steps=4, side=150)
    seen = list(making.steps())
    making.restart_from(seen[0].pixels, seen[0].step)
    again = list(making.steps())
    assert again[-1].step == making.total
    assert again[0].step > seen[0].step


def test_a_time_limit_ends_it_early(features):
    photo, style = picture(64, 64, 1), picture(64, 64, 4)
    steps = list(painter(features, photo, [StylePicture(style)], steps=500, seconds=0.3).steps())
    assert steps[-1].step == steps[-1].total
    assert len(steps) < 100


def test_it_can_be_cancelled_inside_a_step(features):
    progress = Progress()
    looks = 0

    def looking(image):
        nonlocal looks
        looks += 1
        if looks == 5:
            progress.token.cancel()
        return features(image)

    making = painter(looking, picture(64, 64, 1), [StylePicture(picture(64, 64, 4))], progress)
    with pytest.raises(Cancelled):
        list(making.steps())
    assert looks <= 6


class Hungry:
    """Features for pictures up to a number of pixels."""

    def __init__(self, features, most):
        self.features, self.most, self.largest = features, most, 0

    def __call__(self, image):
        if image.shape[2] * image.shape[3] > self.most:
            raise MemoryError
        self.largest = max(self.largest, image.shape[2] * image.shape[3])
        return self.features(image)


def test_without_memory_it_takes_smaller_tiles_then_ends_at_the_size_before(features, monkeypatch):
    monkeypatch.setattr(windows, "CONTEXT", 16)
    monkeypatch.setattr(optimise, "LEAST_TILE", 40)
    photo, style = picture(220, 220, 1), StylePicture(picture(64, 64, 4))
    tiled = last(painter(Hungry(features, 200 * 200), photo, [style], steps=1, side=220))
    assert (tiled.side, tiled.note) == (220, "")
    monkeypatch.setattr(optimise, "LEAST_TILE", 640)
    ended = last(painter(Hungry(features, 200 * 200), photo, [style], steps=1, side=220))
    assert "memory does not suffice" in ended.note
    assert (ended.side, ended.step) == (156, ended.total)
    with pytest.raises(OutOfMemory):
        list(painter(Hungry(features, 20 * 20), photo, [style], steps=1, side=220).steps())


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (17, 90)])
def test_tiny_and_narrow_pictures_are_painted_too(features, size):
    made = last(painter(features, picture(*size, 1), [StylePicture(picture(64, 64, 4))], steps=1)).pixels
    assert made.shape == (*size, 3)
    assert np.isfinite(made).all()


def test_sizes_grow_to_the_canvas_but_never_beyond_the_photo():
    assert sizes_of((400, 800), 512)[-1] == (256, 512)
    assert sizes_of((40, 80), 512) == [(40, 80)]
    assert sizes_of((3000, 20), 512)[-1] == (512, 16)
    sides = [max(size) for size in sizes_of((600, 600), 512)]
    assert sides == sorted(sides)
    assert sides[0] >= 90
