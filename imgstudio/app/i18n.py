"""Text that may be translated one day passes through here."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication

CONTEXT: Final = "imgstudio"


def tr(text: str) -> str:
    """The text in the language of the user, as far as a translation is installed."""
    return QCoreApplication.translate(CONTEXT, text)
