"""Keeps checkpoints and the model of a run; whatever breaks off leaves the ones before whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from imgstudio.core.paths import ensured, file_errors
from imgstudio.engine.manifest import PREVIEW_NAME
from imgstudio.learn.recipe import TrainSession
from imgstudio.learn.reports import Bytes, PreviewRow
from imgstudio.learn.runs.files import move_over, read_values, replace_quickly
from imgstudio.learn.runs.folder import CHECKPOINT_STEPS, CHECKPOINTS, MODEL, RunFolder

DRAFTS: Final = ".exporting"
BEFORE: Final = ".model-before"
PREVIEW_SIDE: Final = 256
MOST_KEPT: Final = 16
"""Numbered checkpoints at a time."""


class Keeper:
    """Guards that `model` is a whole model or absent, and that checkpoints are named by their step."""

    def __init__(self, run: RunFolder, session: TrainSession) -> None:
        self._run, self._session = run, session
        self.saved_step = -1
        """Step that the checkpoint "last" belongs to, as far as this worker saved it."""
        mend_model(run.path)

    def save(self, name: str, step: int) -> None:
        """Write a checkpoint; raises UserError."""
        folder = ensured(self._run.path / CHECKPOINTS)
        with file_errors(folder):
            self._session.save(folder / name)
        steps = read_values(folder / CHECKPOINT_STEPS) or {}
        replace_quickly(folder / CHECKPOINT_STEPS, json.dumps(steps | {name: step}))
        if name == "last":
            self.saved_step = step
        elif name.startswith("step-"):
            _thin_out(folder)

    def export(self, previews: Sequence[PreviewRow]) -> None:
        """Make the present weights the model of the run; raises UserError."""
        draft = self._run.path / DRAFTS / MODEL
        with file_errors(draft):
            shutil.rmtree(draft.parent, ignore_errors=True)
            draft.mkdir(parents=True)
            self._session.export(draft, self._run.facts().name)
            if previews and not (draft / PREVIEW_NAME).exists():
                write_model_preview(draft / PREVIEW_NAME, previews[0])
            swap_in(draft, self._run.path)

    def drop_model(self) -> None:
        """After a cancel."""
        for name in (MODEL, BEFORE, DRAFTS):
            shutil.rmtree(self._run.path / name, ignore_errors=True)


def _thin_out(folder: Path) -> None:
    """Every second numbered checkpoint goes when there are too many; the newest always stays."""
    kept = sorted(folder.glob("step-*"))
    if len(kept) > MOST_KEPT:
        for old in kept[-2::-2]:
            shutil.rmtree(old, ignore_errors=True)


def swap_in(draft: Path, run: Path) -> None:
    """Put a whole model folder in the place of the one before; raises OSError."""
    model, before = run / MODEL, run / BEFORE
    shutil.rmtree(before, ignore_errors=True)
    if model.exists():
        move_over(model, before)
    move_over(draft, model)
    shutil.rmtree(before, ignore_errors=True)
    shutil.rmtree(run / DRAFTS, ignore_errors=True)


def mend_model(run: Path) -> None:
    """Undo what a crash left half done while a model was swapped."""
    model, before = run / MODEL, run / BEFORE
    if before.exists() and not model.exists():
        move_over(before, model)
    shutil.rmtree(before, ignore_errors=True)
    shutil.rmtree(run / DRAFTS, ignore_errors=True)


def write_model_preview(path: Path, row: PreviewRow) -> None:
    """What goes in beside what comes out."""
    shown = [_lowered(picture) for picture in (row.input, row.output)]
    Image.fromarray(np.concatenate(shown, axis=1)).save(path, quality=90)


def _lowered(picture: Bytes) -> Bytes:
    height, width = picture.shape[:2]
    size = (max(1, round(width * PREVIEW_SIDE / height)), PREVIEW_SIDE)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
