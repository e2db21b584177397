"""The colours of the Colorize page: the one in hand, those that are likely under the pointer, and palettes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from imgstudio.app.canvas.tools.base import Rgb
from imgstudio.app.controllers.colorize_sight import COUNT, Likely
from imgstudio.app.forms.colour_editor import Swatch
from imgstudio.app.i18n import tr
from imgstudio.app.panels.colorize_palettes import PaletteBox
from imgstudio.app.panels.colorize_swatches import SwatchGrid
from imgstudio.core.colour_text import code_of, colour_of

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

LIKELY_HELP: Final = (
    "<b>Likely here</b>&nbsp;&nbsp;1 to 6<br>Colours that things like the one under the pointer often have. "
    "They follow a pointer that rests on the picture and stay while it moves on, so that you can come and click one; "
    "hold Ctrl to keep them, or press 1 to 6 and paint on without coming here."
)
CODE_HELP: Final = "Hex such as #c08060, or red, green and blue such as 192 128 96"


class ColourBox(QWidget):
    """Shows what is painted with and tells what a person chooses."""

    chosen = Signal(object)
    """A colour (red, green, blue)."""

    def __init__(self, context: AppContext, label_width: int, parent: QWidget | None = None) -> None:
        """`label_width` stands the fields in one column with those of the form below."""
        super().__init__(parent)
        self.setObjectName("colorize.colours")
        self._colour: Rgb = (0, 0, 0)
        self._label_width = label_width
        self.swatch = Swatch(self)
        self.swatch.setObjectName("colorize.swatch")
        self.swatch.setAccessibleName(tr("Choose a colour"))
        self.swatch.setToolTip(
            tr(
                "<b>Colour</b><br>What is painted with. Click to choose it; Alt-click in the picture picks it there."
            )
        )
        self.swatch.clicked.connect(self._ask)
        self.code = QLineEdit(self)
        self.code.setObjectName("colorize.code")
        self.code.setAccessibleName(tr("Code of the colour"))
        self.code.setToolTip(tr(CODE_HELP))
        self.code.editingFinished.connect(self._on_code)
        self.likely = SwatchGrid(columns=COUNT, numbered=True, parent=self)
        self.likely.setObjectName("colorize.likely")
        self.likely.setAccessibleName(tr("Likely here"))
        self.likely.setToolTip(tr(LIKELY_HELP))
        self.likely.chosen.connect(self.chosen)
        self.palettes = PaletteBox(context, self)
        self.palettes.chosen.connect(self.chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._line(tr("Colour"), self.swatch, self.code))
        column.addLayout(self._line(tr("Likely here"), self.likely, tip=tr(LIKELY_HELP)))
        column.addWidget(self.palettes)

    def show_colour(self, colour: Rgb) -> None:
        """What is painted with now."""
        self._colour = colour
        self.swatch.set_colour(QColor(*colour))
        self.code.setText(code_of(colour))
        self.palettes.show_used(colour)

    def show_likely(self, found: Sequence[Likely]) -> None:
        """Colours at the place of the pointer, the likeliest first."""
        tips = [tr("About {share:.0%} of things like this; key {key}") for _ in found]
        said = [
            tip.format(share=one.share, key=index)
            for index, (tip, one) in enumerate(zip(tips, found, strict=True), 1)
        ]
        self.likely.show_colours([one.colour for one in found], said)

    def _line(self, name: str, *parts: QWidget, tip: str = "") -> QHBoxLayout:
        label = QLabel(name, self)
        label.setProperty("role", "dim")
        label.setFixedWidth(self._label_width)
        label.setToolTip(tip)
        label.setBuddy(parts[0])
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(label)
        for part in parts:
            line.addWidget(part, 0 if part is self.swatch else 1)
        return line

    def _on_code(self) -> None:
        colour = colour_of(self.code.text())
        if colour is not None and colour != self._colour:
            self.chosen.emit(colour)
        self.code.setText(code_of(self._colour))

    def _ask(self) -> None:
        dialog = QColorDialog(QColor(*self._colour), self.window())
        dialog.setWindowTitle(tr("Colour"))
        dialog.colorSelected.connect(lambda to: self.chosen.emit((to.red(), to.green(), to.blue())))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
