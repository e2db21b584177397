"""The look as tokens: the palette, the style sheet and every painted widget are made from them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from typing import Final, Literal

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from imgstudio.app.stylesheet import STYLE_SHEET
from imgstudio.core.settings import Settings

Theme = Literal["dark", "light"]
FONT_POINTS: Final = 9
SMALL_POINTS: Final = 8
TITLE_POINTS: Final = 11
THEME_PROPERTY: Final = "imgstudio.theme"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours as "#rrggbb". All greys are exactly neutral, so that colour is judged rightly."""

    canvas: str
    """Round the picture."""
    base: str
    """Panels."""
    raised: str
    """Fields, list rows, tool buttons."""
    hover: str
    line: str
    """1-px separators."""
    text: str
    dim: str
    """Labels and units."""
    off: str
    """Text that is disabled."""
    accent: str
    on_accent: str
    """Text on the accent colour."""
    chosen: str
    """Rows of a list that are selected."""
    good: str
    warn: str
    bad: str


DARK: Final = Tokens(
    canvas="#3a3a3a",
    base="#262626",
    raised="#303030",
    hover="#383838",
    line="#3d3d3d",
    text="#dedede",
    dim="#9a9a9a",
    off="#6a6a6a",
    accent="#4c9be8",
    on_accent="#101010",
    chosen="#444444",
    good="#5fb37a",
    warn="#d9a441",
    bad="#d96a5f",
)
LIGHT: Final = Tokens(
    canvas="#bdbdbd",
    base="#f2f2f2",
    raised="#ffffff",
    hover="#e8e8e8",
    line="#d0d0d0",
    text="#202020",
    dim="#6a6a6a",
    off="#a0a0a0",
    accent="#1f6fc4",
    on_accent="#ffffff",
    chosen="#d8d8d8",
    good="#519868",
    warn="#b88b37",
    bad="#b85a51",
)


def tokens(theme: str) -> Tokens:
    return LIGHT if theme == "light" else DARK


def current_tokens() -> Tokens:
    """Tokens of the theme that the running application shows."""
    application = QApplication.instance()
    return tokens(str(application.property(THEME_PROPERTY)) if application is not None else "dark")


def surround(settings: Settings) -> str:
    """The colour round the picture that the settings ask for."""
    chosen = {"black": "#000000", "grey": "#777777", "white": "#ffffff"}
    return chosen.get(settings.canvas_surround, tokens(settings.theme).canvas)


def apply_theme(application: QApplication, settings: Settings) -> None:
    """Give the whole application the theme of the settings; may be called again at any time."""
    look = tokens(settings.theme)
    application.setProperty(THEME_PROPERTY, settings.theme)
    application.setStyle("Fusion")
    application.setFont(interface_font())
    application.setPalette(palette(look))
    application.setStyleSheet(style_sheet(look))


def interface_font(points: float = FONT_POINTS, *, strong: bool = False) -> QFont:
    """The system's UI font in one of the three sizes of the program."""
    font = QFont(QApplication.font())
    font.setPointSizeF(points)
    if strong:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def style_sheet(look: Tokens) -> str:
    """The one style sheet of the program."""
    text = STYLE_SHEET
    for name in sorted((f.name for f in fields(look)), key=len, reverse=True):
        text = text.replace(f"@{name}", getattr(look, name))
    return text


def palette(look: Tokens) -> QPalette:
    """Fusion's palette, for everything the style sheet leaves alone."""
    role = QPalette.ColorRole
    colours = {
        role.Window: look.base,
        role.WindowText: look.text,
        role.Base: look.raised,
        role.AlternateBase: look.hover,
        role.Text: look.text,
        role.PlaceholderText: look.dim,
        role.Button: look.raised,
        role.ButtonText: look.text,
        role.BrightText: look.bad,
        role.ToolTipBase: look.raised,
        role.ToolTipText: look.text,
        role.Highlight: look.accent,
        role.HighlightedText: look.on_accent,
        role.Accent: look.accent,
        role.Link: look.accent,
        role.LinkVisited: look.accent,
        role.Light: look.hover,
        role.Midlight: look.hover,
        role.Mid: look.line,
        role.Dark: look.line,
        role.Shadow: "#000000",
    }
    made = QPalette()
    for name, colour in colours.items():
        made.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(look.off))
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(look.line))
    return made


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1..21 (WCAG 2.2, relative luminance)."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def key_text(keys: str) -> str:
    """A key sequence as people read it on this system."""
    return keys if sys.platform != "darwin" else keys.replace("Ctrl", "\u2318").replace("Alt", "\u2325")


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
