"""The editor of colour hints: the strokes they were painted with, as a list."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QColorDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app import icons
from imgstudio.app.canvas.tools.base import Rgb
from imgstudio.app.forms.editor import Editor
from imgstudio.app.forms.hints_list import ROW, AnyIndex, HintRows, RowPainter, part_at
from imgstudio.app.i18n import tr
from imgstudio.core.colour_hints import KEEP, Hints
from imgstudio.core.hint_strokes import Levels, Strokes, flat, recoloured, strokes_of
from imgstudio.core.params import Param

MOST_ROWS: Final = 6
"""More of them are scrolled."""
TEACH: Final = (
    "Nothing is painted yet. Where a colour should be another one, choose it and paint a short stroke: "
    "it spreads as far as the thing under it goes."
)
TEACH_ALONE: Final = (
    "Only strokes give colour here. Choose one and paint a short stroke where you know it: "
    "it spreads as far as the thing under it goes."
)


class HintsList(QListView):
    """Rows of strokes, the newest on top. Tells what a person does with one of them by its place in the painting."""

    pointed_out = Signal(object)
    """The index of the stroke under the pointer or in hand; None for none."""
    remove_wanted = Signal(int)
    colour_wanted = Signal(int)
    menu_wanted = Signal(int, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = HintRows(self)
        self.setModel(self.rows)
        self.setItemDelegate(RowPainter(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName(tr("Strokes"))
        self.entered.connect(lambda index: self.pointed_out.emit(self.rows.stroke_at(index)))
        self.customContextMenuRequested.connect(self._on_menu)

    def currentChanged(self, current: AnyIndex, previous: AnyIndex) -> None:  # noqa: N802 - Qt's name
        super().currentChanged(current, previous)
        if self.hasFocus():
            self.pointed_out.emit(self.rows.stroke_at(current))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        stroke = self.rows.stroke_at(index)
        if stroke is None or event.button() != Qt.MouseButton.LeftButton:
            return
        part = part_at(self.visualRect(index), event.position().toPoint())
        if part == "swatch":
            self.colour_wanted.emit(stroke)
        elif part == "remove":
            self.remove_wanted.emit(stroke)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        stroke = self.rows.stroke_at(self.currentIndex())
        if stroke is not None and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_wanted.emit(stroke)
        elif stroke is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.colour_wanted.emit(stroke)
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed_out.emit(self.rows.stroke_at(self.currentIndex()) if self.hasFocus() else None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if not self.underMouse():
            self.pointed_out.emit(None)

    def _on_menu(self, at: QPoint) -> None:
        stroke = self.rows.stroke_at(self.indexAt(at))
        if stroke is not None:
            self.menu_wanted.emit(stroke, self.viewport().mapToGlobal(at))


class HintsEditor(Editor):
    """A tuple of Hint. Guards: strokes that were painted apart stay apart as long as their hints do."""

    is_wide = True
    pointed_out = Signal(object)
    marks_toggled = Signal(bool)
    strokes_edited = Signal(object, str)
    """The strokes as a person changed them here, and what that is called."""

    def __init__(self, param: Param, *, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(param, compact=compact, parent=parent)
        self.strokes: Strokes = ()
        self._value: Hints = ()
        self.current_colour: Rgb = (0, 0, 0)
        """What “Use the current colour” gives a stroke."""
        column = QVBoxLayout()
        column.setSpacing(4)
        self.row.addLayout(column, 1)
        self.teach = QLabel(tr(TEACH), self)
        self.teach.setObjectName(f"{param.name}.teach")
        self.teach.setWordWrap(True)
        self.teach.setProperty("role", "dim")
        self.list = HintsList(self)
        self.list.setObjectName(f"{param.name}.list")
        self.list.setToolTip(
            tr(
                "Point at a stroke to see where it lies. Click its colour to change it; Delete removes it, Return "
                "changes its colour."
            )
        )
        self.foot = self._foot()
        for part in (self.teach, self.list, self.foot):
            column.addWidget(part)
        self._connect()
        self.setFocusProxy(self.list)
        self.set_value(param.default)

    def value(self) -> Hints:
        return self._value

    def set_value(self, value: Any) -> None:
        if value != self._value or not self.strokes:
            self.set_strokes(strokes_of(value))

    def set_strokes(self, strokes: Strokes) -> None:
        """Show strokes without telling of an edit."""
        self.strokes, self._value = strokes, flat(strokes)
        self.list.rows.show_strokes(strokes)
        self.list.setFixedHeight(min(len(strokes), MOST_ROWS) * ROW)
        self.list.setVisible(bool(strokes))
        self.teach.setVisible(not strokes)
        said = tr("1 stroke") if len(strokes) == 1 else tr("{count} strokes").format(count=len(strokes))
        self.said.setText(said)
        self.foot.setVisible(bool(strokes))

    def say_alone(self, *, alone: bool) -> None:
        """Whether strokes are all that gives colour."""
        self.teach.setText(tr(TEACH_ALONE if alone else TEACH))

    def reset_by_person(self) -> None:
        self._change((), tr("Clear hints"))

    def recolour(self, index: int, levels: Levels) -> None:
        """Give a stroke another colour, as a person's edit."""
        changed = recoloured(self.strokes[index], levels)
        self._change((*self.strokes[:index], changed, *self.strokes[index + 1 :]), tr("Colour of a stroke"))

    def remove(self, index: int) -> None:
        """Take a stroke away, as a person's edit."""
        self._change((*self.strokes[:index], *self.strokes[index + 1 :]), tr("Remove a stroke"))

    def menu_for(self, index: int) -> QMenu:
        """What can be done with a stroke."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        red, green, blue = self.current_colour
        menu.addAction(tr("Change the colour…"), lambda: self._choose(index))
        menu.addAction(tr("Use the current colour"), lambda: self.recolour(index, (red, green, blue)))
        menu.addAction(tr("Keep what is there"), lambda: self.recolour(index, (KEEP, KEEP, KEEP)))
        menu.addSeparator()
        menu.addAction(icons.icon("close"), tr("Remove"), lambda: self.remove(index))
        return menu

    def _foot(self) -> QWidget:
        foot = QWidget(self)
        self.said = QLabel(self)
        self.said.setObjectName(f"{self.param.name}.said")
        self.said.setProperty("role", "small")
        self.marks = self._button("eye-outline", tr("<b>Marks</b><br>Show on the picture where strokes lie."))
        self.marks.setObjectName(f"{self.param.name}.marks")
        self.marks.setAccessibleName(tr("Marks"))
        self.marks.setCheckable(True)
        self.marks.setChecked(True)
        self.clear = self._button("delete-sweep-outline", tr("<b>Clear all</b><br>Undo brings them back."))
        self.clear.setObjectName(f"{self.param.name}.clear")
        self.clear.setAccessibleName(tr("Clear all"))
        line = QHBoxLayout(foot)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(self.said, 1)
        line.addWidget(self.marks)
        line.addWidget(self.clear)
        return foot

    def _button(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icons.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(24, 24)
        button.setToolTip(tip)
        return button

    def _connect(self) -> None:
        self.list.pointed_out.connect(self.pointed_out)
        self.list.remove_wanted.connect(self.remove)
        self.list.colour_wanted.connect(self._choose)
        self.list.menu_wanted.connect(lambda index, at: self.menu_for(index).popup(at))
        self.clear.clicked.connect(self.reset_by_person)
        self.marks.toggled.connect(self._on_marks)

    def _on_marks(self, on: bool) -> None:
        self.marks.setIcon(icons.icon("eye-outline" if on else "eye-off-outline"))
        self.marks_toggled.emit(on)

    def _change(self, strokes: Strokes, label: str) -> None:
        if strokes != self.strokes:
            self.set_strokes(strokes)
            self.strokes_edited.emit(strokes, label)
            self.edited.emit()

    def _choose(self, index: int) -> None:
        hint = self.strokes[index][0]
        start = QColor(*self.current_colour) if hint.keeps else QColor(*(round(level) for level in hint[3:]))
        dialog = QColorDialog(start, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Stroke {number}").format(number=index + 1))
        before = self.strokes

        def take(colour: QColor) -> None:
            if self.strokes is before:  # else the stroke may be gone
                self.recolour(index, (colour.red(), colour.green(), colour.blue()))

        dialog.colorSelected.connect(take)
        dialog.open()
