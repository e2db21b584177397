"""The tools down the left side, and the two colours below them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QColorDialog, QGridLayout, QToolButton, QVBoxLayout, QWidget

from imgstudio.app.canvas.tools.base import Rgb, Target, ToolState
from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.theme import current_tokens

BUTTON: Final = 32
ICON: Final = 18
GAP: Final = 2


class ToolboxPanel(QWidget):
    """One button a tool; a second column where the window is too low for one."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "toolbox")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._context = context
        self._buttons: dict[str, QToolButton] = {}
        self._shown: list[QToolButton] = []
        self._columns = 0
        self._group = group = QButtonGroup(self)
        for tool in context.tools.tools.values():
            button = QToolButton()
            button.setObjectName(f"toolbox.{tool.id}")
            button.setAccessibleName(tool.name)
            button.setIcon(icon(tool.icon))
            button.setIconSize(QSize(ICON, ICON))
            button.setFixedSize(BUTTON, BUTTON)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, tool_id=tool.id: context.tools.activate(tool_id))
            group.addButton(button)
            self._buttons[tool.id] = button
        self.colours = ColourPair(context.tool_state)
        self._grid = QGridLayout()
        self._grid.setSpacing(GAP)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 5, 8)
        column.setSpacing(8)
        column.addLayout(self._grid)
        column.addStretch(1)
        column.addWidget(self.colours, 0, Qt.AlignmentFlag.AlignHCenter)
        self._shown = list(self._buttons.values())
        self._arrange(1)
        context.tools.changed.connect(self._on_tool_changed)
        self._on_tool_changed()

    def set_tooltips(self, text_of: dict[str, str]) -> None:
        """Tool id -> what its tooltip says."""
        for tool_id, button in self._buttons.items():
            button.setToolTip(text_of.get(tool_id, ""))

    def show_tools(self, target: Target) -> None:
        """Only those that have a use for what is painted on; colours only where there are any."""
        tools = self._context.tools.tools
        wanted = [button for tool_id, button in self._buttons.items() if target in tools[tool_id].works_on]
        if wanted == self._shown:
            return
        for button in self._buttons.values():
            self._grid.removeWidget(button)
            button.setVisible(button in wanted)
        self._shown, self._columns = wanted, 0
        self.colours.setVisible(target == "pixels")
        self._fit(self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit(event.size().height())

    def _fit(self, height: int) -> None:
        room = height - 16 - (self.colours.height() + 8 if not self.colours.isHidden() else 0)
        per_column = max(1, room // (BUTTON + GAP))
        self._arrange(-(-len(self._shown) // per_column))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._width(), 5 * (BUTTON + GAP))

    def _width(self) -> int:
        return 9 + self._columns * (BUTTON + GAP) - GAP

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for index, button in enumerate(self._shown):
            self._grid.addWidget(button, index // columns, index % columns)
        self.setFixedWidth(max(self._width(), 41))

    def _on_tool_changed(self, *_: object) -> None:
        button = self._buttons.get(self._context.tools.current.id)
        if button is not None:
            button.setChecked(True)
        elif (chosen := self._group.checkedButton()) is not None:  # a guest, such as the steering brush
            self._group.setExclusive(False)
            chosen.setChecked(False)
            self._group.setExclusive(True)


class ColourPair(QWidget):
    """Foreground over background; a click chooses, the arrow swaps them."""

    chosen = Signal()

    def __init__(self, state: ToolState) -> None:
        super().__init__()
        self._state = state
        self.setObjectName("toolbox.colours")
        self.setFixedSize(BUTTON, 34)
        self.setToolTip(
            tr("<b>Colours</b><br>Click one to choose it; X swaps them, D makes them black and white.")
        )
        self._front, self._back = QRect(1, 1, 20, 20), QRect(11, 13, 20, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for box, colour in ((self._back, self._state.background), (self._front, self._state.foreground)):
            painter.setPen(QPen(QColor(current_tokens().dim), 1))
            painter.setBrush(QColor(*colour))
            painter.drawRect(box.adjusted(0, 0, -1, -1))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        if self._front.contains(place):
            self._state.foreground = self._ask(self._state.foreground, tr("Foreground colour"))
        elif self._back.contains(place):
            self._state.background = self._ask(self._state.background, tr("Background colour"))
        self._state.colours_changed()
        self.update()

    def _ask(self, colour: Rgb, title: str) -> Rgb:
        chosen = QColorDialog.getColor(QColor(*colour), self.window(), title)
        return (chosen.red(), chosen.green(), chosen.blue()) if chosen.isValid() else colour
