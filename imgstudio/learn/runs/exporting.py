"""Turns any kept checkpoint of a run into a model folder, also while the run goes on."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, file_errors
from imgstudio.engine.manifest import ModelManifest
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.install import copy_model
from imgstudio.learn.runs.records import KeptCheckpoint


def export_checkpoint(run: RunFolder, which: str, parent: Path, name: str = "") -> tuple[ModelManifest, Path]:
    """Write the weights of a checkpoint as a new model folder inside `parent`; imports torch.

    `which` is "best", "last" or the step of a kept checkpoint. Nothing is overwritten: the folder takes a
    free name. Returns what was written and where. Raises UserError, such as for a step that was not kept.
    """
    from imgstudio.learn.runs.worker import start_session

    kept = checkpoint_named(run, which)
    wanted = name.strip() or run.facts().name
    draft = ensured(parent) / f".exporting-{secrets.token_hex(6)}" / "model"
    try:
        with file_errors(draft):
            draft.mkdir(parents=True)
        session = start_session(run)
        session.restore(kept.folder)
        manifest = session.export(draft, wanted)
        made = copy_model(draft, replace(manifest, name=wanted), parent)
    finally:
        shutil.rmtree(draft.parent, ignore_errors=True)
    return made, parent / made.id


def checkpoint_named(run: RunFolder, which: str) -> KeptCheckpoint:
    """Raises UserError naming the checkpoints there are."""
    kept = run.kept_checkpoints()
    wanted = f"step-{int(which):08d}" if which.isdecimal() else which
    for checkpoint in kept:
        if checkpoint.name == wanted:
            return checkpoint
    by_step = [checkpoint for checkpoint in kept if which.isdecimal() and checkpoint.step == int(which)]
    if by_step:
        return by_step[0]
    names = [str(c.step) if c.name.startswith("step-") else c.name for c in kept]
    raise UserError(
        f"The run has no checkpoint “{which}”",
        f"It has: {', '.join(names) or 'none'}",
        "Choose one of those." if names else "Train it first.",
    )
