"""What a part of the program that proposes labels can be asked for."""

from __future__ import annotations

from typing import Any, Protocol


class Proposes(Protocol):
    """What proposes labels while one paints; it may have a bool `has_guess`."""

    def accept(self) -> Any:
        """Make what is proposed labels."""
        ...

    def discard(self) -> Any:
        """Send it away."""
        ...
