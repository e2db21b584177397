"""By which rules classes are painted: where, on what lightness, and whether strokes make objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, get_args

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QColor, QFont, QIcon, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.forms.editors import QuietCombo
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.app.i18n import tr
from imgstudio.app.panels.label.range_slider import RangeSlider
from imgstudio.core.labelled import Numbering, PaintRules, Where
from imgstudio.core.labels import BACKGROUND, class_colour

WHERE: Final[tuple[Where, ...]] = get_args(Where)
OBJECTS: Final[tuple[Numbering, ...]] = get_args(Numbering)
LABEL_WIDTH: Final = 62


class RulesForm(QWidget):
    """Follows the session, and changes its rules."""

    def __init__(self, session: LabelSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.rules")
        self._session = session
        self.where = SegmentedButtons([tr("All"), tr("Unlabelled"), tr("Inside")], "label.rules.where")
        self.inside = QuietCombo()
        self.inside.setObjectName("label.rules.inside")
        self.lightness, self._range = RangeSlider(), QLabel()
        self.lightness.setObjectName("label.rules.lightness")
        self.lightness.setAccessibleName(tr("Lightness"))
        self.objects = SegmentedButtons([tr("Off"), tr("New"), tr("Add")], "label.rules.objects")
        self._arrange()
        self.where.chosen.connect(lambda index: self._change(where=WHERE[index]))
        self.objects.chosen.connect(lambda index: self._change(objects=OBJECTS[index]))
        self.inside.activated.connect(lambda _: self._change(inside=int(self.inside.currentData())))
        self.lightness.changed.connect(lambda least, most: self._change(lightness=(least, most)))
        session.rules_changed.connect(self.refresh)
        session.classes_changed.connect(self._fill)
        self._fill()

    def refresh(self) -> None:
        rules = self._session.rules
        self.where.set_index(WHERE.index(rules.where))
        self.objects.set_index(OBJECTS.index(rules.objects))
        with QSignalBlocker(self.inside):
            self.inside.setCurrentIndex(max(0, self.inside.findData(rules.inside)))
        self.inside.setVisible(rules.where == "inside")
        self.lightness.set_values(*rules.lightness)
        self._range.setText("{} – {}".format(*rules.lightness))  # noqa: RUF001

    def _arrange(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self.where.setToolTip(
            tr("Where a stroke takes hold: everywhere, where nobody looked yet, or inside a class")
        )
        self.objects.setToolTip(
            tr(
                "Off: only the class. New: each stroke is an object. Add: it goes on with the one it begins on"
            )
        )
        self._range.setProperty("role", "dim")
        font = self._range.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self._range.setFont(font)
        self._range.setFixedWidth(self._range.fontMetrics().horizontalAdvance("000 – 000") + 4)  # noqa: RUF001
        for row, (text, part) in enumerate(
            (
                ("Paint", self.where),
                ("", self.inside),
                ("Lightness", self.lightness),
                ("Objects", self.objects),
            )
        ):
            if text:
                label = QLabel(tr(text))
                label.setProperty("role", "dim")
                label.setFixedWidth(LABEL_WIDTH)
                grid.addWidget(label, row, 0)
            if part is self.lightness:
                grid.addWidget(part, row, 1)
                grid.addWidget(self._range, row, 2)
            else:
                grid.addWidget(part, row, 1, 1, 2)

    def _fill(self) -> None:
        with QSignalBlocker(self.inside):
            self.inside.clear()
            self.inside.addItem(_square(class_colour(BACKGROUND)), tr("Background"), BACKGROUND)
            for known in self._session.classes:
                self.inside.addItem(_square(known.colour), known.name, known.value)
        self.refresh()

    def _change(self, **values: object) -> None:
        self._session.set_rules(replace(self._session.rules, **values))  # type: ignore[arg-type]


def rules_text(rules: PaintRules, inside: str) -> str:
    """The rules that are not the usual ones, in few words; "" where all are."""
    texts = []
    if rules.where == "unlabelled":
        texts.append(tr("only unlabelled"))
    elif rules.where == "inside":
        texts.append(tr("inside {name}").format(name=inside))
    if rules.lightness != (0, 255):
        texts.append(tr("by lightness"))
    if rules.objects != "off":
        texts.append(tr("objects"))
    return ", ".join(texts)


def _square(colour: tuple[int, int, int]) -> QIcon:
    picture = QPixmap(12, 12)
    picture.fill(QColor(*colour))
    return QIcon(picture)
