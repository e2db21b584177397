"""The look: contrast and neutrality computed from the tokens, icons that exist."""

from __future__ import annotations

from dataclasses import fields

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon

from imgstudio.app.icons import icon
from imgstudio.app.theme import DARK, LIGHT, Tokens, apply_theme, contrast, style_sheet, tokens
from imgstudio.core.settings import Settings

THEMES = pytest.mark.parametrize("look", [DARK, LIGHT], ids=["dark", "light"])
GREYS = ("canvas", "base", "raised", "hover", "line", "text", "dim", "off", "chosen")


@THEMES
@pytest.mark.parametrize("ground", ["base", "raised", "hover", "chosen"])
def test_text_can_be_read_on_every_ground(look: Tokens, ground):
    assert contrast(look.text, getattr(look, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["base", "raised"])
def test_dim_text_can_be_read(look: Tokens, ground):
    assert contrast(look.dim, getattr(look, ground)) >= 4.5


@THEMES
def test_the_primary_button_can_be_read(look: Tokens):
    assert contrast(look.on_accent, look.accent) >= 4.5


@THEMES
@pytest.mark.parametrize("name", GREYS)
def test_greys_are_exactly_neutral(look: Tokens, name):
    colour = getattr(look, name)
    assert colour[1:3] == colour[3:5] == colour[5:7]


@THEMES
def test_the_focus_ring_stands_out(look: Tokens):
    assert contrast(look.accent, look.base) >= 3
    assert contrast(look.accent, look.raised) >= 3


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@THEMES
def test_the_style_sheet_uses_tokens_only(look: Tokens):
    text = style_sheet(look)
    assert "@" not in text
    colours = {getattr(look, f.name) for f in fields(look)}
    used = {text[i : i + 7] for i in range(len(text)) if text[i] == "#" and text[i + 1 : i + 7].isalnum()}
    assert used <= colours


def test_an_icon_follows_the_theme_by_itself(qapp):
    settings = Settings()
    apply_theme(qapp, settings)
    sign = icon("brush")
    dark = sign.pixmap(QSize(18, 18)).toImage()
    settings.set("theme", "light")
    apply_theme(qapp, settings)
    light = sign.pixmap(QSize(18, 18)).toImage()
    assert dark != light
    assert light != sign.pixmap(QSize(18, 18), QIcon.Mode.Normal, QIcon.State.On).toImage()


def test_an_icon_that_does_not_exist_is_refused(qapp):
    with pytest.raises(KeyError):
        icon("no-such-icon")


def test_an_unknown_theme_is_dark():
    assert tokens("purple") is DARK
