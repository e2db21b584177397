"""The models on this machine and those that can be had: listing, checking, installing and removing as jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from imgstudio.core.jobs import Progress
from imgstudio.core.paths import models_folder

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry

ModelState = Literal["installed", "checked", "altered", "missing", "available"]
"""`checked`: the checksum was just seen to be right; `available`: it can be installed."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelEntry:
    """One model, as a list shows it."""

    manifest: ModelManifest
    state: ModelState
    folder: Path | None = None
    """Where it is, if it is installed."""
    size: int = 0
    """Bytes on the disk, or of the download; 0 = not known."""
    is_removable: bool = False
    question: str = ""
    """What must be agreed to before it is installed."""


@dataclass(frozen=True, slots=True, eq=False)
class ListModels:
    """Looks at the folders and at the catalogue; reads no weights."""

    models: Callable[[], ModelRegistry]
    title: str = "Looking at the models"
    quiet: bool = True

    def run(self, progress: Progress) -> list[ModelEntry]:
        from imgstudio.engine.sources import question

        registry = self.models()
        registry.refresh()
        entries = [_installed(registry, manifest) for manifest in progress.track(registry.manifests())]
        known = {entry.manifest.id for entry in entries}
        for manifest in registry.catalogue():
            if manifest.id not in known:
                size = int(getattr(manifest.source, "size", 0))
                entries.append(ModelEntry(manifest, "available", size=size, question=question(manifest)))
        return entries


@dataclass(frozen=True, slots=True, eq=False)
class CheckModel:
    """Reads all the weights and compares their checksum."""

    models: Callable[[], ModelRegistry]
    model_id: str
    title: str

    def run(self, progress: Progress) -> ModelState:
        progress.update(0.0)
        state = self.models().verify(self.model_id)
        return "checked" if state == "installed" else state


@dataclass(frozen=True, slots=True, eq=False)
class RemoveModel:
    """Deletes a model of the user's own."""

    models: Callable[[], ModelRegistry]
    model_id: str
    title: str

    def run(self, progress: Progress) -> None:
        progress.update(0.0)
        self.models().remove(self.model_id)


@dataclass(frozen=True, slots=True, eq=False)
class OfferFile:
    """Says what weights that a person has as a file would be installed as; raises UserError for other files."""

    path: Path
    title: str = "Looking at the file"
    quiet: bool = True

    def run(self, progress: Progress) -> ModelEntry:
        from imgstudio.engine.own_models import entry_of
        from imgstudio.engine.sources import question

        progress.update(0.0)
        entry = entry_of(self.path)
        size = self.path.stat().st_size
        return ModelEntry(entry, "available", size=size, question=question(entry))


@dataclass(frozen=True, slots=True, eq=False)
class InstallModel:
    """Fetches a model after the user agreed; returns its id."""

    title: str
    entry: ModelManifest

    def run(self, progress: Progress) -> str:
        from imgstudio.engine.sources import install

        return install(self.entry, models_folder(), progress, ask=lambda question: True).id


def _installed(registry: ModelRegistry, manifest: ModelManifest) -> ModelEntry:
    from imgstudio.engine.manifest import WEIGHTS_NAME

    folder = registry.folder(manifest.id)
    weights = folder / WEIGHTS_NAME
    is_there = weights.is_file()
    return ModelEntry(
        manifest,
        "installed" if is_there else "missing",
        folder,
        weights.stat().st_size if is_there else 0,
        registry.is_removable(manifest.id),
    )
