"""The same jobs without a window; imports nothing, so that the window can ask which words are commands."""

from typing import Final

COMMANDS: Final = (
    "apply",
    "batch",
    "sheet",
    "segment",
    "labels",
    "filters",
    "models",
    "train",
    "info",
    "doctor",
)
