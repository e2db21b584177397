"""The labels of one open picture: what was labelled, what a model says, and by which rules one paints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from psygnal import Signal

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.labels import BACKGROUND, UNSEEN, IndexMask, LabelClass, ObjectMask, class_colour
from imgstudio.core.tiles import TileStore, box_where

MOST_OBJECTS: Final = 65535
Where = Literal["everywhere", "unlabelled", "inside"]
Numbering = Literal["off", "new", "add"]


@dataclass(frozen=True, slots=True)
class PaintRules:
    """What is painted, and what must stay as it is."""

    value: int = 1
    """The class; 0 is background."""
    locked: frozenset[int] = frozenset()
    """Classes that nothing is painted over."""
    where: Where = "everywhere"
    """Everywhere, only where nobody looked yet, or only inside of the class `inside`."""
    inside: int = BACKGROUND
    lightness: tuple[int, int] = (0, 255)
    """Least and most lightness (luma) of the picture where paint takes hold; (0, 255) is everywhere."""
    objects: Numbering = "off"
    """Whether each stroke makes a new object, or goes on with the one that it begins on."""


class Labelling:
    """Labels of one picture. Guards: `store` and `objects` have one channel; what is unseen has no object."""

    changed = Signal()
    """Classes or rules."""
    prediction_changed = Signal(Rect)
    """Prediction or uncertainty inside the box."""

    def __init__(self, classes: Iterable[LabelClass] = ()) -> None:
        self.store = TileStore(1, np.uint8, fill=UNSEEN)
        """Label values; 255 where nobody looked."""
        self.objects = TileStore(1, np.uint16)
        """Object numbers from 1; 0 where there is none."""
        self.prediction: TileStore | None = None
        """Label values that a model gives; 255 where it says nothing."""
        self.unsure: TileStore | None = None
        """How unsure it is, 0..255."""
        self._classes = tuple(classes)
        self._rules = PaintRules(value=self._classes[0].value if self._classes else BACKGROUND)

    @classmethod
    def from_masks(
        cls, classes: Iterable[LabelClass], mask: IndexMask | None, objects: ObjectMask | None = None
    ) -> Labelling:
        """Labels as they were kept: (h, w) values, (h, w) object numbers; None where there are none yet."""
        made = cls(classes)
        for store, kept in ((made.store, mask), (made.objects, objects)):
            if kept is not None:
                store.write(Rect(0, 0, kept.shape[1], kept.shape[0]), kept[..., None])
                store.drop_plain_tiles()
        return made

    def copy(self) -> Labelling:
        """The same labels by themselves, without what a model says; tiles are shared until either is written."""
        made = Labelling(self._classes)
        made.store, made.objects, made._rules = self.store.copy(), self.objects.copy(), self._rules
        return made

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        return self._classes

    @classes.setter
    def classes(self, classes: tuple[LabelClass, ...]) -> None:
        if classes != self._classes:
            self._classes = classes
            self.changed.emit()

    @property
    def rules(self) -> PaintRules:
        return self._rules

    @rules.setter
    def rules(self, rules: PaintRules) -> None:
        if rules != self._rules:
            self._rules = rules
            self.changed.emit()

    def class_of(self, value: int) -> LabelClass | None:
        return next((known for known in self._classes if known.value == value), None)

    def colour(self, value: int) -> tuple[int, int, int]:
        """8-bit sRGB of a label value, also of one that is no class."""
        known = self.class_of(value)
        return class_colour(value) if known is None else known.colour

    def name(self, value: int) -> str:
        """What a person calls a label value."""
        known = self.class_of(value)
        if known is not None:
            return known.name
        return {BACKGROUND: "Background", UNSEEN: "Not labelled"}.get(value, f"Class {value}")

    def mask(self, rect: Rect) -> IndexMask:
        """(h, w) label values."""
        return self.store.read(rect)[..., 0]

    def object_mask(self, rect: Rect) -> ObjectMask:
        """(h, w) object numbers."""
        return self.objects.read(rect)[..., 0]

    def object_bounds(self, numbers: Iterable[int]) -> Rect:
        """Smallest box of some objects."""
        wanted, tiles = [*numbers], self.objects.snapshot().tiles
        if len(wanted) == 1:
            return box_where(tiles, lambda index, tile: np.asarray(tile[..., 0] == wanted[0]))
        is_wanted = np.zeros(MOST_OBJECTS + 1, np.bool_)
        is_wanted[wanted] = True
        return box_where(tiles, lambda index, tile: is_wanted[tile[..., 0]])

    def coverage(self, value: int) -> TileStore:
        """Where a class lies: 255, and 0 elsewhere."""
        made = TileStore(1)
        for index, tile in self.store.snapshot().tiles.items():
            covered = tile == value
            if covered.any():
                made.editable_tile(index)[covered] = 255
        return made

    def value_at(self, x: int, y: int) -> int:
        return int(self.mask(Rect(x, y, 1, 1))[0, 0])

    def object_at(self, x: int, y: int) -> int:
        return int(self.object_mask(Rect(x, y, 1, 1))[0, 0])

    def free_object(self) -> int:
        """A number that no object has. Raises UserError when there is none left."""
        tiles = self.objects.snapshot().tiles.values()
        largest = max((int(tile.max()) for tile in tiles), default=0)
        if largest < MOST_OBJECTS:
            return largest + 1
        used = np.zeros(MOST_OBJECTS + 1, np.bool_)
        for tile in tiles:
            used[tile.ravel()] = True
        used[0] = True
        free = (~used).nonzero()[0]
        if not free.size:
            raise UserError(
                "The picture has too many objects",
                f"{MOST_OBJECTS} are the most",
                "Merge or delete some first",
            )
        return int(free[0])

    def predict(
        self, prediction: TileStore | None, unsure: TileStore | None, part: Rect | None = None
    ) -> None:
        """Take what a model says; `part`: only there it differs from what it said before."""
        present = (self.prediction, self.unsure, prediction, unsure)
        if part is None:
            part = EMPTY
            for store in present:
                part = part if store is None else part.united(store.bounds())
        self.prediction, self.unsure = prediction, unsure
        self.prediction_changed.emit(part)
