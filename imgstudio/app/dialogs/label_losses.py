"""What an export loses, sentence by sentence, with a button where an option avoids it."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from imgstudio.app.i18n import tr
from imgstudio.app.sign import Sign
from imgstudio.core.labelformats.losses import Loss

HEIGHT: Final = 176
_QUIET: Final = frozenset({"keys", "states", "values", "turned", "files", "flags", "notes"})
"""Losses that cost no label."""


class LossList(QScrollArea):
    """Emits `change_wanted` with a loss that a person wants to avoid."""

    change_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.losses")
        self.setFixedHeight(HEIGHT)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.told: tuple[Loss, ...] = ()

    def show_waiting(self) -> None:
        self._show([_sentence(tr("Looking at the labels…"))])

    def show_problem(self, text: str) -> None:
        self.told = ()
        self._show([_line("alert-circle-outline", "bad", text, "")])

    def show_losses(self, losses: tuple[Loss, ...]) -> None:
        self.told = losses
        if not losses:
            text = tr("Nothing is lost: this format says all that the labels say.")
            self._show([_line("check-circle-outline", "good", text, "")])
            return
        self._show([self._row(loss) for loss in losses])

    def _row(self, loss: Loss) -> QWidget:
        is_quiet = loss.kind in _QUIET
        row = _line(
            "information-outline" if is_quiet else "alert-outline",
            "dim" if is_quiet else "warn",
            loss.what,
            "" if loss.change else loss.what_to_do,
        )
        row.setObjectName(f"label.loss.{loss.kind}")
        if loss.change:
            button = QPushButton(tr("Use {what}").format(what=_named(loss.change[0])))
            button.setObjectName(f"label.loss.{loss.kind}.avoid")
            button.setAutoDefault(False)
            button.clicked.connect(partial(self.change_wanted.emit, loss))
            layout = row.layout()
            assert isinstance(layout, QHBoxLayout)
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _show(self, rows: list[QWidget]) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(8)
        for row in rows:
            column.addWidget(row)
        column.addStretch(1)
        self.setWidget(inner)


def _named(change: tuple[str, Any]) -> str:
    name, value = change
    if name == "tolerance":
        return tr("exact outlines")
    return str(value).upper() if value == "rle" else tr(f"{value}s")


def _line(glyph: str, role: Any, text: str, more: str) -> QWidget:
    row = QWidget()
    across, words = QHBoxLayout(row), QVBoxLayout()
    across.setContentsMargins(0, 0, 0, 0)
    across.setSpacing(8)
    across.addWidget(Sign(glyph, 16, role), 0, Qt.AlignmentFlag.AlignTop)
    words.setSpacing(0)
    words.addWidget(_sentence(text, dim=False))
    if more:
        words.addWidget(_sentence(more))
    across.addLayout(words, 1)
    return row


def _sentence(text: str, *, dim: bool = True) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if dim:
        label.setProperty("role", "dim")
    return label
