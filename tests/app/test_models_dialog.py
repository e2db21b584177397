"""The models dialog: what it lists, and what installing, checking and removing do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imgstudio.app.controllers import model_jobs
from imgstudio.app.dialogs.models_dialog import ModelsDialog, card_html
from imgstudio.core.errors import UserError
from imgstudio.engine import registry, sources
from imgstudio.engine.hashing import sha256_of
from imgstudio.engine.manifest import MANIFEST_NAME, WEIGHTS_NAME, ModelManifest, Url


def manifest(model_id: str, weights: bytes = b"", **more) -> ModelManifest:
    return ModelManifest(
        id=model_id,
        name=model_id.upper(),
        task="restore",
        architecture="none",
        sha256=sha256_of(weights) if weights else "",
        licence="CC0",
        **more,
    )


def put(root, model_id: str, weights: bytes = b"weights") -> None:
    folder = root / model_id
    folder.mkdir(parents=True)
    card = {"scores": {"PSNR": 31.5}, "limits": "Photos <only>"}
    (folder / MANIFEST_NAME).write_text(manifest(model_id, weights, card=card).to_json(), encoding="utf-8")
    (folder / WEIGHTS_NAME).write_bytes(weights)


@pytest.fixture
def models(tmp_path, monkeypatch):
    put(tmp_path / "user", "own")
    put(tmp_path / "bundled", "shipped")
    made = registry.ModelRegistry(tmp_path / "user", tmp_path / "bundled")
    source = Url("https://example.org/w.safetensors", "0" * 64, size=3_000_000)
    offered = replace(manifest("offered"), source=source)
    monkeypatch.setattr(made, "catalogue", lambda: (offered,))
    monkeypatch.setattr(model_jobs, "models_folder", lambda: tmp_path / "user")
    return made


@pytest.fixture
def dialog(studio, models, monkeypatch):
    monkeypatch.setattr(studio.context, "models", lambda: models)
    made = ModelsDialog(studio.context, studio.window, "own")
    made.open()
    studio.wait(lambda: made.entries)
    yield made
    made.close()
    studio.settle()


def states(dialog):
    return {entry.manifest.id: entry.state for entry in dialog.entries}


def test_it_lists_what_is_there_and_what_can_be_had(dialog):
    assert states(dialog) == {"own": "installed", "shipped": "installed", "offered": "available"}
    assert dialog.current.manifest.id == "own"
    assert dialog.remove.isEnabled()
    dialog.choose("shipped")
    assert not dialog.remove.isEnabled()
    dialog.choose("offered")
    assert dialog.install.isVisible()
    assert not dialog.check.isEnabled()


def test_a_card_is_told_with_its_scores_and_without_its_markup(dialog):
    told = card_html(dialog.entries[0])
    assert "PSNR: 31.5" in told
    assert "Photos &lt;only&gt;" in told
    assert "CC0" in told


def test_checking_finds_changed_weights(dialog, studio, models):
    (models.folder("own") / WEIGHTS_NAME).write_bytes(b"other")
    dialog.check.click()
    studio.wait(lambda: states(dialog)["own"] == "altered")
    assert "Changed or damaged" in dialog.note.text()
    dialog.choose("shipped")
    studio.wait(dialog.check.isEnabled)
    dialog.check.click()
    studio.wait(lambda: states(dialog)["shipped"] == "checked")


def test_removing_deletes_the_folder_and_the_row(dialog, studio, models):
    folder = models.folder("own")
    dialog.remove.click()
    studio.wait(lambda: "own" not in states(dialog))
    assert not folder.exists()


def test_nothing_is_fetched_before_it_is_agreed_to(dialog, studio, models, monkeypatch, tmp_path):
    fetched = []

    def install(entry, root, progress, *, ask):
        assert ask("really?")
        fetched.append(entry.id)
        put(root, entry.id)
        return entry

    monkeypatch.setattr(sources, "install", install)
    dialog.choose("offered")
    studio.wait(dialog.install.isEnabled)
    dialog.install.click()
    assert "example.org" in dialog.note.text()
    assert "3 MB" in dialog.note.text()
    studio.settle()
    assert fetched == []
    dialog.install.click()
    studio.wait(lambda: states(dialog).get("offered") == "installed")
    assert fetched == ["offered"]
    assert dialog.current.manifest.id == "offered"


def test_a_failure_is_told_in_the_dialog_once(dialog, studio, monkeypatch):
    def install(entry, root, progress, *, ask):
        raise UserError("No network", "The host did not answer", "Try again later")

    monkeypatch.setattr(sources, "install", install)
    dialog.choose("offered")
    studio.wait(dialog.install.isEnabled)
    dialog.install.click()
    dialog.install.click()
    studio.wait(lambda: "No network" in dialog.note.text())
    studio.settle()
    assert not studio.errors
    assert dialog.install.isEnabled()


def test_the_help_menu_opens_it(studio):
    studio.run("help.models")
    opened = studio.window.findChild(ModelsDialog)
    studio.wait(lambda: opened.current)
    opened.close()
    studio.settle()


def test_weights_from_a_file_are_offered_and_installed_only_once_that_is_agreed_to(
    dialog, studio, tmp_path, monkeypatch
):
    installed = []
    monkeypatch.setattr(sources, "install", lambda entry, *rest, **more: installed.append(entry) or entry)
    path = tmp_path / "my ddcolor.pth"
    path.write_bytes(b"PK weights")

    dialog.offer(path)
    studio.wait(lambda: dialog.current is not None and dialog.current.manifest.id == "colorize-ddcolor")

    assert dialog.install.isEnabled()
    dialog.install.click()
    assert "my ddcolor.pth" in dialog.note.text()
    assert not installed
    dialog.install.click()
    studio.wait(lambda: installed)
    assert installed[0].source.path == str(path)


def test_a_file_that_is_no_model_is_refused_in_words(dialog, studio, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no weights")

    dialog.offer(path)
    studio.wait(lambda: "no model" in dialog.note.text())

    assert "colorize-ddcolor" not in {entry.manifest.id for entry in dialog.entries}
