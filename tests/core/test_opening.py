import numpy as np
import pytest

from imgstudio.core import imagefile, projectfile
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.imagefile import ExportOptions, Metadata
from imgstudio.core.imageformats import xmp
from imgstudio.core.layers import Layer
from imgstudio.core.opening import export_picture, freeze, losses, open_document, would_overwrite_original
from imgstudio.core.operations import flatten_image
from imgstudio.core.recipe import Recipe, RecipeStep
from imgstudio.core.tiles import TileStore


def picture(path, dtype=np.uint8, alpha=None):
    pixels = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (12, 16, 4), dtype)
    pixels[..., 3] = np.iinfo(dtype).max if alpha is None else alpha
    imagefile.export(path, pixels, Metadata(), ExportOptions(), had_alpha=alpha is not None)
    return pixels


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_png_opens_and_exports_pixel_for_pixel(tmp_path, dtype):
    pixels = picture(tmp_path / "a.png", dtype)
    document = open_document(tmp_path / "a.png")
    assert (document.name, document.path, document.source) == ("a", tmp_path / "a.png", tmp_path / "a.png")
    assert np.array_equal(flatten(document), pixels)
    assert np.array_equal(document.original.read(document.bounds), pixels)
    export_picture(freeze(document), tmp_path / "b.png", ExportOptions())
    assert np.array_equal(
        open_document(tmp_path / "b.png").layers.root[0].pixels.read(document.bounds), pixels
    )


def test_a_jpeg_brings_its_tables(tmp_path):
    picture(tmp_path / "a.jpg")
    document = open_document(tmp_path / "a.jpg")
    assert document.layers.root[0].jpeg.quality in range(88, 96)


def test_a_project_opens_by_its_name(tmp_path):
    document = Document.from_pixels(np.full((3, 3, 4), 9, np.uint8))
    projectfile.save(freeze(document), tmp_path / "p.ora")
    assert np.array_equal(flatten(open_document(tmp_path / "p.ora")), flatten(document))


def test_a_picture_over_the_limit_is_refused(tmp_path):
    picture(tmp_path / "a.png")
    with pytest.raises(UserError, match="too large"):
        open_document(tmp_path / "a.png", max_megapixels=1e-4)


def test_writing_over_the_opened_picture_is_noticed(tmp_path):
    picture(tmp_path / "a.png")
    document = open_document(tmp_path / "a.png")
    assert would_overwrite_original(document, tmp_path / "." / "a.png")
    assert not would_overwrite_original(document, tmp_path / "b.png")
    document.path = tmp_path / "work.ora"  # saved as a project since
    assert would_overwrite_original(freeze(document), tmp_path / "a.png")
    assert not would_overwrite_original(document, tmp_path / "work.ora")


def with_ai_layer(path):
    document = open_document(path)
    ai = Layer("Style", TileStore.from_array(np.full((12, 16, 4), 99, np.uint8)), clip=True)
    ai.recipe = Recipe((RecipeStep("style", models={"m": "0" * 64}),))
    document.add_layer(ai)
    return document


@pytest.mark.parametrize(
    ("types", "claim"),
    [
        ({}, "compositeWithTrainedAlgorithmicMedia"),
        ({"style": "algorithmicallyEnhanced"}, "algorithmicallyEnhanced"),
    ],
)
@pytest.mark.parametrize("flat", [False, True])
def test_an_export_carries_the_recipe_and_says_that_ai_took_part(tmp_path, types, claim, flat):
    picture(tmp_path / "a.png")
    document = with_ai_layer(tmp_path / "a.png")
    if flat:
        flatten_image(document)
    export_picture(freeze(document), tmp_path / "b.png", ExportOptions(), source_types=types)
    packet = imagefile.read(tmp_path / "b.png").metadata.xmp
    assert xmp.digital_source_type(packet).endswith(claim)
    assert Recipe.from_json(xmp.recipe_of(packet)).steps[0].filter == "style"


def test_a_hidden_ai_layer_claims_nothing(tmp_path):
    picture(tmp_path / "a.png")
    document = with_ai_layer(tmp_path / "a.png")
    document.layers.root[0].visible = False  # hides what is clipped to it as well
    export_picture(freeze(document), tmp_path / "b.png", ExportOptions())
    assert imagefile.read(tmp_path / "b.png").metadata.xmp is None


def test_a_plain_picture_loses_nothing(tmp_path):
    picture(tmp_path / "a.png", np.uint16)
    assert losses(open_document(tmp_path / "a.png"), ".png") == []
    assert len(losses(open_document(tmp_path / "a.png"), ".jpg")) == 1


def test_losses_are_told_layer_by_layer(tmp_path):
    picture(tmp_path / "a.png", alpha=7)
    document = with_ai_layer(tmp_path / "a.png")
    document.layers.root.append(Layer("Off", document.new_store(), visible=False))
    document.selection.store.write(Rect(0, 0, 1, 1), np.ones((1, 1, 1), np.uint8))
    told = losses(document, ".JPG")
    assert [line.split("”")[0] for line in told[:3]] == ["“Off", "“Style", "“Background"]
    assert "recipe" in told[1] and "hidden" in told[0]
    assert any("selection" in line for line in told) and any("Transparency" in line for line in told)
    assert losses(document, ".ora") == []
