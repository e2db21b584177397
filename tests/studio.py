"""A window used as a person uses it: mouse on the canvas, actions, files. Checks the document every time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDoubleSpinBox, QWidget

from imgstudio.app.__main__ import Studio as Program
from imgstudio.app.theme import apply_theme
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.imagefile import ExportOptions
from imgstudio.core.settings import SECTIONS, Settings


class Answers:
    """Stands in for the dialogs: says what it was told to say, and remembers what it was asked."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.asked = []
        self.form_answer = None
        self.open_answer = []
        self.save_answer = None
        self.unsaved_answer = "cancel"
        self.export_answer = None
        self.folder_answer = None

    def form(self, title, params, *, note="", accept=""):
        self.asked.append(title)
        return self.form_answer(params) if callable(self.form_answer) else self.form_answer

    def files_to_open(self, title, folder):
        self.asked.append(title)
        return self.open_answer

    def file_to_save(self, title, suggestion, kind):
        self.asked.append(title)
        return self.save_answer

    def unsaved(self, names):
        self.asked.append(tuple(names))
        return self.unsaved_answer

    def folder(self, title, start):
        self.asked.append(title)
        return self.folder_answer

    def export(self, document, again):
        self.asked.append("export")
        return self.export_answer

    def show(self, page):
        self.asked.append(page)


class Studio:
    """Everything a person can do, in words."""

    def __init__(self, settings: Settings | None = None):
        self.bot: Any = None
        self.settings = settings or Settings()
        apply_theme(QApplication.instance(), self.settings)
        self.program = Program(self.settings)
        self.answers = self.program.context.ask = Answers()
        self.errors = []
        self.program.context.error.connect(self.errors.append)
        self.window = self.program.window
        self.canvas = self.window.canvas

    def begin(self, qtbot) -> None:
        """Show the window to work with it."""
        self.bot = qtbot
        self.window.resize(1280, 800)
        self.window.show()
        qtbot.waitExposed(self.window)

    def end(self) -> None:
        """Put everything away, so that the window is as new."""
        for handle in list(self.program.jobs.handles):
            handle.cancel()
        self.wait(lambda: not self.program.jobs.handles)
        if self.context.labelling is not None:
            self.context.labelling.close()
            self.window.workspaces.show("edit")
        for document in list(self.program.documents.all):
            self.program.documents.close(document)
        self.program.recovery.close()
        self.context.filter_panel.close_filter()
        self.context.filter_panel.blend.set_on(False)
        self.context.tools.activate("move")
        self.context.tool_state.options.update({t.id: t.options_type() for t in self._tools_with_options()})
        self.context.tool_state.foreground = (0, 0, 0)
        self.context.tool_state.background = (255, 255, 255)
        self.context.tool_state.erasing = False
        if self.window.panels_hidden:
            self.window.toggle_panels()
        remembered = ("custom_keys", "recent_files", "recent_projects", "window_layout")
        colours = ("colour_palettes", "colour_palette", "hint_colour")
        for name in [*self._settings_names(), *remembered, *colours]:
            self.settings.reset(name)
        self.answers.reset()
        self.errors.clear()
        self.window.notice.hide()
        self.window.hide()

    def _tools_with_options(self):
        return [tool for tool in self.context.tools.tools.values() if tool.options_type is not None]

    def _settings_names(self):
        return [param.name for section in SECTIONS for param in section.params()]

    @property
    def context(self):
        return self.program.context

    @property
    def document(self) -> Document:
        document = self.program.documents.current
        assert document is not None, "no document is open"
        return document

    def pixels(self):
        """(height, width, 4) as the document looks."""
        return flatten(self.document)

    def open(self, path: Path) -> Document:
        """Open a file and wait for it."""
        before = len(self.program.documents.all)
        self.program.documents.open_paths([path])
        self.wait(lambda: len(self.program.documents.all) > before or self.errors)
        assert not self.errors, self.errors[-1]
        self.check()
        return self.document

    def show_pixels(self, pixels) -> Document:
        """Show a document made of (height, width, 4) pixels."""
        document = Document.from_pixels(pixels)
        self.program.documents.add(document)
        self.check()
        return document

    def run(self, action_id: str) -> None:
        """Choose an action from a menu or by its key."""
        self.program.actions.run(action_id)
        self.check()

    def focus_canvas(self) -> None:
        """Click on the picture, as far as the keyboard is concerned."""
        other = QWidget()  # the offscreen platform activates a window again only after another one
        other.show()
        other.activateWindow()
        self.wait(other.isActiveWindow)
        self.window.activateWindow()
        self.wait(self.window.isActiveWindow)
        other.close()
        self.canvas.setFocus()
        self.wait(lambda: self.window.isActiveWindow() and self.canvas.hasFocus())

    def tool(self, tool_id: str) -> None:
        self.context.tools.activate(tool_id)

    def part(self, name: str, within: QWidget | None = None) -> Any:
        """A part of the window by its object name."""
        found = (within or self.window).findChild(QWidget, name)
        assert found is not None, name
        return found

    def click(self, target: QWidget | str, at: QPoint | None = None) -> None:
        """Click on a part of the window."""
        widget = self.part(target) if isinstance(target, str) else target
        self.wait(lambda: widget.isVisible() and widget.isEnabled())
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or widget.rect().center())
        self.check()

    def press_key(self, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key over the picture."""
        self.focus_canvas()
        QTest.keyClick(self.canvas, key, held)
        self.settle()

    def type_number(self, editor: QWidget, text: str) -> None:
        """Type a number into the field of an editor."""
        field = editor.findChild(QDoubleSpinBox)
        assert field is not None, editor.objectName()
        field.selectAll()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)

    def drag(
        self,
        points,
        *,
        on: QWidget | None = None,
        button: Qt.MouseButton = Qt.MouseButton.LeftButton,
        held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        """Drag the mouse through points of the document, or of another widget."""
        widget = on or self.canvas
        places = [self.on_screen(*point) if on is None else QPoint(*point) for point in points]
        QTest.mouseMove(widget, places[0])
        QTest.mousePress(widget, button, held, places[0])
        for before, place in pairwise(places):
            for step in range(1, 5):
                send_move(widget, before + (place - before) * step / 4, button, held)
        QTest.mouseRelease(widget, button, held, places[-1])
        self.check()

    def brush(self, points, *, radius: float | None = None, tool: str = "mask_brush") -> None:
        """Drag a tool with the mouse through points of the document."""
        self.tool(tool)
        if radius is not None:
            options = self.context.tool_state.options[tool]
            self.context.tool_state.options[tool] = type(options)(
                **{**{n: getattr(options, n) for n in options.__dataclass_fields__}, "size": 2.0 * radius}
            )
        places = [self.on_screen(*point) for point in points]
        QTest.mouseMove(self.canvas, places[0])
        QTest.mousePress(self.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[0])
        for place in places[1:]:
            QTest.mouseMove(self.canvas, place)
        QTest.mouseRelease(self.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[-1])
        self.check()

    def on_screen(self, x: float, y: float) -> QPoint:
        """Where a document position is on the canvas widget."""
        at = self.canvas.view.to_screen(x, y)
        ratio = self.canvas.devicePixelRatioF()
        return QPoint(round(at.x / ratio), round(at.y / ratio))

    def run_filter(self, filter_id: str, **params) -> None:
        """Open the filter's panel, set parameters and the strength, apply, and wait for the result."""
        finish = {n: 100.0 * params.pop(n) for n in ("strength", "detail") if n in params}
        before = self.document.history.state
        self.run(f"filter.{filter_id}")
        page = self.context.filter_panel.page
        page.form.set_value(replace(page.form.value(), **params))
        page.params_changed.emit(page.form.value())
        page.finish.set_value(replace(page.finish.value(), **finish))
        page.finish_changed.emit(page.finish.value().finish)
        page.apply.click()
        self.wait(lambda: self.document.history.state != before or self.errors, seconds=120)
        assert not self.errors, self.errors[-1]
        self.settle()

    def train(self):
        """Go to the Train workspace; returns its page."""
        self.click(self.window.workspaces.switch.button(2))
        return self.part("train.page")

    def label(self):
        """Go to the Label workspace; returns its session."""
        self.click(self.window.workspaces.switch.button(1))
        return self.context.labelling

    def drop_folder(self, target: str, folder: Path) -> None:
        """Drag a folder out of the file manager onto a part of the window."""
        widget, data = self.part(target), QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(folder))])
        place, buttons, held = QPoint(8, 8), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        copy = Qt.DropAction.CopyAction
        QCoreApplication.sendEvent(widget, QDragEnterEvent(place, copy, data, buttons, held))
        QCoreApplication.sendEvent(widget, QDropEvent(QPointF(place), copy, data, buttons, held))

    def undo(self) -> None:
        self.run("edit.undo")

    def redo(self) -> None:
        self.run("edit.redo")

    def export(self, path: Path, options: ExportOptions | None = None) -> None:
        self.answers.export_answer = (path, options or ExportOptions())
        self.run("file.export")
        self.settle()

    def save(self, path: Path) -> None:
        self.answers.save_answer = path
        self.run("file.save_as")
        self.settle()

    def settle(self) -> None:
        """Wait until no job is left."""
        self.wait(lambda: not self.program.jobs.handles)
        self.check()

    def wait(self, condition, seconds: float = 20.0) -> None:
        self.bot.waitUntil(lambda: bool(condition()), timeout=round(seconds * 1000))

    def check(self) -> None:
        """What must always hold, whatever was done."""
        assert set(self.program.documents.all) >= {d for d in [self.program.documents.current] if d}
        assert set(self.program.documents.all) >= set(self.program.documents.guests)
        for document in self.program.documents.all:
            check_document(document)

    def close(self) -> None:
        for document in list(self.program.documents.all):
            self.program.documents.close(document)
        self.program.close()
        self.window.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def send_move(widget: QWidget, at: QPoint, button: Qt.MouseButton, held: Qt.KeyboardModifier) -> None:
    """Move the mouse with a button and keys down; QTest.mouseMove knows neither."""
    place = QPointF(at)
    event = QMouseEvent(
        QEvent.Type.MouseMove, place, QPointF(widget.mapToGlobal(at)), Qt.MouseButton.NoButton, button, held
    )
    QCoreApplication.sendEvent(widget, event)


def check_document(document: Document) -> None:
    """The invariants of a document."""
    layers = list(document.layers.all())
    assert (document.bounds.x, document.bounds.y) == (0, 0)
    assert document.bounds.width > 0
    assert document.bounds.height > 0
    assert len({layer.id for layer in layers}) == len(layers)
    assert document.active is None or document.active in layers
    assert document.selection.store.channels == 1
    assert document.selection.store.dtype == np.uint8
    assert document.selection.bounds().intersect(document.bounds) == document.selection.bounds()
    for layer in layers:
        assert layer.pixels.channels == 4
        assert layer.pixels.dtype == document.dtype or layer.is_group
        assert 0.0 <= layer.opacity <= 1.0
        if layer.mask is not None:
            assert layer.mask.channels == 1
    history = document.history
    assert 0 <= history.position <= len(history.labels)
    assert history.cost >= 0
    corner = flatten(document, Rect(0, 0, 1, 1))
    assert corner.dtype == document.dtype
