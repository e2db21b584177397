"""One family of icons (Material Design, through qtawesome), painted in the colours of the theme."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Final, Literal

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

from imgstudio.app.theme import Tokens, current_tokens

Role = Literal["text", "dim", "accent", "on_accent", "good", "warn", "bad"]
FAMILY: Final = "mdi6"
TEXT_ALPHA: Final = 0.85


def icon(name: str, role: Role = "text") -> QIcon:
    """The icon `name` ("brush" or "mdi6.brush"); accent when it is checked. Follows the theme by itself.

    Raises KeyError when the family has no such icon.
    """
    return QIcon(_Glyph(_character(name), role))


class _Glyph(QIconEngine):
    """Paints one character of the icon font; asks the theme for the colour each time."""

    def __init__(self, character: str, role: Role) -> None:
        super().__init__()
        self._character, self._role = character, role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        painter.setPen(_colour(current_tokens(), self._role, mode, state))
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        font = QFont(_family())
        font.setPixelSize(max(1, round(min(rect.width(), rect.height()))))
        font.setStyleStrategy(QFont.StyleStrategy.NoFontMerging)
        painter.setFont(font)
        painter.drawText(QRectF(rect), Qt.AlignmentFlag.AlignCenter, self._character)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        if made.isNull():  # of a button that has no room yet
            return made
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return made

    def clone(self) -> QIconEngine:
        return _Glyph(self._character, self._role)


def _character(name: str) -> str:
    return chr(int(_codes()[name.removeprefix(f"{FAMILY}.")], 16))


def _fonts(pattern: str) -> Path:
    # Only its files are needed: importing qtawesome itself would cost half of the start of the program.
    spec = importlib.util.find_spec("qtawesome")
    assert spec is not None
    assert spec.origin is not None
    return next((Path(spec.origin).parent / "fonts").glob(pattern))


@cache
def _codes() -> dict[str, str]:
    """Icon name -> code point in hexadecimal."""
    found: dict[str, str] = json.loads(_fonts("materialdesignicons6-*.json").read_text(encoding="utf-8"))
    return found


@cache
def _family() -> str:
    """The icon font's family, made known to Qt the first time."""
    number = QFontDatabase.addApplicationFont(str(_fonts("materialdesignicons6-*.ttf")))
    return QFontDatabase.applicationFontFamilies(number)[0]


def _colour(look: Tokens, role: Role, mode: QIcon.Mode, state: QIcon.State) -> QColor:
    if mode is QIcon.Mode.Disabled:
        return QColor(look.off)
    if role == "text" and state is QIcon.State.On:
        return QColor(look.accent)
    colour = QColor(getattr(look, role))
    if role == "text":
        colour.setAlphaF(TEXT_ALPHA)
    return colour
