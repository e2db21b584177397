"""Style: presets, any picture, blends, and what cannot be used as a style."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgstudio.core import params as declared
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.filters import models as filter_models
from imgstudio.filters import runner
from imgstudio.filters.builtin.style import FILTER, StyleParams
from imgstudio.filters.kit import check_filter, sample_picture
from imgstudio.filters.runner import capture
from imgstudio.filters.style_presets import PRESETS


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    monkeypatch.setattr(runner, "use_threads", lambda count: filter_models.use_threads(1))


@pytest.fixture
def strokes(tmp_path):
    """Diagonal strokes of two colours."""
    y, x = np.mgrid[:150, :200]
    stroke = (np.sin((x + y) / 3) > 0)[..., None]
    pixels = np.where(stroke, [20, 40, 160], [240, 210, 60]).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "strokes.png")
    return tmp_path / "strokes.png"


def painted(picture=None, **chosen):
    document = Document.from_pixels(sample_picture() if picture is None else picture)
    result = capture(document, document.active, FILTER, StyleParams(**chosen)).run(Progress())
    return result.pixels.read(document.bounds)[..., :3].astype(float)


def test_it_keeps_the_laws_of_filters():
    check_filter(FILTER)


def test_presets_are_those_that_the_network_learned():
    manifest = filter_models.models().manifest("style")
    assert tuple(preset.id for preset in PRESETS) == manifest.classes
    assert all(preset.thumbnail.is_file() for preset in PRESETS)


def test_presets_differ_and_any_picture_is_a_style(strokes):
    night, scream, own = (painted(style=path) for path in (Path("starry_night"), Path("the_scream"), strokes))
    for one, other in ((night, scream), (night, own), (scream, own)):
        assert np.abs(one - other).mean() > 4


def test_a_blend_lies_between_and_its_ends_are_the_styles(strokes):
    first, second = Path("wave"), strokes
    ends = [painted(style=first), painted(style=second)]
    start, middle, end = (painted(style=first, second=second, blend=blend) for blend in (0.0, 0.5, 1.0))

    assert np.array_equal(start, ends[0]) and np.array_equal(end, ends[1])
    apart = np.abs(ends[0] - ends[1]).mean()
    assert max(np.abs(middle - ends[0]).mean(), np.abs(middle - ends[1]).mean()) < apart


def test_a_map_says_which_style_belongs_where(tmp_path):
    halves = np.zeros((40, 60), np.uint8)
    halves[:, 30:] = 255
    Image.fromarray(halves).save(tmp_path / "map.png")
    first, second = Path("wave"), Path("the_scream")
    mixed = painted(style=first, second=second, second_where=tmp_path / "map.png")
    width = mixed.shape[1]
    left, right = slice(0, width // 2 - 8), slice(width // 2 + 8, width)

    assert np.abs(mixed - painted(style=first))[:, left].max() <= 1
    assert np.abs(mixed - painted(style=second))[:, right].max() <= 1


def test_a_picture_larger_than_the_view_of_it_is_painted_to_its_far_end():
    wide = np.full((48, 1300, 4), 255, np.uint8)
    wide[:, :1000, :3] = 20
    made = painted(wide, style=Path("starry_night"), size=256)
    assert made[:, 1100:].mean() > made[:, :900].mean() + 20


def test_boldness_goes_from_the_pictures_own_style_to_that_of_the_painting_and_beyond():
    own = [painted(style=Path(name), style_weight=0.0) for name in ("the_scream", "wave")]
    half, full, more = (painted(style=Path("the_scream"), style_weight=w) for w in (0.5, 1.0, 1.4))

    assert np.abs(own[0] - own[1]).max() <= 1, "whichever painting is chosen"
    apart = np.abs(full - own[0]).mean()
    assert 0 < np.abs(half - own[0]).mean() < apart < np.abs(more - own[0]).mean()


def test_a_file_of_the_name_of_a_preset_is_that_file(strokes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    strokes.rename(tmp_path / "wave")
    param = declared.describe(StyleParams)[0]
    assert param.preset(Path("wave")) is None
    assert param.preset(Path("udnie")).id == "udnie"


@pytest.mark.parametrize(
    ("name", "pixels", "word"),
    [
        ("tiny.png", np.zeros((20, 20, 3), np.uint8), "too small"),
        ("flat.png", np.full((90, 90, 3), 90, np.uint8), "one colour"),
        ("glass.png", np.zeros((90, 90, 4), np.uint8), "transparent"),
    ],
)
def test_what_cannot_be_a_style_is_refused_with_a_reason(tmp_path, name, pixels, word):
    Image.fromarray(pixels).save(tmp_path / name)
    with pytest.raises(UserError, match=word):
        painted(style=tmp_path / name)


def test_without_a_style_nothing_is_painted():
    with pytest.raises(UserError, match="No style"):
        painted(style=None)


def test_a_grey_painting_is_a_style(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (120, 160), np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert np.ptp(painted(style=tmp_path / "grey.png")) > 0


def test_the_recipe_names_the_network_that_is_chosen():
    own, magenta = (FILTER.chosen_models(StyleParams(network=name)) for name in ("own", "Magenta"))
    assert own == ("style",)
    assert magenta == ("style-any",)
    assert {*own, *magenta} == {*FILTER.models}
    asked = [need for need in FILTER.needs if need.is_used(StyleParams(network="Magenta"))]
    assert "style-any" in [need.model for need in asked]
    assert "style-any" not in [need.model for need in FILTER.needs if need.is_used(StyleParams())]
