"""VGG16 as torchvision publishes it; the convolutions only, the classifier is nine tenths of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict


def convert(data: bytes, progress: Progress) -> StateDict:
    """Return the state of `nets.vgg.Vgg`; raises UserError when it is another network."""
    from imgstudio.engine.nets.vgg import VGG16_CONVOLUTIONS
    from imgstudio.engine.weights import from_pth

    progress.update(0.0, "Reading weights")
    published = from_pth(data)
    state: StateDict = {}
    index = 0
    for block, count in enumerate(VGG16_CONVOLUTIONS, 1):
        for number in range(1, count + 1):
            for tensor in ("weight", "bias"):
                name = f"features.{index}.{tensor}"
                if name not in published:
                    raise UserError(
                        "The weights are not those of VGG16",
                        f"There is no layer {name}.",
                        "Choose another file.",
                    )
                # Copied: a piece of the file would keep all of it in memory.
                state[f"conv{block}_{number}.{tensor}"] = published[name].clone()
            index += 2
        index += 1
    return state


CONVERTER = Converter("torchvision_vgg16", convert, runs_nothing=False)
