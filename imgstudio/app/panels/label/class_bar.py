"""The bar above the picture: the classes as chips, and how labels are laid over it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget

from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.forms.number_slider import NumberSlider
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.panels.label.class_chip import ClassChip
from imgstudio.app.panels.label.sideways import Sideways
from imgstudio.core.labels import BACKGROUND, LabelClass, class_colour

HEIGHT: Final = 37
SLIDER_WIDTH: Final = 84
STYLES: Final = (
    ("tint", "layers", "Tint: the colour of its class over each place"),
    ("outline", "vector-square", "Outline: only the edges of regions"),
    ("hidden", "eye-off-outline", "Hidden: the bare picture (H shows it while it is held)"),
)


class ClassBar(QWidget):
    """Follows the session: the chip of the class that is painted is marked."""

    def __init__(self, session: LabelSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.class_bar")
        self.setProperty("role", "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._session = session
        self.look = session.look
        self._group = QButtonGroup(self)
        self._scroll = Sideways()
        self._styles: dict[str, QToolButton] = {}
        self._unsure = QToolButton(self)
        self.opacity = NumberSlider(self)
        self._arrange()
        session.classes_changed.connect(self._rebuild)
        session.rules_changed.connect(self._mark)
        self.look.changed.connect(self._show_look)
        self._rebuild()
        self._show_look()

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 12, 1)  # the line below belongs to the bar
        row.setSpacing(2)
        row.addWidget(self._scroll, 1)
        line = QFrame()
        line.setProperty("role", "vertical line")
        line.setFixedHeight(18)
        row.addSpacing(4)
        row.addWidget(line)
        row.addSpacing(4)
        styles = QButtonGroup(self)
        for style, glyph, tip in STYLES:
            button = self._styles[style] = QToolButton()
            button.setObjectName(f"label.look.{style}")
            button.setIcon(icon(glyph))
            button.setCheckable(True)
            button.setFixedSize(28, 28)
            button.setToolTip(tr(tip))
            button.setAccessibleName(tr(tip))
            button.clicked.connect(partial(self._on_style, style))
            styles.addButton(button)
            row.addWidget(button)
        row.addSpacing(4)
        self._unsure.setObjectName("label.look.unsure")
        self._unsure.setIcon(icon("map-marker-question-outline"))
        self._unsure.setCheckable(True)
        self._unsure.setFixedSize(28, 28)
        self._unsure.setToolTip(tr("Unsure: show where the model is not sure"))
        self._unsure.setAccessibleName(tr("Show where the model is not sure"))
        self._unsure.clicked.connect(lambda checked: self.look.set(unsure=checked))
        row.addWidget(self._unsure)
        self.opacity.setObjectName("label.look.opacity")
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(SLIDER_WIDTH)
        self.opacity.setToolTip(tr("<b>Opacity of the labels</b>&nbsp;&nbsp;Alt and the wheel"))
        self.opacity.setAccessibleName(tr("Opacity of the labels"))
        self.opacity.valueChanged.connect(lambda value: self.look.set(opacity=value / 100))
        row.addSpacing(6)
        row.addWidget(self.opacity)

    def _rebuild(self) -> None:
        for button in self._group.buttons():
            self._group.removeButton(button)
        inner, row = QWidget(), QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        inner.setLayout(row)
        background = LabelClass(BACKGROUND, tr("Background"), class_colour(BACKGROUND), "0")
        for known in (background, *self._session.classes):
            chip = ClassChip(known.value, known.name, QColor(*known.colour), known.key)
            chip.clicked.connect(partial(self._on_chip, known.value))
            self._group.addButton(chip)
            row.addWidget(chip)
        row.addStretch(1)
        self._scroll.setWidget(inner)
        self._mark()

    def _mark(self) -> None:
        for chip in self._group.buttons():
            if isinstance(chip, ClassChip) and chip.value == self._session.rules.value:
                chip.setChecked(True)
                # Its place is known only after the layout.
                QTimer.singleShot(0, chip, partial(self._scroll.ensureWidgetVisible, chip, 24, 0))

    def _show_look(self) -> None:
        self._styles[self.look.look.style].setChecked(True)
        self._unsure.setChecked(self.look.look.unsure)
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(100 * self.look.look.opacity))
        self.opacity.setEnabled(self.look.look.style != "hidden")

    def _on_chip(self, value: int, *_: object) -> None:
        self._session.set_rules(replace(self._session.rules, value=value))

    def _on_style(self, style: str, *_: object) -> None:
        self.look.set(style=style)
