"""How failures are told: what, why, what to do, details folded; and the hook for the unexpected."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.sign import Sign
from imgstudio.core.errors import UserError

logger = logging.getLogger(__name__)


def explained(error: BaseException) -> UserError:
    """Any error in the user's words; the unexpected ones keep their details elsewhere."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, MemoryError):
        return UserError(
            tr("There was not enough memory"),
            tr("The picture and what was asked for need more than is free."),
            tr("Close other documents or programs and try again."),
        )
    return UserError(
        tr("Something went wrong"),
        tr("The program met an error that it did not expect. Your pictures are still open."),
        tr("Save your work. Copy the details if you want to report it."),
    )


def details(error: BaseException) -> str:
    """The trace for a report; nothing for an expected error."""
    if isinstance(error, UserError):
        return ""
    return "".join(traceback.format_exception(error)).strip()


def install_exception_hook(show: Callable[[Exception], None]) -> None:
    """Log what nobody caught and show it; the program and its documents live on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        logger.error("Unexpected error", exc_info=(kind, error, trace))
        try:
            show(error)
        except Exception:  # showing must never make it worse: what failed before is in the log
            logger.exception("The error could not be shown")

    sys.excepthook = hook


class NoticeBar(QFrame):
    """A bar above the picture that says what failed; it stays until it is closed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setProperty("role", "notice")
        self._sign, self._what, self._why = Sign("alert-circle-outline", 18, "bad"), QLabel(), QLabel()
        self._what.setObjectName("notice.what")
        self._why.setObjectName("notice.why")
        self._what.setStyleSheet("font-weight: 600;")
        for label in (self._what, self._why):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._fold = QPushButton(tr("Details"))
        self._fold.setCheckable(True)
        self._copy = QPushButton(tr("Copy"))
        self._close = QToolButton()
        self._close.setObjectName("notice.close")
        self._close.setIcon(icon("close"))
        self._close.setToolTip(tr("Close this message"))
        self._trace = QPlainTextEdit()
        self._trace.setReadOnly(True)
        self._trace.setMaximumHeight(140)
        self._arrange()
        self._fold.toggled.connect(self._on_folded)
        self._copy.clicked.connect(self._on_copy)
        self._close.clicked.connect(self.hide)
        self.hide()

    def tell(self, error: BaseException) -> None:
        """Show an error; it replaces the one before."""
        told = explained(error)
        self._what.setText(told.what)
        self._why.setText(" ".join(part for part in (told.why, told.what_to_do) if part))
        self._why.setVisible(bool(self._why.text()))
        trace = details(error)
        self._trace.setPlainText(trace)
        self._fold.setChecked(False)
        self._fold.setVisible(bool(trace))
        self._copy.setVisible(bool(trace))
        self._trace.hide()
        self.show()

    def _arrange(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._what)
        words.addWidget(self._why)
        row = QHBoxLayout()
        row.setSpacing(8)
        top = Qt.AlignmentFlag.AlignTop
        row.addWidget(self._sign, 0, top)
        row.addLayout(words, 1)
        for button in (self._fold, self._copy, self._close):
            row.addWidget(button, 0, top)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 8, 8, 8)
        whole.setSpacing(8)
        whole.addLayout(row)
        whole.addWidget(self._trace)

    def _on_folded(self, open_: bool) -> None:
        self._trace.setVisible(open_)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._what.text()}\n\n{self._trace.toPlainText()}")
