"""Run, pause, go back, keep, and the steering brush of a session filter."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imgstudio.app.controllers.session_run import SessionController
from imgstudio.app.controllers.steering import TOOL_ID, SteeringOptions
from imgstudio.app.forms.editors import spoken
from imgstudio.app.forms.number_slider import NumberSlider
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.app.i18n import tr

MEANINGS: Final = {
    "more": "Paint where there shall be more of it.",
    "less": "Paint where there shall be less of it.",
    "protect": "Paint what shall stay as it was.",
    "pull": "Paint what shall have the foreground colour.",
    "style 1": "Paint where only the first painting counts.",
    "style 2": "Paint where only the second painting counts.",
    "release": "Paint where no wish shall hold any more.",
}
"""Of the wishes that filters have in common, for the tooltips."""


class SessionControls(QWidget):
    """Shows a SessionController and hands clicks on to it."""

    def __init__(self, session: SessionController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.run = self._button("Run", "session.run", session.run)
        self.pause = self._button("Pause", "session.pause", self._on_pause)
        self.stop = self._button("Stop", "session.stop", session.stop)
        self.keep = self._button("Keep as layer", "session.keep", session.keep)
        self.note = QLabel(self)
        self.note.setObjectName("session.note")
        self.note.setProperty("role", "small")
        self.scrub = NumberSlider(self)
        self.scrub.setObjectName("session.scrub")
        self.scrub.setToolTip("Look back; while it runs, it goes on from there")
        self.scrub.valueChanged.connect(session.go_back)
        self.wishes: SegmentedButtons | None = None
        self._brush = QWidget(self)
        self._brush_line = QVBoxLayout(self._brush)
        self._brush_line.setContentsMargins(0, 0, 0, 0)
        self._brush_line.setSpacing(8)
        self.brush = ParamForm(SteeringOptions, parent=self._brush)
        self.brush.changed.connect(self._on_size)
        self._lay_out()
        session.changed.connect(self.refresh)

    def set_actions(self, actions: tuple[str, ...]) -> None:
        """Offer these wishes; none hides the brush."""
        if self.wishes is not None:
            self.wishes.deleteLater()
            self.wishes = None
        if actions:
            self.wishes = SegmentedButtons(
                [spoken(action) for action in actions], "session.wishes", self._brush
            )
            for index, action in enumerate(actions):
                if action in MEANINGS:
                    name, meaning = spoken(action), tr(MEANINGS[action])
                    self.wishes.button(index).setToolTip(f"<b>{name}</b><br>{meaning}")
            self.wishes.chosen.connect(lambda index: self._on_wish(actions[index]))
            self._brush_line.insertWidget(0, self.wishes)
        self.refresh()

    def refresh(self) -> None:
        session = self._session
        running = session.is_running
        # What goes is hidden first: all buttons at once would push the panel wider, and it would stay so.
        shown = {self.run: not running, self.pause: running, self.stop: running}
        for button in sorted(shown, key=lambda button: shown[button]):
            button.setVisible(shown[button])
        self.run.setText("Run again" if session.can_keep else "Run")
        self.run.setProperty("primary", not session.can_keep)
        self.run.style().polish(self.run)
        self.pause.setText("Resume" if session.is_paused else "Pause")
        self.keep.setEnabled(session.can_keep)
        self.scrub.setEnabled(len(session.frames) > 1)
        for part in (self.scrub, self.note):
            part.setVisible(session.is_running or session.can_keep)
        self._brush.setVisible(session.hand is not None)
        if session.hand is not None:
            self.brush.set_value(session.hand.tool.options)  # the options bar and keys change it too
        with QSignalBlocker(self.scrub):
            self.scrub.setRange(0, max(1, len(session.frames) - 1))
            self.scrub.setValue(session.position)
        self.note.setText(_note(session))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        line = QHBoxLayout()
        line.setSpacing(8)
        for button in (self.run, self.pause, self.stop):
            line.addWidget(button)
        line.addStretch(1)
        line.addWidget(self.keep)
        column.addLayout(line)
        column.addWidget(self.scrub)
        column.addWidget(self.note)
        column.addWidget(self._brush)
        self._brush_line.addWidget(self.brush)
        self.note.setAlignment(Qt.AlignmentFlag.AlignLeft)

    def _button(self, text: str, name: str, run: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.clicked.connect(run)
        return button

    def _on_pause(self) -> None:
        if self._session.is_paused:
            self._session.resume()
        else:
            self._session.pause()

    def _on_wish(self, action: str) -> None:
        if self._session.hand is not None:
            self._session.hand.take(action)

    def _on_size(self, options: SteeringOptions) -> None:
        if self._session.hand is not None:
            state = self._session.hand.tool.state
            state.options[TOOL_ID] = options
            state.options_changed(TOOL_ID)


def _note(session: SessionController) -> str:
    """The step that is shown, and what the newest one says of itself."""
    frame, frames = session.frame, session.frames
    if frame is None:
        return ""
    shown = frames[session.position].iteration if session.position < len(frames) else frame.iteration
    said = f"Step {shown} of {frame.total}" if frame.total else f"Step {shown}"
    return f"{said} · {frame.note}" if frame.note and shown == frame.iteration else said
