"""A bird is dropped on a painting and becomes part of it: placed, previewed, painted, steered, kept, moved, made again."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest

from imgstudio.core.geometry import Transform
from imgstudio.filters.objects import has_moved
from tests.filters.composites import disc, waves
from tests.studio import send_move

HEIGHT, WIDTH, RADIUS = 180, 240, 30


@pytest.fixture
def painting(tmp_path):
    Image.fromarray(waves(HEIGHT, WIDTH)[..., :3]).save(tmp_path / "painting.png")
    return tmp_path / "painting.png"


@pytest.fixture
def eagle(tmp_path):
    Image.fromarray(disc(RADIUS)).save(tmp_path / "eagle.png")
    return tmp_path / "eagle.png"


def drop(studio, path):
    """Drag a file over the picture and let it go there."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place = studio.canvas.mapTo(studio.window, studio.canvas.rect().center())
    told = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QGuiApplication.sendEvent(studio.window, QDragEnterEvent(place, Qt.DropAction.CopyAction, *told))
    QGuiApplication.sendEvent(studio.window, QDropEvent(QPointF(place), Qt.DropAction.CopyAction, *told))


def on_canvas(studio, x, y):
    return np.array(studio.canvas.renderer.colour_at(x, y)[:3], int)


def drag_watched(studio, blend, start, end):
    """Drag the object and look at each step whether its preview is under the pointer."""
    document = studio.document
    begin, goal = studio.on_screen(*start), studio.on_screen(*end)
    QTest.mousePress(studio.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, begin)
    for step in range(1, 6):
        at = begin + (goal - begin) * step / 5
        send_move(studio.canvas, at, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        x, y = document.active.transform.offset
        shown = studio.canvas.renderer.preview
        box = shown.transform.bounds_of(shown.pixels.content_bounds())
        assert abs(box.x + box.width / 2 - x - RADIUS) <= 3
        assert abs(box.y + box.height / 2 - y - RADIUS) <= 3
    QTest.mouseRelease(studio.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, goal)
    studio.wait(lambda: blend.is_exact)


def set_small_and_long(studio):
    page = studio.context.filter_panel.page
    for name, text in (("size", "96"), ("iterations", "30"), ("texture", "0")):
        studio.type_number(page.form.editors[name], text)
    assert (page.form.value().size, page.form.value().iterations) == (96, 30)


def paint(studio, session, wish, points, radius):
    studio.click(f"session.wishes.{session.item.steering.index(wish)}")
    options = studio.context.tool_state.options
    options["steering"] = type(options["steering"])(2.0 * radius)
    at = session.frame.iteration
    studio.drag(points)
    studio.wait(lambda: session.frame.iteration > at)


def painted(studio, session):
    """Run until a wish was heeded, go back to the first step, go on, and keep what is shown."""
    studio.click("session.run")
    studio.wait(lambda: session.frame is not None)
    x, y = studio.document.active.transform.offset
    paint(studio, session, "more", [(x + 20, y + 30), (x + 40, y + 30)], 6)
    paint(studio, session, "protect", [(x + 25, y + 15), (x + 35, y + 15)], 5)
    studio.click("session.pause")
    studio.wait(lambda: session.is_paused and len(session.frames) > 1)
    scrub = studio.part("session.scrub")
    scrub.setFocus()
    QTest.keyClick(scrub, Qt.Key.Key_Home)
    assert session.position == 0
    studio.click("session.keep")
    QTest.keyClick(scrub, Qt.Key.Key_End)
    studio.click("session.pause")
    studio.click("session.stop")
    studio.wait(lambda: not session.is_running)


def placed_and_moved(studio, eagle):
    """Drop the eagle, look at its preview, drag it; returns its layer."""
    document, blend = studio.document, studio.context.filter_panel.blend
    drop(studio, eagle)
    studio.wait(lambda: document.active.name == "eagle")
    studio.settle()
    bird = document.active
    assert studio.part("object_bar").isVisible()
    studio.click("object_bar.preview")
    studio.wait(lambda: blend.is_exact)
    studio.tool("move")
    x, y = bird.transform.offset
    drag_watched(studio, blend, (x + RADIUS, y + RADIUS), (x + RADIUS + 40, y + RADIUS + 20))
    assert bird.transform == Transform(e=x + 40.0, f=y + 20.0)
    return bird


def harmonized(studio, bird):
    """Harmonize it, with one step kept meanwhile; returns the layer of the result."""
    document = studio.document
    steps, naive = document.history.position, studio.pixels()
    studio.click("object_bar.harmonize")
    set_small_and_long(studio)
    painted(studio, studio.context.filter_panel.session)
    assert document.history.position == steps + 1
    studio.click("filter.apply")
    first, result = document.layers.root[-2:]
    assert document.layers.root[1:] == [bird, first, result]
    assert document.active is result
    assert not has_moved(document, result)
    x, y = bird.transform.offset
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    far = np.hypot(rows - y - RADIUS, columns - x - RADIUS) > RADIUS + 16
    assert np.array_equal(studio.pixels()[far], naive[far]), "nothing outside the feather changes"
    assert np.abs(studio.pixels().astype(int) - naive)[~far].mean() > 3
    document.remove_layer(first)
    return result


def made_again(studio, bird, result, clean):
    """Move the bird and make what it left anew where it lies now: one undo step."""
    document = studio.document
    x, y = bird.transform.offset
    document.active = bird
    studio.tool("move")
    studio.drag([(x + RADIUS, y + RADIUS), (x + RADIUS - 40, y + RADIUS - 20)])
    assert has_moved(document, result)
    studio.wait(lambda: studio.canvas.renderer.preview is not None)
    corner = x + RADIUS + 24, y + RADIUS + 10
    assert np.array_equal(on_canvas(studio, *corner), clean[corner[1], corner[0], :3]), (
        "the old one is not shown"
    )
    moved = document.history.position
    studio.click("object_bar.remake")
    studio.wait(lambda: studio.context.filter_panel.page is None, seconds=60)
    assert document.history.position == moved + 1
    assert not has_moved(document, result)
    assert not studio.part("object_bar").isVisible()
    studio.undo()
    assert has_moved(document, result)
    studio.redo()


def test_an_eagle_becomes_part_of_a_painting(studio, painting, eagle, tmp_path):
    document = studio.open(painting)
    clean = studio.pixels()
    bird = placed_and_moved(studio, eagle)
    result = harmonized(studio, bird)
    made_again(studio, bird, result, clean)
    studio.export(tmp_path / "out.png")
    out = np.asarray(Image.open(tmp_path / "out.png").convert("RGB")).astype(int)
    assert np.abs(out - studio.pixels()[..., :3]).max() <= 1
    document.history.go_to(0)
    np.testing.assert_array_equal(studio.pixels(), clean)
    assert not studio.errors


def test_a_photo_of_a_ball_is_cut_out_from_the_bar(studio, painting, tmp_path):
    ball = disc(60).astype(float)
    page = np.full((160, 160, 3), 205.0)
    share = ball[..., 3:] / 255
    page[20:140, 20:140] = share * ball[..., :3] + (1 - share) * page[20:140, 20:140]
    Image.fromarray(page.astype(np.uint8)).save(tmp_path / "photo.png")
    document = studio.open(painting)
    drop(studio, tmp_path / "photo.png")
    studio.wait(lambda: document.active.name == "photo")
    studio.settle()
    photo, steps = document.active, document.history.position
    studio.click("object_bar.cut_out")
    studio.wait(lambda: studio.context.filter_panel.page is None or studio.errors, seconds=60)
    studio.settle()
    assert not studio.errors
    assert document.history.position == steps + 1
    assert photo.mask is not None
    coverage = photo.mask.read(photo.pixels.content_bounds())[..., 0]
    assert coverage[80, 80] > 200
    assert coverage[4, 4] < 50
    assert studio.part("object_bar.cut_out").isHidden()
    assert studio.part("object_bar.harmonize").isVisible()
    studio.undo()
    assert photo.mask is None
