"""What a person has said about a picture so far: places, a box and strokes that belong to what is wanted, or not."""

from __future__ import annotations

from dataclasses import dataclass

from imgstudio.app.canvas.tools.base import Outline, OverlayItem, Spot, Swath
from imgstudio.core.geometry import Point


@dataclass(frozen=True, slots=True)
class Click:
    """One place, in document pixels."""

    at: Point
    wanted: bool


@dataclass(frozen=True, slots=True)
class Box:
    """Two opposite corners of a box around what is wanted, upper left first."""

    first: Point
    last: Point

    @property
    def corners(self) -> tuple[Point, ...]:
        (left, top), (right, bottom) = self.first, self.last
        return Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom)


@dataclass(frozen=True, slots=True)
class Scribble:
    """A stroke of a round brush."""

    points: tuple[Point, ...]
    radius: float
    """Document pixels."""
    wanted: bool


Step = Click | Box | Scribble


@dataclass(frozen=True, slots=True)
class Prompt:
    """All steps in the order they were made; a later box takes the place of the one before."""

    steps: tuple[Step, ...] = ()

    def with_step(self, step: Step) -> Prompt:
        return Prompt((*self.steps, step))

    def without_last(self) -> Prompt:
        return Prompt(self.steps[:-1])

    @property
    def clicks(self) -> list[tuple[float, float, bool]]:
        return [(step.at.x, step.at.y, step.wanted) for step in self.steps if isinstance(step, Click)]

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """Left, top, right and bottom."""
        last = next((step for step in reversed(self.steps) if isinstance(step, Box)), None)
        return None if last is None else (*last.first, *last.last)

    @property
    def strokes(self) -> list[tuple[list[tuple[float, float]], float, bool]]:
        return [
            ([(x, y) for x, y in step.points], step.radius, step.wanted)
            for step in self.steps
            if isinstance(step, Scribble)
        ]

    def overlay(self) -> list[OverlayItem]:
        """How it is drawn over the picture, places on top."""
        boxes = [step for step in self.steps if isinstance(step, Box)][-1:]
        strokes = [step for step in self.steps if isinstance(step, Scribble)]
        clicks = [step for step in self.steps if isinstance(step, Click)]
        return [
            *(Swath(step.points, 2 * step.radius, step.wanted) for step in strokes),
            *(Outline(step.corners, closed=True) for step in boxes),
            *(Spot(step.at, step.wanted) for step in clicks),
        ]
