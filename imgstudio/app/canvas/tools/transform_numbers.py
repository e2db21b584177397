"""Place, size, angle and skew of a frame as numbers, and the map that gives it others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan, atan2, cos, degrees, hypot, radians, sin, tan
from typing import Annotated, Final

from imgstudio.app.canvas.tools.transform_frame import Frame, about, turned_about
from imgstudio.core.geometry import Point, Transform
from imgstudio.core.params import Number, Ui

_FAR: Final = 99_999
_LARGEST: Final = 9999
_STEEPEST: Final = 85


@dataclass(frozen=True, slots=True)
class TransformOptions:
    """Where the object stands, in numbers that can be typed."""

    x: Annotated[
        float,
        Number(-_FAR, _FAR, soft_max=9999, decimals=1),
        Ui("X", help="Left edge of the object in pixels", bare=True),
    ] = 0.0
    y: Annotated[
        float,
        Number(-_FAR, _FAR, soft_max=9999, decimals=1),
        Ui("Y", help="Upper edge of the object in pixels", bare=True),
    ] = 0.0
    width: Annotated[
        float,
        Number(-_LARGEST, _LARGEST, soft_max=999, decimals=1, unit="%"),
        Ui("W", help="Width; 100 % shows a pixel of the layer as one of the picture", bare=True),
    ] = 100.0
    height: Annotated[
        float,
        Number(-_LARGEST, _LARGEST, soft_max=999, decimals=1, unit="%"),
        Ui("H", help="Height; 100 % shows a pixel of the layer as one of the picture", bare=True),
    ] = 100.0
    linked: Annotated[
        bool, Ui("Link", help="Width and height keep their ratio; Shift does the opposite in a drag")
    ] = True
    angle: Annotated[
        float,
        Number(-180, 180, decimals=1, unit="°"),
        Ui("Angle", help="Clockwise, round the middle", bare=True),
    ] = 0.0
    skew: Annotated[
        float,
        Number(-_STEEPEST, _STEEPEST, decimals=1, unit="°"),
        Ui("Skew", help="How far upright sides lean", bare=True),
    ] = 0.0


def numbers_of(frame: Frame, *, linked: bool) -> TransformOptions:
    """The numbers as they are; in perspective those at the middle."""
    x, y = _corner_of(frame)
    wide, high, angle, slope = _parts(frame)
    return TransformOptions(
        x=_tidy(x),
        y=_tidy(y),
        width=_tidy(100 * wide),
        height=_tidy(100 * high),
        linked=linked,
        angle=_tidy(degrees(angle)),
        skew=_tidy(degrees(atan(slope))),
    )


def with_ratio_kept(before: TransformOptions, wanted: TransformOptions) -> TransformOptions:
    """Let the other side follow the one that was changed, where the two are linked."""
    if not wanted.linked:
        return wanted
    if wanted.width != before.width and before.width:
        return replace(wanted, height=before.height * wanted.width / before.width)
    if wanted.height != before.height and before.height:
        return replace(wanted, width=before.width * wanted.height / before.height)
    return wanted


def map_to(frame: Frame, before: TransformOptions, wanted: TransformOptions) -> Transform:
    """The map of the document that gives a frame the numbers that differ from those before."""
    shape = ("width", "height", "angle", "skew")
    through = Transform()
    if any(getattr(wanted, name) != getattr(before, name) for name in shape):
        through = _reshaped(frame, before, wanted)
    moved = Frame(frame.box, frame.to_document.then(through))
    x, y = _corner_of(moved)
    dx = wanted.x - x if wanted.x != before.x else 0.0
    dy = wanted.y - y if wanted.y != before.y else 0.0
    return through.then(Transform(e=dx, f=dy))


def angle_of(frame: Frame) -> float:
    """Degrees clockwise."""
    return degrees(_parts(frame)[2])


def _reshaped(frame: Frame, before: TransformOptions, wanted: TransformOptions) -> Transform:
    if wanted.width == before.width and wanted.height == before.height and wanted.skew == before.skew:
        return turned_about(frame.middle, wanted.angle - angle_of(frame))
    wide, high, angle, slope = _parts(frame)
    after = _composed(
        wanted.width / 100 if wanted.width != before.width else wide,
        wanted.height / 100 if wanted.height != before.height else high,
        radians(wanted.angle) if wanted.angle != before.angle else angle,
        tan(radians(wanted.skew)) if wanted.skew != before.skew else slope,
    )
    present = _composed(wide, high, angle, slope)
    return about(frame.middle, present.inverted().then(after))


def _composed(wide: float, high: float, angle: float, slope: float) -> Transform:
    """Scaled, then leant, then turned."""
    c, s = cos(angle), sin(angle)
    return Transform(wide * c, wide * s, high * (slope * c - s), high * (slope * s + c))


def _parts(frame: Frame) -> tuple[float, float, float, float]:
    """Width and height as factors, angle in radians, slope of the upright sides; at the middle."""
    there = frame.to_document.around(*frame.local(0, 0))
    area = there.a * there.d - there.b * there.c
    wide, angle = hypot(there.a, there.b), atan2(there.b, there.a)
    if area < 0 and there.a < 0:  # mirrored left and right, rather than upside down and turned
        wide, angle = -wide, atan2(-there.b, -there.a)
    slope = (there.a * there.c + there.b * there.d) / area
    return wide, area / wide, angle, slope


def _corner_of(frame: Frame) -> Point:
    """Upper left of the upright box round the frame."""
    corners = frame.corners
    return Point(min(p.x for p in corners), min(p.y for p in corners))


def _tidy(number: float) -> float:
    return round(number, 6) + 0.0
