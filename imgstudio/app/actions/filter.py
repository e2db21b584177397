"""The Filter menu, one action for every filter there is."""

from __future__ import annotations

from functools import partial
from typing import Final, get_args

from imgstudio.app.actions.spec import ActionSpec, with_document
from imgstudio.app.context import AppContext
from imgstudio.filters.base import Category, FilterRegistry
from imgstudio.filters.learned.kind import filter_id

FILTERS: Final = "filter."
LEARNED: Final = FILTERS + filter_id("")
"""What the ids begin with, of all these actions and of those whose filters are models."""
ORDER: Final[tuple[str, ...]] = get_args(Category)


def filter_actions(filters: FilterRegistry) -> tuple[ActionSpec, ...]:
    """Sorted by category, then by name."""
    ordered = sorted(filters, key=lambda item: (ORDER.index(item.category), item.name))
    return tuple(
        ActionSpec(
            f"{FILTERS}{item.id}",
            f"{item.name}…",
            "",
            f"Filter/{item.category}",
            partial(_open, item.id),
            with_document,
            help=item.help,
        )
        for item in ordered
    )


def _can_compare(context: AppContext) -> bool:
    return context.filter_panel.can_compare


def _compare(context: AppContext) -> None:
    context.window.show_panel("filter")
    context.filter_panel.compare()


ACTIONS: Final = (
    ActionSpec(
        "filters.sheet",
        "Contact sheet…",
        "",
        "Filter",
        _compare,
        _can_compare,
        icon="view-grid-outline",
        help="Eight settings of the filter in hand side by side; choose one to go on with.",
        separator=True,
    ),
)


def _open(filter_id: str, context: AppContext) -> None:
    context.window.show_panel("filter")
    context.filter_panel.open(filter_id)
