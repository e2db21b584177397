"""All actions of the program, in the order of the menus."""

from __future__ import annotations

from collections.abc import Iterable

from imgstudio.app.actions import (
    edit,
    file,
    harmonize,
    image,
    label,
    label_edits,
    layer,
    select,
    select_mask,
    tools,
    train,
    view,
)
from imgstudio.app.actions import filter as filter_menu
from imgstudio.app.actions import help as help_menu
from imgstudio.app.actions.spec import ActionSpec
from imgstudio.app.actions.tools import tool_actions
from imgstudio.app.canvas.tools.base import Tool
from imgstudio.filters.base import FilterRegistry


def all_actions(filters: FilterRegistry, toolbox: Iterable[Tool]) -> tuple[ActionSpec, ...]:
    return (
        *file.ACTIONS,
        *edit.ACTIONS,
        *image.ACTIONS,
        *layer.ACTIONS,
        *harmonize.ACTIONS,
        *select.ACTIONS,
        *select_mask.ACTIONS,
        *filter_menu.filter_actions(filters),
        *filter_menu.ACTIONS,
        *label.ACTIONS,
        *label_edits.ACTIONS,
        *view.ACTIONS,
        *train.ACTIONS,
        *help_menu.ACTIONS,
        *tools.ACTIONS,
        *tool_actions(toolbox),
    )
