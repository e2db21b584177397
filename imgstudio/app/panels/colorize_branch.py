"""What the filter panel has for colouring: colours, strokes and notices on the page, its brush in the picture."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from imgstudio.app.canvas.tools.base import Rgb
from imgstudio.app.controllers.colorize import Colorize
from imgstudio.app.controllers.colorize_drafts import Draft, key_of
from imgstudio.app.controllers.colorize_sight import BundledEyes, From, Nature
from imgstudio.app.controllers.colorize_steps import StrokeSteps
from imgstudio.app.controllers.document_watch import DocumentWatch
from imgstudio.app.forms.hints_editor import HintsEditor
from imgstudio.app.i18n import tr
from imgstudio.app.panels.colorize_colours import ColourBox
from imgstudio.app.panels.colorize_notice import Notice
from imgstudio.app.panels.colorize_reference import ReferenceBox
from imgstudio.app.panels.filter_page import FilterPage
from imgstudio.app.panels.lending import LendingPanel
from imgstudio.app.panels.needs_notice import unmet_needs
from imgstudio.core.document import Document
from imgstudio.core.layers import Layer

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

COLORIZE: Final = "colorize"
HEIGHT: Final = 720
"""What shows most of the page without scrolling (logical pixels)."""
TELLING: Final = 8
"""By how many levels red and blue differ in a tint that has a name."""


class ColorizeBranch(QObject):
    """Guards: the brush is there while the page is, and what was painted on a picture waits for one to come back."""

    def __init__(self, context: AppContext, source: From, panel: QWidget) -> None:
        """`source` is what the open filter reads; `panel` shows the page."""
        super().__init__(panel)
        self._context, self._source, self._panel = context, source, panel
        self.work = work = Colorize(context, BundledEyes(lambda: context.settings.device), self)
        self.page: FilterPage | None = None
        self._again: Layer | None = None
        self._is_dropped = False
        self._nature: Nature | None = None
        self._shown_reference: Path | None = None
        """It stays from one photo to the next, to pick colours from."""
        work.drafts.open_page = self._draft
        self._watch = DocumentWatch(self)
        self._watch.changed.connect(work.sight.look)
        work.changed.connect(self._on_strokes)
        work.colour_changed.connect(self._on_colour)
        work.likely_changed.connect(self._on_likely)
        work.wanted.connect(self._on_wanted)
        work.apply_wanted.connect(self._on_apply)
        work.sight.nature_found.connect(self._on_nature)

    @property
    def is_open(self) -> bool:
        return self.page is not None

    def begin(self, page: FilterPage, document: Document | None, again: Layer | None) -> None:
        """A page is open that shows its values; what was painted before comes back."""
        if page.item.id != COLORIZE:
            return
        self.page, self._nature = page, None
        self._build(page)
        self._fill(page, document, again)
        page.params_changed.connect(self._on_params)
        place = self._panel.parentWidget()
        if isinstance(place, LendingPanel):
            place.grow(HEIGHT)

    def end(self) -> None:
        """The page is closed: what was painted waits, unless it was forgotten."""
        if self.page is None:
            return
        self._park()
        self._shown_reference = self.reference.path
        self.reference.stop()
        self.page = None
        self.work.end()
        self._watch.follow(None)
        place = self._panel.parentWidget()
        if isinstance(place, LendingPanel):
            place.shrink()

    def forget(self) -> None:
        """It was applied: nothing waits any more."""
        document = self.work.document
        if document is not None:
            self.work.drafts.of(document).pop(key_of(self._again), None)
            self.work.steps.first = self.work.strokes

    def cancel(self) -> None:
        """It was cancelled: what was painted comes back only when it is asked for."""
        self._is_dropped = True

    def go_to(self, document: Document | None) -> Layer | None:
        """Another picture is shown: its own strokes, and the AI layer that is made anew there."""
        page = self.page
        if page is None:
            return None
        self._park()
        self._shown_reference = self.reference.path
        self.work.end()
        latest = self.work.drafts.latest(document)
        again = None if latest is None else latest.again
        if document is None or again is None or document.layers.find(again.id) is not again:
            again = None
        page.form.set_value(replace(page.form.value(), hints=()))
        self._nature = None
        self._fill(page, document, again)
        return again

    def set_held(self, *, held: bool) -> None:
        """Strokes are being applied, or not any more."""
        self.work.is_held = held and self.is_open

    def _build(self, page: FilterPage) -> None:
        self.returned, self.tint = Notice("colorize.returned"), Notice("colorize.tint")
        self.colours = ColourBox(self._context, page.label_width)
        self.reference = ReferenceBox(self._context, page.form.editors["reference"].param)
        page.add_own(self.returned, self.tint, self.colours)
        page.form.put_instead("reference", self.reference)
        in_order(page.sheet, self.returned, self.tint, self.colours)
        in_order(page.form.editors["start"], self.reference)
        self.colours.chosen.connect(self.work.choose)
        self.reference.picked.connect(self.work.choose)
        self.reference.given.connect(lambda path: self._edit(reference=path))
        editor = self._editor
        editor.strokes_edited.connect(self.work.change)
        editor.pointed_out.connect(self.work.marks.point_out)
        editor.marks_toggled.connect(lambda on: self.work.marks.show(shown=on))
        editor.marks.setChecked(self.work.marks.are_shown)

    def _fill(self, page: FilterPage, document: Document | None, again: Layer | None) -> None:
        """Begin with what waits for this picture, or with what the page shows."""
        self._again, self._is_dropped = again, False
        draft = None if document is None else self.work.drafts.of(document).get(key_of(again))
        steps = StrokeSteps(self._editor.strokes)
        self.returned.say("")
        if draft is not None and draft.is_dropped:
            said, offer = tr("What was painted here was cancelled."), tr("Bring it back")
            self.returned.say(said, offer, partial(self._bring_back, draft))
        elif draft is not None:
            page.show_values(draft.params, draft.finish, draft.seed)
            steps = draft.steps
            said = tr("What was painted here before is back.")
            self.returned.say(said, tr("Start over"), self._start_over)
        self._editor.set_strokes(steps.strokes)
        self._watch.follow(document)
        self.work.begin(document, self._source, steps)
        given = page.form.value().reference
        self.reference.show_path(given or self._shown_reference, gives=given is not None)
        self._on_params(page.form.value())
        self._on_colour()

    def _park(self) -> None:
        """Let what was painted wait."""
        document = self.work.document
        now = None if document is None else self._draft(document)
        if document is not None and now is not None:
            self.work.drafts.park(document, now)

    def _draft(self, document: Document) -> Draft | None:
        """What is on the page now, if it is open for this document."""
        page = self.page
        if page is None or document is not self.work.document:
            return None
        values = page.form.value(), page.finish.value().finish, page.seed.value().seed
        return Draft(*values, self.work.steps, self._again, self._is_dropped)

    @property
    def _editor(self) -> HintsEditor:
        assert self.page is not None
        editor = self.page.form.editors["hints"]
        assert isinstance(editor, HintsEditor)
        return editor

    def _edit(self, **values: Any) -> None:
        """Change parameters as a person does."""
        if self.page is not None:
            form = self.page.form
            form.set_value(replace(form.value(), **values))
            form.changed.emit(form.value())

    def _start_over(self) -> None:
        self.work.change(self.work.steps.first, tr("Start over"))
        self.returned.say("")

    def _bring_back(self, draft: Draft) -> None:
        """Go on with what was cancelled."""
        if self.page is not None:
            params = replace(draft.params, hints=self.page.form.value().hints)
            self.page.show_values(params, draft.finish, draft.seed)
            self.page.form.changed.emit(params)
            self.page.finish.changed.emit(self.page.finish.value())
            self.work.change(draft.steps.strokes, tr("Bring back strokes"))
            self.returned.say("")

    def _on_strokes(self) -> None:
        if self.page is not None and self.work.is_open and self._editor.strokes != self.work.strokes:
            self._editor.set_strokes(self.work.strokes)
            self._editor.edited.emit()
        self._context.actions.refresh_soon()

    def _on_colour(self) -> None:
        if self.page is not None:
            self.colours.show_colour(self.work.colour)
            self._editor.current_colour = self.work.colour

    def _on_likely(self) -> None:
        if self.page is not None:
            self.colours.show_likely(self.work.likely)

    def _on_params(self, params: Any) -> None:
        if self.page is None:
            return
        if params.reference != self.reference.given_path:
            self.reference.show_path(
                params.reference or self.reference.path, gives=params.reference is not None
            )
        missing = [need for need in unmet_needs(self._context, self.page.item.needs) if need.is_used(params)]
        self._editor.say_alone(alone=bool(missing) or not params.automatic)
        self._show_tint(params.start)

    def _on_nature(self, nature: Nature) -> None:
        self._nature = nature
        if self.page is not None:
            self._show_tint(self.page.form.value().start)

    def _show_tint(self, start: str) -> None:
        """Say what is begun with where that is not plain, and offer the other."""
        nature = self._nature
        if nature is None or nature.kind == "grey":
            self.tint.say("")
            return
        keeps = start == "colours" or (start == "auto" and nature.kind == "coloured")
        if nature.kind == "coloured":
            said = (
                tr("This photo has colours: they stay where you paint nothing.")
                if keeps
                else tr("This photo has colours: they are left out.")
            )
        else:
            said = (
                tr("This photo is tinted {tint}: it stays where you paint nothing.")
                if keeps
                else tr("This photo is tinted {tint}: colours are laid on its grey.")
            ).format(tint=_named(nature.tint))
        offer = tr("Start from its grey") if keeps else tr("Start from its colours")
        self.tint.say(said, offer, lambda: self._edit(start="grey" if keeps else "colours"))

    def _on_wanted(self) -> None:
        """The brush was taken in hand: open the page for the active layer, or what the layer was made with."""
        document = self._context.documents.current
        if document is None or self.page is not None:
            return
        self._context.window.show_panel("filter")
        layer = document.active
        recipe = None if layer is None else layer.recipe
        if layer is not None and recipe is not None and recipe.steps[-1].filter == COLORIZE:
            self._context.filter_panel.rerun(layer)
        else:
            self._context.filter_panel.open(COLORIZE)

    def _on_apply(self) -> None:
        if self.page is not None:
            self.page.apply.click()


def in_order(first: QWidget, *others: QWidget) -> None:
    """Let Tab go from the first through the others, which were made later than what stands below them."""
    parts = [part for widget in others for part in _tabbed(widget)]
    for before, after in pairwise([*_tabbed(first)[-1:], *parts]):
        QWidget.setTabOrder(before, after)


def _tabbed(widget: QWidget) -> list[QWidget]:
    """The parts of a widget that Tab goes to, as they were made."""
    own = [widget, *(part for part in widget.findChildren(QWidget) if part.window() is widget.window())]
    return [part for part in own if part.focusPolicy() & Qt.FocusPolicy.TabFocus and not part.focusProxy()]


def _named(tint: Rgb) -> str:
    """A tint in a word."""
    red, green, blue = tint
    if red > blue + TELLING and red >= green:
        return tr("sepia")
    return tr("blue") if blue > red + TELLING else tr("in one colour")
