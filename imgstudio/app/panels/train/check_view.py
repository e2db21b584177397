"""What the check of the data found: how they are split, what is wrong, which classes there are."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.controllers.training import Training
from imgstudio.app.i18n import tr
from imgstudio.app.sign import Sign
from imgstudio.app.theme import current_tokens
from imgstudio.learn.dataset.report import ClassShare, DatasetReport, Finding, Severity

BAR_HEIGHT: Final = 6
ROW_HEIGHT: Final = 20
SWATCH: Final = 10
ICON: Final = 16
MOST_FILES: Final = 12
"""Named in a tooltip."""
MOST_CLASSES: Final = 24
GLYPHS: Final[dict[Severity, tuple[str, icons.Role]]] = {
    "error": ("close-circle-outline", "bad"),
    "warning": ("alert-outline", "warn"),
    "note": ("information-outline", "dim"),
}


class CheckView(QWidget):
    """Shows the report of the draft, or how far the check is, or why it could not be made."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = training.draft
        self.setObjectName("train.check")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 4, 0, 4)
        self._column.setSpacing(8)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._shown: DatasetReport | None = None
        self._draft.changed.connect(self._show)
        self._draft.checked.connect(self._show)
        self._draft.checking.connect(self._on_progress)
        self._show()

    @property
    def sentences(self) -> list[str]:
        """Everything that can be read here."""
        return [label.text() for label in self.findChildren(QLabel) if label.isVisibleTo(self)]

    def _show(self) -> None:
        draft = self._draft
        if draft.report is not None and draft.report is self._shown:
            return
        self._shown = draft.report
        self._clear()
        if draft.report is not None:
            self._show_report(draft.report)
        elif draft.problem is not None:
            problem = draft.problem
            what_to_do = " ".join(filter(None, (problem.why, problem.what_to_do)))
            self._column.addWidget(_FindingRow(Finding("error", problem.what, what_to_do)))
        elif draft.folder is not None:
            self._bar.setValue(0)
            self._bar.setVisible(True)
            self._column.addWidget(self._bar)
            self._column.addWidget(_label(tr("Looking at the pictures …"), "small"))
        self.setVisible(self._column.count() > 0)

    def _show_report(self, report: DatasetReport) -> None:
        train, valid = len(report.split.train), len(report.split.valid)
        if train + valid:
            summary = tr("{train} pictures to learn from, {valid} to judge by")
            self._column.addWidget(_label(summary.format(train=train, valid=valid)))
            self._column.addWidget(_SplitBar(train, valid))
            if report.split.by:
                self._column.addWidget(_label(report.split.by, "small"))
        order: list[Severity] = ["error", "warning", "note"]
        for finding in sorted(report.findings, key=lambda finding: order.index(finding.severity)):
            self._column.addWidget(_FindingRow(finding))
        if report.classes:
            self._column.addWidget(_ClassList(report.classes[:MOST_CLASSES]))

    def _on_progress(self, fraction: float, message: str) -> None:
        self._bar.setValue(round(1000 * fraction))

    def _clear(self) -> None:
        self._bar.setParent(None)
        while self._column.count():
            item = self._column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None and widget is not self._bar:
                widget.hide()
                widget.deleteLater()


class _SplitBar(QWidget):
    """How many pictures learn (accent) and how many judge (grey)."""

    def __init__(self, train: int, valid: int) -> None:
        super().__init__()
        self._share = train / max(1, train + valid)
        self.setFixedHeight(BAR_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), current_tokens()
        left = round(self.width() * self._share)
        painter.fillRect(0, 0, left, self.height(), QColor(look.accent))
        painter.fillRect(left + 2, 0, self.width() - left - 2, self.height(), QColor(look.dim))


class _FindingRow(QWidget):
    """An icon, what was found, and what can be done about it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        name, role = GLYPHS[finding.severity]
        mark = Sign(name, ICON, role)
        mark.setAccessibleName(finding.severity)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(_label(finding.what))
        if finding.what_to_do:
            texts.addWidget(_label(finding.what_to_do, "small"))
        if finding.files:
            texts.addWidget(_label(_file_names(finding.files, 2), "small"))
            self.setToolTip(_file_names(finding.files, MOST_FILES, "\n"))
        row.addLayout(texts, 1)


class _ClassList(QWidget):
    """Swatch, name, share of the pixels as a bar and as a number."""

    def __init__(self, classes: tuple[ClassShare, ...]) -> None:
        super().__init__()
        self._classes = classes
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(ROW_HEIGHT * len(classes))
        lines = [tr("{name}: in {count} pictures").format(name=c.name, count=c.pictures) for c in classes]
        self.setToolTip("\n".join(lines))

    def sizeHint(self) -> QSize:
        return QSize(220, ROW_HEIGHT * len(self._classes))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), current_tokens()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        number = painter.fontMetrics().horizontalAdvance("100.0 %") + 4
        name_width = min(110, max(60, (self.width() - number) // 2))
        most = max(known.share for known in self._classes) or 1.0
        for index, known in enumerate(self._classes):
            top = index * ROW_HEIGHT
            middle = top + ROW_HEIGHT / 2
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(*known.colour))
            painter.drawRoundedRect(QRectF(0, middle - SWATCH / 2, SWATCH, SWATCH), 2, 2)
            painter.setPen(QColor(look.text))
            name = painter.fontMetrics().elidedText(
                known.name, Qt.TextElideMode.ElideRight, name_width - SWATCH - 8
            )
            line = QRectF(SWATCH + 8, top, name_width, ROW_HEIGHT)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
            room = self.width() - name_width - SWATCH - 12 - number
            width = max(1.0, room * known.share / most) if known.share else 0.0
            painter.fillRect(QRectF(name_width + SWATCH + 8, middle - 2, width, 4), QColor(look.dim))
            painter.setPen(QColor(look.dim))
            share = QRectF(self.width() - number, top, number, ROW_HEIGHT)
            painter.drawText(
                share, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{known.share:.1%}"
            )


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label


def _file_names(files: tuple[str, ...], most: int, between: str = ", ") -> str:
    more = len(files) - most
    shown = between.join(name.replace("\n", " ") for name in files[:most])
    return shown + (between + tr("and {count} more").format(count=more) if more > 0 else "")
