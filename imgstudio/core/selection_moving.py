"""The selection taken in hand: moved, scaled, turned and put in perspective; the picture stays."""

from __future__ import annotations

from dataclasses import dataclass, replace

from imgstudio.core.commands import ReplaceTiles
from imgstudio.core.document import Document
from imgstudio.core.geometry import IDENTITY, Rect, Transform
from imgstudio.core.history import Command
from imgstudio.core.layers import Layer
from imgstudio.core.outline import outline
from imgstudio.core.reshaping import transformed_mask
from imgstudio.core.tiles import TileStore


class HeldSelection:
    """The document's selection as it was when it was taken.

    Guards: however often it is kept elsewhere, it is always made from what was taken, so that it does not
    blur more and more.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._start = document.selection.store.snapshot()
        self._box = document.selection.bounds()
        self.lines = tuple(outline(document.selection, 1.0))
        """Closed lines round it, where it was taken."""

    layers: tuple[Layer, ...] = ()
    is_current = True
    has_own_size = False

    @property
    def frame(self) -> tuple[Rect, Transform]:
        """Its box, in the document."""
        return self._box, IDENTITY

    def begin_drag(self) -> None:
        """No layer is moved."""

    def end_drag(self) -> None:
        """No layer was moved."""

    def put(self, through: Transform) -> None:
        """Only its outline is shown elsewhere, by whoever holds it."""

    def keep(self, through: Transform, label: str, *, merge: bool = False) -> None:
        """Select it elsewhere as one undo step; what leaves the picture is lost. `merge` joins a run of them."""
        document, store = self.document, self.document.selection.store
        taken = TileStore(1)
        taken.restore(self._start)
        made = TileStore(1)
        moved = transformed_mask(taken, through, document.bounds)
        inside = moved.filled_bounds().intersect(document.bounds)
        if not inside.is_empty:
            made.write(inside, moved.read(inside))
        made.drop_plain_tiles()
        command = document.replacing(store, label, made)
        document.do(_Placed(label, store, command.before, command.after, command.on_dirty), merge=merge)


@dataclass(frozen=True)
class _Placed(ReplaceTiles):
    """The selection elsewhere; a run of them is one step."""

    def merged(self, newer: Command) -> Command | None:
        if isinstance(newer, _Placed) and newer.store is self.store:
            return replace(self, after=newer.after)
        return None
