"""Taking a tool in hand, and the keys of brushes and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from imgstudio.app.actions.spec import ActionSpec
from imgstudio.app.canvas.tools import brush_keys
from imgstudio.app.canvas.tools.base import Tool
from imgstudio.app.context import AppContext

LARGER: Final = 1.2
SMALLER: Final = 1 / 1.2
HARDER: Final = 0.1


def tool_actions(tools: Iterable[Tool]) -> tuple[ActionSpec, ...]:
    return tuple(
        ActionSpec(
            f"tool.{tool.id}",
            tool.name,
            tool.key,
            "",
            partial(_activate, tool.id),
            checked=partial(_is_active, tool.id),
            icon=tool.icon,
            help=tool.help,
            workspace="label" if tool.works_on == ("labels",) else "",
        )
        for tool in tools
        if not tool.action_id
    )


def swap(context: AppContext) -> None:
    """Swap painting and erasing while painting the selection, a layer's mask or hints, else the two colours."""
    if context.tools.current.swap():
        return
    state = context.tool_state
    if context.tools.current.id == "mask_brush" or state.target == "mask":
        state.erasing = not state.erasing
        state.say("Erasing" if state.erasing else "Painting")
        state.redraw()
        return
    state.foreground, state.background = state.background, state.foreground
    state.colours_changed()


def default_colours(context: AppContext) -> None:
    context.tool_state.foreground, context.tool_state.background = (0, 0, 0), (255, 255, 255)
    context.tool_state.colours_changed()


def _activate(tool_id: str, context: AppContext) -> None:
    context.tools.activate(tool_id)


def _is_active(tool_id: str, context: AppContext) -> bool:
    return context.tools.current.id == tool_id


def _size(factor: float) -> Callable[[AppContext], None]:
    return lambda context: brush_keys.change_size(context.tools, factor)


def _hardness(step: float) -> Callable[[AppContext], None]:
    return lambda context: brush_keys.change_hardness(context.tools, step)


def _opacity(digit: int) -> Callable[[AppContext], None]:
    return lambda context: _press_digit(context, digit)


def _press_digit(context: AppContext, digit: int) -> None:
    if not context.tools.current.digit(digit):
        brush_keys.set_opacity(context.tools, brush_keys.opacity_of_digit(digit))


ACTIONS: Final = (
    ActionSpec("brush.smaller", "Smaller brush", "[", run=_size(SMALLER)),
    ActionSpec("brush.larger", "Larger brush", "]", run=_size(LARGER)),
    ActionSpec("brush.softer", "Softer brush", "Shift+[", run=_hardness(-HARDER)),
    ActionSpec("brush.harder", "Harder brush", "Shift+]", run=_hardness(HARDER)),
    ActionSpec(
        "colours.swap", "Swap colours", "X", run=swap, help="In mask mode: swap painting and erasing."
    ),
    ActionSpec("colours.default", "Default colours", "D", run=default_colours, help="Black and white."),
    *(
        ActionSpec(
            f"brush.opacity_{digit}",
            f"Opacity {digit or 10}0 %",
            str(digit),
            run=_opacity(digit),
            scope="canvas",
        )
        for digit in range(10)
    ),
)
