"""A model that comes or goes while the window is open."""

from __future__ import annotations

import threading

import pytest

from imgstudio.filters.base import Filter, NoParams


@pytest.fixture
def dusk():
    return Filter("model.dusk", "Dusk", "Other", "Makes it dark.", NoParams, lambda i, p, g: i.pixels * 0.5)


def listed(studio):
    tree = studio.window.findChild(object, "filter.list")
    headings = [tree.topLevelItem(index) for index in range(tree.topLevelItemCount())]
    return [heading.child(row).text(0) for heading in headings for row in range(heading.childCount())]


def test_it_is_a_filter_at_once_and_gone_at_once(studio, dusk, qtbot):
    filters, actions = studio.context.filters, studio.context.actions
    worker = threading.Thread(target=filters.replace_learned, args=([dusk],))
    worker.start()
    worker.join()
    qtbot.waitUntil(lambda: "Dusk" in listed(studio))
    assert actions.specs["filter.model.dusk"].menu == "Filter/Other"
    assert actions.actions["filter.model.dusk"] in actions._menus["Filter/Other"].actions()
    actions.keys.assign("filter.model.dusk", "Ctrl+Alt+9")
    assert actions.actions["filter.model.dusk"].shortcut().toString() == "Ctrl+Alt+9"
    actions.keys.reset("filter.model.dusk")
    studio.run("filter.model.dusk")
    filters.replace_learned([])
    assert "Dusk" not in listed(studio)
    assert "filter.model.dusk" not in actions.actions
    studio.context.filter_panel.close_filter()
