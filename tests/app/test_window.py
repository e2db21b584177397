"""The window: what is shown when, panels, layout, keys, drops, status."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from imgstudio.app.errors import details, explained
from imgstudio.app.panels.welcome import WelcomePage
from imgstudio.core.errors import UserError
from imgstudio.core.samples import SAMPLES, drawn
from imgstudio.core.settings import SECTIONS, Settings


def page(studio, name="Untitled"):
    document = studio.show_pixels(np.full((60, 80, 4), 200, np.uint8))
    document.name = name
    document.saved.emit()
    return document


def test_the_welcome_page_goes_when_a_picture_comes_and_returns_after_the_last(studio):
    assert studio.window.welcome.isVisible()
    assert not studio.window.toolbox.isVisible()
    document = page(studio)
    assert studio.canvas.isVisible()
    assert studio.window.toolbox.isVisible()
    studio.program.documents.close(document)
    assert studio.window.welcome.isVisible()


def test_a_sample_opens_as_an_unnamed_picture_with_its_original(studio):
    tile = studio.window.findChild(object, "welcome.sample.landscape")
    QTest.mouseClick(tile, Qt.MouseButton.LeftButton)
    studio.wait(lambda: studio.program.documents.current)
    assert studio.document.path is None
    assert studio.document.original is not None
    studio.settle()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_a_sample_is_the_same_every_time(sample):
    first = drawn(sample, 96)
    assert first.dtype == np.uint8
    assert first.std() > 20
    np.testing.assert_array_equal(first, drawn(sample, 96))


def test_the_tab_shows_a_dot_while_there_are_unsaved_changes(studio):
    page(studio, "photo")
    assert studio.window.tabs.tabText(0) == "photo"
    studio.run("select.all")
    assert studio.window.tabs.tabText(0).startswith("photo ")
    assert studio.window.isWindowModified()
    studio.undo()
    assert studio.window.tabs.tabText(0) == "photo"


def test_a_very_long_name_is_elided_and_told_in_full_in_the_tooltip(studio):
    name = "Donaudampfschifffahrtsgesellschaftskapitänsmütze " * 2
    page(studio, name)
    assert studio.window.tabs.tabRect(0).width() < 320
    assert name in studio.window.tabs.tabToolTip(0)


def test_a_middle_click_closes_the_tab(studio):
    page(studio)
    QTest.mouseClick(
        studio.window.tabs, Qt.MouseButton.MiddleButton, pos=studio.window.tabs.tabRect(0).center()
    )
    assert not studio.program.documents.all


def test_switching_tabs_switches_document_and_canvas(studio):
    first = page(studio)
    second = page(studio)
    assert studio.document is second
    studio.window.tabs.setCurrentIndex(0)
    assert studio.document is first
    assert studio.canvas.document is first
    assert studio.context.tool_state.document is first


def test_tab_hides_the_panels_and_brings_them_back(studio):
    page(studio)
    dock = studio.window.findChild(object, "dock.layers")
    studio.focus_canvas()
    QTest.keyClick(studio.canvas, Qt.Key.Key_Tab)
    assert dock.isHidden()
    assert not studio.window.toolbox.isVisible()
    studio.run("view.panels")
    assert not dock.isHidden()
    assert studio.window.toolbox.isVisible()


def test_the_layout_comes_back_at_the_next_start(studio, qtbot, person):
    page(studio)
    studio.window.resize(1000, 700)
    studio.window.findChild(object, "dock.info").setFloating(True)
    text = studio.window.docks.layout_text()
    settings = Settings()
    settings.set("window_layout", text)
    other = person.Studio(settings)
    other.begin(qtbot)
    page(other)
    assert other.window.findChild(object, "dock.info").isFloating()
    other.run("view.reset_layout")
    assert not other.window.findChild(object, "dock.info").isFloating()
    other.close()


def test_a_damaged_layout_is_ignored(studio, qtbot, person):
    settings = Settings()
    settings.set("window_layout", "rubbish:rubbish:!")
    other = person.Studio(settings)
    other.begin(qtbot)
    assert other.window.isVisible()
    other.close()


@pytest.mark.parametrize("size", [(1280, 720), (640, 360)])
def test_every_tool_can_be_reached_in_a_small_window(studio, size):
    page(studio)
    studio.window.setMinimumSize(100, 100)
    studio.window.resize(*size)
    studio.wait(lambda: studio.window.height() <= max(size[1], 480))
    box = studio.window.toolbox
    for tool_id, tool in studio.context.tools.tools.items():
        button = box.findChild(object, f"toolbox.{tool_id}")
        assert button.isVisible() == ("pixels" in tool.works_on), tool_id
        assert button.isHidden() or box.rect().contains(button.geometry()), tool_id


def test_tool_buttons_take_tools_in_hand_and_explain_themselves(studio):
    page(studio)
    button = studio.window.findChild(object, "toolbox.eraser")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert studio.context.tools.current.id == "eraser"
    assert button.isChecked()
    assert "E" in button.toolTip()
    assert button.width() == 32


def test_the_options_bar_follows_the_tool_and_its_keys(studio):
    page(studio)
    studio.tool("brush")
    before = studio.window.options.form.value().size
    studio.run("brush.larger")
    assert studio.window.options.form.value().size > before


def test_the_status_line_tells_position_colour_and_zoom(studio):
    page(studio)
    studio.canvas.pointer_moved.emit(10.5, 20.5)
    assert studio.window.findChild(object, "status.position").text() == "10, 20"
    assert studio.window.findChild(object, "status.colour").text().startswith("200 200 200")
    studio.run("view.actual")
    assert studio.window.status.zoom.text() == "100 %"
    assert "80" in studio.window.findChild(object, "status.size").text()


def drop(studio, path, at, modifiers=Qt.KeyboardModifier.NoModifier):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place = QPointF(at.mapTo(studio.window, at.rect().center()))
    actions = Qt.DropAction.CopyAction
    event = QDropEvent(place, actions, data, Qt.MouseButton.LeftButton, modifiers)
    studio.context.window._dropping.eventFilter(studio.window, event)


def test_a_file_dropped_on_the_picture_becomes_a_layer_elsewhere_it_opens(studio, tmp_path):
    import cv2

    path = tmp_path / "drop.png"
    cv2.imwrite(str(path), np.full((10, 10, 3), 90, np.uint8))
    page(studio)
    drop(studio, path, studio.canvas)
    studio.wait(lambda: len(studio.document.layers) == 2)
    drop(studio, path, studio.window.menuBar())
    studio.wait(lambda: len(studio.program.documents.all) == 2)
    studio.program.documents.show(studio.program.documents.all[0])
    studio.program.documents.close(studio.program.documents.all[1])
    drop(studio, path, studio.canvas, Qt.KeyboardModifier.ShiftModifier)
    studio.wait(lambda: len(studio.program.documents.all) == 2)


def test_an_expected_error_is_told_in_full_and_has_no_trace(studio):
    studio.context.error.emit(UserError("The file is not a picture", "It is a poem", "Choose a photo"))
    notice = studio.window.notice
    assert notice.isVisible()
    assert notice.findChild(object, "notice.what").text() == "The file is not a picture"
    why = notice.findChild(object, "notice.why").text()
    assert "It is a poem" in why
    assert "Choose a photo" in why
    QTest.mouseClick(notice.findChild(object, "notice.close"), Qt.MouseButton.LeftButton)
    assert not notice.isVisible()


def test_an_unexpected_error_keeps_its_trace_for_a_report():
    error = ZeroDivisionError("by nought")
    assert explained(error).what == "Something went wrong"
    assert "by nought" in details(error)


def test_memory_trouble_is_told_as_such():
    assert "memory" in explained(MemoryError()).what


def test_an_uncaught_error_is_shown_and_the_documents_stay(studio, caplog, monkeypatch):
    from imgstudio.app.errors import install_exception_hook

    caplog.expected = True
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    install_exception_hook(studio.context.error.emit)
    document = page(studio)
    error = RuntimeError("boom")
    sys.excepthook(RuntimeError, error, None)
    assert studio.errors == [error]
    assert studio.window.notice.isVisible()
    assert studio.document is document
    assert "boom" in caplog.text


def test_preferences_show_every_setting_and_hold_at_once(studio):
    studio.run("edit.preferences")
    dialog = studio.window.findChild(object, "preferences")
    for section in SECTIONS:
        form = dialog.findChild(object, f"preferences.{section.title.lower()}")
        assert set(form.editors) == {param.name for param in section.params()}
    form = dialog.findChild(object, "preferences.appearance")
    form.editors["theme"].buttons.chosen.emit(1)
    assert studio.settings.theme == "light"
    dialog.close()


def test_keys_can_be_searched_and_changed_in_the_preferences(studio):
    studio.window.open_preferences("Keys")
    dialog = studio.window.findChild(object, "preferences")
    keys = dialog.findChild(object, "preferences.keys")
    keys.search.setText("deselect")
    assert keys.tree.topLevelItem(0).isHidden()
    keys.select("select.deselect")
    keys.keys.setKeySequence("Ctrl+J")
    assert "Duplicate" in keys.conflict.text()
    QTest.mouseClick(keys.findChild(object, "keys.assign"), Qt.MouseButton.LeftButton)
    assert studio.program.actions.keys.text("select.deselect") == "Ctrl+J"
    assert studio.program.actions.keys.text("layer.duplicate") == ""
    dialog.close()


def test_escape_stops_the_running_job(studio):
    from imgstudio.core.jobs import Cancelled

    class Forever:
        title = "For ever"

        def run(self, progress):
            import time

            while True:
                time.sleep(0.005)
                progress.update(0.1)

    page(studio)
    handle = studio.program.jobs.start(Forever())
    stopped = []
    handle.cancelled.connect(lambda: stopped.append(Cancelled))
    QTest.keyClick(studio.canvas, Qt.Key.Key_Escape)
    studio.wait(lambda: stopped)


def test_a_real_window_opens_with_the_plugins_of_pyside_after_opencv_was_imported():
    code = (
        "import cv2, os; os.environ['QT_QPA_PLATFORM_PLUGIN_PATH'] = '/nonexistent';"
        "from imgstudio.app.__main__ import make_application, Studio;"
        "from imgstudio.core.settings import Settings; s = Settings(); a = make_application(s);"
        "w = Studio(s); w.window.show(); a.processEvents(); w.close(); os._exit(0 if w.window.isVisible() else 3)"
    )
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_the_program_ends_cleanly_with_a_copied_picture_in_the_clipboard():
    code = (
        "import numpy as np; from imgstudio.app.__main__ import make_application, Studio;"
        "from imgstudio.core.settings import Settings; s = Settings(); a = make_application(s); w = Studio(s);"
        "w.context.clipboard.put(np.full((4, 5, 4), 9, np.uint8), (0, 0)); w.close();"
        "left = a.clipboard().image(); assert (left.width(), left.height()) == (5, 4)"
    )
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_a_photo_is_masked_filtered_undone_and_exported(studio, tmp_path):
    from imgstudio.core import imagefile

    pixels = np.full((64, 96, 4), 120, np.uint8)
    pixels[..., 3] = 255
    document = studio.show_pixels(pixels)
    studio.brush([(20, 20), (40, 20)], radius=8)
    assert not document.selection.is_empty
    outside = document.selection.read(document.bounds) == 0
    studio.run_filter("levels", black=60, strength=0.8)
    assert len(document.layers) == 2
    after = studio.pixels()
    np.testing.assert_array_equal(after[outside], pixels[outside])
    assert (after[20, 30, :3] < 120).all()
    studio.undo()
    np.testing.assert_array_equal(studio.pixels(), pixels)
    studio.redo()
    studio.export(tmp_path / "out.png")
    np.testing.assert_array_equal(imagefile.read(tmp_path / "out.png").pixels, after)


class Breaks:
    """A job that fails as it is told to."""

    title = "Breaking"

    def __init__(self, error):
        self.error = error

    def run(self, progress):
        raise self.error


def test_a_failed_job_is_told_once_in_the_strip_and_in_full_when_asked(studio):
    page(studio)
    error = UserError("It broke", "because", "Mend it")
    handle = studio.program.jobs.start(Breaks(error))
    studio.wait(lambda: handle.is_finished)
    strip = studio.window.status.jobs
    assert strip.text == "Breaking: It broke"
    assert not studio.errors
    studio.click("jobs.what_happened")
    assert studio.errors == [error]


def test_a_failure_that_its_owner_tells_is_not_told_by_the_strip(studio):
    page(studio)
    handle = studio.program.jobs.start(Breaks(UserError("It snapped", "", "")))
    handle.is_told_elsewhere = True
    studio.wait(lambda: handle.is_finished)
    assert "snapped" not in studio.window.status.jobs.text


def test_the_tiles_get_their_pictures_after_the_first_frame(studio, qtbot):
    started = []
    studio.program.jobs.started.connect(started.append)
    welcome = WelcomePage(studio.context)
    qtbot.addWidget(welcome)
    welcome.show()
    assert not started
    studio.wait(lambda: started)
    studio.settle()
    studio.program.jobs.started.disconnect(started.append)
    welcome.hide()
