"""Select > Select and mask: the workspace for edges."""

from __future__ import annotations

from typing import Final

from imgstudio.app.actions.spec import ActionSpec, with_document
from imgstudio.app.context import AppContext


def select_and_mask(context: AppContext) -> None:
    context.window.select_and_mask.open()


ACTIONS: Final = (
    ActionSpec(
        "select.and_mask",
        "Select and mask…",
        "Ctrl+Alt+R",
        "Select",
        select_and_mask,
        enabled=with_document,
        separator=True,
        help="Find the edge in hair and fur, refine it, and make a selection, a mask or a layer of it.",
    ),
)
