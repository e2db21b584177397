"""Distances that training minimises."""

from __future__ import annotations

from torch import Tensor


def charbonnier(difference: Tensor, soft: float = 1e-3) -> Tensor:
    """Absolute value rounded off near zero (Charbonnier 1994), element by element."""
    return (difference.square() + soft * soft).sqrt()
