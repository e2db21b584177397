"""Saves a run so that going on later is the same as never having stopped: safetensors and JSON, nothing else."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from imgstudio.learn.ema import Average

STATE_FILE = "state.json"


@dataclass(frozen=True, eq=False, slots=True)
class Run:
    """Everything that changes while training, apart from the step counter."""

    module: nn.Module
    average: Average
    optimiser: torch.optim.Optimizer
    random: np.random.Generator


def save_checkpoint(folder: Path, run: Run, facts: dict[str, Any]) -> None:
    """Write a checkpoint; a crash at any moment leaves the previous one whole.

    `facts` are plain numbers and texts of the caller (step, seconds, best score) and must contain "step".
    Tensors go to a file of their own first; then the state file, which names it, is replaced in one move.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors, groups = _optimiser_parts(run.optimiser)
    tensors |= {f"module.{name}": value for name, value in run.module.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in run.average.weights.items()}
    tensors["random.torch"] = torch.get_rng_state()
    name = f"step-{facts['step']:08d}.safetensors"
    draft = folder / f"{name}.draft"
    save_file({key: value.contiguous() for key, value in tensors.items()}, draft)
    draft.replace(folder / name)
    state = {
        "tensors": name,
        "facts": facts,
        "groups": groups,
        "average_updates": run.average.updates,
        "random_numpy": run.random.bit_generator.state,
        "random_python": random.getstate(),
    }
    draft = folder / f"{STATE_FILE}.draft"
    draft.write_text(json.dumps(state), encoding="utf-8")
    draft.replace(folder / STATE_FILE)
    for old in folder.glob("step-*.safetensors"):
        if old.name != name:
            old.unlink()


def has_checkpoint(folder: Path) -> bool:
    return (folder / STATE_FILE).is_file()


def load_checkpoint(folder: Path, run: Run) -> dict[str, Any]:
    """Put `run` back where `save_checkpoint` found it and return the caller's facts.

    Raises ValueError when the checkpoint belongs to another network.
    """
    state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
    tensors = load_file(folder / Path(state["tensors"]).name)
    try:
        run.module.load_state_dict(_under(tensors, "module."))
        run.average.load(_under(tensors, "average."), int(state["average_updates"]))
    except (RuntimeError, KeyError) as error:
        raise ValueError(f"the checkpoint in {folder} belongs to another network") from error
    _load_optimiser(run.optimiser, _under(tensors, "optimiser."), state["groups"])
    run.random.bit_generator.state = state["random_numpy"]
    torch.set_rng_state(tensors["random.torch"])
    version, words, gauss = state["random_python"]
    random.setstate((version, tuple(words), gauss))
    return dict(state["facts"])


def averaged_weights(folder: Path) -> dict[str, Tensor]:
    """The slow copy of the weights in a checkpoint, without building anything."""
    state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
    return _under(load_file(folder / Path(state["tensors"]).name), "average.")


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _optimiser_parts(optimiser: torch.optim.Optimizer) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Tensors named `optimiser.<parameter>.<what>`, and the groups as plain values."""
    state = optimiser.state_dict()
    tensors = {
        f"optimiser.{index}.{what}": torch.as_tensor(value)
        for index, values in state["state"].items()
        for what, value in values.items()
    }
    return tensors, state["param_groups"]


def _load_optimiser(
    optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor], groups: list[dict[str, Any]]
) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, what = name.split(".", 1)
        state.setdefault(int(index), {})[what] = value
    optimiser.load_state_dict({"state": state, "param_groups": groups})
