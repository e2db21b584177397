"""Folders and the one way to write files."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from imgstudio.core import paths
from imgstudio.core.errors import UserError


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_every_user_folder_lies_under_the_home_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("IMGSTUDIO_HOME", str(tmp_path))
    for folder in (
        paths.user_data(),
        paths.user_config(),
        paths.user_cache(),
        paths.models_folder(),
        paths.autosave_folder(),
        paths.presets_folder(),
    ):
        assert folder.is_relative_to(tmp_path)
        assert not folder.exists()


def test_without_the_variable_the_folders_are_the_systems(monkeypatch):
    monkeypatch.delenv("IMGSTUDIO_HOME", raising=False)
    assert paths.user_data().is_absolute()
    assert "imgstudio" in paths.user_config().parts


def test_resources_are_found():
    assert (paths.resources() / "models").is_dir()


@pytest.mark.parametrize("contents", [b"new", "new", lambda file: file.write(b"new")])
def test_writing_replaces_the_file_and_leaves_no_draft(tmp_path, contents):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old and longer")
    paths.write_atomically(path, contents)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.txt"]


def test_the_writer_may_read_and_seek(tmp_path):
    def write(file: BinaryIO) -> None:
        file.write(b"abc")
        file.seek(1)
        assert file.read() == b"bc"

    paths.write_atomically(tmp_path / "a", write)
    assert (tmp_path / "a").read_bytes() == b"abc"


def test_a_failing_writer_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        paths.write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    ("code", "word"), [(errno.ENOSPC, "full"), (errno.EROFS, "read-only"), (errno.EACCES, "right")]
)
def test_a_refusal_of_the_disk_is_told_to_the_user(tmp_path, code, word):
    def refuse(file: BinaryIO) -> None:
        raise OSError(code, os.strerror(code))

    with pytest.raises(UserError) as raised:
        paths.write_atomically(tmp_path / "a.png", refuse)
    assert word in raised.value.why
    assert raised.value.what_to_do
    assert names(tmp_path) == []


def test_an_encoders_complaint_is_not_taken_for_the_disks(tmp_path):
    def refuse(file: BinaryIO) -> None:
        raise OSError("cannot write mode P as JPEG")

    with pytest.raises(OSError, match="mode P"):
        paths.write_atomically(tmp_path / "a.jpg", refuse)


def test_a_missing_folder_is_told_to_the_user(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        paths.write_atomically(tmp_path / "no" / "a.png", b"")


def test_a_folder_of_that_name_is_told_to_the_user(tmp_path):
    with pytest.raises(UserError, match="folder has this name"):
        paths.write_atomically(tmp_path, b"")


def test_a_read_only_file_is_never_replaced(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(UserError, match="read-only"):
        paths.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permission bits and links")
def test_rights_and_links_survive(tmp_path):
    path, link = tmp_path / "a.png", tmp_path / "b.png"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    paths.write_atomically(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_name_as_long_as_allowed_can_be_written(tmp_path):
    path = tmp_path / ("a" * 251 + ".png")
    paths.write_atomically(path, b"x")
    assert path.read_bytes() == b"x"


def test_a_writer_of_names_sees_the_right_suffix(tmp_path):
    with paths.replacing(tmp_path / "a.png") as draft:
        assert draft.suffix == ".png"
        assert draft.parent == tmp_path
        draft.write_bytes(b"x")
    assert names(tmp_path) == ["a.png"]


def test_ensured_makes_parents_and_tells_when_a_file_is_in_the_way(tmp_path):
    assert paths.ensured(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError):
        paths.ensured(tmp_path / "file")
