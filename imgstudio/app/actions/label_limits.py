"""What is off while a picture is labelled: its pixels and its size stay as they are in the file."""

from __future__ import annotations

from typing import Final

from imgstudio.app.context import AppContext

_OFF: Final = (
    "image.",
    "layer.",
    "filter.",
    "object.",
    "colours.default",
    "edit.clear",
    "edit.cut",
    "edit.fill",
    "edit.paste",
    "edit.transform",
    "file.close",
    "file.export",
    "file.place",
    "file.save",
    "select.and_mask",
    "select.quick_mask",
)
"""How the ids of actions begin that would change the picture, or save it as a document."""
_ALWAYS: Final = frozenset({"edit.paste_as_new"})


def is_off(context: AppContext, action_id: str) -> bool:
    """Whether an action must not be done to what is shown now."""
    document = context.documents.current
    is_labelled = document is not None and document in context.documents.guests
    menu, _, name = action_id.partition(".")
    if menu == "tool" and name in context.tools.tools:
        return ("labels" if is_labelled else "pixels") not in context.tools.tools[name].works_on
    return is_labelled and action_id.startswith(_OFF) and action_id not in _ALWAYS
