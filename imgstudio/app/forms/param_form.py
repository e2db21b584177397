"""A form generated from a parameter class; nothing about a filter is written by hand."""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from imgstudio.app.forms.colour_editor import ColourEditor
from imgstudio.app.forms.curve_editor import CurveEditor
from imgstudio.app.forms.editor import Editor
from imgstudio.app.forms.editors import make_editor
from imgstudio.app.forms.fold import Fold
from imgstudio.app.forms.form_row import RESET_WIDTH, FormRow, RowLabel
from imgstudio.app.forms.histogram_view import Histograms, HistogramView
from imgstudio.app.forms.number_row import NumberEditor
from imgstudio.core.params import Param, describe

MORE: Final = "more: "
"""Marks the headings of groups inside the fold."""


class ParamForm(QWidget):
    """Shows one object of `params_type`. `compact` is a single line for the options bar of a tool.

    Guards: `value()` always passes the parameters' own check.
    """

    changed = Signal(object)
    """The new parameters, after every edit by a person."""
    pick_wanted = Signal(object, bool)
    """A ColourEditor that wants a colour from the picture, or does not want it any more."""

    def __init__(
        self,
        params_type: type,
        *,
        compact: bool = False,
        hidden: Set[str] = frozenset(),
        idle: Set[str] = frozenset(),
        parent: QWidget | None = None,
    ) -> None:
        """`hidden` names parameters that are kept but edited elsewhere, `idle` those that change nothing here.

        What is shown only for one value of an idle one is shown whatever it is.
        """
        super().__init__(parent)
        self.params_type = params_type
        self._hidden, self._idle = hidden | idle, idle
        self.compact = compact
        self._params = describe(params_type)
        self.editors: dict[str, Editor] = {}
        self._holders: dict[str, QWidget] = {}
        self._headings: dict[str, QWidget] = {}
        self._levels: HistogramView | None = None
        self.more: Fold | None = None
        if compact:
            self._build_line()
        else:
            self._build_rows()
            self.set_label_width(self.wanted_label_width())
        self._show_what_applies()

    def put_instead(self, name: str, widget: QWidget) -> None:
        """Show a widget, which tells of its edits elsewhere, in the place of a row; the parameter is kept."""
        row = self._holders[name]
        holder = row.parentWidget()
        layout = None if holder is None else holder.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(layout.indexOf(row), widget)
        self._hidden = self._hidden | {name}
        self._show_what_applies()

    def value(self) -> Any:
        return self.params_type(**{name: editor.value() for name, editor in self.editors.items()})

    def set_value(self, params: Any) -> None:
        """Show other parameters without telling of an edit."""
        for name, editor in self.editors.items():
            editor.set_value(getattr(params, name))
        self._refresh()

    def reset(self) -> None:
        """Back to the defaults, as a person's edit."""
        before = self.value()
        self.set_value(self.params_type())
        if self.value() != before:
            self.changed.emit(self.value())

    @property
    def gesture(self) -> int:
        """Grows with every new drag or visit of a number, so that one of them can be one undo step."""
        return sum(e.gesture for e in self.editors.values() if isinstance(e, NumberEditor))

    def wanted_label_width(self) -> int:
        """Room that the longest label beside an editor needs."""
        rows = [holder for holder in self._holders.values() if isinstance(holder, FormRow)]
        return max((row.wanted_label_width() for row in rows), default=0)

    def set_label_width(self, width: int) -> None:
        """Let several forms in a column share one width of labels."""
        for holder in self._holders.values():
            if isinstance(holder, FormRow):
                holder.set_label_width(width)

    def allow_picking(self) -> None:
        """Put an eyedropper beside every colour; whoever calls this answers `pick_wanted`."""
        for editor in self.editors.values():
            if isinstance(editor, ColourEditor):
                editor.allow_picking()
                editor.pick_wanted.connect(partial(self.pick_wanted.emit, editor))

    @property
    def shows_levels(self) -> bool:
        """Whether `set_histogram` makes a difference."""
        return self._levels is not None or any(isinstance(e, CurveEditor) for e in self.editors.values())

    def set_histogram(self, levels: Histograms | None) -> None:
        """Show counts of levels behind every curve and above the numbers that are levels."""
        for editor in self.editors.values():
            if isinstance(editor, CurveEditor):
                editor.set_histogram(levels)
        if self._levels is not None:
            self._levels.show_counts(None if levels is None else levels[""])

    def _build_rows(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._add_groups([param for param in self._params if not param.ui.advanced], column, "")
        advanced = [param for param in self._params if param.ui.advanced]
        if advanced:
            self.more = Fold("More", "form.more", self)
            column.addWidget(self.more)
            self._add_groups(advanced, self.more.content, MORE)

    def _add_groups(self, params: Sequence[Param], column: QVBoxLayout, prefix: str) -> None:
        for group in dict.fromkeys(param.ui.group for param in params):
            if group:
                self._headings[prefix + group] = heading = _heading(group)
                column.addWidget(heading)
            for param in params:
                if param.ui.group == group:
                    self._add_levels(param, column)
                    column.addWidget(self._row(param))

    def _add_levels(self, param: Param, column: QVBoxLayout) -> None:
        """The histogram stands above the first number that is a level."""
        if param.ui.histogram and self._levels is None:
            self._levels = HistogramView(self)
            column.addWidget(self._levels)
            self._levels.setContentsMargins(0, 0, RESET_WIDTH + 4, 0)

    def _row(self, param: Param) -> FormRow:
        row = FormRow(self._editor(param), parent=self)
        row.edited.connect(self._on_edited)
        self._holders[param.name] = row
        return row

    def _build_line(self) -> None:
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8 if any(param.ui.bare for param in self._params) else 12)
        for param in self._params:
            line.addWidget(self._compact_part(param))
        line.addStretch(1)

    def _compact_part(self, param: Param) -> QWidget:
        part = QWidget(self)
        part.setToolTip(param.help)
        inner = QHBoxLayout(part)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        editor = self._editor(param)
        if param.kind != "flag":
            inner.addWidget(_label_of(editor, part))
        inner.addWidget(editor)
        editor.edited.connect(self._on_edited)
        self._holders[param.name] = part
        return part

    def _editor(self, param: Param) -> Editor:
        editor = make_editor(param, compact=self.compact, parent=self)
        editor.setToolTip(param.help)
        editor.setAccessibleName(param.label)
        self.editors[param.name] = editor
        return editor

    def _on_edited(self) -> None:
        self._show_what_applies()
        self.changed.emit(self.value())

    def _refresh(self) -> None:
        for holder in self._holders.values():
            if isinstance(holder, FormRow):
                holder.refresh()
        self._show_what_applies()

    def _show_what_applies(self) -> None:
        for param in self._params:
            self._holders[param.name].setVisible(self._applies(param))
        for group, heading in self._headings.items():
            members = [p for p in self._params if MORE * p.ui.advanced + p.ui.group == group]
            heading.setVisible(any(self._applies(param) for param in members))
        if self._levels is not None:
            shown = [param.name for param in self._params if param.ui.histogram and self._applies(param)]
            self._levels.setVisible(bool(shown))
            self._levels.show_marks([self._fraction_of(name) for name in shown])

    def _fraction_of(self, name: str) -> float:
        editor = self.editors[name]
        assert isinstance(editor, NumberEditor)
        number = editor.scale.number
        # The numbers of one histogram may end one level short of it, so that they never meet.
        top = max(param.number.max for param in self._params if param.ui.histogram and param.number)
        bottom = min(param.number.min for param in self._params if param.ui.histogram and param.number)
        return (float(editor.value() or number.min) - bottom) / (top - bottom)

    def _applies(self, param: Param) -> bool:
        if param.name in self._hidden:
            return False
        if self.compact and (param.ui.advanced or param.kind == "curve"):
            return False  # the options bar shows them in its own pop-up form
        if param.ui.visible_if is not None and param.ui.visible_if[0] in self._idle:
            return True
        return param.is_visible({name: editor.value() for name, editor in self.editors.items()})


def _label_of(editor: Editor, parent: QWidget) -> QLabel:
    """The name before an editor in a line; that of a bare number is dragged."""
    scrubs = isinstance(editor, NumberEditor) and editor.is_bare
    label = RowLabel(editor.param.label, scrubs=scrubs, parent=parent)
    label.setBuddy(editor)
    if isinstance(editor, NumberEditor) and scrubs:
        label.scrub_began.connect(editor.begin_scrub)
        label.scrubbed.connect(lambda dx, fine: editor.scrub(dx, fine=fine))
    return label


def _heading(text: str) -> QWidget:
    """A group's title over a thin line."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 4, 0, 0)
    column.setSpacing(4)
    label = QLabel(text, holder)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    line = QFrame(holder)
    line.setProperty("role", "line")
    column.addWidget(label)
    column.addWidget(line)
    return holder
