"""A row that is wider than its place says so at its edges."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from imgstudio.app.panels.label.sideways import FADE, Fade, Sideways

WIDTH, HEIGHT = 200, 30


@pytest.fixture
def row(qtbot):
    """A row of three times the width of its place."""
    made, inner = Sideways(), QWidget()
    qtbot.addWidget(made)
    inner.setMinimumWidth(3 * WIDTH)
    made.setWidget(inner)
    made.resize(WIDTH, HEIGHT)
    made.show()
    qtbot.waitExposed(made)
    return made


def turned(row, notches):
    place = QPointF(9, 9)
    event = QWheelEvent(
        place, place, QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,  # noqa: FBT003 - Qt wants it so
    )  # fmt: skip
    QApplication.sendEvent(row.viewport(), event)


def faded(row):
    return [fade.x() for fade in row.findChildren(Fade) if fade.isVisible()]


def test_an_edge_fades_while_there_is_more_behind_it(row):
    assert faded(row) == [WIDTH - FADE]
    turned(row, -1)
    assert faded(row) == [0, WIDTH - FADE]
    turned(row, -20)
    assert faded(row) == [0]
    row.widget().setMinimumWidth(0)
    row.resize(4 * WIDTH, HEIGHT)
    assert faded(row) == []
