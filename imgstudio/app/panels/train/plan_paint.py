"""Paints a plan: a block for each phase with its curves, the layer groups below them, a ruler of the time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF

from imgstudio.app.panels.train.plan_layout import GAP, HEAD, LEFT, RIGHT, RULER, TOP, PlanLayout
from imgstudio.app.panels.train.plan_texts import (
    duration_text,
    length_text,
    minutes_text,
    pictures_text,
    plain_number,
)
from imgstudio.app.theme import FONT_POINTS, SMALL_POINTS, Tokens, current_tokens, interface_font
from imgstudio.learn.plan import Phase, Plan, Unit

RADIUS: Final = 6
PADDING: Final = 8
SAMPLES: Final = 129
FILL: Final = 0.16
"""Opacity of the area under the rate."""
DONE: Final = 0.10
DECADES: Final = 4
"""That the logarithmic scale shows at most."""
HATCH: Final = 6
"""Pixels between two lines of what rests."""
GLYPH: Final = 14
"""Side of the square that stands for the largest pictures."""
LEAST_TEXT: Final = 40
TICK_ROOM: Final = 72
Flag = Qt.AlignmentFlag


@dataclass(frozen=True, slots=True)
class PlanLook:
    """What is shown besides the plan itself."""

    selected: int = 0
    hovered: int | None = None
    boundary: int | None = None
    """That is held or pointed at."""
    is_held: bool = False
    lifted: int | None = None
    """Phase that is dragged to another place."""
    lifted_by: float = 0.0
    slot: int | None = None
    """Boundary where the lifted phase would go."""
    is_log: bool = False
    has_focus: bool = False
    done: float | None = None
    """Share of the run that is over, while one is at work."""
    shares: tuple[float, ...] = ()
    lengths: tuple[float, ...] = ()
    """At the boundaries, in `unit`, for plans without a time budget."""
    unit: Unit = "epochs"


def paint_plan(painter: QPainter, plan: Plan, layout: PlanLayout, look: PlanLook) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for index in range(len(plan.phases)):
        if index != look.lifted:
            _paint_block(painter, plan, layout, look, index)
    _paint_scale(painter, plan, layout, look)
    _paint_ruler(painter, plan, layout, look)
    if look.done is not None:
        _paint_done(painter, layout, look.done)
    if look.boundary is not None:
        _paint_grip(painter, plan, layout, look, look.boundary)
    if look.lifted is not None:
        _paint_lifted(painter, plan, layout, look)


class Scale:
    """Maps rate and momentum to heights, 0 bottom .. 1 top."""

    def __init__(self, plan: Plan, *, is_log: bool) -> None:
        rates = [value for phase in plan.phases for value in _ends(phase)]
        self.top = max(rates)
        self.bottom = max(min(rates), self.top / 10**DECADES) / 1.2 if is_log else 0.0
        self.is_log = is_log
        momenta = [v for phase in plan.phases for v in (phase.momentum.at(0), phase.momentum.at(1))]
        low = min(momenta)
        self.momentum_low = 0.0 if low < 0.5 else math.floor(low * 10 - 0.51) / 10
        self.momenta = (min(momenta), max(momenta))

    def rate(self, value: float) -> float:
        if not self.is_log:
            return value / self.top
        if value <= self.bottom:
            return 0.0
        return math.log(value / self.bottom) / math.log(self.top / self.bottom)

    def momentum(self, value: float) -> float:
        return (value - self.momentum_low) / (1 - self.momentum_low)

    def ticks(self) -> list[float]:
        """Rates that are written at the left edge, highest first."""
        if not self.is_log:
            return [self.top, self.top / 2, 0.0]
        first = math.floor(math.log10(self.top))
        decades = [10.0**power for power in range(first, first - DECADES - 1, -1)]
        return [value for value in decades if value >= self.bottom]


def _ends(phase: Phase) -> tuple[float, float]:
    return phase.rate.at(0), phase.rate.at(1)


def _paint_block(painter: QPainter, plan: Plan, layout: PlanLayout, look: PlanLook, index: int) -> None:
    tokens, block = current_tokens(), layout.block(index)
    is_selected = index == look.selected
    fill = tokens.hover if index == look.hovered else tokens.raised
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(fill))
    painter.drawRoundedRect(block, RADIUS, RADIUS)
    painter.save()
    shape = QPainterPath()
    shape.addRoundedRect(block, RADIUS, RADIUS)
    painter.setClipPath(shape)
    _paint_grid(painter, plan, layout, look, index)
    _paint_curves(painter, plan, layout, look, index)
    _paint_stripes(painter, plan, layout, index)
    _paint_head(painter, plan, layout, look, index)
    painter.restore()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    edge = (
        QPen(QColor(tokens.accent), 3 if look.has_focus else 2)
        if is_selected
        else QPen(QColor(tokens.line), 1)
    )
    painter.setPen(edge)
    inset = edge.widthF() / 2
    painter.drawRoundedRect(block.adjusted(inset, inset, -inset, -inset), RADIUS - inset, RADIUS - inset)


def _paint_head(painter: QPainter, plan: Plan, layout: PlanLayout, look: PlanLook, index: int) -> None:
    tokens, phase = current_tokens(), plan.phases[index]
    room = layout.head(index).adjusted(PADDING, 6, -PADDING, -4)
    if room.width() < LEAST_TEXT / 2:
        return
    duration = duration_text(plan, index, look.shares[index])
    painter.setFont(interface_font(SMALL_POINTS))
    painter.setPen(QColor(tokens.dim))
    needed = painter.fontMetrics().horizontalAdvance(duration) + 12.0
    if room.width() < needed + 2 * LEAST_TEXT:
        needed = 0.0
    else:
        painter.drawText(QRectF(room.left(), room.top(), room.width(), 16), Flag.AlignRight, duration)
    _paint_pictures(painter, plan, QRectF(room.left(), room.top() + 18, room.width(), 16), phase)
    painter.setFont(interface_font(FONT_POINTS, strong=True))
    painter.setPen(QColor(tokens.text))
    width = room.width() - needed
    name = painter.fontMetrics().elidedText(phase.name, Qt.TextElideMode.ElideRight, int(width))
    painter.drawText(QRectF(room.left(), room.top() - 1, width, 18), Flag.AlignLeft, name)


def _paint_pictures(painter: QPainter, plan: Plan, line: QRectF, phase: Phase) -> None:
    """A square that grows with the pictures, their size and how many at once."""
    largest = max(other.size for other in plan.phases)
    left = line.left()
    if largest and len({other.size for other in plan.phases}) > 1 and line.width() > 2 * LEAST_TEXT:
        side = max(4.0, GLYPH * (phase.size or largest) / largest)
        pen = QPen(QColor(current_tokens().dim), 1.2)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.save()
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left + 0.5, line.top() + (GLYPH - side) / 2 + 1, side, side))
        painter.restore()
        left += GLYPH + 6
    width = line.right() - left
    metrics = painter.fontMetrics()
    text = pictures_text(phase)
    if metrics.horizontalAdvance(text) > width:
        text = pictures_text(phase, is_short=True)
    if metrics.horizontalAdvance(text) > width:
        text = str(phase.size or "")
    if metrics.horizontalAdvance(text) <= width:
        painter.drawText(QRectF(left, line.top(), width, 16), Flag.AlignLeft, text)


def _paint_grid(painter: QPainter, plan: Plan, layout: PlanLayout, look: PlanLook, index: int) -> None:
    box, scale = layout.curve(index), Scale(plan, is_log=look.is_log)
    painter.setPen(QPen(QColor(current_tokens().line), 1))
    for tick in scale.ticks():
        y = round(box.bottom() - scale.rate(tick) * box.height()) + 0.5
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))


def _paint_curves(painter: QPainter, plan: Plan, layout: PlanLayout, look: PlanLook, index: int) -> None:
    tokens, phase = current_tokens(), plan.phases[index]
    box, scale = layout.curve(index), Scale(plan, is_log=look.is_log)
    # Over the gaps, so that curves that meet in two phases meet on the screen.
    box = box.adjusted(-GAP / 2 if index else 0, 0, GAP / 2 if index + 1 < len(plan.phases) else 0, 0)
    at = np.linspace(0, 1, SAMPLES)
    momentum = _line(box, at, [scale.momentum(phase.momentum.at(float(x))) for x in at])
    rate = _line(box, at, [scale.rate(phase.rate.at(float(x))) for x in at])
    area = QPolygonF([box.bottomLeft(), *rate, box.bottomRight()])
    wash = QColor(tokens.accent)
    wash.setAlphaF(FILL)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(wash)
    painter.drawPolygon(area)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    dashes = QPen(QColor(tokens.dim), 1.4)
    dashes.setDashPattern([4, 3])
    painter.setPen(dashes)
    painter.drawPolyline(momentum)
    painter.setPen(
        QPen(
            QColor(tokens.accent),
            2,
            Qt.PenStyle.SolidLine,
            Qt.PenCapStyle.RoundCap,
            Qt.PenJoinStyle.RoundJoin,
        )
    )
    painter.drawPolyline(rate)


def _line(
    box: QRectF, at: np.ndarray[tuple[int], np.dtype[np.float64]], heights: list[float]
) -> list[QPointF]:
    pairs = zip(at, heights, strict=True)
    return [QPointF(box.left() + float(x) * box.width(), box.bottom() - y * box.height()) for x, y in pairs]


def _paint_stripes(painter: QPainter, plan: Plan, layout: PlanLayout, index: int) -> None:
    """Layer groups: filled as strongly as they learn, hatched where they rest."""
    tokens, phase = current_tokens(), plan.phases[index]
    for group in range(layout.stripes):
        stripe = layout.stripe(index, group)
        if group < phase.frozen:
            hatch(painter, stripe, QColor(tokens.dim))
            continue
        learning = max(1, layout.stripes - phase.frozen - 1)
        part = phase.spread ** ((layout.stripes - 1 - group) / learning)
        colour = QColor(tokens.accent)
        colour.setAlphaF(0.15 + 0.6 * max(0.0, 1 + math.log10(max(part, 0.01)) / 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(stripe, 2, 2)


def hatch(painter: QPainter, box: QRectF, colour: QColor) -> None:
    painter.save()
    shape = QPainterPath()
    shape.addRoundedRect(box, 2, 2)
    painter.setClipPath(shape, Qt.ClipOperation.IntersectClip)
    painter.setPen(QPen(colour, 1))
    x = math.floor(box.left() / HATCH) * HATCH - box.height()
    while x < box.right():
        painter.drawLine(QPointF(x, box.bottom()), QPointF(x + box.height(), box.top()))
        x += HATCH
    painter.restore()
    faint = QColor(colour)
    faint.setAlphaF(0.5)
    painter.setPen(QPen(faint, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)


def _paint_scale(painter: QPainter, plan: Plan, layout: PlanLayout, look: PlanLook) -> None:
    """Numbers of the rate at the left, of the momentum at the right, names of the stripes."""
    tokens, scale, box = current_tokens(), Scale(plan, is_log=look.is_log), layout.curve(0)
    painter.setFont(interface_font(SMALL_POINTS))
    painter.setPen(QColor(tokens.dim))
    for tick in scale.ticks():
        y = box.bottom() - scale.rate(tick) * box.height()
        painter.drawText(
            QRectF(0, y - 8, LEFT - 6, 16), Flag.AlignRight | Flag.AlignVCenter, plain_number(tick)
        )
    right = layout.edges[-1] + 6
    for value in sorted(set(scale.momenta)):
        y = box.bottom() - scale.momentum(value) * box.height()
        painter.drawText(QRectF(right, y - 8, RIGHT - 6, 16), Flag.AlignVCenter, plain_number(value))
    if layout.stripes:
        for group, name in ((layout.stripes - 1, "output"), (0, "input")):
            stripe = layout.stripe(0, group)
            place = QRectF(0, stripe.center().y() - 8, LEFT - 6, 16)
            painter.drawText(place, Flag.AlignRight | Flag.AlignVCenter, name)


def _paint_ruler(painter: QPainter, plan: Plan, layout: PlanLayout, look: PlanLook) -> None:
    tokens, top = current_tokens(), layout.height - RULER
    painter.setFont(interface_font(SMALL_POINTS))
    held = layout.edges[look.boundary + 1] if look.is_held and look.boundary is not None else -math.inf
    for share, text in _ticks(plan, layout, look):
        x = layout.x_of(share)
        painter.setPen(QPen(QColor(tokens.dim), 1))
        painter.drawLine(QPointF(round(x) + 0.5, top + 3), QPointF(round(x) + 0.5, top + 7))
        width = painter.fontMetrics().horizontalAdvance(text)
        left = min(max(x - width / 2, layout.edges[0]), layout.edges[-1] + RIGHT - width)
        if abs(x - held) > TICK_ROOM:
            painter.drawText(QRectF(left, top + 7, width + 2, 16), Flag.AlignLeft, text)


def _ticks(plan: Plan, layout: PlanLayout, look: PlanLook) -> list[tuple[float, str]]:
    """Marks of the ruler as (share of the time, text)."""
    if plan.minutes > 0:
        room = layout.edges[-1] - layout.edges[0]
        step = _round_step(plan.minutes * TICK_ROOM / room)
        count = int(plan.minutes / step + 1e-9)
        return [(i * step / plan.minutes, minutes_text(i * step) if i else "0") for i in range(count + 1)]
    last = len(layout.ends) - 1
    marks = [(1.0, length_text(look.lengths[last], look.unit))]
    right = layout.edges[last] - TICK_ROOM
    for index in range(last - 1, -1, -1):
        if layout.edges[index] <= right or index == 0:
            marks.append((layout.ends[index], f"{look.lengths[index]:,.4g}" if index else "0"))
            right = layout.edges[index] - TICK_ROOM / 2
    return marks


def _when(plan: Plan, layout: PlanLayout, look: PlanLook, index: int) -> str:
    """Where a boundary lies, in words."""
    if plan.minutes > 0:
        return minutes_text(plan.minutes * layout.ends[index])
    return length_text(look.lengths[index], look.unit)


def _round_step(least: float) -> float:
    """Minutes between two marks: a number of the clock that is not smaller."""
    steps = (1 / 6, 1 / 4, 1 / 2, 1, 2, 5, 10, 15, 30, 60, 120, 240)
    return next((step for step in steps if step >= least), 480)


def _paint_done(painter: QPainter, layout: PlanLayout, done: float) -> None:
    colour, x = QColor(current_tokens().accent), layout.x_of(done)
    block = layout.block(0)
    wash = QColor(colour)
    wash.setAlphaF(DONE)
    painter.fillRect(QRectF(block.left(), block.top(), x - block.left(), block.height()), wash)
    painter.setPen(QPen(colour, 2))
    painter.drawLine(QPointF(x, TOP + HEAD), QPointF(x, layout.height - RULER + 4))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    foot = layout.height - RULER + 2
    painter.drawPolygon(QPolygonF([QPointF(x, foot), QPointF(x - 5, foot + 7), QPointF(x + 5, foot + 7)]))


def _paint_grip(painter: QPainter, plan: Plan, layout: PlanLayout, look: PlanLook, index: int) -> None:
    """The boundary that can be, or is, dragged; while it is, when it lies."""
    tokens, x, block = current_tokens(), layout.edges[index + 1], layout.block(index)
    painter.setPen(QPen(QColor(tokens.accent if look.is_held else tokens.text), 2))
    painter.drawLine(QPointF(x, block.top() + 2), QPointF(x, block.bottom() - 2))
    if not look.is_held:
        return
    text = _when(plan, layout, look, index + 1)
    _paint_bubble(painter, QPointF(x, layout.height - RULER / 2 + 1), text, tokens)


def _paint_bubble(painter: QPainter, middle: QPointF, text: str, tokens: Tokens) -> None:
    painter.setFont(interface_font(SMALL_POINTS, strong=True))
    width = painter.fontMetrics().horizontalAdvance(text) + 12
    box = QRectF(middle.x() - width / 2, middle.y() - 9, width, 18)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(QColor(tokens.accent)))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor(tokens.on_accent))
    painter.drawText(box, Flag.AlignCenter, text)


def _paint_lifted(painter: QPainter, plan: Plan, layout: PlanLayout, look: PlanLook) -> None:
    """The dragged phase under the pointer, its old place, and where it would go."""
    assert look.lifted is not None
    tokens, block = current_tokens(), layout.block(look.lifted)
    painter.setPen(QPen(QColor(tokens.line), 1, Qt.PenStyle.DashLine))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(block.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
    if look.slot is not None and look.slot not in (look.lifted, look.lifted + 1):
        x = layout.edges[look.slot]
        painter.setPen(QPen(QColor(tokens.accent), 3))
        painter.drawLine(QPointF(x, block.top()), QPointF(x, block.bottom()))
    painter.save()
    painter.translate(look.lifted_by, 0)
    painter.setOpacity(0.85)
    _paint_block(painter, plan, layout, look, look.lifted)
    painter.restore()
