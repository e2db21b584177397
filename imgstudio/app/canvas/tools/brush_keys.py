"""What the size, hardness and digit keys do to the options of the tool in hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from imgstudio.app.canvas.tools.base import ToolState
from imgstudio.app.canvas.tools.painting import PaintOptions
from imgstudio.app.canvas.tools.toolbox import Toolbox
from imgstudio.core.params import describe


def change_size(toolbox: Toolbox, factor: float) -> None:
    """Make the brush of any tool that has one larger or smaller, by a whole pixel at least."""
    options = toolbox.current.options
    declared = () if options is None else describe(type(options))
    limits = next((param.number for param in declared if param.name == "size"), None)
    if limits is None:
        return
    size = round(options.size * factor)
    if factor > 1:
        size = max(size, round(options.size) + 1)
    elif factor < 1:
        size = min(size, round(options.size) - 1)
    _put(toolbox, replace(options, size=float(min(max(size, limits.min), limits.max))))


def change_hardness(toolbox: Toolbox, step: float) -> None:
    """Add `step` (such as 0.1 or -0.1) to the hardness."""
    _change(toolbox, lambda o: replace(o, hardness=round(min(max(o.hardness + step, 0.0), 1.0), 2)))


def set_opacity(toolbox: Toolbox, opacity: float) -> None:
    """Set the opacity, 0..1."""
    _change(toolbox, lambda o: replace(o, opacity=min(max(opacity, 0.0), 1.0)))


def opacity_of_digit(digit: int) -> float:
    """Key 1 means 10 %, key 9 90 %, key 0 everything."""
    return digit / 10 if digit else 1.0


def _change(toolbox: Toolbox, changed: Callable[[PaintOptions], PaintOptions]) -> None:
    options = toolbox.current.options
    if isinstance(options, PaintOptions):
        _put(toolbox, changed(options))


def _put(toolbox: Toolbox, options: Any) -> None:
    state: ToolState = toolbox.state
    state.options[toolbox.current.id] = options
    state.options_changed(toolbox.current.id)
    state.redraw()
