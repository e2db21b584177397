"""Checkpoints of a run: one safetensors file, replaced in one move, with its plain values in the header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, file_errors, write_atomically

CHECKPOINT_NAME = "checkpoint.safetensors"
FACTS = "facts"


def save_checkpoint(folder: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write a checkpoint; a crash at any moment, or a full disk, leaves the previous one whole.

    `facts` are plain values (JSON). Raises UserError when it cannot be written.
    """
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    contents = save(plain, {FACTS: json.dumps(facts)})
    try:
        _remove_drafts(ensured(folder))
        write_atomically(folder / CHECKPOINT_NAME, contents)
    except UserError as error:
        raise UserError(
            "The checkpoint could not be saved",
            error.why,
            f"{error.what_to_do} The one before is still whole.",
        ) from error


def has_checkpoint(folder: Path) -> bool:
    return (folder / CHECKPOINT_NAME).is_file()


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts, on the CPU; raises UserError when there is none or it is damaged."""
    path = folder / CHECKPOINT_NAME
    if not path.is_file():
        raise UserError(
            "There is no checkpoint to go on from",
            f"{folder} holds none.",
            "Choose the folder of a run, or start a new one.",
        )
    try:
        with file_errors(path), safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {})[FACTS])
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118  not a dict
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(
            "The checkpoint cannot be read",
            f"{path} is damaged or was not made by this program ({error}).",
            "Go on from another checkpoint of the run.",
        ) from error


def under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose name starts with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def over(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The same with `prefix` before each name."""
    return {prefix + name: value for name, value in tensors.items()}


def check_fits(saved: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> None:
    """Raise UserError unless both have the same names and shapes."""
    missing, unknown = sorted(present.keys() - saved.keys()), sorted(saved.keys() - present.keys())
    other = sorted(name for name in present.keys() & saved.keys() if present[name].shape != saved[name].shape)
    reasons = [
        f"{what}: {names[0]}" + (f" and {len(names) - 1} more" if names[1:] else "")
        for what, names in (("It lacks", missing), ("Nobody knows", unknown), ("Of another size", other))
        if names
    ]
    if reasons:
        raise UserError(
            "The checkpoint belongs to another network",
            "; ".join(reasons) + ".",
            "Go on with the settings that run was started with, or start a new run.",
        )


def _remove_drafts(folder: Path) -> None:
    """What a crash in the middle of a save left behind."""
    for draft in folder.glob(".*.part.safetensors"):
        draft.unlink(missing_ok=True)
