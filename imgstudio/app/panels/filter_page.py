"""What the filter panel shows while a filter is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app import icons
from imgstudio.app.controllers.presets import Preset
from imgstudio.app.controllers.preview_plan import PreviewMode, can_preview
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.app.i18n import tr
from imgstudio.app.panels.needs_notice import need_notices
from imgstudio.app.panels.preset_menu import PresetButton
from imgstudio.core.params import Number, Ui, describe
from imgstudio.filters.base import AnyFilter, Filter, Finish
from imgstudio.filters.variations import Variation, offers_sheet

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

SHEET_HELP: Final = "Eight settings side by side, on a small copy of the picture; choose one to go on with."
MODES: Final[tuple[PreviewMode, ...]] = ("off", "picture", "exact", "split")


@dataclass(frozen=True)
class FinishParams:
    strength: Annotated[
        float, Number(0, 100, step=1, unit="%"), Ui(help="How much of the result is blended in.")
    ] = 100.0
    detail: Annotated[
        float, Number(0, 100, step=1, unit="%"), Ui(help="How much fine detail of the picture is given back.")
    ] = 0.0

    @property
    def finish(self) -> Finish:
        return Finish(self.strength / 100, self.detail / 100)


@dataclass(frozen=True)
class SeedParams:
    seed: Annotated[
        int, Number(0, 999_999), Ui(help="Another number gives another result; the same one the same.")
    ] = 0


class FilterPage(QWidget):
    """Shows one filter and tells what a person does; knows no document."""

    params_changed = Signal(object)
    finish_changed = Signal(object)
    seed_changed = Signal(int)
    mode_changed = Signal(str)
    sheet_wanted = Signal()
    applied = Signal()
    cancelled = Signal()

    def __init__(self, context: AppContext, item: AnyFilter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self.item = context, item
        head = self._head()  # made first, since Tab goes through the parts in the order they were made
        self.form = ParamForm(item.params, parent=self)
        self.finish = ParamForm(FinishParams, parent=self)
        self.seed = ParamForm(SeedParams, parent=self)
        self.seed.setVisible(item.seeded)
        width = max(form.wanted_label_width() for form in (self.form, self.finish, self.seed))
        for form in (self.form, self.finish, self.seed):
            form.set_label_width(width)
        self.label_width = width
        self._name_finish_parts()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addLayout(head)
        self._column.addWidget(self._body(), 1)
        self._column.addWidget(_line(self))
        self._foot = QVBoxLayout()
        self._foot.setContentsMargins(12, 8, 12, 12)
        self._foot.setSpacing(8)
        self._column.addLayout(self._foot)
        self._fill_foot()
        self._connect()

    def show_values(self, params: Any, finish: Finish, seed: int) -> None:
        """Fill the form without telling of an edit."""
        self.form.set_value(params)
        for notice in self.needs:
            notice.show_for(params)
        self.finish.set_value(FinishParams(finish.strength * 100, finish.detail * 100))
        self.seed.set_value(SeedParams(seed))

    def show_mode(self, mode: PreviewMode) -> None:
        self.preview.set_index(MODES.index(mode))

    def show_notes(self, note: str, problem: str, estimate: str) -> None:
        """`note` about the preview, why there is none, and how long a run takes."""
        self.note.setText(problem or note)
        self.note.setVisible(bool(problem or note))
        self.estimate.setText(estimate)
        self.estimate.setVisible(bool(estimate))

    def show_busy(self, *, applying: bool, enabled: bool) -> None:
        self.progress.setVisible(applying)
        self.area.setEnabled(not applying)
        self.preview.setEnabled(not applying)
        self.apply.setEnabled(enabled and not applying)
        self.cancel.setText("Stop" if applying else "Cancel")

    def show_progress(self, fraction: float, message: str) -> None:
        self.progress.setValue(round(fraction * 1000))

    def show_sheet(self, reason: str) -> None:
        """Why there cannot be a contact sheet now; "" when there can."""
        self.sheet.setEnabled(not reason)
        self.sheet.setToolTip(f"<b>{tr('Contact sheet…')}</b><br>{reason or tr(SHEET_HELP)}")

    def take(self, variation: Variation) -> None:
        """Go on with other parameters, as a person's one edit."""
        self.show_values(variation.params, self.finish.value().finish, variation.seed)
        self.seed_changed.emit(variation.seed)
        self.params_changed.emit(variation.params)

    def add_controls(self, controls: QWidget) -> None:
        """Put what only some filters have above the buttons, in place of the preview row."""
        self._preview_row.setVisible(False)
        self._foot.insertWidget(0, controls)

    def add_own(self, *widgets: QWidget) -> None:
        """Put what only this filter has above its parameters."""
        for place, widget in enumerate(widgets, self._content.indexOf(self.form)):
            self._content.insertWidget(place, widget)

    def _name_finish_parts(self) -> None:
        """Names by which tests and scripts find them, apart from a filter's own parameters."""
        for form, parts in ((self.finish, ("strength", "detail")), (self.seed, ("seed",))):
            for part in parts:
                form.editors[part].setObjectName(f"filter.{part}")

    def _head(self) -> QVBoxLayout:
        self.back = QToolButton(self)
        self.back.setObjectName("filter.back")
        self.back.setIcon(icons.icon("chevron-left"))
        self.back.setIconSize(QSize(18, 18))
        self.back.setFixedSize(28, 28)
        self.back.setToolTip("All filters")
        title = QLabel(self.item.name, self)
        title.setObjectName("filter.title")
        title.setProperty("role", "title")
        title.setToolTip(self.item.name)
        title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.sheet = QToolButton(self)
        self.sheet.setObjectName("filter.sheet")
        self.sheet.setIcon(icons.icon("view-grid-outline"))
        self.sheet.setIconSize(QSize(18, 18))
        self.sheet.setFixedSize(28, 28)
        self.sheet.setAccessibleName(tr("Contact sheet…"))
        self.sheet.setVisible(offers_sheet(self.item))
        self.sheet.clicked.connect(self.sheet_wanted)
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.back)
        top.addWidget(title, 1)
        top.addWidget(self.sheet)
        head = QVBoxLayout()
        head.setContentsMargins(8, 8, 12, 4)
        head.addLayout(top)
        return head

    def _body(self) -> QScrollArea:
        content = QWidget(self)
        self._content = column = QVBoxLayout(content)
        column.setContentsMargins(12, 0, 12, 12)
        column.setSpacing(8)
        said = QLabel(self.item.help, content)
        said.setProperty("role", "dim")
        said.setWordWrap(True)
        column.addWidget(said)  # in the part that scrolls: a low window has better use for the room
        self.needs = need_notices(self._context, self.item.needs, content)
        for notice in self.needs:
            notice.show_for(self.form.value())
            notice.met.connect(self._on_met)
            self.form.changed.connect(notice.show_for)
        standing = [notice for notice in self.needs if not notice.follows_choice]
        chosen = [notice for notice in self.needs if notice.follows_choice]
        has_own = bool(self.form.editors)
        self.form.setVisible(has_own)
        own: list[QWidget] = [*standing, self.form, *chosen, *([_line(content)] if has_own else [])]
        for widget in (*own, self.finish, self.seed):
            column.addWidget(widget)
        column.addStretch(1)
        changes_size = isinstance(self.item, Filter) and self.item.size is not None
        self.finish.setVisible(not changes_size)
        self.area = QScrollArea(self)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the focus of what it holds
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(content)
        return self.area

    def _fill_foot(self) -> None:
        self._preview_row = QWidget(self)
        row = QHBoxLayout(self._preview_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        label = QLabel("Preview", self)
        label.setProperty("role", "dim")
        self.preview = SegmentedButtons(["Off", "Picture", "1:1", "Split"], "filter.preview", self)
        row.addWidget(label)
        row.addWidget(self.preview, 1)
        self._preview_row.setVisible(isinstance(self.item, Filter) and can_preview(self.item))
        self.note, self.estimate = QLabel(self), QLabel(self)
        self.note.setObjectName("filter.note")
        self.note.setWordWrap(True)
        self.note.hide()
        self.estimate.setObjectName("filter.estimate")
        self.estimate.hide()
        for widget in (self.note, self.estimate):
            widget.setProperty("role", "small")
        self.progress = QProgressBar(self)
        self.progress.setObjectName("filter.progress")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.hide()
        for part in (self._preview_row, self.note, self.progress):
            self._foot.addWidget(part)
        self._foot.addLayout(self._buttons())

    def _buttons(self) -> QVBoxLayout:
        self.presets = PresetButton(self._preset_now, self)
        self.presets.set_filter(self.item)
        self.cancel = QPushButton("Cancel", self)
        self.cancel.setObjectName("filter.cancel")
        self.apply = QPushButton("Apply", self)
        self.apply.setObjectName("filter.apply")
        self.apply.setProperty("primary", True)  # noqa: FBT003 - Qt properties take no keywords
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.presets)
        line.addStretch(1)
        line.addWidget(self.cancel)
        line.addWidget(self.apply)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self.estimate, 0, Qt.AlignmentFlag.AlignRight)
        column.addLayout(line)
        return column

    def _connect(self) -> None:
        self.form.changed.connect(self.params_changed)
        self.finish.changed.connect(self._on_finish)
        self.seed.changed.connect(self._on_seed)
        self.preview.chosen.connect(self._on_mode)
        self.apply.clicked.connect(self.applied)
        self.cancel.clicked.connect(self.cancelled)
        self.back.clicked.connect(self.cancelled)
        self.presets.picked.connect(self._on_preset)
        self.presets.failed.connect(self._context.error)

    def _on_finish(self, params: FinishParams) -> None:
        self.finish_changed.emit(params.finish)

    def _on_met(self) -> None:
        """What could not be shown before can be now."""
        self.params_changed.emit(self.form.value())

    def _on_seed(self, params: SeedParams) -> None:
        self.seed_changed.emit(params.seed)

    def _on_mode(self, index: int) -> None:
        self.mode_changed.emit(MODES[index])

    def _preset_now(self, name: str) -> Preset:
        now = self.form.value()
        defaults = {name: getattr(type(now)(), name) for name in _of_picture(now)}
        return Preset(name, replace(now, **defaults), self.finish.value().finish)

    def _on_preset(self, preset: Preset) -> None:
        params = replace(preset.params, **_of_picture(self.form.value()))
        self.show_values(params, preset.finish, self.seed.value().seed)
        self.params_changed.emit(params)
        self.finish_changed.emit(preset.finish)


def _of_picture(params: Any) -> dict[str, Any]:
    """Values that say something about one picture only, so that no preset holds them."""
    kept = [param.name for param in describe(type(params)) if param.kind == "hints"]
    return {name: getattr(params, name) for name in kept}


def _line(parent: QWidget) -> QFrame:
    line = QFrame(parent)
    line.setProperty("role", "line")
    return line
