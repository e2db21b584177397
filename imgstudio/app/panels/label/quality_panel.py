"""How good the labels are: shares, islands, where the model differs, doubles, and another labelling beside."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.quality import QualityCheck
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.forms.number_row import NumberEditor
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.panels.label.quality_bars import ShareBars
from imgstudio.app.panels.label.quality_list import QualityList
from imgstudio.app.panels.label.quality_rows import (
    Place,
    class_bars,
    comparison_rows,
    difference_rows,
    double_rows,
    iou_bars,
    island_rows,
    side_rows,
    told_comparison,
    told_islands,
    told_shares,
    told_sides,
)
from imgstudio.core.labelling.statistics import TINY, total_shares
from imgstudio.core.params import Number, Param, Ui

CLOSE_UP: Final = 4.0
"""Zoom at least, when it goes to an island."""


class QualityPanel(QScrollArea):
    """Shows what the check knows; a click on a place or a picture goes there."""

    def __init__(self, context: AppContext, session: LabelSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.quality")
        self._context, self._session = context, session
        self.check = QualityCheck(context, session, self)
        self._going: Place | None = None
        self.scope = SegmentedButtons([tr("This picture"), tr("All pictures")], "label.quality.scope")
        self.bars, self.iou = ShareBars("label.quality.bars"), ShareBars("label.quality.iou")
        self.islands = QualityList("label.quality.islands")
        self.differences = QualityList("label.quality.differences")
        self.doubles = QualityList("label.quality.doubles")
        self.judging = QualityList("label.quality.judging")
        self.compared = QualityList("label.quality.compared")
        self.told, self.told_islands, self.told_difference = _told(), _told(), _told()
        self.told_doubles, self.told_sides, self.told_comparison = _told(), _told(), _told()
        self.bar = QProgressBar()
        limits = Number(2, 1_000_000, soft_max=5000, unit="px", log=True)
        self.least = NumberEditor(Param("label.quality.least", "number", int, TINY, Ui(), number=limits))
        self._build()
        self._connect()
        self.refresh()

    @property
    def shows_all(self) -> bool:
        return self.scope.index == 1

    def refresh(self) -> None:
        """Show how things stand."""
        check, everything = self.check, self.shows_all
        has_project = self._session.project is not None
        for button in (self.look_button, self.doubles_button, self.sides_button, self.compare_button):
            button.setEnabled(has_project and not check.work)
        self._work.setVisible(bool(check.work))
        self.look_button.setVisible(everything)
        for part in self._of_all:
            part.setVisible(everything)
        self._show_shares()
        self._show_islands()
        self._show_differences()
        self.told_doubles.setText(_told_doubles(check.doubles))
        self.doubles.show_rows(double_rows(check.doubles or ()))
        self.told_sides.setText(told_sides(check.sides))
        self.judging.show_rows(side_rows(check.sides))
        self.iou.show_bars(iou_bars(check.comparison, self._session.classes))
        self.told_comparison.setText(told_comparison(check.comparison, check.compared_with))
        self.compared.show_rows(comparison_rows(check.comparison))
        for list_ in (self.doubles, self.judging, self.compared):
            list_.setVisible(everything and bool(list_.rows))
        self.iou.setVisible(everything and bool(self.iou.bars))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.check.set_wanted(wanted=True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.check.set_wanted(wanted=False)

    def go_to(self, place: Place) -> None:
        """Show a picture, and a place on it close up."""
        if not place.name or place.name == self._session.shown:
            self._going = None
            _look_at(self._context.window.canvas, place)
            return
        self._going = place
        self._session.show(place.name)

    def _show_shares(self) -> None:
        looks, current = self.check.looks, self.check.current
        if self.shows_all:
            shares = None if looks is None else total_shares(look.shares for look in looks.values())
        else:
            shares = None if current is None else current.shares
        self.bars.show_bars(class_bars(shares, self._session.classes))
        self.told.setText(told_shares(shares, len(looks or ()) if self.shows_all else None))

    def _show_islands(self) -> None:
        looks, current = self.check.looks, self.check.current
        here = {} if current is None else {"": current}
        found = dict(looks or {}) if self.shows_all else here
        is_known = (looks if self.shows_all else current) is not None
        self.islands.show_rows(island_rows(found, self._session.classes))
        self.told_islands.setText(told_islands(found) if is_known else "")
        self.told_islands.setVisible(is_known)

    def _show_differences(self) -> None:
        looks, current = self.check.looks, self.check.current
        rows = difference_rows(looks or {}) if self.shows_all else []
        self.differences.show_rows(rows)
        if self.shows_all:
            text = (
                "" if looks is None or rows else tr("The model has said nothing about labelled pictures yet.")
            )
        else:
            share = None if current is None else current.difference
            text = (
                tr("The model says nothing about what is labelled here.")
                if share is None
                else tr("The model says otherwise on {share:.1f} % of what is labelled here.").format(
                    share=100 * share
                )
            )
        self.told_difference.setText(text)
        self.told_difference.setVisible(bool(text))

    def _build(self) -> None:
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.look_button = _button("look", tr("Look at all labels"))
        self.doubles_button = _button("doubles.find", tr("Find doubles"))
        self.sides_button = _button("sides.find", tr("Show the split"))
        self.compare_button = _button("compare", tr("Compare with…"))
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self._work = self._work_line()
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(12, 8, 12, 12)
        self._column.setSpacing(6)
        self._of_all: list[QWidget] = []
        self._put(self.scope, self._work, self.look_button)
        self._column.addSpacing(4)
        self._put(_title(tr("Classes")), self.bars, self.told)
        self._put(_line(), self._island_head(), self.told_islands, self.islands)
        self._put(_line(), _title(tr("Labels and model")), self.told_difference, self.differences)
        doubles = [_line(), _title(tr("Doubles")), self.doubles_button, self.told_doubles, self.doubles]
        sides = [
            _line(),
            _title(tr("Who judges a training")),
            self.sides_button,
            self.told_sides,
            self.judging,
        ]
        others = [_line(), _title(tr("Another labelling")), self.compare_button, self.told_comparison]
        self._put(*doubles, *sides, *others, self.iou, self.compared)
        lists = (self.doubles, self.judging, self.compared)
        self._of_all = [part for part in (*doubles, *sides, *others) if part not in lists]
        self._column.addStretch(1)
        self.setWidget(inner)

    def _put(self, *parts: QWidget) -> None:
        for part in parts:
            self._column.addWidget(part)

    def _work_line(self) -> QWidget:
        holder = QWidget()
        row, cancel = QHBoxLayout(holder), QToolButton()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        cancel.setObjectName("label.quality.cancel")
        cancel.setIcon(icon("close"))
        cancel.setToolTip(tr("Cancel"))
        cancel.setAccessibleName(tr("Cancel"))
        cancel.clicked.connect(self.check.cancel)
        row.addWidget(self.bar, 1)
        row.addWidget(cancel)
        return holder

    def _island_head(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        smaller = QLabel(tr("smaller than"))
        smaller.setProperty("role", "dim")
        row.addWidget(_title(tr("Islands")))
        row.addWidget(smaller)
        row.addWidget(self.least, 1)
        return holder

    def _connect(self) -> None:
        check = self.check
        check.changed.connect(self.refresh)
        check.progressed.connect(lambda done: self.bar.setValue(round(1000 * done)))
        self.scope.chosen.connect(self._on_scope)
        self.look_button.clicked.connect(check.look_at_all)
        self.doubles_button.clicked.connect(check.find_doubles)
        self.sides_button.clicked.connect(check.find_sides)
        self.compare_button.clicked.connect(self._on_compare)
        self.least.edited.connect(lambda: check.set_least(int(self.least.value())))
        for part in (self.islands, self.differences, self.doubles, self.judging, self.compared):
            part.chosen.connect(self.go_to)
        self._session.document_changed.connect(self._on_document)
        self._session.classes_changed.connect(self.refresh)

    def _on_scope(self, index: int) -> None:
        self.refresh()
        if index == 1 and self.check.looks is None and not self.check.work:
            self.check.look_at_all()

    def _on_document(self, *_: object) -> None:
        going, self._going = self._going, None
        if going is not None and going.name == self._session.shown:
            _look_at(self._context.window.canvas, going)

    def _on_compare(self) -> None:
        project = self._session.project
        assert project is not None
        dialog = QFileDialog(self.window(), tr("Compare with the labels in"), str(project.path.parent))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, on=True)
        dialog.fileSelected.connect(lambda name: self.check.compare(Path(name)))
        dialog.open()


def _look_at(canvas: Canvas, place: Place) -> None:
    """Bring a place of the picture into the middle, close up."""
    if place.at is None:
        return
    view = canvas.view
    canvas.zoom_to(max(view.zoom, CLOSE_UP))
    x, y = place.at
    view.pan_by(
        view.window.width / 2 - (x + 0.5) * view.zoom - view.left,
        view.window.height / 2 - (y + 0.5) * view.zoom - view.top,
    )


def _told_doubles(groups: tuple[tuple[str, ...], ...] | None) -> str:
    if groups is None:
        return tr("Pictures that show nearly the same; labelling one of them is enough.")
    if not groups:
        return tr("No two pictures are nearly the same.")
    if len(groups) == 1:
        return tr("One group of pictures that are nearly the same:")
    return tr("{count} groups of pictures that are nearly the same:").format(count=len(groups))


def _button(name: str, text: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(f"label.quality.{name}")
    return button


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "title")
    return label


def _told() -> QLabel:
    label = QLabel()
    label.setProperty("role", "dim")
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line
