"""The palettes of the Colorize page: one is shown; colours come into it and go, palettes are made and named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from PySide6.QtCore import QPoint, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.canvas.tools.base import Rgb
from imgstudio.app.controllers.colorize_palettes import MOST, Palettes
from imgstudio.app.forms.editors import QuietCombo
from imgstudio.app.i18n import tr
from imgstudio.app.panels.colorize_swatches import SwatchGrid
from imgstudio.core.params import Ui

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


@dataclass(frozen=True, slots=True)
class PaletteName:
    """What a palette is called."""

    name: Annotated[str, Ui(help="No two palettes have one name.")] = ""


class PaletteBox(QWidget):
    """Shows the palette of the settings, and changes it there."""

    chosen = Signal(object)
    """A colour (red, green, blue)."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self.palettes = context, Palettes(context.settings)
        self._colour: Rgb = (0, 0, 0)
        self.names = QuietCombo(self)
        self.names.setObjectName("colorize.palette")
        self.names.setAccessibleName(tr("Palette"))
        self.names.activated.connect(lambda index: self.palettes.show(self.names.itemText(index)))
        self.add = self._button(
            "plus", tr("<b>Add</b><br>Put the current colour into this palette."), self._on_add
        )
        self.add.setObjectName("colorize.palette_add")
        self.more = self._button(
            "dots-vertical", tr("<b>Palettes</b><br>Make, rename or remove one."), self._on_more
        )
        self.more.setObjectName("colorize.palette_menu")
        self.grid = SwatchGrid(parent=self)
        self.grid.setObjectName("colorize.palette_colours")
        self.grid.setAccessibleName(tr("Colours of the palette"))
        self.grid.chosen.connect(self.chosen)
        self.grid.remove_wanted.connect(self.palettes.remove)
        self.grid.menu_wanted.connect(lambda index, at: self.colour_menu(index).popup(at))
        line = QHBoxLayout()
        line.setSpacing(2)
        for part, stretch in ((self.names, 1), (self.add, 0), (self.more, 0)):
            line.addWidget(part, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(line)
        column.addWidget(self.grid)
        context.settings.changed.connect(self._on_setting)
        self.destroyed.connect(self._forget)
        self._show()

    def show_used(self, colour: Rgb) -> None:
        """Mark the colour that is painted with."""
        self._colour = colour
        self.grid.show_used(colour)

    def colour_menu(self, index: int) -> QMenu:
        """What can be done with a colour."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(
            icons.icon("close"), tr("Remove from the palette"), lambda: self.palettes.remove(index)
        )
        return menu

    def palette_menu(self) -> QMenu:
        """What can be done with palettes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icons.icon("plus"), tr("New palette…"), self._on_new)
        menu.addAction(tr("Copy of this palette…"), self._on_copy)
        rename = menu.addAction(tr("Rename…"), self._on_rename)
        rename.setEnabled(self.palettes.is_own)
        menu.addSeparator()
        if self.palettes.is_own:
            menu.addAction(icons.icon("close"), tr("Remove this palette"), self.palettes.drop)
        else:
            back = menu.addAction(icons.icon("restore"), tr("Back to how it came"), self.palettes.drop)
            back.setEnabled(self.palettes.is_changed)
        return menu

    def _button(self, icon: str, tip: str, run: object) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icons.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(24, 24)
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition("</b>")[0].removeprefix("<b>"))
        button.clicked.connect(run)
        return button

    def _show(self) -> None:
        with QSignalBlocker(self.names):
            self.names.clear()
            self.names.addItems(list(self.palettes.names))
            self.names.setCurrentText(self.palettes.current)
        self.grid.show_colours(self.palettes.colours)
        self.add.setEnabled(len(self.palettes.colours) < MOST)

    def _on_add(self) -> None:
        if not self.palettes.add(self._colour):
            self._context.message.emit(tr("This colour is in the palette already"))

    def _on_more(self) -> None:
        self.palette_menu().popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def _on_new(self) -> None:
        made = self._asked(tr("New palette"), "", tr("Make"))
        if made is not None:
            self.palettes.make(made, (self._colour,))

    def _on_copy(self) -> None:
        made = self._asked(tr("Copy of a palette"), self.palettes.current, tr("Copy"))
        if made is not None:
            self.palettes.make(made, self.palettes.colours)

    def _on_rename(self) -> None:
        made = self._asked(tr("Rename the palette"), self.palettes.current, tr("Rename"))
        if made is not None:
            self.palettes.rename(made)

    def _asked(self, title: str, name: str, accept: str) -> str | None:
        answer = self._context.ask.form(title, PaletteName(name), accept=accept)
        return None if answer is None else answer.name

    def _on_setting(self, name: str) -> None:
        if name in ("colour_palettes", "colour_palette"):
            self._show()

    def _forget(self) -> None:
        self._context.settings.changed.disconnect(self._on_setting)
