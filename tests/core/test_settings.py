"""Settings: typed, checked, sparse on disk, and hard to lose."""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core.errors import UserError
from imgstudio.core.settings import RECENT_LIMIT, SECTIONS, Settings


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "config" / "settings.json"


def on_disk(file: Path) -> dict[str, object]:
    return json.loads(file.read_text(encoding="utf-8"))


def test_every_declared_default_is_allowed():
    settings = Settings()
    for section in SECTIONS:
        for param in section.params():
            param.check(settings.value(param.name))
            assert settings.value(param.name) == param.default


def test_only_what_differs_from_the_default_is_stored(file):
    settings = Settings(file)
    settings.set("theme", "light")
    settings.set("jpeg_quality", 80)
    settings.set("jpeg_quality", 92)
    assert on_disk(file) == {"theme": "light"}


def test_what_was_set_is_there_at_the_next_start(file):
    settings = Settings(file)
    settings.set("custom_keys", {"edit.undo": "Ctrl+U"})
    settings.set("first_start", value=False)
    settings.set("tours_done", ["photo"])
    settings.set("window_layout", "AAAA=")
    settings.set("threads", 3)
    again = Settings(file)
    assert again.custom_keys == {"edit.undo": "Ctrl+U"}
    assert again.first_start is False
    assert again.tours_done == ("photo",)
    assert again.window_layout == "AAAA="
    assert again.threads == 3


def test_reading_writes_nothing(file):
    Settings(file)
    assert not file.parent.exists()


def test_a_change_is_announced_once_and_an_equal_value_is_not():
    settings, heard = Settings(), []
    settings.changed.connect(heard.append)
    settings.set("theme", "light")
    settings.set("theme", "light")
    assert heard == ["theme"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("theme", None),
        ("jpeg_quality", 0),
        ("jpeg_quality", 92.5),
        ("jpeg_quality", True),
        ("ui_scale", 99),
        ("custom_keys", {"edit.undo": 3}),
        ("custom_keys", []),
        ("recent_files", "a"),
        ("first_start", 1),
        ("colour_of_the_moon", "grey"),
    ],
)
def test_a_value_that_is_not_allowed_changes_nothing(file, name, value):
    settings = Settings(file)
    with pytest.raises(UserError):
        settings.set(name, value)
    assert settings.theme == "dark"
    assert not file.exists()


def test_a_setting_cannot_be_changed_past_the_check():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().theme = "pink"


def test_unknown_keys_are_kept(file):
    file.parent.mkdir()
    file.write_text('{"from_the_future": [1, 2], "theme": "light"}')
    settings = Settings(file)
    settings.set("theme", "dark")
    assert on_disk(file) == {"from_the_future": [1, 2]}


def test_one_bad_value_does_not_spoil_the_others(file, caplog):
    file.parent.mkdir()
    file.write_text('{"theme": "pink", "jpeg_quality": 70}')
    with caplog.at_level(logging.ERROR):
        settings = Settings(file)
    assert (settings.theme, settings.jpeg_quality) == ("dark", 70)


@pytest.mark.parametrize("damage", [b"{", b"[]", b"\xff\xfe\x00", b"", b"[" * 100_000])
def test_a_damaged_file_is_kept_aside_and_gives_defaults(file, damage, caplog):
    file.parent.mkdir()
    file.write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        settings = Settings(file)
    assert "damaged" in caplog.text
    caplog.clear()
    settings.set("theme", "light")
    assert file.with_name("settings.json.damaged").read_bytes() == damage
    assert on_disk(file) == {"theme": "light"}


def test_two_windows_do_not_wipe_each_others_settings(file):
    first, second = Settings(file), Settings(file)
    first.set("theme", "light")
    second.set("device", "cpu")
    assert on_disk(file) == {"theme": "light", "device": "cpu"}


def test_recent_files_are_newest_first_without_doubles_and_limited(tmp_path):
    settings = Settings()
    for index in range(RECENT_LIMIT + 3):
        settings.add_recent(tmp_path / f"{index}.png")
    settings.add_recent(tmp_path / "5.png")
    assert len(settings.recent_files) == RECENT_LIMIT
    assert settings.recent_files[0] == str(tmp_path / "5.png")
    assert len(set(settings.recent_files)) == RECENT_LIMIT
    settings.forget_recent(tmp_path / "5.png")
    assert str(tmp_path / "5.png") not in settings.recent_files
    settings.forget_recent()
    assert settings.recent_files == ()


def test_a_value_holds_although_it_cannot_be_stored(tmp_path):
    (tmp_path / "config").write_text("a file where the folder should be")
    settings = Settings(tmp_path / "config" / "settings.json")
    with pytest.raises(UserError):
        settings.set("theme", "light")
    assert settings.theme == "light"


def test_resetting_returns_to_the_default_and_out_of_the_file(file):
    settings = Settings(file)
    settings.set("theme", "light")
    settings.reset("theme")
    assert settings.theme == "dark"
    assert on_disk(file) == {}


def test_the_users_settings_lie_in_the_configuration_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("IMGSTUDIO_HOME", str(tmp_path))
    Settings.of_user().set("theme", "light")
    assert on_disk(tmp_path / "config" / "settings.json") == {"theme": "light"}


@given(st.dictionaries(st.text(), st.text()))
@settings(deadline=None, max_examples=30)
def test_keys_survive_the_file(tmp_path_factory, keys):
    file = tmp_path_factory.mktemp("settings") / "settings.json"
    Settings(file).set("custom_keys", keys)
    assert Settings(file).custom_keys == keys
