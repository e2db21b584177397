"""How labels are laid over the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["tint", "outline", "hidden"]


@dataclass(frozen=True, slots=True)
class LabelLook:
    """What is shown of labels, and how strongly."""

    style: Style = "tint"
    opacity: float = 0.5
    """0..1."""
    prediction: bool = True
    """Whether what a model says is shown where nobody looked."""
    unsure: bool = False
    """Whether it is shown where the model is unsure."""
    hidden: frozenset[int] = frozenset()
    """Label values that are not shown."""
