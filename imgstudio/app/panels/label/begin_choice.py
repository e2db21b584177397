"""Where the next round of training begins: anew from all labels, or where the last model ended."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from imgstudio.app.forms.editors import QuietCombo
from imgstudio.app.i18n import tr

BASE, LAST = 0, 1
TIPS: Final = (
    "All labels count anew, nothing of earlier mistakes is kept",
    "Sooner as good as the last model, but what it learned wrong may stay",
)
NONE_FITS: Final = "No model of the last round with the same classes is installed"


class BeginChoice(QWidget):
    """Guards: what cannot be begun with cannot be chosen."""

    chosen = Signal(bool)
    """Whether to go on from the last model, as a person says."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QuietCombo()
        self.list.setObjectName("label.promote.begin")
        for text in (tr("Start from the base"), tr("Go on from the last model")):
            self.list.addItem(text)
        label = QLabel(tr("Begin"))
        label.setProperty("role", "dim")
        self.label = label
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.list, 1)
        self.list.activated.connect(self._on_activated)
        self.show_choice(goes_on=False, can_go_on=False)

    def show_choice(self, *, goes_on: bool, can_go_on: bool) -> None:
        """Without a model to go on from, the base is what is left."""
        items = self.list.model()
        assert isinstance(items, QStandardItemModel)
        items.item(LAST).setEnabled(can_go_on)
        tips = (TIPS[BASE], TIPS[LAST] if can_go_on else NONE_FITS)
        for index, tip in enumerate(tips):
            self.list.setItemData(index, tr(tip), Qt.ItemDataRole.ToolTipRole)
        index = LAST if goes_on and can_go_on else BASE
        self.list.setCurrentIndex(index)
        self.list.setToolTip(tr(tips[index]))

    def _on_activated(self, index: int) -> None:
        self.list.setToolTip(tr(TIPS[index]))
        self.chosen.emit(index == LAST)
