"""The editor of a file: drop one on it, browse, or choose one of the presets that the parameter has."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QToolButton, QWidget

from imgstudio.app import icons
from imgstudio.app.forms.editor import Editor
from imgstudio.app.forms.preset_gallery import PresetGallery
from imgstudio.app.forms.thumbnail import file_thumbnail
from imgstudio.app.theme import current_tokens
from imgstudio.core.params import Param

DROP_HEIGHT: Final = 64
PICTURE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")


class DropTarget(QWidget):
    """A dashed box that takes one file; a click browses."""

    def __init__(self, owner: FileEditor) -> None:
        super().__init__(owner)
        self._owner = owner
        self._hovered = False
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(DROP_HEIGHT)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._owner.fits(_dropped_path(event)):
            self._hovered = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._hovered = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._hovered = False
        path = _dropped_path(event)
        if path is not None and self._owner.fits(path):
            self._owner.take(path)
            event.acceptProposedAction()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._owner.choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._owner.choose()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._owner.clear_by_person()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self._hovered or self.hasFocus()
        edge = self.palette().highlight().color() if lit else self.palette().mid().color()
        painter.setPen(QPen(edge, 1, Qt.PenStyle.SolidLine if self._owner.value() else Qt.PenStyle.DashLine))
        painter.setBrush(self.palette().base())
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        self._paint_content(painter)

    def _paint_content(self, painter: QPainter) -> None:
        inner = self.rect().adjusted(8, 8, -8, -8)
        path, picture = self._owner.value(), self._owner.thumbnail
        if path is None:
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, self._owner.invitation())
            return
        if picture is not None:
            box = QRect(inner.x(), inner.y(), inner.height(), inner.height())
            size = picture.deviceIndependentSize().toSize()
            painter.drawPixmap(
                box.center().x() - size.width() // 2, box.center().y() - size.height() // 2, picture
            )
            inner.setLeft(box.right() + 8)
        inner.setRight(inner.right() - 52)
        metrics = painter.fontMetrics()
        preset = self._owner.param.preset(path)
        label = preset.label.replace(" · ", "\n") if preset else path.name
        name = "\n".join(
            metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, inner.width())
            for line in label.splitlines()
        )
        is_there = preset is not None or path.exists()
        painter.setPen(self.palette().text().color() if is_there else QColor(current_tokens().bad))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, name if is_there else f"{name}\nnot found")


class FileEditor(Editor):
    """A path, or none."""

    is_wide = True

    def __init__(self, param: Param, *, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(param, compact=compact, parent=parent)
        self._value: Path | None = None
        self.thumbnail: QPixmap | None = None
        self.target = DropTarget(self)
        self.target.setObjectName(f"{param.name}.target")
        if compact:
            self.target.setFixedSize(160, 28)
        self.row.addWidget(self.target, 1)
        self.gallery: PresetGallery | None = None
        self.gallery_button = self._button(
            "view-grid-outline", "Choose what comes with imgstudio", self.choose
        )
        self.gallery_button.setObjectName(f"{param.name}.gallery")
        self.gallery_button.setVisible(bool(param.presets))
        self.browse_button = self._button("folder-open-outline", "Browse for a file", self.browse)
        self.browse_button.setObjectName(f"{param.name}.browse")
        self.browse_button.setVisible(not param.presets)
        self.clear_button = self._button("close", "Use no file", self.clear_by_person)
        self.clear_button.setObjectName(f"{param.name}.clear")
        buttons = QHBoxLayout(self.target)
        buttons.setContentsMargins(0, 2, 4, 2)
        buttons.setSpacing(0)
        buttons.addStretch(1)
        for button in (self.gallery_button, self.browse_button, self.clear_button):
            buttons.addWidget(button)
        self.setFocusProxy(self.target)
        self.set_value(param.default)

    def value(self) -> Path | None:
        return self._value

    def set_value(self, value: Any) -> None:
        empty = value is None or str(value) in ("", ".")
        self._value = None if empty else Path(value)
        preset = self.param.preset(self._value)
        shown = self._value if preset is None else preset.thumbnail
        self.thumbnail = file_thumbnail(shown, DROP_HEIGHT - 16) if shown else None
        told = str(self._value) if preset is None else preset.label
        self.target.setToolTip(told if self._value else self.param.help)
        self.clear_button.setVisible(self._value is not None)
        self.target.update()

    def fits(self, path: Path | None) -> bool:
        """Whether a dropped file has a suffix that the parameter takes."""
        suffixes = self.param.suffixes
        return path is not None and (not suffixes or path.suffix.lower() in suffixes)

    def invitation(self) -> str:
        if self.param.none_means:
            return f"{self.param.none_means}, or drop a picture"
        kinds = " or ".join(suffix.lstrip(".").upper() for suffix in self.param.suffixes)
        if self.param.presets:
            return "Choose, or drop a picture here"
        return f"Drop a {kinds} file here" if kinds else "Drop a picture here"

    def take(self, path: Path) -> None:
        """Use a file that a person gave."""
        self.set_value(path)
        self.edited.emit()

    def clear_by_person(self) -> None:
        if self._value is not None:
            self.set_value(None)
            self.edited.emit()

    def choose(self) -> None:
        """Show the presets if there are any, else browse."""
        if not self.param.presets:
            self.browse()
            return
        self.gallery = PresetGallery(self.param.presets, self.param.preset(self._value), self)
        self.gallery.chosen.connect(self._on_selected)
        self.gallery.browse_wanted.connect(self.browse)
        self.gallery.open_below(self.target)

    def browse(self) -> None:
        suffixes = self.param.suffixes or PICTURE_SUFFIXES
        patterns = " ".join(f"*{suffix}" for suffix in suffixes)
        is_file = self._value is not None and self.param.preset(self._value) is None
        start = str(self._value.parent) if is_file and self._value else ""
        dialog = QFileDialog(self.window(), self.param.label, start, f"{self.param.label} ({patterns})")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._on_selected)
        dialog.open()

    def _on_selected(self, name: str) -> None:
        self.take(Path(name))

    def _button(self, icon: str, tip: str, run: Any) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icons.icon(icon, "dim"))
        button.setToolTip(tip)
        button.setAutoRaise(True)
        button.setFixedSize(24, 24)
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.clicked.connect(run)
        return button


def _dropped_path(event: QDropEvent) -> Path | None:
    urls = event.mimeData().urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
