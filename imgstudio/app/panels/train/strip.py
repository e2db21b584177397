"""Fixed validation pictures as the network sees them: what goes in, what comes out, what should, at any checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QSlider, QToolButton, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.controllers.training import Training
from imgstudio.app.forms.thumbnail import file_thumbnail
from imgstudio.app.i18n import tr
from imgstudio.app.theme import current_tokens
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import PreviewFiles

GAP: Final = 8
EDGE: Final = 12
LINE: Final = 16
TOP: Final = LINE + 4
LARGEST: Final = 1024
"""Pixels of a picture that is kept in memory."""
LEAST_WIDTH: Final = 96
GOOD_WIDTH: Final = 240
"""From here on two rows stand side by side rather than below each other."""
MOST_WIDTH: Final = 320
"""Screen pixels of one picture of a row."""


class Strip(QWidget):
    """Follows the newest preview unless a person slid to another step."""

    step_chosen = Signal(int)
    """A person slid to this step."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watch = training.watch
        self.setObjectName("train.strip")
        self.steps: list[int] = []
        self._follows = True
        self._rows = _Rows()
        scroll = QScrollArea()
        scroll.setWidget(self._rows)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._empty = QLabel(tr("The first pictures appear as soon as the network is made."))
        self._empty.setProperty("role", "dim")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._line = QWidget()
        self._line.setLayout(self._slider_line())
        column.addWidget(self._line)
        column.addWidget(scroll, 1)
        column.addWidget(self._empty, 1)
        self._scroll = scroll
        self._watch.opened.connect(self._on_opened)
        self._watch.previews_changed.connect(self._on_previews)
        self._on_previews([])

    @property
    def step(self) -> int | None:
        """The step whose pictures are shown."""
        return self.steps[self.slider.value()] if self.steps else None

    def show_step(self, step: int) -> None:
        """Slide to the preview that is nearest to a step."""
        if self.steps:
            nearest = min(range(len(self.steps)), key=lambda index: abs(self.steps[index] - step))
            self.slider.setValue(nearest)

    def _slider_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setContentsMargins(EDGE, GAP, EDGE, GAP)
        line.setSpacing(GAP)
        self._label = QLabel()
        self._label.setObjectName("train.strip.label")
        self._label.setMinimumWidth(112)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("train.strip.slider")
        self.slider.setPageStep(1)
        self.slider.valueChanged.connect(self._on_slid)
        self._latest = QToolButton()
        self._latest.setObjectName("train.strip.latest")
        self._latest.setIcon(icons.icon("skip-next"))
        self._latest.setToolTip(tr("Follow the newest"))
        self._latest.clicked.connect(self._follow)
        line.addWidget(self._label)
        line.addWidget(self.slider, 1)
        line.addWidget(self._latest)
        return line

    def _on_opened(self, run: RunFolder | None) -> None:
        self._follows = True
        self._rows.forget()
        self._on_previews([])

    def _on_previews(self, steps: list[int]) -> None:
        shown = self.step
        self.steps = steps
        self.slider.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.slider.setRange(0, max(0, len(steps) - 1))
        if steps:
            index = len(steps) - 1 if self._follows or shown not in steps else steps.index(shown)
            self.slider.setValue(index)
        self.slider.blockSignals(False)  # noqa: FBT003
        self.slider.setEnabled(len(steps) > 1)
        self._scroll.setVisible(bool(steps))
        self._line.setVisible(bool(steps))
        self._empty.setVisible(not steps)
        self._show()

    def _on_slid(self, index: int) -> None:
        self._follows = index == len(self.steps) - 1
        self._show()
        if self.step is not None:
            self.step_chosen.emit(self.step)

    def _follow(self) -> None:
        self._follows = True
        self.slider.setValue(self.slider.maximum())
        self._show()

    def _show(self) -> None:
        step = self.step
        self._latest.setEnabled(not self._follows)
        if step is None or self._watch.run is None:
            self._label.setText("")
            return
        self._label.setText(tr("Start") if step == 0 else tr("Step {step:,}").format(step=step))
        self._rows.show_files(self._watch.run.preview(step))


class _Rows(QWidget):
    """One row a picture: input, output, truth; a press on the output shows the input in its place."""

    def __init__(self) -> None:
        super().__init__()
        self._files: list[PreviewFiles] = []
        self._pictures: dict[Path, tuple[float, QPixmap]] = {}
        self._pressed = -1
        self.setToolTip(tr("Press on a result to see what went in"))

    def forget(self) -> None:
        self._files, self._pictures = [], {}
        self.update()

    def show_files(self, files: list[PreviewFiles]) -> None:
        self._files = files
        kept = {path for row in files for path in (row.input, row.truth)}
        self._pictures = {path: made for path, made in self._pictures.items() if path in kept}
        self._fit()
        self.update()

    def resizeEvent(self, event: object) -> None:
        self._fit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for index, row in enumerate(self._places()):
            if row[1].contains(event.position().toPoint()):
                self._pressed = index
                self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = -1
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), current_tokens()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        titles = [tr("Input"), tr("Output"), tr("Truth")]
        for index, (row, places) in enumerate(zip(self._files, self._places(), strict=True)):
            output = row.input if index == self._pressed else row.output
            for column, path in enumerate((row.input, output, row.truth)):
                if path is not None:
                    painter.drawPixmap(places[column], self._picture(path))
                if places[column].y() == TOP and path is not None:
                    painter.setPen(QColor(look.dim))
                    painter.drawText(places[column].x(), places[column].y() - 4, titles[column])
            painter.setPen(QColor(look.dim))
            left, right = places[0].left(), places[1 if row.truth is None else 2].right()
            name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideMiddle, right - left)
            painter.drawText(left, places[0].bottom() + LINE - 1, name)

    def _places(self) -> list[list[QRect]]:
        """Of each row its three pictures, in widget pixels."""
        columns = 3 if any(row.truth is not None for row in self._files) else 2
        whole = self.width() - EDGE
        abreast = max(1, min(len(self._files), whole // (columns * (GOOD_WIDTH + GAP) + EDGE)))
        room = (whole // abreast - EDGE - (columns - 1) * GAP) // columns
        width = min(MOST_WIDTH, max(LEAST_WIDTH, room))
        stride = columns * (width + GAP) - GAP + EDGE
        top, places = TOP, []
        for first in range(0, len(self._files), abreast):
            sizes = [self._picture(row.input).size() for row in self._files[first : first + abreast]]
            heights = [round(width * size.height() / max(1, size.width())) for size in sizes]
            for index, height in enumerate(heights):
                left = EDGE + index * stride
                places.append([QRect(left + i * (width + GAP), top, width, height) for i in range(3)])
            top += max(heights) + LINE + GAP
        return places

    def _fit(self) -> None:
        places = self._places()
        self.setMinimumHeight(max((row[0].bottom() for row in places), default=-LINE - GAP) + LINE + GAP)

    def _picture(self, path: Path) -> QPixmap:
        try:
            stamp = path.stat().st_mtime
        except OSError:
            return QPixmap(1, 1)
        known = self._pictures.get(path)
        if known is None or known[0] != stamp:
            known = (stamp, file_thumbnail(path, LARGEST) or QPixmap(1, 1))
            self._pictures[path] = known
        return known[1]
