"""Writes a model as ONNX for other programs; needs the extra `onnx`."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from imgstudio.core.errors import UserError
from imgstudio.core.paths import replacing
from imgstudio.engine.manifest import ModelManifest
from imgstudio.engine.registry import ModelRegistry

if TYPE_CHECKING:
    import torch
    from torch import nn

SIDE: Final = 128
"""Least side of the picture that the network is traced with (pixels)."""
OPSET: Final = 18


def write_onnx(model: Path, target: Path) -> None:
    """Write the network of a model folder as `target`, (batch, 3, height, width) in and out, sides left open.

    What the numbers mean stands in the file's metadata. Raises UserError when the packages are missing, the
    network takes more than a picture, or the file cannot be written.
    """
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            "Writing ONNX is not installed",
            f"It needs {' and '.join(missing)}.",
            'Install it with: pip install "imgstudio[onnx]"',
        )
    registry = ModelRegistry(model.parent)
    manifest = registry.manifest(_id_of(registry, model))
    network = _network(registry, manifest)
    with replacing(target) as draft:
        _write(network, manifest, draft)


def _network(registry: ModelRegistry, manifest: ModelManifest) -> nn.Module:
    """Styles that were learned on another network's trunk are put on it."""
    import torch

    from imgstudio.engine.style.vectors import painter_of

    if manifest.task == "style":
        return painter_of(registry, manifest.id, torch.device("cpu"))
    return registry.load(manifest.id).eval()


def _id_of(registry: ModelRegistry, model: Path) -> str:
    for manifest in registry.manifests():
        if registry.folder(manifest.id) == model:
            return manifest.id
    raise UserError(f"“{model.name}” is not a model", f"{model} holds none.", "Choose a model's folder.")


def _write(network: nn.Module, manifest: ModelManifest, path: Path) -> None:
    import onnx
    import torch

    step = manifest.multiple_of
    side = -(-max(SIDE, manifest.minimum) // step) * step
    example = torch.zeros(2, 3, side, side + step)
    try:
        with torch.inference_mode(), _quiet():
            program = _program(network, example)
    except Exception as error:  # the exporter fails in many ways, each of its own type
        raise UserError(
            f"“{manifest.name}” cannot be written as ONNX",
            f"The exporter could not follow its network ({type(error).__name__}).",
            "Use the safetensors file.",
        ) from error
    proto = program.model_proto
    facts = {
        "name": manifest.name,
        "task": manifest.task,
        "range": json.dumps(manifest.range),
        "classes": json.dumps(manifest.classes),
        "multiple_of": str(manifest.multiple_of),
        "overlap": str(manifest.overlap),
        "scale": str(manifest.scale),
        "licence": manifest.licence,
    }
    onnx.helper.set_model_props(proto, facts)
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString())


def _program(network: nn.Module, example: torch.Tensor) -> Any:
    import torch

    free = {0: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    return torch.onnx.export(
        network,
        (example,),
        input_names=["picture"],
        dynamic_shapes=(free,),
        dynamo=True,
        opset_version=OPSET,
        verbose=False,
    )


@contextlib.contextmanager
def _quiet() -> Any:
    """The exporter talks to stdout and warns of its own parts."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
