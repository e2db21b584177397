"""Colorize: strokes of colour in a document, in a file, in a script and in previews; and what it says of odd pictures."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import imgstudio
from imgstudio.cli.main import main
from imgstudio.core import params as declared
from imgstudio.core.blend import flatten
from imgstudio.core.colour_hints import KEEP, Hint
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.lab import lab_of
from imgstudio.core.pixels import to_float
from imgstudio.filters import colorizing, runner
from imgstudio.filters.builtin.colorize import FILTER, ColorizeParams
from imgstudio.filters.kit import check_filter
from imgstudio.filters.runner import RunSettings, capture, result_layer
from imgstudio.filters.sheet import capture_sheet
from imgstudio.filters.variations import Variation

pytest.importorskip("torch")

BROWN, BLUE = (170.0, 110.0, 70.0), (70.0, 110.0, 190.0)
LEFT, RIGHT = Hint(40, 60, 6, *BROWN), Hint(150, 60, 6, *BLUE)
OFF = {"automatic": False}


class NoModels:
    """A registry with nothing in it."""

    def manifests(self, task=None):
        return ()


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch):
    """Tests of strokes are the same with and without the network."""
    monkeypatch.setattr(colorizing, "models", NoModels)


def halves(height=120, width=190, dtype=np.uint8):
    """(h, w, 4): a darker and a lighter half with a little grain, opaque."""
    light = np.where(np.arange(width) < width // 2, 90.0, 170.0) + np.random.default_rng(0).normal(
        0, 1.5, (height, width)
    )
    grey = np.clip(light, 0, 255).round().astype(np.uint8)
    rgba = np.dstack((grey, grey, grey, np.full_like(grey, 255)))
    return rgba if dtype == np.uint8 else rgba.astype(np.uint16) * 257


def floats(rgba):
    return to_float(np.ascontiguousarray(rgba[..., :3]))


def apply(document, how=None, **values):
    """The result over the picture, as Apply leaves it."""
    base = document.active
    result = capture(document, base, FILTER, ColorizeParams(**OFF | values), how).run(Progress())
    document.add_layer(result_layer(result, "Colorize"), document.place_above(base))
    return result


def hue_error(pixels, colour):
    """Degrees between the hue of the mean of pixels (..., 3) in 0..1 and that of a colour of 0..255."""
    found, wanted = (
        lab_of(np.float32(rgb).reshape(1, 1, 3))[0, 0, 1:]
        for rgb in (np.asarray(pixels).reshape(-1, 3).mean(0), np.float32(colour) / 255)
    )
    return np.degrees(np.arccos(np.dot(found, wanted) / np.hypot(*found) / np.hypot(*wanted)))


@pytest.mark.parametrize(
    "values",
    [
        OFF,
        OFF | {"hints": (LEFT, RIGHT)},
        OFF | {"hints": (LEFT, Hint(70, 70, 30, KEEP, KEEP, KEEP)), "start": "colours", "vivid": 0.8},
    ],
)
def test_it_keeps_the_laws_of_filters(values):
    check_filter(FILTER, ColorizeParams(**values))


def test_two_strokes_colour_two_halves_and_lightness_stays():
    document = Document.from_pixels(halves())
    before = lab_of(floats(flatten(document)))
    apply(document, hints=(LEFT, RIGHT))
    after = floats(flatten(document))
    assert hue_error(after[20:100, 10:85], BROWN) < 12
    assert hue_error(after[20:100, 105:180], BLUE) < 12
    assert np.abs(lab_of(after)[..., 0] - before[..., 0]).max() < 0.5


def test_without_strokes_and_without_the_network_it_stays_grey_and_says_so():
    document = Document.from_pixels(halves())
    result = apply(document)
    assert any("Nothing gave" in warning for warning in result.warnings)
    assert np.ptp(flatten(document)[..., :3].astype(int), axis=2).max() == 0
    assert result.step.models == {}


def test_a_model_that_is_missing_is_told_and_strokes_count_all_the_same():
    document = Document.from_pixels(halves())
    result = apply(document, automatic=True, hints=(LEFT,))
    assert any("not installed" in warning for warning in result.warnings)
    assert hue_error(floats(flatten(document))[20:100, 10:85], BROWN) < 12


def test_strokes_outside_the_picture_do_nothing_and_are_told():
    document = Document.from_pixels(halves())
    result = apply(document, hints=(Hint(-50, 60, 6, *BROWN), Hint(5000, 60, 6, *BLUE)))
    assert any("outside" in warning for warning in result.warnings)
    assert np.ptp(flatten(document)[..., :3].astype(int), axis=2).max() == 0


def test_of_two_that_contradict_each_other_the_later_one_wins():
    out = imgstudio.run_filter(
        "colorize", floats(halves()), hints=[LEFT, LEFT._replace(red=70.0, blue=190.0)], **OFF
    )
    assert hue_error(out[58:62, 38:42], (70, 110, 190)) < 12


@pytest.mark.parametrize("reduce", [2, 5])
def test_a_reduced_preview_has_the_colours_where_the_strokes_are(reduce):
    document = Document.from_pixels(halves())
    job = capture(
        document,
        document.active,
        FILTER,
        ColorizeParams(hints=(LEFT, RIGHT), **OFF),
        RunSettings(reduce=reduce),
    )
    layer = result_layer(job.run(Progress()), "Colorize")
    document.add_layer(layer, document.place_above(document.active))
    shown = floats(flatten(document))
    assert hue_error(shown[55:65, 35:45], BROWN) < 12
    assert hue_error(shown[55:65, 145:155], BLUE) < 12


def test_a_contact_sheet_has_them_there_too():
    document = Document.from_pixels(halves(240, 380))
    hints = tuple(hint._replace(x=hint.x * 2, y=hint.y * 2, radius=12) for hint in (LEFT, RIGHT))
    document.selection.store.write(Rect(100, 40, 280, 200), np.full((200, 280, 1), 255, np.uint8))
    document.selection.touched()
    wanted = [Variation("As set now", ColorizeParams(hints=hints, **OFF))]
    job = capture_sheet(
        document, document.active, FILTER, wanted, RunSettings(), side=100, look_at=Point(0, 0)
    )
    (picture,) = job.run(Progress())
    share = picture.shape[1] / job.box.width
    row, column = (int(share * (at - start)) for at, start in ((120, job.box.y), (300, job.box.x)))
    assert hue_error(floats(picture)[row - 1 : row + 2, column - 1 : column + 2], BLUE) < 15


def test_a_coloured_picture_keeps_its_colours_and_a_stroke_changes_some():
    picture = halves()
    picture[:, :95, :3] = picture[:, :95, :3] * (1.2, 1.0, 0.7)
    picture[:60, 95:, :3] = picture[:60, 95:, :3] * (0.8, 1.1, 0.8)
    document = Document.from_pixels(picture)
    result = apply(document, hints=(LEFT._replace(red=70.0, blue=190.0),))
    assert any("has colours" in warning for warning in result.warnings)
    after = floats(flatten(document))
    assert hue_error(after[55:65, 35:45], (70, 110, 190)) < 15
    assert np.abs(after - floats(picture))[:, 105:].max() < 0.03


def test_a_sepia_print_is_taken_for_grey():
    grey = halves()[..., :1].astype(float) / 255
    sepia = np.clip(grey ** np.array([0.8, 1.0, 1.35]), 0, 1)
    document = Document.from_pixels(np.dstack(((sepia * 255).round(), halves()[..., 3])).astype(np.uint8))
    result = apply(document)
    assert any("one tint" in warning for warning in result.warnings)
    assert np.ptp(flatten(document)[..., :3].astype(int), axis=2).max() <= 1


def test_places_where_the_layer_is_transparent_do_not_count():
    plain, odd = halves(), halves()
    odd[:30, :, :3], odd[:30, :, 3] = (255, 0, 0), 0
    plain[:30, :, 3] = 0
    plain[:30, :, :3] = 128
    parts = []
    for picture in (plain, odd):
        document = Document.from_pixels(picture)
        result = apply(document, hints=(LEFT, RIGHT))
        assert not any("has colours" in warning for warning in result.warnings)
        parts.append(flatten(document))
    assert np.array_equal(parts[0][30:], parts[1][30:])
    assert (parts[1][:30, :, 3] == 0).all()


def test_sixteen_bits_keep_their_fine_steps():
    picture = halves(dtype=np.uint16)
    picture[..., :3] += np.random.default_rng(1).integers(0, 200, (120, 190, 1)).astype(np.uint16)
    document = Document.from_pixels(picture)
    apply(document, hints=(LEFT, RIGHT))
    after = flatten(document)
    assert after.dtype == np.uint16
    assert np.abs(lab_of(floats(after))[..., 0] - lab_of(floats(picture))[..., 0]).max() < 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 60), (60, 1), (5, 4)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_tiny_pictures_and_empty_ones(size, level):
    out = imgstudio.run_filter(
        "colorize", np.full((*size, 3), level / 255, np.float32), hints=[(0, 0, 1, *BROWN)], **OFF
    )
    assert out.shape == (*size, 3)
    assert np.isfinite(out).all()


@pytest.mark.parametrize(
    "hints",
    [
        [(40, 60, 6, 170, 110, 70), (150, 60, 6, 70, 110, 190)],
        np.array([[40, 60, 6, 170, 110, 70], [150, 60, 6, 70, 110, 190]], np.int64),
        [
            [np.float32(40), 60, 6, 170 / 255, 110 / 255, 70 / 255],
            (150, 60, 6, 70 / 255, 110 / 255, 190 / 255),
        ],
        [(40, 60, 6, "#aa6e46"), (150, 60, 6, "#466ebe")],
        (LEFT, RIGHT),
    ],
)
def test_scripts_give_strokes_as_they_like(hints):
    out = imgstudio.run_filter("colorize", floats(halves()), hints=hints, vivid=0.5, automatic=False)
    expected = imgstudio.run_filter(
        "colorize", floats(halves()), hints=(LEFT, RIGHT), vivid=0.5, automatic=False
    )
    assert np.abs(out - expected).max() < 1e-3
    assert hue_error(out[20:100, 10:85], BROWN) < 12


def test_a_script_is_told_which_stroke_is_wrong():
    with pytest.raises(UserError, match="Hint 2"):
        imgstudio.run_filter("colorize", floats(halves()), hints=[LEFT, (1, 2, 0, 3, 4, 5)], **OFF)


def test_the_command_line_applies_strokes_and_a_recipe_repeats_them(tmp_path, capsys):
    source, out, recipe = (tmp_path / name for name in ("grey.png", "out.png", "recipe.json"))
    Image.fromarray(halves()[..., :3]).save(source)
    hints = "hints=40,60,6,#aa6e46; 150,60,6,70,110,190"
    options = ["--set", hints, "--set", "vivid=0.7", "--set", "automatic=no", "--save-recipe", str(recipe)]
    assert main(["apply", "colorize", str(source), "-o", str(out), *options]) == 0
    made = np.asarray(Image.open(out).convert("RGB"))
    assert hue_error(made[20:100, 10:85] / 255, BROWN) < 12
    assert json.loads(recipe.read_text())["steps"][0]["params"]["hints"][0] == [40, 60, 6, 170, 110, 70]
    assert main(["batch", str(recipe), str(source), "--out", str(tmp_path / "many")]) == 0
    again = np.asarray(Image.open(tmp_path / "many" / "grey_colorize.png").convert("RGB"))
    assert np.array_equal(made, again)


def test_bad_strokes_on_the_command_line_write_nothing(tmp_path, capsys):
    source, out = tmp_path / "grey.png", tmp_path / "out.png"
    Image.fromarray(halves()[..., :3]).save(source)
    arguments = ["apply", "colorize", str(source), "-o", str(out), "--set", "hints=40,60,6,#aa6e46;1,2"]
    assert main(arguments) == 2
    assert "Hint 2" in capsys.readouterr().err
    assert not out.exists()


def test_it_is_listed_for_machines(capsys):
    assert main(["filters", "colorize", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    params = {param["name"]: param for param in listed["params"]}
    assert (params["hints"]["kind"], params["hints"]["default"]) == ("hints", [])
    assert params["vivid"]["default"] == 0.5


def test_what_was_cancelled_leaves_nothing_locked():
    token = CancelToken()
    token.cancel()
    document = Document.from_pixels(halves())
    job = capture(document, document.active, FILTER, ColorizeParams(hints=(LEFT,), **OFF))
    with pytest.raises(Cancelled):
        job.run(Progress(token=token))
    apply(document, hints=(LEFT,))


def test_a_reference_must_be_there_and_have_colours(tmp_path, monkeypatch):
    installed = SimpleNamespace(manifests=lambda task=None: (SimpleNamespace(id="colorize"),))
    monkeypatch.setattr(colorizing, "models", lambda: installed)
    monkeypatch.setattr(runner, "sha256_of", lambda model: "0" * 64)
    Image.fromarray(halves()[..., :3]).save(tmp_path / "grey.png")
    for name, why in (("grey.png", "no colours to lend"), ("none.png", "none.png")):
        with pytest.raises(UserError, match=why):
            apply(Document.from_pixels(halves()), reference=tmp_path / name)


def test_its_models_are_those_that_a_run_asks(monkeypatch, tmp_path):
    installed = SimpleNamespace(manifests=lambda task=None: (SimpleNamespace(id="colorize"),))
    chosen = FILTER.chosen_models
    assert chosen(ColorizeParams()) == ()
    monkeypatch.setattr(colorizing, "models", lambda: installed)
    assert chosen(ColorizeParams()) == ("colorize",)
    assert chosen(ColorizeParams(automatic=False)) == ()
    assert chosen(ColorizeParams(automatic=False, reference=tmp_path)) == ("colorize",)


def test_its_settings_survive_json():
    values = ColorizeParams(hints=(LEFT, Hint(0.1, 0.2, 0.3, KEEP, KEEP, KEEP)), vivid=0.31, start="colours")
    assert declared.from_json(ColorizeParams, json.loads(json.dumps(declared.to_json(values)))) == values
