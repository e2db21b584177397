"""Colours of curves, legible in both themes, and which compared run has which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QApplication

from imgstudio.app.theme import DARK, Tokens, current_tokens

DARK_SERIES: Final = (
    "#5aa9f0",
    "#e8a33d",
    "#62bd7f",
    "#e07bb5",
    "#a58bec",
    "#45bdb8",
    "#e5766b",
    "#d6cf5c",
    "#c08f6d",
    "#9ccb4f",
    "#b9b9b9",
)
LIGHT_SERIES: Final = (
    "#1f6fc4",
    "#b86e00",
    "#2e8549",
    "#b83c86",
    "#6c4fc9",
    "#0b7f7a",
    "#c0433a",
    "#857800",
    "#86572f",
    "#5a7d12",
    "#5c5c5c",
)
TRAINING: Final = 0
VALIDATION: Final = 1
FIRST_OF_RUNS: Final = 2
SWATCH: Final = 16


@dataclass(frozen=True, slots=True)
class Ink:
    """How a curve is drawn, without its colour being fixed before the theme is known."""

    colour: int | str
    """Number of a series, or the name of a token."""
    width: float = 1.5
    alpha: float = 1.0
    is_dashed: bool = False
    dots: float = 0.0
    """Diameter of a dot at every point; 0: none."""

    @property
    def qcolor(self) -> QColor:
        """In the theme of now."""
        colour = QColor(series(current_tokens(), self.colour))
        colour.setAlphaF(self.alpha)
        return colour


def series(look: Tokens, colour: int | str) -> str:
    """A series' or a token's colour as "#rrggbb"."""
    if isinstance(colour, str):
        return str(getattr(look, colour))
    chosen = DARK_SERIES if look == DARK else LIGHT_SERIES
    return chosen[colour % len(chosen)]


def swatch(ink: Ink, *, is_on: bool = True) -> QIcon:
    """A short piece of the curve, for legends; only an outline where the curve is hidden."""
    ratio = QApplication.primaryScreen().devicePixelRatio()
    made = QPixmap(QSize(SWATCH, SWATCH) * ratio)
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    box = QRectF(3.5, 3.5, 9, 9)
    colour = QColor(ink.qcolor)
    colour.setAlphaF(max(ink.alpha, 0.6) if is_on else 0.5)
    painter.setPen(QPen(colour, 1))
    painter.setBrush(colour if is_on else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, 2, 2)
    painter.end()
    return QIcon(made)


class RunColours(QObject):
    """Guards: a run keeps its colour as long as it is compared, and no two share one before all are taken."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers: dict[Path, int] = {}

    @classmethod
    def of(cls, owner: QObject) -> RunColours:
        """The one of a Training, which all its views share."""
        found = next((child for child in owner.children() if isinstance(child, cls)), None)
        return found if found is not None else cls(owner)

    def keep(self, runs: Iterable[Path]) -> None:
        """These runs are compared now."""
        wanted = list(runs)
        self._numbers = {path: number for path, number in self._numbers.items() if path in wanted}
        for path in wanted:
            self._numbers.setdefault(path, self._free())

    def number(self, run: Path) -> int | None:
        """The series of a run; None while it is not compared."""
        return self._numbers.get(run)

    def _free(self) -> int:
        taken = list(self._numbers.values())
        return min(range(FIRST_OF_RUNS, len(DARK_SERIES)), key=taken.count)
