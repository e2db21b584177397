"""Pictures to tensors and back: the only place where axes are turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imgstudio.core.pixels import Floats

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class NotFinite(Exception):
    """A computation gave numbers that are infinite or undefined."""


def to_tensor(pixels: Floats, device: torch.device | None = None) -> Tensor:
    """(h, w, c) or (h, w) float32 to (1, c, h, w) float32 in channels-last memory order.

    Shares memory with `pixels` where it can: treat the tensor as read-only.
    """
    import torch

    from imgstudio.engine.device import to_device

    if pixels.ndim == 2:
        pixels = pixels[..., None]
    pixels = np.ascontiguousarray(pixels, dtype=np.float32)
    if not pixels.flags.writeable:  # torch knows no read-only memory and warns
        pixels = pixels.copy()
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)
    return tensor if device is None else to_device(tensor, device)


def to_pixels(tensor: Tensor) -> Floats:
    """(1, c, h, w) of any number format and device to contiguous (h, w, c) float32."""
    if tensor.ndim != 4 or tensor.shape[0] != 1:
        raise ValueError(f"expected (1, c, h, w), got {tuple(tensor.shape)}")
    turned = tensor.detach()[0].permute(1, 2, 0).float().cpu()
    return np.ascontiguousarray(turned.numpy())


def padded_to_multiple(tensor: Tensor, multiple: int, minimum: int = 1) -> Tensor:
    """Mirror (n, c, h, w) at its right and bottom until both sides are multiples and at least `minimum`.

    The picture stays at the top left: cut the result back to [..., :h * scale, :w * scale].
    """
    from torch.nn import functional

    height, width = tensor.shape[-2:]
    right, down = (_missing(side, multiple, minimum) for side in (width, height))
    while right or down:
        # A mirror shows at most all but one of the pixels before it; a single pixel is repeated.
        across, along = (min(right, max(1, width - 1)), min(down, max(1, height - 1)))
        mode = "replicate" if width == 1 or height == 1 else "reflect"
        tensor = functional.pad(tensor, (0, across, 0, along), mode)
        right, down = right - across, down - along
        height, width = tensor.shape[-2:]
    return tensor


def is_finite(values: Tensor | Floats) -> bool:
    """Whether no value is infinite or undefined."""
    if isinstance(values, np.ndarray):
        # A sum is not finite when one of its parts is not, and needs no second array; it may overflow.
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(np.isfinite(values.sum(dtype=np.float64)))
    return bool(values.isfinite().all())


def check_finite(values: Tensor | Floats, what: str) -> None:
    """Raise NotFinite, naming `what` was computed."""
    if not is_finite(values):
        raise NotFinite(what)


def _missing(side: int, multiple: int, minimum: int) -> int:
    wanted = -(-max(side, minimum) // multiple) * multiple
    return wanted - side
