"""The workspaces of the View menu."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal

from imgstudio.app.actions.spec import ActionSpec
from imgstudio.app.context import AppContext


def _show(name: Literal["edit", "label", "train"], context: AppContext) -> None:
    context.window.workspaces.show(name)


def _is_shown(name: str, context: AppContext) -> bool:
    return context.window.workspaces.current == name


def _spec(name: Literal["edit", "label", "train"], text: str, keys: str, **more: Any) -> ActionSpec:
    return ActionSpec(
        f"workspace.{name}",
        text,
        keys,
        "View",
        partial(_show, name),
        checked=partial(_is_shown, name),
        **more,
    )


ACTIONS: Final = (
    _spec(
        "edit",
        "Edit workspace",
        "Ctrl+Shift+1",
        separator=True,
        help="The picture with its tools and panels.",
    ),
    _spec(
        "label",
        "Label workspace",
        "Ctrl+Shift+2",
        icon="label-outline",
        help="Say what is where in many pictures, with the same tools; a model learns meanwhile.",
    ),
    _spec(
        "train",
        "Train workspace",
        "Ctrl+Shift+3",
        icon="school-outline",
        help="Train a network on your own pictures; it becomes a filter.",
    ),
)
