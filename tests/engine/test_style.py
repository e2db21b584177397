"""Pixels that are optimised towards a style: statistics, tiles, wishes, going back, cancelling."""

import numpy as np
import pytest
import torch

from imgstudio.core.jobs import Cancelled, Progress
from imgstudio.engine.device import OutOfMemory
from imgstudio.engine.features import FeatureExtractor
from imgstudio.engine.nets.vgg import random_vgg
from imgstudio.engine.style import optimise, windows
from imgstudio.engine.style.descent import Descent, evened
from imgstudio.engine.style.ground import Ground
from imgstudio.engine.style.histograms import histogram_apart, moved, quantiles, sample_of
from imgstudio.engine.style.optimise import Painter, sizes_of
from imgstudio.engine.style.settings import StylePicture, StyleSettings
from imgstudio.engine.style.statistics import LayerStatistics, roughness, statistics, sums_of, wasserstein
from imgstudio.engine.style.windows import tiles_of
from imgstudio.engine.style.wishes import Wishes

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


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


def test_moments_have_the_gradients_of_what_they_compute():
    features = torch.randn(2, 4, 5, 6, dtype=torch.float32)
    places = torch.rand(1, 1, 5, 6)
    for place in (None, places):
        leaves = [features.clone().requires_grad_() for _ in range(2)]
        sums_of(leaves[0], place).statistics().covariance.square().sum().backward()
        flat, counted = leaves[1].flatten(2), (torch.ones(1, 1, 5, 6) if place is None else place).flatten(2)
        mean = (flat * counted).sum(2, keepdim=True) / counted.sum()
        centred = flat - mean
        ((counted * centred) @ centred.transpose(1, 2) / counted.sum()).square().sum().backward()
        assert torch.allclose(leaves[0].grad, leaves[1].grad, atol=1e-4)


def gaussian(mean, spread):
    return LayerStatistics(torch.tensor([mean]), torch.diag(torch.tensor(spread))[None])


def test_the_wasserstein_distance_of_independent_channels_is_that_of_their_means_and_deviations():
    made, wanted = gaussian([1.0, 2.0], [4.0, 1.0]), gaussian([0.0, 2.0], [1.0, 9.0])
    apart, size = 1 + (2 - 1) ** 2 + (1 - 3) ** 2, 4 + 10
    assert float(wasserstein(made, wanted)) == pytest.approx(apart / size, rel=1e-3)
    assert float(wasserstein(wanted, wanted)) == pytest.approx(0, abs=1e-3)


def test_the_wasserstein_distance_has_a_gradient_where_channels_spread_alike():
    covariance = torch.eye(3)[None].clone().requires_grad_()
    made = LayerStatistics(torch.zeros(1, 3), covariance)
    wasserstein(made, LayerStatistics(torch.zeros(1, 3), 4 * torch.eye(3)[None])).backward()
    # d/dc of (sqrt(c) - 2)^2 at 1 is -1, over the wanted trace of 12
    assert torch.allclose(covariance.grad[0], -torch.eye(3) / 12, atol=1e-3)


def test_features_moved_to_a_histogram_have_it():
    torch.manual_seed(0)
    own, other = torch.randn(1, 3, 40, 40), 2 + 3 * torch.rand(1, 3, 50, 30)
    wanted = quantiles(sample_of(other))
    made = moved(own, quantiles(sample_of(own)), wanted)
    assert torch.allclose(quantiles(sample_of(made)), wanted, atol=0.1)
    assert float(histogram_apart(made, quantiles(sample_of(made)), wanted)) < 0.01 * made.numel()


def test_places_that_do_not_count_are_not_in_the_histogram():
    features, places = torch.randn(1, 2, 8, 8), torch.zeros(1, 1, 8, 8)
    places[..., :4] = 1
    counted, alone = quantiles(sample_of(features, places)), quantiles(sample_of(features[..., :4]))
    assert torch.allclose(counted, alone)


def test_roughness_is_that_of_edges_in_any_direction():
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    straight, slanting = x / 32, (x + y) / 32 / 2**0.5
    assert float(roughness(torch.ones(1, 3, 8, 8))) == pytest.approx(0, abs=1e-7)
    assert float(roughness(torch.ones(1, 3, 1, 8))) == 0
    assert float(roughness(straight[None, None])) == pytest.approx(
        float(roughness(slanting[None, None])), rel=0.01
    )


@pytest.mark.parametrize("size", [(40, 52), (33, 7), (3, 5), (1, 1)])
def test_evening_is_symmetric_and_positive(size):
    torch.manual_seed(1)
    one, other = torch.randn(2, 1, 3, *size).double()
    apart = (evened(one[None])[0] * other).sum() - (one * evened(other[None])[0]).sum()
    assert float(apart.abs()) < 1e-9
    assert float((evened(one[None])[0] * one).sum()) > 0


def test_a_descent_finds_the_lowest_point_of_a_long_valley():
    torch.manual_seed(2)
    bends = torch.logspace(-2, 1, 3 * 16 * 16).reshape(1, 3, 16, 16)[:, :, torch.randperm(16)]
    x, wanted = torch.zeros(1, 3, 16, 16), 0.3 * torch.randn(1, 3, 16, 16)
    descent = Descent(x)
    before = float((bends * (x - wanted).square()).sum())
    for _ in range(60):
        descent.move(2 * bends * (x - wanted))
    assert float((bends * (x - wanted).square()).sum()) < 1e-3 * before


def test_a_descent_that_forgot_takes_a_short_first_step_again():
    x = torch.zeros(1, 3, 16, 16)
    descent = Descent(x)
    for _ in range(3):
        descent.move(1000 * (x - 1))
    before = x.clone()
    descent.forget()
    descent.move(torch.randn(1, 3, 16, 16))
    assert float((x - before).square().mean().sqrt()) == pytest.approx(0.02, rel=1e-4)


@pytest.mark.parametrize("changed", [{"measure": "wasserstein"}, {"histogram": 1.0}])
def test_other_measures_of_style_bring_it_nearer_too(features, changed):
    photo, style = picture(64, 64, 1), picture(80, 60, 4)
    made = last(painter(features, photo, [StylePicture(style)], steps=12, **changed)).pixels
    assert distance(features, made, style) < 0.5 * distance(features, photo, style)


def test_histograms_come_nearer_where_they_count(features):
    photo, style = picture(64, 64, 1), picture(64, 64, 4)

    def apart(made):
        found, wanted = (
            features(torch.from_numpy(p).permute(2, 0, 1)[None])[features.layers[1]] for p in (made, style)
        )
        return float((quantiles(sample_of(found)) - quantiles(sample_of(wanted))).square().mean())

    plain, counted = (
        last(painter(features, photo, [StylePicture(style)], steps=15, histogram=weight)).pixels
        for weight in (0.0, 20.0)
    )
    assert apart(counted) < 0.8 * apart(plain)


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


@pytest.mark.parametrize("changed", [{}, {"measure": "wasserstein"}, {"histogram": 1.0}])
def test_tiles_change_neither_loss_nor_gradient(features, changed):
    """Features that see no further than the context are the same in a tile as in the whole."""
    photo, now, style = picture(192, 224, 1), picture(192, 224, 2), StylePicture(picture(96, 96, 3))
    grounds = []
    for tile in (640, 96):
        ground = Ground(
            features,
            photo,
            now,
            [style],
            StyleSettings(**changed),
            Wishes((192, 224)),
            CPU,
            Progress(),
            tile=tile,
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


def test_a_slow_size_answers_wishes_at_a_coarser_one_first(features, monkeypatch):
    photo, style = picture(200, 200, 1), picture(64, 64, 4)
    making = painter(features, photo, [StylePicture(style)], steps=6, side=200)
    sides, plain = [], Ground.step

    def watched(ground):
        sides.append(ground.side)
        return plain(ground)

    monkeypatch.setattr(Ground, "step", watched)
    monkeypatch.setattr(optimise, "SLOW", 150)
    monkeypatch.setattr(optimise, "SHOW_SECONDS", 0.0)  # however quick a size is, its first step is shown
    corner = np.zeros((200, 200), np.float32)
    corner[:80, :80] = 1
    going = making.steps()
    before = next(step for step in going if step.side == 200)
    sides.clear()
    making.wishes.pull_to((1.0, 0.0, 0.0), corner)
    making.change()
    after = next(going)
    change = after.pixels - before.pixels

    assert sides == [100, 100], "not at the size that is painted"
    assert after.step == before.step + 1
    assert change[:70, :70, 0].mean() > 0.1 > abs(change[100:, 100:, 0].mean())
    assert [step.step for step in going][-1] == making.total


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


def test_coarse_sizes_take_fewer_steps_than_the_last():
    assert optimise.counts_of(60, 4) == [20, 20, 20, 60]
    assert optimise.counts_of(1, 2) == [1, 1]
    assert max(optimise.counts_of(500, 3)[:-1]) < 50


def test_pictures_are_cut_by_their_area():
    assert len(tiles_of((600, 820))) == 1
    assert len(tiles_of((100, 3000))) == 1
    assert len(tiles_of((1000, 1000))) > 1
