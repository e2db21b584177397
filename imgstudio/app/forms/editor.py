"""What every editor of a parameter has in common."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from imgstudio.core.params import Param


class Editor(QWidget):
    """Shows and changes one parameter; `edited` tells of a person's edits only."""

    edited = Signal()
    is_wide: ClassVar[bool] = False
    """Whether it stands below its label and takes the whole width."""

    def __init__(self, param: Param, *, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.param = param
        self.compact = compact
        self.setObjectName(param.name)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4)

    def value(self) -> Any:
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show `value` without telling of an edit."""
        raise NotImplementedError

    def reset_by_person(self) -> None:
        """Go back to the default and tell of it."""
        self.set_value(self.param.default)
        self.edited.emit()
