"""The active object as it will look in the picture: follows it while it is moved, exact once it rests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.controllers.canvas_port import PreviewScreen
from imgstudio.app.jobs import JobHandle
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.filters.base import SessionFilter
from imgstudio.filters.instant import EXACT, ROUGH, Look, capture_instant
from imgstudio.filters.objects import has_moved, lies_at, object_of, pose_of, results_of

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

REST_MS: Final = 250
"""How long an object must lie still before it is computed exactly."""
SEEN_FROM: Final = 0.5
"""From this zoom on the exact one is computed at full size, below it at that of the screen."""


@dataclass(frozen=True, slots=True)
class _Key:
    """Equal keys, equal pictures."""

    item: str
    """Id of the object."""
    pose: tuple[float, ...]
    state: int
    """State of the document's history."""
    params: Any
    is_exact: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A picture, and where the object lay for it."""

    key: _Key
    look: Look
    at: Transform


@dataclass(frozen=True, slots=True, eq=False)
class _Target:
    """What is previewed now."""

    document: Document
    item: Layer
    stale: Layer | None
    """A result that the object has left, which is not shown meanwhile."""


class BlendPreview(QObject):
    """Guards: what is shown belongs to the active object where it lies now; the document is never changed."""

    changed = Signal()
    """On or off, busy, or another problem."""

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.screen = PreviewScreen(context)
        self.is_on = False
        self._follows_moved = True
        """Whether an object that has left its result is shown blended though nobody asked."""
        self.problem = ""
        """Why nothing is shown though it is on."""
        self._is_held = self._is_still = False
        self._is_anew = False
        self._chosen: tuple[SessionFilter[Any], Any] | None = None
        self._document: Document | None = None
        self._shown: _Shown | None = None
        self._seen: tuple[_Shown, Transform, Layer | None] | None = None
        """What was shown last, where, and in whose place."""
        self._failed: _Key | None = None
        self._run: JobHandle | None = None
        self._running: _Key | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._on_rest)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._look)
        context.documents.current_changed.connect(self._follow)

    @property
    def item(self) -> SessionFilter[Any] | None:
        """The filter that is previewed; None where none can show anything at once."""
        if self._chosen is not None:
            return self._chosen[0]
        found = (
            one for one in self._context.filters if isinstance(one, SessionFilter) and one.instant is not None
        )
        return next(found, None)

    @property
    def is_busy(self) -> bool:
        return self._run is not None

    @property
    def is_exact(self) -> bool:
        """Whether the object is shown as it lies, at full size or that of the screen."""
        return self._shown is not None and self._shown.key.is_exact and self._run is None

    @property
    def is_showing(self) -> bool:
        """Whether the active object is shown blended, or will be in a moment."""
        return self._target() is not None

    def set_on(self, on: bool) -> None:
        """Show objects blended; without it only one that has left its result is."""
        self.is_on = on
        self._later.start()
        self.changed.emit()

    def set_wanted(self, on: bool) -> None:
        """What a person says: show objects blended, or as they are, also the one that has left its result."""
        target = self._target()
        if on or (target is not None and target.stale is not None):
            self._follows_moved = on
        self.set_on(on)

    def set_held(self, held: bool) -> None:
        """While something else is shown over the picture."""
        if held != self._is_held:
            self._is_held = held
            if held:
                self._clear()
            else:
                self._later.start()

    def set_still(self, still: bool) -> None:
        """Compute nothing more for a while, but go on showing what there is."""
        self._is_still = still
        if still:
            self._rest.stop()
            self._stop_run()
        else:
            self._later.start()

    def choose(self, item: SessionFilter[Any] | None, params: Any = None, *, anew: bool = False) -> None:
        """Preview this filter with these parameters; None: the first there is, as it is by default.

        `anew`: also in the place of a result that was made with others.
        """
        self._is_anew = anew
        self._chosen = None if item is None or item.instant is None else (item, params)
        self._later.start()

    def _follow(self, document: Document | None) -> None:
        """Listen to a document, and no more to the one before."""
        before, self._document = self._document, document
        self._follows_moved = True
        if before is not None:
            for signal in _signals_of(before):
                signal.disconnect(self._on_changed)
        if document is not None:
            for signal in _signals_of(document):
                signal.connect(self._on_changed)
        self._clear()
        self._later.start()

    def _on_changed(self, rect: Rect | None = None) -> None:
        """Something of the document is another; a drag of the object is followed at once."""
        target, shown = self._target(), self._shown
        self._later.start()
        if target is None or shown is None or shown.key.item != target.item.id:
            return
        if self._seen != (shown, lies_at(target.item), target.stale):
            self._move(target, shown)

    def _target(self) -> _Target | None:
        """The active object, unless its result shows already what there is to see."""
        document = self._document
        if document is None or document.active is None or self._is_held or self.item is None:
            return None
        try:
            item = object_of(document, document.active)
        except UserError:
            return None
        made = [layer for layer in results_of(document, item) if layer.visible]
        if not self._is_anew and any(not has_moved(document, layer) for layer in made):
            return None
        if not self.is_on and not (made and self._follows_moved):
            return None
        return _Target(document, item, made[-1] if made else None)

    def _look(self) -> None:
        """Compute what is not shown yet: roughly at once, exactly after a rest."""
        target = self._target()
        if target is None:
            had_problem = bool(self.problem)
            self._clear()
            if had_problem:
                self.changed.emit()
            return
        key = self._key(target)
        if key == self._failed or self._is_still:
            return
        if self._shown is not None and self._shown.key.item != key.item:
            self._clear()
        shown = None if self._shown is None else self._shown.key
        if shown is not None and replace(shown, is_exact=False) == key:
            if not shown.is_exact and not self._rest.isActive() and self._run is None:
                self._rest.start()
            return
        running = self._running
        if running is not None and running.is_exact and replace(running, is_exact=False) != key:
            self._stop_run()
        if self._run is None:
            self._start(target, key, ROUGH)
        self._rest.start()

    def _on_rest(self) -> None:
        target = self._target()
        if target is None:
            return
        if self._run is not None:
            self._rest.start()
            return
        canvas = self.screen.canvas_of(target.document)
        most = _pixels_seen(target, 1.0 if canvas is None else canvas.view.zoom)
        self._start(target, replace(self._key(target), is_exact=True), most)

    def _start(self, target: _Target, key: _Key, most: int) -> None:
        item, params = self._filter()
        try:
            job = capture_instant(
                target.document, target.item, item, params, most=most, device=self._context.settings.device
            )
        except UserError as error:
            self._fail(key, error)
            return
        handle = self._context.jobs.start(job)
        handle.is_told_elsewhere = True
        self._run, self._running = handle, key
        at = lies_at(target.item)
        handle.succeeded.connect(partial(self._on_made, handle, key, at))
        handle.failed.connect(partial(self._on_failed, handle, key))
        handle.finished.connect(partial(self._on_finished, handle))
        self.changed.emit()

    def _filter(self) -> tuple[SessionFilter[Any], Any]:
        if self._chosen is not None:
            return self._chosen
        item = self.item
        assert item is not None
        return item, item.params()

    def _key(self, target: _Target) -> _Key:
        _, params = self._filter()
        pose = tuple(pose_of(target.item))
        return _Key(target.item.id, pose, target.document.history.state, params)

    def _on_made(self, handle: JobHandle, key: _Key, at: Transform, look: Look) -> None:
        target = self._target()
        if handle is not self._run or target is None or target.item.id != key.item:
            return
        self.problem = ""
        self._failed = None
        self._shown = _Shown(key, look, at)
        self._move(target, self._shown)

    def _move(self, target: _Target, shown: _Shown) -> None:
        """Show what there is where the object lies now."""
        now = lies_at(target.item)
        self._seen = (shown, now, target.stale)
        layer = _carried(shown, now)
        if layer is not None:
            self.screen.show(target.document, layer, target.item, target.stale)

    def _on_failed(self, handle: JobHandle, key: _Key, error: Exception) -> None:
        if handle is self._run:
            self._fail(key, error)

    def _fail(self, key: _Key, error: Exception) -> None:
        before = self.problem
        self._clear()
        self._failed = replace(key, is_exact=False)
        if isinstance(error, UserError):
            self.problem = ". ".join(part for part in (error.what, error.what_to_do) if part)
            if self.problem != before:
                self._context.message.emit(self.problem)
        else:
            self._context.error.emit(error)
        self.changed.emit()

    def _on_finished(self, handle: JobHandle) -> None:
        if handle is self._run:
            self._run = self._running = None
            self._later.start()
            self.changed.emit()

    def _stop_run(self) -> None:
        run, self._run, self._running = self._run, None, None
        if run is not None:
            run.cancel()

    def _clear(self) -> None:
        self._rest.stop()
        self._stop_run()
        self._shown = self._seen = self._failed = None
        self.problem = ""
        self.screen.clear()


def _signals_of(document: Document) -> tuple[Any, ...]:
    """What tells that the object, or what is around it, is another."""
    return (document.damaged, document.active_changed, document.layers_changed, document.history.changed)


def _pixels_seen(target: _Target, zoom: float) -> int:
    """How many pixels an exact preview is worth: about those of the screen."""
    area = target.item.bounds().intersect(target.document.bounds)
    seen = min(1.0, zoom / SEEN_FROM)
    return round(min(EXACT, max(ROUGH, 3 * area.width * area.height * seen * seen)))


def _carried(shown: _Shown, now: Transform) -> Layer | None:
    """A picture where the object lies now; None where that is squeezed to nothing."""
    layer = shown.look.layer
    if now == shown.at:
        return layer
    try:
        way = shown.at.inverted().then(now)
    except ValueError:
        return None
    return replace(shown.look.carried, transform=layer.transform.then(way))
