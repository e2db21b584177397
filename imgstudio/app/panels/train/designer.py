"""The designer of damage: which steps spoil a picture, how often, and what that looks like on one's own pictures."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QWidget

from imgstudio.app.controllers.training import Training


class Designer(QDialog):
    """Edits the mix of the draft."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.designer")
        self._training = training
