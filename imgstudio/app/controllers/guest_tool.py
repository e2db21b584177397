"""A tool that is in the toolbox only for a while, without a button of its own."""

from __future__ import annotations

from imgstudio.app.canvas.tools.base import Tool
from imgstudio.app.canvas.tools.toolbox import Toolbox


class GuestTool:
    """Guards: the tool before comes back, unless a person has taken another one meanwhile."""

    def __init__(self, tools: Toolbox, tool: Tool) -> None:
        self._tools, self._tool = tools, tool
        self._before = tools.current.id
        tools.tools[tool.id] = tool
        tools.activate(tool.id)

    def take(self) -> None:
        """Take it in hand again."""
        self._tools.activate(self._tool.id)

    def put_down(self) -> None:
        """Take it out of the toolbox; may be called more than once."""
        tools = self._tools
        if tools.tools.get(self._tool.id) is self._tool:
            del tools.tools[self._tool.id]
        if tools.current is self._tool:
            # What was in hand before may itself have been a guest that has gone.
            tools.activate(self._before if self._before in tools.tools else next(iter(tools.tools)))
