"""The filter panel by mouse and keys with tiny fake filters: what is checked is the document."""

from __future__ import annotations

import importlib.util
import json
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest

from imgstudio.app.canvas.tools.base import Pointer
from imgstudio.app.canvas.tools.toolbox import Toolbox
from imgstudio.app.controllers.presets import Preset, PresetFolder
from imgstudio.app.controllers.preview_plan import FULL_PIXELS, plan_preview
from imgstudio.app.controllers.run_rates import RunRates, expected_seconds
from imgstudio.app.jobs import JobService
from imgstudio.app.panels.filter import FilterPanel
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Size, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.params import Colour, Number, Ui
from imgstudio.core.paths import presets_folder
from imgstudio.core.tiles import TileStore
from imgstudio.filters.base import Filter, Finish, Frame, NoParams, SessionFilter
from imgstudio.filters.budget import tile_side

spec = importlib.util.spec_from_file_location("fake_context", Path(__file__).with_name("fake_context.py"))
fake_context = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fake_context)

LEFT = Qt.MouseButton.LeftButton


@dataclass(frozen=True)
class DarkenParams:
    amount: Annotated[float, Number(0, 1, step=0.01), Ui(help="How much darker.")] = 0.5


def darken(image, params, progress):
    return image.pixels * np.float32(1 - params.amount)


def fail(image, params, progress):
    raise UserError("It did not work", "Because", "Try again")


@dataclass(frozen=True)
class ScaleParams:
    factor: Annotated[int, Number(1, 4)] = 2


def double(image, params, progress):
    return image.pixels.repeat(params.factor, 0).repeat(params.factor, 1)


class SteppingRun:
    """Darkens a little more with every step; a stroke brightens where it was painted."""

    def __init__(self, image):
        self.pixels, self.at, self.strokes = image.pixels.copy(), 0, []

    def frames(self):
        while self.at < 40:
            self.at += 1
            time.sleep(0.004)
            self.pixels = self.pixels * np.float32(0.98)
            yield Frame(self.pixels, self.at, 40, f"loss {1 / self.at:.2f}")

    def steer(self, stroke):
        self.strokes.append(stroke)
        self.pixels = np.maximum(self.pixels, stroke.coverage[..., None])

    def restart_from(self, pixels, iteration):
        self.pixels, self.at = pixels.copy(), iteration


RUNS = []


def start(image, params, progress):
    RUNS.append(SteppingRun(image))
    return RUNS[-1]


DARKEN = Filter("darken", "Darken", "Adjust", "Makes everything darker.", DarkenParams, darken)
BROKEN = Filter("broken", "Broken", "Other", "Fails.", NoParams, fail)
DOUBLE = Filter(
    "double", "Double", "Size", "Twice the size.", ScaleParams, double,
    size=lambda params, size: Size(size.width * params.factor, size.height * params.factor),
)  # fmt: skip


@dataclass(frozen=True)
class TintParams:
    tint: Annotated[str, Colour()] = "#000000"


def tinted(image, params, progress):
    return np.broadcast_to(np.float32(int(params.tint[1:3], 16) / 255), image.pixels.shape)


TINT = Filter("tint", "Tint", "Colour", "One colour.", TintParams, tinted)
STEPS = SessionFilter(
    "steps", "Steps", "Style", "Step by step.", NoParams, start, steering=("more", "protect")
)


class FakeRenderer:
    def __init__(self):
        self.preview = self.above = self.instead = None

    def set_preview(self, layer, above, instead=None):
        self.preview, self.above, self.instead = layer, above, instead


class FakeCanvas(QObject):
    pointer_moved = Signal(float, float)

    def __init__(self, document):
        super().__init__()
        self.previewing = False
        self.looked_at = None
        self.document, self.renderer = document, FakeRenderer()
        self.view = SimpleNamespace(zoom=1.0)
        self.compare = "off"
        self.visible = None

    def visible_rect(self):
        return self.visible or self.document.bounds

    def set_compare(self, mode):
        self.compare = mode

    def compare_layer(self, layer):
        pass

    def actual_size(self):
        self.view.zoom = 1.0

    def actual_size_at(self, x, y):
        self.view.zoom, self.looked_at = 1.0, (x, y)

    def set_previewing(self, on):
        self.previewing = on

    def setFocus(self):  # noqa: N802
        pass


@pytest.fixture
def context(qapp):
    jobs = JobService()
    made = fake_context.FakeContext(jobs)
    for item in (DARKEN, BROKEN, DOUBLE, STEPS, TINT):
        made.filters.add(item)
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 4), np.uint8)
    pixels[..., 3] = 255
    made.documents.show(Document.from_pixels(pixels))
    made.tools = Toolbox(made.tool_state)
    made.tools.activate("brush")
    made.window = SimpleNamespace(canvas=FakeCanvas(made.documents.current))
    yield made
    assert jobs.shutdown(5)


@pytest.fixture
def document(context):
    return context.documents.current


@pytest.fixture
def panel(qtbot, context):
    made = FilterPanel(context)
    qtbot.addWidget(made)
    made.resize(300, 600)
    made.show()
    yield made
    made.close_filter()


def bytes_of(document):
    return [layer.pixels.read(document.bounds).tobytes() for layer in document.layers.all()]


def preview(context):
    return context.window.canvas.renderer.preview


def with_layers(document, layers):
    made = Document(document.bounds.width, document.bounds.height, document.dtype)
    made.layers.root.extend(layers)
    return made


def press(panel, name):
    QTest.mouseClick(panel.page.findChild(object, name), LEFT)


def wait_for_preview(qtbot, panel, context):
    qtbot.waitUntil(lambda: preview(context) is not None and not panel.controller.preview.is_busy)


def test_the_search_finds_by_any_word_and_return_opens(panel, qtbot):
    QTest.keyClicks(panel.chooser.search, "darker every")
    QTest.keyClick(panel.chooser.search, Qt.Key.Key_Return)
    assert panel.page.item is DARKEN


def test_the_search_says_when_nothing_matches(panel):
    QTest.keyClicks(panel.chooser.search, "xyz")
    assert panel.chooser.nothing.isVisible()


def test_a_click_in_the_list_opens_a_filter(panel):
    tree = panel.chooser.tree
    row = tree.visualItemRect(tree.topLevelItem(0).child(0))
    QTest.mouseClick(tree.viewport(), LEFT, pos=row.center())
    assert panel.page.item is DARKEN


def test_preview_then_apply_then_undo(panel, qtbot, context, document):
    before, shown_before = bytes_of(document), flatten(document)
    panel.open("darken")
    wait_for_preview(qtbot, panel, context)
    assert bytes_of(document) == before
    expected = preview(context).pixels.read(document.bounds)
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: len(document.layers) == 2)
    added = document.layers.root[1]
    assert (added.pixels.read(document.bounds) == expected).all()
    assert (flatten(document)[..., :3] == np.rint(shown_before[..., :3] * 0.5)).mean() > 0.4
    assert added.clip and added.recipe.steps[0].params == {"amount": 0.5}
    assert preview(context) is None
    assert panel.page is None
    assert len(document.history.labels) == 1
    document.history.undo()
    assert bytes_of(document) == before
    assert "Darken applied" in context.said[-1]


def test_cancel_leaves_no_trace(panel, qtbot, context, document):
    before = bytes_of(document)
    panel.open("darken")
    wait_for_preview(qtbot, panel, context)
    press(panel, "filter.cancel")
    assert bytes_of(document) == before
    assert document.history.labels == []
    assert preview(context) is None


def test_nothing_outside_the_selection_changes(panel, qtbot, document):
    document.selection.store.write(Rect(10, 10, 20, 20), np.full((20, 20, 1), 255, np.uint8))
    document.selection.touched()
    before = flatten(document)
    panel.open("darken")
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: len(document.layers) == 2)
    changed = (flatten(document) != before).any(-1)
    changed[10:30, 10:30] = False
    assert not changed.any()
    assert (flatten(document)[10:30, 10:30] != before[10:30, 10:30]).any()


def test_strength_blends_at_once_without_running_the_filter_again(panel, qtbot, context, document):
    panel.open("darken")
    wait_for_preview(qtbot, panel, context)
    full = preview(context)
    slider = panel.page.findChild(object, "strength.slider")
    slider.setValue(0)
    qtbot.waitUntil(lambda: preview(context) is not full)
    here = document.bounds
    assert (preview(context).pixels.read(here) == document.layers.root[0].pixels.read(here)).all()
    assert panel.controller.question.finish == Finish(0.0, 0.0)


def test_a_newer_parameter_wins(panel, qtbot, context):
    panel.open("darken")
    slider = panel.page.findChild(object, "amount.slider")
    for value in (10, 60, 100):
        slider.setValue(value)
    wait_for_preview(qtbot, panel, context)
    assert preview(context).recipe.steps[0].params == {"amount": 1.0}


def test_the_preview_follows_the_view(panel, qtbot, context, document):
    context.window.canvas.visible = Rect(0, 0, 16, 16)
    panel.open("darken")
    wait_for_preview(qtbot, panel, context)
    first = preview(context)
    context.window.canvas.visible = Rect(32, 16, 32, 32)
    qtbot.waitUntil(lambda: preview(context) is not first)
    assert preview(context).pixels.read(document.bounds)[40, 60, 3] == 255


def test_split_shows_the_line_and_off_takes_the_preview_away(panel, qtbot, context):
    panel.open("darken")
    wait_for_preview(qtbot, panel, context)
    press(panel, "filter.preview.3")
    assert context.window.canvas.compare == "split"
    press(panel, "filter.preview.0")
    assert context.window.canvas.compare == "off"
    assert preview(context) is None


def test_a_result_is_dropped_quietly_when_its_layer_was_deleted(panel, qtbot, context, document):
    panel.open("darken")
    press(panel, "filter.apply")
    document.remove_layer(document.active)
    qtbot.waitUntil(lambda: bool(context.said))
    assert "dropped" in context.said[-1]
    assert len(document.layers) == 0


def test_a_result_is_dropped_quietly_when_its_picture_was_closed(panel, qtbot, context, document):
    panel.open("darken")
    panel.controller.apply()
    context.documents.all.remove(document)
    qtbot.waitUntil(lambda: bool(context.said))
    assert "dropped" in context.said[-1]


def test_what_the_preferences_say_reaches_the_run(panel, context, document):
    panel.open("darken")
    for name, value in (("device", "cpu"), ("threads", 3), ("memory_budget_mb", 256)):
        context.settings.set(name, value)
    started = []
    context.jobs.started.connect(lambda handle: started.append(handle.job))
    panel.controller.set_mode("off")
    press(panel, "filter.apply")
    job = next(job for job in started if hasattr(job, "how"))
    assert (job.how.device, job.how.threads, job.how.memory) == ("cpu", 3, 256 << 20)
    assert job.tile == tile_side(256 << 20)
    panel.controller.cancel_apply()


def test_a_filter_that_fails_tells_why_and_changes_nothing(panel, qtbot, context, document):
    panel.open("broken")
    qtbot.waitUntil(lambda: panel.controller.preview.problem is not None)
    assert "It did not work" in panel.page.note.text()
    press(panel, "filter.apply")
    failures = []
    panel.controller._run.failed.connect(failures.append)
    qtbot.waitUntil(lambda: not panel.controller.is_applying)
    assert [failure.what for failure in failures] == ["It did not work"]
    assert context.failed == []  # the jobs strip tells it
    assert document.history.labels == []
    assert panel.page is not None


def test_a_change_of_size_is_one_step(panel, qtbot, document):
    panel.open("double")
    assert not panel.page.findChild(object, "filter.preview").isVisible()
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: document.bounds == Rect(0, 0, 128, 96))
    document.history.undo()
    assert document.bounds == Rect(0, 0, 64, 48)


def test_an_ai_layer_is_made_again_in_one_step_with_its_own_mask(panel, qtbot, context, document):
    document.selection.store.write(Rect(0, 0, 20, 20), np.full((20, 20, 1), 255, np.uint8))
    document.selection.touched()
    panel.open("darken")
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: len(document.layers) == 2)
    layer = document.layers.root[1]
    first = layer.pixels.read(document.bounds)
    document.selection.store.clear()
    document.selection.touched()
    panel.rerun(layer)
    assert panel.page.form.value() == DarkenParams(0.5)
    panel.page.findChild(object, "amount.slider").setValue(90)
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: layer.recipe.steps[0].params == {"amount": 0.9})
    again = layer.pixels.read(document.bounds)
    assert again[:20, :20, :3].mean() < first[:20, :20, :3].mean()
    assert len(document.layers) == 2
    assert document.history.labels == ["Darken", "Darken again"]
    document.history.undo()
    assert (layer.pixels.read(document.bounds) == first).all()


def test_a_moved_layer_is_made_again_where_it_lies_now(panel, qtbot, context, document):
    document.selection.store.write(Rect(0, 0, 20, 20), np.full((20, 20, 1), 255, np.uint8))
    document.selection.touched()
    panel.open("darken")
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: len(document.layers) == 2)
    base, layer = document.layers.root
    document.selection.store.clear()
    document.selection.touched()
    moved = Transform(1, 0, 0, 1, 30, 10)
    document.set_layer(layer, "Move", transform=moved)
    before = flatten(document)
    panel.rerun(layer)
    wait_for_preview(qtbot, panel, context)
    renderer = context.window.canvas.renderer
    assert (renderer.above, renderer.instead) == (base, layer)
    shown = flatten(with_layers(document, [base, renderer.preview]))
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: panel.page is None)
    after, plain = flatten(document), flatten(with_layers(document, [base]))
    assert (after == shown).all()
    changed = (after != plain).any(-1)
    assert changed[10:30, 30:50].mean() > 0.9
    changed[10:30, 30:50] = False
    assert not changed.any()
    assert np.abs(after[10:30, 30:50, :3] - np.rint(plain[10:30, 30:50, :3] * 0.5)).max() <= 1
    document.history.undo()
    assert (layer.transform, (flatten(document) == before).all()) == (moved, True)


def test_a_layer_moved_out_of_the_picture_cannot_be_made_again(panel, qtbot, context, document):
    panel.open("darken")
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: len(document.layers) == 2)
    layer = document.layers.root[1]
    document.set_layer(layer, "Move", transform=Transform(1, 0, 0, 1, 5000, 0))
    panel.rerun(layer)
    qtbot.waitUntil(lambda: panel.controller.preview.problem is not None)
    press(panel, "filter.apply")
    assert "Move it back" in context.failed[-1].what_to_do


def test_a_mask_put_on_by_hand_stays_and_the_preview_respects_it(panel, qtbot, context, document):
    panel.open("darken")
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: len(document.layers) == 2)
    base, layer = document.layers.root
    mask = TileStore(1, fill=255)
    mask.write(Rect(0, 0, 64, 24), np.zeros((24, 64, 1), np.uint8))
    document.set_layer(layer, "Add mask", mask=mask)
    panel.rerun(layer)
    panel.page.findChild(object, "amount.slider").setValue(90)
    wait_for_preview(qtbot, panel, context)
    shown = flatten(with_layers(document, [base, preview(context)]))
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: panel.page is None)
    assert layer.mask is mask
    assert (flatten(document) == shown).all()
    assert layer.pixels.read(Rect(0, 0, 1, 1))[0, 0, 3] == 255  # made for the whole picture all the same


def test_the_eyedropper_takes_what_the_filter_reads_and_gives_the_tool_back(panel, context, document):
    document.layers.root[0].pixels.write(Rect(8, 8, 4, 4), np.full((4, 4, 4), [90, 80, 70, 255], np.uint8))
    above = Layer("Above", TileStore.from_array(np.full((48, 64, 4), 255, np.uint8)))
    base = document.active
    document.add_layer(above)
    document.active = base
    page = panel.open("tint")
    for end in ("click", "escape", "escape in the panel", "other tool"):
        press(panel, "tint.pipette")
        tool = context.tools.current
        assert tool.id == "pipette"
        if end == "click":
            tool.press(Pointer(10, 10))
            tool.release(Pointer(10, 10))
            assert page.form.value() == TintParams("#5a5046")
        elif end == "escape":
            assert tool.key_press("Escape")
        elif end == "escape in the panel":
            QTest.keyClick(panel, Qt.Key.Key_Escape)
        else:
            context.tools.activate("brush")
        assert context.tools.current.id == "brush"
        assert "pipette" not in context.tools.tools
        assert not page.findChild(object, "tint.pipette").isChecked()
    press(panel, "tint.pipette")
    panel.close_filter()
    assert context.tools.current.id == "brush"


def test_actual_size_goes_where_the_pointer_rested_last(panel, context, monkeypatch):
    panel.open("darken")
    canvas, now = context.window.canvas, [0.0]
    monkeypatch.setattr(panel.controller.preview.pointer, "_clock", lambda: now[0])
    for when, place in ((0, (5, 6)), (0.1, (40, 30)), (0.8, (50, 30)), (0.85, (63, 30)), (0.9, (-1, -1))):
        now[0] = when
        canvas.pointer_moved.emit(*place)
    press(panel, "filter.preview.2")
    assert canvas.looked_at == (40, 30)
    now[0] = 5
    canvas.pointer_moved.emit(11, 12)
    press(panel, "filter.preview.2")
    assert canvas.looked_at == (11, 12)


def test_the_red_mask_gives_way_to_the_preview_only(panel, qtbot, context):
    panel.open("darken")
    wait_for_preview(qtbot, panel, context)
    canvas = context.window.canvas
    assert canvas.previewing
    press(panel, "filter.preview.0")
    assert not canvas.previewing
    press(panel, "filter.preview.1")
    qtbot.waitUntil(lambda: canvas.previewing)
    panel.close_filter()
    assert not canvas.previewing


def test_making_a_deleted_layer_again_says_so(panel, qtbot, context, document):
    panel.open("darken")
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: len(document.layers) == 2)
    layer = document.layers.root[1]
    panel.rerun(layer)
    document.remove_layer(layer)
    qtbot.waitUntil(lambda: panel.controller.preview.problem is not None)
    assert "was deleted" in panel.page.note.text()
    press(panel, "filter.apply")
    assert "was deleted" in context.failed[-1].what


def test_presets_are_saved_used_and_shared(panel, context, tmp_path):
    page = panel.open("darken")
    page.findChild(object, "amount.slider").setValue(80)
    page.presets.save_as("Very / dark")
    page.form.reset()
    page.presets.use("Very / dark")
    assert page.form.value() == DarkenParams(0.8)
    page.presets.give_out("Very / dark", str(tmp_path / "shared.json"))
    page.presets.delete("Very / dark")
    assert PresetFolder(DARKEN).names() == []
    page.presets.take_in(str(tmp_path / "shared.json"))
    assert PresetFolder(DARKEN).names() == ["Very / dark"]
    assert context.failed == []


@given(amount=st.floats(0, 1), strength=st.floats(0, 1), detail=st.floats(0, 1))
def test_a_preset_comes_back_as_it_was(amount, strength, detail):
    preset = Preset("x", DarkenParams(amount), Finish(strength, detail))
    PresetFolder(DARKEN).save(preset)
    assert PresetFolder(DARKEN).load("x") == preset


@given(st.text(min_size=1, max_size=120), st.text(min_size=1, max_size=120))
def test_presets_of_any_two_names_do_not_touch_each_other(one, other):
    folder = PresetFolder(DARKEN)
    for name in folder.names():
        folder.delete(name)
    kept = {}
    for amount, name in ((0.25, one), (0.75, other)):
        try:
            folder.save(Preset(name, DarkenParams(amount), Finish()))
        except UserError:
            assert not name.strip() or not any(mark.isprintable() and mark != " " for mark in name)
        else:
            kept[" ".join("".join(m if m.isprintable() else " " for m in name).split())[:80]] = amount
    assert {name: folder.load(name).params.amount for name in folder.names()} == kept
    for name in kept:
        folder.delete(name)
    assert folder.names() == []


def test_an_imported_preset_never_replaces_another_of_its_name(tmp_path):
    folder = PresetFolder(DARKEN)
    folder.save(Preset("dusk", DarkenParams(0.9), Finish()))
    folder.give_out("dusk", tmp_path / "dusk.json")
    assert folder.take_in(tmp_path / "dusk.json").name == "dusk"
    folder.save(Preset("dusk", DarkenParams(0.1), Finish()))
    assert folder.take_in(tmp_path / "dusk.json") == Preset("dusk 2", DarkenParams(0.9), Finish())
    assert folder.load("dusk").params == DarkenParams(0.1)


def test_a_damaged_preset_tells_so_when_chosen_and_can_be_deleted(panel, context):
    page = panel.open("tint")
    page.presets.save_as("R&B / ß")
    folder = presets_folder() / "tint"
    (folder / "broken.json").write_text("{")
    page.presets.use("broken")
    assert "is not a preset" in context.failed[-1].what
    page.presets.list.aboutToShow.emit()
    assert [action.text() for action in page.presets.list.actions()][:2] == ["broken", "R&&B / ß"]
    page.presets.delete("broken")
    assert not (folder / "broken.json").exists()
    page.presets.delete("R&B / ß")
    page.presets.use("R&B / ß")
    assert "There is no preset" in context.failed[-1].what


@pytest.mark.parametrize(
    "text",
    ["{", "[" * 100_000, "[]", '{"imgstudio_preset": 1, "filter": "other"}', json.dumps({"imgstudio_preset": 1, "filter": "darken", "params": {"amount": 7}})],
)  # fmt: skip
def test_a_damaged_or_foreign_preset_is_refused_in_plain_words(text, tmp_path):
    path = tmp_path / "preset.json"
    path.write_text(text)
    with pytest.raises(UserError):
        PresetFolder(DARKEN).take_in(path)


def test_nothing_is_estimated_before_it_was_measured_and_then_it_is(tmp_path):
    rates = RunRates(tmp_path / "rates.json")
    assert rates.estimate("a", "cpu", 12) == ""
    rates.measured("a", "cpu", megapixels=2, seconds=4, megabytes=100)
    assert RunRates(tmp_path / "rates.json").estimate("a", "cpu", 4) == "about 8 s, 200 MB"


@given(
    start=st.floats(0, 3),
    rate=st.floats(0.05, 5),
    sizes=st.lists(st.sampled_from([0.5, 1.0, 4.0, 12.0]), min_size=2, max_size=8, unique=True),
    noise=st.lists(st.floats(0.95, 1.05), min_size=8, max_size=8),
)
def test_an_estimate_is_right_at_another_size_once_two_sizes_were_run(start, rate, sizes, noise):
    runs = [(area, (start + rate * area) * n, 0.0) for area, n in zip(sizes, noise, strict=False)]
    for area in (min(sizes), max(sizes), (min(sizes) + max(sizes)) / 2):
        assert expected_seconds(runs, area) == pytest.approx(start + rate * area, rel=0.2)


def test_runs_that_took_as_long_on_larger_pictures_are_not_taken_to_grow_with_size():
    runs = [(1.0, 1.09, 0.0), (0.5, 1.1, 0.0)]
    assert expected_seconds(runs, 1.0) == pytest.approx(1.095, abs=0.01)
    assert expected_seconds(runs, 3.0) == pytest.approx(3 * 1.095, abs=0.03)


def test_an_estimate_after_one_run_is_in_proportion_to_the_size():
    assert expected_seconds([(2.0, 3.0, 0.0)], 8.0) == pytest.approx(12.0)


def test_the_panel_tells_the_time_of_a_filter_after_its_first_run(panel, qtbot, document):
    assert not panel.open("darken").estimate.isVisible()
    press(panel, "filter.preview.0")
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: panel.page is None)
    assert panel.open("darken").estimate.text().startswith("about 1 s")


def test_a_preview_at_full_size_tells_the_time_as_well(panel, qtbot, context):
    panel.open("tint")
    wait_for_preview(qtbot, panel, context)
    assert panel.page.estimate.text().startswith("about 1 s")
    assert panel.page.estimate.isVisible()


@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, '{"a|cpu": [[1, "x", 2]]}', '{"a|cpu": {"seconds": 1}}']
)
def test_a_damaged_file_of_run_times_is_as_none(text, tmp_path):
    (tmp_path / "rates.json").write_text(text)
    assert RunRates(tmp_path / "rates.json").estimate("a", "cpu", 4) == ""


@given(st.integers(1, 20000), st.integers(1, 20000), st.floats(1 / 64, 8))
def test_a_preview_is_never_much_larger_than_the_screen_needs(width, height, zoom):
    plan = plan_preview(Rect(0, 0, width, height), zoom)
    if zoom < 0.5:
        assert width * height / plan.reduce**2 <= FULL_PIXELS
    assert (plan.reduce == 1) == (plan.note == "")


def test_a_session_runs_is_kept_and_undone(panel, qtbot, context, document):
    before = bytes_of(document)
    panel.open("steps")
    press(panel, "session.run")
    qtbot.waitUntil(lambda: panel.session.can_keep and not panel.session.is_running)
    assert bytes_of(document) == before
    assert preview(context) is not None
    press(panel, "session.keep")
    assert len(document.layers) == 2
    document.history.undo()
    assert bytes_of(document) == before
    assert context.tools.current.id == "brush"


def test_a_stroke_on_the_canvas_steers_the_session(panel, qtbot, context, document):
    RUNS.clear()
    panel.open("steps")
    panel.session.run()
    panel.session.pause()
    tool = context.tools.current
    assert tool.id == "steering"
    QTest.mouseClick(panel.page.findChild(object, "session.wishes.1"), LEFT)
    tool.press(Pointer(20, 20))
    tool.move(Pointer(30, 20))
    tool.release(Pointer(30, 20))
    panel.session.resume()
    qtbot.waitUntil(lambda: not panel.session.is_running)
    stroke = RUNS[0].strokes[0]
    assert stroke.action == "protect"
    assert stroke.coverage.shape == (48, 64)
    assert stroke.coverage[20, 25] == 1


def test_going_back_shows_an_earlier_picture(panel, qtbot, context, document):
    panel.open("steps")
    press(panel, "session.run")
    qtbot.waitUntil(lambda: not panel.session.is_running and panel.session.can_keep)
    last = preview(context).pixels.read(document.bounds)[..., :3].mean()
    panel.page.findChild(object, "session.scrub").setValue(0)
    assert preview(context).pixels.read(document.bounds)[..., :3].mean() > last


def test_closing_a_running_session_leaves_no_trace(panel, qtbot, context, document):
    before = bytes_of(document)
    panel.open("steps")
    panel.session.run()
    panel.session.pause()
    panel.close_filter()
    qtbot.waitUntil(lambda: not context.jobs.handles)
    assert bytes_of(document) == before
    assert preview(context) is None
    assert context.tools.current.id == "brush"


def test_the_document_may_change_while_a_filter_is_open(panel, qtbot, context, document):
    panel.open("darken")
    wait_for_preview(qtbot, panel, context)
    other = Document.from_pixels(np.full((20, 20, 4), 255, np.uint8))
    context.window.canvas = FakeCanvas(other)
    context.documents.show(other)
    wait_for_preview(qtbot, panel, context)
    press(panel, "filter.apply")
    qtbot.waitUntil(lambda: len(other.layers) == 2)
    assert len(document.layers) == 1


def test_escape_closes_the_filter(panel):
    panel.open("darken")
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.page is None


def test_without_a_picture_nothing_can_be_applied(panel, context):
    context.documents.show(None)
    page = panel.open("darken")
    assert not page.apply.isEnabled()
    assert "Open a picture" in page.note.text()
