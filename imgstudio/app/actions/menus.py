"""Menus whose entries change: the recent files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QMenu, QWidget

from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr

LONGEST: Final = 70


class RecentMenu(QMenu):
    """File > Open recent; filled each time it opens."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(tr("Open recent"), parent)
        self.setObjectName("menu.recent")
        self.setToolTipsVisible(True)
        self._context = context
        self.aboutToShow.connect(self._fill)
        context.settings.changed.connect(self._on_setting)
        self._on_setting("recent_files")

    def _on_setting(self, name: str) -> None:
        if name == "recent_files":
            self.setEnabled(bool(self._context.settings.recent_files))

    def _fill(self) -> None:
        self.clear()
        for text in self._context.settings.recent_files:
            path = Path(text)
            action = self.addAction(_short(path.name).replace("&", "&&"))
            action.setToolTip(text)
            action.triggered.connect(lambda _=False, path=path: self._context.documents.open_paths([path]))
        self.addSeparator()
        self.addAction(tr("Clear list"), self._context.settings.forget_recent)


def _short(name: str) -> str:
    half = LONGEST // 2
    return name if len(name) <= LONGEST else f"{name[:half]}…{name[-half:]}"
