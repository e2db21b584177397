"""The marks of colour strokes on the picture: a small disc for each, and the outline of the one that is pointed out."""

from __future__ import annotations

from imgstudio.app.canvas.tools.base import Edge, Mark, OverlayItem, Rgb, ToolState
from imgstudio.core.colour_hints import Hint
from imgstudio.core.geometry import Point
from imgstudio.core.hint_strokes import Stroke, Strokes


class HintMarks:
    """Guards: what lies over the picture are the strokes as they are now."""

    def __init__(self, state: ToolState) -> None:
        self._state = state
        self._strokes: Strokes = ()
        self._pointed_out: int | None = None
        self.are_shown = True

    def follow(self, strokes: Strokes) -> None:
        """Strokes are others now."""
        self._strokes = strokes
        self._show()

    def point_out(self, index: int | None) -> None:
        """Show where a stroke lies; None: no more."""
        if index != self._pointed_out:
            self._pointed_out = index
            self._show()

    def show(self, *, shown: bool) -> None:
        """Whether strokes have marks; one that is pointed out is shown in any case."""
        self.are_shown = shown
        self._show()

    def _show(self) -> None:
        marks: list[OverlayItem] = [_mark(stroke) for stroke in self._strokes] if self.are_shown else []
        index = self._pointed_out
        if index is not None and index < len(self._strokes):
            chosen = self._strokes[index]
            way = tuple(Point(hint.x, hint.y) for hint in chosen)
            marks += [Edge(way, 2 * chosen[0].radius), _mark(chosen)]
        self._state.marks = tuple(marks)
        self._state.marks_changed()


def _mark(stroke: Stroke) -> Mark:
    """In the middle of a stroke."""
    hint = stroke[len(stroke) // 2]
    return Mark(Point(hint.x, hint.y), _colour(hint))


def _colour(hint: Hint) -> Rgb | None:
    """As it is seen; None where what is there is kept."""
    return None if hint.keeps else (round(hint.red), round(hint.green), round(hint.blue))
