"""A photo painted in one go, by mouse: a preset from the gallery, a picture mixed in, inside a selection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


def photo():
    y, x = np.mgrid[:96, :128]
    page = np.full((96, 128, 4), 255, np.uint8)
    page[..., 0] = 40 + x
    page[..., 1] = 200 - y
    page[30:70, 40:90, :3] = (220, 60, 40)
    return page


def test_a_preset_from_the_gallery_and_a_picture_of_ones_own_paint_the_selection_alone(studio, tmp_path):
    strokes = (np.indices((80, 120)).sum(0) // 4 % 2)[..., None] * np.array([[[200, 160, 20]]])
    Image.fromarray(strokes.astype(np.uint8)).save(tmp_path / "mine.png")
    document = studio.show_pixels(photo())
    before = studio.pixels()
    studio.tool("rectangle")
    studio.drag([(20, 20), (100, 80)])
    studio.run("filter.style")
    panel = studio.context.filter_panel
    form = panel.page.form
    assert form.value().style == Path("starry_night")
    assert not form.editors["blend"].isVisible(), "there is nothing to blend with"

    QTest.mouseClick(studio.part("style.target"), Qt.MouseButton.LeftButton)
    gallery = form.editors["style"].gallery
    QTest.mouseClick(gallery.findChild(object, "preset.the_scream"), Qt.MouseButton.LeftButton)
    form.editors["second"].take(tmp_path / "mine.png")

    assert form.value().style == Path("the_scream")
    assert form.value().second == tmp_path / "mine.png"
    assert form.editors["blend"].isVisible()
    layers = len(list(document.layers.all()))
    studio.click("filter.apply")
    studio.wait(lambda: len(list(document.layers.all())) == layers + 1, 60)
    change = np.abs(studio.pixels().astype(int) - before)[..., :3].max(2)
    assert change[22:78, 22:98].mean() > 10
    change[20:80, 20:100] = 0
    assert change.max() == 0, "outside the selection nothing changes"
    studio.undo()
    np.testing.assert_array_equal(studio.pixels(), before)
    assert not studio.errors
