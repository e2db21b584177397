"""The contact sheet in the window: made in the background, by mouse and keys, one choice is one edit of the form."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from imgstudio.app.panels.sheet_grid import LARGEST, SheetGrid
from imgstudio.core.errors import UserError
from imgstudio.core.params import Number, Picture
from imgstudio.filters.base import Frame, SessionFilter


@dataclass(frozen=True)
class PaintParams:
    style: Annotated[Path | None, Picture()] = None
    weight: Annotated[float, Number(0.1, 16, 0.1, log=True)] = 1.0
    light: Annotated[float, Number(0, 1, 0.1)] = 0.5


class Painting:
    """A tenth of a second a step, without looking whether it was cancelled."""

    seconds = 0.0

    def __init__(self, image, params):
        if params.light > 0.9:
            raise UserError("Too light", "", "Less")
        self.image, self.params = image, params

    def frames(self):
        for step in range(1, 4):
            time.sleep(self.seconds)
            shade = 0.1 * self.params.weight * self.params.light
            yield Frame(np.full_like(self.image.pixels, min(shade, 1)), step, 3)

    def steer(self, stroke):
        pass

    def restart_from(self, pixels, iteration):
        pass


class Busy:
    title = "Busy"

    def run(self, progress):
        while True:
            time.sleep(0.01)
            progress.token.check()


PAINT = SessionFilter(
    "test-paint", "Paint", "Style", "Paints.", PaintParams, lambda image, params, progress: Painting(image, params),
    seeded=False,
)  # fmt: skip


@pytest.fixture
def paint(studio, monkeypatch):
    """The panel with a session filter in hand that has its picture."""
    filters = studio.context.filters
    monkeypatch.setattr(filters, "_filters", filters._filters | {PAINT.id: PAINT})
    pixels = np.full((90, 120, 4), 255, np.uint8)
    pixels[..., :3] = np.arange(120)[None, :, None]
    studio.show_pixels(pixels)
    panel = studio.context.filter_panel
    panel.open(PAINT.id)
    take(panel, style=Path("painting.png"))
    yield panel
    Painting.seconds = 0.0
    panel.close_filter()


def take(panel, **values):
    form = panel.page.form
    form.set_value(PaintParams(**values))
    panel.page.params_changed.emit(form.value())


def made(studio, panel):
    """Open the sheet with the mouse and wait for all its pictures."""
    studio.click(panel.page.sheet)
    studio.wait(lambda: panel.branch.sheet.state == "done")
    return panel.branch.sheet.cells


def cell(panel, index):
    return panel.branch.view.grid.cells[index]


def test_eight_settings_appear_and_a_click_takes_one_as_one_edit(studio, paint):
    edits = []
    paint.page.params_changed.connect(edits.append)
    labels = [one.variation.label for one in made(studio, paint)]
    assert labels[0] == "As set now"
    assert len(labels) == 8
    assert "Weight 2" in labels
    assert studio.part("sheet").isVisible()
    assert not studio.canvas.isVisible()
    index = labels.index("Weight 2")
    assert cell(paint, index).toolTip().startswith("<b>Weight 2</b>")
    assert cell(paint, index).accessibleName() == "Weight 2"
    studio.click(cell(paint, index))
    assert edits == [PaintParams(Path("painting.png"), weight=2.0)]
    assert paint.page.form.value() == edits[0]
    assert paint.session.params == edits[0]
    assert not paint.branch.is_open
    assert studio.canvas.isVisible()
    assert studio.document.history.position == 0


def test_the_keys_go_from_picture_to_picture_and_enter_takes_one(studio, paint):
    studio.focus_canvas()
    made(studio, paint)
    columns = paint.branch.view.grid._columns
    assert columns > 1
    start = cell(paint, 0)
    assert start.hasFocus(), "the first one as soon as it is there"
    QTest.keyClick(start, Qt.Key.Key_Right)
    assert cell(paint, 1).hasFocus()
    QTest.keyClick(cell(paint, 1), Qt.Key.Key_Down)
    assert cell(paint, 1 + columns).hasFocus()
    QTest.keyClick(cell(paint, 1 + columns), Qt.Key.Key_Up)
    wanted = paint.branch.sheet.cells[1].variation.params
    QTest.keyClick(cell(paint, 1), Qt.Key.Key_Return)
    assert paint.page.form.value() == wanted


def test_escape_keeps_the_settings_and_the_filter(studio, paint):
    before = paint.page.form.value()
    made(studio, paint)
    QTest.keyClick(cell(paint, 0), Qt.Key.Key_Escape)
    assert not paint.branch.is_open
    assert paint.page.form.value() == before
    assert paint.page.isVisible()


def test_what_is_known_is_there_at_once_the_next_time(studio, paint):
    made(studio, paint)
    labels = [one.variation.label for one in paint.branch.sheet.cells]
    studio.click(cell(paint, labels.index("Weight 2")))
    Painting.seconds = 0.5
    studio.click(paint.page.sheet)
    known = {one.variation.label: one.is_done for one in paint.branch.sheet.cells}
    assert known["As set now"]
    assert known["Weight 1"], "the way back"
    assert not all(known.values())
    assert cell(paint, 0).isEnabled()


def test_it_stops_within_half_a_second_and_goes_on(studio, paint):
    Painting.seconds = 0.1
    studio.click(paint.page.sheet)
    sheet = paint.branch.sheet
    studio.wait(lambda: sheet.done == 2)
    begun = time.monotonic()
    studio.click(paint.branch.view.button)
    assert paint.branch.view.note.text() == "Stopped after 2 of 8"
    studio.wait(lambda: not studio.program.jobs.handles, seconds=0.5)
    assert time.monotonic() - begun < 0.5
    Painting.seconds = 0.0
    assert paint.branch.view.button.text() == "Go on"
    studio.click(paint.branch.view.button)
    studio.wait(lambda: sheet.state == "done")
    assert sheet.done == 8


def test_leaving_it_ends_its_job(studio, paint):
    Painting.seconds = 0.1
    studio.click(paint.page.sheet)
    studio.wait(lambda: paint.branch.sheet.done > 0)
    studio.click("sheet.back")
    studio.wait(lambda: not studio.program.jobs.handles, seconds=0.5)
    assert paint.page.isVisible()


def test_another_value_in_the_form_ends_the_sheet(studio, paint):
    made(studio, paint)
    studio.type_number(paint.page.form.editors["weight"], "3")
    assert not paint.branch.is_open
    assert paint.page.form.value().weight == 3


def test_the_window_goes_back_to_the_picture_with_the_filter(studio, paint):
    made(studio, paint)
    paint.close_filter()
    assert studio.canvas.isVisible()
    paint.open(PAINT.id)
    take(paint, style=Path("painting.png"))
    made(studio, paint)
    other = studio.show_pixels(np.full((20, 30, 4), 255, np.uint8))
    assert studio.canvas.isVisible()
    assert studio.document is other


def test_it_says_why_there_can_be_none(studio, paint):
    button = paint.page.sheet
    assert button.isEnabled()
    take(paint)
    assert not button.isEnabled()
    assert "Choose a picture for “Style” first" in button.toolTip()
    take(paint, style=Path("painting.png"))
    Painting.seconds = 0.1
    studio.click("session.run")
    assert not button.isEnabled()
    assert "Stop the run first" in button.toolTip()
    paint.session.close()
    studio.run("filter.curves")
    assert not studio.context.filter_panel.page.sheet.isVisible()
    assert not studio.context.filter_panel.can_compare


def test_settings_that_fail_are_told_in_their_place(studio, paint):
    cells = made(studio, paint)
    failed = [index for index, one in enumerate(cells) if one.problem]
    assert [cells[index].problem for index in failed] == ["Too light"]
    assert not cell(paint, failed[0]).isEnabled()
    studio.click(paint.page.sheet)
    studio.wait(lambda: paint.branch.sheet.state == "done")
    assert sum(one.picture is not None for one in paint.branch.sheet.cells) == 7, "what was known is not lost"
    take(paint, style=Path("painting.png"), light=1.0)
    studio.click(paint.page.sheet)
    studio.wait(lambda: paint.branch.sheet.state == "failed")
    assert "Too light" in paint.branch.view.problem.text()
    assert not studio.errors, "told once, where it belongs"


def test_a_sheet_that_waits_for_its_turn_says_so(studio, paint):
    Painting.seconds = 0.1
    other = studio.context.jobs.start(Busy())
    studio.click(paint.page.sheet)
    assert paint.branch.view.note.text() == "Waiting for another job"
    other.cancel()
    studio.wait(lambda: paint.branch.view.note.text() == "0 of 8")


def test_the_menu_opens_it_too(studio, paint):
    studio.run("filters.sheet")
    assert paint.branch.is_open


def test_a_filter_over_the_whole_picture_has_a_sheet_and_a_preview_after_it(studio):
    studio.show_pixels(np.full((40, 60, 4), 100, np.uint8) | np.array([0, 0, 0, 255], np.uint8))
    studio.run("filter.exposure")
    panel = studio.context.filter_panel
    cells = made(studio, panel)
    labels = [one.variation.label for one in cells]
    assert cells[labels.index("Exposure +1 EV")].picture.mean() > cells[0].picture.mean() + 10
    studio.click(cell(panel, labels.index("Exposure +1 EV")))
    assert panel.controller.question.params.exposure == 1
    studio.wait(lambda: studio.canvas.scene.previews and not panel.controller.preview.is_busy)
    panel.close_filter()


@pytest.mark.parametrize(
    ("size", "shape", "columns"),
    [((900, 500), 0.66, 4), ((400, 900), 0.66, 2), ((1400, 400), 1.5, 8), ((3400, 1700), 0.66, 4)],
)
def test_pictures_are_as_large_as_fit_all_in_sight(qtbot, paint, studio, size, shape, columns):
    cells = made(studio, paint)
    grid = SheetGrid()
    qtbot.addWidget(grid)
    grid.resize(*size)
    grid.show_cells(cells, shape)
    grid.show()
    assert grid._columns == columns
    assert all(grid.rect().contains(one.geometry()) for one in grid.cells)
    assert max(one.width() for one in grid.cells) <= LARGEST + 8
    boxes = [one.geometry() for one in grid.cells]
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[:i])
