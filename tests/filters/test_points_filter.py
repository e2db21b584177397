"""The filter that marks the points which a trained network finds."""

import numpy as np
import pytest

from imgstudio.core.geometry import Rect
from imgstudio.filters import models as filter_models
from imgstudio.filters import runner
from imgstudio.filters.kit import check_filter
from imgstudio.filters.learned import filter_of
from imgstudio.filters.learned.points import Marks, coverage

torch = pytest.importorskip("torch")

from imgstudio.engine.manifest import save_model  # noqa: E402
from imgstudio.engine.nets.small_unet import SmallUNet  # noqa: E402
from imgstudio.engine.points import find_points  # noqa: E402
from imgstudio.engine.registry import ModelRegistry  # noqa: E402


class _Brightest(torch.nn.Module):
    """Its map is the picture's brightness: the point lies where it is brightest."""

    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(60.0))

    def forward(self, image):
        return self.gain * image.mean(1, keepdim=True)


def spot(x, y, width=120, height=80):
    rows, columns = np.mgrid[:height, :width] + 0.5
    glow = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 30)
    return np.repeat(glow[..., None], 3, axis=2).astype(np.float32)


@pytest.mark.parametrize(("x", "y"), [(30, 20), (90, 61), (60.5, 40)])
def test_the_brightest_place_is_found_in_shares_of_the_sides(x, y):
    places, sure = find_points(_Brightest(), spot(x, y), 64)

    assert places[0] == pytest.approx((x / 120, y / 80), abs=0.02)
    assert sure[0] > 0.9


def test_where_nothing_stands_out_the_network_is_not_sure():
    _, sure = find_points(_Brightest(), np.full((80, 120, 3), 0.5, np.float32), 64)

    assert sure[0] < 0.1


def test_a_tile_shows_its_part_of_the_marks():
    marks = Marks(((40.0, 30.0), (7.5, 55.2)), 9.0)
    whole = coverage(marks, Rect(0, 0, 100, 70))
    box = Rect(23, 11, 31, 40)

    assert np.array_equal(coverage(marks, box), whole[box.slices()])
    assert whole[30, 40] == 1
    assert whole[30, 49] == 1
    assert whole[30, 44] == 0


def test_an_installed_network_for_points_keeps_the_laws_of_filters(tmp_path, monkeypatch):
    torch.manual_seed(0)
    manifest = save_model(
        tmp_path / "faces",
        SmallUNet(1, width=0.5),
        id="faces",
        name="Faces",
        task="points",
        architecture="small_unet",
        hyperparameters={"classes_or_planes": 1, "width": 0.5},
        classes=("centre",),
        multiple_of=SmallUNet.multiple_of,
        card={"points": {"side": 64}},
    )
    registry = ModelRegistry(tmp_path)
    monkeypatch.setattr(runner, "sha256_of", lambda model: registry.manifest(model).sha256)
    monkeypatch.setattr(runner, "use_threads", lambda count: filter_models.use_threads(1))

    check_filter(filter_of(registry, manifest))
