"""Where files live, and the one way to write them: a draft first, then replaced."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

import platformdirs

from imgstudio.core.errors import UserError

Contents: TypeAlias = bytes | str | Callable[[BinaryIO], None]
"""Bytes, text (stored as UTF-8), or a function that writes into the open, seekable draft."""

HOME_VARIABLE: Final = "IMGSTUDIO_HOME"
"""When set, every user folder lies under it (portable installations, tests)."""

_PACKAGE: Final = Path(__file__).resolve().parents[1]


def resources() -> Path:
    """Icons, themes, bundled models: inside the package when installed, beside it in a checkout."""
    installed = _PACKAGE / "resources"
    return installed if installed.is_dir() else _PACKAGE.parent / "resources"


def user_data() -> Path:
    return _home("data") or platformdirs.user_data_path("imgstudio", appauthor=False)


def user_config() -> Path:
    return _home("config") or platformdirs.user_config_path("imgstudio", appauthor=False, roaming=True)


def user_cache() -> Path:
    return _home("cache") or platformdirs.user_cache_path("imgstudio", appauthor=False)


def models_folder() -> Path:
    """Models the user installed or trained, one folder each."""
    return user_data() / "models"


def autosave_folder() -> Path:
    return user_data() / "autosave"


def presets_folder() -> Path:
    """Saved filter settings, one JSON file each."""
    return user_data() / "presets"


def ensured(folder: Path) -> Path:
    """Return `folder`, made with its parents where it was missing; raises UserError."""
    with file_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_atomically(path: Path, contents: Contents) -> None:
    """Write `path` so that it is either the old file or the whole new one.

    Raises UserError for a read-only target, a full disk, a missing folder or a missing right.
    """
    with replacing(path) as draft, draft.open("w+b") as file:
        if isinstance(contents, str):
            file.write(contents.encode("utf-8"))
        elif isinstance(contents, bytes):
            file.write(contents)
        else:
            contents(file)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of an empty draft (same folder, same suffix) that replaces `path` at the end.

    For writers that insist on a file name. The draft is removed when the block fails, and `path` keeps
    what it held. Raises UserError as `write_atomically` does.
    """
    # A link keeps pointing to its file: the file behind it is what gets replaced.
    target = path.resolve() if path.is_symlink() else path
    draft = target.with_name(f".{secrets.token_hex(6)}.part{target.suffix[:16]}")
    with file_errors(path):
        _refuse_read_only(target)
        draft.open("xb").close()
        try:
            yield draft
            _flush_to_disk(draft)
            if target.exists():
                with contextlib.suppress(OSError):  # some network disks know no rights
                    shutil.copymode(target, draft)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        _flush_folder(target.parent)


@contextlib.contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn the file system's refusals about `path` into UserError; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # an encoder's complaint, not the file system's
            raise
        raise _explained(path, error) from error


_CHOOSE_ANOTHER: Final = "Choose another place."
_REASONS: Final[dict[int, tuple[str, str]]] = {
    errno.ENOSPC: ("The disk is full.", "Free some space or choose another disk."),
    errno.EROFS: ("This disk or folder is read-only.", _CHOOSE_ANOTHER),
    errno.EACCES: (
        "You have no right to change it, or another program is using it.",
        "Close other programs that use it or choose another place.",
    ),
    errno.EPERM: ("The system does not allow changing it.", _CHOOSE_ANOTHER),
    errno.ENOENT: ("The folder or file does not exist.", "Check the name or choose an existing folder."),
    errno.ENOTDIR: ("Part of its path is not a folder.", "Check the name or choose an existing folder."),
    errno.EISDIR: ("A folder has this name.", "Choose another name."),
    errno.EEXIST: ("Something else already has this name.", "Choose another name."),
    errno.ENAMETOOLONG: ("The name is too long.", "Choose a shorter name."),
    errno.EFBIG: ("The file would be larger than this disk allows.", "Choose another disk."),
}
if hasattr(errno, "EDQUOT"):
    _REASONS[errno.EDQUOT] = (
        "Your share of this disk is used up.",
        "Free some space or choose another disk.",
    )


def _explained(path: Path, error: OSError) -> UserError:
    fallback = (error.strerror or "The system refused.", "Try again or choose another place.")
    why, what_to_do = _REASONS.get(error.errno or 0, fallback)
    return UserError(f"“{path.name or path}” could not be used", f"{why} ({path})", what_to_do)


def _home(part: str) -> Path | None:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).expanduser().absolute() / part if home else None


def _refuse_read_only(target: Path) -> None:
    # Replacing needs a right on the folder only, so a file marked read-only would silently be lost.
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    writable_bits = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    if target.exists() and not target.stat().st_mode & writable_bits:
        raise UserError(
            f"“{target.name}” could not be written",
            "The file is marked read-only.",
            "Choose another name, or allow writing in the file's properties.",
        )


def _flush_to_disk(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the new name survive a power cut where the system can; the file itself is safe already."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
