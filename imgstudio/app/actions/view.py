"""The View menu: zoom, comparing, what is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from imgstudio.app.actions.spec import ActionSpec, with_document
from imgstudio.app.context import AppContext

SURROUNDS: Final = (("theme", "As the theme"), ("black", "Black"), ("grey", "Grey"), ("white", "White"))
PANELS: Final = (("layers", "Layers"), ("history", "History"), ("filter", "Filter"), ("info", "Info"))
LABEL_PANELS: Final = (
    ("classes", "Classes"),
    ("pictures", "Pictures"),
    ("model", "Model"),
    ("quality", "Quality"),
)


def _canvas(method: str) -> Callable[[AppContext], None]:
    return lambda context: getattr(context.window.canvas, method)()


def _hold_original(*, held: bool) -> Callable[[AppContext], None]:
    return lambda context: context.window.canvas.hold_original(held=held)


def _split(context: AppContext) -> None:
    canvas = context.window.canvas
    canvas.set_compare("off" if canvas.compare_mode == "split" else "split")


def _is_split(context: AppContext) -> bool:
    return context.window.canvas.compare_mode == "split"


def _set_surround(colour: str, context: AppContext) -> None:
    context.settings.set("canvas_surround", colour)


def _has_surround(colour: str, context: AppContext) -> bool:
    return context.settings.canvas_surround == colour


def _toggle_theme(context: AppContext) -> None:
    context.settings.set("theme", "dark" if context.settings.theme == "light" else "light")


def _show_panel(name: str, context: AppContext) -> None:
    context.window.show_panel(name)


def _has_panel(name: str, context: AppContext) -> bool:
    return context.window.docks.has(name)


def _spec(name: str, text: str, keys: str, run: Callable[[AppContext], None], **more: Any) -> ActionSpec:
    return ActionSpec(f"view.{name}", text, keys, more.pop("menu", "View"), run, **more)


ACTIONS: Final = (
    _spec(
        "zoom_in",
        "Zoom in",
        "Ctrl++; Ctrl+=",
        _canvas("zoom_in"),
        enabled=with_document,
        icon="magnify-plus-outline",
    ),
    _spec(
        "zoom_out",
        "Zoom out",
        "Ctrl+-",
        _canvas("zoom_out"),
        enabled=with_document,
        icon="magnify-minus-outline",
    ),
    _spec("fit", "Fit", "Ctrl+0", _canvas("fit"), enabled=with_document, icon="fit-to-page-outline"),
    _spec("actual", "100 %", "Ctrl+1", _canvas("actual_size"), enabled=with_document),
    _spec(
        "original",
        "Original (hold)",
        "`",
        _hold_original(held=True),
        enabled=with_document,
        scope="held",
        release=_hold_original(held=False),
        separator=True,
        help="The picture as it was opened, as long as the key is down.",
    ),
    _spec(
        "split",
        "Before and after",
        "Shift+`",
        _split,
        enabled=with_document,
        checked=_is_split,
        icon="compare",
        help="A line to drag and turn: the original on one side, the present on the other.",
    ),
    _spec(
        "overlay",
        "Selection overlay",
        "\\",
        lambda context: context.window.toggle_overlay(),
        checked=lambda context: context.window.is_overlay_visible,
        help="Show the selection as a colour.",
    ),
    *(
        _spec(
            f"surround_{colour}",
            text,
            "",
            partial(_set_surround, colour),
            checked=partial(_has_surround, colour),
            menu="View/Colour round the picture",
        )
        for colour, text in SURROUNDS
    ),
    *(
        _spec(f"panel_{name}", text, "", partial(_show_panel, name), menu="View/Panel")
        for name, text in PANELS
    ),
    *(
        _spec(
            f"panel_{name}",
            text,
            "",
            partial(_show_panel, name),
            menu="View/Panel",
            enabled=partial(_has_panel, name),
            separator=name == LABEL_PANELS[0][0],
        )
        for name, text in LABEL_PANELS
    ),
    _spec(
        "panels",
        "Hide panels",
        "Tab",
        lambda context: context.window.toggle_panels(),
        checked=lambda context: context.window.panels_hidden,
        scope="canvas",
        separator=True,
        help="Only the picture; press again to bring the panels back.",
    ),
    _spec(
        "full_screen",
        "Full screen",
        "F; F11",
        lambda context: context.window.toggle_full_screen(),
        checked=lambda context: context.window.isFullScreen(),
    ),
    _spec(
        "theme", "Light theme", "", _toggle_theme, checked=lambda context: context.settings.theme == "light"
    ),
    _spec(
        "reset_layout",
        "Reset panels",
        "",
        lambda context: context.window.reset_layout(),
        help="All panels back in their places.",
    ),
)
