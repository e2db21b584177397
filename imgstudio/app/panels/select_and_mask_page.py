"""The page of the select-and-mask workspace: how to look at the edge, its dials, its brush, and what to make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app import icons
from imgstudio.app.controllers.edge_jobs import CleanParams, OutputParams
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.app.i18n import tr
from imgstudio.app.sign import Sign
from imgstudio.core.params import Ui
from imgstudio.engine.refine import EdgeParams
from imgstudio.engine.refine_ground import Kind

KINDS: Final[dict[Kind, tuple[str, str]]] = {
    "refine": ("Refine hair", "Paint over hair and fur: the edge is looked for anew there."),
    "add": ("Add", "What is under the brush is selected, whatever its colours."),
    "subtract": ("Subtract", "What is under the brush is not selected; so do Alt and the right button."),
}


@dataclass(frozen=True, slots=True)
class ViewParams:
    """How the edge is seen."""

    view: Annotated[
        Literal[
            "overlay", "on black", "on white", "black and white", "on layers", "marching ants", "original"
        ],
        Ui(help="What is seen in the place of what is not selected"),
    ] = "overlay"


class SelectAndMaskPage(QWidget):
    """Shows values and tells what a person does; knows no document."""

    view_changed = Signal(str)
    edge_changed = Signal(object)
    clean_changed = Signal(object)
    output_changed = Signal(object)
    brush_chosen = Signal(str)
    stroke_undone = Signal()
    subject_wanted = Signal()
    applied = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("select_and_mask")
        head = self._head()  # made first, since Tab goes through the parts in the order they were made
        self.view, self.edge = ParamForm(ViewParams, parent=self), ParamForm(EdgeParams, parent=self)
        self.clean, self.output = ParamForm(CleanParams, parent=self), ParamForm(OutputParams, parent=self)
        forms = (self.view, self.edge, self.clean, self.output)
        width = max(form.wanted_label_width() for form in forms)
        for form in forms:
            form.set_label_width(width)
        for editor in (editor for form in forms for editor in form.editors.values()):
            editor.setObjectName(f"select_and_mask.{editor.param.name}")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        self.empty = self._empty()
        self.area = self._body()
        column.addWidget(self.empty, 1)
        column.addWidget(self.area, 1)
        column.addWidget(_line(self))
        column.addLayout(self._foot())
        self._connect()

    def show_subject(self, name: str, problem: str) -> None:
        """What is worked on, "" for nothing, and why."""
        there = bool(name)
        self.area.setVisible(there)
        self.empty.setVisible(not there)
        self.output.setVisible(there)
        self.said.setText(name)
        self.empty_text.setText(
            problem or tr("Select something first: roughly is enough, the edge is found here.")
        )
        self.subject.setVisible(not problem)

    def show_busy(self, *, applying: bool, busy: bool, can_apply: bool) -> None:
        self.progress.setVisible(busy)
        self.area.setEnabled(not applying)
        self.apply.setEnabled(can_apply and not applying)
        self.cancel.setText(tr("Stop") if applying else tr("Cancel"))

    def show_progress(self, fraction: float) -> None:
        self.progress.setValue(round(fraction * 1000))

    def show_brush(self, kind: Kind, *, has_strokes: bool) -> None:
        self.brush.set_index(list(KINDS).index(kind))
        self.undo.setEnabled(has_strokes)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.apply.isEnabled():
            self.applied.emit()
        else:
            super().keyPressEvent(event)

    def _head(self) -> QHBoxLayout:
        self.back = QToolButton(self)
        self.back.setObjectName("select_and_mask.back")
        self.back.setIcon(icons.icon("chevron-left"))
        self.back.setIconSize(QSize(18, 18))
        self.back.setFixedSize(28, 28)
        self.back.setToolTip(f"<b>{tr('Cancel')}</b>&nbsp;&nbsp;Esc<br>{tr('Leave the selection as it was')}")
        title = QLabel(tr("Select and mask"), self)
        title.setProperty("role", "title")
        title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        head = QHBoxLayout()
        head.setContentsMargins(8, 8, 12, 4)
        head.setSpacing(4)
        head.addWidget(self.back)
        head.addWidget(title, 1)
        return head

    def _empty(self) -> QWidget:
        """What to do where nothing is selected."""
        page = QWidget(self)
        self.empty_text = QLabel(page)
        self.empty_text.setProperty("role", "dim")
        self.empty_text.setWordWrap(True)
        self.empty_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.subject = QPushButton(tr("Select subject"), page)
        self.subject.setObjectName("select_and_mask.subject")
        self.subject.setProperty("primary", True)  # noqa: FBT003 - Qt properties take no keywords
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 12, 24, 12)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(Sign("select-group", 32), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.empty_text)
        column.addWidget(self.subject, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        return page

    def _body(self) -> QScrollArea:
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(12, 0, 12, 12)
        column.setSpacing(8)
        self.said = QLabel(content)
        self.said.setObjectName("select_and_mask.said")
        self.said.setProperty("role", "dim")
        self.said.setWordWrap(True)
        column.addWidget(self.said)
        column.addWidget(self.view)
        column.addLayout(self._brush_row(content))
        for form in (self.edge, _line(content), self.clean):
            column.addWidget(form)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the focus of what it holds
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        return area

    def _brush_row(self, parent: QWidget) -> QHBoxLayout:
        names = [tr(name) for name, _ in KINDS.values()]
        self.brush = SegmentedButtons(names, "select_and_mask.brush", parent)
        for index, (name, said) in enumerate(KINDS.values()):
            self.brush.button(index).setToolTip(f"<b>{tr(name)}</b><br>{tr(said)}")
        self.undo = QToolButton(parent)
        self.undo.setObjectName("select_and_mask.undo")
        self.undo.setIcon(icons.icon("undo-variant"))
        self.undo.setIconSize(QSize(16, 16))
        self.undo.setFixedSize(24, 24)
        self.undo.setToolTip(f"<b>{tr('Take the last stroke back')}</b>&nbsp;&nbsp;Ctrl+Z")
        self.undo.setAccessibleName(tr("Take the last stroke back"))
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.brush, 1)
        row.addWidget(self.undo)
        return row

    def _foot(self) -> QVBoxLayout:
        self.progress = QProgressBar(self)
        self.progress.setObjectName("select_and_mask.progress")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        keeps = self.progress.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)  # it comes and goes with every move of a dial
        self.progress.setSizePolicy(keeps)
        self.cancel, self.apply = QPushButton(tr("Cancel"), self), QPushButton(tr("Apply"), self)
        self.cancel.setObjectName("select_and_mask.cancel")
        self.apply.setObjectName("select_and_mask.apply")
        self.apply.setProperty("primary", True)  # noqa: FBT003
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addStretch(1)
        line.addWidget(self.cancel)
        line.addWidget(self.apply)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 4, 12, 12)
        foot.setSpacing(4)
        foot.addWidget(self.output)
        foot.addWidget(self.progress)
        foot.addLayout(line)
        return foot

    def _connect(self) -> None:
        self.view.changed.connect(lambda params: self.view_changed.emit(params.view))
        self.edge.changed.connect(self.edge_changed)
        self.clean.changed.connect(self.clean_changed)
        self.output.changed.connect(self.output_changed)
        self.brush.chosen.connect(lambda index: self.brush_chosen.emit(list(KINDS)[index]))
        self.undo.clicked.connect(self.stroke_undone)
        self.subject.clicked.connect(self.subject_wanted)
        self.apply.clicked.connect(self.applied)
        self.cancel.clicked.connect(self.cancelled)
        self.back.clicked.connect(self.cancelled)


def _line(parent: QWidget) -> QFrame:
    line = QFrame(parent)
    line.setProperty("role", "line")
    return line
