"""What the parts of the window share; made once at the start and passed in, never global."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal

from imgstudio.app.canvas.tools.base import ToolState
from imgstudio.app.canvas.tools.toolbox import Toolbox
from imgstudio.app.jobs import JobService
from imgstudio.app.window_parts import LabelsPictures, ShellWindow
from imgstudio.core.document import Document
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array
from imgstudio.core.settings import Settings
from imgstudio.core.tiles import TileStore
from imgstudio.filters.base import FilterRegistry

if TYPE_CHECKING:
    from imgstudio.engine.registry import ModelRegistry

P = TypeVar("P")


class OpenDocuments(QObject):
    """The documents of the window, as panels see them; controllers/documents.py fills it with life."""

    opened = Signal(object)
    closed = Signal(object)
    current_changed = Signal(object)
    """The document that is shown now, or None."""
    changed = Signal(object)
    """A document's name, path or saved state changed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.all: list[Document] = []
        self.guests: list[Document] = []
        """Those of `all` that somebody else looks after: no tab, no question when they go, no autosave."""
        self.current: Document | None = None

    @property
    def own(self) -> list[Document]:
        """Those that have a tab and are saved by a person."""
        return [document for document in self.all if document not in self.guests]

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open files, each in a tab of its own; comes back at once."""
        raise NotImplementedError

    def add(self, document: Document) -> None:
        """Show a document that was made rather than opened."""
        raise NotImplementedError

    def show(self, document: Document | None) -> None:
        """Make one of the open documents the current one; None: none of them."""
        raise NotImplementedError

    def lend(self, document: Document) -> None:
        """Show a document that stays in the care of the caller, who closes it too."""
        raise NotImplementedError

    def close(self, document: Document) -> None:
        """Drop a document without asking."""
        raise NotImplementedError


class PreviewsObjects(Protocol):
    """The preview of the active object in its surroundings."""

    @property
    def is_on(self) -> bool: ...

    @property
    def is_showing(self) -> bool:
        """Whether the active object is shown blended, or will be in a moment."""
        ...

    @property
    def changed(self) -> Any:
        """Signal: on or off, busy, or another problem."""
        ...

    def set_wanted(self, on: bool) -> None:
        """What a person says: show objects blended, or as they are."""
        ...


class UndoesOwn(Protocol):
    """Something in hand with steps of its own, which are undone before those of the document."""

    @property
    def undo_label(self) -> str:
        """What an undo takes back; "" for nothing."""
        ...

    @property
    def redo_label(self) -> str: ...

    def undo(self) -> None: ...

    def redo(self) -> None: ...

    def holds(self, document: Document) -> bool:
        """Whether something was done on a document that would be lost with it."""
        ...


class OpensFilters(Protocol):
    """The filter panel, as actions see it."""

    def open(self, filter_id: str) -> Any: ...

    def rerun(self, layer: Layer) -> Any:
        """Open what made an AI layer, with its parameters."""
        ...

    @property
    def own_steps(self) -> UndoesOwn:
        """What was done on the page in hand that is no step of the document yet."""
        ...

    @property
    def can_compare(self) -> bool:
        """Whether there is a filter in hand whose settings a contact sheet can compare."""
        ...

    def compare(self) -> None:
        """Open its contact sheet."""
        ...

    def apply_now(self, filter_id: str) -> None:
        """Open a filter as it comes and apply it at once."""
        ...

    def close_filter(self) -> None:
        """Back to the list of filters."""
        ...

    def remake(self, layer: Layer) -> None:
        """Run what made a layer again at once, and keep the result."""
        ...

    @property
    def is_at_work(self) -> bool:
        """Whether a filter for objects is in hand."""
        ...

    @property
    def shown(self) -> Any:
        """Signal: another filter is in hand, or none."""
        ...

    @property
    def blend(self) -> PreviewsObjects:
        """The preview of the active object in its surroundings."""
        ...


class EditsDocuments(Protocol):
    """Work on whole documents that may take long; controllers/document_edits.py does it."""

    def do(self, document: Document, title: str, change: Callable[[Document], object]) -> None:
        """One undo step: at once where that is quick, else on a worker."""
        ...

    def do_long(
        self,
        document: Document,
        title: str,
        change: Callable[[Document, Progress], object],
        *,
        is_slow: bool = False,
    ) -> None: ...

    def is_busy(self, document: Document) -> bool: ...


class RunsActions(Protocol):
    """The actions, as panels see them."""

    def run(self, action_id: str) -> None: ...

    def shortcut(self, action_id: str) -> str:
        """The key of an action as text, "" for none."""
        ...

    def tooltip(self, action_id: str) -> str: ...

    def is_enabled(self, action_id: str) -> bool:
        """Whether it can be done now."""
        ...

    def refresh_soon(self) -> None:
        """What can be done now may be something else."""
        ...


class AsksPeople(Protocol):
    """Dialogs; tests put a fake in their place. None or "cancel" means: leave everything as it is."""

    def form(self, title: str, params: P, *, note: str = "", accept: str = "") -> P | None:
        """Change the values of a parameter object."""
        ...

    def files_to_open(self, title: str, folder: Path) -> list[Path]: ...

    def file_to_save(self, title: str, suggestion: Path, kind: str) -> Path | None:
        """A place for a new file; `kind` such as "OpenRaster (*.ora)"."""
        ...

    def unsaved(self, names: Sequence[str]) -> Literal["save", "discard", "cancel"]:
        """What to do with changes that no file holds."""
        ...

    def folder(self, title: str, start: Path) -> Path | None:
        """A folder that is there."""
        ...

    def export(self, document: Document, again: tuple[Path, Any] | None) -> tuple[Path, Any] | None:
        """Where and how to export; `again` is how it was done before."""
        ...

    def show(self, page: Literal["about", "shortcuts"]) -> None: ...


class Clip(Protocol):
    """What was copied last."""

    @property
    def pixels(self) -> Array:
        """(height, width, 4) straight RGBA."""
        ...

    @property
    def at(self) -> tuple[int, int] | None:
        """Its corner in the document it came from; None for a picture from elsewhere."""
        ...

    @property
    def name(self) -> str:
        """Of the layer it came from, "" for a picture from elsewhere."""
        ...


class HoldsPictures(Protocol):
    """The clipboard, as actions see it."""

    def put(self, pixels: Array, at: tuple[int, int], name: str = "") -> None: ...

    def take(self) -> Clip | None: ...

    def files(self) -> list[Path]: ...

    def leave(self) -> None: ...


class AppContext(QObject):
    """Settings, registries, jobs and open documents of one window."""

    message = Signal(str)
    """A quiet note for a few seconds."""
    done = Signal(str)
    """A quiet note about the undo step just made in the current document, with a button that undoes it."""
    placed = Signal(object)
    """A layer that has just come into the current document from elsewhere."""
    filters_changed = Signal()
    """A model became a filter, or a filter went with its model; always heard on the window's thread."""
    error = Signal(object)
    """An exception to tell the user; a UserError says what, why and what to do."""

    edits: EditsDocuments
    filter_panel: OpensFilters
    actions: RunsActions
    ask: AsksPeople
    clipboard: HoldsPictures
    window: ShellWindow

    def __init__(
        self,
        settings: Settings,
        jobs: JobService,
        filters: FilterRegistry,
        documents: OpenDocuments,
        tools: Toolbox,
    ) -> None:
        super().__init__()
        self.settings, self.jobs, self.filters = settings, jobs, filters
        self.documents, self.tools = documents, tools
        self.tool_state: ToolState = tools.state
        self.last_selections: WeakKeyDictionary[Document, TileStore] = WeakKeyDictionary()
        """What was selected before it was deselected, for Reselect."""
        filters.changed.connect(self._on_filters)
        self.labelling: LabelsPictures | None = None
        """The project whose pictures are labelled; there is one once the Label workspace was shown."""
        self.tool_before_mask = ""
        """The tool that the quick mask key goes back to."""

    def _on_filters(self) -> None:
        self.filters_changed.emit()  # on whatever thread: Qt brings it to the window's

    def models(self) -> ModelRegistry:
        """The installed models; looked up the first time it is asked for."""
        from imgstudio.filters.models import models

        return models()
