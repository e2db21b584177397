"""A quiet line on the Colorize page, with what may be done about it as a link."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget


class Notice(QLabel):
    """Hidden while it has nothing to say; the link is reached with Tab as well."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self._do: Callable[[], object] = lambda: None
        self.linkActivated.connect(self._on_link)
        self.hide()

    def say(self, text: str, offer: str = "", do: Callable[[], object] = lambda: None) -> None:
        """Show a text, and a link that does something; "" hides it."""
        link = f" <a href='do'>{escape(offer).replace(' ', '&nbsp;')}</a>" if offer else ""
        self.setText(escape(text) + link)
        self._do = do
        self.setVisible(bool(text))

    def _on_link(self, link: str) -> None:
        self._do()
