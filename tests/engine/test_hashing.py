"""Hashes of files and bytes."""

from __future__ import annotations

import pytest

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.hashing import is_sha256, sha256_of, sha256_of_file

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_file_and_its_bytes_have_the_same_hash(tmp_path):
    data = bytes(range(256)) * 40_000
    (tmp_path / "a").write_bytes(data)
    assert sha256_of_file(tmp_path / "a", Progress()) == sha256_of(data)
    assert sha256_of(b"") == EMPTY


def test_hashing_can_be_cancelled(tmp_path):
    token = CancelToken()
    token.cancel()
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(Cancelled):
        sha256_of_file(tmp_path / "a", Progress(token=token))


def test_only_64_lower_case_digits_are_a_hash():
    assert is_sha256(EMPTY)
    assert not is_sha256(EMPTY.upper())
    assert not is_sha256(EMPTY[:-1])
    assert not is_sha256("")
