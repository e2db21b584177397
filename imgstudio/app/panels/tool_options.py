"""The bar above the picture with the options of the tool in hand, generated from their declaration."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from imgstudio.app.canvas.tools.base import Tool
from imgstudio.app.context import AppContext
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.sign import Sign
from imgstudio.core.params import describe

HEIGHT: Final = 40
POPUP_WIDTH: Final = 340


class ToolOptionsBar(QWidget):
    """Follows the tool; options that do not fit are reached with the wheel."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._context = context
        self.form: ParamForm | None = None
        self._sign, self._name, self._help = Sign("cursor-move", 18), QLabel(), QLabel()
        self._name.setObjectName("tool_options.name")
        self._help.setProperty("role", "dim")
        self._scroll = _SidewaysScroll()
        self._more = QToolButton()
        self._more.setObjectName("tool_options.more")
        self._more.setIcon(icon("tune-variant"))
        self._more.setToolTip(tr("All options of this tool"))
        self._more.clicked.connect(self._open_all)
        self._target = context.tool_state.target
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(2)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 1)  # the line below belongs to the bar
        row.setSpacing(8)
        for part in (self._sign, self._name, _line(), self._help):
            row.addWidget(part)
        row.addWidget(self._scroll, 1)
        row.addLayout(self._buttons)
        row.addWidget(self._more)
        context.tools.changed.connect(self._rebuild)
        context.tool_state.options_changed = self._follow
        self._rebuild()

    def follow_target(self) -> None:
        """Offer what counts on what tools change now."""
        if self._target != self._context.tool_state.target:
            self._rebuild()

    def _rebuild(self, *_: object) -> None:
        tool, self._target = self._context.tools.current, self._context.tool_state.target
        idle = tool.idle_options.get(self._target, frozenset())
        self._sign.set_icon(tool.icon)
        self._name.setText(tool.name)
        self.form = None
        self._more.setVisible(tool.options_type is not None and _has_more(tool.options_type, idle))
        self._drop_buttons()
        if tool.options_type is None or not _has_any(tool.options_type, idle):
            self._scroll.setWidget(QWidget())
            self._help.setText(tool.help_on.get(self._target, tool.help))
            self._help.show()
            return
        self._help.hide()
        self.form = ParamForm(tool.options_type, compact=True, idle=idle)
        self.form.setObjectName(f"tool_options.{tool.id}")
        self.form.set_value(tool.options)
        self.form.changed.connect(self._on_edited)
        self._scroll.setWidget(self.form)
        self._show_buttons(tool)

    def _show_buttons(self, tool: Tool) -> None:
        for wanted in tool.buttons():
            if wanted.separator:
                self._buttons.addWidget(_line())
            button = QToolButton()
            button.setObjectName(f"tool_options.{wanted.id}")
            button.setIcon(icon(wanted.icon))
            button.setToolTip(tr(wanted.text))
            button.setAccessibleName(tr(wanted.text))
            button.clicked.connect(lambda _=False, run=wanted.run: run())
            self._buttons.addWidget(button)

    def _drop_buttons(self) -> None:
        while (item := self._buttons.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()

    def _follow(self, tool_id: str) -> None:
        tool = self._context.tools.current
        # The form of a tool that was just put down is still there for a moment.
        if tool_id == tool.id and self.form is not None and self.form.params_type is tool.options_type:
            self.form.set_value(tool.options)

    def _open_all(self) -> None:
        tool = self._context.tools.current
        if tool.options_type is None:
            return
        popup = QFrame(self, Qt.WindowType.Popup)
        popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popup.setProperty("role", "card")
        form = ParamForm(tool.options_type, idle=tool.idle_options.get(self._target, frozenset()))
        form.set_value(tool.options)
        form.changed.connect(self._on_edited_in_full)
        column = QVBoxLayout(popup)
        column.setContentsMargins(12, 12, 12, 12)
        column.addWidget(form)
        popup.setFixedWidth(POPUP_WIDTH)
        popup.move(self._more.mapToGlobal(QPoint(self._more.width() - POPUP_WIDTH, self._more.height() + 4)))
        popup.show()

    def _on_edited_in_full(self, options: Any) -> None:
        self._on_edited(options)
        if self.form is not None:
            self.form.set_value(options)

    def _on_edited(self, options: Any) -> None:
        self._context.tools.current.options_edited(options)
        self._context.tool_state.redraw()


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "vertical line")
    line.setFixedHeight(18)
    return line


def _has_any(options_type: type, idle: Set[str]) -> bool:
    return any(param.name not in idle for param in describe(options_type))


def _has_more(options_type: type, idle: Set[str]) -> bool:
    """Whether some options do not belong into a single line."""
    counting = [param for param in describe(options_type) if param.name not in idle]
    return any(param.ui.advanced or param.kind == "curve" for param in counting)


class _SidewaysScroll(QScrollArea):
    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - event.angleDelta().y() // 2)
