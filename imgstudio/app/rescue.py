"""Offers what a crash left behind."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QMessageBox, QWidget

from imgstudio.app.controllers.recovery import Recovery
from imgstudio.app.dialogs.questions import make_primary
from imgstudio.app.i18n import tr


def offer_rescue(recovery: Recovery, window: QWidget) -> None:
    """Ask once at the start; closing the question keeps everything for the next time."""
    items = recovery.rescuable()
    if not items:
        return
    box = QMessageBox(window)
    box.setObjectName("rescue")
    box.setWindowTitle(tr("Unsaved work was found"))
    box.setText(
        tr("imgstudio ended unexpectedly. {count} unsaved picture(s) can be brought back.").format(
            count=len(items)
        )
    )
    lines = [
        f"{item.name}  ({datetime.fromtimestamp(item.saved_at).astimezone():%x %H:%M})" for item in items
    ]
    box.setInformativeText("\n".join(lines))
    bring_back = box.addButton(tr("Bring back"), QMessageBox.ButtonRole.AcceptRole)
    make_primary(bring_back)
    delete = box.addButton(tr("Delete them"), QMessageBox.ButtonRole.DestructiveRole)
    later = box.addButton(tr("Later"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(bring_back)
    box.setEscapeButton(later)

    def answered() -> None:
        if box.clickedButton() is bring_back:
            recovery.rescue(items)
        elif box.clickedButton() is delete:
            recovery.forget(items)
        box.deleteLater()

    box.finished.connect(answered)
    box.open()
