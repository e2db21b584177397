"""The editor of a number: a slider over the soft range and a field over the hard one."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QFont, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QDoubleSpinBox, QSizePolicy, QWidget

from imgstudio.app.forms.editor import Editor
from imgstudio.app.forms.number_scale import NumberScale
from imgstudio.app.forms.number_slider import NumberSlider
from imgstudio.core.params import Number, Param

FIELD_LEAST: Final = 68
FIELD_PADDING: Final = 18
BARE_LEAST: Final = 44
BARE_PADDING: Final = 17
COMPACT_SLIDER_WIDTH: Final = 80
# Qt's own "no buttons" leaves no room for the text under a style sheet that sets a padding.
NO_BUTTONS: Final = """
QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
    subcontrol-origin: border; width: 0px; height: 0px; border: 0; image: none;
}
QDoubleSpinBox::up-arrow, QDoubleSpinBox::down-arrow { width: 0px; height: 0px; image: none; }
"""
FREE_DECIMALS: Final = 7
"""From so many digits after the point on, a number is written as short as it can be: "0.95", "3.2e-5"."""
SCRUB_PIXELS: Final = 200
"""Pixels to drag a label for the whole slider; ten times as many with Shift."""


class NumberField(QDoubleSpinBox):
    """A number with its unit: tabular figures, wheel only while it has the focus."""

    def __init__(self, scale: NumberScale, parent: QWidget | None = None, *, is_bare: bool = False) -> None:
        super().__init__(parent)
        number = scale.number
        self.setStyleSheet(NO_BUTTONS)
        self._is_free = scale.decimals >= FREE_DECIMALS
        self.setDecimals(scale.decimals)
        self.setRange(number.min, number.max)
        self.setSingleStep(max(number.step, 1.0) if scale.whole else number.step)
        self.setSuffix(f" {number.unit}" if number.unit else "")
        self.setSpecialValueText(number.least_means)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.setStepType(
            QAbstractSpinBox.StepType.AdaptiveDecimalStepType
            if number.log
            else QAbstractSpinBox.StepType.DefaultStepType
        )
        self._numbers = [number.min, number.max if number.soft_max is None else number.soft_max]
        if is_bare and number.soft_max is not None:
            self._numbers[0] = max(number.min, -number.soft_max)
        font = self.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self.setFont(font)

    def longest_text(self) -> int:
        """Width of the widest number with its unit on the slider's range."""
        texts = [self.textFromValue(value) + self.suffix() for value in self._numbers]
        texts.append(self.specialValueText())
        return max(self.fontMetrics().horizontalAdvance(text) for text in texts)

    def textFromValue(self, value: float) -> str:  # noqa: N802 - Qt names it
        return f"{value:.6g}".replace("e-0", "e-") if self._is_free else super().textFromValue(value)

    def valueFromText(self, text: str) -> float:  # noqa: N802 - Qt names it
        return float(self._bare(text)) if self._is_free else super().valueFromText(text)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """A number that may be tiny may be written with its power of ten."""
        if not self._is_free or text == self.specialValueText():
            return super().validate(text, position)
        try:
            is_inside = self.minimum() <= float(self._bare(text)) <= self.maximum()
        except ValueError:
            is_inside = False
        state = QValidator.State.Acceptable if is_inside else QValidator.State.Intermediate
        return state, text, position

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _bare(self, text: str) -> str:
        return text.removesuffix(self.suffix()).strip()


class NumberEditor(Editor):
    """A number, or "Auto" where the parameter allows None.

    Guards: the exact value that was set is returned until a person changes it, however it is rounded
    on the screen.
    """

    def __init__(self, param: Param, *, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(param, compact=compact, parent=parent)
        self.scale = NumberScale(_range_of(param), param.type is int)
        self.gesture = 0
        """Counts drags and visits, so that one of them can become one undo step."""
        self._value: Any = param.default
        self._number = _start_of(param)
        self._scrub_start = 0.0
        self._build()
        self.set_value(param.default)

    @property
    def is_bare(self) -> bool:
        """Whether there is only the field; its label is dragged instead of a slider."""
        return self.compact and self.param.ui.bare

    def value(self) -> Any:
        return self._value

    def set_value(self, value: Any) -> None:
        self._value = value
        if value is not None:
            self._number = value
        self._show()

    def begin_scrub(self) -> None:
        self.gesture += 1
        self._scrub_start = self.scale.fraction(self._number)

    def scrub(self, dx: float, *, fine: bool = False) -> None:
        """Follow a drag of `dx` pixels since `begin_scrub`."""
        reach = SCRUB_PIXELS * (10 if fine else 1)
        self._edit(self.scale.value_of(self._scrub_start + dx / reach))

    def reset_by_person(self) -> None:
        self.gesture += 1
        super().reset_by_person()

    def _build(self) -> None:
        self.auto = QCheckBox("Auto", self)
        self.auto.setObjectName(f"{self.param.name}.auto")
        self.auto.setVisible(self.param.optional)
        self.auto.clicked.connect(self._on_auto)
        self.slider = NumberSlider(self)
        self.slider.setObjectName(f"{self.param.name}.slider")
        self.slider.setRange(0, self.scale.positions)
        self.slider.origin = self.scale.origin
        self.slider.setPageStep(max(1, self.scale.positions // 10))
        self.slider.setSingleStep(max(1, self.scale.positions // 100) if self.scale.number.log else 1)
        self.slider.valueChanged.connect(self._on_slider)
        self.slider.sliderPressed.connect(self._on_pressed)
        self.slider.double_clicked.connect(self.reset_by_person)
        self.field = NumberField(self.scale, self, is_bare=self.is_bare)
        self.field.setObjectName(f"{self.param.name}.field")
        self.field.valueChanged.connect(self._on_field)
        self.field.editingFinished.connect(self._on_pressed)
        least, padding = (BARE_LEAST, BARE_PADDING) if self.is_bare else (FIELD_LEAST, FIELD_PADDING)
        self.field.setFixedWidth(max(least, self.field.longest_text() + padding))
        if self.compact:
            self.slider.setFixedWidth(COMPACT_SLIDER_WIDTH)
            self.slider.setVisible(not self.is_bare)
        self.slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.slider.setMinimumWidth(40)
        self.row.addWidget(self.auto)
        self.row.addWidget(self.slider, 1)
        self.row.addWidget(self.field)
        self.setFocusProxy(self.field if self.is_bare else self.slider)

    def _show(self) -> None:
        is_auto = self._value is None
        with QSignalBlocker(self.slider), QSignalBlocker(self.field), QSignalBlocker(self.auto):
            self.slider.setValue(self.scale.position(self._number))
            self.field.setValue(self._number)
            self.auto.setChecked(is_auto)
        self.slider.setEnabled(not is_auto)
        self.field.setEnabled(not is_auto)

    def _edit(self, value: float) -> None:
        if value != self._value:
            self.set_value(value)
            self.edited.emit()

    def _on_pressed(self) -> None:
        self.gesture += 1

    def _on_slider(self, position: int) -> None:
        self._edit(self.scale.value_at(position))

    def _on_field(self, value: float) -> None:
        self._edit(round(value) if self.scale.whole else value)

    def _on_auto(self, checked: bool) -> None:
        self.gesture += 1
        self.set_value(None if checked else self._number)
        self.edited.emit()


def _range_of(param: Param) -> Number:
    if param.number is None:
        raise ValueError(f"{param.name} is not a number")
    return param.number


def _start_of(param: Param) -> float:
    """What "Auto" turns into when it is switched off and nothing was set before."""
    number = _range_of(param)
    if param.default is not None:
        return float(param.default)
    middle = NumberScale(number, param.type is int)
    return middle.value_of(0.5)
