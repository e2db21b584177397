"""A style that was learned on top of a network that knows others: only what differs from it is kept."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.stylenet import StyleNet


class NewStyle(nn.Module):
    """First and last convolution and the vector of one style; the trunk is that of the network it was learned on.

    Weighs some 12 KB instead of a megabyte (Dumoulin et al. 2016 keep the vector alone). Cannot paint by itself.
    """

    def __init__(self, *, base: str, base_sha256: str, width: int = 32, blocks: int = 5) -> None:
        """`base` is the model that has the trunk, an AnyStyle, and `base_sha256` its exact weights."""
        super().__init__()
        self.base, self.base_sha256 = base, base_sha256
        self._shape = {"width": width, "blocks": blocks}
        painter = StyleNet(1, width=width, blocks=blocks)
        self.first = painter.first.paint
        self.last = painter.last
        self.styles = painter.styles

    def forward(self, image: Tensor) -> Tensor:
        raise RuntimeError(f"this style is painted by the trunk of {self.base}: see put_on")

    @torch.no_grad()
    def take(self, painter: StyleNet) -> None:
        """What is kept of a painter with one style."""
        for own, learned in zip(self._parts(), _parts(painter), strict=True):
            own.load_state_dict(learned.state_dict())

    @torch.no_grad()
    def put_on(self, trunk: StyleNet) -> StyleNet:
        """The painter of this style, in evaluation mode, where the trunk is; `trunk` stays as it is."""
        device = next(trunk.parameters()).device
        painter = StyleNet(1, **self._shape).to(device)
        painter.start_from(trunk)
        for learned, own in zip(_parts(painter), self._parts(), strict=True):
            learned.load_state_dict(own.state_dict())
        return painter.eval().requires_grad_(requires_grad=False)

    def _parts(self) -> tuple[nn.Module, ...]:
        return self.first, self.last, self.styles


def _parts(painter: StyleNet) -> tuple[nn.Module, ...]:
    return painter.first.paint, painter.last, painter.styles


ARCHITECTURE = Architecture("newstyle", NewStyle)
