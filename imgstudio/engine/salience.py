"""What stands out in a picture, found by a network that sees all of it, small."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import nn

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.device import guard
from imgstudio.engine.nets.salientnet import SalientNet
from imgstudio.engine.tensors import check_finite


@torch.inference_mode()
def salience(
    network: nn.Module,
    pixels: Floats,
    *,
    side: int | None = None,
    mirrored: bool = True,
    device: torch.device | None = None,
    progress: Progress | None = None,
) -> Floats:
    """How much each part of (h, w, 3), sRGB 0..1, belongs to what stands out: (side, side), 0..1.

    `network` in evaluation mode on `device`. It sees the picture, whatever its shape, with `side` pixels each way;
    None: as it was made for. Mirrored it looks twice, at the mirrored picture too, which is a little better. Raises
    OutOfMemory, and between the two looks Cancelled.
    """
    side = side or int(getattr(network, "side", SalientNet.side))
    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    small = np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32)
    tensor = torch.from_numpy(small).to(device or torch.device("cpu"))
    tensor = tensor.contiguous(memory_format=torch.channels_last)
    with guard():
        shares = network(tensor).sigmoid()
        if mirrored:
            if progress is not None:
                progress.update(0.5)
            shares = (shares + network(tensor.flip(3)).sigmoid().flip(3)) / 2
    check_finite(shares, "salience")
    return np.asarray(shares[0, 0].float().cpu().numpy(), np.float32)
