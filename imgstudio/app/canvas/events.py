"""Turns Qt's mouse, pen, touch, wheel and key events into contacts, zooms and key names."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QInputEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPointingDevice,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGestureEvent, QPinchGesture, QWidget

from imgstudio.app.canvas.pointer_flow import Contact, PointerFlow
from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.view import View
from imgstudio.core.geometry import Point
from imgstudio.core.settings import Settings

_BUTTONS: Final = {Qt.MouseButton.RightButton: "right", Qt.MouseButton.MiddleButton: "middle"}
_KEYS_OF_A_BUSY_TOOL: Final = {
    "Escape",
    "Return",
    "Enter",
    "Backspace",
    "Delete",
    "Left",
    "Right",
    "Up",
    "Down",
}
_MODIFIERS: Final = {
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Alt,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_Meta,
}
_ARROWS: Final = {"Left": (1, 0), "Right": (-1, 0), "Up": (0, 1), "Down": (0, -1)}
_ARROW_STEP: Final = 64
_NOTCH: Final = 120
"""What Qt calls one step of a mouse wheel."""
_NOTCHES_TO_DOUBLE: Final = 3
_SCROLL: Final = 64
"""Logical pixels that one step of a wheel scrolls."""


class PointerWidget(QWidget):
    """A widget whose pointer events go to a `PointerFlow`, and whose wheel and pinches move a `View`."""

    pointer_moved = Signal(float, float)
    """Document position under the pointer; (-1, -1) when it leaves."""
    context_menu = Signal(QPoint)
    """A right click without movement, in widget coordinates."""

    def __init__(self, toolbox: Toolbox, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = View()
        self.settings = settings
        self.is_inside = False
        """Whether the pointer is over the widget."""
        self.is_precise = False
        """Caps Lock: a crosshair in place of the brush outline."""
        self.flow = PointerFlow(self.view, toolbox, self._on_right_click, self.on_flow_changed)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.grabGesture(Qt.GestureType.PinchGesture)

    def on_flow_changed(self) -> None:
        """The cursor or the before/after line may have changed."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.flow.press(self._contact(event, event.position(), event.button()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.flow.double_click(self._contact(event, event.position(), event.button()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._move(self._contact(event, event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.flow.release(self._contact(event, event.position(), event.button()))

    def tabletEvent(self, event: QTabletEvent) -> None:
        contact = self._contact(
            event,
            event.position(),
            event.button(),
            pressure=event.pressure(),
            eraser=event.pointerType() == QPointingDevice.PointerType.Eraser,
        )
        if event.type() == QEvent.Type.TabletPress:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.flow.press(contact)
        elif event.type() == QEvent.Type.TabletRelease:
            self.flow.release(contact)
        else:
            self._move(contact)
        event.accept()  # else Qt sends the same as a mouse event

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned, ratio = event.angleDelta(), self.flow.ratio
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier or self.settings.wheel_action == "zoom":
            steps = (turned.y() or turned.x()) / _NOTCH  # Alt swaps the axes on some systems
            self.zoom_at(2.0 ** (steps / _NOTCHES_TO_DOUBLE), event.position())
        else:
            way = (
                QPointF(event.pixelDelta()) if not event.pixelDelta().isNull() else turned * _SCROLL / _NOTCH
            )
            dx, dy = way.x() * ratio, way.y() * ratio
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not dx:
                dx, dy = dy, 0
            self.view.pan_by(dx, dy)
        event.accept()

    def zoom_at(self, factor: float, at: QPointF) -> None:
        """Multiply the zoom round a position of the widget."""
        if self.flow.scene is not None:
            self.view.zoom_at(factor, at.x() * self.flow.ratio, at.y() * self.flow.ratio)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_at(1 + event.value(), event.position())
            return True
        if isinstance(event, QGestureEvent):
            return self._pinched(event)
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._wants(event)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self.flow.set_space(True)
        elif event.key() == Qt.Key.Key_CapsLock:
            self.is_precise = not self.is_precise
            self.update()
        elif not self._tool_key(key_name(event)):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Control and not event.isAutoRepeat():
            self.flow.toolbox.current.control_released()
        if event.isAutoRepeat() or event.key() != Qt.Key.Key_Space:
            super().keyReleaseEvent(event)
        else:
            self.flow.set_space(False)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.flow.set_space(False)
        self.flow.toolbox.current.control_released()
        super().focusOutEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.is_inside = True
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.is_inside = False
        self.flow.toolbox.state.redraw()
        self.pointer_moved.emit(-1.0, -1.0)
        super().leaveEvent(event)

    def _move(self, contact: Contact) -> None:
        self.is_inside = True
        self.flow.move(contact)
        self.pointer_moved.emit(*self.view.to_document(*contact.at))

    def _tool_key(self, name: str) -> bool:
        if name == "Escape" and self.flow.cancel():
            return True
        if self.flow.scene is None or not name:
            return False
        if self.flow.toolbox.current.key_press(name):
            return True
        if name in _ARROWS:
            dx, dy = _ARROWS[name]
            self.view.pan_by(dx * _ARROW_STEP * self.flow.ratio, dy * _ARROW_STEP * self.flow.ratio)
            return True
        return False

    def _wants(self, event: QKeyEvent) -> bool:
        """Whether a key is for the canvas although an action has it as its shortcut."""
        busy = self.flow.is_dragging or self.flow.toolbox.current.is_busy
        return event.key() == Qt.Key.Key_Space or (busy and key_name(event) in _KEYS_OF_A_BUSY_TOOL)

    def _pinched(self, event: QGestureEvent) -> bool:
        pinch = event.gesture(Qt.GestureType.PinchGesture)
        if not isinstance(pinch, QPinchGesture):
            return False
        center = QPointF(self.mapFromGlobal(pinch.centerPoint().toPoint()))
        self.zoom_at(pinch.scaleFactor(), center)
        moved = pinch.centerPoint() - pinch.lastCenterPoint()
        self.view.pan_by(moved.x() * self.flow.ratio, moved.y() * self.flow.ratio)
        event.accept()
        return True

    def _on_right_click(self, at: Point) -> None:
        self.context_menu.emit(QPoint(round(at.x / self.flow.ratio), round(at.y / self.flow.ratio)))

    def _contact(
        self,
        event: QInputEvent,
        position: QPointF,
        button: Qt.MouseButton = Qt.MouseButton.NoButton,
        *,
        pressure: float = 1.0,
        eraser: bool = False,
    ) -> Contact:
        held, ratio = event.modifiers(), self.flow.ratio
        return Contact(
            at=Point(position.x() * ratio, position.y() * ratio),
            button=_BUTTONS.get(button, "left"),  # type: ignore[arg-type]  # the table's values are literals
            pressure=pressure,
            eraser=eraser,
            shift=bool(held & Qt.KeyboardModifier.ShiftModifier),
            alt=bool(held & Qt.KeyboardModifier.AltModifier),
            ctrl=bool(held & Qt.KeyboardModifier.ControlModifier),
            time=event.timestamp() / 1000,
        )


def key_name(event: QKeyEvent) -> str:
    """A key as tools know it: "Return", "Shift+Left", "Ctrl+A"; "" for a modifier alone."""
    if event.key() in _MODIFIERS:
        return ""
    parts = [
        name
        for name, modifier in (
            ("Ctrl", Qt.KeyboardModifier.ControlModifier),
            ("Alt", Qt.KeyboardModifier.AltModifier),
            ("Shift", Qt.KeyboardModifier.ShiftModifier),
        )
        if event.modifiers() & modifier
    ]
    try:
        key = Qt.Key(event.key()).name.removeprefix("Key_")
    except ValueError:  # a key Qt has no name for
        key = event.text()
    return "+".join([*parts, key])
