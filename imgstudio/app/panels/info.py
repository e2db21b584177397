"""Facts about the picture: size, depth, profile, file, selection."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.core.document import Document
from imgstudio.core.imageformats import icc


class InfoPanel(QWidget):
    """Names on the left, facts on the right; facts can be marked and copied."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document: Document | None = None
        self._empty = QLabel(tr("Facts about the picture appear here."))
        self._empty.setProperty("role", "dim")
        self._empty.setWordWrap(True)
        self._rows: dict[str, tuple[QLabel, QLabel]] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.addWidget(self._empty)
        column.addLayout(self._grid)
        column.addStretch(1)
        self._later = QTimer(self, singleShot=True, interval=100)
        self._later.timeout.connect(self._show)
        context.documents.current_changed.connect(self._on_current)
        context.documents.changed.connect(self._later.start)
        self._on_current(context.documents.current)

    def _on_current(self, document: Document | None) -> None:
        if self._document is not None:
            self._document.selection_changed.disconnect(self._on_selection, missing_ok=True)
        self._document = document
        if document is not None:
            document.selection_changed.connect(self._on_selection)
        self._show()

    def _on_selection(self) -> None:
        self._later.start()

    def _show(self) -> None:
        document = self._context.documents.current
        told = facts(document) if document is not None else {}
        self._empty.setVisible(not told)
        for name in [*told, *self._rows]:
            label, value = self._rows.get(name) or self._row(name)
            label.setVisible(name in told)
            value.setVisible(name in told)
            value.setText(told.get(name, ""))

    def _row(self, name: str) -> tuple[QLabel, QLabel]:
        label, value = QLabel(tr(name)), QLabel()
        label.setProperty("role", "dim")
        value.setWordWrap(True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, row, 1)
        self._rows[name] = (label, value)
        return label, value


def facts(document: Document) -> dict[str, str]:
    """What there is to say about a document, in order."""
    width, height = document.bounds.width, document.bounds.height
    count = sum(not layer.is_group for layer in document.layers.all())
    told = {
        "Size": f"{width} × {height} px",  # noqa: RUF001
        "Pixels": f"{width * height / 1e6:.1f} megapixels",
        "Depth": f"{document.dtype.itemsize * 8} bit per channel",
        "Profile": icc.name(document.metadata.icc) or "none (shown as sRGB)",
        "Layers": str(count),
    }
    if not document.selection.is_empty:
        box = document.selection.bounds()
        told["Selection"] = f"{box.width} × {box.height} px at {box.x}, {box.y}"  # noqa: RUF001
    if document.path is not None:
        # Zero-width spaces let a long path break at its slashes.
        told["File"] = str(document.path).replace("/", "/\u200b")
    if document.warnings:
        told["Notes"] = " ".join(document.warnings)
    return told
