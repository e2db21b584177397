"""A filter that one watches: run, steered by the brush, paused, scrubbed back, kept, stopped."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


def striped():
    page = np.full((120, 160, 4), 255, np.uint8)
    page[..., :3] = np.where(np.arange(160)[None, :, None] < 80, 60, 190)
    page[40:80, 50:110, :3] = (0, 0, 0)
    return page


@pytest.fixture
def watched(studio):
    """A fill of a black hole that stands still after some steps, under a small steering brush."""
    document = studio.show_pixels(striped())
    studio.tool("rectangle")
    studio.drag([(50, 40), (110, 80)])
    assert document.selection.bounds() == (50, 40, 60, 40)
    studio.run("filter.diffusion-fill")
    panel = studio.context.filter_panel
    panel.page.form.set_value(type(panel.page.form.value())(iterations=2000, start_grey=True))
    panel.page.params_changed.emit(panel.page.form.value())
    studio.click("session.run")
    studio.wait(lambda: panel.session.frame is not None)
    studio.click("session.pause")
    assert panel.session.is_paused
    studio.wait(lambda: len(panel.session.frames) > 3)
    tool = studio.context.tools.current
    assert tool.id == "steering"
    tool.state.options["steering"] = type(tool.options)(10.0)
    return panel.session


def painted(studio, session, wanted, *, tolerance):
    """Paint a wish into the fill while it stands still, and wait for a frame that heeds it."""

    def apart():
        fill = session._job.result_of(session.frames[-1].pixels).pixels
        return np.abs(fill.read(studio.document.bounds)[60, 80, :3].astype(int) - wanted).max()

    assert apart() > tolerance
    studio.drag([(70, 60), (90, 60)])
    studio.wait(lambda: apart() <= tolerance)


def test_a_running_fill_obeys_the_brush_and_gives_back_any_step(studio, watched):
    document, session = studio.document, watched
    before, steps = studio.pixels(), document.history.position
    studio.click("session.wishes.1")
    painted(studio, session, (0, 0, 0), tolerance=1)
    assert document.history.position == steps, "watching changes nothing"
    np.testing.assert_array_equal(studio.pixels(), before)

    scrub = studio.part("session.scrub")
    scrub.setFocus()
    QTest.keyClick(scrub, Qt.Key.Key_Home)
    studio.wait(lambda: scrub.value() == 0)
    first = session._shown.pixels.read(document.bounds)
    studio.click("session.keep")
    assert document.history.position == steps + 1
    layer = document.active
    assert layer.recipe.steps[-1].filter == "diffusion-fill"
    np.testing.assert_array_equal(layer.pixels.read(document.bounds), first)
    outside = document.selection.read(document.bounds) == 0
    np.testing.assert_array_equal(studio.pixels()[outside], before[outside])
    assert tuple(studio.pixels()[60, 80, :3]) != (0, 0, 0)

    studio.click("session.stop")
    studio.wait(lambda: not session.is_running)
    assert studio.context.tools.current.id == "rectangle", "the tool before the session is back in hand"
    studio.undo()
    np.testing.assert_array_equal(studio.pixels(), before)
    studio.settle()


def test_a_stroke_pulls_the_fill_to_the_foreground_colour(studio, watched):
    studio.context.tool_state.foreground = (250, 10, 10)
    painted(studio, watched, (250, 10, 10), tolerance=40)
