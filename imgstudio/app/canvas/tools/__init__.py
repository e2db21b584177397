"""One tool a file; tools see document coordinates only."""

from __future__ import annotations

from imgstudio.app.canvas.tools.toolbox import Toolbox

__all__ = ["Toolbox"]
