"""The line at the bottom: position, colour, size, memory, device, zoom and the jobs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QFont, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle
from imgstudio.app.panels.jobs_strip import JobsStrip
from imgstudio.core.document import Document
from imgstudio.core.jobs import Progress

HEIGHT: Final = 28
MEMORY_MS: Final = 2000
ZOOMS: Final = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True, slots=True)
class DeviceJob:
    """Finds the name of what filters compute on; only once torch is loaded, because it would load it."""

    title: str = "Looking for the device"
    quiet: bool = True

    def run(self, progress: Progress) -> str:
        from imgstudio.engine.device import device_report

        report = device_report()
        progress.update(1.0)
        return str(report["cuda"][0]["name"]) if report["cuda"] else str(report["device"]).upper()


class StatusLine(QWidget):
    """What is under the pointer and what the program does."""

    def __init__(self, context: AppContext, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._canvas = context, canvas
        self._found_device, self._asked_device = "", False
        self.setProperty("role", "status")
        self.setFixedHeight(HEIGHT)
        self._position, self._colour = self._label("status.position", 96), self._label("status.colour", 132)
        self._swatch, self._size = QLabel(), self._label("status.size", 0)
        self._swatch.setFixedSize(12, 12)
        self._memory, self._device = self._label("status.memory", 0), self._label("status.device", 0)
        self._memory.setToolTip(tr("Memory held by the pixels and undo steps of all open pictures"))
        self._device.setToolTip(tr("What filters compute on (Preferences > Performance)"))
        self._hint = self._label("status.hint", 0)
        self.zoom = QToolButton()
        self.zoom.setObjectName("status.zoom")
        self.zoom.setToolTip(tr("Zoom"))
        self.zoom.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.zoom.setMenu(self._zoom_menu())
        self.jobs = JobsStrip(context)
        self._arrange()
        self._connect()
        self._show_document()

    def hint(self, text: str) -> None:
        """A short word of the tool in hand."""
        self._hint.setText(text)

    def add(self, part: QWidget) -> None:
        """Something more, beside the hint."""
        self._row.insertWidget(self._row.indexOf(self._hint) + 1, part)

    def _label(self, name: str, width: int) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        font = label.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        label.setFont(font)
        label.setProperty("role", "dim")
        label.setMinimumWidth(width)
        return label

    def _arrange(self) -> None:
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 8, 0)
        row.setSpacing(8)
        for part in (self._position, self._swatch, self._colour, self._hint):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self.jobs, 2)
        self._facts = [_line(), self._size, _line(), self._memory, _line(), self._device, _line(), self.zoom]
        for fact in self._facts:
            row.addWidget(fact)

    def _connect(self) -> None:
        self._canvas.pointer_moved.connect(self._on_pointer)
        self._canvas.zoom_changed.connect(self._on_zoom)
        self._context.documents.current_changed.connect(self._show_document)
        self._context.documents.changed.connect(self._show_document)
        self._context.settings.changed.connect(self._on_setting)
        self._context.jobs.ended.connect(self._on_job_ended)
        tick = QTimer(self, interval=MEMORY_MS)
        tick.timeout.connect(self._show_memory)
        tick.start()

    def _zoom_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction(tr("Fit"), self._canvas.fit)
        menu.addSeparator()
        for zoom in ZOOMS:
            menu.addAction(percent(zoom)).setData(zoom)
        menu.triggered.connect(lambda action: self._zoom_to(action.data()))
        return menu

    def _zoom_to(self, zoom: float | None) -> None:
        if zoom is not None:
            self._canvas.zoom_to(zoom)

    def _on_pointer(self, x: float, y: float) -> None:
        document = self._context.documents.current
        if document is None or not document.bounds.contains(x, y):
            self._position.setText("")
            self._colour.setText("")
            self._swatch.clear()
            return
        self._position.setText(f"{int(x)}, {int(y)}")
        red, green, blue, alpha = self._canvas.renderer.colour_at(int(x), int(y))
        transparency = "" if alpha >= 255 else f" · {alpha / 255:.0%}"
        self._colour.setText(f"{red} {green} {blue}{transparency}")
        square = QPixmap(12, 12)
        square.fill(QColor(red, green, blue))
        self._swatch.setPixmap(square)

    def _on_zoom(self, zoom: float) -> None:
        self.zoom.setText(percent(zoom))

    def _show_document(self, document: Document | None = None) -> None:
        shown = self._context.documents.current
        for part in self._facts:
            part.setVisible(shown is not None)
        if shown is None:
            self._on_pointer(-1, -1)
            self.hint("")
            return
        depth = shown.dtype.itemsize * 8
        self._size.setText(f"{shown.bounds.width} × {shown.bounds.height} · {depth} bit")  # noqa: RUF001
        self._on_zoom(self._canvas.view.zoom)
        self._on_setting("device")
        self._show_memory()

    def _show_memory(self) -> None:
        held = sum(memory_of(document) for document in self._context.documents.all)
        self._memory.setText(f"{held / (1 << 20):,.0f} MB")

    def _on_setting(self, name: str) -> None:
        if name == "device":
            chosen = self._context.settings.device
            automatic = self._found_device or tr("Automatic")
            self._device.setText(automatic if chosen == "auto" else chosen.upper())

    def _on_job_ended(self, handle: JobHandle) -> None:
        if handle.lane == "compute" and not self._asked_device and "torch" in sys.modules:
            self._asked_device = True
            self._context.jobs.start(DeviceJob(), "io").succeeded.connect(self._on_device)

    def _on_device(self, name: str) -> None:
        self._found_device = name
        self._on_setting("device")


def memory_of(document: Document) -> int:
    """Bytes of the pixels and the undo steps of a document."""
    layers = sum(
        layer.pixels.nbytes + (layer.mask.nbytes if layer.mask is not None else 0)
        for layer in document.layers.all()
    )
    labels = document.labels
    held = 0 if labels is None else labels.store.nbytes + labels.objects.nbytes
    return layers + held + document.history.cost


def percent(zoom: float) -> str:
    value = zoom * 100
    return f"{value:.0f} %" if value >= 10 else f"{value:.1f} %"


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "vertical line")
    line.setFixedHeight(14)
    return line
