"""The buttons over the plan, and the line below them that says what is drawn."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from imgstudio.app import icons
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.plan_edits import LAYOUTS
from imgstudio.app.panels.train.plan_paint import hatch
from imgstudio.app.theme import SMALL_POINTS, current_tokens, interface_font

BUTTON: Final = 28
ICON: Final = 18
SAMPLE: Final = 18
"""Pixels of a piece of a curve in the legend."""


class PlanTools(QWidget):
    """Guards: what cannot be done now is disabled."""

    undo = Signal()
    propose = Signal()
    duplicate = Signal()
    remove = Signal()
    shift = Signal(int)
    """The chosen phase by one place."""
    add = Signal(str)
    """A layout's id: after the chosen phase."""
    lay_out = Signal(str)
    """A layout's id: instead of all phases."""
    log_toggled = Signal(bool)
    load = Signal()
    save = Signal()

    def __init__(self) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        title = QLabel(tr("Plan"))
        title.setProperty("role", "title")
        self.summary = QLabel()
        self.summary.setObjectName("train.plan.summary")
        self.summary.setProperty("role", "dim")
        self.summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        line.addWidget(title)
        line.addSpacing(8)
        line.addWidget(self.summary, 1)
        self.proposed = QPushButton(tr("Proposed plan"))
        self.proposed.setObjectName("train.plan.propose")
        self.proposed.setToolTip(tr("Back to the plan that fits the data and the time"))
        self.proposed.clicked.connect(self.propose)
        line.addWidget(self.proposed)
        self._undo = self._button("undo", "undo-variant", "Take the last change of the plan back")
        self._undo.clicked.connect(self.undo)
        self._add = self._button("add", "plus", "Add phases")
        self._add.setMenu(self._add_menu())
        self._add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._duplicate = self._button("duplicate", "content-copy", "Duplicate the chosen phase")
        self._duplicate.clicked.connect(self.duplicate)
        self._remove = self._button("remove", "trash-can-outline", "Remove the chosen phase (Del)")
        self._remove.clicked.connect(self.remove)
        self.log = self._button("log", "math-log", "Show rates by ratio: each line is a tenth")
        self.log.setCheckable(True)
        self.log.toggled.connect(self.log_toggled)
        self._more = self._button("more", "dots-vertical", "Load and save")
        self._more.setMenu(self._file_menu())
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        for button in (self._undo, self._add, self._duplicate, self._remove, self.log, self._more):
            line.addWidget(button)

    def show_state(self, *, can_edit: bool, can_undo: bool, is_own: bool, count: int) -> None:
        """`count` phases; `is_own`: it is not the proposed plan."""
        self._undo.setEnabled(can_edit and can_undo)
        self.proposed.setVisible(can_edit and is_own)
        self._add.setEnabled(can_edit)
        self._duplicate.setEnabled(can_edit)
        self._remove.setEnabled(can_edit and count > 1)
        self._load.setEnabled(can_edit)

    def phase_menu(self, index: int, count: int) -> QMenu:
        """What can be done to the chosen phase, for the right button."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icons.icon("content-copy"), tr("Duplicate"), self.duplicate.emit)
        menu.addAction(icons.icon("trash-can-outline"), tr("Remove"), self.remove.emit).setEnabled(count > 1)
        menu.addSeparator()
        before = menu.addAction(
            icons.icon("arrow-left"), tr("Move to the left"), partial(self.shift.emit, -1)
        )
        before.setEnabled(index > 0)
        after = menu.addAction(
            icons.icon("arrow-right"), tr("Move to the right"), partial(self.shift.emit, 1)
        )
        after.setEnabled(index + 1 < count)
        menu.addSeparator()
        self._fill(menu.addMenu(tr("Add after it")), self.add)
        return menu

    def _add_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName("train.plan.add.menu")
        menu.addAction(tr("After the chosen phase")).setEnabled(False)
        self._fill(menu, self.add)
        menu.addSeparator()
        self._fill(menu.addMenu(tr("Instead of all phases")), self.lay_out)
        return menu

    def _fill(self, menu: QMenu, chosen: object) -> None:
        menu.setToolTipsVisible(True)
        for layout in LAYOUTS:
            action = menu.addAction(tr(layout.name))
            action.setObjectName(f"{'add' if chosen is self.add else 'lay_out'}.{layout.id}")
            action.setToolTip(tr(layout.help))
            tell = self.add.emit if chosen is self.add else self.lay_out.emit
            action.triggered.connect(partial(tell, layout.id))

    def _file_menu(self) -> QMenu:
        menu = QMenu(self)
        self._load = menu.addAction(icons.icon("folder-open-outline"), tr("Load a plan…"), self.load.emit)
        menu.addAction(icons.icon("content-save-outline"), tr("Save the plan…"), self.save.emit)
        return menu

    def _button(self, name: str, glyph: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"train.plan.{name}")
        button.setIcon(icons.icon(glyph))
        button.setIconSize(QSize(ICON, ICON))
        button.setFixedSize(BUTTON, BUTTON)
        button.setToolTip(tr(tip))
        button.setAccessibleName(tr(tip))
        return button


class PlanLegend(QWidget):
    """A piece of each kind of mark with its name."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(16)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._has_layers = False

    def set_layers(self, has_layers: bool) -> None:
        self._has_layers = has_layers
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), current_tokens()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(interface_font(SMALL_POINTS))
        names = [("rate", tr("Learning rate")), ("momentum", tr("Momentum"))]
        if self._has_layers:
            names += [("learns", tr("Layers that learn")), ("rests", tr("Layers at rest"))]
        x, middle = 0.0, self.height() / 2
        for kind, name in names:
            width = painter.fontMetrics().horizontalAdvance(name)
            box = QRectF(x, middle - 4, SAMPLE, 8)
            if kind in ("rate", "momentum"):
                pen = QPen(QColor(look.accent if kind == "rate" else look.dim), 2 if kind == "rate" else 1.4)
                if kind == "momentum":
                    pen.setDashPattern([4, 3])
                painter.setPen(pen)
                painter.drawLine(QPointF(box.left(), middle), QPointF(box.right(), middle))
            elif kind == "rests":
                hatch(painter, box, QColor(look.dim))
            else:
                colour = QColor(look.accent)
                colour.setAlphaF(0.75)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawRoundedRect(box, 2, 2)
            painter.setPen(QColor(look.dim))
            place = QRectF(x + SAMPLE + 6, 0, width + 2, self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, name)
            x += SAMPLE + 6 + width + 16
