"""A photo becomes a painting: steered by the brush while it is painted, looked back at, kept, accepted, undone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

HEIGHT, WIDTH = 96, 128


@pytest.fixture
def photo(tmp_path):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    page = np.stack([x * 2, y * 2, 255 - x], 2).astype(np.uint8)
    page[30:70, 50:90] = (230, 200, 40)
    Image.fromarray(page).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def waves(tmp_path):
    """A painting of coloured waves."""
    y, x = np.mgrid[:96, :128]
    page = np.stack([np.sin(x / (3 + k) + np.cos(y / 7) * 2) for k in range(3)], 2)
    Image.fromarray((127 + 120 * page).astype(np.uint8)).save(tmp_path / "waves.png")
    return tmp_path / "waves.png"


@pytest.fixture
def stylize(studio, photo, waves):
    """The filter with a painting that was dropped on it, set to paint small and long."""
    studio.open(photo)
    studio.run("filter.stylize")
    page = studio.context.filter_panel.page
    studio.drop_folder("style.target", waves)
    assert page.form.value().style == waves
    studio.type_number(page.form.editors["size"], str(WIDTH))
    studio.type_number(page.form.editors["iterations"], "500")
    assert (page.form.value().size, page.form.value().iterations) == (WIDTH, 500)
    return studio.context.filter_panel.session


def shown(session, document):
    """(height, width, 3) of what the session shows."""
    return session._shown.pixels.read(document.bounds)[..., :3].astype(int)


def paint(studio, session, wish, points, radius):
    """Choose a wish and paint it; wait until the picture is painted further."""
    studio.click(f"session.wishes.{session.item.steering.index(wish)}")
    state = studio.context.tool_state
    state.options["steering"] = type(state.options["steering"])(2.0 * radius)
    at = session.frame.iteration
    studio.drag(points)
    studio.wait(lambda: session.frame.iteration > at)


def layer_pixels(layer, document):
    return layer.pixels.read(document.bounds)[..., :3].astype(int)


def keep_two_steps(studio, session):
    """Pause, keep the newest step as a layer, look back at the first, and keep that too."""
    document = studio.document
    studio.click("session.pause")
    assert session.is_paused
    newest = session.position
    studio.click("session.keep")
    late = shown(session, document)
    scrub = studio.part("session.scrub")
    scrub.setFocus()
    QTest.keyClick(scrub, Qt.Key.Key_Home)
    assert session.position == 0 < newest
    assert studio.part("session.note").text().startswith(f"Step {session.frames[0].iteration} of ")
    studio.click("session.keep")
    early = shown(session, document)
    assert len(session.frames) > newest, "looking back forgets nothing"
    kept = {layer_pixels(layer, document).tobytes() for layer in document.layers.root[1:]}
    assert kept == {early.tobytes(), late.tobytes()}
    assert np.abs(early - late).mean() > 1


def test_a_photo_is_painted_steered_looked_back_at_kept_and_undone(studio, stylize):
    session, document = stylize, studio.document
    before, steps = studio.pixels(), document.history.position
    studio.click("session.run")
    studio.wait(lambda: session.frame is not None)
    paint(studio, session, "less", [(10, 10), (30, 10)], 8)
    paint(studio, session, "style 1", [(100, 80), (120, 80)], 8)
    paint(studio, session, "protect", [(55, 20), (75, 20)], 6)
    studio.wait(lambda: np.abs(shown(session, document)[20, 60:70] - before[20, 60:70, :3]).max() <= 1)
    assert document.history.position == steps, "watching changes nothing"
    np.testing.assert_array_equal(studio.pixels(), before)

    keep_two_steps(studio, session)
    assert document.history.position == steps + 2
    again, passed = session.frames[:2]
    studio.click("session.pause")
    assert not session.is_paused
    studio.wait(lambda: len(session.frames) > 1 and session.frames[1] is not passed)
    assert session.frames[0] is again, "it went on from the first"
    studio.click("session.stop")
    studio.wait(lambda: not session.is_running)
    studio.click("filter.apply")
    assert len(document.layers.root) == 4
    assert document.active.recipe.steps[-1].filter == "stylize"
    assert studio.context.filter_panel.page is None
    assert studio.context.tools.current.id == "move", "the tool before the session is back in hand"
    for _ in range(3):
        studio.undo()
    assert document.history.position == steps
    np.testing.assert_array_equal(studio.pixels(), before)
    assert not studio.errors
