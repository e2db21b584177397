"""What is offered for an object that was just placed, or has moved; matching it, and cleaning its edge."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from imgstudio.app.controllers.matching import decontaminate
from imgstudio.app.controllers.objects import is_cut_out
from imgstudio.core.document import Document
from imgstudio.core.geometry import Transform
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import to_float
from imgstudio.core.tiles import TileStore
from imgstudio.filters.matching import FITS, capture_match, carry_out
from tests.filters.composites import composition, disc, placed, waves


@pytest.fixture
def bar(studio):
    return studio.part("object_bar")


def offered(bar):
    """Names of the buttons that are shown."""
    buttons = bar.findChildren(QAbstractButton)
    return {b.objectName().partition(".")[2] for b in buttons if not b.isHidden()}


def place(studio, tmp_path, pixels=None, name="eagle.png"):
    Image.fromarray(disc(20) if pixels is None else pixels).save(tmp_path / name)
    studio.answers.open_answer = [tmp_path / name]
    studio.run("file.place")
    studio.wait(lambda: studio.document.active.name == name.rpartition(".")[0])
    studio.settle()
    return studio.document.active


def test_a_placed_file_is_active_and_the_bar_says_what_comes_next(studio, bar, tmp_path):
    studio.show_pixels(waves())
    assert not bar.isVisible()
    layer = place(studio, tmp_path)
    assert studio.document.active is layer
    assert bar.isVisible()
    assert studio.part("object_bar.text").text() == "“eagle” placed"
    assert offered(bar) >= {"transform", "match", "preview", "harmonize", "close"}
    assert "remake" not in offered(bar)
    assert "Ctrl+T" in studio.part("object_bar.transform").toolTip()
    assert bar.geometry().bottom() < studio.canvas.height()
    studio.click("object_bar.close")
    assert not bar.isVisible()
    studio.document.active = studio.document.layers.root[0]
    studio.document.active = layer
    assert not bar.isVisible()


def test_it_goes_when_another_layer_is_active_or_the_object_is_undone(studio, bar, tmp_path):
    studio.show_pixels(waves())
    place(studio, tmp_path)
    studio.document.active = studio.document.layers.root[0]
    assert not bar.isVisible()
    place(studio, tmp_path, name="second.png")
    assert bar.isVisible()
    studio.undo()
    assert not bar.isVisible()


def test_what_is_pasted_keeps_its_name_and_its_place(studio, bar):
    document, ball = composition()
    studio.program.documents.add(document)
    document.active = ball
    studio.run("edit.copy")
    studio.show_pixels(waves(100, 100))
    studio.run("edit.paste")
    pasted = studio.document.active
    assert pasted.name == "ball"
    assert bar.isVisible()
    np.testing.assert_array_equal(
        pasted.pixels.read(pasted.pixels.content_bounds()), ball.pixels.read(ball.pixels.content_bounds())
    )


@pytest.mark.parametrize("width", [720, 900])
def test_a_long_name_and_a_narrow_window_leave_the_buttons_whole(studio, bar, tmp_path, width):
    studio.window.resize(width, 600)
    studio.show_pixels(waves())
    place(
        studio,
        tmp_path,
        name="Donaudampfschifffahrtsgesellschaft im Abendlicht, zweite Fassung " * 2 + ".png",
    )
    assert bar.width() <= studio.canvas.width()
    for button in bar.findChildren(QAbstractButton):
        if not button.isHidden():
            assert bar.rect().contains(button.geometry())
            assert button.width() >= button.minimumSizeHint().width()
    studio.window.resize(1280, 800)


def test_the_preview_is_switched_from_the_bar(studio, bar, tmp_path):
    studio.show_pixels(waves())
    place(studio, tmp_path)
    studio.click("object_bar.preview")
    assert studio.context.filter_panel.blend.is_on
    assert studio.part("object_bar.preview").isChecked()
    studio.run("object.preview")
    assert not studio.part("object_bar.preview").isChecked()


def test_harmonize_opens_its_filter_with_its_preview_and_the_bar_gives_way(studio, bar, tmp_path):
    studio.show_pixels(waves())
    place(studio, tmp_path)
    blend = studio.context.filter_panel.blend
    assert not blend.is_on
    studio.click("object_bar.harmonize")
    assert studio.context.filter_panel.page.item.id == "harmonize"
    assert studio.part("session.blend").isChecked()
    assert not bar.isVisible()
    studio.press_key(Qt.Key.Key_Escape)
    studio.context.filter_panel.close_filter()
    assert not blend.is_on
    assert bar.isVisible()


def test_only_what_has_no_edge_is_to_be_cut_out():
    document = Document.from_pixels(waves())
    assert not is_cut_out(document.layers.root[0])
    assert is_cut_out(placed(document, disc(), 0, 0))
    document.set_layer(document.layers.root[0], "Mask", mask=TileStore(1, fill=255))
    assert is_cut_out(document.layers.root[0])


def match(document, layer, filters):
    job = capture_match(document, layer, filters["exposure"])
    found = job.run(Progress())
    carry_out(document, layer, found)
    return found


def test_matching_makes_a_large_object_fit_and_a_dark_one_light_in_one_step(studio):
    document = Document.from_pixels(waves() // 2 + 127)
    pixels = waves(300, 200) // 6
    pixels[..., 3] = 255
    layer = placed(document, pixels, -20, -90)
    before = document.history.position
    found = match(document, layer, studio.context.filters)
    assert document.history.position == before + 1
    box = layer.transform.bounds_of(layer.pixels.content_bounds())
    assert max(box.width / 160, box.height / 120) == pytest.approx(FITS, abs=0.02)
    assert found.stops > 0.5
    light = document.layers.root[-1]
    assert light.clip
    assert light.recipe.steps[-1].params["exposure"] == pytest.approx(found.stops, abs=0.01)
    assert document.active is layer
    document.history.undo()
    assert document.layers.root == [document.layers.root[0], layer]
    assert layer.transform == Transform(e=-20.0, f=-90.0)


def test_what_matches_is_left_alone(studio):
    document = Document.from_pixels(np.full((120, 160, 4), 128, np.uint8))
    document.layers.root[0].pixels.write(
        document.bounds, np.full((120, 160, 4), (120, 120, 120, 255), np.uint8)
    )
    layer = placed(document, np.full((30, 30, 4), (120, 120, 120, 255), np.uint8), 60, 40)
    before = document.history.position
    match(document, layer, studio.context.filters)
    assert document.history.position == before


def test_matching_from_the_menu_is_told_and_undone(studio, tmp_path):
    studio.show_pixels(waves() // 2 + 127)
    dark = disc(40)
    dark[..., :3] //= 8
    place(studio, tmp_path, dark, "dark.png")
    count = len(studio.document.layers)
    studio.run("object.match")
    studio.wait(lambda: len(studio.document.layers) > count)
    studio.undo()
    assert len(studio.document.layers) == count
    studio.document.active = studio.document.layers.root[0]
    studio.run("object.match")
    assert "nothing below" in str(studio.errors[-1])


def test_the_old_background_no_longer_shines_through_a_cleaned_edge():
    own, old = np.float32([0.1, 0.7, 0.2]), np.float32([0.9, 0.1, 0.9])
    alpha = to_float(disc(20)[..., 3])[..., None]
    photo = alpha * own + (1 - alpha) * old
    pixels = np.dstack([np.rint(photo * 255).astype(np.uint8), disc(20)[..., 3]])
    document = Document.from_pixels(waves())
    layer = placed(document, pixels, 60, 40)
    decontaminate(document, layer, Progress())
    made = layer.pixels.read(layer.pixels.content_bounds())
    box = np.s_[1:-1, 1:-1]
    soft = (pixels[box][..., 3] > 40) & (pixels[box][..., 3] < 200)
    far = np.abs(to_float(pixels[box][..., :3]) - own)[soft].mean()
    near = np.abs(to_float(layer.pixels.read(layer.pixels.bounds())[:40, :40][box][..., :3]) - own)[
        soft
    ].mean()
    assert made[..., 3].max() == 255
    assert near < far / 3


def test_an_edge_that_cannot_be_cleaned_is_told(studio):
    studio.show_pixels(waves())
    studio.run("object.decontaminate")
    assert "no soft edge" in str(studio.errors[-1])
