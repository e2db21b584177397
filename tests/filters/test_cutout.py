"""Cut out subject: what becomes of it in a document, in a file and in a script; and pictures without one."""

import numpy as np
import pytest
from PIL import Image

from imgstudio.cli.main import main
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.layers import Layer
from imgstudio.core.tiles import TileStore
from imgstudio.engine.hashing import sha256_of
from imgstudio.filters import models as installed
from imgstudio.filters import runner
from imgstudio.filters.builtin import cutout as built_in
from imgstudio.filters.builtin.cutout import FILTER, CutoutParams
from imgstudio.filters.cutting import cut_out
from imgstudio.filters.direct import run
from imgstudio.filters.kit import check_filter
from imgstudio.filters.runner import RunSettings, capture

torch = pytest.importorskip("torch")


class RedStandsOut(torch.nn.Module):
    """Scores are those of red over blue."""

    def forward(self, image):
        return 12 * (image[:, :1] - image[:, 2:])


class BlueStandsOut(torch.nn.Module):
    """The other way round, and seen larger."""

    side = 320

    def forward(self, image):
        return 12 * (image[:, 2:] - image[:, :1])


class Registry:
    """Knows our own network and others."""

    def load(self, model, device=None):
        return (RedStandsOut if model == "cutout" else BlueStandsOut)().eval()


def digest(model):
    return sha256_of(model.encode())


@pytest.fixture(autouse=True)
def red(monkeypatch):
    monkeypatch.setattr(built_in, "models", Registry)
    for module in (built_in, runner):
        monkeypatch.setattr(module, "sha256_of", digest)


def picture(height=120, width=160, radius=40):
    """(h, w, 4): a red disc on blue with a soft edge of three pixels, opaque."""
    rows, columns = np.indices((height, width), np.float32)
    away = np.hypot(rows - height / 2, columns - width / 2)
    share = np.clip((radius - away) / 3 + 0.5, 0, 1)[..., None]
    rgb = share * np.float32((220, 60, 30)) + (1 - share) * np.float32((20, 80, 200))
    return np.dstack((rgb.round(), np.full((height, width), 255))).astype(np.uint8)


def applied(document, **values):
    job = capture(document, document.active, FILTER, CutoutParams(**values))
    cut_out(document, document.active, job.run(Progress()), "Cut out subject")


def test_the_mask_keeps_the_laws_of_filters():
    check_filter(FILTER, CutoutParams(output="mask"))


def test_the_background_becomes_transparent_by_a_mask_in_one_step():
    document = Document.from_pixels(picture())
    before = flatten(document)

    applied(document)

    alpha = flatten(document)[..., 3]
    assert (alpha[40:80, 60:100] == 255).all()
    assert not alpha[:15].any()
    assert ((alpha > 20) & (alpha < 235)).any()
    document.history.undo()
    assert np.array_equal(flatten(document), before)
    assert document.active.mask is None


def test_the_rim_gets_the_subjects_colours_and_only_the_rim():
    document = Document.from_pixels(picture())

    applied(document)

    shown, before = flatten(document), picture()
    soft = (shown[..., 3] > 40) & (shown[..., 3] < 200)
    wanted = np.array((220, 60, 30))
    assert np.abs(shown[soft][:, :3] - wanted).mean() < 0.4 * np.abs(before[soft][:, :3] - wanted).mean()
    pixels = document.active.pixels.read(document.bounds)
    hard = (document.active.mask.read(document.bounds)[..., 0] == 255) | (
        before[..., :3] == pixels[..., :3]
    ).all(2)
    assert np.array_equal(pixels[hard], before[hard])


def test_without_decontaminating_no_pixel_changes():
    document = Document.from_pixels(picture())

    applied(document, decontaminate=False)

    assert np.array_equal(document.active.pixels.read(document.bounds), picture())


def test_a_layer_is_a_masked_copy_and_hides_the_first_one():
    document = Document.from_pixels(picture())
    first = document.active

    applied(document, output="layer")

    assert document.active is not first
    assert document.active.mask is not None
    assert not first.visible
    assert np.array_equal(first.pixels.read(document.bounds), picture())
    assert flatten(document)[60, 80, 3] == 255
    assert flatten(document)[5, 5, 3] == 0
    document.history.undo()
    assert len(document.layers) == 1
    assert first.visible


def test_a_selection_changes_no_layer():
    document = Document.from_pixels(picture())

    applied(document, output="selection")

    selected = document.selection.read(document.bounds)
    assert (selected[50:70, 70:90] == 255).all()
    assert not selected[:15].any()
    assert document.active.mask is None
    document.history.undo()
    assert document.selection.is_empty


def test_a_selection_is_made_inside_the_one_there_was():
    document = Document.from_pixels(picture())
    document.selection.store.write(Rect(0, 0, 80, 120), np.full((120, 80, 1), 255, np.uint8))
    document.selection.touched()

    applied(document, output="selection")

    selected = document.selection.read(document.bounds)
    assert (selected[50:70, 50:79] == 255).all()
    assert not selected[:, 80:].any()


def test_a_pasted_layer_that_was_moved_and_turned_is_cut_where_it_shows():
    document = Document(400, 300)
    turned = Transform(0.8, 0.6, -0.6, 0.8, 150, 20)
    document.add_layer(Layer("pasted", TileStore.from_array(picture()), transform=turned))

    applied(document)

    alpha, middle = flatten(document)[..., 3], turned.apply(80, 60)
    x, y = round(middle.x), round(middle.y)
    assert (alpha[y - 20 : y + 20, x - 20 : x + 20] == 255).all()
    corner = turned.apply(8, 8)
    assert alpha[round(corner.y), round(corner.x)] == 0


def test_a_pasted_layer_smaller_than_the_picture_is_seen_by_itself():
    document = Document(1500, 1200)
    document.add_layer(Layer("pasted", TileStore.from_array(picture(), 900, 700)))

    applied(document)

    alpha = flatten(document)[..., 3]
    assert (alpha[745:775, 965:995] == 255).all()
    assert not alpha[700:712, 900:1060].any()


def test_what_of_a_pasted_layer_lies_beyond_the_picture_goes():
    document = Document(140, 100)
    document.add_layer(Layer("pasted", TileStore.from_array(picture())))

    applied(document)

    mask = document.active.mask.read(Rect(0, 0, 160, 120))[..., 0]
    assert (mask[50:70, 70:90] == 255).all()
    assert not mask[:, 140:].any()
    assert not mask[100:].any()


def test_tiles_of_a_large_picture_do_not_show():
    document = Document.from_pixels(picture(700, 1100, 300))

    applied(document)

    mask = document.active.mask.read(document.bounds)[..., 0].astype(int)
    left, right = np.flatnonzero(mask[350] > 127)[[0, -1]]
    assert abs((left + right) / 2 - 550) < 2
    assert abs(right - left - 600) < 4
    assert (mask[60:640, 550] == 255).all()


def test_scripts_get_four_planes_or_the_mask_in_three():
    pixels = picture()[..., :3].astype(np.float32) / 255

    cut, mask = (run(FILTER, pixels, CutoutParams(output=output)) for output in ("alpha", "mask"))

    assert cut.shape == (120, 160, 4)
    assert mask.shape == (120, 160, 3)
    assert np.abs(mask[..., 0] - cut[..., 3]).max() < 1e-5


def test_16_bits_stay_16_bits():
    deep = picture().astype(np.uint16) * 257
    document = Document.from_pixels(deep)

    applied(document)

    assert document.active.pixels.read(document.bounds).dtype == np.uint16
    assert np.array_equal(document.active.pixels.read(Rect(70, 50, 20, 20)), deep[50:70, 70:90])


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_of_one_colour_is_refused_in_words(value):
    document = Document.from_pixels(np.full((60, 80, 4), value, np.uint8))

    with pytest.raises(UserError) as told:
        applied(document)

    assert "Nothing stands out" in str(told.value)
    assert "selection" in told.value.what_to_do


def test_everything_may_stand_out():
    pixels = picture()
    pixels[..., :3] = (220, 60, 30)
    document = Document.from_pixels(pixels)

    applied(document)

    assert (flatten(document)[..., 3] == 255).all()


def test_the_edge_dial_is_of_the_longer_side_whatever_the_size():
    wide, narrow = (
        run(FILTER, picture()[..., :3].astype(np.float32) / 255, CutoutParams(edge=edge))[..., 3]
        for edge in (0.0, 4.0)
    )

    assert not np.array_equal(wide, narrow)
    assert abs(float(wide.mean()) - float(narrow.mean())) < 0.01


def test_it_can_be_cancelled():
    document = Document.from_pixels(picture(200, 200, 60))
    token = CancelToken()
    token.cancel()

    with pytest.raises(Cancelled):
        capture(document, document.active, FILTER, CutoutParams()).run(Progress(token=token))


def test_a_preview_reduced_to_the_screen_looks_like_the_result():
    document = Document.from_pixels(picture(480, 640, 160))
    job = capture(document, document.active, FILTER, CutoutParams(), RunSettings(reduce=4))

    gone = job.run(Progress()).pixels.read(Rect(0, 0, 160, 120))[..., 3]

    assert not gone[50:70, 70:90].any()
    assert (gone[:10] == 255).all()


def test_the_command_line_writes_transparency_and_names_pictures_without_a_subject(tmp_path, capsys):
    Image.fromarray(picture()[..., :3]).save(tmp_path / "disc.png")
    Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(tmp_path / "grey.png")

    done = main(["apply", "cutout", str(tmp_path / "disc.png"), "-o", str(tmp_path / "out.png")])
    failed = main(["apply", "cutout", str(tmp_path / "grey.png"), "-o", str(tmp_path / "no.png")])

    assert done == 0
    assert failed == 2
    with Image.open(tmp_path / "out.png") as written:
        assert written.mode == "RGBA"
        assert written.getpixel((80, 60))[3] == 255
        assert written.getpixel((5, 5))[3] == 0
    assert not (tmp_path / "no.png").exists()
    assert "Nothing stands out" in capsys.readouterr().err


def test_the_network_that_was_chosen_looks_whatever_another_one_saw_before():
    pixels = picture()[..., :3].astype(np.float32) / 255

    own, other, again = (
        run(FILTER, pixels, CutoutParams(output="mask", network=network))[..., 0]
        for network in ("own", "U2-NetP", "own")
    )

    assert own[60, 80] == 1
    assert own[5, 5] == 0
    assert other[60, 80] == 0
    assert other[5, 5] == 1
    assert np.array_equal(own, again)


@pytest.mark.parametrize(("network", "model"), built_in.MODELS.items())
def test_the_recipe_holds_the_hash_of_the_network_that_was_used(network, model):
    document = Document.from_pixels(picture())

    made = capture(document, document.active, FILTER, CutoutParams(network=network)).run(Progress())

    assert made.step.models == {model: digest(model)}


@pytest.mark.parametrize("network", ["U2-NetP", "MODNet"])
def test_a_network_that_is_not_there_is_named_with_the_way_to_it(network, monkeypatch):
    for module in (built_in, runner):
        monkeypatch.setattr(module, "sha256_of", installed.sha256_of)
    document = Document.from_pixels(picture())

    with pytest.raises(UserError, match=f"“{built_in.MODELS[network]}” is not installed") as told:
        applied(document, network=network)

    assert "model manager" in told.value.what_to_do
