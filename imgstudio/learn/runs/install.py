"""Makes a trained model one of the user's own, under an id that nothing else has."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, file_errors, models_folder, resources, write_atomically
from imgstudio.engine.manifest import MANIFEST_NAME, ModelManifest, read_manifest
from imgstudio.learn.runs.prepare import plain_name


def install(model: Path, name: str = "") -> ModelManifest:
    """Copy a model folder to the user's models and return what it is now; overwrites nothing.

    The very same weights under the same name are not copied twice. Refresh the model registry afterwards,
    so that the filter appears. Raises UserError.
    """
    manifest = read_manifest(model)
    named = replace(manifest, name=name.strip() or manifest.name)
    root = ensured(models_folder())
    same = _same(root, named)
    return same if same is not None else copy_model(model, named, root)


def copy_model(model: Path, named: ModelManifest, root: Path) -> ModelManifest:
    """Copy `model` to a new folder of `root`, described by `named` but for its id. Raises UserError."""
    draft = root / f".installing-{secrets.token_hex(6)}"
    base = plain_name(named.name) or named.task
    taken = {path.parent.name for path in (resources() / "models").glob(f"*/{MANIFEST_NAME}")}
    with file_errors(root):
        try:
            shutil.copytree(model, draft)
            number = 1
            while True:
                made = replace(named, id=base if number == 1 else f"{base}-{number}")
                write_atomically(draft / MANIFEST_NAME, made.to_json())
                if made.id not in taken and _is_moved(draft, root / made.id):
                    return made
                number += 1
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _is_moved(draft: Path, place: Path) -> bool:
    if place.exists():
        return False
    try:
        draft.rename(place)
    except FileExistsError:
        return False
    return True


def _same(root: Path, wanted: ModelManifest) -> ModelManifest | None:
    for path in root.glob(f"[!.]*/{MANIFEST_NAME}"):
        try:
            known = read_manifest(path.parent)
        except UserError:
            continue
        if (known.sha256, known.name) == (wanted.sha256, wanted.name):
            return known
    return None
