"""The plan as a timeline: phases are chosen with a click, dragged to reorder, and stretched at their boundaries."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Final

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.plan_edits import lengths_of, moved, shares, with_boundary, without
from imgstudio.app.panels.train.plan_layout import PlanLayout, lay_out
from imgstudio.app.panels.train.plan_paint import PlanLook, paint_plan
from imgstudio.app.panels.train.plan_texts import phase_lines, spoken_plan
from imgstudio.learn.plan import Plan

HEIGHT: Final = 248
LEAST_WIDTH: Final = 360
SLACK: Final = 6
"""Pixels that a press may wander before it becomes a drag."""
NUDGE: Final = 0.01
"""Share of the time by which a key moves a boundary."""


class Timeline(QWidget):
    """Guards: a plan that is not the draft's is only looked at; what is dragged is told when it is let go."""

    edited = Signal(object)
    """The plan as a person changed it."""
    stretching = Signal(object)
    """The plan while a boundary is still held."""
    chosen = Signal(int)
    """Phase that a person clicked."""
    menu_wanted = Signal(object)
    """A press of the right button, at this global position."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.timeline")
        self.setAccessibleName(tr("Phases of the plan"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(LEAST_WIDTH)
        self.setFixedHeight(HEIGHT)
        self.plan: Plan | None = None
        self.selected = 0
        self.can_edit = True
        self._train_count = 1
        self._look = PlanLook()
        self._layout: PlanLayout | None = None
        self._pressed: QPointF | None = None
        self._before: Plan | None = None
        """The plan when the drag of a boundary began."""

    @property
    def layout_now(self) -> PlanLayout:
        assert self._layout is not None
        return self._layout

    def show_plan(self, plan: Plan | None, train_count: int, *, can_edit: bool = True) -> None:
        self.plan, self._train_count, self.can_edit = plan, max(1, train_count), can_edit
        if plan is not None:
            self.selected = min(self.selected, len(plan.phases) - 1)
            self.setAccessibleDescription(spoken_plan(plan, self._train_count))
        self._arrange()

    def select(self, index: int) -> None:
        self.selected = index
        self._arrange()

    def set_log(self, is_log: bool) -> None:
        """Whether rates are drawn by ratio."""
        self._look = replace(self._look, is_log=is_log)
        self.update()

    def set_done(self, done: float | None) -> None:
        """How far the run is that is shown, 0..1; None where none is."""
        if done != self._look.done:
            self._look = replace(self._look, done=done)
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.plan is not None and self._layout is not None:
            look = replace(self._look, has_focus=self.hasFocus())
            paint_plan(QPainter(self), self.plan, self._layout, look)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.plan is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._pressed = event.position()
        boundary = self.layout_now.boundary_at(event.position()) if self.can_edit else None
        if boundary is not None:
            self._before = self.plan
            self._look = replace(self._look, boundary=boundary, is_held=True)
            self.update()
            return
        index = self.layout_now.phase_at(event.position())
        if index is None:
            self._pressed = None
        else:
            self._choose(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.plan is None:
            return
        if self._pressed is None:
            self._point_at(event.position())
        elif self._look.is_held:
            self._stretch(self.layout_now.share_at(event.position().x()))
        elif self.can_edit and len(self.plan.phases) > 1:
            self._lift(event.position().x() - self._pressed.x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        look, plan, before = self._look, self.plan, self._before
        self._drop()
        if plan is None:
            return
        if look.is_held and before is not None and plan != before:
            self.edited.emit(plan)
        elif look.lifted is not None and look.slot not in (None, look.lifted, look.lifted + 1):
            assert look.slot is not None
            self._move(look.lifted, look.slot - (look.slot > look.lifted))

    def leaveEvent(self, event: QEvent) -> None:
        self._look = replace(self._look, hovered=None, boundary=None)
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.plan is None:
            return
        index = self.layout_now.phase_at(QPointF(event.pos()))
        if index is not None:
            self._choose(index)
        self.menu_wanted.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key, 0)
        if self.plan is None:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Escape and self._pressed is not None:
            self._give_up()
        elif key == Qt.Key.Key_Delete and self.can_edit:
            self.edited.emit(without(self.plan, self.selected))
        elif step and modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._nudge(step)
        elif step and modifiers & Qt.KeyboardModifier.AltModifier:
            self._move(self.selected, self.selected + step)
        elif step:
            self._choose(self.selected + step)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """A tooltip tells all of the phase that is pointed at."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = None if self.plan is None else self.layout_now.phase_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if index is None else self._tip(index), self)
            return True
        return super().event(event)

    def _arrange(self) -> None:
        if self.plan is not None:
            parts = shares(self.plan, self._train_count)
            self._layout = lay_out(self.plan, parts, self.width(), self.height())
            lengths, unit = lengths_of(self.plan, self._train_count)
            self._look = replace(self._look, shares=parts, lengths=lengths, unit=unit, selected=self.selected)
        self.update()

    def _choose(self, index: int) -> None:
        if self.plan is not None and 0 <= index < len(self.plan.phases) and index != self.selected:
            self.select(index)
            self.chosen.emit(index)

    def _move(self, source: int, target: int) -> None:
        if self.plan is None or not self.can_edit or not 0 <= target < len(self.plan.phases):
            return
        plan = moved(self.plan, source, target)
        self.selected = target
        self.edited.emit(plan)
        self.chosen.emit(target)

    def _nudge(self, step: int) -> None:
        if self.plan is None or not self.can_edit or self.selected + 1 >= len(self.plan.phases):
            return
        share = self._look.shares[self.selected] + step * NUDGE
        self.edited.emit(with_boundary(self.plan, self._train_count, self.selected, share))

    def _stretch(self, end: float) -> None:
        """Let the held boundary follow the pointer, which is at this share of the time."""
        assert self._before is not None
        index = self._look.boundary
        assert index is not None
        start = sum(shares(self._before, self._train_count)[:index])
        self.plan = with_boundary(self._before, self._train_count, index, end - start)
        self._arrange()
        self.stretching.emit(self.plan)

    def _lift(self, by: float) -> None:
        if self._look.lifted is None and abs(by) < SLACK:
            return
        middle = self.layout_now.block(self.selected).center().x() + by
        slot = self.layout_now.slot_at(middle)
        self._look = replace(self._look, lifted=self.selected, lifted_by=by, slot=slot, hovered=None)
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self.update()

    def _point_at(self, position: QPointF) -> None:
        boundary = self.layout_now.boundary_at(position) if self.can_edit else None
        hovered = None if boundary is not None else self.layout_now.phase_at(position)
        self.setCursor(Qt.CursorShape.SplitHCursor if boundary is not None else Qt.CursorShape.ArrowCursor)
        look = replace(self._look, hovered=hovered, boundary=boundary)
        if look != self._look:
            self._look = look
            self.update()

    def _drop(self) -> None:
        self._pressed = self._before = None
        self._look = replace(self._look, boundary=None, is_held=False, lifted=None, lifted_by=0.0, slot=None)
        self.unsetCursor()
        self.update()

    def _give_up(self) -> None:
        """Escape during a drag: everything as it was."""
        if self._before is not None:
            self.plan = self._before
            self.stretching.emit(self.plan)
        self._drop()
        self._arrange()

    def _tip(self, index: int) -> str:
        assert self.plan is not None
        rows = "".join(
            f"<tr><td>{what}&nbsp;&nbsp;</td><td>{value}</td></tr>"
            for what, value in phase_lines(self.plan, index, self._look.shares[index])
        )
        return f"<b>{escape(self.plan.phases[index].name)}</b><table>{rows}</table>"
