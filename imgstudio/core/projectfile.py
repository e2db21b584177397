"""Project files: OpenRaster (.ora) that other programs open, with everything of ours inside."""

from __future__ import annotations

from pathlib import Path

from imgstudio.core.document import Document
from imgstudio.core.jobs import Progress
from imgstudio.core.oraformat.kept import KeptPictures
from imgstudio.core.oraformat.loading import read_project
from imgstudio.core.oraformat.saving import write_project
from imgstudio.core.paths import write_atomically
from imgstudio.core.snapshot import DocumentSnapshot

__all__ = ["KeptPictures", "load", "save"]


def save(
    snapshot: DocumentSnapshot,
    path: Path,
    progress: Progress | None = None,
    kept: KeptPictures | None = None,
) -> None:
    """Write a project; on any thread. The old file stays as it is unless the whole new one is written.

    OpenRaster 0.0.5 (https://www.openraster.org): stack.xml and PNG layers as other programs should see
    them, and what they cannot know (masks, recipes, selection ...) under imgstudio/. With the same `kept`
    a later save encodes only what changed. Raises UserError.
    """
    write_atomically(path, lambda file: write_project(snapshot, file, progress or Progress(), kept))


def load(path: Path, *, max_megapixels: float = 400.0) -> Document:
    """Open a project, or an OpenRaster file of another program; on any thread.

    Ours come back exactly. What is damaged or unknown is left out with a line in `document.warnings`.
    Raises UserError when nothing can be opened or it is larger than `max_megapixels`.
    """
    return read_project(path, max_megapixels)
