"""The options bar: only what counts for what the tool in hand changes now."""

from dataclasses import replace

import pytest

from imgstudio.core.params import describe
from tests.fakes.labelling import opened, project_in


@pytest.fixture
def bar(studio, tmp_path):
    """The options bar in the Label workspace."""
    opened(studio, project_in(tmp_path / "street", 2).path)
    return studio.window.options


def shown(bar):
    """Names of the options that can be seen."""
    return {name for name, editor in bar.form.editors.items() if not editor.parentWidget().isHidden()}


def test_a_brush_offers_no_softness_on_labels_and_all_of_it_again_in_edit(studio, bar):
    studio.tool("brush")
    assert shown(bar) == {"size"}
    studio.window.workspaces.show("edit")
    studio.tool("brush")
    assert shown(bar) == {"size", "hardness", "opacity"}


def test_the_bar_follows_when_the_same_tool_is_in_hand_in_both_workspaces(studio, bar):
    studio.tool("brush")
    studio.window.workspaces.show("edit")
    studio.context.tools.activate("brush")
    for name, wanted in (("label", {"size"}), ("edit", {"size", "hardness", "opacity"})):
        studio.window.workspaces.show(name)
        assert studio.context.tools.current.id == "brush"
        assert shown(bar) == wanted


def test_what_is_left_out_is_kept(studio, bar):
    studio.tool("brush")
    before = studio.context.tools.current.options
    soft = replace(before, hardness=0.2, opacity=0.5)
    studio.context.tool_state.options["brush"] = soft
    studio.context.tool_state.options_changed("brush")
    bar.form.editors["size"].set_value(77.0)
    bar.form.editors["size"].edited.emit()
    assert studio.context.tools.current.options == replace(soft, size=77.0)


def test_what_is_left_out_hides_nothing_else(studio, bar):
    studio.context.tool_state.options["ai_select"] = replace(
        studio.context.tools.tools["ai_select"].options, refine=True
    )
    studio.tool("ai_select")
    assert shown(bar) == {"mode", "drag"}


@pytest.mark.parametrize(("tool_id", "word"), [("fill", "class"), ("eyedropper", "class")])
def test_a_tool_without_options_says_what_it_does_there(studio, bar, tool_id, word):
    studio.tool(tool_id)
    assert bar.form is None
    assert word in bar._help.text()
    assert not bar._help.isHidden()
    assert bar._more.isHidden()


def test_the_options_that_open_below_are_those_that_count(studio, bar):
    studio.tool("brush")
    studio.click("tool_options.more")
    popup = next(child for child in bar.children() if child.isWidgetType() and child.isWindow())
    form = popup.findChild(type(bar.form))
    hidden = {name for name, editor in form.editors.items() if editor.parentWidget().isHidden()}
    popup.close()
    assert {"hardness", "opacity", "flow", "pressure_opacity"} <= hidden
    assert not {"spacing", "mirror", "pressure_size"} & hidden


def test_every_option_that_is_left_out_is_one(studio):
    for tool in studio.context.tools.tools.values():
        for names in tool.idle_options.values():
            assert names <= {param.name for param in describe(tool.options_type)}
