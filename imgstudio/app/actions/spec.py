"""What an action is: data that menus, keys, the palette and the toolbar are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imgstudio.app.context import AppContext

Scope = Literal["window", "canvas", "held"]
"""Where its key works: anywhere in the window; only while the canvas has the focus; or held down."""


def always(context: AppContext) -> bool:
    """Enabled at any time."""
    return True


def with_document(context: AppContext) -> bool:
    """Enabled while a document is shown."""
    return context.documents.current is not None


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing the user can do. `run` is only called while `enabled` says so."""

    id: str
    """"menu.name", stable: keys and scripts refer to it."""
    text: str
    keys: str = ""
    """As Qt writes them, several joined by "; " ("Ctrl+Shift+Z; Ctrl+Y")."""
    menu: str = ""
    """Path such as "Image/Rotate"; "" = in no menu, only in the palette."""
    run: Callable[[AppContext], object] = lambda context: None
    enabled: Callable[[AppContext], bool] = always
    checked: Callable[[AppContext], bool] | None = None
    """Given for what is on or off."""
    icon: str = ""
    """mdi6 name."""
    help: str = ""
    """One sentence for the tooltip and the status bar."""
    text_now: Callable[[AppContext], str] | None = None
    """Text that depends on the document, such as "Undo brush stroke"."""
    scope: Scope = "window"
    release: Callable[[AppContext], None] | None = None
    """For held keys: what happens when the key comes up."""
    separator: bool = False
    """Whether a line stands above it in the menu."""
    workspace: str = ""
    """Where its keys work, and win over those of others; "" = everywhere."""
