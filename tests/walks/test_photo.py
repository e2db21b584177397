"""From a camera's JPEG through mask, filter, comparison and undo to a project and an export, and back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgstudio.core import imagefile
from imgstudio.core.imageformats import exif, xmp
from tests.core.picture_files import exif as exif_block


def camera_jpeg(path, width=200, height=136):
    """A turned photo with tags and a profile, squeezed much too hard."""
    y, x = np.mgrid[0:height, 0:width]
    rings = 90 + 80 * np.sin(np.hypot(x - 60, y - 50) / 5)
    sky = np.stack([rings, 120 + 0.5 * y, 200 - 0.4 * x], axis=2)
    sky[40:90, 110:170] = (230, 60, 40)
    picture = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tags = b"Exif\0\0" + exif_block(orientation=6, gps=True)
    picture.save(path, quality=20, exif=tags, icc_profile=profile)
    return path


def layers_of(document):
    """Everything that a project must keep, layer by layer."""
    for layer in document.layers.all():
        box = document.bounds
        mask = None if layer.mask is None else layer.mask.read(box)
        yield layer.pixels.read(box), mask, layer.recipe, layer.transform, _properties(layer)


def _properties(layer):
    names = ("id", "name", "visible", "opacity", "blend", "clip", "locked", "mask_enabled")
    return {name: getattr(layer, name) for name in names}


def colour_on_screen(studio, x, y):
    """What the canvas shows at the middle of a pixel."""
    at = studio.on_screen(x + 0.5, y + 0.5)
    return np.array(studio.canvas.grab().toImage().pixelColor(at).getRgb()[:3])


@pytest.mark.parametrize(("filter_id", "params"), [("levels", {"black": 60}), ("dejpeg", {})])
def test_a_camera_photo_is_repaired_in_places_and_kept_with_everything(studio, tmp_path, filter_id, params):
    opened = studio.open(camera_jpeg(tmp_path / "DSC_0001.jpg"))
    assert (opened.bounds.width, opened.bounds.height) == (136, 200), "the turn of the camera is applied"
    before = studio.pixels()

    studio.brush([(60, 60), (80, 120)], radius=22)
    coverage = opened.selection.read(opened.bounds)
    outside, inside = coverage == 0, coverage == 255
    assert inside.sum() > 1000

    _applied(studio, filter_id, params)
    after = studio.pixels()
    np.testing.assert_array_equal(after[outside], before[outside])
    assert (after[inside] != before[inside]).any(axis=1).mean() > 0.2
    assert opened.layers.root[-1].recipe.steps[-1].strength == pytest.approx(0.6)

    _compared(studio, before, after)

    for _ in range(2):
        studio.undo()
    np.testing.assert_array_equal(studio.pixels(), before)
    assert opened.history.is_clean
    for _ in range(2):
        studio.redo()
    np.testing.assert_array_equal(studio.pixels(), after)

    project = tmp_path / "repaired.ora"
    studio.save(project)
    assert opened.history.is_clean
    _exported(studio, tmp_path / "repaired.jpg", filter_id, after)

    kept = list(layers_of(opened))
    studio.program.documents.close(opened)
    again = studio.open(project)
    np.testing.assert_array_equal(studio.pixels(), after)
    np.testing.assert_array_equal(again.selection.read(again.bounds), coverage)
    for now, then in zip(layers_of(again), kept, strict=True):
        np.testing.assert_array_equal(now[0], then[0])
        np.testing.assert_array_equal(now[1], then[1])
        assert now[2:] == then[2:]


def _applied(studio, filter_id, params):
    """Open the filter, wait for its preview, type another strength, apply."""
    studio.run(f"filter.{filter_id}")
    panel = studio.context.filter_panel
    page, preview = panel.page, panel.controller.preview
    for name, value in params.items():
        studio.type_number(page.form.editors[name], str(value))
    studio.wait(lambda: preview.screen._shown is not None and not preview.is_busy, seconds=120)
    full = preview.screen._shown[1].pixels.read(studio.document.bounds)
    studio.type_number(studio.part("filter.strength"), "60")
    studio.wait(lambda: not preview.is_busy, seconds=120)
    less = preview.screen._shown[1].pixels.read(studio.document.bounds)
    assert (less != full).any(), "the strength is seen at once"
    steps = studio.document.history.position
    studio.click("filter.apply")
    studio.wait(lambda: studio.document.history.position == steps + 1 or studio.errors, seconds=120)
    assert not studio.errors
    studio.settle()


def _compared(studio, before, after):
    """The split line shows the photo as opened on its left, the repaired one on its right."""
    studio.run("view.split")
    studio.run("view.actual")
    studio.tool("hand")
    middle = studio.canvas.rect().center()
    changed = np.argwhere((before != after).any(axis=2))
    y, x = changed[np.abs(changed - (110, 75)).sum(axis=1).argmin()]
    handle = (middle.x(), middle.y())
    for side, expected in ((-90, after), (90, before)):
        target = (studio.on_screen(x, y).x() + side, middle.y())
        studio.drag([handle, target], on=studio.canvas)
        handle = target
        shown = colour_on_screen(studio, x, y)
        assert np.abs(shown - expected[y, x, :3].astype(int)).max() <= 2, side
    studio.run("view.split")


def _exported(studio, path, filter_id, after):
    studio.export(path)
    assert not studio.errors
    file = imagefile.read(path)
    assert file.pixels.shape == after.shape
    assert np.abs(file.pixels[..., :3].astype(int) - after[..., :3]).mean() < 4
    with Image.open(path) as written:
        tags = written.getexif()
        assert tags[0x010F] == "Makerco"
        assert tags.get(0x0112, 1) == 1
        assert written.info["icc_profile"]
    assert exif.has_location(file.metadata.exif)
    recipe = json.loads(xmp.recipe_of(file.metadata.xmp))
    assert [step["filter"] for step in recipe["steps"]] == [filter_id]
