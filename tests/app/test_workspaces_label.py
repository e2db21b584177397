"""Panels and keys of each workspace: they come back as they were left."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDockWidget

from imgstudio.core.settings import Settings
from tests.fakes.labelling import opened, project_in

EDIT, LABEL = ("layers", "filter", "history", "info"), ("classes", "pictures")


@pytest.fixture
def path(tmp_path):
    return project_in(tmp_path / "street", 3).path


def dock(studio, name) -> QDockWidget:
    return studio.part(f"dock.{name}")


def page(studio):
    return studio.show_pixels(np.full((40, 60, 4), 200, np.uint8))


def test_each_workspace_has_panels_of_its_own(studio, path):
    page(studio)
    opened(studio, path)
    assert all(dock(studio, name).isVisible() for name in LABEL)
    assert not any(dock(studio, name).isVisible() for name in EDIT)
    studio.window.workspaces.show("edit")
    assert dock(studio, "layers").isVisible()
    assert not any(dock(studio, name).isVisible() for name in LABEL)
    studio.window.workspaces.show("train")
    studio.window.workspaces.show("label")
    assert all(dock(studio, name).isVisible() for name in LABEL)
    assert not any(dock(studio, name).isVisible() for name in EDIT)


def test_panels_of_one_workspace_stay_when_those_of_another_move(studio, path):
    page(studio)
    opened(studio, path)
    dock(studio, "classes").setFloating(True)
    studio.window.workspaces.show("edit")
    assert not dock(studio, "classes").isVisible()
    dock(studio, "info").setFloating(True)
    studio.window.workspaces.show("label")
    assert dock(studio, "classes").isFloating()
    assert not dock(studio, "info").isVisible()
    studio.window.workspaces.show("edit")
    assert dock(studio, "info").isFloating()
    studio.run("view.reset_layout")
    assert not dock(studio, "info").isFloating()
    studio.window.workspaces.show("label")
    assert not dock(studio, "classes").isFloating()


def test_the_layout_of_all_workspaces_comes_back_at_the_next_start(studio, path, qtbot, person):
    page(studio)
    opened(studio, path)
    dock(studio, "classes").setFloating(True)
    studio.window.workspaces.show("edit")
    settings = Settings()
    settings.set("window_layout", studio.window.docks.layout_text())
    other = person.Studio(settings)
    other.begin(qtbot)
    page(other)
    assert not dock(other, "info").isFloating()
    text = other.window.docks.layout_text()
    assert text.count(":") == 2, "what was stored for a workspace that was not shown is kept"
    opened(other, path)
    assert dock(other, "classes").isFloating()
    assert not dock(other, "pictures").isFloating()
    other.context.labelling.close()
    other.close()


def test_a_layout_without_the_label_workspace_is_still_read(studio, path, qtbot, person):
    page(studio)
    text = ":".join(studio.window.docks.layout_text().split(":")[:2])
    settings = Settings()
    settings.set("window_layout", text)
    other = person.Studio(settings)
    other.begin(qtbot)
    opened(other, path)
    assert dock(other, "classes").isVisible()
    assert dock(other, "classes").width() >= 220
    other.context.labelling.close()
    other.close()


def test_tab_hides_the_panels_and_brings_them_back(studio, path):
    opened(studio, path)
    studio.run("view.panels")
    assert not dock(studio, "classes").isVisible()
    assert not studio.part("label.class_bar").isVisible()
    studio.run("view.panels")
    assert dock(studio, "classes").isVisible()
    assert studio.part("label.class_bar").isVisible()


def test_a_panel_is_shown_with_its_workspace(studio, path):
    opened(studio, path)
    studio.run("view.panel_layers")
    assert studio.window.workspaces.current == "edit"
    studio.run("view.panel_pictures")
    assert studio.window.workspaces.current == "label"
    assert dock(studio, "pictures").isVisible()


def test_a_key_leads_to_the_action_of_the_workspace(studio, path):
    page(studio)
    actions = studio.program.actions.actions

    def owners(key):
        return {name for name, action in actions.items() if QKeySequence(key) in action.shortcuts()}

    assert owners("D") == {"colours.default"}
    assert owners("3") == {"brush.opacity_3"}
    opened(studio, path)
    assert owners("D") == {"label.next"}
    assert owners("3") == {"label.class_3"}
    assert owners("B") == {"tool.brush"}
    studio.settings.set("custom_keys", {"label.next": "Right"})
    assert owners("D") == {"colours.default"}
    studio.window.workspaces.show("edit")
    assert owners("Right") == set()


def test_a_key_of_another_workspace_is_not_taken_away(studio):
    keys = studio.program.actions.keys
    assert keys.conflict("label.flag", "A") == "label.previous"
    assert keys.conflict("label.flag", "Ctrl+D") == ""
    keys.assign("label.flag", "Ctrl+D")
    assert keys.text("select.deselect") == "Ctrl+D"


def test_without_a_project_there_are_no_panels(studio):
    page(studio)
    studio.label()
    assert studio.part("label.home").isVisible()
    assert not any(dock(studio, name).isVisible() for name in (*LABEL, *EDIT))
    assert studio.window.windowTitle() == "imgstudio"
    studio.window.workspaces.show("edit")
    assert dock(studio, "layers").isVisible()
