"""The filter that a segmentation model is: colours, masks, cut-outs, in the document's terms."""

import numpy as np
import pytest

from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.tiles import TileStore
from imgstudio.filters import models as filter_models
from imgstudio.filters import runner
from imgstudio.filters.cutting import cut_out
from imgstudio.filters.direct import run
from imgstudio.filters.kit import check_filter
from imgstudio.filters.learned import filter_of
from imgstudio.filters.learned.segment import SegmentFilterParams, chosen_classes
from imgstudio.filters.runner import capture, result_layer

torch = pytest.importorskip("torch")

from imgstudio.engine.manifest import Architecture, save_model  # noqa: E402
from imgstudio.engine.registry import ModelRegistry  # noqa: E402


class Bright(torch.nn.Module):
    """Pixels are "dark" or "bright" by their brightness."""

    multiple_of, overlap = 8, 8

    def __init__(self):
        super().__init__()
        self.steep = torch.nn.Parameter(torch.tensor(60.0))

    def forward(self, image):
        grey = self.steep * (image.mean(1) - 0.5)
        return torch.stack((-grey, grey), 1)


@pytest.fixture
def bright(tmp_path, monkeypatch):
    save_model(
        tmp_path / "bright",
        Bright(),
        id="bright",
        name="Bright things",
        task="segment",
        architecture="bright",
        classes=("background", "bright"),
        card={"segment": {"colours": [[0, 0, 0], [255, 0, 0]]}},
    )
    registry = ModelRegistry(tmp_path)
    registry.add_architecture(Architecture("bright", Bright))
    monkeypatch.setattr(filter_models, "models", lambda: registry)
    monkeypatch.setattr(runner, "sha256_of", lambda model: registry.manifest(model).sha256)
    return filter_of(registry, registry.manifest("bright"))


def square():
    """(60, 80, 4): a light square with its corner at (20, 10), 30 wide, on black."""
    pixels = np.zeros((60, 80, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[10:40, 20:50, :3] = 240
    return pixels


def params(**values):
    return SegmentFilterParams(**{"edges": 0, **values})


def applied(document, item, values):
    return capture(document, document.active, item, values).run(Progress())


@pytest.mark.parametrize("show", ["colours", "black and white"])
def test_it_keeps_the_laws_of_filters(bright, show):
    check_filter(bright, SegmentFilterParams(show=show))


def test_black_and_white_is_the_mask(bright):
    result = applied(Document.from_pixels(square()), bright, params(show="black and white"))
    shown = result.pixels.read(Rect(0, 0, 80, 60))
    assert (shown[12:38, 22:48, :3] == 255).all()
    assert not shown[45:, :, :3].any()


def test_a_picture_without_the_class_gives_black_and_no_warning(bright):
    pixels = square()
    pixels[..., :3] //= 4
    result = applied(Document.from_pixels(pixels), bright, params(show="black and white"))
    assert result.warnings == ()
    assert not result.pixels.read(Rect(0, 0, 80, 60))[..., :3].any()


def test_colours_lie_over_the_class_and_leave_the_background(bright):
    result = applied(Document.from_pixels(square()), bright, params(opacity=1.0))
    shown = result.pixels.read(Rect(0, 0, 80, 60))
    assert (shown[12:38, 22:48, :3] == (255, 0, 0)).all()
    assert not shown[45:, :, :3].any()


def test_cutting_out_masks_the_layer_in_one_undo_step(bright):
    document = Document.from_pixels(square())
    before = flatten(document)
    cut_out(document, document.active, applied(document, bright, params(show="cut out")), "Cut")
    after = flatten(document)
    assert (after[12:38, 22:48] == before[12:38, 22:48]).all()
    assert not after[45:, :, 3].any()
    document.history.undo()
    assert np.array_equal(flatten(document), before)
    assert document.active.mask is None


def test_cutting_out_respects_the_selection_and_the_mask_that_is_there(bright):
    document = Document.from_pixels(square())
    layer = document.active
    layer.mask = TileStore(1, fill=255)
    layer.mask.write(Rect(20, 10, 10, 30), np.zeros((30, 10, 1), np.uint8))
    document.selection.store.write(Rect(0, 0, 80, 50), np.full((50, 80, 1), 255, np.uint8))
    document.selection.touched()
    cut_out(document, layer, applied(document, bright, params(show="cut out")), "Cut")
    alpha = flatten(document)[..., 3]
    assert not alpha[12:38, 22:29].any()
    assert (alpha[12:38, 32:48] == 255).all()
    assert not alpha[42:49].any()
    assert (alpha[52:] == 255).all()


def test_cutting_out_a_moved_layer_cuts_where_it_shows(bright):
    document = Document(80, 60)
    layer = Layer("moved", TileStore.from_array(square()), transform=Transform(1, 0, 0, 1, 7, 5))
    document.add_layer(layer)
    cut_out(document, layer, applied(document, bright, params(show="cut out")), "Cut")
    alpha = flatten(document)[..., 3]
    assert (alpha[17:43, 29:55] == 255).all()
    assert not alpha[50:].any()


def test_the_preview_covers_what_would_go(bright):
    document = Document.from_pixels(square())
    layer = result_layer(applied(document, bright, params(show="cut out")), "Cut")
    alpha = layer.pixels.read(Rect(0, 0, 80, 60))[..., 3]
    assert not alpha[12:38, 22:48].any()
    assert (alpha[45:] == 255).all()


def test_scripts_get_transparency_as_a_fourth_plane(bright):
    out = run(bright, square()[..., :3].astype(np.float32) / 255, params(show="cut out"))
    assert out.shape == (60, 80, 4)
    assert out[20, 30, 3] == 1
    assert out[50, 70, 3] == 0


def test_the_network_looks_once_while_parameters_change(bright, monkeypatch):
    from imgstudio.filters.learned import segment

    looks = []
    look = segment._looked
    monkeypatch.setattr(segment, "_looked", lambda *args: looks.append(1) or look(*args))
    document = Document.from_pixels(square())
    for values in (params(), params(opacity=0.2), params(show="black and white"), params(edges=5)):
        applied(document, bright, values)
    assert len(looks) <= 1


def test_classes_are_chosen_by_name():
    names = ("background", "Car", "Bike")
    assert chosen_classes("", names) == (1, 2)
    assert chosen_classes(" bike , car", names) == (1, 2)
    assert chosen_classes("background", names) == (0,)
    assert chosen_classes("", ("sky", "road")) == (0, 1)
    with pytest.raises(UserError, match="Car"):
        chosen_classes("boat", names)
