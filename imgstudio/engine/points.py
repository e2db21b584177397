"""Finds named points in a picture with a network that draws a map for each."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from imgstudio.core.pixels import Floats
from imgstudio.engine.device import autocast
from imgstudio.engine.tensors import to_tensor

Places = npt.NDArray[np.float32]
"""(points, 2) x, y in shares of the picture's sides; nan where a point is not known."""


def find_points(network: nn.Module, pixels: Floats, side: int) -> tuple[Places, npt.NDArray[np.float32]]:
    """Places of the points in (h, w, 3) of 0..1, and how sure the network is of each, 0..1.

    It looks at the picture brought to a square of `side` pixels.
    """
    device = next(network.parameters()).device
    square = np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    with torch.inference_mode(), autocast(device):
        maps = network(to_tensor(square, device)).float()
    sure = _near(maps.flatten(2).softmax(2).view_as(maps), maps).sum((2, 3))
    return peaks(maps)[0].cpu().numpy(), sure[0].cpu().numpy()


def peaks(maps: Tensor, window: int = 3) -> Tensor:
    """(n, points, 2) x, y in shares of the sides: the middle of what lies around the largest value.

    `maps` are (n, points, h, w) scores; the mean over a window of a few cells is finer than a cell.
    """
    height, width = maps.shape[2:]
    across = torch.arange(width, device=maps.device)
    along = torch.arange(height, device=maps.device)
    shares = maps.masked_fill(~_is_near(maps, window), -torch.inf).flatten(2).softmax(2).view_as(maps)
    x = (shares.sum(2) * (across + 0.5)).sum(2) / width
    y = (shares.sum(3) * (along + 0.5)).sum(2) / height
    return torch.stack((x, y), 2)


def _near(shares: Tensor, maps: Tensor, window: int = 3) -> Tensor:
    """What of some shares lies around the largest value of their maps."""
    return shares * _is_near(maps, window)


def _is_near(maps: Tensor, window: int) -> Tensor:
    """(n, points, h, w) whether a cell lies within `window` cells of the largest value."""
    height, width = maps.shape[2:]
    best = maps.flatten(2).argmax(2)
    rows, columns = best // width, best % width
    near_x = (torch.arange(width, device=maps.device) - columns[..., None]).abs() <= window
    near_y = (torch.arange(height, device=maps.device) - rows[..., None]).abs() <= window
    return near_y[..., None] & near_x[..., None, :]
