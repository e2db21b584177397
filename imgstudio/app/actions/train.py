"""The two workspaces of the View menu, and steering the training from anywhere."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal

from imgstudio.app.actions.spec import ActionSpec
from imgstudio.app.context import AppContext


def _show(name: Literal["edit", "train"], context: AppContext) -> None:
    context.window.workspaces.show(name)


def _is_shown(name: str, context: AppContext) -> bool:
    return context.window.workspaces.current == name


def _spec(name: Literal["edit", "train"], text: str, keys: str, **more: Any) -> ActionSpec:
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
        "train",
        "Train workspace",
        "Ctrl+Shift+2",
        icon="school-outline",
        help="Train a network on your own pictures; it becomes a filter.",
    ),
)
