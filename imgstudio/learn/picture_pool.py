"""Made pictures of the past, so that a critic does not forget the mistakes that a generator no longer makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from imgstudio.core.errors import UserError

_PICTURES: Final = "pictures"


class PicturePool:
    """Guards that it never holds more than `most` pictures, all of one size (Shrivastava et al. 2017).

    They are kept as bytes on the CPU. What is drawn comes from torch's generator of the CPU, so a step that seeds
    it draws the same each time.
    """

    def __init__(self, most: int = 50) -> None:
        self.most = most
        self._kept: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._kept)

    @torch.no_grad()
    def exchanged(self, made: Tensor) -> Tensor:
        """Take in (n, 3, h, w) pictures in 0..1; for each give back itself or, half of the time, an earlier one.

        While there is room all are kept and given back. Pictures of another size replace the whole pool.
        """
        if self._kept and self._kept[0].shape != made.shape[1:]:
            self._kept.clear()
        return torch.stack([self._exchanged(picture) for picture in made.detach().float()])

    def memory(self) -> dict[str, Tensor]:
        """(count, 3, h, w) bytes; empty as long as there are none."""
        return {_PICTURES: torch.stack(self._kept)} if self._kept else {}

    def remember(self, memory: Mapping[str, Tensor]) -> None:
        """Take back what `memory` returned; raises UserError, and changes nothing, when it is something else."""
        kept = memory.get(_PICTURES)
        if kept is None:
            self._kept = []
            return
        if kept.ndim != 4 or kept.dtype != torch.uint8 or len(kept) > self.most:
            raise UserError(
                "The checkpoint belongs to another training",
                "The pictures that its critics remember do not fit.",
                "Start a new run, or take a checkpoint of this one.",
            )
        self._kept = [picture.clone() for picture in kept.cpu()]

    def _exchanged(self, picture: Tensor) -> Tensor:
        own = (255 * picture.clamp(0, 1) + 0.5).to(torch.uint8).cpu()
        if len(self._kept) < self.most:
            self._kept.append(own)
            return picture
        if float(torch.rand(())) < 0.5:
            return picture
        place = int(torch.randint(self.most, ()))
        earlier, self._kept[place] = self._kept[place], own
        return earlier.to(picture.device).float() / 255
